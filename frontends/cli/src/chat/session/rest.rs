//! At the prompt: a line is edited. What is told meanwhile is printed above it, and a run that begins takes it over.

use super::{Session, next};
use crate::chat::draft::Draft;
use crate::chat::job;
use crate::chat::keyboard::{Shortcut, Typed};
use crate::exit;
use crate::follow::Told;
use crate::interrupts::Interrupt;
use crate::theme::Style;
use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers};
use std::time::Duration;

/// How long the editor may take to hand its line back.
const HAND_BACK: Duration = Duration::from_secs(1);

/// What the person did at the prompt.
pub(super) enum Rest {
    Line(String),
    /// Something runs that was begun elsewhere.
    Watch,
    Leave(u8),
}

impl Session<'_> {
    /// Waits at the prompt.
    pub(super) async fn rest(&mut self) -> Rest {
        loop {
            self.flush();
            self.screen.hide();
            if !self.turns.is_empty() {
                return Rest::Watch;
            }
            if let Some(rest) = self.entered_before() {
                return rest;
            }
            self.fit_window();
            let draft = std::mem::take(&mut self.draft);
            self.keyboard.label(self.label());
            self.keyboard.line(draft);
            self.is_held = true;
            let typed = self.edited().await;
            self.is_held = false;
            match typed {
                Err(code) => return Rest::Leave(code),
                Ok(Typed::Line(line)) => {
                    self.warned_at = None;
                    return Rest::Line(line);
                }
                Ok(Typed::End) => return Rest::Leave(exit::OK),
                Ok(Typed::Cleared) if self.is_warned() => return Rest::Leave(exit::OK),
                Ok(Typed::Cleared) => {
                    self.warn();
                    let hint = "Ctrl+C again, or Ctrl+D, leaves";
                    self.print(vec![self.theme.paint(Style::Dim, hint)]);
                }
                Ok(Typed::Left(draft)) => self.draft = draft,
                Ok(Typed::Shortcut(shortcut, draft)) => {
                    self.draft = draft;
                    self.shortcut(shortcut).await;
                }
                Ok(Typed::Key(_) | Typed::Rested) => {}
            }
        }
    }

    /// What was typed between a run and the prompt: perhaps a whole line.
    fn entered_before(&mut self) -> Option<Rest> {
        while let Some(event) = self.left.pop_front() {
            let key = match event {
                Event::Key(key) if key.kind != KeyEventKind::Release => key,
                Event::Paste(text) => {
                    self.draft.insert(&text);
                    continue;
                }
                _ => continue,
            };
            let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
            match key.code {
                KeyCode::Char('d') if is_control && self.draft.is_empty() => {
                    return Some(Rest::Leave(exit::OK));
                }
                KeyCode::Char('c') if is_control => self.draft.set(""),
                KeyCode::Enter if key.modifiers.is_empty() => {
                    let line = self.draft.take();
                    self.print(self.said(&line));
                    return Some(Rest::Line(line));
                }
                _ => {
                    self.draft.press(key);
                }
            }
        }
        None
    }

    /// A line as if it had been typed at the prompt.
    fn said(&self, line: &str) -> Vec<String> {
        let mark = self.theme.paint(Style::Accent, self.theme.prompt());
        let lines = (0..).zip(line.split('\n'));
        lines
            .map(|(at, line)| match at {
                0 => format!("{mark} {line}"),
                _ => format!("  {line}"),
            })
            .collect()
    }

    /// Waits while a line is edited. Nothing is printed into it: it is taken back first.
    async fn edited(&mut self) -> Result<Typed, u8> {
        let mut stop = self.context.stop.clone();
        let mut gone = std::pin::pin!(job::terminal_gone());
        loop {
            tokio::select! {
                biased;
                typed = self.keyboard.next() => return Ok(typed),
                interrupt = self.context.interrupts.next() => {
                    self.draft = self.line_back().await;
                    return match interrupt {
                        Interrupt::Interrupt => Ok(Typed::Cleared),
                        Interrupt::Terminate => Err(exit::TERMINATED),
                    };
                }
                () = stop.raised() => {
                    self.draft = self.line_back().await;
                    return Err(exit::TERMINATED);
                }
                () = &mut gone => return Err(exit::TERMINATED),
                () = self.stops.next() => {
                    let draft = self.line_back().await;
                    return Ok(Typed::Shortcut(Shortcut::Suspend, draft));
                }
                envelope = self.news.next() => self.told(Told::Fact(Box::new(envelope))).await,
                Some(told) = next(&mut self.place) => self.told(told).await,
            }
            if self.pace.is_waiting() || !self.turns.is_empty() {
                self.keyboard.leave_line();
            }
        }
    }

    /// Takes the line back that is being edited; the terminal is as it was then.
    async fn line_back(&mut self) -> Draft {
        self.keyboard.leave_line();
        match tokio::time::timeout(HAND_BACK, self.keyboard.next()).await {
            Ok(Typed::Left(draft) | Typed::Shortcut(_, draft)) => draft,
            // It was entered in this very moment.
            Ok(Typed::Line(line)) => Draft::from(line.as_str()),
            Ok(_) | Err(_) => Draft::default(),
        }
    }
}
