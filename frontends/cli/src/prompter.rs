//! Questions on the terminal that are answered by a line, for wizards. Never used while a run is shown.

use crate::printer::Printer;
use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers};

/// Asks; in tests the answers are a list.
pub(crate) enum Prompter {
    Terminal,
    #[cfg(test)]
    Script(std::collections::VecDeque<&'static str>),
}

impl Prompter {
    pub(crate) fn terminal() -> Self {
        Self::Terminal
    }

    /// One line; none at the end of input.
    pub(crate) fn line(&mut self, printer: &mut Printer, label: &str) -> Option<String> {
        printer.ask(label);
        match self {
            Self::Terminal => {
                let mut line = String::new();
                let read = std::io::stdin().read_line(&mut line);
                read.ok()
                    .filter(|bytes| *bytes > 0)
                    .map(|_| line.trim().to_owned())
            }
            #[cfg(test)]
            Self::Script(answers) => answers.pop_front().map(ToOwned::to_owned),
        }
    }

    /// One line that is not shown; none if it was given up.
    pub(crate) fn secret(&mut self, printer: &mut Printer, label: &str) -> Option<String> {
        match self {
            Self::Terminal => {
                // First of all: what is typed as soon as the question is seen must not be shown.
                let raw = Raw::begin();
                printer.ask(label);
                let secret = raw.and_then(|_raw| read_hidden());
                printer.ask("\n");
                secret
            }
            #[cfg(test)]
            Self::Script(answers) => {
                printer.ask(label);
                answers.pop_front().map(ToOwned::to_owned)
            }
        }
    }

    /// Yes or no; what Enter means is said by the label.
    pub(crate) fn confirm(
        &mut self,
        printer: &mut Printer,
        question: &str,
        is_default_yes: bool,
    ) -> Option<bool> {
        let choice = if is_default_yes { "[Y/n]" } else { "[y/N]" };
        let answer = self.line(printer, &format!("{question} {choice} "))?;
        Some(match answer.to_ascii_lowercase().as_str() {
            "" => is_default_yes,
            "y" | "yes" => true,
            _ => false,
        })
    }
}

/// Leaves raw mode however the reading ends.
struct Raw;

impl Raw {
    fn begin() -> Option<Self> {
        crossterm::terminal::enable_raw_mode().ok().map(|()| Self)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // Nothing else can be done about a terminal that refuses.
        let _ = crossterm::terminal::disable_raw_mode();
    }
}

fn read_hidden() -> Option<String> {
    let mut secret = String::new();
    loop {
        match crossterm::event::read().ok()? {
            Event::Paste(text) => secret.push_str(text.trim()),
            Event::Key(key) if key.kind != KeyEventKind::Release => match key.code {
                KeyCode::Enter => return Some(secret.trim().to_owned()),
                KeyCode::Esc => return None,
                KeyCode::Char('c' | 'd') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                    return None;
                }
                KeyCode::Char('u') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                    secret.clear();
                }
                KeyCode::Backspace => {
                    secret.pop();
                }
                KeyCode::Char(sign) => secret.push(sign),
                _ => {}
            },
            _ => {}
        }
    }
}
