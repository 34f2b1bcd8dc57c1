//! Settings that a bundle brings: which there may be, and what is written of them.

use super::raw::{Body, Document, Entry, Node};
use super::settings::{self, Kind, Project, Row};

/// Whether a bundle may say something about a setting: only what makes it stricter whatever it says.
pub(super) fn may(row: &Row) -> bool {
    // What starts programs is shown for itself, or not taken at all.
    if matches!(row.kind, Kind::Servers | Kind::Hooks) {
        return false;
    }
    match row.project {
        Project::Lower | Project::Tighten | Project::Add | Project::Raise => true,
        Project::Set | Project::IfTrusted | Project::Nothing => false,
    }
}

/// Each setting that is written in a text, with its value.
///
/// # Errors
/// It cannot be read, or names something that a bundle may not set, in words.
pub(crate) fn written(text: &str) -> Result<Vec<(String, String)>, String> {
    let document = Document::parse(text).map_err(|trouble| {
        let at = trouble.position;
        format!("line {}: {}", at.line, trouble.words)
    })?;
    let mut found = Vec::new();
    match document.root.map(|root| root.body) {
        None => {}
        Some(Body::Map { entries, .. }) => section("", &entries, &mut found)?,
        Some(_) => return Err("it must be a mapping of settings".to_owned()),
    }
    Ok(found)
}

fn section(
    above: &str,
    entries: &[Entry],
    found: &mut Vec<(String, String)>,
) -> Result<(), String> {
    for entry in entries {
        let key = match above {
            "" => entry.key.clone(),
            above => format!("{above}.{}", entry.key),
        };
        if let Some(row) = settings::row(&key) {
            if !may(row) {
                return Err(format!(
                    "a bundle may only make settings stricter, and `{key}` is not one of those"
                ));
            }
            let value = shown(&entry.value);
            if value.contains("${") {
                return Err(format!("`{key}` refers to the environment"));
            }
            found.push((key, value));
            continue;
        }
        match &entry.value.body {
            Body::Map { entries, .. } if settings::is_section(&key) => {
                section(&key, entries, found)?;
            }
            _ => {
                let key = anteroom_gate::visible(&key);
                return Err(format!("there is no setting `{key}`"));
            }
        }
    }
    Ok(())
}

fn shown(node: &Node) -> String {
    match &node.body {
        Body::Nothing => String::new(),
        Body::Text(text) => text.clone(),
        Body::List { items, .. } => {
            let items: Vec<String> = items.iter().map(shown).collect();
            items.join(", ")
        }
        Body::Map { entries, .. } => {
            let entries = entries.iter();
            let entries = entries.map(|it| format!("{}: {}", it.key, shown(&it.value)));
            entries.collect::<Vec<_>>().join(", ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_may_say_what_is_stricter_and_nothing_else() {
        let text = "safety:\n  approval_mode: ask\n  denied_tools: [bash, 'write_file']\n  tool_tiers: {bash: destructive}\n";
        let expected = [
            ("safety.approval_mode", "ask"),
            ("safety.denied_tools", "bash, write_file"),
            ("safety.tool_tiers", "bash: destructive"),
        ];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(written(text).unwrap(), expected);
        for bad in [
            "ai: {base_url: https://example.org}",
            "safety: {allowed_tools: [bash]}",
            "safety: {trusted_folders: [/]}",
            "ai: {temperature: 2}",
            "no: {such: thing}",
            "safety: [ask]",
            "safety: {denied_tools: ['${HOME}']}",
            "- a",
            "mcp_servers: [{name: x, command: sh}]",
            "hooks: {}",
            "a: [",
        ] {
            assert!(written(bad).is_err(), "{bad}");
        }
        assert_eq!(written("").unwrap(), []);
    }
}
