//! Make requests to other machines. Capability `fetch`, for secrets also `secrets`.
//!
//! ```
//! use anteroom_sdk::fetch::{self, Response};
//! use anteroom_sdk::testing::Host;
//!
//! let host = Host::new("/work")
//!     .responding("https://api.example.org/", Response::new(200, r#"{"sun": true}"#));
//! let forecast: serde_json::Value = host.during(|| {
//!     fetch::get("https://api.example.org/forecast")
//!         .header("Accept", "application/json")
//!         .secret("Authorization", "Bearer ", "forecast")
//!         .send()?
//!         .expect_success()?
//!         .json()
//! })?;
//! assert_eq!(forecast["sun"], true);
//! assert_eq!(host.requests()[0].secret_headers[0].secret, "forecast");
//! # Ok::<(), anteroom_sdk::ToolError>(())
//! ```

use super::{NO_HOST, is_hosted};
use crate::ToolError;
use crate::bindings::anteroom::tool::fetch as host;
pub use crate::bindings::anteroom::tool::fetch::{Header, Request, Response, SecretHeader};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Characters of a response's body that are told with its failure.
const BODY_TOLD: usize = 300;

/// A `GET` request.
pub fn get(url: impl Into<String>) -> Request {
    request("GET", url)
}

/// A `POST` request.
pub fn post(url: impl Into<String>) -> Request {
    request("POST", url)
}

/// A request: `GET`, `HEAD`, `POST`, `PUT`, `PATCH` or `DELETE`.
pub fn request(method: impl Into<String>, url: impl Into<String>) -> Request {
    Request {
        method: method.into(),
        url: url.into(),
        headers: Vec::new(),
        secret_headers: Vec::new(),
        body: None,
        timeout_ms: None,
    }
}

impl Request {
    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push(Header {
            name: name.into(),
            value: value.into(),
        });
        self
    }

    /// With a header that the host fills in: the prefix, then the person's secret of that name, which the tool never
    /// sees.
    #[must_use]
    pub fn secret(
        mut self,
        name: impl Into<String>,
        prefix: impl Into<String>,
        secret: impl Into<String>,
    ) -> Self {
        self.secret_headers.push(SecretHeader {
            name: name.into(),
            prefix: prefix.into(),
            secret: secret.into(),
        });
        self
    }

    /// With these bytes as its body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// With a value as JSON as its body.
    ///
    /// # Errors
    /// `failed` if it cannot be written as JSON.
    pub fn json<T: Serialize>(self, value: &T) -> Result<Self, ToolError> {
        let body = serde_json::to_vec(value).map_err(|error| {
            ToolError::failed(format!("the request could not be written: {error}"))
        })?;
        Ok(self.header("Content-Type", "application/json").body(body))
    }

    /// With another timeout than 30 seconds.
    #[must_use]
    pub fn timeout_ms(mut self, milliseconds: u32) -> Self {
        self.timeout_ms = Some(milliseconds);
        self
    }

    /// Sends it and waits for all of the response, whatever its status.
    ///
    /// # Errors
    /// `denied` if the gate, a person or a missing grant said no, `invalid-args` if it makes no sense, `failed` for
    /// anything else.
    pub fn send(&self) -> Result<Response, ToolError> {
        #[cfg(not(target_family = "wasm"))]
        if let Some(answer) = crate::testing::ask(|host| host.respond(self)) {
            return answer;
        }
        if !is_hosted() {
            return Err(ToolError::failed(NO_HOST));
        }
        host::send(self).map_err(|error| match error {
            host::FetchError::Invalid(words) => ToolError::InvalidArgs(words),
            host::FetchError::Denied(words) => ToolError::Denied(words),
            host::FetchError::Redirected(to) => ToolError::failed(format!(
                "`{}` redirects to another host, which is not followed: {to}",
                self.url
            )),
            host::FetchError::TimedOut => {
                ToolError::failed(format!("`{}` did not answer in time", self.url))
            }
            host::FetchError::TooLarge => {
                ToolError::failed(format!("`{}` answered with more than 16 MB", self.url))
            }
            host::FetchError::Failed(words) => ToolError::Failed(words),
        })
    }
}

impl Response {
    /// A response for tests.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            url: String::new(),
            headers: Vec::new(),
            body: body.into(),
        }
    }

    /// Whether its status is one of success.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The same response if its status is one of success.
    ///
    /// # Errors
    /// `not-found` for 404 and 410, `failed` for any other, with the beginning of what it says.
    pub fn expect_success(self) -> Result<Self, ToolError> {
        if self.is_success() {
            return Ok(self);
        }
        let said: String = self.text().chars().take(BODY_TOLD).collect();
        let words = format!("`{}` answered {}: {}", self.url, self.status, said.trim());
        Err(match self.status {
            404 | 410 => ToolError::NotFound(words),
            _ => ToolError::Failed(words),
        })
    }

    /// The value of a header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value.as_str())
    }

    /// Its body as text; what is no UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Its body, read as JSON.
    ///
    /// # Errors
    /// `failed` if it is not what was expected.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ToolError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            ToolError::failed(format!(
                "`{}` answered something unexpected: {error}",
                self.url
            ))
        })
    }
}
