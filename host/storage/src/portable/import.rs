//! Reads what was exported: the whole file is judged first, then each conversation is stored whole or not at all.

use super::check::{self, Chapter, Reader, Seen};
use super::lines::Lines;
use super::{BesidesRecord, ConversationRecord, Record, TurnRecord, UserRecord};
use crate::conversations::{self, key};
use crate::error::{Fault, StorageError};
use crate::journal::{self, Entry, Records};
use crate::project::Fact;
use crate::{Storage, connection, rows, spending};
use anteroom_api::{
    CanvasView, ConversationEvent, ConversationId, ConversationView, Event, Filing, ItemEvent,
    ItemId, QueuedInput, Seq, TextEvent, TextView, Topic, TurnEvent, UnixMillis, Usage,
};
use rusqlite::{Connection, params};
use std::path::{Path, PathBuf};

/// What became of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Conversations that were stored.
    pub conversations: u64,
    /// Conversations that were there already, and are as they were.
    pub skipped: u64,
}

impl Storage {
    /// Takes the conversations of an export into the personal database. One that is there already, in whichever
    /// database, is left alone.
    ///
    /// # Errors
    /// [`Fault::BadLine`] with nothing imported; any [`Fault`] of the disk, before which whole conversations may
    /// have been stored.
    pub async fn import(&self, source: &Path) -> Result<Imported, StorageError> {
        let source = source.to_path_buf();
        let home = self.path().to_path_buf();
        let path = source.clone();
        let judged = tokio::task::spawn_blocking(move || {
            check::chapters(&path, &connection::reader(&home)?)
        });
        let judged = judged.await;
        let judged = judged.unwrap_or_else(|error| Err(Fault::Panicked(error.to_string())));
        let chapters = judged.map_err(|fault| fault.with(&source))?;
        let mut imported = Imported::default();
        for chapter in chapters {
            if self.take(chapter, source.clone()).await? {
                imported.conversations += 1;
            } else {
                imported.skipped += 1;
            }
        }
        Ok(imported)
    }

    /// Stores one conversation; says whether it was missing.
    async fn take(&self, chapter: Chapter, source: PathBuf) -> Result<bool, StorageError> {
        if chapter.is_known || self.home_of(chapter.id).await?.name.is_some() {
            return Ok(false);
        }
        let file = self.personal();
        let host = file.number();
        let named = source.clone();
        let done = file.write(move |connection| {
            if conversations::exists(connection, chapter.id)? {
                return Ok(false);
            }
            let mut taking = Taking {
                connection,
                id: chapter.id,
                host,
                last: UnixMillis(0),
                turn: None,
                aside: None,
            };
            taking.conversation(&source, chapter)?;
            Ok(true)
        });
        done.await.map_err(|error| match error.fault {
            fault @ Fault::BadLine { .. } => fault.with(&named),
            fault => fault.with(&error.path),
        })
    }
}

/// One conversation on its way in, within a transaction.
struct Taking<'a> {
    connection: &'a Connection,
    id: ConversationId,
    host: Option<i64>,
    /// When something last happened in it; nothing that is imported is later.
    last: UnixMillis,
    /// The turn whose items come now.
    turn: Option<TurnRecord>,
    /// The first of the items before this one that were put aside.
    aside: Option<ItemId>,
}

impl Taking<'_> {
    fn conversation(&mut self, source: &Path, chapter: Chapter) -> Result<(), Fault> {
        let mut lines = Lines::open(source, chapter.place)?;
        let Some(Record::Conversation(record)) = lines.next()? else {
            return Err(lines.wrong("the file was changed while it was read"));
        };
        if record.id != self.id {
            return Err(lines.wrong("the file was changed while it was read"));
        }
        let mut reader = Reader::new(&record, &lines)?;
        let spent = days(self.connection)?;
        self.last = record.updated_at;
        self.opened(record)?;
        // Judged before; judged again, because somebody may have been faster.
        let mut seen = Seen::default();
        while let Some(record) = reader.next(&mut lines)? {
            seen.record(&record, &lines, (self.connection, false))?;
            self.record(record)?;
        }
        self.end_turn()?;
        self.end_aside()?;
        // What was spent elsewhere, or long ago, is not spent again.
        put_days(self.connection, &spent)
    }

    fn opened(&self, record: ConversationRecord) -> Result<(), Fault> {
        let at = record.created_at;
        let (filing, is_pinned) = match record.filed {
            Some(filed) => filed.take(&self.fact(at))?,
            None => (Filing::default(), false),
        };
        let view = ConversationView {
            id: record.id,
            kind: record.kind,
            title: record.title,
            workspace: record.workspace,
            model: record.model,
            mode: None,
            parent: record.parent,
            forked_from: record.forked_from,
            database: None,
            filing,
            trust: record.trust,
            created_at: record.created_at,
            updated_at: record.updated_at,
            seq: Seq(0),
            running: None,
            usage: Usage::default(),
        };
        let conversation = Box::new(view);
        let opened = Event::Conversation(ConversationEvent::Opened { conversation });
        self.tell(at, record.user, vec![opened])?;
        if is_pinned {
            let pinned = ConversationEvent::Pinned {
                conversation: self.id,
                is_pinned,
            };
            self.tell(at, None, vec![Event::Conversation(pinned)])?;
        }
        Ok(())
    }

    fn fact(&self, at: UnixMillis) -> Fact<'_> {
        Fact {
            connection: self.connection,
            topic: Topic::Conversation(self.id),
            at,
            user: None,
            host: self.host,
            asked: &[],
        }
    }

    fn record(&mut self, record: Record) -> Result<(), Fault> {
        match record {
            Record::Turn(turn) => {
                self.end_turn()?;
                self.end_aside()?;
                let started = Event::Turn(TurnEvent::Started {
                    turn: turn.id,
                    options: anteroom_api::TurnOptions::default(),
                });
                self.tell(turn.started_at, turn.user.clone(), vec![started])?;
                self.turn = Some(turn);
                Ok(())
            }
            Record::Item(record) => {
                if record.is_aside {
                    self.aside.get_or_insert(record.item.id);
                } else {
                    self.end_aside()?;
                }
                let at = record.item.created_at;
                let completed = Event::Item(ItemEvent::Completed(record.item));
                self.tell(at, record.user, vec![completed])
            }
            Record::Canvas(record) => {
                self.end_turn()?;
                self.end_aside()?;
                let canvas = CanvasView {
                    id: record.id,
                    conversation: self.id,
                    title: record.title,
                    kind: record.kind,
                    version: record.version,
                    body: record.body,
                    updated_at: record.updated_at,
                };
                let saved = Event::Canvas(anteroom_api::CanvasEvent::Saved { canvas });
                self.tell(record.updated_at, record.user, vec![saved])
            }
            Record::Text(record) => {
                let text = TextView {
                    conversation: self.id,
                    version: record.version,
                    body: record.body,
                    updated_at: record.updated_at,
                    author: record.user.as_ref().map(|user| user.name.clone()),
                    restored_from: record.restored_from,
                };
                let saved = Event::Text(TextEvent::Saved { text });
                self.tell(record.updated_at, record.user, vec![saved])
            }
            Record::Queued(record) => {
                self.end_turn()?;
                self.end_aside()?;
                let queued = QueuedInput {
                    turn: record.turn,
                    input: record.input,
                    is_held: false,
                };
                let queued = Event::Turn(TurnEvent::Queued { queued });
                self.tell(self.last, None, vec![queued])?;
                // No process has it in its hands: somebody releases it.
                self.connection
                    .prepare_cached("UPDATE queued SET host = NULL WHERE turn = ?1")?
                    .execute([record.turn.0.into_bytes()])?;
                Ok(())
            }
            Record::Summary(record) => {
                self.end_turn()?;
                self.end_aside()?;
                let compacted = Event::Conversation(ConversationEvent::Compacted {
                    conversation: self.id,
                    item: record.item,
                    from: record.from,
                    before_tokens: 0,
                    after_tokens: 0,
                });
                self.tell(record.at, None, vec![compacted])
            }
            Record::Besides(record) => self.besides(&record),
            Record::Conversation(_) | Record::End(_) | Record::EndOfExport(_) => Ok(()),
        }
    }

    /// The turn whose items have come is over.
    fn end_turn(&mut self) -> Result<(), Fault> {
        let Some(turn) = self.turn.take() else {
            return Ok(());
        };
        for step in &turn.steps {
            let ended = Event::Turn(TurnEvent::StepEnded {
                turn: turn.id,
                step: step.step,
                usage: step.usage,
                record: None,
            });
            self.tell(step.at, None, vec![ended])?;
            let of = (turn.id, step.step);
            spending::asked(&self.fact(step.at), of, step.model.as_deref())?;
        }
        let ended = Event::Turn(TurnEvent::Ended {
            turn: turn.id,
            stop: turn.stop,
            usage: turn.usage,
        });
        self.tell(turn.ended_at, turn.user, vec![ended])
    }

    /// The items put aside have come; the next one is not.
    fn end_aside(&mut self) -> Result<(), Fault> {
        let Some(before) = self.aside.take() else {
            return Ok(());
        };
        let rewound = Event::Conversation(ConversationEvent::Rewound {
            conversation: self.id,
            before,
        });
        self.tell(self.last, None, vec![rewound])
    }

    fn besides(&self, record: &BesidesRecord) -> Result<(), Fault> {
        let usage = record.usage;
        self.connection
            .prepare_cached(
                "INSERT INTO usage_besides (conversation, purpose, prompt_tokens,
                    completion_tokens, cached_tokens, is_estimated, cost_micros, at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                key(self.id),
                record.purpose,
                rows::tokens_column(usage.prompt_tokens),
                rows::tokens_column(usage.completion_tokens),
                rows::tokens_column(usage.cached_tokens),
                usage.is_estimated,
                rows::tokens_column(usage.cost_micros),
                record.at.0,
            ])?;
        Ok(())
    }

    fn tell(
        &self,
        at: UnixMillis,
        user: Option<UserRecord>,
        events: Vec<Event>,
    ) -> Result<(), Fault> {
        let entry = Entry {
            topic: Topic::Conversation(self.id),
            cause: None,
            at,
            user: user.map(UserRecord::stamp),
            events,
        };
        journal::append(self.connection, &entry, self.host, Records::None)?;
        Ok(())
    }
}

/// Day, tokens, cost, calls.
type Day = (i64, i64, i64, i64);

fn days(connection: &Connection) -> Result<Vec<Day>, Fault> {
    let mut statement =
        connection.prepare_cached("SELECT day, tokens, cost_micros, calls FROM days")?;
    let found = statement.query_map([], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn put_days(connection: &Connection, days: &[Day]) -> Result<(), Fault> {
    connection.prepare_cached("DELETE FROM days")?.execute([])?;
    let mut statement = connection.prepare_cached("INSERT INTO days VALUES (?1, ?2, ?3, ?4)")?;
    for (day, tokens, cost, calls) in days {
        statement.execute(params![day, tokens, cost, calls])?;
    }
    Ok(())
}
