//! Settings: defaults < the user's file < the project's file < environment < flags.
//!
//! Reads the layers, says where each value comes from and what is wrong with what was written,
//! and writes single values back into the user's file. It does not know what a setting is for.

mod bundled;
mod edit;
mod env;
mod hooks;
mod layers;
mod nearest;
mod pages;
mod patch;
pub(crate) mod private_file;
pub(crate) mod raw;
mod reference;
mod replace;
mod resolved;
mod servers;
mod settings;
mod trust;
mod value;

pub(crate) use bundled::written;
pub use edit::change;
pub(crate) use hooks::pattern as hook_pattern;
pub use hooks::{Hook, HookMeant, HookMoment, HookRule, HookRuns};
pub use reference::{reference, schema};
pub use replace::replace;
pub use resolved::{
    Ai, App, Budget, Cap, Cli, Data, IdentitySettings, LogFormat, LogLevel, Network, OwnLimits,
    Prices, Safety, Sandbox, Secret, Settings, SharedDatabase, Subagent, Tools, Verbosity,
};
pub use servers::McpServer;
pub(crate) use servers::{
    in_file as servers_in, of_bundle as server_of_bundle, references as references_in,
};
pub(crate) use trust::waiting_in;

use crate::hex::hex;
use anteroom_api::{Problem, ProblemCode, SettingsReport};
use layers::Layers;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// The config file's name in the home folder and in a project's `.anteroom` folder.
pub const FILE_NAME: &str = "config.yaml";
/// What stands in the place of a secret.
const MASK: &str = "********";

/// Where values may come from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// `ANTEROOM_HOME`, or `~/.anteroom`.
    pub home: PathBuf,
    /// `~/.parlor/config.yaml`: read if the home folder has no config file.
    pub legacy: Option<PathBuf>,
    /// The workspace's `.anteroom/config.yaml`, existing or not.
    pub project: Option<PathBuf>,
    /// Whether the user trusts the project's file as it is; see [`Loaded::project_hash`].
    pub is_project_trusted: bool,
    /// All of it; this module picks the names it knows.
    pub environment: BTreeMap<String, String>,
    /// In the order given; a later one wins.
    pub flags: Vec<FlagValue>,
    /// A text that stands for the user's file: to try it, or, empty, to do without a file that is broken.
    pub instead: Option<String>,
}

/// A setting given on the command line.
#[derive(Clone, Debug, PartialEq)]
pub struct FlagValue {
    /// Dotted name.
    pub key: String,
    /// A text is read as the setting's type; a list may be a text with commas.
    pub value: serde_json::Value,
    /// The flag as the user typed it, for messages: `--model`.
    pub flag: String,
}

/// What holds, and what to tell about it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Typed, resolved, within bounds.
    pub settings: Settings,
    /// Every setting with its origin, secrets masked, and all warnings.
    pub report: SettingsReport,
    /// SHA-256 in hex of the project's file as it was read here. Trust belongs to this content:
    /// if it is another than the trusted one, load again without trust.
    pub project_hash: Option<String>,
    /// A print of every value, secrets too: another one where the value is another.
    pub(crate) prints: BTreeMap<&'static str, String>,
}

/// Reads all layers.
///
/// # Errors
/// [`ProblemCode::InvalidConfig`]: a file cannot be read or parsed, or a value has the wrong type.
/// Everything else that is wrong is a warning in the report.
pub fn load(sources: &Sources) -> Result<Loaded, Problem> {
    let user = sources.home.join(FILE_NAME);
    let mut layers = Layers::new(sources);
    let mut chosen = match &sources.instead {
        Some(text) => Some((user.clone(), Some(text.clone()))),
        None => Some((user.clone(), read(&user, Links::Follow)?)),
    };
    if let (Some((_, None)), Some(legacy)) = (&chosen, &sources.legacy) {
        chosen = Some((legacy.clone(), read(legacy, Links::Follow)?));
    }
    if let Some((path, Some(text))) = &chosen {
        layers.user_file(path, text)?;
        if let Some(warning) = exposed(path, &layers) {
            layers.warn(warning);
        }
    }
    for (name, path) in crate::bundles::settings_files(&sources.home) {
        if let Ok(Some(text)) = read(&path, Links::Refuse) {
            layers.bundle_file(&name, &path, &text);
        }
    }
    let mut project_hash = None;
    if let Some(path) = &sources.project
        && let Some(text) = read(path, Links::Refuse)?
    {
        layers.project_file(path, &text)?;
        project_hash = Some(hex(&Sha256::digest(text.as_bytes())));
    }
    layers.environment();
    layers.flags();
    let prints = layers.prints();
    let (settings, report) = layers.finish(&user)?;
    Ok(Loaded {
        prints,
        settings,
        report,
        project_hash,
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Links {
    Follow,
    /// A project's file that is a link could show a file of the user's in an error message.
    Refuse,
}

/// The text of a config file, or `None` if there is none.
fn read(path: &Path, links: Links) -> Result<Option<String>, Problem> {
    let failed = |cause: String| {
        Problem::new(
            ProblemCode::InvalidConfig,
            format!("could not read `{}`", path.display()),
        )
        .cause(cause)
    };
    let found = match links {
        Links::Follow => fs::metadata(path),
        Links::Refuse => fs::symlink_metadata(path),
    };
    match found {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(failed(error.to_string()).hint("check the file's owner and mode")),
        Ok(found) if !found.is_file() => {
            return Err(failed("it is not a regular file".to_owned())
                .hint("put a plain file there, or remove it"));
        }
        Ok(_) => {}
    }
    let most = u64::try_from(raw::MOST_BYTES).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(most + 1).read_to_end(&mut bytes))
        .map_err(|error| failed(error.to_string()).hint("check the file's owner and mode"))?;
    String::from_utf8(bytes).map(Some).map_err(|error| {
        failed(format!(
            "byte {} is not UTF-8",
            error.utf8_error().valid_up_to() + 1
        ))
        .hint("save the file as UTF-8")
    })
}

/// Warns of a file with a secret that others on this machine can read.
fn exposed(path: &Path, layers: &Layers<'_>) -> Option<Problem> {
    if !layers.has_secret() || !is_open_to_others(path) {
        return None;
    }
    let shown = path.display();
    Some(
        Problem::new(
            ProblemCode::InvalidConfig,
            format!("`{shown}` holds a secret and others can read it"),
        )
        .hint(format!("chmod 600 {shown}")),
    )
}

#[cfg(unix)]
fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_path: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests;
