//! The gate: holds a call or an effect against policy, place and memory.

mod assess;

use crate::Rule;
use crate::call::{CallFacts, CallVerdict};
use crate::digest::{self, Bound};
use crate::effect::{Effect, FilePath, call_view};
use crate::memory::Memory;
use crate::narrow::Narrowing;
use crate::permit::Permit;
use crate::policy::{Place, Policy, PolicyError};
use crate::question::{Asked, CallQuestion, policy_refusal};
use crate::secrets::{self, Masker};
use crate::sensitive::Sensitive;
use crate::taint::Taint;
use crate::tier::{COVERABLE, asks};
use crate::visible::{hides, visible};
use crate::why::Why;
use anteroom_api::{Capability, EffectView, Mode, Scope, ScopeOffer, Tier};
use regex::Regex;
use std::sync::Arc;

pub(crate) use assess::Standing;

/// The gate of one conversation. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Gate {
    pub(crate) inner: Arc<Inner>,
    pub(crate) taint: Taint,
    pub(crate) masker: Masker,
    /// Only reading is allowed; see `plan.rs`.
    pub(crate) is_planning: bool,
    /// What is left of the tools; see `narrow.rs`.
    pub(crate) narrowings: Arc<[Narrowing]>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    policy: Policy,
    place: Place,
    memory: Memory,
    sensitive: Sensitive,
    patterns: Vec<Regex>,
    /// What tells this policy from any other.
    version: String,
}

impl Gate {
    /// A gate for one conversation.
    ///
    /// # Errors
    /// [`PolicyError`] for a policy that cannot be enforced as written.
    pub fn new(policy: Policy, place: Place, memory: Memory) -> Result<Self, PolicyError> {
        if !place.workspace.is_absolute() {
            return Err(PolicyError::Workspace(place.workspace));
        }
        let sensitive = Sensitive::new(&place, &policy.sensitive_paths)?;
        let patterns = policy
            .custom_patterns
            .iter()
            .map(|pattern| {
                Regex::new(pattern).map_err(|source| PolicyError::Pattern {
                    pattern: pattern.clone(),
                    source: Box::new(source),
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            inner: Arc::new(Inner {
                version: digest::hex(&[format!("{policy:?}").as_bytes()]),
                policy,
                place,
                memory,
                sensitive,
                patterns,
            }),
            taint: Taint::default(),
            masker: Masker::default(),
            is_planning: false,
            narrowings: Arc::default(),
        })
    }

    /// The same gate for a conversation with this mark; a new gate's is its own, and not set.
    #[must_use]
    pub fn with_taint(mut self, taint: Taint) -> Self {
        self.taint = taint;
        self
    }

    /// The same gate that hides these secrets too; a new gate's knows only what secrets look like.
    #[must_use]
    pub fn with_masker(mut self, masker: Masker) -> Self {
        self.masker = masker;
        self
    }

    /// Whether content from outside has entered the conversation, live.
    #[must_use]
    pub fn taint(&self) -> &Taint {
        &self.taint
    }

    /// What hides secrets in whatever the conversation's tools say.
    #[must_use]
    pub fn masker(&self) -> &Masker {
        &self.masker
    }

    /// Judges a call before it runs.
    #[must_use]
    pub fn judge_call(&self, facts: CallFacts) -> CallVerdict {
        let policy = &self.inner.policy;
        let tool = facts.tool.as_str();
        if let Some(rule) = policy.denied.iter().find(|rule| rule.covers_tool(tool)) {
            let (words, rule) = assess::denial(tool, rule);
            return CallVerdict::Deny(policy_refusal(words, rule));
        }
        if let Some(words) = self.narrow_refusal(tool) {
            return CallVerdict::Deny(policy_refusal(words, None));
        }
        if facts.capabilities.contains(&Capability::FilesWrite)
            && secrets::has_mask_in(&facts.arguments)
        {
            return CallVerdict::Deny(policy_refusal(secrets::masked_words("the call"), None));
        }
        let tier = self.tier_of(&facts);
        if let Some(words) = self.plan_refusal(tool, tier) {
            return CallVerdict::Deny(policy_refusal(words, None));
        }
        let is_watched = is_watched(&facts.capabilities, tier);
        let mut standing = Standing {
            tier,
            sends: (facts.is_third_party && !is_watched && tier > Tier::Read)
                .then(|| format!("`{}` may send what it is given anywhere", visible(tool))),
            ..Standing::default()
        };
        self.hold_taint(&mut standing);
        let (is_allowed, why) = self.call_cover(tool, &standing, is_watched);
        let start = if is_watched { Tier::Read } else { tier };
        let permit = |facts: CallFacts, why: Why| {
            Permit::new(self.clone(), (facts.tool, facts.arguments), start, why)
        };
        if is_allowed {
            // What is watched is told with its effects.
            let why = if is_watched { Why::default() } else { why };
            return CallVerdict::Allow(permit(facts, why));
        }
        let asked = self.call_question(&facts, standing, why);
        CallVerdict::Ask(CallQuestion {
            asked: Box::new(asked),
            permit: permit(facts, Why::default()),
        })
    }

    /// The tier of a call as a whole: the settings' word on the tool, or the tool's own.
    pub(crate) fn tier_of(&self, facts: &CallFacts) -> Tier {
        let tiers = &self.inner.policy.tool_tiers;
        let told = tiers.get(&facts.tool).copied();
        told.unwrap_or(facts.declared)
    }

    /// Whether anything allows a call as a whole, and why or why not.
    fn call_cover(&self, tool: &str, standing: &Standing, is_watched: bool) -> (bool, Why) {
        let (mode, tier) = (self.inner.policy.mode, standing.tier);
        let mut why = Why::default();
        why.say(format!("tier {tier}"));
        if standing.always_asks {
            why.say("asked in every mode, and no rule can cover it");
            return (false, why);
        }
        if !asks(mode, tier) {
            why.say(format!("mode {mode} does not ask for it"));
            return (true, why);
        }
        why.say(format!("mode {mode} asks for it"));
        if tier <= COVERABLE
            && let Some((rule, of)) = self.find_rule(|rule| rule.covers_tool(tool))
        {
            why.say(format!("the rule `{rule}` {of} covers it"));
            why.rule = Some(rule.to_string());
            return (true, why);
        }
        why.say("no rule covers it");
        let asks_by_itself =
            mode != Mode::Ask || self.find_rule(|rule| rule.is_partial_for(tool)).is_some();
        (is_watched && asks_by_itself, why)
    }

    /// Whether a path is sensitive: hidden from listings and searches; reading or writing it always asks.
    #[must_use]
    pub fn is_sensitive(&self, path: &FilePath) -> bool {
        self.inner.sensitive.matches(path)
    }

    pub(crate) fn mode(&self) -> Mode {
        self.inner.policy.mode
    }

    pub(crate) fn memory(&self) -> &Memory {
        &self.inner.memory
    }

    /// An effect as it is shown, and the digest of it.
    pub(crate) fn shown(
        &self,
        tool: &str,
        effect: &Effect,
        is_tainted: bool,
    ) -> (EffectView, String) {
        let view = effect.view(&self.masker);
        let digest = self
            .bound(tool, is_tainted)
            .digest(&view, &format!("{effect:?}"));
        (view, digest)
    }

    fn bound<'a>(&'a self, tool: &'a str, is_tainted: bool) -> Bound<'a> {
        Bound {
            tool,
            workspace: &self.inner.place.workspace,
            policy: &self.inner.version,
            is_tainted,
        }
    }

    /// The rule that allows the effect, if one does, and whose it is. The caller has made sure that the effect is
    /// an ordinary one.
    pub(crate) fn allowing(
        &self,
        tool: &str,
        effect: &Effect,
        standing: &Standing,
    ) -> Option<(Rule, &'static str)> {
        self.find_rule(|rule| covers(rule, tool, effect, standing))
    }

    /// The narrowest rule that makes sense to remember for an effect.
    pub(crate) fn narrowest_rule(
        &self,
        tool: &str,
        effect: &Effect,
        standing: &Standing,
    ) -> Option<String> {
        let text = match effect {
            Effect::FileRead { path }
            | Effect::FileWrite { path, .. }
            | Effect::FileRemove { path, .. } => format!("{tool}:{}", folder_pattern(path)?),
            Effect::Process { .. } => format!("{tool}:{}", standing.command_pattern.as_ref()?),
            Effect::Unconfined { .. } => return None,
            Effect::Network { host, .. } => format!("{tool}:{host}"),
            Effect::Agent { .. } => tool.to_owned(),
        };
        let rule: Rule = text.parse().ok()?;
        // What is remembered is shown and kept, so it holds neither what hides nor what is to be hidden.
        let is_exact = rule.to_string() == text
            && !text.chars().any(hides)
            && self.masker.spans(&text).is_empty();
        (is_exact && covers(&rule, tool, effect, standing)).then_some(text)
    }

    pub(crate) fn call_question(&self, facts: &CallFacts, standing: Standing, why: Why) -> Asked {
        let tool = facts.tool.as_str();
        let tier = standing.tier;
        let shown = self.masker.masked_json(&facts.arguments);
        let (effect, is_whole) = call_view(tool, &shown);
        // The digest is over all of it, what is hidden or masked included.
        let exact = facts.arguments.to_string();
        let digest = self
            .bound(tool, standing.is_tainted)
            .digest(&effect, &exact);
        let mut reasons = standing.reasons;
        if facts.is_third_party {
            reasons.push(format!("`{}` did not come with Anteroom", visible(tool)));
        }
        if tier > COVERABLE {
            reasons.push(format!("`{}` counts as {tier}", visible(tool)));
        }
        let is_lasting = tier <= COVERABLE && !standing.always_asks && is_whole;
        let rule = Some(tool.to_owned()).filter(|_| is_lasting && Rule::tool(tool).is_some());
        Asked {
            digest,
            effect,
            tier,
            reasons,
            scopes: scopes(rule),
            why,
        }
    }

    fn find_rule(&self, covers: impl Fn(&Rule) -> bool) -> Option<(Rule, &'static str)> {
        let of_settings = self.inner.policy.allowed.iter().find(|rule| covers(rule));
        if let Some(rule) = of_settings {
            return Some((rule.clone(), "of the settings"));
        }
        let (rule, scope) = self.inner.memory.find(covers)?;
        let of = match scope {
            Scope::Always => "allowed for always",
            Scope::Once | Scope::Session => "allowed for this session",
        };
        Some((rule, of))
    }
}

/// Once, and for a rule if there is one.
pub(crate) fn scopes(rule: Option<String>) -> Vec<ScopeOffer> {
    let once = ScopeOffer {
        scope: Scope::Once,
        rule: None,
    };
    let lasting = rule.into_iter().flat_map(|rule| {
        [Scope::Session, Scope::Always].map(|scope| ScopeOffer {
            scope,
            rule: Some(rule.clone()),
        })
    });
    std::iter::once(once).chain(lasting).collect()
}

/// Whether the host sees, and asks about, everything of tier `tier` the call could do.
fn is_watched(capabilities: &[Capability], tier: Tier) -> bool {
    capabilities
        .iter()
        .any(|capability| capability.tier() > Tier::Read && capability.tier() >= tier)
}

pub(crate) fn covers(rule: &Rule, tool: &str, effect: &Effect, standing: &Standing) -> bool {
    match effect {
        Effect::FileRead { path } | Effect::FileWrite { path, .. } => rule.covers_file(tool, path),
        Effect::FileRemove { path, to } => {
            rule.covers_file(tool, path) && to.as_ref().is_none_or(|to| rule.covers_file(tool, to))
        }
        Effect::Process { .. } => rule.covers_command(tool, standing.words.as_deref()),
        Effect::Unconfined { .. } => false,
        Effect::Network { host, .. } => rule.covers_host(tool, host),
        Effect::Agent { name, .. } => rule.covers_command(tool, Some(std::slice::from_ref(name))),
    }
}

/// The folder of a file, as a pattern; a file directly in the workspace stands for itself.
fn folder_pattern(path: &FilePath) -> Option<String> {
    let FilePath::Workspace(path) = path else {
        return None;
    };
    match path.rsplit_once('/') {
        Some((folder, _)) => Some(format!("{}/**", globset::escape(folder))),
        None if path.is_empty() => None,
        None => Some(globset::escape(path)),
    }
}

#[cfg(test)]
mod tests;
