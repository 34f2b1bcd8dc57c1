//! Shared databases: further files beside the personal one. Each conversation lives in exactly one of them.
//!
//! A file that cannot be opened or read is left out, and says why where it is asked about; everything else goes on.

use crate::error::{Fault, StorageError};
use crate::file::File;
use crate::{Storage, conversations, items, place};
use anteroom_api::{ConversationId, ConversationView, UnixMillis};
use rusqlite::Connection;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Conversations whose place is remembered; asked again beyond it.
const PLACES: usize = 10_000;

/// A shared database as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedFile {
    /// Its name, which conversations say.
    pub name: String,
    /// The file, absolute.
    pub path: PathBuf,
}

/// The shared files, in the order they were added, and where conversations were found.
#[derive(Debug, Default)]
pub(crate) struct Shelf(Mutex<Books>);

#[derive(Debug, Default)]
struct Books {
    shared: Vec<Shared>,
    /// None is the personal file.
    places: HashMap<ConversationId, Option<Arc<str>>>,
}

#[derive(Debug)]
struct Shared {
    name: Arc<str>,
    path: PathBuf,
    file: Result<Arc<File>, Fault>,
}

impl Storage {
    /// Adds a shared database. If it cannot be opened it is remembered with the reason, and tried again by
    /// [`Storage::retry_shared`]; only a file that may be made is.
    ///
    /// # Errors
    /// A name that is taken, or a file that is open already. Not that it cannot be opened.
    pub async fn add_shared(
        &self,
        shared: SharedFile,
        may_make: bool,
        at: UnixMillis,
    ) -> Result<(), StorageError> {
        let path = std::path::absolute(&shared.path).unwrap_or(shared.path);
        if let Some(other) = self.same(&shared.name, &path) {
            return Err(Fault::SharedTaken(other).with(&path));
        }
        let name: Arc<str> = shared.name.into();
        let file = open(Arc::clone(&name), path.clone(), may_make, at).await;
        if let Err(fault) = &file {
            tracing::warn!(path = %path.display(), %fault, "a shared database is left out");
        }
        let mut books = self.shelf().books();
        books.places.clear();
        books.shared.push(Shared { name, path, file });
        Ok(())
    }

    /// Lets go of a shared database; its file stays. Says whether there was one.
    ///
    /// # Errors
    /// Any [`Fault`] of closing it; it is let go of all the same.
    pub async fn remove_shared(&self, name: &str) -> Result<bool, StorageError> {
        let found = {
            let mut books = self.shelf().books();
            books.places.clear();
            let at = books.shared.iter().position(|one| &*one.name == name);
            at.map(|at| books.shared.remove(at))
        };
        match found {
            Some(Shared { file: Ok(file), .. }) => file.close().await.map(|()| true),
            Some(Shared { file: Err(_), .. }) => Ok(true),
            None => Ok(false),
        }
    }

    /// The shared databases as they were asked for, open or not.
    #[must_use]
    pub fn shared(&self) -> Vec<SharedFile> {
        let books = self.shelf().books();
        let shared = books.shared.iter().map(|one| SharedFile {
            name: one.name.to_string(),
            path: one.path.clone(),
        });
        shared.collect()
    }

    /// Tries again what could not be opened.
    pub async fn retry_shared(&self, at: UnixMillis) {
        let missing: Vec<(Arc<str>, PathBuf)> = {
            let books = self.shelf().books();
            let missing = books.shared.iter().filter(|one| one.file.is_err());
            missing
                .map(|one| (Arc::clone(&one.name), one.path.clone()))
                .collect()
        };
        for (name, path) in missing {
            let file = open(Arc::clone(&name), path, false, at).await;
            let mut books = self.shelf().books();
            let still = books.shared.iter_mut().find(|one| one.name == name);
            if let Some(one) = still.filter(|one| one.file.is_err()) {
                one.file = file;
                books.places.clear();
            }
        }
    }

    /// The file a conversation lives in; the personal one if it is nowhere.
    pub(crate) async fn home_of(&self, id: ConversationId) -> Result<Arc<File>, StorageError> {
        let personal = self.personal();
        let shared = self.shelf().files();
        if shared.is_empty() {
            return Ok(personal);
        }
        if let Some(place) = self.shelf().place(id) {
            let named = shared.into_iter().find(|file| file.name == place);
            return Ok(named.unwrap_or(personal));
        }
        let lives_here = move |connection: &Connection| conversations::exists(connection, id);
        if personal.read(lives_here).await? {
            self.shelf().remember(id, None);
            return Ok(personal);
        }
        for file in shared {
            if file.read(lives_here).await.unwrap_or_else(left_out) {
                self.shelf().remember(id, file.name.clone());
                return Ok(file);
            }
        }
        Ok(personal)
    }

    /// The file a new conversation belongs into: the one it names, or its parent's.
    pub(crate) async fn home_for(
        &self,
        view: &ConversationView,
    ) -> Result<Arc<File>, StorageError> {
        let personal = self.personal();
        if let Some(name) = &view.database {
            return self.shared_file(name);
        }
        let home = self.home_of(view.id).await?;
        let Some(parent) = view.parent.filter(|_| home.name.is_none()) else {
            return Ok(home);
        };
        for file in self.shelf().files() {
            let has = move |connection: &Connection| items::exists(connection, parent);
            if file.read(has).await.unwrap_or_else(left_out) {
                return Ok(file);
            }
        }
        Ok(personal)
    }

    /// The shared file of this name.
    pub(crate) fn shared_file(&self, name: &str) -> Result<Arc<File>, StorageError> {
        match self.shelf().file(name) {
            Some(Ok(file)) => Ok(file),
            Some(Err(fault)) => Err(fault.with(&self.shelf().path_of(name))),
            None => Err(Fault::UnknownDatabase(name.to_owned()).with(&self.personal().path)),
        }
    }

    /// All files that can be read, the personal one first.
    pub(crate) fn files(&self) -> Vec<Arc<File>> {
        let mut files = vec![self.personal()];
        files.extend(self.shelf().files());
        files
    }

    /// Asks every file. A shared one that fails is left out of the answer.
    pub(crate) async fn read_all<T: Send + 'static>(
        &self,
        question: impl Fn(&Connection, &File) -> Result<T, Fault> + Clone + Send + 'static,
    ) -> Result<Vec<(Arc<File>, T)>, StorageError> {
        let mut answers = Vec::new();
        for file in self.files() {
            let (question, asked) = (question.clone(), Arc::clone(&file));
            match file
                .read(move |connection| question(connection, &asked))
                .await
            {
                Ok(answer) => answers.push((file, answer)),
                Err(error) if file.name.is_none() => return Err(error),
                Err(error) => left_out::<()>(error),
            }
        }
        Ok(answers)
    }

    /// Each shared database with what is wrong with it, if it cannot be used.
    pub(crate) fn shared_states(&self) -> Vec<(SharedFile, Result<Arc<File>, Fault>)> {
        let books = self.shelf().books();
        let states = books.shared.iter().map(|one| {
            let shared = SharedFile {
                name: one.name.to_string(),
                path: one.path.clone(),
            };
            (shared, one.file.clone())
        });
        states.collect()
    }

    /// What has this name or is this file already. Two openings of one file in one process would undo each other's
    /// locks, <https://www.sqlite.org/howtocorrupt.html> 2.2.
    fn same(&self, name: &str, path: &Path) -> Option<String> {
        if is_same(path, self.path()) {
            return Some("the personal database".to_string());
        }
        let books = self.shelf().books();
        let taken = books
            .shared
            .iter()
            .find(|one| &*one.name == name || is_same(&one.path, path));
        taken.map(|one| format!("`{}`", one.name))
    }
}

impl Shelf {
    /// Whether nothing was asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.books().shared.is_empty()
    }

    /// Those that can be read.
    pub(crate) fn files(&self) -> Vec<Arc<File>> {
        let books = self.books();
        let files = books.shared.iter().filter_map(|one| one.file.as_ref().ok());
        files.cloned().collect()
    }

    /// Takes all of them away.
    pub(crate) fn clear(&self) -> Vec<Arc<File>> {
        let shared = std::mem::take(&mut self.books().shared);
        shared.into_iter().filter_map(|one| one.file.ok()).collect()
    }

    /// Remembers where a conversation lives.
    pub(crate) fn remember(&self, id: ConversationId, name: Option<Arc<str>>) {
        let mut books = self.books();
        if books.shared.is_empty() {
            return;
        }
        if books.places.len() >= PLACES {
            books.places.clear();
        }
        books.places.insert(id, name);
    }

    /// Forgets where a conversation lived.
    pub(crate) fn forget(&self, id: ConversationId) {
        self.books().places.remove(&id);
    }

    fn place(&self, id: ConversationId) -> Option<Option<Arc<str>>> {
        self.books().places.get(&id).cloned()
    }

    fn file(&self, name: &str) -> Option<Result<Arc<File>, Fault>> {
        let books = self.books();
        let found = books.shared.iter().find(|one| &*one.name == name);
        found.map(|one| one.file.clone())
    }

    fn path_of(&self, name: &str) -> PathBuf {
        let books = self.books();
        let found = books.shared.iter().find(|one| &*one.name == name);
        found.map_or_else(PathBuf::new, |one| one.path.clone())
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a file that fails adds to an answer: nothing.
fn left_out<T: Default>(error: StorageError) -> T {
    tracing::warn!(%error, "a shared database is left out");
    T::default()
}

fn is_same(one: &Path, other: &Path) -> bool {
    one == other
        || match (one.canonicalize(), other.canonicalize()) {
            (Ok(one), Ok(other)) => one == other || is_same_file(&one, &other),
            _ => false,
        }
}

/// Whether two names stand for one file.
#[cfg(unix)]
fn is_same_file(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    match (one.metadata(), other.metadata()) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_same_file(_one: &Path, _other: &Path) -> bool {
    false
}

async fn open(
    name: Arc<str>,
    path: PathBuf,
    may_make: bool,
    at: UnixMillis,
) -> Result<Arc<File>, Fault> {
    let opened = tokio::task::spawn_blocking(move || {
        if let Some(kind) = place::network(&path) {
            return Err(Fault::NetworkDisk(kind));
        }
        if !may_make && !path.exists() {
            return Err(Fault::Missing);
        }
        match File::open(&path, Some(Arc::clone(&name)), at) {
            // What may not be written may still be read.
            Err(Fault::ReadOnly(cause)) if path.exists() => File::open_reading(&path, Some(name))
                .map_err(|fault| match fault {
                    Fault::ReadOnly(_) => Fault::ReadOnly(cause),
                    other => other,
                }),
            opened => opened,
        }
    });
    let opened = opened.await;
    opened
        .unwrap_or_else(|error| Err(Fault::Panicked(error.to_string())))
        .map(Arc::new)
}

/// The name of the file, as a conversation in it says it.
pub(crate) fn named(file: &File, mut view: ConversationView) -> ConversationView {
    view.database = file.name.as_deref().map(str::to_owned);
    if view.database.is_some() {
        // Whoever else may write there chooses no mode here.
        view.mode = None;
    }
    view
}
