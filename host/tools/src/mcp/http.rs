//! Streamable HTTP: one address, our TLS, no redirects, and a server that may not say more than others.

use super::connect::{Connecting, NoLink};
use super::spec::HttpSpec;
use super::traffic::{Alive, Traffic};
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use rmcp::RoleClient;
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::transport::{StreamableHttpClientTransport, Transport};
use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use std::collections::HashMap;
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
    inner: StreamableHttpClientTransport<reqwest::Client>,
    traffic: Arc<Traffic>,
    _alive: Alive,
}

impl Transport<RoleClient> for Counted {
    type Error = <StreamableHttpClientTransport<reqwest::Client> as Transport<RoleClient>>::Error;

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
pub(super) async fn open(
    spec: &HttpSpec,
    connecting: &Connecting<'_>,
    traffic: &Arc<Traffic>,
) -> Result<Counted, NoLink> {
    let _ = connecting;
    let url = address(&spec.url).map_err(NoLink::Words)?;
    let headers = headers(spec).map_err(NoLink::Words)?;
    let client = client(spec).map_err(NoLink::Words)?;
    let config = StreamableHttpClientTransportConfig::with_uri(url.as_str())
        .custom_headers(headers)
        .max_sse_event_size(super::traffic::MESSAGE_MAX_BYTES);
    Ok(Counted {
        inner: StreamableHttpClientTransport::with_client(client, config),
        traffic: traffic.clone(),
        _alive: Alive(traffic.clone()),
    })
}

/// The address, if it is one.
fn address(text: &str) -> Result<reqwest::Url, String> {
    let url =
        reqwest::Url::parse(text).map_err(|error| format!("`{text}` is no address: {error}"))?;
    match url.scheme() {
        "https" | "http" => {}
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

/// The HTTP client of one server. No redirect is followed: what is meant for one origin goes to no other.
pub(super) fn client(spec: &HttpSpec) -> Result<reqwest::Client, String> {
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls(spec.ca_file.as_deref())?)
        .connect_timeout(CONNECT)
        .redirect(Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .http2_max_header_list_size(64 * 1024)
        .tcp_nodelay(true)
        .user_agent(concat!("anteroom/", env!("CARGO_PKG_VERSION")));
    let builder = if is_loopback(&spec.url) {
        builder.no_proxy()
    } else {
        builder
    };
    let built = builder.build();
    built.map_err(|error| format!("the HTTP client could not be made: {error}"))
}

fn is_loopback(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else {
        return false;
    };
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
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
