//! `assets/types/api.d.ts`: the API's types for the page's authors, written from its JSON Schemas.
//!
//! A test compares the file with the code; `UPDATE_TYPES=1 cargo test -p anteroom-web types` writes it anew.

use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// Said at the beginning of the file.
const HEAD: &str = "/**\n * The types of the API: what ops, signals, questions and answers look like.\n *\n \
    * Written from the JSON Schemas of `/api/openapi.json` and `/api/schema/events`; edited by nobody.\n \
    * `UPDATE_TYPES=1 cargo test -p anteroom-web types` writes it anew.\n */\n";
/// Columns of a line of types before it is broken.
const WIDTH: usize = 110;

/// The whole file.
fn written() -> String {
    let options = crate::Options {
        version: "",
        workspace: String::new(),
        home: None,
    };
    let document = crate::routes(options).whole().openapi();
    let mut schemas: BTreeMap<String, Value> = BTreeMap::new();
    let signals = anteroom_api::schema::events();
    for source in [&signals["$defs"], &document["components"]["schemas"]] {
        for (name, schema) in source.as_object().into_iter().flatten() {
            schemas.insert(name.clone(), schema.clone());
        }
    }
    let mut text = HEAD.to_owned();
    for (name, schema) in &schemas {
        let _ = write!(
            text,
            "\n{}export type {} ={};\n",
            doc(schema, ""),
            ident(name),
            assigned(&of(schema, ""))
        );
    }
    text.push_str(
        "\n/** Every route: what it takes and what it answers. */\nexport interface Routes {\n",
    );
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            route(
                &mut text,
                &format!("{} {path}", method.to_uppercase()),
                operation,
            );
        }
    }
    text.push_str("}\n");
    text
}

/// A type behind a `=`.
fn assigned(kind: &str) -> String {
    let space = if kind.starts_with('\n') { "" } else { " " };
    format!("{space}{kind}")
}

/// One line of the table of routes.
fn route(text: &mut String, name: &str, operation: &Value) {
    let mut parts = Vec::new();
    for place in ["path", "query"] {
        let params = operation["parameters"].as_array().into_iter().flatten();
        let fields: Vec<String> = params
            .filter(|param| param["in"] == place)
            .map(|param| {
                let mark = if param["required"] == true { "" } else { "?" };
                let name = param["name"].as_str().unwrap_or_default();
                format!("{name}{mark}: {}", of(&param["schema"], "    "))
            })
            .collect();
        if !fields.is_empty() {
            parts.push(format!("{place}: {{ {} }}", fields.join("; ")));
        }
    }
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    if !body.is_null() {
        parts.push(format!("body: {}", of(body, "    ")));
    } else if !operation["requestBody"].is_null() {
        parts.push("body: Blob".to_owned());
    }
    let good = operation["responses"].as_object().into_iter().flatten();
    for (_, response) in good.filter(|(status, _)| status.starts_with('2')) {
        let answer = match &response["content"]["application/json"]["schema"] {
            Value::Null if response["content"].is_null() => "null".to_owned(),
            Value::Null => "Blob".to_owned(),
            schema => of(schema, "    "),
        };
        parts.push(format!("answer: {answer}"));
    }
    let summary = operation["summary"].as_str().unwrap_or_default();
    let one = format!(
        "  /** {summary}. */\n  '{name}': {{ {} }};\n",
        parts.join("; ")
    );
    let is_short = one.lines().all(|line| line.len() <= WIDTH + 10);
    let _ = match is_short {
        true => write!(text, "{one}"),
        false => write!(
            text,
            "  /** {summary}. */\n  '{name}': {{\n    {};\n  }};\n",
            parts.join(";\n    ")
        ),
    };
}

/// A schema as a type; lines that it needs more of begin with `indent`.
fn of(schema: &Value, indent: &str) -> String {
    let Value::Object(schema) = schema else {
        return "unknown".to_owned();
    };
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        return ident(reference.rsplit('/').next().unwrap_or_default());
    }
    let mut all = Vec::new();
    if let Some(list) = schema.get("enum").and_then(Value::as_array) {
        all.push(united(list.iter().map(literal)));
    } else if let Some(value) = schema.get("const") {
        all.push(literal(value));
    } else if let Some(kind) = typed(schema, indent) {
        all.push(kind);
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(list) = schema.get(key).and_then(Value::as_array) {
            all.push(one_of(list, indent));
        }
    }
    for part in schema
        .get("allOf")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        all.push(of(part, indent));
    }
    match all.len() {
        0 => "unknown".to_owned(),
        1 => all.remove(0),
        _ => {
            let wrapped = all.iter().map(|part| {
                match part.contains(" | ") || part.contains("\n") && part.starts_with('|') {
                    true => format!("({part})"),
                    false => part.clone(),
                }
            });
            wrapped.collect::<Vec<_>>().join(" & ")
        }
    }
}

/// What `type` says, with what belongs to it.
fn typed(schema: &Map<String, Value>, indent: &str) -> Option<String> {
    let names: Vec<&str> = match schema.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ if schema.contains_key("properties") => vec!["object"],
        _ => return None,
    };
    let kinds = names.into_iter().map(|name| match name {
        "string" => "string".to_owned(),
        "integer" | "number" => "number".to_owned(),
        "boolean" => "boolean".to_owned(),
        "null" => "null".to_owned(),
        "array" => array(schema, indent),
        _ => object(schema, indent),
    });
    Some(united(kinds))
}

fn array(schema: &Map<String, Value>, indent: &str) -> String {
    if let Some(list) = schema.get("prefixItems").and_then(Value::as_array) {
        let parts: Vec<String> = list.iter().map(|part| of(part, indent)).collect();
        return format!("[{}]", parts.join(", "));
    }
    let one = schema
        .get("items")
        .map_or("unknown".to_owned(), |items| of(items, indent));
    match one.contains([' ', '\n']) {
        true => format!("Array<{one}>"),
        false => format!("{one}[]"),
    }
}

fn object(schema: &Map<String, Value>, indent: &str) -> String {
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let inner = format!("{indent}  ");
    let mut fields = Vec::new();
    for (name, property) in schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let mark = if required.contains(&name.as_str()) {
            ""
        } else {
            "?"
        };
        let kind = of(property, &inner);
        fields.push((doc(property, &inner), format!("{name}{mark}: {kind}")));
    }
    if fields.is_empty() {
        let value = schema
            .get("additionalProperties")
            .filter(|value| value.is_object());
        return match value {
            Some(value) => format!("Record<string, {}>", of(value, indent)),
            None => "Record<string, unknown>".to_owned(),
        };
    }
    let mut text = "{\n".to_owned();
    for (doc, field) in fields {
        let _ = writeln!(text, "{doc}{inner}{field};");
    }
    text + indent + "}"
}

/// Alternatives; each on a line of its own where one of them has lines.
fn one_of(list: &[Value], indent: &str) -> String {
    let inner = format!("{indent}  ");
    let kinds: Vec<String> = list.iter().map(|part| of(part, &inner)).collect();
    if kinds.iter().all(|kind| !kind.contains('\n')) {
        return united(kinds.into_iter());
    }
    list.iter()
        .zip(kinds)
        .fold(String::new(), |mut text, (part, kind)| {
            let _ = write!(text, "\n{}{inner}| {kind}", doc(part, &inner));
            text
        })
}

fn united(kinds: impl Iterator<Item = String>) -> String {
    let mut seen: Vec<String> = Vec::new();
    for kind in kinds {
        if !seen.contains(&kind) {
            seen.push(kind);
        }
    }
    seen.join(" | ")
}

/// A value as its own type.
fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => format!("'{}'", text.replace('\'', "\\'")),
        other => other.to_string(),
    }
}

/// What a schema says of itself, as a comment.
fn doc(schema: &Value, indent: &str) -> String {
    let Some(words) = schema["description"].as_str() else {
        return String::new();
    };
    let words = words.replace("*/", "*\u{200b}/");
    let lines: Vec<&str> = words.lines().map(str::trim).collect();
    match lines.as_slice() {
        [one] => format!("{indent}/** {one} */\n"),
        many => {
            let mut text = format!("{indent}/**\n");
            for line in many {
                let _ = writeln!(text, "{}", format!("{indent} * {line}").trim_end());
            }
            text + indent + " */\n"
        }
    }
}

/// A schema's name as a type's.
fn ident(name: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric();
    let words = name.split(|c| !is_part(c)).filter(|word| !word.is_empty());
    words.fold(String::new(), |mut text, word| {
        let (first, rest) = word.split_at(1);
        text.push_str(&first.to_ascii_uppercase());
        text.push_str(rest);
        text
    })
}

#[test]
fn the_page_s_types_are_those_of_the_api() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/types/api.d.ts");
    let wanted = written();
    if std::env::var_os("UPDATE_TYPES").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &wanted).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = wanted
        .lines()
        .zip(found.lines())
        .find(|(wanted, found)| wanted != found);
    assert!(
        wanted == found,
        "assets/types/api.d.ts is not as the API is ({differs:?}): `UPDATE_TYPES=1 cargo test -p anteroom-web types` writes it"
    );
}

#[test]
fn schemas_become_the_types_they_describe() {
    let rows = [
        (r#"{"type":"string"}"#, "string"),
        (
            r#"{"type":["integer","null"],"format":"uint32"}"#,
            "number | null",
        ),
        (
            r##"{"anyOf":[{"$ref":"#/$defs/Item"},{"type":"null"}]}"##,
            "Item | null",
        ),
        (
            r##"{"type":"array","items":{"$ref":"#/components/schemas/Page_for_Item"}}"##,
            "PageForItem[]",
        ),
        (
            r#"{"type":"array","items":{"type":["string","null"]}}"#,
            "Array<string | null>",
        ),
        (r#"{"enum":["a","b"]}"#, "'a' | 'b'"),
        (r#"{"oneOf":[{"const":"a"},{"const":"b"}]}"#, "'a' | 'b'"),
        (
            r#"{"type":"object","additionalProperties":{"type":"number"}}"#,
            "Record<string, number>",
        ),
        ("true", "unknown"),
        ("{}", "unknown"),
        (
            r#"{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"boolean","description":"Or not."}},"required":["a"]}"#,
            "{\n  a: string;\n  /** Or not. */\n  b?: boolean;\n}",
        ),
        (
            r##"{"type":"object","properties":{"a":{"const":1}},"required":["a"],"$ref":"#/$defs/B"}"##,
            "B",
        ),
    ];
    for (schema, wanted) in rows {
        let schema: Value = serde_json::from_str(schema).unwrap();
        assert_eq!(of(&schema, ""), wanted, "{schema}");
    }
}
