//! Marks and signs, and what stands in for them where they cannot be shown. Meaning never depends on color.

mod palette;

pub(crate) use palette::Palette;
use palette::{Colors, Depth};

use crate::terminal::Terminal;
use anteroom_api::{Health, Tier};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How text may be marked on one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Theme {
    /// Whether color and weight may be used.
    pub(crate) has_color: bool,
    /// Whether signs beyond ASCII may be used.
    pub(crate) has_unicode: bool,
    /// Whether text can lead somewhere (OSC 8).
    pub(crate) has_links: bool,
    /// Which colors, and how many.
    pub(crate) palette: Palette,
    /// Columns.
    pub(crate) width: usize,
}

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Bold,
    Dim,
    Accent,
    Good,
    Warning,
    Execute,
    Danger,
}

/// What marks running text, several at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(crate) is_bold: bool,
    pub(crate) is_italic: bool,
    pub(crate) is_struck: bool,
    pub(crate) is_dim: bool,
    pub(crate) is_code: bool,
    pub(crate) is_link: bool,
}

impl Theme {
    /// What a stream of a terminal allows.
    pub(crate) fn of(terminal: &Terminal, has_color: bool, is_seen: bool) -> Self {
        Self {
            has_color,
            has_unicode: terminal.has_unicode(),
            has_links: has_color && is_seen && terminal.has_links(),
            palette: Palette::new(Colors::of(terminal), Depth::of(terminal)),
            width: usize::from(terminal.size.0),
        }
    }

    /// The same in the colors that `cli.theme` names.
    pub(crate) fn named(self, name: &str) -> Self {
        let palette = Colors::named(name).map(|colors| self.palette.with(colors));
        Self {
            has_color: self.has_color && name != "none",
            has_links: self.has_links && name != "none",
            palette: palette.unwrap_or(self.palette),
            ..self
        }
    }

    /// Marks a text; unchanged where color may not be used.
    pub(crate) fn paint(&self, style: Style, text: &str) -> String {
        self.sgr(&self.palette.code(style), text)
    }

    /// Marks a text in several ways at once.
    pub(crate) fn mark(&self, marks: Marks, text: &str) -> String {
        if !self.has_color || marks == Marks::default() {
            return text.to_owned();
        }
        let mut codes = Vec::new();
        let mut add = |is_on, code: String| {
            if is_on && !code.is_empty() {
                codes.push(code);
            }
        };
        add(marks.is_bold, "1".to_owned());
        add(marks.is_dim, self.palette.code(Style::Dim));
        add(marks.is_italic, "3".to_owned());
        add(marks.is_link, "4".to_owned());
        add(marks.is_struck, "9".to_owned());
        add(marks.is_code, self.palette.code(Style::Accent));
        self.sgr(&codes.join(";"), text)
    }

    fn sgr(&self, code: &str, text: &str) -> String {
        if !self.has_color || text.is_empty() || code.is_empty() {
            return text.to_owned();
        }
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// Painted text that leads somewhere; the address holds visible ASCII only.
    pub(crate) fn link(&self, address: &str, painted: &str) -> String {
        let is_safe = address.bytes().all(|byte| byte.is_ascii_graphic());
        if !self.has_links || !is_safe || painted.is_empty() {
            return painted.to_owned();
        }
        format!("\u{1b}]8;;{address}\u{1b}\\{painted}\u{1b}]8;;\u{1b}\\")
    }

    /// The sign if it can be shown, else its stand-in.
    pub(crate) fn sign(&self, unicode: &'static str, ascii: &'static str) -> &'static str {
        if self.has_unicode { unicode } else { ascii }
    }

    pub(crate) fn ok(&self) -> &'static str {
        self.sign("✓", "ok")
    }
    pub(crate) fn failed(&self) -> &'static str {
        self.sign("✗", "x")
    }
    pub(crate) fn warning(&self) -> &'static str {
        self.sign("⚠", "!")
    }
    pub(crate) fn stopped(&self) -> &'static str {
        self.sign("⏹", "#")
    }
    pub(crate) fn again(&self) -> &'static str {
        self.sign("↻", "~")
    }
    pub(crate) fn child(&self) -> &'static str {
        self.sign("◇", "*")
    }
    pub(crate) fn prompt(&self) -> &'static str {
        self.sign("❯", ">")
    }
    pub(crate) fn dot(&self) -> &'static str {
        self.sign(" · ", " - ")
    }
    pub(crate) fn ellipsis(&self) -> &'static str {
        self.sign("…", "...")
    }
    pub(crate) fn minus(&self) -> &'static str {
        self.sign("−", "-")
    }
    pub(crate) fn bullet(&self, depth: usize) -> &'static str {
        match depth % 3 {
            0 => self.sign("•", "-"),
            1 => self.sign("◦", "*"),
            _ => self.sign("▪", "+"),
        }
    }
    pub(crate) fn task(&self, is_done: bool) -> &'static str {
        if is_done {
            self.sign("☑", "[x]")
        } else {
            self.sign("☐", "[ ]")
        }
    }
    pub(crate) fn quote(&self) -> &'static str {
        self.sign("│", "|")
    }
    pub(crate) fn dash(&self) -> &'static str {
        self.sign("—", "--")
    }

    /// One picture of the spinner.
    pub(crate) fn spinner(&self, tick: u64) -> char {
        const UNICODE: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
        const ASCII: [char; 4] = ['|', '/', '-', '\\'];
        let pictures: &[char] = if self.has_unicode { &UNICODE } else { &ASCII };
        let at = usize::try_from(tick % pictures.len() as u64).unwrap_or(0);
        pictures.get(at).copied().unwrap_or('|')
    }

    /// The sign of a tier.
    pub(crate) fn tier_sign(&self, tier: Tier) -> &'static str {
        match tier {
            Tier::Read => self.sign("○", "o"),
            Tier::Write => self.sign("✎", "+"),
            Tier::Execute => self.sign("▶", ">"),
            Tier::Destructive => self.sign("⚠", "!"),
        }
    }

    /// The style of a tier.
    pub(crate) fn tier_style(tier: Tier) -> Style {
        match tier {
            Tier::Read => Style::Dim,
            Tier::Write => Style::Warning,
            Tier::Execute => Style::Execute,
            Tier::Destructive => Style::Danger,
        }
    }

    /// The sign of a finding, painted.
    pub(crate) fn health(&self, health: Health) -> String {
        match health {
            Health::Ok => self.paint(Style::Good, self.ok()),
            Health::Warning => self.paint(Style::Warning, self.warning()),
            Health::Failed => self.paint(Style::Danger, self.failed()),
        }
    }

    /// Cuts a single unpainted line to a number of columns, saying that it was cut.
    pub(crate) fn fit(&self, text: &str, columns: usize) -> String {
        if text.width() <= columns {
            return text.to_owned();
        }
        let room = columns.saturating_sub(self.ellipsis().width());
        let mut cut = String::new();
        let mut used = 0;
        for sign in text.chars() {
            let width = sign.width().unwrap_or(0);
            if used + width > room {
                break;
            }
            used += width;
            cut.push(sign);
        }
        cut.push_str(self.ellipsis());
        cut
    }
}

impl Theme {
    /// A painted row, dim throughout.
    pub(crate) fn dim_row(&self, row: &str) -> String {
        let dim = self.palette.code(Style::Dim);
        if !self.has_color || dim.is_empty() || row.is_empty() {
            return row.to_owned();
        }
        let begin = format!("\u{1b}[{dim}m");
        let inside = row.replace("\u{1b}[0m", &format!("\u{1b}[0m{begin}"));
        format!("{begin}{inside}\u{1b}[0m")
    }

    /// The end of a line that may be painted; without its marks if it has to be cut.
    pub(crate) fn fit_end(&self, line: &str, columns: usize) -> String {
        if visible_width(line) <= columns {
            return line.to_owned();
        }
        let bare = crate::clean::clean(line);
        let mut kept = bare.as_str();
        while kept.width() > columns {
            let mut signs = kept.chars();
            signs.next();
            kept = signs.as_str();
        }
        kept.to_owned()
    }
}

/// Fills up to a number of columns with spaces.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(missing))
}

/// Columns of a line that may hold color codes.
pub(crate) fn visible_width(line: &str) -> usize {
    crate::clean::clean(line).width()
}

#[cfg(test)]
pub(crate) const BARE: Theme = Theme {
    has_color: false,
    has_unicode: true,
    has_links: false,
    palette: Palette::PLAINEST,
    width: 80,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_color_and_unicode_only_ascii_is_left() {
        let theme = Theme {
            has_color: false,
            has_unicode: false,
            ..BARE
        };
        let mut all: String = [
            theme.ok(),
            theme.failed(),
            theme.warning(),
            theme.stopped(),
            theme.again(),
            theme.child(),
            theme.prompt(),
            theme.dot(),
            theme.ellipsis(),
            theme.minus(),
            theme.dash(),
            theme.quote(),
            theme.bullet(0),
            theme.bullet(1),
            theme.bullet(2),
            theme.task(true),
            theme.task(false),
        ]
        .concat();
        for tier in [Tier::Read, Tier::Write, Tier::Execute, Tier::Destructive] {
            all.push_str(theme.tier_sign(tier));
            all.push_str(&theme.paint(Theme::tier_style(tier), "x"));
        }
        all.extend((0..20).map(|tick| theme.spinner(tick)));
        assert!(all.is_ascii() && !all.contains('\u{1b}'), "{all}");
    }

    #[test]
    fn fit_counts_columns_not_characters() {
        let check = |text: &str, columns, wanted: &str| {
            assert_eq!(BARE.fit(text, columns), wanted);
        };
        check("short", 10, "short");
        check("exactly10!", 10, "exactly10!");
        check("eleven chars", 10, "eleven ch…");
        check("漢字漢字漢字", 7, "漢字漢…");
        check("x", 0, "…");
    }
}
