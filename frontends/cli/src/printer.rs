//! The one place that writes to the standard streams. A closed pipe is remembered, never an error.

use crate::markdown;
use crate::problem;
use crate::theme::{Style, Theme};
use anteroom_api::Problem;
use std::io::{ErrorKind, Write};

/// Both standard streams.
pub(crate) struct Printer {
    out: Stream,
    err: Stream,
    /// Whether progress is left out.
    pub(crate) is_quiet: bool,
    /// Whether standard output is looked at rather than stored.
    is_seen: bool,
}

struct Stream {
    sink: Box<dyn Write + Send + Sync>,
    theme: Theme,
    is_broken: bool,
}

impl Stream {
    fn write(&mut self, text: &str) {
        if self.is_broken {
            return;
        }
        let written = self
            .sink
            .write_all(text.as_bytes())
            .and_then(|()| self.sink.flush());
        if let Err(error) = written {
            // Whatever the reason, nobody will see what is written here any more.
            self.is_broken = true;
            debug_assert!(error.kind() != ErrorKind::InvalidInput);
        }
    }
}

impl Printer {
    pub(crate) fn new(
        out: (Box<dyn Write + Send + Sync>, Theme),
        err: (Box<dyn Write + Send + Sync>, Theme),
        is_quiet: bool,
    ) -> Self {
        let stream = |(sink, theme)| Stream {
            sink,
            theme,
            is_broken: false,
        };
        Self {
            out: stream(out),
            err: stream(err),
            is_quiet,
            is_seen: false,
        }
    }

    /// Whether standard output is looked at rather than stored.
    pub(crate) fn seen(mut self, is_seen: bool) -> Self {
        self.is_seen = is_seen;
        self
    }

    /// Takes up the colors that a setting names.
    pub(crate) fn color(&mut self, name: &str) {
        self.out.theme = self.out.theme.named(name);
        self.err.theme = self.err.theme.named(name);
    }

    /// How standard output may be marked.
    pub(crate) fn out_theme(&self) -> Theme {
        self.out.theme
    }

    /// How standard error may be marked.
    pub(crate) fn err_theme(&self) -> Theme {
        self.err.theme
    }

    /// Whether whoever read standard output has gone away.
    pub(crate) fn is_broken(&self) -> bool {
        self.out.is_broken
    }

    /// Data, as it is.
    pub(crate) fn data(&mut self, text: &str) {
        self.out.write(text);
    }

    /// Markdown without control sequences: rendered where it is looked at, as it is where it is stored.
    pub(crate) fn answer(&mut self, text: &str) {
        if !self.is_seen {
            return self.data(text);
        }
        for row in markdown::rows(text, &self.out.theme) {
            self.line(&row);
        }
    }

    /// One line of data.
    pub(crate) fn line(&mut self, text: &str) {
        self.out.write(&format!("{text}\n"));
    }

    /// A JSON value on lines of its own.
    pub(crate) fn json(&mut self, value: &serde_json::Value) {
        let text = serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string());
        self.line(&text);
    }

    /// Something for the person beside the data.
    pub(crate) fn note(&mut self, text: &str) {
        self.err.write(&format!("{text}\n"));
    }

    /// Something for the person that `--quiet` leaves out.
    pub(crate) fn progress(&mut self, text: &str) {
        if !self.is_quiet {
            self.note(text);
        }
    }

    /// Dim progress.
    pub(crate) fn dim(&mut self, text: &str) {
        let line = self.err.theme.paint(Style::Dim, text);
        self.progress(&line);
    }

    /// A prompt on standard error that is answered on the same line.
    pub(crate) fn ask(&mut self, text: &str) {
        self.err.write(text);
    }

    /// What went wrong.
    pub(crate) fn problem(&mut self, problem: &Problem) {
        let text = problem::render(problem, &self.err.theme);
        self.err.write(&text);
    }
}
