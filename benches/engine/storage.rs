//! The database alone: the appends of a turn, and reads of 100 000 messages.

use crate::report::{Report, Samples};
use crate::world::World;
use anteroom_api::{
    Content, ConversationEvent, ConversationFilter, ConversationId, ConversationKind,
    ConversationView, Event, FolderEvent, FolderId, FolderView, Item, ItemBody, ItemEvent, Origin,
    Seq, Status, StopReason, Topic, Trust, TurnEvent, TurnId, TurnOptions, UnixMillis, Usage,
};
use anteroom_runtime::Ambient;
use anteroom_storage::{Entry, Storage, UserStamp};
use anyhow::ensure;
use std::path::Path;
use std::time::{Duration, Instant};

const START: UnixMillis = UnixMillis(1_790_000_000_000);
const MESSAGES: usize = 100_000;
const LARGEST: usize = 10_000;
const CONVERSATIONS: usize = 510;
const TURN: usize = 4;
const ROUNDS: usize = 50;
const WORDS: [&str; 30] = [
    "the", "and", "server", "rust", "database", "alpha", "error", "line", "file", "tool", "agent",
    "message", "stream", "cargo", "window", "token", "border", "green", "light", "water", "stone",
    "paper", "cloud", "river", "mountain", "signal", "packet", "vector", "matrix", "kernel",
];

/// A database that is filled as the host fills it.
pub(crate) struct Book {
    storage: Storage,
    ambient: Ambient,
}

impl Book {
    pub(crate) async fn open(path: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            storage: Storage::open(path, START).await?,
            ambient: Ambient::system(),
        })
    }

    async fn conversation(&self, number: usize) -> anyhow::Result<ConversationId> {
        let id = ConversationId(self.ambient.uuid());
        let view = ConversationView {
            id,
            kind: ConversationKind::Chat,
            title: format!("Conversation {number}"),
            workspace: "/home/ada/app".to_owned(),
            model: Some("scripted".to_owned()),
            mode: None,
            parent: None,
            forked_from: None,
            database: None,
            filing: anteroom_api::Filing::default(),
            trust: Trust::User,
            created_at: START,
            updated_at: START,
            seq: Seq(0),
            running: None,
            usage: Usage::default(),
        };
        let opened = ConversationEvent::Opened {
            conversation: Box::new(view),
        };
        self.append(id, number, vec![Event::Conversation(opened)])
            .await?;
        Ok(id)
    }

    async fn append(
        &self,
        conversation: ConversationId,
        number: usize,
        events: Vec<Event>,
    ) -> anyhow::Result<()> {
        let entry = Entry {
            topic: Topic::Conversation(conversation),
            cause: Some(self.ambient.uuid().into()),
            at: START.plus(number as i64 * 1000),
            user: Some(UserStamp {
                user_id: "u-1".to_owned(),
                user_display_name: "Ada".to_owned(),
            }),
            events,
        };
        self.storage.append(entry).await?;
        Ok(())
    }

    /// What the appends of one turn without calls take, made as the host makes them.
    pub(crate) async fn turn(&self, number: usize) -> anyhow::Result<Duration> {
        let conversation = self.conversation(number).await?;
        let turn = TurnId(self.ambient.uuid());
        let question = self.item(turn, 0, Status::Completed, says_user("Say something."));
        let answer = self.item(turn, 1, Status::Running, says(""));
        let whole = Item {
            status: Status::Completed,
            body: says("Fine."),
            ..answer.clone()
        };
        let usage = Usage::default();
        let since = Instant::now();
        let begins = vec![
            Event::Turn(TurnEvent::Started {
                turn,
                options: TurnOptions::default(),
            }),
            Event::Item(ItemEvent::Completed(question)),
            Event::Turn(TurnEvent::StepStarted { turn, step: 1 }),
            Event::Item(ItemEvent::Started(answer)),
        ];
        self.append(conversation, number, begins).await?;
        let ends = vec![
            Event::Item(ItemEvent::Completed(whole)),
            Event::Turn(TurnEvent::StepEnded {
                turn,
                step: 1,
                usage,
                record: None,
            }),
            Event::Turn(TurnEvent::Ended {
                turn,
                stop: StopReason::EndTurn,
                usage,
            }),
        ];
        self.append(conversation, number, ends).await?;
        Ok(since.elapsed())
    }

    fn item(&self, turn: TurnId, step: u32, status: Status, body: ItemBody) -> Item {
        Item {
            id: self.ambient.uuid().into(),
            turn,
            step,
            status,
            origin: Origin::Model,
            created_at: START,
            body,
        }
    }

    /// One long conversation and many short ones.
    async fn fill(&self) -> anyhow::Result<(ConversationId, usize)> {
        let short = (MESSAGES - LARGEST).div_ceil(CONVERSATIONS - 1);
        let mut dice = Dice(12_345);
        let mut made = 0;
        let mut largest = None;
        for number in 0..CONVERSATIONS {
            let conversation = self.conversation(number).await?;
            let count = if number == 0 { LARGEST } else { short };
            largest.get_or_insert(conversation);
            // Many turns in one commit: filling is not what is measured.
            let mut left = count;
            while left > 0 {
                let batch = left.min(200);
                let mut events = Vec::new();
                for _ in 0..batch.div_ceil(TURN) {
                    events.extend(self.long_turn(&mut dice));
                    made += TURN;
                }
                self.append(conversation, number, events).await?;
                left -= batch;
            }
        }
        Ok((largest.unwrap_or(ConversationId(self.ambient.uuid())), made))
    }

    fn long_turn(&self, dice: &mut Dice) -> Vec<Event> {
        let turn = TurnId(self.ambient.uuid());
        let mut events = vec![Event::Turn(TurnEvent::Started {
            turn,
            options: TurnOptions::default(),
        })];
        for message in 0..TURN {
            let text = dice.text();
            let body = if message == 0 {
                says_user(&text)
            } else {
                says(&text)
            };
            let item = self.item(turn, message as u32, Status::Completed, body);
            events.push(Event::Item(ItemEvent::Completed(item)));
        }
        events.push(Event::Turn(TurnEvent::Ended {
            turn,
            stop: StopReason::EndTurn,
            usage: Usage::default(),
        }));
        events
    }
}

fn says(text: &str) -> ItemBody {
    ItemBody::AgentMessage {
        text: text.to_owned(),
    }
}

fn says_user(text: &str) -> ItemBody {
    ItemBody::UserMessage {
        content: vec![Content::text(text)],
    }
}

/// The same texts in every run.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }

    /// Forty words, and now and then a rare one.
    fn text(&mut self) -> String {
        let mut text = String::new();
        for _ in 0..40 {
            text.push_str(WORDS[self.throw(WORDS.len())]);
            text.push(' ');
            if self.throw(20) == 0 {
                text.push_str(&format!("rare{} ", self.throw(100_000)));
            }
        }
        text
    }
}

pub(crate) async fn measure(report: &mut Report) -> anyhow::Result<()> {
    let world = World::new()?;
    let path = world.path().join("data").join("anteroom.db");
    let book = Book::open(&path).await?;
    let since = Instant::now();
    let (largest, made) = book.fill().await?;
    let status = book.storage.status().await?;
    report.value(
        format!("database filled: {made} messages in {CONVERSATIONS} conversations"),
        format!(
            "{:.1} s, {} MB",
            since.elapsed().as_secs_f64(),
            status.size_bytes >> 20
        ),
    );
    let storage = &book.storage;
    let page = storage
        .items(largest, anteroom_api::ItemsAt::Newest, 50)
        .await?;
    ensure!(page.entries.len() == 50, "the last page is not full");
    let samples = rounds(async || {
        drop(storage.conversations(None, 50).await?);
        Ok(())
    })
    .await?;
    report.times("list of 50 conversations", &samples);
    let samples = rounds(async || {
        drop(
            storage
                .items(largest, anteroom_api::ItemsAt::Newest, 50)
                .await?,
        );
        Ok(())
    })
    .await?;
    report.times("last 50 items of the conversation with 10 000", &samples);
    let open = async || {
        drop(storage.conversation(largest).await?);
        drop(storage.turns(largest).await?);
        drop(
            storage
                .items(largest, anteroom_api::ItemsAt::Newest, 50)
                .await?,
        );
        Ok(())
    };
    report.times(
        "that conversation's view, turns and last page",
        &rounds(open).await?,
    );
    let samples = rounds(async || {
        drop(storage.all_items(largest).await?);
        Ok(())
    })
    .await?;
    report.times("all its 10 000 items, as a turn loads them", &samples);
    for words in [
        "rare777",
        "rare",
        "server rust",
        "serv",
        "the",
        "the and server rust alpha",
    ] {
        let hits = storage.search(words, 20).await?.len();
        let samples = rounds(async || {
            drop(storage.search(words, 20).await?);
            Ok(())
        })
        .await?;
        report.times(format!("search `{words}`, {hits} hits shown"), &samples);
    }
    for (name, filter) in filters(storage).await? {
        let samples = rounds(async || {
            drop(storage.filtered(filter.clone(), None, 50).await?);
            Ok(())
        })
        .await?;
        report.times(format!("list of 50 {name}"), &samples);
    }
    let Book { storage, .. } = book;
    storage.close().await?;
    let mut full = Samples::default();
    let mut empty = Samples::default();
    for round in 0..ROUNDS {
        let since = Instant::now();
        let storage = Storage::open(&path, START).await?;
        full.add(since.elapsed());
        storage.close().await?;
        let small = world.path().join("small.db");
        let since = Instant::now();
        let storage = Storage::open(&small, START).await?;
        if round > 0 {
            empty.add(since.elapsed());
        }
        storage.close().await?;
    }
    report.times("opened, with 100 000 messages", &full);
    report.times("opened, without any", &empty);
    Ok(())
}

async fn rounds(mut act: impl AsyncFnMut() -> anyhow::Result<()>) -> anyhow::Result<Samples> {
    act().await?;
    let mut samples = Samples::default();
    for _ in 0..ROUNDS {
        let since = Instant::now();
        act().await?;
        samples.add(since.elapsed());
    }
    Ok(samples)
}

/// Puts half of the conversations somewhere, and asks for those.
async fn filters(storage: &Storage) -> anyhow::Result<Vec<(&'static str, ConversationFilter)>> {
    let all = storage.conversations(None, CONVERSATIONS as u32).await?;
    let folder = FolderView {
        id: FolderId(all.entries[0].id.0),
        name: "research".to_owned(),
        path: "research".to_owned(),
        parent: None,
        database: None,
        conversations: 0,
        created_at: START,
    };
    let id = folder.id;
    let tell = async |topic, event| {
        let entry = Entry {
            topic,
            cause: None,
            at: START,
            user: None,
            events: vec![event],
        };
        storage.append(entry).await
    };
    let created = Event::Folder(FolderEvent::Created { folder });
    tell(Topic::Host, created).await?;
    for view in all.entries.iter().step_by(2) {
        let conversation = view.id;
        for event in [
            ConversationEvent::Tagged {
                conversation,
                added: vec!["rust".to_owned()],
                removed: Vec::new(),
            },
            ConversationEvent::Moved {
                conversation,
                folder: Some(id),
            },
        ] {
            let topic = Topic::Conversation(conversation);
            tell(topic, Event::Conversation(event)).await?;
        }
    }
    let all = ConversationFilter {
        kinds: Vec::new(),
        ..ConversationFilter::default()
    };
    Ok(vec![
        (
            "with a tag",
            ConversationFilter {
                tag: Some("rust".to_owned()),
                ..all.clone()
            },
        ),
        (
            "in a folder and below",
            ConversationFilter {
                folder: Some(id),
                is_deep: true,
                ..all.clone()
            },
        ),
        (
            "with a tag in a folder",
            ConversationFilter {
                tag: Some("rust".to_owned()),
                folder: Some(id),
                ..all.clone()
            },
        ),
        (
            "with two words",
            ConversationFilter {
                words: Some("server rust".to_owned()),
                ..all
            },
        ),
    ])
}
