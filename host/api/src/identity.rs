//! Who this installation is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The public side of an identity; the private key never leaves the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IdentityView {
    /// The id that stands beside all this user makes.
    pub user_id: String,
    /// The name shown beside it.
    pub display_name: String,
    /// The Ed25519 public key, PEM, for those who check signatures.
    pub public_key: String,
}
