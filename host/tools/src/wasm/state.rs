//! What the host functions of one running call share. The one place where an effect is shown to the permit.

use crate::clock::Clock;
use crate::confine::Shell;
use crate::lend::fetch;
use crate::lent::Lent;
use crate::meter::{Count, Counters};
use crate::services::{KeptBy, Services};
use crate::session::Session;
use crate::wasm::files::Keeping;
use anteroom_api::item::CallDecision;
use anteroom_api::{
    Capability, GrantReach, OutputStream, Resolution, Scope, Stop, Tier, ToolContent,
};
use anteroom_gate::{Asked, Effect, EffectVerdict, FilePath, Permit, Why};
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::{Semaphore, watch};

/// Proposals kept at most; later ones are not shown.
const PROPOSALS_MAX: usize = 256;
/// Refusals kept at most, so that a tool that tries again and again does not fill the memory.
const REFUSALS_MAX: usize = 32;
/// Output kept for the words of a call that is cut off; up to twice as much for a moment.
const SAID_BYTES: usize = 4096;
/// What a wait answers that was ended by a cancel.
const CANCELLED: &str = "the call was cancelled";

/// One running call.
pub(crate) struct CallState {
    /// Whose call it is.
    pub(crate) caller: Caller,
    /// Shown every effect.
    pub(crate) permit: Arc<Permit>,
    /// The runtime's side.
    pub(crate) services: Arc<dyn Services>,
    /// What it uses.
    pub(crate) counters: Arc<Counters>,
    /// What the conversation's tools share.
    pub(crate) session: Arc<Session>,
    /// What its files were before it changed them.
    pub(crate) keeping: Keeping,
    /// The time it may take.
    pub(crate) clock: Clock,
    /// Raised when the call is cancelled.
    pub(crate) stop: Stop,
    /// The shell for its commands.
    pub(crate) shell: Arc<Shell>,
    /// Process groups that are not gone yet.
    pub(crate) groups: watch::Sender<usize>,
    proposals: Mutex<HashMap<String, ToolContent>>,
    refusals: Mutex<Vec<String>>,
    /// The end of what its processes and its log have said.
    said: Mutex<String>,
    asking: Semaphore,
}

/// Whose call it is, and what was granted.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// The module, as `aroom tool grant` names it.
    pub(crate) module: String,
    /// Whose it is what it keeps.
    pub(crate) kept_by: KeptBy,
    /// Whether the module is embedded in the binary.
    pub(crate) is_built_in: bool,
    /// The capabilities the tool declares; it is lent no others, whatever its module was granted.
    pub(crate) declared: Vec<Capability>,
    /// What the module was granted; asked at each use.
    pub(crate) grants: Lent,
}

/// What a call is made with.
pub(crate) struct CallParts {
    pub(crate) caller: Caller,
    pub(crate) permit: Permit,
    pub(crate) services: Arc<dyn Services>,
    pub(crate) session: Arc<Session>,
    pub(crate) clock: Clock,
    pub(crate) stop: Stop,
    pub(crate) shell: Arc<Shell>,
}

impl CallState {
    pub(crate) fn new(parts: CallParts) -> Self {
        Self {
            caller: parts.caller,
            permit: Arc::new(parts.permit),
            keeping: Keeping::new(parts.services.ledger()),
            services: parts.services,
            counters: Arc::default(),
            session: parts.session,
            clock: parts.clock,
            stop: parts.stop,
            shell: parts.shell,
            groups: watch::Sender::new(0),
            said: Mutex::default(),
            proposals: Mutex::default(),
            refusals: Mutex::default(),
            asking: Semaphore::new(1),
        }
    }

    /// Shows an effect to the grants and to the permit, and asks a person if the permit says so. The call's
    /// clock stands still meanwhile. Asks of one call come one after the other.
    ///
    /// # Errors
    /// Why it may not happen, in words for the model; recorded as a refusal.
    pub(crate) async fn effect(&self, effect: Effect) -> Result<(), String> {
        self.require_reach(&effect)?;
        match self.permit.judge(&effect) {
            EffectVerdict::Allow { tier, by, why } => {
                self.allowed(&effect, tier, by, why);
                Ok(())
            }
            EffectVerdict::Deny(refusal) => {
                self.services.decided(CallDecision {
                    effect: self.line_of(&effect),
                    tier: self.permit.tier(),
                    resolution: refusal.resolution,
                    by: refusal.by,
                    reasons: vec![refusal.text.clone()],
                    rule: refusal.rule,
                });
                Err(self.refused(refusal.text))
            }
            EffectVerdict::Ask(_) => {
                self.ask(&effect).await?;
                // A person takes their time; what was lent may be over by now.
                self.require_reach(&effect)
            }
        }
    }

    /// The reach of a granted capability.
    ///
    /// # Errors
    /// Without the grant: the command that would give it. Recorded as a refusal.
    pub(crate) fn require(&self, capability: Capability) -> Result<Arc<GrantReach>, String> {
        self.caller
            .reach(capability)
            .map_err(|why| self.refused(why))
    }

    /// Waits for a person or a child agent: the call's clock stands still, a cancel ends the wait.
    ///
    /// # Errors
    /// That the call was cancelled.
    pub(crate) async fn wait<T>(&self, future: impl Future<Output = T>) -> Result<T, String> {
        let _pause = self.clock.pause();
        let mut stop = self.stop.clone();
        tokio::select! {
            biased;
            () = stop.raised() => Err(CANCELLED.to_owned()),
            value = future => Ok(value),
        }
    }

    /// As [`Self::wait`], and the time is shown in the meter as waited for a person.
    ///
    /// # Errors
    /// As [`Self::wait`].
    pub(crate) async fn wait_for_person<T>(
        &self,
        future: impl Future<Output = T>,
    ) -> Result<T, String> {
        let _counted = Counted::start(&self.counters.waited_us);
        self.wait(future).await
    }

    /// Takes a proposal for a file, as the tool spelled its path.
    pub(crate) fn propose(&self, path: String, diff: ToolContent) {
        let mut proposals = self
            .proposals
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if proposals.len() < PROPOSALS_MAX || proposals.contains_key(&path) {
            proposals.insert(path, diff);
        }
    }

    /// What the tool said it would write to a file of the workspace, by its path relative to it.
    pub(crate) fn proposal(&self, path: &str) -> Option<ToolContent> {
        let proposals = self
            .proposals
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        proposals.get(path).cloned()
    }

    /// Records a refusal and gives its text back.
    pub(crate) fn refused(&self, text: String) -> String {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        if refusals.len() < REFUSALS_MAX && !refusals.contains(&text) {
            refusals.push(text.clone());
        }
        text
    }

    /// What was refused, in order.
    pub(crate) fn refusals(&self) -> Vec<String> {
        let refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.clone()
    }

    /// Shows output, and keeps its end for the case that the call is cut off.
    pub(crate) fn say(&self, stream: OutputStream, text: String) {
        if text.is_empty() {
            return;
        }
        {
            let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
            said.push_str(&text);
            if said.len() > 2 * SAID_BYTES {
                let from = said.ceil_char_boundary(said.len() - SAID_BYTES);
                said.drain(..from);
            }
        }
        self.services.output(stream, text);
    }

    /// The end of what was shown.
    pub(crate) fn said(&self) -> String {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.clone()
    }

    async fn ask(&self, effect: &Effect) -> Result<(), String> {
        let turn = self.wait_for_person(self.asking.acquire()).await?;
        loop {
            // Another answer may have settled this one meanwhile ("for this folder").
            let asked = match self.permit.judge(effect) {
                EffectVerdict::Ask(asked) => asked,
                EffectVerdict::Allow { tier, by, why } => {
                    self.allowed(effect, tier, by, why);
                    return Ok(());
                }
                EffectVerdict::Deny(refusal) => return Err(self.refused(refusal.text)),
            };
            let answer = self.wait_for_person(self.services.ask(asked.clone())).await;
            let (resolution, by) = answer?;
            if matches!(resolution, Resolution::Allowed { .. }) && self.is_void(effect, &asked) {
                // Taint came while the question was open, so the yes was to another one. It goes one way, so
                // this happens once at most.
                continue;
            }
            drop(turn);
            return self.settle(effect, &asked, resolution, by);
        }
    }

    /// Whether what would be asked now is not what was answered.
    fn is_void(&self, effect: &Effect, asked: &Asked) -> bool {
        match self.permit.judge(effect) {
            EffectVerdict::Ask(now) => now.digest != asked.digest,
            EffectVerdict::Allow { .. } | EffectVerdict::Deny(_) => false,
        }
    }

    fn settle(
        &self,
        effect: &Effect,
        asked: &Asked,
        resolution: Resolution,
        by: String,
    ) -> Result<(), String> {
        let settled = self.permit.settle(effect, asked, &resolution);
        let settled = settled.map_err(|refusal| refusal.told_by(&by));
        let (resolution, by) = match &settled {
            Ok(()) => (resolution, by),
            // A yes that the gate would not take is told as the refusal it became.
            Err(refusal) if matches!(resolution, Resolution::Allowed { .. }) => {
                (refusal.resolution.clone(), refusal.by.clone())
            }
            Err(_) => (resolution, by),
        };
        let why = asked.decided(&resolution, &by);
        self.services.decided(CallDecision {
            effect: asked.effect.summary.clone(),
            tier: asked.tier,
            resolution,
            by,
            reasons: why.reasons,
            rule: why.rule,
        });
        settled.map_err(|refusal| self.refused(refusal.text))
    }

    fn allowed(&self, effect: &Effect, tier: Tier, by: &str, why: Why) {
        if tier > Tier::Read {
            self.services.decided(CallDecision {
                effect: self.line_of(effect),
                tier,
                resolution: Resolution::Allowed { scope: Scope::Once },
                by: by.to_owned(),
                reasons: why.reasons,
                rule: why.rule,
            });
        }
    }

    /// An effect in one line, for the record, without secrets.
    fn line_of(&self, effect: &Effect) -> String {
        self.permit.masker().mask(&line_of(effect)).into_owned()
    }

    /// Checks the grant an effect needs, and how far it reaches.
    fn require_reach(&self, effect: &Effect) -> Result<(), String> {
        match effect {
            Effect::FileRead { path } => self.require_file(Capability::FilesRead, path),
            Effect::FileWrite { path, .. } => self.require_file(Capability::FilesWrite, path),
            Effect::FileRemove { path, to } => {
                self.require_file(Capability::FilesWrite, path)?;
                to.as_ref()
                    .map_or(Ok(()), |to| self.require_file(Capability::FilesWrite, to))
            }
            Effect::Process { line, .. } | Effect::Unconfined { line, .. } => {
                let reach = self.require(Capability::Process)?;
                if has_prefix(&reach.commands, line) {
                    return Ok(());
                }
                Err(self.refused(self.caller.beyond(Capability::Process, &reach.commands)))
            }
            Effect::Network { host, .. } => self.require_host(host),
            Effect::Agent { .. } => self.require(Capability::Agents).map(|_| ()),
        }
    }

    fn require_host(&self, host: &str) -> Result<(), String> {
        let reach = self.require(Capability::Fetch)?;
        if fetch::reaches(&reach, host) {
            return Ok(());
        }
        Err(self.refused(self.caller.beyond(Capability::Fetch, &reach.hosts)))
    }

    fn require_file(&self, capability: Capability, path: &FilePath) -> Result<(), String> {
        let reach = self.require(capability)?;
        let is_within = match path {
            FilePath::Temp(_) => true,
            FilePath::Workspace(path) => is_in_folders(&reach.folders, path),
            // A grant reaches no further than the workspace; the built-in tools ask each time.
            FilePath::Outside(_) => self.caller.is_built_in && reach.folders.is_empty(),
        };
        if is_within {
            return Ok(());
        }
        Err(self.refused(self.caller.beyond(capability, &reach.folders)))
    }
}

impl Caller {
    /// The reach of a capability, if it was declared and granted.
    ///
    /// # Errors
    /// What to say where it is missing.
    pub(crate) fn reach(&self, capability: Capability) -> Result<Arc<GrantReach>, String> {
        let module = &self.module;
        if !self.declared.contains(&capability) {
            return Err(format!(
                "this tool of the toolset `{module}` may not {}: it does not declare `{capability}`; only a new version of the toolset can change that",
                capability.in_words()
            ));
        }
        self.grants.reach(capability).map_err(|why| {
            format!(
                "the toolset `{module}` may not {}: {}; a person can allow it with `aroom tool grant {module} {capability}`",
                capability.in_words(),
                why.in_words(capability)
            )
        })
    }

    pub(crate) fn beyond(&self, capability: Capability, reach: &[String]) -> String {
        let module = &self.module;
        let reach = match reach {
            [] => "the workspace".to_owned(),
            parts => parts
                .iter()
                .map(|part| format!("`{part}`"))
                .collect::<Vec<_>>()
                .join(", "),
        };
        format!(
            "the toolset `{module}` was granted `{capability}` only for {reach}; a person can widen it with `aroom tool grant {module} {capability}`"
        )
    }
}

/// Adds the time between its making and its end to a figure.
struct Counted<'a>(&'a Count, Instant);

impl<'a> Counted<'a> {
    fn start(count: &'a Count) -> Self {
        Self(count, Instant::now())
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.add_time(self.1.elapsed());
    }
}

/// Whether a path is one of the folders or below one; no folders means everywhere.
fn is_in_folders(folders: &[String], path: &str) -> bool {
    folders.is_empty()
        || folders.iter().any(|folder| {
            let folder = folder.trim_start_matches("./").trim_matches('/');
            folder.is_empty()
                || folder == "."
                || path
                    .strip_prefix(folder)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
}

/// Whether a command line begins with one of the prefixes, word by word, and is nothing but that one command;
/// no prefixes means any line.
fn has_prefix(prefixes: &[String], line: &str) -> bool {
    let is_simple = !line.contains([';', '&', '|', '<', '>', '`', '$', '(', ')', '\n', '\\']);
    prefixes.is_empty()
        || is_simple
            && prefixes.iter().any(|prefix| {
                let mut words = line.split_whitespace();
                let mut wanted = prefix.split_whitespace().peekable();
                wanted.peek().is_some() && wanted.all(|word| words.next() == Some(word))
            })
}

/// An effect in one line, for the record.
fn line_of(effect: &Effect) -> String {
    let line = match effect {
        Effect::FileRead { path } => format!("read {}", name_of(path)),
        Effect::FileWrite {
            path, is_new: true, ..
        } => format!("create {}", name_of(path)),
        Effect::FileWrite { path, .. } => format!("change {}", name_of(path)),
        Effect::FileRemove { path, to: None } => format!("remove {}", name_of(path)),
        Effect::FileRemove { path, to: Some(to) } => {
            format!("rename {} to {}", name_of(path), name_of(to))
        }
        Effect::Process { line, .. } => line.clone(),
        Effect::Unconfined { line, .. } => format!("without the sandbox: {line}"),
        Effect::Network { method, url, .. } => format!("{method} {url}"),
        Effect::Agent { name, prompt } => format!("{name}: {prompt}"),
    };
    anteroom_gate::visible(&line)
}

fn name_of(path: &FilePath) -> &str {
    match path {
        FilePath::Workspace(path) if path.is_empty() => ".",
        FilePath::Workspace(path) | FilePath::Temp(path) | FilePath::Outside(path) => path,
    }
}
