//! A turn run again from its record: no endpoint, no effects.

use crate::TurnId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What came of running a turn again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReplayReport {
    /// The turn.
    pub turn: TurnId,
    /// Model requests made, child agents' included.
    pub steps: u32,
    /// Calls made, child agents' included.
    pub calls: u32,
    /// Where it behaved differently, in order; empty if it did not.
    pub differences: Vec<Difference>,
}

/// One place where the run and its record differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// The step, from 1.
    pub step: u32,
    /// What differs, for example `request`, `call`, `verdict`, `result`.
    pub what: String,
    /// What the record says.
    pub recorded: String,
    /// What happens now.
    pub now: String,
}
