//! The event stream: many topics in one response, resumed by positions.
//!
//! Whoever reads sets the pace: a frame is made when the connection asks for one and holds everything that has come
//! since the last, so that an idle stream tells a signal at once and a busy one tells many in one write. Nothing
//! waits here but what the host keeps for each follower; a reader that is too slow loses previews first and is then
//! told the place to go on from.

mod batch;
mod wanted;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use anteroom_api::{Seq, Signal, Signals, Stop, Topic};
use batch::Batch;
use bytes::Bytes;
use serde::Serialize;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};
pub(crate) use wanted::Wanted;

/// After so long without a word a comment is sent, so that nobody in between takes the connection for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a topic that the host could not read rests before it is followed again.
const AGAIN: Duration = Duration::from_millis(500);
/// A write is not made longer than this by what else has come.
const WRITE_BYTES: usize = 256 * 1024;
/// Said before a stream ends in order: whoever listens may come again.
const LAST_WORDS: &[u8] = b"event: stopping\ndata: {}\n\n";

/// Follows a topic, as [`anteroom_api::HostHandle::follow`] does.
pub(crate) type Follow = Box<dyn Fn(Topic, Option<Seq>) -> Signals + Send + Sync>;

/// One open event stream.
pub(crate) struct EventStream {
    follow: Follow,
    topics: Vec<Followed>,
    /// Whose turn it is to be looked at first, so that a loud topic silences no other.
    first: usize,
    stop: Pin<Box<dyn Future<Output = ()> + Send>>,
    heartbeat: Pin<Box<Sleep>>,
    state: State,
}

enum State {
    Opening,
    Open,
    Ended,
}

struct Followed {
    topic: Topic,
    /// The newest fact that was handed on, if known.
    seen: Option<Seq>,
    source: Source,
}

enum Source {
    Live(Signals),
    /// To be followed again, once this has passed.
    Resting(Pin<Box<Sleep>>),
    Ended,
}

/// The first frame's data: from where each topic is told.
#[derive(Serialize)]
struct Ready<'a> {
    follow: Vec<Position<'a>>,
}

#[derive(Serialize)]
struct Position<'a> {
    topic: &'a str,
    seq: Option<Seq>,
}

impl EventStream {
    /// Begins to follow `wanted`; the stream ends when `stop` is raised or the host tells nothing any more.
    pub(crate) fn new(follow: Follow, wanted: Vec<Wanted>, mut stop: Stop) -> Self {
        let topics = wanted.into_iter().map(|wanted| Followed {
            topic: wanted.topic,
            seen: wanted.after,
            source: Source::Live(follow(wanted.topic, wanted.after)),
        });
        Self {
            topics: topics.collect(),
            follow,
            first: 0,
            stop: Box::pin(async move { stop.raised().await }),
            heartbeat: Box::pin(sleep(HEARTBEAT)),
            state: State::Opening,
        }
    }

    /// What is to be written next; waits until there is something. None once the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        poll_fn(|context| self.poll(context)).await
    }

    /// As [`EventStream::next`].
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        match self.state {
            State::Ended => return Poll::Ready(None),
            State::Opening => {
                self.state = State::Open;
                return Poll::Ready(Some(self.ready()));
            }
            State::Open => {}
        }
        let is_stopping = self.stop.as_mut().poll(context).is_ready();
        let mut written = Vec::new();
        // What was told before the end is handed on before the end.
        self.collect(context, &mut written);
        if is_stopping || self.has_ended() {
            self.state = State::Ended;
            written.extend_from_slice(LAST_WORDS);
        } else if written.is_empty() {
            if self.heartbeat.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            written.extend_from_slice(b":\n\n");
        }
        self.heartbeat.as_mut().reset(Instant::now() + HEARTBEAT);
        Poll::Ready(Some(Bytes::from(written)))
    }

    fn ready(&self) -> Bytes {
        let names: Vec<String> = self.topics.iter().map(|at| at.topic.to_string()).collect();
        let positions = names.iter().zip(&self.topics).map(|(topic, at)| Position {
            topic,
            seq: at.seen,
        });
        let ready = Ready {
            follow: positions.collect(),
        };
        let data = serde_json::to_string(&ready).unwrap_or_default();
        Bytes::from(format!("event: ready\ndata: {data}\n\n"))
    }

    /// Writes what has come, topic by topic.
    fn collect(&mut self, context: &mut Context<'_>, written: &mut Vec<u8>) {
        let count = self.topics.len();
        for place in 0..count {
            let index = (self.first + place) % count;
            if written.len() >= WRITE_BYTES {
                self.first = index;
                return;
            }
            if let Some(followed) = self.topics.get_mut(index) {
                followed.collect(&self.follow, context, written);
            }
        }
    }

    /// Whether the host tells nothing any more.
    fn has_ended(&self) -> bool {
        let is_ended = |followed: &Followed| matches!(followed.source, Source::Ended);
        self.topics.iter().any(is_ended)
    }
}

impl Followed {
    fn collect(&mut self, follow: &Follow, context: &mut Context<'_>, written: &mut Vec<u8>) {
        let mut batch = Batch::default();
        while !batch.is_full() {
            let told = match &mut self.source {
                Source::Ended => break,
                Source::Resting(rest) => {
                    if rest.as_mut().poll(context).is_pending() {
                        break;
                    }
                    self.source = Source::Live(follow(self.topic, self.seen));
                    continue;
                }
                Source::Live(signals) => pin!(signals.next()).poll(context),
            };
            match told {
                Poll::Pending => break,
                Poll::Ready(None) => self.source = Source::Ended,
                Poll::Ready(Some(Signal::Lagged { resume })) => self.lagged(resume, &mut batch),
                Poll::Ready(Some(signal)) => self.take(signal, &mut batch),
            }
        }
        batch.write(self.topic, written);
    }

    fn take(&mut self, signal: Signal, batch: &mut Batch) {
        if let Signal::Event { envelope } = &signal {
            self.seen = Some(envelope.seq);
        }
        batch.add(signal);
    }

    /// Goes on from where the host says. Only what was lost is told: then the views have to be read anew.
    fn lagged(&mut self, resume: Seq, batch: &mut Batch) {
        if self.seen != Some(resume) {
            self.seen = Some(resume);
            batch.add(Signal::Lagged { resume });
        }
        self.source = Source::Resting(Box::pin(sleep(AGAIN)));
    }
}
