//! One attempt: from connecting to the last token, each step with its limit.

use crate::address::Addresses;
use crate::answer::{Answer, Growing, Overflow};
use crate::chunk::{Chunk, Many};
use crate::client::StreamEvent;
use crate::key::Key;
use crate::limits::{ANSWER_BYTES, CALLS, ERROR_BYTES, LINE_BYTES};
use crate::retry::retry_after;
use crate::stream::{Reader, Shape, Sink};
use crate::transport;
use crate::upload::{Sent, upload};
use crate::{ModelError, Timeouts, Wait};
use anteroom_api::{Phase, Stop};
use bytes::Bytes;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE,
    LOCATION,
};
use reqwest::{RequestBuilder, Response};
use std::future::Future;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

/// After this silence the answer is called stalled, and again after each further second.
const STALLED_AFTER: Duration = Duration::from_secs(5);
const STALLED_EACH: Duration = Duration::from_secs(1);

/// How long the usage, `[DONE]` or the end may come after the finish reason.
const AFTERTHOUGHT: Duration = Duration::from_secs(2);

/// Tells the caller, and remembers what it was told.
pub(crate) struct Teller<'a> {
    on: &'a mut (dyn FnMut(StreamEvent) + Send),
    has_output: bool,
}

impl<'a> Teller<'a> {
    pub(crate) fn new(on: &'a mut (dyn FnMut(StreamEvent) + Send)) -> Self {
        Self {
            on,
            has_output: false,
        }
    }

    pub(crate) fn phase(&mut self, phase: Phase) {
        (self.on)(StreamEvent::Phase(phase));
    }

    fn output(&mut self, event: StreamEvent) {
        if !self.has_output {
            self.has_output = true;
            self.phase(Phase::Streaming);
        }
        (self.on)(event);
    }

    pub(crate) fn has_output(&self) -> bool {
        self.has_output
    }

    /// Voids what was told of the answer, if anything was.
    pub(crate) fn discard(&mut self) {
        if std::mem::take(&mut self.has_output) {
            (self.on)(StreamEvent::Discarded);
        }
    }
}

/// A limit: what is waited for, until when, and how long that is.
pub(crate) type Limit = (Wait, Instant, Duration);

/// Waits that end: by themselves, at their limit, at the limit of the whole, or when stopped.
pub(crate) struct Patience<'a> {
    stop: &'a mut Stop,
    url: &'a str,
    whole: Limit,
}

impl<'a> Patience<'a> {
    pub(crate) fn new(stop: &'a mut Stop, url: &'a str, whole: Duration) -> Self {
        Self {
            stop,
            url,
            whole: (Wait::Request, Instant::now() + whole, whole),
        }
    }

    pub(crate) async fn wait<F: Future>(
        &mut self,
        limit: Limit,
        future: F,
    ) -> Result<F::Output, ModelError> {
        let (wait, until, limit) = if self.whole.1 < limit.1 {
            self.whole
        } else {
            limit
        };
        tokio::select! {
            biased;
            () = self.stop.raised() => Err(ModelError::Cancelled),
            output = future => Ok(output),
            () = sleep_until(until) => Err(ModelError::Timeout {
                url: self.url.to_owned(),
                wait,
                limit,
            }),
        }
    }
}

/// All that one attempt needs.
pub(crate) struct Attempt<'a, 't> {
    pub(crate) http: &'a reqwest::Client,
    pub(crate) addresses: &'a Addresses,
    pub(crate) timeouts: &'a Timeouts,
    pub(crate) key: &'a Key,
    pub(crate) model: &'a str,
    pub(crate) patience: Patience<'a>,
    pub(crate) teller: &'a mut Teller<'t>,
}

impl Attempt<'_, '_> {
    /// Asks for an answer.
    pub(crate) async fn run(mut self, body: Bytes) -> Result<Answer, ModelError> {
        let length = body.len();
        let (body, progress) = upload(body);
        let request = self
            .http
            .post(self.addresses.chat.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(CONTENT_LENGTH, length)
            .header(ACCEPT, "text/event-stream")
            .body(body);
        let (response, first_token) = self.send(request, Some(progress)).await?;
        let mut response = self.accepted(response, first_token).await?;
        let answer = self.read(&mut response, first_token).await?;
        release(response);
        Ok(answer)
    }

    /// Reads a whole document.
    pub(crate) async fn get(
        &mut self,
        limit_bytes: usize,
        reached: &mut (dyn FnMut() + Send),
    ) -> Result<Vec<u8>, ModelError> {
        let request = self
            .http
            .get(self.addresses.models.clone())
            .header(ACCEPT, "application/json");
        let (response, until) = self.send(request, None).await?;
        reached();
        let mut response = self.accepted(response, until).await?;
        let (bytes, is_whole) = self.collect(&mut response, limit_bytes, until).await?;
        if is_whole {
            Ok(bytes)
        } else {
            Err(self.too_large("a document", limit_bytes))
        }
    }

    /// Sends the request; gives the answer's head and the limit for the first token.
    async fn send(
        &mut self,
        request: RequestBuilder,
        mut progress: Option<watch::Receiver<Sent>>,
    ) -> Result<(Response, Limit), ModelError> {
        let mut request = request.header(ACCEPT_ENCODING, "identity");
        if let Some(key) = &self.key.header {
            request = request.header(AUTHORIZATION, key.clone());
        }
        let Timeouts {
            connect,
            write,
            first_token,
            ..
        } = *self.timeouts;
        // Without a body there is nothing that tells connecting and waiting apart.
        let mut limit = match progress {
            Some(_) => (Wait::Connect, Instant::now() + connect, connect),
            None => {
                let both = connect + first_token;
                (Wait::FirstToken, Instant::now() + both, both)
            }
        };
        let sending = request.send();
        tokio::pin!(sending);
        loop {
            let step = async {
                tokio::select! {
                    biased;
                    sent = advance(&mut progress) => Err(sent),
                    response = &mut sending => Ok(response),
                }
            };
            match self.patience.wait(limit, step).await? {
                Err(Sent::Nothing) => progress = None,
                Err(Sent::Partly) => limit = (Wait::Write, Instant::now() + write, write),
                Err(Sent::Whole) => {
                    progress = None;
                    limit = (Wait::FirstToken, Instant::now() + first_token, first_token);
                    self.teller.phase(Phase::Waiting);
                }
                Ok(Ok(response)) => return Ok((response, limit)),
                Ok(Err(error)) if error.is_timeout() => {
                    return Err(ModelError::Timeout {
                        url: self.addresses.shown.clone(),
                        wait: Wait::Connect,
                        limit: connect,
                    });
                }
                Ok(Err(error)) => return Err(transport::sending(&error, &self.addresses.shown)),
            }
        }
    }

    /// Lets an answer pass that may be one.
    async fn accepted(
        &mut self,
        mut response: Response,
        limit: Limit,
    ) -> Result<Response, ModelError> {
        let status = response.status();
        let url = self.addresses.shown.clone();
        if status.is_redirection() {
            let target = response.headers().get(LOCATION);
            let target = target.map(|target| String::from_utf8_lossy(target.as_bytes()));
            let target = target.unwrap_or_default();
            let target = match response.url().join(&target) {
                Ok(target) => crate::address::shown(&target),
                Err(_) => target.into_owned(),
            };
            return Err(ModelError::Redirected { url, target });
        }
        let encoding = response.headers().get(CONTENT_ENCODING);
        if encoding.is_some_and(|name| !name.as_bytes().eq_ignore_ascii_case(b"identity")) {
            return Err(ModelError::Unreadable {
                url,
                detail: "the answer is compressed, which was not asked for".into(),
            });
        }
        if status.is_success() {
            return Ok(response);
        }
        let retry_after = retry_after(response.headers());
        let limit = (Wait::FirstToken, limit.1, limit.2);
        let (body, _) = self.collect(&mut response, ERROR_BYTES, limit).await?;
        let message = complaint(&String::from_utf8_lossy(&body));
        Err(ModelError::Status {
            url,
            status: status.as_u16(),
            message: self.key.redact(message),
            model: (!self.model.is_empty()).then(|| self.model.to_owned()),
            retry_after,
        })
    }

    /// Reads up to so many bytes; tells whether that was all.
    async fn collect(
        &mut self,
        response: &mut Response,
        limit_bytes: usize,
        limit: Limit,
    ) -> Result<(Vec<u8>, bool), ModelError> {
        let mut bytes = Vec::new();
        loop {
            match self.patience.wait(limit, response.chunk()).await? {
                Ok(Some(chunk)) => {
                    let room = limit_bytes - bytes.len();
                    bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
                    if chunk.len() > room {
                        return Ok((bytes, false));
                    }
                }
                Ok(None) => return Ok((bytes, true)),
                // What came of an error's body is all there is.
                Err(_) if !response.status().is_success() => return Ok((bytes, true)),
                Err(error) => return Err(transport::reading(&error, &self.addresses.shown)),
            }
        }
    }

    /// Reads the answer.
    async fn read(
        &mut self,
        response: &mut Response,
        first_token: Limit,
    ) -> Result<Answer, ModelError> {
        let mut reader = Reader::new();
        let mut taking = Taking {
            growing: Growing::default(),
            url: &self.addresses.shown,
            key: self.key,
            is_done: false,
            teller: &mut *self.teller,
        };
        let mut silence = Silence::begin(self.timeouts.chunk_stall);
        while !taking.is_done {
            let limit = match taking.teller.has_output() || taking.growing.is_finished() {
                true => silence.limit(taking.growing.is_finished()),
                false => first_token,
            };
            match self.patience.wait(limit, response.chunk()).await {
                Ok(Ok(Some(bytes))) => {
                    if silence.end(self.timeouts.chunk_stall) && taking.teller.has_output() {
                        taking.teller.phase(Phase::Streaming);
                    }
                    reader.feed(&bytes, &mut taking)?;
                }
                Ok(Ok(None)) => {
                    reader.end(&mut taking)?;
                    break;
                }
                Ok(Err(_)) | Err(ModelError::Timeout { .. }) if taking.growing.is_finished() => {
                    break;
                }
                Ok(Err(error)) => return Err(transport::reading(&error, &self.addresses.shown)),
                Err(ModelError::Timeout {
                    wait: Wait::Chunk, ..
                }) if !silence.is_over() => {
                    taking.teller.phase(Phase::Stalled {
                        silent_ms: silence.told(),
                    });
                }
                Err(error) => return Err(error),
            }
        }
        if taking.growing.has_choice() {
            return Ok(taking.growing.finish());
        }
        let url = self.addresses.shown.clone();
        Err(match reader.shape() {
            Shape::Page => ModelError::Page {
                url,
                title: title(&reader.page()),
            },
            Shape::Document => ModelError::Unreadable {
                url,
                detail: "a JSON document without `choices`".into(),
            },
            Shape::Blank | Shape::Events => ModelError::Empty { url },
        })
    }

    fn too_large(&self, what: &str, limit_bytes: usize) -> ModelError {
        ModelError::TooLarge {
            url: self.addresses.shown.clone(),
            what: what.to_owned(),
            limit: mebibytes(limit_bytes),
        }
    }
}

/// How far the body has come, once that changes; never, if nothing is watched.
async fn advance(progress: &mut Option<watch::Receiver<Sent>>) -> Sent {
    match progress {
        None => std::future::pending().await,
        Some(watched) => match watched.changed().await {
            Ok(()) => *watched.borrow_and_update(),
            // The body was dropped: what it told last was seen before.
            Err(_) => Sent::Nothing,
        },
    }
}

/// Silence between chunks, and when to tell of it.
struct Silence {
    since: Instant,
    tell_at: Instant,
    limit: Duration,
    has_told: bool,
}

impl Silence {
    fn begin(limit: Duration) -> Self {
        let now = Instant::now();
        Self {
            since: now,
            tell_at: now + STALLED_AFTER,
            limit,
            has_told: false,
        }
    }

    /// A chunk came. Tells whether the silence had been told.
    fn end(&mut self, limit: Duration) -> bool {
        let had_told = self.has_told;
        *self = Self::begin(limit);
        had_told
    }

    fn limit(&self, is_finished: bool) -> Limit {
        let until = self.since + self.limit;
        let until = if is_finished {
            until.min(self.since + AFTERTHOUGHT)
        } else {
            until.min(self.tell_at)
        };
        (Wait::Chunk, until, self.limit)
    }

    fn is_over(&self) -> bool {
        Instant::now() >= self.since + self.limit
    }

    /// How long the silence lasts, now that it is told, in milliseconds.
    fn told(&mut self) -> u64 {
        self.has_told = true;
        let told_at = self.tell_at;
        self.tell_at = told_at + STALLED_EACH;
        u64::try_from((told_at - self.since).as_millis()).unwrap_or(u64::MAX)
    }
}

/// Takes events into the growing answer.
struct Taking<'a, 't> {
    growing: Growing,
    teller: &'a mut Teller<'t>,
    url: &'a str,
    key: &'a Key,
    is_done: bool,
}

impl Taking<'_, '_> {
    fn chunk(&mut self, chunk: Chunk) -> Result<(), ModelError> {
        if let Some((message, kind)) = failure(&chunk) {
            return Err(ModelError::Told {
                url: self.url.to_owned(),
                is_transient: is_transient(&kind),
                message: self.key.redact(message),
                kind,
            });
        }
        let teller = &mut *self.teller;
        self.growing
            .take(chunk, &mut |event| teller.output(event))
            .map_err(|overflow| {
                let (what, limit) = match overflow {
                    Overflow::Bytes => ("an answer", mebibytes(ANSWER_BYTES)),
                    Overflow::Calls => ("calls", format!("{CALLS}")),
                };
                ModelError::TooLarge {
                    url: self.url.to_owned(),
                    what: what.to_owned(),
                    limit,
                }
            })
    }

    fn unreadable(&self, detail: impl Into<String>) -> ModelError {
        ModelError::Unreadable {
            url: self.url.to_owned(),
            detail: detail.into(),
        }
    }
}

impl Sink for Taking<'_, '_> {
    type Error = ModelError;

    fn data(&mut self, data: &str) -> Result<bool, ModelError> {
        if !data.trim_start().starts_with(['{', '[']) {
            // `ping` and the like.
            return Ok(true);
        }
        match serde_json::from_str::<Many<Chunk>>(data) {
            Ok(chunks) => {
                for chunk in chunks.items {
                    self.chunk(chunk)?;
                }
                Ok(true)
            }
            Err(error) if error.is_eof() => Ok(false),
            Err(error) => Err(self.unreadable(error.to_string())),
        }
    }

    fn done(&mut self) -> Result<(), ModelError> {
        self.growing.done();
        self.is_done = true;
        Ok(())
    }

    fn broken(&mut self) -> ModelError {
        self.unreadable("JSON that breaks off in the middle")
    }

    fn too_large(&mut self, what: &'static str) -> ModelError {
        ModelError::TooLarge {
            url: self.url.to_owned(),
            what: what.to_owned(),
            limit: mebibytes(LINE_BYTES),
        }
    }
}

/// The message and kind of an error in place of a chunk.
fn failure(chunk: &Chunk) -> Option<(String, String)> {
    if let Some(error) = &chunk.error.0 {
        let kind = [&error.code, &error.r#type]
            .into_iter()
            .find(|kind| !kind.0.is_empty());
        let message = match error.message.0.as_str() {
            "" => "no reason given",
            message => message,
        };
        return Some((
            short(message),
            kind.map(|kind| short(&kind.0)).unwrap_or_default(),
        ));
    }
    let is_answer = chunk.choices.is_list || chunk.usage.0.is_some();
    let message = [&chunk.message, &chunk.detail]
        .into_iter()
        .find(|message| !message.0.is_empty());
    match message {
        Some(message) if chunk.object.0 == "error" || !is_answer => {
            Some((short(&message.0), short(&chunk.code.0)))
        }
        _ => None,
    }
}

fn is_transient(kind: &str) -> bool {
    match kind.parse::<u16>() {
        Ok(status) => matches!(status, 408 | 409 | 429 | 500..=599),
        Err(_) => {
            let kind = kind.to_ascii_lowercase();
            [
                "rate_limit",
                "overload",
                "server_error",
                "internal",
                "timeout",
                "unavailable",
            ]
            .iter()
            .any(|word| kind.contains(word))
        }
    }
}

/// What the body of an error answer says: its message, its page's title, or its first words.
fn complaint(body: &str) -> String {
    let body = body.trim();
    if body.starts_with('<') {
        return title(body);
    }
    let told = serde_json::from_str::<Many<Chunk>>(body)
        .ok()
        .and_then(|chunks| chunks.items.first().and_then(failure));
    match told {
        Some((message, _)) => message,
        None => short(body),
    }
}

/// A page's title.
pub(crate) fn title(page: &str) -> String {
    // The same length in bytes, so that places found in one hold in the other.
    let lower = page.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|start| {
        let start = start + lower[start..].find('>')? + 1;
        let end = start + lower[start..].find('<')?;
        Some(short(page[start..end].trim()))
    });
    title
        .filter(|title| !title.is_empty())
        .unwrap_or_else(|| "a page without a title".into())
}

/// The first words, on one line.
fn short(text: &str) -> String {
    const CHARS: usize = 500;
    let mut words = String::new();
    for word in text.split_whitespace() {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
        if words.len() > 4 * CHARS {
            break;
        }
    }
    match words.char_indices().nth(CHARS) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    }
}

fn mebibytes(bytes: usize) -> String {
    format!("{} MiB", bytes / (1024 * 1024))
}

/// Reads what little may follow `[DONE]`, so that the connection can serve the next request.
fn release(mut response: Response) {
    tokio::spawn(async move {
        let rest = async {
            let mut bytes = 0;
            while let Ok(Some(chunk)) = response.chunk().await {
                bytes += chunk.len();
                if bytes > ERROR_BYTES {
                    break;
                }
            }
        };
        // Over or not, the response is dropped, which closes a connection that is not done.
        let _ = timeout(Duration::from_secs(1), rest).await;
    });
}
