//! A turn: what it needs, and its life from the first fact to the last.

use super::budget::Purse;
use super::catalog::Catalog;
use super::child::{Limiter, Seen};
use super::hand;
use super::plan::Planning;
use super::prompt;
use super::references;
use super::replay::Script;
use super::shared::Shared;
use super::steering::Steering;
use super::steps::{Progress, Steps};
use super::wire;
use crate::approvals::Asker;
use crate::config::Settings;
use crate::engine::Engine;
use crate::hooks;
use crate::modules::prefix;
use crate::skills::narrowed::Narrowed;
use anteroom_api::{
    Content, ConversationEvent, ConversationId, Event, Item, ItemBody, ItemEvent, ItemId, OpId,
    Origin, Problem, ProblemCode, Resolution, Status, Stop, StopReason, Topic, TurnEvent, TurnId,
    TurnOptions, Usage,
};
use anteroom_gate::{Asked, Gate};
use anteroom_model::{CallRequest, ChatRequest, Message};
use anteroom_storage::{PrefixGrowth, StorageError};
use anteroom_tools::{Definition, Session};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::{RwLock, oneshot};

/// Everything a turn needs; the same for a person's turn and a child agent's.
pub(crate) struct TurnContext {
    pub(crate) engine: Arc<Engine>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) conversation: ConversationId,
    pub(crate) turn: TurnId,
    pub(crate) workspace: PathBuf,
    pub(crate) session: Arc<Session>,
    pub(crate) gate: Gate,
    pub(crate) model: String,
    pub(crate) system: String,
    /// The tools offered, in the order that was first sent in this conversation.
    pub(crate) tools: Vec<Definition>,
    /// The tools that can be looked up.
    pub(crate) catalog: Catalog,
    /// What is not kept yet of what its requests begin with.
    pub(crate) unkept: Mutex<Option<PrefixGrowth>>,
    pub(crate) options: TurnOptions,
    pub(crate) root: Root,
    /// 0 for a person's turn.
    pub(crate) depth: u32,
    pub(crate) limiter: Arc<Limiter>,
    pub(crate) max_steps: u32,
    /// Input that a person adds while the turn runs.
    pub(crate) steering: Steering,
    /// Held by everything that runs for the turn beside its own task.
    pub(crate) busy: Arc<RwLock<()>>,
    /// What the turns of the conversation share.
    pub(crate) shared: Arc<Shared>,
    /// What may be spent; a child's is its parent's.
    pub(crate) purse: Arc<Purse>,
    /// Whether only a plan is made for now.
    pub(crate) planning: Planning,
    /// What skills leave of the tools.
    pub(crate) narrowed: Narrowed,
    /// What was shown of it, if it is a child's.
    pub(crate) seen: Seen,
    /// Its end is about to be told.
    pub(crate) is_over: AtomicBool,
    /// What stands in for endpoint, tools and people, if the turn is run again from its record.
    pub(crate) script: Option<Arc<Script>>,
}

/// Where a person sees this turn.
#[derive(Clone, Debug)]
pub(crate) struct Root {
    pub(crate) conversation: ConversationId,
    pub(crate) turn: TurnId,
    /// The child agent's name, if this is one.
    pub(crate) agent: Option<String>,
    /// The call that started the child, if this is one.
    pub(crate) item: Option<ItemId>,
}

/// What ends a turn from the host's side.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("the database failed")]
    Storage(#[from] StorageError),
    #[error("the model endpoint failed")]
    Model(#[source] Box<Problem>),
    #[error("a task of the turn failed: {0}")]
    Panic(String),
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Storage(error) => error.into(),
            Fault::Model(problem) => *problem,
            Fault::Panic(text) => {
                Self::new(ProblemCode::Internal, "the turn failed inside the host")
                    .cause(text)
                    .hint("try again; the log in the data folder tells more")
            }
        }
    }
}

/// What a turn came to.
#[derive(Clone, Debug)]
pub(crate) struct TurnReport {
    pub(crate) stop: StopReason,
    /// The words of the last message.
    pub(crate) text: String,
    pub(crate) steps: u32,
    /// Whether its end could be stored.
    pub(crate) is_told: bool,
}

impl TurnContext {
    /// The tool of that name, if this turn offers it or lets it be looked up.
    pub(crate) fn tool(&self, name: &str) -> Option<&Definition> {
        wire::tool(name, self.all_tools())
    }

    fn all_tools(&self) -> impl Iterator<Item = &Definition> + Clone {
        self.tools.iter().chain(self.catalog.deferred())
    }

    /// The gate that judges calls now.
    pub(crate) fn acting_gate(&self) -> Gate {
        let gate = self.planning.gate().unwrap_or(&self.gate);
        let tools = self.all_tools();
        let tools = tools.map(|definition| definition.tool.name.as_str());
        self.narrowed.gate(gate, tools)
    }

    /// Keeps what its requests begin with, if that is new. Where another process kept something else first, this turn
    /// goes on as it began, and the next one sends what is kept.
    pub(super) async fn keep_prefix(&self) {
        let unkept = self.unkept.lock();
        let unkept = unkept.unwrap_or_else(PoisonError::into_inner).take();
        if let Some(unkept) = unkept
            && !prefix::keep(&self.engine, self.conversation, unkept).await
        {
            self.shared.lose_prefix();
        }
    }

    /// A request with these messages.
    pub(crate) fn request(&self, messages: Vec<Message>) -> ChatRequest {
        ChatRequest {
            model: self.model.clone(),
            messages,
            tools: self.tools.iter().map(prompt::definition).collect(),
            extra: crate::wiring::request_extra(&self.settings),
        }
    }

    /// Asks a person. Anything but a timely yes is a no.
    pub(super) async fn ask_person(
        &self,
        asker: &Asker,
        asked: Asked,
        stop: &Stop,
    ) -> (Resolution, String) {
        match &self.script {
            Some(script) if asker.is_attended => script.resolution(asker, &asked),
            Some(_) => self.engine.desk.ask(asker, asked, stop).await,
            None => match hooks::approval_requested(self, (asker, &asked), stop).await {
                Some(no) => no,
                None => self.engine.desk.ask(asker, asked, stop).await,
            },
        }
    }

    pub(super) fn topic(&self) -> Topic {
        Topic::Conversation(self.conversation)
    }

    pub(super) fn user_item(&self, step: u32, content: Vec<Content>) -> Item {
        Item {
            id: self.engine.ambient.uuid().into(),
            turn: self.turn,
            step,
            status: Status::Completed,
            origin: Origin::Person,
            created_at: self.engine.ambient.now(),
            body: ItemBody::UserMessage { content },
        }
    }

    /// The fact that content from outside has entered with an item, if that is news.
    pub(super) fn tainted(&self, item: ItemId) -> Option<Event> {
        let source = self.gate.taint().take_untold()?;
        Some(Event::Conversation(ConversationEvent::Tainted {
            conversation: self.conversation,
            item,
            source,
        }))
    }

    /// The facts that a person's words bring.
    pub(super) fn said(&self, item: &Item) -> Vec<Event> {
        if let ItemBody::UserMessage { content } = &item.body {
            references::mark(&self.gate, content);
            self.narrowed.by_person(content);
        }
        let completed = Event::Item(ItemEvent::Completed(item.clone()));
        std::iter::once(completed)
            .chain(self.tainted(item.id))
            .collect()
    }

    /// What the host tells the model in the history.
    pub(super) fn host_item(&self, step: u32, content: Vec<Content>) -> Item {
        Item {
            origin: Origin::Host,
            ..self.user_item(step, content)
        }
    }
}

/// What a turn begins with.
pub(crate) struct Opening {
    /// The wish that led to it.
    pub(crate) cause: Option<OpId>,
    /// Facts that come before its own.
    pub(crate) before: Vec<Event>,
    pub(crate) input: Vec<Content>,
    /// The call that a person makes, if that is all there is to the turn.
    pub(crate) by_hand: Option<CallRequest>,
    /// Told once the first facts are stored; dropped if that fails.
    pub(crate) opened: Option<oneshot::Sender<()>>,
}

/// Runs a turn to its end and tells the end. Never panics on its own account; whoever spawns it tells a panic.
pub(crate) async fn run(turn: Arc<TurnContext>, opening: Opening, stop: Stop) -> TurnReport {
    let Opening {
        cause,
        before: mut untold,
        input,
        by_hand,
        opened,
    } = opening;
    untold.push(Event::Turn(TurnEvent::Started {
        turn: turn.turn,
        options: turn.options.clone(),
    }));
    let mut progress = Progress {
        since: Instant::now(),
        usage: Usage::default(),
        steps: 0,
        text: String::new(),
        untold,
        opened,
    };
    let wish = (cause, &stop);
    let ended = match by_hand {
        Some(call) => hand::run(&turn, wish, &mut progress, (input, call)).await,
        None => match Steps::new(&turn, wish, &mut progress).await {
            Ok(mut steps) => steps.run(input).await,
            Err(fault) => Err(fault),
        },
    };
    let reason = match ended {
        // The host's own end is no wish of the person's.
        Ok(StopReason::Cancelled) if turn.engine.is_stopping() => StopReason::Interrupted,
        Ok(reason) => reason,
        Err(fault) => StopReason::Failed {
            problem: fault.into(),
        },
    };
    hooks::turn_end(&turn, (&reason, progress.steps), &progress.text).await;
    let usage = progress.usage;
    let mut events = progress.untold;
    // Input that came too late for a step was acknowledged all the same: the next turn finds it.
    for content in turn.steering.close() {
        let item = turn.user_item(progress.steps, content);
        events.extend(turn.said(&item));
    }
    events.push(Event::Turn(TurnEvent::Ended {
        turn: turn.turn,
        stop: reason.clone(),
        usage,
    }));
    turn.is_over.store(true, Ordering::SeqCst);
    let told = turn.engine.bus.publish(turn.topic(), cause, events).await;
    let is_told = told.is_ok();
    if let Err(error) = told {
        // What cannot be stored is still told, as what it is.
        turn.engine
            .bus
            .trouble(turn.topic(), Some(turn.turn), error.into());
    }
    TurnReport {
        stop: reason,
        text: progress.text,
        steps: progress.steps,
        is_told,
    }
}
