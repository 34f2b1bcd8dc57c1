//! Taking changes back: everything a call can do to a name, nothing that somebody else did since, and never
//! through a link.

use super::fixture::{Call, Home, YES};
use crate::wasm::files::{End, FileState, Recorded, Taken, take_back};
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

/// What a call did, as it was written down, newest first.
async fn done(home: &Home, mut call: Call) -> Vec<Recorded> {
    call.table = wasmtime::component::ResourceTable::new();
    call.state.keeping.finish(&home.session).await;
    recorded(home, 0)
}

/// What was written down from a row on, newest first.
fn recorded(home: &Home, from: usize) -> Vec<Recorded> {
    let rows = home.book.rows.lock().unwrap();
    let record = |(row, (change, end)): (usize, &(_, Option<End>))| {
        let change: &crate::wasm::files::Change = change;
        let (after, doubt) = match end.clone() {
            Some(End::Void) => return None,
            Some(End::Became(state)) => (Some(state), None),
            Some(End::Unknown(why)) => (None, Some(why)),
            None => (None, None),
        };
        Some(Recorded {
            row: row.try_into().unwrap(),
            path: change.path.clone(),
            moved_from: change.moved_from.clone(),
            before: change.before.clone(),
            after,
            obstacle: change.obstacle.clone(),
            doubt,
        })
    };
    let changes = rows.iter().enumerate().skip(from).filter_map(record);
    let mut changes: Vec<Recorded> = changes.collect();
    changes.reverse();
    changes
}

async fn undo(home: &Home, changes: &[Recorded], is_forced: bool) -> Vec<Taken> {
    let mut taken = Vec::new();
    for change in changes {
        let one = take_back(&home.session, &*home.book, change, is_forced).await;
        taken.push(one.unwrap());
    }
    taken
}

fn is_skipped(taken: &Taken, words: &str) -> bool {
    matches!(taken, Taken::Skipped(reason) if reason.contains(words))
}

/// Every file, folder and link of the workspace, with content and permissions.
fn tree(home: &Home) -> Vec<String> {
    fn walk(folder: &std::path::Path, name: &str, into: &mut Vec<String>) {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        for entry in entries {
            let name = format!("{name}/{}", entry.file_name().to_string_lossy());
            let facts = fs::symlink_metadata(entry.path()).unwrap();
            let mode = facts.permissions().mode() & 0o777;
            if facts.is_symlink() {
                let target = fs::read_link(entry.path()).unwrap();
                into.push(format!("{name} -> {}", target.display()));
            } else if facts.is_dir() {
                into.push(format!("{name} {mode:o}"));
                walk(&entry.path(), &name, into);
            } else {
                let text = fs::read_to_string(entry.path()).unwrap();
                into.push(format!("{name} {mode:o} {text}"));
            }
        }
    }
    let mut all = Vec::new();
    walk(&home.path(""), "", &mut all);
    all.sort();
    all
}

#[tokio::test]
async fn everything_a_call_does_to_names_can_be_taken_back_and_that_as_well() {
    let home = Home::new();
    home.put("run.sh", "true");
    fs::set_permissions(home.path("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    home.symlink("a.txt", "link");
    let before = tree(&home);
    let mut call = home.call(|_| YES);
    call.write("a.txt", "one").await.unwrap();
    call.write("new", "x").await.unwrap();
    call.mkdir("made").await.unwrap();
    call.write("made/deep", "y").await.unwrap();
    call.rename("new", "newer").await.unwrap();
    call.rename("run.sh", "a.txt").await.unwrap();
    call.unlink("sub/b.txt").await.unwrap();
    call.rename("sub", "empty").await.unwrap();
    call.rmdir("empty").await.unwrap();
    call.unlink("link").await.unwrap();
    call.symlink("newer", "link").await.unwrap();
    call.rename("made", "moved").await.unwrap();
    call.write("moved/deep", "z").await.unwrap();
    let after = tree(&home);
    let changes = done(&home, call).await;
    let first_undo = home.book.rows.lock().unwrap().len();
    let taken = undo(&home, &changes, false).await;
    assert!(
        !taken.iter().any(|taken| matches!(taken, Taken::Skipped(_))),
        "{taken:?}"
    );
    assert_eq!(tree(&home), before);
    let taken = undo(&home, &recorded(&home, first_undo), false).await;
    assert!(
        !taken.iter().any(|taken| matches!(taken, Taken::Skipped(_))),
        "{taken:?}"
    );
    assert_eq!(tree(&home), after);
}

#[tokio::test]
async fn what_was_changed_since_is_left_alone_unless_insisted_on() {
    let home = Home::new();
    let mut call = home.call(|_| YES);
    call.write("a.txt", "ours").await.unwrap();
    call.write("new", "ours").await.unwrap();
    let changes = done(&home, call).await;
    home.put("a.txt", "theirs");
    home.put("new", "theirs");
    for taken in undo(&home, &changes, false).await {
        assert!(is_skipped(&taken, "changed since"), "{taken:?}");
    }
    assert_eq!(
        (home.text("a.txt"), home.text("new")),
        ("theirs".into(), "theirs".into())
    );
    let first_undo = home.book.rows.lock().unwrap().len();
    assert_eq!(
        undo(&home, &changes, true).await,
        [Taken::Removed, Taken::Restored]
    );
    assert_eq!(home.text("a.txt"), "alpha");
    assert!(!home.path("new").exists());
    undo(&home, &recorded(&home, first_undo), false).await;
    assert_eq!(
        (home.text("a.txt"), home.text("new")),
        ("theirs".into(), "theirs".into())
    );
}

#[tokio::test]
async fn permissions_come_back_and_their_change_counts() {
    let home = Home::new();
    let mut call = home.call(|_| YES);
    call.write("a.txt", "ours").await.unwrap();
    let changes = done(&home, call).await;
    let set = |mode| {
        fs::set_permissions(home.path("a.txt"), fs::Permissions::from_mode(mode)).unwrap();
    };
    set(0o444);
    let taken = undo(&home, &changes, false).await;
    assert!(is_skipped(&taken[0], "changed since"), "{taken:?}");
    // Closed to writing is no hindrance to its owner.
    assert_eq!(undo(&home, &changes, true).await, [Taken::Restored]);
    assert_eq!(home.text("a.txt"), "alpha");
    let mode = fs::metadata(home.path("a.txt")).unwrap().mode() & 0o777;
    assert_ne!(mode, 0o444);
    assert!(!fs::read_dir(home.path("")).unwrap().any(|entry| {
        entry
            .unwrap()
            .file_name()
            .to_string_lossy()
            .starts_with("new-")
    }));
}

#[tokio::test]
async fn a_file_stays_the_same_file() {
    let home = Home::new();
    let mut call = home.call(|_| YES);
    call.write("a.txt", "ours").await.unwrap();
    let changes = done(&home, call).await;
    let number = || fs::metadata(home.path("a.txt")).unwrap().ino();
    let before = number();
    undo(&home, &changes, false).await;
    assert_eq!(number(), before);
    // A second name would change with it.
    home.call(|_| YES).read("a.txt").await.unwrap();
    let mut call = home.call(|_| YES);
    call.write("a.txt", "ours").await.unwrap();
    let changes = done(&home, call).await;
    fs::hard_link(home.path("a.txt"), home.path("../other/second")).unwrap();
    let taken = undo(&home, &changes[..1], true).await;
    assert!(is_skipped(&taken[0], "other names"), "{taken:?}");
    assert_eq!(home.text("../other/second"), "ours");
}

#[tokio::test]
async fn a_cut_off_call_is_taken_back_only_if_insisted_on() {
    let home = Home::new();
    let mut call = home.call(|_| YES);
    call.write("a.txt", "half").await.unwrap();
    call.unlink("sub/b.txt").await.unwrap();
    // The process ends here: nothing is noted any more, and one change was not even made.
    home.put("sub/b.txt", "beta");
    let changes = recorded(&home, 0);
    let taken = undo(&home, &changes, false).await;
    assert_eq!(taken[0], Taken::Restored, "it is as it was");
    assert!(is_skipped(&taken[1], "cut off"), "{taken:?}");
    undo(&home, &changes, true).await;
    assert_eq!(home.text("a.txt"), "alpha");
}

#[tokio::test]
async fn a_row_without_its_content_is_said() {
    let home = Home::new();
    let mut call = home.call(|_| YES);
    call.write("a.txt", "ours").await.unwrap();
    let changes = done(&home, call).await;
    let Some(FileState::File { hash, .. }) = &changes[0].before else {
        panic!("{changes:?}");
    };
    let content = home.path("../kept").join(hash);
    fs::write(&content, "alphb").unwrap();
    let taken = undo(&home, &changes, true).await;
    assert!(is_skipped(&taken[0], "damaged"), "{taken:?}");
    fs::remove_file(&content).unwrap();
    let taken = undo(&home, &changes, true).await;
    assert!(is_skipped(&taken[0], "gone"), "{taken:?}");
    assert_eq!(home.text("a.txt"), "ours");
}

#[tokio::test]
async fn no_link_is_followed_out_of_place() {
    let home = Home::new();
    home.put("../other/b.txt", "beta");
    let mut call = home.call(|_| YES);
    call.write("a.txt", "ours").await.unwrap();
    call.write("sub/b.txt", "ours").await.unwrap();
    call.write("sub/new", "ours").await.unwrap();
    let changes = done(&home, call).await;
    // The file, and the folder of two others, are swapped for links to something outside.
    let other = home.path("../other");
    home.put("../other/new", "ours");
    fs::remove_file(home.path("a.txt")).unwrap();
    symlink(other.join("out.txt"), home.path("a.txt")).unwrap();
    fs::rename(home.path("sub"), home.path("away")).unwrap();
    symlink(&other, home.path("sub")).unwrap();
    for is_forced in [false, true] {
        let taken = undo(&home, &changes[..2], is_forced).await;
        for taken in taken {
            assert!(is_skipped(&taken, "a link stands in its path"), "{taken:?}");
        }
    }
    let taken = undo(&home, &changes[2..], false).await;
    assert!(is_skipped(&taken[0], "changed since"), "{taken:?}");
    // Insisted on, the link itself is replaced; what it leads to is not touched.
    assert_eq!(undo(&home, &changes[2..], true).await, [Taken::Restored]);
    assert_eq!(home.text("a.txt"), "alpha");
    assert!(!home.path("a.txt").is_symlink());
    for (name, text) in [("out.txt", "outside"), ("b.txt", "beta"), ("new", "ours")] {
        assert_eq!(home.text(&format!("../other/{name}")), text);
    }
}

#[tokio::test]
async fn a_folder_that_is_not_empty_stays() {
    let home = Home::new();
    let mut call = home.call(|_| YES);
    call.mkdir("made").await.unwrap();
    let changes = done(&home, call).await;
    home.put("made/theirs", "x");
    for is_forced in [false, true] {
        let taken = undo(&home, &changes, is_forced).await;
        assert!(is_skipped(&taken[0], "not empty"), "{taken:?}");
    }
    assert_eq!(home.text("made/theirs"), "x");
}

#[tokio::test]
async fn a_renamed_folder_keeps_what_came_into_it() {
    let home = Home::new();
    let mut call = home.call(|_| YES);
    call.rename("sub", "moved").await.unwrap();
    let changes = done(&home, call).await;
    home.put("moved/theirs", "x");
    assert_eq!(undo(&home, &changes, false).await, [Taken::Restored]);
    assert_eq!(home.text("sub/theirs"), "x");
    let taken = undo(&home, &changes, false).await;
    assert!(is_skipped(&taken[0], "not there any more"), "{taken:?}");
    // Another folder of that name is none of the call's.
    home.put("moved/other", "y");
    fs::rename(home.path("sub"), home.path("elsewhere")).unwrap();
    let taken = undo(&home, &changes, false).await;
    assert!(is_skipped(&taken[0], "not there any more"), "{taken:?}");
}

#[tokio::test]
async fn the_next_write_has_to_look_first() {
    let home = Home::new();
    let mut call = home.call(|_| YES);
    call.read("a.txt").await.unwrap();
    call.write("a.txt", "ours").await.unwrap();
    let changes = done(&home, call).await;
    undo(&home, &changes, false).await;
    let mut call = home.call(|_| YES);
    call.write("a.txt", "x").await.unwrap_err();
    assert!(call.refusals().contains("changed since it was read"));
    call.read("a.txt").await.unwrap();
    let mut call = home.call(|_| YES);
    call.write("a.txt", "x").await.unwrap();
}
