//! Looking after the databases: copies, checks, export and import, shared files.

mod upkeep;

use crate::config::{self, SharedDatabase};
use crate::engine::Engine;
use crate::host::Port;
use crate::live;
use anteroom_api::event::HostEvent;
use anteroom_api::{
    DatabaseEvent, DatabaseOp, DatabaseView, Event, OpId, PartView, Problem, ProblemCode, Topic,
};
use anteroom_storage::{DatabaseState, SharedFile};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use upkeep::{measure, start as start_upkeep};

/// Where the shared databases stand in the settings.
const SETTING: &str = "shared_databases";
/// Letters of a shared database's name.
const NAME_LETTERS: usize = 32;

pub(crate) async fn take(port: &Port, id: OpId, op: DatabaseOp) -> Result<(), Problem> {
    let storage = &port.engine.storage;
    let event = match op {
        DatabaseOp::BackUp { path } => back_up(&port.engine, path).await?,
        DatabaseOp::Restore { path } => return restore(port, id, &path).await,
        DatabaseOp::Vacuum => {
            let (before_bytes, after_bytes) = storage.vacuum().await?;
            DatabaseEvent::Vacuumed {
                before_bytes,
                after_bytes,
            }
        }
        DatabaseOp::Export {
            path,
            conversations,
        } => {
            let written = storage.export(&absolute(&path)?, &conversations).await?;
            DatabaseEvent::Exported {
                path,
                conversations: written,
            }
        }
        DatabaseOp::Import { path } => {
            let imported = storage.import(&absolute(&path)?).await?;
            DatabaseEvent::Imported {
                path,
                conversations: imported.conversations,
                skipped: imported.skipped,
            }
        }
        DatabaseOp::ShareAdd { name, path } => share(port, id, (name, path)).await?,
        DatabaseOp::ShareRemove { name } => unshare(port, id, name).await?,
    };
    port.tell(Topic::Host, id, Event::Database(event)).await
}

/// All databases, the personal one first.
pub(crate) async fn list(port: &Port, is_checking: bool) -> Result<Vec<DatabaseView>, Problem> {
    let engine = &port.engine;
    engine.storage.retry_shared(engine.ambient.now()).await;
    let states = engine.storage.databases(is_checking).await;
    let mut views: Vec<DatabaseView> = states.into_iter().map(view).collect();
    if let Some(personal) = views.first_mut() {
        let data = engine.paths.data.clone();
        let measured = tokio::task::spawn_blocking(move || measure(&data)).await;
        let (folders, backed_up_at) = measured.unwrap_or_default();
        let folders = folders.into_iter().map(|(name, bytes)| PartView {
            name: format!("{name}/"),
            bytes,
        });
        personal.parts.splice(0..0, folders);
        personal.backed_up_at = backed_up_at;
    }
    Ok(views)
}

/// Opens the shared databases that the settings name, and lets go of those they name no more. One that cannot be
/// opened is left out, and says so in `list`.
pub(crate) async fn follow_settings(engine: &Engine) {
    let named = engine.settings().shared_databases.clone();
    let wanted: Vec<SharedFile> = named.into_iter().map(shared_file).collect();
    let opened = engine.storage.shared();
    for gone in opened.iter().filter(|file| !wanted.contains(file)) {
        if let Err(error) = engine.storage.remove_shared(&gone.name).await {
            tracing::warn!(%error, "a shared database was not closed in order");
        }
    }
    for file in wanted.into_iter().filter(|file| !opened.contains(file)) {
        let name = file.name.clone();
        let added = match check_name(&name) {
            Ok(()) => {
                let added = engine.storage.add_shared(file, false, engine.ambient.now());
                added.await.map_err(Problem::from)
            }
            Err(problem) => Err(problem),
        };
        if let Err(problem) = added {
            tracing::warn!(%problem, name, "a shared database is left out");
        }
    }
}

fn shared_file(shared: SharedDatabase) -> SharedFile {
    SharedFile {
        name: shared.name,
        path: shared.path,
    }
}

async fn back_up(engine: &Arc<Engine>, path: Option<String>) -> Result<DatabaseEvent, Problem> {
    let target = match path {
        Some(path) => absolute(&path)?,
        None => upkeep::copy_path(&engine.paths.data, "backup", engine.ambient.now()),
    };
    let size_bytes = engine
        .storage
        .back_up(&target, upkeep::while_running(engine))
        .await?;
    Ok(DatabaseEvent::BackedUp {
        path: target.display().to_string(),
        size_bytes,
    })
}

async fn restore(port: &Port, id: OpId, path: &str) -> Result<(), Problem> {
    let engine = &port.engine;
    let copy = absolute(path)?;
    if engine.storage.has_running_turns().await? {
        return Err(Problem::new(
            ProblemCode::Conflict,
            "a turn is running; its conversation would end in the middle",
        )
        .hint("wait for it, or cancel it"));
    }
    port.close_conversations().await;
    let now = engine.ambient.now();
    let kept = upkeep::copy_path(&engine.paths.data, "before-restore", now);
    engine.storage.restore(&copy, &kept, now).await?;
    // Whoever was signed in when the copy was made need not be any more.
    engine.storage.end_sessions(None).await?;
    let restored = DatabaseEvent::Restored {
        path: path.to_owned(),
        kept: kept.display().to_string(),
    };
    // Told in what was put back: it is the first thing that happens there.
    port.tell(Topic::Host, id, Event::Database(restored))
        .await?;
    port.tell(Topic::Host, id, Event::Host(HostEvent::Stopping))
        .await
}

/// The list is kept in the user's config: there people look for it, and it outlives a restored database.
async fn share(
    port: &Port,
    id: OpId,
    (name, path): (String, String),
) -> Result<DatabaseEvent, Problem> {
    check_name(&name)?;
    let storage = &port.engine.storage;
    let file = SharedFile {
        name: name.clone(),
        path: absolute(&path)?,
    };
    storage
        .add_shared(file, true, port.engine.ambient.now())
        .await?;
    let states = storage.databases(false).await;
    let complaint = states
        .into_iter()
        .find(|state| state.name.as_deref() == Some(&name))
        .and_then(|state| state.complaints.into_iter().next());
    let written = match complaint {
        Some(problem) => Err(problem),
        None => {
            let shared = SharedDatabase {
                name: name.clone(),
                path: PathBuf::from(&path),
            };
            write(port, id, |all| all.push(shared)).await
        }
    };
    if let Err(problem) = written {
        storage.remove_shared(&name).await?;
        return Err(problem);
    }
    Ok(DatabaseEvent::SharedAdded { name, path })
}

async fn unshare(port: &Port, id: OpId, name: String) -> Result<DatabaseEvent, Problem> {
    let storage = &port.engine.storage;
    if storage.is_running_in(&name).await? {
        return Err(Problem::new(
            ProblemCode::Conflict,
            format!("a turn is running in the shared database `{name}`"),
        )
        .hint("wait for it, or cancel it"));
    }
    if !storage.shared().iter().any(|shared| shared.name == name) {
        return Err(Problem::new(
            ProblemCode::NotFound,
            format!("there is no shared database `{name}`"),
        )
        .hint("`aroom db shared list` shows those there are"));
    }
    write(port, id, |all| all.retain(|shared| shared.name != name)).await?;
    storage.remove_shared(&name).await?;
    Ok(DatabaseEvent::SharedRemoved { name })
}

/// Changes the list in the user's config and takes it over.
async fn write(
    port: &Port,
    id: OpId,
    change: impl FnOnce(&mut Vec<SharedDatabase>),
) -> Result<(), Problem> {
    let mut all = port.engine.settings().shared_databases.clone();
    change(&mut all);
    let all: Vec<_> = all
        .iter()
        .map(|shared| serde_json::json!({ "name": shared.name, "path": shared.path }))
        .collect();
    let file = port.live.sources().home.join(config::FILE_NAME);
    let value = (!all.is_empty()).then_some(serde_json::Value::Array(all));
    config::change(&file, SETTING, value.as_ref())?;
    live::changed_by(port, id, SETTING.to_owned()).await
}

fn check_name(name: &str) -> Result<(), Problem> {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
    let starts_well = name.starts_with(|letter: char| letter.is_ascii_alphanumeric());
    if starts_well && name.len() <= NAME_LETTERS && name.chars().all(is_letter) {
        return Ok(());
    }
    Err(Problem::new(
        ProblemCode::InvalidInput,
        "a shared database's name has letters, digits, `-` and `_`, and begins with a letter or digit",
    )
    .hint("choose another name, for example `team`"))
}

fn absolute(path: &str) -> Result<PathBuf, Problem> {
    if Path::new(path).is_absolute() && !path.contains('\0') {
        return Ok(PathBuf::from(path));
    }
    Err(Problem::new(
        ProblemCode::InvalidInput,
        format!("`{}` is not an absolute path", path.replace('\0', "?")),
    )
    .hint("name the file with its whole path"))
}

fn view(state: DatabaseState) -> DatabaseView {
    let tables = state.tables.into_iter();
    DatabaseView {
        name: state.name.unwrap_or_default(),
        path: state.path.display().to_string(),
        size_bytes: state.size_bytes,
        schema: state.schema,
        conversations: state.conversations,
        items: state.items,
        backed_up_at: None,
        is_read_only: state.is_read_only,
        parts: tables
            .map(|(name, bytes)| PartView { name, bytes })
            .collect(),
        complaints: state.complaints.iter().map(complaint).collect(),
    }
}

/// A problem in one line, with what to do.
fn complaint(problem: &Problem) -> String {
    match &problem.hint {
        Some(hint) => format!("{problem}; {hint}"),
        None => problem.to_string(),
    }
}
