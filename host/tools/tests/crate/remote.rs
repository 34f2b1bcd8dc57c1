//! Servers behind an address: both protocols, signing in, and where credentials go.

use crate::servers::{Host, is_failed, is_ready, served, until, why};
use crate::web::{Answer, Request, Web, visit};
use anteroom_api::Status;
use anteroom_tools::{HttpSpec, ServerSpec, ServerState, ServerStatus, ServerTransport};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Longer than a door takes to be closed.
const PATIENCE: Duration = Duration::from_secs(30);

fn spec(url: String, headers: &[(&str, &str)]) -> ServerSpec {
    let headers = headers.iter();
    let headers = headers.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let mut spec = ServerSpec::new(
        "remote",
        ServerTransport::Http(HttpSpec {
            url,
            headers: headers.collect(),
            ca_file: None,
        }),
    );
    spec.is_allowed_to_start = true;
    spec
}

/// What a server of the old protocol answers.
fn old(request: &Request) -> Answer {
    if request.method != "POST" {
        return Answer::empty(405);
    }
    let message: Value = serde_json::from_str(&request.body).unwrap();
    let Some(id) = message.get("id") else {
        return Answer::empty(202);
    };
    let tool =
        json!({"name": "echo", "description": "Says it again.", "inputSchema": {"type": "object"}});
    let result = match message["method"].as_str().unwrap() {
        "initialize" => json!({
            "protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
            "serverInfo": {"name": "remote", "version": "2"},
        }),
        "tools/list" => json!({"tools": [tool]}),
        "tools/call" => {
            let said = message["params"]["arguments"].to_string();
            json!({"content": [{"type": "text", "text": said}]})
        }
        other => {
            let error = json!({"code": -32601, "message": format!("unknown: {other}")});
            return Answer::json(200, &json!({"jsonrpc": "2.0", "id": id, "error": error}));
        }
    };
    Answer::json(200, &json!({"jsonrpc": "2.0", "id": id, "result": result}))
}

/// What a server of the new protocol answers: no greeting, everything in each request.
fn new(request: &Request) -> Answer {
    let message: Value = serde_json::from_str(&request.body).unwrap_or_default();
    let (id, method) = (&message["id"], message["method"].as_str());
    let version = &message["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"];
    let result = match method {
        Some("server/discover") => json!({
            "resultType": "complete", "supportedVersions": ["2026-07-28"],
            "capabilities": {"tools": {}}, "ttlMs": 0, "cacheScope": "private",
        }),
        Some("tools/list") if version == "2026-07-28" => {
            let schema = json!({"type": "object"});
            let tool = json!({"name": "where", "inputSchema": schema});
            json!({"resultType": "complete", "tools": [tool], "ttlMs": 0, "cacheScope": "private"})
        }
        Some("tools/call") => match message["params"]["inputResponses"].as_object() {
            Some(answers) => {
                let text = format!(
                    "{} {}",
                    answers["who"]["content"]["name"], message["params"]["requestState"]
                );
                json!({"resultType": "complete", "content": [{"type": "text", "text": text}]})
            }
            None => {
                json!({"resultType": "input_required", "requestState": "seven", "inputRequests": {
                    "who": {"method": "elicitation/create", "params": {"mode": "form", "message": "Who?", "requestedSchema": {
                        "type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"],
                    }}},
                }})
            }
        },
        _ => return Answer::empty(405),
    };
    Answer::json(200, &json!({"jsonrpc": "2.0", "id": id, "result": result}))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_the_old_protocol_is_used() {
    let web = Web::open(|_, request| old(request)).await;
    let headers = [("X-Key", "hush"), ("Authorization", "Bearer mine")];
    let spec = spec(format!("{}/mcp", web.origin), &headers);
    let (bench, _) = served(|_| vec![spec], Host::default());
    let status = until(&bench.registry, "remote", is_ready).await;
    assert_eq!(status.protocol.as_deref(), Some("2025-11-25"));
    let called = bench.call("remote.echo", json!({"word": "far"})).await;
    called.expect(Status::Completed, r#"{"word":"far"}"#);
    for request in web.to("/mcp") {
        assert_eq!(request.headers["x-key"], "hush");
        assert_eq!(request.headers["authorization"], "Bearer mine");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_the_new_protocol_is_used_and_answered() {
    let web = Web::open(|_, request| new(request)).await;
    let spec = spec(format!("{}/mcp", web.origin), &[]);
    let (bench, host) = served(|_| vec![spec], Host::default());
    let status = until(&bench.registry, "remote", is_ready).await;
    assert_eq!(status.protocol.as_deref(), Some("2026-07-28"));
    let called = bench.call("remote.where", json!({})).await;
    called.expect(Status::Completed, r#""Ada" "seven""#);
    let asked = host.asked.lock().unwrap().clone();
    assert_eq!(asked, [r#"remote: Who? {"name":{"type":"string"}} true"#]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_little_time_greets_in_the_old_way_first() {
    let web = Web::open(|_, request| match request.body.contains("\"initialize\"") {
        true => {
            let message: Value = serde_json::from_str(&request.body).unwrap();
            let error = json!({"code": -32601, "message": "unknown: initialize"});
            Answer::json(
                200,
                &json!({"jsonrpc": "2.0", "id": message["id"], "error": error}),
            )
        }
        false => new(request),
    })
    .await;
    let mut spec = spec(format!("{}/mcp", web.origin), &[]);
    spec.connect_timeout = std::time::Duration::from_secs(5);
    let (bench, _) = served(|_| vec![spec], Host::default());
    let status = until(&bench.registry, "remote", is_ready).await;
    assert_eq!(status.protocol.as_deref(), Some("2026-07-28"));
    assert!(web.to("/mcp")[0].body.contains("\"initialize\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_not_followed_with_a_key() {
    let elsewhere = Web::open(|_, request| old(request)).await;
    let target = format!("{}/mcp", elsewhere.origin);
    let web = Web::open(move |_, _| Answer::empty(307).with("Location", target.clone())).await;
    let spec = spec(
        format!("{}/mcp", web.origin),
        &[("Authorization", "Bearer mine")],
    );
    let (bench, _) = served(|_| vec![spec], Host::default());
    until(&bench.registry, "remote", is_failed).await;
    assert!(elsewhere.seen.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_over_http_ends_that_connection_alone() {
    let said = r#"data: {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"on and on"}}"#;
    let loud = Web::open(
        move |_, request| match request.body.contains("tools/call") {
            true => Answer {
                body: format!("{said}\n\n").repeat(100),
                is_endless: true,
                ..Answer::empty(200).with("Content-Type", "text/event-stream")
            },
            false => old(request),
        },
    )
    .await;
    let quiet = Web::open(|_, request| old(request)).await;
    let mut specs = vec![
        spec(format!("{}/mcp", loud.origin), &[]),
        spec(format!("{}/mcp", quiet.origin), &[]),
    ];
    specs[1].id.name = "quiet".to_owned();
    let (bench, _) = served(move |_| specs, Host::default());
    until(&bench.registry, "remote", is_ready).await;
    until(&bench.registry, "quiet", is_ready).await;
    let called = bench.call("remote.echo", json!({})).await;
    called.expect(Status::Failed, "the connection was lost");
    let is_told = |it: &ServerStatus| it.last_error.is_some();
    let status = until(&bench.registry, "remote", is_told).await;
    assert!(why(&status).starts_with("it sent more than 5000 messages within 10 s"));
    let called = bench
        .call("quiet.echo", json!({"word": "undisturbed"}))
        .await;
    called.expect(Status::Completed, "undisturbed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_server_fails_in_words() {
    let page = Web::open(|_, _| Answer {
        body: "<html>".to_owned(),
        ..Answer::empty(200).with("Content-Type", "text/html")
    })
    .await;
    for (url, expected) in [
        (format!("{}/", page.origin), "content type"),
        (
            "http://example.com/mcp".to_owned(),
            "`http` is taken on this machine only",
        ),
        (
            "https://user:pass@example.com/".to_owned(),
            "put it into `headers`",
        ),
        ("ftp://example.com/".to_owned(), "is no scheme of a server"),
    ] {
        let (bench, _) = served(|_| vec![spec(url.clone(), &[])], Host::default());
        let status = until(&bench.registry, "remote", is_failed).await;
        let why = why(&status);
        assert!(why.to_lowercase().contains(expected), "{url}: {why}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_goes_away_is_found_again() {
    let is_down = Arc::new(Mutex::new(false));
    let down = is_down.clone();
    let web = Web::open(move |_, request| {
        if *down.lock().unwrap() {
            Answer::empty(503)
        } else {
            old(request)
        }
    })
    .await;
    let spec = spec(format!("{}/mcp", web.origin), &[]);
    let (bench, _) = served(|_| vec![spec], Host::default());
    until(&bench.registry, "remote", is_ready).await;
    *is_down.lock().unwrap() = true;
    let called = bench.call("remote.echo", json!({})).await;
    called.expect(Status::Failed, "503");
    until(&bench.registry, "remote", is_failed).await;
    *is_down.lock().unwrap() = false;
    until(&bench.registry, "remote", is_ready).await;
}

/// A server that wants a sign-in, and is its own authorization server. Tokens are numbered; all but the newest are
/// refused.
async fn guarded(issued: Arc<AtomicUsize>) -> Web {
    Web::open(move |origin, request| {
        let (path, _) = request.path.split_once('?').unwrap_or((&request.path, ""));
        match path {
            "/mcp" => {
                let newest = format!("Bearer token-{}", issued.load(Ordering::SeqCst));
                let is_known = request.headers.get("authorization") == Some(&newest);
                if is_known && issued.load(Ordering::SeqCst) > 0 {
                    return old(request);
                }
                let about = format!("{origin}/about");
                let challenge = format!(r#"Bearer resource_metadata="{about}", scope="use""#);
                Answer::empty(401).with("WWW-Authenticate", challenge)
            }
            "/about" => Answer::json(
                200,
                &json!({"resource": format!("{origin}/mcp"), "authorization_servers": [origin]}),
            ),
            "/.well-known/oauth-authorization-server" => Answer::json(
                200,
                &json!({
                    "issuer": origin,
                    "authorization_endpoint": format!("{origin}/authorize"),
                    "token_endpoint": format!("{origin}/token"),
                    "registration_endpoint": format!("{origin}/register"),
                    "code_challenge_methods_supported": ["S256"],
                    "authorization_response_iss_parameter_supported": true,
                }),
            ),
            "/register" => Answer::json(201, &json!({"client_id": "us"})),
            "/token" => {
                let number = issued.fetch_add(1, Ordering::SeqCst) + 1;
                Answer::json(
                    200,
                    &json!({
                        "access_token": format!("token-{number}"), "token_type": "Bearer",
                        "expires_in": 20, "refresh_token": format!("again-{number}"),
                    }),
                )
            }
            _ => Answer::empty(404),
        }
    })
    .await
}

fn needs_sign_in(status: &ServerStatus) -> bool {
    status.state == ServerState::NeedsSignIn
}

fn pairs(text: &str) -> BTreeMap<String, String> {
    let url = reqwest::Url::parse(&format!("http://x/?{text}")).unwrap();
    url.query_pairs().into_owned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_and_the_token_is_renewed() {
    let web = guarded(Arc::default()).await;
    let spec = spec(format!("{}/mcp", web.origin), &[]);
    let (bench, host) = served(|_| vec![spec.clone()], Host::default());
    until(&bench.registry, "remote", needs_sign_in).await;
    let address = bench.registry.sign_in("remote").await.unwrap();
    let query = pairs(address.split_once('?').unwrap().1);
    assert_eq!(query["client_id"], "us");
    assert_eq!(query["code_challenge_method"], "S256");
    assert_eq!(query["scope"], "use");
    assert_eq!(query["resource"], format!("{}/mcp", web.origin));

    // Whoever does not know the state is sent away; the browser that does is let in.
    let back = |query: String| {
        let address = format!(
            "{}?{query}",
            pairs(address.split_once('?').unwrap().1)["redirect_uri"]
        );
        async move { visit(&address).await }
    };
    assert_eq!(back("code=evil&state=guessed".to_owned()).await, 403);
    let state = &query["state"];
    assert_eq!(
        back(format!("code=good&state={state}&iss={}", web.origin)).await,
        200
    );
    until(&bench.registry, "remote", is_ready).await;
    let asked = pairs(&web.to("/token")[0].body);
    assert_eq!(asked["code"], "good");
    assert_eq!(asked["grant_type"], "authorization_code");
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(asked["code_verifier"].as_bytes()));
    assert_eq!(challenge, query["code_challenge"]);

    // Another run renews what was kept, and keeps what it got.
    assert!(host.credentials.lock().unwrap().is_some());
    bench.registry.restart_server("remote");
    let called = async {
        until(&bench.registry, "remote", is_ready).await;
        bench.call("remote.echo", json!({"word": "in"})).await
    };
    called.await.expect(Status::Completed, r#"{"word":"in"}"#);
    let renewed = web.to("/token");
    assert!(renewed.len() > 1, "{renewed:?}");
    assert_eq!(pairs(&renewed[1].body)["refresh_token"], "again-1");
    let kept = host.credentials.lock().unwrap().clone().unwrap();
    assert!(!format!("{kept:?}").contains("again"));
}

/// Each sign-in opens a door on this machine for ten minutes; there is one for each server.
#[tokio::test(flavor = "multi_thread")]
async fn a_newer_sign_in_closes_the_door_of_the_older_one() {
    let web = guarded(Arc::default()).await;
    let spec = spec(format!("{}/mcp", web.origin), &[]);
    let (bench, _host) = served(|_| vec![spec.clone()], Host::default());
    until(&bench.registry, "remote", needs_sign_in).await;
    let mut doors = Vec::new();
    for _ in 0..12 {
        let address = bench.registry.sign_in("remote").await.unwrap();
        let query = pairs(address.split_once('?').unwrap().1);
        doors.push(reqwest::Url::parse(&query["redirect_uri"]).unwrap());
    }
    let is_open = |door: &reqwest::Url| {
        let at = ("127.0.0.1", door.port().unwrap());
        async move { tokio::net::TcpStream::connect(at).await.is_ok() }
    };
    let newest = doors.pop().unwrap();
    for door in &doors {
        let since = Instant::now();
        while is_open(door).await {
            assert!(since.elapsed() < PATIENCE, "an older door is open");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    assert!(is_open(&newest).await);
    // A server that is gone waits for nobody.
    bench.registry.set_servers(Vec::new());
    let since = Instant::now();
    while is_open(&newest).await {
        assert!(
            since.elapsed() < PATIENCE,
            "the door of a server that is gone is open"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_somebody_else_signs_nobody_in() {
    let web = guarded(Arc::default()).await;
    let spec = spec(format!("{}/mcp", web.origin), &[]);
    let (bench, host) = served(|_| vec![spec], Host::default());
    until(&bench.registry, "remote", needs_sign_in).await;
    let address = bench.registry.sign_in("remote").await.unwrap();
    let query = pairs(address.split_once('?').unwrap().1);
    let back = format!(
        "{}?code=good&state={}&iss=https://evil.test",
        query["redirect_uri"], query["state"]
    );
    assert_eq!(visit(&back).await, 403);
    let is_told = |it: &ServerStatus| it.last_error.is_some();
    let status = until(&bench.registry, "remote", is_told).await;
    assert!(why(&status).contains("another server than the one that was asked"));
    assert!(needs_sign_in(&status));
    assert!(web.to("/token").is_empty());
    assert!(host.credentials.lock().unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_cannot_send_us_into_the_private_network() {
    let web = Web::open(|_, request| match request.path.as_str() {
        "/mcp" => Answer::empty(401).with(
            "WWW-Authenticate",
            r#"Bearer resource_metadata="https://169.254.169.254/latest""#,
        ),
        _ => Answer::empty(404),
    })
    .await;
    let spec = spec(format!("{}/mcp", web.origin), &[]);
    let (bench, _) = served(|_| vec![spec], Host::default());
    until(&bench.registry, "remote", needs_sign_in).await;
    let refused = bench.registry.sign_in("remote").await.unwrap_err();
    assert!(refused.contains("lies in a private network"), "{refused}");
}
