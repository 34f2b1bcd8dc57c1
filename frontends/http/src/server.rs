//! The listener: bound first, so that its address is known, then served until it is stopped.

use crate::guard::host::Hosts;
use crate::limits::{Buckets, PLENTY, SCARCE};
use crate::listen::{Listen, descriptors, owner};
use crate::pipeline::{self, Routed, Site};
use crate::session::{Sessions, routes as session_routes};
use crate::transport::{self, Patience};
use crate::{Body, Routes};
use anteroom_api::{HostHandle, Problem, ProblemCode, Stop};
use axum::Router;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::Request;
use axum::response::Response;
use axum::routing::any;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// Makes listeners.
#[derive(Clone, Copy, Debug)]
pub struct Server;

/// A listener that has its port, and answers nobody yet.
pub struct Bound {
    /// That of the address; on loopback also that of its other address, which `localhost` means as well.
    listeners: Vec<TcpListener>,
    is_localhost: bool,
    tls: Option<TlsAcceptor>,
    fingerprint: Option<String>,
    listen: Listen,
    host: HostHandle,
    socket: SocketAddr,
    pub(crate) patience: Patience,
}

impl Server {
    /// Takes the port.
    ///
    /// # Errors
    /// A port that is taken, naming who has it; an address other machines reach without TLS, names and a way to sign
    /// in; a certificate that cannot be used.
    pub async fn bind(listen: Listen, host: HostHandle) -> Result<Bound, Problem> {
        let is_paired = !listen.address.is_loopback() && !host.read().sessions().await?.is_empty();
        listen.check(is_paired)?;
        let certificate = listen.certificate()?;
        let wanted = listen.socket();
        let listener = TcpListener::bind(wanted)
            .await
            .map_err(|error| match error.kind() {
                ErrorKind::AddrInUse => owner::in_use(wanted),
                _ => unbound(wanted, &error),
            })?;
        let socket = listener
            .local_addr()
            .map_err(|error| unbound(wanted, &error))?;
        let (tls, fingerprint) = certificate.map_or((None, None), |certificate| {
            let tls = TlsAcceptor::from(certificate.config);
            (Some(tls), Some(certificate.fingerprint))
        });
        let (others, is_localhost) = beside(socket).await;
        let mut patience = Patience::default();
        patience.connections = descriptors::connections(patience.connections, descriptors::raise());
        Ok(Bound {
            listeners: std::iter::once(listener).chain(others).collect(),
            is_localhost,
            tls,
            fingerprint,
            listen,
            host,
            socket,
            patience,
        })
    }
}

/// The same port at the other address of `localhost`, which browsers may try first: another user who listened there
/// would be taken for us. Where somebody does, we do not answer to that name.
async fn beside(socket: SocketAddr) -> (Option<TcpListener>, bool) {
    let other: IpAddr = match socket.ip() {
        IpAddr::V4(Ipv4Addr::LOCALHOST) => Ipv6Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::LOCALHOST) => Ipv4Addr::LOCALHOST.into(),
        _ => return (None, true),
    };
    match TcpListener::bind((other, socket.port())).await {
        Ok(listener) => (Some(listener), true),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            tracing::warn!(%other, "another program has the port there; `localhost` is not answered to");
            (None, false)
        }
        // There is no such address on this machine: nobody can listen there.
        Err(_) => (None, true),
    }
}

fn unbound(wanted: SocketAddr, error: &std::io::Error) -> Problem {
    Problem::new(
        ProblemCode::InvalidConfig,
        format!("could not listen on `{wanted}`"),
    )
    .cause(error)
    .hint("choose another address or port: `app.host`, `app.port`, `--port`")
}

impl Bound {
    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.socket
    }

    /// The address to open, without a slash at its end: `http://127.0.0.1:8080`.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let usual = if self.tls.is_some() { 443 } else { 80 };
        let name = self.listen.name();
        match self.socket.port() {
            port if port == usual => format!("{scheme}://{name}"),
            port => format!("{scheme}://{name}:{port}"),
        }
    }

    /// SHA-256 of the certificate, to be compared with what a browser shows; none without TLS.
    #[must_use]
    pub fn fingerprint(&self) -> Option<&str> {
        self.fingerprint.as_deref()
    }

    /// Serves these routes and those about sessions until `stop` is raised; then nobody new is let in, streams see
    /// `stop` too, and answers in flight have ten seconds.
    ///
    /// # Errors
    /// Routes that contradict each other; a host that cannot tell who was signed in here.
    pub async fn serve(self, routes: Routes, stop: Stop) -> Result<(), Problem> {
        let late = session_routes::Late::default();
        let mut routes = session_routes::add(routes, &late);
        let document = Arc::new(OnceLock::from(routes.openapi()));
        let site = Arc::new(self.site(stop.clone(), document)?);
        let _ = late.set(Arc::downgrade(&site));
        // Before anybody is answered: what somebody else may have been shown is good no more.
        site.sessions.attend(true).await?;
        let following = tokio::spawn(site.sessions.clone().follow(stop.clone()));
        let attending = tokio::spawn(site.sessions.clone().attend_on(stop.clone()));
        let router = router(routes, &site)?;
        let (ending, is_ending) = watch::channel(false);
        let raise = async {
            let mut stop = stop;
            stop.raised().await;
            ending.send_replace(true);
        };
        let accepting =
            transport::accept(self.listeners, self.tls, router, self.patience, is_ending);
        tokio::join!(raise, accepting);
        following.abort();
        attending.abort();
        if let Err(problem) = site.sessions.attend(false).await {
            tracing::debug!(%problem, "it was not noted until when this server was there");
        }
        drop(site);
        Ok(())
    }

    fn site(
        &self,
        stop: Stop,
        document: Arc<OnceLock<serde_json::Value>>,
    ) -> Result<Site, Problem> {
        let is_tls = self.tls.is_some();
        let port = self.socket.port();
        let remembered = self.patience.remembered;
        let sessions = Sessions::new(self.host.clone(), self.socket, is_tls, remembered)?;
        Ok(Site {
            host: self.host.clone(),
            stop,
            hosts: Hosts::new(
                (self.listen.address, self.is_localhost),
                port,
                is_tls,
                &self.listen.hosts,
            ),
            is_tls,
            sessions: Arc::new(sessions),
            document,
            strangers: Buckets::new(SCARCE),
            public: Buckets::new(PLENTY),
            members: Buckets::new(PLENTY),
            costly: Buckets::new(SCARCE),
            programs: Buckets::new(PLENTY),
            noted: Buckets::new(SCARCE),
            alone: tokio::sync::Semaphore::new(1),
        })
    }
}

/// What finds the routes of a path; everything else, refusals included, is the pipeline's.
fn router(routes: Routes, site: &Arc<Site>) -> Result<Router, Problem> {
    let mut router = Router::new();
    for (path, routes) in routes.take()? {
        let routed: Routed = Arc::new(routes);
        let site = site.clone();
        router = router.route(
            path,
            any(move |request: Request<Body>| found(site, Some(routed), request)),
        );
    }
    let site = site.clone();
    Ok(router.fallback(move |request: Request<Body>| found(site, None, request)))
}

async fn found(site: Arc<Site>, routed: Option<Routed>, request: Request<Body>) -> Response {
    let (mut parts, body) = request.into_parts();
    let params = match RawPathParams::from_request_parts(&mut parts, &()).await {
        Ok(params) => params
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        // What is not UTF-8 once decoded names nothing of ours.
        Err(_) => {
            return pipeline::answer(site, None, Vec::new(), Request::from_parts(parts, body))
                .await;
        }
    };
    pipeline::answer(site, routed, params, Request::from_parts(parts, body)).await
}
