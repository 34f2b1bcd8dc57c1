//! Which folders' own config and tools count.

use crate::host::{Port, not_available};
use anteroom_api::{FolderOp, FolderView, OpId, Problem};

pub(crate) async fn take(_port: &Port, _id: OpId, op: FolderOp) -> Result<(), Problem> {
    match op {
        FolderOp::Trust { .. } | FolderOp::Distrust { .. } => Err(not_available("trust")),
    }
}

pub(crate) async fn view(_port: &Port, _path: String) -> Result<FolderView, Problem> {
    Err(not_available("trust"))
}

/// A folder was trusted or is not any more, here or in another process.
pub(crate) async fn changed(_port: &Port) {}
