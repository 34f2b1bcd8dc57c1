//! Views: questions without side effects.

use crate::{
    Approval, AuditFilter, AuditRecord, AuditReport, BoxFuture, BundleLocked, BundleReport,
    BundleView, BundleWish, CanvasDiff, CanvasId, CanvasView, ChangeView, ConversationFilter,
    ConversationId, ConversationKind, ConversationView, DatabaseView, EndpointReport, EndpointSpec,
    FileDiff, Finding, FolderView, FoundEndpoint, GrantOp, IdentityView, Item, ItemId,
    McpPromptView, McpResourceView, McpServerView, ModuleView, PathHits, Problem, ProjectId,
    ProjectView, PromptReport, Question, QueuedInput, ReplayReport, Resolution, RuleView, Seq,
    ServerView, SessionView, SettingsReport, SkillView, SpendingRow, TagView, TextVersion,
    TextView, TurnId, TurnView, UndoTarget, UnixMillis, WorkspaceView,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The result of a read.
pub type Read<'a, T> = BoxFuture<'a, Result<T, Problem>>;

/// One page of a longer list, newest or oldest first as the read says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "PageOf{T}")]
pub struct Page<T> {
    /// What is on it.
    pub entries: Vec<T>,
    /// Pass this as `before` to get the next page; none on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Pass this as `after` to get the page of what is newer; none on the newest, and where a list is read one way
    /// only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Where it is in the whole list, if the read tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<PagePlace>,
}

/// Where a page is in the whole list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PagePlace {
    /// Entries before it.
    pub start: u64,
    /// Entries of the whole list.
    pub total: u64,
}

/// Which items of a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemsAt {
    /// The newest.
    #[default]
    Newest,
    /// The last before a page's `before`.
    Before(String),
    /// The first after a page's `after`.
    After(String),
    /// Those around an item, and the item itself.
    Around(ItemId),
    /// Those behind so many: to go to a place in the whole list, as [`PagePlace`] counts.
    Behind(u64),
}

impl From<Option<String>> for ItemsAt {
    fn from(before: Option<String>) -> Self {
        before.map_or(Self::Newest, Self::Before)
    }
}

/// One place where a search found its words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SearchHit {
    /// The conversation.
    pub conversation: ConversationId,
    /// Its title.
    pub title: String,
    /// What sort it is.
    #[serde(default)]
    pub kind: ConversationKind,
    /// The message; none where the words are in the title, or in the text of a note or document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<ItemId>,
    /// The words with some context; matches between U+0002 and U+0003.
    pub snippet: String,
}

/// One open approval and where it is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OpenApproval {
    /// The conversation it is shown in.
    pub conversation: ConversationId,
    /// The question.
    pub approval: Approval,
}

/// One tool call and where it was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CallHit {
    /// The conversation.
    pub conversation: ConversationId,
    /// The call with its decisions.
    pub item: Item,
    /// What a person was asked about it, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asked: Vec<AskedApproval>,
}

/// An approval with what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AskedApproval {
    /// The question as it was shown.
    pub approval: Approval,
    /// What became of it; none while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Resolution>,
    /// Who decided: a frontend's name, or `nobody`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When it was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<UnixMillis>,
}

/// All views. Every read ends, and fails with a [`Problem`] a person can act on.
pub trait Reads: Send + Sync {
    /// Chats of people, most recently used first.
    fn conversations(&self, before: Option<String>, limit: u32)
    -> Read<'_, Page<ConversationView>>;
    /// Conversations of people that a filter lets through, most recently used first.
    fn filtered(
        &self,
        filter: ConversationFilter,
        before: Option<String>,
        limit: u32,
    ) -> Read<'_, Page<ConversationView>>;
    /// All tags, by name.
    fn tags(&self) -> Read<'_, Vec<TagView>>;
    /// All folders of conversations by database, the personal one first, and path.
    fn folders(&self) -> Read<'_, Vec<FolderView>>;
    /// All projects by database, the personal one first, and name.
    fn projects(&self) -> Read<'_, Vec<ProjectView>>;
    /// A note or document: its newest version, or the one named.
    fn text(&self, conversation: ConversationId, version: Option<u32>) -> Read<'_, TextView>;
    /// All versions of a note or document, newest first.
    fn text_versions(&self, conversation: ConversationId) -> Read<'_, Vec<TextVersion>>;
    /// What was spent from a moment on, by day (UTC), model and project; newest day first.
    fn spending(&self, since: UnixMillis) -> Read<'_, Vec<SpendingRow>>;
    /// One conversation.
    fn conversation(&self, conversation: ConversationId) -> Read<'_, ConversationView>;
    /// A conversation as Markdown, to be read by people: title, date and workspace, who said what, which tools were
    /// called, the newest version of each canvas; a note or document is its newest text. What is only thought, and
    /// the bytes of images, are left out, and so is every control character but line feeds and tabs.
    fn conversation_markdown(&self, conversation: ConversationId) -> Read<'_, String>;
    /// Items of a conversation in order, `limit` at most; a page is oldest first. Fails with
    /// [`crate::ProblemCode::NotFound`] where the item of [`ItemsAt::Around`] is not there.
    fn items(&self, conversation: ConversationId, at: ItemsAt, limit: u32) -> Read<'_, Page<Item>>;
    /// Turns of a conversation, oldest first.
    fn turns(&self, conversation: ConversationId) -> Read<'_, Vec<TurnView>>;
    /// Input that waits behind the running turn, next first.
    fn queue(&self, conversation: ConversationId) -> Read<'_, Vec<QueuedInput>>;
    /// Open approvals of a conversation, oldest first.
    fn approvals(&self, conversation: ConversationId) -> Read<'_, Vec<Approval>>;
    /// Open questions of a conversation, oldest first.
    fn questions(&self, conversation: ConversationId) -> Read<'_, Vec<Question>>;
    /// The newest version of each canvas of a conversation.
    fn canvases(&self, conversation: ConversationId) -> Read<'_, Vec<CanvasView>>;
    /// Every version of one canvas of a conversation, oldest first; empty if there is no such canvas.
    fn canvas_versions(
        &self,
        conversation: ConversationId,
        canvas: CanvasId,
    ) -> Read<'_, Vec<CanvasView>>;
    /// What separates two versions of a canvas of a conversation, the first and the second. Fails with
    /// [`crate::ProblemCode::NotFound`] where one of them is not there.
    fn canvas_diff(
        &self,
        conversation: ConversationId,
        canvas: CanvasId,
        versions: (u32, u32),
    ) -> Read<'_, CanvasDiff>;
    /// Full-text search over messages, titles, notes and documents, best first; or over the messages of one
    /// conversation, in their order, of more than `limit` the newest.
    fn search(
        &self,
        words: String,
        within: Option<ConversationId>,
        limit: u32,
    ) -> Read<'_, Vec<SearchHit>>;
    /// The newest event of the host's topic.
    fn host_seq(&self) -> Read<'_, Seq>;
    /// All modules, loaded or failed, with the capabilities granted in `workspace`.
    fn modules(&self, workspace: String) -> Read<'_, Vec<ModuleView>>;
    /// All settings with their origins.
    fn settings(&self) -> Read<'_, SettingsReport>;
    /// JSON Schema of the config file.
    fn config_schema(&self) -> Read<'_, serde_json::Value>;
    /// Model servers on the usual loopback ports. Sends no key, leaves loopback never.
    fn local_endpoints(&self) -> Read<'_, Vec<FoundEndpoint>>;
    /// Names of the models the configured endpoint lists, in its order; one request, no key shown, nothing kept.
    /// Fails with [`crate::ProblemCode::NotConfigured`] where there is no endpoint.
    fn models(&self) -> Read<'_, Vec<String>>;
    /// Tries an endpoint, or the configured one: connection, models, streaming, tool calling.
    fn test_endpoint(&self, endpoint: Option<EndpointSpec>) -> Read<'_, EndpointReport>;
    /// Checks everything and says what to do.
    fn doctor(&self) -> Read<'_, Vec<Finding>>;
    /// Open approvals of all conversations, in whichever process they are asked, oldest first.
    fn open_approvals(&self) -> Read<'_, Vec<OpenApproval>>;
    /// Rules that were allowed for good, oldest first.
    fn rules(&self) -> Read<'_, Vec<RuleView>>;
    /// Calls whose item id, or the model's id of it, begins so; the newest first, 20 at most.
    fn calls(&self, id: String) -> Read<'_, Vec<CallHit>>;
    /// What was granted to modules, for whichever binary and workspace, whether it still holds or has ended.
    fn grants(&self) -> Read<'_, Vec<GrantOp>>;
    /// Files that calls of a conversation and its child agents changed, newest first.
    fn changes(&self, conversation: ConversationId) -> Read<'_, Vec<ChangeView>>;
    /// What separates files as they are now from what they were before the changes of a target that are not taken
    /// back, of the whole conversation without one, in the order of their paths. A file that is as it was is left
    /// out. The files are read when it is asked; nothing is changed. This is what an undo of the target would do.
    fn diff(
        &self,
        conversation: ConversationId,
        target: Option<UndoTarget>,
    ) -> Read<'_, Vec<FileDiff>>;
    /// Records of the audit log, newest first.
    fn audit(
        &self,
        filter: AuditFilter,
        before: Option<String>,
        limit: u32,
    ) -> Read<'_, Page<AuditRecord>>;
    /// Proves that the audit log is as it was written, or names the first record that is not.
    fn audit_report(&self) -> Read<'_, AuditReport>;
    /// The databases, the personal one first; checked through and through if `is_checking`.
    fn databases(&self, is_checking: bool) -> Read<'_, Vec<DatabaseView>>;
    /// Paths of a workspace that fit what a person types, for completing: at most `limit` and 200, the best first.
    /// Hidden, ignored and sensitive names and links are left out. Answers at once with what is known: the first
    /// question about a workspace has it walked in the background. Units: Unicode text, compared without case.
    fn paths(&self, workspace: String, typed: String, limit: u32) -> Read<'_, PathHits>;
    /// A folder, and what trusting it would mean.
    fn workspace(&self, path: String) -> Read<'_, WorkspaceView>;
    /// What would be sent before the first word, in a conversation or in a new one in `workspace` and of `project`.
    fn prompt(
        &self,
        conversation: Option<ConversationId>,
        workspace: String,
        project: Option<ProjectId>,
    ) -> Read<'_, PromptReport>;
    /// Runs a turn again from its record, without the endpoint and without effects.
    fn replay(&self, turn: TurnId) -> Read<'_, ReplayReport>;
    /// What of a JSON text does not fit a JSON Schema, each with its place (a JSON pointer); empty if all does.
    /// Fails with [`crate::ProblemCode::InvalidInput`] if the schema is none, refers to anything outside of
    /// itself, or would ask for endless work.
    fn misfits(&self, schema: serde_json::Value, text: String) -> Read<'_, Vec<String>>;
    /// Browsers that are signed in, the last used first.
    fn sessions(&self) -> Read<'_, Vec<SessionView>>;
    /// The session of a cookie and a tab's secret, by their hashes; none if one of them is unknown, if they do not
    /// belong together, or if it has ended. Says nothing of which.
    fn session_by(&self, cookie_hash: String, tab_hash: String) -> Read<'_, Option<SessionView>>;
    /// The hashes of the tabs of a cookie's living session, for whoever proves to a tab that it is this host; empty if
    /// there is none.
    fn session_tabs(&self, cookie_hash: String) -> Read<'_, Vec<String>>;
    /// Living processes that listen, the oldest first.
    fn servers(&self) -> Read<'_, Vec<ServerView>>;
    /// The MCP servers of the user and of the project in `workspace`, as they are doing in this process; first those
    /// of the user, in the order of the config file.
    fn mcp_servers(&self, workspace: String) -> Read<'_, Vec<McpServerView>>;
    /// The last lines that an MCP server wrote or logged in this process, oldest first, 200 at most. Fails with
    /// [`crate::ProblemCode::NotFound`] if there is no such server.
    fn mcp_log(&self, server: String) -> Read<'_, Vec<String>>;
    /// What the servers that are ready let people read in `workspace`, server by server.
    fn mcp_resources(&self, workspace: String) -> Read<'_, Vec<McpResourceView>>;
    /// The prompts of the servers that are ready in `workspace`, server by server.
    fn mcp_prompts(&self, workspace: String) -> Read<'_, Vec<McpPromptView>>;
    /// What is installed as bundles, by name.
    fn bundles(&self) -> Read<'_, Vec<BundleView>>;
    /// What a bundle is and would be able to do. Looks it through and runs nothing of it. Fails where it is no
    /// bundle, is damaged, or is signed wrongly.
    fn inspect_bundle(&self, wish: BundleWish) -> Read<'_, BundleReport>;
    /// What is wrong with a bundle's folder, for whoever makes it; loads its toolsets.
    fn check_bundle(&self, folder: String) -> Read<'_, Vec<Finding>>;
    /// What a project's lock file names, in its order; empty if there is none.
    fn bundle_lock(&self, project: String) -> Read<'_, Vec<BundleLocked>>;
    /// The skills of `workspace`, by name; those of one name in the order in which they count. Files that cannot be
    /// used are there too, with what is wrong. Read from the files when it is asked.
    fn skills(&self, workspace: String) -> Read<'_, Vec<SkillView>>;
    /// The skill that counts for a name in `workspace`, or the file that fails to be one, with its instructions.
    /// Fails with [`crate::ProblemCode::NotFound`] if there is none.
    fn skill(&self, workspace: String, name: String) -> Read<'_, SkillView>;
    /// A skill's folder or file as it would be found, wherever it lies; `path` is absolute.
    fn skill_at(&self, path: String) -> Read<'_, SkillView>;
    /// Who this installation is.
    fn identity(&self) -> Read<'_, IdentityView>;
}
