//! Renames, with what moves along: a folder that holds sensitive names must not lose them, or gain some.

use super::code::code;
use super::listing::Batches;
use super::{Guard, beneath, paths};
use anteroom_gate::FilePath;
use rustix::fs::{FileType, OFlags};
use rustix::io::Errno;
use std::sync::Arc;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

/// Entries of a folder looked through before it is renamed.
const ENTRIES_MAX: usize = 100_000;
/// Sensitive things in a renamed folder that a person is asked about one by one.
const ASKED_MAX: usize = 8;

impl Guard {
    /// Renames, and answers from where to where.
    pub(super) async fn rename(
        &mut self,
        from: &(FilePath, String),
        to: &(FilePath, String),
    ) -> Result<(FilePath, FilePath), ErrorCode> {
        let old = self.find_name(&from.0, &from.1).await?;
        let facts = old.facts.ok_or(ErrorCode::NoEntry)?;
        let new = self.find_name(&to.0, &to.1).await?;
        let (old, target, new) = (old.path, new.facts, new.path);
        if let Some(target) = &target {
            // Its content is replaced.
            self.refuse_stale(&new, target)?;
        }
        if facts.is_folder() {
            self.judge_contents(&old, &new).await?;
        }
        self.judge_removal(&old, Some(&new)).await?;
        if facts.is_folder() {
            self.before_move(&old, &new).await?;
        } else {
            self.before_change(&old, None).await?;
            self.before_change(&new, None).await?;
        }
        let session = &self.state.session;
        let (old_parent, old_name) = beneath::open_parent(session, &old).map_err(code)?;
        let (new_parent, new_name) = beneath::open_parent(session, &new).map_err(code)?;
        self.nearby.forget();
        rustix::fs::renameat(old_parent, old_name, &new_parent, new_name).map_err(code)?;
        session.forget(&old);
        match beneath::look_at(&new_parent, new_name) {
            Ok(facts) if facts.is_file() => session.saw(new.clone(), facts.stamp()),
            _ => session.forget(&new),
        }
        Ok((old, new))
    }

    /// A rename must not make what is sensitive look harmless, or the other way round.
    async fn judge_contents(&mut self, old: &FilePath, new: &FilePath) -> Result<(), ErrorCode> {
        let Some(affected) = self.affected(old, new).map_err(code)? else {
            return Err(self.refuse(format!(
                "`{}` holds too much to make sure that nothing sensitive is moved with it; move parts of it",
                paths::shown(old)
            )));
        };
        for (path, moved) in affected {
            self.judge_removal(&path, Some(&moved)).await?;
        }
        Ok(())
    }

    /// What is sensitive under only one of its two names. None if there is too much to look through or to ask.
    fn affected(
        &self,
        old: &FilePath,
        new: &FilePath,
    ) -> Result<Option<Vec<(FilePath, FilePath)>>, Errno> {
        let mut affected = Vec::new();
        let mut left = ENTRIES_MAX;
        let mut folders = vec![old.clone()];
        while let Some(folder) = folders.pop() {
            for (path, is_folder) in self.children(&folder, &mut left)? {
                let Some(moved) = paths::moved(&path, old, new) else {
                    continue;
                };
                if self.is_sensitive(&path) != self.is_sensitive(&moved) {
                    affected.push((path, moved));
                } else if is_folder {
                    folders.push(path);
                }
            }
            if left == 0 || affected.len() > ASKED_MAX {
                return Ok(None);
            }
        }
        Ok(Some(affected))
    }

    /// The paths in a folder, and which of them are folders.
    fn children(
        &self,
        folder: &FilePath,
        left: &mut usize,
    ) -> Result<Vec<(FilePath, bool)>, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NONBLOCK;
        let handle = beneath::open(&self.state.session, folder, flags)?;
        let mut batches = Batches::new(Arc::new(handle));
        let mut children = Vec::new();
        while *left > 0 {
            let batch = batches.next()?;
            if batch.is_empty() {
                break;
            }
            *left = left.saturating_sub(batch.len());
            children.extend(batch.into_iter().map(|entry| {
                let is_folder = entry.kind == FileType::Directory;
                (paths::child(folder, &entry.name), is_folder)
            }));
        }
        Ok(children)
    }
}
