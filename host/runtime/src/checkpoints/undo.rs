//! Takes the changes of a call, a turn or since a message back, newest first, each by itself.

use super::ledger::{self, CallLedger};
use crate::engine::Engine;
use anteroom_api::{
    ConversationView, ItemId, OpId, Problem, ProblemCode, UndoOutcome, UndoTarget, UndoneFile,
};
use anteroom_storage::{ChangeOwner, StoredChange};
use anteroom_tools::{Session, Taken, take_back};
use std::sync::Arc;

/// The name under which an undo's own changes are listed.
const TOOL: &str = "undo";

/// What is to be taken back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    pub(crate) op: OpId,
    pub(crate) target: UndoTarget,
    pub(crate) is_forced: bool,
}

/// Takes changes back; answers what became of each file, in the order they were come to. Nothing to take back
/// is an empty answer.
pub(crate) async fn undo(
    engine: &Arc<Engine>,
    (view, session): (&ConversationView, &Session),
    wish: Wish,
) -> Result<Vec<UndoneFile>, Problem> {
    let changes = engine.storage.changes_of(view.id, wish.target).await?;
    let mut files: Vec<UndoneFile> = Vec::new();
    for change in changes.iter().filter(|change| !change.is_undone) {
        let ledger = CallLedger::new(engine.clone(), owner(change, wish.op));
        let recorded = ledger::recorded(change);
        let taken = take_back(session, &ledger, &recorded, wish.is_forced).await;
        let taken = taken.map_err(|cause| not_written(&cause))?;
        if !matches!(taken, Taken::Skipped(_)) {
            engine.storage.set_undone(change.row, true).await?;
            if let Some(original) = change.change.takes_back {
                engine.storage.set_undone(original, false).await?;
            }
        }
        note(&mut files, super::shown(change, &view.workspace), taken);
    }
    Ok(files)
}

/// One entry for each file: what became of it last.
fn note(files: &mut Vec<UndoneFile>, path: String, taken: Taken) {
    let outcome = match taken {
        Taken::Restored => UndoOutcome::Restored,
        Taken::Removed => UndoOutcome::Removed,
        Taken::Skipped(reason) => UndoOutcome::Skipped { reason },
    };
    match files.iter_mut().find(|file| file.path == path) {
        Some(file) => file.outcome = outcome,
        None => files.push(UndoneFile { path, outcome }),
    }
}

/// What an undo does belongs to the turn it undoes, under the wish's own id.
fn owner(change: &StoredChange, op: OpId) -> ChangeOwner {
    ChangeOwner {
        item: ItemId(op.0),
        tool: TOOL.to_owned(),
        ..change.owner.clone()
    }
}

fn not_written(cause: &str) -> Problem {
    Problem::new(
        ProblemCode::Internal,
        "the undo stopped: it could not be written down what it was about to do",
    )
    .cause(cause)
    .hint("what it has restored so far stays; run `aroom doctor`, then undo the rest")
}
