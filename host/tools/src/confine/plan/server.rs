//! The plan for a server: a program of other people that lives long. Nothing is there for it but what is listed
//! here: the system's programs, what its own program is made of, what its entry names, and its own folder.

use super::ways::{self, Link};
use super::{Plan, SYSTEM_SECRETS, Sandbox, system};
use anteroom_gate::{FilePath, HOME_SECRETS};
use std::fs;
use std::path::{Path, PathBuf};

/// Of Anteroom's own folder: what was installed, of which programs may be a part.
const INSTALLED: &str = "bundles";
/// Not opened with what is around them, nor by themselves; what lies in them may be.
const APART: [&str; 3] = ["/dev", "/run", "/sys"];
/// Made anew for each.
const PROCESSES: &str = "/proc";

/// What the plan for a server is made from. Paths that do not exist are left out.
pub(crate) struct ServerSite<'a> {
    pub(crate) sandbox: &'a Sandbox,
    /// Its own folder, canonical.
    pub(crate) folder: &'a Path,
    /// In it.
    pub(crate) temp: &'a Path,
    /// What it may read besides.
    pub(crate) readable: &'a [PathBuf],
    /// What its program consists of: read, too, and no place of people's secrets.
    pub(crate) needed: &'a [PathBuf],
    /// What it may write besides.
    pub(crate) writable: &'a [PathBuf],
    /// Whether the gate finds a path in such a folder sensitive.
    pub(crate) is_sensitive: &'a dyn Fn(&Path, &FilePath) -> bool,
}

impl Plan {
    /// The plan for one server.
    pub(crate) fn of_server(site: &ServerSite<'_>) -> Self {
        let mut plan = Self {
            workspace: site.folder.to_owned(),
            temp: site.temp.to_owned(),
            writable: vec![site.folder.to_owned(), site.temp.to_owned()],
            is_closed: true,
            ..Self::default()
        };
        let closed = Closed::of(site.sandbox);
        let mut links = Vec::new();
        for path in site.writable {
            if path.parent().is_none() {
                plan.gaps
                    .push("it may write to the whole file system".to_owned());
            }
            if let Some(real) = closed.lead(path, &mut links) {
                plan.secrets_of_folder(site, &real);
                closed.open(&real, &mut plan.writable, &mut links);
                plan.plants_of_folder(&real, &closed);
            }
        }
        let mut readable = Vec::new();
        for path in site.readable {
            if let Some(real) = closed.lead(path, &mut links) {
                plan.secrets_of_folder(site, &real);
                closed.open(&real, &mut readable, &mut links);
            }
        }
        let system = system::open(site.sandbox.network);
        for path in site.needed.iter().chain(&system) {
            if let Some(real) = closed.lead(path, &mut links) {
                closed.open(&real, &mut readable, &mut links);
            }
        }
        let readable = plan.needing_a_place(readable);
        plan.sealed.extend(readable);
        // What cannot be seen needs no cover, and what is there with its folder is no link to be made.
        let is_open = |path: &Path, plan: &Self| {
            let mut open = plan.writable.iter().chain(&plan.sealed);
            open.any(|tree| path.starts_with(tree))
        };
        let hidden = std::mem::take(&mut plan.hidden).into_iter();
        plan.hidden = hidden.filter(|it| is_open(&it.path, &plan)).collect();
        links.retain(|(path, _)| !is_open(path, &plan));
        links.sort();
        links.dedup();
        plan.links = links;
        plan.pin_ways();
        plan
    }

    fn secrets_of_folder(&mut self, site: &ServerSite<'_>, path: &Path) {
        if path.is_dir() {
            self.secrets_in(path, &|file| (site.is_sensitive)(path, file));
        }
    }

    /// Of one that may be written. Protects what is in it and opens nothing.
    fn plants_of_folder(&mut self, path: &Path, closed: &Closed) {
        if !path.is_dir() {
            return;
        }
        let given = self.writable.clone();
        self.planted(path);
        self.writable = given;
        let trees = &self.writable;
        let is_in = |path: &Path| trees.iter().any(|tree| path.starts_with(tree));
        self.sealed.retain(|it| is_in(it) && !closed.has(it));
        // Where only what is in it now is open, nothing can be made beside that.
        self.absent.retain(|(parent, _)| is_in(parent));
        self.unwanted.retain(|it| is_in(it));
    }

    /// Without those that are seen with a folder they lie in, and those that were covered in one.
    fn needing_a_place(&self, mut trees: Vec<PathBuf>) -> Vec<PathBuf> {
        trees.sort();
        trees.dedup();
        let is_seen_with = |path: &Path, around: &Path| {
            let mut hidden = self.hidden.iter().map(|it| &it.path);
            let is_between = hidden.any(|it| path.starts_with(it) && it.starts_with(around));
            path.starts_with(around) && !is_between
        };
        let mut kept: Vec<PathBuf> = Vec::new();
        for path in trees {
            let mut around = self.writable.iter().chain(&kept);
            let is_covered = self.hidden.iter().any(|it| it.path == path);
            if !is_covered && !around.any(|it| is_seen_with(&path, it)) {
                kept.push(path);
            }
        }
        kept
    }
}

/// What no entry opens, whether it is there now or comes later.
struct Closed {
    /// With all that is in it.
    never: Vec<PathBuf>,
    /// In those, and open all the same where it is asked for.
    but: Vec<PathBuf>,
}

impl Closed {
    fn of(sandbox: &Sandbox) -> Self {
        let own = sandbox.own.iter().filter_map(|it| it.canonicalize().ok());
        let own: Vec<PathBuf> = own.collect();
        let mut never: Vec<PathBuf> = SYSTEM_SECRETS.iter().map(PathBuf::from).collect();
        never.push(PathBuf::from(PROCESSES));
        for home in homes(sandbox) {
            for name in HOME_SECRETS {
                let path = home.join(name);
                // Where it is a link, what it leads to is the secret.
                never.extend(path.canonicalize().ok());
                never.push(path);
            }
        }
        let but = own.iter().map(|own| own.join(INSTALLED)).collect();
        never.extend(own);
        Self { never, but }
    }

    /// Where a path leads, if it is there and may be opened; the links on the way are noted.
    fn lead(&self, path: &Path, links: &mut Vec<Link>) -> Option<PathBuf> {
        let (real, followed) = ways::follow(path)?;
        if self.has(&real) {
            return None;
        }
        links.extend(followed);
        Some(real)
    }

    fn has(&self, path: &Path) -> bool {
        let is_never = self.never.iter().any(|it| path.starts_with(it));
        let is_but = self.but.iter().any(|it| path.starts_with(it));
        (is_never && !is_but) || APART.iter().any(|it| path == Path::new(it))
    }

    /// Adds a tree; where something in it must stay closed, what is beside that now, one by one. What comes later
    /// is not there then.
    fn open(&self, path: &Path, trees: &mut Vec<PathBuf>, links: &mut Vec<Link>) {
        if self.has(path) {
            return;
        }
        let apart = APART.iter().map(Path::new);
        let mut closed = self.never.iter().map(PathBuf::as_path).chain(apart);
        if !closed.any(|it| it.starts_with(path)) {
            trees.push(path.to_owned());
            return;
        }
        let entries = fs::read_dir(path).into_iter().flatten();
        for entry in entries.filter_map(Result::ok) {
            match fs::read_link(entry.path()) {
                Ok(target) if !self.has(&entry.path()) => links.push((entry.path(), target)),
                Ok(_) => {}
                Err(_) => self.open(&entry.path(), trees, links),
            }
        }
    }
}

fn homes(sandbox: &Sandbox) -> Vec<PathBuf> {
    let own = sandbox.home.iter();
    let own = own.flat_map(|home| [Some(home.clone()), home.canonicalize().ok()]);
    let others = fs::read_dir("/home").into_iter().flatten();
    let others = others.filter_map(Result::ok).map(|entry| entry.path());
    let mut homes: Vec<PathBuf> = own.flatten().chain(others).collect();
    homes.push(PathBuf::from("/root"));
    homes.sort();
    homes.dedup();
    homes
}
