//! Whose it is what a toolset or a server keeps: that of a bundle belongs to who signed it and goes with it, all
//! other to one binary. A name alone is anybody's.

use super::state::Edition;
use crate::engine::Engine;
use crate::mcp;
use anteroom_api::{ModuleOrigin, Problem};
use anteroom_tools::KeptBy;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Signs of a hash that tell folders apart.
const SHORT: usize = 16;

/// Under what name the values of a toolset are kept; none if its bundle is gone.
pub(crate) fn owner(engine: &Engine, kept_by: &KeptBy) -> Option<String> {
    let KeptBy {
        toolset,
        origin,
        hash,
        path,
    } = kept_by;
    match origin {
        ModuleOrigin::BuiltIn => Some(toolset.clone()),
        ModuleOrigin::User => Some(format!("{}{hash}", of_user(toolset))),
        ModuleOrigin::Project | ModuleOrigin::Server => {
            Some(format!("{origin:?}/{toolset}@{hash}"))
        }
        ModuleOrigin::Bundle => {
            let path = path.as_ref()?;
            let all = engine.bundles.all();
            let bundle = all.iter().find(|it| path.starts_with(&it.files))?;
            let maker = maker(&bundle.record.edition);
            Some(format!("{}{maker}/{toolset}", of_bundle(&bundle.name)))
        }
    }
}

/// What the names of values begin with that a toolset in the user's folder kept, whichever binary it was.
pub(crate) fn of_user(toolset: &str) -> String {
    format!("user/{toolset}@")
}

/// The same of all toolsets of a bundle.
fn of_bundle(name: &str) -> String {
    format!("bundle/{name}/")
}

/// Who made an edition. What nobody signed is by somebody else each time.
fn maker(edition: &Edition) -> String {
    match &edition.fingerprint {
        Some(fingerprint) => fingerprint.clone(),
        None => format!("unsigned-{}", edition.hash),
    }
}

/// Where the servers of each bundle have their folders, below the folder of all bundles' servers.
pub(crate) fn homes(engine: &Engine) -> BTreeMap<String, PathBuf> {
    let all = engine.bundles.all();
    let homes = all.iter().map(|bundle| {
        let edition = &bundle.record.edition;
        let whose = match &edition.fingerprint {
            Some(fingerprint) => fingerprint.chars().take(SHORT).collect(),
            None => format!("unsigned-{}", edition.hash.get(..SHORT).unwrap_or_default()),
        };
        (bundle.name.clone(), PathBuf::from(&bundle.name).join(whose))
    });
    homes.collect()
}

/// Forgets all that a bundle's toolsets and servers kept; it is installed no more.
pub(crate) async fn forget(
    engine: &Engine,
    name: &str,
    servers: Vec<String>,
) -> Result<(), Problem> {
    engine.storage.unstore_all(of_bundle(name)).await?;
    mcp::forget_bundle(engine, name, servers).await
}
