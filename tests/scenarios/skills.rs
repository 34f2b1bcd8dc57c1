//! Skills: called by a person and taken up by the model, what they leave of the tools, where they are from.

use crate::support::endpoint::{Gate, Reply};
use crate::support::git::{commit_all, git};
use crate::support::held;
use crate::support::scene::{Scene, Told, attended, auto, text_of};
use anteroom_api::{
    Approval, Content, ConversationId, Decision, ItemBody, ProblemCode, SkillOp, SkillOrigin,
    SkillView, Status, StopReason, TurnOp, TurnOptions,
};
use serde_json::{Value, json};

const TIDY: &str = "---\nname: tidy\ndescription: Tidies a file. Use it before a commit.\n---\n\nTidy $1 with care.\n";

/// Calls a skill in a conversation and waits for the end of the turn; whoever is asked says no.
pub(crate) async fn call(
    scene: &Scene,
    conversation: ConversationId,
    skill: (&str, &str),
    options: TurnOptions,
) -> Told {
    let no = |_: &Approval| Decision::Deny { reason: None };
    called(scene, conversation, skill, (options, &no)).await
}

async fn called(
    scene: &Scene,
    conversation: ConversationId,
    (name, arguments): (&str, &str),
    (options, decide): (TurnOptions, &impl Fn(&Approval) -> Decision),
) -> Told {
    let watch = scene.watch(conversation).await;
    let start = TurnOp::Start {
        conversation,
        input: vec![Content::skill(name, arguments)],
        options,
    };
    let turn = scene.handle().submit(start).await.unwrap().into();
    watch.until_end(turn, decide).await
}

async fn views(scene: &Scene) -> Vec<SkillView> {
    let workspace = scene.workspace().display().to_string();
    scene.handle().read().skills(workspace).await.unwrap()
}

async fn view(scene: &Scene, name: &str) -> SkillView {
    let (handle, workspace) = (scene.handle(), scene.workspace().display().to_string());
    let view = handle.read().skill(workspace, name.to_owned()).await;
    view.unwrap()
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
    let gate = Gate::new();
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

/// Of these, one fails.
const TESTS: &str = "\
import unittest
from sums import add

class Sums(unittest.TestCase):
    def test_adds(self):
        self.assertEqual(add(1, 2), 3)

    def test_nothing(self):
        self.assertEqual(add(0, 0), 0)
";

/// A repository with one commit, a change, and tests that are not in it.
fn repository(scene: &Scene) {
    scene.write("a.rs", "fn a() {}\n");
    commit_all(scene.workspace());
    git(
        scene.workspace(),
        &["config", "user.email", "ada@example.org"],
    );
    git(scene.workspace(), &["config", "user.name", "Ada"]);
    scene.write("a.rs", "fn a() { b() }\n");
    scene.write("b.rs", "fn b() {}\n");
    scene.write("sums.py", "def add(a, b):\n    return a - b\n");
    scene.write("test_sums.py", TESTS);
}

fn bash(command: &str) -> (&'static str, Value) {
    ("bash", json!({ "command": command }))
}

/// Calls a built-in skill where there is a repository; the model makes these calls, step by step.
async fn tried<const STEPS: usize>(
    (name, arguments): (&str, &str),
    steps: [Vec<(&'static str, Value)>; STEPS],
) -> (Scene, Vec<(String, Status, String)>) {
    let replies = steps.into_iter().map(|calls| {
        let mut reply = Reply::stream();
        for (tool, arguments) in calls {
            reply = reply.and_call(tool, arguments);
        }
        reply
    });
    let scene = Scene::new(replies.chain([Reply::text("done")])).await;
    repository(&scene);
    let conversation = scene.open().await;
    let how = (held::running(), &held::yes);
    let told = called(&scene, conversation, (name, arguments), how).await;
    assert_eq!(told.answer(), "done", "{:?}", told.stop());
    let calls = told
        .items()
        .into_iter()
        .filter_map(|item| match &item.body {
            ItemBody::ToolCall(call) => {
                let what = format!("{} {}", call.tool, call.arguments);
                Some((what, item.status, text_of(call)))
            }
            _ => None,
        });
    let calls = calls.collect();
    (scene, calls)
}

#[track_caller]
fn all_completed(calls: &[(String, Status, String)]) {
    for (what, status, words) in calls {
        assert_eq!(*status, Status::Completed, "{what}: {words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commit_commits_and_does_not_push() {
    let look = vec![
        bash("git status --short"),
        bash("git diff HEAD --stat"),
        bash("git log --oneline -10"),
        ("read_file", json!({ "path": "b.rs" })),
    ];
    let change = vec![bash(
        "git add a.rs b.rs && git commit -m 'call b' -m 'It is there now.'",
    )];
    let (scene, calls) = tried(("commit", "all of it"), [look, change]).await;
    all_completed(&calls);
    let log = git(scene.workspace(), &["log", "-1", "--format=%B", "--stat"]);
    assert!(log.contains("call b") && log.contains("b.rs"), "{log}");
    assert!(
        last(&scene, 0).contains("\"all of it\""),
        "{}",
        last(&scene, 0)
    );

    let other = vec![
        bash("git push"),
        bash("git commit -m x; git push"),
        bash("rm -rf ."),
        ("write_file", json!({ "path": "a.rs", "content": "" })),
    ];
    let (scene, calls) = tried(("commit", ""), [other, vec![bash("git status --short")]]).await;
    let denied = calls
        .iter()
        .filter(|(_, status, _)| *status == Status::Denied);
    assert_eq!(denied.count(), 4, "{calls:?}");
    assert_eq!(scene.read("a.rs"), "fn a() { b() }\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn review_explain_and_plan_look_and_change_nothing() {
    for name in ["review", "explain", "plan"] {
        let look = vec![
            bash("git log --oneline -5"),
            bash("git show HEAD"),
            ("read_file", json!({ "path": "a.rs" })),
            ("grep", json!({ "pattern": "fn" })),
            ("glob_files", json!({ "pattern": "*.rs" })),
        ];
        let change = vec![
            bash("touch ran"),
            ("write_file", json!({ "path": "ran", "content": "" })),
            ("run_agent", json!({ "prompt": "touch ran" })),
        ];
        let (scene, calls) = tried((name, "a.rs"), [look, change]).await;
        let (looked, changed) = calls.split_at(5);
        all_completed(looked);
        assert!(
            changed
                .iter()
                .all(|(_, status, _)| *status == Status::Denied),
            "{changed:?}"
        );
        assert!(!scene.has("ran"), "{name}");
        assert!(last(&scene, 0).contains("\"a.rs\""));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn test_finds_what_fails_runs_it_alone_and_sees_it_pass() {
    let alone = "python3 -m unittest test_sums.Sums.test_adds";
    let edit = json!({ "path": "sums.py", "old_text": "a - b", "new_text": "a + b" });
    let steps = [
        vec![bash("git status --short"), bash("git diff --stat")],
        vec![bash("set -o pipefail; python3 -m unittest 2>&1 | tail -60")],
        vec![bash(alone)],
        vec![bash(alone)],
        vec![
            ("read_file", json!({ "path": "sums.py" })),
            ("read_file", json!({ "path": "test_sums.py" })),
        ],
        vec![("edit_file", edit)],
        vec![bash(alone)],
        vec![bash("python3 -m unittest")],
    ];
    let (scene, calls) = tried(("test", "the sums"), steps).await;
    all_completed(&calls);
    let said: Vec<&str> = calls.iter().map(|(_, _, words)| words.as_str()).collect();
    // Both of one step at once, in whichever order.
    assert!(said[..2].concat().contains("?? sums.py"), "{said:?}");
    let whole = said[2];
    for words in ["FAIL: test_adds", "-1 != 3", "Ran 2 tests", "exit"] {
        assert!(whole.contains(words), "{words}: {whole}");
    }
    for alone in &said[3..5] {
        assert!(
            alone.contains("Ran 1 test") && alone.contains("FAILED"),
            "{alone}"
        );
    }
    assert!(
        said[8].contains("Ran 1 test") && said[8].contains("OK"),
        "{}",
        said[8]
    );
    assert!(
        said[9].contains("Ran 2 tests") && said[9].contains("OK"),
        "{}",
        said[9]
    );
    assert!(scene.read("sums.py").contains("a + b"));
    // Each result was there before the next step was asked for.
    assert!(last(&scene, 0).contains("\"the sums\""));
    let told = scene.endpoint.chats()[2].json["messages"].to_string();
    assert!(told.contains("FAIL: test_adds"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn new_skill_writes_one_that_can_be_called() {
    let text = "---\nname: notes\ndescription: Writes notes.\n---\n\nWrite notes of $ARGUMENTS.\n";
    let path = ".agents/skills/notes/SKILL.md";
    let write = vec![("write_file", json!({ "path": path, "content": text }))];
    let read = vec![("read_file", json!({ "path": path }))];
    let (scene, calls) = tried(("new-skill", "notes"), [write, read]).await;
    all_completed(&calls);
    // What the instructions tell to write is not filled in with what they were called with.
    assert!(last(&scene, 0).contains("Instructions, with $ARGUMENTS where"));
    let made = view(&scene, "notes").await;
    assert!(made.is_usable && made.findings.is_empty(), "{made:?}");
    scene.endpoint.script([Reply::text("noted")]);
    let conversation = scene.open().await;
    let told = call(&scene, conversation, ("notes", "this"), auto()).await;
    assert_eq!(told.answer(), "noted");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_model_takes_a_skill_up_and_it_narrows_from_the_next_step_on() {
    let mut scene = Scene::new([
        Reply::stream()
            .and_call("use_skill", json!({ "name": "look", "arguments": "a.rs" }))
            .and_call("write_file", json!({ "path": "beside", "content": "" })),
        Reply::stream()
            .and_call("write_file", json!({ "path": "after", "content": "" }))
            .and_call("read_file", json!({ "path": "a.rs" })),
        Reply::text("looked"),
    ])
    .await;
    scene.write("a.rs", "fn a() {}\n");
    let skill = "---\ndescription: Looks.\nallowed-tools: Read\n---\n\nLook at $1.\n";
    scene.write(".agents/skills/look/SKILL.md", skill);
    let told = scene.run("look").await;
    assert_eq!(told.answer(), "looked");
    let opened = told.result("use_skill");
    for words in [
        "Look at a.rs.",
        "came with the workspace",
        "until this turn ends",
    ] {
        assert!(opened.contains(words), "{words}: {opened}");
    }
    let system = scene.endpoint.chats()[0].json["messages"][0]["content"].to_string();
    assert!(system.contains("- look (workspace): Looks."), "{system}");
    assert!(
        !system.contains("Look at"),
        "the instructions are sent only then"
    );
    assert!(scene.has("beside") && !scene.has("after"));
    assert_eq!(told.calls("write_file")[1].0.status, Status::Denied);
    assert_eq!(told.call("read_file").0.status, Status::Completed);
    // Run again from its record it is judged alike, whatever became of the file.
    std::fs::remove_dir_all(scene.workspace().join(".agents")).unwrap();
    let turns = scene
        .handle()
        .read()
        .turns(told.conversation)
        .await
        .unwrap();
    scene.stop().await;
    scene.start(&[]).await;
    let report = scene.handle().read().replay(turns[0].id).await.unwrap();
    assert_eq!(report.differences, Vec::new(), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_model_hears_which_skills_there_are_and_which_are_not_for_it() {
    let scene = Scene::new([
        Reply::call("use_skill", json!({ "name": "nothing" })),
        Reply::call("use_skill", json!({ "name": "mine" })),
        Reply::text("well"),
    ])
    .await;
    let mine = "---\ndescription: d\ndisable-model-invocation: true\n---\n\nMine.\n";
    own(&scene, "mine/SKILL.md", mine);
    let told = scene.run("go").await;
    let answers: Vec<String> = told
        .calls("use_skill")
        .iter()
        .map(|(_, call)| text_of(call))
        .collect();
    assert!(
        answers[0].contains("there are: commit, explain"),
        "{answers:?}"
    );
    assert!(
        answers[1].contains("for people to call") && !answers[1].contains("Mine."),
        "{answers:?}"
    );
    let system = scene.endpoint.chats()[0].json["messages"][0]["content"].to_string();
    assert!(!system.contains("mine"), "{system}");
}
