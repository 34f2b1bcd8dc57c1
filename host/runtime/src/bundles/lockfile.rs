//! A project's lock file: which bundles, in which versions, by which hashes, from where, signed by which keys.

use super::manifest;
use super::source::{blocking, invalid};
use super::state::unwritable;
use super::store;
use anteroom_api::{Problem, ProblemCode};
use anteroom_gate::visible;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Component, Path, PathBuf};

/// In the project's `.anteroom`.
const FILE: &str = "bundles.lock";
const FORMAT: u32 = 1;
/// Bytes of it.
const FILE_MAX: u64 = 1 << 20;
/// Bundles that it may name.
const BUNDLES_MAX: usize = 256;

/// One bundle that is named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Locked {
    pub(crate) name: String,
    pub(crate) version: String,
    /// SHA-256 of all bytes of the bundle.
    pub(crate) hash: String,
    /// The fingerprint of the key that signed it; none if it is unsigned.
    pub(crate) key: Option<String>,
    /// An address, or a path, relative to the project where it lies in it.
    pub(crate) source: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: u32,
    bundles: Vec<Locked>,
}

/// What a project's lock file names, by name; nothing if there is none. Sources are absolute.
///
/// # Errors
/// It is there and cannot be understood.
pub(crate) async fn read(project: &str) -> Result<Vec<Locked>, Problem> {
    let project = folder(project)?;
    blocking(move || read_in(&project)).await
}

/// Names a bundle there, or names it no more.
pub(crate) async fn write(
    project: &str,
    name: String,
    locked: Option<Locked>,
) -> Result<(), Problem> {
    let project = folder(project)?;
    blocking(move || {
        let mut bundles = read_in(&project)?;
        bundles.retain(|it| it.name != name);
        bundles.extend(locked);
        bundles.sort_by(|one, other| one.name.cmp(&other.name));
        for bundle in &mut bundles {
            bundle.source = relative(&project, &bundle.source);
        }
        put(&project, bundles)
    })
    .await
}

fn put(project: &Path, bundles: Vec<Locked>) -> Result<(), Problem> {
    let path = path(project);
    let written = Written {
        format: FORMAT,
        bundles,
    };
    let write = || -> io::Result<()> {
        let mut bytes = serde_json::to_vec_pretty(&written).map_err(io::Error::other)?;
        bytes.push(b'\n');
        let parent = path.parent().unwrap_or(project);
        fs::create_dir_all(parent)?;
        // It belongs to the project and is read by everybody who may read that.
        let beside = parent.join(format!(".{FILE}.{}.tmp", std::process::id()));
        let mut file = fs::File::create(&beside)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&beside, &path)
    };
    write().map_err(|error| unwritable(&path, &error))
}

fn read_in(project: &Path) -> Result<Vec<Locked>, Problem> {
    let path = path(project);
    let broken = |why: String| {
        let words = format!("could not read `{}`", path.display());
        Problem::new(ProblemCode::InvalidInput, words)
            .cause(why)
            .hint("restore the file, or write it anew with `aroom bundle install --lock`")
    };
    let bytes = match store::read(&path, FILE_MAX) {
        Ok(bytes) => bytes,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(broken(error.to_string())),
    };
    let written: Written =
        serde_json::from_slice(&bytes).map_err(|error| broken(error.to_string()))?;
    if written.format != FORMAT {
        return Err(broken(format!("it has the format {}", written.format)));
    }
    if written.bundles.len() > BUNDLES_MAX {
        return Err(broken(format!("it names more than {BUNDLES_MAX} bundles")));
    }
    let mut bundles = written.bundles;
    for bundle in &mut bundles {
        manifest::check_name(&bundle.name).map_err(&broken)?;
        let is_hash =
            |text: &str| text.len() == 64 && text.chars().all(|it| it.is_ascii_hexdigit());
        if !is_hash(&bundle.hash) || !bundle.key.as_deref().is_none_or(is_hash) {
            return Err(broken(format!(
                "`{}` has no usable hash or key",
                bundle.name
            )));
        }
        if !bundle.source.contains("://") && Path::new(&bundle.source).is_relative() {
            let joined = project.join(&bundle.source);
            bundle.source = plain(&joined).display().to_string();
        }
    }
    Ok(bundles)
}

fn folder(project: &str) -> Result<PathBuf, Problem> {
    let path = Path::new(project);
    match path.canonicalize() {
        Ok(real) if path.is_absolute() && real.is_dir() => Ok(real),
        _ => Err(invalid(format!(
            "there is no folder `{}`",
            visible(project)
        ))),
    }
}

fn path(project: &Path) -> PathBuf {
    project.join(".anteroom").join(FILE)
}

/// A path as it is seen from the project, if it lies in or beside it.
fn relative(project: &Path, source: &str) -> String {
    if source.contains("://") {
        return source.to_owned();
    }
    let path = Path::new(source);
    if let Ok(inside) = path.strip_prefix(project) {
        return inside.display().to_string();
    }
    match project.parent().map(|parent| path.strip_prefix(parent)) {
        Some(Ok(beside)) => Path::new("..").join(beside).display().to_string(),
        _ => source.to_owned(),
    }
}

/// Without `.` and `..`, by name only.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}
