//! Installs, updates, goes back and removes: exactly what was shown, as a whole, and nothing of it before that.

use super::active::{self, Active};
use super::judge::{Against, Judged, judge};
use super::kept;
use super::lockfile::{self, Locked};
use super::powers;
use super::source::{self, blocking, no_bundle};
use super::state::{Edition, Place, State, unwritable};
use super::trial::{components, differences};
use super::{manifest, store};
use crate::engine::Engine;
use crate::host::Port;
use crate::live;
use crate::mcp;
use crate::modules::keeper::{self, Wish};
use anteroom_api::{
    BundleEvent, BundleReport, BundleStep, BundleWish, Event, GrantOp, GrantWhere, ModuleEvent,
    ModuleId, ModuleView, OpId, Problem, ProblemCode, Topic,
};
use anteroom_tools::DownloadReach;
use std::sync::Arc;

/// What a bundle is and would be able to do.
pub(crate) async fn inspect(port: &Port, wish: BundleWish) -> Result<BundleReport, Problem> {
    let engine = &port.engine;
    let state = read(engine).await?;
    let found = source::find(
        engine,
        source::way(engine, &state, &wish.source)?,
        reach(&wish),
    )
    .await?;
    let judged = look(engine, &state, &wish, found.clone()).await?;
    let digest = judged.report.digest.clone();
    engine.bundles.remember(digest, found);
    Ok(judged.report)
}

/// Which hosts a wish may have asked.
fn reach(wish: &BundleWish) -> DownloadReach {
    match wish.is_public {
        true => DownloadReach::Public,
        false => DownloadReach::Named,
    }
}

/// Installs exactly what was shown.
pub(crate) async fn install(
    port: &Port,
    id: OpId,
    (wish, digest): (BundleWish, String),
) -> Result<(), Problem> {
    let engine = &port.engine;
    let _alone = engine.bundles.alone().await;
    let state = read(engine).await?;
    let found = match engine.bundles.remembered(&digest) {
        Some(found) => found,
        None => {
            let way = source::way(engine, &state, &wish.source)?;
            source::find(engine, way, reach(&wish)).await?
        }
    };
    let judged = look(engine, &state, &wish, found).await?;
    accepted(&judged.report, &digest)?;
    try_out(engine, &judged).await?;
    let before = state.installed.get(&judged.archive.name);
    let before = before.map(|record| record.edition.version.clone());
    let name = judged.archive.name.clone();
    let locked = locked(&judged);
    commit(engine, judged).await?;
    let told = tell_installed(engine, Some(id), &name, before).await;
    live::reload(port).await;
    if let Some(project) = wish.project {
        lockfile::write(&project, name, Some(locked)).await?;
    }
    told
}

/// Removes a bundle, and all it brought.
pub(crate) async fn remove(
    port: &Port,
    id: OpId,
    (name, project): (String, Option<String>),
) -> Result<(), Problem> {
    let engine = &port.engine;
    let _alone = engine.bundles.alone().await;
    let place = Place::new(&engine.paths.home);
    let modules = match engine.bundles.all().iter().find(|it| it.name == name) {
        Some(active) => active.modules(),
        None => return Err(no_bundle(&name)),
    };
    let servers = mcp::entries(engine).into_iter();
    let servers = servers.filter(|it| it.bundle.as_ref() == Some(&name));
    let servers: Vec<String> = servers.map(|it| it.filled.name).collect();
    let gone = name.clone();
    blocking(move || {
        let held = place.hold()?;
        let mut state = place.read()?;
        if state.installed.remove(&gone).is_none() {
            return Err(no_bundle(&gone));
        }
        place.write(&state, &held)?;
        place.tidy(&state, &held);
        Ok(())
    })
    .await?;
    active::refresh(engine, &Wish::default()).await?;
    let revoked = modules.into_iter().map(|module| {
        Event::Module(ModuleEvent::Revoked {
            module,
            capability: None,
        })
    });
    let mut events = vec![Event::Bundle(BundleEvent::Removed { name: name.clone() })];
    events.extend(revoked);
    tell(engine, Some(id), events).await?;
    live::reload(port).await;
    // Its servers are ended by now, or write to nowhere.
    kept::forget(engine, &name, servers).await?;
    match project {
        Some(project) => lockfile::write(&project, name, None).await,
        None => Ok(()),
    }
}

/// Trusts a key for a name.
pub(crate) async fn trust(
    port: &Port,
    id: OpId,
    (name, fingerprint): (String, String),
) -> Result<(), Problem> {
    manifest::check_name(&name).map_err(source::invalid)?;
    let fingerprint = whole(&fingerprint)?;
    let (key, of) = (fingerprint.clone(), name.clone());
    let event = BundleEvent::Trusted { name, fingerprint };
    change(port, id, event, move |state| {
        state.distrusted.remove(&key);
        state.pins.insert(of, key);
    })
    .await
}

/// Trusts a key no more.
pub(crate) async fn distrust(port: &Port, id: OpId, fingerprint: String) -> Result<(), Problem> {
    let fingerprint = whole(&fingerprint)?;
    let key = fingerprint.clone();
    let event = BundleEvent::Distrusted { fingerprint };
    change(port, id, event, move |state| {
        state.distrusted.insert(key);
    })
    .await
}

async fn change(
    port: &Port,
    id: OpId,
    event: BundleEvent,
    change: impl FnOnce(&mut State) + Send + 'static,
) -> Result<(), Problem> {
    let engine = &port.engine;
    let _alone = engine.bundles.alone().await;
    let place = Place::new(&engine.paths.home);
    blocking(move || {
        let held = place.hold()?;
        let mut state = place.read()?;
        change(&mut state);
        place.write(&state, &held)
    })
    .await?;
    active::refresh(engine, &Wish::default()).await?;
    tell(engine, Some(id), vec![Event::Bundle(event)]).await?;
    live::reload(port).await;
    Ok(())
}

/// A fingerprint as it is shown, in groups or not.
fn whole(text: &str) -> Result<String, Problem> {
    let plain: String = text
        .chars()
        .filter(|it| !it.is_whitespace() && !matches!(it, '-' | ':'))
        .collect();
    let plain = plain.to_ascii_lowercase();
    match plain.len() == 64 && plain.chars().all(|it| it.is_ascii_hexdigit()) {
        true => Ok(plain),
        false => Err(source::invalid("a fingerprint has 64 digits from 0 to f")),
    }
}

/// What is installed and what is known of keys.
pub(crate) async fn read(engine: &Engine) -> Result<State, Problem> {
    let place = Place::new(&engine.paths.home);
    blocking(move || place.read()).await
}

async fn look(
    engine: &Arc<Engine>,
    state: &State,
    wish: &BundleWish,
    found: source::Found,
) -> Result<Judged, Problem> {
    let locked = match &wish.project {
        Some(project) => lockfile::read(project).await?,
        None => Vec::new(),
    };
    let (engine, state, wish) = (engine.clone(), state.clone(), wish.clone());
    blocking(move || {
        let against = Against {
            state: &state,
            before: &|name| engine.bundles.powers(name),
            is_sound: &|name| engine.bundles.is_sound(name),
            locked: &locked,
        };
        judge(found, &wish, &against)
    })
    .await
}

/// That it is what was shown, and may be installed.
fn accepted(report: &BundleReport, digest: &str) -> Result<(), Problem> {
    if report.digest != digest {
        return Err(Problem::new(
            ProblemCode::Conflict,
            format!("`{}` is not what was shown", report.name),
        )
        .cause("the bundle, or what is installed, has changed since")
        .hint("look at it again, then decide"));
    }
    if let Some(refusal) = report.refusals.first() {
        return Err(refusal.clone());
    }
    match report.step {
        BundleStep::Same => Err(Problem::new(
            ProblemCode::Conflict,
            format!("exactly this version of `{}` is installed", report.name),
        )
        .hint("see `aroom bundle list`")),
        BundleStep::Install | BundleStep::Update | BundleStep::Replace | BundleStep::Downgrade => {
            Ok(())
        }
    }
}

/// Has its toolsets say what they are, without any power, and compares it with what was shown.
async fn try_out(engine: &Engine, judged: &Judged) -> Result<(), Problem> {
    let name = &judged.archive.name;
    let instead = engine.bundles.tools_of(name);
    let components = components(judged);
    if components.is_empty() {
        return Ok(());
    }
    let views = engine
        .registry
        .try_out(components, instead.as_deref())
        .await?;
    match differences(&judged.contents, &views).as_slice() {
        [] => Ok(()),
        lines => {
            let problem = Problem::new(
                ProblemCode::Tool,
                format!("`{name}` is not what it says it is"),
            );
            let problem = lines
                .iter()
                .fold(problem, |problem, line| problem.cause(line));
            Err(problem.hint("ask its author; nothing was installed"))
        }
    }
}

/// Puts it on the disk and lets it count.
async fn commit(engine: &Engine, judged: Judged) -> Result<(), Problem> {
    let place = Place::new(&engine.paths.home);
    let at = engine.ambient.now();
    blocking(move || {
        let held = place.hold()?;
        let mut state = place.read()?;
        let edition = Edition {
            version: judged.archive.version.clone(),
            hash: judged.archive.hash.clone(),
            fingerprint: judged.archive.fingerprint.clone(),
            source: judged.place,
        };
        // Another process may have installed something since it was shown.
        let now = state.installed.get(&judged.archive.name);
        if now.map(|record| record.edition.version.clone()) != judged.report.installed {
            return Err(Problem::new(
                ProblemCode::Conflict,
                "another version was installed meanwhile",
            )
            .hint("look at it again, then decide"));
        }
        let whole = (&judged.archive, judged.bytes.as_slice());
        store::put(&place, whole, &edition, &held)
            .map_err(|error| unwritable(&place.store(), &error))?;
        state.install(&judged.archive.name, edition, at);
        place.write(&state, &held)?;
        place.tidy(&state, &held);
        Ok(())
    })
    .await
}

/// Has what runs follow what was installed, grants what was approved, and tells it.
pub(crate) async fn tell_installed(
    engine: &Arc<Engine>,
    cause: Option<OpId>,
    name: &str,
    before: Option<String>,
) -> Result<(), Problem> {
    let wish = Wish::default();
    let old: Vec<ModuleId> = match engine.bundles.all().iter().find(|it| it.name == name) {
        Some(active) => active.modules(),
        None => Vec::new(),
    };
    active::refresh(engine, &wish).await?;
    let all = engine.bundles.all();
    let active = all
        .iter()
        .find(|it| it.name == name)
        .ok_or_else(|| no_bundle(name))?;
    if let Err(problem) = &active.contents {
        return Err(problem.clone());
    }
    let views = active::load(engine, active, &wish).await?;
    let bundle = Box::new(active.view());
    let mut events = vec![Event::Bundle(BundleEvent::Installed { bundle, before })];
    let revoked = old.into_iter().map(|module| ModuleEvent::Revoked {
        module,
        capability: None,
    });
    events.extend(revoked.map(Event::Module));
    events.extend(
        grants(engine, active, &views)
            .into_iter()
            .map(Event::Module),
    );
    tell(engine, cause, events).await?;
    mark_told(engine, name).await
}

/// What was approved with the bundle, as grants to exactly these binaries.
fn grants(engine: &Engine, active: &Active, views: &[ModuleView]) -> Vec<ModuleEvent> {
    let Ok(contents) = &active.contents else {
        return Vec::new();
    };
    let at = engine.ambient.now();
    let mut events = Vec::new();
    for toolset in &contents.manifest.toolsets {
        let view = views.iter().find(|view| view.id.0 == toolset.name);
        for wanted in &toolset.capabilities {
            if let Some(view) = view
                && view.requested.contains(&wanted.capability)
            {
                let grant = GrantOp {
                    module: view.id.clone(),
                    hash: view.hash.clone(),
                    capability: wanted.capability,
                    reach: powers::reach(wanted),
                    place: GrantWhere::Everywhere,
                    expires_at: None,
                    calls: None,
                };
                events.push(ModuleEvent::Granted { grant, at });
            }
        }
    }
    events
}

async fn mark_told(engine: &Engine, name: &str) -> Result<(), Problem> {
    let (place, name) = (Place::new(&engine.paths.home), name.to_owned());
    blocking(move || {
        let held = place.hold()?;
        let mut state = place.read()?;
        if let Some(record) = state.installed.get_mut(&name) {
            record.is_told = true;
        }
        place.write(&state, &held)
    })
    .await
}

async fn tell(engine: &Engine, cause: Option<OpId>, events: Vec<Event>) -> Result<(), Problem> {
    engine
        .bus
        .publish(Topic::Host, cause, events.clone())
        .await?;
    for event in &events {
        if let Event::Module(event) = event {
            keeper::apply(engine, event);
        }
    }
    Ok(())
}

fn locked(judged: &Judged) -> Locked {
    Locked {
        name: judged.archive.name.clone(),
        version: judged.archive.version.clone(),
        hash: judged.archive.hash.clone(),
        key: judged.archive.fingerprint.clone(),
        source: judged.place.clone(),
    }
}
