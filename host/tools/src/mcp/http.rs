//! Streamable HTTP: one address, our TLS, no redirects, and a server that may not say more than others.

use super::oauth::Tokens;
use super::spec::HttpSpec;
use super::traffic::{Alive, MESSAGE_MAX_BYTES, Traffic};
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use rmcp::RoleClient;
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::common::client_side_sse::BoxedSseResponse;
use rmcp::transport::streamable_http_client::{
    StreamableHttpClient, StreamableHttpClientTransportConfig, StreamableHttpError,
    StreamableHttpPostResponse,
};
use rmcp::transport::{StreamableHttpClientTransport, Transport};
use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long reaching a host may take.
const CONNECT: Duration = Duration::from_secs(15);
/// Set by the protocol; a user's value would break it.
const RESERVED: [&str; 5] = [
    "accept",
    "content-type",
    "mcp-session-id",
    "mcp-protocol-version",
    "last-event-id",
];

/// A connection over HTTP, whose messages are counted.
pub(super) struct Counted {
    inner: StreamableHttpClientTransport<Signed>,
    traffic: Arc<Traffic>,
    _alive: Alive,
}

impl Transport<RoleClient> for Counted {
    type Error = <StreamableHttpClientTransport<Signed> as Transport<RoleClient>>::Error;

    fn send(
        &mut self,
        message: ClientJsonRpcMessage,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        self.inner.send(message)
    }

    async fn receive(&mut self) -> Option<ServerJsonRpcMessage> {
        let message = self.inner.receive().await?;
        self.traffic.message().ok()?;
        Some(message)
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.inner.close().await
    }
}

/// Prepares the connection; nothing is sent yet.
///
/// # Errors
/// What is wrong with the description, in words.
pub(super) fn open(
    spec: &HttpSpec,
    tokens: Option<Arc<Tokens>>,
    traffic: &Arc<Traffic>,
) -> Result<Counted, String> {
    let url = address(&spec.url)?;
    let headers = headers(spec)?;
    // Who brings a token of their own does not sign in.
    let tokens = tokens.filter(|_| !headers.contains_key(&AUTHORIZATION));
    let builder = builder(spec.ca_file.as_deref())?;
    let builder = if is_here(&url) {
        builder.no_proxy()
    } else {
        builder
    };
    let client = builder
        .build()
        .map_err(|error| format!("the HTTP client could not be made: {error}"))?;
    let config = StreamableHttpClientTransportConfig::with_uri(url.as_str())
        .custom_headers(headers)
        .max_sse_event_size(MESSAGE_MAX_BYTES);
    Ok(Counted {
        inner: StreamableHttpClientTransport::with_client(Signed { client, tokens }, config),
        traffic: traffic.clone(),
        _alive: Alive(traffic.clone()),
    })
}

/// The HTTP client of one server, which puts the token of this server into each request to it.
#[derive(Clone)]
pub(super) struct Signed {
    client: reqwest::Client,
    tokens: Option<Arc<Tokens>>,
}

impl Signed {
    async fn bearer(&self) -> Option<String> {
        match &self.tokens {
            Some(tokens) => tokens.bearer().await,
            None => None,
        }
    }
}

type Sent = Result<StreamableHttpPostResponse, StreamableHttpError<reqwest::Error>>;
type Stream = Result<BoxedSseResponse, StreamableHttpError<reqwest::Error>>;
type Headers = HashMap<HeaderName, HeaderValue>;

impl StreamableHttpClient for Signed {
    type Error = reqwest::Error;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        _: Option<String>,
        headers: Headers,
    ) -> Sent {
        let token = self.bearer().await;
        let client = &self.client;
        client
            .post_message_with_max_sse_event_size(
                uri,
                message,
                session,
                token,
                headers,
                MESSAGE_MAX_BYTES,
            )
            .await
    }

    async fn delete_session(
        &self,
        uri: Arc<str>,
        session: Arc<str>,
        _: Option<String>,
        headers: Headers,
    ) -> Result<(), StreamableHttpError<reqwest::Error>> {
        let token = self.bearer().await;
        self.client
            .delete_session(uri, session, token, headers)
            .await
    }

    async fn get_stream(
        &self,
        uri: Arc<str>,
        session: Option<Arc<str>>,
        last: Option<String>,
        _: Option<String>,
        headers: Headers,
    ) -> Stream {
        let token = self.bearer().await;
        let client = &self.client;
        client
            .get_stream_with_max_sse_event_size(
                uri,
                session,
                last,
                token,
                headers,
                MESSAGE_MAX_BYTES,
            )
            .await
    }
}

/// The address, if it is one.
pub(super) fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("`{text}` is no address: {error}"))?;
    match url.scheme() {
        "https" => {}
        "http" if is_here(&url) => {}
        "http" => {
            return Err("`http` is taken on this machine only; use `https`".to_owned());
        }
        other => return Err(format!("`{other}` is no scheme of a server; use `https`")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the address holds a password; put it into `headers`".to_owned());
    }
    Ok(url)
}

fn headers(spec: &HttpSpec) -> Result<HashMap<HeaderName, HeaderValue>, String> {
    let mut headers = HashMap::new();
    for (name, value) in &spec.headers {
        let parsed = HeaderName::try_from(name.as_str());
        let parsed = parsed.map_err(|_| format!("`{name}` is no name of a header"))?;
        if RESERVED.contains(&parsed.as_str()) {
            return Err(format!("the header `{name}` belongs to the protocol"));
        }
        let mut value = HeaderValue::try_from(value.as_str())
            .map_err(|_| format!("the value of the header `{name}` cannot be sent"))?;
        value.set_sensitive(true);
        headers.insert(parsed, value);
    }
    Ok(headers)
}

/// An HTTP client with our TLS. No redirect is followed: what is meant for one origin goes to no other.
pub(super) fn builder(ca_file: Option<&Path>) -> Result<reqwest::ClientBuilder, String> {
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(tls(ca_file)?)
        .connect_timeout(CONNECT)
        .redirect(Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .http2_max_header_list_size(64 * 1024)
        .tcp_nodelay(true)
        .user_agent(concat!("anteroom/", env!("CARGO_PKG_VERSION"))))
}

/// Whether an address is on this machine, which no proxy can reach.
fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// The TLS side, with its cryptography handed in rather than installed for the whole process.
fn tls(ca_file: Option<&Path>) -> Result<ClientConfig, String> {
    let provider = Arc::new(ring::default_provider());
    let extra = match ca_file {
        Some(path) => certificates(path)?,
        None => Vec::new(),
    };
    let setup = |error: rustls::Error| format!("TLS could not be set up: {error}");
    let verifier =
        rustls_platform_verifier::Verifier::new_with_extra_roots(extra, provider.clone())
            .map_err(setup)?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(setup)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let found = found.map_err(|error| format!("`{}` cannot be read: {error}", path.display()))?;
    if found.is_empty() {
        return Err(format!("there is no certificate in `{}`", path.display()));
    }
    Ok(found)
}
