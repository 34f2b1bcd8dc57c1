//! Full-text search over what people and the model said.

use crate::Storage;
use crate::error::{Fault, StorageError};
use crate::rows;
use anteroom_api::SearchHit;
use rusqlite::{Connection, params};

/// More words than a person types; the engine's expressions have a limit of their own.
const WORDS: usize = 32;

impl Storage {
    /// Messages that hold all the words, the last of which may be unfinished; best first.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn search(&self, words: &str, limit: u32) -> Result<Vec<SearchHit>, StorageError> {
        let Some(query) = query(words) else {
            return Ok(Vec::new());
        };
        self.read(move |connection| search(connection, &query, limit))
            .await
    }
}

fn search(connection: &Connection, query: &str, limit: u32) -> Result<Vec<SearchHit>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT i.conversation, c.title, i.id,
             snippet(messages_text, 0, char(2), char(3), '…', 24)
         FROM messages_text
             JOIN items i ON i.row = messages_text.rowid
             JOIN conversations c ON c.id = i.conversation
         WHERE messages_text MATCH ?1 ORDER BY messages_text.rank LIMIT ?2",
    )?;
    let found = statement.query_map(params![query, limit], |row| {
        Ok(SearchHit {
            conversation: rows::id(row, 0)?,
            title: row.get(1)?,
            item: rows::id(row, 2)?,
            snippet: row.get(3)?,
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// A person's words as an expression: each quoted, so that none of them is an operator. None if there is
/// nothing to look for.
fn query(words: &str) -> Option<String> {
    let quoted: Vec<String> = words
        .split(|c: char| c.is_whitespace() || c.is_control())
        // A word without a letter or digit has no token, and would match nothing.
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .take(WORDS)
        .map(|word| format!("\"{}\"", word.replace('"', "\"\"")))
        .collect();
    let ends_a_word = words.ends_with(char::is_whitespace);
    let last = if ends_a_word { "" } else { "*" };
    (!quoted.is_empty()).then(|| format!("{}{last}", quoted.join(" AND ")))
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
            ("a OR b", Some(r#""a" AND "OR" AND "b"*"#)),
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
