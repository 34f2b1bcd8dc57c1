//! Which colors there are on a terminal, and which of them is meant. Pure.
//!
//! The values are the tokens of the web page, each at least 4.5 : 1 on its background.

use super::Style;
use crate::terminal::Terminal;

/// The colors of one theme at one depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Palette {
    colors: Colors,
    depth: Depth,
}

/// What the colors stand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colors {
    Dark,
    Light,
    /// Nothing dim, and weight beside each color.
    HighContrast,
}

/// How many colors a terminal knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// The sixteen that the person has chosen for the terminal.
    Sixteen,
    /// The cube of 256.
    Cube,
    /// 24 bits.
    True,
}

impl Colors {
    /// The choice in words; none for `auto` and for anything unknown.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "dark" => Some(Self::Dark),
            "light" => Some(Self::Light),
            "high-contrast" => Some(Self::HighContrast),
            _ => None,
        }
    }

    /// What the terminal says of its background, dark if it says nothing. Nothing is asked of the terminal: an
    /// answer would stand between the keys a person types.
    pub(crate) fn of(terminal: &Terminal) -> Self {
        let background = terminal
            .environment
            .get("COLORFGBG")
            .and_then(|value| value.rsplit(';').next())
            .and_then(|number| number.parse::<u8>().ok());
        match background {
            Some(7 | 9..=15) => Self::Light,
            _ => Self::Dark,
        }
    }
}

impl Depth {
    /// What `COLORTERM` and `TERM` say.
    pub(crate) fn of(terminal: &Terminal) -> Self {
        let value = |name: &str| {
            let value = terminal.environment.get(name);
            value.map(String::as_str).unwrap_or_default()
        };
        let term = value("TERM");
        if matches!(value("COLORTERM"), "truecolor" | "24bit") || term.ends_with("-direct") {
            Self::True
        } else if term.contains("256color") {
            Self::Cube
        } else {
            Self::Sixteen
        }
    }
}

impl Palette {
    /// The sixteen colors on dark.
    #[cfg(test)]
    pub(crate) const PLAINEST: Self = Self {
        colors: Colors::Dark,
        depth: Depth::Sixteen,
    };

    pub(crate) fn new(colors: Colors, depth: Depth) -> Self {
        Self { colors, depth }
    }

    /// The same depth in other colors.
    pub(crate) fn with(self, colors: Colors) -> Self {
        Self { colors, ..self }
    }

    /// The numbers of a style between `ESC [` and `m`; empty if it shows as it is.
    pub(crate) fn code(&self, style: Style) -> String {
        match (style, self.colors) {
            (Style::Bold, _) => return "1".to_owned(),
            (Style::Dim, Colors::HighContrast) => return String::new(),
            (Style::Dim, _) => return "2".to_owned(),
            _ => {}
        }
        match (self.colors, self.depth) {
            (Colors::HighContrast, _) => format!("1;{}", sixteen(style)),
            (_, Depth::Sixteen) => sixteen(style).to_owned(),
            (colors, depth) => {
                let (red, green, blue) = token(style, colors == Colors::Light);
                if depth == Depth::True {
                    format!("38;2;{red};{green};{blue}")
                } else {
                    format!("38;5;{}", cube(red, green, blue))
                }
            }
        }
    }
}

fn sixteen(style: Style) -> &'static str {
    match style {
        Style::Bold => "1",
        Style::Dim => "2",
        Style::Accent => "36",
        Style::Good => "32",
        Style::Warning => "33",
        Style::Execute => "35",
        Style::Danger => "31",
    }
}

fn token(style: Style, is_light: bool) -> (u8, u8, u8) {
    match (style, is_light) {
        (Style::Accent, false) => (0x7f, 0xb4, 0xff),
        (Style::Accent, true) => (0x0a, 0x58, 0xca),
        (Style::Good, false) => (0x6f, 0xd1, 0x93),
        (Style::Good, true) => (0x11, 0x69, 0x3a),
        (Style::Warning, false) => (0xf0, 0xb2, 0x5a),
        (Style::Warning, true) => (0x8a, 0x4b, 0x00),
        (Style::Execute, false) => (0xc9, 0xa2, 0xf5),
        (Style::Execute, true) => (0x7a, 0x3f, 0xb0),
        (Style::Danger, false) => (0xff, 0x8d, 0x85),
        (Style::Danger, true) => (0xb3, 0x20, 0x1a),
        (Style::Bold | Style::Dim, false) => (0xa4, 0xad, 0xbb),
        (Style::Bold | Style::Dim, true) => (0x54, 0x5d, 0x6b),
    }
}

/// The nearest color of the cube.
fn cube(red: u8, green: u8, blue: u8) -> u8 {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let nearest = |value: u8| -> u8 {
        let steps = (0u8..).zip(STEPS);
        let best = steps.min_by_key(|(_, step)| step.abs_diff(value));
        best.map_or(0, |(at, _)| at)
    };
    16 + 36 * nearest(red) + 6 * nearest(green) + nearest(blue)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terminal(environment: &[(&str, &str)]) -> Terminal {
        let pairs = environment.iter();
        Terminal {
            environment: pairs.map(|(k, v)| ((*k).into(), (*v).into())).collect(),
            ..Terminal::default()
        }
    }

    #[test]
    fn the_environment_says_how_many_colors_there_are_and_on_what() {
        let depth = |environment: &[(&str, &str)]| Depth::of(&terminal(environment));
        assert_eq!(depth(&[]), Depth::Sixteen);
        assert_eq!(depth(&[("TERM", "xterm")]), Depth::Sixteen);
        assert_eq!(depth(&[("TERM", "xterm-256color")]), Depth::Cube);
        let both = [("TERM", "xterm-256color"), ("COLORTERM", "truecolor")];
        assert_eq!(depth(&both), Depth::True);
        let colors = |value: &str| Colors::of(&terminal(&[("COLORFGBG", value)]));
        assert_eq!(colors("15;0"), Colors::Dark);
        assert_eq!(colors("0;15"), Colors::Light);
        assert_eq!(colors("0;default;7"), Colors::Light);
        assert_eq!(colors("nonsense"), Colors::Dark);
    }

    #[test]
    fn each_theme_has_its_colors_at_each_depth() {
        let check = |colors, depth, style, wanted: &str| {
            assert_eq!(Palette::new(colors, depth).code(style), wanted);
        };
        check(Colors::Dark, Depth::Sixteen, Style::Danger, "31");
        check(Colors::Dark, Depth::Cube, Style::Danger, "38;5;210");
        check(Colors::Dark, Depth::True, Style::Danger, "38;2;255;141;133");
        check(Colors::Light, Depth::True, Style::Danger, "38;2;179;32;26");
        check(Colors::HighContrast, Depth::True, Style::Danger, "1;31");
        check(Colors::HighContrast, Depth::True, Style::Dim, "");
        check(Colors::Light, Depth::True, Style::Dim, "2");
    }
}
