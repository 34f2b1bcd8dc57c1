//! The client against the scripted endpoint: real connections, real bytes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking"
)]

#[path = "../../../../tests/support/endpoint.rs"]
mod endpoint;

mod deviations;
mod failures;
mod hostile;
mod keys;
mod probes;
mod requests;
mod tls;
mod waiting;

use anteroom_api::{Phase, Stop, Usage};
use anteroom_model::{
    Answer, CallRequest, ChatRequest, Client, Endpoint, Finish, Message, ModelError, Retry,
    StreamEvent,
};
use endpoint::{Endpoint as Scripted, Reply};
use serde_json::Value;
use std::time::Duration;

/// An endpoint's settings for tests: retries do not wait.
fn settings(scripted: &Scripted) -> Endpoint {
    Endpoint {
        retry: Retry {
            backoff_base: Duration::ZERO,
            ..Retry::default()
        },
        ..Endpoint::new(scripted.base_url())
    }
}

fn client(scripted: &Scripted) -> Client {
    Client::new(settings(scripted)).unwrap()
}

fn request() -> ChatRequest {
    ChatRequest {
        model: "scripted".into(),
        messages: vec![Message::user("Hello")],
        ..ChatRequest::default()
    }
}

/// Asks once; gives what was told and what came of it.
async fn ask(client: &Client) -> (Vec<StreamEvent>, Result<Answer, ModelError>) {
    let (_running, stop) = Stop::new();
    let mut told = Vec::new();
    let result = client
        .stream(&request(), stop, &mut |event| told.push(event))
        .await;
    (told, result)
}

/// Asks an endpoint that gives these replies.
async fn ask_for(
    replies: impl IntoIterator<Item = Reply>,
) -> (Vec<StreamEvent>, Result<Answer, ModelError>) {
    let scripted = Scripted::with(replies).await;
    let outcome = ask(&client(&scripted)).await;
    assert_eq!(scripted.unused(), 0, "replies nobody asked for");
    outcome
}

/// What a scripted stream tells by default.
fn usage() -> Option<Usage> {
    Some(Usage {
        prompt_tokens: 10,
        completion_tokens: 5,
        cached_tokens: 0,
        cost_micros: 0,
        is_estimated: false,
    })
}

fn said(text: &str) -> Answer {
    Answer {
        text: text.into(),
        reasoning: String::new(),
        calls: Vec::new(),
        finish: Finish::Stop,
        usage: None,
    }
}

fn called(calls: Vec<CallRequest>) -> Answer {
    Answer {
        calls,
        finish: Finish::ToolCalls,
        ..said("")
    }
}

fn call(id: &str, name: &str, arguments: Value) -> CallRequest {
    CallRequest {
        id: id.into(),
        name: name.into(),
        arguments: Ok(arguments),
    }
}

/// Only the phases of what was told.
fn phases(told: Vec<StreamEvent>) -> Vec<Phase> {
    told.into_iter()
        .filter_map(|event| match event {
            StreamEvent::Phase(phase) => Some(phase),
            _ => None,
        })
        .collect()
}
