//! Reachable from outside: what must be set first, and TLS in both versions of HTTP.

use super::fake::Fake;
use super::scene::Scene;
use super::wire::exchange_over;
use crate::listen::Tls;
use crate::transport::Patience;
use crate::{Bytes, Listen, Server};
use anteroom_api::{SettingOrigin, SettingView, SettingsReport};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

fn everywhere() -> Listen {
    Listen {
        address: Ipv4Addr::UNSPECIFIED.into(),
        ..Listen::loopback(0)
    }
}

fn own(folder: &Path) -> Option<Tls> {
    Some(Tls::SelfSigned {
        folder: folder.join("tls"),
    })
}

async fn refusal(listen: Listen) -> Option<String> {
    let host = Arc::new(Fake::default()).handle();
    let problem = Server::bind(listen, host).await.err()?;
    Some(format!(
        "{problem} {}",
        problem.hint.clone().unwrap_or_default()
    ))
}

#[tokio::test]
async fn other_machines_are_let_near_with_tls_names_and_a_way_to_sign_in_only() {
    let folder = tempfile::tempdir().unwrap();
    let whole = Listen {
        tls: own(folder.path()),
        hosts: vec!["box.example".to_owned()],
        has_password: true,
        ..everywhere()
    };
    assert_eq!(refusal(whole.clone()).await, None);
    let bare = refusal(everywhere()).await.unwrap();
    for words in ["app.tls", "app.hosts", "aroom password"] {
        assert!(bare.contains(words), "{bare}");
    }
    let lacking = [
        (
            Listen {
                tls: None,
                ..whole.clone()
            },
            "app.tls",
        ),
        (
            Listen {
                hosts: vec![],
                ..whole.clone()
            },
            "app.hosts",
        ),
        (
            Listen {
                has_password: false,
                ..whole.clone()
            },
            "aroom password",
        ),
        (
            Listen {
                hosts: vec!["https://box".to_owned()],
                ..whole.clone()
            },
            "host name",
        ),
        (
            Listen {
                hosts: vec!["*".to_owned()],
                ..whole
            },
            "host name",
        ),
    ];
    for (listen, word) in lacking {
        let refusal = refusal(listen).await.unwrap();
        assert!(refusal.contains(word), "{refusal}");
    }
    let lan = Listen {
        address: IpAddr::from([192, 0, 2, 1]),
        ..Listen::loopback(0)
    };
    assert!(refusal(lan).await.unwrap().contains("app.tls"));
}

#[tokio::test]
async fn a_browser_that_was_signed_in_on_this_machine_stands_for_a_password() {
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene::new().await;
    scene.sign_in().await;
    let listen = Listen {
        tls: own(folder.path()),
        hosts: vec!["box.example".to_owned()],
        ..everywhere()
    };
    let bound = Server::bind(listen, scene.fake.handle()).await.unwrap();
    let port = bound.local_addr().port();
    assert_eq!(bound.url(), format!("https://box.example:{port}"));
    assert_eq!(bound.fingerprint().unwrap().len(), 95);
}

#[tokio::test]
async fn a_port_that_is_taken_says_by_whom() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let refusal = refusal(Listen::loopback(port)).await.unwrap();
    assert!(
        refusal.contains(&format!("port {port} is taken")),
        "{refusal}"
    );
    assert!(refusal.contains("AI_CHAT_PORT"), "{refusal}");
}

fn settings(values: &[(&str, serde_json::Value)]) -> SettingsReport {
    let one = |(key, value): &(&str, serde_json::Value)| SettingView {
        key: (*key).to_owned(),
        value: value.clone(),
        default: serde_json::Value::Null,
        origin: SettingOrigin::Default,
        doc: String::new(),
        environment: None,
        is_secret: false,
        page: anteroom_api::PageMay::Set,
        is_literal: false,
        is_read_at_start: false,
    };
    SettingsReport {
        path: "/home/u/.anteroom/config.yaml".to_owned(),
        settings: values.iter().map(one).collect(),
        warnings: vec![],
    }
}

#[test]
fn settings_say_where_to_listen() {
    let none = Listen::from_settings(&settings(&[])).unwrap();
    assert_eq!(
        (none.socket().to_string().as_str(), none.tls),
        ("127.0.0.1:8080", None)
    );
    let all = settings(&[
        ("app.host", "::".into()),
        ("app.port", 9000.into()),
        ("app.tls", "self-signed".into()),
        ("app.hosts", serde_json::json!(["box", "[::1]:9"])),
        ("app.password_hash", "********".into()),
    ]);
    let all = Listen::from_settings(&all).unwrap();
    assert_eq!(all.socket().to_string(), "[::]:9000");
    assert_eq!(
        all.tls,
        Some(Tls::SelfSigned {
            folder: "/home/u/.anteroom/tls".into()
        })
    );
    assert!(all.has_password && all.hosts.len() == 2);
    all.check(false).unwrap();
    let half = settings(&[
        ("app.tls", "files".into()),
        ("app.tls_cert", "/a.pem".into()),
    ]);
    assert!(
        Listen::from_settings(&half)
            .unwrap_err()
            .error
            .contains("app.tls")
    );
    let named = settings(&[("app.host", "box.example".into())]);
    assert!(
        Listen::from_settings(&named)
            .unwrap_err()
            .error
            .contains("box.example")
    );
}

async fn connect(scene: &Scene, folder: &Path, protocol: &[u8]) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    let file = folder.join("tls/certificate.pem");
    roots
        .add(CertificateDer::from_pem_file(file).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    let stream = TcpStream::connect(scene.to).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let connected = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await;
    connected.unwrap()
}

#[tokio::test]
async fn over_tls_cookies_are_bound_to_the_host_and_browsers_told_to_stay() {
    let folder = tempfile::tempdir().unwrap();
    let listen = Listen {
        tls: own(folder.path()),
        hosts: vec!["box.example".to_owned()],
        ..Listen::loopback(0)
    };
    let scene = Scene::with(listen, Patience::default()).await;
    let token = crate::invite(&scene.fake.handle()).await.unwrap();
    let body = serde_json::json!({ "launch": token }).to_string();
    let host = format!("localhost:{}", scene.to.port());
    let host_line = format!("Host: {host}");
    let lines = [host_line.as_str(), "Content-Type: application/json"];
    let request = scene.request("POST", "/api/session", &lines, &body);
    let stream = connect(&scene, folder.path(), b"http/1.1").await;
    let answer = exchange_over(stream, &request).await.remove(0);
    assert_eq!(answer.status, 201);
    let cookie = answer.header("set-cookie").unwrap();
    assert!(
        cookie.starts_with("__Host-aroom_session=") && cookie.ends_with("; Secure"),
        "{cookie}"
    );
    // A name that somebody gave to this machine is to stay with TLS; `localhost` is every program's.
    for (name, said) in [
        ("box.example", Some("max-age=31536000")),
        ("localhost", None),
        ("127.0.0.1", None),
        ("evil.example", None),
    ] {
        let line = format!("Host: {name}:{}", scene.to.port());
        let request = scene.request("GET", "/", &[&line], "");
        let stream = connect(&scene, folder.path(), b"http/1.1").await;
        let answer = exchange_over(stream, &request).await.remove(0);
        assert_eq!(answer.header("strict-transport-security"), said, "{name}");
    }
    // The same page without TLS is another origin.
    let plain = format!("Origin: http://{host}");
    let request = scene.request("GET", "/", &[&host_line, &plain], "");
    let stream = connect(&scene, folder.path(), b"http/1.1").await;
    assert_eq!(exchange_over(stream, &request).await.remove(0).status, 403);
}

async fn statuses<S>(stream: S, asked: &[(&str, Option<&str>)]) -> Vec<u16>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let io = TokioIo::new(stream);
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), io);
    let (mut sender, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    let mut statuses = Vec::new();
    for (uri, host) in asked {
        let mut request = axum::http::Request::get(*uri);
        if let Some(host) = host {
            request = request.header("host", *host);
        }
        let request = request.body(Empty::<Bytes>::new()).unwrap();
        let response = sender.send_request(request).await.unwrap();
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        statuses.push(response.status().as_u16());
        response.into_body().collect().await.unwrap();
    }
    statuses
}

#[tokio::test]
async fn the_second_version_of_http_passes_the_same_guards() {
    let folder = tempfile::tempdir().unwrap();
    let listen = Listen {
        tls: own(folder.path()),
        ..Listen::loopback(0)
    };
    let secure = Scene::with(listen, Patience::default()).await;
    let plain = Scene::new().await;
    let stream = connect(&secure, folder.path(), b"h2").await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let asked = |scheme: &str, port: u16| {
        [
            (format!("{scheme}://localhost:{port}/"), None, 200),
            (format!("{scheme}://localhost:{port}/api/notes"), None, 401),
            (format!("{scheme}://evil.example:{port}/"), None, 421),
            (
                format!("{scheme}://localhost:{port}/"),
                Some("evil.example"),
                421,
            ),
        ]
    };
    let check = |all: [(String, Option<&'static str>, u16); 4]| {
        let wanted: Vec<u16> = all.iter().map(|(_, _, status)| *status).collect();
        (all, wanted)
    };
    let (all, wanted) = check(asked("https", secure.to.port()));
    let pairs: Vec<(&str, Option<&str>)> = all
        .iter()
        .map(|(uri, host, _)| (uri.as_str(), *host))
        .collect();
    assert_eq!(statuses(stream, &pairs).await, wanted);
    let (all, wanted) = check(asked("http", plain.to.port()));
    let pairs: Vec<(&str, Option<&str>)> = all
        .iter()
        .map(|(uri, host, _)| (uri.as_str(), *host))
        .collect();
    let stream = TcpStream::connect(plain.to).await.unwrap();
    assert_eq!(statuses(stream, &pairs).await, wanted);
}
