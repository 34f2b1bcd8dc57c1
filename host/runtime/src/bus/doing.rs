//! What a topic's turn was last said to be doing: kept also when nobody follows, for whoever joins in between or had
//! no room for it.

use anteroom_api::{Delta, Envelope, Event, Phase, Seq, TurnEvent, TurnId};
use std::time::Duration;
use tokio::time::Instant;

/// The last phase, until a fact takes its place.
#[derive(Default)]
pub(super) struct Doing {
    said: Option<Said>,
    count: u64,
}

struct Said {
    /// Of all phases of the topic.
    number: u64,
    /// The fact behind which it was said.
    behind: Seq,
    at: Instant,
    turn: TurnId,
    phase: Phase,
}

impl Doing {
    pub(super) fn is_empty(&self) -> bool {
        self.said.is_none()
    }

    /// Takes notice of a fact that was stored: each step begins anew.
    pub(super) fn stored(&mut self, envelope: &Envelope) {
        if let Event::Turn(
            TurnEvent::Started { .. } | TurnEvent::StepStarted { .. } | TurnEvent::Ended { .. },
        ) = envelope.event
        {
            self.said = None;
        }
    }

    /// A phase was said; gives its number, from 1.
    pub(super) fn say(&mut self, turn: TurnId, phase: Phase, behind: Seq) -> u64 {
        self.count += 1;
        self.said = Some(Said {
            number: self.count,
            behind,
            at: Instant::now(),
            turn,
            phase,
        });
        self.count
    }

    /// The phase as it is now with its number, for who has seen the topic up to `seen` and was told those up to `told`.
    pub(super) fn missing(&self, seen: Seq, told: u64) -> Option<(u64, Delta)> {
        let said = self.said.as_ref()?;
        let is_missing = said.number > told && said.behind <= seen;
        is_missing.then(|| {
            let phase = aged(&said.phase, said.at.elapsed());
            let turn = said.turn;
            (said.number, Delta::Phase { turn, phase })
        })
    }
}

/// A phase some time after it was said.
fn aged(phase: &Phase, passed: Duration) -> Phase {
    let passed = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
    let mut phase = phase.clone();
    match &mut phase {
        Phase::Stalled { silent_ms } => *silent_ms = silent_ms.saturating_add(passed),
        Phase::Retrying { delay_ms, .. } => *delay_ms = delay_ms.saturating_sub(passed),
        Phase::Connecting
        | Phase::Waiting
        | Phase::Streaming
        | Phase::Running { .. }
        | Phase::WaitingForApproval
        | Phase::Compacting => {}
    }
    phase
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phase_grows_older() {
        let retrying = |delay_ms| Phase::Retrying {
            attempt: 2,
            max: 5,
            delay_ms,
            reason: "busy".into(),
        };
        let stalled = |silent_ms| Phase::Stalled { silent_ms };
        let rows = [
            (retrying(4_000), 1_000, retrying(3_000)),
            (retrying(4_000), 9_000, retrying(0)),
            (stalled(5_000), 1_000, stalled(6_000)),
            (Phase::Waiting, 1_000, Phase::Waiting),
        ];
        for (phase, passed, wanted) in rows {
            assert_eq!(aged(&phase, Duration::from_millis(passed)), wanted);
        }
    }
}
