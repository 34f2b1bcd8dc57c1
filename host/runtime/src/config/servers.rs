//! `mcp_servers`: each entry read by itself, so that one that is wrong does no harm to the others.
//!
//! An entry is checked as it is written, then its `${NAME}` references are filled in. Both are kept: what is written
//! may be shown, what was filled in may be secret.

use super::env::{self, ReferenceTrouble};
use super::raw::{Body, Document, Node, Position};
use super::value::{Written, held_seconds, switch};
use super::{MASK, nearest};
use anteroom_api::{McpEntry, McpTrust, Problem};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// Servers of one file: more than a person has.
const MOST_SERVERS: usize = 64;
/// Arguments, variables, headers, patterns or folders of one server.
const MOST_PARTS: usize = 128;
/// Characters of a name.
const NAME_CHARS: usize = 32;
/// Names that stand for something else in `@name:…`.
const TAKEN: [&str; 2] = ["note", "document"];
/// Bounds of `timeout` and `connect_timeout`, in seconds.
const SECONDS: (f64, f64) = (1.0, 600.0);

const KEYS: [&str; 16] = [
    "name",
    "transport",
    "command",
    "args",
    "env",
    "url",
    "headers",
    "timeout",
    "connect_timeout",
    "tools_include",
    "tools_exclude",
    "trust",
    "enabled",
    "folders",
    "network",
    "description",
];

/// A server that there should be.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct McpServer {
    /// As it stands in the file.
    pub written: McpEntry,
    /// With the references filled in and paths made absolute.
    pub filled: McpEntry,
    /// Whether the project's file names it.
    pub is_project: bool,
    /// The bundle that brought it, if one did.
    #[serde(default)]
    pub bundle: Option<String>,
    /// Where, in words.
    pub place: String,
}

impl fmt::Debug for McpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("McpServer")
            .field("name", &self.filled.name)
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

/// The file that is read, as far as it matters here.
pub(crate) struct Reader<'a> {
    pub(crate) environment: &'a BTreeMap<String, String>,
    /// The folder of the file.
    pub(crate) base: Option<&'a Path>,
    pub(crate) is_project: bool,
}

/// What was read of one entry.
pub(crate) struct Entry {
    /// Where it begins.
    pub(crate) position: Position,
    /// Its value for [`McpServer`], without its place; or why it does not count, as the end of a sentence.
    pub(crate) server: Result<Value, String>,
    /// What is odd about it without keeping it from counting.
    pub(crate) oddities: Vec<String>,
}

/// Reads the entries of a list.
///
/// # Errors
/// What it must be, if it is no list.
pub(crate) fn read(node: &Node, from: &Reader<'_>) -> Result<Vec<Entry>, String> {
    let items = match &node.body {
        Body::Nothing => return Ok(Vec::new()),
        Body::List { items, .. } if items.len() <= MOST_SERVERS => items,
        _ => return Err(expected()),
    };
    Ok(items.iter().map(|item| entry(item, from)).collect())
}

/// An entry that a bundle brings, which came with no file of the user's.
///
/// # Errors
/// Why it does not count, as the end of a sentence.
pub(crate) fn of_bundle(
    bundle: &str,
    entry: &Value,
    environment: &BTreeMap<String, String>,
) -> Result<McpServer, String> {
    let reader = Reader {
        environment,
        base: None,
        is_project: false,
    };
    let mut written = checked(&Written::from(entry), &mut Vec::new())?;
    // Trust is the user's to give.
    written.trust = None;
    Ok(McpServer {
        filled: filled(&written, &reader)?,
        written,
        is_project: false,
        bundle: Some(bundle.to_owned()),
        place: format!("the bundle {bundle}"),
    })
}

/// What the whole value looks like, in words that follow "must be".
pub(crate) fn expected() -> String {
    format!("a list of at most {MOST_SERVERS} entries, each with `name` and `command` or `url`")
}

/// JSON Schema of the whole value.
pub(crate) fn schema() -> Value {
    let (least, most) = SECONDS;
    let text = json!({ "type": "string" });
    let texts = json!({ "type": ["array", "null"], "items": text });
    let pairs = json!({ "type": ["object", "null"], "additionalProperties": text });
    let seconds = json!({ "type": ["number", "null"], "minimum": least, "maximum": most });
    let switch = json!({ "type": ["boolean", "null"] });
    let entry = json!({
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": { "type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,31}$" },
            "description": text,
            "transport": { "enum": ["stdio", "http", "sse", null] },
            "command": text,
            "args": texts,
            "env": pairs,
            "url": text,
            "headers": pairs,
            "timeout": seconds,
            "connect_timeout": seconds,
            "tools_include": texts,
            "tools_exclude": texts,
            "trust": { "enum": ["untrusted", "trusted", null] },
            "enabled": switch,
            "folders": texts,
            "network": switch,
        },
    });
    json!({ "type": ["array", "null"], "maxItems": MOST_SERVERS, "items": entry })
}

fn entry(item: &Node, from: &Reader<'_>) -> Entry {
    let mut oddities = Vec::new();
    let server = checked(&Written::from(item), &mut oddities).and_then(|mut written| {
        if from.is_project && written.trust.take() == Some(McpTrust::Trusted) {
            oddities.push("`trust` is yours to give: a project's server is untrusted".to_owned());
        }
        let filled = filled(&written, from)?;
        Ok(json!({ "written": written, "filled": filled, "is_project": from.is_project }))
    });
    Entry {
        position: item.position,
        server,
        oddities,
    }
}

/// The entries of a file as they are written, also those that do not count.
pub(crate) fn in_file(path: &Path) -> Result<Vec<Value>, Problem> {
    let text = super::read(path, super::Links::Follow)?.unwrap_or_default();
    let shown = path.display().to_string();
    let document = Document::parse(&text).map_err(|trouble| trouble.problem(&shown, &text))?;
    let Some(Body::Map { entries, .. }) = document.root.map(|root| root.body) else {
        return Ok(Vec::new());
    };
    let mut entries = entries.iter();
    let found = entries.find(|entry| entry.key == "mcp_servers");
    match found.map(|entry| Value::from(&Written::from(&entry.value))) {
        Some(Value::Array(servers)) => Ok(servers),
        _ => Ok(Vec::new()),
    }
}

/// All entries of a value that comes without a file; in the shape in which it is written.
pub(crate) fn parse(written: &Written) -> Result<Value, String> {
    let Written::List(items) = written else {
        return Err(expected());
    };
    if items.len() > MOST_SERVERS {
        return Err(expected());
    }
    let mut names: Vec<String> = Vec::new();
    for item in items {
        let entry = checked(item, &mut Vec::new())
            .map_err(|why| format!("{}; of one {why}", expected()))?;
        if names.contains(&entry.name) {
            return Err(format!("{}; `{}` is there twice", expected(), entry.name));
        }
        names.push(entry.name);
    }
    let entries = items.iter().map(Value::from);
    Ok(Value::Array(entries.collect()))
}

/// The values as they may be shown: as they are written, and what may be secret only where it is a reference.
pub(crate) fn masked(value: &Value) -> Value {
    let Value::Array(servers) = value else {
        return Value::Null;
    };
    let one = |server: &Value| {
        let mut written = server.get("written").unwrap_or(server).clone();
        for key in ["env", "headers"] {
            let Some(Value::Object(pairs)) = written.get_mut(key) else {
                continue;
            };
            for value in pairs.values_mut() {
                let text = value.as_str().unwrap_or_default();
                if !is_reference(text) {
                    *value = Value::from(format!("{MASK}{}", references(text)));
                }
            }
        }
        written
    };
    servers.iter().map(one).collect()
}

/// The variables of the environment that a text is made of, as they are written: which ones are handed over is seen.
pub(crate) fn references(text: &str) -> String {
    text.split("${")
        .skip(1)
        .filter_map(|part| part.split_once('}'))
        .map(|(name, _)| format!("${{{name}}}"))
        .collect()
}

fn is_reference(text: &str) -> bool {
    text.starts_with("${") && text.ends_with('}') && text.matches("${").count() == 1
}

fn checked(written: &Written, oddities: &mut Vec<String>) -> Result<McpEntry, String> {
    let Written::Map(fields) = written else {
        return Err("is no mapping with `name` and `command` or `url`".to_owned());
    };
    let mut entry = McpEntry::default();
    for (key, value) in fields {
        match field(&mut entry, key, value, oddities) {
            Ok(true) => {}
            Ok(false) => oddities.push(nearest::unknown(key, &KEYS)),
            Err(words) => return Err(format!("has a `{key}` that must be {words}")),
        }
    }
    check_name(&entry.name)?;
    check_transport(&entry)?;
    // What is made of variables is looked at once they are filled in.
    let plain = entry.url.as_ref().filter(|url| !url.contains("${"));
    plain.map_or(Ok(()), |url| check_url(url))?;
    Ok(entry)
}

/// Takes one field over. `false`: there is none of that name.
fn field(
    entry: &mut McpEntry,
    key: &str,
    value: &Written,
    oddities: &mut Vec<String>,
) -> Result<bool, String> {
    match key {
        "name" => entry.name = text(value)?.unwrap_or_default(),
        "transport" => entry.transport = text(value)?.map(|word| transport(&word)).transpose()?,
        "command" => entry.command = text(value)?,
        "args" => entry.args = list(value)?,
        "env" => entry.env = map(value)?,
        "url" => entry.url = text(value)?,
        "headers" => entry.headers = map(value)?,
        "timeout" => entry.timeout = seconds((key, value), oddities)?,
        "connect_timeout" => entry.connect_timeout = seconds((key, value), oddities)?,
        "tools_include" => entry.tools_include = list(value)?,
        "tools_exclude" => entry.tools_exclude = list(value)?,
        "trust" => entry.trust = text(value)?.map(|word| trust(&word)).transpose()?,
        "enabled" => entry.enabled = yes_or_no(value)?,
        "folders" => entry.folders = list(value)?,
        "network" => entry.network = yes_or_no(value)?,
        // Words for whoever reads the file.
        "description" => {}
        _ => return Ok(false),
    }
    Ok(true)
}

fn check_name(name: &str) -> Result<(), String> {
    let is_sign = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_good = name.starts_with(is_sign)
        && name.len() <= NAME_CHARS
        && name.chars().all(|c| is_sign(c) || c == '-' || c == '_');
    if !is_good {
        return Err(format!(
            "needs a `name` of lower-case letters, digits, `-` and `_`, {NAME_CHARS} at most"
        ));
    }
    if TAKEN.contains(&name) {
        return Err(format!(
            "cannot be called `{name}`: `@{name}:` is one of your own"
        ));
    }
    Ok(())
}

fn check_transport(entry: &McpEntry) -> Result<(), String> {
    let is_stdio = match entry.transport.as_deref() {
        Some(word) => word == "stdio",
        None => entry.url.is_none(),
    };
    match (is_stdio, &entry.command, &entry.url) {
        (_, Some(_), Some(_)) => Err("has a `command` and a `url`: one of them".to_owned()),
        (true, None, _) => Err("needs a `command` to start, or a `url`".to_owned()),
        (false, None, None) => Err("needs a `url`".to_owned()),
        (false, Some(_), None) => {
            Err("has a `command`, and a transport that starts none".to_owned())
        }
        (true, Some(_), None) | (false, None, Some(_)) => Ok(()),
    }
}

fn transport(word: &str) -> Result<String, String> {
    let known = match word.to_ascii_lowercase().replace('_', "-").as_str() {
        "stdio" => "stdio",
        "http" | "streamable-http" => "http",
        "sse" => "sse",
        _ => return Err("`stdio`, `http` or `sse`".to_owned()),
    };
    Ok(known.to_owned())
}

fn trust(word: &str) -> Result<McpTrust, String> {
    match word {
        "untrusted" => Ok(McpTrust::Untrusted),
        "trusted" => Ok(McpTrust::Trusted),
        _ => Err("`untrusted` or `trusted`".to_owned()),
    }
}

fn text(written: &Written) -> Result<Option<String>, String> {
    match written {
        Written::Nothing => Ok(None),
        Written::Text(text) if text.contains('\0') => Err("a text without zero bytes".to_owned()),
        Written::Text(text) if text.trim().is_empty() => Ok(None),
        Written::Text(text) => Ok(Some(text.trim().to_owned())),
        Written::List(_) | Written::Map(_) => Err("a text".to_owned()),
    }
}

fn list(written: &Written) -> Result<Vec<String>, String> {
    let wrong = || format!("a list of at most {MOST_PARTS} texts");
    let one = |item: &Written| match item {
        Written::Text(text) if !text.contains('\0') => Ok(text.clone()),
        _ => Err(wrong()),
    };
    match written {
        Written::Nothing => Ok(Vec::new()),
        Written::Text(_) => Ok(vec![one(written)?]),
        Written::List(items) if items.len() <= MOST_PARTS => items.iter().map(one).collect(),
        Written::List(_) | Written::Map(_) => Err(wrong()),
    }
}

fn map(written: &Written) -> Result<BTreeMap<String, String>, String> {
    let wrong = || format!("at most {MOST_PARTS} names with a text each");
    let one = |(name, value): &(String, Written)| match value {
        Written::Text(text) if is_word(name) && !text.contains(['\0', '\n', '\r']) => {
            Ok((name.clone(), text.clone()))
        }
        Written::Nothing if is_word(name) => Ok((name.clone(), String::new())),
        _ => Err(wrong()),
    };
    match written {
        Written::Nothing => Ok(BTreeMap::new()),
        Written::Map(entries) if entries.len() <= MOST_PARTS => entries.iter().map(one).collect(),
        _ => Err(wrong()),
    }
}

fn is_word(name: &str) -> bool {
    let is_sign = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-' || c == '.';
    !name.is_empty() && name.len() <= 256 && name.chars().all(is_sign)
}

fn seconds(
    (key, written): (&str, &Written),
    oddities: &mut Vec<String>,
) -> Result<Option<f64>, String> {
    let Some(text) = text(written)? else {
        return Ok(None);
    };
    match text.parse::<f64>() {
        Ok(given) if given.is_finite() => Ok(Some(held_seconds((key, given), SECONDS, oddities))),
        _ => {
            let (least, most) = SECONDS;
            Err(format!("a number of seconds from {least} to {most}"))
        }
    }
}

fn yes_or_no(written: &Written) -> Result<Option<bool>, String> {
    let wrong = |()| "`true` or `false`".to_owned();
    let text = text(written)?;
    text.map(|text| switch(&text).map_err(wrong)).transpose()
}

/// The entry with references filled in, addresses checked and paths made absolute.
fn filled(written: &McpEntry, from: &Reader<'_>) -> Result<McpEntry, String> {
    let fill = |text: &String| {
        env::resolve(text, from.environment).map_err(|trouble| match trouble {
            ReferenceTrouble::Unset(name) => {
                format!("refers to the environment variable `{name}`, which is not set")
            }
            ReferenceTrouble::Malformed => {
                "has a reference that is not written `${NAME}`; a plain `${` is `$${`".to_owned()
            }
        })
    };
    let all = |texts: &[String]| texts.iter().map(fill).collect::<Result<Vec<_>, _>>();
    let pairs = |pairs: &BTreeMap<String, String>| {
        let filled = pairs
            .iter()
            .map(|(name, value)| Ok((name.clone(), fill(value)?)));
        filled.collect::<Result<BTreeMap<_, _>, String>>()
    };
    let command = written.command.as_ref().map(fill).transpose()?;
    let command = command.map(|command| match command.contains('/') {
        true => absolute(&command, from),
        false => Ok(command),
    });
    let url = written.url.as_ref().map(fill).transpose()?;
    if let Some(url) = &url {
        check_url(url)?;
    }
    let folders = all(&written.folders)?;
    let folders = folders
        .iter()
        .map(|folder| match folder.strip_suffix(":rw") {
            Some(path) => absolute(path, from).map(|path| format!("{path}:rw")),
            None => absolute(folder.strip_suffix(":ro").unwrap_or(folder), from),
        });
    Ok(McpEntry {
        command: command.transpose()?,
        args: all(&written.args)?,
        env: pairs(&written.env)?,
        url,
        headers: pairs(&written.headers)?,
        folders: folders.collect::<Result<_, _>>()?,
        ..written.clone()
    })
}

fn absolute(text: &str, from: &Reader<'_>) -> Result<String, String> {
    let path = match text.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => {
            let home = from.environment.get("HOME").filter(|home| !home.is_empty());
            let home = home.ok_or("names `~`, and there is no home folder")?;
            Path::new(home).join(rest.trim_start_matches('/'))
        }
        _ => from
            .base
            .map_or_else(|| Path::new(text).to_owned(), |base| base.join(text)),
    };
    match path.is_absolute() {
        true => Ok(path.to_string_lossy().into_owned()),
        false => Err(format!("names `{text}`, which is no absolute path")),
    }
}

/// As connecting does, in the same words.
fn check_url(url: &str) -> Result<(), String> {
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    if !is_web {
        return Err("needs a `url` that begins with `https://` or `http://`".to_owned());
    }
    let checked = anteroom_tools::check_server_address(url);
    checked.map_err(|why| format!("has a `url` that is not taken: {why}"))
}

#[cfg(test)]
#[path = "servers_tests.rs"]
mod tests;
