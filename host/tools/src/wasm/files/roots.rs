//! The folders a guest begins with: the workspace under two names, the temp folder, and the system's root.

use super::beneath::{self, Facts};
use super::handle::{Handle, Opened};
use super::{View, paths};
use anteroom_gate::FilePath;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::bindings::filesystem::preopens;
use wasmtime_wasi::p2::bindings::filesystem::types::Descriptor;

/// Where the guest finds the file system's root, for absolute paths outside the workspace.
const OUTSIDE: &str = "/@outside";

impl preopens::Host for View<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let workspace = FilePath::Workspace(String::new());
        let temp = FilePath::Temp(String::new());
        let session = Arc::clone(&self.guard.state.session);
        let roots = [
            (workspace.clone(), Some(".".to_owned())),
            (workspace.clone(), paths::absolute(&session, &workspace)),
            (temp.clone(), paths::absolute(&session, &temp)),
            (FilePath::Outside("/".to_owned()), Some(OUTSIDE.to_owned())),
        ];
        let mut folders = Vec::with_capacity(roots.len());
        for (path, name) in roots {
            // A root whose own path the guest could not spell is reached by its other name, if it has one.
            if let Some(name) = name {
                folders.push((self.push_root(path)?, name));
            }
        }
        Ok(folders)
    }
}

impl View<'_> {
    fn push_root(&mut self, path: FilePath) -> wasmtime::Result<Resource<Descriptor>> {
        let fd = Arc::clone(beneath::root_handle(&self.guard.state.session, &path));
        let facts = Facts::of(&fd)?;
        let slot = self.guard.slots.take();
        let slot = slot.ok_or_else(|| wasmtime::format_err!("too many folders are open"))?;
        let handle = Handle {
            path,
            opened: Opened::new(fd, slot).into(),
            facts,
            may_read: true,
            may_write: false,
            is_known: false,
            // Its position is shared with other calls.
            is_listed: AtomicBool::new(true),
        };
        let own = self.table.push(handle)?;
        Ok(Resource::new_own(own.rep()))
    }
}
