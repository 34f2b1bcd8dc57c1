//! What the slash commands do.

use super::{Place, Session};
use crate::chat::header;
use crate::chat::slash::{self, Changes, Manage, Queue, Safety, Slash, Talk, Wish};
use crate::chat::view::View;
use crate::clean::{clean, reveal};
use crate::command;
use crate::context::Context;
use crate::invocation::Resume;
use crate::markdown;
use crate::target::Target;
use crate::theme::Style;
use crate::transcript;
use crate::words;
use anteroom_api::{Mode, Problem, ProblemCode, TurnOp, TurnOptions};

impl Session<'_> {
    pub(super) async fn perform(&mut self, slash: Slash) -> Result<(), Problem> {
        let theme = self.theme;
        let lines = match slash.wish {
            Wish::Help(None) => slash::list(&theme),
            Wish::Help(Some(command)) => slash::of_command(command, &theme),
            Wish::Talk(talk) => return self.talk(talk).await,
            Wish::Organize(organize) => self.organize(organize).await?,
            Wish::Changes(changes) => return self.look_back(changes).await,
            Wish::Safety(safety) => self.safety(safety).await?,
            Wish::Manage(manage) => self.manage(manage).await?,
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
            Talk::Mode(mode) => self.choose_mode(mode).await?,
            Talk::Plan(text) => {
                self.give(text, true).await;
                return Ok(());
            }
            Talk::Queue(Queue::Show) => or(self.queue_lines(), "nothing waits"),
            Talk::Queue(Queue::Remove(number)) => self.unqueue(number).await?,
            Talk::Queue(Queue::Run(number)) => self.release(number).await?,
            Talk::Compact { is_undo } => return self.compact(is_undo).await,
        };
        self.print(lines);
        Ok(())
    }

    async fn look_back(&mut self, changes: Changes) -> Result<(), Problem> {
        let lines = match changes {
            Changes::Undo { is_turn, is_forced } => self.undo(is_turn, is_forced).await?,
            Changes::Rewind {
                messages,
                is_undoing,
            } => return self.rewind(messages, is_undoing).await,
            Changes::Fork => return self.fork().await,
            Changes::Canvas(title) => self.canvas_lines(title).await?,
        };
        self.print(lines);
        Ok(())
    }

    async fn safety(&mut self, safety: Safety) -> Result<Vec<String>, Problem> {
        Ok(match safety {
            Safety::Tools => {
                let here = self.context.workspace();
                let modules = self.context.host.read().modules(here).await?;
                or(command::tool::lines(&modules, &self.theme), "no tools")
            }
        })
    }

    async fn manage(&mut self, manage: Manage) -> Result<Vec<String>, Problem> {
        Ok(match manage {
            Manage::Config => {
                let report = self.context.host.read().settings().await?;
                command::config::lines(&report, &self.theme)
            }
            Manage::Doctor => {
                let findings = self.context.host.read().doctor().await?;
                command::doctor::lines(&findings, &self.theme)
            }
        })
    }

    /// Goes on with another conversation.
    pub(super) async fn move_to(&mut self, resume: Resume) -> Result<(), Problem> {
        let target = Target::existing(self.context, &resume).await?;
        let mut lines = vec!["a new conversation".to_owned()];
        self.view = View::new(
            self.theme,
            self.context.options.verbosity,
            self.context.options.is_plain,
        );
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

    async fn choose_model(&mut self, name: Option<String>) -> Result<Vec<String>, Problem> {
        if name.is_some() {
            self.model = name;
        }
        let model = match &self.model {
            Some(model) => model.clone(),
            None => {
                let report = self.context.host.read().settings().await?;
                Context::setting(&report, "ai.model")
            }
        };
        Ok(vec![format!("model {}", reveal(&model))])
    }

    async fn choose_mode(&mut self, mode: Option<Mode>) -> Result<Vec<String>, Problem> {
        if mode.is_some() {
            self.mode = mode;
        }
        if let Some(mode) = self.mode {
            return Ok(vec![words::mode(mode)]);
        }
        let report = self.context.host.read().settings().await?;
        let mode = Context::setting(&report, "safety.approval_mode");
        Ok(vec![mode.replace('_', " ")])
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

    async fn unqueue(&mut self, number: usize) -> Result<Vec<String>, Problem> {
        let waiting = number
            .checked_sub(1)
            .and_then(|at| self.view.queued.get(at))
            .map(|queued| queued.turn);
        let Some(turn) = waiting else {
            return Ok(vec![format!(
                "nothing waits at {number}; /queue shows what does"
            )]);
        };
        self.context
            .host
            .submit(TurnOp::Unqueue { turn })
            .await
            .map_err(|rejection| rejection.0)?;
        Ok(vec!["taken back".to_owned()])
    }

    /// Runs input that was held because its program had ended.
    async fn release(&mut self, number: usize) -> Result<Vec<String>, Problem> {
        let waiting = number
            .checked_sub(1)
            .and_then(|at| self.view.queued.get(at));
        let Some(turn) = waiting.map(|queued| queued.turn) else {
            return Ok(vec![format!(
                "nothing waits at {number}; /queue shows what does"
            )]);
        };
        let options = TurnOptions {
            mode: self.mode,
            allowed_tools: self.context.options.allowed_tools.clone(),
            is_attended: true,
            ..TurnOptions::default()
        };
        self.context
            .host
            .submit(TurnOp::Release { turn, options })
            .await
            .map_err(|rejection| rejection.0)?;
        self.turns.insert(turn);
        self.own.insert(turn);
        Ok(Vec::new())
    }

    async fn canvas_lines(&mut self, title: Option<String>) -> Result<Vec<String>, Problem> {
        let canvases = match &self.place {
            Some(place) => self.context.host.read().canvases(place.target.id).await?,
            None => Vec::new(),
        };
        let wanted = match &title {
            None if canvases.len() == 1 => canvases.first(),
            None => {
                let lines = canvases.iter().map(|canvas| {
                    format!(
                        "{}  v{}  {}",
                        reveal(&canvas.title),
                        canvas.version,
                        reveal(&canvas.kind)
                    )
                });
                return Ok(or(lines.collect(), "no canvas yet"));
            }
            Some(title) => canvases
                .iter()
                .find(|canvas| canvas.title.eq_ignore_ascii_case(title)),
        };
        let Some(canvas) = wanted else {
            let title = title.unwrap_or_default();
            return Err(Problem::new(
                ProblemCode::NotFound,
                format!("there is no canvas `{title}`"),
            )
            .hint("/canvas lists them"));
        };
        let head = format!("{} v{}", reveal(&canvas.title), canvas.version);
        let mut lines = vec![self.theme.paint(Style::Bold, &head)];
        lines.extend(markdown::rows(&clean(&canvas.body), &self.theme));
        lines.push(String::new());
        Ok(lines)
    }
}

pub(super) fn or(lines: Vec<String>, words: &str) -> Vec<String> {
    if lines.is_empty() {
        vec![words.to_owned()]
    } else {
        lines
    }
}
