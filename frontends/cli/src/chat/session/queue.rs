//! What `/queue` does with input that waits.

use super::Session;
use super::perform::or;
use crate::chat::slash::Queue;
use crate::transcript;
use anteroom_api::{Content, Problem, ProblemCode, QueuedInput, TurnId, TurnOp, TurnOptions};

impl Session<'_> {
    pub(super) async fn queue(&mut self, queue: Queue) -> Result<Vec<String>, Problem> {
        match queue {
            Queue::Show => Ok(or(self.queue_lines(), "nothing waits")),
            Queue::Remove(number) => {
                let turn = self.waiting(number)?.turn;
                self.wish_waiting(TurnOp::Unqueue { turn }).await?;
                Ok(vec!["taken back".to_owned()])
            }
            Queue::Run(number) => self.release(number).await,
            Queue::Edit(number, None) => self.edit_waiting(number),
            Queue::Edit(number, Some(words)) => {
                let turn = self.waiting(number)?.turn;
                let input = vec![Content::text(words)];
                self.wish_waiting(TurnOp::Reword { turn, input }).await?;
                Ok(vec!["changed".to_owned()])
            }
            Queue::Up(number) => self.move_waiting(number, false).await,
            Queue::Down(number) => self.move_waiting(number, true).await,
        }
    }

    fn queue_lines(&self) -> Vec<String> {
        let columns = self.theme.width.saturating_sub(6);
        (1..)
            .zip(&self.view.queued)
            .map(|(number, queued)| {
                let text = transcript::input_line(&queued.input, columns, &self.theme);
                let held = if queued.is_held { "held  " } else { "" };
                format!("{number}  {held}{text}")
            })
            .collect()
    }

    /// The present words become a draft that changes them when it is entered.
    fn edit_waiting(&mut self, number: usize) -> Result<Vec<String>, Problem> {
        let queued = self.waiting(number)?;
        let mut words = String::new();
        for content in &queued.input {
            match content {
                Content::Text { text } => words.push_str(text),
                _ => {
                    let text = "it holds more than words, so it cannot be changed here";
                    return Err(Problem::new(ProblemCode::InvalidInput, text)
                        .hint(format!("/queue rm {number}, and say it anew")));
                }
            }
        }
        let draft = format!("/queue edit {number} {words}");
        self.draft.set(&draft);
        Ok(Vec::new())
    }

    async fn move_waiting(&mut self, number: usize, is_down: bool) -> Result<Vec<String>, Problem> {
        let turn = self.waiting(number)?.turn;
        let queued = &self.view.queued;
        let ahead_of: Option<TurnId> = match is_down {
            false if number == 1 => return Ok(vec!["it is the first already".to_owned()]),
            false => queued.get(number - 2).map(|queued| queued.turn),
            true if number == queued.len() => return Ok(vec!["it is the last already".to_owned()]),
            true => queued.get(number + 1).map(|queued| queued.turn),
        };
        self.wish_waiting(TurnOp::Reorder { turn, ahead_of })
            .await?;
        Ok(vec!["moved".to_owned()])
    }

    /// Runs input that was held because its program had ended.
    async fn release(&mut self, number: usize) -> Result<Vec<String>, Problem> {
        let turn = self.waiting(number)?.turn;
        let options = TurnOptions {
            mode: self.mode,
            allowed_tools: self.context.options.allowed_tools.clone(),
            is_attended: true,
            ..TurnOptions::default()
        };
        self.wish_waiting(TurnOp::Release { turn, options }).await?;
        self.turns.insert(turn);
        self.own.insert(turn);
        Ok(Vec::new())
    }

    async fn wish_waiting(&mut self, op: TurnOp) -> Result<(), Problem> {
        let taken = self.context.host.submit(op).await;
        taken.map(drop).map_err(|rejection| rejection.0)
    }

    fn waiting(&self, number: usize) -> Result<&QueuedInput, Problem> {
        let place = number.checked_sub(1);
        let found = place.and_then(|at| self.view.queued.get(at));
        found.ok_or_else(|| {
            Problem::new(ProblemCode::NotFound, format!("nothing waits at {number}"))
                .hint("/queue shows what does")
        })
    }
}
