//! A turn run again from its record: no endpoint, no effects.

use crate::host::{Port, not_available};
use anteroom_api::{Problem, ReplayReport, TurnId};

pub(crate) async fn replay(_port: &Port, _turn: TurnId) -> Result<ReplayReport, Problem> {
    Err(not_available("replay"))
}
