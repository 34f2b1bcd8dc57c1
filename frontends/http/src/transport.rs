//! Connections: how many, for how long, and what becomes of them when the server ends.

pub(crate) mod drain;
pub(crate) mod watched;

use crate::Body;
use crate::limits::Buckets;
use crate::pipeline::Peer;
use axum::Router;
use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tower_service::Service;
use watched::{Pulse, Taken, Watched};

/// What a connection may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Until a TLS handshake is done, and until the first request is there.
    pub(crate) first: Duration,
    /// Until all headers of a request are there.
    pub(crate) headers: Duration,
    /// Between two requests.
    pub(crate) idle: Duration,
    /// While we write and nobody reads; of each answer that has more to say, too.
    pub(crate) unread: Duration,
    /// For answers in flight once the server ends.
    pub(crate) end: Duration,
    /// For what the host said of a credential.
    pub(crate) remembered: Duration,
    /// Connections at a time; others wait to be accepted.
    pub(crate) connections: usize,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(10),
            headers: Duration::from_secs(20),
            idle: Duration::from_secs(90),
            unread: Duration::from_secs(60),
            end: Duration::from_secs(10),
            remembered: Duration::from_secs(5),
            connections: 2048,
        }
    }
}

/// How often a minute it is said that connections are not accepted.
const REFUSALS_NOTED: u32 = 6;
/// Bytes of all headers of a request, and of one line of them.
const HEADER_BYTES: usize = 64 * 1024;
/// Headers of a request.
const HEADERS: usize = 100;
/// Requests side by side on one HTTP/2 connection.
const PARALLEL: u32 = 1024;

/// Accepts until `ending` is raised, then waits for what runs.
pub(crate) async fn accept(
    listeners: Vec<TcpListener>,
    tls: Option<TlsAcceptor>,
    router: Router,
    patience: Patience,
    mut ending: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(patience.connections));
    let mut connections = JoinSet::new();
    let noted = Buckets::new(REFUSALS_NOTED);
    loop {
        let place = tokio::select! {
            place = places.clone().acquire_owned() => place,
            _ = ending.wait_for(|is_ending| *is_ending) => break,
        };
        let accepted = tokio::select! {
            accepted = next(&listeners) => accepted,
            _ = ending.wait_for(|is_ending| *is_ending) => break,
        };
        while connections.try_join_next().is_some() {}
        match (accepted, place) {
            (Ok((stream, peer)), Ok(place)) => {
                let (tls, router, ending) = (tls.clone(), router.clone(), ending.clone());
                connections.spawn(async move {
                    serve(stream, peer, tls, (router, patience, ending)).await;
                    drop(place);
                });
            }
            (Err(error), _) => {
                // Out of file descriptors, mostly: what is open goes on, and some of it will end.
                if noted.take(&(), std::time::Instant::now()).is_ok() {
                    tracing::warn!(%error, "a connection was not accepted");
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            (_, Err(_)) => break,
        }
    }
    drop(listeners);
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(patience.end, all).await.is_err() {
        connections.shutdown().await;
    }
}

/// The next connection of any of them.
async fn next(listeners: &[TcpListener]) -> std::io::Result<(TcpStream, SocketAddr)> {
    let accepting = listeners.iter().map(|listener| Box::pin(listener.accept()));
    futures_util::future::select_all(accepting).await.0
}

type Around = (Router, Patience, watch::Receiver<bool>);

async fn serve(stream: TcpStream, peer: SocketAddr, tls: Option<TlsAcceptor>, around: Around) {
    let _ = stream.set_nodelay(true);
    let pulse = Arc::new(Pulse::default());
    let stream = Watched::new(stream, pulse.clone());
    match tls {
        None => talk(stream, peer, pulse, around).await,
        Some(tls) => match tokio::time::timeout(around.1.first, tls.accept(stream)).await {
            Ok(Ok(stream)) => talk(stream, peer, pulse, around).await,
            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => tracing::debug!("a TLS handshake took too long"),
        },
    }
}

async fn talk<S>(
    stream: S,
    peer: SocketAddr,
    pulse: Arc<Pulse>,
    (router, patience, mut ending): Around,
) where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let service = hyper::service::service_fn({
        let pulse = pulse.clone();
        move |request: Request<Incoming>| answer(router.clone(), pulse.clone(), peer, request)
    });
    let builder = builder(patience);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let mut is_ending = false;
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended");
                }
                return;
            }
            _ = ending.wait_for(|is_ending| *is_ending), if !is_ending => {
                is_ending = true;
                connection.as_mut().graceful_shutdown();
            }
            () = pulse.overdue(patience) => {
                tracing::debug!("a connection was given up: nothing came, or nobody read");
                return;
            }
        }
    }
}

fn builder(patience: Patience) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.headers)
        .max_headers(HEADERS)
        .max_buf_size(HEADER_BYTES)
        .keep_alive(true);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(PARALLEL)
        .max_header_list_size(HEADER_BYTES as u32)
        .keep_alive_interval(patience.headers)
        .keep_alive_timeout(patience.headers);
    builder
}

async fn answer(
    mut router: Router,
    pulse: Arc<Pulse>,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response, Infallible> {
    let beat = pulse.begin();
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(Peer(peer.ip()));
    let response = Service::call(&mut router, request).await?;
    // The request is going on until its answer was taken.
    Ok(response.map(|body| Body::new(Taken::new(body, beat))))
}
