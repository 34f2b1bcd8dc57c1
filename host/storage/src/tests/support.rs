//! Fixed ids, small builders and a database in a folder of its own.

use crate::{Entry, Storage, StorageError, UserStamp};
use anteroom_api::{
    ConversationEvent, ConversationId, ConversationKind, ConversationView, Envelope, Event, Item,
    ItemBody, ItemEvent, ItemId, OpId, Origin, Seq, Status, Tier, ToolCall, Topic, Trust,
    TurnEvent, TurnId, UnixMillis, Usage,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
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
        mode: None,
        parent: None,
        forked_from: None,
        database: None,
        filing: anteroom_api::Filing::default(),
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
        options: anteroom_api::TurnOptions::default(),
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

/// Every row of every table of ours, as text, by table. Without those that no projection touches, and
/// without what was spent on a day, which stays.
pub(super) async fn dump(storage: &Storage) -> BTreeMap<String, Vec<String>> {
    storage
        .read(|connection| {
            let mut tables = connection.prepare(
                "SELECT name FROM pragma_table_list WHERE type = 'table' AND schema = 'main'
                     AND name NOT LIKE 'sqlite_%' AND name NOT IN ('journal', 'openings', 'audit', 'days')",
            )?;
            let tables: Vec<String> = tables
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            let mut dump = BTreeMap::new();
            for table in tables {
                let mut statement = connection.prepare(&format!("SELECT * FROM {table}"))?;
                let columns = statement.column_count();
                let rows = statement.query_map([], |row| {
                    let cells = (0..columns).map(|index| format!("{:?}", row.get_ref(index)));
                    Ok(cells.collect::<Vec<_>>().join("|"))
                })?;
                let mut rows: Vec<String> = rows.collect::<Result<_, _>>()?;
                rows.sort();
                dump.insert(table, rows);
            }
            Ok(dump)
        })
        .await
        .unwrap()
}

/// The index compared with the messages it was made from, word by word.
pub(super) async fn check_index(storage: &Storage) {
    storage
        .write(|connection| {
            let sql =
                "INSERT INTO messages_text (messages_text, rank) VALUES ('integrity-check', 1)";
            connection.execute(sql, [])?;
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(storage.check().await.unwrap(), Vec::<String>::new());
}

/// All that is in a folder: names and contents.
pub(super) fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else {
            found.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    found
}
