//! A second host on the home of a scene, as another process would be.

use super::scene::{PATIENCE, Scene};
use anteroom_api::{
    Content, ConversationId, Envelope, Event, HostHandle, Seq, Signal, Signals, Topic, TurnEvent,
    TurnId, TurnOp, TurnOptions,
};
use anteroom_runtime::{Ambient, FlagValue, Host, HostOptions};
use std::collections::BTreeMap;
use std::path::Path;

/// Another moment than the scene's, so that no id is made twice.
const START: i64 = 1_800_000_000_000;

/// The second host.
pub struct Neighbor {
    host: Host,
}

impl Neighbor {
    /// Starts it beside the scene's, with the same endpoint.
    pub async fn of(scene: &Scene) -> Self {
        Self::later(scene, 0).await
    }

    /// A further one; each has its own number.
    pub async fn later(scene: &Scene, number: i64) -> Self {
        let base_url = scene.endpoint.base_url();
        let flags = [("ai.base_url", base_url.as_str()), ("ai.model", "scripted")];
        Self::start(scene, number, &flags).await
    }

    /// One that has its settings from the files alone.
    pub async fn plain(scene: &Scene, number: i64) -> Self {
        Self::start(scene, number, &[]).await
    }

    async fn start(scene: &Scene, number: i64, flags: &[(&str, &str)]) -> Self {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled");
        let home = scene.folder.path().join("home");
        let mut environment = BTreeMap::from([
            ("HOME".to_owned(), home.display().to_string()),
            ("ANTEROOM_CACHE_DIR".to_owned(), cache.display().to_string()),
        ]);
        if let Ok(path) = std::env::var("PATH") {
            environment.insert("PATH".to_owned(), path);
        }
        let flag = |(key, value): &(&str, &str)| FlagValue {
            key: (*key).to_owned(),
            value: (*value).into(),
            flag: format!("--{key}"),
        };
        let start = START + number * 1_000_000_000;
        let options = HostOptions {
            ambient: Ambient::fixed(start).with_environment(environment),
            workspace: scene.workspace(),
            flags: flags.iter().map(flag).collect(),
            built_in: anteroom_embed::built_in(),
        };
        Self {
            host: Host::start(options).await.unwrap(),
        }
    }

    pub fn handle(&self) -> HostHandle {
        self.host.handle()
    }
}

/// Gives input through any handle.
pub async fn say(
    handle: &HostHandle,
    conversation: ConversationId,
    text: &str,
    options: TurnOptions,
) -> TurnId {
    let start = TurnOp::Start {
        conversation,
        input: vec![Content::text(text)],
        options,
    };
    handle.submit(start).await.unwrap().into()
}

/// Follows a topic through any handle.
pub struct Follow {
    signals: Signals,
    pub told: Vec<Envelope>,
}

impl Follow {
    /// Everything of a conversation, from its beginning.
    pub fn all(handle: &HostHandle, conversation: ConversationId) -> Self {
        Self::after(handle, Topic::Conversation(conversation), Seq(0))
    }

    /// What comes on the host's topic from now on.
    pub async fn host(handle: &HostHandle) -> Self {
        let seq = handle.read().host_seq().await.unwrap();
        Self::after(handle, Topic::Host, seq)
    }

    pub fn after(handle: &HostHandle, topic: Topic, seq: Seq) -> Self {
        Self {
            signals: handle.follow(topic, Some(seq)),
            told: Vec::new(),
        }
    }

    /// Waits for an event that fits; fails the test if none comes.
    pub async fn until(&mut self, fits: impl Fn(&Event) -> bool) -> Event {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.signals.next()).await;
            let signal = next
                .unwrap_or_else(|_| panic!("nothing came in time after {:#?}", self.told))
                .expect("the host has ended");
            if let Signal::Event { envelope } = signal {
                self.told.push(envelope.clone());
                if fits(&envelope.event) {
                    return envelope.event;
                }
            }
        }
    }

    /// Waits for the end of a turn.
    pub async fn end(&mut self, turn: TurnId) -> Event {
        self.until(
            |event| matches!(event, Event::Turn(TurnEvent::Ended { turn: ended, .. }) if *ended == turn),
        )
        .await
    }
}
