//! MCP servers: the client side of the protocol, its transports, and what holds against servers that misbehave.
//!
//! Shape: what there should be ([`ServerSpec`]) goes in, what there is ([`ServerStatus`]) comes out; one task keeps
//! one server. Whatever a server says is from outside: bounded, cleaned, and pinned before it is offered. Knows no
//! storage and no runtime; what it needs of them is the trait [`ServerHost`].

mod ask;
mod call;
mod calls;
mod clean;
mod connect;
mod content;
mod handler;
mod http;
mod lent;
mod log;
mod oauth;
mod offers;
mod pin;
mod program;
mod reach;
mod server;
mod servers;
mod spec;
mod status;
mod stdio;
mod stirred;
mod tools;
mod traffic;
mod trouble;

pub use ask::{
    AskedIn, Credentials, Elicit, ElicitWants, Elicited, Sample, SampleMessage, Sampled,
    ServerHost, ServerRoot,
};
pub(crate) use call::{ServedCall, run};
pub use http::{check_server_address, server_origin};
pub use offers::{FilledPrompt, PromptPart, ResourceBody, ResourcePart};
pub use pin::Pin;
pub(crate) use program::{Program, start as start_program};
pub(crate) use reach::of as server_reach;
pub use reach::{reach_differences, reach_lines};
pub(crate) use server::Server;
pub(crate) use servers::Servers;
pub use spec::{
    CALL_TIMEOUT, CONNECT_TIMEOUT, HttpSpec, ServerFolder, ServerId, ServerSpec, ServerTransport,
    StdioSpec,
};
pub use status::{ServerState, ServerStatus, ServerTool, ToolStanding};
pub(crate) use tools::Served;
