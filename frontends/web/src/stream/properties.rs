//! However often a reader is cut off and a host lags: no fact is told twice, none is left out without a word.

use super::{EventStream, Follow, Wanted};
use anteroom_api::{Envelope, Event, Seq, Signal, Signals, Stop, TagEvent, Topic, UnixMillis};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::sync::{Notify, mpsc};

/// What happens to a stream.
#[derive(Clone, Debug)]
enum Act {
    /// So many facts are stored in a topic.
    Store(usize, u64),
    /// The reader takes so many writes.
    Read(usize),
    /// The connection breaks; bytes of the newest write may be lost on the way.
    Cut { is_losing: bool },
    /// The host fails to read the journal for its next follower of a topic after so many facts.
    Fail(usize, u64),
    /// The host lets go of all but the newest facts of a topic.
    Forget(usize),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => (0..3_usize, 1..40_u64).prop_map(|(topic, count)| Act::Store(topic, count)),
        6 => (1..6_usize).prop_map(Act::Read),
        2 => any::<bool>().prop_map(|is_losing| Act::Cut { is_losing }),
        1 => (0..3_usize, 0..20_u64).prop_map(|(topic, after)| Act::Fail(topic, after)),
        1 => (0..3_usize).prop_map(Act::Forget),
    ];
    prop::collection::vec(act, 1..40)
}

fn topic(index: usize) -> Topic {
    match index {
        0 => Topic::Host,
        _ => Topic::Conversation(uuid::Uuid::from_u128(index as u128).into()),
    }
}

/// One topic of a host: a journal, of which the oldest part may be gone.
#[derive(Default)]
struct Journal {
    newest: u64,
    oldest: u64,
    failing_after: Option<u64>,
}

#[derive(Clone, Default)]
struct Host {
    journals: Arc<Mutex<BTreeMap<String, Journal>>>,
    stored: Arc<Notify>,
}

impl Host {
    fn with<T>(&self, topic: Topic, act: impl FnOnce(&mut Journal) -> T) -> T {
        act(self
            .journals
            .lock()
            .unwrap()
            .entry(topic.to_string())
            .or_default())
    }

    fn follow(&self) -> Follow {
        let host = self.clone();
        Box::new(move |topic, after| {
            // Small, so that a reader that takes nothing holds the follower up soon.
            let (sender, receiver) = mpsc::channel(4);
            let host = host.clone();
            tokio::spawn(async move { host.tell(topic, after.unwrap_or_default(), sender).await });
            Signals::new(receiver)
        })
    }

    async fn tell(&self, topic: Topic, after: Seq, sender: mpsc::Sender<Signal>) {
        let mut seen = after.0;
        loop {
            let stored = self.stored.notified();
            tokio::pin!(stored);
            stored.as_mut().enable();
            let (newest, oldest, is_failing) = self.with(topic, |journal| {
                let is_failing = journal.failing_after.is_some_and(|after| seen >= after);
                if is_failing {
                    journal.failing_after = None;
                }
                (journal.newest, journal.oldest, is_failing)
            });
            let resume = if is_failing { Some(seen) } else { None };
            let resume = resume.or_else(|| (seen < oldest).then_some(oldest));
            if let Some(resume) = resume {
                drop(
                    sender
                        .send(Signal::Lagged {
                            resume: Seq(resume),
                        })
                        .await,
                );
                return;
            }
            if seen == newest {
                tokio::select! {
                    () = stored => continue,
                    () = sender.closed() => return,
                }
            }
            seen += 1;
            let envelope = Envelope {
                topic,
                seq: Seq(seen),
                at: UnixMillis(0),
                cause: None,
                event: Event::Tag(TagEvent::Deleted { tag: String::new() }),
            };
            if sender.send(Signal::Event { envelope }).await.is_err() {
                return;
            }
        }
    }
}

/// What a page does: it notes positions and comes again with them.
struct Page {
    host: Host,
    stream: EventStream,
    /// The newest fact of each topic that arrived.
    seen: BTreeMap<String, u64>,
}

impl Page {
    fn new(host: Host) -> Self {
        let seen: BTreeMap<String, u64> =
            (0..3).map(|index| (topic(index).to_string(), 0)).collect();
        let stream = Self::open(&host, &seen);
        Self { host, stream, seen }
    }

    fn open(host: &Host, seen: &BTreeMap<String, u64>) -> EventStream {
        let wanted: Vec<String> = seen
            .iter()
            .map(|(topic, seq)| format!("{topic}@{seq}"))
            .collect();
        EventStream::new(
            host.follow(),
            Wanted::parse_all(&wanted).unwrap(),
            Stop::never(),
        )
    }

    fn cut(&mut self) {
        self.stream = Self::open(&self.host, &self.seen);
    }

    async fn write(&mut self) -> String {
        let bytes = self.stream.next().await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    fn take(&mut self, written: &str) {
        for frame in written.split_terminator("\n\n") {
            let Some(data) = frame.strip_prefix("event: signals\ndata: ") else {
                continue;
            };
            let data: Value = serde_json::from_str(data).unwrap();
            let seen = self.seen.get_mut(data["topic"].as_str().unwrap()).unwrap();
            for signal in data["signals"].as_array().unwrap() {
                match signal["signal"].as_str().unwrap() {
                    "event" => {
                        let seq = signal["envelope"]["seq"].as_u64().unwrap();
                        assert_eq!(seq, *seen + 1, "a gap, or told twice");
                        *seen = seq;
                    }
                    "lagged" => {
                        let resume = signal["resume"].as_u64().unwrap();
                        assert!(resume > *seen, "told to read anew for nothing");
                        *seen = resume;
                    }
                    other => panic!("{other}"),
                }
            }
        }
    }

    fn has_all(&self) -> bool {
        (0..3).all(|index| {
            let newest = self.host.with(topic(index), |journal| journal.newest);
            self.seen[&topic(index).to_string()] == newest
        })
    }
}

async fn run(acts: Vec<Act>) {
    let host = Host::default();
    let mut page = Page::new(host.clone());
    for act in acts {
        match act {
            Act::Store(index, count) => {
                host.with(topic(index), |journal| journal.newest += count);
                host.stored.notify_waiters();
            }
            Act::Read(writes) => {
                for _ in 0..writes {
                    let written = page.write().await;
                    page.take(&written);
                }
            }
            Act::Cut { is_losing } => {
                if is_losing {
                    page.write().await;
                }
                page.cut();
            }
            Act::Fail(index, after) => {
                host.with(topic(index), |journal| {
                    journal.failing_after = Some(journal.newest + after)
                });
            }
            Act::Forget(index) => {
                host.with(topic(index), |journal| journal.oldest = journal.newest);
            }
        }
    }
    while !page.has_all() {
        let written = page.write().await;
        page.take(&written);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_resumed_stream_has_no_gap_and_nothing_twice(acts in acts()) {
        // Time stands still but for who waits: rests and heartbeats take none.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(run(acts));
    }
}
