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
    /// Other machines that requests were sent to.
    #[serde(skip_serializing_if = "is_none")]
    pub hosts: u64,
    /// Bytes of bodies sent to them.
    #[serde(skip_serializing_if = "is_none")]
    pub bytes_sent: u64,
    /// Bytes of bodies received from them.
    #[serde(skip_serializing_if = "is_none")]
    pub bytes_received: u64,
    /// Time waited for approvals, microseconds.
    pub waited_us: u64,
}

/// Whether there is nothing to tell: most calls reach nobody.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "what serde calls takes a reference"
)]
fn is_none(count: &u64) -> bool {
    *count == 0
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
