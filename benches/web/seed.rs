//! A database with a long conversation, filled as the host fills it.

use anteroom_api::{
    Content, ConversationEvent, ConversationId, ConversationKind, ConversationView, Event, Item,
    ItemBody, ItemEvent, ItemId, Origin, Seq, Status, StopReason, Topic, Trust, TurnEvent, TurnId,
    TurnOptions, UnixMillis, Usage,
};
use anteroom_runtime::Ambient;
use anteroom_storage::{Entry, Storage};
use std::path::Path;

const START: UnixMillis = UnixMillis(1_790_000_000_000);
/// Turns in one commit: filling is not what is measured.
const BATCH: usize = 100;
/// Turns between two questions that are jumped to.
const FAR: usize = 770;

/// Makes a conversation of so many messages, a question and an answer in turn; gives it and some of its questions, far
/// from each other.
pub(crate) async fn long(
    path: &Path,
    workspace: &Path,
    messages: usize,
) -> anyhow::Result<(ConversationId, Vec<ItemId>)> {
    std::fs::create_dir_all(path.parent().unwrap_or(path))?;
    let storage = Storage::open(path, START).await?;
    let ambient = Ambient::system();
    let id = ConversationId(ambient.uuid());
    let opened = ConversationEvent::Opened {
        conversation: Box::new(view(id, workspace)),
    };
    append(&storage, &ambient, id, vec![Event::Conversation(opened)]).await?;
    let mut far = Vec::new();
    for batch in 0..(messages / 2).div_ceil(BATCH) {
        let mut events = Vec::new();
        for number in batch * BATCH..(batch * BATCH + BATCH).min(messages / 2) {
            let (question, told) = turn(&ambient, number);
            if number % FAR == 7 {
                far.push(question);
            }
            events.extend(told);
        }
        append(&storage, &ambient, id, events).await?;
    }
    storage.close().await?;
    Ok((id, far))
}

async fn append(
    storage: &Storage,
    ambient: &Ambient,
    conversation: ConversationId,
    events: Vec<Event>,
) -> anyhow::Result<()> {
    let entry = Entry {
        topic: Topic::Conversation(conversation),
        cause: Some(ambient.uuid().into()),
        at: START,
        user: None,
        events,
    };
    storage.append(entry).await?;
    Ok(())
}

fn turn(ambient: &Ambient, number: usize) -> (ItemId, Vec<Event>) {
    let turn = TurnId(ambient.uuid());
    let asked = ItemId(ambient.uuid());
    let item = |id, step, origin, body| {
        Event::Item(ItemEvent::Completed(Item {
            id,
            turn,
            step,
            status: Status::Completed,
            origin,
            created_at: START,
            body,
        }))
    };
    let question = ItemBody::UserMessage {
        content: vec![Content::text(format!(
            "Question {number}: what does layer {number} do?"
        ))],
    };
    let answer = ItemBody::AgentMessage {
        text: answer(number),
    };
    let told = vec![
        Event::Turn(TurnEvent::Started {
            turn,
            options: TurnOptions::default(),
        }),
        item(asked, 0, Origin::Person, question),
        item(ItemId(ambient.uuid()), 1, Origin::Model, answer),
        Event::Turn(TurnEvent::Ended {
            turn,
            stop: StopReason::EndTurn,
            usage: Usage::default(),
        }),
    ];
    (asked, told)
}

/// Answers of every shape and of uneven length.
fn answer(number: usize) -> String {
    let text =
        "The loader reads its layers in order, one after the other, and the later one wins. ";
    match number % 5 {
        0 => text.repeat(1 + number % 7),
        1 => format!("{text}\n\n- defaults\n- the file\n- the environment `A_{number}`\n\n{text}"),
        2 => format!(
            "## Layer {number}\n\n```rust\nfn layer_{number}() -> u32 {{\n    {number}\n}}\n```\n\n{text}"
        ),
        3 => format!("{text}\n\n| layer | wins |\n|---|---|\n| {number} | yes |\n| file | no |\n"),
        _ => format!("**Yes**, see [the page](https://example.com/{number}).\n\n> {text}"),
    }
}

fn view(id: ConversationId, workspace: &Path) -> ConversationView {
    ConversationView {
        id,
        kind: ConversationKind::Chat,
        title: "A long conversation".to_owned(),
        workspace: workspace.display().to_string(),
        model: Some("scripted".to_owned()),
        mode: None,
        parent: None,
        forked_from: None,
        database: None,
        filing: anteroom_api::Filing::default(),
        trust: Trust::User,
        created_at: START,
        updated_at: START,
        seq: Seq(0),
        running: None,
        usage: Usage::default(),
    }
}
