//! `aroom skill`, and skills called in `aroom exec`.

use super::Desk;
use crate::support::endpoint::Reply;
use std::collections::btree_map::Entry;

const TIDY: &str = "---\ndescription: Tidies up\nallowed-tools: Read\n---\n\nTidy $1 up.\n";

#[tokio::test(flavor = "multi_thread")]
async fn skills_are_listed_shown_checked_made_and_removed() {
    let desk = Desk::new([]).await;
    desk.write(".agents/skills/tidy/SKILL.md", TIDY);
    let listed = desk.stdout(&["skill", "list"]).await;
    for words in ["tidy", "Tidies up (project)", "commit", "(built in)"] {
        assert!(listed.contains(words), "{words}: {listed}");
    }
    let shown = desk.stdout(&["skill", "show", "/tidy"]).await;
    assert!(
        shown.contains("only Read") && shown.contains("Tidy $1 up."),
        "{shown}"
    );
    assert_eq!(desk.run(&["skill", "check"]).await.code, 0);

    let made = desk
        .run(&["skill", "new", "fresh", "Does it: well.", "Always."])
        .await;
    assert_eq!(made.code, 0, "{made:?}");
    assert!(
        made.stdout.ends_with(".anteroom/skills/fresh/SKILL.md\n"),
        "{made:?}"
    );
    let shown = desk.json(&["skill", "show", "fresh", "--json"]).await;
    assert_eq!(shown["description"], "Does it: well. Always.");
    assert_eq!(shown["origin"]["kind"], "user");
    let taken = desk.run(&["skill", "new", "fresh"]).await;
    assert_eq!(taken.code, 2, "{taken:?}");
    let bad = desk.run(&["skill", "new", "../fresh"]).await;
    assert_eq!(bad.code, 2, "{bad:?}");

    desk.write(
        ".claude/skills/broken/SKILL.md",
        "---\nname: broken\nx: {\n---\nDo.\n",
    );
    let checked = desk.run(&["skill", "check"]).await;
    assert_eq!(checked.code, 1, "{checked:?}");
    let line = checked.stdout.lines().find(|line| line.contains("broken"));
    assert!(line.unwrap().contains("SKILL.md:"), "{checked:?}");
    let one = desk.run(&["skill", "check", ".claude/skills/broken"]).await;
    assert_eq!(one.code, 1, "{one:?}");
    let good = desk
        .run(&["skill", "check", "./.agents/skills/tidy/SKILL.md"])
        .await;
    assert_eq!(good.code, 0, "{good:?}");
    assert_eq!(desk.run(&["skill", "show", "nothing"]).await.code, 8);

    desk.stdout(&["skill", "rm", "fresh", "--yes"]).await;
    assert_eq!(desk.run(&["skill", "show", "fresh"]).await.code, 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn exec_calls_a_skill_and_says_whose_words_were_taken_up() {
    let desk = Desk::new([Reply::text("tidied"), Reply::text("plain")]).await;
    desk.write(".agents/skills/tidy/SKILL.md", TIDY);
    let run = desk.run(&["exec", "/tidy main.rs please"]).await;
    assert_eq!((run.code, run.stdout.as_str()), (0, "tidied\n"), "{run:?}");
    assert!(run.stderr.contains("+ skill tidy (project)"), "{run:?}");
    assert!(run.stderr.contains("leaves only Read"), "{run:?}");
    let sent = desk.endpoint.chats()[0].json["messages"].to_string();
    assert!(sent.contains("Tidy main.rs up."), "{sent}");
    // What is no skill's name is a message like any other.
    desk.stdout(&["exec", "/nothing at all"]).await;
    let sent = desk.endpoint.chats()[1].json["messages"].to_string();
    assert!(sent.contains("/nothing at all"), "{sent}");
}

/// What stands in a text as code: in backquotes, and each line of a block.
fn code(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (number, part) in text.split("```").enumerate() {
        let lines = part.lines().map(|line| line.trim().to_owned());
        match number % 2 {
            1 => found.extend(lines.filter(|line| !line.is_empty())),
            _ => found.extend(part.split('`').skip(1).step_by(2).map(str::to_owned)),
        }
    }
    found
}

/// The subcommands that a line names, before what a person fills in.
fn subcommands(line: &str) -> Vec<&str> {
    let is_word = |word: &&str| word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    let words = line.split_whitespace().skip(1);
    words
        .skip_while(|word| *word == "help")
        .take_while(|word| is_word(word) && !word.starts_with('-'))
        .collect()
}

/// Names of a list in the program's JSON.
fn names(value: &serde_json::Value, key: &str) -> Vec<String> {
    let entries = value.as_array().unwrap().iter();
    entries
        .map(|entry| entry[key].as_str().unwrap().to_owned())
        .collect()
}

/// The commands of the chat, as they stand in its table.
fn slash_commands() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/frontends/cli/src/chat/slash");
    let mut commands = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let lines = text.lines().filter_map(|line| {
            let name = line.trim().strip_prefix("name: \"")?;
            name.strip_suffix("\",").map(str::to_owned)
        });
        commands.extend(lines);
    }
    assert!(commands.len() > 20, "{commands:?}");
    commands
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_a_built_in_skill_names_is_there() {
    let desk = Desk::new([]).await;
    let skills = names(&desk.json(&["skill", "list", "--json"]).await, "name");
    let slashes = [slash_commands(), skills.clone()].concat();
    let settings = desk.json(&["config", "show", "--json"]).await;
    let settings = names(&settings["settings"], "key");
    let sections: Vec<&str> = settings
        .iter()
        .filter_map(|key| Some(key.split_once('.')?.0))
        .collect();
    let mut words: Vec<String> = Vec::new();
    for module in desk
        .json(&["tool", "list", "--json"])
        .await
        .as_array()
        .unwrap()
    {
        words.extend(names(&module["tools"], "name"));
    }
    words.extend(anteroom_api::Capability::ALL.map(|capability| capability.to_string()));
    words.extend(["ask_for_writes", "ask_for_dangerous"].map(str::to_owned));
    desk.stdout(&["tool", "new", "made"]).await;

    let mut helped = std::collections::BTreeMap::new();
    for skill in &skills {
        let shown = desk.json(&["skill", "show", skill, "--json"]).await;
        let findings = shown["findings"].as_array();
        assert!(findings.is_none_or(Vec::is_empty), "{skill}: {findings:?}");
        for line in code(shown["body"].as_str().unwrap()) {
            let said = format!("`{line}` of the skill `{skill}`");
            if let Some(command) = line.strip_prefix('/') {
                let name = command.split_whitespace().next().unwrap();
                let is_there = name == "NAME" || slashes.iter().any(|it| it == name);
                assert!(is_there, "{said}: {slashes:?}");
            }
            if line.split_whitespace().next() == Some("aroom") {
                let path = subcommands(&line);
                if let Entry::Vacant(free) = helped.entry(path.join(" ")) {
                    let help = desk.run(&[&["help"][..], &path].concat()).await;
                    assert_eq!(help.code, 0, "{said}: {help:?}");
                    free.insert(help.stdout);
                }
                for flag in line
                    .split_whitespace()
                    .filter(|word| word.starts_with("--"))
                {
                    let is_there =
                        ["--", "--help"].contains(&flag) || helped[&path.join(" ")].contains(flag);
                    assert!(is_there, "{said}: {flag}");
                }
            }
            for word in line.split_whitespace() {
                let is_key = word.split_once('.').is_some_and(|(section, rest)| {
                    sections.contains(&section)
                        && rest
                            .chars()
                            .all(|c| c.is_ascii_lowercase() || "._".contains(c))
                });
                let is_there = !is_key || settings.iter().any(|key| key == word);
                assert!(is_there, "{said}: there is no setting `{word}`");
            }
            let is_snake = line.len() > 1
                && line.contains('_')
                && line.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            assert!(!is_snake || words.contains(&line), "{said}: {words:?}");
            let is_path = skill == "new-tool"
                && (line.contains('/') || line.ends_with(".md") || line.ends_with(".toml"))
                && !line.contains(' ')
                && !line.starts_with('/');
            assert!(
                !is_path || desk.work().join("made").join(&line).exists(),
                "{said}"
            );
            // Where skills lie: one that is put there is found.
            if skill == "help" && line.ends_with("skills") && !line.contains(' ') {
                let (root, path) = match line.strip_prefix("~/") {
                    Some(path) => (desk.home(), path),
                    None => (desk.work(), line.as_str()),
                };
                let name = line.replace(|c: char| !c.is_ascii_lowercase(), "");
                let folder = root.join(path).join(&name);
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(folder.join("SKILL.md"), TIDY).unwrap();
                let shown = desk.json(&["skill", "show", &name, "--json"]).await;
                let at = shown["path"].as_str().unwrap();
                assert!(at.contains(path), "{said}: {at}");
            }
        }
    }
    let all: String = helped.keys().map(|path| format!("{path}\n")).collect();
    for path in [
        "tool new",
        "tool grant",
        "skill check",
        "config set",
        "doctor",
    ] {
        assert!(
            helped.contains_key(path),
            "{path} is told by no skill:\n{all}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn help_is_answered_from_the_program_itself() {
    let look = Reply::call(
        "bash",
        serde_json::json!({ "command": "aroom help tool grant" }),
    );
    let desk = Desk::new([look, Reply::text("with `aroom tool grant`")]).await;
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_aroom"))
        .parent()
        .unwrap();
    let path = std::env::var("PATH").unwrap();
    let exec = ["exec", "--approval-mode", "auto", "--allow", "bash"];
    let mut command =
        desk.aroom(&[&exec[..], &["/help how do I lend a tool the network?"]].concat());
    command.env("PATH", format!("{}:{path}", folder.display()));
    let run = crate::support::program::run(command).await;
    assert_eq!(run.stdout, "with `aroom tool grant`\n", "{run:?}");
    let chats = desk.endpoint.chats();
    let sent = chats[0].json["messages"].to_string();
    for words in ["how do I lend a tool the network?", "aroom help tool grant"] {
        assert!(sent.contains(words), "{words}: {sent}");
    }
    if crate::support::held::is_complete() {
        let told = chats[1].json["messages"].to_string();
        assert!(told.contains("Usage: aroom tool grant"), "{told}");
    }
}
