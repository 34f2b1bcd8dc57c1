//! The door a browser comes back to after signing in: one small listener on this machine, for one visit.

use reqwest::Url;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// Bytes of a request's head.
const HEAD_MAX: usize = 16 << 10;
/// How long one visitor may take.
const VISIT: Duration = Duration::from_secs(5);
/// Where the browser comes back to.
const PATH: &str = "/callback";

/// The door.
pub(super) struct Redirect {
    listener: TcpListener,
    address: String,
}

/// What a browser brought.
pub(super) struct Came {
    pub(super) code: String,
    pub(super) address: String,
}

impl Redirect {
    pub(super) async fn open() -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("nothing can listen on this machine: {error}");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        Ok(Self {
            listener,
            address: format!("http://127.0.0.1:{port}{PATH}"),
        })
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Waits for whoever brings our own `state`; all others are sent away.
    pub(super) async fn wait(&self, state: &str, issuer: Option<&str>) -> Result<Came, String> {
        loop {
            let visitor = self.listener.accept().await;
            let (mut visitor, _) =
                visitor.map_err(|error| format!("nobody can come back here: {error}"))?;
            let Ok(Some(query)) = timeout(VISIT, read(&mut visitor)).await else {
                answer(visitor, "404 Not Found", "There is nothing here.").await;
                continue;
            };
            let value = |name: &str| {
                let mut pairs = query.query_pairs();
                let found = pairs.find(|(key, _)| key == name);
                found.map(|(_, value)| value.into_owned())
            };
            if value("state").as_deref() != Some(state) {
                answer(visitor, "403 Forbidden", "This sign-in was not begun here.").await;
                continue;
            }
            if issuer.is_some_and(|issuer| value("iss").as_deref() != Some(issuer)) {
                answer(visitor, "403 Forbidden", "Somebody else answered.").await;
                return Err("another server than the one that was asked answered".to_owned());
            }
            let Some(code) = value("code") else {
                answer(
                    visitor,
                    "200 OK",
                    "You are not signed in. You can close this page.",
                )
                .await;
                let why = value("error").unwrap_or_default();
                return Err(format!(
                    "it was not allowed: {}",
                    crate::mcp::clean::line(&why, 100)
                ));
            };
            answer(
                visitor,
                "200 OK",
                "You are signed in. You can close this page.",
            )
            .await;
            let address = self.address.clone();
            return Ok(Came { code, address });
        }
    }
}

/// The address a visitor asks for, if it is ours.
async fn read(visitor: &mut TcpStream) -> Option<Url> {
    let mut head = Vec::new();
    let mut piece = [0; 2048];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let count = visitor.read(&mut piece).await.ok()?;
        if count == 0 || head.len() + count > HEAD_MAX {
            return None;
        }
        head.extend_from_slice(&piece[..count]);
    }
    let head = String::from_utf8(head).ok()?;
    let target = head.strip_prefix("GET ")?.split(' ').next()?;
    let is_ours = target.strip_prefix(PATH)?.starts_with('?');
    let url = Url::parse(&format!("http://127.0.0.1{target}")).ok();
    url.filter(|_| is_ours)
}

async fn answer(mut visitor: TcpStream, status: &str, words: &str) {
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n{words}",
        words.len()
    );
    // A browser that has gone needs no answer.
    drop(timeout(VISIT, visitor.write_all(answer.as_bytes())).await);
    drop(visitor.shutdown().await);
}
