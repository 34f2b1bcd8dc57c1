//! Wishes, frontend to host: one variant per noun.

use crate::{
    ApprovalOp, BundleOp, CanvasOp, CheckpointOp, ConversationOp, DatabaseOp, ElicitationOp,
    FolderOp, McpOp, ModuleOp, ProjectOp, RuleOp, ServerOp, SessionOp, SettingOp, SkillOp, TagOp,
    TextOp, TurnOp, WorkspaceOp,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A wish. Taken or rejected at once; what comes of it is told as events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "noun", content = "op", rename_all = "snake_case")]
pub enum Op {
    /// About a conversation.
    Conversation(ConversationOp),
    /// About a turn.
    Turn(TurnOp),
    /// About an approval.
    Approval(ApprovalOp),
    /// About an elicitation.
    Elicitation(ElicitationOp),
    /// About a module.
    Module(ModuleOp),
    /// About a setting.
    Setting(SettingOp),
    /// About a rule that was kept.
    Rule(RuleOp),
    /// About changes of files.
    Checkpoint(CheckpointOp),
    /// About a database.
    Database(DatabaseOp),
    /// About a folder people work in.
    Workspace(WorkspaceOp),
    /// About a tag wherever it is used.
    Tag(TagOp),
    /// About a folder of conversations.
    Folder(FolderOp),
    /// About a project.
    Project(ProjectOp),
    /// About a note or document.
    Text(TextOp),
    /// About a canvas.
    Canvas(CanvasOp),
    /// About a web session.
    Session(SessionOp),
    /// About a bundle.
    Bundle(BundleOp),
    /// About a process that listens.
    Server(ServerOp),
    /// About a skill.
    Skill(SkillOp),
    /// About an MCP server.
    Mcp(McpOp),
}

macro_rules! from {
    ($($noun:ident($op:ty)),* $(,)?) => {$(
        impl From<$op> for Op {
            fn from(op: $op) -> Self { Self::$noun(op) }
        }
    )*};
}

from! {
    Conversation(ConversationOp),
    Turn(TurnOp),
    Approval(ApprovalOp),
    Elicitation(ElicitationOp),
    Module(ModuleOp),
    Setting(SettingOp),
    Rule(RuleOp),
    Checkpoint(CheckpointOp),
    Database(DatabaseOp),
    Workspace(WorkspaceOp),
    Tag(TagOp),
    Folder(FolderOp),
    Project(ProjectOp),
    Text(TextOp),
    Canvas(CanvasOp),
    Session(SessionOp),
    Bundle(BundleOp),
    Server(ServerOp),
    Skill(SkillOp),
    Mcp(McpOp),
}
