//! A web session is lent to a browser: it reaches no further than the person at the machine let it, and makes walls
//! higher, never lower.

use super::server::Door;
use crate::support::bundles;
use crate::support::http::{Answer, Browser};
use crate::support::scene::Scene;
use anteroom_api::{
    BundleSource, ConversationId, ConversationOp, DatabaseOp, McpOp, McpServerView, Op, OpId,
    SettingOp, WorkspaceOp, WorkspaceView,
};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;

/// A served scene, with a folder beside the one it is served from.
struct Ground {
    scene: Scene,
    browser: Browser,
    outside: PathBuf,
    _door: Door,
}

impl Ground {
    async fn new() -> Self {
        let scene = Scene::new([]).await;
        let door = Door::new(&scene, scene.handle()).await;
        let browser = door.sign_in(&scene.handle()).await;
        let outside = scene.folder.path().canonicalize().unwrap().join("outside");
        std::fs::create_dir(&outside).unwrap();
        Self {
            scene,
            browser,
            outside,
            _door: door,
        }
    }

    async fn send(&self, path: &str, body: &Value) -> Answer {
        self.browser.send("POST", path, Some(body)).await.unwrap()
    }

    async fn op(&self, noun: &str, op: &Value) -> Answer {
        let body = json!({ "noun": noun, "op": op });
        self.send("/api/ops", &body).await
    }

    /// A wish that is refused, with a command for whoever has the machine.
    async fn refused(&self, noun: &str, op: Value) {
        let answer = self.op(noun, &op).await;
        assert_eq!(answer.status, 403, "{noun} {op}: {answer:?}");
        let words = answer.json().unwrap();
        let hint = words["hint"].as_str().unwrap();
        assert!(
            hint.contains("`aroom ") && hint.contains("terminal"),
            "{words}"
        );
    }

    async fn taken(&self, noun: &str, op: Value) {
        let answer = self.op(noun, &op).await;
        assert_eq!(answer.status, 202, "{noun} {op}: {answer:?}");
    }

    /// What a person at the machine wishes.
    async fn terminal(&self, op: impl Into<Op>) -> OpId {
        self.scene.handle().submit(op).await.unwrap()
    }

    fn outside(&self) -> String {
        self.outside.display().to_string()
    }

    fn workspace(&self) -> String {
        let workspace = self.scene.workspace().canonicalize().unwrap();
        workspace.display().to_string()
    }

    fn config(&self) -> String {
        let config = std::fs::read_to_string(self.scene.home().join("config.yaml"));
        config.unwrap_or_default()
    }

    async fn servers(&self) -> Vec<McpServerView> {
        let handle = self.scene.handle();
        handle.read().mcp_servers(self.workspace()).await.unwrap()
    }

    /// The folder it is served from, and what trusting it would mean.
    async fn trusting(&self) -> WorkspaceView {
        let handle = self.scene.handle();
        handle.read().workspace(self.workspace()).await.unwrap()
    }

    async fn opened(&self, workspace: String, database: Option<String>) -> ConversationId {
        let open = ConversationOp::Open {
            workspace,
            title: String::new(),
            model: None,
            project: None,
            database,
        };
        self.terminal(open).await.into()
    }
}

fn change(key: &str, value: &Value) -> Value {
    json!({ "verb": "change", "key": key, "value": value })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_makes_walls_higher_and_never_lower() {
    let ground = Ground::new().await;
    for (key, value) in [
        ("safety.sandbox", json!("require")),
        ("safety.denied_tools", json!(["fetch"])),
        ("safety.sensitive_paths", json!(["notes"])),
        ("safety.limits.memory_mb", json!(512)),
        ("safety.tool_tiers", json!({ "bash": "destructive" })),
        ("budget.day.tokens", json!(1000)),
        ("app.session_idle", json!(2)),
    ] {
        ground.taken("setting", change(key, &value)).await;
    }
    let before = ground.config();
    assert!(before.contains("require"), "{before}");
    for (key, value) in [
        ("safety.sandbox", json!("off")),
        ("safety.sandbox", json!("auto")),
        ("safety.network", json!("on")),
        ("safety.network", json!("local")),
        ("safety.sandbox_writable", json!(["/"])),
        ("safety.trusted_folders", json!(["/"])),
        ("safety.allowed_tools", json!(["bash"])),
        ("safety.denied_tools", json!([])),
        ("safety.denied_tools", json!(["other"])),
        ("safety.sensitive_paths", json!([])),
        ("safety.tool_tiers", json!({ "bash": "read" })),
        ("safety.tool_tiers", json!({})),
        ("safety.tool_secrets", json!(["K@evil.example=PATH"])),
        ("safety.grant_days", json!(0)),
        ("safety.limits.memory_mb", json!(513)),
        ("safety.limits.processes", json!(65_536)),
        ("budget.day.tokens", json!(1001)),
        ("app.session_idle", json!(168)),
        ("app.session_days", json!(90)),
        ("app.host", json!("0.0.0.0")),
        ("app.hosts", json!(["evil.example"])),
        ("app.folders", json!(["/"])),
        ("app.tls_key", json!("/tmp/key.pem")),
        ("app.data_dir", json!("/tmp")),
        ("ai.verify_ssl", json!(false)),
        ("ai.ca_file", json!("/tmp/ca.pem")),
        ("ai.api_key_command", json!("touch x")),
        ("checkpoints.enabled", json!(false)),
        (
            "hooks",
            json!([{ "on": "turn_end", "command": "touch x", "sandbox": false }]),
        ),
        ("hooks", json!([])),
        ("mcp_servers", json!([{ "name": "x", "command": "touch" }])),
        (
            "shared_databases",
            json!([{ "name": "x", "path": "/tmp/x.db" }]),
        ),
        ("identity.private_key", json!("x")),
        ("safety", json!({ "sandbox": "off" })),
        (" safety.sandbox ", json!("off")),
        ("ai.base_url", json!("https://evil.example/${PATH}")),
        ("ai.api_key", json!("${AWS_SECRET_ACCESS_KEY}")),
    ] {
        ground.refused("setting", change(key, &value)).await;
    }
    for key in [
        "safety.sandbox",
        "safety.denied_tools",
        "safety.limits.memory_mb",
        "hooks",
    ] {
        let reset = json!({ "verb": "reset", "key": key });
        ground.refused("setting", reset).await;
    }
    assert_eq!(ground.config(), before);
    // Whoever has the machine goes on to say what holds.
    let loosen = SettingOp::Change {
        key: "safety.sandbox".into(),
        value: json!("off"),
    };
    ground.terminal(loosen).await;
    ground
        .taken("setting", change("safety.sandbox", &json!("auto")))
        .await;
}

/// Which questions are asked is chosen on the page; what no mode answers is asked about all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_chooses_its_mode_and_allows_nothing_in_advance() {
    let ground = Ground::new().await;
    ground
        .taken("setting", change("safety.approval_mode", &json!("auto")))
        .await;
    let conversation = ground.scene.open().await;
    let options = json!({ "allowed_tools": ["bash"], "is_attended": true });
    let start = json!({
        "verb": "start", "conversation": conversation, "options": options,
        "input": [{ "type": "text", "text": "hello" }],
    });
    let answer = ground.op("turn", &start).await;
    assert_eq!(answer.status, 403, "{answer:?}");
    assert_eq!(ground.scene.endpoint.requests().len(), 0);
}

/// A key that is kept goes to the server it was given for, on no way round.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_sends_no_key_elsewhere_by_forgetting_where_it_belongs() {
    let ground = Ground::new().await;
    let key = SettingOp::Change {
        key: "ai.api_key".into(),
        value: json!("sk-kept"),
    };
    ground.terminal(key).await;
    let away = json!({ "verb": "reset", "key": "ai.base_url" });
    ground.taken("setting", away).await;
    let evil = change("ai.base_url", &json!("https://evil.example/v1"));
    let answer = ground.op("setting", &evil).await;
    assert_eq!(answer.status, 409, "{answer:?}");
    assert!(!ground.config().contains("evil"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_works_in_no_folder_that_nobody_gave() {
    let ground = Ground::new().await;
    let outside = ground.outside();
    std::fs::write(ground.outside.join("AGENTS.md"), "private words").unwrap();
    let hidden = format!("{}/.hidden", ground.workspace());
    std::fs::create_dir(&hidden).unwrap();
    for folder in [&outside, &hidden, "/", "/etc", "relative"] {
        let places = [
            (
                "conversation",
                json!({ "verb": "open", "workspace": folder }),
            ),
            (
                "text",
                json!({ "verb": "open", "kind": "note", "body": "x", "workspace": folder }),
            ),
            (
                "skill",
                json!({ "verb": "new", "name": "mine", "workspace": folder }),
            ),
            (
                "skill",
                json!({ "verb": "remove", "name": "mine", "workspace": folder }),
            ),
            (
                "project",
                json!({ "verb": "create", "spec": { "name": "p", "workspace": folder } }),
            ),
            (
                "workspace",
                json!({ "verb": "trust", "path": folder, "hash": "0" }),
            ),
            (
                "bundle",
                json!({ "verb": "remove", "name": "b", "project": folder }),
            ),
        ];
        for (noun, op) in places {
            ground.refused(noun, op).await;
        }
        let new = json!({ "workspace": folder });
        let answer = ground.send("/api/conversations", &new).await;
        assert_eq!(answer.status, 403, "{folder}: {answer:?}");
        for view in [
            "/api/workspace?path=",
            "/api/skills?workspace=",
            "/api/skills/plan?workspace=",
            "/api/modules?workspace=",
            "/api/mcp?workspace=",
            "/api/mcp/resources?workspace=",
            "/api/mcp/prompts?workspace=",
            "/api/bundles/locked?workspace=",
            "/api/paths?workspace=",
            "/api/prompt?workspace=",
        ] {
            let path = format!("{view}{}", folder.replace('/', "%2F"));
            let answer = ground.browser.send("GET", &path, None).await.unwrap();
            assert_eq!(answer.status, 403, "{path}: {answer:?}");
            assert!(!format!("{answer:?}").contains("private words"), "{path}");
        }
    }
    assert!(!ground.outside.join(".anteroom").exists());
    // Where a person works in a terminal, a page goes on.
    ground.opened(outside.clone(), None).await;
    let new = json!({ "workspace": outside });
    assert_eq!(ground.send("/api/conversations", &new).await.status, 201);
    // And where one says that it may.
    let other = ground.outside.join("other");
    std::fs::create_dir_all(other.join("deep")).unwrap();
    let deep = json!({ "workspace": other.join("deep") });
    assert_eq!(ground.send("/api/conversations", &deep).await.status, 403);
    let give = SettingOp::Change {
        key: "app.folders".into(),
        value: json!([other]),
    };
    ground.terminal(give).await;
    assert_eq!(ground.send("/api/conversations", &deep).await.status, 201);
}

/// Others write into a shared database: what its conversations say of a folder gives nobody the folder.
#[tokio::test(flavor = "multi_thread")]
async fn a_shared_database_leads_a_page_into_no_folder() {
    let ground = Ground::new().await;
    let path = ground.scene.folder.path().join("team.db");
    let share = DatabaseOp::ShareAdd {
        name: "team".into(),
        path: path.display().to_string(),
    };
    ground.terminal(share).await;
    let conversation = ground.opened(ground.outside(), Some("team".into())).await;
    let handle = ground.scene.handle();
    let view = handle.read().conversation(conversation).await;
    assert_eq!(view.unwrap().database.as_deref(), Some("team"));
    let start = json!({
        "verb": "start", "conversation": conversation, "input": [{ "type": "text", "text": "x" }],
    });
    ground.refused("turn", start).await;
    let call = json!({
        "verb": "call", "conversation": conversation, "tool": "read_file", "arguments": {},
    });
    ground.refused("turn", call).await;
    let chat = format!("/api/conversations/{conversation}/chat");
    let answer = ground.send(&chat, &json!({ "message": "x" })).await;
    assert_eq!(answer.status, 403, "{answer:?}");
    let new = json!({ "workspace": ground.outside() });
    assert_eq!(ground.send("/api/conversations", &new).await.status, 403);
    assert_eq!(ground.scene.endpoint.requests().len(), 0);
}

/// A database holds what was allowed and trusted: none that a page could have written takes the place of the one there.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_restores_copies_of_the_hosts_and_imports_nothing() {
    let ground = Ground::new().await;
    let mine = ground.scene.workspace().join("mine.db");
    std::fs::write(&mine, "x").unwrap();
    ground
        .refused("database", json!({ "verb": "restore", "path": mine }))
        .await;
    ground
        .refused("database", json!({ "verb": "import", "path": mine }))
        .await;
    let copies = ground.scene.home().join("backups/mine.db");
    ground
        .refused("database", json!({ "verb": "import", "path": copies }))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_adds_no_server_that_sees_more_than_the_page() {
    let ground = Ground::new().await;
    let before = ground.config();
    let outside = ground.outside();
    let program = ground.outside.join("server");
    std::fs::write(&program, "").unwrap();
    for entry in [
        json!({ "name": "x", "command": "cat", "folders": [outside] }),
        json!({ "name": "x", "command": "cat", "folders": [format!("{outside}:rw")] }),
        json!({ "name": "x", "command": "cat", "folders": ["/"] }),
        json!({ "name": "x", "command": "cat", "folders": ["~/"] }),
        json!({ "name": "x", "command": "cat", "folders": [format!("{}/../outside", ground.workspace())] }),
        json!({ "name": "x", "command": "cat", "folders": [format!("{}/.git:rw", ground.workspace())] }),
        json!({ "name": "x", "command": "cat", "args": [outside] }),
        json!({ "name": "x", "command": "cat", "args": [format!("--root={outside}")] }),
        json!({ "name": "x", "command": program }),
        json!({ "name": "x", "command": "cat", "trust": "trusted" }),
        json!({ "name": "x", "command": "cat", "env": { "K": "${PATH}" } }),
        json!({ "name": "x", "url": "https://evil.example/${PATH}" }),
        json!({ "name": "x", "url": "https://evil.example", "headers": { "K": "${PATH}" } }),
    ] {
        for is_replacing in [false, true] {
            let add = json!({ "verb": "add", "entry": entry, "is_replacing": is_replacing });
            ground.refused("mcp", add).await;
        }
    }
    assert_eq!(ground.config(), before);
    // What it may add waits for an approval like any other.
    let inside = ground.scene.workspace().join("given");
    std::fs::create_dir(&inside).unwrap();
    let entry =
        json!({ "name": "x", "command": "cat", "folders": [inside.canonicalize().unwrap()] });
    ground
        .taken("mcp", json!({ "verb": "add", "entry": entry }))
        .await;
    let servers = ground.servers().await;
    assert!(!servers[0].is_approved, "{servers:?}");
}

/// What led into the folder when it was added and leads elsewhere now is seen at the approval.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_approves_no_server_whose_folder_was_led_elsewhere() {
    let ground = Ground::new().await;
    let inside = ground
        .scene
        .workspace()
        .canonicalize()
        .unwrap()
        .join("given");
    std::fs::create_dir(&inside).unwrap();
    let entry = json!({ "name": "x", "command": "cat", "folders": [inside] });
    ground
        .taken("mcp", json!({ "verb": "add", "entry": entry }))
        .await;
    std::fs::remove_dir(&inside).unwrap();
    std::os::unix::fs::symlink(&ground.outside, &inside).unwrap();
    let servers = ground.servers().await;
    let approve = json!({ "verb": "approve", "server": "x", "hash": servers[0].hash });
    ground.refused("mcp", approve).await;
}

/// Whoever brings a server in from a page, in a project or a bundle, is not the one who lets it reach further.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_approves_no_brought_server_that_sees_more_than_the_page() {
    let ground = Ground::new().await;
    let outside = ground.outside();
    let config = format!(
        "mcp_servers:\n  - {{name: far, command: cat, folders: ['{outside}']}}\n  \
         - {{name: told, command: cat, env: {{K: '${{PATH}}'}}}}\n  - {{name: near, command: cat}}\n"
    );
    ground.scene.write(".anteroom/config.yaml", &config);
    let view = ground.trusting().await;
    assert_eq!(view.settings, ["mcp_servers"]);
    // Trusting it starts nothing: each program waits.
    let trust = json!({ "verb": "trust", "path": view.path, "hash": view.hash });
    ground.taken("workspace", trust).await;
    let servers = ground.servers().await;
    let approve = |name: &str| {
        let server = servers.iter().find(|server| server.name == name).unwrap();
        assert!(!server.is_approved);
        json!({ "verb": "approve", "server": name, "hash": server.hash })
    };
    ground.refused("mcp", approve("far")).await;
    ground.refused("mcp", approve("told")).await;
    let known = ground.servers().await;
    assert!(known.iter().all(|server| !server.is_approved));
    ground.taken("mcp", approve("near")).await;
    // Whoever has the machine may.
    let far = servers.iter().find(|server| server.name == "far").unwrap();
    let by_hand = McpOp::Approve {
        server: far.name.clone(),
        hash: far.hash.clone(),
    };
    ground.terminal(by_hand).await;
}

/// Trust lets a project's own settings count: none of those that a page may not set.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_trusts_no_folder_that_starts_programs_or_moves_the_key() {
    let ground = Ground::new().await;
    for config in [
        "ai: {api_key_command: touch x}\n",
        "ai: {base_url: 'https://evil.example/v1'}\n",
        "ai: {ca_file: ca.pem}\n",
        "hooks: [{on: turn_end, command: touch x}]\n",
        "ai: [what cannot be read yet\n",
    ] {
        ground.scene.write(".anteroom/config.yaml", config);
        let view = ground.trusting().await;
        let trust = json!({ "verb": "trust", "path": view.path, "hash": view.hash });
        if config.contains("cannot be read") {
            assert_eq!(ground.op("workspace", &trust).await.status, 409);
        } else {
            ground.refused("workspace", trust).await;
        }
        let view = ground.trusting().await;
        assert_eq!(
            view.trust,
            anteroom_api::WorkspaceTrust::Unknown,
            "{config}"
        );
    }
    ground
        .scene
        .write(".anteroom/config.yaml", "ai: {system_prompt: be brief}\n");
    let view = ground.trusting().await;
    let trust = WorkspaceOp::Trust {
        path: view.path.clone(),
        hash: view.hash.clone(),
    };
    ground.taken("workspace", json!(trust)).await;
}

/// The network that the server stands in is not the page's to look around in.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_has_no_bundle_fetched_from_a_private_host() {
    let ground = Ground::new().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for host in [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "10.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "[fc00::1]",
        "[fd00::1]",
    ] {
        for scheme in ["https", "git+https"] {
            let place = format!("{scheme}://{host}:{port}/x.abundle");
            // What is sent along says nothing: the page's own door decides.
            for is_public in [true, false] {
                let source = json!({ "from": "place", "place": place });
                let wish = json!({ "source": source, "is_public": is_public });
                let answer = ground.send("/api/bundles/inspect", &wish).await;
                assert!(answer.status >= 400, "{place}: {answer:?}");
                let words = answer.json().unwrap().to_string();
                assert!(words.contains("private network"), "{place}: {words}");
            }
        }
    }
    let place = format!("https://127.0.0.1:{port}/x.abundle");
    let install = json!({
        "verb": "install", "source": { "from": "place", "place": place }, "digest": "0",
    });
    let answer = ground.op("bundle", &install).await;
    assert!(answer.status >= 400, "{answer:?}");
    let asked = tokio::time::timeout(Duration::ZERO, listener.accept()).await;
    assert!(asked.is_err(), "a private host was asked");
    // In a terminal the host is the person's to name, and is asked.
    let wish = bundles::wish(BundleSource::Place { place });
    let handle = ground.scene.handle();
    let asked = async {
        drop(listener.accept().await.unwrap());
        drop(listener);
    };
    let (inspected, ()) = tokio::join!(handle.read().inspect_bundle(wish), asked);
    let words = inspected.unwrap_err().to_string();
    assert!(!words.contains("private network"), "{words}");
}
