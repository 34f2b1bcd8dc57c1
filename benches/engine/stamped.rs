//! An endpoint that writes into each token when it was sent, at a pace. Speaks just enough HTTP for that.

use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// To the first token, where its way is measured: much more than a commit takes.
pub(crate) const THINKS: Duration = Duration::from_millis(10);

/// What each answer is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// From the request to the first token.
    pub(crate) thinks: Duration,
    pub(crate) tokens: usize,
    pub(crate) pace: Duration,
}

/// A running endpoint; dropping it stops it.
pub(crate) struct Stamped {
    port: u16,
    accepting: JoinHandle<()>,
}

impl Stamped {
    pub(crate) async fn start(plan: Plan) -> anyhow::Result<Self> {
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.bind(([127, 0, 0, 1], 0).into())?;
        let listener = socket.listen(4096)?;
        Ok(Self {
            port: listener.local_addr()?.port(),
            accepting: tokio::spawn(accept(listener, plan)),
        })
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }
}

impl Drop for Stamped {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Nanoseconds of the clock that all processes share.
pub(crate) fn now() -> u64 {
    let passed = SystemTime::now().duration_since(UNIX_EPOCH);
    passed.map_or(0, |passed| passed.as_nanos() as u64)
}

/// How long ago the tokens of a text were sent.
pub(crate) fn delays(text: &str) -> impl Iterator<Item = Duration> {
    let now = now();
    text.split_whitespace()
        .filter_map(|stamp| stamp.parse().ok())
        .map(move |stamp: u64| Duration::from_nanos(now.saturating_sub(stamp)))
}

async fn accept(listener: TcpListener, plan: Plan) {
    while let Ok((stream, _)) = listener.accept().await {
        // An error means that the client is gone.
        tokio::spawn(async move { drop(serve(stream, plan).await) });
    }
}

async fn serve(mut stream: TcpStream, plan: Plan) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut held = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = held.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end;
            }
            if stream.read_buf(&mut held).await? == 0 {
                return Ok(());
            }
        };
        let head = String::from_utf8_lossy(&held[..end]).to_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"))
            .and_then(|value| value.trim().parse().ok())
            .unwrap_or(0);
        while held.len() < end + 4 + length {
            if stream.read_buf(&mut held).await? == 0 {
                return Ok(());
            }
        }
        held.drain(..end + 4 + length);
        answer(&mut stream, plan).await?;
    }
}

async fn answer(stream: &mut TcpStream, plan: Plan) -> std::io::Result<()> {
    stream
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        .await?;
    if !plan.thinks.is_zero() {
        // The clock of the runtime only knows whole milliseconds.
        let thought = tokio::task::spawn_blocking(move || std::thread::sleep(plan.thinks));
        thought.await?;
    }
    for token in 0..plan.tokens {
        if token > 0 {
            tokio::time::sleep(plan.pace).await;
        }
        send(stream, &format!(r#"{{"content":"{} "}}"#, now()), "null").await?;
    }
    send(stream, "{}", r#""stop""#).await?;
    stream
        .write_all(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
        .await
}

async fn send(stream: &mut TcpStream, delta: &str, finish: &str) -> std::io::Result<()> {
    let data = format!(
        "data: {{\"id\":\"s\",\"object\":\"chat.completion.chunk\",\"created\":0,\"model\":\"scripted\",\"choices\":[{{\"index\":0,\"delta\":{delta},\"finish_reason\":{finish}}}]}}\n\n"
    );
    let chunk = format!("{:x}\r\n{data}\r\n", data.len());
    stream.write_all(chunk.as_bytes()).await
}
