//! `bash`: one command, to its end or into the background.

use crate::collect::Collected;
use anteroom_sdk::process::{self, Command, Exit};
use anteroom_sdk::{Capability, Context, Output, Tier, Tool, ToolError};
use schemars::JsonSchema;
use serde::Deserialize;

/// What the host does with a command that names no time, in seconds.
const DEFAULT_SECONDS: u32 = 120;
/// What the host allows at most.
const MOST_SECONDS: u32 = 600;

/// The tool.
pub struct Bash;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BashArguments {
    command: String,
    /// Seconds, default 120, at most 600
    timeout: Option<u32>,
    /// Folder in the workspace
    cwd: Option<String>,
    /// For servers and watchers: answers a task id for bash_output and bash_kill
    background: Option<bool>,
}

impl Tool for Bash {
    const NAME: &'static str = "bash";
    const DESCRIPTION: &'static str = "Run a shell command; each call is a new shell in the workspace. \
        Example: {\"command\":\"cargo test -p parser 2>&1 | tail -40\",\"timeout\":300}. \
        To find or read files use grep, glob_files and read_file.";
    const TIER: Tier = Tier::Execute;
    const CAPABILITIES: &'static [Capability] = &[Capability::Process];
    const TIMEOUT_MS: Option<u32> = Some(MOST_SECONDS * 1_000);
    type Arguments = BashArguments;

    fn call(context: &Context, arguments: BashArguments) -> Result<Output, ToolError> {
        let is_background = arguments.background.unwrap_or(false);
        let seconds = arguments
            .timeout
            .map(|seconds| seconds.clamp(1, MOST_SECONDS));
        let command = command(context, arguments)?;
        if is_background {
            let task = process::start_task(&command)?;
            return Ok(Output::text(format!(
                "started `{id}`; read its output with `bash_output` {{\"task\":\"{id}\"}}, end it with `bash_kill`",
                id = task.id
            )));
        }
        let child = process::spawn(&command)?;
        let mut collected = Collected::default();
        while let Some(chunk) = child.next() {
            collected.add(&chunk);
        }
        let exit = child.wait();
        let seconds = seconds.unwrap_or(DEFAULT_SECONDS);
        Ok(Output::text(tell(collected.finish(), &exit, seconds)))
    }
}

fn command(context: &Context, arguments: BashArguments) -> Result<Command, ToolError> {
    if arguments.command.trim().is_empty() {
        return Err(ToolError::invalid_args("the command is empty"));
    }
    let cwd = match arguments.cwd {
        None => None,
        Some(folder) => {
            let path = context.path(&folder)?;
            if !context.is_inside(&path) {
                return Err(ToolError::invalid_args(format!(
                    "`cwd` must be in the workspace, and `{folder}` is not; leave it out and use `cd` in the command"
                )));
            }
            Some(context.show(&path))
        }
    };
    Ok(Command {
        line: arguments.command,
        cwd,
        timeout_ms: arguments
            .timeout
            .map(|seconds| seconds.clamp(1, MOST_SECONDS) * 1_000),
    })
}

/// The output, and in a last line how it ended if that was not well.
fn tell(mut text: String, exit: &Exit, seconds: u32) -> String {
    let Some(ended) = ended(exit, seconds) else {
        if text.trim().is_empty() {
            return "[no output]".to_owned();
        }
        return text;
    };
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(&format!("[{ended}]"));
    text
}

fn ended(exit: &Exit, seconds: u32) -> Option<String> {
    if exit.timed_out {
        return Some(format!(
            "timed out after {seconds} s and was killed; give a longer `timeout`, or run it with `background`"
        ));
    }
    match (exit.code, exit.signal) {
        (Some(0), _) => None,
        (Some(code), _) => Some(format!("exit code {code}")),
        (None, Some(signal)) => Some(format!("killed by signal {signal}")),
        (None, None) => Some("ended, nobody knows how".to_owned()),
    }
}

/// How a task ended, for the last line of its output.
pub(crate) fn ended_as(exit: &Exit) -> String {
    match (exit.code, exit.signal) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(signal)) => format!("killed by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(value: serde_json::Value) -> BashArguments {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn the_last_line_tells_what_went_wrong() {
        let exit = |code, signal, timed_out| Exit {
            code,
            signal,
            timed_out,
        };
        for (text, exit, expected) in [
            ("fine\n", exit(Some(0), None, false), "fine\n"),
            ("", exit(Some(0), None, false), "[no output]"),
            ("oh", exit(Some(2), None, false), "oh\n[exit code 2]"),
            ("", exit(Some(1), None, false), "[exit code 1]"),
            ("a\n", exit(None, Some(9), false), "a\n[killed by signal 9]"),
            (
                "a\n",
                exit(None, Some(9), true),
                "a\n[timed out after 120 s and was killed; give a longer `timeout`, or run it with `background`]",
            ),
        ] {
            assert_eq!(tell(text.to_owned(), &exit, DEFAULT_SECONDS), expected);
        }
    }

    #[test]
    fn a_command_is_made_of_the_arguments() {
        let context = Context::for_tests("/w");
        for (given, expected) in [
            (serde_json::json!({"command": "ls"}), (None, None)),
            (
                serde_json::json!({"command": "ls", "timeout": 5, "cwd": "src"}),
                (Some("src"), Some(5_000)),
            ),
            (
                serde_json::json!({"command": "ls", "timeout": 9_999, "cwd": "/w/src"}),
                (Some("src"), Some(600_000)),
            ),
        ] {
            let command = command(&context, arguments(given)).unwrap();
            assert_eq!((command.cwd.as_deref(), command.timeout_ms), expected);
        }
        for (given, words) in [
            (serde_json::json!({"command": " "}), "is empty"),
            (
                serde_json::json!({"command": "ls", "cwd": "/etc"}),
                "use `cd` in the command",
            ),
        ] {
            let error = command(&context, arguments(given)).unwrap_err();
            assert!(error.words().contains(words), "{error:?}");
        }
    }
}
