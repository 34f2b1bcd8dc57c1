//! Releases of the contract: what was built for an older one goes on working, and one nobody knows is refused before
//! it is run.
//!
//! `fixtures/borrower-0.1.0.wasm` is `tests/guests/borrower` as it stood when 0.1.0 was the newest, at commit
//! `2f0e01d`. Built anew, should that ever be needed, with a checkout of that commit:
//! `CARGO_PROFILE_GUEST_OPT_LEVEL=s cargo build --locked --lib --target wasm32-wasip2 --profile guest -p anteroom-tool-borrower`.

use crate::support::Bench;
use anteroom_api::{Capability, ModuleOrigin, ModuleState, Resolution, Scope, Status};
use serde_json::json;
use std::fs;

const OF_0_1_0: &[u8] = include_bytes!("../fixtures/borrower-0.1.0.wasm");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_of_0_1_0_still_borrows_everything() {
    let mut bench = Bench::empty().granting(&Capability::ALL);
    bench.resolution = Resolution::Allowed { scope: Scope::Once };
    bench.registry.add_built_in("borrower", OF_0_1_0);
    let modules = bench.registry.modules().await;
    assert_eq!(modules[0].state, ModuleState::Loaded);
    assert_eq!(
        modules[0].requested,
        [
            Capability::Process,
            Capability::Canvas,
            Capability::Agents,
            Capability::Ask
        ]
    );
    let line = json!({"line": "echo said; exit 3"});
    let called = bench.call("spawn", line.clone()).await;
    called.expect(Status::Completed, "said\n[Some(3) None false]");
    let called = bench.call("start_task", json!({"line": "true"})).await;
    called.expect(Status::Completed, "task-1");
    // Each of these comes through the old door and back, whatever it answers.
    for tool in ["question", "child", "draw"] {
        let called = bench.call(tool, json!({})).await;
        assert!(!called.text().contains("crashed"), "{}", called.text());
    }
    let called = bench.call("spawn_undeclared", line).await;
    called.expect(Status::Denied, "does not declare `process`");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_nobody_knows_is_refused_in_words() {
    let bench = Bench::empty();
    let folder = bench.folder().join("tools");
    fs::create_dir(&folder).unwrap();
    for (name, release) in [("older", "0.0.9"), ("newer", "0.9.0")] {
        fs::write(folder.join(format!("{name}.wasm")), of_release(release)).unwrap();
    }
    bench
        .registry
        .load_folder(&folder, ModuleOrigin::User)
        .await;
    let modules = bench.registry.modules().await;
    let said = modules.iter().map(|module| match &module.state {
        ModuleState::Failed { problem } => problem.to_string(),
        other => panic!("{other:?}"),
    });
    let said: Vec<String> = said.collect();
    for (words, release) in said.iter().zip(["0.9.0", "0.0.9"]) {
        let expected = format!(
            "it was built for `anteroom:tool/tools@{release}`, and this host serves `0.1.0` and `0.2.0`"
        );
        assert!(words.contains(&expected), "{words}");
    }
}

/// A component that exports what a toolset of that release would, with nothing in it to run.
fn of_release(release: &str) -> Vec<u8> {
    let text = format!(
        r#"(component (instance $tools) (export "anteroom:tool/tools@{release}" (instance $tools)))"#
    );
    wat::parse_str(text).unwrap()
}
