//! Permits: proof of what one call was cleared for. Each effect of the call is held against its permit.

use crate::Rule;
use crate::effect::{Effect, EffectVerdict, FilePath};
use crate::gate::{Gate, Standing};
use crate::question::{Asked, Refusal, granted, policy_refusal};
use crate::tier::{COVERABLE, asks};
use anteroom_api::{Resolution, Scope, ScopeOffer, Tier};
use std::sync::{Mutex, MutexGuard, PoisonError};

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
    progress: Mutex<Progress>,
}

#[derive(Debug)]
struct Progress {
    tier: Tier,
    /// Digests of file effects a person approved in this call; opening the same file again does not ask again.
    settled: Vec<String>,
}

impl Permit {
    pub(crate) fn new(gate: Gate, tool: String, arguments: serde_json::Value, tier: Tier) -> Self {
        Self {
            gate,
            tool,
            arguments,
            approved: None,
            progress: Mutex::new(Progress {
                tier,
                settled: Vec::new(),
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

    /// Whether a path always asks and is left out of listings.
    #[must_use]
    pub fn is_sensitive(&self, path: &FilePath) -> bool {
        self.gate.is_sensitive(path)
    }

    /// Judges one effect before it happens.
    #[must_use]
    pub fn judge(&self, effect: &Effect) -> EffectVerdict {
        let standing = self.gate.assess(&self.tool, effect);
        self.raise(standing.tier);
        if let Some(text) = standing.denied {
            return EffectVerdict::Deny(policy_refusal(text));
        }
        match self.covered_by(effect, &standing) {
            Some(by) => EffectVerdict::Allow {
                tier: standing.tier,
                by,
            },
            None => EffectVerdict::Ask(self.asked(effect, standing)),
        }
    }

    /// Applies a person's answer to an effect that was asked: remembers what they want remembered.
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
        if let Some(text) = standing.denied {
            return Err(policy_refusal(text));
        }
        let expected = self.asked(effect, standing);
        if expected != *asked {
            return Err(policy_refusal(format!(
                "`{}` was not allowed to act: what was approved is not what it wants to do now. Ask again.",
                self.tool
            )));
        }
        let rule = granted(&expected, &self.tool, resolution)?;
        self.remember(rule);
        if effect.is_on_files() {
            self.progress().settled.push(expected.digest);
        }
        Ok(())
    }

    fn covered_by(&self, effect: &Effect, standing: &Standing) -> Option<&'static str> {
        if standing.is_free || (!standing.always_asks && !asks(self.gate.mode(), standing.tier)) {
            return Some("policy");
        }
        if !standing.always_asks && standing.tier <= COVERABLE {
            if self.gate.allows(&self.tool, effect, standing) {
                return Some("rule");
            }
            if self.approved.is_some_and(|tier| standing.tier <= tier) {
                return Some("call");
            }
        }
        self.is_settled(effect).then_some("call")
    }

    fn is_settled(&self, effect: &Effect) -> bool {
        if !effect.is_on_files() {
            return false;
        }
        let digest = self.gate.digest(&self.tool, effect);
        self.progress().settled.contains(&digest)
    }

    /// The question about an effect. Depends on nothing that changes while it is open.
    fn asked(&self, effect: &Effect, standing: Standing) -> Asked {
        let mut scopes = vec![ScopeOffer {
            scope: Scope::Once,
            rule: None,
        }];
        if !standing.always_asks
            && standing.tier <= COVERABLE
            && let Some(rule) = self.gate.narrowest_rule(&self.tool, effect, &standing)
        {
            scopes.extend([Scope::Session, Scope::Always].map(|scope| ScopeOffer {
                scope,
                rule: Some(rule.clone()),
            }));
        }
        Asked {
            digest: self.gate.digest(&self.tool, effect),
            effect: effect.view(),
            tier: standing.tier,
            reasons: standing.reasons,
            scopes,
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
