//! Every route the program serves, against everybody who may not have it: nothing is done, nothing is stored.
//!
//! The routes are those that are registered: who adds one adds it here too. Shapes of requests (hidden requests, odd
//! hosts, slow peers) are tested where the listener lives, in `frontends/http`.

use crate::support::http::{Answer, Browser};
use crate::support::neighbor::Neighbor;
use crate::support::scene::{PATIENCE, Scene};
use anteroom_api::{ConversationId, HostHandle, SessionId, SessionOp, Stop};
use anteroom_http::{Class, Listen, RouteInfo, Server};
use anteroom_web::Options;
use serde_json::json;
use std::collections::BTreeMap;
use tokio::sync::watch;

/// Refusals that one listener gives before it takes its peer for a flood.
const BEFORE_FLOOD: usize = 100;
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
    font-src 'self'; connect-src 'self'; worker-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types aroom-url";

fn options(scene: &Scene) -> Options {
    Options {
        version: "9.9.9",
        workspace: scene.workspace().display().to_string(),
        home: None,
    }
}

/// A listener in front of a host; it ends with this.
pub(super) struct Door {
    pub(super) host: String,
    _raise: watch::Sender<bool>,
}

impl Door {
    pub(super) async fn new(scene: &Scene, handle: HostHandle) -> Self {
        let bound = Server::bind(Listen::loopback(0), handle).await.unwrap();
        let host = bound.local_addr().to_string();
        let (raise, stop) = Stop::new();
        tokio::spawn(bound.serve(anteroom_web::routes(options(scene)), stop));
        Self {
            host,
            _raise: raise,
        }
    }

    pub(super) async fn sign_in(&self, handle: &HostHandle) -> Browser {
        let token = anteroom_http::invite(handle).await.unwrap();
        let link = format!("http://{}/#launch={token}", self.host);
        Browser::open(&link).await.unwrap()
    }

    /// A browser as this listener knows it: cookies are named by port.
    fn known(&self, browser: &Browser) -> Browser {
        let (_, value) = browser.cookie.split_once('=').unwrap();
        let (_, port) = self.host.rsplit_once(':').unwrap();
        Browser {
            host: self.host.clone(),
            cookie: format!("aroom_session_{port}={value}"),
            tab: browser.tab.clone(),
        }
    }
}

/// A served scene with something in it that could be changed.
struct Ground {
    scene: Scene,
    door: Door,
    browser: Browser,
    conversation: ConversationId,
    /// What is stored since this browser signed in.
    stored: BTreeMap<String, Vec<String>>,
    refused: usize,
}

impl Ground {
    async fn new() -> Self {
        let scene = Scene::new([]).await;
        let door = Door::new(&scene, scene.handle()).await;
        let browser = door.sign_in(&scene.handle()).await;
        let conversation = scene.open().await;
        let mut ground = Self {
            scene,
            door,
            browser,
            conversation,
            stored: BTreeMap::new(),
            refused: 0,
        };
        ground.know().await;
        ground
    }

    /// Makes sure that the browser is signed in here, and keeps what is stored now.
    async fn know(&mut self) {
        self.browser.get("/api/tags").await.unwrap();
        self.stored = self.stored();
    }

    fn routes(&self) -> Vec<RouteInfo> {
        let routes = anteroom_web::routes(options(&self.scene)).whole().list();
        assert!(routes.len() > 50, "{} routes", routes.len());
        routes
    }

    /// The path with something in place of its variables.
    fn path(&self, route: &RouteInfo) -> String {
        let parts = route.path.split('/').map(|part| match part {
            part if part.starts_with("{*") => "app.js".to_owned(),
            part if part.starts_with('{') => self.conversation.to_string(),
            part => part.to_owned(),
        });
        parts.collect::<Vec<String>>().join("/")
    }

    /// Lines of whoever may have the route.
    fn lines(&self, route: &RouteInfo) -> BTreeMap<&'static str, String> {
        let known = self.door.known(&self.browser);
        let mut lines = BTreeMap::from([
            ("host", known.host.clone()),
            ("origin", format!("http://{}", known.host)),
            ("sec-fetch-site", "same-origin".to_owned()),
            ("cookie", known.cookie),
            ("x-anteroom-tab", known.tab),
            ("connection", "close".to_owned()),
        ]);
        if let Some(media) = route.accepts {
            lines.insert("content-type", media.to_owned());
        }
        lines
    }

    async fn send(
        &mut self,
        route: &RouteInfo,
        lines: &BTreeMap<&'static str, String>,
        body: &str,
    ) -> Answer {
        let mut text = format!("{} {} HTTP/1.1\r\n", route.method, self.path(route));
        for (name, value) in lines {
            text += &format!("{name}: {value}\r\n");
        }
        if !lines.contains_key("content-length") && !body.is_empty() {
            text += &format!("content-length: {}\r\n", body.len());
        }
        text += &format!("\r\n{body}");
        self.door
            .known(&self.browser)
            .raw(text.as_bytes())
            .await
            .unwrap()
    }

    /// Sends what must be refused, and looks at how.
    async fn refuse(
        &mut self,
        route: &RouteInfo,
        lines: &BTreeMap<&'static str, String>,
        body: &str,
        status: u16,
    ) {
        let answer = self.send(route, lines, body).await;
        let what = format!("{} {} with {lines:?}", route.method, route.path);
        assert_eq!(answer.status, status, "{what}: {answer:?}");
        assert_eq!(answer.header("set-cookie"), None, "{what}");
        assert_secured(&answer, &what);
        let told = answer.json().unwrap();
        assert!(
            told["code"].is_string() && told["message"].is_string(),
            "{told}"
        );
        self.refused += 1;
        if self.refused.is_multiple_of(BEFORE_FLOOD) {
            // A session is known where it was opened and nowhere else: the next listener has one of its own.
            self.assert_unchanged();
            self.door = Door::new(&self.scene, self.scene.handle()).await;
            self.browser = self.door.sign_in(&self.scene.handle()).await;
            self.know().await;
        }
    }

    /// Moves a session back by two years, which is longer than any may last.
    fn age(&self, session: &SessionId) {
        let database = rusqlite::Connection::open(self.scene.home().join("anteroom.db")).unwrap();
        let moved = database.execute(
            "UPDATE sessions SET opened_at = opened_at - ?2, used_at = used_at - ?2 WHERE id = ?1",
            rusqlite::params![session.0.into_bytes(), 2 * 365 * 86_400_000_i64],
        );
        assert_eq!(moved.unwrap(), 1);
    }

    fn assert_unchanged(&self) {
        for (table, rows) in self.stored() {
            assert_eq!(self.stored.get(&table), Some(&rows), "{table} changed");
        }
    }

    /// All that is stored: every row of every table, and the user's settings. But for what the host does by itself:
    /// it seals its audit log once in a while, and notes when a session was last used and a listener last there.
    fn stored(&self) -> BTreeMap<String, Vec<String>> {
        let database = rusqlite::Connection::open(self.scene.home().join("anteroom.db")).unwrap();
        let mut names = database
            .prepare(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'audit_seals'",
            )
            .unwrap();
        let names: Vec<String> = names
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let mut all: BTreeMap<String, Vec<String>> = names
            .into_iter()
            .map(|name| {
                let rows = rows(&database, &name);
                (name, rows)
            })
            .collect();
        assert!(all.len() > 10 && !all["sessions"].is_empty());
        let config = std::fs::read_to_string(self.scene.home().join("config.yaml"));
        all.insert("config".into(), config.into_iter().collect());
        all
    }
}

fn rows(database: &rusqlite::Connection, table: &str) -> Vec<String> {
    let mut select = database
        .prepare(&format!("SELECT * FROM \"{table}\""))
        .unwrap();
    let noted = match table {
        "sessions" => Some(select.column_index("used_at").unwrap()),
        "places" => Some(select.column_index("attended_at").unwrap()),
        _ => None,
    };
    let columns = select.column_count();
    let shown = |row: &rusqlite::Row<'_>| {
        let cells = (0..columns).filter(|column| Some(*column) != noted);
        let cells = cells.map(|column| format!("{:?}", row.get_ref(column)));
        Ok(cells.collect::<Vec<String>>().join("|"))
    };
    let rows = select.query_map([], shown).unwrap();
    rows.map(Result::unwrap).collect()
}

fn assert_secured(answer: &Answer, what: &str) {
    for (name, value) in [
        ("content-security-policy", CSP),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name} of {what}");
    }
    let allowed = answer.header("access-control-allow-origin");
    assert_eq!(allowed, None, "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_route_acts_without_a_cookie_and_the_secret_of_a_tab() {
    let mut ground = Ground::new().await;
    let mut checked = 0;
    for route in ground.routes() {
        if matches!(route.class, Class::Public) {
            continue;
        }
        checked += 1;
        for missing in [
            &["cookie", "x-anteroom-tab"][..],
            &["x-anteroom-tab"],
            &["cookie"],
        ] {
            let mut lines = ground.lines(&route);
            lines.retain(|name, _| !missing.contains(name));
            ground.refuse(&route, &lines, "", 401).await;
        }
    }
    assert!(checked > 45, "{checked}");
    ground.assert_unchanged();
    assert_eq!(ground.scene.endpoint.requests().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_route_acts_for_another_site_or_by_another_name() {
    let mut ground = Ground::new().await;
    for route in ground.routes() {
        for (name, value, status) in [
            ("origin", "http://evil.example", 403),
            ("origin", "null", 403),
            ("sec-fetch-site", "cross-site", 403),
            ("sec-fetch-site", "same-site", 403),
            ("host", "evil.example", 421),
            ("host", "127.0.0.1", 421),
            ("host", "127.0.0.1:1", 421),
        ] {
            let mut lines = ground.lines(&route);
            lines.insert(name, value.to_owned());
            ground.refuse(&route, &lines, "", status).await;
        }
    }
    ground.assert_unchanged();
    assert_eq!(ground.scene.endpoint.requests().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_route_takes_a_body_of_another_kind_or_size() {
    let mut ground = Ground::new().await;
    for route in ground.routes() {
        for kind in ["text/plain", "application/x-www-form-urlencoded"] {
            let mut lines = ground.lines(&route);
            lines.insert("content-type", kind.to_owned());
            ground.refuse(&route, &lines, "{}", 415).await;
        }
        let mut lines = ground.lines(&route);
        lines.insert("content-length", (route.body_limit + 1).to_string());
        ground.refuse(&route, &lines, "", 413).await;
    }
    ground.assert_unchanged();
    assert_eq!(ground.scene.endpoint.requests().len(), 0);
}

/// What the refusals above are worth: the same requests, with nothing taken from them, pass.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_signed_in_reads_every_view() {
    let mut ground = Ground::new().await;
    let mut read = 0;
    for route in ground.routes() {
        let is_view = route.method.as_str() == "GET" && !route.is_stream;
        if !is_view || matches!(route.class, Class::Public) {
            continue;
        }
        let lines = ground.lines(&route);
        let answer = ground.send(&route, &lines, "").await;
        let is_passed = !matches!(answer.status, 401 | 403 | 405 | 413 | 415 | 421 | 429 | 500);
        assert!(is_passed, "{}: {answer:?}", route.path);
        assert_secured(&answer, route.path);
        read += 1;
    }
    assert!(read > 25, "{read}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_launch_link_is_good_once_and_for_a_minute() {
    let ground = Ground::new().await;
    let handle = ground.scene.handle();
    let stranger = Browser {
        cookie: String::new(),
        tab: String::new(),
        host: ground.door.host.clone(),
    };
    let token = anteroom_http::invite(&handle).await.unwrap();
    let body = json!({ "launch": token });
    let first = stranger.send("POST", "/api/session", Some(&body)).await;
    assert_eq!(first.unwrap().status, 201);
    let second = stranger.send("POST", "/api/session", Some(&body)).await;
    let second = second.unwrap();
    assert_eq!((second.status, second.header("set-cookie")), (401, None));
    assert_secured(&second, "a used link");
    // Another process, whose clock is months ahead.
    let later = Neighbor::of(&ground.scene).await;
    let door = Door::new(&ground.scene, later.handle()).await;
    let token = anteroom_http::invite(&handle).await.unwrap();
    let late = Browser {
        host: door.host.clone(),
        ..stranger
    };
    let late = late
        .send("POST", "/api/session", Some(&json!({ "launch": token })))
        .await;
    let late = late.unwrap();
    assert_eq!((late.status, late.header("set-cookie")), (401, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ran_out_or_was_revoked_opens_nothing() {
    let ground = Ground::new().await;
    let other = ground.door.sign_in(&ground.scene.handle()).await;
    ground.age(&session_of(&ground.browser, false).await);
    let late = other.send("GET", "/api/tags", None).await.unwrap();
    assert_eq!((late.status, late.header("set-cookie")), (401, None));
    assert_secured(&late, "a session that ran out");
    // At another listener nobody knows it, though the home is the same.
    let later = Neighbor::of(&ground.scene).await;
    for handle in [ground.scene.handle(), later.handle()] {
        let door = Door::new(&ground.scene, handle).await;
        let elsewhere = door.known(&ground.browser);
        let elsewhere = elsewhere.send("GET", "/api/tags", None).await.unwrap();
        assert_eq!(
            (elsewhere.status, elsewhere.header("set-cookie")),
            (401, None)
        );
    }
    // Revoked in this process: at once, whatever was remembered.
    let other = ground.door.sign_in(&ground.scene.handle()).await;
    assert!(other.get("/api/tags").await.is_ok());
    let id = session_of(&ground.browser, false).await.to_string();
    let gone = ground
        .browser
        .send("DELETE", &format!("/api/sessions/{id}"), None)
        .await;
    assert_eq!(gone.unwrap().status, 204);
    let until = tokio::time::Instant::now() + PATIENCE;
    while other.send("GET", "/api/tags", None).await.unwrap().status != 401 {
        assert!(
            tokio::time::Instant::now() < until,
            "a revoked session is still good"
        );
    }
    // And in another process: as soon as it is told.
    let session = session_of(&ground.browser, true).await;
    let ended = SessionOp::End { session };
    later.handle().submit(ended).await.unwrap();
    while ground
        .browser
        .send("GET", "/api/tags", None)
        .await
        .unwrap()
        .status
        != 401
    {
        assert!(
            tokio::time::Instant::now() < until,
            "a revoked session is still good"
        );
    }
}

/// The id of a browser's own session, or of the other one there is.
async fn session_of(browser: &Browser, is_own: bool) -> SessionId {
    let sessions = browser.get("/api/sessions").await.unwrap();
    let mut sessions = sessions.as_array().unwrap().iter();
    let found = sessions.find(|one| one["is_current"] == is_own).unwrap();
    serde_json::from_value(found["id"].clone()).unwrap()
}

/// A session is lent to a browser, not the account: what starts programs outside of the sandbox, and what writes
/// anywhere the account may, is said in a terminal.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_starts_no_program_and_names_no_place_of_its_own() {
    let ground = Ground::new().await;
    let before = ground.scene.handle().read().settings().await.unwrap();
    let folder = ground.scene.folder.path();
    let outside = folder.join("outside.jsonl");
    let named = |verb: &str, path: &std::path::Path| json!({ "verb": verb, "path": path });
    let hidden = ground.scene.workspace().join(".profile");
    let refused = [
        (
            "setting",
            json!({ "verb": "change", "key": "ai.api_key_command", "value": "touch x" }),
        ),
        (
            "setting",
            json!({ "verb": "change", "key": " ai.api_key_command ", "value": "touch x" }),
        ),
        (
            "setting",
            json!({ "verb": "change", "key": "ai", "value": { "api_key_command": "touch x" } }),
        ),
        ("database", named("export", &outside)),
        ("database", named("export", &hidden)),
        (
            "database",
            named("export", &ground.scene.workspace().join("../outside.jsonl")),
        ),
        ("database", named("back_up", &outside)),
        (
            "database",
            named("import", std::path::Path::new("/etc/passwd")),
        ),
        ("database", named("restore", &outside)),
        (
            "database",
            json!({ "verb": "share_add", "name": "team", "path": outside }),
        ),
        ("module", named("install", &outside)),
    ];
    for (noun, op) in refused {
        let body = json!({ "noun": noun, "op": op });
        let answer = ground
            .browser
            .send("POST", "/api/ops", Some(&body))
            .await
            .unwrap();
        assert_eq!(answer.status, 403, "{body}: {answer:?}");
        let words = answer.json().unwrap();
        let hint = words["hint"].as_str().unwrap();
        assert!(
            hint.contains("`aroom ") && hint.contains("terminal"),
            "{words}"
        );
    }
    assert!(!outside.exists() && !hidden.exists());
    let after = ground.scene.handle().read().settings().await.unwrap();
    assert_eq!(after.settings, before.settings);
    // Taking the command away starts nothing, and the folder it works in is the page's, too.
    for (noun, op) in [
        (
            "setting",
            json!({ "verb": "reset", "key": "ai.api_key_command" }),
        ),
        (
            "database",
            named("export", &ground.scene.workspace().join("mine.jsonl")),
        ),
        ("database", json!({ "verb": "back_up" })),
    ] {
        let body = json!({ "noun": noun, "op": op });
        let answer = ground
            .browser
            .send("POST", "/api/ops", Some(&body))
            .await
            .unwrap();
        assert_eq!(answer.status, 202, "{body}: {answer:?}");
    }
}

/// What opens the door to other machines is refused as long as something is missing, and says what.
#[tokio::test(flavor = "multi_thread")]
async fn other_machines_are_not_let_near_without_all_that_it_takes() {
    let settings = [("app.host", json!("0.0.0.0")), ("app.port", json!(0))];
    let scene = Scene::with_settings([], &settings).await;
    let report = scene.handle().read().settings().await.unwrap();
    let listen = Listen::from_settings(&report).unwrap();
    let problem = Server::bind(listen, scene.handle()).await.err().unwrap();
    let told = problem.causes.join("\n");
    for word in ["app.tls", "app.hosts", "aroom password"] {
        assert!(told.contains(word), "{told}");
    }
    let mut settings = settings.to_vec();
    settings.extend([
        ("app.tls", json!("self-signed")),
        ("app.hosts", json!(["box.example"])),
    ]);
    let scene = Scene::with_settings([], &settings).await;
    let report = scene.handle().read().settings().await.unwrap();
    let listen = Listen::from_settings(&report).unwrap();
    let problem = Server::bind(listen.clone(), scene.handle())
        .await
        .err()
        .unwrap();
    assert_eq!(problem.causes.len(), 1, "{problem}");
    let password = SessionOp::SetPassword {
        password: Some(anteroom_api::Password::new("four plain words here")),
    };
    scene.handle().submit(password).await.unwrap();
    let report = scene.handle().read().settings().await.unwrap();
    let listen = Listen::from_settings(&report).unwrap();
    let bound = Server::bind(listen, scene.handle()).await.unwrap();
    assert!(bound.url().starts_with("https://box.example:"));
    assert!(bound.fingerprint().is_some());
}
