//! Why a verdict is what it is: kept with the call, and told by `aroom why`.

use anteroom_api::{Resolution, Scope};

/// What led to a verdict, in order and in plain words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Why {
    /// Tier, mode, analysis, taint: one sentence each.
    pub reasons: Vec<String>,
    /// The rule that decided, or that the answer made, in the notation of `--allowed-tools`.
    pub rule: Option<String>,
}

impl Why {
    pub(crate) fn say(&mut self, reason: impl Into<String>) {
        self.reasons.push(reason.into());
    }

    /// The same with the answer that was given, and by whom.
    #[must_use]
    pub fn answered(mut self, resolution: &Resolution, by: &str, rule: Option<&str>) -> Self {
        self.say(match resolution {
            Resolution::Allowed { scope } => {
                let scope = match scope {
                    Scope::Once => "once",
                    Scope::Session => "for this session",
                    Scope::Always => "always",
                };
                format!("allowed by {by}: {scope}")
            }
            Resolution::Denied { .. } => format!("denied by {by}"),
            Resolution::NotAnswered => "not answered, which counts as no".to_owned(),
        });
        if let Resolution::Allowed {
            scope: Scope::Session | Scope::Always,
        } = resolution
        {
            self.rule = rule.map(str::to_owned);
        }
        self
    }
}
