//! What a page may do with a setting: a session is lent to a browser, so it makes things stricter, never looser.

use anteroom_api::{
    PageMay, Problem, ProblemCode, Reads, SettingOp, SettingOrigin, SettingView, Tier,
};
use serde_json::{Map, Value};

/// Where the model is.
const ADDRESS: &str = "ai.base_url";
/// What opens it.
const KEYS: [&str; 2] = ["ai.api_key", "ai.api_key_command"];
/// The setting that lets somebody sign in without a link.
const PASSWORD: &str = "app.password_hash";

/// Refuses a change that makes something looser than the person at the machine has it.
///
/// # Errors
/// [`ProblemCode::Denied`], with the command that does it in a terminal.
pub(super) async fn check(reads: &dyn Reads, op: &SettingOp) -> Result<(), Problem> {
    let (key, value) = match op {
        SettingOp::Change { key, value } => (key.trim(), Some(value)),
        SettingOp::Reset { key } => (key.trim(), None),
        // The whole file may hold the password's hash; its text is read and edited where the file is.
        SettingOp::Replace { .. } => return Err(of_the_file()),
    };
    let report = reads.settings().await?;
    let mut named = report
        .settings
        .iter()
        .filter(|setting| names(key, &setting.key));
    let Some(exact) = report.settings.iter().find(|setting| setting.key == key) else {
        // Something in a setting, or all around one: the host knows no such key, and no page finds out.
        return match named.find(|setting| setting.page != PageMay::Set) {
            Some(setting) => Err(in_a_terminal(setting)),
            None => Ok(()),
        };
    };
    judge(exact, value)?;
    match (key, value) {
        (ADDRESS, value) => keeps_the_key(&report.settings, value),
        _ => Ok(()),
    }
}

/// Names of settings that count with trust in a folder and that no page lets count.
///
/// # Errors
/// [`ProblemCode::Denied`] with the command for a terminal.
pub(super) async fn check_trust(
    reads: &dyn Reads,
    path: &str,
    settings: &[String],
) -> Result<(), Problem> {
    let report = reads.settings().await?;
    let is_fine = |key: &str| {
        // Each program of an MCP server waits for an approval of its own.
        key == "mcp_servers"
            || (key != ADDRESS
                && report
                    .settings
                    .iter()
                    .any(|setting| setting.key == key && setting.page == PageMay::Set))
    };
    match settings.iter().find(|key| !is_fine(key)) {
        None => Ok(()),
        Some(key) => Err(Problem::new(
            ProblemCode::Denied,
            format!("what this folder holds changes `{key}`, which no page does"),
        )
        .hint(format!(
            "look at it in a terminal on the server's machine: `aroom trust {path}`"
        ))),
    }
}

/// Whether a change of `key` is one of the setting: of itself, of something in it, or of all around it.
fn names(key: &str, setting: &str) -> bool {
    let is_below = |inner: &str, outer: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    is_below(key, setting) || is_below(setting, key)
}

/// Judges a value, or none for the default, against what holds.
fn judge(setting: &SettingView, value: Option<&Value>) -> Result<(), Problem> {
    let is_reference =
        !setting.is_literal && value.is_some_and(|value| value.to_string().contains("${"));
    if is_reference {
        return Err(not_read_from_here(&setting.key));
    }
    if setting.page == PageMay::Set {
        return Ok(());
    }
    let value = value.filter(|value| !is_empty(value));
    // What holds by another's word says nothing of what the file would hold without it.
    let is_ours = matches!(
        setting.origin,
        SettingOrigin::Default | SettingOrigin::User { .. }
    );
    let wanted = value.unwrap_or(&setting.default);
    let is_fine = match &setting.page {
        PageMay::Set => true,
        PageMay::Lower => lower(wanted, &setting.value),
        PageMay::Raise => lower(&setting.value, wanted),
        PageMay::Tighten { words } => tightened(words, wanted, &setting.value),
        PageMay::Add => has_all(wanted, &setting.value),
        PageMay::Remove => has_all(&setting.value, wanted),
        PageMay::RaiseTiers => raised(wanted, &setting.value),
        PageMay::Reset => value.is_none(),
        PageMay::Nothing => false,
    };
    match is_fine && (is_ours || value.is_none() && setting.page == PageMay::Reset) {
        true => Ok(()),
        false => Err(in_a_terminal(setting)),
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// Whether a number is no higher than another; none at all is the highest.
fn lower(wanted: &Value, held: &Value) -> bool {
    match (number(wanted), number(held)) {
        (Some(wanted), Some(held)) => wanted <= held,
        (Some(_), None) => held.is_null(),
        (None, None) => wanted.is_null() && held.is_null(),
        (None, Some(_)) => false,
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().replace('_', "").parse().ok(),
        _ => None,
    }
    .filter(|number: &f64| number.is_finite())
}

fn tightened(words: &[String], wanted: &Value, held: &Value) -> bool {
    let rank = |value: &Value| {
        let text = match value {
            Value::Bool(yes) => yes.to_string(),
            Value::String(text) => text.trim().to_ascii_lowercase(),
            _ => return None,
        };
        words.iter().position(|word| *word == text)
    };
    match (rank(wanted), rank(held)) {
        (Some(wanted), Some(held)) => wanted >= held,
        _ => false,
    }
}

/// Whether every entry of `some` is one of `all`.
fn has_all(all: &Value, some: &Value) -> bool {
    match (texts(all), texts(some)) {
        (Some(all), Some(some)) => some.iter().all(|one| all.contains(one)),
        _ => false,
    }
}

fn texts(value: &Value) -> Option<Vec<&str>> {
    let entries = value.as_array()?.iter();
    entries.map(Value::as_str).collect()
}

/// Whether no tier is lost or lowered, and what is new is the highest one: what a tool declares is not known here.
fn raised(wanted: &Value, held: &Value) -> bool {
    let tiers = |value: &Value| -> Option<Map<String, Value>> { value.as_object().cloned() };
    let tier = |value: Option<&Value>| value?.as_str()?.parse::<Tier>().ok();
    let (Some(wanted), Some(held)) = (tiers(wanted), tiers(held)) else {
        return false;
    };
    let keeps = held.keys().all(|tool| wanted.contains_key(tool));
    keeps
        && wanted.iter().all(
            |(tool, raised)| match (tier(Some(raised)), held.get(tool)) {
                (Some(raised), Some(now)) => tier(Some(now)).is_some_and(|now| raised >= now),
                (Some(raised), None) => raised == Tier::Destructive,
                (None, _) => false,
            },
        )
}

/// A key goes to the server it was given for: whoever has but a session cannot have it sent to another one.
fn keeps_the_key(settings: &[SettingView], value: Option<&Value>) -> Result<(), Problem> {
    let text = |key: &str| {
        let found = settings.iter().find(|setting| setting.key == key);
        let value = found.and_then(|setting| setting.value.as_str());
        value.unwrap_or_default().trim().to_owned()
    };
    let now = text(ADDRESS);
    let is_kept = KEYS.iter().any(|key| !text(key).is_empty());
    let wanted = value.and_then(Value::as_str).unwrap_or_default();
    let is_away = value.is_none() || wanted.trim().is_empty();
    if !is_kept || is_away || (!now.is_empty() && origin(&now) == origin(wanted)) {
        return Ok(());
    }
    let words = match now.is_empty() {
        true => "a key is kept for a server that is not named any more".to_owned(),
        false => format!("a key is kept for {}", origin(&now)),
    };
    Err(Problem::new(ProblemCode::Conflict, words)
        .cause("it would be sent to another server")
        .hint(
            "remove `ai.api_key` and `ai.api_key_command` first, then give the new server its own; or run `aroom config set ai.base_url …` in a terminal",
        ))
}

/// Scheme, name and port of an address, as far as it has them.
fn origin(url: &str) -> String {
    let url = url.trim().to_ascii_lowercase();
    let (scheme, rest) = url.split_once("://").unwrap_or(("", &url));
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    format!("{scheme}://{}", &rest[..end])
}

/// A session ends; what it was lent to must not be a way to sign in for good.
pub(super) fn lasting() -> Problem {
    Problem::new(
        ProblemCode::Denied,
        "the password for the web page is not set from the page",
    )
    .hint("run `aroom password` on the machine it is served from")
}

fn of_the_file() -> Problem {
    Problem::new(
        ProblemCode::Denied,
        "that is no wish of a page: the server has its config file edited on its machine",
    )
    .hint("run `aroom config edit` in a terminal there")
}

fn in_a_terminal(setting: &SettingView) -> Problem {
    let key = &setting.key;
    if key == PASSWORD {
        return lasting();
    }
    let why = match setting.page {
        PageMay::Lower => "a page may only lower it",
        PageMay::Raise => "a page may only raise it",
        PageMay::Tighten { .. } => "a page may only make it stricter",
        PageMay::Add => "a page may only add to it",
        PageMay::Remove => "a page may only take from it",
        PageMay::RaiseTiers => {
            "a page may only raise tiers, or make a tool's `destructive` that has none"
        }
        PageMay::Reset => "a page may only take it away",
        PageMay::Set | PageMay::Nothing => "no page sets it",
    };
    Problem::new(ProblemCode::Denied, format!("`{key}`: {why}"))
        .cause("what starts programs, opens walls or lasts is said by whoever has the machine")
        .hint(command(key))
}

/// What to type instead.
fn command(key: &str) -> String {
    let command = match key {
        "hooks" => "aroom config edit".to_owned(),
        "mcp_servers" => "aroom mcp add".to_owned(),
        "shared_databases" => "aroom db shared add".to_owned(),
        key => format!("aroom config set {key} …"),
    };
    format!("run `{command}` in a terminal on the server's machine")
}

/// What the environment holds could be sent anywhere by whoever a page names.
fn not_read_from_here(key: &str) -> Problem {
    Problem::new(
        ProblemCode::Denied,
        format!("`{key}`: no page has variables of the server's environment read"),
    )
    .hint(format!(
        "run `aroom config set {key} '${{NAME}}'` in a terminal on the server's machine"
    ))
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
