//! What the commands do that are about what may be done and what was decided.

use super::Session;
use super::perform::or;
use crate::chat::slash::{Safety, Trust, Why};
use crate::clean::reveal;
use crate::command;
use crate::theme::Style;
use anteroom_api::{
    AuditFilter, ItemBody, ItemId, Problem, ProblemCode, RuleOp, RuleView, WorkspaceOp,
    WorkspaceTrust,
};

/// Records asked for at a time.
const PAGE: u32 = 500;

impl Session<'_> {
    pub(super) async fn safety(&mut self, safety: Safety) -> Result<(), Problem> {
        let lines = match safety {
            Safety::Tools => {
                let here = self.context.workspace();
                let modules = self.context.host.read().modules(here).await?;
                or(command::tool::lines(&modules, &self.theme), "no tools")
            }
            Safety::Grants => self.grant_lines().await?,
            Safety::Revoke(rule) => self.revoke(&rule).await?,
            Safety::Audit(records) => self.audit_lines(records).await?,
            Safety::Why(why) => self.why(why).await?,
            Safety::Trust(Trust::Ask) => return self.trust().await,
            Safety::Trust(Trust::Remove) => {
                let path = self.context.workspace();
                let op = WorkspaceOp::Distrust { path: path.clone() };
                self.context.settle(op).await?;
                vec![format!("no longer trusted: {}", reveal(&path))]
            }
        };
        self.page(lines).await
    }

    async fn grant_lines(&mut self) -> Result<Vec<String>, Problem> {
        let rules = self.context.host.read().rules().await?;
        let grants = self.context.host.read().grants().await?;
        let now = (self.context.clock)();
        let rules = (1..).zip(&rules).map(|(number, rule)| {
            let line = command::grants::rule_line(rule, &self.theme, now);
            format!("{number:>2}  {line}")
        });
        let grants = grants.iter().map(|grant| {
            let line = command::grants::grant_line(grant, &self.theme, now);
            format!("    {line}")
        });
        Ok(or(
            rules.chain(grants).collect(),
            "nothing was allowed for good",
        ))
    }

    async fn revoke(&mut self, rule: &str) -> Result<Vec<String>, Problem> {
        let found = match rule.parse::<usize>() {
            Ok(number) => self.rule_at(number).await?,
            Err(_) => command::grants::choose(self.context, rule).await?,
        };
        let op = RuleOp::Revoke {
            rule: found.rule.clone(),
            workspace: found.workspace.clone(),
        };
        self.context.settle(op).await?;
        let place = command::grants::place(found.workspace.as_deref());
        Ok(vec![format!("revoked {} ({place})", reveal(&found.rule))])
    }

    async fn rule_at(&mut self, number: usize) -> Result<RuleView, Problem> {
        let rules = self.context.host.read().rules().await?;
        let place = number.checked_sub(1);
        let found = place.and_then(|at| rules.into_iter().nth(at));
        found.ok_or_else(|| {
            Problem::new(ProblemCode::NotFound, format!("there is no rule {number}"))
                .hint("/grants lists them")
        })
    }

    /// The newest last, as everything here.
    async fn audit_lines(&mut self, most: u32) -> Result<Vec<String>, Problem> {
        let filter = AuditFilter {
            conversation: Some(self.conversation()?),
            ..AuditFilter::default()
        };
        let (mut records, mut place) = (Vec::new(), None);
        while records.len() < most as usize {
            let left = most.saturating_sub(u32::try_from(records.len()).unwrap_or(most));
            let reads = self.context.host.read();
            let page = reads.audit(filter.clone(), place, left.min(PAGE)).await?;
            records.extend(page.entries);
            place = page.before;
            if place.is_none() {
                break;
            }
        }
        let now = (self.context.clock)();
        let lines = records
            .iter()
            .rev()
            .map(|record| command::audit::line(record, now, &self.theme));
        Ok(or(lines.collect(), "nothing was decided here yet"))
    }

    async fn why(&mut self, why: Why) -> Result<Vec<String>, Problem> {
        let id = match why {
            Why::Last(number) => self.last_call(number).await?.to_string(),
            Why::Named(id) => id,
        };
        self.explained(&id).await
    }

    /// What led to what calls were allowed to do; of several only what tells them apart.
    pub(super) async fn explained(&mut self, id: &str) -> Result<Vec<String>, Problem> {
        let hits = self.context.host.read().calls(id.to_owned()).await?;
        let now = (self.context.clock)();
        let mut lines = Vec::new();
        for hit in &hits {
            lines.extend(command::why::explain(
                hit,
                hits.len() == 1,
                (&self.theme, now),
            ));
        }
        if hits.len() > 1 {
            let note = "several calls begin so; give more of the id to see one whole";
            lines.push(self.theme.paint(Style::Dim, note));
        }
        match lines.is_empty() {
            true => Err(
                Problem::new(ProblemCode::NotFound, format!("no call begins with `{id}`"))
                    .hint("/why explains the last call, /why 2 the one before"),
            ),
            false => Ok(lines),
        }
    }

    /// The last call of this conversation, or one further back.
    pub(super) async fn last_call(&mut self, number: usize) -> Result<ItemId, Problem> {
        let items = self.last_items().await?;
        let calls = items
            .iter()
            .rev()
            .filter(|item| matches!(item.body, ItemBody::ToolCall(_)));
        let found = number.checked_sub(1).and_then(|at| calls.clone().nth(at));
        found.map(|item| item.id).ok_or_else(|| {
            let text = match calls.count() {
                0 => "no tool was called here yet".to_owned(),
                count => format!("there are not {number} calls, only {count} are near"),
            };
            Problem::new(ProblemCode::NotFound, text)
        })
    }

    async fn trust(&mut self) -> Result<(), Problem> {
        let path = self.context.workspace();
        let folder = self.context.host.read().workspace(path).await?;
        self.print(command::trust::lines(&folder));
        let words = match folder.trust {
            WorkspaceTrust::Trusted => "it is trusted as it is",
            _ if folder.holds.is_empty() => "there is nothing to trust",
            _ if !self.confirm("May this take effect?").await => "not trusted",
            WorkspaceTrust::Unknown | WorkspaceTrust::Changed => {
                // Exactly what was shown: had it changed meanwhile, its hash would be another.
                let (path, hash) = (folder.path.clone(), folder.hash.clone());
                self.context
                    .settle(WorkspaceOp::Trust { path, hash })
                    .await?;
                "trusted as it is now"
            }
        };
        self.print(vec![words.to_owned()]);
        Ok(())
    }
}
