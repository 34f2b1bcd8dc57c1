//! Checks everything and says for each finding what to do.

use crate::config;
use crate::host::Port;
use anteroom_api::{Finding, Health, ModuleState, Problem};

/// All findings, in the order a person would look.
pub(crate) async fn examine(port: &Port) -> Vec<Finding> {
    let mut findings = Vec::new();
    settings(port, &mut findings);
    endpoint(port, &mut findings).await;
    database(port, &mut findings).await;
    tools(port, &mut findings).await;
    findings.extend(crate::mcp::findings(&port.engine).await);
    findings.extend(crate::hooks::findings(&port.engine).await);
    sizes(port, &mut findings).await;
    findings.extend(crate::sandbox::findings(&port.engine).await);
    findings
}

fn finding(subject: &str, health: Health, text: impl Into<String>) -> Finding {
    Finding {
        subject: subject.to_owned(),
        health,
        text: text.into(),
        hint: None,
    }
}

fn hinted(subject: &str, health: Health, problem: Problem) -> Finding {
    let hint = problem.hint.clone();
    Finding {
        hint,
        ..finding(subject, health, problem.to_string())
    }
}

fn settings(port: &Port, findings: &mut Vec<Finding>) {
    match config::load(&port.live.sources()) {
        Ok(loaded) if loaded.report.warnings.is_empty() => {
            findings.push(finding("config", Health::Ok, loaded.report.path));
        }
        Ok(loaded) => findings.extend(
            loaded
                .report
                .warnings
                .into_iter()
                .map(|problem| hinted("config", Health::Warning, problem)),
        ),
        Err(problem) => findings.push(hinted("config", Health::Failed, problem)),
    }
}

async fn endpoint(port: &Port, findings: &mut Vec<Finding>) {
    let settings = port.engine.settings();
    let endpoint = crate::wiring::endpoint(&settings);
    if endpoint.base_url.is_empty() {
        findings.push(hinted(
            "endpoint",
            Health::Failed,
            crate::engine::not_connected(),
        ));
        return;
    }
    let report = anteroom_model::test_endpoint(endpoint, settings.ai.model.clone()).await;
    for step in report.steps {
        let subject = format!("endpoint {}", step.name);
        findings.push(match step.problem {
            None => finding(&subject, Health::Ok, format!("{} ms", step.took_ms)),
            // An endpoint without a model list or without tools still answers.
            Some(problem) if step.name == "models" || step.name == "tools" => {
                hinted(&subject, Health::Warning, problem)
            }
            Some(problem) => hinted(&subject, Health::Failed, problem),
        });
    }
}

async fn database(port: &Port, findings: &mut Vec<Finding>) {
    let storage = &port.engine.storage;
    storage.retry_shared(port.engine.ambient.now()).await;
    for state in storage.databases(true).await {
        let subject = match &state.name {
            None => "database".to_owned(),
            Some(name) => format!("database {name}"),
        };
        if state.complaints.is_empty() {
            let text = format!(
                "intact, schema {}, {} conversations, {} items, {}",
                state.schema,
                state.conversations,
                state.items,
                size(state.size_bytes)
            );
            findings.push(finding(&subject, Health::Ok, text));
        }
        let complaints = state.complaints.into_iter();
        findings.extend(complaints.map(|problem| hinted(&subject, Health::Failed, problem)));
    }
}

async fn tools(port: &Port, findings: &mut Vec<Finding>) {
    for module in port.engine.registry.modules().await {
        let subject = format!("tools {}", module.id);
        findings.push(match module.state {
            ModuleState::Loaded => {
                let names: Vec<&str> = module.tools.iter().map(|tool| tool.name.as_str()).collect();
                finding(
                    &subject,
                    Health::Ok,
                    format!("{} ({})", names.join(", "), size(module.size_bytes)),
                )
            }
            ModuleState::Failed { problem } => hinted(&subject, Health::Failed, problem),
            ModuleState::Disabled => finding(&subject, Health::Ok, "switched off".to_owned()),
        });
    }
}

/// Everything that grows, with its size.
async fn sizes(port: &Port, findings: &mut Vec<Finding>) {
    let data = port.engine.paths.data.clone();
    let measured = tokio::task::spawn_blocking(move || crate::database::measure(&data).0);
    for (name, bytes) in measured.await.unwrap_or_default() {
        findings.push(finding(&format!("size {name}"), Health::Ok, size(bytes)));
    }
}

fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a size for people")]
    let megabytes = bytes as f64 / 1_048_576.0;
    format!("{megabytes:.1} MB")
}
