//! What separates files as they are from what they were before calls changed them. Changes nothing.

use super::{ledger, shown};
use crate::host::Port;
use anteroom_api::{
    CanvasDiff, CanvasView, ChangeKind, ConversationId, FileDiff, Problem, ProblemCode, UndoTarget,
};
use anteroom_storage::StoredChange;
use anteroom_tools::{Compared, Recorded, Session, compare_file, unified};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The files that the changes of a target concern, in the order of their paths.
pub(crate) async fn diff(
    port: &Port,
    conversation: ConversationId,
    target: Option<UndoTarget>,
) -> Result<Vec<FileDiff>, Problem> {
    let view = port.existing(conversation).await?;
    let storage = &port.engine.storage;
    let changes = match target {
        Some(target) => storage.changes_of(view.id, target).await?,
        None => storage.changes(view.id).await?,
    };
    let mut files: BTreeMap<String, Vec<Recorded>> = BTreeMap::new();
    for change in changes.iter().filter(|change| is_meant(change, target)) {
        let path = shown(change, &view.workspace);
        files
            .entry(path)
            .or_default()
            .push(ledger::recorded(change));
    }
    let temp = port.engine.paths.temp(view.id);
    let session = Session::new(PathBuf::from(&view.workspace), temp).map_err(Problem::from)?;
    let engine = port.engine.clone();
    let settings = engine.settings();
    let masker = crate::masking::masker(&settings, engine.ambient.environment());
    let compared = tokio::task::spawn_blocking(move || {
        let of_file = |(path, changes): (String, Vec<Recorded>)| {
            compare_file(&session, &engine.contents, &changes).map(|compared| (path, compared))
        };
        files.into_iter().filter_map(of_file).collect::<Vec<_>>()
    });
    let compared = compared.await.map_err(|error| {
        Problem::new(ProblemCode::Internal, "the files could not be compared")
            .cause(error)
            .hint("try again")
    })?;
    let told = |(path, compared): (String, Compared)| FileDiff {
        path,
        kind: kind(compared.was_and_is),
        added: compared.added,
        removed: compared.removed,
        unified: masker.mask(&compared.unified).into_owned(),
        remark: compared.remark,
        hindrance: compared.hindrance,
    };
    Ok(compared.into_iter().map(told).collect())
}

/// What was taken back is over; what an undo did counts only where it is named.
fn is_meant(change: &StoredChange, target: Option<UndoTarget>) -> bool {
    let is_undo = change.change.takes_back.is_some();
    !change.is_undone && (target.is_some() || !is_undo)
}

fn kind(was_and_is: (bool, bool)) -> ChangeKind {
    match was_and_is {
        (false, _) => ChangeKind::Created,
        (true, false) => ChangeKind::Removed,
        (true, true) => ChangeKind::Changed,
    }
}

/// What separates two versions of a canvas.
pub(crate) fn canvas_diff(
    all: &[CanvasView],
    (from, to): (u32, u32),
) -> Result<CanvasDiff, Problem> {
    let body = |version| {
        let found = all.iter().find(|canvas| canvas.version == version);
        found.map(|canvas| canvas.body.as_str()).ok_or_else(|| {
            let text = format!("the canvas has no version {version}");
            let newest = all.last().map_or(0, |canvas| canvas.version);
            Problem::new(ProblemCode::NotFound, text)
                .hint(format!("its versions go from 1 to {newest}"))
        })
    };
    let told = unified(body(from)?, body(to)?);
    Ok(CanvasDiff {
        from,
        to,
        added: told.added,
        removed: told.removed,
        unified: told.unified,
    })
}
