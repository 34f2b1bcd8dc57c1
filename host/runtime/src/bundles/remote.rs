//! Bundles from elsewhere: an `https` address, or a git repository.

use super::source::{Found, invalid};
use crate::engine::Engine;
use anteroom_api::Problem;
use anteroom_gate::visible;

/// Fetches a file from an address.
pub(crate) async fn download(_engine: &Engine, address: String) -> Result<Found, Problem> {
    Err(invalid(format!(
        "`{}` cannot be fetched yet",
        visible(&address)
    )))
}

/// Fetches a repository and takes its folder.
pub(crate) async fn clone(_engine: &Engine, repository: String) -> Result<Found, Problem> {
    Err(invalid(format!(
        "`{}` cannot be fetched yet",
        visible(&repository)
    )))
}
