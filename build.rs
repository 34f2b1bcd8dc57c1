//! How a release is linked: functions with the same code are kept once, and the addresses that are put right when the
//! program is loaded take a few bits each instead of 24 bytes. Nothing else is built here.

use std::env;
use std::process::Command;

/// Whose linker is the toolchain's own, which knows both.
const TARGET: &str = "x86_64-unknown-linux-gnu";
/// The first C library that understands packed addresses.
const PACKED_SINCE: (u32, u32) = (2, 36);

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, wanted: &str| env::var(name).is_ok_and(|value| value == wanted);
    if !is("PROFILE", "release") || !is("TARGET", TARGET) || !is("HOST", TARGET) {
        return;
    }
    println!("cargo::rustc-link-arg-bins=-Wl,--icf=all");
    if c_library().is_some_and(|version| version >= PACKED_SINCE) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The version of this machine's C library: what is linked against it runs with that or a newer one.
fn c_library() -> Option<(u32, u32)> {
    let output = Command::new("getconf").arg("GNU_LIBC_VERSION").output();
    let told = String::from_utf8(output.ok()?.stdout).ok()?;
    let (major, minor) = told.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
