//! Another user of the machine takes the port once the server has ended: what the page shows them opens nothing.

use super::Room;
use crate::support::endpoint::Reply;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

const ANSWER: &str = r#"{"boot":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","proof":"0000"}"#;

/// Listens where the server was, answers everything, and keeps what it is sent.
struct Impostor {
    seen: Arc<Mutex<String>>,
    listening: JoinHandle<()>,
}

impl Impostor {
    async fn at(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let seen = Arc::<Mutex<String>>::default();
        let kept = seen.clone();
        let listening = tokio::spawn(async move {
            // They end with the task: a browser would go on asking over them.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(answer(stream, kept.clone()));
            }
        });
        Self { seen, listening }
    }

    /// Ends as a process does, with all its connections.
    async fn end(self) {
        self.listening.abort();
        let _ = self.listening.await;
    }

    fn seen(&self) -> String {
        self.seen.lock().unwrap().clone()
    }
}

async fn answer(mut stream: TcpStream, seen: Arc<Mutex<String>>) {
    let mut piece = [0; 16 * 1024];
    while let Ok(count @ 1..) = stream.read(&mut piece).await {
        let text = String::from_utf8_lossy(&piece[..count]).into_owned();
        let is_head = text.contains(" HTTP/1.1\r\n");
        seen.lock().unwrap().push_str(&text);
        if is_head {
            let length = ANSWER.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{ANSWER}"
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_the_port_is_shown_nothing_that_opens_anything() {
    let mut room = Room::new([Reply::text("first answer")]).await;
    let page = room.page().await;
    page.ask("hello", "first answer").await;
    let secret = page.js("sessionStorage.getItem('aroom-tab')").await;
    let secret = secret.as_str().unwrap().to_owned();
    page.composer().fill("for the server alone").await;
    room.kill();
    let impostor = Impostor::at(room.port).await;
    page.mark("banner").seen().await;
    let tries = |seen: &str| seen.matches("POST /api/session/proof ").count();
    page.until_seen("that the page asks who is there, again and again", |_| {
        tries(&impostor.seen()) > 1
    })
    .await;
    page.composer().focus().await;
    page.press("Enter").await;
    let before = tries(&impostor.seen());
    page.until_seen("that it asks before it sends", |_| {
        tries(&impostor.seen()) > before
    })
    .await;
    let seen = impostor.seen();
    for kept in [secret.as_str(), "for the server alone", "x-anteroom-tab: "] {
        let is_shown = seen
            .to_ascii_lowercase()
            .contains(&kept.to_ascii_lowercase());
        assert!(!is_shown, "`{kept}` was sent: {seen}");
    }
    impostor.end().await;
    // The session goes on with its own server.
    room.start().await;
    page.mark("banner").gone().await;
    page.reload().await;
    page.thread().says("first answer").await;
    let kept = page.js("sessionStorage.getItem('aroom-tab')").await;
    assert_eq!(kept, secret);
}
