//! Exit codes: what a script learns from a run. Knows no command.

use anteroom_api::{ProblemCode, StopReason};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// Everything went well.
pub(crate) const OK: u8 = 0;
/// The run failed, or a check did.
pub(crate) const FAILED: u8 = 1;
/// The command line is wrong.
pub(crate) const USAGE: u8 = 2;
/// No endpoint or model is configured, or the configuration cannot be understood.
pub(crate) const NOT_CONFIGURED: u8 = 3;
/// The endpoint cannot be reached, is too slow or too busy, retries included.
pub(crate) const UNREACHABLE: u8 = 4;
/// The endpoint refused the credentials.
pub(crate) const AUTH: u8 = 5;
/// Something needed an approval that nobody could give, or was denied.
pub(crate) const DENIED: u8 = 6;
/// A limit was hit: steps, tokens or time.
pub(crate) const LIMIT: u8 = 7;
/// No such conversation, module, setting.
pub(crate) const NOT_FOUND: u8 = 8;
/// Ended by SIGINT.
pub(crate) const INTERRUPTED: u8 = 130;
/// Ended by SIGTERM.
pub(crate) const TERMINATED: u8 = 143;

/// The process is done before a host was needed; what there was to say has been printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// What the process ends with.
    pub code: u8,
}

/// Where the frontend leaves the exit code for `main`.
#[derive(Clone, Debug, Default)]
pub struct ExitSlot(Arc<AtomicU8>);

impl ExitSlot {
    /// The code left last; 0 if none was.
    #[must_use]
    pub fn get(&self) -> u8 {
        self.0.load(Ordering::Acquire)
    }

    /// Leaves a code.
    pub fn set(&self, code: u8) {
        self.0.store(code, Ordering::Release);
    }
}

/// The exit code of a problem.
#[must_use]
pub(crate) fn of_problem(code: ProblemCode) -> u8 {
    match code {
        ProblemCode::InvalidInput => USAGE,
        ProblemCode::NotFound => NOT_FOUND,
        ProblemCode::NotConfigured | ProblemCode::InvalidConfig => NOT_CONFIGURED,
        ProblemCode::EndpointUnreachable
        | ProblemCode::EndpointTimeout
        | ProblemCode::RateLimited => UNREACHABLE,
        ProblemCode::EndpointAuth => AUTH,
        ProblemCode::Denied => DENIED,
        ProblemCode::LimitReached => LIMIT,
        ProblemCode::EndpointFailed
        | ProblemCode::Storage
        | ProblemCode::Tool
        | ProblemCode::Conflict
        | ProblemCode::Internal => FAILED,
    }
}

/// The exit code of a turn's end, before denials are looked at.
#[must_use]
pub(crate) fn of_stop(stop: &StopReason) -> u8 {
    match stop {
        StopReason::EndTurn => OK,
        StopReason::MaxSteps | StopReason::MaxTokens | StopReason::Budget { .. } => LIMIT,
        StopReason::Refusal | StopReason::Cancelled | StopReason::Interrupted => FAILED,
        StopReason::Failed { problem } => of_problem(problem.code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anteroom_api::Problem;

    #[test]
    fn problems_have_the_documented_codes() {
        let check = |code: ProblemCode, wanted: u8| {
            assert_eq!(of_problem(code), wanted, "{code:?}");
            let problem = Problem::new(code, "x");
            assert_eq!(of_stop(&StopReason::Failed { problem }), wanted, "{code:?}");
        };
        check(ProblemCode::InvalidInput, 2);
        check(ProblemCode::NotConfigured, 3);
        check(ProblemCode::InvalidConfig, 3);
        check(ProblemCode::EndpointUnreachable, 4);
        check(ProblemCode::EndpointTimeout, 4);
        check(ProblemCode::RateLimited, 4);
        check(ProblemCode::EndpointAuth, 5);
        check(ProblemCode::Denied, 6);
        check(ProblemCode::LimitReached, 7);
        check(ProblemCode::NotFound, 8);
        check(ProblemCode::EndpointFailed, 1);
        check(ProblemCode::Storage, 1);
        check(ProblemCode::Tool, 1);
        check(ProblemCode::Conflict, 1);
        check(ProblemCode::Internal, 1);
    }

    #[test]
    fn a_slot_is_shared_between_its_clones() {
        let slot = ExitSlot::default();
        slot.clone().set(TERMINATED);
        assert_eq!(slot.get(), TERMINATED);
    }
}
