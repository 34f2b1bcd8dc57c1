//! What is left of a server when it goes: its own folder, what its tools were pinned as, what signing in brought.
//! The next of its name finds none of it.

use super::{bridge, spec};
use crate::engine::Engine;
use anteroom_api::{Problem, ProblemCode};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// What is put away begins so, until it is gone.
const GONE: &str = ".gone-";

/// Forgets the servers of a bundle that is not installed any more: their folders whatever they are called, the rest
/// of those whose names it had.
pub(crate) async fn forget_bundle(
    engine: &Engine,
    bundle: &str,
    servers: Vec<String>,
) -> Result<(), Problem> {
    for server in servers {
        let owner = (String::new(), server.clone());
        engine.storage.unpin_tools(owner).await?;
        bridge::forget(engine, &server);
    }
    put_away(engine, spec::bundle_folder(&engine.paths.data, bundle)).await
}

/// Forgets what one of the user's own servers kept.
pub(super) async fn forget_own(engine: &Engine, server: &str) -> Result<(), Problem> {
    put_away(engine, spec::own_folder(&engine.paths.data, server)).await
}

/// Removes what was put away when a process ended before it was gone.
pub(crate) async fn tidy(engine: &Engine) {
    let servers = spec::servers_folder(&engine.paths.data);
    let swept = tokio::task::spawn_blocking(move || {
        for entry in fs::read_dir(servers).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(GONE) {
                remove(&entry.path());
            }
        }
    });
    drop(swept.await);
}

/// Out of the way at once, under a name that nobody is given; a program that still runs writes to nowhere.
async fn put_away(engine: &Engine, folder: PathBuf) -> Result<(), Problem> {
    let name = format!("{GONE}{}", engine.ambient.uuid());
    let away = spec::servers_folder(&engine.paths.data).join(name);
    let moved = tokio::task::spawn_blocking(move || match fs::rename(&folder, &away) {
        Ok(()) => {
            remove(&away);
            Ok(())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    });
    let moved = moved
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error)));
    moved.map_err(|error| {
        Problem::new(
            ProblemCode::Internal,
            "what a server kept could not be removed",
        )
        .cause(error)
        .hint("look at the folder `servers` in the data folder")
    })
}

fn remove(folder: &Path) {
    if let Err(error) = fs::remove_dir_all(folder) {
        tracing::warn!(%error, folder = %folder.display(), "what a server kept is put away and not gone yet");
    }
}
