//! Markdown for a terminal, while it arrives: text in, finished rows out, each once.
//!
//! What cannot change any more is frozen: every block but the last, every item of a list but the last, and of
//! the last one the rows before anything that may still become something else. Whatever is at once the whole text
//! or a stream of pieces goes the same way, so both give the same rows.

mod fence;
mod inline;
mod render;
mod stable;
mod table;
mod wrap;

use crate::theme::Theme;
use fence::Fence;
use render::{Rendering, Scene, render};

/// What is taken at a time.
const PIECE_BYTES: usize = 16 * 1024;
/// A block that is longer is parted where it stands.
const BLOCK_LIMIT_BYTES: usize = 256 * 1024;
/// A block of more bytes is long.
const LONG_BYTES: usize = 4 * 1024;
/// A long block is rendered again when it has grown by this part.
const GROWTH: usize = 32;
/// Rows are not shorter than this, however narrow the window is.
const NARROWEST: usize = 10;

/// A text while it arrives.
#[derive(Clone, Debug)]
pub(crate) struct Markdown {
    theme: Theme,
    /// What is not frozen.
    source: String,
    /// Rows of it that were given away.
    given: usize,
    /// So much of it was looked at.
    seen: usize,
    fence: Option<Fence>,
    /// Whether rows stand before the source.
    has_printed: bool,
    is_after_blank: bool,
    /// The number of the item that the source begins with.
    number: Option<u64>,
    /// A new width, for the next block that nothing was shown of.
    columns: usize,
}

impl Markdown {
    pub(crate) fn new(theme: Theme) -> Self {
        Self {
            theme,
            source: String::new(),
            given: 0,
            seen: 0,
            fence: None,
            has_printed: false,
            is_after_blank: false,
            number: None,
            columns: theme.width,
        }
    }

    /// The width from the next block on; what was begun goes on as it was.
    pub(crate) fn resize(&mut self, columns: usize) {
        self.columns = columns;
        self.settle_width();
    }

    fn settle_width(&mut self) {
        if self.given == 0 {
            self.theme.width = self.columns;
        }
    }

    /// Takes the next piece, free of control sequences; gives the rows it finished.
    pub(crate) fn push(&mut self, text: &str) -> Vec<String> {
        let mut rows = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE_BYTES));
            rest = after;
            self.source.push_str(piece);
            while self.step(&mut rows) {}
        }
        rows
    }

    /// Freezes what it can; says whether there may be more.
    fn step(&mut self, rows: &mut Vec<String>) -> bool {
        if self.fence.is_some() {
            return self.code(rows);
        }
        let parsable = stable::parsable(&self.source);
        let is_whole = self
            .source
            .get(..parsable)
            .is_some_and(|text| text.ends_with('\n'));
        // A long block is looked at again once it has grown by a part of itself: all of it costs the same for
        // each of its bytes, however long it becomes.
        let step = self.theme.width.max(self.source.len() / GROWTH);
        let is_short = self.source.len() < LONG_BYTES;
        let is_news =
            parsable >= self.seen + step || (is_short && is_whole && parsable > self.seen);
        if !is_news {
            return false;
        }
        self.seen = parsable;
        let is_long = parsable > BLOCK_LIMIT_BYTES;
        let text = self.source.get(..parsable).unwrap_or_default();
        let rendering = render(text, self.scene(!is_long));
        let mut cut = rendering.cut.unwrap_or_default();
        if is_long {
            cut.at = parsable;
            cut.rows = rendering.rows.len();
            cut.number = None;
        }
        self.give(rendering, cut.rows, rows);
        if cut.at == 0 && !cut.is_fence {
            return false;
        }
        self.freeze(cut.at);
        self.given = self.given.saturating_sub(cut.rows);
        self.has_printed |= cut.rows > 0;
        self.number = cut.number;
        if cut.is_fence {
            return self.enter(rows);
        }
        self.settle_width();
        !self.source.is_empty()
    }

    fn scene(&self, is_open: bool) -> Scene {
        Scene {
            theme: self.theme,
            columns: self.theme.width.saturating_sub(1).max(NARROWEST),
            has_printed: self.has_printed,
            is_after_blank: self.is_after_blank,
            number: self.number,
            is_open,
        }
    }

    /// Gives away what is fixed and was not given.
    fn give(&mut self, rendering: Rendering, least: usize, rows: &mut Vec<String>) {
        let fixed = rendering.fixed.max(least);
        let known = self.given.min(fixed);
        rows.extend(rendering.rows.into_iter().take(fixed).skip(known));
        self.given = self.given.max(fixed);
    }

    /// Forgets the beginning of the source.
    fn freeze(&mut self, at: usize) {
        let text = self.source.get(..at).unwrap_or_default();
        if let Some(before) = text.strip_suffix('\n') {
            let last = before.rfind('\n').map_or(0, |at| at + 1);
            self.is_after_blank = stable::is_blank(before.get(last..).unwrap_or_default());
        }
        self.source.drain(..at);
        self.seen = 0;
    }

    /// Takes the line that opens a fence.
    fn enter(&mut self, rows: &mut Vec<String>) -> bool {
        let end = self
            .source
            .find('\n')
            .map_or(self.source.len(), |at| at + 1);
        let line = self
            .source
            .get(..end)
            .unwrap_or_default()
            .trim_end_matches('\n');
        self.fence = Fence::open(line);
        if let Some(fence) = &self.fence {
            rows.push(fence.first_row(&self.theme));
        }
        self.freeze(end);
        self.given = 0;
        self.has_printed = true;
        self.is_after_blank = false;
        true
    }

    /// Takes whole lines of code.
    fn code(&mut self, rows: &mut Vec<String>) -> bool {
        let mut used = 0;
        while let Some(fence) = self.fence.as_mut() {
            let rest = self.source.get(used..).unwrap_or_default();
            let Some((line, _)) = rest.split_once('\n') else {
                break;
            };
            used += line.len() + 1;
            if fence.is_closed_by(line) {
                rows.push(fence.last_row(&self.theme));
                self.fence = None;
            } else {
                let line = fence.bare(line);
                rows.push(fence.row(line, &self.theme));
            }
        }
        self.source.drain(..used);
        self.seen = 0;
        self.settle_width();
        self.fence.is_none() && !self.source.is_empty()
    }

    /// What there is, where no more comes.
    pub(crate) fn finish(&mut self) -> Vec<String> {
        let mut rows = Vec::new();
        if let Some(mut fence) = self.fence.take() {
            let line = std::mem::take(&mut self.source);
            if fence.is_closed_by(&line) {
                rows.push(fence.last_row(&self.theme));
            } else if !line.trim().is_empty() {
                rows.push(fence.row(fence.clone().bare(&line), &self.theme));
            }
        } else {
            let rendering = render(&self.source, self.scene(false));
            let all = rendering.rows.len();
            self.give(rendering, all, &mut rows);
        }
        *self = Self {
            has_printed: self.has_printed || !rows.is_empty(),
            ..Self::new(Theme {
                width: self.columns,
                ..self.theme
            })
        };
        rows
    }

    /// The end of what was not given away, as it looks so far.
    pub(crate) fn live(&self, most: usize) -> Vec<String> {
        let rows = match &self.fence {
            Some(fence) if self.source.trim().is_empty() || fence.is_closed_by(&self.source) => {
                Vec::new()
            }
            Some(fence) => {
                let mut fence = fence.clone();
                let line = fence.bare(&self.source).replace('\t', "    ");
                vec![fence.row(&line, &self.theme)]
            }
            None if self.source.len() > 2 * LONG_BYTES => self.end_as_written(most),
            None => {
                let rendering = render(&self.source, self.scene(false));
                rendering.rows.into_iter().skip(self.given).collect()
            }
        };
        let hidden = rows.len().saturating_sub(most);
        let rows = rows.into_iter().skip(hidden);
        rows.skip_while(|row| row.trim().is_empty()).collect()
    }
}

impl Markdown {
    /// The end of a long block, without looking at the rest of it.
    fn end_as_written(&self, most: usize) -> Vec<String> {
        let length = self.source.len().saturating_sub(most * self.columns);
        let from = self.source.floor_char_boundary(length);
        let end = self.source.get(from..).unwrap_or_default();
        let room = self.columns.saturating_sub(1);
        end.split('\n')
            .map(|line| self.theme.fit_end(line, room))
            .collect()
    }
}

/// The rows of a whole text.
pub(crate) fn rows(text: &str, theme: &Theme) -> Vec<String> {
    let mut markdown = Markdown::new(*theme);
    let mut rows = markdown.push(text);
    rows.extend(markdown.finish());
    rows
}

#[cfg(test)]
mod tests;
