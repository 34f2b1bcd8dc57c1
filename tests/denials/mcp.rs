//! What an MCP server may not do: start unseen, come from a folder nobody trusts, make itself harmless, reach what it
//! was not given.

use crate::support::endpoint::{Endpoint, Reply};
use crate::support::held;
use crate::support::scene::{Scene, Told, attended};
use crate::support::servers::{add, approve, odd, ready, until, view};
use anteroom_api::{
    Approval, Decision, McpEntry, McpOp, McpState, McpTrust, ProblemCode, Scope, Status, Tier,
    Trust,
};
use serde_json::json;
use std::sync::Mutex;

/// A turn that calls a server's tool, and what a person was shown; they allow it.
async fn call(scene: &Scene, tool: &str, words: &str) -> (Told, Vec<Approval>) {
    scene.endpoint.script([
        Reply::call(&tool.replace('.', "__"), json!({ "words": words })),
        Reply::text("Done."),
    ]);
    let shown = Mutex::new(Vec::new());
    let conversation = scene.open().await;
    let told = scene
        .turn(conversation, "call it", attended(), |approval| {
            shown.lock().unwrap().push(approval.clone());
            Decision::Allow { scope: Scope::Once }
        })
        .await;
    (told, shown.into_inner().unwrap())
}

/// An entry whose program leaves a file behind as soon as it runs, and where that would be.
fn marked(scene: &Scene, name: &str) -> (McpEntry, std::path::PathBuf) {
    let folder = scene.folder.path().join(format!("seen-{name}"));
    std::fs::create_dir(&folder).unwrap();
    let folder = folder.canonicalize().unwrap();
    let mark = folder.join("mark");
    let mut entry = odd(name, "well");
    entry.args.push(format!("touch:{}", mark.display()));
    entry.folders.push(format!("{}:rw", folder.display()));
    (entry, mark)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_was_not_approved_never_starts() {
    let scene = Scene::new([]).await;
    let (entry, mark) = marked(&scene, "unseen");
    let server = add(&scene, entry.clone()).await;
    assert!(!server.is_approved);
    until(&scene, "unseen", |view| {
        view.state == McpState::NeedsApproval
    })
    .await;
    for wish in [
        McpOp::Connect {
            server: "unseen".into(),
        },
        McpOp::Restart {
            server: "unseen".into(),
        },
    ] {
        scene.handle().submit(wish).await.unwrap();
    }
    // A hash that was not shown approves nothing.
    let approve_other = McpOp::Approve {
        server: "unseen".into(),
        hash: "0".repeat(64),
    };
    let refused = scene.handle().submit(approve_other).await.unwrap_err();
    assert_eq!(refused.0.code, ProblemCode::Conflict);
    scene.endpoint.script([Reply::text("Nothing.")]);
    scene.run("is it there?").await;
    let tools = scene.endpoint.chats()[0].json["tools"].to_string();
    assert!(!tools.contains("unseen__echo"), "{tools}");
    assert!(!mark.exists(), "it was started");
    // Approved as it is, it starts; changed, it is another one that was not approved.
    approve(&scene, "unseen").await;
    until(&scene, "unseen", |view| view.state == McpState::Ready).await;
    assert!(mark.exists());
    std::fs::remove_file(&mark).unwrap();
    let mut changed = entry;
    changed.args.push("--more".into());
    let replace = McpOp::Add {
        entry: Box::new(changed),
        is_replacing: true,
    };
    scene.handle().submit(replace).await.unwrap();
    until(&scene, "unseen", |view| {
        view.state == McpState::NeedsApproval
    })
    .await;
    assert!(!mark.exists(), "it was started again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_project_that_nobody_trusts_starts_no_server() {
    let scene = Scene::new([Reply::text("Nothing.")]).await;
    let (entry, mark) = marked(&scene, "planted");
    let text = json!({ "mcp_servers": [entry] }).to_string();
    scene.write(".anteroom/config.yaml", &text);
    // Even an entry that would be approved: the folder is what is not trusted.
    let workspace = scene.workspace().display().to_string();
    scene.run("hello").await;
    let servers = scene.handle().read().mcp_servers(workspace).await.unwrap();
    assert_eq!(servers, []);
    let approve = McpOp::Approve {
        server: "planted".into(),
        hash: "0".repeat(64),
    };
    let refused = scene.handle().submit(approve).await.unwrap_err();
    assert_eq!(refused.0.code, ProblemCode::NotFound);
    assert!(!mark.exists(), "it was started");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_servers_own_words_raise_a_tier_and_never_lower_it() {
    let scene = Scene::new([]).await;
    let harmless = ready(&scene, odd("meek", "harmless")).await;
    let dangerous = ready(&scene, odd("bold", "dangerous")).await;
    assert_eq!(harmless.tools[0].tier, Tier::Execute);
    assert_eq!(dangerous.tools[0].tier, Tier::Destructive);
    let (told, shown) = call(&scene, "meek.echo", "x").await;
    assert_eq!(told.call("meek.echo").0.status, Status::Completed);
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert_eq!(shown[0].tier, Tier::Execute);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_says_is_from_outside_unless_the_user_says_otherwise() {
    let scene = Scene::new([]).await;
    ready(&scene, odd("plain", "well")).await;
    let mut believed = odd("believed", "well");
    believed.trust = Some(McpTrust::Trusted);
    ready(&scene, believed).await;
    for (tool, trust) in [
        ("plain.echo", Trust::Untrusted),
        ("believed.echo", Trust::Workspace),
    ] {
        let (told, _) = call(&scene, tool, "x").await;
        let (item, _) = told.call(tool);
        assert_eq!(item.origin.trust(), trust, "{tool}");
        let handle = scene.handle();
        let view = handle.read().conversation(told.conversation).await.unwrap();
        let is_tainted = view.trust == Trust::Untrusted;
        assert_eq!(is_tainted, trust == Trust::Untrusted, "{tool}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_reaches_the_network_only_where_its_entry_says_so() {
    if !held::is_complete() {
        // Nothing here could hold it; whoever approves is told so.
        return;
    }
    let scene = Scene::new([]).await;
    let elsewhere = Endpoint::with([]).await;
    let target = format!("127.0.0.1:{}", elsewhere.port());
    for (name, network) in [("held", None), ("open", Some(true))] {
        let mut entry = odd(name, "reaches");
        entry.args.push(target.clone());
        entry.network = network;
        ready(&scene, entry).await;
        let tool = format!("{name}.echo");
        let (told, _) = call(&scene, &tool, "x").await;
        let text = told.result(&tool);
        assert_eq!(
            !text.contains("not reached"),
            network == Some(true),
            "{text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_reads_the_folders_that_its_entry_names_and_no_others() {
    if !held::is_complete() {
        return;
    }
    let scene = Scene::new([]).await;
    // Not below the temporary folder, which belongs to nobody.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    for name in ["given", "kept"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
        std::fs::write(folder.path().join(name).join("a.txt"), "what it holds").unwrap();
    }
    let path = |name: &str| folder.path().join(name).display().to_string();
    let mut entry = odd("reader", "reads");
    entry.folders.push(path("given"));
    ready(&scene, entry).await;
    for (name, is_read) in [("given/a.txt", true), ("kept/a.txt", false)] {
        let (told, _) = call(&scene, "reader.echo", &path(name)).await;
        let text = told.result("reader.echo");
        assert_eq!(text.contains("what it holds"), is_read, "{name}: {text}");
    }
}

/// A server that reads what it is told to, with these folders.
async fn reader(scene: &Scene, folders: &[String]) {
    let mut entry = odd("reader", "reads");
    entry.folders.extend_from_slice(folders);
    ready(scene, entry).await;
}

/// What it answers about a path.
async fn tried(scene: &Scene, path: &str) -> String {
    let (told, _) = call(scene, "reader.echo", path).await;
    told.result("reader.echo")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_finds_nothing_of_a_home_now_or_later() {
    if !held::is_complete() {
        // Each wall by itself is tried in `confine/linux/tests/server.rs`.
        return;
    }
    let scene = Scene::new([]).await;
    let home = scene.folder.path().join("home");
    let at = |name: &str| home.join(name).display().to_string();
    std::fs::create_dir_all(home.join("many")).unwrap();
    for number in 0..600 {
        std::fs::write(home.join(format!("many/{number}")), "what it holds").unwrap();
        std::fs::write(home.join(format!("file-{number}")), "what it holds").unwrap();
    }
    std::fs::write(home.join("notes"), "what it holds").unwrap();
    reader(&scene, &[]).await;
    std::fs::write(home.join("later"), "what it holds").unwrap();
    std::fs::write(home.join("new"), "what it holds").unwrap();
    std::fs::rename(home.join("new"), home.join("notes")).unwrap();
    for name in [
        "later",
        "notes",
        "file-0",
        "file-599",
        "many/599",
        "many",
        ".anteroom/config.yaml",
    ] {
        let text = tried(&scene, &at(name)).await;
        assert!(text.contains("not read: "), "{name}: {text}");
    }
    let listed = tried(&scene, &at("")).await;
    assert!(
        !listed.contains("file-") && !listed.contains("notes"),
        "{listed}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_finds_no_folder_at_the_top_but_the_systems() {
    if !held::is_complete() {
        return;
    }
    let scene = Scene::new([]).await;
    // Beside the home, as another folder at the top is.
    let elsewhere = scene.folder.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    std::fs::write(elsewhere.join("a.txt"), "what it holds").unwrap();
    reader(&scene, &[]).await;
    let path = elsewhere.join("a.txt").display().to_string();
    for path in [
        &*path,
        "/root/.bashrc",
        "/etc/shadow",
        "/etc/sudoers",
        "/etc/fstab",
        "/boot",
        "/mnt",
        "/srv",
        "/var/log",
    ] {
        let text = tried(&scene, path).await;
        assert!(text.contains("not read: "), "{path}: {text}");
    }
    // The list holds what leads to the test's own folders; nothing else is beside the system.
    let listed = tried(&scene, "/").await;
    for name in ["boot", "mnt", "media", "srv", "lost+found"] {
        assert!(!listed.contains(name), "{name}: {listed}");
    }
    assert!(listed.contains("usr"), "{listed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_of_the_home_stays_closed_in_a_folder_that_was_given() {
    if !held::is_complete() {
        return;
    }
    let scene = Scene::new([]).await;
    let home = scene.folder.path().join("home");
    let at = |name: &str| home.join(name).display().to_string();
    std::fs::create_dir_all(home.join(".ssh")).unwrap();
    for name in [".ssh/id", "notes", ".env"] {
        std::fs::write(home.join(name), "what it holds").unwrap();
    }
    reader(&scene, &[at("")]).await;
    std::fs::write(home.join(".netrc"), "what it holds").unwrap();
    std::fs::write(home.join(".anteroom/note"), "what it holds").unwrap();
    let given = tried(&scene, &at("notes")).await;
    assert!(given.contains("what it holds"), "{given}");
    for name in [".ssh/id", ".netrc", ".env", ".anteroom/note"] {
        let text = tried(&scene, &at(name)).await;
        // To whoever may read everything a cover is empty.
        assert!(!text.contains("what it holds"), "{name}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_sees_of_the_environment_what_its_entry_names() {
    let scene = Scene::new([]).await;
    let mut entry = odd("bare", "environment");
    entry.env.insert("GIVEN".into(), "one".into());
    let server = ready(&scene, entry).await;
    let (told, _) = call(&scene, "bare.echo", "x").await;
    let text = told.result("bare.echo");
    let names: Vec<&str> = text
        .split_whitespace()
        .filter(|word| word.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        .collect();
    assert!(names.contains(&"GIVEN"), "{text}");
    // Its own folders, and where caches go: into one of them.
    let known = [
        "GIVEN",
        "HOME",
        "LANG",
        "LC_ALL",
        "PATH",
        "TMPDIR",
        "GOCACHE",
        "UV_CACHE_DIR",
    ];
    assert!(names.iter().all(|name| known.contains(name)), "{names:?}");
    // The value of a variable is told nowhere.
    let whole = serde_json::to_string(&server).unwrap();
    assert!(
        whole.contains("GIVEN") && !whole.contains("\"one\""),
        "{whole}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn taking_a_server_out_takes_its_approval_back() {
    let scene = Scene::new([]).await;
    let entry = odd("gone", "well");
    ready(&scene, entry.clone()).await;
    let remove = McpOp::Remove {
        server: "gone".into(),
    };
    scene.handle().submit(remove).await.unwrap();
    add(&scene, entry).await;
    assert!(!view(&scene, "gone").await.is_approved);
    until(&scene, "gone", |view| view.state == McpState::NeedsApproval).await;
}
