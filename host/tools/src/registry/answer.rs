//! The end of a call as an outcome: words for the model, a status, a meter.

use super::{Call, Outcome, shorten};
use crate::wasm::bindings::anteroom::tool::types::{Content, Output, ToolError};
use crate::wasm::call::End;
use crate::wasm::state::CallState;
use anteroom_api::{Status, ToolContent, ToolResult, Trust};
use anteroom_gate::Masker;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Bytes of a result, all parts together.
const RESULT_MAX_BYTES: usize = 8 << 20;
/// Images of one result; each costs the model more than its bytes tell.
const IMAGES_MAX: usize = 16;

/// What a call came to.
pub(super) fn outcome(end: End, state: &CallState, call: &Call, trust: Trust) -> Outcome {
    let (status, content) = match end {
        End::Answered(Ok(output)) => completed(output, state),
        End::Answered(Err(error)) => failed(error, state),
        End::Crashed(why) => (
            Status::Failed,
            text(format!("the tool crashed: {why}{}", said(state))),
        ),
        End::TimeIsUp => (Status::Failed, text(time_is_up(state))),
        End::Cancelled => (
            Status::Interrupted,
            text(format!("the call was cancelled{}", said(state))),
        ),
    };
    Outcome {
        result: result(status, content, state.permit.masker(), call),
        status,
        meter: state.counters.meter(state.clock.worked()),
        trust: trust.max(state.permit.trust()),
    }
}

/// What is kept of an answer: without secrets, and short enough for the model.
pub(super) fn result(
    status: Status,
    content: Vec<ToolContent>,
    masker: &Masker,
    call: &Call,
) -> ToolResult {
    // Before anything is kept, in a file of the session too.
    let content = content.into_iter().map(|part| masked(part, masker));
    ToolResult {
        is_error: status != Status::Completed,
        content: shorten::shorten(content.collect(), call),
    }
}

fn masked(part: ToolContent, masker: &Masker) -> ToolContent {
    match part {
        ToolContent::Text { text } => ToolContent::Text {
            text: masker.mask(&text).into_owned(),
        },
        ToolContent::Json { value } => ToolContent::Json {
            value: masker.masked_json(&value),
        },
        ToolContent::Diff {
            path,
            unified,
            added,
            removed,
        } => ToolContent::Diff {
            path,
            unified: masker.mask(&unified).into_owned(),
            added,
            removed,
        },
        ToolContent::Image { .. } => part,
    }
}

fn completed(output: Output, state: &CallState) -> (Status, Vec<ToolContent>) {
    let bytes: usize = output.content.iter().map(size_of).sum();
    if bytes > RESULT_MAX_BYTES {
        let words = format!(
            "the result has {bytes} bytes; at most {RESULT_MAX_BYTES} are taken. Ask for less at once"
        );
        return (Status::Failed, text(words));
    }
    let images = output
        .content
        .iter()
        .filter(|part| matches!(part, Content::Image(_)))
        .count();
    if images > IMAGES_MAX {
        let words = format!(
            "the result has {images} images; at most {IMAGES_MAX} are taken. Ask for fewer at once"
        );
        return (Status::Failed, text(words));
    }
    let mut content: Vec<ToolContent> = output.content.into_iter().map(content_of).collect();
    let refusals = state.refusals();
    if !refusals.is_empty() {
        let text = format!("Not everything was allowed: {}", refusals.join("; "));
        content.push(ToolContent::Text { text });
    }
    (Status::Completed, content)
}

fn failed(error: ToolError, state: &CallState) -> (Status, Vec<ToolContent>) {
    let (mut status, mut words) = match error {
        ToolError::InvalidArgs(words) | ToolError::NotFound(words) | ToolError::Failed(words) => {
            (Status::Failed, words)
        }
        ToolError::Denied(words) => (Status::Denied, words),
    };
    // A tool sees a refused file only as "permission denied"; the model is told who refused and why.
    for refusal in state.refusals() {
        status = Status::Denied;
        if !words.contains(&refusal) {
            words.push('\n');
            words.push_str(&refusal);
        }
    }
    words.truncate(words.floor_char_boundary(RESULT_MAX_BYTES));
    (status, text(words))
}

fn time_is_up(state: &CallState) -> String {
    format!(
        "the tool was stopped after {} s, which is all it may take; ask for less at once{}",
        state.clock.limit().as_secs(),
        said(state)
    )
}

/// What a call that was cut off had shown.
fn said(state: &CallState) -> String {
    let said = state.said();
    if said.trim().is_empty() {
        return String::new();
    }
    format!("\nthe end of its output until then:\n{said}")
}

fn text(text: String) -> Vec<ToolContent> {
    vec![ToolContent::Text { text }]
}

fn size_of(part: &Content) -> usize {
    match part {
        Content::Text(text) | Content::Json(text) => text.len(),
        Content::Image(image) => image.media_type.len() + image.data.len(),
        Content::Diff(diff) => diff.path.len() + diff.unified.len(),
    }
}

fn content_of(part: Content) -> ToolContent {
    match part {
        Content::Text(text) => ToolContent::Text { text },
        // What claims to be JSON and is not is still worth reading.
        Content::Json(text) => match serde_json::from_str(&text) {
            Ok(value) => ToolContent::Json { value },
            Err(_) => ToolContent::Text { text },
        },
        Content::Image(image) => ToolContent::Image {
            media_type: image.media_type,
            data: STANDARD.encode(image.data),
        },
        Content::Diff(diff) => ToolContent::Diff {
            path: diff.path,
            unified: diff.unified,
            added: diff.added,
            removed: diff.removed,
        },
    }
}
