//! The sandbox around commands: from the settings to the tools, and what holds of it here to the gate and the
//! doctor.

use crate::config::{Network, Sandbox, Settings};
use crate::engine::{Engine, Paths};
use anteroom_api::{Finding, Health};
use anteroom_gate::Policy;
use anteroom_tools as tools;

/// What the user wants, as the tools take it.
pub(crate) fn wanted(settings: &Settings, paths: &Paths) -> tools::Sandbox {
    let safety = &settings.safety;
    tools::Sandbox {
        mode: match safety.sandbox {
            Sandbox::Off => tools::SandboxMode::Off,
            Sandbox::Auto => tools::SandboxMode::Auto,
            Sandbox::Require => tools::SandboxMode::Require,
        },
        network: match safety.network {
            Network::On => tools::Network::On,
            Network::Local => tools::Network::Local,
            Network::Off => tools::Network::Off,
        },
        writable: safety.sandbox_writable.clone(),
        sensitive: safety.sensitive_paths.clone(),
        home: paths.user_home.clone(),
        own: vec![paths.home.clone(), paths.data.clone()],
        limits: tools::ProcessLimits {
            memory_bytes: u64::from(safety.limits.memory_mb) << 20,
            processes: u64::from(safety.limits.processes),
            file_bytes: u64::from(safety.limits.file_mb) << 20,
            open_files: u64::from(safety.limits.open_files),
        },
    }
}

/// Has commands run as the settings say from now on; answers which walls hold.
pub(crate) async fn confine(engine: &Engine, settings: &Settings) -> tools::Walls {
    engine.registry.confine(wanted(settings, &engine.paths));
    let registry = engine.registry.clone();
    // The first time it builds the walls to see whether they stand.
    let walls = tokio::task::spawn_blocking(move || registry.walls()).await;
    walls.unwrap_or_default()
}

/// Tells the policy what holds of the sandbox.
pub(crate) fn tell(policy: &mut Policy, walls: &tools::Walls, settings: &Settings) {
    policy.is_sandboxed = walls.is_complete();
    policy.is_offline = policy.is_sandboxed && settings.safety.network != Network::On;
    policy.sandbox_lacks = walls.missing();
}

/// What holds and what does not, for the doctor.
pub(crate) async fn findings(engine: &Engine) -> Vec<Finding> {
    let settings = engine.settings();
    let wanted = wanted(&settings, &engine.paths);
    let is_required = wanted.mode == tools::SandboxMode::Require;
    let walls = tokio::task::spawn_blocking(move || tools::walls(&wanted)).await;
    let walls = walls.unwrap_or_default().walls;
    walls
        .into_iter()
        .map(|wall| finding(wall, is_required))
        .collect()
}

fn finding(wall: tools::Wall, is_required: bool) -> Finding {
    let by = match wall.by.as_slice() {
        [] => String::new(),
        by => format!(" by {}", by.join(" and ")),
    };
    let (health, text, hint) = match wall.missing {
        None => (Health::Ok, format!("{}{by}", wall.promise), None),
        Some(why) => (
            if is_required {
                Health::Failed
            } else {
                Health::Warning
            },
            format!("no {}: {why}", wall.promise),
            Some(if is_required {
                "nothing is started, because `safety.sandbox` is `require`; see `docs/sandbox.md` for what a system needs"
            } else {
                "every command is asked about, each time; see `docs/sandbox.md` for what a system needs"
            }),
        ),
    };
    Finding {
        subject: "sandbox".to_owned(),
        health,
        text,
        hint: hint.map(str::to_owned),
    }
}
