//! What an answer is bound to: SHA-256 over everything that makes a question what it is.

use anteroom_api::EffectView;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::path::Path;

/// What an answer depends on besides the effect itself.
pub(crate) struct Bound<'a> {
    pub(crate) tool: &'a str,
    pub(crate) workspace: &'a Path,
    pub(crate) policy: &'a str,
    pub(crate) is_tainted: bool,
}

impl Bound<'_> {
    /// The digest of an effect as it is shown and as it is, what is hidden of it included.
    pub(crate) fn digest(&self, view: &EffectView, exact: &str) -> String {
        hex(&[
            self.tool.as_bytes(),
            self.workspace.as_os_str().as_encoded_bytes(),
            self.policy.as_bytes(),
            if self.is_tainted {
                b"tainted"
            } else {
                b"clean"
            },
            format!("{view:?}").as_bytes(),
            exact.as_bytes(),
        ])
    }
}

/// SHA-256 over several parts, each preceded by its length, so that no two lists run into one another.
pub(crate) fn hex(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher
        .finalize()
        .iter()
        .fold(String::new(), |mut text, byte| {
            // Writing into a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}
