//! `edit_file`: parts of a file by search and replace. How the parts are found is in [`anteroom_sdk::edits`].

use crate::change::{self, Before, Save, Way};
use anteroom_sdk::edits::{self, Edit};
use anteroom_sdk::{Capability, Context, Output, Tier, Tool, ToolError, explain};
use schemars::JsonSchema;
use serde::Deserialize;
use std::io;

/// The tool. Encoding, byte order mark, line ends and everything not named by an edit stay as they are.
pub struct EditFile;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EditArguments {
    path: String,
    old_text: Option<String>,
    new_text: Option<String>,
    replace_all: Option<bool>,
    /// Several at once, all or nothing
    edits: Option<Vec<Edit>>,
}

impl Tool for EditFile {
    const NAME: &'static str = "edit_file";
    const DESCRIPTION: &'static str = "Replace text in a file. `old_text` is copied exactly, without line numbers, \
        with enough lines to be unique. \
        Example: {\"path\":\"a.py\",\"old_text\":\"x = 1\\ny = 2\",\"new_text\":\"x = 2\"}";
    const TIER: Tier = Tier::Write;
    const CAPABILITIES: &'static [Capability] = &[Capability::FilesRead, Capability::FilesWrite];
    type Arguments = EditArguments;

    fn call(context: &Context, arguments: EditArguments) -> Result<Output, ToolError> {
        let path = context.path(&arguments.path)?;
        let edits = listed(arguments)?;
        let before = Before::read(context, &path)?;
        let text = match &before {
            Before::Text { text, .. } => text,
            Before::Absent => {
                let error = explain(context, "edit", &path, &io::ErrorKind::NotFound.into());
                return Err(ToolError::not_found(format!(
                    "{}; a new file is made with `write_file`",
                    error.words()
                )));
            }
            Before::Binary { words } => {
                return Err(ToolError::failed(format!(
                    "`{}` is {words}, not text",
                    context.show(&path)
                )));
            }
        };
        let edited = edits::apply(&context.show(&path), text, &edits)?;
        if edited.text == *text {
            return Ok(Output::text(
                "[the edits cancel each other out; nothing was written]",
            ));
        }
        let save = Save {
            path: &path,
            before: &before,
            after: &edited.text,
            way: Way::Edit,
        };
        change::write(context, &save, edited.notes)
    }
}

fn listed(arguments: EditArguments) -> Result<Vec<Edit>, ToolError> {
    let mut edits = arguments.edits.unwrap_or_default();
    match (arguments.old_text, arguments.new_text) {
        (None, None) => {}
        (Some(old_text), Some(new_text)) => edits.insert(
            0,
            Edit {
                old_text,
                new_text,
                replace_all: arguments.replace_all,
            },
        ),
        (Some(_), None) => {
            return Err(ToolError::invalid_args(
                "`new_text` is missing; give \"\" to delete `old_text`",
            ));
        }
        (None, Some(_)) => {
            return Err(ToolError::invalid_args(
                "`old_text` is missing; give the text to replace, or use `write_file` for the whole file",
            ));
        }
    }
    Ok(edits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anteroom_sdk::{Content, run};
    use serde_json::json;
    use std::fs;

    #[track_caller]
    fn check(
        before: &[u8],
        arguments: serde_json::Value,
        after: Result<&[u8], &str>,
    ) -> Option<Output> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        fs::write(&path, before).unwrap();
        let mut arguments = arguments;
        arguments["path"] = json!("a.txt");
        let answer = run::<EditFile>(&Context::for_tests(folder.path()), &arguments.to_string());
        let there = fs::read(&path).unwrap();
        match (answer, after) {
            (Ok(output), Ok(after)) => {
                assert_eq!(
                    String::from_utf8_lossy(&there),
                    String::from_utf8_lossy(after)
                );
                Some(output)
            }
            (Err(error), Err(words)) => {
                assert_eq!(error.words(), words);
                assert_eq!(there, before, "all or nothing");
                None
            }
            (answer, _) => panic!("{answer:?}"),
        }
    }

    #[test]
    fn text_is_replaced_in_place() {
        let output = check(
            b"one\ntwo\nthree\n",
            json!({"old_text": "two", "new_text": "2"}),
            Ok(b"one\n2\nthree\n"),
        );
        assert_eq!(
            output,
            Some(Output::diff(change::difference(
                "a.txt",
                Some("one\ntwo\nthree\n"),
                "one\n2\nthree\n"
            )))
        );
        check(
            b"a\nb",
            json!({"old_text": "a\n", "new_text": ""}),
            Ok(b"b"),
        );
        check(
            b"a a\n",
            json!({"old_text": "a", "new_text": "b", "replace_all": true}),
            Ok(b"b b\n"),
        );
        check(
            b"a\r\nb\r\n",
            json!({"edits": [{"old_text": "a\nb", "new_text": "c\nd"}, {"old_text": "d", "new_text": "e"}]}),
            Ok(b"c\r\ne\r\n"),
        );
        check(
            b"\xef\xbb\xbfa\n",
            json!({"old_text": "a", "new_text": "b"}),
            Ok(b"\xef\xbb\xbfb\n"),
        );
        check(
            b"gr\xfcn\n",
            json!({"old_text": "n", "new_text": "\u{fc}"}),
            Ok(b"gr\xfc\xfc\n"),
        );
    }

    #[test]
    fn a_tolerant_match_is_said() {
        let output = check(
            b"\tif a:\n\t\tb\n",
            json!({"old_text": "if a:\n    b", "new_text": "if a:\n    c"}),
            Ok(b"\tif a:\n\t\tc\n"),
        );
        assert_eq!(
            output.unwrap().content.last(),
            Some(&Content::Text(
                "[`old_text` differed in whitespace from line 1; its indentation was kept]"
                    .to_owned()
            ))
        );
    }

    #[test]
    fn nothing_is_written_unless_all_fits() {
        check(
            b"a\nb\na\n",
            json!({"edits": [{"old_text": "b", "new_text": "c"}, {"old_text": "a", "new_text": "d"}]}),
            Err(
                "edit 2 of 2 in `a.txt`, nothing was changed: `old_text` is there 2 times, at lines 1, 3; add lines around it to say which, or set `replace_all`",
            ),
        );
        check(
            b"a",
            json!({"old_text": "a"}),
            Err("`new_text` is missing; give \"\" to delete `old_text`"),
        );
        check(
            b"a",
            json!({"new_text": "a"}),
            Err(
                "`old_text` is missing; give the text to replace, or use `write_file` for the whole file",
            ),
        );
        check(
            b"a",
            json!({}),
            Err("nothing to change; give `old_text` and `new_text`"),
        );
        check(
            b"\0\0",
            json!({"old_text": "a", "new_text": "b"}),
            Err("`a.txt` is binary data of 2 bytes, not text"),
        );
        check(
            b"fn main() {}\n",
            json!({"old_text": "fn mian() {}", "new_text": ""}),
            Err(
                "`a.txt`: `old_text` is not there; the nearest is this; copy from it exactly, without the line numbers:\n1\tfn main() {}",
            ),
        );
    }

    #[test]
    fn a_missing_file_is_found_or_made() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("main.rs"), "").unwrap();
        let error = run::<EditFile>(
            &Context::for_tests(folder.path()),
            r#"{"path": "mian.rs", "old_text": "a", "new_text": "b"}"#,
        );
        assert_eq!(
            error,
            Err(ToolError::not_found(
                "there is no `mian.rs`; the workspace has `main.rs`; a new file is made with `write_file`"
            ))
        );
    }
}
