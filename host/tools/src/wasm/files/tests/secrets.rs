//! Sensitive paths: whatever way they are spelled, reached or renamed.

use super::fixture::{Home, NO, YES};
use std::fs;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

const DENIED: Result<(), ErrorCode> = Err(ErrorCode::Access);

#[tokio::test]
async fn a_secret_is_asked_about_however_it_is_reached() {
    let home = Home::new();
    home.symlink(".env", "link");
    home.symlink("../.env", "sub/link");
    home.symlink(".git", "repository");
    home.symlink("sub", "folder");
    home.symlink("absent", ".env.example");
    fs::create_dir(home.path("up")).unwrap();
    let mut call = home.call(|_| NO);
    for path in [
        ".env",
        "./.env",
        "sub/../.env",
        "link",
        "sub/link",
        "folder/link",
        ".git/config",
        "repository/config",
        ".env.example",
        // Not there at all.
        ".env.local",
        ".ENV",
        ".Git/HOOKS/pre-commit",
        "sub/.env",
        "sub/absent/.env",
        ".git/hooks/pre-commit",
        ".ssh/id_rsa",
    ] {
        assert_eq!(call.read(path).await.map(|_| ()), DENIED, "read {path}");
        assert_eq!(call.stat(path).await.map(|_| ()), DENIED, "stat {path}");
        assert_eq!(call.write(path, "x").await, DENIED, "write {path}");
        assert_eq!(call.append(path, "x").await, DENIED, "append {path}");
    }
    assert_eq!(home.text(".env"), "SECRET=1");
    assert!(!home.path(".env.local").exists());
}

#[tokio::test]
async fn a_secret_is_neither_moved_nor_linked_nor_planted() {
    let home = Home::new();
    home.put(".git/hooks/sample", "");
    home.put("hooks/pre-commit", "evil");
    let mut call =
        home.call(
            |asked| match asked.reasons.iter().any(|why| why.contains("sensitive")) {
                true => NO,
                false => YES,
            },
        );
    assert_eq!(call.rename(".env", "b").await, DENIED);
    assert_eq!(call.rename("a.txt", ".env").await, DENIED);
    assert_eq!(call.rename("a.txt", ".env.new").await, DENIED);
    assert_eq!(call.hard_link(".env", "b").await, DENIED);
    assert_eq!(call.hard_link("a.txt", ".env.new").await, DENIED);
    assert_eq!(call.symlink(".env", "b").await, DENIED);
    assert_eq!(call.symlink(".env.absent", "b").await, DENIED);
    assert_eq!(call.symlink("a.txt", ".env.new").await, DENIED);
    assert_eq!(call.mkdir(".ssh").await, DENIED);
    assert_eq!(call.unlink(".env").await, DENIED);
    assert_eq!(call.rmdir(".git/hooks").await, DENIED);
    assert_eq!(call.rename(".git", "git").await, DENIED);
    assert_eq!(call.rename("hooks", ".git/hooks").await, DENIED);
    assert_eq!(call.rename("hooks", ".git/modules").await, Ok(()));
    assert_eq!(home.text(".env"), "SECRET=1");
    assert_eq!(home.text(".git/hooks/sample"), "");
}

#[tokio::test]
async fn a_folder_does_not_lose_or_gain_secrets_by_its_name() {
    let home = Home::new();
    home.put("keys/prod/key", "secret");
    home.put("plain/prod/key", "harmless");
    let policy = || anteroom_gate::Policy {
        sensitive_paths: vec!["keys/prod/**".into()],
        mode: anteroom_api::Mode::Auto,
        ..Default::default()
    };
    let grants = || {
        [
            anteroom_api::Capability::FilesRead,
            anteroom_api::Capability::FilesWrite,
        ]
        .map(|capability| (capability, anteroom_api::GrantReach::default()))
        .to_vec()
    };
    let mut call = home.call_under(policy(), grants(), |_| NO);
    assert_eq!(call.rename("keys", "open").await, DENIED);
    assert_eq!(call.rename("sub", "other").await, Ok(()));
    assert_eq!(home.text("keys/prod/key"), "secret");
    let mut call = home.call_under(policy(), grants(), |_| YES);
    assert_eq!(call.rename("keys", "open").await, Ok(()));
    assert_eq!(call.asked().len(), 1, "{:?}", call.asked());
    assert_eq!(call.rename("plain", "keys").await, Ok(()));
    assert_eq!(call.asked().len(), 2, "{:?}", call.asked());
}

#[tokio::test]
async fn a_hard_link_does_not_give_a_secret_away() {
    let home = Home::new();
    fs::hard_link(home.path(".env"), home.path("innocent")).unwrap();
    fs::hard_link(home.path(".env"), home.path("../temp/innocent")).unwrap();
    fs::hard_link(home.path("a.txt"), home.path("b.txt")).unwrap();
    let mut call = home.call(|_| NO);
    assert_eq!(call.read("innocent").await.map(|_| ()), DENIED);
    assert_eq!(call.read("@temp/innocent").await.map(|_| ()), DENIED);
    assert_eq!(call.asked(), ["FileRead .env"]);
    assert_eq!(call.read("b.txt").await.as_deref(), Ok("alpha"));
    let mut call = home.call(|_| YES);
    assert_eq!(call.read("innocent").await.as_deref(), Ok("SECRET=1"));
    assert_eq!(call.asked(), ["FileRead .env"]);
    for path in ["innocent", "@temp/innocent", "b.txt"] {
        assert_eq!(call.write(path, "x").await, DENIED, "{path}");
        assert_eq!(call.append(path, "x").await, DENIED, "{path}");
    }
    assert_eq!(call.asked(), ["FileRead .env"], "refused without asking");
    assert!(call.refusals().contains("hard links"));
    assert_eq!(home.text(".env"), "SECRET=1");
    assert_eq!(call.unlink("innocent").await, Ok(()));
}

#[tokio::test]
async fn a_yes_lets_a_secret_through() {
    let home = Home::new();
    home.symlink(".env", "link");
    let mut call = home.call(|_| YES);
    assert_eq!(call.read("link").await.as_deref(), Ok("SECRET=1"));
    call.write(".env", "SECRET=2").await.unwrap();
    assert_eq!(home.text(".env"), "SECRET=2");
    assert_eq!(call.asked(), ["FileRead .env", "FileWrite .env"]);
}
