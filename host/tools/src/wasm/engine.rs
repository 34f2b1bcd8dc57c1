//! The engine: one per process, its settings, and the thread that ticks while guests run.
//! Knows no tool and no call.

use crate::ToolsError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;
use wasmtime::{Config, EngineWeak, PoolingAllocationConfig};

/// A guest is interrupted this often: a tenth of what stopping it may take at most.
const TICK: Duration = Duration::from_millis(10);
/// Calls that may run at once. Beyond it a call is refused, never queued, so that nested agents cannot wait
/// for one another.
pub(crate) const CALLS_MAX: usize = 256;
/// The largest memory any tool can be given.
pub(crate) const MEMORY_MAX_BYTES: usize = 256 << 20;
/// Slots of the pool: as many as calls, and some for components that are being described.
const INSTANCES: u32 = 288;
const STACK_BYTES: usize = 512 << 10;
const GUARD_BYTES: u64 = 32 << 20;

/// The engine and its ticker.
#[derive(Clone)]
pub(crate) struct Engine {
    inner: wasmtime::Engine,
    ticker: Arc<Ticker>,
}

/// Guests run while one of these lives; without any the ticker sleeps.
pub(crate) struct Running(Arc<Ticker>);

#[derive(Debug)]
struct Ticker {
    running: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
    thread: Thread,
}

impl Engine {
    /// Makes the engine, with a pool where the machine allows one, and starts the ticker.
    ///
    /// # Errors
    /// [`ToolsError::Engine`] when this machine can run no components.
    pub(crate) fn new() -> Result<Self, ToolsError> {
        let pooled = wasmtime::Engine::new(&config(true));
        let inner = match pooled {
            Ok(engine) => engine,
            Err(error) => {
                tracing::debug!(%error, "no pool for tools; each call makes its own memory");
                wasmtime::Engine::new(&config(false)).map_err(ToolsError::Engine)?
            }
        };
        let ticker = Ticker::start(inner.weak())?;
        Ok(Self {
            inner,
            ticker: Arc::new(ticker),
        })
    }

    /// The engine itself.
    pub(crate) fn inner(&self) -> &wasmtime::Engine {
        &self.inner
    }

    /// Compiles a component to code that this engine takes. In an engine of its own, which goes at once: a compiler
    /// keeps its largest buffers for the next function as long as it lives, some 90 MB for our own tools.
    ///
    /// # Errors
    /// What the compiler says to bytes that are no component.
    pub(crate) fn compile(&self, component: &[u8]) -> wasmtime::Result<Vec<u8>> {
        let passing = wasmtime::Engine::new(&config(false))?;
        passing.precompile_component(component)
    }

    /// Keeps the ticker awake.
    pub(crate) fn running(&self) -> Running {
        self.ticker.running.fetch_add(1, Ordering::SeqCst);
        self.ticker.thread.unpark();
        Running(self.ticker.clone())
    }
}

fn config(is_pooled: bool) -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .concurrency_support(false)
        .max_wasm_stack(STACK_BYTES)
        .memory_reservation(MEMORY_MAX_BYTES as u64)
        .memory_guard_size(GUARD_BYTES)
        // A failure is told in the guest's own words, never by frames: none are kept, nor what would find them.
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false)
        .native_unwind_info(cfg!(windows));
    if is_pooled {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(INSTANCES)
            .total_core_instances(INSTANCES * 4)
            .total_memories(INSTANCES)
            .total_tables(INSTANCES * 2)
            .total_stacks(INSTANCES)
            .max_memory_size(MEMORY_MAX_BYTES)
            .max_unused_warm_slots(16)
            .linear_memory_keep_resident(256 << 10)
            .table_keep_resident(64 << 10);
        config.allocation_strategy(pool);
    }
    config
}

impl Ticker {
    fn start(engine: EngineWeak) -> Result<Self, ToolsError> {
        let running = Arc::new(AtomicUsize::new(0));
        let is_over = Arc::new(AtomicBool::new(false));
        let (seen, ended) = (running.clone(), is_over.clone());
        let thread = thread::Builder::new()
            .name("tool-ticker".into())
            .spawn(move || {
                while !ended.load(Ordering::SeqCst) {
                    if seen.load(Ordering::SeqCst) == 0 {
                        thread::park();
                        continue;
                    }
                    thread::sleep(TICK);
                    match engine.upgrade() {
                        Some(engine) => engine.increment_epoch(),
                        None => return,
                    }
                }
            })
            .map_err(|cause| ToolsError::Engine(cause.into()))?;
        Ok(Self {
            running,
            is_over,
            thread: thread.thread().clone(),
        })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        self.thread.unpark();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};

    #[test]
    fn code_is_the_same_with_and_without_a_pool() {
        let [pooled, single] = [true, false].map(|is_pooled| {
            let engine = wasmtime::Engine::new(&config(is_pooled)).unwrap();
            let mut hasher = DefaultHasher::new();
            engine.precompile_compatibility_hash().hash(&mut hasher);
            hasher.finish()
        });
        assert_eq!(pooled, single);
    }
}
