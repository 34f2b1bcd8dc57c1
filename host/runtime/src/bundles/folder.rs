//! A bundle that lies as a folder: gathered into the same bytes that its file would have.

use super::archive::{self, Seal, Unsealed};
use super::manifest;
use super::store;
use crate::hex::hex;
use anteroom_gate::visible;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

/// The signature of a folder.
pub(crate) const SIGNATURE: &str = "bundle.sig";
/// Bytes of it.
const SIGNATURE_MAX: u64 = 4096;
/// Entries that are looked at.
const ENTRIES_MAX: usize = 4096;
/// Things left out that are named.
const LEFT_OUT_MAX: usize = 12;

/// What a folder comes to.
pub(crate) struct Gathered {
    pub(crate) unsealed: Unsealed,
    pub(crate) seal: Option<Seal>,
    /// What lies in the folder and does not belong to the bundle.
    pub(crate) left_out: Vec<String>,
}

/// `bundle.sig`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// Hexadecimal.
    key: String,
    /// Hexadecimal.
    signature: String,
}

impl Gathered {
    /// All bytes of the bundle, signed as the folder is.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.unsealed.bytes(self.seal.as_ref())
    }

    /// What was left out, in words.
    pub(crate) fn notes(&self) -> Vec<String> {
        let more = self.left_out.len().saturating_sub(LEFT_OUT_MAX);
        let mut shown: Vec<String> = self.left_out.iter().take(LEFT_OUT_MAX).cloned().collect();
        if more > 0 {
            shown.push(format!("{more} more"));
        }
        match shown.is_empty() {
            true => Vec::new(),
            false => vec![format!("left out of the folder: {}", shown.join(", "))],
        }
    }
}

/// Reads a folder. Links and what is no plain file are refused.
///
/// # Errors
/// Why it is no bundle, in words.
pub(crate) fn gather(folder: &Path) -> Result<Gathered, String> {
    let mut walk = Walk {
        files: Vec::new(),
        left_out: Vec::new(),
        looked_at: 0,
    };
    walk.top(folder)?;
    let manifest = walk.files.iter().find(|(path, _)| path == manifest::FILE);
    let (_, words) = manifest.ok_or("it has no `bundle.yaml`")?;
    let words = std::str::from_utf8(words).map_err(|_| "`bundle.yaml` is not UTF-8")?;
    let (name, version) = manifest::named(words)?;
    let seal = match store::read(&folder.join(SIGNATURE), SIGNATURE_MAX) {
        Ok(bytes) => Some(seal(&bytes).ok_or("`bundle.sig` cannot be read")?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(format!("`bundle.sig` cannot be read: {error}")),
    };
    walk.left_out.sort();
    Ok(Gathered {
        unsealed: Unsealed::new((&name, &version), walk.files)?,
        seal,
        left_out: walk.left_out,
    })
}

/// The text of `bundle.sig`.
pub(crate) fn written(seal: &Seal) -> String {
    let (key, signature) = (hex(&seal.key), hex(&seal.signature));
    format!("{{\n  \"key\": \"{key}\",\n  \"signature\": \"{signature}\"\n}}\n")
}

fn seal(bytes: &[u8]) -> Option<Seal> {
    let written: Written = serde_json::from_slice(bytes).ok()?;
    Some(Seal {
        key: unhex(&written.key)?.try_into().ok()?,
        signature: unhex(&written.signature)?.try_into().ok()?,
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|it| it.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    Some(digits.chunks(2).map(|two| two[0] << 4 | two[1]).collect())
}

struct Walk {
    files: Vec<(String, Vec<u8>)>,
    left_out: Vec<String>,
    looked_at: usize,
}

impl Walk {
    fn top(&mut self, folder: &Path) -> Result<(), String> {
        for (name, path) in self.entries(folder)? {
            if name == SIGNATURE {
                continue;
            }
            match manifest::belongs(&name) {
                true => self.take(name, &path)?,
                false => self.left_out.push(visible(&name)),
            }
        }
        Ok(())
    }

    fn take(&mut self, name: String, path: &Path) -> Result<(), String> {
        let unreadable = |error: std::io::Error| format!("`{}`: {error}", visible(&name));
        let about = fs::symlink_metadata(path).map_err(unreadable)?;
        if about.is_symlink() {
            return Err(format!("`{}` is a link", visible(&name)));
        }
        if about.is_dir() {
            for (entry, path) in self.entries(path)? {
                match entry.starts_with('.') {
                    true => self.left_out.push(visible(&format!("{name}/{entry}"))),
                    false => self.take(format!("{name}/{entry}"), &path)?,
                }
            }
            return Ok(());
        }
        if !about.is_file() {
            return Err(format!("`{}` is no plain file", visible(&name)));
        }
        let bytes = store::read(path, archive::FILE_MAX).map_err(unreadable)?;
        self.files.push((name, bytes));
        Ok(())
    }

    fn entries(&mut self, folder: &Path) -> Result<Vec<(String, std::path::PathBuf)>, String> {
        let shown = folder.display();
        let read = fs::read_dir(folder).map_err(|error| format!("`{shown}`: {error}"))?;
        let mut entries = Vec::new();
        for entry in read {
            let entry = entry.map_err(|error| format!("`{shown}`: {error}"))?;
            self.looked_at += 1;
            if self.looked_at > ENTRIES_MAX {
                return Err(format!("it has more than {ENTRIES_MAX} files and folders"));
            }
            let name = entry.file_name().into_string();
            let name = name.map_err(|name| {
                let name = visible(&name.to_string_lossy());
                format!("the name `{name}` is not UTF-8")
            })?;
            entries.push((name, entry.path()));
        }
        entries.sort();
        Ok(entries)
    }
}
