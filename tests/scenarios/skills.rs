//! Skills: called by a person and taken up by the model, what they leave of the tools, where they are from.

use crate::support::endpoint::Reply;
use crate::support::scene::{Scene, Told, attended, auto, text_of};
use anteroom_api::{
    Content, ConversationId, Decision, ItemBody, ProblemCode, SkillOp, SkillOrigin, SkillView,
    Status, StopReason, TurnOp, TurnOptions,
};
use serde_json::{Value, json};

const TIDY: &str = "---\nname: tidy\ndescription: Tidies a file. Use it before a commit.\n---\n\nTidy $1 with care.\n";

/// Calls a skill in a conversation and waits for the end of the turn.
pub(crate) async fn call(
    scene: &Scene,
    conversation: ConversationId,
    (name, arguments): (&str, &str),
    options: TurnOptions,
) -> Told {
    let watch = scene.watch(conversation).await;
    let start = TurnOp::Start {
        conversation,
        input: vec![Content::skill(name, arguments)],
        options,
    };
    let turn = scene.handle().submit(start).await.unwrap().into();
    let allow = |_: &_| Decision::Deny { reason: None };
    watch.until_end(turn, &allow).await
}

async fn views(scene: &Scene) -> Vec<SkillView> {
    let workspace = scene.workspace().display().to_string();
    scene.handle().read().skills(workspace).await.unwrap()
}

async fn view(scene: &Scene, name: &str) -> SkillView {
    let workspace = scene.workspace().display().to_string();
    let view = scene.handle().read().skill(workspace, name.to_owned());
    view.await.unwrap()
}

fn own(scene: &Scene, path: &str, text: &str) {
    let path = scene.home().join("skills").join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// The words of the last message that was sent with a request.
fn last(scene: &Scene, request: usize) -> String {
    let request: &Value = &scene.endpoint.chats()[request].json;
    let message = request["messages"].as_array().unwrap().last().unwrap();
    message["content"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_calls_a_skill_and_history_is_what_was_sent() {
    let mut scene = Scene::new([Reply::text("tidied"), Reply::text("still")]).await;
    scene.write(".agents/skills/tidy/SKILL.md", TIDY);
    scene.write("a.rs", "fn a() {}\n");
    let conversation = scene.open().await;
    let told = call(&scene, conversation, ("tidy", "@a.rs now"), auto()).await;
    assert_eq!(told.stop(), StopReason::EndTurn);
    let sent = last(&scene, 0);
    for words in [
        "Tidy @a.rs with care.",
        "came with the workspace",
        "Attached file `a.rs`",
        "fn a() {}",
    ] {
        assert!(sent.contains(words), "{words}: {sent}");
    }
    assert!(!sent.contains("description:"), "{sent}");
    let said = told.items().into_iter().find_map(|item| match item.body {
        ItemBody::UserMessage { content } => Some(content),
        _ => None,
    });
    let Content::Skill {
        name,
        arguments,
        used: Some(used),
    } = &said.unwrap()[0]
    else {
        panic!("the call is kept as one");
    };
    assert_eq!((name.as_str(), arguments.as_str()), ("tidy", "@a.rs now"));
    assert_eq!(used.origin, SkillOrigin::Project);
    let view = scene
        .handle()
        .read()
        .conversation(conversation)
        .await
        .unwrap();
    assert_eq!(view.title, "/tidy @a.rs now");
    // The words were sent as they were then, also after a restart and when the file is gone.
    scene.stop().await;
    std::fs::remove_dir_all(scene.workspace().join(".agents")).unwrap();
    scene.start(&[]).await;
    scene
        .turn(conversation, "and?", auto(), |_| Decision::Deny {
            reason: None,
        })
        .await;
    let chats = scene.endpoint.chats();
    let (first, second) = (&chats[0].json["messages"], &chats[1].json["messages"]);
    let first = first.as_array().unwrap();
    assert_eq!(&second.as_array().unwrap()[..first.len()], first.as_slice());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_counts_at_once() {
    let scene = Scene::new((0..3).map(|n| Reply::text(&format!("{n}")))).await;
    let conversation = scene.open().await;
    let start = |name: &str| TurnOp::Start {
        conversation,
        input: vec![Content::skill(name, "")],
        options: auto(),
    };
    let missing = scene.handle().submit(start("tidy")).await.unwrap_err().0;
    assert_eq!(missing.code, ProblemCode::NotFound);
    assert!(
        missing.hint.unwrap().contains("commit"),
        "those there are, are named"
    );
    assert!(scene.endpoint.chats().is_empty(), "nothing was sent");

    scene.write(".claude/skills/tidy/SKILL.md", TIDY);
    call(&scene, conversation, ("tidy", "one"), auto()).await;
    assert!(last(&scene, 0).contains("Tidy one with care."));
    scene.write(
        ".claude/skills/tidy/SKILL.md",
        &TIDY.replace("care", "haste"),
    );
    call(&scene, conversation, ("tidy", "two"), auto()).await;
    assert!(last(&scene, 1).contains("Tidy two with haste."));
    // The user's own comes first, and it is said which is meant.
    own(&scene, "tidy/SKILL.md", &TIDY.replace("care", "love"));
    call(&scene, conversation, ("tidy", "three"), auto()).await;
    let sent = last(&scene, 2);
    assert!(sent.contains("Tidy three with love.") && sent.contains("one of their own"));
    let both: Vec<SkillView> = views(&scene)
        .await
        .into_iter()
        .filter(|view| view.name == "tidy")
        .collect();
    assert_eq!(
        both.iter().map(|view| view.is_usable).collect::<Vec<_>>(),
        [true, false]
    );
    assert_eq!(both[1].shadowed_by, both[0].path);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_in_error_are_findings_and_harm_nobody() {
    let scene = Scene::new([]).await;
    scene.write(".agents/skills/tidy/SKILL.md", TIDY);
    scene.write(
        ".agents/skills/broken/SKILL.md",
        "---\nname: broken\nx: [1\n---\nDo it.\n",
    );
    scene.write(".agents/skills/large/SKILL.md", &"x".repeat(200_000));
    scene.write("../secret", "the key");
    let led = scene.workspace().join(".agents/skills/led");
    std::fs::create_dir_all(&led).unwrap();
    std::os::unix::fs::symlink("../../../../secret", led.join("SKILL.md")).unwrap();
    let all = views(&scene).await;
    let of = |name: &str| all.iter().find(|view| view.name == name).unwrap();
    assert!(of("tidy").is_usable && of("review").is_usable);
    for (name, words, line) in [
        ("broken", "no valid YAML", Some(4)),
        ("large", "larger than", None),
        ("led", "a link", None),
    ] {
        let view = of(name);
        let finding = &view.findings[0];
        assert!(!view.is_usable && finding.is_error, "{name}");
        assert!(finding.text.contains(words), "{finding:?}");
        assert!(
            finding.path.ends_with(&format!("{name}/SKILL.md")),
            "{finding:?}"
        );
        if line.is_some() {
            assert!(finding.line.is_some(), "{finding:?}");
        }
    }
    let start = TurnOp::Start {
        conversation: scene.open().await,
        input: vec![Content::skill("broken", "")],
        options: auto(),
    };
    let refused = scene.handle().submit(start).await.unwrap_err().0;
    assert_eq!(refused.code, ProblemCode::InvalidInput);
    assert!(refused.to_string().contains("SKILL.md:"), "{refused}");
    let shown = view(&scene, "review").await;
    assert!(shown.body.unwrap().contains("$ARGUMENTS") && shown.path.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn files_beside_a_skill_of_the_users_can_be_read_and_nothing_else_there() {
    let scene = Scene::new([]).await;
    own(
        &scene,
        "notes/SKILL.md",
        "---\ndescription: d\n---\nRead $SKILL_DIR/deep/notes.md",
    );
    own(&scene, "notes/deep/notes.md", "forty-two");
    own(&scene, "notes/.env", "KEY=1");
    let path = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let found = path.clone();
    scene.endpoint.choose(move |body| {
        let text = body["messages"].to_string();
        let (_, rest) = text.split_once("Read ")?;
        let file = rest.split("\\n").next()?.to_owned();
        let mut path = found.lock().unwrap();
        if !path.is_empty() {
            return Some(Reply::text("done"));
        }
        path.clone_from(&file);
        Some(Reply::call("read_file", json!({ "path": file })))
    });
    let conversation = scene.open().await;
    let told = call(&scene, conversation, ("notes", ""), auto()).await;
    let (item, read) = told.call("read_file");
    assert_eq!(item.status, Status::Completed, "{}", text_of(&read));
    assert!(text_of(&read).contains("forty-two"));
    assert!(
        last(&scene, 0).contains("Files beside it"),
        "{}",
        last(&scene, 0)
    );
    let view = scene
        .handle()
        .read()
        .conversation(conversation)
        .await
        .unwrap();
    assert_eq!(
        view.trust,
        anteroom_api::Trust::User,
        "one's own files do not taint"
    );
    let lent = path.lock().unwrap().clone();
    let folder = std::path::Path::new(&lent).ancestors().nth(2).unwrap();
    assert!(!folder.join(".env").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_skill_is_made_and_removed_by_wish() {
    let scene = Scene::new([Reply::text("ok")]).await;
    let make = |workspace: Option<String>| SkillOp::New {
        name: "fresh".into(),
        description: "Does it: well. Use it often.".into(),
        body: Some("Do it to $ARGUMENTS.".into()),
        workspace,
    };
    scene.handle().submit(make(None)).await.unwrap();
    let shown = view(&scene, "fresh").await;
    assert_eq!(shown.origin, SkillOrigin::User);
    assert_eq!(shown.description, "Does it: well. Use it often.");
    let again = scene.handle().submit(make(None)).await.unwrap_err();
    assert!(again.0.to_string().contains("there already"), "{}", again.0);
    let conversation = scene.open().await;
    call(&scene, conversation, ("fresh", "this"), auto()).await;
    assert!(last(&scene, 0).contains("Do it to this."));
    let workspace = scene.workspace().display().to_string();
    scene.handle().submit(make(Some(workspace))).await.unwrap();
    assert!(scene.has(".anteroom/skills/fresh/SKILL.md"));
    let remove = SkillOp::Remove {
        name: "fresh".into(),
        workspace: None,
    };
    scene.handle().submit(remove).await.unwrap();
    assert_eq!(view(&scene, "fresh").await.origin, SkillOrigin::Project);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_built_in_skills_are_whole() {
    let scene = Scene::new([]).await;
    let names = [
        "commit",
        "explain",
        "help",
        "new-skill",
        "new-tool",
        "plan",
        "review",
        "test",
    ];
    let all = views(&scene).await;
    let built_in: Vec<&SkillView> = all.iter().collect();
    assert_eq!(
        built_in
            .iter()
            .map(|view| view.name.as_str())
            .collect::<Vec<_>>(),
        names
    );
    for view in built_in {
        // Each tool that one of them leaves is there.
        assert!(view.is_usable && view.findings.is_empty(), "{view:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_skill_waits_in_the_queue_and_steers_like_any_input() {
    let gate = crate::support::endpoint::Gate::default();
    let scene = Scene::new([Reply::stream().wait(&gate).say("slow"), Reply::text("then")]).await;
    scene.write(".agents/skills/tidy/SKILL.md", TIDY);
    let conversation = scene.open().await;
    let watch = scene.watch(conversation).await;
    scene.say(conversation, "go", attended()).await;
    let start = |name: &str| TurnOp::Start {
        conversation,
        input: vec![Content::skill(name, "it")],
        options: attended(),
    };
    let refused = scene.handle().submit(start("nothing")).await.unwrap_err();
    assert_eq!(refused.0.code, ProblemCode::NotFound);
    let turn = scene.handle().submit(start("tidy")).await.unwrap().into();
    gate.open();
    watch
        .until_end(turn, &|_: &_| Decision::Deny { reason: None })
        .await;
    assert!(last(&scene, 1).contains("Tidy it with care."));
}
