//! What an approval of an MCP server is for: what really runs and is reached, and nothing that took its place since.

use crate::support::endpoint::{Endpoint, Reply};
use crate::support::held;
use crate::support::scene::{Scene, attended};
use crate::support::servers::{add, approve, odd, ready, until, view};
use anteroom_api::{
    Decision, McpEntry, McpOp, McpPath, McpPathKind, McpServerView, McpState, ProblemCode, Scope,
};
use serde_json::json;
use std::path::{Path, PathBuf};

fn made(folder: &Path) -> PathBuf {
    std::fs::create_dir_all(folder).unwrap();
    folder.canonicalize().unwrap()
}

fn lead(link: &Path, target: &Path) {
    // There may be none yet.
    drop(std::fs::remove_file(link));
    std::os::unix::fs::symlink(target, link).unwrap();
}

fn open(server: &McpServerView, what: McpPathKind) -> Vec<McpPath> {
    let reach = server.reach.as_ref().unwrap();
    let paths = reach.paths.iter().filter(|path| path.what == what);
    paths.cloned().collect()
}

fn restart(name: &str) -> McpOp {
    McpOp::Restart {
        server: name.into(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_took_the_place_of_what_was_approved_never_starts() {
    let mut scene = Scene::new([]).await;
    let root = made(&scene.folder.path().join("swapped"));
    let (given, other) = (made(&root.join("given")), made(&root.join("other")));
    let (link, mark) = (root.join("link"), given.join("mark"));
    lead(&link, &given);
    let mut entry = odd("sly", "well");
    entry.args.push(format!("touch:{}/mark", link.display()));
    entry.folders.push(format!("{}:rw", link.display()));
    let server = ready(&scene, entry).await;
    // The approval said where it leads.
    let link_path = link.display().to_string();
    let folders = open(&server, McpPathKind::Folder);
    let shown = folders.iter().find(|path| path.path == link_path).unwrap();
    assert_eq!(shown.real, Some(given.display().to_string()));
    assert!(shown.is_writable && mark.exists());
    std::fs::remove_file(&mark).unwrap();
    lead(&link, &other);
    scene.handle().submit(restart("sly")).await.unwrap();
    let waits = |server: &McpServerView| server.state == McpState::NeedsApproval;
    let server = until(&scene, "sly", waits).await;
    assert!(!server.is_approved);
    let told = server.differences.join("\n");
    let (gone, new) = (given.display().to_string(), other.display().to_string());
    assert!(told.contains(&gone) && told.contains(&new), "{told}");
    // Neither in a process that begins later.
    scene.stop().await;
    scene.start(&[]).await;
    scene.handle().submit(restart("sly")).await.unwrap();
    let server = until(&scene, "sly", waits).await;
    assert_eq!(server.differences.join("\n"), told);
    assert!(!mark.exists() && !other.join("mark").exists());
    // What is there now is approved by itself.
    approve(&scene, "sly").await;
    until(&scene, "sly", |server| server.state == McpState::Ready).await;
    assert!(other.join("mark").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_secrets_of_a_person_are_kept_is_open_to_no_server() {
    let scene = Scene::new([]).await;
    let home = scene.folder.path().join("home");
    let secrets = made(&home.join(".ssh"));
    lead(&home.join("keys"), &secrets);
    let path = |name: &str| home.join(name).display().to_string();
    let mut as_folder = odd("folder", "well");
    as_folder.folders.push(path(".ssh"));
    let mut as_argument = odd("argument", "well");
    as_argument.args.push(path("keys"));
    for entry in [as_folder, as_argument] {
        let name = entry.name.clone();
        let server = add(&scene, entry).await;
        let McpState::Failed { problem, .. } = &server.state else {
            panic!("{server:?}")
        };
        let words = problem.to_string();
        assert!(words.contains("secrets of a person"), "{words}");
        let wish = McpOp::Approve {
            server: name.clone(),
            hash: server.hash.clone(),
        };
        let refused = scene.handle().submit(wish).await.unwrap_err();
        assert_eq!(refused.0.code, ProblemCode::Conflict);
        assert!(!view(&scene, &name).await.is_approved);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_argument_that_names_a_file_opens_nothing_beside_it() {
    let scene = Scene::new([]).await;
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let folder = folder.path().canonicalize().unwrap();
    for name in ["given.txt", "beside.txt", ".env"] {
        std::fs::write(folder.join(name), "what it holds").unwrap();
    }
    let path = |name: &str| folder.join(name).display().to_string();
    let mut entry = odd("reader", "reads");
    entry.args.push(path("given.txt"));
    let server = ready(&scene, entry).await;
    let arguments = open(&server, McpPathKind::Argument);
    let arguments: Vec<&str> = arguments.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(arguments, [path("given.txt")]);
    let whole = server.reach.unwrap();
    let is_folder = |one: &McpPath| one.real == Some(folder.display().to_string());
    assert!(!whole.paths.iter().any(is_folder), "{whole:?}");
    if !held::is_complete() {
        return;
    }
    for (name, is_read) in [("given.txt", true), ("beside.txt", false), (".env", false)] {
        scene.endpoint.script([
            Reply::call("reader__echo", json!({ "words": path(name) })),
            Reply::text("Done."),
        ]);
        let conversation = scene.open().await;
        let yes = |_: &_| Decision::Allow { scope: Scope::Once };
        let told = scene.turn(conversation, "read it", attended(), yes).await;
        let text = told.result("reader.echo");
        assert_eq!(text.contains("what it holds"), is_read, "{name}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_says_which_walls_are_missing() {
    let scene = Scene::new([]).await;
    let server = add(&scene, odd("plain", "well")).await;
    let reach = server.reach.unwrap();
    assert_eq!(reach.missing, held::missing());
    // A gap of one folder is one of the server that may write there.
    let folder = made(&scene.folder.path().join("gaps"));
    std::os::unix::fs::symlink("/nowhere", folder.join(".vscode")).unwrap();
    let mut entry = odd("gaps", "well");
    entry.folders.push(format!("{}:rw", folder.display()));
    let server = add(&scene, entry).await;
    let reach = server.reach.unwrap();
    let missing = reach.missing.join("\n");
    assert!(missing.contains("`.vscode` is a link"), "{missing}");
    // It was not there when it was approved: without it, it is something else.
    std::fs::remove_file(folder.join(".vscode")).unwrap();
    assert_ne!(view(&scene, "gaps").await.hash, server.hash);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_projects_address_is_told_no_variable_before_a_person_saw_it() {
    let mut scene = Scene::new([]).await;
    let far = Endpoint::with([]).await;
    let entry = |name: &str, value: &str| McpEntry {
        name: name.into(),
        url: Some(format!("http://127.0.0.1:{}/mcp", far.port())),
        headers: [("X-Home".to_owned(), value.to_owned())].into(),
        ..McpEntry::default()
    };
    let text = json!({ "mcp_servers": [entry("told", "${HOME}")] }).to_string();
    scene.write(".anteroom/config.yaml", &text);
    scene.stop().await;
    let trusted = json!([scene.workspace()]);
    scene.start(&[("safety.trusted_folders", trusted)]).await;
    scene.handle().submit(restart("told")).await.unwrap();
    let waits = |server: &McpServerView| server.state == McpState::NeedsApproval;
    let server = until(&scene, "told", waits).await;
    let shown = serde_json::to_string(&server.transport).unwrap();
    assert!(shown.contains("X-Home=${HOME}"), "{shown}");
    assert!(far.requests().is_empty(), "it was reached");
    approve(&scene, "told").await;
    until(&scene, "told", |_| !far.requests().is_empty()).await;
    // One of the user's own needs nobody to look.
    let server = add(&scene, entry("mine", "${HOME}")).await;
    assert!(server.is_approved);
}
