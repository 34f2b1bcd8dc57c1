//! The gate: holds a call or an effect against policy, place and memory.

use crate::Rule;
use crate::call::{CallFacts, CallVerdict};
use crate::effect::{Effect, FilePath, call_view, digest_of};
use crate::permit::Permit;
use crate::policy::{Memory, Place, Policy, PolicyError};
use crate::question::{Asked, CallQuestion, policy_refusal};
use crate::sensitive::Sensitive;
use crate::shell::{self, Context};
use crate::tier::{COVERABLE, asks};
use crate::visible::{hides, visible};
use anteroom_api::{Capability, Mode, Scope, ScopeOffer, Tier};
use regex::Regex;
use std::sync::Arc;

/// The gate of one conversation. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Gate {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    policy: Policy,
    place: Place,
    memory: Memory,
    sensitive: Sensitive,
    patterns: Vec<Regex>,
}

/// What the gate found out about an effect, before rules and answers.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) tier: Tier,
    pub(crate) reasons: Vec<String>,
    /// Neither mode nor rule nor an approved call covers it.
    pub(crate) always_asks: bool,
    /// Nothing to ask about in any mode: the private temporary folder.
    pub(crate) is_free: bool,
    /// Refused, and why.
    pub(crate) denied: Option<String>,
    /// The words of a command line that is one resolved simple command.
    pub(crate) words: Option<Vec<String>>,
    /// What could be remembered of a command line, in rule notation.
    pub(crate) command_pattern: Option<String>,
}

impl Default for Standing {
    fn default() -> Self {
        Self {
            tier: Tier::Read,
            reasons: Vec::new(),
            always_asks: false,
            is_free: false,
            denied: None,
            words: None,
            command_pattern: None,
        }
    }
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
                policy,
                place,
                memory,
                sensitive,
                patterns,
            }),
        })
    }

    /// Judges a call before it runs.
    #[must_use]
    pub fn judge_call(&self, facts: CallFacts) -> CallVerdict {
        let policy = &self.inner.policy;
        let tool = facts.tool.as_str();
        if let Some(rule) = policy.denied.iter().find(|rule| rule.covers_tool(tool)) {
            return CallVerdict::Deny(policy_refusal(denial(tool, rule)));
        }
        let tier = policy
            .tool_tiers
            .get(tool)
            .copied()
            .unwrap_or(facts.declared);
        let is_watched = is_watched(&facts.capabilities, tier);
        let start = if is_watched { Tier::Read } else { tier };
        let question = self.call_question(&facts, tier);
        let permit = Permit::new(self.clone(), facts.tool.clone(), facts.arguments, start);
        if !asks(policy.mode, tier) {
            return CallVerdict::Allow(permit);
        }
        if tier <= COVERABLE && self.any_rule(|rule| rule.covers_tool(tool_of(&permit))) {
            return CallVerdict::Allow(permit);
        }
        let asks_by_itself =
            policy.mode != Mode::Ask || self.any_rule(|rule| rule.is_partial_for(tool_of(&permit)));
        if is_watched && asks_by_itself {
            return CallVerdict::Allow(permit);
        }
        CallVerdict::Ask(CallQuestion {
            asked: Box::new(question),
            permit,
        })
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

    pub(crate) fn digest(&self, tool: &str, effect: &Effect) -> String {
        effect.digest(tool, &self.inner.place.workspace, &effect.view())
    }

    /// Whether a rule allows the effect. The caller has made sure that it is an ordinary one.
    pub(crate) fn allows(&self, tool: &str, effect: &Effect, standing: &Standing) -> bool {
        self.any_rule(|rule| covers(rule, tool, effect, standing))
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
            Effect::Agent { .. } => tool.to_owned(),
        };
        let rule: Rule = text.parse().ok()?;
        let is_exact = rule.to_string() == text && !text.chars().any(hides);
        (is_exact && covers(&rule, tool, effect, standing)).then_some(text)
    }

    /// Finds out what an effect is.
    pub(crate) fn assess(&self, tool: &str, effect: &Effect) -> Standing {
        let mut standing = match effect {
            Effect::FileRead { path } => self.assess_file(path, Tier::Read),
            Effect::FileWrite { path, .. } => self.assess_file(path, Tier::Write),
            Effect::FileRemove { path, to } => self.assess_removal(path, to.as_ref()),
            Effect::Process { line, cwd, .. } => self.assess_process(tool, line, cwd),
            Effect::Agent { .. } => Standing {
                tier: Tier::Execute,
                ..Standing::default()
            },
        };
        let denied = &self.inner.policy.denied;
        if let Some(rule) = denied.iter().find(|rule| forbids(rule, tool, effect)) {
            standing.denied = Some(denial(tool, rule));
        }
        standing
    }

    fn assess_file(&self, path: &FilePath, tier: Tier) -> Standing {
        let shown = visible(&path.text());
        if let Some(problem) = path.problem() {
            return Standing {
                tier: Tier::Destructive,
                denied: Some(format!(
                    "`{shown}` cannot be judged: {problem}. Use a plain path inside the workspace."
                )),
                ..Standing::default()
            };
        }
        if matches!(path, FilePath::Temp(_)) {
            return Standing {
                is_free: true,
                ..Standing::default()
            };
        }
        let mut reasons = Vec::new();
        if matches!(path, FilePath::Outside(_)) {
            reasons.push(format!("`{shown}` is outside the workspace"));
        }
        let is_sensitive = self.is_sensitive(path);
        if is_sensitive || (tier > Tier::Read && self.inner.sensitive.is_above(path)) {
            reasons.push(format!("`{shown}` is a sensitive path"));
        }
        let always_asks = !reasons.is_empty();
        Standing {
            tier: if always_asks && tier > Tier::Read {
                Tier::Destructive
            } else {
                tier
            },
            reasons,
            always_asks,
            ..Standing::default()
        }
    }

    fn assess_removal(&self, path: &FilePath, to: Option<&FilePath>) -> Standing {
        let mut standing = self.assess_file(path, Tier::Write);
        if matches!(path, FilePath::Workspace(path) if path.is_empty()) {
            standing.tier = Tier::Destructive;
            standing.always_asks = true;
            standing
                .reasons
                .push("it is the whole workspace".to_owned());
        }
        let Some(to) = to else {
            return standing;
        };
        let other = self.assess_file(to, Tier::Write);
        standing.reasons.extend(other.reasons);
        Standing {
            tier: standing.tier.max(other.tier),
            reasons: standing.reasons,
            always_asks: standing.always_asks || other.always_asks,
            is_free: standing.is_free && other.is_free,
            denied: standing.denied.or(other.denied),
            ..Standing::default()
        }
    }

    fn assess_process(&self, tool: &str, line: &str, cwd: &str) -> Standing {
        let inner = &self.inner;
        let context = Context {
            place: &inner.place,
            cwd,
            sensitive: &inner.sensitive,
            patterns: &inner.patterns,
        };
        let judgement = shell::judge_line(line, &context);
        let partial = |rule: &&Rule| rule.is_partial_for(tool);
        let denied = inner
            .policy
            .denied
            .iter()
            .filter(partial)
            .find(|rule| {
                rule.covers_command(tool, None)
                    || judgement
                        .commands
                        .iter()
                        .any(|words| rule.covers_command(tool, Some(words)))
            })
            .map(|rule| denial(tool, rule));
        let mut reasons = judgement.reasons;
        let is_blocked = judgement.hard_block.is_some();
        reasons.splice(0..0, judgement.hard_block);
        // A denied command may hide in what cannot be resolved, so a person looks at it, in `auto` too.
        let may_hide =
            !judgement.is_resolved && inner.policy.denied.iter().any(|rule| partial(&rule));
        if may_hide {
            reasons.push(format!(
                "it cannot be told whether a rule in `denied_tools` for `{tool}` applies"
            ));
        }
        Standing {
            tier: judgement.tier,
            reasons,
            always_asks: is_blocked || judgement.always_asks || may_hide,
            is_free: false,
            denied,
            words: judgement.words,
            command_pattern: judgement.suggested_pattern,
        }
    }

    fn call_question(&self, facts: &CallFacts, tier: Tier) -> Asked {
        let tool = facts.tool.as_str();
        let effect = call_view(tool, &facts.arguments);
        let exact = facts.arguments.to_string();
        let mut reasons = Vec::new();
        if facts.is_third_party {
            reasons.push(format!("`{}` did not come with Anteroom", visible(tool)));
        }
        if tier > COVERABLE {
            reasons.push(format!("`{}` counts as {tier}", visible(tool)));
        }
        let mut scopes = vec![ScopeOffer {
            scope: Scope::Once,
            rule: None,
        }];
        if tier <= COVERABLE && Rule::tool(tool).is_some() {
            scopes.extend([Scope::Session, Scope::Always].map(|scope| ScopeOffer {
                scope,
                rule: Some(tool.to_owned()),
            }));
        }
        Asked {
            digest: digest_of(tool, &self.inner.place.workspace, &effect, &exact),
            effect,
            tier,
            reasons,
            scopes,
        }
    }

    fn any_rule(&self, covers: impl Fn(&Rule) -> bool) -> bool {
        self.inner.policy.allowed.iter().any(&covers) || self.inner.memory.any(&covers)
    }
}

fn tool_of(permit: &Permit) -> &str {
    permit.tool()
}

/// Whether the host sees, and asks about, everything of tier `tier` the call could do.
fn is_watched(capabilities: &[Capability], tier: Tier) -> bool {
    capabilities
        .iter()
        .any(|capability| capability.tier() > Tier::Read && capability.tier() >= tier)
}

fn covers(rule: &Rule, tool: &str, effect: &Effect, standing: &Standing) -> bool {
    match effect {
        Effect::FileRead { path } | Effect::FileWrite { path, .. } => rule.covers_file(tool, path),
        Effect::FileRemove { path, to } => {
            rule.covers_file(tool, path) && to.as_ref().is_none_or(|to| rule.covers_file(tool, to))
        }
        Effect::Process { .. } => rule.covers_command(tool, standing.words.as_deref()),
        Effect::Agent { name, .. } => rule.covers_command(tool, Some(std::slice::from_ref(name))),
    }
}

/// Whether a rule in `denied_tools` speaks of an effect. Commands are held against their parts elsewhere.
fn forbids(rule: &Rule, tool: &str, effect: &Effect) -> bool {
    match effect {
        Effect::FileRead { path } | Effect::FileWrite { path, .. } => rule.forbids_file(tool, path),
        Effect::FileRemove { path, to } => {
            rule.forbids_file(tool, path)
                || to.as_ref().is_some_and(|to| rule.forbids_file(tool, to))
        }
        Effect::Process { .. } => rule.covers_tool(tool),
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

fn denial(tool: &str, rule: &Rule) -> String {
    format!(
        "`{}` is denied by the rule `{rule}` in `denied_tools`. Only the person can change that setting; go on without it.",
        visible(tool)
    )
}

#[cfg(test)]
mod tests;
