//! Lines and what they ask for.

use super::*;
use crate::theme::BARE;
use anteroom_api::Mode;
use std::collections::BTreeSet;

fn check(line: &str, wanted: Option<Result<Wish, &str>>) {
    let read = Slash::read(line).map(|read| read.map(|slash| slash.wish));
    let wanted = wanted.map(|read| read.map_err(ToOwned::to_owned));
    assert_eq!(read, wanted, "{line}");
}

#[test]
fn lines_are_commands_or_not() {
    let talk = |talk| Some(Ok(Wish::Talk(talk)));
    check("hello", None);
    check("/usr/bin is a folder", None);
    check(" /Help ", Some(Ok(Wish::Help(None))));
    check("/help /undo", Some(Ok(Wish::Help(find("undo")))));
    check(
        "/help undoo",
        Some(Err("there is no /undoo; did you mean /undo?")),
    );
    check("/resume", talk(Talk::Resume(None)));
    check("/resume 5f21", talk(Talk::Resume(Some("5f21".into()))));
    check(
        "/search retry policy",
        Some(Ok(Wish::Organize(Organize::Search("retry policy".into())))),
    );
    check(
        "/search",
        Some(Err("/search WORDS; /help search shows examples")),
    );
    check(
        "/mode dangerous",
        talk(Talk::Mode(Some(Manner::Doing(Mode::AskForDangerous)))),
    );
    check("/queue rm 2", talk(Talk::Queue(Queue::Remove(2))));
    check("/queue run 1", talk(Talk::Queue(Queue::Run(1))));
    assert!(Slash::read("/queue rm 0").is_some_and(|read| read.is_err()));
    let undo = |what, is_forced| Some(Ok(Wish::Changes(Changes::Undo { what, is_forced })));
    check("/undo", undo(Undo::LastCall, false));
    check("/undo force turn", undo(Undo::Turn, true));
    check("/undo to 2", undo(Undo::To(2), false));
    check(
        "/undo 5f21c0de force",
        undo(Undo::Call("5f21c0de".into()), true),
    );
    for wrong in ["/undo to", "/undo 5f", "/undo list force", "/undo turn 2"] {
        assert!(
            Slash::read(wrong).is_some_and(|read| read.is_err()),
            "{wrong}"
        );
    }
    let rewind = |messages, is_undoing| {
        Some(Ok(Wish::Changes(Changes::Rewind {
            messages,
            is_undoing,
        })))
    };
    check("/rewind", rewind(1, false));
    check("/rewind 3 undo", rewind(3, true));
    assert!(Slash::read("/rewind 0").is_some_and(|read| read.is_err()));
    check("/q", Some(Ok(Wish::Quit)));
    check(
        "/modl",
        Some(Err("there is no /modl; did you mean /model?")),
    );
    check(
        "/zzzzzzz",
        Some(Err("there is no /zzzzzzz; /help lists all")),
    );
    assert!(Slash::read("/mode x").is_some_and(|read| read.is_err()));
}

#[test]
fn what_waits_is_changed_by_its_number() {
    let queue = |queue| Some(Ok(Wish::Talk(Talk::Queue(queue))));
    check("/queue up 2", queue(Queue::Up(2)));
    check("/queue edit 2", queue(Queue::Edit(2, None)));
    check(
        "/queue edit 2 run  clippy",
        queue(Queue::Edit(2, Some("run  clippy".into()))),
    );
    for wrong in ["/queue up", "/queue edit", "/queue edit x y", "/queue 2"] {
        assert!(
            Slash::read(wrong).is_some_and(|read| read.is_err()),
            "{wrong}"
        );
    }
}

#[test]
fn canvases_and_files_may_be_named_with_blanks() {
    let canvas = |canvas| Some(Ok(Wish::Changes(Changes::Canvas(canvas))));
    let save = |number, file: &str, is_forced| {
        canvas(Canvas::Save {
            canvas: number,
            file: file.into(),
            is_forced,
        })
    };
    check("/canvas", canvas(Canvas::List));
    check("/canvas The Plan", canvas(Canvas::Show("The Plan".into())));
    check("/canvas diff", canvas(Canvas::Diff(None, None)));
    check(
        "/canvas diff v1 v3",
        canvas(Canvas::Diff(None, Some((1, 3)))),
    );
    check(
        "/canvas diff 2 1 3",
        canvas(Canvas::Diff(Some(2), Some((1, 3)))),
    );
    check("/canvas save my plan.md", save(None, "my plan.md", false));
    check(
        "/canvas save 2 plan.md force",
        save(Some(2), "plan.md", true),
    );
    check("/canvas save 2", save(None, "2", false));
    assert!(Slash::read("/canvas save").is_some_and(|read| read.is_err()));
}

#[test]
fn the_ways_to_take_messages_go_round() {
    let mut manner = Manner::Planning;
    for wanted in Manner::ALL {
        manner = manner.next();
        assert_eq!(manner, wanted);
    }
    check(
        "/mode plan",
        Some(Ok(Wish::Talk(Talk::Mode(Some(Manner::Planning))))),
    );
    check("/plan", Some(Ok(Wish::Talk(Talk::Plan(Plan::Turn(None))))));
    check(
        "/plan off",
        Some(Ok(Wish::Talk(Talk::Plan(Plan::Turn(Some(false)))))),
    );
    check(
        "/plan do it",
        Some(Ok(Wish::Talk(Talk::Plan(Plan::For("do it".into()))))),
    );
}

#[test]
fn settings_and_calls_are_named() {
    let manage = |manage| Some(Ok(Wish::Manage(manage)));
    let set = Config::Set("ai.model".into(), "big model".into());
    check(
        "/config set ai.model big model",
        manage(Manage::Config(set)),
    );
    check(
        "/config get ai.",
        manage(Manage::Config(Config::Get("ai.".into()))),
    );
    check(
        "/shared use team",
        manage(Manage::Share(Some("team".into()))),
    );
    check("/shared personal", manage(Manage::Share(None)));
    let safety = |safety| Some(Ok(Wish::Safety(safety)));
    check("/why", safety(Safety::Why(Why::Last(1))));
    check("/why 3", safety(Safety::Why(Why::Last(3))));
    check("/why 5f21", safety(Safety::Why(Why::Named("5f21".into()))));
    check("/audit 99999999", safety(Safety::Audit(10_000)));
    check("/trust remove", safety(Safety::Trust(Trust::Remove)));
    check(
        "/grants revoke bash:cargo test *",
        safety(Safety::Revoke("bash:cargo test *".into())),
    );
    for wrong in [
        "/config set ai.model",
        "/trust me",
        "/shared use",
        "/grants x",
    ] {
        assert!(
            Slash::read(wrong).is_some_and(|read| read.is_err()),
            "{wrong}"
        );
    }
}

#[test]
fn names_are_given_once() {
    let mut names = BTreeSet::new();
    for command in all() {
        for name in command.aliases.iter().chain([&command.name]) {
            assert!(names.insert(*name), "{name} is given twice");
        }
    }
}

#[test]
fn every_command_is_explained_and_its_examples_are_understood() {
    for command in all() {
        let summary = command.summary.chars().count();
        assert!((1..=58).contains(&summary), "{}", command.name);
        assert!(!command.examples.is_empty(), "{}", command.name);
        for (line, _) in command.examples {
            let read = Slash::read(line).map(|read| read.map(|slash| slash.command.name));
            assert_eq!(read, Some(Ok(command.name)), "{line}");
        }
        let lines = of_command(command, &BARE);
        for line in lines {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}

#[test]
fn the_list_has_every_command_and_fits() {
    let lines = list(&BARE);
    for command in all() {
        let row = format!("  /{}", command.name);
        assert!(lines.iter().any(|line| line.starts_with(&row)), "{row}");
    }
    for line in lines {
        assert!(line.chars().count() <= 80, "{line}");
    }
}
