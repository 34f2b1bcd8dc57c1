//! Everything callable, behind one registry: the engine for components, the file layer, processes.
//!
//! Shape: a call costs a [`anteroom_gate::Permit`] and always comes back as an [`Outcome`]; a tool's failure,
//! crash or denial is data. This crate knows no storage, no model and no runtime; what it needs of them is
//! the trait [`Services`]. It knows no tool by name.
#![warn(missing_docs)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        reason = "tests fail by panicking"
    )
)]

mod checkout;
mod clock;
mod confine;
mod error;
mod fit;
mod folder;
mod hook;
mod lend;
mod lent;
mod mcp;
mod meter;
mod module;
mod net;
mod options;
mod registry;
mod services;
mod session;
mod source;
mod wasm;

pub use checkout::CheckoutBounds;
pub use confine::{
    Network, ProcessLimits, Sandbox, SandboxMode, Wall, Walls, open_files_at_start, walls,
};
pub use error::ToolsError;
pub use fit::misfits;
pub use hook::{HookCommand, HookEnd, HookFooting};
pub use lend::fetch::{DownloadReach, download};
pub use lent::{Grants, Lent, NotLent};
pub use mcp::{
    AskedIn, CALL_TIMEOUT, CONNECT_TIMEOUT, Credentials, Elicit, ElicitWants, Elicited,
    FilledPrompt, HttpSpec, Pin, PromptPart, ResourceBody, ResourcePart, Sample, SampleMessage,
    Sampled, ServerFolder, ServerHost, ServerId, ServerRoot, ServerSpec, ServerState, ServerStatus,
    ServerTool, ServerTransport, StdioSpec, ToolStanding, check_server_address, reach_differences,
    reach_lines, server_origin,
};
pub use options::{Limits, Options, ToolLimits};
pub use registry::{Call, Definition, MayCount, Outcome, Registry, Resolved};
pub use services::{
    AgentFailure, AgentOutcome, AgentTask, CanvasFailure, KeptBy, LoadedSkill, SecretValue,
    Services, StoreFailure,
};
pub use session::Session;
pub use source::BuiltIn;
pub use wasm::files::{
    Bounds, Change, Compared, End, FileState, Ledger, NamedPlace, NamedWhat, NotNamed, Recorded,
    Shared, Store, StoreError, Taken, Unified, compare_file, index_path, open_named, take_back,
    unified,
};
