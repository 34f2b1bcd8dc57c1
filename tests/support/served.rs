//! A scene with its page served: a real listener in front of the real host, and a browser that is signed in.

use super::endpoint::Reply;
use super::http::{Answer, Browser};
use super::scene::Scene;
use anteroom_api::{Problem, Stop};
use anteroom_http::{Listen, Server};
use anteroom_web::Options;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A host that is served.
pub struct Served {
    pub scene: Scene,
    pub browser: Browser,
    /// Scheme, name and port.
    pub url: String,
    raise: watch::Sender<bool>,
    serving: JoinHandle<Result<(), Problem>>,
}

impl Served {
    /// One whose model gives these answers.
    pub async fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::of(Scene::new(replies).await).await
    }

    /// Serves a scene on a free port.
    pub async fn of(scene: Scene) -> Self {
        let host = scene.handle();
        let bound = Server::bind(Listen::loopback(0), host.clone())
            .await
            .unwrap();
        let url = bound.url();
        let options = Options {
            version: "9.9.9",
            workspace: scene.workspace().display().to_string(),
            home: Some("/home/somebody".into()),
        };
        let (raise, stop) = Stop::new();
        let serving = tokio::spawn(bound.serve(anteroom_web::routes(options), stop));
        let token = anteroom_http::invite(&host).await.unwrap();
        let browser = Browser::open(&format!("{url}/#launch={token}"))
            .await
            .unwrap();
        Self {
            scene,
            browser,
            url,
            raise,
            serving,
        }
    }

    /// Another browser, with a session of its own.
    pub async fn another(&self) -> Browser {
        let token = anteroom_http::invite(&self.scene.handle()).await.unwrap();
        let link = format!("{}/#launch={token}", self.url);
        Browser::open(&link).await.unwrap()
    }

    pub async fn get(&self, path: &str) -> Value {
        self.browser.get(path).await.unwrap()
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        self.browser.post(path, &body).await.unwrap()
    }

    pub async fn op(&self, noun: &str, op: Value) -> String {
        self.browser.op(noun, op).await.unwrap()
    }

    /// One request, whatever comes of it.
    pub async fn send(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.browser
            .send(method, path, body.as_ref())
            .await
            .unwrap()
    }

    /// A GET with more headers.
    pub async fn asked(&self, path: &str, headers: &str) -> Answer {
        let head = self
            .browser
            .head("GET", path, &format!("{headers}connection: close\r\n"));
        self.browser.raw(head.as_bytes()).await.unwrap()
    }

    /// A conversation in the scene's workspace; its id.
    pub async fn open(&self) -> String {
        let made = self.post("/api/conversations", serde_json::json!({})).await;
        made["id"].as_str().unwrap().to_owned()
    }

    /// Stops the listener and waits for its end; the host stays.
    pub async fn stop(self) -> Scene {
        self.raise.send_replace(true);
        self.serving.await.unwrap().unwrap();
        self.scene
    }
}
