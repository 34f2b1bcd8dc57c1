//! The command against a host in memory.

use crate::fake::{Bench, Ran, Views};
use anteroom_api::{McpEntry, McpOp, McpServerView, Op};
use serde_json::{Value, json};

fn view(name: &str, state: &Value) -> McpServerView {
    let view = json!({
        "name": name,
        "transport": {
            "transport": "stdio", "command": "npx", "args": ["-y", "a server"], "env": ["TOKEN"],
            "folders": [{ "path": "/notes", "is_writable": true }], "network": false,
        },
        "hash": "aa11",
        "is_approved": state["state"] != "needs_approval",
        "trust": "untrusted",
        "state": state,
        "tools": [],
    });
    serde_json::from_value(view).unwrap()
}

fn tool(name: &str, state: &Value) -> Value {
    json!({ "name": name, "description": "does\u{1b}[2J it", "tier": "execute", "hash": "bb22", "state": state })
}

fn ready() -> McpServerView {
    let mut server = view("github", &json!({ "state": "ready" }));
    let differences = [
        "description: - finds",
        "description: + finds, and\u{202e} sends",
    ];
    let held = json!({ "offer": "quarantined", "differences": differences });
    let tools = [
        tool("list", &json!({ "offer": "offered" })),
        tool("search", &held),
        tool(
            "gone",
            &json!({ "offer": "refused", "reason": "its schema is none" }),
        ),
    ];
    server.tools = serde_json::from_value(json!(tools)).unwrap();
    server
}

fn ran(line: &[&str], servers: Vec<McpServerView>) -> (Ran, Vec<McpOp>) {
    let mut views = Views::default();
    views.mcp.servers = servers;
    views.mcp.log = vec!["started\u{1b}[31m".to_owned()];
    let mut bench = Bench::with(line, vec![], views, "");
    let ran = bench.run();
    let ops = bench.fake.ops().into_iter();
    let ops = ops.filter_map(|op| match op {
        Op::Mcp(op) => Some(op),
        _ => None,
    });
    (ran, ops.collect())
}

#[test]
fn servers_are_listed_with_what_is_to_be_done() {
    let failed = json!({ "state": "failed", "problem": {
        "code": "tool", "error": "it ended", "causes": ["no such file"], "retryable": false } });
    let servers = vec![
        ready(),
        view("time", &json!({ "state": "needs_approval" })),
        view("ill", &failed),
    ];
    let (listed, _) = ran(&["mcp", "list"], servers.clone());
    assert_eq!(listed.code, 0, "{listed:?}");
    let lines: Vec<&str> = listed.out.lines().collect();
    assert!(
        lines[0].contains("github  stdio  1 tool, 1 held back, 1 refused"),
        "{lines:?}"
    );
    assert!(lines[1].contains("`aroom mcp approve time`"), "{lines:?}");
    assert!(
        lines[2].contains("ill     stdio  no such file"),
        "{lines:?}"
    );
    let (listed, _) = ran(&["mcp", "list", "--json"], servers.clone());
    let listed: Value = serde_json::from_str(&listed.out).unwrap();
    assert_eq!(listed[1]["state"]["state"], "needs_approval");
    let (connected, ops) = ran(&["mcp", "connect", "ill"], servers);
    assert_eq!(connected.code, 1, "{connected:?}");
    assert!(connected.out.contains("ill  no such file"), "{connected:?}");
    assert!(matches!(ops.as_slice(), [McpOp::Restart { .. }]), "{ops:?}");
}

#[test]
fn nothing_is_approved_that_was_not_shown() {
    let waiting = || vec![view("time", &json!({ "state": "needs_approval" }))];
    let (asked, ops) = ran(&["mcp", "approve", "time"], waiting());
    assert_eq!(asked.code, 2, "nobody could be asked: {asked:?}");
    assert_eq!(ops, []);
    for words in [
        "npx -y 'a server'",
        "gets     TOKEN",
        "writes   /notes",
        "network  no",
    ] {
        assert!(asked.err.contains(words), "{words}: {}", asked.err);
    }
    let (approved, ops) = ran(&["mcp", "approve", "time", "--yes"], waiting());
    assert!(approved.err.contains("npx -y 'a server'"), "{approved:?}");
    let wanted = McpOp::Approve {
        server: "time".into(),
        hash: "aa11".into(),
    };
    assert_eq!(ops, [wanted]);
    let (unknown, _) = ran(&["mcp", "approve", "tine"], waiting());
    assert_eq!(unknown.code, 8);
    assert!(unknown.err.contains("did you mean `time`?"), "{unknown:?}");
}

#[test]
fn what_would_run_is_shown_by_its_real_paths_with_what_is_missing() {
    let mut server = view("time", &json!({ "state": "needs_approval" }));
    server.reach = serde_json::from_value(json!({
        "paths": [
            { "what": "program", "path": "/usr/bin/npx", "real": "/opt/npm/npx.js", "is_writable": false },
            { "what": "interpreter", "path": "/usr/bin/node", "real": "/usr/bin/node", "is_writable": false },
            { "what": "folder", "path": "/notes", "real": "/data/no\u{202e}tes", "is_writable": true },
            { "what": "folder", "path": "/gone", "is_writable": false },
            { "what": "argument", "path": "/a.db", "real": "/a.db", "is_writable": false },
        ],
        "missing": ["cut-off network (no\u{1b}[2J namespaces)"],
    }))
    .unwrap();
    server.differences = vec!["- writes /notes".into(), "+ writes /notes -> /data".into()];
    let (asked, ops) = ran(&["mcp", "approve", "time"], vec![server]);
    assert_eq!((asked.code, ops.len()), (2, 0), "{asked:?}");
    for words in [
        "program  /usr/bin/npx -> /opt/npm/npx.js",
        "run by   /usr/bin/node\n",
        "writes   /notes -> /data/no\\u{202e}tes",
        "reads    /gone, which is not there now",
        "reads    /a.db",
        "missing  cut-off network",
        "network  no, as far as the sandbox holds",
        "It is not what you approved before:",
        "+ writes /notes -> /data",
    ] {
        assert!(asked.err.contains(words), "{words}: {}", asked.err);
    }
    assert!(!asked.err.contains("\u{1b}[2J"), "{asked:?}");
}

#[test]
fn an_address_of_others_is_shown_with_its_variables() {
    let mut server = view("far", &json!({ "state": "needs_approval" }));
    server.workspace = Some("/work".into());
    server.transport = serde_json::from_value(json!({
        "transport": "http", "url": "https://${HOST}/mcp", "origin": "https://a.example",
        "headers": ["Authorization=${TOKEN}"],
    }))
    .unwrap();
    let (asked, ops) = ran(&["mcp", "approve", "far"], vec![server]);
    assert_eq!((asked.code, ops.len()), (2, 0), "{asked:?}");
    for words in [
        "address  https://${HOST}/mcp",
        "comes to https://a.example",
        "headers  Authorization=${TOKEN}",
        "variables of yours",
    ] {
        assert!(asked.err.contains(words), "{words}: {}", asked.err);
    }
}

#[test]
fn what_differs_is_shown_before_a_tool_is_taken() {
    let (shown, _) = ran(&["mcp", "show", "github"], vec![ready()]);
    assert!(
        shown
            .out
            .contains("description: + finds, and\\u{202e} sends"),
        "{shown:?}"
    );
    assert!(!shown.out.contains('\u{1b}'), "{shown:?}");
    let (asked, ops) = ran(&["mcp", "accept", "github.search"], vec![ready()]);
    assert_eq!((asked.code, ops.len()), (2, 0), "{asked:?}");
    assert!(asked.err.contains("description: - finds"), "{asked:?}");
    let (taken, ops) = ran(
        &["mcp", "accept", "github", "search", "--yes"],
        vec![ready()],
    );
    assert_eq!(taken.code, 0, "{taken:?}");
    let wanted = McpOp::Accept {
        server: "github".into(),
        tool: "search".into(),
        hash: "bb22".into(),
    };
    assert_eq!(ops, [wanted]);
    let (none, ops) = ran(&["mcp", "accept", "github.list", "--yes"], vec![ready()]);
    assert_eq!((none.code, ops.len()), (8, 0), "{none:?}");
}

#[test]
fn servers_are_added_and_removed() {
    let waiting = || vec![view("time", &json!({ "state": "needs_approval" }))];
    let line = [
        "mcp",
        "add",
        "time",
        "--env",
        "TZ=UTC",
        "--",
        "uvx",
        "mcp-server-time",
        "--local",
    ];
    let (added, ops) = ran(&line, waiting());
    assert_eq!(added.code, 0, "{added:?}");
    assert!(added.err.contains("`aroom mcp approve time`"), "{added:?}");
    let [
        McpOp::Add {
            entry,
            is_replacing: false,
        },
    ] = ops.as_slice()
    else {
        panic!("{ops:?}");
    };
    let McpEntry {
        command, args, env, ..
    } = entry.as_ref();
    assert_eq!(command.as_deref(), Some("uvx"));
    assert_eq!(args, &["mcp-server-time", "--local"]);
    assert_eq!(env["TZ"], "UTC");
    let (removed, ops) = ran(&["mcp", "remove", "time", "--yes"], waiting());
    assert_eq!(removed.out, "removed the MCP server `time`\n");
    assert!(matches!(ops.as_slice(), [McpOp::Remove { .. }]));
}

#[test]
fn a_log_and_the_switch_for_sampling() {
    let (log, _) = ran(&["mcp", "log", "github"], vec![ready()]);
    assert!(
        log.out.starts_with("started") && !log.out.contains('\u{1b}'),
        "{log:?}"
    );
    let (said, ops) = ran(&["mcp", "sampling", "github", "on"], vec![ready()]);
    assert!(said.out.contains("may ask for answers"), "{said:?}");
    let allowed = |op: &McpOp| {
        matches!(
            op,
            McpOp::AllowSampling {
                is_allowed: true,
                ..
            }
        )
    };
    assert!(ops.iter().all(allowed) && ops.len() == 1, "{ops:?}");
}
