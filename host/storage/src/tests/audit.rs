//! The audit log: what leaves a record, and who tampers with it is told on.

use super::support::*;
use crate::{AuditCheck, AuditSeal, Storage};
use anteroom_api::{
    Approval, ApprovalEvent, AuditFilter, AuditRecord, CallDecision, ConversationEvent, EffectKind,
    EffectView, Event, ItemBody, Resolution, Scope, SettingEvent, Status, Tier, Topic,
};
use rusqlite::Connection;

async fn records(storage: &Storage, filter: AuditFilter) -> Vec<AuditRecord> {
    let mut records = storage.audit(filter, None, 100).await.unwrap().entries;
    records.reverse();
    records
}

fn line(record: &AuditRecord) -> String {
    let tool = record.tool.as_deref().unwrap_or("-");
    format!(
        "{} {} {tool} {} {} {}",
        record.number, record.action, record.effect, record.verdict, record.by
    )
}

fn decision(by: &str, resolution: Resolution) -> CallDecision {
    CallDecision {
        effect: format!("write a.txt for {by}"),
        tier: Tier::Write,
        resolution,
        by: by.into(),
        reasons: vec![],
        rule: None,
    }
}

fn approval() -> Approval {
    Approval {
        id: uuid(5, 1).into(),
        turn: turn_id(1),
        item: item_id(1),
        agent: None,
        tool: "write_file".into(),
        effect: EffectView {
            kind: EffectKind::FileWrite,
            summary: "a.txt".into(),
            detail: None,
            preview: None,
        },
        tier: Tier::Write,
        reasons: vec![],
        scopes: vec![],
        digest: "d1".into(),
        requested_at: AT,
        expires_at: AT,
    }
}

/// A conversation in which one call was decided by a person and by the policy.
async fn told(place: &Place) -> Storage {
    let storage = place.open().await;
    let allowed = Resolution::Allowed { scope: Scope::Once };
    let mut done = calls(1, Status::Completed);
    if let ItemBody::ToolCall(call) = &mut done.body {
        call.decisions = vec![
            decision("cli", allowed.clone()),
            decision("policy", allowed.clone()),
        ];
    }
    let resolved = ApprovalEvent::Resolved {
        approval: approval().id,
        resolution: allowed,
        by: "cli".into(),
    };
    let requested = ApprovalEvent::Requested {
        approval: Box::new(approval()),
    };
    storage
        .tell(1, vec![opened(view(1)), started(1)])
        .await
        .unwrap();
    storage
        .tell(
            1,
            vec![
                begun(calls(1, Status::Running)),
                Event::Approval(requested),
                Event::Approval(resolved),
                completed(done),
            ],
        )
        .await
        .unwrap();
    let key = "ai.model".to_string();
    let changed = Event::Setting(SettingEvent::Changed { key });
    let host = entry(Topic::Host, 2, vec![changed]);
    storage.append(host).await.unwrap();
    storage
}

#[tokio::test]
async fn decisions_and_effects_leave_records_and_words_do_not() {
    let place = Place::new();
    let storage = told(&place).await;
    storage
        .tell(1, vec![completed(says(2, "words"))])
        .await
        .unwrap();
    let all = records(&storage, AuditFilter::default()).await;
    let lines: Vec<String> = all.iter().map(line).collect();
    assert_eq!(
        lines,
        [
            "1 call_started read_file call read_file started host",
            "2 decision write_file a.txt allowed cli",
            "3 decision read_file write a.txt for policy allowed policy",
            "4 call read_file call read_file completed host",
            "5 setting - ai.model changed host",
        ]
    );
    assert_eq!(all[0].user, "u-1");
    assert_eq!(all[1].scope, Some(Scope::Once));
    assert_eq!(all[1].arguments.as_deref(), Some("d1"));
    assert_eq!(all[4].previous, all[3].hash);

    let only = AuditFilter {
        tool: Some("write_file".into()),
        verdict: Some("allowed".into()),
        ..AuditFilter::default()
    };
    let numbers = |records: Vec<AuditRecord>| -> Vec<u64> {
        records.iter().map(|record| record.number).collect()
    };
    assert_eq!(numbers(records(&storage, only).await), [2]);
    let page = storage
        .audit(AuditFilter::default(), None, 2)
        .await
        .unwrap();
    assert_eq!(numbers(page.entries), [5, 4]);
    let next = storage
        .audit(AuditFilter::default(), page.before, 2)
        .await
        .unwrap();
    assert_eq!(numbers(next.entries), [3, 2]);
}

#[tokio::test]
async fn a_deleted_conversation_leaves_its_records() {
    let place = Place::new();
    let storage = told(&place).await;
    let conversation = conversation_id(1);
    let deleted = Event::Conversation(ConversationEvent::Deleted { conversation });
    storage
        .append(entry(Topic::Host, 3, vec![deleted]))
        .await
        .unwrap();
    let of = AuditFilter {
        conversation: Some(conversation),
        ..AuditFilter::default()
    };
    assert_eq!(records(&storage, of).await.len(), 5);
    assert_eq!(storage.check_audit().await.unwrap().first_bad, None);
}

/// What a check says after `sql` was run by somebody who has the file and no scruples.
async fn after(sql: &str) -> AuditCheck {
    let place = Place::new();
    let storage = told(&place).await;
    storage.close().await.unwrap();
    let connection = Connection::open(place.file()).unwrap();
    let drop = "DROP TRIGGER audit_kept; DROP TRIGGER audit_unchanged;";
    connection.execute_batch(drop).unwrap();
    connection.execute_batch(sql).unwrap();
    drop_connection(connection);
    place.open().await.check_audit().await.unwrap()
}

fn drop_connection(connection: Connection) {
    connection.close().unwrap();
}

#[tokio::test]
async fn the_first_bad_record_is_named() {
    let check = async |sql: &str, number: u64, words: &str| {
        let bad = after(sql).await.first_bad.unwrap();
        assert_eq!((bad.number, bad.text.as_str()), (number, words), "{sql}");
    };
    check(
        "UPDATE audit SET record = replace(record, 'allowed', 'denied') WHERE number = 3",
        3,
        "it was changed: its hash is another one",
    )
    .await;
    check(
        "DELETE FROM audit WHERE number = 2",
        2,
        "it is missing; the next one there is 3",
    )
    .await;
    check(
        "DELETE FROM audit WHERE number = 1",
        1,
        "it is missing; the next one there is 2",
    )
    .await;
    check(
        "DELETE FROM audit WHERE number = 4; UPDATE audit SET number = 4 WHERE number = 5",
        4,
        "it does not continue the record before it",
    )
    .await;
    check(
        "UPDATE audit SET number = 99 WHERE number = 3;
         UPDATE audit SET number = 3 WHERE number = 4;
         UPDATE audit SET number = 4 WHERE number = 99",
        3,
        "it does not continue the record before it",
    )
    .await;
}

#[tokio::test]
async fn records_cannot_be_changed_or_removed_by_ordinary_means() {
    let place = Place::new();
    drop(told(&place).await);
    let connection = Connection::open(place.file()).unwrap();
    for sql in [
        "DELETE FROM audit",
        "UPDATE audit SET record = '{}'",
        "DELETE FROM audit_seals",
        "UPDATE audit_seals SET number = 1",
    ] {
        // The triggers look at rows: there must be one.
        let seal = "INSERT OR IGNORE INTO audit_seals VALUES (5, x'00', 0, '', x'00')";
        connection.execute(seal, []).unwrap();
        let refused = connection.execute(sql, []).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the audit log is only added to",
            "{sql}"
        );
    }
}

#[tokio::test]
async fn a_seal_covers_the_record_it_names_and_no_other() {
    let place = Place::new();
    let storage = told(&place).await;
    let head = storage.audit_head().await.unwrap();
    let seal = |head| AuditSeal {
        head,
        at: AT,
        public_key: "key".into(),
        signature: vec![1, 2, 3],
    };
    storage.seal_audit(seal(head)).await.unwrap();
    let mut other = head;
    other.number = 3;
    storage.seal_audit(seal(other)).await.unwrap();
    assert_eq!(storage.last_seal().await.unwrap(), Some(seal(head)));
    let checked = storage.check_audit().await.unwrap();
    let covering: Vec<(u64, bool)> = checked
        .seals
        .iter()
        .map(|sealed| (sealed.seal.head.number, sealed.is_covering))
        .collect();
    assert_eq!(covering, [(3, false), (5, true)]);
    assert_eq!((checked.head, checked.first_bad), (head, None));
}
