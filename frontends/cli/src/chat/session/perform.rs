//! What the slash commands do.

use super::{Place, Session};
use crate::chat::header;
use crate::chat::slash::{self, Slash};
use crate::chat::view::View;
use crate::clean::{clean, reveal};
use crate::command;
use crate::context::Context;
use crate::invocation::Resume;
use crate::markdown::Markdown;
use crate::target::Target;
use crate::theme::Style;
use crate::transcript;
use crate::words;
use anteroom_api::{Mode, Problem, ProblemCode, TurnOp, TurnOptions};

/// Rows of `/list` and `/search`.
const LIMIT: u32 = 15;

impl Session<'_> {
    pub(super) async fn perform(&mut self, slash: Slash) -> Result<(), Problem> {
        let theme = self.theme;
        let lines = match slash {
            Slash::Help => slash::help(&theme),
            Slash::New => return self.move_to(Resume::New).await,
            Slash::Resume(None) => return self.move_to(Resume::Last).await,
            Slash::Resume(Some(id)) => return self.move_to(Resume::Named(id)).await,
            Slash::List => {
                let page = self.context.host.read().conversations(None, LIMIT).await?;
                let (here, now) = (self.context.workspace(), (self.context.clock)());
                let lines = command::conversation::lines(&page.entries, &here, now, &theme);
                or(lines, "no conversation yet")
            }
            Slash::Search(words) => {
                let hits = self.context.host.read().search(words, LIMIT).await?;
                or(
                    command::conversation::hit_lines(&hits, &theme),
                    "nothing found",
                )
            }
            Slash::Model(name) => self.choose_model(name).await?,
            Slash::Mode(mode) => self.choose_mode(mode).await?,
            Slash::Tools => {
                let here = self.context.workspace();
                let modules = self.context.host.read().modules(here).await?;
                or(command::tool::lines(&modules, &theme), "no tools")
            }
            Slash::Queue => or(self.queue_lines(), "nothing waits"),
            Slash::Unqueue(number) => self.unqueue(number).await?,
            Slash::Release(number) => self.release(number).await?,
            Slash::Usage => vec![words::usage(self.view.usage)],
            Slash::Config => {
                let report = self.context.host.read().settings().await?;
                command::config::lines(&report, &theme)
            }
            Slash::Doctor => {
                let findings = self.context.host.read().doctor().await?;
                command::doctor::lines(&findings, &theme)
            }
            Slash::Canvas(title) => self.canvas_lines(title).await?,
            Slash::Undo { is_turn, is_forced } => self.undo(is_turn, is_forced).await?,
            Slash::Rewind {
                messages,
                is_undoing,
            } => return self.rewind(messages, is_undoing).await,
            Slash::Fork => return self.fork().await,
            Slash::Compact { is_undo } => return self.compact(is_undo).await,
            Slash::Plan(text) => {
                self.give(text, true).await;
                return Ok(());
            }
            Slash::Quit => Vec::new(),
        };
        self.print(lines);
        Ok(())
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
        let mut markdown = Markdown::default();
        lines.extend(
            clean(&canvas.body)
                .lines()
                .map(|line| markdown.line(line, &self.theme)),
        );
        lines.push(String::new());
        Ok(lines)
    }
}

fn or(lines: Vec<String>, words: &str) -> Vec<String> {
    if lines.is_empty() {
        vec![words.to_owned()]
    } else {
        lines
    }
}
