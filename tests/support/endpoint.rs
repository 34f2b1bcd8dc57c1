//! A scripted model endpoint: real HTTP/1.1 and server-sent events, byte for byte as a test wants them.
//!
//! It listens on loopback, answers `POST …/chat/completions` with the next [`Reply`] of its queue (or what
//! a closure chooses), lists models, records every request, and misbehaves on demand. Waits are on a
//! [`Gate`] the test opens or on what the client does, never on time. Dropping it stops it. It must not
//! know the host: any client can be pointed at it.
//!
//! ```ignore
//! let endpoint = Endpoint::start().await;
//! endpoint.script([
//!     Reply::call("read_file", json!({ "path": "a.txt" })),
//!     Reply::text("It says hello."),
//! ]);
//! // … point the host at `endpoint.base_url()`, run a turn …
//! assert_eq!(endpoint.chats()[1].json["messages"][3]["role"], "tool");
//! ```
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "each test binary uses its part of this, and a broken test endpoint fails by panicking"
)]

#[path = "endpoint/reply.rs"]
mod reply;
#[path = "endpoint/script.rs"]
mod script;
#[path = "endpoint/serve.rs"]
mod serve;

pub use reply::{Framing, Gate, Reply, Split, Step};
pub use serve::Request;

use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Chooses a reply from a request's JSON; none leaves it to the queue.
pub type Chooser = dyn Fn(&Value) -> Option<Reply> + Send + Sync;

/// A running endpoint.
pub struct Endpoint {
    port: u16,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

/// What the connections share with the test.
pub(crate) struct State {
    pub(crate) queue: Mutex<VecDeque<Reply>>,
    pub(crate) chooser: Mutex<Option<Arc<Chooser>>>,
    pub(crate) models: Mutex<Reply>,
    pub(crate) seen: watch::Sender<Vec<Request>>,
    /// Requests, by their number, whose client hung up before its answer was complete.
    pub(crate) left: watch::Sender<Vec<usize>>,
    /// Raised when the endpoint is dropped.
    pub(crate) over: watch::Sender<bool>,
}

impl Endpoint {
    /// Starts one on a free port.
    pub async fn start() -> Self {
        Self::start_at(0).await.expect("loopback has a free port")
    }

    /// Starts one with these replies.
    pub async fn with(replies: impl IntoIterator<Item = Reply>) -> Self {
        let endpoint = Self::start().await;
        endpoint.script(replies);
        endpoint
    }

    /// Starts one on a given port; 0 is any.
    pub async fn start_at(port: u16) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let port = listener.local_addr()?.port();
        let state = Arc::new(State {
            queue: Mutex::default(),
            chooser: Mutex::default(),
            models: Mutex::new(Reply::models(["scripted"])),
            seen: watch::Sender::new(Vec::new()),
            left: watch::Sender::new(Vec::new()),
            over: watch::Sender::new(false),
        });
        let accepting = tokio::spawn(serve::accept(listener, state.clone()));
        Ok(Self {
            port,
            state,
            accepting,
        })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ready for `ai.base_url`.
    pub fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    /// Adds replies behind those that wait.
    pub fn script(&self, replies: impl IntoIterator<Item = Reply>) {
        self.state.queue.lock().unwrap().extend(replies);
    }

    /// Adds one reply.
    pub fn say(&self, reply: Reply) {
        self.script([reply]);
    }

    /// Lets a closure choose; the queue answers what it leaves.
    pub fn choose(&self, chooser: impl Fn(&Value) -> Option<Reply> + Send + Sync + 'static) {
        *self.state.chooser.lock().unwrap() = Some(Arc::new(chooser));
    }

    /// Sets what `GET …/models` answers.
    pub fn list(&self, models: Reply) {
        *self.state.models.lock().unwrap() = models;
    }

    /// Every request so far, models and strays included.
    pub fn requests(&self) -> Vec<Request> {
        self.state.seen.borrow().clone()
    }

    /// The chat requests so far.
    pub fn chats(&self) -> Vec<Request> {
        let mut requests = self.requests();
        requests.retain(Request::is_chat);
        requests
    }

    /// Waits for the chat request with this number, from 0.
    pub async fn chat(&self, number: usize) -> Request {
        let mut seen = self.state.seen.subscribe();
        let seen = seen
            .wait_for(|all| all.iter().filter(|request| request.is_chat()).count() > number)
            .await
            .expect("the endpoint runs");
        let mut chats = seen.iter().filter(|request| request.is_chat());
        chats.nth(number).cloned().expect("it was counted")
    }

    /// Waits until a client hangs up on the chat request with this number before its answer is complete.
    pub async fn hung_up(&self, number: usize) {
        let request = self.chat(number).await.number;
        let mut left = self.state.left.subscribe();
        left.wait_for(|left| left.contains(&request))
            .await
            .expect("the endpoint runs");
    }

    /// Replies that nobody has asked for yet.
    pub fn unused(&self) -> usize {
        self.state.queue.lock().unwrap().len()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.state.over.send_replace(true);
        self.accepting.abort();
    }
}

impl State {
    /// The reply to a chat request.
    pub(crate) fn reply(&self, request: &Value) -> Reply {
        let chooser = self.chooser.lock().unwrap().clone();
        let chosen = chooser.and_then(|choose| choose(request));
        chosen
            .or_else(|| self.queue.lock().unwrap().pop_front())
            .unwrap_or_else(|| {
                let message = "the script of the endpoint has no more replies";
                Reply::json(400, &json!({ "error": { "message": message } }))
            })
    }
}
