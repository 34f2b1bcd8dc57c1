//! `aroom config`: what holds, where it comes from, and what is wrong with it.

use super::Desk;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;

#[tokio::test(flavor = "multi_thread")]
async fn a_value_is_set_shown_and_reset() {
    let desk = Desk::new([]).await;
    desk.stdout(&["config", "set", "cli.max_tool_iterations", "7"])
        .await;
    let path = desk.stdout(&["config", "path"]).await;
    let path = std::path::Path::new(path.trim()).to_owned();
    assert_eq!(path, desk.home().join(".anteroom/config.yaml"));
    let mode = path.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let value = desk
        .stdout(&["config", "get", "cli.max_tool_iterations"])
        .await;
    assert_eq!(value, "7\n");
    let shown = desk.stdout(&["config", "show"]).await;
    let line = |key: &str| {
        shown
            .lines()
            .find(|line| line.starts_with(key))
            .unwrap_or_else(|| panic!("{key}: {shown}"))
            .to_owned()
    };
    assert!(line("cli.max_tool_iterations").contains("config.yaml:"));
    assert!(line("ai.base_url").contains("$AI_CHAT_BASE_URL"));
    assert!(line("safety.approval_mode").ends_with("default"));
    desk.stdout(&["config", "reset", "cli.max_tool_iterations"])
        .await;
    let value = desk
        .stdout(&["config", "get", "cli.max_tool_iterations"])
        .await;
    assert_eq!(value, "50\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_survive_a_change() {
    let desk = Desk::new([]).await;
    let text = "# mine\nai:\n  model: a # the small one\n";
    write_config(&desk, text);
    desk.stdout(&["config", "set", "ai.model", "b"]).await;
    let after = std::fs::read_to_string(desk.home().join(".anteroom/config.yaml")).unwrap();
    assert_eq!(after, text.replace("model: a", "model: b"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_pointed_at() {
    let desk = Desk::new([]).await;
    write_config(
        &desk,
        "ai:\n  modle: qwen3\ncli:\n  tool_output_max_chars: 5\n",
    );
    let left = desk.run(&["config", "validate"]).await;
    assert_eq!(left.code, 1, "{left:?}");
    assert!(left.stdout.contains("config.yaml:2:3"), "{}", left.stdout);
    assert!(
        left.stdout.contains("model"),
        "the nearest key: {}",
        left.stdout
    );
    assert!(
        left.stdout.contains("config.yaml:4:"),
        "clamped: {}",
        left.stdout
    );
    let left = desk.run(&["config", "validate", "--json"]).await;
    let told: Value = serde_json::from_str(&left.stdout).unwrap();
    assert_eq!(told["warnings"].as_array().unwrap().len(), 2, "{told}");

    write_config(&desk, "ai:\n  model: [\n");
    let left = desk.run(&["exec", "hi"]).await;
    assert_eq!(left.code, 3, "{left:?}");
    assert!(
        left.stderr.contains("config.yaml:") && left.stderr.contains("hint:"),
        "{}",
        left.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_file_is_valid_and_has_a_schema() {
    let desk = Desk::new([]).await;
    write_config(&desk, "ai:\n  model: qwen3\n");
    let left = desk.run(&["config", "validate"]).await;
    assert_eq!(left.code, 0, "{left:?}");
    let schema = desk.json(&["config", "schema"]).await;
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(validator.is_valid(&json!({ "ai": { "model": "qwen3" } })));
    assert!(!validator.is_valid(&json!({ "ai": { "modle": "qwen3" } })));
    let mode = |mode: &str| json!({ "safety": { "approval_mode": mode } });
    assert!(validator.is_valid(&mode("auto")) && !validator.is_valid(&mode("never")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_value_is_not_written() {
    let desk = Desk::new([]).await;
    let left = desk
        .run(&["config", "set", "safety.approval_mode", "never"])
        .await;
    assert_ne!(left.code, 0, "{left:?}");
    assert!(left.stderr.contains("ask_for_writes"), "{}", left.stderr);
    assert!(!desk.home().join(".anteroom/config.yaml").exists());
}

fn write_config(desk: &Desk, text: &str) {
    let folder = desk.home().join(".anteroom");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).unwrap();
    let path = folder.join("config.yaml");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
}
