//! HTTP/1.1 written by hand: requests in, scripted bytes out, with keep-alive.

use super::{Framing, Reply, State, Step};
use serde_json::{Value, json};
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its number among all requests, from 0.
    pub number: usize,
    /// The number of its connection, from 0.
    pub connection: usize,
    pub method: String,
    /// Path and query.
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The body as JSON; null if it is none.
    pub json: Value,
}

impl Request {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(held, _)| held.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Whether an answer of the model is asked for.
    pub fn is_chat(&self) -> bool {
        self.method == "POST" && self.path_only().ends_with("/chat/completions")
    }

    fn is_models(&self) -> bool {
        self.method == "GET" && self.path_only().ends_with("/models")
    }

    fn path_only(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }
}

pub(crate) async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut connection = 0;
    while let Ok((stream, _)) = listener.accept().await {
        let state = state.clone();
        tokio::spawn(async move {
            let mut over = state.over.subscribe();
            tokio::select! {
                _ = over.wait_for(|is_over| *is_over) => {}
                _ = connected(stream, connection, &state) => {}
            }
        });
        connection += 1;
    }
}

/// Serves one connection until it ends. An error means that the client is gone.
async fn connected(mut stream: TcpStream, connection: usize, state: &State) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut held = Vec::new();
    while let Some(mut request) = read(&mut stream, &mut held).await? {
        request.connection = connection;
        state.seen.send_modify(|seen| {
            request.number = seen.len();
            seen.push(request.clone());
        });
        let reply = if request.is_chat() {
            state.reply(&request.json)
        } else if request.is_models() {
            state.models.lock().unwrap().clone()
        } else {
            Reply::json(404, &json!({ "error": { "message": "not found" } }))
        };
        match answer(&mut stream, &reply, &mut held).await {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) => {
                state.left.send_modify(|left| left.push(request.number));
                return Err(error);
            }
        }
    }
    Ok(())
}

async fn read(stream: &mut TcpStream, held: &mut Vec<u8>) -> io::Result<Option<Request>> {
    let end = loop {
        if let Some(end) = held.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(held).await? == 0 {
            return Ok(None);
        }
        // Whoever speaks TLS to a plain server is told so in plain HTTP.
        if held[0] == 0x16 {
            stream
                .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                .await?;
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&held[..end]).into_owned();
    held.drain(..end + 4);
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let mut request = Request {
        number: 0,
        connection: 0,
        method: first.next().unwrap_or_default().to_owned(),
        path: first.next().unwrap_or_default().to_owned(),
        headers,
        body: Vec::new(),
        json: Value::Null,
    };
    // A client that sends without a length would wait here forever, and its test would say so.
    let length = request.header("content-length").map_or(Ok(0), str::parse);
    let length: usize = length.map_err(io::Error::other)?;
    while held.len() < length {
        if stream.read_buf(held).await? == 0 {
            return Ok(None);
        }
    }
    request.body = held.drain(..length).collect();
    request.json = serde_json::from_slice(&request.body).unwrap_or_default();
    Ok(Some(request))
}

/// Sends a reply; tells whether the connection can serve another request.
async fn answer(stream: &mut TcpStream, reply: &Reply, held: &mut Vec<u8>) -> io::Result<bool> {
    let steps = reply.body();
    stream.write_all(&head(reply, &steps)).await?;
    for step in steps {
        match step {
            Step::Send(bytes) => send(stream, reply.framing, &bytes).await?,
            Step::Repeat(bytes, times) => {
                for _ in 0..times {
                    send(stream, reply.framing, &bytes).await?;
                }
            }
            Step::Wait(gate) => {
                stream.flush().await?;
                let gone = async {
                    loop {
                        // A client that pipelines is no client of ours; what it sends is kept.
                        match stream.read_buf(held).await {
                            Ok(0) => return io::Error::from(io::ErrorKind::ConnectionAborted),
                            Ok(_) => {}
                            Err(error) => return error,
                        }
                    }
                };
                tokio::select! {
                    error = gone => return Err(error),
                    () = gate.pass() => {}
                }
            }
            Step::Reset => {
                stream.flush().await?;
                stream.set_zero_linger()?;
                return Ok(false);
            }
            Step::Close => return Ok(false),
        }
    }
    if reply.framing == Framing::Chunked {
        stream.write_all(b"0\r\n\r\n").await?;
    }
    stream.flush().await?;
    Ok(matches!(reply.framing, Framing::Chunked | Framing::Length))
}

fn head(reply: &Reply, steps: &[Step]) -> Vec<u8> {
    let length: usize = steps
        .iter()
        .map(|step| match step {
            Step::Send(bytes) => bytes.len(),
            Step::Repeat(bytes, times) => bytes.len().saturating_mul(*times),
            Step::Wait(_) | Step::Reset | Step::Close => 0,
        })
        .fold(0, usize::saturating_add);
    let mut head = format!("HTTP/1.1 {} Scripted\r\n", reply.status);
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    match reply.framing {
        Framing::Raw => return Vec::new(),
        Framing::Chunked => head.push_str("Transfer-Encoding: chunked\r\n\r\n"),
        Framing::Length => head.push_str(&format!("Content-Length: {length}\r\n\r\n")),
        Framing::Close => head.push_str("Connection: close\r\n\r\n"),
    }
    head.into_bytes()
}

async fn send(stream: &mut TcpStream, framing: Framing, bytes: &[u8]) -> io::Result<()> {
    if framing != Framing::Chunked {
        return stream.write_all(bytes).await;
    }
    if bytes.is_empty() {
        return Ok(());
    }
    let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
    chunk.extend_from_slice(bytes);
    chunk.extend_from_slice(b"\r\n");
    stream.write_all(&chunk).await
}
