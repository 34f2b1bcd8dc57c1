//! What holds for every manifest a component can send: it is refused in words, or it is what the host relies on.

#[path = "../../../../../tests/support/settled.rs"]
mod settled;

use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use settled::settled;

/// A schema, or something that looks like one: the keywords, on values that fit them and on others.
fn schema() -> impl Strategy<Value = Value> {
    let reference = prop_oneof![
        Just("#"),
        Just("#/$defs/a"),
        Just("#/properties/a"),
        Just("x")
    ];
    let leaf = prop_oneof![
        Just(json!({ "type": "object" })),
        Just(json!({ "type": ["string", "null"] })),
        reference.prop_map(|reference| json!({ "$ref": reference })),
        "[a(+*\\[\\])\\\\{1,9}^$.|?]{0,8}".prop_map(|pattern| json!({ "pattern": pattern })),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(|number| json!({ "maxLength": number, "minimum": number })),
        "\\PC{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let list = proptest::collection::vec(inner.clone(), 0..3);
        prop_oneof![
            (list.clone(), 0..3_usize).prop_map(|(list, which)| {
                json!({ (["allOf", "anyOf", "oneOf"][which]): list })
            }),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| {
                json!({ "type": "object", "properties": { "a": one, "b": other } })
            }),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| {
                json!({ "type": "object", "$defs": { "a": one }, "properties": { "a": other } })
            }),
            inner
                .clone()
                .prop_map(|one| json!({ "items": one, "not": 7 })),
            inner.prop_map(|one| json!({ "additionalProperties": one })),
            list.prop_map(|list| json!({ "enum": list })),
        ]
    })
}

fn text() -> impl Strategy<Value = String> {
    let whole = schema().prop_map(|mut schema| {
        if let Some(keywords) = schema.as_object_mut() {
            keywords.entry("type").or_insert_with(|| "object".into());
        }
        schema.to_string()
    });
    let end = prop_oneof![6 => Just(None), 1 => any::<proptest::sample::Index>().prop_map(Some)];
    let cut = (whole, end).prop_map(|(text, end)| match end {
        None => text,
        Some(end) => text.chars().take(end.index(text.len() + 1)).collect(),
    });
    prop_oneof![8 => cut, 1 => "\\PC{0,20}"]
}

proptest! {
    #![proptest_config(settled(3000))]

    #[test]
    fn a_manifest_is_refused_in_words_or_sound(
        name in prop_oneof![3 => "[a-z][a-z0-9_]{0,8}", 1 => "(?s).{0,9}"],
        description in "(?s).{0,20}",
        input_schema in text(),
        arguments in prop_oneof![Just(json!({})), Just(json!({ "a": { "a": [1, "x"] }, "b": null }))],
    ) {
        let manifest = Manifest {
            name,
            description,
            input_schema,
            tier: Tier::Write,
            capabilities: vec![Capability::Process, Capability::FilesRead],
            timeout_ms: Some(u32::MAX),
        };
        match check_tool(manifest) {
            Err(words) => {
                prop_assert!(!words.is_empty());
                prop_assert!(!words.chars().any(char::is_control), "{:?}", words);
            }
            Ok(tool) => {
                let name = &tool.view.name;
                prop_assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{}", name);
                prop_assert_eq!(tool.view.input_schema.get("type"), Some(&json!("object")));
                // It can be asked, and comes back.
                let _ = tool.validator.is_valid(&arguments);
            }
        }
    }
}
