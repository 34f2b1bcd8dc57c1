//! Permits: proof of what one call was cleared for. Each effect of the call is held against its permit.

use crate::Rule;
use crate::effect::{Effect, EffectVerdict, FilePath};
use crate::gate::{Gate, Standing, scopes};
use crate::question::{Asked, Refusal, granted, policy_refusal};
use crate::secrets::Masker;
use crate::tier::{COVERABLE, asks};
use crate::visible::DETAIL_BYTES;
use crate::why::Why;
use anteroom_api::{Mode, Resolution, Scope, Tier, Trust};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Questions of one call that may be answered at a time; an older one is void.
const MAX_OPEN: usize = 64;

/// Proof that one call may run, and the judge of its effects.
///
/// Only the gate makes one; it can be neither copied nor changed from outside.
#[derive(Debug)]
pub struct Permit {
    gate: Gate,
    tool: String,
    arguments: serde_json::Value,
    /// Up to which tier a person approved the call as a whole.
    approved: Option<Tier>,
    why: Why,
    progress: Mutex<Progress>,
}

#[derive(Debug)]
struct Progress {
    tier: Tier,
    /// Digests of file effects a person approved in this call; opening the same file again does not ask again.
    settled: Vec<String>,
    /// Digests of questions that wait for their answer; each is answered once.
    open: VecDeque<String>,
    /// The highest distrust among what the call has let in.
    trust: Trust,
}

/// What covers an effect, and why; or why nothing does.
enum Cover {
    By(&'static str, Why),
    Nothing(Why),
}

impl Permit {
    pub(crate) fn new(
        gate: Gate,
        (tool, arguments): (String, serde_json::Value),
        tier: Tier,
        why: Why,
    ) -> Self {
        Self {
            gate,
            tool,
            arguments,
            approved: None,
            why,
            progress: Mutex::new(Progress {
                tier,
                settled: Vec::new(),
                open: VecDeque::new(),
                trust: Trust::Workspace,
            }),
        }
    }

    pub(crate) fn approved(mut self, tier: Tier) -> Self {
        self.approved = Some(tier);
        self.raise(tier);
        self
    }

    pub(crate) fn remember(&self, rule: Option<(Rule, Scope)>) {
        if let Some((rule, scope)) = rule {
            self.gate.memory().remember(rule, scope);
        }
    }

    /// The tool it is for.
    #[must_use]
    pub fn tool(&self) -> &str {
        &self.tool
    }

    /// The arguments it is for: the registry runs exactly these.
    #[must_use]
    pub fn arguments(&self) -> &serde_json::Value {
        &self.arguments
    }

    /// The highest tier the call has reached so far, what was refused included.
    #[must_use]
    pub fn tier(&self) -> Tier {
        self.progress().tier
    }

    /// What allowed the call as a whole; empty for one whose effects are judged by themselves.
    #[must_use]
    pub fn why(&self) -> &Why {
        &self.why
    }

    /// How far what the call brings back may be believed: [`Trust::Untrusted`] once it has read outside of the
    /// workspace or has reached the network. Its conversation is tainted from that moment on.
    #[must_use]
    pub fn trust(&self) -> Trust {
        self.progress().trust
    }

    /// What hides secrets in whatever the call says.
    #[must_use]
    pub fn masker(&self) -> &Masker {
        self.gate.masker()
    }

    /// Whether a path always asks and is left out of listings.
    #[must_use]
    pub fn is_sensitive(&self, path: &FilePath) -> bool {
        self.gate.is_sensitive(path)
    }

    /// Judges one effect before it happens. What is allowed is taken as done: what it lets in taints.
    #[must_use]
    pub fn judge(&self, effect: &Effect) -> EffectVerdict {
        let standing = self.gate.assess(&self.tool, effect);
        self.raise(standing.tier);
        if let Some((text, rule)) = standing.denied {
            return EffectVerdict::Deny(policy_refusal(text, rule));
        }
        match self.covered_by(effect, &standing) {
            Cover::By(by, why) => {
                self.let_in(&standing);
                EffectVerdict::Allow {
                    tier: standing.tier,
                    by,
                    why,
                }
            }
            Cover::Nothing(why) => {
                let asked = self.asked(effect, standing, why);
                self.open(&asked.digest);
                EffectVerdict::Ask(asked)
            }
        }
    }

    /// Applies a person's answer to an effect that was asked: remembers what they want remembered. An answer
    /// holds once, and is void when anything of what was shown has changed, the taint included.
    ///
    /// # Errors
    /// A [`Refusal`] for everything but a yes, in an offered scope, to exactly this effect.
    pub fn settle(
        &self,
        effect: &Effect,
        asked: &Asked,
        resolution: &Resolution,
    ) -> Result<(), Refusal> {
        let standing = self.gate.assess(&self.tool, effect);
        if let Some((text, rule)) = standing.denied {
            return Err(policy_refusal(text, rule));
        }
        let rule = granted(asked, &self.tool, resolution)?;
        let brings = standing.brings.clone();
        let expected = self.asked(effect, standing, asked.why.clone());
        if expected != *asked || !self.close(&asked.digest) {
            let text = format!(
                "`{}` was not allowed to act: what was approved is not what it wants to do now, or it was done already. Ask again.",
                self.tool
            );
            return Err(policy_refusal(text, None));
        }
        self.remember(rule);
        if effect.is_on_files() {
            self.progress().settled.push(expected.digest);
        }
        self.let_in_from(brings.as_deref());
        Ok(())
    }

    fn covered_by(&self, effect: &Effect, standing: &Standing) -> Cover {
        let mode = self.gate.mode();
        let is_ordinary = !standing.always_asks;
        if standing.is_free || (is_ordinary && !asks(mode, standing.tier)) {
            return Cover::By("policy", by_policy(standing, mode));
        }
        let mut why = Why::default();
        why.say(format!("tier {}", standing.tier));
        if !is_ordinary {
            why.say("asked in every mode, and no rule can cover it");
        } else if standing.tier > COVERABLE {
            why.say(format!("mode {mode} asks for it, and no rule can cover it"));
        } else {
            why.say(format!("mode {mode} asks for it"));
            if let Some((rule, of)) = self.gate.allowing(&self.tool, effect, standing) {
                why.say(format!("the rule `{rule}` {of} covers it"));
                why.rule = Some(rule.to_string());
                return Cover::By("rule", why);
            }
            why.say("no rule covers it");
            if matches!(
                effect,
                Effect::Network {
                    is_granted: true,
                    ..
                }
            ) && mode != Mode::Ask
            {
                why.say("a grant names this host");
                return Cover::By("policy", why);
            }
            if self.approved.is_some_and(|tier| standing.tier <= tier) {
                why.say("the call as a whole was approved");
                return Cover::By("call", why);
            }
        }
        if self.is_settled(effect, standing.is_tainted) {
            why.say("it was approved earlier in this call");
            return Cover::By("call", why);
        }
        Cover::Nothing(why)
    }

    fn is_settled(&self, effect: &Effect, is_tainted: bool) -> bool {
        if !effect.is_on_files() || self.progress().settled.is_empty() {
            return false;
        }
        let (_, digest) = self.gate.shown(&self.tool, effect, is_tainted);
        self.progress().settled.contains(&digest)
    }

    /// The question about an effect. Depends on nothing that changes while it is open, but for taint.
    fn asked(&self, effect: &Effect, standing: Standing, why: Why) -> Asked {
        let (view, digest) = self.gate.shown(&self.tool, effect, standing.is_tainted);
        // What a person has not seen whole is allowed for this once at most.
        let is_whole = view
            .detail
            .as_ref()
            .is_none_or(|text| text.len() <= DETAIL_BYTES);
        let is_ordinary = !standing.always_asks && standing.tier <= COVERABLE;
        let rule = if is_ordinary && is_whole {
            self.gate.narrowest_rule(&self.tool, effect, &standing)
        } else {
            None
        };
        Asked {
            digest,
            effect: view,
            tier: standing.tier,
            reasons: standing.reasons,
            scopes: scopes(rule),
            why,
        }
    }

    fn open(&self, digest: &str) {
        let mut progress = self.progress();
        if !progress.open.iter().any(|open| open == digest) {
            if progress.open.len() == MAX_OPEN {
                progress.open.pop_front();
            }
            progress.open.push_back(digest.to_owned());
        }
    }

    /// Takes a question away; false if it was not open.
    fn close(&self, digest: &str) -> bool {
        let mut progress = self.progress();
        let found = progress.open.iter().position(|open| open == digest);
        found.and_then(|at| progress.open.remove(at)).is_some()
    }

    fn let_in(&self, standing: &Standing) {
        self.let_in_from(standing.brings.as_deref());
    }

    fn let_in_from(&self, source: Option<&str>) {
        if let Some(source) = source {
            self.progress().trust = Trust::Untrusted;
            self.gate.taint().mark(source);
        }
    }

    fn raise(&self, tier: Tier) {
        let mut progress = self.progress();
        progress.tier = progress.tier.max(tier);
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nothing is said of ordinary reading: a search reads thousands of files.
fn by_policy(standing: &Standing, mode: Mode) -> Why {
    let mut why = Why::default();
    if standing.is_free {
        why.say("the private temporary folder is free");
    } else if standing.tier > Tier::Read {
        why.say(format!("tier {}", standing.tier));
        why.say(format!("mode {mode} does not ask for it"));
        why.reasons.extend(standing.reasons.iter().cloned());
    }
    why
}
