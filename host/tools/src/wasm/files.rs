//! The guarded `wasi:filesystem`: every path operation is resolved, judged and opened by the host.
//!
//! Shape: one string is resolved, judged and opened, always beneath a root handle and never through a link, so
//! that nothing can be put between the check and the use. All asking happens where a path is used; what is
//! done through an open handle afterwards is only counted. Knows no tool; what may happen is decided by the
//! permit behind [`CallState`].

mod beneath;
mod code;
mod descriptor;
mod folders;
mod handle;
mod judge;
mod keep;
mod listing;
mod moves;
mod named;
mod nearby;
mod open;
mod paths;
mod resolve;
mod roots;
mod secrets;
mod streams;

#[cfg(test)]
mod tests;

use crate::session::Stamp;
use crate::wasm::state::CallState;
use anteroom_gate::FilePath;
use handle::Slots;
use judge::Answers;
pub use keep::{
    Bounds, Change, Compared, End, FileState, Ledger, Recorded, Shared, Store, StoreError, Taken,
    Unified, compare_file, index_path, take_back, unified,
};
pub(crate) use keep::{Keeping, Watched};
use listing::Listed;
pub use named::{NamedPlace, NamedWhat, NotNamed, open_named};
use nearby::Nearby;
use secrets::Secrets;
use std::collections::HashMap;
use std::sync::Arc;
use wasmtime::component::{HasData, Linker, ResourceTable};
use wasmtime_wasi::p2::bindings::filesystem::{preopens, types};

/// A store's data that lends its file layer.
pub(crate) trait GuardHost: Send {
    /// The guard of the running call, with the table its resources live in.
    fn guard(&mut self) -> View<'_>;
}

/// Links `wasi:filesystem/types` and `wasi:filesystem/preopens`, nothing else.
pub(crate) fn add_to_linker<T: GuardHost + 'static>(
    linker: &mut Linker<T>,
) -> wasmtime::Result<()> {
    types::add_to_linker::<T, HasView>(linker, T::guard)?;
    preopens::add_to_linker::<T, HasView>(linker, T::guard)
}

/// What the file layer knows of one running call.
pub(crate) struct Guard {
    state: Arc<CallState>,
    /// Files whose state in the conversation's memory was another than this call found, with that state: the
    /// person or the model has not seen what the call reads now.
    stale: HashMap<FilePath, Stamp>,
    /// What was answered for which path; each is asked once per call.
    answers: Answers,
    /// Handles and streams that are open.
    slots: Slots,
    /// The entry a listing returned last: the guest's library asks for its hash right after.
    listed: Option<Listed>,
    /// Of a listing that has ended, for the next one.
    buffer: Vec<u8>,
    /// The folder that was looked into last.
    nearby: Nearby,
    /// Other names of secrets, once they had to be looked for.
    secrets: Option<Secrets>,
    /// Whether one of the roots lies within the other, so that a path may belong to the inner one.
    is_nested: bool,
    /// The device of the information about processes, which is lent to nobody.
    process_device: Option<u64>,
}

/// The guard of a call together with the resources of its guest.
pub(crate) struct View<'a> {
    pub(crate) guard: &'a mut Guard,
    pub(crate) table: &'a mut ResourceTable,
}

impl Guard {
    /// The file layer of one call.
    pub(crate) fn new(state: Arc<CallState>) -> Self {
        let session = &state.session;
        let (workspace, temp) = (&session.workspace().path, &session.temp().path);
        Self {
            is_nested: workspace.starts_with(temp) || temp.starts_with(workspace),
            process_device: beneath::process_device(session),
            state,
            stale: HashMap::new(),
            answers: Answers::default(),
            slots: Slots::default(),
            listed: None,
            buffer: Vec::new(),
            nearby: Nearby::default(),
            secrets: None,
        }
    }
}

struct HasView;

impl HasData for HasView {
    type Data<'a> = View<'a>;
}
