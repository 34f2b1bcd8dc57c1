//! Shell completions: the scripts load, and names are those of now (T13).

use super::Desk;
use crate::support::endpoint::Reply;
use std::process::Command;

/// What bash offers for a line, with the real script and the real program.
async fn bash(desk: &Desk, line: &str) -> Vec<String> {
    let script = r#"
        set -eu
        source <(aroom completions bash)
        complete -p aroom >/dev/null
        COMP_LINE="$1" COMP_POINT=${#1}
        # As bash finds the word: behind a blank, `:` or `=`.
        current="${COMP_LINE##*[ :=]}"
        set +eu
        _aroom aroom "$current" ""
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let left = shell(desk, "bash", &["--norc", "-c", script, "bash", line]).await;
    left.lines()
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Runs a shell that finds the program by its name; gives what it printed.
async fn shell(desk: &Desk, shell: &str, arguments: &[&str]) -> String {
    let program = desk.aroom(&[]);
    let own = std::path::Path::new(program.get_program())
        .parent()
        .unwrap()
        .to_owned();
    let mut command = Command::new(shell);
    command.args(arguments).current_dir(desk.work()).env_clear();
    for (name, value) in program.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    let path = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{}:{path}", own.display()));
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap();
    let output = output.unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{shell}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn bash_completes_commands_flags_and_live_names() {
    let desk = Desk::new([Reply::text("ok")]).await;
    desk.stdout(&["exec", "remember the retry policy"]).await;
    assert_eq!(bash(&desk, "aroom conv").await, ["conversation"]);
    assert_eq!(bash(&desk, "aroom exec --stream").await, ["--stream-json"]);
    assert_eq!(
        bash(&desk, "aroom --approval-mode ask_for_d").await,
        ["ask_for_dangerous"]
    );
    // A conversation that was begun just now.
    let list = desk.json(&["conversation", "list", "--json"]).await;
    let id = list[0]["id"]
        .as_str()
        .or_else(|| list["entries"][0]["id"].as_str());
    let id = id.unwrap_or_else(|| panic!("{list}"));
    let offered = bash(&desk, "aroom conversation show ").await;
    assert_eq!(offered.len(), 1, "{offered:?}");
    assert!(id.contains(&offered[0]), "{offered:?} of {id}");
    let shown = desk.stdout(&["conversation", "show", &offered[0]]).await;
    assert!(shown.contains("retry policy"), "{shown}");
    // Tools and settings.
    assert_eq!(
        bash(&desk, "aroom --allowed-tools read_").await,
        ["read_file"]
    );
    assert_eq!(
        bash(&desk, "aroom config get cli.file_ref").await,
        ["cli.file_reference_max_chars"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn models_are_those_the_endpoint_has() {
    let desk = Desk::new([]).await;
    desk.endpoint
        .list(Reply::models(["qwen3:32b", "qwen3:8b", "llama"]));
    assert_eq!(bash(&desk, "aroom chat -m qwen3:3").await, ["32b"]);
    assert_eq!(bash(&desk, "aroom -m ll").await, ["llama"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_elsewhere_does_not_show_in_a_line_that_is_typed() {
    let desk = Desk::new([]).await;
    // No endpoint answers there.
    let left = crate::support::program::run(desk.unconnected(&[
        "completions",
        "zsh",
        "--",
        "aroom",
        "chat",
        "-m",
        "",
    ]))
    .await;
    assert_eq!((left.code, left.stdout.as_str()), (0, ""), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn zsh_loads_the_script_and_completes_with_it() {
    let desk = Desk::new([]).await;
    desk.endpoint.list(Reply::models(["qwen3:32b", "llama"]));
    // A line editor is needed for the rest; what the script hands to it is told here instead.
    let script = r#"
        autoload -Uz compinit && compinit -u -D
        source <(aroom completions zsh)
        print -r -- "${_comps[aroom]}"
        compadd() { print -r -- "${names[@]}" }
        words=(aroom chat -m qw); CURRENT=4; PREFIX=qw; _aroom
        words=(aroom conv); CURRENT=2; PREFIX=conv; _aroom
        _files() { print -r -- "files $*" }
        words=(aroom exec -o ""); CURRENT=4; PREFIX=""; _aroom
    "#;
    let told = shell(&desk, "zsh", &["-f", "-c", script]).await;
    let wanted = ["_aroom", "qwen3:32b", "conversation", "files"];
    let told: Vec<&str> = told.lines().map(str::trim).collect();
    assert_eq!(told, wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn fish_loads_the_script_and_completes_with_it() {
    let desk = Desk::new([]).await;
    desk.endpoint.list(Reply::models(["qwen3:32b", "llama"]));
    let script = r#"
        aroom completions fish | source
        complete -C "aroom chat -m qw"
        complete -C "aroom conv"
        complete -C "aroom completions z"
    "#;
    let told = shell(&desk, "fish", &["--no-config", "-c", script]).await;
    let names: Vec<&str> = told
        .lines()
        .filter_map(|line| line.split('\t').next())
        .collect();
    assert_eq!(names, ["qwen3:32b", "conversation", "zsh"], "{told}");
}
