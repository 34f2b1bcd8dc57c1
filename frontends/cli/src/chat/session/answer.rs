//! Questions of the gate and of tools: shown one after the other, answered once, over when a fact says so.

use super::{Open, Session};
use crate::chat::ask::{self, Pressed};
use crate::chat::question::Said;
use crate::clean::reveal;
use crate::frontend;
use crate::theme::Style;
use anteroom_api::{
    Answer, ApprovalId, ApprovalOp, Decision, ElicitationId, ElicitationOp, ProblemCode,
    Resolution, UnixMillis,
};
use crossterm::event::{KeyCode, KeyEvent};
use std::time::Duration;
use tokio::time::Instant;

/// Rows of the window that a question leaves to what is above it.
const ROWS_ABOVE: usize = 4;
/// Who typed so shortly ago is still typing.
const TYPING: Duration = Duration::from_secs(1);

impl Session<'_> {
    /// Adds a question; shows it if it is the only one.
    pub(super) fn put(&mut self, open: Open) {
        let is_typing = self.typed_at.is_some_and(|at| at.elapsed() < TYPING);
        self.open.push_back(match open {
            Open::Approval(ask) if is_typing => Open::Approval(ask.while_typing()),
            open => open,
        });
        if self.open.len() == 1 {
            self.show_front();
        }
    }

    fn show_front(&mut self) {
        self.pace.hurry();
        self.fit_question();
        if let Some(Open::Inquiry(inquiry)) = self.open.front() {
            let lines = inquiry.card(&self.theme);
            self.print(lines);
        }
    }

    /// Prints the question if there is no room for it among the live rows, or none are shown.
    pub(super) fn fit_question(&mut self) {
        let (_, height) = self.screen.size();
        let room = match self.screen.is_plain() {
            true => 0,
            false => height.saturating_sub(ROWS_ABOVE),
        };
        let now = (self.context.clock)();
        if let Some(Open::Approval(ask)) = self.open.front_mut()
            && ask.must_print(&self.theme, room)
        {
            let mut lines = ask.print(&self.theme);
            if room == 0 {
                lines.push(ask.row(now, &self.theme));
            }
            self.print(lines);
        }
    }

    /// The next question comes up anew: keys typed for the last one must not answer it.
    fn next_question(&mut self) {
        let now = Instant::now();
        let next = match self.open.pop_front() {
            Some(Open::Approval(old)) => Open::Approval(old.again(now)),
            Some(Open::Inquiry(old)) => {
                let inquiry = crate::chat::question::Inquiry::new(old.question, now, self.arming);
                Open::Inquiry(Box::new(inquiry))
            }
            None => return,
        };
        self.open.push_front(next);
        self.show_front();
    }

    pub(super) async fn press_open(&mut self, key: KeyEvent) {
        let now = Instant::now();
        match self.open.front_mut() {
            Some(Open::Approval(ask)) => match ask.press(key, now) {
                Pressed::Decided(decision) => self.decide(decision).await,
                Pressed::ShowAll => self.show_all(),
                Pressed::Wait => self.keep_waiting().await,
                Pressed::Draft => self.draft_on(key),
                Pressed::Typing | Pressed::Ignored => {}
            },
            Some(Open::Inquiry(inquiry)) => match inquiry.press(key, now, &self.theme) {
                Said::Answer(answer) => self.answer(answer).await,
                Said::Lines(lines) => self.print(lines),
                Said::Nothing => {}
            },
            None => {}
        }
    }

    /// Goes on with what was being typed when a question came; nothing is sent by it.
    fn draft_on(&mut self, key: KeyEvent) {
        if key.code != KeyCode::Enter || !key.modifiers.is_empty() {
            self.draft.press(key);
        }
    }

    /// Prints the whole effect above the keys.
    fn show_all(&mut self) {
        if let Some(Open::Approval(ask)) = self.open.front_mut() {
            let lines = ask.print(&self.theme);
            self.print(lines);
        }
    }

    async fn keep_waiting(&mut self) {
        let Some(Open::Approval(ask)) = self.open.front() else {
            return;
        };
        let approval = ask.approval.id;
        let wish = self.context.host.submit(ApprovalOp::Extend { approval });
        if let Err(rejection) = wish.await {
            self.show_problem(&rejection.0);
        }
    }

    /// There is more time.
    pub(super) fn extended(&mut self, id: ApprovalId, expires_at: UnixMillis) {
        for open in &mut self.open {
            if let Open::Approval(ask) = open
                && ask.approval.id == id
            {
                ask.approval.expires_at = expires_at;
            }
        }
        if self.screen.is_plain() {
            self.print(vec!["there is more time to answer".to_owned()]);
        }
    }

    async fn decide(&mut self, decision: Decision) {
        let Some(Open::Approval(ask)) = self.open.front_mut() else {
            return;
        };
        ask.is_answered = true;
        let op = ApprovalOp::Decide {
            approval: ask.approval.id,
            digest: ask.approval.digest.clone(),
            decision,
            by: frontend::NAME.to_owned(),
        };
        if let Err(rejection) = self.context.host.submit(op).await {
            self.show_problem(&rejection.0);
            self.drop_front();
        }
    }

    async fn answer(&mut self, answer: Answer) {
        let Some(Open::Inquiry(inquiry)) = self.open.front_mut() else {
            return;
        };
        inquiry.is_answered = true;
        let op = ElicitationOp::Answer {
            elicitation: inquiry.question.id,
            answer,
        };
        if let Err(rejection) = self.context.host.submit(op).await {
            self.show_problem(&rejection.0);
            let is_form = |open: &Open| matches!(open, Open::Inquiry(inquiry) if !inquiry.question.form.is_empty());
            match rejection.0.code == ProblemCode::InvalidInput
                && self.open.front().is_some_and(is_form)
            {
                // What was filled in does not fit: it is asked once more.
                true => self.next_question(),
                false => self.drop_front(),
            }
        }
    }

    fn drop_front(&mut self) {
        self.open.pop_front();
        self.next_question();
    }

    /// Says no to everything that is open.
    pub(super) async fn deny_open(&mut self) {
        let asked: Vec<_> = self
            .open
            .iter()
            .filter_map(|open| match open {
                Open::Approval(ask) if !ask.is_answered => {
                    Some((ask.approval.id, ask.approval.digest.clone()))
                }
                Open::Approval(_) | Open::Inquiry(_) => None,
            })
            .collect();
        for (approval, digest) in asked {
            let op = ApprovalOp::Decide {
                approval,
                digest,
                decision: Decision::Deny { reason: None },
                by: frontend::NAME.to_owned(),
            };
            // Rejected if it is resolved already; denied it is either way.
            let _ = self.context.host.submit(op).await;
        }
    }

    pub(super) fn resolved(&mut self, id: ApprovalId, resolution: &Resolution, by: &str) {
        let at = self
            .open
            .iter()
            .position(|open| matches!(open, Open::Approval(ask) if ask.approval.id == id));
        let Some(at) = at else { return };
        if let Some(Open::Approval(ask)) = self.open.remove(at) {
            let line = ask::outcome(&ask.approval, resolution, by, &self.theme);
            self.print(vec![line]);
        }
        if at == 0 {
            self.next_question();
        }
    }

    pub(super) fn answered(&mut self, id: ElicitationId, answer: &Answer) {
        let at = self
            .open
            .iter()
            .position(|open| matches!(open, Open::Inquiry(inquiry) if inquiry.question.id == id));
        let Some(at) = at else { return };
        self.open.remove(at);
        let line = match answer {
            Answer::Given { values } => {
                let values: Vec<String> = values.iter().map(|value| reveal(value)).collect();
                format!("{} {}", self.theme.prompt(), values.join(", "))
            }
            Answer::Filled { fields } => {
                let fields = fields.iter().map(|(name, value)| match value.as_str() {
                    Some(text) => reveal(&format!("{name}: {text}")),
                    None => reveal(&format!("{name}: {value}")),
                });
                let fields: Vec<String> = fields.collect();
                format!("{} {}", self.theme.prompt(), fields.join(", "))
            }
            Answer::Declined => "declined to answer".to_owned(),
            Answer::NotAnswered => "not answered in time".to_owned(),
        };
        self.print(vec![self.theme.paint(Style::Dim, &line)]);
        if at == 0 {
            self.next_question();
        }
    }
}
