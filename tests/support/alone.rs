//! A test in a process of its own: for limits that hold for a whole process, and for memory that nobody else takes.
//!
//! Such a test calls [`is_alone`] first. In the ordinary run that is not so, and the test starts itself again.

use std::path::Path;
use std::process::Command;

/// Says that this process runs one test alone.
const ALONE: &str = "ANTEROOM_TEST_ALONE";

/// Whether this process was started for this test alone.
pub fn is_alone() -> bool {
    std::env::var_os(ALONE).is_some()
}

/// What a test's own process lives in.
pub enum World<'a> {
    /// The same as ours.
    Plain,
    /// A file that becomes too large is an error, and no signal.
    Unsignalled,
    /// The folder is a file system of its own, of so many bytes, and holds all temporary files.
    SmallDisk { folder: &'a Path, bytes: u64 },
}

/// The command that runs the test `name` (its path in this binary) alone.
fn command(name: &str, world: &World<'_>) -> Command {
    let own = std::env::current_exe().unwrap();
    let mut command = match world {
        World::Plain => Command::new(&own),
        World::Unsignalled => {
            let mut shell = Command::new("sh");
            shell
                .args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"])
                .arg(&own);
            shell
        }
        World::SmallDisk { folder, bytes } => {
            let mount =
                format!("mount -t tmpfs -o size={bytes},mode=700 small \"$0\" && exec \"$@\"");
            let mut shell = private_mounts();
            shell.args(["sh", "-c", &mount]).arg(folder).arg(&own);
            shell.env("TMPDIR", folder);
            shell
        }
    };
    command
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env(ALONE, "1");
    command
}

/// Mounts that nobody else sees; everybody may make them where the system has user namespaces.
fn private_mounts() -> Command {
    let mut command = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command.arg("--mount");
    command
}

/// Whether this machine lets us mount a small disk.
pub fn has_small_disks() -> bool {
    let folder = tempfile::tempdir().unwrap();
    let mut command = private_mounts();
    command.args(["mount", "-t", "tmpfs", "-o", "size=65536", "small"]);
    let tried = command.arg(folder.path()).output();
    tried.is_ok_and(|output| output.status.success())
}

/// Runs the test `name` alone, and fails if it does.
pub async fn run_alone(name: &str, world: World<'_>) {
    let mut command = command(name, &world);
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap();
    let (told, errors) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success() && told.contains("1 passed"),
        "{}\n{told}\n{errors}",
        output.status
    );
}

/// The most memory this process ever had, in KiB.
pub fn peak_kib() -> u64 {
    status("VmHWM:")
}

/// The memory this process has now, in KiB.
pub fn resident_kib() -> u64 {
    status("VmRSS:")
}

fn status(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
