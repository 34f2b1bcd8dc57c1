//! A whole command against the host in memory: what it wrote, and how it ended.

use super::{Fake, Sink, Step, Views};
use crate::context::Context;
use crate::frontend;
use crate::interrupts::Interrupts;
use crate::invocation::{Command, Invocation, Options};
use crate::printer::Printer;
use crate::terminal::Terminal;
use anteroom_api::{HostHandle, Stop, UnixMillis};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// A command against a fake, and everything it did.
pub(crate) struct Bench {
    pub(crate) fake: Arc<Fake>,
    pub(crate) context: Context,
    pub(crate) command: Command,
    pub(crate) out: Sink,
    pub(crate) err: Sink,
    // Kept so that the context is not told to stop.
    _stop: watch::Sender<bool>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Ran {
    pub(crate) code: u8,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Bench {
    pub(crate) fn new(line: &[&str], script: Vec<Step>) -> Self {
        Self::with(line, script, Views::default(), "")
    }

    pub(crate) fn with(line: &[&str], script: Vec<Step>, views: Views, stdin: &str) -> Self {
        let words = std::iter::once("aroom").chain(line.iter().copied());
        let Invocation {
            command, options, ..
        } = crate::parse(words.map(Into::into)).unwrap();
        let terminal = Terminal {
            size: (80, 24),
            environment: BTreeMap::from([("LANG".into(), "C.UTF-8".into())]),
            ..Terminal::default()
        };
        let (interrupts, receiver) = mpsc::channel(8);
        let fake = Fake::new(script, views);
        fake.state.lock().unwrap().interrupts = Some(interrupts);
        let (stop_sender, stop) = Stop::new();
        let (out, err) = (Sink::default(), Sink::default());
        let context = Context {
            host: HostHandle::new(fake.clone()),
            stop,
            printer: printer(&options, &terminal, &out, &err),
            options,
            terminal,
            workspace: PathBuf::from("/w"),
            interrupts: Interrupts::scripted(receiver),
            stdin: Some(Box::new(std::io::Cursor::new(stdin.to_owned()))),
            clock: || UnixMillis(0),
            serving: std::sync::Arc::new(crate::serving::Nowhere),
        };
        Self {
            fake,
            context,
            command,
            out,
            err,
            _stop: stop_sender,
        }
    }

    /// The reader of standard output has gone.
    pub(crate) fn break_pipe(&mut self) {
        self.out.is_broken = true;
        self.context.printer = printer(
            &self.context.options,
            &self.context.terminal,
            &self.out,
            &self.err,
        );
    }

    pub(crate) fn run(&mut self) -> Ran {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let code = runtime.block_on(frontend::perform(&mut self.context, &self.command));
        Ran {
            code,
            out: self.out.text(),
            err: self.err.text(),
        }
    }
}

fn printer(options: &Options, terminal: &Terminal, out: &Sink, err: &Sink) -> Printer {
    let theme = frontend::theme(options, terminal, false);
    Printer::new(
        (Box::new(out.clone()), theme),
        (Box::new(err.clone()), theme),
        options.is_quiet,
    )
}
