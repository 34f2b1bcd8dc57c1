//! Fetches a repository with `git`, inside the walls of a server: its own folder, its own settings, the network, and
//! only so much room and time. What came is files of strangers; nothing of it is run, and git is told to run nothing.

use crate::Registry;
use crate::lend::fetch::{DownloadReach, public_addresses};
use crate::mcp::{Program, ServerFolder, StdioSpec, start_program};
use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::AsyncReadExt as _;

/// Bytes of git's words that are looked at.
const WORDS_MAX: u64 = 64 << 10;
/// Files and folders that may be made.
const ENTRIES_MAX: usize = 50_000;
/// How often it is looked how large it has become.
const ROUND: Duration = Duration::from_millis(100);
/// How long it is waited until all that was ended is gone.
const ENDING: Duration = Duration::from_secs(5);
/// In the folder: the files.
const TREE: &str = "tree";
/// In the folder: all settings that git has.
const SETTINGS: &str = "settings";

/// How much a repository may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckoutBounds {
    /// Bytes on the disk, as it is packed and as files.
    pub bytes: u64,
    /// How long fetching it may take.
    pub time: Duration,
    /// Which machines may be asked.
    pub reach: DownloadReach,
}

impl Registry {
    /// Fetches the newest state of a repository, or of one of its branches or tags, into a folder that is made.
    /// Answers where the files lie. What goes beyond the bounds is ended; the folder is the caller's to remove.
    ///
    /// # Errors
    /// Why not, in words for a person.
    pub async fn checkout(
        &self,
        address: &str,
        reference: Option<&str>,
        folder: &Path,
        bounds: CheckoutBounds,
    ) -> Result<PathBuf, String> {
        let spec = spec(address, reference, folder)?;
        // Only what belongs here lies in it: nobody else's settings, no hooks.
        fs::create_dir_all(folder).map_err(|error| error.to_string())?;
        let settings = match bounds.reach {
            DownloadReach::Named => settings(address),
            DownloadReach::Public => settings(address) + &pinned(address).await?,
        };
        fs::write(folder.join(SETTINGS), settings).map_err(|error| error.to_string())?;
        let program = start_program(&spec, self.shell()).await?;
        let mut exit = program.group.exit();
        let done = tokio::select! {
            // What it became is looked at once more in any case.
            biased;
            done = ended(program) => done,
            words = outgrown(folder, bounds.bytes) => Err(words),
            () = tokio::time::sleep(bounds.time) => {
                Err(format!("it took longer than {} s", bounds.time.as_secs()))
            }
        };
        // Whoever removes the folder must not find it growing. It was dropped, so it is ended.
        drop(tokio::time::timeout(ENDING, exit.wait_for(Option::is_some)).await);
        done?;
        match measured(folder, bounds.bytes).await {
            Some(words) => Err(words),
            None => Ok(folder.join(TREE)),
        }
    }
}

/// Settings that keep git on the public network: it goes to exactly the addresses that were looked at, and is sent on
/// by nobody. What lies on this machine was named at it.
async fn pinned(address: &str) -> Result<String, String> {
    if address.starts_with("file:") {
        return Ok(String::new());
    }
    let (name, found) = public_addresses(address).await?;
    let port = found.first().map(SocketAddr::port).unwrap_or_default();
    let addresses = found.iter().map(|address| match address.ip() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    });
    let addresses: Vec<String> = addresses.collect();
    let addresses = addresses.join(",");
    Ok(format!(
        "[http]\n\tfollowRedirects = false\n\tproxy =\n\tcurloptResolve = \"{name}:{port}:{addresses}\"\n"
    ))
}

/// Waits until the folder is larger than it may be.
async fn outgrown(folder: &Path, most: u64) -> String {
    loop {
        tokio::time::sleep(ROUND).await;
        if let Some(words) = measured(folder, most).await {
            return words;
        }
    }
}

/// Why a folder is too large, if it is.
async fn measured(folder: &Path, most: u64) -> Option<String> {
    let folder = folder.to_owned();
    let measured = tokio::task::spawn_blocking(move || {
        let (mut bytes, mut entries) = (0, 0);
        add(&folder, most, &mut bytes, &mut entries);
        (bytes, entries)
    });
    match measured.await {
        Ok((bytes, _)) if bytes > most => Some(format!(
            "the repository is larger than {} MB, files and history together",
            most >> 20
        )),
        Ok((_, entries)) if entries > ENTRIES_MAX => {
            Some(format!("the repository has more than {ENTRIES_MAX} files"))
        }
        Ok(_) => None,
        Err(error) => Some(format!("it cannot be measured: {error}")),
    }
}

/// Adds up what lies below a folder, as far as it is of interest. What vanishes meanwhile counts for nothing.
fn add(folder: &Path, most: u64, bytes: &mut u64, entries: &mut usize) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        *entries += 1;
        if *entries > ENTRIES_MAX || *bytes > most {
            return;
        }
        // A link is itself, not what it leads to.
        if let Ok(about) = entry.path().symlink_metadata() {
            *bytes = bytes.saturating_add(about.len());
            if about.is_dir() {
                add(&entry.path(), most, bytes, entries);
            }
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
