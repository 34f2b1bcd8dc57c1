//! Arguments put into a skill's instructions, in one pass: what is put in is not looked at again. Pure.
//!
//! `$ARGUMENTS` is all of them as written, `$1`, `$2` … are one each, `$name` one that the skill names, and
//! `${...}` each of these beside letters; `\$` is a dollar sign. Quotation marks keep blanks together. Where the
//! instructions take no argument, what was given stands behind them.

use super::manifest::Manifest;

/// Instructions with their arguments; `folder` is where the skill's files can be read, if it has any.
pub(crate) fn fill(manifest: &Manifest, arguments: &str, folder: Option<&str>) -> String {
    let arguments = arguments.trim();
    if manifest.is_old {
        return old(&manifest.body, arguments);
    }
    let filling = Filling {
        all: arguments,
        each: split(arguments),
        names: &manifest.argument_names,
        folder,
    };
    let (mut text, takes_any) = filling.fill(&manifest.body);
    if !takes_any && !arguments.is_empty() {
        text.push_str("\n\nARGUMENTS: ");
        text.push_str(arguments);
    }
    text
}

/// The old form knows one place, `{args}`.
fn old(body: &str, arguments: &str) -> String {
    if body.contains("{args}") {
        return body.replace("{args}", arguments);
    }
    match arguments {
        "" => body.to_owned(),
        _ => format!("{body}\n\nARGUMENTS: {arguments}"),
    }
}

struct Filling<'a> {
    all: &'a str,
    each: Vec<String>,
    names: &'a [String],
    folder: Option<&'a str>,
}

impl Filling<'_> {
    /// The text, and whether it took any argument.
    fn fill(&self, body: &str) -> (String, bool) {
        let mut text = String::with_capacity(body.len() + self.all.len());
        let mut takes_any = false;
        let mut rest = body;
        while let Some(at) = rest.find(['$', '\\']) {
            text.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some(after) = rest.strip_prefix("\\$") {
                text.push('$');
                rest = after;
            } else if let Some((value, is_argument, after)) = self.place(rest) {
                text.push_str(value);
                takes_any |= is_argument;
                rest = after;
            } else {
                let next = rest.chars().next().map_or(0, char::len_utf8);
                text.push_str(&rest[..next]);
                rest = &rest[next..];
            }
        }
        text.push_str(rest);
        (text, takes_any)
    }

    /// What stands for the place that `rest` begins with, whether that is an argument, and what is behind it.
    fn place<'b>(&'b self, rest: &'b str) -> Option<(&'b str, bool, &'b str)> {
        let rest = rest.strip_prefix('$')?;
        let (name, after) = match rest.strip_prefix('{') {
            Some(inner) => inner.split_once('}')?,
            None => {
                let is_digits = rest.starts_with(|c: char| c.is_ascii_digit());
                let end = rest.find(|c: char| {
                    let is_part = c.is_ascii_alphanumeric() || c == '_';
                    !(if is_digits {
                        c.is_ascii_digit()
                    } else {
                        is_part
                    })
                });
                rest.split_at(end.unwrap_or(rest.len()))
            }
        };
        let argument = |index: usize| self.each.get(index).map_or("", String::as_str);
        match name {
            "ARGUMENTS" => match after
                .strip_prefix('[')
                .and_then(|index| index.split_once(']'))
            {
                // Some write `$ARGUMENTS[0]` for the first.
                Some((index, behind)) if index.parse::<usize>().is_ok() => {
                    Some((argument(index.parse().ok()?), true, behind))
                }
                Some(_) | None => Some((self.all, true, after)),
            },
            "SKILL_DIR" | "CLAUDE_SKILL_DIR" => self.folder.map(|folder| (folder, false, after)),
            name => {
                let named = self.names.iter().position(|known| known == name);
                let number = || name.parse::<usize>().ok()?.checked_sub(1);
                Some((argument(named.or_else(number)?), true, after))
            }
        }
    }
}

/// Words, those in quotation marks as one.
fn split(arguments: &str) -> Vec<String> {
    let (mut words, mut word, mut quote, mut is_open) = (Vec::new(), String::new(), None, false);
    let mut chars = arguments.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\\', Some('"') | None)
                if chars.peek().is_some_and(|next| "\"'\\ ".contains(*next)) =>
            {
                word.extend(chars.next());
                is_open = true;
            }
            (c, Some(open)) if c == open => quote = None,
            (c, Some(_)) => word.push(c),
            // An apostrophe inside of a word is one.
            ('"', None) => (quote, is_open) = (Some('"'), true),
            ('\'', None) if word.is_empty() => (quote, is_open) = (Some('\''), true),
            (c, None) if c.is_whitespace() => {
                if is_open || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                    is_open = false;
                }
            }
            (c, None) => word.push(c),
        }
    }
    if is_open || !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(body: &str, arguments: &str) -> String {
        let manifest = Manifest {
            body: body.to_owned(),
            argument_names: vec!["file".to_owned(), "why".to_owned()],
            ..Manifest::default()
        };
        fill(&manifest, arguments, Some("/t/s"))
    }

    #[test]
    fn arguments_stand_where_the_field_puts_them() {
        for (body, arguments, wanted) in [
            ("do $ARGUMENTS.", "a  b", "do a  b."),
            ("$1|$2|$3", "a \"b c\" d", "a|b c|d"),
            ("$1|$2", "it's \\\"x\\\"", "it's|\"x\""),
            ("$1|$2", "'a b' \"\"", "a b|"),
            ("$10$1", "a", "a"),
            ("${1}0 $ARGUMENTS[1] ${ARGUMENTS}", "a b", "a0 b a b"),
            ("$file: $why; $files", "x y", "x: y; $files"),
            ("costs \\$1 or $", "", "costs $1 or $"),
            ("awk '{print \\$1}' $1", "f", "awk '{print $1}' f"),
            ("$ARGUMENTS", "$1 $ARGUMENTS", "$1 $ARGUMENTS"),
            ("$HOME and ${HOME", "", "$HOME and ${HOME"),
            ("run $SKILL_DIR/x.py", "", "run /t/s/x.py"),
            ("no place", "a b", "no place\n\nARGUMENTS: a b"),
            (
                "run ${CLAUDE_SKILL_DIR}/x",
                "a",
                "run /t/s/x\n\nARGUMENTS: a",
            ),
            ("no place", "  ", "no place"),
            ("$1 \"open", "ü ß", "ü \"open"),
            ("$1", "\"never closed", "never closed"),
        ] {
            assert_eq!(filled(body, arguments), wanted, "{body} with {arguments}");
        }
    }

    #[test]
    fn the_old_form_has_one_place() {
        let old = |body: &str| Manifest {
            body: body.to_owned(),
            is_old: true,
            ..Manifest::default()
        };
        assert_eq!(fill(&old("on {args}: $1"), "x", None), "on x: $1");
        assert_eq!(fill(&old("go"), "x", None), "go\n\nARGUMENTS: x");
    }
}
