//! A skill's file: front matter and instructions, and what is wrong with it. Touches no file itself.
//!
//! Read generously, because skills are written for many programs: what is not known is left alone, and only what
//! makes a skill useless is an error.

use crate::config::raw::{Body, Document, Entry, Node};
use anteroom_api::SkillFinding;

/// Characters of a description that are kept, as the format has it.
pub(crate) const DESCRIPTION_CHARS: usize = 1024;
/// Characters of a name, as the format has it.
const NAME_CHARS: usize = 64;
/// Keys whose value is a text for people.
const TEXTS: [&str; 4] = ["name", "description", "when_to_use", "when-to-use"];
/// What other programs read of a skill and this one does not use.
const UNUSED: [&str; 5] = ["agent", "context", "hooks", "model", "effort"];

/// What a skill's file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) argument_hint: Option<String>,
    /// Names of the arguments, in order: `$name` in the instructions.
    pub(crate) argument_names: Vec<String>,
    pub(crate) allowed_tools: Option<Vec<String>>,
    pub(crate) is_not_for_model: bool,
    pub(crate) is_not_for_people: bool,
    pub(crate) body: String,
    /// The old form: one YAML file, whose instructions hold `{args}`.
    pub(crate) is_old: bool,
}

/// What was found about a file while it was read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    path: String,
    found: Vec<SkillFinding>,
}

impl Notes {
    pub(crate) fn of(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            found: Vec::new(),
        }
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn error(&mut self, line: Option<u32>, text: impl Into<String>) {
        self.add(line, true, text.into());
    }

    pub(crate) fn warn(&mut self, line: Option<u32>, text: impl Into<String>) {
        self.add(line, false, text.into());
    }

    fn add(&mut self, line: Option<u32>, is_error: bool, text: String) {
        self.found.push(SkillFinding {
            path: self.path.clone(),
            line,
            is_error,
            text,
        });
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.found.iter().any(|finding| finding.is_error)
    }

    /// Errors first.
    pub(crate) fn into_findings(mut self) -> Vec<SkillFinding> {
        self.found
            .sort_by_key(|finding| (!finding.is_error, finding.line));
        self.found
    }
}

/// Whether a skill can have this name.
pub(crate) fn is_name(name: &str) -> bool {
    name.len() <= NAME_CHARS
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'))
}

/// Reads a `SKILL.md`; `folder` is the name of the folder it lies in.
pub(crate) fn markdown(text: &str, folder: &str, notes: &mut Notes) -> Manifest {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut manifest = Manifest {
        name: folder.to_owned(),
        ..Manifest::default()
    };
    match split(text) {
        Split::None => {
            notes.warn(
                Some(1),
                "it has no front matter: `---`, `name`, `description`, `---`",
            );
            manifest.body = text.trim().to_owned();
        }
        Split::Open => {
            notes.error(
                Some(1),
                "the front matter does not end: a line `---` is missing",
            );
            return manifest;
        }
        Split::Parts { yaml, body } => {
            manifest.body = body.trim().to_owned();
            if let Some(entries) = entries(yaml, 1, notes) {
                take(&mut manifest, &entries, 1, notes);
            }
        }
    }
    finish(manifest, folder, notes)
}

/// Reads the old form, one YAML file with `name`, `description` and `prompt`; `stem` is its name without ending.
pub(crate) fn yaml(text: &str, stem: &str, notes: &mut Notes) -> Manifest {
    let mut manifest = Manifest {
        name: stem.to_owned(),
        is_old: true,
        ..Manifest::default()
    };
    if let Some(entries) = entries(text, 0, notes) {
        take(&mut manifest, &entries, 0, notes);
        let prompt = entries.iter().find(|entry| entry.key == "prompt");
        match prompt.map(|entry| &entry.value.body) {
            Some(Body::Text(prompt)) => manifest.body = prompt.trim().to_owned(),
            Some(_) | None => {
                let line = prompt.map(|entry| entry.position.line);
                notes.error(line, "there is no text `prompt`");
                return manifest;
            }
        }
    }
    finish(manifest, stem, notes)
}

enum Split<'a> {
    /// It does not begin with front matter.
    None,
    /// It begins and does not end.
    Open,
    Parts {
        yaml: &'a str,
        body: &'a str,
    },
}

fn split(text: &str) -> Split<'_> {
    let mut lines = text.split_inclusive('\n');
    let first = lines.next().unwrap_or_default();
    if first.trim_end() != "---" {
        return Split::None;
    }
    let mut end = first.len();
    for line in lines {
        if line.trim_end() == "---" {
            return Split::Parts {
                yaml: &text[first.len()..end],
                body: &text[end + line.len()..],
            };
        }
        end += line.len();
    }
    Split::Open
}

/// The keys of a YAML text whose first line is line `above + 1` of the file.
fn entries(yaml: &str, above: u32, notes: &mut Notes) -> Option<Vec<Entry>> {
    // `[file] [question]` is how everybody writes it, and no YAML.
    let yaml = quoted(yaml, &["argument-hint", "argument_hint"]);
    let document = match Document::parse(&yaml) {
        Ok(document) => document,
        Err(trouble) => {
            let line = Some(trouble.position.line + above);
            // A text with `: ` in it is none either, and what most mistakes are.
            let again = Document::parse(&quoted(&yaml, &TEXTS));
            let words = trouble.words;
            match again {
                Ok(document) => {
                    notes.warn(line, format!("this is no valid YAML ({words}); it is read as if texts stood in quotation marks"));
                    document
                }
                Err(_) => {
                    notes.error(line, format!("this is no valid YAML: {words}"));
                    return None;
                }
            }
        }
    };
    match document.root {
        None => Some(Vec::new()),
        Some(Node {
            body: Body::Map { entries, .. },
            ..
        }) => Some(entries),
        Some(node) => {
            let line = Some(node.position.line + above);
            notes.error(line, "these are no keys and values: write `name: ...`");
            None
        }
    }
}

/// The same YAML with the texts of some keys in quotation marks, where they fill one line and have none.
fn quoted(yaml: &str, keys: &[&str]) -> String {
    let lines = yaml.split_inclusive('\n').map(|line| {
        let Some((key, value)) = line.split_once(':') else {
            return line.to_owned();
        };
        let text = value.trim();
        let is_meant = keys.contains(&key) && value.starts_with([' ', '\t']);
        if !is_meant || text.is_empty() || text.starts_with(['"', '\'', '|', '>', '#']) {
            return line.to_owned();
        }
        format!("{key}: '{}'\n", text.replace('\'', "''"))
    });
    lines.collect()
}

fn take(manifest: &mut Manifest, entries: &[Entry], above: u32, notes: &mut Notes) {
    let mut when = None;
    for entry in entries {
        let line = Some(entry.position.line + above);
        let key = entry.key.replace('_', "-").to_ascii_lowercase();
        match key.as_str() {
            "name" => {
                let Some(name) = text(entry, line, notes) else {
                    continue;
                };
                if is_name(name.trim()) {
                    name.trim().clone_into(&mut manifest.name);
                } else {
                    notes.warn(line, format!(
                        "a name is small letters, digits and `-`, {NAME_CHARS} at most; `{}` is used instead",
                        manifest.name
                    ));
                }
            }
            "description" => {
                manifest.description = text(entry, line, notes).unwrap_or_default();
            }
            "when-to-use" => when = text(entry, line, notes),
            "argument-hint" => manifest.argument_hint = hint(entry),
            "arguments" => manifest.argument_names = words(entry, line, notes).unwrap_or_default(),
            "allowed-tools" => manifest.allowed_tools = words(entry, line, notes),
            "disable-model-invocation" => manifest.is_not_for_model = is_true(entry),
            "user-invocable" => manifest.is_not_for_people = is_false(entry),
            other if UNUSED.contains(&other) => {
                notes.warn(line, format!("`{}` has no effect here", entry.key));
            }
            _ => {}
        }
    }
    if let Some(when) = when {
        manifest.description = format!("{} {when}", manifest.description);
    }
}

fn finish(mut manifest: Manifest, called: &str, notes: &mut Notes) -> Manifest {
    if !is_name(&manifest.name) {
        notes.error(
            None,
            format!("a name is small letters, digits and `-`, {NAME_CHARS} at most"),
        );
    } else if manifest.name != called {
        notes.warn(
            None,
            format!(
                "it is called `{}`, its file `{}`",
                manifest.name,
                anteroom_gate::visible(called)
            ),
        );
    }
    if manifest.body.is_empty() {
        notes.error(None, "there are no instructions in it");
    }
    manifest.description = one_line(&manifest.description);
    if manifest.description.is_empty() && !notes.has_errors() {
        manifest.description = first_paragraph(&manifest.body);
        if manifest.description.trim().is_empty() {
            manifest.description.clone_from(&manifest.name);
        }
        notes.warn(
            None,
            "it has no `description`, so the model cannot tell when to use it",
        );
    }
    if manifest.description.chars().count() > DESCRIPTION_CHARS {
        notes.warn(
            None,
            format!("its description is longer than {DESCRIPTION_CHARS} characters; the rest is left out"),
        );
        manifest.description = manifest
            .description
            .chars()
            .take(DESCRIPTION_CHARS)
            .collect();
    }
    if manifest.body.contains("!`") {
        notes.warn(
            None,
            "a command written as !`...` is not run when the skill is called",
        );
    }
    manifest
}

fn text(entry: &Entry, line: Option<u32>, notes: &mut Notes) -> Option<String> {
    match &entry.value.body {
        Body::Text(text) => Some(text.clone()),
        Body::Nothing => None,
        Body::List { .. } | Body::Map { .. } => {
            notes.warn(line, format!("`{}` must be a text", entry.key));
            None
        }
    }
}

/// A list, or a text of words; what stands in brackets belongs to its word.
fn words(entry: &Entry, line: Option<u32>, notes: &mut Notes) -> Option<Vec<String>> {
    match &entry.value.body {
        Body::Nothing => None,
        Body::Text(text) => Some(parts(text)),
        Body::List { items, .. } => {
            let mut all = Vec::new();
            for item in items {
                match &item.body {
                    Body::Text(text) => all.push(text.trim().to_owned()),
                    Body::Nothing | Body::List { .. } | Body::Map { .. } => {
                        notes.warn(line, format!("`{}` must be a list of texts", entry.key));
                    }
                }
            }
            Some(all)
        }
        Body::Map { .. } => {
            notes.error(line, format!("`{}` must be a list of texts", entry.key));
            None
        }
    }
}

fn parts(text: &str) -> Vec<String> {
    let (mut parts, mut part, mut depth) = (Vec::new(), String::new(), 0_usize);
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            c if depth == 0 && (c == ',' || c.is_whitespace()) => {
                parts.push(std::mem::take(&mut part));
                continue;
            }
            _ => {}
        }
        part.push(c);
    }
    parts.push(part);
    parts.retain(|part| !part.is_empty());
    parts
}

/// `[file] [question]` is a YAML list to a parser, and a text to whoever wrote it.
fn hint(entry: &Entry) -> Option<String> {
    let hint = match &entry.value.body {
        Body::Text(text) => one_line(text),
        Body::List { items, .. } => {
            let items = items.iter().filter_map(|item| match &item.body {
                Body::Text(text) => Some(format!("[{}]", one_line(text))),
                Body::Nothing | Body::List { .. } | Body::Map { .. } => None,
            });
            items.collect::<Vec<_>>().join(" ")
        }
        Body::Nothing | Body::Map { .. } => String::new(),
    };
    (!hint.is_empty()).then_some(hint)
}

fn is_true(entry: &Entry) -> bool {
    matches!(&entry.value.body, Body::Text(text) if matches!(text.as_str(), "true" | "yes" | "on"))
}

fn is_false(entry: &Entry) -> bool {
    matches!(&entry.value.body, Body::Text(text) if matches!(text.as_str(), "false" | "no" | "off"))
}

/// Without line breaks and control characters.
fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

fn first_paragraph(body: &str) -> String {
    let lines = body.lines().map(str::trim);
    let lines = lines.skip_while(|line| line.is_empty() || line.starts_with('#'));
    let lines: Vec<&str> = lines.take_while(|line| !line.is_empty()).collect();
    one_line(&lines.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Manifest, Vec<SkillFinding>) {
        let mut notes = Notes::of("f");
        let manifest = markdown(text, "tidy", &mut notes);
        (manifest, notes.into_findings())
    }

    #[test]
    fn the_front_matter_of_the_field_is_understood() {
        let (skill, findings) = read(
            "---\nname: tidy\ndescription: >\n  Tidies up.\n  Use it late.\nallowed-tools: Bash(git add:*), Read  Grep\n\
             arguments: [path, why]\nargument-hint: [path] [why]\ndisable-model-invocation: true\nlicense: MIT\n---\n\n# Tidy\nDo it.\n",
        );
        assert_eq!(findings, []);
        let allowed = ["Bash(git add:*)", "Read", "Grep"].map(str::to_owned);
        assert_eq!(
            skill,
            Manifest {
                name: "tidy".into(),
                description: "Tidies up. Use it late.".into(),
                argument_hint: Some("[path] [why]".into()),
                argument_names: vec!["path".into(), "why".into()],
                allowed_tools: Some(allowed.to_vec()),
                is_not_for_model: true,
                is_not_for_people: false,
                body: "# Tidy\nDo it.".into(),
                is_old: false,
            }
        );
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, line, is_error, words) in [
            ("just words", Some(1), false, "no front matter"),
            ("---\nname: tidy\n", Some(1), true, "does not end"),
            ("---\n- a\n---\nb", Some(2), true, "no keys and values"),
            (
                "---\nname: tidy\nx: [\n---\nb",
                Some(3),
                true,
                "no valid YAML",
            ),
            (
                "---\nname: tidy\ndescription: when: now\n---\nb",
                Some(3),
                false,
                "as if texts",
            ),
            (
                "---\nname: A B\ndescription: d\n---\nb",
                Some(2),
                false,
                "`tidy` is used",
            ),
            (
                "---\nname: other\ndescription: d\n---\nb",
                None,
                false,
                "its file `tidy`",
            ),
            (
                "---\ndescription: d\n---\n \n",
                None,
                true,
                "no instructions",
            ),
            (
                "---\ndescription: d\nhooks: {}\n---\nb",
                Some(3),
                false,
                "`hooks` has no effect",
            ),
            (
                "---\ndescription: d\nallowed-tools: {a: b}\n---\nb",
                Some(3),
                true,
                "a list of texts",
            ),
            (
                "---\ndescription: d\ndescription: e\n---\nb",
                Some(3),
                true,
                "second time",
            ),
            (
                "---\ndescription: d\n---\n!`rm -rf /`",
                None,
                false,
                "is not run",
            ),
            ("---\nname: tidy\n---\nb", None, false, "no `description`"),
        ] {
            let (_, findings) = read(text);
            let found = findings.iter().find(|finding| finding.text.contains(words));
            let Some(found) = found else {
                panic!("{text}: {findings:?}")
            };
            assert_eq!((found.line, found.is_error), (line, is_error), "{text}");
        }
        let (skill, findings) = read("---\ndescription: 'a'\nallowed-tools:\n---\nb");
        assert_eq!((skill.allowed_tools, findings.len()), (None, 0));
        let (skill, _) = read("---\ndescription: when: now, it's time\n---\nb");
        assert_eq!(skill.description, "when: now, it's time");
        let (skill, _) = read("# Title\n\nFirst\nparagraph.\n\nSecond.");
        assert_eq!(skill.description, "First paragraph.");
    }

    #[test]
    fn the_old_form_is_read() {
        let mut notes = Notes::of("f");
        let text = "name: greet\ndescription: says hello\nprompt: |\n  Say hello to {args}.\n";
        let skill = yaml(text, "greet", &mut notes);
        assert!(
            skill.is_old && skill.body == "Say hello to {args}.",
            "{skill:?}"
        );
        assert!(notes.into_findings().is_empty());
        let mut notes = Notes::of("f");
        yaml("name: greet\n", "greet", &mut notes);
        assert!(notes.has_errors());
    }
}
