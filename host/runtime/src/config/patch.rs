//! Surgery on YAML text: sets or removes one value and touches nothing around it.
//!
//! Works on the places the parser found. It may give up with words; whether the outcome means the
//! right thing is checked by its caller.

use super::raw::{Body, Document, Entry, Node};
use super::value::Written;
use serde_json::{Map, Value};
use serde_saphyr::granit_parser::{Event, Parser};
use std::ops::Range;

/// Spaces for a level that the file does not show.
const STEP: usize = 2;

type Patched = Result<String, String>;

/// The text with the value at a dotted place.
pub(crate) fn set(text: &str, document: &Document, segments: &[&str], value: &Value) -> Patched {
    let mut patch = Patch::new(text);
    match find(document, segments)? {
        Found::Entry { entry, .. } => patch.value(entry, value)?,
        Found::Missing { map, rest } => patch.add(map, rest, value)?,
        Found::Empty { entry, rest } => patch.fill(entry, rest, value)?,
        Found::NoFile => patch.append(segments, value),
    }
    Ok(patch.applied())
}

/// The text without the value at a dotted place.
pub(crate) fn remove(text: &str, document: &Document, segments: &[&str]) -> Patched {
    let mut patch = Patch::new(text);
    if let Found::Entry { entry, is_flow } = find(document, segments)? {
        if is_flow {
            return Err(FLOW.to_owned());
        }
        patch.drop_lines(entry.bytes.start, entry.end(), "")?;
    }
    Ok(patch.applied())
}

/// Whether all comments are still there. Those beside what is removed may go with it.
pub(crate) fn keeps_comments(before: &str, after: &str, is_removal: bool) -> bool {
    let mut kept = comments(after);
    comments(before).into_iter().all(|comment| {
        let found = kept.iter().position(|other| *other == comment);
        if let Some(at) = found {
            kept.swap_remove(at);
        }
        found.is_some() || is_removal
    })
}

fn comments(text: &str) -> Vec<String> {
    Parser::new_from_str(text)
        .map_while(Result::ok)
        .filter_map(|(event, _)| match event {
            Event::Comment(comment, _) => Some(comment.into_owned()),
            _ => None,
        })
        .collect()
}

const FLOW: &str = "it stands inside `{…}`; write that section over several lines";
const ADORNED: &str = "it is shared by `&` and `*`, or has a tag";

enum Found<'a> {
    Entry {
        entry: &'a Entry,
        is_flow: bool,
    },
    /// The mapping is there, what is left of the name is not.
    Missing {
        map: &'a Node,
        rest: &'a [&'a str],
    },
    /// The section is named and empty.
    Empty {
        entry: &'a Entry,
        rest: &'a [&'a str],
    },
    NoFile,
}

fn find<'a>(document: &'a Document, segments: &'a [&'a str]) -> Result<Found<'a>, String> {
    let Some(mut node) = document.root.as_ref() else {
        return Ok(Found::NoFile);
    };
    let mut rest = segments;
    let mut within_flow = false;
    loop {
        let Body::Map { entries, is_flow } = &node.body else {
            return Err("a section of that name is not a mapping".to_owned());
        };
        if node.is_adorned {
            return Err(ADORNED.to_owned());
        }
        within_flow |= *is_flow;
        let [name, inner @ ..] = rest else {
            return Err("it names a section".to_owned());
        };
        let Some(entry) = entries.iter().find(|entry| entry.key == *name) else {
            if within_flow && !(entries.is_empty() && rest.len() == segments.len()) {
                return Err(FLOW.to_owned());
            }
            return Ok(Found::Missing { map: node, rest });
        };
        if entry.value.is_adorned {
            return Err(ADORNED.to_owned());
        }
        if inner.is_empty() {
            return Ok(Found::Entry {
                entry,
                is_flow: within_flow,
            });
        }
        let is_empty = match &entry.value.body {
            Body::Nothing => true,
            Body::Map { entries, is_flow } => *is_flow && entries.is_empty(),
            Body::Text(_) | Body::List { .. } => false,
        };
        if is_empty && !within_flow {
            return Ok(Found::Empty { entry, rest: inner });
        }
        node = &entry.value;
        rest = inner;
    }
}

struct Patch<'a> {
    text: &'a str,
    newline: &'static str,
    edits: Vec<(Range<usize>, String)>,
}

impl<'a> Patch<'a> {
    fn new(text: &'a str) -> Self {
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        Self {
            text,
            newline,
            edits: Vec::new(),
        }
    }

    fn applied(mut self) -> String {
        self.edits
            .sort_by_key(|(range, _)| (range.start, range.end));
        let mut text = self.text.to_owned();
        for (range, replacement) in self.edits.into_iter().rev() {
            text.replace_range(range, &replacement);
        }
        text
    }

    /// Replaces the value of an entry.
    fn value(&mut self, entry: &Entry, value: &Value) -> Result<(), String> {
        match (&entry.value.body, value) {
            (
                Body::List {
                    items,
                    is_flow: false,
                },
                Value::Array(wanted),
            ) if self.list(items, wanted)? => return Ok(()),
            (
                Body::Map {
                    entries,
                    is_flow: false,
                },
                Value::Object(wanted),
            ) => {
                if wanted.is_empty() {
                    // A name with nothing behind it would say the same, and be changed again the next time.
                    let behind = self.colon(entry)? + 1;
                    self.edits.push((behind..behind, " {}".to_owned()));
                }
                return self.mapping(entries, wanted);
            }
            _ => {}
        }
        let colon = self.colon(entry)?;
        let end = self.content_end(entry);
        let start = entry.value.bytes.start;
        let inline = inline(value);
        if start < end && !self.text[colon..start].contains('\n') {
            self.edits.push((start..end, inline));
            return Ok(());
        }
        // The value begins on a later line: what stands behind the colon is at most `|` and a
        // comment, and the comment stays.
        let header_end = self.line_end(colon);
        let header = self.text[colon + 1..header_end].trim_end();
        let comment = header.find('#').map_or("", |at| &header[at..]);
        let gap = if comment.is_empty() { "" } else { " " };
        let end = if start < end {
            end
        } else {
            colon + 1 + header.len()
        };
        self.edits
            .push((colon + 1..end, format!(" {inline}{gap}{comment}")));
        Ok(())
    }

    /// Changes a block list item by item. `false`: nothing of it stays, so it is replaced as one.
    fn list(&mut self, items: &[Node], wanted: &[Value]) -> Result<bool, String> {
        let mut wanted = wanted.iter().map(Written::from).peekable();
        let mut dropped = Vec::new();
        let mut last = None;
        for item in items {
            if wanted
                .peek()
                .is_some_and(|next| *next == Written::from(item))
            {
                wanted.next();
                last = Some(item);
            } else {
                dropped.push(item);
            }
        }
        let Some(last) = last else { return Ok(false) };
        for item in dropped {
            self.drop_lines(item.bytes.start, item.bytes.end, "-")?;
        }
        let line = self.line_start(last.bytes.start);
        let lead = &self.text[line..last.bytes.start];
        if lead.trim() != "-" {
            return Err("the list is written in an unusual way".to_owned());
        }
        let added: Vec<String> = wanted
            .map(|item| format!("{lead}{}", flow(&item)))
            .collect();
        self.insert_lines(last.bytes.end, &added);
        Ok(true)
    }

    /// Changes a block mapping entry by entry.
    fn mapping(&mut self, entries: &[Entry], wanted: &Map<String, Value>) -> Result<(), String> {
        for entry in entries {
            match wanted.get(&entry.key) {
                None => self.drop_lines(entry.bytes.start, entry.end(), "")?,
                Some(value) if Written::from(value) == Written::from(&entry.value) => {}
                Some(value) => self.value(entry, value)?,
            }
        }
        let Some(last) = entries.last() else {
            return Ok(());
        };
        let indent = self.indent(entries)?;
        let added: Vec<String> = wanted
            .iter()
            .filter(|(key, _)| !entries.iter().any(|entry| entry.key == **key))
            .map(|(key, value)| format!("{indent}{}: {}", scalar(key), inline(value)))
            .collect();
        self.insert_lines(last.end(), &added);
        Ok(())
    }

    /// Adds an entry behind the last one of a mapping; a new section goes to the end of the file.
    fn add(&mut self, map: &Node, rest: &[&str], value: &Value) -> Result<(), String> {
        let Body::Map { entries, is_flow } = &map.body else {
            return Err("it is not a mapping".to_owned());
        };
        if *is_flow {
            self.edits.push((
                map.bytes.clone(),
                self.nested("", rest, value).join(self.newline),
            ));
            return Ok(());
        }
        let indent = self.indent(entries)?.to_owned();
        let lines = self.nested(&indent, rest, value);
        if rest.len() > 1 && indent.is_empty() {
            self.section(&lines);
        } else {
            self.insert_lines(map.bytes.end, &lines);
        }
        Ok(())
    }

    /// Adds the first entry of a section that is named and empty.
    fn fill(&mut self, entry: &Entry, rest: &[&str], value: &Value) -> Result<(), String> {
        let colon = self.colon(entry)?;
        if !entry.value.bytes.is_empty() {
            // `~` or `{}`
            self.edits
                .push((colon + 1..entry.value.bytes.end, String::new()));
        }
        let line = self.line_start(entry.bytes.start);
        let lead = &self.text[line..entry.bytes.start];
        if !is_blank(lead) {
            return Err("the section does not begin its line".to_owned());
        }
        let indent = format!("{}{}", lead.trim_start_matches(BOM), " ".repeat(STEP));
        let lines = self.nested(&indent, rest, value);
        self.insert_lines(entry.end(), &lines);
        Ok(())
    }

    fn append(&mut self, segments: &[&str], value: &Value) {
        let lines = self.nested("", segments, value);
        self.section(&lines);
    }

    /// `a.b` with a value as lines, one level each.
    fn nested(&self, indent: &str, segments: &[&str], value: &Value) -> Vec<String> {
        let deepest = segments.len().saturating_sub(1);
        let line = |(level, name): (usize, &&str)| {
            let indent = format!("{indent}{}", " ".repeat(level * STEP));
            if level == deepest {
                format!("{indent}{name}: {}", inline(value))
            } else {
                format!("{indent}{name}:")
            }
        };
        segments.iter().enumerate().map(line).collect()
    }

    /// Lines at the end of the file, behind an empty one.
    fn section(&mut self, lines: &[String]) {
        let end = self.text.len();
        let is_first = self.text.trim_start_matches(BOM).is_empty();
        let newline = self.newline;
        let has_gap = is_first || self.text.ends_with("\n\n") || self.text.ends_with("\n\r\n");
        let gap = match (has_gap, self.text.ends_with('\n')) {
            (true, _) => "",
            (false, true) => newline,
            (false, false) => &format!("{newline}{newline}"),
        };
        let lines = lines.join(newline);
        self.edits
            .push((end..end, format!("{gap}{lines}{newline}")));
    }

    /// Lines behind the line that holds the byte before `end`.
    fn insert_lines(&mut self, end: usize, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        let end = end.min(self.text.len());
        let end = self.text[..end].trim_end().len();
        let newline = self.newline;
        let lines = lines.join(newline);
        let at = self.line_end(end);
        if at == self.text.len() {
            self.edits.push((at..at, format!("{newline}{lines}")));
        } else {
            self.edits
                .push((at + 1..at + 1, format!("{lines}{newline}")));
        }
    }

    /// Takes out whole lines, which begin with nothing but spaces and `mark`.
    fn drop_lines(&mut self, start: usize, end: usize, mark: &str) -> Result<(), String> {
        let line = self.line_start(start);
        let lead = self.text[line..start].trim_start_matches(BOM);
        if lead.trim() != mark {
            return Err("it does not begin its line".to_owned());
        }
        let line = start - lead.len();
        let end = start + self.text[start..end.max(start)].trim_end().len();
        let end = (self.line_end(end) + 1).min(self.text.len());
        self.edits.push((line..end, String::new()));
        Ok(())
    }

    fn indent(&self, entries: &[Entry]) -> Result<&'a str, String> {
        let first = entries
            .first()
            .map(|entry| entry.bytes.start)
            .unwrap_or_default();
        let lead = self.text[self.line_start(first)..first].trim_start_matches(BOM);
        if lead.trim().is_empty() {
            Ok(lead)
        } else {
            Err("the section does not begin its line".to_owned())
        }
    }

    fn colon(&self, entry: &Entry) -> Result<usize, String> {
        let behind = &self.text[entry.bytes.end..];
        let gap = behind.len() - behind.trim_start().len();
        if behind[gap..].starts_with(':') {
            Ok(entry.bytes.end + gap)
        } else {
            Err("its key is written in an unusual way".to_owned())
        }
    }

    fn content_end(&self, entry: &Entry) -> usize {
        let Range { start, end } = entry.value.bytes;
        start + self.text[start..end].trim_end().len()
    }

    fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |newline| newline + 1)
    }

    /// Where the line's `\n` is, or the end of the text.
    fn line_end(&self, at: usize) -> usize {
        self.text[at..]
            .find('\n')
            .map_or(self.text.len(), |newline| at + newline)
    }
}

const BOM: char = '\u{feff}';

fn is_blank(text: &str) -> bool {
    text.trim_start_matches(BOM).trim().is_empty()
}

/// A value on one line.
fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Array(_) | Value::Object(_) => flow(&Written::from(value)),
        other => other.to_string(),
    }
}

fn flow(written: &Written) -> String {
    match written {
        Written::Nothing => "null".to_owned(),
        Written::Text(text) => scalar(text),
        Written::List(items) => {
            let items: Vec<_> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Written::Map(entries) => {
            let entries: Vec<_> = entries
                .iter()
                .map(|(key, value)| format!("{}: {}", scalar(key), flow(value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

/// A text as a scalar: plain where every reader takes it for a text, else in double quotes.
fn scalar(text: &str) -> String {
    if is_plain(text) {
        text.to_owned()
    } else {
        // A JSON string is a YAML double-quoted scalar.
        Value::from(text).to_string()
    }
}

fn is_plain(text: &str) -> bool {
    let is_home = text.starts_with("~/");
    let begins = text
        .starts_with(|first: char| first.is_ascii_alphabetic() || "/_.".contains(first))
        || is_home;
    let words = [
        "true", "false", "yes", "no", "on", "off", "null", "y", "n", ".inf", ".nan",
    ];
    let is_word = words.iter().any(|word| text.eq_ignore_ascii_case(word));
    let is_number = text.parse::<f64>().is_ok();
    begins
        && !is_word
        && !is_number
        && text
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "._/-+@~*: ".contains(letter))
        && !text.contains(": ")
        && !text.ends_with([':', ' '])
}
