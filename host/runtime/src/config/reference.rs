//! The table of settings for people and for editors: a Markdown reference and a JSON Schema.

use super::settings::{Kind, Project, RESERVED, ROWS, Row, Standard};
use super::value::{self, TIERS};
use super::{hooks, servers};
use anteroom_api::PageMay;
use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::path::Path;

/// JSON Schema of the config file, for editors.
#[must_use]
pub fn schema() -> Value {
    let mut root = object("Anteroom's config file");
    for row in ROWS {
        insert(&mut root, row.key, property(row));
    }
    for reserved in RESERVED {
        let words = format!("Not used: {}", reserved.hint);
        insert(&mut root, reserved.key, json!({ "description": words }));
    }
    root["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    root["title"] = json!("Anteroom settings");
    root
}

/// The reference of all settings, in Markdown: `docs/configuration.md`.
#[must_use]
pub fn reference() -> String {
    let mut text = String::from(INTRODUCTION);
    let mut section = "";
    for row in ROWS {
        if row.section() != section {
            section = row.section();
            let title = match section {
                "" => "Beside the sections".to_owned(),
                section => format!("`{section}`"),
            };
            let _ = write!(text, "\n## {title}\n\n{TABLE_HEAD}");
        }
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {} | {} | {} |",
            row.key,
            row.doc,
            values(row),
            default(row),
            row.environment
                .map_or_else(|| "–".to_owned(), |name| format!("`{name}`")),
            project(row.project),
            page(row),
        );
    }
    text.push_str("\n## Known and not used\n\nThese names do nothing here; writing one gives a warning, not an error.\n\n");
    for reserved in RESERVED {
        let _ = writeln!(text, "- `{}`: {}.", reserved.key, reserved.hint);
    }
    text
}

const INTRODUCTION: &str = "\
# Configuration

<!-- Generated from host/runtime/src/config/settings.rs; a test compares it. -->

Every setting is optional.
They are read from `~/.anteroom/config.yaml` (`ANTEROOM_HOME` moves the folder), then from the project's `.anteroom/config.yaml`, then from the environment, then from flags; the later one wins.
Lists and mappings do not replace each other: what the places say adds up.
If there is no `~/.anteroom/config.yaml`, `~/.parlor/config.yaml` is read in its place.

- `${NAME}` in a value is replaced by that environment variable; `$${` is a plain `${`.
  It is left alone in commands, prompts, rules, patterns and keys, which may use `$` themselves.
- A number out of its bounds is moved to the nearest bound, with a warning.
  An unknown name is a warning with the nearest known one; a wrong type is an error. Both name file, line and column.
- In an environment variable a list is separated by commas, and tiers are written `tool=tier,tool=tier`.
- A relative path starts at the folder of the file it stands in; `~/` is your home folder.

The last but one column says what a project's file may do: it comes with the folder, perhaps from somebody else, and can tighten your settings but never loosen them.
Values it may not set are ignored with a warning.
The last column says what the web page may do: a browser is lent a session, not the account, so it makes things stricter than you have them and never looser.
What it may not is set in a terminal (`aroom config set`) or in the file.
";

const TABLE_HEAD: &str = "\
| Setting | Meaning | Values | Default | Environment | A project may | A page may |
| --- | --- | --- | --- | --- | --- | --- |
";

fn values(row: &Row) -> String {
    match row.kind {
        Kind::Text if row.is_secret => "text, secret".to_owned(),
        Kind::Text => "text".to_owned(),
        Kind::Path => "path".to_owned(),
        Kind::Switch => "`true`, `false`".to_owned(),
        Kind::Whole { least, most } if most == u64::from(u32::MAX) => format!("{least} or more"),
        Kind::Whole { least, most } => format!("{least}–{most}"),
        Kind::Number { least, most } | Kind::Seconds { least, most } => {
            format!("{}–{}", value::numeral(least), value::numeral(most))
        }
        Kind::Choice { words, aliases } => {
            let aliases = aliases.iter().map(|(alias, _)| alias);
            let words: Vec<_> = words
                .iter()
                .chain(aliases)
                .map(|word| format!("`{word}`"))
                .collect();
            words.join(", ")
        }
        Kind::List => "list".to_owned(),
        Kind::Paths => "list of paths".to_owned(),
        Kind::Databases => "list of `name` and `path`".to_owned(),
        Kind::Servers => "list of servers".to_owned(),
        Kind::Hooks => "list of hooks".to_owned(),
        Kind::Tiers => "tool: tier".to_owned(),
        Kind::Limits => "tool: `seconds` 1–600, `memory_mb` 8–256".to_owned(),
    }
}

fn default(row: &Row) -> String {
    match row.standard {
        Standard::Nothing => "–".to_owned(),
        Standard::Home => "`~/.anteroom`".to_owned(),
        Standard::Switch(yes) => format!("`{yes}`"),
        Standard::Number(number) => value::numeral(number).to_string(),
        Standard::Word(word) => format!("`{word}`"),
    }
}

fn project(may: Project) -> &'static str {
    match may {
        Project::Set => "set it",
        Project::Lower => "lower it",
        Project::Tighten => "make it stricter",
        Project::Add => "add to it",
        Project::Raise => "raise tiers",
        Project::IfTrusted => "set it, once trusted",
        Project::Nothing => "not set it",
    }
}

fn page(row: &Row) -> &'static str {
    match super::pages::may(row) {
        PageMay::Set => "set it",
        PageMay::Lower => "lower it",
        PageMay::Raise => "raise it",
        PageMay::Tighten { .. } => "make it stricter",
        PageMay::Add => "add to it",
        PageMay::Remove => "take from it",
        PageMay::RaiseTiers => "raise tiers",
        PageMay::Reset => "reset it",
        PageMay::Nothing => "not set it",
    }
}

fn object(description: &str) -> Value {
    json!({
        "type": ["object", "null"],
        "description": description,
        "additionalProperties": false,
        "properties": {},
    })
}

/// Puts a property at its dotted place, making the sections on the way.
fn insert(root: &mut Value, key: &str, property: Value) {
    let (section, name) = key.split_once('.').unwrap_or((key, ""));
    let Some(properties) = root.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    if name.is_empty() {
        properties.insert(section.to_owned(), property);
    } else {
        let section = properties
            .entry(section)
            .or_insert_with(|| object(&format!("Settings of `{section}`")));
        insert(section, name, property);
    }
}

fn property(row: &Row) -> Value {
    let mut property = Map::new();
    property.insert("description".to_owned(), json!(row.doc));
    let default = value::standard(row.kind, row.standard, Path::new("~/.anteroom"));
    if !default.is_null() {
        property.insert("default".to_owned(), default);
    }
    let shape = match row.kind {
        Kind::Text | Kind::Path => json!({ "type": ["string", "number", "null"] }),
        Kind::Switch => json!({ "type": ["boolean", "null"] }),
        Kind::Whole { least, most } => {
            json!({ "type": ["integer", "null"], "minimum": least, "maximum": most })
        }
        Kind::Number { least, most } | Kind::Seconds { least, most } => {
            json!({ "type": ["number", "null"], "minimum": least, "maximum": most })
        }
        Kind::Choice { words, aliases } => {
            let words: Vec<_> = words
                .iter()
                .chain(aliases.iter().map(|(alias, _)| alias))
                .collect();
            json!({ "enum": words })
        }
        Kind::List | Kind::Paths => {
            json!({ "type": ["array", "null"], "items": { "type": "string" } })
        }
        Kind::Databases => {
            let text = json!({ "type": "string" });
            let entry = json!({
                "type": "object",
                "required": ["name", "path"],
                "properties": { "name": text, "path": text },
            });
            json!({ "type": ["array", "null"], "items": entry })
        }
        Kind::Servers => servers::schema(),
        Kind::Hooks => hooks::schema(),
        Kind::Limits => {
            let limits = json!({
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "seconds": { "type": "number", "minimum": 1, "maximum": 600 },
                    "memory_mb": { "type": "integer", "minimum": 8, "maximum": 256 },
                },
            });
            json!({ "type": ["object", "null"], "additionalProperties": limits })
        }
        Kind::Tiers => {
            json!({ "type": ["object", "null"], "additionalProperties": { "enum": TIERS } })
        }
    };
    if let Value::Object(shape) = shape {
        property.extend(shape);
    }
    Value::Object(property)
}
