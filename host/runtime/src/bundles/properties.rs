//! What holds for every file that claims to be a bundle: refused in words, or whole and harmless.

use super::archive::{Seal, Unsealed, open};
use super::{manifest, paths, powers};
use crate::settled::settled;
use ed25519_dalek::{Signer as _, SigningKey};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;

/// Paths as bundles have them, and others.
fn path() -> impl Strategy<Value = String> {
    let known = proptest::sample::select(vec![
        "bundle.yaml",
        "instructions.md",
        "mcp.yaml",
        "settings.yaml",
        "skills/one/SKILL.md",
        "skills/one/check.sh",
        "skills/two/SKILL.md",
        "tools/read.wasm",
        "agents/a.yaml",
        "README.md",
    ]);
    prop_oneof![
        8 => known.prop_map(str::to_owned),
        1 => "[a-zA-Z./ :\\\\~ü-]{0,12}",
        1 => "(?s).{0,6}",
    ]
}

/// A value as YAML has it, or something like it.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9. -]{0,9}",
        "[\\[\\]{},:&*!|>%@`'\"#a-z0-9 \n-]{0,14}",
        Just("1.0.0".to_owned()),
        Just("[bundle, one, read, settings]".to_owned()),
        Just("[{ name: read, tools: [{ name: look, description: looks }] }]".to_owned()),
        Just("[{ name: time, command: time-server }]".to_owned()),
    ]
}

/// The text of one of a bundle's files.
fn words() -> impl Strategy<Value = String> {
    let key = proptest::sample::select(vec![
        "name",
        "version",
        "author",
        "licence",
        "minimum_anteroom",
        "holds",
        "toolsets",
        "mcp_servers",
        "safety.approval_mode",
        "description",
        "x",
    ]);
    let line = (key, value()).prop_map(|(key, value)| format!("{key}: {value}\n"));
    let good = value().prop_map(|holds| {
        format!(
            "name: small\nversion: 1.0.0\nauthor: A\nlicence: MIT\nminimum_anteroom: 0.1.0\nholds: {holds}\n"
        )
    });
    prop_oneof![
        proptest::collection::vec(line, 0..8).prop_map(|lines| lines.concat()),
        good,
        "(?s).{0,30}",
    ]
}

fn files() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let content = prop_oneof![
        4 => words().prop_map(String::into_bytes),
        1 => proptest::collection::vec(any::<u8>(), 0..40),
    ];
    proptest::collection::vec((path(), content), 0..6)
}

fn bytes_of(unsealed: &Unsealed, number: Option<u8>) -> Vec<u8> {
    let seal = number.map(|number| {
        let signing = SigningKey::from_bytes(&[number; 32]);
        let key = signing.verifying_key().to_bytes();
        let signature = signing.sign(&unsealed.message(&key)).to_bytes();
        Seal { key, signature }
    });
    unsealed.bytes(seal.as_ref())
}

/// One change of some bytes.
#[derive(Clone, Debug)]
enum Change {
    Set(Index, u8),
    Cut(Index),
    Take(Index),
    Add(Index, u8),
    Twice(Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        3 => (at(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        1 => at().prop_map(Change::Cut),
        1 => at().prop_map(Change::Take),
        1 => (at(), any::<u8>()).prop_map(|(at, byte)| Change::Add(at, byte)),
        1 => (at(), at()).prop_map(|(from, to)| Change::Twice(from, to)),
    ]
}

fn changed(bytes: &[u8], change: &Change) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let length = bytes.len();
    match change {
        Change::Set(at, byte) => bytes[at.index(length)] = *byte,
        Change::Cut(at) => bytes.truncate(at.index(length)),
        Change::Take(at) => drop(bytes.remove(at.index(length))),
        Change::Add(at, byte) => bytes.insert(at.index(length + 1), *byte),
        Change::Twice(from, to) => {
            let (from, to) = (from.index(length), to.index(length));
            let part = bytes[from.min(to)..from.max(to)].to_vec();
            bytes.extend(part);
        }
    }
    bytes
}

proptest! {
    #![proptest_config(settled(1500))]

    #[test]
    fn what_is_put_together_is_read_back(files in files(), number in any::<Option<u8>>()) {
        let Ok(unsealed) = Unsealed::new(("small", "1.0.0"), files.clone()) else {
            return Ok(());
        };
        let archive = open(&bytes_of(&unsealed, number)).expect("what was put together opens");
        prop_assert_eq!(archive.fingerprint.is_some(), number.is_some());
        let mut expected = files;
        expected.sort();
        let found: Vec<_> = archive.files.iter().map(|(entry, bytes)| (entry.path.clone(), bytes.clone())).collect();
        prop_assert_eq!(found, expected);
        for (entry, _) in &archive.files {
            prop_assert!(paths::check(&entry.path).is_ok());
            prop_assert!(entry.path.split('/').all(|part| !part.is_empty() && part != ".." && part != "."));
        }
    }

    #[test]
    fn a_signed_bundle_that_was_changed_is_refused(
        files in files(),
        changes in proptest::collection::vec(change(), 1..4),
    ) {
        let Ok(unsealed) = Unsealed::new(("small", "1.0.0"), files) else {
            return Ok(());
        };
        let whole = bytes_of(&unsealed, Some(7));
        let other = changes.iter().fold(whole.clone(), |bytes, change| match bytes.is_empty() {
            true => bytes,
            false => changed(&bytes, change),
        });
        prop_assert_eq!(open(&other).is_ok(), other == whole);
    }

    #[test]
    fn whatever_the_list_says_it_is_refused_in_words_or_sound(
        sizes in proptest::collection::vec(prop_oneof![Just(0_u64), 0..9_u64, any::<u64>()], 0..4),
        format in prop_oneof![6 => Just(1_u64), 1 => any::<u64>()],
        path in path(),
        length in prop_oneof![6 => Just(None), 1 => any::<u32>().prop_map(Some)],
        content in proptest::collection::vec(any::<u8>(), 0..12),
    ) {
        let entries: Vec<_> = sizes
            .iter()
            .enumerate()
            .map(|(index, size)| json!({ "path": format!("{path}{index}"), "size": size, "sha256": "00" }))
            .collect();
        let list = json!({ "format": format, "name": "small", "version": "1.0.0", "files": entries }).to_string();
        let length = length.unwrap_or(u32::try_from(list.len()).expect("short"));
        let bytes = [b"anteroom-bundle\n".as_slice(), &length.to_be_bytes(), list.as_bytes(), &[0], &content].concat();
        match open(&bytes) {
            Ok(archive) => prop_assert!(archive.files.is_empty() && content.is_empty()),
            Err(words) => prop_assert!(!words.is_empty()),
        }
    }

    #[test]
    fn what_it_says_of_itself_is_refused_in_words_or_can_be_shown(files in files()) {
        let Ok(unsealed) = Unsealed::new(("small", "1.0.0"), files) else {
            return Ok(());
        };
        let archive = open(&bytes_of(&unsealed, None)).expect("what was put together opens");
        match manifest::read(&archive) {
            Err(words) => prop_assert!(!words.is_empty()),
            Ok(contents) => {
                let can = powers::of(&contents);
                prop_assert!(powers::changes(&can, &can).is_empty());
                prop_assert_eq!(&contents.manifest.name, "small");
            }
        }
    }
}
