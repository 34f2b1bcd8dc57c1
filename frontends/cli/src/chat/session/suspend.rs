//! Shortcuts of the chat itself, and going into the background: the terminal is given back, and taken again afterwards.

use super::Session;
use crate::chat::job;
use crate::chat::keyboard::Shortcut;

impl Session<'_> {
    /// Does what a key stands for that is no part of a line.
    pub(super) async fn shortcut(&mut self, shortcut: Shortcut) {
        match shortcut {
            Shortcut::Suspend => self.suspend(),
            Shortcut::Redraw => {
                self.screen.clear();
                self.pace.hurry();
            }
            Shortcut::NextManner => {
                let lines = self.cycle_manner().await;
                self.print(lines);
            }
            Shortcut::LastCall => {
                let shown = self.show_last_call().await;
                self.show_if_wrong(shown);
            }
            Shortcut::Editor => {
                let edited = self.edit_draft().await;
                self.show_if_wrong(edited);
            }
        }
    }

    /// Stops the process until it is continued.
    pub(super) fn suspend(&mut self) {
        self.flush();
        self.screen.hide();
        self.keyboard.lend_terminal();
        job::stop_process();
        self.keyboard.take_terminal(self.screen.is_raw());
        // Whatever was done with the window meanwhile, the cursor is at the left of an empty row, or soon will be.
        self.screen.forget();
        self.pace.hurry();
    }
}
