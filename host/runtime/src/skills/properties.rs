//! What holds for every file that claims to be a skill, and for everything it is called with.

use super::fill::fill;
use super::manifest::{DESCRIPTION_CHARS, Manifest, Notes, is_name, markdown, yaml};
use crate::settled::settled;
use proptest::prelude::*;

/// A skill's file, or something that looks like one.
fn file() -> impl Strategy<Value = String> {
    let key = proptest::sample::select(vec![
        "name",
        "description",
        "prompt",
        "arguments",
        "argument-hint",
        "allowed-tools",
        "disable-model-invocation",
        "user-invocable",
        "model",
        "x",
    ]);
    let value = prop_oneof![
        "[a-z][a-z0-9-]{0,9}",
        "[a-z0-9 :$#*(),-]{0,20}",
        "[\\[\\]{},:&*!|>%@`'\"#a-z \n-]{0,14}",
        Just("[read_file, bash:git *]".to_owned()),
        Just("[one, two]".to_owned()),
    ];
    let line = (key, value).prop_map(|(key, value)| format!("{key}: {value}\n"));
    let lines = proptest::collection::vec(line, 0..7).prop_map(|lines| lines.concat());
    let marked =
        (lines.clone(), "(?s).{0,30}", any::<bool>()).prop_map(|(lines, body, is_shut)| {
            format!("---\n{lines}{}{body}", if is_shut { "---\n" } else { "" })
        });
    prop_oneof![4 => marked, 2 => lines, 1 => "(?s).{0,40}"]
}

fn sound(manifest: &Manifest, notes: &Notes) -> Result<(), TestCaseError> {
    if !notes.has_errors() {
        prop_assert!(is_name(&manifest.name), "{}", manifest.name);
        prop_assert!(!manifest.description.trim().is_empty());
        prop_assert!(manifest.description.chars().count() <= DESCRIPTION_CHARS);
    }
    Ok(())
}

proptest! {
    #![proptest_config(settled(3000))]

    #[test]
    fn a_skill_is_refused_in_words_or_sound(text in file(), stem in "[a-zA-Z0-9_.-]{0,12}") {
        let mut notes = Notes::of("SKILL.md");
        let manifest = markdown(&text, &stem, &mut notes);
        sound(&manifest, &notes)?;
        let mut notes = Notes::of("old.yaml");
        let manifest = yaml(&text, &stem, &mut notes);
        sound(&manifest, &notes)?;
    }

    /// What somebody gives a skill never becomes a place for something else.
    #[test]
    fn arguments_are_put_in_once(arguments in "[a-z$0-9{}\\\\ '\"ü]{0,24}", before in "[a-z \n]{0,8}") {
        let manifest = Manifest { body: format!("{before}$ARGUMENTS"), ..Manifest::default() };
        prop_assert_eq!(fill(&manifest, &arguments, None), format!("{before}{}", arguments.trim()));
        let old = Manifest { body: format!("{before}{{args}}"), is_old: true, ..Manifest::default() };
        prop_assert_eq!(fill(&old, &arguments, None), format!("{before}{}", arguments.trim()));
    }

    #[test]
    fn instructions_are_filled_whatever_they_hold(body in "[a-z$0-9{}\\\\ ARGUMENTS'\"ü]{0,40}", arguments in "(?s).{0,12}") {
        let manifest = Manifest {
            body: body.clone(),
            argument_names: vec!["a".to_owned(), "ab".to_owned()],
            ..Manifest::default()
        };
        let filled = fill(&manifest, &arguments, Some("/skills/one"));
        if !body.contains(['$', '\\']) && arguments.trim().is_empty() {
            prop_assert_eq!(filled, body);
        }
    }
}
