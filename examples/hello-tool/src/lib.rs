//! The smallest tool somebody else could write: it greets.

use anteroom_sdk::{Context, Output, Tier, Tool, ToolError};
use schemars::JsonSchema;
use serde::Deserialize;

pub struct Hello;

#[derive(Deserialize, JsonSchema)]
pub struct Arguments {
    /// Whom to greet
    name: String,
}

impl Tool for Hello {
    const NAME: &'static str = "hello";
    const DESCRIPTION: &'static str = "Greet somebody. Example: {\"name\":\"Ada\"}";
    const TIER: Tier = Tier::Read;
    type Arguments = Arguments;

    fn call(_context: &Context, arguments: Arguments) -> Result<Output, ToolError> {
        Ok(Output::text(format!("Hello, {}!", arguments.name)))
    }
}

anteroom_sdk::export!(Hello);
