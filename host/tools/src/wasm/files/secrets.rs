//! Finds the files of the workspace that are sensitive by name and have other names too, so that a hard link
//! made to one of them does not give it away. Judges nothing itself.

use super::beneath::{self, Facts};
use super::listing::{Batches, Named};
use super::{Guard, paths};
use crate::session::Session;
use anteroom_gate::FilePath;
use rustix::fs::{FileType, OFlags};
use rustix::io::Errno;
use std::collections::HashMap;
use std::sync::Arc;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

/// Entries looked through at most; a workspace with more of them is not searched to the end.
const ENTRIES_MAX: usize = 300_000;

/// Sensitive files with several names, by what they are.
pub(super) struct Secrets {
    files: HashMap<(u64, u64), FilePath>,
    is_whole: bool,
}

impl Guard {
    /// Judges a file that has several names by its sensitive one, if it has one.
    ///
    /// # Errors
    /// A recorded refusal; also when the workspace is too large to be sure.
    pub(super) async fn judge_other_names(
        &mut self,
        path: &FilePath,
        facts: &Facts,
    ) -> Result<(), ErrorCode> {
        // Most files have one name, and nothing more has to be found out about them.
        if !facts.is_file() || facts.links <= 1 {
            return Ok(());
        }
        if matches!(path, FilePath::Outside(_)) || self.is_sensitive(path) {
            return Ok(());
        }
        let secrets = match self.secrets.take() {
            Some(secrets) => secrets,
            None => Secrets::search(&self.state.session, |path| self.is_sensitive(path)),
        };
        let other = secrets.files.get(&(facts.dev, facts.ino)).cloned();
        let is_whole = secrets.is_whole;
        self.secrets = Some(secrets);
        match other {
            Some(other) => self.judge_read(&other).await,
            None if is_whole => Ok(()),
            None => Err(self.refuse(format!(
                "`{}` has other names (hard links), and the workspace is too large to make sure that none of them is sensitive; copy it and read the copy",
                paths::shown(path)
            ))),
        }
    }
}

/// The sensitive name of a file that has several, if it has one.
///
/// # Errors
/// The workspace is too large to be sure that there is none.
pub(super) fn other_name(
    session: &Session,
    facts: &Facts,
    is_sensitive: impl Fn(&FilePath) -> bool,
) -> Result<Option<FilePath>, ()> {
    let secrets = Secrets::search(session, is_sensitive);
    match secrets.files.get(&(facts.dev, facts.ino)) {
        Some(other) => Ok(Some(other.clone())),
        None if secrets.is_whole => Ok(None),
        None => Err(()),
    }
}

impl Secrets {
    fn search(session: &Session, is_sensitive: impl Fn(&FilePath) -> bool) -> Self {
        let mut found = Self {
            files: HashMap::new(),
            is_whole: true,
        };
        let mut folders = vec![FilePath::Workspace(String::new())];
        let mut left = ENTRIES_MAX;
        while let Some(folder) = folders.pop() {
            // A folder that cannot be listed is not hidden from anyone by this: its files stay unread.
            let Ok(entries) = list(session, &folder, &mut left) else {
                continue;
            };
            for entry in entries {
                let path = paths::child(&folder, &entry.name);
                match entry.kind {
                    FileType::Directory => folders.push(path),
                    FileType::Symlink => {}
                    _ if is_sensitive(&path) => found.note(session, path),
                    _ => {}
                }
            }
            if left == 0 {
                found.is_whole = false;
                return found;
            }
        }
        found
    }

    fn note(&mut self, session: &Session, path: FilePath) {
        if let Ok(facts) = beneath::look(session, &path)
            && facts.is_file()
            && facts.links > 1
        {
            self.files.insert((facts.dev, facts.ino), path);
        }
    }
}

fn list(session: &Session, folder: &FilePath, left: &mut usize) -> Result<Vec<Named>, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NONBLOCK;
    let handle = beneath::open(session, folder, flags)?;
    let mut batches = Batches::new(Arc::new(handle));
    let mut entries = Vec::new();
    while *left > 0 {
        let batch = batches.next()?;
        if batch.is_empty() {
            break;
        }
        *left = left.saturating_sub(batch.len());
        entries.extend(batch);
    }
    Ok(entries)
}
