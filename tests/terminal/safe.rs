//! What the model says cannot take the terminal over.

use crate::program::Desk;
use crate::support::endpoint::Reply;
use crate::support::pty::keys;

#[tokio::test(flavor = "multi_thread")]
async fn control_sequences_of_the_model_do_nothing() {
    let hostile = "one\u{1b}[2J\u{1b}[1;1H \u{1b}]0;owned\u{7}two \u{1b}]52;c;aGk=\u{7}three\u{9b}31m\n\nfour";
    let desk = Desk::new([Reply::text(hostile)]).await;
    let mut pty = desk.at_prompt(&[]).await;
    pty.send("go\r");
    let shown = pty
        .until("the answer", |shown| {
            shown.count("four") == 1 && shown.last_row() == "❯"
        })
        .await;
    assert_eq!(shown.count("one two three"), 1, "{}", pty.picture());
    let raw = String::from_utf8_lossy(&pty.raw()).into_owned();
    for sequence in ["\u{1b}]", "\u{1b}[2J", "\u{1b}[1;1H", "\u{9b}"] {
        assert!(!raw.contains(sequence), "{sequence:?} in {raw:?}");
    }
    pty.send(keys::CTRL_D);
    assert_eq!(pty.exit().await, 0);
}
