//! `aroom exec`: one run without a person. The answer goes to standard output, everything else to
//! standard error, and nothing is ever asked.

pub(crate) mod arguments;
mod explain;
mod fed;
mod finish;
mod input;
mod letters;
mod record;
mod schema;
#[cfg(test)]
mod tests;
mod watch;

use crate::connect;
use crate::context::{Context, Quit};
use crate::exit;
use crate::follow::Follower;
use crate::interrupts::Interrupt;
use crate::invocation::Exec;
use crate::target::{Target, short};
use anteroom_api::{
    Content, ConversationId, Problem, ProblemCode, Topic, TurnId, TurnOp, TurnOptions,
};
use finish::Ending;
use record::Record;
use schema::Schema;
use tokio::time::Instant;

/// Why we ended a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    Timeout,
    Interrupted(Interrupt),
    Stopping,
    BrokenPipe,
}

impl Cut {
    fn code(self) -> u8 {
        match self {
            Self::Timeout => exit::LIMIT,
            Self::Interrupted(interrupt) => interrupt.code(),
            Self::Stopping => exit::TERMINATED,
            Self::BrokenPipe => exit::OK,
        }
    }
}

/// Runs it; gives the exit code.
pub(crate) async fn run(context: &mut Context, exec: &Exec) -> Result<u8, Quit> {
    match attempt(context, exec).await {
        Err(Quit::Problem(problem)) if context.options.is_json => {
            let code = exit::of_problem(problem.code);
            context.printer.json(&record::refused(&problem, code));
            Err(Quit::Problem(problem))
        }
        ended => ended,
    }
}

async fn attempt(context: &mut Context, exec: &Exec) -> Result<u8, Quit> {
    let shape = match &exec.schema {
        Some(path) => Some(Schema::load(context, path).await?),
        None => None,
    };
    let input = input::read(context, exec, shape.as_ref()).await?;
    check_output(exec)?;
    if let Some(problem) = connect::missing_endpoint(context).await? {
        return Err(problem.into());
    }
    if let Some(waits) = crate::command::trust::notice(context).await {
        context.printer.progress(&waits);
    }
    for line in crate::notices::read(context).await {
        context.printer.progress(&line);
    }
    let target = Target::find(context, &exec.resume).await?;
    let mut follower = Follower::new(&context.host, Topic::Conversation(target.id), target.after);
    let deadline = exec.timeout.map(|timeout| Instant::now() + timeout);
    if exec.is_fed {
        return fed::run(context, exec, (target.id, follower), input, deadline).await;
    }
    let turn = start(context, exec, target.id, input, false).await?;
    let mut record = Record::new(target.id, turn);
    let cut = watch::watch(context, exec, &mut follower, &mut record, deadline).await?;
    let ending = match shape {
        Some(shape) if cut.is_none() && record.is_finished() => {
            fit(
                context,
                exec,
                &shape,
                (&mut follower, &mut record),
                deadline,
            )
            .await?
        }
        _ => Ending {
            cut,
            ..Ending::default()
        },
    };
    finish::finish(context, exec, &record, &ending).await
}

/// Holds the answer against its schema; the model gets one more chance.
async fn fit(
    context: &mut Context,
    exec: &Exec,
    shape: &Schema,
    (follower, record): (&mut Follower, &mut Record),
    deadline: Option<Instant>,
) -> Result<Ending, Quit> {
    let mut misfits = shape.misfits(context, record.text()).await?;
    let mut cut = None;
    if !misfits.is_empty() && record.has_ended_well() {
        context
            .printer
            .dim("the answer does not fit the schema; asking once more");
        let again = shape.asking_again(&misfits);
        let turn = start(context, exec, record.conversation, again, true).await?;
        record.go_on(turn);
        cut = watch::watch(context, exec, follower, record, deadline).await?;
        misfits = match record.is_finished() {
            true => shape.misfits(context, record.text()).await?,
            false => Vec::new(),
        };
    }
    let again = format!("`aroom exec -r {} \"go on\"`", short(record.conversation));
    let complaint = (!misfits.is_empty()).then(|| shape.complaint(&misfits, &again));
    Ok(Ending {
        cut,
        misfits,
        complaint,
    })
}

/// Finds out before any token is spent whether the answer can be written.
fn check_output(exec: &Exec) -> Result<(), Problem> {
    let Some(path) = &exec.output else {
        return Ok(());
    };
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map(|_| ())
        .map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &std::path::Path, error: &std::io::Error) -> Problem {
    Problem::new(
        ProblemCode::InvalidInput,
        format!("could not write `{}`", path.display()),
    )
    .cause(error)
    .hint("give `--output` a file that can be written")
}

/// What holds for each turn of the run.
fn options(context: &Context, exec: &Exec) -> TurnOptions {
    TurnOptions {
        model: context.options.model.clone(),
        mode: None,
        allowed_tools: context.options.allowed_tools.clone(),
        is_without_tools: exec.is_without_tools,
        max_steps: exec.max_steps,
        is_plan: exec.is_plan,
        is_attended: exec.is_fed,
        // What a program prints names no files for us.
        is_verbatim: exec.prompt.is_none(),
    }
}

async fn start(
    context: &Context,
    exec: &Exec,
    conversation: ConversationId,
    input: Vec<Content>,
    is_ours: bool,
) -> Result<TurnId, Quit> {
    let mut options = options(context, exec);
    options.is_verbatim |= is_ours;
    let start = TurnOp::Start {
        conversation,
        input,
        options,
    };
    let op = context.host.submit(start).await?;
    Ok(TurnId::from(op))
}
