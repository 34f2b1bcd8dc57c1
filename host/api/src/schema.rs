//! The published description of this contract.

use crate::{Op, Signal};
use schemars::{JsonSchema, schema_for};

/// Version of the contract; raised when a released type changes.
pub const VERSION: &str = "0.1.0";

/// JSON Schema of everything that travels: `op` in, `signal` out.
#[must_use]
pub fn events() -> serde_json::Value {
    /// Only a root for the two directions.
    #[derive(JsonSchema)]
    #[schemars(title = "Anteroom event API")]
    #[expect(dead_code, reason = "exists for its schema only")]
    struct Contract {
        op: Op,
        signal: Signal,
    }
    let mut schema = schema_for!(Contract).to_value();
    if let Some(object) = schema.as_object_mut() {
        object.insert("version".into(), VERSION.into());
    }
    schema
}
