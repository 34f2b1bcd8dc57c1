//! Entries of `mcp_servers` one by one, and among others.

use super::super::{FILE_NAME, Loaded, Sources, change, load};
use super::*;
use anteroom_api::Problem;
use std::fs;

/// What the files come to; the project's counts if `is_trusted`.
fn loaded(user: &str, project: &str, is_trusted: bool) -> (tempfile::TempDir, Loaded) {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    fs::create_dir(&home).unwrap();
    fs::write(home.join(FILE_NAME), user).unwrap();
    let at = folder.path().join("project.yaml");
    fs::write(&at, project).unwrap();
    let environment = [("HOME", "/home/ada"), ("TOKEN", "s3cret"), ("PART", "x")];
    let sources = Sources {
        home,
        project: Some(at),
        is_project_trusted: is_trusted,
        environment: environment
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        ..Sources::default()
    };
    let loaded = load(&sources).unwrap();
    (folder, loaded)
}

fn warnings(folder: &tempfile::TempDir, loaded: &Loaded) -> Vec<String> {
    let shown = folder.path().display().to_string();
    let words = |warning: &Problem| warning.error.replace(&shown, "");
    loaded.report.warnings.iter().map(words).collect()
}

#[test]
fn an_entry_is_kept_as_written_and_as_it_is_meant() {
    let user = "mcp_servers:
  - name: files
    command: ./bin/server
    args: [--token, '${TOKEN}', '$${PLAIN}']
    env: {KEY: '${TOKEN}', MODE: plain}
    folders: [~/notes, /data:rw, rel:ro]
    timeout: 5
    tools_include: [read_*]
  - name: web
    transport: streamable_http
    url: https://example.com/mcp
    headers: {Authorization: 'Bearer ${TOKEN}'}
    trust: trusted
    enabled: no
";
    let (folder, loaded) = loaded(user, "", false);
    assert_eq!(warnings(&folder, &loaded), Vec::<String>::new());
    let [files, web] = loaded.settings.mcp_servers.as_slice() else {
        panic!("two servers")
    };
    let home = folder.path().join("home");
    let home = home.display();
    let meant = &files.filled;
    assert_eq!(meant.command, Some(format!("{home}/./bin/server")));
    assert_eq!(meant.args, ["--token", "s3cret", "${PLAIN}"]);
    assert_eq!(meant.env["KEY"], "s3cret");
    assert_eq!(
        meant.folders,
        [
            "/home/ada/notes".to_owned(),
            "/data:rw".to_owned(),
            format!("{home}/rel")
        ]
    );
    assert_eq!(files.written.args[1], "${TOKEN}");
    assert_eq!((meant.timeout, meant.enabled), (Some(5.0), None));
    assert_eq!(web.filled.transport.as_deref(), Some("http"));
    assert_eq!(web.filled.headers["Authorization"], "Bearer s3cret");
    assert_eq!(web.filled.trust, Some(McpTrust::Trusted));
    assert_eq!(web.filled.enabled, Some(false));
    // Nothing that was filled in, and no value that may be secret, is shown.
    let shown = loaded.report.settings.iter();
    let shown = shown.filter(|view| view.key == "mcp_servers");
    let shown: Vec<String> = shown.map(|view| view.value.to_string()).collect();
    assert!(!shown.concat().contains("s3cret"));
    assert!(shown.concat().contains(r#""KEY":"${TOKEN}""#));
    assert!(!shown.concat().contains("plain"));
    assert!(!format!("{:?}", loaded.settings).contains("s3cret"));
}

#[test]
fn an_entry_that_is_wrong_is_left_out_with_its_line_and_the_others_stay() {
    let user = "mcp_servers:
  - name: good
    command: server
  - name: Bad Name
    command: server
  - name: note
    command: server
  - name: nothing
  - name: both
    command: a
    url: https://example.com
  - name: unset
    command: server
    env: {A: '${NOT_THERE}'}
  - name: ftp
    url: ftp://example.com
  - name: good
    command: other
  - name: late
    command: server
    timeout: soon
  - name: odd
    command: server
    comand: other
  - name: short
    command: server
    timeout: 0
    connect_timeout: 9000
  - just a text
";
    let (folder, loaded) = loaded(user, "", false);
    let names: Vec<&str> = loaded
        .settings
        .mcp_servers
        .iter()
        .map(|s| s.filled.name.as_str())
        .collect();
    assert_eq!(names, ["good", "odd", "short"]);
    let short = &loaded.settings.mcp_servers[2].filled;
    assert_eq!(
        (short.timeout, short.connect_timeout),
        (Some(1.0), Some(600.0))
    );
    let left = "an MCP server is left out: it";
    let file = "/home/config.yaml";
    assert_eq!(
        warnings(&folder, &loaded),
        [
            format!(
                "`{file}:4:5`: {left} needs a `name` of lower-case letters, digits, `-` and `_`, 32 at most"
            ),
            format!("`{file}:6:5`: {left} cannot be called `note`: `@note:` is one of your own"),
            format!("`{file}:8:5`: {left} needs a `command` to start, or a `url`"),
            format!("`{file}:9:5`: {left} has a `command` and a `url`: one of them"),
            format!(
                "`{file}:12:5`: {left} refers to the environment variable `NOT_THERE`, which is not set"
            ),
            format!("`{file}:15:5`: {left} needs a `url` that begins with `https://` or `http://`"),
            format!("`{file}:17:5`: {left} is not the first of the name \"good\""),
            format!(
                "`{file}:19:5`: {left} has a `timeout` that must be a number of seconds from 1 to 600"
            ),
            format!(
                "`{file}:22:5`: an MCP server has an unknown key `comand`; did you mean `command`?"
            ),
            format!("`{file}:25:5`: an MCP server has a `timeout` of 0 s; 1 s are used"),
            format!(
                "`{file}:25:5`: an MCP server has a `connect_timeout` of 9000 s; 600 s are used"
            ),
            format!("`{file}:29:5`: {left} is no mapping with `name` and `command` or `url`"),
        ]
    );
}

#[test]
fn an_address_is_taken_as_connecting_takes_it() {
    let user = "mcp_servers:
  - {name: here, url: 'http://127.0.0.1:8080/mcp'}
  - {name: near, url: 'http://localhost/mcp'}
  - {name: far, url: 'http://example.com/mcp'}
  - {name: made, url: 'http://${PART}.example.com/mcp'}
  - {name: open, url: 'https://me:pass@example.com/mcp'}
  - {name: safe, url: 'https://example.com/mcp'}
";
    let (_folder, loaded) = loaded(user, "", false);
    let names: Vec<&str> = loaded
        .settings
        .mcp_servers
        .iter()
        .map(|server| server.filled.name.as_str())
        .collect();
    assert_eq!(names, ["here", "near", "safe"]);
    let words: Vec<String> = loaded
        .report
        .warnings
        .iter()
        .map(ToString::to_string)
        .collect();
    let same = anteroom_tools::check_server_address("http://example.com/mcp").unwrap_err();
    assert!(
        words[0].contains(&same) && words[1].contains(&same),
        "{words:?}"
    );
    assert!(
        words[2].contains("password") && !words[2].contains("pass@"),
        "{words:?}"
    );
    // Neither is one written that would not be read.
    let far = json!([{ "name": "far", "url": "http://example.com/mcp" }]);
    let folder = tempfile::tempdir().unwrap();
    let refused = change(&folder.path().join(FILE_NAME), "mcp_servers", Some(&far)).unwrap_err();
    assert!(refused.to_string().contains(&same), "{refused}");
}

#[test]
fn a_project_names_servers_once_trusted_and_never_in_the_place_of_the_users() {
    let user = "mcp_servers: [{name: mine, command: mine}]\n";
    let project = "mcp_servers: [{name: mine, command: theirs}, {name: theirs, command: ./run, trust: trusted}]\n";
    let (folder, without) = loaded(user, project, false);
    assert_eq!(without.settings.mcp_servers.len(), 1);
    assert_eq!(
        warnings(&folder, &without),
        [
            "`/project.yaml:1:14`: `mcp_servers` is ignored: a project may set it only once you trust its folder"
        ]
    );
    let (folder, with) = loaded(user, project, true);
    let found: Vec<_> = with
        .settings
        .mcp_servers
        .iter()
        .map(|server| {
            (
                server.filled.name.as_str(),
                server.is_project,
                server.filled.trust,
            )
        })
        .collect();
    assert_eq!(found, [("mine", false, None), ("theirs", true, None)]);
    let command = with.settings.mcp_servers[0].filled.command.as_deref();
    assert_eq!(command, Some("mine"));
    assert_eq!(
        warnings(&folder, &with),
        [
            "`/project.yaml:1:15`: an MCP server is left out: it is not the first of the name \"mine\"",
            "`/project.yaml:1:46`: an MCP server `trust` is yours to give: a project's server is untrusted",
        ]
    );
}

#[test]
fn an_entry_is_written_and_taken_out_without_touching_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    fs::write(
        &path,
        "# mine\nmcp_servers:\n  # the first\n  - name: a\n    command: run\n",
    )
    .unwrap();
    let two = json!([
        { "name": "a", "command": "run" },
        { "name": "b", "url": "https://example.com", "headers": { "X": "${TOKEN}" } },
    ]);
    change(&path, "mcp_servers", Some(&two)).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(
        text.starts_with("# mine\nmcp_servers:\n  # the first\n  - name: a\n"),
        "{text}"
    );
    assert!(text.contains("{name: b, "), "{text}");
    change(
        &path,
        "mcp_servers",
        Some(&json!([{ "name": "a", "command": "run" }])),
    )
    .unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(
        text,
        "# mine\nmcp_servers:\n  # the first\n  - name: a\n    command: run\n"
    );
    let wrong = json!([{ "name": "a" }]);
    let refused = change(&path, "mcp_servers", Some(&wrong)).unwrap_err();
    assert!(
        refused.error.contains("needs a `command` to start"),
        "{refused}"
    );
}
