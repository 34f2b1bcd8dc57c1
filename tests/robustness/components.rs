//! Components that are broken: refused with a reason, and the host and its sound components go on.
//!
//! The same mutants as `cargo bench --bench engine -- components`, of which it loads 10 000.

use super::kills::killing;
use crate::denials::hostile;
use mutants::{load, tiny, tiny_of_the_first};

#[path = "../../benches/engine/mutants.rs"]
mod mutants;

const TINY: usize = 2_000;
const REAL: usize = 40;

#[tokio::test(flavor = "multi_thread")]
async fn mutants_are_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let seen = load(folder.path(), &[tiny(), tiny_of_the_first()], TINY, 1).await;
    assert_eq!(seen.mutants, TINY);
    let refused: usize = seen.refused.values().sum();
    assert_eq!(refused + seen.loaded, TINY, "{seen:?}");
    // A byte of a text may be another one; the most must be damage, of many kinds.
    assert!(refused > TINY / 2 && seen.refused.len() > 5, "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn mutants_of_a_real_component_are_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let seen = load(folder.path(), &[hostile().to_vec()], REAL, 2).await;
    let refused: usize = seen.refused.values().sum();
    assert_eq!(refused + seen.loaded, REAL, "{seen:?}");
}
