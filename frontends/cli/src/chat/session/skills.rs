//! Skills in the chat: listed, shown, called.

use super::Session;
use crate::called;
use crate::chat::slash::{self, Skills};
use crate::command;
use anteroom_api::{Content, Problem};

impl Session<'_> {
    pub(super) async fn skills(&mut self, wish: Skills) -> Result<(), Problem> {
        let workspace = self.context.workspace();
        match wish {
            Skills::List => {
                let skills = self.context.host.read().skills(workspace).await?;
                let lines = command::skill::lines(&skills, &self.theme);
                self.page(lines).await
            }
            Skills::Show(name) => {
                let skill = self.context.host.read().skill(workspace, name).await?;
                let lines = command::skill::whole(&skill, &self.theme);
                self.page(lines).await
            }
            Skills::Call(name, words) => {
                let line = format!("/skill {name} {words}");
                self.call(Content::skill(name, words), line.trim_end())
                    .await;
                Ok(())
            }
        }
    }

    /// Calls the skill that a line names, if no command has the name and there is one. Whether there was.
    pub(super) async fn called(&mut self, line: &str) -> bool {
        let Some((name, _)) = called::parts(line) else {
            return false;
        };
        if slash::find(&name.to_lowercase()).is_some() {
            return false;
        }
        let workspace = self.context.workspace();
        let Some(skill) = called::skill(&self.context.host, workspace, line).await else {
            return false;
        };
        self.call(skill, line).await;
        true
    }
}
