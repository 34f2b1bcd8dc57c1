//! Output as it comes in pieces, put together in order and kept within bounds.

use anteroom_sdk::process::{Chunk, Source};
use std::collections::VecDeque;

/// Bytes kept of the beginning, and as many of the end. A result may have 8 MB, and a byte that is no UTF-8 becomes
/// three.
const KEPT_BYTES: usize = 1 << 20;

/// Both streams of a process, in the order they came.
#[derive(Default)]
pub(crate) struct Collected {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    left_out: usize,
    /// For each stream the beginning of a character whose rest is still to come.
    unfinished: [Vec<u8>; 2],
}

impl Collected {
    pub(crate) fn add(&mut self, chunk: &Chunk) {
        let stream = match chunk.source {
            Source::Stdout => 0,
            Source::Stderr => 1,
        };
        let Some(unfinished) = self.unfinished.get_mut(stream) else {
            return;
        };
        let mut bytes = std::mem::take(unfinished);
        bytes.extend_from_slice(&chunk.bytes);
        *unfinished = bytes.split_off(bytes.len() - unfinished_bytes(&bytes));
        self.keep(&bytes);
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = KEPT_BYTES.saturating_sub(self.head.len()).min(bytes.len());
        let (head, rest) = bytes.split_at(room);
        self.head.extend_from_slice(head);
        self.tail.extend(rest);
        let excess = self.tail.len().saturating_sub(KEPT_BYTES);
        self.tail.drain(..excess);
        self.left_out += excess;
    }

    /// The text, saying in its middle what was left out.
    pub(crate) fn finish(mut self) -> String {
        for rest in std::mem::take(&mut self.unfinished) {
            self.keep(&rest);
        }
        if self.left_out == 0 {
            self.head.extend(self.tail);
            return String::from_utf8_lossy(&self.head).into_owned();
        }
        format!(
            "{}\n[{} bytes left out here; to see all, run it again with its output in a file]\n{}",
            String::from_utf8_lossy(&self.head),
            self.left_out,
            String::from_utf8_lossy(self.tail.make_contiguous()),
        )
    }
}

/// Bytes at the end that begin a UTF-8 character without completing it.
pub(crate) fn unfinished_bytes(bytes: &[u8]) -> usize {
    for (index, byte) in bytes.iter().rev().take(3).enumerate() {
        let length = match byte {
            0x80..=0xbf => continue,
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 1,
        };
        return if length > index + 1 { index + 1 } else { 0 };
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(chunks: &[(Source, &[u8])], expected: &str) {
        let mut collected = Collected::default();
        for (source, bytes) in chunks {
            collected.add(&Chunk {
                source: *source,
                bytes: bytes.to_vec(),
            });
        }
        assert_eq!(collected.finish(), expected);
    }

    #[test]
    fn pieces_come_together_in_order() {
        check(&[], "");
        check(
            &[
                (Source::Stdout, b"one\n"),
                (Source::Stderr, b"two\n"),
                (Source::Stdout, b"three\n"),
            ],
            "one\ntwo\nthree\n",
        );
    }

    #[test]
    fn a_character_cut_in_two_is_one() {
        check(
            &[
                (Source::Stdout, b"a\xf0\x9f"),
                (Source::Stderr, b"!"),
                (Source::Stdout, b"\x98\x80b"),
            ],
            "a!\u{1f600}b",
        );
        check(&[(Source::Stdout, b"a\xc3")], "a\u{fffd}");
        check(
            &[(Source::Stdout, b"a\xff"), (Source::Stdout, b"b")],
            "a\u{fffd}b",
        );
    }

    #[test]
    fn a_flood_keeps_both_ends() {
        let mut collected = Collected::default();
        for byte in [b'a', b'b', b'c'] {
            collected.add(&Chunk {
                source: Source::Stdout,
                bytes: vec![byte; KEPT_BYTES],
            });
        }
        let text = collected.finish();
        assert!(text.starts_with("aa") && text.ends_with("cc") && !text.contains("bb"));
        assert!(text.contains("\n[1048576 bytes left out here;"));
    }
}
