//! The protocol over the streams of a program: one message a line. Knows how to read and write lines, and when to
//! stop; not how the program was started.

use super::clean;
use super::log::Log;
use super::traffic::{Alive, MESSAGE_MAX_BYTES, Traffic};
use rmcp::RoleClient;
use rmcp::model::{ClientJsonRpcMessage, ClientRequest, RequestId, ServerJsonRpcMessage};
use rmcp::transport::Transport;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::sync::Mutex;
use tokio::time::timeout;

/// How long a program may take to read what it is sent.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the end waits for what is being written.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);
/// Characters of a line that is no message, in the log.
const NONSENSE_CHARS: usize = 200;

/// Lines to and from a program.
pub(super) struct Lines<R, W> {
    reader: BufReader<R>,
    /// The beginning of a line whose end has not come yet.
    begun: Vec<u8>,
    writer: Arc<Mutex<Option<W>>>,
    traffic: Arc<Traffic>,
    log: Arc<Log>,
    /// The old greeting, until it is answered: what answers something earlier comes too late.
    greeting: Option<RequestId>,
    _alive: Alive,
}

impl<R: AsyncRead, W> Lines<R, W> {
    pub(super) fn new(reader: R, writer: W, traffic: Arc<Traffic>, log: Arc<Log>) -> Self {
        Self {
            reader: BufReader::with_capacity(64 << 10, reader),
            begun: Vec::new(),
            writer: Arc::new(Mutex::new(Some(writer))),
            greeting: None,
            _alive: Alive(traffic.clone()),
            traffic,
            log,
        }
    }
}

impl<R: AsyncRead + Send + Unpin, W> Lines<R, W> {
    /// The next line, without its end; none when the stream ends or is to be ended. May be dropped and asked again.
    async fn line(&mut self) -> Option<Vec<u8>> {
        loop {
            let Ok(piece) = self.reader.fill_buf().await else {
                return None;
            };
            if piece.is_empty() {
                return None;
            }
            let end = piece.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(piece.len(), |end| end + 1);
            self.begun.extend_from_slice(&piece[..taken]);
            self.reader.consume(taken);
            self.traffic.bytes(taken).ok()?;
            if self.begun.len() > MESSAGE_MAX_BYTES {
                let why = format!(
                    "it sent a message of more than {} MB",
                    MESSAGE_MAX_BYTES >> 20
                );
                self.traffic.end(why);
                return None;
            }
            if end.is_some() {
                return Some(std::mem::take(&mut self.begun));
            }
        }
    }
}

impl<R, W> Lines<R, W> {
    /// Whether a message answers what was asked before the old greeting was sent: a slow program may answer the
    /// new one after that.
    fn is_late(&mut self, message: &ServerJsonRpcMessage) -> bool {
        let answered = match message {
            ServerJsonRpcMessage::Response(response) => Some(&response.id),
            ServerJsonRpcMessage::Error(error) => error.id.as_ref(),
            ServerJsonRpcMessage::Request(_) | ServerJsonRpcMessage::Notification(_) => None,
        };
        let (Some(greeting), Some(answered)) = (&self.greeting, answered) else {
            return false;
        };
        if greeting == answered {
            self.greeting = None;
            return false;
        }
        true
    }
}

impl<R, W> Transport<RoleClient> for Lines<R, W>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    type Error = io::Error;

    fn send(
        &mut self,
        message: ClientJsonRpcMessage,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let (writer, traffic) = (self.writer.clone(), self.traffic.clone());
        if let ClientJsonRpcMessage::Request(request) = &message
            && matches!(request.request, ClientRequest::InitializeRequest(_))
        {
            self.greeting = Some(request.id.clone());
        }
        async move {
            let mut line = serde_json::to_vec(&message)?;
            line.push(b'\n');
            let written = timeout(WRITE_TIMEOUT, async {
                let mut writer = writer.lock().await;
                let writer = writer.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
                writer.write_all(&line).await?;
                writer.flush().await
            });
            written.await.unwrap_or_else(|_| {
                let seconds = WRITE_TIMEOUT.as_secs();
                traffic.end(format!("it did not read what it was sent for {seconds} s"));
                Err(io::ErrorKind::TimedOut.into())
            })
        }
    }

    async fn receive(&mut self) -> Option<ServerJsonRpcMessage> {
        loop {
            let line = self.line().await?;
            let line = line.trim_ascii();
            if line.is_empty() {
                continue;
            }
            match serde_json::from_slice(line) {
                Ok(message) => {
                    self.traffic.message().ok()?;
                    if !self.is_late(&message) {
                        return Some(message);
                    }
                }
                Err(_) => {
                    let bounded = &line[..line.len().min(NONSENSE_CHARS * 4)];
                    let shown = clean::line(&String::from_utf8_lossy(bounded), NONSENSE_CHARS);
                    self.log
                        .add(&format!("no message of the protocol: {shown}"));
                    self.traffic.nonsense().ok()?;
                }
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        // The end of its standard input tells a program to go. One that does not read is killed soon anyway.
        if let Ok(mut writer) = timeout(CLOSE_TIMEOUT, self.writer.lock()).await {
            drop(writer.take());
        }
        Ok(())
    }
}
