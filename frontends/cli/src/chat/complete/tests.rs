//! What is offered where, as lines with a cursor.

use super::*;

/// Names as they would come from a host.
struct Known;

impl Names for Known {
    fn paths(&mut self, typed: &str) -> Vec<String> {
        ["src/", "src/loader.rs", "docs/a b.md", "od:d.rs", "my dir/"]
            .into_iter()
            .filter(|path| path.contains(typed))
            .map(str::to_owned)
            .collect()
    }

    fn all(&mut self, kind: Kind) -> Vec<Named> {
        match kind {
            Kind::Models => vec![named("qwen3:32b", ""), named("llama3", "")],
            Kind::Conversations => vec![
                named("5f21c0de", "Retry policy"),
                named("9ab04411", "Größe ändern"),
            ],
            Kind::Settings => vec![named("ai.model", "the model"), named("cli.theme", "colors")],
            Kind::Rules => vec![named("bash:cargo test *", "")],
            Kind::Skills => vec![
                named("review", "looks for faults"),
                // A command has its name.
                named("plan", "plans"),
            ],
            Kind::Servers => vec![named("db", "ready")],
            Kind::Resources => vec![
                named("db:memo://x1", "the first memo"),
                named("db:memo://{id}", ""),
            ],
            Kind::Prompts => vec![named("db.tidy-up", "orders memos")],
            Kind::Databases | Kind::Tags | Kind::Folders | Kind::Projects => vec![],
        }
    }
}

/// The line with `|` where the cursor is, and what it would become with each candidate.
fn check(line: &str, wanted: &[&str]) {
    let cursor = line.find('|').unwrap();
    let line = line.replacen('|', "", 1);
    let found: Vec<String> = complete(&line, cursor, &mut Known)
        .into_iter()
        .map(|candidate| {
            let mut made = line.clone();
            let blank = if candidate.is_whole { " " } else { "" };
            made.replace_range(candidate.span, &format!("{}{blank}", candidate.value));
            made
        })
        .collect();
    assert_eq!(found, wanted, "{line:?} at {cursor}");
}

#[test]
fn paths_behind_a_sign_at_a_words_beginning() {
    check("explain @lo|", &["explain @src/loader.rs "]);
    check("(@lo| please", &["(@src/loader.rs  please"]);
    check("@src/|", &["@src/", "@src/loader.rs "]);
    check("see @a|", &["see @src/loader.rs ", "see @\"docs/a b.md\" "]);
    check("see @\"a b|", &["see @\"docs/a b.md\" "]);
    check("@od|", &["@\"od:d.rs\" "]);
    check("see @db:|", &["see @db:memo://x1 ", "see @db:memo://{id}"]);
    check("@memo|", &["@db:memo://x1 ", "@db:memo://{id}"]);
    // A server, and some of an address.
    check("@db:x1|", &["@db:memo://x1 "]);
    check("@my|", &["@\"my dir/"]);
    check("/plan look at @lo|", &["/plan look at @src/loader.rs "]);
    check("ada@lo|", &[]);
    check("@lo and|", &[]);
    check("@\"a b.md\" |", &[]);
    check("@zzz|", &[]);
    check("|@lo", &[]);
}

#[test]
fn commands_at_the_lines_beginning() {
    check("/mod|", &["/model ", "/mode "]);
    check("/mode|", &["/mode ", "/model "]);
    check("/qt|", &["/quit"]);
    check("/QUI|", &["/quit"]);
    check("/summar|", &["/compact "]);
    check("/revi|", &["/review "]);
    check("/faul|", &["/review "]);
    check("/skill re|", &["/skill review"]);
    check("/skill |", &["/skill review", "/skill plan"]);
    check("/tidy|", &["/db.tidy-up "]);
    check("/mcp re|", &["/mcp restart", "/mcp approve"]);
    check("/mcp log |", &["/mcp log db"]);
    check("/zzzz|", &[]);
    check("hello /mod|", &[]);
    check("/usr/b|", &[]);
    // All of them, each with something to say.
    let all = complete("/", 1, &mut Known);
    assert_eq!(
        all.len(),
        slash::all().count() + 2,
        "and a skill and a prompt"
    );
    assert!(all.iter().all(|one| !one.about.is_empty()));
}

#[test]
fn arguments_that_are_a_closed_set() {
    check(
        "/mode ask_|",
        &["/mode ask_for_dangerous", "/mode ask_for_writes"],
    );
    check("/model qw|", &["/model qwen3:32b"]);
    check("/model qwen3:32b |", &[]);
    check("/resume retry|", &["/resume 5f21c0de"]);
    check("/resume größe ä|", &["/resume 9ab04411"]);
    check("/resume 9a|", &["/resume 9ab04411"]);
    check("/help qui|", &["/help quit"]);
    check(
        "/verbosity |",
        &[
            "/verbosity compact",
            "/verbosity normal",
            "/verbosity verbose",
        ],
    );
    check("/compact |", &["/compact undo"]);
    check("/config set th|", &["/config set cli.theme"]);
    check(
        "/grants revoke bash:c|",
        &["/grants revoke bash:cargo test *"],
    );
    check("/search ret|", &[]);
    check("/nothing x|", &[]);
}

#[test]
fn a_cursor_inside_of_a_letter_completes_nothing() {
    assert!(complete("@ä", 2, &mut Known).is_empty());
    assert!(complete("@a", 9, &mut Known).is_empty());
}
