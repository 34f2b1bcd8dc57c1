//! A real headless Chromium and the protocol it is driven by: commands in, answers and events out, over a pipe.
//!
//! One process serves every test of a run; each test has a browser context of its own, which shares nothing with the
//! others. The process ends with the run, because its pipe does. It must not know what a page is about.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "each binary uses its part of this, and a broken browser fails by panicking"
)]

use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use tokio::sync::oneshot;

/// Long enough for a busy machine; every answer comes much sooner.
const PATIENCE: Duration = Duration::from_secs(60);

/// The protocol pipe is what the program has as standard input and output; the browser wants it as 3 and 4. The shell
/// stays until the browser is gone and takes the profile away.
const WRAP: &str = r#"profile=$1; shift; "$@" 3<&0 4>&1 </dev/null >/dev/null 2>"$profile/log"; rm -rf -- "$profile""#;

/// Nothing is fetched that a page did not ask for, no window waits because another covers it, and no name is looked up:
/// whatever is not on loopback fails. `anteroom.test` is this machine as others would call it.
const FLAGS: &[&str] = &[
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--disable-features=Translate,MediaRouter,OptimizationHints,CalculateNativeWinOcclusion",
    "--font-render-hinting=none",
    "--force-color-profile=srgb",
    "--host-resolver-rules=MAP anteroom.test 127.0.0.1 , MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
    "--lang=en-US",
    "--metrics-recording-only",
    "--mute-audio",
    "--no-default-browser-check",
    "--no-first-run",
    "--password-store=basic",
    "about:blank",
];

/// A running browser.
pub struct Chromium {
    child: Mutex<Child>,
    commands: Mutex<ChildStdin>,
    next: AtomicU64,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    waiting: Mutex<HashMap<u64, oneshot::Sender<Result<Value, String>>>>,
    /// Where the events of a session go.
    sessions: Mutex<HashMap<String, Arc<Seen>>>,
    /// Where the events of workers go that several pages of a context share.
    contexts: Mutex<HashMap<String, Arc<Seen>>>,
    /// Why it is over, once it is.
    over: OnceLock<String>,
}

/// What one context did: every event of its pages, frames and workers, in order.
#[derive(Default)]
pub struct Seen(Mutex<Vec<Event>>);

/// One event as the protocol tells it.
#[derive(Clone, Debug)]
pub struct Event {
    pub session: String,
    pub method: String,
    pub params: Value,
}

impl Seen {
    /// What a look at the events so far gives.
    pub fn look<T>(&self, look: impl FnOnce(&[Event]) -> T) -> T {
        look(&self.0.lock().unwrap())
    }

    /// Forgets everything so far.
    pub fn forget(&self) {
        self.0.lock().unwrap().clear();
    }
}

/// The program to start: what `CHROMIUM` names, or the distribution's.
fn program() -> PathBuf {
    if let Some(named) = std::env::var_os("CHROMIUM") {
        return named.into();
    }
    let known = [
        "chromium",
        "chromium-browser",
        "google-chrome-stable",
        "google-chrome",
    ];
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .flat_map(|folder| known.map(|name| folder.join(name)))
        .find(|candidate| candidate.is_file());
    found.expect(
        "the tests of the web page need Chromium: `apt install chromium`, \
         or name one with the environment variable CHROMIUM",
    )
}

impl Chromium {
    /// The one every test of this process uses.
    pub fn shared() -> Arc<Self> {
        static SHARED: OnceLock<Arc<Chromium>> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&[])).clone()
    }

    /// Starts one with these flags beside the usual ones.
    pub fn start(flags: &[&str]) -> Arc<Self> {
        let program = program();
        let profile = tempfile::Builder::new()
            .prefix("anteroom-chromium-")
            .tempdir();
        let profile = profile.unwrap().keep();
        let mut child = Command::new("sh")
            .args(["-c", WRAP, "sh"])
            .args([&profile, &program])
            .arg(format!("--user-data-dir={}", profile.display()))
            .args(flags)
            .args(FLAGS)
            .env("HOME", &profile)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let answers = child.stdout.take().unwrap();
        let browser = Arc::new(Self {
            commands: Mutex::new(child.stdin.take().unwrap()),
            child: Mutex::new(child),
            next: AtomicU64::new(1),
            state: Arc::default(),
        });
        let weak = Arc::downgrade(&browser);
        let state = browser.state.clone();
        std::thread::spawn(move || {
            let mut answers = BufReader::new(answers);
            let mut bytes = Vec::new();
            while answers
                .read_until(0, &mut bytes)
                .is_ok_and(|length| length > 0)
            {
                bytes.pop_if(|last| *last == 0);
                let told: Value = serde_json::from_slice(&bytes).unwrap_or_default();
                bytes.clear();
                for follow_up in state.take(told) {
                    let Some(browser) = weak.upgrade() else {
                        return;
                    };
                    browser.send(&follow_up);
                }
            }
            // Left by the waiting calls: each of them learns that nothing will come.
            let _ = state.over.set(format!("{} has ended", program.display()));
            state.waiting.lock().unwrap().clear();
        });
        browser.tell(
            None,
            "Target.setAutoAttach",
            json!({
                "autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true,
                "filter": [{ "type": "shared_worker" }, { "type": "service_worker" }],
            }),
        );
        browser
    }

    fn send(&self, command: &Value) {
        let mut line = command.to_string().into_bytes();
        line.push(0);
        // A browser that is gone is noticed by who waits for it.
        let _ = self.commands.lock().unwrap().write_all(&line);
    }

    fn command(&self, session: Option<&str>, method: &str, params: Value) -> Value {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let mut command = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = session {
            command["sessionId"] = session.into();
        }
        command
    }

    /// Sends a command whose answer nobody needs.
    pub fn tell(&self, session: Option<&str>, method: &str, params: Value) {
        self.send(&self.command(session, method, params));
    }

    /// Sends a command to the browser or to one session of it, and waits for the answer.
    pub async fn call(
        &self,
        session: Option<&str>,
        method: &str,
        params: Value,
    ) -> Result<Value, String> {
        if let Some(why) = self.state.over.get() {
            return Err(why.clone());
        }
        let command = self.command(session, method, params);
        let (answer, answered) = oneshot::channel();
        let id = command["id"].as_u64().unwrap();
        self.state.waiting.lock().unwrap().insert(id, answer);
        self.send(&command);
        match tokio::time::timeout(PATIENCE, answered).await {
            Ok(Ok(answer)) => answer.map_err(|error| format!("{method}: {error}")),
            Ok(Err(_)) => Err(format!("{method}: the browser has ended")),
            Err(_) => Err(format!("{method}: no answer")),
        }
    }

    /// A context of its own: cookies, storage and workers that no other has.
    pub async fn context(self: &Arc<Self>) -> Context {
        let made = self
            .call(None, "Target.createBrowserContext", json!({}))
            .await;
        let id = made.unwrap()["browserContextId"]
            .as_str()
            .unwrap()
            .to_owned();
        let seen = Arc::<Seen>::default();
        let mut contexts = self.state.contexts.lock().unwrap();
        contexts.insert(id.clone(), seen.clone());
        drop(contexts);
        Context {
            browser: self.clone(),
            id,
            seen,
        }
    }

    /// Lets the events of a session go where its context's go.
    pub fn follow(&self, session: &str, seen: &Arc<Seen>) {
        let mut sessions = self.state.sessions.lock().unwrap();
        sessions.insert(session.to_owned(), seen.clone());
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        self.tell(None, "Browser.close", json!({}));
        // It ends by itself; the shell takes the profile away behind it.
        let _ = self.child.lock().unwrap().wait();
    }
}

impl State {
    /// Hands on what the browser tells; gives the commands that must follow at once.
    fn take(&self, told: Value) -> Vec<Value> {
        if let Some(id) = told["id"].as_u64() {
            if let Some(waiting) = self.waiting.lock().unwrap().remove(&id) {
                let answer = match told.get("error") {
                    Some(error) => Err(error.to_string()),
                    None => Ok(told["result"].clone()),
                };
                // Who asked may have gone.
                let _ = waiting.send(answer);
            }
            return Vec::new();
        }
        let session = told["sessionId"].as_str().unwrap_or_default().to_owned();
        let method = told["method"].as_str().unwrap_or_default().to_owned();
        let params = told["params"].clone();
        let seen = self.sessions.lock().unwrap().get(&session).cloned();
        let follow_ups = match method.as_str() {
            "Target.attachedToTarget" => self.attach(&params, seen.as_ref()),
            // A dialog would hold the page for ever.
            "Page.javascriptDialogOpening" => vec![json!({
                "id": 0, "method": "Page.handleJavaScriptDialog",
                "params": { "accept": true }, "sessionId": session,
            })],
            _ => Vec::new(),
        };
        if let Some(seen) = seen {
            seen.0.lock().unwrap().push(Event {
                session,
                method,
                params,
            });
        }
        follow_ups
    }

    /// A frame or a worker begins: it is watched before it does anything.
    fn attach(&self, params: &Value, parent: Option<&Arc<Seen>>) -> Vec<Value> {
        let session = params["sessionId"].as_str().unwrap_or_default();
        let context = params["targetInfo"]["browserContextId"].as_str();
        let shared = context.and_then(|id| self.contexts.lock().unwrap().get(id).cloned());
        if let Some(seen) = parent.cloned().or(shared) {
            let mut sessions = self.sessions.lock().unwrap();
            sessions.insert(session.to_owned(), seen);
        }
        let watch = [
            "Network.enable",
            "Runtime.enable",
            "Log.enable",
            "Audits.enable",
        ];
        let go = ["Runtime.runIfWaitingForDebugger"];
        let methods = watch.into_iter().chain(go);
        methods
            .map(|method| json!({ "id": 0, "method": method, "params": {}, "sessionId": session }))
            .collect()
    }
}

/// A browser context. Dropping it closes its pages.
pub struct Context {
    pub browser: Arc<Chromium>,
    pub id: String,
    pub seen: Arc<Seen>,
}

impl Drop for Context {
    fn drop(&mut self) {
        let close = json!({ "browserContextId": self.id });
        self.browser
            .tell(None, "Target.disposeBrowserContext", close);
        self.browser.state.contexts.lock().unwrap().remove(&self.id);
        let mut sessions = self.browser.state.sessions.lock().unwrap();
        sessions.retain(|_, seen| !Arc::ptr_eq(seen, &self.seen));
    }
}
