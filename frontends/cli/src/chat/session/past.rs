//! What the slash commands about the past do: differences, taking changes back, rewinding, forking, the whole
//! conversation.

use super::Session;
use crate::chat::slash::Undo;
use crate::command::undo;
use crate::diff;
use crate::invocation::Resume;
use crate::theme::Style;
use crate::transcript;
use crate::words;
use anteroom_api::{
    ConversationId, ConversationOp, HostHandle, Item, ItemBody, ItemId, Origin, Problem,
    ProblemCode, UndoTarget,
};

/// Items asked for at a time.
const PAGE: u32 = 200;

impl Session<'_> {
    /// What files are now against what they were.
    pub(super) async fn diff(&mut self, is_turn: bool) -> Result<(), Problem> {
        let conversation = self.conversation()?;
        let reads = self.context.host.clone();
        let target = match is_turn {
            false => None,
            true => {
                let changes = reads.read().changes(conversation).await?;
                match undo::last_turn(&changes) {
                    Some(turn) => Some(UndoTarget::Turn { turn }),
                    None => return self.say_no_change(),
                }
            }
        };
        let diffs = reads.read().diff(conversation, target).await?;
        if diffs.is_empty() {
            return self.say_no_change();
        }
        let lines = diff::lines(&diffs, &self.workspace(), &self.theme);
        self.page(lines).await
    }

    fn say_no_change(&mut self) -> Result<(), Problem> {
        self.print(vec!["every file is as it was".to_owned()]);
        Ok(())
    }

    /// Shows what an undo would do, asks, does it.
    pub(super) async fn undo(&mut self, what: Undo, is_forced: bool) -> Result<(), Problem> {
        let conversation = self.conversation()?;
        let host = self.context.host.clone();
        let changes = host.read().changes(conversation).await?;
        let target = match what {
            Undo::List => {
                let now = (self.context.clock)();
                let lines = undo::lines(&changes, &self.workspace(), now, &self.theme);
                let lines = super::perform::or(lines, "no call has changed a file");
                return self.page(lines).await;
            }
            Undo::LastCall => undo::last_call(&changes).map(|item| UndoTarget::Call { item }),
            Undo::Turn => undo::last_turn(&changes).map(|turn| UndoTarget::Turn { turn }),
            Undo::Call(text) => {
                let ids = changes.iter().map(|change| change.item);
                let item = undo::one_of(ids, &text, "call")?;
                Some(UndoTarget::Call { item })
            }
            Undo::To(messages) => {
                let item = self.message(conversation, messages).await?;
                Some(UndoTarget::Since { item })
            }
        };
        let Some(target) = target else {
            self.print(vec!["there is nothing to take back".to_owned()]);
            return Ok(());
        };
        if !self.is_undo_wanted(conversation, target, is_forced).await? {
            return Ok(());
        }
        let files = undo::take_back(&host, conversation, target, is_forced).await?;
        self.print(undo::file_lines(&files, &self.workspace(), &self.theme));
        Ok(())
    }

    async fn is_undo_wanted(
        &mut self,
        conversation: ConversationId,
        target: UndoTarget,
        is_forced: bool,
    ) -> Result<bool, Problem> {
        let reads = self.context.host.read();
        let mut diffs = reads.diff(conversation, Some(target)).await?;
        if diffs.is_empty() {
            self.print(vec!["every file is as it was before".to_owned()]);
            return Ok(false);
        }
        let hindered = diffs.iter().filter(|diff| diff.hindrance.is_some()).count();
        if is_forced {
            diffs.iter_mut().for_each(|diff| diff.hindrance = None);
        }
        self.print(diff::outlook(&diffs, &self.workspace(), &self.theme));
        if hindered == diffs.len() && !is_forced {
            let hint = "nothing can be taken back as it is; `force` behind it overwrites what changed since";
            self.print(vec![self.theme.paint(Style::Dim, hint)]);
            return Ok(false);
        }
        let files = if is_forced {
            diffs.len()
        } else {
            diffs.len() - hindered
        };
        let question = format!("take back {}?", words::plural(files, "file", "files"));
        let is_wanted = self.confirm(&question).await;
        if !is_wanted {
            self.print(vec!["left as it is".to_owned()]);
        }
        Ok(is_wanted)
    }

    /// Goes back to before one of the person's last messages, and shows what is left.
    pub(super) async fn rewind(
        &mut self,
        messages: usize,
        is_undoing: bool,
    ) -> Result<(), Problem> {
        let conversation = self.conversation()?;
        let host = self.context.host.clone();
        let before = self.message(conversation, messages).await?;
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
            .items(conversation, anteroom_api::ItemsAt::Newest, 1)
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

    /// The whole conversation, page by page.
    pub(super) async fn history(&mut self) -> Result<(), Problem> {
        let conversation = self.conversation()?;
        let host = self.context.host.clone();
        let (mut pages, mut before) = (Vec::new(), None);
        loop {
            let page = host.read().items(conversation, before.into(), PAGE).await?;
            pages.push(transcript::lines(&page.entries, &self.theme));
            before = page.before;
            if before.is_none() {
                break;
            }
        }
        let lines = pages.into_iter().rev().flatten().collect();
        self.page(lines).await
    }

    /// The last items, oldest first.
    pub(super) async fn last_items(&mut self) -> Result<Vec<Item>, Problem> {
        let conversation = self.conversation()?;
        let host = &self.context.host;
        Ok(host
            .read()
            .items(conversation, anteroom_api::ItemsAt::Newest, PAGE)
            .await?
            .entries)
    }

    pub(super) fn conversation(&self) -> Result<ConversationId, Problem> {
        let place = self.place.as_ref().map(|place| place.target.id);
        place.ok_or_else(nothing)
    }

    fn workspace(&self) -> String {
        let view = self
            .place
            .as_ref()
            .and_then(|place| place.target.view.as_ref());
        view.map_or_else(|| self.context.workspace(), |view| view.workspace.clone())
    }

    async fn message(
        &mut self,
        conversation: ConversationId,
        messages: usize,
    ) -> Result<ItemId, Problem> {
        let found = message(&self.context.host, conversation, messages).await?;
        found.ok_or_else(|| {
            let text = format!("there are not {messages} messages of yours to go back");
            Problem::new(ProblemCode::NotFound, text)
        })
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
        let page = host.read().items(conversation, before.into(), PAGE).await?;
        for item in page.entries.iter().rev() {
            let is_said = matches!(item.body, ItemBody::UserMessage { .. });
            if is_said && item.origin != Origin::Host {
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
