//! The flags of `aroom exec`.

use crate::args::PlaceArguments;
use crate::budget::{self, Budget};
use crate::invocation::Exec;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// Shown by `-h`.
pub(crate) const EXAMPLES: &str = "\
Examples:
  git diff | aroom exec \"review this\"
  aroom exec --json \"list the TODOs\" | jq -r .text";

/// Shown by `--help`.
pub(crate) const MORE: &str = "\
Examples:
  git diff | aroom exec \"review this\"
  aroom exec --allow 'edit_file,bash:cargo test *' \"fix the test\"
  aroom exec --json \"list the TODOs\" | jq -r .text
  aroom exec --stream-json -o answer.md --timeout 300 -c \"go on\"
  aroom exec --schema person.json \"who wrote this?\" | jq .name
  aroom exec -i screen.png \"what is wrong in this picture?\"

Standard output carries the answer alone, or JSON; everything else goes to
standard error. Nothing is ever asked: what nobody allowed is denied, the
model is told, and the exit code is 6.

With --input stream-json each line of standard input is one op of
`aroom schema events`; `conversation`, `turn` and `by` may be left out:
  {\"noun\":\"turn\",\"op\":{\"verb\":\"start\",
    \"input\":[{\"type\":\"text\",\"text\":\"hi\"}]}}
  {\"noun\":\"approval\",\"op\":{\"verb\":\"decide\",
    \"approval\":ID,\"digest\":DIGEST,
    \"decision\":{\"decision\":\"allow\",\"scope\":\"once\"}}}
An answer holds for the approval whose id and digest it names, as they stand
in the event that asked. Once standard input has ended, whatever is asked is
denied; the run ends with its last turn.

Exit codes:
  0 ok  1 failed  2 usage  3 not configured  4 endpoint unreachable
  5 auth refused  6 approval needed or denied  7 limit hit (requests, tokens,
  time)  8 not found  130 SIGINT  143 SIGTERM";

/// How standard input is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum InputForm {
    /// As the prompt, or as its context.
    #[default]
    Text,
    /// One op per line.
    StreamJson,
}

#[derive(Args, Debug)]
pub(crate) struct ExecArguments {
    /// The prompt; `-` or none reads standard input
    #[arg(value_name = "PROMPT")]
    prompt: Vec<String>,
    #[command(flatten)]
    place: PlaceArguments,
    /// Show the model an image; repeatable
    #[arg(short, long = "image", value_name = "FILE")]
    images: Vec<PathBuf>,
    /// The answer is JSON that fits the JSON Schema in FILE
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,
    /// Write the answer to FILE
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// One event per line on stdout (`aroom schema events`)
    #[arg(long)]
    stream_json: bool,
    /// Previews of unfinished items too, in --stream-json
    #[arg(long, requires = "stream_json", hide_short_help = true)]
    include_deltas: bool,
    /// Messages and answers to approvals, one per line on stdin
    #[arg(
        long,
        value_name = "FORM",
        default_value = "text",
        hide_default_value = true,
        hide_possible_values = true,
        hide_short_help = true,
        requires_if("stream-json", "stream_json")
    )]
    input: InputForm,
    /// Cancel after so long, exit code 7
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
    /// At most N requests to the model
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_turns: Option<u32>,
    /// At most 50k tokens, or tokens=50k,cost=0.5,calls=20
    #[arg(long, value_name = "BUDGET", value_parser = budget::parse)]
    pub(crate) budget: Option<Budget>,
    /// Only look, answer with a plan, exit code 6
    #[arg(long = "plan")]
    is_plan: bool,
}

impl ExecArguments {
    /// What they mean, or why they contradict each other.
    pub(crate) fn resolve(self, is_json: bool) -> Result<Exec, String> {
        let is_fed = self.input == InputForm::StreamJson;
        if self.stream_json && is_json {
            return Err("`--json` and `--stream-json` exclude each other".to_owned());
        }
        if is_fed && self.schema.is_some() {
            return Err("`--schema` is for one answer, `--input stream-json` for many".to_owned());
        }
        let prompt = self.prompt.join(" ");
        let prompt = (!prompt.trim().is_empty() && prompt != "-").then_some(prompt);
        Ok(Exec {
            prompt,
            is_without_tools: self.place.no_tools,
            resume: self.place.resume(),
            images: self.images,
            schema: self.schema,
            output: self.output,
            is_stream: self.stream_json,
            has_deltas: self.include_deltas,
            is_fed,
            timeout: self.timeout,
            max_steps: self.max_turns,
            is_plan: self.is_plan,
        })
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.trim()
        .trim_end_matches('s')
        .parse::<f64>()
        .ok()
        .filter(|seconds| *seconds > 0.0)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "give seconds, for example 90 or 0.5".to_owned())
}
