//! Links and special files that lead nowhere bad.

use super::fixture::{Home, NO, YES};
use rustix::fs::{CWD, FileType, Mode};
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorFlags, DescriptorType, ErrorCode, HostDescriptor, OpenFlags, PathFlags,
};

#[tokio::test]
async fn links_are_followed_where_they_should_be() {
    let home = Home::new();
    home.symlink("a.txt", "one");
    home.symlink("one", "two");
    home.symlink("loop", "loop");
    home.symlink("sub", "folder");
    home.symlink("absent", "dangling");
    home.symlink("..", "sub/up");
    let mut call = home.call(|_| NO);
    assert_eq!(call.read("two").await.as_deref(), Ok("alpha"));
    assert_eq!(call.read("folder/b.txt").await.as_deref(), Ok("beta"));
    assert_eq!(call.read("folder/../a.txt").await.as_deref(), Ok("alpha"));
    assert_eq!(call.read("sub/up/a.txt").await.as_deref(), Ok("alpha"));
    assert_eq!(
        call.read("folder/up/sub/b.txt").await.as_deref(),
        Ok("beta")
    );
    assert_eq!(call.read("loop").await, Err(ErrorCode::Loop));
    assert_eq!(call.read("dangling").await, Err(ErrorCode::NoEntry));
    assert_eq!(call.read_link("two").await.as_deref(), Ok("one"));
    assert_eq!(call.read_link("a.txt").await, Err(ErrorCode::Invalid));
    let kind = |stat: wasmtime_wasi::p2::bindings::filesystem::types::DescriptorStat| stat.type_;
    assert_eq!(
        call.link_stat("two").await.map(kind).unwrap(),
        DescriptorType::SymbolicLink
    );
    assert_eq!(
        call.stat("two").await.map(kind).unwrap(),
        DescriptorType::RegularFile
    );
    assert_eq!(
        call.link_stat("folder/").await.map(kind).unwrap(),
        DescriptorType::Directory
    );
    // Without following, a link is no folder and no file.
    let (root, path) = call.at("folder");
    let opened = call
        .view()
        .open_at(
            root,
            PathFlags::empty(),
            path,
            OpenFlags::DIRECTORY,
            DescriptorFlags::READ,
        )
        .await;
    assert_eq!(
        super::fixture::got(opened).map(|_| ()),
        Err(ErrorCode::Loop)
    );
}

#[tokio::test]
async fn a_dangling_link_is_written_through_by_its_real_name() {
    let home = Home::new();
    home.symlink("sub/new", "dangling");
    let mut call = home.call(|_| YES);
    call.write("dangling", "x").await.unwrap();
    assert_eq!(home.text("sub/new"), "x");
    assert_eq!(call.asked(), ["FileWrite sub/new (new)"]);
}

#[tokio::test]
async fn links_are_made_only_to_what_is_inside() {
    let home = Home::new();
    let mut call = home.call(|_| YES);
    assert_eq!(call.symlink("../a.txt", "sub/link").await, Ok(()));
    assert_eq!(call.read("sub/link").await.as_deref(), Ok("alpha"));
    assert_eq!(call.symlink("later/on", "sub/later").await, Ok(()));
    let absolute = home.path("sub");
    assert_eq!(
        call.symlink(absolute.to_str().unwrap(), "folder").await,
        Ok(())
    );
    assert_eq!(call.read("folder/b.txt").await.as_deref(), Ok("beta"));
    for target in ["/etc/passwd", "../../other/out.txt", "../.."] {
        assert_eq!(
            call.symlink(target, "sub/out").await,
            Err(ErrorCode::Access),
            "{target}"
        );
    }
    assert_eq!(call.symlink("a", "sub/link").await, Err(ErrorCode::Exist));
    assert_eq!(call.hard_link("a.txt", "c.txt").await, Ok(()));
    assert_eq!(call.read("c.txt").await.as_deref(), Ok("alpha"));
}

#[tokio::test]
async fn a_pipe_is_refused_at_once() {
    let home = Home::new();
    let mode = Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(CWD, home.path("pipe"), FileType::Fifo, mode, 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(home.path("socket")).unwrap();
    let mut call = home.call(|_| YES);
    for path in ["pipe", "socket"] {
        assert_eq!(call.read(path).await, Err(ErrorCode::Access), "{path}");
        assert_eq!(call.write(path, "x").await, Err(ErrorCode::Access));
        assert_eq!(call.append(path, "x").await, Err(ErrorCode::Access));
    }
    assert_eq!(call.asked(), [""; 0]);
    assert!(call.refusals().contains("neither a file nor a folder"));
    // They are listed all the same.
    assert_eq!(call.names(".").await.unwrap().len(), 5);
    assert_eq!(call.unlink("pipe").await, Ok(()));
}
