//! The files beside a skill: listed, and lent to the tools of a conversation.
//!
//! What tools may read in the workspace they read where it lies. Everything else, above all what lies in the user's
//! own folders, is copied into the conversation's private folder when the skill is taken up: tools and commands
//! reach it there, and nothing else of those folders.

use super::find::{FILE, Home};
use super::room::{Room, Unread};
use anteroom_gate::{FilePath, Gate, NamedVerdict};
use std::path::Path;

/// Files beside one skill.
const MAX_FILES: usize = 64;
/// Folders below each other.
const MAX_DEPTH: usize = 4;
/// Bytes of one file.
const MAX_FILE_BYTES: u64 = 4 << 20;
/// Bytes of all of them together.
const MAX_BYTES: usize = 8 << 20;

/// A skill's files as tools can read them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lent {
    /// Relative to the workspace, or absolute.
    pub(crate) folder: String,
    /// Relative to the folder, sorted.
    pub(crate) files: Vec<String>,
    /// What was left out, in words.
    pub(crate) left_out: Option<String>,
}

/// The names of a skill's files, relative to its folder and sorted.
pub(crate) fn list(home: &Home) -> Vec<String> {
    let mut files = Vec::new();
    if let Ok(room) = home.room() {
        walk(&room, "", 0, &mut files);
    }
    files
}

fn walk(room: &Room, above: &str, depth: usize, files: &mut Vec<String>) {
    for entry in room.entries().unwrap_or_default() {
        if files.len() >= MAX_FILES {
            return;
        }
        let path = format!("{above}{}", entry.name);
        if !entry.is_folder {
            if path != FILE {
                files.push(path);
            }
        } else if depth < MAX_DEPTH
            && let Ok(inner) = room.inner(&entry.name)
        {
            walk(&inner, &format!("{path}/"), depth + 1, files);
        }
    }
}

/// Where the tools of a conversation work.
pub(crate) struct Reach<'a> {
    pub(crate) workspace: &'a Path,
    pub(crate) gate: &'a Gate,
    /// The conversation's private folder.
    pub(crate) temp: &'a Path,
    /// A name in it that nothing has yet.
    pub(crate) fresh: &'a str,
}

/// Lends a skill's files; none if it has none.
pub(crate) fn lend(home: &Home, reach: &Reach<'_>) -> Option<Lent> {
    let files = list(home);
    if files.is_empty() {
        return None;
    }
    if let Some(folder) = in_workspace(home, reach) {
        return Some(Lent {
            folder,
            files,
            left_out: None,
        });
    }
    let copied = copy(home, &files, reach);
    Some(copied.unwrap_or_else(|error| {
        tracing::warn!(%error, skill = %home.name, "the files of a skill could not be copied");
        Lent {
            folder: String::new(),
            files: Vec::new(),
            left_out: Some(format!("its files could not be copied: {error}")),
        }
    }))
}

/// Its folder as tools spell it, if they may read there without being asked.
fn in_workspace(home: &Home, reach: &Reach<'_>) -> Option<String> {
    let real = home.path().canonicalize().ok()?;
    let workspace = reach.workspace.canonicalize().ok()?;
    let below = real.strip_prefix(workspace).ok()?.to_str()?.to_owned();
    let verdict = reach.gate.judge_named(&FilePath::Workspace(below.clone()));
    (verdict == NamedVerdict::Allow { brings: None }).then_some(below)
}

fn copy(home: &Home, files: &[String], reach: &Reach<'_>) -> Result<Lent, Unread> {
    let from = home.room()?;
    // Commands can write there: nothing that they may have prepared is written into.
    let to = Room::open(reach.temp)?.make(reach.fresh)?;
    let mut room = MAX_BYTES;
    let (mut copied, mut left_out) = (Vec::new(), Vec::new());
    for path in files {
        match copy_one((&from, &to), path, room) {
            Ok(bytes) => {
                room = room.saturating_sub(bytes);
                copied.push(path.clone());
            }
            Err(error) => left_out.push(format!("`{}` ({error})", anteroom_gate::visible(path))),
        }
    }
    Ok(Lent {
        folder: reach.temp.join(reach.fresh).display().to_string(),
        files: copied,
        left_out: (!left_out.is_empty()).then(|| format!("left out: {}", left_out.join(", "))),
    })
}

fn copy_one((from, to): (&Room, &Room), path: &str, room: usize) -> Result<usize, Unread> {
    let (mut from, mut to) = (from.again()?, to.again()?);
    let mut names = path.split('/').peekable();
    while let Some(name) = names.next() {
        if names.peek().is_none() {
            let most = MAX_FILE_BYTES.min(room as u64);
            let content = from.read(name, most)?;
            to.write(name, &content)?;
            return Ok(content.bytes.len());
        }
        from = from.inner(name)?;
        to = match to.make(name) {
            // An earlier file of the same folder made it.
            Err(Unread::Failed(rustix::io::Errno::EXIST)) => to.inner(name)?,
            made => made?,
        };
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::skills::place::Place;
    use anteroom_api::SkillOrigin;
    use anteroom_gate::{Memory, Place as GatePlace, Policy};
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    fn write(path: &Path, text: &str) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn files_are_lent_where_tools_may_read_them() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let (workspace, temp) = (root.join("repo"), root.join("temp"));
        std::fs::create_dir_all(&temp).unwrap();
        let own = root.join("home/skills");
        for skills in [
            &own,
            &workspace.join(".claude/skills"),
            &workspace.join(".anteroom/skills"),
        ] {
            write(&skills.join("a/SKILL.md"), "x");
            write(&skills.join("a/scripts/run.sh"), "echo");
            write(&skills.join("a/notes.md"), "notes");
            write(&skills.join("a/.env"), "key");
            symlink("/etc/hosts", skills.join("a/led")).unwrap();
        }
        let script = own.join("a/scripts/run.sh");
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
        let place = GatePlace {
            workspace: workspace.clone(),
            ..GatePlace::default()
        };
        let gate = Gate::new(Policy::default(), place, Memory::default()).unwrap();
        let lent = |skills: &Path, within: Option<&Path>, fresh: &str| {
            let home = Home {
                place: Place {
                    origin: SkillOrigin::Project,
                    folder: skills.to_owned(),
                    within: within.map(Path::to_owned),
                },
                name: "a".to_owned(),
            };
            let reach = Reach {
                workspace: &workspace,
                gate: &gate,
                temp: &temp,
                fresh,
            };
            lend(&home, &reach).unwrap()
        };
        let there = lent(&workspace.join(".claude/skills"), Some(&workspace), "one");
        assert_eq!(there.folder, ".claude/skills/a");
        assert_eq!(there.files, ["led", "notes.md", "scripts/run.sh"]);
        // Tools would have to ask for each file there.
        let copied = lent(&workspace.join(".anteroom/skills"), Some(&workspace), "two");
        assert_eq!(copied.folder, temp.join("two").display().to_string());
        assert_eq!(copied.files, ["notes.md", "scripts/run.sh"]);
        assert!(copied.left_out.unwrap().contains("`led` (it is a link"));
        let own = lent(&own, None, "three");
        let mode = |path: &str| {
            temp.join("three")
                .join(path)
                .metadata()
                .unwrap()
                .permissions()
                .mode()
        };
        assert_eq!(mode("scripts/run.sh") & 0o777, 0o700);
        assert_eq!(mode("notes.md") & 0o777, 0o600);
        assert!(
            own.files.contains(&"led".to_owned()),
            "the user's links are the user's"
        );
        assert!(!temp.join("three/.env").exists());
    }

    #[test]
    fn what_a_command_prepared_is_not_written_into() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        write(&root.join("s/a/SKILL.md"), "x");
        write(&root.join("s/a/b.md"), "y");
        std::fs::create_dir_all(root.join("temp")).unwrap();
        std::fs::create_dir_all(root.join("victim")).unwrap();
        symlink(root.join("victim"), root.join("temp/fresh")).unwrap();
        let gate = GatePlace {
            workspace: root.join("repo"),
            ..GatePlace::default()
        };
        let gate = Gate::new(Policy::default(), gate, Memory::default()).unwrap();
        let home = Home {
            place: Place {
                origin: SkillOrigin::User,
                folder: root.join("s"),
                within: None,
            },
            name: "a".to_owned(),
        };
        let reach = Reach {
            workspace: &root.join("repo"),
            gate: &gate,
            temp: &root.join("temp"),
            fresh: "fresh",
        };
        let lent = lend(&home, &reach).unwrap();
        assert!(lent.files.is_empty() && lent.left_out.is_some());
        assert!(!root.join("victim/b.md").exists());
    }
}
