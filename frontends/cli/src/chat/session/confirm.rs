//! A question that is answered with one key at rest. Everything but `y` is a no.

use super::Session;
use crate::chat::keyboard::Typed;
use crate::interrupts::Interrupt;
use crate::theme::Style;
use crossterm::event::{Event as Key, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tokio::time::Instant;

impl Session<'_> {
    /// Asks; only while nothing runs.
    pub(super) async fn confirm(&mut self, question: &str) -> bool {
        let keys = self.theme.paint(Style::Bold, "y/N");
        self.print(vec![format!("{question} {keys}")]);
        self.keyboard.keys();
        self.screen.set_raw(true);
        let armed = Instant::now() + self.arming;
        let mut stop = self.context.stop.clone();
        let is_yes = loop {
            let typed = tokio::select! {
                typed = self.keyboard.next() => typed,
                interrupt = self.context.interrupts.next() => match interrupt {
                    Interrupt::Interrupt | Interrupt::Terminate => break false,
                },
                () = stop.raised() => break false,
            };
            match typed {
                // What was typed before the question could be read does not answer it.
                Typed::Key(Key::Key(key)) if Instant::now() >= armed => {
                    if let Some(is_yes) = answer(key) {
                        break is_yes;
                    }
                }
                Typed::End => break false,
                _ => {}
            }
        };
        // Keys behind the answer belong to nothing that is shown.
        self.keyboard.rest().await;
        self.screen.set_raw(false);
        is_yes
    }
}

fn answer(key: KeyEvent) -> Option<bool> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Char('y' | 'Y') if !is_control => Some(true),
        KeyCode::Char('c' | 'd') if is_control => Some(false),
        KeyCode::Char('n' | 'N') | KeyCode::Enter | KeyCode::Esc => Some(false),
        _ => None,
    }
}
