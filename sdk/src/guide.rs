//! What `docs/tools.md` shows in Rust, compiled. Only for the tests of this crate.

#[doc = include_str!("../../docs/tools.md")]
struct Guide;
