//! Runs the hooks of a moment, one behind the other, and gathers what they say.

use super::answer::{Answer, Decision, Said};
use super::{component, fit, trouble};
use crate::agent::turn::TurnContext;
use crate::config::{Hook, HookMeant, HookMoment, HookRule, HookRuns};
use anteroom_api::Stop;
use anteroom_tools::{HookCommand, HookEnd, HookFooting};
use serde_json::Value;

/// What hooks are looked for.
pub(super) struct Wish<'a> {
    pub(super) moment: HookMoment,
    /// The tool and its arguments, where the moment has them.
    pub(super) tool: Option<(&'a str, &'a Value)>,
    pub(super) stop: Stop,
}

/// Runs all that have a say, whatever those before them said.
pub(super) async fn all(turn: &TurnContext, wish: &Wish<'_>, event: Value) -> Said {
    let mut said = Said::default();
    for hook in fit::of(turn, wish) {
        let rule = match &hook.meant {
            HookMeant::Rule(rule) => rule,
            HookMeant::Wrong(why) => {
                said.refuse(
                    &hook.place,
                    &format!("{why}; no tool runs until that is corrected"),
                );
                continue;
            }
        };
        match one(turn, (hook, rule), (&event, &wish.stop)).await {
            Ok(answer) => {
                trouble::note(&turn.engine, &hook.place, None).await;
                said.take(&hook.place, &masked(turn, answer));
            }
            Err(why) => {
                let why = turn.gate.masker().mask(&why).into_owned();
                // A call that was cancelled is not the hook's fault.
                if !wish.stop.is_raised() {
                    trouble::tell(turn, (&hook.place, rule.on), &why).await;
                }
                if wish.moment == HookMoment::BeforeTool {
                    said.refuse(&hook.place, &why);
                }
            }
        }
    }
    said
}

async fn one(
    turn: &TurnContext,
    (hook, rule): (&Hook, &HookRule),
    (event, stop): (&Value, &Stop),
) -> Result<Answer, String> {
    let engine = &turn.engine;
    // What it is started from may have changed since the turn began.
    if hook.is_project && !crate::trust::is_trusted(engine, &turn.workspace).await {
        return Err(
            "was not run, because what the project holds has changed since it was trusted; `aroom trust` shows it"
                .to_owned(),
        );
    }
    let bytes = match &rule.runs {
        HookRuns::Command(line) => {
            let command = HookCommand {
                line: line.clone(),
                input: format!("{event}\n").into_bytes(),
                patience: rule.patience(),
                footing: match rule.is_bare {
                    true => HookFooting::Bare(hook.folder.clone()),
                    false => HookFooting::Walled {
                        is_strict: hook.is_project,
                    },
                },
            };
            let registry = &engine.registry;
            match registry
                .run_hook((&turn.session, &turn.gate), command, stop)
                .await
            {
                HookEnd::Answered(bytes) => bytes,
                HookEnd::Failed(why) => return Err(why),
            }
        }
        HookRuns::Component { module, tool } => {
            component::call(turn, (module, tool), (event, rule.patience()), stop).await?
        }
    };
    let answer = Answer::read(&bytes)?;
    let may = match rule.on {
        HookMoment::BeforeTool => true,
        HookMoment::TurnStart | HookMoment::AfterTool | HookMoment::ApprovalRequested => {
            answer.decision != Decision::Ask
        }
        HookMoment::TurnEnd => answer.decision == Decision::Allow,
    };
    match may {
        true => Ok(answer),
        false => Err(format!(
            "answered `{}`, which cannot be done at `{}`",
            match answer.decision {
                Decision::Ask => "ask",
                Decision::Deny => "deny",
                Decision::Allow => "allow",
            },
            rule.on.word()
        )),
    }
}

fn masked(turn: &TurnContext, answer: Answer) -> Answer {
    let masker = turn.gate.masker();
    Answer {
        reason: masker.mask(&answer.reason).into_owned(),
        context: masker.mask(&answer.context).into_owned(),
        ..answer
    }
}
