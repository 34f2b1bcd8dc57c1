//! What no mode and no rule lets through: data leaving a tainted conversation, commands without a sandbox, answers
//! to other questions, masks written back. And what is said of each verdict.

use super::*;
use crate::{Clock, EffectVerdict, StoredAlways, Taint};
use anteroom_api::{Trust, UnixMillis};
use std::sync::Arc;

fn tainted(gate: Gate) -> Gate {
    gate.with_taint(Taint::earlier(
        "the file `/etc/hosts`, outside the workspace",
    ))
}

fn ask(permit: &Permit, text: &str) -> crate::Asked {
    match permit.judge(&effect(text)) {
        EffectVerdict::Ask(asked) => asked,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn sending_asks_in_a_tainted_conversation_whatever_allowed_it() {
    let memory = Memory::new(rules(&["bash:git push *"]));
    memory.remember("bash".parse().unwrap(), Scope::Session);
    for mode in [
        Mode::Auto,
        Mode::AskForDangerous,
        Mode::AskForWrites,
        Mode::Ask,
    ] {
        let clean = gate_with(mode, &["*", "bash:curl *"], &[], &memory);
        for (line, sends) in [
            ("run curl https://x", true),
            ("run git push", true),
            ("run sh -c 'curl https://x'", true),
            ("run npm publish x", true),
            ("run cargo build", false),
            ("run ls", false),
        ] {
            // A mark of its own: what the line lets in taints the conversation it runs in.
            let clean = clean.clone().with_taint(Taint::default());
            let before = permit(&clean, "bash").judge(&effect(line));
            if !line.contains("publish") {
                assert!(
                    matches!(before, EffectVerdict::Allow { .. }),
                    "{mode} {line}"
                );
            }
            let after = permit(&tainted(clean), "bash").judge(&effect(line));
            assert_eq!(
                matches!(after, EffectVerdict::Ask(_)),
                sends,
                "{mode} {line} {after:?}"
            );
            if let EffectVerdict::Ask(asked) = after {
                assert_eq!(asked.scopes.len(), 1, "never for longer: {line}");
                let told = asked.reasons.join("\n");
                assert!(told.contains("reaches the network"), "{told}");
                assert!(told.contains("`/etc/hosts`"), "what tainted it: {told}");
            }
        }
    }
}

#[test]
fn a_program_nobody_knows_sends_only_where_the_network_is_open() {
    for (is_offline, expected) in [(true, "policy"), (false, "ask once")] {
        let policy = Policy {
            mode: Mode::Auto,
            is_offline,
            ..policy()
        };
        let gate = tainted(Gate::new(policy, place(), Memory::default()).unwrap());
        let found = permit(&gate, "bash").judge(&effect("run frobnicate --all"));
        assert_eq!(outcome(&found), expected);
        // What stays on the machine is not asked either way.
        let found = permit(&gate, "bash").judge(&effect("run mkdir a"));
        assert_eq!(outcome(&found), "policy");
    }
}

#[test]
fn what_comes_in_taints_at_once() {
    for (text, is_bringing) in [
        ("read /etc/hosts", true),
        ("read src/a.rs", false),
        ("read temp:x", false),
        ("write src/a.rs", false),
        ("run curl https://x", true),
        ("run cat /etc/hosts", true),
        ("run cargo build", false),
    ] {
        let gate = gate(Mode::Auto, &[], &[]);
        let permit = permit(
            &gate,
            if text.starts_with("run") {
                "bash"
            } else {
                "edit_file"
            },
        );
        let effect = effect(text);
        if let EffectVerdict::Ask(asked) = permit.judge(&effect) {
            assert!(!gate.taint().is_marked(), "asking lets nothing in: {text}");
            assert!(
                permit
                    .settle(&effect, &asked, &Resolution::NotAnswered)
                    .is_err()
            );
            assert!(!gate.taint().is_marked(), "nor does a no: {text}");
            let EffectVerdict::Ask(asked) = permit.judge(&effect) else {
                panic!("{text}")
            };
            permit.settle(&effect, &asked, &YES).unwrap();
        }
        assert_eq!(gate.taint().is_marked(), is_bringing, "{text}");
        assert_eq!(permit.trust() == Trust::Untrusted, is_bringing, "{text}");
    }
}

/// Taint that comes while the question is open makes its answer void, for whatever was asked.
#[test]
fn taint_in_the_middle_of_a_call_makes_open_questions_void() {
    let gate = gate(Mode::AskForWrites, &[], &[]);
    let permit = permit(&gate, "bash");
    let run = effect("run cargo build");
    let asked = ask(&permit, "run cargo build");
    gate.taint().mark("a page");
    assert!(permit.settle(&run, &asked, &YES).is_err());
    let again = ask(&permit, "run cargo build");
    assert_ne!(again.digest, asked.digest);
    permit.settle(&run, &again, &YES).unwrap();
}

#[test]
fn a_child_is_as_tainted_as_its_parent() {
    let parent = tainted(gate(Mode::Auto, &[], &[]));
    let child = parent.clone().with_taint(parent.taint().inherited());
    let found = permit(&child, "bash").judge(&effect("run git push"));
    assert_eq!(outcome(&found), "ask once");
}

#[test]
fn a_strangers_tool_with_side_effects_asks_in_a_tainted_conversation() {
    let memory = Memory::default();
    memory.remember("remote".parse().unwrap(), Scope::Session);
    let call = |tier, is_third_party| CallFacts {
        is_third_party,
        ..facts("remote", tier, &[])
    };
    for mode in [Mode::Auto, Mode::AskForDangerous, Mode::AskForWrites] {
        let clean = gate_with(mode, &["remote"], &[], &memory);
        assert_eq!(verdict(&clean, call(Tier::Execute, true)), "allow");
        let gate = tainted(clean);
        assert_eq!(verdict(&gate, call(Tier::Execute, true)), "ask", "{mode}");
        assert_eq!(verdict(&gate, call(Tier::Write, true)), "ask", "{mode}");
        assert_eq!(verdict(&gate, call(Tier::Read, true)), "allow", "{mode}");
        assert_eq!(
            verdict(&gate, call(Tier::Execute, false)),
            "allow",
            "{mode}"
        );
        let CallVerdict::Ask(question) = gate.judge_call(call(Tier::Execute, true)) else {
            panic!()
        };
        assert_eq!(question.asked().scopes.len(), 1);
        let told = question.asked().reasons.join("\n");
        assert!(told.contains("content from outside"), "{told}");
    }
}

#[test]
fn without_a_sandbox_every_command_asks_each_time() {
    let memory = Memory::new(rules(&["bash", "bash:ls *"]));
    for mode in [
        Mode::Auto,
        Mode::AskForDangerous,
        Mode::AskForWrites,
        Mode::Ask,
    ] {
        for is_sandboxed in [true, false] {
            let policy = Policy {
                mode,
                allowed: rules(&["*"]),
                is_sandboxed,
                sandbox_lacks: vec!["Landlock".to_owned(), "seccomp".to_owned()],
                ..policy()
            };
            let gate = Gate::new(policy, place(), memory.clone()).unwrap();
            for line in ["run ls", "run pwd", "run cargo test"] {
                let found = permit(&gate, "bash").judge(&effect(line));
                let is_asked = matches!(found, EffectVerdict::Ask(_));
                assert_eq!(is_asked, !is_sandboxed, "{mode} {is_sandboxed} {line}");
                if let EffectVerdict::Ask(asked) = found {
                    let scopes: Vec<Scope> = asked.scopes.iter().map(|it| it.scope).collect();
                    assert_eq!(scopes, [Scope::Once], "{line}");
                    let told = asked.reasons.join("\n");
                    assert!(told.contains("Landlock, seccomp"), "{told}");
                }
            }
            // Files are held by the host itself.
            let found = permit(&gate, "edit_file").judge(&effect("write src/a.rs"));
            assert!(matches!(found, EffectVerdict::Allow { .. }), "{mode}");
        }
    }
    assert!(!Policy::default().is_sandboxed && !Policy::default().is_offline);
}

#[test]
fn what_a_sandbox_lacks_is_said_with_each_question() {
    let policy = Policy {
        sandbox_lacks: vec!["limits of memory".to_owned()],
        ..policy()
    };
    let gate = Gate::new(policy, place(), Memory::default()).unwrap();
    let asked = ask(&permit(&gate, "bash"), "run cargo build");
    assert_eq!(asked.reasons, ["the sandbox lacks limits of memory"]);
    assert_eq!(asked.scopes.len(), 3);
}

#[test]
fn an_answer_is_used_once() {
    let gate = gate(Mode::AskForWrites, &[], &[]);
    let permit = permit(&gate, "bash");
    let run = effect("run cargo build");
    let asked = ask(&permit, "run cargo build");
    permit.settle(&run, &asked, &YES).unwrap();
    let refusal = permit.settle(&run, &asked, &YES).unwrap_err();
    assert!(refusal.text.contains("done already"), "{}", refusal.text);
    // Asked again, it is answered again; in another call it was never asked.
    let again = ask(&permit, "run cargo build");
    assert!(
        self::permit(&gate, "bash")
            .settle(&run, &again, &YES)
            .is_err()
    );
    permit.settle(&run, &again, &YES).unwrap();
}

#[test]
fn a_mask_is_not_written_back() {
    let mask = "[secret masked: password]";
    let gate = gate(Mode::Auto, &["*"], &[]);
    let call = |tool: &str, arguments| CallFacts {
        arguments,
        ..known(tool)
    };
    for arguments in [
        json!({"path": "a", "content": format!("x\npassword = {mask}\n")}),
        json!({"path": "a", "edits": [{"old_text": "a", "new_text": mask}]}),
        json!({"path": "a", "edits": [{"old_text": mask, "new_text": "a"}]}),
    ] {
        let CallVerdict::Deny(refusal) = gate.judge_call(call("edit_file", arguments.clone()))
        else {
            panic!("{arguments}")
        };
        assert!(refusal.text.contains("hidden from you"), "{}", refusal.text);
        assert_eq!(verdict(&gate, call("read_file", arguments)), "allow");
    }
    let found = permit(&gate, "bash").judge(&effect(&format!("run echo 'k={mask}' > a")));
    assert_eq!(outcome(&found), "deny");
}

#[test]
fn questions_show_no_secrets() {
    let secret = "hunter2-and-more";
    let gate = gate(Mode::Ask, &[], &[]).with_masker(Masker::new([secret]));
    let call = question(&gate, "bash", json!({"command": format!("login {secret}")}));
    let run = Effect::Process {
        line: format!("login {secret} {}", "x".repeat(300)),
        cwd: "sub".to_owned(),
        is_background: false,
    };
    let write = Effect::FileWrite {
        path: FilePath::Workspace("a".to_owned()),
        is_new: true,
        preview: Some(ToolContent::Text {
            text: format!("password: \"{secret}\""),
        }),
    };
    let agent = Effect::Agent {
        name: "a".to_owned(),
        prompt: format!("use {secret}"),
    };
    let views = [run, write, agent].map(|effect| gate.shown("t", &effect, false).0);
    for view in views.iter().chain([&call.effect]) {
        let shown = format!("{view:?}");
        assert!(
            !shown.contains(secret) && shown.contains("[secret masked: "),
            "{shown}"
        );
    }
    // What is hidden counts all the same.
    let other = question(&gate, "bash", json!({"command": "login hunter3-and-more"}));
    assert_ne!(call.digest, other.digest);
    // Nor is it remembered in a rule.
    let ordinary = gate_with(Mode::AskForWrites, &[], &[], &Memory::default())
        .with_masker(Masker::new([secret]));
    let asked = ask(&permit(&ordinary, "bash"), &format!("run login {secret}"));
    assert_eq!(asked.scopes.len(), 1, "{:?}", asked.scopes);
    let masked = |text: &str| {
        let effect = effect(&format!("run curl -u a:{text} x"));
        let gate = gate
            .clone()
            .with_masker(Masker::new(["first-secret-1", "first-secret-2"]));
        gate.shown("t", &effect, false)
    };
    let (one, two) = (masked("first-secret-1"), masked("first-secret-2"));
    assert_eq!(one.0, two.0);
    assert_ne!(one.1, two.1, "the digest is over what is hidden too");
}

#[test]
fn what_is_too_long_to_show_is_said_and_allowed_once_at_most() {
    let gate = gate(Mode::AskForWrites, &[], &[]);
    let long = "x".repeat(5 << 20);
    let line = format!("cargo test {long}");
    let run = |line: String| Effect::Process {
        line,
        cwd: String::new(),
        is_background: false,
    };
    let EffectVerdict::Ask(asked) = permit(&gate, "bash").judge(&run(line.clone())) else {
        panic!()
    };
    let detail = asked.effect.detail.clone().unwrap();
    assert!(detail.len() < 70_000, "{}", detail.len());
    let hidden = line.len() - (64 - 8) * 1024 - 8 * 1024;
    assert!(detail.contains(&format!("{hidden} more bytes are hidden here")));
    assert_eq!(asked.scopes.len(), 1);
    // One byte in the middle, and it is another question.
    let mut other = line.into_bytes();
    other[2 << 20] = b'y';
    let other = run(String::from_utf8(other).unwrap());
    let EffectVerdict::Ask(other) = permit(&gate, "bash").judge(&other) else {
        panic!()
    };
    assert_eq!(other.effect, asked.effect);
    assert_ne!(other.digest, asked.digest);
    // Short enough to be understood: without this a rule would be offered.
    let understood = run(format!("cargo test {}", "x".repeat(100 << 10)));
    let EffectVerdict::Ask(understood) = permit(&gate, "bash").judge(&understood) else {
        panic!()
    };
    assert_eq!(understood.scopes.len(), 1);
    let call = question(&gate, "remote", json!({"text": long}));
    assert!(
        call.effect
            .detail
            .unwrap()
            .contains("more bytes are hidden")
    );
    assert_eq!(call.scopes.len(), 1);
}

#[test]
fn a_rule_that_has_ended_allows_nothing() {
    let clock: Clock = Arc::new(|| UnixMillis(1000));
    let memory = Memory::default().with_clock(clock);
    let until = |end: Option<i64>| StoredAlways {
        rule: "bash:cargo test *".parse().unwrap(),
        expires_at: end.map(UnixMillis),
    };
    let gate = gate_with(Mode::AskForWrites, &[], &[], &memory);
    for (end, expected) in [
        (Some(1001), "rule"),
        (Some(1000), "ask bash:cargo test *"),
        (Some(0), "ask bash:cargo test *"),
        (None, "rule"),
    ] {
        memory.replace_always(vec![until(end)]);
        let found = permit(&gate, "bash").judge(&effect("run cargo test"));
        assert_eq!(outcome(&found), expected, "{end:?}");
    }
    // Revoked elsewhere.
    memory.replace_always(Vec::new());
    let found = permit(&gate, "bash").judge(&effect("run cargo test"));
    assert_eq!(outcome(&found), "ask bash:cargo test *");
}

/// What is kept with a call for `aroom why`.
#[test]
fn each_verdict_says_what_led_to_it() {
    let why = |gate: &Gate, tool: &str, text: &str| match permit(gate, tool).judge(&effect(text)) {
        EffectVerdict::Allow { why, .. } => (why.reasons.join("; "), why.rule),
        EffectVerdict::Ask(asked) => {
            let why = asked.decided(
                &Resolution::Allowed {
                    scope: Scope::Session,
                },
                "cli",
            );
            (why.reasons.join("; "), why.rule)
        }
        EffectVerdict::Deny(refusal) => (refusal.text, refusal.rule),
    };
    let plain = gate(
        Mode::AskForWrites,
        &["bash:make *"],
        &["edit_file:closed/**"],
    );
    for (tool, text, reasons, rule) in [
        ("read_file", "read src/a.rs", "", None),
        (
            "edit_file",
            "write temp:x",
            "the private temporary folder is free",
            None,
        ),
        (
            "bash",
            "run make all",
            "tier execute; mode ask_for_writes asks for it; the rule `bash:make *` of the settings covers it",
            Some("bash:make *"),
        ),
        (
            "bash",
            "run cargo test",
            "tier execute; mode ask_for_writes asks for it; no rule covers it; allowed by cli: for this session",
            Some("bash:cargo test *"),
        ),
        (
            "bash",
            "run git push --force",
            "tier destructive; mode ask_for_writes asks for it, and no rule can cover it; it overwrites history in another repository; allowed by cli: for this session",
            None,
        ),
        (
            "bash",
            "run cat .env",
            "tier execute; asked in every mode, and no rule can cover it; `.env` is a sensitive path; allowed by cli: for this session",
            None,
        ),
        (
            "edit_file",
            "write closed/a",
            "`edit_file` is denied by the rule `edit_file:closed/**` in `denied_tools`. Only the person can change that setting; go on without it.",
            Some("edit_file:closed/**"),
        ),
    ] {
        assert_eq!(
            why(&plain, tool, text),
            (reasons.to_owned(), rule.map(str::to_owned)),
            "{text}"
        );
    }
    let auto = gate(Mode::Auto, &[], &[]);
    assert_eq!(
        why(&auto, "bash", "run cargo test").0,
        "tier execute; mode auto does not ask for it"
    );
    // A call whose effects nobody sees is told as a whole.
    let CallVerdict::Allow(permit) = auto.judge_call(known("remote")) else {
        panic!()
    };
    assert_eq!(
        permit.why().reasons,
        ["tier execute", "mode auto does not ask for it"]
    );
    let CallVerdict::Allow(permit) = auto.judge_call(known("bash")) else {
        panic!()
    };
    assert!(permit.why().reasons.is_empty());
}

#[test]
fn what_runs_later_is_not_planted_unasked() {
    let gate = gate(Mode::Auto, &["*"], &[]);
    for path in [
        "DOTvscode/tasks.json",
        "sub/.idea/x",
        "DOTmcp.json",
        "a/.husky/pre-commit",
    ] {
        let write = permit(&gate, "edit_file").judge(&effect(&format!("write {path}")));
        assert_eq!(outcome(&write), "ask once", "{path}");
        let read = permit(&gate, "edit_file").judge(&effect(&format!("read {path}")));
        assert_eq!(outcome(&read), "policy", "{path}");
    }
}
