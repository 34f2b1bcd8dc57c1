//! A small web server for tests: one request a connection, answered by a function, and all of them remembered.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The server; it ends when this is dropped.
pub(crate) struct Web {
    /// `http://127.0.0.1:…`.
    pub(crate) origin: String,
    pub(crate) seen: Arc<Mutex<Vec<Request>>>,
    task: JoinHandle<()>,
}

/// What came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// With its query.
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// What goes.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
    /// Whether its body is said again and again, until nobody listens.
    pub(crate) is_endless: bool,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        Self {
            status,
            headers: vec![("Content-Type", "application/json".to_owned())],
            body: body.to_string(),
            is_endless: false,
        }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: String::new(),
            is_endless: false,
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl Web {
    pub(crate) async fn open(
        answer: impl Fn(&str, &Request) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (answer, remembered, name) = (Arc::new(answer), seen.clone(), origin.clone());
        let task = tokio::spawn(async move {
            while let Ok((mut visitor, _)) = listener.accept().await {
                let (answer, remembered, name) = (answer.clone(), remembered.clone(), name.clone());
                tokio::spawn(async move {
                    let Some(request) = read(&mut visitor).await else {
                        return;
                    };
                    remembered.lock().unwrap().push(request.clone());
                    write(&mut visitor, answer(&name, &request)).await;
                });
            }
        });
        Self { origin, seen, task }
    }

    /// The requests to a path, so far.
    pub(crate) fn to(&self, path: &str) -> Vec<Request> {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|it| it.path == path).cloned().collect()
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Opens an address as a browser does; answers the status.
pub(crate) async fn visit(address: &str) -> u16 {
    let rest = address.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let head = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

async fn read(visitor: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    let end = loop {
        let count = visitor
            .read(&mut piece)
            .await
            .ok()
            .filter(|count| *count > 0)?;
        bytes.extend_from_slice(&piece[..count]);
        if let Some(end) = bytes.windows(4).position(|it| it == b"\r\n\r\n") {
            break end;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").and_then(|it| it.parse().ok());
    let mut body = bytes.split_off(end + 4);
    while body.len() < length.unwrap_or(0_usize) {
        let count = visitor
            .read(&mut piece)
            .await
            .ok()
            .filter(|count| *count > 0)?;
        body.extend_from_slice(&piece[..count]);
    }
    Some(Request {
        method,
        path,
        headers,
        body: String::from_utf8(body).ok()?,
    })
}

async fn write(visitor: &mut TcpStream, answer: Answer) {
    let mut head = format!("HTTP/1.1 {} x\r\nConnection: close\r\n", answer.status);
    if !answer.is_endless {
        head.push_str(&format!("Content-Length: {}\r\n", answer.body.len()));
    }
    for (name, value) in answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let text = format!("{head}\r\n{}", answer.body);
    // Who has gone needs no answer.
    let mut written = visitor.write_all(text.as_bytes()).await;
    while answer.is_endless && written.is_ok() {
        written = visitor.write_all(answer.body.as_bytes()).await;
    }
    let _ = visitor.shutdown().await;
}
