//! What goes on during a run: facts and previews are taken in, keys are passed on, the window is painted in time.

use super::{CANCEL_PATIENCE, Open, Session, next};
use crate::chat::ask::Ask;
use crate::chat::job;
use crate::chat::question::Inquiry;
use crate::connect;
use crate::context::{Quit, host_stopped};
use crate::exit;
use crate::follow::Told;
use crate::interrupts::Interrupt;
use anteroom_api::{
    ApprovalEvent, ElicitationEvent, Envelope, Event, ProblemCode, StopReason, TurnEvent, TurnOp,
};
use tokio::time::Instant;

/// So much may be told in a row before a key is looked for.
const TOLD_IN_A_ROW: usize = 64;

impl Session<'_> {
    /// Watches until nothing runs or waits; gives the exit code if the chat ends meanwhile.
    pub(super) async fn watch(&mut self) -> Result<Option<u8>, Quit> {
        self.take_keys();
        self.is_cancelling = false;
        self.fit_window();
        self.pace.hurry();
        let ended = match self.typed_before().await {
            Some(code) => Ok(Some(self.leave(code).await)),
            None => self.follow().await,
        };
        self.leave_keys().await;
        ended
    }

    /// From now on keys come one by one, and finished lines wait for the next frame.
    pub(super) fn take_keys(&mut self) {
        if !self.screen.is_raw() {
            self.keyboard.keys();
            self.screen.set_raw(true);
        }
        self.is_held = true;
    }

    /// Back to the prompt.
    pub(super) async fn leave_keys(&mut self) {
        let lines = self.pace.take(Instant::now());
        self.screen.leave(&lines);
        self.is_held = false;
        // Typed in the very moment the run ended: it is for what comes next.
        let left = self.keyboard.rest().await;
        self.left.extend(left);
        self.screen.set_raw(false);
    }

    async fn follow(&mut self) -> Result<Option<u8>, Quit> {
        let mut stop = self.context.stop.clone();
        let mut in_a_row = 0;
        let mut gone = std::pin::pin!(job::terminal_gone());
        while !self.turns.is_empty() {
            let due = self.pace.due();
            tokio::select! {
                biased;
                envelope = self.news.next() => {
                    self.told(Told::Fact(Box::new(envelope))).await;
                }
                told = next(&mut self.place), if in_a_row < TOLD_IN_A_ROW => match told {
                    Some(told) => {
                        in_a_row += 1;
                        self.told(told).await;
                    }
                    None => return Err(host_stopped().into()),
                },
                typed = self.keyboard.next() => {
                    if let Some(code) = self.typed(typed).await {
                        return Ok(Some(self.leave(code).await));
                    }
                }
                interrupt = self.context.interrupts.next() => {
                    if let Some(code) = self.interrupted(interrupt).await {
                        return Ok(Some(self.leave(code).await));
                    }
                }
                () = self.stops.next() => self.suspend(),
                () = &mut gone => return Ok(Some(self.leave(exit::TERMINATED).await)),
                () = stop.raised() => return Ok(Some(self.leave(exit::TERMINATED).await)),
                () = tokio::time::sleep_until(due) => {}
                () = std::future::ready(()), if in_a_row >= TOLD_IN_A_ROW => in_a_row = 0,
            }
            if self.screen.is_broken() {
                return Ok(Some(self.leave(exit::OK).await));
            }
            if Instant::now() >= self.pace.due() {
                self.paint();
            }
        }
        Ok(None)
    }

    /// What came from outside; gives the exit code if it ends the chat.
    async fn interrupted(&mut self, interrupt: Interrupt) -> Option<u8> {
        match interrupt {
            Interrupt::Interrupt if !self.is_cancelling => {
                self.deny_open().await;
                self.cancel().await;
                None
            }
            Interrupt::Interrupt | Interrupt::Terminate => Some(interrupt.code()),
        }
    }

    /// Cancels what runs and waits a little for it to be told; the chat is over.
    async fn leave(&mut self, code: u8) -> u8 {
        let deadline = Instant::now() + CANCEL_PATIENCE;
        let running = self.view.running().or(self.turns.first().copied());
        let is_own = running.is_some_and(|turn| self.own.contains(&turn));
        if is_own {
            self.deny_open().await;
        }
        let queued = std::mem::take(&mut self.view.queued);
        // What others said, and what is held, waits on without this chat.
        for turn in queued
            .into_iter()
            .filter(|queued| self.own.contains(&queued.turn))
        {
            // Rejected if it has started meanwhile; it is cancelled below then.
            let _ = self
                .context
                .host
                .submit(TurnOp::Unqueue { turn: turn.turn })
                .await;
            self.turns.remove(&turn.turn);
        }
        if !is_own {
            return code;
        }
        self.cancel().await;
        while !self.turns.is_disjoint(&self.own) {
            match tokio::time::timeout_at(deadline, next(&mut self.place)).await {
                Ok(Some(told)) => self.told(told).await,
                Ok(None) | Err(_) => break,
            }
        }
        code
    }

    pub(super) async fn cancel(&mut self) {
        self.is_cancelling = true;
        let running = self.view.running();
        for turn in running
            .into_iter()
            .chain(self.turns.first().copied())
            .take(1)
        {
            // Rejected if it has ended meanwhile, which is what is wanted.
            let _ = self.context.host.submit(TurnOp::Cancel { turn }).await;
        }
    }

    pub(super) async fn told(&mut self, told: Told) {
        let now = Instant::now();
        match told {
            Told::Fact(envelope) => {
                let mut lines = self.by_hand.fact(&envelope.event);
                lines.extend(self.view.fact(&envelope, now));
                self.print(lines);
                self.heed(&envelope).await;
            }
            Told::Preview(delta) => {
                let mut lines = self.by_hand.preview(&delta);
                lines.extend(self.view.preview(&delta, now));
                self.print(lines);
            }
            Told::Trouble(turn, problem) => {
                self.show_problem(&problem);
                if let Some(turn) = turn {
                    self.turns.remove(&turn);
                }
            }
        }
    }

    /// What a fact means for the session.
    async fn heed(&mut self, envelope: &Envelope) {
        match &envelope.event {
            Event::Turn(TurnEvent::Started { turn, .. }) => {
                self.turns.insert(*turn);
                self.is_cancelling = false;
            }
            Event::Turn(TurnEvent::Queued { queued }) => {
                self.turns.insert(queued.turn);
            }
            Event::Turn(TurnEvent::Unqueued { turn }) => {
                self.turns.remove(turn);
            }
            Event::Turn(TurnEvent::Ended { turn, stop, .. }) => {
                self.turns.remove(turn);
                self.is_cancelling = false;
                if let StopReason::Failed { problem } = stop
                    && problem.code == ProblemCode::NotConfigured
                {
                    let problem = connect::not_configured(self.context).await;
                    self.show_problem(&problem);
                }
            }
            Event::Approval(ApprovalEvent::Requested { approval }) => {
                let ask = Ask::new(approval.clone(), Instant::now(), self.arming);
                self.put(Open::Approval(ask));
            }
            Event::Approval(ApprovalEvent::Extended {
                approval,
                expires_at,
            }) => self.extended(*approval, *expires_at),
            Event::Approval(ApprovalEvent::Resolved {
                approval,
                resolution,
                by,
            }) => self.resolved(*approval, resolution, by),
            Event::Elicitation(ElicitationEvent::Requested { question }) => {
                let inquiry = Inquiry::new(question.clone(), Instant::now(), self.arming);
                self.put(Open::Inquiry(Box::new(inquiry)));
            }
            Event::Elicitation(ElicitationEvent::Answered {
                elicitation,
                answer,
            }) => self.answered(*elicitation, answer),
            Event::Mcp(event) => self.server_told(event),
            Event::Turn(
                TurnEvent::StepStarted { .. }
                | TurnEvent::StepEnded { .. }
                | TurnEvent::Reworded { .. }
                | TurnEvent::Reordered { .. },
            )
            | Event::Conversation(_)
            | Event::Item(_)
            | Event::Canvas(_)
            | Event::Module(_)
            | Event::Setting(_)
            | Event::Rule(_)
            | Event::Checkpoint(_)
            | Event::Database(_)
            | Event::Workspace(_)
            | Event::Tag(_)
            | Event::Folder(_)
            | Event::Project(_)
            | Event::Text(_)
            | Event::Bundle(_)
            | Event::Session(_)
            | Event::Host(_) => {}
        }
    }
}
