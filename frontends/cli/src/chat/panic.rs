//! A panic while the terminal is ours: it is given back before anything is said, so that what is said can be read
//! and the shell works on.

use super::hold::Hold;
use std::io::Write;
use std::panic;
use std::sync::Arc;

/// The name of the thread that reads keys.
pub(super) const KEYBOARD: &str = "keyboard";

/// Everything that may be switched on, off; the cursor at the left of an empty row.
const RESTORE: &str = "\u{1b}[?2026l\u{1b}[?2004l\u{1b}[?25h\r\n";

/// From now on a panic that ends the chat leaves the terminal as it was found.
pub(super) fn guard_terminal(hold: Arc<Hold>) {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let thread = std::thread::current();
        // Others are caught where they were started, and the chat goes on.
        if matches!(thread.name(), Some("main" | KEYBOARD)) {
            give_back(&hold);
        }
        report(info);
    }));
}

fn give_back(hold: &Hold) {
    if !hold.is_held() && !crossterm::terminal::is_raw_mode_enabled().unwrap_or(false) {
        return;
    }
    // There is nothing left to try.
    let _ = crossterm::terminal::disable_raw_mode();
    hold.end();
    let mut out = std::io::stdout();
    let _ = out.write_all(RESTORE.as_bytes()).and_then(|()| out.flush());
}
