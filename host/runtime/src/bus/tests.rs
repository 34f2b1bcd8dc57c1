//! Texts without gaps for whoever joins, is slow or sees a retry; the phase that holds; what is stirred.

use super::*;
use crate::ambient::Ambient;
use anteroom_api::{
    ConversationEvent, ConversationKind, ConversationView, Filing, Item, ItemBody, ItemEvent,
    Origin, Phase, Signal, Status, Trust, TurnEvent, Usage,
};
use std::time::Duration;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

struct Place {
    _folder: tempfile::TempDir,
    ambient: Ambient,
    bus: Bus,
    view: ConversationView,
    item: Item,
}

impl Place {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ambient = Ambient::fixed(1_790_000_000_000);
        let bus = bus(folder.path(), &ambient).await;
        let now = ambient.now();
        let view = ConversationView {
            id: ambient.uuid().into(),
            kind: ConversationKind::Chat,
            title: String::new(),
            workspace: "/work".to_owned(),
            model: None,
            mode: None,
            parent: None,
            forked_from: None,
            database: None,
            filing: Filing::default(),
            trust: Trust::User,
            created_at: now,
            updated_at: now,
            seq: Seq(0),
            running: None,
            usage: Usage::default(),
        };
        let item = Item {
            id: ambient.uuid().into(),
            turn: ambient.uuid().into(),
            step: 1,
            status: Status::Running,
            origin: Origin::Model,
            created_at: now,
            body: ItemBody::AgentMessage {
                text: String::new(),
            },
        };
        let place = Self {
            _folder: folder,
            ambient,
            bus,
            view,
            item,
        };
        let opened = ConversationEvent::Opened {
            conversation: Box::new(place.view.clone()),
        };
        place.tell(Event::Conversation(opened)).await;
        place
    }

    fn topic(&self) -> Topic {
        Topic::Conversation(self.view.id)
    }

    async fn tell(&self, event: Event) -> Seq {
        let stored = self.bus.publish(self.topic(), None, vec![event]).await;
        stored.unwrap()[0].seq
    }

    async fn begin(&self) -> Seq {
        self.tell(Event::Item(ItemEvent::Started(self.item.clone())))
            .await
    }

    async fn end(&self, text: &str) {
        let item = Item {
            status: Status::Completed,
            body: ItemBody::AgentMessage {
                text: text.to_owned(),
            },
            ..self.item.clone()
        };
        self.tell(Event::Item(ItemEvent::Completed(item))).await;
    }

    fn say(&self, at: u64, text: &str) {
        let delta = Delta::Text {
            item: self.item.id,
            at,
            text: text.to_owned(),
        };
        self.bus.preview(self.topic(), delta);
    }

    fn follow(&self, after: Option<Seq>) -> Reader {
        Reader {
            signals: self.bus.follow(self.topic(), after),
            text: None,
            complete: None,
            restarts: 0,
        }
    }
}

async fn bus(folder: &std::path::Path, ambient: &Ambient) -> Bus {
    let storage = Storage::open(&folder.join("a.db"), ambient.now()).await;
    let user = UserStamp {
        user_id: "u".to_owned(),
        user_display_name: "Ada".to_owned(),
    };
    Bus::new(storage.unwrap(), ambient.clone(), user)
}

/// A follower as frontends are to be.
struct Reader {
    signals: Signals,
    text: Option<String>,
    complete: Option<String>,
    restarts: u32,
}

impl Reader {
    async fn next(&mut self) -> Signal {
        let next = tokio::time::timeout(PATIENCE, self.signals.next()).await;
        next.expect("nothing is told").expect("the bus has ended")
    }

    /// Takes one signal; panics at a gap.
    async fn step(&mut self) {
        match self.next().await {
            Signal::Event { envelope } => match envelope.event {
                Event::Item(ItemEvent::Started(_)) => {
                    self.restarts += u32::from(self.text.is_some());
                    self.text = Some(String::new());
                }
                Event::Item(ItemEvent::Completed(item)) => {
                    if let ItemBody::AgentMessage { text } = item.body {
                        self.complete = Some(text);
                    }
                }
                _ => {}
            },
            Signal::Delta {
                delta: Delta::Text { at, text, .. },
            } => {
                assert!(self.complete.is_none(), "previewed after its end");
                let had = self.text.get_or_insert_default();
                let known = had.chars().count();
                let at = usize::try_from(at).unwrap();
                assert!(at <= known, "a gap: {at} > {known}");
                had.extend(text.chars().skip(known - at));
            }
            other => panic!("{other:?}"),
        }
    }

    async fn until_text(&mut self, wanted: &str) {
        while self.text.as_deref() != Some(wanted) {
            self.step().await;
            let had = self.text.as_deref().unwrap_or_default();
            assert!(wanted.starts_with(had), "{had:?} does not begin {wanted:?}");
        }
    }
}

#[tokio::test]
async fn whoever_joins_in_the_middle_has_the_whole_text_at_once() {
    let place = Place::new().await;
    let began = place.begin().await;
    // Nobody follows, and the text is kept all the same.
    place.say(0, "für ");
    place.say(4, "dich");
    let mut replaying = place.follow(Some(Seq(0)));
    let mut resuming = place.follow(Some(began));
    let mut joining = place.follow(None);
    for reader in [&mut replaying, &mut resuming, &mut joining] {
        reader.until_text("für dich").await;
    }
    place.say(8, " und mich");
    for reader in [&mut replaying, &mut resuming, &mut joining] {
        reader.until_text("für dich und mich").await;
    }
    place.end("für dich und mich.").await;
    for reader in [&mut replaying, &mut resuming, &mut joining] {
        while reader.complete.is_none() {
            reader.step().await;
        }
    }
    // Complete is complete, and costs nothing any more.
    place.say(17, " late");
    let mut late = place.follow(Some(began));
    while late.complete.is_none() {
        late.step().await;
    }
    assert_eq!(late.text, None);
    drop((replaying, resuming, joining, late));
    place.begin().await;
    place.end("").await;
    place
        .bus
        .with_channel(place.topic(), |channel| assert!(channel.growing.is_empty()));
}

#[tokio::test]
async fn whoever_is_too_slow_catches_up_without_a_gap_also_when_nothing_more_comes() {
    let place = Place::new().await;
    let began = place.begin().await;
    let mut slow = place.follow(Some(began));
    let mut whole = String::new();
    // More than fits into both queues.
    for number in 0..3 * BROADCAST_CAPACITY {
        let at = u64::try_from(whole.chars().count()).unwrap();
        let piece = format!("{number}é ");
        place.say(at, &piece);
        whole.push_str(&piece);
        if number % 100 == 0 {
            tokio::task::yield_now().await;
        }
    }
    slow.until_text(&whole).await;
}

#[tokio::test]
async fn a_retry_begins_the_text_anew_for_everybody() {
    let place = Place::new().await;
    let began = place.begin().await;
    let mut present = place.follow(Some(began));
    place.say(0, "wrong words");
    present.until_text("wrong words").await;
    place.begin().await;
    place.say(0, "right");
    while present.restarts == 0 {
        present.step().await;
    }
    present.until_text("right").await;
    let mut replaying = place.follow(Some(Seq(0)));
    while replaying.restarts == 0 {
        replaying.step().await;
    }
    replaying.until_text("right").await;
    let mut joining = place.follow(None);
    joining.until_text("right").await;
}

#[tokio::test]
async fn every_moment_shows_a_beginning_however_fast_it_is_said_and_retried() {
    let place = std::sync::Arc::new(Place::new().await);
    let mut readers = tokio::task::JoinSet::new();
    let (tell, told) = tokio::sync::watch::channel(String::new());
    for number in 0..6 {
        let (place, told) = (place.clone(), told.clone());
        readers.spawn(async move {
            for _ in 0..number * 7 {
                tokio::task::yield_now().await;
            }
            let mut reader = place.follow(Some(Seq(0)));
            while reader.complete.is_none() {
                reader.step().await;
                // Each try says its own letter again and again.
                let text = reader.text.clone().unwrap_or_default();
                let mut letters: Vec<char> = text.chars().collect();
                letters.dedup();
                assert!(letters.len() <= 1, "mixed: {text}");
                if number % 2 == 0 {
                    tokio::task::yield_now().await;
                }
            }
            assert_eq!(reader.complete.unwrap(), *told.borrow());
        });
    }
    let mut whole = String::new();
    for letter in ['a', 'b', 'c', 'd'] {
        place.begin().await;
        whole.clear();
        for number in 0..200_u64 {
            place.say(2 * number, &letter.to_string().repeat(2));
            whole.extend([letter, letter]);
            if number % 10 == 0 {
                tokio::task::yield_now().await;
            }
        }
    }
    tell.send_replace(whole.clone());
    place.end(&whole).await;
    while let Some(done) = readers.join_next().await {
        done.unwrap();
    }
}

async fn stirred(signals: &mut Signals) -> ConversationId {
    loop {
        let next = tokio::time::timeout(PATIENCE, signals.next()).await;
        if let Signal::Stirred { conversation } = next.expect("nothing is told").unwrap() {
            return conversation;
        }
    }
}

#[tokio::test]
async fn lists_are_told_that_something_was_stored_by_whichever_process() {
    let place = Place::new().await;
    let folder = place._folder.path();
    let there = bus(folder, &place.ambient).await;
    let mut here = place.bus.follow(Topic::Host, None);
    let mut away = there.follow(Topic::Host, None);
    let seq = place.begin().await;
    assert_eq!(stirred(&mut here).await, place.view.id);
    // What another process wrote is found when it is looked for; one's own is not told twice.
    place.bus.looked(place.topic(), Looked(seq));
    there.looked(place.topic(), Looked(seq));
    assert_eq!(stirred(&mut away).await, place.view.id);
    let other = place.ambient.uuid().into();
    place.bus.looked(Topic::Conversation(other), Looked(Seq(1)));
    assert_eq!(stirred(&mut here).await, other);
}

impl Place {
    fn does(&self, phase: Phase) {
        let turn = self.item.turn;
        self.bus.preview(self.topic(), Delta::Phase { turn, phase });
    }
}

impl Reader {
    /// The next phase; texts and facts before it are passed by.
    async fn phase(&mut self) -> Phase {
        loop {
            if let Signal::Delta {
                delta: Delta::Phase { phase, .. },
            } = self.next().await
            {
                return phase;
            }
        }
    }
}

fn running(tool: &str) -> Phase {
    Phase::Running { tool: tool.into() }
}

#[tokio::test]
async fn whoever_joins_is_told_the_phase_that_holds() {
    let place = Place::new().await;
    let beginning = place.begin().await;
    // Nobody follows; only the last one counts.
    place.does(Phase::Waiting);
    place.does(running("bash"));
    let mut new = place.follow(None);
    assert_eq!(new.phase().await, running("bash"));
    let mut again = place.follow(Some(Seq(beginning.0 - 1)));
    let first = again.next().await;
    assert!(matches!(first, Signal::Event { .. }), "{first:?}");
    assert_eq!(again.phase().await, running("bash"));
    // It is told once, and every later one.
    place.does(Phase::WaitingForApproval);
    place.does(running("grep"));
    for reader in [&mut new, &mut again] {
        assert_eq!(reader.phase().await, Phase::WaitingForApproval);
        assert_eq!(reader.phase().await, running("grep"));
    }
}

#[tokio::test]
async fn a_phase_ends_with_its_step() {
    let place = Place::new().await;
    place.begin().await;
    place.does(running("bash"));
    let step = TurnEvent::StepStarted {
        turn: place.item.turn,
        step: 2,
    };
    let step = place.tell(Event::Turn(step)).await;
    let mut reader = place.follow(Some(step));
    place.begin().await;
    // It has joined once it tells this, and told the phase if there were one.
    let first = reader.next().await;
    assert!(matches!(first, Signal::Event { .. }), "{first:?}");
    place.does(Phase::Streaming);
    assert_eq!(reader.phase().await, Phase::Streaming);
}
