//! Which slash command is done where; going on with another conversation.

use super::{Place, Session};
use crate::chat::header;
use crate::chat::slash::{self, Changes, Slash, Talk, Wish};
use crate::invocation::Resume;
use crate::target::Target;
use anteroom_api::Problem;

impl Session<'_> {
    pub(super) async fn perform(&mut self, slash: Slash) -> Result<(), Problem> {
        let theme = self.theme;
        let lines = match slash.wish {
            Wish::Help(None) => return self.page(slash::list(&theme)).await,
            Wish::Help(Some(command)) => slash::of_command(command, &theme),
            Wish::Talk(talk) => return self.talk(talk).await,
            Wish::Organize(organize) => self.organize(organize).await?,
            Wish::Changes(changes) => return self.look_back(changes).await,
            Wish::Servers(servers) => return self.servers(servers).await,
            Wish::Skills(skills) => return self.skills(skills).await,
            Wish::Safety(safety) => return self.safety(safety).await,
            Wish::Manage(manage) => return self.manage(manage).await,
            Wish::Quit => Vec::new(),
        };
        self.print(lines);
        Ok(())
    }

    async fn talk(&mut self, talk: Talk) -> Result<(), Problem> {
        let lines = match talk {
            Talk::New => return self.move_to(Resume::New).await,
            Talk::Resume(None) => return self.move_to(Resume::Last).await,
            Talk::Resume(Some(id)) => return self.move_to(Resume::Named(id)).await,
            Talk::Model(name) => self.choose_model(name).await?,
            Talk::Mode(manner) => self.choose_manner(manner).await?,
            Talk::Plan(plan) => self.plan(plan).await?,
            Talk::Queue(queue) => self.queue(queue).await?,
            Talk::Retry => return self.retry().await,
            Talk::Verbosity(level) => self.choose_verbosity(level),
            Talk::Compact { is_undo } => return self.compact(is_undo).await,
        };
        self.print(lines);
        Ok(())
    }

    async fn look_back(&mut self, changes: Changes) -> Result<(), Problem> {
        match changes {
            Changes::Undo { what, is_forced } => self.undo(what, is_forced).await,
            Changes::Rewind {
                messages,
                is_undoing,
            } => self.rewind(messages, is_undoing).await,
            Changes::Fork => self.fork().await,
            Changes::Diff { is_turn } => self.diff(is_turn).await,
            Changes::History => self.history().await,
            Changes::Canvas(canvas) => self.canvas(canvas).await,
            Changes::Copy(block) => {
                let lines = self.copy(block).await?;
                self.print(lines);
                Ok(())
            }
        }
    }

    /// Goes on with another conversation.
    pub(super) async fn move_to(&mut self, resume: Resume) -> Result<(), Problem> {
        let target = Target::existing(self.context, &resume).await?;
        let mut lines = vec!["a new conversation".to_owned()];
        self.view = self.view.anew();
        if let Some(target) = &target {
            lines = header::past(self.context, target, &self.theme).await?;
            self.view.usage = target
                .view
                .as_ref()
                .map(|view| view.usage)
                .unwrap_or_default();
        }
        self.turns.clear();
        self.open.clear();
        self.place = target.map(|target| Place::new(self.context, target));
        self.print(lines);
        self.attach().await
    }
}

pub(super) fn or(lines: Vec<String>, words: &str) -> Vec<String> {
    if lines.is_empty() {
        vec![words.to_owned()]
    } else {
        lines
    }
}
