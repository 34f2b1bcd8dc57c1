//! What is a module, what is none, and what is told about it.

use crate::support::{Bench, guest};
use crate::toolset::Toolset;
use anteroom_api::{Capability, ModuleOrigin, ModuleState, Status};
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use tempfile::TempDir;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_built_in_tools_load_in_order() {
    let bench = Bench::empty();
    for toolset in anteroom_embed::built_in() {
        bench.registry.add_packed(*toolset);
    }
    let modules = bench.registry.modules().await;
    let names: Vec<&str> = modules.iter().map(|module| module.id.0.as_str()).collect();
    let embedded: Vec<&str> = anteroom_embed::built_in()
        .iter()
        .map(|(name, _, _)| *name)
        .collect();
    assert_eq!(names, embedded);
    for module in &modules {
        assert_eq!(module.state, ModuleState::Loaded, "{}", module.id);
        assert!(!module.tools.is_empty(), "{}", module.id);
        assert!(module.size_bytes > 100_000, "{}", module.id);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_component_imports_is_what_it_requests() {
    let bench = Bench::built_in();
    let modules = bench.registry.modules().await;
    let requested: Vec<_> = modules.iter().map(|module| &module.requested).collect();
    assert_eq!(
        requested,
        [
            &vec![Capability::FilesRead, Capability::FilesWrite],
            &vec![
                Capability::Process,
                Capability::Canvas,
                Capability::Agents,
                Capability::Ask,
                Capability::Fetch,
                Capability::Store,
                Capability::Secrets,
                Capability::Skills,
                Capability::Catalog,
            ],
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_toolset_says_is_kept_and_checked_each_time() {
    let folder = TempDir::new().unwrap();
    let bytes: &[u8] = Toolset::new("look", "seen").build().leak();
    let loaded = async || {
        let bench = Bench::with_options(|options| options.cache_dir = folder.path().to_owned());
        bench.registry.add_built_in("one", bytes);
        let module = bench.registry.modules().await.remove(0);
        match module.state {
            ModuleState::Failed { problem } => Err(problem.to_string()),
            _ => Ok(module.tools.into_iter().map(|tool| tool.name).collect()),
        }
    };
    let said = || {
        let mut entries = fs::read_dir(folder.path()).unwrap();
        let said = entries.find_map(|entry| {
            let path = entry.unwrap().path();
            path.extension()
                .is_some_and(|it| it == "json")
                .then_some(path)
        });
        said.unwrap()
    };
    assert_eq!(loaded().await, Ok(vec!["look".to_owned()]));
    let first = fs::read_to_string(said()).unwrap();

    // What was kept counts, and is believed no more than what is said.
    fs::write(said(), first.replace("\"look\"", "\"see\"")).unwrap();
    assert_eq!(loaded().await, Ok(vec!["see".to_owned()]));
    fs::write(said(), first.replace("\"look\"", "\"Look\"")).unwrap();
    let refused = loaded().await.unwrap_err();
    assert!(refused.contains("is no name for a tool"), "{refused}");

    // What cannot be read, or may come from somebody else, is asked for anew and kept in its place.
    fs::write(said(), "[{}]").unwrap();
    assert_eq!(loaded().await, Ok(vec!["look".to_owned()]));
    assert_eq!(fs::read_to_string(said()).unwrap(), first);
    fs::write(said(), first.replace("\"look\"", "\"see\"")).unwrap();
    fs::set_permissions(said(), fs::Permissions::from_mode(0o622)).unwrap();
    assert_eq!(loaded().await, Ok(vec!["look".to_owned()]));
    assert_eq!(fs::read_to_string(said()).unwrap(), first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_module_says_why() {
    let bench = Bench::empty();
    bench.registry.add_built_in("hostile", guest("hostile"));
    let folder = bench.folder().join("tools");
    fs::create_dir(&folder).unwrap();
    let core_module = b"\0asm\x01\0\0\0";
    let empty_component = b"\0asm\x0d\0\x01\0";
    let files: [(&str, &[u8]); 6] = [
        ("Bad-Name.wasm", guest("borrower")),
        ("clash.wasm", guest("hostile")),
        ("core.wasm", core_module),
        ("empty.wasm", empty_component),
        ("fine.wasm", guest("borrower")),
        ("garbage.wasm", b"garbage"),
    ];
    for (name, bytes) in files {
        fs::write(folder.join(name), bytes).unwrap();
    }
    std::os::unix::fs::symlink(folder.join("fine.wasm"), folder.join("link.wasm")).unwrap();
    fs::write(folder.join("notes.txt"), "no module").unwrap();

    let ids = bench
        .registry
        .load_folder(&folder, ModuleOrigin::User)
        .await;
    let expected = [
        ("Bad-Name", "is no name for a toolset"),
        (
            "clash",
            "has the name of a tool of `hostile`, which is built in",
        ),
        ("core", "it is no component"),
        ("empty", "it is no toolset"),
        ("fine", ""),
        ("garbage", "it is no component"),
        ("link", "it is a link"),
    ];
    let names: Vec<&str> = ids.iter().map(|id| id.0.as_str()).collect();
    assert_eq!(names, expected.map(|(name, _)| name));
    let modules = bench.registry.modules().await;
    for (name, words) in expected {
        let module = modules.iter().find(|module| module.id.0 == name).unwrap();
        match &module.state {
            ModuleState::Loaded | ModuleState::Disabled => assert_eq!(words, "", "{name}"),
            ModuleState::Failed { problem } => {
                assert!(
                    !words.is_empty() && problem.to_string().contains(words),
                    "{problem}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_is_followed() {
    let bench = Bench::empty();
    let folder = bench.folder().join("tools");
    fs::create_dir(&folder).unwrap();
    let file = folder.join("mine.wasm");
    let tools = async || {
        bench
            .registry
            .load_folder(&folder, ModuleOrigin::User)
            .await;
        bench.registry.definitions().await.len()
    };
    assert_eq!(tools().await, 0);
    fs::write(&file, guest("hostile")).unwrap();
    assert_eq!(tools().await, 11);
    fs::write(&file, guest("borrower")).unwrap();
    assert_eq!(tools().await, 12);
    fs::remove_file(&file).unwrap();
    assert_eq!(tools().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn arguments_are_checked_before_the_call() {
    let bench = Bench::built_in();
    let called = bench.call("read_path", json!({"path": 7})).await;
    called.expect(Status::Failed, "`/path`: 7 is not of type \"string\"");
    let called = bench.call("read_path", json!({})).await;
    called.expect(Status::Failed, "\"path\" is a required property");
    let called = bench.call("surroundings", json!({"more": null})).await;
    called.expect(Status::Completed, "variables 0");
}
