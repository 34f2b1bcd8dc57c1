//! Text to syntax: the only door to the parser, with budgets. What does not parse is nothing.

use brush_parser::ast::Program;
use brush_parser::word::{self, BraceExpressionMember, BraceExpressionOrText, WordPieceWithSource};
use brush_parser::{Parser, ParserOptions};
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Longest text that is parsed, bytes.
pub(super) const MAX_BYTES: usize = 128 * 1024;
/// The parser backtracks; its time doubles with each level of unclosed nesting.
const MAX_DEPTH: usize = 10;
/// The parser goes down the stack with each clause; prose and programs in quotes may hold such words too.
const MAX_CLAUSES: usize = 40;
/// Nested `case` clauses are parsed twice per level.
const MAX_CASES: usize = 6;
/// Longest run of digits the parser turns into a number without overflow.
const MAX_DIGITS: usize = 9;
/// Most words one word may become by brace expansion.
const MAX_BRACE_WORDS: usize = 64;

/// A program, or nothing if it is not certain what a shell would make of the text.
pub(super) fn program(text: &str) -> Option<Program> {
    if !is_parsable(text) {
        return None;
    }
    guarded(|| {
        Parser::new(Cursor::new(text.as_bytes()), &ParserOptions::default())
            .parse_program()
            .ok()
    })
}

/// The pieces of a word.
pub(super) fn word(text: &str) -> Option<Vec<WordPieceWithSource>> {
    if !is_parsable(text) {
        return None;
    }
    guarded(|| word::parse(text, &ParserOptions::default()).ok())
}

/// The pieces of an unquoted here-document.
pub(super) fn heredoc(text: &str) -> Option<Vec<WordPieceWithSource>> {
    if !is_parsable(text) {
        return None;
    }
    guarded(|| word::parse_heredoc(text, &ParserOptions::default()).ok())
}

/// The words a word becomes by brace expansion; itself if there is nothing to expand.
pub(super) fn braces(text: &str) -> Option<Vec<String>> {
    if !text.contains('{') || !(text.contains(',') || text.contains("..")) {
        return Some(vec![text.to_owned()]);
    }
    if !is_parsable(text) {
        return None;
    }
    let pieces = guarded(|| word::parse_brace_expansions(text, &ParserOptions::default()).ok())?;
    match pieces {
        Some(pieces) => brace_words(&pieces),
        None => Some(vec![text.to_owned()]),
    }
}

fn brace_words(pieces: &[BraceExpressionOrText]) -> Option<Vec<String>> {
    let mut words = vec![String::new()];
    for piece in pieces {
        let parts = match piece {
            BraceExpressionOrText::Text(text) => vec![text.clone()],
            BraceExpressionOrText::Expr(members) => {
                let mut parts = Vec::new();
                for member in members {
                    parts.extend(brace_member(member)?);
                }
                parts
            }
        };
        if words.len().saturating_mul(parts.len()) > MAX_BRACE_WORDS {
            return None;
        }
        words = words
            .iter()
            .flat_map(|word| parts.iter().map(move |part| format!("{word}{part}")))
            .collect();
    }
    Some(words)
}

fn brace_member(member: &BraceExpressionMember) -> Option<Vec<String>> {
    match member {
        BraceExpressionMember::Child(pieces) => brace_words(pieces),
        BraceExpressionMember::NumberSequence {
            start,
            end,
            increment,
        } => Some(
            sequence(*start, *end, *increment)?
                .map(|n| n.to_string())
                .collect(),
        ),
        BraceExpressionMember::CharSequence {
            start,
            end,
            increment,
        } => sequence(
            i64::from(u32::from(*start)),
            i64::from(u32::from(*end)),
            *increment,
        )?
        .map(|code| {
            u32::try_from(code)
                .ok()
                .and_then(char::from_u32)
                .map(String::from)
        })
        .collect(),
    }
}

fn sequence(start: i64, end: i64, increment: i64) -> Option<impl Iterator<Item = i64>> {
    let step = increment.checked_abs()?.max(1);
    let count = end.checked_sub(start)?.checked_abs()? / step;
    if count >= MAX_BRACE_WORDS as i64 {
        return None;
    }
    let direction = if end < start { -step } else { step };
    Some((0..=count).map(move |index| start + index * direction))
}

fn is_parsable(text: &str) -> bool {
    text.len() <= MAX_BYTES
        && !text
            .chars()
            .any(|c| c.is_control() && !matches!(c, '\n' | '\t'))
        && depth(text, '(', ')') <= MAX_DEPTH
        && depth(text, '{', '}') <= MAX_DEPTH
        && depth(text, '[', ']') <= MAX_DEPTH
        && clause_depth(
            text,
            &["if", "while", "until", "for", "case"],
            &["fi", "done", "esac"],
        ) <= MAX_CLAUSES
        && clause_depth(text, &["case"], &["esac"]) <= MAX_CASES
        && !has_long_number(text)
        && has_plain_here_documents(text)
}

/// Whether each here-document has a delimiter of letters and digits, in quotes or not. With an empty one, as in
/// `$(cat << )`, the tokenizer would not come back.
fn has_plain_here_documents(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let marks = rest[at..].chars().take_while(|c| *c == '<').count();
        rest = &rest[at + marks..];
        let is_plain = match marks {
            1 | 3 => true,
            2 => has_plain_delimiter(rest),
            _ => false,
        };
        if !is_plain {
            return false;
        }
    }
    true
}

fn has_plain_delimiter(after: &str) -> bool {
    let word = after.strip_prefix('-').unwrap_or(after);
    // A second blank would be taken for the delimiter inside a substitution.
    let word = word.strip_prefix(' ').unwrap_or(word);
    let quote = word
        .chars()
        .next()
        .filter(|c| matches!(c, '\'' | '"' | '\\'));
    let word = if quote.is_some() { &word[1..] } else { word };
    let rest = word.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let rest_is_closed = match quote {
        Some('\\') | None => Some(rest),
        Some(quote) => rest.strip_prefix(quote),
    };
    rest.len() < word.len()
        && rest_is_closed.is_some_and(|rest| {
            rest.is_empty() || rest.starts_with([' ', '\t', '\n', ';', '|', '&', ')', '>', '<'])
        })
}

fn depth(text: &str, open: char, close: char) -> usize {
    let mut depth = 0_usize;
    let mut deepest = 0;
    for c in text.chars() {
        if c == open {
            depth += 1;
            deepest = deepest.max(depth);
        } else if c == close {
            depth = depth.saturating_sub(1);
        }
    }
    deepest
}

/// How deeply clauses are nested, words in quotes taken for keywords too.
fn clause_depth(text: &str, opening: &[&str], closing: &[&str]) -> usize {
    let mut depth = 0_usize;
    let mut deepest = 0;
    for word in text.split(|c: char| !c.is_ascii_alphanumeric()) {
        if opening.contains(&word) {
            depth += 1;
            deepest = deepest.max(depth);
        } else if closing.contains(&word) {
            depth = depth.saturating_sub(1);
        }
    }
    deepest
}

/// Whether a long number stands where the parser would compute with it.
fn has_long_number(text: &str) -> bool {
    let mut run = 0_usize;
    let mut is_counted = false;
    let mut before = ' ';
    for c in text.chars() {
        if c.is_ascii_digit() {
            if run == 0 {
                is_counted = matches!(
                    before,
                    '~' | '+' | '-' | '{' | '.' | '$' | '#' | '!' | '[' | '<' | '>'
                );
            }
            run += 1;
            if is_counted && run > MAX_DIGITS {
                return true;
            }
        } else {
            if run > MAX_DIGITS && matches!(c, '<' | '>') {
                return true;
            }
            run = 0;
        }
        before = c;
    }
    false
}

/// A panic of the parser is a text that does not parse.
fn guarded<T>(parse: impl FnOnce() -> Option<T>) -> Option<T> {
    catch_unwind(AssertUnwindSafe(parse)).ok().flatten()
}
