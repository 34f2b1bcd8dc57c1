//! A host for native unit tests: a store in memory, scripted responses, skills, and what the tool said. One test's
//! host is another's nothing: it is there for the thread that calls through it.
//!
//! ```
//! use anteroom_sdk::fetch::{self, Response};
//! use anteroom_sdk::testing::Host;
//! # use anteroom_sdk::{Context, Output, Tier, Tool, ToolError};
//! # use schemars::JsonSchema;
//! # use serde::Deserialize;
//! # pub struct Time;
//! # #[derive(Deserialize, JsonSchema)]
//! # pub struct Nothing {}
//! # impl Tool for Time {
//! #     const NAME: &'static str = "time";
//! #     const DESCRIPTION: &'static str = "Tells the time.";
//! #     const TIER: Tier = Tier::Read;
//! #     type Arguments = Nothing;
//! #     fn call(_: &Context, _: Nothing) -> Result<Output, ToolError> {
//! #         let response = fetch::get("https://time.example.org/").send()?.expect_success()?;
//! #         Ok(Output::text(response.text()))
//! #     }
//! # }
//! let host = Host::new("/work").responding("https://time.example.org/", Response::new(200, "noon"));
//! let output = host.call::<Time>(&serde_json::json!({}));
//! assert_eq!(output, Ok(Output::text("noon")));
//! assert_eq!(host.requests()[0].method, "GET");
//! ```

use crate::catalog::Entry;
use crate::fetch::{Request, Response};
use crate::log::Level;
use crate::skills::Skill;
use crate::{Context, Output, Tool, ToolError, ToolManifest};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;

thread_local! {
    static CURRENT: RefCell<Option<Rc<RefCell<Inside>>>> = const { RefCell::new(None) };
}

/// A host in memory.
#[derive(Debug, Default)]
pub struct Host {
    workspace: PathBuf,
    inside: Rc<RefCell<Inside>>,
}

#[derive(Debug, Default)]
pub(crate) struct Inside {
    kept: BTreeMap<String, Vec<u8>>,
    responses: Vec<(String, Result<Response, ToolError>)>,
    requests: Vec<Request>,
    skills: Vec<Skill>,
    entries: Vec<Entry>,
    lines: Vec<(Level, String)>,
    progress: Vec<(String, Option<f32>)>,
}

impl Host {
    /// A host that lends this folder as the workspace, and knows nothing yet.
    pub fn new(workspace: impl Into<PathBuf>) -> Self {
        Self {
            workspace: workspace.into(),
            inside: Rc::default(),
        }
    }

    /// Answers requests whose address begins so. Of several that fit the longest beginning answers.
    #[must_use]
    pub fn responding(self, beginning: &str, response: Response) -> Self {
        self.answering(beginning, Ok(response))
    }

    /// Fails requests whose address begins so.
    #[must_use]
    pub fn failing(self, beginning: &str, error: ToolError) -> Self {
        self.answering(beginning, Err(error))
    }

    fn answering(self, beginning: &str, answer: Result<Response, ToolError>) -> Self {
        let answer = (beginning.to_owned(), answer);
        self.inside.borrow_mut().responses.push(answer);
        self
    }

    /// With a value in the store.
    #[must_use]
    pub fn keeping(self, key: &str, value: impl Into<Vec<u8>>) -> Self {
        let value = value.into();
        self.inside.borrow_mut().kept.insert(key.to_owned(), value);
        self
    }

    /// With a skill.
    #[must_use]
    pub fn knowing(self, skill: Skill) -> Self {
        self.inside.borrow_mut().skills.push(skill);
        self
    }

    /// With a tool in the catalogue.
    #[must_use]
    pub fn listing(self, entry: Entry) -> Self {
        self.inside.borrow_mut().entries.push(entry);
        self
    }

    /// Calls a tool as the host would: through its JSON arguments.
    ///
    /// # Errors
    /// What the tool answered, `invalid-args` if the arguments do not fit.
    pub fn call<T: Tool>(&self, arguments: &serde_json::Value) -> Result<Output, ToolError> {
        let context = Context::for_tests(&self.workspace);
        self.during(|| crate::run::<T>(&context, &arguments.to_string()))
    }

    /// Runs something with this host lent to it.
    pub fn during<T>(&self, run: impl FnOnce() -> T) -> T {
        let _lent = Lent::new(self.inside.clone());
        run()
    }

    /// The requests that were sent, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.inside.borrow().requests.clone()
    }

    /// What the store holds for a key.
    #[must_use]
    pub fn kept(&self, key: &str) -> Option<Vec<u8>> {
        self.inside.borrow().kept.get(key).cloned()
    }

    /// The lines of the log, in order.
    #[must_use]
    pub fn lines(&self) -> Vec<(Level, String)> {
        self.inside.borrow().lines.clone()
    }

    /// What was said of the progress, in order.
    #[must_use]
    pub fn progress(&self) -> Vec<(String, Option<f32>)> {
        self.inside.borrow().progress.clone()
    }
}

/// Checks what the host would check of a tool when it is loaded, but for the schema's own soundness.
///
/// # Errors
/// What the host would refuse it for, in words.
pub fn check<T: Tool>() -> Result<ToolManifest, String> {
    let manifest = crate::manifest::<T>();
    let name = &manifest.name;
    let is_name = name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !is_name {
        return Err(format!("`{name}` is no name for a tool"));
    }
    if manifest.description.chars().count() > 4096 {
        return Err(format!("the description of `{name}` is too long"));
    }
    let schema: serde_json::Value =
        serde_json::from_str(&manifest.input_schema).map_err(|error| error.to_string())?;
    if schema.get("type").and_then(serde_json::Value::as_str) != Some("object") {
        return Err(format!("the arguments of `{name}` are no object"));
    }
    Ok(manifest)
}

/// Asks the host that is lent to this thread, if one is.
pub(crate) fn ask<T>(question: impl FnOnce(&mut Inside) -> T) -> Option<T> {
    let current = CURRENT.with_borrow(Clone::clone)?;
    let mut inside = current.borrow_mut();
    Some(question(&mut inside))
}

impl Inside {
    pub(crate) fn respond(&mut self, request: &Request) -> Result<Response, ToolError> {
        self.requests.push(request.clone());
        let fitting = self
            .responses
            .iter()
            .filter(|(beginning, _)| request.url.starts_with(beginning));
        let found = fitting.max_by_key(|(beginning, _)| beginning.len());
        match found {
            Some((_, Ok(response))) => {
                let mut response = response.clone();
                if response.url.is_empty() {
                    response.url.clone_from(&request.url);
                }
                Ok(response)
            }
            Some((_, Err(error))) => Err(error.clone()),
            None => Err(ToolError::failed(format!(
                "the test has no response for `{}`",
                request.url
            ))),
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<Vec<u8>> {
        self.kept.get(key).cloned()
    }

    pub(crate) fn set(&mut self, key: &str, value: &[u8]) -> Result<(), ToolError> {
        if value.len() > 64 << 10 {
            return Err(ToolError::failed(format!(
                "the value of `{key}` has {} bytes; at most 65536 are kept",
                value.len()
            )));
        }
        self.kept.insert(key.to_owned(), value.to_vec());
        Ok(())
    }

    pub(crate) fn delete(&mut self, key: &str) -> bool {
        self.kept.remove(key).is_some()
    }

    pub(crate) fn keys(&self, prefix: &str) -> Vec<String> {
        let keys = self.kept.keys();
        keys.filter(|key| key.starts_with(prefix))
            .cloned()
            .collect()
    }

    pub(crate) fn skill(&self, name: &str, arguments: &str) -> Result<Skill, ToolError> {
        let mut skills = self.skills.iter();
        let skill = skills.find(|skill| skill.name == name);
        let mut skill = skill
            .cloned()
            .ok_or_else(|| ToolError::not_found(format!("there is no skill `{name}`")))?;
        skill.body = skill.body.replace("$ARGUMENTS", arguments);
        Ok(skill)
    }

    pub(crate) fn find(&self, query: &str, limit: u32) -> Vec<Entry> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let entries = self.entries.iter();
        entries
            .filter(|entry| entry.name.contains(query) || entry.description.contains(query))
            .take(limit)
            .cloned()
            .collect()
    }

    pub(crate) fn line(&mut self, level: Level, message: &str) {
        self.lines.push((level, message.to_owned()));
    }

    pub(crate) fn say(&mut self, message: &str, fraction: Option<f32>) {
        self.progress.push((message.to_owned(), fraction));
    }
}

/// A host lent to this thread, until it is dropped, by a panic too.
struct Lent(Option<Rc<RefCell<Inside>>>);

impl Lent {
    fn new(inside: Rc<RefCell<Inside>>) -> Self {
        Self(CURRENT.replace(Some(inside)))
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Tier, catalog, fetch, log, skills, store};
    use schemars::JsonSchema;
    use serde::Deserialize;
    use serde_json::json;

    struct Count;

    #[derive(Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct CountArguments {
        /// What to count
        what: String,
    }

    impl Tool for Count {
        const NAME: &'static str = "count";
        const DESCRIPTION: &'static str = "Counts how often it was asked about a page.";
        const TIER: Tier = Tier::Read;
        type Arguments = CountArguments;

        fn call(_context: &Context, arguments: CountArguments) -> Result<Output, ToolError> {
            log::progress("counting", Some(0.5));
            let before: u32 = store::get_json(&arguments.what)?.unwrap_or_default();
            store::set_json(&arguments.what, &(before + 1))?;
            let page = fetch::get(format!("https://pages.example.org/{}", arguments.what))
                .secret("Authorization", "Bearer ", "pages")
                .send()?
                .expect_success()?;
            log::line(log::Level::Info, "counted");
            Ok(Output::text(format!("{}: {}", before + 1, page.text())))
        }
    }

    #[test]
    fn a_tool_is_tried_without_a_host() {
        let host = Host::new("/w")
            .responding("https://pages.example.org/", Response::new(200, "a page"))
            .responding("https://pages.example.org/gone", Response::new(404, "none"));
        let call = |what: &str| host.call::<Count>(&json!({"what": what}));
        assert_eq!(call("a"), Ok(Output::text("1: a page")));
        assert_eq!(call("a"), Ok(Output::text("2: a page")));
        let gone = ToolError::not_found("`https://pages.example.org/gone` answered 404: none");
        assert_eq!(call("gone"), Err(gone));
        assert_eq!(host.kept("a"), Some(b"2".to_vec()));
        assert_eq!(host.requests().len(), 3);
        assert_eq!(host.requests()[0].secret_headers[0].secret, "pages");
        assert_eq!(host.progress()[0], ("counting".to_owned(), Some(0.5)));
        assert_eq!(host.lines()[1].1, "counted");
        assert!(matches!(
            host.call::<Count>(&json!({"why": 1})),
            Err(ToolError::InvalidArgs(_))
        ));
        assert_eq!(
            check::<Count>().map(|manifest| manifest.name),
            Ok("count".to_owned())
        );
    }

    #[test]
    fn nothing_is_lent_outside_of_a_call() {
        let host = Host::new("/w").keeping("a", "1");
        host.during(|| assert_eq!(store::get("a"), Ok(Some(b"1".to_vec()))));
        assert!(store::get("a").is_err());
        assert!(fetch::get("https://example.org/").send().is_err());
        assert!(skills::load("a", "").is_err());
        assert!(catalog::find("a", 1).is_err());
    }
}
