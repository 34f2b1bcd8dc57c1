//! Short ways to wish for what conversations are ordered with, through any handle.

use anteroom_api::{
    ConversationId, ConversationKind, DatabaseOp, HostHandle, Op, OpId, Problem, ProjectId,
    ProjectOp, ProjectSpec, ProjectView, Seq, Signal, TextOp, Topic,
};
use std::path::Path;

/// Submits a wish that is a fact when it was taken.
pub async fn wish(handle: &HostHandle, op: impl Into<Op>) -> Result<OpId, Problem> {
    let taken = handle.submit(op).await;
    taken.map_err(|rejection| rejection.0)
}

/// Writes a note.
pub async fn note(
    handle: &HostHandle,
    (title, body): (&str, &str),
    (workspace, database): (&Path, Option<&str>),
) -> ConversationId {
    let open = TextOp::Open {
        kind: ConversationKind::Note,
        title: title.into(),
        body: body.into(),
        workspace: workspace.display().to_string(),
        project: None,
        database: database.map(str::to_owned),
    };
    wish(handle, open).await.unwrap().into()
}

/// Makes a project.
pub async fn project(handle: &HostHandle, spec: ProjectSpec, database: Option<&str>) -> ProjectId {
    let create = ProjectOp::Create {
        spec,
        database: database.map(str::to_owned),
    };
    wish(handle, create).await.unwrap().into()
}

/// The only project there is.
pub async fn only_project(handle: &HostHandle) -> ProjectView {
    let mut projects = handle.read().projects().await.unwrap();
    assert_eq!(projects.len(), 1, "{projects:?}");
    projects.remove(0)
}

/// Puts a shared database beside the personal one.
pub async fn share(handle: &HostHandle, name: &str, file: &Path) {
    let after: Seq = handle.read().host_seq().await.unwrap();
    let add = DatabaseOp::ShareAdd {
        name: name.into(),
        path: file.display().to_string(),
    };
    let id = wish(handle, add).await.unwrap();
    let mut facts = handle.follow(Topic::Host, Some(after));
    loop {
        if let Some(Signal::Event { envelope }) = facts.next().await
            && envelope.cause == Some(id)
        {
            return;
        }
    }
}
