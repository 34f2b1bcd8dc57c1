//! Repositories for tests, made by the real git without anybody's settings.

use std::path::Path;
use std::process::Command;

/// Runs git in a folder; answers what it said.
pub(crate) fn git(folder: impl AsRef<Path>, arguments: &[&str]) -> String {
    let done = Command::new("git")
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(done.status.success(), "{arguments:?}: {done:?}");
    String::from_utf8(done.stdout).unwrap()
}

/// Makes a repository of a folder, with all that is in it committed on `main`.
pub(crate) fn commit_all(folder: impl AsRef<Path>) {
    let folder = folder.as_ref();
    git(folder, &["init", "--quiet", "--initial-branch=main"]);
    git(folder, &["add", "--all"]);
    git(folder, &["commit", "--quiet", "-m", "one"]);
}
