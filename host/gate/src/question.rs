//! Questions to a person, and what follows from the answer. No answer is a no.

use crate::permit::Permit;
use crate::visible::visible;
use crate::why::Why;
use anteroom_api::{EffectView, Resolution, Scope, ScopeOffer, Tier};

/// A question, complete enough to be decided by.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// Exactly what will happen.
    pub effect: EffectView,
    /// How risky it is.
    pub tier: Tier,
    /// Why it is asked; never empty for a destructive effect.
    pub reasons: Vec<String>,
    /// What may be answered besides a denial, narrowest first.
    pub scopes: Vec<ScopeOffer>,
    /// SHA-256, hexadecimal, over tool, workspace, policy, taint and the effect in full.
    pub digest: String,
    /// Why a person is asked at all, for the record.
    pub why: Why,
}

impl Asked {
    /// What led to the decision, for the record.
    #[must_use]
    pub fn decided(&self, resolution: &Resolution, by: &str) -> Why {
        let rule = self.scopes.iter().find_map(|offer| offer.rule.as_deref());
        let mut why = self.why.clone();
        why.reasons.extend(self.reasons.iter().cloned());
        why.answered(resolution, by, rule)
    }
}

/// A no, in words for the model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Refusal {
    /// What was refused, why, and what would allow it.
    pub text: String,
    /// What became of the question, or would have.
    pub resolution: Resolution,
    /// Who decided: `policy`, `person` or `nobody`.
    pub by: String,
    /// The rule of `denied_tools` that decided, if one did.
    pub rule: Option<String>,
}

/// A call that waits for a person as a whole. Consumed by its answer.
#[derive(Debug)]
pub struct CallQuestion {
    pub(crate) asked: Box<Asked>,
    pub(crate) permit: Permit,
}

impl CallQuestion {
    /// What to show.
    #[must_use]
    pub fn asked(&self) -> &Asked {
        &self.asked
    }

    /// Turns a yes into a permit.
    ///
    /// # Errors
    /// A [`Refusal`] for a no, for silence, and for a scope that was not offered.
    pub fn answer(self, resolution: &Resolution) -> Result<Permit, Refusal> {
        let rule = granted(&self.asked, self.permit.tool(), resolution)?;
        self.permit.remember(rule);
        Ok(self.permit.approved(self.asked.tier))
    }
}

/// The rule a yes asks to be remembered, if any.
///
/// # Errors
/// A [`Refusal`] for everything that is not a yes in an offered scope.
pub(crate) fn granted(
    asked: &Asked,
    tool: &str,
    resolution: &Resolution,
) -> Result<Option<(crate::Rule, Scope)>, Refusal> {
    let scope = match resolution {
        Resolution::Allowed { scope } => *scope,
        Resolution::Denied { .. } | Resolution::NotAnswered => {
            return Err(refused(asked, tool, resolution));
        }
    };
    let Some(offer) = asked.scopes.iter().find(|offer| offer.scope == scope) else {
        return Err(policy_refusal(
            format!(
                "`{tool}` was not allowed to act: the approval was for a scope that was not offered. Ask again and approve it once."
            ),
            None,
        ));
    };
    match (&offer.rule, scope) {
        (_, Scope::Once) => Ok(None),
        (Some(rule), _) => rule.parse().map(|rule| Some((rule, scope))).map_err(|_| {
            policy_refusal(
                format!("`{tool}` was not allowed to act: its rule is broken"),
                None,
            )
        }),
        (None, _) => Err(policy_refusal(
            format!("`{tool}` was not allowed to act: the approval names no rule"),
            None,
        )),
    }
}

fn refused(asked: &Asked, tool: &str, resolution: &Resolution) -> Refusal {
    let what = format!(
        "`{tool}` was not allowed to act (`{}`)",
        asked.effect.summary
    );
    let (text, by) = match resolution {
        Resolution::Denied { reason } => {
            let why = match reason.as_deref().map(str::trim) {
                Some(reason) if !reason.is_empty() => {
                    format!("the person said no: {}", visible(reason))
                }
                _ => "the person said no".to_owned(),
            };
            (
                format!(
                    "{what}: {why}. Do not try it in another way; go on without it or ask what to do instead."
                ),
                "person",
            )
        }
        Resolution::NotAnswered | Resolution::Allowed { .. } => (
            format!(
                "{what}: nobody answered the approval, which is not a person's no. {}{}",
                because(asked),
                allowing(asked)
            ),
            "nobody",
        ),
    };
    Refusal {
        text,
        resolution: resolution.clone(),
        by: by.to_owned(),
        rule: None,
    }
}

/// Why it was asked, for whoever reads the refusal.
fn because(asked: &Asked) -> String {
    if asked.reasons.is_empty() {
        return String::new();
    }
    format!("It is asked because {}. ", asked.reasons.join("; "))
}

/// What would have allowed it.
fn allowing(asked: &Asked) -> String {
    match asked.scopes.iter().find_map(|offer| offer.rule.as_deref()) {
        Some(rule) => format!(
            "A person can approve it, or allow it in advance with `--allowed-tools '{rule}'`."
        ),
        None => "Only a person who is asked can allow it, each time.".to_owned(),
    }
}

/// A no of the policy itself.
pub(crate) fn policy_refusal(text: String, rule: Option<String>) -> Refusal {
    Refusal {
        resolution: Resolution::Denied {
            reason: Some(text.clone()),
        },
        text,
        by: "policy".to_owned(),
        rule,
    }
}
