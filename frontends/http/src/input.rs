//! What a handler takes: parts of a path, a query, a body. Each type describes itself for the document.

use crate::Failure;
use crate::param::{self, Param, Place, invalid};
use anteroom_api::{Problem, ProblemCode};
use axum::body::Body;
use axum::http::StatusCode;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use schemars::{JsonSchema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::future::Future;
use std::time::Duration;
use tokio::time::Instant;

/// How long a whole body that is kept in memory may take.
const BODY_PATIENCE: Duration = Duration::from_secs(60);
/// How long nothing of a body may arrive.
const PIECE_PATIENCE: Duration = Duration::from_secs(15);

/// What sort of body an input takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// None.
    Nothing,
    /// A JSON text.
    Json,
    /// Bytes as they come.
    Bytes,
}

/// Something a handler takes.
pub trait Input: Sized + Send + 'static {
    /// What it needs of the body.
    const TAKES: Takes = Takes::Nothing;
    /// Adds itself to the description of a route.
    fn describe(into: &mut Description, generator: &mut SchemaGenerator);
    /// Reads itself from a request that passed the guards.
    fn take(request: &mut Arrived) -> impl Future<Output = Result<Self, Failure>> + Send;
}

/// What a route takes.
#[derive(Clone, Debug, Default)]
pub struct Description {
    pub(crate) params: Vec<Param>,
    pub(crate) body: Option<Value>,
}

/// A request that passed the guards, on its way into inputs.
pub struct Arrived {
    pub(crate) params: Vec<(String, String)>,
    pub(crate) query: String,
    pub(crate) body: Body,
    pub(crate) limit: usize,
    pub(crate) description: std::sync::Arc<Description>,
}

/// The parts of the path that vary: a struct whose fields are named like them.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

/// The query: a struct, lists for what may be given more than once.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

/// No query. Any parameter is refused, as it is where nothing is said of the query.
#[derive(Clone, Copy, Debug)]
pub struct NoQuery;

/// A JSON body.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

/// A body that is read as it comes, within the route's limit.
pub struct Upload {
    body: Body,
    left: usize,
    limit: usize,
}

impl<T: DeserializeOwned + JsonSchema + Send + 'static> Input for Path<T> {
    fn describe(into: &mut Description, generator: &mut SchemaGenerator) {
        into.params
            .extend(param::params::<T>(Place::Path, generator));
    }

    async fn take(request: &mut Arrived) -> Result<Self, Failure> {
        let given = std::mem::take(&mut request.params).into_iter();
        let object = param::read(Place::Path, &request.description.params, given)?;
        // What cannot be a name of anything names nothing.
        serde_json::from_value(object).map(Self).map_err(|error| {
            invalid("there is no such thing")
                .cause(error)
                .status(StatusCode::NOT_FOUND)
        })
    }
}

impl<T: DeserializeOwned + JsonSchema + Send + 'static> Input for Query<T> {
    fn describe(into: &mut Description, generator: &mut SchemaGenerator) {
        into.params
            .extend(param::params::<T>(Place::Query, generator));
    }

    async fn take(request: &mut Arrived) -> Result<Self, Failure> {
        let pairs = form_urlencoded::parse(request.query.as_bytes()).into_owned();
        let object = param::read(Place::Query, &request.description.params, pairs)?;
        serde_json::from_value(object)
            .map(Self)
            .map_err(|error| invalid("the query does not fit").cause(error))
    }
}

impl Input for NoQuery {
    fn describe(_: &mut Description, _: &mut SchemaGenerator) {}

    async fn take(_: &mut Arrived) -> Result<Self, Failure> {
        Ok(Self)
    }
}

impl<T: DeserializeOwned + JsonSchema + Send + 'static> Input for Json<T> {
    const TAKES: Takes = Takes::Json;

    fn describe(into: &mut Description, generator: &mut SchemaGenerator) {
        into.body = Some(generator.subschema_for::<T>().to_value());
    }

    async fn take(request: &mut Arrived) -> Result<Self, Failure> {
        let bytes = Upload::of(request).collect().await?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|error| invalid("the body does not fit").cause(error))
    }
}

impl Input for Upload {
    const TAKES: Takes = Takes::Bytes;

    fn describe(into: &mut Description, _: &mut SchemaGenerator) {
        into.body = Some(serde_json::json!({}));
    }

    async fn take(request: &mut Arrived) -> Result<Self, Failure> {
        Ok(Self::of(request))
    }
}

impl Upload {
    fn of(request: &mut Arrived) -> Self {
        Self {
            body: std::mem::take(&mut request.body),
            left: request.limit,
            limit: request.limit,
        }
    }

    /// The next piece; none at the end.
    ///
    /// # Errors
    /// 413 as soon as there is more than the route takes, 408 if nothing comes for 15 seconds, 400 if the
    /// connection breaks.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            let frame = tokio::time::timeout(PIECE_PATIENCE, self.body.frame());
            let Some(frame) = frame.await.map_err(|_| too_slow())? else {
                return Ok(None);
            };
            let frame = frame.map_err(|error| invalid("the body broke off").cause(error))?;
            if let Ok(piece) = frame.into_data() {
                self.left = (self.left)
                    .checked_sub(piece.len())
                    .ok_or_else(|| too_large(self.limit))?;
                return Ok(Some(piece));
            }
        }
    }

    /// All of it, in memory.
    ///
    /// # Errors
    /// As [`Upload::next`], and 408 if it takes longer than a minute.
    pub async fn collect(mut self) -> Result<Bytes, Failure> {
        let until = Instant::now() + BODY_PATIENCE;
        let mut all = BytesMut::new();
        loop {
            let next = tokio::time::timeout_at(until, self.next()).await;
            match next.map_err(|_| too_slow())?? {
                Some(piece) if all.is_empty() && http_body::Body::is_end_stream(&self.body) => {
                    return Ok(piece);
                }
                Some(piece) => all.extend_from_slice(&piece),
                None => return Ok(all.freeze()),
            }
        }
    }
}

pub(crate) fn too_large(limit: usize) -> Failure {
    Failure::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too_large",
        format!("the body is larger than the {limit} bytes that are taken here"),
        "send less, or in parts",
    )
}

fn too_slow() -> Failure {
    let problem = Problem::new(ProblemCode::InvalidInput, "the body came too slowly")
        .hint("send it again")
        .retryable();
    Failure::from(problem).status(StatusCode::REQUEST_TIMEOUT)
}
