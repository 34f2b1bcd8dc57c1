//! What each event means for the tables. Doing one twice, or all of them again in order, changes nothing.

use crate::error::Fault;
use crate::journal::UserStamp;
use crate::{approvals, canvases, conversations, grants, items, turns};
use anteroom_api::event::HostEvent;
use anteroom_api::{
    ApprovalEvent, CanvasEvent, CheckpointEvent, ConversationEvent, ConversationId, DatabaseEvent,
    ElicitationEvent, Event, FolderEvent, ItemEvent, ModuleEvent, RuleEvent, SettingEvent, Topic,
    TurnEvent, UnixMillis,
};
use rusqlite::Connection;

/// Where, when and for whom an event happened.
pub(crate) struct Fact<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) topic: Topic,
    pub(crate) at: UnixMillis,
    pub(crate) user: Option<&'a UserStamp>,
    pub(crate) host: Option<i64>,
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
                ItemEvent::Started(item) | ItemEvent::Completed(item) => {
                    items::save(fact, conversation, item)
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
                ApprovalEvent::Extended { .. } => Ok(()),
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
        Event::Rule(RuleEvent::Kept { .. } | RuleEvent::Revoked { .. })
        | Event::Checkpoint(CheckpointEvent::Undone { .. })
        | Event::Database(
            DatabaseEvent::BackedUp { .. }
            | DatabaseEvent::Restored { .. }
            | DatabaseEvent::Vacuumed { .. }
            | DatabaseEvent::Exported { .. }
            | DatabaseEvent::Imported { .. }
            | DatabaseEvent::SharedAdded { .. }
            | DatabaseEvent::SharedRemoved { .. },
        )
        | Event::Folder(FolderEvent::Trusted { .. } | FolderEvent::Distrusted { .. }) => Ok(()),
        Event::Setting(SettingEvent::Changed { .. })
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
            if elsewhere(*conversation) =>
        {
            Err(fact.misplaced("a conversation"))
        }
        ConversationEvent::Renamed {
            conversation,
            title,
        } => conversations::rename(fact, *conversation, title),
        ConversationEvent::Tainted { conversation, .. } => {
            conversations::taint(fact, *conversation)
        }
        ConversationEvent::Rewound { .. }
        | ConversationEvent::Compacted { .. }
        | ConversationEvent::Uncompacted { .. }
        | ConversationEvent::ContextGrown { .. } => Ok(()),
        ConversationEvent::Deleted { conversation } => match fact.topic {
            Topic::Host => conversations::delete(fact, *conversation),
            Topic::Conversation(_) => Err(fact.misplaced("a deletion")),
        },
    }
}

fn turn(fact: &Fact<'_>, conversation: ConversationId, event: &TurnEvent) -> Result<(), Fault> {
    match event {
        TurnEvent::Queued { queued } => turns::queue(fact, conversation, queued),
        TurnEvent::Unqueued { turn } => turns::unqueue(fact, *turn),
        TurnEvent::Started { turn } => turns::start(fact, conversation, *turn),
        TurnEvent::StepStarted { .. } => Ok(()),
        TurnEvent::StepEnded { turn, step, usage } => {
            turns::end_step(fact, conversation, *turn, (*step, *usage))
        }
        TurnEvent::Ended { turn, stop, usage } => {
            turns::end(fact, conversation, *turn, (stop, *usage))
        }
    }
}

fn module(fact: &Fact<'_>, event: &ModuleEvent) -> Result<(), Fault> {
    match event {
        ModuleEvent::Granted { grant, at } => grants::add(fact, grant, *at),
        ModuleEvent::Revoked {
            module,
            capability: _,
        } => grants::remove(fact, module),
        ModuleEvent::Loaded { .. }
        | ModuleEvent::Failed { .. }
        | ModuleEvent::Withdrawn { .. }
        | ModuleEvent::Switched { .. } => Ok(()),
    }
}
