//! Which conversation a command is about: new, last or named.

use crate::context::Context;
use crate::invocation::Resume;
use anteroom_api::{
    ConversationFilter, ConversationId, ConversationOp, ConversationView, Problem, ProblemCode,
    Seq, TurnId,
};

/// A conversation and where to follow it from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Target {
    pub(crate) id: ConversationId,
    /// The last fact that is not news.
    pub(crate) after: Seq,
    /// What it was before; none for a new one.
    pub(crate) view: Option<ConversationView>,
}

/// Conversations looked through for an abbreviated id.
const PAGE: u32 = 200;
/// Pages looked through.
const PAGES: usize = 50;
/// The shortest abbreviation that is accepted.
const SHORTEST: usize = 4;

impl Target {
    /// Opens a new conversation, or finds the one to go on with.
    pub(crate) async fn find(context: &Context, resume: &Resume) -> Result<Self, Problem> {
        match Self::existing(context, resume).await? {
            Some(target) => Ok(target),
            None => Self::open(context, None).await,
        }
    }

    /// Finds the conversation to go on with; none if it is to be a new one.
    pub(crate) async fn existing(
        context: &Context,
        resume: &Resume,
    ) -> Result<Option<Self>, Problem> {
        let view = match resume {
            Resume::New => return Ok(None),
            Resume::Last => last(context).await?,
            Resume::Named(id) => named(context, id).await?,
        };
        Ok(Some(Self {
            id: view.id,
            after: view.seq,
            view: Some(view),
        }))
    }

    /// The conversation and the turn that runs in it, if one did when it was looked at.
    pub(crate) fn running(&self) -> Option<(ConversationId, TurnId)> {
        let view = self.view.as_ref()?;
        Some((self.id, view.running?))
    }

    /// Opens a new conversation in the workspace, in a shared database if one is named.
    pub(crate) async fn open(context: &Context, database: Option<String>) -> Result<Self, Problem> {
        let id = context
            .host
            .open(ConversationOp::Open {
                workspace: context.workspace(),
                title: String::new(),
                model: context.options.model.clone(),
                project: None,
                database,
            })
            .await
            .map_err(|rejection| rejection.0)?;
        Ok(Self {
            id,
            after: Seq(0),
            view: None,
        })
    }
}

/// The conversation last used in the workspace.
async fn last(context: &Context) -> Result<ConversationView, Problem> {
    let workspace = context.workspace();
    let mut elsewhere = None;
    let mut before = None;
    for _ in 0..PAGES {
        let page = context.host.read().conversations(before, PAGE).await?;
        for view in page.entries {
            if view.workspace == workspace {
                return Ok(view);
            }
            elsewhere.get_or_insert(view);
        }
        before = page.before;
        if before.is_none() {
            break;
        }
    }
    let problem = Problem::new(
        ProblemCode::NotFound,
        format!("no conversation was held in `{workspace}` yet"),
    );
    Err(match elsewhere {
        Some(view) => problem
            .cause(format!("the last one was in `{}`", view.workspace))
            .hint(format!("`aroom chat -r {}`", short(view.id))),
        None => problem.hint("start one with `aroom chat`"),
    })
}

/// The conversation whose id is, begins or ends so.
pub(crate) async fn named(context: &Context, text: &str) -> Result<ConversationView, Problem> {
    let text = text.trim().to_ascii_lowercase();
    if let Some(id) = Resume::id(&text) {
        return context.host.read().conversation(id).await;
    }
    if text.len() < SHORTEST {
        return Err(Problem::new(
            ProblemCode::InvalidInput,
            format!("`{text}` is too short for an id"),
        )
        .hint("`aroom conversation list` shows the ids"));
    }
    let mut found: Vec<ConversationView> = Vec::new();
    let mut before = None;
    for _ in 0..PAGES {
        let all = ConversationFilter {
            kinds: Vec::new(),
            ..ConversationFilter::default()
        };
        let page = context.host.read().filtered(all, before, PAGE).await?;
        found.extend(page.entries.into_iter().filter(|view| {
            let id = view.id.to_string();
            id.starts_with(&text) || id.ends_with(&text)
        }));
        before = page.before;
        if before.is_none() {
            break;
        }
    }
    match (found.len(), found.pop()) {
        (1, Some(view)) => Ok(view),
        (0, _) | (_, None) => Err(Problem::new(
            ProblemCode::NotFound,
            format!("there is no conversation `{text}`"),
        )
        .hint("`aroom conversation list` shows the ids")),
        (several, _) => Err(Problem::new(
            ProblemCode::InvalidInput,
            format!("`{text}` fits {several} conversations"),
        )
        .hint("give more of the id; `aroom conversation list` shows them")),
    }
}

/// The end of an id: its random part, enough to tell conversations apart. (The beginning of a UUIDv7
/// is the time, the same for all that were opened within a minute.)
pub(crate) fn short(id: ConversationId) -> String {
    ending(id)
}

/// The end of any id.
pub(crate) fn ending(id: impl std::fmt::Display) -> String {
    let text = id.to_string();
    text.get(text.len().saturating_sub(8)..)
        .unwrap_or_default()
        .to_owned()
}
