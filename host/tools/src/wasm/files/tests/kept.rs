//! What is kept before a change: the right content, once, durably, within bounds, and never too late.

use super::fixture::{Book, Call, Home, YES};
use crate::wasm::files::{Change, End, FileState, StoreError};
use anteroom_gate::FilePath;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, SystemTime};
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

/// Every change in a line: where, what was there, what is there now.
fn lines(book: &Book) -> Vec<String> {
    let rows = book.rows.lock().unwrap();
    let line = |(change, end): &(Change, Option<End>)| {
        let before = change.before.as_ref().map(|state| text(book, state));
        let before = before.unwrap_or_else(|| change.obstacle.clone().unwrap());
        let end = match end {
            None => "?".to_owned(),
            Some(End::Became(state)) => text(book, state),
            Some(End::Unknown(why)) => why.clone(),
            Some(End::Void) => "void".to_owned(),
        };
        let from = match &change.moved_from {
            Some(from) => format!(" (was {})", path(from)),
            None => String::new(),
        };
        format!("{}{from}: {before} -> {end}", path(&change.path))
    };
    rows.iter().map(line).collect()
}

fn path(path: &FilePath) -> &str {
    match path {
        FilePath::Workspace(path) | FilePath::Temp(path) | FilePath::Outside(path) => path,
    }
}

fn text(book: &Book, state: &FileState) -> String {
    match state {
        FileState::Absent => "nothing".to_owned(),
        FileState::File { hash, size, .. } => {
            let mut text = String::new();
            match book.store.open(hash) {
                Ok(file) => {
                    fs::File::from(file).read_to_string(&mut text).unwrap();
                    text
                }
                Err(_) => format!("{size} bytes"),
            }
        }
        FileState::Link { target } => format!("link to {target}"),
        FileState::Folder { .. } => "folder".to_owned(),
    }
}

async fn over(mut call: Call, home: &Home) -> Vec<String> {
    call.table = wasmtime::component::ResourceTable::new();
    call.state.keeping.finish(&home.session).await;
    lines(&home.book)
}

#[tokio::test]
async fn what_was_there_is_kept_once_and_before_the_change() {
    let home = Home::new();
    home.symlink("a.txt", "link");
    let mut call = home.call(|_| YES);
    call.write("a.txt", "one").await.unwrap();
    assert_eq!(lines(&home.book), ["a.txt: alpha -> ?"]);
    call.append("a.txt", " two").await.unwrap();
    call.write("new", "x").await.unwrap();
    call.rename("new", "newer").await.unwrap();
    call.mkdir("made").await.unwrap();
    call.unlink("sub/b.txt").await.unwrap();
    call.rmdir("sub").await.unwrap();
    call.symlink("a.txt", "made/other").await.unwrap();
    call.unlink("link").await.unwrap();
    call.hard_link("newer", "again").await.unwrap();
    call.write("@temp/scratch", "free").await.unwrap();
    assert_eq!(
        over(call, &home).await,
        [
            "a.txt: alpha -> 7 bytes",
            "new: nothing -> void",
            "newer: nothing -> 1 bytes",
            "made: nothing -> folder",
            "sub/b.txt: beta -> nothing",
            "sub: folder -> nothing",
            "made/other: nothing -> link to a.txt",
            "link: link to a.txt -> nothing",
            "again: nothing -> 1 bytes",
        ]
    );
}

#[tokio::test]
async fn what_is_left_as_it_was_is_no_change() {
    let home = Home::new();
    let mut call = home.call(|_| YES);
    call.write("a.txt", "one").await.unwrap();
    call.write("a.txt", "alpha").await.unwrap();
    assert_eq!(over(call, &home).await, ["a.txt: alpha -> void"]);
}

#[tokio::test]
async fn a_renamed_folder_is_told_by_what_it_is() {
    let home = Home::new();
    let mut call = home.call(|_| YES);
    call.rename("sub", "moved").await.unwrap();
    let lines = over(call, &home).await;
    assert_eq!(lines, ["moved (was sub): nothing -> folder"]);
    let rows = home.book.rows.lock().unwrap();
    let Some(End::Became(FileState::Folder { id: Some(id), .. })) = &rows[0].1 else {
        panic!("{:?}", rows[0]);
    };
    assert!(id.contains(':'));
}

#[tokio::test]
async fn what_cannot_be_kept_is_not_changed() {
    let home = Home::new();
    let mut call = home.call(|_| YES);
    *home.book.trouble.lock().unwrap() = Some("disk full".to_owned());
    assert_eq!(call.write("a.txt", "x").await, Err(ErrorCode::Access));
    assert_eq!(call.unlink("a.txt").await, Err(ErrorCode::Access));
    assert_eq!(call.rename("a.txt", "b").await, Err(ErrorCode::Access));
    assert_eq!(call.rename("sub", "b").await, Err(ErrorCode::Access));
    assert_eq!(call.write("new", "x").await, Err(ErrorCode::Access));
    assert_eq!(call.mkdir("made").await, Err(ErrorCode::Access));
    assert!(call.refusals().contains("could not be kept (disk full)"));
    *home.book.trouble.lock().unwrap() = None;
    // The folder of contents is no folder any more.
    let kept = home.path("../kept");
    fs::remove_dir_all(&kept).unwrap();
    fs::write(&kept, "").unwrap();
    assert_eq!(call.write("a.txt", "x").await, Err(ErrorCode::Access));
    assert_eq!(home.text("a.txt"), "alpha");
    assert!(home.path("sub/b.txt").exists() && !home.path("new").exists());
    assert_eq!(lines(&home.book), [""; 0]);
}

#[tokio::test]
async fn what_is_too_large_is_changed_and_said() {
    let home = Home::new();
    home.put("large", &"x".repeat((1 << 20) + 1));
    for number in 0..4 {
        home.put(&format!("{number}"), &number.to_string().repeat(1 << 20));
    }
    let mut call = home.call(|_| YES);
    call.write("large", "small").await.unwrap();
    for number in 0..4 {
        call.write(&format!("{number}"), "").await.unwrap();
    }
    call.write("a.txt", "no room").await.unwrap();
    let lines = over(call, &home).await;
    assert!(lines[0].contains("more than the 1048576 that are kept of a file"));
    assert!(lines[5].contains("no room for its 5 bytes"), "{}", lines[5]);
    assert_eq!(home.text("a.txt"), "no room");
}

#[tokio::test]
async fn a_content_is_kept_once_and_for_its_owner_only() {
    let home = Home::new();
    home.put("twin", "alpha");
    let mut call = home.call(|_| YES);
    call.write("a.txt", "x").await.unwrap();
    call.write("twin", "x").await.unwrap();
    let kept = home.path("../kept");
    assert_eq!(mode(&kept), 0o700);
    let names: Vec<_> = fs::read_dir(&kept)
        .unwrap()
        .map(|entry| entry.unwrap())
        .collect();
    assert_eq!(names.len(), 2, "one content and the lock: {names:?}");
    for entry in names {
        assert_eq!(mode(&entry.path()), 0o600);
    }
    assert_eq!(home.book.store.kept_bytes().unwrap(), 5);
}

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn keep(home: &Home, name: &str) -> String {
    let shared = home.book.store.share().unwrap();
    let file = fs::File::open(home.path(name)).unwrap();
    match home.book.store.keep(&shared, file).unwrap() {
        FileState::File { hash, .. } => hash,
        state => panic!("{state:?}"),
    }
}

#[test]
fn contents_without_a_row_and_rests_of_crashes_are_collected() {
    let home = Home::new();
    let (wanted, orphan) = (keep(&home, "a.txt"), keep(&home, "sub/b.txt"));
    let store = &home.book.store;
    let rest = home.path("../kept/new-1-1");
    fs::write(&rest, "half of it").unwrap();
    let now = SystemTime::now();
    let collect = |now| {
        store
            .collect(
                std::slice::from_ref(&wanted),
                u64::MAX,
                now,
                |_| unreachable!(),
            )
            .unwrap();
    };
    // A command may run for hours before its changes are written down.
    collect(now);
    assert!(store.open(&orphan).is_ok() && !rest.exists());
    // Nobody collects while somebody keeps.
    let later = now + Duration::from_secs(48 * 60 * 60);
    let shared = store.share().unwrap();
    collect(later);
    assert!(store.open(&orphan).is_ok());
    drop(shared);
    collect(later);
    assert!(matches!(store.open(&orphan), Err(StoreError::Lost("gone"))));
    assert!(store.open(&wanted).is_ok());
    assert_eq!(store.kept_bytes().unwrap(), 5);
}

#[test]
fn the_oldest_contents_go_first_and_only_once_they_were_let_go() {
    let home = Home::new();
    let (old, new) = (keep(&home, "a.txt"), keep(&home, "sub/b.txt"));
    let store = &home.book.store;
    let wanted = [old.clone(), new.clone()];
    let now = SystemTime::now();
    store.collect(&wanted, 4, now, |_| false).unwrap();
    assert!(store.open(&old).is_ok());
    let mut told = Vec::new();
    store
        .collect(&wanted, 4, now, |hashes| {
            told = hashes;
            true
        })
        .unwrap();
    assert_eq!(told, std::slice::from_ref(&old));
    assert!(store.open(&old).is_err() && store.open(&new).is_ok());
}

#[test]
fn a_copy_that_no_change_points_at_makes_room_first() {
    let home = Home::new();
    let (wanted, copy) = (keep(&home, "a.txt"), keep(&home, "sub/b.txt"));
    let store = &home.book.store;
    let all = std::slice::from_ref(&wanted);
    let now = SystemTime::now();
    store.collect(all, 5, now, |_| unreachable!()).unwrap();
    assert!(store.open(&wanted).is_ok() && store.open(&copy).is_err());
}

#[test]
fn a_damaged_content_is_noticed() {
    let home = Home::new();
    let hash = keep(&home, "a.txt");
    fs::write(home.path("../kept").join(&hash), "alphb").unwrap();
    let store = &home.book.store;
    assert!(matches!(
        store.open(&hash),
        Err(StoreError::Lost("damaged"))
    ));
    assert!(matches!(
        store.open("../work/a.txt"),
        Err(StoreError::Lost(_))
    ));
    // Of another size, it is kept anew.
    fs::write(home.path("../kept").join(&hash), "torn").unwrap();
    assert_eq!(keep(&home, "a.txt"), hash);
    assert!(store.open(&hash).is_ok());
}

#[tokio::test]
async fn somebody_elses_new_file_is_kept_although_it_was_not_there_at_first() {
    let home = Home::new();
    let place = home.path("late");
    // It appears while the person is asked whether it may be made.
    let mut call = home.call(move |_| {
        fs::write(&place, "theirs").unwrap();
        YES
    });
    call.write("late", "ours").await.unwrap();
    let lines = over(call, &home).await;
    assert_eq!(lines.last().unwrap(), "late: theirs -> 4 bytes");
    let voids = lines.iter().filter(|line| line.ends_with("void")).count();
    assert_eq!(voids, lines.len() - 1, "{lines:?}");
}
