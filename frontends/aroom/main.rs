//! The composition root: reads the command line, starts the host, hands the frontend a handle.
//!
//! Knows everybody and contains no logic.

#[cfg(feature = "web")]
mod serving;

use anteroom_api::{Frontend, Problem, ProblemCode, Stop};
use anteroom_cli::{Cli, ExitSlot, Invocation, Terminal};
use anteroom_runtime::{Ambient, FlagValue, Host, HostOptions};
use std::process::ExitCode;

fn main() -> ExitCode {
    let invocation = match anteroom_cli::parse(std::env::args_os()) {
        Ok(invocation) => invocation,
        Err(exit) => return ExitCode::from(exit.code),
    };
    let ambient = Ambient::system();
    let terminal = Terminal::detect(ambient.environment());
    let exit = ExitSlot::default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let options = invocation.options.clone();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(run(invocation, ambient, terminal.clone(), exit.clone())),
        Err(error) => {
            Err(Problem::new(ProblemCode::Internal, "the runtime could not start").cause(error))
        }
    };
    match ended {
        Ok(()) => ExitCode::from(exit.get()),
        Err(problem) => ExitCode::from(anteroom_cli::report(&problem, &options, &terminal)),
    }
}

async fn run(
    invocation: Invocation,
    ambient: Ambient,
    terminal: Terminal,
    exit: ExitSlot,
) -> Result<(), Problem> {
    let current = std::env::current_dir().map_err(|error| {
        Problem::new(ProblemCode::NotFound, "the current folder cannot be read").cause(error)
    })?;
    let workspace = invocation.folder(&current)?;
    let options = || HostOptions {
        ambient: ambient.clone(),
        workspace: workspace.clone(),
        flags: invocation.overrides.iter().map(flag).collect(),
        built_in: anteroom_embed::built_in(),
    };
    let host = match Host::start(options()).await {
        Err(problem)
            if problem.code == ProblemCode::InvalidConfig && invocation.is_mending_config() =>
        {
            anteroom_cli::report(&problem, &invocation.options, &terminal);
            Host::start_without_config(options()).await?
        }
        started => started?,
    };
    // Without a log the work goes on all the same.
    if let Err(problem) = host.log() {
        anteroom_cli::report(&problem, &invocation.options, &terminal);
    }
    let (_raise, stop) = Stop::new();
    let cli = Cli::new(invocation, terminal, exit);
    #[cfg(feature = "web")]
    let cli = cli.serving(std::sync::Arc::new(serving::Page(anteroom_web::Options {
        version: env!("CARGO_PKG_VERSION"),
        workspace: workspace.display().to_string(),
        home: ambient.environment().get("HOME").cloned(),
    })));
    let frontend: Box<dyn Frontend> = Box::new(cli);
    let ended = frontend.run(host.handle(), stop).await;
    host.stop().await;
    ended
}

fn flag((key, value, flag): &(String, serde_json::Value, String)) -> FlagValue {
    FlagValue {
        key: key.clone(),
        value: value.clone(),
        flag: flag.clone(),
    }
}
