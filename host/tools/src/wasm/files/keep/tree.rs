//! What a command changes in a git work tree: a picture of the tree before, compared with the tree after.
//!
//! The picture holds what git would see, tracked or not, without what is ignored. Contents are copied where
//! they are not kept already. Git itself is not run: its configuration may name programs. All of it is bounded;
//! what lies beyond is told as an obstacle.

use super::super::beneath::{self, Facts};
use super::super::paths;
use super::state::{self, FileState, Looked, MODE_BITS};
use super::store::{Draft, Shared, Store, StoreError};
use super::{Change, Ledger};
use crate::session::{Seen, Session};
use anteroom_gate::FilePath;
use ignore::WalkBuilder;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

/// Entries of a tree that are looked at.
const ENTRIES_MAX: usize = 50_000;
/// Bytes that are copied for one command.
const COPIED_MAX: u64 = 128 << 20;
/// How long a picture may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Changes of one command that are written down.
const CHANGES_MAX: usize = 10_000;
/// A file that changed so shortly before may change again without its times telling.
const TICK_NS: i128 = 100_000_000;
/// Said of changes that a background task may have made, or anybody else.
const BESIDES: &str = "it changed while a background task ran, so it cannot be told whether that or somebody else changed it; insist on it to overwrite it";
/// Said of files that are not looked into.
const SENSITIVE: &str = "it is sensitive, so a command's change of it is not kept";

/// A tree before a command.
pub(crate) struct Picture {
    entries: BTreeMap<String, Entry>,
    /// Why it does not hold everything.
    limit: Option<String>,
    /// When it was taken, by the disk's clock.
    moment_ns: i128,
    /// How far the session had come.
    generation: u64,
    /// Whether there was no room for some contents.
    is_full: bool,
    is_background: bool,
}

#[derive(Clone)]
struct Entry {
    facts: Facts,
    /// What it was; or why that is not kept.
    state: Result<FileState, String>,
}

impl Picture {
    /// Takes a picture of the session's workspace; none if that is not in a git work tree. Blocks.
    ///
    /// # Errors
    /// In words, when contents could not be kept.
    pub(super) fn take(
        (session, ledger): (&Session, &dyn Ledger),
        is_sensitive: impl Fn(&FilePath) -> bool,
        is_background: bool,
    ) -> Result<Option<Self>, String> {
        if !is_work_tree(&session.workspace().path) {
            return Ok(None);
        }
        let store = ledger.store();
        let shared = store.share().map_err(|error| error.to_string())?;
        let moment_ns = store.moment(&shared).map_err(|error| error.to_string())?;
        let generation = session.generation();
        let mut copier = Copier {
            session,
            store,
            shared,
            moment_ns,
            drafts: Vec::new(),
            copied: 0,
            is_full: false,
        };
        let (found, limit) = walk(session);
        let mut entries = BTreeMap::new();
        for (path, facts) in found {
            let place = FilePath::Workspace(path.clone());
            let state = match is_sensitive(&place) {
                true => Err(SENSITIVE.to_owned()),
                false => copier.state(&place, &facts)?,
            };
            entries.insert(path, Entry { facts, state });
        }
        let Copier {
            drafts, is_full, ..
        } = copier;
        store.settle(drafts).map_err(|error| error.to_string())?;
        Ok(Some(Self {
            entries,
            limit,
            moment_ns,
            generation,
            is_full,
            is_background,
        }))
    }

    /// How much room it would have needed, if there was not enough.
    pub(super) fn lacks_bytes(&self) -> Option<u64> {
        let sizes = self.entries.values().map(|entry| match &entry.state {
            Err(_) => entry.facts.size,
            Ok(_) => 0,
        });
        self.is_full.then(|| sizes.sum::<u64>().min(COPIED_MAX))
    }

    /// What is otherwise now, in the order in which it may be written down: taken back in the opposite order,
    /// each folder is there when something in it comes back. Blocks.
    pub(super) fn changes(self, session: &Session, limit_bytes: u64) -> Vec<Change> {
        let (found, limit) = walk(session);
        let after: BTreeMap<String, Facts> = found.into_iter().collect();
        let is_ignoring_otherwise = self.is_ignoring_otherwise(&after);
        let mut made = Vec::new();
        let mut files = Vec::new();
        let mut gone = Vec::new();
        for (path, facts) in &after {
            if self.entries.contains_key(path) {
                continue;
            }
            let mut change = Change::new(FilePath::Workspace(path.clone()));
            change.before = Some(FileState::Absent);
            if is_ignoring_otherwise && !self.is_new(session, &change.path, facts) {
                continue;
            }
            match facts.is_folder() {
                true => made.push(change),
                false => files.push(change),
            }
        }
        for (path, entry) in &self.entries {
            let place = FilePath::Workspace(path.clone());
            let now = match after.get(path) {
                Some(facts) => Some(*facts),
                // It may only be ignored now.
                None => beneath::look(session, &place).ok(),
            };
            if now.is_some_and(|now| self.is_as_it_was(session, &place, (entry, &now))) {
                continue;
            }
            let mut change = Change::new(place);
            match &entry.state {
                Ok(state) => change.before = Some(state.clone()),
                Err(obstacle) => change.obstacle = Some(obstacle.clone()),
            }
            match entry.facts.is_folder() && now.is_none() {
                true => gone.push(change),
                false => files.push(change),
            }
        }
        gone.reverse();
        let mut changes = made;
        changes.append(&mut files);
        changes.append(&mut gone);
        let told = |change| self.told(session, change, limit_bytes);
        let mut changes: Vec<Change> = changes.into_iter().filter_map(told).collect();
        let limit = self.limit.or(limit).or_else(|| {
            let too_many =
                format!("more than {CHANGES_MAX} files changed; the others are not kept");
            (changes.len() > CHANGES_MAX).then_some(too_many)
        });
        changes.truncate(CHANGES_MAX);
        changes.extend(limit.map(beyond));
        changes
    }

    /// The change with what is there now; none if it is none, or is written down by whoever made it.
    fn told(&self, session: &Session, mut change: Change, limit_bytes: u64) -> Option<Change> {
        if session.left_since(&change.path, self.generation) {
            let facts = beneath::look(session, &change.path).ok();
            let stamp = facts.filter(Facts::is_file).map(|facts| facts.stamp());
            if stamp == session.stamp_of(&change.path) {
                return None;
            }
        }
        match state::state_of(session, &change.path, limit_bytes) {
            Ok(after) if change.before.as_ref() == Some(&after) => return None,
            Ok(after) => change.after = Some(after),
            Err(why) => change.doubt = Some(why),
        }
        if self.is_background {
            change.doubt = Some(BESIDES.to_owned());
        }
        Some(change)
    }

    fn is_as_it_was(
        &self,
        session: &Session,
        path: &FilePath,
        (entry, now): (&Entry, &Facts),
    ) -> bool {
        let then = &entry.facts;
        if then.is_folder() || now.is_folder() {
            return then.is_folder() && now.is_folder() && then.mode == now.mode;
        }
        let is_touched = then.kind != now.kind
            || then.stamp() != now.stamp()
            || then.mode != now.mode
            || then.changed_ns() != now.changed_ns();
        if is_touched {
            return false;
        }
        // Changed right before the picture, it may have been changed again within the same tick.
        let is_settled = then.changed_ns() + TICK_NS < self.moment_ns;
        is_settled
            || state::state_of(session, path, then.size)
                .is_ok_and(|state| entry.state.as_ref() == Ok(&state))
    }

    /// Whether other files are ignored now than before.
    fn is_ignoring_otherwise(&self, after: &BTreeMap<String, Facts>) -> bool {
        let stamps = |all: &mut dyn Iterator<Item = (&String, &Facts)>| {
            let rules = all.filter(|(path, _)| Path::new(path).ends_with(".gitignore"));
            rules
                .map(|(path, facts)| (path.clone(), facts.stamp(), facts.changed_ns()))
                .collect::<Vec<_>>()
        };
        let mut before = self
            .entries
            .iter()
            .map(|(path, entry)| (path, &entry.facts));
        stamps(&mut before) != stamps(&mut after.iter())
    }

    /// Whether a name that was not seen before is that of something new: what was ignored until now is not.
    fn is_new(&self, session: &Session, path: &FilePath, facts: &Facts) -> bool {
        let is_known = |entry: &Entry| entry.facts.is_same_file(facts);
        self.entries.values().any(is_known)
            || beneath::born_ns(session, path).is_some_and(|born| born >= self.moment_ns)
    }
}

/// Copies contents for one picture.
struct Copier<'a> {
    session: &'a Session,
    store: &'a Store,
    shared: Shared,
    moment_ns: i128,
    drafts: Vec<Draft>,
    copied: u64,
    is_full: bool,
}

impl Copier<'_> {
    /// What is at a path, its content copied; or why it is not.
    fn state(
        &mut self,
        path: &FilePath,
        facts: &Facts,
    ) -> Result<Result<FileState, String>, String> {
        if facts.is_folder() {
            let mode = facts.mode & MODE_BITS;
            return Ok(Ok(FileState::Folder { mode, id: None }));
        }
        let seen = Seen {
            stamp: facts.stamp(),
            changed_ns: facts.changed_ns(),
            mode: facts.mode,
        };
        if let Some(hash) = self.session.copied(path, seen)
            && self.store.has(&hash, facts.size, self.moment_ns)
        {
            let (size, mode) = (facts.size, facts.mode & MODE_BITS);
            return Ok(Ok(FileState::File { hash, size, mode }));
        }
        if facts.is_file() && self.copied.saturating_add(facts.size) > COPIED_MAX {
            let most = COPIED_MAX >> 20;
            return Ok(Err(format!(
                "the command's work tree holds more than the {most} MB that are copied before a command"
            )));
        }
        let file = match state::look(self.session, path) {
            Ok(Looked::File(file)) => file,
            Ok(Looked::Other(state)) => return Ok(Ok(state)),
            Ok(Looked::Special) => {
                return Ok(Err("it was neither a file, a folder nor a link".to_owned()));
            }
            Err(error) => return Ok(Err(state::words(error))),
        };
        match self.store.copy(&self.shared, &file) {
            Ok((draft, state)) => {
                self.copied += facts.size;
                self.drafts.extend(draft.map(|(draft, _)| draft));
                if seen.changed_ns + TICK_NS < self.moment_ns
                    && let FileState::File { hash, .. } = &state
                {
                    self.session.note_copy(path.clone(), seen, hash.clone());
                }
                Ok(Ok(state))
            }
            Err(StoreError::Disk(error)) => Err(error.to_string()),
            Err(error @ StoreError::Full { .. }) => {
                self.is_full = true;
                Ok(Err(error.to_string()))
            }
            Err(bound) => Ok(Err(bound.to_string())),
        }
    }
}

/// Everything git would see below the workspace, by its path, and why that is not everything.
fn walk(session: &Session) -> (Vec<(String, Facts)>, Option<String>) {
    let root = session.workspace();
    let since = Instant::now();
    let mut found = Vec::new();
    let walk = WalkBuilder::new(&root.path)
        .standard_filters(false)
        .parents(true)
        .git_ignore(true)
        .git_exclude(true)
        .filter_entry(|entry| entry.file_name() != ".git")
        .build();
    // What cannot be listed cannot be told.
    for entry in walk.flatten() {
        let Some(path) = entry
            .path()
            .strip_prefix(&root.path)
            .ok()
            .and_then(Path::to_str)
            .filter(|path| !path.is_empty())
        else {
            continue;
        };
        if found.len() >= ENTRIES_MAX {
            let limit = format!(
                "the work tree has more than {ENTRIES_MAX} files; what a command changes in the others is not kept"
            );
            return (found, Some(limit));
        }
        if since.elapsed() > PATIENCE {
            let limit = "looking at the work tree took too long; what a command changes in the rest of it is not kept";
            return (found, Some(limit.to_owned()));
        }
        if let Ok(facts) = beneath::look_at(&root.handle, path) {
            found.push((path.to_owned(), facts));
        }
    }
    (found, None)
}

/// Whether a folder lies in a git work tree.
fn is_work_tree(folder: &Path) -> bool {
    folder
        .ancestors()
        .any(|folder| folder.join(".git").symlink_metadata().is_ok())
}

/// Stands for what is not kept because of a bound.
fn beyond(limit: String) -> Change {
    let mut change = Change::new(paths::beside(
        &FilePath::Workspace(String::new()),
        String::new(),
    ));
    change.obstacle = Some(limit);
    change
}
