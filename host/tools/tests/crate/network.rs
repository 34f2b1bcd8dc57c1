//! Requests of tools, against a server of these tests: what is not granted, allowed or public is not reached, no
//! redirect leads elsewhere, and no secret is read.

use crate::support::{Bench, SECRET, yes};
use anteroom_api::{Capability, GrantReach, Mode, Resolution, Status, Trust};
use serde_json::json;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// A server that answers each request by its path, and remembers them.
struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = seen.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let kept = kept.clone();
                tokio::spawn(async move {
                    let mut bytes = Vec::new();
                    while !is_whole(&bytes) {
                        let mut piece = [0; 4096];
                        let Ok(length @ 1..) = stream.read(&mut piece).await else {
                            return;
                        };
                        bytes.extend_from_slice(&piece[..length]);
                    }
                    let request = String::from_utf8_lossy(&bytes).into_owned();
                    let answer = answer(&request, address);
                    kept.lock().unwrap().push(request);
                    // Whoever asked may be gone by now.
                    let _ = stream.write_all(&answer).await;
                });
            }
        });
        Self { address, seen }
    }

    fn host(&self) -> String {
        self.address.to_string()
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

fn is_whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, value)| value.trim().parse().unwrap());
    body.len() >= length
}

fn answer(request: &str, address: SocketAddr) -> Vec<u8> {
    let path = request.split(' ').nth(1).unwrap_or_default();
    let (status, headers, body) = match path {
        "/same" => (
            "302 Found",
            "Location: /hello\r\n".to_owned(),
            String::new(),
        ),
        "/loop" => ("302 Found", "Location: /loop\r\n".to_owned(), String::new()),
        "/elsewhere" => {
            let port = address.port();
            let to = format!("Location: http://localhost:{port}/hello\r\n");
            ("302 Found", to, String::new())
        }
        "/echo" => ("200 OK", String::new(), request.to_owned()),
        "/large" => ("200 OK", String::new(), "x".repeat((16 << 20) + 1)),
        _ => (
            "200 OK",
            "Set-Cookie: a=b\r\n".to_owned(),
            "hello".to_owned(),
        ),
    };
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

fn reach(hosts: &[String], secrets: &[&str]) -> Vec<(Capability, GrantReach)> {
    let fetch = GrantReach {
        hosts: hosts.to_vec(),
        ..GrantReach::default()
    };
    let named = GrantReach {
        secrets: secrets.iter().map(|it| (*it).to_owned()).collect(),
        ..GrantReach::default()
    };
    vec![(Capability::Fetch, fetch), (Capability::Secrets, named)]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_granted_host_is_reached_without_asking_and_metered() {
    let server = Server::start().await;
    let mut bench = Bench::third_party().await;
    bench.grants = reach(&[server.host()], &[]);
    let arguments = json!({"url": server.url("/same"), "method": "POST", "body": "news"});
    let called = bench.call("fetch", arguments).await;
    called.expect(Status::Completed, "[200] hello");
    assert_eq!(called.outcome.trust, Trust::Untrusted);
    let meter = &called.outcome.meter;
    assert_eq!(
        (meter.hosts, meter.bytes_sent, meter.bytes_received),
        (1, 4, 5)
    );
    let seen = server.seen();
    assert!(
        seen[0].starts_with("POST /same ") && seen[0].ends_with("news"),
        "{seen:?}"
    );
    assert!(
        seen[1].starts_with("GET /hello ") && seen[1].contains("x-from: borrower"),
        "{seen:?}"
    );
    assert_eq!(called.decisions.len(), 1, "{:?}", called.decisions);
    assert_eq!(called.decisions[0].by, "policy");
    assert!(
        called.decisions[0]
            .effect
            .starts_with("POST http://127.0.0.1")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_grant_names_is_not_reached() {
    let server = Server::start().await;
    let mut bench = Bench::third_party().await;
    bench.resolution = yes();
    let other = vec!["api.example.org".to_owned()];
    let pattern = vec!["*".to_owned()];
    for (grants, url, words) in [
        (vec![], server.url("/"), "`aroom tool grant borrower fetch`"),
        (
            reach(&other, &[]),
            server.url("/"),
            "only for `api.example.org`",
        ),
        // Where every host may be asked about, or is covered by a pattern, this machine still is not.
        (
            reach(&[], &[]),
            server.url("/"),
            "`http` is fetched only from this machine itself",
        ),
        (
            reach(&pattern, &[]),
            server.url("/"),
            "where a grant names it",
        ),
        (
            reach(&[], &[]),
            "https://127.0.0.1:9/".into(),
            "private network",
        ),
        (
            reach(&[], &[]),
            "https://169.254.169.254/latest/".into(),
            "private network",
        ),
        (
            reach(&[], &[]),
            "https://[::ffff:10.0.0.1]/".into(),
            "private network",
        ),
        (
            reach(&pattern, &[]),
            "https://localhost:9/".into(),
            "private network",
        ),
    ] {
        bench.grants = grants;
        let called = bench.call("fetch", json!({"url": url})).await;
        called.expect(Status::Denied, words);
    }
    bench.grants = reach(&[server.host()], &[]);
    let called = bench
        .call("fetch_undeclared", json!({"url": server.url("/")}))
        .await;
    called.expect(Status::Denied, "does not declare `fetch`");
    assert_eq!(server.seen(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_nobody_named_is_asked_about_before_its_name_is_looked_up() {
    let mut bench = Bench::third_party().await;
    bench.grants = reach(&[], &[]);
    let url = "https://nobody-asked.invalid/";
    let silent = bench.call("fetch", json!({"url": url})).await;
    silent.expect(Status::Denied, "nobody answered");
    assert!(
        silent.text().contains("'fetch:nobody-asked.invalid'"),
        "{}",
        silent.text()
    );
    bench.resolution = Resolution::Denied { reason: None };
    let refused = bench.call("fetch", json!({"url": url})).await;
    refused.expect(Status::Denied, "the person said no");
    assert!(
        !refused.text().contains("could not be found"),
        "{}",
        refused.text()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_first_answer_every_request_asks() {
    let server = Server::start().await;
    for mode in [Mode::AskForWrites, Mode::Auto] {
        let mut bench = Bench::third_party().await;
        bench.mode = mode;
        bench.grants = reach(&[server.host()], &[]);
        let before = server.seen().len();
        let called = bench
            .call("fetch", json!({"url": server.url("/"), "times": 2}))
            .await;
        called.expect(Status::Denied, "content from outside");
        assert_eq!(server.seen().len(), before + 1, "{mode}");
        bench.resolution = yes();
        let called = bench
            .call("fetch", json!({"url": server.url("/"), "times": 2}))
            .await;
        called.expect(Status::Completed, "[200] hello\n[200] hello");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_redirect_leads_elsewhere() {
    let server = Server::start().await;
    let mut bench = Bench::third_party().await;
    bench.grants = reach(&[server.host()], &[]);
    let called = bench
        .call("fetch", json!({"url": server.url("/elsewhere")}))
        .await;
    called.expect(
        Status::Failed,
        "redirects to another host, which is not followed",
    );
    assert_eq!(server.seen().len(), 1);
    let called = bench
        .call("fetch", json!({"url": server.url("/loop")}))
        .await;
    called.expect(Status::Failed, "redirects more than 5 times");
    let called = bench
        .call("fetch", json!({"url": server.url("/large")}))
        .await;
    called.expect(Status::Failed, "more than 16 MB");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_is_sent_and_never_read() {
    let server = Server::start().await;
    let mut bench = Bench::third_party().await;
    bench.grants = reach(&[server.host()], &["forecast"]);
    let echo = |secret: &str| json!({"url": server.url("/echo"), "secret": secret});
    let called = bench.call("fetch", echo("forecast")).await;
    called.expect(Status::Completed, "authorization: Bearer [secret masked: ");
    assert!(!called.text().contains(SECRET));
    assert!(server.seen()[0].contains(&format!("authorization: Bearer {SECRET}\r\n")));
    // Granted is one name; known are others.
    let called = bench.call("fetch", echo("other")).await;
    called.expect(Status::Denied, "--secret other");
    bench.grants = reach(&[server.host()], &[]);
    let called = bench.call("fetch", echo("forecast")).await;
    called.expect(Status::Denied, "was not granted the secret `forecast`");
    bench.grants = reach(&[server.host()], &["unknown"]);
    let called = bench.call("fetch", echo("unknown")).await;
    called.expect(Status::Denied, "there is no secret `unknown` for");
    bench.grants.truncate(1);
    let called = bench.call("fetch", echo("forecast")).await;
    called.expect(Status::Denied, "`aroom tool grant borrower secrets`");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_small_powers_need_their_grants_too() {
    let mut bench = Bench::third_party().await;
    let cases = [
        ("keep", json!({"key": "a", "value": "1"}), "store", "1 [a]"),
        ("skill", json!({}), "skills", "commit: the fix"),
        ("catalog", json!({}), "catalog", "weather.look"),
    ];
    for (tool, arguments, capability, _) in &cases {
        let called = bench.call(tool, arguments.clone()).await;
        let words = format!("`aroom tool grant borrower {capability}`");
        called.expect(Status::Denied, &words);
    }
    bench = bench.granting(&Capability::ALL);
    for (tool, arguments, _, expected) in &cases {
        let called = bench.call(tool, arguments.clone()).await;
        called.expect(Status::Completed, expected);
    }
    for (key, value, words) in [
        ("", "1", "a key has 1 to 256 bytes"),
        ("a\nb", "1", "no control characters"),
        ("a", &"x".repeat((64 << 10) + 1), "at most 65536 are kept"),
    ] {
        let called = bench
            .call("keep", json!({"key": key, "value": value}))
            .await;
        called.expect(Status::Failed, words);
    }
}
