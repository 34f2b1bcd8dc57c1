//! What must not happen with databases: nothing overwritten, nothing readable for others, nothing opened for a project.

use crate::support::endpoint::Reply;
use crate::support::scene::Scene;
use anteroom_api::{DatabaseOp, Problem, ProblemCode};
use std::path::{Path, PathBuf};

async fn refused(scene: &Scene, op: DatabaseOp) -> Problem {
    scene.handle().submit(op).await.unwrap_err().0
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_and_exports_overwrite_nothing() {
    let scene = Scene::new([]).await;
    let file = scene.folder.path().join("mine");
    std::fs::write(&file, "mine").unwrap();
    let path = || text(&file);
    let ops = [
        DatabaseOp::BackUp { path: Some(path()) },
        DatabaseOp::Export {
            path: path(),
            conversations: vec![],
        },
    ];
    for op in ops {
        let problem = refused(&scene, op).await;
        assert_eq!(problem.code, ProblemCode::InvalidInput);
        assert!(problem.error.contains("exists already"), "{problem}");
    }
    assert_eq!(std::fs::read(&file).unwrap(), b"mine");
    // Nor the database itself, by its own name.
    let own = text(&scene.home().join("anteroom.db"));
    let problem = refused(&scene, DatabaseOp::BackUp { path: Some(own) }).await;
    assert!(problem.error.contains("exists already"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_named_by_its_whole_path() {
    let scene = Scene::new([]).await;
    let path = || "copy.db".to_owned();
    let name = || "team".to_owned();
    let ops = [
        DatabaseOp::BackUp { path: Some(path()) },
        DatabaseOp::Restore { path: path() },
        DatabaseOp::Import { path: path() },
        DatabaseOp::Export {
            path: path(),
            conversations: vec![],
        },
        DatabaseOp::ShareAdd {
            name: name(),
            path: path(),
        },
    ];
    for op in ops {
        let problem = refused(&scene, op).await;
        assert!(problem.error.contains("not an absolute path"), "{problem}");
    }
    let path = text(&scene.folder.path().join("team.db"));
    for name in ["", "../x", "a b", "-a", "é", &"x".repeat(33)] {
        let op = DatabaseOp::ShareAdd {
            name: name.to_owned(),
            path: path.clone(),
        };
        let problem = refused(&scene, op).await;
        assert_eq!(problem.code, ProblemCode::InvalidInput, "{problem}");
    }
    assert!(!Path::new(&path).exists());
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn copies_and_exports_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let scene = Scene::new([Reply::text("said")]).await;
    scene.run("hello").await;
    let folder = scene.folder.path().join("out");
    let place = |name: &str| text(&folder.join(name));
    let ops = [
        DatabaseOp::BackUp {
            path: Some(place("copy.db")),
        },
        DatabaseOp::BackUp { path: None },
        DatabaseOp::ShareAdd {
            name: "team".to_owned(),
            path: place("team.db"),
        },
        DatabaseOp::Export {
            path: place("all.jsonl"),
            conversations: vec![],
        },
    ];
    for op in ops {
        scene.handle().submit(op).await.unwrap();
    }
    let mut seen = 0;
    for folder in [folder, scene.home().join("backups")] {
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                assert_eq!(mode(&path), 0o600, "{}", path.display());
                seen += 1;
            }
        }
    }
    assert!(seen >= 4, "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_opens_no_database() {
    let mut scene = Scene::new([]).await;
    scene.stop().await;
    let theirs: PathBuf = scene.folder.path().join("theirs.db");
    let config = format!(
        "shared_databases:\n  - {{name: theirs, path: {}}}\n",
        theirs.display()
    );
    scene.write(".anteroom/config.yaml", &config);
    let workspace = text(&scene.workspace());
    // Not even where the folder is trusted.
    let settings = [("safety.trusted_folders", serde_json::json!([workspace]))];
    scene.start(&settings).await;
    let views = scene.handle().read().databases(false).await.unwrap();
    assert_eq!(views.len(), 1, "{views:?}");
    assert!(!theirs.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_copy_of_ours_is_not_put_back() {
    let scene = Scene::new([Reply::text("said")]).await;
    let conversation = scene.run("hello").await.conversation;
    let before = scene.items(conversation).await;
    let file = scene.folder.path().join("copy.db");
    for bytes in [&b""[..], b"hello", &[0x53; 9000]] {
        std::fs::write(&file, bytes).unwrap();
        let problem = refused(&scene, DatabaseOp::Restore { path: text(&file) }).await;
        assert_ne!(problem.code, ProblemCode::Internal, "{problem}");
        assert_eq!(scene.items(conversation).await, before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_changes_nothing_that_is_there() {
    let scene = Scene::new([Reply::text("said")]).await;
    let conversation = scene.run("hello").await.conversation;
    let before = scene.items(conversation).await;
    let file = scene.folder.path().join("all.jsonl");
    let export = DatabaseOp::Export {
        path: text(&file),
        conversations: vec![],
    };
    scene.handle().submit(export).await.unwrap();
    // The same conversation with other words, and another one with the same items.
    let lines = std::fs::read_to_string(&file).unwrap();
    let forged = scene.folder.path().join("forged.jsonl");
    std::fs::write(&forged, lines.replace("said", "forged")).unwrap();
    let import = DatabaseOp::Import {
        path: text(&forged),
    };
    scene.handle().submit(import.clone()).await.unwrap();
    assert_eq!(scene.items(conversation).await, before);
    let other = "00000000-0000-7000-8000-00000000beef";
    let stolen = lines.replace(&conversation.to_string(), other);
    std::fs::write(&forged, stolen).unwrap();
    let problem = refused(&scene, import).await;
    assert!(problem.error.contains("is there already"), "{problem}");
    assert_eq!(scene.items(conversation).await, before);
    let listed = scene.handle().read().conversations(None, 9).await.unwrap();
    assert_eq!(listed.entries.len(), 1);
}
