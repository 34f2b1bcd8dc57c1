//! Where an exported conversation was put, and how that is found or made again where it is imported.

use super::UserRecord;
use super::export::user;
use crate::conversations::key;
use crate::error::Fault;
use crate::filing;
use crate::project::Fact;
use crate::rows::{self, Key};
use anteroom_api::{
    ConversationId, Filing, FolderId, FolderView, ProjectId, ProjectSpec, ProjectView, UnixMillis,
};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

/// More folders inside each other than there may be.
const DEPTH: usize = 16;
/// Characters of a name or tag, of instructions; tags of one conversation.
const NAME: usize = 80;
const TAG: usize = 64;
const INSTRUCTIONS: usize = 32_000;
const TAGS: usize = 64;

/// Tags, folder, project and pin of a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FiledRecord {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    /// From the top down to the one it is in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    folders: Vec<FolderRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    project: Option<ProjectRecord>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_pinned: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FolderRecord {
    id: FolderId,
    name: String,
    created_at: UnixMillis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<UserRecord>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProjectRecord {
    id: ProjectId,
    name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    instructions: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    workspace: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    created_at: UnixMillis,
    updated_at: UnixMillis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<UserRecord>,
}

impl FiledRecord {
    /// None if it was put nowhere.
    pub(super) fn of(source: &Connection, id: ConversationId) -> Result<Option<Self>, Fault> {
        let (folder, project, is_pinned): (Option<Key>, Option<Key>, bool) = source
            .prepare_cached("SELECT folder, project, is_pinned FROM conversations WHERE id = ?1")?
            .query_row([key(id)], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let mut statement = source.prepare_cached(
            "SELECT tag FROM conversation_tags WHERE conversation = ?1 ORDER BY tag",
        )?;
        let tags = statement.query_map([key(id)], |row| row.get(0))?;
        let record = Self {
            tags: tags.collect::<Result<_, _>>()?,
            folders: folders(source, folder)?,
            project: match project {
                Some(id) => project_of(source, id)?,
                None => None,
            },
            is_pinned,
        };
        Ok(Some(record).filter(|record| *record != Self::default()))
    }

    /// What cannot be taken of it, if anything.
    pub(super) fn wrong(&self) -> Option<&'static str> {
        let is_word = |text: &str, most: usize| {
            !text.trim().is_empty()
                && text.chars().count() <= most
                && !text.chars().any(|sign| sign.is_control() || sign == '/')
        };
        let is_tag = |tag: &String| {
            let is_sign =
                |sign: char| sign.is_whitespace() || sign.is_control() || ",#".contains(sign);
            !tag.is_empty()
                && tag.chars().count() <= TAG
                && *tag == tag.to_lowercase()
                && !tag.chars().any(is_sign)
        };
        if self.tags.len() > TAGS || !self.tags.iter().all(is_tag) {
            return Some("a tag is one lower-case word, and there are not many");
        }
        if self.folders.len() > DEPTH || !self.folders.iter().all(|one| is_word(&one.name, NAME)) {
            return Some("a folder has a short name, and is not deep");
        }
        let project = self.project.as_ref()?;
        let is_bounded = project.instructions.chars().count() <= INSTRUCTIONS
            && [&project.workspace, &project.model]
                .iter()
                .all(|text| text.as_ref().is_none_or(|text| text.len() <= 4096));
        (!is_word(&project.name, NAME) || !is_bounded)
            .then_some("a project has a short name and bounded instructions")
    }

    pub(super) fn times(&self) -> Vec<UnixMillis> {
        let project = self.project.iter();
        let of_project = project.flat_map(|project| [project.created_at, project.updated_at]);
        let of_folders = self.folders.iter().map(|folder| folder.created_at);
        of_project.chain(of_folders).collect()
    }

    /// Finds or makes what a conversation was put into: what is called the same in the same place is the same.
    /// A project that is made here is nobody's who has accepted it.
    pub(super) fn take(self, fact: &Fact<'_>) -> Result<(Filing, bool), Fault> {
        let mut parent = None;
        for record in self.folders {
            parent = Some(folder_here(fact, record, parent)?);
        }
        let project = match self.project {
            Some(record) => Some(project_here(fact, record)?),
            None => None,
        };
        let filing = Filing {
            tags: self.tags,
            folder: parent,
            project,
            is_pinned: false,
        };
        Ok((filing, self.is_pinned))
    }
}

fn folders(source: &Connection, folder: Option<Key>) -> Result<Vec<FolderRecord>, Fault> {
    let mut statement = source.prepare_cached(
        "SELECT id, name, created_at, user_id, user_display_name, parent FROM folders WHERE id = ?1",
    )?;
    let (mut found, mut here) = (Vec::new(), folder);
    while let Some(id) = here.filter(|_| found.len() < DEPTH) {
        let row = statement.query_row([id], |row| {
            let record = FolderRecord {
                id: rows::id(row, 0)?,
                name: row.get(1)?,
                created_at: rows::millis(row, 2)?,
                user: user(row, 3)?,
            };
            Ok((record, row.get(5)?))
        });
        let Some((record, parent)) = row.optional()? else {
            break;
        };
        found.push(record);
        here = parent;
    }
    found.reverse();
    Ok(found)
}

fn project_of(source: &Connection, id: Key) -> Result<Option<ProjectRecord>, Fault> {
    let mut statement = source.prepare_cached(
        "SELECT id, name, instructions, workspace, model, created_at, updated_at, user_id,
            user_display_name FROM projects WHERE id = ?1",
    )?;
    let found = statement.query_row([id], |row| {
        Ok(ProjectRecord {
            id: rows::id(row, 0)?,
            name: row.get(1)?,
            instructions: row.get(2)?,
            workspace: row.get(3)?,
            model: row.get(4)?,
            created_at: rows::millis(row, 5)?,
            updated_at: rows::millis(row, 6)?,
            user: user(row, 7)?,
        })
    });
    Ok(found.optional()?)
}

fn folder_here(
    fact: &Fact<'_>,
    record: FolderRecord,
    parent: Option<FolderId>,
) -> Result<FolderId, Fault> {
    let above: Option<Key> = parent.map(|id| id.0.into_bytes());
    let all = fact
        .connection
        .prepare_cached("SELECT id, name, parent IS ?1 FROM folders")?
        .query_map(params![above], |row| {
            Ok((
                rows::id::<FolderId>(row, 0)?,
                row.get::<_, String>(1)?,
                row.get::<_, bool>(2)?,
            ))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    if all.iter().any(|(id, _, _)| *id == record.id) {
        return Ok(record.id);
    }
    let same = |(_, name, is_beside): &&(FolderId, String, bool)| {
        *is_beside && name.to_lowercase() == record.name.to_lowercase()
    };
    if let Some((id, _, _)) = all.iter().find(same) {
        return Ok(*id);
    }
    let user = record.user.map(UserRecord::stamp);
    let fact = Fact {
        user: user.as_ref(),
        ..*fact
    };
    let folder = FolderView {
        id: record.id,
        path: record.name.clone(),
        name: record.name,
        parent,
        database: None,
        conversations: 0,
        created_at: record.created_at,
    };
    filing::create_folder(&fact, &folder)?;
    Ok(folder.id)
}

fn project_here(fact: &Fact<'_>, record: ProjectRecord) -> Result<ProjectId, Fault> {
    for known in filing::all_projects(fact.connection)? {
        if known.id == record.id || known.spec.name.to_lowercase() == record.name.to_lowercase() {
            return Ok(known.id);
        }
    }
    let user = record.user.map(UserRecord::stamp);
    let fact = Fact {
        user: user.as_ref(),
        ..*fact
    };
    let spec = ProjectSpec {
        name: record.name,
        instructions: record.instructions,
        workspace: record.workspace,
        model: record.model,
    };
    let project = ProjectView {
        id: record.id,
        hash: filing::project_hash(&spec),
        spec,
        database: None,
        conversations: 0,
        is_trusted: false,
        created_at: record.created_at,
        updated_at: record.updated_at,
    };
    filing::save_project(&fact, &project)?;
    Ok(project.id)
}
