//! One chat: rests at the prompt, watches turns, puts questions to the person.

mod answer;
mod canvas;
mod choices;
mod confirm;
mod copy;
mod give;
mod hand;
mod keys;
mod manage;
mod organize;
mod outside;
mod paint;
mod past;
mod perform;
mod queue;
mod rest;
mod retry;
mod room;
mod run;
mod safety;
mod servers;
mod skills;
mod suspend;
mod taken;

use super::ask::{ARMING, Ask};
use super::complete::cycle::Cycle;
use super::draft::Draft;
use super::job::Stops;
use super::keyboard::Keyboard;
use super::news::News;
use super::pace::Pace;
use super::question::Inquiry;
use super::screen::Screen;
use super::slash::Slash;
use super::view::View;
use crate::context::{Context, Quit};
use crate::exit;
use crate::follow::{Follower, Told};
use crate::invocation::Chat;
use crate::target::Target;
use crate::theme::{Style, Theme};
use anteroom_api::{ConversationId, Mode, Problem, Topic, TurnId};
use choices::Choices;
use hand::ByHand;
use rest::Rest;
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// A second Ctrl+C within this time leaves.
const WARNED: Duration = Duration::from_secs(3);
/// How long a cancelled turn may take to end before leaving without it.
const CANCEL_PATIENCE: Duration = Duration::from_secs(5);

/// A question that waits for the person.
enum Open {
    Approval(Ask),
    Inquiry(Box<Inquiry>),
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
    /// What completes it.
    cycle: Cycle,
    /// Turns that were submitted or seen and have not ended.
    turns: BTreeSet<TurnId>,
    /// Those that were said here: they end when the chat does.
    own: BTreeSet<TurnId>,
    /// The first is the one that is shown.
    open: VecDeque<Open>,
    model: Option<String>,
    mode: Option<Mode>,
    choices: Choices,
    by_hand: ByHand,
    is_cancelling: bool,
    /// What was told of MCP servers.
    heard: servers::Heard,
    /// How long it must be quiet before a key answers.
    arming: Duration,
    /// When the window is painted.
    pace: Pace,
    /// Whether finished lines wait: for the next frame, or for the line that is edited.
    is_held: bool,
    began: Instant,
    /// Lines that were entered while a message was being taken.
    early: VecDeque<String>,
    /// Keys that nobody looked at yet.
    left: VecDeque<crossterm::event::Event>,
    /// The last key of a run.
    typed_at: Option<Instant>,
    /// The last Ctrl+C.
    warned_at: Option<Instant>,
    stops: Stops,
    /// What the chat ends with: the person left in the middle of something else.
    leaving: Option<u8>,
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
    pub(super) stops: Stops,
}

impl<'a> Session<'a> {
    pub(super) fn new(context: &'a mut Context, chat: &'a Chat, parts: Parts) -> Self {
        let place = parts.target.map(|target| Place::new(context, target));
        let cycle = Cycle::new(context.host.clone(), context.workspace.clone());
        Self {
            place,
            news: News::default(),
            model: context.options.model.clone(),
            mode: None,
            choices: Choices::default(),
            by_hand: ByHand::default(),
            context,
            chat,
            theme: parts.theme,
            screen: parts.screen,
            keyboard: parts.keyboard,
            view: parts.view,
            draft: Draft::default(),
            cycle,
            turns: BTreeSet::new(),
            own: BTreeSet::new(),
            open: VecDeque::new(),
            is_cancelling: false,
            heard: servers::Heard::default(),
            arming: ARMING,
            pace: Pace::new(Instant::now()),
            is_held: false,
            began: Instant::now(),
            early: VecDeque::new(),
            left: VecDeque::new(),
            leaving: None,
            typed_at: None,
            warned_at: None,
            stops: parts.stops,
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
        self.look_at_servers().await;
        if let Some(prompt) = self.chat.prompt.clone() {
            let mark = self.theme.paint(Style::Accent, self.theme.prompt());
            self.print(vec![format!("{mark} {prompt}")]);
            self.say(prompt).await;
            if let Some(code) = self.leaving {
                return Ok(code);
            }
        }
        loop {
            if !self.turns.is_empty()
                && let Some(code) = self.watch().await?
            {
                return Ok(code);
            }
            match self.rest().await {
                Rest::Leave(code) => return Ok(code),
                Rest::Watch => {}
                Rest::Line(line) => {
                    if let Some(code) = self.entered(line).await {
                        return Ok(code);
                    }
                }
            }
        }
    }

    /// Whether Ctrl+C was pressed just now.
    fn is_warned(&self) -> bool {
        self.warned_at.is_some_and(|at| at.elapsed() < WARNED)
    }

    fn warn(&mut self) {
        self.warned_at = Some(Instant::now());
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
            self.put(Open::Inquiry(Box::new(inquiry)));
        }
        Ok(())
    }

    /// Handles an entered line; gives the exit code if it ends the chat.
    async fn entered(&mut self, line: String) -> Option<u8> {
        if let Some(command) = line.trim_start().strip_prefix('!') {
            if let Err(problem) = self.run_by_hand(command).await {
                self.show_problem(&problem);
            }
            return None;
        }
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
            Some(Err(_)) if self.called(&line).await || self.prompted(&line).await => {}
            Some(Err(words)) => self.print(vec![words]),
            None if line.trim().is_empty() => {}
            None => self.say(line).await,
        }
        self.leaving
    }

    /// The conversation, opened now if it was not yet.
    async fn opened(&mut self) -> Result<ConversationId, Problem> {
        if let Some(place) = &self.place {
            return Ok(place.target.id);
        }
        let target = Target::open(self.context, self.choices.database.clone()).await?;
        let id = target.id;
        self.place = Some(Place::new(self.context, target));
        Ok(id)
    }
}
