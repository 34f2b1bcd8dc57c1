//! Canvases by hand: written on top of the version the writer has seen, as notes are.

use crate::host::Port;
use anteroom_api::{
    CanvasEvent, CanvasId, CanvasOp, CanvasView, ConversationId, Event, OpId, Problem, ProblemCode,
    Topic,
};
use anteroom_storage::{Fault, StorageError};

/// Bytes of a canvas; as many as a tool may write.
const CANVAS_BYTES: usize = 1 << 20;

/// Wishes about canvases.
pub(crate) async fn take(port: &Port, id: OpId, op: CanvasOp) -> Result<(), Problem> {
    let CanvasOp::Write {
        conversation,
        canvas,
        base_version,
        body,
    } = op;
    check(&body)?;
    let newest = existing(port, conversation, canvas).await?;
    if newest.body == body {
        return Ok(());
    }
    if newest.version != base_version {
        return Err(conflict(newest.version, base_version));
    }
    let next = CanvasView {
        version: base_version + 1,
        body,
        updated_at: port.engine.ambient.now(),
        ..newest
    };
    let topic = Topic::Conversation(conversation);
    let saved = vec![Event::Canvas(CanvasEvent::Saved { canvas: next })];
    // Whoever writes in the same moment and is slower is told by storage.
    match port.engine.bus.publish(topic, Some(id), saved).await {
        Ok(_) => Ok(()),
        Err(StorageError {
            fault: Fault::StaleCanvas { current },
            ..
        }) => Err(conflict(current, base_version)),
        Err(error) => Err(error.into()),
    }
}

async fn existing(
    port: &Port,
    conversation: ConversationId,
    canvas: CanvasId,
) -> Result<CanvasView, Problem> {
    port.existing(conversation).await?;
    let found = port.engine.storage.canvas(conversation, canvas).await?;
    found.ok_or_else(|| {
        Problem::new(
            ProblemCode::NotFound,
            format!("this conversation has no canvas `{canvas}`"),
        )
        .hint("read the canvases it has")
    })
}

fn conflict(current: u32, base: u32) -> Problem {
    Problem::new(
        ProblemCode::Conflict,
        format!("the canvas has version {current} by now"),
    )
    .cause(format!(
        "what was to be written was made from version {base}"
    ))
    .hint("nothing was written: read the newest version, bring both together, write again")
}

fn check(body: &str) -> Result<(), Problem> {
    let wrong = if body.len() > CANVAS_BYTES {
        format!("a canvas has at most {} MB", CANVAS_BYTES >> 20)
    } else if body.contains('\0') {
        "this is no text: it holds a zero byte".to_owned()
    } else {
        return Ok(());
    };
    Err(Problem::new(ProblemCode::InvalidInput, wrong).hint("keep it as a file of the workspace"))
}
