//! Searching one file after the other with one searcher and one matcher.

use super::Mode;
use grep_matcher::{LineTerminator, Matcher};
use grep_regex::RegexMatcher;
use grep_searcher::{
    BinaryDetection, Searcher, SearcherBuilder, Sink, SinkContext, SinkFinish, SinkMatch,
};
use grep_searcher::{LineIter, MmapChoice};
use std::io;
use std::path::Path;

/// A longer line is cut around its first match, in characters.
const LINE_CHARACTERS: usize = 400;
/// Characters kept in front of the first match of a line that is cut.
const LEAD_CHARACTERS: usize = 100;
/// A line that does not fit makes its file unreadable, in a guest of 64 MB.
const HEAP_BYTES: usize = 16 << 20;

/// What one file has.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Hits {
    /// Matching lines, kept or not.
    pub(super) count: usize,
    /// The lines in order, context included.
    pub(super) lines: Vec<Line>,
}

/// One line that is shown.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) number: u64,
    pub(super) is_match: bool,
    /// Whether lines are left out in front of it.
    pub(super) is_after_gap: bool,
    pub(super) text: String,
}

/// How to search.
#[derive(Clone, Copy)]
pub(super) struct Manner {
    pub(super) mode: Mode,
    /// Lines shown around each match.
    pub(super) context: usize,
    pub(super) is_multiline: bool,
    /// Whether lines may end in `\r\n`; the matcher must mean the same.
    pub(super) is_crlf: bool,
}

pub(super) struct Search<'a> {
    matcher: &'a RegexMatcher,
    searcher: Searcher,
    mode: Mode,
}

impl<'a> Search<'a> {
    pub(super) fn new(matcher: &'a RegexMatcher, manner: Manner) -> Self {
        let mode = manner.mode;
        let context = if mode == Mode::Content {
            manner.context
        } else {
            0
        };
        let line_terminator = if manner.is_crlf {
            LineTerminator::crlf()
        } else {
            LineTerminator::byte(b'\n')
        };
        let searcher = SearcherBuilder::new()
            .line_number(mode == Mode::Content)
            .line_terminator(line_terminator)
            .multi_line(manner.is_multiline)
            .before_context(context)
            .after_context(context)
            .heap_limit(Some(HEAP_BYTES))
            .memory_map(MmapChoice::never())
            // Looking for the mark costs a read of its own in every file.
            .bom_sniffing(false)
            .binary_detection(BinaryDetection::quit(b'\0'))
            .build();
        Self {
            matcher,
            searcher,
            mode,
        }
    }

    /// Searches a file, keeping as many matching lines as are wanted and counting the rest.
    pub(super) fn file(&mut self, path: &Path, wanted: usize) -> io::Result<Hits> {
        let mut collector = Collector {
            matcher: self.matcher,
            mode: self.mode,
            wanted,
            hits: Hits::default(),
            is_after_gap: false,
        };
        self.searcher
            .search_path(self.matcher, path, &mut collector)?;
        Ok(collector.hits)
    }
}

struct Collector<'a> {
    matcher: &'a RegexMatcher,
    mode: Mode,
    wanted: usize,
    hits: Hits,
    is_after_gap: bool,
}

impl Collector<'_> {
    fn keep(&mut self, number: Option<u64>, is_match: bool, bytes: &[u8]) {
        let line = Line {
            number: number.unwrap_or_default(),
            is_match,
            is_after_gap: std::mem::take(&mut self.is_after_gap),
            text: shorten(self.matcher, bytes, is_match),
        };
        self.hits.lines.push(line);
    }
}

impl Sink for Collector<'_> {
    type Error = io::Error;

    fn matched(&mut self, searcher: &Searcher, found: &SinkMatch<'_>) -> io::Result<bool> {
        let lines = LineIter::new(searcher.line_terminator().as_byte(), found.bytes());
        let first = found.line_number();
        for (index, line) in lines.enumerate() {
            self.hits.count += 1;
            if self.mode == Mode::Content && self.hits.count <= self.wanted {
                self.keep(first.map(|first| first + index as u64), true, line);
            }
        }
        Ok(self.mode != Mode::Files)
    }

    fn context(&mut self, _: &Searcher, context: &SinkContext<'_>) -> io::Result<bool> {
        if self.hits.count < self.wanted || (self.hits.count == self.wanted && !self.is_after_gap) {
            self.keep(context.line_number(), false, context.bytes());
        }
        Ok(true)
    }

    fn context_break(&mut self, _: &Searcher) -> io::Result<bool> {
        self.is_after_gap = true;
        Ok(true)
    }

    fn finish(&mut self, _: &Searcher, finish: &SinkFinish) -> io::Result<()> {
        if finish.binary_byte_offset().is_some() {
            // What stood before the NUL is no text either.
            self.hits = Hits::default();
        }
        Ok(())
    }
}

/// A line as text, cut around its first match if it is long.
fn shorten(matcher: &RegexMatcher, bytes: &[u8], is_match: bool) -> String {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    // A byte is a character at least, so short lines need no counting.
    if bytes.len() <= LINE_CHARACTERS {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let at = if is_match {
        matcher
            .find(bytes)
            .ok()
            .flatten()
            .map_or(0, |found| found.start())
    } else {
        0
    };
    let start = at.saturating_sub(LEAD_CHARACTERS);
    let end = (start + LINE_CHARACTERS).min(bytes.len());
    let part = String::from_utf8_lossy(bytes.get(start..end).unwrap_or_default());
    // A character cut at either end shows as a replacement; it is part of what was left out.
    let part = part.trim_matches(char::REPLACEMENT_CHARACTER);
    let before = if start > 0 { "…" } else { "" };
    let after = if end < bytes.len() { "…" } else { "" };
    format!("{before}{part}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_around_its_match() {
        let matcher = RegexMatcher::new("needle").unwrap();
        let long = format!("{}needle{}", "x".repeat(1_000), "y".repeat(1_000));
        let text = shorten(&matcher, long.as_bytes(), true);
        assert_eq!(
            text,
            format!("…{}needle{}…", "x".repeat(100), "y".repeat(294))
        );
        assert_eq!(shorten(&matcher, b"short\r\n", true), "short");
        let umlauts = "ü".repeat(300);
        assert_eq!(
            shorten(&matcher, umlauts.as_bytes(), false),
            format!("{}…", "ü".repeat(200))
        );
    }
}
