//! Texts: nothing invisible is shown, no planted secret comes through, and pieces hide what the whole hides.

use super::settled::settled;
use crate::visible::hides;
use crate::{MaskStream, Masker, has_mask, visible, visible_block};
use proptest::prelude::*;

/// Secrets by their look, put together so that none stands here whole.
fn secret() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z0-9]{36}".prop_map(|rest| format!("ghp_{rest}1")),
        "[A-Z0-9]{16}"
            .prop_map(|rest| format!("AKIA{rest}"))
            .prop_filter("a number", |text| text[4..]
                .contains(|c: char| c.is_ascii_digit())),
        "[A-Za-z0-9]{24}".prop_map(|rest| format!("sk_live_{rest}1")),
        "[A-Za-z0-9_-]{30}".prop_map(|rest| format!("sk-ant-{rest}a1")),
    ]
}

/// What may stand around it: nothing that would be a part of it.
fn around() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z ,;:\"'()\n]{0,40}",
        "\\PC{0,20} ",
        Just("token = ".to_owned()),
        Just("\n".to_owned())
    ]
}

fn streamed(masker: &Masker, text: &str, sizes: &[usize]) -> String {
    let mut stream = MaskStream::new(masker.clone());
    let mut told = String::new();
    let chars: Vec<char> = text.chars().collect();
    let (mut at, mut turn) = (0, 0);
    while at < chars.len() {
        let size = sizes[turn % sizes.len()].max(1);
        let end = (at + size).min(chars.len());
        told.push_str(&stream.push(&chars[at..end].iter().collect::<String>()));
        (at, turn) = (end, turn + 1);
    }
    told + &stream.finish()
}

proptest! {
    #![proptest_config(settled(600))]

    #[test]
    fn nothing_invisible_is_shown(text in any::<String>()) {
        prop_assert!(!visible(&text).chars().any(hides));
        let block = visible_block(&text);
        prop_assert!(!block.chars().any(|c| hides(c) && c != '\n' && c != '\t'));
        prop_assert_eq!(visible(&visible(&text)), visible(&text));
    }

    #[test]
    fn a_planted_secret_never_comes_through(
        before in around(),
        secret in secret(),
        after in around(),
        sizes in proptest::collection::vec(1_usize..30, 1..6),
    ) {
        // It stands apart from what is around it.
        let apart = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        let (before, after) = (before.trim_end_matches(apart), after.trim_start_matches(apart));
        let text = format!("{before}{secret}{after}");
        let masker = Masker::default();
        let masked = masker.mask(&text);
        prop_assert!(!masked.contains(&secret), "{}", masked);
        prop_assert!(has_mask(&masked));
        prop_assert!(!streamed(&masker, &text, &sizes).contains(&secret));
    }

    #[test]
    fn a_known_value_never_comes_through(
        before in "\\PC{0,30}",
        value in "[a-zA-Z0-9+/!@# ]{8,40}[a-z0-9]",
        after in "\\PC{0,30}",
        sizes in proptest::collection::vec(1_usize..30, 1..6),
    ) {
        let value = value.trim();
        prop_assume!(value.len() >= 8);
        let masker = Masker::new([value]);
        prop_assume!(has_mask(&masker.mask(value)));
        let text = format!("{before}{value}{after}");
        prop_assert!(!masker.mask(&text).contains(value));
        let _ = streamed(&masker, &text, &sizes);
        let json = serde_json::json!({ "a": [text] });
        prop_assert!(!masker.masked_json(&json).to_string().contains(value));
    }

    #[test]
    fn masking_ends_and_settles(text in any::<String>()) {
        let masker = Masker::default();
        let once = masker.mask(&text).into_owned();
        prop_assert_eq!(masker.mask(&once).into_owned(), once);
    }

    #[test]
    fn pieces_hide_what_the_whole_hides(
        parts in proptest::collection::vec(prop_oneof![
            proptest::sample::select(vec![
                "password", "=", ": ", "\"", "hunter2x", " ", "\n", "token", "Bearer ", "://", "a:b2c3@", "eyJ", ".",
                "-----BEGIN PRIVATE KEY-----\n", "-----END PRIVATE KEY-----\n", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n",
                "ghp_", "16C7e42F292c6912E7710c838347Ae178B4a", "key", "ä", "AKIA", "IOSFODNN7EXAMPLE", ",",
            ]).prop_map(str::to_owned),
            "[a-z ]{0,8}",
        ], 0..20),
        sizes in proptest::collection::vec(1_usize..40, 1..5),
    ) {
        let text = parts.concat();
        // Of a key whose beginning never came, the lines are told before its end.
        let end = text.find("-----END").unwrap_or(text.len());
        let begin = text.find("-----BEGIN").unwrap_or(text.len());
        prop_assume!(begin <= end && text.matches("-----END").count() <= 1);
        let masker = Masker::default();
        let whole = masker.mask(&text).into_owned();
        let told = streamed(&masker, &text, &sizes);
        for secret in ["hunter2x", "16C7e42F292c6912E7710c838347Ae178B4a", "IOSFODNN7EXAMPLE", "MIIEvQIBADANBg"] {
            prop_assert!(told.matches(secret).count() <= whole.matches(secret).count(), "{:?}\n{:?}", told, whole);
        }
    }
}
