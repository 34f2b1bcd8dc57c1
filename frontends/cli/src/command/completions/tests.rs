//! What shells are told, without a host.

use super::*;

fn completions(shell: Shell, words: &[&str]) -> Completions {
    Completions {
        shell,
        words: words.iter().map(|word| (*word).to_owned()).collect(),
    }
}

/// What zsh is told of these words.
fn told(words: &[&str]) -> String {
    let words: Vec<&str> = std::iter::once("aroom")
        .chain(words.iter().copied())
        .collect();
    match answer(&completions(Shell::Zsh, &words)) {
        Answer::Text(text) => text,
        Answer::Ask(wanted) => format!("{:?}", wanted.live.kind),
    }
}

fn words_of(words: &[&str]) -> Vec<String> {
    let told = told(words);
    let names = told
        .lines()
        .map(|line| line.split('\t').next().unwrap_or_default().to_owned());
    names.collect()
}

#[test]
fn commands_and_flags_come_from_the_tree() {
    assert_eq!(words_of(&["conv"]), ["conversation"]);
    assert_eq!(words_of(&["completions", "z"]), ["zsh"]);
    assert_eq!(words_of(&["--appr"]), ["--approval-mode"]);
    assert_eq!(words_of(&["exec", "--stream"]), ["--stream-json"]);
    assert!(words_of(&[""]).contains(&"exec".to_owned()));
    assert!(words_of(&["tool", ""]).contains(&"grant".to_owned()));
    assert!(!words_of(&["", ""]).contains(&"tool".to_owned()));
    // Each says what it is.
    assert!(
        told(&["doc"]).starts_with("doctor\tCheck "),
        "{}",
        told(&["doc"])
    );
}

#[test]
fn values_come_from_where_they_are_known() {
    for (words, wanted) in [
        (&["--model", ""][..], "Models"),
        (&["-m", ""], "Models"),
        (&["chat", "-m", "q"], "Models"),
        (&["exec", "--model=q"], "Models"),
        (&["chat", "--resume", ""], "Conversations"),
        (&["chat", "-r", ""], "Conversations"),
        (&["conversation", "show", ""], "Conversations"),
        (&["conv", "show", "5"], "Conversations"),
        (&["--allowed-tools", "read_file,"], "Tools"),
        (&["tool", "run", ""], "Tools"),
        (&["tool", "grant", ""], "Modules"),
        (&["config", "set", ""], "Settings"),
        (&["config", "get", "ai."], "Settings"),
        (&["-p", ""], ":folders\n"),
        (&["exec", "-o", ""], ":files\n"),
        (&["chat", "a prompt", ""], ""),
    ] {
        assert_eq!(told(words), wanted, "{words:?}");
    }
    let modes = ["ask_for_dangerous", "ask_for_writes"];
    assert_eq!(words_of(&["--approval-mode", "ask_"]), modes);
    let modes = modes.map(|mode| format!("--approval-mode={mode}"));
    assert_eq!(words_of(&["chat", "--approval-mode=ask_"]), modes);
}

#[test]
fn live_names_go_on_with_what_was_typed() {
    let names = vec![
        Offer::new("read_file", "Read"),
        Offer::new("grep", "Search"),
    ];
    let check = |typed: &str, wanted: &[&str]| {
        let words = ["aroom", "--allowed-tools", typed];
        let Answer::Ask(wanted_names) = answer(&completions(Shell::Fish, &words)) else {
            panic!("{typed}");
        };
        let offers = wanted_names.live.offers(typed, names.clone());
        assert_eq!(
            wanted_names.line.render(&offers),
            wanted.concat(),
            "{typed}"
        );
    };
    check("", &["read_file\tRead\n", "grep\tSearch\n"]);
    check("gr", &["grep\tSearch\n"]);
    check("grep,re", &["grep,read_file\tRead\n"]);
    check("x", &[]);
}

#[test]
fn bash_replaces_only_what_it_takes_for_the_word() {
    let names = vec![Offer::new("qwen3:32b", "large"), Offer::new("qwen3:8b", "")];
    let Answer::Ask(wanted) = answer(&completions(Shell::Bash, &["3", "aroom chat -m qwen3:3"]))
    else {
        panic!("a host knows models");
    };
    let offers = wanted.live.offers(&wanted.line.typed, names);
    assert_eq!(wanted.line.render(&offers), "32b\n");
}

#[test]
fn lines_are_split_as_a_shell_does() {
    for (line, wanted) in [
        ("aroom ", &["aroom", ""][..]),
        ("aroom  chat", &["aroom", "chat"]),
        ("aroom \"a b\" c\\ d 'e", &["aroom", "a b", "c d", "e"]),
        ("", &[""]),
    ] {
        assert_eq!(split(line), wanted, "{line:?}");
    }
}

#[test]
fn each_shell_has_a_script_that_asks_this_program() {
    for (shell, name) in [
        (Shell::Bash, "bash"),
        (Shell::Zsh, "zsh"),
        (Shell::Fish, "fish"),
        (Shell::Powershell, "powershell"),
    ] {
        let Answer::Text(script) = answer(&completions(shell, &[])) else {
            panic!("{name}");
        };
        assert!(
            script.contains(&format!("aroom completions {name} -- ")),
            "{name}"
        );
    }
}
