//! Acts on names in folders: makes folders and links, removes, sets times. Renaming lives in `moves.rs`.

use super::beneath;
use super::code::code;
use super::resolve::{Found, Lost};
use super::{Guard, paths};
use anteroom_gate::FilePath;
use rustix::fs::{AtFlags, Mode, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};
use wasmtime_wasi::p2::bindings::filesystem::types::{ErrorCode, NewTimestamp};

impl Guard {
    /// Where a name is that is to be acted on itself, a link not followed. What is sensitive is judged before
    /// anything is told about it.
    pub(super) async fn find_name(
        &mut self,
        folder: &FilePath,
        path: &str,
    ) -> Result<Found, ErrorCode> {
        // A slash behind the name asks for a folder, not for what is behind a link.
        let name = path.trim_end_matches('/');
        let found = self.resolve(folder, name, false).await?;
        self.judge_look(&found.path).await?;
        match &found.facts {
            Some(facts) if path.len() > name.len() && !facts.is_folder() => {
                Err(ErrorCode::NotDirectory)
            }
            _ => Ok(found),
        }
    }

    pub(super) async fn read_link(
        &mut self,
        folder: &FilePath,
        path: &str,
    ) -> Result<String, ErrorCode> {
        let found = self.find_name(folder, path).await?;
        match found.facts {
            None => Err(ErrorCode::NoEntry),
            Some(facts) if !facts.is_link() => Err(ErrorCode::Invalid),
            Some(_) => beneath::read_link(&self.state.session, &found.path).map_err(code),
        }
    }

    pub(super) async fn create_folder(
        &mut self,
        folder: &FilePath,
        path: &str,
    ) -> Result<(), ErrorCode> {
        let path = self.new_name(folder, path).await?;
        self.judge_change(&path, true).await?;
        self.before_change(&path, None).await?;
        let (parent, name) = beneath::open_parent(&self.state.session, &path).map_err(code)?;
        rustix::fs::mkdirat(parent, name, Mode::from_raw_mode(0o777)).map_err(code)?;
        self.made(&path);
        Ok(())
    }

    pub(super) async fn remove(
        &mut self,
        folder: &FilePath,
        path: &str,
        is_folder: bool,
    ) -> Result<(), ErrorCode> {
        let found = self.find_name(folder, path).await?;
        let facts = found.facts.ok_or(ErrorCode::NoEntry)?;
        let flags = match (facts.is_folder(), is_folder) {
            (true, false) => return Err(ErrorCode::IsDirectory),
            (false, true) => return Err(ErrorCode::NotDirectory),
            (true, true) => AtFlags::REMOVEDIR,
            (false, false) => AtFlags::empty(),
        };
        self.judge_removal(&found.path, None).await?;
        self.before_change(&found.path, None).await?;
        let (parent, name) =
            beneath::open_parent(&self.state.session, &found.path).map_err(code)?;
        self.nearby.forget();
        rustix::fs::unlinkat(parent, name, flags).map_err(code)?;
        self.state.session.forget(&found.path);
        Ok(())
    }

    /// Makes a hard link. The file can be read through its new name, so reading it is judged as well.
    pub(super) async fn link(
        &mut self,
        from: &(FilePath, String),
        to: &(FilePath, String),
    ) -> Result<(), ErrorCode> {
        let old = self.find_name(&from.0, &from.1).await?;
        let facts = old.facts.ok_or(ErrorCode::NoEntry)?;
        if !facts.is_file() {
            return Err(ErrorCode::NotPermitted);
        }
        let new = self.new_name(&to.0, &to.1).await?;
        self.refuse_special(&old.path, &facts)?;
        self.judge_read(&old.path).await?;
        self.judge_other_names(&old.path, &facts).await?;
        self.judge_change(&new, true).await?;
        self.before_change(&new, None).await?;
        let session = &self.state.session;
        let (old_parent, old_name) = beneath::open_parent(session, &old.path).map_err(code)?;
        let (new_parent, new_name) = beneath::open_parent(session, &new).map_err(code)?;
        let flags = AtFlags::empty();
        rustix::fs::linkat(old_parent, old_name, new_parent, new_name, flags).map_err(code)
    }

    /// Makes a symbolic link. Where it leads is judged too: other programs follow it unasked.
    pub(super) async fn link_to(
        &mut self,
        target: &str,
        folder: &FilePath,
        path: &str,
    ) -> Result<(), ErrorCode> {
        let new = self.new_name(folder, path).await?;
        let parent = paths::split(&new).map_or_else(|| new.clone(), |(folder, _)| folder);
        let place = match self.map().resolve_target(&parent, target) {
            Ok(place) => Some(place),
            // It may be made later; then it is judged by whoever follows the link.
            Err(Lost::Code(ErrorCode::NoEntry)) => None,
            Err(lost) => return Err(self.lost(lost)),
        };
        self.judge_spelling(&parent, target, place.as_ref()).await?;
        if let Some(place) = place {
            self.judge_look(&place).await?;
        }
        self.judge_change(&new, true).await?;
        self.before_change(&new, None).await?;
        let (parent, name) = beneath::open_parent(&self.state.session, &new).map_err(code)?;
        rustix::fs::symlinkat(target, parent, name).map_err(code)
    }

    pub(super) async fn set_times(
        &mut self,
        folder: &FilePath,
        path: &str,
        follows: bool,
        times: &Timestamps,
    ) -> Result<(), ErrorCode> {
        let found = self.find(folder, path, follows).await?;
        let facts = found.facts.ok_or(ErrorCode::NoEntry)?;
        self.judge_change(&found.path, false).await?;
        let session = &self.state.session;
        if paths::relative(&found.path).is_empty() {
            return rustix::fs::futimens(beneath::root(session, &found.path), times).map_err(code);
        }
        let (parent, name) = beneath::open_parent(session, &found.path).map_err(code)?;
        rustix::fs::utimensat(&parent, name, times, AtFlags::SYMLINK_NOFOLLOW).map_err(code)?;
        if session.stamp_of(&found.path) == Some(facts.stamp())
            && let Ok(facts) = beneath::look_at(&parent, name)
        {
            session.saw(found.path, facts.stamp());
        }
        Ok(())
    }

    /// A name that is not taken.
    async fn new_name(&mut self, folder: &FilePath, path: &str) -> Result<FilePath, ErrorCode> {
        let found = self.find_name(folder, path).await?;
        match found.facts {
            Some(_) => Err(ErrorCode::Exist),
            None => Ok(found.path),
        }
    }
}

/// Times as the system takes them.
pub(super) fn timestamps(
    accessed: NewTimestamp,
    modified: NewTimestamp,
) -> Result<Timestamps, ErrorCode> {
    Ok(Timestamps {
        last_access: timespec(accessed)?,
        last_modification: timespec(modified)?,
    })
}

fn timespec(time: NewTimestamp) -> Result<Timespec, ErrorCode> {
    Ok(match time {
        NewTimestamp::NoChange => Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_OMIT,
        },
        NewTimestamp::Now => Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_NOW,
        },
        NewTimestamp::Timestamp(time) => Timespec {
            tv_sec: time.seconds.try_into().map_err(|_| ErrorCode::Overflow)?,
            tv_nsec: time.nanoseconds.into(),
        },
    })
}
