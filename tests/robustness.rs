//! What must not break the host: panics, disks, guests, endpoints, kills. See `docs/robustness.md`.

mod panics;
