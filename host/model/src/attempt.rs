//! One attempt: from connecting to the last token, each step with its limit.

use crate::address::Addresses;
use crate::answer::{Answer, Growing};
use crate::complaint::{complaint, title};
use crate::key::Key;
use crate::limits::ERROR_BYTES;
use crate::patience::{Limit, Patience, Silence};
use crate::retry::retry_after;
use crate::stream::{Reader, Shape};
use crate::taking::{Taking, Teller, mebibytes};
use crate::transport;
use crate::upload::{Sent, upload};
use crate::{ModelError, Timeouts, Wait};
use anteroom_api::Phase;
use bytes::Bytes;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE,
    LOCATION,
};
use reqwest::{RequestBuilder, Response};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

/// How long the body of an error may take.
const ERROR_BODY: Duration = Duration::from_secs(2);

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
                // Where the head comes before it was seen how far the request got, the first token has its time too.
                Ok(Ok(response)) if !matches!(limit.0, Wait::FirstToken) => {
                    self.teller.phase(Phase::Waiting);
                    let until = Instant::now() + first_token;
                    return Ok((response, (Wait::FirstToken, until, first_token)));
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
        let limit = (limit.0, limit.1.min(Instant::now() + ERROR_BODY), limit.2);
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
            match self.patience.wait(limit, response.chunk()).await {
                Ok(Ok(Some(chunk))) => {
                    let room = limit_bytes - bytes.len();
                    bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
                    if chunk.len() > room {
                        return Ok((bytes, false));
                    }
                }
                Ok(Ok(None)) => return Ok((bytes, true)),
                Err(ModelError::Cancelled) => return Err(ModelError::Cancelled),
                // The status says the most; what came of an error's body is enough.
                _ if !response.status().is_success() => return Ok((bytes, true)),
                Err(error) => return Err(error),
                Ok(Err(error)) => {
                    return Err(transport::reading(&error, &self.addresses.shown));
                }
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
