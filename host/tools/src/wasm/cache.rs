//! Compiled code on disk, by hash of the component and fingerprint of the engine, and beside it what the component
//! says of its tools. The only place that takes machine code from a file, hence the care about who can have written it.

use crate::source::Source;
use crate::wasm::describe::Manifest;
use crate::wasm::engine::Engine;
use rustix::fs::{Mode, OFlags};
use sha2::{Digest as _, Sha256};
use std::cmp::Reverse;
use std::fs::{self, DirBuilder, File};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;
use wasmtime::component::Component;

/// Entries kept; the longest unused ones go first.
const ENTRIES_MAX: usize = 128;
/// Bytes kept; the longest unused ones go first.
const BYTES_MAX: u64 = 512 << 20;
/// How the file ends that holds what a component says of its tools.
const SAID: &str = "json";

/// A private folder of compiled components.
#[derive(Debug)]
pub(crate) struct Cache {
    /// None when the folder cannot be made private: then nothing is kept.
    folder: Option<PathBuf>,
    written: AtomicU64,
}

impl Cache {
    /// Opens the folder, making it for its owner only.
    pub(crate) fn open(folder: &Path) -> Self {
        let private = private_folder(folder);
        if let Err(error) = &private {
            tracing::warn!(%error, folder = %folder.display(), "compiled tools are not kept");
        }
        Self {
            folder: private.ok(),
            written: AtomicU64::new(0),
        }
    }

    /// The compiled form of a component: from the folder, or compiled now and kept there.
    ///
    /// # Errors
    /// What the compiler says to bytes that are no component, or that they cannot be unpacked.
    pub(crate) fn component(
        &self,
        engine: &Engine,
        hash: &str,
        source: &Source,
    ) -> wasmtime::Result<Component> {
        let path = self.path_of(engine, hash);
        if let Some(found) = path.as_deref().and_then(|path| load(engine, path)) {
            return Ok(found);
        }
        let code = engine.compile(&source.bytes()?)?;
        if let Some(path) = path {
            match self.keep(&path, &code) {
                // What is mapped from the file does not stay in memory, unlike what was just compiled.
                Ok(()) => {
                    if let Some(found) = load(engine, &path) {
                        return Ok(found);
                    }
                }
                Err(error) => tracing::warn!(%error, "could not keep a compiled tool"),
            }
        }
        from_compiler(engine, &code)
    }

    /// What a component said of its tools, if that was kept.
    pub(crate) fn manifests(&self, engine: &Engine, hash: &str) -> Option<Vec<Manifest>> {
        let path = said_at(&self.path_of(engine, hash)?);
        let mut said = Vec::new();
        open_own(&path)?.read_to_end(&mut said).ok()?;
        serde_json::from_slice(&said).ok()
    }

    /// Keeps what a component said of its tools.
    pub(crate) fn keep_manifests(&self, engine: &Engine, hash: &str, said: &[Manifest]) {
        let path = self.path_of(engine, hash);
        let kept = path.map(|path| self.put(&said_at(&path), &serde_json::to_vec(said)?));
        if let Some(Err(error)) = kept {
            tracing::warn!(%error, "could not keep what a tool says of itself");
        }
    }

    fn path_of(&self, engine: &Engine, hash: &str) -> Option<PathBuf> {
        let mut fingerprint = DefaultHasher::new();
        engine
            .inner()
            .precompile_compatibility_hash()
            .hash(&mut fingerprint);
        let name = format!("{hash}-{:016x}.cwasm", fingerprint.finish());
        self.folder.as_ref().map(|folder| folder.join(name))
    }

    fn keep(&self, path: &Path, code: &[u8]) -> io::Result<()> {
        self.put(path, code)?;
        self.prune(path)
    }

    /// Writes beside and renames, so that no reader and no crash ever meets half a file.
    fn put(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let beside = path.with_extension(format!("{}-{number}.tmp", std::process::id()));
        let written = write_private(&beside, content).and_then(|()| fs::rename(&beside, path));
        if written.is_err() {
            // Nothing more can be done about a file that could not even be removed.
            let _ = fs::remove_file(&beside);
        }
        written
    }

    fn prune(&self, newest: &Path) -> io::Result<()> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let mut entries: Vec<(SystemTime, u64, PathBuf)> = fs::read_dir(folder)?
            .filter_map(Result::ok)
            .filter(|entry| entry.path().extension().is_none_or(|it| it != SAID))
            .filter_map(|entry| {
                let about = entry.metadata().ok()?;
                Some((about.modified().ok()?, about.len(), entry.path()))
            })
            .filter(|(_, _, path)| path != newest)
            .collect();
        entries.sort_by_key(|(used, _, _)| Reverse(*used));
        let mut bytes = fs::metadata(newest)?.len();
        for (index, (_, size, path)) in entries.iter().enumerate() {
            bytes = bytes.saturating_add(*size);
            if index + 1 >= ENTRIES_MAX || bytes > BYTES_MAX {
                fs::remove_file(path)?;
                match fs::remove_file(said_at(path)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    Ok(()) | Err(_) => {}
                }
            }
        }
        Ok(())
    }
}

/// SHA-256 of a component, hexadecimal.
pub(crate) fn hash_of(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes)
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            // Writing into a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// Makes sure that nobody but us can put a file there.
fn private_folder(folder: &Path) -> io::Result<PathBuf> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let folder = fs::canonicalize(folder)?;
    let about = fs::symlink_metadata(&folder)?;
    if about.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("the folder belongs to somebody else"));
    }
    if about.mode() & 0o077 != 0 {
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(folder)
}

/// Where what a component said lies: beside its code.
fn said_at(code: &Path) -> PathBuf {
    code.with_extension(SAID)
}

fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?);
    file.write_all(content)?;
    file.sync_all()
}

/// A file that only we can have written.
fn open_own(path: &Path) -> Option<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty()).ok()?);
    let about = file.metadata().ok()?;
    let is_ours = about.is_file()
        && about.uid() == rustix::process::geteuid().as_raw()
        && about.mode() & 0o022 == 0;
    is_ours.then_some(file)
}

/// A kept component, if it is there, is ours, and fits the engine.
fn load(engine: &Engine, path: &Path) -> Option<Component> {
    let file = open_own(path)?;
    // Marks it as used, for `prune`; a failure only makes it look older.
    let _ = file.set_modified(SystemTime::now());
    match from_own_file(engine, path) {
        Ok(component) => Some(component),
        Err(error) => {
            tracing::debug!(%error, "a compiled tool does not fit any more");
            None
        }
    }
}

#[expect(
    unsafe_code,
    reason = "mapping machine code is what a cache of it is for"
)]
fn from_own_file(engine: &Engine, path: &Path) -> wasmtime::Result<Component> {
    // SAFETY: the file must be an unmodified output of this engine's compiler, and stay so while it is
    // mapped. Its folder is owned by us with mode 0700 and the file is owned by us and writable by nobody
    // else (`private_folder`, `load`), so only this user's processes can have made it. We only ever put
    // complete compiler output there, under a name with the component's hash and the engine's fingerprint,
    // and replace it by rename, never in place (`keep`). The engine checks version and settings itself.
    unsafe { Component::deserialize_file(engine.inner(), path) }
}

#[expect(
    unsafe_code,
    reason = "where nothing can be kept, the compiler's output is used directly"
)]
fn from_compiler(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes were returned by `Engine::compile`, which has this engine's settings, in the only caller,
    // `Cache::component`, and were not touched since.
    unsafe { Component::deserialize(engine.inner(), code) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    const EMPTY_COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    fn source(bytes: &'static [u8]) -> Source {
        Source::Plain(bytes.into())
    }

    fn mode_of(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn only_what_nobody_else_can_have_written_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let shared = folder.path().join("shared");
        fs::create_dir(&shared).unwrap();
        fs::set_permissions(&shared, fs::Permissions::from_mode(0o777)).unwrap();
        let cache = Cache::open(&shared);
        assert_eq!(mode_of(&shared), 0o700);

        let engine = Engine::new().unwrap();
        let hash = hash_of(EMPTY_COMPONENT);
        cache
            .component(&engine, &hash, &source(EMPTY_COMPONENT))
            .unwrap();
        let path = cache.path_of(&engine, &hash).unwrap();
        assert_eq!(mode_of(&path), 0o600);
        assert!(load(&engine, &path).is_some());

        fs::set_permissions(&path, fs::Permissions::from_mode(0o620)).unwrap();
        assert!(load(&engine, &path).is_none());
        let elsewhere = folder.path().join("elsewhere");
        fs::rename(&path, &elsewhere).unwrap();
        fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o600)).unwrap();
        symlink(&elsewhere, &path).unwrap();
        assert!(load(&engine, &path).is_none());
        // What is not loaded is compiled again and replaced.
        cache
            .component(&engine, &hash, &source(EMPTY_COMPONENT))
            .unwrap();
        assert!(load(&engine, &path).is_some());
    }

    #[test]
    fn without_a_private_folder_nothing_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let cache = Cache::open(&file);
        let engine = Engine::new().unwrap();
        let hash = hash_of(EMPTY_COMPONENT);
        assert!(
            cache
                .component(&engine, &hash, &source(EMPTY_COMPONENT))
                .is_ok()
        );
        assert!(
            cache
                .component(&engine, &hash, &source(b"garbage"))
                .is_err()
        );
    }

    #[test]
    fn the_longest_unused_go_first() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path());
        for number in 0..ENTRIES_MAX + 3 {
            let path = folder.path().join(format!("{number}.cwasm"));
            fs::write(&path, "code").unwrap();
            let used = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(number as u64);
            File::open(&path).unwrap().set_modified(used).unwrap();
            fs::write(said_at(&path), "words").unwrap();
        }
        let newest = folder.path().join("new.cwasm");
        cache.keep(&newest, b"code").unwrap();
        // All but the new one with what it says.
        let left = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, ENTRIES_MAX * 2 - 1);
        assert!(newest.exists());
        assert!(!folder.path().join("3.cwasm").exists());
        assert!(!folder.path().join("3.json").exists());
        assert!(folder.path().join("4.cwasm").exists());
    }
}
