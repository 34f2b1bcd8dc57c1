//! What holds for every body, however it is cut: grown bodies, and those of `tests/corpus/stream`.

#[path = "../../../../tests/support/settled.rs"]
mod settled;

use super::{Reader, Shape, Sink};
use crate::answer::{Answer, Growing};
use crate::chunk::{Chunk, Many};
use crate::client::StreamEvent;
use crate::limits::CALLS;
use proptest::prelude::*;
use serde_json::json;
use settled::settled;
use std::collections::BTreeSet;

/// Reads events into an answer, as the client does, and writes down what is told on the way.
#[derive(Default)]
struct Taken {
    growing: Growing,
    text: String,
    reasoning: String,
    is_done: bool,
}

impl Sink for Taken {
    type Error = String;

    fn data(&mut self, data: &str) -> Result<bool, String> {
        let chunks = match serde_json::from_str::<Many<Chunk>>(data) {
            Ok(chunks) => chunks,
            Err(error) if error.is_eof() => return Ok(false),
            Err(error) => return Err(error.to_string()),
        };
        let (text, reasoning) = (&mut self.text, &mut self.reasoning);
        for chunk in chunks.items {
            let mut tell = |event| match event {
                StreamEvent::Text(more) => text.push_str(&more),
                StreamEvent::Reasoning(more) => reasoning.push_str(&more),
                _ => {}
            };
            let taken = self.growing.take(chunk, &mut tell);
            taken.map_err(|overflow| format!("{overflow:?}"))?;
        }
        Ok(true)
    }
    fn done(&mut self) -> Result<(), String> {
        self.growing.done();
        self.is_done = true;
        Ok(())
    }
    fn broken(&mut self) -> String {
        "broken".into()
    }
    fn too_large(&mut self, what: &'static str) -> String {
        what.into()
    }
}

#[derive(Debug, PartialEq)]
struct Outcome {
    result: Result<(), String>,
    shape: Shape,
    is_done: bool,
    told: (String, String),
    answer: Answer,
}

fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let (mut reader, mut taken) = (Reader::new(), Taken::default());
    let mut result = Ok(());
    for piece in pieces {
        result = result.and_then(|()| reader.feed(piece, &mut taken));
    }
    result = result.and_then(|()| reader.end(&mut taken));
    Outcome {
        result,
        shape: reader.shape(),
        is_done: taken.is_done,
        told: (taken.text, taken.reasoning),
        answer: taken.growing.finish(),
    }
}

/// Cuts a body at these places; those behind its end are none.
fn cut<'a>(body: &'a [u8], places: &BTreeSet<usize>) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let mut from = 0;
    for &place in places.iter().filter(|place| **place < body.len()) {
        pieces.push(&body[from..place]);
        from = place;
    }
    pieces.push(&body[from..]);
    pieces
}

/// What a caller may rely on, whatever came.
fn hold(outcome: &Outcome) {
    let Outcome { told, answer, .. } = outcome;
    assert_eq!((&told.0, &told.1), (&answer.text, &answer.reasoning));
    assert!(answer.calls.len() <= CALLS);
    let ids: BTreeSet<&str> = answer.calls.iter().map(|call| call.id.as_str()).collect();
    assert_eq!(ids.len(), answer.calls.len(), "ids are unique");
    assert!(!ids.contains(""), "and not empty");
    for call in &answer.calls {
        let is_object = call.arguments.as_ref().map(serde_json::Value::is_object);
        assert_ne!(is_object, Ok(false), "{call:?}");
    }
}

fn piece() -> impl Strategy<Value = String> {
    let delta = prop_oneof![
        "[a ü🙂]{0,8}".prop_map(|text| json!({ "content": text })),
        "[a ü]{0,8}".prop_map(|text| json!({ "reasoning_content": text })),
        ("[a-c]{0,3}", "[ab]{0,2}", "[{}\":1,a ]{0,9}", 0..4_u32).prop_map(
            |(id, name, arguments, index)| {
                json!({ "tool_calls": [{
                    "index": index, "id": id, "function": { "name": name, "arguments": arguments },
                }] })
            }
        ),
        "[a-c]{1,3}".prop_map(|name| json!({ "tool_calls": [{ "function": {
            "name": name, "arguments": { "a": [1, "ü"] } } }] })),
    ];
    let finish = prop_oneof![
        Just(json!(null)),
        Just(json!("stop")),
        Just(json!("tool_calls"))
    ];
    let chunk = (delta, finish).prop_map(|(delta, finish)| {
        json!({ "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }] })
    });
    prop_oneof![
        8 => chunk.prop_map(|chunk| format!("data: {chunk}\n\n")),
        1 => Just("data: [DONE]\n\n".to_owned()),
        1 => Just("data: {\"choices\":\ndata: []}\r\n\r\n".to_owned()),
        1 => Just(": ping\r\r".to_owned()),
        1 => Just("event: x\nid: 1\n".to_owned()),
        1 => Just("data: {\"usage\":{\"prompt_tokens\":3}}\r\n\r\n".to_owned()),
        1 => "[\\PC\r\n]{0,12}",
    ]
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let pieces = proptest::collection::vec(piece(), 0..12);
    let start = prop_oneof![4 => Just(""), 1 => Just("\u{feff}"), 1 => Just(" \r\n")];
    let whole = (start, pieces)
        .prop_map(|(start, pieces)| format!("{start}{}", pieces.concat()).into_bytes());
    let flips = proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..4);
    let flips = prop_oneof![3 => Just(Vec::new()), 1 => flips];
    (whole, flips).prop_map(|(mut body, flips)| {
        for (at, byte) in flips {
            if !body.is_empty() {
                let at = at.index(body.len());
                body[at] = byte;
            }
        }
        body
    })
}

proptest! {
    #![proptest_config(settled(3000))]

    #[test]
    fn cuts_change_nothing(
        body in body(),
        places in proptest::collection::btree_set(0..600_usize, 0..12),
    ) {
        let whole = read([body.as_slice()]);
        hold(&whole);
        prop_assert_eq!(&read(cut(&body, &places)), &whole);
        prop_assert_eq!(&read(body.chunks(1)), &whole);
    }

    #[test]
    fn arguments_arrive_as_they_were_sent(
        text in "[a-z{}\\[\\]\",:\\\\ ü🙂]{0,40}",
        places in proptest::collection::btree_set(0..40_usize, 0..6),
    ) {
        let arguments = json!({ "text": text }).to_string();
        let characters: Vec<char> = arguments.chars().collect();
        let mut body = format!("data: {}\n\n", json!({ "choices": [{ "delta": { "tool_calls": [{
            "index": 0, "id": "c", "function": { "name": "f", "arguments": "" },
        }] } }] }));
        let mut from = 0;
        let ends = places.into_iter().filter(|place| *place < characters.len());
        for to in ends.chain([characters.len()]) {
            let piece: String = characters[from..to].iter().collect();
            from = to;
            let delta = json!({ "choices": [{ "delta": { "tool_calls": [{
                "index": 0, "function": { "arguments": piece },
            }] } }] });
            body.push_str(&format!("data: {delta}\n\n"));
        }
        let outcome = read([body.as_bytes()]);
        prop_assert_eq!(&outcome.result, &Ok(()));
        let [call] = outcome.answer.calls.as_slice() else { panic!("{outcome:?}") };
        prop_assert_eq!(&call.arguments, &Ok(json!({ "text": text })));
    }
}

#[test]
fn the_corpus_is_read_alike_however_it_is_cut() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/stream");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let body = std::fs::read(&path).unwrap();
        let whole = read([body.as_slice()]);
        hold(&whole);
        for size in [1, 2, 3, 7, 64] {
            assert_eq!(
                read(body.chunks(size)),
                whole,
                "{} by {size}",
                path.display()
            );
        }
        // Broken off anywhere, it is an error or an answer.
        for end in 0..body.len() {
            hold(&read([&body[..end]]));
        }
        files += 1;
    }
    assert!(files >= 8, "{files} files in {folder}");
}
