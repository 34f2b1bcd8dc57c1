//! Where people put conversations: wishes about tags, folders, projects and pins, checked and told.
//!
//! What only the tables can tell (a name that is taken, a folder inside itself) is decided by storage, in the
//! transaction that stores the fact; whoever was slower is told so.

mod projects;

use crate::host::Port;
use anteroom_api::{
    ConversationEvent, ConversationId, ConversationKind, ConversationOp, ConversationView, Event,
    FolderEvent, FolderId, FolderOp, FolderView, Mode, OpId, Problem, ProblemCode, TagEvent, TagOp,
    Topic,
};

pub(crate) use projects::{Beginning, begin, of, project, trusted};

/// Characters of a tag.
const TAG_CHARS: usize = 64;
/// Tags of one conversation.
const TAGS: usize = 64;
/// Characters of a model's name.
const MODEL_CHARS: usize = 200;
/// Characters of a folder's or project's name.
const NAME_CHARS: usize = 80;

/// Wishes about one conversation.
pub(crate) async fn conversation(port: &Port, id: OpId, op: ConversationOp) -> Result<(), Problem> {
    let (conversation, event) = match op {
        ConversationOp::Tag {
            conversation,
            add,
            remove,
        } => {
            let view = of_people(port, conversation).await?;
            match tagged(&view, (&add, &remove))? {
                Some(event) => (conversation, event),
                None => return Ok(()),
            }
        }
        ConversationOp::Move {
            conversation,
            folder,
        } => {
            of_people(port, conversation).await?;
            let moved = ConversationEvent::Moved {
                conversation,
                folder,
            };
            (conversation, moved)
        }
        ConversationOp::Assign {
            conversation,
            project,
        } => {
            of_people(port, conversation).await?;
            let assigned = ConversationEvent::Assigned {
                conversation,
                project,
            };
            (conversation, assigned)
        }
        ConversationOp::Pin {
            conversation,
            is_pinned,
        } => {
            of_people(port, conversation).await?;
            let pinned = ConversationEvent::Pinned {
                conversation,
                is_pinned,
            };
            (conversation, pinned)
        }
        ConversationOp::Configure {
            conversation,
            model,
            mode,
        } => {
            let view = of_people(port, conversation).await?;
            match configured(&view, model, mode)? {
                Some(event) => (conversation, event),
                None => return Ok(()),
            }
        }
        ConversationOp::Open { .. }
        | ConversationOp::Rename { .. }
        | ConversationOp::Fork { .. }
        | ConversationOp::Rewind { .. }
        | ConversationOp::Compact { .. }
        | ConversationOp::Uncompact { .. }
        | ConversationOp::Delete { .. } => {
            return Err(Problem::new(
                ProblemCode::Internal,
                "a wish went astray inside the host",
            ));
        }
    };
    let topic = Topic::Conversation(conversation);
    port.tell(topic, id, Event::Conversation(event)).await
}

/// What changes, if anything does.
fn configured(
    view: &ConversationView,
    model: Option<String>,
    mode: Option<Mode>,
) -> Result<Option<ConversationEvent>, Problem> {
    let model = model.map(|name| name.trim().to_owned());
    let model = model.filter(|name| !name.is_empty());
    let is_name =
        |name: &String| name.chars().count() <= MODEL_CHARS && !name.chars().any(char::is_control);
    if !model.as_ref().is_none_or(is_name) {
        return Err(Problem::new(
            ProblemCode::InvalidInput,
            format!("a model's name is one line of {MODEL_CHARS} characters at most"),
        ));
    }
    if mode.is_some() && view.database.is_some() {
        return Err(Problem::new(
            ProblemCode::InvalidInput,
            "a conversation of a shared database keeps no approval mode: others may write there",
        )
        .hint("choose it for each turn, or set `safety.approval_mode`"));
    }
    let is_new = view.model != model || view.mode != mode;
    Ok(is_new.then_some(ConversationEvent::Configured {
        conversation: view.id,
        model,
        mode,
    }))
}

/// A conversation that people may put somewhere.
async fn of_people(port: &Port, id: ConversationId) -> Result<ConversationView, Problem> {
    let view = port.existing(id).await?;
    if view.kind == ConversationKind::Agent {
        return Err(Problem::new(
            ProblemCode::InvalidInput,
            "a child agent's conversation is where its parent is",
        )
        .hint("name the conversation that started it; see `aroom conversation list`"));
    }
    Ok(view)
}

/// What changes, if anything does.
fn tagged(
    view: &ConversationView,
    (add, remove): (&[String], &[String]),
) -> Result<Option<ConversationEvent>, Problem> {
    let mut added = add
        .iter()
        .map(|text| tag_name(text))
        .collect::<Result<Vec<_>, _>>()?;
    let mut removed = remove
        .iter()
        .map(|text| tag_name(text))
        .collect::<Result<Vec<_>, _>>()?;
    let has = &view.filing.tags;
    added.retain(|tag| !has.contains(tag) && !removed.contains(tag));
    removed.retain(|tag| has.contains(tag));
    for tags in [&mut added, &mut removed] {
        tags.sort();
        tags.dedup();
    }
    if added.is_empty() && removed.is_empty() {
        return Ok(None);
    }
    if has.len() + added.len() > TAGS + removed.len() {
        return Err(Problem::new(
            ProblemCode::LimitReached,
            format!("a conversation has at most {TAGS} tags"),
        )
        .hint("take some away first, or use a folder"));
    }
    Ok(Some(ConversationEvent::Tagged {
        conversation: view.id,
        added,
        removed,
    }))
}

/// Wishes about a tag wherever it is used.
pub(crate) async fn tag(port: &Port, id: OpId, op: TagOp) -> Result<(), Problem> {
    let tags = port.engine.storage.tags().await?;
    let known = |name: &str| tags.iter().any(|tag| tag.name == name);
    let used = |text: &str| {
        let name = tag_name(text)?;
        match known(&name) {
            true => Ok(name),
            false => Err(Problem::new(
                ProblemCode::NotFound,
                format!("nothing has the tag `{name}`"),
            )
            .hint("`aroom tag list` shows all tags")),
        }
    };
    let event = match op {
        TagOp::Rename {
            tag,
            to,
            is_merging,
        } => {
            let (tag, to) = (used(&tag)?, tag_name(&to)?);
            if tag == to {
                return Ok(());
            }
            if known(&to) && !is_merging {
                return Err(Problem::new(
                    ProblemCode::Conflict,
                    format!("there is a tag `{to}` already"),
                )
                .hint(format!(
                    "make one of both: `aroom tag rename {tag} {to} --merge`"
                )));
            }
            TagEvent::Renamed { tag, to }
        }
        TagOp::Delete { tag } => TagEvent::Deleted { tag: used(&tag)? },
    };
    port.tell(Topic::Host, id, Event::Tag(event)).await
}

/// A tag as it is kept.
fn tag_name(text: &str) -> Result<String, Problem> {
    let name = text.trim().trim_start_matches('#').to_lowercase();
    let is_sign = |sign: char| sign.is_whitespace() || sign.is_control() || ",#".contains(sign);
    if name.is_empty() || name.chars().count() > TAG_CHARS || name.chars().any(is_sign) {
        let shown: String = text
            .chars()
            .filter(|sign| !sign.is_control())
            .take(80)
            .collect();
        return Err(Problem::new(
            ProblemCode::InvalidInput,
            format!(
                "`{shown}` is no tag: 1 to {TAG_CHARS} characters, without spaces, commas and `#`"
            ),
        )
        .hint("write several words with `-`: `to-read`"));
    }
    Ok(name)
}

/// Wishes about folders.
pub(crate) async fn folder(port: &Port, id: OpId, op: FolderOp) -> Result<(), Problem> {
    let folders = port.engine.storage.folders().await?;
    let event = match op {
        FolderOp::Create {
            name,
            parent,
            database,
        } => {
            let above = parent.map(|id| found(&folders, id)).transpose()?;
            let place = above.map_or(database.as_ref(), |above| above.database.as_ref());
            if database.is_some() && database.as_ref() != place {
                return Err(elsewhere());
            }
            let name = name_of(&name, "folder")?;
            FolderEvent::Created {
                folder: FolderView {
                    id: id.into(),
                    path: match above {
                        Some(above) => format!("{}/{name}", above.path),
                        None => name.clone(),
                    },
                    name,
                    parent,
                    database: place.cloned(),
                    conversations: 0,
                    created_at: port.engine.ambient.now(),
                },
            }
        }
        FolderOp::Rename { folder, name } => FolderEvent::Renamed {
            database: found(&folders, folder)?.database.clone(),
            name: name_of(&name, "folder")?,
            folder,
        },
        FolderOp::Move { folder, parent } => {
            let database = found(&folders, folder)?.database.clone();
            let above = parent.map(|id| found(&folders, id)).transpose()?;
            if above.is_some_and(|above| above.database != database) {
                return Err(elsewhere());
            }
            FolderEvent::Moved {
                folder,
                parent,
                database,
            }
        }
        FolderOp::Delete { folder } => FolderEvent::Deleted {
            database: found(&folders, folder)?.database.clone(),
            folder,
        },
    };
    port.tell(Topic::Host, id, Event::Folder(event)).await
}

fn found(folders: &[FolderView], id: FolderId) -> Result<&FolderView, Problem> {
    let found = folders.iter().find(|folder| folder.id == id);
    found.ok_or_else(|| {
        Problem::new(ProblemCode::NotFound, format!("there is no folder `{id}`"))
            .hint("`aroom folder list` shows all folders")
    })
}

fn elsewhere() -> Problem {
    Problem::new(
        ProblemCode::InvalidInput,
        "a folder and what is in it live in one database",
    )
    .hint("`aroom folder list --json` says which database each lives in")
}

/// A name of a folder or project as it is kept.
fn name_of(text: &str, noun: &str) -> Result<String, Problem> {
    let name = text.trim();
    let is_sign = |sign: char| sign.is_control() || sign == '/';
    if name.is_empty() || name.chars().count() > NAME_CHARS || name.chars().any(is_sign) {
        let shown: String = name
            .chars()
            .filter(|sign| !sign.is_control())
            .take(100)
            .collect();
        return Err(Problem::new(
            ProblemCode::InvalidInput,
            format!("`{shown}` is no name of a {noun}: 1 to {NAME_CHARS} characters, without `/`"),
        )
        .hint("choose another name"));
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_one_lower_case_word() {
        let cases: &[(&str, Option<&str>)] = &[
            ("rust", Some("rust")),
            (" #Rust ", Some("rust")),
            ("Größe", Some("größe")),
            ("c++", Some("c++")),
            ("q3/risks", Some("q3/risks")),
            ("", None),
            ("#", None),
            ("to read", None),
            ("a,b", None),
            ("a#b", None),
            ("a\u{7}b", None),
        ];
        for (text, wanted) in cases {
            assert_eq!(tag_name(text).ok().as_deref(), *wanted, "{text:?}");
        }
        assert!(tag_name(&"x".repeat(TAG_CHARS)).is_ok());
        assert!(tag_name(&"x".repeat(TAG_CHARS + 1)).is_err());
    }

    #[test]
    fn a_name_is_short_and_no_path() {
        assert_eq!(name_of(" Q3 risks ", "folder").unwrap(), "Q3 risks");
        for text in ["", "  ", "a/b", "a\nb", &"x".repeat(NAME_CHARS + 1)] {
            assert!(name_of(text, "folder").is_err(), "{text:?}");
        }
    }
}
