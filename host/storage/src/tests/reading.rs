//! Lists, pages, searches and rules.

use super::support::*;
use crate::migrate::{STEPS, newest};
use crate::{Entry, Fault, Storage};
use anteroom_api::{
    CallDecision, Content, ConversationId, ConversationKind, ConversationView, Event, Item,
    ItemBody, Resolution, RuleEvent, RuleView, Scope, SearchHit, Status, Tier, Topic,
};

#[tokio::test]
async fn conversations_are_listed_most_recently_used_first() {
    let place = Place::new();
    let storage = place.open().await;
    // Two share a time; one is a child agent's; one is used again later.
    for (number, at) in [(1, 10), (2, 20), (3, 30), (4, 30), (5, 50)] {
        let kind = if number == 5 {
            ConversationKind::Agent
        } else {
            ConversationKind::Chat
        };
        let view = ConversationView {
            kind,
            ..view(number)
        };
        let entry = entry(topic(number), at, vec![opened(view)]);
        storage.append(entry).await.unwrap();
    }
    storage
        .append(entry(topic(1), 40, vec![started(1)]))
        .await
        .unwrap();
    // A clock that went back does not move it down.
    storage
        .append(entry(topic(1), 5, vec![started(1)]))
        .await
        .unwrap();

    let expected: Vec<ConversationId> = [1, 4, 3, 2].map(conversation_id).to_vec();
    for limit in [0, 1, 2, 3, 4, 100, u32::MAX] {
        let mut found = Vec::new();
        let mut before = None;
        loop {
            let page = storage.conversations(before, limit).await.unwrap();
            assert!(page.entries.len() <= limit.max(1) as usize);
            found.extend(page.entries.into_iter().map(|view| view.id));
            before = page.before;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(found, expected, "{limit}");
    }
}

#[tokio::test]
async fn items_are_paged_backwards_and_shown_forwards() {
    let place = Place::new();
    let storage = place.open().await;
    let id = conversation_id(1);
    // Ids in no order: an item's place is when it came, not what it is called.
    let items: Vec<Item> = [5, 3, 9, 1, 7].map(|n| says(n, "words")).to_vec();
    let mut events = vec![opened(view(1))];
    events.extend(items.iter().cloned().map(completed));
    storage.tell(1, events).await.unwrap();
    storage
        .tell(2, vec![opened(view(2)), completed(says(50, "other"))])
        .await
        .unwrap();

    for limit in [0, 1, 2, 3, 5, 6] {
        let mut found: Vec<Item> = Vec::new();
        let mut before = None;
        loop {
            let page = storage.items(id, before.into(), limit).await.unwrap();
            assert!(page.entries.len() <= limit.max(1) as usize);
            found.splice(0..0, page.entries);
            before = page.before;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(found, items, "{limit}");
    }
    assert_eq!(storage.all_items(id).await.unwrap(), items);
    let nobody = storage
        .items(conversation_id(3), anteroom_api::ItemsAt::Newest, 5)
        .await
        .unwrap();
    assert_eq!((nobody.entries, nobody.before), (vec![], None));
}

#[tokio::test]
async fn cursors_of_others_are_refused() {
    let place = Place::new();
    let storage = place.open().await;
    let is_refused = |fault: Fault| matches!(fault, Fault::BadCursor(_));
    for cursor in [
        "",
        "x",
        "1.x",
        "x.1",
        "99999999999999999999",
        "'; DROP TABLE items",
    ] {
        let listed = storage.conversations(Some(cursor.to_string()), 5).await;
        assert!(is_refused(listed.unwrap_err().fault), "{cursor}");
        let paged = storage
            .items(conversation_id(1), Some(cursor.to_string()).into(), 5)
            .await;
        assert!(is_refused(paged.unwrap_err().fault), "{cursor}");
    }
}

async fn library(place: &Place) -> Storage {
    let storage = place.open().await;
    let asks = |number, text: &str| {
        let content = vec![Content::text(text)];
        item(
            number,
            1,
            Status::Completed,
            ItemBody::UserMessage { content },
        )
    };
    let thinks = |number, text: &str| {
        let text = text.to_string();
        item(number, 1, Status::Completed, ItemBody::Reasoning { text })
    };
    let events = vec![
        opened(view(1)),
        completed(asks(1, "How do I configure the linker?")),
        completed(says(
            2,
            "The linker is configured in `config.toml`. The linker, again.",
        )),
        completed(thinks(3, "the linker must not be found here")),
        completed(calls(4, Status::Completed)),
        completed(says(
            5,
            "Größe und CAFÉ: 日本語の文章 (foo-bar_baz) AND or \"quoted\"",
        )),
        completed(says(6, "marks \u{2}of\u{3} our own\0")),
        begun(item(
            7,
            1,
            Status::Running,
            ItemBody::AgentMessage {
                text: "linker".to_string(),
            },
        )),
        completed(says(8, "link")),
    ];
    storage.tell(1, events).await.unwrap();
    let child = ConversationView {
        kind: ConversationKind::Agent,
        parent: Some(item_id(4)),
        ..view(2)
    };
    let words = completed(says(20, "the child knows the linker"));
    storage.tell(2, vec![opened(child), words]).await.unwrap();
    storage
}

#[tokio::test]
async fn a_search_finds_messages_with_all_words() {
    let place = Place::new();
    let storage = library(&place).await;
    let cases: &[(&str, &[u32])] = &[
        ("linker", &[2, 1]),
        ("LINKER config", &[2, 1]),
        ("linker again", &[2]),
        ("link", &[8, 2, 1]),
        ("link ", &[8]),
        ("lin toml", &[]),
        ("l", &[]),
        ("i", &[1]),
        ("grosse", &[]),
        ("große", &[5]),
        ("grö", &[5]),
        ("cafe", &[5]),
        ("日本", &[5]),
        ("日", &[5]),
        ("foo-bar", &[5]),
        ("foo-bar_b", &[5]),
        ("and", &[5]),
        ("linker OR cafe", &[]),
        ("NOT linker", &[]),
        ("\"quoted\"", &[5]),
        ("\"", &[]),
        ("*", &[]),
        ("text:linker", &[]),
        ("marks of our", &[6]),
        ("", &[]),
    ];
    for (words, expected) in cases {
        let hits = storage.search(words, 10).await.unwrap();
        let found: Vec<_> = hits.iter().map(|hit| hit.item).collect();
        let expected: Vec<_> = expected.iter().map(|n| Some(item_id(*n))).collect();
        assert_eq!(found, expected, "{words:?}");
        let limited = storage.search(words, 1).await.unwrap();
        assert_eq!(limited, hits.get(..1).unwrap_or_default(), "{words:?}");
    }
}

#[tokio::test]
async fn a_hit_shows_its_words_in_context() {
    let place = Place::new();
    let storage = library(&place).await;
    let hit = |item, snippet: &str| SearchHit {
        conversation: conversation_id(1),
        title: "conversation 1".to_string(),
        kind: ConversationKind::Chat,
        item: Some(item_id(item)),
        snippet: snippet.to_string(),
    };
    let cases = [
        (
            "again",
            hit(
                2,
                "The linker is configured in `config.toml`. The linker, \u{2}again\u{3}.",
            ),
        ),
        ("own", hit(6, "marks  of  our \u{2}own\u{3} ")),
    ];
    for (words, expected) in cases {
        assert_eq!(storage.search(words, 10).await.unwrap(), [expected]);
    }
    let long = format!("{} needle {}", "before ".repeat(100), "after ".repeat(100));
    storage
        .tell(1, vec![completed(says(30, &long))])
        .await
        .unwrap();
    let hits = storage.search("needle", 10).await.unwrap();
    let snippet = &hits[0].snippet;
    assert!(
        snippet.starts_with('…') && snippet.ends_with('…'),
        "{snippet}"
    );
    assert!(
        snippet.contains("\u{2}needle\u{3}") && snippet.len() < 300,
        "{snippet}"
    );
}

#[tokio::test]
async fn rules_are_kept_by_words_and_place() {
    let place = Place::new();
    let storage = place.open().await;
    let rule = |rule: &str, workspace: Option<&str>, at| RuleView {
        rule: rule.to_string(),
        workspace: workspace.map(str::to_string),
        created_at: AT.plus(at),
        expires_at: (at > 2).then(|| AT.plus(100)),
        used_at: None,
    };
    let keep = |rule| Event::Rule(RuleEvent::Kept { rule });
    let revoke = |rule: &str, workspace: Option<&str>| {
        Event::Rule(RuleEvent::Revoked {
            rule: rule.to_string(),
            workspace: workspace.map(str::to_string),
        })
    };
    let here = Some("/work/space");
    let newer = rule("bash:ls *", here, 3);
    let kept = vec![
        keep(rule("read_file", None, 2)),
        keep(rule("bash:ls *", here, 1)),
        keep(rule("bash:ls *", None, 0)),
        keep(newer.clone()),
    ];
    storage.append(entry(Topic::Host, 1, kept)).await.unwrap();
    let all = [
        rule("bash:ls *", None, 0),
        rule("read_file", None, 2),
        newer,
    ];
    assert_eq!(storage.rules().await.unwrap(), all);
    let revoked = vec![revoke("bash:ls *", None), revoke("read_file", here)];
    storage
        .append(entry(Topic::Host, 2, revoked))
        .await
        .unwrap();
    assert_eq!(storage.rules().await.unwrap(), all[1..]);
}

#[tokio::test]
async fn a_rule_knows_when_it_last_let_a_call_through() {
    let place = Place::new();
    let storage = place.open().await;
    let rule = |rule: &str, workspace: &str| RuleView {
        rule: rule.to_string(),
        workspace: Some(workspace.to_string()),
        created_at: AT,
        expires_at: None,
        used_at: None,
    };
    let kept = [
        rule("bash:ls *", "/work/space"),
        rule("bash:ls *", "/elsewhere"),
        rule("bash:rm *", "/work/space"),
    ];
    let kept = kept.map(|rule| Event::Rule(RuleEvent::Kept { rule }));
    let kept = entry(Topic::Host, 0, kept.to_vec());
    storage.append(kept.clone()).await.unwrap();
    let decided = |rule: &str, resolution| CallDecision {
        effect: "make".to_string(),
        tier: Tier::Execute,
        resolution,
        by: "rule".to_string(),
        reasons: Vec::new(),
        rule: Some(rule.to_string()),
    };
    let allowed = Resolution::Allowed {
        scope: Scope::Always,
    };
    let mut call = calls(30, Status::Completed);
    if let ItemBody::ToolCall(call) = &mut call.body {
        call.decisions = vec![
            decided("bash:ls *", allowed),
            decided("bash:rm *", Resolution::Denied { reason: None }),
        ];
    }
    let told = vec![opened(view(1)), started(1), completed(call)];
    storage.tell(1, told).await.unwrap();
    // Keeping it again does not make it unused.
    storage.append(kept).await.unwrap();
    let rules = storage.rules().await.unwrap();
    let used: Vec<_> = rules
        .iter()
        .filter(|rule| rule.used_at.is_some())
        .map(|rule| (rule.rule.as_str(), rule.workspace.as_deref(), rule.used_at))
        .collect();
    let expected = ("bash:ls *", Some("/work/space"), Some(AT.plus(1)));
    assert_eq!(used, [expected]);
}

#[tokio::test]
async fn the_status_counts() {
    let place = Place::new();
    let storage = library(&place).await;
    let status = storage.status().await.unwrap();
    assert_eq!(status.path, place.file());
    assert_eq!(
        (
            status.schema,
            status.conversations,
            status.turns,
            status.items,
            status.events
        ),
        (newest(STEPS), 2, 0, 9, 11)
    );
    assert!(status.size_bytes > 0 && status.log_bytes > 0);
    check_index(&storage).await;
}

#[tokio::test]
async fn rows_tell_whose_they_are() {
    let place = Place::new();
    let storage = place.open().await;
    storage
        .tell(
            1,
            vec![opened(view(1)), started(1), completed(says(1, "x"))],
        )
        .await
        .unwrap();
    let anonymous = Entry {
        user: None,
        ..entry(topic(1), 2, vec![completed(says(1, "y")), started(2)])
    };
    storage.append(anonymous).await.unwrap();
    let names = storage
        .read(|connection| {
            let mut statement = connection.prepare(
                "SELECT user_id || '/' || user_display_name FROM conversations
                 UNION ALL SELECT user_id || '/' || user_display_name FROM items
                 UNION ALL SELECT user_id || '/' || user_display_name FROM turns",
            )?;
            let names = statement.query_map([], |row| row.get::<_, Option<String>>(0))?;
            Ok(names.collect::<Result<Vec<_>, _>>()?)
        })
        .await
        .unwrap();
    let ada = Some("u-1/Ada".to_string());
    assert_eq!(names, [ada.clone(), ada.clone(), ada, None]);
}
