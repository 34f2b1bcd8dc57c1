//! Keeps what a file was before a call changes it: the content in the [`Store`], the fact in the [`Ledger`],
//! both durable before the change. Fails closed: what cannot be kept is not changed, unless all that is in the
//! way is a bound, which is written down as the obstacle.
//!
//! Knows no database; the runtime's side is the trait.

mod compare;
mod state;
mod store;
mod tree;
mod undo;

use super::{beneath, paths};
use crate::session::Session;
use crate::wasm::state::CallState;
use anteroom_api::BoxFuture;
use anteroom_gate::FilePath;
pub use compare::{Compared, Unified, compare_file, unified};
use rustix::io::Errno;
pub use state::FileState;
use state::Looked;
use std::collections::HashMap;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
pub use store::{Bounds, Shared, Store, StoreError};
use tree::Picture;
pub use undo::{Recorded, Taken, take_back};

/// A change that is about to be made, or that a command has made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where.
    pub path: FilePath,
    /// A folder that is renamed: where it was before.
    pub moved_from: Option<FilePath>,
    /// What was there; none if it could not be kept.
    pub before: Option<FileState>,
    /// What is there now, if it has happened already.
    pub after: Option<FileState>,
    /// Why it could not be kept.
    pub obstacle: Option<String>,
    /// Why it is not taken back unless somebody insists.
    pub doubt: Option<String>,
    /// The change that this one takes back, by its number.
    pub takes_back: Option<i64>,
}

/// How a change came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// This is there now.
    Became(FileState),
    /// What is there now cannot be told; why.
    Unknown(String),
    /// Nothing was changed after all.
    Void,
}

/// Where changes of one call are written down. The runtime's side.
pub trait Ledger: Send + Sync {
    /// Where contents are kept.
    fn store(&self) -> &Store;
    /// Writes changes down; durable when it answers with their numbers.
    fn write(&self, changes: Vec<Change>) -> BoxFuture<'_, Result<Vec<i64>, String>>;
    /// Notes how changes came out.
    fn close(&self, ends: Vec<(i64, End)>) -> BoxFuture<'_, Result<(), String>>;
    /// Lets go of old contents until there is room for so many bytes, as far as possible.
    fn make_room(&self, bytes: u64) -> BoxFuture<'_, ()>;
}

impl Change {
    pub(super) fn new(path: FilePath) -> Self {
        Self {
            path,
            moved_from: None,
            before: None,
            after: None,
            obstacle: None,
            doubt: None,
            takes_back: None,
        }
    }
}

/// What one call has kept so far.
#[derive(Default)]
pub(crate) struct Keeping {
    ledger: Option<Arc<dyn Ledger>>,
    kept: Mutex<HashMap<FilePath, Kept>>,
    /// The tree as it was before the call's first command.
    picture: Mutex<Option<Picture>>,
}

struct Kept {
    row: i64,
    before: Option<FileState>,
    /// A renamed folder, whatever it is called.
    folder: Option<String>,
    /// Nothing came of it: the change was not made.
    is_void: bool,
}

impl Keeping {
    /// Nothing is kept without a ledger.
    pub(crate) fn new(ledger: Option<Arc<dyn Ledger>>) -> Self {
        Self {
            ledger,
            kept: Mutex::default(),
            picture: Mutex::default(),
        }
    }

    /// Keeps what a path is, once per call: with the open handle that is changed next, or without one where a
    /// name is about to appear or to go.
    ///
    /// # Errors
    /// Why it could not be kept, in words.
    pub(super) async fn before(
        &self,
        session: &Session,
        path: &FilePath,
        file: Option<BorrowedFd<'_>>,
    ) -> Result<(), String> {
        let Some(ledger) = self.ledger_for(path) else {
            return Ok(());
        };
        let mut change = Change::new(path.clone());
        let _shared = match file {
            Some(file) => Some(keep_open(&**ledger, file, &mut change).await?),
            None => keep_name(session, &**ledger, &mut change).await?,
        };
        self.written(session, &**ledger, (change, None)).await
    }

    /// Keeps that a folder is about to be called otherwise.
    ///
    /// # Errors
    /// As [`Self::before`].
    pub(super) async fn before_move(
        &self,
        session: &Session,
        from: &FilePath,
        to: &FilePath,
    ) -> Result<(), String> {
        let Some(ledger) = self.ledger_for(to).or_else(|| self.ledger_for(from)) else {
            return Ok(());
        };
        // What the call did there before has its end now: later it is found under another name.
        let is_moved =
            |path: &FilePath| [from, to].iter().any(|at| paths::below(at, path).is_some());
        self.settle(session, &**ledger, is_moved).await?;
        let mut change = Change::new(to.clone());
        change.moved_from = Some(from.clone());
        let _shared = keep_name(session, &**ledger, &mut change).await?;
        let id = folder_id(session, from).map_err(state::words)?;
        self.written(session, &**ledger, (change, Some(id))).await
    }

    /// The change of a path was not made after all, and may be tried again.
    pub(super) fn void(&self, path: &FilePath) {
        if let Some(kept) = self.lock().get_mut(path) {
            kept.is_void = true;
        }
    }

    /// The call is over: notes what its files are now. What it left as it was is no change.
    pub(crate) async fn finish(&self, session: &Arc<Session>) {
        let Some(ledger) = &self.ledger else {
            return;
        };
        // Without it an undo only has to be insisted on.
        if let Err(error) = self.settle(session, &**ledger, |_| true).await {
            tracing::warn!(%error, "could not note how changed files were left");
        }
        let picture = self.picture().take();
        compare(session, ledger, picture).await;
    }

    /// A command is about to run: keeps what the tree is that it runs in. What a background task changes is
    /// found when the answer is used.
    ///
    /// # Errors
    /// In words, why it could not be kept.
    pub(crate) async fn before_command(
        &self,
        state: &Arc<CallState>,
        is_background: bool,
    ) -> Result<Option<Watched>, String> {
        let Some(ledger) = self.ledger.clone() else {
            return Ok(None);
        };
        // A guest starts one command after the other.
        if self.picture().is_some() && !is_background {
            return Ok(None);
        }
        let mut picture = picture_of(state, &ledger, is_background).await?;
        if let Some(bytes) = picture.as_ref().and_then(Picture::lacks_bytes) {
            ledger.make_room(bytes).await;
            picture = picture_of(state, &ledger, is_background).await?;
        }
        if !is_background {
            *self.picture() = picture;
            return Ok(None);
        }
        // Holding the session would keep the task alive with it.
        let session = Arc::downgrade(&state.session);
        Ok(Some(Watched {
            session,
            ledger,
            picture,
        }))
    }

    /// Notes what some of its files are now; what is done to them later counts for itself.
    async fn settle(
        &self,
        session: &Session,
        ledger: &dyn Ledger,
        is_meant: impl Fn(&FilePath) -> bool,
    ) -> Result<(), String> {
        let kept: Vec<(FilePath, Kept)> = {
            let mut all = self.lock();
            all.extract_if(|path, _| is_meant(path)).collect()
        };
        if kept.is_empty() {
            return Ok(());
        }
        let bounds = ledger.store().bounds();
        let mut ends: Vec<(i64, End)> = kept
            .into_iter()
            .map(|(path, kept)| (kept.row, end(session, &path, &kept, bounds)))
            .collect();
        ends.sort_by_key(|(row, _)| *row);
        ledger.close(ends).await
    }

    /// Temp is private scratch and goes with the conversation.
    fn ledger_for(&self, path: &FilePath) -> Option<&Arc<dyn Ledger>> {
        if matches!(path, FilePath::Temp(_)) {
            return None;
        }
        self.ledger.as_ref()
    }

    async fn written(
        &self,
        session: &Session,
        ledger: &dyn Ledger,
        (change, folder): (Change, Option<String>),
    ) -> Result<(), String> {
        let (path, before) = (change.path.clone(), change.before.clone());
        self.settle(session, ledger, |earlier| *earlier == path)
            .await?;
        let rows = ledger.write(vec![change]).await?;
        let row = *rows.first().ok_or("it was not written down")?;
        session.leaves(&path);
        let kept = Kept {
            row,
            before,
            folder,
            is_void: false,
        };
        self.lock().insert(path, kept);
        Ok(())
    }

    fn picture(&self) -> MutexGuard<'_, Option<Picture>> {
        self.picture.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<FilePath, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The tree that a command is about to run in.
async fn picture_of(
    state: &Arc<CallState>,
    ledger: &Arc<dyn Ledger>,
    is_background: bool,
) -> Result<Option<Picture>, String> {
    let (state, ledger) = (state.clone(), ledger.clone());
    let take = move || {
        let is_sensitive = |path: &FilePath| state.permit.is_sensitive(path);
        Picture::take((&state.session, &*ledger), is_sensitive, is_background)
    };
    let taken = tokio::task::spawn_blocking(take).await;
    taken.map_err(|error| error.to_string())?
}

/// A background task's tree before it began.
pub(crate) struct Watched {
    session: Weak<Session>,
    ledger: Arc<dyn Ledger>,
    picture: Option<Picture>,
}

impl Watched {
    /// The task is over: writes down what changed meanwhile, if the conversation is still there.
    pub(crate) async fn over(self) {
        if let Some(session) = self.session.upgrade() {
            compare(&session, &self.ledger, self.picture).await;
        }
    }
}

/// Writes down what a command changed.
async fn compare(session: &Arc<Session>, ledger: &Arc<dyn Ledger>, picture: Option<Picture>) {
    let Some(picture) = picture else {
        return;
    };
    let limit = ledger.store().bounds().told_bytes();
    let compared = {
        let session = session.clone();
        tokio::task::spawn_blocking(move || picture.changes(&session, limit)).await
    };
    let written = match compared {
        Ok(changes) if changes.is_empty() => return,
        Ok(changes) => ledger.write(changes).await.map(|_| ()),
        Err(error) => Err(error.to_string()),
    };
    if let Err(error) = written {
        tracing::warn!(%error, "could not write down what a command changed");
    }
}

/// Keeps the content of an open file. What it answers is to be held until the change is written down.
async fn keep_open(
    ledger: &dyn Ledger,
    file: BorrowedFd<'_>,
    change: &mut Change,
) -> Result<Shared, String> {
    let store = ledger.store();
    let mut shared = store.share().map_err(|error| error.to_string())?;
    let mut kept = store.keep(&shared, file);
    if let Err(StoreError::Full { size }) = kept {
        drop(shared);
        ledger.make_room(size).await;
        shared = store.share().map_err(|error| error.to_string())?;
        kept = store.keep(&shared, file);
    }
    match kept {
        Ok(state) => change.before = Some(state),
        Err(error) if error.is_bound() => change.obstacle = Some(error.to_string()),
        Err(error) => return Err(error.to_string()),
    }
    Ok(shared)
}

/// Keeps what a name stands for.
async fn keep_name(
    session: &Session,
    ledger: &dyn Ledger,
    change: &mut Change,
) -> Result<Option<Shared>, String> {
    match state::look(session, &change.path) {
        Ok(Looked::File(file)) => return keep_open(ledger, file.as_fd(), change).await.map(Some),
        Ok(Looked::Other(state)) => change.before = Some(state),
        Ok(Looked::Special) => {
            change.obstacle = Some("it was neither a file, a folder nor a link".to_owned());
        }
        Err(error) => return Err(state::words(error)),
    }
    Ok(None)
}

fn end(session: &Session, path: &FilePath, kept: &Kept, bounds: Bounds) -> End {
    if kept.is_void {
        return End::Void;
    }
    match state::state_of(session, path, bounds.told_bytes()) {
        Ok(FileState::Folder { mode, .. }) if kept.folder.is_some() => {
            let id = kept.folder.clone();
            End::Became(FileState::Folder { mode, id })
        }
        Ok(state) if kept.before.as_ref() == Some(&state) => End::Void,
        Ok(state) => End::Became(state),
        Err(why) => End::Unknown(why),
    }
}

/// The number of a folder, whatever it is called.
pub(super) fn folder_id(session: &Session, path: &FilePath) -> Result<String, Errno> {
    beneath::look(session, path).map(|facts| format!("{}:{}", facts.dev, facts.ino))
}

/// A path as the index has it: whether it is outside, and its text.
#[must_use]
pub fn index_path(path: &FilePath) -> (bool, &str) {
    (matches!(path, FilePath::Outside(_)), paths::text(path))
}
