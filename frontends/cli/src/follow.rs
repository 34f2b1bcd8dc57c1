//! Following a topic without gaps: a lag is answered by following again from the last fact seen.

use anteroom_api::{Delta, Envelope, HostHandle, Problem, Seq, Signal, Signals, Topic, TurnId};

/// What a follower is told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Told {
    Fact(Box<Envelope>),
    Preview(Delta),
    /// Could not be stored, and ended the turn if one is named.
    Trouble(Option<TurnId>, Problem),
}

pub(crate) struct Follower {
    host: HostHandle,
    topic: Topic,
    signals: Signals,
    last: Option<Seq>,
}

impl Follower {
    /// Follows everything after `after`.
    pub(crate) fn new(host: &HostHandle, topic: Topic, after: Seq) -> Self {
        Self {
            host: host.clone(),
            topic,
            signals: host.follow(topic, Some(after)),
            last: Some(after),
        }
    }

    /// The next thing; none once the host has stopped. Cancel safe.
    pub(crate) async fn next(&mut self) -> Option<Told> {
        loop {
            match self.signals.next().await? {
                Signal::Event { envelope } => {
                    // Facts that were delivered before a lag are not told twice.
                    if self.last.is_some_and(|last| envelope.seq <= last) {
                        continue;
                    }
                    self.last = Some(envelope.seq);
                    return Some(Told::Fact(Box::new(envelope)));
                }
                Signal::Delta { delta } => return Some(Told::Preview(delta)),
                // Of use to who shows lists.
                Signal::Stirred { .. } => {}
                Signal::Trouble { turn, problem } => return Some(Told::Trouble(turn, problem)),
                Signal::Lagged { resume } => {
                    self.signals = self.host.follow(self.topic, Some(resume));
                }
            }
        }
    }
}
