//! The bundles that count: read and checked anew whenever another version may, and what they bring handed to
//! whoever uses it.

use super::archive;
use super::judge;
use super::manifest::{self, Contents};
use super::powers;
use super::source::blocking;
use super::state::{ARCHIVE, FILES, Place, Record, State};
use super::store;
use crate::engine::Engine;
use crate::modules::keeper::{self, Wish};
use anteroom_api::{
    BundlePower, BundleView, ModuleId, ModuleOrigin, ModuleView, Problem, ProblemCode,
};
use anteroom_tools::MayCount;
use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// Bundles whose bytes are remembered between being shown and being installed.
const RECENT_MAX: usize = 4;

/// The bundles of one host.
#[derive(Default)]
pub(crate) struct Shelf {
    current: RwLock<Vec<Arc<Active>>>,
    /// What was shown last, by its digest.
    recent: Mutex<VecDeque<(String, super::source::Found)>>,
    /// Held by whoever changes what is installed, or reads it anew.
    alone: tokio::sync::Mutex<()>,
}

/// An installed bundle.
pub(crate) struct Active {
    pub(crate) name: String,
    pub(crate) record: Record,
    /// Where its files lie.
    pub(crate) files: PathBuf,
    /// What it brings, if it counts.
    pub(crate) contents: Result<Contents, Problem>,
    pub(crate) powers: Vec<BundlePower>,
    /// Whether its files are as they were installed.
    is_intact: bool,
}

impl Shelf {
    pub(crate) async fn alone(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.alone.lock().await
    }

    /// All that are installed, by name.
    pub(crate) fn all(&self) -> Vec<Arc<Active>> {
        let current = self.current.read();
        current.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What an installed bundle can do.
    pub(crate) fn powers(&self, name: &str) -> Vec<BundlePower> {
        let all = self.all();
        let found = all.iter().find(|active| active.name == name);
        found.map(|it| it.powers.clone()).unwrap_or_default()
    }

    /// Where the toolsets of an installed bundle lie.
    pub(crate) fn tools_of(&self, name: &str) -> Option<PathBuf> {
        let all = self.all();
        let found = all.iter().find(|active| active.name == name)?;
        Some(found.files.join(manifest::TOOLS))
    }

    /// Whether an installed bundle is as it was installed.
    pub(crate) fn is_sound(&self, name: &str) -> bool {
        let all = self.all();
        let mut all = all.iter();
        all.any(|active| active.name == name && active.is_intact)
    }

    /// Remembers what was shown.
    pub(crate) fn remember(&self, digest: String, found: super::source::Found) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|(other, _)| *other != digest);
        recent.push_front((digest, found));
        recent.truncate(RECENT_MAX);
    }

    /// What was shown with this digest.
    pub(crate) fn remembered(&self, digest: &str) -> Option<super::source::Found> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let mut recent = recent.iter();
        recent
            .find(|(other, _)| other == digest)
            .map(|(_, found)| found.clone())
    }
}

impl Active {
    /// Reads and checks one installed bundle.
    fn read(place: &Place, state: &State, (name, record): (&String, &Record)) -> Self {
        let folder = place.edition(name, &record.edition);
        let read = || -> Result<Contents, Problem> {
            let damaged = |why: String| {
                Problem::new(
                    ProblemCode::Tool,
                    format!("the bundle `{name}` is not as it was installed"),
                )
                .cause(why)
                .hint(format!(
                    "install it again, or remove it with `aroom bundle remove {name}`"
                ))
            };
            let bytes = store::read(&folder.join(ARCHIVE), archive::BUNDLE_MAX)
                .map_err(|error| damaged(error.to_string()))?;
            let (archive, contents) = judge::understood(name, &bytes)?;
            if archive.hash != record.edition.hash || archive.name != *name {
                return Err(damaged("its file is another one".to_owned()));
            }
            if !store::is_same(&folder, &archive) {
                return Err(damaged("its unpacked files were changed".to_owned()));
            }
            Ok(contents)
        };
        let contents = read();
        let powers = contents.as_ref().map(powers::of).unwrap_or_default();
        let is_intact = contents.is_ok();
        let contents = match state.why_not(&record.edition) {
            Some(problem) => Err(problem),
            None => contents,
        };
        Self {
            name: name.clone(),
            record: record.clone(),
            files: folder.join(FILES),
            contents,
            powers,
            is_intact,
        }
    }

    /// Where its toolsets lie, if it has any that count.
    fn tools(&self) -> Option<PathBuf> {
        let contents = self.contents.as_ref().ok()?;
        (!contents.manifest.toolsets.is_empty()).then(|| self.files.join(manifest::TOOLS))
    }

    pub(crate) fn modules(&self) -> Vec<ModuleId> {
        self.contents
            .as_ref()
            .map(powers::modules)
            .unwrap_or_default()
    }

    pub(crate) fn view(&self) -> BundleView {
        let edition = &self.record.edition;
        let said = |pick: fn(&manifest::Manifest) -> &String| {
            let manifest = self.contents.as_ref().map(|it| &it.manifest);
            manifest.map(|it| pick(it).clone()).unwrap_or_default()
        };
        BundleView {
            name: self.name.clone(),
            version: edition.version.clone(),
            author: said(|it| &it.author),
            licence: said(|it| &it.licence),
            description: said(|it| &it.description),
            hash: edition.hash.clone(),
            fingerprint: edition.fingerprint.clone(),
            source: edition.source.clone(),
            installed_at: self.record.installed_at,
            modules: self.modules(),
            powers: self.powers.clone(),
            kept: self
                .record
                .kept
                .iter()
                .map(|it| it.version.clone())
                .collect(),
            problem: self.contents.as_ref().err().cloned(),
        }
    }
}

/// Reads what is installed anew, and has what runs follow it. Only while [`Shelf::alone`] is held.
///
/// # Errors
/// What is installed cannot be read: then nothing of it counts.
pub(crate) async fn refresh(engine: &Arc<Engine>, wish: &Wish) -> Result<(), Problem> {
    let place = Place::new(&engine.paths.home);
    let read = blocking(move || {
        let state = place.read()?;
        let all = state.installed.iter();
        Ok(all
            .map(|one| Arc::new(Active::read(&place, &state, one)))
            .collect::<Vec<_>>())
    })
    .await;
    let (now, outcome) = match read {
        Ok(now) => (now, Ok(())),
        Err(problem) => (Vec::new(), Err(problem)),
    };
    let before = {
        let current = engine.bundles.current.write();
        let mut current = current.unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *current, now.clone())
    };
    let folders = |all: &[Arc<Active>]| -> BTreeSet<PathBuf> {
        all.iter().filter_map(|active| active.tools()).collect()
    };
    follow(engine, (folders(&before), folders(&now)), wish).await?;
    outcome
}

/// Forgets the toolsets of folders that count no more, and loads those of new ones.
async fn follow(
    engine: &Arc<Engine>,
    (before, now): (BTreeSet<PathBuf>, BTreeSet<PathBuf>),
    wish: &Wish,
) -> Result<(), Problem> {
    let registry = &engine.registry;
    let _alone = engine.modules.alone().await;
    for gone in before.difference(&now) {
        // It counts no more, so it is found empty, which is told.
        registry.load_folder(gone, ModuleOrigin::Bundle).await;
        keeper::tell(engine, gone, wish).await?;
        registry.forget_folder(gone).await;
    }
    for new in now.difference(&before) {
        let (weak, folder) = (Arc::downgrade(engine), new.clone());
        let may_count: MayCount = Arc::new(move || {
            let engine = weak.upgrade();
            let counts = engine.is_some_and(|engine| {
                let all = engine.bundles.all();
                all.iter().any(|it| it.tools().as_ref() == Some(&folder))
            });
            Box::pin(async move { counts })
        });
        registry.watch_folder(new, ModuleOrigin::Bundle, may_count);
    }
    Ok(())
}

/// Waits until the toolsets of a bundle are loaded, and tells of them.
pub(crate) async fn load(
    engine: &Engine,
    active: &Active,
    wish: &Wish,
) -> Result<Vec<ModuleView>, Problem> {
    let Some(folder) = active.tools() else {
        return Ok(Vec::new());
    };
    let _alone = engine.modules.alone().await;
    engine
        .registry
        .load_folder(&folder, ModuleOrigin::Bundle)
        .await;
    keeper::tell(engine, &folder, wish).await?;
    Ok(engine.registry.modules_of(&folder).await)
}

/// The name of the bundle that a file on this machine belongs to.
pub(crate) fn owner(engine: &Engine, path: Option<&str>) -> Option<String> {
    let path = Path::new(path?);
    let all = engine.bundles.all();
    let mut all = all.iter();
    all.find(|active| path.starts_with(&active.files))
        .map(|active| active.name.clone())
}

/// The folders of skills that bundles bring, each with the bundle's name.
pub(crate) fn skill_folders(engine: &Engine) -> Vec<(String, PathBuf)> {
    let all = engine.bundles.all();
    let with_skills = all.iter().filter(|active| {
        let contents = active.contents.as_ref();
        contents.is_ok_and(|contents| !contents.skills.is_empty())
    });
    with_skills
        .map(|active| (active.name.clone(), active.files.join(manifest::SKILLS)))
        .collect()
}

/// The entries for MCP servers that bundles bring, as they are written, each with the bundle's name.
pub(crate) fn server_entries(engine: &Engine) -> Vec<(String, serde_json::Value)> {
    let all = engine.bundles.all();
    let mut entries = Vec::new();
    for active in &all {
        if let Ok(contents) = &active.contents {
            let of_one = contents.servers.iter();
            entries.extend(of_one.map(|(_, entry)| (active.name.clone(), entry.clone())));
        }
    }
    entries
}

/// The instructions that bundles bring, each with the bundle's name.
pub(crate) fn instructions(engine: &Engine) -> Vec<(String, String)> {
    let all = engine.bundles.all();
    let texts = all.iter().filter_map(|active| {
        let contents = active.contents.as_ref().ok()?;
        Some((active.name.clone(), contents.instructions.clone()?))
    });
    texts.collect()
}
