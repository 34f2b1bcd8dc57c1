//! Open approvals of all conversations, and an answer under the name the original had for it.

use super::doors::BY;
use anteroom_api::{ApprovalId, ApprovalOp, Decision, OpenApproval, Problem, Scope};
use anteroom_http::{About, Context, Failure, Json, Path, Routes, Session};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) fn add(routes: Routes) -> Routes {
    routes
        .get(
            Session,
            "/api/approvals",
            About::new(
                "approvals",
                "Open approvals of all conversations, oldest first",
            ),
            open,
        )
        .post(
            Session,
            "/api/approvals/{id}/respond",
            About::new("respond", "Answer an approval, once"),
            respond,
        )
}

async fn open(context: Context) -> Result<Vec<OpenApproval>, Problem> {
    context.host.read().open_approvals().await
}

/// Which approval.
#[derive(Debug, Deserialize, JsonSchema)]
struct Of {
    /// The approval.
    id: ApprovalId,
}

/// An answer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ApprovalAnswer {
    /// Whether it may be done; not, if nothing is said.
    #[serde(default)]
    approved: bool,
    /// How long a yes holds.
    #[serde(default = "once")]
    scope: Scope,
    /// The approval's digest as it was shown: the answer holds for nothing else.
    digest: String,
    /// What the model is told of a no.
    #[serde(default)]
    reason: Option<String>,
}

fn once() -> Scope {
    Scope::Once
}

/// The answer as it was taken.
#[derive(Debug, Serialize, JsonSchema)]
struct ApprovalAnswered {
    /// `ok`.
    status: &'static str,
    /// Whether it may be done.
    approved: bool,
    /// How long a yes holds.
    scope: Scope,
}

async fn respond(
    context: Context,
    Path(of): Path<Of>,
    Json(answer): Json<ApprovalAnswer>,
) -> Result<ApprovalAnswered, Failure> {
    let decision = match answer.approved {
        true => Decision::Allow {
            scope: answer.scope,
        },
        false => Decision::Deny {
            reason: answer.reason,
        },
    };
    let decide = ApprovalOp::Decide {
        approval: of.id,
        digest: answer.digest,
        decision,
        by: BY.to_owned(),
    };
    context.host.submit(decide).await?;
    Ok(ApprovalAnswered {
        status: "ok",
        approved: answer.approved,
        scope: answer.scope,
    })
}
