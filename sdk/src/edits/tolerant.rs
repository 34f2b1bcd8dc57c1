//! Finding lines that differ from the wanted ones only in whitespace.

use std::collections::BTreeMap;

/// A run of whole lines, without the last line's end unless the wanted text had one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) start: usize,
    end: usize,
    /// Indentation as it was wanted -> as it is there.
    indents: BTreeMap<String, String>,
}

/// All places where the lines of `wanted` stand, whitespace aside.
pub(super) fn find(text: &str, wanted: &str) -> Vec<Place> {
    let wanted_lines: Vec<&str> = wanted.lines().collect();
    let bare_wanted: Vec<String> = wanted_lines.iter().map(|line| bare(line)).collect();
    if bare_wanted.iter().all(String::is_empty) {
        return Vec::new();
    }
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let bare_lines: Vec<String> = lines.iter().map(|line| bare(line)).collect();
    let mut places = Vec::new();
    let mut start = 0;
    for (index, window) in bare_lines.windows(bare_wanted.len()).enumerate() {
        if window == bare_wanted.as_slice() {
            let there = lines
                .get(index..index + wanted_lines.len())
                .unwrap_or_default();
            places.push(place(start, there, &wanted_lines, wanted.ends_with('\n')));
        }
        start += lines.get(index).map_or(0, |line| line.len());
    }
    places
}

fn place(start: usize, there: &[&str], wanted: &[&str], has_end: bool) -> Place {
    let length: usize = there.iter().map(|line| line.len()).sum();
    let last_end = there.last().map_or(0, |line| {
        line.len() - line.trim_end_matches(['\r', '\n']).len()
    });
    let mut indents = BTreeMap::new();
    for (there, wanted) in there.iter().zip(wanted) {
        if !wanted.trim().is_empty() {
            indents
                .entry(indent(wanted).to_owned())
                .or_insert_with(|| indent(there).to_owned());
        }
    }
    Place {
        start,
        end: start + length - if has_end { 0 } else { last_end },
        indents,
    }
}

impl Place {
    /// The text with this place replaced, the new lines indented as the old ones are.
    pub(super) fn replace(&self, text: &str, new: &str) -> String {
        let mut result = text.get(..self.start).unwrap_or_default().to_owned();
        for line in new.split_inclusive('\n') {
            if line.trim().is_empty() {
                result.push_str(line);
                continue;
            }
            let wanted = indent(line);
            // The longest known indentation in front of this one says how deep it lies; the rest comes on top.
            let known = self
                .indents
                .iter()
                .filter(|(known, _)| wanted.starts_with(known.as_str()))
                .max_by_key(|(known, _)| known.len());
            match known {
                Some((known, there)) => {
                    result.push_str(there);
                    result.push_str(line.get(known.len()..).unwrap_or_default());
                }
                None => result.push_str(line),
            }
        }
        result.push_str(text.get(self.end..).unwrap_or_default());
        result
    }
}

/// A line without its indentation and with single spaces.
fn bare(line: &str) -> String {
    let mut bare = String::with_capacity(line.len());
    for word in line.split_whitespace() {
        if !bare.is_empty() {
            bare.push(' ');
        }
        bare.push_str(word);
    }
    bare
}

fn indent(line: &str) -> &str {
    let rest = line.trim_start_matches([' ', '\t']);
    line.get(..line.len() - rest.len()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, old: &str, new: &str, expected: &str) {
        let places = find(text, old);
        let [place] = places.as_slice() else {
            panic!("{places:?}");
        };
        assert_eq!(place.replace(text, new), expected);
    }

    #[test]
    fn new_lines_are_indented_like_the_old() {
        check(
            "\tif a {\n\t\tb\n\t}\n",
            "if a {\n    b\n}",
            "if a {\n    b\n    c\n}",
            "\tif a {\n\t\tb\n\t\tc\n\t}\n",
        );
        check(
            "  a\n  b\n",
            "    a\n    b\n",
            "    a\n      x\n    b\n",
            "  a\n    x\n  b\n",
        );
        check("a \nb\n", "a\nb\n", "a\n\nc\n", "a\n\nc\n");
        check("x\n  a\n  b", "a\nb", "c", "x\n  c");
        check("a  b\r\nc\n", "a b\n", "d\n", "d\nc\n");
    }

    #[test]
    fn blank_text_is_nowhere() {
        assert_eq!(find("a\n\n\nb", " \n"), []);
        assert_eq!(find("", "a"), []);
    }
}
