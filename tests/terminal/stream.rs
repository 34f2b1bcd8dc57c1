//! Words that stream while somebody types: every line once in the scrollback, nothing else, the draft as it was (T1, T2).

use super::{composer, rests};
use crate::program::Desk;
use crate::support::endpoint::{Gate, Reply};
use crate::support::pty::{Pty, Shown, keys};
use std::time::Duration;

/// Between two tokens at 200 a second.
const TOKEN: Duration = Duration::from_millis(5);
/// Tokens that come together, as they do from real endpoints.
const AT_ONCE: usize = 2;
/// Letters of two widths, more than fit into a row of the window.
const DRAFT: &str = "потом проверь настройки и запусти все проверки ещё раз 然后运行所有的测试并修复失败的地方 и скажи что вышло";

/// An answer of numbered lines, each of several tokens, that comes as fast as 200 tokens a second.
struct Paced {
    lines: usize,
    gates: Vec<Gate>,
}

impl Paced {
    fn new(lines: usize) -> (Self, Reply) {
        let (mut gates, mut reply) = (Vec::new(), Reply::stream());
        for line in 0..lines {
            for token in [
                &format!("line {line:03}"),
                " of the",
                " long",
                " answer",
                ".\n\n",
            ] {
                if gates.len() * AT_ONCE <= line * 5 {
                    let gate = Gate::new();
                    reply = reply.wait(&gate);
                    gates.push(gate);
                }
                reply = reply.token(token);
            }
        }
        (Self { lines, gates }, reply)
    }

    /// Lets the tokens go, in time; gives back when all are under way.
    async fn play(&self, gates: std::ops::Range<usize>) {
        let mut clock = tokio::time::interval(TOKEN * AT_ONCE as u32);
        for gate in self.gates.get(gates).into_iter().flatten() {
            clock.tick().await;
            gate.open();
        }
    }

    /// The last whole line behind which the first of the closed gates stands, if so many are open.
    fn line(gates: usize) -> usize {
        (gates * AT_ONCE).div_ceil(5) - 1
    }

    fn half(&self) -> usize {
        self.gates.len() / 2
    }

    /// Every line once and in order, and nothing left behind of what stood below them.
    fn check(&self, shown: &Shown, picture: &str) {
        let told: Vec<&str> = shown
            .lines
            .iter()
            .map(String::as_str)
            .filter(|line| line.starts_with("line "))
            .collect();
        let wanted: Vec<String> = (0..self.lines)
            .map(|line| format!("line {line:03} of the long answer."))
            .collect();
        assert_eq!(told, wanted, "{picture}");
        for residue in [
            "esc to cancel",
            "tok/s",
            "waiting for",
            "connecting",
            "starting",
        ] {
            assert_eq!(shown.count(residue), 0, "{residue}: {picture}");
        }
    }
}

/// The draft as the window shows it, without what fills its rows.
fn draft(shown: &Shown) -> String {
    composer(shown)
        .iter()
        .map(|row| row.trim_start_matches('❯').trim())
        .collect::<String>()
        .replace(' ', "")
}

fn has_draft(shown: &Shown) -> bool {
    draft(shown) == DRAFT.replace(' ', "")
}

async fn ends(pty: &mut Pty) -> Shown {
    pty.until("the end of the turn", |shown| {
        shown.count(" in ") > 0 && shown.count("tok/s") == 0 && has_draft(shown)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_is_in_the_scrollback_once_and_the_draft_is_kept() {
    let (paced, reply) = Paced::new(80);
    let desk = Desk::new([reply]).await;
    let mut pty = desk.at_prompt(&[]).await;
    pty.send("go\r");
    paced.play(0..1).await;
    pty.until("the first words", |shown| shown.has("line 000"))
        .await;
    let typed = async {
        let mut clock = tokio::time::interval(Duration::from_millis(10));
        for sign in DRAFT.chars() {
            clock.tick().await;
            pty.send(&sign.to_string());
        }
    };
    tokio::join!(paced.play(1..paced.gates.len()), typed);
    let shown = ends(&mut pty).await;
    paced.check(&shown, &pty.picture());
    // It is handed to the editor at rest whole, and can be edited on.
    pty.send(keys::CTRL_W);
    pty.until("the draft without its last word", |shown| {
        draft(shown) == DRAFT.trim_end_matches("вышло").replace(' ', "")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_resizes_leave_every_line_once() {
    let (paced, reply) = Paced::new(60);
    let desk = Desk::new([reply]).await;
    let mut pty = desk.at_prompt(&[]).await;
    pty.send("go\r");
    paced.play(0..1).await;
    pty.until("the first words", |shown| shown.has("line 000"))
        .await;
    pty.send(DRAFT);
    pty.until("the draft", has_draft).await;
    let quarter = paced.gates.len() / 4;
    for (part, size) in [(60, 20), (120, 30), (48, 16)].into_iter().enumerate() {
        paced
            .play(1 + part * quarter..1 + (part + 1) * quarter)
            .await;
        // What is on its way when the corner is dragged is drawn for the window as it was; let that be little.
        let last = format!("line {:03}", Paced::line(1 + (part + 1) * quarter));
        pty.until("what was let go", |shown| shown.count(&last) > 0)
            .await;
        pty.resize(size);
        pty.until("the draft in its new place", has_draft).await;
    }
    paced.play(1 + 3 * quarter..paced.gates.len()).await;
    let shown = ends(&mut pty).await;
    paced.check(&shown, &pty.picture());
}

#[tokio::test(flavor = "multi_thread")]
async fn little_more_is_written_than_the_words() {
    let (paced, reply) = Paced::new(60);
    let desk = Desk::new([reply]).await;
    let mut pty = desk.at_prompt(&[]).await;
    let before = pty.written();
    pty.send("go\r");
    paced.play(0..paced.half()).await;
    pty.send("a draft");
    paced.play(paced.half()..paced.gates.len()).await;
    pty.until("the end", |shown| {
        shown.count("line 059") == 1 && shown.count(" in ") > 0
    })
    .await;
    let text = 60 * "line 000 of the long answer.\r\n\r\n".len();
    let written = pty.written() - before;
    // Time is no part of this test; the bound itself is measured in `benches/engine`.
    assert!(written < 10 * text, "{written} bytes for {text} of text");
    pty.send(keys::CTRL_U);
    pty.until("the prompt", rests).await;
}
