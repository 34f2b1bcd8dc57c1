//! What one tool call used.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Resources of one call, counted by the host; stored with the call and shown beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Meter {
    /// Wall time without the time waited for a person or a child agent, microseconds.
    pub wall_us: u64,
    /// Time the guest itself was running on a processor, microseconds.
    pub cpu_us: u64,
    /// Highest linear memory of the guest, bytes.
    pub peak_memory_bytes: u64,
    /// Files opened.
    pub files_opened: u64,
    /// Directory entries listed.
    pub entries_listed: u64,
    /// Bytes read from files.
    pub bytes_read: u64,
    /// Bytes written to files.
    pub bytes_written: u64,
    /// Processes started.
    pub processes: u64,
    /// User and system time of those processes, microseconds.
    pub process_cpu_us: u64,
    /// Time waited for approvals, microseconds.
    pub waited_us: u64,
}

impl Meter {
    /// The meter with every figure that differs between two runs set to zero: for comparing runs.
    #[must_use]
    pub fn without_times(&self) -> Self {
        Self {
            wall_us: 0,
            cpu_us: 0,
            process_cpu_us: 0,
            waited_us: 0,
            peak_memory_bytes: 0,
            ..self.clone()
        }
    }
}
