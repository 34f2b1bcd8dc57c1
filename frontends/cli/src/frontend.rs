//! The terminal as a frontend: sets the streams up, runs the command, leaves the exit code.

use crate::ascii::Ascii;
use crate::chat;
use crate::command;
use crate::command::server::ServerCommand;
use crate::context::{Context, Quit};
use crate::exit::{self, ExitSlot};
use crate::interrupts::Interrupts;
use crate::invocation::{Command, ConfigCommand, Invocation, Options, ToolCommand};
use crate::printer::Printer;
use crate::problem;
use crate::serving::{Nowhere, Serving};
use crate::terminal::Terminal;
use crate::theme::Theme;
use crate::words;
use anteroom_api::{BoxFuture, Frontend, FrontendName, HostHandle, Problem, ProblemCode, Stop};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

/// The name decisions are recorded under.
pub(crate) const NAME: &str = "cli";

/// The terminal frontend.
pub struct Cli {
    invocation: Invocation,
    terminal: Terminal,
    exit: ExitSlot,
    serving: Arc<dyn Serving>,
}

impl Cli {
    /// A frontend that will do what was asked for and leave its exit code in `exit`.
    #[must_use]
    pub fn new(invocation: Invocation, terminal: Terminal, exit: ExitSlot) -> Self {
        Self {
            invocation,
            terminal,
            exit,
            serving: Arc::new(Nowhere),
        }
    }

    /// With what the commands about the server need.
    #[must_use]
    pub fn serving(mut self, serving: Arc<dyn Serving>) -> Self {
        self.serving = serving;
        self
    }
}

impl Frontend for Cli {
    fn name(&self) -> FrontendName {
        FrontendName(NAME)
    }

    /// Always `Ok`: what goes wrong is said on standard error and told by the exit code.
    fn run(
        self: Box<Self>,
        host: HostHandle,
        stop: Stop,
    ) -> BoxFuture<'static, Result<(), Problem>> {
        Box::pin(async move {
            let Self {
                invocation,
                terminal,
                exit,
                serving,
            } = *self;
            let mut printer = printer(&invocation.options, &terminal);
            let code = match folder(&invocation) {
                Ok(workspace) => {
                    let mut context = Context {
                        host,
                        stop,
                        options: invocation.options.clone(),
                        terminal,
                        workspace,
                        printer,
                        interrupts: interrupts(&invocation.command),
                        stdin: Some(Box::new(std::io::stdin())),
                        serving,
                        clock: words::system_clock,
                    };
                    perform(&mut context, &invocation.command).await
                }
                Err(problem) => {
                    printer.problem(&problem::advised(&problem));
                    exit::of_problem(problem.code)
                }
            };
            exit.set(code);
            Ok(())
        })
    }
}

/// Says on standard error what went wrong before or beside the frontend; gives the exit code.
pub fn report(problem: &Problem, options: &Options, terminal: &Terminal) -> u8 {
    printer(options, terminal).problem(&problem::advised(problem));
    exit::of_problem(problem.code)
}

fn printer(options: &Options, terminal: &Terminal) -> Printer {
    let theme = |is_terminal| theme(options, terminal, is_terminal);
    // What is stored stays as it is; what is seen, and what is only for people, fits the locale.
    let out = match terminal.is_stdout_terminal {
        true => fitted(std::io::stdout(), terminal),
        false => Box::new(std::io::stdout()),
    };
    let printer = Printer::new(
        (out, theme(terminal.is_stdout_terminal)),
        (
            fitted(std::io::stderr(), terminal),
            theme(terminal.is_stderr_terminal),
        ),
        options.is_quiet,
    );
    printer.seen(terminal.is_stdout_terminal && !options.is_plain)
}

/// A stream whose text fits the locale of a terminal.
pub(crate) fn fitted<W: Write + Send + Sync + 'static>(
    stream: W,
    terminal: &Terminal,
) -> Box<dyn Write + Send + Sync> {
    match terminal.has_unicode() {
        true => Box::new(stream),
        false => Box::new(Ascii::new(stream)),
    }
}

pub(crate) fn theme(options: &Options, terminal: &Terminal, is_terminal: bool) -> Theme {
    let has_color = !options.is_plain && terminal.has_color(options.color, is_terminal);
    Theme::of(terminal, has_color, is_terminal)
}

/// A run is cancelled before the process ends; everything else can just end.
fn interrupts(command: &Command) -> Interrupts {
    match command {
        Command::Exec(_)
        | Command::Chat(_)
        | Command::Server(ServerCommand::Serve(_))
        | Command::Tool(ToolCommand::Run(_))
        // Ctrl+C in an editor is the editor's.
        | Command::Config(ConfigCommand::Edit) => Interrupts::listen(),
        Command::Init(_)
        | Command::Server(_)
        | Command::Doctor
        | Command::Test
        | Command::Config(_)
        | Command::Organize(_)
        | Command::Approval(_)
        | Command::Why(_)
        | Command::Grants(_)
        | Command::Trust(_)
        | Command::Mcp(_)
        | Command::Skill(_)
        | Command::Audit(_)
        | Command::Bundle(_)
        | Command::Db(_)
        | Command::Prompt(_)
        | Command::Replay(_)
        | Command::Identity(_)
        | Command::Undo(_)
        | Command::Complete(_)
        | Command::Tool(_) => Interrupts::unheard(),
    }
}

fn folder(invocation: &Invocation) -> Result<PathBuf, Problem> {
    let current = std::env::current_dir().map_err(|error| {
        Problem::new(ProblemCode::NotFound, "the current folder is gone")
            .cause(error)
            .hint("change into a folder that exists")
    })?;
    invocation.folder(&current)
}

/// Takes up the colors of `cli.theme`, where there are any.
async fn color(context: &mut Context) {
    if context.printer.out_theme().has_color || context.printer.err_theme().has_color {
        // Whatever is wrong with the settings is said by the command itself.
        if let Ok(report) = context.host.read().settings().await {
            let name = Context::setting(&report, "cli.theme");
            context.printer.color(&name);
        }
    }
}

/// Runs a command to its end; gives the exit code.
pub(crate) async fn perform(context: &mut Context, wanted: &Command) -> u8 {
    color(context).await;
    let ended = match wanted {
        Command::Server(server) => command::server::run(context, server).await,
        Command::Exec(exec) => crate::exec::run(context, exec).await,
        Command::Init(init) => command::init::run(context, init).await,
        Command::Doctor => command::doctor::run(context).await,
        Command::Test => command::doctor::test(context).await,
        Command::Config(config) => command::config::run(context, config).await,
        Command::Organize(organize) => command::organize::run(context, organize).await,
        Command::Prompt(prompt) => command::prompt::run(context, prompt).await,
        Command::Identity(identity) => command::identity::run(context, identity).await,
        Command::Replay(replay) => command::replay::run(context, replay).await,
        Command::Complete(wanted) => command::completions::run(context, wanted).await,
        Command::Undo(undo) => command::undo::run(context, undo).await,
        Command::Approval(approval) => command::approval::run(context, approval).await,
        Command::Why(why) => command::why::run(context, why).await,
        Command::Grants(grants) => command::grants::run(context, grants).await,
        Command::Mcp(mcp) => command::mcp::run(context, mcp).await,
        Command::Skill(skill) => command::skill::run(context, skill).await,
        Command::Trust(trust) => command::trust::run(context, trust).await,
        Command::Bundle(bundle) => command::bundle::run(context, bundle).await,
        Command::Audit(audit) => command::audit::run(context, audit).await,
        Command::Db(db) => command::db::run(context, db).await,
        Command::Tool(tool) => command::tool::run(context, tool).await,
        Command::Chat(chat) => chat::run(context, chat).await,
    };
    match ended {
        // Whoever read the output has gone: there is nobody to tell.
        _ if context.printer.is_broken() => exit::OK,
        Ok(code) | Err(Quit::Code(code)) => code,
        Err(Quit::Problem(problem)) => {
            context.printer.problem(&problem::advised(&problem));
            exit::of_problem(problem.code)
        }
    }
}
