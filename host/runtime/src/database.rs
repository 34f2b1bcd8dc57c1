//! Looking after the databases: copies, checks, export and import, shared files.

use crate::host::{Port, not_available};
use anteroom_api::{DatabaseOp, DatabaseView, OpId, Problem};

pub(crate) async fn take(_port: &Port, _id: OpId, op: DatabaseOp) -> Result<(), Problem> {
    match op {
        DatabaseOp::BackUp { .. }
        | DatabaseOp::Restore { .. }
        | DatabaseOp::Vacuum
        | DatabaseOp::Export { .. }
        | DatabaseOp::Import { .. }
        | DatabaseOp::ShareAdd { .. }
        | DatabaseOp::ShareRemove { .. } => Err(not_available("looking after databases")),
    }
}

pub(crate) async fn list(_port: &Port, _is_checking: bool) -> Result<Vec<DatabaseView>, Problem> {
    Err(not_available("looking after databases"))
}
