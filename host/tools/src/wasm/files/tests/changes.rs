//! Changes: asked once per path, kept before they happen, and not over what somebody else has written.

use super::fixture::{Home, NO, YES};
use wasmtime::component::Resource;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorFlags, ErrorCode, HostDescriptor, NewTimestamp, OpenFlags, PathFlags,
};

#[tokio::test]
async fn each_changed_path_is_asked_about_once() {
    let home = Home::new();
    let mut call = home.call(|_| YES);
    call.write("a.txt", "one").await.unwrap();
    call.append("a.txt", " two").await.unwrap();
    call.write("new/../new.txt", "x")
        .await
        .expect_err("`new` is not there");
    call.write("new.txt", "x").await.unwrap();
    call.write("new.txt", "yy").await.unwrap();
    call.mkdir("made").await.unwrap();
    call.write("made/deep.txt", "z").await.unwrap();
    assert_eq!(home.text("a.txt"), "one two");
    assert_eq!(home.text("new.txt"), "yy");
    assert_eq!(
        call.asked(),
        [
            "FileWrite a.txt",
            "FileWrite new.txt (new)",
            "FileWrite made (new)",
            "FileWrite made/deep.txt (new)",
        ]
    );
    assert_eq!(call.meter().bytes_written, 3 + 4 + 1 + 2 + 1);
    call.unlink("made/deep.txt").await.unwrap();
    call.rmdir("made/").await.unwrap();
    call.rename("a.txt", "b.txt").await.unwrap();
    assert_eq!(
        call.asked()[4..],
        [
            "FileRemove made/deep.txt",
            "FileRemove made",
            "FileRemove a.txt -> b.txt"
        ]
    );
}

#[tokio::test]
async fn a_no_changes_nothing_and_is_not_asked_again() {
    let home = Home::new();
    let mut call = home.call(|_| NO);
    for _ in 0..2 {
        assert_eq!(call.write("a.txt", "x").await, Err(ErrorCode::Access));
        assert_eq!(call.write("new", "x").await, Err(ErrorCode::Access));
        assert_eq!(call.mkdir("made").await, Err(ErrorCode::Access));
        assert_eq!(call.unlink("a.txt").await, Err(ErrorCode::Access));
        assert_eq!(call.rename("a.txt", "b").await, Err(ErrorCode::Access));
    }
    assert_eq!(call.asked().len(), 5, "{:?}", call.asked());
    assert_eq!(home.text("a.txt"), "alpha");
    assert_eq!(call.names(".").await.unwrap(), [".git", "a.txt", "sub"]);
}

#[tokio::test]
async fn what_cannot_be_done_is_not_asked_about() {
    let home = Home::new();
    let mut call = home.call(|_| YES);
    let create_new = OpenFlags::CREATE | OpenFlags::EXCLUSIVE;
    assert_eq!(
        call.write_with("a.txt", "x", create_new).await,
        Err(ErrorCode::Exist)
    );
    assert_eq!(call.append("absent", "x").await, Err(ErrorCode::NoEntry));
    assert_eq!(call.write("sub", "x").await, Err(ErrorCode::IsDirectory));
    assert_eq!(call.write("new/", "x").await, Err(ErrorCode::IsDirectory));
    assert_eq!(call.write("no/new", "x").await, Err(ErrorCode::NoEntry));
    assert_eq!(call.mkdir("sub").await, Err(ErrorCode::Exist));
    assert_eq!(call.unlink("sub").await, Err(ErrorCode::IsDirectory));
    assert_eq!(call.rmdir("a.txt").await, Err(ErrorCode::NotDirectory));
    assert_eq!(call.unlink("absent").await, Err(ErrorCode::NoEntry));
    assert_eq!(call.asked(), [""; 0]);
    call.write_with("new", "x", create_new).await.unwrap();
}

#[tokio::test]
async fn what_changed_since_it_was_read_is_not_overwritten() {
    let home = Home::new();
    let mut call = home.call(|_| YES);
    call.read("a.txt").await.unwrap();
    call.read("sub/b.txt").await.unwrap();
    home.put("a.txt", "somebody else");
    assert_eq!(call.write("a.txt", "x").await, Err(ErrorCode::Access));
    assert_eq!(
        call.rename("sub/b.txt", "a.txt").await,
        Err(ErrorCode::Access)
    );
    assert!(
        call.refusals()
            .contains("`a.txt` changed since it was read; read it again")
    );
    assert_eq!(call.asked(), [""; 0]);
    assert_eq!(home.text("a.txt"), "somebody else");
    // A tool that looks before it writes has not shown anybody what it saw.
    call.read("a.txt").await.unwrap();
    assert_eq!(call.write("a.txt", "x").await, Err(ErrorCode::Access));
    let mut call = home.call(|_| YES);
    assert_eq!(call.write("a.txt", "x").await, Err(ErrorCode::Access));
    call.read("a.txt").await.unwrap();
    let mut call = home.call(|_| YES);
    // Its own writes do not count, nor those of an earlier call of the conversation.
    call.write("a.txt", "one").await.unwrap();
    call.write("a.txt", "one and more").await.unwrap();
    call.append("a.txt", "!").await.unwrap();
    let mut call = home.call(|_| YES);
    call.write("a.txt", "two").await.unwrap();
    home.put("a.txt", "somebody else again");
    assert_eq!(call.write("a.txt", "x").await, Err(ErrorCode::Access));
    // Adding to it does not make it known.
    call.append("a.txt", "!").await.unwrap();
    assert_eq!(call.write("a.txt", "x").await, Err(ErrorCode::Access));
    // What is gone and made anew is new.
    call.unlink("a.txt").await.unwrap();
    home.put("a.txt", "third");
    call.write("a.txt", "x").await.unwrap();
}

#[tokio::test]
async fn open_folders_follow_a_rename() {
    let home = Home::new();
    let mut call = home.call(|_| YES);
    let folder = call
        .open("sub", OpenFlags::DIRECTORY, DescriptorFlags::READ)
        .await
        .unwrap();
    call.rename("sub", "moved").await.unwrap();
    assert_eq!(call.list_open(folder).await.unwrap().len(), 1);
    let stat = call
        .view()
        .stat_at(
            Resource::new_borrow(folder),
            PathFlags::empty(),
            "b.txt".into(),
        )
        .await;
    assert_eq!(super::fixture::got(stat).unwrap().size, 4);
}

#[tokio::test]
async fn sizes_and_times_are_changes() {
    let home = Home::new();
    let mut call = home.call(|_| YES);
    let file = call
        .open("a.txt", OpenFlags::empty(), DescriptorFlags::WRITE)
        .await
        .unwrap();
    let set = call.view().set_size(Resource::new_borrow(file), 2).await;
    super::fixture::got(set).unwrap();
    call.close(file);
    assert_eq!(home.text("a.txt"), "al");
    // What may only be read cannot be set.
    let file = call.open_to_read("a.txt").await.unwrap();
    let set = call.view().set_size(Resource::new_borrow(file), 0).await;
    assert_eq!(super::fixture::got(set), Err(ErrorCode::NotPermitted));
    let set = call
        .view()
        .set_times(
            Resource::new_borrow(file),
            NewTimestamp::Now,
            NewTimestamp::Now,
        )
        .await;
    assert_eq!(super::fixture::got(set), Err(ErrorCode::NotPermitted));
    let (root, path) = call.at("sub/b.txt");
    let time = NewTimestamp::Timestamp(wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime {
        seconds: 1000,
        nanoseconds: 5,
    });
    let set = call
        .view()
        .set_times_at(root, PathFlags::empty(), path, NewTimestamp::NoChange, time)
        .await;
    super::fixture::got(set).unwrap();
    let stat = call.stat("sub/b.txt").await.unwrap();
    assert_eq!(stat.data_modification_timestamp.unwrap().seconds, 1000);
    assert_eq!(call.asked(), ["FileWrite a.txt", "FileWrite sub/b.txt"]);
}
