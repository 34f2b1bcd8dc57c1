//! Checks everything and says for each finding what to do.

use crate::config;
use crate::host::Port;
use anteroom_api::{Finding, Health, ModuleState, Problem};
use std::path::Path;

/// All findings, in the order a person would look.
pub(crate) async fn examine(port: &Port) -> Vec<Finding> {
    let mut findings = Vec::new();
    settings(port, &mut findings);
    endpoint(port, &mut findings).await;
    database(port, &mut findings).await;
    tools(port, &mut findings).await;
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
    match port.engine.storage.check().await {
        Ok(faults) if faults.is_empty() => {}
        Ok(faults) => {
            let problem = Problem::new(
                anteroom_api::ProblemCode::Storage,
                "the database is damaged",
            )
            .cause(faults.join("; "))
            .hint(
                "stop all `aroom` processes and restore the newest backup beside the database file",
            );
            findings.push(hinted("database", Health::Failed, problem));
            return;
        }
        Err(error) => {
            findings.push(hinted("database", Health::Failed, error.into()));
            return;
        }
    }
    match port.engine.storage.status().await {
        Ok(status) => {
            let text = format!(
                "intact, schema {}, {} conversations, {} items, {}",
                status.schema,
                status.conversations,
                status.items,
                size(status.size_bytes)
            );
            findings.push(finding("database", Health::Ok, text));
        }
        Err(error) => findings.push(hinted("database", Health::Failed, error.into())),
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
    let measured = tokio::task::spawn_blocking(move || {
        ["cache", "temp", "logs"].map(|name| (name, folder_size(&data.join(name), 0)))
    });
    for (name, bytes) in measured.await.unwrap_or_default() {
        findings.push(finding(&format!("size {name}"), Health::Ok, size(bytes)));
    }
}

/// Bytes of all files below a folder; links are not followed.
fn folder_size(folder: &Path, depth: u32) -> u64 {
    /// Deeper than anything the host makes.
    const MAX_DEPTH: u32 = 16;
    if depth > MAX_DEPTH {
        return 0;
    }
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => folder_size(&entry.path(), depth + 1),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a size for people")]
    let megabytes = bytes as f64 / 1_048_576.0;
    format!("{megabytes:.1} MB")
}
