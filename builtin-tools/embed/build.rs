//! Compiles the built-in tools to components and lays them where `src/lib.rs` embeds them from.
//!
//! `AROOM_BUILTIN_WASM_DIR`, a folder with one `<name>.wasm` for each of [`TOOLSETS`], replaces the compilation.

#[path = "build/guest.rs"]
mod guest;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// Name of each embedded component; its package is `anteroom-tool-<name>`, its folder is beside this one.
const TOOLSETS: [&str; 5] = ["files", "shell", "canvas", "agents", "library"];

/// Where ready-made components are taken from instead.
const READY_MADE: &str = "AROOM_BUILTIN_WASM_DIR";

fn main() {
    if let Err(words) = run() {
        for line in words.lines() {
            println!("cargo::error={line}");
        }
    }
}

fn run() -> Result<(), String> {
    println!("cargo::rerun-if-env-changed={READY_MADE}");
    let here = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(variable("OUT_DIR")?);
    let root = here
        .ancestors()
        .nth(2)
        .ok_or("the crate is not in its workspace")?;
    let components = match env::var_os(READY_MADE) {
        Some(folder) => ready_made(Path::new(&folder)),
        None => compiled(root, &out)?,
    };
    for (name, component) in TOOLSETS.iter().zip(components) {
        let target = out.join(format!("{name}.wasm"));
        fs::copy(&component, &target).map_err(|error| {
            format!(
                "could not copy the component `{}`: {error}",
                component.display()
            )
        })?;
    }
    Ok(())
}

fn ready_made(folder: &Path) -> Vec<PathBuf> {
    let components: Vec<PathBuf> = TOOLSETS
        .iter()
        .map(|name| folder.join(format!("{name}.wasm")))
        .collect();
    components.iter().for_each(|path| watch(path));
    components
}

fn compiled(root: &Path, out: &Path) -> Result<Vec<PathBuf>, String> {
    for watched in [
        "Cargo.toml",
        "Cargo.lock",
        "wit",
        "sdk/Cargo.toml",
        "sdk/src",
    ] {
        watch(&root.join(watched));
    }
    watch(Path::new("build.rs"));
    watch(Path::new("build"));
    for name in TOOLSETS {
        let folder = root.join("builtin-tools").join(name);
        watch(&folder.join("Cargo.toml"));
        watch(&folder.join("src"));
    }
    let packages = TOOLSETS.map(|name| format!("anteroom-tool-{name}"));
    guest::Guests {
        manifest: &root.join("Cargo.toml"),
        packages: &packages.each_ref().map(String::as_str),
        profile: "guest",
        target: &guest::shared_target(out),
    }
    .build()
}

/// Runs this script again when the file, or anything in the folder, changes.
fn watch(path: &Path) {
    println!("cargo::rerun-if-changed={}", path.display());
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|error| format!("cargo did not set `{name}`: {error}"))
}
