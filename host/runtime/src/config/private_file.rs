//! Files that only the user may read, written whole or not at all.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// What to do about a file that is already there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    Replace,
    /// Fail with [`ErrorKind::AlreadyExists`], also if another process was faster.
    Keep,
}

/// Names tried for the temporary file: left-overs of crashed runs may hold the first ones.
const MOST_NAMES: u32 = 64;

/// Writes a file with mode 0600: beside its place first, then into it, so that a crash or a full
/// disk leaves what was there. Makes missing folders with mode 0700.
pub(crate) fn write(path: &Path, bytes: &[u8], existing: Existing) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    self::folder(folder)?;
    let (temporary, file) = create_beside(folder, path)?;
    let outcome = fill(file, bytes).and_then(|()| put(&temporary, path, existing));
    if outcome.is_err() || existing == Existing::Keep {
        // The outcome is what the caller needs; a left-over is harmless.
        let _ = fs::remove_file(&temporary);
    }
    outcome?;
    sync_folder(folder)
}

/// Opens for appending with mode 0600, also when the file is older and was more open.
pub(crate) fn append(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        self::folder(folder)?;
    }
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    private(&mut options);
    let file = options.open(path)?;
    close_to_others(&file)?;
    Ok(file)
}

/// Takes the access of others away, if they have any.
#[cfg(unix)]
pub(crate) fn close_to_others(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    file.set_permissions(fs::Permissions::from_mode(mode & 0o700))
}

#[cfg(not(unix))]
pub(crate) fn close_to_others(_file: &File) -> io::Result<()> {
    Ok(())
}

/// Makes a folder with mode 0700, and those it lies in, where they are missing.
pub(crate) fn folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}

fn create_beside(folder: &Path, path: &Path) -> io::Result<(PathBuf, File)> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    private(&mut options);
    for attempt in 0..MOST_NAMES {
        let temporary = folder.join(format!(".{name}.{}.{attempt}.tmp", std::process::id()));
        match options.open(&temporary) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            outcome => return outcome.map(|file| (temporary, file)),
        }
    }
    Err(io::Error::new(
        ErrorKind::AlreadyExists,
        format!("too many `.{name}.*.tmp` files are in the folder"),
    ))
}

fn private(options: &mut OpenOptions) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    #[cfg(not(unix))]
    let _ = options;
}

fn fill(mut file: File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_all()
}

fn put(temporary: &Path, path: &Path, existing: Existing) -> io::Result<()> {
    match existing {
        Existing::Replace => fs::rename(temporary, path),
        // A link, unlike a rename, does not replace what another process just put there.
        Existing::Keep => fs::hard_link(temporary, path),
    }
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}
