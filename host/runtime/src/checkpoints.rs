//! What files were before calls changed them, and taking changes back.
//!
//! The file layer keeps, `anteroom-tools` takes back; here is whose change it was and what the index says.

mod diff;
mod ledger;
mod tidy;
mod undo;

use crate::agent::past::{self, Past};
use crate::config::Settings;
use crate::host::Port;
use anteroom_api::{
    ChangeKind, ChangeView, CheckpointOp, ConversationId, OpId, Problem, UnixMillis,
};
use anteroom_storage::{StoredChange, StoredState};
use anteroom_tools::Bounds;
pub(crate) use diff::{canvas_diff, diff};
pub(crate) use ledger::CallLedger;
use std::path::Path;
pub(crate) use tidy::{start_tidying, tidy};
pub(crate) use undo::{Wish, undo};

/// A megabyte, as settings count them.
const MEGABYTE: u64 = 1 << 20;
/// Where contents lie in the data folder.
pub(crate) const FOLDER: &str = "checkpoints";

pub(crate) async fn take(port: &Port, id: OpId, op: CheckpointOp) -> Result<(), Problem> {
    match op {
        CheckpointOp::Undo {
            conversation,
            target,
            is_forced,
        } => {
            let wish = Past::Undo { target, is_forced };
            past::ask(port, conversation, (id, wish)).await
        }
    }
}

/// Files that calls of a conversation and its child agents changed, newest first.
pub(crate) async fn changes(
    port: &Port,
    conversation: ConversationId,
) -> Result<Vec<ChangeView>, Problem> {
    let view = port.existing(conversation).await?;
    let stored = port.engine.storage.changes(conversation).await?;
    Ok(stored
        .iter()
        .map(|change| self::view(change, &view.workspace))
        .collect())
}

/// How much is kept, as the settings say.
pub(crate) fn bounds(settings: &Settings) -> Bounds {
    Bounds {
        file_bytes: u64::from(settings.checkpoints.max_file_mb) * MEGABYTE,
        total_bytes: u64::from(settings.checkpoints.max_total_mb) * MEGABYTE,
    }
}

fn view(stored: &StoredChange, workspace: &str) -> ChangeView {
    let change = &stored.change;
    ChangeView {
        item: stored.owner.item,
        turn: stored.owner.turn,
        tool: stored.owner.tool.clone(),
        path: shown(stored, workspace),
        kind: kind(change.before.as_ref(), change.after.as_ref()),
        at: UnixMillis(stored.at.0),
        is_undone: stored.is_undone,
        obstacle: change.obstacle.clone(),
    }
}

fn kind(before: Option<&StoredState>, after: Option<&StoredState>) -> ChangeKind {
    match (before, after) {
        (Some(StoredState::Absent), _) => ChangeKind::Created,
        (_, Some(StoredState::Absent)) => ChangeKind::Removed,
        _ => ChangeKind::Changed,
    }
}

/// The absolute path; a folder's ends in `/`.
fn shown(stored: &StoredChange, workspace: &str) -> String {
    let change = &stored.change;
    let path = match change.path.as_str() {
        "" => workspace.to_owned(),
        path if change.is_outside => path.to_owned(),
        path => Path::new(workspace).join(path).display().to_string(),
    };
    let states = [&change.before, &change.after];
    let is_folder =
        |state: &&Option<StoredState>| matches!(state, Some(StoredState::Folder { .. }));
    if states.iter().any(is_folder) {
        return format!("{path}/");
    }
    path
}
