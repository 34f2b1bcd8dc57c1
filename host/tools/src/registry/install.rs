//! Puts a component into a folder, and takes it out again. What cannot be loaded, or would be in the way of
//! others, is not put there in the first place.

use super::{Registry, shelf};
use crate::folder::{self, Patience};
use anteroom_api::{ModuleId, ModuleOrigin, ModuleView, Problem, ProblemCode};
use rustix::fs::{CWD, Mode, OFlags, RenameFlags};
use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

impl Registry {
    /// Copies a component into a folder, for its owner only and whole or not at all, and loads it from there.
    ///
    /// # Errors
    /// Why not, in words for a person; nothing was copied then.
    pub async fn install(
        &self,
        file: &Path,
        folder: &Path,
        is_replacing: bool,
    ) -> Result<ModuleView, Problem> {
        let id = folder::id_of(file).map_err(|why| refused(file, why))?;
        let target = folder.join(format!("{id}.wasm"));
        let (bytes, target) = self.judged(file, &id, target, is_replacing).await?;
        let put = {
            let target = target.clone();
            tokio::task::spawn_blocking(move || put(&target, &bytes, is_replacing)).await
        };
        match put {
            Ok(Ok(())) => {}
            Ok(Err(error)) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(exists(&id, &target));
            }
            Ok(Err(error)) => return Err(not_written(&target, &error)),
            Err(error) => return Err(not_written(&target, &io::Error::other(error))),
        }
        self.look(folder, ModuleOrigin::User, Patience::None).await;
        let mut views = self.modules_of(folder).await.into_iter();
        views
            .find(|view| view.id == id)
            .ok_or_else(|| Problem::new(ProblemCode::Tool, format!("`{id}` was taken away again")))
    }

    /// Reads a component and makes sure that it would work where it is to stand.
    async fn judged(
        &self,
        file: &Path,
        id: &ModuleId,
        target: PathBuf,
        is_replacing: bool,
    ) -> Result<(Vec<u8>, PathBuf), Problem> {
        let source = file.to_owned();
        let read = tokio::task::spawn_blocking(move || {
            // A link that a person names is followed; it is the file that is installed.
            let source = fs::canonicalize(source).map_err(|error| error.to_string())?;
            folder::bytes_of(&source)
        });
        let bytes = match read.await {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(why)) => return Err(refused(file, why)),
            Err(error) => return Err(refused(file, error.to_string())),
        };
        let (origin, copy) = (ModuleOrigin::User, Cow::Owned(bytes.clone()));
        let module = self
            .0
            .loader
            .load(id.clone(), origin, Some(target.clone()), copy);
        module.loaded().await?;
        let others: Vec<_> = {
            let modules = self.shelf().of(None);
            let is_other = |path: &Option<PathBuf>| path.as_ref() != Some(&target);
            modules
                .into_iter()
                .filter(|other| is_other(&other.path))
                .collect()
        };
        shelf::fits(&module, &others, &[]).map_err(|why| refused(file, why))?;
        if !is_replacing && target.exists() {
            return Err(exists(id, &target));
        }
        Ok((bytes, target))
    }

    /// Removes the file of a module from a folder.
    ///
    /// # Errors
    /// Why not, in words for a person.
    pub async fn uninstall(&self, id: &ModuleId, folder: &Path) -> Result<(), Problem> {
        let target = folder.join(format!("{id}.wasm"));
        let removed = {
            let target = target.clone();
            tokio::task::spawn_blocking(move || fs::remove_file(target)).await
        };
        match removed {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(not_written(&target, &error)),
            Err(error) => return Err(not_written(&target, &io::Error::other(error))),
        }
        self.look(folder, ModuleOrigin::User, Patience::None).await;
        Ok(())
    }
}

/// Writes beside and renames, so that nobody ever meets half a file.
fn put(target: &Path, bytes: &[u8], is_replacing: bool) -> io::Result<()> {
    let folder = target.parent().unwrap_or_else(|| Path::new("/"));
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let beside = target.with_extension(format!("{}.part", std::process::id()));
    let written = write_private(&beside, bytes).and_then(|()| {
        let flags = if is_replacing {
            RenameFlags::empty()
        } else {
            RenameFlags::NOREPLACE
        };
        Ok(rustix::fs::renameat_with(CWD, &beside, CWD, target, flags)?)
    });
    if written.is_err() {
        // Nothing more can be done about a file that could not even be removed.
        drop(fs::remove_file(&beside));
    }
    written?;
    File::open(folder)?.sync_all()
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // What an earlier attempt left behind when it was cut off.
    drop(fs::remove_file(path));
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?);
    file.write_all(bytes)?;
    file.sync_all()
}

fn refused(file: &Path, why: String) -> Problem {
    Problem::new(
        ProblemCode::InvalidInput,
        format!("`{}` cannot be installed", file.display()),
    )
    .cause(why)
    .hint("name a component that was built with the SDK, in a file `NAME.wasm`")
}

fn exists(id: &ModuleId, target: &Path) -> Problem {
    Problem::new(
        ProblemCode::Conflict,
        format!(
            "there is a toolset `{id}` already, in `{}`",
            target.display()
        ),
    )
    .hint(format!(
        "look at it with `aroom tool inspect {id}`; to replace it, add `--replace`"
    ))
}

fn not_written(target: &Path, error: &io::Error) -> Problem {
    Problem::new(
        ProblemCode::InvalidInput,
        format!("`{}` cannot be changed", target.display()),
    )
    .cause(error)
    .hint("check whose the folder is, and whether the disk is full")
}
