//! References in `aroom exec`: attached, told on standard error, refused with a reason and an exit code.

use super::Desk;
use crate::support::endpoint::Reply;
use crate::support::program::left;
use std::io::Write as _;
use std::process::Stdio;

#[tokio::test(flavor = "multi_thread")]
async fn exec_attaches_what_the_prompt_names() {
    let desk = Desk::new([Reply::text("it loads")]).await;
    desk.write("loader.rs", "one\ntwo\nthree\n");
    let run = desk.run(&["exec", "explain @loader.rs:2-3"]).await;
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (0, "it loads\n"),
        "{run:?}"
    );
    assert!(run.stderr.contains("+ loader.rs 2-3, 2 lines"), "{run:?}");
    let sent = desk.endpoint.chats()[0].json.to_string();
    assert!(
        sent.contains("[Attached file `loader.rs`, lines 2-3 of 3]"),
        "{sent}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn exec_says_what_it_cannot_attach_and_sends_nothing() {
    let desk = Desk::new([]).await;
    desk.write(".env", "SECRET=token-4711\n");
    for (prompt, code) in [("@.env", 6), ("@missing.rs", 8), ("@source:x", 8)] {
        let run = desk.run(&["exec", prompt]).await;
        assert_eq!(run.code, code, "{prompt}: {run:?}");
        assert!(run.stderr.contains("cannot be attached"), "{run:?}");
        assert!(run.stderr.contains("hint:"), "{run:?}");
        assert!(!run.stderr.contains("token-4711"), "{run:?}");
    }
    assert!(desk.endpoint.chats().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_through_standard_input_names_no_files() {
    let desk = Desk::new([Reply::text("a"), Reply::text("b")]).await;
    desk.write("there.rs", "secret words\n");
    for arguments in [&["exec", "look"][..], &["exec", "-"]] {
        let mut command = desk.aroom(arguments);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin
            .write_all(b"see @there.rs and @/etc/hostname\n")
            .unwrap();
        drop(stdin);
        let ended = tokio::task::spawn_blocking(move || child.wait_with_output());
        let run = left(ended.await.unwrap().unwrap());
        assert_eq!(run.code, 0, "{run:?}");
    }
    for chat in desk.endpoint.chats() {
        assert!(!chat.json.to_string().contains("[Attached"));
    }
}
