//! The audit log: written with the facts it records, in the same transaction, each record chained to the one
//! before. Knows no keys: who signs hands in the signature.

use crate::Storage;
use crate::error::{Fault, StorageError};
use crate::project::Fact;
use crate::rows;
use anteroom_api::{AuditFilter, AuditRecord, Page, UnixMillis};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

mod check;
mod records;

pub use check::{AuditCheck, Sealed};
pub(crate) use records::record;

/// Keeps hashes of other things from ever being hashes of ours.
const DOMAIN: &[u8] = b"anteroom audit record v1\0";

/// A hash of a record.
pub type AuditHash = [u8; 32];

/// Where the log ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// Records in it; 0 if it is empty.
    pub number: u64,
    /// Hash of the newest.
    pub hash: AuditHash,
}

/// A signature over the log up to a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditSeal {
    /// What is signed.
    pub head: AuditHead,
    /// When.
    pub at: UnixMillis,
    /// Whose key, PEM.
    pub public_key: String,
    /// Ed25519.
    pub signature: Vec<u8>,
}

/// A record as it is hashed: everything but its place in the chain.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Body {
    pub(crate) number: u64,
    pub(crate) at: UnixMillis,
    pub(crate) user: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) conversation: Option<anteroom_api::ConversationId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) item: Option<anteroom_api::ItemId>,
    pub(crate) action: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tool: Option<String>,
    pub(crate) effect: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) arguments: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tier: Option<anteroom_api::Tier>,
    pub(crate) verdict: String,
    pub(crate) by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) scope: Option<anteroom_api::Scope>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) meter: Option<anteroom_api::Meter>,
}

impl Storage {
    /// Records that fit, newest first, `limit` at most.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn audit(
        &self,
        filter: AuditFilter,
        before: Option<String>,
        limit: u32,
    ) -> Result<Page<AuditRecord>, StorageError> {
        self.read(move |connection| list(connection, &filter, before.as_deref(), limit))
            .await
    }

    /// Where the log ends.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn audit_head(&self) -> Result<AuditHead, StorageError> {
        self.read(head).await
    }

    /// The newest signature.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn last_seal(&self) -> Result<Option<AuditSeal>, StorageError> {
        self.read(|connection| {
            let sql = "SELECT number, hash, at, public_key, signature FROM audit_seals
                       ORDER BY number DESC LIMIT 1";
            Ok(connection
                .prepare_cached(sql)?
                .query_row([], seal)
                .optional()?)
        })
        .await
    }

    /// Adds a signature. One for the same record is left as it is.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn seal_audit(&self, seal: AuditSeal) -> Result<(), StorageError> {
        self.write(move |connection| {
            connection
                .prepare_cached(
                    "INSERT OR IGNORE INTO audit_seals (number, hash, at, public_key, signature)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![
                    column(seal.head.number),
                    seal.head.hash,
                    seal.at.0,
                    seal.public_key,
                    seal.signature,
                ])?;
            Ok(())
        })
        .await
    }
}

/// Adds one record behind the newest.
fn add(fact: &Fact<'_>, mut body: Body) -> Result<(), Fault> {
    let head = head(fact.connection)?;
    body.number = head.number + 1;
    let record = rows::json_column(&body)?;
    let hash = hash(&head.hash, &record);
    fact.connection
        .prepare_cached(
            "INSERT INTO audit (number, previous, record, hash) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![column(body.number), head.hash, record, hash])?;
    Ok(())
}

fn hash(previous: &AuditHash, record: &str) -> AuditHash {
    let mut hasher = Sha256::new();
    hasher.update(DOMAIN);
    hasher.update(previous);
    hasher.update(record.as_bytes());
    hasher.finalize().into()
}

fn head(connection: &Connection) -> Result<AuditHead, Fault> {
    let found = connection
        .prepare_cached("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1")?
        .query_row([], |row| {
            Ok(AuditHead {
                number: row.get::<_, i64>(0)?.unsigned_abs(),
                hash: row.get(1)?,
            })
        })
        .optional()?;
    Ok(found.unwrap_or(AuditHead {
        number: 0,
        hash: [0; 32],
    }))
}

fn seal(row: &rusqlite::Row<'_>) -> rusqlite::Result<AuditSeal> {
    Ok(AuditSeal {
        head: AuditHead {
            number: row.get::<_, i64>(0)?.unsigned_abs(),
            hash: row.get(1)?,
        },
        at: rows::millis(row, 2)?,
        public_key: row.get(3)?,
        signature: row.get(4)?,
    })
}

/// SQLite's integers end at 2^63, which no log reaches.
fn column(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn list(
    connection: &Connection,
    filter: &AuditFilter,
    before: Option<&str>,
    limit: u32,
) -> Result<Page<AuditRecord>, Fault> {
    let before = before
        .and_then(|text| text.parse::<i64>().ok())
        .unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(
        "SELECT record, previous, hash FROM audit WHERE number < ?1
         AND (?2 IS NULL OR record ->> '$.at' >= ?2) AND (?3 IS NULL OR record ->> '$.at' < ?3)
         AND (?4 IS NULL OR record ->> '$.conversation' = ?4)
         AND (?5 IS NULL OR record ->> '$.tool' = ?5)
         AND (?6 IS NULL OR record ->> '$.action' = ?6)
         AND (?7 IS NULL OR record ->> '$.verdict' = ?7)
         ORDER BY number DESC LIMIT ?8",
    )?;
    let found = statement.query_map(
        params![
            before,
            filter.since.map(|at| at.0),
            filter.until.map(|at| at.0),
            filter.conversation.map(|id| id.to_string()),
            filter.tool,
            filter.action,
            filter.verdict,
            i64::from(limit) + 1,
        ],
        |row| {
            let body: Body = rows::json(row, 0)?;
            Ok(body.with(row.get(1)?, row.get(2)?))
        },
    )?;
    let mut entries: Vec<AuditRecord> = found.collect::<Result<_, _>>()?;
    let has_more = entries.len() > limit as usize;
    entries.truncate(limit as usize);
    let last = entries.last().filter(|_| has_more);
    let before = last.map(|record| record.number.to_string());
    Ok(Page {
        entries,
        before,
        after: None,
        place: None,
    })
}

impl Body {
    fn with(self, previous: AuditHash, hash: AuditHash) -> AuditRecord {
        AuditRecord {
            number: self.number,
            at: self.at,
            user: self.user,
            conversation: self.conversation,
            item: self.item,
            action: self.action,
            tool: self.tool,
            effect: self.effect,
            arguments: self.arguments,
            tier: self.tier,
            verdict: self.verdict,
            by: self.by,
            scope: self.scope,
            meter: self.meter,
            previous: hex(&previous),
            hash: hex(&hash),
        }
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
