//! Lines and what they ask for.

use super::talk::Queue;
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
        talk(Talk::Mode(Some(Mode::AskForDangerous))),
    );
    check("/queue rm 2", talk(Talk::Queue(Queue::Remove(2))));
    check("/queue run 1", talk(Talk::Queue(Queue::Run(1))));
    assert!(Slash::read("/queue rm 0").is_some_and(|read| read.is_err()));
    let undo = |is_turn, is_forced| Some(Ok(Wish::Changes(Changes::Undo { is_turn, is_forced })));
    check("/undo", undo(false, false));
    check("/undo force turn", undo(true, true));
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
        assert!((1..=60).contains(&summary), "{}", command.name);
        assert!(!command.examples.is_empty(), "{}", command.name);
        for (line, _) in command.examples {
            let read = Slash::read(line).map(|read| read.map(|slash| slash.command.name));
            assert_eq!(read, Some(Ok(command.name)), "{line}");
        }
        let lines = of_command(command, &BARE);
        assert!(lines.iter().all(|line| line.chars().count() <= 80));
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
