//! Compiles the built-in tools to components and lays them, packed, where `src/lib.rs` embeds them from.
//!
//! `AROOM_BUILTIN_WASM_DIR`, a folder with one `<name>.wasm` for each of [`TOOLSETS`], replaces the compilation.

#[path = "build/guest.rs"]
mod guest;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
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
    let mut table = String::from("static BUILT_IN: &[(&str, &str, &[u8])] = &[\n");
    for (name, component) in TOOLSETS.iter().zip(components) {
        let failed = |error: io::Error| {
            let component = component.display();
            format!("could not pack the component `{component}`: {error}")
        };
        let bytes = fs::read(&component).map_err(failed)?;
        let target = out.join(format!("{name}.wasm.gz"));
        fs::write(&target, packed(&bytes).map_err(failed)?).map_err(failed)?;
        // Writing into a string cannot fail.
        let _ = writeln!(
            table,
            "    ({name:?}, {:?}, include_bytes!({target:?})),",
            hash(&bytes)
        );
    }
    table.push_str("];\n");
    let target = out.join("built_in.rs");
    fs::write(&target, table).map_err(|error| format!("{}: {error}", target.display()))
}

/// Compressed well where the program's size counts, and quickly elsewhere.
fn packed(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let level = match env::var("PROFILE").as_deref() {
        Ok("release") => Compression::best(),
        _ => Compression::fast(),
    };
    let mut writer = GzEncoder::new(Vec::new(), level);
    writer.write_all(bytes)?;
    writer.finish()
}

/// SHA-256, hexadecimal.
fn hash(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
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
