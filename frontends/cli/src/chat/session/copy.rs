//! `/copy`: the last answer, or one of its code blocks, into the terminal's clipboard (OSC 52), or into a file.

use super::Session;
use crate::clean::reveal;
use crate::program;
use crate::words;
use anteroom_api::{ItemBody, Problem, ProblemCode};

/// What terminals take in one sequence, encoded; longer texts are dropped by many without a word.
const CLIPBOARD_BYTES: usize = 74_994;

impl Session<'_> {
    /// Only here, because a person asked for it, anything is put into a clipboard.
    pub(super) async fn copy(&mut self, block: Option<usize>) -> Result<Vec<String>, Problem> {
        let items = self.last_items().await?;
        let answer = items.iter().rev().find_map(|item| match &item.body {
            ItemBody::AgentMessage { text } if !text.trim().is_empty() => Some(text),
            _ => None,
        });
        let answer = answer
            .ok_or_else(|| Problem::new(ProblemCode::NotFound, "there is no answer to copy yet"))?;
        let text = match block {
            None => answer.trim().to_owned(),
            Some(number) => code_block(answer, number)?,
        };
        let size = words::plural(text.chars().count(), "character", "characters");
        let encoded = base64(text.as_bytes());
        if self.has_clipboard() && encoded.len() <= CLIPBOARD_BYTES {
            self.screen.sequence(&format!("\u{1b}]52;c;{encoded}\u{7}"));
            return Ok(vec![format!(
                "{size} given to the terminal's clipboard; some terminals ask or refuse"
            )]);
        }
        let path = program::keep(&self.context.terminal.environment, &text)?;
        let why = match self.has_clipboard() {
            true => "too long for the terminal's clipboard",
            false => "this terminal has no clipboard",
        };
        let path = reveal(&path.display().to_string());
        Ok(vec![format!("{why}; {size} written to {path}")])
    }

    fn has_clipboard(&self) -> bool {
        let term = self.context.terminal.environment.get("TERM");
        !self.context.options.is_plain && term.is_none_or(|term| term != "linux")
    }
}

/// The text between the fences of the Nth block.
fn code_block(answer: &str, number: usize) -> Result<String, Problem> {
    let blocks = code_blocks(answer);
    let count = blocks.len();
    let found = number
        .checked_sub(1)
        .and_then(|at| blocks.into_iter().nth(at));
    found.ok_or_else(|| {
        let text = match count {
            0 => "there is no code in the last answer".to_owned(),
            1 => "there is one code block in the last answer".to_owned(),
            count => format!("there are {count} code blocks in the last answer"),
        };
        Problem::new(ProblemCode::NotFound, text).hint("/copy copies the whole answer")
    })
}

fn code_blocks(answer: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, Vec<&str>)> = None;
    for line in answer.lines() {
        let bare = line.trim_start();
        match &mut open {
            None => {
                let sign = bare.chars().next().filter(|sign| matches!(sign, '`' | '~'));
                let Some(sign) = sign else { continue };
                let length = bare.chars().take_while(|other| *other == sign).count();
                if length >= 3 {
                    open = Some((sign.to_string().repeat(length), Vec::new()));
                }
            }
            Some((fence, lines)) => {
                let sign = fence.chars().next().unwrap_or('`');
                let is_end = bare.starts_with(fence.as_str())
                    && bare.trim_end().chars().all(|other| other == sign);
                if is_end {
                    blocks.push(lines.join("\n"));
                    open = None;
                } else {
                    lines.push(line);
                }
            }
        }
    }
    // An answer that was cut off in a block has it all the same.
    blocks.extend(open.map(|(_, lines)| lines.join("\n")));
    blocks
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let index = (group >> (18 - 6 * place)) & 63;
            let sign = SIGNS.get(index as usize).copied().unwrap_or(b'=');
            text.push(if place <= chunk.len() {
                char::from(sign)
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        for (text, wanted) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(text.as_bytes()), wanted);
        }
        assert_eq!(base64(&[0xfb, 0xff]), "+/8=");
    }

    #[test]
    fn code_blocks_are_what_stands_between_fences() {
        let answer = "Do:\n```sh\ncargo test\n```\nthen\n~~~~\na\n~~~\nb\n~~~~\n  ```\n  cut";
        assert_eq!(code_blocks(answer), ["cargo test", "a\n~~~\nb", "  cut"]);
        assert_eq!(code_block(answer, 1).unwrap(), "cargo test");
        assert!(code_block(answer, 4).is_err());
        assert!(code_blocks("`inline` only").is_empty());
    }
}
