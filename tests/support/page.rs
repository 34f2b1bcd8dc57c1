//! One page in a browser, as a person uses it and as a test looks at it.
//!
//! Input is the browser's own (mouse, keys), names and roles are those of its accessibility tree, and looking works
//! under the page's content security policy. Nothing here waits for a fixed time: every wait is for a condition, with a
//! deadline. It must not know the program that serves the page.
//!
//! ```ignore
//! let mut page = Page::new().await;
//! page.open(&url).await;
//! page.role("button", "Allow once").click().await;
//! page.press("Escape").await;
//! page.until("the answer", "document.body.innerText.includes('done')").await;
//! assert_eq!(page.faults(), Vec::<String>::new());
//! ```
#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "each binary uses its part of this, and a broken page fails by panicking"
)]

#[path = "page/axe.rs"]
mod axe;
#[path = "page/find.rs"]
mod find;
#[path = "page/keys.rs"]
mod keys;
#[path = "page/watch.rs"]
mod watch;

pub use find::Find;

use super::chromium::{Chromium, Context, Seen};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long a page may take to become what is waited for; reached only by a failing test.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often is looked.
const GLANCE: Duration = Duration::from_millis(20);
/// What hostile content would call is `alarm`; it tells the browser by this.
pub const ALARM: &str = "alarmed";

/// A page. Dropping it closes it.
pub struct Page {
    pub(crate) context: Arc<Context>,
    pub(crate) target: String,
    pub(crate) session: String,
}

impl Page {
    /// An empty page in a context of its own, of the shared browser.
    pub async fn new() -> Self {
        Self::within(Arc::new(Chromium::shared().context().await)).await
    }

    /// Another page of the same context: another tab of the same person.
    pub async fn tab(&self) -> Self {
        Self::within(self.context.clone()).await
    }

    /// An empty page of a context.
    pub async fn within(context: Arc<Context>) -> Self {
        let browser = context.browser.clone();
        let make = json!({
            "url": "about:blank", "browserContextId": context.id, "newWindow": true,
            "width": 1280, "height": 800,
        });
        let target = browser
            .call(None, "Target.createTarget", make)
            .await
            .unwrap();
        let target = target["targetId"].as_str().unwrap().to_owned();
        let attach = json!({ "targetId": target, "flatten": true });
        let session = browser
            .call(None, "Target.attachToTarget", attach)
            .await
            .unwrap();
        let session = session["sessionId"].as_str().unwrap().to_owned();
        browser.follow(&session, &context.seen);
        let page = Self {
            context,
            target,
            session,
        };
        for domain in [
            "Page",
            "Runtime",
            "Network",
            "Log",
            "DOM",
            "Audits",
            "Performance",
        ] {
            page.call(&format!("{domain}.enable"), json!({})).await;
        }
        page.call(
            "Target.setAutoAttach",
            json!({ "autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true }),
        )
        .await;
        page.call(
            "Emulation.setFocusEmulationEnabled",
            json!({ "enabled": true }),
        )
        .await;
        page.call("Runtime.addBinding", json!({ "name": ALARM }))
            .await;
        let bell = format!("globalThis.alarm = (what) => {ALARM}(String(what))");
        page.call(
            "Page.addScriptToEvaluateOnNewDocument",
            json!({ "source": bell }),
        )
        .await;
        page.resize(1280, 800).await;
        page
    }

    /// Sends a command of the protocol to the page.
    pub async fn call(&self, method: &str, params: Value) -> Value {
        self.try_call(method, params).await.unwrap()
    }

    pub async fn try_call(&self, method: &str, params: Value) -> Result<Value, String> {
        let browser = &self.context.browser;
        browser.call(Some(&self.session), method, params).await
    }

    /// Goes to an address and waits until its document is loaded.
    pub async fn open(&self, url: &str) {
        let gone = self.call("Page.navigate", json!({ "url": url })).await;
        assert_eq!(gone.get("errorText"), None, "{url}: {gone}");
        self.loaded().await;
    }

    /// Loads the document again.
    pub async fn reload(&self) {
        self.js("globalThis.isOldDocument = true").await;
        self.call("Page.reload", json!({})).await;
        self.until("the new document", "!globalThis.isOldDocument")
            .await;
        self.loaded().await;
    }

    async fn loaded(&self) {
        let is_loaded = "document.readyState === 'complete' && location.href !== 'about:blank'";
        self.until("the document", is_loaded).await;
    }

    /// The path, query and fragment it is at.
    pub async fn place(&self) -> String {
        let place = self
            .js("location.pathname + location.search + location.hash")
            .await;
        place.as_str().unwrap().to_owned()
    }

    /// The value of an expression; promises are awaited. A debugger looks: no policy of the page is in its way.
    pub async fn js(&self, expression: &str) -> Value {
        match self.try_js(expression).await {
            Ok(value) => value,
            Err(error) => panic!("{expression}: {error}"),
        }
    }

    /// The same where the page may be between two documents, or throw.
    pub async fn try_js(&self, expression: &str) -> Result<Value, String> {
        self.evaluate(expression, true).await
    }

    /// The value of an expression as the page itself would compute it, under its policy.
    pub async fn as_page(&self, expression: &str) -> Result<Value, String> {
        self.evaluate(expression, false).await
    }

    async fn evaluate(&self, expression: &str, is_unbound: bool) -> Result<Value, String> {
        let evaluate = json!({
            "expression": expression, "awaitPromise": true, "returnByValue": true,
            "userGesture": true, "allowUnsafeEvalBlockedByCSP": is_unbound,
        });
        value_of(self.try_call("Runtime.evaluate", evaluate).await?)
    }

    /// Waits until an expression is truthy, and gives its value; `what` is said if it never is.
    pub async fn until(&self, what: &str, expression: &str) -> Value {
        let mut last = Ok(Value::Null);
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while tokio::time::Instant::now() < deadline {
            last = self.try_js(expression).await;
            if last.as_ref().is_ok_and(is_truthy) {
                return last.unwrap();
            }
            tokio::time::sleep(GLANCE).await;
        }
        panic!(
            "never came: {what} ({expression} is {last:?})\n{}",
            self.picture().await
        );
    }

    /// Waits until a text is somewhere in the page.
    pub async fn until_text(&self, text: &str) {
        let wanted = Value::from(text);
        self.until(text, &format!("document.body.innerText.includes({wanted})"))
            .await;
    }

    /// Waits until what was seen of the page fits.
    pub async fn until_seen(&self, what: &str, fits: impl Fn(&Self) -> bool) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while !fits(self) {
            let is_over = tokio::time::Instant::now() > deadline;
            assert!(!is_over, "never seen: {what}\n{}", self.picture().await);
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// All text a person can see.
    pub async fn text(&self) -> String {
        let text = self.js("document.body.innerText").await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// What a failing test shows: where it is, what is seen, what has the focus, what went wrong.
    pub async fn picture(&self) -> String {
        let look = "location.href + '\\nfocus: ' + (document.activeElement?.outerHTML ?? '').slice(0, 300) \
                    + '\\n' + (document.body?.innerText ?? '').slice(-3000)";
        let look = self.try_js(look).await.unwrap_or_default();
        if let Some(folder) = std::env::var_os("ANTEROOM_PICTURES_OF_FAILURES") {
            let path = Path::new(&folder).join(format!("{}.png", self.target));
            self.screenshot(&path).await;
        }
        format!(
            "{}\nfaults: {:#?}",
            look.as_str().unwrap_or_default(),
            self.faults()
        )
    }

    /// Sets the size of the window, in CSS pixels.
    pub async fn resize(&self, width: u32, height: u32) {
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
        });
        self.call("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Sets what the page is told about a person's wishes: `prefers-color-scheme`, `prefers-reduced-motion`, ….
    pub async fn prefer(&self, wishes: &[(&str, &str)]) {
        let wishes: Vec<Value> = wishes
            .iter()
            .map(|(name, value)| json!({ "name": name, "value": value }))
            .collect();
        self.call("Emulation.setEmulatedMedia", json!({ "features": wishes }))
            .await;
    }

    /// Keeps a picture of the window.
    pub async fn screenshot(&self, path: &Path) {
        let shot = json!({ "format": "png", "optimizeForSpeed": false });
        let shot = self.call("Page.captureScreenshot", shot).await;
        let bytes = from_base64(shot["data"].as_str().unwrap());
        std::fs::write(path, bytes).unwrap();
    }

    /// Takes certificates that nobody vouches for, as a person does who compared the fingerprint.
    pub async fn trust_any_certificate(&self) {
        self.call(
            "Security.setIgnoreCertificateErrors",
            json!({ "ignore": true }),
        )
        .await;
    }

    /// The events of all pages, frames and workers of the context.
    pub fn seen(&self) -> &Seen {
        &self.context.seen
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let close = json!({ "targetId": self.target });
        self.context.browser.tell(None, "Target.closeTarget", close);
    }
}

/// What an evaluation gave, or what it threw.
fn value_of(answer: Value) -> Result<Value, String> {
    if let Some(thrown) = answer.get("exceptionDetails") {
        let described = thrown["exception"]["description"].as_str();
        let text = described.or(thrown["text"].as_str());
        return Err(text.unwrap_or("thrown").to_owned());
    }
    Ok(answer["result"].get("value").cloned().unwrap_or_default())
}

/// As JavaScript judges it.
fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(is) => *is,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// Bytes written in base 64.
fn from_base64(text: &str) -> Vec<u8> {
    let digit = |sign: u8| match sign {
        b'A'..=b'Z' => Some(sign - b'A'),
        b'a'..=b'z' => Some(sign - b'a' + 26),
        b'0'..=b'9' => Some(sign - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let digits: Vec<u8> = text.bytes().map_while(digit).collect();
    let groups = digits.chunks(4).flat_map(|group| {
        let number = group
            .iter()
            .fold(0_u32, |sum, digit| sum << 6 | u32::from(*digit));
        let number = number << (6 * (4 - group.len()));
        let bytes = number.to_be_bytes();
        bytes[1..group.len()].to_vec()
    });
    groups.collect()
}
