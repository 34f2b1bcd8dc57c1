//! What a handler answers: any type with a JSON Schema, or bytes of a kind it names.

use crate::{Body, Bytes, Failure};
use anteroom_api::{Problem, ProblemCode};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use futures_util::{Stream, StreamExt};
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::Value;
use std::convert::Infallible;

/// What a route answers, for the document.
#[derive(Clone, Debug)]
pub struct Described {
    pub(crate) status: StatusCode,
    pub(crate) schema: Option<Value>,
    pub(crate) is_raw: bool,
}

/// Something a handler answers with.
pub trait Answer: Send + 'static {
    /// For the document.
    fn describe(generator: &mut SchemaGenerator) -> Described;
    /// As it is sent.
    ///
    /// # Errors
    /// A value that cannot be written as JSON.
    fn into_response(self) -> Result<Response, Failure>;
}

impl<T: Serialize + JsonSchema + Send + 'static> Answer for T {
    fn describe(generator: &mut SchemaGenerator) -> Described {
        Described {
            status: StatusCode::OK,
            schema: Some(generator.subschema_for::<T>().to_value()),
            is_raw: false,
        }
    }

    fn into_response(self) -> Result<Response, Failure> {
        json(StatusCode::OK, &self)
    }
}

/// 202: taken, what comes of it is told as events.
#[derive(Debug)]
pub struct Accepted<T>(pub T);

/// 201: it was made.
#[derive(Debug)]
pub struct Created<T>(pub T);

/// 204: done, and nothing to say.
#[derive(Clone, Copy, Debug)]
pub struct Empty;

impl<T: Serialize + JsonSchema + Send + 'static> Answer for Accepted<T> {
    fn describe(generator: &mut SchemaGenerator) -> Described {
        Described {
            status: StatusCode::ACCEPTED,
            ..T::describe(generator)
        }
    }

    fn into_response(self) -> Result<Response, Failure> {
        json(StatusCode::ACCEPTED, &self.0)
    }
}

impl<T: Serialize + JsonSchema + Send + 'static> Answer for Created<T> {
    fn describe(generator: &mut SchemaGenerator) -> Described {
        Described {
            status: StatusCode::CREATED,
            ..T::describe(generator)
        }
    }

    fn into_response(self) -> Result<Response, Failure> {
        json(StatusCode::CREATED, &self.0)
    }
}

impl Answer for Empty {
    fn describe(_: &mut SchemaGenerator) -> Described {
        Described {
            status: StatusCode::NO_CONTENT,
            schema: None,
            is_raw: false,
        }
    }

    fn into_response(self) -> Result<Response, Failure> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        Ok(response)
    }
}

/// Bytes of a media type: an asset, a stream of events. Say the type in [`crate::About::media`] too.
#[derive(Debug)]
pub struct Raw(Response);

impl Raw {
    /// Bytes that are there already.
    pub fn new(media: &'static str, bytes: impl Into<Bytes>) -> Self {
        Self::of(media, Body::from(bytes.into()))
    }

    /// Bytes as they come.
    pub fn stream(media: &'static str, bytes: impl Stream<Item = Bytes> + Send + 'static) -> Self {
        Self::of(media, Body::from_stream(bytes.map(Ok::<Bytes, Infallible>)))
    }

    /// Whatever body.
    #[must_use]
    pub fn of(media: &'static str, body: Body) -> Self {
        let mut response = Response::new(body);
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
        Self(response)
    }

    /// With another status than 200.
    #[must_use]
    pub fn status(mut self, status: StatusCode) -> Self {
        *self.0.status_mut() = status;
        self
    }

    /// With a header; one that stands for safety is written over afterwards, and cannot be changed here.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers_mut().append(name, value);
        self
    }
}

impl Answer for Raw {
    fn describe(_: &mut SchemaGenerator) -> Described {
        Described {
            status: StatusCode::OK,
            schema: None,
            is_raw: true,
        }
    }

    fn into_response(self) -> Result<Response, Failure> {
        Ok(self.0)
    }
}

/// Bytes that a browser saves as a file, and never shows.
#[derive(Debug)]
pub struct Download {
    /// The file's name.
    pub name: String,
    /// Its media type, a constant of ours.
    pub media: &'static str,
    /// What is in it.
    pub bytes: Bytes,
}

impl Answer for Download {
    fn describe(_: &mut SchemaGenerator) -> Described {
        Described {
            status: StatusCode::OK,
            schema: None,
            is_raw: true,
        }
    }

    fn into_response(self) -> Result<Response, Failure> {
        let disposition = HeaderValue::try_from(attachment(&self.name))
            .unwrap_or(HeaderValue::from_static("attachment"));
        Raw::new(self.media, self.bytes)
            .header(header::CONTENT_DISPOSITION, disposition)
            .into_response()
    }
}

/// A file's name as RFC 6266 has it: plain for old readers, percent-encoded UTF-8 for the others.
fn attachment(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_. ".contains(&byte);
    let mut plain = String::new();
    let mut encoded = String::new();
    for byte in name.bytes().take(200) {
        plain.push(if is_plain(byte) {
            char::from(byte)
        } else {
            '_'
        });
        if is_plain(byte) && byte != b' ' {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

fn json(status: StatusCode, value: &impl Serialize) -> Result<Response, Failure> {
    let bytes = serde_json::to_vec(value).map_err(|error| {
        Problem::new(ProblemCode::Internal, "could not write an answer").cause(error)
    })?;
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    Ok(response)
}
