//! Colors and signs, and what stands in for them where they cannot be shown. Meaning never depends on color.

use anteroom_api::{Health, Tier};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How text may be marked on one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Theme {
    /// Whether color and weight may be used.
    pub(crate) has_color: bool,
    /// Whether signs beyond ASCII may be used.
    pub(crate) has_unicode: bool,
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

impl Theme {
    /// Marks a text; unchanged where color may not be used.
    pub(crate) fn paint(&self, style: Style, text: &str) -> String {
        if !self.has_color || text.is_empty() {
            return text.to_owned();
        }
        let code = match style {
            Style::Bold => "1",
            Style::Dim => "2",
            Style::Accent => "36",
            Style::Good => "32",
            Style::Warning => "33",
            Style::Execute => "35",
            Style::Danger => "31",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
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
            width: 80,
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
