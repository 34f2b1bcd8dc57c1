//! The shell and the environment that commands get: a list of harmless names, never a secret. And what the user
//! says about the sandbox around it, which may change while the host runs.

use super::policy::Sandbox;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// Names that are passed on as they are: who and where the user is, and where toolchains live.
const PASSED: &[&str] = &[
    "PATH",
    "HOME",
    "LANG",
    "LANGUAGE",
    "TZ",
    "USER",
    "LOGNAME",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "JAVA_HOME",
    "GOPATH",
    "GOROOT",
    "NVM_DIR",
    "PYENV_ROOT",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
];
/// Where programs are looked for when nobody says.
const PATH_DEFAULT: &str = "/usr/local/bin:/usr/bin:/bin";

/// Caches that tools must be able to write; their usual places are not in reach, so they get one in `TMPDIR`.
pub(super) const CACHES: [(&str, &str); 3] = [
    ("GOCACHE", "go-build"),
    ("UV_CACHE_DIR", "uv"),
    ("npm_config_cache", "npm"),
];

/// A shell, what commands in it see of the environment, and what stands around it.
#[derive(Debug)]
pub(crate) struct Shell {
    pub(crate) program: PathBuf,
    pub(crate) environment: Vec<(String, String)>,
    sandbox: RwLock<Arc<Sandbox>>,
}

impl Shell {
    /// `bash` where the path has one, else `sh`; and of `environment` only what is harmless.
    pub(crate) fn new(environment: &BTreeMap<String, String>) -> Self {
        // What is started later finds the limit that there is now.
        let _ = super::open_files_at_start();
        let path = environment.get("PATH").map_or(PATH_DEFAULT, String::as_str);
        let program = path
            .split(':')
            .filter(|folder| folder.starts_with('/'))
            .map(|folder| Path::new(folder).join("bash"))
            .find(|bash| bash.is_file())
            .unwrap_or_else(|| PathBuf::from("/bin/sh"));
        let mut kept: BTreeMap<String, String> = environment
            .iter()
            .filter(|(name, _)| PASSED.contains(&name.as_str()) || name.starts_with("LC_"))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        kept.entry("PATH".into())
            .or_insert_with(|| PATH_DEFAULT.into());
        kept.insert("TERM".into(), "dumb".into());
        Self {
            program,
            environment: kept.into_iter().collect(),
            sandbox: RwLock::default(),
        }
    }

    /// What the shell is started with for a line.
    pub(crate) fn arguments(line: &str) -> [String; 2] {
        ["-c".to_owned(), line.to_owned()]
    }

    /// What the user says about the sandbox now.
    pub(crate) fn sandbox(&self) -> Arc<Sandbox> {
        let sandbox = self.sandbox.read();
        sandbox.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Holds for commands that start from now on.
    pub(crate) fn confine(&self, sandbox: Sandbox) {
        let mut held = self.sandbox.write().unwrap_or_else(PoisonError::into_inner);
        *held = Arc::new(sandbox);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_only_harmless_names() {
        let given = [
            ("PATH", "/nowhere"),
            ("LC_ALL", "C"),
            ("OPENAI_API_KEY", "secret"),
            ("BASH_ENV", "/tmp/evil"),
            ("LD_PRELOAD", "/tmp/evil.so"),
            ("TERM", "xterm"),
        ];
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let expected = [("LC_ALL", "C"), ("PATH", "/nowhere"), ("TERM", "dumb")];
        let shell = Shell::new(&BTreeMap::from(given));
        assert_eq!(shell.program, Path::new("/bin/sh"));
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(shell.environment, expected);
    }
}
