//! The built-in tools around commands: run one, look after those in the background. How a command is judged,
//! confined and killed is the host's business.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        reason = "tests fail by panicking"
    )
)]

mod bash;
mod collect;
mod tasks;

pub use bash::Bash;
pub use tasks::{BashKill, BashOutput};

anteroom_sdk::export!(Bash, BashOutput, BashKill);
