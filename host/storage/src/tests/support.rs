//! Fixed ids, small builders and a database in a folder of its own.

use crate::{Entry, Storage, StorageError, UserStamp};
use anteroom_api::{
    ConversationEvent, ConversationId, ConversationKind, ConversationView, Envelope, Event, Item,
    ItemBody, ItemEvent, ItemId, OpId, Origin, Seq, Status, Tier, ToolCall, Topic, Trust,
    TurnEvent, TurnId, UnixMillis, Usage,
};
use std::path::PathBuf;
use tempfile::TempDir;
use uuid::Uuid;

pub(super) const AT: UnixMillis = UnixMillis(1_790_000_000_000);

pub(super) struct Place {
    pub(super) folder: TempDir,
}

impl Place {
    pub(super) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(super) fn file(&self) -> PathBuf {
        self.folder.path().join("data").join("anteroom.db")
    }

    pub(super) async fn open(&self) -> Storage {
        Storage::open(&self.file(), AT).await.unwrap()
    }
}

/// An id that says in a failure which one it was meant to be.
pub(super) fn uuid(kind: u8, number: u32) -> Uuid {
    Uuid::from_fields(
        number,
        u16::from(kind),
        0x7000,
        &[0x80, 0, 0, 0, 0, 0, 0, kind],
    )
}

pub(super) fn conversation_id(number: u32) -> ConversationId {
    uuid(1, number).into()
}

pub(super) fn turn_id(number: u32) -> TurnId {
    uuid(2, number).into()
}

pub(super) fn item_id(number: u32) -> ItemId {
    uuid(3, number).into()
}

pub(super) fn op_id(number: u32) -> OpId {
    uuid(4, number).into()
}

pub(super) fn topic(number: u32) -> Topic {
    Topic::Conversation(conversation_id(number))
}

pub(super) fn user() -> UserStamp {
    UserStamp {
        user_id: "u-1".to_string(),
        user_display_name: "Ada".to_string(),
    }
}

pub(super) fn entry(topic: Topic, at: i64, events: Vec<Event>) -> Entry {
    Entry {
        topic,
        cause: Some(op_id(9)),
        at: AT.plus(at),
        user: Some(user()),
        events,
    }
}

pub(super) fn view(number: u32) -> ConversationView {
    ConversationView {
        id: conversation_id(number),
        kind: ConversationKind::Chat,
        title: format!("conversation {number}"),
        workspace: "/work/space".to_string(),
        model: Some("small".to_string()),
        parent: None,
        trust: Trust::User,
        created_at: AT,
        updated_at: AT,
        seq: Seq(0),
        running: None,
        usage: Usage::default(),
    }
}

pub(super) fn opened(view: ConversationView) -> Event {
    Event::Conversation(ConversationEvent::Opened {
        conversation: Box::new(view),
    })
}

pub(super) fn started(turn: u32) -> Event {
    Event::Turn(TurnEvent::Started {
        turn: turn_id(turn),
    })
}

pub(super) fn item(number: u32, turn: u32, status: Status, body: ItemBody) -> Item {
    Item {
        id: item_id(number),
        turn: turn_id(turn),
        step: 1,
        status,
        origin: Origin::Model,
        created_at: AT,
        body,
    }
}

pub(super) fn says(number: u32, text: &str) -> Item {
    let text = text.to_string();
    item(
        number,
        1,
        Status::Completed,
        ItemBody::AgentMessage { text },
    )
}

pub(super) fn calls(number: u32, status: Status) -> Item {
    let call = ToolCall {
        call: format!("call_{number}"),
        tool: "read_file".to_string(),
        arguments: serde_json::json!({ "z": 1, "a": [null, "\u{2}", 1.5] }),
        tier: Tier::Read,
        decisions: Vec::new(),
        result: None,
        meter: None,
        child: None,
    };
    item(number, 1, status, ItemBody::ToolCall(call))
}

pub(super) fn begun(item: Item) -> Event {
    Event::Item(ItemEvent::Started(item))
}

pub(super) fn completed(item: Item) -> Event {
    Event::Item(ItemEvent::Completed(item))
}

impl Storage {
    /// Appends to a conversation's topic.
    pub(super) async fn tell(
        &self,
        conversation: u32,
        events: Vec<Event>,
    ) -> Result<Vec<Envelope>, StorageError> {
        self.append(entry(topic(conversation), 1, events)).await
    }
}
