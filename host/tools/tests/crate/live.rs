//! Modules that come, change and go while calls run.

use crate::support::{Bench, guest};
use crate::toolset::Toolset;
use anteroom_api::{Capability, ModuleId, ModuleOrigin, ModuleState, ModuleView, Status};
use anteroom_tools::{Limits, MayCount, Registry, ToolLimits};
use serde_json::json;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Reached only by a failing test.
const PATIENCE: Duration = Duration::from_secs(30);

/// A watched tools folder.
struct Live {
    bench: Bench,
    tools: PathBuf,
}

impl Live {
    /// With a folder that is not there yet.
    fn new() -> Self {
        let bench = Bench::empty();
        let tools = bench.folder().join("home/tools");
        bench
            .registry
            .watch_folder(&tools, ModuleOrigin::User, always());
        Self { bench, tools }
    }

    fn with_folder() -> Self {
        let bench = Bench::empty();
        let tools = bench.folder().join("tools");
        fs::create_dir(&tools).unwrap();
        bench
            .registry
            .watch_folder(&tools, ModuleOrigin::User, always());
        Self { bench, tools }
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.tools.join(name), bytes).unwrap();
    }

    async fn words(&self) -> String {
        let called = self.bench.call("look", json!({})).await;
        called.expect(Status::Completed, "");
        called.text()
    }
}

/// Waits until the modules fit; nothing tells the registry to look.
async fn until(registry: &Registry, fits: impl Fn(&[ModuleView]) -> bool) -> Vec<ModuleView> {
    let mut changes = registry.changes();
    let waited = async {
        loop {
            let modules = registry.modules().await;
            if fits(&modules) {
                return modules;
            }
            changes.changed().await.unwrap();
        }
    };
    let found = tokio::time::timeout(PATIENCE, waited).await;
    found.expect("the modules never fitted")
}

fn always() -> MayCount {
    Arc::new(|| Box::pin(async { true }))
}

fn look(answer: &str) -> Toolset {
    Toolset::new("look", answer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_comes_changes_and_goes_is_found() {
    let live = Live::new();
    let registry = live.bench.registry.clone();
    assert_eq!(registry.modules().await, []);
    fs::create_dir_all(&live.tools).unwrap();
    live.write("eyes.wasm", &look("one").build());
    let came = until(&registry, |modules| modules.len() == 1).await;
    assert_eq!(came[0].id, ModuleId("eyes".into()));
    assert_eq!(came[0].state, ModuleState::Loaded);
    assert_eq!(live.words().await, "one");

    live.write("eyes.wasm", &look("two").version(2).build());
    until(&registry, |modules| modules[0].hash != came[0].hash).await;
    assert_eq!(live.words().await, "two");

    fs::remove_file(live.tools.join("eyes.wasm")).unwrap();
    until(&registry, <[ModuleView]>::is_empty).await;
    // The folder itself may go, too, and come back.
    fs::remove_dir(&live.tools).unwrap();
    fs::create_dir(&live.tools).unwrap();
    live.write("eyes.wasm", &look("three").build());
    until(&registry, |modules| modules.len() == 1).await;
    assert_eq!(live.words().await, "three");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_half_written_is_waited_for_and_what_was_there_goes_on() {
    let live = Live::with_folder();
    let registry = live.bench.registry.clone();
    live.write("eyes.wasm", &look("one").build());
    let before = until(&registry, |modules| modules.len() == 1).await;
    let next = look("two").build();
    let (head, _) = next.split_at(next.len() / 2);
    live.write("eyes.wasm", head);
    assert_eq!(registry.modules().await, before, "half a file is no change");
    assert_eq!(live.words().await, "one");
    live.write("eyes.wasm", &next);
    let after = until(&registry, |modules| modules[0].hash != before[0].hash).await;
    assert_eq!(
        after[0].state,
        ModuleState::Loaded,
        "half of it was never told"
    );
    assert_eq!(live.words().await, "two");

    // What stays broken is told, in the end.
    live.write("eyes.wasm", head);
    let broken = until(&registry, |modules| modules[0].hash != after[0].hash).await;
    assert!(
        matches!(broken[0].state, ModuleState::Failed { .. }),
        "{broken:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_ends_on_the_component_it_began_with() {
    let live = Live::with_folder();
    live.write("hostile.wasm", guest("hostile"));
    let registry = live.bench.registry.clone();
    let tools = live.tools.clone();
    until(&registry, |modules| modules.len() == 1).await;
    let patient = ToolLimits {
        wall: Some(PATIENCE),
        ..ToolLimits::default()
    };
    registry.set_limits(Limits::default(), [("spin".to_owned(), patient)].into());
    // Cancelled only after what it runs on was replaced and then removed.
    let replace = async {
        let mut bytes = guest("hostile").to_vec();
        bytes.extend(b"\x00\x05\x04note");
        fs::write(tools.join("hostile.wasm"), bytes).unwrap();
        registry.load_folder(&tools, ModuleOrigin::User).await;
        fs::remove_file(tools.join("hostile.wasm")).unwrap();
        registry.load_folder(&tools, ModuleOrigin::User).await;
        assert_eq!(registry.modules().await, []);
    };
    let called = live
        .bench
        .interrupted("spin", json!({}), "spinning", replace)
        .await;
    called.expect(Status::Interrupted, "info: spinning");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_that_was_told_of_answers_as_what_it_is_now() {
    let live = Live::with_folder();
    let registry = &live.bench.registry;
    let folder = &live.tools;
    let taking = r#"{"type":"object","required":["path"]}"#;
    let put = async |toolset: &Toolset| {
        live.write("eyes.wasm", &toolset.build());
        registry.load_folder(folder, ModuleOrigin::User).await;
    };
    put(&look("one").reading_files()).await;
    let sent = registry.find("look").await.unwrap();
    assert_eq!(sent.capabilities, [Capability::FilesRead]);
    let resolve = async || registry.resolve(None, &sent).await;

    put(&look("two").described("Looks elsewhere.").taking(taking)).await;
    let changed = resolve().await.unwrap();
    assert_ne!(changed.definition().hash, sent.hash);
    let words = changed.check(&json!({})).unwrap_err();
    assert!(words.contains("\"path\" is a required property"), "{words}");
    assert!(
        words.contains("has changed since this conversation"),
        "{words}"
    );
    assert_eq!(changed.check(&json!({"path": "a"})), Ok(()));

    put(&Toolset::new("other_tool", "three")).await;
    let words = resolve().await.unwrap_err();
    assert!(
        words.contains("`look` was withdrawn: the toolset `eyes` does not offer it"),
        "{words}"
    );

    live.write("eyes.wasm", b"broken");
    registry.load_folder(folder, ModuleOrigin::User).await;
    let words = resolve().await.unwrap_err();
    assert!(words.contains("cannot be loaded any more"), "{words}");

    fs::remove_file(folder.join("eyes.wasm")).unwrap();
    registry.load_folder(folder, ModuleOrigin::User).await;
    let words = resolve().await.unwrap_err();
    assert!(
        words.contains("was withdrawn: the toolset `eyes` is gone"),
        "{words}"
    );

    put(&look("four")).await;
    registry.switch(&sent.module, false);
    let words = resolve().await.unwrap_err();
    assert!(words.contains("`aroom tool enable eyes`"), "{words}");
    assert_eq!(registry.definitions().await, []);
    assert_eq!(registry.modules().await[0].state, ModuleState::Disabled);
    registry.switch(&sent.module, true);
    assert!(resolve().await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_projects_modules_count_in_that_project_alone() {
    let bench = Bench::empty();
    let registry = &bench.registry;
    let folders = ["user", "one", "two"].map(|name| bench.folder().join(name));
    for (folder, words) in folders.iter().zip(["user", "one", "two"]) {
        fs::create_dir(folder).unwrap();
        fs::write(
            folder.join(format!("{words}s.wasm")),
            Toolset::new(&format!("{words}_tool"), words).build(),
        )
        .unwrap();
    }
    fs::write(
        folders[1].join("clash.wasm"),
        Toolset::new("user_tool", "mine").build(),
    )
    .unwrap();
    registry
        .load_folder(&folders[1], ModuleOrigin::Project)
        .await;
    registry
        .load_folder(&folders[2], ModuleOrigin::Project)
        .await;
    let names = async |project: Option<&PathBuf>| {
        let definitions = registry.definitions_in(project.map(PathBuf::as_path)).await;
        let names = definitions.into_iter().map(|it| it.tool.name.clone());
        names.collect::<Vec<_>>()
    };
    assert_eq!(names(Some(&folders[1])).await, ["user_tool", "one_tool"]);
    // Whatever comes first, the user's own comes before a project's.
    registry.load_folder(&folders[0], ModuleOrigin::User).await;
    assert_eq!(names(None).await, ["user_tool"]);
    assert_eq!(names(Some(&folders[1])).await, ["one_tool", "user_tool"]);
    assert_eq!(names(Some(&folders[2])).await, ["two_tool", "user_tool"]);
    let modules = registry.modules_in(Some(&folders[1])).await;
    let refused = modules
        .iter()
        .find(|module| module.id.0 == "clash")
        .unwrap();
    assert!(
        matches!(refused.state, ModuleState::Failed { .. }),
        "{refused:?}"
    );
    let sent = registry.definitions_in(Some(&folders[1])).await;
    let strange = registry.resolve(Some(&folders[2]), &sent[0]).await;
    assert!(strange.unwrap_err().contains("is gone"));
    registry.forget_folder(&folders[1]).await;
    assert_eq!(names(Some(&folders[1])).await, ["user_tool"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_not_count_is_not_even_read() {
    let bench = Bench::empty();
    let tools = bench.folder().join("tools");
    fs::create_dir(&tools).unwrap();
    fs::write(tools.join("eyes.wasm"), look("one").build()).unwrap();
    let may = Arc::new(AtomicBool::new(false));
    let asked = may.clone();
    let may_count: MayCount = Arc::new(move || {
        let may = asked.load(Ordering::SeqCst);
        Box::pin(async move { may })
    });
    let registry = &bench.registry;
    registry.watch_folder(&tools, ModuleOrigin::User, may_count);
    assert_eq!(registry.modules().await, []);
    may.store(true, Ordering::SeqCst);
    registry.load_folders().await;
    assert_eq!(registry.modules().await.len(), 1);
    may.store(false, Ordering::SeqCst);
    registry.load_folders().await;
    assert_eq!(registry.modules().await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_names_of_tools_are_asked_without_waiting_for_what_is_being_loaded() {
    let bench = Bench::empty();
    let registry = &bench.registry;
    let folder = bench.folder().join("tools");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("eyes.wasm"), look("one").build()).unwrap();
    // As long as nobody says whether it counts, the folder is not looked at.
    let (open, door) = tokio::sync::watch::channel(false);
    let may_count: MayCount = Arc::new(move || {
        let mut door = door.clone();
        Box::pin(async move { door.wait_for(|is_open| *is_open).await.is_ok() })
    });
    registry.watch_folder(&folder, ModuleOrigin::User, may_count);
    assert_eq!(registry.names_in(None), None);
    open.send_replace(true);
    registry.ready(None).await;
    assert_eq!(registry.names_in(None), Some(vec!["look".to_owned()]));
}
