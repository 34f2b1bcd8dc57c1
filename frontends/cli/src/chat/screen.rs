//! The window while a chat goes on: finished lines go to the scrollback once and are never redrawn;
//! below them a few live lines are repainted in place. Knows nothing of what the lines say.

use crate::theme::visible_width;
use std::io::Write;

/// What stands below the finished lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Live {
    /// One row each; the cursor stands on the last.
    pub(super) rows: Vec<String>,
    /// Columns from the end of the last row back to the cursor.
    pub(super) cursor_back: usize,
}

pub(super) struct Screen {
    sink: Box<dyn Write + Send + Sync>,
    /// No cursor movement: live lines are not shown at all.
    is_plain: bool,
    /// Whether a line feed does not return the cursor to the left.
    is_raw: bool,
    columns: usize,
    drawn: Live,
    is_broken: bool,
}

impl Screen {
    pub(super) fn new(sink: Box<dyn Write + Send + Sync>, is_plain: bool, columns: usize) -> Self {
        Self {
            sink,
            is_plain,
            is_raw: false,
            columns: columns.max(1),
            drawn: Live::default(),
            is_broken: false,
        }
    }

    pub(super) fn set_raw(&mut self, is_raw: bool) {
        self.is_raw = is_raw;
    }

    pub(super) fn resize(&mut self, columns: usize) {
        self.columns = columns.max(1);
    }

    /// Whether nobody sees it any more.
    pub(super) fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Prints finished lines, leaving the live ones as they are.
    pub(super) fn print(&mut self, lines: &[String]) {
        if !lines.is_empty() {
            let live = self.drawn.clone();
            self.update(lines, live);
        }
    }

    /// Takes the live lines away.
    pub(super) fn hide(&mut self) {
        self.update(&[], Live::default());
    }

    /// Prints finished lines above the live ones, which become `live`.
    pub(super) fn update(&mut self, finished: &[String], live: Live) {
        let live = if self.is_plain { Live::default() } else { live };
        if finished.is_empty() && live == self.drawn {
            return;
        }
        let newline = if self.is_raw { "\r\n" } else { "\n" };
        let mut text = String::new();
        let is_repaint = !self.drawn.rows.is_empty() || !live.rows.is_empty();
        if is_repaint {
            text.push_str("\u{1b}[?2026h");
        }
        if !self.drawn.rows.is_empty() {
            text.push('\r');
            let above = self.height().saturating_sub(1);
            if above > 0 {
                text.push_str(&format!("\u{1b}[{above}A"));
            }
            text.push_str("\u{1b}[J");
        }
        for line in finished {
            text.push_str(line);
            text.push_str(newline);
        }
        text.push_str(&live.rows.join(newline));
        if live.cursor_back > 0 {
            text.push_str(&format!("\u{1b}[{}D", live.cursor_back));
        }
        if is_repaint {
            text.push_str("\u{1b}[?2026l");
        }
        self.drawn = live;
        self.write(&text);
    }

    /// Rows the live lines take now; a line may have been wrapped by a narrower window.
    fn height(&self) -> usize {
        self.drawn
            .rows
            .iter()
            .map(|row| visible_width(row).div_ceil(self.columns).max(1))
            .sum()
    }

    fn write(&mut self, text: &str) {
        let written = self
            .sink
            .write_all(text.as_bytes())
            .and_then(|()| self.sink.flush());
        self.is_broken |= written.is_err();
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.hide();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Sink;

    fn live(rows: &[&str], cursor_back: usize) -> Live {
        Live {
            rows: rows.iter().map(|row| (*row).to_owned()).collect(),
            cursor_back,
        }
    }

    #[test]
    fn finished_lines_are_written_once_and_live_ones_replaced() {
        let sink = Sink::default();
        let mut screen = Screen::new(Box::new(sink.clone()), false, 20);
        screen.set_raw(true);
        screen.update(&["one".into()], live(&["status", "> dra"], 2));
        screen.update(&[], live(&["status", "> dra"], 2));
        screen.update(&["two".into()], live(&["status 2"], 0));
        screen.hide();
        drop(screen);
        assert_eq!(
            sink.text(),
            "\u{1b}[?2026hone\r\nstatus\r\n> dra\u{1b}[2D\u{1b}[?2026l\
             \u{1b}[?2026h\r\u{1b}[1A\u{1b}[Jtwo\r\nstatus 2\u{1b}[?2026l\
             \u{1b}[?2026h\r\u{1b}[J\u{1b}[?2026l"
        );
    }

    #[test]
    fn a_narrower_window_wraps_what_is_drawn() {
        let sink = Sink::default();
        let mut screen = Screen::new(Box::new(sink.clone()), false, 20);
        screen.update(&[], live(&["0123456789abcdef", "x"], 0));
        screen.resize(10);
        screen.hide();
        assert!(
            sink.text().contains("\r\u{1b}[2A\u{1b}[J"),
            "{:?}",
            sink.text()
        );
    }

    #[test]
    fn plain_writes_lines_and_nothing_else() {
        let sink = Sink::default();
        let mut screen = Screen::new(Box::new(sink.clone()), true, 20);
        screen.update(&["one".into()], live(&["status"], 0));
        screen.update(&["two".into()], Live::default());
        drop(screen);
        assert_eq!(sink.text(), "one\ntwo\n");
    }
}
