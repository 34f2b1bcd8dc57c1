//! A folder of modules: `*.wasm`, by name. What is there is read; whether it may stay is decided here, too.

use crate::module::{Loader, Module};
use crate::wasm::cache::hash_of;
use anteroom_api::{ModuleId, ModuleOrigin};
use rustix::fs::{Mode, OFlags};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const FILE_MAX_BYTES: u64 = 64 << 20;
/// Files looked at in one folder.
const FILES_MAX: usize = 256;
const NAME_MAX: usize = 64;

/// Reads the folder. A file that has not changed keeps its module. Blocks.
pub(crate) fn read(
    folder: &Path,
    origin: ModuleOrigin,
    known: &[Arc<Module>],
    loader: &Arc<Loader>,
) -> Vec<Arc<Module>> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths: BTreeSet<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "wasm"))
        .collect();
    paths
        .into_iter()
        .take(FILES_MAX)
        .map(|path| one(path, origin, known, loader))
        .collect()
}

/// Whether a module may stay beside the others.
///
/// # Errors
/// Why not, in words.
pub(crate) async fn fits(
    module: &Module,
    others: &[Arc<Module>],
    accepted: &[Arc<Module>],
) -> Result<(), String> {
    // A module that cannot be loaded has its own reason already.
    let Ok(loaded) = module.loaded().await else {
        return Ok(());
    };
    for other in others.iter().chain(accepted) {
        if other.id == module.id {
            return Err(format!(
                "there is a toolset `{}` already{}; give the file another name",
                other.id,
                place(other)
            ));
        }
        let Ok(there) = other.loaded().await else {
            continue;
        };
        let clash = loaded.tools().iter().find(|tool| {
            there
                .tools()
                .iter()
                .any(|it| it.view.name == tool.view.name)
        });
        if let Some(tool) = clash {
            return Err(format!(
                "its tool `{}` has the name of a tool of `{}`{}",
                tool.view.name,
                other.id,
                place(other)
            ));
        }
    }
    Ok(())
}

fn place(module: &Module) -> String {
    match (&module.path, module.origin) {
        (Some(path), _) => format!(" (`{}`)", path.display()),
        (None, ModuleOrigin::BuiltIn) => ", which is built in".to_owned(),
        (None, ModuleOrigin::User | ModuleOrigin::Project) => String::new(),
    }
}

fn one(
    path: PathBuf,
    origin: ModuleOrigin,
    known: &[Arc<Module>],
    loader: &Arc<Loader>,
) -> Arc<Module> {
    let stem = path
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned());
    let name = stem.unwrap_or_default();
    let id = ModuleId(anteroom_gate::visible(&name));
    if !is_name(&name) {
        let why = format!(
            "`{id}` is no name for a toolset; use lower-case letters, digits, `-` and `_`, at most {NAME_MAX}"
        );
        return Arc::new(Module::refused(id, origin, Some(path), why));
    }
    let bytes = match bytes_of(&path) {
        Ok(bytes) => bytes,
        Err(why) => return Arc::new(Module::refused(id, origin, Some(path), why)),
    };
    let hash = hash_of(&bytes);
    let same = known.iter().find(|module| {
        module.origin == origin && module.path.as_ref() == Some(&path) && module.hash == hash
    });
    match same {
        Some(module) if !module.is_withdrawn() => module.clone(),
        Some(_) | None => Arc::new(loader.load(id, origin, Some(path), Cow::Owned(bytes))),
    }
}

fn is_name(name: &str) -> bool {
    (1..=NAME_MAX).contains(&name.len())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'))
}

/// The bytes of an ordinary file; a link is not followed.
fn bytes_of(path: &Path) -> Result<Vec<u8>, String> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty()).map_err(|error| {
        if error == rustix::io::Errno::LOOP {
            "it is a link; put the file itself into the folder".to_owned()
        } else {
            format!("it cannot be read: {}", std::io::Error::from(error))
        }
    })?;
    let file = File::from(file);
    let about = file
        .metadata()
        .map_err(|error| format!("it cannot be read: {error}"))?;
    if !about.is_file() {
        return Err("it is no ordinary file".into());
    }
    let mut bytes = Vec::new();
    file.take(FILE_MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("it cannot be read: {error}"))?;
    if bytes.len() as u64 > FILE_MAX_BYTES {
        return Err(format!("it has more than {} MB", FILE_MAX_BYTES >> 20));
    }
    Ok(bytes)
}
