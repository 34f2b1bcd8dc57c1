//! What a tab shows instead of its secret: good at one listener, and no longer than that listener lives.
//!
//! Whoever takes the port after the listener's end is sent nothing that opens anything. The key of all of it is what
//! the host keeps of the tab, the hash of its secret, which page and host alone know:
//!
//! - The listener shows that it is the one (`proof`) before the page goes on speaking with it.
//! - The page shows the secret masked (`Pass`). The mask is made with a number that the listener drew when it began,
//!   so the next listener knows another one. Who knows the host's hash and no secret cannot make a pass either: what
//!   comes off the mask is the secret itself, and is hashed as ever.
//!
//! Both name the address as it stands in the request, so nobody on another port can hand on what was said here. The
//! page's side is `frontends/web/assets/lib/proof.js`.

use crate::session::secret::{BYTES, Secret};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// Signs of a name, and of what the host keeps.
const NAME_SIGNS: usize = 64;

/// A masked secret, and the name of the tab whose it is.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Pass {
    name: String,
    masked: [u8; BYTES],
}

/// What stood in the tab's header.
pub(crate) enum Shown {
    /// The secret, as programs send it, which know whom they ask.
    Secret(Secret),
    /// A pass, as the page sends it.
    Pass(Pass),
}

impl Shown {
    /// What was sent, if it has the form of one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text.split_once('.') {
            None => Secret::parse(text).map(Self::Secret),
            Some((name, masked)) => {
                let name = Name::parse(name)?;
                let masked = URL_SAFE_NO_PAD.decode(masked).ok()?.try_into().ok()?;
                Some(Self::Pass(Pass {
                    name: name.0,
                    masked,
                }))
            }
        }
    }
}

impl Pass {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The secret below the mask; another one if any of these is not what the mask was made with.
    pub(crate) fn secret(&self, hash: &str, authority: &str, boot: &str) -> Secret {
        let mask = sign(hash, &["pass", authority, boot]);
        let mut bytes = self.masked;
        for (byte, mask) in bytes.iter_mut().zip(mask.as_ref()) {
            *byte ^= mask;
        }
        Secret::of(bytes)
    }
}

/// A tab's name, which tells nothing of its secret.
pub(crate) struct Name(pub(crate) String);

impl Name {
    /// The name of the tab of which the host keeps this.
    pub(crate) fn of(hash: &str) -> Self {
        let digest = Sha256::digest(format!("aroom tab\n{hash}"));
        Self(hex(&digest))
    }

    /// What was sent, if it has the form of one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_hex = |sign: u8| matches!(sign, b'0'..=b'9' | b'a'..=b'f');
        let is_name = text.len() == NAME_SIGNS && text.bytes().all(is_hex);
        is_name.then(|| Self(text.to_owned()))
    }
}

/// Shows whoever drew `nonce` that this listener knows the tab.
pub(crate) fn proof(hash: &str, authority: &str, boot: &str, nonce: &str) -> String {
    hex(sign(hash, &["server", authority, boot, nonce]).as_ref())
}

fn sign(hash: &str, parts: &[&str]) -> hmac::Tag {
    let key = hmac::Key::new(hmac::HMAC_SHA256, hash.as_bytes());
    hmac::sign(&key, format!("aroom {}", parts.join("\n")).as_bytes())
}

fn hex(bytes: &[u8]) -> String {
    let mut hex = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// As the page makes it.
    pub(crate) fn pass(secret: &Secret, authority: &str, boot: &str) -> String {
        let hash = secret.hash();
        let bytes = URL_SAFE_NO_PAD.decode(secret.expose()).unwrap();
        let masked = Pass {
            name: Name::of(&hash).0,
            masked: bytes.try_into().unwrap(),
        };
        let masked = masked.secret(&hash, authority, boot);
        format!("{}.{}", Name::of(&hash).0, masked.expose())
    }

    #[test]
    fn a_pass_is_good_at_one_place_and_one_listener() {
        let secret = Secret::new().unwrap();
        let hash = secret.hash();
        let text = pass(&secret, "127.0.0.1:8080", "one");
        assert!(!text.contains(secret.expose()));
        let Some(Shown::Pass(pass)) = Shown::parse(&text) else {
            panic!("{text} is no pass");
        };
        assert_eq!(pass.secret(&hash, "127.0.0.1:8080", "one"), secret);
        for (hash, authority, boot) in [
            (hash.as_str(), "127.0.0.1:8080", "two"),
            (hash.as_str(), "127.0.0.1:8081", "one"),
            (hash.as_str(), "localhost:8080", "one"),
            (&Secret::new().unwrap().hash(), "127.0.0.1:8080", "one"),
        ] {
            assert_ne!(pass.secret(hash, authority, boot), secret);
        }
        assert_eq!(pass.name(), Name::of(&hash).0);
        assert_ne!(pass.name(), hash);
    }

    #[test]
    fn a_proof_is_of_one_place_one_listener_and_one_question() {
        let hash = Secret::new().unwrap().hash();
        let one = proof(&hash, "127.0.0.1:8080", "boot", "nonce");
        assert_eq!(one, proof(&hash, "127.0.0.1:8080", "boot", "nonce"));
        for other in [
            proof(&hash, "127.0.0.1:8081", "boot", "nonce"),
            proof(&hash, "127.0.0.1:8080", "boot2", "nonce"),
            proof(&hash, "127.0.0.1:8080", "boot", "nonce2"),
            proof(&Name::of(&hash).0, "127.0.0.1:8080", "boot", "nonce"),
        ] {
            assert_ne!(one, other);
        }
    }

    /// The page computes the same; `frontends/web/checks/proof.mjs` has the same numbers.
    #[test]
    fn what_the_page_computes_is_what_we_compute() {
        let secret = Secret::of([7; BYTES]);
        let hash = secret.hash();
        assert_eq!(
            [
                Name::of(&hash).0,
                proof(&hash, "127.0.0.1:8080", "boot", "nonce"),
                pass(&secret, "127.0.0.1:8080", "boot"),
            ],
            [NAME, PROOF, &format!("{NAME}.{MASKED}")]
        );
    }

    const NAME: &str = "07d5111508625a96d02b044ce0b34dab6ae59f3a103cffd57b9e5106106c1599";
    const PROOF: &str = "8f27cfc2717cf72ef1ed08729e84078efca685071c6b9d76efcd3f01aa398498";
    const MASKED: &str = "rfcZEgDphJXoHeLqJjA8-AgqaUYjSrM_9Fj5WqZ5CnI";

    #[test]
    fn what_is_no_pass_is_none() {
        let (name, masked) = ("a".repeat(64), "A".repeat(43));
        assert!(Shown::parse(&format!("{name}.{masked}")).is_some());
        for wrong in [
            format!("{}.{masked}", "A".repeat(64)),
            format!("{}.{masked}", "a".repeat(63)),
            format!("{name}.{masked}A"),
            format!("{name}.{}", "A".repeat(42)),
            format!("{name}."),
            format!(".{masked}"),
            format!("{name}.{masked}.{masked}"),
            ".".to_owned(),
            String::new(),
        ] {
            assert!(Shown::parse(&wrong).is_none(), "{wrong}");
        }
    }
}
