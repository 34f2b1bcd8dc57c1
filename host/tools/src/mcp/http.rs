//! Streamable HTTP: one address, our TLS, no redirects, and a server that may not say more than others.
//!
//! What it says is counted where it comes in, not where a message leaves: a stream may hold what never becomes one.

use super::oauth::Tokens;
use super::spec::HttpSpec;
use super::traffic::{Alive, MESSAGE_MAX_BYTES, Traffic};
use crate::net;
use futures_util::StreamExt as _;
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use rmcp::RoleClient;
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::common::client_side_sse::BoxedSseResponse;
use rmcp::transport::streamable_http_client::{
    StreamableHttpClient, StreamableHttpClientTransportConfig, StreamableHttpError,
    StreamableHttpPostResponse,
};
use rmcp::transport::{StreamableHttpClientTransport, Transport};
use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// How long reaching a host may take.
const CONNECT: Duration = Duration::from_secs(15);
/// How long saying goodbye may take.
const CLOSE: Duration = Duration::from_secs(2);
/// The name of this machine.
const HERE: &str = "localhost";
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
        tokio::select! {
            biased;
            () = self.traffic.cut() => None,
            message = self.inner.receive() => message,
        }
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        // What was cut off may wait for ever to hand on what came: nobody receives any more. It goes when it is dropped.
        if self.traffic.ended().is_some() {
            return Ok(());
        }
        let closed = timeout(CLOSE, self.inner.close()).await;
        closed.unwrap_or(Ok(()))
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
    let builder = net::builder(spec.ca_file.as_deref(), CONNECT)?;
    // This machine is what it is, whatever a name server calls so.
    let builder = match is_here(&url) {
        true => builder.no_proxy().resolve_to_addrs(HERE, &net::HERE),
        false => builder,
    };
    let client = net::built(builder)?;
    let config = StreamableHttpClientTransportConfig::with_uri(url.as_str())
        .custom_headers(headers)
        .max_sse_event_size(MESSAGE_MAX_BYTES);
    Ok(Counted {
        inner: StreamableHttpClientTransport::with_client(
            Signed {
                client,
                tokens,
                traffic: traffic.clone(),
            },
            config,
        ),
        traffic: traffic.clone(),
        _alive: Alive(traffic.clone()),
    })
}

/// The HTTP client of one server, which puts the token of this server into each request to it, and counts what comes.
#[derive(Clone)]
pub(super) struct Signed {
    client: reqwest::Client,
    tokens: Option<Arc<Tokens>>,
    traffic: Arc<Traffic>,
}

impl Signed {
    async fn bearer(&self) -> Option<String> {
        match &self.tokens {
            Some(tokens) => tokens.bearer().await,
            None => None,
        }
    }

    /// Counts what a stream brings; what is too much ends it.
    fn counted(&self, stream: BoxedSseResponse) -> BoxedSseResponse {
        let traffic = self.traffic.clone();
        let counted = stream.take_while(move |event| {
            let length = event.as_ref().map_or(0, |event| {
                let parts = [&event.event, &event.data, &event.id];
                parts.into_iter().flatten().map(String::len).sum()
            });
            let taken = traffic.bytes(length).and_then(|()| traffic.message());
            std::future::ready(taken.is_ok())
        });
        counted.boxed()
    }

    /// Counts a message that came alone. The connection is ended by the count itself.
    fn count(&self, message: &ServerJsonRpcMessage) {
        let mut length = Length(0);
        // A counter takes everything.
        drop(serde_json::to_writer(&mut length, message));
        let _ = self.traffic.bytes(length.0);
        let _ = self.traffic.message();
    }
}

/// Counts what is written.
struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
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
        let posted = client.post_message_with_max_sse_event_size(
            uri,
            message,
            session,
            token,
            headers,
            MESSAGE_MAX_BYTES,
        );
        Ok(match posted.await? {
            StreamableHttpPostResponse::Sse(stream, session) => {
                StreamableHttpPostResponse::Sse(self.counted(stream), session)
            }
            StreamableHttpPostResponse::Json(message, session) => {
                self.count(&message);
                StreamableHttpPostResponse::Json(message, session)
            }
            other => other,
        })
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
        let stream = client.get_stream_with_max_sse_event_size(
            uri,
            session,
            last,
            token,
            headers,
            MESSAGE_MAX_BYTES,
        );
        Ok(self.counted(stream.await?))
    }
}

/// Whether a server may be at an address. What is said of it does not repeat it: a part may be secret.
///
/// # Errors
/// Why not, in words.
pub fn check_server_address(text: &str) -> Result<(), String> {
    address(text).map(drop)
}

/// Scheme, host and port of an address where a server may be.
#[must_use]
pub fn server_origin(text: &str) -> Option<String> {
    let url = address(text).ok()?;
    Some(url.origin().ascii_serialization())
}

/// The address, if it is one.
pub(super) fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("it is no address: {error}"))?;
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

/// Whether an address is on this machine, which no proxy can reach.
fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = net::bare(host).parse::<IpAddr>();
    host == HERE || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::super::traffic::Limits;
    use super::*;
    use rmcp::ServiceExt as _;
    use serde_json::{Value, json};
    use std::collections::BTreeMap;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::timeout;

    /// Longer than anything here takes.
    const PATIENCE: Duration = Duration::from_secs(60);

    /// Reads a request up to the end of its body; its message, if it has one.
    async fn asked(peer: &mut TcpStream) -> Option<Value> {
        let mut bytes = Vec::new();
        loop {
            let head = bytes.windows(4).position(|end| end == b"\r\n\r\n");
            if let Some(head) = head {
                let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
                let mut lines = text.lines();
                let length = lines.find_map(|line| line.strip_prefix("content-length: "));
                let length: usize = length.map_or(0, |length| length.parse().unwrap());
                if bytes.len() >= head + 4 + length {
                    return serde_json::from_slice(&bytes[head + 4..]).ok();
                }
            }
            let mut piece = [0; 4096];
            let count = peer.read(&mut piece).await.ok()?;
            if count == 0 {
                return None;
            }
            bytes.extend_from_slice(&piece[..count]);
        }
    }

    /// A server that greets, and then says the same for ever when its tools are asked for.
    async fn flooding(flood: String) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut peer, _)) = listener.accept().await {
                let flood = flood.clone();
                tokio::spawn(async move {
                    let asked = asked(&mut peer).await.unwrap_or_default();
                    let head = |of: &str| format!("HTTP/1.1 {of}\r\nConnection: close\r\n");
                    let whole = match asked["method"].as_str() {
                        Some("initialize") => {
                            let result = json!({
                                "protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
                                "serverInfo": {"name": "flood", "version": "1"},
                            });
                            let body =
                                json!({"jsonrpc": "2.0", "id": asked["id"], "result": result});
                            format!(
                                "{}Content-Type: application/json\r\n\r\n{body}",
                                head("200 x")
                            )
                        }
                        Some("tools/list") => {
                            format!("{}Content-Type: text/event-stream\r\n\r\n", head("200 x"))
                        }
                        Some(_) => format!("{}\r\n", head("202 x")),
                        None => format!("{}Content-Length: 0\r\n\r\n", head("405 x")),
                    };
                    let is_flood = asked["method"] == "tools/list";
                    let mut written = peer.write_all(whole.as_bytes()).await;
                    while is_flood && written.is_ok() {
                        written = peer.write_all(flood.as_bytes()).await;
                    }
                });
            }
        });
        url
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_server_that_says_too_much_is_cut_off_by_messages_and_by_bytes() {
        let notice = |words: &str| {
            let params = json!({"level": "info", "data": words});
            let told =
                json!({"jsonrpc": "2.0", "method": "notifications/message", "params": params});
            format!("data: {told}\n\n")
        };
        let (many, large) = (notice("x"), notice(&"x".repeat(1 << 16)));
        let limits = |messages, bytes| Limits { messages, bytes };
        for (flood, limits, expected) in [
            (
                many,
                limits(100, 1 << 30),
                "it sent more than 100 messages within 10 s",
            ),
            (
                large,
                limits(1 << 30, 4 << 20),
                "it sent more than 4 MB within 10 s",
            ),
            // What becomes no message counts too.
            (
                "id: 1\n\n".to_owned(),
                limits(100, 1 << 30),
                "it sent more than 100 messages within 10 s",
            ),
            (
                format!("data: {}\n\n", "x".repeat(1 << 16)),
                limits(1 << 30, 4 << 20),
                "it sent more than 4 MB within 10 s",
            ),
        ] {
            let spec = HttpSpec {
                url: flooding(flood).await,
                headers: BTreeMap::new(),
                ca_file: None,
            };
            let traffic = Arc::new(Traffic::within(limits));
            let transport = open(&spec, None, &traffic).unwrap();
            let service = timeout(PATIENCE, ().serve(transport))
                .await
                .unwrap()
                .unwrap();
            let listed = timeout(PATIENCE, service.list_tools(None)).await.unwrap();
            assert!(listed.is_err(), "{listed:?}");
            timeout(PATIENCE, traffic.over()).await.unwrap();
            assert_eq!(traffic.ended().unwrap(), expected);
        }
    }

    #[tokio::test]
    async fn an_answer_that_is_no_stream_counts_as_it_is_long() {
        let traffic = Arc::new(Traffic::within(Limits {
            messages: 10,
            bytes: 100,
        }));
        let signed = Signed {
            client: net::built(net::builder(None, CONNECT).unwrap()).unwrap(),
            tokens: None,
            traffic: traffic.clone(),
        };
        let answer = |words: &str| {
            let answer = json!({"jsonrpc": "2.0", "id": 1, "result": {"words": words}});
            serde_json::from_value::<ServerJsonRpcMessage>(answer).unwrap()
        };
        signed.count(&answer("short"));
        assert_eq!(traffic.ended(), None);
        signed.count(&answer(&"x".repeat(100)));
        assert!(traffic.ended().is_some());
    }
}
