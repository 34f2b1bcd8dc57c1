//! One task per conversation owns its state; everybody else sends it letters.

mod queue;

use crate::agent::budget::Purse;
use crate::agent::child::Limiter;
use crate::agent::compact::{self, Sent};
use crate::agent::hand;
use crate::agent::past::{self, Past, Place as PastPlace};
use crate::agent::plan::Planning;
use crate::agent::prompt;
use crate::agent::references::{self, Surroundings};
use crate::agent::replay::Script;
use crate::agent::shared::Shared;
use crate::agent::steering::{Refused, Steering};
use crate::agent::titles::{self, Titling};
use crate::agent::turn::{self, Opening, Root, TurnContext, TurnReport};
use crate::endings;
use crate::engine::Engine;
use crate::filing;
use crate::modules::prefix::{self, Prefix};
pub(crate) use queue::Wish as QueueWish;
use anteroom_api::{
    Content, ConversationEvent, ConversationView, Event, OpId, Problem, ProblemCode, QueuedInput,
    Stop, StopReason, Topic, Trust, TurnEvent, TurnId, TurnOptions, Usage,
};
use anteroom_gate::{Gate, Place, Policy, Taint};
use anteroom_model::CallRequest;
use anteroom_tools::Session;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

/// Letters waiting for a conversation's task; senders wait beyond it.
const LETTERS: usize = 64;
/// Inputs waiting behind a running turn; one more is refused (spec: prompt queue).
const MAX_QUEUE: usize = 10;

/// What a letter's sender waits for: taken, or why not.
pub(crate) type Reply = oneshot::Sender<Result<(), Problem>>;

/// What others may want of a conversation.
pub(crate) enum Letter {
    Start {
        op: OpId,
        input: Vec<Content>,
        options: TurnOptions,
        reply: Reply,
    },
    /// One call that a person makes; only while nothing runs.
    Call {
        op: OpId,
        call: CallRequest,
        options: TurnOptions,
        reply: Reply,
    },
    Steer {
        turn: TurnId,
        input: Vec<Content>,
        reply: Reply,
    },
    Cancel {
        turn: TurnId,
        reply: Reply,
    },
    Unqueue {
        op: OpId,
        turn: TurnId,
        reply: Reply,
    },
    /// Changes what waits: its words or its place.
    Waiting {
        op: OpId,
        turn: TurnId,
        wish: queue::Wish,
        reply: Reply,
    },
    /// Whether the turn runs or waits here.
    Has {
        turn: TurnId,
        reply: oneshot::Sender<bool>,
    },
    /// Changes what has been; only while nothing runs.
    Past {
        op: OpId,
        wish: Past,
        reply: Reply,
    },
    /// Changes what of the history is sent; only while nothing runs.
    Sent {
        op: OpId,
        wish: Sent,
        reply: Reply,
    },
    /// Ends the running turn and the task. Answered when both have ended.
    Close {
        reply: oneshot::Sender<()>,
    },
}

/// The address of a conversation's task.
pub(crate) type Address = mpsc::Sender<Letter>;

/// Starts the task that owns a conversation.
pub(crate) fn spawn(engine: Arc<Engine>, view: ConversationView) -> Result<Address, Problem> {
    let (address, letters) = mpsc::channel(LETTERS);
    tokio::spawn(Owner::new(engine, view)?.run(letters));
    Ok(address)
}

/// What a turn needs that is run again from its record.
pub(crate) async fn again(
    engine: Arc<Engine>,
    view: ConversationView,
    (turn, options): (TurnId, TurnOptions),
    script: Arc<Script>,
) -> Result<Arc<TurnContext>, Problem> {
    let mut owner = Owner::new(engine, view)?;
    let is_by_hand = script.is_by_hand();
    owner
        .context(turn, (&options, is_by_hand), Some(script))
        .await
}

struct Owner {
    engine: Arc<Engine>,
    view: ConversationView,
    workspace: PathBuf,
    session: Arc<Session>,
    /// What the first request of this process said, kept so that later ones start with the same bytes.
    frozen: Option<Prefix>,
    queue: VecDeque<Waiting>,
    running: Option<Running>,
    is_titled: bool,
    /// Whether content from outside has entered; shared by all turns.
    taint: Taint,
    /// What its turns share.
    shared: Arc<Shared>,
    /// The first wish and the title made from its first line, until the model has named the conversation.
    untitled: Option<(String, String)>,
    titling: Option<(watch::Sender<bool>, JoinHandle<()>)>,
}

struct Waiting {
    op: OpId,
    input: Vec<Content>,
    options: TurnOptions,
    /// The call that a person makes, if that is all.
    by_hand: Option<CallRequest>,
}

struct Running {
    turn: TurnId,
    context: Arc<TurnContext>,
    raise: watch::Sender<bool>,
    task: JoinHandle<TurnReport>,
}

impl Owner {
    fn new(engine: Arc<Engine>, view: ConversationView) -> Result<Self, Problem> {
        let workspace = PathBuf::from(&view.workspace);
        let temp = engine.paths.temp(view.id);
        let session = Session::new(workspace.clone(), temp).map_err(Problem::from)?;
        let is_titled = !view.title.is_empty();
        let taint = match view.trust {
            Trust::Untrusted => Taint::earlier("read earlier in this conversation"),
            Trust::User | Trust::Workspace => Taint::default(),
        };
        Ok(Self {
            engine,
            view,
            workspace,
            session,
            frozen: None,
            queue: VecDeque::new(),
            running: None,
            is_titled,
            taint,
            shared: Arc::default(),
            untitled: None,
            titling: None,
        })
    }

    async fn run(mut self, mut letters: mpsc::Receiver<Letter>) {
        loop {
            let ended = async {
                match self.running.as_mut() {
                    Some(running) => (&mut running.task).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                report = ended => self.turn_ended(report).await,
                letter = letters.recv() => match letter {
                    None => return self.forget(),
                    Some(Letter::Close { reply }) => {
                        self.close().await;
                        self.forget();
                        let _ = reply.send(());
                        return;
                    }
                    Some(letter) => self.take(letter).await,
                },
            }
        }
    }

    async fn take(&mut self, letter: Letter) {
        match letter {
            Letter::Start {
                op,
                input,
                options,
                reply,
            } => {
                let taken = self.start(op, input, options).await;
                drop(reply.send(taken));
            }
            Letter::Call {
                op,
                call,
                options,
                reply,
            } => {
                self.see_end().await;
                let taken = self.call(op, call, options).await;
                drop(reply.send(taken));
            }
            Letter::Steer { turn, input, reply } => {
                let taken = self.steer(turn, input).await;
                drop(reply.send(taken));
            }
            Letter::Cancel { turn, reply } => drop(reply.send(self.cancel(turn))),
            Letter::Unqueue { op, turn, reply } => {
                let taken = self.unqueue(op, turn).await;
                drop(reply.send(taken));
            }
            Letter::Waiting {
                op,
                turn,
                wish,
                reply,
            } => {
                let taken = self.change_waiting(op, turn, wish).await;
                drop(reply.send(taken));
            }
            Letter::Has { turn, reply } => {
                let is_running = self
                    .running
                    .as_ref()
                    .is_some_and(|running| running.turn == turn);
                let is_waiting = self
                    .queue
                    .iter()
                    .any(|waiting| TurnId::from(waiting.op) == turn);
                let _ = reply.send(is_running || is_waiting);
            }
            Letter::Past { op, wish, reply } => {
                self.see_end().await;
                let taken = self.past(op, wish).await;
                drop(reply.send(taken));
            }
            Letter::Sent { op, wish, reply } => {
                self.see_end().await;
                let taken = self.send(op, wish).await;
                drop(reply.send(taken));
            }
            Letter::Close { .. } => {}
        }
    }

    /// Whoever was told the end of a turn may rely on it, also if its task is not quite done.
    async fn see_end(&mut self) {
        let Some(running) = self.running.as_mut() else {
            return;
        };
        if running.context.is_over.load(Ordering::SeqCst) {
            let report = (&mut running.task).await;
            self.turn_ended(report).await;
        }
    }

    /// Compacting takes a while and can be cancelled, so it runs as a turn does; input waits behind it.
    async fn send(&mut self, op: OpId, wish: Sent) -> Result<(), Problem> {
        if let Some(running) = &self.running {
            return Err(past::runs(running.turn));
        }
        if wish == Sent::Whole {
            return compact::undo(&self.engine, (self.view.id, &self.shared), op).await;
        }
        let context = self
            .context(op.into(), (&TurnOptions::default(), false), None)
            .await?;
        let (raise, stop) = Stop::new();
        let turn = context.clone();
        let task = tokio::spawn(async move { compact::on_demand(&turn, op, &stop).await });
        self.running = Some(Running {
            turn: op.into(),
            context,
            raise,
            task,
        });
        Ok(())
    }

    async fn past(&self, op: OpId, wish: Past) -> Result<(), Problem> {
        if let Some(running) = &self.running {
            return Err(past::runs(running.turn));
        }
        let place = PastPlace {
            engine: &self.engine,
            view: &self.view,
            session: &self.session,
        };
        past::perform(&place, op, wish).await
    }

    async fn start(
        &mut self,
        op: OpId,
        input: Vec<Content>,
        options: TurnOptions,
    ) -> Result<(), Problem> {
        let waiting = Waiting {
            op,
            input,
            options,
            by_hand: None,
        };
        if self.running.is_none() {
            return self.begin(waiting).await;
        }
        if self.queue.len() >= MAX_QUEUE {
            return Err(Problem::new(
                ProblemCode::LimitReached,
                format!("{MAX_QUEUE} inputs wait already"),
            )
            .hint("wait for one to run, or take one back"));
        }
        self.check(&waiting.input, &waiting.options).await?;
        let queued = QueuedInput {
            turn: op.into(),
            input: waiting.input.clone(),
            is_held: false,
        };
        self.tell(Some(op), vec![Event::Turn(TurnEvent::Queued { queued })])
            .await?;
        self.queue.push_back(waiting);
        Ok(())
    }

    /// Whether what an input refers to could be attached now, so that whoever wrote it hears at once if not.
    async fn check(&mut self, input: &[Content], options: &TurnOptions) -> Result<(), Problem> {
        let gate = self.gate(&self.engine.settings(), options).await?;
        let surroundings = Surroundings::new(&self.engine, &self.session, &gate);
        references::resolved(surroundings, input.to_vec(), options)
            .await
            .map(drop)
    }

    /// A call by hand does not wait behind a turn: who asked for it would look at something else by then.
    async fn call(
        &mut self,
        op: OpId,
        call: CallRequest,
        options: TurnOptions,
    ) -> Result<(), Problem> {
        if let Some(running) = &self.running {
            return Err(hand::busy(running.turn));
        }
        let waiting = Waiting {
            op,
            input: hand::asked(&call),
            options,
            by_hand: Some(call),
        };
        self.begin(waiting).await
    }

    async fn steer(&self, turn: TurnId, input: Vec<Content>) -> Result<(), Problem> {
        let running = self
            .running
            .as_ref()
            .filter(|running| running.turn == turn)
            .ok_or_else(not_running)?;
        let gate = &running.context.gate;
        let surroundings = Surroundings::new(&self.engine, &self.session, gate);
        let input = surroundings.attach(input).await?;
        running
            .context
            .steering
            .add(input)
            .map_err(|refused| match refused {
                Refused::Full => {
                    Problem::new(ProblemCode::LimitReached, "too many inputs wait already")
                        .hint("wait for the next step")
                }
                Refused::Closed => not_running(),
            })
    }

    fn cancel(&self, turn: TurnId) -> Result<(), Problem> {
        let running = self
            .running
            .as_ref()
            .filter(|running| running.turn == turn)
            .ok_or_else(not_running)?;
        running.raise.send_replace(true);
        Ok(())
    }

    fn forget(&self) {
        self.engine.memories.forget(self.view.id);
    }

    /// Takes over what other processes did to the conversation meanwhile.
    async fn catch_up(&mut self) -> Result<(), Problem> {
        let found = self.engine.storage.conversation(self.view.id).await?;
        let Some(view) = found else {
            return Err(crate::host::no_conversation(self.view.id));
        };
        self.is_titled |= !view.title.is_empty();
        if view.trust == Trust::Untrusted && !self.taint.is_marked() {
            self.taint = Taint::earlier("read earlier in this conversation");
        }
        Ok(())
    }

    async fn begin(&mut self, waiting: Waiting) -> Result<(), Problem> {
        endings::settle(&self.engine, self.view.id).await?;
        self.catch_up().await?;
        let turn = TurnId::from(waiting.op);
        let is_by_hand = waiting.by_hand.is_some();
        let context = self
            .context(turn, (&waiting.options, is_by_hand), None)
            .await?;
        let mut input = waiting.input;
        if !is_by_hand {
            let surroundings = Surroundings::new(&self.engine, &self.session, &context.gate);
            input = references::resolved(surroundings, input, &waiting.options).await?;
        }
        let mut before = Vec::new();
        // A call says little of what a conversation is about.
        if !self.is_titled && !is_by_hand {
            self.is_titled = true;
            let title = titles::first_line(&input);
            if context.settings.ai.titles && waiting.options.is_attended {
                let wish = titles::wish(&input);
                self.untitled = Some((wish, title.clone()));
            }
            before.push(Event::Conversation(ConversationEvent::Renamed {
                conversation: self.view.id,
                title,
            }));
        }
        if let Some(news) = past::news(&self.engine, self.view.id).await? {
            input.insert(0, news);
        }
        let (raise, stop) = Stop::new();
        let (opened, is_opened) = oneshot::channel();
        let opening = Opening {
            cause: Some(waiting.op),
            before,
            input,
            by_hand: waiting.by_hand,
            opened: Some(opened),
        };
        let task = tokio::spawn(turn::run(context.clone(), opening, stop));
        self.running = Some(Running {
            turn,
            context,
            raise,
            task,
        });
        // What is acknowledged is stored. If it cannot be, the end of the turn tells so.
        drop(is_opened.await);
        Ok(())
    }

    async fn turn_ended(&mut self, report: Result<TurnReport, tokio::task::JoinError>) {
        let Some(running) = self.running.take() else {
            return;
        };
        running.raise.send_replace(true);
        let report = endings::of(&running.context, report).await;
        self.entitle(running.context, report);
        while let Some(waiting) = self.queue.pop_front() {
            let turn = TurnId::from(waiting.op);
            let Err(problem) = self.begin(waiting).await else {
                return;
            };
            // What was acknowledged as queued must not vanish without a word.
            let ended = TurnEvent::Ended {
                turn,
                stop: StopReason::Failed {
                    problem: problem.clone(),
                },
                usage: Usage::default(),
            };
            if self
                .tell(
                    None,
                    vec![
                        Event::Turn(TurnEvent::Started {
                            turn,
                            options: TurnOptions::default(),
                        }),
                        Event::Turn(ended),
                    ],
                )
                .await
                .is_err()
            {
                self.engine
                    .bus
                    .trouble(Topic::Conversation(self.view.id), Some(turn), problem);
            }
        }
    }

    /// Asks for a title once the first turn has come to something. In an unattended run nobody waits for it.
    fn entitle(&mut self, turn: Arc<TurnContext>, report: TurnReport) {
        // Without words there was no model that could be asked, or it said nothing.
        let is_silent = report.text.is_empty();
        if is_silent
            || !matches!(
                report.stop,
                StopReason::EndTurn | StopReason::MaxSteps | StopReason::MaxTokens
            )
        {
            return;
        }
        let Some((wish, current)) = self.untitled.take() else {
            return;
        };
        let (raise, stop) = Stop::new();
        let titling = Titling {
            turn,
            wish,
            answer: report.text,
            current,
        };
        self.titling = Some((raise, tokio::spawn(titling.run(stop))));
    }

    async fn close(&mut self) {
        if let Some((raise, titling)) = self.titling.take() {
            raise.send_replace(true);
            drop(titling.await);
        }
        if let Some(running) = self.running.take() {
            running.raise.send_replace(true);
            drop(running.task.await);
        }
    }

    async fn tell(&self, cause: Option<OpId>, events: Vec<Event>) -> Result<(), Problem> {
        self.engine
            .bus
            .publish(Topic::Conversation(self.view.id), cause, events)
            .await?;
        Ok(())
    }

    async fn context(
        &mut self,
        turn: TurnId,
        (options, is_by_hand): (&TurnOptions, bool),
        script: Option<Arc<Script>>,
    ) -> Result<Arc<TurnContext>, Problem> {
        let settings = self.engine.settings();
        let model = match script.as_ref().and_then(|script| script.model()) {
            Some(model) => model,
            // None is asked; a child agent that is started by hand says what it lacks.
            None if is_by_hand => self.named_model(&settings, options).unwrap_or_default(),
            None => self.model(&settings, options).await?,
        };
        let mut frozen = self.frozen().await;
        if let Some(names) = script.as_ref().and_then(|script| script.tools()) {
            // Tools that came later were not offered then.
            frozen.tools.retain(|tool| names.contains(&tool.tool.name));
        }
        let gate = self.gate(&settings, options).await?;
        let max_steps = settings.cli.max_tool_iterations;
        Ok(Arc::new(TurnContext {
            conversation: self.view.id,
            turn,
            workspace: self.workspace.clone(),
            session: self.session.clone(),
            model,
            system: frozen.system,
            tools: if options.is_without_tools {
                Vec::new()
            } else {
                frozen.tools
            },
            options: options.clone(),
            root: Root {
                conversation: self.view.id,
                turn,
                agent: None,
                item: None,
            },
            depth: 0,
            limiter: Limiter::new(
                settings.safety.subagent.max_concurrent,
                settings.safety.subagent.max_depth,
            ),
            max_steps: options
                .max_steps
                .map_or(max_steps, |wanted| wanted.clamp(1, max_steps)),
            steering: Steering::open(),
            busy: Arc::default(),
            shared: self.shared.clone(),
            is_over: AtomicBool::new(false),
            purse: Purse::of_turn(&self.engine, &settings, self.view.id).await?,
            planning: Planning::new(options.is_plan, &gate),
            script,
            gate,
            settings,
            engine: self.engine.clone(),
        }))
    }

    async fn model(
        &self,
        settings: &crate::config::Settings,
        options: &TurnOptions,
    ) -> Result<String, Problem> {
        let client = self.engine.client(settings)?;
        match self.named_model(settings, options) {
            Some(model) => Ok(model),
            None => crate::engine::only_model(&client).await,
        }
    }

    fn named_model(
        &self,
        settings: &crate::config::Settings,
        options: &TurnOptions,
    ) -> Option<String> {
        let wanted = options.model.as_ref().or(self.view.model.as_ref());
        wanted.or(settings.ai.model.as_ref()).cloned()
    }

    /// What this turn's requests begin with: what was sent before, and the tools that came since.
    async fn frozen(&mut self) -> Prefix {
        let project = match self.frozen {
            Some(_) => None,
            None => filing::of(&self.engine, self.view.id).await,
        };
        let workspace = &self.workspace;
        let system =
            || prompt::render(&prompt::of_workspace(&self.engine, workspace, project.as_ref()));
        let offered = prefix::tools(&self.engine, &self.workspace).await;
        let before = self.frozen.clone();
        let next = prefix::next(&self.engine, self.view.id, before, (offered, system)).await;
        self.frozen = Some(next.clone());
        next
    }

    async fn gate(
        &mut self,
        settings: &crate::config::Settings,
        options: &TurnOptions,
    ) -> Result<Gate, Problem> {
        let memory = crate::rules::memory(&self.engine, self.view.id, &self.view.workspace).await?;
        let allowed = settings
            .safety
            .allowed_tools
            .iter()
            .chain(&options.allowed_tools);
        let mut policy = Policy {
            mode: options.mode.unwrap_or(settings.safety.approval_mode),
            allowed: crate::rules::parsed(allowed)?,
            denied: crate::rules::parsed(settings.safety.denied_tools.iter())?,
            tool_tiers: settings.safety.tool_tiers.clone(),
            custom_patterns: settings.safety.custom_patterns.clone(),
            sensitive_paths: settings.safety.sensitive_paths.clone(),
            ..Policy::default()
        };
        crate::sandbox::stand(&self.engine, settings, &mut policy).await;
        let place = Place {
            workspace: self.workspace.clone(),
            home: self.engine.paths.user_home.clone(),
            protected: vec![
                self.engine.paths.home.clone(),
                self.engine.paths.data.clone(),
            ],
            temp: self.engine.paths.temp(self.view.id).canonicalize().ok(),
        };
        let masker = crate::masking::masker(settings, self.engine.ambient.environment());
        let gate = Gate::new(policy, place, memory).map_err(|error| {
            Problem::new(
                ProblemCode::InvalidConfig,
                "the safety settings cannot be used",
            )
            .cause(error)
            .hint("see `aroom config show`, section `safety`")
        })?;
        Ok(gate.with_taint(self.taint.clone()).with_masker(masker))
    }
}

fn not_running() -> Problem {
    Problem::new(ProblemCode::Conflict, "this turn does not run any more")
}
