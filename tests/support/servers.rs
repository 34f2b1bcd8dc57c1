//! MCP servers for tests: those of others as `tests/support/mcp/install` puts them, and one of ours that misbehaves.

use crate::support::scene::{PATIENCE, Scene};
use anteroom_api::{McpEntry, McpOp, McpServerView, McpState};
use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where the servers of others lie.
pub fn installed() -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../mcp");
    let root = root.canonicalize().unwrap_or(root);
    assert!(
        root.join("stamp").exists(),
        "the MCP servers that this test uses are not installed in `{}`: run `tests/support/mcp/install`, which needs \
         Node with npm and Python with venv",
        root.display()
    );
    root
}

/// One of the servers of others that run on Node.
pub fn of_node(name: &str, script: &str, args: &[&str]) -> McpEntry {
    let root = installed();
    let script = root.join("node_modules/@modelcontextprotocol").join(script);
    let args = args.iter().map(|arg| (*arg).to_owned());
    McpEntry {
        name: name.to_owned(),
        command: Some("node".to_owned()),
        args: std::iter::once(script.display().to_string())
            .chain(args)
            .collect(),
        folders: vec![root.display().to_string()],
        ..McpEntry::default()
    }
}

/// One of the servers of others that run on Python.
pub fn of_python(name: &str, module: &str, args: &[&str]) -> McpEntry {
    let root = installed();
    let python = root.join("python/bin/python").display().to_string();
    let head = ["-m", module];
    let args = head.iter().chain(args);
    McpEntry {
        name: name.to_owned(),
        command: Some(python),
        args: args.map(|arg| (*arg).to_owned()).collect(),
        // What its environment was made with is found by itself.
        folders: vec![root.display().to_string()],
        ..McpEntry::default()
    }
}

/// Our own, behaving as `mode` says.
pub fn odd(name: &str, mode: &str) -> McpEntry {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/mcp");
    McpEntry {
        name: name.to_owned(),
        command: Some("node".to_owned()),
        args: vec![
            folder.join("odd.mjs").display().to_string(),
            mode.to_owned(),
        ],
        folders: vec![folder.display().to_string()],
        ..McpEntry::default()
    }
}

/// Writes a server into the config file. It is not approved.
pub async fn add(scene: &Scene, entry: McpEntry) -> McpServerView {
    let name = entry.name.clone();
    let add = McpOp::Add {
        entry: Box::new(entry),
        is_replacing: false,
    };
    scene.handle().submit(add).await.unwrap();
    view(scene, &name).await
}

/// Approves a server as it is shown.
pub async fn approve(scene: &Scene, name: &str) {
    let approve = McpOp::Approve {
        server: name.to_owned(),
        hash: view(scene, name).await.hash,
    };
    scene.handle().submit(approve).await.unwrap();
}

/// Adds a server, approves it, and waits until it can be used.
pub async fn ready(scene: &Scene, entry: McpEntry) -> McpServerView {
    let name = entry.name.clone();
    add(scene, entry).await;
    approve(scene, &name).await;
    until(scene, &name, |view| view.state == McpState::Ready).await
}

/// A server as it is now.
pub async fn view(scene: &Scene, name: &str) -> McpServerView {
    let workspace = scene.workspace().display().to_string();
    let servers = scene.handle().read().mcp_servers(workspace).await.unwrap();
    let mut servers = servers.into_iter();
    let found = servers.find(|server| server.name == name);
    found.unwrap_or_else(|| panic!("there is no server {name}"))
}

/// Waits until a server is as it should be.
pub async fn until(
    scene: &Scene,
    name: &str,
    fits: impl Fn(&McpServerView) -> bool,
) -> McpServerView {
    let since = Instant::now();
    loop {
        let server = view(scene, name).await;
        if fits(&server) {
            return server;
        }
        assert!(
            since.elapsed() < PATIENCE,
            "{server:#?}\n{:#?}",
            scene.handle().read().mcp_log(name.to_owned()).await
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A server of others that listens on this machine, as long as this is kept.
pub struct Listening {
    pub url: String,
    child: Child,
}

impl Drop for Listening {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// `server-everything` behind streamable HTTP.
pub async fn everything_over_http() -> Listening {
    let entry = of_node(
        "remote",
        "server-everything/dist/index.js",
        &["streamableHttp"],
    );
    let port = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().port()
    };
    let child = Command::new("node")
        .args(&entry.args)
        .env("PORT", port.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let listening = Listening {
        url: format!("http://127.0.0.1:{port}/mcp"),
        child,
    };
    let since = Instant::now();
    while tokio::net::TcpStream::connect(("127.0.0.1", port))
        .await
        .is_err()
    {
        assert!(since.elapsed() < PATIENCE, "the server does not listen");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    listening
}

/// Our own behind an address where somebody has to sign in first; it is its own authorization server.
pub fn guarded() -> Listening {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/mcp");
    let mut child = Command::new("node")
        .arg(folder.join("guarded.mjs"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut origin = String::new();
    let stdout = child.stdout.take().unwrap();
    let read = std::io::BufReader::new(stdout).read_line(&mut origin);
    assert!(read.unwrap() > 0, "the server did not start");
    Listening {
        url: format!("{}/mcp", origin.trim()),
        child,
    }
}
