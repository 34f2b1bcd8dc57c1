//! What holds for every text and every edit, tried with many of both.

#[path = "../../../tests/support/settled.rs"]
mod settled;

use super::{Edit, apply};
use proptest::prelude::*;
use settled::settled;

/// Few letters, so that texts repeat themselves; blanks, so that lines differ in nothing else.
const LETTERS: &str = "[ab \t\nü🙂]{0,40}";

/// An edit, mostly of something that stands in the text, mostly as it stands there.
fn edit_of(text: &str) -> impl Strategy<Value = Edit> + use<> {
    let characters: Vec<char> = text.chars().collect();
    let length = characters.len();
    let cut = (0..=length, 0..=length).prop_map(move |(one, other)| {
        let (from, to) = (one.min(other), one.max(other));
        characters[from..to].iter().collect::<String>()
    });
    let reworded = cut
        .clone()
        .prop_map(|text| text.replace('\n', " \n\t").replace("  ", " "));
    let old_text = prop_oneof![6 => cut, 3 => reworded, 1 => LETTERS];
    let replace_all = prop_oneof![Just(None), any::<bool>().prop_map(Some)];
    (old_text, LETTERS, replace_all).prop_map(|(old_text, new_text, replace_all)| Edit {
        old_text,
        new_text,
        replace_all,
    })
}

fn text_and_edits(letters: &'static str) -> impl Strategy<Value = (String, Vec<Edit>)> {
    letters.prop_flat_map(|text| {
        let edits = proptest::collection::vec(edit_of(&text), 1..4);
        (Just(text), edits)
    })
}

proptest! {
    #![proptest_config(settled(2000))]

    #[test]
    fn several_edits_are_one_after_another_or_none((text, edits) in text_and_edits(LETTERS)) {
        let together = apply("a", &text, &edits);
        let mut current = Ok(text);
        for edit in &edits {
            current = current.and_then(|text| {
                apply("a", &text, std::slice::from_ref(edit)).map(|edited| edited.text)
            });
        }
        match (together, current) {
            (Ok(together), Ok(text)) => prop_assert_eq!(together.text, text),
            (Err(_), Err(_)) => {}
            (one, other) => prop_assert!(false, "{:?} and {:?}", one, other),
        }
    }

    #[test]
    fn only_the_named_place_changes(
        before in LETTERS, old_text in "[xyz]{1,6}", after in LETTERS, new_text in LETTERS,
    ) {
        let text = format!("{before}{old_text}{after}");
        let edit = Edit { old_text, new_text: new_text.clone(), replace_all: None };
        let edited = apply("a", &text, &[edit]).unwrap();
        prop_assert_eq!(edited.text, format!("{before}{new_text}{after}"));
        prop_assert!(edited.notes.is_empty());
    }

    #[test]
    fn lines_outside_of_a_forgiven_place_stay(
        before in "([ab]{1,5}\n){0,4}",
        words in proptest::collection::vec("[xyz]{1,4}", 1..5),
        after in "([ab]{1,5}\n){0,4}",
        indent in "[ \t]{1,4}",
    ) {
        let there: String = words.iter().map(|word| format!("{indent}{word}\n")).collect();
        let wanted: String = words.iter().map(|word| format!("{word}\n")).collect();
        // With no more than one line, the wanted text stands there exactly, behind the indentation.
        let new_text: String = words.iter().map(|word| format!("{word}{word}\n")).collect();
        let expected: String = words.iter().map(|word| format!("{indent}{word}{word}\n")).collect();
        let text = format!("{before}{there}{after}");
        let edit = Edit { old_text: wanted, new_text, replace_all: None };
        let edited = apply("a", &text, &[edit]).unwrap();
        prop_assert_eq!(edited.text, format!("{before}{expected}{after}"));
    }

    #[test]
    fn lines_keep_their_ends((text, edits) in text_and_edits("([ab ü]{0,6}\r\n){1,8}")) {
        if let Ok(edited) = apply("a", &text, &edits) {
            prop_assert_eq!(
                edited.text.matches('\n').count(),
                edited.text.matches("\r\n").count(),
                "{:?}", edited.text
            );
        }
    }

    #[test]
    fn whatever_comes_is_answered(
        (text, edits) in text_and_edits("[ab \t\r\n\u{b}\u{85}\u{2028}ü🙂\u{feff}\0]{0,60}"),
    ) {
        if let Err(error) = apply("a", &text, &edits) {
            prop_assert!(!error.words().is_empty());
        }
    }
}
