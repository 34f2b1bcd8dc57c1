//! A browser without a page: one session on a real server, spoken to in plain HTTP/1.1.
//!
//! ```ignore
//! let browser = Browser::open(&link).await?;
//! let tags = browser.get("/api/tags").await?;
//! let op = browser.op("turn", json!({ "verb": "cancel", "turn": id })).await?;
//! let mut events = browser.events(&["host"]).await?;
//! let frame = events.next().await;
//! ```
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each binary uses its part of this"
)]

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Long enough for a busy machine; what is waited for comes much sooner.
const PATIENCE: Duration = Duration::from_secs(60);

/// One tab of one session.
#[derive(Clone, Debug)]
pub struct Browser {
    /// Name and port.
    pub host: String,
    /// The cookie, as it is sent back.
    pub cookie: String,
    /// The secret of the tab.
    pub tab: String,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> anyhow::Result<Value> {
        serde_json::from_slice(&self.body)
            .with_context(|| String::from_utf8_lossy(&self.body).into_owned())
    }
}

impl Browser {
    /// Uses a launch link.
    pub async fn open(link: &str) -> anyhow::Result<Self> {
        let (url, token) = link
            .trim()
            .split_once("/#launch=")
            .context("no launch link")?;
        let host = url.strip_prefix("http://").context("not in the clear")?;
        let mut browser = Self {
            host: host.to_owned(),
            cookie: String::new(),
            tab: String::new(),
        };
        let answer = browser
            .send("POST", "/api/session", Some(&json!({ "launch": token })))
            .await?;
        ensure!(answer.status < 300, "{answer:?}");
        let cookie = answer.header("set-cookie").context("no cookie")?;
        cookie
            .split(';')
            .next()
            .unwrap_or_default()
            .clone_into(&mut browser.cookie);
        let told = answer.json()?;
        told["tab"]
            .as_str()
            .context("no tab")?
            .clone_into(&mut browser.tab);
        Ok(browser)
    }

    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.send("GET", path, None).await?;
        ensure!(answer.status == 200, "{path}: {answer:?}");
        answer.json()
    }

    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let answer = self.send("POST", path, Some(body)).await?;
        ensure!(answer.status < 300, "{path}: {answer:?}");
        answer.json()
    }

    /// Submits an op; gives its id.
    pub async fn op(&self, noun: &str, op: Value) -> anyhow::Result<String> {
        let told = self
            .post("/api/ops", &json!({ "noun": noun, "op": op }))
            .await?;
        Ok(told["op"].as_str().context("no op")?.to_owned())
    }

    /// One request on a connection of its own.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Answer> {
        let bytes = body.map(Value::to_string).unwrap_or_default();
        let content = match body {
            Some(_) => format!(
                "content-type: application/json\r\ncontent-length: {}\r\n",
                bytes.len()
            ),
            None => String::new(),
        };
        let head = self.head(method, path, &format!("{content}connection: close\r\n"));
        self.raw(&[head.as_bytes(), bytes.as_bytes()].concat())
            .await
    }

    /// The head of a request of the page.
    pub fn head(&self, method: &str, path: &str, more: &str) -> String {
        let Self { host, cookie, tab } = self;
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\norigin: http://{host}\r\nsec-fetch-site: same-origin\r\n{more}"
        );
        if !cookie.is_empty() {
            head.push_str(&format!("cookie: {cookie}\r\nx-anteroom-tab: {tab}\r\n"));
        }
        head + "\r\n"
    }

    /// Sends these bytes on a connection of its own and reads what comes, to its end.
    pub async fn raw(&self, bytes: &[u8]) -> anyhow::Result<Answer> {
        let exchange = async {
            let mut wire = Wire::to(&self.host).await?;
            wire.stream.write_all(bytes).await?;
            let (status, headers) = wire.head().await?;
            let body = wire.body(&headers).await?;
            anyhow::Ok(Answer {
                status,
                headers,
                body,
            })
        };
        tokio::time::timeout(PATIENCE, exchange)
            .await
            .context("no answer in time")?
    }

    /// Follows topics, each as `host`, `conversation:ID` or with `@SEQ` behind it.
    pub async fn events(&self, topics: &[&str]) -> anyhow::Result<Events> {
        let query: Vec<String> = topics
            .iter()
            .map(|topic| format!("follow={topic}"))
            .collect();
        let path = format!("/api/events?{}", query.join("&"));
        let mut wire = Wire::to(&self.host).await?;
        let head = self.head("GET", &path, "accept: text/event-stream\r\n");
        wire.stream.write_all(head.as_bytes()).await?;
        let (status, headers) = wire.head().await?;
        if status != 200 {
            bail!("{path}: {status} {:?}", wire.body(&headers).await);
        }
        Ok(Events {
            wire,
            text: Vec::new(),
        })
    }
}

/// An event stream.
pub struct Events {
    wire: Wire,
    /// What came and was not yet given.
    text: Vec<u8>,
}

/// One event of the stream.
#[derive(Debug)]
pub struct Frame {
    pub event: String,
    pub data: Value,
}

impl Events {
    /// The next event; none at the end of the stream. Comments are passed over.
    pub async fn next(&mut self) -> anyhow::Result<Option<Frame>> {
        loop {
            if let Some(end) = self.text.windows(2).position(|two| two == b"\n\n") {
                let block: Vec<u8> = self.text.drain(..end + 2).collect();
                let block = String::from_utf8(block)?;
                let field = |name: &str| {
                    let line = block.lines().find_map(|line| line.strip_prefix(name));
                    line.map(|value| value.trim().to_owned())
                };
                if let Some(data) = field("data:") {
                    let event = field("event:").unwrap_or_default();
                    let data = serde_json::from_str(&data)?;
                    return Ok(Some(Frame { event, data }));
                }
                continue;
            }
            let chunk = tokio::time::timeout(PATIENCE, self.wire.chunk());
            match chunk.await.context("the stream is silent")?? {
                Some(chunk) => self.text.extend(chunk),
                None => return Ok(None),
            }
        }
    }
}

/// A connection and what was read of it.
struct Wire {
    stream: TcpStream,
    held: Vec<u8>,
}

impl Wire {
    async fn to(host: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            held: Vec::new(),
        })
    }

    /// Reads on; false at the end.
    async fn more(&mut self) -> anyhow::Result<bool> {
        Ok(self.stream.read_buf(&mut self.held).await? > 0)
    }

    async fn until(&mut self, sign: &[u8]) -> anyhow::Result<Vec<u8>> {
        let mut from = 0;
        loop {
            let found = self.held[from..]
                .windows(sign.len())
                .position(|part| part == sign);
            if let Some(at) = found {
                let mut part: Vec<u8> = self.held.drain(..from + at + sign.len()).collect();
                part.truncate(from + at);
                return Ok(part);
            }
            from = self.held.len().saturating_sub(sign.len() - 1);
            ensure!(self.more().await?, "the connection ended too soon");
        }
    }

    async fn head(&mut self) -> anyhow::Result<(u16, Vec<(String, String)>)> {
        let head = String::from_utf8(self.until(b"\r\n\r\n").await?)?;
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let status = status.context("no status")?.parse()?;
        let headers = lines.filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_lowercase(), value.trim().to_owned()))
        });
        Ok((status, headers.collect()))
    }

    async fn body(&mut self, headers: &[(String, String)]) -> anyhow::Result<Vec<u8>> {
        let value = |wanted: &str| {
            let found = headers.iter().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.clone())
        };
        if value("transfer-encoding").is_some() {
            let mut body = Vec::new();
            while let Some(chunk) = self.chunk().await? {
                body.extend(chunk);
            }
            return Ok(body);
        }
        let length: Option<usize> = value("content-length")
            .map(|length| length.parse())
            .transpose()?;
        while length.is_none_or(|length| self.held.len() < length) && self.more().await? {}
        Ok(std::mem::take(&mut self.held))
    }

    /// The next chunk of a chunked body; none behind the last.
    async fn chunk(&mut self) -> anyhow::Result<Option<Vec<u8>>> {
        let length = String::from_utf8(self.until(b"\r\n").await?)?;
        let length = usize::from_str_radix(length.trim(), 16)?;
        while self.held.len() < length + 2 {
            ensure!(self.more().await?, "the connection ended within a chunk");
        }
        let mut chunk: Vec<u8> = self.held.drain(..length + 2).collect();
        chunk.truncate(length);
        Ok((length > 0).then_some(chunk))
    }
}
