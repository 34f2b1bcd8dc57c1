//! One chat: rests at the prompt, watches turns, puts questions to the person.

mod answer;
mod organize;
mod past;
mod perform;
mod room;

use super::ask::{ARMING, Ask};
use super::draft::Draft;
use super::keyboard::{Keyboard, Typed};
use super::news::News;
use super::question::Inquiry;
use super::screen::{Live, Screen};
use super::slash::Slash;
use super::view::View;
use crate::connect;
use crate::context::{Context, Quit, host_stopped};
use crate::exit;
use crate::follow::{Follower, Told};
use crate::interrupts::Interrupt;
use crate::invocation::Chat;
use crate::problem;
use crate::target::Target;
use crate::theme::{Style, Theme, visible_width};
use anteroom_api::{
    ApprovalEvent, Content, ConversationId, ElicitationEvent, Envelope, Event, Mode, Problem,
    ProblemCode, StopReason, Topic, TurnEvent, TurnId, TurnOp, TurnOptions,
};
use crossterm::event::{Event as Key, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// The rows are repainted so often when only the clock moves.
const FRAME: Duration = Duration::from_millis(120);
/// How long a cancelled turn may take to end before leaving without it.
const CANCEL_PATIENCE: Duration = Duration::from_secs(5);

/// A question that waits for the person.
enum Open {
    Approval(Ask),
    Inquiry(Inquiry),
}

pub(super) struct Session<'a> {
    context: &'a mut Context,
    chat: &'a Chat,
    theme: Theme,
    screen: Screen,
    keyboard: Keyboard,
    view: View,
    /// The conversation; opened with the first message, so that a chat without one leaves nothing behind.
    place: Option<Place>,
    /// What is told beside the conversation.
    news: News,
    draft: Draft,
    /// Turns that were submitted or seen and have not ended.
    turns: BTreeSet<TurnId>,
    /// Those that were said here: they end when the chat does.
    own: BTreeSet<TurnId>,
    /// The first is the one that is shown.
    open: VecDeque<Open>,
    model: Option<String>,
    mode: Option<Mode>,
    is_cancelling: bool,
    /// How long it must be quiet before a key answers.
    arming: Duration,
    tick: u64,
}

/// A conversation and what is told of it.
struct Place {
    target: Target,
    follower: Follower,
}

impl Place {
    fn new(context: &Context, target: Target) -> Self {
        let topic = Topic::Conversation(target.id);
        Self {
            follower: Follower::new(&context.host, topic, target.after),
            target,
        }
    }
}

/// The next thing told of a conversation; none if there is none or the host has stopped.
async fn next(place: &mut Option<Place>) -> Option<Told> {
    match place {
        Some(place) => place.follower.next().await,
        None => None,
    }
}

/// What a session is made of.
pub(super) struct Parts {
    pub(super) theme: Theme,
    pub(super) screen: Screen,
    pub(super) keyboard: Keyboard,
    pub(super) view: View,
    pub(super) target: Option<Target>,
}

/// What the person did at the prompt.
enum Rest {
    Line(String),
    Leave(u8),
}

impl<'a> Session<'a> {
    pub(super) fn new(context: &'a mut Context, chat: &'a Chat, parts: Parts) -> Self {
        let place = parts.target.map(|target| Place::new(context, target));
        Self {
            place,
            news: News::default(),
            model: context.options.model.clone(),
            mode: None,
            context,
            chat,
            theme: parts.theme,
            screen: parts.screen,
            keyboard: parts.keyboard,
            view: parts.view,
            draft: Draft::default(),
            turns: BTreeSet::new(),
            own: BTreeSet::new(),
            open: VecDeque::new(),
            is_cancelling: false,
            arming: ARMING,
            tick: 0,
        }
    }

    #[cfg(test)]
    pub(super) fn without_arming(mut self) -> Self {
        self.arming = Duration::ZERO;
        self
    }

    /// Talks until the person leaves; gives the exit code.
    pub(super) async fn run(&mut self) -> Result<u8, Quit> {
        self.news = News::follow(self.context).await;
        self.attach().await?;
        if let Some(prompt) = self.chat.prompt.clone() {
            let mark = self.theme.paint(Style::Accent, self.theme.prompt());
            self.print(vec![format!("{mark} {prompt}")]);
            self.say(prompt).await;
        }
        let mut is_warned = false;
        loop {
            if !self.turns.is_empty()
                && let Some(code) = self.watch().await?
            {
                return Ok(code);
            }
            match self.rest(&mut is_warned).await {
                Rest::Leave(code) => return Ok(code),
                Rest::Line(line) => {
                    is_warned = false;
                    if let Some(code) = self.entered(line).await {
                        return Ok(code);
                    }
                }
            }
        }
    }

    /// Takes up a conversation that is at work already: its turn, its queue, its questions.
    async fn attach(&mut self) -> Result<(), Problem> {
        let target = self.place.as_ref().map(|place| &place.target);
        let Some(id) = target.map(|target| target.id) else {
            return Ok(());
        };
        let running = target.and_then(Target::running);
        for queued in self.context.host.read().queue(id).await? {
            if !queued.is_held {
                self.turns.insert(queued.turn);
            }
            self.view.queued.push(queued);
        }
        let Some((id, turn)) = running else {
            return Ok(());
        };
        self.turns.insert(turn);
        for approval in self.context.host.read().approvals(id).await? {
            let ask = Ask::new(Box::new(approval), Instant::now(), self.arming);
            self.put(Open::Approval(ask));
        }
        for question in self.context.host.read().questions(id).await? {
            let inquiry = Inquiry::new(question, Instant::now(), self.arming);
            self.put(Open::Inquiry(inquiry));
        }
        Ok(())
    }

    /// Waits at the prompt.
    async fn rest(&mut self, is_warned: &mut bool) -> Rest {
        self.screen.hide();
        self.keyboard.line(self.draft.take());
        let mut stop = self.context.stop.clone();
        // Nothing is printed into a line that is being edited.
        let mut held = Vec::new();
        loop {
            let (typed, is_key) = tokio::select! {
                envelope = self.news.next() => {
                    held.push(envelope);
                    continue;
                }
                typed = self.keyboard.next() => (typed, true),
                interrupt = self.context.interrupts.next() => match interrupt {
                    // As a key it never gets here; the line goes on being read.
                    Interrupt::Interrupt => (Typed::Cleared, false),
                    Interrupt::Terminate => return Rest::Leave(exit::TERMINATED),
                },
                () = stop.raised() => return Rest::Leave(exit::TERMINATED),
            };
            for envelope in held.drain(..) {
                let lines = self.view.fact(&envelope, Instant::now());
                self.print(lines);
            }
            match typed {
                Typed::Line(line) => return Rest::Line(line),
                Typed::End => return Rest::Leave(exit::OK),
                Typed::Cleared if *is_warned => return Rest::Leave(exit::OK),
                Typed::Cleared => {
                    *is_warned = true;
                    let hint = "Ctrl+C again, or Ctrl+D, leaves";
                    self.print(vec![self.theme.paint(Style::Dim, hint)]);
                    if is_key {
                        self.keyboard.line(String::new());
                    }
                }
                Typed::Key(_) | Typed::Rested => {}
            }
        }
    }

    /// Handles an entered line; gives the exit code if it ends the chat.
    async fn entered(&mut self, line: String) -> Option<u8> {
        match Slash::read(&line) {
            Some(Ok(slash)) if slash.is_quit() => return Some(exit::OK),
            Some(Ok(slash)) if self.turns.is_empty() || slash.works_while_running() => {
                if let Err(problem) = self.perform(slash).await {
                    self.show_problem(&problem);
                }
            }
            Some(Ok(_)) => self.print(vec![
                "not while it works; Esc cancels, then try again".to_owned(),
            ]),
            Some(Err(words)) => self.print(vec![words]),
            None if line.trim().is_empty() => {}
            None => self.say(line).await,
        }
        None
    }

    /// Gives input to the conversation.
    async fn say(&mut self, text: String) {
        self.give(text, false).await;
    }

    /// Gives input to the conversation, perhaps for a plan first.
    async fn give(&mut self, text: String, is_plan: bool) {
        let is_first = self.turns.is_empty();
        let conversation = match self.opened().await {
            Ok(conversation) => conversation,
            Err(problem) => {
                self.show_problem(&problem);
                self.draft.set(&text);
                return;
            }
        };
        let submitted = self
            .context
            .host
            .submit(TurnOp::Start {
                conversation,
                input: vec![Content::text(text.clone())],
                options: TurnOptions {
                    model: self.model.clone(),
                    mode: self.mode,
                    allowed_tools: self.context.options.allowed_tools.clone(),
                    is_without_tools: self.chat.is_without_tools,
                    max_steps: None,
                    is_plan,
                    is_attended: true,
                    is_verbatim: false,
                },
            })
            .await;
        match submitted {
            Ok(op) => {
                let turn = TurnId::from(op);
                self.turns.insert(turn);
                self.own.insert(turn);
                if is_first {
                    self.view.shown.insert(turn);
                }
            }
            Err(rejection) => {
                self.show_problem(&rejection.0);
                // What was not taken is not lost.
                self.draft.set(&text);
            }
        }
    }

    /// The conversation, opened now if it was not yet.
    async fn opened(&mut self) -> Result<ConversationId, Problem> {
        if let Some(place) = &self.place {
            return Ok(place.target.id);
        }
        let target = Target::open(self.context).await?;
        let id = target.id;
        self.place = Some(Place::new(self.context, target));
        Ok(id)
    }

    /// Watches until nothing runs or waits; gives the exit code if the chat ends meanwhile.
    async fn watch(&mut self) -> Result<Option<u8>, Quit> {
        self.keyboard.keys();
        self.screen.set_raw(true);
        self.is_cancelling = false;
        let ended = self.follow().await;
        self.screen.hide();
        for event in self.keyboard.rest().await {
            match event {
                Key::Key(key) if key.kind != KeyEventKind::Release => {
                    self.draft.press(key);
                }
                Key::Paste(text) => self.draft.insert(&text),
                _ => {}
            }
        }
        self.screen.set_raw(false);
        ended
    }

    async fn follow(&mut self) -> Result<Option<u8>, Quit> {
        let mut frames = tokio::time::interval(FRAME);
        frames.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut stop = self.context.stop.clone();
        while !self.turns.is_empty() {
            tokio::select! {
                biased;
                told = next(&mut self.place) => match told {
                    Some(told) => self.told(told).await,
                    None => return Err(host_stopped().into()),
                },
                envelope = self.news.next() => {
                    self.told(Told::Fact(Box::new(envelope))).await;
                }
                typed = self.keyboard.next() => {
                    if let Some(code) = self.typed(typed).await {
                        return Ok(Some(self.leave(code).await));
                    }
                }
                interrupt = self.context.interrupts.next() => {
                    let is_second = self.is_cancelling && interrupt == Interrupt::Interrupt;
                    if is_second || interrupt == Interrupt::Terminate {
                        return Ok(Some(self.leave(interrupt.code()).await));
                    }
                    self.deny_open().await;
                    self.cancel().await;
                }
                () = stop.raised() => return Ok(Some(self.leave(exit::TERMINATED).await)),
                _ = frames.tick() => self.tick += 1,
            }
            if self.screen.is_broken() {
                return Ok(Some(self.leave(exit::OK).await));
            }
            self.repaint();
        }
        Ok(None)
    }

    /// Cancels what runs and waits a little for it to be told; the chat is over.
    async fn leave(&mut self, code: u8) -> u8 {
        let deadline = Instant::now() + CANCEL_PATIENCE;
        let running = self.view.running().or(self.turns.first().copied());
        let is_own = running.is_some_and(|turn| self.own.contains(&turn));
        if is_own {
            self.deny_open().await;
        }
        let queued = std::mem::take(&mut self.view.queued);
        // What others said, and what is held, waits on without this chat.
        for turn in queued
            .into_iter()
            .filter(|queued| self.own.contains(&queued.turn))
        {
            // Rejected if it has started meanwhile; it is cancelled below then.
            let _ = self
                .context
                .host
                .submit(TurnOp::Unqueue { turn: turn.turn })
                .await;
            self.turns.remove(&turn.turn);
        }
        if !is_own {
            return code;
        }
        self.cancel().await;
        while !self.turns.is_disjoint(&self.own) {
            match tokio::time::timeout_at(deadline, next(&mut self.place)).await {
                Ok(Some(told)) => self.told(told).await,
                Ok(None) | Err(_) => break,
            }
        }
        code
    }

    async fn cancel(&mut self) {
        self.is_cancelling = true;
        let running = self.view.running();
        for turn in running
            .into_iter()
            .chain(self.turns.first().copied())
            .take(1)
        {
            // Rejected if it has ended meanwhile, which is what is wanted.
            let _ = self.context.host.submit(TurnOp::Cancel { turn }).await;
        }
    }

    async fn told(&mut self, told: Told) {
        let now = Instant::now();
        match told {
            Told::Fact(envelope) => {
                let lines = self.view.fact(&envelope, now);
                self.print(lines);
                self.note(&envelope).await;
            }
            Told::Preview(delta) => {
                let lines = self.view.preview(&delta, now);
                self.print(lines);
            }
            Told::Trouble(turn, problem) => {
                self.show_problem(&problem);
                if let Some(turn) = turn {
                    self.turns.remove(&turn);
                }
            }
        }
    }

    /// What a fact means for the session.
    async fn note(&mut self, envelope: &Envelope) {
        match &envelope.event {
            Event::Turn(TurnEvent::Started { turn, .. }) => {
                self.turns.insert(*turn);
                self.is_cancelling = false;
            }
            Event::Turn(TurnEvent::Queued { queued }) => {
                self.turns.insert(queued.turn);
            }
            Event::Turn(TurnEvent::Unqueued { turn }) => {
                self.turns.remove(turn);
            }
            Event::Turn(TurnEvent::Ended { turn, stop, .. }) => {
                self.turns.remove(turn);
                self.is_cancelling = false;
                if let StopReason::Failed { problem } = stop
                    && problem.code == ProblemCode::NotConfigured
                {
                    let problem = connect::not_configured(self.context).await;
                    self.show_problem(&problem);
                }
            }
            Event::Approval(ApprovalEvent::Requested { approval }) => {
                let ask = Ask::new(approval.clone(), Instant::now(), self.arming);
                self.put(Open::Approval(ask));
            }
            Event::Approval(ApprovalEvent::Resolved {
                approval,
                resolution,
                by,
            }) => self.resolved(*approval, resolution, by),
            Event::Elicitation(ElicitationEvent::Requested { question }) => {
                let inquiry = Inquiry::new(question.clone(), Instant::now(), self.arming);
                self.put(Open::Inquiry(inquiry));
            }
            Event::Elicitation(ElicitationEvent::Answered {
                elicitation,
                answer,
            }) => self.answered(*elicitation, answer),
            Event::Turn(
                TurnEvent::StepStarted { .. }
                | TurnEvent::StepEnded { .. }
                | TurnEvent::Reworded { .. }
                | TurnEvent::Reordered { .. },
            )
            | Event::Conversation(_)
            | Event::Item(_)
            | Event::Canvas(_)
            | Event::Module(_)
            | Event::Setting(_)
            | Event::Approval(ApprovalEvent::Extended { .. })
            | Event::Rule(_)
            | Event::Checkpoint(_)
            | Event::Database(_)
            | Event::Workspace(_)
            | Event::Tag(_)
            | Event::Folder(_)
            | Event::Project(_)
            | Event::Text(_)
            | Event::Host(_) => {}
        }
    }

    /// Handles what is typed during a run; gives the exit code if it ends the chat.
    async fn typed(&mut self, typed: Typed) -> Option<u8> {
        match typed {
            Typed::Key(Key::Key(key)) if key.kind != KeyEventKind::Release => {
                if self.open.is_empty() {
                    return self.pressed(key).await;
                }
                self.press_open(key).await;
            }
            Typed::Key(Key::Paste(text)) => match self.open.front_mut() {
                Some(Open::Approval(ask)) => ask.paste(&text, Instant::now()),
                Some(Open::Inquiry(inquiry)) => inquiry.paste(&text, Instant::now()),
                None => self.draft.insert(&text),
            },
            Typed::Key(Key::Resize(columns, _)) => {
                let columns = usize::from(columns.max(1));
                self.theme.width = columns;
                self.view.resize(columns);
            }
            // Nobody can answer any more.
            Typed::End => return Some(exit::OK),
            Typed::Key(_) | Typed::Line(_) | Typed::Cleared | Typed::Rested => {}
        }
        None
    }

    async fn pressed(&mut self, key: KeyEvent) -> Option<u8> {
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if is_control && self.is_cancelling => {
                return Some(exit::INTERRUPTED);
            }
            KeyCode::Char('c') if is_control => self.cancel().await,
            KeyCode::Esc => self.cancel().await,
            KeyCode::Enter if key.modifiers.is_empty() => {
                let line = self.draft.take();
                return self.entered(line).await;
            }
            KeyCode::Up if self.draft.is_empty() => self.take_back().await,
            _ => {
                self.draft.press(key);
            }
        }
        None
    }

    /// The last queued input becomes the draft again.
    async fn take_back(&mut self) {
        let Some(last) = self.view.queued.last().cloned() else {
            return;
        };
        let taken = self
            .context
            .host
            .submit(TurnOp::Unqueue { turn: last.turn })
            .await;
        match taken {
            Ok(_) => {
                for content in &last.input {
                    if let Content::Text { text } = content {
                        self.draft.insert(text);
                    }
                }
            }
            Err(rejection) => self.show_problem(&rejection.0),
        }
    }

    fn repaint(&mut self) {
        let mut rows = self.view.rows(Instant::now(), self.tick);
        let now = (self.context.clock)();
        let cursor_back = match self.open.front() {
            // The question takes the place of what is typed, which waits unseen.
            Some(Open::Approval(ask)) => {
                rows.push(self.cut(ask.row(now, &self.theme)));
                0
            }
            Some(Open::Inquiry(inquiry)) => {
                let (row, back) = inquiry.row(now, &self.theme);
                rows.push(row);
                back
            }
            None => {
                let columns = self.theme.width.saturating_sub(3);
                let (row, back) = self.draft.row(columns);
                let mark = self.theme.paint(Style::Accent, self.theme.prompt());
                rows.push(format!("{mark} {row}"));
                back
            }
        };
        let width = rows.last().map_or(0, |row| visible_width(row));
        let cursor = (rows.len().saturating_sub(1), width.saturating_sub(cursor_back));
        self.screen.update(&[], &Live { rows, cursor });
    }

    /// A row of keys that is too long is shown without color, cut.
    fn cut(&self, row: String) -> String {
        let columns = self.theme.width.saturating_sub(1);
        if crate::theme::visible_width(&row) <= columns {
            return row;
        }
        self.theme.fit(&crate::clean::clean(&row), columns)
    }

    fn print(&mut self, lines: Vec<String>) {
        self.screen.print(&lines);
    }

    fn show_problem(&mut self, problem: &Problem) {
        let text = problem::render(problem, &self.theme);
        self.print(text.lines().map(ToOwned::to_owned).collect());
    }
}
