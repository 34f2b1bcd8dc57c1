//! Going back in a conversation: rewinding, forking, and what of the history is sent.

use crate::host::{Port, not_available};
use anteroom_api::{ConversationOp, OpId, Problem};

pub(crate) async fn take(_port: &Port, _id: OpId, _op: ConversationOp) -> Result<(), Problem> {
    Err(not_available("this"))
}
