//! How the questions that are asked all the time find their rows: never by reading a whole table.

use super::support::*;
use rusqlite::Connection;

/// What the engine means to do, one line for each table it touches.
pub(super) fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection
        .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
        .unwrap();
    let count = statement.parameter_count();
    let nothing = vec![rusqlite::types::Null; count];
    let rows = statement
        .query_map(rusqlite::params_from_iter(nothing), |row| row.get(3))
        .unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// Reads that must not grow with the database, as they stand in this crate.
const HOT: &[&str] = &[
    "SELECT 1 FROM conversations WHERE id = ?1",
    "SELECT c.id, (SELECT t.id FROM turns t WHERE t.conversation = c.id AND t.ended_at IS NULL
        ORDER BY t.row LIMIT 1)
     FROM conversations c WHERE c.kind = ?1 AND (c.updated_at, c.id) < (?2, ?3)
     ORDER BY c.updated_at DESC, c.id DESC LIMIT ?4",
    "SELECT i.id, c.tool FROM items i LEFT JOIN tool_calls c ON c.item_row = i.row
     WHERE i.conversation = ?1 AND i.ordinal < ?2 AND NOT i.is_aside
     ORDER BY i.ordinal DESC LIMIT ?3",
    "SELECT id FROM turns WHERE conversation = ?1 AND NOT is_aside ORDER BY row",
    "SELECT seq FROM journal WHERE topic = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
    "SELECT coalesce(max(seq), 0) FROM journal WHERE topic = ?1",
    "SELECT coalesce(max(id), 0) FROM journal",
    "SELECT topic, max(seq), max(id) FROM journal NOT INDEXED WHERE id > ?1 GROUP BY topic",
    "SELECT coalesce(max(ordinal), 0) + 1 FROM items WHERE conversation = ?2",
    "SELECT i.id FROM items i WHERE i.turn = ?1 AND i.status IN ('pending', 'running')
     ORDER BY i.ordinal",
    "SELECT 1 FROM turns INDEXED BY turns_open WHERE ended_at IS NULL AND host IS ?1",
    "SELECT turn, input, host FROM queued WHERE conversation = ?1 ORDER BY row",
    "SELECT a.approval FROM approvals a INDEXED BY approvals_open JOIN turns t ON t.id = a.turn
     WHERE a.resolved_at IS NULL AND a.conversation = ?1",
    "SELECT v.body FROM canvases c
        JOIN canvas_versions v ON v.canvas = c.id AND v.version = c.version
     WHERE c.conversation = ?1 ORDER BY c.row",
    "SELECT item, from_item FROM summaries WHERE conversation = ?1",
    "SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1",
    "UPDATE conversations SET seq = ?2, updated_at = max(updated_at, ?3) WHERE id = ?1",
    "DELETE FROM queued WHERE turn = ?1",
    "DELETE FROM journal WHERE topic = ?1",
    "DELETE FROM conversations WHERE id = ?1",
];

#[tokio::test]
async fn hot_questions_read_no_table_whole() {
    let place = Place::new();
    let storage = place.open().await;
    storage
        .read(|connection| {
            for sql in HOT {
                let plan = plan(connection, sql);
                assert!(!plan.is_empty(), "{sql}");
                // A partial index of what is open is as short as what is open.
                let whole = plan.iter().find(|line| {
                    line.starts_with("SCAN") && !line.contains("_open") && !line.contains("audit")
                });
                assert_eq!(whole, None, "{sql}\n{plan:#?}");
                // Lists come in order from their index: sorting would read all before the first.
                let is_list = sql.contains("LIMIT");
                let sorted = plan
                    .iter()
                    .any(|line| line.contains("USE TEMP B-TREE FOR ORDER BY"));
                assert!(!(is_list && sorted), "{sql}\n{plan:#?}");
            }
            Ok(())
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn every_table_of_a_conversation_is_found_by_an_index_when_it_goes() {
    let place = Place::new();
    let storage = place.open().await;
    let missing = storage
        .read(|connection| {
            // Without one, deleting a conversation would read the whole table for each row that goes.
            let mut statement = connection.prepare(
                "SELECT m.name || '.' || f.\"from\" FROM sqlite_schema m, pragma_foreign_key_list(m.name) f
                 WHERE m.type = 'table' AND NOT EXISTS (
                     SELECT 1 FROM pragma_index_list(m.name) l, pragma_index_info(l.name) i
                     WHERE i.seqno = 0 AND i.name = f.\"from\" AND l.partial = 0)
                 AND NOT EXISTS (
                     SELECT 1 FROM pragma_table_info(m.name) t WHERE t.name = f.\"from\" AND t.pk = 1)",
            )?;
            let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        })
        .await
        .unwrap();
    assert_eq!(missing, Vec::<String>::new());
}

/// Pages that one append adds to the log: what has to be checksummed, written and synced.
async fn pages(storage: &crate::Storage, events: Vec<anteroom_api::Event>) -> i64 {
    let file = storage.personal();
    let count = async || {
        let found = file.alone(|connection| crate::writer::checkpoint(connection, "NOOP"));
        found.await.unwrap().0
    };
    let before = count().await;
    storage.tell(1, events).await.unwrap();
    count().await - before
}

#[tokio::test]
async fn a_turn_without_calls_writes_few_pages() {
    let place = Place::new();
    let storage = place.open().await;
    storage.tell(1, vec![opened(view(1))]).await.unwrap();
    let mut sums = Vec::new();
    for turn in 1..30 {
        let text = format!("some words of turn {turn}");
        let ask = completed(says(turn * 10, &text));
        let begin = vec![started(turn), ask];
        let answer = says(turn * 10 + 1, "");
        let announced = anteroom_api::Item {
            status: anteroom_api::Status::Running,
            ..answer
        };
        let end = vec![completed(says(turn * 10 + 1, &text))];
        let sum = pages(&storage, begin).await
            + pages(&storage, vec![begun(announced)]).await
            + pages(&storage, end).await;
        sums.push(sum);
    }
    sums.sort_unstable();
    // 31 when this was written; an index more on a hot table shows here.
    let middle = sums[sums.len() / 2];
    assert!(middle <= 40, "{sums:?}");
}

#[tokio::test]
async fn every_table_of_a_conversation_goes_with_it() {
    let place = Place::new();
    let storage = place.open().await;
    let others = storage
        .read(|connection| {
            let mut statement = connection.prepare(
                "SELECT DISTINCT m.name FROM sqlite_schema m, pragma_table_info(m.name) c
                 WHERE m.type = 'table' AND c.name IN ('conversation', 'root', 'topic')
                    AND NOT EXISTS (
                        SELECT 1 FROM pragma_foreign_key_list(m.name) f
                        WHERE f.\"from\" = c.name AND f.on_delete = 'CASCADE')
                 ORDER BY m.name",
            )?;
            let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        })
        .await
        .unwrap();
    // These are emptied by name in `conversations::delete`; calls go with their items.
    let by_name = [
        "changes",
        "journal",
        "prefix_tools",
        "prefixes",
        "tool_calls",
    ];
    assert_eq!(others, by_name);
}
