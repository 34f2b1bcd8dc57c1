//! Bundles from elsewhere: an `https` address of a file, or a git repository that holds the folder.

use super::archive;
use super::paths;
use super::source::{Found, blocking, invalid, no_bundle_in, on_disk};
use crate::engine::Engine;
use anteroom_api::{Problem, ProblemCode};
use anteroom_gate::visible;
use anteroom_tools::{CheckoutBounds, DownloadReach};
use std::fs;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

/// In the data folder: what is fetched, until it was looked at.
const FOLDER: &str = "fetched";
/// The largest bundle there is fits in, as it is packed and as files.
const BOUNDS: CheckoutBounds = CheckoutBounds {
    bytes: 2 * archive::BUNDLE_MAX,
    time: Duration::from_secs(300),
    reach: DownloadReach::Named,
};

/// How long what is fetched may lie there before it counts as left behind: longer than fetching takes.
const LEFT_BEHIND_MS: i64 = 60 * 60 * 1000;

/// Removes what a process that ended in the middle has left.
pub(crate) async fn tidy(engine: &Engine) {
    let (folder, now) = (engine.paths.data.join(FOLDER), engine.ambient.now());
    let swept = tokio::task::spawn_blocking(move || {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let modified = entry.metadata().and_then(|about| about.modified());
            let age = modified
                .ok()
                .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
            let at = age.and_then(|age| i64::try_from(age.as_millis()).ok());
            if at.is_some_and(|at| now.0.saturating_sub(at) > LEFT_BEHIND_MS)
                && let Err(error) = fs::remove_dir_all(entry.path())
            {
                tracing::warn!(%error, "what was fetched and left could not be removed");
            }
        }
    });
    drop(swept.await);
}

/// Fetches a file from an address.
pub(crate) async fn download(address: String, reach: DownloadReach) -> Result<Found, Problem> {
    let bytes = anteroom_tools::download(&address, archive::BUNDLE_MAX, reach).await;
    Ok(Found {
        bytes: bytes.map_err(|why| unreachable(&address, why))?,
        place: address,
        notes: Vec::new(),
    })
}

/// Fetches a repository and takes its folder: `address`, `address#branch`, `address#branch:folder`.
pub(crate) async fn clone(
    engine: &Engine,
    repository: String,
    reach: DownloadReach,
) -> Result<Found, Problem> {
    let (address, reference, inner) = taken_apart(&repository)?;
    let folder = engine
        .paths
        .data
        .join(FOLDER)
        .join(engine.ambient.uuid().to_string());
    let bounds = CheckoutBounds { reach, ..BOUNDS };
    let fetched = engine
        .registry
        .checkout(address, reference, &folder, bounds)
        .await;
    let found = match fetched {
        Err(why) => Err(unreachable(&repository, why)),
        Ok(tree) => {
            let inner = inner.map(Path::to_path_buf);
            let place = repository.clone();
            blocking(move || taken(&tree, inner.as_deref(), &place)).await
        }
    };
    // What was taken from it is in memory.
    let gone = folder.clone();
    drop(tokio::task::spawn_blocking(move || std::fs::remove_dir_all(gone)).await);
    Ok(Found {
        place: format!("git+{repository}"),
        ..found?
    })
}

/// What lies in a repository under a name. Whoever wrote the repository has written its links, too, so none is
/// followed: neither on the way, nor inside.
fn taken(tree: &Path, inner: Option<&Path>, place: &str) -> Result<Found, Problem> {
    let mut path = tree.to_owned();
    for part in inner.into_iter().flat_map(Path::components) {
        path.push(part);
        let is_link = fs::symlink_metadata(&path).is_ok_and(|about| about.is_symlink());
        if is_link {
            let name = path.strip_prefix(tree).unwrap_or(&path);
            let why = format!("`{}` is a link", visible(&name.display().to_string()));
            return Err(no_bundle_in(place, why));
        }
    }
    on_disk(&path)
}

/// Address, branch or tag, and folder.
fn taken_apart(repository: &str) -> Result<(&str, Option<&str>, Option<&Path>), Problem> {
    let (address, behind) = match repository.split_once('#') {
        Some((address, behind)) => (address, Some(behind)),
        None => (repository, None),
    };
    let (reference, inner) = match behind.and_then(|behind| behind.split_once(':')) {
        Some((reference, inner)) => (Some(reference), Some(inner)),
        None => (behind, None),
    };
    if let Some(inner) = inner {
        paths::check(inner).map_err(invalid)?;
    }
    let reference = reference.filter(|it| !it.is_empty());
    Ok((address, reference, inner.map(Path::new)))
}

fn unreachable(place: &str, why: impl std::fmt::Display) -> Problem {
    Problem::new(
        ProblemCode::NotFound,
        format!("`{}` could not be fetched", visible(place)),
    )
    .cause(why)
    .hint("check the address and the network; a file or folder needs neither")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_may_name_a_branch_and_a_folder() {
        let of = |text| {
            let (address, reference, inner) = taken_apart(text).ok()?;
            let inner = inner.map(|it| it.display().to_string());
            Some((address, reference, inner.unwrap_or_default()))
        };
        let address = "https://a.test/r";
        assert_eq!(of(address), Some((address, None, String::new())));
        assert_eq!(
            of("https://a.test/r#v1"),
            Some((address, Some("v1"), String::new()))
        );
        assert_eq!(
            of("https://a.test/r#v1:x/y"),
            Some((address, Some("v1"), "x/y".into()))
        );
        assert_eq!(of("https://a.test/r#:x"), Some((address, None, "x".into())));
        for bad in [
            "https://a.test/r#v1:../x",
            "https://a.test/r#v1:/etc",
            "https://a.test/r#v1:",
        ] {
            assert_eq!(of(bad), None, "{bad}");
        }
    }
}
