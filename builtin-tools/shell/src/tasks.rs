//! `bash_output` and `bash_kill`: what became of the commands in the background.

use crate::bash::ended_as;
use crate::collect::unfinished_bytes;
use anteroom_sdk::process::{self, Task};
use anteroom_sdk::{Capability, Context, Output, Tier, Tool, ToolError};
use schemars::JsonSchema;
use serde::Deserialize;

/// Room for the closing line in the text that the model is shown.
const CLOSING_CHARACTERS: usize = 200;
/// Characters of a command line told in a list.
const LINE_CHARACTERS: usize = 120;

/// Lists background tasks, or reads the output of one.
pub struct BashOutput;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutputArguments {
    /// Without it all tasks are listed
    task: Option<String>,
    /// Byte to read from; default: the end that fits
    start: Option<u64>,
}

impl Tool for BashOutput {
    const NAME: &'static str = "bash_output";
    const DESCRIPTION: &'static str = "List background tasks, or read the output of one.";
    const TIER: Tier = Tier::Read;
    const CAPABILITIES: &'static [Capability] = &[Capability::Process];
    type Arguments = OutputArguments;

    fn call(context: &Context, arguments: OutputArguments) -> Result<Output, ToolError> {
        let tasks = process::list_tasks();
        let Some(id) = arguments.task else {
            return Ok(Output::text(list(&tasks)));
        };
        let task = find(&tasks, &id)?;
        let room = context.max_output.saturating_sub(CLOSING_CHARACTERS) as u64;
        let start = arguments
            .start
            .unwrap_or_else(|| task.output_bytes.saturating_sub(room));
        let bytes = process::read_task(&id, start)?;
        Ok(Output::text(tell(task, start, bytes, room)))
    }
}

/// Ends a background task.
pub struct BashKill;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KillArguments {
    task: String,
}

impl Tool for BashKill {
    const NAME: &'static str = "bash_kill";
    const DESCRIPTION: &'static str = "End a background task.";
    const TIER: Tier = Tier::Execute;
    const CAPABILITIES: &'static [Capability] = &[Capability::Process];
    type Arguments = KillArguments;

    fn call(_context: &Context, arguments: KillArguments) -> Result<Output, ToolError> {
        let tasks = process::list_tasks();
        let before = find(&tasks, &arguments.task)?;
        if let Some(exit) = &before.exit {
            return Ok(Output::text(format!(
                "`{}` had {} already",
                before.id,
                ended_as(exit)
            )));
        }
        let task = process::kill_task(&arguments.task)?;
        let ended = task
            .exit
            .as_ref()
            .map_or("is being killed".to_owned(), ended_as);
        Ok(Output::text(format!("`{}` {ended}", task.id)))
    }
}

fn find<'a>(tasks: &'a [Task], id: &str) -> Result<&'a Task, ToolError> {
    tasks
        .iter()
        .find(|task| task.id == id)
        .ok_or_else(|| ToolError::not_found(format!("there is no task `{id}`; {}", list(tasks))))
}

fn list(tasks: &[Task]) -> String {
    if tasks.is_empty() {
        return "no background tasks; start one with `bash` and `background`".to_owned();
    }
    let lines: Vec<String> = tasks
        .iter()
        .map(|task| {
            let line: String = task.line.chars().take(LINE_CHARACTERS).collect();
            format!("{}\t{}\t{line}", task.id, state(task))
        })
        .collect();
    format!("background tasks:\n{}", lines.join("\n"))
}

fn state(task: &Task) -> String {
    task.exit.as_ref().map_or("running".to_owned(), ended_as)
}

fn tell(task: &Task, start: u64, mut bytes: Vec<u8>, room: u64) -> String {
    bytes.truncate(usize::try_from(room).unwrap_or(usize::MAX).max(4));
    let end_of_all = start + bytes.len() as u64;
    if task.exit.is_none() || end_of_all < task.output_bytes {
        bytes.truncate(bytes.len() - unfinished_bytes(&bytes));
    }
    let next = start + bytes.len() as u64;
    // A start in the middle of a character, which only a computed one can be.
    let skipped = bytes
        .iter()
        .take(3)
        .take_while(|byte| (0x80..0xc0).contains(*byte))
        .count();
    let mut text = String::from_utf8_lossy(bytes.get(skipped..).unwrap_or_default()).into_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    let is_over = task.exit.is_some() && next >= task.output_bytes;
    let more = if is_over {
        String::new()
    } else {
        format!("; go on with start {next}")
    };
    text.push_str(&format!(
        "[`{}` {}; bytes {start}-{next} of {}{more}]",
        task.id,
        state(task),
        task.output_bytes.max(next)
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use anteroom_sdk::process::Exit;

    fn task(exit: Option<i32>, output_bytes: u64) -> Task {
        Task {
            id: "task-1".to_owned(),
            line: "npm run dev".to_owned(),
            exit: exit.map(|code| Exit {
                code: Some(code),
                signal: None,
                timed_out: false,
            }),
            output_bytes,
        }
    }

    #[test]
    fn tasks_are_listed() {
        assert_eq!(
            list(&[]),
            "no background tasks; start one with `bash` and `background`"
        );
        assert_eq!(
            list(&[task(None, 0), task(Some(1), 0)]),
            "background tasks:\ntask-1\trunning\tnpm run dev\ntask-1\tended with exit code 1\tnpm run dev"
        );
        assert_eq!(
            find(&[task(None, 0)], "task-2").unwrap_err().words(),
            "there is no task `task-2`; background tasks:\ntask-1\trunning\tnpm run dev"
        );
    }

    #[track_caller]
    fn check(task: &Task, start: u64, bytes: &[u8], expected: &str) {
        assert_eq!(tell(task, start, bytes.to_vec(), 20), expected);
    }

    #[test]
    fn output_says_how_to_go_on() {
        check(
            &task(None, 2),
            0,
            b"a\n",
            "a\n[`task-1` running; bytes 0-2 of 2; go on with start 2]",
        );
        check(
            &task(Some(0), 2),
            0,
            b"a\n",
            "a\n[`task-1` ended with exit code 0; bytes 0-2 of 2]",
        );
        check(
            &task(Some(0), 0),
            0,
            b"",
            "[`task-1` ended with exit code 0; bytes 0-0 of 0]",
        );
        check(
            &task(None, 3),
            0,
            b"a\xc3",
            "a\n[`task-1` running; bytes 0-1 of 3; go on with start 1]",
        );
        check(
            &task(Some(0), 3),
            1,
            b"\x80b",
            "b\n[`task-1` ended with exit code 0; bytes 1-3 of 3]",
        );
        check(
            &task(Some(0), 30),
            0,
            b"123456789012345678901234567890",
            "12345678901234567890\n[`task-1` ended with exit code 0; bytes 0-20 of 30; go on with start 20]",
        );
    }
}
