//! Contract 2: all that a frontend may know of the host.
//!
//! Plain data and three doors: submit an [`Op`], follow [`Event`]s, read views. This crate knows no
//! file, no network and no runtime beyond channels, and it depends on none of our other crates.
//! Types are plain data with public fields, serialisable, and described by a JSON Schema
//! ([`schema`]) so that a frontend can be written in any language.
#![warn(missing_docs)]

pub mod approval;
pub mod attachment;
pub mod audit;
pub mod bundle;
pub mod canvas;
pub mod checkpoint;
pub mod conversation;
pub mod database;
pub mod doctor;
pub mod elicitation;
pub mod event;
pub mod filing;
pub mod folder;
pub mod frontend;
pub mod id;
pub mod identity;
pub mod image;
pub mod item;
pub mod mcp;
pub mod meter;
pub mod model;
pub mod module;
pub mod op;
pub mod origin;
pub mod path;
pub mod problem;
pub mod project;
pub mod prompt;
pub mod reads;
pub mod replay;
pub mod rule;
pub mod schema;
pub mod server;
pub mod session;
pub mod setting;
pub mod skill;
pub mod spending;
pub mod tag;
pub mod text;
pub mod tier;
pub mod turn;
pub mod workspace;

pub use approval::{
    Approval, ApprovalEvent, ApprovalOp, Decision, EffectKind, EffectView, Resolution, Scope,
    ScopeOffer,
};
pub use attachment::{AttachedImage, Attachment, AttachmentKind, LineRange};
pub use audit::{AuditFault, AuditFilter, AuditRecord, AuditReport};
pub use bundle::{
    BundleChange, BundleEvent, BundleFile, BundleLocked, BundleOp, BundlePower, BundlePowerKind,
    BundleReport, BundleSignature, BundleSource, BundleStep, BundleTrust, BundleView, BundleWish,
};
pub use canvas::{CanvasDiff, CanvasEvent, CanvasOp, CanvasView};
pub use checkpoint::{
    ChangeKind, ChangeView, CheckpointEvent, CheckpointOp, FileDiff, UndoOutcome, UndoTarget,
    UndoneFile,
};
pub use conversation::{ConversationEvent, ConversationKind, ConversationOp, ConversationView};
pub use database::{DatabaseEvent, DatabaseOp, DatabaseView, PartView};
pub use doctor::{Finding, Health};
pub use elicitation::{
    Answer, ElicitationEvent, ElicitationOp, FieldChoice, FieldKind, FormField, Question,
};
pub use event::{Delta, Envelope, Event, Signal, Topic};
pub use filing::{ConversationFilter, Filing};
pub use folder::{FolderEvent, FolderOp, FolderView};
pub use frontend::{BoxFuture, Frontend, FrontendName, HostHandle, HostPort, Signals, Stop};
pub use id::{
    ApprovalId, CanvasId, ConversationId, ElicitationId, FolderId, ItemId, OpId, ProjectId, Seq,
    SessionId, TurnId, UnixMillis,
};
pub use identity::IdentityView;
pub use image::{IMAGE_BYTES_MAX, IMAGE_TYPES, image_type};
pub use item::{
    CallDecision, Content, Item, ItemBody, ItemEvent, OutputStream, Status, ToolCall, ToolContent,
    ToolResult,
};
pub use mcp::{
    McpEntry, McpEvent, McpFolder, McpOp, McpPath, McpPathKind, McpPromptArgument, McpPromptView,
    McpReach, McpResourceView, McpServerView, McpState, McpToolState, McpToolView, McpTransport,
    McpTrust,
};
pub use meter::Meter;
pub use model::{EndpointReport, EndpointSpec, FoundEndpoint, ProbeStep};
pub use module::{
    Capability, GrantOp, GrantReach, GrantWhere, ModuleEvent, ModuleId, ModuleOp, ModuleOrigin,
    ModuleState, ModuleView, ToolView,
};
pub use op::Op;
pub use origin::{Origin, Trust};
pub use path::PathHits;
pub use problem::{Problem, ProblemCode, Rejection};
pub use project::{ProjectEvent, ProjectOp, ProjectSpec, ProjectView};
pub use prompt::{PromptPart, PromptReport};
pub use reads::{AskedApproval, CallHit, ItemsAt, OpenApproval, Page, PagePlace, Reads, SearchHit};
pub use replay::{Difference, ReplayReport};
pub use rule::{RuleEvent, RuleOp, RuleView};
pub use server::{ServerOp, ServerView};
pub use session::{Password, SessionEvent, SessionHow, SessionOp, SessionView, SessionWay};
pub use setting::{PageMay, SettingEvent, SettingOp, SettingOrigin, SettingView, SettingsReport};
pub use skill::{SkillFinding, SkillOp, SkillOrigin, SkillUse, SkillView};
pub use spending::SpendingRow;
pub use tag::{TagEvent, TagOp, TagView};
pub use text::{TextEvent, TextOp, TextVersion, TextView};
pub use tier::{Mode, Tier};
pub use turn::{
    Phase, QueuedInput, StepRecord, StopReason, TurnEvent, TurnOp, TurnOptions, TurnView, Usage,
};
pub use workspace::{WorkspaceEvent, WorkspaceOp, WorkspaceTrust, WorkspaceView};
