//! What holds for every config file and every change of it, tried with many of both.

use super::*;
use crate::config::raw::{Body, Node};
use crate::settled::settled;
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;

/// Settings that are changed: one of each kind of value, in several sections.
const CHANGED: [&str; 6] = [
    "ai.model",
    "ai.base_url",
    "ai.retry_max_attempts",
    "safety.allowed_tools",
    "safety.tool_tiers",
    "cli.max_tool_iterations",
];

/// A value that fits the setting, written as a person or a program may want it.
fn value_of(key: &'static str) -> BoxedStrategy<Value> {
    let words = "[a-z #:\"'\\\\{}\\[\\],&*!|>%@`~ü🙂-]{1,12}";
    match key {
        "ai.retry_max_attempts" => (0..=10_u32).prop_map(|number| json!(number)).boxed(),
        "cli.max_tool_iterations" => (1..=50_u32).prop_map(|number| json!(number)).boxed(),
        "safety.allowed_tools" => proptest::collection::vec("[a-z][a-z:* ./#-]{0,9}[a-z*]", 0..4)
            .prop_map(|list| json!(list))
            .boxed(),
        "safety.tool_tiers" => {
            let tier = prop_oneof![Just("read"), Just("write"), Just("execute")];
            proptest::collection::btree_map("[a-z][a-z_]{0,6}", tier, 0..3)
                .prop_map(|map| json!(map))
                .boxed()
        }
        _ => words.prop_map(|text| json!(text)).boxed(),
    }
}

fn change_of() -> impl Strategy<Value = (&'static str, Value)> {
    proptest::sample::select(CHANGED.to_vec())
        .prop_flat_map(|key| value_of(key).prop_map(move |value| (key, value)))
}

/// One setting as it may stand in a file, its lines behind their indentation.
fn written(key: &'static str, value: &Value, style: u8) -> Vec<String> {
    let name = key.split('.').next_back().unwrap_or_default();
    match (value, style % 4) {
        (Value::Array(items), 0 | 1) if !items.is_empty() => {
            let indent = if style.is_multiple_of(4) { "  " } else { "" };
            let items = items.iter().map(|item| format!("{indent}- {item}"));
            [format!("{name}:")].into_iter().chain(items).collect()
        }
        (Value::Object(entries), 0 | 1) if !entries.is_empty() => {
            let entries = entries
                .iter()
                .map(|(key, value)| format!("  {key}: {value}"));
            [format!("{name}:")].into_iter().chain(entries).collect()
        }
        (_, 2) => vec![format!("{name}:   {value}")],
        _ => vec![format!("{name}: {value}")],
    }
}

/// A file that says these settings, with comments wherever there is room for one.
fn file() -> impl Strategy<Value = String> {
    let setting = (change_of(), any::<u8>(), any::<u8>());
    let settings = proptest::collection::vec(setting, 0..7);
    (settings, any::<bool>(), any::<u8>()).prop_map(|(settings, is_windows, frame)| {
        let mut sections: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        let mut said = std::collections::BTreeSet::new();
        for ((key, value), style, noise) in settings {
            if !said.insert(key) {
                continue;
            }
            let section = sections
                .entry(key.split('.').next().unwrap_or_default())
                .or_default();
            if noise & 1 != 0 {
                section.push(format!("# before {key}"));
            }
            let mut lines = written(key, &value, style);
            if noise & 2 != 0 {
                let last = lines.len() - 1;
                lines[if noise & 4 == 0 { 0 } else { last }].push_str(&format!(" # beside {key}"));
            }
            section.extend(lines);
            if noise & 8 != 0 {
                section.push(String::new());
            }
            if noise & 16 != 0 {
                let number = section.len();
                section.push(format!("other_{number}: [1, {{a: b}}]"));
            }
        }
        let mut text = String::new();
        if frame & 1 != 0 {
            text.push_str("# at the top\n\n");
        }
        for (name, lines) in sections {
            let indent = if frame & 2 == 0 { "  " } else { "    " };
            text.push_str(&format!(
                "{name}:{}\n",
                if frame & 4 == 0 { "" } else { " # a section" }
            ));
            for line in lines {
                text.push_str(&format!(
                    "{}{line}\n",
                    if line.is_empty() { "" } else { indent }
                ));
            }
        }
        if frame & 8 != 0 {
            text.push_str("# at the end");
        }
        match is_windows {
            true => text.replace('\n', "\r\n"),
            false => text,
        }
    })
}

/// The comments that were put there; a value may hold the sign as well, but not their words.
fn comments(text: &str) -> Vec<&str> {
    let starts = ["# at the", "# before ", "# beside ", "# a section"];
    let of_line = |line: &'_ str| starts.iter().find_map(|start| line.find(start));
    let mut found: Vec<&str> = text
        .lines()
        .filter_map(|line| of_line(line).map(|at| &line[at..]))
        .collect();
    found.sort_unstable();
    found
}

fn change_text(text: &str, key: &str, value: Option<&Value>) -> Result<String, Problem> {
    let row = settings::row(key).unwrap();
    let value = value.map(|value| checked(row, value)).transpose()?;
    edited(Path::new("config.yaml"), text, row, value.as_ref())
}

/// What a file says, and what it says of a setting.
fn said(text: &str, key: &str) -> (Written, Option<Written>) {
    let document = Document::parse(text).unwrap();
    let all = meaning(&document);
    let segments: Vec<&str> = key.split('.').collect();
    let mut one = Some(all.clone());
    for name in &segments {
        one = match one {
            Some(Written::Map(entries)) => {
                let found = entries.into_iter().find(|(key, _)| key == name);
                found.map(|(_, value)| value)
            }
            _ => None,
        };
    }
    (all.with(&segments, Some(Written::Nothing)).trimmed(), one)
}

fn places_are_in(node: &Node, text: &str) {
    assert!(text.get(node.bytes.clone()).is_some(), "{:?}", node.bytes);
    match &node.body {
        Body::Nothing | Body::Text(_) => {}
        Body::List { items, .. } => items.iter().for_each(|item| places_are_in(item, text)),
        Body::Map { entries, .. } => {
            for entry in entries {
                assert!(text.get(entry.bytes.clone()).is_some(), "{:?}", entry.bytes);
                places_are_in(&entry.value, text);
            }
        }
    }
}

proptest! {
    #![proptest_config(settled(400))]

    #[test]
    fn what_was_written_reads_back_and_nothing_else_changes(
        text in file(), (key, value) in change_of(),
    ) {
        let after = match change_text(&text, key, Some(&value)) {
            Ok(after) => after,
            Err(problem) => {
                // Refused is allowed, silence or damage are not.
                prop_assert!(problem.hint.is_some(), "{}", problem);
                return Ok(());
            }
        };
        let wanted = Written::from(&checked(settings::row(key).unwrap(), &value).unwrap());
        let (others, found) = said(&after, key);
        prop_assert_eq!(found.map(Written::trimmed), Some(wanted.trimmed()));
        prop_assert_eq!(others, said(&text, key).0);
        prop_assert_eq!(comments(&after), comments(&text));
        // The same change again changes nothing.
        prop_assert_eq!(change_text(&after, key, Some(&value)).unwrap(), after);
    }

    #[test]
    fn what_was_removed_is_gone_and_the_rest_stays(
        text in file(), key in proptest::sample::select(CHANGED.to_vec()),
    ) {
        let Ok(after) = change_text(&text, key, None) else { return Ok(()) };
        prop_assert_eq!(said(&after, key), (said(&text, key).0, None));
    }

    #[test]
    fn an_ordinary_file_can_be_changed(text in file()) {
        let changed = change_text(&text, "ai.model", Some(&json!("new")));
        prop_assert!(changed.is_ok(), "{:?}", changed);
    }

    #[test]
    fn any_text_is_read_or_refused(
        text in "([a-c]: |- |\\[|\\]|\\{|\\}|,|\n|  |\"|'|\\||>|&a|\\*a|#|!!|%|---\n|\\?|ü|\u{feff}|\t|~|:){0,40}",
        key in proptest::sample::select(CHANGED.to_vec()),
    ) {
        if let Ok(document) = Document::parse(&text)
            && let Some(root) = &document.root
        {
            places_are_in(root, &text);
        }
        for value in [Some(json!("1")), None] {
            if let Err(problem) = change_text(&text, key, value.as_ref()) {
                prop_assert!(problem.hint.is_some(), "{}", problem);
            }
        }
    }
}

#[test]
fn the_corpus_is_read_or_refused_and_changed_safely() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/config");
    let mut files = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let whole = fs::read_to_string(&path).unwrap();
        // Broken off after each line, as an editor or a full disk leaves it.
        let ends = whole.match_indices('\n').map(|(at, _)| at + 1);
        for end in ends.chain([whole.len()]) {
            let text = &whole[..end];
            for key in CHANGED {
                let value = match key {
                    "safety.allowed_tools" => json!(["bash:cargo test *"]),
                    "safety.tool_tiers" => json!({ "bash": "write" }),
                    _ => json!("7"),
                };
                if let Ok(after) = change_text(text, key, Some(&value)) {
                    assert_eq!(said(&after, key).1, Some(Written::from(&value)), "{path:?}");
                }
            }
        }
        files += 1;
    }
    assert!(files >= 5, "{files} files in {folder}");
}
