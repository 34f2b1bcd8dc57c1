//! The views: questions without side effects, answered from storage and from what runs.

use crate::host::{Port, no_conversation};
use crate::{config, doctor, wiring};
use anteroom_api::reads::Read;
use anteroom_api::{
    Approval, AuditFilter, AuditRecord, AuditReport, BundleLocked, BundleReport, BundleView,
    BundleWish, CallHit, CanvasDiff, CanvasId, CanvasView, ChangeView, ConversationFilter,
    ConversationId, ConversationView, DatabaseView, EndpointReport, EndpointSpec, FileDiff,
    Finding, FolderView, FoundEndpoint, GrantOp, IdentityView, Item, ItemsAt, McpPromptView,
    McpResourceView, McpServerView, ModuleView, OpenApproval, Page, PathHits, Problem, ProblemCode,
    ProjectId, ProjectView, PromptReport, Question, QueuedInput, Reads, ReplayReport, RuleView,
    SearchHit, Seq, ServerView, SessionView, SettingsReport, SkillView, SpendingRow, TagView,
    TextVersion, TextView, Topic, TurnId, TurnView, UndoTarget, UnixMillis, WorkspaceView,
};
use std::sync::{Arc, Weak};

/// Entries a page holds at most.
const MAX_PAGE: u32 = 500;

/// The views of a running host.
pub(crate) struct View(Weak<Port>);

impl View {
    pub(crate) fn new(port: Weak<Port>) -> Self {
        Self(port)
    }

    fn port(&self) -> Result<Arc<Port>, Problem> {
        self.0.upgrade().ok_or_else(ended)
    }
}

fn ended() -> Problem {
    Problem::new(ProblemCode::Internal, "the host has ended")
}

impl Reads for View {
    fn conversations(
        &self,
        before: Option<String>,
        limit: u32,
    ) -> Read<'_, Page<ConversationView>> {
        Box::pin(async move {
            Ok(self
                .port()?
                .engine
                .storage
                .conversations(before, limit.min(MAX_PAGE))
                .await?)
        })
    }

    fn filtered(
        &self,
        filter: ConversationFilter,
        before: Option<String>,
        limit: u32,
    ) -> Read<'_, Page<ConversationView>> {
        Box::pin(async move {
            let storage = self.port()?.engine.storage.clone();
            Ok(storage
                .filtered(filter, before, limit.min(MAX_PAGE))
                .await?)
        })
    }

    fn tags(&self) -> Read<'_, Vec<TagView>> {
        Box::pin(async move { Ok(self.port()?.engine.storage.tags().await?) })
    }

    fn folders(&self) -> Read<'_, Vec<FolderView>> {
        Box::pin(async move { Ok(self.port()?.engine.storage.folders().await?) })
    }

    fn projects(&self) -> Read<'_, Vec<ProjectView>> {
        Box::pin(async move { Ok(self.port()?.engine.storage.projects().await?) })
    }

    fn text(&self, conversation: ConversationId, version: Option<u32>) -> Read<'_, TextView> {
        Box::pin(async move { crate::texts::read(&*self.port()?, conversation, version).await })
    }

    fn text_versions(&self, conversation: ConversationId) -> Read<'_, Vec<TextVersion>> {
        Box::pin(async move {
            let port = self.port()?;
            crate::texts::existing(&port, conversation).await?;
            Ok(port.engine.storage.text_versions(conversation).await?)
        })
    }

    fn spending(&self, since: UnixMillis) -> Read<'_, Vec<SpendingRow>> {
        Box::pin(async move { Ok(self.port()?.engine.storage.spending(since).await?) })
    }

    fn conversation(&self, conversation: ConversationId) -> Read<'_, ConversationView> {
        Box::pin(async move {
            let found = self
                .port()?
                .engine
                .storage
                .conversation(conversation)
                .await?;
            found.ok_or_else(|| no_conversation(conversation))
        })
    }

    fn conversation_markdown(&self, conversation: ConversationId) -> Read<'_, String> {
        Box::pin(async move { crate::markdown::of(&*self.port()?, conversation).await })
    }

    fn items(&self, conversation: ConversationId, at: ItemsAt, limit: u32) -> Read<'_, Page<Item>> {
        Box::pin(async move {
            Ok(self
                .port()?
                .engine
                .storage
                .items(conversation, at, limit.min(MAX_PAGE))
                .await?)
        })
    }

    fn turns(&self, conversation: ConversationId) -> Read<'_, Vec<TurnView>> {
        Box::pin(async move { Ok(self.port()?.engine.storage.turns(conversation).await?) })
    }

    fn queue(&self, conversation: ConversationId) -> Read<'_, Vec<QueuedInput>> {
        Box::pin(async move { Ok(self.port()?.engine.storage.queue(conversation).await?) })
    }

    fn approvals(&self, conversation: ConversationId) -> Read<'_, Vec<Approval>> {
        Box::pin(async move { crate::approvals::open_in(&*self.port()?, conversation).await })
    }

    fn questions(&self, conversation: ConversationId) -> Read<'_, Vec<Question>> {
        Box::pin(async move {
            Ok(self
                .port()?
                .engine
                .storage
                .open_questions(conversation)
                .await?)
        })
    }

    fn canvases(&self, conversation: ConversationId) -> Read<'_, Vec<CanvasView>> {
        Box::pin(async move { Ok(self.port()?.engine.storage.canvases(conversation).await?) })
    }

    fn canvas_versions(
        &self,
        conversation: ConversationId,
        canvas: CanvasId,
    ) -> Read<'_, Vec<CanvasView>> {
        Box::pin(async move {
            let storage = self.port()?.engine.storage.clone();
            Ok(storage.versions_of_canvas(conversation, canvas).await?)
        })
    }

    fn canvas_diff(
        &self,
        conversation: ConversationId,
        canvas: CanvasId,
        versions: (u32, u32),
    ) -> Read<'_, CanvasDiff> {
        Box::pin(async move {
            let storage = self.port()?.engine.storage.clone();
            let all = storage.versions_of_canvas(conversation, canvas).await?;
            crate::checkpoints::canvas_diff(&all, versions)
        })
    }

    fn search(
        &self,
        words: String,
        within: Option<ConversationId>,
        limit: u32,
    ) -> Read<'_, Vec<SearchHit>> {
        Box::pin(async move {
            let (storage, limit) = (self.port()?.engine.storage.clone(), limit.min(MAX_PAGE));
            Ok(match within {
                Some(conversation) => storage.search_within(conversation, &words, limit).await?,
                None => storage.search(&words, limit).await?,
            })
        })
    }

    fn host_seq(&self) -> Read<'_, Seq> {
        Box::pin(async move { Ok(self.port()?.engine.storage.last_seq(Topic::Host).await?) })
    }

    fn modules(&self, workspace: String) -> Read<'_, Vec<ModuleView>> {
        Box::pin(async move {
            let port = self.port()?;
            crate::modules::views(&port, &workspace).await
        })
    }

    fn settings(&self) -> Read<'_, SettingsReport> {
        Box::pin(async move { Ok(config::load(&self.port()?.live.sources())?.report) })
    }

    fn config_schema(&self) -> Read<'_, serde_json::Value> {
        Box::pin(async move { Ok(config::schema()) })
    }

    fn local_endpoints(&self) -> Read<'_, Vec<FoundEndpoint>> {
        Box::pin(async move {
            Ok(anteroom_model::local_endpoints(&anteroom_model::LOCAL_SERVERS).await)
        })
    }

    fn models(&self) -> Read<'_, Vec<String>> {
        Box::pin(async move {
            let engine = self.port()?.engine.clone();
            let client = engine.client(&engine.settings())?;
            client.models().await.map_err(Problem::from)
        })
    }

    fn test_endpoint(&self, endpoint: Option<EndpointSpec>) -> Read<'_, EndpointReport> {
        Box::pin(async move {
            let engine = self.port()?.engine.clone();
            let settings = engine.settings();
            let mut wanted = wiring::endpoint(&settings);
            let mut model = settings.ai.model.clone();
            if let Some(spec) = endpoint {
                wanted.base_url = spec.base_url;
                wanted.api_key = spec.api_key.map(anteroom_model::Secret::new);
                wanted.api_key_command = None;
                model = spec.model;
            }
            if wanted.base_url.is_empty() {
                return Err(crate::engine::not_connected());
            }
            Ok(anteroom_model::test_endpoint(wanted, model).await)
        })
    }

    fn doctor(&self) -> Read<'_, Vec<Finding>> {
        Box::pin(async move {
            let port = self.port()?;
            Ok(doctor::examine(&port).await)
        })
    }

    fn open_approvals(&self) -> Read<'_, Vec<OpenApproval>> {
        Box::pin(async move { crate::approvals::open_everywhere(&*self.port()?).await })
    }

    fn rules(&self) -> Read<'_, Vec<RuleView>> {
        Box::pin(async move { crate::rules::list(&*self.port()?).await })
    }

    fn calls(&self, id: String) -> Read<'_, Vec<CallHit>> {
        Box::pin(async move { crate::approvals::calls(&*self.port()?, id).await })
    }

    fn grants(&self) -> Read<'_, Vec<GrantOp>> {
        Box::pin(async move { Ok(self.port()?.engine.storage.all_grants().await?) })
    }

    fn changes(&self, conversation: ConversationId) -> Read<'_, Vec<ChangeView>> {
        Box::pin(async move { crate::checkpoints::changes(&*self.port()?, conversation).await })
    }

    fn diff(
        &self,
        conversation: ConversationId,
        target: Option<UndoTarget>,
    ) -> Read<'_, Vec<FileDiff>> {
        Box::pin(
            async move { crate::checkpoints::diff(&*self.port()?, conversation, target).await },
        )
    }

    fn audit(
        &self,
        filter: AuditFilter,
        before: Option<String>,
        limit: u32,
    ) -> Read<'_, Page<AuditRecord>> {
        Box::pin(async move {
            crate::audit::list(&*self.port()?, filter, before, limit.min(MAX_PAGE)).await
        })
    }

    fn audit_report(&self) -> Read<'_, AuditReport> {
        Box::pin(async move { crate::audit::report(&*self.port()?).await })
    }

    fn databases(&self, is_checking: bool) -> Read<'_, Vec<DatabaseView>> {
        Box::pin(async move { crate::database::list(&*self.port()?, is_checking).await })
    }

    fn paths(&self, workspace: String, typed: String, limit: u32) -> Read<'_, PathHits> {
        Box::pin(async move {
            let engine = self.port()?.engine.clone();
            crate::paths::find(&engine, workspace, (typed, limit)).await
        })
    }

    fn workspace(&self, path: String) -> Read<'_, WorkspaceView> {
        Box::pin(async move { crate::trust::view(&*self.port()?, path).await })
    }

    fn prompt(
        &self,
        conversation: Option<ConversationId>,
        workspace: String,
        project: Option<ProjectId>,
    ) -> Read<'_, PromptReport> {
        Box::pin(async move {
            let of = (conversation, project);
            crate::agent::prompt::report(&*self.port()?, of, workspace).await
        })
    }

    fn misfits(&self, schema: serde_json::Value, text: String) -> Read<'_, Vec<String>> {
        Box::pin(async move {
            let told = tokio::task::spawn_blocking(move || anteroom_tools::misfits(&schema, &text));
            let refused = |why: String| {
                Problem::new(ProblemCode::InvalidInput, "the JSON Schema cannot be used").cause(why)
            };
            match told.await {
                Ok(told) => told.map_err(|why| refused(why).hint("correct the schema")),
                Err(error) => Err(refused(error.to_string())),
            }
        })
    }

    fn sessions(&self) -> Read<'_, Vec<SessionView>> {
        Box::pin(async move { crate::sessions::all(&self.port()?.engine).await })
    }

    fn session_by(&self, cookie_hash: String, tab_hash: String) -> Read<'_, Option<SessionView>> {
        Box::pin(
            async move { crate::sessions::by(&self.port()?.engine, cookie_hash, tab_hash).await },
        )
    }

    fn session_tabs(&self, cookie_hash: String) -> Read<'_, Vec<String>> {
        Box::pin(async move { crate::sessions::tabs(&self.port()?.engine, cookie_hash).await })
    }

    fn servers(&self) -> Read<'_, Vec<ServerView>> {
        Box::pin(async move { crate::servers::all(&*self.port()?).await })
    }

    fn skills(&self, workspace: String) -> Read<'_, Vec<SkillView>> {
        Box::pin(async move { crate::skills::views(&*self.port()?, workspace).await })
    }

    fn skill(&self, workspace: String, name: String) -> Read<'_, SkillView> {
        Box::pin(async move { crate::skills::view(&*self.port()?, workspace, name).await })
    }

    fn skill_at(&self, path: String) -> Read<'_, SkillView> {
        Box::pin(async move { crate::skills::view_at(&*self.port()?, path).await })
    }

    fn mcp_servers(&self, workspace: String) -> Read<'_, Vec<McpServerView>> {
        Box::pin(async move { crate::mcp::servers(&*self.port()?, workspace).await })
    }

    fn mcp_log(&self, server: String) -> Read<'_, Vec<String>> {
        Box::pin(async move { crate::mcp::log(&*self.port()?, &server) })
    }

    fn mcp_resources(&self, workspace: String) -> Read<'_, Vec<McpResourceView>> {
        Box::pin(async move { crate::mcp::resources(&*self.port()?, workspace).await })
    }

    fn mcp_prompts(&self, workspace: String) -> Read<'_, Vec<McpPromptView>> {
        Box::pin(async move { crate::mcp::prompts(&*self.port()?, workspace).await })
    }

    fn bundles(&self) -> Read<'_, Vec<BundleView>> {
        Box::pin(async move { crate::bundles::list(&*self.port()?).await })
    }

    fn inspect_bundle(&self, wish: BundleWish) -> Read<'_, BundleReport> {
        Box::pin(async move { crate::bundles::inspect(&*self.port()?, wish).await })
    }

    fn check_bundle(&self, folder: String) -> Read<'_, Vec<Finding>> {
        Box::pin(async move { crate::bundles::check(&*self.port()?, folder).await })
    }

    fn bundle_lock(&self, project: String) -> Read<'_, Vec<BundleLocked>> {
        Box::pin(async move { crate::bundles::locked(&*self.port()?, project).await })
    }

    fn identity(&self) -> Read<'_, IdentityView> {
        Box::pin(async move { self.port()?.engine.audit.identity() })
    }

    fn replay(&self, turn: TurnId) -> Read<'_, ReplayReport> {
        Box::pin(async move { crate::agent::replay::replay(&*self.port()?, turn).await })
    }
}
