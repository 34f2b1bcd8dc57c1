//! The description of the API: complete, without loose ends, and true of what is answered.

use crate::support::served::Served;
use crate::support::servers;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that is served.
fn routes() -> anteroom_http::Routes {
    let options = anteroom_web::Options {
        version: "9.9.9",
        workspace: "/".into(),
        home: None,
    };
    anteroom_web::routes(options).whole()
}

fn refs<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(object) => {
            found.extend(object.get("$ref").and_then(Value::as_str));
            object.values().for_each(|value| refs(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| refs(value, found)),
        _ => {}
    }
}

#[tokio::test]
async fn every_route_of_the_api_is_described() {
    let served = Served::new([]).await;
    let document = served.get("/api/openapi.json").await;
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = BTreeSet::new();
    let mut missing = Vec::new();
    let routes = routes().list();
    for route in &routes {
        let path = route.path.replace("{*", "{");
        let operation = &document["paths"][&path][route.method.as_str().to_ascii_lowercase()];
        let is_api = path.starts_with("/api/");
        if operation.is_null() == is_api {
            missing.push(format!("{} {path}", route.method));
        }
        if !is_api {
            continue;
        }
        assert_eq!(operation["operationId"], route.id);
        assert!(
            operation["summary"]
                .as_str()
                .is_some_and(|text| text.len() > 5),
            "{path}"
        );
        assert!(ids.insert(route.id), "{} is there twice", route.id);
        let named = path.matches('{').count();
        let described = operation["parameters"].as_array().into_iter().flatten();
        assert_eq!(
            described.filter(|param| param["in"] == "path").count(),
            named,
            "{path}"
        );
    }
    assert_eq!(missing, Vec::<String>::new());
    let described = document["paths"].as_object().unwrap().values();
    let described: usize = described.map(|item| item.as_object().unwrap().len()).sum();
    assert_eq!(described, ids.len());
}

#[test]
fn every_reference_of_the_description_leads_to_a_schema() {
    let document = routes().openapi();
    let mut found = BTreeSet::new();
    refs(&document, &mut found);
    assert!(found.len() > 50, "{found:?}");
    for reference in found {
        let pointer = reference.strip_prefix('#').expect(reference);
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn every_parameter_and_field_says_what_it_is() {
    let document = routes().openapi();
    let mut silent = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for operation in item.as_object().unwrap().values() {
            for param in operation["parameters"].as_array().into_iter().flatten() {
                if param["description"].as_str().is_none_or(str::is_empty) {
                    silent.push(format!("{path}: {}", param["name"]));
                }
            }
        }
    }
    assert_eq!(silent, Vec::<String>::new());
}

/// What a GET needs to be answered, by its path: what stands in the place of what varies, and its query.
fn asked(ids: &Ids) -> BTreeMap<&'static str, String> {
    let Ids {
        chat, note, canvas, ..
    } = ids;
    let of = |rest: &str| format!("/api/conversations/{chat}{rest}");
    BTreeMap::from([
        ("/api/conversations/{id}", of("")),
        ("/api/conversations/{id}/open", of("/open?limit=3")),
        ("/api/conversations/{id}/items", of("/items?limit=3")),
        ("/api/conversations/{id}/changes", of("/changes")),
        ("/api/conversations/{id}/diff", of("/diff")),
        ("/api/conversations/{id}/prompt", of("/prompt")),
        ("/api/conversations/{id}/search", of("/search?q=canvas")),
        ("/api/conversations/{id}/canvases", of("/canvases")),
        (
            "/api/conversations/{id}/canvases/{canvas}/versions",
            of(&format!("/canvases/{canvas}/versions")),
        ),
        (
            "/api/conversations/{id}/canvases/{canvas}/diff",
            of(&format!("/canvases/{canvas}/diff?from=1&to=1")),
        ),
        (
            "/api/conversations/{id}/text",
            format!("/api/conversations/{note}/text"),
        ),
        (
            "/api/conversations/{id}/text/versions",
            format!("/api/conversations/{note}/text/versions"),
        ),
        ("/api/search", "/api/search?q=canvas&limit=5".to_owned()),
        ("/api/calls/{id}", "/api/calls/call".to_owned()),
        ("/api/paths", "/api/paths?typed=a".to_owned()),
        ("/api/skills/{name}", "/api/skills/review".to_owned()),
        ("/api/mcp/{server}/log", "/api/mcp/odd/log".to_owned()),
        ("/api/databases", "/api/databases?check=true".to_owned()),
        ("/api/audit", "/api/audit?limit=5&action=call".to_owned()),
    ])
}

struct Ids {
    chat: String,
    note: String,
    canvas: String,
}

/// A host in which there is something of most sorts.
async fn lived_in() -> (Served, Ids) {
    use crate::support::endpoint::Reply;
    let served = Served::new([
        Reply::stream()
            .and_call(
                "create_canvas",
                json!({ "title": "Plan", "content": "# Plan" }),
            )
            .and_call("write_file", json!({ "path": "a.txt", "content": "a" })),
        Reply::text("A canvas and a file."),
    ])
    .await;
    let chat = served.open().await;
    let turn = served.scene.turn(
        chat.parse().unwrap(),
        "Make a canvas",
        crate::support::scene::auto(),
        |_| unreachable!(),
    );
    let told = turn.await;
    let note = served
        .post(
            "/api/conversations",
            json!({ "kind": "note", "title": "N", "body": "Words" }),
        )
        .await;
    let canvas = served
        .get(&format!("/api/conversations/{chat}/canvases"))
        .await;
    let folder = json!({ "verb": "create", "name": "F" });
    served.op("folder", folder).await;
    let project = json!({ "verb": "create", "spec": { "name": "P", "instructions": "Be brief." } });
    served.op("project", project).await;
    served
        .send(
            "PATCH",
            &format!("/api/conversations/{chat}"),
            Some(json!({ "add_tags": ["t"] })),
        )
        .await;
    assert!(!told.events.is_empty());
    servers::ready(&served.scene, servers::odd("odd", "well")).await;
    let ids = Ids {
        chat,
        note: note["id"].as_str().unwrap().to_owned(),
        canvas: canvas[0]["id"].as_str().unwrap().to_owned(),
    };
    (served, ids)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_as_it_is_described() {
    let (served, ids) = lived_in().await;
    let document = served.get("/api/openapi.json").await;
    let asked = asked(&ids);
    // Answered by tests of their own: raw answers.
    let raw = ["/api/events", "/api/conversations/{id}/export"];
    let mut wrong = Vec::new();
    let mut count = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let schema = &item["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        if item["get"].is_null() || raw.contains(&path.as_str()) {
            continue;
        }
        let asked = asked
            .get(path.as_str())
            .map_or(path.as_str(), String::as_str);
        assert!(!asked.contains('{'), "say how to ask for {path}");
        let answer = served.send("GET", asked, None).await;
        let status = answer.status;
        // No model server has to be on this machine's usual ports; the scripted one lists what it likes.
        if status != 200 {
            wrong.push(format!("{asked}: {status} {:?}", answer.json()));
            continue;
        }
        let mut schema = schema.clone();
        if let Some(schema) = schema.as_object_mut() {
            schema.insert("components".into(), document["components"].clone());
        }
        let validator = jsonschema::validator_for(&schema).unwrap();
        let body = answer.json().unwrap();
        wrong.extend(
            validator
                .iter_errors(&body)
                .map(|error| format!("{asked}: {error}")),
        );
        count += 1;
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(count >= 40, "only {count} were asked");
}
