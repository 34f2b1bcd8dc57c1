//! What lasts: streams, idle and slow connections, and the end of the server.

use super::scene::{Browser, Scene, assert_secured};
use super::wire::{DEADLINE, answers};
use crate::transport::Patience;
use crate::{Listen, http};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

const SHORT: Duration = Duration::from_millis(100);

async fn until_closed(stream: &mut TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    let reading = stream.read_to_end(&mut all);
    let _ = tokio::time::timeout(DEADLINE, reading)
        .await
        .expect("the connection stays open");
    all
}

async fn until(stream: &mut TcpStream, words: &str) -> String {
    let mut all = Vec::new();
    let reading = async {
        let mut piece = [0; 4096];
        while !String::from_utf8_lossy(&all).contains(words) {
            let count = stream.read(&mut piece).await.unwrap();
            assert!(count > 0, "closed before `{words}`");
            all.extend_from_slice(&piece[..count]);
        }
    };
    tokio::time::timeout(DEADLINE, reading).await.unwrap();
    String::from_utf8_lossy(&all).into_owned()
}

async fn stream_of(scene: &Scene, browser: &Browser) -> TcpStream {
    let (cookie, tab, origin) = scene.credentials(browser);
    let request = scene.request("GET", "/api/stream", &[&cookie, &tab, &origin], "");
    let mut stream = TcpStream::connect(scene.to).await.unwrap();
    stream.write_all(&request).await.unwrap();
    let head = until(&mut stream, "event: ready").await;
    assert_secured(&answers(head.as_bytes())[0]);
    stream
}

#[tokio::test]
async fn a_stream_ends_with_its_session() {
    let scene = Scene::new().await;
    let one = scene.sign_in().await;
    let two = scene.sign_in().await;
    let mut stream = stream_of(&scene, &one).await;
    let mut other = stream_of(&scene, &two).await;
    let ended = scene
        .ask_as(
            &two,
            "DELETE",
            &format!("/api/sessions/{}", one.session),
            "",
        )
        .await;
    assert_eq!(ended.status, 204);
    let rest = until_closed(&mut stream).await;
    assert!(!String::from_utf8_lossy(&rest).contains("stopping"));
    scene.stop.send_replace(true);
    assert!(
        until(&mut other, "event: stopping")
            .await
            .contains("stopping")
    );
}

#[tokio::test]
async fn at_the_end_streams_are_told_and_nobody_new_is_let_in() {
    let scene = Scene::new().await;
    let browser = scene.sign_in().await;
    let mut stream = stream_of(&scene, &browser).await;
    let mut idle = TcpStream::connect(scene.to).await.unwrap();
    let request = format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", scene.host());
    idle.write_all(request.as_bytes()).await.unwrap();
    until(&mut idle, "doctype").await;
    scene.stop.send_replace(true);
    let rest = until_closed(&mut stream).await;
    assert!(String::from_utf8_lossy(&rest).contains("event: stopping"));
    until_closed(&mut idle).await;
    let served = tokio::time::timeout(DEADLINE, scene.serving).await.unwrap();
    served.unwrap().unwrap();
    assert!(TcpStream::connect(scene.to).await.is_err());
}

/// A peer that never finishes is not waited for beyond the deadline.
#[tokio::test]
async fn the_end_does_not_wait_for_somebody_who_does_not_come_to_one() {
    let patience = Patience {
        end: SHORT,
        ..Patience::default()
    };
    let scene = Scene::with(Listen::loopback(0), patience).await;
    let browser = scene.sign_in().await;
    let (cookie, tab, origin) = scene.credentials(&browser);
    let lines = [
        cookie.as_str(),
        &tab,
        &origin,
        "Content-Type: application/json",
        "Content-Length: 1000",
    ];
    let mut stream = TcpStream::connect(scene.to).await.unwrap();
    stream
        .write_all(&scene.request("POST", "/api/notes", &lines, "{"))
        .await
        .unwrap();
    until_asked(&scene).await;
    scene.stop.send_replace(true);
    tokio::time::timeout(DEADLINE, scene.serving)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

/// The host was asked who that is: the request is past the credential's guard.
async fn until_asked(scene: &Scene) {
    let asked = async {
        while scene.fake.asked() == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, asked).await.unwrap();
}

#[tokio::test]
async fn slow_headers_and_silence_are_given_up() {
    let patience = Patience {
        first: SHORT,
        headers: SHORT,
        idle: SHORT,
        ..Patience::default()
    };
    let scene = Scene::with(Listen::loopback(0), patience).await;
    let mut silent = TcpStream::connect(scene.to).await.unwrap();
    assert!(until_closed(&mut silent).await.is_empty());
    let mut slow = TcpStream::connect(scene.to).await.unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nHost: 127")
        .await
        .unwrap();
    until_closed(&mut slow).await;
    assert_eq!(scene.ran(), 0);
}

#[tokio::test]
async fn a_connection_without_requests_is_closed() {
    let patience = Patience {
        idle: SHORT,
        ..Patience::default()
    };
    let scene = Scene::with(Listen::loopback(0), patience).await;
    let mut idle = TcpStream::connect(scene.to).await.unwrap();
    let request = format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", scene.host());
    idle.write_all(request.as_bytes()).await.unwrap();
    let all = until_closed(&mut idle).await;
    assert_eq!(answers(&all)[0].status, 200);
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_given_up() {
    let patience = Patience {
        unread: SHORT,
        ..Patience::default()
    };
    let scene = Scene::with(Listen::loopback(0), patience).await;
    let request = format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", scene.host());
    let mut stream = TcpStream::connect(scene.to).await.unwrap();
    let many = request.repeat(1000);
    let flood = async {
        // Answers fill the buffers of both sides; then writing stops, and the connection with it.
        while stream.write_all(many.as_bytes()).await.is_ok() {}
    };
    tokio::time::timeout(DEADLINE, flood)
        .await
        .expect("whoever does not read is served for ever");
}

/// An answer over HTTP/2 of which the head was taken, and its connection, which would end with its sender.
struct Two {
    answer: http::Response<Incoming>,
    connection: JoinHandle<hyper::Result<()>>,
    _sender: SendRequest<Empty<Bytes>>,
}

async fn ask_over_two(scene: &Scene, browser: &Browser, path: &str) -> Two {
    let stream = TcpStream::connect(scene.to).await.unwrap();
    let handshake = hyper::client::conn::http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(4096)
        .handshake(TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.unwrap();
    let connection = tokio::spawn(connection);
    let request = http::Request::get(format!("http://{}{path}", scene.host()))
        .header("cookie", &browser.cookie)
        .header("x-anteroom-tab", &browser.tab)
        .body(Empty::<Bytes>::new());
    let answer = sender.send_request(request.unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
    Two {
        answer,
        connection,
        _sender: sender,
    }
}

/// A peer that goes on to answer pings and takes nothing of an answer is given up; one whose answer is at rest is not.
#[tokio::test]
async fn a_peer_that_closes_its_window_is_given_up() {
    let patience = Patience {
        unread: SHORT,
        ..Patience::default()
    };
    let scene = Scene::with(Listen::loopback(0), patience).await;
    let browser = scene.sign_in().await;
    let mut resting = ask_over_two(&scene, &browser, "/api/stream").await;
    let ready = resting.answer.frame().await.unwrap().unwrap();
    assert_eq!(ready.into_data().unwrap(), "event: ready\n\n");
    let mut unread = ask_over_two(&scene, &browser, "/api/flood").await;
    let _ = tokio::time::timeout(DEADLINE, &mut unread.connection)
        .await
        .expect("whoever takes nothing is served for ever");
    drop(unread);
    assert!(!resting.connection.is_finished());
    scene.stop.send_replace(true);
    let told = resting.answer.frame().await.unwrap().unwrap();
    assert_eq!(told.into_data().unwrap(), "event: stopping\n\n");
}

#[tokio::test]
async fn connections_beyond_the_rim_wait() {
    let patience = Patience {
        connections: 1,
        ..Patience::default()
    };
    let scene = Scene::with(Listen::loopback(0), patience).await;
    let request = format!(
        "GET / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        scene.host()
    );
    let first = TcpStream::connect(scene.to).await.unwrap();
    let mut second = TcpStream::connect(scene.to).await.unwrap();
    second.write_all(request.as_bytes()).await.unwrap();
    let mut byte = [0];
    let early = tokio::time::timeout(SHORT, second.read(&mut byte)).await;
    assert!(
        early.is_err(),
        "answered beside the one connection there may be"
    );
    drop(first);
    assert!(!until_closed(&mut second).await.is_empty());
}
