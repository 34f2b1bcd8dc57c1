//! The one file that a bundle travels as: written in one way only, and believed only after every byte of it was
//! checked. Knows bytes, hashes and signatures, and nothing of what the files mean.
//!
//! See `docs/bundles.md` for the format.

use super::paths;
use crate::hex::hex;
use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The first bytes.
const MAGIC: &[u8; 16] = b"anteroom-bundle\n";
/// The version of the format.
const FORMAT: u32 = 1;
/// Keeps signatures of other things from ever being signatures of bundles.
const DOMAIN: &[u8] = b"anteroom bundle signature 1\0";
/// Bytes of the list of files.
const LIST_MAX: usize = 1 << 20;
/// Files.
const FILES_MAX: usize = 2048;
/// Bytes of one file.
pub(crate) const FILE_MAX: u64 = 64 << 20;
/// Bytes of all files.
const CONTENT_MAX: u64 = 256 << 20;
/// Bytes of a whole bundle.
pub(crate) const BUNDLE_MAX: u64 = CONTENT_MAX + (2 << 20);
const UNSIGNED: u8 = 0;
const SIGNED: u8 = 1;
const KEY_BYTES: usize = 32;
const SIGNATURE_BYTES: usize = 64;

/// A bundle whose bytes are all as they should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Archive {
    pub(crate) name: String,
    pub(crate) version: String,
    /// The files in order, with their contents.
    pub(crate) files: Vec<(Entry, Vec<u8>)>,
    /// The fingerprint of the key that signed it.
    pub(crate) fingerprint: Option<String>,
    /// SHA-256 of all bytes, hexadecimal.
    pub(crate) hash: String,
    /// Bytes in all.
    pub(crate) size: u64,
}

/// A file as the list names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) path: String,
    pub(crate) size: u64,
    pub(crate) sha256: String,
}

/// The list of files, which is what is signed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    format: u32,
    name: String,
    version: String,
    files: Vec<Entry>,
}

/// A public key with what it made of a bundle's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seal {
    pub(crate) key: [u8; KEY_BYTES],
    pub(crate) signature: [u8; SIGNATURE_BYTES],
}

/// A key's fingerprint: SHA-256 of its 32 bytes, hexadecimal.
pub(crate) fn fingerprint(key: &[u8; KEY_BYTES]) -> String {
    hex(&Sha256::digest(key))
}

/// A bundle that is being put together.
pub(crate) struct Unsealed {
    head: Vec<u8>,
    content: Vec<u8>,
}

impl Unsealed {
    /// Puts files together, whatever order they come in.
    ///
    /// # Errors
    /// Why they make no bundle, in words.
    pub(crate) fn new(
        (name, version): (&str, &str),
        mut files: Vec<(String, Vec<u8>)>,
    ) -> Result<Self, String> {
        files.sort();
        let entries = files.iter().map(|(path, bytes)| Entry {
            path: path.clone(),
            size: bytes.len() as u64,
            sha256: hex(&Sha256::digest(bytes)),
        });
        let list = List {
            format: FORMAT,
            name: name.to_owned(),
            version: version.to_owned(),
            files: entries.collect(),
        };
        check_list(&list)?;
        let list = serde_json::to_vec(&list).map_err(|error| error.to_string())?;
        let length = u32::try_from(list.len()).map_err(|_| too_many())?;
        if list.len() > LIST_MAX {
            return Err(too_many());
        }
        let head = [MAGIC.as_slice(), &length.to_be_bytes(), &list].concat();
        let content: Vec<Vec<u8>> = files.into_iter().map(|(_, bytes)| bytes).collect();
        Ok(Self {
            head,
            content: content.concat(),
        })
    }

    /// What is to be signed with a key.
    pub(crate) fn message(&self, key: &[u8; KEY_BYTES]) -> Vec<u8> {
        message(&self.head, key)
    }

    /// All bytes of the bundle.
    pub(crate) fn bytes(&self, seal: Option<&Seal>) -> Vec<u8> {
        let mut bytes = self.head.clone();
        match seal {
            None => bytes.push(UNSIGNED),
            Some(seal) => {
                bytes.push(SIGNED);
                bytes.extend(seal.key);
                bytes.extend(seal.signature);
            }
        }
        bytes.extend(&self.content);
        bytes
    }
}

/// Reads a bundle: first its signature, then its list, then its sizes, then its hashes. Nothing is looked into
/// before what stands before it holds.
///
/// # Errors
/// The first thing that is not right, in words.
pub(crate) fn open(bytes: &[u8]) -> Result<Archive, String> {
    if bytes.len() as u64 > BUNDLE_MAX {
        return Err(format!("it is larger than {} MB", BUNDLE_MAX >> 20));
    }
    let rest = bytes
        .strip_prefix(MAGIC.as_slice())
        .ok_or("it does not begin like a bundle")?;
    let (length, rest) = take(rest, 4)?;
    let length = length
        .iter()
        .fold(0, |all, byte| all << 8 | usize::from(*byte));
    if length > LIST_MAX {
        return Err(too_many());
    }
    let (list, rest) = take(rest, length)?;
    let head = &bytes[..MAGIC.len() + 4 + length];
    let (kind, rest) = take(rest, 1)?;
    let (fingerprint, mut rest) = match kind {
        [UNSIGNED] => (None, rest),
        [SIGNED] => {
            let (key, rest) = take(rest, KEY_BYTES)?;
            let (signature, rest) = take(rest, SIGNATURE_BYTES)?;
            (Some(verified(head, key, signature)?), rest)
        }
        _ => return Err("it is signed in a way that is not known here".to_owned()),
    };
    let list = parse(list)?;
    let total: u64 = list.files.iter().map(|file| file.size).sum();
    if total != rest.len() as u64 {
        return Err(match total > rest.len() as u64 {
            true => "it is cut off".to_owned(),
            false => "there is something behind its end".to_owned(),
        });
    }
    let mut files = Vec::with_capacity(list.files.len());
    for file in list.files {
        let size = usize::try_from(file.size).map_err(|_| too_large(&file.path))?;
        let (content, behind) = take(rest, size)?;
        rest = behind;
        if hex(&Sha256::digest(content)) != file.sha256 {
            return Err(format!("`{}` is not what was packed", file.path));
        }
        files.push((file, content.to_vec()));
    }
    Ok(Archive {
        name: list.name,
        version: list.version,
        files,
        fingerprint,
        hash: hex(&Sha256::digest(bytes)),
        size: bytes.len() as u64,
    })
}

impl Archive {
    /// The content of one file.
    pub(crate) fn file(&self, path: &str) -> Option<&[u8]> {
        let mut files = self.files.iter();
        files
            .find(|(entry, _)| entry.path == path)
            .map(|(_, bytes)| bytes.as_slice())
    }

    /// The same files, to be sealed anew.
    pub(crate) fn unsealed(&self) -> Result<Unsealed, String> {
        let files = self.files.iter();
        let files = files.map(|(entry, bytes)| (entry.path.clone(), bytes.clone()));
        Unsealed::new((&self.name, &self.version), files.collect())
    }
}

fn message(head: &[u8], key: &[u8]) -> Vec<u8> {
    [DOMAIN, key, head].concat()
}

fn verified(head: &[u8], key: &[u8], signature: &[u8]) -> Result<String, String> {
    let wrong = "its signature is not right";
    let key: &[u8; KEY_BYTES] = key.try_into().map_err(|_| wrong)?;
    let signature: &[u8; SIGNATURE_BYTES] = signature.try_into().map_err(|_| wrong)?;
    let verifying = VerifyingKey::from_bytes(key).map_err(|_| wrong)?;
    verifying
        .verify_strict(&message(head, key), &Signature::from_bytes(signature))
        .map_err(|_| wrong)?;
    Ok(fingerprint(key))
}

/// The list, if it is written as we would write it.
fn parse(bytes: &[u8]) -> Result<List, String> {
    #[derive(Deserialize)]
    struct Version {
        format: u32,
    }
    let unreadable =
        |error: serde_json::Error| format!("its list of files cannot be read: {error}");
    let version: Version = serde_json::from_slice(bytes).map_err(unreadable)?;
    if version.format != FORMAT {
        return Err(format!(
            "it has the format {}, and this version of Anteroom reads format {FORMAT}",
            version.format
        ));
    }
    let list: List = serde_json::from_slice(bytes).map_err(unreadable)?;
    check_list(&list)?;
    match serde_json::to_vec(&list) {
        Ok(again) if again == bytes => Ok(list),
        _ => Err("its list of files is not written in the one way there is".to_owned()),
    }
}

fn check_list(list: &List) -> Result<(), String> {
    if list.files.len() > FILES_MAX {
        return Err(too_many());
    }
    let mut total: u64 = 0;
    for file in &list.files {
        paths::check(&file.path)?;
        if file.size > FILE_MAX {
            return Err(too_large(&file.path));
        }
        total += file.size;
    }
    if total > CONTENT_MAX {
        return Err(format!(
            "its files are larger than {} MB together",
            CONTENT_MAX >> 20
        ));
    }
    paths::check_twins(list.files.iter().map(|file| file.path.as_str()))?;
    let is_sorted = list.files.windows(2).all(|two| two[0].path < two[1].path);
    match is_sorted {
        true => Ok(()),
        false => Err("its files are not in order".to_owned()),
    }
}

fn take(bytes: &[u8], count: usize) -> Result<(&[u8], &[u8]), String> {
    bytes
        .split_at_checked(count)
        .ok_or_else(|| "it is cut off".to_owned())
}

fn too_many() -> String {
    format!("it has more than {FILES_MAX} files, or too long names")
}

fn too_large(path: &str) -> String {
    format!("`{path}` is larger than {} MB", FILE_MAX >> 20)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer as _, SigningKey};

    fn seal(unsealed: &Unsealed, number: u8) -> Seal {
        let signing = SigningKey::from_bytes(&[number; 32]);
        let key = signing.verifying_key().to_bytes();
        let signature = signing.sign(&unsealed.message(&key)).to_bytes();
        Seal { key, signature }
    }

    fn small() -> Unsealed {
        let files = [
            ("b/SKILL.md", "two"),
            ("bundle.yaml", "name: small"),
            ("a.md", ""),
        ];
        let files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
        Unsealed::new(("small", "1.0.0"), files.into()).unwrap()
    }

    /// A head as an attacker may write it, signed rightly all the same.
    fn forged(list: &str, content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(list.len()).unwrap();
        let head = [MAGIC.as_slice(), &length.to_be_bytes(), list.as_bytes()].concat();
        let unsealed = Unsealed {
            head,
            content: content.to_vec(),
        };
        unsealed.bytes(Some(&seal(&unsealed, 7)))
    }

    fn listed(files: &[(&str, &[u8])]) -> String {
        let files: Vec<String> = files
            .iter()
            .map(|(path, bytes)| {
                let (size, hash) = (bytes.len(), hex(&Sha256::digest(bytes)));
                format!(
                    "{{\"path\":{},\"size\":{size},\"sha256\":\"{hash}\"}}",
                    serde_json::json!(path)
                )
            })
            .collect();
        let files = files.join(",");
        format!("{{\"format\":1,\"name\":\"x\",\"version\":\"1.0.0\",\"files\":[{files}]}}")
    }

    #[test]
    fn what_was_packed_is_what_is_read() {
        let unsealed = small();
        let sealed = seal(&unsealed, 1);
        let bytes = unsealed.bytes(Some(&sealed));
        assert_eq!(bytes, small().bytes(Some(&seal(&small(), 1))));
        let archive = open(&bytes).unwrap();
        assert_eq!(
            (archive.name.as_str(), archive.version.as_str()),
            ("small", "1.0.0")
        );
        let paths: Vec<&str> = archive
            .files
            .iter()
            .map(|(it, _)| it.path.as_str())
            .collect();
        assert_eq!(paths, ["a.md", "b/SKILL.md", "bundle.yaml"]);
        assert_eq!(archive.file("b/SKILL.md"), Some(b"two".as_slice()));
        assert_eq!(archive.fingerprint, Some(fingerprint(&sealed.key)));
        assert_eq!(archive.unsealed().unwrap().bytes(Some(&sealed)), bytes);
        let plain = open(&unsealed.bytes(None)).unwrap();
        assert_eq!(plain.fingerprint, None);
        assert_eq!(plain.files, archive.files);
        assert_ne!(plain.hash, archive.hash);
    }

    #[test]
    fn every_byte_of_a_signed_bundle_counts() {
        let unsealed = small();
        let bytes = unsealed.bytes(Some(&seal(&unsealed, 1)));
        assert!(open(&bytes).is_ok());
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x80;
            assert!(open(&flipped).is_err(), "byte {at} of {}", bytes.len());
        }
        for end in 0..bytes.len() {
            assert!(open(&bytes[..end]).is_err(), "cut at {end}");
        }
        let behind = [bytes.as_slice(), b"\0"].concat();
        assert_eq!(
            open(&behind),
            Err("there is something behind its end".into())
        );
    }

    #[test]
    fn a_signature_is_for_one_bundle_one_key_and_this_purpose() {
        let unsealed = small();
        let right = seal(&unsealed, 1);
        let other = seal(&unsealed, 2);
        let swapped = Seal {
            key: other.key,
            signature: right.signature,
        };
        assert!(open(&unsealed.bytes(Some(&swapped))).is_err());
        // The same head, signed without saying what for.
        let signing = SigningKey::from_bytes(&[1; 32]);
        let bare = Seal {
            key: right.key,
            signature: signing.sign(&unsealed.head).to_bytes(),
        };
        assert!(open(&unsealed.bytes(Some(&bare))).is_err());
        // A key for which anything is signed rightly, and no point of the curve.
        for key in [[0; 32], [0xff; 32], {
            let mut one = [0; 32];
            one[0] = 1;
            one
        }] {
            let weak = Seal {
                key,
                signature: [0; 64],
            };
            assert!(open(&unsealed.bytes(Some(&weak))).is_err(), "{key:?}");
        }
    }

    #[test]
    fn archive_attacks_are_refused_before_anything_is_unpacked() {
        let good = forged(&listed(&[("a", b"1"), ("b", b"2")]), b"12");
        assert!(open(&good).is_ok());
        for paths in [
            ["../a", "b"],
            ["/etc/cron.d/a", "b"],
            ["a/../../b", "c"],
            ["A", "a"],
            ["a", "a"],
            ["a", "a/b"],
            ["e\u{301}", "x"],
            ["K", "\u{212a}"],
            ["NUL", "b"],
            [".git/config", "b"],
            ["a\\..\\b", "c"],
            ["b", "a"],
        ] {
            let bad = forged(&listed(&[(paths[0], b"1"), (paths[1], b"2")]), b"12");
            assert!(open(&bad).is_err(), "{paths:?}");
        }
        let many: Vec<String> = (0..=FILES_MAX)
            .map(|number| format!("{number:06}"))
            .collect();
        let many: Vec<(&str, &[u8])> = many
            .iter()
            .map(|it| (it.as_str(), b"".as_slice()))
            .collect();
        assert!(
            open(&forged(&listed(&many), b""))
                .unwrap_err()
                .contains("files")
        );
    }

    #[test]
    fn lists_that_lie_or_are_written_otherwise_are_refused() {
        let list = listed(&[("a", b"1")]);
        assert!(open(&forged(&list, b"1")).is_ok());
        for (from, to) in [
            ("\"format\":1", "\"format\":2"),
            ("\"format\":1", "\"format\":1,\"links\":[]"),
            ("\"size\":1", "\"size\":1,\"size\":1"),
            ("\"size\":1", "\"size\":1,\"mode\":511"),
            ("\"size\":1", "\"size\":0"),
            ("\"size\":1", "\"size\":2"),
            ("\"size\":1", "\"size\":18446744073709551615"),
            ("\"size\":1", "\"size\":99999999999"),
            ("\"size\":1", "\"size\":-1"),
            ("\"a\"", "\"\\u0061\""),
            ("{\"path\"", " {\"path\""),
        ] {
            let other = list.replacen(from, to, 1);
            assert_ne!(other, list);
            assert!(open(&forged(&other, b"1")).is_err(), "{to}");
        }
        let format = open(&forged(&list.replacen(":1", ":2", 1), b"1")).unwrap_err();
        assert!(
            format.contains("format 2") && format.contains("format 1"),
            "{format}"
        );
        // A length that promises more than there is must not be believed.
        let mut long = MAGIC.to_vec();
        long.extend([0xff; 4]);
        assert!(open(&long).is_err());
    }
}
