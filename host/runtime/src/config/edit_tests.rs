//! Many shapes of a config file, before and after one change.

use super::*;
use serde_json::json;

#[track_caller]
fn edit(text: &str, key: &str, value: Option<Value>) -> Result<String, Problem> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.yaml");
    fs::write(&path, text).unwrap();
    let outcome = change(&path, key, value.as_ref());
    let after = fs::read_to_string(&path).unwrap();
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing is left beside the file"
    );
    if outcome.is_err() {
        assert_eq!(after, text, "a refused change changes nothing");
    }
    outcome.map(|()| after)
}

#[track_caller]
fn check_set(text: &str, key: &str, value: Value, expected: &str) {
    assert_eq!(edit(text, key, Some(value.clone())).unwrap(), expected);
    // The same again changes nothing, and so do other line ends.
    assert_eq!(edit(expected, key, Some(value.clone())).unwrap(), expected);
    let windows = |text: &str| text.replace('\n', "\r\n");
    if text.contains('\n') && !text.contains('|') {
        assert_eq!(
            edit(&windows(text), key, Some(value)).unwrap(),
            windows(expected)
        );
    }
}

#[track_caller]
fn check_removed(text: &str, key: &str, expected: &str) {
    assert_eq!(edit(text, key, None).unwrap(), expected);
    assert_eq!(edit(expected, key, None).unwrap(), expected);
}

#[track_caller]
fn check_refused(text: &str, key: &str, value: Option<Value>, words: &str) {
    let problem = edit(text, key, value).unwrap_err();
    assert!(problem.to_string().contains(words), "{problem}");
    assert!(problem.hint.is_some(), "{problem}");
}

#[test]
fn a_scalar_is_replaced_where_it_stands() {
    for (before, after) in [
        ("ai:\n  model: old\n", "ai:\n  model: new\n"),
        ("ai:\n  model: old", "ai:\n  model: new"),
        (
            "ai:\n  model:   old   # my favorite\n",
            "ai:\n  model:   new   # my favorite\n",
        ),
        (
            "ai:\n  model: \"old # no comment\" # c\n",
            "ai:\n  model: new # c\n",
        ),
        ("ai:\n  'model' : old\n", "ai:\n  'model' : new\n"),
        ("ai:\n  model:\n", "ai:\n  model: new\n"),
        (
            "ai:\n  model: # none yet\n  base_url: x\n",
            "ai:\n  model: new # none yet\n  base_url: x\n",
        ),
        ("ai:\n  model: ~\n", "ai:\n  model: new\n"),
        ("ai:\n  model:\n    old\n", "ai:\n  model: new\n"),
        (
            "ai:\n  model: old\n    and more\n  base_url: x\n",
            "ai:\n  model: new\n  base_url: x\n",
        ),
        (
            "ai:\n  model: |\n    old\n    # text\n\n# c\ncli:\n  tool_dedup: no\n",
            "ai:\n  model: new\n\n# c\ncli:\n  tool_dedup: no\n",
        ),
        (
            "ai: {model: old, base_url: x} # c\n",
            "ai: {model: new, base_url: x} # c\n",
        ),
        ("{ai: {model: old}}\n", "{ai: {model: new}}\n"),
        (
            "\u{feff}ai:\n  model: älter\n",
            "\u{feff}ai:\n  model: new\n",
        ),
        (
            "---\nai:\n  model: old\n...\n",
            "---\nai:\n  model: new\n...\n",
        ),
        (
            "\"ai\":\n    \"model\": 'it''s'\n",
            "\"ai\":\n    \"model\": new\n",
        ),
    ] {
        check_set(before, "ai.model", json!("new"), after);
    }
}

#[test]
fn a_new_setting_joins_its_section() {
    for (before, after) in [
        ("", "ai:\n  model: new\n"),
        ("# mine\n", "# mine\n\nai:\n  model: new\n"),
        ("---\n", "---\n\nai:\n  model: new\n"),
        (
            "cli:\n  tool_dedup: no\n",
            "cli:\n  tool_dedup: no\n\nai:\n  model: new\n",
        ),
        (
            "cli:\n  tool_dedup: no",
            "cli:\n  tool_dedup: no\n\nai:\n  model: new\n",
        ),
        (
            "cli:\n  tool_dedup: no\n\n",
            "cli:\n  tool_dedup: no\n\nai:\n  model: new\n",
        ),
        ("ai:\n", "ai:\n  model: new\n"),
        ("ai:", "ai:\n  model: new"),
        (
            "ai: # endpoint\n  # nothing yet\ncli:\n",
            "ai: # endpoint\n  model: new\n  # nothing yet\ncli:\n",
        ),
        ("ai: {} # c\ncli:\n", "ai: # c\n  model: new\ncli:\n"),
        ("ai: null\n", "ai:\n  model: new\n"),
        ("{}\n", "ai:\n  model: new\n"),
        (
            "ai:\n    base_url: x # here\n    # last words\n\n# next\ncli:\n",
            "ai:\n    base_url: x # here\n    model: new\n    # last words\n\n# next\ncli:\n",
        ),
        (
            "ai:\n  base_url:\ncli:\n",
            "ai:\n  base_url:\n  model: new\ncli:\n",
        ),
        (
            "  ai:\n    base_url: x\n  cli:\n    tool_dedup: no\n",
            "  ai:\n    base_url: x\n    model: new\n  cli:\n    tool_dedup: no\n",
        ),
        (
            "mcp_servers:\n- name: x\n  command: y\n",
            "mcp_servers:\n- name: x\n  command: y\n\nai:\n  model: new\n",
        ),
    ] {
        check_set(before, "ai.model", json!("new"), after);
    }
    check_set(
        "",
        "safety.subagent.timeout",
        json!(60),
        "safety:\n  subagent:\n    timeout: 60\n",
    );
    check_set(
        "safety:\n  sandbox: off\nai:\n",
        "safety.subagent.timeout",
        json!(60),
        "safety:\n  sandbox: off\n  subagent:\n    timeout: 60\nai:\n",
    );
    check_set(
        "ai:\n  system_prompt: |\n    # text\n    more\ncli:\n",
        "ai.model",
        json!("new"),
        "ai:\n  system_prompt: |\n    # text\n    more\n  model: new\ncli:\n",
    );
}

#[test]
fn lists_and_mappings_change_entry_by_entry() {
    // The last entry leaves an empty mapping, not a name with nothing behind it.
    check_set(
        "safety:\n  tool_tiers:\n    a: read\n",
        "safety.tool_tiers",
        json!({}),
        "safety:\n  tool_tiers: {}\n",
    );
    let list = "safety:\n  denied_tools: # never\n    - a # first\n    # about b\n    - \"b\"\n    - c\n  sandbox: off\n";
    let key = "safety.denied_tools";
    check_set(
        list,
        key,
        json!(["a", "b", "c", "bash:x *"]),
        &list.replace("- c\n", "- c\n    - bash:x *\n"),
    );
    check_set(
        list,
        key,
        json!(["a", "c"]),
        &list.replace("    - \"b\"\n", ""),
    );
    check_set(list, key, json!(["a", "b"]), &list.replace("    - c\n", ""));
    check_set(
        "safety:\n  denied_tools:\n  - a\n  - b",
        key,
        json!(["b", "c"]),
        "safety:\n  denied_tools:\n  - b\n  - c",
    );
    check_set(
        "safety:\n  denied_tools:\n  - a\n",
        key,
        json!(["z"]),
        "safety:\n  denied_tools: [z]\n",
    );
    check_set(
        "safety:\n  denied_tools: [a, b] # c\n",
        key,
        json!(["z"]),
        "safety:\n  denied_tools: [z] # c\n",
    );
    check_set(
        "safety:\n  denied_tools:\n  - a\n",
        key,
        json!([]),
        "safety:\n  denied_tools: []\n",
    );
    check_set(
        "",
        key,
        json!(["a", "{b}", "c: d"]),
        "safety:\n  denied_tools: [a, \"{b}\", \"c: d\"]\n",
    );

    let map = "safety:\n  tool_tiers:\n    a: read # why\n    b: write\n";
    let key = "safety.tool_tiers";
    check_set(
        map,
        key,
        json!({"a": "execute", "b": "write"}),
        &map.replace("read", "execute"),
    );
    check_set(
        map,
        key,
        json!({"a": "read", "b": "write", "c": "read"}),
        &format!("{map}    c: read\n"),
    );
    check_set(
        map,
        key,
        json!({"a": "read"}),
        &map.replace("    b: write\n", ""),
    );
    check_set(
        "",
        key,
        json!({"a": "read"}),
        "safety:\n  tool_tiers: {a: read}\n",
    );
}

#[test]
fn texts_are_quoted_when_they_need_it() {
    let long = "line one\nline two: \"x\" # y\n";
    for (value, written) in [
        ("gpt-4o", "gpt-4o"),
        ("https://a.example:8443/v1", "https://a.example:8443/v1"),
        ("true", "\"true\""),
        ("123", "\"123\""),
        ("1e3", "\"1e3\""),
        ("No", "\"No\""),
        ("- x", "\"- x\""),
        ("a: b", "\"a: b\""),
        ("a #b", "\"a #b\""),
        ("ends:", "\"ends:\""),
        ("${MODEL}", "\"${MODEL}\""),
        ("größer", "\"größer\""),
        ("*x", "\"*x\""),
        ("a\u{1b}b", "\"a\\u001bb\""),
        (long, "\"line one\\nline two: \\\"x\\\" # y\\n\""),
    ] {
        check_set(
            "",
            "ai.model",
            json!(value),
            &format!("ai:\n  model: {written}\n"),
        );
    }
}

#[test]
fn removing_takes_the_line_and_nothing_else() {
    for (before, after) in [
        (
            "ai:\n  # about it\n  model: old # c\n  base_url: x\n",
            "ai:\n  # about it\n  base_url: x\n",
        ),
        (
            "ai:\n  model: old\n\n# next\ncli:\n",
            "ai:\n\n# next\ncli:\n",
        ),
        ("ai:\n  base_url: x\n  model: old", "ai:\n  base_url: x\n"),
        (
            "ai:\n  model: |\n    a\n    # text\n  base_url: x\n",
            "ai:\n  base_url: x\n",
        ),
        ("ai:\n  model:\n  base_url: x\n", "ai:\n  base_url: x\n"),
        ("", ""),
        ("cli:\n  tool_dedup: no\n", "cli:\n  tool_dedup: no\n"),
        ("ai: {base_url: x}\n", "ai: {base_url: x}\n"),
    ] {
        if before.contains('{') {
            check_refused(before, "ai.model", None, "several lines");
        } else {
            check_removed(before, "ai.model", after);
        }
    }
    check_removed(
        "safety:\n  denied_tools:\n  - a # c\n  - b\n  sandbox: off\n",
        "safety.denied_tools",
        "safety:\n  sandbox: off\n",
    );
}

#[test]
fn what_cannot_be_done_safely_is_refused() {
    let new = || Some(json!("new"));
    check_refused("ai: {base_url: x}\n", "ai.model", new(), "several lines");
    check_refused("ai: {model: x}\n", "ai.model", None, "several lines");
    check_refused("{cli: {}}\n", "ai.model", new(), "several lines");
    check_refused("ai: [1]\n", "ai.model", new(), "not a mapping");
    check_refused("ai: text\n", "ai.model", new(), "not a mapping");
    check_refused("- a\n", "ai.model", new(), "not a mapping");
    check_refused("x: &x\n  model: a\nai: *x\n", "ai.model", new(), "shared");
    check_refused("ai: &x\n  model: a\ny: *x\n", "ai.model", new(), "shared");
    check_refused("ai:\n  model: &x a\ny: *x\n", "ai.model", new(), "shared");
    check_refused("ai:\n  model: !!str a\n", "ai.model", new(), "tag");
    check_refused("? ai\n: model: a\n", "ai.model", None, "begin its line");
    check_refused("ai:\n  model: [\n", "ai.model", new(), "could not read");
    check_refused("ai:\n  a: 1\n  a: 2\n", "ai.model", new(), "second time");
    check_refused("cli:\n...\n", "ai.model", new(), "change its meaning");
    check_refused(
        "safety:\n  denied_tools: [\n    a, # keep me\n    b]\n",
        "safety.denied_tools",
        Some(json!(["z"])),
        "a comment",
    );
}

#[test]
fn wrong_values_are_refused_before_the_file_is_read() {
    check_refused("", "ai.modle", Some(json!("x")), "no setting `ai.modle`");
    check_refused("", "ai", Some(json!({})), "no setting `ai`");
    check_refused("", "databases", Some(json!([])), "no setting");
    check_refused(
        "",
        "ai.connect_timeout",
        Some(json!("soon")),
        "must be a number of seconds",
    );
    check_refused(
        "",
        "ai.connect_timeout",
        Some(json!(31)),
        "must be from 1 to 30",
    );
    check_refused(
        "",
        "ai.retry_max_attempts",
        Some(json!(1.5)),
        "must be a whole number",
    );
    check_refused("", "ai.model", Some(json!("")), "not empty");
    check_refused(
        "",
        "ai.model",
        Some(json!(["a"])),
        "must be a text, not a list",
    );
    check_refused(
        "",
        "safety.sandbox",
        Some(json!("maybe")),
        "`off`, `auto` or `require`",
    );
    check_set(
        "",
        "safety.approval_mode",
        json!("writes"),
        "safety:\n  approval_mode: ask_for_writes\n",
    );
    check_set(
        "",
        "safety.allowed_tools",
        json!("a, bash:b *"),
        "safety:\n  allowed_tools: [a, bash:b *]\n",
    );
    check_set(
        "",
        "cli.tool_dedup",
        json!("off"),
        "cli:\n  tool_dedup: false\n",
    );
}

#[cfg(unix)]
#[test]
fn the_file_becomes_private_and_a_link_stays_one() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("a/b");
    let path = home.join("config.yaml");
    change(&path, "ai.model", Some(&json!("m"))).unwrap();
    assert_eq!((mode(&home), mode(&path)), (0o700, 0o600));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    change(&path, "ai.model", Some(&json!("n"))).unwrap();
    assert_eq!(mode(&path), 0o600);

    let link = folder.path().join("link.yaml");
    symlink(&path, &link).unwrap();
    change(&link, "ai.model", Some(&json!("o"))).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&path).unwrap(), "ai:\n  model: o\n");
}

#[test]
fn removing_from_no_file_makes_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.yaml");
    change(&path, "ai.model", None).unwrap();
    assert!(!path.exists());
}

/// Thousands of damaged files: each change is refused or means what it should, and nothing panics.
#[test]
fn damaged_files_are_refused_or_edited_rightly() {
    const PIECES: [&str; 28] = [
        "\n", "\n  ", "\n- ", " ", ": ", ":", "#", " # c", "- ", "? ", "{", "}", "[", "]", ",",
        "|", ">", "\"", "'", "&x ", "*x", "!t ", "~", "ä", "\r\n", "\t", "---\n", "\u{feff}",
    ];
    let samples = [
        "# c\nai:\n  model: a # b\n  system_prompt: |\n    x\n    # y\nsafety:\n  denied_tools:\n    - a # 1\n    - b\n",
        "ai: {model: \"a\", base_url: 'x'}\nsafety:\n  denied_tools: [a, b]\n  subagent:\n    timeout: 5\n",
    ];
    // A linear congruential generator (Knuth's MMIX constants): the same files in every run.
    let mut state = 1_u64;
    let mut random = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let (mut edited_count, mut refused_count) = (0, 0);
    for round in 0..1500 {
        let mut text = samples[round % samples.len()].to_owned();
        for _ in 0..=random(3) {
            let ends: Vec<_> = text
                .char_indices()
                .map(|(at, _)| at)
                .chain([text.len()])
                .collect();
            let (from, to) = (ends[random(ends.len())], ends[random(ends.len())]);
            let to = if random(2) == 0 {
                from
            } else {
                to.clamp(from, from + 6).max(from)
            };
            let to = ends.iter().copied().find(|end| *end >= to).unwrap();
            text.replace_range(from..to, PIECES[random(PIECES.len())]);
        }
        for (key, value) in [
            ("ai.model", Some(json!("new"))),
            ("ai.model", None),
            ("safety.denied_tools", Some(json!(["a", "c"]))),
            ("safety.denied_tools", None),
            ("safety.subagent.timeout", Some(json!(60))),
            ("safety.tool_tiers", Some(json!({"a": "read"}))),
        ] {
            let row = settings::row(key).unwrap();
            match edited(Path::new("c.yaml"), &text, row, value.as_ref()) {
                Ok(_) => edited_count += 1,
                Err(_) => refused_count += 1,
            }
        }
    }
    assert!(
        edited_count > 1000 && refused_count > 1000,
        "{edited_count} {refused_count}"
    );
}

#[test]
fn shared_databases_are_written_and_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.yaml");
    std::fs::write(&path, "# mine\nai:\n  model: small # yes\n").unwrap();
    let team = serde_json::json!({ "name": "team", "path": "/srv/a b/team.db" });
    let old = serde_json::json!({ "name": "old", "path": "/srv/old.db" });
    let read = || {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.starts_with("# mine\nai:\n  model: small # yes\n"),
            "{text}"
        );
        let sources = crate::config::Sources {
            home: folder.path().to_owned(),
            ..crate::config::Sources::default()
        };
        let settings = crate::config::load(&sources).unwrap().settings;
        let names = settings.shared_databases.into_iter();
        names
            .map(|shared| format!("{} {}", shared.name, shared.path.display()))
            .collect::<Vec<_>>()
    };
    let key = "shared_databases";
    change(&path, key, Some(&serde_json::json!([team]))).unwrap();
    assert_eq!(read(), ["team /srv/a b/team.db"]);
    change(&path, key, Some(&serde_json::json!([team, old]))).unwrap();
    assert_eq!(read(), ["team /srv/a b/team.db", "old /srv/old.db"]);
    change(&path, key, Some(&serde_json::json!([old]))).unwrap();
    assert_eq!(read(), ["old /srv/old.db"]);
    change(&path, key, None).unwrap();
    assert_eq!(read(), Vec::<String>::new());
}
