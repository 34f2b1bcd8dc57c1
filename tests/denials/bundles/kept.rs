//! What toolsets and servers kept: for nobody else of their name, and gone with them.

use super::OTHER_KEY;
use crate::denials::guest::{Guests, shared_target};
use crate::denials::{call, grant, modules, with_tools};
use crate::support::bundles::{at, folder, inspect, install, manifest, packed, submit};
use crate::support::scene::Scene;
use crate::support::servers;
use anteroom_api::{
    BundleOp, Capability, McpOp, McpServerView, McpState, ModuleId, ModuleOp, Status, ToolView,
};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The component of `tests/guests/borrower`, which keeps what it is told; with another number it is another binary.
fn keeper(number: u8) -> Vec<u8> {
    static GUEST: OnceLock<Vec<u8>> = OnceLock::new();
    let bytes = GUEST.get_or_init(|| {
        let built = Guests {
            manifest: &Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"),
            packages: &["anteroom-tool-borrower"],
            profile: "guest",
            target: &shared_target(Path::new(env!("CARGO_TARGET_TMPDIR"))),
        };
        std::fs::read(&built.build().expect("the guest compiles")[0]).unwrap()
    });
    // One more custom section.
    [bytes.as_slice(), &[0, 6, 4, b'n', b'o', b't', b'e', number]].concat()
}

/// What a toolset finds under a key, having kept something there if it is told to.
async fn kept(scene: &Scene, value: Option<&str>) -> String {
    let arguments = match value {
        Some(value) => json!({"key": "k", "value": value}),
        None => json!({"key": "k"}),
    };
    let (_, status, words) = call(scene, "keep", arguments).await;
    assert_eq!(status, Status::Completed, "{words}");
    words
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_toolset_kept_is_for_no_other_of_its_name() {
    let scene = with_tools(&[("keeper.wasm", &keeper(1))], &[]).await;
    let granted = async || {
        let module = modules(&scene).await.remove(0);
        let store = grant(&scene, &module, Capability::Store);
        scene.handle().submit(store).await.unwrap();
    };
    let put = async |number: u8| {
        std::fs::write(scene.home().join("tools/keeper.wasm"), keeper(number)).unwrap();
        scene.handle().submit(ModuleOp::Reload).await.unwrap();
    };
    granted().await;
    assert!(
        kept(&scene, Some("treasure"))
            .await
            .contains("treasure [k]")
    );
    assert!(kept(&scene, None).await.contains("treasure [k]"));
    // Another binary, which was granted the same.
    put(2).await;
    granted().await;
    let other = kept(&scene, None).await;
    assert!(
        !other.contains("treasure") && other.contains("[]"),
        "{other}"
    );
    put(1).await;
    assert!(kept(&scene, None).await.contains("treasure [k]"));
    // What is removed has forgotten.
    let remove = ModuleOp::Remove {
        module: ModuleId("keeper".into()),
    };
    scene.handle().submit(remove).await.unwrap();
    put(1).await;
    granted().await;
    let again = kept(&scene, None).await;
    assert!(
        !again.contains("treasure") && again.contains("[]"),
        "{again}"
    );
}

/// A bundle with the toolset that keeps things, described as it describes itself.
fn keeping(scene: &Scene, tools: &[ToolView], (version, number): (&str, u8)) -> PathBuf {
    let tools: Vec<serde_json::Value> = tools
        .iter()
        .map(|tool| {
            json!({
                "name": tool.name,
                "description": tool.description,
                "tier": tool.tier,
                "arguments": tool.input_schema,
            })
        })
        .collect();
    let toolsets = json!([{
        "name": "keeper",
        "tools": tools,
        "capabilities": [{"capability": "store"}],
    }]);
    let manifest = manifest(version, &format!("holds: [tools]\ntoolsets: {toolsets}\n"));
    let toolset = keeper(number);
    let files = [
        ("bundle.yaml", manifest.as_bytes()),
        ("tools/keeper.wasm", toolset.as_slice()),
    ];
    folder(scene, &format!("keeping-{version}"), &files)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_bundle_kept_belongs_to_who_signed_it_and_goes_with_it() {
    let tools = {
        let scene = with_tools(&[("keeper.wasm", &keeper(1))], &[]).await;
        modules(&scene).await.remove(0).tools
    };
    let scene = with_tools(&[], &[]).await;
    let own = ("identity.private_key", OTHER_KEY.into());
    let other = Scene::with_settings([], &[own]).await;
    let first = packed(&scene, &keeping(&scene, &tools, ("1.0.0", 1))).await;
    install(&scene, &at(&first)).await.unwrap();
    assert!(
        kept(&scene, Some("treasure"))
            .await
            .contains("treasure [k]")
    );
    // A newer version by the same hand goes on with it.
    let second = packed(&scene, &keeping(&scene, &tools, ("1.1.0", 2))).await;
    install(&scene, &at(&second)).await.unwrap();
    assert!(kept(&scene, None).await.contains("treasure [k]"));
    // One that somebody else signed, to the byte the same component, does not.
    let theirs = packed(&other, &keeping(&other, &tools, ("1.2.0", 1))).await;
    let report = inspect(&scene, &at(&theirs)).await.unwrap();
    let signature = serde_json::to_value(&report.signature).unwrap();
    let trust = BundleOp::Trust {
        name: "team".into(),
        fingerprint: signature["fingerprint"].as_str().unwrap().to_owned(),
    };
    submit(&scene, trust).await.unwrap();
    install(&scene, &at(&theirs)).await.unwrap();
    let found = kept(&scene, None).await;
    assert!(
        !found.contains("treasure") && found.contains("[]"),
        "{found}"
    );
    assert!(kept(&scene, Some("theirs")).await.contains("theirs [k]"));
    // All of it goes with the bundle, whoever kept it.
    let remove = BundleOp::Remove {
        name: "team".into(),
        project: None,
    };
    submit(&scene, remove).await.unwrap();
    let mut again = at(&theirs);
    again.may_be_older = true;
    install(&scene, &again).await.unwrap();
    let found = kept(&scene, None).await;
    assert!(!found.contains("theirs") && found.contains("[]"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_server_of_a_name_finds_nothing_of_the_one_before() {
    let scene = with_tools(&[], &[]).await;
    // At its second start, this one describes itself otherwise; it finds that out in its own folder.
    let entry = serde_json::to_value(servers::odd("notes", "changes")).unwrap();
    let manifest = manifest("1.0.0", "holds: [mcp]\n");
    let written = json!({"mcp_servers": [entry]}).to_string();
    let files = [
        ("bundle.yaml", manifest.as_bytes()),
        ("mcp.yaml", written.as_bytes()),
    ];
    let file = packed(&scene, &folder(&scene, "serving", &files)).await;
    let folders = scene.home().join("servers");
    let remembers = |folder: &Path| find(folder, "ran-before");
    for _ in 0..2 {
        install(&scene, &at(&file)).await.unwrap();
        servers::approve(&scene, "notes").await;
        let ready = |view: &McpServerView| view.state == McpState::Ready;
        let view = servers::until(&scene, "notes", ready).await;
        let said = serde_json::to_string(&view.tools).unwrap();
        assert!(
            !said.contains("id_rsa"),
            "it found that it ran before: {said}"
        );
        assert!(remembers(&folders));
        let remove = BundleOp::Remove {
            name: "team".into(),
            project: None,
        };
        submit(&scene, remove).await.unwrap();
        assert!(!folders.join("@bundles/team").exists());
    }
    // The same of one's own.
    for _ in 0..2 {
        let view = servers::ready(&scene, servers::odd("mine", "changes")).await;
        let said = serde_json::to_string(&view.tools).unwrap();
        assert!(
            !said.contains("id_rsa"),
            "it found that it ran before: {said}"
        );
        assert!(folders.join("mine/ran-before").exists());
        let remove = McpOp::Remove {
            server: "mine".into(),
        };
        scene.handle().submit(remove).await.unwrap();
        assert!(!folders.join("mine").exists());
    }
}

/// Whether there is a file of this name somewhere below.
fn find(folder: &Path, name: &str) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .any(|path| path.ends_with(name) || find(&path, name))
}
