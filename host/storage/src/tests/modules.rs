//! What is kept of modules: grants that end, what was told, and what conversations were told first.

use super::support::*;
use crate::{GrantUse, PrefixGrowth, PrefixText, Storage, StoredPrefix, ToldModule};
use anteroom_api::{
    Capability, ConversationEvent, Event, GrantOp, GrantReach, GrantWhere, ModuleEvent, ModuleId,
    Topic, UnixMillis,
};

const HASH: &str = "c0ffee";
const HERE: &str = "/work/space";

fn csv() -> ModuleId {
    ModuleId("csv".to_string())
}

fn grant(capability: Capability, place: GrantWhere) -> GrantOp {
    GrantOp {
        module: csv(),
        hash: HASH.to_string(),
        capability,
        reach: GrantReach::default(),
        place,
        expires_at: None,
        calls: None,
    }
}

async fn give(storage: &Storage, grants: Vec<GrantOp>) {
    let events = grants
        .into_iter()
        .map(|grant| Event::Module(ModuleEvent::Granted { grant, at: AT }));
    let entry = entry(Topic::Host, 0, events.collect());
    storage.append(entry).await.unwrap();
}

/// The capabilities a call gets, and what is left of each grant after it.
async fn call(storage: &Storage, wanted: &[Capability], at: i64) -> Vec<(Capability, Option<u32>)> {
    let used = storage.use_grants(GrantUse {
        module: csv(),
        hash: HASH.to_string(),
        workspace: HERE.to_string(),
        capabilities: wanted.to_vec(),
        at: AT.plus(at),
    });
    let used = used.await.unwrap();
    let left = storage.grants(HASH).await.unwrap();
    let left_of = |grant: &GrantOp| {
        let mut left = left.iter();
        let found =
            left.find(|other| (other.capability, &other.place) == (grant.capability, &grant.place));
        found.unwrap().calls
    };
    used.iter()
        .map(|grant| (grant.capability, left_of(grant)))
        .collect()
}

#[tokio::test]
async fn a_call_is_taken_off_before_it_is_lent() {
    let place = Place::new();
    let storage = place.open().await;
    let read = Capability::FilesRead;
    let counted = |calls| GrantOp {
        calls: Some(calls),
        ..grant(read, GrantWhere::Everywhere)
    };
    give(
        &storage,
        vec![counted(2), grant(Capability::Ask, GrantWhere::Everywhere)],
    )
    .await;
    assert_eq!(call(&storage, &[], 0).await, []);
    let ask = (Capability::Ask, None);
    assert_eq!(call(&storage, &[Capability::Ask], 0).await, [ask]);
    assert_eq!(call(&storage, &[read], 0).await, [(read, Some(1))]);
    // It is on the disk, whoever opens the file next.
    storage.close().await.unwrap();
    let storage = place.open().await;
    assert_eq!(
        call(&storage, &[read, Capability::Ask], 0).await,
        [ask, (read, Some(0))]
    );
    assert_eq!(call(&storage, &[read], 0).await, []);
    // A grant without a number spares the counted one.
    give(
        &storage,
        vec![counted(1), grant(read, GrantWhere::Workspace(HERE.into()))],
    )
    .await;
    assert_eq!(
        call(&storage, &[read], 0).await,
        [(read, Some(1)), (read, None)]
    );
}

#[tokio::test]
async fn calls_at_once_share_what_is_left() {
    let place = Place::new();
    let storage = place.open().await;
    let read = Capability::FilesRead;
    let counted = GrantOp {
        calls: Some(3),
        ..grant(read, GrantWhere::Everywhere)
    };
    give(&storage, vec![counted]).await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let storage = storage.clone();
        calls.spawn(async move { call(&storage, &[read], 0).await.len() });
    }
    assert_eq!(calls.join_all().await.into_iter().sum::<usize>(), 3);
}

#[tokio::test]
async fn a_grant_ends_at_its_time_and_holds_in_its_place() {
    let place = Place::new();
    let storage = place.open().await;
    let read = Capability::FilesRead;
    let short = GrantOp {
        expires_at: Some(UnixMillis(AT.0 + 10)),
        ..grant(read, GrantWhere::Workspace(HERE.into()))
    };
    let elsewhere = grant(Capability::Ask, GrantWhere::Workspace("/elsewhere".into()));
    give(&storage, vec![short.clone(), elsewhere.clone()]).await;
    let all = [read, Capability::Ask];
    assert_eq!(call(&storage, &all, 9).await, [(read, None)]);
    assert_eq!(call(&storage, &all, 10).await, []);
    let revoked = ModuleEvent::Revoked {
        module: csv(),
        capability: Some(read),
    };
    let revoked = entry(Topic::Host, 0, vec![Event::Module(revoked)]);
    storage.append(revoked).await.unwrap();
    assert_eq!(storage.grants(HASH).await.unwrap(), [elsewhere]);
    assert!(storage.has_grants(&csv()).await.unwrap());
    assert!(!storage.has_grants(&ModuleId("other".into())).await.unwrap());
}

#[tokio::test]
async fn a_grant_is_for_one_binary_of_one_module() {
    let place = Place::new();
    let storage = place.open().await;
    let read = Capability::FilesRead;
    give(&storage, vec![grant(read, GrantWhere::Everywhere)]).await;
    let wanted = |module: &str, hash: &str| GrantUse {
        module: ModuleId(module.to_string()),
        hash: hash.to_string(),
        workspace: HERE.to_string(),
        capabilities: vec![read],
        at: AT,
    };
    for (module, hash, expected) in [("csv", HASH, 1), ("csv", "beef", 0), ("other", HASH, 0)] {
        let used = storage.use_grants(wanted(module, hash)).await.unwrap();
        assert_eq!(used.len(), expected, "{module} {hash}");
    }
}

#[tokio::test]
async fn of_all_who_see_a_change_the_first_is_told_that_it_is_news() {
    let place = Place::new();
    let storage = place.open().await;
    let other = place.open().await;
    let told = |hash: &str, problem: Option<&str>| ToldModule {
        path: "/tools/csv.wasm".into(),
        folder: "/tools".into(),
        module: csv(),
        hash: hash.into(),
        problem: problem.map(str::to_string),
    };
    assert!(storage.note_module(told("a", None)).await.unwrap());
    assert!(!other.note_module(told("a", None)).await.unwrap());
    assert!(other.note_module(told("a", Some("clash"))).await.unwrap());
    assert!(storage.note_module(told("b", Some("clash"))).await.unwrap());
    assert!(!other.note_module(told("b", Some("clash"))).await.unwrap());
    assert_eq!(
        other.told_modules("/tools").await.unwrap(),
        [told("b", Some("clash"))]
    );
    assert_eq!(other.told_modules("/other").await.unwrap(), []);
    assert!(storage.note_module_gone("/tools/csv.wasm").await.unwrap());
    assert!(!other.note_module_gone("/tools/csv.wasm").await.unwrap());
}

#[tokio::test]
async fn what_is_off_stays_off() {
    let place = Place::new();
    let storage = place.open().await;
    let switched = |is_enabled| {
        let module = csv();
        let event = ModuleEvent::Switched { module, is_enabled };
        entry(Topic::Host, 0, vec![Event::Module(event)])
    };
    storage.append(switched(false)).await.unwrap();
    storage.append(switched(false)).await.unwrap();
    assert_eq!(storage.modules_off().await.unwrap(), [csv()]);
    storage.append(switched(true)).await.unwrap();
    assert_eq!(storage.modules_off().await.unwrap(), []);
}

fn text(text: &str) -> PrefixText {
    let mut hash = [0; 32];
    hash[..text.len()].copy_from_slice(text.as_bytes());
    PrefixText {
        hash,
        text: text.to_string(),
    }
}

fn prefix(system: &str, tools: &[&str]) -> StoredPrefix {
    StoredPrefix {
        system: text(system),
        tools: tools.iter().map(|tool| text(tool)).collect(),
        told: tools.len(),
    }
}

#[tokio::test]
async fn a_prefix_only_grows_and_goes_with_its_conversation() {
    let place = Place::new();
    let storage = place.open().await;
    for number in [1, 2] {
        storage
            .tell(number, vec![opened(view(number))])
            .await
            .unwrap();
    }
    let (one, two) = (conversation_id(1), conversation_id(2));
    assert_eq!(storage.prefix(one).await.unwrap(), None);
    let keep = async |id, growth| storage.keep_prefix(id, growth).await.unwrap();
    assert!(keep(one, prefix("be kind", &["grep", "bash"]).into()).await);
    assert!(keep(two, prefix("be kind", &["grep"]).into()).await);
    // What was sent stays as it was, and only what was sent behind it is added.
    let more = |told: usize, tool: &str| PrefixGrowth {
        system: None,
        told,
        tools: vec![text(tool)],
    };
    assert!(!keep(one, prefix("be bold", &["grep 2"]).into()).await);
    assert!(!keep(one, more(1, "wc")).await);
    assert!(!keep(conversation_id(3), more(0, "wc")).await);
    assert!(keep(one, more(2, "look")).await);
    assert_eq!(
        storage
            .outset(one, String::new())
            .await
            .unwrap()
            .prefix_tools,
        3
    );
    let kept = prefix("be kind", &["grep", "bash", "look"]);
    assert_eq!(storage.prefix(one).await.unwrap(), Some(kept));
    // What was looked up goes again, and comes again; no number is given twice.
    let hash = |tool: &str| text(tool).hash;
    let change = async |dropped: &[&str], added: &[&str]| {
        let dropped = dropped.iter().map(|tool| hash(tool)).collect();
        let added = added.iter().map(|tool| text(tool)).collect();
        storage.change_prefix(one, (dropped, added)).await.unwrap();
        let prefix = storage.prefix(one).await.unwrap().unwrap();
        let outset = storage.outset(one, String::new()).await.unwrap();
        assert_eq!(outset.prefix_tools, prefix.told);
        let tools = prefix.tools.into_iter().map(|tool| tool.text);
        (tools.collect::<Vec<_>>().join(" "), prefix.told)
    };
    assert_eq!(
        change(&["look"], &["hear"]).await,
        ("grep bash hear".into(), 4)
    );
    assert_eq!(
        change(&["grep"], &["look"]).await,
        ("bash hear look".into(), 5)
    );
    assert_eq!(
        change(&["hear", "look"], &["grep"]).await,
        ("bash grep".into(), 6)
    );
    assert!(keep(one, more(6, "wc")).await);
    assert_eq!(change(&[], &[]).await, ("bash grep wc".into(), 7));
    assert_eq!(texts(&storage).await, ["bash", "be kind", "grep", "wc"]);
    let deleted = Event::Conversation(ConversationEvent::Deleted { conversation: one });
    let deleted = entry(Topic::Host, 0, vec![deleted]);
    storage.append(deleted).await.unwrap();
    assert_eq!(storage.prefix(one).await.unwrap(), None);
    // Texts that another conversation was told are kept for it.
    let kept = prefix("be kind", &["grep"]);
    assert_eq!(storage.prefix(two).await.unwrap(), Some(kept));
    assert_eq!(texts(&storage).await, ["be kind", "grep"]);
    storage.forget_prefix(two).await.unwrap();
    assert_eq!(texts(&storage).await, [""; 0]);
}

async fn texts(storage: &Storage) -> Vec<String> {
    let texts = storage.read(|connection| {
        let sql = "SELECT text FROM prefix_texts ORDER BY text";
        let mut statement = connection.prepare(sql)?;
        let found = statement.query_map([], |row| row.get(0))?;
        Ok(found.collect::<Result<_, _>>()?)
    });
    texts.await.unwrap()
}
