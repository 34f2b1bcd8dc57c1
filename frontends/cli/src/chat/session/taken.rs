//! While the host takes a message, which lasts where tools have to be compiled first: what is typed meanwhile is
//! shown, and kept in its order for the turn that begins then.

use super::Session;
use crate::chat::job;
use crate::chat::keyboard::{Shortcut, Typed};
use crate::exit;
use crate::interrupts::Interrupt;
use crossterm::event::{Event as Key, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use std::pin::pin;
use std::time::Duration;
use tokio::time::Instant;

/// Taking a message that takes longer is shown.
const UNSHOWN: Duration = Duration::from_millis(300);
/// Esc: what it stands for is done once there is something to cancel.
const ESC: Key = Key::Key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE));

impl Session<'_> {
    /// Waits for the host's answer; none if the person left before it came.
    pub(super) async fn taken<T>(&mut self, handed: impl Future<Output = T>) -> Option<T> {
        let mut handed = pin!(handed);
        tokio::select! {
            biased;
            answer = &mut handed => return Some(answer),
            () = tokio::time::sleep(UNSHOWN) => {}
        }
        if self.is_held {
            // A turn runs, and its window stands; keys wait for a moment.
            return Some(handed.await);
        }
        self.take_keys();
        self.pace.hurry();
        let mut stop = self.context.stop.clone();
        let mut gone = pin!(job::terminal_gone());
        let code = loop {
            let due = self.pace.due();
            tokio::select! {
                biased;
                answer = &mut handed => return Some(answer),
                typed = self.keyboard.next() => {
                    if let Some(code) = self.typed_early(typed).await {
                        break code;
                    }
                }
                interrupt = self.context.interrupts.next() => match interrupt {
                    Interrupt::Interrupt if !self.is_cancelled_early() => {
                        self.left.push_back(ESC);
                        self.show_early();
                    }
                    Interrupt::Interrupt | Interrupt::Terminate => break interrupt.code(),
                },
                () = self.stops.next() => self.suspend(),
                () = &mut gone => break exit::TERMINATED,
                () = stop.raised() => break exit::TERMINATED,
                () = tokio::time::sleep_until(due) => {}
            }
            if self.screen.is_broken() {
                break exit::OK;
            }
            if Instant::now() >= self.pace.due() {
                self.paint();
            }
        };
        self.leave_keys().await;
        self.leaving = Some(code);
        None
    }

    /// Handles what is typed meanwhile, as during a run; what needs one waits for it.
    async fn typed_early(&mut self, typed: Typed) -> Option<u8> {
        self.pace.hurry();
        match typed {
            Typed::Key(Key::Key(key)) if key.kind != KeyEventKind::Release => {
                return self.pressed_early(key).await;
            }
            Typed::Key(Key::Paste(text)) => self.draft.insert(&text),
            Typed::End => return Some(exit::OK),
            // The next frame looks at the window's size.
            Typed::Key(_)
            | Typed::Line(_)
            | Typed::Cleared
            | Typed::Rested
            | Typed::Left(_)
            | Typed::Shortcut(..) => {}
        }
        None
    }

    async fn pressed_early(&mut self, key: KeyEvent) -> Option<u8> {
        let is_bare = key.modifiers.is_empty();
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        match (Shortcut::of(key), key.code) {
            (Some(shortcut @ (Shortcut::Suspend | Shortcut::Redraw)), _) => {
                self.shortcut(shortcut).await;
            }
            (Some(_), _) | (None, KeyCode::Esc) => self.left.push_back(Key::Key(key)),
            (None, KeyCode::Char('c')) if is_control => return self.clear_or_leave(),
            (None, KeyCode::Char('d')) if is_control && self.draft.is_empty() => {
                return Some(exit::OK);
            }
            (None, KeyCode::Enter) if is_bare => {
                let line = self.draft.take();
                self.early.push_back(line);
            }
            (None, KeyCode::Up) if self.draft.is_empty() => {
                let last = self.early.pop_back().unwrap_or_default();
                self.draft.set(&last);
            }
            (None, _) => self.edit(key).await,
        }
        self.warned_at = None;
        self.show_early();
        None
    }

    fn is_cancelled_early(&self) -> bool {
        let is_esc = |event: &Key| matches!(event, Key::Key(key) if key.code == KeyCode::Esc);
        self.left.iter().any(is_esc)
    }

    /// Shows what waits for the turn.
    fn show_early(&mut self) {
        self.pace.hurry();
        self.view.early = self.early.len();
        self.view.is_cancelled_early = self.is_cancelled_early();
    }

    /// The message was not taken: it, and what was typed behind it, is the draft again.
    pub(super) async fn not_taken(&mut self, text: Option<String>) {
        if self.turns.is_empty() && self.screen.is_raw() {
            self.leave_keys().await;
        }
        self.view.is_cancelled_early = false;
        if text.is_none() && self.early.is_empty() {
            return;
        }
        self.view.early = 0;
        let mut lines: Vec<String> = text.into_iter().chain(self.early.drain(..)).collect();
        if !self.draft.is_empty() {
            lines.push(self.draft.take());
        }
        self.draft.set(&lines.join("\n"));
    }
}
