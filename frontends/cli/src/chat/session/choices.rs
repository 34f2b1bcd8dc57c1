//! What the person has chosen for the messages to come: mode, plans, model, database.

use super::Session;
use super::perform::or;
use crate::chat::slash::{Manner, Plan};
use crate::clean::reveal;
use crate::context::Context;
use crate::theme::{Style, pad};
use crate::words;
use anteroom_api::{Mode, Problem, ProblemCode};

/// Beside the mode and the model.
#[derive(Debug, Default)]
pub(in crate::chat) struct Choices {
    /// Every message gets a plan first.
    pub(super) is_planning: bool,
    /// The shared database new conversations go into; the personal one if none.
    pub(super) database: Option<String>,
    /// The endpoint's models as they were listed last.
    models: Vec<String>,
}

impl Session<'_> {
    /// How messages are taken now.
    pub(super) async fn manner(&mut self) -> Result<Manner, Problem> {
        if self.choices.is_planning {
            return Ok(Manner::Planning);
        }
        self.mode_in_force().await.map(Manner::Doing)
    }

    async fn mode_in_force(&mut self) -> Result<Mode, Problem> {
        if let Some(mode) = self.mode {
            return Ok(mode);
        }
        let report = self.context.host.read().settings().await?;
        let mode = Context::setting(&report, "safety.approval_mode");
        mode.parse().map_err(|words: String| {
            Problem::new(ProblemCode::InvalidConfig, words)
                .hint("`aroom config set safety.approval_mode ask_for_writes`")
        })
    }

    /// What stands before the prompt's sign: how messages are taken, where the person has chosen that here.
    pub(super) fn label(&self) -> String {
        match (self.choices.is_planning, self.mode) {
            (true, _) => "plan ".to_owned(),
            (false, Some(mode)) => format!("{} ", words::mode(mode)),
            (false, None) => String::new(),
        }
    }

    /// All ways to take messages, or another one from now on.
    pub(super) async fn choose_manner(
        &mut self,
        wanted: Option<Manner>,
    ) -> Result<Vec<String>, Problem> {
        if let Some(manner) = wanted {
            self.take_manner(manner);
            return Ok(vec![self.manner_line(manner)]);
        }
        let now = self.manner().await?;
        Ok(Manner::ALL
            .iter()
            .map(|manner| {
                let mark = if *manner == now {
                    self.theme.prompt()
                } else {
                    " "
                };
                format!("{mark} {}", self.manner_line(*manner))
            })
            .collect())
    }

    /// The next one, as Shift+Tab goes through them; none if it cannot be told which holds now.
    pub(super) async fn cycle_manner(&mut self) -> Vec<String> {
        match self.manner().await {
            Ok(now) => {
                let next = now.next();
                self.take_manner(next);
                vec![self.manner_line(next)]
            }
            Err(problem) => {
                self.show_problem(&problem);
                Vec::new()
            }
        }
    }

    fn take_manner(&mut self, manner: Manner) {
        match manner {
            Manner::Planning => self.choices.is_planning = true,
            Manner::Doing(mode) => {
                self.choices.is_planning = false;
                self.mode = Some(mode);
            }
        }
    }

    fn manner_line(&self, manner: Manner) -> String {
        let (name, about) = match manner {
            Manner::Doing(mode) => (words::mode(mode), asked_for(mode)),
            Manner::Planning => (
                "plan".to_owned(),
                "looks only, shows a plan, and waits for your yes",
            ),
        };
        format!(
            "{}  {}",
            pad(&name, 17),
            self.theme.paint(Style::Dim, about)
        )
    }

    pub(super) async fn plan(&mut self, plan: Plan) -> Result<Vec<String>, Problem> {
        let is_on = match plan {
            Plan::For(text) => {
                self.give(text, true).await;
                return Ok(Vec::new());
            }
            Plan::Turn(Some(is_on)) => is_on,
            Plan::Turn(None) => !self.choices.is_planning,
        };
        self.choices.is_planning = is_on;
        let now = self.manner().await?;
        Ok(vec![self.manner_line(now)])
    }

    /// The endpoint's models, or another one from now on.
    pub(super) async fn choose_model(
        &mut self,
        wanted: Option<String>,
    ) -> Result<Vec<String>, Problem> {
        let Some(wanted) = wanted else {
            return self.model_lines().await;
        };
        let name = self.model_named(wanted).await?;
        let line = format!("model {}", reveal(&name));
        let is_known = self.choices.models.is_empty() || self.choices.models.contains(&name);
        let mut lines = vec![line];
        if !is_known {
            let known = self.choices.models.iter().map(String::as_str);
            let near = words::nearest(&name, known).map_or(String::new(), |near| {
                format!("; did you mean {}?", reveal(near))
            });
            let note = format!("the endpoint does not list it{near}");
            lines.push(self.theme.paint(Style::Warning, &note));
        }
        self.model = Some(name);
        Ok(lines)
    }

    /// A number means the model at that place of the list.
    async fn model_named(&mut self, wanted: String) -> Result<String, Problem> {
        let Ok(number) = wanted.parse::<usize>() else {
            return Ok(wanted);
        };
        if self.choices.models.is_empty() {
            self.choices.models = self.context.host.read().models().await?;
        }
        if self.choices.models.contains(&wanted) {
            return Ok(wanted);
        }
        let found = number
            .checked_sub(1)
            .and_then(|at| self.choices.models.get(at));
        found.cloned().ok_or_else(|| {
            let text = format!("there is no model {number} in the list");
            Problem::new(ProblemCode::NotFound, text).hint("/model lists them")
        })
    }

    async fn model_lines(&mut self) -> Result<Vec<String>, Problem> {
        let now = self.model_in_force().await?;
        let models = match self.context.host.read().models().await {
            Ok(models) => models,
            Err(problem) => {
                // Which one it is can be said all the same.
                self.print(vec![format!("model {}", reveal(&now))]);
                return Err(problem);
            }
        };
        let lines = (1..)
            .zip(&models)
            .map(|(number, name)| {
                let mark = if *name == now {
                    self.theme.prompt()
                } else {
                    " "
                };
                format!("{mark} {number:>2}  {}", reveal(name))
            })
            .collect();
        let mut lines = or(lines, "the endpoint lists no models");
        if !models.contains(&now) {
            lines.push(format!("model {}", reveal(&now)));
        }
        self.choices.models = models;
        Ok(lines)
    }

    async fn model_in_force(&mut self) -> Result<String, Problem> {
        if let Some(model) = &self.model {
            return Ok(model.clone());
        }
        let place = self
            .place
            .as_ref()
            .and_then(|place| place.target.view.as_ref());
        if let Some(model) = place.and_then(|view| view.model.clone()) {
            return Ok(model);
        }
        let report = self.context.host.read().settings().await?;
        Ok(Context::setting(&report, "ai.model"))
    }

    /// How much is shown.
    pub(super) fn choose_verbosity(&mut self, level: Option<u8>) -> Vec<String> {
        if let Some(level) = level {
            self.view.set_verbosity(level);
        }
        vec![format!("verbosity {}", self.view.verbosity())]
    }
}

fn asked_for(mode: Mode) -> &'static str {
    match mode {
        Mode::Ask => "every call asks, reading too",
        Mode::AskForWrites => "writing, running and destroying ask",
        Mode::AskForDangerous => "destroying asks",
        Mode::Auto => "nothing in the workspace and the sandbox asks",
    }
}
