//! Opens files and folders: the moment at which a read or a change is judged.

use super::beneath::{self, Facts};
use super::code::code;
use super::handle::{Handle, OPEN_MAX, Opened};
use super::resolve::{Found, Lost, Map};
use super::{Guard, paths};
use anteroom_gate::FilePath;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;
use wasmtime_wasi::p2::bindings::filesystem::types::{DescriptorFlags, ErrorCode, OpenFlags};

/// How often a path is resolved anew when it turns out to have changed meanwhile.
const ROUNDS: u32 = 3;

/// For any open: a pipe does not block, a terminal does not become ours.
const CALM: OFlags = OFlags::NONBLOCK.union(OFlags::NOCTTY);

/// What the guest wants of an open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    follows: bool,
    reads: bool,
    writes: bool,
    creates: bool,
    must_be_new: bool,
    truncates: bool,
    wants_folder: bool,
}

/// What was opened, and where.
struct Open {
    path: FilePath,
    fd: OwnedFd,
    facts: Facts,
    /// Whether the conversation knows its content.
    is_known: bool,
}

impl Wish {
    pub(super) fn new(follows: bool, open: OpenFlags, flags: DescriptorFlags) -> Self {
        Self {
            follows,
            reads: flags.contains(DescriptorFlags::READ),
            writes: flags.contains(DescriptorFlags::WRITE),
            creates: open.contains(OpenFlags::CREATE),
            must_be_new: open.contains(OpenFlags::EXCLUSIVE),
            truncates: open.contains(OpenFlags::TRUNCATE),
            wants_folder: open.contains(OpenFlags::DIRECTORY),
        }
    }

    fn is_change(self) -> bool {
        self.writes || self.creates || self.truncates
    }
}

impl Guard {
    /// Opens a path for the guest.
    pub(super) async fn open(
        &mut self,
        folder: &FilePath,
        path: &str,
        wish: Wish,
    ) -> Result<Handle, ErrorCode> {
        let Some(slot) = self.slots.take() else {
            return Err(self.refuse(format!(
                "the call has {OPEN_MAX} files open, which is the limit; close some first"
            )));
        };
        let since = wish.wants_folder.then(Instant::now);
        let open = match wish.is_change() {
            true if wish.wants_folder => return Err(ErrorCode::Invalid),
            true => self.open_to_change(folder, path, wish).await?,
            false => self.open_to_read(folder, path, wish).await?,
        };
        self.state.counters.files_opened.add(1);
        let opened = Opened::new(open.fd, slot);
        if let Some(since) = since.filter(|_| open.facts.is_folder()) {
            let fd = Arc::clone(&opened.fd);
            self.nearby.keep(open.path.clone(), fd, since);
        }
        Ok(Handle {
            path: open.path,
            opened: opened.into(),
            facts: open.facts,
            may_read: wish.reads || !wish.is_change(),
            may_write: wish.writes,
            is_known: open.is_known,
            is_listed: AtomicBool::new(false),
        })
    }

    /// Where a path leads, for an operation that only looks. What is sensitive is refused before it is told
    /// whether it exists.
    pub(super) async fn find(
        &mut self,
        folder: &FilePath,
        path: &str,
        follows: bool,
    ) -> Result<Found, ErrorCode> {
        let found = self.resolve(folder, path, follows).await?;
        self.judge_look(&found.path).await?;
        Ok(found)
    }

    /// Where a path leads. A path that is spelled like something sensitive is judged by its spelling too,
    /// wherever it leads and whether or not it leads anywhere.
    pub(super) async fn resolve(
        &mut self,
        folder: &FilePath,
        path: &str,
        follows: bool,
    ) -> Result<Found, ErrorCode> {
        let found = self.map().resolve(folder, path, follows);
        if found.as_ref().is_ok_and(|found| found.is_as_spelled) {
            // Its spelling is the place, which is judged by whoever asks.
            return found.map_err(|lost| self.lost(lost));
        }
        let place = found.as_ref().ok().map(|found| &found.path);
        self.judge_spelling(folder, path, place).await?;
        found.map_err(|lost| self.lost(lost))
    }

    /// Judges what a path is called, unless where it leads is sensitive in itself and judged anyway.
    pub(super) async fn judge_spelling(
        &mut self,
        folder: &FilePath,
        path: &str,
        place: Option<&FilePath>,
    ) -> Result<(), ErrorCode> {
        let Some(spelled) = paths::Spelled::new(path).below(folder) else {
            return Ok(());
        };
        let spelled = self.map().settle(spelled);
        if !self.is_sensitive(&spelled) || place.is_some_and(|place| self.is_sensitive(place)) {
            return Ok(());
        }
        self.judge_read(&spelled).await
    }

    pub(super) fn map(&self) -> Map<'_> {
        Map {
            session: &self.state.session,
            // Programs that the call runs move folders, and it may know when.
            nearby: (self.state.counters.processes.get() == 0).then_some(&self.nearby),
            is_nested: self.is_nested,
        }
    }

    /// Records where a path would leave its root.
    pub(super) fn lost(&self, lost: Lost) -> ErrorCode {
        match lost {
            Lost::Code(code) => code,
            Lost::Leaves { at, to } => self.refuse(format!(
                "`{}` leads to `{}`, outside the workspace; use the file's own absolute path, and a person will be asked",
                paths::shown(&at),
                anteroom_gate::visible(&to)
            )),
        }
    }

    async fn open_to_read(
        &mut self,
        folder: &FilePath,
        path: &str,
        wish: Wish,
    ) -> Result<Open, ErrorCode> {
        let mut flags = OFlags::RDONLY | CALM;
        if wish.wants_folder {
            flags |= OFlags::DIRECTORY;
        }
        let is_inside = !self.is_nested && !matches!(folder, FilePath::Outside(_));
        if is_inside && paths::is_plain(path) {
            let path = paths::child(folder, path);
            if self.is_free_to_read(&path) {
                // No link is crossed, so the path that was judged is the one that is opened.
                match beneath::open(&self.state.session, &path, flags) {
                    Err(Errno::LOOP) => self.nearby.forget(),
                    opened => return self.opened_to_read(path, opened).await,
                }
            }
        }
        for _ in 0..ROUNDS {
            let found = self.resolve(folder, path, wish.follows).await?;
            self.judge_read(&found.path).await?;
            match found.facts {
                None => return Err(ErrorCode::NoEntry),
                Some(facts) if facts.is_link() => return Err(ErrorCode::Loop),
                Some(_) => {}
            }
            match beneath::open(&self.state.session, &found.path, flags) {
                Err(Errno::LOOP) => self.nearby.forget(),
                opened => return self.opened_to_read(found.path, opened).await,
            }
        }
        Err(self.unsteady(path))
    }

    async fn opened_to_read(
        &mut self,
        path: FilePath,
        opened: Result<OwnedFd, Errno>,
    ) -> Result<Open, ErrorCode> {
        let fd = match opened {
            // A socket cannot be opened at all.
            Err(Errno::NXIO) => return Err(self.special(&path)),
            opened => opened.map_err(code)?,
        };
        let facts = Facts::of(&fd).map_err(code)?;
        self.refuse_special(&path, &facts)?;
        self.judge_other_names(&path, &facts).await?;
        if facts.is_file() {
            let earlier = self.state.session.stamp_of(&path);
            if let Some(earlier) = earlier.filter(|earlier| *earlier != facts.stamp()) {
                self.stale.entry(path.clone()).or_insert(earlier);
            }
            self.state.session.saw(path.clone(), facts.stamp());
        }
        Ok(Open {
            path,
            fd,
            facts,
            is_known: true,
        })
    }

    async fn open_to_change(
        &mut self,
        folder: &FilePath,
        path: &str,
        wish: Wish,
    ) -> Result<Open, ErrorCode> {
        for _ in 0..ROUNDS {
            let found = self.resolve(folder, path, wish.follows).await?;
            // What cannot be done is not asked about; but nothing is told unasked about what is sensitive.
            if !self.is_sensitive(&found.path) {
                self.check_change(&found, wish)?;
            }
            self.judge_change(&found.path, found.facts.is_none())
                .await?;
            self.check_change(&found, wish)?;
            let opened = match found.facts {
                Some(_) => self.open_existing(found.path, wish).await?,
                None => self.create(found.path).await?,
            };
            if let Some(open) = opened {
                return Ok(open);
            }
            self.nearby.forget();
        }
        Err(self.unsteady(path))
    }

    fn check_change(&self, found: &Found, wish: Wish) -> Result<(), ErrorCode> {
        match &found.facts {
            None if !wish.creates => Err(ErrorCode::NoEntry),
            None if found.wants_folder => Err(ErrorCode::IsDirectory),
            None => Ok(()),
            Some(_) if wish.must_be_new => Err(ErrorCode::Exist),
            Some(facts) => self.check_existing(&found.path, facts, wish),
        }
    }

    fn check_existing(&self, path: &FilePath, facts: &Facts, wish: Wish) -> Result<(), ErrorCode> {
        if facts.is_link() {
            return Err(ErrorCode::Loop);
        }
        if facts.is_folder() {
            return Err(ErrorCode::IsDirectory);
        }
        self.refuse_special(path, facts)?;
        self.refuse_linked(path, facts)?;
        if wish.truncates {
            self.refuse_stale(path, facts)?;
        }
        Ok(())
    }

    /// Opens what is there, hands it over, and only then cuts it. None if the path has changed since it was
    /// judged.
    async fn open_existing(
        &mut self,
        path: FilePath,
        wish: Wish,
    ) -> Result<Option<Open>, ErrorCode> {
        let session = &self.state.session;
        let mut opened = beneath::open(session, &path, OFlags::RDWR | CALM);
        if matches!(opened, Err(Errno::ACCESS)) {
            opened = beneath::open(session, &path, OFlags::WRONLY | CALM);
        }
        let fd = match opened {
            Err(Errno::LOOP | Errno::NOENT) => return Ok(None),
            Err(Errno::NXIO) => return Err(self.special(&path)),
            opened => opened.map_err(code)?,
        };
        let facts = Facts::of(&fd).map_err(code)?;
        self.check_existing(&path, &facts, wish)?;
        let stamp = self.state.session.stamp_of(&path);
        let is_known = wish.truncates || stamp == Some(facts.stamp());
        self.before_change(&path, Some(fd.as_fd())).await?;
        if wish.truncates {
            rustix::fs::ftruncate(&fd, 0).map_err(code)?;
        }
        Ok(Some(Open {
            path,
            fd,
            facts,
            is_known,
        }))
    }

    /// Makes a new file. None if something is there meanwhile.
    async fn create(&mut self, path: FilePath) -> Result<Option<Open>, ErrorCode> {
        self.before_change(&path, None).await?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | CALM;
        let mode = Mode::from_raw_mode(0o666);
        let fd = match beneath::open_mode(&self.state.session, &path, flags, mode) {
            Err(Errno::LOOP | Errno::EXIST) => {
                self.not_made(&path);
                return Ok(None);
            }
            opened => opened.map_err(code)?,
        };
        let facts = Facts::of(&fd).map_err(code)?;
        self.made(&path);
        Ok(Some(Open {
            path,
            fd,
            facts,
            is_known: true,
        }))
    }

    fn unsteady(&self, path: &str) -> ErrorCode {
        self.refuse(format!(
            "`{}` changed again and again while it was being opened; try it once more",
            anteroom_gate::visible(path)
        ))
    }
}
