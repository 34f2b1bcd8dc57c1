//! Child agents: a row for each while they work, and a line for each once all of them are done.

use crate::clean::reveal;
use crate::theme::{Style, Theme};
use crate::words;
use anteroom_api::{Delta, ItemId, Status, ToolCall};

/// Agents that have a row.
const ROWS: usize = 5;

/// The child agents of a turn, in the order they came.
#[derive(Default)]
pub(super) struct Agents(Vec<(ItemId, Agent)>);

#[derive(Clone)]
struct Agent {
    name: String,
    tool: Option<String>,
    calls: u32,
    tokens: u64,
    elapsed_ms: u64,
    done: Option<Status>,
}

impl Agents {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes what is told of one.
    pub(super) fn take(&mut self, delta: &Delta) {
        let Delta::Agent {
            item,
            name,
            tool,
            calls,
            tokens,
            elapsed_ms,
            ..
        } = delta
        else {
            return;
        };
        let agent = Agent {
            name: reveal(name),
            tool: tool.as_deref().map(reveal),
            calls: *calls,
            tokens: *tokens,
            elapsed_ms: *elapsed_ms,
            done: None,
        };
        match self.0.iter_mut().find(|(id, _)| id == item) {
            Some((_, known)) => *known = agent,
            None => self.0.push((*item, agent)),
        }
    }

    /// Takes that a call has ended; whether it was one of them.
    pub(super) fn end(&mut self, item: ItemId, call: &ToolCall, status: Status) -> bool {
        let Some((_, agent)) = self.0.iter_mut().find(|(id, _)| *id == item) else {
            return false;
        };
        agent.done = Some(status);
        if let Some(meter) = &call.meter {
            agent.elapsed_ms = agent.elapsed_ms.max(meter.wall_us / 1000);
        }
        true
    }

    /// The lines of all of them if none is at work any more; they are forgotten then.
    pub(super) fn finished(&mut self, theme: &Theme) -> Option<Vec<String>> {
        let is_over = !self.is_empty() && self.0.iter().all(|(_, agent)| agent.done.is_some());
        is_over.then(|| self.drain(theme))
    }

    /// The lines of all of them, wherever they are.
    pub(super) fn drain(&mut self, theme: &Theme) -> Vec<String> {
        let agents = std::mem::take(&mut self.0);
        rows(&agents, usize::MAX, None, theme)
    }

    /// The rows while they work.
    pub(super) fn rows(&self, tick: u64, theme: &Theme) -> Vec<String> {
        rows(&self.0, ROWS, Some(tick), theme)
    }
}

fn rows(agents: &[(ItemId, Agent)], most: usize, tick: Option<u64>, theme: &Theme) -> Vec<String> {
    let sign = theme.paint(Style::Accent, theme.child());
    let room = theme.width.saturating_sub(1);
    if let [(_, only)] = agents {
        return vec![format!(
            "{sign} {}",
            only.line(tick, room.saturating_sub(2), theme)
        )];
    }
    let mut rows = Vec::new();
    if !agents.is_empty() {
        rows.push(format!("{sign} {} sub-agents", agents.len()));
    }
    // Those at work are shown first when there are too many.
    let mut shown: Vec<&Agent> = agents.iter().map(|(_, agent)| agent).collect();
    if shown.len() > most {
        shown.sort_by_key(|agent| agent.done.is_some());
    }
    let hidden = shown.len().saturating_sub(most);
    rows.extend(
        shown
            .iter()
            .take(most)
            .map(|agent| format!("  {}", agent.line(tick, room.saturating_sub(2), theme))),
    );
    if hidden > 0 {
        rows.push(theme.paint(Style::Dim, &format!("  {hidden} more")));
    }
    rows
}

impl Agent {
    fn line(&self, tick: Option<u64>, room: usize, theme: &Theme) -> String {
        let (style, what) = match (self.done, tick) {
            (Some(Status::Completed), _) => (Style::Good, format!("{} done", theme.ok())),
            (Some(Status::Interrupted) | None, None) | (Some(Status::Interrupted), _) => {
                (Style::Dim, format!("{} cut off", theme.stopped()))
            }
            (Some(Status::Denied), _) => (Style::Danger, format!("{} denied", theme.failed())),
            (Some(_), _) => (Style::Danger, format!("{} failed", theme.failed())),
            (None, Some(tick)) => {
                let tool = self.tool.as_deref().unwrap_or("thinking");
                (Style::Dim, format!("{} {tool}", theme.spinner(tick)))
            }
        };
        let mut parts = vec![what];
        if self.calls > 0 {
            parts.push(words::plural(self.calls as usize, "tool", "tools"));
        }
        if self.tokens > 0 {
            parts.push(format!("{} tokens", words::count(self.tokens)));
        }
        parts.push(words::duration(self.elapsed_ms));
        let name = theme.fit(&self.name, room / 2);
        let rest = theme.fit(
            &parts.join(theme.dot()),
            room.saturating_sub(name.chars().count() + 1),
        );
        format!("{name} {}", theme.paint(style, &rest))
    }
}
