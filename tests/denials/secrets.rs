//! The key of the endpoint goes to the endpoint and nowhere else.

use crate::support::endpoint::{Endpoint, Reply};
use crate::support::program::{Left, aroom, run};
use serde_json::json;
use std::path::Path;

const KEY: &str = "sk-verysecret0123456789abcdef";

/// Every file below a folder that holds the key.
fn holding(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            holding(&path, found);
        } else if std::fs::read(&path).is_ok_and(|bytes| {
            bytes
                .windows(KEY.len())
                .any(|window| window == KEY.as_bytes())
        }) {
            found.push(path.display().to_string());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_is_in_no_output_event_database_or_log() {
    let endpoint = Endpoint::with([
        Reply::stream()
            .and_call(
                "bash",
                json!({ "command": "env; echo \"[$AI_CHAT_API_KEY]\"" }),
            )
            .and_call(
                "bash",
                json!({ "command": "tr '\\0' '\\n' < /proc/$PPID/environ" }),
            ),
        Reply::text("done"),
    ])
    .await;
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path().join("work");
    std::fs::create_dir(&work).unwrap();
    let program = async |arguments: &[&str]| -> Left {
        let mut command = aroom(folder.path(), Some(&endpoint));
        command
            .current_dir(&work)
            .args(arguments)
            .env("AI_CHAT_API_KEY", KEY)
            .env("AI_CHAT_LOG_LEVEL", "trace");
        run(command).await
    };
    let exec = [
        "exec",
        "-vv",
        "--stream-json",
        "--include-deltas",
        "--approval-mode",
        "auto",
        "go",
    ];
    let ran = program(&exec).await;
    assert!(ran.stdout.contains("[]"), "{ran:?}");
    let chats = endpoint.chats();
    assert_eq!(chats.len(), 2, "{ran:?}");
    let sent = format!("Bearer {KEY}");
    assert_eq!(chats[0].header("authorization"), Some(sent.as_str()));
    for chat in chats {
        assert!(!chat.json.to_string().contains(KEY), "it reached the model");
    }
    endpoint.choose(|_| Some(Reply::error(401, &format!("no such key: {KEY}"))));
    let outputs = [
        ran,
        program(&["exec", "--json", "hi"]).await,
        program(&["exec", "-vv", "hi"]).await,
        program(&["config", "show"]).await,
        program(&["config", "show", "--json"]).await,
        program(&["config", "get", "ai.api_key"]).await,
        program(&["config", "validate"]).await,
        program(&["doctor"]).await,
        program(&["doctor", "--json"]).await,
        program(&["--test"]).await,
        program(&["conversation", "list", "--json"]).await,
    ];
    for output in outputs {
        assert!(
            !output.stdout.contains(KEY) && !output.stderr.contains(KEY),
            "{output:?}"
        );
    }
    let mut found = Vec::new();
    holding(folder.path(), &mut found);
    assert_eq!(found, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_the_config_file_stays_there() {
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let mut command = aroom(folder.path(), None);
    command
        .args(["config", "set", "ai.api_key", "-"])
        .current_dir(folder.path())
        .stdin(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(format!("{KEY}\n").as_bytes())
        .unwrap();
    assert!(child.wait().unwrap().success());
    let file = folder.path().join(".anteroom/config.yaml");
    let mode = file.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut found = Vec::new();
    holding(folder.path(), &mut found);
    assert_eq!(found, [file.display().to_string()]);
    let mut command = aroom(folder.path(), None);
    command
        .current_dir(folder.path())
        .args(["config", "show", "--json"]);
    let shown = run(command).await;
    assert!(!shown.stdout.contains(KEY), "{shown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_private_and_holds_no_words_of_a_conversation() {
    use std::os::unix::fs::PermissionsExt as _;
    let endpoint = Endpoint::with([
        Reply::call(
            "write_file",
            json!({ "path": "fig.txt", "content": "apricot" }),
        ),
        Reply::text("coconut"),
    ])
    .await;
    let folder = tempfile::tempdir().unwrap();
    let mut command = aroom(folder.path(), Some(&endpoint));
    command
        .current_dir(folder.path())
        .args(["exec", "--approval-mode", "auto", "pineapple"])
        .env("AI_CHAT_LOG_LEVEL", "debug");
    let ran = run(command).await;
    assert_eq!(ran.stdout.trim(), "coconut", "{ran:?}");
    let file = folder.path().join(".anteroom/logs/aroom.log");
    let log = std::fs::read_to_string(&file).unwrap();
    assert!(log.contains("asks the model"), "{log}");
    for word in ["pineapple", "coconut", "apricot", "fig.txt"] {
        assert!(!log.contains(word), "{word}: {log}");
    }
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
