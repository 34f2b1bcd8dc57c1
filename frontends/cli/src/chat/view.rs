//! What a conversation looks like while it goes on: facts and previews in, finished lines and live rows out.
//! Pure but for the moments it is handed.

mod agents;
mod ends;
mod looks;
mod output;
mod run;

pub(crate) use looks::{Looks, Verbosity};

use super::message::Message;
use crate::attached;
use crate::clean::reveal;
use crate::phase;
use crate::theme::{Style, Theme};
use crate::tool_line;
use crate::transcript;
use crate::words;
use agents::Agents;
use anteroom_api::{
    ApprovalEvent, CanvasEvent, CheckpointEvent, ConversationEvent, Delta, ElicitationEvent,
    Envelope, Event, Item, ItemBody, ItemEvent, ItemId, Phase, QueuedInput, Status, StopReason,
    Tier, ToolCall, TurnEvent, TurnId, UndoOutcome, UndoneFile, UnixMillis, Usage,
};
use ends::{module_line, stop_lines};
use output::Output;
use run::{Beside, Running};
use std::collections::BTreeSet;
use tokio::time::Instant;

/// Rows above the agents and the status.
const LIVE_ROWS: usize = 3;
/// A message of so many rows may be narration, which is dim: it waits for what follows it.
const NARRATION_ROWS: usize = 2;
/// Lines of a result, and of a diff, in full view.
const RESULT_LINES: usize = 8;
const DIFF_LINES: usize = 60;
/// Lines of a diff that nobody was asked about.
const SHORT_DIFF_LINES: usize = 10;

pub(super) struct View {
    theme: Theme,
    looks: Looks,
    message: Option<Message>,
    /// Rows of a message that may be narration.
    held: Vec<String>,
    /// Whether rows of the message were printed.
    is_flowing: bool,
    /// Calls that went well and may share a line with the next.
    calls: Vec<ToolCall>,
    /// Calls at work, the newest last.
    running: Vec<(ItemId, ToolCall, Instant)>,
    output: Output,
    agents: Agents,
    /// What was printed last, to set blocks apart.
    last: Block,
    turn: Option<Running>,
    /// Tokens of the last request and its answer.
    context_tokens: u64,
    pub(super) queued: Vec<QueuedInput>,
    /// Lines that wait for the first turn to be there.
    pub(super) early: usize,
    /// Whether that turn is to be cancelled as soon as it is there.
    pub(super) is_cancelled_early: bool,
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

impl View {
    pub(super) fn new(theme: Theme, looks: Looks) -> Self {
        Self {
            theme,
            looks,
            message: None,
            held: Vec::new(),
            is_flowing: false,
            calls: Vec::new(),
            running: Vec::new(),
            output: Output::default(),
            agents: Agents::default(),
            last: Block::Gap,
            turn: None,
            context_tokens: 0,
            queued: Vec::new(),
            early: 0,
            is_cancelled_early: false,
            shown: BTreeSet::new(),
            usage: Usage::default(),
        }
    }

    /// The same looks for another conversation.
    pub(super) fn anew(&self) -> Self {
        Self::new(self.theme, self.looks)
    }

    /// 0 is compact, 1 normal, 2 verbose.
    pub(super) fn set_verbosity(&mut self, level: u8) {
        self.looks.verbosity = Verbosity::level(level);
    }

    /// Its name.
    pub(super) fn verbosity(&self) -> &'static str {
        match self.looks.verbosity {
            Verbosity::Compact => "compact",
            Verbosity::Normal => "normal",
            Verbosity::Verbose => "verbose",
        }
    }

    /// From now on in lines alone, or not any more.
    pub(super) fn set_plain(&mut self, is_plain: bool) {
        self.looks.is_plain = is_plain;
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
            Event::Item(ItemEvent::Started(item)) => self.begin(item, now),
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
            // What is asked stands below everything that came before it.
            Event::Approval(ApprovalEvent::Requested { .. })
            | Event::Elicitation(ElicitationEvent::Requested { .. }) => self.settle(true),
            Event::Module(event) => match module_line(event, &self.theme) {
                Some((style, line)) => self.line(Block::Call, style, &line),
                None => Vec::new(),
            },
            Event::Checkpoint(CheckpointEvent::Undone { files, .. }) => {
                let is_back =
                    |file: &&UndoneFile| !matches!(file.outcome, UndoOutcome::Skipped { .. });
                let back = files.iter().filter(is_back).count();
                let line = match back == files.len() {
                    true => format!("{} taken back", words::plural(back, "file", "files")),
                    false => format!("{back} of {} files taken back", files.len()),
                };
                self.line(Block::Call, Style::Dim, &line)
            }
            Event::Conversation(
                ConversationEvent::Opened { .. }
                | ConversationEvent::Renamed { .. }
                | ConversationEvent::Tagged { .. }
                | ConversationEvent::Moved { .. }
                | ConversationEvent::Assigned { .. }
                | ConversationEvent::Pinned { .. }
                | ConversationEvent::Configured { .. },
            )
            | Event::Rule(_)
            | Event::Database(_)
            | Event::Workspace(_)
            | Event::Tag(_)
            | Event::Folder(_)
            | Event::Project(_)
            | Event::Text(_)
            | Event::Bundle(_)
            | Event::Session(_)
            | Event::Mcp(_)
            | Event::Approval(ApprovalEvent::Resolved { .. } | ApprovalEvent::Extended { .. })
            | Event::Elicitation(ElicitationEvent::Answered { .. })
            | Event::Setting(_)
            | Event::Host(_) => Vec::new(),
        }
    }

    fn line(&mut self, block: Block, style: Style, text: &str) -> Vec<String> {
        let mut lines = self.settle(false);
        lines.extend(self.gap(block));
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

    /// Prints what waited for what comes next; a message before a call is narration.
    fn settle(&mut self, is_before_call: bool) -> Vec<String> {
        let mut lines = self.flush_message();
        lines.extend(self.flush_text(is_before_call));
        lines.extend(self.flush_calls());
        lines
    }

    fn flush_text(&mut self, is_narration: bool) -> Vec<String> {
        let held = std::mem::take(&mut self.held);
        self.is_flowing = false;
        if held.is_empty() {
            return held;
        }
        let mut lines = self.gap(Block::Text);
        lines.extend(held.into_iter().map(|row| match is_narration {
            true => self.theme.dim_row(&row),
            false => row,
        }));
        lines
    }

    fn flush_calls(&mut self) -> Vec<String> {
        let calls = std::mem::take(&mut self.calls);
        let Some(line) = tool_line::merged_line(&calls, &self.theme) else {
            return Vec::new();
        };
        let mut lines = self.gap(Block::Call);
        lines.push(line);
        lines
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
                if !self.looks.is_plain {
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
                self.turn = Some(Running::new(*turn, at, now));
                Vec::new()
            }
            TurnEvent::StepStarted { .. } => Vec::new(),
            TurnEvent::StepEnded { usage, .. } => {
                let tokens = usage.prompt_tokens.saturating_add(usage.completion_tokens);
                if tokens > 0 {
                    self.context_tokens = tokens;
                }
                // Where there is no live row, nothing waits longer than for its step.
                match self.looks.is_plain {
                    true => self.flush_calls(),
                    false => Vec::new(),
                }
            }
            TurnEvent::Ended { stop, usage, .. } => self.end(stop, *usage, at),
        }
    }

    fn end(&mut self, stop: &StopReason, usage: Usage, at: UnixMillis) -> Vec<String> {
        let mut lines = self.settle(false);
        let agents = self.agents.drain(&self.theme);
        if !agents.is_empty() {
            lines.extend(self.gap(Block::Call));
            lines.extend(agents);
        }
        self.usage = self.usage.plus(usage);
        self.running.clear();
        self.output = Output::default();
        lines.extend(self.gap(Block::Gap));
        lines.extend(stop_lines(stop, &usage, &self.theme));
        if let Some(turn) = self.turn.take() {
            let elapsed = u64::try_from(at.0.saturating_sub(turn.started_at.0)).unwrap_or(0);
            let percent = phase::context_percent(self.context_tokens, self.looks.window_tokens);
            let mut line = phase::turn_line(elapsed, usage, percent, &self.theme);
            if self.looks.is_plain && *stop == StopReason::EndTurn {
                line = ["done", &line].join(self.theme.dot());
            }
            lines.push(self.theme.paint(Style::Dim, &line));
        }
        lines.push(String::new());
        lines
    }

    fn begin(&mut self, item: &Item, now: Instant) -> Vec<String> {
        match &item.body {
            ItemBody::AgentMessage { text } => {
                let mut lines = self.flush_message();
                lines.extend(self.flush_text(false));
                let mut message = Message::new(item.id, self.theme);
                let first = message.push(text);
                self.message = Some(message);
                lines.extend(self.text(first));
                lines
            }
            ItemBody::ToolCall(call) => {
                self.output = Output::default();
                self.running.retain(|(id, ..)| *id != item.id);
                self.running.push((item.id, call.clone(), now));
                let mut lines = self.flush_message();
                lines.extend(self.flush_text(true));
                lines
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
                    lines.extend(self.flush_text(false));
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
                lines.extend(self.flush_text(true));
                self.running.retain(|(id, ..)| *id != item.id);
                self.output = Output::default();
                lines.extend(self.called(item.id, call, item.status));
                lines
            }
            ItemBody::Reasoning { text } if self.looks.verbosity == Verbosity::Verbose => {
                let mut lines = self.settle(false);
                lines.extend(self.gap(Block::Text));
                let text = crate::clean::clean(text);
                lines.extend(text.trim().lines().map(|l| self.theme.paint(Style::Dim, l)));
                lines
            }
            ItemBody::UserMessage { .. } if !self.shown.contains(&item.turn) => {
                let mut lines = self.settle(false);
                self.last = Block::Gap;
                let said = transcript::lines(std::slice::from_ref(item), &self.theme);
                // It looks as if it had been typed at the prompt.
                let length = said.len().saturating_sub(1);
                lines.extend(said.into_iter().take(length));
                lines
            }
            ItemBody::Summary { .. } => self.line(
                Block::Call,
                Style::Dim,
                "(what was said before was summarized to make room)",
            ),
            // The words stand there already; what they led to does not.
            ItemBody::UserMessage { content } => attached::lines(content, &self.theme),
            ItemBody::Reasoning { .. } => Vec::new(),
        }
    }

    /// A call has ended: its line, or a place in a line that it shares.
    fn called(&mut self, item: ItemId, call: &ToolCall, status: Status) -> Vec<String> {
        if self.agents.end(item, call, status) {
            let Some(rows) = self.agents.finished(&self.theme) else {
                return Vec::new();
            };
            let mut lines = self.flush_calls();
            lines.extend(self.gap(Block::Call));
            lines.extend(rows);
            return lines;
        }
        let mut lines = Vec::new();
        if !self.shares(call, status) {
            lines.extend(self.flush_calls());
        }
        if self.may_share(call, status) {
            self.calls.push(call.clone());
            return lines;
        }
        lines.extend(self.gap(Block::Call));
        lines.push(tool_line::tool_line(call, status, &self.theme));
        lines.extend(tool_line::failure_line(call, status, &self.theme));
        match self.looks.verbosity {
            Verbosity::Verbose => {
                let diff = tool_line::diff_lines(call, DIFF_LINES, &self.theme);
                lines.extend(match diff.is_empty() {
                    true => tool_line::result_lines(call, RESULT_LINES, &self.theme),
                    false => diff,
                });
                let meter = call.meter.as_ref();
                lines.extend(meter.map(|meter| tool_line::meter_line(meter, &self.theme)));
            }
            Verbosity::Normal if !tool_line::was_seen(call) => {
                lines.extend(tool_line::diff_lines(call, SHORT_DIFF_LINES, &self.theme));
            }
            Verbosity::Normal | Verbosity::Compact => {}
        }
        lines
    }

    /// Whether a call may share a line with another one.
    fn may_share(&self, call: &ToolCall, status: Status) -> bool {
        let is_quiet = match self.looks.verbosity {
            Verbosity::Compact => true,
            Verbosity::Normal => call.tier == Tier::Read,
            Verbosity::Verbose => false,
        };
        self.looks.has_dedup && is_quiet && status == Status::Completed
    }

    /// Whether a call shares the line of those that wait.
    fn shares(&self, call: &ToolCall, status: Status) -> bool {
        let is_same = |other: &ToolCall| {
            self.looks.verbosity == Verbosity::Compact || other.tool == call.tool
        };
        self.may_share(call, status) && self.calls.last().is_none_or(is_same)
    }

    /// Prints rows of a message, or holds the first few back.
    fn text(&mut self, rows: Vec<String>) -> Vec<String> {
        if rows.is_empty() {
            return rows;
        }
        let mut lines = self.flush_calls();
        let is_long = self.held.len() + rows.len() > NARRATION_ROWS;
        if !self.looks.is_plain && !self.is_flowing && !is_long {
            self.held.extend(rows);
            return lines;
        }
        self.is_flowing = true;
        lines.extend(self.gap(Block::Text));
        lines.append(&mut self.held);
        lines.extend(rows);
        lines
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
            Delta::Text { item, at, text } => {
                let mut lines = Vec::new();
                if self.message.as_ref().is_none_or(|m| m.item != *item) {
                    lines = self.flush_message();
                    lines.extend(self.flush_text(false));
                    self.message = Some(Message::new(*item, self.theme));
                }
                let new = self.message.as_ref().map_or("", |m| m.new_of(*at, text));
                self.count(new, now);
                lines.extend(self.push(new));
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
            Delta::Agent { item, .. } => {
                self.running.retain(|(id, ..)| id != item);
                self.agents.take(delta);
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
            turn.count(text, now);
        }
    }

    fn change_phase(&mut self, id: TurnId, phase: &Phase, now: Instant) -> Vec<String> {
        let Some(turn) = self.turn.as_mut().filter(|turn| turn.id == id) else {
            return Vec::new();
        };
        let line = turn.change(phase, now, &self.looks, &self.theme);
        line.into_iter().collect()
    }

    /// The rows below the finished lines: what is not finished, child agents, what is being done.
    pub(super) fn rows(&self, now: Instant, tick: u64) -> Vec<String> {
        let mut rows = self.unfinished(now, tick);
        rows.extend(self.agents.rows(tick, &self.theme));
        rows.push(self.status(now, tick));
        rows
    }

    fn unfinished(&self, now: Instant, tick: u64) -> Vec<String> {
        let message = self.message.iter().flat_map(Message::rows);
        let mut rows: Vec<String> = self
            .held
            .iter()
            .map(|row| crate::clean::keep_marks(row))
            .chain(message)
            .collect();
        if rows.is_empty() {
            let merged = tool_line::merged_line(&self.calls, &self.theme);
            let output = match self.looks.verbosity {
                Verbosity::Compact => Vec::new(),
                _ => self.output.rows(LIVE_ROWS - 1, &self.theme),
            };
            let is_asked = self.turn.as_ref().is_some_and(Running::is_asked);
            let most = if is_asked {
                0
            } else {
                LIVE_ROWS - output.len()
            };
            let running = self.running.iter().rev().take(most).rev();
            let running = running.map(|(_, call, since)| {
                let elapsed = now.saturating_duration_since(*since).as_millis();
                let elapsed = u64::try_from(elapsed).unwrap_or(u64::MAX);
                tool_line::running_line(call, elapsed, tick, &self.theme)
            });
            rows.extend(merged.into_iter().chain(running).chain(output));
        }
        let hidden = rows.len().saturating_sub(LIVE_ROWS);
        rows.split_off(hidden)
    }

    fn status(&self, now: Instant, tick: u64) -> String {
        let Some(turn) = &self.turn else {
            let sign = self.theme.spinner(tick);
            let early = match self.early {
                0 => String::new(),
                count => format!(" · {count} queued"),
            };
            let cancelled = match self.is_cancelled_early {
                false => "",
                true => " · cancels",
            };
            let row = format!("{sign} starting{early}{cancelled}");
            return self.theme.paint(Style::Dim, &row);
        };
        let beside = Beside {
            queued: self.queued.len(),
            context_tokens: self.context_tokens,
        };
        turn.row((now, tick), beside, &self.looks, &self.theme)
    }
}

#[cfg(test)]
mod tests;
