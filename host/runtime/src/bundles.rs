//! Bundles: what others packed, verified before anything of it counts, shown before it is installed, removed whole.

use crate::host::Port;
use anteroom_api::{
    BundleLocked, BundleOp, BundleReport, BundleView, BundleWish, Finding, OpId, Problem,
    ProblemCode,
};

pub(crate) async fn take(_port: &Port, _id: OpId, _op: BundleOp) -> Result<(), Problem> {
    Err(not_connected())
}

pub(crate) async fn list(_port: &Port) -> Result<Vec<BundleView>, Problem> {
    Ok(Vec::new())
}

pub(crate) async fn inspect(_port: &Port, _wish: BundleWish) -> Result<BundleReport, Problem> {
    Err(not_connected())
}

pub(crate) async fn check(_port: &Port, _folder: String) -> Result<Vec<Finding>, Problem> {
    Err(not_connected())
}

pub(crate) async fn locked(_port: &Port, _project: String) -> Result<Vec<BundleLocked>, Problem> {
    Ok(Vec::new())
}

fn not_connected() -> Problem {
    Problem::new(ProblemCode::Internal, "bundles are not connected yet")
}
