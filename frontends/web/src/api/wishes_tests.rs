//! What is named is found, wherever in a wish it stands.

use super::*;
use serde_json::{Value, json};

fn op(noun: &str, op: Value) -> Op {
    serde_json::from_value(json!({ "noun": noun, "op": op })).unwrap()
}

#[test]
fn every_wish_about_a_place_names_it_here() {
    let path = "/p/x";
    let conversation = "0194f5a0-0000-7000-8000-000000000001";
    let file = Named::File(path);
    let folder = Named::Folder(path);
    for (wished, expected) in [
        (
            op("database", json!({ "verb": "back_up", "path": path })),
            file.clone(),
        ),
        (
            op("database", json!({ "verb": "export", "path": path })),
            file.clone(),
        ),
        (
            op(
                "database",
                json!({ "verb": "share_add", "name": "n", "path": path }),
            ),
            file.clone(),
        ),
        (
            op("database", json!({ "verb": "restore", "path": path })),
            Named::Copy(path),
        ),
        (
            op("database", json!({ "verb": "import", "path": path })),
            Named::Never(path),
        ),
        (
            op("module", json!({ "verb": "install", "path": path })),
            file.clone(),
        ),
        (
            op(
                "bundle",
                json!({ "verb": "new", "name": "n", "folder": path }),
            ),
            file.clone(),
        ),
        (
            op("bundle", json!({ "verb": "sign", "path": path })),
            file.clone(),
        ),
        (
            op(
                "bundle",
                json!({ "verb": "install", "source": { "from": "place", "place": path }, "digest": "d" }),
            ),
            file.clone(),
        ),
        (
            op(
                "bundle",
                json!({ "verb": "install", "source": { "from": "sent", "path": path, "name": "n" }, "digest": "d" }),
            ),
            file.clone(),
        ),
        (
            op(
                "bundle",
                json!({ "verb": "install", "source": { "from": "again", "name": "n" }, "project": path, "digest": "d" }),
            ),
            folder.clone(),
        ),
        (
            op(
                "bundle",
                json!({ "verb": "remove", "name": "n", "project": path }),
            ),
            folder.clone(),
        ),
        (
            op(
                "skill",
                json!({ "verb": "new", "name": "n", "workspace": path }),
            ),
            folder.clone(),
        ),
        (
            op(
                "skill",
                json!({ "verb": "remove", "name": "n", "workspace": path }),
            ),
            folder.clone(),
        ),
        (
            op("conversation", json!({ "verb": "open", "workspace": path })),
            folder.clone(),
        ),
        (
            op(
                "text",
                json!({ "verb": "open", "kind": "note", "workspace": path }),
            ),
            folder.clone(),
        ),
        (
            op(
                "workspace",
                json!({ "verb": "trust", "path": path, "hash": "h" }),
            ),
            folder.clone(),
        ),
        (
            op(
                "project",
                json!({ "verb": "create", "spec": { "name": "n", "workspace": path } }),
            ),
            folder.clone(),
        ),
        (
            op(
                "mcp",
                json!({ "verb": "add", "entry": { "name": "n", "command": "c", "folders": ["/p/x:rw"] } }),
            ),
            folder.clone(),
        ),
        (
            op(
                "mcp",
                json!({ "verb": "add", "entry": { "name": "n", "command": "c", "folders": [path] } }),
            ),
            folder.clone(),
        ),
        (
            op(
                "mcp",
                json!({ "verb": "add", "entry": { "name": "n", "command": "c", "args": ["-v", path] } }),
            ),
            folder.clone(),
        ),
        (
            op(
                "mcp",
                json!({ "verb": "add", "entry": { "name": "n", "command": "c", "args": ["--root=/p/x"] } }),
            ),
            folder,
        ),
        (
            op(
                "mcp",
                json!({ "verb": "add", "entry": { "name": "n", "command": path } }),
            ),
            Named::Program(path),
        ),
    ] {
        let wish = of(&wished);
        assert_eq!(wish.named, [expected], "{wished:?}");
        assert!(wish.command.starts_with("aroom "), "{wished:?}");
    }
    for wished in [
        op(
            "turn",
            json!({ "verb": "start", "conversation": conversation, "input": [] }),
        ),
        op(
            "turn",
            json!({ "verb": "call", "conversation": conversation, "tool": "t", "arguments": {} }),
        ),
        op(
            "conversation",
            json!({ "verb": "fork", "conversation": conversation, "until": conversation }),
        ),
    ] {
        let wish = of(&wished);
        assert!(
            matches!(wish.named[..], [Named::Conversation(_)]),
            "{wished:?}"
        );
    }
    let trust = op(
        "project",
        json!({ "verb": "trust", "project": conversation, "hash": "h" }),
    );
    assert!(matches!(of(&trust).named[..], [Named::Project(_)]));
}

#[test]
fn what_the_page_wishes_of_its_own_names_nothing() {
    for wished in [
        op("database", json!({ "verb": "back_up" })),
        op("database", json!({ "verb": "vacuum" })),
        op("module", json!({ "verb": "reload" })),
        op("skill", json!({ "verb": "new", "name": "n" })),
        op(
            "mcp",
            json!({ "verb": "add", "entry": { "name": "n", "command": "uvx", "args": ["mcp-server-time", "--zone=UTC"] } }),
        ),
        op(
            "bundle",
            json!({ "verb": "install", "source": { "from": "place", "place": "https://a.test/x.abundle" }, "digest": "d" }),
        ),
    ] {
        assert!(of(&wished).named.is_empty(), "{wished:?}");
    }
}
