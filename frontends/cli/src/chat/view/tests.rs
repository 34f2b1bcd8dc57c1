//! Facts and previews in, lines out.

use super::*;
use crate::fake::{bash, item, turn, uuid_of};
use crate::theme::BARE;
use anteroom_api::{Content, OutputStream, Problem, Seq, Status, Topic};

struct Watch {
    view: View,
    start: Instant,
    at: i64,
    lines: Vec<String>,
}

impl Watch {
    fn new(is_plain: bool) -> Self {
        let mut watch = Self {
            view: View::new(BARE, 0, is_plain),
            start: Instant::now(),
            at: 0,
            lines: Vec::new(),
        };
        watch.turn(TurnEvent::Started {
            turn: turn(),
            options: Default::default(),
        });
        watch
    }

    fn fact(&mut self, event: Event) {
        self.at += 1_000;
        let envelope = Envelope {
            topic: Topic::Host,
            seq: Seq(1),
            at: UnixMillis(self.at),
            cause: None,
            event,
        };
        self.lines.extend(self.view.fact(&envelope, self.start));
    }

    fn turn(&mut self, event: TurnEvent) {
        self.fact(Event::Turn(event));
    }

    fn begun(&mut self, item: Item) {
        self.fact(Event::Item(ItemEvent::Started(item)));
    }

    fn done(&mut self, item: Item) {
        self.fact(Event::Item(ItemEvent::Completed(item)));
    }

    fn preview(&mut self, delta: Delta) {
        self.lines.extend(self.view.preview(&delta, self.start));
    }

    fn text(&mut self, number: u32, text: &str) {
        self.preview(Delta::Text {
            item: uuid_of::id(number),
            text: text.into(),
        });
    }

    fn phase(&mut self, phase: Phase) {
        self.preview(Delta::Phase {
            turn: turn(),
            phase,
        });
    }

    fn rows(&self, after_ms: u64) -> Vec<String> {
        self.view
            .rows(self.start + Duration::from_millis(after_ms), 0)
    }

    fn end(&mut self, stop: StopReason) {
        self.turn(TurnEvent::Ended {
            turn: turn(),
            stop,
            usage: Usage {
                prompt_tokens: 10,
                completion_tokens: 412,
                ..Usage::default()
            },
        });
    }
}

fn words(text: &str) -> ItemBody {
    ItemBody::AgentMessage { text: text.into() }
}

#[test]
fn a_turn_reads_from_top_to_bottom() {
    let mut watch = Watch::new(false);
    watch.begun(item(10, Status::Running, words("")));
    watch.text(10, "I look ");
    watch.text(10, "first.\nThen");
    assert_eq!(watch.lines, ["I look first."]);
    assert_eq!(watch.rows(0), ["Then", "⠋ working · 0s"]);
    watch.done(item(
        10,
        Status::Completed,
        words("I look first.\nThen I act."),
    ));
    watch.begun(item(11, Status::Running, ItemBody::ToolCall(bash("ls"))));
    watch.preview(Delta::Output {
        item: uuid_of::id(11),
        stream: OutputStream::Stdout,
        text: "a\nb\nc\u{1b}[2J\nd\ne".into(),
    });
    watch.phase(Phase::Running {
        tool: "bash".into(),
    });
    assert_eq!(
        watch.rows(4_000),
        ["  c", "  d", "  e", "⠋ running bash · 4s · esc to cancel"]
    );
    watch.done(item(11, Status::Completed, ItemBody::ToolCall(bash("ls"))));
    watch.done(item(12, Status::Completed, words("Done.")));
    watch.end(StopReason::EndTurn);
    assert_eq!(
        watch.lines,
        [
            "I look first.",
            "Then I act.",
            "",
            "▶ bash ls  ✓",
            "",
            "Done.",
            "",
            "6.0s · 10 in 412 out",
            "",
        ]
    );
    assert_eq!(watch.view.running(), None);
}

#[test]
fn without_any_preview_the_picture_is_the_same() {
    let play = |has_previews: bool| {
        let mut watch = Watch::new(false);
        watch.begun(item(10, Status::Running, words("")));
        if has_previews {
            watch.text(10, "One\nTw");
            watch.text(10, "o\n");
        }
        watch.done(item(10, Status::Completed, words("One\nTwo\nThree")));
        watch.end(StopReason::EndTurn);
        watch.lines
    };
    assert_eq!(play(true), play(false));
}

#[test]
fn the_row_counts_on_between_phases() {
    let mut watch = Watch::new(false);
    watch.phase(Phase::Stalled { silent_ms: 5_000 });
    assert_eq!(
        watch.rows(2_000),
        ["⠋ stalled 7s · no data from the model · 2s"]
    );
    watch.phase(Phase::Retrying {
        attempt: 2,
        max: 3,
        delay_ms: 4_000,
        reason: "read timeout".into(),
    });
    assert_eq!(
        watch.rows(3_000),
        ["↻ retry 2/3 in 1s · read timeout · 3s · esc to give up"]
    );
    watch.phase(Phase::Streaming);
    watch.text(10, &"x".repeat(800));
    let row = watch.rows(2_000).pop().unwrap();
    assert_eq!(row, "⠋ streaming · 100 tok/s · 2s");
}

#[test]
fn child_agents_have_rows_while_they_work() {
    let mut watch = Watch::new(false);
    watch.preview(Delta::Agent {
        item: uuid_of::id(20),
        name: "a1".into(),
        step: 3,
        tool: Some("grep".into()),
        tokens: 1_200,
        elapsed_ms: 12_000,
    });
    assert_eq!(
        watch.rows(0)[0],
        "  ◇ a1 ⠋ grep · step 3 · 1.2k tokens · 12s"
    );
    watch.done(item(20, Status::Completed, ItemBody::ToolCall(bash("x"))));
    assert_eq!(watch.rows(0).len(), 1);
}

#[test]
fn the_end_says_what_happened() {
    let check = |stop: StopReason, wanted: &[&str]| {
        let mut watch = Watch::new(false);
        watch.text(10, "half");
        watch.end(stop);
        let (body, tail) = watch.lines.split_at(watch.lines.len() - 2);
        assert_eq!(body, wanted);
        assert_eq!(tail, ["1.0s · 10 in 412 out", ""]);
    };
    check(
        StopReason::Cancelled,
        &["half", "", "⏹ cancelled · 412 tokens kept"],
    );
    let problem = Problem::new(ProblemCode::EndpointAuth, "refused").hint("`aroom doctor`");
    check(
        StopReason::Failed { problem },
        &["half", "", "error: refused", "", "hint: `aroom doctor`"],
    );
}

#[test]
fn plain_says_phases_as_lines() {
    let mut watch = Watch::new(true);
    watch.phase(Phase::Waiting);
    watch.phase(Phase::Waiting);
    watch.phase(Phase::Streaming);
    watch.phase(Phase::Stalled { silent_ms: 5_000 });
    watch.phase(Phase::Stalled { silent_ms: 6_000 });
    assert_eq!(
        watch.lines,
        [
            "waiting for first token",
            "stalled 5s · no data from the model"
        ]
    );
}

#[test]
fn queued_input_is_shown_when_its_turn_comes() {
    let mut watch = Watch::new(false);
    let later: TurnId = uuid_of::id(3);
    watch.turn(TurnEvent::Queued {
        queued: QueuedInput {
            turn: later,
            input: vec![Content::text("then clippy")],
            is_held: false,
        },
    });
    assert_eq!(watch.rows(0), ["⠋ working · 0s · 1 queued"]);
    watch.turn(TurnEvent::Started {
        turn: later,
        options: Default::default(),
    });
    assert!(watch.view.queued.is_empty());
    let body = || ItemBody::UserMessage {
        content: vec![Content::text("then clippy")],
    };
    let mut said = item(30, Status::Completed, body());
    said.turn = later;
    watch.done(said);
    assert_eq!(watch.lines, ["❯ then clippy"]);
    watch.view.shown.insert(turn());
    watch.done(item(31, Status::Completed, body()));
    assert_eq!(
        watch.lines.len(),
        1,
        "what was typed is on the screen already"
    );
}
