//! Code marked line by line: comments, strings, numbers, keywords and names of types. Driven by a table.
//!
//! A grammar for each language would be megabytes of patterns, and wrong for half a line anyway while it streams;
//! what carries over a line is only whether it ended inside a comment or a string.

mod languages;

use crate::theme::{Style, Theme};
use languages::Language;

/// The marking of one block of code.
#[derive(Clone, Debug)]
pub(crate) struct Highlighter {
    language: Option<&'static Language>,
    /// What ends the comment or string that the last line left open, and how it is marked.
    open: Option<(&'static str, Style)>,
}

impl Highlighter {
    /// For the name that a fence gives, or the ending of a file; unknown ones are not marked.
    pub(crate) fn new(name: &str) -> Self {
        Self {
            language: languages::named(name),
            open: None,
        }
    }

    /// The next line, marked. Its text is never changed.
    pub(crate) fn line(&mut self, line: &str, theme: &Theme) -> String {
        let Some(language) = self.language.filter(|_| theme.has_color) else {
            return line.to_owned();
        };
        if language.is_diff {
            return diff_line(line, theme);
        }
        let mut marked = String::with_capacity(line.len() * 2);
        let mut rest = line;
        while !rest.is_empty() {
            let (length, style) = self.token(language, line, rest);
            let (token, after) =
                rest.split_at(rest.floor_char_boundary(length.max(1)).max(first(rest)));
            rest = after;
            match style {
                Some(style) => marked.push_str(&theme.paint(style, token)),
                None => marked.push_str(token),
            }
        }
        marked
    }

    /// The length of what comes next, and how it is marked.
    fn token(&mut self, language: &Language, line: &str, rest: &str) -> (usize, Option<Style>) {
        if let Some((end, style)) = self.open {
            return match rest.find(end) {
                Some(at) => {
                    self.open = None;
                    (at + end.len(), Some(style))
                }
                None => (rest.len(), Some(style)),
            };
        }
        let before = line.get(..line.len() - rest.len()).unwrap_or_default();
        if let Some(mark) = language
            .line_comments
            .iter()
            .find(|mark| rest.starts_with(**mark))
        {
            // `#` and `--` inside a word begin nothing.
            let is_apart = !mark.starts_with('#')
                || before.is_empty()
                || before.ends_with([' ', '\t', ';', '(']);
            if is_apart {
                return (rest.len(), Some(Style::Dim));
            }
        }
        for (start, end) in language.block_comments {
            if rest.starts_with(start) {
                return self.until(rest, start.len(), end, Style::Dim);
            }
        }
        for (start, end) in language.long_strings {
            if rest.starts_with(start) {
                return self.until(rest, start.len(), end, Style::Good);
            }
        }
        let Some(sign) = rest.chars().next() else {
            return (rest.len(), None);
        };
        if language.quotes.contains(sign) {
            return (string(rest, sign), Some(Style::Good));
        }
        if sign == '\'' && language.has_lifetimes {
            return lifetime(rest);
        }
        if sign.is_ascii_digit() {
            let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.');
            return (length.unwrap_or(rest.len()), Some(Style::Warning));
        }
        if is_word(sign) || language.word_signs.contains(sign) {
            let is_in = |c: char| is_word(c) || language.word_signs.contains(c);
            let length = rest.find(|c: char| !is_in(c)).unwrap_or(rest.len());
            let word = rest.get(..length).unwrap_or_default();
            let after = rest.get(length..).unwrap_or_default();
            return (length, word_style(language, word, after));
        }
        let length = rest.find(|c: char| {
            is_word(c) || "\"'`/#-<(*%;{=".contains(c) || language.word_signs.contains(c)
        });
        (length.unwrap_or(rest.len()).max(sign.len_utf8()), None)
    }

    /// Something that may go on over the line.
    fn until(
        &mut self,
        rest: &str,
        from: usize,
        end: &'static str,
        style: Style,
    ) -> (usize, Option<Style>) {
        match rest.get(from..).and_then(|inside| inside.find(end)) {
            Some(at) => (from + at + end.len(), Some(style)),
            None => {
                self.open = Some((end, style));
                (rest.len(), Some(style))
            }
        }
    }
}

fn first(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}

fn is_word(sign: char) -> bool {
    sign.is_alphanumeric() || sign == '_'
}

fn word_style(language: &Language, word: &str, after: &str) -> Option<Style> {
    let is_key = language.has_keys && after.trim_start().starts_with(':');
    let matches = |known: &&str| match language.is_case_blind {
        true => known.eq_ignore_ascii_case(word),
        false => **known == *word,
    };
    if is_key {
        Some(Style::Accent)
    } else if language.keywords.split(' ').any(|known| matches(&known)) {
        Some(Style::Execute)
    } else if language.constants.split(' ').any(|known| matches(&known)) {
        Some(Style::Warning)
    } else if (language.has_types && word.starts_with(char::is_uppercase))
        || language.types.split(' ').any(|known| matches(&known))
    {
        Some(Style::Accent)
    } else {
        None
    }
}

/// The length of a string that ends on its line.
fn string(rest: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, sign) in rest.char_indices().skip(1) {
        if is_escaped {
            is_escaped = false;
        } else if sign == '\\' {
            is_escaped = true;
        } else if sign == quote {
            return at + sign.len_utf8();
        }
    }
    rest.len()
}

/// `'a'` is a sign, `'a` a name.
fn lifetime(rest: &str) -> (usize, Option<Style>) {
    let mut signs = rest.char_indices().skip(1);
    match (signs.next(), signs.next()) {
        (Some((_, '\\')), _) => (string(rest, '\''), Some(Style::Good)),
        (_, Some((at, '\''))) => (at + 1, Some(Style::Good)),
        _ => {
            let inside = rest.get(1..).unwrap_or_default();
            let length = inside.find(|c: char| !is_word(c)).unwrap_or(inside.len());
            (1 + length, Some(Style::Warning))
        }
    }
}

/// A line of a unified diff.
pub(crate) fn diff_line(line: &str, theme: &Theme) -> String {
    let style = match line.as_bytes().first() {
        _ if line.starts_with("+++") || line.starts_with("---") => Style::Bold,
        Some(b'+') => Style::Good,
        Some(b'-') => Style::Danger,
        Some(b'@') => Style::Accent,
        Some(b'd' | b'i') if line.starts_with("diff ") || line.starts_with("index ") => Style::Dim,
        _ => return line.to_owned(),
    };
    theme.paint(style, line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clean::clean;
    use crate::theme::BARE;

    const COLOR: Theme = Theme {
        has_color: true,
        ..BARE
    };

    /// Marks are shown as `{k word}`.
    fn marked(name: &str, code: &str) -> String {
        let mut highlighter = Highlighter::new(name);
        let lines: Vec<String> = code
            .lines()
            .map(|line| highlighter.line(line, &COLOR))
            .collect();
        let text = lines.join("\n");
        assert_eq!(clean(&text), code, "the text stays");
        [
            ("35", "k"),
            ("32", "s"),
            ("33", "n"),
            ("2", "c"),
            ("36", "t"),
            ("31", "d"),
            ("1", "b"),
        ]
        .iter()
        .fold(text.replace("\u{1b}[0m", "}"), |text, (code, letter)| {
            text.replace(&format!("\u{1b}[{code}m"), &format!("{{{letter} "))
        })
    }

    #[test]
    fn what_a_word_is_shows() {
        let check = |name: &str, code: &str, wanted: &str| assert_eq!(marked(name, code), wanted);
        check(
            "rust",
            "let x: Vec<u8> = 0x1f; // yes",
            "{k let} x: {t Vec}<{t u8}> = {n 0x1f}; {c // yes}",
        );
        check(
            "rs",
            "'a' 'b: \"q\\\"\" /* c",
            "{s 'a'} {n 'b}: {s \"q\\\"\"} {c /* c}",
        );
        check("rust", "/* a\nb */ fn", "{c /* a}\n{c b */} {k fn}");
        check(
            "python",
            "x = \"\"\"a\nb\"\"\"; return",
            "x = {s \"\"\"a}\n{s b\"\"\"}; {k return}",
        );
        check("sh", "echo a#b # c", "{k echo} a#b {c # c}");
        check("json", "{\"a\": true}", "{{s \"a\"}: {n true}}");
        check("yaml", "key: 'v' # c", "{t key}: {s 'v'} {c # c}");
        check("sql", "SELECT 1 -- c", "{k SELECT} {n 1} {c -- c}");
        check("diff", "+a\n-b\n c\n@@ d", "{s +a}\n{d -b}\n c\n{t @@ d}");
        check("no-such-language", "fn \"x\"", "fn \"x\"");
        check("rust", "漢字 = \"漢\"", "漢字 = {s \"漢\"}");
    }

    #[test]
    fn no_line_is_changed_or_halted_on() {
        let odd = "'\\ \" ' `# // /* */ --> <!-- \u{301}漢 0x 'a \\ \"\"\" ''' ${ } %{ [[ =begin -- ; \t end";
        for language in languages::ALL {
            let name = language.names.split(' ').next().unwrap();
            for at in 0..odd.len() {
                if let Some(part) = odd.get(at..) {
                    marked(name, part);
                }
            }
        }
    }
}
