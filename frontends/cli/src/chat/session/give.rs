//! Giving input to the conversation: what was typed, or what was said before.

use super::Session;
use crate::chat::screen::Live;
use crate::theme::{Style, visible_width};
use anteroom_api::{Content, OpId, Rejection, TurnId, TurnOp, TurnOptions};
use std::time::Duration;

/// Taking a message that takes longer is shown: at the very first start tools are still being compiled.
const UNSHOWN: Duration = Duration::from_millis(300);

impl Session<'_> {
    /// What was typed, for a plan first if that is how messages are taken now.
    pub(super) async fn say(&mut self, text: String) {
        self.give(text, self.choices.is_planning).await;
    }

    /// What was typed, perhaps for a plan first. What is not taken is the draft again.
    pub(super) async fn give(&mut self, text: String, is_plan: bool) {
        let input = vec![Content::text(text.clone())];
        if !self.submit(input, (is_plan, false)).await {
            self.draft.set(&text);
        }
    }

    /// What was said before, or is said in the person's name: `@` in it leads nowhere.
    pub(super) async fn start(&mut self, input: Vec<Content>) {
        self.submit(input, (self.choices.is_planning, true)).await;
    }

    /// Whether it was taken; if not, that was said.
    async fn submit(&mut self, input: Vec<Content>, (is_plan, is_verbatim): (bool, bool)) -> bool {
        let is_first = self.turns.is_empty();
        let conversation = match self.opened().await {
            Ok(conversation) => conversation,
            Err(problem) => {
                self.show_problem(&problem);
                return false;
            }
        };
        let options = TurnOptions {
            model: self.model.clone(),
            mode: self.mode,
            allowed_tools: self.context.options.allowed_tools.clone(),
            is_without_tools: self.chat.is_without_tools,
            max_steps: None,
            is_plan,
            is_attended: true,
            is_verbatim,
        };
        let start = TurnOp::Start {
            conversation,
            input,
            options,
        };
        match self.submitted(start).await {
            Ok(op) => {
                let turn = TurnId::from(op);
                self.turns.insert(turn);
                self.own.insert(turn);
                if is_first {
                    self.view.shown.insert(turn);
                }
                true
            }
            Err(rejection) => {
                self.show_problem(&rejection.0);
                false
            }
        }
    }

    /// Hands the input in; once that takes a while, says so.
    async fn submitted(&mut self, start: TurnOp) -> Result<OpId, Rejection> {
        let handed = self.context.host.submit(start);
        let mut handed = std::pin::pin!(handed);
        tokio::select! {
            biased;
            answer = &mut handed => return answer,
            () = tokio::time::sleep(UNSHOWN) => {}
        }
        if !self.is_held {
            let row = format!("{} starting", self.theme.spinner(0));
            let row = self.theme.paint(Style::Dim, &row);
            let cursor = (0, visible_width(&row));
            let rows = vec![row];
            self.screen.try_update(&[], &Live { rows, cursor });
        }
        let answer = handed.await;
        if !self.is_held {
            self.screen.hide();
        }
        answer
    }
}
