//! A run that is fed by `--input stream-json`: turns and answers come line by line, events go out line by line.
//! It ends when standard input has and all turns have. Once nobody can answer any more, the answer is no.

use super::letters::{Lines, Reach};
use super::record::Record;
use super::watch::{CANCEL_PATIENCE, at};
use super::{Cut, finish, options, watch};
use crate::context::{Context, Quit, host_stopped};
use crate::exit;
use crate::follow::{Follower, Told};
use crate::frontend;
use crate::invocation::Exec;
use anteroom_api::{
    Answer, ApprovalEvent, ApprovalOp, Content, ConversationId, Decision, ElicitationEvent,
    ElicitationOp, Event, Op, Problem, ProblemCode, TurnId, TurnOp,
};
use std::collections::{BTreeMap, BTreeSet};
use tokio::time::Instant;

/// Told to the model in the place of an answer.
const NOBODY: &str = "nobody can answer any more: standard input has ended";

pub(super) struct Fed<'a> {
    context: &'a mut Context,
    exec: &'a Exec,
    reach: Reach,
    /// Turns that were started and have not ended.
    open: Vec<Record>,
    /// Whether standard input has ended.
    is_over: bool,
    cut: Option<Cut>,
    /// The first exit code that was not 0.
    code: u8,
    has_begun: bool,
}

/// Runs until there is nothing more to do; gives the exit code.
pub(super) async fn run(
    context: &mut Context,
    exec: &Exec,
    (conversation, mut follower): (ConversationId, Follower),
    first: Vec<Content>,
    deadline: Option<Instant>,
) -> Result<u8, Quit> {
    let mut lines = context.stdin.take().map(Lines::of);
    let mut fed = Fed {
        reach: Reach {
            conversation,
            options: options(context, exec),
            turns: Vec::new(),
            asked: BTreeMap::new(),
            inquired: BTreeSet::new(),
        },
        is_over: lines.is_none(),
        context,
        exec,
        open: Vec::new(),
        cut: None,
        code: exit::OK,
        has_begun: false,
    };
    if !first.is_empty() {
        fed.start(first).await?;
    }
    fed.go(&mut follower, lines.as_mut(), deadline).await
}

impl Fed<'_> {
    async fn go(
        &mut self,
        follower: &mut Follower,
        mut lines: Option<&mut Lines>,
        mut deadline: Option<Instant>,
    ) -> Result<u8, Quit> {
        let mut stop = self.context.stop.clone();
        while !(self.open.is_empty() && (self.is_over || self.cut.is_some())) {
            let reason = tokio::select! {
                told = follower.next() => {
                    let Some(told) = told else { return Err(host_stopped().into()) };
                    self.take(&told).await?;
                    let is_broken = self.context.printer.is_broken() && self.cut.is_none();
                    is_broken.then_some(Cut::BrokenPipe)
                }
                line = next(&mut lines), if !self.is_over => {
                    self.hear(line).await;
                    None
                }
                interrupt = self.context.interrupts.next() => Some(Cut::Interrupted(interrupt)),
                () = at(deadline) => Some(Cut::Timeout),
                () = stop.raised(), if self.cut.is_none() => Some(Cut::Stopping),
            };
            let Some(reason) = reason else { continue };
            if self.cut.is_some() {
                break;
            }
            self.cut = Some(reason);
            deadline = Some(Instant::now() + CANCEL_PATIENCE);
            self.cancel_all().await;
        }
        self.conclude()
    }

    fn conclude(&mut self) -> Result<u8, Quit> {
        if !self.has_begun && self.cut.is_none() && self.code == exit::OK {
            return Err(Problem::new(ProblemCode::InvalidInput, "there is no prompt")
                .hint("`aroom exec --stream-json --input stream-json \"PROMPT\"`, or a line that starts a turn")
                .into());
        }
        Ok(match self.cut {
            Some(cut) => cut.code(),
            None => self.code,
        })
    }

    async fn start(&mut self, input: Vec<Content>) -> Result<(), Quit> {
        let op = TurnOp::Start {
            conversation: self.reach.conversation,
            input,
            options: self.reach.options.clone(),
        };
        self.submit(Op::Turn(op)).await?;
        Ok(())
    }

    async fn submit(&mut self, op: Op) -> Result<(), Problem> {
        let is_start = matches!(&op, Op::Turn(TurnOp::Start { .. }));
        let id = self
            .context
            .host
            .submit(op)
            .await
            .map_err(|refused| refused.0)?;
        if is_start {
            let turn = TurnId::from(id);
            self.has_begun = true;
            self.reach.turns.push(turn);
            self.open.push(Record::new(self.reach.conversation, turn));
        }
        Ok(())
    }

    /// Takes a line, or the end of them.
    async fn hear(&mut self, line: Option<Result<String, Problem>>) {
        let heard = match line {
            None => {
                self.is_over = true;
                return self.deny_open().await;
            }
            Some(Ok(line)) if line.trim().is_empty() => return,
            Some(Ok(line)) => self.reach.read(&line),
            Some(Err(problem)) => Err(problem),
        };
        let done = match heard {
            Ok(op) => self.submit(op).await,
            Err(problem) => {
                self.fail(exit::USAGE);
                Err(problem)
            }
        };
        if let Err(problem) = done {
            self.context.printer.problem(&problem);
        }
    }

    fn fail(&mut self, code: u8) {
        if self.code == exit::OK {
            self.code = code;
        }
    }

    async fn take(&mut self, told: &Told) -> Result<(), Quit> {
        watch::tell(self.context, self.exec, told);
        self.note(told);
        if self.is_over {
            self.deny_open().await;
        }
        for record in &mut self.open {
            watch::take(self.context, record, told);
        }
        if let Told::Trouble(turn, problem) = told
            && !self.open.iter().any(|record| Some(record.turn) == *turn)
        {
            self.context.printer.problem(problem);
        }
        while let Some(at) = self.open.iter().position(Record::is_ended) {
            let record = self.open.remove(at);
            self.reach.turns.retain(|turn| *turn != record.turn);
            let ending = finish::Ending {
                cut: self.cut,
                ..finish::Ending::default()
            };
            let code = finish::finish(self.context, self.exec, &record, &ending).await?;
            self.fail(code);
        }
        Ok(())
    }

    /// Keeps what is asked.
    fn note(&mut self, told: &Told) {
        let Told::Fact(envelope) = told else { return };
        match &envelope.event {
            Event::Approval(ApprovalEvent::Requested { approval }) => {
                self.reach
                    .asked
                    .insert(approval.id, approval.digest.clone());
            }
            Event::Approval(ApprovalEvent::Resolved { approval, .. }) => {
                self.reach.asked.remove(approval);
            }
            Event::Elicitation(ElicitationEvent::Requested { question }) => {
                self.reach.inquired.insert(question.id);
            }
            Event::Elicitation(ElicitationEvent::Answered { elicitation, .. }) => {
                self.reach.inquired.remove(elicitation);
            }
            _ => {}
        }
    }

    async fn deny_open(&mut self) {
        for (approval, digest) in std::mem::take(&mut self.reach.asked) {
            let decision = Decision::Deny {
                reason: Some(NOBODY.to_owned()),
            };
            let by = frontend::NAME.to_owned();
            let op = ApprovalOp::Decide {
                approval,
                digest,
                decision,
                by,
            };
            // Rejected if somebody else was faster, which is as good.
            let _ = self.context.host.submit(op).await;
        }
        for elicitation in std::mem::take(&mut self.reach.inquired) {
            let answer = Answer::NotAnswered;
            let _ = self
                .context
                .host
                .submit(ElicitationOp::Answer {
                    elicitation,
                    answer,
                })
                .await;
        }
    }

    async fn cancel_all(&mut self) {
        // What waits first, so that none of it begins when the running turn ends.
        for turn in self.reach.turns.iter().rev().copied() {
            if self
                .context
                .host
                .submit(TurnOp::Unqueue { turn })
                .await
                .is_err()
            {
                let _ = self.context.host.submit(TurnOp::Cancel { turn }).await;
            }
        }
    }
}

async fn next(lines: &mut Option<&mut Lines>) -> Option<Result<String, Problem>> {
    match lines {
        Some(lines) => lines.next().await,
        None => None,
    }
}
