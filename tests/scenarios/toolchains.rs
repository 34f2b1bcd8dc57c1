//! How servers are started in the wild: by `npx`, from a home, by a link. Each finds in its sandbox what it consists of.

use crate::support::endpoint::Reply;
use crate::support::held;
use crate::support::scene::{Scene, attended};
use crate::support::servers::{installed, odd, ready};
use anteroom_api::{Decision, McpEntry, Scope, Status};
use serde_json::{Value, json};
use std::os::unix::fs::{PermissionsExt as _, symlink};

/// What a server's tool answers.
async fn answer(scene: &Scene, tool: &str, arguments: Value) -> String {
    scene.endpoint.script([
        Reply::call(&tool.replace('.', "__"), arguments),
        Reply::text("Done."),
    ]);
    let conversation = scene.open().await;
    let told = scene
        .turn(conversation, "call it", attended(), |_| Decision::Allow {
            scope: Scope::Once,
        })
        .await;
    let text = told.result(tool);
    assert_eq!(told.call(tool).0.status, Status::Completed, "{text}");
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_started_by_npx() {
    let scene = Scene::new([]).await;
    let root = installed().display().to_string();
    let args = [
        "--offline",
        "--prefix",
        &root,
        "mcp-server-everything",
        "stdio",
    ];
    let entry = McpEntry {
        name: "everything".to_owned(),
        command: Some("npx".to_owned()),
        args: args.map(str::to_owned).into(),
        folders: vec![root.clone()],
        ..McpEntry::default()
    };
    ready(&scene, entry).await;
    let sum = answer(&scene, "everything.get-sum", json!({ "a": 2, "b": 40 })).await;
    assert!(sum.contains("42"), "{sum}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_installed_in_a_home_finds_its_own_and_nothing_else_there() {
    let scene = Scene::new([]).await;
    let home = scene.folder.path().join("home");
    let version = home.join("tools/1.0");
    for folder in [version.join("bin"), version.join("lib"), home.join("bin")] {
        std::fs::create_dir_all(folder).unwrap();
    }
    // As an installer puts it: a program in a version, and a link to it where programs are looked for.
    let server = odd("odd", "reads");
    let script = std::fs::read_to_string(&server.args[0]).unwrap();
    let program = version.join("bin/odd.mjs");
    std::fs::write(&program, format!("#!/usr/bin/env node\n{script}")).unwrap();
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&program, mode).unwrap();
    symlink("../tools/1.0/bin/odd.mjs", home.join("bin/odd")).unwrap();
    std::fs::write(version.join("lib/words"), "its own words").unwrap();
    std::fs::write(home.join("notes"), "a person's words").unwrap();
    let entry = McpEntry {
        name: "odd".to_owned(),
        command: Some(home.join("bin/odd").display().to_string()),
        args: vec!["reads".to_owned()],
        ..McpEntry::default()
    };
    ready(&scene, entry).await;
    let path = |path: std::path::PathBuf| json!({ "words": path.display().to_string() });
    let own = answer(&scene, "odd.echo", path(version.join("lib/words"))).await;
    assert!(own.contains("its own words"), "{own}");
    let other = answer(&scene, "odd.echo", path(home.join("notes"))).await;
    assert_eq!(
        other.contains("a person's words"),
        !held::is_complete(),
        "{other}"
    );
}
