//! The parser must not care where the body is cut, and must take whatever comes.

use super::{Reader, Shape, Sink};
use crate::answer::Growing;
use crate::chunk::{Chunk, Many};

/// Writes down what it is given; JSON is complete if braces are balanced.
#[derive(Debug, Default, PartialEq)]
struct Notes(Vec<String>);

impl Sink for Notes {
    type Error = String;
    fn data(&mut self, data: &str) -> Result<bool, String> {
        if data.matches('{').count() > data.matches('}').count() {
            return Ok(false);
        }
        self.0.push(data.to_owned());
        Ok(true)
    }
    fn done(&mut self) -> Result<(), String> {
        self.0.push("done".into());
        Ok(())
    }
    fn broken(&mut self) -> String {
        "broken".into()
    }
    fn too_large(&mut self, what: &'static str) -> String {
        what.into()
    }
}

type Outcome = (Notes, Shape, Result<(), String>);

fn read(pieces: &[&[u8]]) -> Outcome {
    let (mut reader, mut notes) = (Reader::new(), Notes::default());
    let mut result = Ok(());
    for piece in pieces {
        result = result.and_then(|()| reader.feed(piece, &mut notes));
    }
    result = result.and_then(|()| reader.end(&mut notes));
    (notes, reader.shape(), result)
}

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below
    }
}

const BODIES: [&str; 5] = [
    "\u{feff}\n: hi\r\ndata: {\"a\":\"ü🙂\"}\r\n\r\nevent: x\rdata:{\ndata: \"b\":1}\n\ndata: [DONE]\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"ab\",\"tool_calls\":[{\"index\":0,\"id\":\"x\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}}]}\n\ndata: {\"usage\":{\"prompt_tokens\":1}}\n\n",
    " {\"choices\":[{\"message\":{\"content\":[{\"type\":\"text\",\"text\":\"a\"}]}}]} ",
    "<!DOCTYPE html><title>x</title>",
    "\n\n\r\n",
];

#[test]
fn cuts_change_nothing() {
    let mut numbers = Numbers(1);
    for body in BODIES {
        let body = body.as_bytes();
        let whole = read(&[body]);
        for at in 0..=body.len() {
            assert_eq!(read(&[&body[..at], &body[at..]]), whole, "cut at {at}");
        }
        for _ in 0..200 {
            let mut pieces = Vec::new();
            let mut rest = body;
            while !rest.is_empty() {
                let (piece, after) = rest.split_at(1 + numbers.next(rest.len()));
                pieces.push(piece);
                rest = after;
            }
            assert_eq!(read(&pieces), whole);
        }
    }
}

/// Reads events into an answer, as the client does, without its errors.
struct Swallow(Growing);

impl Sink for Swallow {
    type Error = ();
    fn data(&mut self, data: &str) -> Result<bool, ()> {
        match serde_json::from_str::<Many<Chunk>>(data) {
            Ok(chunks) => {
                for chunk in chunks.items {
                    self.0.take(chunk, &mut |_| {}).map_err(|_| ())?;
                }
                Ok(true)
            }
            Err(error) if error.is_eof() => Ok(false),
            Err(_) => Ok(true),
        }
    }
    fn done(&mut self) -> Result<(), ()> {
        self.0.done();
        Ok(())
    }
    fn broken(&mut self) {}
    fn too_large(&mut self, _: &'static str) {}
}

#[test]
fn nothing_makes_it_panic() {
    let mut numbers = Numbers(7);
    const BYTES: &[u8] = b"{}[]\":,0e-\\u\r\n \xff\xc3data:null";
    for round in 0..20_000 {
        let mut body = BODIES[round % BODIES.len()].as_bytes().to_vec();
        for _ in 0..=numbers.next(6) {
            let at = numbers.next(body.len());
            match numbers.next(3) {
                0 => body[at] = BYTES[numbers.next(BYTES.len())],
                1 => body.insert(at, BYTES[numbers.next(BYTES.len())]),
                _ => {
                    let end = at + numbers.next(body.len() - at);
                    let repeated = body[at..end].to_vec();
                    body.splice(at..at, repeated);
                }
            }
        }
        let mut swallow = Swallow(Growing::default());
        let mut reader = Reader::new();
        let (first, second) = body.split_at(numbers.next(body.len()));
        let _ = reader
            .feed(first, &mut swallow)
            .and_then(|()| reader.feed(second, &mut swallow))
            .and_then(|()| reader.end(&mut swallow));
        let _ = swallow.0.finish();
    }
}
