//! What a bundle says of itself (`bundle.yaml`), and what of its files counts as what. Parsed only from an archive
//! whose bytes were checked.

use super::archive::Archive;
use super::carried::{self, Carried};
use anteroom_api::{Capability, Tier};
use anteroom_gate::visible;
use semver::Version;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;

/// The file that says what a bundle is.
pub(crate) const FILE: &str = "bundle.yaml";
/// Its MCP servers.
pub(crate) const SERVERS: &str = "mcp.yaml";
/// Its instructions.
pub(crate) const INSTRUCTIONS: &str = "instructions.md";
/// Its settings.
pub(crate) const SETTINGS: &str = "settings.yaml";
/// Its toolsets.
pub(crate) const TOOLS: &str = "tools";
/// Its skills.
pub(crate) const SKILLS: &str = "skills";
/// What this version carries and cannot use.
const UNUSED: [&str; 2] = ["agents", "workflows"];
/// Beside what it holds, for people.
const FOR_PEOPLE: [&str; 6] = [
    "README.md",
    "LICENSE",
    "LICENSE.md",
    "LICENSE.txt",
    "NOTICE",
    "CHANGELOG.md",
];
/// Bytes of a file that is read as text.
const TEXT_MAX: usize = 256 << 10;
/// Bytes of instructions, which every conversation begins with.
const INSTRUCTIONS_MAX: usize = 16 << 10;
const NAME_MAX: usize = 64;
const LINE_MAX: usize = 200;
const TOOLSETS_MAX: usize = 32;
const SERVERS_MAX: usize = 32;

/// `bundle.yaml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) author: String,
    pub(crate) licence: String,
    #[serde(default)]
    pub(crate) description: String,
    pub(crate) minimum_anteroom: String,
    /// What it holds: the names of folders, and of files without their endings.
    pub(crate) holds: Vec<String>,
    #[serde(default)]
    pub(crate) toolsets: Vec<Toolset>,
}

/// One of its toolsets.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Toolset {
    /// The file in the folder `tools`, without `.wasm`.
    pub(crate) name: String,
    /// What it describes, word for word: it is shown before anything of it runs.
    pub(crate) tools: Vec<ToolSays>,
    /// What it is to be granted.
    #[serde(default)]
    pub(crate) capabilities: Vec<Wanted>,
}

/// A tool as its toolset describes it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToolSays {
    pub(crate) name: String,
    pub(crate) description: String,
    /// The tier it declares.
    #[serde(default = "looks")]
    pub(crate) tier: Tier,
    /// The JSON Schema of what it takes; none if it takes nothing.
    #[serde(default)]
    pub(crate) arguments: Option<serde_json::Value>,
}

fn looks() -> Tier {
    Tier::Read
}

/// A capability, and how far it is to reach.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    pub(crate) capability: Capability,
    #[serde(default)]
    pub(crate) folders: Vec<String>,
    #[serde(default)]
    pub(crate) commands: Vec<String>,
    #[serde(default)]
    pub(crate) hosts: Vec<String>,
    #[serde(default)]
    pub(crate) secrets: Vec<String>,
}

/// A bundle, understood.
#[derive(Clone, Debug)]
pub(crate) struct Contents {
    pub(crate) manifest: Manifest,
    /// As they are written, each with its name.
    pub(crate) servers: Vec<(String, serde_json::Value)>,
    pub(crate) instructions: Option<String>,
    /// Each with its folder's name and the text of its `SKILL.md`.
    pub(crate) skills: Vec<(String, String)>,
    pub(crate) settings: Option<String>,
    /// Every file that is not shown word for word as one of the above.
    pub(crate) carried: Vec<Carried>,
}

/// Understands a bundle whose bytes were checked.
///
/// # Errors
/// What is wrong with it, in words for its author.
pub(crate) fn read(archive: &Archive) -> Result<Contents, String> {
    let manifest = written(text(archive, FILE)?.ok_or("it has no `bundle.yaml`")?)?;
    if (&manifest.name, &manifest.version) != (&archive.name, &archive.version) {
        return Err("its list and its `bundle.yaml` name another bundle or version".to_owned());
    }
    check(&manifest)?;
    let mut contents = Contents {
        servers: servers(archive)?,
        instructions: instructions(archive)?,
        settings: text(archive, SETTINGS)?.map(str::to_owned),
        skills: Vec::new(),
        carried: Vec::new(),
        manifest,
    };
    let mut toolsets = BTreeSet::new();
    for (entry, bytes) in &archive.files {
        let parts: Vec<&str> = entry.path.split('/').collect();
        let weight = match parts.as_slice() {
            // Shown word for word.
            [INSTRUCTIONS] => continue,
            [SKILLS, name, "SKILL.md"] => {
                let words = text(archive, &entry.path)?.unwrap_or_default().to_owned();
                contents.skills.push(((*name).to_owned(), words));
                continue;
            }
            [TOOLS, file] if file.ends_with(".wasm") => {
                toolsets.insert(file.trim_end_matches(".wasm").to_owned());
                carried::Weight::Code
            }
            [SKILLS, _, _, ..] => carried::Weight::BesideSkill,
            [kind, _, ..] if UNUSED.contains(kind) => carried::Weight::Unused,
            // What counts of them is shown piece by piece.
            [FILE | SERVERS | SETTINGS] => carried::Weight::None,
            [name] if FOR_PEOPLE.contains(name) => carried::Weight::None,
            _ => return Err(format!("`{}` has no place in a bundle", entry.path)),
        };
        contents.carried.push(Carried::of(entry, bytes, weight));
    }
    check_toolsets(&contents.manifest, &toolsets)?;
    check_holds(archive, &contents.manifest)?;
    for (entry, _) in &archive.files {
        let skill = entry.path.strip_prefix("skills/");
        if let Some((skill, _)) = skill.and_then(|rest| rest.split_once('/'))
            && !contents.skills.iter().any(|(name, _)| name == skill)
        {
            return Err(format!("the skill `{skill}` has no `SKILL.md`"));
        }
    }
    Ok(contents)
}

/// The name and version that a folder's `bundle.yaml` gives.
pub(crate) fn named(words: &str) -> Result<(String, String), String> {
    let manifest = written(words)?;
    check(&manifest)?;
    Ok((manifest.name, manifest.version))
}

/// The text of `bundle.yaml`. What needs a later version may say what this one does not know, so that is looked at
/// first.
fn written(words: &str) -> Result<Manifest, String> {
    #[derive(Deserialize)]
    struct Least {
        minimum_anteroom: Option<String>,
    }
    let least = serde_saphyr::from_str::<Least>(words).ok();
    if let Some(least) = least.and_then(|it| it.minimum_anteroom) {
        check_least(&least)?;
    }
    yaml(FILE, words)
}

/// That this version of the program is late enough.
fn check_least(least: &str) -> Result<(), String> {
    let least = semantic("minimum_anteroom", least)?;
    let own = semantic("own version", env!("CARGO_PKG_VERSION"))?;
    match least > own {
        true => Err(format!(
            "it needs Anteroom {least} or later, and this is {own}"
        )),
        false => Ok(()),
    }
}

/// Whether a file or folder at the top of a bundle's folder belongs to it.
pub(crate) fn belongs(name: &str) -> bool {
    [FILE, SERVERS, INSTRUCTIONS, SETTINGS, TOOLS, SKILLS].contains(&name)
        || UNUSED.contains(&name)
        || FOR_PEOPLE.contains(&name)
}

/// Whether a bundle may have this name.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let is_plain = name.len() <= NAME_MAX
        && name.starts_with(|it: char| it.is_ascii_lowercase())
        && !name.ends_with('-')
        && name
            .chars()
            .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-');
    // It is a folder's name, too.
    match is_plain && super::paths::check(name).is_ok() {
        true => Ok(()),
        false => Err(format!(
            "`{}` is no name of a bundle: small letters, digits and `-`, beginning with a letter, {NAME_MAX} at most",
            visible(name)
        )),
    }
}

fn check(manifest: &Manifest) -> Result<(), String> {
    check_name(&manifest.name)?;
    semantic("version", &manifest.version)?;
    check_least(&manifest.minimum_anteroom)?;
    for (what, line) in [
        ("author", &manifest.author),
        ("licence", &manifest.licence),
        ("description", &manifest.description),
    ] {
        if line.chars().count() > LINE_MAX || visible(line) != *line {
            return Err(format!(
                "its {what} is not one plain line of at most {LINE_MAX} signs"
            ));
        }
    }
    if manifest.toolsets.len() > TOOLSETS_MAX {
        return Err(format!("it has more than {TOOLSETS_MAX} toolsets"));
    }
    Ok(())
}

fn semantic(what: &str, text: &str) -> Result<Version, String> {
    if text.len() > NAME_MAX {
        return Err(format!("its {what} is too long"));
    }
    Version::parse(text).map_err(|error| {
        format!(
            "its {what} `{}` is no semantic version: {error}",
            visible(text)
        )
    })
}

fn check_toolsets(manifest: &Manifest, found: &BTreeSet<String>) -> Result<(), String> {
    let mut named = BTreeSet::new();
    for toolset in &manifest.toolsets {
        if !named.insert(toolset.name.clone()) {
            return Err(format!(
                "`{FILE}` names the toolset `{}` twice",
                toolset.name
            ));
        }
        if !found.contains(&toolset.name) {
            let name = visible(&toolset.name);
            return Err(format!(
                "`{FILE}` names a toolset `{name}` that is not there"
            ));
        }
        let mut tools = BTreeSet::new();
        if let Some(twice) = toolset.tools.iter().find(|it| !tools.insert(&it.name)) {
            return Err(format!(
                "the toolset `{}` has two tools `{}`",
                toolset.name,
                visible(&twice.name)
            ));
        }
        let mut wanted = BTreeSet::new();
        if !toolset
            .capabilities
            .iter()
            .all(|it| wanted.insert(it.capability))
        {
            return Err(format!(
                "the toolset `{}` wants a capability twice",
                toolset.name
            ));
        }
    }
    match found.difference(&named).next() {
        Some(silent) => Err(format!(
            "`{FILE}` does not say what the toolset `{silent}` offers"
        )),
        None => Ok(()),
    }
}

/// What it says it holds must be what it holds.
fn check_holds(archive: &Archive, manifest: &Manifest) -> Result<(), String> {
    let found: BTreeSet<&str> = archive
        .files
        .iter()
        .filter_map(|(entry, _)| {
            let top = entry.path.split('/').next().unwrap_or_default();
            let is_for_people = FOR_PEOPLE.contains(&top) || top == FILE;
            (!is_for_people).then(|| top.split('.').next().unwrap_or(top))
        })
        .collect();
    let said: BTreeSet<&str> = manifest.holds.iter().map(String::as_str).collect();
    if let Some(missing) = said.difference(&found).next() {
        let missing = visible(missing);
        return Err(format!(
            "`{FILE}` says that it holds `{missing}`, which is not there"
        ));
    }
    match found.difference(&said).next() {
        Some(unsaid) => Err(format!("`{FILE}` does not say that it holds `{unsaid}`")),
        None => Ok(()),
    }
}

fn instructions(archive: &Archive) -> Result<Option<String>, String> {
    let words = text(archive, INSTRUCTIONS)?;
    match words.is_some_and(|words| words.len() > INSTRUCTIONS_MAX) {
        true => Err(format!(
            "`{INSTRUCTIONS}` is larger than {} KB",
            INSTRUCTIONS_MAX >> 10
        )),
        false => Ok(words.map(str::to_owned)),
    }
}

/// The entries of `mcp.yaml`.
fn servers(archive: &Archive) -> Result<Vec<(String, serde_json::Value)>, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Servers {
        mcp_servers: Vec<serde_json::Value>,
    }
    let Some(words) = text(archive, SERVERS)? else {
        return Ok(Vec::new());
    };
    let servers: Servers = yaml(SERVERS, words)?;
    if servers.mcp_servers.len() > SERVERS_MAX {
        return Err(format!("it has more than {SERVERS_MAX} MCP servers"));
    }
    let mut names = BTreeSet::new();
    let entries = servers.mcp_servers.into_iter().map(|entry| {
        let name = entry.get("name").and_then(|it| it.as_str());
        let name = name.ok_or_else(|| format!("an entry of `{SERVERS}` has no name"))?;
        let is_plain = name
            .chars()
            .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-' || it == '_');
        if name.is_empty() || name.len() > 32 || !is_plain || name.starts_with(['-', '_']) {
            return Err(format!("`{}` is no name of an MCP server", visible(name)));
        }
        if !names.insert(name.to_owned()) {
            return Err(format!("`{SERVERS}` names `{name}` twice"));
        }
        if entry.get("trust").is_some_and(|trust| trust != "untrusted") {
            return Err(format!(
                "the MCP server `{name}` may not be trusted by a bundle; only you can do that"
            ));
        }
        Ok((name.to_owned(), entry))
    });
    entries.collect()
}

/// A text file, if it is there.
fn text<'a>(archive: &'a Archive, path: &str) -> Result<Option<&'a str>, String> {
    let Some(bytes) = archive.file(path) else {
        return Ok(None);
    };
    if bytes.len() > TEXT_MAX {
        return Err(format!("`{path}` is larger than {} KB", TEXT_MAX >> 10));
    }
    std::str::from_utf8(bytes)
        .map(Some)
        .map_err(|_| format!("`{path}` is not UTF-8"))
}

fn yaml<T: DeserializeOwned>(path: &str, words: &str) -> Result<T, String> {
    serde_saphyr::from_str(words).map_err(|error| {
        let error = visible(error.to_string().lines().next().unwrap_or_default());
        format!("`{path}` cannot be read: {error}")
    })
}
