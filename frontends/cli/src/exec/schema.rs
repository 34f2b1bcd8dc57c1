//! `--schema`: the shape of the answer. The host judges, the model gets a second chance.

use crate::context::Context;
use anteroom_api::{Content, Problem, ProblemCode};
use serde_json::Value;
use std::path::Path;

/// A schema of a person's is smaller.
const MOST_BYTES: u64 = 1 << 20;

/// What an answer must fit.
pub(super) struct Schema {
    path: String,
    value: Value,
}

impl Schema {
    /// Reads the file and has the host say whether it can be used, before any token is spent.
    pub(super) async fn load(context: &Context, path: &Path) -> Result<Self, Problem> {
        let shown = path.display().to_string();
        let refused = |code| {
            Problem::new(code, format!("the JSON Schema `{shown}` cannot be used")).hint(
                "give `--schema` a file with a JSON Schema, for example `{\"type\": \"object\"}`",
            )
        };
        let bytes = std::fs::metadata(path).map(|found| found.len());
        let text = match bytes {
            Ok(bytes) if bytes > MOST_BYTES => {
                return Err(refused(ProblemCode::InvalidInput).cause("it is larger than 1 MB"));
            }
            _ => std::fs::read_to_string(path),
        };
        let text = text.map_err(|error| {
            let code = match error.kind() {
                std::io::ErrorKind::NotFound => ProblemCode::NotFound,
                _ => ProblemCode::InvalidInput,
            };
            refused(code).cause(error)
        })?;
        let value: Value = serde_json::from_str(&text)
            .map_err(|error| refused(ProblemCode::InvalidInput).cause(error))?;
        let schema = Self {
            path: shown.clone(),
            value,
        };
        match schema.misfits(context, "null").await {
            Ok(_) => Ok(schema),
            Err(problem) => {
                let refused = refused(problem.code);
                let causes = problem.causes.iter();
                Err(causes.fold(refused, |refused, cause| refused.cause(cause)))
            }
        }
    }

    /// What the model is told of it.
    pub(super) fn asking(&self) -> String {
        format!(
            "Your last message must be JSON that fits this JSON Schema, and nothing else: no words around it, no code fence.\n<schema>\n{}\n</schema>",
            self.value
        )
    }

    /// What the model is told of an answer that does not fit.
    pub(super) fn asking_again(&self, misfits: &[String]) -> Vec<Content> {
        vec![Content::text(format!(
            "Your answer does not fit the JSON Schema:\n- {}\nGive the whole answer again: JSON that fits, and nothing else.",
            misfits.join("\n- ")
        ))]
    }

    /// What of an answer does not fit.
    pub(super) async fn misfits(
        &self,
        context: &Context,
        answer: &str,
    ) -> Result<Vec<String>, Problem> {
        let text = bare(answer).to_owned();
        context.host.read().misfits(self.value.clone(), text).await
    }

    /// What is said when the second answer does not fit either; `again` goes on with the conversation.
    pub(super) fn complaint(&self, misfits: &[String], again: &str) -> Problem {
        Problem::new(
            ProblemCode::EndpointFailed,
            format!("the answer does not fit `{}`", self.path),
        )
        .cause(misfits.join("; "))
        .hint(format!("go on with {again}, or try another `--model`"))
    }
}

/// An answer without the fence that models put around JSON.
pub(super) fn bare(answer: &str) -> &str {
    let text = answer.trim();
    let fenced = || {
        let inner = text.strip_prefix("```")?.strip_suffix("```")?;
        let (language, inner) = inner.split_once('\n')?;
        (!language.contains(['{', '[', '"'])).then_some(inner.trim())
    };
    fenced().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_around_json_is_taken_off() {
        let check = |answer: &str, wanted: &str| assert_eq!(bare(answer), wanted, "{answer}");
        check(" {\"a\": 1}\n", "{\"a\": 1}");
        check("```json\n{\"a\": 1}\n```\n", "{\"a\": 1}");
        check("```\n[1]\n```", "[1]");
        check("```{\n}```", "```{\n}```");
        check("Here:\n```json\n{}\n```", "Here:\n```json\n{}\n```");
    }
}
