//! The steps of a turn: ask the model, run its calls, until it has nothing more to do.

use super::budget::SetAside;
use super::compact::{self, Compaction, Trouble};
use super::draft::{Draft, DraftPlace, WRITE_BEHIND};
use super::narration::{self, Narration};
use super::plan::Next;
use super::tokens::{self, Told};
use super::turn::{Fault, TurnContext};
use super::{calls, history, images, prompt, record, wire};
use crate::approvals::Asker;
use crate::modules::prefix;
use anteroom_api::{
    Content, ConversationEvent, Delta, Event, Item, ItemBody, ItemEvent, OpId, Origin, Phase,
    Problem, ProblemCode, Status, Stop, StopReason, TurnEvent, Usage,
};
use anteroom_model::{Answer, ChatRequest, Client, Finish, ModelError, StreamEvent};
use anteroom_storage::Summarized;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Said to the model when the step limit is reached.
const LAST_WORDS: &str = "[The step limit of this turn is reached. Do not call tools. Say in a few sentences what is done and what is left.]";
/// The name under which a plan is asked about.
const PLAN: &str = "plan";

/// How far a turn has come.
pub(super) struct Progress {
    pub(super) since: Instant,
    pub(super) usage: Usage,
    pub(super) steps: u32,
    pub(super) text: String,
    /// Facts that go out with the next ones, to spare a commit.
    pub(super) untold: Vec<Event>,
    /// Whoever waits for the first facts to be stored.
    pub(super) opened: Option<oneshot::Sender<()>>,
}

/// A turn at work.
pub(super) struct Steps<'a> {
    turn: &'a Arc<TurnContext>,
    cause: Option<OpId>,
    stop: &'a Stop,
    progress: &'a mut Progress,
    request: ChatRequest,
    /// Everything in the conversation that was not put aside.
    items: Vec<Item>,
    held: Option<Summarized>,
    narration: Narration,
    /// A note that was said alone: it joins the answer that comes next.
    note: Vec<Item>,
    /// A compaction failed in this turn; it is not tried again.
    is_compaction_off: bool,
}

/// How one model request went.
enum Asked {
    Answered(Box<Answer>, Vec<Item>),
    Stopped,
}

/// What comes after a step.
enum Then {
    Step,
    End(StopReason),
}

impl<'a> Steps<'a> {
    /// Takes up the history.
    pub(super) async fn new(
        turn: &'a Arc<TurnContext>,
        (cause, stop): (Option<OpId>, &'a Stop),
        progress: &'a mut Progress,
    ) -> Result<Self, Fault> {
        let storage = &turn.engine.storage;
        let items = storage.all_items(turn.conversation).await?;
        let has_summary = items
            .iter()
            .any(|item| matches!(item.body, ItemBody::Summary { .. }));
        let held = match has_summary {
            true => storage.summarized(turn.conversation).await?,
            false => None,
        };
        let cadence = match turn.depth {
            0 => turn.settings.ai.narration_cadence,
            // Nobody reads along with a child.
            _ => 0,
        };
        Ok(Self {
            request: turn.request(history::sent(&turn.system, &items, held)),
            turn,
            cause,
            stop,
            progress,
            items,
            held,
            narration: Narration::new(cadence),
            note: Vec::new(),
            is_compaction_off: false,
        })
    }

    /// Runs to the end of the turn.
    pub(super) async fn run(&mut self, input: Vec<Content>) -> Result<StopReason, Fault> {
        let mut opening = vec![self.turn.user_item(0, input)];
        let planning = self.turn.planning.opening();
        opening.extend(planning.map(|content| self.turn.host_item(0, content)));
        self.said(&opening);
        self.push(opening);
        for step in 1..=self.turn.max_steps {
            self.steer(step);
            self.load(step).await;
            if let Some(end) = self.make_room(step).await? {
                return Ok(end);
            }
            if let Then::End(end) = self.step(step).await? {
                return Ok(end);
            }
        }
        self.last_words().await
    }

    async fn step(&mut self, step: u32) -> Result<Then, Fault> {
        let turn = self.turn;
        let is_due = self.note.is_empty();
        let asking = is_due.then(|| self.narration.ask(&self.request)).flatten();
        let is_narrated = asking.is_some();
        let base = std::mem::take(&mut self.request);
        let asked = self.ask(asking.as_ref().unwrap_or(&base), step).await;
        self.request = base;
        let (mut answer, said) = match asked? {
            Ok((answer, said)) => (answer, said),
            Err(end) => return Ok(Then::End(end)),
        };
        let told = answer.usage.map(|usage| usage.prompt_tokens);
        let told = told.filter(|tokens| *tokens > 0);
        turn.shared
            .tell(told.map(|tokens| Told::new(&self.request.messages, tokens)));
        history::make_ids_unique(&self.items, &mut answer.calls);
        self.told(said.items.iter().cloned());
        let ended = Event::Turn(TurnEvent::StepEnded {
            turn: turn.turn,
            step,
            usage: said.usage,
            record: Some(said.record),
        });
        if answer.calls.is_empty() {
            self.progress.untold.push(ended);
            if is_narrated && narration::is_note_alone(&answer) {
                self.items.extend(said.items.iter().cloned());
                self.note = said.items;
                return Ok(Then::Step);
            }
            return self.answered(step, &answer, said.items).await;
        }
        self.tell().await?;
        let finish = answer.finish.clone();
        let wanted = answer.calls.len();
        let paid = turn.purse.calls((turn.turn, step), wanted).await?;
        let done = calls::run(turn, (step, paid), answer.calls, self.stop).await?;
        self.narration.finished(done.len());
        let mut whole = said.items;
        whole.extend(done);
        self.push(whole);
        self.progress.untold.push(ended);
        if self.stop.is_raised() {
            return Ok(Then::End(StopReason::Cancelled));
        }
        if let Some(text) = turn.purse.end() {
            return Ok(Then::End(StopReason::Budget { text }));
        }
        if finish == Finish::Length {
            return Ok(Then::End(StopReason::MaxTokens));
        }
        Ok(Then::Step)
    }

    /// An answer without calls: the end, unless a plan is to be approved or input was added meanwhile.
    async fn answered(
        &mut self,
        step: u32,
        answer: &Answer,
        said: Vec<Item>,
    ) -> Result<Then, Fault> {
        let turn = self.turn;
        let is_plan =
            turn.planning.is_on() && matches!(answer.finish, Finish::Stop | Finish::Other(_));
        let plan = said
            .iter()
            .find(|item| matches!(item.body, ItemBody::AgentMessage { .. }))
            .map(|item| item.id)
            .filter(|_| is_plan && turn.steering.is_empty());
        self.push(said);
        if let Some(item) = plan {
            self.tell().await?;
            let asker = Asker {
                conversation: turn.root.conversation,
                turn: turn.root.turn,
                item,
                tool: PLAN.to_owned(),
                agent: turn.root.agent.clone(),
                is_attended: turn.options.is_attended,
                patience: turn.settings.safety.approval_timeout,
                unseen: turn.settings.safety.approval_unseen,
            };
            let asked = turn.gate.plan_question(&answer.text);
            let (resolution, _) = turn.ask_person(&asker, asked, self.stop).await;
            if self.stop.is_raised() {
                return Ok(Then::End(StopReason::Cancelled));
            }
            return Ok(match turn.planning.answered(&resolution) {
                Next::End => Then::End(StopReason::EndTurn),
                Next::Go(words) => {
                    let item = turn.host_item(step, vec![Content::text(words)]);
                    self.told(std::iter::once(item.clone()));
                    self.push(vec![item]);
                    Then::Step
                }
            });
        }
        if turn.steering.is_empty() {
            return Ok(Then::End(stop_reason(answer)));
        }
        Ok(Then::Step)
    }

    /// The step limit: the model is told and asked to close. The tools stay in the request, so that its
    /// prefix is the same, but may not be called.
    async fn last_words(&mut self) -> Result<StopReason, Fault> {
        let mut request = self.request.clone();
        history::ask(&mut request.messages, LAST_WORDS);
        if !request.tools.is_empty() {
            request.extra.insert("tool_choice".into(), "none".into());
        }
        let step = self.turn.max_steps + 1;
        let said = match self.ask(&request, step).await? {
            Ok((_, said)) => said,
            Err(end) => return Ok(end),
        };
        self.told(said.items.into_iter());
        self.progress.untold.push(Event::Turn(TurnEvent::StepEnded {
            turn: self.turn.turn,
            step,
            usage: said.usage,
            record: Some(said.record),
        }));
        Ok(StopReason::MaxSteps)
    }

    /// Warns of a history that grows, and compacts one that has grown too large.
    async fn make_room(&mut self, step: u32) -> Result<Option<StopReason>, Fault> {
        let turn = self.turn;
        let cli = &turn.settings.cli;
        let limit = u64::from(cli.context_auto_compact_tokens);
        let size = turn.shared.tokens(&self.request);
        if size < u64::from(cli.context_warn_tokens) {
            turn.shared.relax();
        } else if turn.shared.warn() {
            let grown = ConversationEvent::ContextGrown {
                conversation: turn.conversation,
                tokens: size,
                limit_tokens: limit,
            };
            self.progress.untold.push(Event::Conversation(grown));
        }
        let may_compact = cli.auto_compact && !self.is_compaction_off && self.note.is_empty();
        if size < limit || !may_compact {
            return Ok(None);
        }
        self.tell().await?;
        let compaction = Compaction {
            turn,
            request: &self.request,
            items: &self.items,
            held: self.held,
            room: compact::room(&self.request, (limit, size)),
        };
        match compaction.run(step, self.stop).await {
            Ok(compacted) => {
                self.held = Some(compacted.summarized);
                self.items.push(compacted.item);
                self.request.messages = compacted.messages;
                self.progress.untold.extend(compacted.events);
                turn.shared.tell(None);
                turn.shared.relax();
                return Ok(None);
            }
            Err(Trouble::Stopped) => return Ok(Some(StopReason::Cancelled)),
            Err(Trouble::Budget(text)) => return Ok(Some(StopReason::Budget { text })),
            Err(Trouble::Fault(fault)) => return Err(fault),
            Err(Trouble::Nothing) => {}
            Err(trouble @ Trouble::Model(_)) => {
                let problem = trouble.into_problem();
                tracing::warn!(conversation = %turn.conversation, %problem, "goes on as it is");
            }
        }
        self.is_compaction_off = true;
        Ok(None)
    }

    /// Tells of tools that were looked up, behind those that were sent; some that were before make room.
    async fn load(&mut self, step: u32) {
        let turn = self.turn;
        let sent = turn.script.as_ref().map(|script| script.tools_of(step));
        let sent = sent.unwrap_or_default();
        turn.catalog.load_sent(&sent);
        let change = turn.catalog.change();
        if change.is_none() {
            return;
        }
        let dropped = change.dropped.iter().map(|name| wire::name(name));
        let dropped: Vec<_> = dropped.collect();
        let tools = &mut self.request.tools;
        tools.retain(|tool| !dropped.iter().any(|name| *name == tool.name));
        tools.extend(change.fresh.iter().map(prompt::definition));
        // What has gone since stood in its place then.
        tools.sort_by_key(|tool| sent.iter().position(|name| *name == tool.name));
        // A child's conversation has no prefix of its own, and a replay keeps nothing.
        if turn.depth == 0 && turn.script.is_none() {
            prefix::change(&turn.engine, turn.conversation, change).await;
        }
    }

    /// Puts input that was added meanwhile before the next request.
    fn steer(&mut self, step: u32) {
        // It belongs behind the step that is over, or history rebuilt from items would order it otherwise.
        let added: Vec<Item> = self
            .turn
            .steering
            .take()
            .into_iter()
            .map(|content| self.turn.user_item(step - 1, content))
            .collect();
        if !added.is_empty() {
            self.said(&added);
            self.push(added);
        }
    }

    /// As [`Self::told`], for words of people: what they attached may come from outside.
    fn said(&mut self, items: &[Item]) {
        let facts = items.iter().flat_map(|item| self.turn.said(item));
        self.progress.untold.extend(facts);
    }

    /// Adds finished items to the history that is sent.
    fn push(&mut self, step: Vec<Item>) {
        let note = std::mem::take(&mut self.note);
        if !note.is_empty() {
            history::push_step(&mut self.request.messages, &note);
        }
        history::push_step(&mut self.request.messages, &step);
        self.items.extend(step);
    }

    fn told(&mut self, items: impl Iterator<Item = Item>) {
        self.progress
            .untold
            .extend(items.map(|item| Event::Item(ItemEvent::Completed(item))));
    }

    /// Stores and tells what is not told yet.
    async fn tell(&mut self) -> Result<(), Fault> {
        self.telling().await
    }

    /// What is not told yet, to be stored and told beside something else.
    fn telling(&mut self) -> impl Future<Output = Result<(), Fault>> + use<> {
        let turn = self.turn.clone();
        // Nothing that ends the turn is told before.
        let busy = turn.busy.clone().try_read_owned();
        let events = std::mem::take(&mut self.progress.untold);
        let (cause, opened) = (self.cause, self.progress.opened.take());
        async move {
            let told = turn.engine.bus.publish(turn.topic(), cause, events);
            // In one moment, so that both share a commit.
            let ((), told) = tokio::join!(turn.keep_prefix(), told);
            drop(busy);
            told?;
            if let Some(opened) = opened {
                // Whoever started the turn may have gone.
                let _ = opened.send(());
            }
            Ok(())
        }
    }

    /// One model request: paid for, announced, made, accounted. `Err` is the end of the turn. It is made while the
    /// announcement is stored, and nothing that comes of it is told before that.
    async fn ask(
        &mut self,
        request: &ChatRequest,
        step: u32,
    ) -> Result<Result<(Answer, Said), StopReason>, Fault> {
        let turn = self.turn;
        let size = || turn.shared.tokens(request);
        let aside = match turn.purse.request((turn.turn, step), size).await? {
            Ok(aside) => aside,
            Err(exceeded) => return Ok(Err(StopReason::Budget { text: exceeded.0 })),
        };
        self.progress.steps = step;
        let draft = self.draft(step);
        self.progress.untold.extend([
            Event::Turn(TurnEvent::StepStarted {
                turn: turn.turn,
                step,
            }),
            draft.opening(),
        ]);
        // A task of its own: whatever becomes of the request, the beginning is stored.
        let telling = tokio::spawn(self.telling());
        let asked = self.stream(request, step, (&draft, telling)).await;
        let (answer, items) = match asked {
            Ok(Asked::Answered(answer, items)) => (*answer, items),
            Ok(Asked::Stopped) => {
                self.lose(request, step, (aside, &draft));
                return Ok(Err(StopReason::Cancelled));
            }
            Err(fault) => {
                self.lose(request, step, (aside, &draft));
                return Err(fault);
            }
        };
        let usage = self.account(request, &answer, aside);
        let said = Said {
            items,
            usage,
            record: record::of(request, &answer),
        };
        Ok(Ok((answer, said)))
    }

    fn draft(&self, step: u32) -> Draft {
        let turn = self.turn;
        let place = DraftPlace {
            conversation: turn.conversation,
            turn: turn.turn,
            step,
        };
        Draft::new(
            turn.engine.bus.clone(),
            turn.engine.storage.clone(),
            turn.engine.ambient.clone(),
            place,
            turn.busy.clone(),
        )
    }

    /// A cancelled or failed request leaves what it had said, marked as interrupted.
    async fn stream(
        &mut self,
        request: &ChatRequest,
        step: u32,
        (draft, telling): (&Draft, JoinHandle<Result<(), Fault>>),
    ) -> Result<Asked, Fault> {
        let turn = self.turn;
        let opening = async {
            let told = telling.await;
            told.map_err(|error| Fault::Panic(error.to_string()))??;
            draft.opened();
            Ok::<(), Fault>(())
        };
        tracing::debug!(turn = %turn.turn, step, model = %request.model, "asks the model");
        if let Some(script) = &turn.script {
            opening.await?;
            let answer = script.answer(step, request);
            for content in script.added(step) {
                // A record holds no more than was taken in.
                let _ = turn.steering.add(content);
            }
            return self.answer(answer, draft).await;
        }
        let client = match turn.engine.client(&turn.settings) {
            Ok(client) => client,
            Err(problem) => {
                opening.await?;
                return Err(Fault::Model(Box::new(problem)));
            }
        };
        let (since, usage) = (self.progress.since, self.progress.usage);
        let show = || turn.show_child(step, usage, since);
        let has_images = images::are_in(request);
        let seen = match has_images && turn.shared.is_blind() {
            true => &images::without(request),
            false => request,
        };
        let at = (turn.as_ref(), draft);
        let asking = async { Ok(stream(&client, seen, self.stop, at, show).await) };
        let ((), mut answer) = tokio::try_join!(opening, asking)?;
        if let Err(error) = &answer
            && images::are_in(seen)
            && images::are_refused(error)
        {
            self.go_blind().await?;
            let without = images::without(request);
            answer = stream(&client, &without, self.stop, at, show).await;
        }
        self.answer(answer, draft).await
    }

    /// Closes the draft of an answer.
    async fn answer(
        &mut self,
        answer: Result<Answer, ModelError>,
        draft: &Draft,
    ) -> Result<Asked, Fault> {
        match answer {
            Ok(mut answer) => {
                for call in &mut answer.calls {
                    call.name = inner(self.turn, std::mem::take(&mut call.name));
                }
                let texts = (answer.reasoning.as_str(), answer.text.as_str());
                let said = draft.finish(Status::Completed, Some(texts)).await;
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
            Err(error) => {
                let said = draft.finish(Status::Interrupted, None).await;
                self.told(said.into_iter());
                match error {
                    ModelError::Cancelled => Ok(Asked::Stopped),
                    error => Err(Fault::Model(Box::new(error.into()))),
                }
            }
        }
    }

    /// The model takes no images: the person is told, once, and from now on they are left out.
    async fn go_blind(&mut self) -> Result<(), Fault> {
        let turn = self.turn;
        let phase = Delta::Phase {
            turn: turn.turn,
            phase: Phase::Retrying {
                attempt: 1,
                max: 1,
                delay_ms: 0,
                reason: "the model takes no images".to_owned(),
            },
        };
        turn.engine.bus.preview(turn.topic(), phase);
        if turn.shared.blind() {
            let notice = Item {
                origin: Origin::Host,
                body: ItemBody::AgentMessage {
                    text: images::NOTICE.to_owned(),
                },
                ..turn.user_item(self.progress.steps, Vec::new())
            };
            self.told(std::iter::once(notice));
            self.tell().await?;
        }
        Ok(())
    }

    fn account(&mut self, request: &ChatRequest, answer: &Answer, aside: SetAside) -> Usage {
        let turn = self.turn;
        let usage = answer
            .usage
            .unwrap_or_else(|| tokens::usage(request, answer));
        let usage = turn.purse.priced(usage);
        turn.purse.settle_usage(aside, usage);
        self.progress.usage = self.progress.usage.plus(usage);
        usage
    }

    /// A request that was cut off has been paid for as far as it came.
    fn lose(&mut self, request: &ChatRequest, step: u32, (aside, draft): (SetAside, &Draft)) {
        let turn = self.turn;
        let said = draft.said();
        if said == 0 {
            turn.purse.settle_usage(aside, Usage::default());
            return;
        }
        let usage = turn.purse.priced(Usage {
            prompt_tokens: tokens::of_request(request),
            completion_tokens: said,
            is_estimated: true,
            ..Usage::default()
        });
        turn.purse.settle_usage(aside, usage);
        self.progress.usage = self.progress.usage.plus(usage);
        self.progress.untold.push(Event::Turn(TurnEvent::StepEnded {
            turn: turn.turn,
            step,
            usage,
            record: None,
        }));
    }
}

/// What a finished request left.
struct Said {
    items: Vec<Item>,
    usage: Usage,
    record: anteroom_api::StepRecord,
}

/// Streams one answer into the draft, copying it to the database as it grows.
async fn stream(
    client: &Client,
    request: &ChatRequest,
    stop: &Stop,
    (turn, draft): (&TurnContext, &Draft),
    show: impl Fn(),
) -> Result<Answer, ModelError> {
    let mut take = |event| match event {
        StreamEvent::Arguments { index, tool, text } => draft.take(StreamEvent::Arguments {
            index,
            tool: inner(turn, tool),
            text,
        }),
        event => draft.take(event),
    };
    let answer = client.stream(request, stop.clone(), &mut take);
    tokio::pin!(answer);
    let mut tick = tokio::time::interval(WRITE_BEHIND);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            biased;
            answer = &mut answer => return answer,
            _ = tick.tick() => {
                show();
                draft.save().await;
            }
        }
    }
}

/// A tool's own name, for what the model calls it; what it calls and there is not stays as it is.
fn inner(turn: &TurnContext, called: String) -> String {
    match turn.tool(&called) {
        Some(tool) => tool.tool.name.clone(),
        None => called,
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
