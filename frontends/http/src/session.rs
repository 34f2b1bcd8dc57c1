//! Browsers that are signed in: who a cookie and a tab's secret belong to, remembered for a few seconds.

pub(crate) mod pass;
pub(crate) mod routes;
pub(crate) mod secret;

use crate::Failure;
use crate::limits::Buckets;
use anteroom_api::{
    Event, HostHandle, Problem, SessionEvent, SessionId, SessionOp, Signal, Stop, Topic,
};
use pass::{Name, Shown};
use secret::Secret;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How long a session's use goes unsaid.
const UNSAID: Duration = Duration::from_secs(60);
/// Pairs of cookie and tab that are remembered; beyond, all are asked anew.
const PAIRS: usize = 1024;
/// Streams of one session at a time: tabs share one; the rest is for programs.
const STREAMS: usize = 1024;
/// How often the host is told that this listener is there.
const ATTENDED: Duration = Duration::from_secs(60);
/// Passwords that one peer may try in a minute, and all together may.
const PASSWORDS: u32 = 10;
const ALL_PASSWORDS: u32 = 30;

/// Makes a link's token: whoever shows it within a minute opens one session, in whichever process listens.
///
/// # Errors
/// What the host says of it.
pub async fn invite(host: &HostHandle) -> Result<String, Problem> {
    let token = Secret::new()?;
    let hash = token.hash();
    let invited = host.submit(SessionOp::Invite { hash }).await;
    invited.map_err(|rejection| rejection.0)?;
    Ok(token.expose().to_owned())
}

/// The sessions as the listener knows them.
pub(crate) struct Sessions {
    host: HostHandle,
    cookie_name: String,
    is_tls: bool,
    /// Where somebody else could listen after us; none with TLS.
    place: Option<String>,
    /// Drawn anew by every listener.
    boot: Secret,
    /// How long an answer of the host is good for.
    remembered: Duration,
    state: Mutex<State>,
    pub(crate) passwords: Buckets<IpAddr>,
    pub(crate) all_passwords: Buckets<()>,
}

#[derive(Default)]
struct State {
    pairs: HashMap<(String, String), Pair>,
    /// What the host keeps of a tab, by the cookie's hash and the tab's name. It never changes, and opens nothing.
    tabs: HashMap<(String, String), String>,
    live: HashMap<SessionId, Live>,
    said: HashMap<SessionId, Instant>,
    /// Rises when something ends, so that what was asked before is not remembered after.
    ended: u64,
}

#[derive(Clone, Copy)]
struct Pair {
    session: SessionId,
    asked_at: Instant,
}

/// Streams of a session that are open.
struct Live {
    count: usize,
    is_over: watch::Sender<bool>,
}

impl Sessions {
    /// # Errors
    /// The operating system has no randomness.
    pub(crate) fn new(
        host: HostHandle,
        socket: SocketAddr,
        is_tls: bool,
        remembered: Duration,
    ) -> Result<Self, Problem> {
        let port = socket.port();
        // Cookies know no ports: two listeners on one machine would overwrite each other's.
        let cookie_name = if is_tls {
            "__Host-aroom_session".to_owned()
        } else {
            format!("aroom_session_{port}")
        };
        Ok(Self {
            host,
            cookie_name,
            is_tls,
            place: (!is_tls).then(|| socket.to_string()),
            boot: Secret::new()?,
            remembered,
            state: Mutex::default(),
            passwords: Buckets::new(PASSWORDS),
            all_passwords: Buckets::new(ALL_PASSWORDS),
        })
    }

    /// Where somebody else could listen after us; none with TLS.
    pub(crate) fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }

    /// What is drawn anew by every listener.
    pub(crate) fn boot(&self) -> &str {
        self.boot.expose()
    }

    /// What the host knows a cookie by. Without TLS it is bound to the place: other listeners do not know it.
    pub(crate) fn cookie_hash(&self, cookie: &Secret) -> String {
        cookie.hash_at(self.place.as_deref().unwrap_or_default())
    }

    /// Tells the host that this listener is there: `is_new` ends what somebody else may have been shown.
    ///
    /// # Errors
    /// What the host says of it.
    pub(crate) async fn attend(&self, is_new: bool) -> Result<(), Problem> {
        let Some(place) = self.place.clone() else {
            return Ok(());
        };
        let attended = self.host.submit(SessionOp::Attend { place, is_new }).await;
        attended.map(|_| ()).map_err(|rejection| rejection.0)
    }

    /// Goes on to tell so until the server stops.
    pub(crate) async fn attend_on(self: Arc<Self>, mut stop: Stop) {
        while tokio::time::timeout(ATTENDED, stop.raised()).await.is_err() {
            if let Err(problem) = self.attend(false).await {
                tracing::warn!(%problem, "it was not noted that this server is there");
            }
        }
    }

    /// What the host keeps of the tab of this name; none if the cookie has none of it.
    ///
    /// # Errors
    /// The host cannot tell.
    pub(crate) async fn tab_hash(
        &self,
        cookie: &Secret,
        name: &str,
    ) -> Result<Option<String>, Failure> {
        let key = (self.cookie_hash(cookie), name.to_owned());
        let tabs = self.host.read().session_tabs(key.0.clone()).await?;
        let found = tabs.into_iter().find(|hash| Name::of(hash).0 == name);
        if let Some(hash) = &found {
            let mut state = self.state();
            if state.tabs.len() >= PAIRS {
                state.tabs.clear();
            }
            state.tabs.insert(key, hash.clone());
        }
        Ok(found)
    }

    /// The secret of a tab, whichever way it was shown; of a pass of a tab that is unknown none.
    ///
    /// # Errors
    /// The host cannot tell.
    pub(crate) async fn unmask(
        &self,
        cookie: &Secret,
        shown: Shown,
        authority: &str,
    ) -> Result<Option<Secret>, Failure> {
        let pass = match shown {
            Shown::Secret(secret) => return Ok(Some(secret)),
            Shown::Pass(pass) => pass,
        };
        let key = (self.cookie_hash(cookie), pass.name().to_owned());
        let known = self.state().tabs.get(&key).cloned();
        let hash = match known {
            Some(hash) => Some(hash),
            None => self.tab_hash(cookie, pass.name()).await?,
        };
        Ok(hash.map(|hash| pass.secret(&hash, authority, self.boot())))
    }

    pub(crate) fn cookie_name(&self) -> &str {
        &self.cookie_name
    }

    /// The line that gives a browser its cookie, or, without a value, takes it away.
    pub(crate) fn set_cookie(&self, value: Option<(&str, i64)>) -> String {
        let (value, seconds) = value.unwrap_or(("", 0));
        let secure = if self.is_tls { "; Secure" } else { "" };
        format!(
            "{}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}",
            self.cookie_name
        )
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether these were good once while this listener runs. Who was never seen is counted as a stranger.
    pub(crate) fn is_known(&self, cookie: &Secret, shown: Shown, authority: &str) -> bool {
        let cookie = self.cookie_hash(cookie);
        let state = self.state();
        let tab = match shown {
            Shown::Secret(tab) => tab,
            Shown::Pass(pass) => {
                let Some(hash) = state.tabs.get(&(cookie.clone(), pass.name().to_owned())) else {
                    return false;
                };
                pass.secret(hash, authority, self.boot())
            }
        };
        state.pairs.contains_key(&(cookie, tab.hash()))
    }

    /// The session of a cookie and a tab's secret.
    ///
    /// # Errors
    /// The host cannot tell.
    pub(crate) async fn find(
        &self,
        cookie: &Secret,
        tab: &Secret,
    ) -> Result<Option<SessionId>, Failure> {
        let pair = (self.cookie_hash(cookie), tab.hash());
        let ended = {
            let state = self.state();
            if let Some(found) = state.pairs.get(&pair)
                && found.asked_at.elapsed() < self.remembered
            {
                return Ok(Some(found.session));
            }
            state.ended
        };
        let asked_at = Instant::now();
        let read = self.host.read();
        let found = read.session_by(pair.0.clone(), pair.1.clone()).await?;
        let Some(view) = found else {
            self.state().pairs.remove(&pair);
            return Ok(None);
        };
        let is_unsaid = {
            let mut state = self.state();
            if state.pairs.len() >= PAIRS {
                state.pairs.clear();
                state.said.clear();
            }
            if state.ended == ended {
                let session = view.id;
                state.pairs.insert(pair, Pair { session, asked_at });
            }
            let said = state.said.get(&view.id);
            let is_unsaid = said.is_none_or(|at| at.elapsed() >= UNSAID);
            if is_unsaid {
                state.said.insert(view.id, asked_at);
            }
            is_unsaid
        };
        if is_unsaid {
            let used = SessionOp::Used { session: view.id };
            if let Err(rejection) = self.host.submit(used).await {
                tracing::warn!(%rejection, "a session's use was not noted");
            }
        }
        Ok(Some(view.id))
    }

    /// Forgets a session that ended, and ends its streams.
    pub(crate) fn forget(&self, session: SessionId) {
        let mut state = self.state();
        state.ended += 1;
        state.pairs.retain(|_, pair| pair.session != session);
        state.said.remove(&session);
        if let Some(live) = state.live.get(&session) {
            live.is_over.send_replace(true);
        }
    }

    /// Asks the host anew about everybody.
    fn doubt(&self) {
        let mut state = self.state();
        state.ended += 1;
        let old = Instant::now().checked_sub(self.remembered);
        for pair in state.pairs.values_mut() {
            pair.asked_at = old.unwrap_or(pair.asked_at);
        }
    }

    /// Follows what the host tells of sessions until the server stops.
    pub(crate) async fn follow(self: Arc<Self>, mut stop: Stop) {
        let mut after = None;
        loop {
            let mut signals = self.host.follow(Topic::Host, after);
            loop {
                let signal = tokio::select! {
                    signal = signals.next() => signal,
                    () = stop.raised() => return,
                };
                match signal {
                    Some(Signal::Event { envelope }) => {
                        if let Event::Session(SessionEvent::Ended { session }) = envelope.event {
                            self.forget(session);
                        }
                    }
                    Some(Signal::Lagged { resume }) => {
                        after = Some(resume);
                        self.doubt();
                        break;
                    }
                    Some(_) => {}
                    None => {
                        self.doubt();
                        return;
                    }
                }
            }
        }
    }

    /// A place for one more stream of a session.
    ///
    /// # Errors
    /// 429 if it has all it may have.
    pub(crate) fn stream(self: &Arc<Self>, session: SessionId) -> Result<Place, Failure> {
        let mut state = self.state();
        let live = state.live.entry(session).or_insert_with(|| Live {
            count: 0,
            is_over: watch::Sender::new(false),
        });
        if live.count >= STREAMS {
            return Err(crate::limits::too_often(Duration::from_secs(5)));
        }
        live.count += 1;
        Ok(Place {
            is_over: live.is_over.subscribe(),
            session,
            sessions: self.clone(),
        })
    }
}

/// One open stream of a session; counted until it is dropped.
pub(crate) struct Place {
    is_over: watch::Receiver<bool>,
    session: SessionId,
    sessions: Arc<Sessions>,
}

impl Place {
    /// Waits until the session is over: ended, or found to have run out.
    pub(crate) async fn over(mut self, (cookie, tab): (Secret, Secret)) -> Self {
        loop {
            let is_over = self.is_over.wait_for(|is_over| *is_over);
            if tokio::time::timeout(UNSAID, is_over).await.is_ok() {
                return self;
            }
            let found = self.sessions.host.read();
            let cookie = self.sessions.cookie_hash(&cookie);
            let found = found.session_by(cookie, tab.hash()).await;
            if matches!(found, Ok(None)) {
                return self;
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.sessions.state();
        if let Some(live) = state.live.get_mut(&self.session) {
            live.count = live.count.saturating_sub(1);
            if live.count == 0 {
                state.live.remove(&self.session);
            }
        }
    }
}
