//! Text that comes in pieces: what may be the beginning of a secret waits for the rest.

use super::{MARK, Masker, masked_part};

/// What waits at most, bytes; then it is masked as it is, but for its end.
const MAX_HELD: usize = 32 * 1024;
/// Longest secret that is found where two pieces of a longer text meet, bytes.
const KEPT: usize = 8 * 1024;

/// Masks text that comes in pieces, wherever they meet.
///
/// Shape: what was pushed comes out in order and masked, the last of it with [`MaskStream::finish`]. A word waits
/// until it ends, a line that speaks of secrets until its end, a private key until its end. A key of which only
/// the end comes is told: its lines are gone by when the end says what they were.
#[derive(Clone, Debug)]
pub struct MaskStream {
    masker: Masker,
    /// What waits, behind what was told already of its first line: that tells what the rest of the line is.
    text: String,
    /// Bytes of `text` that were told.
    told: usize,
}

impl MaskStream {
    /// Masks what `masker` masks.
    #[must_use]
    pub fn new(masker: Masker) -> Self {
        Self {
            masker,
            text: String::new(),
            told: 0,
        }
    }

    /// The next piece; what can be told already.
    pub fn push(&mut self, piece: &str) -> String {
        self.text.push_str(piece);
        let mut ready = ready(&self.text).max(self.told);
        if self.text.len() - ready > MAX_HELD {
            ready = self.text.floor_char_boundary(self.text.len() - KEPT);
        }
        if ready <= self.told {
            return String::new();
        }
        let spans = self.masker.spans(&self.text);
        // Nothing is cut within a secret.
        for span in &spans {
            if span.start < ready && ready < span.end {
                let is_huge = span.end - span.start > MAX_HELD;
                ready = if is_huge { span.end } else { span.start };
            }
        }
        if ready <= self.told {
            return String::new();
        }
        let out = masked_part(&self.text, self.told..ready, &spans);
        self.told = ready;
        self.forget();
        out
    }

    /// What is left at the end.
    pub fn finish(&mut self) -> String {
        let text = std::mem::take(&mut self.text);
        let told = std::mem::take(&mut self.told);
        masked_part(&text, told..text.len(), &self.masker.spans(&text))
    }

    /// Forgets what was told, but for the line it ends in, as far as that matters.
    fn forget(&mut self) {
        let line = self.text[..self.told].rfind('\n').map_or(0, |end| end + 1);
        let start = line.max(self.told.saturating_sub(KEPT));
        let start = self.text.ceil_char_boundary(start);
        self.text.drain(..start);
        self.told -= start;
    }
}

/// How much of a text no later piece can turn into a part of a secret.
fn ready(text: &str) -> usize {
    let line = text.rfind('\n').map_or(0, |end| end + 1);
    let key = text
        .rfind("-----BEGIN ")
        .or_else(|| text.rfind("---- BEGIN "));
    if let Some(begin) = key
        && text[begin..].lines().next().is_some_and(|header| {
            header.contains("PRIVATE") || !header.trim_end_matches('-').contains("--")
        })
        && !text[begin..].contains("END ")
    {
        return begin.min(line);
    }
    let last = text[line..].to_ascii_lowercase();
    let may_name_a_secret = [
        "pass",
        "pwd",
        "secret",
        "token",
        "key",
        "auth",
        "bearer",
        "credential",
        "pat",
        "---",
        "session",
    ]
    .iter()
    .any(|word| last.contains(word));
    if may_name_a_secret || text.ends_with(MARK) {
        return line;
    }
    text[line..]
        .rfind(char::is_whitespace)
        .map_or(line, |blank| {
            let blank = line + blank;
            blank + text[blank..].chars().next().map_or(0, char::len_utf8)
        })
}
