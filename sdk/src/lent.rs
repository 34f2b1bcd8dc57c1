//! What the host lends, each in a module of its own. Thin: every function is one call of the host with its failure
//! put into words. Natively there is no host but the one of a test
//! (`testing.rs`); without it they say so, or do nothing where nothing can fail.

pub mod agents;
pub mod ask;
pub mod canvas;
pub mod catalog;
pub mod fetch;
pub mod log;
pub mod process;
pub mod skills;
pub mod store;
pub mod workspace;

/// Whether there is a host to call; natively the generated imports would panic.
const fn is_hosted() -> bool {
    cfg!(target_family = "wasm")
}

/// What the lent functions answer natively.
const NO_HOST: &str = "there is no host in a native build";
