//! Who this installation is: an Ed25519 key pair and an id, made at first start.
//!
//! The key is in `identity.pem` of the home folder, or in the config file where the original kept
//! it. This module makes, repairs and uses it; what is signed is its callers' business.

use crate::ambient::Ambient;
use crate::config::IdentitySettings;
use crate::config::private_file::{self, Existing};
use anteroom_api::{Problem, ProblemCode};
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// The private key, PKCS#8 in PEM.
pub const KEY_FILE: &str = "identity.pem";
/// The id and the public key.
pub const CARD_FILE: &str = "identity.json";

/// Where the user's name stands if no setting names it.
const NAME_VARIABLES: [&str; 3] = ["USER", "LOGNAME", "USERNAME"];

/// An installation's identity. Clones are cheap enough to hand around.
#[derive(Clone)]
pub struct Identity {
    user_id: String,
    display_name: String,
    key: SigningKey,
}

/// What `identity.json` holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Card {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    public_key: Option<String>,
}

impl Identity {
    /// Reads the identity, making what is missing: the key, the id, or both.
    ///
    /// What `settings` say comes first and is never written anywhere. Several processes may do
    /// this at once; all end with the same identity.
    ///
    /// # Errors
    /// A key or a file is there but cannot be understood, or the folder cannot be written. Nothing
    /// is overwritten then: a lost key would invalidate what it signed.
    pub fn ensure(
        home: &Path,
        settings: &IdentitySettings,
        ambient: &Ambient,
    ) -> Result<Self, Problem> {
        let key = match &settings.private_key {
            Some(pem) => decode(pem.expose(), "the setting `identity.private_key`")?,
            None => ensure_key(&home.join(KEY_FILE), ambient)?,
        };
        let user_id = match &settings.user_id {
            Some(user_id) => user_id.clone(),
            None => ensure_card(&home.join(CARD_FILE), &key, ambient)?,
        };
        let display_name = settings.display_name.clone().or_else(|| {
            let environment = ambient.environment();
            let mut names = NAME_VARIABLES
                .iter()
                .filter_map(|name| environment.get(*name));
            names.find(|name| !name.trim().is_empty()).cloned()
        });
        let display_name = display_name.unwrap_or_else(|| "user".to_owned());
        Ok(Self {
            user_id,
            display_name,
            key,
        })
    }

    /// The id that stands beside all this user makes.
    #[must_use]
    pub fn user_id(&self) -> &str {
        &self.user_id
    }

    /// The name shown beside it.
    #[must_use]
    pub fn display_name(&self) -> &str {
        &self.display_name
    }

    /// The public key, in PEM, for those who check signatures.
    ///
    /// # Errors
    /// The key cannot be encoded; a fault of the host.
    pub fn public_key(&self) -> Result<String, Problem> {
        public_pem(&self.key.verifying_key())
    }

    /// The public key as its 32 bytes.
    #[must_use]
    pub fn key_bytes(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    /// Signs a message.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }

    /// Whether this identity signed exactly this message.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        let signature = Signature::from_bytes(signature);
        self.key
            .verifying_key()
            .verify_strict(message, &signature)
            .is_ok()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("user_id", &self.user_id)
            .field("display_name", &self.display_name)
            .finish_non_exhaustive()
    }
}

fn ensure_key(path: &Path, ambient: &Ambient) -> Result<SigningKey, Problem> {
    if let Some(pem) = read(path)? {
        return decode(&pem, &format!("`{}`", path.display()));
    }
    let key = SigningKey::from_bytes(&ambient.random_bytes()?);
    let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|error| {
        Problem::new(ProblemCode::Internal, "could not encode the new key").cause(error)
    })?;
    match create(path, pem.as_bytes()) {
        Ok(()) => {
            tracing::info!(path = %path.display(), "made a new identity key");
            Ok(key)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => match read(path)? {
            Some(pem) => decode(&pem, &format!("`{}`", path.display())),
            None => Err(unwritable(path, &error)),
        },
        Err(error) => Err(unwritable(path, &error)),
    }
}

/// The id from the card. Writes the card if it, the id or the right public key is missing.
fn ensure_card(path: &Path, key: &SigningKey, ambient: &Ambient) -> Result<String, Problem> {
    let public_key = public_pem(&key.verifying_key())?;
    let found = read_card(path)?;
    let is_there = found.is_some();
    let found = found.unwrap_or_default();
    let known = found.user_id.clone().filter(|id| !id.trim().is_empty());
    let user_id = known.unwrap_or_else(|| ambient.uuid().to_string());
    let card = Card {
        user_id: Some(user_id.clone()),
        public_key: Some(public_key),
    };
    if card == found {
        return Ok(user_id);
    }
    let bytes = serde_json::to_vec_pretty(&card).map_err(|error| {
        Problem::new(ProblemCode::Internal, "could not encode the identity").cause(error)
    })?;
    let outcome = if is_there {
        private_file::write(path, &bytes, Existing::Replace)
    } else {
        create(path, &bytes)
    };
    match outcome {
        Ok(()) => {
            tracing::info!(path = %path.display(), is_repair = is_there, "wrote the identity card");
            Ok(user_id)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let other = read_card(path)?.and_then(|card| card.user_id);
            other.ok_or_else(|| unwritable(path, &error))
        }
        Err(error) => Err(unwritable(path, &error)),
    }
}

fn read_card(path: &Path) -> Result<Option<Card>, Problem> {
    let Some(text) = read(path)? else {
        return Ok(None);
    };
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|error| broken(&format!("`{}`", path.display()), &error.to_string()))
}

/// Creates a file that is not there. An empty one, as a crash of another program may leave it,
/// does not count as there.
fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let is_empty = fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() == 0);
    let existing = if is_empty {
        Existing::Replace
    } else {
        Existing::Keep
    };
    private_file::write(path, bytes, existing)
}

/// The text of a file, closed to others on the way; `None` if there is none or it is empty.
fn read(path: &Path) -> Result<Option<String>, Problem> {
    let outcome = File::open(path).and_then(|file| {
        // The key still works where the mode cannot be changed, such as a read-only folder.
        if let Err(error) = private_file::close_to_others(&file) {
            tracing::warn!(path = %path.display(), %error, "others can read this file");
        }
        io::read_to_string(file)
    });
    match outcome {
        Ok(text) if text.trim().is_empty() => Ok(None),
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Problem::new(
            ProblemCode::InvalidConfig,
            format!("could not read `{}`", path.display()),
        )
        .cause(error)
        .hint("check the file's owner and mode")),
    }
}

fn decode(pem: &str, place: &str) -> Result<SigningKey, Problem> {
    SigningKey::from_pkcs8_pem(pem.trim()).map_err(|error| broken(place, &error.to_string()))
}

fn public_pem(key: &VerifyingKey) -> Result<String, Problem> {
    key.to_public_key_pem(LineEnding::LF).map_err(|error| {
        Problem::new(ProblemCode::Internal, "could not encode the public key").cause(error)
    })
}

fn broken(place: &str, cause: &str) -> Problem {
    Problem::new(
        ProblemCode::InvalidConfig,
        format!("{place} holds no usable identity"),
    )
    .cause(cause)
    .hint("restore it from a backup, or move it away to get a new identity")
}

fn unwritable(path: &Path, error: &io::Error) -> Problem {
    let folder: PathBuf = path.parent().map_or_else(PathBuf::new, Path::to_owned);
    Problem::new(
        ProblemCode::InvalidConfig,
        format!("could not write `{}`", path.display()),
    )
    .cause(error)
    .hint(format!(
        "make `{}` writable, or choose another folder with `ANTEROOM_HOME`",
        folder.display()
    ))
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
