//! A server's question to the person: its form as ours, the answer as its own. Asked only within a call, where
//! people see who asks and why.

use crate::approvals::Inquiry;
use crate::engine::Engine;
use anteroom_api::{Answer, FieldChoice, FieldKind, FormField};
use anteroom_tools::{Elicit, ElicitWants, Elicited};
use serde_json::{Map, Value};

/// Fields of one form.
const MOST_FIELDS: usize = 32;
/// Values of one choice.
const MOST_CHOICES: usize = 200;
/// What is answered to an address that a person has opened.
const OPENED: &str = "I have opened it";
const NOT_OPENED: &str = "No";

/// Puts a question to the person.
pub(super) async fn answer(engine: &Engine, asked: Elicit) -> Elicited {
    let within = asked.within.and_then(|within| engine.mcp.call(within.item));
    let Some(call) = within else {
        tracing::info!(server = %asked.server, "a question outside of a call is declined");
        return Elicited::Declined;
    };
    let text = format!("The MCP server `{}` asks: {}", asked.server, asked.message);
    let server = Some(asked.server.name.clone());
    let inquiry = match asked.wants {
        ElicitWants::Form { schema } => match form(&schema) {
            Some(form) => Inquiry {
                text,
                server,
                form,
                ..Inquiry::default()
            },
            None => return Elicited::Declined,
        },
        ElicitWants::Visit { url } => Inquiry {
            text: format!(
                "{text}\nIt wants you to open {}",
                anteroom_gate::visible(&url)
            ),
            options: vec![OPENED.to_owned(), NOT_OPENED.to_owned()],
            server,
            ..Inquiry::default()
        },
    };
    match call.inquire(inquiry).await {
        Answer::Filled { fields } => Elicited::Accepted(fields),
        Answer::Given { values } if values == [OPENED] => Elicited::Accepted(Map::new()),
        Answer::Given { .. } | Answer::Declined => Elicited::Declined,
        Answer::NotAnswered => Elicited::Cancelled,
    }
}

/// The fields of a flat schema; none if it is none, or asks for something that no form has.
fn form(schema: &Value) -> Option<Vec<FormField>> {
    let properties = schema.get("properties")?.as_object()?;
    if properties.is_empty() || properties.len() > MOST_FIELDS {
        return None;
    }
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let field = |(name, schema): (&String, &Value)| {
        let text = |key: &str| schema.get(key).and_then(Value::as_str).map(str::to_owned);
        Some(FormField {
            name: name.clone(),
            title: text("title").unwrap_or_else(|| name.clone()),
            description: text("description"),
            kind: kind(schema)?,
            is_required: required.contains(&name.as_str()),
            default: schema
                .get("default")
                .filter(|value| !value.is_null())
                .cloned(),
        })
    };
    properties.iter().map(field).collect()
}

fn kind(schema: &Value) -> Option<FieldKind> {
    let kind = match schema.get("type").and_then(Value::as_str)? {
        "boolean" => FieldKind::Switch,
        "integer" => FieldKind::Number { is_whole: true },
        "number" => FieldKind::Number { is_whole: false },
        "string" => match choices(schema) {
            Some(options) => FieldKind::Choice {
                options,
                is_multiple: false,
            },
            None => FieldKind::Text {
                format: schema
                    .get("format")
                    .and_then(Value::as_str)
                    .map(str::to_owned),
            },
        },
        "array" => FieldKind::Choice {
            options: choices(schema.get("items")?)?,
            is_multiple: true,
        },
        _ => return None,
    };
    Some(kind)
}

/// What there is to choose: values alone, with names beside them, or each with its own title.
fn choices(schema: &Value) -> Option<Vec<FieldChoice>> {
    let list = |key: &str| schema.get(key).and_then(Value::as_array);
    let choice = |value: &str, title: Option<&str>| FieldChoice {
        value: value.to_owned(),
        title: title.unwrap_or(value).to_owned(),
    };
    let options: Vec<FieldChoice> = match list("enum") {
        Some(values) => {
            let names = list("enumNames").cloned().unwrap_or_default();
            let titled = values.iter().enumerate().filter_map(|(at, value)| {
                let title = names.get(at).and_then(Value::as_str);
                Some(choice(value.as_str()?, title))
            });
            titled.collect()
        }
        None => {
            let options = list("oneOf").or_else(|| list("anyOf"))?.iter();
            let titled = options.filter_map(|option| {
                let title = option.get("title").and_then(Value::as_str);
                Some(choice(option.get("const")?.as_str()?, title))
            });
            titled.collect()
        }
    };
    (!options.is_empty() && options.len() <= MOST_CHOICES).then_some(options)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_schema_becomes_a_form() {
        let schema = json!({
            "type": "object",
            "properties": {
                "name": { "type": "string", "title": "Your name", "format": "email" },
                "age": { "type": "integer", "default": 7 },
                "sure": { "type": "boolean" },
                "one": { "type": "string", "enum": ["a", "b"], "enumNames": ["An A", "A B"] },
                "titled": { "type": "string", "oneOf": [{ "const": "x", "title": "An X" }] },
                "some": { "type": "array", "items": { "type": "string", "enum": ["a", "b"] } },
            },
            "required": ["name"],
        });
        let form = form(&schema).unwrap();
        let name = form.iter().find(|field| field.name == "name").unwrap();
        assert_eq!((name.title.as_str(), name.is_required), ("Your name", true));
        let one = form.iter().find(|field| field.name == "one").unwrap();
        let FieldKind::Choice { options, .. } = &one.kind else {
            panic!("a choice")
        };
        assert_eq!(options[1].title, "A B");
        let some = form.iter().find(|field| field.name == "some").unwrap();
        assert!(matches!(
            some.kind,
            FieldKind::Choice {
                is_multiple: true,
                ..
            }
        ));
    }

    #[test]
    fn what_no_form_has_is_declined() {
        for schema in [
            json!({}),
            json!({ "properties": {} }),
            json!({ "properties": { "a": { "type": "object" } } }),
            json!({ "properties": { "a": { "type": "array", "items": { "type": "string" } } } }),
        ] {
            assert_eq!(form(&schema), None, "{schema}");
        }
    }
}
