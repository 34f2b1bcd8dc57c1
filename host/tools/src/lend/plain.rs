//! Output of a process as plain text: escape sequences of terminals are left out, also where they are torn
//! between two pieces, and what is no UTF-8 is replaced.

/// One stream on its way to plain text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plain {
    state: State,
    /// The beginning of a character whose rest has not come yet.
    torn: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    /// After a carriage return, which is a line break unless one follows.
    Return,
    Escape,
    /// After an escape and an intermediate byte: one more byte belongs to it.
    Charset,
    /// `ESC [ … final`.
    Control,
    /// `ESC ] … BEL` or `… ESC \`.
    String,
    StringEscape,
}

impl Plain {
    /// The plain text of the next piece.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> String {
        let mut piece = std::mem::take(&mut self.torn);
        piece.extend_from_slice(bytes);
        let whole = piece.len() - torn_bytes(&piece);
        self.torn = piece.split_off(whole);
        let mut text = String::with_capacity(piece.len());
        for character in String::from_utf8_lossy(&piece).chars() {
            self.step(character, &mut text);
        }
        text
    }

    /// What is left at the end of the stream.
    pub(crate) fn finish(&mut self) -> String {
        let torn = std::mem::take(&mut self.torn);
        String::from_utf8_lossy(&torn).into_owned()
    }

    fn step(&mut self, character: char, text: &mut String) {
        self.state = match (self.state, character) {
            (State::Text, '\r') => State::Return,
            (State::Return, '\n') => {
                text.push('\n');
                State::Text
            }
            (State::Return, '\r') => State::Return,
            (State::Return, _) => {
                text.push('\n');
                self.state = State::Text;
                return self.step(character, text);
            }
            (State::Text, '\u{1b}') | (State::Escape, '\u{1b}') => State::Escape,
            (State::Text, '\u{9b}') | (State::Escape, '[') => State::Control,
            (State::Text, '\u{9d}' | '\u{90}') | (State::Escape, ']' | 'P' | '^' | '_' | 'X') => {
                State::String
            }
            (State::Escape, ' '..='/') => State::Charset,
            (State::Escape | State::Charset | State::StringEscape, _) => State::Text,
            (State::Control, '@'..='~') => State::Text,
            (State::Control, _) => State::Control,
            (State::String, '\u{7}' | '\u{9c}') => State::Text,
            (State::String, '\u{1b}') => State::StringEscape,
            (State::String, _) => State::String,
            (State::Text, _) => {
                if matches!(character, '\n' | '\t') || !character.is_control() {
                    text.push(character);
                }
                State::Text
            }
        };
    }
}

/// How many bytes at the end are the beginning of a character.
fn torn_bytes(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Ok(_) => 0,
        Err(error) if error.error_len().is_none() => bytes.len() - error.valid_up_to(),
        // Something earlier is broken: look at the last three bytes only.
        Err(_) => {
            let tail = &bytes[bytes.len().saturating_sub(3)..];
            (1..=tail.len())
                .find(|&length| {
                    let end = &tail[tail.len() - length..];
                    matches!(std::str::from_utf8(end), Err(error) if error.valid_up_to() == 0 && error.error_len().is_none())
                })
                .unwrap_or(0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pieces: &[&[u8]], expected: &str) {
        let mut plain = Plain::default();
        let mut text: String = pieces.iter().map(|piece| plain.push(piece)).collect();
        text.push_str(&plain.finish());
        assert_eq!(text, expected);
    }

    #[test]
    fn leaves_out_what_is_for_terminals() {
        check(&[b"plain\ttext\n"], "plain\ttext\n");
        check(&[b"\x1b[1;31mred\x1b[0m"], "red");
        check(&[b"\x1b[1;", b"31mred\x1b", b"[0m!"], "red!");
        check(&[b"\x1b]0;title\x07after"], "after");
        check(&[b"\x1b]8;;http://x\x1b\\link"], "link");
        check(&[b"\x1b(Bx"], "x");
        check(&[b"a\x00\x08b"], "ab");
        check(&[b"one\r\ntwo\rthree"], "one\ntwo\nthree");
        check(&["gr\u{fc}n".as_bytes()], "gr\u{fc}n");
        check(&[b"gr\xc3", b"\xbcn"], "gr\u{fc}n");
        check(&[b"\xff\xe2\x82", b"\xac"], "\u{fffd}\u{20ac}");
        check(&[b"end\xe2\x82"], "end\u{fffd}");
    }
}
