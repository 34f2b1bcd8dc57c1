//! First start, repair, and what is refused.

use super::*;
use crate::config::Secret;
use std::collections::BTreeMap;

const NOBODY: IdentitySettings = IdentitySettings {
    user_id: None,
    display_name: None,
    public_key: None,
    private_key: None,
};

fn ensure(home: &Path) -> Result<Identity, Problem> {
    Identity::ensure(home, &NOBODY, &Ambient::system())
}

#[test]
fn the_first_start_makes_an_identity_that_stays() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path().join("new/home");
    let first = ensure(&home).unwrap();
    let second = ensure(&home).unwrap();
    assert_eq!(first.user_id(), second.user_id());
    assert_eq!(first.key, second.key);
    assert_eq!(first.display_name(), "user");
    uuid::Uuid::parse_str(first.user_id()).unwrap();
    let names: Vec<_> = fs::read_dir(&home)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
fn signatures_hold_for_one_message_and_one_identity() {
    let home = tempfile::tempdir().unwrap();
    let identity = ensure(home.path()).unwrap();
    let signature = identity.sign(b"message");
    assert!(identity.verify(b"message", &signature));
    assert!(!identity.verify(b"messag", &signature));
    let mut other = signature;
    other[0] ^= 1;
    assert!(!identity.verify(b"message", &other));
    let stranger = tempfile::tempdir().unwrap();
    assert!(
        !ensure(stranger.path())
            .unwrap()
            .verify(b"message", &signature)
    );
}

#[cfg(unix)]
#[test]
fn the_files_belong_to_the_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let outer = tempfile::tempdir().unwrap();
    let home = outer.path().join("home");
    ensure(&home).unwrap();
    assert_eq!(mode(&home), 0o700);
    for name in [KEY_FILE, CARD_FILE] {
        let path = home.join(name);
        assert_eq!(mode(&path), 0o600, "{name}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    }
    ensure(&home).unwrap();
    for name in [KEY_FILE, CARD_FILE] {
        assert_eq!(mode(&home.join(name)), 0o600, "{name} is closed again");
    }
}

#[test]
fn what_is_missing_is_made_and_the_rest_is_kept() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let first = ensure(home).unwrap();

    fs::remove_file(home.join(CARD_FILE)).unwrap();
    let without_card = ensure(home).unwrap();
    assert_eq!(without_card.key, first.key);
    assert_ne!(without_card.user_id(), first.user_id());

    fs::remove_file(home.join(KEY_FILE)).unwrap();
    let without_key = ensure(home).unwrap();
    assert_ne!(without_key.key, first.key);
    assert_eq!(without_key.user_id(), without_card.user_id());
    let card = read_card(&home.join(CARD_FILE)).unwrap().unwrap();
    assert_eq!(
        card.public_key,
        Some(without_key.public_key().unwrap()),
        "the card follows the key"
    );

    for name in [KEY_FILE, CARD_FILE] {
        fs::write(home.join(name), "").unwrap();
    }
    let anew = ensure(home).unwrap();
    assert_eq!(ensure(home).unwrap().user_id(), anew.user_id());

    fs::write(home.join(CARD_FILE), "{}").unwrap();
    assert_eq!(ensure(home).unwrap().key, anew.key);
}

#[test]
fn what_is_broken_is_refused_and_left_alone() {
    for name in [KEY_FILE, CARD_FILE] {
        let home = tempfile::tempdir().unwrap();
        ensure(home.path()).unwrap();
        let path = home.path().join(name);
        fs::write(&path, "neither PEM nor JSON").unwrap();
        let problem = ensure(home.path()).unwrap_err();
        assert_eq!(problem.code, ProblemCode::InvalidConfig);
        assert!(problem.error.contains(name), "{problem}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "neither PEM nor JSON");
    }
}

#[test]
fn settings_come_first_and_are_not_written() {
    let other = tempfile::tempdir().unwrap();
    let known = ensure(other.path()).unwrap();
    let pem = fs::read_to_string(other.path().join(KEY_FILE)).unwrap();
    let settings = IdentitySettings {
        user_id: Some("somebody".to_owned()),
        display_name: Some("Some Body".to_owned()),
        public_key: None,
        private_key: Some(Secret::new(format!("\n{pem}\n"))),
    };
    let home = tempfile::tempdir().unwrap();
    let identity = Identity::ensure(home.path(), &settings, &Ambient::fixed(1)).unwrap();
    assert_eq!(
        (identity.user_id(), identity.display_name()),
        ("somebody", "Some Body")
    );
    assert_eq!(identity.key, known.key);
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    assert!(!format!("{identity:?}{settings:?}").contains("PRIVATE KEY"));

    let partly = IdentitySettings {
        private_key: None,
        ..settings
    };
    let repaired = Identity::ensure(home.path(), &partly, &Ambient::fixed(1)).unwrap();
    assert_eq!(repaired.user_id(), "somebody");
    assert!(home.path().join(KEY_FILE).exists());
    assert!(!home.path().join(CARD_FILE).exists());

    let broken = IdentitySettings {
        private_key: Some(Secret::new("abc-secret")),
        ..partly
    };
    let problem = Identity::ensure(home.path(), &broken, &Ambient::fixed(1)).unwrap_err();
    assert!(problem.error.contains("identity.private_key"), "{problem}");
    assert!(!problem.to_string().contains("abc-secret"), "{problem}");
}

#[test]
fn the_name_comes_from_the_environment_if_nobody_set_it() {
    let home = tempfile::tempdir().unwrap();
    let named = |name: &str| BTreeMap::from([("USER".to_owned(), name.to_owned())]);
    for (name, expected) in [("ada", "ada"), (" ", "user")] {
        let ambient = Ambient::fixed(1).with_environment(named(name));
        let identity = Identity::ensure(home.path(), &NOBODY, &ambient).unwrap();
        assert_eq!(identity.display_name(), expected);
    }
}

#[test]
fn starts_at_the_same_time_end_with_one_identity() {
    let home = tempfile::tempdir().unwrap();
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let home = home.path().to_owned();
            std::thread::spawn(move || ensure(&home).unwrap())
        })
        .collect();
    let mut found: Vec<_> = threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .map(|identity| (identity.user_id().to_owned(), identity.key.to_bytes()))
        .collect();
    found.dedup();
    assert_eq!(found.len(), 1);
    assert_eq!(
        fs::read_dir(home.path()).unwrap().count(),
        2,
        "no temporary file is left"
    );
}

#[test]
fn a_key_of_the_original_is_understood() {
    // PKCS#8 version 1 without the public key, as Python's `cryptography` writes it: RFC 8410,
    // section 10.3.
    let pem = "-----BEGIN PRIVATE KEY-----\n\
               MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
               -----END PRIVATE KEY-----";
    let key = decode(pem, "here").unwrap();
    assert!(
        public_pem(&key.verifying_key())
            .unwrap()
            .contains("MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=")
    );
}
