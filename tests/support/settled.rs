//! How property tests run: the same inputs every time, and others when asked.
//!
//! `PROPTEST_CASES` sets how many inputs a property is tried with, `PROPTEST_RNG_SEED` which ones.
//! What breaks a property is printed in its smallest form and becomes an ordinary test.

use proptest::test_runner::{Config, RngSeed};

/// The seed of ordinary runs.
const SEED: u64 = 20_261_121;

/// `cases` inputs, unless the environment asks for another number.
pub(crate) fn settled(cases: u32) -> Config {
    let asked = Config::default();
    Config {
        cases: match std::env::var_os("PROPTEST_CASES") {
            Some(_) => asked.cases,
            None => cases,
        },
        rng_seed: match asked.rng_seed {
            RngSeed::Random => RngSeed::Fixed(SEED),
            fixed @ RngSeed::Fixed(_) => fixed,
        },
        failure_persistence: None,
        ..asked
    }
}
