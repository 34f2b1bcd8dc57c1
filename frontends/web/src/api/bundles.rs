//! Bundles: what is installed, and what somebody sends or names to be looked at before it is installed.

use super::places;
use super::start::Where;
use crate::Options;
use anteroom_api::{BundleLocked, BundleReport, BundleSource, BundleView, BundleWish, Problem};
use anteroom_http::{About, Context, Failure, Json, Query, Routes, Session, Upload};
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;
use tokio::io::AsyncWriteExt as _;

/// The largest bundle that is taken.
const BUNDLE_BYTES: usize = 258 * 1024 * 1024;
/// Characters of a name that was sent.
const NAME: usize = 120;

pub(super) fn add(routes: Routes, options: &Arc<Options>) -> Routes {
    let (here, there) = (options.clone(), options.clone());
    let locked = move |context: Context, Query(place): Query<Where>| {
        let options = here.clone();
        async move {
            let reads = context.host.read();
            let project = places::folder(reads, &options.workspace, place.workspace).await?;
            let locked: Result<Vec<BundleLocked>, Problem> =
                context.host.read().bundle_lock(project).await;
            locked
        }
    };
    let inspect = move |context: Context, Json(wish): Json<BundleWish>| {
        let options = there.clone();
        async move { inspect(&context, &options, wish).await }
    };
    let upload = About::new(
        "sendBundle",
        "Look at a bundle that is sent; installs nothing",
    )
    .accepts("application/octet-stream")
    .body_limit(BUNDLE_BYTES)
    .costly();
    routes
        .get(
            Session,
            "/api/bundles",
            About::new("bundles", "What is installed as bundles, by name"),
            list,
        )
        .get(
            Session,
            "/api/bundles/locked",
            About::new("lockedBundles", "What a project's lock file names"),
            locked,
        )
        .post(
            Session,
            "/api/bundles/inspect",
            About::new(
                "inspectBundle",
                "What a bundle is and would be able to do; installs nothing",
            )
            .costly(),
            inspect,
        )
        .post(Session, "/api/bundles/upload", upload, sent)
}

async fn list(context: Context) -> Result<Vec<BundleView>, Problem> {
    context.host.read().bundles().await
}

async fn inspect(
    context: &Context,
    options: &Options,
    mut wish: BundleWish,
) -> Result<BundleReport, Failure> {
    wish.is_public = true;
    places::check_bundle(context.host.read(), &options.workspace, &wish).await?;
    Ok(context.host.read().inspect_bundle(wish).await?)
}

/// What it was called.
#[derive(Debug, Deserialize, JsonSchema)]
struct Named {
    /// The name of the file that is sent.
    name: String,
}

async fn sent(
    context: Context,
    Query(named): Query<Named>,
    upload: Upload,
) -> Result<BundleReport, Failure> {
    let folder = super::modules::private_folder().map_err(super::modules::unwritable)?;
    let path = folder.path().join("sent.abundle");
    keep(&path, upload).await?;
    let wish = BundleWish {
        source: BundleSource::Sent {
            path: path.display().to_string(),
            name: named.name.chars().take(NAME).collect(),
        },
        may_be_unsigned: false,
        may_be_older: false,
        is_locked: false,
        project: None,
        is_public: true,
    };
    let report = context.host.read().inspect_bundle(wish).await;
    // Whatever came of it, the copy that was sent is not needed any more.
    drop(folder);
    Ok(report?)
}

async fn keep(path: &std::path::Path, mut upload: Upload) -> Result<(), Failure> {
    let unwritable = super::modules::unwritable;
    let mut file = tokio::fs::File::create_new(path)
        .await
        .map_err(unwritable)?;
    while let Some(piece) = upload.next().await? {
        file.write_all(&piece).await.map_err(unwritable)?;
    }
    file.flush().await.map_err(unwritable)?;
    Ok(())
}
