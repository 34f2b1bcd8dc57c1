//! What the slash commands do that find, order and keep conversations.

use super::Session;
use super::perform::or;
use crate::chat::slash::Organize;
use crate::command;
use crate::words;
use anteroom_api::Problem;

/// Rows of `/list` and `/search`.
const LIMIT: u32 = 15;

impl Session<'_> {
    pub(super) async fn organize(&mut self, organize: Organize) -> Result<Vec<String>, Problem> {
        let theme = self.theme;
        Ok(match organize {
            Organize::List => {
                let page = self.context.host.read().conversations(None, LIMIT).await?;
                let (here, now) = (self.context.workspace(), (self.context.clock)());
                let lines = command::conversation::lines(&page.entries, &here, now, &theme);
                or(lines, "no conversation yet")
            }
            Organize::Search(words) => {
                let hits = self.context.host.read().search(words, LIMIT).await?;
                or(
                    command::conversation::hit_lines(&hits, &theme),
                    "nothing found",
                )
            }
            Organize::Usage => vec![words::usage(self.view.usage)],
        })
    }
}
