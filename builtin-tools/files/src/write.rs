//! `write_file`: a whole file, keeping the habits of the one that was there.

use crate::change::{self, Before, Save, Way};
use crate::encoding::LineEnding;
use anteroom_sdk::{Capability, Context, Output, Tier, Tool, ToolError};
use schemars::JsonSchema;
use serde::Deserialize;

/// The tool.
///
/// What an existing text file keeps:
/// - its encoding and its byte order mark;
/// - line ends: when all of them are `\r\n` and the content has no `\r`, the content's become `\r\n`;
/// - the final newline: when it had one and the content has none, one is added. A content that ends with a newline
///   says so, and keeps it.
///
/// Its mode is kept because it is written in place. A new file is written byte for byte.
pub struct WriteFile;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteArguments {
    path: String,
    content: String,
}

impl Tool for WriteFile {
    const NAME: &'static str = "write_file";
    const DESCRIPTION: &'static str = "Create a file with its folders, or replace a whole file; to change parts use \
        edit_file. Example: {\"path\":\"docs/notes.md\",\"content\":\"# Notes\\n\"}";
    const TIER: Tier = Tier::Write;
    const CAPABILITIES: &'static [Capability] = &[Capability::FilesRead, Capability::FilesWrite];
    type Arguments = WriteArguments;

    fn call(context: &Context, arguments: WriteArguments) -> Result<Output, ToolError> {
        let path = context.path(&arguments.path)?;
        if arguments.path.ends_with('/') {
            return Err(ToolError::invalid_args(format!(
                "`{}` names a folder; give the path of a file",
                arguments.path
            )));
        }
        let before = Before::read(context, &path)?;
        let after = keep_habits(&before, arguments.content);
        if let Before::Text { text, .. } = &before
            && *text == after
        {
            return Ok(Output::text(format!(
                "[`{}` says exactly that already; nothing was written]",
                context.show(&path)
            )));
        }
        let save = Save {
            path: &path,
            before: &before,
            after: &after,
            way: Way::Replace,
        };
        change::write(context, &save, Vec::new())
    }
}

fn keep_habits(before: &Before, content: String) -> String {
    let Before::Text { text, encoding } = before else {
        return content;
    };
    let mut content = content;
    if !encoding.mark().is_empty()
        && let Some(rest) = content.strip_prefix('\u{feff}')
    {
        // The mark is written anyway.
        content = rest.to_owned();
    }
    if text.ends_with('\n') && !content.is_empty() && !content.ends_with('\n') {
        content.push('\n');
    }
    if LineEnding::of(text) == LineEnding::CrLf && !content.contains('\r') {
        content = content.replace('\n', "\r\n");
    }
    content
}

#[cfg(test)]
mod tests {
    use super::*;
    use anteroom_sdk::{Content, run};
    use std::fs;

    #[track_caller]
    fn check(before: Option<&[u8]>, content: &str, after: &[u8]) -> Output {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        if let Some(before) = before {
            fs::write(&path, before).unwrap();
        }
        let output = run::<WriteFile>(
            &Context::for_tests(folder.path()),
            &serde_json::json!({"path": "a.txt", "content": content}).to_string(),
        )
        .unwrap();
        assert_eq!(
            String::from_utf8_lossy(&fs::read(&path).unwrap()),
            String::from_utf8_lossy(after)
        );
        output
    }

    #[test]
    fn a_new_file_is_written_as_given() {
        let output = check(None, "a\r\nb", b"a\r\nb");
        let [Content::Diff(change)] = output.content.as_slice() else {
            panic!("{output:?}");
        };
        assert_eq!((change.path.as_str(), change.added), ("a.txt", 2));
    }

    #[test]
    fn habits_are_kept() {
        check(Some(b"a\r\nb\r\n"), "c\nd\n", b"c\r\nd\r\n");
        check(Some(b"a\r\nb\r\n"), "c\r\nd\n", b"c\r\nd\n");
        check(Some(b"a\r\nb\n"), "c\nd\n", b"c\nd\n");
        check(Some(b"a\n"), "b", b"b\n");
        check(Some(b"a\r\n"), "b", b"b\r\n");
        check(Some(b"a"), "b\n", b"b\n");
        check(Some(b"a"), "b", b"b");
        check(Some(b"a\n"), "", b"");
        check(Some(b""), "b", b"b");
        check(Some(b"\xef\xbb\xbfa\n"), "b\n", b"\xef\xbb\xbfb\n");
        check(Some(b"\xef\xbb\xbfa\n"), "\u{feff}b\n", b"\xef\xbb\xbfb\n");
        check(Some(b"\xff\xfea\0"), "b", b"\xff\xfeb\0");
        check(Some(b"gr\xfcn\n"), "r\u{f6}t\n", b"r\xf6t\n");
    }

    #[test]
    fn what_is_unusual_is_said() {
        let note = |output: Output| match output.content.last() {
            Some(Content::Text(text)) => text.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            note(check(Some(b"gr\xfcn\n"), "5 €\n", "5 €\n".as_bytes())),
            "[it was Latin-1, which lacks a character of the new text; now it is UTF-8]"
        );
        assert_eq!(
            note(check(Some(b"%PDF-\0"), "a\n", b"a\n")),
            "[it was a PDF document of 6 bytes]"
        );
        assert_eq!(
            note(check(Some(b"a\nb\n"), "a\r\nb\r\n", b"a\r\nb\r\n")),
            "[only line ends were changed]"
        );
        assert_eq!(
            note(check(Some(b"a\n"), "a", b"a\n")),
            "[`a.txt` says exactly that already; nothing was written]"
        );
    }

    #[test]
    fn folders_are_made() {
        let folder = tempfile::tempdir().unwrap();
        let context = Context::for_tests(folder.path());
        run::<WriteFile>(&context, r#"{"path": "a/b/c.txt", "content": "x"}"#).unwrap();
        assert_eq!(fs::read(folder.path().join("a/b/c.txt")).unwrap(), b"x");
        let refused = |path: &str| {
            let arguments = serde_json::json!({"path": path, "content": "x"}).to_string();
            run::<WriteFile>(&context, &arguments)
                .unwrap_err()
                .words()
                .to_owned()
        };
        assert_eq!(
            refused("a/b"),
            "could not read `a/b`: it is a folder, not a file"
        );
        assert_eq!(
            refused("new/"),
            "`new/` names a folder; give the path of a file"
        );
        assert_eq!(
            refused("a/b/c.txt/d"),
            "could not read `a/b/c.txt/d`: a part of the path before the last is a file, not a folder"
        );
    }
}
