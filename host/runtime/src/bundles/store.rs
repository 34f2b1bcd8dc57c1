//! Puts a checked bundle on the disk: file by file beside its place, synced, and moved there as a whole.

use super::archive::{self, Archive};
use super::state::{ARCHIVE, Edition, FILES, Held, Place};
use crate::config::private_file;
use rustix::fs::{Mode, OFlags};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// Puts one version where it is to lie; it does not count yet.
pub(crate) fn put(
    place: &Place,
    (archive, bytes): (&Archive, &[u8]),
    edition: &Edition,
    held: &Held,
) -> io::Result<PathBuf> {
    let target = place.edition(&archive.name, edition);
    if is_same(&target, archive) {
        return Ok(target);
    }
    let staged = stage(place, (archive, bytes), held)?;
    let parent = place.of(&archive.name);
    private_file::folder(&parent)?;
    // What is there and is not right is what a crash left, or was tampered with.
    match fs::remove_dir_all(&target) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::rename(&staged, &target)?;
    sync(&parent)?;
    sync(&place.store())?;
    Ok(target)
}

/// Writes everything into a new folder and makes sure that it is on the disk.
pub(crate) fn stage(
    place: &Place,
    (archive, bytes): (&Archive, &[u8]),
    _: &Held,
) -> io::Result<PathBuf> {
    let folder = place
        .staging()
        .join(format!("{}-{}", archive.name, &archive.hash[..16]));
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let files = folder.join(FILES);
    private_file::folder(&files)?;
    let mut folders = vec![folder.clone(), files.clone()];
    write(&folder.join(ARCHIVE), bytes)?;
    for (entry, content) in &archive.files {
        let path = files.join(&entry.path);
        let parent = path.parent().unwrap_or(&files).to_path_buf();
        private_file::folder(&parent)?;
        let between = parent.ancestors().take_while(|it| **it != *files);
        folders.extend(between.map(Path::to_path_buf));
        write(&path, content)?;
    }
    folders.sort();
    folders.dedup();
    folders.iter().try_for_each(|folder| sync(folder))?;
    Ok(folder)
}

/// Whether exactly these files lie there, and nothing else.
pub(crate) fn is_same(folder: &Path, archive: &Archive) -> bool {
    let files = folder.join(FILES);
    let is_right = |(entry, content): &(archive::Entry, Vec<u8>)| {
        read(&files.join(&entry.path), archive::FILE_MAX).is_ok_and(|found| found == *content)
    };
    archive.files.iter().all(is_right) && count(&files) == Some(archive.files.len())
}

/// A plain file, whole, and no link.
pub(crate) fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    read_open(file, most)
}

/// The same of a file that is open.
pub(crate) fn read_open(file: File, most: u64) -> io::Result<Vec<u8>> {
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no plain file"));
    }
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > most {
        true => Err(io::Error::other(format!(
            "it is larger than {} MB",
            most >> 20
        ))),
        false => Ok(bytes),
    }
}

/// Files below a folder; none if there is something that is neither file nor folder.
fn count(folder: &Path) -> Option<usize> {
    let mut all = 0;
    for entry in fs::read_dir(folder).ok()? {
        let entry = entry.ok()?;
        let kind = entry.file_type().ok()?;
        all += match () {
            () if kind.is_file() => 1,
            () if kind.is_dir() => count(&entry.path())?,
            () => return None,
        };
    }
    Some(all)
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?);
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
