//! Goes through a folder, the files of each folder before what lies deeper. Follows no link.
//!
//! A folder is listed whole before anything in it is looked at, so that only ignore files that are there are
//! opened; in a sandbox each one that is asked for in vain costs as much as a file.

use super::rules::{Held, Rules};
use ignore::types::Types;
use std::ffi::{OsStr, OsString};
use std::fs::{self, FileType};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Something that is not a folder.
#[derive(Debug)]
pub(crate) struct Entry {
    path: PathBuf,
    kind: FileType,
}

/// The entries below a root.
pub(crate) struct Tree {
    types: Types,
    rules: Rules,
    /// Folders still to be listed, the next one last, with how deep they lie.
    folders: Vec<(PathBuf, usize)>,
    /// What was found in the folder listed last, the next one last.
    found: Vec<io::Result<Entry>>,
}

/// Depth of the root; what lies above it is less deep.
const ROOT: usize = 1;

impl Entry {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn is_file(&self) -> bool {
        self.kind.is_file()
    }

    /// When it was changed last; of a link, the link itself. Long ago if that cannot be known.
    pub(crate) fn changed_at(&self) -> SystemTime {
        fs::symlink_metadata(&self.path)
            .and_then(|metadata| metadata.modified())
            .unwrap_or(SystemTime::UNIX_EPOCH)
    }
}

impl Tree {
    /// `root` is followed if it is a link, and is never left out itself. The rules of `upper` hold below it.
    pub(super) fn new(root: PathBuf, upper: &[PathBuf]) -> Self {
        let mut tree = Self {
            types: Types::empty(),
            rules: Rules::default(),
            folders: Vec::new(),
            found: Vec::new(),
        };
        match fs::metadata(&root) {
            Ok(metadata) if metadata.is_dir() => {
                for folder in upper {
                    tree.rules.enter(folder, ROOT - 1, Held::ALL);
                }
                tree.folders.push((root, ROOT));
            }
            Ok(metadata) => tree.found.push(Ok(Entry {
                path: root,
                kind: metadata.file_type(),
            })),
            Err(error) => tree.found.push(Err(error)),
        }
        tree
    }

    /// Leaves out what is not of these types.
    pub(crate) fn only(&mut self, types: Types) {
        self.types = types;
    }

    fn list(&mut self, folder: &Path, depth: usize) -> io::Result<()> {
        let mut held = Held::default();
        let mut listed: Vec<(OsString, FileType)> = Vec::new();
        for entry in fs::read_dir(folder)? {
            match entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?))) {
                Ok((name, kind)) if name == ".git" => held.git = kind.is_dir(),
                Ok((name, kind)) => {
                    held.ignore |= name == ".ignore";
                    held.git_ignore |= name == ".gitignore";
                    listed.push((name, kind));
                }
                Err(error) => self.found.push(Err(error)),
            }
        }
        self.rules.leave(depth);
        self.rules.enter(folder, depth, held);
        for (name, kind) in listed.into_iter().rev() {
            let path = child(folder, &name);
            let is_folder = kind.is_dir();
            if self.rules.is_ignored(&path, is_folder)
                || self.types.matched(&path, is_folder).is_ignore()
            {
                continue;
            }
            if is_folder {
                self.folders.push((path, depth + 1));
            } else {
                self.found.push(Ok(Entry { path, kind }));
            }
        }
        Ok(())
    }
}

impl Iterator for Tree {
    type Item = io::Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(found) = self.found.pop() {
                return Some(found);
            }
            let (folder, depth) = self.folders.pop()?;
            if let Err(error) = self.list(&folder, depth) {
                return Some(Err(error));
            }
        }
    }
}

/// Spelled as short as it goes.
fn child(folder: &Path, name: &OsStr) -> PathBuf {
    if folder == Path::new(".") {
        return PathBuf::from(name);
    }
    folder.join(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The paths found below `root` in a folder with these files.
    #[track_caller]
    fn check(files: &[(&str, &str)], root: &str, expected: &[&str]) {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let mut found: Vec<String> = Tree::new(folder.path().join(root), &[])
            .map(|entry| {
                let entry = entry.unwrap();
                let below = entry.path().strip_prefix(folder.path()).unwrap();
                below.to_str().unwrap().to_owned()
            })
            .filter(|path| !path.ends_with("ignore"))
            .collect();
        found.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_innermost_rule_has_the_last_word() {
        check(
            &[
                (".gitignore", "*.log\n/top\n"),
                ("a.log", ""),
                ("top", ""),
                ("sub/.gitignore", "!kept.log\n"),
                ("sub/kept.log", ""),
                ("sub/other.log", ""),
                ("sub/top", ""),
                ("sub/deep/kept.log", ""),
                // The rules of a folder end with it.
                ("tub/kept.log", ""),
            ],
            ".",
            &["sub/deep/kept.log", "sub/kept.log", "sub/top"],
        );
    }

    #[test]
    fn an_ignore_file_goes_before_git_and_git_before_its_exclude_file() {
        check(
            &[
                (".ignore", "!a\nb\n"),
                (".gitignore", "!c\n"),
                (".git/info/exclude", "c\nd\n"),
                ("sub/.gitignore", "a\n!b\n"),
                ("sub/a", ""),
                ("sub/b", ""),
                ("sub/c", ""),
                ("sub/d", ""),
                (".git/a", ""),
            ],
            "",
            &["sub/a", "sub/c"],
        );
    }

    #[test]
    fn folders_are_left_out_whole_and_only_folders_if_it_says_so() {
        check(
            &[
                (".gitignore", "out/\n**/gen\n"),
                ("out/x", ""),
                ("sub/out", ""),
                ("sub/gen/y", ""),
                ("z", ""),
            ],
            ".",
            &["sub/out", "z"],
        );
        check(&[(".gitignore", "z\n"), ("z", "")], "z", &["z"]);
    }

    #[test]
    fn links_are_entries_and_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("sub")).unwrap();
        fs::write(folder.path().join("sub/a"), "").unwrap();
        std::os::unix::fs::symlink(".", folder.path().join("sub/loop")).unwrap();
        let entries: Vec<Entry> = Tree::new(folder.path().to_owned(), &[])
            .map(Result::unwrap)
            .collect();
        let files = entries.iter().filter(|entry| entry.is_file()).count();
        assert_eq!((entries.len(), files), (2, 1));
        // The root itself is, if it is a link.
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("sub", &link).unwrap();
        assert_eq!(Tree::new(link, &[]).count(), 2);
    }

    #[test]
    fn what_cannot_be_listed_is_told() {
        let absent = Tree::new(PathBuf::from("/nowhere/at/all"), &[]);
        let kinds: Vec<_> = absent.map(|entry| entry.unwrap_err().kind()).collect();
        assert_eq!(kinds, [io::ErrorKind::NotFound]);
    }

    fn names() -> impl Strategy<Value = String> {
        let name = prop::sample::select(vec!["a", "b", "ab", ".c", "out"]);
        prop::collection::vec(name, 1..4).prop_map(|names| names.join("/"))
    }

    fn rules() -> impl Strategy<Value = String> {
        let start = prop::sample::select(vec!["", "!", "/", "!/", "**/", "*"]);
        let end = prop::sample::select(vec!["", "/", "/**", "/*", "*"]);
        let rule =
            (start, names(), end).prop_map(|(start, name, end)| format!("{start}{name}{end}"));
        prop::collection::vec(rule, 0..4).prop_map(|rules| rules.join("\n"))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]

        #[test]
        fn it_finds_what_ripgrep_finds(
            files in prop::collection::vec(names(), 1..12),
            ignores in prop::collection::vec(
                (prop::sample::select(vec!["", "a/", "a/b/", "out/", ".c/"]),
                 prop::sample::select(vec![".ignore", ".gitignore", ".git/info/exclude"]),
                 rules()),
                0..6,
            ),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let empty = files.iter().map(|path| (path.clone(), ""));
            let rules = ignores.iter().map(|(at, name, text)| (format!("{at}{name}"), text.as_str()));
            for (path, text) in empty.chain(rules) {
                // One may be where another one needs a folder.
                let path = folder.path().join(path);
                let _ = fs::create_dir_all(path.parent().unwrap());
                let _ = fs::write(path, text);
            }
            let mut found: Vec<PathBuf> = Tree::new(folder.path().to_owned(), &[])
                .map(|entry| entry.unwrap().path)
                .collect();
            let walk = ignore::WalkBuilder::new(folder.path())
                .hidden(false)
                .git_global(false)
                .require_git(false)
                .parents(false)
                .filter_entry(|entry| entry.depth() == 0 || entry.file_name() != ".git")
                .build();
            let mut expected: Vec<PathBuf> = walk
                .map(Result::unwrap)
                .filter(|entry| !entry.file_type().unwrap().is_dir())
                .map(ignore::DirEntry::into_path)
                .collect();
            found.sort();
            expected.sort();
            prop_assert_eq!(found, expected);
        }
    }
}
