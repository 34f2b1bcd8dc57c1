//! Where a bundle's bytes come from: a file, a folder, an address, a repository, or a version that was kept.

use super::archive;
use super::folder;
use super::state::{ARCHIVE, Place, State};
use super::store;
use crate::engine::Engine;
use anteroom_api::{BundleSource, Problem, ProblemCode};
use anteroom_gate::visible;
use anteroom_tools::DownloadReach;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Before the name of a file that was sent.
const SENT: &str = "sent as ";

/// What was found.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) bytes: Vec<u8>,
    /// Where, as it is kept to find it again.
    pub(crate) place: String,
    pub(crate) notes: Vec<String>,
}

/// Where a wish leads.
pub(crate) enum Way {
    Disk(PathBuf),
    Address(String),
    Repository(String),
    Kept(PathBuf, String),
    Found(Box<Found>),
}

/// Where a source leads, as things are.
pub(crate) fn way(engine: &Engine, state: &State, source: &BundleSource) -> Result<Way, Problem> {
    let place = Place::new(&engine.paths.home);
    match source {
        BundleSource::Place { place } => named(place),
        BundleSource::Sent { path, name } => {
            let name = visible(name);
            Ok(Way::Kept(path.into(), format!("{SENT}{name}")))
        }
        BundleSource::Shown { digest } => match engine.bundles.remembered(digest) {
            Some(found) => Ok(Way::Found(Box::new(found))),
            None => Err(Problem::new(
                ProblemCode::Conflict,
                "what was shown is not remembered any more",
            )
            .hint("look at it again, then decide")),
        },
        BundleSource::Again { name } => {
            let record = state.installed.get(name).ok_or_else(|| no_bundle(name))?;
            named(&record.edition.source)
        }
        BundleSource::Kept { name, version } => {
            let record = state.installed.get(name).ok_or_else(|| no_bundle(name))?;
            let mut kept = record.kept.iter();
            let is_it = |it: &&super::state::Edition| {
                version
                    .as_ref()
                    .is_none_or(|version| *version == it.version)
            };
            let edition = kept.find(is_it).ok_or_else(|| not_kept(name, record))?;
            let file = place.edition(name, edition).join(ARCHIVE);
            Ok(Way::Kept(file, edition.source.clone()))
        }
    }
}

fn named(place: &str) -> Result<Way, Problem> {
    if place.starts_with(SENT) {
        return Err(
            invalid("it was sent as a file, so it cannot be fetched again")
                .hint("name where the newer version is: `aroom bundle update NAME --from SOURCE`"),
        );
    }
    if let Some(repository) = place.strip_prefix("git+") {
        return Ok(Way::Repository(repository.to_owned()));
    }
    if place.contains("://") {
        return Ok(Way::Address(place.to_owned()));
    }
    let path = Path::new(place);
    match path.is_absolute() {
        true => Ok(Way::Disk(path.to_owned())),
        false => Err(invalid(format!(
            "`{}` is not an absolute path",
            visible(place)
        ))),
    }
}

/// Fetches the bytes. Checks nothing of them.
pub(crate) async fn find(
    engine: &Engine,
    way: Way,
    reach: DownloadReach,
) -> Result<Found, Problem> {
    match way {
        Way::Disk(path) => blocking(move || on_disk(&path)).await,
        Way::Kept(file, place) => {
            let found = blocking(move || on_disk(&file)).await?;
            Ok(Found { place, ..found })
        }
        Way::Found(found) => Ok(*found),
        Way::Address(address) => super::remote::download(address, reach).await,
        Way::Repository(repository) => super::remote::clone(engine, repository, reach).await,
    }
}

/// A file or folder of this machine.
pub(crate) fn on_disk(path: &Path) -> Result<Found, Problem> {
    let shown = path.display().to_string();
    let unreadable = |why: &dyn std::fmt::Display| {
        Problem::new(
            ProblemCode::NotFound,
            format!("`{}` cannot be read", visible(&shown)),
        )
        .cause(why)
        .hint("name a file `NAME.abundle`, or a folder with a `bundle.yaml`")
    };
    // A link that a person names is followed.
    let real = fs::canonicalize(path).map_err(|error| unreadable(&error))?;
    let place = real.display().to_string();
    if real.is_dir() {
        let gathered = folder::gather(&real).map_err(|why| no_bundle_in(&shown, why))?;
        return Ok(Found {
            notes: gathered.notes(),
            bytes: gathered.bytes(),
            place,
        });
    }
    let read = File::open(&real).and_then(|file| store::read_open(file, archive::BUNDLE_MAX));
    Ok(Found {
        bytes: read.map_err(|error| unreadable(&error))?,
        place,
        notes: Vec::new(),
    })
}

/// What is said of bytes that are no bundle.
pub(crate) fn no_bundle_in(place: &str, why: impl std::fmt::Display) -> Problem {
    Problem::new(
        ProblemCode::InvalidInput,
        format!("`{}` is no bundle that can be used", visible(place)),
    )
    .cause(why)
    .hint("get it again from whoever made it; nothing was unpacked")
}

pub(crate) fn no_bundle(name: &str) -> Problem {
    let name = visible(name);
    Problem::new(
        ProblemCode::NotFound,
        format!("there is no bundle `{name}`"),
    )
    .hint("see `aroom bundle list`")
}

fn not_kept(name: &str, record: &super::state::Record) -> Problem {
    let kept: Vec<&str> = record.kept.iter().map(|it| it.version.as_str()).collect();
    let problem = Problem::new(
        ProblemCode::NotFound,
        format!("no such version of `{name}` was kept"),
    );
    match kept.is_empty() {
        true => {
            problem.hint("go back with a file of that version: `aroom bundle rollback --from FILE`")
        }
        false => problem.hint(format!("there are {}", kept.join(", "))),
    }
}

pub(crate) fn invalid(what: impl Into<String>) -> Problem {
    Problem::new(ProblemCode::InvalidInput, what.into())
}

pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| {
        Err(Problem::new(ProblemCode::Internal, "the bundle could not be looked at").cause(error))
    })
}
