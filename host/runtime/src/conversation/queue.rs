//! What waits behind a running turn: taking it back, rewording it, moving it.

use super::{Owner, Waiting};
use anteroom_api::{Content, Event, OpId, Problem, ProblemCode, QueuedInput, TurnEvent, TurnId};

/// What is to become of input that waits.
pub(crate) enum Wish {
    /// It says something else.
    Reword(Vec<Content>),
    /// It runs before another one, or last.
    Reorder(Option<TurnId>),
}

impl Owner {
    pub(super) async fn unqueue(&mut self, op: OpId, turn: TurnId) -> Result<(), Problem> {
        let place = self.place_of(turn)?;
        self.tell(Some(op), vec![Event::Turn(TurnEvent::Unqueued { turn })])
            .await?;
        self.queue.remove(place);
        Ok(())
    }

    /// Told first, done then: what waits here is never other than what was told.
    pub(super) async fn change_waiting(
        &mut self,
        op: OpId,
        turn: TurnId,
        wish: Wish,
    ) -> Result<(), Problem> {
        let place = self.place_of(turn)?;
        match wish {
            Wish::Reword(input) => self.reword(op, place, input).await,
            Wish::Reorder(ahead_of) => self.reorder(op, (turn, place), ahead_of).await,
        }
    }

    async fn reword(&mut self, op: OpId, place: usize, input: Vec<Content>) -> Result<(), Problem> {
        let waiting = self.queue.get(place).ok_or_else(waits_no_more)?;
        let (turn, options) = (waiting.op.into(), waiting.options.clone());
        self.check(&input, &options).await?;
        let queued = QueuedInput {
            turn,
            input: input.clone(),
            is_held: false,
        };
        self.tell(Some(op), vec![Event::Turn(TurnEvent::Reworded { queued })])
            .await?;
        if let Some(waiting) = self.queue.get_mut(place) {
            waiting.input = input;
        }
        Ok(())
    }

    async fn reorder(
        &mut self,
        op: OpId,
        (turn, place): (TurnId, usize),
        ahead_of: Option<TurnId>,
    ) -> Result<(), Problem> {
        if ahead_of == Some(turn) {
            return Ok(());
        }
        if let Some(next) = ahead_of {
            self.place_of(next)?;
        }
        self.tell(
            Some(op),
            vec![Event::Turn(TurnEvent::Reordered { turn, ahead_of })],
        )
        .await?;
        let moved = self.queue.remove(place);
        let to = ahead_of.map_or(Ok(self.queue.len()), |next| self.place_of(next));
        if let (Some(moved), Ok(to)) = (moved, to) {
            self.queue.insert(to, moved);
        }
        Ok(())
    }

    fn place_of(&self, turn: TurnId) -> Result<usize, Problem> {
        let is_it = |waiting: &Waiting| TurnId::from(waiting.op) == turn;
        let place = self.queue.iter().position(is_it);
        place.ok_or_else(waits_no_more)
    }
}

fn waits_no_more() -> Problem {
    Problem::new(ProblemCode::NotFound, "this input does not wait any more")
}
