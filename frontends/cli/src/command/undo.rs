//! `aroom undo`: what calls changed, and taking it back.

use crate::clean::reveal;
use crate::context::{Context, Quit, host_stopped};
use crate::exit;
use crate::follow::{Follower, Told};
use crate::invocation::Resume;
use crate::target::{self, Target};
use crate::theme::{Style, Theme, pad};
use crate::words;
use anteroom_api::{
    ChangeKind, ChangeView, CheckpointEvent, CheckpointOp, ConversationId, ConversationOp,
    ConversationView, Envelope, Event, HostHandle, Op, Problem, ProblemCode, Topic, TurnId,
    UndoOutcome, UndoTarget, UndoneFile, UnixMillis,
};
use clap::Args;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;
use unicode_width::UnicodeWidthStr;

/// `aroom undo`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Undo {
    /// A call from the list: how its id begins or ends; an undo's own takes it back
    #[arg(value_name = "CALL", conflicts_with_all = ["turn", "is_last"])]
    call: Option<String>,
    /// All of a turn, its child agents' too: how its id begins or ends
    #[arg(long, value_name = "ID", conflicts_with = "is_last")]
    turn: Option<String>,
    /// All of the last turn that has something left to take back
    #[arg(long = "last")]
    is_last: bool,
    /// Overwrite what was changed since
    #[arg(long = "force")]
    is_forced: bool,
    /// Only list what can be taken back
    #[arg(long = "list")]
    is_list: bool,
    /// In this conversation instead of the last one here
    #[arg(short, long, value_name = "ID")]
    conversation: Option<String>,
}

/// How long an undo may take: it writes files.
const PATIENCE: Duration = Duration::from_secs(120);
/// Rows of the list.
const LISTED: usize = 100;
/// The shortest abbreviation that is accepted.
const SHORTEST: usize = 4;

pub(crate) async fn run(context: &mut Context, undo: &Undo) -> Result<u8, Quit> {
    let resume = match &undo.conversation {
        Some(id) => Resume::Named(id.clone()),
        None => Resume::Last,
    };
    let view = match Target::existing(context, &resume).await? {
        Some(Target {
            view: Some(view), ..
        }) => view,
        Some(_) | None => return Err(nothing().into()),
    };
    let changes = context.host.read().changes(view.id).await?;
    let wanted = wanted(undo, &changes)?;
    let Some(target) = wanted.filter(|_| !undo.is_list) else {
        return list(context, &view, &changes);
    };
    let files = take_back(&context.host, view.id, target, undo.is_forced).await?;
    let is_whole = !files
        .iter()
        .any(|file| matches!(file.outcome, UndoOutcome::Skipped { .. }));
    if context.options.is_json {
        context.printer.json(&json!(files));
    } else {
        let theme = context.printer.out_theme();
        for line in file_lines(&files, &view.workspace, &theme) {
            context.printer.line(&line);
        }
    }
    Ok(if is_whole { exit::OK } else { exit::FAILED })
}

/// Submits an undo and waits for what became of each file.
pub(crate) async fn take_back(
    host: &HostHandle,
    conversation: ConversationId,
    target: UndoTarget,
    is_forced: bool,
) -> Result<Vec<UndoneFile>, Problem> {
    let op = CheckpointOp::Undo {
        conversation,
        target,
        is_forced,
    };
    match settle(host, conversation, op).await?.event {
        Event::Checkpoint(CheckpointEvent::Undone { files, .. }) => Ok(files),
        _ => Ok(Vec::new()),
    }
}

/// Submits a wish about a conversation and waits for the first fact it leads to there.
pub(crate) async fn settle(
    host: &HostHandle,
    conversation: ConversationId,
    op: impl Into<Op>,
) -> Result<Envelope, Problem> {
    let after = host.read().conversation(conversation).await?.seq;
    let mut follower = Follower::new(host, Topic::Conversation(conversation), after);
    let id = host.submit(op).await.map_err(|rejection| rejection.0)?;
    let told = async {
        loop {
            match follower.next().await? {
                Told::Fact(envelope) if envelope.cause == Some(id) => return Some(*envelope),
                Told::Fact(_) | Told::Preview(_) | Told::Trouble(..) => {}
            }
        }
    };
    match tokio::time::timeout(PATIENCE, told).await {
        Ok(Some(envelope)) => Ok(envelope),
        Ok(None) => Err(host_stopped()),
        Err(_) => Err(Problem::new(
            ProblemCode::Internal,
            "it was taken but not confirmed in time",
        )
        .hint("look at `aroom undo --list`")),
    }
}

/// Goes back to before a message and waits until it is a fact.
pub(crate) async fn rewind(
    host: &HostHandle,
    conversation: ConversationId,
    (before, is_undoing): (anteroom_api::ItemId, bool),
) -> Result<Vec<UndoneFile>, Problem> {
    let op = ConversationOp::Rewind {
        conversation,
        before,
        is_undoing,
    };
    match settle(host, conversation, op).await?.event {
        Event::Checkpoint(CheckpointEvent::Undone { files, .. }) => Ok(files),
        _ => Ok(Vec::new()),
    }
}

/// What is meant; none if only a list is.
fn wanted(undo: &Undo, changes: &[ChangeView]) -> Result<Option<UndoTarget>, Problem> {
    if let Some(call) = &undo.call {
        let ids = changes.iter().map(|change| change.item);
        let item = one_of(ids, call, "call")?;
        return Ok(Some(UndoTarget::Call { item }));
    }
    if let Some(turn) = &undo.turn {
        let ids = changes.iter().map(|change| change.turn);
        let turn = one_of(ids, turn, "turn")?;
        return Ok(Some(UndoTarget::Turn { turn }));
    }
    if undo.is_last {
        let turn = last_turn(changes).ok_or_else(nothing)?;
        return Ok(Some(UndoTarget::Turn { turn }));
    }
    Ok(None)
}

/// The last turn that has something left to take back.
pub(crate) fn last_turn(changes: &[ChangeView]) -> Option<TurnId> {
    let is_left = |change: &&ChangeView| !change.is_undone && change.tool != "undo";
    changes.iter().find(is_left).map(|change| change.turn)
}

/// The last call that has something left to take back.
pub(crate) fn last_call(changes: &[ChangeView]) -> Option<anteroom_api::ItemId> {
    let is_left = |change: &&ChangeView| !change.is_undone && change.tool != "undo";
    changes.iter().find(is_left).map(|change| change.item)
}

/// The id that is, begins or ends so.
pub(crate) fn one_of<T: std::fmt::Display + Ord + Copy>(
    ids: impl Iterator<Item = T>,
    text: &str,
    what: &str,
) -> Result<T, Problem> {
    let text = text.trim().to_ascii_lowercase();
    if text.len() < SHORTEST {
        return Err(Problem::new(
            ProblemCode::InvalidInput,
            format!("`{text}` is too short for an id"),
        )
        .hint("`aroom undo --list` shows the ids"));
    }
    let fits = |id: &T| {
        let id = id.to_string();
        id.starts_with(&text) || id.ends_with(&text)
    };
    let found: BTreeSet<T> = ids.filter(fits).collect();
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(id), None) => Ok(id),
        (None, _) => Err(Problem::new(
            ProblemCode::NotFound,
            format!("no {what} `{text}` has changed a file here"),
        )
        .hint("`aroom undo --list` shows what can be taken back")),
        (Some(_), Some(_)) => Err(Problem::new(
            ProblemCode::InvalidInput,
            format!("`{text}` fits more than one {what}"),
        )
        .hint("give more of the id")),
    }
}

fn nothing() -> Problem {
    Problem::new(
        ProblemCode::NotFound,
        "there is nothing to take back: no call has changed a file, or all changes were taken back",
    )
}

fn list(
    context: &mut Context,
    view: &ConversationView,
    changes: &[ChangeView],
) -> Result<u8, Quit> {
    if context.options.is_json {
        context.printer.json(&json!(changes));
        return Ok(exit::OK);
    }
    if changes.is_empty() {
        context.printer.progress("no call has changed a file");
    }
    let theme = context.printer.out_theme();
    let now = (context.clock)();
    for line in lines(changes, &view.workspace, now, &theme) {
        context.printer.line(&line);
    }
    Ok(exit::OK)
}

/// One line for each change: call, age, tool, what, where.
pub(crate) fn lines(
    changes: &[ChangeView],
    workspace: &str,
    now: UnixMillis,
    theme: &Theme,
) -> Vec<String> {
    let shown = changes.iter().take(LISTED);
    let ages: Vec<String> = shown
        .clone()
        .map(|change| words::ago(change.at, now))
        .collect();
    let width = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0);
    let age_width = width(&mut ages.iter().map(|age| age.width()));
    let tool_width = width(&mut shown.clone().map(|change| change.tool.width()));
    let mut lines: Vec<String> = shown
        .zip(&ages)
        .map(|(change, age)| {
            let head = format!(
                "{}  {}  {}  {}  ",
                target::ending(change.item),
                pad(age, age_width),
                pad(&reveal(&change.tool), tool_width),
                pad(kind(change.kind), 7),
            );
            let note = match (&change.obstacle, change.is_undone) {
                (_, true) => "  taken back".to_owned(),
                (Some(obstacle), false) => format!("  ({})", reveal(obstacle)),
                (None, false) => String::new(),
            };
            let path = place(&change.path, workspace);
            format!("{head}{path}{}", theme.paint(Style::Dim, &note))
        })
        .collect();
    if let Some(more) = changes.len().checked_sub(LISTED).filter(|more| *more > 0) {
        lines.push(theme.paint(Style::Dim, &format!("{more} earlier ones")));
    }
    lines
}

/// One line for each file that was to be taken back.
pub(crate) fn file_lines(files: &[UndoneFile], workspace: &str, theme: &Theme) -> Vec<String> {
    files
        .iter()
        .map(|file| {
            let path = place(&file.path, workspace);
            match &file.outcome {
                UndoOutcome::Restored => format!("restored  {path}"),
                UndoOutcome::Removed => format!("removed   {path}"),
                UndoOutcome::Skipped { reason } => {
                    let word = theme.paint(Style::Warning, "skipped ");
                    format!("{word}  {path}: {}", reveal(reason))
                }
            }
        })
        .collect()
}

/// Relative to the workspace where it is in it.
fn place(path: &str, workspace: &str) -> String {
    let inner = path
        .strip_prefix(workspace)
        .and_then(|rest| rest.strip_prefix('/'));
    reveal(match inner {
        Some("") | None => path,
        Some(inner) => inner,
    })
}

fn kind(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Created => "created",
        ChangeKind::Changed => "changed",
        ChangeKind::Removed => "removed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Bench, Views, uuid_of::id, view};
    use crate::theme::BARE;
    use anteroom_api::ItemId;

    fn change(number: u32, tool: &str, path: &str) -> ChangeView {
        ChangeView {
            item: id(number),
            turn: id(number / 10),
            tool: tool.into(),
            path: path.into(),
            kind: ChangeKind::Changed,
            at: UnixMillis(0),
            is_undone: false,
            obstacle: None,
        }
    }

    fn views() -> Views {
        let mut old = change(21, "bash", "/w/b.txt");
        old.obstacle = Some("too large".into());
        let mut back = change(31, "write_file", "/w/a\u{1b}.txt");
        back.is_undone = true;
        let mut own = change(41, "undo", "/w/a.txt");
        own.kind = ChangeKind::Created;
        Views {
            conversations: vec![view(1, "/w")],
            changes: vec![own, back, old],
            ..Views::default()
        }
    }

    #[test]
    fn changes_are_listed_with_their_call() {
        assert_eq!(
            lines(&views().changes, "/w", UnixMillis(7_200_000), &BARE),
            [
                "00000041  2 h ago  undo        created  a.txt",
                "00000031  2 h ago  write_file  changed  a\\u{1b}.txt  taken back",
                "00000021  2 h ago  bash        changed  b.txt  (too large)",
            ]
        );
    }

    #[test]
    fn ids_are_taken_by_their_beginning_or_end() {
        let ids = || {
            let ids: [ItemId; 3] = [id(21), id(31), id(21)];
            ids.into_iter()
        };
        assert_eq!(one_of(ids(), "000021", "call").unwrap(), id(21));
        for (text, code) in [
            ("21", ProblemCode::InvalidInput),
            ("000000", ProblemCode::InvalidInput),
            ("ffff", ProblemCode::NotFound),
        ] {
            assert_eq!(
                one_of(ids(), text, "call").unwrap_err().code,
                code,
                "{text}"
            );
        }
    }

    #[test]
    fn the_last_turn_is_the_last_with_something_left() {
        assert_eq!(last_turn(&views().changes), Some(id(2)));
        assert_eq!(last_call(&views().changes), Some(id(21)));
        assert_eq!(last_turn(&[]), None);
    }

    #[test]
    fn an_undo_says_what_became_of_each_file() {
        let files = vec![
            UndoneFile {
                path: "/w/a.txt".into(),
                outcome: UndoOutcome::Restored,
            },
            UndoneFile {
                path: "/elsewhere".into(),
                outcome: UndoOutcome::Skipped {
                    reason: "it was changed since".into(),
                },
            },
        ];
        let views = Views {
            undone: files,
            ..views()
        };
        let mut bench = Bench::with(&["undo", "--last", "--force"], vec![], views, "");
        let fake = bench.fake.clone();
        let ran = bench.run();
        assert_eq!(
            ran.out,
            "restored  a.txt\nskipped   /elsewhere: it was changed since\n"
        );
        assert_eq!(ran.code, exit::FAILED);
        let op = CheckpointOp::Undo {
            conversation: id(1),
            target: UndoTarget::Turn { turn: id(2) },
            is_forced: true,
        };
        assert_eq!(fake.ops(), [Op::Checkpoint(op)]);
    }
}
