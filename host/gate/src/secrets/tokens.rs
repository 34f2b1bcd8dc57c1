//! Tokens that tell by their beginning what they are, and passwords in addresses.

use super::Span;
use super::look::{has_digit, has_letter, is_stand_in, is_word};

/// What may follow a beginning.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Letters {
    Upper,
    Hex,
    Alnum,
    Word,
    /// As in base64 for addresses.
    Url,
    /// The same with dots.
    Dotted,
    /// The same with slashes.
    Path,
}
use Letters::{Alnum, Dotted, Hex, Path, Upper, Url, Word};

/// How long it is.
#[derive(Clone, Copy)]
enum Length {
    Exactly(usize),
    AtLeast(usize),
}
use Length::{AtLeast, Exactly};

/// Beginnings, what follows, how much of it, what it is. Longer beginnings stand before shorter ones.
const BEGINNINGS: &[(&str, Letters, Length, &str)] = &[
    ("AKIA", Upper, Exactly(16), "aws key"),
    ("ASIA", Upper, Exactly(16), "aws key"),
    ("ABIA", Upper, Exactly(16), "aws key"),
    ("ACCA", Upper, Exactly(16), "aws key"),
    ("ghp_", Alnum, AtLeast(30), "github token"),
    ("gho_", Alnum, AtLeast(30), "github token"),
    ("ghu_", Alnum, AtLeast(30), "github token"),
    ("ghs_", Alnum, AtLeast(30), "github token"),
    ("ghr_", Alnum, AtLeast(30), "github token"),
    ("github_pat_", Word, AtLeast(22), "github token"),
    ("glpat-", Dotted, AtLeast(20), "gitlab token"),
    ("gldt-", Url, AtLeast(20), "gitlab token"),
    ("glrt-", Dotted, AtLeast(20), "gitlab token"),
    ("glcbt-", Url, AtLeast(20), "gitlab token"),
    ("glptt-", Url, AtLeast(20), "gitlab token"),
    ("glft-", Url, AtLeast(20), "gitlab token"),
    ("glsoat-", Url, AtLeast(20), "gitlab token"),
    ("glagent-", Url, AtLeast(20), "gitlab token"),
    ("xoxb-", Url, AtLeast(20), "slack token"),
    ("xoxp-", Url, AtLeast(20), "slack token"),
    ("xoxa-", Url, AtLeast(20), "slack token"),
    ("xoxr-", Url, AtLeast(20), "slack token"),
    ("xoxs-", Url, AtLeast(20), "slack token"),
    ("xoxe-", Url, AtLeast(20), "slack token"),
    ("xoxe.", Dotted, AtLeast(20), "slack token"),
    ("xapp-", Url, AtLeast(20), "slack token"),
    (
        "hooks.slack.com/services/",
        Path,
        AtLeast(20),
        "slack webhook",
    ),
    (
        "discord.com/api/webhooks/",
        Path,
        AtLeast(40),
        "discord webhook",
    ),
    (
        "discordapp.com/api/webhooks/",
        Path,
        AtLeast(40),
        "discord webhook",
    ),
    ("sk-ant-", Url, AtLeast(20), "anthropic key"),
    ("sk-proj-", Url, AtLeast(20), "openai key"),
    ("sk-svcacct-", Url, AtLeast(20), "openai key"),
    ("sk-admin-", Url, AtLeast(20), "openai key"),
    ("sk-or-v1-", Alnum, AtLeast(32), "api key"),
    ("sk-lf-", Url, AtLeast(30), "api key"),
    ("sk-", Url, AtLeast(20), "api key"),
    ("sk_live_", Alnum, AtLeast(16), "stripe key"),
    ("sk_test_", Alnum, AtLeast(16), "stripe key"),
    ("rk_live_", Alnum, AtLeast(16), "stripe key"),
    ("rk_test_", Alnum, AtLeast(16), "stripe key"),
    ("whsec_", Alnum, AtLeast(24), "stripe key"),
    ("npm_", Alnum, Exactly(36), "npm token"),
    ("pypi-", Url, AtLeast(50), "pypi token"),
    ("AIza", Url, Exactly(35), "google key"),
    ("ya29.", Dotted, AtLeast(20), "google key"),
    ("GOCSPX-", Url, AtLeast(24), "google key"),
    ("hf_", Alnum, AtLeast(30), "hugging face token"),
    ("api_org_", Alnum, AtLeast(30), "hugging face token"),
    ("dop_v1_", Hex, AtLeast(64), "digitalocean token"),
    ("doo_v1_", Hex, AtLeast(64), "digitalocean token"),
    ("dor_v1_", Hex, AtLeast(64), "digitalocean token"),
    ("shpat_", Hex, AtLeast(32), "shopify token"),
    ("shpss_", Hex, AtLeast(32), "shopify token"),
    ("shpca_", Hex, AtLeast(32), "shopify token"),
    ("shppa_", Hex, AtLeast(32), "shopify token"),
    ("SG.", Dotted, AtLeast(60), "sendgrid key"),
    ("dckr_pat_", Url, AtLeast(24), "docker token"),
    ("dckr_oat_", Url, AtLeast(24), "docker token"),
    ("hvs.", Url, AtLeast(24), "vault token"),
    ("hvb.", Url, AtLeast(24), "vault token"),
    ("ATATT3", Url, AtLeast(40), "atlassian token"),
    ("ATCTT3", Url, AtLeast(40), "atlassian token"),
    ("AGE-SECRET-KEY-1", Upper, AtLeast(50), "age key"),
    ("lin_api_", Alnum, AtLeast(32), "service token"),
    ("secret_", Alnum, Exactly(43), "service token"),
    ("ntn_", Alnum, AtLeast(40), "service token"),
    ("PMAK-", Url, AtLeast(50), "service token"),
    ("dapi", Hex, Exactly(32), "service token"),
    ("glsa_", Word, AtLeast(32), "service token"),
    ("glc_", Alnum, AtLeast(40), "service token"),
    ("NRAK-", Upper, AtLeast(27), "service token"),
    ("rubygems_", Hex, AtLeast(48), "service token"),
    ("figd_", Url, AtLeast(36), "service token"),
    ("sq0atp-", Url, AtLeast(22), "service token"),
    ("sq0csp-", Url, AtLeast(40), "service token"),
    ("xai-", Alnum, AtLeast(60), "api key"),
    ("gsk_", Alnum, AtLeast(40), "api key"),
    ("r8_", Alnum, AtLeast(36), "api key"),
    ("pplx-", Alnum, AtLeast(40), "api key"),
    ("nvapi-", Url, AtLeast(50), "api key"),
    ("tvly-", Url, AtLeast(28), "api key"),
    ("fw_", Alnum, Exactly(24), "api key"),
    ("cio", Alnum, Exactly(32), "service token"),
    ("sbp_", Hex, AtLeast(40), "service token"),
    ("tskey-", Url, AtLeast(20), "service token"),
    ("pul-", Hex, AtLeast(40), "service token"),
    ("dp.pt.", Alnum, AtLeast(40), "service token"),
    ("EZAK", Alnum, Exactly(54), "service token"),
    ("xkeysib-", Url, AtLeast(64), "service token"),
    ("sntrys_", Url, AtLeast(40), "service token"),
    ("sntryu_", Hex, AtLeast(60), "service token"),
    ("phc_", Alnum, AtLeast(40), "service token"),
    ("pscale_tkn_", Dotted, AtLeast(32), "service token"),
    ("pscale_pw_", Dotted, AtLeast(32), "service token"),
];

/// Longest authority of an address that is looked at, bytes.
const MAX_AUTHORITY: usize = 512;

pub(super) fn find(text: &str, spans: &mut Vec<Span>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    // No web token begins before here: a run without its dots was looked at.
    let mut no_token_before = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        if byte == b':' && bytes[at..].starts_with(b"://") {
            address(text, at + 3, spans);
            at += 3;
            continue;
        }
        let is_start = is_word(byte) && (at == 0 || !is_word(bytes[at - 1]));
        if !is_start {
            at += 1;
            continue;
        }
        let found = beginning(bytes, at)
            .or_else(|| web_token(bytes, at, &mut no_token_before))
            .or_else(|| bot_token(bytes, at));
        match found {
            Some(span) => {
                at = span.end;
                spans.push(span);
            }
            None => at += 1,
        }
    }
}

/// For each first byte the second ones that a beginning has, as bits: nearly every word fails here.
const FIRST_TWO: [u128; 256] = {
    let mut seconds = [0; 256];
    let mut index = 0;
    while index < BEGINNINGS.len() {
        let begin = BEGINNINGS[index].0.as_bytes();
        seconds[begin[0] as usize] |= 1 << (begin[1] & 127);
        index += 1;
    }
    seconds
};

fn may_begin(rest: &[u8]) -> bool {
    match rest {
        [first, second, ..] => FIRST_TWO[usize::from(*first)] >> (second & 127) & 1 == 1,
        [] | [_] => false,
    }
}

fn beginning(bytes: &[u8], start: usize) -> Option<Span> {
    let rest = &bytes[start..];
    if !may_begin(rest) {
        return None;
    }
    for (begin, letters, length, kind) in BEGINNINGS {
        if !rest.starts_with(begin.as_bytes()) {
            continue;
        }
        let from = start + begin.len();
        let end = match *length {
            Exactly(count) => {
                let found = run(bytes, from, *letters, count + 1);
                (found == count).then_some(from + count)
            }
            AtLeast(count) => (run(bytes, from, *letters, count) == count)
                .then(|| from + run(bytes, from, *letters, usize::MAX)),
        };
        let end = end.filter(|end| is_plausible(begin, &bytes[from..*end]));
        if let Some(end) = end {
            return Some(Span { start, end, kind });
        }
    }
    None
}

/// Short beginnings are those of ordinary names too.
fn is_plausible(begin: &str, rest: &[u8]) -> bool {
    let has_number = rest.iter().any(u8::is_ascii_digit);
    let longest = || {
        rest.split(|byte| *byte == b'-')
            .map(<[u8]>::len)
            .max()
            .unwrap_or_default()
    };
    match begin {
        "sk-" | "tskey-" => has_number && longest() >= 16,
        "cio" | "dapi" | "r8_" | "fw_" | "EZAK" => {
            has_number && rest.iter().any(u8::is_ascii_alphabetic)
        }
        _ => has_number || rest.len() > 40,
    }
}

/// How many bytes of these letters stand from here on, `most` at most.
fn run(bytes: &[u8], from: usize, letters: Letters, most: usize) -> usize {
    bytes
        .get(from..)
        .unwrap_or_default()
        .iter()
        .take(most)
        .take_while(|byte| fits(**byte, letters))
        .count()
}

fn fits(byte: u8, letters: Letters) -> bool {
    match letters {
        Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
        Hex => byte.is_ascii_hexdigit(),
        Alnum => byte.is_ascii_alphanumeric(),
        Word => is_word(byte),
        Url => is_word(byte) || byte == b'-',
        Dotted => is_word(byte) || matches!(byte, b'-' | b'.'),
        Path => is_word(byte) || matches!(byte, b'-' | b'/'),
    }
}

/// Three parts of base64 with dots between, the first two of which are JSON.
fn web_token(bytes: &[u8], start: usize, no_token_before: &mut usize) -> Option<Span> {
    if start < *no_token_before || !bytes[start..].starts_with(b"eyJ") {
        return None;
    }
    let part = |from: usize| run(bytes, from, Url, usize::MAX);
    let first = start + part(start);
    if bytes.get(first) != Some(&b'.') {
        *no_token_before = first;
        return None;
    }
    let second = first + 1 + part(first + 1);
    if bytes.get(second) != Some(&b'.') || second - first < 10 || first - start < 10 {
        *no_token_before = second;
        return None;
    }
    let mut end = second + 1 + part(second + 1);
    // An encrypted one has two more.
    while bytes.get(end) == Some(&b'.') && part(end + 1) >= 8 {
        end += 1 + part(end + 1);
    }
    Some(Span {
        start,
        end,
        kind: "json web token",
    })
}

/// `123456789:AA…`.
fn bot_token(bytes: &[u8], start: usize) -> Option<Span> {
    let digits = bytes[start..]
        .iter()
        .take(11)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let colon = start + digits;
    let is_one = (8..=10).contains(&digits)
        && bytes[colon..].starts_with(b":AA")
        && run(bytes, colon + 1, Url, 36) == 35;
    is_one.then_some(Span {
        start,
        end: colon + 36,
        kind: "telegram token",
    })
}

/// The password in `scheme://user:password@host`, or a token in the place of the user.
fn address(text: &str, start: usize, spans: &mut Vec<Span>) {
    let rest = &text[start..text.floor_char_boundary((start + MAX_AUTHORITY).min(text.len()))];
    let end = rest
        .find(|c: char| c.is_whitespace() || "/\"'<>?#`|\\()".contains(c))
        .unwrap_or(rest.len());
    let Some((user_info, _)) = rest[..end].rsplit_once('@') else {
        return;
    };
    let span = |from: usize, kind| Span {
        start: start + from,
        end: start + user_info.len(),
        kind,
    };
    match user_info.split_once(':') {
        Some((user, password)) => {
            let is_secret = !password.is_empty() && password != user && !is_stand_in(password);
            if is_secret {
                spans.push(span(user.len() + 1, "password"));
            }
        }
        None => {
            let is_token = user_info.len() >= 16
                && has_digit(user_info)
                && has_letter(user_info)
                && !user_info.contains('.');
            if is_token {
                spans.push(span(0, "token in an address"));
            }
        }
    }
}

#[cfg(test)]
pub(super) fn kinds() -> impl Iterator<Item = &'static str> {
    BEGINNINGS.iter().map(|(_, _, _, kind)| *kind)
}
