//! The OpenAPI document says all there is, in a form its readers accept.

use super::scene::{Scene, routes};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

fn document() -> Value {
    routes(&Arc::default()).whole().openapi()
}

#[test]
fn every_listed_route_is_described() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = BTreeSet::new();
    for route in routes(&Arc::default()).whole().list() {
        if route.id == "page" {
            assert_eq!(document["paths"].get(route.path), None);
            continue;
        }
        let method = route.method.as_str().to_ascii_lowercase();
        let operation = &document["paths"][route.path][method];
        assert_eq!(operation["operationId"], route.id);
        assert!(ids.insert(route.id), "{} is there twice", route.id);
        assert!(operation["security"].is_array());
        assert_eq!(
            operation.get("requestBody").is_some(),
            route.accepts.is_some()
        );
    }
    assert!(ids.len() > 15);
    let erase = &document["paths"]["/api/notes/{id}"]["delete"];
    assert_eq!(erase["parameters"][0]["name"], "id");
    assert_eq!(erase["parameters"][0]["required"], true);
    assert!(erase["responses"].get("204").is_some());
    let notes = &document["paths"]["/api/notes"]["get"]["parameters"];
    let limit = notes
        .as_array()
        .unwrap()
        .iter()
        .find(|param| param["name"] == "limit")
        .unwrap();
    assert_eq!(
        (&limit["in"], &limit["required"]),
        (&json!("query"), &json!(false))
    );
    assert_eq!(limit["description"], "How many.");
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut found = 0;
    each_reference(&document, &mut |reference| {
        let pointer = reference
            .strip_prefix('#')
            .expect("outside of the document");
        assert!(document.pointer(pointer).is_some(), "{reference}");
        found += 1;
    });
    assert!(found > 20, "{found}");
}

fn each_reference(value: &Value, found: &mut impl FnMut(&str)) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get("$ref") {
                found(reference);
            }
            object
                .values()
                .for_each(|value| each_reference(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| each_reference(value, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_listener_serves_the_document_of_all_its_routes() {
    let scene = Scene::new().await;
    let browser = scene.sign_in().await;
    let served = scene.ask_as(&browser, "GET", "/api/document", "").await;
    assert_eq!(served.json(), document());
}

#[tokio::test]
async fn a_route_that_is_there_twice_is_not_served() {
    let host = Arc::new(super::fake::Fake::default()).handle();
    let bound = crate::Server::bind(crate::Listen::loopback(0), host)
        .await
        .unwrap();
    let twice = routes(&Arc::default()).get(
        crate::Public,
        "/api/notes",
        crate::About::new("again", "Again"),
        |_: crate::Context| async { Ok::<_, crate::Failure>(crate::Empty) },
    );
    let (_stop, is_stopping) = anteroom_api::Stop::new();
    let problem = bound.serve(twice, is_stopping).await.unwrap_err();
    assert!(problem.error.contains("/api/notes"), "{problem}");
}
