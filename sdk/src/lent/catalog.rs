//! Look up tools that are not described to the model in full. Capability `catalog`.
//!
//! ```
//! use anteroom_sdk::catalog::{self, Entry};
//! use anteroom_sdk::testing::Host;
//!
//! let host = Host::new("/work").listing(Entry {
//!     name: "weather.tomorrow".to_owned(),
//!     description: "Tomorrow's weather.".to_owned(),
//!     input_schema: r#"{"type":"object"}"#.to_owned(),
//! });
//! let found = host.during(|| catalog::find("weather", 3))?;
//! assert_eq!(found[0].name, "weather.tomorrow");
//! # Ok::<(), anteroom_sdk::ToolError>(())
//! ```

use super::{NO_HOST, is_hosted};
use crate::ToolError;
use crate::bindings::anteroom::tool::catalog as host;
pub use crate::bindings::anteroom::tool::catalog::Entry;

/// Searches by name and description, the best first. What is found can be called by the model from then on.
///
/// # Errors
/// `denied` without the grant, `failed` where there is nothing to search.
pub fn find(query: &str, limit: u32) -> Result<Vec<Entry>, ToolError> {
    #[cfg(not(target_family = "wasm"))]
    if let Some(answer) = crate::testing::ask(|host| host.find(query, limit)) {
        return Ok(answer);
    }
    if !is_hosted() {
        return Err(ToolError::failed(NO_HOST));
    }
    host::find(query, limit).map_err(|error| match error {
        host::CatalogError::Denied(words) => ToolError::Denied(words),
        host::CatalogError::Failed(words) => ToolError::Failed(words),
    })
}
