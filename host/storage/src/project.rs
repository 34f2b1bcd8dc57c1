//! What each event means for the tables. Doing one twice, or all of them again in order, changes nothing.

use crate::error::Fault;
use crate::journal::UserStamp;
use crate::summaries::Summarized;
use crate::{
    approvals, canvases, conversations, filing, grants, items, mcp, modules, past, prefixes, rules,
    spending, summaries, texts, turns, workspaces,
};
use anteroom_api::event::HostEvent;
use anteroom_api::{
    Approval, ApprovalEvent, ApprovalId, CanvasEvent, CheckpointEvent, ConversationEvent,
    ConversationId, DatabaseEvent, ElicitationEvent, Event, ItemEvent, ModuleEvent, RuleEvent,
    SettingEvent, TextEvent, Topic, TurnEvent, UnixMillis, WorkspaceEvent,
};
use rusqlite::Connection;

/// Where, when and for whom an event happened.
#[derive(Clone, Copy)]
pub(crate) struct Fact<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) topic: Topic,
    pub(crate) at: UnixMillis,
    pub(crate) user: Option<&'a UserStamp>,
    pub(crate) host: Option<i64>,
    /// Approvals that are in another file.
    pub(crate) asked: &'a [Approval],
}

impl Fact<'_> {
    /// The user's id.
    pub(crate) fn user_id(&self) -> Option<&str> {
        self.user.map(|user| user.user_id.as_str())
    }

    /// The user's name.
    pub(crate) fn user_display_name(&self) -> Option<&str> {
        self.user.map(|user| user.user_display_name.as_str())
    }

    /// An approval, wherever it is.
    pub(crate) fn approval(&self, id: ApprovalId) -> Result<Option<Approval>, Fault> {
        match self.asked.iter().find(|asked| asked.id == id) {
            Some(asked) => Ok(Some(asked.clone())),
            None => approvals::find(self.connection, id),
        }
    }

    fn conversation(&self, noun: &'static str) -> Result<ConversationId, Fault> {
        match self.topic {
            Topic::Conversation(id) => Ok(id),
            Topic::Host => Err(self.misplaced(noun)),
        }
    }

    fn misplaced(&self, noun: &'static str) -> Fault {
        Fault::Misplaced {
            noun,
            topic: self.topic,
        }
    }
}

/// Writes an event into the tables.
pub(crate) fn project(fact: &Fact<'_>, event: &Event) -> Result<(), Fault> {
    match event {
        Event::Conversation(event) => conversation(fact, event),
        Event::Turn(event) => turn(fact, fact.conversation("a turn")?, event),
        Event::Item(event) => {
            let conversation = fact.conversation("an item")?;
            match event {
                ItemEvent::Started(item) => items::save(fact, conversation, item),
                ItemEvent::Completed(item) => {
                    items::save(fact, conversation, item)?;
                    rules::used(fact, conversation, item)
                }
            }
        }
        Event::Approval(event) => {
            let conversation = fact.conversation("an approval")?;
            match event {
                ApprovalEvent::Requested { approval } => {
                    approvals::request(fact, conversation, approval)
                }
                ApprovalEvent::Resolved {
                    approval,
                    resolution,
                    by,
                } => approvals::resolve(fact, *approval, resolution, by),
                ApprovalEvent::Extended {
                    approval,
                    expires_at,
                } => approvals::extend(fact, *approval, *expires_at),
            }
        }
        Event::Elicitation(event) => {
            let conversation = fact.conversation("a question")?;
            match event {
                ElicitationEvent::Requested { question } => {
                    approvals::ask(fact, conversation, question)
                }
                ElicitationEvent::Answered {
                    elicitation,
                    answer,
                } => approvals::answer(fact, *elicitation, answer),
            }
        }
        Event::Canvas(CanvasEvent::Saved { canvas }) => {
            if fact.topic == Topic::Conversation(canvas.conversation) {
                canvases::save(fact, canvas)
            } else {
                Err(fact.misplaced("a canvas"))
            }
        }
        Event::Module(event) => module(fact, event),
        Event::Mcp(event) => mcp::project(fact, event),
        Event::Rule(RuleEvent::Kept { rule }) => rules::keep(fact, rule),
        Event::Rule(RuleEvent::Revoked { rule, workspace }) => {
            rules::revoke(fact, rule, workspace.as_deref())
        }
        Event::Workspace(WorkspaceEvent::Trusted { path, hash }) => {
            workspaces::trust(fact, path, hash)
        }
        Event::Workspace(WorkspaceEvent::Distrusted { path }) => workspaces::distrust(fact, path),
        Event::Checkpoint(CheckpointEvent::Undone { .. })
        | Event::Database(
            DatabaseEvent::BackedUp { .. }
            | DatabaseEvent::Restored { .. }
            | DatabaseEvent::Vacuumed { .. }
            | DatabaseEvent::Exported { .. }
            | DatabaseEvent::Imported { .. }
            | DatabaseEvent::SharedAdded { .. }
            | DatabaseEvent::SharedRemoved { .. },
        ) => Ok(()),
        Event::Tag(_) | Event::Folder(_) | Event::Project(_) => filing::project(fact, event),
        Event::Text(TextEvent::Saved { text }) => {
            if fact.topic == Topic::Conversation(text.conversation) {
                texts::save(fact, text)
            } else {
                Err(fact.misplaced("a text"))
            }
        }
        // Which bundles there are stands beside their files.
        Event::Bundle(_) => Ok(()),
        // Sessions are stored by themselves: their hashes are told to nobody.
        Event::Session(_)
        | Event::Setting(SettingEvent::Changed { .. } | SettingEvent::Replaced { .. })
        | Event::Host(HostEvent::Trouble { .. } | HostEvent::Stopping) => Ok(()),
    }
}

fn conversation(fact: &Fact<'_>, event: &ConversationEvent) -> Result<(), Fault> {
    let elsewhere =
        |id: ConversationId| matches!(fact.topic, Topic::Conversation(topic) if topic != id);
    match event {
        ConversationEvent::Opened { conversation } if elsewhere(conversation.id) => {
            Err(fact.misplaced("a conversation"))
        }
        ConversationEvent::Opened { conversation } => conversations::open(fact, conversation),
        ConversationEvent::Renamed { conversation, .. }
        | ConversationEvent::Tainted { conversation, .. }
        | ConversationEvent::Tagged { conversation, .. }
        | ConversationEvent::Moved { conversation, .. }
        | ConversationEvent::Assigned { conversation, .. }
        | ConversationEvent::Pinned { conversation, .. }
        | ConversationEvent::Configured { conversation, .. }
        | ConversationEvent::Compacted { conversation, .. }
        | ConversationEvent::Uncompacted { conversation }
        | ConversationEvent::Rewound { conversation, .. }
            if elsewhere(*conversation) =>
        {
            Err(fact.misplaced("a conversation"))
        }
        ConversationEvent::Renamed {
            conversation,
            title,
        } => conversations::rename(fact, *conversation, title),
        ConversationEvent::Tagged {
            conversation,
            added,
            removed,
        } => filing::tag(fact, *conversation, (added, removed)),
        ConversationEvent::Moved {
            conversation,
            folder,
        } => filing::put(fact, *conversation, *folder),
        ConversationEvent::Assigned {
            conversation,
            project,
        } => filing::assign(fact, *conversation, *project),
        ConversationEvent::Pinned {
            conversation,
            is_pinned,
        } => filing::pin(fact, *conversation, *is_pinned),
        ConversationEvent::Configured {
            conversation,
            model,
            mode,
        } => conversations::configure(fact, *conversation, (model.as_deref(), *mode)),
        ConversationEvent::Tainted { conversation, .. } => {
            conversations::taint(fact, *conversation)
        }
        ConversationEvent::Compacted {
            conversation,
            item,
            from,
            ..
        } => {
            let (item, from) = (*item, *from);
            summaries::hold(fact, *conversation, Summarized { item, from })
        }
        ConversationEvent::Uncompacted { conversation } => summaries::drop(fact, *conversation),
        ConversationEvent::Rewound {
            conversation,
            before,
        } => past::put_aside(fact, *conversation, *before),
        ConversationEvent::ContextGrown { .. } => Ok(()),
        ConversationEvent::Deleted { conversation } => match fact.topic {
            Topic::Host => {
                prefixes::forget(fact, *conversation)?;
                conversations::delete(fact, *conversation)
            }
            Topic::Conversation(_) => Err(fact.misplaced("a deletion")),
        },
    }
}

fn turn(fact: &Fact<'_>, conversation: ConversationId, event: &TurnEvent) -> Result<(), Fault> {
    match event {
        TurnEvent::Queued { queued } => turns::queue(fact, conversation, queued),
        TurnEvent::Unqueued { turn } => turns::unqueue(fact, *turn),
        TurnEvent::Reworded { queued } => turns::reword(fact, queued),
        TurnEvent::Reordered { turn, ahead_of } => {
            turns::reorder(fact, conversation, (*turn, *ahead_of))
        }
        TurnEvent::Started { turn, .. } => turns::start(fact, conversation, *turn),
        TurnEvent::StepStarted { .. } => Ok(()),
        TurnEvent::StepEnded {
            turn,
            step,
            usage,
            record,
        } => {
            turns::end_step(fact, conversation, *turn, (*step, *usage))?;
            let model = record.as_ref().map(|record| record.model.as_str());
            spending::asked(fact, (*turn, *step), model)
        }
        TurnEvent::Ended { turn, stop, usage } => {
            turns::end(fact, conversation, *turn, (stop, *usage))
        }
    }
}

fn module(fact: &Fact<'_>, event: &ModuleEvent) -> Result<(), Fault> {
    match event {
        ModuleEvent::Granted { grant, at } => grants::add(fact, grant, *at),
        ModuleEvent::Revoked { module, capability } => grants::remove(fact, module, *capability),
        ModuleEvent::Switched { module, is_enabled } => modules::switch(fact, module, *is_enabled),
        ModuleEvent::Loaded { .. } | ModuleEvent::Failed { .. } | ModuleEvent::Withdrawn { .. } => {
            Ok(())
        }
    }
}
