//! Where people put conversations: tags, folders, projects, pins; and the list that goes by them.
//!
//! Each row lives in the file of the conversations it is about. What is said of folders, projects and tags is told
//! on the host's topic, which is the personal file's; what it changes may be in another one, and is changed there
//! first.

mod fault;
mod filter;
mod folders;
mod projects;
mod tags;

use crate::Storage;
use crate::conversations::{self, key};
use crate::error::{Fault, StorageError};
use crate::file::File;
use crate::journal::Entry;
use crate::project::Fact;
use crate::rows::Key;
use anteroom_api::{
    ConversationEvent, ConversationId, Event, Filing, FolderEvent, FolderId, FolderView,
    ProjectEvent, ProjectId, ProjectView, TagEvent,
};
use rusqlite::{Connection, params};
use std::sync::Arc;

pub use fault::FilingFault;
pub(crate) use filter::list;
pub use projects::hash as project_hash;

/// The projects of a file.
pub(crate) fn all_projects(connection: &Connection) -> Result<Vec<ProjectView>, Fault> {
    projects::all(connection, None)
}

/// Adds a folder, as an import brings it.
pub(crate) fn create_folder(fact: &Fact<'_>, folder: &FolderView) -> Result<(), Fault> {
    folders::create(fact, folder)
}

/// Adds a project, as an import brings it: written, and accepted by nobody.
pub(crate) fn save_project(fact: &Fact<'_>, project: &ProjectView) -> Result<(), Fault> {
    projects::save(fact, project, None)
}

/// Writes an event about tags, folders or projects into the file it is about. Told of another one it changes
/// nothing here, but what the personal file keeps of it.
pub(crate) fn project(fact: &Fact<'_>, event: &Event) -> Result<(), Fault> {
    match event {
        Event::Tag(TagEvent::Renamed { tag, to }) => tags::rename(fact, tag, to),
        Event::Tag(TagEvent::Deleted { tag }) => tags::delete(fact, tag),
        Event::Folder(_) if database(event).is_some() => Ok(()),
        Event::Folder(event) => folder(fact, event),
        Event::Project(project) => {
            if database(event).is_none() {
                project_here(fact, project)?;
            }
            projects::remember(fact, project)
        }
        _ => Ok(()),
    }
}

fn folder(fact: &Fact<'_>, event: &FolderEvent) -> Result<(), Fault> {
    match event {
        FolderEvent::Created { folder } => folders::create(fact, folder),
        FolderEvent::Renamed { folder, name, .. } => folders::rename(fact, *folder, name),
        FolderEvent::Moved { folder, parent, .. } => folders::put(fact, *folder, *parent),
        FolderEvent::Deleted { folder, .. } => folders::delete(fact, *folder),
    }
}

fn project_here(fact: &Fact<'_>, event: &ProjectEvent) -> Result<(), Fault> {
    match event {
        ProjectEvent::Saved { project, base } => projects::save(fact, project, base.as_deref()),
        ProjectEvent::Deleted { project, .. } => projects::delete(fact, *project),
        ProjectEvent::Trusted { .. } => Ok(()),
    }
}

/// The shared database that an event on the host's topic is about.
pub(crate) fn database(event: &Event) -> Option<&str> {
    let database = match event {
        Event::Folder(FolderEvent::Created { folder }) => &folder.database,
        Event::Folder(
            FolderEvent::Renamed { database, .. }
            | FolderEvent::Moved { database, .. }
            | FolderEvent::Deleted { database, .. },
        )
        | Event::Project(ProjectEvent::Deleted { database, .. }) => database,
        Event::Project(ProjectEvent::Saved { project, .. }) => &project.database,
        _ => &None,
    };
    database.as_deref()
}

/// Whether an event says only where a conversation was put: nothing has happened in it.
pub(crate) fn is_filing(event: &Event) -> bool {
    matches!(
        event,
        Event::Conversation(
            ConversationEvent::Tagged { .. }
                | ConversationEvent::Moved { .. }
                | ConversationEvent::Assigned { .. }
                | ConversationEvent::Pinned { .. }
                | ConversationEvent::Configured { .. }
        )
    )
}

impl Storage {
    /// Changes the shared files that an entry of the host's topic is about.
    pub(crate) async fn file_shared(&self, entry: &Entry) -> Result<(), StorageError> {
        for event in &entry.events {
            let is_everywhere = matches!(event, Event::Tag(_));
            let files: Vec<Arc<File>> = match database(event) {
                Some(name) => vec![self.shared_file(name)?],
                None if is_everywhere => {
                    let files = self.shelf().files().into_iter();
                    files.filter(|file| !file.is_read_only()).collect()
                }
                None => Vec::new(),
            };
            for file in files {
                let (event, at, user) = (event.clone(), entry.at, entry.user.clone());
                let topic = entry.topic;
                let changed = file.write(move |connection| {
                    let fact = Fact {
                        connection,
                        topic,
                        at,
                        user: user.as_ref(),
                        host: None,
                        asked: &[],
                    };
                    match &event {
                        Event::Folder(event) => folder(&fact, event),
                        Event::Project(event) => project_here(&fact, event),
                        other => project(&fact, other),
                    }
                });
                changed.await?;
            }
        }
        Ok(())
    }
}

/// A conversation has what it was opened with, as far as that is in this file.
pub(crate) fn open(fact: &Fact<'_>, id: ConversationId, filing: &Filing) -> Result<(), Fault> {
    tag(fact, id, (&filing.tags, &[]))?;
    let folder: Option<Key> = filing.folder.map(|id| id.0.into_bytes());
    let project: Option<Key> = filing.project.map(|id| id.0.into_bytes());
    if folder.is_none() && project.is_none() {
        return Ok(());
    }
    fact.connection
        .prepare_cached(
            "UPDATE conversations SET
                folder = coalesce(folder, (SELECT id FROM folders WHERE id = ?2)),
                project = coalesce(project, (SELECT id FROM projects WHERE id = ?3))
             WHERE id = ?1",
        )?
        .execute(params![key(id), folder, project])?;
    Ok(())
}

/// Gives and takes tags.
pub(crate) fn tag(
    fact: &Fact<'_>,
    id: ConversationId,
    (added, removed): (&[String], &[String]),
) -> Result<(), Fault> {
    for tag in added {
        fact.connection
            .prepare_cached("INSERT OR IGNORE INTO conversation_tags VALUES (?1, ?2)")?
            .execute(params![key(id), tag])?;
    }
    for tag in removed {
        fact.connection
            .prepare_cached("DELETE FROM conversation_tags WHERE conversation = ?1 AND tag = ?2")?
            .execute(params![key(id), tag])?;
    }
    Ok(())
}

/// Puts a conversation into a folder.
pub(crate) fn put(
    fact: &Fact<'_>,
    id: ConversationId,
    folder: Option<FolderId>,
) -> Result<(), Fault> {
    if let Some(folder) = folder {
        folders::existing(fact.connection, folder)?;
    }
    let folder: Option<Key> = folder.map(|id| id.0.into_bytes());
    fact.connection
        .prepare_cached("UPDATE conversations SET folder = ?2 WHERE id = ?1")?
        .execute(params![key(id), folder])?;
    Ok(())
}

/// Has a conversation and those of its child agents belong to a project.
pub(crate) fn assign(
    fact: &Fact<'_>,
    id: ConversationId,
    project: Option<ProjectId>,
) -> Result<(), Fault> {
    if let Some(project) = project {
        projects::existing(fact.connection, project)?;
    }
    let project: Option<Key> = project.map(|id| id.0.into_bytes());
    for member in conversations::with_children(fact.connection, id)? {
        fact.connection
            .prepare_cached("UPDATE conversations SET project = ?2 WHERE id = ?1")?
            .execute(params![key(member), project])?;
    }
    Ok(())
}

/// Keeps a conversation at hand or lets go of it.
pub(crate) fn pin(fact: &Fact<'_>, id: ConversationId, is_pinned: bool) -> Result<(), Fault> {
    fact.connection
        .prepare_cached("UPDATE conversations SET is_pinned = ?2 WHERE id = ?1")?
        .execute(params![key(id), is_pinned])?;
    Ok(())
}

/// A file's name, as what lives in it says it.
fn name_of(file: &File) -> Option<String> {
    file.name.as_deref().map(str::to_owned)
}
