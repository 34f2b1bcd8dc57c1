//! Secrets in what tools say reach neither the model nor the database, a follower or a log.

use super::{all_denied, attended_auto};
use crate::support::endpoint::Reply;
use crate::support::scene::{Scene, Told, attended, auto, text_of};
use anteroom_api::{Decision, Delta, Scope, Status};
use serde_json::json;
use std::path::Path;

/// A host that asks the endpoint for nothing but answers.
async fn scene() -> Scene {
    Scene::with_settings([], &[("ai.titles", json!(false))]).await
}

/// Put together, so that it stands nowhere whole.
fn token() -> String {
    ["ghp_", "16C7e42F292c6912E7710c838347Ae178B4a"].concat()
}

fn key() -> String {
    let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj";
    format!("-----BEGIN PRIVATE KEY-----\n{body}\n{body}\n-----END PRIVATE KEY-----\n")
}

/// Every file below a folder that holds a text.
fn holding(folder: &Path, text: &str, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            holding(&path, text, found);
        } else if std::fs::read(&path).is_ok_and(|bytes| {
            bytes
                .windows(text.len())
                .any(|window| window == text.as_bytes())
        }) {
            found.push(path.display().to_string());
        }
    }
}

/// Nobody was told, and nothing keeps it.
#[track_caller]
fn nowhere(scene: &Scene, told: &[Told], secrets: &[&str]) {
    for secret in secrets {
        for told in told {
            let events = serde_json::to_string(&told.events).unwrap();
            assert!(!events.contains(secret), "in an event: {secret}");
            let mut shown = String::new();
            for delta in &told.deltas {
                if let Delta::Output { text, .. } = delta {
                    shown.push_str(text);
                }
                let delta = serde_json::to_string(delta).unwrap();
                assert!(!delta.contains(secret), "in a preview: {secret}");
            }
            assert!(
                !shown.contains(secret),
                "in previews put together: {secret}"
            );
        }
        for chat in scene.endpoint.chats() {
            assert!(
                !chat.json.to_string().contains(secret),
                "the model: {secret}"
            );
        }
        let mut found = Vec::new();
        holding(&scene.folder.path().join("home"), secret, &mut found);
        assert_eq!(found, Vec::<String>::new(), "{secret}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_in_files_and_output_reach_nobody() {
    let token = token();
    let scene = scene().await;
    scene.write(
        "notes.txt",
        &format!(
            "a line\ntoken {token}\n{}password: \"hunter2-x\"\nthe end\n",
            key()
        ),
    );
    scene.write(
        "big.txt",
        &format!(
            "{}\n{token}\n{}\n",
            "x ".repeat(40_000),
            "y ".repeat(40_000)
        ),
    );
    let halves = format!("printf 'token ghp_'; printf '{}'; echo", &token[4..]);
    let replies = [
        Reply::stream()
            .and_call("read_file", json!({ "path": "notes.txt" }))
            .and_call(
                "grep",
                json!({ "pattern": "token|password", "mode": "content" }),
            )
            .and_call(
                "bash",
                json!({ "command": "cat notes.txt; cat notes.txt >&2" }),
            )
            .and_call("bash", json!({ "command": "cat big.txt" })),
        Reply::call(
            "bash",
            json!({ "command": "base64 -d <<< Z2hwXzE2QzdlNDJGMjkyYzY5MTJFNzcxMGM4MzgzNDdBZTE3OEI0YQ==" }),
        ),
        Reply::text("done"),
    ];
    scene.endpoint.script(replies);
    let told = scene.work("go").await;
    for (item, call) in super::calls(&told) {
        let words = text_of(&call);
        assert_eq!(item.status, Status::Completed, "{words}");
        // Of what is too long the middle is in a file, which is looked at below.
        let is_cut = words.contains("read it in parts");
        assert!(
            is_cut || words.contains("[secret masked: github token]"),
            "{words}"
        );
    }
    let read = told.result("read_file");
    assert!(
        read.contains("[secret masked: private key]") && read.contains("[secret masked: password]")
    );
    assert!(read.contains("the end") && read.contains("a line"));
    // The half of a token in the command's own text is the model's; put together it is a secret.
    scene.endpoint.script([
        Reply::call("bash", json!({ "command": halves })),
        Reply::text("done"),
    ]);
    let pieces = scene.work("go").await;
    assert!(
        pieces
            .result("bash")
            .contains("[secret masked: github token]")
    );
    nowhere(
        &scene,
        &[told, pieces],
        &[&token, "MIIEvQIBADANBg", "hunter2-x"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hosts_own_keys_are_masked_in_every_form() {
    let key = "correct+horse/battery";
    let settings = [("ai.api_key", json!(key))];
    let scene = Scene::with_settings([], &settings).await;
    scene.write(
        "found.txt",
        "plain correct+horse/battery\nurl correct%2Bhorse%2Fbattery\nbase64 Y29ycmVjdCtob3JzZS9iYXR0ZXJ5\n",
    );
    scene.endpoint.script([
        Reply::stream()
            .and_call("read_file", json!({ "path": "found.txt" }))
            .and_call("bash", json!({ "command": "cat found.txt" })),
        Reply::text("done"),
    ]);
    let told = scene.work("go").await;
    for (_, call) in super::calls(&told) {
        let words = text_of(&call);
        assert_eq!(
            words.matches("[secret masked: known to Anteroom]").count(),
            3,
            "{words}"
        );
    }
    nowhere(
        &scene,
        &[told],
        &[key, "horse%2Fbattery", "Y29ycmVjdCtob3JzZS9iYXR0ZXJ5"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_shows_no_secret() {
    let token = token();
    let scene = Scene::new([
        Reply::stream()
            .and_call(
                "bash",
                json!({ "command": format!("true login --with {token}") }),
            )
            .and_call(
                "write_file",
                json!({ "path": "a.txt", "content": format!("t = {token}\n") }),
            ),
        Reply::text("done"),
    ])
    .await;
    let conversation = scene.open().await;
    let told = scene
        .turn(conversation, "go", attended(), |approval| {
            let shown = serde_json::to_string(approval).unwrap();
            assert!(!shown.contains(&token), "{shown}");
            assert!(shown.contains("[secret masked: github token]"), "{shown}");
            Decision::Allow { scope: Scope::Once }
        })
        .await;
    for (_, call) in super::calls(&told) {
        let kept = serde_json::to_string(&call.decisions).unwrap();
        assert!(!kept.contains(&token), "{kept}");
    }
    // What was approved is what was written: masks are for eyes only.
    assert_eq!(scene.read("a.txt"), format!("t = {token}\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mask_is_never_written_back() {
    let scene = scene().await;
    let before = "user: ada\npassword: \"hunter2-x\"\n";
    scene.write("conf.yaml", before);
    let mask = "[secret masked: password]";
    scene.endpoint.script([
        Reply::call("read_file", json!({ "path": "conf.yaml" })),
        Reply::stream()
            .and_call(
                "write_file",
                json!({ "path": "conf.yaml", "content": format!("user: eve\npassword: \"{mask}\"\n") }),
            )
            .and_call(
                "edit_file",
                json!({ "path": "conf.yaml", "old_text": "user: ada", "new_text": format!("user: ada\npassword: \"{mask}\"") }),
            )
            .and_call(
                "bash",
                json!({ "command": format!("printf 'password: {mask}' > conf.yaml") }),
            ),
        Reply::text("done"),
    ]);
    let conversation = scene.open().await;
    let told = scene
        .turn(conversation, "go", attended_auto(), |approval| {
            panic!("it is not even asked: {approval:?}")
        })
        .await;
    assert!(told.result("read_file").contains(mask));
    for (item, call) in super::calls(&told).into_iter().skip(1) {
        let words = text_of(&call);
        assert_eq!(item.status, Status::Denied, "{words}");
        assert!(words.contains("hidden from you"), "{words}");
    }
    assert_eq!(scene.read("conf.yaml"), before);
    // Around it, the file can be changed.
    scene.endpoint.script([
        Reply::call(
            "edit_file",
            json!({ "path": "conf.yaml", "old_text": "user: ada", "new_text": "user: eve" }),
        ),
        Reply::text("done"),
    ]);
    let told = scene
        .turn(conversation, "go", auto(), |_| unreachable!())
        .await;
    assert_eq!(told.call("edit_file").0.status, Status::Completed);
    assert_eq!(scene.read("conf.yaml"), before.replace("ada", "eve"));
    assert!(!told.result("edit_file").contains("hunter2-x"));
}

/// Denied as a whole where nobody attends, too.
#[tokio::test(flavor = "multi_thread")]
async fn a_masked_write_is_refused_where_nobody_attends() {
    let content = "api_key = [secret masked: secret]\n";
    let scene = Scene::new([
        Reply::call(
            "write_file",
            json!({ "path": "new.toml", "content": content }),
        ),
        Reply::text("done"),
    ])
    .await;
    let told = scene.run("go").await;
    all_denied(&told, 1);
    assert!(!scene.has("new.toml"));
}
