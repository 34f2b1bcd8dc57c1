//! `aroom tool run`: one call by hand, under the gate, for those who write tools.

use crate::clean::{clean, reveal, reveal_lines};
use crate::command::approval;
use crate::context::{Context, Quit, host_stopped};
use crate::exit;
use crate::follow::{Follower, Told};
use crate::frontend::NAME;
use crate::interrupts::Interrupt;
use crate::theme::Style;
use crate::{tool_line, words};
use anteroom_api::{
    Answer, Approval, ApprovalEvent, ApprovalOp, ConversationId, ConversationOp, Decision,
    ElicitationEvent, ElicitationOp, Event, Item, ItemBody, ItemEvent, ModuleState, Op, Problem,
    ProblemCode, Question, Scope, Seq, Status, StopReason, ToolCall, ToolContent, Topic, TurnEvent,
    TurnId, TurnOp, TurnOptions,
};
use clap::Args;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::time::Duration;
use tokio::sync::mpsc;

/// How long a cancelled call may take to end.
const CANCEL_PATIENCE: Duration = Duration::from_secs(10);
/// Lines typed before they are read; those typed before a question are thrown away.
const TYPED: usize = 16;

/// Run one tool by hand, with the same approvals as the agent
#[derive(Args, Clone, Debug, PartialEq, Eq)]
#[command(after_help = "\
Examples:
  aroom tool run read_file '{\"path\": \"README.md\"}'
  aroom tool run csv_query '{\"sql\": \"select 1\"}' --json | jq .meter

The result goes to stdout, what it took to stderr. Exit code 6 if it was denied.")]
pub struct RunTool {
    /// The tool, as `aroom tool list` shows it
    #[arg(value_name = "NAME")]
    name: String,
    /// Its arguments, a JSON object
    #[arg(value_name = "JSON", default_value = "{}", hide_default_value = true)]
    arguments: String,
}

/// A call under way.
struct Run {
    turn: TurnId,
    /// The call, once it has ended.
    done: Option<(Item, ToolCall)>,
    stop: Option<StopReason>,
    cut: Option<u8>,
    /// What the person types; none if nobody attends.
    typed: Option<mpsc::Receiver<String>>,
    /// What waits for an answer, the oldest first.
    open: Vec<Open>,
}

enum Open {
    Approval(Box<Approval>),
    Question(Question),
}

pub(super) async fn run(context: &mut Context, wanted: &RunTool) -> Result<u8, Quit> {
    let arguments = arguments(&wanted.arguments)?;
    known(context, &wanted.name).await?;
    let conversation = open(context, &wanted.name).await?;
    let mut follower = Follower::new(&context.host, Topic::Conversation(conversation), Seq(0));
    let terminal = &context.terminal;
    let is_attended = terminal.is_stdin_terminal && terminal.is_stderr_terminal;
    let call = TurnOp::Call {
        conversation,
        tool: wanted.name.clone(),
        arguments,
        options: TurnOptions {
            model: context.options.model.clone(),
            allowed_tools: context.options.allowed_tools.clone(),
            is_attended,
            ..TurnOptions::default()
        },
    };
    let turn = TurnId::from(context.host.submit(call).await?);
    let mut run = Run {
        turn,
        done: None,
        stop: None,
        cut: None,
        typed: is_attended.then(|| typed(context)).flatten(),
        open: Vec::new(),
    };
    run.watch(context, &mut follower).await?;
    Ok(run.finish(context))
}

fn arguments(text: &str) -> Result<Value, Problem> {
    let hint = "write them like '{\"path\": \"a.txt\"}'";
    let arguments: Value = serde_json::from_str(text).map_err(|error| {
        Problem::new(ProblemCode::InvalidInput, "the arguments are no JSON")
            .cause(error)
            .hint(hint)
    })?;
    if arguments.is_object() {
        return Ok(arguments);
    }
    let problem = Problem::new(
        ProblemCode::InvalidInput,
        "the arguments are no JSON object",
    );
    Err(problem.hint(hint))
}

/// Whether there is such a tool here, before a conversation is opened for it.
async fn known(context: &Context, name: &str) -> Result<(), Problem> {
    let modules = context.host.read().modules(context.workspace()).await?;
    let loaded = modules
        .iter()
        .filter(|module| module.state == ModuleState::Loaded);
    let names: Vec<&str> = loaded
        .flat_map(|module| &module.tools)
        .map(|tool| tool.name.as_str())
        .collect();
    if names.contains(&name) {
        return Ok(());
    }
    let problem = Problem::new(ProblemCode::NotFound, format!("there is no tool `{name}`"));
    Err(match words::nearest(name, names) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem.hint("`aroom tool list` shows them"),
    })
}

async fn open(context: &Context, name: &str) -> Result<ConversationId, Quit> {
    let open = ConversationOp::Open {
        workspace: context.workspace(),
        title: format!("tool run {name}"),
        model: context.options.model.clone(),
        project: None,
        database: None,
    };
    Ok(context.host.open(open).await?)
}

/// Lines as they are typed, read on a thread of its own: nobody may ever type one.
fn typed(context: &mut Context) -> Option<mpsc::Receiver<String>> {
    let stdin = context.stdin.take()?;
    let (sender, receiver) = mpsc::channel(TYPED);
    std::thread::spawn(move || {
        for line in BufReader::new(stdin).lines() {
            let Ok(line) = line else { return };
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    Some(receiver)
}

/// The next line; none at the end of input. Waits for ever where nothing is asked.
async fn line(typed: Option<&mut mpsc::Receiver<String>>) -> Option<String> {
    match typed {
        Some(typed) => typed.recv().await,
        None => std::future::pending().await,
    }
}

impl Run {
    /// Follows the call to its end, asking on the way.
    async fn watch(&mut self, context: &mut Context, follower: &mut Follower) -> Result<(), Quit> {
        let mut stop = context.stop.clone();
        let mut deadline = None;
        while self.stop.is_none() {
            let typed = self.typed.as_mut().filter(|_| !self.open.is_empty());
            let code = tokio::select! {
                told = follower.next() => {
                    let Some(told) = told else {
                        return Err(host_stopped().into());
                    };
                    self.take(context, told);
                    None
                }
                line = line(typed) => {
                    self.answer(context, line).await;
                    None
                }
                interrupt = context.interrupts.next() => Some(interrupt.code()),
                () = stop.raised(), if self.cut.is_none() => Some(Interrupt::Terminate.code()),
                () = at(deadline) => return Ok(()),
            };
            let Some(code) = code else { continue };
            if self.cut.replace(code).is_some() {
                // Asked twice: do not wait any longer.
                return Ok(());
            }
            deadline = Some(tokio::time::Instant::now() + CANCEL_PATIENCE);
            // Rejected if it has ended meanwhile, which is what is wanted.
            let cancel = TurnOp::Cancel { turn: self.turn };
            drop(context.host.submit(cancel).await);
        }
        Ok(())
    }

    fn take(&mut self, context: &mut Context, told: Told) {
        let event = match told {
            Told::Fact(envelope) => envelope.event,
            Told::Trouble(turn, problem) if turn == Some(self.turn) => {
                self.stop = Some(StopReason::Failed { problem });
                return;
            }
            Told::Trouble(_, problem) => return context.printer.problem(&problem),
            Told::Preview(_) => return,
        };
        let before = self.first();
        match event {
            Event::Item(ItemEvent::Completed(item)) if item.turn == self.turn => {
                if let ItemBody::ToolCall(call) = &item.body {
                    let call = call.clone();
                    self.done = Some((item, call));
                }
            }
            Event::Approval(ApprovalEvent::Requested { approval })
                if approval.turn == self.turn && self.typed.is_some() =>
            {
                self.open.push(Open::Approval(approval));
            }
            Event::Approval(ApprovalEvent::Resolved { approval, .. }) => self
                .open
                .retain(|open| !matches!(open, Open::Approval(asked) if asked.id == approval)),
            Event::Elicitation(ElicitationEvent::Requested { question })
                if question.turn == self.turn && self.typed.is_some() =>
            {
                self.open.push(Open::Question(question));
            }
            Event::Elicitation(ElicitationEvent::Answered { elicitation, .. }) => self
                .open
                .retain(|open| !matches!(open, Open::Question(asked) if asked.id == elicitation)),
            Event::Turn(TurnEvent::Ended { turn, stop, .. }) if turn == self.turn => {
                self.stop = Some(stop);
            }
            _ => {}
        }
        if self.first() != before {
            self.ask(context);
        }
    }

    /// Which question is the one that is answered next.
    fn first(&self) -> Option<String> {
        self.open.first().map(|open| match open {
            Open::Approval(approval) => approval.id.to_string(),
            Open::Question(question) => question.id.to_string(),
        })
    }

    /// Shows the oldest question. What was typed before it does not answer it.
    fn ask(&mut self, context: &mut Context) {
        let Some(open) = self.open.first() else {
            return;
        };
        let (theme, now) = (context.printer.err_theme(), (context.clock)());
        let label = match open {
            Open::Approval(approval) => {
                for line in approval::effect(approval, &theme, now) {
                    context.printer.note(&line);
                }
                "allow it once? [y/N] "
            }
            Open::Question(question) => {
                for line in reveal_lines(&question.text) {
                    context.printer.note(&line);
                }
                for (number, option) in (1..).zip(&question.options) {
                    context
                        .printer
                        .note(&format!("  {number}  {}", reveal(option)));
                }
                "answer, nothing declines: "
            }
        };
        if let Some(typed) = &mut self.typed {
            while typed.try_recv().is_ok() {}
        }
        context.printer.ask(label);
    }

    /// Takes a line as the answer to what was asked; the end of input is a no.
    async fn answer(&mut self, context: &mut Context, line: Option<String>) {
        if self.open.is_empty() {
            return;
        }
        let text = line.as_deref().unwrap_or_default().trim();
        let op = match self.open.remove(0) {
            Open::Approval(approval) => Op::Approval(ApprovalOp::Decide {
                approval: approval.id,
                digest: approval.digest,
                decision: match text.to_ascii_lowercase().as_str() {
                    "y" | "yes" => Decision::Allow { scope: Scope::Once },
                    _ => Decision::Deny { reason: None },
                },
                by: NAME.to_owned(),
            }),
            Open::Question(question) => Op::Elicitation(ElicitationOp::Answer {
                elicitation: question.id,
                answer: match text {
                    "" => Answer::Declined,
                    text => Answer::Given {
                        values: crate::chat::question::values(&question, text),
                    },
                },
            }),
        };
        if let Err(rejection) = context.host.submit(op).await {
            context.printer.problem(&rejection.0);
        }
        self.ask(context);
    }

    /// Says what came of it; gives the exit code.
    fn finish(self, context: &mut Context) -> u8 {
        let theme = context.printer.err_theme();
        let mut code = self.cut.unwrap_or(exit::FAILED);
        if let Some((item, call)) = &self.done {
            if self.cut.is_none() {
                code = match item.status {
                    Status::Completed => exit::OK,
                    Status::Denied => exit::DENIED,
                    _ => exit::FAILED,
                };
            }
            if context.options.is_json {
                context.printer.json(&json!(item));
            } else {
                result(context, call);
            }
            let line = tool_line::tool_line(call, item.status, &theme);
            context.printer.progress(&line);
            if let Some(meter) = &call.meter {
                let line = tool_line::meter_line(meter, &theme);
                context.printer.progress(&theme.paint(Style::Dim, &line));
            }
        }
        match &self.stop {
            Some(StopReason::Failed { problem }) => context.printer.problem(problem),
            Some(StopReason::Budget { text }) => {
                let problem = Problem::new(ProblemCode::LimitReached, text.clone());
                context.printer.problem(&problem);
            }
            _ => {}
        }
        match &self.stop {
            Some(stop @ (StopReason::Failed { .. } | StopReason::Budget { .. })) => {
                exit::of_stop(stop)
            }
            _ => code,
        }
    }
}

/// Waits until a moment, or for ever.
async fn at(deadline: Option<tokio::time::Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// The result as the model would read it: words to standard output, pictures as a note beside it.
fn result(context: &mut Context, call: &ToolCall) {
    for content in call.result.iter().flat_map(|result| &result.content) {
        let text = match content {
            ToolContent::Text { text } => clean(text),
            ToolContent::Diff { unified, .. } => clean(unified),
            ToolContent::Json { value } => {
                context.printer.json(value);
                continue;
            }
            ToolContent::Image { media_type, .. } => {
                let note = format!("[an image, {}; --json has it]", reveal(media_type));
                context.printer.note(&note);
                continue;
            }
        };
        match text.ends_with('\n') {
            true => context.printer.data(&text),
            false => context.printer.line(&text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{
        Bench, Ran, Sink, Step, Views, approval, asked, bash, call, decisions, ended, is_decision,
        is_start,
    };
    use anteroom_api::{ModuleView, Tier, ToolResult, ToolView};
    use std::io::Read;

    /// What a person types once there is a question.
    struct Person {
        seen: Sink,
        answer: Option<&'static [u8]>,
    }

    impl Read for Person {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            while !self.seen.text().contains("[y/N]") {
                std::thread::yield_now();
            }
            let text = self.answer.take().unwrap_or_default();
            buffer[..text.len()].copy_from_slice(text);
            Ok(text.len())
        }
    }

    fn modules() -> Views {
        let [jira] = super::super::tests::views().modules.try_into().unwrap();
        let bash = ToolView {
            name: "bash".into(),
            ..jira.tools[0].clone()
        };
        Views {
            modules: vec![ModuleView {
                tools: vec![bash],
                ..jira
            }],
            ..Views::default()
        }
    }

    fn answered(answer: Option<&'static [u8]>, status: Status) -> (Ran, Vec<Decision>) {
        let done = ToolCall {
            result: Some(ToolResult::text("all \u{1b}[31mgreen")),
            ..bash("cargo test")
        };
        let script = vec![
            Step::Await(is_start),
            asked(approval(20, Tier::Execute, vec![])),
            Step::Await(is_decision),
            call(99, status, done),
            ended(StopReason::EndTurn),
        ];
        let line = ["tool", "run", "bash", r#"{"command": "cargo test"}"#];
        let mut bench = Bench::with(&line, script, modules(), "");
        bench.context.terminal.is_stdin_terminal = true;
        bench.context.terminal.is_stderr_terminal = true;
        bench.context.stdin = Some(Box::new(Person {
            seen: bench.err.clone(),
            answer,
        }));
        let ran = bench.run();
        let is_attended = bench.fake.ops().iter().any(|op| {
            matches!(op, Op::Turn(TurnOp::Call { tool, options, .. }) if tool == "bash" && options.is_attended)
        });
        assert!(is_attended);
        (ran, decisions(&bench.fake.ops()))
    }

    #[test]
    fn a_person_is_asked_and_only_yes_allows() {
        let yes = Decision::Allow { scope: Scope::Once };
        let no = Decision::Deny { reason: None };
        let (ran, decided) = answered(Some(b"y\n"), Status::Completed);
        assert_eq!((ran.code, ran.out.as_str()), (0, "all green\n"));
        assert!(ran.err.contains("cargo test"), "{}", ran.err);
        assert_eq!(decided, [yes]);
        for answer in [Some(&b"\n"[..]), Some(b"yep\n"), None] {
            let (ran, decided) = answered(answer, Status::Denied);
            assert_eq!((ran.code, decided), (6, vec![no.clone()]));
        }
    }

    #[test]
    fn what_was_typed_before_the_question_does_not_answer_it() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let (sender, receiver) = mpsc::channel(TYPED);
        sender.try_send("y".to_owned()).unwrap();
        let mut bench = Bench::new(&["tool", "run", "bash"], vec![]);
        let mut run = Run {
            turn: crate::fake::turn(),
            done: None,
            stop: None,
            cut: None,
            typed: Some(receiver),
            open: vec![Open::Approval(Box::new(approval(
                20,
                Tier::Execute,
                vec![],
            )))],
        };
        run.ask(&mut bench.context);
        sender.try_send("n".to_owned()).unwrap();
        let next = runtime.block_on(line(run.typed.as_mut()));
        assert_eq!(next.as_deref(), Some("n"));
    }

    #[test]
    fn what_is_wrong_is_said_before_anything_is_opened() {
        let check = |line: &[&str], code: u8, words: &str| {
            let mut bench = Bench::with(line, vec![], modules(), "");
            let ran = bench.run();
            assert_eq!(ran.code, code, "{}", ran.err);
            assert!(ran.err.contains(words), "{}", ran.err);
            assert_eq!(bench.fake.ops(), []);
        };
        check(&["tool", "run", "bash", "{"], 2, "no JSON");
        check(&["tool", "run", "bash", "[]"], 2, "no JSON object");
        check(&["tool", "run", "basch"], 8, "did you mean `bash`?");
    }
}
