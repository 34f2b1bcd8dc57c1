//! The terminal as the chat holds it from its first prompt to its end: whatever is typed arrives as it was typed,
//! also while nobody reads it. Between the editor's lines and the runs the terminal would otherwise show it, keep it
//! back until a whole line is there, and make a line feed of its Enter; a paste would not be marked as one.
//! Who edits or reads keys goes further for that long, and comes back to this.

use super::keyboard::write;
use std::sync::{Mutex, MutexGuard, PoisonError};

const MARKS_ON: &str = "\u{1b}[?2004h";
const MARKS_OFF: &str = "\u{1b}[?2004l";

/// The terminal of a chat.
#[derive(Debug, Default)]
pub(super) struct Hold(Mutex<State>);

#[derive(Debug, Default)]
enum State {
    /// The terminal is as it was found.
    #[default]
    Free,
    /// It is ours, and was like this.
    Held(Box<Modes>),
    /// It was given back for good.
    Over,
}

impl Hold {
    /// One that never takes the terminal.
    #[cfg(test)]
    pub(super) fn over() -> Self {
        Self(Mutex::new(State::Over))
    }

    /// Takes the terminal, unless it is ours already.
    pub(super) fn take(&self) {
        let mut state = self.state();
        if matches!(*state, State::Free)
            && let Some(found) = take_modes()
        {
            *state = State::Held(Box::new(found));
            write(MARKS_ON);
        }
    }

    /// Leaves it as it was found, until it is taken again.
    pub(super) fn give_back(&self) {
        self.become_other(State::Free);
    }

    /// Leaves it as it was found, for good.
    pub(super) fn end(&self) {
        self.become_other(State::Over);
    }

    /// Whether the terminal is ours now.
    pub(super) fn is_held(&self) -> bool {
        matches!(*self.state(), State::Held(_))
    }

    fn become_other(&self, other: State) {
        let mut state = self.state();
        if let State::Held(found) = &*state {
            write(MARKS_OFF);
            put_modes(found);
        }
        if !matches!(*state, State::Over) {
            *state = other;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(unix)]
type Modes = rustix::termios::Termios;

/// Sign by sign, unseen and unchanged. Output stays as it is; Ctrl+C and Ctrl+Z are signals still, as nobody may be
/// reading, but take nothing with them that was typed before.
#[cfg(unix)]
fn take_modes() -> Option<Modes> {
    use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};
    let stdin = std::io::stdin();
    let found = tcgetattr(&stdin).ok()?;
    let mut ours = found.clone();
    ours.make_raw();
    ours.output_modes = found.output_modes;
    ours.local_modes |= LocalModes::ISIG | LocalModes::NOFLSH;
    // None: it would end the process with the terminal as it is.
    ours.special_codes[SpecialCodeIndex::VQUIT] = 0;
    tcsetattr(&stdin, OptionalActions::Now, &ours).ok()?;
    Some(found)
}

#[cfg(unix)]
fn put_modes(found: &Modes) {
    use rustix::termios::{OptionalActions, tcsetattr};
    // A terminal that is gone needs nothing.
    let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, found);
}

#[cfg(not(unix))]
type Modes = ();

#[cfg(not(unix))]
fn take_modes() -> Option<Modes> {
    Some(())
}

#[cfg(not(unix))]
fn put_modes(_: &Modes) {}
