//! What a person decided about MCP servers, and what their tools were.

use super::support::*;
use crate::{Storage, ToolPin};
use anteroom_api::{Event, McpEvent, Topic};
use std::collections::BTreeMap;

fn pin(said: &str) -> ToolPin {
    ToolPin {
        hash: format!("hash of {said}"),
        said: said.to_owned(),
    }
}

async fn tell(storage: &Storage, event: McpEvent) {
    let entry = entry(Topic::Host, 0, vec![Event::Mcp(event)]);
    storage.append(entry).await.unwrap();
}

fn approved(hash: &str) -> McpEvent {
    McpEvent::Approved {
        server: "time".into(),
        hash: hash.into(),
        shown: "uvx mcp-server-time".into(),
    }
}

fn sampling(is_allowed: bool) -> McpEvent {
    McpEvent::SamplingChanged {
        server: "time".into(),
        hash: "a".into(),
        is_allowed,
    }
}

#[tokio::test]
async fn an_approval_is_for_one_command_and_goes_with_the_server() {
    let place = Place::new();
    let storage = place.open().await;
    assert!(storage.approved_servers().await.unwrap().is_empty());
    tell(&storage, approved("a")).await;
    tell(&storage, approved("b")).await;
    tell(&storage, sampling(true)).await;
    storage.close().await.unwrap();
    let storage = place.open().await;
    let hashes = storage.approved_servers().await.unwrap();
    assert_eq!(Vec::from_iter(hashes), ["a", "b"]);
    let shown = ("time".to_owned(), "uvx mcp-server-time".to_owned());
    let known = storage.shown_servers().await.unwrap();
    assert_eq!(known, [shown.clone(), shown]);
    assert!(storage.sampling_servers().await.unwrap().contains("a"));
    tell(&storage, sampling(false)).await;
    assert!(storage.sampling_servers().await.unwrap().is_empty());
    let server = "time".to_owned();
    tell(&storage, McpEvent::Removed { server }).await;
    assert!(storage.approved_servers().await.unwrap().is_empty());
}

#[tokio::test]
async fn the_first_pin_of_a_tool_stays_until_a_person_takes_another() {
    let place = Place::new();
    let storage = place.open().await;
    let owner = || (String::new(), "time".to_owned());
    let first = BTreeMap::from([("now".to_owned(), pin("one"))]);
    storage.pin_tools(owner(), first).await.unwrap();
    let second = BTreeMap::from([
        ("now".to_owned(), pin("other")),
        ("then".to_owned(), pin("new")),
    ]);
    storage.pin_tools(owner(), second).await.unwrap();
    let pins = storage.server_pins(owner()).await.unwrap();
    assert_eq!((&pins["now"], &pins["then"]), (&pin("one"), &pin("new")));
    // A server of a project with the same name is another server.
    let project = ("/work/space".to_owned(), "time".to_owned());
    assert!(storage.server_pins(project).await.unwrap().is_empty());
    let taken = ("now".to_owned(), pin("other"));
    storage.repin_tool(owner(), taken).await.unwrap();
    let pins = storage.server_pins(owner()).await.unwrap();
    assert_eq!(pins["now"], pin("other"));
    storage.unpin_tools(owner()).await.unwrap();
    assert!(storage.server_pins(owner()).await.unwrap().is_empty());
}
