//! Changing one file: what it was, what it shall be, the difference, and the write itself.

use crate::encoding::{Encoding, decode, encode, is_binary};
use crate::kind;
use anteroom_sdk::{Content, Context, FileDiff, Output, ToolError, explain, workspace};
use similar::{ChangeTag, TextDiff};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

/// Larger files are not for a tool that holds them several times over in 64 MB.
const FILE_BYTES: u64 = 8 << 20;
/// Two texts with nothing in common are not worth a longer search for what they share.
const DIFF_TIME: Duration = Duration::from_secs(1);
/// A longer difference is cut; a result may have 8 MB in all.
const DIFF_BYTES: usize = 1 << 20;

/// What a file holds before it is changed.
#[derive(Debug)]
pub(crate) enum Before {
    Absent,
    Text { text: String, encoding: Encoding },
    Binary { words: String },
}

impl Before {
    /// Reads the file at `path`.
    pub(crate) fn read(context: &Context, path: &Path) -> Result<Self, ToolError> {
        let refuse = |error: io::Error| explain(context, "read", path, &error);
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::Absent),
            Err(error) => return Err(refuse(error)),
        };
        if metadata.is_dir() {
            return Err(refuse(io::ErrorKind::IsADirectory.into()));
        }
        if metadata.len() > FILE_BYTES {
            return Err(ToolError::failed(format!(
                "`{}` has {} bytes, more than the {} MB this tool changes; use `bash`, for example with `sed`",
                context.show(path),
                metadata.len(),
                FILE_BYTES >> 20
            )));
        }
        let bytes = fs::read(path).map_err(refuse)?;
        if is_binary(&bytes) {
            let extension = path.extension().unwrap_or_default().to_string_lossy();
            let words = kind::describe(&bytes, &extension.to_lowercase());
            return Ok(Self::Binary {
                words: format!("{words} of {} bytes", bytes.len()),
            });
        }
        let (text, encoding) = decode(&bytes);
        Ok(Self::Text {
            text: text.into_owned(),
            encoding,
        })
    }
}

/// How a file is written. The host refuses to cut a file that changed since it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Whatever is there goes: it is cut when it is opened.
    Replace,
    /// What is there was just read and stays but for the edits.
    Edit,
}

/// One file to be written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Save<'a> {
    pub(crate) path: &'a Path,
    pub(crate) before: &'a Before,
    pub(crate) after: &'a str,
    pub(crate) way: Way,
}

/// Writes `after` in place of what was there, in the encoding it had, and shows the difference.
///
/// The difference is proposed before the file is opened for writing, so that a person who is asked sees it.
pub(crate) fn write(
    context: &Context,
    save: &Save<'_>,
    mut notes: Vec<String>,
) -> Result<Output, ToolError> {
    let Save {
        path,
        before,
        after,
        way,
    } = *save;
    let (old, encoding) = match before {
        Before::Absent => (None, Encoding::Utf8),
        Before::Text { text, encoding } => (Some(text.as_str()), *encoding),
        Before::Binary { words } => {
            notes.push(format!("it was {words}"));
            (None, Encoding::Utf8)
        }
    };
    let bytes = encode(after, encoding).unwrap_or_else(|| {
        notes.push(
            "it was Latin-1, which lacks a character of the new text; now it is UTF-8".to_owned(),
        );
        after.as_bytes().to_vec()
    });
    let change = difference(&context.show(path), old, after);
    if change.added + change.removed == 0 && old.is_some_and(|old| old != after) {
        notes.push("only line ends were changed".to_owned());
    }
    workspace::propose(&change);
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        make_folder(context, folder)?;
    }
    let mut file = File::options()
        .write(true)
        .create(true)
        .truncate(way == Way::Replace)
        .open(path)
        .map_err(|error| explain(context, "write", path, &error))?;
    let written = file.write_all(&bytes).and_then(|()| match way {
        Way::Replace => Ok(()),
        Way::Edit => file.set_len(bytes.len() as u64),
    });
    written.map_err(|error| {
        let words = explain(context, "write", path, &error);
        ToolError::failed(format!(
            "{}; a part may have been written, so read it again",
            words.words()
        ))
    })?;
    let mut output = Output::diff(change);
    if !notes.is_empty() {
        output = output.and(Content::Text(format!("[{}]", notes.join("; "))));
    }
    Ok(output)
}

fn make_folder(context: &Context, folder: &Path) -> Result<(), ToolError> {
    match fs::metadata(folder) {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => Err(explain(
            context,
            "write into",
            folder,
            &io::ErrorKind::NotADirectory.into(),
        )),
        Err(_) => fs::create_dir_all(folder)
            .map_err(|error| explain(context, "make the folder", folder, &error)),
    }
}

/// The change as a unified diff with three lines of context. Line ends are shown as `\n`.
pub(crate) fn difference(shown: &str, old: Option<&str>, new: &str) -> FileDiff {
    let unify = |text: &str| text.replace("\r\n", "\n");
    let (from, to) = (unify(old.unwrap_or_default()), unify(new));
    let diff = TextDiff::configure()
        .timeout(DIFF_TIME)
        .diff_lines(from.as_str(), to.as_str());
    let mut counts = [0_u32; 2];
    for change in diff.iter_all_changes() {
        match change.tag() {
            ChangeTag::Insert => counts[0] += 1,
            ChangeTag::Delete => counts[1] += 1,
            ChangeTag::Equal => {}
        }
    }
    let name = shown.trim_start_matches('/');
    let (from_name, to_name) = match old {
        Some(_) => (format!("a/{name}"), format!("b/{name}")),
        None => ("/dev/null".to_owned(), format!("b/{name}")),
    };
    let mut unified = diff.unified_diff().header(&from_name, &to_name).to_string();
    if unified.len() > DIFF_BYTES {
        let mut end = DIFF_BYTES;
        while !unified.is_char_boundary(end) {
            end -= 1;
        }
        unified.truncate(end);
        unified.push_str("\n… the difference is longer\n");
    }
    FileDiff {
        path: shown.to_owned(),
        unified,
        added: counts[0],
        removed: counts[1],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(old: Option<&str>, new: &str, expected: (&str, u32, u32)) {
        let change = difference("src/a.txt", old, new);
        assert_eq!(
            (change.unified.as_str(), change.added, change.removed),
            expected
        );
    }

    #[test]
    fn differences_are_unified() {
        check(
            None,
            "a\nb\n",
            (
                "--- /dev/null\n+++ b/src/a.txt\n@@ -0,0 +1,2 @@\n+a\n+b\n",
                2,
                0,
            ),
        );
        check(
            Some("a\nb\nc\nd\ne\nf\n"),
            "a\nb\nc\nd\nE\nf\n",
            (
                "--- a/src/a.txt\n+++ b/src/a.txt\n@@ -2,5 +2,5 @@\n b\n c\n d\n-e\n+E\n f\n",
                1,
                1,
            ),
        );
        check(
            Some("a\r\nb\r\n"),
            "a\r\nc\r\n",
            (
                "--- a/src/a.txt\n+++ b/src/a.txt\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n",
                1,
                1,
            ),
        );
        check(
            Some("a"),
            "b",
            (
                "--- a/src/a.txt\n+++ b/src/a.txt\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n",
                1,
                1,
            ),
        );
        check(Some("a\n"), "a\r\n", ("", 0, 0));
    }

    #[test]
    fn a_very_long_difference_is_cut() {
        let change = difference("a", None, &"ü\n".repeat(DIFF_BYTES));
        assert!(change.unified.ends_with("\n… the difference is longer\n"));
        assert!(change.unified.len() < DIFF_BYTES + 100);
        assert_eq!(change.added as usize, DIFF_BYTES);
    }
}
