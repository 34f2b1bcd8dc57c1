//! What files were before calls changed them, and taking changes back.

use crate::host::{Port, not_available};
use anteroom_api::{ChangeView, CheckpointOp, ConversationId, OpId, Problem};

pub(crate) async fn take(_port: &Port, _id: OpId, op: CheckpointOp) -> Result<(), Problem> {
    match op {
        CheckpointOp::Undo { .. } => Err(not_available("undo")),
    }
}

pub(crate) async fn changes(
    _port: &Port,
    _conversation: ConversationId,
) -> Result<Vec<ChangeView>, Problem> {
    Err(not_available("undo"))
}
