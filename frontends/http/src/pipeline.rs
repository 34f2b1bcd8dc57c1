//! One request from its first line to its answer: the guards in their order, then the handler, then the headers.

use crate::access::Class;
use crate::context::Head;
use crate::guard::body;
use crate::guard::credential::{self, Secrets};
use crate::guard::host::{self, Hosts};
use crate::guard::origin;
use crate::input::Arrived;
use crate::limits::{self, Buckets};
use crate::param::{self, Place};
use crate::routes::Route;
use crate::session::Sessions;
use crate::transport::drain;
use crate::{Body, Caller, Context, Failure, Policy, headers};
use anteroom_api::{HostHandle, Problem, ProblemCode, SessionId, Stop};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{FutureExt, StreamExt};
use serde_json::Value;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// Everything a request meets on its way.
pub(crate) struct Site {
    pub(crate) host: HostHandle,
    pub(crate) stop: Stop,
    pub(crate) hosts: Hosts,
    pub(crate) is_tls: bool,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) document: Arc<OnceLock<Value>>,
    pub(crate) strangers: Buckets<IpAddr>,
    pub(crate) public: Buckets<IpAddr>,
    pub(crate) members: Buckets<SessionId>,
    pub(crate) costly: Buckets<SessionId>,
    pub(crate) programs: Buckets<String>,
    /// Refusals that are logged; a flood of them is no reason to fill a disk.
    pub(crate) noted: Buckets<()>,
    /// Where a peer had too many tries, what it shows is looked at one at a time.
    pub(crate) alone: Semaphore,
}

/// The peer of a connection, put into its requests by the listener.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// What stands at a path.
pub(crate) type Routed = Arc<Vec<Route>>;

/// Answers a request for what stands at its path, if anything does.
pub(crate) async fn answer(
    site: Arc<Site>,
    routed: Option<Routed>,
    params: Vec<(String, String)>,
    request: Request<Body>,
) -> Response {
    let (parts, mut body) = request.into_parts();
    let method = match parts.method {
        Method::HEAD => &Method::GET,
        ref method => method,
    };
    let routes = routed.as_deref();
    let route = routes.and_then(|routes| routes.iter().find(|route| route.method == method));
    let asked = Asked {
        site: &site,
        routes: routes.map(Vec::as_slice).unwrap_or_default(),
        route,
    };
    let authority = site.hosts.check(&parts);
    let is_named = authority.as_deref().is_ok_and(host::is_named);
    let passed = asked.pass(&parts, authority, &mut body).await;
    let answer = match passed {
        Ok(passed) => asked.run(&parts, body, params, passed).await,
        Err(failure) => {
            asked.note(&failure, &parts);
            Ok(drain::refuse(failure.into_response(), &parts, body))
        }
    };
    let mut response = answer.unwrap_or_else(IntoResponse::into_response);
    // A refusal is ours, whatever the route would have shown.
    let policy = match route {
        Some(route) if response.status().is_success() => route.about.policy,
        _ => Policy::Page,
    };
    headers::secure(response.headers_mut(), policy, site.is_tls && is_named);
    response
}

struct Asked<'a> {
    site: &'a Arc<Site>,
    routes: &'a [Route],
    route: Option<&'a Route>,
}

/// A request that passed all guards.
struct Passed<'a> {
    route: &'a Route,
    caller: Caller,
    /// Those of the session that asks, if one does.
    secrets: Option<Secrets>,
    peer: IpAddr,
    authority: String,
    crowded: Option<Duration>,
}

impl<'a> Asked<'a> {
    /// The guards, in their order.
    async fn pass(
        &self,
        parts: &Parts,
        authority: Result<String, Failure>,
        body: &mut Body,
    ) -> Result<Passed<'a>, Failure> {
        let site = self.site;
        let peer = peer_of(parts);
        let authority = authority?;
        self.check_method(parts)?;
        let limit = self.route.map_or(body::LIMIT, Route::limit);
        body::check_size(parts, limit)?;
        let class = self.route.map_or(&Class::Public, |route| &route.class);
        origin::check(parts, &authority, site.is_tls, class)?;
        let crowded = self.check_peer(parts, &authority, peer)?;
        let Some(route) = self.route else {
            return Err(not_found());
        };
        let asking = credential::check(parts, &authority, &route.class, &site.sessions);
        let found = match crowded.filter(|_| !route.about.is_door) {
            None => asking.await,
            Some(_) => {
                let _turn = site.alone.acquire().await;
                asking.await
            }
        };
        let found = found.map_err(|failure| self.tried(failure, peer, crowded));
        let (caller, secrets) = found?;
        self.check_rate(route, &caller)?;
        let has_body = !http_body::Body::is_end_stream(body);
        body::check_kind(parts, route.takes, route.about.accepts, has_body)?;
        check_query(parts, route)?;
        Ok(Passed {
            route,
            caller,
            secrets,
            peer,
            authority,
            crowded,
        })
    }

    /// Counts what was shown in vain. Where there were too many tries before, that is what is said.
    fn tried(&self, failure: Failure, peer: IpAddr, crowded: Option<Duration>) -> Failure {
        if failure.http_status() != StatusCode::UNAUTHORIZED {
            return failure;
        }
        let _ = (self.site.strangers).take(&limits::peer(peer), Instant::now());
        crowded.map_or(failure, limits::too_often)
    }

    /// Writes into the log who was refused what, in words of ours alone: nothing that was sent stands in it.
    fn note(&self, failure: &Failure, parts: &Parts) {
        let status = failure.http_status().as_u16();
        let is_of_note = matches!(status, 401 | 403 | 421 | 429);
        if is_of_note && self.site.noted.take(&(), Instant::now()).is_ok() {
            let peer = peer_of(parts);
            let route = self.route.map_or("none", |route| route.about.id);
            tracing::warn!(
                ?peer,
                route,
                status,
                code = failure.code(),
                "a request was refused"
            );
        }
    }

    fn check_method(&self, parts: &Parts) -> Result<(), Failure> {
        let known = [
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ];
        let is_known = known.contains(&parts.method);
        if is_known && (self.route.is_some() || self.routes.is_empty()) {
            return Ok(());
        }
        let mut allowed: Vec<&str> = self
            .routes
            .iter()
            .map(|route| route.method.as_str())
            .collect();
        if allowed.contains(&"GET") {
            allowed.push("HEAD");
        }
        let allowed = HeaderValue::try_from(allowed.join(", "));
        Err(Failure::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "this cannot be asked for in this way",
            "see `/api/openapi.json` for what can",
        )
        .header(
            header::ALLOW,
            allowed.unwrap_or(HeaderValue::from_static("GET, HEAD")),
        ))
    }

    /// Strangers have few tries; whoever was let in before is none. On loopback all users of the machine are one peer,
    /// so one who floods may not keep another from signing in: who shows what may be a credential is asked about even
    /// then, which is said by how long the others are to wait; and the parts of the page are not counted there.
    fn check_peer(
        &self,
        parts: &Parts,
        authority: &str,
        peer: IpAddr,
    ) -> Result<Option<Duration>, Failure> {
        let site = self.site;
        let is_here = peer.to_canonical().is_loopback();
        let (peer, now) = (limits::peer(peer), Instant::now());
        let Some(route) = self.route else {
            let taken = site.strangers.take(&peer, now);
            return taken.map(|()| None).map_err(limits::too_often);
        };
        let shown = credential::shown(&parts.headers, &site.sessions);
        let taken = match route.class {
            Class::Public if route.about.is_door => {
                return Ok(site.strangers.look(&peer, now).err());
            }
            Class::Public if route.about.is_costly => site.strangers.take(&peer, now),
            Class::Public if is_here => Ok(()),
            Class::Public => site.public.take(&peer, now),
            Class::Session => match shown {
                None => site.strangers.look(&peer, now),
                Some((cookie, tab)) => {
                    let is_known = site.sessions.is_known(&cookie, tab, authority);
                    let crowded = || site.strangers.look(&peer, now).err();
                    return Ok((!is_known).then(crowded).flatten());
                }
            },
            Class::Bearer(_) => site.strangers.look(&peer, now),
        };
        taken.map(|()| None).map_err(limits::too_often)
    }

    fn check_rate(&self, route: &Route, caller: &Caller) -> Result<(), Failure> {
        let (site, now) = (self.site, Instant::now());
        let taken = match caller {
            Caller::Nobody => Ok(()),
            Caller::Session(session) if route.about.is_costly => site.costly.take(session, now),
            Caller::Session(session) => site.members.take(session, now),
            Caller::Key(name) => site.programs.take(name, now),
        };
        taken.map_err(limits::too_often)
    }

    async fn run(
        &self,
        parts: &Parts,
        body: Body,
        params: Vec<(String, String)>,
        passed: Passed<'_>,
    ) -> Result<Response, Failure> {
        let site = self.site;
        let route = passed.route;
        let place = match passed.caller {
            Caller::Session(session) if route.about.is_stream => {
                Some((site.sessions.stream(session)?, passed.secrets))
            }
            _ => None,
        };
        let context = Context {
            host: site.host.clone(),
            stop: site.stop.clone(),
            caller: passed.caller,
            peer: passed.peer,
            head: Arc::new(Head::of(parts, passed.authority, site.is_tls)),
            document: site.document.clone(),
        };
        let arrived = Arrived {
            params,
            query: parts.uri.query().unwrap_or_default().to_owned(),
            body,
            limit: route.limit(),
            description: route.description.clone(),
        };
        let running = AssertUnwindSafe(route.run.run(context, arrived)).catch_unwind();
        let running = running.map(|ran| ran.unwrap_or_else(|_| Err(broken())));
        let response = match route.about.is_door {
            false => running.await?,
            true => {
                let ran = running.await;
                ran.map_err(|failure| self.tried(failure, passed.peer, passed.crowded))?
            }
        };
        match place {
            Some((place, Some(secrets))) => Ok(response.map(|body| {
                let over = Box::pin(place.over(secrets).map(|_| ()));
                Body::from_stream(body.into_data_stream().take_until(over))
            })),
            _ => Ok(response),
        }
    }
}

/// Where a route of the API takes no query, a query is a mistake, and says so.
fn check_query(parts: &Parts, route: &Route) -> Result<(), Failure> {
    let takes_one = (route.description.params.iter()).any(|param| param.place == Place::Query);
    let is_empty = parts.uri.query().unwrap_or_default().is_empty();
    if takes_one || is_empty || matches!(route.class, Class::Public) {
        return Ok(());
    }
    Err(param::invalid("this route takes no query"))
}

fn peer_of(parts: &Parts) -> IpAddr {
    let peer = parts.extensions.get::<Peer>();
    peer.map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0)
}

fn not_found() -> Failure {
    Failure::new(
        StatusCode::NOT_FOUND,
        "not_found",
        "there is nothing at this address",
        "see `/api/openapi.json` for what there is",
    )
}

fn broken() -> Failure {
    Problem::new(
        ProblemCode::Internal,
        "answering this request failed unexpectedly",
    )
    .hint("try again; if it stays so, `aroom doctor` says more")
    .into()
}
