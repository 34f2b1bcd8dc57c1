//! Full-text search over what people and the model said, and over titles, notes and documents.

use crate::Storage;
use crate::conversations::key;
use crate::error::{Fault, StorageError};
use crate::rows;
use anteroom_api::{ConversationId, ConversationKind, SearchHit};
use rusqlite::{Connection, params};

/// More words than a person types; the engine's expressions have a limit of their own.
const WORDS: usize = 32;

/// How many matches are ranked. Words that are in more messages than this tell little about any of them, so
/// of those only the newest are looked at; it keeps the commonest word within the time of a search.
const RANKED: u32 = 2000;

impl Storage {
    /// Messages, titles and texts that hold all the words, the last of which may be unfinished; best first.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn search(&self, words: &str, limit: u32) -> Result<Vec<SearchHit>, StorageError> {
        let Some(query) = query(words) else {
            return Ok(Vec::new());
        };
        let found = self.read_all(move |connection, _| search(connection, &query, limit));
        let mut hits: Vec<(f64, SearchHit)> = found
            .await?
            .into_iter()
            .flat_map(|(_, hits)| hits)
            .collect();
        // Within one file they are in order already, and stay so.
        hits.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        hits.truncate(limit as usize);
        Ok(hits.into_iter().map(|(_, hit)| hit).collect())
    }
}

impl Storage {
    /// Messages of one conversation that hold all the words, in their order; of more than `limit` the newest.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn search_within(
        &self,
        id: ConversationId,
        words: &str,
        limit: u32,
    ) -> Result<Vec<SearchHit>, StorageError> {
        let Some(query) = query(words) else {
            return Ok(Vec::new());
        };
        self.read_of(id, move |connection| {
            within(connection, id, (&query, limit))
        })
        .await
    }
}

fn within(
    connection: &Connection,
    id: ConversationId,
    (query, limit): (&str, u32),
) -> Result<Vec<SearchHit>, Fault> {
    // The bounds spare a look at the matches of all other conversations that are older or newer.
    let mut statement = connection.prepare_cached(
        "SELECT i.conversation, c.title, i.id,
             snippet(messages_text, 0, char(2), char(3), '…', 24), c.kind
         FROM messages_text
             CROSS JOIN items i ON i.row = messages_text.rowid
             CROSS JOIN conversations c ON c.id = i.conversation
         WHERE messages_text MATCH ?1 AND i.conversation = ?2 AND messages_text.rowid
             BETWEEN (SELECT min(row) FROM items WHERE conversation = ?2)
                 AND (SELECT max(row) FROM items WHERE conversation = ?2)
         ORDER BY i.ordinal DESC LIMIT ?3",
    )?;
    let found = statement.query_map(params![query, key(id), limit], |row| {
        Ok(SearchHit {
            conversation: rows::id(row, 0)?,
            title: row.get(1)?,
            kind: rows::word::<ConversationKind>(row, 4)?,
            item: rows::optional_id(row, 2)?,
            snippet: row.get(3)?,
        })
    })?;
    let mut hits: Vec<SearchHit> = found.collect::<Result<_, _>>()?;
    hits.reverse();
    Ok(hits)
}

/// Hits with their scores; lower is better.
fn search(
    connection: &Connection,
    query: &str,
    limit: u32,
) -> Result<Vec<(f64, SearchHit)>, Fault> {
    let mut hits = messages(connection, query, limit)?;
    hits.extend(texts(connection, query, limit)?);
    hits.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    Ok(hits)
}

/// Titles, and the newest versions of notes and documents. A word in a title says more than one in a text.
fn texts(connection: &Connection, query: &str, limit: u32) -> Result<Vec<(f64, SearchHit)>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT c.id, c.title, c.kind, snippet(texts_text, -1, char(2), char(3), '…', 24),
             bm25(texts_text, 4.0, 1.0) AS score
         FROM texts_text CROSS JOIN texts t ON t.row = texts_text.rowid
             CROSS JOIN conversations c ON c.id = t.conversation
         WHERE texts_text MATCH ?1 ORDER BY score, texts_text.rowid DESC LIMIT ?2",
    )?;
    let found = statement.query_map(params![query, limit], |row| {
        let hit = SearchHit {
            conversation: rows::id(row, 0)?,
            title: row.get(1)?,
            kind: rows::word(row, 2)?,
            item: None,
            snippet: row.get(3)?,
        };
        Ok((row.get(4)?, hit))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn messages(
    connection: &Connection,
    query: &str,
    limit: u32,
) -> Result<Vec<(f64, SearchHit)>, Fault> {
    // Two passes, because a rank costs more than a match and a snippet more than a rank: the first ranks
    // the newest matches, the second makes snippets for the best of those.
    let mut statement = connection.prepare_cached(
        "WITH newest AS MATERIALIZED (
             SELECT rowid AS row, bm25(messages_text) AS score FROM messages_text
             WHERE messages_text MATCH ?1 ORDER BY rowid DESC LIMIT ?3
         ), best AS MATERIALIZED (
             SELECT row, score FROM newest ORDER BY score, row DESC LIMIT ?2
         )
         SELECT i.conversation, c.title, i.id,
             snippet(messages_text, 0, char(2), char(3), '…', 24), best.score, c.kind
         FROM messages_text
             CROSS JOIN best ON best.row = +messages_text.rowid
             CROSS JOIN items i ON i.row = best.row
             CROSS JOIN conversations c ON c.id = i.conversation
         WHERE messages_text MATCH ?1 AND messages_text.rowid
             BETWEEN (SELECT min(row) FROM best) AND (SELECT max(row) FROM best)
         ORDER BY best.score, best.row DESC",
    )?;
    let found = statement.query_map(params![query, limit, RANKED], |row| {
        let hit = SearchHit {
            conversation: rows::id(row, 0)?,
            title: row.get(1)?,
            kind: rows::word::<ConversationKind>(row, 5)?,
            item: rows::optional_id(row, 2)?,
            snippet: row.get(3)?,
        };
        Ok((row.get(4)?, hit))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// A person's words as an expression: each quoted, so that none of them is an operator. None if there is
/// nothing to look for.
pub(crate) fn query(words: &str) -> Option<String> {
    let found: Vec<&str> = words
        .split(|c: char| c.is_whitespace() || c.is_control())
        // A word without a letter or digit has no token, and would match nothing.
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .take(WORDS)
        .collect();
    let last = found.last()?;
    let is_unfinished = !words.ends_with(char::is_whitespace) && is_beginning(last);
    let quoted: Vec<String> = found
        .iter()
        .map(|word| format!("\"{}\"", word.replace('"', "\"\"")))
        .collect();
    let star = if is_unfinished { "*" } else { "" };
    Some(format!("{}{star}", quoted.join(" AND ")))
}

/// Whether a word is enough to look for words that begin with it: one Latin letter begins too many.
fn is_beginning(word: &str) -> bool {
    let mut letters = word.chars().filter(|c| c.is_alphanumeric());
    letters.next().is_some_and(|first| !first.is_ascii()) || letters.next().is_some()
}

#[cfg(test)]
mod tests {
    use super::query;

    #[test]
    fn words_become_an_expression() {
        let cases: &[(&str, Option<&str>)] = &[
            ("", None),
            (" \t\n", None),
            ("-- \" * ()", None),
            ("hello", Some(r#""hello"*"#)),
            ("hello ", Some(r#""hello""#)),
            ("hello wor", Some(r#""hello" AND "wor"*"#)),
            ("a OR b", Some(r#""a" AND "OR" AND "b""#)),
            ("日", Some(r#""日"*"#)),
            ("text:x NEAR(y)", Some(r#""text:x" AND "NEAR(y)"*"#)),
            (r#"say "hi""#, Some(r#""say" AND """hi"""*"#)),
            ("nul\0byte", Some(r#""nul" AND "byte"*"#)),
            ("größe ✂ 日本", Some(r#""größe" AND "日本"*"#)),
        ];
        for (words, expected) in cases {
            assert_eq!(query(words).as_deref(), *expected, "{words:?}");
        }
        let many = query(&"word ".repeat(100)).unwrap();
        assert_eq!(many.matches("AND").count(), super::WORDS - 1);
    }
}
