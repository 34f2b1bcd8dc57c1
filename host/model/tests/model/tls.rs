//! Certificates: trusted by the system, by `ca_file`, or not at all.

use crate::endpoint::{Endpoint as Scripted, Reply};
use crate::{ask, phases, said};
use anteroom_api::Phase;
use anteroom_model::{Client, Endpoint, ModelError, Retry, Unreachable};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/tls")
        .join(name)
}

/// Takes off the TLS of one connection after the other and passes a request and its answer on.
fn terminate(listener: TcpListener, port: u16) {
    let certificates = CertificateDer::pem_file_iter(file("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certificates.map(Result::unwrap).collect(), key)
        .unwrap();
    let config = Arc::new(config);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(config.clone()).unwrap();
            // A client that does not trust us hangs up, which is what the test wants.
            let _ = pass_on(StreamOwned::new(connection, stream.unwrap()), port);
        }
    });
}

fn pass_on(
    mut outside: StreamOwned<ServerConnection, TcpStream>,
    port: u16,
) -> std::io::Result<()> {
    let mut inside = TcpStream::connect(("127.0.0.1", port))?;
    let mut request = Vec::new();
    let mut buffer = [0; 16 * 1024];
    // The scripted request's body ends with the messages.
    while !request.ends_with(b"]}") {
        let count = outside.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        request.extend_from_slice(&buffer[..count]);
    }
    inside.write_all(&request)?;
    // The answer closes its connection, so all of it is all that comes.
    let mut answer = Vec::new();
    inside.read_to_end(&mut answer)?;
    outside.write_all(&answer)?;
    outside.conn.send_close_notify();
    outside.flush()
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates() {
    let untrusted = Err(Some(Unreachable::Certificate));
    let rows = [
        ("unknown", None, true, untrusted),
        ("known by file", Some("authority.pem"), true, Ok(said("a"))),
        ("unchecked", None, false, Ok(said("a"))),
    ];
    for (name, ca_file, verify_tls, expected) in rows {
        let reply = Reply::text("a").without_usage();
        let scripted = Scripted::with([reply.framed(crate::endpoint::Framing::Close)]).await;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        terminate(listener, scripted.port());
        let client = Client::new(Endpoint {
            ca_file: ca_file.map(file),
            verify_tls,
            retry: Retry {
                backoff_base: Duration::ZERO,
                ..Retry::default()
            },
            ..Endpoint::new(format!("https://localhost:{port}/v1"))
        })
        .unwrap();
        let (told, result) = ask(&client).await;
        let found = result.map_err(|error| match error {
            ModelError::Unreachable { why, .. } => Some(why),
            _ => None,
        });
        let is_tried_again = phases(told)
            .iter()
            .any(|phase| matches!(phase, Phase::Retrying { .. }));
        assert_eq!((found, is_tried_again), (expected, false), "{name}");
    }
}

#[test]
fn files_that_hold_no_certificate() {
    for name in ["server.key", "none.pem"] {
        let result = Client::new(Endpoint {
            ca_file: Some(file(name)),
            ..Endpoint::new("https://localhost/v1")
        });
        assert!(matches!(result, Err(ModelError::CaFile { .. })), "{name}");
    }
}
