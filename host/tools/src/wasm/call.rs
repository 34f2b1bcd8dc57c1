//! One call: a store of its own, its limits, and its end, whatever that is. The host lives on.

use crate::clock::Clock;
use crate::wasm::bindings::ToolsetPre;
use crate::wasm::bindings::anteroom::tool::types::CallContext;
use crate::wasm::bindings::exports::anteroom::tool::tools::{Output, ToolError};
use crate::wasm::cpu;
use crate::wasm::engine::Engine;
use crate::wasm::failure;
use crate::wasm::hosted::Hosted;
use crate::wasm::state::CallState;
use anteroom_api::Stop;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};
use wasmtime::{Store, UpdateDeadline};

/// Bytes a guest may hand to the host at once.
const CROSSING_BYTES: usize = 16 << 20;
/// Handles a guest may hold; what they stand for has limits of its own.
const HANDLES_MAX: usize = 4096;
/// How long the end of a call waits for its killed processes to be gone.
const GONE_PATIENCE: Duration = Duration::from_millis(200);
/// The clock may stand still, so its end is looked at this often at least.
const CLOCK_LOOK: Duration = Duration::from_millis(10);

/// Everything one call needs.
pub(crate) struct Invocation {
    pub(crate) toolset: ToolsetPre<Hosted>,
    pub(crate) state: Arc<CallState>,
    pub(crate) context: CallContext,
    pub(crate) tool: String,
    /// A JSON object that fits the tool's schema.
    pub(crate) arguments: String,
    pub(crate) memory_bytes: usize,
    /// Whether it may have to wait for a person or a process, and therefore must not hold a thread.
    pub(crate) waits: bool,
}

/// How a call ended.
#[derive(Debug)]
pub(crate) enum End {
    /// The tool answered.
    Answered(Result<Output, ToolError>),
    /// It broke; why, in words.
    Crashed(String),
    /// Its time was up.
    TimeIsUp,
    /// It was cancelled.
    Cancelled,
}

/// Why a guest was interrupted; carried through the engine as an error.
#[derive(Clone, Copy, Debug, thiserror::Error)]
enum Interrupt {
    #[error("its time is up")]
    TimeIsUp,
    #[error("it was cancelled")]
    Cancelled,
}

/// Runs a call to its end.
pub(crate) async fn run(engine: &Engine, invocation: Invocation) -> End {
    // Dropping this future drops the sender, which ends the guest even where it runs on a thread of its own.
    let (_kept, abandoned) = Stop::new();
    let engine = engine.clone();
    if invocation.waits {
        return guest(engine, invocation, abandoned).await;
    }
    // Files are read where the guest runs, which must not hold up the other tasks of a worker.
    let handle = Handle::current();
    let ran =
        tokio::task::spawn_blocking(move || handle.block_on(guest(engine, invocation, abandoned)));
    match ran.await {
        Ok(end) => end,
        Err(error) if error.is_cancelled() => End::Cancelled,
        Err(_) => End::Crashed("the host's side of it failed; this is a bug of the host".into()),
    }
}

async fn guest(engine: Engine, invocation: Invocation, abandoned: Stop) -> End {
    let state = invocation.state.clone();
    let running = engine.running();
    let mut store = store(&engine, state.clone(), invocation.memory_bytes);
    let stderr = store.data().wasi.stderr.clone();
    let answered = {
        let called = async {
            let (context, tool) = (&invocation.context, &invocation.tool);
            invocation
                .toolset
                .call(&mut store, context, tool, &invocation.arguments)
                .await
        };
        limited(
            &state,
            abandoned,
            cpu::counted(&state.counters.cpu_us, called),
        )
        .await
    };
    state
        .counters
        .peak_memory_bytes
        .raise(store.data().limiter.used_bytes());
    // Kills what still runs.
    drop(store);
    drop(running);
    let mut groups = state.groups.subscribe();
    // What a kill does not end in time is only missing in the meter.
    let _ = timeout(GONE_PATIENCE, groups.wait_for(|count| *count == 0)).await;
    state.keeping.finish(&state.session).await;
    end_of(answered, &stderr.tail())
}

fn store(engine: &Engine, state: Arc<CallState>, memory_bytes: usize) -> Store<Hosted> {
    let mut store = Store::new(engine.inner(), Hosted::new(state, memory_bytes));
    store.limiter(|hosted| &mut hosted.limiter);
    store.set_hostcall_fuel(CROSSING_BYTES);
    store.set_max_component_handles(HANDLES_MAX);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|context| {
        let state = &context.data().state;
        if state.stop.is_raised() {
            return Err(Interrupt::Cancelled.into());
        }
        if state.clock.is_over() {
            return Err(Interrupt::TimeIsUp.into());
        }
        Ok(UpdateDeadline::Yield(1))
    });
    store
}

/// Ends a guest also where it waits for the host, which no epoch sees.
async fn limited(
    state: &CallState,
    mut abandoned: Stop,
    called: impl Future<Output = wasmtime::Result<Result<Output, ToolError>>>,
) -> wasmtime::Result<Result<Output, ToolError>> {
    let mut stop = state.stop.clone();
    let called = pin!(called);
    tokio::select! {
        biased;
        () = stop.raised() => Err(Interrupt::Cancelled.into()),
        () = abandoned.raised() => Err(Interrupt::Cancelled.into()),
        answered = called => answered,
        () = time_is_up(&state.clock) => Err(Interrupt::TimeIsUp.into()),
    }
}

async fn time_is_up(clock: &Clock) {
    while !clock.is_over() {
        sleep(clock.left().max(CLOCK_LOOK)).await;
    }
}

fn end_of(answered: wasmtime::Result<Result<Output, ToolError>>, stderr: &str) -> End {
    match answered {
        Ok(answer) => End::Answered(answer),
        Err(error) => match error.downcast_ref::<Interrupt>() {
            Some(Interrupt::TimeIsUp) => End::TimeIsUp,
            Some(Interrupt::Cancelled) => End::Cancelled,
            None => End::Crashed(failure::words(&error, stderr)),
        },
    }
}
