//! Whether a JSON text fits a JSON Schema that a person gave. The schema is held to what a tool's is held to.

use crate::wasm::schema;
use serde_json::Value;

/// Misfits told at once.
const MISFITS_MAX: usize = 10;
/// Characters of one misfit; it may quote the whole value.
const MISFIT_CHARS: usize = 300;

/// What of a text does not fit, each with its place; empty if all does.
///
/// # Errors
/// Why the schema cannot be used, in words for its author.
pub fn misfits(schema: &Value, text: &str) -> Result<Vec<String>, String> {
    schema::check(schema)?;
    let validator = jsonschema::validator_for(schema).map_err(|error| error.to_string())?;
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => return Ok(vec![format!("it is no JSON: {error}")]),
    };
    let misfits = validator.iter_errors(&value).take(MISFITS_MAX);
    Ok(misfits
        .map(|error| {
            let place = error.instance_path().to_string();
            let words: String = error.to_string().chars().take(MISFIT_CHARS).collect();
            match place.is_empty() {
                true => words,
                false => format!("`{place}`: {words}"),
            }
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn misfits_are_named_with_their_place() {
        let schema = json!({
            "type": "object",
            "required": ["name"],
            "properties": { "age": { "type": "integer", "minimum": 0 } },
        });
        let check = |text: &str, wanted: &[&str]| {
            assert_eq!(misfits(&schema, text).unwrap(), wanted, "{text}");
        };
        check(r#"{"name": "x", "age": 3}"#, &[]);
        check(
            r#"{"age": -1}"#,
            &[
                "\"name\" is a required property",
                "`/age`: -1 is less than the minimum of 0",
            ],
        );
        let told = misfits(&schema, "no").unwrap();
        assert!(told[0].starts_with("it is no JSON: "), "{told:?}");
    }

    #[test]
    fn a_schema_that_cannot_be_used_is_refused() {
        let check = |schema: Value, words: &str| {
            let why = misfits(&schema, "{}").unwrap_err();
            assert!(why.contains(words), "{why}");
        };
        check(json!({ "type": "objekt" }), "objekt");
        check(
            json!({ "$ref": "http://127.0.0.1:9/x" }),
            "refers to nothing",
        );
    }
}
