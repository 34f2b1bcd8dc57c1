//! What the slash commands about the past do: taking changes back, rewinding, forking.

use super::Session;
use crate::command::undo;
use crate::invocation::Resume;
use anteroom_api::{
    ConversationId, ConversationOp, HostHandle, ItemBody, ItemId, Problem, ProblemCode, UndoTarget,
};

/// Items asked for at a time.
const PAGE: u32 = 200;

impl Session<'_> {
    /// Takes back what the last call or turn changed that is not taken back yet.
    pub(super) async fn undo(
        &mut self,
        is_turn: bool,
        is_forced: bool,
    ) -> Result<Vec<String>, Problem> {
        let conversation = self.conversation()?;
        let host = self.context.host.clone();
        let changes = host.read().changes(conversation).await?;
        let target = match is_turn {
            true => undo::last_turn(&changes).map(|turn| UndoTarget::Turn { turn }),
            false => undo::last_call(&changes).map(|item| UndoTarget::Call { item }),
        };
        let Some(target) = target else {
            return Ok(vec!["there is nothing to take back".to_owned()]);
        };
        let files = undo::take_back(&host, conversation, target, is_forced).await?;
        let workspace = self.context.workspace();
        Ok(undo::file_lines(&files, &workspace, &self.theme))
    }

    /// Goes back to before one of the person's last messages, and shows what is left.
    pub(super) async fn rewind(
        &mut self,
        messages: usize,
        is_undoing: bool,
    ) -> Result<(), Problem> {
        let conversation = self.conversation()?;
        let host = self.context.host.clone();
        let Some(before) = message(&host, conversation, messages).await? else {
            return Err(Problem::new(
                ProblemCode::NotFound,
                format!("there are not {messages} messages of yours to go back"),
            ));
        };
        undo::rewind(&host, conversation, (before, is_undoing)).await?;
        self.move_to(Resume::Named(conversation.to_string())).await
    }

    /// Goes on in a copy of the whole conversation.
    pub(super) async fn fork(&mut self) -> Result<(), Problem> {
        let conversation = self.conversation()?;
        let page = self
            .context
            .host
            .read()
            .items(conversation, None, 1)
            .await?;
        let Some(last) = page.entries.last() else {
            return Err(nothing());
        };
        let op = ConversationOp::Fork {
            conversation,
            until: last.id,
        };
        let fork = self.context.host.open(op).await;
        let fork = fork.map_err(|rejection| rejection.0)?;
        self.move_to(Resume::Named(fork.to_string())).await
    }

    pub(super) fn conversation(&self) -> Result<ConversationId, Problem> {
        let place = self.place.as_ref().map(|place| place.target.id);
        place.ok_or_else(nothing)
    }
}

/// The person's last message, or one further back.
async fn message(
    host: &HostHandle,
    conversation: ConversationId,
    mut number: usize,
) -> Result<Option<ItemId>, Problem> {
    let mut before = None;
    loop {
        let page = host.read().items(conversation, before, PAGE).await?;
        for item in page.entries.iter().rev() {
            if matches!(item.body, ItemBody::UserMessage { .. }) {
                number -= 1;
                if number == 0 {
                    return Ok(Some(item.id));
                }
            }
        }
        before = page.before;
        if before.is_none() {
            return Ok(None);
        }
    }
}

fn nothing() -> Problem {
    Problem::new(
        ProblemCode::NotFound,
        "there is nothing in this conversation yet",
    )
}
