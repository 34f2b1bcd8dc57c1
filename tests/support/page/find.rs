//! What is on a page, found as a person or a screen reader finds it: by role and name, or by a test's own mark.

use super::{GLANCE, PATIENCE, Page, value_of};
use serde_json::{Value, json};

/// A way to something on a page; looked for anew at each use.
#[derive(Clone)]
pub struct Find<'p> {
    page: &'p Page,
    within: Option<Box<Find<'p>>>,
    how: How,
    number: usize,
}

#[derive(Clone)]
enum How {
    Css(String),
    /// A role, and what the name contains; or is, if it must be exact.
    Role(String, String, bool),
}

impl Page {
    /// By its role and a part of its accessible name, whatever the case.
    pub fn role<'p>(&'p self, role: &str, name: &str) -> Find<'p> {
        self.find(How::Role(role.to_owned(), name.to_owned(), false))
    }

    /// By its role and its whole accessible name.
    pub fn exact<'p>(&'p self, role: &str, name: &str) -> Find<'p> {
        self.find(How::Role(role.to_owned(), name.to_owned(), true))
    }

    /// By a selector.
    pub fn css<'p>(&'p self, selector: &str) -> Find<'p> {
        self.find(How::Css(selector.to_owned()))
    }

    /// By the mark it carries for tests.
    pub fn mark<'p>(&'p self, mark: &str) -> Find<'p> {
        self.css(&format!("[data-testid=\"{mark}\"]"))
    }

    fn find<'p>(&'p self, how: How) -> Find<'p> {
        Find {
            page: self,
            within: None,
            how,
            number: 0,
        }
    }
}

/// Where to click on an element, or why that is not possible.
const POINT: &str = "async function () {
    this.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    const box = () => JSON.stringify(this.getBoundingClientRect());
    let before = box();
    await new Promise((done) => requestAnimationFrame(done));
    if (before !== box()) return 'moves';
    const at = this.getBoundingClientRect();
    if (!at.width || !at.height) return 'has no size';
    if (this.disabled || this.getAttribute('aria-disabled') === 'true') return 'is disabled';
    const part = [...this.getClientRects()][0] ?? at;
    const x = part.x + part.width / 2, y = part.y + part.height / 2;
    const hit = document.elementFromPoint(x, y);
    const isOwn = hit && (this.contains(hit) || hit.contains(this) && hit.closest('label') !== null || hit.closest('label')?.control === this);
    return isOwn ? { x, y } : `is covered by ${hit?.outerHTML.slice(0, 120)}`;
}";

impl<'p> Find<'p> {
    /// Something by role inside this.
    pub fn role(&self, role: &str, name: &str) -> Find<'p> {
        self.inside(How::Role(role.to_owned(), name.to_owned(), false))
    }

    /// Something by role and whole name inside this.
    pub fn exact(&self, role: &str, name: &str) -> Find<'p> {
        self.inside(How::Role(role.to_owned(), name.to_owned(), true))
    }

    /// Something by selector inside this.
    pub fn css(&self, selector: &str) -> Find<'p> {
        self.inside(How::Css(selector.to_owned()))
    }

    /// Something by its mark inside this.
    pub fn mark(&self, mark: &str) -> Find<'p> {
        self.css(&format!("[data-testid=\"{mark}\"]"))
    }

    fn inside(&self, how: How) -> Find<'p> {
        Find {
            page: self.page,
            within: Some(Box::new(self.clone())),
            how,
            number: 0,
        }
    }

    /// Not the first of its kind but the one with this number, from 0.
    pub fn nth(mut self, number: usize) -> Self {
        self.number = number;
        self
    }

    fn described(&self) -> String {
        let own = match &self.how {
            How::Css(selector) => selector.clone(),
            How::Role(role, name, _) => format!("{role} \"{name}\""),
        };
        let within = self
            .within
            .as_ref()
            .map(|within| format!("{} > ", within.described()));
        format!("{}{own} [{}]", within.unwrap_or_default(), self.number)
    }

    /// All that are there now, as handles.
    async fn all(&self) -> Result<Vec<String>, String> {
        let page = self.page;
        let root = match &self.within {
            Some(within) => Box::pin(within.all()).await?.into_iter().nth(within.number),
            None => {
                let document = json!({ "expression": "document" });
                let document = page.try_call("Runtime.evaluate", document).await?;
                object_id(&document["result"])
            }
        };
        let Some(root) = root else {
            return Ok(Vec::new());
        };
        match &self.how {
            How::Css(selector) => {
                let select = json!({
                    "objectId": root, "arguments": [{ "value": selector }],
                    "functionDeclaration": "function (css) { return [...this.querySelectorAll(css)] }",
                });
                let list = page.try_call("Runtime.callFunctionOn", select).await?;
                let list = object_id(&list["result"]).ok_or_else(|| list.to_string())?;
                let own = json!({ "objectId": list, "ownProperties": true });
                let own = page.try_call("Runtime.getProperties", own).await?;
                let own = own["result"].as_array().cloned().unwrap_or_default();
                let items = own.iter().filter(|item| {
                    let name = item["name"].as_str().unwrap_or_default();
                    name.parse::<usize>().is_ok()
                });
                Ok(items.filter_map(|item| object_id(&item["value"])).collect())
            }
            How::Role(role, name, is_exact) => {
                let query = json!({ "objectId": root, "role": role });
                let nodes = page.try_call("Accessibility.queryAXTree", query).await?;
                let nodes = nodes["nodes"].as_array().cloned().unwrap_or_default();
                let fits = |node: &&Value| {
                    let named = node["name"]["value"].as_str().unwrap_or_default();
                    let is_named = if *is_exact {
                        named == name
                    } else {
                        named.to_lowercase().contains(&name.to_lowercase())
                    };
                    node["ignored"] != true && is_named
                };
                let mut found = Vec::new();
                for node in nodes.iter().filter(fits) {
                    let resolve = json!({ "backendNodeId": node["backendDOMNodeId"] });
                    // One that is gone by now is not there.
                    if let Ok(resolved) = page.try_call("DOM.resolveNode", resolve).await {
                        found.extend(object_id(&resolved["object"]));
                    }
                }
                Ok(found)
            }
        }
    }

    /// How many there are now.
    pub async fn count(&self) -> usize {
        self.all().await.map_or(0, |all| all.len())
    }

    /// Waits until it is there and a function of it gives what is wanted.
    async fn wait_for<T>(
        &self,
        what: &str,
        function: &str,
        wanted: impl Fn(Value) -> Result<T, String>,
    ) -> T {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let mut why = "is not there".to_owned();
        while tokio::time::Instant::now() < deadline {
            match self.apply(function, &[]).await.and_then(&wanted) {
                Ok(value) => return value,
                Err(error) => why = error,
            }
            tokio::time::sleep(GLANCE).await;
        }
        let picture = self.page.picture().await;
        panic!("{what}: {} {why}\n{picture}", self.described());
    }

    /// What a function of the element gives now (`this` is the element).
    async fn apply(&self, function: &str, arguments: &[Value]) -> Result<Value, String> {
        let found = self.all().await?.into_iter().nth(self.number);
        let element = found.ok_or("is not there")?;
        let arguments: Vec<Value> = arguments
            .iter()
            .map(|value| json!({ "value": value }))
            .collect();
        let call = json!({
            "objectId": element, "functionDeclaration": function, "arguments": arguments,
            "returnByValue": true, "awaitPromise": true, "userGesture": true,
        });
        value_of(self.page.try_call("Runtime.callFunctionOn", call).await?)
    }

    /// Waits until it is there, and gives what a function of it gives (`function () { return this.value }`).
    pub async fn js(&self, function: &str) -> Value {
        self.wait_for("looking", function, Ok).await
    }

    /// Waits until a function of it is truthy.
    pub async fn until(&self, what: &str, function: &str) {
        let is = |value: Value| {
            let is = super::is_truthy(&value);
            is.then_some(()).ok_or_else(|| format!("gives {value}"))
        };
        self.wait_for(what, function, is).await;
    }

    /// Waits until it is there and takes room.
    pub async fn seen(&self) {
        let has_room = "function () { const at = this.getBoundingClientRect(); return at.width > 0 && at.height > 0 }";
        self.until("seeing", has_room).await;
    }

    /// Waits until there is none.
    pub async fn gone(&self) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while self.count().await > self.number {
            let is_over = tokio::time::Instant::now() > deadline;
            assert!(
                !is_over,
                "stays: {}\n{}",
                self.described(),
                self.page.picture().await
            );
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Waits until it contains a text.
    pub async fn says(&self, text: &str) {
        let says = |shown: Value| {
            let shown = shown.as_str().unwrap_or_default().to_owned();
            let is = shown.contains(text);
            is.then_some(())
                .ok_or_else(|| format!("says {shown:?}, not {text:?}"))
        };
        self.wait_for(
            "reading",
            "function () { return this.value ?? this.innerText }",
            says,
        )
        .await;
    }

    /// Its text as seen, or its value.
    pub async fn text(&self) -> String {
        let text = self
            .js("function () { return this.value ?? this.innerText ?? this.textContent }")
            .await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Its text and that of all inside, hidden or not.
    pub async fn content(&self) -> String {
        let text = self.js("function () { return this.textContent }").await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Where its middle is, once it rests, is not covered and can be pressed.
    async fn point(&self, what: &str) -> (f64, f64) {
        let is_point = |value: Value| match (value["x"].as_f64(), value["y"].as_f64()) {
            (Some(x), Some(y)) => Ok((x, y)),
            _ => Err(value.as_str().unwrap_or_default().to_owned()),
        };
        self.wait_for(what, POINT, is_point).await
    }

    /// Presses the mouse on it.
    pub async fn click(&self) {
        let point = self.point("clicking").await;
        self.page.click_at(point).await;
    }

    /// Moves the mouse over it.
    pub async fn hover(&self) {
        let (x, y) = self.point("hovering").await;
        let event = json!({ "type": "mouseMoved", "x": x, "y": y });
        self.page.call("Input.dispatchMouseEvent", event).await;
    }

    /// Turns the wheel over it.
    pub async fn wheel(&self, down: f64) {
        let middle = "function () { const at = this.getBoundingClientRect(); return { x: at.x + at.width / 2, y: at.y + at.height / 2 } }";
        let at = self.js(middle).await;
        let point = (at["x"].as_f64().unwrap(), at["y"].as_f64().unwrap());
        self.page.wheel(point, down).await;
    }

    /// Gives it the focus, without the mouse.
    pub async fn focus(&self) {
        self.js("function () { this.focus() }").await;
    }

    /// Whether it, or something inside, has the focus.
    pub async fn has_focus(&self) -> bool {
        self.js("function () { return this.contains(document.activeElement) }")
            .await
            == true
    }

    /// Replaces what is written in it, as a person does.
    pub async fn fill(&self, text: &str) {
        self.click().await;
        self.page.press("Control+a").await;
        self.js("function () { if (this.select) this.select() }")
            .await;
        if text.is_empty() {
            self.page.press("Delete").await;
        } else {
            self.page.insert(text).await;
        }
    }

    /// Hands files to it, a file input.
    pub async fn give_files(&self, paths: &[String]) {
        self.js("function () { return true }").await;
        let found = self.all().await.unwrap().into_iter().nth(self.number);
        let give = json!({ "files": paths, "objectId": found.unwrap() });
        self.page.call("DOM.setFileInputFiles", give).await;
    }
}

fn object_id(object: &Value) -> Option<String> {
    object["objectId"].as_str().map(str::to_owned)
}
