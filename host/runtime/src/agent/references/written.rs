//! References as they are written: found in a text, taken apart. Pure.

use anteroom_api::LineRange;

/// What ends a sentence or closes a bracket, and no name.
const TRAILING: [char; 13] = [
    '.', ',', ';', ':', '!', '?', ')', ']', '}', '\'', '"', '>', '…',
];

/// A reference in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    /// As it was written, without the `@`.
    pub(super) written: String,
    pub(super) target: Target,
    /// Whether it looks like a word of a sentence or of code as much as like a path: if it leads nowhere, it is one.
    pub(super) may_be_a_word: bool,
}

/// What a reference points at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Path {
        path: String,
        lines: Option<LineRange>,
    },
    /// `@note:id`, `@document:id`.
    Note { id: String },
    /// `@source:name`.
    Source { name: String },
    /// `@server:resource`.
    Resource { server: String, uri: String },
}

/// The references of a text, in order. What stands in code marked by backticks is none.
pub(super) fn find(text: &str) -> Vec<Reference> {
    let mut found = Vec::new();
    let mut rest = text;
    let mut before = None;
    let mut is_line_start = true;
    while let Some(sign) = rest.chars().next() {
        let length = match sign {
            '`' | '~' if is_line_start && rest.starts_with(&fence(sign)) => fenced(rest, sign),
            '`' => span(rest),
            '@' if begins(before) => match reference(rest) {
                Some((reference, length)) => {
                    found.push(reference);
                    length
                }
                None => 1,
            },
            sign => sign.len_utf8(),
        };
        let (taken, left) = rest.split_at(length);
        before = taken.chars().next_back();
        is_line_start = match taken.rsplit_once('\n') {
            Some((_, line)) => line.trim().is_empty(),
            None => is_line_start && taken.trim().is_empty(),
        };
        rest = left;
    }
    found
}

/// Whether a word may begin behind a sign.
fn begins(before: Option<char>) -> bool {
    before.is_none_or(|sign| sign.is_whitespace() || matches!(sign, '(' | '[' | '{'))
}

fn fence(sign: char) -> String {
    sign.to_string().repeat(3)
}

/// The length of a fenced block, to the end if it is not closed.
fn fenced(text: &str, sign: char) -> usize {
    let fence = fence(sign);
    let mut length = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        length += line.len();
        if number > 0 && line.trim_start().starts_with(&fence) {
            break;
        }
    }
    length
}

/// The length of a code span, or of the backticks alone if nothing closes it.
fn span(text: &str) -> usize {
    let ticks = text.bytes().take_while(|byte| *byte == b'`').count();
    let mut at = ticks;
    while let Some(next) = text.get(at..).and_then(|rest| rest.find('`')) {
        let start = at + next;
        let closing = text.get(start..).map_or(0, |rest| {
            rest.bytes().take_while(|byte| *byte == b'`').count()
        });
        at = start + closing;
        if closing == ticks {
            return at;
        }
    }
    ticks
}

/// The reference that a text begins with, and its length with the `@`.
fn reference(text: &str) -> Option<(Reference, usize)> {
    let word = text.strip_prefix('@')?;
    if let Some(quoted) = word.strip_prefix('"') {
        return self::quoted(quoted);
    }
    let end = word.find(char::is_whitespace).unwrap_or(word.len());
    let is_called = word.get(..end)?.find('(');
    let word = word.get(..is_called.unwrap_or(end))?;
    let word = word.trim_end_matches(TRAILING);
    if word.is_empty() || word.starts_with('@') {
        return None;
    }
    let reference = plain(word, is_called.is_some());
    Some((reference, word.len() + 1))
}

fn plain(word: &str, is_called: bool) -> Reference {
    let written = word.to_owned();
    if let Some(("note" | "document", id)) = word.split_once(':')
        && is_id(id)
    {
        return Reference {
            written,
            target: Target::Note { id: id.to_owned() },
            may_be_a_word: false,
        };
    }
    let (path, lines) = split_lines(word);
    let kind = word.split_once(':').filter(|_| lines.is_none());
    let target = match kind {
        Some(("source", name)) if !name.is_empty() => Target::Source { name: name.into() },
        Some((server, uri)) if is_name(server) => Target::Resource {
            server: server.into(),
            uri: uri.into(),
        },
        _ => Target::Path {
            path: path.into(),
            lines,
        },
    };
    let is_bare = lines.is_none() && kind.is_none() && !word.contains(['/', '.']);
    Reference {
        written,
        target,
        may_be_a_word: is_bare || is_called,
    }
}

/// A path between quotes, and perhaps lines behind them.
fn quoted(text: &str) -> Option<(Reference, usize)> {
    let end = text
        .find(['"', '\n'])
        .filter(|at| text[*at..].starts_with('"'))?;
    let path = text.get(..end)?;
    if path.is_empty() {
        return None;
    }
    let after = text.get(end + 1..).unwrap_or_default();
    let tail: usize = after
        .bytes()
        .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'-'))
        .count();
    let tail = after
        .get(..tail)
        .unwrap_or_default()
        .trim_end_matches([':', '-']);
    let (_, lines) = split_lines(tail);
    let tail = lines.map_or("", |_| tail);
    let reference = Reference {
        written: format!("\"{path}\"{tail}"),
        target: Target::Path {
            path: path.to_owned(),
            lines,
        },
        may_be_a_word: false,
    };
    Some((reference, end + 3 + tail.len()))
}

/// A path and the lines behind its last colon, `:10` or `:10-40`.
fn split_lines(word: &str) -> (&str, Option<LineRange>) {
    let Some((path, range)) = word.rsplit_once(':') else {
        return (word, None);
    };
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let number = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => text.parse().ok(),
        false => None,
    };
    match (number(first), number(last)) {
        (Some(first), Some(last)) => (path, Some(LineRange { first, last })),
        _ => (word, None),
    }
}

/// Whether it can be an id or a part of one.
fn is_id(word: &str) -> bool {
    let is_sign = |sign: char| sign.is_ascii_hexdigit() || sign == '-';
    !word.is_empty() && word.chars().all(is_sign)
}

/// Whether it is a plain name, as servers have them.
fn is_name(word: &str) -> bool {
    let is_plain = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_');
    !word.is_empty() && word.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, wanted: &[&str]) {
        let found: Vec<String> = find(text)
            .into_iter()
            .map(|reference| {
                let word = if reference.may_be_a_word { "?" } else { "" };
                match reference.target {
                    Target::Path { path, lines } => match lines {
                        Some(LineRange { first, last }) => format!("{word}{path}|{first}-{last}"),
                        None => format!("{word}{path}"),
                    },
                    Target::Note { id } => format!("note {id}"),
                    Target::Source { name } => format!("source {name}"),
                    Target::Resource { server, .. } => format!("server {server}"),
                }
            })
            .collect();
        assert_eq!(found, wanted, "{text:?}");
    }

    #[test]
    fn paths_are_found_where_words_begin() {
        check("explain @src/main.rs, please", &["src/main.rs"]);
        check(
            "@a.rs @b.rs:7 (@c.rs:10-40) @src/.",
            &["a.rs", "b.rs|7-7", "c.rs|10-40", "src/"],
        );
        check(
            "@../x.md and @/etc/hosts and @~/n.txt",
            &["../x.md", "/etc/hosts", "~/n.txt"],
        );
        check("@.env @.github/ci.yml", &[".env", ".github/ci.yml"]);
        check("what is @\"a b.md\":3-4? and @\"c\"", &["a b.md|3-4", "c"]);
        check("@\"not closed\n@b.rs", &["b.rs"]);
        check("Größe @ä/ö.md…", &["ä/ö.md"]);
        check("@a:b.rs:3", &["a:b.rs|3-3"]);
        check("@a.rs:x", &["a.rs:x"]);
    }

    #[test]
    fn what_is_no_reference_is_none() {
        check("mail ada@example.org, a @ b, @, @@ -1 +1 @@", &[]);
        check(r"a \@src/main.rs", &[]);
        check("`@src/a.rs` and ``x ` @b.rs`` @c.rs", &["c.rs"]);
        check("one ` @a.rs", &["a.rs"]);
        check("```py\n@a.b/c\n```\n@d.rs", &["d.rs"]);
        check("~~~\n@a.rs", &[]);
        check("text\n  ```\n@a.rs\n  ```\n@b.rs", &["b.rs"]);
        check("'@scope/name'", &[]);
    }

    #[test]
    fn words_and_calls_may_be_words() {
        check("ask @ada, @Override", &["?ada", "?Override"]);
        check("@app.route(\"/\")", &["?app.route"]);
        check("@Makefile", &["?Makefile"]);
    }

    #[test]
    fn sources_and_servers_are_known_forms() {
        check("@source:handbook", &["source handbook"]);
        check(
            "@note:5f21c0de, @document:12345678.",
            &["note 5f21c0de", "note 12345678"],
        );
        check("@note:handbook", &["server note"]);
        check("@jira:ABC-1", &["server jira"]);
        check("@source:", &["?source"]);
    }
}
