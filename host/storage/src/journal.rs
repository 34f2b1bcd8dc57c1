//! The journal: events in and out, numbered without gaps within their topic.

use crate::error::{Fault, StorageError};
use crate::project::{self, Fact};
use crate::rows::{self, Key};
use crate::{Storage, audit, conversations};
use anteroom_api::{ConversationEvent, Envelope, Event, OpId, Seq, Topic, UnixMillis};
use rusqlite::{Connection, params};

/// Events that belong together: stored in order, all or none.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What they are about.
    pub topic: Topic,
    /// The wish that led to them.
    pub cause: Option<OpId>,
    /// When they happened.
    pub at: UnixMillis,
    /// On whose behalf.
    pub user: Option<UserStamp>,
    /// The events.
    pub events: Vec<Event>,
}

/// Whose a row is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserStamp {
    /// The id of the user's identity.
    pub user_id: String,
    /// The name to show.
    pub user_display_name: String,
}

impl Storage {
    /// Stores events, in the journal and in the tables that views are read from. They are on the disk when
    /// this returns, and only then may anybody be told.
    ///
    /// # Errors
    /// Any [`Fault`]; nothing of the entry is stored then.
    pub async fn append(&self, entry: Entry) -> Result<Vec<Envelope>, StorageError> {
        if entry.events.is_empty() {
            return Ok(Vec::new());
        }
        let host = self.host().number();
        self.write(move |connection| append(connection, &entry, host))
            .await
    }

    /// Events of a topic after `after`, oldest first, `limit` at most.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn events(
        &self,
        topic: Topic,
        after: Seq,
        limit: u32,
    ) -> Result<Vec<Envelope>, StorageError> {
        self.read(move |connection| events(connection, topic, after, limit))
            .await
    }

    /// The newest position of a topic; `Seq(0)` if it has no events.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn last_seq(&self, topic: Topic) -> Result<Seq, StorageError> {
        self.read(move |connection| last_seq(connection, topic))
            .await
    }

    /// A number that rises with every event of every topic, whichever process stored it: the cheapest way to
    /// ask whether there is anything new.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn mark(&self) -> Result<u64, StorageError> {
        self.read(|connection| {
            let sql = "SELECT coalesce(max(id), 0) FROM journal";
            let mark: i64 = connection
                .prepare_cached(sql)?
                .query_row([], |row| row.get(0))?;
            Ok(mark.unsigned_abs())
        })
        .await
    }
}

fn append(
    connection: &Connection,
    entry: &Entry,
    host: Option<i64>,
) -> Result<Vec<Envelope>, Fault> {
    check_conversation(connection, entry)?;
    if let Some(user) = &entry.user {
        remember(connection, user)?;
    }
    let mut last = last_seq(connection, entry.topic)?;
    let mut envelopes = Vec::with_capacity(entry.events.len());
    for event in &entry.events {
        last = last.next();
        insert(connection, entry, last, event)?;
        let fact = Fact {
            connection,
            topic: entry.topic,
            at: entry.at,
            user: entry.user.as_ref(),
            host,
        };
        project::project(&fact, event)?;
        audit::record(&fact, event)?;
        envelopes.push(Envelope {
            topic: entry.topic,
            seq: last,
            at: entry.at,
            cause: entry.cause,
            event: event.clone(),
        });
    }
    if let Topic::Conversation(id) = entry.topic {
        conversations::touch(connection, id, last, entry.at)?;
    }
    Ok(envelopes)
}

/// A conversation's topic begins with its opening and ends with its deletion.
fn check_conversation(connection: &Connection, entry: &Entry) -> Result<(), Fault> {
    let Topic::Conversation(id) = entry.topic else {
        return Ok(());
    };
    let is_opening = matches!(
        entry.events.first(),
        Some(Event::Conversation(ConversationEvent::Opened { conversation })) if conversation.id == id
    );
    if is_opening || conversations::exists(connection, id)? {
        Ok(())
    } else {
        Err(Fault::UnknownConversation(id))
    }
}

fn insert(connection: &Connection, entry: &Entry, seq: Seq, event: &Event) -> Result<(), Fault> {
    let cause: Option<Key> = entry.cause.map(|op| op.0.into_bytes());
    connection
        .prepare_cached(
            "INSERT INTO journal (topic, seq, at, cause, event) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            topic_column(&entry.topic),
            rows::seq_column(seq),
            entry.at.0,
            cause,
            rows::json_column(event)?,
        ])?;
    Ok(())
}

fn remember(connection: &Connection, user: &UserStamp) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "INSERT INTO users (id, display_name) VALUES (?1, ?2)
             ON CONFLICT (id) DO UPDATE SET display_name = excluded.display_name
             WHERE display_name <> excluded.display_name",
        )?
        .execute(params![user.user_id, user.user_display_name])?;
    Ok(())
}

fn events(
    connection: &Connection,
    topic: Topic,
    after: Seq,
    limit: u32,
) -> Result<Vec<Envelope>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, at, cause, event FROM journal WHERE topic = ?1 AND seq > ?2
         ORDER BY seq LIMIT ?3",
    )?;
    let found = statement.query_map(
        params![topic_column(&topic), rows::seq_column(after), limit],
        |row| {
            Ok(Envelope {
                topic,
                seq: rows::seq(row, 0)?,
                at: rows::millis(row, 1)?,
                cause: rows::optional_id(row, 2)?,
                event: rows::json(row, 3)?,
            })
        },
    )?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn last_seq(connection: &Connection, topic: Topic) -> Result<Seq, Fault> {
    let mut statement =
        connection.prepare_cached("SELECT coalesce(max(seq), 0) FROM journal WHERE topic = ?1")?;
    Ok(statement.query_row([topic_column(&topic)], |row| rows::seq(row, 0))?)
}

/// A topic as it is stored: a conversation's id, nothing for the host.
pub(crate) fn topic_column(topic: &Topic) -> &[u8] {
    match topic {
        Topic::Host => &[],
        Topic::Conversation(id) => id.0.as_bytes(),
    }
}
