//! Markdown marked lightly, line by line: headings bold, fences dim, code and strong words marked.
//! The text itself is never changed, so that copying gives what the model wrote.

use crate::theme::{Style, Theme};

/// Where in a text the next line stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Markdown {
    /// The marks that opened the fence we are in.
    fence: Option<String>,
}

impl Markdown {
    /// Whether the next line is inside a code fence.
    pub(crate) fn is_code(&self) -> bool {
        self.fence.is_some()
    }

    /// A whole line, marked.
    pub(crate) fn line(&mut self, line: &str, theme: &Theme) -> String {
        let trimmed = line.trim_start();
        if let Some(fence) = &self.fence {
            if trimmed.starts_with(fence.as_str())
                && trimmed.trim_end().trim_matches(['`', '~']).is_empty()
            {
                self.fence = None;
                return theme.paint(Style::Dim, line);
            }
            return line.to_owned();
        }
        for mark in ["`", "~"] {
            let run: String = trimmed
                .chars()
                .take_while(|sign| mark.contains(*sign))
                .collect();
            if run.len() >= 3 {
                self.fence = Some(run);
                return theme.paint(Style::Dim, line);
            }
        }
        self.part(line, theme)
    }

    /// A piece of a line that was wrapped, or a whole line outside fences.
    pub(crate) fn part(&self, line: &str, theme: &Theme) -> String {
        if self.is_code() || !theme.has_color {
            return line.to_owned();
        }
        let trimmed = line.trim_start();
        let heading = trimmed.trim_start_matches('#');
        let level = trimmed.len() - heading.len();
        if (1..=6).contains(&level) && heading.starts_with(' ') {
            return theme.paint(Style::Bold, line);
        }
        if trimmed.starts_with("> ") {
            return theme.paint(Style::Dim, line);
        }
        marked_words(line, theme)
    }
}

/// `code` and **strong** inside a line.
fn marked_words(line: &str, theme: &Theme) -> String {
    let mut marked = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find(['`', '*']) {
        let (before, from) = rest.split_at(at);
        marked.push_str(before);
        let (mark, style) = if from.starts_with("**") {
            ("**", Style::Bold)
        } else if from.starts_with('`') {
            ("`", Style::Accent)
        } else {
            marked.push('*');
            rest = from.get(1..).unwrap_or_default();
            continue;
        };
        let inside = from.get(mark.len()..).unwrap_or_default();
        match inside.find(mark) {
            Some(end) if end > 0 => {
                let whole = mark.len() + end + mark.len();
                marked.push_str(&theme.paint(style, from.get(..whole).unwrap_or_default()));
                rest = from.get(whole..).unwrap_or_default();
            }
            _ => {
                marked.push_str(mark);
                rest = inside;
            }
        }
    }
    marked.push_str(rest);
    marked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clean::clean;
    use crate::theme::BARE;

    const COLOR: Theme = Theme {
        has_color: true,
        ..BARE
    };

    #[test]
    fn marks_show_what_a_line_is() {
        let check = |text: &str, wanted: &[&str]| {
            let mut markdown = Markdown::default();
            let lines: Vec<String> = text.lines().map(|l| markdown.line(l, &COLOR)).collect();
            let readable: Vec<String> = lines
                .iter()
                .map(|line| line.replace('\u{1b}', "").replace("[0m", "]"))
                .collect();
            assert_eq!(readable, wanted);
            let bare: Vec<String> = lines.iter().map(|line| clean(line)).collect();
            assert_eq!(bare, text.lines().collect::<Vec<_>>(), "the text stays");
        };
        check("# Plan\ntext", &["[1m# Plan]", "text"]);
        check("#tag", &["#tag"]);
        check(
            "run `ls` **now** *so* a*b",
            &["run [36m`ls`] [1m**now**] *so* a*b"],
        );
        check("open `only", &["open `only"]);
        check("2 ** 3", &["2 ** 3"]);
        check(
            "```rust\n# not a heading `x`\n``` still\n```\n# yes",
            &[
                "[2m```rust]",
                "# not a heading `x`",
                "``` still",
                "[2m```]",
                "[1m# yes]",
            ],
        );
        check("~~~~\n~~~\n~~~~", &["[2m~~~~]", "~~~", "[2m~~~~]"]);
    }
}
