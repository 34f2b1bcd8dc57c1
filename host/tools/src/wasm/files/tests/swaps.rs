//! What is swapped while a person is asked is not what was approved.

use super::fixture::{Home, NO, YES};
use crate::wasm::files::beneath;
use crate::wasm::files::nearby::{Nearby, PAUSE_MAX};
use anteroom_gate::{Asked, FilePath};
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;
use wasmtime_wasi::p2::bindings::filesystem::types::{DescriptorFlags, OpenFlags};

/// Says yes to everything ordinary and runs `swap` at the first question.
fn swapping(
    mut swap: impl FnMut() + Send + 'static,
) -> impl FnMut(&Asked) -> anteroom_api::Resolution + Send + 'static {
    let mut is_first = true;
    move |asked| {
        if std::mem::take(&mut is_first) {
            swap();
        }
        match asked.reasons.iter().any(|why| why.contains("sensitive")) {
            true => super::fixture::NO,
            false => YES,
        }
    }
}

fn replace_by_link(path: PathBuf, target: &'static str) -> impl FnMut() + Send + 'static {
    move || {
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(target, &path).unwrap();
    }
}

#[tokio::test]
async fn the_last_name_becomes_a_link_to_a_secret() {
    let home = Home::new();
    let mut call = home.call(swapping(replace_by_link(home.path("a.txt"), ".env")));
    assert_eq!(call.write("a.txt", "x").await, Err(ErrorCode::Access));
    assert_eq!(home.text(".env"), "SECRET=1");
    assert_eq!(call.asked(), ["FileWrite a.txt", "FileWrite .env"]);
}

#[tokio::test]
async fn a_folder_in_the_middle_becomes_a_link() {
    let home = Home::new();
    home.put(".git/hooks/b.txt", "hook");
    let sub = home.path("sub");
    let mut call = home.call(swapping(move || {
        fs::remove_dir_all(&sub).unwrap();
        std::os::unix::fs::symlink(".git/hooks", &sub).unwrap();
    }));
    assert_eq!(call.write("sub/b.txt", "x").await, Err(ErrorCode::Access));
    assert_eq!(home.text(".git/hooks/b.txt"), "hook");
    // As long as it is a link, no name below it is acted on either.
    assert_eq!(call.unlink("sub/b.txt").await, Err(ErrorCode::Access));
    assert_eq!(call.mkdir("sub/new").await, Err(ErrorCode::Access));
    assert_eq!(home.text(".git/hooks/b.txt"), "hook");
}

#[tokio::test]
async fn the_last_name_becomes_another_name_of_a_secret() {
    let home = Home::new();
    let (path, secret) = (home.path("a.txt"), home.path(".env"));
    let mut call = home.call(swapping(move || {
        fs::remove_file(&path).unwrap();
        fs::hard_link(&secret, &path).unwrap();
    }));
    assert_eq!(call.write("a.txt", "x").await, Err(ErrorCode::Access));
    assert_eq!(home.text(".env"), "SECRET=1");
}

#[tokio::test]
async fn a_pipe_put_in_place_does_not_block() {
    let home = Home::new();
    let path = home.path("a.txt");
    let mut call = home.call(swapping(move || {
        fs::remove_file(&path).unwrap();
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &path, kind, mode, 0).unwrap();
    }));
    assert_eq!(call.write("a.txt", "x").await, Err(ErrorCode::Access));
}

#[tokio::test]
async fn a_new_file_that_is_there_meanwhile_is_asked_about_anew() {
    let home = Home::new();
    let path = home.path("new");
    let mut call = home.call(swapping(move || fs::write(&path, "meanwhile").unwrap()));
    call.write("new", "x").await.unwrap();
    assert_eq!(call.asked(), ["FileWrite new (new)", "FileWrite new"]);
}

#[tokio::test]
async fn a_file_that_is_gone_meanwhile_is_made_anew() {
    let home = Home::new();
    let path = home.path("a.txt");
    let mut call = home.call(swapping(move || fs::remove_file(&path).unwrap()));
    call.write("a.txt", "x").await.unwrap();
    assert_eq!(home.text("a.txt"), "x");
    assert_eq!(call.asked(), ["FileWrite a.txt"]);
}

#[tokio::test]
async fn a_file_changed_while_asked_is_not_overwritten() {
    let home = Home::new();
    let path = home.path("a.txt");
    let mut call = home.call(swapping(move || fs::write(&path, "meanwhile").unwrap()));
    call.read("a.txt").await.unwrap();
    assert_eq!(call.write("a.txt", "x").await, Err(ErrorCode::Access));
    assert_eq!(home.text("a.txt"), "meanwhile");
    assert!(call.refusals().contains("changed since it was read"));
}

#[tokio::test]
async fn folders_swapped_all_the_time_never_let_a_secret_through() {
    let home = Home::new();
    home.put("real/config", "harmless");
    home.symlink("real", "swing");
    let (path, other) = (home.path("swing"), home.path("swing.new"));
    let is_over = Arc::new(Mutex::new(false));
    let (done, swinging) = (is_over.clone(), is_over);
    let swinger = std::thread::spawn(move || {
        let mut targets = [".git", "real"].iter().cycle();
        while !*swinging.lock().unwrap() {
            std::os::unix::fs::symlink(targets.next().unwrap(), &other).unwrap();
            fs::rename(&other, &path).unwrap();
        }
    });
    let mut call =
        home.call(
            |asked| match asked.reasons.iter().any(|why| why.contains("sensitive")) {
                true => super::fixture::NO,
                false => YES,
            },
        );
    for _ in 0..2000 {
        if let Ok(text) = call.read("swing/config").await {
            assert_eq!(text, "harmless");
        }
        // Denied, done, or told to try again; but never done to the secret.
        let _ = call.append("swing/config", "").await;
        let _ = call.write("swing/config", "harmless").await;
    }
    *done.lock().unwrap() = true;
    swinger.join().unwrap();
    assert_eq!(home.text(".git/config"), "[core]");
}

/// Lets a folder be taken for another one, as if it had been moved there after it was found.
fn mislead(home: &Home, nearby: &Nearby, path: &str, really: &str, since: Instant) {
    let really = FilePath::Workspace(really.to_owned());
    let fd = beneath::open_folder(&home.session, &really).unwrap();
    nearby.keep(FilePath::Workspace(path.to_owned()), Arc::new(fd), since);
}

#[test]
fn a_folder_found_before_is_sought_anew() {
    let home = Home::new();
    let nearby = Nearby::default();
    let look = |path: &str| {
        let path = FilePath::Workspace(path.to_owned());
        let found = nearby.look(&home.session, &path);
        found.map(|facts| facts.map(|facts| facts.size))
    };
    let long_ago = Instant::now().checked_sub(PAUSE_MAX).unwrap();
    mislead(&home, &nearby, "sub", ".git", long_ago);
    assert_eq!(look("sub/config"), Ok(None));
    assert_eq!(look("sub/b.txt"), Ok(Some(4)));
    // Another folder is none of its business, nor is a path that goes on below it.
    mislead(&home, &nearby, "sub", ".git", long_ago);
    fs::create_dir(home.path(".git/deep")).unwrap();
    fs::write(home.path(".git/deep/x"), "x").unwrap();
    assert_eq!(look("sub/deep/x"), Err(rustix::io::Errno::NOENT));
    assert_eq!(look("a.txt"), Ok(Some(5)));
    assert_eq!(look("sub/.."), Err(rustix::io::Errno::INVAL));
}

#[tokio::test]
async fn what_the_call_moves_itself_is_found_nowhere_else() {
    let home = Home::new();
    let mut call = home.call(|_| YES);
    for _ in 0..100 {
        call.stat("sub/b.txt").await.unwrap();
        call.rename("sub", "moved").await.unwrap();
        assert_eq!(
            call.stat("sub/b.txt").await.map(|_| ()),
            Err(ErrorCode::NoEntry)
        );
        call.stat("moved/b.txt").await.unwrap();
        call.rename("moved", "sub").await.unwrap();
        call.mkdir("made").await.unwrap();
        assert_eq!(call.names("made").await.unwrap(), [""; 0]);
        call.rmdir("made").await.unwrap();
        call.symlink("sub", "made").await.unwrap();
        assert_eq!(call.stat("made/b.txt").await.unwrap().size, 4);
        call.unlink("made").await.unwrap();
    }
}

#[tokio::test]
async fn nothing_is_read_through_a_folder_found_before() {
    let home = Home::new();
    home.put(".git/hooks/b.txt", "hook");
    let mut call = home.call(|_| NO);
    let flags = (OpenFlags::DIRECTORY, DescriptorFlags::READ);
    let folder = call.open("sub", flags.0, flags.1).await.unwrap();
    assert_eq!(call.list_open(folder).await.unwrap().len(), 1);
    fs::rename(home.path("sub"), home.path("gone")).unwrap();
    home.symlink(".git/hooks", "sub");
    assert_eq!(call.read("sub/b.txt").await, Err(ErrorCode::Access));
    assert_eq!(call.asked(), ["FileRead .git/hooks/b.txt"]);
    fs::remove_file(home.path("sub")).unwrap();
    assert_eq!(call.read("sub/b.txt").await, Err(ErrorCode::NoEntry));
}

#[tokio::test]
async fn a_call_that_runs_programs_looks_anew_each_time() {
    let home = Home::new();
    let mut call = home.call(|_| NO);
    call.state.counters.processes.add(1);
    mislead(&home, &call.guard.nearby, "sub", ".git", Instant::now());
    let found = call.stat("sub/config").await.map(|_| ());
    assert_eq!(found, Err(ErrorCode::NoEntry));
    assert_eq!(call.stat("sub/b.txt").await.unwrap().size, 4);
}
