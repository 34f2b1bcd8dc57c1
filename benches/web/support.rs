//! What the tests of the page share, as they know it.

#[path = "../../tests/support/chromium.rs"]
pub(crate) mod chromium;
#[path = "../../tests/support/endpoint.rs"]
pub(crate) mod endpoint;
#[path = "../../tests/support/page.rs"]
pub(crate) mod page;
