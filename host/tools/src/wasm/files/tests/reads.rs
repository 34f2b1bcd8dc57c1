//! What may simply be read, and how it is counted.

use super::fixture::{Home, NO, YES, got};
use anteroom_api::{Capability, GrantReach, Meter, Mode};
use anteroom_gate::Policy;
use std::fs;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorFlags, DescriptorType, ErrorCode, HostDescriptor, OpenFlags,
};

#[tokio::test]
async fn ordinary_files_are_read_unasked_and_counted() {
    let home = Home::new();
    fs::write(home.path("empty"), "").unwrap();
    let mut call = home.call(|_| NO);
    for (path, text) in [
        ("a.txt", "alpha"),
        ("./a.txt", "alpha"),
        ("sub/b.txt", "beta"),
        ("sub/../a.txt", "alpha"),
        ("sub//./b.txt", "beta"),
        ("@/sub/b.txt", "beta"),
        ("empty", ""),
    ] {
        assert_eq!(call.read(path).await.as_deref(), Ok(text), "{path}");
    }
    let expected = Meter {
        files_opened: 7,
        bytes_read: 5 * 3 + 4 * 3,
        ..Meter::default()
    };
    assert_eq!(call.meter(), expected);
    assert_eq!(call.asked(), [""; 0]);
    assert_eq!(call.read("absent").await, Err(ErrorCode::NoEntry));
    assert_eq!(call.read("a.txt/b").await, Err(ErrorCode::NotDirectory));
    assert_eq!(call.read("a.txt/").await, Err(ErrorCode::NotDirectory));
    assert_eq!(call.read("sub").await, Err(ErrorCode::IsDirectory));
    assert_eq!(call.refusals(), "");
}

#[tokio::test]
async fn listing_hides_what_is_sensitive() {
    let home = Home::new();
    home.put(".ENV.local", "SECRET=2");
    home.put(".git/hooks/pre-commit", "");
    home.symlink("a.txt", "link");
    let mut call = home.call(|_| NO);
    let entries = call.list(".").await.unwrap();
    let expected = [
        (".git", DescriptorType::Directory),
        ("a.txt", DescriptorType::RegularFile),
        ("link", DescriptorType::SymbolicLink),
        ("sub", DescriptorType::Directory),
    ];
    let expected: Vec<_> = expected
        .iter()
        .map(|(name, kind)| ((*name).to_owned(), *kind))
        .collect();
    assert_eq!(format!("{entries:?}"), format!("{expected:?}"));
    assert_eq!(call.names(".git").await.unwrap(), [""; 0]);
    // Listing twice from one handle begins anew.
    let folder = call
        .open("sub", OpenFlags::DIRECTORY, DescriptorFlags::READ)
        .await
        .unwrap();
    for _ in 0..2 {
        assert_eq!(call.list_open(folder).await.unwrap().len(), 1);
    }
    assert_eq!(call.asked(), [""; 0]);
    // Six here, two in `.git`, twice one in `sub`: what is hidden was looked at too.
    assert_eq!(call.meter().entries_listed, 6 + 2 + 2);
}

#[tokio::test]
async fn names_that_are_not_utf8_are_left_out() {
    use std::os::unix::ffi::OsStrExt as _;
    let home = Home::new();
    fs::write(
        home.path("sub").join(std::ffi::OsStr::from_bytes(b"\xff")),
        "x",
    )
    .unwrap();
    let mut call = home.call(|_| NO);
    assert_eq!(call.names("sub").await.unwrap(), ["b.txt"]);
}

#[tokio::test]
async fn a_long_folder_is_listed_whole() {
    let home = Home::new();
    for index in 0..3000 {
        fs::write(home.path(&format!("sub/file-{index:04}.txt")), "").unwrap();
    }
    let mut call = home.call(|_| NO);
    assert_eq!(call.names("sub").await.unwrap().len(), 3001);
}

#[tokio::test]
async fn a_file_read_through_a_handle_ends_where_it_ends() {
    let home = Home::new();
    home.put("big", &"x".repeat(3_000_000));
    let mut call = home.call(|_| NO);
    assert_eq!(call.read("big").await.unwrap().len(), 3_000_000);
    let file = call.open_to_read("big").await.unwrap();
    let read = |length, offset| (length, offset);
    for ((length, offset), expected) in [
        (read(10, 0), (10, false)),
        (read(u64::MAX, 0), (1 << 20, false)),
        (read(100, 2_999_990), (10, false)),
        (read(100, 3_000_000), (0, true)),
        (read(100, u64::MAX / 4), (0, true)),
        (read(0, 0), (0, false)),
    ] {
        let (bytes, is_end) = got(call
            .view()
            .read(Resource::new_borrow(file), length, offset)
            .await)
        .unwrap();
        assert_eq!((bytes.len(), is_end), expected, "{length} at {offset}");
    }
    // It was opened for reading only.
    let written = call
        .view()
        .write(Resource::new_borrow(file), b"y".to_vec(), 0)
        .await;
    assert_eq!(got(written), Err(ErrorCode::NotPermitted));
}

#[tokio::test]
async fn without_the_grant_nothing_works_and_the_way_out_is_told() {
    let home = Home::new();
    let mut call = home.call_with(Mode::Auto, Vec::new(), |_| YES);
    assert_eq!(call.read("a.txt").await, Err(ErrorCode::Access));
    assert_eq!(call.names(".").await, Err(ErrorCode::Access));
    assert_eq!(call.read("@temp/x").await, Err(ErrorCode::Access));
    assert_eq!(call.stat("a.txt").await.map(|_| ()), Err(ErrorCode::Access));
    assert_eq!(call.write("new", "x").await, Err(ErrorCode::Access));
    assert!(
        call.refusals()
            .contains("`aroom tool grant files files_read`")
    );
    assert_eq!(call.asked(), [""; 0]);
}

#[tokio::test]
async fn a_grant_reaches_only_its_folders() {
    let home = Home::new();
    home.put("subway/c.txt", "gamma");
    home.symlink("../a.txt", "sub/link");
    let reach = GrantReach {
        folders: vec!["./sub/".into()],
        ..GrantReach::default()
    };
    let grants = vec![(Capability::FilesRead, reach)];
    let mut call = home.call_with(Mode::Auto, grants, |_| YES);
    assert_eq!(call.read("sub/b.txt").await.as_deref(), Ok("beta"));
    for path in ["a.txt", "subway/c.txt", "sub/link", "sub/../a.txt"] {
        assert_eq!(call.read(path).await, Err(ErrorCode::Access), "{path}");
    }
    assert_eq!(call.names(".").await, Err(ErrorCode::Access));
    assert_eq!(call.write("sub/new", "x").await, Err(ErrorCode::Access));
    assert!(call.refusals().contains("files_write"));
}

#[tokio::test]
async fn a_denying_rule_holds_for_reading_too() {
    let home = Home::new();
    home.put("closed/c.txt", "gamma");
    let mut call = home.call(|_| YES);
    assert_eq!(call.read("closed/c.txt").await, Err(ErrorCode::Access));
    assert!(call.refusals().contains("denied_tools"));
    let all = vec![(Capability::FilesRead, GrantReach::default())];
    let mut call = home.call_under(Policy::default(), all, |_| NO);
    assert_eq!(call.read("closed/c.txt").await.as_deref(), Ok("gamma"));
}
