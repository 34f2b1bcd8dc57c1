//! What the process is attached to: terminals, sizes, locale. Handed in by `main`; nothing here asks twice.

use std::collections::BTreeMap;
use std::io::IsTerminal;

/// The terminal as it was at start, and the environment that says how to use it.
#[derive(Clone, Debug, Default)]
pub struct Terminal {
    /// Whether somebody can type.
    pub is_stdin_terminal: bool,
    /// Whether standard output is seen rather than stored.
    pub is_stdout_terminal: bool,
    /// Whether standard error is seen rather than stored.
    pub is_stderr_terminal: bool,
    /// Columns and rows.
    pub size: (u16, u16),
    /// The environment of the process.
    pub environment: BTreeMap<String, String>,
}

/// `--color`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorChoice {
    /// Where it is seen and nothing forbids it.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Columns and rows where the terminal does not tell.
const USUAL_SIZE: (u16, u16) = (80, 24);
/// Below this a live footer would fill the window.
const SMALLEST_SIZE: (u16, u16) = (40, 8);

/// Whether a window of so many columns and rows has no room for more than lines.
pub(crate) fn is_tiny(columns: usize, rows: usize) -> bool {
    columns < usize::from(SMALLEST_SIZE.0) || rows < usize::from(SMALLEST_SIZE.1)
}

impl Terminal {
    /// Looks at the three standard streams.
    #[must_use]
    pub fn detect(environment: &BTreeMap<String, String>) -> Self {
        Self {
            is_stdin_terminal: std::io::stdin().is_terminal(),
            is_stdout_terminal: std::io::stdout().is_terminal(),
            is_stderr_terminal: std::io::stderr().is_terminal(),
            size: crossterm::terminal::size()
                .ok()
                .filter(|(columns, rows)| *columns > 0 && *rows > 0)
                .unwrap_or(USUAL_SIZE),
            environment: environment.clone(),
        }
    }

    /// Whether a person can be talked with.
    #[must_use]
    pub fn is_interactive(&self) -> bool {
        self.is_stdin_terminal && self.is_stdout_terminal
    }

    /// Whether the terminal can only take lines, one after the other.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.is_dumb() || is_tiny(self.size.0.into(), self.size.1.into())
    }

    /// Whether a narrower window wraps what is in it. The few that cut it off say who they are.
    #[must_use]
    pub fn is_reflowing(&self) -> bool {
        let term = self.environment.get("TERM").map_or("", String::as_str);
        !self.is_set("XTERM_VERSION") && term != "linux" && !term.starts_with("rxvt")
    }

    /// Whether color may be used on a stream.
    #[must_use]
    pub fn has_color(&self, choice: ColorChoice, is_stream_terminal: bool) -> bool {
        match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto if self.is_set("NO_COLOR") => false,
            ColorChoice::Auto if self.is_set("CLICOLOR_FORCE") => true,
            ColorChoice::Auto => is_stream_terminal && !self.is_dumb(),
        }
    }

    /// Whether more than ASCII can be shown. The first of the three locale variables that is set decides.
    #[must_use]
    pub fn has_unicode(&self) -> bool {
        if cfg!(windows) {
            return true;
        }
        ["LC_ALL", "LC_CTYPE", "LANG"]
            .iter()
            .find_map(|name| self.environment.get(*name).filter(|v| !v.is_empty()))
            .is_some_and(|locale| {
                let locale = locale.to_ascii_lowercase();
                locale.contains("utf-8") || locale.contains("utf8")
            })
    }

    /// Whether text can lead somewhere (OSC 8), as far as the environment tells. `FORCE_HYPERLINK` decides
    /// where it does not.
    #[must_use]
    pub fn has_links(&self) -> bool {
        let value = |name: &str| self.environment.get(name).map_or("", String::as_str);
        if self.environment.contains_key("FORCE_HYPERLINK") {
            return self.is_set("FORCE_HYPERLINK");
        }
        // What is behind a multiplexer is not known.
        if self.is_dumb() || self.is_set("TMUX") || self.is_set("STY") {
            return false;
        }
        let is_known = [
            "KITTY_WINDOW_ID",
            "WT_SESSION",
            "KONSOLE_VERSION",
            "WEZTERM_PANE",
        ]
        .iter()
        .any(|name| self.is_set(name));
        let program = value("TERM_PROGRAM");
        let term = value("TERM");
        is_known
            || value("VTE_VERSION")
                .parse()
                .is_ok_and(|version: u32| version >= 5000)
            || ["iTerm.app", "WezTerm", "vscode", "ghostty", "rio"].contains(&program)
            || ["kitty", "alacritty", "foot", "ghostty", "wezterm"]
                .iter()
                .any(|name| term.contains(name))
    }

    fn is_dumb(&self) -> bool {
        self.environment.get("TERM").is_some_and(|t| t == "dumb")
    }

    fn is_set(&self, name: &str) -> bool {
        self.environment
            .get(name)
            .is_some_and(|v| !v.is_empty() && v != "0")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terminal(environment: &[(&str, &str)]) -> Terminal {
        Terminal {
            size: USUAL_SIZE,
            environment: environment
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect(),
            ..Terminal::default()
        }
    }

    #[test]
    fn color_follows_flag_then_environment_then_stream() {
        let check = |choice, environment: &[(&str, &str)], is_terminal, wanted| {
            assert_eq!(
                terminal(environment).has_color(choice, is_terminal),
                wanted,
                "{choice:?} {environment:?} {is_terminal}"
            );
        };
        use ColorChoice::{Always, Auto, Never};
        check(Auto, &[], true, true);
        check(Auto, &[], false, false);
        check(Auto, &[("NO_COLOR", "1")], true, false);
        check(Auto, &[("NO_COLOR", "")], true, true);
        check(Auto, &[("CLICOLOR_FORCE", "1")], false, true);
        check(Auto, &[("CLICOLOR_FORCE", "0")], false, false);
        check(
            Auto,
            &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")],
            true,
            false,
        );
        check(Auto, &[("TERM", "dumb")], true, false);
        check(Always, &[("NO_COLOR", "1")], false, true);
        check(Never, &[("CLICOLOR_FORCE", "1")], true, false);
    }

    #[cfg(unix)]
    #[test]
    fn the_first_locale_variable_that_is_set_decides() {
        let check = |environment: &[(&str, &str)], wanted| {
            assert_eq!(
                terminal(environment).has_unicode(),
                wanted,
                "{environment:?}"
            );
        };
        check(&[], false);
        check(&[("LANG", "C")], false);
        check(&[("LANG", "en_US.UTF-8")], true);
        check(&[("LANG", "en_US.utf8")], true);
        check(&[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")], false);
        check(&[("LANG", "C"), ("LC_ALL", "C.UTF-8")], true);
        check(&[("LANG", "en_US.UTF-8"), ("LC_ALL", "")], true);
    }
}
