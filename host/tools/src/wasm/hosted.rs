//! What a guest's store holds, and what it is linked to: WASI without powers, the guarded file layer, and
//! what the host lends.

use crate::wasm::bindings;
use crate::wasm::files::{self, Guard, GuardHost};
use crate::wasm::limiter::Limiter;
use crate::wasm::state::CallState;
use crate::wasm::stderr::Stderr;
use std::sync::Arc;
use wasmtime::component::{HasData, Linker, ResourceTable};
use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView as _};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings as wasi;
use wasmtime_wasi::random::WasiRandom;
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsView as _};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

/// What a call may hold at once: open files, their streams and pollables, processes. Four for each of the files
/// that may be open (`files/handle.rs`), so that never this but the limit of files is met first.
const RESOURCES_MAX: usize = 2048;

/// What the store of a call holds.
pub(crate) struct Hosted {
    pub(crate) state: Arc<CallState>,
    pub(crate) wasi: Powerless,
    pub(crate) guard: Guard,
    pub(crate) limiter: Limiter,
    /// Lines logged so far.
    pub(crate) lines: usize,
}

/// What the store of a `describe` holds.
pub(crate) struct Described {
    pub(crate) wasi: Powerless,
    pub(crate) limiter: Limiter,
}

/// WASI with clocks and randomness, and without environment, arguments, input, files and network.
pub(crate) struct Powerless {
    pub(crate) ctx: WasiCtx,
    pub(crate) table: ResourceTable,
    pub(crate) stderr: Stderr,
}

impl Hosted {
    pub(crate) fn new(state: Arc<CallState>, limit_bytes: usize) -> Self {
        Self {
            guard: Guard::new(state.clone()),
            state,
            wasi: Powerless::new(),
            limiter: Limiter::new(limit_bytes),
            lines: 0,
        }
    }
}

impl Powerless {
    pub(crate) fn new() -> Self {
        let stderr = Stderr::default();
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES_MAX);
        let ctx = WasiCtx::builder()
            .allow_blocking_current_thread(true)
            .allow_tcp(false)
            .allow_udp(false)
            .stderr(stderr.clone())
            .build();
        Self { ctx, table, stderr }
    }

    fn view(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.ctx,
            table: &mut self.table,
        }
    }
}

impl WasiView for Powerless {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.view()
    }
}

impl WasiView for Hosted {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.wasi.view()
    }
}

impl WasiView for Described {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.wasi.view()
    }
}

impl GuardHost for Hosted {
    fn guard(&mut self) -> files::View<'_> {
        files::View {
            guard: &mut self.guard,
            table: &mut self.wasi.table,
        }
    }
}

/// Everything a call may import.
///
/// # Errors
/// Only when two of our own definitions collide.
pub(crate) fn link_call(linker: &mut Linker<Hosted>) -> wasmtime::Result<()> {
    link_powerless(linker)?;
    link_sockets(linker)?;
    files::add_to_linker(linker)?;
    bindings::link(linker)
}

/// What `describe` may import of WASI; what the host itself lends is not there yet.
///
/// # Errors
/// As [`link_call`].
pub(crate) fn link_describe(linker: &mut Linker<Described>) -> wasmtime::Result<()> {
    link_powerless(linker)?;
    link_sockets(linker)?;
    // Nothing is preopened, so these find nothing.
    wasi::filesystem::types::add_to_linker::<Described, WasiFilesystem>(
        linker,
        Described::filesystem,
    )?;
    wasi::filesystem::preopens::add_to_linker::<Described, WasiFilesystem>(
        linker,
        Described::filesystem,
    )
}

struct HasTable;

impl HasData for HasTable {
    type Data<'a> = &'a mut ResourceTable;
}

fn link_powerless<T: WasiView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    wasi::io::error::add_to_linker::<T, HasTable>(linker, |t| t.ctx().table)?;
    wasi::io::poll::add_to_linker::<T, HasTable>(linker, |t| t.ctx().table)?;
    wasi::io::streams::add_to_linker::<T, HasTable>(linker, |t| t.ctx().table)?;
    wasi::clocks::wall_clock::add_to_linker::<T, WasiClocks>(linker, T::clocks)?;
    wasi::clocks::monotonic_clock::add_to_linker::<T, WasiClocks>(linker, T::clocks)?;
    wasi::random::random::add_to_linker::<T, WasiRandom>(linker, |t| t.ctx().ctx.random())?;
    wasi::random::insecure::add_to_linker::<T, WasiRandom>(linker, |t| t.ctx().ctx.random())?;
    wasi::random::insecure_seed::add_to_linker::<T, WasiRandom>(linker, |t| t.ctx().ctx.random())?;
    wasi::cli::exit::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    wasi::cli::environment::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    wasi::cli::stdin::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    wasi::cli::stdout::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    wasi::cli::stderr::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    wasi::cli::terminal_input::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    wasi::cli::terminal_output::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    wasi::cli::terminal_stdin::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    wasi::cli::terminal_stdout::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    wasi::cli::terminal_stderr::add_to_linker::<T, WasiCli>(linker, T::cli)
}

/// Sockets are linked, because a standard library imports them, and refuse every address.
fn link_sockets<T: WasiView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    let options = wasi::LinkOptions::default();
    wasi::sockets::tcp::add_to_linker::<T, WasiSockets>(linker, T::sockets)?;
    wasi::sockets::udp::add_to_linker::<T, WasiSockets>(linker, T::sockets)?;
    wasi::sockets::tcp_create_socket::add_to_linker::<T, WasiSockets>(linker, T::sockets)?;
    wasi::sockets::udp_create_socket::add_to_linker::<T, WasiSockets>(linker, T::sockets)?;
    wasi::sockets::instance_network::add_to_linker::<T, WasiSockets>(linker, T::sockets)?;
    wasi::sockets::network::add_to_linker::<T, WasiSockets>(
        linker,
        &(&options).into(),
        T::sockets,
    )?;
    wasi::sockets::ip_name_lookup::add_to_linker::<T, WasiSockets>(linker, T::sockets)
}
