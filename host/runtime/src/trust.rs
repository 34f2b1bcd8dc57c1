//! Which folders' own config and tools count: remembered by path and by a hash of what would take effect.
//!
//! What counts is the config file, the tools and the scripts of hooks; a change of any asks again. Instruction files such as
//! `AGENTS.md` are left out on purpose: they are words, which the gate answers for, they start nothing, and they
//! change so often that asking each time would teach people to say yes without looking.

use crate::agent::{instructions, prompt};
use crate::config::{self, Hook, HookMeant, Loaded, Settings, Sources};
use crate::engine::Engine;
use crate::hex::hex;
use crate::host::Port;
use crate::{live, wiring};
use anteroom_api::{
    Event, OpId, Problem, ProblemCode, SettingOrigin, SettingView, Topic, WorkspaceEvent,
    WorkspaceOp, WorkspaceTrust, WorkspaceView,
};
use anteroom_storage::Storage;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// More than a project has tools; with more, a folder cannot be trusted.
const MOST_TOOLS: usize = 256;
/// The same for the bytes of all of them.
const MOST_BYTES: u64 = 1 << 29;

/// What a folder holds that would take effect if it were trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Holds {
    /// SHA-256 of the config file, if there is one.
    config: Option<String>,
    /// SHA-256 and size of each tool, by name.
    tools: BTreeMap<String, (String, u64)>,
    /// The same of what lies beside the hooks, by path.
    scripts: BTreeMap<String, (String, u64)>,
}

impl Holds {
    /// Looks through a folder. What cannot be read counts as there, and as another thing each way it fails.
    fn of(folder: &Path) -> Result<Self, Problem> {
        let own = folder.join(".anteroom");
        let mut left = MOST_BYTES;
        let config = match hash(&own.join(config::FILE_NAME), &mut left) {
            Ok((hash, _)) => Some(hash),
            Err(error) if is_missing(&error) => None,
            Err(error) => Some(format!("unreadable: {error}")),
        };
        let mut tools = BTreeMap::new();
        let mut scripts = BTreeMap::new();
        let hooks = own.join("hooks");
        for path in files_below(&hooks).map_err(|trouble| trouble.of(folder))? {
            if left == 0 {
                return Err(too_much(folder));
            }
            let name = path.strip_prefix(&hooks).unwrap_or(&path).to_string_lossy();
            let found =
                hash(&path, &mut left).unwrap_or_else(|error| (format!("unreadable: {error}"), 0));
            scripts.insert(name.into_owned(), found);
        }
        for path in components(&own.join("tools")) {
            if tools.len() >= MOST_TOOLS || left == 0 {
                return Err(too_much(folder));
            }
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let found =
                hash(&path, &mut left).unwrap_or_else(|error| (format!("unreadable: {error}"), 0));
            tools.insert(name.into_owned(), found);
        }
        if left == 0 {
            return Err(too_much(folder));
        }
        Ok(Self {
            config,
            tools,
            scripts,
        })
    }

    fn hash(&self) -> String {
        let mut all = Sha256::new();
        let mut add = |kind: &str, name: &str, hash: &str| {
            for part in [kind, name, hash] {
                all.update(part.len().to_be_bytes());
                all.update(part);
            }
        };
        if let Some(hash) = &self.config {
            add("config", "", hash);
        }
        for (name, (hash, _)) in &self.tools {
            add("tool", name, hash);
        }
        for (name, (hash, _)) in &self.scripts {
            add("script", name, hash);
        }
        hex(&all.finalize())
    }
}

/// Reads the settings, and once more with the project's say if its folder is trusted as it is. Of a folder that was
/// trusted with another content only the hooks count, and refuse what they would judge: to run them is too much, and
/// to do without them is to let through what they may be there to stop.
pub(crate) async fn load(
    mut sources: Sources,
    workspace: &Path,
    storage: &Storage,
) -> Result<(Sources, Loaded), Problem> {
    sources.is_project_trusted = false;
    let mut loaded = config::load(&sources)?;
    let listed = wiring::is_trusted(&loaded.settings, workspace);
    let known = match listed {
        true => None,
        false => known(storage, workspace).await,
    };
    if !listed && known.is_none() {
        return Ok((sources, loaded));
    }
    let holds = match &known {
        Some(hash) => holds_still(workspace, hash).await,
        None => None,
    };
    sources.is_project_trusted = true;
    let trusted = config::load(&sources);
    if listed {
        return Ok((sources, trusted?));
    }
    // What was trusted is what was looked through; another content that came in between is not.
    match (holds, trusted) {
        (Some(_), Err(problem)) => return Err(problem),
        (Some(holds), Ok(trusted)) if holds.config == trusted.project_hash => {
            return Ok((sources, trusted));
        }
        (_, Ok(trusted)) => {
            let print = trusted.prints.get("hooks").cloned();
            let hooks = trusted.settings.hooks.into_iter();
            let theirs = hooks.filter(|hook| hook.is_project).collect();
            hold(&mut loaded, theirs, print.unwrap_or_default());
        }
        (None, Err(problem)) => {
            let print = problem.to_string();
            hold(&mut loaded, vec![unread(workspace, &problem)], print);
        }
    }
    sources.is_project_trusted = false;
    Ok((sources, loaded))
}

/// Adds hooks that count without being trusted, and a print of them.
fn hold(loaded: &mut Loaded, hooks: Vec<Hook>, print: String) {
    if hooks.is_empty() {
        return;
    }
    loaded.settings.hooks.extend(hooks);
    let prints = loaded.prints.entry("hooks").or_default();
    *prints = format!("{prints} held {print}");
}

/// What stands for hooks that cannot be read any more.
fn unread(workspace: &Path, problem: &Problem) -> Hook {
    let folder = workspace.join(".anteroom");
    Hook {
        written: serde_json::Value::Null,
        place: folder.join(config::FILE_NAME).display().to_string(),
        is_project: true,
        folder,
        meant: HookMeant::Wrong(format!(
            "cannot be read, and has changed since it was trusted: {problem}"
        )),
    }
}

/// Whether what a folder holds counts now.
pub(crate) async fn is_trusted(engine: &Engine, workspace: &Path) -> bool {
    wiring::is_trusted(&engine.settings(), workspace)
        || remembered(&engine.storage, workspace).await.is_some()
}

/// The same, where it is known already with which content the folder was trusted.
pub(crate) async fn is_trusted_as(engine: &Engine, workspace: &Path, hash: Option<String>) -> bool {
    wiring::is_trusted(&engine.settings(), workspace)
        || match hash {
            Some(hash) => holds_still(workspace, &hash).await.is_some(),
            None => false,
        }
}

/// What a folder holds, if a person trusted exactly that.
async fn remembered(storage: &Storage, workspace: &Path) -> Option<Holds> {
    holds_still(workspace, &known(storage, workspace).await?).await
}

/// With which content a folder was trusted, if it was.
async fn known(storage: &Storage, workspace: &Path) -> Option<String> {
    let folder = workspace.canonicalize().ok()?;
    let known = storage.trusted_hash(&folder.display().to_string()).await;
    known.ok().flatten()
}

async fn holds_still(workspace: &Path, trusted: &str) -> Option<Holds> {
    let holds = look(workspace.canonicalize().ok()?).await.ok()?;
    (holds.hash() == trusted).then_some(holds)
}

pub(crate) async fn take(port: &Port, id: OpId, op: WorkspaceOp) -> Result<(), Problem> {
    let event = match op {
        WorkspaceOp::Trust { path, hash } => {
            let folder = existing(&path)?;
            if look(folder.clone()).await?.hash() != hash {
                return Err(Problem::new(
                    ProblemCode::Conflict,
                    format!("what `{path}` holds has changed since it was shown"),
                )
                .hint("look at it again with `aroom trust`"));
            }
            let path = folder.display().to_string();
            WorkspaceEvent::Trusted { path, hash }
        }
        WorkspaceOp::Distrust { path } => {
            let folder = existing(&path).unwrap_or_else(|_| PathBuf::from(&path));
            if wiring::is_trusted(&port.engine.settings(), &folder) {
                return Err(Problem::new(
                    ProblemCode::Conflict,
                    format!("`{path}` is trusted by your config, in `safety.trusted_folders`"),
                )
                .hint("take it out there: `aroom config edit`, or `aroom config reset safety.trusted_folders`"));
            }
            let path = folder.display().to_string();
            WorkspaceEvent::Distrusted { path }
        }
    };
    port.tell(Topic::Host, id, Event::Workspace(event)).await?;
    live::reload(port).await;
    Ok(())
}

/// A folder was trusted or is not any more, here or in another process.
pub(crate) async fn changed(port: &Port) {
    live::reload(port).await;
}

pub(crate) async fn view(port: &Port, path: String) -> Result<WorkspaceView, Problem> {
    let folder = existing(&path)?;
    let shown = folder.display().to_string();
    let holds = look(folder.clone()).await?;
    let hash = holds.hash();
    let remembered = port.engine.storage.trusted_hash(&shown).await?;
    let trust = match remembered {
        _ if wiring::is_trusted(&port.engine.settings(), &folder) => WorkspaceTrust::Trusted,
        Some(known) if known == hash => WorkspaceTrust::Trusted,
        Some(_) => WorkspaceTrust::Changed,
        None => WorkspaceTrust::Unknown,
    };
    let mut lines = settings(port.live.sources(), &folder);
    let names = named(&folder);
    lines.extend(holds.tools.iter().map(|(name, (hash, bytes))| {
        let name = anteroom_gate::visible(name);
        let hash: String = hash.chars().take(8).collect();
        format!("tools `.anteroom/tools/{name}` ({bytes} bytes, {hash})")
    }));
    lines.extend(holds.scripts.iter().map(|(name, (hash, bytes))| {
        let name = anteroom_gate::visible(name);
        let hash: String = hash.chars().take(8).collect();
        format!("script `.anteroom/hooks/{name}` ({bytes} bytes, {hash})")
    }));
    let kinds = prompt::project_kinds(&folder);
    let instructions = instructions::paths(&folder, &port.engine.paths.home);
    Ok(WorkspaceView {
        kinds: kinds.into_iter().map(str::to_owned).collect(),
        instructions,
        path: shown,
        trust,
        hash,
        holds: lines,
        settings: names.into_iter().map(str::to_owned).collect(),
    })
}

/// Names of the settings that the config file names and that hold only with trust; all there are where it cannot be
/// read.
fn named(folder: &Path) -> Vec<&'static str> {
    match std::fs::read_to_string(folder.join(".anteroom").join(config::FILE_NAME)) {
        Ok(text) => config::waiting_in(&text),
        Err(error) if is_missing(&error) => Vec::new(),
        Err(_) => config::waiting_in("["),
    }
}

/// The settings that hold only with trust, one line each.
fn settings(mut sources: Sources, folder: &Path) -> Vec<String> {
    sources.project = Some(folder.join(".anteroom").join(config::FILE_NAME));
    let mut of_project = |is_trusted: bool| -> Result<Vec<SettingView>, Problem> {
        sources.is_project_trusted = is_trusted;
        Ok(config::load(&sources)?.report.settings)
    };
    let is_project = |view: &SettingView| matches!(view.origin, SettingOrigin::Project { .. });
    match (of_project(false), of_project(true)) {
        (Ok(without), Ok(with)) => {
            let waits = with.into_iter().filter(is_project);
            let waits: Vec<SettingView> = waits.filter(|view| !without.contains(view)).collect();
            let held = |key: &str| without.iter().find(|view| view.key == key);
            let lines = waits.iter().flat_map(|view| lines(view, held(&view.key)));
            lines.collect()
        }
        (Err(problem), _) | (_, Err(problem)) => vec![format!("a config file in error: {problem}")],
    }
}

/// Whole, and each entry of a list by itself: nothing harmless stands before what a person has to see, and nothing of
/// the person's own either, which comes first in such lists.
fn lines(view: &SettingView, held: Option<&SettingView>) -> Vec<String> {
    let own = held
        .and_then(|held| held.value.as_array())
        .map_or(&[][..], Vec::as_slice);
    let one = |value: &serde_json::Value| {
        let value = match value {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        format!("setting `{}`: {}", view.key, anteroom_gate::visible(&value))
    };
    match &view.value {
        serde_json::Value::Array(entries) if entries.iter().any(serde_json::Value::is_object) => {
            let theirs = entries.strip_prefix(own).unwrap_or(entries);
            theirs.iter().map(one).collect()
        }
        value => vec![one(value)],
    }
}

fn existing(path: &str) -> Result<PathBuf, Problem> {
    let missing = |error: &dyn std::fmt::Display| {
        Problem::new(
            ProblemCode::NotFound,
            format!("there is no folder `{path}`"),
        )
        .cause(error)
        .hint("name an existing folder")
    };
    let folder = Path::new(path);
    if !folder.is_absolute() {
        return Err(missing(&"it is not an absolute path"));
    }
    let folder = folder.canonicalize().map_err(|error| missing(&error))?;
    match folder.is_dir() {
        true => Ok(folder),
        false => Err(missing(&"it is not a folder")),
    }
}

async fn look(folder: PathBuf) -> Result<Holds, Problem> {
    let looked = tokio::task::spawn_blocking(move || Holds::of(&folder)).await;
    looked.unwrap_or_else(|error| {
        let words = "the folder could not be looked through";
        Err(Problem::new(ProblemCode::Internal, words).cause(error))
    })
}

/// The files that would be loaded as tools, in order.
fn components(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|end| end.eq_ignore_ascii_case("wasm"))
        })
        .collect();
    paths.sort();
    paths
}

/// Why a folder of scripts cannot be looked through.
enum Unseen {
    TooMuch,
    /// A link, which leads where other things than these count.
    Link(PathBuf),
    Unreadable(PathBuf, io::Error),
}

impl Unseen {
    fn of(self, folder: &Path) -> Problem {
        let shown = |path: &Path| anteroom_gate::visible(&path.display().to_string());
        match self {
            Self::TooMuch => too_much(folder),
            Self::Link(path) => Problem::new(
                ProblemCode::Denied,
                format!("`{}` is a link, so it cannot be trusted", shown(&path)),
            )
            .cause("what it leads to could change, or be another, without being shown here")
            .hint("put what it leads to in its place, or take it away"),
            Self::Unreadable(path, error) => Problem::new(
                ProblemCode::Denied,
                format!(
                    "`{}` cannot be looked through, so it cannot be trusted",
                    shown(&path)
                ),
            )
            .cause(error)
            .hint("make it readable, or take it away"),
        }
    }
}

/// All that lies in a folder and below it and is no folder, in order.
///
/// # Errors
/// A link, the folder itself included; what cannot be listed; more files or folders than there may be.
fn files_below(folder: &Path) -> Result<Vec<PathBuf>, Unseen> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |error| Unseen::Unreadable(path, error)
    };
    match std::fs::symlink_metadata(folder) {
        Ok(about) if about.is_symlink() => return Err(Unseen::Link(folder.to_owned())),
        Ok(about) if about.is_dir() => {}
        Ok(_) => return Ok(vec![folder.to_owned()]),
        Err(error) if is_missing(&error) => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(folder)(error)),
    }
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    let mut next = 0;
    while let Some(folder) = folders.get(next).cloned() {
        next += 1;
        for entry in std::fs::read_dir(&folder).map_err(unreadable(&folder))? {
            let path = entry.map_err(unreadable(&folder))?.path();
            let kind = std::fs::symlink_metadata(&path).map_err(unreadable(&path))?;
            if kind.is_symlink() {
                return Err(Unseen::Link(path));
            }
            match kind.is_dir() {
                true => folders.push(path),
                false => found.push(path),
            }
            if found.len() > MOST_TOOLS || folders.len() > MOST_TOOLS {
                return Err(Unseen::TooMuch);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// SHA-256 of a regular file, and its size. Takes what it reads off `left`.
fn hash(path: &Path, left: &mut u64) -> io::Result<(String, u64)> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut file = File::open(path)?.take(*left);
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        digest.update(&buffer[..count]);
        bytes += count as u64;
    }
    *left = left.saturating_sub(bytes);
    Ok((hex(&digest.finalize()), bytes))
}

fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn too_much(folder: &Path) -> Problem {
    Problem::new(
        ProblemCode::LimitReached,
        format!(
            "`{}` holds more than can be looked through",
            folder.display()
        ),
    )
    .hint("remove what is no tool from `.anteroom/tools`, and what is no hook's from `.anteroom/hooks`")
}

/// The settings as they are known before there is a database to ask; without the project's say.
pub(crate) fn first(sources: &Sources) -> Result<Settings, Problem> {
    Ok(config::load(sources)?.settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_of_what_takes_effect_changes_the_hash() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
            Holds::of(folder.path()).unwrap().hash()
        };
        let mut seen = vec![Holds::of(folder.path()).unwrap().hash()];
        for (path, text) in [
            (".anteroom/config.yaml", "a"),
            (".anteroom/config.yaml", "b"),
            (".anteroom/tools/x.wasm", "a"),
            (".anteroom/tools/y.wasm", "a"),
            (".anteroom/tools/y.wasm", ""),
            (".anteroom/hooks/push.sh", "a"),
            (".anteroom/hooks/push.sh", "b"),
            (".anteroom/hooks/lib/names", "a"),
        ] {
            let now = write(path, text);
            assert!(!seen.contains(&now), "{path}: {text}");
            seen.push(now);
        }
        let last = seen.last().unwrap();
        for path in ["AGENTS.md", "src/main.rs", ".anteroom/tools/notes.txt"] {
            assert_eq!(write(path, "words"), *last, "{path}");
        }
    }

    #[test]
    fn a_link_among_the_scripts_is_not_trusted() {
        use std::os::unix::fs::symlink;
        let leads = |link: &str, to: &str| {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path();
            std::fs::create_dir_all(root.join("elsewhere")).unwrap();
            std::fs::write(root.join("elsewhere/push.sh"), "exit 0").unwrap();
            let link = root.join(link);
            std::fs::create_dir_all(link.parent().unwrap()).unwrap();
            symlink(root.join(to), &link).unwrap();
            Holds::of(root)
        };
        for (link, to) in [
            (".anteroom/hooks", "elsewhere"),
            (".anteroom/hooks/lib", "elsewhere"),
            (".anteroom/hooks/lib/deep", "elsewhere"),
            (".anteroom/hooks/push.sh", "elsewhere/push.sh"),
            (".anteroom/hooks/gone", "nowhere"),
            (".anteroom/hooks/round", ".anteroom/hooks"),
        ] {
            let problem = leads(link, to).unwrap_err();
            assert_eq!(problem.code, ProblemCode::Denied, "{link}");
            assert!(problem.error.contains("is a link"), "{problem}");
            assert!(problem.error.contains(link), "{problem}");
        }
        // Nothing of another folder counts, so links in it do not either.
        assert!(leads("src/lib", "elsewhere").is_ok());
    }

    #[test]
    fn more_than_can_be_looked_through_is_not_trusted() {
        for name in ["a", "a/b"] {
            let folder = tempfile::tempdir().unwrap();
            for number in 0..=MOST_TOOLS {
                let at = folder
                    .path()
                    .join(format!(".anteroom/hooks/{number}/{name}"));
                std::fs::create_dir_all(at).unwrap();
            }
            let problem = Holds::of(folder.path()).unwrap_err();
            assert_eq!(problem.code, ProblemCode::LimitReached, "{name}");
        }
        let folder = tempfile::tempdir().unwrap();
        let hooks = folder.path().join(".anteroom/hooks");
        std::fs::create_dir_all(&hooks).unwrap();
        for number in 0..MOST_TOOLS {
            std::fs::write(hooks.join(number.to_string()), "").unwrap();
        }
        assert_eq!(Holds::of(folder.path()).unwrap().scripts.len(), MOST_TOOLS);
        std::fs::write(hooks.join("more"), "").unwrap();
        assert!(Holds::of(folder.path()).is_err());
    }

    #[test]
    fn what_is_no_file_is_there_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let empty = Holds::of(folder.path()).unwrap();
        std::fs::create_dir_all(folder.path().join(".anteroom/tools/x.wasm")).unwrap();
        std::fs::create_dir(folder.path().join(".anteroom/config.yaml")).unwrap();
        let holds = Holds::of(folder.path()).unwrap();
        assert_ne!(holds, empty);
        assert!(holds.config.is_some() && holds.tools.contains_key("x.wasm"));
    }
}
