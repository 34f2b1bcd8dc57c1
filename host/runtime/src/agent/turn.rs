//! The loop: ask the model, run its calls, until it has nothing more to do.

use super::child::Limiter;
use super::draft::{Draft, DraftPlace, WRITE_BEHIND};
use super::steering::Steering;
use super::{calls, history, record};
use crate::config::Settings;
use crate::engine::Engine;
use anteroom_api::{
    Content, ConversationId, Event, Item, ItemBody, ItemEvent, ItemId, OpId, Origin, Problem,
    ProblemCode, Status, Stop, StopReason, Topic, TurnEvent, TurnId, TurnOptions, Usage,
};
use anteroom_gate::Gate;
use anteroom_model::{Answer, ChatRequest, Client, Finish, Message, ModelError, ToolDefinition};
use anteroom_storage::StorageError;
use anteroom_tools::{Definition, Session};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::RwLock;

/// Said to the model when the step limit is reached.
const LAST_WORDS: &str = "[The step limit of this turn is reached. Do not call tools. Say in a few sentences what is done and what is left.]";

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
    /// The tool of that name, if this turn offers it.
    pub(crate) fn tool(&self, name: &str) -> Option<&Definition> {
        self.tools
            .iter()
            .find(|definition| definition.tool.name == name)
    }

    fn topic(&self) -> Topic {
        Topic::Conversation(self.conversation)
    }

    fn definitions(&self) -> Vec<ToolDefinition> {
        let define = |definition: &Definition| ToolDefinition {
            name: definition.tool.name.clone(),
            description: definition.tool.description.clone(),
            parameters: definition.tool.input_schema.clone(),
        };
        self.tools.iter().map(define).collect()
    }

    fn user_item(&self, step: u32, content: Vec<Content>) -> Item {
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
}

/// Runs a turn to its end and tells the end. Never panics on its own account; whoever spawns it tells a panic.
pub(crate) async fn run(
    turn: Arc<TurnContext>,
    cause: Option<OpId>,
    before: Vec<Event>,
    input: Vec<Content>,
    stop: Stop,
) -> TurnReport {
    let mut progress = Progress {
        since: Instant::now(),
        usage: Usage::default(),
        steps: 0,
        text: String::new(),
        untold: Vec::new(),
    };
    let ended = Loop {
        turn: &turn,
        stop: &stop,
        progress: &mut progress,
    }
    .go(cause, before, input)
    .await;
    let reason = match ended {
        // The host's own end is no wish of the person's.
        Ok(StopReason::Cancelled) if turn.engine.is_stopping() => StopReason::Interrupted,
        Ok(reason) => reason,
        Err(fault) => StopReason::Failed {
            problem: fault.into(),
        },
    };
    let usage = progress.usage;
    let mut events = progress.untold;
    // Input that came too late for a step was acknowledged all the same: the next turn finds it.
    for content in turn.steering.close() {
        let item = turn.user_item(progress.steps, content);
        events.push(Event::Item(ItemEvent::Completed(item)));
    }
    events.push(Event::Turn(TurnEvent::Ended {
        turn: turn.turn,
        stop: reason.clone(),
        usage,
    }));
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

struct Progress {
    since: Instant,
    usage: Usage,
    steps: u32,
    text: String,
    /// Facts that go out with the next ones, to spare a commit.
    untold: Vec<Event>,
}

struct Loop<'a> {
    turn: &'a Arc<TurnContext>,
    stop: &'a Stop,
    progress: &'a mut Progress,
}

/// How one model request went.
enum Asked {
    Answered(Box<Answer>, Vec<Item>),
    Stopped,
}

impl Loop<'_> {
    async fn go(
        &mut self,
        cause: Option<OpId>,
        before: Vec<Event>,
        input: Vec<Content>,
    ) -> Result<StopReason, Fault> {
        let turn = self.turn;
        let mut request = self.first_request(before, input).await?;
        for step in 1..=turn.max_steps {
            self.steer(step, &mut request.messages);
            self.begin(cause, step).await?;
            let (mut answer, said) = match self.ask(&request, step).await? {
                Asked::Stopped => return Ok(StopReason::Cancelled),
                Asked::Answered(answer, said) => (answer, said),
            };
            history::make_ids_unique(&request.messages, &mut answer.calls);
            let usage = self.account(&request, &answer);
            let ended = TurnEvent::StepEnded {
                turn: turn.turn,
                step,
                usage,
                record: Some(record::of(&request, &answer)),
            };
            self.told(said.iter().cloned());
            if answer.calls.is_empty() {
                self.progress.untold.push(Event::Turn(ended));
                if !turn.steering.is_empty() {
                    history::push_step(&mut request.messages, &said);
                    continue;
                }
                return Ok(stop_reason(&answer));
            }
            let untold = std::mem::take(&mut self.progress.untold);
            turn.engine.bus.publish(turn.topic(), cause, untold).await?;
            let finish = answer.finish.clone();
            let done = calls::run(turn, step, answer.calls, self.stop).await?;
            let mut whole = said;
            whole.extend(done);
            history::push_step(&mut request.messages, &whole);
            self.progress.untold.push(Event::Turn(ended));
            if self.stop.is_raised() {
                return Ok(StopReason::Cancelled);
            }
            if finish == Finish::Length {
                return Ok(StopReason::MaxTokens);
            }
        }
        self.last_words(cause, request).await
    }

    /// The history with the new input, and the facts that the turn begins with.
    async fn first_request(
        &mut self,
        before: Vec<Event>,
        input: Vec<Content>,
    ) -> Result<ChatRequest, Fault> {
        let turn = self.turn;
        let items = turn.engine.storage.all_items(turn.conversation).await?;
        let mut messages = history::messages(&turn.system, &items);
        let user = turn.user_item(0, input);
        history::push_step(&mut messages, std::slice::from_ref(&user));
        self.progress.untold = before;
        self.progress.untold.extend([
            Event::Turn(TurnEvent::Started { turn: turn.turn, options: turn.options.clone() }),
            Event::Item(ItemEvent::Completed(user)),
        ]);
        Ok(ChatRequest {
            model: turn.model.clone(),
            messages,
            tools: turn.definitions(),
            extra: crate::wiring::request_extra(&turn.settings),
        })
    }

    /// The step limit: the model is told and asked to close. The tools stay in the request, so that its
    /// prefix is the same, but may not be called.
    async fn last_words(
        &mut self,
        cause: Option<OpId>,
        mut request: ChatRequest,
    ) -> Result<StopReason, Fault> {
        request.messages.push(Message::user(LAST_WORDS));
        if !request.tools.is_empty() {
            request.extra.insert("tool_choice".into(), "none".into());
        }
        let step = self.turn.max_steps + 1;
        self.begin(cause, step).await?;
        if let Asked::Answered(answer, said) = self.ask(&request, step).await? {
            let usage = self.account(&request, &answer);
            self.told(said.into_iter());
            self.progress.untold.push(Event::Turn(TurnEvent::StepEnded {
                turn: self.turn.turn,
                step,
                usage,
                record: Some(record::of(&request, &answer)),
            }));
            return Ok(StopReason::MaxSteps);
        }
        Ok(StopReason::Cancelled)
    }

    fn told(&mut self, items: impl Iterator<Item = Item>) {
        self.progress
            .untold
            .extend(items.map(|item| Event::Item(ItemEvent::Completed(item))));
    }

    async fn begin(&mut self, cause: Option<OpId>, step: u32) -> Result<(), Fault> {
        self.progress.steps = step;
        let mut events = std::mem::take(&mut self.progress.untold);
        events.push(Event::Turn(TurnEvent::StepStarted {
            turn: self.turn.turn,
            step,
        }));
        self.turn
            .engine
            .bus
            .publish(self.turn.topic(), cause, events)
            .await?;
        Ok(())
    }

    /// Puts input that was added meanwhile before the next request.
    fn steer(&mut self, step: u32, messages: &mut Vec<Message>) {
        let added = self.turn.steering.take();
        for content in added {
            // It belongs behind the step that is over, or history rebuilt from items would order it otherwise.
            let item = self.turn.user_item(step - 1, content);
            history::push_step(messages, std::slice::from_ref(&item));
            self.progress
                .untold
                .push(Event::Item(ItemEvent::Completed(item)));
        }
    }

    /// One model request. A cancelled or failed one leaves what it had said, marked as interrupted.
    async fn ask(&mut self, request: &ChatRequest, step: u32) -> Result<Asked, Fault> {
        let turn = self.turn;
        tracing::debug!(turn = %turn.turn, step, model = %request.model, "asks the model");
        let client = turn
            .engine
            .client(&turn.settings)
            .map_err(|problem| Fault::Model(Box::new(problem)))?;
        let place = DraftPlace {
            conversation: turn.conversation,
            turn: turn.turn,
            step,
        };
        let draft = Draft::new(
            turn.engine.bus.clone(),
            turn.engine.storage.clone(),
            turn.engine.ambient.clone(),
            place,
            turn.busy.clone(),
        );
        let (since, usage) = (self.progress.since, self.progress.usage);
        let tell = || turn.show_child(step, None, usage, since.elapsed());
        match stream(&client, request, self.stop, &draft, tell).await {
            Ok(answer) => {
                let said = draft
                    .finish(Status::Completed, Some((&answer.reasoning, &answer.text)))
                    .await;
                self.progress.text.clone_from(&answer.text);
                if answer.text.trim().is_empty()
                    && answer.calls.is_empty()
                    && !matches!(answer.finish, Finish::Refusal)
                {
                    self.told(said.into_iter());
                    return Err(Fault::Model(Box::new(nothing_said())));
                }
                Ok(Asked::Answered(Box::new(answer), said))
            }
            Err(ModelError::Cancelled) => {
                let said = draft.finish(Status::Interrupted, None).await;
                self.told(said.into_iter());
                Ok(Asked::Stopped)
            }
            Err(error) => {
                let said = draft.finish(Status::Interrupted, None).await;
                self.told(said.into_iter());
                Err(Fault::Model(Box::new(error.into())))
            }
        }
    }

    fn account(&mut self, request: &ChatRequest, answer: &Answer) -> Usage {
        let usage = answer.usage.unwrap_or_else(|| estimate(request, answer));
        self.progress.usage = self.progress.usage.plus(usage);
        usage
    }
}

/// Streams one answer into the draft, copying it to the database as it grows.
async fn stream(
    client: &Client,
    request: &ChatRequest,
    stop: &Stop,
    draft: &Draft,
    tell: impl Fn(),
) -> Result<Answer, ModelError> {
    let mut take = |event| draft.take(event);
    let answer = client.stream(request, stop.clone(), &mut take);
    tokio::pin!(answer);
    let mut tick = tokio::time::interval(WRITE_BEHIND);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            biased;
            answer = &mut answer => return answer,
            _ = tick.tick() => {
                tell();
                draft.save().await;
            }
        }
    }
}

fn stop_reason(answer: &Answer) -> StopReason {
    match answer.finish {
        Finish::Length => StopReason::MaxTokens,
        Finish::Refusal => StopReason::Refusal,
        Finish::Stop | Finish::ToolCalls | Finish::Other(_) => StopReason::EndTurn,
    }
}

fn nothing_said() -> Problem {
    Problem::new(
        ProblemCode::EndpointFailed,
        "the model answered with nothing: no words and no tool calls",
    )
    .hint("try again, or another model with `--model NAME`")
    .retryable()
}

/// Four characters to a token: for endpoints that tell nothing, and marked as an estimate.
fn estimate(request: &ChatRequest, answer: &Answer) -> Usage {
    let sent: usize = request
        .messages
        .iter()
        .map(|message| serde_json::to_string(message).map_or(0, |text| text.len()))
        .sum();
    let tools: usize = request
        .tools
        .iter()
        .map(|tool| tool.description.len() + tool.parameters.to_string().len())
        .sum();
    let called: usize = answer.calls.iter().map(|call| call.name.len() + 16).sum();
    let tokens = |bytes: usize| u64::try_from(bytes.div_ceil(4)).unwrap_or(u64::MAX);
    Usage {
        prompt_tokens: tokens(sent + tools),
        completion_tokens: tokens(answer.text.len() + answer.reasoning.len() + called),
        cached_tokens: 0,
        cost_micros: 0,
        is_estimated: true,
    }
}
