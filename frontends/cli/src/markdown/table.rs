//! A table, aligned within the width.

use super::wrap::{self, Span};
use crate::theme::{Style, Theme};
use pulldown_cmark::Alignment;
use unicode_width::UnicodeWidthStr;

/// A column is not made narrower than this.
const NARROWEST: usize = 4;

/// A table while it is read: the first row is its head.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) alignments: Vec<Alignment>,
    pub(super) rows: Vec<Vec<Vec<Span>>>,
}

impl Table {
    /// The rows on the screen; none if the columns do not fit.
    pub(super) fn rows(&self, room: usize, theme: &Theme) -> Option<Vec<String>> {
        let widths = self.widths(room)?;
        let mut shown = Vec::new();
        for (at, row) in self.rows.iter().enumerate() {
            shown.extend(self.row(row, &widths, theme));
            if at == 0 {
                let dash = theme.sign("─", "-");
                let parts: Vec<String> = widths.iter().map(|width| dash.repeat(*width)).collect();
                let line = parts.join(theme.sign("─┼─", "-+-"));
                shown.push(theme.paint(Style::Dim, &line));
            }
        }
        Some(shown)
    }

    /// Columns of each column: what it needs, or a fair part of what there is.
    fn widths(&self, room: usize) -> Option<Vec<usize>> {
        let count = self.rows.first()?.len();
        let widest = |column: usize, measure: fn(&[Span]) -> usize| {
            let cells = self.rows.iter().filter_map(move |row| row.get(column));
            cells.map(|cell| measure(cell)).max().unwrap_or(0).max(1)
        };
        let room = room.checked_sub(3 * count.saturating_sub(1))?;
        let mut widths: Vec<usize> = (0..count)
            .map(|column| widest(column, wrap::width))
            .collect();
        // First words are kept whole, then nothing is spared.
        let whole: Vec<usize> = (0..count)
            .map(|column| widest(column, wrap::longest_word).max(NARROWEST))
            .collect();
        for floors in [whole, vec![NARROWEST; count]] {
            while widths.iter().sum::<usize>() > room {
                let candidates = widths
                    .iter_mut()
                    .zip(&floors)
                    .filter(|(width, floor)| **width > **floor);
                let Some((widest, _)) = candidates.max_by_key(|(width, _)| **width) else {
                    break;
                };
                *widest -= 1;
            }
        }
        (widths.iter().sum::<usize>() <= room).then_some(widths)
    }

    fn row(&self, cells: &[Vec<Span>], widths: &[usize], theme: &Theme) -> Vec<String> {
        let columns: Vec<Vec<String>> = widths
            .iter()
            .enumerate()
            .map(|(at, width)| {
                let cell = cells.get(at).map(Vec::as_slice).unwrap_or_default();
                wrap::wrap(cell, *width, theme)
            })
            .collect();
        let height = columns.iter().map(Vec::len).max().unwrap_or(0);
        let bar = theme.paint(Style::Dim, theme.sign(" │ ", " | "));
        (0..height)
            .map(|line| {
                let parts: Vec<String> = columns
                    .iter()
                    .zip(widths)
                    .enumerate()
                    .map(|(at, (rows, width))| {
                        let text = rows.get(line).map(String::as_str).unwrap_or_default();
                        let alignment = self.alignments.get(at).copied();
                        align(text, *width, alignment.unwrap_or(Alignment::None))
                    })
                    .collect();
                parts.join(&bar).trim_end().to_owned()
            })
            .collect()
    }
}

fn align(text: &str, columns: usize, alignment: Alignment) -> String {
    let missing = columns.saturating_sub(crate::clean::clean(text).width());
    let left = match alignment {
        Alignment::None | Alignment::Left => 0,
        Alignment::Center => missing / 2,
        Alignment::Right => missing,
    };
    format!("{}{text}{}", " ".repeat(left), " ".repeat(missing - left))
}
