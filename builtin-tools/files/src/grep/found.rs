//! What was found, kept within bounds while the walk goes on, then told in the order of the paths.

use super::Mode;
use super::search::Hits;
use std::collections::BTreeMap;

/// Room for the closing line in the text that the model is shown.
const CLOSING_CHARACTERS: usize = 300;

/// How much is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Matching lines, or files.
    pub(super) entries: usize,
    /// Of text in all.
    pub(super) characters: usize,
}

pub(super) struct Found {
    mode: Mode,
    limits: Limits,
    files: BTreeMap<String, Hits>,
    /// Matching lines kept in `files`.
    kept: usize,
    /// Files in or behind this one will not be shown, so only their count matters.
    cutoff: Option<String>,
    matches: usize,
    matching_files: usize,
    pub(super) searched_files: usize,
    pub(super) unreadable_files: usize,
}

impl Found {
    pub(super) fn new(mode: Mode, limits: Limits) -> Self {
        Self {
            mode,
            limits,
            files: BTreeMap::new(),
            kept: 0,
            cutoff: None,
            matches: 0,
            matching_files: 0,
            searched_files: 0,
            unreadable_files: 0,
        }
    }

    /// How many lines of this file could still be shown.
    pub(super) fn wants_lines(&self, path: &str) -> usize {
        match &self.cutoff {
            Some(cutoff) if path > cutoff.as_str() => 0,
            _ => self.limits.entries,
        }
    }

    pub(super) fn add(&mut self, path: String, hits: Hits) {
        if hits.count == 0 {
            return;
        }
        self.matches += hits.count;
        self.matching_files += 1;
        if self.wants_lines(&path) == 0 {
            return;
        }
        self.kept += self.entries(&hits);
        self.files.insert(path, hits);
        // Dropping the excess at every file would cost a pass over all kept ones each time.
        if self.kept > 2 * self.limits.entries {
            self.prune();
        }
    }

    fn entries(&self, hits: &Hits) -> usize {
        match self.mode {
            Mode::Content => hits.count.min(self.limits.entries),
            Mode::Files | Mode::Count => 1,
        }
    }

    /// Drops the files behind the one that fills the limit.
    fn prune(&mut self) {
        let mut kept = 0;
        let mut last = None;
        for (path, hits) in &self.files {
            kept += self.entries(hits);
            last = Some(path.clone());
            if kept >= self.limits.entries {
                break;
            }
        }
        if let Some(last) = &last {
            self.files.retain(|path, _| path <= last);
        }
        self.kept = kept;
        self.cutoff = last;
    }

    /// The text for the model, with a closing line if there is more to say.
    pub(super) fn finish(self, trouble: Option<String>) -> String {
        let mut page = Page {
            text: String::new(),
            characters: 0,
            limit: self.limits.characters.saturating_sub(CLOSING_CHARACTERS),
        };
        let shown = match self.mode {
            Mode::Content => self.tell_lines(&mut page),
            Mode::Files | Mode::Count => self.tell_files(&mut page),
        };
        let mut notes = self.notes(shown);
        if self.unreadable_files > 0 {
            notes.push(format!(
                "{} files could not be searched",
                self.unreadable_files
            ));
        }
        notes.extend(trouble);
        let mut text = page.text;
        if !notes.is_empty() {
            text.push_str(&format!("[{}]\n", notes.join("; ")));
        }
        text
    }

    fn tell_lines(&self, page: &mut Page) -> usize {
        let mut shown = 0;
        let has_context = self
            .files
            .values()
            .any(|hits| hits.lines.iter().any(|line| !line.is_match));
        for (path, hits) in &self.files {
            for (index, line) in hits.lines.iter().enumerate() {
                if line.is_match && shown == self.limits.entries {
                    return shown;
                }
                let is_new_file = index == 0 && !page.text.is_empty();
                let gap = if has_context && (line.is_after_gap || is_new_file) {
                    "--\n"
                } else {
                    ""
                };
                let mark = if line.is_match { ':' } else { '-' };
                let told = format!("{gap}{path}{mark}{}{mark} {}\n", line.number, line.text);
                if !page.add(&told) {
                    return shown;
                }
                shown += usize::from(line.is_match);
            }
        }
        shown
    }

    fn tell_files(&self, page: &mut Page) -> usize {
        let mut shown = 0;
        for (path, hits) in self.files.iter().take(self.limits.entries) {
            let told = match self.mode {
                Mode::Count => format!("{path}: {}\n", hits.count),
                Mode::Content | Mode::Files => format!("{path}\n"),
            };
            if !page.add(&told) {
                return shown;
            }
            shown += 1;
        }
        shown
    }

    fn notes(&self, shown: usize) -> Vec<String> {
        const MORE: &str = "narrow the search or raise `limit`";
        let files = |count: usize| match count {
            1 => "1 file".to_owned(),
            count => format!("{count} files"),
        };
        if self.searched_files == 0 {
            return vec!["no file to search; check `path`, `glob` and `type`".to_owned()];
        }
        if self.matching_files == 0 {
            return vec![format!(
                "no match in {}; ignored and binary files were not looked at",
                files(self.searched_files)
            )];
        }
        let (lines, all_files) = (self.matches, files(self.matching_files));
        match self.mode {
            Mode::Content if shown < lines => vec![format!(
                "{shown} of {lines} matching lines, in {all_files}; {MORE}"
            )],
            Mode::Files if shown < self.matching_files => {
                vec![format!("{shown} of {all_files}; {MORE}")]
            }
            Mode::Count if shown < self.matching_files => vec![format!(
                "{lines} matching lines in {all_files}; {} shown; {MORE}",
                files(shown)
            )],
            Mode::Count => vec![format!("{lines} matching lines in {all_files}")],
            Mode::Content | Mode::Files => Vec::new(),
        }
    }
}

/// The text as far as the model is shown it.
struct Page {
    text: String,
    characters: usize,
    limit: usize,
}

impl Page {
    /// Whether there was room. The first piece always finds it.
    fn add(&mut self, piece: &str) -> bool {
        let characters = piece.chars().count();
        if self.characters > 0 && self.characters + characters > self.limit {
            return false;
        }
        self.text.push_str(piece);
        self.characters += characters;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grep::search::Line;

    fn hits(count: usize) -> Hits {
        Hits {
            count,
            lines: (1..=count as u64)
                .map(|number| Line {
                    number,
                    is_match: true,
                    is_after_gap: false,
                    text: "x".to_owned(),
                })
                .collect(),
        }
    }

    fn limits(entries: usize) -> Limits {
        Limits {
            entries,
            characters: 10_000,
        }
    }

    #[test]
    fn the_order_of_the_walk_does_not_show() {
        let mut orders = Vec::new();
        for names in [
            ["a", "b", "c", "d", "e"],
            ["e", "d", "c", "b", "a"],
            ["c", "a", "e", "b", "d"],
        ] {
            let mut found = Found::new(Mode::Content, limits(3));
            for name in names {
                found.searched_files += 1;
                let wanted = found.wants_lines(name);
                let mut hits = hits(2);
                hits.lines.truncate(wanted);
                found.add(name.to_owned(), hits);
            }
            orders.push(found.finish(None));
        }
        let expected = "a:1: x\na:2: x\nb:1: x\n[3 of 10 matching lines, in 5 files; narrow the search or raise `limit`]\n";
        assert_eq!(orders, [expected; 3]);
    }

    #[test]
    fn the_page_ends_where_the_model_stops_looking() {
        let mut found = Found::new(
            Mode::Content,
            Limits {
                entries: 100,
                characters: CLOSING_CHARACTERS + 15,
            },
        );
        found.searched_files = 1;
        found.add("a".to_owned(), hits(5));
        assert_eq!(
            found.finish(None),
            "a:1: x\na:2: x\n[2 of 5 matching lines, in 1 file; narrow the search or raise `limit`]\n"
        );
    }
}
