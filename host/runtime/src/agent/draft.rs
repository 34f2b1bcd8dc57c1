//! A streamed answer on its way: previews to followers, a copy to the database at most 250 ms behind.
//!
//! Knows the bus and the storage; knows nothing of the endpoint or of tools. The item that the words
//! belong to is announced with the beginning of the step, which is stored while the endpoint is asked: whatever comes
//! before that is held back.

use super::tokens;
use crate::ambient::Ambient;
use crate::bus::Bus;
use anteroom_api::{
    ConversationId, Delta, Event, Item, ItemBody, ItemEvent, ItemId, Origin, Status, Topic, TurnId,
};
use anteroom_model::StreamEvent;
use anteroom_storage::Storage;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::RwLock;
use tokio::task::JoinHandle;

/// How far the copy in the database may be behind.
pub(crate) const WRITE_BEHIND: Duration = Duration::from_millis(200);

/// Where an answer belongs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DraftPlace {
    pub(crate) conversation: ConversationId,
    pub(crate) turn: TurnId,
    pub(crate) step: u32,
}

/// One model answer as it streams in.
pub(crate) struct Draft {
    bus: Bus,
    storage: Storage,
    ambient: Ambient,
    place: DraftPlace,
    /// The turn's; held while something is announced.
    busy: Arc<RwLock<()>>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// What came before the announcement was stored; none any more once it is.
    held: Option<Vec<StreamEvent>>,
    reasoning: Piece,
    message: Piece,
    announcing: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Piece {
    item: Option<Item>,
    text: String,
    /// Bytes of `text` already previewed.
    previewed: usize,
    /// Characters of those.
    previewed_chars: u64,
    /// Bytes of `text` already in the database.
    saved: usize,
    is_announced: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Reasoning,
    Message,
}

impl Draft {
    pub(crate) fn new(
        bus: Bus,
        storage: Storage,
        ambient: Ambient,
        place: DraftPlace,
        busy: Arc<RwLock<()>>,
    ) -> Self {
        let draft = Self {
            bus,
            storage,
            ambient,
            place,
            busy,
            state: Arc::default(),
        };
        let item = draft.new_item(Kind::Message);
        {
            let mut state = draft.lock();
            state.message.item = Some(item);
            state.held = Some(Vec::new());
        }
        draft
    }

    /// Announces the message; stored together with the beginning of the step, so that its words can be
    /// previewed from the first one on. A message that stays empty leaves nothing.
    pub(crate) fn opening(&self) -> Event {
        let item = self.lock().message.item.clone();
        let item = item.unwrap_or_else(|| self.new_item(Kind::Message));
        Event::Item(ItemEvent::Started(item))
    }

    /// The announcement is stored: what was held back is told, and from now on nothing is.
    pub(crate) fn opened(&self) {
        let held = {
            let mut state = self.lock();
            state.message.is_announced = true;
            state.held.take()
        };
        for event in held.into_iter().flatten() {
            self.tell_of(event);
        }
    }

    /// An estimate of the tokens that have come so far.
    pub(crate) fn said(&self) -> u64 {
        let state = self.lock();
        tokens::of_text(&state.message.text) + tokens::of_text(&state.reasoning.text)
    }

    /// Takes one event of the stream. Never waits.
    pub(crate) fn take(&self, event: StreamEvent) {
        if let Some(held) = &mut self.lock().held {
            held.push(event);
            return;
        }
        self.tell_of(event);
    }

    fn tell_of(&self, event: StreamEvent) {
        let topic = Topic::Conversation(self.place.conversation);
        match event {
            StreamEvent::Phase(phase) => self.bus.preview(
                topic,
                Delta::Phase {
                    turn: self.place.turn,
                    phase,
                },
            ),
            StreamEvent::Text(text) => self.more(Kind::Message, &text),
            StreamEvent::Reasoning(text) => self.more(Kind::Reasoning, &text),
            StreamEvent::Arguments { index, tool, text } => {
                self.bus
                    .preview(topic, Delta::Arguments { index, tool, text });
            }
            StreamEvent::Discarded => self.discard(),
        }
    }

    /// Saves what has come since the last time.
    pub(crate) async fn save(&self) {
        for kind in [Kind::Reasoning, Kind::Message] {
            let due = {
                let mut state = self.lock();
                let piece = state.piece(kind);
                if piece.is_announced && piece.saved < piece.text.len() {
                    piece.saved = piece.text.len();
                    piece.snapshot(kind, Status::Running)
                } else {
                    None
                }
            };
            if let Some(item) = due {
                // A failed copy is only a longer tail at a crash; the end of the step writes it all.
                drop(
                    self.storage
                        .save_partial(self.place.conversation, &item)
                        .await,
                );
            }
        }
    }

    /// The finished items, reasoning first. `text` is what the endpoint's whole answer says.
    ///
    /// Waits for announcements under way, so that the end of an item is never stored before its beginning.
    pub(crate) async fn finish(&self, status: Status, text: Option<(&str, &str)>) -> Vec<Item> {
        let announcing = std::mem::take(&mut self.lock().announcing);
        for announcement in announcing {
            // A panic there means an item nobody was told of; its end still tells everything.
            drop(announcement.await);
        }
        let mut state = self.lock();
        if let Some((reasoning, message)) = text {
            reasoning.clone_into(&mut state.reasoning.text);
            message.clone_into(&mut state.message.text);
        }
        [Kind::Reasoning, Kind::Message]
            .into_iter()
            .filter_map(|kind| {
                let was_announced = state.piece(kind).item.is_some();
                if state.piece(kind).text.is_empty() && !was_announced {
                    return None;
                }
                if !was_announced {
                    let item = self.new_item(kind);
                    state.piece(kind).item = Some(item);
                }
                state.piece(kind).snapshot(kind, status)
            })
            .collect()
    }

    fn more(&self, kind: Kind, text: &str) {
        if text.is_empty() {
            return;
        }
        let mut state = self.lock();
        let is_first = state.piece(kind).item.is_none();
        if is_first {
            let item = self.new_item(kind);
            state.piece(kind).item = Some(item.clone());
            let announcement = self.announce(kind, item);
            state.announcing.push(announcement);
            tracing::debug!(turn = %self.place.turn, ?kind, "the model begins to speak");
        }
        let piece = state.piece(kind);
        piece.text.push_str(text);
        if piece.is_announced {
            // Told while it is held, so that of two that tell the one that was first is told first.
            let delta = piece.preview(kind);
            self.tell(delta);
        }
    }

    /// Stores and tells that the item exists, then lets the waiting words out.
    fn announce(&self, kind: Kind, item: Item) -> JoinHandle<()> {
        let (bus, state) = (self.bus.clone(), self.state.clone());
        let topic = Topic::Conversation(self.place.conversation);
        let busy = self.busy.clone().try_read_owned();
        tokio::spawn(async move {
            let told = bus
                .publish(topic, None, vec![Event::Item(ItemEvent::Started(item))])
                .await;
            drop(busy);
            if told.is_err() {
                return;
            }
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            let piece = state.piece(kind);
            piece.is_announced = true;
            if let Some(delta) = piece.preview(kind) {
                bus.preview(topic, delta);
            }
        })
    }

    fn new_item(&self, kind: Kind) -> Item {
        Item {
            id: self.ambient.uuid().into(),
            turn: self.place.turn,
            step: self.place.step,
            status: Status::Running,
            origin: Origin::Model,
            created_at: self.ambient.now(),
            body: kind.body(String::new()),
        }
    }

    /// A retry begins anew: what was streamed is void, and followers see the item become empty again.
    fn discard(&self) {
        let mut state = self.lock();
        for kind in [Kind::Reasoning, Kind::Message] {
            let piece = state.piece(kind);
            piece.text.clear();
            piece.previewed = 0;
            piece.previewed_chars = 0;
            piece.saved = 0;
            piece.is_announced = false;
            if let Some(item) = piece.item.clone() {
                let announcement = self.announce(kind, item);
                state.announcing.push(announcement);
            }
        }
    }

    fn tell(&self, delta: Option<Delta>) {
        if let Some(delta) = delta {
            self.bus
                .preview(Topic::Conversation(self.place.conversation), delta);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn piece(&mut self, kind: Kind) -> &mut Piece {
        match kind {
            Kind::Reasoning => &mut self.reasoning,
            Kind::Message => &mut self.message,
        }
    }
}

impl Piece {
    fn preview(&mut self, kind: Kind) -> Option<Delta> {
        let text = self
            .text
            .get(self.previewed..)
            .filter(|text| !text.is_empty())?
            .to_owned();
        self.previewed = self.text.len();
        let at = self.previewed_chars;
        self.previewed_chars += u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
        let item: ItemId = self.item.as_ref()?.id;
        Some(match kind {
            Kind::Reasoning => Delta::Reasoning { item, at, text },
            Kind::Message => Delta::Text { item, at, text },
        })
    }

    fn snapshot(&self, kind: Kind, status: Status) -> Option<Item> {
        let item = self.item.clone()?;
        Some(Item {
            status,
            body: kind.body(self.text.clone()),
            ..item
        })
    }
}

impl Kind {
    fn body(self, text: String) -> ItemBody {
        match self {
            Self::Reasoning => ItemBody::Reasoning { text },
            Self::Message => ItemBody::AgentMessage { text },
        }
    }
}
