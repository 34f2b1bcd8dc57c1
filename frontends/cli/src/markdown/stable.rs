//! How much of a text that is still growing has its final look. Pure; on the side of caution.

use std::ops::Range;

/// A line that is shorter than this may still turn out to begin something else.
const TELLING_BYTES: usize = 32;
/// Signs that rules, underlines of headings and rows of dashes are made of.
const RULE: &str = "-*_=:+ \t";

/// How much of a text may be parsed: its whole lines, and the unfinished one if it can only be running text.
pub(super) fn parsable(source: &str) -> usize {
    let whole = source.rfind('\n').map_or(0, |at| at + 1);
    let line = source.get(whole..).unwrap_or_default();
    if is_running_text(line) {
        source.len()
    } else {
        whole
    }
}

fn is_running_text(line: &str) -> bool {
    if line.len() <= TELLING_BYTES || line.contains('|') {
        return false;
    }
    let text = without_markers(line);
    let is_other = ["```", "~~~", "#", "<", "["]
        .iter()
        .any(|mark| text.starts_with(mark));
    !is_other && !line.chars().all(|sign| RULE.contains(sign))
}

/// A line without quote marks, bullets, numbers and boxes.
fn without_markers(line: &str) -> &str {
    let mut rest = line.trim_start();
    loop {
        let boxes = ["[ ] ", "[x] ", "[X] "];
        let plain = rest
            .strip_prefix('>')
            .or_else(|| boxes.iter().find_map(|mark| rest.strip_prefix(mark)));
        if let Some(after) = plain {
            rest = after.trim_start();
            continue;
        }
        let number = rest.trim_start_matches(|sign: char| sign.is_ascii_digit());
        let after = match number.len() == rest.len() {
            true => rest.strip_prefix(['-', '*', '+']),
            false => number.strip_prefix(['.', ')']),
        };
        match after.filter(|after| after.starts_with([' ', '\t'])) {
            Some(after) => rest = after.trim_start(),
            None => return rest,
        }
    }
}

/// Whether a line of nothing follows before `rest` ends: what stood before it cannot go on.
pub(super) fn has_blank_line(rest: &str) -> bool {
    let lines: Vec<&str> = rest.split('\n').collect();
    let inner = lines
        .get(1..lines.len().saturating_sub(1))
        .unwrap_or_default();
    inner.iter().any(|line| is_blank(line))
}

/// Whether a line holds nothing but space and quote marks.
pub(super) fn is_blank(line: &str) -> bool {
    line.chars().all(|sign| sign.is_whitespace() || sign == '>')
}

/// Where in literal text something may have begun whose end has not come yet.
pub(super) fn unresolved(source: &str, range: Range<usize>) -> Option<usize> {
    let text = source.get(range.clone())?;
    let after = |at: usize| source.get(at..).and_then(|rest| rest.chars().next());
    let before = |at: usize| source.get(..at).and_then(|rest| rest.chars().next_back());
    let mut last = None;
    for (offset, sign) in text.char_indices() {
        let at = range.start + offset;
        if offset == 0 && before(at) == Some('\\') {
            // Escaped; what follows is a run of its own.
            continue;
        }
        // The rest of a run was judged with its beginning.
        if last.replace(sign) == Some(sign) && "*_~`".contains(sign) {
            continue;
        }
        let run =
            at + text.get(offset..)?.len() - text.get(offset..)?.trim_start_matches(sign).len();
        let next = after(run);
        let may_open = match sign {
            '*' | '~' => next.is_none_or(|next| !next.is_whitespace()),
            '_' => {
                let is_inside = before(at).is_some_and(char::is_alphanumeric)
                    && next.is_some_and(char::is_alphanumeric);
                !is_inside && next.is_none_or(|next| !next.is_whitespace())
            }
            '`' => true,
            '[' => !is_settled_bracket(source.get(at..)?),
            '<' => after(at + 1).is_none_or(|next| next.is_alphabetic() || "/!?".contains(next)),
            '&' => source
                .get(at + 1..)?
                .chars()
                .all(|c| c.is_alphanumeric() || c == '#'),
            '\\' => after(at + 1).is_none(),
            _ => false,
        };
        if may_open {
            let is_image = sign == '[' && before(at) == Some('!');
            return Some(at - usize::from(is_image));
        }
    }
    None
}

/// Whether a bracket has its fellow and cannot become a link any more.
fn is_settled_bracket(text: &str) -> bool {
    let mut depth = 0usize;
    for (at, sign) in text.char_indices() {
        match sign {
            '`' | '<' | '\\' => return false,
            '[' => depth += 1,
            ']' => {
                depth -= 1;
                if depth == 0 {
                    let next = text.get(at + 1..).and_then(|rest| rest.chars().next());
                    return next.is_some_and(|next| !"([:".contains(next));
                }
            }
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_line_counts_once_it_can_only_be_text() {
        let check = |text: &str, wanted: &str| assert_eq!(&text[..parsable(text)], wanted);
        check("whole\n", "whole\n");
        check("whole\nshort", "whole\n");
        let long = "a line of words that goes on and on";
        check(long, long);
        check(
            "- [ ] a line of words that goes on and on",
            "- [ ] a line of words that goes on and on",
        );
        check("```not yet a fence, perhaps, who knows", "");
        check("> 1. # a heading that is not yet complete", "");
        check("| a table, perhaps, | who knows | that", "");
        check("----------------------------------------", "");
    }

    #[test]
    fn what_may_have_begun_is_found() {
        let check =
            |text: &str, wanted| assert_eq!(unresolved(text, 0..text.len()), wanted, "{text:?}");
        check("plain words", None);
        check("2 * 3", None);
        check("a *b", Some(2));
        check("a **b", Some(2));
        check("snake_case", None);
        check("a _b", Some(2));
        check("a `b", Some(2));
        check("a [b] c", None);
        check("a [b](", Some(2));
        check("a ![b", Some(2));
        check("a < b", None);
        check("a <b", Some(2));
        check("at & t", None);
        check("\\ ```", Some(2));
        check("a&am", Some(1));
    }
}
