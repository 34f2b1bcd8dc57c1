//! Secrets the host knows by their value, in the forms they travel in.

use super::Span;
use regex::Regex;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Shorter values would be found everywhere.
const MIN_BYTES: usize = 8;
/// Longer ones are files; what they hold is found by its look.
const MAX_BYTES: usize = 4096;
/// Values that are looked for.
const MAX_VALUES: usize = 256;

/// Values to look for. Shows nothing of them.
pub(super) struct Known(Regex);

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Known(…)")
    }
}

impl Known {
    /// Nothing if there is no value worth looking for.
    pub(super) fn new<'a>(values: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut forms: BTreeSet<String> = BTreeSet::new();
        let values = values
            .into_iter()
            .map(str::trim)
            .filter(|value| (MIN_BYTES..=MAX_BYTES).contains(&value.len()))
            .filter(|value| !super::look::is_stand_in(value));
        for value in values.take(MAX_VALUES) {
            forms.insert(value.to_owned());
            forms.insert(percent(value));
            forms.insert(json(value));
            forms.extend(base64(value));
        }
        // The longest first: a form that contains another hides it whole.
        let mut forms: Vec<String> = forms.into_iter().collect();
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        let escaped: Vec<String> = forms.iter().map(|form| regex::escape(form)).collect();
        (!escaped.is_empty())
            .then(|| Regex::new(&escaped.join("|")).ok())
            .flatten()
            .map(Self)
    }

    pub(super) fn find(&self, text: &str, spans: &mut Vec<Span>) {
        spans.extend(self.0.find_iter(text).map(|found| Span {
            start: found.start(),
            end: found.end(),
            kind: "known to Anteroom",
        }));
    }
}

/// As in an address.
fn percent(value: &str) -> String {
    value.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing into a String cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}

/// As inside a JSON text.
fn json(value: &str) -> String {
    let quoted = serde_json::Value::from(value).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// Wherever the value begins in what is encoded, these letters stand in the result; in both alphabets.
fn base64(value: &str) -> Vec<String> {
    const PLAIN: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut forms = Vec::new();
    for before in 0..3_usize {
        let bytes: Vec<u8> = std::iter::repeat_n(0, before)
            .chain(value.bytes())
            .collect();
        let letters: String = bytes
            .chunks_exact(3)
            .flat_map(|three| {
                let bits =
                    u32::from(three[0]) << 16 | u32::from(three[1]) << 8 | u32::from(three[2]);
                [18, 12, 6, 0].map(|shift| char::from(PLAIN[(bits >> shift & 63) as usize]))
            })
            .collect();
        // The first letters are of what stands before, too.
        let own = letters.get([0, 2, 3][before]..).unwrap_or_default();
        if own.len() >= MIN_BYTES {
            forms.push(own.replace('+', "-").replace('/', "_"));
            forms.push(own.to_owned());
        }
    }
    forms
}
