//! References: what a person's words may not bring along, however it is spelled. Nothing is sent then.

use crate::support::endpoint::{Gate, Reply};
use crate::support::scene::{Scene, auto};
use anteroom_api::{Content, ConversationId, Problem, ProblemCode, TurnOp};
use std::os::unix::fs::symlink;

const SECRET: &str = "token-4711";

/// Says something that must be rejected, and gives the reason.
async fn refused(scene: &Scene, conversation: ConversationId, text: &str) -> Problem {
    let start = TurnOp::Start {
        conversation,
        input: vec![Content::text(text)],
        options: auto(),
    };
    let submitted = scene.handle().submit(start).await;
    let Err(rejection) = submitted else {
        panic!("{text} was taken");
    };
    assert!(rejection.0.hint.is_some(), "{text}: {:?}", rejection.0);
    assert!(!format!("{:?}", rejection.0).contains(SECRET), "{text}");
    rejection.0
}

async fn nothing_was_said(scene: &Scene, conversation: ConversationId) {
    assert!(scene.items(conversation).await.is_empty());
    assert!(scene.endpoint.chats().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sensitive_is_not_attached() {
    let scene = Scene::with_settings(
        [],
        &[("safety.sensitive_paths", serde_json::json!(["*.pem"]))],
    )
    .await;
    for path in [
        ".env",
        "sub/.env.local",
        "key.pem",
        ".ssh/id",
        ".git/config",
    ] {
        scene.write(path, SECRET);
    }
    let home = scene.folder.path().canonicalize().unwrap().join("home");
    std::fs::create_dir_all(home.join(".ssh")).unwrap();
    std::fs::write(home.join(".ssh/id"), SECRET).unwrap();
    symlink(".env", scene.workspace().join("harmless.txt")).unwrap();
    symlink(".ssh", scene.workspace().join("folder")).unwrap();
    symlink("key.pem", scene.workspace().join("also.pem")).unwrap();
    std::fs::hard_link(
        scene.workspace().join(".env"),
        scene.workspace().join("other.txt"),
    )
    .unwrap();
    let conversation = scene.open().await;
    let own = scene.home();
    for text in [
        "@.env".to_owned(),
        "@./sub/../.env".to_owned(),
        "@sub/.env.local:1-1".to_owned(),
        "@.ENV".to_owned(),
        "@.env.gone".to_owned(),
        "@key.pem".to_owned(),
        "@also.pem".to_owned(),
        "@.ssh/".to_owned(),
        "@.ssh/id".to_owned(),
        "@folder/".to_owned(),
        "@folder/id".to_owned(),
        "@harmless.txt".to_owned(),
        "@other.txt".to_owned(),
        "@.git/config".to_owned(),
        format!("@{}", scene.workspace().join(".env").display()),
        format!("@{}/.ssh/id", home.display()),
        "@~/.ssh/id".to_owned(),
        "@../home/.ssh/id".to_owned(),
        format!("@{}", own.join("config.yaml").display()),
        format!("@{}/", own.display()),
    ] {
        let problem = refused(&scene, conversation, &format!("look at {text}")).await;
        assert_eq!(problem.code, ProblemCode::Denied, "{text}: {problem:?}");
    }
    nothing_was_said(&scene, conversation).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_link_leads_a_reference_out_of_the_workspace() {
    let scene = Scene::new([]).await;
    let outside = scene.folder.path().canonicalize().unwrap().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("there.txt"), SECRET).unwrap();
    symlink(&outside, scene.workspace().join("folder-link")).unwrap();
    symlink("../outside/there.txt", scene.workspace().join("file-link")).unwrap();
    let conversation = scene.open().await;
    for text in [
        "@file-link",
        "@folder-link/",
        "@folder-link/there.txt",
        "@./file-link:1",
    ] {
        let problem = refused(&scene, conversation, text).await;
        assert_eq!(problem.code, ProblemCode::Denied, "{text}: {problem:?}");
    }
    // What looks like a path and is none says so, and so do processes, pipes and devices.
    let fifo = scene.workspace().join("pipe.x");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &fifo,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    for (text, code) in [
        ("@missing.rs", ProblemCode::NotFound),
        ("@no/such", ProblemCode::NotFound),
        ("@\"no such\"", ProblemCode::NotFound),
        ("@pipe.x", ProblemCode::InvalidInput),
        ("@/dev/null", ProblemCode::InvalidInput),
        ("@/proc/self/environ", ProblemCode::InvalidInput),
        ("@source:handbook", ProblemCode::NotFound),
        ("@jira:ABC-1", ProblemCode::NotFound),
    ] {
        let problem = refused(&scene, conversation, text).await;
        assert_eq!(problem.code, code, "{text}: {problem:?}");
    }
    nothing_was_said(&scene, conversation).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_text_and_no_image_is_not_attached() {
    let scene = Scene::new([]).await;
    std::fs::write(scene.workspace().join("program"), b"\x7fELF\0\0\0").unwrap();
    std::fs::write(scene.workspace().join("lie.png"), b"<script>").unwrap();
    scene.write("short.rs", "one\n");
    let conversation = scene.open().await;
    for text in ["@./program", "@program", "@lie.png", "@short.rs:2-3"] {
        let problem = refused(&scene, conversation, text).await;
        assert_eq!(
            problem.code,
            ProblemCode::InvalidInput,
            "{text}: {problem:?}"
        );
    }
    nothing_was_said(&scene, conversation).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_and_what_steers_is_judged_at_once() {
    let gate = Gate::new();
    let scene = Scene::new([Reply::stream().wait(&gate).say("slow")]).await;
    scene.write(".env", SECRET);
    let conversation = scene.open().await;
    let watch = scene.watch(conversation).await;
    let turn = scene.say(conversation, "begin", auto()).await;
    for text in ["@.env", "@missing.rs"] {
        refused(&scene, conversation, text).await;
        let steer = TurnOp::Steer {
            turn,
            input: vec![Content::text(text)],
        };
        assert!(scene.handle().submit(steer).await.is_err(), "{text}");
    }
    let waiting = scene.handle().read().queue(conversation).await.unwrap();
    assert!(waiting.is_empty());
    gate.open();
    watch.until_end(turn, &|_| unreachable!()).await;
    assert_eq!(scene.endpoint.chats().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_models_words_are_no_references() {
    let scene = Scene::new([]).await;
    let outside = scene
        .folder
        .path()
        .canonicalize()
        .unwrap()
        .join("there.txt");
    std::fs::write(&outside, SECRET).unwrap();
    let words = format!("read @{} and say what it says", outside.display());
    scene.endpoint.script([
        Reply::call("run_agent", serde_json::json!({ "prompt": words })),
        Reply::text(&words),
        Reply::text(&words),
    ]);
    let told = scene.run("have it read").await;
    assert!(!told.calls("run_agent").is_empty());
    assert!(scene.endpoint.chats().len() > 1, "no child was asked");
    for chat in scene.endpoint.chats() {
        let sent = chat.json.to_string();
        assert!(
            !sent.contains(SECRET) && !sent.contains("[Attached"),
            "{sent}"
        );
    }
}
