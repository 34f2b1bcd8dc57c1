//! Compiles guest crates to components with the cargo that runs the build. Shared by this crate's `build.rs` and by
//! tests that need guests of their own, so it knows no particular guest and uses only the standard library.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What guests are compiled for.
pub(crate) const TARGET: &str = "wasm32-wasip2";

/// Vector instructions make searching a third faster; every engine we use has them.
const RUSTFLAGS: &str = "-C target-feature=+simd128";

/// What the outer build sets for its own crates and would change the guests, or break them: host linker flags reach
/// `wasm-component-ld` and fail there.
const SCRUBBED: &[&str] = &[
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_INCREMENTAL",
    "CARGO_MAKEFLAGS",
    "CARGO_TARGET_DIR",
    "HOST",
    "MAKEFLAGS",
    "OUT_DIR",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTFLAGS",
    "TARGET",
];
const SCRUBBED_BEGINNINGS: &[&str] = &[
    "CARGO_CFG_",
    "CARGO_FEATURE_",
    "CARGO_PKG_",
    "CARGO_PROFILE_",
    "LLVM_PROFILE",
];

/// Guests of one workspace, to be built together.
pub(crate) struct Guests<'a> {
    /// The workspace's `Cargo.toml`.
    pub(crate) manifest: &'a Path,
    /// Its packages that are guests.
    pub(crate) packages: &'a [&'a str],
    /// A profile of that workspace.
    pub(crate) profile: &'a str,
    /// Where to build; see [`shared_target`].
    pub(crate) target: &'a Path,
}

impl Guests<'_> {
    /// Builds them and says where the components are, in the order of the packages.
    ///
    /// # Errors
    /// Words for the person who builds: what is missing, or what the compiler said.
    pub(crate) fn build(&self) -> Result<Vec<PathBuf>, String> {
        require_target()?;
        let mut cargo = Command::new(tool("CARGO", "cargo"));
        for (name, _) in env::vars_os() {
            let is_scrubbed = name.to_str().is_some_and(|name| {
                SCRUBBED.contains(&name)
                    || SCRUBBED_BEGINNINGS
                        .iter()
                        .any(|beginning| name.starts_with(beginning))
            });
            if is_scrubbed {
                cargo.env_remove(name);
            }
        }
        cargo
            .env("RUSTFLAGS", RUSTFLAGS)
            .args(["build", "--quiet", "--color", "never", "--locked", "--lib"])
            .args(["--target", TARGET, "--profile", self.profile])
            .arg("--manifest-path")
            .arg(self.manifest)
            .arg("--target-dir")
            .arg(self.target);
        for package in self.packages {
            cargo.args(["--package", package]);
        }
        let output = cargo
            .output()
            .map_err(|error| format!("could not start cargo to compile the guests: {error}"))?;
        if !output.status.success() {
            return Err(format!(
                "could not compile the guests:\n{}",
                String::from_utf8_lossy(&output.stderr).trim_end()
            ));
        }
        // The profile `dev` is the one whose folder is called otherwise.
        let folder = if self.profile == "dev" {
            "debug"
        } else {
            self.profile
        };
        let built = self.target.join(TARGET).join(folder);
        Ok(self
            .packages
            .iter()
            .map(|package| built.join(format!("{}.wasm", package.replace('-', "_"))))
            .collect())
    }
}

/// A folder for guests that all builds of one target folder share: checking, testing and releasing use the same
/// guests, and the inner cargo's own lock keeps them from meeting.
#[must_use]
pub(crate) fn shared_target(inside: &Path) -> PathBuf {
    let root = inside
        .ancestors()
        .find(|folder| folder.join("CACHEDIR.TAG").is_file())
        .unwrap_or(inside);
    root.join("guest-target")
}

fn require_target() -> Result<(), String> {
    let output = Command::new(tool("RUSTC", "rustc"))
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .map_err(|error| format!("could not ask rustc for its targets: {error}"))?;
    let folder = String::from_utf8_lossy(&output.stdout);
    if output.status.success() && Path::new(folder.trim()).is_dir() {
        return Ok(());
    }
    Err(format!(
        "the built-in tools are compiled for `{TARGET}`, which this toolchain lacks; install it with `rustup target add {TARGET}`"
    ))
}

fn tool(variable: &str, otherwise: &str) -> std::ffi::OsString {
    env::var_os(variable).unwrap_or_else(|| otherwise.into())
}
