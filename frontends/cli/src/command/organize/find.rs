//! Finding what a person names: conversations by id or title, folders by path, projects by name.

use crate::clean::reveal;
use crate::context::{Context, Quit};
use crate::exit;
use crate::prompter::Prompter;
use crate::target;
use anteroom_api::{
    ConversationFilter, ConversationKind, ConversationView, FolderView, Problem, ProblemCode,
    ProjectView,
};
use clap::Args;

/// Asked for at a time.
const PAGE: u32 = 200;
/// The shortest part of an id that is taken for one.
const SHORTEST: usize = 4;

/// Which conversations a list is to show.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct ListArguments {
    /// Only with all these words in title, text or messages
    #[arg(value_name = "WORDS")]
    pub words: Vec<String>,
    /// Only with this tag
    #[arg(long, value_name = "TAG")]
    pub tag: Option<String>,
    /// Only in this folder and those below it
    #[arg(long, value_name = "PATH")]
    pub folder: Option<String>,
    /// Only of this project
    #[arg(long, value_name = "NAME")]
    pub project: Option<String>,
    /// Only pinned ones
    #[arg(long)]
    pub pinned: bool,
    /// How many
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
}

impl ListArguments {
    /// What the host is asked for.
    pub(crate) async fn filter(
        &self,
        context: &Context,
        kinds: Vec<ConversationKind>,
    ) -> Result<ConversationFilter, Problem> {
        let words = self.words.join(" ");
        let tag = self.tag.as_ref();
        Ok(ConversationFilter {
            kinds,
            tag: tag.map(|tag| tag.trim().trim_start_matches('#').to_lowercase()),
            folder: match &self.folder {
                Some(path) => Some(folder(context, path).await?.id),
                None => None,
            },
            is_deep: true,
            project: match &self.project {
                Some(name) => Some(project(context, name).await?.id),
                None => None,
            },
            is_pinned: self.pinned,
            words: (!words.trim().is_empty()).then_some(words),
            workspace: None,
        })
    }

    /// Whether anything is left out.
    pub(crate) fn is_narrow(&self) -> bool {
        let all = Self {
            limit: self.limit,
            ..Self::default()
        };
        *self != all
    }
}

/// The first conversations that a filter lets through.
pub(crate) async fn conversations(
    context: &Context,
    filter: &ConversationFilter,
    limit: u32,
) -> Result<Vec<ConversationView>, Problem> {
    let wanted = limit as usize;
    let (mut found, mut before) = (Vec::new(), None);
    loop {
        let left = u32::try_from(wanted.saturating_sub(found.len())).unwrap_or(PAGE);
        let page = context
            .host
            .read()
            .filtered(filter.clone(), before, left.min(PAGE))
            .await?;
        found.extend(page.entries);
        before = page.before;
        if before.is_none() || found.len() >= wanted {
            found.truncate(wanted);
            return Ok(found);
        }
    }
}

/// The note or document of this title, or whose id is, begins or ends so.
pub(crate) async fn text(
    context: &Context,
    kinds: &[ConversationKind],
    name: &str,
) -> Result<ConversationView, Problem> {
    let (word, command) = match kinds {
        [ConversationKind::Note] => ("note", "aroom note list"),
        [ConversationKind::Document] => ("document", "aroom document list"),
        _ => ("note or document", "/note"),
    };
    let filter = ConversationFilter {
        kinds: kinds.to_vec(),
        ..ConversationFilter::default()
    };
    let all = conversations(context, &filter, u32::MAX).await?;
    let named = |view: &&ConversationView| is_same(&view.title, name);
    let titled: Vec<&ConversationView> = all.iter().filter(named).collect();
    let found = match titled.is_empty() {
        false => titled,
        true => all.iter().filter(|view| is_id(view.id, name)).collect(),
    };
    let what = (word, reveal(name), command);
    one(&found, what, |view| target::short(view.id)).cloned()
}

/// The folder of this path, or whose id is, begins or ends so.
pub(crate) async fn folder(context: &Context, name: &str) -> Result<FolderView, Problem> {
    let all = context.host.read().folders().await?;
    let wanted = name.trim().trim_matches('/');
    let mut found: Vec<&FolderView> = all.iter().filter(|it| is_same(&it.path, wanted)).collect();
    if found.is_empty() {
        found = all.iter().filter(|folder| is_id(folder.id, name)).collect();
    }
    let what = ("folder", reveal(name), "aroom folder list");
    one(&found, what, |folder| target::ending(folder.id)).cloned()
}

/// The project of this name, or whose id is, begins or ends so.
pub(crate) async fn project(context: &Context, name: &str) -> Result<ProjectView, Problem> {
    let all = context.host.read().projects().await?;
    let mut found: Vec<&ProjectView> = all
        .iter()
        .filter(|it| is_same(&it.spec.name, name))
        .collect();
    if found.is_empty() {
        found = all.iter().filter(|it| is_id(it.id, name)).collect();
    }
    let what = ("project", reveal(name), "aroom project list");
    one(&found, what, |project| target::ending(project.id)).cloned()
}

fn is_same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

fn is_id(id: impl std::fmt::Display, text: &str) -> bool {
    let (id, text) = (id.to_string(), text.trim().to_ascii_lowercase());
    text.len() >= SHORTEST && (id.starts_with(&text) || id.ends_with(&text))
}

fn one<'a, T>(
    found: &[&'a T],
    (noun, name, command): (&str, String, &str),
    short: impl Fn(&T) -> String,
) -> Result<&'a T, Problem> {
    match found {
        [only] => Ok(only),
        [] => Err(Problem::new(
            ProblemCode::NotFound,
            format!("there is no {noun} `{name}`"),
        )
        .hint(format!("`{command}` shows those there are"))),
        several => {
            let ids: Vec<String> = several.iter().map(|one| short(one)).collect();
            Err(Problem::new(
                ProblemCode::InvalidInput,
                format!(
                    "`{name}` fits {} of them: {}",
                    several.len(),
                    ids.join(", ")
                ),
            )
            .hint(format!("name one by its id; `{command}` shows them")))
        }
    }
}

/// Asks before something is gone; `--yes` is the answer where nobody can be asked.
pub(crate) fn confirmed(context: &mut Context, question: &str, is_yes: bool) -> Result<bool, Quit> {
    if is_yes {
        return Ok(true);
    }
    if !context.terminal.is_interactive() {
        return Err(
            Problem::new(ProblemCode::InvalidInput, "nobody can be asked here")
                .cause(question)
                .hint("say so with `--yes`")
                .into(),
        );
    }
    let answer = Prompter::terminal().confirm(&mut context.printer, question, false);
    Ok(answer.unwrap_or(false))
}

/// What is told when the answer was no.
pub(crate) fn left(context: &mut Context) -> u8 {
    context.printer.progress("nothing was changed");
    exit::DENIED
}
