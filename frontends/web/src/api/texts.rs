//! Notes and documents: their words and their versions.

use super::conversations::Of;
use anteroom_api::{Problem, TextVersion, TextView};
use anteroom_http::{About, Context, Path, Query, Routes, Session};
use schemars::JsonSchema;
use serde::Deserialize;

pub(super) fn add(routes: Routes) -> Routes {
    routes
        .get(
            Session,
            "/api/conversations/{id}/text",
            About::new(
                "text",
                "A note or document: its newest version, or the one named",
            ),
            text,
        )
        .get(
            Session,
            "/api/conversations/{id}/text/versions",
            About::new("textVersions", "Its versions, newest first"),
            versions,
        )
}

/// Which version.
#[derive(Debug, Deserialize, JsonSchema)]
struct Version {
    /// The newest if none.
    #[serde(default)]
    version: Option<u32>,
}

async fn text(
    context: Context,
    Path(of): Path<Of>,
    Query(version): Query<Version>,
) -> Result<TextView, Problem> {
    context.host.read().text(of.id, version.version).await
}

async fn versions(context: Context, Path(of): Path<Of>) -> Result<Vec<TextVersion>, Problem> {
    context.host.read().text_versions(of.id).await
}
