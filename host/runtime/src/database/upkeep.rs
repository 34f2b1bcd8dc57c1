//! What is done by itself, off everybody's way: daily copies, a look after a crash, limits for all that grows.
//!
//! The audit log is never cut; what files were before calls changed them, and the logs, bound themselves.

use crate::config::{Data, private_file};
use crate::engine::Engine;
use anteroom_api::{ConversationId, Problem, Topic, UnixMillis};
use anteroom_storage::{GoOn, Storage};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::{Duration, UNIX_EPOCH};

/// The folder of copies, in the data folder.
const BACKUPS: &str = "backups";
/// The folder of compiled tools.
const CACHE: &str = "cache";
/// The folder of tools' temporary files, one for each conversation.
const TEMP: &str = "temp";
/// Folders whose size is shown.
const SHOWN: [&str; 5] = [
    BACKUPS,
    CACHE,
    crate::checkpoints::FOLDER,
    crate::logs::FOLDER,
    TEMP,
];

/// First the person's work, then this.
const FIRST: Duration = Duration::from_secs(1);
/// How often it is looked whether something is due.
const ROUND: Duration = Duration::from_secs(60 * 60);
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Deeper than anything the host makes.
const MAX_DEPTH: u32 = 16;

/// What copies are called that are made by themselves, and of which only so many are kept.
const OURS: [&str; 2] = ["daily", "before-restore"];

/// Goes on until the host is gone.
pub(crate) fn start(engine: &Arc<Engine>) {
    let engine = Arc::downgrade(engine);
    tokio::spawn(async move {
        tokio::time::sleep(FIRST).await;
        while round(&engine).await.is_some() {
            tokio::time::sleep(ROUND).await;
        }
    });
}

async fn round(engine: &Weak<Engine>) -> Option<()> {
    let engine = engine.upgrade()?;
    if engine.is_stopping() {
        return None;
    }
    let settings = engine.settings();
    let upkeep = Upkeep {
        storage: engine.storage.clone(),
        folder: engine.paths.data.clone(),
        data: settings.data.clone(),
        now: engine.ambient.now(),
        go_on: while_running(&engine),
    };
    drop(settings);
    let tidied = engine
        .storage
        .tidy_sessions(upkeep.now, crate::sessions::span(&engine));
    note("forget old sessions", tidied.await.map_err(Problem::from));
    for problem in upkeep.run().await {
        tracing::error!(%problem, "a database is damaged");
        engine.bus.trouble(Topic::Host, None, problem);
    }
    Some(())
}

/// Goes on while the host runs.
pub(crate) fn while_running(engine: &Arc<Engine>) -> GoOn {
    let engine = Arc::downgrade(engine);
    Arc::new(move || engine.upgrade().is_some_and(|engine| !engine.is_stopping()))
}

/// Everything a round needs.
struct Upkeep {
    storage: Storage,
    folder: PathBuf,
    data: Data,
    now: UnixMillis,
    go_on: GoOn,
}

impl Upkeep {
    /// Does what is due; gives what is damaged. What fails is tried again next time.
    async fn run(&self) -> Vec<Problem> {
        let found = match self.storage.check_after_crash().await {
            Ok(found) => found,
            Err(error) => vec![error.into()],
        };
        // A copy of what is damaged would push out one that is not.
        if found.is_empty() && self.data.backup_daily {
            note("copy the database", self.back_up().await);
        }
        let facts = self.now.plus(-self.data.host_facts_days * DAY_MS);
        let trimmed = self.storage.trim_host_facts(facts).await;
        note("let go of old facts", trimmed.map_err(Problem::from));
        note("remove temporary files", self.clear_temp().await);
        let folder = self.folder.join(CACHE);
        let most = self.data.cache_max_mb << 20;
        let shrunk = blocking(move || shrink(&folder, most)).await;
        note("shrink the cache", shrunk);
        found
    }

    /// The daily copy, if none was made for a day, and away with the oldest.
    async fn back_up(&self) -> Result<(), Problem> {
        let folder = self.folder.join(BACKUPS);
        let now = self.now;
        let due = {
            let folder = folder.clone();
            blocking(move || due(&folder, now)).await?
        };
        // Held until the copy is made: of several processes one makes it.
        let Some(_lock) = due else { return Ok(()) };
        let target = copy_path(&self.folder, "daily", now);
        match self.storage.back_up(&target, Arc::clone(&self.go_on)).await {
            Ok(size) => tracing::info!(path = %target.display(), size, "copied the database"),
            // The host ends; the next one makes it.
            Err(error) if matches!(error.fault, anteroom_storage::Fault::Stopped) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        let keep = self.data.backup_keep;
        blocking(move || forget(&folder, keep)).await
    }

    async fn clear_temp(&self) -> Result<(), Problem> {
        let folder = self.folder.join(TEMP);
        let before = self.now.plus(-self.data.temp_days * DAY_MS);
        let listed = folder.clone();
        let old = blocking(move || untouched(&listed, before)).await?;
        let unused = self.storage.unused(old, before).await?;
        blocking(move || {
            for id in unused {
                fs::remove_dir_all(folder.join(id.to_string()))?;
            }
            Ok(())
        })
        .await
    }
}

/// The folders that are shown with their sizes, and when the newest copy was made.
pub(crate) fn measure(data: &Path) -> (Vec<(&'static str, u64)>, Option<UnixMillis>) {
    let sizes = SHOWN.map(|name| (name, size(&data.join(name), 0)));
    let newest = copies(&data.join(BACKUPS)).ok();
    let newest = newest.and_then(|copies| copies.into_iter().map(|copy| copy.made_at).max());
    (sizes.to_vec(), newest)
}

/// Where a copy of this moment goes.
pub(super) fn copy_path(data: &Path, kind: &str, at: UnixMillis) -> PathBuf {
    data.join(BACKUPS).join(format!("{kind}-{}.db", stamp(at)))
}

fn note<T>(what: &str, outcome: Result<T, Problem>) {
    if let Err(problem) = outcome {
        tracing::warn!(%problem, "could not {what}");
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    let failed = |error: &dyn std::fmt::Display| {
        Problem::new(
            anteroom_api::ProblemCode::Storage,
            "the data folder could not be looked after",
        )
        .cause(error)
    };
    match done {
        Ok(outcome) => outcome.map_err(|error| failed(&error)),
        Err(error) => Err(failed(&error)),
    }
}

/// A copy of the database.
struct Copy {
    path: PathBuf,
    name: String,
    made_at: UnixMillis,
}

/// Copies in the folder; empty if there is no folder.
fn copies(folder: &Path) -> io::Result<Vec<Copy>> {
    let mut found = Vec::new();
    for entry in entries(folder)? {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".db") {
            found.push(Copy {
                path: entry.path(),
                name,
                made_at: modified(&entry.metadata()?),
            });
        }
    }
    Ok(found)
}

fn entries(folder: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn modified(meta: &fs::Metadata) -> UnixMillis {
    let since = meta
        .modified()
        .ok()
        .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let millis = since.map_or(0, |since| since.as_millis());
    UnixMillis(i64::try_from(millis).unwrap_or(i64::MAX))
}

/// The right to make today's copy, unless there is one or somebody else makes it.
fn due(folder: &Path, now: UnixMillis) -> io::Result<Option<File>> {
    let lock = private_file::append(&folder.join(".lock"))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(fs::TryLockError::WouldBlock) => return Ok(None),
        Err(fs::TryLockError::Error(error)) => return Err(error),
    }
    // By name: whoever copies the folder changes the times of the files.
    let since = format!("daily-{}", stamp(now.plus(-DAY_MS)));
    let has_one = copies(folder)?
        .iter()
        .any(|copy| copy.name.starts_with("daily-") && copy.name > since);
    Ok((!has_one).then_some(lock))
}

/// Removes all but the newest of the copies that were made by themselves, and what was never finished.
fn forget(folder: &Path, keep: usize) -> io::Result<()> {
    for kind in OURS {
        let mut made = copies(folder)?;
        made.retain(|copy| copy.name.starts_with(&format!("{kind}-")));
        made.sort_by(|one, other| other.name.cmp(&one.name));
        for copy in made.into_iter().skip(keep) {
            fs::remove_file(copy.path)?;
        }
    }
    for entry in entries(folder)? {
        if entry.file_name().to_string_lossy().ends_with(".db.part") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Conversations whose temporary folder nobody has changed since.
fn untouched(folder: &Path, before: UnixMillis) -> io::Result<Vec<ConversationId>> {
    let mut found = Vec::new();
    for entry in entries(folder)? {
        let name = entry.file_name().to_string_lossy().into_owned();
        let meta = entry.metadata()?;
        if let Ok(id) = name.parse::<ConversationId>()
            && meta.is_dir()
            && modified(&meta) < before
        {
            found.push(id);
        }
    }
    Ok(found)
}

/// Removes the longest unused files of a folder until it is small enough.
fn shrink(folder: &Path, most_bytes: u64) -> io::Result<()> {
    let mut files = Vec::new();
    collect(folder, 0, &mut files)?;
    let mut total: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
    files.sort();
    for (_, bytes, path) in files {
        if total <= most_bytes {
            break;
        }
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => total = total.saturating_sub(bytes),
        }
    }
    Ok(())
}

/// Files with when they were last used, and their size.
fn collect(
    folder: &Path,
    depth: u32,
    files: &mut Vec<(UnixMillis, u64, PathBuf)>,
) -> io::Result<()> {
    for entry in entries(folder)? {
        let meta = entry.metadata()?;
        if meta.is_dir() && depth < MAX_DEPTH {
            collect(&entry.path(), depth + 1, files)?;
        } else if meta.is_file() {
            files.push((used(&meta), meta.len(), entry.path()));
        }
    }
    Ok(())
}

fn used(meta: &fs::Metadata) -> UnixMillis {
    let read = meta
        .accessed()
        .ok()
        .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let read = read.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    });
    UnixMillis(modified(meta).0.max(read))
}

/// Bytes of all files below a folder; links are not followed.
fn size(folder: &Path, depth: u32) -> u64 {
    if depth > MAX_DEPTH {
        return 0;
    }
    let sizes = entries(folder)
        .unwrap_or_default()
        .into_iter()
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => size(&entry.path(), depth + 1),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        });
    sizes.sum()
}

/// A moment as part of a file's name, in UTC: `20261121-140802-250`.
fn stamp(at: UnixMillis) -> String {
    let millis = at.0.rem_euclid(DAY_MS);
    let (year, month, day) = at.date();
    let (seconds, rest) = (millis / 1000, millis % 1000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}{month:02}{day:02}-{hour:02}{minute:02}{second:02}-{rest:03}")
}

#[cfg(test)]
mod tests;
