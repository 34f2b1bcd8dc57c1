//! Secrets of sessions: 256 random bits as text, of which the host is given the hash alone.

use anteroom_api::{Problem, ProblemCode};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::fmt;

pub(crate) const BYTES: usize = 32;

/// A cookie, a tab's secret or a launch token. Never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Secret {
    /// A new one.
    ///
    /// # Errors
    /// The operating system has no randomness.
    pub(crate) fn new() -> Result<Self, Problem> {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes).map_err(|error| {
            Problem::new(ProblemCode::Internal, "the system gave no random bytes").cause(error)
        })?;
        Ok(Self::of(bytes))
    }

    /// The one of these bits.
    pub(crate) fn of(bytes: [u8; BYTES]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// One that was sent to us, if it has the form of one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == BYTES).then(|| Self(text.to_owned()))
    }

    /// The text, for its owner.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// SHA-256 of the text in lower-case hex. The bits are random, so a plain hash keeps them.
    pub(crate) fn hash(&self) -> String {
        self.hash_at("")
    }

    /// As [`Secret::hash`], and another one at every place: what was shown at one is unknown at the others.
    pub(crate) fn hash_at(&self, place: &str) -> String {
        let digest = Sha256::new().chain_update(place).chain_update(&self.0);
        let digest = digest.finalize();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_what_was_made_and_nothing_near_it() {
        let secret = Secret::new().unwrap();
        assert_ne!(secret, Secret::new().unwrap());
        assert_eq!(secret.expose().len(), 43);
        assert_eq!(Secret::parse(secret.expose()), Some(secret.clone()));
        assert_eq!(secret.hash().len(), 64);
        assert!(!format!("{secret:?}").contains(secret.expose()));
        let padded = format!("{}=", secret.expose());
        let longer = format!("{0}{0}", secret.expose());
        for text in ["", "abc", &padded, &longer, &secret.expose()[1..]] {
            assert_eq!(Secret::parse(text), None, "{text}");
        }
    }
}
