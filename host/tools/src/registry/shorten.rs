//! What is too long for the model is cut to head and tail, and kept whole in a file that it can read.

use super::Call;
use crate::session::Session;
use anteroom_api::ToolContent;
use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, Write as _};

/// The folder of whole outputs, in the session's temp folder.
const FOLDER: &str = "outputs";
/// Of a cut text, the part at its head; the rest is its tail.
const HEAD_PERCENT: usize = 70;

/// Keeps the texts of a result within the characters the model is shown, all parts together.
pub(super) fn shorten(content: Vec<ToolContent>, call: &Call) -> Vec<ToolContent> {
    let mut left = call.max_output_chars;
    let mut kept = Vec::with_capacity(content.len());
    for (index, part) in content.into_iter().enumerate() {
        let (text, is_text) = match &part {
            ToolContent::Text { text } => (text.clone(), true),
            ToolContent::Json { value } => (value.to_string(), true),
            ToolContent::Diff { unified, .. } => (unified.clone(), false),
            ToolContent::Image { .. } => {
                kept.push(part);
                continue;
            }
        };
        let length = text.chars().count();
        if length <= left {
            left -= length;
            kept.push(part);
            continue;
        }
        let told = match keep(&call.session, &name_of(call, index), &text) {
            Ok(path) => format!("the whole is in `{path}`; read it in parts"),
            Err(error) => format!("the whole could not be kept: {error}"),
        };
        let text = if is_text {
            cut(&text, length, left, &told)
        } else {
            cut_lines(&text, left, &told)
        };
        left = 0;
        kept.push(match part {
            ToolContent::Diff {
                path,
                added,
                removed,
                ..
            } => ToolContent::Diff {
                path,
                unified: text,
                added,
                removed,
            },
            ToolContent::Text { .. } | ToolContent::Json { .. } | ToolContent::Image { .. } => {
                ToolContent::Text { text }
            }
        });
    }
    kept
}

/// The id of the call is the model's and need not be unique; the item's is ours.
fn name_of(call: &Call, index: usize) -> String {
    match index {
        0 => format!("{}.txt", call.item),
        index => format!("{}-{index}.txt", call.item),
    }
}

fn cut(text: &str, length: usize, limit: usize, told: &str) -> String {
    let head = limit * HEAD_PERCENT / 100;
    let tail = limit - head;
    let head_end = boundary(text, head);
    let tail_start = boundary(text, length - tail);
    format!(
        "{}\n[… {} of {length} characters left out; {told} …]\n{}",
        &text[..head_end],
        length - limit,
        &text[tail_start..]
    )
}

/// A diff stays one: its head, up to the end of a line.
fn cut_lines(text: &str, limit: usize, told: &str) -> String {
    let head = &text[..boundary(text, limit)];
    let whole_lines = head.rfind('\n').map_or(0, |end| end + 1);
    format!(
        "{}[… the rest of the diff is left out; {told} …]\n",
        &head[..whole_lines]
    )
}

/// Where the character with this number begins.
fn boundary(text: &str, characters: usize) -> usize {
    text.char_indices()
        .nth(characters)
        .map_or(text.len(), |(index, _)| index)
}

/// Writes a file for us alone; no link that a tool may have put in the way is followed.
fn keep(session: &Session, name: &str, text: &str) -> io::Result<String> {
    let temp = session.temp();
    match rustix::fs::mkdirat(&temp.handle, FOLDER, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    let flags =
        OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let path = format!("{FOLDER}/{name}");
    let mode = Mode::RUSR | Mode::WUSR;
    let file = rustix::fs::openat2(&temp.handle, &path, flags, mode, resolve)?;
    File::from(file).write_all(text.as_bytes())?;
    Ok(temp.path.join(path).display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_to_head_and_tail() {
        let text = "\u{e4}".repeat(10) + &"z".repeat(10);
        assert_eq!(
            cut(&text, 20, 10, "look there"),
            "\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}\n[… 10 of 20 characters left out; look there …]\nzzz"
        );
        assert_eq!(
            cut_lines("+one\n+two\n", 7, "look there"),
            "+one\n[… the rest of the diff is left out; look there …]\n"
        );
    }
}
