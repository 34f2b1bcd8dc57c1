//! Parameters of paths and queries, read by the schema of the type they go into.
//!
//! One parser for both: a name nobody knows, or one that is given twice and is no list, is refused.

use crate::Failure;
use axum::http::StatusCode;
use schemars::SchemaGenerator;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Path,
    Query,
}

impl Place {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
        }
    }
}

/// One parameter of a route.
#[derive(Clone, Debug)]
pub(crate) struct Param {
    pub(crate) place: Place,
    pub(crate) name: String,
    pub(crate) is_required: bool,
    pub(crate) schema: Value,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
struct Kind {
    is_list: bool,
    scalars: Vec<Scalar>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Scalar {
    Number,
    Boolean,
    Text,
}

/// The parameters that a type with named fields asks for.
pub(crate) fn params<T: schemars::JsonSchema>(
    place: Place,
    generator: &mut SchemaGenerator,
) -> Vec<Param> {
    let schema = T::json_schema(generator).to_value();
    let mut found = BTreeMap::new();
    let mut order = Vec::new();
    collect(&schema, place, generator, &mut order, &mut found);
    order
        .into_iter()
        .filter_map(|name| found.remove(&name))
        .collect()
}

fn collect(
    schema: &Value,
    place: Place,
    generator: &SchemaGenerator,
    order: &mut Vec<String>,
    found: &mut BTreeMap<String, Param>,
) {
    let schema = resolved(schema, generator);
    let required: Vec<&str> = schema["required"]
        .as_array()
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        order.push(name.clone());
        found.insert(
            name.clone(),
            Param {
                place,
                name: name.clone(),
                is_required: place == Place::Path || required.contains(&name.as_str()),
                kind: kind(property, generator),
                schema: property.clone(),
            },
        );
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        collect(part, place, generator, order, found);
    }
}

fn resolved<'a>(schema: &'a Value, generator: &'a SchemaGenerator) -> &'a Value {
    let name = schema["$ref"]
        .as_str()
        .and_then(|path| path.rsplit('/').next());
    match name.and_then(|name| generator.definitions().get(name)) {
        Some(definition) => definition,
        None => schema,
    }
}

fn kind(schema: &Value, generator: &SchemaGenerator) -> Kind {
    let schema = resolved(schema, generator);
    let mut types: Vec<&str> = match &schema["type"] {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    types.retain(|name| *name != "null");
    if types.contains(&"array") {
        return Kind {
            is_list: true,
            scalars: kind(&schema["items"], generator).scalars,
        };
    }
    let mut scalars: Vec<Scalar> = types
        .iter()
        .map(|name| match *name {
            "integer" | "number" => Scalar::Number,
            "boolean" => Scalar::Boolean,
            _ => Scalar::Text,
        })
        .collect();
    for key in ["anyOf", "oneOf", "allOf"] {
        for part in schema[key].as_array().into_iter().flatten() {
            if part["type"] != "null" {
                let part = kind(part, generator);
                if part.is_list {
                    return part;
                }
                scalars.extend(part.scalars);
            }
        }
    }
    Kind {
        is_list: false,
        scalars,
    }
}

/// The parameters as one object, for a type to be made of.
///
/// # Errors
/// 400, naming the parameter.
pub(crate) fn read(
    place: Place,
    params: &[Param],
    given: impl Iterator<Item = (String, String)>,
) -> Result<Value, Failure> {
    let mut object = Map::new();
    for (name, text) in given {
        let Some(param) = params
            .iter()
            .find(|param| param.place == place && param.name == name)
        else {
            return Err(unknown(place, &name, params));
        };
        let value = param.kind.value(&text);
        if param.kind.is_list {
            let list = object
                .entry(name)
                .or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(list) = list {
                list.push(value);
            }
        } else if object.insert(name.clone(), value).is_some() {
            return Err(invalid(format!("`{name}` is given twice")).field(name));
        }
    }
    Ok(Value::Object(object))
}

impl Kind {
    fn value(&self, text: &str) -> Value {
        for scalar in &self.scalars {
            let read = match scalar {
                Scalar::Boolean if matches!(text, "true" | "false") => {
                    Some((text == "true").into())
                }
                Scalar::Number => serde_json::from_str::<serde_json::Number>(text)
                    .ok()
                    .map(Value::Number),
                Scalar::Boolean | Scalar::Text => None,
            };
            if let Some(value) = read {
                return value;
            }
        }
        text.into()
    }
}

fn unknown(place: Place, name: &str, params: &[Param]) -> Failure {
    let known: Vec<&str> = params
        .iter()
        .filter(|param| param.place == place)
        .map(|param| param.name.as_str())
        .collect();
    let hint = if known.is_empty() {
        "this route takes none".to_owned()
    } else {
        format!("it takes `{}`", known.join("`, `"))
    };
    Failure::new(
        StatusCode::BAD_REQUEST,
        "invalid_input",
        format!("there is no parameter `{}`", shown(name)),
        hint,
    )
    .field(shown(name))
}

/// At most 60 characters of what somebody sent, without control characters.
fn shown(name: &str) -> String {
    name.chars()
        .filter(|character| !character.is_control())
        .take(60)
        .collect()
}

pub(crate) fn invalid(message: impl Into<String>) -> Failure {
    Failure::new(
        StatusCode::BAD_REQUEST,
        "invalid_input",
        message,
        "compare it with `/api/openapi.json`",
    )
}
