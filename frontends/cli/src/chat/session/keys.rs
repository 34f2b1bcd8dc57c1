//! What is typed during a run: into the draft, into the queue, or to end something.

use super::{Open, Session};
use crate::chat::draft::Draft;
use crate::chat::keyboard::{Shortcut, Typed};
use crate::exit;
use anteroom_api::TurnOp;
use crossterm::event::{Event as Key, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tokio::time::Instant;

impl Session<'_> {
    /// Handles what is typed during a run; gives the exit code if it ends the chat.
    pub(super) async fn typed(&mut self, typed: Typed) -> Option<u8> {
        self.pace.hurry();
        match typed {
            Typed::Key(Key::Key(key)) if key.kind != KeyEventKind::Release => {
                return self.pressed(key).await;
            }
            Typed::Key(Key::Paste(text)) => match self.open.front_mut() {
                Some(Open::Approval(ask)) => {
                    if !ask.paste(&text, Instant::now()) {
                        self.draft.insert(&text);
                    }
                }
                Some(Open::Inquiry(inquiry)) => inquiry.paste(&text, Instant::now()),
                None => self.draft.insert(&text),
            },
            Typed::Key(Key::Resize(..)) => self.fit_window(),
            // Nobody can answer any more.
            Typed::End => return Some(exit::OK),
            Typed::Key(_)
            | Typed::Line(_)
            | Typed::Cleared
            | Typed::Rested
            | Typed::Left(..)
            | Typed::Shortcut(..) => {}
        }
        None
    }

    /// Handles what was typed before anybody looked; gives the exit code if it ends the chat.
    pub(super) async fn typed_before(&mut self) -> Option<u8> {
        self.view.early = 0;
        self.view.is_cancelled_early = false;
        while let Some(line) = self.early.pop_front() {
            if let Some(code) = self.entered(line).await {
                return Some(code);
            }
        }
        while let Some(event) = self.left.pop_front() {
            if let Some(code) = self.typed(Typed::Key(event)).await {
                return Some(code);
            }
        }
        None
    }

    async fn pressed(&mut self, key: KeyEvent) -> Option<u8> {
        if !self.open.is_empty() {
            self.press_open(key).await;
            return None;
        }
        self.typed_at = Some(Instant::now());
        if let Some(shortcut) = Shortcut::of(key) {
            self.shortcut(shortcut).await;
            return None;
        }
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        if is_control && key.code == KeyCode::Char('c') {
            return self.clear_or_leave();
        }
        self.warned_at = None;
        match key.code {
            KeyCode::Char('d') if is_control && self.draft.is_empty() => return Some(exit::OK),
            KeyCode::Esc => self.cancel().await,
            KeyCode::Enter if key.modifiers.is_empty() => {
                let line = self.draft.take();
                return self.entered(line).await;
            }
            KeyCode::Up if self.draft.is_empty() => self.take_back().await,
            _ => self.edit(key).await,
        }
        None
    }

    /// A key that changes the draft.
    pub(super) async fn edit(&mut self, key: KeyEvent) {
        if key.code != KeyCode::Tab || !key.modifiers.is_empty() {
            self.draft.press(key);
            return;
        }
        let (text, cursor) = (self.draft.text().to_owned(), self.draft.cursor());
        if let Some((text, cursor)) = self.cycle.next(&text, cursor).await {
            self.draft = Draft::at(&text, cursor);
        }
    }

    /// The first Ctrl+C clears what is typed, the second in a row leaves.
    pub(super) fn clear_or_leave(&mut self) -> Option<u8> {
        if self.is_warned() {
            return Some(exit::INTERRUPTED);
        }
        self.warn();
        self.draft.set("");
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
                    if let Some(words) = content.words() {
                        self.draft.insert(&words);
                    }
                }
            }
            Err(rejection) => self.show_problem(&rejection.0),
        }
    }
}
