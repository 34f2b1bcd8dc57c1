//! Names of files inside a bundle: only such as every system takes for the same, single, plain file.

use anteroom_gate::visible;
use icu_normalizer::ComposingNormalizerBorrowed;
use std::collections::BTreeMap;

/// Bytes of one path.
const PATH_MAX: usize = 240;
/// Bytes of one part of it.
const PART_MAX: usize = 120;
/// Parts of one path.
const DEPTH_MAX: usize = 8;
/// Signs that some system gives a meaning.
const SPECIAL: [char; 8] = ['\\', ':', '<', '>', '"', '|', '?', '*'];
/// Devices of a system, whatever stands behind a dot.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];

/// Whether a path may stand in a bundle.
///
/// # Errors
/// Why not, in words.
pub(crate) fn check(path: &str) -> Result<(), String> {
    let refused = |why: &str| Err(format!("`{}` {why}", visible(path)));
    if path.is_empty() {
        return Err("a file has no name".to_owned());
    }
    if path.len() > PATH_MAX {
        return refused(&format!("is longer than {PATH_MAX} bytes"));
    }
    if path.starts_with('/') {
        return refused("is an absolute path");
    }
    if visible(path) != path || path.chars().any(char::is_control) {
        return refused("holds signs that cannot be seen");
    }
    if !ComposingNormalizerBorrowed::new_nfc().is_normalized(path) {
        return refused("is not written in normal form C");
    }
    if path.contains(SPECIAL) {
        return refused("holds a sign that means something to a system");
    }
    let parts: Vec<&str> = path.split('/').collect();
    if parts.len() > DEPTH_MAX {
        return refused(&format!("is more than {DEPTH_MAX} folders deep"));
    }
    for part in parts {
        match part {
            "" => return refused("has an empty part"),
            "." | ".." => return refused("leads out of its folder"),
            part if part.len() > PART_MAX => return refused("has too long a part"),
            part if part.starts_with('.') => return refused("is hidden"),
            part if part.starts_with(' ') || part.ends_with([' ', '.']) => {
                return refused("has a part that begins or ends with a space, or ends with a dot");
            }
            part if is_device(part) => return refused("has the name of a device"),
            _ => {}
        }
    }
    Ok(())
}

/// Whether no two of the paths, nor the folders they lie in, could be taken for each other anywhere.
///
/// # Errors
/// Which two, in words.
pub(crate) fn check_twins<'a>(paths: impl IntoIterator<Item = &'a str>) -> Result<(), String> {
    let mut files: BTreeMap<String, &str> = BTreeMap::new();
    let mut folders: BTreeMap<String, &str> = BTreeMap::new();
    for path in paths {
        let key = folded(path);
        if let Some(other) = files.insert(key.clone(), path) {
            return Err(alike(other, path));
        }
        for (end, _) in path.match_indices('/') {
            let folder = &path[..end];
            let other = *folders.entry(folded(folder)).or_insert(folder);
            if other != folder {
                return Err(alike(other, folder));
            }
        }
    }
    match files.iter().find(|(key, _)| folders.contains_key(*key)) {
        Some((_, path)) => Err(format!("`{path}` is a file and a folder")),
        None => Ok(()),
    }
}

fn alike(one: &str, other: &str) -> String {
    match one == other {
        true => format!("`{one}` is there twice"),
        false => format!("`{one}` and `{other}` are the same file on some systems"),
    }
}

/// What is the same for all paths that some system takes for one.
fn folded(path: &str) -> String {
    let compatible = ComposingNormalizerBorrowed::new_nfkc();
    let upper = compatible.normalize(path).to_uppercase();
    let lower = compatible.normalize(&upper).to_lowercase();
    compatible.normalize(&lower).into_owned()
}

fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or_default();
    let stem = stem.trim_end().to_lowercase();
    let is_port = ["com", "lpt"].iter().any(|port| {
        let number = stem.strip_prefix(port);
        number.is_some_and(|number| {
            number.chars().count() == 1
                && number.contains(|it: char| it.is_ascii_digit() || "¹²³".contains(it))
        })
    });
    is_port || DEVICES.contains(&stem.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_paths_are_taken() {
        for good in [
            "bundle.yaml",
            "skills/review/SKILL.md",
            "skills/über alles/a-b_c (1).md",
            "agents/日本.md",
            "common.txt",
            "a.b.c",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "/etc/passwd",
            "../x",
            "a/../../x",
            "a/./b",
            "a//b",
            "a/",
            "a\\b",
            "C:x",
            "a\0b",
            "a\nb",
            "a\u{202e}b",
            "a\u{200b}b",
            "u\u{308}ber.md",
            "nul",
            "a/CON.txt",
            "com1",
            "LPT¹.md",
            "a/b.",
            "a/b ",
            " a",
            ".git/config",
            "a/.hidden",
            "a*",
        ] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
        assert!(check(&"a/".repeat(8)).is_err());
        assert!(check(&"a".repeat(121)).is_err());
        assert!(check(&format!("{0}/{0}/{0}", "a".repeat(100))).is_err());
    }

    #[test]
    fn twins_are_found_whatever_they_differ_in() {
        let twins = |one: &'static str, other: &'static str| check_twins([one, other]);
        for (one, other) in [
            ("a.md", "a.md"),
            ("a.md", "A.md"),
            ("straße", "STRASSE"),
            ("\u{212a}.md", "k.md"),
            ("ﬁle", "file"),
            ("Skills/a", "skills/b"),
            ("a", "a/b"),
            ("A", "a/b"),
            ("é", "É"),
        ] {
            assert!(twins(one, other).is_err(), "{one} {other}");
            assert!(twins(other, one).is_err(), "{other} {one}");
        }
        assert_eq!(twins("a.md", "b.md"), Ok(()));
        assert_eq!(twins("x/a.md", "x/b.md"), Ok(()));
    }
}
