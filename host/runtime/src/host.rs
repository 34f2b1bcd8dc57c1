//! The host: put together at start, the only `match` on [`Op`], taken apart at the end.

use crate::agent::compact::{self, Sent};
use crate::agent::hand;
use crate::agent::past::{self, Past};
use crate::ambient::Ambient;
use crate::audit::Audit;
use crate::bus::Bus;
use crate::config::{self, FlagValue, Sources};
use crate::conversation::{self, Address, Letter, Reply};
use crate::engine::{Engine, EngineParts, Paths};
use crate::filing::{self, Beginning};
use crate::identity::Identity;
use crate::live::{self, Live};
use crate::reads::View;
use crate::{
    bundles, canvases, checkpoints, database, forwarding, mcp, modules, neighbors, recovery, rules,
    servers, sessions, skills, texts, trust, wiring,
};
use anteroom_api::{
    ApprovalOp, BoxFuture, ConversationEvent, ConversationId, ConversationKind, ConversationOp,
    ConversationView, ElicitationOp, Event, Filing, HostHandle, HostPort, Op, OpId, Problem,
    ProblemCode, Reads, Rejection, Seq, SettingOp, Signals, Stop, Topic, Trust, TurnOp, Usage,
};
use anteroom_storage::{Storage, UserStamp};
use anteroom_tools::{BuiltIn, Registry};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

/// The shell that commands run in.
pub(crate) const SHELL: &str = "bash";
/// The database's file in the data folder.
const DATABASE: &str = "anteroom.db";
/// How long the end may take (spec: shutdown within 2 s).
const STOP_PATIENCE: Duration = Duration::from_millis(1500);

/// What a host is started with.
pub struct HostOptions {
    /// Clock, ids, randomness, environment.
    pub ambient: Ambient,
    /// Where the person works.
    pub workspace: PathBuf,
    /// Settings given as flags: key, value, the flag's name.
    pub flags: Vec<FlagValue>,
    /// The embedded toolsets.
    pub built_in: &'static [BuiltIn],
}

/// A running host. Call [`Host::stop`] before the process ends.
pub struct Host {
    port: Arc<Port>,
}

pub(crate) struct Port {
    pub(crate) engine: Arc<Engine>,
    pub(crate) live: Live,
    conversations: Mutex<HashMap<ConversationId, Address>>,
    view: View,
    /// What listens to other processes.
    tasks: Mutex<Vec<AbortHandle>>,
}

impl Host {
    /// Reads the settings, opens the database, loads the tools, closes what a crash left open.
    ///
    /// # Errors
    /// A [`Problem`] that says what to do; nothing is left half done.
    pub async fn start(options: HostOptions) -> Result<Self, Problem> {
        Self::begin(options, None).await
    }

    /// Starts as if the user's config file were empty: to mend one that cannot be understood.
    ///
    /// # Errors
    /// As [`Host::start`].
    pub async fn start_without_config(options: HostOptions) -> Result<Self, Problem> {
        Self::begin(options, Some(String::new())).await
    }

    async fn begin(options: HostOptions, instead: Option<String>) -> Result<Self, Problem> {
        let environment = options.ambient.environment();
        let sources = Sources {
            home: wiring::home(environment)?,
            legacy: wiring::legacy(environment),
            project: Some(options.workspace.join(".anteroom").join(config::FILE_NAME)),
            is_project_trusted: false,
            environment: environment.clone(),
            flags: options.flags,
            instead,
        };
        // Where the database lies is nothing a project can say.
        let settings = trust::first(&sources)?;
        let paths = Paths {
            home: sources.home.clone(),
            data: settings.app.data_dir.clone(),
            user_home: environment.get("HOME").map(PathBuf::from),
        };
        let identity = Identity::ensure(&sources.home, &settings.identity, &options.ambient)?;
        let storage = Storage::open(&paths.data.join(DATABASE), options.ambient.now()).await?;
        let (sources, loaded) = trust::load(sources, &options.workspace, &storage).await?;
        let live = Live::new(sources, &loaded, &options.workspace);
        let settings = loaded.settings;
        let registry = Registry::open(wiring::tools(&settings, &paths.data, environment))?;
        for toolset in options.built_in {
            registry.add_packed(*toolset);
        }
        let user = UserStamp {
            user_id: identity.user_id().to_owned(),
            user_display_name: identity.display_name().to_owned(),
        };
        let bus = Bus::new(storage.clone(), options.ambient.clone(), user);
        let audit = Audit::new(
            storage.clone(),
            options.ambient.clone(),
            identity,
            paths.home.clone(),
        );
        let sealing = audit.watch(&bus);
        let engine = Engine::new(EngineParts {
            ambient: options.ambient,
            bus,
            storage,
            registry,
            paths,
            audit,
            settings,
        });
        database::follow_settings(&engine).await;
        recovery::close_dead_turns(&engine).await?;
        database::start_upkeep(&engine);
        checkpoints::start_tidying(&engine);
        let port = Arc::new_cyclic(|port| Port {
            engine,
            live,
            conversations: Mutex::default(),
            view: View::new(port.clone()),
            tasks: Mutex::default(),
        });
        modules::keeper::start(&port.engine, &options.workspace).await?;
        mcp::start(&port.engine, &options.workspace);
        bundles::start(&port).await;
        let mut tasks = neighbors::listen(&port).await?;
        tasks.push(sealing);
        tasks.push(tokio::spawn(live::watch(Arc::downgrade(&port))).abort_handle());
        port.tasks().extend(tasks);
        Ok(Self { port })
    }

    /// Sends what the whole process logs to this host's data folder. For the composition root: there is one log
    /// in a process, and many hosts may be.
    ///
    /// # Errors
    /// The file cannot be written, or logging was set up before.
    pub fn log(&self) -> Result<(), Problem> {
        let app = &self.port.engine.settings().app;
        crate::logs::start(&self.port.engine.paths.data, app.log_level, app.log_format)
    }

    /// The three doors.
    #[must_use]
    pub fn handle(&self) -> HostHandle {
        HostHandle::new(self.port.clone())
    }

    /// Ends all turns as interrupted, kills their processes, closes the database.
    pub async fn stop(self) {
        self.port.engine.begin_stopping();
        let addresses: Vec<Address> = self
            .port
            .addresses()
            .drain()
            .map(|(_, address)| address)
            .collect();
        let mut closing = Vec::new();
        for address in addresses {
            let (reply, closed) = oneshot::channel();
            if address.try_send(Letter::Close { reply }).is_ok() {
                closing.push(closed);
            }
        }
        let all = async {
            for closed in closing {
                drop(closed.await);
            }
        };
        if tokio::time::timeout(STOP_PATIENCE, all).await.is_err() {
            tracing::warn!("a turn did not end in time; the next start marks it as interrupted");
        }
        for task in self.port.tasks().drain(..) {
            task.abort();
        }
        if let Err(problem) = self.port.engine.audit.seal().await {
            tracing::warn!(%problem, "the end of the audit log is not signed");
        }
        if let Err(error) = self.port.engine.storage.clone().close().await {
            tracing::warn!(%error, "the database could not be closed in order; nothing acknowledged is lost");
        }
    }
}

impl HostPort for Port {
    fn submit(&self, op: Op) -> BoxFuture<'_, Result<OpId, Rejection>> {
        Box::pin(async move {
            let id = OpId(self.engine.ambient.uuid());
            if !forwarding::elsewhere(self, id, &op).await? {
                self.perform(id, op).await?;
            }
            Ok(id)
        })
    }

    fn follow(&self, topic: Topic, after: Option<Seq>) -> Signals {
        mcp::wake(&self.engine);
        self.engine.bus.follow(topic, after)
    }

    fn reads(&self) -> &dyn Reads {
        &self.view
    }

    fn asked_to_end(&self) -> Stop {
        self.engine.asked.stop()
    }
}

impl Port {
    /// Carries a wish out in this process.
    pub(crate) fn perform(&self, id: OpId, op: Op) -> BoxFuture<'_, Result<(), Problem>> {
        Box::pin(async move {
            match op {
                Op::Conversation(op) => self.conversation(id, op).await,
                Op::Turn(op) => self.turn(id, op).await,
                Op::Approval(ApprovalOp::Extend { approval }) => {
                    self.engine.desk.extend(id, approval).await
                }
                Op::Approval(ApprovalOp::Decide {
                    approval,
                    digest,
                    decision,
                    by,
                }) => self.engine.desk.decide(id, approval, &digest, decision, by),
                Op::Elicitation(ElicitationOp::Answer {
                    elicitation,
                    answer,
                }) => self.engine.desk.answer(id, elicitation, answer),
                Op::Module(op) => modules::take(self, id, op).await,
                Op::Rule(op) => rules::take(self, id, op).await,
                Op::Checkpoint(op) => checkpoints::take(self, id, op).await,
                Op::Database(op) => database::take(self, id, op).await,
                Op::Workspace(op) => trust::take(self, id, op).await,
                Op::Tag(op) => filing::tag(self, id, op).await,
                Op::Folder(op) => filing::folder(self, id, op).await,
                Op::Project(op) => filing::project(self, id, op).await,
                Op::Text(op) => texts::take(self, id, op).await,
                Op::Canvas(op) => canvases::take(self, id, op).await,
                Op::Session(op) => sessions::take(self, id, op).await,
                Op::Bundle(op) => bundles::take(self, id, op).await,
                Op::Server(op) => servers::take(self, op).await,
                Op::Mcp(op) => mcp::take(self, id, op).await,
                Op::Skill(op) => skills::take(self, op).await,
                Op::Setting(op) => self.setting(id, op).await,
            }
        })
    }

    /// Ends the task of a conversation that was deleted elsewhere.
    pub(crate) async fn let_go(&self, conversation: ConversationId) {
        let address = self.addresses().remove(&conversation);
        if let Some(address) = address {
            let (reply, closed) = oneshot::channel();
            if address.send(Letter::Close { reply }).await.is_ok() {
                drop(closed.await);
            }
        }
    }

    /// Ends the tasks of all conversations, whose state is about to be another.
    pub(crate) async fn close_conversations(&self) {
        let open: Vec<ConversationId> = self.addresses().keys().copied().collect();
        for conversation in open {
            self.let_go(conversation).await;
        }
    }

    async fn conversation(&self, id: OpId, op: ConversationOp) -> Result<(), Problem> {
        match op {
            ConversationOp::Open {
                workspace,
                title,
                model,
                project,
                database,
            } => {
                let begins = filing::begin(&self.engine, project, database).await?;
                let model = model.or_else(|| begins.model.clone());
                self.open(id, &workspace, (title, model, begins)).await
            }
            op @ (ConversationOp::Tag { .. }
            | ConversationOp::Move { .. }
            | ConversationOp::Assign { .. }
            | ConversationOp::Pin { .. }
            | ConversationOp::Configure { .. }) => filing::conversation(self, id, op).await,
            ConversationOp::Rewind {
                conversation,
                before,
                is_undoing,
            } => {
                let wish = Past::Rewind { before, is_undoing };
                past::ask(self, conversation, (id, wish)).await
            }
            ConversationOp::Fork {
                conversation,
                until,
            } => past::ask(self, conversation, (id, Past::Fork { until })).await,
            ConversationOp::Compact { conversation } => {
                compact::ask(self, conversation, (id, Sent::Less)).await
            }
            ConversationOp::Uncompact { conversation } => {
                compact::ask(self, conversation, (id, Sent::Whole)).await
            }
            ConversationOp::Rename {
                conversation,
                title,
            } => {
                self.existing(conversation).await?;
                let renamed = ConversationEvent::Renamed {
                    conversation,
                    title: title.trim().to_owned(),
                };
                self.tell(
                    Topic::Conversation(conversation),
                    id,
                    Event::Conversation(renamed),
                )
                .await
            }
            ConversationOp::Delete { conversation } => {
                self.existing(conversation).await?;
                self.let_go(conversation).await;
                let deleted = ConversationEvent::Deleted { conversation };
                let temp = self.engine.paths.temp(conversation);
                // What is left there is scratch; a failure shows in `aroom doctor` as size.
                drop(tokio::fs::remove_dir_all(temp).await);
                self.tell(Topic::Host, id, Event::Conversation(deleted))
                    .await
            }
        }
    }

    async fn open(
        &self,
        id: OpId,
        workspace: &str,
        (title, model, begins): (String, Option<String>, Beginning),
    ) -> Result<(), Problem> {
        let of_project = begins.workspace.as_deref().filter(|_| workspace.is_empty());
        let workspace = of_project.unwrap_or(workspace);
        let folder = Path::new(workspace);
        if workspace.is_empty() {
            return Err(Problem::new(
                ProblemCode::InvalidInput,
                "no folder to work in is named, and the project has none that counts",
            )
            .hint("name one with `--path DIR`; `aroom project list` says what counts"));
        }
        if !folder.is_absolute() {
            return Err(Problem::new(
                ProblemCode::InvalidInput,
                format!("the workspace `{workspace}` is not an absolute path"),
            ));
        }
        let folder = std::fs::canonicalize(folder).map_err(|error| {
            Problem::new(
                ProblemCode::NotFound,
                format!("the workspace `{workspace}` cannot be opened"),
            )
            .cause(error)
            .hint("name an existing folder with `--path DIR`")
        })?;
        if !folder.is_dir() {
            return Err(Problem::new(
                ProblemCode::InvalidInput,
                format!("`{workspace}` is not a folder"),
            ));
        }
        let now = self.engine.ambient.now();
        let view = ConversationView {
            id: id.into(),
            kind: ConversationKind::Chat,
            title: title.trim().to_owned(),
            workspace: folder.display().to_string(),
            model,
            mode: None,
            parent: None,
            forked_from: None,
            database: begins.database,
            filing: Filing {
                project: begins.project,
                ..Filing::default()
            },
            trust: Trust::User,
            created_at: now,
            updated_at: now,
            seq: Seq(0),
            running: None,
            usage: Usage::default(),
        };
        let address = conversation::spawn(self.engine.clone(), view.clone())?;
        let topic = Topic::Conversation(view.id);
        let conversation = view.id;
        self.tell(
            topic,
            id,
            Event::Conversation(ConversationEvent::Opened {
                conversation: Box::new(view),
            }),
        )
        .await?;
        self.addresses().insert(conversation, address);
        Ok(())
    }

    async fn turn(&self, id: OpId, op: TurnOp) -> Result<(), Problem> {
        let (reply, taken) = oneshot::channel();
        let (conversation, letter) = match op {
            TurnOp::Start {
                conversation,
                input,
                options,
            } => {
                if input.is_empty() {
                    return Err(Problem::new(ProblemCode::InvalidInput, "there is no input")
                        .hint("say what to do"));
                }
                (
                    conversation,
                    Letter::Start {
                        op: id,
                        input,
                        options,
                        reply,
                    },
                )
            }
            TurnOp::Call {
                conversation,
                tool,
                arguments,
                options,
            } => {
                let call = hand::request(&self.engine, tool, arguments)?;
                (
                    conversation,
                    Letter::Call {
                        op: id,
                        call,
                        options,
                        reply,
                    },
                )
            }
            TurnOp::Steer { turn, input } => (
                self.of_turn(turn).await?,
                Letter::Steer { turn, input, reply },
            ),
            TurnOp::Cancel { turn } => (self.of_turn(turn).await?, Letter::Cancel { turn, reply }),
            TurnOp::Unqueue { turn } if forwarding::discard(self, id, turn).await? => {
                return Ok(());
            }
            TurnOp::Unqueue { turn } => (
                self.of_turn(turn).await?,
                Letter::Unqueue {
                    op: id,
                    turn,
                    reply,
                },
            ),
            TurnOp::Reword { input, .. } if input.is_empty() => {
                return Err(Problem::new(ProblemCode::InvalidInput, "there is no input")
                    .hint("say what to do, or take it back"));
            }
            TurnOp::Reword { turn, input } => {
                let wish = conversation::QueueWish::Reword(input);
                (self.of_turn(turn).await?, waiting(id, turn, wish, reply))
            }
            TurnOp::Reorder { turn, ahead_of } => {
                let wish = conversation::QueueWish::Reorder(ahead_of);
                (self.of_turn(turn).await?, waiting(id, turn, wish, reply))
            }
            TurnOp::Release { turn, options } => {
                return forwarding::release(self, turn, options).await;
            }
        };
        let address = self.address(conversation).await?;
        address.send(letter).await.map_err(|_| closed())?;
        taken.await.map_err(|_| closed())?
    }

    async fn setting(&self, id: OpId, op: SettingOp) -> Result<(), Problem> {
        let (key, value) = match op {
            SettingOp::Change { key, value } => (key, Some(value)),
            SettingOp::Reset { key } => (key, None),
            SettingOp::Replace { text, was } => {
                config::replace(&self.live.sources(), &text, &was)?;
                return live::replaced_by(self, id).await;
            }
        };
        let file = self.live.sources().home.join(config::FILE_NAME);
        config::change(&file, &key, value.as_ref())?;
        live::changed_by(self, id, key).await
    }

    pub(crate) async fn tell(
        &self,
        topic: Topic,
        cause: OpId,
        event: Event,
    ) -> Result<(), Problem> {
        self.engine
            .bus
            .publish(topic, Some(cause), vec![event])
            .await?;
        Ok(())
    }

    pub(crate) async fn existing(
        &self,
        conversation: ConversationId,
    ) -> Result<ConversationView, Problem> {
        self.engine
            .storage
            .conversation(conversation)
            .await?
            .ok_or_else(|| no_conversation(conversation))
    }

    /// The task of a conversation, started if it is not running yet.
    pub(crate) async fn address(&self, conversation: ConversationId) -> Result<Address, Problem> {
        if let Some(address) = self.addresses().get(&conversation) {
            return Ok(address.clone());
        }
        let view = self.existing(conversation).await?;
        if view.kind != ConversationKind::Chat {
            return Err(Problem::new(
                ProblemCode::InvalidInput,
                match view.kind {
                    ConversationKind::Agent => {
                        "a child agent's conversation takes no input of its own"
                    }
                    _ => "a note or document takes no turns",
                },
            )
            .hint(match view.kind {
                ConversationKind::Agent => "write to the conversation that started it",
                _ => "send it to a chat: `/note send` there; or change it with `aroom note edit`",
            }));
        }
        if !Path::new(&view.workspace).is_dir() {
            return Err(Problem::new(
                ProblemCode::NotFound,
                format!(
                    "the workspace `{}` of this conversation is gone",
                    view.workspace
                ),
            )
            .hint("put the folder back, or start a new conversation"));
        }
        let address = conversation::spawn(self.engine.clone(), view)?;
        // Somebody else may have been faster; the first one stays.
        Ok(self
            .addresses()
            .entry(conversation)
            .or_insert(address)
            .clone())
    }

    async fn of_turn(&self, turn: anteroom_api::TurnId) -> Result<ConversationId, Problem> {
        let addresses: Vec<(ConversationId, Address)> = self
            .addresses()
            .iter()
            .map(|(id, address)| (*id, address.clone()))
            .collect();
        for (conversation, address) in addresses {
            let (reply, has) = oneshot::channel();
            if address.send(Letter::Has { turn, reply }).await.is_ok() && has.await == Ok(true) {
                return Ok(conversation);
            }
        }
        Err(Problem::new(
            ProblemCode::NotFound,
            "there is no such turn running or waiting here",
        ))
    }

    fn tasks(&self) -> std::sync::MutexGuard<'_, Vec<AbortHandle>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn addresses(&self) -> std::sync::MutexGuard<'_, HashMap<ConversationId, Address>> {
        self.conversations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn waiting(
    op: OpId,
    turn: anteroom_api::TurnId,
    wish: conversation::QueueWish,
    reply: Reply,
) -> Letter {
    Letter::Waiting {
        op,
        turn,
        wish,
        reply,
    }
}

pub(crate) fn no_conversation(conversation: ConversationId) -> Problem {
    Problem::new(
        ProblemCode::NotFound,
        format!("there is no conversation `{conversation}`"),
    )
    .hint("see `aroom conversation list`")
}

fn closed() -> Problem {
    Problem::new(ProblemCode::Internal, "the conversation's task has ended").hint("try again")
}
