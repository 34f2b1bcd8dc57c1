//! Projects, and which of them this user wrote or accepted.

use super::{FilingFault, name_of};
use crate::Storage;
use crate::error::{Fault, StorageError};
use crate::journal;
use crate::project::Fact;
use crate::rows;
use anteroom_api::{ProjectEvent, ProjectId, ProjectSpec, ProjectView, Topic};
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;

impl Storage {
    /// All projects, the personal file's first, each file's by name.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn projects(&self) -> Result<Vec<ProjectView>, StorageError> {
        let trusted = self.read(trusted).await?;
        let found = self.read_all(|connection, file| all(connection, name_of(file)));
        let mut projects: Vec<ProjectView> = found
            .await?
            .into_iter()
            .flat_map(|(_, projects)| projects)
            .collect();
        for project in &mut projects {
            project.is_trusted = trusted.get(&project.id) == Some(&project.hash);
        }
        Ok(projects)
    }
}

fn trusted(connection: &Connection) -> Result<HashMap<ProjectId, String>, Fault> {
    let mut statement = connection.prepare_cached("SELECT project, hash FROM projects_trusted")?;
    let found = statement.query_map([], |row| Ok((rows::id(row, 0)?, row.get(1)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The projects of one file; whether they are trusted is another file's to say.
pub(crate) fn all(
    connection: &Connection,
    database: Option<String>,
) -> Result<Vec<ProjectView>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT p.id, p.name, p.instructions, p.workspace, p.model, p.created_at, p.updated_at,
            (SELECT count(*) FROM conversations c WHERE c.project = p.id AND c.kind <> 'agent')
         FROM projects p",
    )?;
    let found = statement.query_map([], |row| {
        let spec = ProjectSpec {
            name: row.get(1)?,
            instructions: row.get(2)?,
            workspace: row.get(3)?,
            model: row.get(4)?,
        };
        let conversations: i64 = row.get(7)?;
        Ok(ProjectView {
            id: rows::id(row, 0)?,
            hash: hash(&spec),
            spec,
            database: database.clone(),
            conversations: conversations.unsigned_abs(),
            is_trusted: false,
            created_at: rows::millis(row, 5)?,
            updated_at: rows::millis(row, 6)?,
        })
    })?;
    let mut projects: Vec<ProjectView> = found.collect::<Result<_, _>>()?;
    projects.sort_by_cached_key(|project| (project.spec.name.to_lowercase(), project.id));
    Ok(projects)
}

/// SHA-256 over all that a project says, hexadecimal.
pub fn hash(spec: &ProjectSpec) -> String {
    let mut all = Sha256::new();
    let parts = [
        Some(&spec.name),
        Some(&spec.instructions),
        spec.workspace.as_ref(),
        spec.model.as_ref(),
    ];
    for part in parts {
        // None and empty are not the same.
        let length = part.map_or(u64::MAX, |part| part.len() as u64);
        all.update(length.to_be_bytes());
        all.update(part.map_or("", String::as_str));
    }
    let bytes = all.finalize();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// That there is such a project in this file.
pub(super) fn existing(connection: &Connection, id: ProjectId) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM projects WHERE id = ?1")?;
    match statement.exists([id.0.into_bytes()])? {
        true => Ok(()),
        false => Err(Fault::Filing(FilingFault::UnknownProject(id))),
    }
}

/// Adds or changes a project. `base` is what it was changed from; none if it is new.
pub(crate) fn save(
    fact: &Fact<'_>,
    project: &ProjectView,
    base: Option<&str>,
) -> Result<(), Fault> {
    let key = project.id.0.into_bytes();
    let current = said(fact.connection, project.id)?.map(|spec| hash(&spec));
    match (base, &current) {
        (None, None) => {}
        (Some(base), Some(current)) if base == current => {}
        // Told again.
        (_, Some(current)) if *current == hash(&project.spec) => return Ok(()),
        (Some(_), None) => return Err(Fault::Filing(FilingFault::UnknownProject(project.id))),
        (_, Some(_)) => return Err(Fault::Filing(FilingFault::StaleProject)),
    }
    check_name(fact.connection, project)?;
    let spec = &project.spec;
    fact.connection
        .prepare_cached(
            "INSERT INTO projects (id, name, instructions, workspace, model, created_at, updated_at,
                user_id, user_display_name)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name,
                instructions = excluded.instructions, workspace = excluded.workspace,
                model = excluded.model, updated_at = excluded.updated_at,
                user_id = excluded.user_id, user_display_name = excluded.user_display_name",
        )?
        .execute(params![
            key,
            spec.name,
            spec.instructions,
            spec.workspace,
            spec.model,
            project.created_at.0,
            project.updated_at.0,
            fact.user_id(),
            fact.user_display_name(),
        ])?;
    Ok(())
}

/// Takes a project away; its conversations belong to none.
pub(super) fn delete(fact: &Fact<'_>, id: ProjectId) -> Result<(), Fault> {
    let key = id.0.into_bytes();
    for sql in [
        "UPDATE conversations SET project = NULL WHERE project = ?1",
        "DELETE FROM projects WHERE id = ?1",
    ] {
        fact.connection.prepare_cached(sql)?.execute([key])?;
    }
    Ok(())
}

/// What the personal file keeps of a project, wherever that lives.
pub(super) fn remember(fact: &Fact<'_>, event: &ProjectEvent) -> Result<(), Fault> {
    let (id, hash) = match event {
        // Whoever wrote it has read it.
        ProjectEvent::Saved { project, .. } => (project.id, hash(&project.spec)),
        ProjectEvent::Trusted { project, hash } => (*project, hash.clone()),
        ProjectEvent::Deleted { project, .. } => return forget(fact, *project),
    };
    fact.connection
        .prepare_cached(
            "INSERT OR REPLACE INTO projects_trusted (project, hash, trusted_at) VALUES (?1, ?2, ?3)",
        )?
        .execute(params![id.0.into_bytes(), hash, fact.at.0])?;
    Ok(())
}

/// The host's topic keeps its numbering, but not the words of a project that is gone.
fn forget(fact: &Fact<'_>, id: ProjectId) -> Result<(), Fault> {
    fact.connection
        .prepare_cached("DELETE FROM projects_trusted WHERE project = ?1")?
        .execute([id.0.into_bytes()])?;
    fact.connection
        .prepare_cached(
            "UPDATE journal SET event = json_set(event, '$.event.project.name', '',
                 '$.event.project.instructions', '')
             WHERE topic = ?1 AND event ->> '$.noun' = 'project'
                 AND event ->> '$.event.verb' = 'saved' AND event ->> '$.event.project.id' = ?2",
        )?
        .execute(params![journal::topic_column(&Topic::Host), id.to_string()])?;
    Ok(())
}

fn said(connection: &Connection, id: ProjectId) -> Result<Option<ProjectSpec>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT name, instructions, workspace, model FROM projects WHERE id = ?1",
    )?;
    let found = statement.query_row([id.0.into_bytes()], |row| {
        Ok(ProjectSpec {
            name: row.get(0)?,
            instructions: row.get(1)?,
            workspace: row.get(2)?,
            model: row.get(3)?,
        })
    });
    Ok(found.optional()?)
}

fn check_name(connection: &Connection, project: &ProjectView) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached("SELECT name FROM projects WHERE id <> ?1")?;
    let mut others = statement.query([project.id.0.into_bytes()])?;
    let wanted = project.spec.name.to_lowercase();
    while let Some(row) = others.next()? {
        let taken: String = row.get(0)?;
        if taken.to_lowercase() == wanted {
            return Err(Fault::Filing(FilingFault::ProjectTaken(taken)));
        }
    }
    Ok(())
}
