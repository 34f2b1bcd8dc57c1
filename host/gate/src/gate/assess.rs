//! What an effect is: its tier, what it touches, whether data may leave with it. Knows neither rule nor answer,
//! but for what `denied_tools` forbids.

use super::Gate;
use crate::Rule;
use crate::effect::{Effect, FilePath};
use crate::secrets;
use crate::shell::{self, Context};
use crate::visible::visible;
use anteroom_api::Tier;

/// What the gate found out about an effect, before rules and answers.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) tier: Tier,
    pub(crate) reasons: Vec<String>,
    /// Neither mode nor rule nor an approved call covers it.
    pub(crate) always_asks: bool,
    /// Nothing to ask about in any mode: the private temporary folder.
    pub(crate) is_free: bool,
    /// Refused: why, and by which rule.
    pub(crate) denied: Option<(String, Option<String>)>,
    /// The words of a command line that is one resolved simple command.
    pub(crate) words: Option<Vec<String>>,
    /// The words of each command of a line, if all of them are known.
    pub(crate) commands: Vec<Vec<String>>,
    /// What could be remembered of a command line, in rule notation.
    pub(crate) command_pattern: Option<String>,
    /// How data may leave the machine with it, if it may.
    pub(crate) sends: Option<String>,
    /// What it brings in from outside, if it does.
    pub(crate) brings: Option<String>,
    /// Whether the conversation was tainted when this was found out.
    pub(crate) is_tainted: bool,
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
            commands: Vec::new(),
            command_pattern: None,
            sends: None,
            brings: None,
            is_tainted: false,
        }
    }
}

impl Standing {
    /// No mode, no rule and no approved call covers it.
    fn ask_always(&mut self, reason: String) {
        self.always_asks = true;
        self.reasons.insert(0, reason);
    }
}

impl Gate {
    /// Finds out what an effect is.
    pub(crate) fn assess(&self, tool: &str, effect: &Effect) -> Standing {
        let mut standing = match effect {
            Effect::FileRead { path } => self.assess_file(path, Tier::Read),
            Effect::FileWrite { path, .. } => self.assess_file(path, Tier::Write),
            Effect::FileRemove { path, to } => self.assess_removal(path, to.as_ref()),
            Effect::Process { line, cwd, .. } => self.assess_process(tool, line, cwd),
            Effect::Unconfined { line, cwd, why } => self.assess_unconfined(tool, line, cwd, why),
            Effect::Network {
                url,
                host,
                secrets,
                content,
                ..
            } => assess_network((url, content), host, secrets),
            Effect::Agent { .. } => Standing {
                tier: Tier::Execute,
                ..Standing::default()
            },
        };
        let denied = &self.inner.policy.denied;
        if let Some(rule) = denied.iter().find(|rule| forbids(rule, tool, effect)) {
            standing.denied = Some(denial(tool, rule));
        }
        if matches!(effect, Effect::Process { .. }) {
            self.hold_process(&mut standing);
        }
        self.hold_taint(&mut standing);
        self.hold_plan(tool, &mut standing);
        self.hold_narrow(tool, effect, &mut standing);
        standing
    }

    /// A person looks at each command the sandbox does not hold, whatever it was found to be.
    fn assess_unconfined(&self, tool: &str, line: &str, cwd: &str, why: &str) -> Standing {
        let mut standing = self.assess_process(tool, line, cwd);
        standing.ask_always(format!("the sandbox does not hold it: {}", visible(why)));
        standing.tier = Tier::Destructive;
        standing
    }

    /// Without a sandbox nothing but the answer holds a process, whatever it was found to be.
    fn hold_process(&self, standing: &mut Standing) {
        let policy = &self.inner.policy;
        let lacks = policy.sandbox_lacks.join(", ");
        if !policy.is_sandboxed {
            let missing = if lacks.is_empty() {
                String::new()
            } else {
                format!(" (missing: {lacks})")
            };
            standing.ask_always(format!(
                "nothing but your answer holds commands here: there is no sandbox{missing}"
            ));
            standing.tier = standing.tier.max(Tier::Execute);
        } else if !lacks.is_empty() {
            standing.reasons.push(format!("the sandbox lacks {lacks}"));
        }
    }

    /// In a tainted conversation data leaves only with a person's yes to exactly this.
    pub(crate) fn hold_taint(&self, standing: &mut Standing) {
        let Some(source) = self.taint.first() else {
            return;
        };
        standing.is_tainted = true;
        if let Some(sends) = &standing.sends {
            standing.ask_always(format!(
                "{sends}, and the conversation holds content from outside ({source}), which may have told the model to send something"
            ));
        }
    }

    fn assess_file(&self, path: &FilePath, tier: Tier) -> Standing {
        // A search asks this of every file, and nothing is said about most.
        let shown = || visible(&path.text());
        if let Some(problem) = path.problem() {
            return Standing {
                tier: Tier::Destructive,
                denied: Some((
                    format!(
                        "`{}` cannot be judged: {problem}. Use a plain path inside the workspace.",
                        shown()
                    ),
                    None,
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
            reasons.push(format!("`{}` is outside the workspace", shown()));
        }
        let is_sensitive = self.is_sensitive(path);
        if is_sensitive || (tier > Tier::Read && self.inner.sensitive.is_above(path)) {
            reasons.push(format!("`{}` is a sensitive path", shown()));
        } else if tier > Tier::Read && self.inner.sensitive.runs_later(path) {
            reasons.push(format!(
                "`{}` is run by an editor or another program later, outside of the sandbox",
                shown()
            ));
        }
        let always_asks = !reasons.is_empty();
        let brings = matches!(path, FilePath::Outside(_))
            .then(|| format!("the file `{}`, outside the workspace", shown()));
        Standing {
            tier: if always_asks && tier > Tier::Read {
                Tier::Destructive
            } else {
                tier
            },
            reasons,
            always_asks,
            brings: brings.filter(|_| tier == Tier::Read),
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
        let may_reach = judgement.may_send.filter(|_| !inner.policy.is_offline);
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
            .map(|rule| denial(tool, rule))
            .or_else(|| {
                secrets::has_mask(line).then(|| (secrets::masked_words("the command"), None))
            });
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
            commands: match judgement.is_resolved {
                true => judgement.commands,
                false => Vec::new(),
            },
            command_pattern: judgement.suggested_pattern,
            brings: judgement.brings.or_else(|| may_reach.clone()),
            sends: judgement.sends.or(may_reach),
            is_tainted: false,
        }
    }
}

/// A request takes something out and lets something in, whoever allowed it.
fn assess_network((url, content): (&str, &str), host: &str, secrets: &[String]) -> Standing {
    let shown = visible(host);
    let is_masked = [url, content].iter().any(|text| secrets::has_mask(text));
    let reasons = secrets
        .iter()
        .map(|secret| format!("it sends your secret `{}` to `{shown}`", visible(secret)));
    Standing {
        tier: Tier::Execute,
        reasons: reasons.collect(),
        denied: is_masked.then(|| (secrets::masked_words("the request"), None)),
        sends: Some(format!("it sends a request to `{shown}`")),
        brings: Some(format!("what `{shown}` answered")),
        ..Standing::default()
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
        Effect::Process { .. } | Effect::Unconfined { .. } => rule.covers_tool(tool),
        Effect::Network { host, .. } => rule.forbids_host(tool, host),
        Effect::Agent { name, .. } => rule.covers_command(tool, Some(std::slice::from_ref(name))),
    }
}

pub(super) fn denial(tool: &str, rule: &Rule) -> (String, Option<String>) {
    let words = format!(
        "`{}` is denied by the rule `{rule}` in `denied_tools`. Only the person can change that setting; go on without it.",
        visible(tool)
    );
    (words, Some(rule.to_string()))
}
