//! Bundles from elsewhere: an `https` address of a file, or a git repository that holds the folder.

use super::archive;
use super::paths;
use super::source::{Found, blocking, invalid, on_disk};
use crate::engine::Engine;
use anteroom_api::{Problem, ProblemCode};
use anteroom_gate::visible;
use std::path::Path;

/// In the data folder: what is fetched, until it was looked at.
const FOLDER: &str = "fetched";

/// Fetches a file from an address.
pub(crate) async fn download(address: String) -> Result<Found, Problem> {
    let bytes = anteroom_tools::download(&address, archive::BUNDLE_MAX).await;
    Ok(Found {
        bytes: bytes.map_err(|why| unreachable(&address, why))?,
        place: address,
        notes: Vec::new(),
    })
}

/// Fetches a repository and takes its folder: `address`, `address#branch`, `address#branch:folder`.
pub(crate) async fn clone(engine: &Engine, repository: String) -> Result<Found, Problem> {
    let (address, reference, inner) = taken_apart(&repository)?;
    let folder = engine
        .paths
        .data
        .join(FOLDER)
        .join(engine.ambient.uuid().to_string());
    let fetched = engine.registry.checkout(address, reference, &folder).await;
    let found = match fetched {
        Err(why) => Err(unreachable(&repository, why)),
        Ok(tree) => {
            let tree = match inner {
                Some(inner) => tree.join(inner),
                None => tree,
            };
            blocking(move || on_disk(&tree)).await
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
