//! Conversations carried elsewhere and back, and files that somebody else wrote.

use super::filing::{assigned, create, folder, moved, pinned, project, save, tagged};
use super::support::*;
use super::texts::{note, written};
use crate::{Fault, Imported, SharedFile, Storage};
use anteroom_api::{
    CanvasEvent, CanvasView, Content, ConversationEvent, ConversationKind, ConversationView, Event,
    Item, ItemBody, Origin, QueuedInput, Status, StopReason, ToolResult, Topic, Trust, TurnEvent,
    Usage,
};
use proptest::prelude::*;
use std::path::{Path, PathBuf};

/// Ids of one conversation do not meet those of another.
const ROOM: u32 = 1000;

/// What happens in a conversation, one after the other.
#[derive(Clone, Debug)]
enum Step {
    Turn {
        items: Vec<u8>,
        steps: u32,
        is_ended: bool,
    },
    Rewind(usize),
    Canvas(u32),
    Summary,
    Queue,
    Besides,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (prop::collection::vec(0..7_u8, 0..5), 0..3_u32, prop::bool::weighted(0.8)).prop_map(
            |(items, steps, is_ended)| Step::Turn { items, steps, is_ended }
        ),
        2 => (0..12_usize).prop_map(Step::Rewind),
        1 => (1..4_u32).prop_map(Step::Canvas),
        1 => Just(Step::Summary),
        1 => Just(Step::Queue),
        1 => Just(Step::Besides),
    ]
}

fn usage(number: u32) -> Usage {
    Usage {
        prompt_tokens: u64::from(number),
        completion_tokens: 2,
        cached_tokens: 1,
        cost_micros: 7,
        is_estimated: number.is_multiple_of(2),
    }
}

fn body(kind: u8, number: u32) -> ItemBody {
    let text = format!("words {number} \u{2}\u{1f600} \"quoted\" \n line");
    match kind {
        0 => ItemBody::UserMessage {
            content: vec![
                Content::text(text),
                Content::Image {
                    media_type: "image/png".to_string(),
                    data: "iVBORw0KGgo=".to_string(),
                },
            ],
        },
        1 => ItemBody::Reasoning { text },
        2 | 3 => match calls(number, Status::Completed).body {
            ItemBody::ToolCall(mut call) => {
                call.result = Some(ToolResult::text(text));
                ItemBody::ToolCall(call)
            }
            other => other,
        },
        _ => ItemBody::AgentMessage { text },
    }
}

/// Lives through the steps, as the host would.
async fn live(storage: &Storage, conversation: u32, opening: ConversationView, steps: &[Step]) {
    let tell = async |events: Vec<Event>, at: i64| {
        let entry = entry(topic(conversation), at, events);
        storage.append(entry).await.unwrap();
    };
    tell(vec![opened(opening)], 1).await;
    let first = conversation * ROOM;
    let (mut items, mut turns, mut versions, mut at) = (0, 0, 0, 1);
    let mut open: Option<u32> = None;
    for step in steps {
        at += 10;
        match step {
            Step::Turn {
                items: kinds,
                steps,
                is_ended,
            } => {
                if let Some(turn) = open.take() {
                    tell(vec![ended(turn)], at).await;
                }
                turns += 1;
                let turn = first + turns;
                let mut events = vec![started(turn)];
                for (place, kind) in (0..).zip(kinds) {
                    items += 1;
                    let is_last = place + 1 == kinds.len();
                    let status = if is_last && !is_ended {
                        Status::Running
                    } else {
                        Status::Completed
                    };
                    let item = Item {
                        origin: Origin::Tool {
                            tool: "bash".to_string(),
                            trust: Trust::Untrusted,
                        },
                        ..item(first + items, turn, status, body(*kind, items))
                    };
                    events.push(if status == Status::Running {
                        begun(item)
                    } else {
                        completed(item)
                    });
                }
                for step in 1..=*steps {
                    events.push(Event::Turn(TurnEvent::StepEnded {
                        turn: turn_id(turn),
                        step,
                        usage: usage(step),
                        record: None,
                    }));
                }
                tell(events, at).await;
                if *is_ended {
                    tell(vec![ended(turn)], at + 3).await;
                } else {
                    open = Some(turn);
                }
            }
            Step::Rewind(place) if items > 0 => {
                let place = 1 + u32::try_from(*place).unwrap() % items;
                let rewound = ConversationEvent::Rewound {
                    conversation: conversation_id(conversation),
                    before: item_id(first + place),
                };
                tell(vec![Event::Conversation(rewound)], at).await;
            }
            Step::Rewind(_) => {}
            Step::Canvas(count) => {
                for _ in 0..*count {
                    versions += 1;
                    let canvas = CanvasView {
                        id: uuid(5, first).into(),
                        conversation: conversation_id(conversation),
                        title: format!("plan {versions}"),
                        kind: "markdown".to_string(),
                        version: versions,
                        body: "# Plan\n".repeat(versions as usize),
                        updated_at: AT.plus(at),
                    };
                    tell(vec![Event::Canvas(CanvasEvent::Saved { canvas })], at).await;
                }
            }
            Step::Summary => {
                items += 1;
                let text = "what was said".to_string();
                let body = ItemBody::Summary { text };
                let summary = item(first + items, first + 900, Status::Completed, body);
                let compacted = ConversationEvent::Compacted {
                    conversation: conversation_id(conversation),
                    item: summary.id,
                    from: None,
                    before_tokens: 10,
                    after_tokens: 1,
                };
                tell(vec![completed(summary), Event::Conversation(compacted)], at).await;
            }
            Step::Queue => {
                turns += 1;
                let queued = QueuedInput {
                    turn: turn_id(first + turns),
                    input: vec![Content::text("and then?")],
                    is_held: false,
                };
                tell(vec![Event::Turn(TurnEvent::Queued { queued })], at).await;
            }
            Step::Besides => {
                let id = conversation_id(conversation);
                let spent = (usage(3), AT.plus(at), None);
                storage.spend_besides(id, "title", spent).await.unwrap();
            }
        }
    }
}

fn ended(turn: u32) -> Event {
    Event::Turn(TurnEvent::Ended {
        turn: turn_id(turn),
        stop: StopReason::MaxSteps,
        usage: usage(9),
    })
}

fn file(place: &Place, name: &str) -> PathBuf {
    place.folder.path().join(name)
}

/// Exports, imports into an empty home, exports there: the same bytes.
async fn check_round_trip(place: &Place, storage: &Storage, count: u64) {
    let first = file(place, "first.jsonl");
    assert_eq!(storage.export(&first, &[]).await.unwrap(), count);
    let home = Place::new();
    let other = home.open().await;
    let imported = other.import(&first).await.unwrap();
    let all = Imported {
        conversations: count,
        skipped: 0,
    };
    assert_eq!(imported, all);
    let second = file(&home, "second.jsonl");
    other.export(&second, &[]).await.unwrap();
    let (first_text, second_text) = (read(&first), read(&second));
    assert_eq!(first_text, second_text);
    check_index(&other).await;

    // Again: nothing is overwritten.
    let before = dump(&other).await;
    let again = Imported {
        conversations: 0,
        skipped: count,
    };
    assert_eq!(other.import(&first).await.unwrap(), again);
    assert_eq!(dump(&other).await, before);
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn random_conversations_come_back_as_they_went(
        lives in prop::collection::vec(prop::collection::vec(step(), 0..9), 1..4)
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let place = Place::new();
            let storage = place.open().await;
            for (number, steps) in (1..).zip(&lives) {
                live(&storage, number, view(number), steps).await;
            }
            check_round_trip(&place, &storage, lives.len() as u64).await;
        });
    }
}

/// A conversation with a child agent's.
async fn family(storage: &Storage) {
    let steps = [Step::Turn {
        items: vec![0, 2, 4],
        steps: 1,
        is_ended: true,
    }];
    live(storage, 1, view(1), &steps).await;
    // Made first, listed after its parent all the same.
    let child = ConversationView {
        id: uuid(0, 0).into(),
        kind: ConversationKind::Agent,
        parent: Some(item_id(ROOM + 2)),
        ..view(2)
    };
    let topic = Topic::Conversation(child.id);
    let says = completed(item(
        2 * ROOM,
        2 * ROOM,
        Status::Completed,
        ItemBody::AgentMessage {
            text: "found".to_string(),
        },
    ));
    let events = vec![opened(child), started(2 * ROOM), says];
    storage.append(entry(topic, 1, events)).await.unwrap();
}

#[tokio::test]
async fn child_agents_go_with_their_parents() {
    let place = Place::new();
    let storage = place.open().await;
    family(&storage).await;
    live(&storage, 3, view(3), &[]).await;
    check_round_trip(&place, &storage, 3).await;
    let chosen = file(&place, "chosen.jsonl");
    let one = [conversation_id(1)];
    assert_eq!(storage.export(&chosen, &one).await.unwrap(), 2);
    assert!(!read(&chosen).contains("conversation 3"));
    let error = storage.export(&chosen, &one).await.unwrap_err();
    assert!(matches!(error.fault, Fault::Exists(_)), "{error:?}");
    let nobody = [conversation_id(9)];
    let missing = file(&place, "missing.jsonl");
    let error = storage.export(&missing, &nobody).await.unwrap_err();
    assert!(
        matches!(error.fault, Fault::UnknownConversation(_)),
        "{error:?}"
    );
    assert!(!missing.exists());
}

#[tokio::test]
async fn what_is_imported_spends_no_budget_and_leaves_no_audit_record() {
    let place = Place::new();
    let storage = place.open().await;
    family(&storage).await;
    let export = file(&place, "all.jsonl");
    storage.export(&export, &[]).await.unwrap();
    let home = Place::new();
    let other = home.open().await;
    other.import(&export).await.unwrap();
    assert_eq!(other.spent_on(AT).await.unwrap(), crate::Spent::default());
    assert_eq!(other.audit_head().await.unwrap().number, 0);
    assert!(storage.spent_on(AT).await.unwrap().tokens > 0);
}

#[tokio::test]
async fn what_lives_in_a_shared_file_is_not_taken_twice() {
    let place = Place::new();
    let storage = place.open().await;
    let shared = SharedFile {
        name: "team".to_string(),
        path: file(&place, "team.db"),
    };
    storage.add_shared(shared, true, AT).await.unwrap();
    let view = ConversationView {
        database: Some("team".to_string()),
        ..view(1)
    };
    live(&storage, 1, view, &[]).await;
    let export = file(&place, "all.jsonl");
    assert_eq!(storage.export(&export, &[]).await.unwrap(), 1);
    let imported = storage.import(&export).await.unwrap();
    assert_eq!((imported.conversations, imported.skipped), (0, 1));
}

/// Lines of a good export, which each case changes.
async fn lines() -> Vec<String> {
    let place = Place::new();
    let storage = place.open().await;
    family(&storage).await;
    let steps = [Step::Canvas(2), Step::Queue, Step::Summary];
    live(&storage, 3, view(3), &steps).await;
    let export = file(&place, "good.jsonl");
    storage.export(&export, &[]).await.unwrap();
    read(&export).lines().map(str::to_string).collect()
}

/// The place of the first line of a kind.
fn of(lines: &[String], record: &str) -> usize {
    let wanted = format!("{{\"record\":\"{record}\"");
    let found = lines.iter().position(|line| line.starts_with(&wanted));
    found.unwrap_or_else(|| panic!("no {record} in {lines:#?}"))
}

/// A note that was put everywhere it can be.
async fn filed(storage: &Storage) {
    create(storage, folder(1, "research", None)).await.unwrap();
    create(storage, folder(2, "papers", Some(1))).await.unwrap();
    let mut loader = project(1, "Loader", "Be brief.");
    loader.spec.model = Some("small".into());
    loader.spec.workspace = Some("/work".into());
    save(storage, loader, None).await.unwrap();
    let events = vec![
        opened(note(4)),
        written(4, 1, "exponential"),
        written(4, 2, "with größe"),
        tagged(4, &["rust", "q3"], &[]),
        moved(4, Some(2)),
        assigned(4, Some(1)),
        pinned(4, true),
    ];
    storage.tell(4, events).await.unwrap();
}

#[tokio::test]
async fn notes_come_with_where_they_were_put() {
    let place = Place::new();
    let storage = place.open().await;
    filed(&storage).await;
    check_round_trip(&place, &storage, 1).await;
    let export = file(&place, "first.jsonl");

    // What is called the same in the same place is the same; a project keeps what it says here.
    let home = Place::new();
    let other = home.open().await;
    create(&other, folder(7, "Research", None)).await.unwrap();
    let own = project(8, "loader", "Be long.");
    save(&other, own.clone(), None).await.unwrap();
    other.import(&export).await.unwrap();
    let id = conversation_id(4);
    let filing = other.conversation(id).await.unwrap().unwrap().filing;
    assert_eq!(filing.tags, ["q3", "rust"]);
    assert_eq!(filing.project, Some(own.id));
    assert!(filing.is_pinned);
    let paths: Vec<String> = other
        .folders()
        .await
        .unwrap()
        .into_iter()
        .map(|folder| folder.path)
        .collect();
    assert_eq!(paths, ["Research", "Research/papers"]);
    let projects = other.projects().await.unwrap();
    assert_eq!(projects.len(), 1);
    assert_eq!(projects[0].spec, own.spec);
    assert_eq!(other.text_versions(id).await.unwrap().len(), 2);
    assert_eq!(other.search("größe", 5).await.unwrap().len(), 1);

    // Where there is none it is made, and nobody has accepted what it says.
    let empty = Place::new();
    let fresh = empty.open().await;
    fresh.import(&export).await.unwrap();
    let brought = fresh.projects().await.unwrap().remove(0);
    assert_eq!(brought.spec.instructions, "Be brief.");
    assert!(!brought.is_trusted);
}

#[tokio::test]
async fn what_people_put_somewhere_is_judged_before_it_is_taken() {
    let place = Place::new();
    let storage = place.open().await;
    filed(&storage).await;
    let export = file(&place, "good.jsonl");
    storage.export(&export, &[]).await.unwrap();
    let good = read(&export);
    let cases = [
        ("one lower-case word", "\"rust\"", "\"two words\""),
        ("one lower-case word", "\"rust\"", "\"RUST\""),
        ("short name", "\"papers\"", "\"a/b\""),
        ("short name", "\"papers\"", "\"\""),
        ("short name", "\"Loader\"", "\"\\u001b[31m\""),
        ("unknown field", "\"is_pinned\"", "\"is_trusted\""),
        ("in order", "\"version\":2", "\"version\":3"),
        ("zero bytes", "exponential", "expo\\u0000"),
        (
            "only notes and documents",
            "\"kind\":\"note\"",
            "\"kind\":\"chat\"",
        ),
        ("counts other lines", "\"texts\":2", "\"texts\":3"),
    ];
    for (wanted, from, to) in cases {
        assert!(good.contains(from), "{from} in {good}");
        let bad = file(&place, "bad.jsonl");
        std::fs::write(&bad, good.replacen(from, to, 1)).unwrap();
        let home = Place::new();
        let other = home.open().await;
        let before = dump(&other).await;
        let error = other.import(&bad).await.unwrap_err();
        assert!(
            error.fault.to_string().contains(wanted),
            "{wanted}: {error}"
        );
        assert_eq!(dump(&other).await, before, "{wanted}");
    }
}

#[tokio::test]
async fn wrong_lines_are_refused_by_number_and_nothing_is_stored() {
    let good = lines().await;
    let changed = |record: &str, from: &str, to: &str| {
        let mut lines = good.clone();
        let place = of(&lines, record);
        assert!(lines[place].contains(from), "{from} in {}", lines[place]);
        lines[place] = lines[place].replacen(from, to, 1);
        (place + 1, lines)
    };
    let without = |record: &str| {
        let mut lines = good.clone();
        let place = of(&lines, record);
        lines.remove(place);
        lines
    };
    let doubled = |record: &str| {
        let mut lines = good.clone();
        let place = of(&lines, record);
        lines.insert(place, lines[place].clone());
        (place + 2, lines)
    };
    let deep = format!(
        "\"arguments\":{}1{}",
        "[".repeat(200_000),
        "]".repeat(200_000)
    );
    let unknown = uuid(9, 9).to_string();
    let turn = turn_id(ROOM + 1).to_string();
    let call = item_id(ROOM + 2).to_string();
    let mut cases: Vec<(&str, (usize, Vec<String>))> = vec![
        ("empty", (1, vec![])),
        ("does not say", (1, good[1..].to_vec())),
        ("version 2 ", {
            let mut lines = good.clone();
            lines[0] = lines[0].replace("\"version\":1", "\"version\":2");
            (1, lines)
        }),
        (
            "unknown field",
            changed("conversation", "\"title\"", "\"titel\""),
        ),
        (
            "unknown variant",
            changed("item", "user_message", "hacker_message"),
        ),
        (
            "unknown variant",
            changed("item", "\"record\":\"item\"", "\"record\":\"grant\""),
        ),
        ("cannot be read", changed("item", "\"item\"", "item")),
        ("over", changed("item", "\"completed\"", "\"running\"")),
        ("nowhere before it", changed("item", &turn, &unknown)),
        ("no path", changed("conversation", "/work/space", "")),
        (
            "1970",
            changed("conversation", "1790000000000", "9223372036854775807"),
        ),
        ("1970", changed("turn", "1790000000011", "-5")),
        (
            "counts other lines",
            changed("end", "\"items\":3", "\"items\":4"),
        ),
        ("are announced", changed("end_of_export", ":3", ":4")),
        (
            "counted from 1",
            changed("canvas", "\"version\":1", "\"version\":2"),
        ),
        (
            "input that waits",
            changed(
                "queued",
                "[{\"type\":\"text\",\"text\":\"and then?\"}]",
                "[]",
            ),
        ),
        (
            "points at an item",
            changed("summary", &item_id(3 * ROOM + 1).to_string(), &unknown),
        ),
        ("there twice", {
            let (_, mut lines) = doubled("conversation");
            let (start, end) = (of(&good, "conversation"), of(&good, "end"));
            lines.splice(start..=start, good[start..=end].to_vec());
            (end + 2, lines)
        }),
        ("has no end", doubled("conversation")),
        ("there already", doubled("turn")),
        ("there already", doubled("item")),
        (
            "ends too early",
            (good.len(), good[..good.len() - 1].to_vec()),
        ),
        ("belongs to no conversation", {
            let place = of(&good, "conversation");
            (place + 1, without("conversation"))
        }),
        ("comes after the end", {
            let mut lines = good.clone();
            lines.push("{}".to_string());
            (lines.len(), lines)
        }),
        ("nowhere before it", {
            let mut lines = good.clone();
            let child = lines
                .iter()
                .position(|line| line.contains("\"parent\""))
                .unwrap();
            lines[child] = lines[child].replace(&call, &unknown);
            (child + 1, lines)
        }),
        (
            "has a parent",
            changed("conversation", "\"kind\":\"chat\"", "\"kind\":\"agent\""),
        ),
        ("recursion limit", {
            let mut lines = good.clone();
            let place = lines
                .iter()
                .position(|line| line.contains("\"arguments\""))
                .unwrap();
            let start = lines[place].find("\"arguments\"").unwrap();
            let end = lines[place].find(",\"tier\"").unwrap();
            lines[place].replace_range(start..end, &deep);
            (place + 1, lines)
        }),
    ];
    cases.push(("longer than", {
        let mut lines = good.clone();
        let place = of(&lines, "item");
        lines[place] = format!("{{\"record\":\"item\",\"x\":\"{}\"}}", "x".repeat(33 << 20));
        (place + 1, lines)
    }));
    let home = Place::new();
    let storage = home.open().await;
    let before = dump(&storage).await;
    for (words, (line, lines)) in cases {
        let path = file(&home, "bad.jsonl");
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        std::fs::write(&path, text).unwrap();
        let error = storage.import(&path).await.unwrap_err();
        let Fault::BadLine { line: found, text } = &error.fault else {
            panic!("{words}: {error:?}")
        };
        assert!(text.contains(words), "{words}: {text}");
        assert_eq!(*found, line as u64, "{words}: {text}");
        assert_eq!(dump(&storage).await, before, "{words}");
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_and_lines_that_never_end_are_refused() {
    let good = lines().await;
    let home = Place::new();
    let storage = home.open().await;
    let refused = async |name: &str, bytes: &[u8], words: &str| {
        let path = file(&home, name);
        std::fs::write(&path, bytes).unwrap();
        let error = storage.import(&path).await.unwrap_err();
        let Fault::BadLine { text, .. } = &error.fault else {
            panic!("{error:?}")
        };
        assert!(text.contains(words), "{text}");
    };
    let mut torn = format!("{}\n", good[0]).into_bytes();
    torn.extend(b"{\"record\":\"conversation\",\"title\":\"\xff\xfe\"}\n");
    refused("torn", &torn, "cannot be read").await;
    let cut = good.join("\n");
    refused("cut", cut.as_bytes(), "cut off").await;

    // A line of a gigabyte is a hole in the file: it is not read to its end.
    let path = file(&home, "endless");
    std::fs::write(&path, format!("{}\n", good[0])).unwrap();
    let hole = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    hole.set_len(1 << 30).unwrap();
    let error = storage.import(&path).await.unwrap_err();
    let Fault::BadLine { line: 2, text } = &error.fault else {
        panic!("{error:?}")
    };
    assert!(text.contains("longer than 32 MB"), "{text}");
}

#[tokio::test]
async fn ids_that_are_taken_by_somebody_else_are_refused() {
    let good = lines().await;
    let home = Place::new();
    let storage = home.open().await;
    // Another conversation that has an item, a turn and a canvas of the same ids.
    let taken = vec![
        opened(view(8)),
        started(ROOM + 1),
        completed(says(ROOM + 3, "mine")),
    ];
    storage.tell(8, taken).await.unwrap();
    let before = dump(&storage).await;
    let path = file(&home, "good.jsonl");
    let text: String = good.iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(&path, text).unwrap();
    let error = storage.import(&path).await.unwrap_err();
    let Fault::BadLine { text, .. } = &error.fault else {
        panic!("{error:?}")
    };
    assert!(text.contains("is there already"), "{text}");
    assert_eq!(dump(&storage).await, before);
}
