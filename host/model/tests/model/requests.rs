//! What is sent: headers, bytes, order, connections.

use crate::endpoint::{Endpoint as Scripted, Reply};
use crate::{ask, client, settings};
use anteroom_api::Stop;
use anteroom_model::{
    ChatRequest, Client, Endpoint, Message, Part, Secret, SentCall, ToolDefinition,
};
use serde_json::json;

fn conversation() -> ChatRequest {
    ChatRequest {
        model: "m".into(),
        messages: vec![
            Message::system("Be brief."),
            Message::user("Hi"),
            Message::user_parts(vec![Part::text("Look:"), Part::image("image/png", "aGk=")]),
            Message::assistant("", vec![SentCall::new("c1", "f", r#"{"z":1,"a":2}"#)]),
            Message::tool("c1", "done"),
            Message::assistant("Well.", vec![]),
        ],
        tools: vec![ToolDefinition {
            name: "f".into(),
            description: "Does it.".into(),
            parameters: json!({ "type": "object", "properties": { "z": {}, "a": {} } }),
        }],
        extra: json!({ "temperature": 0.5, "stream": false, "top_k": 1 })
            .as_object()
            .cloned()
            .unwrap(),
    }
}

async fn sent(requests: &[ChatRequest]) -> Vec<Vec<u8>> {
    let scripted = Scripted::start().await;
    let client = client(&scripted);
    for request in requests {
        scripted.say(Reply::text("a"));
        let (_running, stop) = Stop::new();
        client.stream(request, stop, &mut |_| {}).await.unwrap();
    }
    scripted.chats().into_iter().map(|chat| chat.body).collect()
}

#[tokio::test]
async fn the_body_byte_by_byte() {
    let bodies = sent(&[conversation(), conversation()]).await;
    let expected = concat!(
        r#"{"model":"m","stream":true,"stream_options":{"include_usage":true},"#,
        r#""temperature":0.5,"top_k":1,"#,
        r#""tools":[{"type":"function","function":{"name":"f","description":"Does it.","#,
        r#""parameters":{"type":"object","properties":{"z":{},"a":{}}}}}],"#,
        r#""messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"},"#,
        r#"{"role":"user","content":[{"type":"text","text":"Look:"},"#,
        r#"{"type":"image_url","image_url":{"url":"data:image/png;base64,aGk="}}]},"#,
        r#"{"role":"assistant","content":null,"tool_calls":[{"type":"function","id":"c1","#,
        r#""function":{"name":"f","arguments":"{\"z\":1,\"a\":2}"}}]},"#,
        r#"{"role":"tool","tool_call_id":"c1","content":"done"},"#,
        r#"{"role":"assistant","content":"Well."}]}"#,
    );
    for body in bodies {
        assert_eq!(String::from_utf8(body).unwrap(), expected);
    }
}

#[tokio::test]
async fn a_longer_conversation_begins_with_the_same_bytes() {
    let mut longer = conversation();
    longer.messages.push(Message::user("More"));
    let bodies = sent(&[conversation(), longer]).await;
    let shared = bodies[0].len() - "]}".len();
    assert_eq!(bodies[0][..shared], bodies[1][..shared]);
}

#[tokio::test]
async fn headers_and_connection() {
    let scripted = Scripted::with([Reply::text("a"), Reply::text("b")]).await;
    let client = Client::new(Endpoint {
        api_key: Some(Secret::new(" sk-secret-key\n")),
        ..settings(&scripted)
    })
    .unwrap();
    ask(&client).await.1.unwrap();
    ask(&client).await.1.unwrap();
    let chats = scripted.chats();
    for chat in &chats {
        let found = [
            "authorization",
            "content-type",
            "accept",
            "accept-encoding",
            "transfer-encoding",
        ]
        .map(|name| chat.header(name));
        let expected = [
            Some("Bearer sk-secret-key"),
            Some("application/json"),
            Some("text/event-stream"),
            Some("identity"),
            None,
        ];
        assert_eq!(found, expected);
        assert_eq!(chat.path, "/v1/chat/completions");
    }
}

#[tokio::test]
async fn a_large_body_arrives_whole() {
    let scripted = Scripted::with([Reply::text("a")]).await;
    let text = "é".repeat(2 << 20);
    let request = ChatRequest {
        messages: vec![Message::user(&text)],
        ..ChatRequest::default()
    };
    let (_running, stop) = Stop::new();
    client(&scripted)
        .stream(&request, stop, &mut |_| {})
        .await
        .unwrap();
    assert_eq!(scripted.chats()[0].json["messages"][0]["content"], text);
}
