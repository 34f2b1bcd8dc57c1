//! Arguments against a tool's schema, with errors that name the place.

use super::ARGUMENTS_MAX_BYTES;
use anteroom_api::ToolView;
use jsonschema::Validator;
use serde_json::Value;

/// Errors told at once.
const ERRORS_MAX: usize = 5;
/// Characters of one error; a schema error may quote the whole argument.
const ERROR_CHARS: usize = 300;

/// The arguments as the guest gets them.
///
/// # Errors
/// What is wrong with them, in words for the model.
pub(super) fn check(
    tool: &ToolView,
    validator: &Validator,
    arguments: &Value,
) -> Result<String, String> {
    let name = &tool.name;
    // Some models send every optional argument as `null`; where the schema knows no null, that means "none".
    let fitting = without_nulls(validator, arguments);
    let arguments = fitting.as_ref().unwrap_or(arguments);
    let errors: Vec<String> = validator
        .iter_errors(arguments)
        .take(ERRORS_MAX)
        .map(|error| {
            let place = error.instance_path().to_string();
            let words: String = error.to_string().chars().take(ERROR_CHARS).collect();
            if place.is_empty() {
                words
            } else {
                format!("`{place}`: {words}")
            }
        })
        .collect();
    if !errors.is_empty() {
        return Err(format!(
            "the arguments of `{name}` do not fit: {}. They must fit {}",
            errors.join("; "),
            tool.input_schema
        ));
    }
    let text = arguments.to_string();
    if text.len() > ARGUMENTS_MAX_BYTES {
        return Err(format!(
            "the arguments of `{name}` have {} bytes; at most {ARGUMENTS_MAX_BYTES} are taken. Split the work into several calls",
            text.len()
        ));
    }
    Ok(text)
}

/// The same words, if the tool is described otherwise than the conversation was told.
pub(super) fn changed(words: String, is_changed: bool) -> String {
    if is_changed {
        format!("{words}. The tool has changed since this conversation was told of it")
    } else {
        words
    }
}

fn without_nulls(validator: &Validator, arguments: &Value) -> Option<Value> {
    let members = arguments.as_object()?;
    if !members.values().any(Value::is_null) || validator.is_valid(arguments) {
        return None;
    }
    let kept = members.iter().filter(|(_, value)| !value.is_null());
    Some(Value::Object(
        kept.map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    ))
}
