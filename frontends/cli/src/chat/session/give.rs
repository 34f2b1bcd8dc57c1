//! Giving input to the conversation: what was typed, or what was said before.

use super::Session;
use anteroom_api::{Content, TurnId, TurnOp, TurnOptions};

impl Session<'_> {
    /// What was typed, for a plan first if that is how messages are taken now.
    pub(super) async fn say(&mut self, text: String) {
        self.give(text, self.choices.is_planning).await;
    }

    /// What was typed, perhaps for a plan first. What is not taken is the draft again.
    pub(super) async fn give(&mut self, text: String, is_plan: bool) {
        let input = vec![Content::text(text.clone())];
        if !self.submit(input, (is_plan, false)).await {
            self.not_taken(Some(text)).await;
        }
    }

    /// A call of a skill, as it was typed in `line`.
    pub(super) async fn call(&mut self, skill: Content, line: &str) {
        if !self
            .submit(vec![skill], (self.choices.is_planning, false))
            .await
        {
            self.not_taken(Some(line.to_owned())).await;
        }
    }

    /// What was said before, or is said in the person's name: `@` in it leads nowhere.
    pub(super) async fn start(&mut self, input: Vec<Content>) {
        if !self.submit(input, (self.choices.is_planning, true)).await {
            self.not_taken(None).await;
        }
    }

    /// Whether there is nothing left to do about it: it was taken, or the person left. If not, that was said.
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
        let host = self.context.host.clone();
        match self.taken(host.submit(start)).await {
            None => true,
            Some(Ok(op)) => {
                let turn = TurnId::from(op);
                self.turns.insert(turn);
                self.own.insert(turn);
                if is_first {
                    self.view.shown.insert(turn);
                }
                true
            }
            Some(Err(rejection)) => {
                self.show_problem(&rejection.0);
                false
            }
        }
    }
}
