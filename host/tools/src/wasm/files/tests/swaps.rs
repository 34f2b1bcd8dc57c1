//! What is swapped while a person is asked is not what was approved.

use super::fixture::{Home, YES};
use anteroom_gate::Asked;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

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
