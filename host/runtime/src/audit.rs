//! The audit log: signed while it grows, and proven to be what was written.
//!
//! The records themselves are written by storage together with the facts. Here the newest hash is signed a
//! moment after it was written, and the signature is kept twice: in the database and in a file beside the
//! key. Whoever cuts the end off the database does not have the newer file match.

use crate::ambient::Ambient;
use crate::bus::Bus;
use crate::config::Settings;
use crate::config::private_file::{self, Existing};
use crate::hex::hex;
use crate::host::Port;
use crate::identity::Identity;
use anteroom_api::{
    AuditFault, AuditFilter, AuditRecord, AuditReport, IdentityView, Page, Problem, ProblemCode,
    Topic, UnixMillis,
};
use anteroom_storage::{Arguments, AuditHead, AuditSeal, Sealed, Storage};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::AbortHandle;

/// The newest signature, beside the key.
const HEAD_FILE: &str = "audit-head.json";
/// Held while the file is replaced: several processes may share a home.
const LOCK_FILE: &str = "audit-head.lock";
/// Records of this long share a signature.
const SEAL_DELAY: Duration = Duration::from_secs(1);
/// Keeps signatures of other things from ever being signatures of ours.
const DOMAIN: &[u8] = b"anteroom audit head v1\0";

/// Signs the log and checks it.
pub(crate) struct Audit {
    storage: Storage,
    ambient: Ambient,
    identity: Identity,
    home: PathBuf,
}

/// What the file says.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    number: u64,
    hash: String,
    at: UnixMillis,
    signature: String,
}

/// What a head file comes to.
enum Kept {
    /// There is none.
    Absent,
    /// Ours, as signed.
    Sound(Head),
    /// Not signed by this identity, or not readable.
    Odd,
}

impl Audit {
    pub(crate) fn new(
        storage: Storage,
        ambient: Ambient,
        identity: Identity,
        home: PathBuf,
    ) -> Arc<Self> {
        Arc::new(Self {
            storage,
            ambient,
            identity,
            home,
        })
    }

    /// Whose signatures these are.
    pub(crate) fn identity(&self) -> Result<IdentityView, Problem> {
        Ok(IdentityView {
            user_id: self.identity.user_id().to_owned(),
            display_name: self.identity.display_name().to_owned(),
            public_key: self.identity.public_key()?,
        })
    }

    /// Who signs.
    pub(crate) fn signer(&self) -> &Identity {
        &self.identity
    }

    /// Signs from now on, a moment after each write, until the task is ended: it holds the database open.
    pub(crate) fn watch(self: &Arc<Self>, bus: &Bus) -> AbortHandle {
        let (audit, bus) = (self.clone(), bus.clone());
        let watching = tokio::spawn(async move {
            let mut is_told = false;
            loop {
                bus.wrote().await;
                tokio::time::sleep(SEAL_DELAY).await;
                if let Err(problem) = audit.seal().await {
                    tracing::error!(%problem, "the audit log could not be signed");
                    if !std::mem::replace(&mut is_told, true) {
                        bus.trouble(Topic::Host, None, problem);
                    }
                }
            }
        });
        watching.abort_handle()
    }

    /// Signs what is not signed yet.
    ///
    /// # Errors
    /// The database or the file cannot be written, or the log is not the one that was signed last: then its
    /// earlier signature stays, so that the difference can be seen for good.
    pub(crate) async fn seal(&self) -> Result<(), Problem> {
        let head = self.storage.audit_head().await?;
        let last = self.storage.last_seal().await?;
        if head.number == 0 || last.as_ref().is_some_and(|seal| seal.head == head) {
            return Ok(());
        }
        let (at, public_key) = (self.ambient.now(), self.identity.public_key()?);
        let signature = self.identity.sign(&message(&head, at));
        let is_first = last.is_none_or(|seal| seal.public_key != public_key);
        // The file first: a crash between the two must not look like a file that was taken away.
        self.keep_head((head, at), &signature, is_first).await?;
        let seal = AuditSeal {
            head,
            at,
            public_key,
            signature: signature.to_vec(),
        };
        Ok(self.storage.seal_audit(seal).await?)
    }

    /// Replaces the file, if what it says still stands in the log.
    async fn keep_head(
        &self,
        (head, at): (AuditHead, UnixMillis),
        signature: &[u8; 64],
        is_first: bool,
    ) -> Result<(), Problem> {
        let _held = self
            .lock()
            .await
            .map_err(|error| unwritable().cause(error))?;
        match self.kept_head() {
            Kept::Absent if is_first => {}
            // A new one would vouch for whatever is left of the log.
            Kept::Absent => return Err(cut("the file with its last signature is gone")),
            Kept::Odd => return Err(cut("its last signature cannot be read or is not ours")),
            Kept::Sound(kept) => {
                if let Some(fault) = self.compare(&kept).await? {
                    return Err(cut(&fault.text));
                }
                if kept.number >= head.number {
                    // Another process has signed later records already.
                    return Ok(());
                }
            }
        }
        let kept = Head {
            number: head.number,
            hash: hex(&head.hash),
            at,
            signature: hex(signature),
        };
        let text = serde_json::to_string(&kept).map_err(|error| unwritable().cause(error))?;
        let path = self.home.join(HEAD_FILE);
        private_file::write(&path, text.as_bytes(), Existing::Replace)
            .map_err(|error| unwritable().cause(error))
    }

    async fn lock(&self) -> std::io::Result<File> {
        let path = self.home.join(LOCK_FILE);
        let taken = tokio::task::spawn_blocking(move || {
            let file = private_file::append(&path)?;
            file.lock().map(|()| file)
        });
        taken
            .await
            .unwrap_or_else(|error| Err(std::io::Error::other(error)))
    }

    fn kept_head(&self) -> Kept {
        let text = match std::fs::read_to_string(self.home.join(HEAD_FILE)) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Kept::Absent,
            Err(_) => return Kept::Odd,
        };
        let Ok(kept) = serde_json::from_str::<Head>(&text) else {
            return Kept::Odd;
        };
        let (Some(hash), Some(signature)) = (bytes::<32>(&kept.hash), bytes::<64>(&kept.signature))
        else {
            return Kept::Odd;
        };
        let head = AuditHead {
            number: kept.number,
            hash,
        };
        if self.identity.verify(&message(&head, kept.at), &signature) {
            Kept::Sound(kept)
        } else {
            Kept::Odd
        }
    }

    /// What is wrong with the log, seen from the file.
    async fn compare(&self, kept: &Head) -> Result<Option<AuditFault>, Problem> {
        let (number, text) = match self.storage.audit_hash(kept.number).await? {
            Some(hash) if hex(&hash) == kept.hash => return Ok(None),
            Some(_) => (
                kept.number,
                "it is not the record that was signed".to_owned(),
            ),
            None => {
                let text = format!(
                    "it is missing with all behind it: {} records were signed",
                    kept.number
                );
                (self.storage.audit_head().await?.number + 1, text)
            }
        };
        Ok(Some(AuditFault { number, text }))
    }

    async fn report(&self) -> Result<AuditReport, Problem> {
        let checked = self.storage.check_audit().await?;
        let own = self.identity.public_key()?;
        let mut faults: Vec<AuditFault> = checked.first_bad.into_iter().collect();
        let mut remarks = Vec::new();
        let (ours, others): (Vec<Sealed>, Vec<Sealed>) = checked
            .seals
            .into_iter()
            .partition(|sealed| sealed.seal.public_key == own);
        if !others.is_empty() {
            remarks.push(format!(
                "{} signatures were made with another key and prove nothing here",
                others.len()
            ));
        }
        faults.extend(ours.iter().find_map(|sealed| self.fault(sealed)));
        match self.kept_head() {
            Kept::Absent if checked.head.number == 0 => {}
            Kept::Absent => faults.push(AuditFault {
                number: checked.head.number + 1,
                text: format!(
                    "`{HEAD_FILE}` is gone from the home folder: whether records are missing behind {} cannot be told",
                    checked.head.number
                ),
            }),
            Kept::Odd => faults.push(AuditFault {
                number: checked.head.number + 1,
                text: format!("`{HEAD_FILE}` is not signed by this identity"),
            }),
            Kept::Sound(kept) => faults.extend(self.compare(&kept).await?),
        }
        let signed = ours.last().map_or(0, |sealed| sealed.seal.head.number);
        if signed < checked.head.number {
            remarks.push(format!(
                "the newest {} records are not signed yet",
                checked.head.number - signed
            ));
        }
        Ok(AuditReport {
            records: checked.head.number,
            signatures: ours.len() as u64,
            first_bad: faults.into_iter().min_by_key(|fault| fault.number),
            remarks,
        })
    }

    fn fault(&self, sealed: &Sealed) -> Option<AuditFault> {
        let seal = &sealed.seal;
        let signature = <[u8; 64]>::try_from(seal.signature.as_slice()).ok();
        let is_ours = signature.is_some_and(|signature| {
            self.identity
                .verify(&message(&seal.head, seal.at), &signature)
        });
        let text = match (is_ours, sealed.is_covering) {
            (true, true) => return None,
            (true, false) => "it, or one before it, is not the one that was signed",
            (false, _) => "its signature is not ours",
        };
        Some(AuditFault {
            number: seal.head.number,
            text: text.to_owned(),
        })
    }
}

/// How the log keeps arguments, by the settings.
pub(crate) fn arguments(settings: &Settings) -> Arguments {
    match settings.audit.full_arguments {
        true => Arguments::InFull,
        false => Arguments::Hashed,
    }
}

pub(crate) async fn list(
    port: &Port,
    filter: AuditFilter,
    before: Option<String>,
    limit: u32,
) -> Result<Page<AuditRecord>, Problem> {
    Ok(port.engine.storage.audit(filter, before, limit).await?)
}

pub(crate) async fn report(port: &Port) -> Result<AuditReport, Problem> {
    port.engine.audit.report().await
}

fn message(head: &AuditHead, at: UnixMillis) -> Vec<u8> {
    let mut message = DOMAIN.to_vec();
    message.extend(head.number.to_le_bytes());
    message.extend(head.hash);
    message.extend(at.0.to_le_bytes());
    message
}

fn unwritable() -> Problem {
    Problem::new(
        ProblemCode::Storage,
        "the audit log's signature could not be kept",
    )
    .hint("make Anteroom's home folder writable; see `aroom doctor`")
}

fn cut(text: &str) -> Problem {
    Problem::new(
        ProblemCode::Storage,
        "the audit log is not the one that was signed last",
    )
    .cause(text)
    .hint("see `aroom audit verify`")
}

fn bytes<const N: usize>(hex: &str) -> Option<[u8; N]> {
    if hex.len() != N * 2 || !hex.is_ascii() {
        return None;
    }
    let mut bytes = [0; N];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}
