//! Connections to other machines: a client with our TLS that goes exactly where it is sent, addresses that are looked
//! at before anything goes to them, and bodies with an end. Who may be reached at all is the caller's to say.

pub(crate) mod address;

use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Response};
use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// This machine, at whichever port an address names.
pub(crate) const HERE: [SocketAddr; 2] = [
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
    SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 0),
];

/// Why there is nothing to connect to.
#[derive(Debug)]
pub(crate) enum NoAddress {
    /// The name is not known.
    NotFound(io::Error),
    /// Nobody said in time.
    Late,
    /// There are addresses, and none of them may be reached.
    Refused,
}

/// Why a body is not there.
#[derive(Debug)]
pub(crate) enum NoBody {
    /// It is longer than is taken.
    TooLong,
    /// The connection failed.
    Broken(reqwest::Error),
}

/// An HTTP client with our TLS, which may trust some certificates more. It follows no redirect and repeats nothing:
/// what is meant for one place goes to no other, and goes once.
pub(crate) fn builder(ca_file: Option<&Path>, patience: Duration) -> Result<ClientBuilder, String> {
    Ok(Client::builder()
        .tls_backend_preconfigured(tls(ca_file)?)
        .connect_timeout(patience)
        .redirect(Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .http2_max_header_list_size(64 * 1024)
        .tcp_nodelay(true)
        .user_agent(concat!("anteroom/", env!("CARGO_PKG_VERSION"))))
}

/// A client for one name, whose connections go to these addresses and no others: what was looked at is what is
/// reached, whatever a name server says a moment later, and no proxy stands in between.
pub(crate) fn pinned(
    name: &str,
    addresses: &[SocketAddr],
    patience: Duration,
) -> Result<Client, String> {
    let builder = builder(None, patience)?;
    built(builder.resolve_to_addrs(name, addresses).no_proxy())
}

/// The client.
pub(crate) fn built(builder: ClientBuilder) -> Result<Client, String> {
    let built = builder.build();
    built.map_err(|error| format!("the HTTP client could not be made: {error}"))
}

/// The addresses of a name, or the one that it is, as far as they may be reached.
pub(crate) async fn addresses(
    (name, port): (&str, u16),
    patience: Duration,
    may_reach: impl Fn(IpAddr) -> bool,
) -> Result<Vec<SocketAddr>, NoAddress> {
    let found = timeout(patience, tokio::net::lookup_host((name, port))).await;
    let found = found.map_err(|_| NoAddress::Late)?;
    let found = found.map_err(NoAddress::NotFound)?;
    reachable(found, may_reach)
}

fn reachable(
    found: impl Iterator<Item = SocketAddr>,
    may_reach: impl Fn(IpAddr) -> bool,
) -> Result<Vec<SocketAddr>, NoAddress> {
    let reachable: Vec<SocketAddr> = found.filter(|found| may_reach(found.ip())).collect();
    match reachable.is_empty() {
        true => Err(NoAddress::Refused),
        false => Ok(reachable),
    }
}

/// A name as it stands in an address, without the brackets of a number.
pub(crate) fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

/// The whole body, if it has no more than so many bytes; counted as it comes, whatever was said of its length.
pub(crate) async fn body(response: &mut Response, most_bytes: usize) -> Result<Vec<u8>, NoBody> {
    let is_too_long = |length| length > most_bytes;
    let told = response.content_length().unwrap_or_default();
    if usize::try_from(told).map_or(true, is_too_long) {
        return Err(NoBody::TooLong);
    }
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(NoBody::Broken)? {
        if is_too_long(body.len() + piece.len()) {
            return Err(NoBody::TooLong);
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
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

#[cfg(test)]
mod tests;
