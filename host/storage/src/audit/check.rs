//! Whether the chain is as it was written. Signatures are checked by whoever has the keys.

use super::{AuditHash, AuditHead, AuditSeal, Body, column, hash, seal};
use crate::Storage;
use crate::error::{Fault, StorageError};
use anteroom_api::AuditFault;
use rusqlite::Connection;

/// What a walk along the whole chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditCheck {
    /// Where the log ends.
    pub head: AuditHead,
    /// The first record that does not fit, if one does not.
    pub first_bad: Option<AuditFault>,
    /// All signatures, oldest first, with whether each covers the record it names.
    pub seals: Vec<Sealed>,
}

/// A signature and the chain it stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The signature.
    pub seal: AuditSeal,
    /// Whether the record has the hash that was signed.
    pub is_covering: bool,
}

impl Storage {
    /// Walks along the whole log and recomputes every hash.
    ///
    /// # Errors
    /// Any [`Fault`]; a log that was tampered with is no error but a finding.
    pub async fn check_audit(&self) -> Result<AuditCheck, StorageError> {
        self.read(check).await
    }

    /// The hash of one record, if it is there.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn audit_hash(&self, number: u64) -> Result<Option<AuditHash>, StorageError> {
        self.read(move |connection| hash_of(connection, number))
            .await
    }
}

fn check(connection: &Connection) -> Result<AuditCheck, Fault> {
    // One moment for all queries: others may be writing.
    let moment = connection.unchecked_transaction()?;
    let mut head = AuditHead {
        number: 0,
        hash: [0; 32],
    };
    let mut first_bad = None;
    {
        let sql = "SELECT number, previous, record, hash FROM audit ORDER BY number";
        let mut statement = moment.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let number = row.get::<_, i64>(0)?.unsigned_abs();
            if first_bad.is_none() {
                let record = row.get_ref(2)?.as_str().unwrap_or_default();
                let (previous, stored) = (row.get_ref(1)?.as_bytes(), row.get_ref(3)?.as_bytes());
                let wrong = fault(
                    &head,
                    number,
                    record,
                    (previous.unwrap_or_default(), stored.unwrap_or_default()),
                );
                first_bad = wrong;
            }
            head = AuditHead {
                number,
                hash: row.get(3).unwrap_or([0; 32]),
            };
        }
    }
    let seals = seals(&moment)?;
    Ok(AuditCheck {
        head,
        first_bad,
        seals,
    })
}

fn fault(
    before: &AuditHead,
    number: u64,
    record: &str,
    (previous, stored): (&[u8], &[u8]),
) -> Option<AuditFault> {
    let expected = before.number + 1;
    if number != expected {
        return Some(AuditFault {
            number: expected,
            text: format!("it is missing; the next one there is {number}"),
        });
    }
    let wrong = |text: &str| {
        Some(AuditFault {
            number,
            text: text.to_owned(),
        })
    };
    if previous != before.hash {
        return wrong("it does not continue the record before it");
    }
    if stored != hash(&before.hash, record) {
        return wrong("it was changed: its hash is another one");
    }
    match serde_json::from_str::<Body>(record) {
        Ok(body) if body.number == number => None,
        Ok(_) => wrong("it stands in another place than it was written"),
        Err(_) => wrong("it cannot be read"),
    }
}

fn seals(connection: &Connection) -> Result<Vec<Sealed>, Fault> {
    let sql = "SELECT number, hash, at, public_key, signature FROM audit_seals ORDER BY number";
    let mut statement = connection.prepare(sql)?;
    let found: Vec<AuditSeal> = statement.query_map([], seal)?.collect::<Result<_, _>>()?;
    found
        .into_iter()
        .map(|seal| {
            let is_covering =
                hash_of(connection, seal.head.number)?.is_some_and(|hash| hash == seal.head.hash);
            Ok(Sealed { seal, is_covering })
        })
        .collect()
}

fn hash_of(connection: &Connection, number: u64) -> Result<Option<AuditHash>, Fault> {
    use rusqlite::OptionalExtension as _;
    Ok(connection
        .prepare_cached("SELECT hash FROM audit WHERE number = ?1")?
        .query_row([column(number)], |row| row.get(0))
        .optional()?)
}
