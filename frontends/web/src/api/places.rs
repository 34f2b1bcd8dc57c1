//! Files and folders that a wish from a page may name: a session is lent to a browser, not all the account may read
//! and write.
//!
//! The page itself names hardly any: what it sends or saves goes through the browser. What is left is bound to the
//! folders that a person at the machine gave: the one the server was started in, those in `app.folders`, those that
//! are trusted, without what is hidden in them, and those in which conversations of the personal database work.

use super::wishes::{self, Named, Wish};
use anteroom_api::{
    BundleWish, ConversationFilter, Op, Problem, ProblemCode, Reads, SettingsReport, WorkspaceTrust,
};
use std::path::{Component, Path, PathBuf};

/// The copies of the personal database lie in this folder beside it.
const COPIES: &str = "backups";
/// Settings that name folders pages may work in: for them, and for all.
const FOLDERS: [&str; 2] = ["app.folders", "safety.trusted_folders"];
/// Where the system's own programs lie, which a sandbox shows anyway.
const SYSTEM: [&str; 6] = ["/usr", "/bin", "/sbin", "/lib", "/opt", "/nix/store"];
/// Conversations that are looked at for one of the personal database's.
const LOOKED_AT: u32 = 200;

/// Refuses a wish that names a place a page may not.
///
/// # Errors
/// [`ProblemCode::Denied`], with the command that does it in a terminal.
pub(super) async fn check(reads: &dyn Reads, workspace: &str, op: &Op) -> Result<(), Problem> {
    check_wish(reads, workspace, wishes::of(op)).await
}

/// Refuses to look at a bundle in a place that a page may not name.
///
/// # Errors
/// As [`check`].
pub(super) async fn check_bundle(
    reads: &dyn Reads,
    workspace: &str,
    wish: &BundleWish,
) -> Result<(), Problem> {
    check_wish(reads, workspace, wishes::of_bundle(wish)).await
}

/// The folder that a page asks about; the server's own if it names none.
///
/// # Errors
/// As [`check`].
pub(super) async fn folder(
    reads: &dyn Reads,
    workspace: &str,
    wanted: Option<String>,
) -> Result<String, Problem> {
    let Some(wanted) = wanted else {
        return Ok(workspace.to_owned());
    };
    if wanted != workspace {
        let named = Wish {
            named: vec![Named::Folder(&wanted)],
            command: "",
        };
        check_wish(reads, workspace, named).await?;
    }
    Ok(wanted)
}

/// Refuses a wish by what it names.
///
/// # Errors
/// As [`check`].
pub(super) async fn check_wish(
    reads: &dyn Reads,
    workspace: &str,
    wish: Wish<'_>,
) -> Result<(), Problem> {
    let mut site = None;
    for named in wish.named {
        let in_words = |path: &str| refused(path, wish.command);
        let folder = match named {
            Named::Never(path) => return Err(in_words(path)),
            Named::Conversation(id) => {
                let view = reads.conversation(id).await?;
                // One of the personal database was opened in a terminal, or from a page that might.
                match view.database {
                    None => continue,
                    Some(_) => view.workspace,
                }
            }
            Named::Project(id) => {
                let projects = reads.projects().await?;
                let found = projects.into_iter().find(|project| project.id == id);
                match found.and_then(|project| project.spec.workspace) {
                    None => continue,
                    Some(workspace) => workspace,
                }
            }
            Named::File(path) | Named::Copy(path) | Named::Program(path) | Named::Folder(path) => {
                path.to_owned()
            }
        };
        let site = match &site {
            Some(site) => site,
            None => site.insert(Site::new(reads, workspace).await?),
        };
        let is_fine = match named {
            Named::File(_) => site.holds(&folder, Site::may_be_written).await,
            Named::Copy(_) => site.holds(&folder, Site::is_copy).await,
            Named::Program(_) => site.holds(&folder, Site::is_program).await,
            Named::Never(_) => false,
            Named::Folder(_) | Named::Conversation(_) | Named::Project(_) => {
                site.holds(&folder, Site::is_given).await || was_worked_in(reads, &folder).await?
            }
        };
        if !is_fine {
            return Err(match named {
                Named::File(_) | Named::Copy(_) | Named::Program(_) | Named::Never(_) => {
                    in_words(&folder)
                }
                Named::Folder(_) | Named::Conversation(_) | Named::Project(_) => {
                    not_given(&folder, wish.command, &site.named)
                }
            });
        }
    }
    Ok(())
}

/// Whether a person worked there: a conversation of the personal database does, or the folder is trusted as it is.
async fn was_worked_in(reads: &dyn Reads, path: &str) -> Result<bool, Problem> {
    if !Path::new(path).is_absolute() {
        return Ok(false);
    }
    let filter = ConversationFilter {
        kinds: Vec::new(),
        workspace: Some(path.to_owned()),
        ..ConversationFilter::default()
    };
    let found = reads.filtered(filter, None, LOOKED_AT).await?;
    if found.entries.iter().any(|view| view.database.is_none()) {
        return Ok(true);
    }
    let view = reads.workspace(path.to_owned()).await;
    Ok(view.is_ok_and(|view| view.trust == WorkspaceTrust::Trusted))
}

/// What a page may name, as it is on the disk.
#[derive(Clone)]
struct Site {
    roots: Vec<PathBuf>,
    copies: Option<PathBuf>,
    /// What `app.folders` says now.
    named: Vec<String>,
}

impl Site {
    async fn new(reads: &dyn Reads, workspace: &str) -> Result<Self, Problem> {
        let databases = reads.databases(false).await?;
        let personal = databases.iter().find(|database| database.name.is_empty());
        let copies = personal.and_then(|database| {
            let folder = Path::new(&database.path).parent()?;
            Some(folder.join(COPIES))
        });
        let report = reads.settings().await?;
        let given = FOLDERS.iter().flat_map(|key| paths(&report, key));
        let roots = std::iter::once(workspace.to_owned()).chain(given);
        let roots: Vec<PathBuf> = roots.map(PathBuf::from).collect();
        Ok(Self {
            roots,
            copies,
            named: paths(&report, FOLDERS[0]),
        })
    }

    /// Asks the disk, where that may take its time.
    async fn holds(&self, path: &str, asked: fn(&Self, &Path) -> bool) -> bool {
        let (site, path) = (self.clone(), PathBuf::from(path));
        let found = tokio::task::spawn_blocking(move || asked(&site, &path));
        found.await.unwrap_or(false)
    }

    fn may_be_written(&self, path: &Path) -> bool {
        is_inside(path, &self.real_roots()) || self.is_copy(path)
    }

    fn is_copy(&self, path: &Path) -> bool {
        let copies = self.copies.as_ref().and_then(|it| it.canonicalize().ok());
        copies.is_some_and(|copies| is_inside(path, &[copies]))
    }

    fn is_given(&self, path: &Path) -> bool {
        let roots = self.real_roots();
        let is_root =
            path.is_absolute() && path.canonicalize().is_ok_and(|real| roots.contains(&real));
        is_root || is_inside(path, &roots)
    }

    fn is_program(&self, path: &Path) -> bool {
        let is_systems = || {
            let real = path.canonicalize();
            real.is_ok_and(|real| SYSTEM.iter().any(|folder| real.starts_with(folder)))
        };
        path.is_absolute() && (is_inside(path, &self.real_roots()) || is_systems())
    }

    fn real_roots(&self) -> Vec<PathBuf> {
        let roots = self.roots.iter().filter(|root| root.is_absolute());
        roots.filter_map(|root| root.canonicalize().ok()).collect()
    }
}

/// The folders that a setting names.
fn paths(report: &SettingsReport, key: &str) -> Vec<String> {
    let setting = report.settings.iter().find(|setting| setting.key == key);
    let entries = setting.and_then(|setting| setting.value.as_array());
    let entries = entries.into_iter().flatten();
    entries
        .filter_map(|entry| entry.as_str().map(str::to_owned))
        .collect()
}

/// Whether a path, which may not be there yet, leads into one of these folders and into nothing hidden below it.
fn is_inside(path: &Path, roots: &[PathBuf]) -> bool {
    if !path.is_absolute() {
        return false;
    }
    // What is there is followed wherever it leads; what is to be made lies in a folder that is there.
    let real = path.canonicalize().or_else(|error| {
        let (folder, name) = (path.parent(), path.file_name());
        let (Some(folder), Some(name)) = (folder, name) else {
            return Err(error);
        };
        // A link to nowhere is there, too.
        match path.symlink_metadata() {
            Err(_) => Ok(folder.canonicalize()?.join(name)),
            Ok(_) => Err(error),
        }
    });
    let Ok(real) = real else {
        return false;
    };
    roots.iter().any(|root| {
        let inner = real.strip_prefix(root);
        inner.is_ok_and(|inner| {
            let mut parts = inner.components().peekable();
            parts.peek().is_some()
                && parts.all(|part| {
                    matches!(part, Component::Normal(name) if !name.to_string_lossy().starts_with('.'))
                })
        })
    })
}

fn refused(path: &str, command: &str) -> Problem {
    Problem::new(ProblemCode::Denied, format!("a page may not name `{path}`"))
        .cause("only what lies in the folders that are given to it, and the database's copies, is open to it")
        .hint(format!(
            "run `{command}` in a terminal on the server's machine"
        ))
}

/// What is said of a folder that nobody gave, with the command that gives it.
fn not_given(path: &str, command: &str, named: &[String]) -> Problem {
    let all = named.iter().map(String::as_str).chain([path]);
    let all: Vec<&str> = all.collect();
    let problem = Problem::new(
        ProblemCode::Denied,
        format!("`{path}` is no folder that was given to the page"),
    )
    .cause("the one it is served from is, with what lies in it, and so are those you have worked in from a terminal");
    let give = format!("aroom config set app.folders '{}'", all.join(","));
    problem.hint(match command {
        "" => format!("run `{give}` in a terminal on the server's machine"),
        command => format!("run `{command}` in a terminal on the server's machine, or `{give}`"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_names_what_lies_in_the_folder_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        let root = base.join("project");
        for inner in ["project/sub", "project/.hidden", "other"] {
            std::fs::create_dir_all(base.join(inner)).unwrap();
        }
        std::fs::write(root.join("there.db"), "x").unwrap();
        let roots = [root.clone()];
        for good in ["new.db", "there.db", "sub/new.db", "sub/../new.db"] {
            assert!(is_inside(&root.join(good), &roots), "{good}");
        }
        for bad in [
            "",
            "..",
            "../other/new.db",
            "sub/../../other/new.db",
            ".env",
            ".hidden/new.db",
            "nowhere/new.db",
            "sub/..",
        ] {
            assert!(!is_inside(&root.join(bad), &roots), "{bad}");
        }
        for bad in ["new.db", "", "project/new.db", "/", "/etc/passwd"] {
            assert!(!is_inside(Path::new(bad), &roots), "{bad}");
        }
        assert!(!is_inside(&base.join("project2.db"), &roots));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_the_folder_is_outside() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        let root = base.join("project");
        std::fs::create_dir(&root).unwrap();
        std::fs::create_dir(base.join("other")).unwrap();
        symlink(base.join("other"), root.join("folder")).unwrap();
        symlink(base.join("other/new.db"), root.join("file.db")).unwrap();
        for bad in ["folder", "folder/new.db", "file.db"] {
            assert!(
                !is_inside(&root.join(bad), std::slice::from_ref(&root)),
                "{bad}"
            );
        }
    }
}
