//! Errors: which are tried again, what is told meanwhile, and what comes out in the end.

use crate::endpoint::{Endpoint as Scripted, Framing, Gate, Reply};
use crate::{ask, ask_for, client, phases, request, said, settings};
use anteroom_api::{Phase, Stop};
use anteroom_model::{
    Answer, Client, Endpoint, ModelError, Retry, StreamEvent, Timeouts, Unreachable,
};
use serde_json::json;
use std::time::Duration;

/// A scripted endpoint's address differs from run to run.
fn without_url(error: ModelError) -> ModelError {
    let mut error = error;
    match &mut error {
        ModelError::Status { url, .. }
        | ModelError::Lost { url, .. }
        | ModelError::Told { url, .. }
        | ModelError::Page { url, .. }
        | ModelError::Unreadable { url, .. }
        | ModelError::Empty { url }
        | ModelError::Redirected { url, .. }
        | ModelError::TooLarge { url, .. }
        | ModelError::Unreachable { url, .. } => url.clear(),
        _ => {}
    }
    error
}

fn status(status: u16, message: &str) -> ModelError {
    ModelError::Status {
        url: String::new(),
        status,
        message: message.into(),
        model: Some("scripted".into()),
        retry_after: None,
    }
}

fn told(message: &str, kind: &str, is_transient: bool) -> ModelError {
    ModelError::Told {
        url: String::new(),
        message: message.into(),
        kind: kind.into(),
        is_transient,
    }
}

fn unreadable(detail: &str) -> ModelError {
    ModelError::Unreadable {
        url: String::new(),
        detail: detail.into(),
    }
}

#[tokio::test]
async fn what_is_tried_again() {
    let error = |code| Reply::error(code, "no");
    let rows: Vec<(&str, Reply, Option<ModelError>)> = vec![
        ("408", error(408), None),
        ("409", error(409), None),
        ("429", error(429), None),
        ("500", error(500), None),
        ("502 with a page", Reply::html(502, "Bad gateway"), None),
        ("503", error(503), None),
        ("529", error(529), None),
        ("hung up", Reply::hang_up(), None),
        ("broken off", Reply::stream().token("a").close(), None),
        ("empty", Reply::sse(""), None),
        ("only [DONE]", Reply::sse("data: [DONE]\n\n"), None),
        (
            "an overloaded stream",
            Reply::stream().data(r#"{"error":{"message":"x","type":"overloaded_error"}}"#),
            None,
        ),
        (
            "a failed stream",
            Reply::stream().data(r#"{"error":{"message":"x","code":502}}"#),
            None,
        ),
        ("400", error(400), Some(status(400, "no"))),
        ("401", error(401), Some(status(401, "no"))),
        ("403", error(403), Some(status(403, "no"))),
        ("404", error(404), Some(status(404, "no"))),
        ("422", error(422), Some(status(422, "no"))),
        (
            "a page",
            Reply::html(200, "Sign in"),
            Some(ModelError::Page {
                url: String::new(),
                title: "Sign in".into(),
            }),
        ),
        (
            "a redirect",
            Reply::redirect(
                307,
                "http://user:secret@example.com/v1/chat/completions?key=1",
            ),
            Some(ModelError::Redirected {
                url: String::new(),
                target: "http://example.com/v1/chat/completions".into(),
            }),
        ),
        (
            "compressed",
            Reply::text("a").header("Content-Encoding", "gzip"),
            Some(unreadable(
                "the answer is compressed, which was not asked for",
            )),
        ),
        (
            "an error that stays",
            Reply::stream()
                .token("a")
                .data(r#"{"error":{"message":"bad","type":"invalid_request_error"}}"#),
            Some(told("bad", "invalid_request_error", false)),
        ),
        (
            "an error as text",
            Reply::sse("data: {\"error\":\"bad\"}\n\n"),
            Some(told("bad", "", false)),
        ),
        (
            "an error as an event",
            Reply::sse("event: error\ndata: {\"message\":\"bad\",\"code\":400}\n\n"),
            Some(told("bad", "400", false)),
        ),
        (
            "an error as a document",
            Reply::json(
                200,
                &json!({ "object": "error", "message": "bad", "code": 400 }),
            ),
            Some(told("bad", "400", false)),
        ),
        (
            "an error in a list",
            Reply::json(200, &json!([{ "error": { "message": "bad" } }])),
            Some(told("bad", "", false)),
        ),
        (
            "an error raw in a stream",
            Reply::sse(": hi\n\n{\"error\":{\"message\":\"bad\"}}\n"),
            Some(told("bad", "", false)),
        ),
        (
            "another document",
            Reply::json(200, &json!({ "models": [] })),
            Some(unreadable("a JSON document without `choices`")),
        ),
        (
            "JSON broken off",
            Reply::sse("data: {\"choices\":\n\n"),
            Some(unreadable("JSON that breaks off in the middle")),
        ),
        (
            "JSON broken",
            Reply::sse("data: {\"choices\":]}\n\n"),
            Some(unreadable("expected value at line 1 column 12")),
        ),
    ];
    for (name, reply, expected) in rows {
        let mut replies = vec![reply];
        if expected.is_none() {
            replies.push(Reply::text("b").without_usage());
        }
        let (_, result) = ask_for(replies).await;
        let expected = expected.map_or_else(|| Ok(said("b")), Err);
        assert_eq!(result.map_err(without_url), expected, "{name}");
    }
}

#[tokio::test]
async fn error_bodies_in_many_shapes() {
    let rows = [
        (json!({ "error": { "message": "m", "code": 1 } }), "m"),
        (json!({ "error": "m" }), "m"),
        (json!({ "message": "m" }), "m"),
        (json!({ "detail": "m" }), "m"),
        (json!({ "detail": [{ "loc": ["body"], "msg": "m" }] }), "m"),
        (json!([{ "error": { "message": "m" } }]), "m"),
        (json!({ "object": "error", "message": "m" }), "m"),
        (json!({ "error": {} }), "no reason given"),
        (json!({ "strange": 1 }), r#"{"strange":1}"#),
    ];
    for (body, expected) in rows {
        let (_, result) = ask_for([Reply::json(400, &body)]).await;
        assert_eq!(
            result.map_err(without_url),
            Err(status(400, expected)),
            "{body}"
        );
    }
}

#[tokio::test]
async fn attempts_are_announced_and_counted() {
    let replies = [503, 500, 502, 503].map(|status| Reply::error(status, "busy"));
    let (told, result) = ask_for(replies).await;
    assert_eq!(result.map_err(without_url), Err(status(503, "busy")));
    let retrying = |attempt, reason: &str| Phase::Retrying {
        attempt,
        max: 3,
        delay_ms: 0,
        reason: reason.into(),
    };
    let expected = vec![
        Phase::Connecting,
        Phase::Waiting,
        retrying(1, "server error (503)"),
        Phase::Connecting,
        Phase::Waiting,
        retrying(2, "server error (500)"),
        Phase::Connecting,
        Phase::Waiting,
        retrying(3, "server error (502)"),
        Phase::Connecting,
        Phase::Waiting,
    ];
    assert_eq!(phases(told), expected);
}

#[tokio::test]
async fn a_partial_answer_is_voided_before_it_is_begun_anew() {
    let (told, result) = ask_for([
        Reply::stream().token("wro").close(),
        Reply::text("right").without_usage(),
    ])
    .await;
    assert_eq!(result, Ok(said("right")));
    let expected = vec![
        StreamEvent::Phase(Phase::Connecting),
        StreamEvent::Phase(Phase::Waiting),
        StreamEvent::Phase(Phase::Streaming),
        StreamEvent::Text("wro".into()),
        StreamEvent::Discarded,
        StreamEvent::Phase(Phase::Retrying {
            attempt: 1,
            max: 3,
            delay_ms: 0,
            reason: "connection lost".into(),
        }),
        StreamEvent::Phase(Phase::Connecting),
        StreamEvent::Phase(Phase::Waiting),
        StreamEvent::Phase(Phase::Streaming),
        StreamEvent::Text("right".into()),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_partial_answer_is_kept_where_it_may_not_be_voided() {
    let scripted = Scripted::with([Reply::stream().token("kept").close()]).await;
    let client = Client::new(Endpoint {
        retry: Retry {
            discards_partial: false,
            ..Retry::default()
        },
        ..settings(&scripted)
    })
    .unwrap();
    let (told, result) = ask(&client).await;
    assert!(matches!(result, Err(ModelError::Lost { .. })), "{result:?}");
    let expected = vec![
        StreamEvent::Phase(Phase::Connecting),
        StreamEvent::Phase(Phase::Waiting),
        StreamEvent::Phase(Phase::Streaming),
        StreamEvent::Text("kept".into()),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_reset_in_the_middle_is_tried_again() {
    let gate = Gate::new();
    let scripted = Scripted::with([
        Reply::stream().token("a").wait(&gate).reset(),
        Reply::text("b").without_usage(),
    ])
    .await;
    let (_running, stop) = Stop::new();
    let mut told = Vec::new();
    let client = client(&scripted);
    let result = client
        .stream(&request(), stop, &mut |event| {
            if matches!(event, StreamEvent::Text(_)) {
                gate.open();
            }
            told.push(event);
        })
        .await;
    assert_eq!(result, Ok(said("b")));
    assert!(told.contains(&StreamEvent::Discarded));
}

#[tokio::test]
async fn what_comes_after_the_finish_reason_may_fail() {
    let last = r#"{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}"#;
    let begun = || {
        let bare = Reply::stream().without_usage().without_done();
        bare.without_finish().data(last)
    };
    let rows = [
        ("broken off", begun().close()),
        ("never ended", begun().wait(&Gate::new())),
    ];
    for (name, reply) in rows {
        let (_, result) = ask_for([reply]).await;
        assert_eq!(result, Ok(said("a")), "{name}");
    }
}

#[tokio::test]
async fn the_endpoint_says_when_to_come_back() {
    let busy = || Reply::error(429, "slow down");
    let date = |reply: Reply, date: &str| reply.header("Date", date);
    /// The wait before the next attempt (ms), or what was asked for (s) where there is none.
    type Expected = Result<u64, Option<u64>>;
    let rows: Vec<(&str, Reply, Expected)> = vec![
        ("seconds", busy().header("Retry-After", "0"), Ok(0)),
        ("milliseconds", busy().header("retry-after-ms", "3"), Ok(3)),
        (
            "a date that has come",
            date(busy(), "Sun, 06 Nov 1994 08:49:37 GMT")
                .header("Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT"),
            Ok(0),
        ),
        ("nonsense", busy().header("Retry-After", "soon"), Ok(0)),
        (
            "a date without ours",
            busy().header("Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT"),
            Ok(0),
        ),
        (
            "too long",
            busy().header("Retry-After", "3600"),
            Err(Some(3600)),
        ),
        (
            "too far off",
            date(busy(), "Sat, 31 Dec 2011 23:00:00 GMT")
                .header("Retry-After", "Sun, 01 Jan 2012 01:00:00 GMT"),
            Err(Some(7200)),
        ),
    ];
    for (name, reply, expected) in rows {
        let scripted = Scripted::with([reply, Reply::text("b").without_usage()]).await;
        let (told, result) = ask(&client(&scripted)).await;
        let delay = phases(told).into_iter().find_map(|phase| match phase {
            Phase::Retrying { delay_ms, .. } => Some(delay_ms),
            _ => None,
        });
        let found = match (delay, result) {
            (Some(delay), Ok(_)) => Ok(delay),
            (None, Err(ModelError::Status { retry_after, .. })) => {
                Err(retry_after.map(|wait| wait.as_secs()))
            }
            other => panic!("{name}: {other:?}"),
        };
        assert_eq!(found, expected, "{name}");
    }
}

#[tokio::test]
async fn an_endpoint_that_does_not_know_stream_options() {
    let scripted = Scripted::with([
        Reply::error(
            400,
            "Unrecognized request argument supplied: stream_options",
        ),
        Reply::text("a").without_usage(),
        Reply::text("b").without_usage(),
    ])
    .await;
    let client = client(&scripted);
    assert_eq!(ask(&client).await.1, Ok(said("a")));
    assert_eq!(ask(&client).await.1, Ok(said("b")));
    let asked: Vec<bool> = scripted
        .chats()
        .iter()
        .map(|chat| chat.json.get("stream_options").is_some())
        .collect();
    assert_eq!(asked, [true, false, false]);
}

#[tokio::test]
async fn an_error_whose_body_does_not_end() {
    let never = Gate::new();
    let reply = Reply::error(400, "no")
        .framed(Framing::Chunked)
        .wait(&never);
    let scripted = Scripted::with([reply]).await;
    let client = Client::new(Endpoint {
        timeouts: Timeouts {
            first_token: Duration::from_millis(20),
            ..Timeouts::default()
        },
        ..settings(&scripted)
    })
    .unwrap();
    let (_, result) = ask(&client).await;
    assert_eq!(result.map_err(without_url), Err(status(400, "no")));
}

#[tokio::test]
async fn nobody_there() {
    let scripted = Scripted::start().await;
    let endpoint = settings(&scripted);
    let port = scripted.port();
    drop(scripted);
    // The listener is gone once its address can be bound again.
    while let Err(error) = std::net::TcpListener::bind(("127.0.0.1", port)) {
        assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
        tokio::task::yield_now().await;
    }
    let (told, result) = ask(&Client::new(endpoint).unwrap()).await;
    let expected = ModelError::Unreachable {
        url: String::new(),
        why: Unreachable::Refused,
        detail: "Connection refused (os error 111)".into(),
    };
    assert_eq!(result.map_err(without_url), Err(expected));
    let retries = phases(told)
        .iter()
        .filter(|phase| matches!(phase, Phase::Retrying { .. }))
        .count();
    assert_eq!(retries, 3);
}

#[tokio::test]
async fn an_endpoint_that_speaks_no_tls() {
    let scripted = Scripted::start().await;
    let client = Client::new(Endpoint {
        base_url: scripted.base_url().replace("http", "https"),
        retry: Retry {
            backoff_base: Duration::ZERO,
            ..Retry::default()
        },
        ..settings(&scripted)
    })
    .unwrap();
    let (told, result) = ask(&client).await;
    let why = match result {
        Err(ModelError::Unreachable { why, .. }) => Some(why),
        _ => None,
    };
    assert_eq!(why, Some(Unreachable::Tls));
    assert_eq!(phases(told), [Phase::Connecting]);
}

#[tokio::test]
async fn an_answer_without_retries() {
    let scripted = Scripted::with([Reply::error(503, "busy")]).await;
    let client = Client::new(Endpoint {
        retry: Retry {
            max_attempts: 0,
            ..Retry::default()
        },
        ..settings(&scripted)
    })
    .unwrap();
    let (_, result): (_, Result<Answer, _>) = ask(&client).await;
    assert_eq!(result.map_err(without_url), Err(status(503, "busy")));
}

#[tokio::test]
async fn an_answer_without_a_length_closes_in_the_middle_of_an_event() {
    let body = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\ndata: {\"ch";
    let (_, result) = ask_for([Reply::sse(body).framed(Framing::Close)]).await;
    assert_eq!(
        result.map_err(without_url),
        Err(unreadable("JSON that breaks off in the middle"))
    );
}
