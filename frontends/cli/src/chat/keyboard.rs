//! The only owner of the terminal's input: a thread that edits lines at rest and reads keys during a run.
//! Knows nothing of conversations.

use crate::theme::Theme;
use crossterm::event::Event;
use reedline::{
    EditCommand, FileBackedHistory, Prompt, PromptEditMode, PromptHistorySearch, Reedline, Signal,
};
use std::borrow::Cow;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc as blocking;
use std::time::Duration;
use tokio::sync::mpsc;

/// What the thread is to do next.
#[derive(Debug)]
enum Wish {
    /// Let a line be edited, beginning with this draft.
    Line(String),
    /// Pass keys on until told to rest.
    Keys,
}

/// What the thread tells.
#[derive(Debug)]
pub(crate) enum Typed {
    /// A line was entered at rest.
    Line(String),
    /// Ctrl+C at rest.
    Cleared,
    /// Ctrl+D at rest, or nothing more can be typed.
    End,
    /// A key, a paste or a resize during a run.
    Key(Event),
    /// No more keys come until asked for.
    Rested,
}

/// How the thread edits lines.
#[derive(Clone, Debug)]
pub(super) struct Manner {
    pub(super) theme: Theme,
    /// Whole lines as the terminal gives them, no editor, no escape sequences.
    pub(super) is_plain: bool,
    /// Where lines are remembered.
    pub(super) history: Option<PathBuf>,
}

pub(crate) struct Keyboard {
    wishes: blocking::SyncSender<Wish>,
    typed: mpsc::Receiver<Typed>,
    pause: Arc<AtomicBool>,
    leave: Arc<AtomicBool>,
    /// Whether nothing more will be typed.
    is_over: bool,
    #[cfg(test)]
    _wished: Option<blocking::Receiver<Wish>>,
}

/// Keys that may wait while a frame is drawn; a longer burst waits in the terminal.
const CAPACITY: usize = 256;
/// How long a rest may go unnoticed; keys are noticed at once.
const POLL: Duration = Duration::from_millis(40);
/// Lines remembered.
const HISTORY_LINES: usize = 2_000;

impl Keyboard {
    /// Starts the thread.
    pub(super) fn start(manner: Manner) -> Self {
        // One wish at a time: the other side waits for its answer.
        let (wishes, wished) = blocking::sync_channel(1);
        let (sender, typed) = mpsc::channel(CAPACITY);
        let pause = Arc::new(AtomicBool::new(false));
        let leave = Arc::new(AtomicBool::new(false));
        let worker = Worker {
            typed: sender,
            pause: pause.clone(),
            leave: leave.clone(),
            manner,
        };
        std::thread::spawn(move || worker.work(&wished));
        Self {
            wishes,
            typed,
            pause,
            leave,
            is_over: false,
            #[cfg(test)]
            _wished: None,
        }
    }

    /// Keys handed in by a test.
    #[cfg(test)]
    pub(super) fn scripted(typed: mpsc::Receiver<Typed>) -> Self {
        let (wishes, wished) = blocking::sync_channel(64);
        Self {
            wishes,
            typed,
            pause: Arc::default(),
            leave: Arc::default(),
            is_over: false,
            _wished: Some(wished),
        }
    }

    /// Lets a line be edited; it is told as [`Typed::Line`].
    pub(super) fn line(&self, draft: String) {
        // A thread that is gone shows as the end of what is typed.
        let _ = self.wishes.send(Wish::Line(draft));
    }

    /// Passes keys on from now.
    pub(super) fn keys(&self) {
        let _ = self.wishes.send(Wish::Keys);
    }

    /// The next thing typed. Cancel safe.
    pub(super) async fn next(&mut self) -> Typed {
        let typed = self.typed.recv().await.unwrap_or(Typed::End);
        self.is_over |= matches!(typed, Typed::End);
        typed
    }

    /// Ends the passing on of keys; gives those that were not handled yet.
    pub(super) async fn rest(&mut self) -> Vec<Event> {
        self.pause.store(true, Ordering::Release);
        let mut left = Vec::new();
        while !self.is_over {
            match self.next().await {
                Typed::Key(event) => left.push(event),
                Typed::Rested => break,
                Typed::End | Typed::Line(_) | Typed::Cleared => {}
            }
        }
        left
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        self.leave.store(true, Ordering::Release);
        self.pause.store(true, Ordering::Release);
        // The thread may still be in raw mode, and the process may end before it notices.
        #[cfg(not(test))]
        let _ = crossterm::terminal::disable_raw_mode();
    }
}

struct Worker {
    typed: mpsc::Sender<Typed>,
    pause: Arc<AtomicBool>,
    leave: Arc<AtomicBool>,
    manner: Manner,
}

impl Worker {
    fn work(&self, wished: &blocking::Receiver<Wish>) {
        let mut editor = (!self.manner.is_plain).then(|| self.editor());
        let prompt = Mark(format!("{} ", self.manner.theme.prompt()));
        while let Ok(wish) = wished.recv() {
            let typed = match (wish, editor.as_mut()) {
                (Wish::Keys, _) => self.pass_keys(),
                (Wish::Line(draft), Some(editor)) => edit_line(editor, &prompt, draft),
                (Wish::Line(_), None) => plain_line(&prompt),
            };
            if self.typed.blocking_send(typed).is_err() {
                return;
            }
        }
    }

    fn editor(&self) -> Reedline {
        let editor = Reedline::create()
            .with_ansi_colors(self.manner.theme.has_color)
            .use_bracketed_paste(true)
            .with_break_signal(self.leave.clone());
        let history = self
            .manner
            .history
            .as_ref()
            .and_then(|path| FileBackedHistory::with_file(HISTORY_LINES, path.clone()).ok());
        match history {
            Some(history) => editor.with_history(Box::new(history)),
            None => editor,
        }
    }

    fn pass_keys(&self) -> Typed {
        if crossterm::terminal::enable_raw_mode().is_err() {
            return Typed::End;
        }
        self.paste_marks(true);
        let mut is_open = true;
        while is_open && !self.pause.swap(false, Ordering::AcqRel) {
            is_open = match crossterm::event::poll(POLL) {
                Ok(false) => true,
                Ok(true) => crossterm::event::read()
                    .is_ok_and(|event| self.typed.blocking_send(Typed::Key(event)).is_ok()),
                Err(_) => false,
            };
        }
        self.paste_marks(false);
        // A terminal that does not leave raw mode cannot be helped from here.
        let _ = crossterm::terminal::disable_raw_mode();
        if is_open { Typed::Rested } else { Typed::End }
    }

    /// Asks the terminal to mark pasted text, so that a pasted line feed is not an Enter.
    fn paste_marks(&self, is_on: bool) {
        if self.manner.is_plain {
            return;
        }
        let marks = if is_on {
            "\u{1b}[?2004h"
        } else {
            "\u{1b}[?2004l"
        };
        let mut out = std::io::stdout();
        // Without the marks a paste is only less comfortable.
        let _ = out.write_all(marks.as_bytes()).and_then(|()| out.flush());
    }
}

fn edit_line(editor: &mut Reedline, prompt: &Mark, draft: String) -> Typed {
    if !draft.is_empty() {
        editor.run_edit_commands(&[EditCommand::InsertString(draft)]);
    }
    match editor.read_line(prompt) {
        Ok(Signal::Success(line)) => {
            // Kept at once: the process may end without this thread being asked.
            let _ = editor.sync_history();
            Typed::Line(line)
        }
        Ok(Signal::CtrlC) => Typed::Cleared,
        Ok(_) | Err(_) => Typed::End,
    }
}

fn plain_line(prompt: &Mark) -> Typed {
    let mut out = std::io::stdout();
    let _ = out
        .write_all(prompt.0.as_bytes())
        .and_then(|()| out.flush());
    let mut line = String::new();
    match std::io::stdin().read_line(&mut line) {
        Ok(bytes) if bytes > 0 => Typed::Line(line.trim_end_matches(['\r', '\n']).to_owned()),
        Ok(_) | Err(_) => Typed::End,
    }
}

/// The prompt: one sign, nothing to the right, so that nothing is left behind when a line is printed.
struct Mark(String);

impl Prompt for Mark {
    fn render_prompt_left(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.0)
    }
    fn render_prompt_right(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }
    fn render_prompt_indicator(&self, _: PromptEditMode) -> Cow<'_, str> {
        Cow::Borrowed("")
    }
    fn render_prompt_multiline_indicator(&self) -> Cow<'_, str> {
        Cow::Borrowed("  ")
    }
    fn render_prompt_history_search_indicator(&self, search: PromptHistorySearch) -> Cow<'_, str> {
        Cow::Owned(format!("(search: {}) ", search.term))
    }
}
