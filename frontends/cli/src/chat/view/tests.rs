//! Facts and previews in, lines out.

use super::*;
use crate::fake::{bash, item, turn, uuid_of};
use crate::theme::BARE;
use anteroom_api::{Content, OutputStream, Problem, ProblemCode, Seq, Status, Topic};
use std::time::Duration;

struct Watch {
    view: View,
    start: Instant,
    at: i64,
    lines: Vec<String>,
}

impl Watch {
    fn new(is_plain: bool) -> Self {
        let mut watch = Self {
            view: View::new(BARE, Looks::standard(is_plain)),
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
        let item = uuid_of::id(number);
        let at = self.view.message.as_ref().filter(|m| m.item == item);
        self.preview(Delta::Text {
            item,
            at: at.map_or(0, Message::had),
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
    assert_eq!(watch.lines, Vec::<String>::new());
    assert_eq!(watch.rows(0), ["I look first.", "Then", "⠋ working · 0s"]);
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
        [
            "▶ bash ls  ⠋ 4s",
            "  d",
            "  e",
            "⠋ running bash · 4s · esc to cancel"
        ]
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
    assert_eq!(watch.rows(2_000), ["⠋ stalled 7s · no data from the model"]);
    watch.phase(Phase::Retrying {
        attempt: 2,
        max: 3,
        delay_ms: 4_000,
        reason: "read timeout".into(),
    });
    assert_eq!(
        watch.rows(3_000),
        ["↻ retry 2/3 in 1s · read timeout · esc to give up"]
    );
    watch.phase(Phase::Streaming);
    watch.text(10, &"x".repeat(800));
    let row = watch.rows(2_000).pop().unwrap();
    assert_eq!(row, "⠋ streaming · 100 tok/s · 2s");
}

fn agent(number: u32, name: &str, tool: Option<&str>) -> Delta {
    Delta::Agent {
        item: uuid_of::id(number),
        name: name.into(),
        step: 3,
        tool: tool.map(Into::into),
        calls: number - 20,
        tokens: 1_200,
        elapsed_ms: 12_000,
    }
}

#[test]
fn child_agents_have_rows_while_they_work_and_lines_when_all_are_done() {
    let mut watch = Watch::new(false);
    let done = |number| item(number, Status::Completed, ItemBody::ToolCall(bash("x")));
    watch.preview(agent(21, "a1", Some("grep")));
    assert_eq!(watch.rows(0)[0], "◇ a1 ⠋ grep · 1 tool · 1.2k tokens · 12s");
    watch.preview(agent(22, "a2", None));
    watch.done(done(22));
    assert_eq!(
        watch.rows(0)[..3],
        [
            "◇ 2 sub-agents",
            "  a1 ⠋ grep · 1 tool · 1.2k tokens · 12s",
            "  a2 ✓ done · 2 tools · 1.2k tokens · 12s"
        ]
    );
    assert_eq!(watch.lines, Vec::<String>::new());
    watch.done(item(21, Status::Failed, ItemBody::ToolCall(bash("x"))));
    assert_eq!(watch.rows(0).len(), 1);
    assert_eq!(
        watch.lines,
        [
            "◇ 2 sub-agents",
            "  a1 ✗ failed · 1 tool · 1.2k tokens · 12s",
            "  a2 ✓ done · 2 tools · 1.2k tokens · 12s"
        ]
    );
    let mut watch = Watch::new(false);
    for number in 21..29 {
        watch.preview(agent(number, "a", Some("grep")));
    }
    watch.done(done(21));
    let rows = watch.rows(0);
    assert_eq!(rows.len(), 8, "{rows:?}");
    assert!(
        rows[1..6].iter().all(|row| row.contains("grep")),
        "{rows:?}"
    );
    assert_eq!(rows[6], "  3 more");
}

fn read(path: &str) -> ToolCall {
    let text = "one\ntwo\n";
    ToolCall {
        tool: "read_file".into(),
        arguments: serde_json::json!({ "path": path }),
        tier: Tier::Read,
        result: Some(anteroom_api::ToolResult::text(text)),
        ..bash("")
    }
}

fn edit(by: Option<&str>) -> ToolCall {
    let mut call = read("a.rs");
    call.tool = "edit_file".into();
    call.tier = Tier::Write;
    call.result = Some(anteroom_api::ToolResult {
        is_error: false,
        content: vec![anteroom_api::ToolContent::Diff {
            path: "a.rs".into(),
            unified: "--- a.rs\n+++ a.rs\n@@ -1 +1 @@\n-old\n+new\n".into(),
            added: 1,
            removed: 1,
        }],
    });
    call.decisions = by
        .map(|by| anteroom_api::item::CallDecision {
            effect: "a.rs".into(),
            tier: Tier::Write,
            resolution: anteroom_api::Resolution::Allowed {
                scope: anteroom_api::Scope::Once,
            },
            by: by.into(),
            reasons: vec![],
            rule: None,
        })
        .into_iter()
        .collect();
    call
}

/// What is printed of some calls at a verbosity.
fn calls(level: u8, calls: &[(ToolCall, Status)]) -> Vec<String> {
    let mut watch = Watch::new(false);
    watch.view.set_verbosity(level);
    for (number, (call, status)) in (40..).zip(calls) {
        watch.begun(item(
            number,
            Status::Running,
            ItemBody::ToolCall(call.clone()),
        ));
        watch.done(item(number, *status, ItemBody::ToolCall(call.clone())));
    }
    watch.end(StopReason::EndTurn);
    let length = watch.lines.len() - 3;
    watch.lines.truncate(length);
    watch.lines
}

#[test]
fn verbosity_says_how_much_of_a_call_is_shown() {
    use Status::{Completed, Failed};
    let mut failed = bash("cargo test");
    failed.result = Some(anteroom_api::ToolResult::failed("no such command\nmore"));
    let script = [
        (read("a.rs"), Completed),
        (read("b.rs"), Completed),
        (read("b.rs"), Completed),
        (edit(None), Completed),
        (edit(Some("cli")), Completed),
        (failed, Failed),
        (read("c.rs"), Completed),
    ];
    assert_eq!(
        calls(0, &script),
        [
            "✎ 5 calls read_file 3x, edit_file 2x  +2 −2  ✓",
            "▶ bash cargo test  ✗ failed",
            "    no such command",
            "○ read_file c.rs  ✓ 2 lines",
        ]
    );
    assert_eq!(
        calls(1, &script),
        [
            "○ read 2 files 3x  ✓",
            "✎ edit_file a.rs  +1 −1  ✓",
            "    @@ -1 +1 @@",
            "    -old",
            "    +new",
            "✎ edit_file a.rs  +1 −1  ✓",
            "▶ bash cargo test  ✗ failed",
            "    no such command",
            "○ read_file c.rs  ✓ 2 lines",
        ]
    );
    let verbose = calls(2, &script);
    assert_eq!(
        verbose[..3],
        ["○ read_file a.rs  ✓ 2 lines", "    one", "    two"]
    );
    assert_eq!(verbose.iter().filter(|line| *line == "    +new").count(), 2);
}

#[test]
fn words_before_a_call_are_dim_if_they_are_few() {
    let play = |text: &str, is_followed: bool| {
        let mut watch = Watch::new(false);
        watch.view.theme.has_color = true;
        watch.begun(item(10, Status::Running, words("")));
        watch.text(10, text);
        watch.done(item(10, Status::Completed, words(text)));
        if is_followed {
            watch.begun(item(11, Status::Running, ItemBody::ToolCall(bash("ls"))));
        }
        watch.end(StopReason::EndTurn);
        watch.lines.swap_remove(0).replace('\u{1b}', "")
    };
    assert_eq!(
        play("I *look* first.", true),
        "[2mI [3mlook[0m[2m first.[0m"
    );
    assert_eq!(play("I look first.", false), "I look first.");
    assert_eq!(play("one\n\ntwo\n\nthree", true), "one");
}

#[test]
fn the_context_is_told_once_it_is_known() {
    let mut watch = Watch::new(false);
    watch.turn(TurnEvent::StepEnded {
        turn: turn(),
        step: 1,
        usage: Usage {
            prompt_tokens: 40_000,
            completion_tokens: 960,
            ..Usage::default()
        },
        record: None,
    });
    let row = watch.rows(0).pop().unwrap();
    assert!(row.starts_with("⠋ working · 0s "), "{row}");
    assert!(row.ends_with(" context ██░░░░░░ 32 %"), "{row}");
    assert_eq!(row.chars().count(), 79);
    watch.end(StopReason::EndTurn);
    assert_eq!(watch.lines[0], "2.0s · 10 in 412 out · context 32 %");
}

#[test]
fn silences_are_told_by_the_settings() {
    let mut watch = Watch::new(false);
    watch.view.looks.stall = Duration::from_secs(2);
    watch.phase(Phase::Streaming);
    watch.text(10, "x");
    let row = |watch: &Watch, ms| watch.rows(ms).pop().unwrap();
    assert!(row(&watch, 1_900).starts_with("⠋ streaming · "));
    assert_eq!(row(&watch, 2_000), "⠋ stalled 2s · no data from the model");
    watch.view.looks.stall = Duration::from_secs(8);
    watch.phase(Phase::Stalled { silent_ms: 5_000 });
    assert!(row(&watch, 2_900).starts_with("⠋ streaming · "));
    assert_eq!(
        row(&watch, 3_000),
        "⠋ stalled 8s · no data from the model · esc to cancel"
    );
    watch.view.theme.has_color = true;
    watch.view.looks.stall_warning = Duration::from_secs(9);
    let begins = |ms, code: &str| row(&watch, ms).starts_with(&format!("\u{1b}[{code}m⠋ stalled"));
    assert!(begins(3_900, "2") && begins(4_000, "33"));
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
