//! `/retry`: the last message again, or on from where the answer was cut off.

use super::Session;
use crate::command::undo;
use crate::theme::Style;
use crate::transcript;
use anteroom_api::{Content, Item, ItemBody, Origin, Problem, ProblemCode, StopReason, TurnView};

/// What the model is told to go on with.
const GO_ON: &str = "Go on from where you were cut off.";

impl Session<'_> {
    pub(super) async fn retry(&mut self) -> Result<(), Problem> {
        let conversation = self.conversation()?;
        let host = self.context.host.clone();
        let turns = host.read().turns(conversation).await?;
        let items = self.last_items().await?;
        let Some(message) = items.iter().rev().find(|item| is_said(item)) else {
            return Err(nothing_said());
        };
        let turn = turns.iter().find(|turn| turn.id == message.turn);
        let is_begun = items
            .iter()
            .any(|item| item.turn == message.turn && is_done(&item.body));
        if turn.is_some_and(is_cut) && is_begun {
            let line = format!("{} {GO_ON}", self.theme.prompt());
            self.print(vec![self.theme.paint(Style::Dim, &line)]);
            self.start(vec![Content::text(GO_ON)]).await;
            return Ok(());
        }
        let ItemBody::UserMessage { content } = &message.body else {
            return Err(nothing_said());
        };
        // What was answered is put aside, so that the model does not read it as an answer to be mended.
        undo::rewind(&host, conversation, (message.id, false)).await?;
        let mut words = message.clone();
        // What is attached is found anew, and told then.
        if let ItemBody::UserMessage { content } = &mut words.body {
            content.retain(|part| !matches!(part, Content::Attachment(_)));
        }
        self.print(transcript::lines(&[words], &self.theme));
        self.start(content.clone()).await;
        Ok(())
    }
}

/// The person's own words; what the host says in their name is not.
fn is_said(item: &Item) -> bool {
    matches!(item.body, ItemBody::UserMessage { .. }) && item.origin != Origin::Host
}

/// Whether the model had come to anything.
fn is_done(body: &ItemBody) -> bool {
    matches!(body, ItemBody::AgentMessage { .. } | ItemBody::ToolCall(_))
}

fn is_cut(turn: &TurnView) -> bool {
    match &turn.stop {
        None | Some(StopReason::EndTurn | StopReason::Refusal) => false,
        Some(
            StopReason::MaxSteps
            | StopReason::MaxTokens
            | StopReason::Cancelled
            | StopReason::Interrupted
            | StopReason::Budget { .. }
            | StopReason::Failed { .. },
        ) => true,
    }
}

fn nothing_said() -> Problem {
    Problem::new(ProblemCode::NotFound, "there is no message to run again")
}
