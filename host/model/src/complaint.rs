//! What servers say when they fail: JSON in many shapes, web pages, plain words.

use crate::chunk::{Chunk, Many};

/// The message and kind of an error in place of a chunk.
pub(crate) fn failure(chunk: &Chunk) -> Option<(String, String)> {
    if let Some(error) = &chunk.error.0 {
        let kind = [&error.code, &error.r#type]
            .into_iter()
            .find(|kind| !kind.0.is_empty());
        let message = match error.message.0.as_str() {
            "" => "no reason given",
            message => message,
        };
        return Some((
            short(message),
            kind.map(|kind| short(&kind.0)).unwrap_or_default(),
        ));
    }
    let is_answer = chunk.choices.is_list || chunk.usage.0.is_some();
    let message = [&chunk.message, &chunk.detail]
        .into_iter()
        .find(|message| !message.0.is_empty());
    match message {
        Some(message) if chunk.object.0 == "error" || !is_answer => {
            Some((short(&message.0), short(&chunk.code.0)))
        }
        _ => None,
    }
}

pub(crate) fn is_transient(kind: &str) -> bool {
    match kind.parse::<u16>() {
        Ok(status) => matches!(status, 408 | 409 | 429 | 500..=599),
        Err(_) => {
            let kind = kind.to_ascii_lowercase();
            [
                "rate_limit",
                "overload",
                "server_error",
                "internal",
                "timeout",
                "unavailable",
            ]
            .iter()
            .any(|word| kind.contains(word))
        }
    }
}

/// What the body of an error answer says: its message, its page's title, or its first words.
pub(crate) fn complaint(body: &str) -> String {
    let body = body.trim();
    if body.starts_with('<') {
        return title(body);
    }
    let told = serde_json::from_str::<Many<Chunk>>(body)
        .ok()
        .and_then(|chunks| chunks.items.first().and_then(failure));
    match told {
        Some((message, _)) => message,
        None => short(body),
    }
}

/// A page's title.
pub(crate) fn title(page: &str) -> String {
    // The same length in bytes, so that places found in one hold in the other.
    let lower = page.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|start| {
        let start = start + lower[start..].find('>')? + 1;
        let end = start + lower[start..].find('<')?;
        Some(short(page[start..end].trim()))
    });
    title
        .filter(|title| !title.is_empty())
        .unwrap_or_else(|| "a page without a title".into())
}

/// The first words, on one line.
fn short(text: &str) -> String {
    const CHARS: usize = 500;
    let mut words = String::new();
    for word in text.split_whitespace() {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
        if words.len() > 4 * CHARS {
            break;
        }
    }
    match words.char_indices().nth(CHARS) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    }
}
