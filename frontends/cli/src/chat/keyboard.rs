//! The only owner of the terminal's input: a thread that edits lines at rest and reads keys during a run.
//! Knows nothing of conversations.

use super::complete::menu::equip;
use super::complete::names::HostNames;
use super::draft::Draft;
use super::hold::Hold;
use super::panic;
use super::row::Row;
use crate::theme::Theme;
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use reedline::{
    EditCommand, Emacs, FileBackedHistory, Prompt, PromptEditMode, PromptHistorySearch, Reedline,
    ReedlineEvent, Signal, default_emacs_keybindings,
};
use std::borrow::Cow;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc as blocking;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// What the thread is to do next.
#[derive(Debug)]
enum Wish {
    /// Let a line be edited, beginning with this draft.
    Line(Draft),
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
    /// The line that was edited, handed back as it was asked for; nothing of it is left in the window.
    Left(Draft),
    /// A key that stands for something else than editing, and the line it was pressed in.
    Shortcut(Shortcut, Draft),
    /// A key, a paste or a resize during a run.
    Key(Event),
    /// No more keys come until asked for.
    Rested,
}

/// What keys stand for that are no part of a line, at rest as during a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shortcut {
    /// Stop the process, as the shell knows it.
    Suspend,
    /// Paint everything anew.
    Redraw,
    /// Take messages the next way: another approval mode, or plans.
    NextManner,
    /// Show the last call whole.
    LastCall,
    /// Go on with the draft in an editor.
    Editor,
}

/// The keys of the shortcuts, and the names they have inside the editor. Redrawing is the editor's own while it edits.
const SHORTCUTS: [(KeyModifiers, KeyCode, Shortcut, &str); 5] = [
    (
        KeyModifiers::CONTROL,
        KeyCode::Char('z'),
        Shortcut::Suspend,
        "suspend",
    ),
    (
        KeyModifiers::CONTROL,
        KeyCode::Char('l'),
        Shortcut::Redraw,
        "redraw",
    ),
    (
        KeyModifiers::SHIFT,
        KeyCode::BackTab,
        Shortcut::NextManner,
        "next manner",
    ),
    (
        KeyModifiers::CONTROL,
        KeyCode::Char('o'),
        Shortcut::LastCall,
        "last call",
    ),
    (
        KeyModifiers::CONTROL,
        KeyCode::Char('g'),
        Shortcut::Editor,
        "editor",
    ),
];

impl Shortcut {
    /// What a key stands for during a run.
    pub(super) fn of(key: KeyEvent) -> Option<Self> {
        SHORTCUTS
            .iter()
            .find(|(modifiers, code, ..)| (*modifiers, *code) == (key.modifiers, key.code))
            .map(|(.., shortcut, _)| *shortcut)
    }

    fn named(name: &str) -> Option<Self> {
        SHORTCUTS
            .iter()
            .find(|(.., known)| *known == name)
            .map(|(.., shortcut, _)| *shortcut)
    }
}

/// How the thread edits lines.
#[derive(Clone, Debug)]
pub(super) struct Manner {
    pub(super) theme: Theme,
    /// Where lines are remembered.
    pub(super) history: Option<PathBuf>,
    /// What completes them.
    pub(super) names: HostNames,
}

pub(crate) struct Keyboard {
    wishes: blocking::SyncSender<Wish>,
    typed: mpsc::Receiver<Typed>,
    pause: Arc<AtomicBool>,
    leave: Arc<AtomicBool>,
    hold: Arc<Hold>,
    /// Whether lines are taken as the terminal gives them: no editor, no escape sequences.
    is_plain: Arc<AtomicBool>,
    /// What stands before the sign of the prompt.
    label: Arc<Mutex<String>>,
    /// Whether nothing more will be typed.
    is_over: bool,
    #[cfg(test)]
    _wished: Option<std::sync::Mutex<blocking::Receiver<Wish>>>,
}

/// Keys that may wait while a frame is drawn; a longer burst waits in the terminal.
const CAPACITY: usize = 256;
/// How long a rest may go unnoticed; keys are noticed at once.
const POLL: Duration = Duration::from_millis(40);
/// How long the thread may take to rest.
const REST: Duration = Duration::from_secs(2);
/// Lines remembered.
const HISTORY_LINES: usize = 2_000;
/// What stands before the lines of an entry behind its first.
const INDENT: &str = "  ";

impl Keyboard {
    /// Starts the thread, and takes the terminal with the first line.
    pub(super) fn start(manner: Manner, hold: Arc<Hold>) -> Self {
        // One wish at a time: the other side waits for its answer.
        let (wishes, wished) = blocking::sync_channel(1);
        let (sender, typed) = mpsc::channel(CAPACITY);
        let pause = Arc::new(AtomicBool::new(false));
        let leave = Arc::new(AtomicBool::new(false));
        let is_plain = Arc::new(AtomicBool::new(false));
        let label = Arc::<Mutex<String>>::default();
        let worker = Worker {
            label: label.clone(),
            typed: sender,
            pause: pause.clone(),
            leave: leave.clone(),
            hold: hold.clone(),
            is_plain: is_plain.clone(),
            manner,
        };
        // A thread that cannot be started shows as the end of what is typed.
        let _ = std::thread::Builder::new()
            .name(panic::KEYBOARD.to_owned())
            .spawn(move || worker.work(&wished));
        Self {
            wishes,
            typed,
            pause,
            leave,
            hold,
            is_plain,
            label,
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
            hold: Arc::new(Hold::over()),
            is_plain: Arc::default(),
            label: Arc::default(),
            is_over: false,
            _wished: Some(std::sync::Mutex::new(wished)),
        }
    }

    /// Lets a line be edited; it is told as [`Typed::Line`].
    pub(super) fn line(&self, draft: Draft) {
        self.leave.store(false, Ordering::Release);
        // A thread that is gone shows as the end of what is typed.
        let _ = self.wishes.send(Wish::Line(draft));
    }

    /// From the next line or run on with or without what moves the cursor. A plain line begins empty.
    pub(super) fn set_plain(&self, is_plain: bool) {
        self.is_plain.store(is_plain, Ordering::Release);
    }

    /// Asks for the line that is edited; it is told as [`Typed::Left`], if it was not entered meanwhile.
    /// A plain line cannot be taken back.
    pub(super) fn leave_line(&self) {
        self.leave.store(true, Ordering::Release);
    }

    /// Leaves the terminal to others for a while, as they expect it.
    pub(super) fn lend_terminal(&self) {
        leave_raw_mode();
        self.hold.give_back();
    }

    /// Takes the terminal, for the first time or again; with keys being passed on, or without.
    pub(super) fn take_terminal(&self, is_raw: bool) {
        if !self.is_plain.load(Ordering::Acquire) {
            self.hold.take();
        }
        if is_raw && !cfg!(test) {
            let _ = crossterm::terminal::enable_raw_mode();
        }
    }

    /// What stands before the sign of the prompt from the next line on.
    pub(super) fn label(&self, label: String) {
        *lock(&self.label) = label;
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
        let deadline = Instant::now() + REST;
        while !self.is_over {
            // Where the terminal is gone the thread never comes back from reading it.
            let Ok(typed) = tokio::time::timeout_at(deadline, self.next()).await else {
                self.is_over = true;
                break;
            };
            match typed {
                Typed::Key(event) => left.push(event),
                Typed::Rested => break,
                Typed::End
                | Typed::Line(_)
                | Typed::Left(_)
                | Typed::Shortcut(..)
                | Typed::Cleared => {}
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
        leave_raw_mode();
        self.hold.end();
    }
}

fn lock(label: &Mutex<String>) -> MutexGuard<'_, String> {
    label.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Worker {
    typed: mpsc::Sender<Typed>,
    pause: Arc<AtomicBool>,
    leave: Arc<AtomicBool>,
    hold: Arc<Hold>,
    is_plain: Arc<AtomicBool>,
    manner: Manner,
    label: Arc<Mutex<String>>,
}

impl Worker {
    fn work(&self, wished: &blocking::Receiver<Wish>) {
        let mut editor = None;
        while let Ok(wish) = wished.recv() {
            let label = lock(&self.label).clone();
            let prompt = Mark(format!("{label}{} ", self.manner.theme.prompt()));
            let typed = match wish {
                Wish::Keys => self.pass_keys(),
                Wish::Line(_) if self.is_plain.load(Ordering::Acquire) => {
                    self.hold.give_back();
                    plain_line(&prompt)
                }
                Wish::Line(draft) => {
                    self.hold.take();
                    let mut used = editor.take().unwrap_or_else(|| self.editor());
                    let typed = edit_line(&mut used, &prompt, &draft);
                    // An editor that was left in the middle would go on where it stood then.
                    let is_left = matches!(typed, Typed::Left(_) | Typed::Shortcut(..));
                    editor = (!is_left).then_some(used);
                    typed
                }
            };
            if self.typed.blocking_send(typed).is_err() {
                return;
            }
        }
    }

    fn editor(&self) -> Reedline {
        let editor = Reedline::create()
            .with_ansi_colors(self.manner.theme.has_color)
            // Pastes are marked as long as the terminal is ours.
            .use_bracketed_paste(false)
            .with_poll_interval(POLL)
            .with_break_signal(self.leave.clone());
        let names = Box::new(self.manner.names.clone());
        let editor = equip(editor, names, (self.manner.theme, Emacs::new(bindings())));
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
        if !self.is_plain.load(Ordering::Acquire) {
            self.hold.take();
        }
        if crossterm::terminal::enable_raw_mode().is_err() {
            return Typed::End;
        }
        let mut is_open = true;
        while is_open && !self.pause.swap(false, Ordering::AcqRel) {
            is_open = match crossterm::event::poll(POLL) {
                Ok(false) => true,
                Ok(true) => crossterm::event::read()
                    .is_ok_and(|event| self.typed.blocking_send(self.key(event)).is_ok()),
                Err(_) => false,
            };
        }
        leave_raw_mode();
        if is_open { Typed::Rested } else { Typed::End }
    }

    /// A key as it is meant: where lines are taken as the terminal gives them, a line feed ends one, and what was
    /// typed before the keys were asked for has it in place of Enter.
    fn key(&self, event: Event) -> Typed {
        Typed::Key(match event {
            Event::Key(mut key) if is_line_feed(key) && self.is_plain.load(Ordering::Acquire) => {
                (key.code, key.modifiers) = (KeyCode::Enter, KeyModifiers::NONE);
                Event::Key(key)
            }
            event => event,
        })
    }
}

fn is_line_feed(key: KeyEvent) -> bool {
    (key.code, key.modifiers) == (KeyCode::Char('j'), KeyModifiers::CONTROL)
}

/// A terminal that does not leave raw mode cannot be helped.
fn leave_raw_mode() {
    #[cfg(not(test))]
    let _ = crossterm::terminal::disable_raw_mode();
}

/// Writes to the terminal what only it takes notice of.
pub(super) fn write(text: &str) {
    let mut out = std::io::stdout();
    // Without it what is typed is only less comfortable.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// The usual keys; a line feed is part of the text, whatever key makes it.
fn bindings() -> reedline::Keybindings {
    let mut bindings = default_emacs_keybindings();
    bindings.add_binding(
        KeyModifiers::CONTROL,
        KeyCode::Char('j'),
        ReedlineEvent::Edit(vec![EditCommand::InsertNewline]),
    );
    for (modifiers, code, shortcut, name) in SHORTCUTS {
        if shortcut != Shortcut::Redraw {
            let event = ReedlineEvent::ExecuteHostCommand(name.to_owned());
            bindings.add_binding(modifiers, code, event);
        }
    }
    bindings
}

fn edit_line(editor: &mut Reedline, prompt: &Mark, draft: &Draft) -> Typed {
    if !draft.is_empty() {
        editor.run_edit_commands(&[
            EditCommand::InsertString(draft.text().to_owned()),
            EditCommand::MoveToPosition {
                position: draft.cursor(),
                select: false,
            },
        ]);
    }
    match editor.read_line(prompt) {
        Ok(Signal::Success(line)) => {
            // Kept at once: the process may end without this thread being asked.
            let _ = editor.sync_history();
            Typed::Line(line)
        }
        Ok(Signal::CtrlC) => Typed::Cleared,
        Ok(Signal::ExternalBreak(_)) => Typed::Left(taken_back(editor, prompt)),
        Ok(Signal::HostCommand(name)) => {
            let draft = taken_back(editor, prompt);
            match Shortcut::named(&name) {
                Some(shortcut) => Typed::Shortcut(shortcut, draft),
                None => Typed::Left(draft),
            }
        }
        Ok(_) | Err(_) => Typed::End,
    }
}

/// What is being edited; it and its prompt are taken out of the window.
fn taken_back(editor: &Reedline, prompt: &Mark) -> Draft {
    let draft = Draft::at(
        editor.current_buffer_contents(),
        editor.current_insertion_point(),
    );
    let columns =
        crossterm::terminal::size().map_or(80, |(columns, _)| usize::from(columns.max(1)));
    let before = draft.text().get(..draft.cursor()).unwrap_or_default();
    let lines: Vec<&str> = before.split('\n').collect();
    let rows = (0..).zip(&lines).map(|(at, line)| {
        let margin = if at == 0 { prompt.0.as_str() } else { INDENT };
        let row = Row::new(&format!("{margin}{line}"));
        let rows = row.height(row.width(), columns);
        // On the last one stands the cursor.
        if at + 1 == lines.len() {
            rows - 1
        } else {
            rows
        }
    });
    match rows.sum() {
        0 => write("\r\u{1b}[J"),
        above => write(&format!("\r\u{1b}[{above}A\u{1b}[J")),
    }
    draft
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
        Cow::Borrowed(INDENT)
    }
    fn render_prompt_history_search_indicator(&self, search: PromptHistorySearch) -> Cow<'_, str> {
        Cow::Owned(format!("(search: {}) ", search.term))
    }
}
