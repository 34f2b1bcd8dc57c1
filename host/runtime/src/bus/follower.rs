//! One follower of a topic: facts each once and in order, texts without a gap, the phase that holds, everything else if
//! there is room.

use super::growing::{self, Told};
use super::{Cast, Inner, REPLAY_PAGE};
use anteroom_api::{
    ConversationId, Delta, Envelope, Event, ItemEvent, ItemId, Problem, Seq, Signal, Topic,
};
use std::collections::{BTreeSet, HashMap};
use std::sync::{PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{broadcast, mpsc};
use tokio::time::Instant;

/// How long conversations that something was stored in are gathered before they are told: a turn stores several facts
/// in a row, and each that is told is read anew.
const GATHER: Duration = Duration::from_millis(100);

pub(super) struct Follower {
    bus: Weak<Inner>,
    topic: Topic,
    live: broadcast::Receiver<Cast>,
    sender: mpsc::Sender<Signal>,
    seen: Seq,
    /// How much of each text was told.
    told: HashMap<ItemId, Told>,
    /// Whether there was no room for a part of a text.
    is_behind: bool,
    /// The number of the last phase that was told.
    phase: u64,
    /// Whether one may have been missed.
    is_phase_due: bool,
    stirred: BTreeSet<ConversationId>,
    /// When those are told.
    stir_at: Option<Instant>,
}

/// What a follower has to do next.
enum Next {
    Cast(Result<Cast, broadcast::error::RecvError>),
    Room,
    Stir,
}

impl Follower {
    pub(super) fn new(
        bus: Weak<Inner>,
        topic: Topic,
        (live, sender): (broadcast::Receiver<Cast>, mpsc::Sender<Signal>),
        seen: Seq,
    ) -> Self {
        Self {
            bus,
            topic,
            live,
            sender,
            seen,
            told: HashMap::new(),
            is_behind: false,
            phase: 0,
            is_phase_due: true,
            stirred: BTreeSet::new(),
            stir_at: None,
        }
    }

    pub(super) async fn run(mut self, has_history: bool) {
        if has_history && self.catch_up().await.is_none() {
            return;
        }
        if self.heal().is_none() {
            return;
        }
        loop {
            let stir_at = self.stir_at;
            let next = tokio::select! {
                cast = self.live.recv() => Next::Cast(cast),
                _ = self.sender.reserve(), if self.is_behind => Next::Room,
                () = at(stir_at), if stir_at.is_some() => Next::Stir,
                () = self.sender.closed() => return,
            };
            let went_on = match next {
                Next::Cast(cast) => self.take(cast).await,
                Next::Room => self.heal(),
                Next::Stir => {
                    self.tell_stirred();
                    Some(())
                }
            };
            if went_on.is_none() {
                return;
            }
        }
    }

    async fn take(&mut self, cast: Result<Cast, broadcast::error::RecvError>) -> Option<()> {
        match cast {
            Ok(Cast::Event(envelope)) => {
                self.event(&envelope).await?;
                self.heal()
            }
            Ok(Cast::Delta(delta, None)) => self.offer(Signal::Delta {
                delta: delta.as_ref().clone(),
            }),
            Ok(Cast::Delta(delta, Some(since))) => self.text(&delta, since),
            Ok(Cast::Phase(delta, number)) => self.phase(&delta, number),
            Ok(Cast::Stirred(conversation)) => {
                self.stirred.insert(conversation);
                self.stir_at.get_or_insert_with(|| Instant::now() + GATHER);
                Some(())
            }
            Ok(Cast::Trouble(turn, problem)) => {
                let problem = Problem::clone(&problem);
                self.sender
                    .send(Signal::Trouble { turn, problem })
                    .await
                    .ok()
            }
            Ok(Cast::Resync) => {
                self.catch_up().await?;
                self.heal()
            }
            Err(broadcast::error::RecvError::Lagged(_)) => {
                self.is_phase_due = true;
                self.catch_up().await?;
                self.heal()
            }
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }

    async fn event(&mut self, envelope: &Envelope) -> Option<()> {
        if envelope.seq > self.seen.next() {
            self.catch_up().await?;
        }
        if envelope.seq <= self.seen {
            return Some(());
        }
        self.deliver(envelope.clone()).await
    }

    async fn deliver(&mut self, envelope: Envelope) -> Option<()> {
        self.seen = envelope.seq;
        match &envelope.event {
            Event::Item(ItemEvent::Started(item)) => {
                if let Some((_, text)) = growing::begun(item) {
                    self.told.insert(item.id, Told::all(envelope.seq, text));
                }
            }
            Event::Item(ItemEvent::Completed(item)) => {
                self.told.remove(&item.id);
            }
            _ => {}
        }
        self.sender.send(Signal::Event { envelope }).await.ok()
    }

    /// A part of a text that grows since a fact. Facts may be ahead of the parts that wait here, but never behind.
    fn text(&mut self, delta: &Delta, since: Seq) -> Option<()> {
        let (Delta::Text { item, at, text } | Delta::Reasoning { item, at, text }) = delta else {
            return Some(());
        };
        match self.told.get_mut(item) {
            Some(told) if told.since > since => Some(()),
            // Told already, in one piece with others.
            Some(told) if told.since == since && told.chars >= *at + growing::count(text) => {
                Some(())
            }
            Some(told) if told.since == since && told.chars == *at => {
                let signal = Signal::Delta {
                    delta: delta.clone(),
                };
                match self.sender.try_send(signal) {
                    Ok(()) => {
                        told.chars += growing::count(text);
                        told.bytes += text.len();
                        Some(())
                    }
                    Err(mpsc::error::TrySendError::Full(_)) => {
                        self.is_behind = true;
                        Some(())
                    }
                    Err(mpsc::error::TrySendError::Closed(_)) => None,
                }
            }
            _ => self.heal(),
        }
    }

    /// What the turn does, unless it was told when this follower joined.
    fn phase(&mut self, delta: &Delta, number: u64) -> Option<()> {
        if number <= self.phase {
            return Some(());
        }
        let signal = Signal::Delta {
            delta: delta.clone(),
        };
        match self.sender.try_send(signal) {
            Ok(()) => self.phase = number,
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.is_phase_due = true;
                self.is_behind = true;
            }
            Err(mpsc::error::TrySendError::Closed(_)) => return None,
        }
        Some(())
    }

    /// Tells the phase that holds, if it may have been missed and there is room.
    fn heal_phase(&mut self, bus: &Inner) -> Option<()> {
        if !std::mem::take(&mut self.is_phase_due) {
            return Some(());
        }
        let missing = {
            let topics = bus.topics.lock().unwrap_or_else(PoisonError::into_inner);
            let channel = topics.get(&self.topic);
            channel.and_then(|channel| channel.doing.missing(self.seen, self.phase))
        };
        match missing {
            Some((number, delta)) => self.phase(&delta, number),
            None => Some(()),
        }
    }

    /// Tells what is missing of the phase and of texts, as far as there is room.
    fn heal(&mut self) -> Option<()> {
        self.is_behind = false;
        let bus = self.bus.upgrade()?;
        self.heal_phase(&bus)?;
        loop {
            let missing = {
                let topics = bus.topics.lock().unwrap_or_else(PoisonError::into_inner);
                let Some(channel) = topics.get(&self.topic) else {
                    return Some(());
                };
                let mut visible = channel.growing.visible(self.seen);
                let known = visible.find_map(|(item, now)| {
                    let had = match self.told.get(&item) {
                        Some(told) if told.since > now.since => return None,
                        Some(told) if told.since == now.since => *told,
                        // A fact that is being stored may make the text another one; it is told here right after.
                        _ if channel.in_flight > 0 => return None,
                        _ => Told::all(now.since, ""),
                    };
                    (now.chars > had.chars).then_some((item, had, now))
                });
                let Some((item, had, now)) = known else {
                    return Some(());
                };
                if self.sender.capacity() == 0 {
                    self.is_behind = true;
                    return Some(());
                }
                self.told.insert(item, now);
                channel.growing.missing(item, had)
            };
            if let Some(delta) = missing {
                // Only this task sends, so there still is room.
                self.offer(Signal::Delta { delta })?;
            }
        }
    }

    /// What goes only to who has room for it.
    fn offer(&self, signal: Signal) -> Option<()> {
        match self.sender.try_send(signal) {
            Ok(()) | Err(mpsc::error::TrySendError::Full(_)) => Some(()),
            Err(mpsc::error::TrySendError::Closed(_)) => None,
        }
    }

    fn tell_stirred(&mut self) {
        self.stir_at = None;
        while let Some(conversation) = self.stirred.pop_first() {
            if let Err(mpsc::error::TrySendError::Full(_)) =
                self.sender.try_send(Signal::Stirred { conversation })
            {
                self.stirred.insert(conversation);
                self.stir_at = Some(Instant::now() + GATHER);
                return;
            }
        }
    }

    /// Delivers what the journal has after `seen`. On a storage failure the follower is told where to resume.
    async fn catch_up(&mut self) -> Option<()> {
        let storage = self.bus.upgrade()?.storage.clone();
        loop {
            let Ok(page) = storage.events(self.topic, self.seen, REPLAY_PAGE).await else {
                drop(self.sender.send(Signal::Lagged { resume: self.seen }).await);
                return None;
            };
            let is_last = page.len() < REPLAY_PAGE as usize;
            if let Some(first) = page.first()
                && first.seq > self.seen.next()
            {
                // What came before was let go of: whoever needs it reads the views anew.
                let resume = Seq(first.seq.0 - 1);
                drop(self.sender.send(Signal::Lagged { resume }).await);
                return None;
            }
            for envelope in page {
                self.deliver(envelope).await?;
            }
            if is_last {
                return Some(());
            }
        }
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
