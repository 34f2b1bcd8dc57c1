//! What is allowed and what was done: rules, grants, the audit log.

use super::conversations::limited;
use anteroom_api::{
    AuditFilter, AuditRecord, AuditReport, CallHit, ConversationId, GrantOp, Page, Problem,
    RuleView, UnixMillis,
};
use anteroom_http::{About, Context, Path, Query, Routes, Session};
use schemars::JsonSchema;
use serde::Deserialize;

/// Records on a page where nothing is said, and at most.
const RECORDS: (u32, u32) = (100, 500);

pub(super) fn add(routes: Routes) -> Routes {
    routes
        .get(
            Session,
            "/api/rules",
            About::new("rules", "Rules that were allowed for good, oldest first"),
            rules,
        )
        .get(
            Session,
            "/api/grants",
            About::new("grants", "What was granted to modules, ended grants too"),
            grants,
        )
        .get(
            Session,
            "/api/audit",
            About::new("audit", "Records of the audit log, newest first"),
            audit,
        )
        .get(
            Session,
            "/api/audit/report",
            About::new(
                "auditReport",
                "Prove that the audit log is as it was written",
            )
            .costly(),
            report,
        )
        .get(
            Session,
            "/api/calls/{id}",
            About::new(
                "calls",
                "Tool calls whose id begins so, with what was decided",
            ),
            calls,
        )
}

async fn rules(context: Context) -> Result<Vec<RuleView>, Problem> {
    context.host.read().rules().await
}

async fn grants(context: Context) -> Result<Vec<GrantOp>, Problem> {
    context.host.read().grants().await
}

/// Which records; what is absent does not narrow.
#[derive(Debug, Deserialize, JsonSchema)]
struct Which {
    /// From this moment on.
    #[serde(default)]
    since: Option<UnixMillis>,
    /// Before this moment.
    #[serde(default)]
    until: Option<UnixMillis>,
    /// In this conversation.
    #[serde(default)]
    conversation: Option<ConversationId>,
    /// Of this tool or module.
    #[serde(default)]
    tool: Option<String>,
    /// Of this sort.
    #[serde(default)]
    action: Option<String>,
    /// With this verdict.
    #[serde(default)]
    verdict: Option<String>,
    /// A page's `before`.
    #[serde(default)]
    before: Option<String>,
    /// How many, 500 at most.
    #[serde(default)]
    limit: Option<u32>,
}

async fn audit(context: Context, Query(which): Query<Which>) -> Result<Page<AuditRecord>, Problem> {
    let filter = AuditFilter {
        since: which.since,
        until: which.until,
        conversation: which.conversation,
        tool: which.tool,
        action: which.action,
        verdict: which.verdict,
    };
    let limit = limited(which.limit, RECORDS);
    context.host.read().audit(filter, which.before, limit).await
}

async fn report(context: Context) -> Result<AuditReport, Problem> {
    context.host.read().audit_report().await
}

/// How an id begins.
#[derive(Debug, Deserialize, JsonSchema)]
struct Beginning {
    /// The item's id, or the model's id of the call.
    id: String,
}

async fn calls(context: Context, Path(of): Path<Beginning>) -> Result<Vec<CallHit>, Problem> {
    context.host.read().calls(of.id).await
}
