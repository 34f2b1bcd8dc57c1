//! A bench for tools: guests, a workspace, a gate, and a runtime that answers as it was told.

use crate::guest::{Guests, shared_target};
use anteroom_api::item::CallDecision;
use anteroom_api::{
    Answer, BoxFuture, CanvasView, Capability, ConversationId, GrantReach, ItemId, Mode,
    ModuleOrigin, OutputStream, Resolution, Scope, Status, Stop, Tier, ToolContent, ToolView,
    UnixMillis,
};
use anteroom_gate::{Asked, CallFacts, CallVerdict, Gate, Memory, Place, Policy};
use anteroom_tools::{
    AgentFailure, AgentOutcome, AgentTask, Call, CanvasFailure, KeptBy, LoadedSkill, Options,
    Outcome, Registry, SecretValue, Services, Session, StoreFailure, ToolLimits,
};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};

/// The guests of these tests, compiled once.
pub(crate) fn guest(name: &str) -> &'static [u8] {
    static GUESTS: OnceLock<BTreeMap<&'static str, Vec<u8>>> = OnceLock::new();
    let guests = GUESTS.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let packages = ["anteroom-tool-hostile", "anteroom-tool-borrower"];
        let built = Guests {
            manifest: &root.join("Cargo.toml"),
            packages: &packages,
            profile: "guest",
            target: &shared_target(Path::new(env!("CARGO_TARGET_TMPDIR"))),
        }
        .build()
        .expect("the guests compile");
        let bytes = built.iter().map(|path| fs::read(path).unwrap());
        ["hostile", "borrower"].into_iter().zip(bytes).collect()
    });
    &guests[name]
}

/// A registry with the guests, built in or as a third party's.
pub(crate) struct Bench {
    pub(crate) registry: Registry,
    pub(crate) session: Arc<Session>,
    pub(crate) workspace: PathBuf,
    pub(crate) temp: PathBuf,
    pub(crate) mode: Mode,
    pub(crate) resolution: Resolution,
    pub(crate) grants: Vec<(Capability, GrantReach)>,
    _folder: TempDir,
}

impl Bench {
    /// The guests as if they came with the host.
    pub(crate) fn built_in() -> Self {
        let bench = Self::empty();
        for name in ["hostile", "borrower"] {
            bench.registry.add_built_in(name, guest(name));
        }
        bench
    }

    /// The guests as the user's own.
    pub(crate) async fn third_party() -> Self {
        let bench = Self::empty();
        let tools = bench.folder().join("tools");
        fs::create_dir(&tools).unwrap();
        for name in ["hostile", "borrower"] {
            fs::write(tools.join(format!("{name}.wasm")), guest(name)).unwrap();
        }
        bench.registry.load_folder(&tools, ModuleOrigin::User).await;
        bench
    }

    /// No tools.
    pub(crate) fn empty() -> Self {
        Self::with_options(|_| ())
    }

    /// No tools, and a registry that is set up otherwise.
    pub(crate) fn with_options(change: impl FnOnce(&mut Options)) -> Self {
        let folder = TempDir::new().unwrap();
        let workspace = folder.path().join("workspace");
        fs::create_dir(&workspace).unwrap();
        let temp = folder.path().join("temp");
        let environment = [
            ("PATH", std::env::var("PATH").unwrap()),
            ("SECRET_KEY", "hush".to_owned()),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value));
        let mut options = Options::new(cache(), BTreeMap::from(environment));
        for (tool, milliseconds) in [("spin_waiting", 1_000), ("sleep", 300)] {
            let limits = ToolLimits {
                wall: Some(Duration::from_millis(milliseconds)),
                ..ToolLimits::default()
            };
            options.overrides.insert(tool.into(), limits);
        }
        change(&mut options);
        Self {
            registry: Registry::open(options).unwrap(),
            session: Session::new(workspace.clone(), temp.clone()).unwrap(),
            workspace: fs::canonicalize(workspace).unwrap(),
            temp: fs::canonicalize(temp).unwrap(),
            mode: Mode::AskForWrites,
            resolution: Resolution::NotAnswered,
            grants: Vec::new(),
            _folder: folder,
        }
    }

    /// Grants capabilities without limits.
    pub(crate) fn granting(mut self, capabilities: &[Capability]) -> Self {
        self.grants = capabilities
            .iter()
            .map(|capability| (*capability, GrantReach::default()))
            .collect();
        self
    }

    /// Everything outside of the workspace.
    pub(crate) fn folder(&self) -> PathBuf {
        self.workspace.parent().unwrap().to_owned()
    }

    /// A call to its end.
    pub(crate) async fn call(&self, tool: &str, arguments: serde_json::Value) -> Called {
        let (_sender, stop) = Stop::new();
        let (seen, _output) = Seen::new(self.resolution.clone());
        self.call_with(tool, arguments, seen, stop).await
    }

    /// A call that is cancelled as soon as it has shown `word`.
    pub(crate) async fn cancelled(
        &self,
        tool: &str,
        arguments: serde_json::Value,
        word: &str,
    ) -> Called {
        self.interrupted(tool, arguments, word, async {}).await
    }

    /// A call that is cancelled once it has shown `word` and something else was done meanwhile.
    pub(crate) async fn interrupted(
        &self,
        tool: &str,
        arguments: serde_json::Value,
        word: &str,
        meanwhile: impl Future<Output = ()>,
    ) -> Called {
        let (sender, stop) = Stop::new();
        let (seen, output) = Seen::new(self.resolution.clone());
        let cancel = cancel_at(word, output, sender, meanwhile);
        let (called, ()) = tokio::join!(self.call_with(tool, arguments, seen, stop), cancel);
        called
    }

    /// A call that goes on until it is stopped from outside.
    pub(crate) async fn call_until(
        &self,
        tool: &str,
        arguments: serde_json::Value,
        stop: Stop,
    ) -> Called {
        let (seen, _output) = Seen::new(self.resolution.clone());
        self.call_with(tool, arguments, seen, stop).await
    }

    async fn call_with(
        &self,
        tool: &str,
        arguments: serde_json::Value,
        seen: Arc<Seen>,
        stop: Stop,
    ) -> Called {
        let definition = self.registry.find(tool).await.expect("there is the tool");
        let policy = Policy {
            mode: self.mode,
            allowed: Vec::new(),
            denied: Vec::new(),
            tool_tiers: BTreeMap::new(),
            custom_patterns: Vec::new(),
            sensitive_paths: Vec::new(),
            is_sandboxed: true,
            is_offline: true,
            ..Policy::default()
        };
        let place = Place {
            workspace: self.workspace.clone(),
            ..Place::default()
        };
        let gate = Gate::new(policy, place, Memory::new(Vec::new())).unwrap();
        let verdict = gate.judge_call(CallFacts {
            tool: tool.to_owned(),
            declared: definition.tool.tier,
            arguments,
            capabilities: self.grants.iter().map(|(granted, _)| *granted).collect(),
            is_third_party: definition.origin != ModuleOrigin::BuiltIn,
        });
        let permit = match verdict {
            CallVerdict::Allow(permit) => permit,
            // A call that is asked about as a whole is allowed here: these tests are about effects.
            CallVerdict::Ask(question) => question
                .answer(&Resolution::Allowed { scope: Scope::Once })
                .unwrap(),
            CallVerdict::Deny(refusal) => panic!("{refusal:?}"),
        };
        let call = Call {
            item: ItemId("0190a000-0000-7000-8000-000000000001".parse().unwrap()),
            call: "call_1".to_owned(),
            conversation: conversation(),
            grants: self.grants.clone().into(),
            session: self.session.clone(),
            max_output_chars: 10_000,
        };
        let services: Arc<dyn Services> = seen.clone();
        let outcome = self.registry.call(permit, call, services, stop).await;
        Called {
            outcome,
            decisions: seen.decisions.lock().unwrap().clone(),
            progress: seen.progress.lock().unwrap().clone(),
        }
    }
}

fn conversation() -> ConversationId {
    ConversationId("0190a000-0000-7000-8000-000000000002".parse().unwrap())
}

/// Compiled guests are shared by all runs of these tests.
fn cache() -> PathBuf {
    shared_target(Path::new(env!("CARGO_TARGET_TMPDIR"))).join("compiled")
}

async fn cancel_at(
    word: &str,
    mut output: mpsc::Receiver<String>,
    stop: watch::Sender<bool>,
    meanwhile: impl Future<Output = ()>,
) {
    let mut text = String::new();
    while let Some(piece) = output.recv().await {
        text.push_str(&piece);
        if text.contains(word) {
            meanwhile.await;
            stop.send_replace(true);
            return;
        }
    }
}

/// An outcome with what was decided on the way.
#[derive(Debug)]
pub(crate) struct Called {
    pub(crate) outcome: Outcome,
    pub(crate) decisions: Vec<CallDecision>,
    pub(crate) progress: Vec<String>,
}

impl Called {
    /// Everything the model would read.
    pub(crate) fn text(&self) -> String {
        let parts = self.outcome.result.content.iter().map(|part| match part {
            ToolContent::Text { text } => text.clone(),
            other => format!("{other:?}"),
        });
        parts.collect::<Vec<_>>().join("\n")
    }

    #[track_caller]
    pub(crate) fn expect(&self, status: Status, words: &str) {
        let text = self.text();
        assert_eq!(self.outcome.status, status, "{text}");
        assert_eq!(
            self.outcome.result.is_error,
            status != Status::Completed,
            "{text}"
        );
        assert!(text.contains(words), "{text}");
    }
}

/// The runtime's side, as a record.
pub(crate) struct Seen {
    resolution: Resolution,
    decisions: Mutex<Vec<CallDecision>>,
    progress: Mutex<Vec<String>>,
    kept: Mutex<BTreeMap<String, Vec<u8>>>,
    output: mpsc::Sender<String>,
}

/// The secret `forecast`, which is for this machine.
pub(crate) const SECRET: &str = "hush-hush-hush";

impl Seen {
    fn new(resolution: Resolution) -> (Arc<Self>, mpsc::Receiver<String>) {
        let (output, shown) = mpsc::channel(1024);
        let seen = Self {
            resolution,
            decisions: Mutex::default(),
            progress: Mutex::default(),
            kept: Mutex::default(),
            output,
        };
        (Arc::new(seen), shown)
    }
}

impl Services for Seen {
    fn ask(&self, _: Asked) -> BoxFuture<'_, (Resolution, String)> {
        let by = match self.resolution {
            Resolution::NotAnswered => "nobody",
            Resolution::Allowed { .. } | Resolution::Denied { .. } => "test",
        };
        let answer = (self.resolution.clone(), by.to_owned());
        Box::pin(std::future::ready(answer))
    }

    fn decided(&self, decision: CallDecision) {
        self.decisions.lock().unwrap().push(decision);
    }

    fn question(&self, _: String, options: Vec<String>, _: bool) -> BoxFuture<'_, Answer> {
        let answer = match self.resolution {
            Resolution::Allowed { .. } => Answer::Given {
                values: options.into_iter().take(1).collect(),
            },
            Resolution::Denied { .. } => Answer::Declined,
            Resolution::NotAnswered => Answer::NotAnswered,
        };
        Box::pin(std::future::ready(answer))
    }

    fn output(&self, _: OutputStream, text: String) {
        // Output may be dropped, and here it is when nobody waits for it.
        let _ = self.output.try_send(text);
    }

    fn progress(&self, message: String, fraction: Option<f32>) {
        let told = format!("{message} {fraction:?}");
        self.progress.lock().unwrap().push(told);
    }

    fn canvas_create(
        &self,
        title: String,
        kind: String,
        body: String,
    ) -> BoxFuture<'_, Result<CanvasView, CanvasFailure>> {
        let canvas = CanvasView {
            id: anteroom_api::CanvasId("0190a000-0000-7000-8000-000000000003".parse().unwrap()),
            conversation: conversation(),
            title,
            kind,
            version: 1,
            body,
            updated_at: UnixMillis(0),
        };
        Box::pin(std::future::ready(Ok(canvas)))
    }

    fn canvas_get(&self, _: String) -> BoxFuture<'_, Result<CanvasView, CanvasFailure>> {
        Box::pin(std::future::ready(Err(CanvasFailure::NotFound)))
    }

    fn canvas_update(
        &self,
        _: String,
        _: u32,
        _: String,
    ) -> BoxFuture<'_, Result<CanvasView, CanvasFailure>> {
        Box::pin(std::future::ready(Err(CanvasFailure::NotFound)))
    }

    fn skill(&self, name: String, arguments: String) -> BoxFuture<'_, Result<LoadedSkill, String>> {
        Box::pin(std::future::ready(Ok(LoadedSkill {
            body: format!("{name}: {arguments}"),
            name,
            folder: None,
            files: Vec::new(),
        })))
    }

    fn find_tools(&self, query: String, _: u32) -> BoxFuture<'_, Result<Vec<ToolView>, String>> {
        let tool = ToolView {
            name: format!("{query}.look"),
            description: "Looks.".to_owned(),
            input_schema: serde_json::json!({"type": "object"}),
            tier: Tier::Read,
        };
        Box::pin(std::future::ready(Ok(vec![tool])))
    }

    fn store_get(
        &self,
        _: KeptBy,
        key: String,
    ) -> BoxFuture<'_, Result<Option<Vec<u8>>, StoreFailure>> {
        let found = self.kept.lock().unwrap().get(&key).cloned();
        Box::pin(std::future::ready(Ok(found)))
    }

    fn store_set(
        &self,
        _: KeptBy,
        key: String,
        value: Vec<u8>,
    ) -> BoxFuture<'_, Result<(), StoreFailure>> {
        self.kept.lock().unwrap().insert(key, value);
        Box::pin(std::future::ready(Ok(())))
    }

    fn store_list(&self, _: KeptBy, _: String) -> BoxFuture<'_, Result<Vec<String>, StoreFailure>> {
        let keys = self.kept.lock().unwrap().keys().cloned().collect();
        Box::pin(std::future::ready(Ok(keys)))
    }

    fn secret(&self, name: &str, host: &str) -> Option<SecretValue> {
        let is_known = name == "forecast" && host.starts_with("127.0.0.1");
        is_known.then(|| SecretValue::new(SECRET.to_owned()))
    }

    fn run_agent(&self, task: AgentTask) -> BoxFuture<'_, Result<AgentOutcome, AgentFailure>> {
        Box::pin(std::future::ready(Ok(AgentOutcome {
            text: format!("done: {}", task.prompt),
            steps: 1,
            completed: true,
        })))
    }
}

/// A yes for this once.
pub(crate) fn yes() -> Resolution {
    Resolution::Allowed { scope: Scope::Once }
}
