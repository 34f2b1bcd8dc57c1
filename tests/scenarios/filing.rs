//! What people order their conversations with, and notes, through the real host: two processes, whole turns.

use crate::support::endpoint::Reply;
use crate::support::filing::{note, only_project, project, wish};
use crate::support::neighbor::{Follow, Neighbor};
use crate::support::scene::{Scene, auto};
use anteroom_api::{
    AttachmentKind, Content, ConversationEvent, ConversationFilter, ConversationId,
    ConversationKind, ConversationOp, Event, FolderEvent, FolderId, FolderOp, ItemBody,
    ProblemCode, ProjectEvent, ProjectId, ProjectOp, ProjectSpec, TagOp, TextEvent, TextOp, Trust,
    UnixMillis,
};

async fn open(scene: &Scene, project: Option<ProjectId>, workspace: &str) -> ConversationId {
    let open = ConversationOp::Open {
        workspace: workspace.into(),
        title: String::new(),
        model: None,
        project,
        database: None,
    };
    scene.handle().open(open).await.unwrap()
}

fn create(name: &str, parent: Option<FolderId>) -> FolderOp {
    FolderOp::Create {
        name: name.into(),
        parent,
        database: None,
    }
}

fn spec(name: &str, instructions: &str) -> ProjectSpec {
    ProjectSpec {
        name: name.into(),
        instructions: instructions.into(),
        ..ProjectSpec::default()
    }
}

/// The system prompt of the newest request.
fn told_first(scene: &Scene) -> String {
    let request = scene.endpoint.chats().pop().unwrap().json;
    request["messages"][0]["content"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_somewhere_here_is_there_next_door() {
    let scene = Scene::new([]).await;
    let neighbor = Neighbor::of(&scene).await;
    let (here, there) = (scene.handle(), neighbor.handle());
    let conversation = scene.open().await;
    let mut follow = Follow::all(&there, conversation);
    let mut host = Follow::host(&there).await;

    let folder: FolderId = wish(&here, create("research", None)).await.unwrap().into();
    let id = project(&here, spec("Loader", "Be brief."), None).await;
    for op in [
        ConversationOp::Tag {
            conversation,
            add: vec!["#Rust".into(), "rust".into()],
            remove: vec![],
        },
        ConversationOp::Move {
            conversation,
            folder: Some(folder),
        },
        ConversationOp::Assign {
            conversation,
            project: Some(id),
        },
        ConversationOp::Pin {
            conversation,
            is_pinned: true,
        },
    ] {
        wish(&here, op).await.unwrap();
    }
    host.until(|event| matches!(event, Event::Folder(FolderEvent::Created { .. })))
        .await;
    host.until(|event| matches!(event, Event::Project(ProjectEvent::Saved { .. })))
        .await;
    let tagged = follow
        .until(|event| matches!(event, Event::Conversation(ConversationEvent::Tagged { .. })))
        .await;
    let Event::Conversation(ConversationEvent::Tagged { added, .. }) = tagged else {
        panic!("{tagged:?}")
    };
    assert_eq!(added, ["rust"]);
    follow
        .until(|event| matches!(event, Event::Conversation(ConversationEvent::Pinned { .. })))
        .await;

    let filter = ConversationFilter {
        tag: Some("rust".into()),
        folder: Some(folder),
        project: Some(id),
        is_pinned: true,
        ..ConversationFilter::default()
    };
    let page = there.read().filtered(filter, None, 9).await.unwrap();
    assert_eq!(page.entries.len(), 1);
    assert_eq!(page.entries[0].id, conversation);
    assert!(only_project(&there).await.is_trusted);

    // And back: a tag that goes next door is gone here.
    wish(&there, TagOp::Delete { tag: "rust".into() })
        .await
        .unwrap();
    assert_eq!(here.read().tags().await.unwrap(), []);

    // The same wish again is no fact.
    let again = ConversationOp::Tag {
        conversation,
        add: vec![],
        remove: vec!["rust".into()],
    };
    let seq = here.read().conversation(conversation).await.unwrap().seq;
    wish(&here, again).await.unwrap();
    assert_eq!(
        here.read().conversation(conversation).await.unwrap().seq,
        seq
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_never_written_over() {
    let scene = Scene::new([]).await;
    let neighbor = Neighbor::of(&scene).await;
    let (here, there) = (scene.handle(), neighbor.handle());
    let id = note(&here, ("", "# Retry\n\none"), (&scene.workspace(), None)).await;
    let mut follow = Follow::all(&there, id);
    let view = there.read().conversation(id).await.unwrap();
    assert_eq!(
        (view.kind, view.title.as_str()),
        (ConversationKind::Note, "Retry")
    );
    let write = |base_version, body: &str| TextOp::Write {
        conversation: id,
        base_version,
        body: body.into(),
    };
    wish(&there, write(1, "two")).await.unwrap();
    let late = wish(&here, write(1, "mine")).await.unwrap_err();
    assert_eq!(late.code, ProblemCode::Conflict);
    assert!(late.hint.unwrap().contains("nothing was written"));
    // The same words again are no new version, from whichever state.
    wish(&here, write(1, "two")).await.unwrap();
    let restore = TextOp::Restore {
        conversation: id,
        base_version: 2,
        version: 1,
    };
    wish(&here, restore.clone()).await.unwrap();
    let unknown = TextOp::Restore {
        conversation: id,
        base_version: 3,
        version: 9,
    };
    let unknown = wish(&here, unknown).await.unwrap_err();
    assert_eq!(unknown.code, ProblemCode::NotFound);
    let newest = there.read().text(id, None).await.unwrap();
    assert_eq!((newest.version, newest.restored_from), (3, Some(1)));
    assert_eq!(newest.body, "# Retry\n\none");
    let versions = there.read().text_versions(id).await.unwrap();
    let numbers: Vec<u32> = versions.iter().map(|version| version.version).collect();
    assert_eq!(numbers, [3, 2, 1]);
    follow
        .until(|event| matches!(event, Event::Text(TextEvent::Saved { text }) if text.version == 3))
        .await;
    let hits = there.read().search("retry".into(), None, 5).await.unwrap();
    assert!(
        hits.iter()
            .any(|hit| hit.conversation == id && hit.item.is_none())
    );

    // Of two who write in the same moment one is told.
    let (one, other) = tokio::join!(
        wish(&here, write(3, "left")),
        wish(&there, write(3, "right"))
    );
    assert_ne!(one.is_ok(), other.is_ok(), "{one:?} {other:?}");
    assert_eq!(here.read().text(id, None).await.unwrap().version, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_takes_no_turns_and_a_chat_no_text() {
    let scene = Scene::new([]).await;
    let handle = scene.handle();
    let id = note(&handle, ("Plans", "x"), (&scene.workspace(), None)).await;
    let start = anteroom_api::TurnOp::Start {
        conversation: id,
        input: vec![Content::text("hello")],
        options: auto(),
    };
    let refused = wish(&handle, start).await.unwrap_err();
    assert_eq!(refused.code, ProblemCode::InvalidInput);
    assert!(refused.hint.unwrap().contains("/note send"));
    let chat = scene.open().await;
    let write = TextOp::Write {
        conversation: chat,
        base_version: 1,
        body: "x".into(),
    };
    assert_eq!(
        wish(&handle, write).await.unwrap_err().code,
        ProblemCode::InvalidInput
    );
    let listed = handle.read().conversations(None, 9).await.unwrap();
    let ids: Vec<_> = listed.entries.iter().map(|view| view.id).collect();
    assert_eq!(ids, [chat]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_begins_with_what_its_project_says() {
    let scene = Scene::new([
        Reply::text("hi"),
        Reply::text("again"),
        Reply::text("plain"),
    ])
    .await;
    let handle = scene.handle();
    let own = scene.workspace().join("sub");
    std::fs::create_dir(&own).unwrap();
    let loader = ProjectSpec {
        workspace: Some(own.display().to_string()),
        model: Some("other".into()),
        ..spec("Loader", "Keep the tests green.")
    };
    let id = project(&handle, loader, None).await;
    let conversation = open(&scene, Some(id), "").await;
    let view = handle.read().conversation(conversation).await.unwrap();
    assert_eq!(view.workspace, own.display().to_string());
    assert_eq!(view.model.as_deref(), Some("other"));
    let wanted = "Instructions of the project `Loader`:\nKeep the tests green.";
    let report = handle
        .read()
        .prompt(Some(conversation), String::new(), None);
    let report = report.await.unwrap();
    let section = report.sections.iter().find(|part| part.name == "project");
    assert_eq!(section.unwrap().text, wanted);
    scene
        .turn(conversation, "go", auto(), |_| unreachable!())
        .await;
    assert!(told_first(&scene).contains(wanted));
    assert_eq!(scene.endpoint.chats()[0].json["model"], "other");

    // What was told first stays, whatever the project says later.
    let before = only_project(&handle).await;
    let change = |base: &str| ProjectOp::Change {
        project: id,
        base: base.into(),
        spec: spec("Loader", "Break them."),
    };
    wish(&handle, change(&before.hash)).await.unwrap();
    let stale = wish(&handle, change(&before.hash)).await.unwrap_err();
    assert_eq!(stale.code, ProblemCode::Conflict);
    scene
        .turn(conversation, "go on", auto(), |_| unreachable!())
        .await;
    assert!(told_first(&scene).contains(wanted));
    assert!(!told_first(&scene).contains("Break them"));
    let workspace = scene.workspace().display().to_string();
    let next = handle
        .read()
        .prompt(None, workspace.clone(), Some(id))
        .await;
    let next = next.unwrap();
    assert!(
        next.sections
            .iter()
            .any(|part| part.text.ends_with("Break them."))
    );

    // Without a project nothing of it is told; where no folder is named there is none.
    let plain = open(&scene, None, &workspace).await;
    scene.turn(plain, "x", auto(), |_| unreachable!()).await;
    assert!(!told_first(&scene).contains("project `Loader`"));
    let nowhere = ConversationOp::Open {
        workspace: String::new(),
        title: String::new(),
        model: None,
        project: Some(id),
        database: None,
    };
    let nowhere = handle.open(nowhere).await.unwrap_err().0;
    assert_eq!(nowhere.code, ProblemCode::InvalidInput);

    // What was spent is told by model and project.
    let rows = handle.read().spending(UnixMillis(0)).await.unwrap();
    let spent: Vec<_> = rows
        .iter()
        .map(|row| (row.model.as_str(), row.project_name.as_str(), row.requests))
        .collect();
    assert_eq!(spent, [("other", "Loader", 2), ("scripted", "", 1)]);

    // Its conversations outlive it.
    wish(&handle, ProjectOp::Delete { project: id })
        .await
        .unwrap();
    let view = handle.read().conversation(conversation).await.unwrap();
    assert_eq!(view.filing.project, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_is_filed_as_its_source() {
    let scene = Scene::new([Reply::text("hi")]).await;
    let handle = scene.handle();
    let told = scene.run("x").await;
    let conversation = told.conversation;
    let folder: FolderId = wish(&handle, create("research", None))
        .await
        .unwrap()
        .into();
    for op in [
        ConversationOp::Tag {
            conversation,
            add: vec!["rust".into()],
            remove: vec![],
        },
        ConversationOp::Move {
            conversation,
            folder: Some(folder),
        },
        ConversationOp::Pin {
            conversation,
            is_pinned: true,
        },
    ] {
        wish(&handle, op).await.unwrap();
    }
    let until = scene.items(conversation).await.last().unwrap().id;
    let fork = ConversationOp::Fork {
        conversation,
        until,
    };
    let fork = handle.open(fork).await.unwrap();
    let filing = handle.read().conversation(fork).await.unwrap().filing;
    assert_eq!(filing.tags, ["rust"]);
    assert_eq!(filing.folder, Some(folder));
    assert!(!filing.is_pinned);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_goes_along_with_a_message() {
    let scene = Scene::new([Reply::text("read")]).await;
    let handle = scene.handle();
    let id = note(
        &handle,
        (
            "Retry policy",
            "Use jitter. api_key=sk-proj-abcdefghijklmnopqrstuvwxyz0123456789",
        ),
        (&scene.workspace(), None),
    )
    .await;
    let text = id.to_string();
    let told = scene
        .run(&format!("what about @note:{}?", &text[text.len() - 8..]))
        .await;
    let attached = told.items().into_iter().find_map(|item| match &item.body {
        ItemBody::UserMessage { content } => content.iter().find_map(|part| match part {
            Content::Attachment(attachment) => Some((**attachment).clone()),
            _ => None,
        }),
        _ => None,
    });
    let attached = attached.unwrap();
    assert_eq!(
        (attached.kind, attached.trust),
        (AttachmentKind::Note, Trust::Workspace)
    );
    assert_eq!(attached.path, format!("note:{id}"));
    assert!(
        attached
            .text
            .starts_with("[Attached note `Retry policy`, version 1]\nUse jitter.")
    );
    assert!(
        !attached.text.contains("abcdefghijklmnop"),
        "{}",
        attached.text
    );
    let request = scene.endpoint.chats()[0].json.to_string();
    assert!(request.contains("Use jitter."));

    let missing = anteroom_api::TurnOp::Start {
        conversation: told.conversation,
        input: vec![Content::text("and @note:00000000?")],
        options: auto(),
    };
    let missing = wish(&handle, missing).await.unwrap_err();
    assert_eq!(missing.code, ProblemCode::NotFound);
    assert!(missing.causes[0].contains("aroom note list"), "{missing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_put_is_refused_in_words() {
    let scene = Scene::new([]).await;
    let handle = scene.handle();
    let conversation = scene.open().await;
    let top: FolderId = wish(&handle, create("top", None)).await.unwrap().into();
    let below = wish(&handle, create("below", Some(top))).await.unwrap();
    let below: FolderId = below.into();
    let nobody = anteroom_api::OpId(conversation.0);
    let tag = |add: &str| {
        anteroom_api::Op::from(ConversationOp::Tag {
            conversation,
            add: vec![add.into()],
            remove: vec![],
        })
    };
    wish(&handle, tag("one")).await.unwrap();
    wish(&handle, tag("two")).await.unwrap();
    let rename = |tag: &str, to: &str| TagOp::Rename {
        tag: tag.into(),
        to: to.into(),
        is_merging: false,
    };
    let cases: Vec<(anteroom_api::Op, ProblemCode, &str)> = vec![
        (tag(""), ProblemCode::InvalidInput, "no tag"),
        (tag("two words"), ProblemCode::InvalidInput, "no tag"),
        (
            rename("none", "x").into(),
            ProblemCode::NotFound,
            "nothing has",
        ),
        (
            rename("one", "two").into(),
            ProblemCode::Conflict,
            "already",
        ),
        (
            create("", None).into(),
            ProblemCode::InvalidInput,
            "no name",
        ),
        (
            create("a/b", None).into(),
            ProblemCode::InvalidInput,
            "no name",
        ),
        (
            create(&"x".repeat(81), None).into(),
            ProblemCode::InvalidInput,
            "no name",
        ),
        (
            create("TOP", None).into(),
            ProblemCode::Conflict,
            "`top` there already",
        ),
        (
            create("x", Some(nobody.into())).into(),
            ProblemCode::NotFound,
            "no folder",
        ),
        (
            FolderOp::Move {
                folder: top,
                parent: Some(below),
            }
            .into(),
            ProblemCode::InvalidInput,
            "into itself",
        ),
        (
            ConversationOp::Move {
                conversation,
                folder: Some(nobody.into()),
            }
            .into(),
            ProblemCode::NotFound,
            "no folder",
        ),
        (
            ConversationOp::Assign {
                conversation,
                project: Some(nobody.into()),
            }
            .into(),
            ProblemCode::NotFound,
            "no project",
        ),
        (
            ConversationOp::Pin {
                conversation: ConversationId(top.0),
                is_pinned: true,
            }
            .into(),
            ProblemCode::NotFound,
            "no conversation",
        ),
        (
            ProjectOp::Create {
                spec: spec("", ""),
                database: None,
            }
            .into(),
            ProblemCode::InvalidInput,
            "no name",
        ),
        (
            ProjectOp::Create {
                spec: spec("a", ""),
                database: Some("nobody".into()),
            }
            .into(),
            ProblemCode::NotFound,
            "no shared database",
        ),
        (
            ProjectOp::Delete {
                project: nobody.into(),
            }
            .into(),
            ProblemCode::NotFound,
            "no project",
        ),
        (
            TextOp::Open {
                kind: ConversationKind::Chat,
                title: "x".into(),
                body: String::new(),
                workspace: "/".into(),
                project: None,
                database: None,
            }
            .into(),
            ProblemCode::InvalidInput,
            "only notes and documents",
        ),
    ];
    let before = handle.read().folders().await.unwrap();
    for (op, code, words) in cases {
        let problem = wish(&handle, op.clone()).await.unwrap_err();
        assert_eq!(problem.code, code, "{op:?}: {problem:?}");
        assert!(problem.error.contains(words), "{op:?}: {problem:?}");
        assert!(problem.hint.is_some(), "{op:?}: {problem:?}");
    }
    assert_eq!(handle.read().folders().await.unwrap(), before);
}
