//! Servers: connected, used, and kept apart when they misbehave. The server is a script that does what it is told.

use crate::support::Bench;
use anteroom_api::{BoxFuture, Status, Tier, ToolContent, Trust};
use anteroom_tools::{
    Elicit, ElicitWants, Elicited, Pin, Registry, Sample, Sampled, ServerFolder, ServerHost,
    ServerId, ServerRoot, ServerSpec, ServerState, ServerStatus, ServerTransport, StdioSpec,
    ToolStanding,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The runtime's side, as a record.
#[derive(Default)]
pub(crate) struct Host {
    pub(crate) pins: Mutex<BTreeMap<String, Pin>>,
    pub(crate) asked: Mutex<Vec<String>>,
    pub(crate) may_sample: bool,
}

impl ServerHost for Host {
    fn pins(&self, _: ServerId) -> BoxFuture<'_, Result<BTreeMap<String, Pin>, String>> {
        let pins = self.pins.lock().unwrap().clone();
        Box::pin(async { Ok(pins) })
    }

    fn pin(&self, _: ServerId, pins: BTreeMap<String, Pin>) -> BoxFuture<'_, Result<(), String>> {
        self.pins.lock().unwrap().extend(pins);
        Box::pin(async { Ok(()) })
    }

    fn elicit(&self, asked: Elicit) -> BoxFuture<'_, Elicited> {
        let ElicitWants::Form { schema } = &asked.wants else {
            return Box::pin(async { Elicited::Declined });
        };
        let told = format!(
            "{}: {} {} {}",
            asked.server,
            asked.message,
            schema["properties"],
            asked.within.is_some()
        );
        self.asked.lock().unwrap().push(told);
        let fields = json!({"name": "Ada"});
        let Value::Object(fields) = fields else {
            unreachable!()
        };
        Box::pin(async { Elicited::Accepted(fields) })
    }

    fn may_sample(&self, _: &ServerId) -> bool {
        self.may_sample
    }

    fn sample(&self, asked: Sample) -> BoxFuture<'_, Result<Sampled, String>> {
        let told = format!("{}: {}", asked.server, asked.messages[0].text);
        self.asked.lock().unwrap().push(told);
        Box::pin(async {
            Ok(Sampled {
                model: "a model".to_owned(),
                text: "four".to_owned(),
                is_cut: false,
            })
        })
    }

    fn roots(&self, _: &ServerId) -> Vec<ServerRoot> {
        vec![ServerRoot {
            uri: "file:///somewhere".to_owned(),
            name: None,
        }]
    }
}

/// The scripted server in one of its manners.
pub(crate) fn scripted(bench: &Bench, name: &str, arguments: &[&str]) -> ServerSpec {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers/scripted.mjs");
    let script = script.canonicalize().unwrap().display().to_string();
    let arguments = arguments.iter().map(|it| (*it).to_owned());
    let mut spec = ServerSpec::new(
        name,
        ServerTransport::Stdio(StdioSpec {
            command: "node".to_owned(),
            args: [script].into_iter().chain(arguments).collect(),
            env: BTreeMap::new(),
            folder: bench.folder().join("servers").join(name),
            folders: Vec::new(),
            network: false,
        }),
    );
    spec.is_allowed_to_start = true;
    spec
}

/// Waits until a server is as wanted; says how it is otherwise.
pub(crate) async fn until(
    registry: &Registry,
    name: &str,
    is_wanted: impl Fn(&ServerStatus) -> bool,
) -> ServerStatus {
    let mut changes = registry.server_changes();
    let waiting = async {
        loop {
            let all = registry.servers();
            if let Some(found) = all
                .into_iter()
                .find(|it| it.id.name == name && is_wanted(it))
            {
                return found;
            }
            changes.changed().await.unwrap();
        }
    };
    match tokio::time::timeout(Duration::from_secs(60), waiting).await {
        Ok(found) => found,
        Err(_) => panic!("{:#?}", registry.servers()),
    }
}

fn is_ready(status: &ServerStatus) -> bool {
    status.state == ServerState::Ready
}

fn is_failed(status: &ServerStatus) -> bool {
    matches!(status.state, ServerState::Failed { .. })
}

/// Why a server failed.
fn why(status: &ServerStatus) -> String {
    status.last_error.as_ref().unwrap().causes.join("\n")
}

/// A registry with these servers.
fn served(specs: impl FnOnce(&Bench) -> Vec<ServerSpec>, host: Host) -> (Bench, Arc<Host>) {
    let bench = Bench::empty();
    let host = Arc::new(host);
    bench.registry.set_server_host(host.clone());
    bench.registry.set_servers(specs(&bench));
    (bench, host)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_connected_and_its_tools_are_called() {
    let (bench, _) = served(|bench| vec![scripted(bench, "plain", &[])], Host::default());
    let status = until(&bench.registry, "plain", is_ready).await;
    assert_eq!(status.protocol.as_deref(), Some("2025-11-25"));
    assert_eq!(status.title.as_deref(), Some("scripted 1.0.0"));
    let definitions = bench.registry.definitions().await;
    let echo = definitions.iter().find(|it| it.tool.name == "plain.echo");
    assert_eq!(
        echo.unwrap().tool.description,
        "From the MCP server `plain`, in its words: Says it again."
    );
    let called = bench.call("plain.echo", json!({"word": "hello"})).await;
    called.expect(Status::Completed, "hello");
    assert_eq!(called.outcome.trust, Trust::Untrusted);
    let called = bench.call("plain.echo", json!({"wrong": 1})).await;
    called.expect(Status::Failed, "do not fit");
    let called = bench.call("plain.fail", json!({})).await;
    called.expect(Status::Failed, "it did not work");
}
