//! Steps from one schema to the next, on made-up schemas.

use super::support::*;
use crate::connection::{versions, writer};
use crate::error::with_ending;
use crate::migrate;
use crate::{Fault, files};
use rusqlite::Connection;
use std::path::Path;

const ONE: &str = "CREATE TABLE parent (id INTEGER PRIMARY KEY) STRICT;
    CREATE TABLE child (parent INTEGER NOT NULL REFERENCES parent (id) ON DELETE CASCADE) STRICT;
    INSERT INTO parent VALUES (1), (2); INSERT INTO child VALUES (1), (2);";
/// Rebuilds a table that another points at: with foreign keys in force, the children would go with it.
const TWO: &str = "CREATE TABLE other (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
    INSERT INTO other SELECT id, 'n' || id FROM parent;
    DROP TABLE parent; ALTER TABLE other RENAME TO parent;";
const THREE: &str = "ALTER TABLE parent ADD COLUMN note TEXT;";
const BROKEN: &str = "ALTER TABLE parent ADD COLUMN half TEXT; SELECT * FROM nowhere;";
const DANGLING: &str = "DELETE FROM parent WHERE id = 1;";

fn migrate(path: &Path, steps: &[&str]) -> Result<Connection, Fault> {
    migrate::check(path, steps)?;
    files::prepare(path)?;
    let mut connection = writer(path)?;
    migrate::run(&mut connection, path, steps)?;
    Ok(connection)
}

fn rows(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

fn backups(place: &Place) -> Vec<String> {
    let folder = place.folder.path().join("data");
    let names = contents(&folder)
        .into_keys()
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned());
    names.filter(|name| name.contains(".backup-")).collect()
}

#[test]
fn steps_are_taken_once_and_the_file_is_copied_first() {
    let place = Place::new();
    let path = place.file();
    let connection = migrate(&path, &[ONE]).unwrap();
    assert_eq!(versions(&connection).unwrap().0, 1);
    assert_eq!(backups(&place), Vec::<String>::new(), "nothing to copy yet");
    drop(connection);

    // Data that is still only in the log belongs into the copy.
    let connection = migrate(&path, &[ONE]).unwrap();
    connection
        .execute_batch("INSERT INTO parent VALUES (3)")
        .unwrap();
    let migrated = migrate(&path, &[ONE, TWO, THREE]).unwrap();
    assert_eq!(versions(&migrated).unwrap().0, 3);
    let names = rows(&migrated, "SELECT name FROM parent ORDER BY id");
    assert_eq!(names, ["n1", "n2", "n3"]);
    assert_eq!(
        rows(&migrated, "SELECT 'child' FROM child"),
        ["child", "child"]
    );
    let enforced = migrated.execute_batch("INSERT INTO child VALUES (9)");
    assert!(enforced.is_err(), "foreign keys are in force again");

    assert_eq!(backups(&place), ["anteroom.db.backup-v1"]);
    let copy = Connection::open(with_ending(&path, ".backup-v1")).unwrap();
    assert_eq!(versions(&copy).unwrap().0, 1);
    assert_eq!(
        rows(&copy, "SELECT 'p' || id FROM parent"),
        ["p1", "p2", "p3"]
    );
    assert_eq!(rows(&copy, "PRAGMA integrity_check"), ["ok"]);
    drop((connection, migrated, copy));

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let copy = with_ending(&path, ".backup-v1").metadata().unwrap();
        assert_eq!(copy.permissions().mode() & 0o777, 0o600);
    }
    migrate(&path, &[ONE, TWO, THREE]).unwrap();
    let older = migrate(&path, &[ONE]).unwrap_err();
    assert!(
        matches!(older, Fault::NewerSchema { found: 3, known: 1 }),
        "{older:?}"
    );
}

#[test]
fn a_step_that_fails_is_undone() {
    for (broken, before) in [(BROKEN, 2), (DANGLING, 2)] {
        let place = Place::new();
        let path = place.file();
        drop(migrate(&path, &[ONE]).unwrap());
        let fault = migrate(&path, &[ONE, TWO, broken]).unwrap_err();
        assert!(
            matches!(fault, Fault::Migration { version: 3, .. }),
            "{fault:?}"
        );
        assert_eq!(backups(&place), ["anteroom.db.backup-v1"]);

        // What came before it holds, and a program that knows better can go on from there.
        let connection = migrate(&path, &[ONE, TWO]).unwrap();
        assert_eq!(versions(&connection).unwrap().0, before);
        assert_eq!(rows(&connection, "SELECT name FROM parent"), ["n1", "n2"]);
        drop(connection);
        migrate(&path, &[ONE, TWO, THREE]).unwrap();
        assert_eq!(
            backups(&place),
            ["anteroom.db.backup-v1", "anteroom.db.backup-v2"]
        );
    }
}

#[test]
fn a_first_step_that_fails_leaves_an_empty_file() {
    let place = Place::new();
    let fault = migrate(
        &place.file(),
        &["CREATE TABLE t (x); SELECT * FROM nowhere"],
    );
    assert!(
        matches!(fault, Err(Fault::Migration { version: 1, .. })),
        "{fault:?}"
    );
    migrate(&place.file(), &[ONE]).unwrap();
}

#[test]
fn our_steps_are_strict() {
    let place = Place::new();
    let connection = migrate(&place.file(), migrate::STEPS).unwrap();
    let loose = rows(
        &connection,
        "SELECT name FROM pragma_table_list WHERE type = 'table' AND NOT strict
             AND schema = 'main' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'messages_text%'",
    );
    assert_eq!(loose, Vec::<String>::new());
}
