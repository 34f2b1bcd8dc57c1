//! Journal first, then fan out: a fact is stored before it is told.
//!
//! Knows storage and followers; knows nothing of what the events mean. Each topic has one broadcast
//! channel that carries facts in journal order and previews between them. A follower that falls behind,
//! or that joins late, reads what it missed from the journal, so that facts are never lost on the way; texts
//! that are being written are kept until they are complete, so that their previews have no gaps either, and so is
//! what a turn was last said to be doing.

pub(crate) mod bell;
mod doing;
mod follower;
mod growing;
pub(crate) mod watch;

use crate::ambient::Ambient;
use anteroom_api::{
    ConversationId, Delta, Envelope, Event, OpId, Problem, Seq, Signals, Topic, TurnId,
};
use anteroom_storage::{Entry, Fault, Storage, StorageError, UserStamp};
use bell::Bell;
use doing::Doing;
use follower::Follower;
use growing::Growing;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, broadcast, mpsc};

/// Signals kept for a follower that is busy; beyond it previews are dropped and facts are read again.
const BROADCAST_CAPACITY: usize = 1024;
/// Signals waiting between a follower's task and its frontend.
const FOLLOWER_CAPACITY: usize = 256;
/// Conversations of which is remembered that this process told of them; they are forgotten when it hears of its own
/// writes.
const STIRRED: usize = 4096;
/// Facts read from the journal at once.
const REPLAY_PAGE: u32 = 256;

/// Stores facts and tells them. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Bus(Arc<Inner>);

struct Inner {
    storage: Storage,
    ambient: Ambient,
    user: UserStamp,
    topics: Mutex<HashMap<Topic, Channel>>,
    /// How far this process itself told that something was stored.
    stirred: Mutex<HashMap<ConversationId, Seq>>,
    /// Whether the newest write failed because of the disk or the file.
    is_troubled: AtomicBool,
    /// Rung after each write, for other processes.
    bell: Bell,
    /// Woken after each write of this process.
    wrote: Notify,
}

struct Channel {
    sender: broadcast::Sender<Cast>,
    /// The newest fact told.
    told: Option<Seq>,
    /// Appends under way; while there are any, a gap may still be filled from here.
    in_flight: usize,
    /// Facts stored but not told, because an earlier one is not there yet.
    waiting: BTreeMap<Seq, Arc<Envelope>>,
    /// The newest fact known to be stored, by whichever process.
    stored: Seq,
    growing: Growing,
    doing: Doing,
}

/// The newest position of a topic that was found in the journal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Looked(pub(crate) Seq);

#[derive(Clone)]
enum Cast {
    Event(Arc<Envelope>),
    /// With the fact that its text grows since, if it is of one.
    Delta(Arc<Delta>, Option<Seq>),
    /// What the turn does, with the number of this phase.
    Phase(Arc<Delta>, u64),
    /// Something was stored in a conversation; on the host's topic.
    Stirred(ConversationId),
    /// Another process wrote between; read the journal.
    Resync,
    /// What could not be stored.
    Trouble(Option<TurnId>, Arc<Problem>),
}

impl Bus {
    pub(crate) fn new(storage: Storage, ambient: Ambient, user: UserStamp) -> Self {
        let bell = Bell::beside(storage.path());
        Self(Arc::new(Inner {
            storage,
            ambient,
            user,
            bell,
            topics: Mutex::default(),
            stirred: Mutex::default(),
            is_troubled: AtomicBool::new(false),
            wrote: Notify::new(),
        }))
    }

    /// Stores `events` and then tells them.
    ///
    /// Returns once they are durable. Two calls for one topic may run at once; followers still see journal order.
    pub(crate) async fn publish(
        &self,
        topic: Topic,
        cause: Option<OpId>,
        events: Vec<Event>,
    ) -> Result<Vec<Arc<Envelope>>, StorageError> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let entry = Entry {
            topic,
            cause,
            at: self.0.ambient.now(),
            user: Some(self.0.user.clone()),
            events,
        };
        // A cancelled caller must not leave a fact untold: the append runs on by itself.
        let bus = self.clone();
        bus.with_channel(topic, |channel| channel.in_flight += 1);
        let task = tokio::spawn(async move {
            let stored = bus.0.storage.append(entry).await;
            let stored = stored.map(|list| list.into_iter().map(Arc::new).collect::<Vec<_>>());
            bus.with_channel(topic, |channel| {
                channel.in_flight -= 1;
                let stored = stored.as_deref().unwrap_or(&[]);
                for envelope in stored {
                    channel.growing.stored(envelope);
                    channel.doing.stored(envelope);
                }
                channel.tell(stored);
            });
            bus.stir(topic, stored.as_deref().unwrap_or(&[]));
            bus.forget_if_idle(topic);
            bus.tell_trouble(stored.as_ref().err());
            bus.0.bell.ring();
            bus.0.wrote.notify_one();
            stored
        });
        match task.await {
            Ok(stored) => stored,
            Err(_) => Err(StorageError {
                path: self.0.storage.path().to_path_buf(),
                fault: Fault::Closed,
            }),
        }
    }

    /// Tells everybody once that nothing can be stored, until something can be again.
    fn tell_trouble(&self, error: Option<&StorageError>) {
        let of_disk = error.filter(|error| error.fault.is_of_the_disk());
        if error.is_some() && of_disk.is_none() {
            return;
        }
        let was_troubled = self
            .0
            .is_troubled
            .swap(of_disk.is_some(), Ordering::Relaxed);
        if let (Some(error), false) = (of_disk, was_troubled) {
            self.trouble(Topic::Host, None, error.clone().into());
        }
    }

    /// Waits for the next write of this process, or for one that nobody has waited for yet.
    pub(crate) async fn wrote(&self) {
        self.0.wrote.notified().await;
    }

    /// Whom facts are stamped with.
    pub(crate) fn user(&self) -> &UserStamp {
        &self.0.user
    }

    /// What wakes other processes.
    pub(crate) fn bell(&self) -> &Bell {
        &self.0.bell
    }

    /// Tells followers what another process has stored.
    pub(crate) fn looked(&self, topic: Topic, looked: Looked) {
        if let Some(channel) = self.topics().get_mut(&topic) {
            channel.stored = channel.stored.max(looked.0);
            channel.tell(&[]);
        }
        if let Topic::Conversation(id) = topic {
            let own = self.stirred().remove(&id);
            if own.is_none_or(|own| own < looked.0) {
                self.tell_stirred(id);
            }
        }
    }

    /// Tells lists that something was stored in a conversation.
    fn stir(&self, topic: Topic, stored: &[Arc<Envelope>]) {
        let (Topic::Conversation(id), Some(last)) = (topic, stored.last()) else {
            return;
        };
        {
            let mut stirred = self.stirred();
            if stirred.len() >= STIRRED {
                stirred.clear();
            }
            let own = stirred.entry(id).or_default();
            *own = last.seq.max(*own);
        }
        self.tell_stirred(id);
    }

    fn tell_stirred(&self, id: ConversationId) {
        if let Some(channel) = self.topics().get(&Topic::Host) {
            // An error only says that nobody follows.
            drop(channel.sender.send(Cast::Stirred(id)));
        }
    }

    /// Whether anybody follows a topic here.
    pub(crate) fn is_followed(&self, topic: Topic) -> bool {
        let topics = self.topics();
        topics
            .get(&topic)
            .is_some_and(|channel| channel.sender.receiver_count() > 0)
    }

    /// Tells a preview. Never waits, never fails; nobody has to hear it.
    pub(crate) fn preview(&self, topic: Topic, delta: Delta) {
        if let Delta::Phase { turn, phase } = &delta {
            // Kept for whoever joins, also when nobody follows.
            self.with_channel(topic, |channel| {
                let behind = channel.told.unwrap_or_default();
                let number = channel.doing.say(*turn, phase.clone(), behind);
                drop(
                    channel
                        .sender
                        .send(Cast::Phase(Arc::new(delta.clone()), number)),
                );
            });
            return;
        }
        if let Some(channel) = self.topics().get_mut(&topic) {
            let is_text = matches!(delta, Delta::Text { .. } | Delta::Reasoning { .. });
            let since = channel.growing.more(&delta);
            if is_text && since.is_none() {
                return;
            }
            // An error only says that nobody follows.
            drop(channel.sender.send(Cast::Delta(Arc::new(delta), since)));
        }
    }

    /// Tells what cannot be stored, above all that nothing can be stored.
    pub(crate) fn trouble(&self, topic: Topic, turn: Option<TurnId>, problem: Problem) {
        self.with_channel(topic, |channel| {
            drop(channel.sender.send(Cast::Trouble(turn, Arc::new(problem))));
        });
    }

    /// Follows a topic: what came after `after` (`None`: only what is new), then live.
    pub(crate) fn follow(&self, topic: Topic, after: Option<Seq>) -> Signals {
        let (sender, receiver) = mpsc::channel(FOLLOWER_CAPACITY);
        let live = self.with_channel(topic, |channel| channel.sender.subscribe());
        let (storage, bus) = (self.0.storage.clone(), Arc::downgrade(&self.0));
        tokio::spawn(async move {
            let seen = match after {
                Some(seq) => seq,
                None => storage.last_seq(topic).await.unwrap_or_default(),
            };
            drop(storage);
            Follower::new(bus, topic, (live, sender), seen)
                .run(after.is_some())
                .await;
        });
        Signals::new(receiver)
    }

    /// A topic that nobody follows and nobody writes to costs nothing.
    fn forget_if_idle(&self, topic: Topic) {
        let mut topics = self.topics();
        let is_idle = |channel: &Channel| {
            channel.in_flight == 0
                && channel.sender.receiver_count() == 0
                && channel.growing.is_empty()
                && channel.doing.is_empty()
        };
        if topics.get(&topic).is_some_and(is_idle) {
            topics.remove(&topic);
        }
    }

    fn with_channel<T>(&self, topic: Topic, act: impl FnOnce(&mut Channel) -> T) -> T {
        act(self.topics().entry(topic).or_insert_with(|| Channel {
            sender: broadcast::Sender::new(BROADCAST_CAPACITY),
            told: None,
            in_flight: 0,
            waiting: BTreeMap::new(),
            stored: Seq(0),
            growing: Growing::default(),
            doing: Doing::default(),
        }))
    }

    fn stirred(&self) -> MutexGuard<'_, HashMap<ConversationId, Seq>> {
        self.0
            .stirred
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn topics(&self) -> MutexGuard<'_, HashMap<Topic, Channel>> {
        self.0.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Channel {
    fn tell(&mut self, stored: &[Arc<Envelope>]) {
        self.waiting.extend(
            stored
                .iter()
                .map(|envelope| (envelope.seq, envelope.clone())),
        );
        while let Some((&seq, _)) = self.waiting.first_key_value() {
            let is_next = self.told.is_none_or(|told| seq == told.next());
            let is_first_settled = self.told.is_some() || self.in_flight == 0;
            if is_next && is_first_settled {
                if let Some(envelope) = self.waiting.remove(&seq) {
                    drop(self.sender.send(Cast::Event(envelope)));
                }
                self.told = Some(seq);
            } else if self.in_flight == 0 {
                // Nobody here will fill the gap: another process wrote into the topic.
                self.told = self.waiting.last_key_value().map(|(&seq, _)| seq);
                self.waiting.clear();
                drop(self.sender.send(Cast::Resync));
            } else {
                return;
            }
        }
        // While appends are under way they may bring it themselves.
        if self.in_flight == 0
            && self.told.is_none_or(|told| told < self.stored)
            && self.stored > Seq(0)
        {
            self.told = Some(self.stored);
            drop(self.sender.send(Cast::Resync));
        }
    }
}

#[cfg(test)]
mod tests;
