//! A program on a real pseudo-terminal, and what a person would see of it.
//!
//! The terminal behind it is a model that wraps, scrolls and reflows as common ones do, and answers what a program asks of
//! it (where the cursor stands). Nothing here waits for a fixed time: every wait is for a condition, with a deadline.
//!
//! ```ignore
//! let mut pty = Pty::spawn(&desk.aroom(&["chat"]), (80, 24));
//! pty.until("the prompt", |shown| shown.has_row("❯")).await;
//! pty.send("hello\r");
//! pty.resize((60, 20));
//! pty.send("\u{4}");
//! assert_eq!(pty.exit().await, 0);
//! ```
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "each binary uses its part of this, and a broken terminal fails by panicking"
)]

use portable_pty::{ChildKiller, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal};
use std::io::{Read, Write};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

/// Long enough for a busy machine; what is waited for comes much sooner.
const PATIENCE: Duration = Duration::from_secs(60);
/// What a program sends to learn where the cursor stands.
const WHERE: &str = "\u{1b}[6n";
/// Around what is to be shown at once.
const FRAME_BEGINS: &str = "\u{1b}[?2026h";
const FRAME_ENDS: &str = "\u{1b}[?2026l";

/// Keys as a terminal sends them.
pub mod keys {
    pub const ENTER: &str = "\r";
    pub const ESC: &str = "\u{1b}";
    pub const UP: &str = "\u{1b}[A";
    pub const DOWN: &str = "\u{1b}[B";
    pub const RIGHT: &str = "\u{1b}[C";
    pub const LEFT: &str = "\u{1b}[D";
    pub const HOME: &str = "\u{1b}[H";
    pub const END: &str = "\u{1b}[F";
    pub const BACKSPACE: &str = "\u{7f}";
    pub const TAB: &str = "\t";
    pub const ALT_ENTER: &str = "\u{1b}\r";
    pub const CTRL_C: &str = "\u{3}";
    pub const CTRL_D: &str = "\u{4}";
    pub const CTRL_J: &str = "\n";
    pub const CTRL_L: &str = "\u{c}";
    pub const CTRL_R: &str = "\u{12}";
    pub const CTRL_U: &str = "\u{15}";
    pub const CTRL_W: &str = "\u{17}";
    pub const CTRL_Z: &str = "\u{1a}";

    /// Text as a terminal marks what was pasted.
    pub fn paste(text: &str) -> String {
        format!("\u{1b}[200~{text}\u{1b}[201~")
    }
}

/// A program on a pseudo-terminal. Dropping it ends the program.
pub struct Pty {
    master: Box<dyn MasterPty + Send>,
    keys: Arc<Mutex<Box<dyn Write + Send>>>,
    killer: Box<dyn ChildKiller + Send + Sync>,
    pid: i32,
    /// Its exit code, once it has one.
    ended: watch::Receiver<Option<u32>>,
    terminal: Arc<Mutex<Terminal>>,
    /// Counts what arrived; closed when the program has let go of the terminal.
    arrived: watch::Receiver<u64>,
}

/// The terminal behind the program.
struct Terminal {
    model: avt::Terminal,
    raw: Vec<u8>,
    /// The beginning of a character or of a frame that is not complete.
    rest: Vec<u8>,
}

/// What a person sees at one moment.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The rows of the window, without trailing spaces.
    pub rows: Vec<String>,
    /// Everything since the start, scrolled away or not; wrapped lines are joined, trailing spaces and blank lines cut.
    pub lines: Vec<String>,
    /// Column and row of the cursor in the window, from 0.
    pub cursor: (usize, usize),
}

impl Shown {
    /// Whether a row of the window begins with a text.
    pub fn has_row(&self, beginning: &str) -> bool {
        self.rows.iter().any(|row| row.starts_with(beginning))
    }

    /// Whether a text is in the window, within one row.
    pub fn has(&self, text: &str) -> bool {
        self.rows.iter().any(|row| row.contains(text))
    }

    /// How many lines since the start contain a text.
    pub fn count(&self, text: &str) -> usize {
        self.lines.iter().filter(|line| line.contains(text)).count()
    }

    /// The last row of the window that is not empty.
    pub fn last_row(&self) -> &str {
        let row = self.rows.iter().rev().find(|row| !row.is_empty());
        row.map_or("", String::as_str)
    }
}

impl Pty {
    /// Starts a command on a terminal of so many columns and rows. Only what the command's own environment names is
    /// handed on; `TERM` is `xterm-256color` unless it is named.
    pub fn spawn(command: &Command, size: (u16, u16)) -> Self {
        let pair = native_pty_system().openpty(pty_size(size)).unwrap();
        let mut child = pair.slave.spawn_command(builder(command)).unwrap();
        let (killer, pid) = (child.clone_killer(), child.process_id().unwrap());
        let (end, ended) = watch::channel(None);
        std::thread::spawn(move || {
            let code = child.wait().map_or(u32::MAX, |status| status.exit_code());
            end.send_replace(Some(code));
        });
        // Held open here, the terminal would outlive the program.
        drop(pair.slave);
        let keys = Arc::new(Mutex::new(pair.master.take_writer().unwrap()));
        let columns_rows = (usize::from(size.0), usize::from(size.1));
        let terminal = Arc::new(Mutex::new(Terminal {
            model: avt::Terminal::with_scrollback(columns_rows.0, columns_rows.1, None).unwrap(),
            raw: Vec::new(),
            rest: Vec::new(),
        }));
        let (count, arrived) = watch::channel(0);
        let mut output = pair.master.try_clone_reader().unwrap();
        let (behind, answers) = (terminal.clone(), keys.clone());
        std::thread::spawn(move || {
            let mut bytes = [0; 16 * 1024];
            // Reading fails once nobody holds the other side.
            while let Ok(length) = output.read(&mut bytes)
                && length > 0
            {
                let answer = behind.lock().unwrap().take(&bytes[..length]);
                if !answer.is_empty() {
                    // A program that is gone needs no answer.
                    let _ = answers.lock().unwrap().write_all(answer.as_bytes());
                }
                count.send_modify(|count| *count += 1);
            }
        });
        Self {
            master: pair.master,
            keys,
            killer,
            pid: i32::try_from(pid).unwrap(),
            ended,
            terminal,
            arrived,
        }
    }

    /// Types; see [`keys`] for those that are not letters.
    pub fn send(&self, keys: &str) {
        let mut writer = self.keys.lock().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    /// Changes the size of the window, as dragging its corner does.
    pub fn resize(&self, size: (u16, u16)) {
        let mut terminal = self.terminal.lock().unwrap();
        self.master.resize(pty_size(size)).unwrap();
        terminal.model.resize(size.0.into(), size.1.into());
    }

    /// What is seen now.
    pub fn shown(&self) -> Shown {
        self.terminal.lock().unwrap().shown()
    }

    /// Every byte the program wrote.
    pub fn raw(&self) -> Vec<u8> {
        self.terminal.lock().unwrap().raw.clone()
    }

    /// How many bytes the program wrote.
    pub fn written(&self) -> usize {
        self.terminal.lock().unwrap().raw.len()
    }

    /// Sends a signal to the program.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.pid).expect("a process");
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// The terminal the program has, for asking the system about it.
    pub fn open(&self) -> std::fs::File {
        let path = self.master.tty_name().expect("a terminal has a name");
        let mut options = std::fs::OpenOptions::new();
        options.read(true).write(true);
        options.open(path).unwrap()
    }

    /// Waits until what is seen is as wanted, and gives it; `what` is said if that never comes.
    pub async fn until(&mut self, what: &str, is: impl Fn(&Shown) -> bool) -> Shown {
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                self.arrived.mark_unchanged();
                let shown = self.shown();
                if is(&shown) {
                    return Some(shown);
                }
                if self.arrived.changed().await.is_err() {
                    // The last bytes may have come between looking and waiting.
                    return Some(self.shown()).filter(&is);
                }
            }
        });
        match waited.await {
            Ok(Some(shown)) => shown,
            Ok(None) => panic!("the program ended before {what}:\n{}", self.picture()),
            Err(_) => panic!("never came: {what}:\n{}", self.picture()),
        }
    }

    /// As [`Pty::until`], looking at the rows of the window alone: what this costs does not grow with the scrollback.
    pub async fn until_rows(&mut self, what: &str, is: impl Fn(&[String]) -> bool) {
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                self.arrived.mark_unchanged();
                let rows = self.terminal.lock().unwrap().rows();
                if is(&rows) || self.arrived.changed().await.is_err() {
                    return is(&rows);
                }
            }
        });
        if !waited.await.unwrap_or(false) {
            panic!("never came: {what}:\n{}", self.picture());
        }
    }

    /// As [`Pty::until`], looking at every byte the program wrote.
    pub async fn until_raw(&mut self, what: &str, is: impl Fn(&[u8]) -> bool) {
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                self.arrived.mark_unchanged();
                let is_so = is(&self.terminal.lock().unwrap().raw);
                if is_so || self.arrived.changed().await.is_err() {
                    return is(&self.terminal.lock().unwrap().raw);
                }
            }
        });
        if !waited.await.unwrap_or(false) {
            let raw = String::from_utf8_lossy(&self.raw()).into_owned();
            panic!("never came: {what}: {raw:?}");
        }
    }

    /// Waits until the program ends, and gives its exit code.
    pub async fn exit(&mut self) -> u32 {
        let mut ended = self.ended.clone();
        let code = tokio::time::timeout(PATIENCE, ended.wait_for(Option::is_some)).await;
        match code {
            Ok(code) => code.unwrap().unwrap(),
            Err(_) => panic!("it does not end:\n{}", self.picture()),
        }
    }

    /// Everything since the start, for a message.
    pub fn picture(&self) -> String {
        let shown = self.shown();
        let lines: Vec<String> = shown.lines.iter().map(|line| format!("|{line}")).collect();
        format!(
            "{}\n(cursor at {:?}, window of {} rows)",
            lines.join("\n"),
            shown.cursor,
            shown.rows.len()
        )
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        if self.ended.borrow().is_none() {
            // It may end by itself in this moment.
            let _ = self.killer.kill();
        }
    }
}

impl Terminal {
    /// Shows what arrived; gives what the terminal answers.
    fn take(&mut self, bytes: &[u8]) -> String {
        self.raw.extend_from_slice(bytes);
        self.rest.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.rest) {
            Ok(text) => text.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => self.rest.len(),
        };
        // As terminals do: what is to be shown at once waits until it is all there, in however many parts it comes.
        let frame = |sign: &str| {
            let mut places = self.rest[..whole].windows(sign.len());
            places.rposition(|place| place == sign.as_bytes())
        };
        let whole = match (frame(FRAME_BEGINS), frame(FRAME_ENDS)) {
            (Some(begins), ends) if ends.is_none_or(|ends| ends < begins) => begins,
            _ => whole,
        };
        let text = String::from_utf8_lossy(&self.rest[..whole]).into_owned();
        self.rest.drain(..whole);
        let mut answer = String::new();
        let mut parts = text.split(WHERE).peekable();
        while let Some(part) = parts.next() {
            self.model.feed(part);
            if parts.peek().is_some() {
                let at = self.model.cursor_position();
                answer.push_str(&format!("\u{1b}[{};{}R", at.row + 1, at.col + 1));
            }
        }
        answer
    }

    fn rows(&self) -> Vec<String> {
        let rows = self.model.primary_screen().visible_lines();
        cut(rows.map(avt::Line::text).collect())
    }

    fn shown(&self) -> Shown {
        let mut lines = cut(self.model.primary_screen().text());
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        let at = self.model.cursor_position();
        Shown {
            rows: self.rows(),
            lines,
            cursor: (at.col, usize::try_from(at.row).unwrap_or(0)),
        }
    }
}

/// Without trailing spaces.
fn cut(mut lines: Vec<String>) -> Vec<String> {
    for line in &mut lines {
        line.truncate(line.trim_end().len());
    }
    lines
}

fn pty_size((cols, rows): (u16, u16)) -> PtySize {
    PtySize {
        rows,
        cols,
        pixel_width: 0,
        pixel_height: 0,
    }
}

fn builder(command: &Command) -> CommandBuilder {
    let mut builder = CommandBuilder::new(command.get_program());
    builder.env_clear();
    builder.args(command.get_args());
    builder.env("TERM", "xterm-256color");
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => builder.env(name, value),
            None => builder.env_remove(name),
        }
    }
    if let Some(folder) = command.get_current_dir() {
        builder.cwd(folder);
    }
    builder
}
