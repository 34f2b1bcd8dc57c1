//! Keeps what is kept within its bounds: old changes are forgotten, contents that nothing points at go, and
//! when there is no room the oldest contents go first.

use crate::engine::Engine;
use anteroom_api::{Problem, ProblemCode, UnixMillis};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Why a change whose content had to go cannot be taken back.
const DROPPED: &str = "what it was before was dropped to make room (`checkpoints.max_total_mb`)";

/// Tidies once, beside everything else.
pub(crate) fn start_tidying(engine: &Arc<Engine>) {
    let engine = engine.clone();
    tokio::spawn(async move {
        if let Err(problem) = tidy(&engine, 0).await {
            tracing::warn!(%problem, "kept contents of files were not tidied");
        }
    });
}

/// Tidies, so that there is room for `bytes` more.
pub(crate) async fn tidy(engine: &Arc<Engine>, bytes: u64) -> Result<(), Problem> {
    let settings = engine.settings();
    let now = engine.ambient.now();
    let days = i64::from(settings.checkpoints.max_days);
    let oldest = UnixMillis(now.0.saturating_sub(days.saturating_mul(DAY_MS)));
    engine.storage.forget_changes(oldest).await?;
    let wanted = engine.storage.kept_hashes().await?;
    let limit = super::bounds(&settings).total_bytes.saturating_sub(bytes);
    let (engine, runtime) = (engine.clone(), tokio::runtime::Handle::current());
    let collected = tokio::task::spawn_blocking(move || {
        let storage = engine.storage.clone();
        let let_go = |hashes| {
            let dropped = storage.drop_contents(hashes, DROPPED.to_owned());
            runtime.block_on(dropped).is_ok()
        };
        engine.contents.collect(&wanted, limit, time(now), let_go)
    });
    collected
        .await
        .map_err(std::io::Error::other)
        .flatten()
        .map_err(|error| {
            Problem::new(
                ProblemCode::Internal,
                "kept contents of files were not tidied",
            )
            .cause(error)
            .hint("look at the folder `checkpoints` in the data folder")
        })
}

fn time(now: UnixMillis) -> SystemTime {
    let since = u64::try_from(now.0).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_millis(since)
}
