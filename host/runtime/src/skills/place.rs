//! Where skills lie, in the order in which they count.
//!
//! The user's own come first, so that no folder they work in can put other words behind a name they know; then
//! the workspace's, the nearest folder first, then what bundles brought, then the program's own.

use super::room::{Room, Unread};
use anteroom_api::SkillOrigin;
use std::path::{Path, PathBuf};

/// The folders of a workspace that hold skills, the first counting most.
pub(crate) const OF_WORKSPACE: [&str; 3] = [".anteroom/skills", ".agents/skills", ".claude/skills"];

/// One folder of skills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) origin: SkillOrigin,
    pub(crate) folder: PathBuf,
    /// Links lead nowhere but below this folder; none where they may lead anywhere.
    pub(crate) within: Option<PathBuf>,
}

/// The skills that a bundle brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bundled {
    /// The bundle's name.
    pub(crate) bundle: String,
    /// The folder that holds a folder for each skill.
    pub(crate) folder: PathBuf,
}

impl Place {
    pub(crate) fn room(&self) -> Result<Room, Unread> {
        let Some(within) = &self.within else {
            return Room::open(&self.folder);
        };
        let below = self.folder.strip_prefix(within);
        let below = below.map_err(|_| Unread::Missing)?;
        match below.as_os_str().is_empty() {
            true => Room::beneath(within, Path::new(".")),
            false => Room::beneath(within, below),
        }
    }
}

/// The user's own skills folder.
pub(crate) fn own(home: &Path) -> PathBuf {
    home.join("skills")
}

/// The folders that count in a workspace.
pub(crate) fn places(home: &Path, workspace: &Path, bundled: &[Bundled]) -> Vec<Place> {
    let mut places = vec![Place {
        origin: SkillOrigin::User,
        folder: own(home),
        within: None,
    }];
    for folder in crate::agent::instructions::folders(workspace) {
        places.extend(OF_WORKSPACE.iter().map(|name| Place {
            origin: SkillOrigin::Project,
            folder: folder.join(name),
            within: Some(folder.clone()),
        }));
    }
    places.extend(bundled.iter().map(|bundled| Place {
        origin: SkillOrigin::Bundle {
            bundle: bundled.bundle.clone(),
        },
        folder: bundled.folder.clone(),
        within: Some(bundled.folder.clone()),
    }));
    distinct(places)
}

/// One folder under several names counts once, by the first.
fn distinct(places: Vec<Place>) -> Vec<Place> {
    let mut seen = Vec::new();
    let is_new = |place: &Place| {
        let Ok(real) = place.folder.canonicalize() else {
            return false;
        };
        let is_new = !seen.contains(&real);
        seen.push(real);
        is_new
    };
    places.into_iter().filter(is_new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_own_come_first_and_each_folder_once() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let make = |path: &str| std::fs::create_dir_all(root.join(path)).unwrap();
        for path in [
            ".anteroom/skills",
            ".claude/skills",
            "repo/.git",
            "repo/.claude/skills",
            "repo/inner/.anteroom/skills",
            "bundle/skills",
        ] {
            make(path);
        }
        make("repo/.agents");
        std::os::unix::fs::symlink("../.claude/skills", root.join("repo/.agents/skills")).unwrap();
        let bundled = Bundled {
            bundle: "b".into(),
            folder: root.join("bundle/skills"),
        };
        let found = |workspace: &Path, bundled: &[Bundled]| {
            let places = places(&root.join(".anteroom"), workspace, bundled);
            let shown = places.into_iter().map(|place| {
                let folder = place.folder.strip_prefix(root).unwrap();
                format!("{}: {}", place.origin, folder.display())
            });
            shown.collect::<Vec<_>>()
        };
        let inner = root.join("repo/inner");
        assert_eq!(
            found(&inner, &[bundled]),
            [
                "user: .anteroom/skills",
                "project: repo/inner/.anteroom/skills",
                "project: repo/.agents/skills",
                "bundle b: bundle/skills",
            ]
        );
        // The user's folder as a workspace has the user's own skills, not a project's.
        assert_eq!(found(root, &[])[0], "user: .anteroom/skills");
        assert!(!found(root, &[]).contains(&"project: .anteroom/skills".to_owned()));
    }
}
