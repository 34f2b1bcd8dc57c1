//! Addresses: where paths are added, what is shown, what is offered instead.

use super::{Addresses, url_fixes};

#[test]
fn paths_are_added() {
    let rows = [
        ("http://h/v1", "http://h/v1/models", "http://h/v1"),
        ("http://h/v1/", "http://h/v1/models", "http://h/v1"),
        (" http://h:1 ", "http://h:1/models", "http://h:1"),
        (
            "https://u:p@h/a?api-version=1#x",
            "https://u:p@h/a/models?api-version=1",
            "https://h/a",
        ),
    ];
    for (base, models, shown) in rows {
        let addresses = Addresses::of(base).unwrap();
        assert_eq!(
            (addresses.models.as_str(), addresses.shown.as_str()),
            (models, shown),
            "{base}"
        );
    }
}

#[test]
fn unusable_addresses_show_no_password() {
    for base in ["", "h", "ftp://u:secret@h/v1", "u:secret@h", "http://"] {
        let error = Addresses::of(base).err().map(|error| error.to_string());
        assert!(
            error.is_some_and(|error| !error.contains("secret")),
            "{base}"
        );
    }
}

#[test]
fn loopback_is_known() {
    let rows = [
        ("http://127.0.0.1:1/v1", true),
        ("http://127.9.9.9/v1", true),
        ("http://localhost/v1", true),
        ("http://[::1]:1/v1", true),
        ("http://10.0.0.1/v1", false),
        ("http://localhost.example.com/v1", false),
    ];
    for (base, expected) in rows {
        let found = Addresses::of(base).unwrap().is_loopback;
        assert_eq!(found, expected, "{base}");
    }
}

#[test]
fn fixes_are_offered() {
    let rows: [(&str, &[&str]); 9] = [
        ("", &[]),
        ("http://h:1/v1", &["https://h:1/v1"]),
        ("https://h", &["https://h/v1", "http://h"]),
        (
            "http://h/v1/chat/completions",
            &["http://h/v1", "https://h/v1/chat/completions"],
        ),
        ("https://h/models/", &["https://h/v1", "http://h/models"]),
        (
            "http://127.0.0.0:1/v1",
            &["http://127.0.0.1:1/v1", "https://127.0.0.0:1/v1"],
        ),
        ("localhost:11434", &["http://localhost:11434/v1"]),
        ("api.example.com/v1", &["https://api.example.com/v1"]),
        (
            "192.168.0.2:8000/v1/chat/completions",
            &["http://192.168.0.2:8000/v1"],
        ),
    ];
    for (base, expected) in rows {
        let found: Vec<String> = url_fixes(base)
            .into_iter()
            .map(|fix| fix.base_url)
            .collect();
        assert_eq!(found, expected, "{base}");
    }
}
