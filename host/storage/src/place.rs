//! What kind of disk a file lies on: a database shared by processes needs a local one. Knows no SQL.

use std::path::Path;

/// File systems that several machines can mount at once, by the number the kernel gives them.
#[cfg(target_os = "linux")]
const NETWORK: [(u32, &str); 14] = [
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB"),
    (0x5346_414f, "AFS"),
    (0x7375_7245, "Coda"),
    (0x564c, "NCP"),
    (0x0102_1997, "9P"),
    (0x00c3_6400, "Ceph"),
    (0x0bd0_0bd0, "Lustre"),
    (0x4750_4653, "GPFS"),
    (0x7461_636f, "OCFS2"),
    (0x0116_1970, "GFS2"),
    (0x6573_5546, "FUSE"),
];

/// The network file system a path is on, if it is on one. FUSE counts: it may be one, and nobody can tell.
///
/// A path that does not exist yet is judged by the nearest folder above it that does.
pub(crate) fn network(path: &Path) -> Option<&'static str> {
    let existing = path.ancestors().find(|ancestor| ancestor.exists())?;
    kind(existing)
}

#[cfg(target_os = "linux")]
fn kind(path: &Path) -> Option<&'static str> {
    let found = rustix::fs::statfs(path).ok()?;
    // The width of the field differs between machines; the numbers have 32 bits.
    let number = u32::try_from(u64::try_from(found.f_type).ok()? & 0xffff_ffff).ok()?;
    name(number)
}

#[cfg(target_os = "linux")]
fn name(number: u32) -> Option<&'static str> {
    let found = NETWORK.iter().find(|(known, _)| *known == number);
    found.map(|(_, name)| *name)
}

/// Elsewhere nobody can tell without asking the system in ways of its own.
#[cfg(not(target_os = "linux"))]
fn kind(_path: &Path) -> Option<&'static str> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::{name, network};

    #[test]
    fn local_disks_are_no_network() {
        // ext, btrfs, xfs, overlay, tmpfs.
        for number in [0xef53, 0x9123_683e, 0x5846_5342, 0x794c_7630, 0x0102_1994] {
            assert_eq!(name(number), None, "{number:x}");
        }
        assert_eq!(name(0x6969), Some("NFS"));
        assert_eq!(name(0xff53_4d42), Some("CIFS"));
        let here = std::env::temp_dir();
        let below = here.join("not").join("there").join("yet.db");
        assert_eq!(network(&below), network(&here));
    }
}
