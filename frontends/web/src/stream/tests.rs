//! The event stream against a host that is only channels.

use super::batch::Batch;
use super::{EventStream, Follow, Wanted};
use anteroom_api::{
    ConversationId, Delta, Envelope, Event, ItemId, OutputStream, Phase, Seq, Signal, Signals,
    Stop, TagEvent, Topic, TurnId, UnixMillis,
};
use serde_json::{Value, json};
use std::str::FromStr;
use std::sync::{Arc, Mutex};
use tokio::sync::{mpsc, watch};

const ID: &str = "018f0000-0000-7000-8000-000000000001";

fn conversation() -> Topic {
    Topic::Conversation(ConversationId::from_str(ID).unwrap())
}

fn fact(topic: Topic, seq: u64) -> Signal {
    Signal::Event {
        envelope: Envelope {
            topic,
            seq: Seq(seq),
            at: UnixMillis(0),
            cause: None,
            event: Event::Tag(TagEvent::Deleted {
                tag: format!("t{seq}"),
            }),
        },
    }
}

fn text(at: u64, text: &str) -> Signal {
    let item = ItemId::from_str(ID).unwrap();
    let text = text.to_owned();
    Signal::Delta {
        delta: Delta::Text { item, at, text },
    }
}

/// What was followed, and from where.
type Asked = (Topic, Option<Seq>);

/// Hands out prepared channels and notes who asked from where.
#[derive(Clone, Default)]
struct Host {
    asked: Arc<Mutex<Vec<Asked>>>,
    channels: Arc<Mutex<Vec<mpsc::Sender<Signal>>>>,
}

impl Host {
    fn follow(&self) -> Follow {
        let host = self.clone();
        Box::new(move |topic, after| {
            let (sender, receiver) = mpsc::channel(16);
            host.asked.lock().unwrap().push((topic, after));
            host.channels.lock().unwrap().push(sender);
            Signals::new(receiver)
        })
    }

    fn tell(&self, index: usize, signal: Signal) {
        self.channels.lock().unwrap()[index]
            .try_send(signal)
            .unwrap();
    }

    fn hang_up(&self, index: usize) {
        let (sender, _) = mpsc::channel(1);
        self.channels.lock().unwrap()[index] = sender;
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn open(host: &Host, follow: &[&str]) -> (EventStream, watch::Sender<bool>) {
    let (raise, stop) = Stop::new();
    let follow_list: Vec<String> = follow.iter().map(|text| (*text).to_owned()).collect();
    let wanted = Wanted::parse_all(&follow_list).unwrap();
    (EventStream::new(host.follow(), wanted, stop), raise)
}

async fn next(stream: &mut EventStream) -> String {
    let bytes = stream.next().await.expect("the stream has ended");
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The data of the one frame that was written.
fn data(written: &str) -> Value {
    let data = written.strip_prefix("event: signals\ndata: ").unwrap();
    serde_json::from_str(data.strip_suffix("\n\n").unwrap()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_stream_says_first_from_where_it_tells() {
    let host = Host::default();
    let (mut stream, _raise) = open(&host, &["host@7", &format!("conversation:{ID}")]);
    assert_eq!(
        next(&mut stream).await,
        format!(
            "event: ready\ndata: {{\"follow\":[{{\"topic\":\"host\",\"seq\":7}},\
             {{\"topic\":\"conversation:{ID}\",\"seq\":null}}]}}\n\n"
        )
    );
    assert_eq!(
        host.asked(),
        [(Topic::Host, Some(Seq(7))), (conversation(), None)]
    );
}

#[tokio::test(start_paused = true)]
async fn what_has_come_is_written_at_once_and_together() {
    let host = Host::default();
    let (mut stream, _raise) = open(&host, &["host@0"]);
    next(&mut stream).await;
    host.tell(0, fact(Topic::Host, 1));
    let one = data(&next(&mut stream).await);
    assert_eq!(one["topic"], "host");
    assert_eq!(one["signals"].as_array().unwrap().len(), 1);
    assert_eq!(
        one["signals"][0],
        serde_json::to_value(fact(Topic::Host, 1)).unwrap()
    );
    host.tell(0, fact(Topic::Host, 2));
    host.tell(0, fact(Topic::Host, 3));
    let two = data(&next(&mut stream).await);
    assert_eq!(two["signals"].as_array().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn each_topic_has_a_frame_of_its_own() {
    let host = Host::default();
    let (mut stream, _raise) = open(&host, &["host@0", &format!("conversation:{ID}@0")]);
    next(&mut stream).await;
    host.tell(0, fact(Topic::Host, 1));
    host.tell(1, fact(conversation(), 1));
    let written = next(&mut stream).await;
    let frames: Vec<&str> = written.split_terminator("\n\n").collect();
    assert_eq!(frames.len(), 2, "{written}");
    assert!(frames[0].contains("\"topic\":\"host\""), "{written}");
    assert!(
        frames[1].contains(&format!("\"topic\":\"conversation:{ID}\"")),
        "{written}"
    );
}

#[tokio::test(start_paused = true)]
async fn silence_is_broken_by_a_comment() {
    let host = Host::default();
    let (mut stream, _raise) = open(&host, &["host@0"]);
    next(&mut stream).await;
    let began = tokio::time::Instant::now();
    assert_eq!(next(&mut stream).await, ":\n\n");
    assert_eq!(next(&mut stream).await, ":\n\n");
    assert_eq!(began.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_server_is_said_after_what_was_told_before() {
    let host = Host::default();
    let (mut stream, raise) = open(&host, &["host@0"]);
    next(&mut stream).await;
    host.tell(0, fact(Topic::Host, 1));
    raise.send(true).unwrap();
    let written = next(&mut stream).await;
    assert!(written.contains("\"t1\""), "{written}");
    assert!(
        written.ends_with("event: stopping\ndata: {}\n\n"),
        "{written}"
    );
    assert!(stream.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_host_ends_the_stream() {
    let host = Host::default();
    let (mut stream, _raise) = open(&host, &["host@0"]);
    next(&mut stream).await;
    host.hang_up(0);
    assert_eq!(next(&mut stream).await, "event: stopping\ndata: {}\n\n");
    assert!(stream.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_topic_the_host_could_not_read_is_followed_again_from_the_same_place() {
    let host = Host::default();
    let (mut stream, _raise) = open(&host, &["host@4"]);
    next(&mut stream).await;
    host.tell(0, fact(Topic::Host, 5));
    host.tell(0, Signal::Lagged { resume: Seq(5) });
    let written = next(&mut stream).await;
    assert!(!written.contains("lagged"), "{written}");
    // The next frame comes after the topic was followed anew.
    let host_later = host.clone();
    let teller = tokio::spawn(async move {
        while host_later.asked().len() < 2 {
            tokio::task::yield_now().await;
            tokio::time::advance(std::time::Duration::from_millis(50)).await;
        }
        host_later.tell(1, fact(Topic::Host, 6));
    });
    let written = next(&mut stream).await;
    teller.await.unwrap();
    assert_eq!(data(&written)["signals"][0]["envelope"]["seq"], 6);
    assert_eq!(
        host.asked(),
        [(Topic::Host, Some(Seq(4))), (Topic::Host, Some(Seq(5)))]
    );
}

#[tokio::test(start_paused = true)]
async fn what_the_journal_has_let_go_of_is_told_so_that_views_are_read_anew() {
    let host = Host::default();
    let (mut stream, _raise) = open(&host, &["host@4"]);
    next(&mut stream).await;
    host.tell(0, Signal::Lagged { resume: Seq(90) });
    let told = data(&next(&mut stream).await);
    assert_eq!(
        told["signals"],
        json!([{ "signal": "lagged", "resume": 90 }])
    );
}

#[test]
fn previews_that_follow_each_other_are_told_as_one() {
    let mut batch = Batch::default();
    let item = ItemId::from_str(ID).unwrap();
    let turn = TurnId::from_str(ID).unwrap();
    let output = |stream, text: &str| Signal::Delta {
        delta: Delta::Output {
            item,
            stream,
            text: text.to_owned(),
        },
    };
    let phase = |phase| Signal::Delta {
        delta: Delta::Phase { turn, phase },
    };
    let told = [
        phase(Phase::Connecting),
        phase(Phase::Waiting),
        // Characters are counted, not bytes.
        text(0, "ä€"),
        text(2, "𝄞"),
        text(3, "x"),
        // Told anew from the beginning: what came before does not end there.
        text(0, "ä€𝄞x"),
        text(4, "y"),
        output(OutputStream::Stdout, "a"),
        output(OutputStream::Stdout, "b"),
        output(OutputStream::Stderr, "c"),
    ];
    for signal in told {
        batch.add(signal);
    }
    let mut written = Vec::new();
    batch.write(Topic::Host, &mut written);
    let signals = data(&String::from_utf8(written).unwrap())["signals"].clone();
    let deltas: Vec<&Value> = signals
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["delta"])
        .collect();
    let wanted = [
        json!({ "delta": "phase", "turn": ID, "phase": { "phase": "waiting" } }),
        json!({ "delta": "text", "item": ID, "at": 0, "text": "ä€𝄞x" }),
        json!({ "delta": "text", "item": ID, "at": 0, "text": "ä€𝄞xy" }),
        json!({ "delta": "output", "item": ID, "stream": "stdout", "text": "ab" }),
        json!({ "delta": "output", "item": ID, "stream": "stderr", "text": "c" }),
    ];
    assert_eq!(deltas, wanted.iter().collect::<Vec<_>>());
}

#[test]
fn facts_keep_their_place_between_previews() {
    let mut batch = Batch::default();
    batch.add(text(0, "a"));
    batch.add(fact(Topic::Host, 1));
    batch.add(text(1, "b"));
    let mut written = Vec::new();
    batch.write(Topic::Host, &mut written);
    let signals = data(&String::from_utf8(written).unwrap())["signals"].clone();
    let kinds: Vec<&Value> = signals
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["signal"])
        .collect();
    assert_eq!(kinds, ["delta", "event", "delta"]);
}

#[test]
fn what_is_asked_for_is_read_or_refused_with_words() {
    let read = |text: &str| Wanted::parse(text).map(|wanted| wanted.to_string());
    assert_eq!(read("host").unwrap(), "host");
    assert_eq!(read("host@12").unwrap(), "host@12");
    let both = format!("conversation:{ID}@40");
    assert_eq!(read(&both).unwrap(), both);
    for wrong in [
        "",
        "@",
        "host@",
        "host@-1",
        "host@x",
        "Host",
        "conversation",
        "conversation:x",
        "run:1",
        "host:1",
    ] {
        let problem = Wanted::parse(wrong).unwrap_err();
        assert!(
            problem.error.contains("is nothing to follow"),
            "{wrong}: {problem}"
        );
        assert!(problem.hint.unwrap().contains("host@12"));
    }
}

#[test]
fn a_topic_is_followed_once_and_not_too_many() {
    let all = |texts: &[String]| {
        let all = Wanted::parse_all(texts).map_err(|problem| problem.error);
        all.map(|list| list.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let twice = ["host@5".to_owned(), "host@3".to_owned()];
    assert_eq!(all(&twice).unwrap(), ["host@3"]);
    assert_eq!(all(&[]).unwrap_err(), "nothing to follow is named");
    let many: Vec<String> = (0..65)
        .map(|n| format!("conversation:018f0000-0000-7000-8000-0000000000{n:02}"))
        .collect();
    assert_eq!(
        all(&many).unwrap_err(),
        "65 topics are too many for one stream"
    );
}
