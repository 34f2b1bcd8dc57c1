//! One call of a server's tool, from its arguments to an answer. It ends: by the answer, by the clock, by the
//! person, or with the connection.

use super::ask::AskedIn;
use super::calls::{CALLS_MAX, Running};
use super::content;
use super::server::Server;
use super::tools::Served;
use super::{clean, trouble};
use crate::clock::Clock;
use crate::services::Services;
use anteroom_api::{Status, Stop, ToolContent};
use rmcp::model::{
    CallToolRequest, CallToolRequestParams, CallToolResult, ClientRequest, InputRequest,
    InputRequiredResult, InputResponses, ServerResult,
};
use rmcp::service::PeerRequestOptions;
use rmcp::{Peer, RoleClient, ServiceError};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// Rounds of one call in which a server asks for something first.
const ROUNDS_MAX: usize = 10;
/// Questions of one round.
const QUESTIONS_MAX: usize = 8;
/// The least time a clock that stands still is looked at again after.
const LOOK: Duration = Duration::from_millis(50);

/// A tool of a server, and a call of it.
pub(crate) struct ServedCall {
    pub(crate) server: Arc<Server>,
    pub(crate) tool: Arc<Served>,
    pub(crate) arguments: Map<String, Value>,
    pub(crate) within: AskedIn,
    /// Whole time; waiting for people is left out.
    pub(crate) limit: Duration,
}

/// What came of it.
pub(crate) struct Answered {
    pub(crate) status: Status,
    pub(crate) content: Vec<ToolContent>,
    pub(crate) worked: Duration,
    pub(crate) waited: Duration,
}

/// Runs it to its end.
pub(crate) async fn run(call: ServedCall, services: Arc<dyn Services>, mut stop: Stop) -> Answered {
    let began = std::time::Instant::now();
    let name = call.server.spec.id.name.clone();
    let Some(peer) = call.server.peer() else {
        return failed(format!("the MCP server `{name}` is not connected now"));
    };
    let clock = Clock::start(call.limit);
    let Some(place) = call.server.calls.begin(call.within, services, clock) else {
        return failed(format!(
            "{CALLS_MAX} calls of the MCP server `{name}` run already, which is the limit; wait for some to end and try again"
        ));
    };
    let running = place.running.clone();
    // Dropping the request tells the server that nobody waits for it any more.
    let (status, content) = tokio::select! {
        answer = rounds(&call, &peer, &running) => answer.unwrap_or_else(|why| (Status::Failed, told(why))),
        () = time_is_up(&running.clock) => (Status::Failed, told(format!(
            "the MCP server `{name}` was given up after {} s, which is all a call may take; ask for less at once",
            call.limit.as_secs()
        ))),
        () = stop.raised() => (Status::Interrupted, told("the call was cancelled".to_owned())),
    };
    let worked = running.clock.worked();
    Answered {
        status,
        content,
        worked,
        waited: began.elapsed().saturating_sub(worked),
    }
}

/// Asks until there is an answer: a server may want to know something first.
async fn rounds(
    call: &ServedCall,
    peer: &Peer<RoleClient>,
    running: &Running,
) -> Result<(Status, Vec<ToolContent>), String> {
    let name = call.tool.tool.name.clone();
    let mut params = CallToolRequestParams::new(name).with_arguments(call.arguments.clone());
    for _ in 0..ROUNDS_MAX {
        match once(peer, running, params.clone()).await {
            Ok(ServerResult::CallToolResult(result)) => return finished(call, result),
            Ok(ServerResult::InputRequiredResult(wanted)) => {
                params.request_state.clone_from(&wanted.request_state);
                let responses = fulfil(call, wanted).await?;
                params.input_responses = (!responses.is_empty()).then_some(responses);
            }
            Ok(_) => return Err(lead(call, "answered something else than a result")),
            Err(error) => {
                if matches!(error, ServiceError::TransportSend(_)) {
                    call.server.doubt();
                }
                let why = trouble::of_request(&error);
                return Err(lead(call, &format!("could not do it: {why}")));
            }
        }
    }
    Err(lead(
        call,
        &format!("asked back more than {ROUNDS_MAX} times"),
    ))
}

/// One request. Dropped before its answer, it is cancelled at the server.
async fn once(
    peer: &Peer<RoleClient>,
    running: &Running,
    params: CallToolRequestParams,
) -> Result<ServerResult, ServiceError> {
    let request = ClientRequest::CallToolRequest(CallToolRequest::new(params));
    let options = PeerRequestOptions::no_options();
    let handle = peer.send_cancellable_request(request, options).await?;
    running.waits_for(handle.id.clone(), handle.progress_token.clone());
    let mut cancelling = Cancelling {
        peer: peer.clone(),
        id: Some(handle.id.clone()),
    };
    let answer = handle.await_response().await;
    cancelling.id = None;
    answer
}

/// Tells a server that nobody waits for a request any more.
struct Cancelling {
    peer: Peer<RoleClient>,
    id: Option<rmcp::model::RequestId>,
}

impl Drop for Cancelling {
    fn drop(&mut self) {
        let (Some(id), Ok(runtime)) = (self.id.take(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        let peer = self.peer.clone();
        runtime.spawn(async move {
            let reason = Some("nobody waits for it any more".to_owned());
            let params = rmcp::model::CancelledNotificationParam::new(Some(id), reason);
            let cancelled = rmcp::model::CancelledNotification::new(params);
            // One that is gone needs not be told.
            drop(peer.send_notification(cancelled.into()).await);
        });
    }
}

/// Gets a server what it wants to know first.
async fn fulfil(call: &ServedCall, wanted: InputRequiredResult) -> Result<InputResponses, String> {
    let requests = wanted.input_requests.unwrap_or_default();
    if requests.is_empty() {
        // It only wants to be asked again.
        sleep(Duration::from_millis(200)).await;
    }
    if requests.len() > QUESTIONS_MAX {
        return Err(lead(call, "asked too much at once"));
    }
    let handler = &call.server.handler;
    let mut responses = InputResponses::new();
    for (key, request) in requests {
        let within = Some(call.within);
        let answer = match request {
            InputRequest::Elicitation(request) => {
                let answer = handler.elicit(request.params, within).await;
                answer.map(serde_json::to_value)
            }
            InputRequest::CreateMessage(request) => {
                let answer = handler.sample(request.params, within).await;
                answer.map(serde_json::to_value)
            }
            InputRequest::ListRoots(_) => Ok(serde_json::to_value(handler.roots())),
            _ => return Err(lead(call, "asked for something unknown")),
        };
        let answer = answer.map_err(|error| {
            lead(
                call,
                &format!("asked for something it may not have: {}", error.message),
            )
        })?;
        let answer = answer.map_err(|error| lead(call, &error.to_string()))?;
        responses.insert(key, answer);
    }
    Ok(responses)
}

fn finished(
    call: &ServedCall,
    result: CallToolResult,
) -> Result<(Status, Vec<ToolContent>), String> {
    let mut content = content::parts(result.content)?;
    if let Some(value) = result.structured_content {
        let value = clean::json(value);
        if value.to_string().len() > content::ANSWER_MAX_BYTES {
            return Err(content::too_long());
        }
        let misfit = call
            .tool
            .output()
            .and_then(|schema| schema.validate(&value).err());
        if let Some(misfit) = misfit {
            let why = clean::line(&misfit.to_string(), 300);
            content.push(ToolContent::Text {
                text: format!("[its structured result was left out: it does not fit the server's own schema: {why}]"),
            });
        } else if !is_said(&content, &value) {
            content.push(ToolContent::Json { value });
        }
    }
    let status = if result.is_error == Some(true) {
        Status::Failed
    } else {
        Status::Completed
    };
    if content.is_empty() {
        content = told("[the result is empty]".to_owned());
    }
    Ok((status, content))
}

/// Whether a text among the parts says the same: servers do that for clients that know no structure. As JSON, or,
/// where the structure is a wrapper around one text, as that text.
fn is_said(content: &[ToolContent], value: &Value) -> bool {
    let only = value.as_object().filter(|members| members.len() == 1);
    let only = only.and_then(|members| members.values().next()?.as_str());
    content.iter().any(|part| match part {
        ToolContent::Text { text } => {
            only == Some(text) || serde_json::from_str::<Value>(text).is_ok_and(|it| it == *value)
        }
        ToolContent::Json { .. } | ToolContent::Image { .. } | ToolContent::Diff { .. } => false,
    })
}

async fn time_is_up(clock: &Clock) {
    while !clock.is_over() {
        sleep(clock.left().max(LOOK)).await;
    }
}

fn failed(why: String) -> Answered {
    Answered {
        status: Status::Failed,
        content: told(why),
        worked: Duration::ZERO,
        waited: Duration::ZERO,
    }
}

fn told(text: String) -> Vec<ToolContent> {
    vec![ToolContent::Text { text }]
}

fn lead(call: &ServedCall, what: &str) -> String {
    format!("the MCP server `{}` {what}", call.server.spec.id.name)
}
