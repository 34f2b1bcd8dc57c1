//! Every wait has its limit, and `stop` ends each of them.

use crate::endpoint::{Endpoint as Scripted, Gate, Reply};
use crate::{ask, phases, request, said, settings};
use anteroom_api::{Phase, Stop};
use anteroom_model::{
    ChatRequest, Client, Endpoint, Message, ModelError, Retry, StreamEvent, Timeouts, Wait,
};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const SHORT: Duration = Duration::from_millis(20);

/// Asks with these limits, without retries; gives what was waited for too long.
async fn waited(scripted: &Scripted, timeouts: Timeouts) -> (Vec<Phase>, Option<Wait>) {
    let client = Client::new(Endpoint {
        timeouts,
        retry: Retry {
            max_attempts: 0,
            ..Retry::default()
        },
        ..settings(scripted)
    })
    .unwrap();
    let (told, result) = ask(&client).await;
    let wait = match result {
        Err(ModelError::Timeout { wait, limit, .. }) => {
            assert_eq!(limit, SHORT);
            Some(wait)
        }
        _ => None,
    };
    (phases(told), wait)
}

#[tokio::test]
async fn limits() {
    let never = Gate::new();
    let normal = Timeouts::default();
    let rows = [
        (
            "silence",
            Reply::silence(&never),
            Timeouts {
                first_token: SHORT,
                ..normal
            },
            Wait::FirstToken,
        ),
        (
            "half a head",
            Reply::slow_head(&never),
            Timeouts {
                first_token: SHORT,
                ..normal
            },
            Wait::FirstToken,
        ),
        (
            "no token",
            Reply::stream().wait(&never),
            Timeouts {
                first_token: SHORT,
                ..normal
            },
            Wait::FirstToken,
        ),
        (
            "a stall",
            Reply::stream().token("a").wait(&never),
            Timeouts {
                chunk_stall: SHORT,
                ..normal
            },
            Wait::Chunk,
        ),
        (
            "too long",
            Reply::stream().token("a").wait(&never),
            Timeouts {
                request: SHORT,
                ..normal
            },
            Wait::Request,
        ),
        (
            "too long before the first token",
            Reply::silence(&never),
            Timeouts {
                request: SHORT,
                ..normal
            },
            Wait::Request,
        ),
    ];
    for (name, reply, timeouts, expected) in rows {
        let scripted = Scripted::with([reply]).await;
        let (_, wait) = waited(&scripted, timeouts).await;
        assert_eq!(wait, Some(expected), "{name}");
        scripted.hung_up(0).await;
    }
}

#[tokio::test]
async fn a_connection_that_nobody_accepts_in_tls() {
    // The system accepts, nobody answers the TLS greeting.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let client = Client::new(Endpoint {
        timeouts: Timeouts {
            connect: SHORT,
            ..Timeouts::default()
        },
        retry: Retry {
            max_attempts: 0,
            ..Retry::default()
        },
        ..Endpoint::new(format!("https://127.0.0.1:{port}/v1"))
    })
    .unwrap();
    let (told, result) = ask(&client).await;
    let expected = ModelError::Timeout {
        url: format!("https://127.0.0.1:{port}/v1"),
        wait: Wait::Connect,
        limit: SHORT,
    };
    assert_eq!(result, Err(expected));
    assert_eq!(phases(told), [Phase::Connecting]);
}

#[tokio::test]
async fn a_request_that_nobody_reads() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let client = Client::new(Endpoint {
        timeouts: Timeouts {
            write: SHORT,
            ..Timeouts::default()
        },
        retry: Retry {
            max_attempts: 0,
            ..Retry::default()
        },
        ..Endpoint::new(format!("http://127.0.0.1:{port}/v1"))
    })
    .unwrap();
    // More than the system keeps for both sides.
    let request = ChatRequest {
        messages: vec![Message::user("x".repeat(32 << 20))],
        ..ChatRequest::default()
    };
    let (_running, stop) = Stop::new();
    let result = client.stream(&request, stop, &mut |_| {}).await;
    let expected = ModelError::Timeout {
        url: format!("http://127.0.0.1:{port}/v1"),
        wait: Wait::Write,
        limit: SHORT,
    };
    assert_eq!(result, Err(expected));
}

/// A server that begins to answer before it was seen to have the whole request: the first token has its own limit, not
/// what is left of the one before.
#[tokio::test]
async fn an_answer_that_begins_before_the_request_has_ended() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let early = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
        let mut begun = [0; 1];
        stream.read_exact(&mut begun).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    });
    let client = Client::new(Endpoint {
        timeouts: Timeouts {
            first_token: SHORT,
            ..Timeouts::default()
        },
        retry: Retry {
            max_attempts: 0,
            ..Retry::default()
        },
        ..Endpoint::new(format!("http://127.0.0.1:{port}/v1"))
    })
    .unwrap();
    // More than the system keeps for both sides.
    let request = ChatRequest {
        messages: vec![Message::user("x".repeat(32 << 20))],
        ..ChatRequest::default()
    };
    let (_running, stop) = Stop::new();
    let mut told = Vec::new();
    let result = client
        .stream(&request, stop, &mut |event| told.push(event))
        .await;
    let expected = ModelError::Timeout {
        url: format!("http://127.0.0.1:{port}/v1"),
        wait: Wait::FirstToken,
        limit: SHORT,
    };
    assert_eq!(result, Err(expected));
    assert_eq!(phases(told), [Phase::Connecting, Phase::Waiting]);
    drop(early.await.unwrap());
}

#[tokio::test]
async fn no_place_among_the_requests() {
    let gate = Gate::new();
    let scripted = Scripted::with([Reply::stream().wait(&gate).token("a").without_usage()]).await;
    let client = Client::new(Endpoint {
        max_concurrent: 1,
        timeouts: Timeouts {
            pool: SHORT,
            ..Timeouts::default()
        },
        ..settings(&scripted)
    })
    .unwrap();
    let first = tokio::spawn({
        let client = client.clone();
        async move { ask(&client).await.1 }
    });
    gate.reached().await;
    let expected = ModelError::Timeout {
        url: scripted.base_url(),
        wait: Wait::Pool,
        limit: SHORT,
    };
    assert_eq!(ask(&client).await.1, Err(expected));
    gate.open();
    assert_eq!(first.await.unwrap(), Ok(said("a")));
}

#[tokio::test]
async fn timeouts_are_tried_again() {
    let scripted = Scripted::with([
        Reply::silence(&Gate::new()),
        Reply::stream().token("wrong").wait(&Gate::new()),
        Reply::text("right").without_usage(),
    ])
    .await;
    let client = Client::new(Endpoint {
        timeouts: Timeouts {
            first_token: Duration::from_millis(300),
            chunk_stall: Duration::from_millis(300),
            ..Timeouts::default()
        },
        ..settings(&scripted)
    })
    .unwrap();
    let (told, result) = ask(&client).await;
    assert_eq!(result, Ok(said("right")));
    let reasons: Vec<String> = phases(told)
        .into_iter()
        .filter_map(|phase| match phase {
            Phase::Retrying { reason, .. } => Some(reason),
            _ => None,
        })
        .collect();
    assert_eq!(reasons, ["no first token", "stalled"]);
}

/// Where a request is when it is stopped.
#[tokio::test]
async fn stop_ends_every_phase() {
    let never = Gate::new();
    let slow = Retry {
        backoff_base: Duration::from_secs(3600),
        max_delay: Duration::from_secs(3600),
        ..Retry::default()
    };
    type IsThere = fn(&StreamEvent) -> bool;
    let rows: [(&str, Reply, IsThere); 5] = [
        ("connecting", Reply::silence(&never), |event| {
            *event == StreamEvent::Phase(Phase::Connecting)
        }),
        ("waiting", Reply::silence(&never), |event| {
            *event == StreamEvent::Phase(Phase::Waiting)
        }),
        (
            "streaming",
            Reply::stream().token("a").wait(&never),
            |event| matches!(event, StreamEvent::Text(_)),
        ),
        ("retrying", Reply::error(503, "x"), |event| {
            matches!(event, StreamEvent::Phase(Phase::Retrying { .. }))
        }),
        (
            "flooded",
            Reply::many(&serde_json::json!({ "content": "a" }), usize::MAX),
            |event| matches!(event, StreamEvent::Text(_)),
        ),
    ];
    for (name, reply, is_there) in rows {
        let scripted = Scripted::with([reply]).await;
        let client = Client::new(Endpoint {
            retry: slow,
            ..settings(&scripted)
        })
        .unwrap();
        let (raise, stop) = Stop::new();
        let result = client
            .stream(&request(), stop, &mut |event| {
                if is_there(&event) {
                    raise.send_replace(true);
                }
            })
            .await;
        assert_eq!(result, Err(ModelError::Cancelled), "{name}");
    }
}

#[tokio::test]
async fn stop_hangs_up() {
    let never = Gate::new();
    let scripted = Scripted::with([Reply::stream().token("a").wait(&never)]).await;
    let client = Client::new(settings(&scripted)).unwrap();
    let (raise, stop) = Stop::new();
    let asking = tokio::spawn(async move { client.stream(&request(), stop, &mut |_| {}).await });
    never.reached().await;
    raise.send_replace(true);
    assert_eq!(asking.await.unwrap(), Err(ModelError::Cancelled));
    scripted.hung_up(0).await;
}

/// Time stands still but for the client's own timers, which then follow each other at once.
#[tokio::test]
async fn silence_is_told() {
    let never = Gate::new();
    let scripted = Scripted::with([Reply::stream().token("a").wait(&never)]).await;
    let client = Client::new(Endpoint {
        timeouts: Timeouts {
            chunk_stall: Duration::from_secs(8),
            ..Timeouts::default()
        },
        retry: Retry {
            max_attempts: 0,
            ..Retry::default()
        },
        ..settings(&scripted)
    })
    .unwrap();
    let (_running, stop) = Stop::new();
    let mut told = Vec::new();
    let result = client
        .stream(&request(), stop, &mut |event| {
            if matches!(event, StreamEvent::Text(_)) {
                tokio::time::pause();
            }
            told.push(event);
        })
        .await;
    let expected = ModelError::Timeout {
        url: scripted.base_url(),
        wait: Wait::Chunk,
        limit: Duration::from_secs(8),
    };
    assert_eq!(result, Err(expected));
    let silent = |silent_ms| StreamEvent::Phase(Phase::Stalled { silent_ms });
    assert_eq!(told[4..], [silent(5000), silent(6000), silent(7000)]);
}
