//! Telling where a text that is not there nearly is.

use std::collections::HashMap;

/// Places told.
const PLACES: usize = 2;
/// Lines shown of each.
const SHOWN_LINES: usize = 8;
/// Characters shown of each line.
const SHOWN_CHARACTERS: usize = 160;
/// Less alike than this is no help.
const LEAST_ALIKE: f64 = 0.45;
/// Lines that are compared with all wanted lines, after the longest wanted one has picked them.
const PICKED: usize = 20;

/// The end of the sentence "`old_text` is not there; …".
pub(super) fn tell(text: &str, wanted: &str) -> String {
    let wanted_lines: Vec<&str> = wanted.lines().collect();
    if has_line_numbers(&wanted_lines) {
        return "it has the line numbers of `read_file` in front; leave them out".to_owned();
    }
    let lines: Vec<&str> = text.lines().collect();
    let places = places(&lines, &wanted_lines);
    if places.is_empty() {
        return "nothing there is much like it; read the file again".to_owned();
    }
    let mut told =
        String::from("the nearest is this; copy from it exactly, without the line numbers:");
    for start in places {
        for (index, line) in lines
            .iter()
            .enumerate()
            .skip(start)
            .take(wanted_lines.len().min(SHOWN_LINES))
        {
            let shown: String = line.chars().take(SHOWN_CHARACTERS).collect();
            let cut = if shown.len() < line.len() { "…" } else { "" };
            told.push_str(&format!("\n{}\t{shown}{cut}", index + 1));
        }
        if wanted_lines.len() > SHOWN_LINES {
            told.push_str("\n…");
        }
    }
    told
}

fn has_line_numbers(lines: &[&str]) -> bool {
    let mut lines = lines
        .iter()
        .filter(|line| !line.trim().is_empty())
        .peekable();
    lines.peek().is_some()
        && lines.all(|line| {
            let rest = line
                .trim_start()
                .trim_start_matches(|c: char| c.is_ascii_digit());
            rest.starts_with('\t') && rest.len() < line.trim_start().len()
        })
}

/// Where the likest runs of lines begin, the best first.
fn places(lines: &[&str], wanted: &[&str]) -> Vec<usize> {
    let Some((offset, longest)) = wanted
        .iter()
        .enumerate()
        .max_by_key(|(_, line)| line.trim().len())
        .filter(|(_, line)| !line.trim().is_empty())
    else {
        return Vec::new();
    };
    let longest = Pairs::of(longest);
    let mut picked: Vec<(f64, usize)> = lines
        .iter()
        .enumerate()
        .map(|(index, line)| (longest.alike(line), index))
        .filter(|(alike, _)| *alike >= LEAST_ALIKE)
        .collect();
    sort_best_first(&mut picked);
    picked.truncate(PICKED);

    let wanted: Vec<Pairs> = wanted.iter().map(|line| Pairs::of(line)).collect();
    let mut scored: Vec<(f64, usize)> = picked
        .iter()
        .map(|(_, index)| {
            let start = index.saturating_sub(offset);
            let sum: f64 = wanted
                .iter()
                .zip(lines.iter().skip(start))
                .map(|(wanted, line)| wanted.alike(line))
                .sum();
            // The length of an edit is far below what a float counts exactly.
            (sum / wanted.len().max(1) as f64, start)
        })
        .collect();
    sort_best_first(&mut scored);
    let mut starts = Vec::new();
    for (_, start) in scored {
        // Runs that overlap a better one show nothing new.
        if starts
            .iter()
            .all(|other: &usize| other.abs_diff(start) >= wanted.len())
        {
            starts.push(start);
        }
    }
    starts.truncate(PLACES);
    starts
}

fn sort_best_first(scored: &mut [(f64, usize)]) {
    scored.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
}

/// The pairs of neighboring characters of a line, blanks aside.
struct Pairs {
    counts: HashMap<(char, char), usize>,
    total: usize,
}

impl Pairs {
    fn of(line: &str) -> Self {
        let mut counts = HashMap::new();
        let mut total = 0;
        for pair in pairs(line) {
            *counts.entry(pair).or_insert(0) += 1;
            total += 1;
        }
        Self { counts, total }
    }

    /// Share of pairs in common, from 0 to 1 (Dice's coefficient).
    fn alike(&self, line: &str) -> f64 {
        let mut left = self.counts.clone();
        let mut common = 0;
        let mut total = 0;
        for pair in pairs(line) {
            total += 1;
            if let Some(count) = left.get_mut(&pair).filter(|count| **count > 0) {
                *count -= 1;
                common += 1;
            }
        }
        match self.total + total {
            0 => 1.0,
            both => f64::from(2 * common) / both as f64,
        }
    }
}

/// Begins with a blank before the first character, so that a line of one character has a pair too.
fn pairs(line: &str) -> impl Iterator<Item = (char, char)> {
    let mut before = ' ';
    line.chars().filter(|c| !c.is_whitespace()).map(move |c| {
        let pair = (before, c);
        before = c;
        pair
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, wanted: &str, expected: &str) {
        assert_eq!(tell(text, wanted), expected);
    }

    #[test]
    fn the_nearest_lines_are_told() {
        let text =
            "use std::io;\n\nfn read_all() {\n    open();\n}\n\nfn write() {\n    close();\n}\n";
        check(
            text,
            "fn read_al() {\n    opens();",
            "the nearest is this; copy from it exactly, without the line numbers:\n3\tfn read_all() {\n4\t    open();",
        );
        check(
            text,
            "quux!",
            "nothing there is much like it; read the file again",
        );
        check(
            text,
            "3\tfn read_all() {\n4\t    open();",
            "it has the line numbers of `read_file` in front; leave them out",
        );
        check(
            "",
            "a",
            "nothing there is much like it; read the file again",
        );
    }

    #[test]
    fn lines_are_compared_by_their_pairs() {
        for (one, other, expected) in [
            ("abc", "abc", 1.0),
            ("abc", "xyz", 0.0),
            ("", "", 1.0),
            (" a b", "ab ", 1.0),
        ] {
            assert!(
                (Pairs::of(one).alike(other) - expected).abs() < 1e-9,
                "{one} {other}"
            );
        }
    }
}
