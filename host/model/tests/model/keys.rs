//! Keys: given or printed by a command, run when needed, never shown.

use crate::endpoint::{Endpoint as Scripted, Gate, Reply, Step};
use crate::{ask, said, settings};
use anteroom_api::Problem;
use anteroom_model::{Client, Endpoint, ModelError, Secret};
use std::fs;

/// A command that notes each run and prints `key-<run>`.
fn counting(folder: &tempfile::TempDir) -> String {
    let notes = folder.path().join("runs");
    let notes = notes.display();
    format!("echo run >> '{notes}'; echo key-$(grep -c run '{notes}')-secret")
}

fn runs(folder: &tempfile::TempDir) -> usize {
    fs::read_to_string(folder.path().join("runs")).map_or(0, |notes| notes.lines().count())
}

fn keys_sent(scripted: &Scripted) -> Vec<String> {
    let chats = scripted.chats();
    let keys = chats.iter().filter_map(|chat| chat.header("authorization"));
    keys.map(str::to_owned).collect()
}

fn with_command(scripted: &Scripted, command: &str) -> Client {
    Client::new(Endpoint {
        api_key: Some(Secret::new("given")),
        api_key_command: Some(command.into()),
        ..settings(scripted)
    })
    .unwrap()
}

#[tokio::test]
async fn the_command_is_run_at_first_use_and_once_more_when_refused() {
    let folder = tempfile::tempdir().unwrap();
    let scripted = Scripted::with([
        Reply::text("a").without_usage(),
        Reply::text("b").without_usage(),
        Reply::error(401, "expired"),
        Reply::text("c").without_usage(),
        Reply::error(401, "expired"),
        Reply::error(401, "wrong"),
    ])
    .await;
    let client = with_command(&scripted, &counting(&folder));
    assert_eq!(runs(&folder), 0);
    for expected in ["a", "b", "c"] {
        assert_eq!(ask(&client).await.1, Ok(said(expected)));
    }
    let refused = ask(&client).await.1;
    assert!(
        matches!(refused, Err(ModelError::Status { status: 401, .. })),
        "{refused:?}"
    );
    let sent = keys_sent(&scripted);
    let expected = [1, 1, 1, 2, 2, 3].map(|run| format!("Bearer key-{run}-secret"));
    assert_eq!(sent, expected);
    assert_eq!(runs(&folder), 3);
}

#[tokio::test]
async fn requests_at_the_same_time_share_one_run() {
    const MANY: usize = 8;
    let folder = tempfile::tempdir().unwrap();
    let scripted = Scripted::start().await;
    // All are refused with the first key before any is answered with the second.
    let gate = Gate::new();
    let mut refused = Reply::error(401, "expired");
    refused.steps.insert(0, Step::Wait(gate.clone()));
    scripted.script(vec![refused; MANY]);
    let client = with_command(&scripted, &counting(&folder));
    let asking: Vec<_> = (0..MANY)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { ask(&client).await.1 })
        })
        .collect();
    scripted.chat(MANY - 1).await;
    scripted.script(vec![Reply::text("a").without_usage(); MANY]);
    gate.open();
    for asked in asking {
        assert_eq!(asked.await.unwrap(), Ok(said("a")));
    }
    assert_eq!(runs(&folder), 2);
}

#[tokio::test]
async fn commands_that_give_no_key() {
    let rows = [
        ("exit 3", "`ai.api_key_command` failed (exit status: 3)"),
        (
            "echo locked >&2; exit 1",
            "`ai.api_key_command` failed (exit status: 1): locked",
        ),
        ("true", "`ai.api_key_command` printed nothing"),
        (
            "echo a; echo b",
            "`ai.api_key_command` printed more than one line",
        ),
        (
            "printf 'a\\007b'",
            "what `ai.api_key_command` prints is no key: it holds characters that cannot be sent",
        ),
    ];
    for (command, reason) in rows {
        let scripted = Scripted::start().await;
        let client = with_command(&scripted, command);
        let expected = ModelError::Key {
            reason: reason.into(),
        };
        assert_eq!(ask(&client).await.1, Err(expected), "{command}");
        assert_eq!(scripted.requests().len(), 0, "{command}");
    }
}

#[tokio::test]
async fn a_command_that_failed_is_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    let command = format!(
        "test -e '{0}' && echo key-secret || {{ touch '{0}'; exit 1; }}",
        mark.display()
    );
    let scripted = Scripted::with([Reply::text("a").without_usage()]).await;
    let client = with_command(&scripted, &command);
    assert!(ask(&client).await.1.is_err());
    assert_eq!(ask(&client).await.1, Ok(said("a")));
}

#[tokio::test]
async fn the_key_is_never_shown() {
    let key = "sk-0123456789abcdef";
    let scripted = Scripted::with([
        Reply::error(401, &format!("Incorrect API key provided: {key}.")),
        Reply::stream().data(&format!(r#"{{"error":{{"message":"bad {key}"}}}}"#)),
    ])
    .await;
    let endpoint = Endpoint {
        api_key: Some(Secret::new(key)),
        ..settings(&scripted)
    };
    let client = Client::new(endpoint.clone()).unwrap();
    let mut shown = format!("{endpoint:?} {client:?}");
    for _ in 0..2 {
        let error = ask(&client).await.1.unwrap_err();
        shown.push_str(&format!(
            "{error} {error:?} {:?}",
            Problem::from(error.clone())
        ));
    }
    assert!(!shown.contains(key), "{shown}");
    assert!(
        shown.contains("Incorrect API key provided: [key]."),
        "{shown}"
    );
}

#[tokio::test]
async fn a_key_that_cannot_be_sent() {
    let scripted = Scripted::start().await;
    let result = Client::new(Endpoint {
        api_key: Some(Secret::new("a\nb")),
        ..settings(&scripted)
    });
    let expected = ModelError::Key {
        reason: "`ai.api_key` cannot be used: it holds characters that cannot be sent".into(),
    };
    assert_eq!(result.err(), Some(expected));
}
