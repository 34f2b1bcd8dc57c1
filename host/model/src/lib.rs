//! The chat endpoint: any server that speaks OpenAI-compatible Chat Completions. Nobody else calls it.
//!
//! One [`Client`] per configured [`Endpoint`]. [`Client::stream`] asks once and tells what arrives while
//! it arrives; what it returns is complete and checked. Every wait has a limit from [`Timeouts`], every
//! buffer a cap from [`limits`], and [`anteroom_api::Stop`] ends each of them at once. It must not know
//! conversations, tools, settings files or storage.
//!
//! Requests go over `reqwest` directly. `async-openai` was tried and left out: what it offers beyond
//! `reqwest` is joining a URL (its `Config` is written by its user), reading whole answers without a
//! cap, and streams through a task with an unbounded channel; its raw request functions are private,
//! so a bounded reader cannot be put behind it.
#![warn(missing_docs)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        reason = "tests fail by panicking"
    )
)]

mod address;
mod answer;
mod attempt;
mod chunk;
mod client;
mod complaint;
mod endpoint;
mod error;
mod key;
pub mod limits;
mod message;
mod patience;
mod probe;
mod problem;
mod retry;
mod stream;
mod taking;
mod transport;
mod upload;

pub use address::{UrlFix, url_fixes};
pub use answer::{Answer, CallRequest, Finish};
pub use client::{Client, StreamEvent};
pub use endpoint::{Endpoint, Retry, Secret, Timeouts};
pub use error::{ModelError, Unreachable, Wait};
pub use message::{
    ChatRequest, FunctionCall, ImageUrl, Message, Part, SentCall, ToolDefinition, UserContent,
};
pub use probe::{LOCAL_SERVERS, LocalServer, local_endpoints, test_endpoint};
