//! The window while a chat goes on: finished lines go to the scrollback once and are never redrawn;
//! below them a few live rows are repainted in place, only where they differ. Knows nothing of what the lines say.

use super::row::{Change, Row};
use std::fmt::Write as _;
use std::io::Write;

/// What stands below the finished lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Live {
    /// One row each, narrower than the window.
    pub(super) rows: Vec<String>,
    /// The row the cursor stands on, and its column.
    pub(super) cursor: (usize, usize),
}

/// Asks for the columns and rows of the window; none if it does not tell.
pub(super) type Size = fn() -> Option<(u16, u16)>;

/// What a screen writes to.
pub(super) struct Window {
    pub(super) sink: Box<dyn Write + Send + Sync>,
    pub(super) size: Size,
    /// No cursor movement: live rows are not shown at all.
    pub(super) is_plain: bool,
    /// Whether a narrower window wraps the rows that are in it. A few old terminals cut them off.
    pub(super) is_reflowing: bool,
}

pub(super) struct Screen {
    window: Window,
    /// Whether a line feed does not return the cursor to the left.
    is_raw: bool,
    columns: usize,
    lines: usize,
    /// What is meant to stand below the finished lines.
    shown: Live,
    /// The live rows as they stand in the window; at least the one the cursor is on.
    drawn: Vec<Row>,
    cursor: (usize, usize),
    /// Whether the rows in the window may stand otherwise than they were drawn.
    is_torn: bool,
    is_broken: bool,
}

/// Columns and rows where the window does not tell.
const USUAL_SIZE: (u16, u16) = (80, 24);
const BEGIN: &str = "\u{1b}[?2026h";
const END: &str = "\u{1b}[?2026l";

impl Screen {
    pub(super) fn new(window: Window) -> Self {
        let (columns, lines) = (window.size)().unwrap_or(USUAL_SIZE);
        Self {
            window,
            is_raw: false,
            columns: usize::from(columns.max(1)),
            lines: usize::from(lines.max(1)),
            shown: Live::default(),
            drawn: vec![Row::new("")],
            cursor: (0, 0),
            is_torn: false,
            is_broken: false,
        }
    }

    pub(super) fn set_raw(&mut self, is_raw: bool) {
        self.is_raw = is_raw;
    }

    /// Whether keys are read one by one now.
    pub(super) fn is_raw(&self) -> bool {
        self.is_raw
    }

    pub(super) fn is_plain(&self) -> bool {
        self.window.is_plain
    }

    /// From now on with or without live rows.
    pub(super) fn set_plain(&mut self, is_plain: bool) {
        self.hide();
        self.window.is_plain = is_plain;
    }

    /// Columns and rows of the window as it is now.
    pub(super) fn size(&self) -> (usize, usize) {
        let size =
            (self.window.size)().map(|(c, r)| (usize::from(c.max(1)), usize::from(r.max(1))));
        size.unwrap_or((self.columns, self.lines))
    }

    /// Whether nobody sees it any more.
    pub(super) fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// The cursor stands at the left of an empty row, whatever was there; as after another program had the window.
    pub(super) fn forget(&mut self) {
        self.shown = Live::default();
        self.drawn = vec![Row::new("")];
        self.cursor = (0, 0);
    }

    /// Empties the window; the scrollback stays.
    pub(super) fn clear(&mut self) {
        if !self.window.is_plain {
            self.write("\u{1b}[H\u{1b}[J");
            self.forget();
        }
    }

    /// Writes what only the terminal takes notice of, and shows nowhere.
    pub(super) fn sequence(&mut self, text: &str) {
        if !self.window.is_plain {
            self.write(text);
        }
    }

    /// Prints finished lines, leaving the live ones as they are.
    pub(super) fn print(&mut self, lines: &[String]) {
        let live = self.shown.clone();
        self.update(lines, &live);
    }

    /// Takes the live lines away.
    pub(super) fn hide(&mut self) {
        self.leave(&[]);
    }

    /// Prints the last finished lines in the place of the live ones: what they said of the same is never seen beside.
    pub(super) fn leave(&mut self, lines: &[String]) {
        self.update(lines, &Live::default());
    }

    /// Prints finished lines above the live ones, which become `live`.
    fn update(&mut self, finished: &[String], live: &Live) {
        // The size is looked at last, too: what moves the cursor must be right for the window it is written to.
        while !self.try_update(finished, live) {}
    }

    /// As `update`; false, and nothing is done, if the window changed while that was thought out.
    pub(super) fn try_update(&mut self, finished: &[String], live: &Live) -> bool {
        if self.window.is_plain {
            self.write_plain(finished);
            return true;
        }
        let is_torn = self.measure() || self.is_torn;
        let finished_rows: Vec<Row> = finished.iter().map(|line| Row::new(line)).collect();
        let mut rows: Vec<Row> = live.rows.iter().map(|row| Row::new(row)).collect();
        if rows.is_empty() {
            rows.push(Row::new(""));
        }
        let cursor = (live.cursor.0.min(rows.len() - 1), live.cursor.1);
        let count = finished.len() + rows.len().max(self.drawn.len());
        let is_fitting = finished_rows.iter().all(|row| row.width() < self.columns);
        // Nothing has to be taken away or moved: what is written could as well go to a file.
        let is_bare = self.is_bare();
        let text = if is_bare || is_torn || !is_fitting || count >= self.lines {
            self.repaint(finished, &rows, cursor)
        } else {
            self.patch(finished_rows, &rows, cursor)
        };
        if self.measure() {
            self.is_torn = true;
            return false;
        }
        self.is_torn = false;
        self.drawn = rows;
        self.cursor = cursor;
        self.shown.clone_from(live);
        if is_bare && self.is_bare() {
            self.write(&text);
        } else if !text.is_empty() {
            self.write(&format!("{BEGIN}{text}{END}"));
        }
        true
    }

    /// Whether nothing live stands in the window.
    fn is_bare(&self) -> bool {
        self.drawn.len() == 1 && self.drawn.iter().all(|row| row.width() == 0)
    }

    fn write_plain(&mut self, finished: &[String]) {
        let newline = if self.is_raw { "\r\n" } else { "\n" };
        let mut text = String::new();
        for line in finished {
            text.push_str(line);
            text.push_str(newline);
        }
        if !text.is_empty() {
            self.write(&text);
        }
    }

    /// Looks at the window's size; whether it changed.
    fn measure(&mut self) -> bool {
        let (columns, lines) = self.size();
        let is_torn = columns != self.columns || lines != self.lines;
        self.columns = columns;
        self.lines = lines;
        is_torn
    }

    /// Everything live anew.
    fn repaint(&self, finished: &[String], rows: &[Row], cursor: (usize, usize)) -> String {
        let mut text = String::new();
        if !self.is_bare() {
            text.push('\r');
            up(self.rows_above(), &mut text);
            text.push_str("\u{1b}[J");
        }
        for line in finished {
            text.push_str(line);
            text.push_str("\r\n");
        }
        let mut pen = Pen {
            text,
            row: 0,
            column: Some(0),
        };
        for (at, row) in rows.iter().enumerate() {
            if at > 0 {
                pen.text.push_str("\r\n");
                pen.row += 1;
                pen.column = Some(0);
            }
            if let Some(change) = Row::new("").change(row) {
                pen.draw(&change);
            }
        }
        pen.go(cursor);
        pen.text
    }

    /// Rows from the first live one down to the cursor; a row may have been wrapped by a narrower window.
    fn rows_above(&self) -> usize {
        let (row, column) = self.cursor;
        if !self.window.is_reflowing {
            return row;
        }
        let above = self.drawn.iter().take(row);
        let above: usize = above.map(|row| row.height(row.width(), self.columns)).sum();
        let here = self.drawn.get(row);
        above + here.map_or(0, |row| row.height(column, self.columns) - 1)
    }

    /// Only what differs: new rows are opened in between, so that those below are not written again.
    fn patch(&self, finished: Vec<Row>, rows: &[Row], cursor: (usize, usize)) -> String {
        let first = finished.len();
        let wanted: Vec<Row> = finished.into_iter().chain(rows.iter().cloned()).collect();
        let mut old = self.drawn.clone();
        let mut pen = Pen {
            text: String::new(),
            row: self.cursor.0,
            column: Some(self.cursor.1),
        };
        let most = old.len().min(wanted.len());
        let pairs = old.iter().rev().zip(wanted.iter().rev());
        let same = pairs.take(most).take_while(|(o, w)| o.is_like(w)).count();
        if wanted.len() > old.len() {
            pen.open(&mut old, most - same, wanted.len() - most);
        } else if wanted.len() < old.len() {
            // Deleting rows would do, but some terminals keep what is deleted at the top in their scrollback.
            pen.close(&mut old, wanted.len());
        }
        for (at, (old, wanted)) in old.iter().zip(&wanted).enumerate() {
            if let Some(change) = old.change(wanted) {
                pen.go((at, change.column));
                pen.draw(&change);
            }
        }
        pen.go((first + cursor.0, cursor.1));
        pen.text
    }

    fn write(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let sink = &mut self.window.sink;
        let written = sink.write_all(text.as_bytes()).and_then(|()| sink.flush());
        self.is_broken |= written.is_err();
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.hide();
    }
}

/// Writes to the live rows, knowing where the cursor is.
struct Pen {
    text: String,
    row: usize,
    /// None behind a sign that may be wider than thought.
    column: Option<usize>,
}

impl Pen {
    fn go(&mut self, (row, column): (usize, usize)) {
        if row < self.row {
            up(self.row - row, &mut self.text);
        } else if row > self.row {
            // Writing to a String cannot fail.
            let _ = write!(self.text, "\u{1b}[{}B", row - self.row);
        }
        if self.column != Some(column) {
            match column {
                0 => self.text.push('\r'),
                _ => {
                    let _ = write!(self.text, "\u{1b}[{}G", column + 1);
                }
            }
        }
        self.row = row;
        self.column = Some(column);
    }

    /// Turns the row the cursor is on into another.
    fn draw(&mut self, change: &Change) {
        if change.is_anew {
            self.text.push_str("\u{1b}[K");
        }
        self.text.push_str(&change.text);
        self.column = change.is_certain.then_some(change.end);
    }

    /// Makes room for `count` rows above the row `at`, or below the last.
    fn open(&mut self, rows: &mut Vec<Row>, at: usize, count: usize) {
        self.go((rows.len() - 1, 0));
        self.text.push_str(&"\n".repeat(count));
        self.row += count;
        if rows.iter().skip(at).any(|row| row.width() > 0) {
            self.go((at, 0));
            let _ = write!(self.text, "\u{1b}[{count}L");
        }
        let blank = std::iter::repeat_with(|| Row::new("")).take(count);
        rows.splice(at..at, blank);
    }

    /// Takes away the rows from `count` on.
    fn close(&mut self, rows: &mut Vec<Row>, count: usize) {
        self.go((count, 0));
        self.text.push_str("\u{1b}[J");
        rows.truncate(count);
    }
}

fn up(rows: usize, text: &mut String) {
    if rows > 0 {
        let _ = write!(text, "\u{1b}[{rows}A");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Sink;

    fn live(rows: &[&str], cursor: (usize, usize)) -> Live {
        Live {
            rows: rows.iter().map(|row| (*row).to_owned()).collect(),
            cursor,
        }
    }

    fn screen(sink: &Sink, is_plain: bool) -> Screen {
        Screen::new(Window {
            sink: Box::new(sink.clone()),
            size: || Some((20, 10)),
            is_plain,
            is_reflowing: true,
        })
    }

    #[test]
    fn finished_lines_are_written_once_and_live_ones_only_where_they_differ() {
        let sink = Sink::default();
        let mut screen = screen(&sink, false);
        screen.update(&["one".into()], &live(&["status 1", "> dra"], (1, 3)));
        screen.update(&[], &live(&["status 1", "> dra"], (1, 3)));
        screen.update(&[], &live(&["status 2", "> dra"], (1, 3)));
        screen.update(&["two".into()], &live(&["status 2", "> draf"], (1, 6)));
        screen.hide();
        drop(screen);
        assert_eq!(
            sink.text(),
            "\u{1b}[?2026hone\r\nstatus 1\r\n> dra\u{1b}[4G\u{1b}[?2026l\
             \u{1b}[?2026h\u{1b}[1A\u{1b}[8G2\u{1b}[1B\u{1b}[4G\u{1b}[?2026l\
             \u{1b}[?2026h\r\n\u{1b}[2A\u{1b}[1Ltwo\u{1b}[2B\u{1b}[6Gf\u{1b}[?2026l\
             \u{1b}[?2026h\r\u{1b}[J\u{1b}[1A\u{1b}[K\u{1b}[?2026l"
        );
    }

    #[test]
    fn plain_writes_lines_and_nothing_else() {
        let sink = Sink::default();
        let mut screen = screen(&sink, true);
        screen.update(&["one".into()], &live(&["status"], (0, 0)));
        screen.update(&["two".into()], &Live::default());
        drop(screen);
        assert_eq!(sink.text(), "one\ntwo\n");
    }

    /// Numbers that look random and are the same each time.
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, sides: usize) -> usize {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            usize::try_from((self.0 >> 33) % sides as u64).unwrap()
        }

        fn words(&mut self, most: usize, columns: usize) -> String {
            const SIGNS: [&str; 9] = [
                "a",
                "b",
                " ",
                "漢",
                "ж",
                "\u{1b}[31mr\u{1b}[0m",
                "-",
                "x",
                "⠋",
            ];
            let count = self.roll(most + 1);
            let mut words = String::new();
            for _ in 0..count {
                let sign = SIGNS[self.roll(SIGNS.len())];
                if Row::new(&words).width() + 2 < columns {
                    words.push_str(sign);
                }
            }
            words
        }
    }

    /// The text of a window, or what it should be, as it can be compared.
    fn trimmed(mut lines: Vec<String>) -> Vec<String> {
        for line in &mut lines {
            // Where a wide sign had to be wrapped a terminal leaves a blank.
            line.retain(|sign| sign != ' ');
        }
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        lines
    }

    std::thread_local! {
        static SIZE: std::cell::Cell<(u16, u16)> = const { std::cell::Cell::new((20, 10)) };
    }

    /// Whatever is drawn after whatever, a terminal shows it, and every finished line once.
    #[test]
    fn a_terminal_shows_what_was_meant() {
        let mut dice = Dice(7);
        for round in 0..300 {
            let sink = Sink::default();
            SIZE.set((20, 10));
            let mut screen = Screen::new(Window {
                sink: Box::new(sink.clone()),
                size: || Some(SIZE.get()),
                is_plain: false,
                is_reflowing: true,
            });
            let mut terminal = avt::Terminal::with_scrollback(20, 10, None).unwrap();
            let (mut seen, mut finished) = (0, Vec::new());
            let mut shown = Live::default();
            for frame in 0..30 {
                if dice.roll(5) == 0 {
                    let (columns, rows) = (10 + dice.roll(20), 10 + dice.roll(4));
                    SIZE.set((columns as u16, rows as u16));
                    terminal.resize(columns, rows);
                }
                let columns = usize::from(SIZE.get().0);
                let count = [0, 0, 1, 1, 2, 12][dice.roll(6)];
                let mut lines: Vec<String> = (0..count)
                    .map(|n| format!("{frame}.{n} {}", dice.words(9, columns - 5)))
                    .collect();
                // Sometimes what was live is finished, sometimes a line is too long for the window.
                if let (Some(first), Some(row)) = (lines.first_mut(), shown.rows.first()) {
                    *first = format!("{row}{}", dice.words(3, columns));
                }
                if dice.roll(9) == 0 {
                    lines.push("0123456789".repeat(3));
                }
                let mut rows = shown.rows.clone();
                rows.retain(|row| Row::new(row).width() < columns);
                rows.truncate(dice.roll(5) + 1);
                if let Some(row) = rows.last_mut() {
                    *row = dice.words(9, columns);
                }
                rows.resize_with(dice.roll(5), || dice.words(9, columns));
                let at = dice.roll(rows.len().max(1));
                let column = rows
                    .get(at)
                    .map_or(0, |row| dice.roll(Row::new(row).width() + 1));
                shown = Live {
                    rows,
                    cursor: (at, column),
                };
                screen.update(&lines, &shown);
                finished.extend(lines);
                let text = sink.text();
                terminal.feed(&text[seen..]);
                seen = text.len();
                let wanted = finished.iter().chain(&shown.rows);
                let wanted = wanted.map(|line| crate::clean::clean(line)).collect();
                let lines = terminal.primary_screen().text();
                assert_eq!(trimmed(lines), trimmed(wanted), "{round}, {frame}");
                assert_eq!(terminal.cursor_position().col, column, "{round}, {frame}");
            }
        }
    }
}
