//! Skills: which there are in a folder, and what one says.

use super::places;
use super::start::Where;
use crate::Options;
use anteroom_api::{Problem, SkillView};
use anteroom_http::{About, Context, Path, Query, Routes, Session};
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

pub(super) fn add(routes: Routes, options: &Arc<Options>) -> Routes {
    let (here, there) = (options.clone(), options.clone());
    let list = move |context: Context, Query(place): Query<Where>| {
        let options = here.clone();
        async move {
            let reads = context.host.read();
            let workspace = places::folder(reads, &options.workspace, place.workspace).await?;
            reads.skills(workspace).await
        }
    };
    let one = move |context: Context, Path(of): Path<Of>, Query(place): Query<Where>| {
        let options = there.clone();
        async move { one(&context, (&options, place), of.name).await }
    };
    routes
        .get(
            Session,
            "/api/skills",
            About::new(
                "skills",
                "The skills of a folder by name, and files that fail to be one",
            ),
            list,
        )
        .get(
            Session,
            "/api/skills/{name}",
            About::new(
                "skill",
                "The skill that counts for a name, with its instructions",
            ),
            one,
        )
}

/// Which skill.
#[derive(Debug, Deserialize, JsonSchema)]
struct Of {
    /// Its name.
    name: String,
}

async fn one(
    context: &Context,
    (options, place): (&Options, Where),
    name: String,
) -> Result<SkillView, Problem> {
    let reads = context.host.read();
    let workspace = places::folder(reads, &options.workspace, place.workspace).await?;
    reads.skill(workspace, name).await
}
