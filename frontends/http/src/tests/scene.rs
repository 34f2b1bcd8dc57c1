//! A listener with one route of each sort, and a browser that is signed in.

use super::fake::Fake;
use super::wire::{Answer, ask};
use crate::transport::Patience;
use crate::{
    About, Accepted, Bearer, Context, Download, Empty, Failure, Json, Keys, Listen, NoQuery, Path,
    Policy, Public, Query, Raw, RouteInfo, Routes, Server, Session, Upload,
};
use anteroom_api::{BoxFuture, ConversationId, Problem, Stop};
use bytes::Bytes;
use futures_util::stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The launch token, cookie and tab of a browser.
#[derive(Clone, Debug)]
pub(crate) struct Browser {
    pub(crate) cookie: String,
    pub(crate) tab: String,
    pub(crate) session: String,
}

pub(crate) struct Scene {
    pub(crate) to: SocketAddr,
    pub(crate) fake: Arc<Fake>,
    /// How many handlers ran.
    pub(crate) ran: Arc<AtomicUsize>,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) serving: JoinHandle<Result<(), Problem>>,
    pub(crate) routes: Vec<RouteInfo>,
}

/// Says that it was not changed by a wish before.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Note {
    pub(crate) text: String,
}

#[derive(Deserialize, JsonSchema)]
struct Which {
    id: ConversationId,
}

/// Every way a parameter can be written.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Asked {
    /// How many.
    limit: Option<u32>,
    #[serde(default)]
    follow: Vec<String>,
    #[serde(default)]
    is_deep: bool,
    words: Option<String>,
    near: Option<ConversationId>,
}

struct OneKey;

impl Keys for OneKey {
    fn holder(&self, key: String) -> BoxFuture<'_, Option<String>> {
        Box::pin(async move { (key == "good-key").then(|| "laptop".to_owned()) })
    }
}

pub(crate) fn routes(ran: &Arc<AtomicUsize>) -> Routes {
    let count = |ran: &Arc<AtomicUsize>| {
        let ran = ran.clone();
        move || {
            ran.fetch_add(1, Ordering::SeqCst);
        }
    };
    let (a, b, c, d, e) = (count(ran), count(ran), count(ran), count(ran), count(ran));
    let (f, g, h, i) = (count(ran), count(ran), count(ran), count(ran));
    Routes::new()
        .get(
            Public,
            "/",
            About::new("page", "The page")
                .media("text/html; charset=utf-8")
                .unlisted(),
            move |_: Context| {
                a();
                async { Ok::<_, Failure>(Raw::new("text/html; charset=utf-8", "<!doctype html>")) }
            },
        )
        .get(
            Public,
            "/preview",
            About::new("preview", "A stranger's page").policy(Policy::Sandbox),
            move |_: Context| async {
                Ok::<_, Failure>(Raw::new("text/html; charset=utf-8", "<p>"))
            },
        )
        .get(
            Session,
            "/api/notes",
            About::new("notes", "All notes"),
            move |_: Context, Query(asked): Query<Asked>| {
                b();
                async { Ok::<_, Failure>(asked) }
            },
        )
        .post(
            Session,
            "/api/notes",
            About::new("write", "Writes a note"),
            move |_: Context, Json(note): Json<Note>| {
                c();
                async { Ok::<_, Failure>(Accepted(note)) }
            },
        )
        .delete(
            Session,
            "/api/notes/{id}",
            About::new("erase", "Erases a note"),
            move |_: Context, Path(Which { id })| {
                d();
                let _: ConversationId = id;
                async { Ok::<_, Failure>(Empty) }
            },
        )
        .put(
            Session,
            "/api/small",
            About::new("small", "Takes little")
                .body_limit(1000)
                .accepts("application/wasm"),
            move |_: Context, mut upload: Upload| {
                e();
                async move {
                    let mut count = 0;
                    while let Some(piece) = upload.next().await? {
                        count += piece.len();
                    }
                    Ok::<_, Failure>(count)
                }
            },
        )
        .get(
            Session,
            "/api/stream",
            About::new("stream", "Goes on")
                .media("text/event-stream")
                .stream(),
            move |cx: Context| {
                f();
                async move { Ok::<_, Failure>(Raw::stream("text/event-stream", endless(cx.stop))) }
            },
        )
        .get(
            Session,
            "/api/flood",
            About::new("flood", "Has more to say whenever it is asked")
                .media("text/event-stream")
                .stream(),
            |_: Context| async {
                let piece = Bytes::from_static(&[b'x'; 1024]);
                let pieces = stream::repeat_with(move || piece.clone());
                Ok::<_, Failure>(Raw::stream("text/event-stream", pieces))
            },
        )
        .post(
            Session,
            "/api/costly",
            About::new("costly", "Asks much").costly(),
            move |_: Context, _: NoQuery| {
                g();
                async { Ok::<_, Failure>(Empty) }
            },
        )
        .post(
            Bearer::new(OneKey),
            "/v1/ask",
            About::new("ask", "For programs"),
            move |_: Context, Json(note): Json<Note>| {
                h();
                async { Ok::<_, Failure>(note) }
            },
        )
        .get(
            Session,
            "/api/panic",
            About::new("panic", "Breaks"),
            move |_: Context| {
                i();
                async {
                    if std::env::args().count() > 0 {
                        panic!("on purpose");
                    }
                    Ok::<_, Failure>(Empty)
                }
            },
        )
        .get(
            Session,
            "/api/file",
            About::new("file", "A file"),
            |_: Context| async {
                let (name, bytes) = ("a\"b\r\nü.md".to_owned(), Bytes::from_static(b"x"));
                Ok::<_, Failure>(Download {
                    name,
                    media: "text/markdown; charset=utf-8",
                    bytes,
                })
            },
        )
        .get(
            Session,
            "/api/document",
            About::new("document", "Of all routes"),
            |cx: Context| async move { Ok::<_, Failure>(cx.openapi()) },
        )
}

/// One word at once, and the last one when the server stops.
fn endless(stop: Stop) -> impl stream::Stream<Item = Bytes> + Send {
    stream::unfold((0, stop), |(step, mut stop)| async move {
        match step {
            0 => Some((Bytes::from_static(b"event: ready\n\n"), (1, stop))),
            1 => {
                stop.raised().await;
                Some((Bytes::from_static(b"event: stopping\n\n"), (2, stop)))
            }
            _ => None,
        }
    })
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::with(Listen::loopback(0), Patience::default()).await
    }

    pub(crate) async fn with(listen: Listen, patience: Patience) -> Self {
        Self::before(Arc::new(Fake::default()), listen, patience).await
    }

    /// Another listener of the same host, which may have been at the port of one that ended.
    pub(crate) async fn again(&self, port: u16) -> Self {
        Self::before(
            self.fake.clone(),
            Listen::loopback(port),
            Patience::default(),
        )
        .await
    }

    async fn before(fake: Arc<Fake>, listen: Listen, patience: Patience) -> Self {
        let ran = Arc::new(AtomicUsize::new(0));
        let mut bound = Server::bind(listen, fake.handle()).await.unwrap();
        bound.patience = patience;
        let to = bound.local_addr();
        let (stop, is_stopping) = Stop::new();
        let serving = tokio::spawn(bound.serve(routes(&ran), is_stopping));
        let routes = routes(&ran).whole().list();
        Self {
            to,
            fake,
            ran,
            stop,
            serving,
            routes,
        }
    }

    pub(crate) fn ran(&self) -> usize {
        self.ran.load(Ordering::SeqCst)
    }

    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.to.port())
    }

    /// A request that closes its connection.
    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[&str],
        body: &str,
    ) -> Vec<u8> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !headers
            .iter()
            .any(|line| line.to_ascii_lowercase().starts_with("host:"))
        {
            head += &format!("Host: {}\r\n", self.host());
        }
        for line in headers {
            head += &format!("{line}\r\n");
        }
        let is_said = |name: &str| {
            headers
                .iter()
                .any(|line| line.to_ascii_lowercase().starts_with(name))
        };
        if !body.is_empty() && !is_said("content-length:") && !is_said("transfer-encoding:") {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        format!("{head}\r\n{body}").into_bytes()
    }

    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[&str],
        body: &str,
    ) -> Answer {
        ask(self.to, &self.request(method, path, headers, body)).await
    }

    /// As the page asks.
    pub(crate) async fn ask_as(
        &self,
        browser: &Browser,
        method: &str,
        path: &str,
        body: &str,
    ) -> Answer {
        let (cookie, tab, origin) = self.credentials(browser);
        let mut headers = vec![
            cookie.as_str(),
            &tab,
            &origin,
            "Sec-Fetch-Site: same-origin",
        ];
        if !body.is_empty() {
            headers.push("Content-Type: application/json");
        }
        self.ask(method, path, &headers, body).await
    }

    pub(crate) fn credentials(&self, browser: &Browser) -> (String, String, String) {
        (
            format!("Cookie: other=1; {}", browser.cookie),
            format!("X-Anteroom-Tab: {}", browser.tab),
            format!("Origin: http://{}", self.host()),
        )
    }

    pub(crate) async fn sign_in(&self) -> Browser {
        let token = crate::invite(&self.fake.handle()).await.unwrap();
        let body = serde_json::json!({ "launch": token }).to_string();
        let answer = self
            .ask(
                "POST",
                "/api/session",
                &["Content-Type: application/json"],
                &body,
            )
            .await;
        assert_eq!(
            answer.status,
            201,
            "{:?}",
            String::from_utf8_lossy(&answer.body)
        );
        let line = answer.header("set-cookie").unwrap();
        let json = answer.json();
        Browser {
            cookie: line.split(';').next().unwrap().to_owned(),
            tab: json["tab"].as_str().unwrap().to_owned(),
            session: json["session"].as_str().unwrap().to_owned(),
        }
    }
}

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types aroom-url";

/// Every answer, whatever it is, says how a browser must treat it.
pub(crate) fn assert_secured(answer: &Answer) {
    for (name, value) in [
        ("content-security-policy", CSP),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "no-store"),
        ("x-dns-prefetch-control", "off"),
    ] {
        let found: Vec<&str> = answer
            .headers
            .iter()
            .filter(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
            .collect();
        assert_eq!(found, [value], "{name}: {answer:?}");
    }
    for name in [
        "access-control-allow-origin",
        "access-control-allow-credentials",
        "server",
        "x-powered-by",
    ] {
        assert_eq!(answer.header(name), None, "{answer:?}");
    }
}
