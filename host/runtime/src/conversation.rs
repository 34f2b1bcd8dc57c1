//! One task per conversation owns its state; everybody else sends it letters.

mod context;
mod queue;

use crate::agent::compact::{self, Sent};
use crate::agent::hand;
use crate::agent::past::{self, Past, Place as PastPlace};
use crate::agent::references::{self, Surroundings};
use crate::agent::replay::Script;
use crate::agent::shared::Shared;
use crate::agent::steering::Refused;
use crate::agent::titles::{self, Titling};
use crate::agent::turn::{self, Opening, TurnContext, TurnReport};
use crate::endings;
use crate::engine::Engine;
use crate::hooks;
use crate::modules::prefix::Prefix;
use crate::skills::{self, Site};
use anteroom_api::{
    Content, ConversationEvent, ConversationView, Event, OpId, Problem, ProblemCode, QueuedInput,
    Stop, StopReason, Topic, Trust, TurnEvent, TurnId, TurnOptions, Usage,
};
use anteroom_gate::{Gate, Taint};
use anteroom_model::CallRequest;
use anteroom_storage::Outset;
use anteroom_tools::Session;
pub(crate) use queue::Wish as QueueWish;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
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
    let outset = owner.outset().await?;
    owner
        .context((turn, outset), (&options, is_by_hand), Some(script))
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
        let outset = self.outset().await?;
        let context = self
            .context((op.into(), outset), (&TurnOptions::default(), false), None)
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
        let rules = self.outset().await?.rules;
        let gate = self.gate(&self.engine.settings(), options, &rules).await?;
        let place = (self.workspace.as_path(), &self.session);
        let surroundings = Surroundings::new(&self.engine, place, &gate);
        let input = self.skills(&gate, input.to_vec()).await?;
        references::resolved(surroundings, input, options)
            .await
            .map(drop)
    }

    /// The input with what the skills in it come to.
    async fn skills(&self, gate: &Gate, input: Vec<Content>) -> Result<Vec<Content>, Problem> {
        let site = || Site::new(&self.engine, &self.workspace, gate, self.view.id);
        skills::resolved(site, input).await
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
        let place = (self.workspace.as_path(), &self.session);
        let surroundings = Surroundings::new(&self.engine, place, gate);
        let input = self.skills(gate, input).await?;
        let input = surroundings.attach(input).await?;
        let input = hooks::turn_start(&running.context, input, true).await?;
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
    fn catch_up(&mut self, outset: &Outset) -> Result<(), Problem> {
        let Some(view) = &outset.conversation else {
            return Err(crate::host::no_conversation(self.view.id));
        };
        self.is_titled |= !view.title.is_empty();
        self.view.model.clone_from(&view.model);
        if view.trust == Trust::Untrusted && !self.taint.is_marked() {
            self.taint = Taint::earlier("read earlier in this conversation");
        }
        Ok(())
    }

    async fn begin(&mut self, waiting: Waiting) -> Result<(), Problem> {
        endings::settle(&self.engine, self.view.id).await?;
        let outset = self.outset().await?;
        self.catch_up(&outset)?;
        let turn = TurnId::from(waiting.op);
        let is_by_hand = waiting.by_hand.is_some();
        let has_undone = outset.has_undone;
        let context = self
            .context((turn, outset), (&waiting.options, is_by_hand), None)
            .await?;
        let mut input = waiting.input;
        if !is_by_hand {
            let place = (self.workspace.as_path(), &self.session);
            let surroundings = Surroundings::new(&self.engine, place, &context.gate);
            input = self.skills(&context.gate, input).await?;
            input = references::resolved(surroundings, input, &waiting.options).await?;
            input = hooks::turn_start(&context, input, false).await?;
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
        if has_undone && let Some(news) = past::news(&self.engine, self.view.id).await? {
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
}

fn not_running() -> Problem {
    Problem::new(ProblemCode::Conflict, "this turn does not run any more")
}
