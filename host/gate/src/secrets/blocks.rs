//! Private keys: blocks between a beginning and an end, whole or torn.

use super::Span;

const KIND: &str = "private key";
/// Longest line that announces a key, bytes.
const MAX_HEADER: usize = 120;

pub(super) fn find(text: &str, spans: &mut Vec<Span>) {
    let mut at = 0;
    while let Some(found) = text[at..].find("PRIVATE KEY") {
        let here = at + found;
        at = here + "PRIVATE KEY".len();
        let Some((start, is_begin)) = header(text, here) else {
            continue;
        };
        let span = if is_begin {
            let end = end_of(text, at);
            at = end;
            (start, end)
        } else {
            // The end of a key whose beginning was cut off.
            (body_before(text, start), after_dashes(text, at))
        };
        spans.push(Span {
            start: span.0,
            end: span.1,
            kind: KIND,
        });
    }
}

/// Where the line that says "private key" begins, and whether it begins or ends a key.
fn header(text: &str, at: usize) -> Option<(usize, bool)> {
    let from = text.ceil_char_boundary(at.saturating_sub(MAX_HEADER));
    let before = &text[from..at];
    let (dashes, is_begin) = match (before.rfind("BEGIN "), before.rfind("END ")) {
        (Some(begin), end) if end.is_none_or(|end| end < begin) => (begin, true),
        (_, Some(end)) => (end, false),
        _ => return None,
    };
    let kind = &before[dashes..];
    let is_plain = kind
        .bytes()
        .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ');
    let head = before[..dashes].trim_end_matches(' ');
    let lead = head.trim_end_matches('-');
    (is_plain && head.len() - lead.len() >= 4).then_some((from + lead.len(), is_begin))
}

/// Where a key ends that was begun: behind its last line, or where what follows cannot belong to it.
fn end_of(text: &str, from: usize) -> usize {
    let after = after_dashes(text, from);
    let rest = &text[after..];
    let body = rest.find(|c: char| !is_of_body(c)).unwrap_or(rest.len());
    let end = after + body;
    // The end of the key is of the same letters, so it lies in the body, unless it has odd headers.
    match text[after..end].find("END ") {
        Some(at) => {
            let line = after + at;
            let dashes = text[line..].find("---").map_or(end, |dashes| line + dashes);
            after_dashes(text, dashes)
        }
        None => end,
    }
}

fn after_dashes(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    let rest = rest.strip_prefix(" BLOCK").unwrap_or(rest);
    let rest = rest.trim_start_matches(['-', ' ']);
    text.len() - rest.len()
}

/// Base64, line ends (written out too), and headers such as `Proc-Type: 4,ENCRYPTED`.
fn is_of_body(c: char) -> bool {
    c.is_ascii_alphanumeric() || "+/=-:,. \r\n\t\\\"'|#*>".contains(c)
}

/// Where the base64 begins that stands before the end of a key.
fn body_before(text: &str, end: usize) -> usize {
    let mut start = end;
    while let Some(line) = text[..start]
        .trim_end_matches(['\n', '\r', ' '])
        .rsplit('\n')
        .next()
    {
        let is_body = line.len() >= 16
            && line.len() <= 128
            && line
                .trim()
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+/=\t ".contains(&byte));
        let trimmed = text[..start].trim_end_matches(['\n', '\r', ' ']);
        if !is_body || trimmed.is_empty() {
            break;
        }
        start = trimmed.len() - line.len();
    }
    start
}
