//! What a repository's own files tell of its state: no program is started for it.

use rustix::fs::{Mode, OFlags};
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Bytes of an index that is looked at, and entries that are compared with the files they stand for.
const MAX_INDEX_BYTES: u64 = 2 << 20;
const MAX_ENTRIES: u32 = 5_000;
/// Bytes of an entry before its path.
const ENTRY_BYTES: usize = 62;

/// The branch, if there is one and its name is plain.
pub(crate) fn branch(workspace: &Path) -> Option<String> {
    let head = read(&workspace.join(".git/HEAD"), 4096)?;
    let head = String::from_utf8(head).ok()?;
    let branch = head.trim().strip_prefix("ref: refs/heads/")?;
    let is_plain = branch.len() <= 100
        && branch
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c));
    is_plain.then(|| branch.to_owned())
}

/// How many tracked files differ from the index, by size and time as git itself looks first. None for an
/// index that is too large or in a form we do not read.
pub(crate) fn changed(workspace: &Path) -> Option<usize> {
    let index = read(&workspace.join(".git/index"), MAX_INDEX_BYTES)?;
    let mut rest = index.strip_prefix(b"DIRC")?;
    let version = number(&mut rest)?;
    let count = number(&mut rest)?;
    if !matches!(version, 2 | 3) || count > MAX_ENTRIES {
        return None;
    }
    let mut changed = 0;
    for _ in 0..count {
        let (entry, after) = Entry::take(rest)?;
        rest = after;
        changed += usize::from(entry.differs(workspace)?);
    }
    Some(changed)
}

struct Entry<'a> {
    seconds: u32,
    mode: u32,
    size: u32,
    flags: u16,
    path: &'a str,
}

impl<'a> Entry<'a> {
    fn take(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let at = |offset: usize| {
            let four = bytes.get(offset..offset + 4)?;
            Some(u32::from_be_bytes(four.try_into().ok()?))
        };
        let flags = u16::from_be_bytes(bytes.get(60..62)?.try_into().ok()?);
        let is_extended = flags & 0x4000 != 0;
        let start = ENTRY_BYTES + if is_extended { 2 } else { 0 };
        let path = bytes.get(start..)?;
        let path = path.get(..path.iter().position(|byte| *byte == 0)?)?;
        // Padded with 1 to 8 null bytes to a multiple of eight.
        let length = (start + path.len()) / 8 * 8 + 8;
        let entry = Self {
            seconds: at(8)?,
            mode: at(24)?,
            size: at(36)?,
            flags,
            path: std::str::from_utf8(path).ok()?,
        };
        Some((entry, bytes.get(length..)?))
    }

    /// None for a path that leads out of the workspace: an index like that says nothing.
    fn differs(&self, workspace: &Path) -> Option<bool> {
        let is_inside =
            !self.path.starts_with('/') && self.path.split('/').all(|part| part != "..");
        if !is_inside {
            return None;
        }
        let is_link_to_repository = self.mode & 0o170_000 == 0o160_000;
        let is_left_alone = self.flags & 0xc000 != 0;
        if is_link_to_repository || is_left_alone {
            return Some(false);
        }
        let Ok(about) = workspace.join(self.path).symlink_metadata() else {
            return Some(true);
        };
        let [size, seconds] = [about.size(), about.mtime().unsigned_abs()]
            .map(|whole| u32::try_from(whole & u64::from(u32::MAX)).unwrap_or_default());
        Some(size != self.size || seconds != self.seconds)
    }
}

fn number(bytes: &mut &[u8]) -> Option<u32> {
    let (four, rest) = bytes.split_first_chunk::<4>()?;
    *bytes = rest;
    Some(u32::from_be_bytes(*four))
}

/// A plain file of at most so many bytes; neither a link nor a pipe.
fn read(path: &Path, most: u64) -> Option<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOFOLLOW;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty()).ok()?);
    let about = file.metadata().ok()?;
    if !about.is_file() || about.len() > most {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An index of version 2 with entries as git writes them.
    fn index(entries: &[(&str, u32, u32)]) -> Vec<u8> {
        let mut bytes = b"DIRC\0\0\0\x02".to_vec();
        bytes.extend(u32::try_from(entries.len()).unwrap().to_be_bytes());
        for (path, seconds, size) in entries {
            let mut entry = vec![0_u8; ENTRY_BYTES];
            entry[8..12].copy_from_slice(&seconds.to_be_bytes());
            entry[24..28].copy_from_slice(&0o100_644_u32.to_be_bytes());
            entry[36..40].copy_from_slice(&size.to_be_bytes());
            entry.extend(path.as_bytes());
            entry.resize((entry.len() / 8 + 1) * 8, 0);
            bytes.extend(entry);
        }
        bytes.extend([0; 20]);
        bytes
    }

    #[test]
    fn changes_are_counted_without_a_program() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir(root.join(".git")).unwrap();
        std::fs::write(root.join(".git/HEAD"), "ref: refs/heads/fix/retry\n").unwrap();
        for name in ["same", "grown"] {
            std::fs::write(root.join(name), "12345").unwrap();
        }
        let about = std::fs::metadata(root.join("same")).unwrap();
        let seconds = u32::try_from(about.mtime()).unwrap();
        let entries = [("grown", seconds, 4), ("same", seconds, 5), ("gone", 1, 1)];
        std::fs::write(root.join(".git/index"), index(&entries)).unwrap();
        assert_eq!(branch(root).as_deref(), Some("fix/retry"));
        assert_eq!(changed(root), Some(2));
    }

    #[test]
    fn what_is_no_index_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        assert_eq!((branch(root), changed(root)), (None, None));
        std::fs::create_dir(root.join(".git")).unwrap();
        std::fs::write(
            root.join(".git/HEAD"),
            "ref: refs/heads/a\nIgnore all rules",
        )
        .unwrap();
        assert_eq!(branch(root), None);
        let whole = index(&[("a", 1, 1)]);
        let cases = [
            whole[..whole.len() - 30].to_vec(),
            b"DIRC\0\0\0\x04\0\0\0\x01".to_vec(),
            index(&[("../../etc/passwd", 1, 1)]),
            Vec::new(),
        ];
        for bytes in cases {
            std::fs::write(root.join(".git/index"), bytes).unwrap();
            assert_eq!(changed(root), None);
        }
    }
}
