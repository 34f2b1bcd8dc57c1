//! What stands in the window during a run, row by row, and how lines get above it.

use super::{Open, Session};
use crate::chat::draft::Sheet;
use crate::chat::row;
use crate::chat::screen::Live;
use crate::problem;
use crate::terminal;
use crate::theme::{Style, visible_width};
use anteroom_api::Problem;
use tokio::time::Instant;

/// Rows of the composer.
const COMPOSER_ROWS: usize = 8;
/// Rows above it: the unfinished line, children, what is being done.
const VIEW_ROWS: usize = 9;
/// One picture of the spinner stands so long.
const PICTURE_MS: u128 = 120;

/// Rows at the bottom of the window, with the cursor's place among them.
type Rows = (Vec<String>, (usize, usize));

impl Session<'_> {
    /// Draws the rows as they are now, below the lines that waited; anew if the window changed meanwhile.
    pub(super) fn paint(&mut self) {
        loop {
            self.fit_window();
            self.fit_question();
            let now = Instant::now();
            let lines = self.pace.take(now);
            let live = self.live(now);
            if self.screen.try_update(&lines, &live) {
                return;
            }
            self.pace.add(lines);
        }
    }

    /// The rows below the finished lines.
    fn live(&mut self, now: Instant) -> Live {
        let (columns, height) = self.screen.size();
        let (bottom, cursor) = self.bottom(columns, height.saturating_sub(2).max(1));
        let tick = now.saturating_duration_since(self.began).as_millis() / PICTURE_MS;
        let mut rows = self.view.rows(now, u64::try_from(tick).unwrap_or(0));
        // One row of the window is always left for the lines above.
        let room = height.saturating_sub(bottom.len() + 1).min(VIEW_ROWS);
        rows.drain(..rows.len().saturating_sub(room));
        let cursor = (rows.len() + cursor.0, cursor.1);
        rows.extend(bottom);
        let most = columns.saturating_sub(1);
        let rows = rows.into_iter().map(|row| row::cut(&row, most)).collect();
        Live { rows, cursor }
    }

    /// What the keys are for: a question, or the composer.
    fn bottom(&mut self, columns: usize, most: usize) -> Rows {
        let now = (self.context.clock)();
        let columns = columns.saturating_sub(1);
        match self.open.front() {
            // The question takes the place of what is typed, which waits unseen.
            Some(Open::Approval(ask)) => {
                ask.rows((now, Instant::now()), &self.theme, !self.draft.is_empty())
            }
            Some(Open::Inquiry(inquiry)) => {
                let (row, back) = inquiry.row(now, &self.theme);
                let column = visible_width(&row).saturating_sub(back);
                (vec![row], (0, column))
            }
            None => {
                let mark = format!("{}{} ", self.label(), self.theme.prompt());
                let room = columns.saturating_sub(visible_width(&mark));
                let sheet = self.draft.sheet(room, COMPOSER_ROWS.min(most));
                self.composer(&mark, sheet)
            }
        }
    }

    fn composer(&self, mark: &str, sheet: Sheet) -> Rows {
        let indent = visible_width(mark);
        let last = sheet.rows.len().saturating_sub(1);
        let margin = |at: usize| {
            if at == 0 && sheet.is_cut.0 {
                self.theme.paint(Style::Dim, self.theme.sign("↑ ", "^ "))
            } else if at == last && sheet.is_cut.1 {
                self.theme.paint(Style::Dim, self.theme.sign("↓ ", "v "))
            } else if at == 0 {
                self.theme.paint(Style::Accent, mark)
            } else {
                " ".repeat(indent)
            }
        };
        let rows = (0..).zip(&sheet.rows);
        let mut rows: Vec<String> = rows.map(|(at, row)| margin(at) + row).collect();
        let mut cursor = (sheet.cursor.0, sheet.cursor.1 + indent);
        if self.is_warned() {
            let hint = "Ctrl+C again leaves, Esc cancels";
            rows.insert(0, self.theme.paint(Style::Dim, hint));
            cursor.0 += 1;
        }
        (rows, cursor)
    }

    /// Takes up the window's size; below the smallest there are only lines.
    pub(super) fn fit_window(&mut self) {
        let (columns, height) = self.screen.size();
        if columns != self.theme.width {
            self.theme.width = columns;
            self.view.resize(columns);
        }
        let is_plain = self.context.options.is_plain || terminal::is_tiny(columns, height);
        if is_plain != self.screen.is_plain() {
            self.screen.set_plain(is_plain);
            self.keyboard.set_plain(is_plain);
            self.view.set_plain(is_plain);
        }
    }

    /// Prints finished lines: now, or in time with what is painted below them.
    pub(super) fn print(&mut self, lines: Vec<String>) {
        self.pace.add(lines);
        if !self.is_held {
            self.flush();
        }
    }

    /// Prints the lines that waited.
    pub(super) fn flush(&mut self) {
        let lines = self.pace.take(Instant::now());
        if !lines.is_empty() {
            self.screen.print(&lines);
        }
    }

    pub(super) fn show_problem(&mut self, problem: &Problem) {
        let text = problem::render(problem, &self.theme);
        self.print(text.lines().map(ToOwned::to_owned).collect());
    }
}
