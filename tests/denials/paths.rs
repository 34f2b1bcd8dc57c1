//! Paths: outside, sensitive, Anteroom's own.

use super::{all_denied, attended_auto, calls};
use crate::support::endpoint::Reply;
use crate::support::scene::{Scene, attended, auto};
use anteroom_api::{Decision, EffectKind, Scope, Status, Tier, TurnOptions};
use serde_json::{Value, json};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::Mutex;

const SECRET: &str = "token-4711";

/// A workspace with an outside, and ways that lead there.
async fn scene() -> (Scene, PathBuf) {
    let scene = Scene::new([]).await;
    let outside = scene.folder.path().canonicalize().unwrap().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("there.txt"), SECRET).unwrap();
    symlink(&outside, scene.workspace().join("folder-link")).unwrap();
    symlink(
        outside.join("there.txt"),
        scene.workspace().join("file-link"),
    )
    .unwrap();
    symlink("../outside/new.txt", scene.workspace().join("dangling")).unwrap();
    scene.write("inside/a.txt", "a");
    (scene, outside)
}

fn all(calls: impl IntoIterator<Item = (&'static str, Value)>) -> [Reply; 2] {
    let calls = calls.into_iter();
    let reply = calls.fold(Reply::stream(), |reply, (tool, arguments)| {
        reply.and_call(tool, arguments)
    });
    [reply, Reply::text("done")]
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_outside_the_workspace_unless_a_person_says_so() {
    let (scene, outside) = scene().await;
    let paths = [
        outside.join("new.txt").display().to_string(),
        outside.join("there.txt").display().to_string(),
        "../outside/new.txt".into(),
        "inside/../../outside/new.txt".into(),
        "folder-link/new.txt".into(),
        "file-link".into(),
        "dangling".into(),
        "/proc/self/cwd/new.txt".into(),
    ];
    let writes = paths
        .iter()
        .map(|path| ("write_file", json!({ "path": path, "content": "changed" })));
    let edits = paths.iter().map(|path| {
        (
            "edit_file",
            json!({ "path": path, "old_text": "token", "new_text": "changed" }),
        )
    });
    scene.endpoint.script(all(writes.chain(edits)));
    let told = scene.run("write there").await;
    for (item, call) in calls(&told) {
        let words = crate::support::scene::text_of(&call);
        assert_ne!(
            item.status,
            Status::Completed,
            "{}: {words}",
            call.arguments
        );
    }
    let there = std::fs::read_dir(&outside).unwrap().count();
    assert_eq!(there, 1, "something was made outside");
    let content = std::fs::read_to_string(outside.join("there.txt")).unwrap();
    assert_eq!(content, SECRET);
    assert!(!scene.has("new.txt"), "re-rooted");
    // A plain absolute path is a decision of the gate, and told as one.
    let (item, call) = calls(&told).remove(0);
    assert_eq!(item.status, Status::Denied);
    assert_eq!(call.decisions[0].by, "nobody");
}

#[tokio::test(flavor = "multi_thread")]
async fn writing_outside_asks_as_destructive_even_in_auto_and_only_for_once() {
    let (scene, outside) = scene().await;
    let path = outside.join("new.txt");
    scene.endpoint.script(all([(
        "write_file",
        json!({ "path": path, "content": "agreed" }),
    )]));
    let conversation = scene.open().await;
    let asked = Mutex::new(Vec::new());
    scene
        .turn(conversation, "write", attended_auto(), |approval| {
            assert!(!path.exists(), "before the yes");
            asked.lock().unwrap().push(approval.clone());
            Decision::Allow { scope: Scope::Once }
        })
        .await;
    let asked = asked.into_inner().unwrap();
    let write = asked
        .iter()
        .find(|approval| approval.effect.kind == EffectKind::FileWrite)
        .expect("the write was asked");
    assert_eq!(write.tier, Tier::Destructive);
    assert!(!write.reasons.is_empty());
    let scopes: Vec<Scope> = write.scopes.iter().map(|offer| offer.scope).collect();
    assert_eq!(scopes, [Scope::Once]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "agreed");
}

/// Where secrets and the keys to this machine are, inside and outside of the workspace.
fn sensitive(scene: &Scene) -> Vec<String> {
    let inside = [
        ".env",
        ".env.local",
        "deploy/.env",
        ".ssh/id_ed25519",
        ".aws/credentials",
        ".netrc",
        ".git/config",
        ".git/hooks/pre-commit",
        ".anteroom/config.yaml",
        ".anteroom/tools/evil.wasm",
        ".bashrc",
    ];
    for path in inside {
        scene.write(path, SECRET);
    }
    let home = scene.home();
    let own = [
        "config.yaml",
        "anteroom.db",
        "identity.pem",
        "tools/evil.wasm",
    ];
    let own = own.map(|name| home.join(name).display().to_string());
    let mut paths: Vec<String> = inside.map(str::to_owned).into();
    paths.extend(own);
    paths
}

#[tokio::test(flavor = "multi_thread")]
async fn sensitive_files_are_neither_read_nor_written_unattended() {
    let (scene, _) = scene().await;
    let paths = sensitive(&scene);
    let reads = paths
        .iter()
        .map(|path| ("read_file", json!({ "path": path })));
    let writes = paths
        .iter()
        .map(|path| ("write_file", json!({ "path": path, "content": "changed" })));
    let commands = [
        "cat .env",
        "cat < .env",
        "echo x >> .git/hooks/pre-commit",
        "cp .ssh/id_ed25519 copy",
        "grep -r token .",
    ];
    let commands = commands.map(|line| ("bash", json!({ "command": line })));
    let own = scene.home().join("config.yaml");
    let before = std::fs::read(&own).ok();
    let wanted = paths.len() * 2 + commands.len() - 1;
    scene
        .endpoint
        .script(all(reads.chain(writes).chain(commands[..4].to_vec())));
    let told = scene.run("look").await;
    all_denied(&told, wanted);
    for path in paths.iter().filter(|path| !path.starts_with('/')) {
        assert_eq!(scene.read(path), SECRET, "{path}");
    }
    assert_eq!(std::fs::read(&own).ok(), before);
    assert!(!scene.home().join("tools/evil.wasm").exists());
    assert!(!scene.has("copy"));
    let sent = scene.endpoint.chats()[1].json.to_string();
    assert!(!sent.contains(SECRET), "a secret reached the model");
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_a_sensitive_file_asks_in_every_mode_and_only_for_once() {
    for options in [attended(), attended_auto()] {
        let scene = Scene::new(all([("read_file", json!({ "path": ".env" }))])).await;
        scene.write(".env", SECRET);
        let conversation = scene.open().await;
        let asked = Mutex::new(Vec::new());
        let told = scene
            .turn(conversation, "look", options, |approval| {
                asked.lock().unwrap().push(approval.clone());
                Decision::Allow { scope: Scope::Once }
            })
            .await;
        let asked = asked.into_inner().unwrap();
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0].effect.kind, EffectKind::FileRead);
        assert!(
            asked[0].reasons.join(" ").contains("sensitive"),
            "{asked:?}"
        );
        let scopes: Vec<Scope> = asked[0].scopes.iter().map(|offer| offer.scope).collect();
        assert_eq!(scopes, [Scope::Once]);
        assert!(told.result("read_file").contains(SECRET), "after the yes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sensitive_files_are_hidden_from_searches() {
    let (scene, _) = scene().await;
    sensitive(&scene);
    scene.write("notes.txt", "the token is elsewhere\n");
    let searches = [
        ("grep", json!({ "pattern": "token" })),
        ("grep", json!({ "pattern": "token", "mode": "files" })),
        ("grep", json!({ "pattern": "token", "path": "deploy" })),
        ("glob_files", json!({ "pattern": "**/*" })),
        ("glob_files", json!({ "pattern": "**/.env*" })),
        ("glob_files", json!({ "pattern": "*", "path": ".git" })),
    ];
    scene.endpoint.script(all(searches));
    let told = scene.run("search").await;
    for (_, call) in calls(&told) {
        let text = crate::support::scene::text_of(&call);
        for hidden in [SECRET, ".env\n", "id_ed25519", "pre-commit", "credentials"] {
            assert!(
                !text.contains(hidden),
                "{hidden} in {}: {text}",
                call.arguments
            );
        }
    }
    let (_, first) = calls(&told).remove(0);
    let text = crate::support::scene::text_of(&first);
    assert!(text.contains("notes.txt"), "the rest is found: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_users_own_sensitive_paths_count() {
    let settings = [("safety.sensitive_paths", json!(["*.pem", "vault/"]))];
    let scene = Scene::with_settings(
        all([
            ("read_file", json!({ "path": "key.pem" })),
            ("read_file", json!({ "path": "vault/a.txt" })),
            ("bash", json!({ "command": "cat key.pem" })),
        ]),
        &settings,
    )
    .await;
    scene.write("key.pem", SECRET);
    scene.write("vault/a.txt", SECRET);
    all_denied(&scene.run("look").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_outside_the_workspace_asks() {
    let (scene, outside) = scene().await;
    let path = outside.join("there.txt");
    scene.endpoint.script(all([
        ("read_file", json!({ "path": path })),
        ("read_file", json!({ "path": "file-link" })),
        ("read_file", json!({ "path": "../outside/there.txt" })),
        ("grep", json!({ "pattern": "token", "path": outside })),
    ]));
    let conversation = scene.open().await;
    let told = scene
        .turn(conversation, "look", auto(), |_| unreachable!())
        .await;
    for (_, call) in calls(&told) {
        let text = crate::support::scene::text_of(&call);
        assert!(!text.contains(SECRET), "{}: {text}", call.arguments);
    }
    let rules = TurnOptions {
        allowed_tools: vec!["read_file".into(), "*".into()],
        ..auto()
    };
    scene
        .endpoint
        .script(all([("read_file", json!({ "path": path }))]));
    let told = scene
        .turn(conversation, "look", rules, |_| unreachable!())
        .await;
    all_denied(&told, 1);
}
