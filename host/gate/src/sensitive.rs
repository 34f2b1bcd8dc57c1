//! Sensitive paths: what holds secrets or is run by others later. Strings only; a path need not exist.

use crate::FilePath;
use crate::policy::{Place, PolicyError};
use globset::{GlobBuilder, GlobMatcher};
use std::path::Path;

/// The built-in sensitive paths, Anteroom's own, and the user's.
#[derive(Debug)]
pub(crate) struct Sensitive {
    workspace: Vec<String>,
    protected: Vec<Vec<String>>,
    names: Vec<GlobMatcher>,
    paths: Vec<GlobMatcher>,
    /// Whether a path in the workspace can only be sensitive by the names built in here: nothing else is listed,
    /// and no protected place and the workspace lie within one another.
    is_by_names: bool,
}

/// A folder or file of this name is sensitive with all that is in it.
const NAMES: [&str; 35] = [
    ".ssh",
    ".gnupg",
    ".aws",
    ".kube",
    ".netrc",
    "_netrc",
    ".anteroom",
    ".git-credentials",
    ".gitconfig",
    ".pgpass",
    ".azure",
    ".bashrc",
    ".bash_profile",
    ".bash_login",
    ".bash_logout",
    ".bash_aliases",
    ".profile",
    ".zshrc",
    ".zshenv",
    ".zprofile",
    ".zlogin",
    ".zlogout",
    ".kshrc",
    ".mkshrc",
    ".cshrc",
    ".tcshrc",
    ".login",
    ".logout",
    ".xprofile",
    ".xinitrc",
    ".xsession",
    ".xsessionrc",
    ".inputrc",
    ".pam_environment",
    ".password-store",
];

/// Two components that are sensitive one below the other.
const PAIRS: [(&str, &str); 6] = [
    (".config", "fish"),
    (".config", "git"),
    (".config", "gcloud"),
    (".config", "anteroom"),
    (".docker", "config.json"),
    (".git", "hooks"),
];

/// Files and folders that editors and other programs read and act upon, outside of any sandbox.
const RUN_LATER: [&str; 12] = [
    ".vscode",
    ".idea",
    ".cursor",
    ".claude",
    ".codex",
    ".zed",
    ".fleet",
    ".devcontainer",
    ".husky",
    ".mcp.json",
    ".exrc",
    ".nvimrc",
];

/// Files and folders below a person's home that hold secrets: the gate asks for each use of them, and no command sees
/// them.
pub const HOME_SECRETS: [&str; 36] = [
    ".ssh",
    ".gnupg",
    ".aws",
    ".kube",
    ".azure",
    ".netrc",
    "_netrc",
    ".git-credentials",
    ".config/git/credentials",
    ".pgpass",
    ".password-store",
    ".docker/config.json",
    ".docker/run",
    ".docker/desktop",
    ".config/gcloud",
    ".config/gh",
    ".config/hub",
    ".config/op",
    ".config/anteroom",
    ".config/sops",
    ".config/rclone",
    ".cargo/credentials",
    ".cargo/credentials.toml",
    ".pypirc",
    ".local/share/keyrings",
    ".local/share/kwalletd",
    ".mozilla",
    ".thunderbird",
    ".config/google-chrome",
    ".config/chromium",
    ".config/BraveSoftware",
    ".config/microsoft-edge",
    "snap/firefox",
    ".bash_history",
    ".zsh_history",
    ".python_history",
];

impl Sensitive {
    pub(crate) fn new(place: &Place, extra: &[String]) -> Result<Self, PolicyError> {
        let mut names = Vec::new();
        let mut paths = Vec::new();
        for entry in extra {
            let text = entry.trim().trim_end_matches('/');
            let expanded = match (text.strip_prefix("~/"), &place.home) {
                (Some(rest), Some(home)) => format!("{}/{rest}", home.display()),
                _ => text.to_owned(),
            };
            let compiled = |pattern: &str| matcher(entry, pattern);
            if expanded.is_empty() {
                continue;
            }
            if !expanded.contains('/') {
                names.push(compiled(&expanded)?);
                continue;
            }
            let absolute = if expanded.starts_with('/') || expanded.starts_with("**") {
                expanded
            } else {
                let below = expanded.strip_prefix("./").unwrap_or(&expanded);
                format!(
                    "{}/{below}",
                    globset::escape(&place.workspace.to_string_lossy())
                )
            };
            paths.push(compiled(&absolute)?);
            paths.push(compiled(&format!("{absolute}/**"))?);
        }
        let workspace = components(&place.workspace.to_string_lossy());
        let home = place.home.as_deref();
        let of_home = HOME_SECRETS
            .iter()
            .filter_map(|name| Some(of_path(&home?.join(name))));
        let protected = place.protected.iter().map(|path| of_path(path));
        let protected: Vec<_> = protected.chain(of_home).collect();
        let is_apart = |protected: &Vec<String>| {
            !protected.starts_with(&workspace) && !workspace.starts_with(protected)
        };
        Ok(Self {
            is_by_names: names.is_empty() && paths.is_empty() && protected.iter().all(is_apart),
            workspace,
            protected,
            names,
            paths,
        })
    }

    /// Whether a path is sensitive or lies in something that is.
    pub(crate) fn matches(&self, path: &FilePath) -> bool {
        match path {
            FilePath::Temp(_) => false,
            // A search asks this of every entry several times.
            FilePath::Workspace(relative) if self.is_by_names && is_harmless(relative) => false,
            FilePath::Workspace(_) | FilePath::Outside(_) => self.matches_parts(path),
        }
    }

    fn matches_parts(&self, path: &FilePath) -> bool {
        match path {
            FilePath::Temp(_) => false,
            FilePath::Workspace(relative) => {
                let relative = components(relative);
                self.is_in_place(&relative) || self.is_at(&self.absolute(&relative))
            }
            FilePath::Outside(absolute) => {
                let absolute = components(absolute);
                self.is_in_place(&absolute) || self.is_at(&absolute)
            }
        }
    }

    /// Whether a path contains a sensitive place that is known by its full path, or holds hooks and settings of
    /// git: moving or replacing it moves or replaces those.
    pub(crate) fn is_above(&self, path: &FilePath) -> bool {
        let path = match path {
            FilePath::Temp(_) => return false,
            FilePath::Workspace(relative) => self.absolute(&components(relative)),
            FilePath::Outside(absolute) => components(absolute),
        };
        path.last().is_some_and(|name| is_git(name))
            || self
                .protected
                .iter()
                .any(|protected| protected.starts_with(&path))
    }

    /// Whether a change plants something that a program outside of the sandbox acts upon, also where nothing is
    /// there yet.
    pub(crate) fn runs_later(&self, path: &FilePath) -> bool {
        let parts = match path {
            FilePath::Temp(_) => return false,
            FilePath::Workspace(path) | FilePath::Outside(path) => components(path),
        };
        parts.iter().any(|name| RUN_LATER.contains(&name.as_str()))
    }

    fn absolute(&self, relative: &[String]) -> Vec<String> {
        self.workspace.iter().chain(relative).cloned().collect()
    }

    /// By its own names.
    fn is_in_place(&self, parts: &[String]) -> bool {
        parts.iter().enumerate().any(|(index, name)| {
            let next = parts.get(index + 1);
            NAMES.contains(&name.as_str())
                || name.starts_with(".env")
                || PAIRS
                    .iter()
                    .any(|(upper, lower)| name == upper && next.is_some_and(|next| next == lower))
                || (is_git(name) && is_git_secret(&parts[index + 1..]))
                || self.names.iter().any(|glob| glob.is_match(name))
        })
    }

    /// By where it is.
    fn is_at(&self, absolute: &[String]) -> bool {
        let joined = format!("/{}", absolute.join("/"));
        self.protected
            .iter()
            .any(|protected| absolute.starts_with(protected))
            || self.paths.iter().any(|glob| glob.is_match(&joined))
    }
}

/// Whether every name in a path begins, as it is spelled, like none of those built in here: true for most paths,
/// and found out without taking them apart.
fn is_harmless(path: &str) -> bool {
    let is_plain = path
        .bytes()
        .all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'\\' | b':'));
    is_plain
        && path.split('/').all(|name| {
            let begins_like_git = name
                .get(..4)
                .is_some_and(|start| start.eq_ignore_ascii_case("git~"));
            !name.starts_with(['.', '_', ' ']) && !begins_like_git
        })
}

fn is_git(name: &str) -> bool {
    name == ".git" || name == "git~1"
}

/// Hooks and settings of a repository, of its submodules and work trees too.
fn is_git_secret(below: &[String]) -> bool {
    below.iter().any(|name| name == "hooks")
        || below
            .last()
            .is_some_and(|name| name == "config" || name == "config.worktree")
}

fn matcher(entry: &str, pattern: &str) -> Result<GlobMatcher, PolicyError> {
    GlobBuilder::new(pattern)
        .literal_separator(true)
        .case_insensitive(true)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|source| PolicyError::Sensitive {
            path: entry.to_owned(),
            source,
        })
}

fn of_path(path: &Path) -> Vec<String> {
    components(&path.to_string_lossy())
}

/// The names in a path as a forgiving file system compares them: without case, invisible characters, trailing
/// dots and blanks, alternate streams; wide letters as plain ones.
pub(crate) fn components(path: &str) -> Vec<String> {
    path.split(['/', '\\'])
        .filter(|part| !matches!(*part, "" | "."))
        .map(plain)
        .filter(|part| !part.is_empty())
        .collect()
}

fn plain(name: &str) -> String {
    let folded: String = name
        .chars()
        .filter(|c| !crate::visible::hides(*c) || c.is_whitespace())
        .map(narrow)
        .flat_map(char::to_lowercase)
        .map(|c| if c == 'ſ' { 's' } else { c })
        .collect();
    let stream = folded.split(':').next().unwrap_or_default();
    stream
        .trim_end_matches(|c: char| c == '.' || c.is_whitespace())
        .trim_start_matches(char::is_whitespace)
        .to_owned()
}

/// Wide forms and look-alikes of a dot as their plain forms.
fn narrow(c: char) -> char {
    match u32::from(c) {
        0x2024 | 0xfe52 => '.',
        code @ 0xff01..=0xff5e => char::from_u32(code - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn sensitive() -> Sensitive {
        let place = Place {
            workspace: PathBuf::from("/home/ada/app"),
            home: Some(PathBuf::from("/home/ada")),
            protected: vec![
                PathBuf::from("/opt/Anteroom"),
                PathBuf::from("/home/ada/app/var/db"),
            ],
            temp: None,
        };
        let extra = [
            "*.pem",
            "private/",
            "~/keys",
            "/srv/vault",
            "**/token.json",
            "docs/*.secret",
        ];
        Sensitive::new(&place, &extra.map(str::to_owned)).unwrap()
    }

    #[test]
    fn what_commands_do_not_see_is_asked_about() {
        let sensitive = sensitive();
        for name in HOME_SECRETS {
            let path = FilePath::Outside(format!("/home/ada/{name}/more"));
            assert!(sensitive.matches(&path), "{name}");
        }
        let other = FilePath::Outside("/home/ada/.config/other".to_owned());
        assert!(!sensitive.matches(&other));
    }

    #[test]
    fn sensitive_in_the_workspace() {
        for path in [
            ".env",
            ".env.local",
            ".envrc",
            "a/b/.env",
            ".ENV",
            ".Env.Production",
            ".env.",
            ".env ",
            ".env::$DATA",
            ".e\u{200d}nv",
            ".env\u{200b}",
            "\u{ff0e}env",
            "\u{2024}env",
            ".\u{ff45}nv",
            ".ſsh/id",
            ".\u{212a}ube/config",
            ".ssh",
            ".ssh/id_rsa",
            "x/.ssh/config",
            ".SSH/known_hosts",
            ".gnupg/x",
            ".aws/credentials",
            ".kube/config",
            ".netrc",
            ".git/config",
            ".git/hooks/pre-commit",
            ".GIT/Hooks/x",
            ".git/config.worktree",
            ".git/modules/sub/config",
            ".git/modules/sub/hooks/x",
            ".git/worktrees/x/config",
            "git~1/config",
            ".git /config",
            ".git./hooks/x",
            "sub/.git/config",
            ".bashrc",
            ".profile",
            ".zshrc",
            ".config/fish/config.fish",
            ".anteroom",
            ".anteroom/config.yaml",
            ".Anteroom/tools/x.wasm",
            "key.pem",
            "certs/KEY.PEM",
            "private",
            "private/a",
            "a/private/x",
            "Private/a",
            "a/token.json",
            "docs/x.secret",
            "var/db",
            "VAR/DB/wal",
            ".env\\x",
            "a\\.ssh\\b",
        ] {
            assert!(
                sensitive().matches(&FilePath::Workspace(path.to_owned())),
                "{path:?}"
            );
        }
    }

    /// What the short way answers must be what the long way answers, whatever surrounds a name.
    #[test]
    fn the_short_way_is_the_long_way() {
        let place = Place {
            workspace: PathBuf::from("/home/ada/app"),
            protected: vec![PathBuf::from("/home/ada/.anteroom")],
            ..Place::default()
        };
        let sensitive = Sensitive::new(&place, &[]).unwrap();
        assert!(sensitive.is_by_names);
        let names = NAMES.iter().copied();
        let pairs = PAIRS.iter().flat_map(|(upper, lower)| [*upper, *lower]);
        let others = [
            "git~1", "hooks", "config", ".env", ".envrc", "src", "a.rs", ".", "..",
        ];
        let names: Vec<&str> = names.chain(pairs).chain(others).collect();
        for name in &names {
            for spelled in [
                (*name).to_owned(),
                name.to_uppercase(),
                format!("{name}."),
                format!("{name} "),
                format!(" {name}"),
                format!("{name}::$DATA"),
                format!("x:{name}"),
                format!("x\\{name}"),
                format!("\u{200b}{name}"),
                format!("\u{1}{name}"),
                format!("\t{name}"),
                name.replacen('.', "\u{2024}", 1),
            ] {
                for path in names
                    .iter()
                    .flat_map(|other| [format!("{spelled}/{other}"), format!("{other}/{spelled}")])
                    .chain([
                        spelled.clone(),
                        format!("a//{spelled}"),
                        format!("a/b c/{spelled}/x"),
                    ])
                {
                    let path = FilePath::Workspace(path);
                    assert_eq!(
                        sensitive.matches(&path),
                        sensitive.matches_parts(&path),
                        "{path:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_protected_place_in_the_workspace_is_never_taken_for_ordinary() {
        for (workspace, protected) in [("/w", "/w/data"), ("/w/data/x", "/w/data"), ("/", "/data")]
        {
            let place = Place {
                workspace: PathBuf::from(workspace),
                protected: vec![PathBuf::from(protected)],
                ..Place::default()
            };
            let sensitive = Sensitive::new(&place, &[]).unwrap();
            assert!(!sensitive.is_by_names, "{workspace} {protected}");
            let path = FilePath::Workspace("data/a".to_owned());
            assert!(sensitive.matches(&path), "{workspace} {protected}");
        }
    }

    #[test]
    fn ordinary_in_the_workspace() {
        for path in [
            "",
            "src/main.rs",
            "env",
            "environment.rs",
            "src/env.rs",
            "my.env",
            "ssh",
            "notes.ssh.txt",
            ".gitignore",
            ".github/workflows/ci.yml",
            ".git/HEAD",
            ".git/objects/x",
            "config",
            "hooks/use.ts",
            "src/hooks/x",
            ".config/app",
            "anteroom",
            "privately/x",
            "docs/sub/x.secret",
            "var/dbase",
            "bashrc",
            "x.bashrc",
            "keys/x",
        ] {
            assert!(
                !sensitive().matches(&FilePath::Workspace(path.to_owned())),
                "{path:?}"
            );
        }
    }

    #[test]
    fn elsewhere() {
        let outside = |path: &str| sensitive().matches(&FilePath::Outside(path.to_owned()));
        assert!(outside("/opt/anteroom/config.yaml"));
        assert!(outside("/opt/ANTEROOM"));
        assert!(outside("/home/ada/keys/x"));
        assert!(outside("/srv/vault"));
        assert!(outside("/home/ada/.ssh/id_rsa"));
        assert!(outside("/home/ada/app/var/db/wal"));
        assert!(!outside("/opt/anteroom2"));
        assert!(!outside("/etc/hosts"));
        assert!(!sensitive().matches(&FilePath::Temp(".env".to_owned())));
    }

    #[test]
    fn what_contains_sensitive_places() {
        for (path, is_above) in [
            (".git", true),
            ("sub/.git", true),
            ("var", true),
            ("", true),
            ("src", false),
        ] {
            assert_eq!(
                sensitive().is_above(&FilePath::Workspace(path.to_owned())),
                is_above,
                "{path}"
            );
        }
    }

    #[test]
    fn a_broken_entry_is_an_error() {
        let place = Place {
            workspace: PathBuf::from("/w"),
            ..Place::default()
        };
        assert!(Sensitive::new(&place, &["a/[".to_owned()]).is_err());
        assert!(Sensitive::new(&place, &["[".to_owned()]).is_err());
        assert!(Sensitive::new(&place, &[" ".to_owned()]).is_ok());
    }
}
