//! JSON Schema of an argument struct, as small as it can be said: it is sent to the model with every request.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

/// The schema of `T` without what the model does not need: no `$schema`, no references, no titles, no formats, no
/// `null` beside a type (an optional member is one that is not required), no defaults, nothing about members that
/// are not named (a struct that denies them refuses them itself, naming the known ones).
pub(crate) fn compact<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.meta_schema = None;
        settings.inline_subschemas = true;
    });
    let mut schema = settings
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value();
    if let Some(root) = schema.as_object_mut() {
        root.shift_remove("description");
    }
    shrink(&mut schema);
    schema
}

fn shrink(schema: &mut Value) {
    let Some(members) = schema.as_object_mut() else {
        return;
    };
    for name in ["title", "default", "additionalProperties"] {
        // A map's `additionalProperties` is a schema and says what its values are; only `false` is left out.
        if name != "additionalProperties" || members.get(name) == Some(&Value::Bool(false)) {
            members.shift_remove(name);
        }
    }
    drop_bounds_of_type(members);
    if members.get("description").and_then(Value::as_str) == Some("") {
        members.shift_remove("description");
    }
    members.shift_remove("format");
    drop_null(members);
    join_constants(members);
    for (name, member) in members.iter_mut() {
        match (name.as_str(), member) {
            ("properties", Value::Object(properties)) => properties.values_mut().for_each(shrink),
            ("anyOf" | "oneOf" | "allOf", Value::Array(schemas)) => {
                schemas.iter_mut().for_each(shrink);
            }
            ("items" | "additionalProperties", inner) => shrink(inner),
            _ => {}
        }
    }
}

/// The bounds that a number has by its type say nothing; those that somebody wrote stay.
fn drop_bounds_of_type(members: &mut Map<String, Value>) {
    let format = members.get("format").and_then(Value::as_str);
    let (least, most) = match format {
        Some("uint8") => (0.0, f64::from(u8::MAX)),
        Some("uint16") => (0.0, f64::from(u16::MAX)),
        Some("int8") => (f64::from(i8::MIN), f64::from(i8::MAX)),
        Some("int16") => (f64::from(i16::MIN), f64::from(i16::MAX)),
        Some(format) if format.starts_with("uint") => (0.0, f64::INFINITY),
        _ => (f64::NEG_INFINITY, f64::INFINITY),
    };
    let bound = |name: &str| members.get(name).and_then(Value::as_f64);
    let is_least = bound("minimum").is_some_and(|bound| bound <= least);
    let is_most = bound("maximum").is_some_and(|bound| bound >= most);
    for (name, is_of_type) in [("minimum", is_least), ("maximum", is_most)] {
        if is_of_type {
            members.shift_remove(name);
        }
    }
}

/// `["string", "null"]` becomes `"string"`; `anyOf [X, null]` becomes `X`; an enum loses its `null`.
fn drop_null(members: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = members.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            members.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(values)) = members.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    let Some(Value::Array(mut choices)) = members.shift_remove("anyOf") else {
        return;
    };
    choices.retain(|choice| choice.get("type") != Some(&Value::from("null")));
    if choices.len() == 1
        && let Some(Value::Object(only)) = choices.pop()
    {
        members.extend(only);
    } else {
        members.insert("anyOf".to_owned(), Value::Array(choices));
    }
}

/// An enum whose variants are documented comes as `oneOf` constants; the model only needs the names.
fn join_constants(members: &mut Map<String, Value>) {
    let Some(choices) = members.get("oneOf").and_then(Value::as_array) else {
        return;
    };
    let constants: Option<Vec<Value>> = choices
        .iter()
        .map(
            |choice| match choice.get("enum").and_then(Value::as_array) {
                Some(values) if values.len() == 1 => values.first().cloned(),
                _ => choice.get("const").cloned(),
            },
        )
        .collect();
    if let Some(constants) = constants {
        members.shift_remove("oneOf");
        members.insert("type".to_owned(), Value::from("string"));
        members.insert("enum".to_owned(), Value::Array(constants));
    }
}

#[cfg(test)]
mod tests {
    #![allow(dead_code, reason = "the fields are only described")]

    use super::*;
    use serde::Deserialize;
    use serde_json::json;

    #[track_caller]
    fn check<T: JsonSchema>(expected: Value) {
        assert_eq!(compact::<T>(), expected);
    }

    /// Not for the model.
    #[derive(Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Search {
        /// What to look for
        pattern: String,
        #[serde(default)]
        edits: Vec<Edit>,
        mode: Option<Mode>,
        limit: Option<usize>,
        #[serde(default)]
        deep: bool,
    }

    #[derive(Deserialize, JsonSchema)]
    struct Edit {
        old: String,
        all: Option<bool>,
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    enum Mode {
        /// One.
        Lines,
        /// Two.
        Files,
    }

    #[test]
    fn schemas_are_inlined_and_bare() {
        check::<Search>(json!({
            "type": "object",
            "properties": {
                "pattern": {"description": "What to look for", "type": "string"},
                "edits": {"type": "array", "items": {
                    "type": "object",
                    "properties": {"old": {"type": "string"}, "all": {"type": "boolean"}},
                    "required": ["old"],
                }},
                "mode": {"type": "string", "enum": ["lines", "files"]},
                "limit": {"type": "integer"},
                "deep": {"type": "boolean"},
            },
            "required": ["pattern"],
        }));
    }

    #[test]
    fn bounds_are_told_if_somebody_wrote_them() {
        #[derive(Deserialize, JsonSchema)]
        struct Bounded {
            #[schemars(range(min = 1, max = 10))]
            few: u8,
            #[schemars(range(min = -5))]
            cold: i16,
            #[schemars(range(max = 500))]
            many: usize,
            #[schemars(length(max = 3))]
            names: Vec<String>,
            byte: u8,
            short: i16,
            long: u64,
            part: f32,
        }
        check::<Bounded>(json!({
            "type": "object",
            "properties": {
                "few": {"type": "integer", "minimum": 1, "maximum": 10},
                "cold": {"type": "integer", "minimum": -5},
                "many": {"type": "integer", "maximum": 500},
                "names": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
                "byte": {"type": "integer"},
                "short": {"type": "integer"},
                "long": {"type": "integer"},
                "part": {"type": "number"},
            },
            "required": ["few", "cold", "many", "names", "byte", "short", "long", "part"],
        }));
    }

    #[test]
    fn an_argument_may_be_called_like_a_keyword() {
        #[derive(Deserialize, JsonSchema)]
        struct Odd {
            title: String,
            format: std::collections::BTreeMap<String, String>,
        }
        check::<Odd>(json!({
            "type": "object",
            "properties": {
                "title": {"type": "string"},
                "format": {"type": "object", "additionalProperties": {"type": "string"}},
            },
            "required": ["title", "format"],
        }));
    }
}
