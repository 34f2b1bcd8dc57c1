//! Values of what is named like a secret: `password = …`, `"api_key": "…"`, `Authorization: Bearer …`; and random
//! text on a line that speaks of secrets.

use super::Span;
use super::look::{
    entropy, has_digit, has_letter, is_hex, is_path_of_names, is_random, is_stand_in, is_word,
};
use regex::Regex;
use std::sync::LazyLock;

/// Longest name and value that are looked at, bytes.
const MAX_NAME: usize = 128;
const MAX_VALUE: usize = 256;

/// What a name says of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    /// Chosen by a person: short, perhaps without digits.
    Password,
    /// Drawn by a machine.
    Token,
    /// A header with a scheme in front of the value.
    Authorization,
}

/// How names end that stand before a password; without separators, in lower case.
const PASSWORDS: [&str; 6] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "userpwd",
    "dbpwd",
];
/// How names end that stand before a token.
const TOKENS: [&str; 28] = [
    "secret",
    "token",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "authkey",
    "accountkey",
    "encryptionkey",
    "signingkey",
    "masterkey",
    "servicekey",
    "sharedkey",
    "apitoken",
    "clientsecret",
    "credential",
    "credentials",
    "secretaccesskey",
    "sessionid",
    "sessionsecret",
    "cookiesecret",
    "webhooksecret",
    "apisecret",
    "pat",
    "storagekey",
    "licensekey",
    "deploykey",
    "appkey",
];
/// How names end that look like it and stand before something else.
const OTHERS: [&str; 16] = [
    "pagetoken",
    "nexttoken",
    "continuationtoken",
    "synctoken",
    "cancellationtoken",
    "stoptoken",
    "padtoken",
    "eostoken",
    "bostoken",
    "publickey",
    "resumetoken",
    "primarytoken",
    "csrftoken",
    "maxtoken",
    "startingtoken",
    "idempotencytoken",
];

pub(super) fn find(text: &str, spans: &mut Vec<Span>) {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        find_in_line(text, start, line, spans);
        start += line.len();
    }
}

/// What the text of a field is, if it is a secret as a whole.
pub(super) fn kind_of_field(name: &str, text: &str) -> Option<&'static str> {
    let named = meaning(name)?;
    let value = match named {
        Named::Authorization => text.rsplit(' ').next().unwrap_or(text),
        Named::Password | Named::Token => text,
    };
    let found = Value {
        text: value,
        is_quoted: true,
        is_plain_assignment: false,
        ends_line: false,
    };
    found.is_secret(named).then_some(kind(named))
}

fn kind(named: Named) -> &'static str {
    match named {
        Named::Password => "password",
        Named::Token => "secret",
        Named::Authorization => "authorization",
    }
}

fn find_in_line(text: &str, offset: usize, line: &str, spans: &mut Vec<Span>) {
    let bytes = line.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !is_name(bytes[at]) {
            at += 1;
            continue;
        }
        let end = at
            + bytes[at..]
                .iter()
                .take_while(|byte| is_name(**byte))
                .count();
        let name = &line[at..end];
        let found = (name.len() <= MAX_NAME)
            .then(|| meaning(name))
            .flatten()
            .and_then(|named| Some((named, value(line, at, end, named)?)));
        at = end;
        if let Some((named, (from, found))) = found
            && found.is_secret(named)
        {
            let start = offset + from;
            let end = start + found.text.len();
            spans.push(Span {
                start,
                end: whole_value(text, end, found.text.len()),
                kind: kind(named),
            });
            at = from + found.text.len();
        }
    }
    if let Some(from) = speaks_of_secrets(line) {
        random_words(line, from, offset, spans);
    }
}

/// A value that was looked at only in part goes on to its last letter.
fn whole_value(text: &str, end: usize, length: usize) -> usize {
    if length < MAX_VALUE - 4 {
        return end;
    }
    let more = text[end..].find(|c: char| c.is_whitespace() || "\"'`".contains(c));
    more.map_or(text.len(), |more| end + more)
}

fn is_name(byte: u8) -> bool {
    is_word(byte) || matches!(byte, b'-' | b'.')
}

/// The last two letters of everything [`meaning`] knows.
const LAST_TWO: [&[u8; 2]; 15] = [
    b"rd", b"wd", b"se", b"de", b"ss", b"pw", b"et", b"en", b"ey", b"al", b"ls", b"id", b"at",
    b"on", b"th",
];

/// Most names end like nothing that matters, and are passed over without being written anew.
fn may_mean(name: &str) -> bool {
    let mut letters = name
        .bytes()
        .rev()
        .filter(|byte| !matches!(byte, b'_' | b'-' | b'.'))
        .map(|byte| byte.to_ascii_lowercase());
    let (Some(last), Some(before)) = (letters.next(), letters.next()) else {
        return false;
    };
    LAST_TWO.contains(&&[before, last])
}

fn meaning(name: &str) -> Option<Named> {
    if !may_mean(name) {
        return None;
    }
    let plain: String = name
        .chars()
        .filter(|c| !matches!(c, '_' | '-' | '.'))
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let ends = |list: &[&str]| list.iter().any(|end| plain.ends_with(end));
    if plain.len() < 3 || ends(&OTHERS) {
        return None;
    }
    let lower = name.to_ascii_lowercase();
    let is_short = ["_pass", "-pass", ".pass", "_pwd", "-pwd", ".pwd", "_pw"]
        .iter()
        .any(|end| lower.ends_with(end));
    if ends(&PASSWORDS) || is_short || lower == "pwd" || lower == "pass" {
        Some(Named::Password)
    } else if ends(&["authorization"]) || lower == "_auth" {
        Some(Named::Authorization)
    } else if (ends(&TOKENS) && plain != "pat" && !plain.ends_with("path"))
        || lower.ends_with("_pat")
    {
        // `pat` ends too many words to count by itself.
        let is_pat = plain.ends_with("pat") && !ends(&TOKENS[..23]);
        (!is_pat || lower.ends_with("_pat")).then_some(Named::Token)
    } else {
        None
    }
}

/// What stands behind a name, and how.
#[derive(Clone, Copy, Debug)]
struct Value<'a> {
    text: &'a str,
    is_quoted: bool,
    /// `NAME=value` without blanks, in capitals: a variable, not a program's text.
    is_plain_assignment: bool,
    ends_line: bool,
}

/// The value behind a name that ends at `end`, with its place in the line.
fn value<'a>(line: &'a str, start: usize, end: usize, named: Named) -> Option<(usize, Value<'a>)> {
    let bytes = line.as_bytes();
    let is_flag = line[start..end].starts_with("--") || line[..start].ends_with("--");
    let mut at = skip(bytes, end, b"\\\"'`])", 3);
    let before_separator = at;
    at = skip(bytes, at, b" \t", 4);
    let separator = bytes[at..]
        .iter()
        .take_while(|byte| b":=>".contains(byte))
        .count();
    if separator == 0 || separator > 2 {
        if !(is_flag && at > end && before_separator == end) {
            return None;
        }
    } else {
        at += separator;
    }
    let is_tight = before_separator + separator == at && at == end + separator;
    at = skip(bytes, at, b" \t", 4);
    // `password: &str = "…"`
    if let Some(typed) = typed_value(line, at) {
        at = typed;
    }
    if named == Named::Authorization {
        at = behind_scheme(line, at);
    }
    let name = &line[start..end];
    let is_capital = name.bytes().all(|byte| !byte.is_ascii_lowercase());
    let after_escape = skip(bytes, at, b"\\", 2);
    let quote = bytes
        .get(after_escape)
        .copied()
        .filter(|byte| b"\"'`".contains(byte));
    let from = match quote {
        Some(_) => after_escape + 1,
        None => at,
    };
    let limit = line.floor_char_boundary((from + MAX_VALUE).min(line.len()));
    let rest = line.get(from..limit)?;
    let stops = |byte: &u8| match quote {
        Some(quote) => *byte == quote || matches!(byte, b'\\' | b'\n' | b'\r'),
        None => byte.is_ascii_whitespace() || b"\"'`,;(){}<>&|\\".contains(byte),
    };
    let length = rest
        .bytes()
        .position(|byte| stops(&byte))
        .unwrap_or(rest.len());
    let after = rest[length..].trim_end_matches(['\n', '\r', ' ']);
    Some((
        from,
        Value {
            text: &rest[..length],
            is_quoted: quote.is_some(),
            is_plain_assignment: is_capital && is_tight && bytes.get(end) == Some(&b'='),
            ends_line: after.is_empty() && limit == line.len(),
        },
    ))
}

fn skip(bytes: &[u8], from: usize, any: &[u8], most: usize) -> usize {
    let skipped = bytes[from..]
        .iter()
        .take(most)
        .take_while(|byte| any.contains(byte))
        .count();
    from + skipped
}

/// Behind `Bearer`, `Basic` and their kin, and a quote before them.
fn behind_scheme(line: &str, at: usize) -> usize {
    let quoted = skip(line.as_bytes(), at, b"\\\"'", 2);
    let rest = &line[quoted..];
    let scheme = rest
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(rest.len());
    let is_scheme = (3..=12).contains(&scheme) && rest[scheme..].starts_with(' ');
    if is_scheme { quoted + scheme + 1 } else { at }
}

/// Where the value is if a type stands between it and its name.
fn typed_value(line: &str, at: usize) -> Option<usize> {
    let rest = &line[at..line.floor_char_boundary((at + 40).min(line.len()))];
    let equals = rest.find(" = ")?;
    let is_type = rest[..equals]
        .bytes()
        .all(|byte| is_word(byte) || b"&<>'[]:?".contains(&byte));
    let after = at + equals + 3;
    (is_type && !rest.starts_with(['"', '`']) && line[after..].starts_with(['"', '\'']))
        .then_some(after)
}

impl Value<'_> {
    fn is_secret(&self, named: Named) -> bool {
        let text = self.text;
        let is_sane = text.len() >= 4
            && !text.contains(char::is_whitespace)
            && !is_stand_in(text)
            && !text.contains("::")
            && !text.contains("://");
        if !is_sane {
            return false;
        }
        match named {
            Named::Password => self.is_password(),
            Named::Token => self.is_token(),
            Named::Authorization => {
                text.len() >= 12 && (has_digit(text) || text.len() >= 20) && !is_path_of_names(text)
            }
        }
    }

    fn is_password(&self) -> bool {
        let text = self.text;
        let is_letters = text.bytes().all(|byte| byte.is_ascii_alphabetic());
        let is_lower = text.bytes().all(|byte| byte.is_ascii_lowercase());
        if self.is_plain_assignment {
            return !text.starts_with('/');
        }
        if self.is_quoted {
            // A label begins with a capital letter, a key of a dictionary of texts has dots.
            let is_label = is_path_of_names(text) || text.contains('…');
            return !is_label && (!is_letters || (is_lower && text.len() >= 6));
        }
        if is_letters {
            return is_lower && self.ends_line && text.len() >= 8;
        }
        let has_special = text.bytes().any(|byte| b"!@#$%^*+=?~".contains(&byte));
        let is_name = text.bytes().all(|byte| is_word(byte) || byte == b'.');
        let is_mixed = has_digit(text) && has_letter(text);
        !is_path_of_names(text)
            && !text.starts_with('/')
            && text.len() >= 6
            && (has_special || (is_mixed && !(is_name && text.contains(['_', '.']))))
    }

    fn is_token(&self) -> bool {
        let text = self.text;
        let fits = |byte: u8| is_word(byte) || b"-+/=.~:%!@#$^*".contains(&byte);
        let is_mixed = has_digit(text) && has_letter(text);
        if !text.bytes().all(fits) || is_path_of_names(text) || text.starts_with('/') {
            return false;
        }
        if self.is_plain_assignment && text.len() >= 8 && !text.contains('/') {
            return is_mixed || text.len() >= 16;
        }
        // Names and paths with a number in them carry less.
        let is_compound = text.contains(['/', '.', '-', '_', ':']);
        let wanted = if is_compound && !is_hex(&text.replace('-', "")) {
            3.5
        } else {
            2.5
        };
        is_mixed && text.len() >= 16 && entropy(text) >= wanted
    }
}

/// Words with which a line speaks of secrets.
static SPEAKING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let words =
        "secret|token|api[ _]?key|access key|password|credential|bearer|private key|passphrase";
    Regex::new(&format!("(?i-u){words}")).ok()
});

/// From where on a line speaks of secrets. What stands before that is none: in a stream it has been told already.
fn speaks_of_secrets(line: &str) -> Option<usize> {
    // Long lines are data; their letters would speak of anything.
    if line.len() > 2000 {
        return None;
    }
    let from = match SPEAKING.as_ref() {
        Some(words) => words.find(line)?.start(),
        None => 0,
    };
    if line.contains("base64,") || line.contains("integrity") {
        return None;
    }
    Some(from)
}

/// Words that look drawn at random.
fn random_words(line: &str, from: usize, offset: usize, spans: &mut Vec<Span>) {
    let is_part = |byte: u8| is_word(byte) || matches!(byte, b'-' | b'+' | b'/' | b'=');
    let bytes = line.as_bytes();
    let mut at = from;
    while at < bytes.len() {
        let length = bytes[at..]
            .iter()
            .take_while(|byte| is_part(**byte))
            .count();
        if (24..=256).contains(&length) {
            let word = &line[at..at + length];
            let word = word.rsplit_once("==").map_or(word, |_| word);
            // `name=value`: the name is none of it.
            let start = word
                .trim_end_matches('=')
                .rfind('=')
                .map_or(0, |equals| equals + 1);
            if word.len() - start >= 24 && is_random(&word[start..]) {
                spans.push(Span {
                    start: offset + at + start,
                    end: offset + at + length,
                    kind: "high-entropy text",
                });
            }
        }
        at += length.max(1);
    }
}
