//! What the endpoint answers: ordinary answers built from their parts, and every kind of misbehavior.
//!
//! A [`Reply`] is a head and a list of [`Step`]s, so a test can also put one together byte by byte.

use serde_json::{Map, Value, json};
use tokio::sync::watch;

/// A place where an answer waits until the test lets it go on.
#[derive(Clone, Debug)]
pub struct Gate {
    open: watch::Sender<bool>,
    reached: watch::Sender<bool>,
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Self {
            open: watch::Sender::new(false),
            reached: watch::Sender::new(false),
        }
    }

    /// Lets everybody through, now and later.
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    /// Waits until an answer has come as far as here.
    pub async fn reached(&self) {
        let mut reached = self.reached.subscribe();
        reached.wait_for(|is| *is).await.expect("the gate exists");
    }

    pub(crate) async fn pass(&self) {
        self.reached.send_replace(true);
        let mut open = self.open.subscribe();
        open.wait_for(|is| *is).await.expect("the gate exists");
    }
}

/// One thing an answer does.
#[derive(Clone, Debug)]
pub enum Step {
    /// Sends bytes of the body.
    Send(Vec<u8>),
    /// Sends the same bytes many times.
    Repeat(Vec<u8>, usize),
    /// Waits at a gate.
    Wait(Gate),
    /// Resets the connection.
    Reset,
    /// Closes the connection, as if the body ended here.
    Close,
}

/// How the body's length is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// `Transfer-Encoding: chunked`; each step is a chunk.
    Chunked,
    /// `Content-Length`.
    Length,
    /// Until the connection closes.
    Close,
    /// Not at all: the steps are the whole answer, its head included.
    Raw,
}

/// How the body of a stream is cut into pieces of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// One piece for each event.
    Events,
    /// Pieces of so many bytes, cutting lines and characters anywhere.
    Bytes(usize),
    /// All in one piece.
    Whole,
}

/// One answer.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub framing: Framing,
    pub steps: Vec<Step>,
    stream: Option<Stream>,
}

/// An ordinary streamed answer, still in its parts.
#[derive(Clone, Debug)]
struct Stream {
    chunks: Vec<Piece>,
    finish: Option<String>,
    usage: Option<Value>,
    is_done_sent: bool,
    newline: &'static str,
    split: Split,
    calls: usize,
}

#[derive(Clone, Debug)]
enum Piece {
    Delta(Value),
    Line(String),
    Step(Step),
}

impl Reply {
    fn new(status: u16, media_type: &str, framing: Framing, steps: Vec<Step>) -> Self {
        Self {
            status,
            headers: vec![("Content-Type".into(), media_type.into())],
            framing,
            steps,
            stream: None,
        }
    }

    // Ordinary answers.

    /// A streamed answer without anything in it yet.
    pub fn stream() -> Self {
        let mut reply = Self::new(200, "text/event-stream", Framing::Chunked, Vec::new());
        reply.stream = Some(Stream {
            chunks: Vec::new(),
            finish: None,
            usage: Some(usage(10, 5, 0)),
            is_done_sent: true,
            newline: "\n",
            split: Split::Events,
            calls: 0,
        });
        reply
    }

    /// A streamed answer of text, a token for each word.
    pub fn text(text: &str) -> Self {
        Self::stream().say(text)
    }

    /// A streamed answer of one call.
    pub fn call(name: &str, arguments: Value) -> Self {
        Self::stream().and_call(name, arguments)
    }

    /// A streamed answer that thinks first.
    pub fn reasoning(thought: &str, text: &str) -> Self {
        Self::stream().think(thought).say(text)
    }

    /// A whole document.
    pub fn json(status: u16, body: &Value) -> Self {
        let body = body.to_string().into_bytes();
        Self::new(
            status,
            "application/json",
            Framing::Length,
            vec![Step::Send(body)],
        )
    }

    /// A list of models.
    pub fn models<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let data: Vec<Value> = names
            .into_iter()
            .map(|name| json!({ "id": name, "object": "model", "owned_by": "script" }))
            .collect();
        Self::json(200, &json!({ "object": "list", "data": data }))
    }

    // Building a streamed answer.

    fn piece(mut self, piece: Piece) -> Self {
        let stream = self.stream.as_mut().expect("a streamed reply");
        stream.chunks.push(piece);
        self
    }

    /// Says a text, a token for each word.
    pub fn say(self, text: &str) -> Self {
        text.split_inclusive(' ').fold(self, Self::token)
    }

    /// Says these tokens.
    pub fn tokens<'a>(self, tokens: impl IntoIterator<Item = &'a str>) -> Self {
        tokens.into_iter().fold(self, Self::token)
    }

    /// Says one token.
    pub fn token(self, text: &str) -> Self {
        self.delta(json!({ "content": text }))
    }

    /// Thinks, as `reasoning_content`.
    pub fn think(self, text: &str) -> Self {
        text.split_inclusive(' ').fold(self, |reply, token| {
            reply.delta(json!({ "reasoning_content": token }))
        })
    }

    /// Adds a call, in one delta with index and id `call_<n>`, counted over the reply from 0.
    pub fn and_call(mut self, name: &str, arguments: Value) -> Self {
        let stream = self.stream.as_mut().expect("a streamed reply");
        let index = stream.calls;
        stream.calls += 1;
        // Ids differ between replies, as real ones do: a history holds many.
        let id = format!(
            "call_{name}_{index}_{:x}",
            hash(&(name, arguments.to_string()))
        );
        self.delta(json!({ "tool_calls": [{
            "index": index, "id": id, "type": "function",
            "function": { "name": name, "arguments": arguments.to_string() },
        }] }))
    }

    /// Adds a call whose arguments come in pieces of so many bytes (cut between characters).
    pub fn and_call_in_pieces(mut self, name: &str, arguments: &Value, bytes: usize) -> Self {
        let stream = self.stream.as_mut().expect("a streamed reply");
        let index = stream.calls;
        stream.calls += 1;
        let head = json!({ "tool_calls": [{
            "index": index, "id": format!("call_{name}_{index}"), "type": "function",
            "function": { "name": name, "arguments": "" },
        }] });
        let text: Vec<char> = arguments.to_string().chars().collect();
        text.chunks(bytes.max(1))
            .fold(self.delta(head), |reply, piece| {
                let piece: String = piece.iter().collect();
                reply.delta(json!({ "tool_calls": [{
                "index": index, "function": { "arguments": piece },
            }] }))
            })
    }

    /// Adds a delta as it is.
    pub fn delta(self, delta: Value) -> Self {
        self.piece(Piece::Delta(delta))
    }

    /// Adds an event with this data as it is.
    pub fn data(self, data: &str) -> Self {
        self.piece(Piece::Line(format!("data: {data}")))
    }

    /// Adds a line (a comment, another field) and an empty one.
    pub fn line(self, line: &str) -> Self {
        self.piece(Piece::Line(line.to_owned()))
    }

    /// Waits at a gate before it goes on.
    pub fn wait(mut self, gate: &Gate) -> Self {
        let step = Step::Wait(gate.clone());
        if self.stream.is_some() {
            return self.piece(Piece::Step(step));
        }
        self.steps.push(step);
        self
    }

    /// Resets the connection here; nothing after it is sent.
    pub fn reset(self) -> Self {
        self.ending(Step::Reset)
    }

    /// Closes the connection here; nothing after it is sent.
    pub fn close(self) -> Self {
        self.ending(Step::Close)
    }

    fn ending(mut self, step: Step) -> Self {
        if self.stream.is_some() {
            return self.piece(Piece::Step(step));
        }
        self.steps.push(step);
        self
    }

    fn change(mut self, change: impl FnOnce(&mut Stream)) -> Self {
        change(self.stream.as_mut().expect("a streamed reply"));
        self
    }

    /// Sets the finish reason; without, it is `stop`, or `tool_calls` beside calls.
    pub fn finish(self, reason: &str) -> Self {
        self.change(|stream| stream.finish = Some(reason.to_owned()))
    }

    /// Sends no finish reason.
    pub fn without_finish(self) -> Self {
        self.finish("")
    }

    /// Sets the usage: tokens of the prompt, of the answer, and of the prompt from a cache.
    pub fn usage(self, prompt: u64, completion: u64, cached: u64) -> Self {
        self.change(|stream| stream.usage = Some(usage(prompt, completion, cached)))
    }

    /// Sends no usage.
    pub fn without_usage(self) -> Self {
        self.change(|stream| stream.usage = None)
    }

    /// Sends no `[DONE]`.
    pub fn without_done(self) -> Self {
        self.change(|stream| stream.is_done_sent = false)
    }

    /// Ends lines with CR LF.
    pub fn crlf(self) -> Self {
        self.change(|stream| stream.newline = "\r\n")
    }

    /// Cuts the body otherwise.
    pub fn split(self, split: Split) -> Self {
        self.change(|stream| stream.split = split)
    }

    // Answers of any kind.

    /// Tells the body's length otherwise.
    pub fn framed(mut self, framing: Framing) -> Self {
        self.framing = framing;
        self
    }

    /// Adds or replaces a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers
            .retain(|(held, _)| !held.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the status.
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    // Misbehavior.

    /// An error with the usual JSON body.
    pub fn error(status: u16, message: &str) -> Self {
        Self::json(
            status,
            &json!({ "error": { "message": message, "type": "scripted" } }),
        )
    }

    /// A web page.
    pub fn html(status: u16, title: &str) -> Self {
        let page = format!(
            "<!DOCTYPE html>\n<html><head><title>{title}</title></head><body>…</body></html>"
        );
        Self::new(
            status,
            "text/html",
            Framing::Length,
            vec![Step::Send(page.into_bytes())],
        )
    }

    /// A stream of exactly these bytes.
    pub fn sse(bytes: impl Into<Vec<u8>>) -> Self {
        let steps = vec![Step::Send(bytes.into())];
        Self::new(200, "text/event-stream", Framing::Chunked, steps)
    }

    /// A stream of exactly these pieces, each sent by itself.
    pub fn pieces<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let steps = pieces.into_iter().map(|piece| Step::Send(piece.to_vec()));
        Self::new(200, "text/event-stream", Framing::Chunked, steps.collect())
    }

    /// Exactly these bytes, head included; the connection closes after them.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(0, "", Framing::Raw, vec![Step::Send(bytes.into())])
    }

    /// A redirect.
    pub fn redirect(status: u16, target: &str) -> Self {
        Self::new(status, "text/plain", Framing::Length, Vec::new()).header("Location", target)
    }

    /// A line that does not end, of so many bytes.
    pub fn huge_line(bytes: usize) -> Self {
        let piece = vec![b'x'; 64 * 1024];
        let times = bytes / piece.len();
        let steps = vec![
            Step::Send(b"data: {\"a\":\"".to_vec()),
            Step::Repeat(piece, times),
        ];
        Self::new(200, "text/event-stream", Framing::Chunked, steps)
    }

    /// So many deltas of the same content.
    pub fn many(delta: &Value, times: usize) -> Self {
        let event = event_of(&chunk(json!([{ "index": 0, "delta": delta }]))).repeat(100);
        let end = event_of(&chunk(
            json!([{ "index": 0, "delta": {}, "finish_reason": "stop" }]),
        ));
        let steps = vec![
            Step::Repeat(event.into_bytes(), times / 100),
            Step::Send(format!("{end}data: [DONE]\n\n").into_bytes()),
        ];
        Self::new(200, "text/event-stream", Framing::Chunked, steps)
    }

    /// Headers that do not end.
    pub fn endless_headers() -> Self {
        let line = format!("X-Filler: {}\r\n", "x".repeat(1000));
        let steps = vec![
            Step::Send(b"HTTP/1.1 200 OK\r\n".to_vec()),
            Step::Repeat(line.into_bytes(), usize::MAX),
        ];
        Self::new(0, "", Framing::Raw, steps)
    }

    /// A head that stops in the middle until the gate opens.
    pub fn slow_head(gate: &Gate) -> Self {
        let steps = vec![
            Step::Send(b"HTTP/1.1 200 OK\r\nContent-".to_vec()),
            Step::Wait(gate.clone()),
            Step::Send(b"Length: 0\r\n\r\n".to_vec()),
        ];
        Self::new(0, "", Framing::Raw, steps)
    }

    /// Nothing at all until the gate opens, then the connection closes.
    pub fn silence(gate: &Gate) -> Self {
        Self::new(
            0,
            "",
            Framing::Raw,
            vec![Step::Wait(gate.clone()), Step::Close],
        )
    }

    /// The connection is reset without an answer.
    pub fn hang_up() -> Self {
        Self::new(0, "", Framing::Raw, vec![Step::Reset])
    }

    /// The steps of the body, a streamed answer put together.
    pub(crate) fn body(&self) -> Vec<Step> {
        match &self.stream {
            Some(stream) => stream.steps(),
            None => self.steps.clone(),
        }
    }
}

impl Stream {
    fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut held = String::new();
        let mut events: Vec<Piece> = Vec::new();
        events.push(Piece::Delta(json!({ "role": "assistant", "content": "" })));
        events.extend(self.chunks.iter().cloned());
        let finish = match self.finish.as_deref() {
            None if self.calls > 0 => "tool_calls",
            None => "stop",
            Some(reason) => reason,
        };
        if !finish.is_empty() {
            let last = json!([{ "index": 0, "delta": {}, "finish_reason": finish }]);
            events.push(Piece::Line(format!("data: {}", chunk(last))));
        }
        if let Some(usage) = &self.usage {
            let mut last = chunk(json!([]));
            last["usage"] = usage.clone();
            events.push(Piece::Line(format!("data: {last}")));
        }
        if self.is_done_sent {
            events.push(Piece::Line("data: [DONE]".into()));
        }
        for event in events {
            match event {
                Piece::Delta(delta) => {
                    let event =
                        chunk(json!([{ "index": 0, "delta": delta, "finish_reason": null }]));
                    held.push_str(&format!("data: {event}{0}{0}", self.newline));
                }
                Piece::Line(line) => held.push_str(&format!("{line}{0}{0}", self.newline)),
                Piece::Step(step) => {
                    self.cut(&mut held, &mut steps);
                    steps.push(step);
                    continue;
                }
            }
            if self.split == Split::Events {
                self.cut(&mut held, &mut steps);
            }
        }
        self.cut(&mut held, &mut steps);
        steps
    }

    fn cut(&self, held: &mut String, steps: &mut Vec<Step>) {
        let bytes = std::mem::take(held).into_bytes();
        let size = match self.split {
            Split::Bytes(size) => size.max(1),
            Split::Events | Split::Whole => bytes.len().max(1),
        };
        steps.extend(bytes.chunks(size).map(|piece| Step::Send(piece.to_vec())));
    }
}

fn chunk(choices: Value) -> Value {
    json!({
        "id": "chatcmpl-scripted", "object": "chat.completion.chunk", "created": 1,
        "model": "scripted", "choices": choices,
    })
}

fn event_of(chunk: &Value) -> String {
    format!("data: {chunk}\n\n")
}

fn usage(prompt: u64, completion: u64, cached: u64) -> Value {
    let mut usage = Map::new();
    usage.insert("prompt_tokens".into(), prompt.into());
    usage.insert("completion_tokens".into(), completion.into());
    usage.insert("total_tokens".into(), (prompt + completion).into());
    usage.insert(
        "prompt_tokens_details".into(),
        json!({ "cached_tokens": cached }),
    );
    Value::Object(usage)
}

fn hash(of: &impl std::hash::Hash) -> u32 {
    use std::hash::{DefaultHasher, Hasher};
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    u32::try_from(hasher.finish() >> 32).expect("32 bits")
}
