//! `aroom init` and `aroom config edit` at a terminal, and without one.

use super::Desk;
use crate::support::endpoint::{Endpoint, Reply};
use crate::support::program::{aroom, run};
use crate::support::pty::Pty;
use serde_json::json;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

const SIZE: (u16, u16) = (80, 24);
/// Where servers are looked for; whichever is free here.
const PORTS: [u16; 6] = [1337, 5001, 1234, 8000, 11434, 8080];

/// An endpoint with two models that does whatever a test of it asks.
fn willing(endpoint: &Endpoint) {
    endpoint.list(Reply::models(["scripted", "other"]));
    endpoint.choose(|request| {
        let tool = request["tools"][0]["function"]["name"].as_str();
        Some(match tool {
            Some(name) => Reply::call(name, json!({ "ready": true })),
            None => Reply::text("ready"),
        })
    });
}

fn init(desk: &Desk) -> Command {
    desk.unconnected(&["init"])
}

fn config_path(desk: &Desk) -> PathBuf {
    desk.home().join(".anteroom/config.yaml")
}

fn config(desk: &Desk) -> String {
    std::fs::read_to_string(config_path(desk)).unwrap_or_default()
}

fn write_config(desk: &Desk, text: &str) {
    let path = config_path(desk);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn init_finds_tests_and_saves_and_keeps_what_is_there() {
    let mut here = None;
    for port in PORTS {
        if let Ok(endpoint) = Endpoint::start_at(port).await {
            here = Some(endpoint);
            break;
        }
    }
    let here = here.expect("one of the ports is free");
    willing(&here);
    let desk = Desk::new([]).await;
    write_config(&desk, "# mine\ncli:\n  max_tool_iterations: 7 # enough\n");
    // A busy machine may answer too late to be found; then it is looked again.
    let mut attempts = 0;
    let mut pty = loop {
        let mut pty = Pty::spawn(&init(&desk), SIZE);
        let shown = pty
            .until("what was found", |shown| {
                shown.has("Use [") || shown.has("Base URL")
            })
            .await;
        if shown.has(&format!(":{} (2 models)", here.port())) {
            break pty;
        }
        attempts += 1;
        assert!(attempts < 10, "{}", pty.picture());
    };
    let shown = pty.shown();
    let found = shown
        .rows
        .iter()
        .find(|row| row.starts_with("Found: 1 "))
        .unwrap();
    // There may be other servers on this machine.
    let number = found[..found.find(&format!(":{}", here.port())).unwrap()]
        .split_whitespace()
        .rev()
        .find_map(|word| word.parse::<u32>().ok())
        .unwrap();
    pty.send(&format!("{number}\r"));
    pty.until("the question for a model", |shown| {
        shown.has("Model [scripted]:")
    })
    .await;
    pty.send("2\r");
    let shown = pty
        .until("the end", |shown| shown.has("next: `aroom chat`"))
        .await;
    let line = shown
        .lines
        .iter()
        .find(|line| line.contains("reachable"))
        .unwrap();
    for part in ["✓ reachable", "✓ 2 models", "✓ streams", "✓ tools", "saved"] {
        assert!(line.contains(part), "{part}: {line}");
    }
    assert_eq!(pty.exit().await, 0);
    let text = config(&desk);
    for part in [
        "# mine\n",
        "max_tool_iterations: 7 # enough",
        "model: other",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(
        text.contains(&format!("base_url: {}", here.base_url())),
        "{text}"
    );
    let said = run(desk.unconnected(&["exec", "--no-tools", "hi"])).await;
    assert_eq!(
        (said.code, said.stdout.as_str()),
        (0, "ready\n"),
        "{said:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn init_offers_the_address_that_was_meant() {
    let desk = Desk::new([]).await;
    willing(&desk.endpoint);
    let port = desk.endpoint.port();
    let wanted = format!("Use http://127.0.0.1:{port}/v1 instead? [Y/n]");
    for typed in [
        format!("http://127.0.0.1:{port}"),
        format!("http://127.0.0.1:{port}/v1/chat/completions"),
        format!("https://127.0.0.1:{port}/v1"),
    ] {
        let _ = std::fs::remove_file(config_path(&desk));
        let mut pty = Pty::spawn(&init(&desk), SIZE);
        pty.until("the question", |shown| {
            shown.last_row().starts_with("Use [") || shown.last_row().starts_with("Base URL")
        })
        .await;
        pty.send(&format!("{typed}\r"));
        pty.until("the offer", |shown| shown.has(&wanted)).await;
        pty.send("\r");
        pty.until("a model", |shown| shown.has("Model [scripted]:"))
            .await;
        pty.send("\r");
        pty.until("the end", |shown| shown.has("next: `aroom chat`"))
            .await;
        assert_eq!(pty.exit().await, 0, "{typed}");
        assert!(config(&desk).contains(&desk.endpoint.base_url()), "{typed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn init_says_what_does_not_work_and_saves_it_on_demand_only() {
    let desk = Desk::new([]).await;
    desk.endpoint.list(Reply::error(401, "no such key"));
    let mut pty = Pty::spawn(&init(&desk), SIZE);
    pty.until("the question", |shown| {
        shown.last_row().starts_with("Use [") || shown.last_row().starts_with("Base URL")
    })
    .await;
    pty.send(&format!("{}\r", desk.endpoint.base_url()));
    pty.until("a model", |shown| shown.last_row().starts_with("Model"))
        .await;
    pty.send("m\r");
    let shown = pty
        .until("the doubt", |shown| shown.has("Save it anyway? [y/N]"))
        .await;
    for part in ["✓ reachable", "✗ lists models", "401", "hint:"] {
        assert!(
            shown.lines.iter().any(|line| line.contains(part)),
            "{part}: {}",
            pty.picture()
        );
    }
    pty.send("\r");
    assert_eq!(pty.exit().await, 5);
    assert!(!config(&desk).contains("base_url"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_without_tools_is_named_and_saved() {
    let desk = Desk::new([]).await;
    desk.endpoint.choose(|_| Some(Reply::text("ready")));
    let base_url = desk.endpoint.base_url();
    let left = run(desk.unconnected(&["init", "--base-url", &base_url, "--yes"])).await;
    assert_eq!(left.code, 0, "{left:?}");
    for part in [
        "✓ streams",
        "✗ calls tools: `scripted` ignores tools",
        "hint: chat works",
    ] {
        assert!(left.stdout.contains(part), "{part}: {}", left.stdout);
    }
    assert!(
        config(&desk).contains("model: scripted"),
        "{}",
        config(&desk)
    );
    // Again, with nothing to add: what is there stays, byte for byte.
    let before = config(&desk);
    let left = run(desk.unconnected(&["init", "--yes"])).await;
    assert_eq!((left.code, config(&desk)), (0, before), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wizards_without_a_terminal_name_the_flags() {
    let desk = Desk::new([]).await;
    for (arguments, flag) in [
        (&["init"][..], "--base-url"),
        (&["config", "edit"], "aroom config set KEY VALUE"),
        (
            &["config", "set", "ai.api_key"],
            "aroom config set ai.api_key VALUE",
        ),
        (&["chat"], "aroom exec"),
    ] {
        let mut command = aroom(&desk.home(), None);
        command.current_dir(desk.work()).args(arguments);
        let left = run(command).await;
        assert_eq!(
            (left.code, left.stdout.as_str()),
            (2, ""),
            "{arguments:?}: {left:?}"
        );
        assert!(
            left.stderr.contains("hint:") && left.stderr.contains(flag),
            "{left:?}"
        );
    }
}

/// An editor that puts one text after the other into the file it is given.
fn editor(desk: &Desk, texts: &[&str]) -> String {
    let folder = desk.home().join("editor");
    std::fs::create_dir_all(&folder).unwrap();
    for (number, text) in texts.iter().enumerate() {
        std::fs::write(folder.join(format!("{number}.yaml")), text).unwrap();
    }
    let script = format!(
        "cd '{}'; n=$(cat n 2>/dev/null || echo 0); cat $n.yaml > \"$1\"; echo $((n+1)) > n",
        folder.display()
    );
    std::fs::write(folder.join("edit.sh"), script).unwrap();
    format!("sh '{}'", folder.join("edit.sh").display())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_that_is_not_understood_is_offered_again() {
    let desk = Desk::new([]).await;
    write_config(&desk, "# mine\nai:\n  model: a\n");
    let good = "# mine\nai:\n  model: b # better\n";
    let mut command = desk.unconnected(&["config", "edit"]);
    command.env("EDITOR", editor(&desk, &["ai: [\n", good]));
    let mut pty = Pty::spawn(&command, SIZE);
    let shown = pty
        .until("the offer", |shown| shown.has("Edit it again? [Y/n]"))
        .await;
    assert!(
        shown.lines.iter().any(|line| line.starts_with("error:")),
        "{}",
        pty.picture()
    );
    assert!(config(&desk).contains("model: a"), "nothing counts yet");
    pty.send("\r");
    pty.until("the end", |shown| shown.has("saved")).await;
    assert_eq!(pty.exit().await, 0);
    assert_eq!(config(&desk), good);
    let mode = std::fs::metadata(config_path(&desk))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_was_given_up_is_kept_and_a_broken_file_can_be_mended() {
    let desk = Desk::new([]).await;
    // So broken that nothing else starts.
    write_config(&desk, "ai: [\n");
    assert_eq!(run(desk.unconnected(&["exec", "hi"])).await.code, 3);
    let mut command = desk.unconnected(&["config", "edit"]);
    command.env("EDITOR", editor(&desk, &["ai: {\n", "ai:\n  model: b\n"]));
    let mut pty = Pty::spawn(&command, SIZE);
    pty.until("the offer", |shown| shown.has("Edit it again? [Y/n]"))
        .await;
    pty.send("n\r");
    pty.until("where it is kept", |shown| {
        shown
            .lines
            .iter()
            .any(|line| line.contains("your text is kept in"))
    })
    .await;
    assert_eq!(pty.exit().await, 3);
    assert_eq!(config(&desk), "ai: [\n");
    let mut pty = Pty::spawn(&command, SIZE);
    pty.until("the offer to go on", |shown| {
        shown.last_row().ends_with("[Y/n]")
    })
    .await;
    pty.send("\r");
    pty.until("the end", |shown| shown.has("saved")).await;
    assert_eq!(pty.exit().await, 0);
    assert_eq!(config(&desk), "ai:\n  model: b\n");
}
