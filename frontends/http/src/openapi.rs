//! The OpenAPI 3.1 document, made from the routes and the schemas of their types.

use crate::access::Class;
use crate::failure::FailureBody;
use crate::input::Takes;
use crate::param::Param;
use crate::routes::Route;
use anteroom_api::schema;
use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

/// Statuses every route may answer with besides its own.
const REFUSALS: [(&str, &str); 7] = [
    ("400", "The request does not fit"),
    ("401", "Nobody is signed in"),
    ("403", "Another site asks, or the gate said no"),
    ("404", "There is no such thing"),
    ("421", "The host is not ours"),
    ("429", "Too many requests"),
    ("default", "It failed"),
];

pub(crate) fn document(generator: &mut SchemaGenerator, routes: &[Route]) -> Value {
    let failure = generator.subschema_for::<FailureBody>().to_value();
    let mut paths = Map::new();
    for route in routes.iter().filter(|route| route.about.is_listed) {
        let path = route.path.replace("{*", "{");
        let item = paths.entry(path).or_insert_with(|| json!({}));
        item[route.method.as_str().to_ascii_lowercase()] = operation(route, &failure);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Anteroom",
            "version": schema::VERSION,
            "description": "What the page uses, and nothing else is there. Ops go in, events come out, views are read.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": generator.definitions().clone(),
            "securitySchemes": {
                "cookie": {
                    "type": "apiKey", "in": "cookie", "name": "aroom_session",
                    "description": "With TLS `__Host-aroom_session`; without, `aroom_session_PORT`. Good for nothing alone.",
                },
                "tab": { "type": "apiKey", "in": "header", "name": "X-Anteroom-Tab" },
                "key": { "type": "http", "scheme": "bearer" },
            },
        },
    })
}

fn operation(route: &Route, failure: &Value) -> Value {
    let mut operation = json!({
        "operationId": route.about.id,
        "summary": route.about.summary,
        "security": security(&route.class),
        "responses": responses(route, failure),
    });
    let mut params: Vec<Value> = route.description.params.iter().map(param).collect();
    params.extend(unnamed(route));
    if !params.is_empty() {
        operation["parameters"] = params.into();
    }
    if let (Some(schema), Some(media)) = (&route.description.body, route.media()) {
        let content = match route.takes {
            Takes::Bytes => json!({}),
            Takes::Json | Takes::Nothing => json!({ "schema": schema }),
        };
        operation["requestBody"] = json!({ "required": true, "content": { media: content } });
    }
    operation
}

fn security(class: &Class) -> Value {
    match class {
        Class::Public => json!([]),
        Class::Session => json!([{ "cookie": [], "tab": [] }]),
        Class::Bearer(_) => json!([{ "key": [] }]),
    }
}

fn param(param: &Param) -> Value {
    let mut schema = param.schema.clone();
    let description = schema
        .as_object_mut()
        .and_then(|schema| schema.remove("description"));
    let mut value = json!({
        "name": param.name,
        "in": param.place.name(),
        "required": param.is_required,
        "schema": schema,
    });
    if let Some(description) = description {
        value["description"] = description;
    }
    value
}

/// Parts of the path that no input names: the document must name them all.
fn unnamed(route: &Route) -> impl Iterator<Item = Value> {
    let names = route.path.split('/').filter_map(|part| {
        let name = part.strip_prefix('{')?.strip_suffix('}')?;
        Some(name.trim_start_matches('*'))
    });
    names
        .filter(|name| !route.description.params.iter().any(|param| param.name == *name))
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
}

fn responses(route: &Route, failure: &Value) -> Value {
    let mut responses = Map::new();
    let answers = &route.answers;
    let mut answer = json!({ "description": route.about.summary });
    if let Some(schema) = &answers.schema {
        answer["content"] = json!({ "application/json": { "schema": schema } });
    } else if answers.is_raw {
        let media = route.about.media.unwrap_or("application/octet-stream");
        answer["content"] = json!({ media: {} });
    }
    responses.insert(answers.status.as_str().to_owned(), answer);
    let mut refusals = REFUSALS.to_vec();
    if route.takes != Takes::Nothing {
        refusals.extend([
            ("413", "The body is too large"),
            ("415", "The body is of another kind"),
        ]);
    }
    for (status, description) in refusals {
        let content = json!({ "application/json": { "schema": failure } });
        responses.insert(
            status.to_owned(),
            json!({ "description": description, "content": content }),
        );
    }
    responses.into()
}
