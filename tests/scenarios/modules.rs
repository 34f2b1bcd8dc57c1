//! Tools come, change and go while conversations run: nothing breaks, and everybody is told.

use crate::support::endpoint::Reply;
use crate::support::scene::{PATIENCE, Scene, auto, text_of};
use crate::support::toolset::Toolset;
use anteroom_api::{
    Capability, ConversationId, ConversationOp, Event, GrantOp, GrantReach, GrantWhere, ItemBody,
    ModuleEvent, ModuleId, ModuleOp, ModuleOrigin, ModuleState, ModuleView, ProblemCode, Seq,
    Signal, Signals, Status, StopReason, Topic,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

const CONVERSATIONS: usize = 100;
const REPLACEMENTS: u32 = 100;
/// Different binaries; more would say nothing more and be compiled all the same.
const VERSIONS: u32 = 8;
/// Calls of one turn; with more the agent is asked for a word on its progress.
const CALLS: usize = 4;

/// No request but those of turns.
fn untitled() -> [(&'static str, Value); 1] {
    [("ai.titles", json!(false))]
}

/// What is told of modules on the host's topic.
struct Told {
    signals: Signals,
}

impl Told {
    async fn from_now(scene: &Scene) -> Self {
        let seq = scene.handle().read().host_seq().await.unwrap();
        Self::after(scene, seq)
    }

    fn after(scene: &Scene, seq: Seq) -> Self {
        Self {
            signals: scene.handle().follow(Topic::Host, Some(seq)),
        }
    }

    /// The next fact about a module; nothing asks the host to look.
    async fn next(&mut self) -> ModuleEvent {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.signals.next()).await;
            let signal = next.expect("nothing was told").expect("the host has ended");
            if let Signal::Event { envelope } = signal
                && let Event::Module(event) = envelope.event
            {
                return event;
            }
        }
    }

    async fn loaded(&mut self) -> ModuleView {
        match self.next().await {
            ModuleEvent::Loaded { module } => *module,
            other => panic!("{other:?}"),
        }
    }
}

/// Everything that was ever told of modules, short.
async fn all_told(scene: &Scene) -> Vec<String> {
    let mut told = Told::after(scene, Seq(0));
    let last = scene.handle().read().host_seq().await.unwrap();
    let mut lines = Vec::new();
    let mut seen = Seq(0);
    while seen < last {
        let signal = tokio::time::timeout(PATIENCE, told.signals.next()).await;
        let Some(Signal::Event { envelope }) = signal.unwrap() else {
            continue;
        };
        seen = envelope.seq;
        match envelope.event {
            Event::Module(ModuleEvent::Loaded { module }) => {
                lines.push(format!("loaded {} {}", module.id, &module.hash[..4]));
            }
            Event::Module(ModuleEvent::Failed { module, .. }) => {
                lines.push(format!("failed {module}"));
            }
            Event::Module(ModuleEvent::Withdrawn { module }) => {
                lines.push(format!("withdrawn {module}"));
            }
            _ => {}
        }
    }
    lines
}

fn tools(scene: &Scene) -> PathBuf {
    scene.home().join("tools")
}

fn put(scene: &Scene, name: &str, bytes: &[u8]) {
    std::fs::write(tools(scene).join(name), bytes).unwrap();
}

fn look(answer: &str) -> Toolset {
    Toolset::new("look_around", answer)
}

async fn modules(scene: &Scene) -> Vec<ModuleView> {
    let workspace = scene.workspace().display().to_string();
    let mut modules = scene.handle().read().modules(workspace).await.unwrap();
    modules.retain(|module| module.origin != ModuleOrigin::BuiltIn);
    modules
}

async fn submit(scene: &Scene, op: ModuleOp) -> Result<(), ProblemCode> {
    let taken = scene.handle().submit(op).await;
    taken.map(|_| ()).map_err(|rejection| rejection.0.code)
}

/// A turn with one call; its status and what the model was told.
async fn call(
    scene: &Scene,
    conversation: ConversationId,
    tool: &str,
    arguments: Value,
) -> (Status, String) {
    scene
        .endpoint
        .script([Reply::call(tool, arguments), Reply::text("went on")]);
    let told = scene
        .turn(conversation, "go", auto(), |_| unreachable!())
        .await;
    assert_eq!(told.stop(), StopReason::EndTurn);
    let (item, call) = told.call(tool);
    (item.status, text_of(&call))
}

/// The tools and the messages of a request.
type Sent = (Vec<String>, Vec<String>);

/// The tools and the messages of each request, as they were sent.
fn prefixes(scene: &Scene) -> Vec<Sent> {
    let texts = |list: &Value| -> Vec<String> {
        let list = list.as_array().cloned().unwrap_or_default();
        list.iter().map(Value::to_string).collect()
    };
    let chats = scene.endpoint.chats().into_iter();
    chats
        .map(|chat| (texts(&chat.json["tools"]), texts(&chat.json["messages"])))
        .collect()
}

/// Each request begins with the tools and the messages of the one before.
#[track_caller]
fn shares_prefixes(requests: &[Sent]) {
    for pair in requests.windows(2) {
        assert!(pair[1].0.starts_with(&pair[0].0), "the tools differ");
        assert!(pair[1].1.starts_with(&pair[0].1), "the messages differ");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_comes_changes_breaks_and_goes_while_a_conversation_runs() {
    let scene = Scene::with_settings([], &untitled()).await;
    let mut told = Told::from_now(&scene).await;
    let conversation = scene.open().await;
    scene.endpoint.script([Reply::text("nothing yet")]);
    scene
        .turn(conversation, "one", auto(), |_| unreachable!())
        .await;

    put(&scene, "eyes.wasm", &look("a meadow").build());
    let came = told.loaded().await;
    assert_eq!(
        (came.id.0.as_str(), &came.differences[..]),
        ("eyes", &[][..])
    );
    let (status, text) = call(&scene, conversation, "look_around", json!({})).await;
    assert_eq!(status, Status::Completed);
    assert!(text.contains("a meadow"), "{text}");

    // Changed: the conversation keeps what it was told, and is answered by what is there.
    let taking = r#"{"type":"object","required":["where"]}"#;
    let next = look("a forest")
        .described("Looks elsewhere.")
        .taking(taking);
    put(&scene, "eyes.wasm", &next.build());
    assert_ne!(told.loaded().await.hash, came.hash);
    let (status, text) = call(&scene, conversation, "look_around", json!({})).await;
    assert_eq!(status, Status::Failed);
    assert!(text.contains("\"where\" is a required property"), "{text}");
    assert!(
        text.contains("has changed since this conversation"),
        "{text}"
    );
    let (_, text) = call(
        &scene,
        conversation,
        "look_around",
        json!({"where": "there"}),
    )
    .await;
    assert!(text.contains("a forest"), "{text}");

    put(&scene, "eyes.wasm", b"broken");
    let failed = told.next().await;
    assert!(matches!(failed, ModuleEvent::Failed { .. }), "{failed:?}");
    let (_, text) = call(&scene, conversation, "look_around", json!({})).await;
    assert!(text.contains("`look_around` was withdrawn"), "{text}");

    std::fs::remove_file(tools(&scene).join("eyes.wasm")).unwrap();
    let gone = told.next().await;
    assert_eq!(
        gone,
        ModuleEvent::Withdrawn {
            module: ModuleId("eyes".into())
        }
    );
    let (_, text) = call(&scene, conversation, "look_around", json!({})).await;
    assert!(
        text.contains("`look_around` was withdrawn: the toolset `eyes` is gone"),
        "{text}"
    );

    let requests = prefixes(&scene);
    shares_prefixes(&requests);
    let first = requests[0].0.len();
    assert_eq!(requests.last().unwrap().0.len(), first + 1);
    assert!(requests.last().unwrap().0[first].contains("Answers."));
    // A new conversation is told nothing of it.
    scene.endpoint.script([Reply::text("hi")]);
    scene.run("new").await;
    assert_eq!(prefixes(&scene).last().unwrap().0.len(), first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prefix_outlives_reload_and_restart() {
    let mut scene = Scene::with_settings([], &untitled()).await;
    put(&scene, "eyes.wasm", &look("one").build());
    submit(&scene, ModuleOp::Reload).await.unwrap();
    let conversation = scene.open().await;
    call(&scene, conversation, "look_around", json!({})).await;
    // Another version, another tool in front of it by name, and another system prompt.
    put(
        &scene,
        "eyes.wasm",
        &look("two").described("Otherwise.").build(),
    );
    put(
        &scene,
        "ants.wasm",
        &Toolset::new("count_ants", "many").build(),
    );
    scene.stop().await;
    scene
        .start(&[
            ("ai.titles", json!(false)),
            ("ai.system_prompt", json!("Speak in rhymes.")),
        ])
        .await;
    let (_, text) = call(&scene, conversation, "look_around", json!({})).await;
    assert!(text.contains("two"), "{text}");
    let (_, text) = call(&scene, conversation, "count_ants", json!({})).await;
    assert!(text.contains("many"), "{text}");
    std::fs::remove_file(tools(&scene).join("ants.wasm")).unwrap();
    scene.stop().await;
    scene.start(&untitled()).await;
    let (_, text) = call(&scene, conversation, "count_ants", json!({})).await;
    assert!(text.contains("withdrawn"), "{text}");
    let requests = prefixes(&scene);
    assert_eq!(requests.len(), 8);
    shares_prefixes(&requests);
    let told = requests.last().unwrap().0.join("");
    assert!(
        told.contains("Answers.") && !told.contains("Otherwise."),
        "{told}"
    );
    // A fork begins with what its source was told.
    let until = scene.items(conversation).await[0].id;
    let fork = ConversationOp::Fork {
        conversation,
        until,
    };
    let fork = scene.handle().open(fork).await.unwrap();
    scene.endpoint.script([Reply::text("hi")]);
    scene.turn(fork, "go on", auto(), |_| unreachable!()).await;
    assert_eq!(prefixes(&scene).last().unwrap().0, requests[7].0);
    // New conversations are told of what there is.
    scene.endpoint.script([Reply::text("hi")]);
    scene.run("new").await;
    let told = prefixes(&scene).last().unwrap().0.join("");
    assert!(
        told.contains("Otherwise.") && !told.contains("count_ants"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_replacements_under_a_hundred_conversations_break_nothing() {
    let scene = Scene::with_settings([], &untitled()).await;
    let versions: Vec<Vec<u8>> = (0..VERSIONS)
        .map(|version| look("here").version(version).build())
        .collect();
    put(&scene, "eyes.wasm", &versions[0]);
    submit(&scene, ModuleOp::Reload).await.unwrap();
    scene.endpoint.choose(|request| {
        let messages = request["messages"].as_array().unwrap();
        let done = messages.iter().filter(|message| message["role"] == "tool");
        Some(match done.count() {
            done if done < CALLS => Reply::call("look_around", json!({})),
            _ => Reply::text("done"),
        })
    });
    let replace = async {
        for number in 1..=REPLACEMENTS {
            put(&scene, "eyes.wasm", &versions[(number % VERSIONS) as usize]);
            submit(&scene, ModuleOp::Reload).await.unwrap();
        }
    };
    let talk = async {
        let mut running = Vec::with_capacity(CONVERSATIONS);
        for number in 0..CONVERSATIONS {
            let conversation = scene.open().await;
            let watch = scene.watch(conversation).await;
            let text = format!("go, number {number}");
            running.push((watch, scene.say(conversation, &text, auto()).await));
        }
        for (watch, turn) in running {
            let told = watch.until_end(turn, &|_| unreachable!()).await;
            assert_eq!(told.stop(), StopReason::EndTurn);
            let calls = told.calls("look_around");
            assert_eq!(calls.len(), CALLS);
            for (item, call) in calls {
                assert_eq!(item.status, Status::Completed, "{}", text_of(&call));
            }
        }
    };
    tokio::join!(replace, talk);

    let mut requests: BTreeMap<String, Vec<Sent>> = BTreeMap::new();
    for request in prefixes(&scene) {
        let key = request.1[1].clone();
        requests.entry(key).or_default().push(request);
    }
    assert_eq!(requests.len(), CONVERSATIONS);
    for requests in requests.values() {
        assert_eq!(requests.len(), CALLS + 1);
        shares_prefixes(requests);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_processes_one_tells() {
    let mut scene = Scene::with_settings([], &untitled()).await;
    let first = scene.host.take().unwrap();
    scene.start(&untitled()).await;
    let mut told = Told::from_now(&scene).await;
    put(&scene, "eyes.wasm", &look("one").build());
    told.loaded().await;
    std::fs::remove_file(tools(&scene).join("eyes.wasm")).unwrap();
    let gone = told.next().await;
    assert_eq!(
        gone,
        ModuleEvent::Withdrawn {
            module: ModuleId("eyes".into())
        }
    );
    // Both have seen all of it by the time they have looked once more.
    put(&scene, "ants.wasm", &look("two").build());
    for host in [&first, scene.host.as_ref().unwrap()] {
        host.handle().submit(ModuleOp::Reload).await.unwrap();
    }
    first.stop().await;
    scene.stop().await;
    scene.start(&untitled()).await;
    assert_eq!(modules(&scene).await.len(), 1);
    let mut lines = all_told(&scene).await;
    lines.sort();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].starts_with("loaded ants"), "{lines:?}");
    assert!(lines[1].starts_with("loaded eyes"), "{lines:?}");
    assert_eq!(lines[2], "withdrawn eyes");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_once_is_not_told_at_the_next_start() {
    let mut scene = Scene::with_settings([], &untitled()).await;
    let mut told = Told::from_now(&scene).await;
    put(&scene, "eyes.wasm", &look("one").build());
    put(&scene, "zz.wasm", b"broken");
    told.next().await;
    told.next().await;
    for _ in 0..2 {
        scene.stop().await;
        scene.start(&untitled()).await;
        assert_eq!(modules(&scene).await.len(), 2);
        // Another conversation looks at the folders again.
        scene.endpoint.script([Reply::text("hi")]);
        scene.run("x").await;
    }
    let mut lines = all_told(&scene).await;
    lines.sort();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(lines[0], "failed zz");
    assert!(lines[1].starts_with("loaded eyes"), "{lines:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_toolset_is_installed_switched_and_removed() {
    let mut scene = Scene::with_settings([], &untitled()).await;
    let file = scene.folder.path().join("eyes.wasm");
    std::fs::write(&file, look("one").build()).unwrap();
    let install = |is_replacing| ModuleOp::Install {
        path: file.display().to_string(),
        is_replacing,
    };
    let mut told = Told::from_now(&scene).await;
    submit(&scene, install(false)).await.unwrap();
    let installed = told.loaded().await;
    let copy = tools(&scene).join("eyes.wasm");
    assert_eq!(installed.path, Some(copy.display().to_string()));
    let mode = std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    assert_eq!(
        submit(&scene, install(false)).await,
        Err(ProblemCode::Conflict)
    );
    std::fs::write(&file, look("two").build()).unwrap();
    assert_eq!(
        submit(&scene, install(false)).await,
        Err(ProblemCode::Conflict)
    );
    submit(&scene, install(true)).await.unwrap();
    assert_ne!(told.loaded().await.hash, installed.hash);
    // What cannot work is not put there in the first place.
    std::fs::write(&file, b"broken").unwrap();
    assert!(submit(&scene, install(true)).await.is_err());
    std::fs::write(&file, Toolset::new("read_file", "mine").build()).unwrap();
    assert_eq!(
        submit(&scene, install(true)).await,
        Err(ProblemCode::InvalidInput)
    );
    let url = ModuleOp::Install {
        path: "https://example.com/eyes.wasm".into(),
        is_replacing: false,
    };
    let refused = scene.handle().submit(url).await.unwrap_err().0;
    let hint = refused.hint.unwrap_or_default();
    assert!(
        hint.contains("curl -fLO https://example.com/eyes.wasm"),
        "{hint}"
    );
    assert_eq!(
        std::fs::read_dir(tools(&scene)).unwrap().count(),
        1,
        "no leftovers"
    );

    let eyes = ModuleId("eyes".into());
    let switch = |is_enabled| ModuleOp::Switch {
        module: eyes.clone(),
        is_enabled,
    };
    let conversation = scene.open().await;
    call(&scene, conversation, "look_around", json!({})).await;
    submit(&scene, switch(false)).await.unwrap();
    let (status, text) = call(&scene, conversation, "look_around", json!({})).await;
    assert_eq!(status, Status::Failed);
    assert!(text.contains("`aroom tool enable eyes`"), "{text}");
    scene.stop().await;
    scene.start(&untitled()).await;
    assert_eq!(modules(&scene).await[0].state, ModuleState::Disabled);
    submit(&scene, switch(true)).await.unwrap();
    let (status, _) = call(&scene, conversation, "look_around", json!({})).await;
    assert_eq!(status, Status::Completed);

    let remove = |name: &str| ModuleOp::Remove {
        module: ModuleId(name.into()),
    };
    assert_eq!(
        submit(&scene, remove("files")).await,
        Err(ProblemCode::InvalidInput)
    );
    assert_eq!(
        submit(&scene, remove("nose")).await,
        Err(ProblemCode::NotFound)
    );
    submit(&scene, remove("eyes")).await.unwrap();
    assert!(!copy.exists());
    assert_eq!(modules(&scene).await, []);
    shares_prefixes(&prefixes(&scene));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_binary_says_how_it_differs_from_the_one_that_was_granted() {
    let scene = Scene::with_settings([], &untitled()).await;
    let mut told = Told::from_now(&scene).await;
    put(&scene, "eyes.wasm", &look("one").reading_files().build());
    let module = told.loaded().await;
    let grant = GrantOp {
        module: module.id.clone(),
        hash: module.hash.clone(),
        capability: Capability::FilesRead,
        reach: GrantReach::default(),
        place: GrantWhere::Everywhere,
        expires_at: None,
        calls: None,
    };
    submit(&scene, ModuleOp::Grant(grant.clone()))
        .await
        .unwrap();
    assert!(matches!(told.next().await, ModuleEvent::Granted { .. }));
    assert_eq!(modules(&scene).await[0].granted, [Capability::FilesRead]);
    let next = look("two").and("look", "three").described("New.");
    put(&scene, "eyes.wasm", &next.build());
    let changed = told.loaded().await;
    let expected = ["no longer asks for `files_read`", "has a new tool `look`"];
    assert_eq!(changed.differences[..2], expected);
    assert!(changed.differences[2].starts_with("is another binary"));
    let listed = modules(&scene).await.remove(0);
    assert_eq!(
        (listed.differences, listed.granted),
        (changed.differences, vec![])
    );
    // The grant is for what was shown.
    assert_eq!(
        submit(&scene, ModuleOp::Grant(grant)).await,
        Err(ProblemCode::Conflict)
    );
    // Back to what was granted: nothing differs, and the grant holds again.
    put(&scene, "eyes.wasm", &look("one").reading_files().build());
    told.loaded().await;
    let listed = modules(&scene).await.remove(0);
    assert_eq!(
        (listed.differences, listed.granted),
        (vec![], vec![Capability::FilesRead])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspaces_own_tools_count_in_its_conversations_alone() {
    let mut scene = Scene::with_settings([], &untitled()).await;
    let other = scene.folder.path().join("other");
    for (folder, words) in [
        (scene.workspace(), "this one"),
        (other.clone(), "the other"),
    ] {
        let tools = folder.join(".anteroom/tools");
        std::fs::create_dir_all(&tools).unwrap();
        std::fs::write(tools.join("eyes.wasm"), look(words).build()).unwrap();
    }
    let other = other.canonicalize().unwrap();
    scene.stop().await;
    let trusted = json!([scene.workspace(), other]);
    scene
        .start(&[
            ("ai.titles", json!(false)),
            ("safety.trusted_folders", trusted),
        ])
        .await;
    let there = ConversationOp::Open {
        workspace: other.display().to_string(),
        title: String::new(),
        model: None,
        project: None,
        database: None,
    };
    let here = scene.open().await;
    let there = scene.handle().open(there).await.unwrap();
    for (conversation, words) in [(here, "this one"), (there, "the other")] {
        let (status, text) = call(&scene, conversation, "look_around", json!({})).await;
        assert_eq!(status, Status::Completed);
        assert!(text.contains(words), "{text}");
    }
    let items = scene.items(there).await;
    let calls = items
        .iter()
        .filter(|item| matches!(item.body, ItemBody::ToolCall(_)));
    assert_eq!(calls.count(), 1);
}
