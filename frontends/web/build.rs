//! Packs `assets/` for the binary: hashed, compressed, with the page that names them.
//!
//! A build with debug assertions reads `assets/` from disk instead, so that a file can be edited and reloaded;
//! `ANTEROOM_WEB_EMBED=1` has it embed them all the same.

#[path = "build/join.rs"]
mod join;
#[path = "build/pack.rs"]
mod pack;
#[path = "src/assets/page.rs"]
mod page;
#[path = "build/script.rs"]
mod script;

use std::env;
use std::path::PathBuf;

/// Has a debug build embed the assets, too.
const EMBED: &str = "ANTEROOM_WEB_EMBED";

fn main() {
    if let Err(words) = run() {
        for line in words.lines() {
            println!("cargo::error={line}");
        }
    }
}

fn run() -> Result<(), String> {
    println!("cargo::rustc-check-cfg=cfg(embedded_assets)");
    println!("cargo::rerun-if-env-changed={EMBED}");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=src/assets/page.rs");
    let is_debug = env::var_os("CARGO_CFG_DEBUG_ASSERTIONS").is_some();
    if is_debug && env::var_os(EMBED).is_none() {
        return Ok(());
    }
    let here = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(variable("OUT_DIR")?);
    println!("cargo::rerun-if-changed=assets");
    println!("cargo::rustc-cfg=embedded_assets");
    pack::pack(&here.join("assets"), &out)
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("cargo sets no {name}"))
}
