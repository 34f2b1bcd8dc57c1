//! The built-in tools that turn to somebody else: a child agent, or the person.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        reason = "tests fail by panicking"
    )
)]

use anteroom_sdk::agents::{self, Outcome, Task};
use anteroom_sdk::{Capability, Context, Output, Tier, Tool, ToolError, ask};
use schemars::JsonSchema;
use serde::Deserialize;

anteroom_sdk::export!(RunAgent, AskUser);

/// More options are no question but a list.
const MOST_OPTIONS: usize = 20;

/// Runs a child agent.
pub struct RunAgent;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunArguments {
    /// All it needs to know: it sees nothing else
    prompt: String,
    /// Short name to show
    agent: Option<String>,
    model: Option<String>,
    /// Only these tools
    tools: Option<Vec<String>>,
}

impl Tool for RunAgent {
    const NAME: &'static str = "run_agent";
    const DESCRIPTION: &'static str = "Give a self-contained task to a child agent; answers its closing words. \
        Several calls in one reply run side by side. \
        Example: {\"prompt\":\"List every caller of `parse` in src/, as file:line\",\"agent\":\"scout\"}";
    const TIER: Tier = Tier::Execute;
    const CAPABILITIES: &'static [Capability] = &[Capability::Agents];
    type Arguments = RunArguments;

    fn call(_context: &Context, arguments: RunArguments) -> Result<Output, ToolError> {
        if arguments.prompt.trim().is_empty() {
            return Err(ToolError::invalid_args(
                "the prompt is empty; say what the child shall do and answer",
            ));
        }
        let outcome = agents::run(&Task {
            prompt: arguments.prompt,
            name: arguments.agent,
            model: arguments.model,
            tools: arguments.tools,
        })?;
        Ok(Output::text(tell(outcome)))
    }
}

fn tell(outcome: Outcome) -> String {
    let mut text = outcome.text;
    if text.trim().is_empty() {
        text = "[the agent said nothing]".to_owned();
    }
    if !outcome.completed {
        text.push_str(&format!(
            "\n[the agent did not finish; it was stopped after {} steps]",
            outcome.steps
        ));
    }
    text
}

/// Asks the person.
pub struct AskUser;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AskArguments {
    question: String,
    options: Option<Vec<String>>,
    /// More than one may be chosen
    multiple: Option<bool>,
}

impl Tool for AskUser {
    const NAME: &'static str = "ask_user";
    const DESCRIPTION: &'static str = "Ask the person and wait, when you cannot go on without the answer. \
        Example: {\"question\":\"Which database?\",\"options\":[\"SQLite\",\"PostgreSQL\"]}";
    const TIER: Tier = Tier::Read;
    const CAPABILITIES: &'static [Capability] = &[Capability::Ask];
    type Arguments = AskArguments;

    fn call(_context: &Context, arguments: AskArguments) -> Result<Output, ToolError> {
        if arguments.question.trim().is_empty() {
            return Err(ToolError::invalid_args("the question is empty"));
        }
        let options = arguments.options.unwrap_or_default();
        if options.len() > MOST_OPTIONS {
            return Err(ToolError::invalid_args(format!(
                "{} options are too many; offer at most {MOST_OPTIONS}, or ask an open question",
                options.len()
            )));
        }
        let is_multiple = arguments.multiple.unwrap_or(false);
        let answers = ask::question(&arguments.question, &options, is_multiple)?;
        Ok(Output::text(tell_answers(&answers)))
    }
}

fn tell_answers(answers: &[String]) -> String {
    match answers {
        [] => "[the person chose none]".to_owned(),
        [only] => only.clone(),
        several => format!("- {}", several.join("\n- ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anteroom_sdk::Toolset;

    #[test]
    fn an_outcome_is_told() {
        let outcome = |text: &str, completed| Outcome {
            text: text.to_owned(),
            steps: 7,
            completed,
        };
        for (outcome, expected) in [
            (outcome("Done.", true), "Done."),
            (outcome(" ", true), "[the agent said nothing]"),
            (
                outcome("Half.", false),
                "Half.\n[the agent did not finish; it was stopped after 7 steps]",
            ),
        ] {
            assert_eq!(tell(outcome), expected);
        }
    }

    #[test]
    fn answers_are_told() {
        for (answers, expected) in [
            (&[][..], "[the person chose none]"),
            (&["a"], "a"),
            (&["a", "b"], "- a\n- b"),
        ] {
            let answers: Vec<String> = answers.iter().map(|&answer| answer.to_owned()).collect();
            assert_eq!(tell_answers(&answers), expected);
        }
    }

    #[test]
    fn empty_wishes_are_refused() {
        let context = Context::for_tests("/w");
        let options = vec!["a"; 21];
        for (tool, arguments) in [
            ("run_agent", serde_json::json!({"prompt": " "})),
            ("ask_user", serde_json::json!({"question": ""})),
            (
                "ask_user",
                serde_json::json!({"question": "?", "options": options}),
            ),
        ] {
            assert!(matches!(
                Tools::call(&context, tool, &arguments.to_string()),
                Err(ToolError::InvalidArgs(_))
            ));
        }
    }
}
