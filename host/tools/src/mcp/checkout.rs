//! Fetches a repository with `git`, inside the walls of a server: its own folder, its own settings, the network.
//! What came is files of strangers; nothing of it is run, and git is told to run nothing.

use super::program::{self, Program};
use super::spec::{ServerFolder, StdioSpec};
use crate::Registry;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::AsyncReadExt as _;

/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(300);
/// Bytes of git's words that are looked at.
const WORDS_MAX: u64 = 64 << 10;
/// In the folder: the files.
const TREE: &str = "tree";
/// In the folder: all settings that git has.
const SETTINGS: &str = "settings";

impl Registry {
    /// Fetches the newest state of a repository, or of one of its branches or tags, into a folder that is made.
    /// Answers where the files lie.
    ///
    /// # Errors
    /// Why not, in words for a person.
    pub async fn checkout(
        &self,
        address: &str,
        reference: Option<&str>,
        folder: &Path,
    ) -> Result<PathBuf, String> {
        let spec = spec(address, reference, folder)?;
        // Only what belongs here lies in it: nobody else's settings, no hooks.
        fs::create_dir_all(folder).map_err(|error| error.to_string())?;
        fs::write(folder.join(SETTINGS), settings(address)).map_err(|error| error.to_string())?;
        let program = program::start(&spec, self.shell()).await?;
        match tokio::time::timeout(PATIENCE, ended(program)).await {
            Ok(Ok(())) => Ok(folder.join(TREE)),
            Ok(Err(words)) => Err(words),
            Err(_) => Err(format!("it took longer than {} s", PATIENCE.as_secs())),
        }
    }
}

fn spec(address: &str, reference: Option<&str>, folder: &Path) -> Result<StdioSpec, String> {
    let is_known = ["https://", "file:///"]
        .iter()
        .any(|scheme| address.starts_with(scheme));
    if !is_known {
        return Err("a repository is fetched from `https://` or `file:///`".to_owned());
    }
    let mut args = vec![
        "clone".to_owned(),
        "--quiet".to_owned(),
        "--depth=1".to_owned(),
        "--single-branch".to_owned(),
        "--no-recurse-submodules".to_owned(),
        "--template=".to_owned(),
    ];
    if let Some(reference) = reference {
        if reference.is_empty() || reference.starts_with('-') {
            return Err("a branch or tag does not begin with `-`".to_owned());
        }
        args.push(format!("--branch={reference}"));
    }
    args.extend(["--", address, TREE].map(str::to_owned));
    let settings = folder.join(SETTINGS).display().to_string();
    let env = [
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_CONFIG_GLOBAL", settings.as_str()),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_ASKPASS", "true"),
        ("GIT_LFS_SKIP_SMUDGE", "1"),
    ];
    let env = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let local = address.strip_prefix("file://").map(PathBuf::from);
    Ok(StdioSpec {
        command: "git".to_owned(),
        args,
        env: BTreeMap::from(env),
        folder: folder.to_owned(),
        network: local.is_none(),
        folders: local
            .into_iter()
            .map(|path| ServerFolder {
                path,
                is_writable: false,
            })
            .collect(),
    })
}

/// All settings there are: nothing is run, no other way is taken, nothing is asked.
fn settings(address: &str) -> String {
    let scheme = address.split(':').next().unwrap_or_default();
    format!(
        "[core]\n\thooksPath = /dev/null\n\tfsmonitor = false\n[protocol]\n\tallow = never\n[protocol \"{scheme}\"]\n\tallow = always\n[safe]\n\tdirectory = *\n[submodule]\n\trecurse = false\n[transfer]\n\tfsckObjects = true\n[advice]\n\tdetachedHead = false\n"
    )
}

/// Waits for its end.
async fn ended(program: Program) -> Result<(), String> {
    let Program {
        group,
        stdin,
        mut stdout,
        stderr,
    } = program;
    drop(stdin);
    let mut words = Vec::new();
    let mut stderr = stderr.take(WORDS_MAX);
    let mut nowhere = tokio::io::sink();
    let (heard, _) = tokio::join!(
        stderr.read_to_end(&mut words),
        tokio::io::copy(&mut stdout, &mut nowhere),
    );
    let mut exit = group.exit();
    let exit = exit.wait_for(Option::is_some).await;
    let code = exit.ok().and_then(|exit| (*exit).and_then(|it| it.code));
    if code == Some(0) && heard.is_ok() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&words);
    let last = words.lines().rev().find(|line| !line.trim().is_empty());
    let last = anteroom_gate::visible(last.unwrap_or("it said nothing"));
    Err(format!("git could not fetch it: {last}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_names_is_no_option_and_no_program() {
        let of = |address: &str, reference: Option<&str>| {
            spec(address, reference, Path::new("/data/x")).map(|spec| spec.args.join(" "))
        };
        for bad in ["ext::sh -c x", "--upload-pack=x", "ssh://host/x", "/x", ""] {
            assert!(of(bad, None).is_err(), "{bad}");
        }
        for bad in ["", "--upload-pack=touch"] {
            assert!(of("https://a.test/x", Some(bad)).is_err(), "{bad}");
        }
        let good = of("https://a.test/x", Some("v1")).unwrap();
        assert!(
            good.ends_with("--branch=v1 -- https://a.test/x tree"),
            "{good}"
        );
        let offline = spec("file:///repo", None, Path::new("/data/x")).unwrap();
        assert!(!offline.network);
        assert_eq!(offline.folders[0].path, Path::new("/repo"));
    }
}
