//! The HTTP client: TLS, proxies, redirects, and what its errors mean.

use crate::address::Addresses;
use crate::{Endpoint, ModelError, Unreachable};
use reqwest::redirect::Policy;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::error::Error;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Builds the client one endpoint is reached with.
///
/// Proxies come from the environment, except for this machine itself, which no proxy can reach.
/// No redirect is followed: a POST would become a GET, and a key would travel. No compression is
/// negotiated or undone, so the bytes that are counted are the bytes that came.
pub(crate) fn client(
    endpoint: &Endpoint,
    addresses: &Addresses,
) -> Result<reqwest::Client, ModelError> {
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls(endpoint, addresses)?)
        .connect_timeout(endpoint.timeouts.connect)
        .redirect(Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .http2_max_header_list_size(64 * 1024)
        .tcp_nodelay(true)
        .user_agent(concat!("anteroom/", env!("CARGO_PKG_VERSION")));
    let builder = if addresses.is_loopback {
        builder.no_proxy()
    } else {
        builder
    };
    builder.build().map_err(|error| ModelError::Setup {
        reason: chain(&error),
    })
}

/// The TLS side, with its cryptography handed in rather than installed for the whole process.
fn tls(endpoint: &Endpoint, addresses: &Addresses) -> Result<ClientConfig, ModelError> {
    let setup = |error: &dyn Error| ModelError::Setup {
        reason: chain(error),
    };
    let provider = Arc::new(ring::default_provider());
    let extra = match &endpoint.ca_file {
        Some(path) => certificates(path)?,
        None => Vec::new(),
    };
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| setup(&error))?;
    // Reading the system's certificates takes longer than the rest of the start: only where needed.
    let config = if addresses.is_loopback && !addresses.is_tls {
        builder.with_root_certificates(RootCertStore::empty())
    } else if endpoint.verify_tls {
        let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(extra, provider)
            .map_err(|error| setup(&error))?;
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
    } else {
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Unchecked(provider)))
    };
    let mut config = config.with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ModelError> {
    let unusable = |reason: String| ModelError::CaFile {
        path: path.to_owned(),
        reason,
    };
    let found: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| unusable(error.to_string()))?;
    if found.is_empty() {
        return Err(unusable("there is no certificate in it".into()));
    }
    Ok(found)
}

/// Takes any certificate, as `verify_tls: false` asks; signatures are still checked.
#[derive(Debug)]
struct Unchecked(Arc<CryptoProvider>);

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// What an error of sending means. Timeouts are told apart by whoever waits.
pub(crate) fn sending(error: &reqwest::Error, url: &str) -> ModelError {
    let detail = cause(error);
    if let Some(why) = unreachable(error) {
        return ModelError::Unreachable {
            url: url.to_owned(),
            why,
            detail,
        };
    }
    if detail.contains("header") || detail.contains("message head") {
        return ModelError::Unreadable {
            url: url.to_owned(),
            detail,
        };
    }
    ModelError::Lost {
        url: url.to_owned(),
        detail,
    }
}

fn unreachable(error: &reqwest::Error) -> Option<Unreachable> {
    let mut is_name = false;
    let mut io_kind = None;
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        match tls_error(error) {
            Some(rustls::Error::InvalidCertificate(_)) => return Some(Unreachable::Certificate),
            Some(_) => return Some(Unreachable::Tls),
            None => {}
        }
        if let Some(error) = error.downcast_ref::<io::Error>() {
            io_kind = Some(error.kind());
        }
        is_name |= error.to_string().starts_with("dns error");
        next = error.source();
    }
    match io_kind {
        _ if !error.is_connect() => None,
        _ if is_name => Some(Unreachable::Name),
        Some(io::ErrorKind::ConnectionRefused) => Some(Unreachable::Refused),
        _ => Some(Unreachable::Network),
    }
}

/// The TLS error in an error, however many I/O errors are wrapped around it. Those show their
/// content's source as their own, so walking sources alone would miss it.
fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut error = error;
    loop {
        if let Some(found) = error.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        error = error.downcast_ref::<io::Error>()?.get_ref()?;
    }
}

/// What an error of reading the body means.
pub(crate) fn reading(error: &reqwest::Error, url: &str) -> ModelError {
    ModelError::Lost {
        url: url.to_owned(),
        detail: cause(error),
    }
}

/// The innermost cause: the outer ones repeat the address and say "error".
fn cause(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text = format!("{text}: {error}");
        next = error.source();
    }
    text
}
