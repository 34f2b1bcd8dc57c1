//! From what was written to a value of the right kind.
//!
//! Every layer is brought into one shape, texts in lists and mappings, and read by one function,
//! so that `"30"` means the same in a file, in the environment and on the command line.

use super::raw::{Body, Node};
use super::settings::{Kind, Standard};
use super::{hooks, servers};
use anteroom_api::Tier;
use serde_json::{Map, Number, Value};
use std::path::Path;

/// A value before its kind is known.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Written {
    Nothing,
    Text(String),
    List(Vec<Written>),
    Map(Vec<(String, Written)>),
}

/// A value of its kind.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parsed {
    pub(crate) value: Value,
    /// What had to be changed about it, as the end of a sentence.
    pub(crate) clamped: Option<String>,
}

impl From<&Node> for Written {
    fn from(node: &Node) -> Self {
        match &node.body {
            Body::Nothing => Self::Nothing,
            Body::Text(text) => Self::Text(text.clone()),
            Body::List { items, .. } => Self::List(items.iter().map(Self::from).collect()),
            Body::Map { entries, .. } => Self::Map(
                entries
                    .iter()
                    .map(|entry| (entry.key.clone(), Self::from(&entry.value)))
                    .collect(),
            ),
        }
    }
}

impl From<&Value> for Written {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Nothing,
            Value::Bool(yes) => Self::Text(yes.to_string()),
            Value::Number(number) => Self::Text(number.to_string()),
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(items) => Self::List(items.iter().map(Self::from).collect()),
            Value::Object(entries) => Self::Map(
                entries
                    .iter()
                    .map(|(key, value)| (key.clone(), Self::from(value)))
                    .collect(),
            ),
        }
    }
}

/// As it was written: texts stay texts.
impl From<&Written> for Value {
    fn from(written: &Written) -> Self {
        match written {
            Written::Nothing => Self::Null,
            Written::Text(text) => Self::from(text.as_str()),
            Written::List(items) => items.iter().map(Self::from).collect(),
            Written::Map(entries) => entries
                .iter()
                .map(|(key, value)| (key.clone(), Self::from(value)))
                .collect::<Map<_, _>>()
                .into(),
        }
    }
}

impl Written {
    /// A text from the environment or the command line, where a list is separated by commas.
    pub(crate) fn one_line(self, kind: Kind) -> Self {
        let Self::Text(text) = &self else { return self };
        let parts = || {
            text.split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
        };
        match kind {
            Kind::List | Kind::Paths => {
                Self::List(parts().map(|part| Self::Text(part.to_owned())).collect())
            }
            Kind::Databases => Self::List(
                parts()
                    .map(|part| {
                        let (name, path) = part.split_once('=').unwrap_or((part, ""));
                        let text = |text: &str| Self::Text(text.trim().to_owned());
                        let entry = [("name", text(name)), ("path", text(path))];
                        Self::Map(entry.map(|(key, value)| (key.to_owned(), value)).into())
                    })
                    .collect(),
            ),
            Kind::Tiers => Self::Map(
                parts()
                    .map(|part| {
                        let (tool, tier) = part.split_once('=').unwrap_or((part, ""));
                        (tool.trim().to_owned(), Self::Text(tier.trim().to_owned()))
                    })
                    .collect(),
            ),
            _ => self,
        }
    }

    /// Passes every text through `change`; the first failure ends it.
    pub(crate) fn try_map<E>(
        self,
        change: &mut impl FnMut(String) -> Result<String, E>,
    ) -> Result<Self, E> {
        Ok(match self {
            Self::Nothing => Self::Nothing,
            Self::Text(text) => Self::Text(change(text)?),
            Self::List(items) => Self::List(
                items
                    .into_iter()
                    .map(|item| item.try_map(change))
                    .collect::<Result<_, E>>()?,
            ),
            Self::Map(entries) => Self::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| Ok((key, value.try_map(change)?)))
                    .collect::<Result<_, E>>()?,
            ),
        })
    }
}

/// Reads a value. `None` is "not set"; the error says what is expected instead and never repeats
/// the value, which may be a secret.
pub(crate) fn parse(kind: Kind, written: &Written) -> Result<Option<Parsed>, String> {
    let text = match (kind, written) {
        (_, Written::Nothing) => return Ok(None),
        (Kind::List | Kind::Paths, _) => return list(kind, written).map(exact),
        (Kind::Tiers, _) => return tiers(written).map(exact),
        (Kind::Limits, _) => return limits(written),
        (Kind::Databases, _) => return databases(written).map(exact),
        (Kind::Servers, _) => return servers::parse(written).map(exact),
        (Kind::Hooks, _) => return hooks::parse(written).map(exact),
        (_, Written::Text(text)) => text.trim(),
        (_, Written::List(_)) => return Err(format!("{}, not a list", expected(kind))),
        (_, Written::Map(_)) => return Err(format!("{}, not a mapping", expected(kind))),
    };
    if text.is_empty() {
        return Ok(None);
    }
    match kind {
        Kind::Text => Ok(exact(Value::from(match written {
            Written::Text(whole) => whole.as_str(),
            _ => text,
        }))),
        Kind::Path => Ok(exact(Value::from(text))),
        Kind::Switch => switch(text).map(|yes| exact(Value::from(yes))),
        Kind::Whole { least, most } => whole(text, least, most).map(Some),
        Kind::Number { least, most } | Kind::Seconds { least, most } => {
            number(text, least, most).map(Some)
        }
        Kind::Choice { words, aliases } => choice(text, words, aliases).map(exact),
        Kind::List
        | Kind::Paths
        | Kind::Tiers
        | Kind::Limits
        | Kind::Databases
        | Kind::Servers
        | Kind::Hooks => Ok(None),
    }
    .map_err(|()| expected(kind))
}

/// What a value of this kind looks like, in words that follow "must be".
pub(crate) fn expected(kind: Kind) -> String {
    match kind {
        Kind::Text => "a text".to_owned(),
        Kind::Path => "a path".to_owned(),
        Kind::Switch => "`true` or `false`".to_owned(),
        Kind::Whole { .. } => "a whole number".to_owned(),
        Kind::Number { .. } => "a number".to_owned(),
        Kind::Seconds { .. } => "a number of seconds".to_owned(),
        Kind::Choice { words, .. } => alternatives(words),
        Kind::List => "a list of texts".to_owned(),
        Kind::Paths => "a list of paths".to_owned(),
        Kind::Databases => "a list of entries with `name` and `path`".to_owned(),
        Kind::Servers => servers::expected(),
        Kind::Hooks => hooks::expected(),
        Kind::Limits => {
            "tool names, each with `seconds` (1–600), `memory_mb` (8–256) or both".to_owned()
        }
        Kind::Tiers => format!("tool names with {} each", alternatives(TIERS)),
    }
}

/// The default as a value.
pub(crate) fn standard(kind: Kind, standard: Standard, home: &Path) -> Value {
    match (standard, kind) {
        (
            Standard::Nothing,
            Kind::List | Kind::Paths | Kind::Databases | Kind::Servers | Kind::Hooks,
        ) => Value::Array(Vec::new()),
        (Standard::Nothing, Kind::Tiers | Kind::Limits) => Value::Object(Map::new()),
        (Standard::Nothing, _) => Value::Null,
        (Standard::Switch(yes), _) => Value::from(yes),
        (Standard::Number(number), _) => numeral(number),
        (Standard::Word(word), _) => Value::from(word),
        (Standard::Home, _) => Value::from(home.to_string_lossy()),
    }
}

/// A number as a person writes it: `30`, not `30.0`.
pub(crate) fn numeral(number: f64) -> Value {
    // Within 2^53 a whole f64 is exact.
    if number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 {
        #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
        return Value::from(number as i64);
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

/// A number of seconds within its bounds, as every number out of them is held; what had to be changed about it is odd.
pub(super) fn held_seconds(
    (key, given): (&str, f64),
    (least, most): (f64, f64),
    oddities: &mut Vec<String>,
) -> f64 {
    let held = given.clamp(least, most);
    if !(least..=most).contains(&given) {
        let (given, held) = (numeral(given), numeral(held));
        oddities.push(format!("has a `{key}` of {given} s; {held} s are used"));
    }
    held
}

pub(crate) const TIERS: &[&str] = &["read", "write", "execute", "destructive"];

#[expect(clippy::unnecessary_wraps, reason = "every kind yields the same shape")]
fn exact(value: Value) -> Option<Parsed> {
    Some(Parsed {
        value,
        clamped: None,
    })
}

fn alternatives(words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

pub(super) fn switch(text: &str) -> Result<bool, ()> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err(()),
    }
}

fn whole(text: &str, least: u64, most: u64) -> Result<Parsed, ()> {
    let digits = text.replace('_', "");
    let given: i128 = match digits.parse() {
        Ok(given) => given,
        Err(_) => {
            let given: f64 = digits.parse().map_err(|_| ())?;
            if !given.is_finite() || given.fract() != 0.0 {
                return Err(());
            }
            #[expect(
                clippy::cast_possible_truncation,
                reason = "saturates, and is clamped below"
            )]
            let given = given as i128;
            given
        }
    };
    let held = given.clamp(i128::from(least), i128::from(most));
    let value = u64::try_from(held).map_err(|_| ())?;
    let clamped = (held != given).then(|| clamp_words(text, held < given, &value.to_string()));
    Ok(Parsed {
        value: Value::from(value),
        clamped,
    })
}

fn number(text: &str, least: f64, most: f64) -> Result<Parsed, ()> {
    let given: f64 = text.replace('_', "").parse().map_err(|_| ())?;
    if !given.is_finite() {
        return Err(());
    }
    let held = given.clamp(least, most);
    let value = numeral(held);
    let clamped = (held != given).then(|| clamp_words(text, held < given, &value.to_string()));
    Ok(Parsed { value, clamped })
}

fn clamp_words(given: &str, is_above: bool, held: &str) -> String {
    let (above, end) = if is_above {
        ("above", "most")
    } else {
        ("below", "least")
    };
    format!("is {given}, {above} the {end}; {held} is used")
}

fn choice(text: &str, words: &[&str], aliases: &[(&str, &str)]) -> Result<Value, ()> {
    let given = text.to_ascii_lowercase();
    let alias = aliases.iter().find(|(alias, _)| *alias == given);
    let given = alias.map_or(given.as_str(), |(_, word)| word);
    words
        .iter()
        .find(|word| **word == given)
        .map(|word| Value::from(*word))
        .ok_or(())
}

fn list(kind: Kind, written: &Written) -> Result<Value, String> {
    let one = |item: &Written| match item {
        Written::Text(text) => Ok(Value::from(text.as_str())),
        _ => Err(expected(kind)),
    };
    match written {
        Written::List(items) => items
            .iter()
            .map(one)
            .collect::<Result<_, _>>()
            .map(Value::Array),
        Written::Text(_) => Ok(Value::Array(vec![one(written)?])),
        Written::Nothing | Written::Map(_) => Err(expected(kind)),
    }
}

/// A limit that is out of bounds is clamped, as everywhere.
fn limits(written: &Written) -> Result<Option<Parsed>, String> {
    let wrong = || expected(Kind::Limits);
    let Written::Map(entries) = written else {
        return Err(wrong());
    };
    let (mut tools, mut clamped) = (Map::new(), Vec::new());
    for (tool, written) in entries {
        let Written::Map(written) = written else {
            return Err(wrong());
        };
        let mut limits = Map::new();
        for (name, written) in written {
            let Written::Text(text) = written else {
                return Err(wrong());
            };
            let parsed = match name.as_str() {
                "seconds" => number(text.trim(), 1.0, 600.0),
                "memory_mb" => whole(text.trim(), 8, 256),
                _ => Err(()),
            };
            let parsed = parsed.map_err(|()| wrong())?;
            clamped.extend(
                parsed
                    .clamped
                    .map(|words| format!("`{name}` of `{tool}` {words}")),
            );
            limits.insert(name.clone(), parsed.value);
        }
        tools.insert(tool.clone(), Value::Object(limits));
    }
    Ok(Some(Parsed {
        value: Value::Object(tools),
        clamped: (!clamped.is_empty()).then(|| format!("has bounds: {}", clamped.join("; "))),
    }))
}

fn tiers(written: &Written) -> Result<Value, String> {
    let Written::Map(entries) = written else {
        return Err(expected(Kind::Tiers));
    };
    let mut tiers = Map::new();
    for (tool, tier) in entries {
        let Written::Text(tier) = tier else {
            return Err(expected(Kind::Tiers));
        };
        let tier: Tier = tier.parse().map_err(|_| expected(Kind::Tiers))?;
        tiers.insert(tool.clone(), Value::from(tier.to_string()));
    }
    Ok(Value::Object(tiers))
}

fn databases(written: &Written) -> Result<Value, String> {
    let wrong = || expected(Kind::Databases);
    let Written::List(entries) = written else {
        return Err(wrong());
    };
    let one = |entry: &Written| {
        let Written::Map(fields) = entry else {
            return Err(wrong());
        };
        let mut database = Map::new();
        for key in ["name", "path"] {
            let found = fields.iter().find(|(field, _)| field == key);
            let Some((_, Written::Text(text))) = found else {
                return Err(wrong());
            };
            if text.trim().is_empty() {
                return Err(wrong());
            }
            database.insert(key.to_owned(), Value::from(text.trim()));
        }
        Ok(Value::Object(database))
    };
    entries
        .iter()
        .map(one)
        .collect::<Result<_, _>>()
        .map(Value::Array)
}
