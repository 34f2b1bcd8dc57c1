//! Finds endpoints on this machine, and tests one step by step.

use crate::{
    ChatRequest, Client, Endpoint, Message, ModelError, Retry, StreamEvent, Timeouts,
    ToolDefinition,
};
use anteroom_api::{EndpointReport, FoundEndpoint, Phase, ProbeStep, Problem, ProblemCode, Stop};
use futures_util::future::join_all;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

/// A model server and the port it usually listens on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalServer {
    /// Its name.
    pub name: &'static str,
    /// Its port.
    pub port: u16,
}

/// The model servers looked for on this machine.
pub const LOCAL_SERVERS: [LocalServer; 6] = [
    LocalServer {
        name: "Ollama",
        port: 11434,
    },
    LocalServer {
        name: "LM Studio",
        port: 1234,
    },
    LocalServer {
        name: "vLLM",
        port: 8000,
    },
    LocalServer {
        name: "llama.cpp",
        port: 8080,
    },
    LocalServer {
        name: "Jan",
        port: 1337,
    },
    LocalServer {
        name: "KoboldCpp",
        port: 5001,
    },
];

const PATIENCE: Duration = Duration::from_millis(300);

/// The servers that answer on this machine, in the order given. No key is sent, nothing but loopback asked.
pub async fn local_endpoints(servers: &[LocalServer]) -> Vec<FoundEndpoint> {
    let found = servers.iter().map(|server| async move {
        let base_url = format!("http://127.0.0.1:{}/v1", server.port);
        let client = Client::new(Endpoint {
            timeouts: Timeouts {
                connect: PATIENCE,
                first_token: PATIENCE,
                request: PATIENCE,
                ..Timeouts::default()
            },
            ..Endpoint::new(&base_url)
        })
        .ok()?;
        let models = timeout(PATIENCE, client.models()).await.ok()?.ok()?;
        Some(FoundEndpoint {
            name: server.name.to_owned(),
            base_url,
            models,
        })
    });
    join_all(found).await.into_iter().flatten().collect()
}

/// Tries an endpoint: is it there, does it list models, does it stream, does its model call tools.
///
/// Nothing is tried twice. The model is the first one listed if none is given.
pub async fn test_endpoint(endpoint: Endpoint, model: Option<String>) -> EndpointReport {
    let mut report = EndpointReport {
        models: Vec::new(),
        model,
        steps: Vec::new(),
    };
    let begun = Instant::now();
    let client = match Client::new(Endpoint {
        retry: Retry {
            max_attempts: 0,
            ..endpoint.retry
        },
        ..endpoint
    }) {
        Ok(client) => client,
        Err(error) => {
            report
                .steps
                .push(step("connect", begun, Some(error.into())));
            return report;
        }
    };
    if !reach(&client, &mut report).await {
        return report;
    }
    let Some(model) = report.model.clone() else {
        return report;
    };
    let begun = Instant::now();
    let streamed = stream(&client, &model).await;
    let is_streaming = streamed.is_ok();
    report
        .steps
        .push(step("stream", begun, streamed.err().map(Problem::from)));
    if is_streaming {
        let begun = Instant::now();
        let problem = tools(&client, &model).await.err();
        report.steps.push(step("tools", begun, problem));
    }
    report
}

/// The steps `connect` and `models`; tells whether the rest makes sense.
async fn reach(client: &Client, report: &mut EndpointReport) -> bool {
    let begun = Instant::now();
    let mut reached_at = None;
    let listed = client
        .models_told(&mut || reached_at = Some(Instant::now()))
        .await;
    let Some(reached_at) = reached_at else {
        let problem = listed.err().map(Problem::from);
        report.steps.push(step("connect", begun, problem));
        return false;
    };
    let took = reached_at.saturating_duration_since(begun);
    report.steps.push(ProbeStep {
        name: "connect".into(),
        took_ms: millis(took),
        problem: None,
    });
    let problem = match listed {
        Ok(models) => {
            let problem = unlisted(&models, report.model.as_deref());
            report.model = report.model.take().or_else(|| models.first().cloned());
            report.models = models;
            problem
        }
        Err(error) => Some(error.into()),
    };
    let is_refused = problem
        .as_ref()
        .is_some_and(|problem| problem.code == ProblemCode::EndpointAuth);
    report.steps.push(step("models", reached_at, problem));
    !is_refused
}

/// What is wrong with a list of models, seen from the one that is wanted.
fn unlisted(models: &[String], wanted: Option<&str>) -> Option<Problem> {
    let Some(first) = models.first() else {
        let hint = "load a model in the server, for example `ollama pull qwen3`";
        let problem = Problem::new(
            ProblemCode::EndpointFailed,
            "the model endpoint lists no models",
        );
        return Some(problem.hint(hint));
    };
    let wanted = wanted.filter(|wanted| !models.iter().any(|model| model == wanted))?;
    let nearest = models
        .iter()
        .max_by_key(|model| common(model, wanted))
        .unwrap_or(first);
    Some(
        Problem::new(
            ProblemCode::EndpointFailed,
            format!("the model endpoint does not list `{wanted}`"),
        )
        .hint(format!(
            "did you mean `{nearest}`? `aroom config set ai.model '{nearest}'`"
        )),
    )
}

/// How long two names begin alike.
fn common(one: &str, other: &str) -> usize {
    let (one, other) = (one.to_lowercase(), other.to_lowercase());
    one.chars()
        .zip(other.chars())
        .take_while(|(a, b)| a == b)
        .count()
}

/// Waits for the first token and hangs up.
async fn stream(client: &Client, model: &str) -> Result<(), ModelError> {
    let request = ChatRequest {
        model: model.to_owned(),
        messages: vec![Message::user("Reply with the single word: ready")],
        ..ChatRequest::default()
    };
    let (raise, stop) = Stop::new();
    match client
        .stream(&request, stop, &mut first_output(&raise))
        .await
    {
        Err(ModelError::Cancelled) if *raise.borrow() => Ok(()),
        other => other.map(|_| ()),
    }
}

fn first_output(raise: &watch::Sender<bool>) -> impl FnMut(StreamEvent) + Send + '_ {
    |event| match event {
        StreamEvent::Phase(Phase::Streaming) => {
            raise.send_replace(true);
        }
        StreamEvent::Phase(_)
        | StreamEvent::Text(_)
        | StreamEvent::Reasoning(_)
        | StreamEvent::Arguments { .. }
        | StreamEvent::Discarded => {}
    }
}

/// Asks for a call and looks whether one comes.
async fn tools(client: &Client, model: &str) -> Result<(), Problem> {
    let request = ChatRequest {
        model: model.to_owned(),
        messages: vec![Message::user(
            "Call the tool `report_ready` with `{\"ready\": true}`. Say nothing else.",
        )],
        tools: vec![ToolDefinition {
            name: "report_ready".into(),
            description: "Reports that tools work.".into(),
            parameters: serde_json::json!({
                "type": "object",
                "properties": { "ready": { "type": "boolean" } },
                "required": ["ready"],
            }),
        }],
        ..ChatRequest::default()
    };
    let (_running, stop) = Stop::new();
    let answer = client.stream(&request, stop, &mut |_| {}).await?;
    if answer.calls.iter().any(|call| call.name == "report_ready") {
        return Ok(());
    }
    Err(Problem::new(
        ProblemCode::EndpointFailed,
        format!("`{model}` ignores tools"),
    )
    .hint("chat works; for work with files and commands choose a model that calls tools"))
}

fn step(name: &str, begun: Instant, problem: Option<Problem>) -> ProbeStep {
    ProbeStep {
        name: name.to_owned(),
        took_ms: millis(begun.elapsed()),
        problem,
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
