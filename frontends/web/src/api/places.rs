//! Files and folders that a wish from a page may name: a session is lent to a browser, not all the account may write.
//!
//! The page itself names hardly any: what it sends or saves goes through the browser. What is left is bound to the
//! folder the server was started in, without what is hidden there, and to the folder of the database's copies.

use anteroom_api::{
    BundleOp, BundleSource, BundleWish, DatabaseOp, ModuleOp, Op, Problem, ProblemCode, Reads,
};
use std::path::{Component, Path, PathBuf};

/// The copies of the personal database lie in this folder beside it.
const COPIES: &str = "backups";

/// Refuses a wish that names a place a page may not.
///
/// # Errors
/// [`ProblemCode::Denied`], with the command that does it in a terminal.
pub(super) async fn check(reads: &dyn Reads, workspace: &str, op: &Op) -> Result<(), Problem> {
    let (named, command) = named(op);
    if named.is_empty() {
        return Ok(());
    }
    let databases = reads.databases(false).await?;
    let personal = databases.iter().find(|database| database.name.is_empty());
    let copies = personal.and_then(|database| {
        let folder = Path::new(&database.path).parent()?;
        Some(folder.join(COPIES))
    });
    let roots: Vec<PathBuf> = copies.into_iter().chain([workspace.into()]).collect();
    let named: Vec<String> = named.into_iter().map(str::to_owned).collect();
    let outside = tokio::task::spawn_blocking(move || {
        let roots: Vec<PathBuf> = roots
            .iter()
            .filter_map(|root| root.canonicalize().ok())
            .collect();
        named
            .into_iter()
            .find(|path| !is_inside(Path::new(path), &roots))
    });
    match outside.await {
        Ok(None) => Ok(()),
        Ok(Some(path)) => Err(refused(&path, command)),
        Err(_) => Err(refused("", command)),
    }
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
    let looked_at = Op::Bundle(BundleOp::Install {
        wish: wish.clone(),
        digest: String::new(),
    });
    check(reads, workspace, &looked_at).await
}

/// The place that a bundle is to be taken from, if a page has to answer for it.
fn source(wish: &BundleWish) -> Vec<&str> {
    match &wish.source {
        // Whoever sends a file from a page sends the file, and never says where it lies.
        BundleSource::Sent { path, .. } => vec![path],
        BundleSource::Place { place } => {
            let is_remote = ["https://", "git+https://"]
                .iter()
                .any(|scheme| place.starts_with(scheme));
            if is_remote { Vec::new() } else { vec![place] }
        }
        BundleSource::Shown { .. } | BundleSource::Again { .. } | BundleSource::Kept { .. } => {
            Vec::new()
        }
    }
}

/// What a wish names, and the command that takes it anywhere.
fn named(op: &Op) -> (Vec<&str>, &'static str) {
    match op {
        Op::Database(op) => match op {
            DatabaseOp::BackUp { path } => {
                (path.as_deref().into_iter().collect(), "aroom db backup")
            }
            DatabaseOp::Restore { path } => (vec![path], "aroom db restore"),
            DatabaseOp::Export { path, .. } => (vec![path], "aroom db export"),
            DatabaseOp::Import { path } => (vec![path], "aroom db import"),
            DatabaseOp::ShareAdd { path, .. } => (vec![path], "aroom db shared add"),
            DatabaseOp::Vacuum | DatabaseOp::ShareRemove { .. } => (Vec::new(), ""),
        },
        Op::Module(ModuleOp::Install { path, .. }) => (vec![path], "aroom tool install"),
        Op::Bundle(op) => match op {
            BundleOp::New { folder, .. } => (vec![folder], "aroom bundle new"),
            BundleOp::Pack { folder, file, .. } => (vec![folder, file], "aroom bundle pack"),
            BundleOp::Sign { path } => (vec![path], "aroom bundle sign"),
            BundleOp::Install { wish, .. } => {
                let project = wish.project.iter().map(String::as_str);
                (
                    source(wish).into_iter().chain(project).collect(),
                    "aroom bundle install",
                )
            }
            BundleOp::Remove { project, .. } => (
                project.iter().map(String::as_str).collect(),
                "aroom bundle remove",
            ),
            BundleOp::Trust { .. } | BundleOp::Distrust { .. } => (Vec::new(), ""),
        },
        _ => (Vec::new(), ""),
    }
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
        .cause("only the folder the server was started in and the database's copies are open to it")
        .hint(format!(
            "run `{command}` in a terminal on the server's machine"
        ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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

    #[test]
    fn every_wish_about_a_file_names_it_here() {
        let path = "/p/x";
        for op in [
            json!({ "noun": "database", "op": { "verb": "back_up", "path": path } }),
            json!({ "noun": "database", "op": { "verb": "restore", "path": path } }),
            json!({ "noun": "database", "op": { "verb": "export", "path": path } }),
            json!({ "noun": "database", "op": { "verb": "import", "path": path } }),
            json!({ "noun": "database", "op": { "verb": "share_add", "name": "n", "path": path } }),
            json!({ "noun": "module", "op": { "verb": "install", "path": path } }),
            json!({ "noun": "bundle", "op": { "verb": "new", "name": "n", "folder": path } }),
            json!({ "noun": "bundle", "op": { "verb": "sign", "path": path } }),
        ] {
            let op: Op = serde_json::from_value(op).unwrap();
            let (named, command) = named(&op);
            assert_eq!(named, [path], "{op:?}");
            assert!(command.starts_with("aroom "), "{op:?}");
        }
        // What the page itself wishes names none.
        for op in [
            json!({ "noun": "database", "op": { "verb": "back_up" } }),
            json!({ "noun": "database", "op": { "verb": "vacuum" } }),
            json!({ "noun": "module", "op": { "verb": "reload" } }),
        ] {
            let op: Op = serde_json::from_value(op).unwrap();
            assert!(named(&op).0.is_empty(), "{op:?}");
        }
    }
}
