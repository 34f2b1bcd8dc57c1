//! Help and manual pages: complete, narrow enough, and every command they or a hint name can be run.

use super::Desk;
use std::path::{Path, PathBuf};
use std::process::Command;

fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[tokio::test(flavor = "multi_thread")]
async fn help_is_as_it_was_read_last() {
    let desk = Desk::new([]).await;
    for (name, arguments) in [
        ("help_aroom", &["-h"][..]),
        ("help_aroom_long", &["--help"]),
        ("help_exec", &["exec", "-h"]),
        ("help_exec_long", &["exec", "--help"]),
        ("help_init", &["help", "init"]),
        ("help_config_edit", &["help", "config", "edit"]),
        ("help_man", &["man", "-h"]),
    ] {
        let help = desk.stdout(arguments).await;
        let widest = help.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(80), "{name}: {help}");
        snapshot(name, help.trim_end());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_word_is_answered_with_the_nearest() {
    let desk = Desk::new([]).await;
    for (arguments, near) in [
        (&["exce", "hi"][..], "`aroom exec`"),
        (&["config", "vaildate"], "`aroom config validate`"),
        (&["exec", "--shcema", "x", "hi"], "`--schema`"),
        (
            &["--approval-mode", "ask_for_write", "exec", "hi"],
            "ask_for_writes",
        ),
    ] {
        let left = desk.run(arguments).await;
        assert_eq!((left.code, left.stdout.as_str()), (2, ""), "{left:?}");
        assert!(left.stderr.contains(near), "{near}: {}", left.stderr);
        assert!(left.stderr.contains("\nhint: "), "{}", left.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn manual_pages_are_written_and_sound() {
    let desk = Desk::new([]).await;
    let told = desk.stdout(&["man", "pages"]).await;
    let pages: Vec<PathBuf> = told.lines().map(|line| desk.work().join(line)).collect();
    assert!(pages.len() > 40, "{told}");
    let linter = ["mandoc", "man"].iter().find(|name| is_there(name));
    for page in &pages {
        let text = std::fs::read_to_string(page).unwrap();
        assert!(
            text.contains(".SH NAME") && text.contains(".SH EXAMPLES"),
            "{page:?}"
        );
        // Where the system can read manual pages, it has nothing to complain of.
        match linter {
            Some(&"mandoc") => lint(Command::new("mandoc").args(["-Tlint", "-Wwarning"]), page),
            Some(_) => lint(
                Command::new("man").args(["--warnings", "-E", "UTF-8", "-l"]),
                page,
            ),
            None => {}
        }
    }
    let first = desk.stdout(&["man"]).await;
    assert_eq!(first, std::fs::read_to_string(&pages[0]).unwrap());
    let left = desk.run(&["man", "/dev/null/x"]).await;
    assert_eq!(left.code, 2, "{left:?}");
}

fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

#[track_caller]
fn lint(command: &mut Command, page: &Path) {
    let output = command.arg(page).env("MANPAGER", "cat").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    // A system may come without the roff behind its `man`.
    let is_unable =
        said.contains("not found") || said.contains("can't") || said.contains("minimized");
    assert!(said.trim().is_empty() || is_unable, "{page:?}: {said}");
}

/// Everything between backticks in the text of a program that begins with its name.
fn commands_in(text: &str) -> Vec<String> {
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let text = code.collect::<Vec<_>>().join("\n");
    let mut found = Vec::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find("`aroom ") {
        rest = &rest[at + 1..];
        let Some(end) = rest.find('`') else { break };
        let command = rest[..end].replace("\\\"", "\"");
        rest = &rest[end..];
        if !command.contains('\n') {
            found.push(command);
        }
    }
    found
}

/// The words of a command line, with something in the place of what is filled in.
fn words(command: &str) -> Vec<String> {
    let mut filled = String::new();
    let mut depth = 0;
    for sign in command.chars() {
        match sign {
            '{' => {
                depth += 1;
                filled.push('x');
            }
            '}' => depth -= 1,
            _ if depth > 0 => {}
            '…' => filled.push('x'),
            sign => filled.push(sign),
        }
    }
    let mut words = vec![String::new()];
    let mut quote = None;
    for sign in filled.chars() {
        match (sign, quote) {
            (sign, Some(open)) if sign == open => quote = None,
            ('"' | '\'', None) => quote = Some(sign),
            (' ', None) => words.push(String::new()),
            (sign, _) => {
                if let Some(word) = words.last_mut() {
                    word.push(sign);
                }
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn sources(folder: &Path, end: &str, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, end, into);
        } else if path.extension().is_some_and(|it| it == end) {
            into.push(path);
        }
    }
}

/// Whether a command line is understood, if need be with what a text leaves open.
fn is_known(words: &[String]) -> bool {
    let is_taken = |words: &[&str]| {
        let exit = anteroom_cli::parse(words.iter().map(Into::into)).err();
        exit.is_none_or(|exit| exit.code == 0)
    };
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let filled = |filler: &'static str| -> Vec<&str> {
        let mut filled = words.clone();
        filled
            .iter_mut()
            .filter(|word| **word == "x")
            .for_each(|word| *word = filler);
        filled
    };
    is_taken(&words)
        || is_taken(&[&words[..], &["x"]].concat())
        || is_taken(&[&words[..], &["x", "x"]].concat())
        || is_taken(&filled("process"))
        || is_taken(&filled("note"))
        || is_taken(&filled("1"))
        || is_taken(&[&words[..], &["--help"]].concat())
}

/// A hint is a command that can be run: each that is named anywhere is understood.
#[test]
fn every_command_that_is_advised_is_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for (folder, end) in [
        ("frontends", "rs"),
        ("host", "rs"),
        ("frontends/web/assets/strings", "js"),
    ] {
        sources(&root.join(folder), end, &mut files);
    }
    let mut wrong = Vec::new();
    let mut seen = 0;
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let text = text
            .split("#[cfg(test)]\nmod tests {")
            .next()
            .unwrap_or_default();
        for command in commands_in(text) {
            let words = words(&command);
            // A form with choices is none to be run; these would write or print at once.
            let is_form = command.contains(['[', '|', '<']);
            let acts = ["man", "schema", "help", "--help", "completions", "x"];
            let is_writing = words.iter().skip(1).take(2).eq(["tool", "new"]);
            if is_form
                || is_writing
                || words
                    .get(1)
                    .is_none_or(|word| acts.contains(&word.as_str()))
            {
                continue;
            }
            seen += 1;
            if !is_known(&words) {
                wrong.push(format!("{}: {command}", file.display()));
            }
        }
    }
    assert!(seen > 60, "{seen}");
    assert_eq!(wrong, Vec::<String>::new());
}
