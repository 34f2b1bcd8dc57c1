//! A file that a bundle carries and that is not shown word for word anywhere else: as one line that changes with
//! every byte of it.

use super::archive::Entry;
use anteroom_api::{BundlePower, BundlePowerKind};
use anteroom_gate::visible_block;

/// Bytes of a text that is shown whole.
const TEXT_MAX: usize = 4 << 10;

/// What a file is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// A component: it is run.
    Code,
    /// Lies beside a skill, which may tell the model to read or run it.
    BesideSkill,
    /// What this version cannot use.
    Unused,
    /// Does nothing, or what it does is shown piece by piece.
    None,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Carried {
    path: String,
    weight: Weight,
    size: u64,
    sha256: String,
    /// Its words, if they are few and plain.
    words: Option<String>,
}

impl Carried {
    pub(crate) fn of(entry: &Entry, bytes: &[u8], weight: Weight) -> Self {
        let is_read = matches!(weight, Weight::BesideSkill | Weight::Unused);
        Self {
            path: entry.path.clone(),
            weight,
            size: entry.size,
            sha256: entry.sha256.clone(),
            words: plain(bytes).filter(|_| is_read),
        }
    }

    /// As it is shown and compared. The first line holds the hash, so that no text can be taken for another file.
    pub(crate) fn power(&self) -> BundlePower {
        let kind = match self.weight {
            Weight::Unused => BundlePowerKind::Unused,
            Weight::Code | Weight::BesideSkill | Weight::None => BundlePowerKind::File,
        };
        let mut text = format!("{} bytes, sha256 {}", self.size, self.sha256);
        if self.weight == Weight::Unused {
            let sort = self.path.split('/').next().unwrap_or_default();
            text.push_str(&format!(
                "; {sort} are carried, and this version of Anteroom does not use them"
            ));
        }
        if let Some(words) = &self.words {
            text.push('\n');
            text.push_str(words);
        }
        BundlePower {
            kind,
            name: self.path.clone(),
            text,
        }
    }
}

/// Whether another content of the file of a power lets its bundle do more.
pub(crate) fn is_heavy(path: &str) -> bool {
    ["tools/", "skills/"]
        .iter()
        .any(|folder| path.starts_with(folder))
}

/// A short text in which everything can be seen.
fn plain(bytes: &[u8]) -> Option<String> {
    if bytes.len() > TEXT_MAX {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?;
    (visible_block(text) == text).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_is_shown_and_what_hides_something_is_not() {
        let shown = |bytes: &[u8]| {
            let entry = Entry {
                path: "skills/a/x".into(),
                size: bytes.len() as u64,
                sha256: "00".into(),
            };
            Carried::of(&entry, bytes, Weight::BesideSkill).power().text
        };
        assert_eq!(shown(b"a\tb\nc\n"), "6 bytes, sha256 00\na\tb\nc\n");
        assert_eq!(shown(b""), "0 bytes, sha256 00\n");
        let long = vec![b'a'; TEXT_MAX + 1];
        for hidden in ["a\0b", "\u{202e}a", "\u{200b}", "a\rb", "\x1b[2J"] {
            let digest = format!("{} bytes, sha256 00", hidden.len());
            assert_eq!(shown(hidden.as_bytes()), digest, "{hidden:?}");
        }
        assert_eq!(shown(&[0xff]), "1 bytes, sha256 00");
        assert_eq!(shown(&long), "4097 bytes, sha256 00");
    }
}
