//! A real host on a temporary home, talking to a scripted endpoint.

use super::endpoint::{Endpoint, Reply};
use super::held;
use anteroom_api::{
    Approval, ApprovalEvent, ApprovalOp, Content, ConversationId, ConversationOp, Decision, Delta,
    Envelope, Event, HostHandle, Item, ItemBody, ItemEvent, Mode, Problem, Seq, Signal, Signals,
    StopReason, ToolCall, Topic, TurnEvent, TurnId, TurnOp, TurnOptions,
};
use anteroom_runtime::{Ambient, FlagValue, Host, HostOptions};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// A moment in 2026; the clock of every scene starts here.
const START: i64 = 1_790_000_000_000;
/// How long a scene waits for what must come; reached only by a failing test.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A host, its endpoint, its folders.
pub struct Scene {
    pub endpoint: Endpoint,
    pub host: Option<Host>,
    pub folder: tempfile::TempDir,
}

impl Scene {
    /// A host that talks to an endpoint with these answers.
    pub async fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::with_settings(replies, &[]).await
    }

    /// The same with settings, as flags would give them.
    pub async fn with_settings(
        replies: impl IntoIterator<Item = Reply>,
        settings: &[(&str, serde_json::Value)],
    ) -> Self {
        let endpoint = Endpoint::with(replies).await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("work")).unwrap();
        let mut scene = Self {
            endpoint,
            host: None,
            folder,
        };
        scene.start(settings).await;
        scene
    }

    /// Starts the host, again if it was stopped.
    pub async fn start(&mut self, settings: &[(&str, serde_json::Value)]) {
        self.try_start(settings).await.unwrap();
    }

    /// The same where it may not start.
    pub async fn try_start(
        &mut self,
        settings: &[(&str, serde_json::Value)],
    ) -> Result<(), Problem> {
        let mut flags = vec![
            flag("ai.base_url", self.endpoint.base_url().into()),
            flag("ai.model", "scripted".into()),
            flag("ai.retry_backoff_base", serde_json::json!(0.1)),
            // A request beside the scripted ones; tests of titles turn it on.
            flag("ai.titles", false.into()),
        ];
        flags.extend(settings.iter().map(|(key, value)| flag(key, value.clone())));
        let ambient = Ambient::fixed(START).with_environment(self.environment());
        let options = HostOptions {
            ambient,
            workspace: self.workspace(),
            flags,
            built_in: anteroom_embed::built_in(),
        };
        self.host = Some(Host::start(options).await?);
        Ok(())
    }

    /// What the host sees as its environment: its own home, the real search path, a shared code cache.
    fn environment(&self) -> BTreeMap<String, String> {
        let home = self.folder.path().join("home");
        let cache = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("compiled");
        let mut environment = BTreeMap::from([
            ("HOME".to_owned(), home.display().to_string()),
            ("ANTEROOM_CACHE_DIR".to_owned(), cache.display().to_string()),
        ]);
        if let Ok(path) = std::env::var("PATH") {
            environment.insert("PATH".to_owned(), path);
        }
        environment
    }

    pub async fn stop(&mut self) {
        if let Some(host) = self.host.take() {
            host.stop().await;
        }
    }

    pub fn handle(&self) -> HostHandle {
        self.host.as_ref().unwrap().handle()
    }

    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home/.anteroom")
    }

    /// The folder the tools work in, without links.
    pub fn workspace(&self) -> PathBuf {
        self.folder.path().join("work").canonicalize().unwrap()
    }

    pub fn write(&self, path: &str, content: &str) {
        let path = self.workspace().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.workspace().join(path)).unwrap()
    }

    pub fn has(&self, path: &str) -> bool {
        self.workspace().join(path).exists()
    }

    /// Opens a conversation in the workspace.
    pub async fn open(&self) -> ConversationId {
        let open = ConversationOp::Open {
            workspace: self.workspace().display().to_string(),
            title: String::new(),
            model: None,
            project: None,
            database: None,
        };
        self.handle().open(open).await.unwrap()
    }

    /// Gives input.
    pub async fn say(
        &self,
        conversation: ConversationId,
        text: &str,
        options: TurnOptions,
    ) -> TurnId {
        let start = TurnOp::Start {
            conversation,
            input: vec![Content::text(text)],
            options,
        };
        self.handle().submit(start).await.unwrap().into()
    }

    /// Gives input and waits for the end, answering approvals with `decide`.
    pub async fn turn(
        &self,
        conversation: ConversationId,
        text: &str,
        options: TurnOptions,
        decide: impl Fn(&Approval) -> Decision,
    ) -> Told {
        let watch = self.watch(conversation).await;
        let turn = self.say(conversation, text, options).await;
        watch.until_end(turn, &decide).await
    }

    /// A whole unattended turn in a new conversation, in mode `auto`.
    pub async fn run(&self, text: &str) -> Told {
        let conversation = self.open().await;
        self.turn(conversation, text, auto(), |_| {
            panic!("nobody is there to ask")
        })
        .await
    }

    /// The same for a turn whose commands are to run, whatever holds them on this machine.
    pub async fn work(&self, text: &str) -> Told {
        let conversation = self.open().await;
        self.turn(conversation, text, held::running(), held::yes)
            .await
    }

    /// Follows a conversation from now on.
    pub async fn watch(&self, conversation: ConversationId) -> Watch {
        let seq = self
            .handle()
            .read()
            .conversation(conversation)
            .await
            .map_or(Seq(0), |view| view.seq);
        Watch {
            signals: self
                .handle()
                .follow(Topic::Conversation(conversation), Some(seq)),
            handle: self.handle(),
            told: Told {
                conversation,
                events: Vec::new(),
                deltas: Vec::new(),
            },
        }
    }

    pub async fn items(&self, conversation: ConversationId) -> Vec<Item> {
        self.handle()
            .read()
            .items(conversation, anteroom_api::ItemsAt::Newest, 500)
            .await
            .unwrap()
            .entries
    }
}

fn flag(key: &str, value: serde_json::Value) -> FlagValue {
    FlagValue {
        key: key.to_owned(),
        value,
        flag: format!("--{key}"),
    }
}

/// Nobody attends; nothing in the workspace asks.
pub fn auto() -> TurnOptions {
    TurnOptions {
        mode: Some(Mode::Auto),
        ..TurnOptions::default()
    }
}

/// Somebody attends; writes and commands ask.
pub fn attended() -> TurnOptions {
    TurnOptions {
        mode: Some(Mode::AskForWrites),
        is_attended: true,
        ..TurnOptions::default()
    }
}

/// Follows a conversation.
pub struct Watch {
    pub signals: Signals,
    handle: HostHandle,
    pub told: Told,
}

impl Watch {
    /// The next signal; fails the test if none comes.
    pub async fn next(&mut self) -> Signal {
        let next = tokio::time::timeout(PATIENCE, self.signals.next()).await;
        let signal = next
            .expect("nothing came in time")
            .expect("the host has ended");
        match &signal {
            Signal::Event { envelope } => self.told.events.push(envelope.clone()),
            Signal::Delta { delta } => self.told.deltas.push(delta.clone()),
            Signal::Lagged { .. } | Signal::Stirred { .. } | Signal::Trouble { .. } => {}
        }
        signal
    }

    /// Waits for an event that fits.
    pub async fn until(&mut self, fits: impl Fn(&Event) -> bool) -> Event {
        loop {
            if let Signal::Event { envelope } = self.next().await
                && fits(&envelope.event)
            {
                return envelope.event;
            }
        }
    }

    /// Waits for an open approval.
    pub async fn approval(&mut self) -> Approval {
        match self
            .until(|event| matches!(event, Event::Approval(ApprovalEvent::Requested { .. })))
            .await
        {
            Event::Approval(ApprovalEvent::Requested { approval }) => *approval,
            other => panic!("{other:?}"),
        }
    }

    /// Has a command run that the sandbox of this machine does not hold.
    pub async fn let_run(&mut self) {
        if held::is_complete() {
            return;
        }
        let approval = self.approval().await;
        let decide = ApprovalOp::Decide {
            approval: approval.id,
            decision: held::yes(&approval),
            digest: approval.digest,
            by: "test".into(),
        };
        self.handle.submit(decide).await.unwrap();
    }

    /// Waits for the end of a turn, answering approvals.
    pub async fn until_end(
        mut self,
        turn: TurnId,
        decide: &impl Fn(&Approval) -> Decision,
    ) -> Told {
        loop {
            let Signal::Event { envelope } = self.next().await else {
                continue;
            };
            match envelope.event {
                Event::Approval(ApprovalEvent::Requested { approval }) => {
                    let decision = decide(&approval);
                    let decide = ApprovalOp::Decide {
                        approval: approval.id,
                        digest: approval.digest,
                        decision,
                        by: "test".into(),
                    };
                    self.handle.submit(decide).await.unwrap();
                }
                Event::Turn(TurnEvent::Ended { turn: ended, .. }) if ended == turn => {
                    return self.told;
                }
                _ => {}
            }
        }
    }
}

/// What a follower was told.
pub struct Told {
    pub conversation: ConversationId,
    pub events: Vec<Envelope>,
    pub deltas: Vec<Delta>,
}

impl Told {
    pub fn stop(&self) -> StopReason {
        let ends = self
            .events
            .iter()
            .rev()
            .find_map(|envelope| match &envelope.event {
                Event::Turn(TurnEvent::Ended { stop, .. }) => Some(stop.clone()),
                _ => None,
            });
        ends.expect("no turn ended")
    }

    /// The finished items, in the order they finished.
    pub fn items(&self) -> Vec<Item> {
        let finished = self
            .events
            .iter()
            .filter_map(|envelope| match &envelope.event {
                Event::Item(ItemEvent::Completed(item)) => Some(item.clone()),
                _ => None,
            });
        finished.collect()
    }

    /// The finished calls of one tool.
    pub fn calls(&self, tool: &str) -> Vec<(Item, ToolCall)> {
        let calls = self
            .items()
            .into_iter()
            .filter_map(|item| match &item.body {
                ItemBody::ToolCall(call) if call.tool == tool => Some((item.clone(), call.clone())),
                _ => None,
            });
        calls.collect()
    }

    /// The one finished call of one tool.
    pub fn call(&self, tool: &str) -> (Item, ToolCall) {
        let mut calls = self.calls(tool);
        assert_eq!(calls.len(), 1, "calls of {tool}");
        calls.remove(0)
    }

    /// The text of a call's result.
    pub fn result(&self, tool: &str) -> String {
        text_of(&self.call(tool).1)
    }

    /// The last words.
    pub fn answer(&self) -> String {
        let said = self
            .items()
            .into_iter()
            .rev()
            .find_map(|item| match item.body {
                ItemBody::AgentMessage { text } => Some(text),
                _ => None,
            });
        said.unwrap_or_default()
    }
}

/// The text of a call's result, all parts.
pub fn text_of(call: &ToolCall) -> String {
    let result = call.result.as_ref().expect("the call has no result");
    let parts = result.content.iter().map(|content| match content {
        anteroom_api::ToolContent::Text { text } => text.clone(),
        anteroom_api::ToolContent::Json { value } => value.to_string(),
        anteroom_api::ToolContent::Image { media_type, .. } => format!("[{media_type}]"),
        anteroom_api::ToolContent::Diff { unified, .. } => unified.clone(),
    });
    parts.collect::<Vec<_>>().join("\n")
}
