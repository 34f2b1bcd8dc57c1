//! What `.gitignore`, `.ignore` and git's own exclude file leave out, folder by folder. Lists nothing.

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::path::Path;

/// The ignore files a folder holds, as its listing tells: nobody asks for those that are not there.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Held {
    pub(super) ignore: bool,
    pub(super) git_ignore: bool,
    pub(super) git: bool,
}

/// The rules that hold where the walk is.
#[derive(Default)]
pub(super) struct Rules {
    /// Those of the upper folders first.
    levels: Vec<Level>,
}

/// The rules of one folder, in the order of their weight.
struct Level {
    depth: usize,
    by_weight: [Option<Gitignore>; 3],
}

impl Held {
    /// Of a folder that was not listed: each may be there.
    pub(super) const ALL: Self = Self {
        ignore: true,
        git_ignore: true,
        git: true,
    };
}

impl Rules {
    /// Forgets the rules of folders that do not lie above `depth`.
    pub(super) fn leave(&mut self, depth: usize) {
        self.levels.retain(|level| level.depth < depth);
    }

    /// Adds those of a folder. A rule that is broken is no rule.
    pub(super) fn enter(&mut self, folder: &Path, depth: usize, held: Held) {
        let read = |is_held: bool, name: &str| {
            if !is_held {
                return None;
            }
            let mut builder = GitignoreBuilder::new(folder);
            // What cannot be read, or only in part, leaves out less.
            let _ = builder.add(folder.join(name));
            builder.build().ok().filter(|rules| !rules.is_empty())
        };
        let by_weight = [
            read(held.ignore, ".ignore"),
            read(held.git_ignore, ".gitignore"),
            read(held.git, ".git/info/exclude"),
        ];
        if by_weight.iter().any(Option::is_some) {
            self.levels.push(Level { depth, by_weight });
        }
    }

    /// Whether an entry is left out: the last word has the innermost folder that says something, and `.ignore`
    /// anywhere before `.gitignore`.
    pub(super) fn is_ignored(&self, path: &Path, is_folder: bool) -> bool {
        (0..3)
            .find_map(|weight| {
                let levels = self.levels.iter().rev();
                levels
                    .filter_map(|level| level.by_weight.get(weight)?.as_ref())
                    .map(|rules| rules.matched(path, is_folder))
                    .find(|found| !found.is_none())
            })
            .is_some_and(|found| found.is_ignore())
    }
}
