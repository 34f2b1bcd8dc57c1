//! Asks the endpoint: credentials, places among concurrent requests, and trying again.
//!
//! One attempt is [`crate::attempt`]; this file decides what comes after it.

use crate::address::Addresses;
use crate::attempt::Attempt;
use crate::chunk::ModelList;
use crate::complaint::title;
use crate::key::{Key, Keys};
use crate::patience::Patience;
use crate::taking::Teller;
use crate::{Answer, ChatRequest, Endpoint, ModelError, Wait, limits, transport};
use anteroom_api::{Phase, Stop};
use bytes::Bytes;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::sleep;

/// What is told while an answer arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamEvent {
    /// What the request is doing.
    Phase(Phase),
    /// More of what the model says.
    Text(String),
    /// More of what it thinks.
    Reasoning(String),
    /// More of a call.
    Arguments {
        /// Which call of the answer, from 0.
        index: u32,
        /// The tool's name as far as it is known.
        tool: String,
        /// More of the arguments' text; may be empty.
        text: String,
    },
    /// A retry begins anew: what was told of the answer so far is void.
    Discarded,
}

/// The way to one endpoint. Cheap to clone; clones share connections, the key and the places.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    endpoint: Endpoint,
    addresses: Addresses,
    http: reqwest::Client,
    keys: Keys,
    places: Semaphore,
    /// The endpoint does not know `stream_options`.
    is_usage_refused: AtomicBool,
    requests: AtomicU64,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Client")
            .field(&self.0.addresses.shown)
            .finish()
    }
}

impl Client {
    /// Prepares the way to an endpoint; nothing is sent and no command is run yet.
    ///
    /// # Errors
    /// [`ModelError`] when the address, the key or the certificates cannot be used.
    pub fn new(endpoint: Endpoint) -> Result<Self, ModelError> {
        let addresses = Addresses::of(&endpoint.base_url)?;
        Ok(Self(Arc::new(Inner {
            http: transport::client(&endpoint, &addresses)?,
            keys: Keys::of(&endpoint)?,
            places: Semaphore::new(endpoint.max_concurrent.clamp(1, Semaphore::MAX_PERMITS)),
            is_usage_refused: AtomicBool::new(false),
            requests: AtomicU64::new(0),
            addresses,
            endpoint,
        })))
    }

    /// Asks for an answer and tells it while it arrives.
    ///
    /// `stop` ends it at once, in every phase. What is worth trying again is tried again, each time
    /// announced by [`Phase::Retrying`], after [`StreamEvent::Discarded`] if anything of the answer
    /// had been told.
    ///
    /// # Errors
    /// [`ModelError`] of the last attempt.
    pub async fn stream(
        &self,
        request: &ChatRequest,
        mut stop: Stop,
        on: &mut (dyn FnMut(StreamEvent) + Send),
    ) -> Result<Answer, ModelError> {
        let Inner {
            endpoint,
            is_usage_refused,
            ..
        } = &*self.0;
        let mut teller = Teller::new(on);
        let mut body = Body::of(request, !is_usage_refused.load(Ordering::Relaxed))?;
        let seed = self.seed(&body.bytes);
        let mut refused: Option<Key> = None;
        let mut retries = 0;
        loop {
            let (result, used) = self
                .attempt(
                    request,
                    &body.bytes,
                    refused.as_ref(),
                    &mut stop,
                    &mut teller,
                )
                .await;
            let error = match result {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if body.asks_usage && names_usage(&error) {
                is_usage_refused.store(true, Ordering::Relaxed);
                body = Body::of(request, false)?;
                continue;
            }
            if let ModelError::Status { status: 401, .. } = error
                && refused.is_none()
                && self.0.keys.can_refresh()
            {
                refused = used;
                continue;
            }
            let retry = endpoint.retry;
            let Some(delay) = retry.delay(&error, retries + 1, teller.has_output(), seed) else {
                return Err(error);
            };
            retries += 1;
            tracing::debug!(attempt = retries, %error, "trying again");
            teller.discard();
            teller.phase(Phase::Retrying {
                attempt: retries,
                max: retry.max_attempts,
                delay_ms: u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
                reason: error.reason(),
            });
            tokio::select! {
                biased;
                () = stop.raised() => return Err(ModelError::Cancelled),
                () = sleep(delay) => {}
            }
        }
    }

    async fn attempt(
        &self,
        request: &ChatRequest,
        body: &Bytes,
        refused: Option<&Key>,
        stop: &mut Stop,
        teller: &mut Teller<'_>,
    ) -> (Result<Answer, ModelError>, Option<Key>) {
        let Inner {
            endpoint,
            addresses,
            http,
            keys,
            ..
        } = &*self.0;
        teller.phase(Phase::Connecting);
        let _place = match self.place(stop).await {
            Ok(place) => place,
            Err(error) => return (Err(error), None),
        };
        let key = tokio::select! {
            biased;
            () = stop.raised() => Err(ModelError::Cancelled),
            key = keys.get(refused) => key,
        };
        let key = match key {
            Ok(key) => key,
            Err(error) => return (Err(error), None),
        };
        let attempt = Attempt {
            http,
            addresses,
            timeouts: &endpoint.timeouts,
            key: &key,
            model: &request.model,
            patience: Patience::new(stop, &addresses.shown, endpoint.timeouts.request),
            teller,
        };
        (attempt.run(body.clone()).await, Some(key))
    }

    /// Waits for a place among the concurrent requests.
    async fn place(&self, stop: &mut Stop) -> Result<SemaphorePermit<'_>, ModelError> {
        let limit = self.0.endpoint.timeouts.pool;
        tokio::select! {
            biased;
            () = stop.raised() => Err(ModelError::Cancelled),
            place = self.0.places.acquire() => place.map_err(|_| ModelError::Cancelled),
            () = sleep(limit) => Err(ModelError::Timeout {
                url: self.0.addresses.shown.clone(),
                wait: Wait::Pool,
                limit,
            }),
        }
    }

    /// The models the endpoint lists.
    ///
    /// # Errors
    /// [`ModelError`], in particular [`ModelError::Status`] 404 where the endpoint lists none.
    pub async fn models(&self) -> Result<Vec<String>, ModelError> {
        self.models_told(&mut || {}).await
    }

    /// As [`Self::models`], and tells when the endpoint has been reached.
    pub(crate) async fn models_told(
        &self,
        reached: &mut (dyn FnMut() + Send),
    ) -> Result<Vec<String>, ModelError> {
        let mut refused: Option<Key> = None;
        loop {
            let key = self.0.keys.get(refused.as_ref()).await?;
            match self.models_once(&key, reached).await {
                Err(ModelError::Status { status: 401, .. })
                    if refused.is_none() && self.0.keys.can_refresh() =>
                {
                    refused = Some(key);
                }
                result => return result,
            }
        }
    }

    async fn models_once(
        &self,
        key: &Key,
        reached: &mut (dyn FnMut() + Send),
    ) -> Result<Vec<String>, ModelError> {
        let (_running, mut stop) = Stop::new();
        let Inner {
            endpoint,
            addresses,
            http,
            ..
        } = &*self.0;
        let mut teller_sink = |_| {};
        let mut attempt = Attempt {
            http,
            addresses,
            timeouts: &endpoint.timeouts,
            key,
            model: "",
            patience: Patience::new(&mut stop, &addresses.shown, endpoint.timeouts.request),
            teller: &mut Teller::new(&mut teller_sink),
        };
        let bytes = attempt.get(limits::MODELS_BYTES, reached).await?;
        let text = String::from_utf8_lossy(&bytes);
        let unreadable = |detail: String| ModelError::Unreadable {
            url: addresses.shown.clone(),
            detail,
        };
        if text.trim_start().starts_with('<') {
            return Err(ModelError::Page {
                url: addresses.shown.clone(),
                title: title(&text),
            });
        }
        let list: ModelList =
            serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
        list.names()
            .ok_or_else(|| unreadable("this is no list of models".into()))
    }

    /// Differs between requests and between processes, without a source of randomness.
    fn seed(&self, body: &[u8]) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.0
            .requests
            .fetch_add(1, Ordering::Relaxed)
            .hash(&mut hasher);
        body.hash(&mut hasher);
        hasher.finish()
    }
}

struct Body {
    bytes: Bytes,
    asks_usage: bool,
}

impl Body {
    fn of(request: &ChatRequest, asks_usage: bool) -> Result<Self, ModelError> {
        Ok(Self {
            bytes: request.body(asks_usage)?.into(),
            asks_usage,
        })
    }
}

/// Whether the endpoint refuses the request because it asks for usage.
fn names_usage(error: &ModelError) -> bool {
    match error {
        ModelError::Status {
            status: 400 | 422,
            message,
            ..
        } => message.contains("stream_options") || message.contains("include_usage"),
        _ => false,
    }
}
