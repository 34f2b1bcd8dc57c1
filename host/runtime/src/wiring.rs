//! From settings to what each part of the host is started with.

use crate::config::{self, Settings};
use anteroom_api::{Problem, ProblemCode};
use anteroom_model::{Endpoint, Retry, Secret, Timeouts};
use anteroom_tools::{Limits, Options, ToolLimits};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Anteroom's own folder: `ANTEROOM_HOME`, or `~/.anteroom`.
pub(crate) fn home(environment: &BTreeMap<String, String>) -> Result<PathBuf, Problem> {
    let named = environment
        .get("ANTEROOM_HOME")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from);
    let usual = || {
        environment
            .get("HOME")
            .filter(|path| !path.is_empty())
            .map(|home| Path::new(home).join(".anteroom"))
    };
    let home = named.or_else(usual).ok_or_else(|| {
        Problem::new(ProblemCode::NotConfigured, "there is no home folder")
            .hint("set HOME, or ANTEROOM_HOME to the folder Anteroom may use")
    })?;
    std::path::absolute(&home).map_err(|error| {
        Problem::new(
            ProblemCode::NotConfigured,
            format!("`{}` cannot be used as Anteroom's folder", home.display()),
        )
        .cause(error)
    })
}

/// Where the predecessor kept its config.
pub(crate) fn legacy(environment: &BTreeMap<String, String>) -> Option<PathBuf> {
    environment
        .get("HOME")
        .map(|home| Path::new(home).join(".parlor").join(config::FILE_NAME))
}

/// Whether the user's config trusts a folder, whatever it holds.
pub(crate) fn is_trusted(settings: &Settings, workspace: &Path) -> bool {
    let Ok(workspace) = workspace.canonicalize() else {
        return false;
    };
    settings.safety.trusted_folders.iter().any(|folder| {
        folder
            .canonicalize()
            .is_ok_and(|folder| folder == workspace)
    })
}

/// How the model endpoint is reached.
pub(crate) fn endpoint(settings: &Settings) -> Endpoint {
    let ai = &settings.ai;
    let base_url = ai.base_url.clone().unwrap_or_default();
    Endpoint {
        api_key: ai.api_key.as_ref().map(|key| Secret::new(key.expose())),
        api_key_command: ai.api_key_command.clone(),
        open_files: Some(anteroom_tools::open_files_at_start()),
        ca_file: ai.ca_file.clone(),
        timeouts: Timeouts {
            connect: ai.connect_timeout,
            write: ai.write_timeout,
            pool: ai.pool_timeout,
            first_token: ai.first_token_timeout,
            request: ai.request_timeout,
            chunk_stall: ai.chunk_stall_timeout,
        },
        retry: Retry {
            max_attempts: ai.retry_max_attempts,
            backoff_base: ai.retry_backoff_base,
            ..Retry::default()
        },
        verify_tls: ai.verify_ssl,
        ..Endpoint::new(base_url)
    }
}

/// Further fields of every request.
pub(crate) fn request_extra(settings: &Settings) -> serde_json::Map<String, serde_json::Value> {
    let mut extra = serde_json::Map::new();
    if let Some(temperature) = settings.ai.temperature {
        extra.insert("temperature".into(), temperature.into());
    }
    extra
}

/// What a call may use: of every tool, and of single ones.
pub(crate) fn limits(settings: &Settings) -> (Limits, BTreeMap<String, ToolLimits>) {
    let bytes = |megabytes: u32| megabytes as usize * (1 << 20);
    let limits = Limits {
        wall: settings.tools.call_timeout,
        memory_bytes: bytes(settings.tools.memory_mb),
    };
    let own = settings.tools.limits.iter().map(|(tool, own)| {
        let wall = own.seconds.map(Duration::try_from_secs_f64);
        let limits = ToolLimits {
            wall: wall.and_then(Result::ok),
            memory_bytes: own.memory_mb.map(bytes),
        };
        (tool.clone(), limits)
    });
    (limits, own.collect())
}

/// What the tools are run with.
pub(crate) fn tools(
    settings: &Settings,
    data: &Path,
    environment: &BTreeMap<String, String>,
) -> Options {
    // Compiled code is the same for everybody; a build farm may share it.
    let shared = environment
        .get("ANTEROOM_CACHE_DIR")
        .filter(|path| !path.is_empty());
    let cache_dir = shared.map_or_else(|| data.join("cache"), PathBuf::from);
    let (limits, overrides) = limits(settings);
    Options {
        limits,
        overrides,
        ..Options::new(cache_dir, environment.clone())
    }
}
