//! Bundles: what others packed, verified before anything of it counts, shown before it is installed, removed whole.

mod active;
mod archive;
mod carried;
mod folder;
mod install;
mod judge;
pub(crate) mod kept;
mod lockfile;
mod making;
mod manifest;
mod paths;
mod powers;
#[cfg(test)]
mod properties;
mod remote;
mod source;
mod state;
mod store;
mod trial;
mod words;

pub(crate) use active::{Shelf, owner, server_entries, skill_folders};
pub(crate) use install::inspect;
pub(crate) use making::check;
pub(crate) use state::settings_files;
pub(crate) use words::told;

use crate::host::Port;
use crate::live;
use crate::modules::keeper::Wish;
use anteroom_api::{BundleLocked, BundleOp, BundleView, OpId, Problem};
use std::sync::Arc;

pub(crate) async fn take(port: &Port, id: OpId, op: BundleOp) -> Result<(), Problem> {
    match op {
        BundleOp::Install { wish, digest } => install::install(port, id, (wish, digest)).await,
        BundleOp::Remove { name, project } => install::remove(port, id, (name, project)).await,
        BundleOp::Trust { name, fingerprint } => {
            install::trust(port, id, (name, fingerprint)).await
        }
        BundleOp::Distrust { fingerprint } => install::distrust(port, id, fingerprint).await,
        BundleOp::New { name, folder } => making::new(port, id, (name, folder)).await,
        BundleOp::Pack {
            folder,
            file,
            is_signed,
        } => making::pack(port, id, (folder, file, is_signed)).await,
        BundleOp::Sign { path } => making::sign(port, id, path).await,
    }
}

/// Lets the installed bundles count, and finishes what an ended process could not tell any more.
pub(crate) async fn start(port: &Arc<Port>) {
    let engine = &port.engine;
    crate::mcp::tidy(engine).await;
    remote::tidy(engine).await;
    let _alone = engine.bundles.alone().await;
    if let Err(problem) = active::refresh(engine, &Wish::default()).await {
        tracing::warn!(%problem, "no bundle counts");
        return;
    }
    for bundle in engine.bundles.all() {
        if bundle.record.is_told || bundle.contents.is_err() {
            continue;
        }
        let told = install::tell_installed(engine, None, &bundle.name, None).await;
        if let Err(problem) = told {
            tracing::warn!(%problem, bundle = bundle.name, "what a bundle brought could not be told");
        }
    }
}

/// Bundles were changed, here or in another process.
pub(crate) async fn changed(port: &Arc<Port>) {
    {
        let _alone = port.engine.bundles.alone().await;
        if let Err(problem) = active::refresh(&port.engine, &Wish::default()).await {
            tracing::warn!(%problem, "no bundle counts");
        }
    }
    live::reload(port).await;
}

/// What is installed, by name.
pub(crate) async fn list(port: &Port) -> Result<Vec<BundleView>, Problem> {
    // What is installed but cannot be read is a problem that a person should see.
    install::read(&port.engine).await?;
    let all = port.engine.bundles.all();
    Ok(all.iter().map(|active| active.view()).collect())
}

/// What a project's lock file names.
pub(crate) async fn locked(port: &Port, project: String) -> Result<Vec<BundleLocked>, Problem> {
    let installed = port.engine.bundles.all();
    let named = lockfile::read(&project).await?.into_iter();
    let views = named.map(|locked| BundleLocked {
        is_installed: installed
            .iter()
            .any(|it| it.name == locked.name && it.record.edition.hash == locked.hash),
        name: locked.name,
        version: locked.version,
        hash: locked.hash,
        source: locked.source,
        fingerprint: locked.key,
    });
    Ok(views.collect())
}
