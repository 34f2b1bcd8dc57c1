//! Going back: rewinding and forking, and what the model is sent afterwards.

use crate::support::endpoint::{Gate, Reply};
use crate::support::scene::{Scene, Told, auto};
use anteroom_api::{
    CheckpointEvent, Content, ConversationEvent, ConversationId, ConversationOp, Event, Item,
    ItemBody, ItemId, Problem, ProblemCode,
};
use serde_json::json;

async fn run(scene: &Scene, conversation: ConversationId, text: &str) -> Told {
    scene
        .turn(conversation, text, auto(), |_| unreachable!("nobody asks"))
        .await
}

async fn rewind(
    scene: &Scene,
    conversation: ConversationId,
    before: ItemId,
    is_undoing: bool,
) -> Result<(), Problem> {
    let op = ConversationOp::Rewind {
        conversation,
        before,
        is_undoing,
    };
    let taken = scene.handle().submit(op).await;
    taken.map(|_| ()).map_err(|rejection| rejection.0)
}

async fn fork(
    scene: &Scene,
    conversation: ConversationId,
    until: ItemId,
) -> Result<ConversationId, Problem> {
    let op = ConversationOp::Fork {
        conversation,
        until,
    };
    let taken = scene.handle().open(op).await;
    taken.map_err(|rejection| rejection.0)
}

/// The items in short.
fn lines(items: &[Item]) -> Vec<String> {
    let line = |item: &Item| match &item.body {
        ItemBody::UserMessage { content } => match content.last() {
            Some(Content::Text { text }) => format!("user: {text}"),
            other => format!("user: {other:?}"),
        },
        ItemBody::AgentMessage { text } => format!("agent: {text}"),
        ItemBody::ToolCall(call) => format!("call: {}", call.tool),
        other => format!("{other:?}"),
    };
    items.iter().map(line).collect()
}

fn message(items: &[Item], text: &str) -> ItemId {
    let wanted = format!("user: {text}");
    let found = items
        .iter()
        .find(|item| lines(std::slice::from_ref(*item))[0] == wanted);
    found.expect("there is such a message").id
}

/// How many leading bytes two requests share.
fn shared(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take_while(|(a, b)| a == b).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rewound_message_is_neither_shown_nor_sent_nor_found() {
    let mut scene = Scene::new([
        Reply::text("one done"),
        Reply::text("Looking.").and_call("read_file", json!({ "path": "a.txt" })),
        Reply::text("two done"),
        Reply::text("another two done"),
        Reply::text("three done"),
    ])
    .await;
    scene.write("a.txt", "zebra\n");
    let conversation = scene.open().await;
    run(&scene, conversation, "one apple").await;
    run(&scene, conversation, "two banana").await;
    let items = scene.items(conversation).await;
    let before = message(&items, "two banana");
    let mut watch = scene.watch(conversation).await;
    rewind(&scene, conversation, before, false).await.unwrap();
    let told = watch
        .until(|event| matches!(event, Event::Conversation(_)))
        .await;
    let rewound = ConversationEvent::Rewound {
        conversation,
        before,
    };
    assert_eq!(told, Event::Conversation(rewound));
    let left = ["user: one apple", "agent: one done"];
    assert_eq!(lines(&scene.items(conversation).await), left);
    let handle = scene.handle();
    let found = handle
        .read()
        .search("banana".into(), None, 10)
        .await
        .unwrap();
    assert_eq!(found, []);
    // The conversation is called so, too.
    let found = handle
        .read()
        .search("apple".into(), None, 10)
        .await
        .unwrap();
    let said = found.iter().filter(|hit| hit.item.is_some());
    assert_eq!((found.len(), said.count()), (2, 1));
    assert_eq!(handle.read().turns(conversation).await.unwrap().len(), 1);

    // It holds across processes, and what is sent begins as if the message had never been.
    scene.stop().await;
    scene.start(&[]).await;
    run(&scene, conversation, "two cherry").await;
    run(&scene, conversation, "three").await;
    let chats = scene.endpoint.chats();
    let bytes = |chat: usize| &chats[chat].body[..];
    let text = |chat: usize| String::from_utf8_lossy(&chats[chat].body).into_owned();
    let common = shared(bytes(1), bytes(3));
    let rest = String::from_utf8_lossy(&bytes(1)[common..]).into_owned();
    assert!(
        rest.starts_with("banana"),
        "the prefix ends before {rest:.80}"
    );
    assert!(!text(3).contains("banana") && !text(4).contains("zebra"));
    assert!(shared(bytes(3), bytes(4)) >= bytes(3).len() - 2);
    assert_eq!(
        lines(&scene.items(conversation).await),
        [
            "user: one apple",
            "agent: one done",
            "user: two cherry",
            "agent: another two done",
            "user: three",
            "agent: three done",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_back_with_it_if_wished_and_the_model_need_not_be_told() {
    let write =
        |content: &str| Reply::call("write_file", json!({ "path": "a.txt", "content": content }));
    let scene = Scene::new([
        write("first\n"),
        Reply::text("1"),
        write("second\n"),
        Reply::text("2"),
        Reply::text("3"),
    ])
    .await;
    let conversation = scene.open().await;
    run(&scene, conversation, "one").await;
    run(&scene, conversation, "two").await;
    let items = scene.items(conversation).await;
    let mut watch = scene.watch(conversation).await;
    let before = message(&items, "two");
    rewind(&scene, conversation, before, true).await.unwrap();
    let undone = watch
        .until(|event| matches!(event, Event::Checkpoint(_)))
        .await;
    let Event::Checkpoint(CheckpointEvent::Undone { files, .. }) = undone else {
        unreachable!("it was waited for")
    };
    assert_eq!(files.len(), 1);
    watch
        .until(|event| {
            matches!(
                event,
                Event::Conversation(ConversationEvent::Rewound { .. })
            )
        })
        .await;
    assert_eq!(scene.read("a.txt"), "first\n");
    run(&scene, conversation, "three").await;
    let last = String::from_utf8_lossy(&scene.endpoint.chats()[4].body).into_owned();
    assert!(
        !last.contains("taken back") && !last.contains("second"),
        "{last}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_message_of_ones_own_can_be_gone_back_to() {
    let gate = Gate::new();
    let scene = Scene::new([
        Reply::text("hi"),
        Reply::stream().token("still").wait(&gate).token(" talking"),
    ])
    .await;
    let conversation = scene.open().await;
    run(&scene, conversation, "one").await;
    let items = scene.items(conversation).await;
    for (item, code) in [
        (items[1].id, ProblemCode::InvalidInput),
        (ItemId(conversation.0), ProblemCode::NotFound),
    ] {
        let refused = rewind(&scene, conversation, item, true).await.unwrap_err();
        assert_eq!(refused.code, code);
    }
    let refused = fork(&scene, conversation, ItemId(conversation.0)).await;
    assert_eq!(refused.unwrap_err().code, ProblemCode::NotFound);
    let watch = scene.watch(conversation).await;
    let turn = scene.say(conversation, "talk", auto()).await;
    gate.reached().await;
    let refused = rewind(&scene, conversation, items[0].id, false).await;
    assert_eq!(refused.unwrap_err().code, ProblemCode::Conflict);
    let refused = fork(&scene, conversation, items[0].id).await;
    assert_eq!(refused.unwrap_err().code, ProblemCode::Conflict);
    gate.open();
    watch.until_end(turn, &|_| unreachable!()).await;
    assert_eq!(scene.items(conversation).await.len(), 4);
    rewind(&scene, conversation, items[0].id, false)
        .await
        .unwrap();
    assert_eq!(scene.items(conversation).await, []);
    // What was put aside is gone for all that can be done with it.
    let again = rewind(&scene, conversation, items[0].id, false).await;
    assert_eq!(again.unwrap_err().code, ProblemCode::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_goes_its_own_way_with_the_same_past() {
    let scene = Scene::new([
        Reply::text("Both.")
            .and_call("read_file", json!({ "path": "a.txt" }))
            .and_call("glob_files", json!({ "pattern": "*" })),
        Reply::text("one done"),
        Reply::text("two done"),
        Reply::text("fork done"),
        Reply::text("three done"),
    ])
    .await;
    scene.write("a.txt", "alpha\n");
    let conversation = scene.open().await;
    run(&scene, conversation, "one").await;
    run(&scene, conversation, "two").await;
    let items = scene.items(conversation).await;
    // In the midst of a step, whose other items come along.
    let calls: Vec<&Item> = items
        .iter()
        .filter(|item| matches!(item.body, ItemBody::ToolCall(_)))
        .collect();
    let until = calls[0].id;
    let other = fork(&scene, conversation, until).await.unwrap();
    let copies = scene.items(other).await;
    assert_eq!(
        lines(&copies),
        [
            "user: one",
            "agent: Both.",
            "call: read_file",
            "call: glob_files"
        ]
    );
    assert!(
        copies
            .iter()
            .all(|copy| items.iter().all(|item| item.id != copy.id))
    );
    let handle = scene.handle();
    let (source, view) = (
        handle.read().conversation(conversation).await.unwrap(),
        handle.read().conversation(other).await.unwrap(),
    );
    assert_eq!(view.title, format!("{} (fork)", source.title));
    assert_eq!(view.forked_from, Some(until));
    assert_eq!(
        (view.workspace, view.model),
        (source.workspace, source.model)
    );
    assert_eq!((view.running, view.usage.prompt_tokens), (None, 0));

    run(&scene, other, "fork").await;
    run(&scene, conversation, "three").await;
    let chats = scene.endpoint.chats();
    let bodies: Vec<String> = chats
        .iter()
        .map(|chat| String::from_utf8_lossy(&chat.body).into_owned())
        .collect();
    // All the first turn had sent when it asked for what came after the step.
    assert!(shared(&chats[1].body, &chats[3].body) >= chats[1].body.len() - 2);
    assert!(!bodies[3].contains("one done") && !bodies[4].contains("fork"));
    assert_eq!(scene.items(conversation).await.len(), items.len() + 2);
    // It is found like any other, and stays when its source goes.
    let delete = ConversationOp::Delete { conversation };
    scene.handle().submit(delete).await.unwrap();
    assert_eq!(scene.items(other).await.len(), copies.len() + 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn canvases_come_along_under_the_name_the_model_knows() {
    let scene = Scene::new([]).await;
    scene.endpoint.choose(|body| {
        let messages = body["messages"].as_array()?;
        let last = messages.last()?;
        let said = last["content"].to_string();
        // The id stands in the result of the call that made it.
        let id = messages.iter().find_map(|message| {
            let text = message["content"].as_str()?;
            let at = text.split(|sign: char| !sign.is_ascii_hexdigit() && sign != '-');
            at.map(str::to_owned).find(|word| word.len() == 36)
        });
        let update = |text: &str| {
            let id = id.clone().unwrap_or_default();
            Reply::call("update_canvas", json!({ "id": id, "content": text }))
        };
        Some(match said.as_str() {
            "\"make\"" => Reply::call(
                "create_canvas",
                json!({ "title": "Plan", "kind": "markdown", "content": "one" }),
            ),
            "\"change\"" => update("two"),
            "\"otherwise\"" => update("three"),
            _ => Reply::text("done"),
        })
    });
    let conversation = scene.open().await;
    run(&scene, conversation, "make").await;
    let until = scene.items(conversation).await.last().unwrap().id;
    run(&scene, conversation, "change").await;
    let bodies = async |conversation| {
        let handle = scene.handle();
        let canvases = handle.read().canvases(conversation).await.unwrap();
        let body = |canvas: anteroom_api::CanvasView| (canvas.version, canvas.body);
        canvases.into_iter().map(body).collect::<Vec<_>>()
    };
    let one = fork(&scene, conversation, until).await.unwrap();
    assert_eq!(bodies(one).await, [(1, "one".to_owned())]);
    let last = scene.items(one).await.last().unwrap().id;
    let two = fork(&scene, one, last).await.unwrap();
    run(&scene, two, "otherwise").await;
    assert_eq!(bodies(two).await, [(2, "three".to_owned())]);
    assert_eq!(bodies(one).await, [(1, "one".to_owned())]);
    assert_eq!(bodies(conversation).await, [(2, "two".to_owned())]);
}
