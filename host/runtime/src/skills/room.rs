//! A folder whose files are read within bounds, and without being led elsewhere.
//!
//! What lies in a workspace may be anybody's: a link there could name a secret, and a pipe would wait for ever.
//! Handles are passed on instead of paths, so that it stays the folder that was looked at.

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Names of one folder that are looked at.
const MAX_NAMES: usize = 1024;

/// Whether links count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Links {
    /// Wherever they lead: the user made them.
    Followed,
    /// No link is followed.
    Refused,
}

/// An open folder.
#[derive(Debug)]
pub(crate) struct Room {
    folder: OwnedFd,
    links: Links,
}

/// Something in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) is_folder: bool,
}

/// A file that was read.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) bytes: Vec<u8>,
    pub(crate) is_executable: bool,
}

/// Why a file was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unread {
    #[error("there is no such file")]
    Missing,
    #[error("it is a link, or lies behind one; links are not followed here")]
    Link,
    #[error("it is no plain file")]
    Special,
    #[error("it is larger than {0} bytes")]
    Large(u64),
    #[error("{0}")]
    Failed(#[from] Errno),
}

impl Room {
    /// Opens a folder, wherever links lead.
    pub(crate) fn open(folder: &Path) -> Result<Self, Unread> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::open(folder, flags, Mode::empty()).map_err(unread)?;
        Ok(Self {
            folder,
            links: Links::Followed,
        })
    }

    /// Opens a folder below another one. Links on the way may lead anywhere below that, those in it nowhere.
    pub(crate) fn beneath(above: &Path, below: &Path) -> Result<Self, Unread> {
        let above = Self::open(above)?;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::openat2(&above.folder, below, flags, Mode::empty(), resolve);
        Ok(Self {
            folder: folder.map_err(unread)?,
            links: Links::Refused,
        })
    }

    /// Makes a folder of this name, which must not be there, for its owner only.
    pub(crate) fn make(&self, name: &str) -> Result<Self, Unread> {
        rustix::fs::mkdirat(&self.folder, name, Mode::RWXU).map_err(unread)?;
        Self {
            links: Links::Refused,
            ..self.again()?
        }
        .inner(name)
    }

    /// The same folder once more.
    pub(crate) fn again(&self) -> Result<Self, Unread> {
        Ok(Self {
            folder: self.folder.try_clone().map_err(|_| Errno::MFILE)?,
            links: self.links,
        })
    }

    /// A folder in it.
    pub(crate) fn inner(&self, name: &str) -> Result<Self, Unread> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self {
            folder: self.opened(name, flags, Mode::empty())?,
            links: self.links,
        })
    }

    /// What is in it by name, without what is hidden or no plain name.
    pub(crate) fn entries(&self) -> Result<Vec<Entry>, Unread> {
        let mut found = Vec::new();
        for entry in Dir::read_from(&self.folder)?.take(MAX_NAMES) {
            let entry = entry?;
            let Ok(name) = entry.file_name().to_str() else {
                continue;
            };
            if name.starts_with('.') || name.chars().any(char::is_control) {
                continue;
            }
            let Some(is_folder) = self.is_folder(name) else {
                continue;
            };
            found.push(Entry {
                name: name.to_owned(),
                is_folder,
            });
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// None for what is neither a folder nor a file, as far as it may be told.
    fn is_folder(&self, name: &str) -> Option<bool> {
        let flags = match self.links {
            Links::Followed => AtFlags::empty(),
            Links::Refused => AtFlags::SYMLINK_NOFOLLOW,
        };
        let about = rustix::fs::statat(&self.folder, name, flags).ok()?;
        match FileType::from_raw_mode(about.st_mode) {
            FileType::Directory => Some(true),
            // A link is told of when it is opened.
            FileType::RegularFile | FileType::Symlink => Some(false),
            _ => None,
        }
    }

    /// A plain file in it, whole.
    pub(crate) fn read(&self, name: &str, most: u64) -> Result<Content, Unread> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = File::from(self.opened(name, flags, Mode::empty())?);
        let about = file.metadata().map_err(|_| Unread::Special)?;
        if !about.is_file() {
            return Err(Unread::Special);
        }
        let mut bytes = Vec::new();
        let read = file.take(most + 1).read_to_end(&mut bytes);
        read.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
        if bytes.len() as u64 > most {
            return Err(Unread::Large(most));
        }
        Ok(Content {
            bytes,
            is_executable: about.permissions().mode() & 0o100 != 0,
        })
    }

    /// Writes a file that must not be there.
    pub(crate) fn write(&self, name: &str, content: &Content) -> Result<(), Unread> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let mode = match content.is_executable {
            true => Mode::RWXU,
            false => Mode::RUSR | Mode::WUSR,
        };
        let mut file = File::from(self.opened(name, flags, mode)?);
        let written = file.write_all(&content.bytes);
        written.map_err(|error| Unread::Failed(Errno::from_io_error(&error).unwrap_or(Errno::IO)))
    }

    fn opened(&self, name: &str, flags: OFlags, mode: Mode) -> Result<OwnedFd, Unread> {
        let resolve = match self.links {
            Links::Followed => ResolveFlags::empty(),
            Links::Refused => ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS,
        };
        rustix::fs::openat2(&self.folder, name, flags, mode, resolve).map_err(unread)
    }
}

fn unread(error: Errno) -> Unread {
    match error {
        Errno::NOENT | Errno::NOTDIR => Unread::Missing,
        Errno::LOOP | Errno::XDEV => Unread::Link,
        error => Unread::Failed(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_link_of_a_workspace_leads_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("repo/skills/a")).unwrap();
        std::fs::create_dir_all(root.join("elsewhere/b")).unwrap();
        std::fs::write(root.join("secret"), "key").unwrap();
        std::fs::write(root.join("repo/.env"), "key").unwrap();
        symlink(root.join("secret"), root.join("repo/skills/a/SKILL.md")).unwrap();
        symlink("../../.env", root.join("repo/skills/a/inside")).unwrap();
        symlink(root.join("elsewhere"), root.join("repo/out")).unwrap();
        symlink("skills", root.join("repo/other")).unwrap();
        symlink(root.join("elsewhere/b"), root.join("repo/skills/b")).unwrap();
        let repo = root.join("repo");
        let outside = Room::beneath(&repo, Path::new("out"));
        assert_eq!(outside.unwrap_err(), Unread::Link);
        // A link that stays below is only another name of a folder.
        let room = Room::beneath(&repo, Path::new("other")).unwrap();
        let skill = room.inner("a").unwrap();
        assert_eq!(skill.read("SKILL.md", 100).unwrap_err(), Unread::Link);
        assert_eq!(skill.read("inside", 100).unwrap_err(), Unread::Link);
        assert_eq!(room.inner("b").unwrap_err(), Unread::Link);
        // The user's own links are the user's.
        let own = Room::open(&repo.join("skills"))
            .unwrap()
            .inner("a")
            .unwrap();
        assert_eq!(own.read("SKILL.md", 100).unwrap().bytes, b"key");
    }

    #[test]
    fn files_are_bounded_and_plain() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), "12345").unwrap();
        std::fs::create_dir(folder.path().join("b")).unwrap();
        std::fs::write(folder.path().join(".hidden"), "").unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            folder.path().join("pipe"),
            FileType::Fifo,
            Mode::RWXU,
            0,
        )
        .unwrap();
        let room = Room::open(folder.path()).unwrap();
        assert_eq!(room.read("a", 5).unwrap().bytes, b"12345");
        assert_eq!(room.read("a", 4).unwrap_err(), Unread::Large(4));
        assert_eq!(room.read("pipe", 4).unwrap_err(), Unread::Special);
        assert_eq!(room.read("c", 4).unwrap_err(), Unread::Missing);
        let names: Vec<(String, bool)> = room
            .entries()
            .unwrap()
            .into_iter()
            .map(|entry| (entry.name, entry.is_folder))
            .collect();
        assert_eq!(names, [("a".to_owned(), false), ("b".to_owned(), true)]);
    }
}
