//! What to do when no endpoint is configured: said the same way by every command.

use crate::context::Context;
use crate::words;
use anteroom_api::{FoundEndpoint, Problem, ProblemCode};

/// The problem that is shown when no endpoint is configured; none if one is.
pub(crate) async fn missing_endpoint(context: &Context) -> Result<Option<Problem>, Problem> {
    let report = context.host.read().settings().await?;
    let is_known = report.settings.iter().any(|s| s.key == "ai.base_url");
    if !is_known || !Context::setting(&report, "ai.base_url").trim().is_empty() {
        return Ok(None);
    }
    Ok(Some(not_configured(context).await))
}

/// Says how to connect, naming what listens on this machine.
pub(crate) async fn not_configured(context: &Context) -> Problem {
    // A failed look around must not hide the real trouble.
    let found = context
        .host
        .read()
        .local_endpoints()
        .await
        .unwrap_or_default();
    explain(&found)
}

fn explain(found: &[FoundEndpoint]) -> Problem {
    let mut problem = Problem::new(
        ProblemCode::NotConfigured,
        "no model endpoint is configured",
    );
    for endpoint in found {
        problem = problem.cause(format!(
            "found {} at `{}` ({})",
            endpoint.name,
            endpoint.base_url,
            words::plural(endpoint.models.len(), "model", "models")
        ));
    }
    let command = match found {
        [endpoint] => format!("`aroom init --base-url {} --yes`", endpoint.base_url),
        _ => "`aroom init`".to_owned(),
    };
    problem.hint(format!(
        "{command}, or set `AI_CHAT_BASE_URL` and `AI_CHAT_MODEL`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_listens_is_named() {
        let ollama = FoundEndpoint {
            name: "Ollama".into(),
            base_url: "http://127.0.0.1:11434/v1".into(),
            models: vec!["qwen3".into()],
        };
        let problem = explain(std::slice::from_ref(&ollama));
        assert_eq!(
            problem.causes,
            ["found Ollama at `http://127.0.0.1:11434/v1` (1 model)"]
        );
        assert_eq!(
            problem.hint.as_deref(),
            Some(
                "`aroom init --base-url http://127.0.0.1:11434/v1 --yes`, or set `AI_CHAT_BASE_URL` and `AI_CHAT_MODEL`"
            )
        );
        assert!(explain(&[]).hint.unwrap().starts_with("`aroom init`, or"));
    }
}
