//! `/compact` and `/compact undo`: what of the history the model is sent.

use super::{Session, next};
use crate::follow::Told;
use crate::interrupts::Interrupt;
use anteroom_api::{
    ConversationEvent, ConversationOp, Event, Problem, ProblemCode, TurnId, TurnOp,
};

impl Session<'_> {
    /// Waits for the summary, or for the whole history; Ctrl+C leaves it as it was.
    pub(super) async fn compact(&mut self, is_undo: bool) -> Result<(), Problem> {
        let conversation = self.conversation()?;
        let wish = match is_undo {
            true => ConversationOp::Uncompact { conversation },
            false => ConversationOp::Compact { conversation },
        };
        let host = self.context.host.clone();
        let op = host.submit(wish).await.map_err(|rejection| rejection.0)?;
        let turn = TurnId::from(op);
        loop {
            tokio::select! {
                told = next(&mut self.place) => match told {
                    None => return Err(crate::context::host_stopped()),
                    Some(Told::Trouble(of, problem)) if of == Some(turn) => return Err(problem),
                    Some(told) => {
                        let is_done = is_done(&told);
                        self.told(told).await;
                        if is_done {
                            return Ok(());
                        }
                    }
                },
                interrupt = self.context.interrupts.next() => {
                    // Rejected if it is done meanwhile.
                    let _ = host.submit(TurnOp::Cancel { turn }).await;
                    let problem = Problem::new(ProblemCode::Conflict, "not compacted: cancelled");
                    return match interrupt {
                        Interrupt::Interrupt | Interrupt::Terminate => Err(problem),
                    };
                }
            }
        }
    }
}

fn is_done(told: &Told) -> bool {
    let Told::Fact(envelope) = told else {
        return false;
    };
    matches!(
        envelope.event,
        Event::Conversation(
            ConversationEvent::Compacted { .. } | ConversationEvent::Uncompacted { .. }
        )
    )
}
