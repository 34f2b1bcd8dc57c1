//! How our types become columns and come back. Knows no table.

use crate::error::Fault;
use anteroom_api::{Seq, UnixMillis, Usage};
use rusqlite::Row;
use rusqlite::types::Type;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use uuid::Uuid;

/// More than an endpoint can mean, and far from where sums would overflow.
const TOKENS_MAX: u64 = 1 << 40;

/// An id as it is stored.
pub(crate) type Key = [u8; 16];

/// An id from a column.
pub(crate) fn id<T: From<Uuid>>(row: &Row<'_>, index: usize) -> rusqlite::Result<T> {
    Ok(T::from(Uuid::from_bytes(row.get(index)?)))
}

/// An id from a column that may be null.
pub(crate) fn optional_id<T: From<Uuid>>(
    row: &Row<'_>,
    index: usize,
) -> rusqlite::Result<Option<T>> {
    let key: Option<Key> = row.get(index)?;
    Ok(key.map(|key| T::from(Uuid::from_bytes(key))))
}

/// A time from a column.
pub(crate) fn millis(row: &Row<'_>, index: usize) -> rusqlite::Result<UnixMillis> {
    row.get(index).map(UnixMillis)
}

/// A position from a column.
pub(crate) fn seq(row: &Row<'_>, index: usize) -> rusqlite::Result<Seq> {
    let value: i64 = row.get(index)?;
    Ok(Seq(value.unsigned_abs()))
}

/// A position as it is stored. SQLite's integers end at 2^63, which no topic reaches.
pub(crate) fn seq_column(seq: Seq) -> i64 {
    i64::try_from(seq.0).unwrap_or(i64::MAX)
}

/// A JSON column.
pub(crate) fn json<T: DeserializeOwned>(row: &Row<'_>, index: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(index)?.as_str()?;
    serde_json::from_str(text).map_err(|error| unreadable(index, error))
}

/// A JSON column that may be null.
pub(crate) fn optional_json<T: DeserializeOwned>(
    row: &Row<'_>,
    index: usize,
) -> rusqlite::Result<Option<T>> {
    match row.get_ref(index)?.as_str_or_null()? {
        None => Ok(None),
        Some(text) => serde_json::from_str(text)
            .map(Some)
            .map_err(|error| unreadable(index, error)),
    }
}

/// A value as JSON text.
pub(crate) fn json_column<T: Serialize>(value: &T) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|error| Fault::Unstorable(Arc::new(error)))
}

/// A word from a column that may be null.
pub(crate) fn optional_word<T: DeserializeOwned>(
    row: &Row<'_>,
    index: usize,
) -> rusqlite::Result<Option<T>> {
    match row.get_ref(index)?.as_str_or_null()? {
        None => Ok(None),
        Some(_) => word(row, index).map(Some),
    }
}

/// An enum without data from a column that holds its name.
pub(crate) fn word<T: DeserializeOwned>(row: &Row<'_>, index: usize) -> rusqlite::Result<T> {
    let text: String = row.get(index)?;
    serde_json::from_value(serde_json::Value::String(text))
        .map_err(|error| unreadable(index, error))
}

/// The name of an enum's variant, as in the event API.
pub(crate) fn word_column<T: Serialize>(value: &T) -> Result<String, Fault> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => Ok(text),
        Ok(other) => json_column(&other),
        Err(error) => Err(Fault::Unstorable(Arc::new(error))),
    }
}

/// Four columns of tokens and one of their cost, from `index` on.
pub(crate) fn usage(row: &Row<'_>, index: usize) -> rusqlite::Result<Usage> {
    let tokens = |offset: usize| row.get::<_, i64>(index + offset).map(i64::unsigned_abs);
    Ok(Usage {
        prompt_tokens: tokens(0)?,
        completion_tokens: tokens(1)?,
        cached_tokens: tokens(2)?,
        cost_micros: tokens(4)?,
        is_estimated: tokens(3)? > 0,
    })
}

/// A token count as it is stored. An endpoint may tell any number; sums must not overflow.
pub(crate) fn tokens_column(tokens: u64) -> i64 {
    i64::try_from(tokens.min(TOKENS_MAX)).unwrap_or(i64::MAX)
}

fn unreadable(index: usize, error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(index, Type::Text, Box::new(error))
}
