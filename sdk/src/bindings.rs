//! The code generated from `wit/`, and the glue from its exports to [`crate::Toolset`]. Not for tools to use.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::allow_attributes_without_reason,
    reason = "generated"
)]

wit_bindgen::generate!({
    path: "../wit",
    world: "toolset",
    pub_export_macro: true,
    export_macro_name: "export_bindings",
    default_bindings_module: "anteroom_sdk::bindings",
    runtime_path: "::anteroom_sdk::bindings::runtime",
    additional_derives: [PartialEq],
});

#[doc(hidden)]
pub use wit_bindgen::rt as runtime;

/// Exports a [`crate::Toolset`] as the component's one interface.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_component {
    ($toolset:ident) => {
        impl $crate::bindings::exports::anteroom::tool::tools::Guest for $toolset {
            fn describe() -> ::std::vec::Vec<$crate::ToolManifest> {
                <$toolset as $crate::Toolset>::describe()
            }

            fn call(
                context: $crate::bindings::anteroom::tool::types::CallContext,
                name: ::std::string::String,
                arguments: ::std::string::String,
            ) -> ::std::result::Result<$crate::Output, $crate::ToolError> {
                <$toolset as $crate::Toolset>::call(
                    &$crate::Context::from(context),
                    &name,
                    &arguments,
                )
            }
        }

        $crate::bindings::export_bindings!($toolset with_types_in $crate::bindings);
    };
}

#[doc(hidden)]
pub use __export_component as export_component;
