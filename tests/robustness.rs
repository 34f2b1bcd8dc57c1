//! What must not break the host: panics, disks, guests, endpoints, kills. See `docs/robustness.md`.

mod components;
mod disks;
mod endpoints;
mod kills;
mod panics;
mod runaways;
