//! What other processes have written: asked in one cheap question, as often as there may be something.

use crate::error::{Fault, StorageError};
use crate::file::File;
use crate::{Storage, rows};
use anteroom_api::{ConversationId, Seq, Topic};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How far each file was looked through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks(BTreeMap<Option<Arc<str>>, u64>);

/// What was stored since some marks, by whichever process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// The marks to ask from next time.
    pub marks: Marks,
    /// The topics that grew, each with its newest position.
    pub topics: Vec<(Topic, Seq)>,
    /// Whether letters wait for this process.
    pub has_letters: bool,
}

impl Storage {
    /// What was stored since `marks`; nothing of a file that was not looked at before.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn news(&self, marks: &Marks) -> Result<News, StorageError> {
        let before = marks.clone();
        let found = self
            .read_all(move |connection, file| {
                let mark = before.0.get(&file.name).copied();
                let (topics, mark) = topics(connection, mark)?;
                Ok((topics, mark, has_letters(connection, file)?))
            })
            .await?;
        let mut news = News {
            marks: Marks::default(),
            topics: Vec::new(),
            has_letters: false,
        };
        for (file, (topics, mark, has_letters)) in found {
            news.marks.0.insert(file.name.clone(), mark);
            news.topics.extend(topics);
            news.has_letters |= has_letters;
        }
        Ok(news)
    }
}

/// Only the personal file brings letters.
fn has_letters(connection: &Connection, file: &File) -> Result<bool, Fault> {
    let (None, Some(own)) = (&file.name, file.number()) else {
        return Ok(false);
    };
    let mut statement = connection
        .prepare_cached("SELECT 1 FROM letters WHERE addressee = ?1 AND taken_at IS NULL")?;
    Ok(statement.exists([own])?)
}

fn topics(connection: &Connection, mark: Option<u64>) -> Result<(Vec<(Topic, Seq)>, u64), Fault> {
    let sql = "SELECT coalesce(max(id), 0) FROM journal";
    let last: i64 = connection
        .prepare_cached(sql)?
        .query_row([], |row| row.get(0))?;
    let last = last.unsigned_abs();
    // A mark from beyond is one from before an older copy of the file was put in the place of this one.
    let Some(mark) = mark.filter(|mark| *mark <= last) else {
        return Ok((Vec::new(), last));
    };
    let mut statement = connection.prepare_cached(
        "SELECT topic, max(seq), max(id) FROM journal NOT INDEXED WHERE id > ?1 GROUP BY topic",
    )?;
    let mut newest = mark;
    let mut topics = Vec::new();
    let mut found = statement.query([i64::try_from(mark).unwrap_or(i64::MAX)])?;
    while let Some(row) = found.next()? {
        let id: i64 = row.get(2)?;
        newest = newest.max(id.unsigned_abs());
        let name: Vec<u8> = row.get(0)?;
        let topic = match name.is_empty() {
            true => Topic::Host,
            false => Topic::Conversation(rows::id::<ConversationId>(row, 0)?),
        };
        topics.push((topic, rows::seq(row, 1)?));
    }
    Ok((topics, newest))
}
