//! Web sessions and launch tokens, by the hashes of their secrets. Not told as events, because the journal is read by
//! whoever follows; what is told of them is the host's to say.
//!
//! Hashes are compared by the database, which may take longer the more of one fits. That tells nothing useful: they are
//! SHA-256 of random secrets, so whoever can choose a hash that begins as a stored one does cannot choose its secret.

use crate::Storage;
use crate::error::{Fault, StorageError};
use crate::rows::{self, Key};
use anteroom_api::{SessionHow, SessionId, SessionView, UnixMillis};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// How long a launch token is good, milliseconds.
const LAUNCH_MS: i64 = 60_000;
/// Launch tokens kept at once; the oldest goes first.
const LAUNCHES: i64 = 64;
/// Tabs of one session; the oldest goes first.
const TABS: i64 = 64;
/// Sessions kept at once; the longest unused goes first.
const SESSIONS: i64 = 256;
/// How long nobody may listen at a place before its sessions end, milliseconds: the program is updated and started
/// again within this, and whoever else takes the place meanwhile has little time to be shown something.
const UNATTENDED_MS: i64 = 5 * 60_000;

const VIEW: &str = "SELECT s.id, s.label, s.how, s.opened_at, s.used_at FROM sessions s";

/// How long sessions last, milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionSpan {
    /// Without being used.
    pub idle_ms: i64,
    /// At all.
    pub whole_ms: i64,
}

/// A session to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSession {
    /// Its id.
    pub id: SessionId,
    /// The launch token's hash; none where something else was good enough.
    pub launch: Option<String>,
    /// The cookie's hash.
    pub cookie: String,
    /// The first tab's hash.
    pub tab: String,
    /// What the browser calls itself.
    pub label: String,
    /// Where its listener is; none with TLS.
    pub place: Option<String>,
}

impl Storage {
    /// Keeps a launch token for a minute.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn invite(&self, hash: String, now: UnixMillis) -> Result<(), StorageError> {
        self.write(move |connection| {
            forget_launches(connection, now)?;
            connection
                .prepare_cached(
                    "INSERT OR IGNORE INTO launches (hash, invited_at) VALUES (?1, ?2)",
                )?
                .execute(params![hash, now.0])?;
            Ok(())
        })
        .await
    }

    /// Opens a session, if its launch token is good: it is used up in the same transaction, so that of two who show
    /// it one gets in. None if it is not, or if the secrets are not new.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn open_session(
        &self,
        new: NewSession,
        (now, span): (UnixMillis, SessionSpan),
    ) -> Result<Option<SessionView>, StorageError> {
        self.write(move |connection| {
            forget_launches(connection, now)?;
            if let Some(launch) = &new.launch
                && connection
                    .prepare_cached("DELETE FROM launches WHERE hash = ?1")?
                    .execute([launch])?
                    == 0
            {
                return Ok(None);
            }
            tidy(connection, (now, span))?;
            insert(connection, &new, now)?;
            find(connection, new.id, (now, span))
        })
        .await
    }

    /// Lets another tab in; false if the session has ended.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn add_session_tab(
        &self,
        (id, hash): (SessionId, String),
        (now, span): (UnixMillis, SessionSpan),
    ) -> Result<bool, StorageError> {
        self.write(move |connection| {
            if find(connection, id, (now, span))?.is_none() {
                return Ok(false);
            }
            add_tab(connection, id, &hash)?;
            Ok(true)
        })
        .await
    }

    /// The living session of a cookie and one of its tabs.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn session_by(
        &self,
        (cookie, tab): (String, String),
        (now, span): (UnixMillis, SessionSpan),
    ) -> Result<Option<SessionView>, StorageError> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&format!(
                "{VIEW} JOIN session_tabs t ON t.session = s.id WHERE s.cookie = ?1 AND t.hash = ?2"
            ))?;
            let found = statement.query_row([&cookie, &tab], |row| view(row, span));
            Ok(found.optional()?.filter(|session| session.ends_at > now))
        })
        .await
    }

    /// The hashes of the tabs of a cookie's living session.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn session_tabs(
        &self,
        cookie: String,
        (now, span): (UnixMillis, SessionSpan),
    ) -> Result<Vec<String>, StorageError> {
        self.read(move |connection| {
            let sql = format!("{VIEW} WHERE s.cookie = ?1");
            let mut statement = connection.prepare_cached(&sql)?;
            let found = statement.query_row([&cookie], |row| view(row, span));
            let Some(session) = found.optional()?.filter(|session| session.ends_at > now) else {
                return Ok(Vec::new());
            };
            let sql = "SELECT hash FROM session_tabs WHERE session = ?1";
            let mut statement = connection.prepare_cached(sql)?;
            let tabs = statement.query_map([key(session.id)], |row| row.get(0))?;
            Ok(tabs.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Notes that somebody listens at a place. If it has just begun and nobody was there for a while, the sessions of
    /// the place end before: gives those that did.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn attend_place(
        &self,
        (place, is_new): (String, bool),
        now: UnixMillis,
    ) -> Result<Vec<SessionId>, StorageError> {
        self.write(move |connection| {
            // What a clock says that was put back is not believed either.
            connection
                .prepare_cached(
                    "DELETE FROM places WHERE ?1 AND (attended_at < ?2 OR attended_at > ?3)",
                )?
                .execute(params![
                    is_new,
                    now.0.saturating_sub(UNATTENDED_MS),
                    now.0.saturating_add(UNATTENDED_MS),
                ])?;
            let mut statement = connection.prepare_cached(
                "DELETE FROM sessions
                 WHERE ?2 AND place = ?1 AND place NOT IN (SELECT place FROM places) RETURNING id",
            )?;
            let ended = statement.query_map(params![place, is_new], |row| rows::id(row, 0))?;
            let ended = ended.collect::<Result<_, _>>()?;
            connection
                .prepare_cached(
                    "INSERT INTO places (place, attended_at) VALUES (?1, ?2)
                     ON CONFLICT (place) DO UPDATE SET attended_at = excluded.attended_at",
                )?
                .execute(params![place, now.0])?;
            Ok(ended)
        })
        .await
    }

    /// One living session.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn session(
        &self,
        id: SessionId,
        (now, span): (UnixMillis, SessionSpan),
    ) -> Result<Option<SessionView>, StorageError> {
        self.read(move |connection| find(connection, id, (now, span)))
            .await
    }

    /// Living sessions, the last used first.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn sessions(
        &self,
        (now, span): (UnixMillis, SessionSpan),
    ) -> Result<Vec<SessionView>, StorageError> {
        self.read(move |connection| {
            let sql = format!("{VIEW} ORDER BY s.used_at DESC, s.id DESC");
            let mut statement = connection.prepare_cached(&sql)?;
            let found = statement.query_map([], |row| view(row, span))?;
            let found: Vec<SessionView> = found.collect::<Result<_, _>>()?;
            Ok(found
                .into_iter()
                .filter(|session| session.ends_at > now)
                .collect())
        })
        .await
    }

    /// Notes that a session was used.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn use_session(&self, id: SessionId, now: UnixMillis) -> Result<(), StorageError> {
        self.write(move |connection| {
            connection
                .prepare_cached("UPDATE sessions SET used_at = max(used_at, ?2) WHERE id = ?1")?
                .execute(params![key(id), now.0])?;
            Ok(())
        })
        .await
    }

    /// Ends a session; false if there is none.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn end_session(&self, id: SessionId) -> Result<bool, StorageError> {
        self.write(move |connection| {
            let sql = "DELETE FROM sessions WHERE id = ?1";
            Ok(connection.prepare_cached(sql)?.execute([key(id)])? > 0)
        })
        .await
    }

    /// Ends all sessions that were opened so, or all there are and may be; gives those that ended.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn end_sessions(
        &self,
        how: Option<SessionHow>,
    ) -> Result<Vec<SessionId>, StorageError> {
        self.write(move |connection| {
            let how = how.map(|how| rows::word_column(&how)).transpose()?;
            let mut statement = connection
                .prepare_cached("DELETE FROM sessions WHERE ?1 IS NULL OR how = ?1 RETURNING id")?;
            let ended = statement.query_map([&how], |row| rows::id(row, 0))?;
            let ended = ended.collect::<Result<_, _>>()?;
            if how.is_none() {
                connection.execute("DELETE FROM launches", [])?;
            }
            Ok(ended)
        })
        .await
    }

    /// Lets go of what has run out.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn tidy_sessions(
        &self,
        now: UnixMillis,
        span: SessionSpan,
    ) -> Result<(), StorageError> {
        self.write(move |connection| {
            forget_launches(connection, now)?;
            tidy(connection, (now, span))
        })
        .await
    }
}

fn key(id: SessionId) -> Key {
    id.0.into_bytes()
}

fn view(row: &Row<'_>, span: SessionSpan) -> rusqlite::Result<SessionView> {
    let (opened_at, used_at) = (rows::millis(row, 3)?, rows::millis(row, 4)?);
    Ok(SessionView {
        id: rows::id(row, 0)?,
        label: row.get(1)?,
        how: rows::word(row, 2)?,
        opened_at,
        used_at,
        ends_at: used_at
            .plus(span.idle_ms)
            .min(opened_at.plus(span.whole_ms)),
    })
}

fn find(
    connection: &Connection,
    id: SessionId,
    (now, span): (UnixMillis, SessionSpan),
) -> Result<Option<SessionView>, Fault> {
    let mut statement = connection.prepare_cached(&format!("{VIEW} WHERE s.id = ?1"))?;
    let found = statement.query_row([key(id)], |row| view(row, span));
    Ok(found.optional()?.filter(|session| session.ends_at > now))
}

fn insert(connection: &Connection, new: &NewSession, now: UnixMillis) -> Result<(), Fault> {
    let how = match new.launch {
        Some(_) => SessionHow::Launch,
        None => SessionHow::Password,
    };
    connection
        .prepare_cached(
            "DELETE FROM sessions WHERE id IN
                (SELECT id FROM sessions ORDER BY used_at DESC, id DESC LIMIT -1 OFFSET ?1)",
        )?
        .execute([SESSIONS - 1])?;
    connection
        .prepare_cached(
            "INSERT INTO sessions (id, cookie, label, how, opened_at, used_at, place)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6)",
        )?
        .execute(params![
            key(new.id),
            new.cookie,
            new.label,
            rows::word_column(&how)?,
            now.0,
            new.place,
        ])?;
    add_tab(connection, new.id, &new.tab)
}

fn add_tab(connection: &Connection, id: SessionId, hash: &str) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "DELETE FROM session_tabs WHERE session = ?1 AND row IN
                (SELECT row FROM session_tabs WHERE session = ?1 ORDER BY row DESC LIMIT -1 OFFSET ?2)",
        )?
        .execute(params![key(id), TABS - 1])?;
    connection
        .prepare_cached("INSERT INTO session_tabs (session, hash) VALUES (?1, ?2)")?
        .execute(params![key(id), hash])?;
    Ok(())
}

/// Tokens that are too old, or too many. One from the future is not good either: the clock was put back.
fn forget_launches(connection: &Connection, now: UnixMillis) -> Result<(), Fault> {
    connection
        .prepare_cached("DELETE FROM launches WHERE invited_at <= ?1 OR invited_at > ?2")?
        .execute([
            now.0.saturating_sub(LAUNCH_MS),
            now.0.saturating_add(LAUNCH_MS),
        ])?;
    connection
        .prepare_cached(
            "DELETE FROM launches WHERE hash IN
                (SELECT hash FROM launches ORDER BY invited_at DESC, hash LIMIT -1 OFFSET ?1)",
        )?
        .execute([LAUNCHES - 1])?;
    Ok(())
}

fn tidy(connection: &Connection, (now, span): (UnixMillis, SessionSpan)) -> Result<(), Fault> {
    connection
        .prepare_cached("DELETE FROM sessions WHERE used_at <= ?1 OR opened_at <= ?2")?
        .execute([
            now.0.saturating_sub(span.idle_ms),
            now.0.saturating_sub(span.whole_ms),
        ])?;
    Ok(())
}
