//! The journal: events in and out, numbered without gaps within their topic.

use crate::error::{Fault, StorageError};
use crate::file::File;
use crate::project::{self, Fact};
use crate::rows::{self, Key};
use crate::{Storage, approvals, audit, conversations, filing, usage};
use anteroom_api::{
    Approval, ApprovalEvent, ApprovalId, ConversationEvent, Envelope, Event, OpId, Seq, Topic,
    UnixMillis,
};
use rusqlite::{Connection, params};
use std::sync::Arc;

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
        let (file, entry) = self.destination(entry).await?;
        let host = file.number();
        if file.name.is_none() {
            let records = Records::Kept(self.audited_arguments());
            return file
                .write(move |connection| append(connection, &entry, host, records))
                .await;
        }
        self.append_shared(file, entry).await
    }

    /// The file an entry goes to, and the entry as that file keeps it.
    async fn destination(&self, mut entry: Entry) -> Result<(Arc<File>, Entry), StorageError> {
        if self.shelf().is_empty() && !names_database(&entry) {
            return Ok((self.personal(), entry));
        }
        let Topic::Conversation(id) = entry.topic else {
            self.delete_shared(&entry).await?;
            self.file_shared(&entry).await?;
            return Ok((self.personal(), entry));
        };
        let file = match entry.events.first() {
            Some(Event::Conversation(ConversationEvent::Opened { conversation }))
                if conversation.id == id =>
            {
                let file = self.home_for(conversation).await?;
                self.shelf().remember(id, file.name.clone());
                file
            }
            _ => self.home_of(id).await?,
        };
        // The name is this user's for it; others of the same file have their own.
        for event in &mut entry.events {
            if let Event::Conversation(ConversationEvent::Opened { conversation }) = event {
                conversation.database = None;
            }
        }
        Ok((file, entry))
    }

    /// The audit log is the personal file's, and is written first: rather a record too many than one too few.
    async fn append_shared(
        &self,
        file: Arc<File>,
        entry: Entry,
    ) -> Result<Vec<Envelope>, StorageError> {
        let entry = Arc::new(entry);
        let asked = self.asked(&file, &entry).await?;
        let recorded = Arc::clone(&entry);
        let arguments = self.audited_arguments();
        self.write(move |connection| record(connection, &recorded, (&asked, arguments)))
            .await?;
        let host = file.number();
        let written = Arc::clone(&entry);
        let stored = file.write(move |connection| {
            let envelopes = append(connection, &written, host, Records::None)?;
            Ok((envelopes, usage::spent_by(connection, &written)?))
        });
        let (mut envelopes, spent) = stored.await?;
        if !spent.is_empty() {
            // Budgets are this user's, whichever file the money was spent in.
            self.write(move |connection| usage::count(connection, &spent, entry.at))
                .await?;
        }
        named(&file, &mut envelopes);
        Ok(envelopes)
    }

    /// The approvals that an entry decides.
    async fn asked(&self, file: &File, entry: &Entry) -> Result<Vec<Approval>, StorageError> {
        let decided = entry.events.iter().filter_map(|event| match event {
            Event::Approval(ApprovalEvent::Resolved { approval, .. }) => Some(*approval),
            _ => None,
        });
        let decided: Vec<ApprovalId> = decided.collect();
        if decided.is_empty() {
            return Ok(Vec::new());
        }
        file.read(move |connection| {
            let found = decided.iter().map(|id| approvals::find(connection, *id));
            let found: Result<Vec<Option<Approval>>, Fault> = found.collect();
            Ok(found?.into_iter().flatten().collect())
        })
        .await
    }

    /// A deletion is told on the host's topic, which is the personal file's; what is deleted may be elsewhere.
    async fn delete_shared(&self, entry: &Entry) -> Result<(), StorageError> {
        for event in &entry.events {
            let Event::Conversation(ConversationEvent::Deleted { conversation }) = event else {
                continue;
            };
            let (id, at) = (*conversation, entry.at);
            let file = self.home_of(id).await?;
            self.shelf().forget(id);
            if file.name.is_some() {
                let deleted = file.write(move |connection| {
                    let family = conversations::with_children(connection, id)?;
                    conversations::delete(&host_fact(connection, at), id)?;
                    Ok(family)
                });
                let family = deleted.await?;
                self.write(move |connection| {
                    let fact = host_fact(connection, at);
                    let mut family = family.iter();
                    family.try_for_each(|id| conversations::forget_leftovers(&fact, *id))
                })
                .await?;
            }
        }
        Ok(())
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
        let file = self.home_of_topic(topic).await?;
        let found = file.read(move |connection| events(connection, topic, after, limit));
        let mut envelopes = found.await?;
        named(&file, &mut envelopes);
        Ok(envelopes)
    }

    /// The newest position of a topic; `Seq(0)` if it has no events.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn last_seq(&self, topic: Topic) -> Result<Seq, StorageError> {
        let file = self.home_of_topic(topic).await?;
        file.read(move |connection| last_seq(connection, topic))
            .await
    }

    async fn home_of_topic(&self, topic: Topic) -> Result<Arc<File>, StorageError> {
        match topic {
            Topic::Host => Ok(self.personal()),
            Topic::Conversation(id) => self.home_of(id).await,
        }
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

/// Whether what is stored leaves its records in the audit log of the same file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Records {
    Kept(Arguments),
    None,
}

/// How the audit log keeps the arguments of calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arguments {
    /// Their SHA-256.
    #[default]
    Hashed,
    /// As they are.
    InFull,
}

/// Writes the audit records of an entry that is stored elsewhere.
fn record(
    connection: &Connection,
    entry: &Entry,
    (asked, arguments): (&[Approval], Arguments),
) -> Result<(), Fault> {
    let fact = Fact {
        connection,
        topic: entry.topic,
        at: entry.at,
        user: entry.user.as_ref(),
        host: None,
        asked,
    };
    let mut events = entry.events.iter();
    events.try_for_each(|event| audit::record(&fact, event, arguments))
}

fn host_fact(connection: &Connection, at: UnixMillis) -> Fact<'_> {
    Fact {
        connection,
        topic: Topic::Host,
        at,
        user: None,
        host: None,
        asked: &[],
    }
}

/// Whether an entry opens a conversation in a database that it names, or is about something there.
fn names_database(entry: &Entry) -> bool {
    let is_about = |event: &Event| filing::database(event).is_some();
    entry.events.iter().any(is_about)
        || matches!(
            entry.events.first(),
            Some(Event::Conversation(ConversationEvent::Opened { conversation }))
                if conversation.database.is_some()
        )
}

/// Says in what was read from a file what the file is called here.
fn named(file: &File, envelopes: &mut [Envelope]) {
    let Some(name) = &file.name else { return };
    for envelope in envelopes {
        if let Event::Conversation(ConversationEvent::Opened { conversation }) = &mut envelope.event
        {
            conversation.database = Some(name.to_string());
        }
    }
}

pub(crate) fn append(
    connection: &Connection,
    entry: &Entry,
    host: Option<i64>,
    records: Records,
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
            asked: &[],
        };
        project::project(&fact, event)?;
        if let Records::Kept(arguments) = records {
            audit::record(&fact, event, arguments)?;
        }
        envelopes.push(Envelope {
            topic: entry.topic,
            seq: last,
            at: entry.at,
            cause: entry.cause,
            event: event.clone(),
        });
    }
    if let Topic::Conversation(id) = entry.topic {
        // That it was put somewhere is nothing that happened in it.
        let at = match entry.events.iter().all(filing::is_filing) {
            true => UnixMillis(0),
            false => entry.at,
        };
        conversations::touch(connection, id, last, at)?;
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
