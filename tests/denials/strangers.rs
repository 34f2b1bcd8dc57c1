//! Components of others: lent what a person granted to exactly this binary, stopped when they misbehave.

use super::guest::{Guests, shared_target};
use super::{attended_auto, calls};
use crate::support::endpoint::Reply;
use crate::support::scene::{Scene, Told, attended, auto, text_of};
use anteroom_api::{
    Capability, Decision, GrantOp, GrantReach, GrantWhere, ModuleId, ModuleOp, ModuleOrigin,
    ModuleState, ModuleView, ProblemCode, Scope, Status, StopReason,
};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::OnceLock;

/// The component of `tests/guests/hostile`, compiled once.
pub(crate) fn hostile() -> &'static [u8] {
    static GUEST: OnceLock<Vec<u8>> = OnceLock::new();
    GUEST.get_or_init(|| {
        let built = Guests {
            manifest: &Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"),
            packages: &["anteroom-tool-hostile"],
            profile: "guest",
            target: &shared_target(Path::new(env!("CARGO_TARGET_TMPDIR"))),
        };
        std::fs::read(&built.build().expect("the guest compiles")[0]).unwrap()
    })
}

/// The same tools in another binary: one more custom section.
fn changed() -> Vec<u8> {
    let mut bytes = hostile().to_vec();
    bytes.extend(b"\x00\x05\x04note");
    bytes
}

/// A host with these files in the user's tools folder. It names no conversations, so that every reply is a turn's.
pub(crate) async fn with_tools(files: &[(&str, &[u8])], settings: &[(&str, Value)]) -> Scene {
    let mut scene = Scene::new([]).await;
    scene.stop().await;
    put(&scene, files);
    let mut all = untitled().to_vec();
    all.extend_from_slice(settings);
    scene.start(&all).await;
    scene
}

/// No request but those of turns.
pub(super) fn untitled() -> [(&'static str, Value); 1] {
    [("ai.titles", json!(false))]
}

pub(super) fn put(scene: &Scene, files: &[(&str, &[u8])]) {
    let tools = scene.home().join("tools");
    std::fs::create_dir_all(&tools).unwrap();
    for (name, bytes) in files {
        std::fs::write(tools.join(name), bytes).unwrap();
    }
}

pub(crate) async fn modules(scene: &Scene) -> Vec<ModuleView> {
    let workspace = scene.workspace().display().to_string();
    let modules = scene.handle().read().modules(workspace).await.unwrap();
    let mut modules = modules;
    modules.retain(|module| module.origin != ModuleOrigin::BuiltIn);
    modules
}

pub(crate) fn grant(scene: &Scene, module: &ModuleView, capability: Capability) -> ModuleOp {
    ModuleOp::Grant(GrantOp {
        module: module.id.clone(),
        hash: module.hash.clone(),
        capability,
        reach: GrantReach::default(),
        place: GrantWhere::Workspace(scene.workspace().display().to_string()),
        expires_at: None,
        calls: None,
    })
}

/// A turn with one call, in which everything that is asked is allowed once.
pub(crate) async fn call(scene: &Scene, tool: &str, arguments: Value) -> (Told, Status, String) {
    scene
        .endpoint
        .script([Reply::call(tool, arguments), Reply::text("went on")]);
    let conversation = scene.open().await;
    let told = scene
        .turn(conversation, "go", attended_auto(), |_| Decision::Allow {
            scope: Scope::Once,
        })
        .await;
    assert_eq!(
        (told.stop(), told.answer().as_str()),
        (StopReason::EndTurn, "went on"),
        "{tool}"
    );
    let (item, call) = told.call(tool);
    let text = text_of(&call);
    (told, item.status, text)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ungranted_capability_is_answered_with_the_command_that_grants_it() {
    let scene = with_tools(&[("hostile.wasm", hostile())], &[]).await;
    scene.write("a.txt", "content");
    let listed = modules(&scene).await;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].id, ModuleId("hostile".into()));
    assert_eq!(listed[0].origin, ModuleOrigin::User);
    assert_eq!(listed[0].state, ModuleState::Loaded);
    assert_eq!(
        listed[0].requested,
        [Capability::FilesRead, Capability::FilesWrite]
    );
    assert_eq!(listed[0].granted, []);
    let (_, status, words) = call(&scene, "read_path", json!({ "path": "a.txt" })).await;
    assert_eq!(status, Status::Denied, "{words}");
    assert!(
        words.contains("`aroom tool grant hostile files_read`"),
        "{words}"
    );

    let op = grant(&scene, &listed[0], Capability::FilesRead);
    scene.handle().submit(op).await.unwrap();
    assert_eq!(modules(&scene).await[0].granted, [Capability::FilesRead]);
    let (told, status, words) = call(&scene, "read_path", json!({ "path": "a.txt" })).await;
    assert_eq!(status, Status::Completed, "{words}");
    // What a stranger says is labelled as data before the model sees it.
    let sent = scene.endpoint.chats().pop().unwrap().json["messages"].to_string();
    assert!(sent.contains("<untrusted"), "{sent}");
    let view = scene.handle().read().conversation(told.conversation).await;
    assert_eq!(view.unwrap().trust, anteroom_api::Trust::Untrusted);
    // Granted reading is no writing.
    let (_, status, words) = call(&scene, "write_path", json!({ "path": "b.txt" })).await;
    assert_eq!(status, Status::Denied, "{words}");
    assert!(!scene.has("b.txt"));

    let revoke = ModuleOp::Revoke {
        module: listed[0].id.clone(),
        capability: None,
    };
    scene.handle().submit(revoke).await.unwrap();
    let (_, status, words) = call(&scene, "read_path", json!({ "path": "a.txt" })).await;
    assert_eq!(status, Status::Denied, "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_holds_for_one_binary_and_what_it_asks_for() {
    let mut scene = with_tools(&[("hostile.wasm", hostile())], &[]).await;
    scene.write("a.txt", "content");
    let module = modules(&scene).await.remove(0);
    let handle = scene.handle();
    let mut wrong = module.clone();
    wrong.hash = "0".repeat(64);
    let refused = handle.submit(grant(&scene, &wrong, Capability::FilesRead));
    assert_eq!(refused.await.unwrap_err().0.code, ProblemCode::Conflict);
    let refused = handle.submit(grant(&scene, &module, Capability::Process));
    assert_eq!(refused.await.unwrap_err().0.code, ProblemCode::InvalidInput);
    let mut none = module.clone();
    none.id = ModuleId("nowhere".into());
    let refused = handle.submit(grant(&scene, &none, Capability::FilesRead));
    assert_eq!(refused.await.unwrap_err().0.code, ProblemCode::NotFound);
    let mut own = module.clone();
    own.id = ModuleId("files".into());
    let refused = handle.submit(grant(&scene, &own, Capability::FilesRead));
    assert_eq!(refused.await.unwrap_err().0.code, ProblemCode::InvalidInput);
    handle
        .submit(grant(&scene, &module, Capability::FilesRead))
        .await
        .unwrap();
    drop(handle);

    // It outlives the process, but not the binary.
    scene.stop().await;
    scene.start(&untitled()).await;
    let (_, status, _) = call(&scene, "read_path", json!({ "path": "a.txt" })).await;
    assert_eq!(status, Status::Completed);
    scene.stop().await;
    put(&scene, &[("hostile.wasm", &changed())]);
    scene.start(&untitled()).await;
    let replaced = modules(&scene).await.remove(0);
    assert_eq!(replaced.state, ModuleState::Loaded);
    assert_ne!(replaced.hash, module.hash);
    assert_eq!(replaced.granted, []);
    let (_, status, words) = call(&scene, "read_path", json!({ "path": "a.txt" })).await;
    assert_eq!(status, Status::Denied, "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_that_misbehaves_is_stopped_and_the_turn_goes_on() {
    let scene = with_tools(&[("hostile.wasm", hostile())], &[]).await;
    for (tool, words) in [
        ("spin", "stopped after 2 s"),
        ("sleep", "stopped after 2 s"),
        ("eat_memory", "64 MB"),
        ("recurse", "recursed too deep"),
        ("panic", "nothing to see here"),
        ("big_result", "Ask for less"),
    ] {
        let (_, status, text) = call(&scene, tool, json!({})).await;
        assert_eq!(status, Status::Failed, "{tool}: {text}");
        assert!(text.contains(words), "{tool}: {text}");
    }
    let (_, status, text) = call(&scene, "surroundings", json!({})).await;
    assert_eq!(status, Status::Completed);
    assert!(text.contains("variables 0, arguments 0"), "{text}");
    assert!(!text.contains("network open"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_that_leaves_the_workspace_is_refused_and_the_turn_goes_on() {
    let scene = with_tools(&[("hostile.wasm", hostile())], &[]).await;
    let module = modules(&scene).await.remove(0);
    for capability in [Capability::FilesRead, Capability::FilesWrite] {
        let op = grant(&scene, &module, capability);
        scene.handle().submit(op).await.unwrap();
    }
    let outside = scene.folder.path().join("secret.txt");
    std::fs::write(&outside, "token-4711").unwrap();
    scene.write(".env", "token-4711");
    std::os::unix::fs::symlink(&outside, scene.workspace().join("link")).unwrap();
    let paths = [
        "../../etc/passwd",
        "../../../../../../etc/passwd",
        "/etc/passwd",
        "/@outside/etc/passwd",
        "../secret.txt",
        "link",
        ".env",
        "/proc/self/environ",
        "/proc/self/root/etc/passwd",
    ];
    for path in paths {
        for tool in ["read_path", "write_path"] {
            scene.endpoint.script([
                Reply::call(tool, json!({ "path": path })),
                Reply::text("went on"),
            ]);
            let told = scene.run("go").await;
            assert_eq!(told.stop(), StopReason::EndTurn);
            let (item, call) = told.call(tool);
            let text = text_of(&call);
            assert_ne!(item.status, Status::Completed, "{tool} {path}: {text}");
            for leak in ["root:", "token-4711", "HOME="] {
                assert!(!text.contains(leak), "{tool} {path}: {text}");
            }
        }
    }
    assert_eq!(std::fs::read_to_string(&outside).unwrap(), "token-4711");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_says_it_reads_cannot_write() {
    let scene = with_tools(&[("hostile.wasm", hostile())], &[]).await;
    let module = modules(&scene).await.remove(0);
    for capability in [Capability::FilesRead, Capability::FilesWrite] {
        let op = grant(&scene, &module, capability);
        scene.handle().submit(op).await.unwrap();
    }
    // Not declared: not even asked.
    let (_, status, words) = call(&scene, "write_undeclared", json!({ "path": "a.txt" })).await;
    assert_ne!(status, Status::Completed, "{words}");
    assert!(!scene.has("a.txt"));
    // Declared and granted: asked at the effect all the same.
    scene.endpoint.script([
        Reply::call("write_path", json!({ "path": "a.txt" })),
        Reply::text("I see"),
    ]);
    let conversation = scene.open().await;
    let asked = std::sync::Mutex::new(0);
    let told = scene
        .turn(conversation, "go", attended(), |approval| {
            *asked.lock().unwrap() += 1;
            assert_eq!(approval.tool, "write_path");
            Decision::Deny { reason: None }
        })
        .await;
    assert_eq!(asked.into_inner().unwrap(), 1);
    assert_eq!(told.call("write_path").0.status, Status::Denied);
    assert!(!scene.has("a.txt"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_file_is_told_and_the_others_work() {
    let files: [(&str, &[u8]); 4] = [
        ("broken.wasm", b"not a component"),
        ("core.wasm", b"\0asm\x01\0\0\0"),
        ("cut.wasm", &hostile()[..hostile().len() / 2]),
        ("hostile.wasm", hostile()),
    ];
    let scene = with_tools(&files, &[]).await;
    for module in modules(&scene).await {
        match (&module.state, module.id.0.as_str()) {
            (ModuleState::Loaded, "hostile") => {}
            (ModuleState::Failed { problem }, "broken" | "core" | "cut") => {
                assert!(!problem.to_string().is_empty());
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(modules(&scene).await.len(), 4);
    let (_, status, _) = call(&scene, "surroundings", json!({})).await;
    assert_eq!(status, Status::Completed);
    let findings = scene.handle().read().doctor().await.unwrap();
    let told = findings.iter().any(|finding| {
        finding.subject.contains("broken") && finding.health == anteroom_api::Health::Failed
    });
    assert!(told, "{findings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projects_tools_and_config_count_only_in_a_trusted_folder() {
    let mut scene = Scene::new([]).await;
    let tools = scene.workspace().join(".anteroom/tools");
    std::fs::create_dir_all(&tools).unwrap();
    std::fs::write(tools.join("hostile.wasm"), hostile()).unwrap();
    scene.write(".anteroom/config.yaml", "safety:\n  denied_tools: [bash]\n");
    scene.stop().await;
    scene.start(&[]).await;
    assert_eq!(modules(&scene).await, []);
    scene.stop().await;
    let elsewhere = [("safety.trusted_folders", json!([scene.folder.path()]))];
    scene.start(&elsewhere).await;
    assert_eq!(modules(&scene).await, [], "the folder itself must be named");
    scene.stop().await;
    let here = [("safety.trusted_folders", json!([scene.workspace()]))];
    scene.start(&here).await;
    let listed = modules(&scene).await;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].origin, ModuleOrigin::Project);
    assert_eq!(listed[0].granted, [], "trusted is not granted");
    scene.endpoint.script([
        Reply::call("bash", json!({ "command": "touch ran" })),
        Reply::text("I see"),
    ]);
    let told = scene.run("go").await;
    assert_eq!(calls(&told)[0].0.status, Status::Denied);
    assert!(!scene.has("ran"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_cannot_trust_itself_or_loosen_anything() {
    let mut scene = Scene::new([]).await;
    let workspace = scene.workspace().display().to_string();
    let text = format!(
        "safety:\n  trusted_folders: [\"{workspace}\"]\n  approval_mode: auto\n  allowed_tools: [\"*\"]\nai:\n  base_url: http://127.0.0.1:9/v1\n"
    );
    scene.write(".anteroom/config.yaml", &text);
    scene.stop().await;
    for trusted in [false, true] {
        let settings = [("safety.trusted_folders", json!([workspace]))];
        scene.start(if trusted { &settings } else { &[] }).await;
        let report = scene.handle().read().settings().await.unwrap();
        let value = |key: &str| {
            let mut settings = report.settings.iter();
            settings.find(|view| view.key == key).unwrap().value.clone()
        };
        assert_eq!(value("safety.approval_mode"), json!("ask_for_writes"));
        assert_eq!(value("safety.allowed_tools"), json!([]));
        let wanted = if trusted {
            json!([workspace])
        } else {
            json!([])
        };
        assert_eq!(value("safety.trusted_folders"), wanted);
        assert_eq!(value("ai.base_url"), json!(scene.endpoint.base_url()));
        scene.stop().await;
    }
    scene.start(&[]).await;
    scene.endpoint.script([
        Reply::call("bash", json!({ "command": "touch ran" })),
        Reply::text("I see"),
    ]);
    let conversation = scene.open().await;
    let options = anteroom_api::TurnOptions {
        mode: None,
        ..auto()
    };
    let told = scene
        .turn(conversation, "go", options, |_| unreachable!())
        .await;
    assert_eq!(told.call("bash").0.status, Status::Denied);
}
