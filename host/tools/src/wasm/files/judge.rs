//! Holds each use of a path against the grants and the permit, once per path and call. Opens nothing.

use super::beneath::Facts;
use super::{Guard, paths};
use anteroom_api::{Capability, GrantReach};
use anteroom_gate::{Effect, EffectVerdict, FilePath};
use std::collections::{HashMap, HashSet};
use std::os::fd::BorrowedFd;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

/// What the guest is answered where a reason was recorded for the model.
const REFUSED: ErrorCode = ErrorCode::Access;

/// What was answered in this call. A no is remembered too: trying again is no way to a yes.
#[derive(Debug, Default)]
pub(super) struct Answers {
    reads: HashMap<FilePath, bool>,
    changes: HashMap<FilePath, Change>,
    removals: HashMap<(FilePath, Option<FilePath>), bool>,
    /// Paths that were kept before their change.
    kept: HashSet<FilePath>,
}

/// The answer to a change of one path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Refused,
    /// It may be made; nothing was said about a file that is there already.
    New,
    Any,
}

impl Guard {
    /// Records why something may not be done.
    pub(super) fn refuse(&self, reason: impl Into<String>) -> ErrorCode {
        self.state.refused(reason.into());
        REFUSED
    }

    pub(super) fn is_sensitive(&self, path: &FilePath) -> bool {
        self.state.permit.is_sensitive(path)
    }

    /// Whether a path may be read. Asks only where the permit does not simply allow it.
    ///
    /// # Errors
    /// A recorded refusal.
    pub(super) async fn judge_read(&mut self, path: &FilePath) -> Result<(), ErrorCode> {
        self.require(Capability::FilesRead, path)?;
        if matches!(path, FilePath::Temp(_)) {
            return Ok(());
        }
        if let Some(is_allowed) = self.answers.reads.get(path) {
            return answer(*is_allowed);
        }
        // How far a grant reaches outside is judged with the effect.
        if matches!(path, FilePath::Workspace(_)) && self.is_allowed_to_read(path) {
            return Ok(());
        }
        let effect = Effect::FileRead { path: path.clone() };
        let is_allowed = self.state.effect(effect).await.is_ok();
        self.answers.reads.insert(path.clone(), is_allowed);
        answer(is_allowed)
    }

    /// Whether reading a path is so ordinary that nobody need be asked and nothing recorded. A search reads
    /// thousands of files, so this is all that is done for most of them.
    pub(super) fn is_free_to_read(&self, path: &FilePath) -> bool {
        let reach = self.state.caller.reach(Capability::FilesRead);
        match (path, reach) {
            (_, Err(_)) | (FilePath::Outside(_), _) => false,
            (FilePath::Temp(_), Ok(_)) => true,
            (FilePath::Workspace(_), Ok(reach)) => {
                is_within(&reach, path) && self.is_allowed_to_read(path)
            }
        }
    }

    fn is_allowed_to_read(&self, path: &FilePath) -> bool {
        let effect = Effect::FileRead { path: path.clone() };
        let verdict = self.state.permit.judge(&effect);
        matches!(verdict, EffectVerdict::Allow { .. })
    }

    /// Whether it may be known what is at a path.
    ///
    /// # Errors
    /// A recorded refusal.
    pub(super) async fn judge_look(&mut self, path: &FilePath) -> Result<(), ErrorCode> {
        if matches!(path, FilePath::Workspace(_)) && !self.is_sensitive(path) {
            return self.require(Capability::FilesRead, path);
        }
        self.judge_read(path).await
    }

    /// Whether a file or folder may be created or changed.
    ///
    /// # Errors
    /// A recorded refusal.
    pub(super) async fn judge_change(
        &mut self,
        path: &FilePath,
        is_new: bool,
    ) -> Result<(), ErrorCode> {
        self.require(Capability::FilesRead, path)?;
        match self.answers.changes.get(path) {
            Some(Change::Any) => return Ok(()),
            Some(Change::New) if is_new => return Ok(()),
            Some(Change::Refused) => return Err(REFUSED),
            Some(Change::New) | None => {}
        }
        let effect = Effect::FileWrite {
            path: path.clone(),
            is_new,
            preview: self.state.proposal(paths::text(path)),
        };
        let change = match self.state.effect(effect).await {
            Err(_) => Change::Refused,
            Ok(()) if is_new => Change::New,
            Ok(()) => Change::Any,
        };
        self.answers.changes.insert(path.clone(), change);
        answer(change != Change::Refused)
    }

    /// This call has made the file itself: changing it further needs no other answer.
    pub(super) fn made(&mut self, path: &FilePath) {
        self.answers.changes.insert(path.clone(), Change::Any);
    }

    /// Whether something may be removed, or renamed to `to`.
    ///
    /// # Errors
    /// A recorded refusal.
    pub(super) async fn judge_removal(
        &mut self,
        path: &FilePath,
        to: Option<&FilePath>,
    ) -> Result<(), ErrorCode> {
        self.require(Capability::FilesRead, path)?;
        let key = (path.clone(), to.cloned());
        if let Some(is_allowed) = self.answers.removals.get(&key) {
            return answer(*is_allowed);
        }
        let effect = Effect::FileRemove {
            path: path.clone(),
            to: to.cloned(),
        };
        let is_allowed = self.state.effect(effect).await.is_ok();
        self.answers.removals.insert(key, is_allowed);
        answer(is_allowed)
    }

    /// Keeps a file as it is before the first change of this call: from the handle that is changed next, or by
    /// its name where that is what appears or goes.
    ///
    /// # Errors
    /// A recorded refusal when it could not be kept.
    pub(super) async fn before_change(
        &mut self,
        path: &FilePath,
        file: Option<BorrowedFd<'_>>,
    ) -> Result<(), ErrorCode> {
        if self.answers.kept.contains(path) {
            return Ok(());
        }
        let kept = self.state.keeping.before(&self.state.session, path, file);
        if let Err(error) = kept.await {
            return Err(self.not_kept(path, &error));
        }
        self.answers.kept.insert(path.clone());
        Ok(())
    }

    /// As [`Self::before_change`], of a folder that gets another name.
    ///
    /// # Errors
    /// As [`Self::before_change`].
    pub(super) async fn before_move(
        &mut self,
        from: &FilePath,
        to: &FilePath,
    ) -> Result<(), ErrorCode> {
        let kept = self
            .state
            .keeping
            .before_move(&self.state.session, from, to);
        if let Err(error) = kept.await {
            return Err(self.not_kept(from, &error));
        }
        let is_moved =
            |path: &FilePath| [from, to].iter().any(|at| paths::below(at, path).is_some());
        self.answers.kept.retain(|path| !is_moved(path));
        Ok(())
    }

    /// What was to be made was not made: somebody else was faster, and their file is to be kept.
    pub(super) fn not_made(&mut self, path: &FilePath) {
        self.answers.kept.remove(path);
        self.state.keeping.void(path);
    }

    fn not_kept(&self, path: &FilePath, error: &str) -> ErrorCode {
        self.refuse(format!(
            "`{}` was not changed: what it is now could not be kept ({error})",
            paths::shown(path)
        ))
    }

    /// Refuses to overwrite what this conversation has read in another state.
    pub(super) fn refuse_stale(&self, path: &FilePath, facts: &Facts) -> Result<(), ErrorCode> {
        let session = &self.state.session;
        if let Some(earlier) = self.stale.get(path) {
            // What this call read does not count as seen, so that the next try is refused too.
            session.saw(path.clone(), *earlier);
        }
        match session.stamp_of(path) {
            Some(stamp) if stamp != facts.stamp() => Err(self.refuse(format!(
                "`{}` changed since it was read; read it again",
                paths::shown(path)
            ))),
            _ => Ok(()),
        }
    }

    /// Refuses to change a file that has other names: it would change under those too.
    pub(super) fn refuse_linked(&self, path: &FilePath, facts: &Facts) -> Result<(), ErrorCode> {
        if !facts.is_file() || facts.links <= 1 {
            return Ok(());
        }
        Err(self.refuse(format!(
            "`{}` has other names (hard links), which would change with it; remove it and write it anew",
            paths::shown(path)
        )))
    }

    /// Refuses what is neither a file nor a folder, and information about processes.
    pub(super) fn refuse_special(&self, path: &FilePath, facts: &Facts) -> Result<(), ErrorCode> {
        if !facts.is_file() && !facts.is_folder() {
            return Err(self.special(path));
        }
        if self.process_device == Some(facts.dev) {
            return Err(self.refuse(format!(
                "`{}` is information about processes, which no tool may open",
                paths::shown(path)
            )));
        }
        Ok(())
    }

    pub(super) fn special(&self, path: &FilePath) -> ErrorCode {
        self.refuse(format!(
            "`{}` is neither a file nor a folder; tools may use only those",
            paths::shown(path)
        ))
    }

    /// Whether a capability was granted and reaches a path. Without reading there is no file access at all.
    fn require(&self, capability: Capability, path: &FilePath) -> Result<(), ErrorCode> {
        let reach = self.state.require(capability).map_err(|_| REFUSED)?;
        if is_within(&reach, path) {
            return Ok(());
        }
        let module = &self.state.caller.module;
        Err(self.refuse(format!(
            "`{}` is beyond the folders that the toolset `{module}` was granted `{capability}` for (`{}`); a person can widen it with `aroom tool grant {module} {capability}`",
            paths::shown(path),
            reach.folders.join("`, `")
        )))
    }
}

fn answer(is_allowed: bool) -> Result<(), ErrorCode> {
    if is_allowed { Ok(()) } else { Err(REFUSED) }
}

/// Whether a path lies in the folders of a grant; none means everywhere. Temp is free, and what is outside is
/// judged with its effect.
fn is_within(reach: &GrantReach, path: &FilePath) -> bool {
    let FilePath::Workspace(path) = path else {
        return true;
    };
    let folders = &reach.folders;
    let is_in = |folder: &String| {
        let mut names = path.split('/');
        paths::Spelled::new(folder)
            .names
            .iter()
            .all(|wanted| *wanted != ".." && names.next() == Some(wanted))
    };
    folders.is_empty() || folders.iter().any(is_in)
}
