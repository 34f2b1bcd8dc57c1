//! Releases of the contract: what was built for an older one goes on working, and one nobody knows is refused before
//! it is run.
//!
//! `fixtures/borrower-0.1.0.wasm` is `tests/guests/borrower` as it stood when 0.1.0 was the newest, at commit
//! `2f0e01d`. Built anew, should that ever be needed, with a checkout of that commit:
//! `CARGO_PROFILE_GUEST_OPT_LEVEL=s cargo build --locked --lib --target wasm32-wasip2 --profile guest -p anteroom-tool-borrower`.

use crate::support::{Bench, yes};
use anteroom_api::{Capability, ModuleOrigin, ModuleState, Resolution, Status, Tier};
use serde_json::json;
use std::fs;

const OF_0_1_0: &[u8] = include_bytes!("../fixtures/borrower-0.1.0.wasm");

/// A host that lends everything and a person who says yes.
fn generous() -> Bench {
    let mut bench = Bench::empty().granting(&Capability::ALL);
    bench.resolution = yes();
    bench.registry.add_built_in("borrower", OF_0_1_0);
    bench
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_of_0_1_0_is_listed_with_all_that_it_says() {
    let bench = generous();
    let modules = bench.registry.modules().await;
    let [module] = modules.as_slice() else {
        panic!("{modules:?}")
    };
    assert_eq!(module.state, ModuleState::Loaded);
    assert_eq!(
        module.requested,
        [
            Capability::Process,
            Capability::Canvas,
            Capability::Agents,
            Capability::Ask
        ]
    );
    let listed: Vec<(&str, Tier)> = module
        .tools
        .iter()
        .map(|tool| (tool.name.as_str(), tool.tier))
        .collect();
    let expected = [
        ("spin_waiting", Tier::Read),
        ("spawn", Tier::Execute),
        ("spawn_undeclared", Tier::Read),
        ("start_task", Tier::Execute),
        ("question", Tier::Read),
        ("child", Tier::Execute),
        ("draw", Tier::Read),
    ];
    assert_eq!(listed, expected);
    let spawn = bench.registry.find("spawn").await.unwrap();
    assert_eq!(spawn.tool.description, "Borrows.");
    assert_eq!(spawn.capabilities, [Capability::Process]);
    assert_eq!(
        spawn.tool.input_schema,
        json!({
            "type": "object",
            "properties": {
                "line": {"type": "string"},
                "cwd": {"type": "string"},
                "timeout_ms": {"type": "integer"},
            },
            "required": ["line"],
        })
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_of_0_1_0_still_borrows_everything() {
    let bench = generous();
    let line = json!({"line": "echo said; exit 3"});
    // Whatever it borrows comes through the old door, and the answer goes back through it.
    for (tool, arguments, said, processes) in [
        ("spawn", line.clone(), "said\n[Some(3) None false]", 1),
        ("start_task", json!({"line": "true"}), "task-1", 1),
        ("question", json!({}), "red", 0),
        ("child", json!({}), "done: look around", 0),
        ("draw", json!({}), "Plan", 0),
    ] {
        let called = bench.call(tool, arguments).await;
        called.expect(Status::Completed, said);
        assert_eq!(called.text(), said, "{tool}");
        let meter = called.outcome.meter;
        assert!(meter.wall_us > 0 && meter.cpu_us > 0, "{tool}: {meter:?}");
        assert!(meter.peak_memory_bytes >= 64 << 10, "{tool}: {meter:?}");
        let counted = (meter.processes, meter.hosts, meter.files_opened);
        assert_eq!(counted, (processes, 0, 0), "{tool}: {meter:?}");
    }
    let called = bench.call("spawn_undeclared", line).await;
    called.expect(Status::Denied, "does not declare `process`");
    assert_eq!(called.outcome.meter.processes, 0);
    let called = bench.call("spawn", json!({"lines": 1})).await;
    called.expect(Status::Failed, "line");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_of_0_1_0_hears_no_in_its_own_words() {
    let bench = Bench::empty();
    bench.registry.add_built_in("borrower", OF_0_1_0);
    for (tool, arguments, capability) in [
        ("spawn", json!({"line": "touch ran"}), "process"),
        ("start_task", json!({"line": "touch ran"}), "process"),
        ("question", json!({}), "ask"),
        ("child", json!({}), "agents"),
        ("draw", json!({}), "canvas"),
    ] {
        let called = bench.call(tool, arguments).await;
        let command = format!("aroom tool grant borrower {capability}");
        called.expect(Status::Denied, &command);
    }
    assert!(!bench.workspace.join("ran").exists());
    let mut bench = generous();
    bench.resolution = Resolution::NotAnswered;
    let called = bench.call("question", json!({})).await;
    called.expect(Status::Failed, "nobody to ask in this run");
    let called = bench.call("spawn", json!({"line": "rm -rf x"})).await;
    assert_eq!(called.outcome.status, Status::Denied, "{}", called.text());
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
