//! Where a path of a command line lies. Strings only: links are the sandbox's business.

use super::field::Field;
use super::scope::{Scope, UNKNOWN};
use super::walk::Walker;
use crate::FilePath;
use crate::sensitive::components;
use crate::visible::visible;
use anteroom_api::Tier;
use globset::GlobBuilder;

/// What a path is to somebody who would delete or overwrite it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Spot {
    /// The root, a folder directly below it, or all that is in one.
    Root,
    /// The home folder or all that is in it.
    Home,
    /// The workspace, all that is in it, or a folder it lies in.
    Workspace,
    /// A disk.
    Device,
    /// The null device and its kin.
    Harmless,
    /// In the workspace.
    Inside,
    /// Elsewhere.
    Outside,
    /// Not known before the line runs.
    Unknown,
}

impl Spot {
    fn rank(&self) -> u8 {
        match self {
            Self::Harmless => 0,
            Self::Inside => 1,
            Self::Unknown => 2,
            Self::Outside => 3,
            Self::Workspace | Self::Home | Self::Root | Self::Device => 4,
        }
    }

    /// Why removing it as a whole is never ordinary.
    pub(super) fn catastrophe(&self) -> Option<&'static str> {
        match self {
            Self::Root => Some("the root or a system folder"),
            Self::Home => Some("the home folder"),
            Self::Workspace => Some("the workspace or a folder around it"),
            Self::Device => Some("a disk"),
            Self::Harmless | Self::Inside | Self::Outside | Self::Unknown => None,
        }
    }
}

/// Names that globs are held against; one that could match is taken to match.
const LIKELY: [&str; 16] = [
    ".env",
    ".env.local",
    ".envrc",
    ".ssh",
    ".gnupg",
    ".aws",
    ".kube",
    ".netrc",
    ".git",
    ".config",
    ".docker",
    ".anteroom",
    ".bashrc",
    ".profile",
    ".zshrc",
    ".gitconfig",
];

impl Walker<'_> {
    /// The worst place a field may name.
    pub(super) fn spot(&self, field: &Field, scope: &Scope) -> Spot {
        let text = field.pattern.as_ref().unwrap_or(&field.text);
        let spots = scope
            .folders
            .iter()
            .map(|folder| self.spot_from(text, folder));
        spots
            .max_by_key(|spot| spot.rank())
            .unwrap_or(Spot::Unknown)
    }

    fn spot_from(&self, text: &str, folder: &str) -> Spot {
        if text.starts_with(UNKNOWN) || text.is_empty() {
            return Spot::Unknown;
        }
        let path = absolute(text, folder);
        if is_harmless(&path) {
            return Spot::Harmless;
        }
        if self.is_in_temp(&path) {
            return Spot::Inside;
        }
        if is_device(&path) {
            return Spot::Device;
        }
        let is_everything = path.last().is_some_and(|name| is_everything(name));
        let base = if is_everything {
            &path[..path.len() - 1]
        } else {
            &path[..]
        };
        let workspace = lower(&self.context.place.workspace.to_string_lossy());
        let home = self
            .context
            .place
            .home
            .as_ref()
            .map(|home| lower(&home.to_string_lossy()));
        let base: Vec<String> = base.iter().map(|part| part.to_lowercase()).collect();
        if base.is_empty() || (base.len() == 1 && base != workspace) {
            Spot::Root
        } else if home.as_ref() == Some(&base) || is_some_home(&base) {
            Spot::Home
        } else if workspace.starts_with(&base) {
            Spot::Workspace
        } else if path.starts_with(&normal(&self.context.place.workspace.to_string_lossy())) {
            Spot::Inside
        } else {
            Spot::Outside
        }
    }

    /// Notes that a path is read, if that is worth a question.
    pub(super) fn reads(&mut self, field: &Field, scope: &Scope) {
        let shown = visible(&field.text);
        if self.is_sensitive(field, scope) {
            self.report
                .ask_always(Tier::Execute, format!("`{shown}` is a sensitive path"));
        } else if self.is_outside(field, scope) {
            self.report
                .ask_always(Tier::Execute, format!("`{shown}` is outside the workspace"));
            self.report
                .brings(format!("the file `{shown}`, outside the workspace"));
        }
    }

    /// Notes that a path is changed, if that is worth a question.
    pub(super) fn writes(&mut self, field: &Field, scope: &Scope, how: &str) {
        let shown = visible(&field.text);
        if self.spot(field, scope) == Spot::Device || is_kernel_switch(&field.text) {
            self.report
                .block(format!("it {how} the device or kernel switch `{shown}`"));
        } else if self.is_sensitive(field, scope) {
            self.report.ask_always(
                Tier::Destructive,
                format!("it {how} the sensitive path `{shown}`"),
            );
        } else if self.is_outside(field, scope) {
            self.report.ask_always(
                Tier::Destructive,
                format!("it {how} `{shown}`, outside the workspace"),
            );
        } else if self.runs_later(field, scope) {
            self.report.ask_always(
                Tier::Destructive,
                format!("it {how} `{shown}`, which an editor or another program runs later, outside of the sandbox"),
            );
        }
    }

    pub(super) fn is_outside(&self, field: &Field, scope: &Scope) -> bool {
        let is_path = !field.text.is_empty() && !field.text.starts_with(UNKNOWN);
        is_path
            && matches!(
                self.lexical_spot(field, scope),
                Spot::Outside | Spot::Root | Spot::Home | Spot::Device
            )
    }

    /// As [`Self::spot`], but the workspace itself is inside and folders around it are outside.
    fn lexical_spot(&self, field: &Field, scope: &Scope) -> Spot {
        let workspace = normal(&self.context.place.workspace.to_string_lossy());
        let text = field.pattern.as_ref().unwrap_or(&field.text);
        let is_inside = |folder: &String| {
            let path = absolute(text, folder);
            is_harmless(&path) || path.starts_with(&workspace) || self.is_in_temp(&path)
        };
        if scope.folders.iter().all(is_inside) {
            Spot::Inside
        } else {
            Spot::Outside
        }
    }

    /// Whether a path lies in the conversation's private temporary folder, which is free although it lies in a
    /// protected one.
    fn is_in_temp(&self, path: &[String]) -> bool {
        let temp = self.context.place.temp.as_ref();
        temp.is_some_and(|temp| {
            let temp = normal(&temp.to_string_lossy());
            !temp.is_empty() && path.starts_with(&temp)
        })
    }

    /// Whether a change plants something that runs later, outside of the sandbox.
    fn runs_later(&self, field: &Field, scope: &Scope) -> bool {
        let text = field.pattern.as_ref().unwrap_or(&field.text);
        scope.folders.iter().any(|folder| {
            let path = absolute(text, folder);
            let workspace = normal(&self.context.place.workspace.to_string_lossy());
            // What the workspace itself lies in is not planted by the line.
            let below = path.strip_prefix(workspace.as_slice()).unwrap_or(&path);
            let below = FilePath::Workspace(below.join("/"));
            !self.is_in_temp(&path) && self.context.sensitive.runs_later(&below)
        })
    }

    pub(super) fn is_sensitive(&self, field: &Field, scope: &Scope) -> bool {
        let text = field.pattern.as_ref().unwrap_or(&field.text);
        self.is_sensitive_text(text, scope)
    }

    pub(super) fn is_sensitive_text(&self, text: &str, scope: &Scope) -> bool {
        scope.folders.iter().any(|folder| {
            let path = absolute(text, folder);
            if self.is_in_temp(&path) {
                return false;
            }
            let joined = format!("/{}", path.join("/"));
            self.context.sensitive.matches(&FilePath::Outside(joined)) || may_match_sensitive(&path)
        })
    }
}

/// Whether a pattern in a path could stand for a sensitive name.
fn may_match_sensitive(path: &[String]) -> bool {
    let is_in_git = path
        .iter()
        .any(|part| components(part).first().is_some_and(|part| part == ".git"));
    path.iter()
        .filter(|part| part.contains(['*', '?', '[']))
        .any(|part| {
            // A leading dot is matched by nothing but a dot.
            let is_hidden = part.starts_with('.');
            let glob = GlobBuilder::new(part).case_insensitive(true).build();
            match glob {
                Ok(glob) => {
                    let glob = glob.compile_matcher();
                    (is_hidden && LIKELY.iter().any(|name| glob.is_match(name)))
                        || (is_in_git && ["hooks", "config"].iter().any(|name| glob.is_match(name)))
                }
                Err(_) => true,
            }
        })
}

/// The names on the way to a path, `.` and `..` worked out.
pub(super) fn absolute(text: &str, folder: &str) -> Vec<String> {
    if text.starts_with('/') {
        normal(text)
    } else {
        normal(&format!("{folder}/{text}"))
    }
}

fn normal(path: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part.to_owned()),
        }
    }
    parts
}

fn lower(path: &str) -> Vec<String> {
    normal(path)
        .iter()
        .map(|part| part.to_lowercase())
        .collect()
}

/// A pattern that leaves next to nothing out.
fn is_everything(name: &str) -> bool {
    let mut is_in_set = false;
    let mut rest = name.chars().filter(|c| match c {
        '[' => {
            is_in_set = true;
            false
        }
        ']' => {
            is_in_set = false;
            false
        }
        _ => !is_in_set,
    });
    name.contains(['*', '?', '['])
        && !rest.any(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | UNKNOWN))
}

fn is_some_home(path: &[String]) -> bool {
    matches!(path, [top, _] if top == "home" || top == "users")
}

fn is_harmless(path: &[String]) -> bool {
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    match parts.as_slice() {
        [
            "dev",
            "null" | "zero" | "stdin" | "stdout" | "stderr" | "tty" | "full" | "urandom" | "random",
        ] => true,
        ["dev", "fd", number] => number.chars().all(|c| c.is_ascii_digit()),
        _ => false,
    }
}

fn is_device(path: &[String]) -> bool {
    const DISKS: [&str; 20] = [
        "sd", "hd", "vd", "xvd", "nvme", "mmcblk", "loop", "dm-", "md", "disk", "rdisk", "mapper",
        "sr", "zram", "nbd", "mem", "kmem", "port", "block", "mtd",
    ];
    path.first().is_some_and(|top| top == "dev")
        && path.get(1).is_some_and(|name| {
            DISKS
                .iter()
                .any(|disk| name.to_lowercase().starts_with(disk))
        })
}

fn is_kernel_switch(path: &str) -> bool {
    path.contains("/proc/sysrq-trigger") || path.starts_with("/sys/power/")
}
