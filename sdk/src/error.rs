//! Failures in words that tell the model what to do next.

use crate::{Context, ToolError};
use std::io;
use std::path::Path;

/// Near names are looked for among this many entries of a folder; a larger one is only sampled.
const ENTRIES_LOOKED_AT: usize = 2_000;
/// More than this many near names would be a listing.
const NAMES_TOLD: usize = 3;

/// ```
/// use anteroom_sdk::ToolError;
///
/// let error = ToolError::not_found("there is no town `Olso`; there is `Oslo`");
/// assert_eq!(error.words(), "there is no town `Olso`; there is `Oslo`");
/// ```
impl ToolError {
    /// The arguments make no sense.
    pub fn invalid_args(words: impl Into<String>) -> Self {
        Self::InvalidArgs(words.into())
    }

    /// What the arguments name does not exist.
    pub fn not_found(words: impl Into<String>) -> Self {
        Self::NotFound(words.into())
    }

    /// The gate, a person or a missing grant said no.
    pub fn denied(words: impl Into<String>) -> Self {
        Self::Denied(words.into())
    }

    /// Anything else.
    pub fn failed(words: impl Into<String>) -> Self {
        Self::Failed(words.into())
    }

    /// The words alone.
    #[must_use]
    pub fn words(&self) -> &str {
        let (Self::InvalidArgs(words)
        | Self::NotFound(words)
        | Self::Denied(words)
        | Self::Failed(words)) = self;
        words
    }
}

/// Without the path; [`explain`] says more.
impl From<io::Error> for ToolError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NotFound(error.to_string()),
            io::ErrorKind::PermissionDenied => Self::Denied(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}

/// Says what a file operation could not do, and what to try instead.
///
/// Shape: `attempt` completes "could not": `explain(context, "read", path, &error)`. What is missing names what is
/// called alike in the nearest folder that exists.
///
/// ```
/// use anteroom_sdk::{Context, ToolError, explain};
///
/// let context = Context::for_tests(std::env::temp_dir());
/// let path = context.path("not-there.csv")?;
/// let error = std::fs::read(&path).unwrap_err();
/// assert!(matches!(explain(&context, "read", &path, &error), ToolError::NotFound(_)));
/// # Ok::<(), ToolError>(())
/// ```
#[must_use]
pub fn explain(context: &Context, attempt: &str, path: &Path, error: &io::Error) -> ToolError {
    let shown = context.show(path);
    match error.kind() {
        io::ErrorKind::NotFound => ToolError::NotFound(missing(context, &shown, path)),
        io::ErrorKind::PermissionDenied => ToolError::Denied(format!(
            "not allowed to {attempt} `{shown}`: it is protected, outside what may be used, or a person said no; do \
             not try it in another way, ask the person instead"
        )),
        io::ErrorKind::NotADirectory => ToolError::NotFound(format!(
            "could not {attempt} `{shown}`: a part of the path before the last is a file, not a folder"
        )),
        io::ErrorKind::IsADirectory => ToolError::InvalidArgs(format!(
            "could not {attempt} `{shown}`: it is a folder, not a file"
        )),
        io::ErrorKind::AlreadyExists => ToolError::Failed(format!(
            "could not {attempt} `{shown}`: something of that name exists already"
        )),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ToolError::Failed(format!(
            "could not {attempt} `{shown}`: the disk is full; tell the person"
        )),
        io::ErrorKind::ReadOnlyFilesystem => ToolError::Failed(format!(
            "could not {attempt} `{shown}`: the file system is read-only; tell the person"
        )),
        _ => ToolError::Failed(format!("could not {attempt} `{shown}`: {error}")),
    }
}

fn missing(context: &Context, shown: &str, path: &Path) -> String {
    let mut child = path;
    while let Some(parent) = child.parent() {
        let folder = if parent.as_os_str().is_empty() {
            Path::new(".")
        } else {
            parent
        };
        let wanted = child
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let Ok(entries) = std::fs::read_dir(folder) else {
            child = parent;
            continue;
        };
        let names: Vec<String> = entries
            .take(ENTRIES_LOOKED_AT)
            .filter_map(Result::ok)
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        let place = match context.show(folder).as_str() {
            "." => "the workspace".to_owned(),
            other => format!("`{other}`"),
        };
        let near = near_names(&wanted, &names);
        let is_last = child == path;
        let what = if is_last {
            format!("there is no `{shown}`")
        } else {
            format!("there is no `{shown}`, because {place} has no `{wanted}`")
        };
        return match near.as_slice() {
            [] if is_last => format!("{what}; look with `glob_files` for where it is"),
            [] => format!("{what}; look with `glob_files` for the right folder"),
            near => format!("{what}; {place} has {}", near.join(", ")),
        };
    }
    format!("there is no `{shown}`")
}

/// The names most like the wanted one, the best first, in backticks.
fn near_names(wanted: &str, names: &[String]) -> Vec<String> {
    let wanted_lower = wanted.to_lowercase();
    let mut scored: Vec<(usize, &String)> = names
        .iter()
        .filter_map(|name| {
            let lower = name.to_lowercase();
            let stem = |text: &str| text.split('.').next().unwrap_or_default().to_owned();
            let score = distance(&wanted_lower, &lower);
            let is_alike = score * 3 <= wanted_lower.chars().count().max(lower.chars().count());
            let is_same_stem = !stem(&lower).is_empty() && stem(&wanted_lower) == stem(&lower);
            (is_alike || is_same_stem).then_some((score, name))
        })
        .collect();
    scored.sort();
    scored
        .into_iter()
        .take(NAMES_TOLD)
        .map(|(_, name)| format!("`{name}`"))
        .collect()
}

/// How many characters must be inserted, removed or replaced to make one out of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, left) in one.chars().enumerate() {
        let mut diagonal = line;
        let mut before = line + 1;
        if let Some(first) = row.first_mut() {
            *first = before;
        }
        for (right, cell) in other.iter().zip(row.iter_mut().skip(1)) {
            let replaced = diagonal + usize::from(left != *right);
            diagonal = *cell;
            before = replaced.min(diagonal + 1).min(before + 1);
            *cell = before;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_counted() {
        for (one, other, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("notes", "nodes", 1),
            ("äöü", "äo", 2),
        ] {
            assert_eq!(distance(one, other), expected, "{one} {other}");
        }
    }

    #[test]
    fn near_names_are_told_the_best_first() {
        let names: Vec<String> = ["NOTES.md", "note.txt", "zebra", "notes.rs", "n"]
            .map(str::to_owned)
            .to_vec();
        assert_eq!(near_names("notes.md", &names), ["`NOTES.md`", "`notes.rs`"]);
        assert_eq!(near_names("quux", &names), [""; 0]);
    }

    #[test]
    fn kinds_of_failure_are_kept() {
        let context = Context::for_tests("/w");
        let explained =
            |kind: io::ErrorKind| explain(&context, "read", Path::new("/w/a"), &kind.into());
        assert!(matches!(
            explained(io::ErrorKind::PermissionDenied),
            ToolError::Denied(_)
        ));
        assert!(matches!(
            explained(io::ErrorKind::NotFound),
            ToolError::NotFound(_)
        ));
        assert!(matches!(
            explained(io::ErrorKind::IsADirectory),
            ToolError::InvalidArgs(_)
        ));
        assert_eq!(
            explained(io::ErrorKind::StorageFull).words(),
            "could not read `a`: the disk is full; tell the person"
        );
    }
}
