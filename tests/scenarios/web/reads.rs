//! Reads that every page needs: the start, lists, what is wrong with a request.

use crate::support::endpoint::Reply;
use crate::support::served::Served;
use serde_json::{Value, json};

#[tokio::test]
async fn a_page_starts_with_one_question() {
    let served = Served::new([]).await;
    let start = served.get("/api/start").await;
    let workspace = served.scene.workspace().display().to_string();
    assert_eq!(start["version"], "9.9.9");
    assert_eq!(start["server"], served.url);
    assert_eq!(start["workspace"], workspace);
    assert_eq!(start["home"], "/home/somebody");
    assert_eq!(start["is_configured"], true);
    assert_eq!(start["model"], "scripted");
    assert_eq!(start["mode"], "ask_for_writes");
    assert_eq!(
        start["endpoint"],
        format!("127.0.0.1:{}", served.scene.endpoint.port())
    );
    assert_eq!(start["settings"]["cli.stall_warning_threshold"], 15.0);
    // Whoever follows from here misses nothing.
    let seq = start["seq"].as_u64().unwrap();
    let mut events = served
        .browser
        .events(&[&format!("host@{seq}")])
        .await
        .unwrap();
    let folder = served
        .op("folder", json!({ "verb": "create", "name": "New" }))
        .await;
    loop {
        let frame = events.next().await.unwrap().unwrap();
        let signals = frame.data["signals"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        if signals
            .iter()
            .any(|signal| signal["envelope"]["cause"] == folder)
        {
            assert_eq!(signals[0]["envelope"]["seq"], seq + 1);
            return;
        }
    }
}

#[tokio::test]
async fn a_start_in_another_folder_says_where_it_is() {
    let served = Served::new([]).await;
    let other = served.scene.workspace().join("below");
    std::fs::create_dir(&other).unwrap();
    let at = async |path: &str| {
        served.get(&format!("/api/start?workspace={path}")).await["workspace"].clone()
    };
    assert_eq!(
        at(&other.display().to_string()).await,
        other.display().to_string()
    );
    // One that is gone is no reason not to start.
    assert_eq!(
        at("/nowhere/at/all").await,
        served.scene.workspace().display().to_string()
    );
}

#[tokio::test]
async fn no_secret_is_in_the_start_or_the_settings() {
    let scene = crate::support::scene::Scene::with_settings(
        [],
        &[("ai.api_key", json!("sk-very-secret-key-0123456789"))],
    )
    .await;
    let served = Served::of(scene).await;
    for path in ["/api/start", "/api/config"] {
        let told = served.get(path).await.to_string();
        assert!(!told.contains("very-secret"), "{path}: {told}");
    }
}

#[tokio::test]
async fn conversations_are_listed_by_what_is_asked_for() {
    let served = Served::new([]).await;
    let made = async |body: Value| served.post("/api/conversations", body).await["id"].clone();
    let chat = made(json!({ "title": "A chat" })).await;
    let note = made(json!({ "kind": "note", "title": "A note", "body": "about ants" })).await;
    let document =
        made(json!({ "kind": "document", "title": "A document", "body": "about bees" })).await;
    let path = format!("/api/conversations/{}", chat.as_str().unwrap());
    let changed = served
        .send(
            "PATCH",
            &path,
            Some(json!({ "is_pinned": true, "add_tags": ["work"] })),
        )
        .await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let listed = async |query: &str| {
        let page = served.get(&format!("/api/conversations{query}")).await;
        let ids = page["entries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|view| view["id"].clone());
        let mut ids: Vec<Value> = ids.collect();
        ids.sort_by_key(Value::to_string);
        ids
    };
    let mut all = vec![chat.clone(), note.clone(), document.clone()];
    all.sort_by_key(Value::to_string);
    assert_eq!(listed("").await, all);
    assert_eq!(listed("?kind=note").await, vec![note.clone()]);
    let mut texts = vec![note.clone(), document.clone()];
    texts.sort_by_key(Value::to_string);
    assert_eq!(listed("?kind=note&kind=document").await, texts);
    assert_eq!(listed("?pinned=true").await, vec![chat.clone()]);
    assert_eq!(listed("?tag=work").await, vec![chat.clone()]);
    assert_eq!(listed("?words=ants").await, vec![note.clone()]);
    // Page by page, each once.
    let mut paged = Vec::new();
    let mut before = String::new();
    loop {
        let page = served
            .get(&format!("/api/conversations?limit=1{before}"))
            .await;
        paged.extend(
            page["entries"]
                .as_array()
                .unwrap()
                .iter()
                .map(|view| view["id"].clone()),
        );
        match page["before"].as_str() {
            Some(next) => before = format!("&before={next}"),
            None => break,
        }
    }
    paged.sort_by_key(Value::to_string);
    assert_eq!(paged, all);
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said_in_one_shape() {
    let served = Served::new([Reply::text("Hi.")]).await;
    let nobody = "018f0000-0000-7000-8000-000000000001";
    let conversation = served.open().await;
    let rows: [(&str, String, Option<Value>, u16, &str); 9] = [
        (
            "GET",
            format!("/api/conversations/{nobody}"),
            None,
            404,
            "not_found",
        ),
        (
            "GET",
            "/api/conversations/not-an-id".into(),
            None,
            404,
            "invalid_input",
        ),
        (
            "GET",
            "/api/conversations?limit=many".into(),
            None,
            400,
            "invalid_input",
        ),
        (
            "GET",
            "/api/conversations?kind=secret".into(),
            None,
            400,
            "invalid_input",
        ),
        ("GET", "/api/nothing".into(), None, 404, "not_found"),
        (
            "POST",
            "/api/ops".into(),
            Some(json!({ "noun": "nothing", "op": {} })),
            400,
            "invalid_input",
        ),
        (
            "POST",
            "/api/conversations".into(),
            Some(json!({ "titel": "x" })),
            400,
            "invalid_input",
        ),
        (
            "POST",
            format!("/api/conversations/{conversation}/chat"),
            Some(json!({ "message": "  " })),
            400,
            "invalid_input",
        ),
        (
            "GET",
            format!("/api/conversations/{conversation}/items?before=x&after=y"),
            None,
            400,
            "invalid_input",
        ),
    ];
    for (method, path, body, status, code) in rows {
        let answer = served.send(method, &path, body).await;
        let told = answer.json().unwrap();
        assert_eq!(answer.status, status, "{method} {path}: {told}");
        assert_eq!(told["code"], code, "{method} {path}: {told}");
        assert!(
            told["message"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{told}"
        );
        assert!(
            told["causes"].is_array() && told["retryable"].is_boolean(),
            "{told}"
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
}
