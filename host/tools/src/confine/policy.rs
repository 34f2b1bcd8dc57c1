//! What the user says about the sandbox of the operating system. Plain values; where they come from is the
//! runtime's business.

use std::path::PathBuf;

/// The sandbox around processes, as the user wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sandbox {
    /// Whether there is one.
    pub mode: SandboxMode,
    /// How far its processes reach.
    pub network: Network,
    /// Files and folders that may be written besides the workspace and the private temp folder.
    pub writable: Vec<PathBuf>,
    /// Paths, names or globs that may not be read; as in the gate's policy.
    pub sensitive: Vec<String>,
    /// The user's home folder, if there is one.
    pub home: Option<PathBuf>,
    /// Anteroom's own folders: configuration, keys, database.
    pub own: Vec<PathBuf>,
    /// What one command may use.
    pub limits: ProcessLimits,
}

/// Whether processes run in a sandbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SandboxMode {
    /// No: they run as the user.
    Off,
    /// With all walls the kernel has.
    #[default]
    Auto,
    /// With all walls there are, or not at all.
    Require,
}

/// How far processes in the sandbox reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Network {
    /// No network sockets.
    #[default]
    Off,
    /// A network of their own, in which there is nobody else.
    Local,
    /// The machine's network.
    On,
}

/// What one command and its children may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessLimits {
    /// Memory a process may write to, in bytes.
    pub memory_bytes: u64,
    /// Processes and threads at a time.
    pub processes: u64,
    /// The largest file a process may write, in bytes.
    pub file_bytes: u64,
    /// Files one process may have open.
    pub open_files: u64,
}

impl Default for ProcessLimits {
    fn default() -> Self {
        Self {
            memory_bytes: 8 << 30,
            processes: 2048,
            file_bytes: 8 << 30,
            open_files: 8192,
        }
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self {
            mode: SandboxMode::Auto,
            network: Network::Off,
            writable: Vec::new(),
            sensitive: Vec::new(),
            home: None,
            own: Vec::new(),
            limits: ProcessLimits::default(),
        }
    }
}
