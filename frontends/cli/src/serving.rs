//! What the composition root lends to the commands about the server: the terminal knows no listener.

use anteroom_api::{BoxFuture, HostHandle, Problem, Stop};

/// Told once, when a server listens.
pub type Ready = Box<dyn FnOnce(Listening) + Send>;

/// A server that listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listening {
    /// Where: scheme, name and port.
    pub url: String,
    /// SHA-256 of its own certificate, hexadecimal, if it made one.
    pub fingerprint: Option<String>,
}

/// Serves the page and makes what leads to it.
pub trait Serving: Send + Sync {
    /// Listens until `stop`, as the settings say; `ready` is told once it does.
    fn serve(
        &self,
        host: HostHandle,
        stop: Stop,
        ready: Ready,
    ) -> BoxFuture<'static, Result<(), Problem>>;

    /// A link that opens one session on the server at `url`, within a minute.
    fn link(&self, host: HostHandle, url: String) -> BoxFuture<'static, Result<String, Problem>>;
}

/// Serves nothing: for programs built without the page, and for tests.
#[derive(Debug, Default)]
pub struct Nowhere;

impl Serving for Nowhere {
    fn serve(&self, _: HostHandle, _: Stop, _: Ready) -> BoxFuture<'static, Result<(), Problem>> {
        Box::pin(std::future::ready(Err(missing())))
    }

    fn link(&self, _: HostHandle, _: String) -> BoxFuture<'static, Result<String, Problem>> {
        Box::pin(std::future::ready(Err(missing())))
    }
}

fn missing() -> Problem {
    Problem::new(
        anteroom_api::ProblemCode::NotFound,
        "this program was built without the web page",
    )
    .hint("`aroom chat` talks in the terminal")
}
