//! The doors of contract 2 as they are: wishes in, facts out, and what describes both.

use super::places;
use crate::stream::{EventStream, Follow, Wanted};
use crate::{Options, media};
use anteroom_api::{
    ApprovalOp, Content, McpOp, Op, OpId, Problem, ProblemCode, Seq, ServerOp, SessionOp,
    SettingOp, Topic, TurnOp,
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
/// The setting that lets somebody sign in without a link.
const PASSWORD: &str = "app.password_hash";
/// The setting that names MCP servers.
const SERVERS: &str = "mcp_servers";
/// Where the model is.
const ADDRESS: &str = "ai.base_url";
/// What opens it.
const KEYS: [&str; 2] = ["ai.api_key", "ai.api_key_command"];
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
    let op = checked(op)?;
    places::check(context.host.read(), workspace, &op).await?;
    starts_nothing(&context, &op).await?;
    keeps_the_key(&context, &op).await?;
    let op = context.host.submit(op).await?;
    Ok(Accepted(Taken { op }))
}

/// What is started outside of gate and sandbox is said in a terminal: a session is lent to a browser, not the account.
/// Taking it away starts nothing.
async fn starts_nothing(context: &Context, op: &Op) -> Result<(), Failure> {
    let Op::Setting(SettingOp::Change { key, value }) = op else {
        return Ok(());
    };
    if value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty()) {
        return Ok(());
    }
    let report = context.host.read().settings().await?;
    let programs = report.settings.iter().filter(|setting| setting.is_program);
    match programs
        .map(|setting| setting.key.as_str())
        .find(|named| names(key, named))
    {
        Some(named) => Err(in_a_terminal(named).into()),
        None => Ok(()),
    }
}

/// Whether a change of `key` is one of the setting: of itself, of something in it, or of all around it.
fn names(key: &str, setting: &str) -> bool {
    let key = key.trim();
    let is_below = |inner: &str, outer: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    is_below(key, setting) || is_below(setting, key)
}

fn in_a_terminal(key: &str) -> Problem {
    Problem::new(
        ProblemCode::Denied,
        format!("`{key}` starts a program on the server's machine, so no page sets it"),
    )
    .hint(format!(
        "run `aroom config set {key} …` in a terminal there"
    ))
}

/// A key goes to the server it was given for: whoever has but a session cannot have it sent to another one.
async fn keeps_the_key(context: &Context, op: &Op) -> Result<(), Failure> {
    let Op::Setting(SettingOp::Change { key, value }) = op else {
        return Ok(());
    };
    if key.trim() != ADDRESS {
        return Ok(());
    }
    let report = context.host.read().settings().await?;
    let text = |key: &str| {
        let found = report.settings.iter().find(|setting| setting.key == key);
        let value = found.and_then(|setting| setting.value.as_str());
        value.unwrap_or_default().trim().to_owned()
    };
    let now = text(ADDRESS);
    let is_kept = KEYS.iter().any(|key| !text(key).is_empty());
    if !is_kept || now.is_empty() || origin(&now) == origin(value.as_str().unwrap_or_default()) {
        return Ok(());
    }
    let words = format!("a key is kept for {}", origin(&now));
    Err(Problem::new(ProblemCode::Conflict, words)
        .cause("it would be sent to another server")
        .hint(
            "remove `ai.api_key` and `ai.api_key_command` first, then give the new server its own",
        )
        .into())
}

/// Scheme, name and port of an address, as far as it has them.
fn origin(url: &str) -> String {
    let url = url.trim().to_ascii_lowercase();
    let (scheme, rest) = url.split_once("://").unwrap_or(("", &url));
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    format!("{scheme}://{}", &rest[..end])
}

/// The wish as it may come from a browser.
///
/// # Errors
/// What belongs to the listener itself, and images that are none.
fn checked(mut op: Op) -> Result<Op, Failure> {
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
        Op::Session(SessionOp::SetPassword { .. }) => return Err(lasting().into()),
        Op::Setting(SettingOp::Change { key, .. } | SettingOp::Reset { key })
            if key.trim() == PASSWORD =>
        {
            return Err(lasting().into());
        }
        // The whole file may hold the password's hash; its text is read and edited where the file is.
        Op::Setting(SettingOp::Replace { .. }) => {
            return Err(not_from_here("has its config file edited on its machine").into());
        }
        Op::Server(ServerOp::Announce { .. }) => {
            return Err(not_from_here("says itself where it listens").into());
        }
        Op::Mcp(McpOp::Add { entry, .. }) if refers(&serde_json::json!(entry)) => {
            return Err(not_read_from_here().into());
        }
        Op::Setting(SettingOp::Change { key, value }) if names(key, SERVERS) && refers(value) => {
            return Err(not_read_from_here().into());
        }
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

/// A session ends; what it was lent to must not be a way to sign in for good.
fn lasting() -> Problem {
    Problem::new(
        ProblemCode::Denied,
        "the password for the web page is not set from the page",
    )
    .hint("run `aroom password` on the machine it is served from")
}

/// Whether something in it would be filled in from the environment of the server's machine.
fn refers(value: &Value) -> bool {
    value.to_string().contains("${")
}

/// What the environment holds could be sent anywhere by a server that a page names.
fn not_read_from_here() -> Problem {
    Problem::new(
        ProblemCode::Denied,
        "no page has variables of the server's environment given to an MCP server",
    )
    .hint("write `${NAME}` into the config file on the machine it is served from")
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
    fn an_origin_is_what_a_key_is_sent_to() {
        let one = origin("https://llm.example/v1");
        assert_eq!(one, "https://llm.example");
        assert_eq!(origin(" HTTPS://LLM.example/other?x "), one);
        for other in [
            "http://llm.example/v1",
            "https://llm.example:8443/v1",
            "https://llm.example@evil.example/v1",
            "https://llm.example.evil.example/",
            "llm.example/v1",
            "",
        ] {
            assert_ne!(origin(other), one, "{other}");
        }
    }

    #[test]
    fn what_is_in_or_around_a_setting_is_it_too() {
        for key in [
            "hooks.start",
            " hooks.start ",
            "hooks",
            "hooks.start.command",
        ] {
            assert!(names(key, "hooks.start"), "{key}");
        }
        for key in ["hooks.started", "hook", "start", "hooks.star", "ai.model"] {
            assert!(!names(key, "hooks.start"), "{key}");
        }
    }

    #[test]
    fn a_page_makes_no_lasting_way_in() {
        let key = "app.password_hash";
        let hash = "0".repeat(64);
        for op in [
            json!({ "noun": "session", "op": { "verb": "set_password", "password": "four plain words here" } }),
            json!({ "noun": "session", "op": { "verb": "set_password" } }),
            json!({ "noun": "session", "op": { "verb": "invite", "hash": hash } }),
            json!({ "noun": "setting", "op": { "verb": "change", "key": key, "value": "$argon2id$" } }),
            json!({ "noun": "setting", "op": { "verb": "change", "key": " app.password_hash ", "value": "x" } }),
            json!({ "noun": "setting", "op": { "verb": "reset", "key": key } }),
            json!({ "noun": "setting", "op": { "verb": "replace", "text": "app:\n  password_hash: x\n", "was": "" } }),
            json!({ "noun": "server", "op": { "verb": "announce", "url": "http://other.example/" } }),
            json!({ "noun": "mcp", "op": { "verb": "add", "entry": { "name": "x", "url": "https://other.example", "headers": { "K": "${AI_CHAT_API_KEY}" } } } }),
            json!({ "noun": "setting", "op": { "verb": "change", "key": "mcp_servers", "value": [{ "name": "x", "url": "https://other.example/${AI_CHAT_API_KEY}" }] } }),
        ] {
            assert!(!is_taken(op.clone()), "{op}");
        }
        for op in [
            json!({ "noun": "setting", "op": { "verb": "change", "key": "ai.model", "value": "m" } }),
            json!({ "noun": "setting", "op": { "verb": "reset", "key": "ai.model" } }),
            json!({ "noun": "session", "op": { "verb": "end_all" } }),
        ] {
            assert!(is_taken(op.clone()), "{op}");
        }
    }
}
