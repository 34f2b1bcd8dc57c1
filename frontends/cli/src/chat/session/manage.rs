//! What the commands do that are about the program itself.

use super::Session;
use super::perform::or;
use crate::chat::slash::{Config, Manage};
use crate::clean::reveal;
use crate::command;
use crate::theme::Style;
use crate::words;
use anteroom_api::{Problem, ProblemCode, SettingOp, SettingView};

impl Session<'_> {
    pub(super) async fn manage(&mut self, manage: Manage) -> Result<(), Problem> {
        let lines = match manage {
            Manage::Config(config) => self.config(config).await?,
            Manage::Doctor => {
                let findings = self.context.host.read().doctor().await?;
                command::doctor::lines(&findings, &self.theme)
            }
            Manage::Shared => self.shared_lines().await?,
            Manage::Share(name) => self.share(name).await?,
            Manage::Open => {
                let path = match &self.place {
                    Some(place) => format!("/c/{}", place.target.id),
                    None => "/".to_owned(),
                };
                let url = command::server::open_page(self.context, &path).await?;
                vec![format!("opened {}", reveal(&url))]
            }
        };
        self.page(lines).await
    }

    async fn config(&mut self, config: Config) -> Result<Vec<String>, Problem> {
        match config {
            Config::Show => {
                let report = self.context.host.read().settings().await?;
                Ok(command::config::lines(&report, &self.theme))
            }
            Config::Get(part) => self.settings_like(&part).await,
            Config::Set(key, text) => {
                let setting = command::config::find(self.context, &key).await?;
                if setting.is_secret {
                    let text = format!("`{key}` is a secret, and what is typed here is remembered");
                    return Err(Problem::new(ProblemCode::InvalidInput, text)
                        .hint(format!("`aroom config set {key}` asks for it unseen")));
                }
                let value = command::config::typed(&setting, &text);
                self.change(SettingOp::Change {
                    key: key.clone(),
                    value,
                })
                .await?;
                self.settings_like(&key).await
            }
            Config::Reset(key) => {
                command::config::find(self.context, &key).await?;
                self.change(SettingOp::Reset { key: key.clone() }).await?;
                self.settings_like(&key).await
            }
        }
    }

    async fn change(&mut self, op: SettingOp) -> Result<(), Problem> {
        self.context.settle(op).await.map(drop)
    }

    /// The setting of that name, or those whose names contain it, each with its origin and what it does.
    async fn settings_like(&mut self, part: &str) -> Result<Vec<String>, Problem> {
        let report = self.context.host.read().settings().await?;
        let exact = report.settings.iter().any(|setting| setting.key == part);
        let fits = |setting: &&SettingView| match exact {
            true => setting.key == part,
            false => setting.key.contains(part),
        };
        let found: Vec<&SettingView> = report.settings.iter().filter(fits).collect();
        if found.is_empty() {
            return Err(command::config::find(self.context, part)
                .await
                .err()
                .unwrap_or_else(|| Problem::new(ProblemCode::NotFound, "no such setting")));
        }
        Ok(found
            .into_iter()
            .flat_map(|setting| self.setting_lines(setting))
            .collect())
    }

    fn setting_lines(&self, setting: &SettingView) -> Vec<String> {
        let value = reveal(&command::config::value_text(&setting.value));
        let origin = reveal(&setting.origin.to_string());
        let origin = self.theme.paint(Style::Dim, &format!("({origin})"));
        let mut lines = vec![format!("{} = {value}  {origin}", setting.key)];
        if !setting.doc.is_empty() {
            lines.push(self.theme.paint(Style::Dim, &format!("  {}", setting.doc)));
        }
        lines
    }

    async fn shared_lines(&mut self) -> Result<Vec<String>, Problem> {
        let views = self.context.host.read().databases(false).await?;
        let shared = views.iter().filter(|view| !view.name.is_empty());
        let lines = shared.map(|view| {
            let is_chosen = self.choices.database.as_ref() == Some(&view.name);
            let mark = if is_chosen { self.theme.prompt() } else { " " };
            let about = format!(
                "{}{}{}",
                reveal(&view.path),
                self.theme.dot(),
                words::count(view.conversations)
            );
            let about = self
                .theme
                .paint(Style::Dim, &format!("{about} conversations"));
            format!("{mark} {}  {about}", reveal(&view.name))
        });
        Ok(or(
            lines.collect(),
            "no shared database; add one with `aroom db shared add NAME FILE`",
        ))
    }

    /// Conversations that are begun from now on; the present one stays where it is.
    async fn share(&mut self, name: Option<String>) -> Result<Vec<String>, Problem> {
        let Some(name) = name else {
            self.choices.database = None;
            return Ok(vec!["new conversations are yours alone".to_owned()]);
        };
        let views = self.context.host.read().databases(false).await?;
        let names = || {
            let names = views.iter().map(|view| view.name.as_str());
            names.filter(|name| !name.is_empty())
        };
        if !names().any(|known| known == name) {
            let text = format!("there is no shared database `{name}`");
            let problem = Problem::new(ProblemCode::NotFound, text);
            return Err(match words::nearest(&name, names()) {
                Some(near) => problem.hint(format!("did you mean `{near}`?")),
                None => problem.hint("/shared lists them"),
            });
        }
        let line = format!("new conversations go into {}", reveal(&name));
        self.choices.database = Some(name);
        Ok(vec![line])
    }
}
