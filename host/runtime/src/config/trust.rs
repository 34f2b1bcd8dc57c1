//! What a project's config file may do: tighten, never loosen.
//!
//! The file comes with a folder that somebody else may have written. It is judged value by value
//! against what holds without it; trust in the folder lifts only what could start a program or
//! send data elsewhere, never what keeps the user safe.

use super::raw::{Body, Document, Node};
use super::settings::{self, Kind, Project, Row};
use anteroom_api::Tier;
use serde_json::{Map, Value};

/// What becomes of a value from the project's file.
#[derive(Debug, PartialEq)]
pub(crate) enum Ruling {
    Take(Value),
    /// Only a part is taken; the words say what is not.
    TakePart(Value, String),
    /// The words say why, as the end of a sentence.
    Ignore(String),
}

/// Whether it makes sense to read the value at all. `Some` says why not.
pub(crate) fn barred(row: &Row, is_trusted: bool) -> Option<&'static str> {
    match row.project {
        Project::Nothing => Some("only you can set it, not a project"),
        Project::IfTrusted if !is_trusted => {
            Some("a project may set it only once you trust its folder")
        }
        _ => None,
    }
}

/// Names of the settings that a project may set only with trust.
fn for_trusted() -> impl Iterator<Item = &'static str> {
    let rows = settings::ROWS.iter();
    rows.filter(|row| row.project == Project::IfTrusted)
        .map(|row| row.key)
}

/// Those of them that a project's file names, whatever wins over them now: a variable or a flag may be gone at the next
/// start. All of them where the file cannot be understood.
pub(crate) fn waiting_in(text: &str) -> Vec<&'static str> {
    let mut found = Vec::new();
    match Document::parse(text).map(|document| document.root) {
        Ok(None) => {}
        Ok(Some(root)) if gather("", &root, &mut found) => {}
        Ok(Some(_)) | Err(_) => return for_trusted().collect(),
    }
    found
}

/// Whether it could be understood.
fn gather(section: &str, node: &Node, found: &mut Vec<&'static str>) -> bool {
    let entries = match &node.body {
        Body::Map { entries, .. } => entries,
        Body::Nothing => return true,
        Body::Text(_) | Body::List { .. } => return false,
    };
    entries.iter().all(|entry| {
        let key = match section {
            "" => entry.key.clone(),
            section => format!("{section}.{}", entry.key),
        };
        match settings::row(&key) {
            Some(row) if row.project == Project::IfTrusted => found.push(row.key),
            Some(_) => {}
            None if settings::is_section(&key) => return gather(&key, &entry.value, found),
            None => {}
        }
        true
    })
}

/// Judges a value against `held`, what holds without the project.
pub(crate) fn judge(row: &Row, value: Value, held: &Value) -> Ruling {
    match row.project {
        Project::Set | Project::IfTrusted | Project::Add => Ruling::Take(value),
        Project::Lower => lower(value, held),
        Project::Tighten => tighten(row.kind, value, held),
        Project::Raise => raise(value, held),
        Project::Nothing => Ruling::Ignore("only you can set it, not a project".to_owned()),
    }
}

fn lower(value: Value, held: &Value) -> Ruling {
    match (value.as_f64(), held.as_f64()) {
        (Some(given), Some(now)) if given <= now => Ruling::Take(value),
        // No limit at all is the highest.
        (Some(_), None) if held.is_null() => Ruling::Take(value),
        _ => Ruling::Ignore(format!("a project may only lower it, and it is {held}")),
    }
}

fn tighten(kind: Kind, value: Value, held: &Value) -> Ruling {
    let rank = |value: &Value| match kind {
        Kind::Switch => value.as_bool().map(usize::from),
        Kind::Choice { words, .. } => {
            let word = value.as_str()?;
            words.iter().position(|known| *known == word)
        }
        _ => None,
    };
    match (rank(&value), rank(held)) {
        (Some(given), Some(now)) if given >= now => Ruling::Take(value),
        _ => {
            let held = held
                .as_str()
                .map_or_else(|| held.to_string(), str::to_owned);
            Ruling::Ignore(format!("a project may only make it stricter than `{held}`"))
        }
    }
}

/// Takes the tiers that are a rise whatever the tool declares: the highest one, and those above
/// what the user chose for this tool.
fn raise(value: Value, held: &Value) -> Ruling {
    let tier = |value: &Value| value.as_str().and_then(|text| text.parse::<Tier>().ok());
    let Value::Object(given) = value else {
        return Ruling::Ignore("a project may only raise tiers".to_owned());
    };
    let (taken, refused): (Map<_, _>, Map<_, _>) = given.into_iter().partition(|(tool, raised)| {
        let now = held.get(tool).and_then(tier);
        match tier(raised) {
            Some(Tier::Destructive) => true,
            Some(raised) => now.is_some_and(|now| raised >= now),
            None => false,
        }
    });
    if refused.is_empty() {
        return Ruling::Take(Value::Object(taken));
    }
    let tools: Vec<_> = refused.keys().map(|tool| format!("`{tool}`")).collect();
    let words = format!(
        "a project may only raise a tier, to `destructive` or above your own; not taken: {}",
        tools.join(", ")
    );
    Ruling::TakePart(Value::Object(taken), words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_trust_is_named_whatever_wins_over_it() {
        for (text, expected) in [
            ("", vec![]),
            ("ai:\n  model: m\n", vec![]),
            ("ai: {base_url: x, model: m}\n", vec!["ai.base_url"]),
            ("ai.base_url: x\n", vec!["ai.base_url"]),
            ("ai:\nhooks: []\n", vec!["hooks"]),
            (
                "mcp_servers: [{name: x}]\nunknown: 1\n",
                vec!["mcp_servers"],
            ),
        ] {
            assert_eq!(waiting_in(text), expected, "{text}");
        }
        for text in ["ai: [x", "- a", "ai: words"] {
            assert_eq!(waiting_in(text).len(), for_trusted().count(), "{text}");
        }
    }
}
