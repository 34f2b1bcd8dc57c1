//! `--input stream-json`: lines of standard input as ops of contract 2. A line reaches the conversation of this
//! run only, and answers only what was asked in it.

use crate::frontend;
use anteroom_api::{
    ApprovalId, ApprovalOp, ConversationId, ElicitationId, ElicitationOp, Op, Problem, ProblemCode,
    TurnId, TurnOp, TurnOptions,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};
use tokio::sync::mpsc;

/// More than anyone means to give a model at once.
const LINE_BYTES: u64 = 16 * 1024 * 1024;
/// Lines that wait while one is worked on; the writer waits then.
const WAITING: usize = 16;

/// The lines, read on a thread of their own: a pipe that never ends must not keep the process alive.
pub(super) struct Lines(mpsc::Receiver<Result<String, Problem>>);

impl Lines {
    pub(super) fn of(stdin: Box<dyn Read + Send + Sync>) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        std::thread::spawn(move || {
            let mut reader = BufReader::new(stdin);
            loop {
                let mut line = Vec::new();
                let read = reader
                    .by_ref()
                    .take(LINE_BYTES + 1)
                    .read_until(b'\n', &mut line);
                let line = match read {
                    Ok(0) => return,
                    Ok(_) if line.len() as u64 > LINE_BYTES => {
                        Err(refused("a line is larger than 16 MiB"))
                    }
                    Ok(_) => Ok(String::from_utf8_lossy(&line).into_owned()),
                    Err(error) => Err(refused("standard input could not be read").cause(error)),
                };
                let is_over = line.is_err();
                // Nobody listens any more when the run has ended.
                if sender.blocking_send(line).is_err() || is_over {
                    return;
                }
            }
        });
        Self(receiver)
    }

    /// The next line; none once standard input has ended. Cancel safe.
    pub(super) async fn next(&mut self) -> Option<Result<String, Problem>> {
        self.0.recv().await
    }
}

fn refused(error: impl Into<String>) -> Problem {
    Problem::new(ProblemCode::InvalidInput, error)
        .hint("`aroom help exec` shows the lines that are taken, `aroom schema events` all of them")
}

/// What a line may be about.
#[derive(Clone, Debug)]
pub(super) struct Reach {
    pub(super) conversation: ConversationId,
    /// What holds for each turn; flags decide, not lines.
    pub(super) options: TurnOptions,
    /// Turns that run or wait, the running one first.
    pub(super) turns: Vec<TurnId>,
    /// Open approvals with their digests.
    pub(super) asked: BTreeMap<ApprovalId, String>,
    /// Open questions of tools.
    pub(super) inquired: BTreeSet<ElicitationId>,
}

impl Reach {
    /// Reads a line.
    ///
    /// # Errors
    /// What is wrong with it; nothing is done then.
    pub(super) fn read(&self, line: &str) -> Result<Op, Problem> {
        let mut value: Value = serde_json::from_str(line)
            .map_err(|error| refused("a line of standard input is no JSON").cause(error))?;
        self.complete(&mut value);
        let op: Op = serde_json::from_value(value)
            .map_err(|error| refused("a line of standard input is no op").cause(error))?;
        self.check(&op)?;
        Ok(op)
    }

    /// Fills in what a script cannot know, and puts what it may not choose.
    fn complete(&self, value: &mut Value) {
        let noun = value["noun"].as_str().unwrap_or_default().to_owned();
        let Some(op) = value.get_mut("op").and_then(Value::as_object_mut) else {
            return;
        };
        let verb = op.get("verb").and_then(Value::as_str).unwrap_or_default();
        match (noun.as_str(), verb) {
            ("turn", "start") => {
                op.entry("conversation").or_insert(json!(self.conversation));
                let said = op
                    .get("options")
                    .and_then(|said| said["is_verbatim"].as_bool());
                let mut options = self.options.clone();
                options.is_verbatim = said.unwrap_or(options.is_verbatim);
                op.insert("options".to_owned(), json!(options));
            }
            ("turn", "steer" | "cancel") => {
                if let Some(turn) = self.turns.first() {
                    op.entry("turn").or_insert(json!(turn));
                }
            }
            ("approval", "decide") => {
                op.insert("by".to_owned(), json!(frontend::NAME));
            }
            _ => {}
        }
    }

    fn check(&self, op: &Op) -> Result<(), Problem> {
        let is_reached = match op {
            Op::Turn(TurnOp::Start { conversation, .. }) => *conversation == self.conversation,
            Op::Turn(
                TurnOp::Steer { turn, .. }
                | TurnOp::Cancel { turn }
                | TurnOp::Unqueue { turn }
                | TurnOp::Reword { turn, .. }
                | TurnOp::Reorder { turn, .. },
            ) => self.turns.contains(turn),
            Op::Approval(ApprovalOp::Decide {
                approval, digest, ..
            }) => {
                return match self.asked.get(approval) {
                    Some(shown) if shown == digest => Ok(()),
                    Some(_) => Err(refused(format!(
                        "the digest of the answer is not that of the approval `{approval}`"
                    ))),
                    None => Err(not_open(approval)),
                };
            }
            Op::Approval(ApprovalOp::Extend { approval }) => {
                return match self.asked.contains_key(approval) {
                    true => Ok(()),
                    false => Err(not_open(approval)),
                };
            }
            Op::Elicitation(ElicitationOp::Answer { elicitation, .. }) => {
                self.inquired.contains(elicitation)
            }
            _ => {
                return Err(refused(
                    "a line may start, steer, cancel and change what waits in this run, and answer what it asks",
                ));
            }
        };
        match is_reached {
            true => Ok(()),
            false => Err(refused("a line is about something outside of this run")),
        }
    }
}

fn not_open(approval: &ApprovalId) -> Problem {
    refused(format!("no approval `{approval}` is open in this run"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::uuid_of::id;
    use anteroom_api::{Content, Decision, Scope};

    fn reach() -> Reach {
        Reach {
            conversation: id(1),
            options: TurnOptions {
                is_attended: true,
                ..TurnOptions::default()
            },
            turns: vec![id(2)],
            asked: BTreeMap::from([(id(20), "d1".to_owned())]),
            inquired: BTreeSet::new(),
        }
    }

    #[test]
    fn lines_are_ops_of_this_run() {
        let check = |line: Value, wanted: Op| {
            assert_eq!(reach().read(&line.to_string()), Ok(wanted), "{line}");
        };
        check(
            json!({"noun": "turn", "op": {"verb": "start", "input": [{"type": "text", "text": "hi"}],
                // What a line says of the options does not count.
                "options": {"mode": "auto", "allowed_tools": ["bash"]}}}),
            Op::Turn(TurnOp::Start {
                conversation: id(1),
                input: vec![Content::text("hi")],
                options: reach().options,
            }),
        );
        check(
            json!({"noun": "turn", "op": {"verb": "cancel"}}),
            Op::Turn(TurnOp::Cancel { turn: id(2) }),
        );
        check(
            json!({"noun": "approval", "op": {"verb": "decide", "approval": id::<ApprovalId, _>(20),
                "digest": "d1", "decision": {"decision": "allow", "scope": "once"}, "by": "policy"}}),
            Op::Approval(ApprovalOp::Decide {
                approval: id(20),
                digest: "d1".into(),
                decision: Decision::Allow { scope: Scope::Once },
                by: "cli".into(),
            }),
        );
    }

    #[test]
    fn nothing_else_is_taken() {
        let decide = |number: u32, digest: &str| {
            json!({"noun": "approval", "op": {"verb": "decide", "approval": id::<ApprovalId, _>(number),
                "digest": digest, "decision": {"decision": "allow", "scope": "once"}}})
        };
        let mut bare = decide(20, "");
        bare["op"].as_object_mut().unwrap().remove("digest");
        for (line, words) in [
            (json!("yes"), "no op"),
            (decide(20, "d2"), "digest"),
            (decide(21, "d1"), "no approval"),
            (bare, "no op"),
            (
                json!({"noun": "turn", "op": {"verb": "start", "conversation": id::<ConversationId, _>(9),
                    "input": []}}),
                "outside of this run",
            ),
            (
                json!({"noun": "turn", "op": {"verb": "cancel", "turn": id::<TurnId, _>(9)}}),
                "outside of this run",
            ),
            (
                json!({"noun": "setting", "op": {"verb": "reset", "key": "ai.model"}}),
                "a line may",
            ),
        ] {
            let problem = reach().read(&line.to_string()).unwrap_err();
            assert!(problem.error.contains(words), "{line}: {problem}");
        }
        assert!(reach().read("yes").is_err());
    }
}
