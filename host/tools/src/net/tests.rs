//! The policy that every caller shares, against a server on this machine.

use super::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

const PATIENCE: Duration = Duration::from_secs(20);

/// A server that answers each request with these bytes, and tells of what was asked.
async fn server(answer: Vec<u8>) -> (SocketAddr, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = mpsc::channel(16);
    tokio::spawn(async move {
        while let Ok((mut peer, _)) = listener.accept().await {
            let (answer, tell) = (answer.clone(), tell.clone());
            tokio::spawn(async move {
                let mut asked = Vec::new();
                let mut piece = [0; 4096];
                while !asked.windows(4).any(|end| end == b"\r\n\r\n") {
                    match peer.read(&mut piece).await {
                        Ok(count @ 1..) => asked.extend_from_slice(&piece[..count]),
                        _ => return,
                    }
                }
                let asked = String::from_utf8_lossy(&asked).into_owned();
                drop(tell.send(asked).await);
                // Whoever has heard enough hangs up.
                drop(peer.write_all(&answer).await);
            });
        }
    });
    (address, told)
}

fn answer(head: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n{body}").into_bytes()
}

async fn get(url: String, client: &Client) -> Response {
    client.get(url).send().await.unwrap()
}

#[tokio::test]
async fn a_client_goes_to_the_addresses_that_were_looked_at() {
    let (address, mut told) = server(answer("200 OK", "here")).await;
    // No name server knows this name, and none is asked for another that leads elsewhere.
    for name in ["anteroom-rebound.invalid", "localhost"] {
        let client = pinned(name, &[address], PATIENCE).unwrap();
        let url = format!("http://{name}:{}/", address.port());
        let mut response = get(url, &client).await;
        assert_eq!(body(&mut response, 4).await.unwrap(), b"here");
        let asked = told.recv().await.unwrap();
        assert!(
            asked.to_lowercase().contains(&format!("host: {name}:")),
            "{asked}"
        );
    }
}

#[tokio::test]
async fn addresses_that_may_not_be_reached_are_left_out() {
    let inside = [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "::1",
        "fd00::1",
        "::ffff:10.0.0.1",
    ];
    for name in inside {
        let refused = addresses((name, 443), PATIENCE, address::is_public).await;
        assert!(matches!(refused, Err(NoAddress::Refused)), "{name}");
        assert!(
            addresses((name, 443), PATIENCE, |_| true).await.is_ok(),
            "{name}"
        );
    }
    // A name that leads to both is reached outside only.
    let found = ["10.0.0.1:443", "1.1.1.1:443", "[::1]:443"].map(|it| it.parse().unwrap());
    let outside = reachable(found.into_iter(), address::is_public).unwrap();
    assert_eq!(outside, [found[1]]);
    let unknown = addresses(("anteroom-nowhere.invalid", 443), PATIENCE, |_| true).await;
    assert!(matches!(
        unknown,
        Err(NoAddress::NotFound(_) | NoAddress::Late)
    ));
    assert_eq!([bare("[::1]"), bare("a.test")], ["::1", "a.test"]);
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let (elsewhere, mut asked) = server(answer("200 OK", "elsewhere")).await;
    for status in [
        "301 Moved",
        "302 Found",
        "303 See",
        "307 Again",
        "308 Always",
    ] {
        let head = format!("{status}\r\nLocation: http://{elsewhere}/");
        let (address, _told) = server(answer(&head, "")).await;
        let client = built(builder(None, PATIENCE).unwrap().no_proxy()).unwrap();
        let response = get(format!("http://{address}/"), &client).await;
        assert!(response.status().is_redirection(), "{status}");
    }
    assert!(asked.try_recv().is_err(), "somebody was sent on");
}

#[tokio::test]
async fn a_body_has_an_end_whatever_is_said_of_its_length() {
    let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
    let chunked = format!("{}{}0\r\n\r\n", chunk("12345"), chunk("6"));
    for (head, sent, most, expected) in [
        ("200 OK\r\nContent-Length: 6", "123456", 6, Some("123456")),
        ("200 OK\r\nContent-Length: 6", "123456", 5, None),
        // A length is believed where it is too much already: nothing more has to come.
        ("200 OK\r\nContent-Length: 99999999999999", "1", 5, None),
        ("200 OK", "123456", 6, Some("123456")),
        ("200 OK", "123456", 5, None),
        (
            "200 OK\r\nTransfer-Encoding: chunked",
            &chunked,
            6,
            Some("123456"),
        ),
        ("200 OK\r\nTransfer-Encoding: chunked", &chunked, 5, None),
    ] {
        let (address, _told) = server(answer(head, sent)).await;
        let client = pinned("a.test", &[address], PATIENCE).unwrap();
        let url = format!("http://a.test:{}/", address.port());
        let taken = body(&mut get(url, &client).await, most).await;
        match expected {
            Some(text) => assert_eq!(taken.unwrap(), text.as_bytes(), "{head}"),
            None => assert!(matches!(taken, Err(NoBody::TooLong)), "{head}: {taken:?}"),
        }
    }
    // One that breaks off is not taken for a whole one.
    let (address, _told) = server(answer("200 OK\r\nContent-Length: 6", "123")).await;
    let client = pinned("a.test", &[address], PATIENCE).unwrap();
    let url = format!("http://a.test:{}/", address.port());
    let taken = body(&mut get(url, &client).await, 6).await;
    assert!(matches!(taken, Err(NoBody::Broken(_))), "{taken:?}");
}

#[test]
fn a_file_of_certificates_is_one_or_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("roots.pem");
    assert!(
        builder(Some(&path), PATIENCE)
            .unwrap_err()
            .contains("cannot be read")
    );
    std::fs::write(&path, "nothing in here").unwrap();
    assert!(
        builder(Some(&path), PATIENCE)
            .unwrap_err()
            .contains("no certificate in")
    );
}
