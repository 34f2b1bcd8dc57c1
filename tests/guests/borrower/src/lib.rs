//! A toolset that borrows everything the host lends besides files. For tests of who may borrow what.

use anteroom_sdk::process::{self, Command};
use anteroom_sdk::{
    Capability, Context, Output, Tier, Tool, ToolError, agents, ask, canvas, catalog, fetch, log,
    skills, store,
};
use schemars::JsonSchema;
use serde::Deserialize;
use std::hint::black_box;

anteroom_sdk::export!(
    SpinWaiting,
    Spawn,
    SpawnUndeclared,
    StartTask,
    Question,
    Child,
    Draw,
    Fetch,
    FetchUndeclared,
    Keep,
    Skill,
    Catalog
);

/// A request.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Address {
    url: String,
    method: Option<String>,
    body: Option<String>,
    /// Name of a secret for the header `Authorization`.
    secret: Option<String>,
    /// How often to send it.
    times: Option<u32>,
}

/// A key, and what it is to hold; without that it is read.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    key: String,
    value: Option<String>,
}

/// No arguments.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// A command.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Line {
    line: String,
    cwd: Option<String>,
    timeout_ms: Option<u32>,
}

macro_rules! tools {
    ($($(#[$doc:meta])* $tool:ident($name:literal, $tier:ident, [$($capability:ident),*], $arguments:ident) $call:expr;)*) => {$(
        $(#[$doc])*
        pub struct $tool;

        impl Tool for $tool {
            const NAME: &'static str = $name;
            const DESCRIPTION: &'static str = "Borrows.";
            const TIER: Tier = Tier::$tier;
            const CAPABILITIES: &'static [Capability] = &[$(Capability::$capability),*];
            const TIMEOUT_MS: Option<u32> = Some(5_000);
            type Arguments = $arguments;

            fn call(_context: &Context, arguments: $arguments) -> Result<Output, ToolError> {
                let call: fn($arguments) -> Result<Output, ToolError> = $call;
                call(arguments)
            }
        }
    )*};
}

tools! {
    /// Never returns, in a toolset whose calls may wait.
    SpinWaiting("spin_waiting", Read, [], Nothing) |_| {
        log::line(log::Level::Info, "spinning");
        let mut turns = 0_u64;
        loop {
            turns = black_box(turns.wrapping_add(1));
        }
    };
    /// Runs a command to its end.
    Spawn("spawn", Execute, [Process], Line) |arguments| run(&arguments);
    /// Runs a command without having declared that it would.
    SpawnUndeclared("spawn_undeclared", Read, [], Line) |arguments| run(&arguments);
    /// Starts a command in the background.
    StartTask("start_task", Execute, [Process], Line) |arguments| {
        let task = process::start_task(&command(&arguments))?;
        Ok(Output::text(task.id))
    };
    /// Asks the person.
    Question("question", Read, [Ask], Nothing) |_| {
        let chosen = ask::question("Red or blue?", &["red".to_owned(), "blue".to_owned()], false)?;
        Ok(Output::text(chosen.join(",")))
    };
    /// Runs a child agent.
    Child("child", Execute, [Agents], Nothing) |_| {
        let outcome = agents::run(&agents::Task {
            prompt: "look around".to_owned(),
            name: Some("scout".to_owned()),
            model: None,
            tools: None,
        })?;
        Ok(Output::text(outcome.text))
    };
    /// Makes a canvas.
    Draw("draw", Read, [Canvas], Nothing) |_| {
        let document = canvas::create("Plan", "markdown", "# Plan")?;
        Ok(Output::text(document.title))
    };
    /// Sends a request.
    Fetch("fetch", Execute, [Fetch, Secrets], Address) |arguments| request(&arguments);
    /// Sends a request without having declared that it would.
    FetchUndeclared("fetch_undeclared", Read, [], Address) |arguments| request(&arguments);
    /// Keeps a value, or reads it.
    Keep("keep", Read, [Store], Entry) |arguments| {
        if let Some(value) = arguments.value {
            store::set(&arguments.key, value.as_bytes())?;
        }
        let kept = store::get(&arguments.key)?.unwrap_or_default();
        let keys = store::list("")?.join(",");
        Ok(Output::text(format!("{} [{keys}]", String::from_utf8_lossy(&kept))))
    };
    /// Opens a skill.
    Skill("skill", Read, [Skills], Nothing) |_| {
        Ok(Output::text(skills::load("commit", "the fix")?.body))
    };
    /// Looks for tools.
    Catalog("catalog", Read, [Catalog], Nothing) |_| {
        let found = catalog::find("weather", 3)?;
        let names: Vec<String> = found.into_iter().map(|entry| entry.name).collect();
        Ok(Output::text(names.join(",")))
    };
}

fn request(arguments: &Address) -> Result<Output, ToolError> {
    let mut said = String::new();
    for _ in 0..arguments.times.unwrap_or(1) {
        let method = arguments.method.as_deref().unwrap_or("GET");
        let mut request = fetch::request(method, &arguments.url).header("X-From", "borrower");
        if let Some(secret) = &arguments.secret {
            request = request.secret("Authorization", "Bearer ", secret);
        }
        if let Some(body) = &arguments.body {
            request = request.body(body.as_bytes());
        }
        let response = request.send()?;
        said.push_str(&format!("[{}] {}\n", response.status, response.text()));
    }
    Ok(Output::text(said))
}

fn command(arguments: &Line) -> Command {
    Command {
        line: arguments.line.clone(),
        cwd: arguments.cwd.clone(),
        timeout_ms: arguments.timeout_ms,
    }
}

fn run(arguments: &Line) -> Result<Output, ToolError> {
    let child = process::spawn(&command(arguments))?;
    let mut bytes = Vec::new();
    while let Some(chunk) = child.next() {
        bytes.extend(chunk.bytes);
    }
    let exit = child.wait();
    Ok(Output::text(format!(
        "{}[{:?} {:?} {}]",
        String::from_utf8_lossy(&bytes),
        exit.code,
        exit.signal,
        exit.timed_out
    )))
}
