//! What other processes did: looked for when they ring, and brought to where it matters here.

use crate::bus::Looked;
use crate::engine::Engine;
use crate::host::Port;
use crate::{forwarding, recovery, rules};
use anteroom_api::{ConversationEvent, Event, Seq, Signal, Topic};
use anteroom_storage::Marks;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// How often it is looked without being woken: for what the bell did not tell, and for processes that ended.
const ROUND: Duration = Duration::from_secs(2);
/// The same where nothing can wake us (spec: events across processes within 150 ms).
const POLL: Duration = Duration::from_millis(100);
/// A process that writes without pause is looked at so often at most.
const REST: Duration = Duration::from_millis(10);

/// Begins to listen. The marks are taken before anything can be missed.
pub(crate) async fn listen(port: &Arc<Port>) -> Result<Vec<AbortHandle>, anteroom_api::Problem> {
    let engine = &port.engine;
    engine.storage.clear_letters().await?;
    let marks = engine.storage.news(&Marks::default()).await?.marks;
    let after = engine.storage.last_seq(Topic::Host).await?;
    let wake = Arc::new(Notify::new());
    let is_watched = engine.watch.add_file(engine.bus.bell().path(), &wake);
    let listener = Listener {
        port: Arc::downgrade(port),
        wake,
        pace: if is_watched { ROUND } else { POLL },
        marks,
    };
    let reactor = react(Arc::downgrade(port), after);
    Ok(vec![
        tokio::spawn(listener.run()).abort_handle(),
        tokio::spawn(reactor).abort_handle(),
    ])
}

struct Listener {
    port: Weak<Port>,
    wake: Arc<Notify>,
    pace: Duration,
    marks: Marks,
}

impl Listener {
    async fn run(mut self) {
        loop {
            let is_round = tokio::select! {
                () = self.wake.notified() => false,
                () = tokio::time::sleep(self.pace) => true,
            };
            let Some(port) = self.port.upgrade() else {
                return;
            };
            self.look(&port).await;
            if is_round {
                close_abandoned(&port.engine).await;
            }
            drop(port);
            tokio::time::sleep(REST).await;
        }
    }

    async fn look(&mut self, port: &Arc<Port>) {
        let engine = &port.engine;
        let news = match engine.storage.news(&self.marks).await {
            Ok(news) => news,
            Err(error) => {
                tracing::debug!(%error, "what other processes wrote could not be read");
                return;
            }
        };
        self.marks = news.marks;
        for (topic, seq) in news.topics {
            engine.bus.looked(topic, Looked(seq));
        }
        engine.ticks.tick();
        if news.has_letters {
            forwarding::take(port).await;
        }
    }
}

/// Turns of a process that has ended are closed by whoever notices first.
async fn close_abandoned(engine: &Engine) {
    if engine.is_stopping() || !matches!(engine.storage.has_abandoned_turns().await, Ok(true)) {
        return;
    }
    if let Err(problem) = recovery::close_dead_turns(engine).await {
        tracing::warn!(%problem, "a turn of an ended process could not be closed");
    }
}

/// Follows the host's topic for what this process holds a copy of.
async fn react(port: Weak<Port>, mut after: Seq) {
    loop {
        let Some(mut signals) = port
            .upgrade()
            .map(|port| port.engine.bus.follow(Topic::Host, Some(after)))
        else {
            return;
        };
        while let Some(signal) = signals.next().await {
            let envelope = match signal {
                Signal::Event { envelope } => envelope,
                Signal::Lagged { resume } => {
                    after = resume;
                    continue;
                }
                Signal::Delta { .. } | Signal::Stirred { .. } | Signal::Trouble { .. } => continue,
            };
            after = envelope.seq;
            let Some(port) = port.upgrade() else {
                return;
            };
            matters(&port, &envelope.event).await;
        }
        tokio::time::sleep(REST).await;
    }
}

async fn matters(port: &Arc<Port>, event: &Event) {
    match event {
        Event::Rule(_) => {
            if let Err(error) = rules::refresh(&port.engine).await {
                tracing::warn!(%error, "rules could not be read again");
            }
        }
        Event::Conversation(ConversationEvent::Deleted { conversation }) => {
            port.let_go(*conversation).await;
        }
        Event::Workspace(_) => crate::trust::changed(port).await,
        Event::Mcp(_) => crate::mcp::follow(&port.engine).await,
        Event::Bundle(_) => {
            crate::bundles::changed(port).await;
            crate::mcp::follow(&port.engine).await;
        }
        Event::Conversation(_)
        | Event::Turn(_)
        | Event::Item(_)
        | Event::Approval(_)
        | Event::Elicitation(_)
        | Event::Canvas(_)
        | Event::Module(_)
        | Event::Setting(_)
        | Event::Checkpoint(_)
        | Event::Database(_)
        | Event::Tag(_)
        | Event::Folder(_)
        | Event::Project(_)
        | Event::Text(_)
        | Event::Session(_)
        | Event::Host(_) => {}
    }
}
