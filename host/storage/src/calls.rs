//! Tool calls, found again by the beginning of their id.

use crate::error::StorageError;
use crate::{Storage, items, rows};
use anteroom_api::{CallHit, ConversationId, Item};

/// Hits that are given at most.
const MOST: u32 = 20;

impl Storage {
    /// Calls whose item id, or the model's id of it, begins so, the newest first; 20 at most. What was asked
    /// about them comes along.
    ///
    /// # Errors
    /// Any [`crate::Fault`].
    pub async fn calls(&self, id: &str) -> Result<Vec<CallHit>, StorageError> {
        let id = id.trim().to_owned();
        let found: Vec<(ConversationId, Item)> = self
            .read(move |connection| {
                let mut rows: Vec<i64> = Vec::new();
                if let Some((least, most)) = range(&id) {
                    let mut statement = connection.prepare_cached(
                        "SELECT i.row FROM items i JOIN tool_calls c ON c.item_row = i.row
                         WHERE i.id BETWEEN ?1 AND ?2 ORDER BY i.row DESC LIMIT ?3",
                    )?;
                    let found = statement.query_map((least, most, MOST), |row| row.get(0))?;
                    rows.extend(found.collect::<Result<Vec<i64>, _>>()?);
                }
                if !id.is_empty() {
                    let mut statement = connection.prepare_cached(
                        "SELECT item_row FROM tool_calls WHERE call >= ?1 AND call < ?1 || char(1114111)
                         ORDER BY item_row DESC LIMIT ?2",
                    )?;
                    let found = statement.query_map((&id, MOST), |row| row.get(0))?;
                    rows.extend(found.collect::<Result<Vec<i64>, _>>()?);
                }
                rows.sort_unstable();
                rows.dedup();
                let newest = rows.into_iter().rev().take(MOST as usize);
                newest.map(|row| items::at(connection, row)).collect()
            })
            .await?;
        let mut hits = Vec::with_capacity(found.len());
        for (conversation, item) in found {
            let asked = self.asked_of(item.id).await?;
            hits.push(CallHit {
                conversation,
                item,
                asked,
            });
        }
        Ok(hits)
    }
}

/// The ids that begin with some digits; none if these are no digits of an id.
fn range(text: &str) -> Option<(rows::Key, rows::Key)> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|sign| *sign != '-')
        .map(|sign| sign.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    if digits.is_empty() || digits.len() > 32 {
        return None;
    }
    let fill = |rest: u8| {
        let mut key = rows::Key::default();
        for (index, byte) in key.iter_mut().enumerate() {
            let digit = |at: usize| digits.get(at).copied().unwrap_or(rest);
            *byte = digit(2 * index) << 4 | digit(2 * index + 1);
        }
        key
    };
    Some((fill(0), fill(15)))
}
