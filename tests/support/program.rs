//! The real program, run on a temporary home.

use super::endpoint::Endpoint;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A command line of the real program with nothing of this machine's user in it.
pub fn aroom(home: &Path, endpoint: Option<&Endpoint>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aroom"));
    command.env_clear().env("HOME", home).stdin(Stdio::null());
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled");
    command
        .env("ANTEROOM_CACHE_DIR", cache)
        .env("LANG", "C.UTF-8");
    for name in ["PATH", "LLVM_PROFILE_FILE"] {
        if let Ok(value) = std::env::var(name) {
            command.env(name, value);
        }
    }
    if let Some(endpoint) = endpoint {
        command
            .env("AI_CHAT_BASE_URL", endpoint.base_url())
            .env("AI_CHAT_MODEL", "scripted")
            .env("AI_CHAT_TITLES", "false");
    }
    command
}

/// What a finished program left.
#[derive(Debug)]
pub struct Left {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// Runs to the end without blocking the endpoint's runtime.
pub async fn run(mut command: Command) -> Left {
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap();
    left(output)
}

pub fn left(output: Output) -> Left {
    Left {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}
