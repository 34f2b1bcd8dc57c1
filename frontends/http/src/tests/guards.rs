//! Every route against everybody who may not have it.

use super::scene::{Browser, Scene, assert_secured};
use super::wire::{Answer, ask, exchange};
use crate::access::Class;
use crate::input::Takes;
use crate::transport::Patience;
use crate::{Listen, RouteInfo};
use std::net::{Ipv6Addr, SocketAddr};
use tokio::net::TcpListener;

const ID: &str = "00000000-0000-7000-8000-000000000001";

fn path(route: &RouteInfo) -> String {
    route.path.replace("{id}", ID)
}

/// A body the route would take.
fn body(route: &RouteInfo) -> &'static str {
    match route.takes {
        Takes::Nothing => "",
        Takes::Json => r#"{"text":"x","launch":"x","password":"x"}"#,
        Takes::Bytes => "bytes",
    }
}

/// Somebody who has everything, but for what is changed.
fn lines(scene: &Scene, browser: &Browser, route: &RouteInfo) -> Vec<String> {
    let (cookie, tab, origin) = scene.credentials(browser);
    let mut lines = vec![
        cookie,
        tab,
        origin,
        "Sec-Fetch-Site: same-origin".to_owned(),
    ];
    lines.push("Authorization: Bearer good-key".to_owned());
    if let Some(media) = route.accepts {
        lines.push(format!("Content-Type: {media}"));
    }
    lines
}

async fn refused(scene: &Scene, route: &RouteInfo, lines: &[String], body: &str) -> Answer {
    let (ran, ops) = (scene.ran(), scene.fake.ops());
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let answer = scene
        .ask(route.method.as_str(), &path(route), &lines, body)
        .await;
    assert_secured(&answer);
    assert_eq!(answer.header("set-cookie"), None, "{} {answer:?}", route.id);
    let json = answer.json();
    for key in ["code", "message", "hint", "causes", "retryable"] {
        assert!(json.get(key).is_some(), "{key}: {json}");
    }
    assert_eq!(scene.ran(), ran, "{} ran", route.id);
    assert_eq!(scene.fake.ops(), ops, "{} changed something", route.id);
    answer
}

fn without(lines: &[String], name: &str) -> Vec<String> {
    lines
        .iter()
        .filter(|line| !line.starts_with(name))
        .cloned()
        .collect()
}

#[tokio::test]
async fn nobody_without_a_whole_credential_gets_anything() {
    let scene = Scene::new().await;
    let browser = scene.sign_in().await;
    let other = scene.sign_in().await;
    let mut checked = 0;
    for route in scene
        .routes
        .iter()
        .filter(|route| !matches!(route.class, Class::Public))
    {
        let all = lines(&scene, &browser, route);
        let shown: &[&[&str]] = match route.class {
            Class::Session => &[&["Cookie", "X-Anteroom"], &["Cookie"], &["X-Anteroom"]],
            _ => &[&["Authorization"]],
        };
        for missing in shown {
            let some = missing
                .iter()
                .fold(all.clone(), |lines, name| without(&lines, name));
            let answer = refused(&scene, route, &some, body(route)).await;
            assert_eq!(answer.status, 401, "{} without {missing:?}", route.id);
            checked += 1;
        }
        if matches!(route.class, Class::Session) {
            let mut mixed = without(&all, "X-Anteroom");
            mixed.push(format!("X-Anteroom-Tab: {}", other.tab));
            assert_eq!(
                refused(&scene, route, &mixed, body(route)).await.status,
                401,
                "another's tab"
            );
            let mut twice = all.clone();
            twice.push(format!("X-Anteroom-Tab: {}", browser.tab));
            assert_eq!(
                refused(&scene, route, &twice, body(route)).await.status,
                401,
                "two tabs"
            );
            let mut two = without(&all, "Cookie");
            two.push(format!("Cookie: {0}; {0}", browser.cookie));
            assert_eq!(
                refused(&scene, route, &two, body(route)).await.status,
                401,
                "two cookies"
            );
        }
    }
    assert!(checked > 25, "{checked}");
}

#[tokio::test]
async fn no_other_site_gets_anything() {
    let scene = Scene::new().await;
    let browser = scene.sign_in().await;
    for route in &scene.routes {
        let all = lines(&scene, &browser, route);
        for origin in ["http://evil.example", "null", "http://127.0.0.1:1"] {
            let mut foreign = without(&all, "Origin");
            foreign.push(format!("Origin: {origin}"));
            let answer = refused(&scene, route, &foreign, body(route)).await;
            assert_eq!(answer.status, 403, "{} from {origin}", route.id);
        }
        for site in ["cross-site", "same-site"] {
            let mut foreign = without(&all, "Sec-Fetch-Site");
            foreign.push(format!("Sec-Fetch-Site: {site}"));
            let answer = refused(&scene, route, &foreign, body(route)).await;
            assert_eq!(answer.status, 403, "{} from {site}", route.id);
        }
    }
}

#[tokio::test]
async fn no_foreign_host_gets_anything() {
    let scene = Scene::new().await;
    let browser = scene.sign_in().await;
    for route in &scene.routes {
        let all = lines(&scene, &browser, route);
        for host in [
            "evil.example",
            "127.0.0.1",
            "127.0.0.1:1",
            "evil.example:80",
        ] {
            let mut foreign = vec![format!("Host: {host}")];
            foreign.extend(all.clone());
            let answer = refused(&scene, route, &foreign, body(route)).await;
            assert_eq!(answer.status, 421, "{} as {host}", route.id);
        }
        let mut twice = vec![
            format!("Host: {}", scene.host()),
            "Host: evil.example".to_owned(),
        ];
        twice.extend(all);
        assert_eq!(
            refused(&scene, route, &twice, body(route)).await.status,
            421
        );
    }
}

#[tokio::test]
async fn no_body_of_another_kind_or_size_gets_anywhere() {
    let scene = Scene::new().await;
    let browser = scene.sign_in().await;
    for route in &scene.routes {
        let all = lines(&scene, &browser, route);
        let kinds = [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/json; charset=utf-16",
            "",
        ];
        for kind in kinds {
            let mut wrong = without(&all, "Content-Type");
            wrong.push(format!("Content-Type: {kind}"));
            let answer = refused(&scene, route, &wrong, r#"{"text":"x"}"#).await;
            assert_eq!(answer.status, 415, "{} with {kind}", route.id);
        }
        let mut large = all.clone();
        large.push(format!("Content-Length: {}", route.body_limit + 1));
        let answer = refused(&scene, route, &large, "").await;
        assert_eq!(answer.status, 413, "{}", route.id);
    }
}

#[tokio::test]
async fn whoever_has_everything_gets_it() {
    let scene = Scene::new().await;
    let browser = scene.sign_in().await;
    for route in scene.routes.iter().filter(|route| !route.is_stream) {
        if route.id.contains("session") || route.id == "open_tab" {
            continue;
        }
        let all = lines(&scene, &browser, route);
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let answer = scene
            .ask(route.method.as_str(), &path(route), &all, body(route))
            .await;
        let wanted = match route.id {
            "panic" => 500..501,
            _ => 200..205,
        };
        assert!(wanted.contains(&answer.status), "{} {answer:?}", route.id);
        if route.id != "preview" {
            assert_secured(&answer);
        }
    }
    // A panic is one request's problem.
    assert_eq!(
        scene.ask_as(&browser, "GET", "/api/notes", "").await.status,
        200
    );
}

#[tokio::test]
async fn a_strangers_page_is_kept_in_a_sandbox() {
    let scene = Scene::new().await;
    let answer = scene.ask("GET", "/preview", &[], "").await;
    let csp = answer.header("content-security-policy").unwrap();
    assert_eq!(
        csp,
        "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'"
    );
}

#[tokio::test]
async fn odd_methods_and_addresses_are_answered_in_the_same_way() {
    let scene = Scene::new().await;
    for (method, path, status) in [
        ("OPTIONS", "/api/notes", 405),
        ("OPTIONS", "*", 405),
        ("TRACE", "/", 405),
        ("BREW", "/", 405),
        ("PUT", "/api/notes", 405),
        ("POST", "/", 405),
        ("GET", "/nothing", 404),
        ("GET", "/api/nothing", 404),
        ("GET", "/%ff", 404),
        ("GET", "//", 404),
        ("GET", "/../../etc/passwd", 404),
        ("HEAD", "/nothing", 404),
    ] {
        let answer = scene.ask(method, path, &[], "").await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert_secured(&answer);
        assert_eq!(answer.header("access-control-allow-methods"), None);
    }
    let answer = scene.ask("PUT", "/api/notes", &[], "").await;
    assert_eq!(answer.header("allow"), Some("GET, POST, HEAD"));
    let head = scene.ask("HEAD", "/", &[], "").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(scene.ran(), 1);
}

#[tokio::test]
async fn a_name_in_the_request_line_counts_like_the_host() {
    let scene = Scene::new().await;
    let host = scene.host();
    for (target, line, status) in [
        (format!("http://{host}/"), format!("Host: {host}\r\n"), 200),
        (
            "http://evil.example/".to_owned(),
            format!("Host: {host}\r\n"),
            421,
        ),
        (
            format!("http://{host}/"),
            "Host: evil.example\r\n".to_owned(),
            421,
        ),
        (format!("http://{host}/"), String::new(), 421),
        (
            format!("http://{host}@evil.example/"),
            format!("Host: {host}\r\n"),
            421,
        ),
        ("/".to_owned(), String::new(), 421),
        ("/".to_owned(), "Host:\r\n".to_owned(), 421),
        ("/".to_owned(), format!("Host: {host}, {host}\r\n"), 421),
    ] {
        let request = format!("GET {target} HTTP/1.1\r\n{line}Connection: close\r\n\r\n");
        let answer = ask(scene.to, request.as_bytes()).await;
        assert_eq!(answer.status, status, "{request}");
        assert_secured(&answer);
    }
    let old = ask(scene.to, b"GET / HTTP/1.0\r\n\r\n").await;
    assert_eq!(old.status, 421);
    let tunnel = format!("CONNECT {host} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    assert_eq!(ask(scene.to, tunnel.as_bytes()).await.status, 405);
}

/// What one side takes for the end of a request and the other for its middle hides a second request in the first.
#[tokio::test]
async fn nothing_is_smuggled_behind_a_request() {
    let scene = Scene::new().await;
    let host = scene.host();
    let hidden = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let shapes = [
        format!("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}"),
        format!("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n{hidden}"),
        format!("Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{hidden}"),
        format!("Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{hidden}"),
        format!("Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n{hidden}"),
        format!("Content-Length: 0\r\nContent-Length: 5\r\n\r\n{hidden}"),
        format!("Content-Length: +0\r\n\r\n{hidden}"),
        format!("Content-Length: 0x0\r\n\r\n{hidden}"),
        format!("Content-Length: 0, 5\r\n\r\n{hidden}"),
        format!("Content-Length: -1\r\n\r\n{hidden}"),
        format!("Content-Length: 5\r\n Transfer-Encoding: chunked\r\n\r\n{hidden}"),
        format!("Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{hidden}"),
        format!("Transfer-Encoding: chunked\r\n\r\n-1\r\n{hidden}"),
    ];
    for shape in shapes {
        let request = format!("POST /api/notes HTTP/1.1\r\nHost: {host}\r\n{shape}");
        let answers = exchange(scene.to, request.as_bytes()).await;
        assert_eq!(answers.len(), 1, "{request}\n{answers:#?}");
        assert!((400..500).contains(&answers[0].status), "{request}");
        assert_eq!(scene.ran(), 0, "{request}");
    }
}

/// Browsers may try the other address of `localhost` first: it is ours, or the name is not.
#[tokio::test]
async fn localhost_is_all_ours_or_no_name_of_ours() {
    let scene = Scene::new().await;
    let port = scene.to.port();
    let name = format!("Host: localhost:{port}");
    assert_eq!(scene.ask("GET", "/", &[&name], "").await.status, 200);
    let Ok(beside) = TcpListener::bind("[::1]:0").await else {
        return; // This machine has one address of that name.
    };
    let there = SocketAddr::new(Ipv6Addr::LOCALHOST.into(), port);
    let request = scene.request("GET", "/", &[&name], "");
    assert_eq!(ask(there, &request).await.status, 200);
    let taken = beside.local_addr().unwrap().port();
    let scene = Scene::with(Listen::loopback(taken), Patience::default()).await;
    let name = format!("Host: localhost:{taken}");
    assert_eq!(scene.ask("GET", "/", &[&name], "").await.status, 421);
    assert_eq!(scene.ask("GET", "/", &[], "").await.status, 200);
}
