//! What one call may ask of the runtime while it runs: approvals, questions, canvases, child agents.

use super::turn::TurnContext;
use super::{child, fork};
use crate::approvals::{Asker, Inquiry, NOBODY};
use crate::checkpoints::CallLedger;
use crate::rules;
use crate::skills::{self, By, Site};
use crate::tool_secrets;
use anteroom_api::{
    Answer, BoxFuture, CallDecision, CanvasEvent, CanvasId, CanvasView, ConversationId, Delta,
    Event, ItemId, OutputStream, Phase, Resolution, Scope, Stop, ToolView, Topic, Trust,
};
use anteroom_gate::{Asked, Taint};
use anteroom_storage::{ChangeOwner, Fault, StorageError};
use anteroom_tools::{
    AgentFailure, AgentOutcome, AgentTask, CanvasFailure, KeptBy, Ledger, LoadedSkill, SecretValue,
    Services, StoreFailure,
};
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::RwLock;

/// The longest body of a canvas.
const MAX_CANVAS_BYTES: usize = 1 << 20;

/// The services of one call. Cheap to clone.
#[derive(Clone)]
pub(crate) struct CallServices(Arc<Inner>);

pub(crate) struct Inner {
    turn: Arc<TurnContext>,
    item: ItemId,
    tool: String,
    stop: Stop,
    record: Mutex<CallRecord>,
    /// Held by everything that must come to its own end although the call was dropped.
    busy: Arc<RwLock<()>>,
}

impl Deref for CallServices {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// What became known of a call while it ran.
#[derive(Clone, Debug)]
pub(crate) struct CallRecord {
    pub(crate) decisions: Vec<CallDecision>,
    pub(crate) child: Option<ConversationId>,
    /// The highest distrust among what a child read to answer.
    pub(crate) trust: Trust,
    /// What hooks and the host itself add to the result.
    pub(crate) context: String,
}

impl Default for CallRecord {
    fn default() -> Self {
        Self {
            decisions: Vec::new(),
            child: None,
            trust: Trust::Workspace,
            context: String::new(),
        }
    }
}

impl CallServices {
    pub(crate) fn new(turn: Arc<TurnContext>, item: ItemId, tool: String, stop: Stop) -> Self {
        let (record, busy) = (Mutex::default(), Arc::default());
        Self(Arc::new(Inner {
            turn,
            item,
            tool,
            stop,
            record,
            busy,
        }))
    }

    /// Waits until questions and children of a dropped call have come to their end, so that their facts are
    /// told before the call's.
    pub(crate) async fn settled(&self) {
        drop(self.busy.write().await);
    }

    /// Runs a future to its end even if whoever waits for it goes away.
    pub(crate) async fn to_the_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let busy = self.busy.clone().read_owned().await;
        let task = tokio::spawn(async move {
            let done = work.await;
            drop(busy);
            done
        });
        task.await.ok()
    }

    /// What was decided, and the child that was started.
    pub(crate) fn record(&self) -> CallRecord {
        self.lock().clone()
    }

    /// The turn it belongs to.
    pub(crate) fn turn(&self) -> &Arc<TurnContext> {
        &self.turn
    }

    /// The item that shows it.
    pub(crate) fn item(&self) -> ItemId {
        self.item
    }

    /// Takes what is added to the result.
    pub(crate) fn add_context(&self, context: String) {
        let held = &mut self.lock().context;
        if !held.is_empty() && !context.is_empty() {
            held.push_str("\n\n");
        }
        held.push_str(&context);
    }

    /// Raised when it is to end.
    pub(crate) fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// Asks the person something that is no approval.
    pub(crate) async fn inquire(&self, inquiry: Inquiry) -> Answer {
        let services = self.clone();
        let ask = async move {
            let (asker, desk) = (services.asker(), &services.turn.engine.desk);
            desk.question(&asker, inquiry, &services.stop).await
        };
        self.to_the_end(ask).await.unwrap_or(Answer::NotAnswered)
    }

    fn asker(&self) -> Asker {
        Asker {
            conversation: self.turn.root.conversation,
            turn: self.turn.root.turn,
            item: self.item,
            tool: self.tool.clone(),
            agent: self.turn.root.agent.clone(),
            is_attended: self.turn.options.is_attended,
            patience: self.turn.settings.safety.approval_timeout,
            unseen: self.turn.settings.safety.approval_unseen,
        }
    }

    fn topic(&self) -> Topic {
        Topic::Conversation(self.turn.conversation)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, CallRecord> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps an "always" answer in the database; a session answer lives in the gate's memory only.
    async fn keep(&self, asked: &Asked, resolution: &Resolution) {
        let Resolution::Allowed {
            scope: Scope::Always,
        } = resolution
        else {
            return;
        };
        let offer = asked
            .scopes
            .iter()
            .find(|offer| offer.scope == Scope::Always);
        let Some(rule) = offer.and_then(|offer| offer.rule.clone()) else {
            return;
        };
        let days = self.turn.settings.safety.grant_days;
        let kept = rules::keep(&self.turn.engine, rule, &self.turn.workspace, days).await;
        if let Err(error) = kept {
            tracing::warn!(%error, "could not keep a rule; it holds until this process ends");
        }
    }

    /// Asks, and tells the frontends meanwhile what the turn waits for.
    pub(crate) async fn ask_person(&self, asked: Asked) -> (Resolution, String) {
        let services = self.clone();
        let answer = self
            .to_the_end(async move { services.ask_now(asked).await })
            .await;
        answer.unwrap_or((Resolution::NotAnswered, NOBODY.to_owned()))
    }

    async fn ask_now(&self, asked: Asked) -> (Resolution, String) {
        let phase = |phase| Delta::Phase {
            turn: self.turn.root.turn,
            phase,
        };
        let root = Topic::Conversation(self.turn.root.conversation);
        self.turn
            .engine
            .bus
            .preview(root, phase(Phase::WaitingForApproval));
        let (resolution, by) = self
            .turn
            .ask_person(&self.asker(), asked.clone(), &self.stop)
            .await;
        self.keep(&asked, &resolution).await;
        self.turn.engine.bus.preview(
            root,
            phase(Phase::Running {
                tool: self.tool.clone(),
            }),
        );
        (resolution, by)
    }

    pub(crate) fn note(&self, decision: CallDecision) {
        self.lock().decisions.push(decision);
    }

    async fn save_canvas(&self, canvas: CanvasView) -> Result<CanvasView, CanvasFailure> {
        let event = Event::Canvas(CanvasEvent::Saved {
            canvas: canvas.clone(),
        });
        match self
            .turn
            .engine
            .bus
            .publish(self.topic(), None, vec![event])
            .await
        {
            Ok(_) => Ok(canvas),
            Err(StorageError {
                fault: Fault::StaleCanvas { current },
                ..
            }) => Err(CanvasFailure::Conflict(current)),
            Err(error) => Err(CanvasFailure::Invalid(format!(
                "it could not be saved: {error}"
            ))),
        }
    }

    async fn find_canvas(&self, id: &str) -> Result<CanvasView, CanvasFailure> {
        let id: CanvasId = id.parse().map_err(|_| CanvasFailure::NotFound)?;
        let (engine, conversation) = (&self.turn.engine, self.turn.conversation);
        let failed = |error: &dyn std::fmt::Display| CanvasFailure::Invalid(error.to_string());
        let names = fork::canvas_names(engine, conversation, id).await;
        for name in names.map_err(|problem| failed(&problem))? {
            let found = engine.storage.canvas(conversation, name).await;
            if let Some(canvas) = found.map_err(|error| failed(&error))? {
                return Ok(canvas);
            }
        }
        Err(CanvasFailure::NotFound)
    }
}

impl Services for CallServices {
    fn ask(&self, asked: Asked) -> BoxFuture<'_, (Resolution, String)> {
        Box::pin(self.ask_person(asked))
    }

    fn is_attended(&self) -> bool {
        self.turn.options.is_attended
    }

    fn decided(&self, decision: CallDecision) {
        self.note(decision);
    }

    fn question(
        &self,
        text: String,
        options: Vec<String>,
        is_multiple: bool,
    ) -> BoxFuture<'_, Answer> {
        Box::pin(self.inquire(Inquiry {
            text,
            options,
            is_multiple,
            ..Inquiry::default()
        }))
    }

    fn output(&self, stream: OutputStream, text: String) {
        self.turn.engine.bus.preview(
            self.topic(),
            Delta::Output {
                item: self.item,
                stream,
                text,
            },
        );
    }

    fn progress(&self, message: String, fraction: Option<f32>) {
        self.turn.engine.bus.preview(
            self.topic(),
            Delta::Progress {
                item: self.item,
                message,
                fraction,
            },
        );
    }

    fn canvas_create(
        &self,
        title: String,
        kind: String,
        body: String,
    ) -> BoxFuture<'_, Result<CanvasView, CanvasFailure>> {
        Box::pin(async move {
            check_size(&body)?;
            self.save_canvas(CanvasView {
                id: self.turn.engine.ambient.uuid().into(),
                conversation: self.turn.conversation,
                title,
                kind,
                version: 1,
                body,
                updated_at: self.turn.engine.ambient.now(),
            })
            .await
        })
    }

    fn canvas_get(&self, id: String) -> BoxFuture<'_, Result<CanvasView, CanvasFailure>> {
        Box::pin(async move { self.find_canvas(&id).await })
    }

    fn canvas_update(
        &self,
        id: String,
        base_version: u32,
        body: String,
    ) -> BoxFuture<'_, Result<CanvasView, CanvasFailure>> {
        Box::pin(async move {
            check_size(&body)?;
            let current = self.find_canvas(&id).await?;
            if current.version != base_version {
                return Err(CanvasFailure::Conflict(current.version));
            }
            let version = base_version + 1;
            self.save_canvas(CanvasView {
                version,
                body,
                updated_at: self.turn.engine.ambient.now(),
                ..current
            })
            .await
        })
    }

    fn skill(&self, name: String, arguments: String) -> BoxFuture<'_, Result<LoadedSkill, String>> {
        let turn = &self.turn;
        let site = Site::new(
            &turn.engine,
            &turn.workspace,
            &turn.gate,
            turn.root.conversation,
        );
        Box::pin(async move {
            let taken = site.take_up((name, arguments), By::Model).await;
            let taken = taken.map_err(|problem| skills::in_words(&problem))?;
            if let Some(tools) = &taken.allowed_tools {
                self.note(skills::narrowed::decision(&taken.name, tools));
            }
            Ok(taken.into_loaded())
        })
    }

    fn find_tools(
        &self,
        query: String,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<ToolView>, String>> {
        let found = self.turn.catalog.find(&query, limit).map(|found| {
            self.add_context(found.words.unwrap_or_default());
            found.tools
        });
        Box::pin(std::future::ready(found))
    }

    fn store_get(
        &self,
        owner: KeptBy,
        key: String,
    ) -> BoxFuture<'_, Result<Option<Vec<u8>>, StoreFailure>> {
        Box::pin(self.stored(owner, key))
    }

    fn store_set(
        &self,
        owner: KeptBy,
        key: String,
        value: Vec<u8>,
    ) -> BoxFuture<'_, Result<(), StoreFailure>> {
        Box::pin(self.store(owner, (key, value)))
    }

    fn store_delete(
        &self,
        owner: KeptBy,
        key: String,
    ) -> BoxFuture<'_, Result<bool, StoreFailure>> {
        Box::pin(self.unstore(owner, key))
    }

    fn store_list(
        &self,
        owner: KeptBy,
        prefix: String,
    ) -> BoxFuture<'_, Result<Vec<String>, StoreFailure>> {
        Box::pin(self.stored_keys(owner, prefix))
    }

    fn secret(&self, name: &str, host: &str) -> Option<SecretValue> {
        let entries = &self.turn.settings.safety.tool_secrets;
        let environment = self.turn.engine.ambient.environment();
        tool_secrets::value(entries, environment, (name, host)).map(SecretValue::new)
    }

    fn ledger(&self) -> Option<Arc<dyn Ledger>> {
        let turn = &self.turn;
        let owner = ChangeOwner {
            conversation: turn.conversation,
            turn: turn.turn,
            root: turn.root.conversation,
            root_turn: turn.root.turn,
            item: self.item,
            tool: self.tool.clone(),
        };
        turn.settings.checkpoints.enabled.then(|| {
            let ledger: Arc<dyn Ledger> = Arc::new(CallLedger::new(turn.engine.clone(), owner));
            ledger
        })
    }

    fn run_agent(&self, task: AgentTask) -> BoxFuture<'_, Result<AgentOutcome, AgentFailure>> {
        let services = self.clone();
        let run = async move {
            let mut taint = Taint::default();
            let started = |child, childs: Taint| {
                services.lock().child = Some(child);
                taint = childs;
            };
            let ended = child::run(
                &services.turn,
                services.item,
                task,
                services.stop.clone(),
                started,
            )
            .await;
            if taint.is_marked() {
                // What the child has read from outside may stand in its answer.
                services.lock().trust = Trust::Untrusted;
            }
            ended
        };
        let failed = || {
            Err(AgentFailure::Failed(
                "it could not finish because of an error".into(),
            ))
        };
        Box::pin(async move { self.to_the_end(run).await.unwrap_or_else(failed) })
    }
}

fn check_size(body: &str) -> Result<(), CanvasFailure> {
    if body.len() > MAX_CANVAS_BYTES {
        return Err(CanvasFailure::Invalid(format!(
            "a canvas holds at most {MAX_CANVAS_BYTES} bytes, this has {}",
            body.len()
        )));
    }
    Ok(())
}
