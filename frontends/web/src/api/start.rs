//! What a page asks for first.

use crate::Options;
use anteroom_api::{Mode, Problem, ProblemCode, Seq, SettingsReport};
use anteroom_http::http::header;
use anteroom_http::{About, Context, Query, Routes, Session};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Settings that pages go by; the rest is in `/api/config`.
const FOR_PAGES: [&str; 11] = [
    "ai.titles",
    "checkpoints.enabled",
    "cli.context_auto_compact_tokens",
    "cli.context_warn_tokens",
    "cli.esc_hint_delay",
    "cli.model_context_window",
    "cli.stall_display_threshold",
    "cli.stall_warning_threshold",
    "cli.tool_dedup",
    "identity.display_name",
    "safety.approval_timeout",
];

pub(super) fn add(routes: Routes, options: &Arc<Options>) -> Routes {
    let options = options.clone();
    let about = About::new("start", "Everything a page needs before it shows anything");
    routes.get(
        Session,
        "/api/start",
        about,
        move |context: Context, Query(query): Query<Where>| {
            let options = options.clone();
            async move { start(&context, &options, query.workspace).await }
        },
    )
}

/// Where somebody works.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Where {
    /// A folder, absolute; the one the server was started in if none.
    #[serde(default)]
    pub(super) workspace: Option<String>,
}

/// What a page begins with.
#[derive(Debug, Serialize, JsonSchema)]
struct Start {
    /// The program's version.
    version: String,
    /// Where the page came from: scheme, name and port.
    server: String,
    /// The folder work is done in: the one asked for, or the server's if that is not there any more.
    workspace: String,
    /// The user's home folder, to shorten paths by.
    #[serde(skip_serializing_if = "Option::is_none")]
    home: Option<String>,
    /// The newest event of the host's topic; follow from here.
    seq: Seq,
    /// Whether there is a model endpoint to talk to.
    is_configured: bool,
    /// The configured model, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    /// Which calls wait for an approval.
    mode: Mode,
    /// Name and port of the model endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
    /// What is written in the config and does not count as written, or keeps tools from running, one line each.
    warnings: Vec<String>,
    /// Values of a few settings that the page goes by, by their names.
    settings: BTreeMap<String, Value>,
    /// The theme that was chosen in this browser: `light` or `dark`.
    #[serde(skip_serializing_if = "Option::is_none")]
    theme: Option<String>,
}

async fn start(
    context: &Context,
    options: &Options,
    workspace: Option<String>,
) -> Result<Start, Problem> {
    let reads = context.host.read();
    // Read first: what happens after it is told to whoever follows from here.
    let seq = reads.host_seq().await?;
    let report = reads.settings().await?;
    let text = |key| text_of(&report, key);
    let workspace = match workspace {
        Some(path) => match super::places::folder(reads, &options.workspace, Some(path)).await {
            Ok(path) => reads.workspace(path).await.map(|view| view.path).ok(),
            Err(_) => None,
        },
        None => None,
    };
    let scheme = if context.is_tls() { "https" } else { "http" };
    let host = context.header(&header::HOST).unwrap_or_default();
    let settings = FOR_PAGES
        .iter()
        .filter_map(|key| Some(((*key).to_owned(), value_of(&report, key)?)));
    Ok(Start {
        version: options.version.to_owned(),
        server: format!("{scheme}://{host}"),
        workspace: workspace.unwrap_or_else(|| options.workspace.clone()),
        home: options.home.clone(),
        seq,
        is_configured: text("ai.base_url").is_some(),
        model: text("ai.model"),
        mode: value_of(&report, "safety.approval_mode")
            .and_then(|mode| serde_json::from_value(mode).ok())
            .unwrap_or_default(),
        endpoint: text("ai.base_url").as_deref().and_then(authority),
        warnings: warnings(&report),
        settings: settings.collect(),
        theme: crate::pages::theme(context).map(str::to_owned),
    })
}

/// What waits for trust is told where trust is given.
fn warnings(report: &SettingsReport) -> Vec<String> {
    let warnings = report.warnings.iter();
    warnings
        .filter(|warning| warning.code != ProblemCode::Denied)
        .map(|warning| warning.error.clone())
        .collect()
}

fn value_of(report: &SettingsReport, key: &str) -> Option<Value> {
    let setting = report.settings.iter().find(|setting| setting.key == key)?;
    (!setting.is_secret).then(|| setting.value.clone())
}

fn text_of(report: &SettingsReport, key: &str) -> Option<String> {
    let value = value_of(report, key)?;
    let text = value.as_str().filter(|text| !text.is_empty())?;
    Some(text.to_owned())
}

/// Name and port of an address, without what somebody may have put before the `@`.
fn authority(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let name = authority.rsplit('@').next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::authority;

    #[test]
    fn an_endpoint_is_shown_without_what_lets_one_in() {
        assert_eq!(
            authority("http://127.0.0.1:11434/v1").as_deref(),
            Some("127.0.0.1:11434")
        );
        assert_eq!(
            authority("https://me:secret@llm.example/v1").as_deref(),
            Some("llm.example")
        );
        assert_eq!(
            authority("https://llm.example?key=secret").as_deref(),
            Some("llm.example")
        );
        assert_eq!(authority("llm.example"), None);
        assert_eq!(authority("http:///v1"), None);
    }
}
