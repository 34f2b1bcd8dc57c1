//! Entries of `hooks` one by one, and among others.

use super::super::{FILE_NAME, Loaded, Sources, change, load};
use super::*;
use std::fs;

/// What the files come to; the project's counts if `is_trusted`.
fn loaded(user: &str, project: &str, is_trusted: bool) -> (tempfile::TempDir, Loaded) {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    fs::create_dir(&home).unwrap();
    fs::write(home.join(FILE_NAME), user).unwrap();
    let at = folder.path().join("project.yaml");
    fs::write(&at, project).unwrap();
    let sources = Sources {
        home,
        project: Some(at),
        is_project_trusted: is_trusted,
        ..Sources::default()
    };
    let loaded = load(&sources).unwrap();
    (folder, loaded)
}

fn warnings(loaded: &Loaded) -> String {
    let warnings = loaded.report.warnings.iter();
    let words = warnings.map(|warning| warning.error.clone());
    words.collect::<Vec<_>>().join("\n")
}

#[test]
fn an_entry_is_read_with_its_line() {
    let user = "hooks:
  - on: before_tool
    tool: 'files.*'
    arguments: {command: 'git push*'}
    command: ./a $HOME ${NOT}
    timeout: 90
    sandbox: no
  - {on: turn_end, component: checks.v1.say}
";
    let (folder, loaded) = loaded(user, "", false);
    assert!(warnings(&loaded).contains("has a `timeout` of 90 s; 60 s are used"));
    let [first, second] = loaded.settings.hooks.as_slice() else {
        panic!("{:?}", loaded.settings.hooks)
    };
    let home = folder.path().join("home");
    let file = home.join(FILE_NAME).display().to_string();
    assert_eq!(
        (&first.place, &first.folder, first.is_project),
        (&format!("{file}:2"), &home, false)
    );
    assert_eq!(second.place, format!("{file}:8"));
    let expected = HookRule {
        on: HookMoment::BeforeTool,
        tool: Some("files.*".into()),
        arguments: [("command".to_owned(), "git push*".to_owned())].into(),
        runs: HookRuns::Command("./a $HOME ${NOT}".into()),
        timeout: 60.0,
        is_bare: true,
    };
    assert_eq!(first.meant, HookMeant::Rule(expected));
    let expected = HookRule {
        on: HookMoment::TurnEnd,
        tool: None,
        arguments: BTreeMap::new(),
        runs: HookRuns::Component {
            module: "checks.v1".into(),
            tool: "say".into(),
        },
        timeout: 10.0,
        is_bare: false,
    };
    assert_eq!(second.meant, HookMeant::Rule(expected));
}

#[test]
fn what_is_not_understood_is_kept_with_its_reason() {
    for (entry, expected) in [
        ("x", "is no mapping"),
        ("{command: a}", "needs `on`"),
        ("{on: before, command: a}", "needs another `on`"),
        ("{on: turn_end}", "needs a `command` or a `component`"),
        ("{on: turn_end, command: ''}", "needs a text as `command`"),
        ("{on: turn_end, command: [a]}", "needs a text as `command`"),
        ("{on: turn_end, command: a, component: b.c}", "one of them"),
        ("{on: turn_end, component: b}", "`NAME.TOOL`"),
        (
            "{on: turn_end, component: b.c, sandbox: false}",
            "always inside",
        ),
        ("{on: turn_end, command: a, tool: b}", "has a `tool`"),
        (
            "{on: turn_start, command: a, arguments: {b: c}}",
            "has `arguments`",
        ),
        (
            "{on: before_tool, command: a, arguments: [b]}",
            "as `arguments`",
        ),
        (
            "{on: before_tool, command: a, arguments: {b: '[c'}}",
            "cannot be read",
        ),
        (
            "{on: before_tool, command: a, tool: '{b'}",
            "cannot be read",
        ),
        (
            "{on: before_tool, command: a, timeout: soon}",
            "as `timeout`",
        ),
        (
            "{on: before_tool, command: a, sandbox: maybe}",
            "as `sandbox`",
        ),
        (
            "{on: before_tool, command: a, argument: {b: c}}",
            "did you mean `arguments`?",
        ),
    ] {
        let (folder, loaded) = loaded(&format!("hooks:\n  - {entry}\n"), "", false);
        let [hook] = loaded.settings.hooks.as_slice() else {
            panic!("{entry}: {:?}", loaded.settings.hooks)
        };
        let HookMeant::Wrong(why) = &hook.meant else {
            panic!("{entry}: {hook:?}")
        };
        assert!(why.contains(expected), "{entry}: {why}");
        let told = warnings(&loaded);
        let place = folder.path().join("home").join(FILE_NAME);
        for words in [
            why.as_str(),
            &format!("{}:2", place.display()),
            "no tool runs",
        ] {
            assert!(told.contains(words), "{entry}: {words}: {told}");
        }
    }
}

#[test]
fn a_projects_count_in_a_trusted_folder_and_stay_inside() {
    let user = "hooks: [{on: turn_end, command: mine}]\n";
    let project = "hooks: [{on: turn_end, command: theirs, sandbox: false}]\n";
    let (_folder, without) = loaded(user, project, false);
    assert_eq!(without.settings.hooks.len(), 1);
    assert!(warnings(&without).contains("once you trust its folder"));
    let (_folder, with) = loaded(user, project, true);
    let [mine, theirs] = with.settings.hooks.as_slice() else {
        panic!("{:?}", with.settings.hooks)
    };
    assert_eq!((mine.is_project, theirs.is_project), (false, true));
    let HookMeant::Rule(rule) = &theirs.meant else {
        panic!("{theirs:?}")
    };
    assert!(!rule.is_bare);
    assert!(warnings(&with).contains("a project's runs inside"));
}

#[test]
fn two_alike_are_two() {
    let user = "hooks:\n  - {on: turn_end, command: a}\n  - {on: turn_end, command: a}\n";
    let (_folder, loaded) = loaded(user, "", false);
    assert_eq!(loaded.settings.hooks.len(), 2);
}

#[test]
fn they_are_shown_as_written_and_set_in_files_only() {
    let user = "hooks: [{on: turn_end, command: a}, {on: turn_end}]\n";
    let (folder, loaded) = loaded(user, "", false);
    let mut settings = loaded.report.settings.iter();
    let view = settings.find(|view| view.key == "hooks").unwrap();
    let expected = json!([
        { "on": "turn_end", "command": "a" },
        { "on": "turn_end", "not understood": "needs a `command` or a `component`" },
    ]);
    assert_eq!(view.value, expected);
    assert_eq!(view.page, anteroom_api::PageMay::Nothing);
    let by_flag = Sources {
        home: folder.path().join("none"),
        flags: vec![super::super::FlagValue {
            key: "hooks".into(),
            value: json!([{ "on": "turn_end", "command": "a" }]),
            flag: "--hooks".into(),
        }],
        ..Sources::default()
    };
    let flagged = load(&by_flag).unwrap();
    assert_eq!(flagged.settings.hooks, []);
    assert!(warnings(&flagged).contains("in a config file only"));
    let path = folder.path().join("home").join(FILE_NAME);
    let wrong = json!([{ "on": "turn_end" }]);
    assert!(change(&path, "hooks", Some(&wrong)).is_err());
}
