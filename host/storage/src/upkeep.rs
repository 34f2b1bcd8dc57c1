//! What keeps the database small and sound, off everybody's way: a look after a crash, and old facts let go of.
//!
//! A conversation's events stay as long as it does: followers resume by them, and a replay runs by them. What grows
//! without one is the host's topic, and it is cut at its old end; whoever resumes from there is told to read anew.

use crate::error::{Fault, StorageError};
use crate::file::File;
use crate::{Storage, journal, status};
use anteroom_api::{ConversationId, Problem, Topic, UnixMillis};
use rusqlite::{Connection, params};
use std::collections::HashSet;

/// Events deleted in one transaction, so that nobody waits long behind it.
const AT_ONCE: u32 = 2000;

impl Storage {
    /// Looks through each file whose last process did not close it, once; says what is damaged.
    ///
    /// # Errors
    /// Any [`Fault`] of the personal file.
    pub async fn check_after_crash(&self) -> Result<Vec<Problem>, StorageError> {
        let mut found = Vec::new();
        for file in self.files() {
            if file.take_suspicion() {
                tracing::info!(path = %file.path.display(), "looking through a database that was not closed");
                let damage = file.read(quick_check).await?;
                found.extend(status::damaged(&file, damage));
            }
        }
        Ok(found)
    }

    /// Lets go of the host's own facts from before a moment, but for the newest; says how many went.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn trim_host_facts(&self, before: UnixMillis) -> Result<u64, StorageError> {
        let mut gone = 0;
        loop {
            let now = self
                .write(move |connection| trim(connection, before))
                .await?;
            gone += now;
            if now < u64::from(AT_ONCE) {
                return Ok(gone);
            }
        }
    }

    /// Of these conversations, those that are nowhere or were last used before a moment, and in which nothing runs.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn unused(
        &self,
        ids: Vec<ConversationId>,
        before: UnixMillis,
    ) -> Result<Vec<ConversationId>, StorageError> {
        // Nobody can say whether it is in a file that is not there.
        let is_complete = self.shared_states().iter().all(|(_, file)| file.is_ok());
        let asked = ids.clone();
        let found = self.read_all(move |connection, _| used(connection, &asked, before));
        let mut used = HashSet::new();
        let mut known = HashSet::new();
        for (_, (in_use, there)) in found.await? {
            used.extend(in_use);
            known.extend(there);
        }
        let mut ids = ids;
        ids.retain(|id| !used.contains(id) && (is_complete || known.contains(id)));
        Ok(ids)
    }

    /// Whether a turn runs in this process.
    ///
    /// # Errors
    /// Any [`Fault`] of the personal file.
    pub async fn has_running_turns(&self) -> Result<bool, StorageError> {
        let running = self.read_all(|connection, file| runs(connection, file.number()));
        Ok(running.await?.into_iter().any(|(_, runs)| runs))
    }

    /// Whether a turn of a shared database runs in this process.
    ///
    /// # Errors
    /// Any [`Fault`] of the file.
    pub async fn is_running_in(&self, name: &str) -> Result<bool, StorageError> {
        let named = |file: &std::sync::Arc<File>| file.name.as_deref() == Some(name);
        let Some(file) = self.shelf().files().into_iter().find(named) else {
            return Ok(false);
        };
        let own = file.number();
        file.read(move |connection| runs(connection, own)).await
    }

    /// Why nothing can be stored in the personal file, if nothing can.
    #[must_use]
    pub fn trouble(&self) -> Option<Problem> {
        let file = self.personal();
        let path = file.path.clone();
        file.trouble().map(|fault| fault.with(&path).into())
    }
}

fn runs(connection: &Connection, own: Option<i64>) -> Result<bool, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT 1 FROM turns INDEXED BY turns_open WHERE ended_at IS NULL AND host IS ?1",
    )?;
    Ok(statement.exists([own])?)
}

fn quick_check(connection: &Connection) -> Result<Vec<String>, Fault> {
    let mut statement = connection.prepare("PRAGMA quick_check(20)")?;
    let found = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut lines = Vec::new();
    for line in found {
        match line {
            Ok(line) if line == "ok" => {}
            Ok(line) => lines.push(line),
            // Too damaged to be read to the end.
            Err(error) => match Fault::from(error) {
                Fault::Corrupt(cause) => lines.push(cause.to_string()),
                fault => return Err(fault),
            },
        }
    }
    Ok(lines)
}

fn trim(connection: &Connection, before: UnixMillis) -> Result<u64, Fault> {
    let host = journal::topic_column(&Topic::Host);
    // In the order they came: a clock that went back leaves no hole in the middle.
    let gone = connection
        .prepare_cached(
            "DELETE FROM journal WHERE topic = ?1 AND seq IN (
                 SELECT seq FROM journal WHERE topic = ?1
                    AND seq < (SELECT max(seq) FROM journal WHERE topic = ?1)
                    AND seq < coalesce((SELECT min(seq) FROM journal WHERE topic = ?1 AND at >= ?2),
                        9223372036854775807)
                 ORDER BY seq LIMIT ?3)",
        )?
        .execute(params![host, before.0, AT_ONCE])?;
    Ok(gone as u64)
}

/// Those in use, and those that are in this file.
fn used(
    connection: &Connection,
    ids: &[ConversationId],
    before: UnixMillis,
) -> Result<(Vec<ConversationId>, Vec<ConversationId>), Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT updated_at >= ?2 OR EXISTS (
             SELECT 1 FROM turns t WHERE t.conversation = c.id AND t.ended_at IS NULL)
         FROM conversations c WHERE id = ?1",
    )?;
    let (mut in_use, mut there) = (Vec::new(), Vec::new());
    for id in ids {
        let mut found = statement.query(params![id.0.into_bytes(), before.0])?;
        if let Some(row) = found.next()? {
            there.push(*id);
            if row.get(0)? {
                in_use.push(*id);
            }
        }
    }
    Ok((in_use, there))
}
