//! What there is on this machine: folders, databases, servers, and how everything is.

use super::conversations::limited;
use super::places;

use crate::Options;
use anteroom_api::{
    DatabaseView, Finding, IdentityView, PathHits, Problem, ProjectId, PromptReport, ServerView,
    SpendingRow, UnixMillis, WorkspaceView,
};
use anteroom_http::{About, Context, Query, Routes, Session};
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

/// Paths that are offered where nothing is said, and at most.
const OFFERED: (u32, u32) = (20, 200);

pub(super) fn add(routes: Routes, options: &Arc<Options>) -> Routes {
    let (here, there) = (options.clone(), options.clone());
    let paths = move |context: Context, Query(typed): Query<Typed>| {
        let options = here.clone();
        async move { paths(&context, &options, typed).await }
    };
    let prompt = move |context: Context, Query(new): Query<New>| {
        let options = there.clone();
        async move { prompt(&context, &options, new).await }
    };
    let options = options.clone();
    let workspace = move |context: Context, Query(place): Query<Place>| {
        let options = options.clone();
        async move { workspace(&context, &options, place).await }
    };
    routes
        .get(
            Session,
            "/api/workspace",
            About::new("workspace", "A folder, and what trusting it would mean"),
            workspace,
        )
        .get(
            Session,
            "/api/paths",
            About::new(
                "paths",
                "Paths of a workspace that fit what is typed, best first",
            ),
            paths,
        )
        .get(
            Session,
            "/api/prompt",
            About::new(
                "prompt",
                "What would be sent before the first word of a new conversation",
            ),
            prompt,
        )
        .get(
            Session,
            "/api/spending",
            About::new(
                "spending",
                "What was spent, by day, model and project; newest first",
            ),
            spending,
        )
        .get(
            Session,
            "/api/doctor",
            About::new("doctor", "Check everything and say what to do").costly(),
            doctor,
        )
        .get(
            Session,
            "/api/databases",
            About::new("databases", "The databases, the personal one first"),
            databases,
        )
        .get(
            Session,
            "/api/identity",
            About::new("identity", "Who this installation is"),
            identity,
        )
        .get(
            Session,
            "/api/servers",
            About::new("servers", "Processes of this installation that listen"),
            servers,
        )
}

/// Which folder.
#[derive(Debug, Deserialize, JsonSchema)]
struct Place {
    /// Absolute; the one the server was started in if none.
    #[serde(default)]
    path: Option<String>,
}

async fn workspace(
    context: &Context,
    options: &Options,
    place: Place,
) -> Result<WorkspaceView, Problem> {
    let reads = context.host.read();
    let path = places::folder(reads, &options.workspace, place.path).await?;
    reads.workspace(path).await
}

/// What somebody types.
#[derive(Debug, Deserialize, JsonSchema)]
struct Typed {
    /// The folder, absolute; the one the server was started in if none.
    #[serde(default)]
    workspace: Option<String>,
    /// What is typed so far.
    #[serde(default)]
    typed: String,
    /// How many, 200 at most.
    #[serde(default)]
    limit: Option<u32>,
}

async fn paths(context: &Context, options: &Options, typed: Typed) -> Result<PathHits, Problem> {
    let reads = context.host.read();
    let workspace = places::folder(reads, &options.workspace, typed.workspace).await?;
    let limit = limited(typed.limit, OFFERED);
    reads.paths(workspace, typed.typed, limit).await
}

/// A conversation that is not begun yet.
#[derive(Debug, Deserialize, JsonSchema)]
struct New {
    /// The folder, absolute; the one the server was started in if none.
    #[serde(default)]
    workspace: Option<String>,
    /// The project it would belong to.
    #[serde(default)]
    project: Option<ProjectId>,
}

async fn prompt(context: &Context, options: &Options, new: New) -> Result<PromptReport, Problem> {
    let reads = context.host.read();
    let workspace = places::folder(reads, &options.workspace, new.workspace).await?;
    reads.prompt(None, workspace, new.project).await
}

/// From when on.
#[derive(Debug, Deserialize, JsonSchema)]
struct Since {
    /// A moment; everything if none.
    #[serde(default)]
    since: UnixMillis,
}

async fn spending(
    context: Context,
    Query(since): Query<Since>,
) -> Result<Vec<SpendingRow>, Problem> {
    context.host.read().spending(since.since).await
}

async fn doctor(context: Context) -> Result<Vec<Finding>, Problem> {
    context.host.read().doctor().await
}

/// How thoroughly.
#[derive(Debug, Deserialize, JsonSchema)]
struct Checking {
    /// Whether each is checked through and through.
    #[serde(default)]
    check: bool,
}

async fn databases(
    context: Context,
    Query(checking): Query<Checking>,
) -> Result<Vec<DatabaseView>, Problem> {
    context.host.read().databases(checking.check).await
}

async fn identity(context: Context) -> Result<IdentityView, Problem> {
    context.host.read().identity().await
}

async fn servers(context: Context) -> Result<Vec<ServerView>, Problem> {
    context.host.read().servers().await
}
