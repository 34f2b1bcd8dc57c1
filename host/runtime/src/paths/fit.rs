//! How well a path fits what was typed. Pure, and quick: most of many paths are passed over at a look.

use std::sync::Arc;

/// One name of a tree.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    path: Arc<str>,
    /// Which letters occur in it, roughly: a path without a typed letter cannot fit.
    letters: u64,
}

impl Entry {
    pub(super) fn new(path: &str, is_folder: bool) -> Self {
        let path = match is_folder {
            true => format!("{path}/"),
            false => path.to_owned(),
        };
        Self {
            letters: letters(path.as_bytes()),
            path: path.into(),
        }
    }

    #[cfg(test)]
    pub(super) fn path(&self) -> &str {
        &self.path
    }
}

/// The paths that fit best, at most `limit`.
pub(super) fn best(entries: &[Entry], typed: &str, limit: usize) -> Vec<String> {
    let typed = typed.strip_prefix("./").unwrap_or(typed).as_bytes();
    let wanted = letters(typed);
    let mut found: Vec<(i64, &str)> = entries
        .iter()
        .filter(|entry| entry.letters & wanted == wanted)
        // A folder that is typed whole is asked for what is in it.
        .filter(|entry| !(typed.ends_with(b"/") && entry.path.as_bytes() == typed))
        .filter_map(|entry| Some((fit(&entry.path, typed)?, &*entry.path)))
        .collect();
    let better = |one: &(i64, &str), other: &(i64, &str)| {
        other.0.cmp(&one.0).then_with(|| one.1.cmp(other.1))
    };
    if found.len() > limit {
        found.select_nth_unstable_by(limit, better);
        found.truncate(limit);
    }
    found.sort_unstable_by(better);
    found.into_iter().map(|(_, path)| path.to_owned()).collect()
}

/// Higher is better; none if a typed letter is missing or out of order. Letters of both cases are the same.
fn fit(path: &str, typed: &[u8]) -> Option<i64> {
    let bytes = path.as_bytes();
    let trimmed = path.trim_end_matches('/');
    let depth = i64::try_from(trimmed.matches('/').count()).unwrap_or(i64::MAX);
    if typed.is_empty() {
        return Some(-depth);
    }
    let name_at = trimmed.rfind('/').map_or(0, |at| at + 1);
    let name = bytes.get(name_at..).unwrap_or_default();
    let kind = if starts(bytes, typed) {
        60_000
    } else if starts(name, typed) {
        50_000
    } else if contains(name, typed) {
        40_000
    } else if contains(bytes, typed) {
        30_000
    } else if let Some(run) = in_order(name, typed) {
        20_000 + run
    } else {
        10_000 + in_order(bytes, typed)?
    };
    let length = i64::try_from(bytes.len()).unwrap_or(i64::MAX).min(999);
    Some(kind - 10 * depth.min(99) - length)
}

fn starts(path: &[u8], typed: &[u8]) -> bool {
    path.get(..typed.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(typed))
}

fn contains(path: &[u8], typed: &[u8]) -> bool {
    path.windows(typed.len())
        .any(|window| window.eq_ignore_ascii_case(typed))
}

/// Whether the typed letters occur in order, and how many of them begin a word or follow one another.
fn in_order(path: &[u8], typed: &[u8]) -> Option<i64> {
    let mut value = 0;
    let mut at = 0;
    let mut last = None;
    for wanted in typed {
        let rest = path.get(at..)?;
        let found = at
            + rest
                .iter()
                .position(|byte| byte.eq_ignore_ascii_case(wanted))?;
        let before = found.checked_sub(1).and_then(|before| path.get(before));
        let is_beginning = before.is_none_or(|byte| !byte.is_ascii_alphanumeric());
        let is_hump = path.get(found).is_some_and(u8::is_ascii_uppercase)
            && before.is_some_and(u8::is_ascii_lowercase);
        if is_beginning || is_hump {
            value += 80;
        }
        if last.is_some_and(|last| last + 1 == found) {
            value += 40;
        }
        last = Some(found);
        at = found + 1;
    }
    Some(value)
}

fn letters(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |mask, byte| mask | 1 << (byte.to_ascii_lowercase() & 63))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(typed: &str, wanted: &[&str]) {
        let entries: Vec<Entry> = ["src", "src/lower", "docs", "host", "host/lender"]
            .iter()
            .map(|path| Entry::new(path, true))
            .chain(
                [
                    "src/loader.rs",
                    "src/lower/mod.rs",
                    "src/main.rs",
                    "docs/Loading.md",
                    "host/lender/order.rs",
                    "host/ConfigLoader.rs",
                    "Ärger.md",
                ]
                .iter()
                .map(|path| Entry::new(path, false)),
            )
            .collect();
        assert_eq!(best(&entries, typed, 4), wanted, "{typed:?}");
    }

    #[test]
    fn the_best_come_first() {
        check("", &["docs/", "host/", "src/", "Ärger.md"]);
        check(
            "src/lo",
            &["src/lower/", "src/loader.rs", "src/lower/mod.rs"],
        );
        check(
            "./src/lo",
            &["src/lower/", "src/loader.rs", "src/lower/mod.rs"],
        );
        check(
            "load",
            &["src/loader.rs", "docs/Loading.md", "host/ConfigLoader.rs"],
        );
        check(
            "cl",
            &[
                "host/ConfigLoader.rs",
                "src/lower/",
                "src/loader.rs",
                "docs/Loading.md",
            ],
        );
        check(
            "src/",
            &[
                "src/lower/",
                "src/main.rs",
                "src/loader.rs",
                "src/lower/mod.rs",
            ],
        );
        check("srcload", &["src/loader.rs"]);
        check("MAIN", &["src/main.rs"]);
        check("Är", &["Ärger.md"]);
        check("zzz", &[]);
    }
}
