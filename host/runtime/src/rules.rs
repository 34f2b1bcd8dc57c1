//! Rules that were allowed for good: listed, and taken back.

use crate::host::{Port, not_available};
use anteroom_api::{OpId, Problem, RuleOp, RuleView};

pub(crate) async fn take(_port: &Port, _id: OpId, op: RuleOp) -> Result<(), Problem> {
    match op {
        RuleOp::Revoke { .. } => Err(not_available("rules")),
    }
}

pub(crate) async fn list(_port: &Port) -> Result<Vec<RuleView>, Problem> {
    Err(not_available("rules"))
}
