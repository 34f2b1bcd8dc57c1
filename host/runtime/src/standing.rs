//! What is made of the settings once and holds until they change: the masker, and the sandbox with what this
//! machine lends to it.

use crate::config::Settings;
use crate::engine::Engine;
use crate::{masking, sandbox};
use anteroom_gate::Masker;
use anteroom_tools::Walls;
use std::sync::Arc;
use tokio::sync::Mutex;

/// What the newest turn's settings came to.
#[derive(Default)]
pub(crate) struct Standing(Mutex<Option<Made>>);

#[derive(Clone)]
struct Made {
    settings: Arc<Settings>,
    masker: Masker,
    walls: Arc<Walls>,
}

/// Has commands run as these settings say from now on. Answers what hides secrets and which walls hold.
pub(crate) async fn of(engine: &Engine, settings: &Arc<Settings>) -> (Masker, Arc<Walls>) {
    // Held until it is done, so that what was told to the tools last is what is kept.
    let mut kept = engine.standing.0.lock().await;
    let made = match kept.take() {
        Some(made) if Arc::ptr_eq(&made.settings, settings) => made,
        Some(_) | None => Made {
            masker: masking::masker(settings, engine.ambient.environment()),
            walls: Arc::new(sandbox::confine(engine, settings).await),
            settings: settings.clone(),
        },
    };
    *kept = Some(made.clone());
    (made.masker, made.walls)
}
