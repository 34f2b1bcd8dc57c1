//! The built-in tools as bytes: each a component like any third-party one, compiled when this crate is built.
//! Knows their names and nothing of what they do.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        reason = "tests fail by panicking"
    )
)]

/// Name and bytes of each embedded component, in the order their tools are told to the model.
#[must_use]
pub fn built_in() -> &'static [(&'static str, &'static [u8])] {
    BUILT_IN
}

macro_rules! component {
    ($name:literal) => {
        (
            $name,
            include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".wasm")),
        )
    };
}

static BUILT_IN: &[(&str, &[u8])] = &[
    component!("files"),
    component!("shell"),
    component!("canvas"),
    component!("agents"),
];
