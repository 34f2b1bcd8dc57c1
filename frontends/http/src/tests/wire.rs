//! Bytes on a socket, as a peer that keeps no rule would send them.

use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long anything here may take: a hang is a failure, not a wait.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// One response.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!("{error}: {:?}", String::from_utf8_lossy(&self.body));
        })
    }
}

/// Sends bytes, reads until the other side closes, and tells the responses.
pub(crate) async fn exchange(to: SocketAddr, bytes: &[u8]) -> Vec<Answer> {
    let stream = TcpStream::connect(to).await.unwrap();
    exchange_over(stream, bytes).await
}

pub(crate) async fn exchange_over<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    bytes: &[u8],
) -> Vec<Answer> {
    let talk = async {
        // A refusal may close the connection while we still write.
        let _ = stream.write_all(bytes).await;
        let mut all = Vec::new();
        let mut piece = vec![0; 64 * 1024];
        while let Ok(count) = stream.read(&mut piece).await {
            if count == 0 {
                break;
            }
            all.extend_from_slice(&piece[..count]);
        }
        all
    };
    let all = tokio::time::timeout(DEADLINE, talk).await;
    answers(&all.expect("the connection stays open"))
}

/// The one response to a request that closes its connection.
pub(crate) async fn ask(to: SocketAddr, bytes: &[u8]) -> Answer {
    let mut answers = exchange(to, bytes).await;
    assert_eq!(answers.len(), 1, "{}", String::from_utf8_lossy(bytes));
    answers.remove(0)
}

/// Cuts a stream of bytes into responses.
pub(crate) fn answers(mut bytes: &[u8]) -> Vec<Answer> {
    let mut found = Vec::new();
    while let Some(end) = find(bytes, b"\r\n\r\n") {
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        bytes = &bytes[end + 4..];
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap();
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
        let mut answer = Answer {
            status: status.parse().unwrap(),
            headers: headers.collect(),
            body: Vec::new(),
        };
        if answer.status == 100 {
            found.push(answer);
            continue;
        }
        if answer.header("transfer-encoding") == Some("chunked") {
            bytes = unchunked(bytes, &mut answer.body);
        } else {
            let length = answer
                .header("content-length")
                .map(|text| text.parse().unwrap());
            let length: usize = length.unwrap_or(0);
            let length = length.min(bytes.len());
            answer.body = bytes[..length].to_vec();
            bytes = &bytes[length..];
        }
        found.push(answer);
    }
    found
}

fn unchunked<'a>(mut bytes: &'a [u8], into: &mut Vec<u8>) -> &'a [u8] {
    while let Some(end) = find(bytes, b"\r\n") {
        let size = std::str::from_utf8(&bytes[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        bytes = &bytes[end + 2..];
        let taken = size.min(bytes.len());
        into.extend_from_slice(&bytes[..taken]);
        bytes = bytes.get(taken + 2..).unwrap_or_default();
        if size == 0 {
            break;
        }
    }
    bytes
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes
        .windows(needle.len())
        .position(|window| window == needle)
}
