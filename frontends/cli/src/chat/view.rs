//! What a conversation looks like while it goes on: facts and previews in, finished lines and live rows out.
//! Pure but for the moments it is handed.

use super::message::Message;
use crate::clean::{Cleaner, reveal};
use crate::phase;
use crate::problem;
use crate::theme::{Style, Theme};
use crate::tool_line;
use crate::transcript;
use crate::words;
use anteroom_api::{
    CanvasEvent, CheckpointEvent, ConversationEvent, Delta, Envelope, Event, Item, ItemBody,
    ItemEvent, ItemId, ModuleEvent, Phase, ProblemCode, QueuedInput, StopReason, TurnEvent, TurnId,
    UndoOutcome, UndoneFile, UnixMillis, Usage,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// From here on the row says how to cancel.
const ESC_HINT: Duration = Duration::from_secs(3);
/// Lines of a running call's output that are shown.
const OUTPUT_LINES: usize = 3;
/// Child agents that are shown.
const AGENT_ROWS: usize = 5;
/// Lines of a result shown with `-v`.
const RESULT_LINES: usize = 8;

pub(super) struct View {
    theme: Theme,
    verbosity: u8,
    is_plain: bool,
    message: Option<Message>,
    /// What was printed last, to set blocks apart.
    last: Block,
    output: Output,
    agents: BTreeMap<ItemId, Agent>,
    turn: Option<Running>,
    pub(super) queued: Vec<QueuedInput>,
    /// Turns whose input is on the screen already.
    pub(super) shown: BTreeSet<TurnId>,
    /// Tokens of the conversation.
    pub(super) usage: Usage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    Gap,
    Text,
    Call,
}

struct Running {
    id: TurnId,
    started_at: UnixMillis,
    since: Instant,
    phase: Option<(Phase, Instant)>,
    /// Characters of this stretch of streaming.
    streamed: usize,
    streaming_since: Option<Instant>,
}

#[derive(Default)]
struct Output {
    cleaner: Cleaner,
    lines: VecDeque<String>,
    tail: String,
}

struct Agent {
    name: String,
    tool: Option<String>,
    step: u32,
    tokens: u64,
    elapsed_ms: u64,
}

impl View {
    pub(super) fn new(theme: Theme, verbosity: u8, is_plain: bool) -> Self {
        Self {
            theme,
            verbosity,
            is_plain,
            message: None,
            last: Block::Gap,
            output: Output::default(),
            agents: BTreeMap::new(),
            turn: None,
            queued: Vec::new(),
            shown: BTreeSet::new(),
            usage: Usage::default(),
        }
    }

    pub(super) fn resize(&mut self, columns: usize) {
        self.theme.width = columns;
        if let Some(message) = self.message.as_mut() {
            message.resize(columns);
        }
    }

    pub(super) fn running(&self) -> Option<TurnId> {
        self.turn.as_ref().map(|turn| turn.id)
    }

    /// Takes the next fact; gives the lines it finished.
    pub(super) fn fact(&mut self, envelope: &Envelope, now: Instant) -> Vec<String> {
        match &envelope.event {
            Event::Turn(event) => self.turn_fact(event, envelope.at, now),
            Event::Item(ItemEvent::Started(item)) => self.begin(item),
            Event::Item(ItemEvent::Completed(item)) => self.complete(item),
            Event::Canvas(CanvasEvent::Saved { canvas }) => {
                let line = format!(
                    "canvas {} v{}, /canvas shows it",
                    reveal(&canvas.title),
                    canvas.version
                );
                self.line(Block::Call, Style::Accent, &line)
            }
            Event::Conversation(ConversationEvent::Tainted { source, .. }) => {
                let line = format!(
                    "{} content from outside entered ({}); sending data out asks from now on",
                    self.theme.warning(),
                    reveal(source)
                );
                self.line(Block::Call, Style::Warning, &line)
            }
            Event::Conversation(ConversationEvent::Deleted { .. }) => {
                self.line(Block::Call, Style::Warning, "this conversation was deleted")
            }
            Event::Conversation(ConversationEvent::Rewound { .. }) => self.line(
                Block::Call,
                Style::Dim,
                "went back; what came after is put aside",
            ),
            Event::Conversation(ConversationEvent::Compacted {
                before_tokens,
                after_tokens,
                ..
            }) => {
                let line = format!(
                    "compacted from {} to {} tokens; the whole history is kept",
                    words::count(*before_tokens),
                    words::count(*after_tokens)
                );
                self.line(Block::Call, Style::Dim, &line)
            }
            Event::Conversation(ConversationEvent::Uncompacted { .. }) => {
                self.line(Block::Call, Style::Dim, "the whole history is sent again")
            }
            Event::Conversation(ConversationEvent::ContextGrown {
                tokens,
                limit_tokens,
                ..
            }) => {
                let line = format!(
                    "{} the history has {} tokens; it is compacted at {}, or now with /compact",
                    self.theme.warning(),
                    words::count(*tokens),
                    words::count(*limit_tokens)
                );
                self.line(Block::Call, Style::Warning, &line)
            }
            Event::Module(event) => match module_line(event, &self.theme) {
                Some((style, line)) => self.line(Block::Call, style, &line),
                None => Vec::new(),
            },
            Event::Checkpoint(CheckpointEvent::Undone { files, .. }) => {
                let is_back =
                    |file: &&UndoneFile| !matches!(file.outcome, UndoOutcome::Skipped { .. });
                let back = files.iter().filter(is_back).count();
                let line = format!("{back} of {} files were taken back", files.len());
                self.line(Block::Call, Style::Dim, &line)
            }
            Event::Conversation(
                ConversationEvent::Opened { .. }
                | ConversationEvent::Renamed { .. }
                | ConversationEvent::Tagged { .. }
                | ConversationEvent::Moved { .. }
                | ConversationEvent::Assigned { .. }
                | ConversationEvent::Pinned { .. },
            )
            | Event::Rule(_)
            | Event::Database(_)
            | Event::Workspace(_)
            | Event::Tag(_)
            | Event::Folder(_)
            | Event::Project(_)
            | Event::Text(_)
            | Event::Approval(_)
            | Event::Elicitation(_)
            | Event::Setting(_)
            | Event::Host(_) => Vec::new(),
        }
    }

    fn line(&mut self, block: Block, style: Style, text: &str) -> Vec<String> {
        let mut lines = self.gap(block);
        lines.push(self.theme.paint(style, text));
        lines
    }

    /// A blank line where one kind of block follows the other.
    fn gap(&mut self, block: Block) -> Vec<String> {
        let is_apart = self.last != Block::Gap && self.last != block;
        self.last = block;
        if is_apart {
            vec![String::new()]
        } else {
            Vec::new()
        }
    }

    fn reorder(&mut self, turn: TurnId, ahead_of: Option<TurnId>) {
        let place = |queued: &[QueuedInput], turn| queued.iter().position(|q| q.turn == turn);
        let Some(from) = place(&self.queued, turn) else {
            return;
        };
        let moved = self.queued.remove(from);
        let to = ahead_of.and_then(|next| place(&self.queued, next));
        self.queued.insert(to.unwrap_or(self.queued.len()), moved);
    }

    fn turn_fact(&mut self, event: &TurnEvent, at: UnixMillis, now: Instant) -> Vec<String> {
        match event {
            TurnEvent::Queued { queued } => {
                self.queued.push(queued.clone());
                if !self.is_plain {
                    return Vec::new();
                }
                let text = transcript::input_line(&queued.input, 60, &self.theme);
                vec![format!("queued: {text}")]
            }
            TurnEvent::Unqueued { turn } => {
                self.queued.retain(|queued| queued.turn != *turn);
                Vec::new()
            }
            TurnEvent::Reworded { queued } => {
                let is_it = |waiting: &&mut QueuedInput| waiting.turn == queued.turn;
                if let Some(waiting) = self.queued.iter_mut().find(is_it) {
                    *waiting = queued.clone();
                }
                Vec::new()
            }
            TurnEvent::Reordered { turn, ahead_of } => {
                self.reorder(*turn, *ahead_of);
                Vec::new()
            }
            TurnEvent::Started { turn, .. } => {
                self.queued.retain(|queued| queued.turn != *turn);
                self.turn = Some(Running {
                    id: *turn,
                    started_at: at,
                    since: now,
                    phase: None,
                    streamed: 0,
                    streaming_since: None,
                });
                Vec::new()
            }
            TurnEvent::StepStarted { .. } | TurnEvent::StepEnded { .. } => Vec::new(),
            TurnEvent::Ended { stop, usage, .. } => self.end(stop, *usage, at),
        }
    }

    fn end(&mut self, stop: &StopReason, usage: Usage, at: UnixMillis) -> Vec<String> {
        let mut lines = self.flush_message();
        self.usage = self.usage.plus(usage);
        self.agents.clear();
        self.output = Output::default();
        lines.extend(self.gap(Block::Gap));
        lines.extend(stop_lines(stop, &usage, &self.theme));
        if let Some(turn) = self.turn.take() {
            let elapsed = u64::try_from(at.0.saturating_sub(turn.started_at.0)).unwrap_or(0);
            let line = phase::usage_line(elapsed, usage, &self.theme);
            lines.push(self.theme.paint(Style::Dim, &line));
        }
        lines.push(String::new());
        lines
    }

    fn begin(&mut self, item: &Item) -> Vec<String> {
        match &item.body {
            ItemBody::AgentMessage { text } => {
                let mut lines = self.flush_message();
                let mut message = Message::new(item.id, self.theme);
                let first = message.push(text);
                self.message = Some(message);
                lines.extend(self.text(first));
                lines
            }
            ItemBody::ToolCall(_) => {
                self.output = Output::default();
                self.flush_message()
            }
            ItemBody::UserMessage { .. }
            | ItemBody::Reasoning { .. }
            | ItemBody::Summary { .. } => Vec::new(),
        }
    }

    fn complete(&mut self, item: &Item) -> Vec<String> {
        match &item.body {
            ItemBody::AgentMessage { text } => {
                let mut lines = Vec::new();
                if self.message.as_ref().is_none_or(|m| m.item != item.id) {
                    lines.extend(self.flush_message());
                    self.message = Some(Message::new(item.id, self.theme));
                }
                if let Some(mut message) = self.message.take() {
                    let rest = message.complete(text);
                    lines.extend(self.text(rest));
                }
                lines
            }
            ItemBody::ToolCall(call) => {
                let mut lines = self.flush_message();
                self.agents.remove(&item.id);
                self.output = Output::default();
                lines.extend(self.gap(Block::Call));
                lines.push(tool_line::tool_line(call, item.status, &self.theme));
                if self.verbosity > 0 {
                    lines.extend(tool_line::result_lines(call, RESULT_LINES, &self.theme));
                    if let Some(meter) = &call.meter {
                        lines.push(tool_line::meter_line(meter, &self.theme));
                    }
                } else if let Some(line) = tool_line::failure_line(call, item.status, &self.theme) {
                    lines.push(self.theme.paint(Style::Dim, &line));
                }
                lines
            }
            ItemBody::Reasoning { text } if self.verbosity > 0 => {
                let mut lines = self.flush_message();
                lines.extend(self.gap(Block::Text));
                let text = crate::clean::clean(text);
                lines.extend(text.trim().lines().map(|l| self.theme.paint(Style::Dim, l)));
                lines
            }
            ItemBody::UserMessage { .. } if !self.shown.contains(&item.turn) => {
                self.last = Block::Gap;
                let mut lines = transcript::lines(std::slice::from_ref(item), &self.theme);
                // It looks as if it had been typed at the prompt.
                lines.pop();
                lines
            }
            ItemBody::Summary { .. } => self.line(
                Block::Call,
                Style::Dim,
                "(what was said before was summarized to make room)",
            ),
            ItemBody::UserMessage { .. } | ItemBody::Reasoning { .. } => Vec::new(),
        }
    }

    fn text(&mut self, lines: Vec<String>) -> Vec<String> {
        if lines.is_empty() {
            return lines;
        }
        let mut all = self.gap(Block::Text);
        all.extend(lines);
        all
    }

    /// A message that ends without its completion being told: what there is of it is kept.
    fn flush_message(&mut self) -> Vec<String> {
        let Some(mut message) = self.message.take() else {
            return Vec::new();
        };
        let rest = message.finish();
        self.text(rest)
    }

    /// Takes a preview; gives the lines it finished.
    pub(super) fn preview(&mut self, delta: &Delta, now: Instant) -> Vec<String> {
        match delta {
            Delta::Text { item, text } => {
                self.count(text, now);
                let mut lines = Vec::new();
                if self.message.as_ref().is_none_or(|m| m.item != *item) {
                    lines = self.flush_message();
                    self.message = Some(Message::new(*item, self.theme));
                }
                lines.extend(self.push(text));
                lines
            }
            Delta::Reasoning { text, .. } | Delta::Arguments { text, .. } => {
                self.count(text, now);
                Vec::new()
            }
            Delta::Output { text, .. } => {
                self.output.push(text);
                Vec::new()
            }
            Delta::Progress { message, .. } => {
                self.output.push(&format!("{message}\n"));
                Vec::new()
            }
            Delta::Phase { turn, phase } => self.change_phase(*turn, phase, now),
            Delta::Agent {
                item,
                name,
                step,
                tool,
                tokens,
                elapsed_ms,
            } => {
                let agent = Agent {
                    name: reveal(name),
                    tool: tool.as_deref().map(reveal),
                    step: *step,
                    tokens: *tokens,
                    elapsed_ms: *elapsed_ms,
                };
                self.agents.insert(*item, agent);
                Vec::new()
            }
        }
    }

    fn push(&mut self, text: &str) -> Vec<String> {
        let lines = match self.message.as_mut() {
            Some(message) => message.push(text),
            None => Vec::new(),
        };
        self.text(lines)
    }

    fn count(&mut self, text: &str, now: Instant) {
        if let Some(turn) = self.turn.as_mut() {
            turn.streamed += text.chars().count();
            turn.streaming_since.get_or_insert(now);
        }
    }

    fn change_phase(&mut self, id: TurnId, phase: &Phase, now: Instant) -> Vec<String> {
        let Some(turn) = self.turn.as_mut().filter(|turn| turn.id == id) else {
            return Vec::new();
        };
        let is_new = turn
            .phase
            .as_ref()
            .map(|(phase, _)| std::mem::discriminant(phase))
            != Some(std::mem::discriminant(phase));
        if is_new && *phase != Phase::Streaming {
            turn.streamed = 0;
            turn.streaming_since = None;
        }
        turn.phase = Some((phase.clone(), now));
        if self.is_plain && is_new && *phase != Phase::Streaming {
            let line = phase::line(phase, None, &self.theme);
            return vec![line.text];
        }
        Vec::new()
    }

    /// The rows below the finished lines: the unfinished line, output, child agents, what is being done.
    pub(super) fn rows(&self, now: Instant, tick: u64) -> Vec<String> {
        let mut rows: Vec<String> = self.message.iter().flat_map(Message::rows).collect();
        let room = self.theme.width.saturating_sub(1);
        for line in self.output.last() {
            rows.push(
                self.theme
                    .paint(Style::Dim, &self.theme.fit(&format!("  {line}"), room)),
            );
        }
        for agent in self.agents.values().take(AGENT_ROWS) {
            let line = agent.line(tick, &self.theme);
            rows.push(self.theme.paint(Style::Dim, &self.theme.fit(&line, room)));
        }
        rows.push(self.status(now, tick));
        rows
    }

    fn status(&self, now: Instant, tick: u64) -> String {
        let Some(turn) = &self.turn else {
            let sign = self.theme.spinner(tick);
            return self.theme.paint(Style::Dim, &format!("{sign} starting"));
        };
        let (text, style, sign) = match &turn.phase {
            Some((phase, since)) => {
                let passed = now.saturating_duration_since(*since);
                let phase = later(phase, passed);
                let line = phase::line(&phase, turn.rate(now), &self.theme);
                let sign = phase::sign(Some(&phase), tick, &self.theme);
                (line.text, line.style, sign)
            }
            None => (
                "working".to_owned(),
                Style::Dim,
                phase::sign(None, tick, &self.theme),
            ),
        };
        let elapsed = now.saturating_duration_since(turn.since);
        let mut parts = vec![text, format!("{}s", elapsed.as_secs())];
        if elapsed >= ESC_HINT {
            let is_retry = matches!(turn.phase, Some((Phase::Retrying { .. }, _)));
            parts.push(
                if is_retry {
                    "esc to give up"
                } else {
                    "esc to cancel"
                }
                .to_owned(),
            );
        }
        if !self.queued.is_empty() {
            parts.push(format!("{} queued", self.queued.len()));
        }
        let line = format!("{sign} {}", parts.join(self.theme.dot()));
        let room = self.theme.width.saturating_sub(1);
        self.theme.paint(style, &self.theme.fit(&line, room))
    }
}

impl Running {
    /// Tokens a second, at four characters a token.
    fn rate(&self, now: Instant) -> Option<u64> {
        let since = self.streaming_since?;
        let ms = u64::try_from(now.saturating_duration_since(since).as_millis()).ok()?;
        let streamed = u64::try_from(self.streamed).ok()?;
        (ms >= 1_000).then(|| streamed * 1_000 / 4 / ms)
    }
}

/// A phase as it is after some time without news.
fn later(phase: &Phase, passed: Duration) -> Phase {
    let ms = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
    match phase {
        Phase::Stalled { silent_ms } => Phase::Stalled {
            silent_ms: silent_ms.saturating_add(ms),
        },
        Phase::Retrying {
            attempt,
            max,
            delay_ms,
            reason,
        } => Phase::Retrying {
            attempt: *attempt,
            max: *max,
            delay_ms: delay_ms.saturating_sub(ms),
            reason: reason.clone(),
        },
        Phase::Connecting
        | Phase::Waiting
        | Phase::Streaming
        | Phase::Running { .. }
        | Phase::WaitingForApproval
        | Phase::Compacting => phase.clone(),
    }
}

impl Output {
    fn push(&mut self, text: &str) {
        self.tail.push_str(&self.cleaner.push(text));
        while let Some(at) = self.tail.find('\n') {
            let rest = self.tail.split_off(at + 1);
            let line = std::mem::replace(&mut self.tail, rest);
            self.lines.push_back(reveal(line.trim_end()));
            while self.lines.len() > OUTPUT_LINES {
                self.lines.pop_front();
            }
        }
    }

    fn last(&self) -> impl Iterator<Item = String> + '_ {
        let tail = (!self.tail.trim().is_empty()).then(|| reveal(self.tail.trim_end()));
        let kept = OUTPUT_LINES - usize::from(tail.is_some());
        let hidden = self.lines.len().saturating_sub(kept);
        self.lines.iter().skip(hidden).cloned().chain(tail)
    }
}

impl Agent {
    fn line(&self, tick: u64, theme: &Theme) -> String {
        let what = self.tool.as_deref().unwrap_or("thinking");
        let parts = [
            format!(
                "  {} {} {} {what}",
                theme.child(),
                self.name,
                theme.spinner(tick)
            ),
            format!("step {}", self.step),
            format!("{} tokens", words::count(self.tokens)),
            words::duration(self.elapsed_ms),
        ];
        parts.join(theme.dot())
    }
}

/// What is said of a module that came, changed or went. They travel on the host's topic.
pub(super) fn module_line(event: &ModuleEvent, theme: &Theme) -> Option<(Style, String)> {
    match event {
        ModuleEvent::Loaded { module } if !module.differences.is_empty() => {
            let id = reveal(&module.id.0);
            Some((
                Style::Warning,
                format!(
                    "{} toolset {id} is another binary now and has to be granted anew; `aroom tool inspect {id}`",
                    theme.warning()
                ),
            ))
        }
        ModuleEvent::Loaded { module } => Some((
            Style::Dim,
            format!("toolset {} was loaded", reveal(&module.id.0)),
        )),
        ModuleEvent::Failed { module, problem } => Some((
            Style::Warning,
            format!(
                "{} toolset {} cannot be used: {}",
                theme.warning(),
                reveal(&module.0),
                reveal(&problem.to_string())
            ),
        )),
        ModuleEvent::Withdrawn { module } => Some((
            Style::Dim,
            format!("toolset {} was withdrawn", reveal(&module.0)),
        )),
        ModuleEvent::Switched { module, is_enabled } => {
            let word = if *is_enabled { "on" } else { "off" };
            Some((
                Style::Dim,
                format!("toolset {} was switched {word}", reveal(&module.0)),
            ))
        }
        ModuleEvent::Granted { .. } | ModuleEvent::Revoked { .. } => None,
    }
}

/// What is said of an end that is not the usual one.
fn stop_lines(stop: &StopReason, usage: &Usage, theme: &Theme) -> Vec<String> {
    let line = |style, text: &str| vec![theme.paint(style, text)];
    match stop {
        StopReason::EndTurn => Vec::new(),
        StopReason::MaxSteps => line(
            Style::Warning,
            &format!(
                "{} the limit of model requests was reached; say `go on`",
                theme.warning()
            ),
        ),
        StopReason::MaxTokens => line(
            Style::Warning,
            &format!(
                "{} the endpoint cut the answer at its token limit; say `go on`",
                theme.warning()
            ),
        ),
        StopReason::Refusal => line(
            Style::Warning,
            &format!("{} the model refused", theme.warning()),
        ),
        StopReason::Cancelled => {
            let kept = match usage.completion_tokens {
                0 => String::new(),
                tokens => format!("{}{} tokens kept", theme.dot(), words::count(tokens)),
            };
            line(Style::Dim, &format!("{} cancelled{kept}", theme.stopped()))
        }
        StopReason::Budget { text } => line(
            Style::Warning,
            &format!("{} {}", theme.warning(), reveal(text)),
        ),
        StopReason::Interrupted => line(
            Style::Warning,
            &format!("{} cut off when the program ended", theme.stopped()),
        ),
        // Said by the session, which looks around for endpoints first.
        StopReason::Failed { problem } if problem.code == ProblemCode::NotConfigured => Vec::new(),
        StopReason::Failed { problem } => problem::render(problem, theme)
            .lines()
            .map(ToOwned::to_owned)
            .collect(),
    }
}

#[cfg(test)]
mod tests;
