//! The server of the page as a program: started, found, opened, stopped.

use super::Desk;
use crate::support::endpoint::Reply;
use crate::support::http::Browser;
use crate::support::program::run;
use crate::support::talking::Talking;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// Long enough for a busy machine; what is waited for comes much sooner.
const PATIENCE: Duration = Duration::from_secs(60);

impl Desk {
    /// A browser that leaves what it was given in a file, and that file.
    fn browser(&self) -> (String, PathBuf) {
        let seen = self.home().join("seen");
        // The page's file is gone once its link was used or is void, so it is read at once.
        let script = format!(
            "sh -c 'cat \"$1\" > \"{0}.part\" && mv \"{0}.part\" \"{0}\"' x",
            seen.display()
        );
        (script, seen)
    }
}

/// Reads a file as soon as it is there.
async fn soon(path: &std::path::Path) -> String {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Ok(text) = std::fs::read_to_string(path) {
            return text;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "never came: {}",
            path.display()
        );
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_started_found_and_stopped() {
    let desk = Desk::new([]).await;
    let none = desk.run(&["status"]).await;
    assert_eq!(none.code, 8, "{none:?}");
    let started = desk.json(&["start", "--port", "0", "--json"]).await;
    let url = started["url"].as_str().unwrap();
    assert!(url.starts_with("http://127.0.0.1:"), "{started}");
    assert!(
        started["link"]
            .as_str()
            .unwrap()
            .starts_with(&format!("{url}#launch="))
    );
    let status = desk.json(&["status", "--json"]).await;
    assert_eq!(status[0]["url"], started["url"]);
    assert_eq!(status[0]["pid"], started["pid"]);
    // A second one is not wanted: the first is named, and a link to it.
    let again = desk.json(&["start", "--json"]).await;
    assert_eq!(again["pid"], started["pid"]);
    let printed = desk.stdout(&["web", "--print-url"]).await;
    assert!(printed.starts_with(&format!("{url}#launch=")), "{printed}");
    assert_ne!(printed.trim(), started["link"].as_str().unwrap());
    let stopped = desk.run(&["stop"]).await;
    assert_eq!(stopped.code, 0, "{stopped:?}");
    assert_eq!(desk.run(&["status"]).await.code, 8);
    assert_eq!(desk.run(&["stop"]).await.code, 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_gets_the_link_in_a_file_only_its_owner_reads() {
    let desk = Desk::new([]).await;
    let (browser, seen) = desk.browser();
    let mut command = desk.aroom(&["serve", "--port", "0"]);
    command
        .env("BROWSER", &browser)
        .env("XDG_RUNTIME_DIR", desk.home());
    let server = Talking::spawn(command);
    let page = soon(&seen).await;
    let status = desk.json(&["status", "--json"]).await;
    let url = status[0]["url"].as_str().unwrap();
    assert!(page.contains(&format!("url={url}#launch=")), "{page}");
    // The same through a second program, which ends once the page is open; here nobody opens it.
    std::fs::remove_file(&seen).unwrap();
    let mut command = desk.aroom(&[]);
    command
        .env("BROWSER", &browser)
        .env("XDG_RUNTIME_DIR", desk.home());
    let meeting = Talking::spawn(command);
    let other = soon(&seen).await;
    assert!(
        other.contains(&format!("url={url}#launch=")) && other != page,
        "{other}"
    );
    drop(meeting);
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_named_with_another() {
    let desk = Desk::new([]).await;
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let left = desk.run(&["serve", "--no-browser", "--port", &port]).await;
    assert_ne!(left.code, 0);
    assert!(left.stderr.contains(&port), "{}", left.stderr);
    assert!(
        left.stderr.contains("hint:") && left.stderr.contains("--port"),
        "{}",
        left.stderr
    );
    let started = desk.run(&["start", "--port", &port]).await;
    assert_ne!(started.code, 0);
    assert!(
        started.stderr.contains(&port),
        "what the server said is said again: {}",
        started.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_needs_a_terminal() {
    let desk = Desk::new([]).await;
    let left = desk.run(&["password"]).await;
    assert_eq!(left.code, 2, "{left:?}");
    assert!(left.stderr.contains("hint:"), "{}", left.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_ended_takes_its_row_along() {
    let desk = Desk::new([]).await;
    let mut child = desk.aroom(&["serve", "--port", "0", "--json"]);
    child.stdout(std::process::Stdio::piped());
    let mut child = child.spawn().unwrap();
    let mut line = String::new();
    let mut output = std::io::BufReader::new(child.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut output, &mut line).unwrap();
    let told: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        desk.json(&["status", "--json"]).await[0]["url"],
        told["url"]
    );
    child.kill().unwrap();
    child.wait().unwrap();
    let left = run(desk.aroom(&["status"])).await;
    assert_eq!(left.code, 8, "killed, it is not listed: {left:?}");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_starts_has_the_files_that_it_was_started_with() {
    let desk = Desk::new([Reply::text("Done.")]).await;
    let told = desk.home().join("told");
    let key = format!(
        "ulimit -S -n > '{0}.part'; mv '{0}.part' '{0}'; echo key",
        told.display()
    );
    let settings = json!({ "ai": { "api_key_command": key } }).to_string();
    let home = desk.home().join(".anteroom");
    std::fs::create_dir_all(&home).unwrap();
    std::fs::write(home.join("config.yaml"), settings).unwrap();
    let wanted = desk.aroom(&["serve", "--port", "0"]);
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -S -n 300 && exec \"$0\" \"$@\""])
        .arg(wanted.get_program())
        .args(wanted.get_args())
        .env_clear()
        .envs(
            wanted
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .env("BROWSER", "true")
        .current_dir(desk.work());
    let server = Talking::spawn(command);
    // Asked for a link before that one listens, `aroom web` would listen itself.
    let since = tokio::time::Instant::now();
    let status = loop {
        let left = desk.run(&["status", "--json"]).await;
        if left.code == 0 {
            break serde_json::from_str::<Value>(&left.stdout).unwrap();
        }
        assert!(since.elapsed() < PATIENCE, "{left:?}");
    };
    let link = desk.stdout(&["web", "--print-url"]).await;
    // It raised for itself what it may: connections are files.
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", status[0]["pid"])).unwrap();
    let files = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .unwrap();
    let own: Vec<&str> = files.split_whitespace().collect();
    assert_eq!(own[3] == "300", own[4] == "300", "{files}");
    let browser = Browser::open(&link).await.unwrap();
    let made = browser
        .post("/api/conversations", &json!({}))
        .await
        .unwrap();
    let start = json!({
        "verb": "start", "conversation": made["id"], "input": [{ "type": "text", "text": "Hello" }],
        "options": { "is_attended": true },
    });
    browser.op("turn", start).await.unwrap();
    assert_eq!(soon(&told).await.trim(), "300");
    drop(server);
}
