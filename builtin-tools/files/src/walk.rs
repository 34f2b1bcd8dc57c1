//! Going through the files of a folder the way a developer means it: without what `.gitignore` and `.ignore` leave
//! out, in a Git repository or not, and without `.git`; hidden files included.

mod rules;
mod tree;

use anteroom_sdk::{Context, ToolError, explain};
use globset::{GlobBuilder, GlobMatcher};
use std::io;
use std::path::{Path, PathBuf};
pub(crate) use tree::Tree;

/// A walk below `root`. What the folders above it leave out, up to the workspace, is left out below it too.
pub(crate) fn tree(context: &Context, root: &Path) -> Tree {
    let mut upper = Vec::new();
    // Outside the workspace, looking into each parent would ask the person for each.
    if context.is_inside(root) && root != Path::new(".") {
        let is_inside =
            |folder: &&Path| folder.is_relative() || folder.starts_with(&context.workspace);
        upper.extend(
            root.ancestors()
                .skip(1)
                .take_while(is_inside)
                .map(|folder| {
                    let is_workspace = folder.as_os_str().is_empty();
                    PathBuf::from(if is_workspace { Path::new(".") } else { folder })
                }),
        );
        upper.reverse();
    }
    Tree::new(root.to_owned(), &upper)
}

/// The folder or file to look in, which must exist.
pub(crate) fn root(context: &Context, path: Option<&str>) -> Result<PathBuf, ToolError> {
    let root = context.path(path.unwrap_or("."))?;
    match std::fs::metadata(&root) {
        Ok(_) => Ok(root),
        Err(error) => Err(explain(context, "look into", &root, &error)),
    }
}

/// What the walk could not look into, for the last line of a result.
#[derive(Default)]
pub(crate) struct Trouble {
    count: usize,
}

impl Trouble {
    pub(crate) fn add(&mut self, error: &io::Error) {
        // It went away meanwhile.
        if error.kind() != io::ErrorKind::NotFound {
            self.count += 1;
        }
    }

    pub(crate) fn tell(&self) -> Option<String> {
        match self.count {
            0 => None,
            count => Some(format!("{count} files or folders could not be read")),
        }
    }
}

/// A glob as models write it: without a `/` it means the name, anywhere; else the path below the folder looked in
/// or below the workspace. A `!` in front turns it around.
pub(crate) struct Pattern {
    matcher: GlobMatcher,
    is_name: bool,
    is_negative: bool,
}

impl Pattern {
    pub(crate) fn new(context: &Context, text: &str) -> Result<Self, ToolError> {
        let (is_negative, text) = match text.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let workspace = context.workspace.to_string_lossy();
        let text = match text.strip_prefix(workspace.as_ref()) {
            Some(rest) if rest.starts_with('/') => rest.trim_start_matches('/'),
            _ => text.strip_prefix("./").unwrap_or(text),
        };
        if text.is_empty() {
            return Err(ToolError::invalid_args(
                "the pattern is empty; give a glob, for example `src/**/*.rs`",
            ));
        }
        let glob = if text.ends_with('/') {
            format!("{text}**")
        } else {
            text.to_owned()
        };
        let matcher = GlobBuilder::new(&glob)
            .literal_separator(true)
            .empty_alternates(true)
            .build()
            .map_err(|error| ToolError::invalid_args(format!("the glob does not work: {error}")))?
            .compile_matcher();
        Ok(Self {
            matcher,
            is_name: !glob.contains('/'),
            is_negative,
        })
    }

    /// `path` is an entry of a walk below `root`.
    pub(crate) fn is_match(&self, context: &Context, root: &Path, path: &Path) -> bool {
        let is_match = if self.is_name {
            path.file_name()
                .is_some_and(|name| self.matcher.is_match(name))
        } else {
            let below = path.strip_prefix(root).unwrap_or(path);
            let below = below.strip_prefix(".").unwrap_or(below);
            self.matcher.is_match(below)
                || (root != Path::new(".") && self.matcher.is_match(context.show(path)))
        };
        is_match != self.is_negative
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, root: &str, path: &str, expected: bool) {
        let context = Context::for_tests("/w");
        let pattern = Pattern::new(&context, pattern).unwrap();
        assert_eq!(
            pattern.is_match(&context, Path::new(root), Path::new(path)),
            expected
        );
    }

    #[test]
    fn globs_mean_what_models_mean() {
        check("*.rs", ".", "./src/a.rs", true);
        check("*.rs", ".", "./src/a.rst", false);
        check("src/*.rs", ".", "./src/a.rs", true);
        check("src/*.rs", ".", "./src/b/a.rs", false);
        check("src/**/*.rs", ".", "./src/a.rs", true);
        check("src/**/*.rs", "src", "src/b/a.rs", true);
        check("b/*.rs", "src", "src/b/a.rs", true);
        check("./src/*.rs", ".", "./src/a.rs", true);
        check("/w/src/*.rs", ".", "./src/a.rs", true);
        check("src/", ".", "./src/b/a.rs", true);
        check("**/*.{ts,tsx}", ".", "./a.tsx", true);
        check("!*.rs", ".", "./src/a.rs", false);
        check("!*.rs", ".", "./src/a.py", true);
        check("Makefile", ".", "./sub/Makefile", true);
    }

    #[test]
    fn broken_globs_are_refused() {
        for text in ["", "!", "a[", "{a"] {
            assert!(
                Pattern::new(&Context::for_tests("/w"), text).is_err(),
                "{text}"
            );
        }
    }
}
