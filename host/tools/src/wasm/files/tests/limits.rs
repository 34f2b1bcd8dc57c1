//! Limits of one call, and the way without `openat2`.

use super::fixture::{Home, NO};
use crate::wasm::files::beneath;
use crate::wasm::files::handle::OPEN_MAX;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::os::fd::AsFd as _;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    ErrorCode, HostDescriptor, HostDirectoryEntryStream,
};

#[tokio::test]
async fn no_more_than_the_limit_is_open() {
    let home = Home::new();
    let mut call = home.call(|_| NO);
    let roots = 4;
    let mut open = Vec::new();
    for _ in roots..OPEN_MAX {
        open.push(call.open_to_read("a.txt").await.unwrap());
    }
    assert_eq!(call.open_to_read("a.txt").await, Err(ErrorCode::Access));
    assert!(call.refusals().contains("which is the limit"));
    // A stream keeps its file open after the descriptor is gone.
    let file = open.pop().unwrap();
    let stream = call
        .view()
        .read_via_stream(Resource::new_borrow(file), 0)
        .unwrap();
    call.close(file);
    assert_eq!(call.open_to_read("a.txt").await, Err(ErrorCode::Access));
    drop(call.table.delete(stream).unwrap());
    let file = call.open_to_read("a.txt").await.unwrap();
    call.close(file);
    for file in open {
        call.close(file);
    }
    assert_eq!(call.read("a.txt").await.as_deref(), Ok("alpha"));
}

#[tokio::test]
async fn no_more_than_the_limit_is_listed() {
    let home = Home::new();
    let mut call = home.call(|_| NO);
    call.state.counters.entries_listed.add(1_000_000 - 2);
    let root = call.at("").0.rep();
    let stream = call
        .view()
        .read_directory(Resource::new_borrow(root))
        .await
        .unwrap();
    let key = stream.rep();
    let mut outcome = Ok(());
    for _ in 0..4 {
        let next = call
            .view()
            .read_directory_entry(Resource::new_borrow(key))
            .await;
        outcome = super::fixture::got(next).map(|_| ());
        if outcome.is_err() {
            break;
        }
    }
    assert_eq!(outcome, Err(ErrorCode::Access));
    assert!(call.refusals().contains("start at a smaller folder"));
}

#[tokio::test]
async fn odd_paths_are_refused_plainly() {
    let home = Home::new();
    let mut call = home.call(|_| NO);
    let long = "x/".repeat(3000);
    for (path, code) in [
        ("a\0b", ErrorCode::Invalid),
        (long.as_str(), ErrorCode::NameTooLong),
    ] {
        assert_eq!(call.read(path).await, Err(code), "read");
        assert_eq!(call.write(path, "x").await, Err(code), "write");
        assert_eq!(call.mkdir(path).await, Err(code), "mkdir");
    }
    let (root, _) = call.at("");
    let opened = call.view().readlink_at(root, String::new()).await;
    assert_eq!(super::fixture::got(opened), Err(ErrorCode::NoEntry));
    assert_eq!(call.rmdir(".").await, Err(ErrorCode::Access));
    assert_eq!(call.write("sub\\..\\x", "x").await, Err(ErrorCode::Access));
}

/// Both ways to open beneath a root agree.
#[test]
fn the_walk_does_what_the_kernel_does() {
    let home = Home::new();
    home.symlink("sub", "folder");
    home.symlink("a.txt", "link");
    let root = home.session.workspace().handle.as_fd();
    let check = |path: &str, flags: OFlags, expected: Result<(), Errno>| {
        let walked = beneath::walk_at(root, path, flags, Mode::empty()).map(|_| ());
        assert_eq!(walked, expected, "{path}");
        let file = anteroom_gate::FilePath::Workspace(path.to_owned());
        let opened = beneath::open(&home.session, &file, flags).map(|_| ());
        assert_eq!(opened, expected, "{path} at once");
    };
    let read = OFlags::RDONLY | OFlags::NONBLOCK;
    check("a.txt", read, Ok(()));
    check("sub/b.txt", read, Ok(()));
    check(".", read | OFlags::DIRECTORY, Ok(()));
    check("absent", read, Err(Errno::NOENT));
    check("absent/b.txt", read, Err(Errno::NOENT));
    check("link", read, Err(Errno::LOOP));
    check("folder/b.txt", read, Err(Errno::LOOP));
    check("folder", read | OFlags::DIRECTORY, Err(Errno::LOOP));
    check("a.txt/b", read, Err(Errno::NOTDIR));
    check("a.txt", read | OFlags::DIRECTORY, Err(Errno::NOTDIR));
    check("link", OFlags::PATH, Err(Errno::LOOP));
    check("link", OFlags::PATH | OFlags::NOFOLLOW, Ok(()));
    check("../other/out.txt", read, Err(Errno::XDEV));
}
