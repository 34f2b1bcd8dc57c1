//! A host for native unit tests: all that is lent, in memory, as the test scripted it, and what the tool did with it.
//! One test's host is another's nothing: it is there for the thread that calls through it.
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

mod played;

use crate::agents::{Outcome, Task};
use crate::canvas::Document;
use crate::catalog::Entry;
use crate::fetch::{Request, Response};
use crate::log::Level;
use crate::process::Command;
use crate::skills::Skill;
use crate::{Context, FileDiff, Output, Tool, ToolError, ToolManifest, Toolset};
use played::Played;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::rc::Rc;

/// Tools of one toolset.
const TOOLS_MAX: usize = 64;
/// What the store of a toolset holds: bytes of a key, of a value, of all together, and keys.
const KEY_MAX: usize = 256;
const VALUE_MAX: usize = 64 << 10;
const STORE_MAX: usize = 1 << 20;
const KEYS_MAX: usize = 1_000;

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
    played: Played,
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

    /// Ends commands whose line begins so with this output and code. Of several that fit the longest beginning counts.
    #[must_use]
    pub fn running(self, beginning: &str, output: &str, code: i32) -> Self {
        let ending = (beginning.to_owned(), played::ending(output, code));
        self.inside.borrow_mut().played.endings.push(ending);
        self
    }

    /// Answers questions that begin so. One that nothing fits finds nobody.
    #[must_use]
    pub fn choosing(self, beginning: &str, answers: &[&str]) -> Self {
        let answers = answers.iter().map(|answer| (*answer).to_owned()).collect();
        let answer = (beginning.to_owned(), answers);
        self.inside.borrow_mut().played.answers.push(answer);
        self
    }

    /// Has child agents whose task begins so come back with these words.
    #[must_use]
    pub fn finishing(self, beginning: &str, text: &str) -> Self {
        let outcome = Outcome {
            text: text.to_owned(),
            steps: 1,
            completed: true,
        };
        let outcome = (beginning.to_owned(), outcome);
        self.inside.borrow_mut().played.outcomes.push(outcome);
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

    /// The commands that were started, background tasks included, in order.
    #[must_use]
    pub fn commands(&self) -> Vec<Command> {
        self.inside.borrow().played.commands.clone()
    }

    /// The questions that were asked, in order.
    #[must_use]
    pub fn questions(&self) -> Vec<String> {
        self.inside.borrow().played.questions.clone()
    }

    /// The tasks that child agents were given, in order.
    #[must_use]
    pub fn agents(&self) -> Vec<Task> {
        self.inside.borrow().played.agents.clone()
    }

    /// The canvases as they are now, oldest first.
    #[must_use]
    pub fn canvases(&self) -> Vec<Document> {
        self.inside.borrow().played.canvases.clone()
    }

    /// What was proposed to be written, in order.
    #[must_use]
    pub fn proposals(&self) -> Vec<FileDiff> {
        self.inside.borrow().played.proposals.clone()
    }
}

/// Checks all tools of a crate, `Tools`, as the host would when it loads the component: see [`check`].
///
/// # Errors
/// What the host would refuse it for, in words.
pub fn check_all<T: Toolset>() -> Result<Vec<ToolManifest>, String> {
    let manifests = T::describe();
    if manifests.len() > TOOLS_MAX {
        return Err(format!(
            "{} tools are too many; a toolset has {TOOLS_MAX} at most",
            manifests.len()
        ));
    }
    let mut names = BTreeSet::new();
    for manifest in &manifests {
        check_one(manifest)?;
        if !names.insert(manifest.name.as_str()) {
            return Err(format!("there are two tools `{}`", manifest.name));
        }
    }
    Ok(manifests)
}

/// Checks what the host would check of a tool when it is loaded, but for the schema's own soundness.
///
/// # Errors
/// What the host would refuse it for, in words.
///
/// ```
/// # use anteroom_sdk::{Context, Output, Tier, Tool, ToolError};
/// # use schemars::JsonSchema;
/// # use serde::Deserialize;
/// # pub struct Time;
/// # #[derive(Deserialize, JsonSchema)]
/// # pub struct Nothing {}
/// # impl Tool for Time {
/// #     const NAME: &'static str = "time";
/// #     const DESCRIPTION: &'static str = "Tells the time.";
/// #     const TIER: Tier = Tier::Read;
/// #     type Arguments = Nothing;
/// #     fn call(_: &Context, _: Nothing) -> Result<Output, ToolError> {
/// #         Ok(Output::text("noon"))
/// #     }
/// # }
/// # anteroom_sdk::export!(Time);
/// # fn main() {
/// use anteroom_sdk::testing::{check, check_all};
///
/// assert_eq!(check::<Time>().map(|manifest| manifest.name), Ok("time".to_owned()));
/// assert_eq!(check_all::<Tools>().map(|manifests| manifests.len()), Ok(1));
/// # }
/// ```
pub fn check<T: Tool>() -> Result<ToolManifest, String> {
    let manifest = crate::manifest::<T>();
    check_one(&manifest)?;
    Ok(manifest)
}

fn check_one(manifest: &ToolManifest) -> Result<(), String> {
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
    Ok(())
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

    pub(crate) fn get(&self, key: &str) -> Result<Option<Vec<u8>>, ToolError> {
        check_key(key)?;
        Ok(self.kept.get(key).cloned())
    }

    pub(crate) fn set(&mut self, key: &str, value: &[u8]) -> Result<(), ToolError> {
        check_key(key)?;
        if value.len() > VALUE_MAX {
            return Err(ToolError::failed(format!(
                "the value of `{key}` has {} bytes; at most {VALUE_MAX} are kept",
                value.len()
            )));
        }
        let others = self.kept.iter().filter(|(other, _)| *other != key);
        let (keys, bytes) = others.fold(
            (1, key.len() + value.len()),
            |(keys, bytes), (key, value)| (keys + 1, bytes + key.len() + value.len()),
        );
        if keys > KEYS_MAX || bytes > STORE_MAX {
            return Err(ToolError::failed(format!(
                "there is no room for `{key}`: the store has {STORE_MAX} bytes and {KEYS_MAX} keys"
            )));
        }
        self.kept.insert(key.to_owned(), value.to_vec());
        Ok(())
    }

    pub(crate) fn delete(&mut self, key: &str) -> Result<bool, ToolError> {
        check_key(key)?;
        Ok(self.kept.remove(key).is_some())
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

    pub(crate) fn played(&mut self) -> &mut Played {
        &mut self.played
    }

    pub(crate) fn line(&mut self, level: Level, message: &str) {
        self.lines.push((level, message.to_owned()));
    }

    pub(crate) fn say(&mut self, message: &str, fraction: Option<f32>) {
        self.progress.push((message.to_owned(), fraction));
    }
}

fn check_key(key: &str) -> Result<(), ToolError> {
    let is_key = (1..=KEY_MAX).contains(&key.len()) && !key.chars().any(char::is_control);
    if is_key {
        return Ok(());
    }
    Err(ToolError::invalid_args(format!(
        "a key has 1 to {KEY_MAX} bytes and no control characters"
    )))
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
    use crate::{Tier, agents, ask, canvas, catalog, fetch, log, process, skills, store};
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
    fn the_store_has_the_bounds_of_the_real_one() {
        let host = Host::new("/w");
        host.during(|| {
            let is_refused = |key: &str| {
                matches!(store::set(key, b""), Err(ToolError::InvalidArgs(_)))
                    && matches!(store::get(key), Err(ToolError::InvalidArgs(_)))
                    && matches!(store::delete(key), Err(ToolError::InvalidArgs(_)))
            };
            assert!(is_refused("") && is_refused("a\nb") && is_refused(&"k".repeat(257)));
            assert_eq!(store::set(&"k".repeat(256), &[0; 64 << 10]), Ok(()));
            assert!(store::set("large", &[0; (64 << 10) + 1]).is_err());
            for number in 0..13 {
                assert_eq!(store::set(&number.to_string(), &[0; 64 << 10]), Ok(()));
            }
            assert!(
                store::set("more", &[0; 64 << 10]).is_ok()
                    && store::set("much", &[0; 64 << 10]).is_err()
            );
            // In the place of what the key held there is room.
            assert_eq!(store::set("more", &[1; 64 << 10]), Ok(()));
            assert_eq!(store::delete("more"), Ok(true));
        });
        let host = Host::new("/w");
        host.during(|| {
            for number in 0..1_000 {
                assert_eq!(store::set(&number.to_string(), b"v"), Ok(()));
            }
            assert!(store::set("one more", b"v").is_err());
        });
    }

    #[test]
    fn commands_people_and_agents_are_played() {
        let host = Host::new("/w")
            .running("git", "", 128)
            .running("git log", "abc\n", 0)
            .choosing("Which", &["a", "b"])
            .finishing("Look", "done");
        host.during(|| {
            let child = process::spawn(&Command::new("git log -1")).unwrap();
            assert_eq!(
                (child.read(), child.wait().is_success()),
                (b"abc\n".to_vec(), true)
            );
            let child = process::spawn(&Command::new("git push").cwd("src")).unwrap();
            assert_eq!((child.next(), child.wait().code), (None, Some(128)));
            assert!(process::spawn(&Command::new("rm -rf .")).is_err());
            let task = process::start_task(&Command::new("git log")).unwrap();
            assert_eq!(process::list_tasks(), std::slice::from_ref(&task));
            assert_eq!(process::read_task(&task.id, 1), Ok(b"bc\n".to_vec()));
            assert_eq!(process::read_task(&task.id, 99), Ok(Vec::new()));
            assert_eq!(process::kill_task(&task.id), Ok(task));
            assert!(process::kill_task("task-2").is_err());
            assert_eq!(
                ask::question("Which one?", &["a", "b"], true).map(|it| it.len()),
                Ok(2)
            );
            assert!(ask::question("Why?", &[""; 0], false).is_err());
            assert_eq!(agents::run(&Task::new("Look around")).unwrap().text, "done");
            assert!(agents::run(&Task::new("Else")).is_err());
            let plan = canvas::create("Plan", "markdown", "1").unwrap();
            assert_eq!(canvas::update(&plan.id, 1, "2").map(|it| it.version), Ok(2));
            assert!(matches!(
                canvas::update(&plan.id, 1, "3"),
                Err(ToolError::Failed(_))
            ));
            assert!(matches!(canvas::get("other"), Err(ToolError::NotFound(_))));
        });
        let lines: Vec<String> = host.commands().into_iter().map(|it| it.line).collect();
        assert_eq!(lines, ["git log -1", "git push", "rm -rf .", "git log"]);
        assert_eq!(host.questions(), ["Which one?", "Why?"]);
        assert_eq!(host.agents()[1].prompt, "Else");
        assert_eq!(host.canvases()[0].body, "2");
    }

    #[test]
    fn a_toolset_is_checked_as_a_whole() {
        struct Twice;

        impl Toolset for Twice {
            fn describe() -> Vec<ToolManifest> {
                vec![crate::manifest::<Count>(); 2]
            }

            fn call(_: &Context, _: &str, _: &str) -> Result<Output, ToolError> {
                Err(ToolError::failed("never"))
            }
        }
        assert_eq!(
            check_all::<Twice>(),
            Err("there are two tools `count`".to_owned())
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
