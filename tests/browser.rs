//! The web page in a real browser: what a person sees, types and presses, under the policy it is served with.
//!
//! Each test has a home, a scripted model and a server process of its own; all share one Chromium
//! (`apt install chromium`, or the environment variable `CHROMIUM`).

mod access;
mod approvals;
mod asked;
mod bundles;
mod canvas;
mod checks;
mod driver;
mod examples;
mod first_run;
mod header;
mod hostile;
mod impostor;
mod layout;
mod lent;
mod loading;
mod mcp;
mod modules;
mod palette;
mod pictures;
mod queue;
mod skills;
mod stream;
mod tabs;
mod tools;

use crate::program::Desk;
use crate::support::endpoint::Reply;
use crate::support::page::{Find, Page};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

/// A desk with a server at it.
pub(crate) struct Room {
    pub(crate) desk: Desk,
    server: Option<Server>,
    port: u16,
    origin: String,
    arguments: Vec<String>,
    is_connected: bool,
}

struct Server {
    process: Child,
    link: String,
}

impl Server {
    /// Starts one and waits for its link.
    fn start(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let stdout = process.stdout.take().unwrap();
        let mut link = String::new();
        BufReader::new(stdout).read_line(&mut link).unwrap();
        let mut stderr = process.stderr.take().unwrap();
        if link.is_empty() {
            let mut why = String::new();
            stderr.read_to_string(&mut why).unwrap();
            panic!("the server did not start: {why}");
        }
        // Nobody reads it, and it must not fill up.
        std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
        let link = link.trim().to_owned();
        Self { process, link }
    }
}

impl Room {
    /// A server whose model gives these replies.
    pub(crate) async fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::with(replies, &[], "").await
    }

    /// The same with arguments for the server and a config file.
    pub(crate) async fn with(
        replies: impl IntoIterator<Item = Reply>,
        arguments: &[&str],
        config: &str,
    ) -> Self {
        Self::begin(Desk::new(replies).await, arguments, config, true).await
    }

    /// A server that nobody told of a model.
    pub(crate) async fn unconnected() -> Self {
        Self::begin(Desk::new([]).await, &[], "", false).await
    }

    /// A server at a desk that is prepared.
    pub(crate) async fn at(desk: Desk, arguments: &[&str]) -> Self {
        Self::begin(desk, arguments, "", true).await
    }

    async fn begin(desk: Desk, arguments: &[&str], config: &str, is_connected: bool) -> Self {
        if !config.is_empty() {
            let folder = desk.home().join(".anteroom");
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("config.yaml"), config).unwrap();
        }
        let mut room = Self {
            desk,
            server: None,
            port: 0,
            origin: String::new(),
            arguments: arguments
                .iter()
                .map(|&argument| argument.to_owned())
                .collect(),
            is_connected,
        };
        room.start().await;
        room
    }

    /// Starts the server on a free port, or again at the one it had.
    pub(crate) async fn start(&mut self) {
        let mut command = self.command(&["serve", "--print-url"]);
        command.args(&self.arguments);
        let server = tokio::task::spawn_blocking(move || Server::start(command));
        let server = server.await.unwrap();
        let (origin, _) = server.link.split_once("/#").expect("a link");
        let port = origin.rsplit(':').next().unwrap_or_default();
        self.port = port.parse().expect("a port");
        self.origin = origin.to_owned();
        self.server = Some(server);
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = match self.is_connected {
            true => self.desk.aroom(arguments),
            false => self.desk.unconnected(arguments),
        };
        command.args(["--port", &self.port.to_string()]);
        command
    }

    /// Ends the server as a crash does.
    pub(crate) fn kill(&mut self) {
        let mut server = self.server.take().unwrap();
        server.process.kill().unwrap();
        server.process.wait().unwrap();
    }

    /// Where the page is.
    pub(crate) fn origin(&self) -> String {
        self.origin.clone()
    }

    /// A link that opens one session.
    pub(crate) async fn link(&self) -> String {
        let left = crate::support::program::run(self.command(&["serve", "--print-url"])).await;
        assert_eq!(left.code, 0, "{left:?}");
        left.stdout.trim().to_owned()
    }

    /// The page in a browser of its own, ready to be written in.
    pub(crate) async fn page(&mut self) -> Page {
        let page = self.browser().await;
        page.composer().seen().await;
        page
    }

    /// The page in a browser of its own, whatever it shows first.
    pub(crate) async fn browser(&mut self) -> Page {
        let page = Page::new().await;
        page.trust_any_certificate().await;
        let link = match &mut self.server {
            Some(server) if !server.link.is_empty() => std::mem::take(&mut server.link),
            _ => self.link().await,
        };
        page.open(&link).await;
        page.css("main").seen().await;
        page
    }

    /// Another tab of the same browser, at a path.
    pub(crate) async fn tab(&self, page: &Page, path: &str) -> Page {
        let tab = page.tab().await;
        tab.open(&format!("{}{path}", self.origin())).await;
        let is_let_in = "sessionStorage.getItem('aroom-tab') && document.querySelector('nav')";
        tab.until("a session of its own", is_let_in).await;
        tab
    }

    /// Goes to a path of the page, loading it anew.
    pub(crate) async fn visit(&self, page: &Page, path: &str) {
        page.open(&format!("{}{path}", self.origin())).await;
        page.css("main").seen().await;
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            // It may have ended by itself.
            let _ = server.process.kill();
            let _ = server.process.wait();
        }
    }
}

/// Where things are on the page, in one place.
impl Page {
    /// The field in which is written.
    pub(crate) fn composer(&self) -> Find<'_> {
        self.mark("composer")
            .css("textarea, [contenteditable=true]")
    }

    /// The conversation.
    pub(crate) fn thread(&self) -> Find<'_> {
        self.mark("thread")
    }

    /// Sends a message.
    pub(crate) async fn say(&self, text: &str) {
        self.composer().fill(text).await;
        self.press("Enter").await;
    }

    /// Sends a message and waits for its answer to be complete.
    pub(crate) async fn ask(&self, text: &str, answer: &str) {
        self.say(text).await;
        self.thread().says(answer).await;
        self.rests().await;
    }

    /// Waits until nothing runs.
    pub(crate) async fn rests(&self) {
        let rests = "['done', 'cancelled', 'failed', 'interrupted'].includes(document.querySelector('[data-testid=phase]')?.dataset.phase)";
        self.until("the end of the run", rests).await;
    }

    /// Waits for an answer, and lets a command run meanwhile: where no sandbox holds commands, each asks.
    pub(crate) async fn let_run(&self, answer: &str) {
        let wanted = Value::from(answer);
        let next = format!(
            "document.querySelector('[data-testid=thread]')?.innerText.includes({wanted}) ? 'answered' \
             : document.querySelector('[data-testid=approval] button') ? 'asked' : ''"
        );
        while self.until("an answer or a question", &next).await == "asked" {
            self.armed().await;
            self.cards().role("button", "Allow once").click().await;
            self.cards().css("button").gone().await;
        }
    }

    /// The id of the conversation that is shown.
    pub(crate) async fn conversation(&self) -> String {
        let id = self.until(
            "the conversation's address",
            "location.pathname.match(/^\\/c\\/(.+)/)?.[1]",
        );
        id.await.as_str().unwrap().to_owned()
    }

    /// What the API answers this page.
    pub(crate) async fn api(&self, method: &str, path: &str, body: &Value) -> Value {
        let (method, path) = (Value::from(method), Value::from(path));
        let body = match body {
            Value::Null => String::new(),
            body => format!(", body: {}", Value::from(body.to_string())),
        };
        let ask = format!(
            "fetch({path}, {{ method: {method}, headers: {{ 'Content-Type': 'application/json', \
             'X-Anteroom-Tab': sessionStorage.getItem('aroom-tab') }} {body} }}).then(async (answer) => {{ \
             const text = await answer.text(); \
             if (!answer.ok) throw new Error(`${{answer.status}}: ${{text}}`); \
             return text ? JSON.parse(text) : null }})"
        );
        self.js(&ask).await
    }

    /// The open approvals of the server.
    pub(crate) async fn open_approvals(&self) -> usize {
        let open = self.api("GET", "/api/approvals", &Value::Null).await;
        open.as_array().map_or(0, Vec::len)
    }

    /// The cards that ask.
    pub(crate) fn cards(&self) -> Find<'_> {
        self.mark("approval")
    }

    /// Waits until keys count on a card: it says so itself after its first moment.
    pub(crate) async fn armed(&self) {
        self.cards().seen().await;
        self.cards()
            .until("keys count", "function () { return performance.now() - (this.__since ??= performance.now()) > 450 }")
            .await;
    }
}
