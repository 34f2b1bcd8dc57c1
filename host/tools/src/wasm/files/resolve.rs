//! Finds out where a path leads, link by link, without ever letting the system follow one. Judges nothing.

use super::beneath::{self, Facts};
use super::code::code;
use super::nearby::Nearby;
use super::paths::{self, Spelled};
use crate::session::Session;
use anteroom_gate::FilePath;
use rustix::io::Errno;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

/// Links followed in one path at most, as on Linux.
const LINKS_MAX: u32 = 40;

/// Where a path leads: no link and no `..` in it.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) path: FilePath,
    /// What is there; none if the last name does not exist.
    pub(super) facts: Option<Facts>,
    /// Whether only a folder will do.
    pub(super) wants_folder: bool,
    /// Whether it is where its spelling says: no link and no `..` was taken.
    pub(super) is_as_spelled: bool,
}

/// Why a path leads nowhere.
#[derive(Debug)]
pub(super) enum Lost {
    /// The system's word for it.
    Code(ErrorCode),
    /// It leaves its root: the place where it does so, and where it wanted to go.
    Leaves { at: FilePath, to: String },
}

impl From<Errno> for Lost {
    fn from(errno: Errno) -> Self {
        Self::Code(code(errno))
    }
}

/// Where paths are resolved.
#[derive(Clone, Copy)]
pub(super) struct Map<'a> {
    pub(super) session: &'a Session,
    /// None where each look begins at the root.
    pub(super) nearby: Option<&'a Nearby>,
    /// Whether one of the roots lies within the other.
    pub(super) is_nested: bool,
}

impl<'a> Map<'a> {
    /// Where `path`, spelled by the guest relative to `folder`, leads. A link in the last place is followed
    /// only if `follows`; the last name need not exist.
    pub(super) fn resolve(
        self,
        folder: &FilePath,
        path: &str,
        follows: bool,
    ) -> Result<Found, Lost> {
        // A search asks for many thousand names; most are spelled as they are, and there is no link.
        let is_plain = paths::is_plain(path);
        if is_plain
            && let path = self.settle(paths::child(folder, path))
            && let Some((path, facts)) = self.at_once(path, follows)?
        {
            return Ok(Found {
                path,
                facts,
                wants_folder: false,
                is_as_spelled: true,
            });
        }
        check(path)?;
        let spelled = Spelled::new(path);
        if spelled.is_absolute {
            return Err(Lost::Leaves {
                at: folder.clone(),
                to: path.to_owned(),
            });
        }
        // A slash at the end asks for what is behind a link.
        let follows = follows || spelled.wants_folder;
        let found = match spelled.below(folder) {
            Some(path) if !is_plain => self.at_once(self.settle(path), follows)?,
            _ => None,
        };
        let is_as_spelled = found.is_some();
        let (path, facts) = match found {
            Some(found) => found,
            None => Walk::new(self, folder, &spelled).run(follows)?,
        };
        if spelled.wants_folder && facts.is_some_and(|facts| !facts.is_folder()) {
            return Err(Lost::Code(ErrorCode::NotDirectory));
        }
        Ok(Found {
            path,
            facts,
            wants_folder: spelled.wants_folder,
            is_as_spelled,
        })
    }

    /// Where a link to `target`, made in `folder`, would lead.
    pub(super) fn resolve_target(self, folder: &FilePath, target: &str) -> Result<FilePath, Lost> {
        check(target)?;
        let spelled = Spelled::new(target);
        let mut walk = Walk::new(self, folder, &spelled);
        if spelled.is_absolute {
            walk.ahead.clear();
            walk.enter(target, folder)?;
        }
        walk.run(true).map(|(path, _)| path)
    }

    /// The root a path really belongs to: one may lie in another, and all lie in `/`.
    pub(super) fn settle(self, path: FilePath) -> FilePath {
        if !self.is_nested && !matches!(path, FilePath::Outside(_)) {
            return path;
        }
        match paths::absolute(self.session, &path) {
            Some(absolute) => paths::place(self.session, &absolute),
            None => path,
        }
    }

    /// Most paths have no link in them: one look is enough. None if there is one.
    fn at_once(
        self,
        path: FilePath,
        follows: bool,
    ) -> Result<Option<(FilePath, Option<Facts>)>, Lost> {
        let alone = Nearby::default();
        match self.nearby.unwrap_or(&alone).look(self.session, &path) {
            Ok(Some(facts)) if facts.is_link() && follows => Ok(None),
            Ok(facts) => Ok(Some((path, facts))),
            Err(Errno::LOOP) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }
}

/// A walk from a root, name by name.
struct Walk<'a> {
    map: Map<'a>,
    here: FilePath,
    /// Names still to go, the next one last.
    ahead: Vec<String>,
    /// Whether it may leave the workspace: it began at `/`.
    may_leave: bool,
    links: u32,
}

impl<'a> Walk<'a> {
    /// From the root of `folder`, through it, along `path`.
    fn new(map: Map<'a>, folder: &FilePath, path: &Spelled<'_>) -> Self {
        let mut walk = Self {
            map,
            here: paths::beside(folder, String::new()),
            ahead: Vec::new(),
            may_leave: matches!(folder, FilePath::Outside(_)),
            links: 0,
        };
        walk.put_ahead(path);
        walk.put_ahead(&Spelled::new(paths::relative(folder)));
        walk
    }

    fn put_ahead(&mut self, path: &Spelled<'_>) {
        let names = path.names.iter().rev();
        self.ahead.extend(names.map(|name| (*name).to_owned()));
    }

    fn run(mut self, follows: bool) -> Result<(FilePath, Option<Facts>), Lost> {
        let mut facts = None;
        while let Some(name) = self.ahead.pop() {
            facts = None;
            if name == ".." {
                self.up()?;
                continue;
            }
            let is_last = self.ahead.is_empty();
            let next = self.map.settle(paths::child(&self.here, &name));
            match beneath::look(self.map.session, &next) {
                Ok(found) if found.is_link() && (follows || !is_last) => self.follow(&next)?,
                Ok(found) if !is_last && !found.is_folder() => {
                    return Err(Lost::Code(ErrorCode::NotDirectory));
                }
                Ok(found) => {
                    self.here = next;
                    facts = Some(found);
                }
                Err(Errno::NOENT) if is_last => return Ok((next, None)),
                Err(errno) => return Err(errno.into()),
            }
        }
        let facts = match facts {
            Some(facts) => facts,
            None => beneath::look(self.map.session, &self.here)?,
        };
        Ok((self.here, Some(facts)))
    }

    fn up(&mut self) -> Result<(), Lost> {
        if let Some((folder, _)) = paths::split(&self.here) {
            self.here = self.map.settle(folder);
            return Ok(());
        }
        let leaves = Lost::Leaves {
            at: self.here.clone(),
            to: "..".to_owned(),
        };
        if !self.may_leave {
            return Err(leaves);
        }
        let here = paths::absolute(self.map.session, &self.here).ok_or(leaves)?;
        let upper = here.rsplit_once('/').map_or("", |(upper, _)| upper);
        self.here = paths::place(self.map.session, upper);
        Ok(())
    }

    fn follow(&mut self, link: &FilePath) -> Result<(), Lost> {
        self.links += 1;
        if self.links > LINKS_MAX {
            return Err(Lost::Code(ErrorCode::Loop));
        }
        let target = beneath::read_link(self.map.session, link)?;
        check(&target)?;
        self.enter(&target, link)
    }

    /// Goes on with the target of a link that lies in `here`.
    fn enter(&mut self, target: &str, link: &FilePath) -> Result<(), Lost> {
        let spelled = Spelled::new(target);
        if !spelled.is_absolute {
            self.put_ahead(&spelled);
            return Ok(());
        }
        // Only the beginning is compared; what comes behind it is walked like any other path.
        let place = if self.may_leave {
            FilePath::Outside(target.to_owned())
        } else {
            paths::place(self.map.session, target)
        };
        if matches!(place, FilePath::Outside(_)) && !self.may_leave {
            return Err(Lost::Leaves {
                at: link.clone(),
                to: target.to_owned(),
            });
        }
        self.here = paths::beside(&place, String::new());
        self.put_ahead(&Spelled::new(paths::relative(&place)));
        Ok(())
    }
}

fn check(path: &str) -> Result<(), Lost> {
    if path.is_empty() {
        return Err(Lost::Code(ErrorCode::NoEntry));
    }
    if path.contains('\0') {
        return Err(Lost::Code(ErrorCode::Invalid));
    }
    if path.len() > paths::PATH_MAX {
        return Err(Lost::Code(ErrorCode::NameTooLong));
    }
    Ok(())
}
