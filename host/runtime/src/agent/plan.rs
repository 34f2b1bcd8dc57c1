//! Plan mode: a turn that only looks until a person has approved its plan, and then goes on.
//!
//! What holds is the gate: while planning, every permit comes from [`Gate::planning`]. What is said to the
//! model here is a courtesy. The tools stay in the request, so that its prefix keeps its bytes.

use anteroom_api::{Content, Resolution};
use anteroom_gate::Gate;
use std::sync::atomic::{AtomicBool, Ordering};

/// Stands beside the person's wish.
const BEGIN: &str = "[Plan mode: only look and read, change nothing; every other tool is refused. When you know enough, answer without calls and with the plan alone: what you will change, where, in which order, and how you will check it. The person approves it before anything is done.]";

/// What the model is told of an approved plan; also how the plan is found again.
pub(crate) const APPROVED: &str =
    "[The person approved this plan. Plan mode is over: carry it out now, with all tools.]";

/// Whether a turn plans, and the gate that holds meanwhile.
#[derive(Debug)]
pub(crate) struct Planning {
    is_on: AtomicBool,
    gate: Gate,
}

/// What becomes of the turn once a person has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// It goes on; the model is told this.
    Go(String),
    /// It is over.
    End,
}

impl Planning {
    /// For a turn with this gate.
    pub(crate) fn new(is_on: bool, gate: &Gate) -> Self {
        Self {
            is_on: AtomicBool::new(is_on),
            gate: gate.planning(),
        }
    }

    /// The gate that holds now, if it is not the turn's own.
    pub(crate) fn gate(&self) -> Option<&Gate> {
        self.is_on().then_some(&self.gate)
    }

    pub(crate) fn is_on(&self) -> bool {
        self.is_on.load(Ordering::SeqCst)
    }

    /// What stands beside the person's wish, if the turn plans.
    pub(crate) fn opening(&self) -> Option<Vec<Content>> {
        self.is_on().then(|| vec![Content::text(BEGIN)])
    }

    /// Takes a person's answer to the plan. Only a yes ends the planning.
    pub(crate) fn answered(&self, resolution: &Resolution) -> Next {
        match resolution {
            Resolution::Allowed { .. } => {
                self.is_on.store(false, Ordering::SeqCst);
                Next::Go(APPROVED.to_owned())
            }
            Resolution::Denied {
                reason: Some(reason),
            } if !reason.trim().is_empty() => Next::Go(format!(
                "[The person did not approve this plan, and says:]\n{}\n[Plan mode goes on: revise the plan.]",
                reason.trim()
            )),
            Resolution::Denied { .. } | Resolution::NotAnswered => Next::End,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anteroom_api::Scope;
    use anteroom_gate::{Memory, Place, Policy};

    #[test]
    fn only_a_yes_ends_the_planning() {
        let place = Place {
            workspace: "/w".into(),
            ..Place::default()
        };
        let gate = Gate::new(Policy::default(), place, Memory::default()).unwrap();
        let planning = Planning::new(true, &gate);
        let no = |reason: Option<&str>| Resolution::Denied {
            reason: reason.map(str::to_owned),
        };
        assert_eq!(planning.answered(&Resolution::NotAnswered), Next::End);
        assert_eq!(planning.answered(&no(None)), Next::End);
        assert_eq!(planning.answered(&no(Some(" "))), Next::End);
        let Next::Go(words) = planning.answered(&no(Some("smaller steps"))) else {
            panic!("the model is told why");
        };
        assert!(words.contains("smaller steps") && planning.is_on());
        assert!(planning.gate().is_some() && planning.opening().is_some());
        let yes = Resolution::Allowed { scope: Scope::Once };
        assert_eq!(planning.answered(&yes), Next::Go(APPROVED.into()));
        assert!(planning.gate().is_none() && planning.opening().is_none());
    }
}
