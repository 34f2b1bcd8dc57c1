//! Canvases of a conversation: versions, what separates them, and a ticket for a look at one.

use super::conversations::Of;
use crate::preview::Tickets;
use anteroom_api::{CanvasDiff, CanvasId, CanvasView, ConversationId, Problem, ProblemCode};
use anteroom_http::{About, Context, Created, Json, Path, Query, Routes, Session};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

pub(super) fn add(routes: Routes, tickets: &Arc<Tickets>) -> Routes {
    let tickets = tickets.clone();
    let preview = move |context: Context, Path(one): Path<One>, Json(version): Json<PreviewOf>| {
        let tickets = tickets.clone();
        async move { preview(&context, &tickets, one, version).await }
    };
    routes
        .get(
            Session,
            "/api/conversations/{id}/canvases",
            About::new("canvases", "The newest version of each canvas"),
            newest,
        )
        .get(
            Session,
            "/api/conversations/{id}/canvases/{canvas}/versions",
            About::new(
                "canvasVersions",
                "Every version of one canvas, oldest first",
            ),
            versions,
        )
        .get(
            Session,
            "/api/conversations/{id}/canvases/{canvas}/diff",
            About::new("canvasDiff", "What separates two versions"),
            diff,
        )
        .post(
            Session,
            "/api/conversations/{id}/canvases/{canvas}/preview",
            About::new(
                "previewCanvas",
                "A path that shows it once, for a sandboxed frame",
            ),
            preview,
        )
}

async fn newest(context: Context, Path(of): Path<Of>) -> Result<Vec<CanvasView>, Problem> {
    context.host.read().canvases(of.id).await
}

/// Which canvas.
#[derive(Debug, Deserialize, JsonSchema)]
struct One {
    /// The conversation.
    id: ConversationId,
    /// The canvas.
    canvas: CanvasId,
}

async fn versions(context: Context, Path(one): Path<One>) -> Result<Vec<CanvasView>, Problem> {
    context
        .host
        .read()
        .canvas_versions(one.id, one.canvas)
        .await
}

/// Which two versions.
#[derive(Debug, Deserialize, JsonSchema)]
struct Two {
    /// The one.
    from: u32,
    /// The other.
    to: u32,
}

async fn diff(
    context: Context,
    Path(one): Path<One>,
    Query(two): Query<Two>,
) -> Result<CanvasDiff, Problem> {
    let versions = (two.from, two.to);
    context
        .host
        .read()
        .canvas_diff(one.id, one.canvas, versions)
        .await
}

/// Which version.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct PreviewOf {
    /// The newest if none.
    version: Option<u32>,
}

/// Where a preview is.
#[derive(Debug, Serialize, JsonSchema)]
struct Preview {
    /// Good for one look, within half a minute; for a frame with an empty `sandbox`.
    path: String,
}

async fn preview(
    context: &Context,
    tickets: &Tickets,
    one: One,
    PreviewOf { version }: PreviewOf,
) -> Result<Created<Preview>, Problem> {
    let versions = context
        .host
        .read()
        .canvas_versions(one.id, one.canvas)
        .await?;
    let canvas = versions
        .into_iter()
        .rev()
        .find(|canvas| version.is_none_or(|version| canvas.version == version))
        .ok_or_else(|| {
            Problem::new(
                ProblemCode::NotFound,
                "there is no such version of a canvas",
            )
        })?;
    tickets.make(canvas).map(|path| Created(Preview { path }))
}
