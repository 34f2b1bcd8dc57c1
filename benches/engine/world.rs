//! A host on a temporary home, and one turn of it as a follower sees it.

use anteroom_api::{
    Content, ConversationId, ConversationOp, Delta, Event, HostHandle, ItemBody, ItemEvent, Mode,
    Seq, Signal, Signals, StopReason, Topic, TurnEvent, TurnId, TurnOp, TurnOptions,
};
use anteroom_runtime::{Ambient, FlagValue, Host, HostOptions};
use anyhow::{Context, ensure};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A home and a workspace. On the disk of the build, because what is written there is synced.
pub(crate) struct World {
    folder: TempDir,
    cache: PathBuf,
}

impl World {
    /// With the code cache that all share.
    pub(crate) fn new() -> anyhow::Result<Self> {
        Self::with_cache(scratch("compiled"))
    }

    pub(crate) fn with_cache(cache: PathBuf) -> anyhow::Result<Self> {
        // On a file system in memory a sync costs nothing: what is left is the host's own work.
        let elsewhere = std::env::var_os("ANTEROOM_BENCH_FOLDER");
        let folder = TempDir::new_in(
            elsewhere.map_or_else(|| env!("CARGO_TARGET_TMPDIR").into(), PathBuf::from),
        )?;
        for name in ["home", "work"] {
            std::fs::create_dir(folder.path().join(name))?;
        }
        Ok(Self { folder, cache })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    pub(crate) fn environment(&self) -> BTreeMap<String, String> {
        let mut environment = BTreeMap::from([
            (
                "HOME".to_owned(),
                self.folder.path().join("home").display().to_string(),
            ),
            (
                "ANTEROOM_CACHE_DIR".to_owned(),
                self.cache.display().to_string(),
            ),
            ("LANG".to_owned(), "C.UTF-8".to_owned()),
        ]);
        if let Ok(path) = std::env::var("PATH") {
            environment.insert("PATH".to_owned(), path);
        }
        environment
    }

    pub(crate) async fn host(&self, base_url: &str) -> anyhow::Result<Host> {
        let options = HostOptions {
            ambient: Ambient::system().with_environment(self.environment()),
            workspace: self.workspace(),
            flags: vec![flag("ai.base_url", base_url), flag("ai.model", "scripted")],
            built_in: anteroom_embed::built_in(),
        };
        Host::start(options)
            .await
            .map_err(|problem| anyhow::anyhow!("{problem:?}"))
    }

    pub(crate) async fn open(&self, handle: &HostHandle) -> anyhow::Result<ConversationId> {
        let open = ConversationOp::Open {
            workspace: self.workspace().display().to_string(),
            title: "bench".to_owned(),
            model: None,
            project: None,
            database: None,
        };
        let opened = handle.open(open).await;
        opened.map_err(|rejection| anyhow::anyhow!("{rejection:?}"))
    }
}

fn flag(key: &str, value: &str) -> FlagValue {
    FlagValue {
        key: key.to_owned(),
        value: value.into(),
        flag: format!("--{key}"),
    }
}

/// A folder that outlives the run.
pub(crate) fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("bench")
        .join(name)
}

/// Compiles the built-in tools once, so that every later start finds them in the cache.
pub(crate) async fn warm_up() -> anyhow::Result<()> {
    std::fs::create_dir_all(scratch("compiled"))?;
    let world = World::new()?;
    let host = world.host("http://127.0.0.1:9/v1").await?;
    load_tools(&world, &host).await?;
    host.stop().await;
    Ok(())
}

/// Waits until all tools are loaded.
pub(crate) async fn load_tools(world: &World, host: &Host) -> anyhow::Result<()> {
    let workspace = world.workspace().display().to_string();
    let modules = host.handle().read().modules(workspace).await;
    let modules = modules.map_err(|problem| anyhow::anyhow!("{problem:?}"))?;
    ensure!(!modules.is_empty(), "no tools were loaded");
    Ok(())
}

/// Follows a conversation from now on.
pub(crate) async fn follow(
    handle: &HostHandle,
    conversation: ConversationId,
) -> anyhow::Result<Signals> {
    let view = handle.read().conversation(conversation).await;
    let seq = view.map_or(Seq(0), |view| view.seq);
    Ok(handle.follow(Topic::Conversation(conversation), Some(seq)))
}

/// What a follower saw of a turn.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// From submitting to the first words.
    pub(crate) first: Duration,
    /// From submitting to the end.
    pub(crate) ended: Duration,
    /// Previews of words.
    pub(crate) deltas: usize,
    /// Bytes of words in previews.
    pub(crate) previewed: usize,
    /// The whole answer, as the fact says it.
    pub(crate) answer: String,
    /// Facts of the turn, in order.
    pub(crate) events: Vec<Event>,
}

/// Gives input and follows the turn to its end; `words` sees each preview of words as it comes.
pub(crate) async fn turn(
    handle: &HostHandle,
    conversation: ConversationId,
    signals: &mut Signals,
    mut words: impl FnMut(&str),
) -> anyhow::Result<Seen> {
    let since = Instant::now();
    let started = handle
        .submit(TurnOp::Start {
            conversation,
            input: vec![Content::text("Say something.")],
            options: TurnOptions {
                mode: Some(Mode::Auto),
                ..TurnOptions::default()
            },
        })
        .await;
    let turn = TurnId::from(started.map_err(|rejection| anyhow::anyhow!("{rejection:?}"))?);
    let mut seen = Seen::default();
    loop {
        match signals.next().await.context("the host has ended")? {
            Signal::Delta {
                delta: Delta::Text { text, .. },
            } => {
                words(&text);
                if seen.deltas == 0 {
                    seen.first = since.elapsed();
                }
                seen.deltas += 1;
                seen.previewed += text.len();
            }
            Signal::Event { envelope } => {
                if let Event::Turn(TurnEvent::Ended {
                    turn: ended, stop, ..
                }) = &envelope.event
                    && *ended == turn
                {
                    seen.ended = since.elapsed();
                    ensure!(*stop == StopReason::EndTurn, "the turn ended: {stop:?}");
                    seen.events.push(envelope.event);
                    return Ok(seen);
                }
                if let Event::Item(ItemEvent::Completed(item)) = &envelope.event
                    && let ItemBody::AgentMessage { text } = &item.body
                {
                    seen.answer.clone_from(text);
                }
                seen.events.push(envelope.event);
            }
            Signal::Delta { .. } => {}
            other => anyhow::bail!("the follower was told {other:?}"),
        }
    }
}
