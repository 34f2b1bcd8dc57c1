//! What the slash commands do that find, order and keep conversations, notes and documents.

use super::perform::or;
use super::{Place, Session};
use crate::chat::slash::{Folder, Note, Organize, Project};
use crate::clean::{reveal, reveal_lines};
use crate::command;
use crate::command::conversation::{export, hit_lines, lines};
use crate::command::organize::{find, folder, project, spending, text};
use crate::invocation::Resume;
use crate::program;
use crate::target::{self, Target};
use crate::words;
use anteroom_api::{
    ConversationFilter, ConversationId, ConversationKind, ConversationOp, ConversationView, Op,
    Problem, ProblemCode, Seq, TextOp,
};
use std::path::PathBuf;

/// Rows of `/list` and `/search`.
const LIMIT: u32 = 15;
/// What `/note` is about.
const TEXTS: [ConversationKind; 2] = [ConversationKind::Note, ConversationKind::Document];

impl Session<'_> {
    pub(super) async fn organize(&mut self, organize: Organize) -> Result<Vec<String>, Problem> {
        let theme = self.theme;
        match organize {
            Organize::List(tag, words) => {
                let filter = ConversationFilter {
                    tag: tag.map(|tag| tag.to_lowercase()),
                    words: (!words.is_empty()).then_some(words),
                    ..ConversationFilter::default()
                };
                let nothing = match filter == ConversationFilter::default() {
                    true => "no conversation yet",
                    false => "no conversation fits",
                };
                self.listed(filter, nothing).await
            }
            Organize::Search(words) => {
                let hits = self.context.host.read().search(words, None, LIMIT).await?;
                Ok(or(hit_lines(&hits, &theme), "nothing found"))
            }
            Organize::Usage(None) => Ok(vec![words::usage(self.view.usage)]),
            Organize::Usage(Some(days)) => {
                let since = spending::since((self.context.clock)(), days);
                let rows = self.context.host.read().spending(since).await?;
                Ok(spending::lines(&rows, &theme))
            }
            Organize::Rename(title) => {
                let conversation = self.here()?;
                let shown = reveal(&title);
                self.asked_for(ConversationOp::Rename {
                    conversation,
                    title,
                })
                .await?;
                Ok(vec![format!("it is called `{shown}` now")])
            }
            Organize::Tag(add, remove) => self.tag(add, remove).await,
            Organize::Pin(is_pinned) => {
                let conversation = self.here()?;
                self.asked_for(ConversationOp::Pin {
                    conversation,
                    is_pinned,
                })
                .await?;
                let words = if is_pinned {
                    "pinned"
                } else {
                    "not pinned any more"
                };
                Ok(vec![words.to_owned()])
            }
            Organize::Folder(folder) => self.folder(folder).await,
            Organize::Project(project) => self.project(project).await,
            Organize::Note(note) => self.texts(note).await,
            Organize::Export(file) => self.export(file).await,
            Organize::Delete => self.delete().await,
        }
    }

    async fn listed(
        &self,
        filter: ConversationFilter,
        nothing: &str,
    ) -> Result<Vec<String>, Problem> {
        let found = find::conversations(self.context, &filter, LIMIT).await?;
        let (here, now) = (self.context.workspace(), (self.context.clock)());
        Ok(or(lines(&found, &here, now, &self.theme), nothing))
    }

    /// The conversation that is talked in.
    fn here(&self) -> Result<ConversationId, Problem> {
        let place = self.place.as_ref().map(|place| place.target.id);
        place.ok_or_else(|| {
            Problem::new(
                ProblemCode::Conflict,
                "there is no conversation yet: nothing has been said",
            )
            .hint("say something first")
        })
    }

    async fn asked_for(&self, op: impl Into<Op>) -> Result<anteroom_api::OpId, Problem> {
        let submitted = self.context.host.submit(op).await;
        submitted.map_err(|rejection| rejection.0)
    }

    async fn tag(&mut self, add: Vec<String>, remove: Vec<String>) -> Result<Vec<String>, Problem> {
        let conversation = self.here()?;
        if !add.is_empty() || !remove.is_empty() {
            self.asked_for(ConversationOp::Tag {
                conversation,
                add,
                remove,
            })
            .await?;
        }
        let view = self.context.host.read().conversation(conversation).await?;
        let tags: Vec<String> = view
            .filing
            .tags
            .iter()
            .map(|tag| format!("#{}", reveal(tag)))
            .collect();
        Ok(vec![match tags.is_empty() {
            true => "it has no tags".to_owned(),
            false => tags.join(" "),
        }])
    }

    async fn folder(&mut self, wish: Folder) -> Result<Vec<String>, Problem> {
        let (folder, words) = match wish {
            Folder::Show => {
                let folders = self.context.host.read().folders().await?;
                let lines = folder::lines(&folders, &self.theme);
                return Ok(or(lines, "no folders yet; /folder new PATH makes one"));
            }
            Folder::New(path) => {
                folder::new(self.context, &path, None).await?;
                return Ok(vec![format!("made `{}`", reveal(&path))]);
            }
            Folder::Out => (None, "in no folder now".to_owned()),
            Folder::Into(path) => {
                let folder = find::folder(self.context, &path).await?;
                (
                    Some(folder.id),
                    format!("in `{}` now", reveal(&folder.path)),
                )
            }
        };
        let conversation = self.here()?;
        self.asked_for(ConversationOp::Move {
            conversation,
            folder,
        })
        .await?;
        Ok(vec![words])
    }

    async fn project(&mut self, wish: Project) -> Result<Vec<String>, Problem> {
        let theme = self.theme;
        let (project, words) = match wish {
            Project::List => {
                let projects = self.context.host.read().projects().await?;
                let lines = project::lines(&projects, &theme);
                return Ok(or(
                    lines,
                    "no projects yet; `aroom project new NAME` makes one",
                ));
            }
            Project::Show(name) => {
                let project = find::project(self.context, &name).await?;
                return Ok(project::shown(&project, &theme));
            }
            Project::Begin(name) => return self.begin(&name).await,
            Project::Out => (None, "of no project now".to_owned()),
            Project::Into(name) => {
                let project = find::project(self.context, &name).await?;
                let name = reveal(&project.spec.name);
                (Some(project.id), format!("of the project `{name}` now"))
            }
        };
        let conversation = self.here()?;
        self.asked_for(ConversationOp::Assign {
            conversation,
            project,
        })
        .await?;
        Ok(vec![words])
    }

    /// A new conversation of a project, in its folder if it has one that counts.
    async fn begin(&mut self, name: &str) -> Result<Vec<String>, Problem> {
        let project = find::project(self.context, name).await?;
        let has_own = project.is_trusted && project.spec.workspace.is_some();
        let open = ConversationOp::Open {
            workspace: match has_own {
                true => String::new(),
                false => self.context.workspace(),
            },
            title: String::new(),
            model: self.model.clone(),
            project: Some(project.id),
            database: None,
        };
        let opened = self.context.host.open(open).await;
        let id = opened.map_err(|rejection| rejection.0)?;
        self.move_to(Resume::New).await?;
        let view = self.context.host.read().conversation(id).await?;
        let mut said = vec![format!("of the project `{}`", reveal(&project.spec.name))];
        if view.workspace != self.context.workspace() {
            said.push(format!("works in `{}`", reveal(&view.workspace)));
        }
        if !project.is_trusted {
            said.push(
                "what the project says is not trusted and has no effect; \
                 `aroom project trust` shows it"
                    .to_owned(),
            );
        }
        let target = Target {
            id,
            after: Seq(0),
            view: None,
        };
        self.place = Some(Place::new(self.context, target));
        Ok(said)
    }

    async fn texts(&mut self, wish: Note) -> Result<Vec<String>, Problem> {
        match wish {
            Note::List => {
                let filter = ConversationFilter {
                    kinds: TEXTS.to_vec(),
                    ..ConversationFilter::default()
                };
                self.listed(filter, "no notes yet; /note new TITLE writes one")
                    .await
            }
            Note::Show(name) => {
                let view = find::text(self.context, &TEXTS, &name).await?;
                let text = self.context.host.read().text(view.id, None).await?;
                let lines = reveal_lines(&text.body);
                self.page(lines).await?;
                Ok(Vec::new())
            }
            Note::New(title) => {
                let body = self.written("").await?;
                let kept = body.clone();
                let op = TextOp::Open {
                    kind: ConversationKind::Note,
                    title,
                    body,
                    workspace: self.context.workspace(),
                    project: None,
                    database: None,
                };
                match self.asked_for(op).await {
                    Ok(op) => Ok(vec![format!("kept as {}", target::ending(op))]),
                    Err(problem) => Err(project::unwritten(self.context, &kept, problem)),
                }
            }
            Note::Edit(name) => {
                let view = find::text(self.context, &TEXTS, &name).await?;
                self.rewritten(&view).await
            }
            Note::Send(name) => {
                let view = find::text(self.context, &TEXTS, &name).await?;
                let word = text::word(view.kind);
                let before = self.draft.text().trim_end().to_owned();
                let space = if before.is_empty() { "" } else { " " };
                let id = target::short(view.id);
                self.draft.set(&format!("{before}{space}@{word}:{id} "));
                let title = command::conversation::title(&view);
                Ok(vec![format!("`{title}` goes along with the next message")])
            }
        }
    }

    /// What the person makes of a text in their editor.
    async fn written(&mut self, before: &str) -> Result<String, Problem> {
        let environment = self.context.terminal.environment.clone();
        let before = before.to_owned();
        self.outside(move || program::edit(&environment, &before))
            .await
    }

    async fn rewritten(&mut self, view: &ConversationView) -> Result<Vec<String>, Problem> {
        let before = self.context.host.read().text(view.id, None).await?;
        let body = self.written(&before.body).await?;
        if body == before.body {
            return Ok(vec!["nothing was changed".to_owned()]);
        }
        let kept = body.clone();
        let op = TextOp::Write {
            conversation: view.id,
            base_version: before.version,
            body,
        };
        match self.asked_for(op).await {
            Ok(_) => Ok(vec![format!("saved version {}", before.version + 1)]),
            Err(problem) => Err(project::unwritten(self.context, &kept, problem)),
        }
    }

    async fn export(&mut self, file: Option<String>) -> Result<Vec<String>, Problem> {
        let id = self.here()?;
        let file = file.unwrap_or_else(|| format!("{}.md", target::short(id)));
        let path: PathBuf = self.context.workspace.join(file);
        export::save(&path, &export::markdown(self.context, id).await?)?;
        let shown = reveal(&path.to_string_lossy());
        Ok(vec![format!("written to `{shown}`")])
    }

    async fn delete(&mut self) -> Result<Vec<String>, Problem> {
        let conversation = self.here()?;
        let view = self.context.host.read().conversation(conversation).await?;
        let title = command::conversation::title(&view);
        let question = format!("Delete `{title}` with all that belongs to it?");
        if !self.confirm(&question).await {
            return Ok(vec!["nothing was changed".to_owned()]);
        }
        self.asked_for(ConversationOp::Delete { conversation })
            .await?;
        self.move_to(Resume::New).await?;
        Ok(vec![format!("deleted `{title}`")])
    }
}
