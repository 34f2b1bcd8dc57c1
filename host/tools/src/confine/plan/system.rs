//! What of the system a server sees: programs and their libraries, and of `/etc` what they look up. All of it is
//! read-only and the same for everybody; nothing in it is a person's.

use super::super::policy::Network;
use std::fs;
use std::path::{Path, PathBuf};

/// Programs and libraries.
const PROGRAMS: [&str; 9] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/nix/store",
    "/gnu/store",
];
/// What programs ask about the machine: its processors, its memory, where its parts lie.
const FACTS: [&str; 6] = [
    "/sys/devices/system/cpu",
    "/sys/fs/cgroup",
    "/nix/var/nix/profiles",
    "/var/lib/ca-certificates",
    "/var/cache/fontconfig",
    "/etc/static",
];
/// Of `/etc`: names, certificates without their keys, time, languages, fonts, libraries.
const LOOKED_UP: [&str; 42] = [
    "alternatives",
    "ca-certificates",
    "ca-certificates.conf",
    "crypto-policies",
    "debian_version",
    "dotnet",
    "fonts",
    "gai.conf",
    "group",
    "host.conf",
    "hostname",
    "hosts",
    "inputrc",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "locale.alias",
    "locale.conf",
    "localtime",
    "lsb-release",
    "magic",
    "mime.types",
    "netconfig",
    "networks",
    "nsswitch.conf",
    "os-release",
    "passwd",
    "pki/ca-trust",
    "pki/java",
    "pki/tls/cert.pem",
    "pki/tls/certs",
    "pki/tls/openssl.cnf",
    "protocols",
    "resolv.conf",
    "rpc",
    "services",
    "ssl/ca-bundle.pem",
    "ssl/cert.pem",
    "ssl/certs",
    "ssl/openssl.cnf",
    "terminfo",
    "timezone",
];
/// Of `/etc`, with a version behind it: the settings that a runtime's own folder links to.
const LOOKED_UP_BY_BEGINNING: [&str; 1] = ["java-"];

/// Of what runs on the machine: links into the system, and drivers.
pub(in crate::confine) const RUNTIME_KEPT: [&str; 2] =
    ["/run/current-system", "/run/opengl-driver"];
/// Needed to look up names where there is a network.
pub(in crate::confine) const RESOLVER: [&str; 3] = [
    "/run/systemd/resolve",
    "/run/resolvconf",
    "/run/NetworkManager",
];

/// All that a server sees of the system, whether it is there or not.
pub(super) fn open(network: Network) -> Vec<PathBuf> {
    let etc = Path::new("/etc");
    let mut all: Vec<PathBuf> = PROGRAMS
        .iter()
        .chain(&FACTS)
        .chain(&RUNTIME_KEPT)
        .map(PathBuf::from)
        .collect();
    all.extend(LOOKED_UP.iter().map(|name| etc.join(name)));
    let entries = fs::read_dir(etc).into_iter().flatten();
    all.extend(entries.filter_map(Result::ok).filter_map(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let mut beginnings = LOOKED_UP_BY_BEGINNING.iter();
        let is_meant = beginnings.any(|beginning| name.starts_with(beginning));
        is_meant.then(|| entry.path())
    }));
    if network == Network::On {
        all.extend(RESOLVER.iter().map(PathBuf::from));
    }
    all
}

/// Whether a path lies where the programs of the system do.
pub(super) fn holds(path: &Path) -> bool {
    PROGRAMS.iter().any(|folder| path.starts_with(folder))
}
