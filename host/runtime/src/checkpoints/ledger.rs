//! Writes the changes of one call into the index. Opens no file.

use crate::engine::Engine;
use anteroom_api::BoxFuture;
use anteroom_gate::FilePath;
use anteroom_storage::{ChangeEnd, ChangeOwner, NewChange, StoredChange, StoredState};
use anteroom_tools::{Change, End, FileState, Ledger, Recorded, Store, index_path};
use std::sync::Arc;

/// The ledger of one call.
pub(crate) struct CallLedger {
    engine: Arc<Engine>,
    owner: ChangeOwner,
}

impl CallLedger {
    pub(crate) fn new(engine: Arc<Engine>, owner: ChangeOwner) -> Self {
        Self { engine, owner }
    }
}

impl Ledger for CallLedger {
    fn store(&self) -> &Store {
        &self.engine.contents
    }

    fn write(&self, changes: Vec<Change>) -> BoxFuture<'_, Result<Vec<i64>, String>> {
        let changes = changes.into_iter().map(new_change).collect();
        Box::pin(async move {
            let by = (self.owner.clone(), Some(self.engine.bus.user().clone()));
            let at = self.engine.ambient.now();
            let written = self.engine.storage.add_changes(by, at, changes).await;
            written.map_err(|error| error.to_string())
        })
    }

    fn close(&self, ends: Vec<(i64, End)>) -> BoxFuture<'_, Result<(), String>> {
        let ends = ends.into_iter().map(|(row, end)| (row, stored_end(end)));
        let ends = ends.collect();
        Box::pin(async move {
            let noted = self.engine.storage.end_changes(ends).await;
            noted.map_err(|error| error.to_string())
        })
    }

    fn make_room(&self, bytes: u64) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if let Err(problem) = super::tidy(&self.engine, bytes).await {
                tracing::warn!(%problem, "could not make room for what files were");
            }
        })
    }
}

/// A change as the file layer wants it back.
pub(super) fn recorded(stored: &StoredChange) -> Recorded {
    let change = stored.change.clone();
    Recorded {
        row: stored.row,
        path: path(change.path),
        moved_from: change.moved_from.map(path),
        before: change.before.map(state),
        after: change.after.map(state),
        obstacle: change.obstacle,
        doubt: change.doubt,
    }
}

/// Only paths outside the workspace are absolute.
fn path(text: String) -> FilePath {
    if text.starts_with('/') {
        return FilePath::Outside(text);
    }
    FilePath::Workspace(text)
}

fn new_change(change: Change) -> NewChange {
    let (is_outside, path) = index_path(&change.path);
    NewChange {
        is_outside,
        path: path.to_owned(),
        moved_from: change
            .moved_from
            .as_ref()
            .map(|from| index_path(from).1.to_owned()),
        before: change.before.map(stored_state),
        after: change.after.map(stored_state),
        obstacle: change.obstacle,
        doubt: change.doubt,
        takes_back: change.takes_back,
    }
}

fn stored_end(end: End) -> ChangeEnd {
    match end {
        End::Became(state) => ChangeEnd::Became(stored_state(state)),
        End::Unknown(doubt) => ChangeEnd::Unknown(doubt),
        End::Void => ChangeEnd::Void,
    }
}

fn stored_state(state: FileState) -> StoredState {
    match state {
        FileState::Absent => StoredState::Absent,
        FileState::File { hash, size, mode } => StoredState::File { hash, size, mode },
        FileState::Link { target } => StoredState::Link { target },
        FileState::Folder { mode, id } => StoredState::Folder { mode, id },
    }
}

fn state(stored: StoredState) -> FileState {
    match stored {
        StoredState::Absent => FileState::Absent,
        StoredState::File { hash, size, mode } => FileState::File { hash, size, mode },
        StoredState::Link { target } => FileState::Link { target },
        StoredState::Folder { mode, id } => FileState::Folder { mode, id },
    }
}
