//! Changing a text by search and replace, the way models do it: exact first, then tolerant of whitespace, and if
//! neither finds one place, in words that let the model try again. Knows nothing of files.

mod near;
#[cfg(test)]
mod properties;
mod tolerant;

use crate::ToolError;
use schemars::JsonSchema;
use serde::Deserialize;

/// Places told when a text occurs more than once.
const PLACES_TOLD: usize = 10;

/// One replacement.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "")]
pub struct Edit {
    /// What is there now.
    #[schemars(description = "")]
    pub old_text: String,
    /// What shall be there.
    #[schemars(description = "")]
    pub new_text: String,
    /// Replace every occurrence, not the only one.
    #[schemars(description = "")]
    pub replace_all: Option<bool>,
}

/// A changed text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// The whole new text, its lines ending as they did.
    pub text: String,
    /// What the model should know about how it was done; mostly nothing.
    pub notes: Vec<String>,
}

/// Applies the edits in order, each to what the one before left; all or nothing.
///
/// Shape: `name` is what the text is called in errors. In a text whose lines all end in `\r\n` the edits mean line
/// ends by `\n` as well, and the result ends its lines in `\r\n`. An exact occurrence comes first. If there is none,
/// whole lines that differ only in whitespace are taken when there is one such place, and the new lines get its
/// indentation.
///
/// # Errors
/// `invalid-args` if an edit says nothing or fits more than one place (all are told by line); `not-found` if it fits
/// none (the nearest lines are told).
pub fn apply(name: &str, text: &str, edits: &[Edit]) -> Result<Edited, ToolError> {
    if edits.is_empty() {
        return Err(ToolError::invalid_args(
            "nothing to change; give `old_text` and `new_text`",
        ));
    }
    let is_crlf =
        text.contains("\r\n") && text.matches('\n').count() == text.matches("\r\n").count();
    let mut current = if is_crlf {
        text.replace("\r\n", "\n")
    } else {
        text.to_owned()
    };
    let keeps_returns = !is_crlf && text.contains('\r');
    let mut notes = Vec::new();
    for (index, edit) in edits.iter().enumerate() {
        let label = if edits.len() == 1 {
            format!("`{name}`")
        } else {
            format!(
                "edit {} of {} in `{name}`, nothing was changed",
                index + 1,
                edits.len()
            )
        };
        let unify = |text: &str| {
            if keeps_returns {
                text.to_owned()
            } else {
                text.replace("\r\n", "\n")
            }
        };
        let edit = Edit {
            old_text: unify(&edit.old_text),
            new_text: unify(&edit.new_text),
            replace_all: edit.replace_all,
        };
        current = apply_one(&label, &current, &edit, &mut notes)?;
    }
    if is_crlf {
        current = current.replace('\n', "\r\n");
    }
    Ok(Edited {
        text: current,
        notes,
    })
}

fn apply_one(
    label: &str,
    text: &str,
    edit: &Edit,
    notes: &mut Vec<String>,
) -> Result<String, ToolError> {
    let Edit {
        old_text, new_text, ..
    } = edit;
    let is_all = edit.replace_all.unwrap_or(false);
    if old_text == new_text {
        return Err(ToolError::invalid_args(format!(
            "{label}: `old_text` and `new_text` are the same"
        )));
    }
    if old_text.is_empty() {
        if text.is_empty() {
            return Ok(new_text.clone());
        }
        return Err(ToolError::invalid_args(format!(
            "{label}: `old_text` is empty; give the text to replace, or a line beside which to insert"
        )));
    }
    let places: Vec<usize> = text
        .match_indices(old_text.as_str())
        .map(|(at, _)| at)
        .collect();
    match places.as_slice() {
        [] => {}
        [_] => return Ok(text.replacen(old_text.as_str(), new_text, 1)),
        _ if is_all => return Ok(text.replace(old_text.as_str(), new_text)),
        several => {
            let lines = several.iter().map(|at| line_of(text, *at));
            return Err(ToolError::invalid_args(format!(
                "{label}: `old_text` is there {} times, {}; add lines around it to say which, or set `replace_all`",
                several.len(),
                tell_lines(lines)
            )));
        }
    }
    match tolerant::find(text, old_text).as_slice() {
        [place] => {
            notes.push(format!(
                "`old_text` differed in whitespace from line {}; its indentation was kept",
                line_of(text, place.start)
            ));
            Ok(place.replace(text, new_text))
        }
        [] => Err(ToolError::not_found(format!(
            "{label}: `old_text` is not there; {}",
            near::tell(text, old_text)
        ))),
        several => {
            let lines = several.iter().map(|place| line_of(text, place.start));
            Err(ToolError::invalid_args(format!(
                "{label}: `old_text` is not there exactly, and apart from whitespace it is there {} times, {}; copy \
                 the text exactly, with lines around it",
                several.len(),
                tell_lines(lines)
            )))
        }
    }
}

/// The line a byte position is in, from 1.
fn line_of(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or_default().matches('\n').count() + 1
}

fn tell_lines(lines: impl ExactSizeIterator<Item = usize>) -> String {
    let left_out = lines.len().saturating_sub(PLACES_TOLD);
    let told: Vec<String> = lines
        .take(PLACES_TOLD)
        .map(|line| line.to_string())
        .collect();
    let more = if left_out > 0 {
        format!(" and {left_out} more")
    } else {
        String::new()
    };
    format!("at lines {}{more}", told.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(old_text: &str, new_text: &str) -> Edit {
        Edit {
            old_text: old_text.to_owned(),
            new_text: new_text.to_owned(),
            replace_all: None,
        }
    }

    #[track_caller]
    fn check(text: &str, edits: &[Edit], expected: Result<&str, &str>) {
        match (apply("a.txt", text, edits), expected) {
            (Ok(edited), Ok(text)) => assert_eq!(edited.text, text),
            (Err(error), Err(words)) => {
                assert!(error.words().contains(words), "{}", error.words());
            }
            (answer, _) => panic!("{answer:?}"),
        }
    }

    #[test]
    fn exact_text_is_replaced() {
        check("one two\n", &[edit("two", "three")], Ok("one three\n"));
        check("", &[edit("", "new\n")], Ok("new\n"));
        check("a\nb\n", &[edit("a\nb", "c")], Ok("c\n"));
        check("a\nb\n", &[edit("a\n", "")], Ok("b\n"));
        check(
            "a\nb\n",
            &[edit("a", "b2"), edit("b2", "c"), edit("b", "d")],
            Ok("c\nd\n"),
        );
        let all = Edit {
            replace_all: Some(true),
            ..edit("a", "b")
        };
        check("a a a", &[all], Ok("b b b"));
    }

    #[test]
    fn line_ends_are_kept() {
        check("a\r\nb\r\n", &[edit("a\nb", "c\nd")], Ok("c\r\nd\r\n"));
        check("a\r\nb\r\n", &[edit("a\r\nb", "c\r\nd")], Ok("c\r\nd\r\n"));
        check("a\nb\n", &[edit("a\r\nb", "c\r\nd")], Ok("c\nd\n"));
        check("a\r\nb\nc\n", &[edit("b\n", "x\n")], Ok("a\r\nx\nc\n"));
        check("a\r\nb\nc\n", &[edit("a\r\n", "x\r\n")], Ok("x\r\nb\nc\n"));
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        check("a", &[], Err("nothing to change"));
        check("a", &[edit("a", "a")], Err("are the same"));
        check("a", &[edit("", "b")], Err("`old_text` is empty"));
        check(
            "a\nb\na\n",
            &[edit("a", "c")],
            Err("`a.txt`: `old_text` is there 2 times, at lines 1, 3; add lines around it"),
        );
        check(
            &"x\n".repeat(12),
            &[edit("x", "c")],
            Err("1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more"),
        );
        check(
            "a\nb\n",
            &[edit("a", "c"), edit("zzzz", "y")],
            Err("edit 2 of 2 in `a.txt`, nothing was changed: `old_text` is not there"),
        );
    }

    #[test]
    fn whitespace_is_forgiven_once() {
        let text = "fn main() {\n    let x = 1;\n    go(x);\n}\n";
        check(
            text,
            &[edit("let x = 1;\ngo(x);", "let x = 2;\ngo(x);\nstop();")],
            Ok("fn main() {\n    let x = 2;\n    go(x);\n    stop();\n}\n"),
        );
        let edited = apply("a.rs", text, &[edit("\tlet x  = 1;\n", "\tlet y = 1;\n")]).unwrap();
        assert_eq!(edited.text, "fn main() {\n    let y = 1;\n    go(x);\n}\n");
        assert_eq!(
            edited.notes,
            ["`old_text` differed in whitespace from line 2; its indentation was kept"]
        );
        check(
            "  a b\n    a b\n",
            &[edit("a  b", "c")],
            Err("apart from whitespace it is there 2 times, at lines 1, 2"),
        );
    }
}
