//! The audit log tells on whoever changes, removes or reorders its records, cuts its end off, or signs with
//! another key.

use crate::support::endpoint::Reply;
use crate::support::scene::Scene;
use anteroom_api::{AuditFilter, AuditReport};
use rusqlite::Connection;
use serde_json::json;

/// A stopped host that has written one file, with its log signed.
async fn written() -> Scene {
    let mut scene = Scene::new([
        Reply::call("write_file", json!({ "path": "a.txt", "content": "x" })),
        Reply::text("done"),
    ])
    .await;
    scene.run("write").await;
    scene.stop().await;
    scene
}

fn database(scene: &Scene) -> Connection {
    let connection = Connection::open(scene.home().join("anteroom.db")).unwrap();
    let triggers = "DROP TRIGGER audit_kept; DROP TRIGGER audit_unchanged;
        DROP TRIGGER audit_seals_kept; DROP TRIGGER audit_seals_unchanged;";
    connection.execute_batch(triggers).unwrap();
    connection
}

/// What the log says of itself after somebody did something to it.
async fn after(tamper: impl FnOnce(&Scene)) -> AuditReport {
    let mut scene = written().await;
    tamper(&scene);
    scene.start(&[]).await;
    let report = scene.handle().read().audit_report().await.unwrap();
    scene.stop().await;
    report
}

async fn bad(tamper: impl FnOnce(&Scene)) -> (u64, String) {
    let bad = after(tamper).await.first_bad.expect("nothing was noticed");
    (bad.number, bad.text)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_untouched_log_proves_itself_and_names_what_was_done() {
    let mut scene = written().await;
    scene.start(&[]).await;
    let handle = scene.handle();
    let report = handle.read().audit_report().await.unwrap();
    assert_eq!((report.first_bad, report.remarks.len()), (None, 0));
    assert!(report.signatures > 0);
    let page = handle
        .read()
        .audit(AuditFilter::default(), None, 100)
        .await
        .unwrap();
    let mut said: Vec<(String, String, String)> = page
        .entries
        .into_iter()
        .filter(|record| record.tool.is_some())
        .map(|record| (record.action, record.verdict, record.by))
        .collect();
    said.reverse();
    let expected = [
        ("call_started", "started", "host"),
        ("decision", "allowed", "policy"),
        ("call", "completed", "host"),
    ];
    let expected = expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()));
    assert_eq!(said, expected);
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_are_kept_as_a_hash_unless_a_setting_says_otherwise() {
    let kept = async |settings: &[(&str, serde_json::Value)]| {
        let mut scene = Scene::with_settings(
            [
                Reply::call("write_file", json!({ "path": "a.txt", "content": "x" })),
                Reply::text("done"),
            ],
            settings,
        )
        .await;
        scene.run("write").await;
        let only = AuditFilter {
            action: Some("call_started".into()),
            ..AuditFilter::default()
        };
        let handle = scene.handle();
        let page = handle.read().audit(only, None, 10).await.unwrap();
        scene.stop().await;
        page.entries[0].arguments.clone().unwrap()
    };
    let hashed = kept(&[]).await;
    assert!(hashed.len() == 64 && !hashed.contains("a.txt"), "{hashed}");
    let full = kept(&[("audit.full_arguments", json!(true))]).await;
    assert!(full.contains("a.txt"), "{full}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_record_is_named() {
    let changed = bad(|scene| {
        let sql = "UPDATE audit SET record = replace(record, 'allowed', 'denied') WHERE number = 2";
        assert_eq!(database(scene).execute(sql, []).unwrap(), 1);
    })
    .await;
    assert_eq!(
        changed,
        (2, "it was changed: its hash is another one".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_end_is_noticed_although_its_signatures_were_cut_too() {
    let (number, text) = bad(|scene| {
        let cut = "DELETE FROM audit WHERE number > 1; DELETE FROM audit_seals WHERE number > 1";
        database(scene).execute_batch(cut).unwrap();
    })
    .await;
    assert_eq!(number, 2);
    assert!(
        text.starts_with("it is missing with all behind it"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_end_stays_noticed_when_the_log_grows_again() {
    let mut scene = written().await;
    let cut = "DELETE FROM audit WHERE number > 1; DELETE FROM audit_seals WHERE number > 1";
    database(&scene).execute_batch(cut).unwrap();
    scene.start(&[]).await;
    for text in ["one", "two", "three"] {
        scene.endpoint.say(Reply::call(
            "write_file",
            json!({ "path": format!("{text}.txt"), "content": text }),
        ));
        scene.endpoint.say(Reply::text("done"));
        scene.run(text).await;
    }
    scene.stop().await;
    scene.start(&[]).await;
    let report = scene.handle().read().audit_report().await.unwrap();
    assert!(report.first_bad.is_some(), "{report:?}");
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_was_taken_away_is_not_made_anew() {
    let mut scene = written().await;
    let cut = "DELETE FROM audit WHERE number > 2; DELETE FROM audit_seals WHERE number > 2;
        INSERT OR IGNORE INTO audit_seals SELECT number, hash, 0, (SELECT public_key FROM kept), x'00'
        FROM audit WHERE number = 2";
    let database = database(&scene);
    let keep = "CREATE TEMP TABLE kept AS SELECT public_key FROM audit_seals LIMIT 1";
    database.execute_batch(keep).unwrap();
    database.execute_batch(cut).unwrap();
    drop(database);
    let head = scene.home().join("audit-head.json");
    std::fs::remove_file(&head).unwrap();
    scene.start(&[]).await;
    scene.endpoint.say(Reply::call(
        "write_file",
        json!({ "path": "b.txt", "content": "y" }),
    ));
    scene.endpoint.say(Reply::text("done"));
    scene.run("again").await;
    scene.stop().await;
    assert!(!head.exists(), "it vouches for what was left");
    scene.start(&[]).await;
    let report = scene.handle().read().audit_report().await.unwrap();
    assert!(report.first_bad.is_some(), "{report:?}");
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_made_anew_does_not_fit_its_signatures() {
    let (_, text) = bad(|scene| {
        // Signatures over other hashes, as a chain computed anew would have.
        let sql = "UPDATE audit_seals SET hash = zeroblob(32)";
        database(scene).execute(sql, []).unwrap();
    })
    .await;
    assert_eq!(text, "its signature is not ours");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_or_forged_head_is_no_proof() {
    let (_, text) = bad(|scene| {
        std::fs::remove_file(scene.home().join("audit-head.json")).unwrap();
    })
    .await;
    assert!(text.contains("is gone from the home folder"), "{text}");

    let (_, text) = bad(|scene| {
        let file = scene.home().join("audit-head.json");
        let head = std::fs::read_to_string(&file).unwrap();
        let forged = head.replacen("\"number\":", "\"number\":1", 1);
        std::fs::write(&file, forged).unwrap();
    })
    .await;
    assert!(text.contains("is not signed by this identity"), "{text}");
}

/// Whole in itself, and even signed with the same key: two scenes have the same.
#[tokio::test(flavor = "multi_thread")]
async fn another_log_in_the_place_of_ours_is_not_ours() {
    let theirs = written().await;
    let report = after(|scene| {
        let file = |of: &Scene| of.home().join("anteroom.db");
        for ending in ["-wal", "-shm"] {
            std::fs::remove_file(format!("{}{ending}", file(scene).display())).ok();
        }
        std::fs::copy(file(&theirs), file(scene)).unwrap();
    })
    .await;
    let bad = report.first_bad.expect("nothing was noticed");
    assert_eq!(bad.text, "it is not the record that was signed");
    assert!(report.signatures > 0 && report.remarks.is_empty());
}
