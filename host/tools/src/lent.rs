//! What a call was lent. Asked at each use, so that what is over or was taken back meanwhile holds no longer.

use anteroom_api::{Capability, GrantReach};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The grants of one call, as they are at this moment.
pub trait Grants: Send + Sync {
    /// How far a capability reaches now.
    ///
    /// # Errors
    /// [`NotLent`] when it does not.
    fn reach(&self, capability: Capability) -> Result<Arc<GrantReach>, NotLent>;
}

/// Why a capability is not lent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotLent {
    /// Nobody granted it to this binary here.
    NotGranted,
    /// Its time is over.
    Expired,
    /// All the calls it was granted for have been made.
    UsedUp,
    /// It was taken back.
    Revoked,
}

/// The grants of one call. Cheap to clone.
#[derive(Clone)]
pub struct Lent(Arc<dyn Grants>);

impl Lent {
    /// Grants that may change while the call runs.
    #[must_use]
    pub fn new(grants: Arc<dyn Grants>) -> Self {
        Self(grants)
    }

    pub(crate) fn reach(&self, capability: Capability) -> Result<Arc<GrantReach>, NotLent> {
        self.0.reach(capability)
    }
}

impl fmt::Debug for Lent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lent = Capability::ALL.map(|capability| (capability, self.reach(capability).is_ok()));
        f.debug_tuple("Lent").field(&lent).finish()
    }
}

impl NotLent {
    /// The end of a sentence about a toolset.
    pub(crate) fn in_words(self, capability: Capability) -> String {
        match self {
            Self::NotGranted => format!("it was not granted `{capability}`"),
            Self::Expired => format!("the time it was granted `{capability}` for is over"),
            Self::UsedUp => format!("it has made all the calls it was granted `{capability}` for"),
            Self::Revoked => format!("`{capability}` was taken back from it"),
        }
    }
}

/// Grants that stay as they are: those of built-in modules.
struct Fixed(BTreeMap<Capability, Arc<GrantReach>>);

impl Grants for Fixed {
    fn reach(&self, capability: Capability) -> Result<Arc<GrantReach>, NotLent> {
        self.0.get(&capability).cloned().ok_or(NotLent::NotGranted)
    }
}

impl FromIterator<(Capability, GrantReach)> for Lent {
    fn from_iter<T: IntoIterator<Item = (Capability, GrantReach)>>(grants: T) -> Self {
        let grants = grants
            .into_iter()
            .map(|(capability, reach)| (capability, Arc::new(reach)));
        Self(Arc::new(Fixed(grants.collect())))
    }
}

impl From<Vec<(Capability, GrantReach)>> for Lent {
    fn from(grants: Vec<(Capability, GrantReach)>) -> Self {
        grants.into_iter().collect()
    }
}

impl<const COUNT: usize> From<[(Capability, GrantReach); COUNT]> for Lent {
    fn from(grants: [(Capability, GrantReach); COUNT]) -> Self {
        grants.into_iter().collect()
    }
}
