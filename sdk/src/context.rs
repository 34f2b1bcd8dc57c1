//! What the host says about a call, and where the paths a model writes lead.

use crate::ToolError;
use crate::bindings::anteroom::tool::types::CallContext;
use std::path::{Component, Path, PathBuf};

/// Where the host offers the file system's root, for paths outside the workspace. Opening a file there asks a person.
const OUTSIDE: &str = "/@outside";

/// One call, as the host describes it.
#[derive(Clone, Debug)]
pub struct Context {
    /// The call's id.
    pub call_id: String,
    /// The conversation's id.
    pub conversation_id: String,
    /// The workspace, absolute; also the folder that relative paths start from.
    pub workspace: PathBuf,
    /// A private folder of this conversation, absolute, readable and writable without asking.
    pub temp: PathBuf,
    /// Characters of text the model will be shown; the host cuts what is longer.
    pub max_output: usize,
}

/// Where a path leads.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// Relative to the workspace.
    Workspace(PathBuf),
    /// Absolute, in the private folder.
    Temp(PathBuf),
    /// Absolute, anywhere else.
    Outside(PathBuf),
}

impl Context {
    /// The path to open for what the model wrote.
    ///
    /// Shape: a path in the workspace, spelled relatively or absolutely, comes back relative; one in [`Self::temp`]
    /// stays absolute; any other leads through `/@outside`, where the host asks a person before it opens anything.
    /// Natively, in unit tests, the workspace's own absolute path is put in front, as there is no sandbox.
    ///
    /// # Errors
    /// `invalid-args` for an empty path, one with a NUL, and one that begins with `~`, which no tool expands.
    ///
    /// ```
    /// use anteroom_sdk::Context;
    ///
    /// let context = Context::for_tests("/work");
    /// let path = context.path("./src/../notes.md")?;
    /// assert_eq!(context.show(&path), "notes.md");
    /// assert!(context.is_inside(&path) && !context.is_inside(&context.path("/etc/hosts")?));
    /// assert!(context.path("~/notes.md").is_err());
    /// # Ok::<(), anteroom_sdk::ToolError>(())
    /// ```
    pub fn path(&self, text: &str) -> Result<PathBuf, ToolError> {
        Ok(match self.place(text)? {
            Place::Workspace(path) if cfg!(target_family = "wasm") => path,
            Place::Workspace(path) => self.workspace.join(path),
            Place::Temp(path) => path,
            Place::Outside(path) if cfg!(target_family = "wasm") => outside(&path),
            Place::Outside(path) => path,
        })
    }

    /// A path as the model and the person know it: relative in the workspace, absolute elsewhere, `/` between parts.
    #[must_use]
    pub fn show(&self, path: &Path) -> String {
        if let Ok(rest) = path.strip_prefix(OUTSIDE) {
            return Path::new("/").join(rest).to_string_lossy().into_owned();
        }
        let path = path.strip_prefix(&self.workspace).unwrap_or(path);
        let path = path.strip_prefix(".").unwrap_or(path);
        if path.as_os_str().is_empty() {
            return ".".to_owned();
        }
        path.to_string_lossy().into_owned()
    }

    /// Whether a path that [`Self::path`] gave lies in the workspace.
    #[must_use]
    pub fn is_inside(&self, path: &Path) -> bool {
        path.is_relative() || path.starts_with(&self.workspace)
    }

    /// A context for native unit tests, with this folder as the workspace.
    #[must_use]
    pub fn for_tests(workspace: impl Into<PathBuf>) -> Self {
        let workspace = workspace.into();
        Self {
            call_id: "call".to_owned(),
            conversation_id: "conversation".to_owned(),
            temp: workspace.join(".temp"),
            workspace,
            max_output: 100_000,
        }
    }

    fn place(&self, text: &str) -> Result<Place, ToolError> {
        if text.is_empty() || text.contains('\0') {
            return Err(ToolError::invalid_args(
                "the path is empty; give one relative to the workspace, for example `src/main.rs`",
            ));
        }
        if text == "~" || text.starts_with("~/") {
            return Err(ToolError::invalid_args(format!(
                "`~` is not expanded in `{text}`; write the absolute path, or one relative to the workspace `{}`",
                self.workspace.display()
            )));
        }
        let written = Path::new(text);
        // Only the lexical meaning of `..` decides the root; the host resolves it again, links included.
        let absolute = normalize(&self.workspace.join(written));
        if let Ok(rest) = absolute.strip_prefix(&self.workspace) {
            let kept = match written.strip_prefix(&self.workspace) {
                Ok(rest) if !climbs(rest) => rest,
                _ if written.is_relative() && !climbs(written) => written,
                _ => rest,
            };
            let kept = kept.strip_prefix(".").unwrap_or(kept);
            let is_root = kept.as_os_str().is_empty();
            return Ok(Place::Workspace(if is_root {
                PathBuf::from(".")
            } else {
                kept.to_path_buf()
            }));
        }
        if absolute.starts_with(&self.temp) {
            return Ok(Place::Temp(absolute));
        }
        Ok(Place::Outside(absolute))
    }
}

impl From<CallContext> for Context {
    fn from(context: CallContext) -> Self {
        Self {
            call_id: context.call_id,
            conversation_id: context.conversation_id,
            workspace: PathBuf::from(context.workspace),
            temp: PathBuf::from(context.temp),
            max_output: context.max_output as usize,
        }
    }
}

fn outside(path: &Path) -> PathBuf {
    Path::new(OUTSIDE).join(path.strip_prefix("/").unwrap_or(path))
}

/// Whether the path has a `..`, or an absolute part that is not its first.
fn climbs(path: &Path) -> bool {
    path.components().any(|part| part == Component::ParentDir)
}

/// Takes out `.` and `..` by the words alone; `..` at the root stays at the root.
fn normalize(path: &Path) -> PathBuf {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> Context {
        Context {
            temp: PathBuf::from("/tmp/anteroom/c1"),
            ..Context::for_tests("/home/ada/project")
        }
    }

    #[track_caller]
    fn check(text: &str, expected: Place) {
        assert_eq!(context().place(text).unwrap(), expected, "{text}");
    }

    #[test]
    fn paths_lead_where_they_say() {
        let workspace = |path: &str| Place::Workspace(PathBuf::from(path));
        check("src/main.rs", workspace("src/main.rs"));
        check("./src/main.rs", workspace("src/main.rs"));
        check(".", workspace("."));
        check("./", workspace("."));
        check("/home/ada/project", workspace("."));
        check("/home/ada/project/", workspace("."));
        check("/home/ada/project/src/a b.rs", workspace("src/a b.rs"));
        check("src/../Cargo.toml", workspace("Cargo.toml"));
        check("../project/a", workspace("a"));
        check("..hidden/a", workspace("..hidden/a"));
        check("~x", workspace("~x"));
        check(
            "/tmp/anteroom/c1/out.txt",
            Place::Temp(PathBuf::from("/tmp/anteroom/c1/out.txt")),
        );
        let outside = |path: &str| Place::Outside(PathBuf::from(path));
        check("/etc/hosts", outside("/etc/hosts"));
        check("/home/ada/project2/a", outside("/home/ada/project2/a"));
        check("/home/ada/project/../x", outside("/home/ada/x"));
        check("../x", outside("/home/ada/x"));
        check("../../../../../x", outside("/x"));
        check("/tmp/anteroom/c1/../c2/x", outside("/tmp/anteroom/c2/x"));
    }

    #[test]
    fn some_paths_are_refused_in_words() {
        for (text, words) in [
            ("", "empty"),
            ("a\0b", "empty"),
            ("~/x", "absolute path"),
            ("~", "`~`"),
        ] {
            match context().place(text) {
                Err(ToolError::InvalidArgs(error)) => assert!(error.contains(words), "{error}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_is_outside_goes_through_its_own_root() {
        assert_eq!(
            outside(Path::new("/etc/hosts")),
            Path::new("/@outside/etc/hosts")
        );
    }

    #[test]
    fn paths_are_shown_as_they_are_known() {
        for (path, shown) in [
            ("src/a.rs", "src/a.rs"),
            ("./src/a.rs", "src/a.rs"),
            (".", "."),
            ("/home/ada/project/src/a.rs", "src/a.rs"),
            ("/home/ada/project", "."),
            ("/@outside/etc/hosts", "/etc/hosts"),
            ("/tmp/anteroom/c1/x", "/tmp/anteroom/c1/x"),
        ] {
            assert_eq!(context().show(Path::new(path)), shown);
        }
    }
}
