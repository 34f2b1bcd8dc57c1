//! Handing the terminal to a pager or an editor, and what is read there: long lists, the last call whole, the
//! draft.

use super::Session;
use crate::chat::keyboard::Typed;
use crate::clean::{clean, reveal_lines};
use crate::diff;
use crate::interrupts::Interrupt;
use crate::program;
use crate::theme::{Style, Theme, visible_width};
use crate::tool_line;
use anteroom_api::{CallHit, ItemBody, Problem, ProblemCode, ToolCall, ToolContent};
use crossterm::event::{Event as Key, KeyCode, KeyEventKind, KeyModifiers};

/// Rows of the window that stay free for the prompt and what was said before.
const MARGIN: usize = 4;

impl Session<'_> {
    /// Shows lines: as they are where they fit the window, else in a pager. They are clean already; nothing of a
    /// tool's or a model's acts on the terminal.
    pub(super) async fn page(&mut self, lines: Vec<String>) -> Result<(), Problem> {
        let (columns, rows) = self.screen.size();
        let rows_of = |line: &String| visible_width(line).div_ceil(columns.max(1)).max(1);
        let height: usize = lines.iter().map(rows_of).sum();
        if self.context.options.is_plain || height + MARGIN <= rows {
            self.print(lines);
            return Ok(());
        }
        let environment = self.context.terminal.environment.clone();
        let mut text = lines.join("\n");
        text.push('\n');
        let is_paged = self
            .outside(move || program::page(&environment, &text))
            .await?;
        match is_paged {
            true => Ok(()),
            false => self.page_here(lines).await,
        }
    }

    /// Window by window, where there is no pager.
    async fn page_here(&mut self, lines: Vec<String>) -> Result<(), Problem> {
        let (_, rows) = self.screen.size();
        let is_resting = self.turns.is_empty();
        if is_resting {
            self.keyboard.keys();
            self.screen.set_raw(true);
        }
        let mut left = lines.as_slice();
        loop {
            let (window, rest) = left.split_at(left.len().min(rows.saturating_sub(2).max(1)));
            self.print(window.to_vec());
            left = rest;
            if left.is_empty() {
                break;
            }
            let more = format!("{} more lines: Enter goes on, q ends", left.len());
            self.print(vec![self.theme.paint(Style::Dim, &more)]);
            if !self.is_more_wanted().await {
                break;
            }
        }
        if is_resting {
            self.keyboard.rest().await;
            self.screen.set_raw(false);
        }
        Ok(())
    }

    async fn is_more_wanted(&mut self) -> bool {
        loop {
            let typed = tokio::select! {
                typed = self.keyboard.next() => typed,
                _ = self.context.interrupts.next() => return false,
            };
            match typed {
                Typed::Key(Key::Key(key)) if key.kind != KeyEventKind::Release => {
                    let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
                    match key.code {
                        KeyCode::Char('c' | 'd') if is_control => return false,
                        KeyCode::Char('q' | 'Q') | KeyCode::Esc => return false,
                        KeyCode::Enter | KeyCode::Char(' ') | KeyCode::Down | KeyCode::PageDown => {
                            return true;
                        }
                        _ => {}
                    }
                }
                Typed::End => return false,
                _ => {}
            }
        }
    }

    /// Lets another program have the terminal until it ends. A turn that runs goes on meanwhile; what it asks waits
    /// or runs out, as if nobody were there.
    pub(super) async fn outside<T: Send + 'static>(
        &mut self,
        act: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let is_resting = self.turns.is_empty();
        self.screen.hide();
        if !is_resting {
            for event in self.keyboard.rest().await {
                if let Key::Key(key) = event {
                    self.draft.press(key);
                }
            }
            self.screen.set_raw(false);
        }
        self.keyboard.lend_terminal();
        let mut acting = tokio::task::spawn_blocking(act);
        let ended = loop {
            tokio::select! {
                ended = &mut acting => break ended,
                interrupt = self.context.interrupts.next() => match interrupt {
                    // The other program is told as well, and makes of it what it likes.
                    Interrupt::Interrupt | Interrupt::Terminate => {}
                },
            }
        };
        self.keyboard.take_terminal(false);
        self.screen.forget();
        if !is_resting {
            self.keyboard.keys();
            self.screen.set_raw(true);
        }
        ended.unwrap_or_else(|error| {
            Err(Problem::new(
                ProblemCode::Internal,
                "the other program was not seen to end",
            )
            .cause(error))
        })
    }

    /// Says what went wrong, if something did.
    pub(super) fn show_if_wrong(&mut self, done: Result<(), Problem>) {
        if let Err(problem) = done {
            self.show_problem(&problem);
        }
    }

    /// Ctrl+O: the last call whole.
    pub(super) async fn show_last_call(&mut self) -> Result<(), Problem> {
        let id = self.last_call(1).await?;
        let hits = self.context.host.read().calls(id.to_string()).await?;
        let hit = hits.into_iter().find(|hit| hit.item.id == id);
        let mut lines = self.explained(&id.to_string()).await?;
        if let Some(CallHit { item, .. }) = hit
            && let ItemBody::ToolCall(call) = &item.body
        {
            lines.extend(arguments(call, &self.theme));
            lines.extend(result(call, &self.theme));
            lines.extend(
                call.meter
                    .as_ref()
                    .map(|meter| tool_line::meter_line(meter, &self.theme)),
            );
        }
        self.page(lines).await
    }

    /// Ctrl+G: the draft in the person's editor.
    pub(super) async fn edit_draft(&mut self) -> Result<(), Problem> {
        let environment = self.context.terminal.environment.clone();
        let text = self.draft.text().to_owned();
        let edited = self
            .outside(move || program::edit(&environment, &text))
            .await?;
        self.draft.set(&edited);
        Ok(())
    }
}

/// Every argument as it was sent; long texts on lines of their own.
fn arguments(call: &ToolCall, theme: &Theme) -> Vec<String> {
    let mut lines = vec![String::new(), theme.paint(Style::Bold, "arguments")];
    match call.arguments.as_object() {
        None => lines.extend(reveal_lines(&call.arguments.to_string())),
        Some(arguments) => {
            for (name, value) in arguments {
                let text = match value.as_str() {
                    Some(text) => text.to_owned(),
                    None => serde_json::to_string_pretty(value).unwrap_or_default(),
                };
                let mut text = reveal_lines(&text).into_iter();
                let first = text.next().unwrap_or_default();
                let name = crate::clean::reveal(name);
                lines.push(format!("  {name}: {first}"));
                lines.extend(text.map(|line| format!("    {line}")));
            }
        }
    }
    lines
}

/// The whole result, a diff marked as one.
fn result(call: &ToolCall, theme: &Theme) -> Vec<String> {
    let Some(result) = &call.result else {
        return Vec::new();
    };
    let mut lines = vec![String::new(), theme.paint(Style::Bold, "result")];
    for content in &result.content {
        match content {
            ToolContent::Diff { unified, .. } => lines.extend(diff::unified(unified, theme)),
            ToolContent::Text { text } => lines.extend(clean(text).lines().map(untabbed)),
            ToolContent::Json { value } => {
                let text = serde_json::to_string_pretty(value).unwrap_or_default();
                lines.extend(clean(&text).lines().map(untabbed));
            }
            ToolContent::Image { media_type, .. } => {
                lines.push(format!("[an image, {}]", crate::clean::reveal(media_type)));
            }
        }
    }
    lines
}

fn untabbed(line: &str) -> String {
    line.replace('\t', "    ")
}
