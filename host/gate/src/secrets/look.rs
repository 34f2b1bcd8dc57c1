//! What values look like: random or not, a hash, an identifier, a stand-in. Knows no names.

/// Bytes of a word.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Bits per byte that a text carries, if its bytes were drawn as often as they occur.
pub(super) fn entropy(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let length = text.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f64::from(*count) / length;
            -share * share.log2()
        })
        .sum()
}

pub(super) fn has_digit(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}

pub(super) fn has_letter(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

pub(super) fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Lower, upper and digits, drawn as if at random: no name, no path and no hash.
pub(super) fn is_random(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    digits >= 3
        && text.bytes().any(|byte| byte.is_ascii_lowercase())
        && text.bytes().any(|byte| byte.is_ascii_uppercase())
        && !is_hex(text)
        && !is_checksum(text)
        && text.bytes().filter(|byte| *byte == b'/').count() <= 2
        && entropy(text) >= 4.0
}

/// `sha512-…` and its kin, as lock files write them.
fn is_checksum(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    [
        "sha1-", "sha224-", "sha256-", "sha384-", "sha512-", "md5-", "h1:", "blake2", "blake3",
    ]
    .iter()
    .any(|mark| text.starts_with(mark))
}

/// Names separated by dots, as programs write them: `config.user.token`.
pub(super) fn is_path_of_names(text: &str) -> bool {
    text.contains('.')
        && text.split('.').all(|part| {
            part.bytes()
                .next()
                .is_some_and(|first| !first.is_ascii_digit())
                && part.bytes().all(is_word)
                && part.len() <= 24
        })
}

/// Words that stand where a secret would be put.
const STAND_INS: [&str; 54] = [
    "password",
    "passwd",
    "passphrase",
    "pass",
    "pwd",
    "secret",
    "secrets",
    "token",
    "key",
    "apikey",
    "api_key",
    "api-key",
    "changeme",
    "change_me",
    "change-me",
    "example",
    "placeholder",
    "dummy",
    "none",
    "null",
    "nil",
    "true",
    "false",
    "undefined",
    "string",
    "str",
    "value",
    "text",
    "bytes",
    "char",
    "varchar",
    "boolean",
    "bool",
    "number",
    "integer",
    "int",
    "object",
    "any",
    "option",
    "required",
    "optional",
    "redacted",
    "hidden",
    "todo",
    "test",
    "testing",
    "user",
    "username",
    "default",
    "empty",
    "unset",
    "credentials",
    "self",
    "foobar",
];

/// What stands where a secret would be put: a name, a blank, a variable, stars.
pub(super) fn is_stand_in(text: &str) -> bool {
    // A stand-in is short, or says so at once.
    let text = &text[..text.floor_char_boundary(text.len().min(48))];
    let lower = text.to_ascii_lowercase();
    let first = lower.chars().next();
    let is_one_char = first.is_some_and(|first| lower.chars().all(|c| c == first));
    is_one_char
        || text.is_empty()
        || lower.starts_with(['$', '<', '{', '[', '%', '*', '&', '(', '@', '#', '\\', '|'])
        || STAND_INS.contains(&lower.as_str())
        || [
            "your",
            "my_",
            "my-",
            "example",
            "changeme",
            "placeholder",
            "redacted",
            "xxxx",
            "****",
            "...",
            "…",
            "secret masked",
        ]
        .iter()
        .any(|mark| lower.contains(mark))
}
