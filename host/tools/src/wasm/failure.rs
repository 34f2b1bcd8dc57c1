//! Why a guest failed, in words. Knows no tool.

use wasmtime::Trap;
use wasmtime_wasi::I32Exit;

/// Characters of the guest's own words that are passed on.
const STDERR_CHARS: usize = 1000;

/// What an error of the engine means, followed by what the guest wrote to its standard error.
pub(crate) fn words(error: &wasmtime::Error, stderr: &str) -> String {
    let why = reason(error);
    let stderr = tail(stderr);
    if stderr.is_empty() {
        return why;
    }
    format!("{why}\n{}", anteroom_gate::visible_block(stderr))
}

fn reason(error: &wasmtime::Error) -> String {
    if let Some(I32Exit(code)) = error.downcast_ref::<I32Exit>() {
        return format!("it exited with code {code}");
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::UnreachableCodeReached) => "it gave up".to_owned(),
        Some(Trap::StackOverflow | Trap::MemoryOutOfBounds) => {
            "it recursed too deep or reached beyond its memory".to_owned()
        }
        Some(Trap::AllocationTooLarge) => "it needed more memory than it may have".to_owned(),
        Some(other) => other.to_string(),
        None => match error.root_cause().to_string() {
            // The engine has no type for this one.
            cause if cause.contains("fuel allocated for hostcalls") => {
                "it passed more to the host at once than it may".to_owned()
            }
            cause => cause,
        },
    }
}

fn tail(text: &str) -> &str {
    let from = text
        .char_indices()
        .rev()
        .nth(STDERR_CHARS - 1)
        .map_or(0, |(index, _)| index);
    text[from..].trim()
}
