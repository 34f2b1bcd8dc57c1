//! From nothing to a granted tool: the skill `new-tool`, followed by a scripted model in a turn, and the person's part
//! behind it.

use super::Desk;
use crate::support::endpoint::Reply;
use crate::support::held;
use crate::support::program::{Left, run};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the tool's own test expects, and what it is to expect.
const EXPECTED: [&str; 2] = [
    r#"{"lines": 2, "words": 3}"#,
    r#"{"lines": 2, "words": 3, "longest": 5}"#,
];
/// The same for what it answers.
const ANSWERED: [&str; 2] = [
    r#""words": text.split_whitespace().count(),"#,
    r#""words": text.split_whitespace().count(), "longest": text.split_whitespace().map(str::len).max(),"#,
];

/// Where `examples/build` builds: the same crates of others, in the same profile, so that they are compiled once.
fn target() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    target.join("examples/cargo")
}

/// The commands of the skill, as a shell takes them.
fn commands() -> [String; 3] {
    let target = format!("--quiet --target-dir '{}'", target().display());
    [
        "aroom tool new word-count".to_owned(),
        format!("cd word-count && cargo test --offline --release {target}"),
        format!("cd word-count && cargo build --offline --release --target wasm32-wasip2 {target}"),
    ]
}

/// The program where the agent's commands find it, and the cargo of this build with what it has fetched.
fn equipped(desk: &Desk, arguments: &[&str]) -> Command {
    let folder = |file: &str| Path::new(file).parent().unwrap().to_owned();
    let path = std::env::var_os("PATH").unwrap();
    let mut folders = vec![folder(env!("CARGO_BIN_EXE_aroom")), folder(env!("CARGO"))];
    folders.extend(std::env::split_paths(&path));
    let fetched = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let fetched = fetched.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let mut command = desk.aroom(arguments);
    command
        .env("PATH", std::env::join_paths(folders).unwrap())
        .env("CARGO_HOME", fetched.unwrap());
    command
}

fn bash(command: &str) -> Reply {
    Reply::call("bash", json!({ "command": command, "timeout": 600 }))
}

/// What the model does that follows the skill.
fn replies() -> Vec<Reply> {
    let [new, test, build] = commands();
    let mut read = Reply::stream();
    for file in ["README.md", "Cargo.toml", "src/lib.rs", "sdk/src/lib.rs"] {
        let path = format!("word-count/{file}");
        read = read.and_call("read_file", json!({ "path": path }));
    }
    let edit = |[old, new]: [&str; 2]| json!({ "path": "word-count/src/lib.rs", "old_text": old, "new_text": new });
    vec![
        bash(&new),
        read,
        Reply::call("edit_file", edit(EXPECTED)),
        bash(&test),
        Reply::call("edit_file", edit(ANSWERED)),
        bash(&test),
        bash(&build),
        Reply::text("It wants `files_read`, to read the file it counts."),
    ]
}

/// What the model was told of its last calls, with the request of this number.
fn told(desk: &Desk, request: usize) -> String {
    let messages = desk.endpoint.chats()[request].json["messages"].clone();
    let last = messages.as_array().unwrap().iter().rev();
    let since = last.take_while(|message| message["role"] != "assistant");
    let results = since.filter(|message| message["role"] == "tool");
    results
        .map(|message| message["content"].to_string())
        .collect()
}

async fn by_the_model(desk: &Desk) {
    desk.endpoint.script(replies());
    let rules = "bash,edit_file";
    let exec = ["exec", "--approval-mode", "auto", "--allow", rules];
    let words = "/new-tool word-count counts the words of a file";
    let left = run(equipped(desk, &[&exec[..], &[words]].concat())).await;
    assert_eq!(left.code, 0, "{left:?}");
    assert!(left.stdout.contains("files_read"), "{left:?}");
    let sent = desk.endpoint.chats()[0].json["messages"].to_string();
    assert!(sent.contains("counts the words of a file"), "{sent}");
    for (request, words) in [
        (1, "made `word-count`"),
        (2, "What the model fills in"),
        (4, "1 failed"),
        (6, "2 passed"),
    ] {
        let told = told(desk, request);
        assert!(told.contains(words), "{request}: {words}: {told}");
    }
}

/// The same where commands of a model are not held by a sandbox, and so not run without a person.
async fn by_hand(desk: &Desk) {
    let shell = |line: &str| {
        let equipped = equipped(desk, &[]);
        let environment = equipped.get_envs();
        let mut shell = Command::new("sh");
        shell
            .current_dir(desk.work())
            .args(["-c", line])
            .env_clear()
            .envs(environment.filter_map(|(name, value)| Some((name, value?))));
        run(shell)
    };
    let [new, test, build] = commands();
    let done = |left: Left| assert_eq!(left.code, 0, "{left:?}");
    done(shell(&new).await);
    let edit = |[old, new]: [&str; 2]| {
        let text = desk.read("word-count/src/lib.rs").replace(old, new);
        desk.write("word-count/src/lib.rs", &text);
    };
    edit(EXPECTED);
    assert!(shell(&test).await.stdout.contains("1 failed"));
    edit(ANSWERED);
    done(shell(&test).await);
    done(shell(&build).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_tool_tests_builds_and_runs_at_once() {
    let desk = Desk::new([]).await;
    std::fs::create_dir_all(target()).unwrap();
    let writable = json!([target()]).to_string();
    desk.stdout(&["config", "set", "safety.sandbox_writable", &writable])
        .await;
    match held::is_complete() {
        true => by_the_model(&desk).await,
        false => by_hand(&desk).await,
    }
    let again = desk.run(&["tool", "new", "word-count"]).await;
    assert_eq!(again.code, 1, "{again:?}");
    assert!(again.stderr.contains("is there already"), "{again:?}");
    let nowhere = desk.run(&["tool", "new", "other", "-p", "nowhere"]).await;
    assert_eq!(nowhere.code, 8, "{nowhere:?}");

    // The person's part.
    let component = target().join("wasm32-wasip2/release/word_count.wasm");
    let component = component.to_str().unwrap();
    desk.stdout(&["tool", "install", component]).await;
    let arguments = r#"{"path":"poem.txt"}"#;
    desk.write("poem.txt", "so much depends\nupon\n");
    let refused = desk.run(&["tool", "run", "word_count", arguments]).await;
    assert_ne!(refused.code, 0, "{refused:?}");
    let said = format!("{}{}", refused.stdout, refused.stderr);
    let command = "aroom tool grant word_count files_read";
    assert!(said.contains(command), "{refused:?}");
    desk.stdout(&["tool", "grant", "word_count", "files_read"])
        .await;
    let counted = desk.stdout(&["tool", "run", "word_count", arguments]).await;
    assert!(
        counted.contains(r#""words""#) && counted.contains('4'),
        "{counted}"
    );
    // It is the model's at once.
    desk.endpoint.script([
        Reply::call("word_count", json!({ "path": "poem.txt" })),
        Reply::text("four"),
    ]);
    let before = desk.endpoint.chats().len();
    let answer = desk.stdout(&["exec", "how many words?"]).await;
    assert_eq!(answer, "four\n");
    let chats = desk.endpoint.chats();
    let offered = chats[before].json["tools"].to_string();
    assert!(offered.contains(r#""name":"word_count""#), "{offered}");
    let result = told(&desk, before + 1);
    let found = result
        .find('{')
        .map(|at| result[at..].replace("\\\"", "\""));
    let text = found.unwrap_or_default();
    let mut values = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
    let found = values.next().and_then(Result::ok);
    let counted = json!({ "lines": 2, "words": 4, "longest": 7 });
    assert_eq!(found, Some(counted), "{result}");
}
