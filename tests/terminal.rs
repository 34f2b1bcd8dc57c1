//! The chat on a real pseudo-terminal: what a person sees, types and finds in the scrollback.

mod asking;
mod commands;
mod completing;
mod early;
mod leaving;
mod looks;
mod moments;
mod safe;
mod servers;
mod stream;
mod typing;
mod windows;

use crate::program::Desk;
use crate::support::pty::{Pty, Shown};
use std::process::Command;

/// The window most tests look through.
const SIZE: (u16, u16) = (80, 24);

impl Desk {
    /// The chat, with these arguments behind it.
    fn chat(&self, arguments: &[&str]) -> Command {
        let mut command = self.aroom(&["chat"]);
        command.args(arguments);
        command
    }

    /// The chat at its prompt.
    async fn at_prompt(&self, arguments: &[&str]) -> Pty {
        let mut pty = Pty::spawn(&self.chat(arguments), SIZE);
        pty.until("the prompt", rests).await;
        pty
    }
}

/// Whether the prompt waits and is empty.
fn rests(shown: &Shown) -> bool {
    shown.last_row() == "❯" && shown.cursor.0 == 2
}

/// The rows in which is typed, at rest or during a run.
fn composer(shown: &Shown) -> Vec<String> {
    let first = shown.rows.iter().rposition(|row| row.starts_with('❯'));
    let rows = shown.rows.get(first.unwrap_or(0)..).unwrap_or_default();
    let last = rows.iter().rposition(|row| !row.is_empty());
    rows[..last.map_or(0, |at| at + 1)].to_vec()
}

/// What the last user's message of a request says.
fn said(desk: &Desk, request: usize) -> String {
    let request = &desk.endpoint.chats()[request];
    let messages = request.json["messages"].as_array().unwrap();
    let user = messages.iter().rev().find(|m| m["role"] == "user").unwrap();
    match &user["content"] {
        serde_json::Value::String(text) => text.clone(),
        parts => parts[0]["text"].as_str().unwrap_or_default().to_owned(),
    }
}
