//! `hooks`: each entry read by itself. One that is not understood is kept as what it is, because a hook that nobody
//! can read may be the one that was to say no.

use super::nearest;
use super::raw::{Body, Node, Position};
use super::value::{Written, held_seconds, switch};
use anteroom_gate::Masker;
use globset::{Glob, GlobBuilder};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// Hooks of one file: more than a person has.
const MOST_HOOKS: usize = 64;
/// Patterns of one hook.
const MOST_PATTERNS: usize = 32;
/// Bounds of `timeout` and what it is if nobody says, in seconds.
const SECONDS: (f64, f64) = (0.1, 60.0);
const STANDARD_SECONDS: f64 = 10.0;

const KEYS: [&str; 7] = [
    "on",
    "tool",
    "arguments",
    "command",
    "component",
    "timeout",
    "sandbox",
];

/// A hook that there should be.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hook {
    /// As it stands in the file.
    pub written: Value,
    /// File and line.
    pub place: String,
    /// Whether the project's file names it.
    pub is_project: bool,
    /// The folder of the file.
    pub folder: PathBuf,
    /// What it comes to.
    pub meant: HookMeant,
}

/// What an entry comes to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HookMeant {
    /// This.
    Rule(HookRule),
    /// Nothing that can be understood: what is wrong with it, as the end of a sentence.
    Wrong(String),
}

/// When a hook runs, and what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HookRule {
    pub on: HookMoment,
    /// Glob on the tool's name; none is all.
    pub tool: Option<String>,
    /// Globs on the texts of arguments, by name; all of them.
    pub arguments: BTreeMap<String, String>,
    pub runs: HookRuns,
    /// Seconds.
    pub timeout: f64,
    /// Outside of the sandbox, as the user.
    pub is_bare: bool,
}

/// What a hook runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HookRuns {
    /// A line for the shell.
    Command(String),
    /// A tool of a toolset.
    Component { module: String, tool: String },
}

/// The moments that hooks are told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HookMoment {
    TurnStart,
    BeforeTool,
    AfterTool,
    TurnEnd,
    ApprovalRequested,
}

impl HookMoment {
    const ALL: [Self; 5] = [
        Self::TurnStart,
        Self::BeforeTool,
        Self::AfterTool,
        Self::TurnEnd,
        Self::ApprovalRequested,
    ];

    /// As it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::TurnStart => "turn_start",
            Self::BeforeTool => "before_tool",
            Self::AfterTool => "after_tool",
            Self::TurnEnd => "turn_end",
            Self::ApprovalRequested => "approval_requested",
        }
    }

    fn has_tool(self) -> bool {
        matches!(
            self,
            Self::BeforeTool | Self::AfterTool | Self::ApprovalRequested
        )
    }

    fn has_arguments(self) -> bool {
        matches!(self, Self::BeforeTool | Self::AfterTool)
    }
}

impl HookRule {
    /// How long it may take.
    #[must_use]
    pub fn patience(&self) -> Duration {
        Duration::try_from_secs_f64(self.timeout).unwrap_or(Duration::from_secs(1))
    }
}

/// A pattern that fits a whole text; `*` stands for anything, line breaks and `/` included.
///
/// # Errors
/// That it is none, in words.
pub(crate) fn pattern(text: &str) -> Result<Glob, String> {
    let glob = GlobBuilder::new(text)
        .literal_separator(false)
        .backslash_escape(true)
        .build();
    glob.map_err(|error| format!("has a pattern that cannot be read: {error}"))
}

/// What was read of one entry.
pub(crate) struct Entry {
    /// Where it begins.
    pub(crate) position: Position,
    /// Its value for [`Hook`], without its place.
    pub(crate) hook: Value,
    /// Why it is none, if it is none.
    pub(crate) wrong: Option<String>,
    /// What is odd about it.
    pub(crate) oddities: Vec<String>,
}

/// Reads the entries of a list.
///
/// # Errors
/// What it must be, if it is no list.
pub(crate) fn read(node: &Node, is_project: bool) -> Result<Vec<Entry>, String> {
    let items = match &node.body {
        Body::Nothing => return Ok(Vec::new()),
        Body::List { items, .. } if items.len() <= MOST_HOOKS => items,
        _ => return Err(expected()),
    };
    Ok(items.iter().map(|item| entry(item, is_project)).collect())
}

/// What the whole value looks like, in words that follow "must be".
pub(crate) fn expected() -> String {
    format!("a list of at most {MOST_HOOKS} entries, each with `on` and `command` or `component`")
}

/// JSON Schema of the whole value.
pub(crate) fn schema() -> Value {
    let (least, most) = SECONDS;
    let text = json!({ "type": "string" });
    let entry = json!({
        "type": "object",
        "required": ["on"],
        "additionalProperties": false,
        "properties": {
            "on": { "enum": HookMoment::ALL.map(HookMoment::word) },
            "tool": text,
            "arguments": { "type": "object", "additionalProperties": text },
            "command": text,
            "component": text,
            "timeout": { "type": "number", "minimum": least, "maximum": most },
            "sandbox": { "type": "boolean" },
        },
    });
    json!({ "type": ["array", "null"], "maxItems": MOST_HOOKS, "items": entry })
}

/// All entries of a value that comes without a file; in the shape in which it is written.
pub(crate) fn parse(written: &Written) -> Result<Value, String> {
    let Written::List(items) = written else {
        return Err(expected());
    };
    if items.len() > MOST_HOOKS {
        return Err(expected());
    }
    for item in items {
        rule(item, &mut Vec::new()).map_err(|why| format!("{}; of one {why}", expected()))?;
    }
    Ok(items.iter().map(Value::from).collect())
}

/// The values as they may be shown: as they are written, with what is wrong.
pub(crate) fn masked(value: &Value) -> Value {
    let Value::Array(hooks) = value else {
        return Value::Null;
    };
    let one = |hook: &Value| {
        let mut written = hook.get("written").unwrap_or(hook).clone();
        if let (Value::Object(fields), Some(wrong)) = (&mut written, hook.pointer("/meant/wrong")) {
            fields.insert("not understood".to_owned(), wrong.clone());
        }
        Masker::default().masked_json(&written)
    };
    hooks.iter().map(one).collect()
}

fn entry(item: &Node, is_project: bool) -> Entry {
    let mut oddities = Vec::new();
    let written = Written::from(item);
    let read = rule(&written, &mut oddities);
    let wrong = read.as_ref().err().cloned();
    let meant = match read {
        Ok(mut rule) => {
            if is_project && std::mem::take(&mut rule.is_bare) {
                let words = "has `sandbox: false`, which is yours to say: a project's runs inside";
                oddities.push(words.to_owned());
            }
            HookMeant::Rule(rule)
        }
        Err(why) => HookMeant::Wrong(why),
    };
    let hook = json!({
        "written": Value::from(&written),
        "is_project": is_project,
        "meant": meant,
    });
    Entry {
        position: item.position,
        hook,
        wrong,
        oddities,
    }
}

/// The entry, if all of it can be understood.
fn rule(written: &Written, oddities: &mut Vec<String>) -> Result<HookRule, String> {
    let Written::Map(fields) = written else {
        return Err("is no mapping with `on` and `command` or `component`".to_owned());
    };
    if let Some((key, _)) = fields.iter().find(|(key, _)| !KEYS.contains(&key.as_str())) {
        return Err(nearest::unknown(key, &KEYS));
    }
    let field = |name: &str| {
        let found = fields.iter().find(|(key, _)| key == name);
        let found = found.map(|(_, value)| value);
        found.filter(|value| **value != Written::Nothing)
    };
    let text = |name: &str| field(name).map(|value| text(name, value)).transpose();
    let on = text("on")?.ok_or_else(|| format!("needs `on`: {}", moments()))?;
    let on = HookMoment::ALL.into_iter().find(|it| it.word() == on);
    let on = on.ok_or_else(|| format!("needs another `on`: {}", moments()))?;
    let tool = text("tool")?;
    if let Some(tool) = &tool {
        pattern(tool)?;
    }
    if tool.is_some() && !on.has_tool() {
        return Err(format!("has a `tool`, and `{}` has none", on.word()));
    }
    let arguments = field("arguments").map(patterns).transpose()?;
    let arguments = arguments.unwrap_or_default();
    if !arguments.is_empty() && !on.has_arguments() {
        return Err(format!("has `arguments`, and `{}` has none", on.word()));
    }
    let runs = match (text("command")?, text("component")?) {
        (Some(line), None) => HookRuns::Command(line),
        (None, Some(name)) => component(&name)?,
        (Some(_), Some(_)) => return Err("has a `command` and a `component`: one of them".into()),
        (None, None) => return Err("needs a `command` or a `component`".into()),
    };
    let is_inside = field("sandbox").map(is_on).transpose()?;
    if is_inside == Some(false) && matches!(runs, HookRuns::Component { .. }) {
        return Err("has `sandbox: false`, and a component is always inside".into());
    }
    let timeout = field("timeout").map(|value| seconds(value, oddities));
    Ok(HookRule {
        on,
        tool,
        arguments,
        runs,
        timeout: timeout.transpose()?.unwrap_or(STANDARD_SECONDS),
        is_bare: is_inside == Some(false),
    })
}

fn moments() -> String {
    HookMoment::ALL
        .map(|moment| format!("`{}`", moment.word()))
        .join(", ")
}

fn text(name: &str, written: &Written) -> Result<String, String> {
    match written {
        Written::Text(text) if !text.trim().is_empty() && !text.contains('\0') => {
            Ok(text.trim().to_owned())
        }
        _ => Err(format!("needs a text as `{name}`")),
    }
}

fn patterns(written: &Written) -> Result<BTreeMap<String, String>, String> {
    let wrong =
        || format!("needs at most {MOST_PATTERNS} names with a pattern each as `arguments`");
    let entries = match written {
        Written::Map(entries) if entries.len() <= MOST_PATTERNS => entries,
        _ => return Err(wrong()),
    };
    let one = |(name, value): &(String, Written)| {
        let Written::Text(text) = value else {
            return Err(wrong());
        };
        pattern(text)?;
        Ok((name.clone(), text.clone()))
    };
    entries.iter().map(one).collect()
}

fn component(name: &str) -> Result<HookRuns, String> {
    match name.rsplit_once('.') {
        Some((module, tool)) if !module.is_empty() && !tool.is_empty() => Ok(HookRuns::Component {
            module: module.to_owned(),
            tool: tool.to_owned(),
        }),
        _ => Err("needs a toolset and its tool as `component`: `NAME.TOOL`".to_owned()),
    }
}

fn is_on(written: &Written) -> Result<bool, String> {
    let wrong = || "needs `true` or `false` as `sandbox`".to_owned();
    match written {
        Written::Text(text) => switch(text.trim()).map_err(|()| wrong()),
        _ => Err(wrong()),
    }
}

fn seconds(written: &Written, oddities: &mut Vec<String>) -> Result<f64, String> {
    let wrong = || "needs a number of seconds as `timeout`".to_owned();
    let Written::Text(text) = written else {
        return Err(wrong());
    };
    let given: f64 = text.trim().parse().map_err(|_| wrong())?;
    if !given.is_finite() {
        return Err(wrong());
    }
    Ok(held_seconds(("timeout", given), SECONDS, oddities))
}

#[cfg(test)]
#[path = "hooks_tests.rs"]
mod tests;
