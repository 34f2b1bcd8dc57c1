//! The doors of contract 2 as they are: wishes in, facts out, and what describes both.

use super::{places, programs, settings};
use crate::stream::{EventStream, Follow, Wanted};
use crate::{Options, media};
use anteroom_api::{
    ApprovalOp, BundleOp, Content, McpOp, Op, OpId, Problem, ProblemCode, Seq, ServerOp, SessionOp,
    Topic, TurnOp, TurnOptions, WorkspaceOp,
};
use anteroom_http::http::{HeaderValue, header};
use anteroom_http::{About, Accepted, Context, Failure, Json, Query, Raw, Routes, Session};
use futures_util::stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// Who answers approvals through these routes, for the record.
pub(super) const BY: &str = "web";
/// The media type of an event stream.
pub(super) const EVENTS: &str = "text/event-stream";

pub(super) fn add(routes: Routes, options: &Arc<Options>) -> Routes {
    let options = options.clone();
    let submit = move |context: Context, Json(op): Json<Op>| {
        let options = options.clone();
        async move { submit(context, op, &options.workspace).await }
    };
    routes
        .post(
            Session,
            "/api/ops",
            About::new("submit", "Take a wish; what comes of it is told as events"),
            submit,
        )
        .get(
            Session,
            "/api/events",
            About::new(
                "events",
                "Follow topics: what is stored, and previews of it",
            )
            .media(EVENTS)
            .stream(),
            events,
        )
        .get(
            Session,
            "/api/schema/events",
            About::new("eventSchema", "JSON Schema of wishes and signals"),
            schema,
        )
        .get(
            Session,
            "/api/openapi.json",
            About::new("openapi", "This description of the API"),
            openapi,
        )
}

/// The wish was taken.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Taken {
    /// Its id, which is also the id of what it creates.
    pub(super) op: OpId,
}

async fn submit(context: Context, op: Op, workspace: &str) -> Result<Accepted<Taken>, Failure> {
    let op = take(&context, workspace, op).await?;
    Ok(Accepted(Taken { op }))
}

/// Hands a wish of a page to the host, once nothing in it widens what the page was lent.
pub(super) async fn take(
    context: &Context,
    workspace: &str,
    op: impl Into<Op>,
) -> Result<OpId, Failure> {
    let op = checked(op.into())?;
    let reads = context.host.read();
    places::check(reads, workspace, &op).await?;
    match &op {
        Op::Setting(op) => settings::check(reads, op).await?,
        Op::Workspace(WorkspaceOp::Trust { path, .. }) => {
            let view = reads.workspace(path.clone()).await?;
            settings::check_trust(reads, path, &view.settings).await?;
        }
        Op::Mcp(McpOp::Approve { server, hash }) => {
            programs::check_approval(reads, workspace, (server, hash)).await?;
        }
        _ => {}
    }
    Ok(context.host.submit(op).await?)
}

/// The wish as it may come from a browser.
///
/// # Errors
/// What belongs to the listener itself, and images that are none.
fn checked(mut op: Op) -> Result<Op, Failure> {
    if let Op::Turn(
        TurnOp::Start { options, .. }
        | TurnOp::Call { options, .. }
        | TurnOp::Release { options, .. },
    ) = &op
    {
        asks(options)?;
    }
    match &mut op {
        Op::Approval(ApprovalOp::Decide { by, .. }) => BY.clone_into(by),
        Op::Turn(
            TurnOp::Start { input, .. }
            | TurnOp::Steer { input, .. }
            | TurnOp::Reword { input, .. },
        ) => check_input(input)?,
        Op::Session(
            SessionOp::Invite { .. }
            | SessionOp::Open { .. }
            | SessionOp::Tab { .. }
            | SessionOp::Attend { .. }
            | SessionOp::Used { .. },
        ) => return Err(not_from_here("opens sessions under `/api/session`").into()),
        Op::Session(SessionOp::SetPassword { .. }) => return Err(settings::lasting().into()),
        Op::Server(ServerOp::Announce { .. }) => {
            return Err(not_from_here("says itself where it listens").into());
        }
        Op::Mcp(McpOp::Add { entry, .. }) => programs::check_entry(entry)?,
        // Whoever has but a session looks for no machines of the server's own network.
        Op::Bundle(BundleOp::Install { wish, .. }) => wish.is_public = true,
        _ => {}
    }
    Ok(op)
}

pub(super) fn check_input(input: &[Content]) -> Result<(), Failure> {
    for (index, part) in input.iter().enumerate() {
        if let Content::Image { media_type, data } = part {
            media::check_image(media_type, data)
                .map_err(|problem| Failure::from(problem).field(format!("input[{index}]")))?;
        }
    }
    Ok(())
}

/// What runs without a question is said in answer to one, or in a terminal.
fn asks(options: &TurnOptions) -> Result<(), Problem> {
    match options.allowed_tools.is_empty() {
        true => Ok(()),
        false => Err(Problem::new(
            ProblemCode::Denied,
            "no page allows tools before they are asked about",
        )
        .hint("choose an approval mode, or allow a call when it is asked about")),
    }
}

fn not_from_here(whose: &str) -> Problem {
    Problem::new(
        ProblemCode::Denied,
        format!("that is no wish of a page: the server {whose}"),
    )
}

/// What to follow.
#[derive(Debug, Deserialize, JsonSchema)]
struct Following {
    /// `host` or `conversation:<id>`, with `@<seq>` everything after that position, without only what is new; more
    /// than once for more topics, 64 at most.
    #[serde(default)]
    follow: Vec<String>,
}

async fn events(context: Context, Query(query): Query<Following>) -> Result<Raw, Failure> {
    let mut wanted = Wanted::parse_all(&query.follow)
        .map_err(|problem| Failure::from(problem).field("follow"))?;
    for one in &mut wanted {
        // A known beginning: whatever is lost before the first signal can be told of.
        one.after = match one.after {
            None => newest(&context, one.topic).await?,
            after => after,
        };
    }
    Ok(streamed(&context, wanted))
}

/// The newest position of a topic; none of a conversation that is not there (any more).
async fn newest(context: &Context, topic: Topic) -> Result<Option<Seq>, Problem> {
    let reads = context.host.read();
    match topic {
        Topic::Host => reads.host_seq().await.map(Some),
        Topic::Conversation(id) => match reads.conversation(id).await {
            Ok(view) => Ok(Some(view.seq)),
            Err(problem) if problem.code == ProblemCode::NotFound => Ok(None),
            Err(problem) => Err(problem),
        },
    }
}

fn streamed(context: &Context, wanted: Vec<Wanted>) -> Raw {
    let host = context.host.clone();
    let follow: Follow = Box::new(move |topic, after| host.follow(topic, after));
    let stream = EventStream::new(follow, wanted, context.stop.clone());
    let writes = stream::unfold(stream, |mut stream| async move {
        let bytes = stream.next().await?;
        Some((bytes, stream))
    });
    told(Raw::stream(EVENTS, writes))
}

/// An event stream's answer, for who stands between: to be kept by nobody, and handed on as it comes.
pub(super) fn told(answer: Raw) -> Raw {
    answer
        .header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))
        .header(
            header::HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        )
}

async fn schema(_: Context) -> Result<Value, Problem> {
    Ok(anteroom_api::schema::events())
}

async fn openapi(context: Context) -> Result<Value, Problem> {
    Ok(context.openapi())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn is_taken(op: Value) -> bool {
        checked(serde_json::from_value(op).unwrap()).is_ok()
    }

    #[test]
    fn a_page_makes_no_lasting_way_in() {
        let hash = "0".repeat(64);
        for op in [
            json!({ "noun": "session", "op": { "verb": "set_password", "password": "four plain words here" } }),
            json!({ "noun": "session", "op": { "verb": "set_password" } }),
            json!({ "noun": "session", "op": { "verb": "invite", "hash": hash } }),
            json!({ "noun": "server", "op": { "verb": "announce", "url": "http://other.example/" } }),
            json!({ "noun": "mcp", "op": { "verb": "add", "entry": { "name": "x", "url": "https://other.example", "headers": { "K": "${AI_CHAT_API_KEY}" } } } }),
        ] {
            assert!(!is_taken(op.clone()), "{op}");
        }
        let conversation = "0194f5a0-0000-7000-8000-000000000001";
        let options = json!({ "allowed_tools": ["bash"] });
        for op in [
            json!({ "noun": "turn", "op": { "verb": "start", "conversation": conversation, "input": [], "options": options } }),
            json!({ "noun": "turn", "op": { "verb": "call", "conversation": conversation, "tool": "bash", "arguments": {}, "options": options } }),
            json!({ "noun": "turn", "op": { "verb": "release", "turn": conversation, "options": options } }),
        ] {
            assert!(!is_taken(op.clone()), "{op}");
        }
        for op in [
            json!({ "noun": "session", "op": { "verb": "end_all" } }),
            json!({ "noun": "mcp", "op": { "verb": "add", "entry": { "name": "x", "url": "https://other.example" } } }),
        ] {
            assert!(is_taken(op.clone()), "{op}");
        }
    }
}
