//! What a sandboxed tool is written with: implement [`Tool`], name the tools in [`export!`], build for `wasm32-wasip2`.
//!
//! Knows the files in `wit/` and nothing of the host. Files are plain files: `std::fs` works on the workspace, and
//! [`Context::path`] turns what the model wrote into a path that does. What else the host lends is in [`process`],
//! [`canvas`], [`agents`], [`ask`], [`fetch`], [`store`], [`skills`] and [`catalog`]; natively, in unit tests, these
//! answer what a [`testing::Host`] has in store, or that there is no host.
//!
//! ```
//! use anteroom_sdk::{Context, Output, Tier, Tool, ToolError};
//! use schemars::JsonSchema;
//! use serde::Deserialize;
//!
//! pub struct Greet;
//!
//! #[derive(Deserialize, JsonSchema)]
//! pub struct Greeting {
//!     /// Whom to greet
//!     name: String,
//! }
//!
//! impl Tool for Greet {
//!     const NAME: &'static str = "greet";
//!     const DESCRIPTION: &'static str = "Greets somebody. Example: {\"name\": \"Ada\"}";
//!     const TIER: Tier = Tier::Read;
//!     type Arguments = Greeting;
//!
//!     fn call(_context: &Context, arguments: Greeting) -> Result<Output, ToolError> {
//!         Ok(Output::text(format!("Hello, {}!", arguments.name)))
//!     }
//! }
//!
//! anteroom_sdk::export!(Greet);
//! # fn main() {}
//! ```

#![warn(missing_docs)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        reason = "tests fail by panicking"
    )
)]

// Generated code names this crate from the outside, so that it means the same here and in a tool's crate.
extern crate self as anteroom_sdk;

#[doc(hidden)]
pub mod bindings;

mod context;
pub mod edits;
mod error;
#[cfg(doctest)]
mod guide;
mod lent;
mod output;
mod schema;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
mod toolset;

pub use bindings::anteroom::tool::types::{
    Capability, Content, FileDiff, Image, Output, Tier, ToolError, ToolManifest,
};
pub use context::Context;
pub use error::explain;
pub use lent::{agents, ask, canvas, catalog, fetch, log, process, skills, store, workspace};
pub use schemars;
pub use serde;
pub use serde_json;
pub use toolset::{Tool, Toolset, manifest, run};

/// Offers tools to the host: makes the crate's one [`Toolset`], named `Tools`, and, when built for WebAssembly,
/// the exports of the component.
///
/// The order is the order the model sees. Use it once, at the crate root, which then has no other type `Tools`.
#[macro_export]
macro_rules! export {
    ($($tool:ty),+ $(,)?) => {
        /// The tools of this crate.
        pub struct Tools;

        impl $crate::Toolset for Tools {
            fn describe() -> ::std::vec::Vec<$crate::ToolManifest> {
                ::std::vec![$($crate::manifest::<$tool>()),+]
            }

            fn call(
                context: &$crate::Context,
                name: &str,
                arguments: &str,
            ) -> ::std::result::Result<$crate::Output, $crate::ToolError> {
                $(
                    if name == <$tool as $crate::Tool>::NAME {
                        return $crate::run::<$tool>(context, arguments);
                    }
                )+
                ::std::result::Result::Err($crate::ToolError::not_found(
                    ::std::format!("there is no tool `{name}` in this toolset"),
                ))
            }
        }

        // Natively the exports would clash as soon as two toolsets meet in one test binary.
        #[cfg(target_family = "wasm")]
        $crate::bindings::export_component!(Tools);
    };
}
