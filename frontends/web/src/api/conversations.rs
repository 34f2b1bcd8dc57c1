//! Conversations: listed, made, opened, changed, deleted.

use super::items::{self, Around, ItemsPage};
use crate::Options;
use anteroom_api::{
    Approval, CanvasView, ConversationFilter, ConversationId, ConversationKind, ConversationOp,
    ConversationView, FolderId, ItemsAt, Op, OpId, Page, Problem, ProblemCode, ProjectId, Question,
    QueuedInput, TextOp,
};
use anteroom_http::{
    About, Accepted, Context, Created, Failure, Json, Path, Query, Routes, Session,
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use std::sync::Arc;
use tokio::try_join;

/// Conversations on a page of a list where nothing is said, and at most.
const LISTED: (u32, u32) = (50, 200);

pub(super) fn add(routes: Routes, options: &Arc<Options>) -> Routes {
    let options = options.clone();
    let create = move |context: Context, Json(new): Json<NewConversation>| {
        let options = options.clone();
        async move { create(&context, &options, new).await }
    };
    routes
        .get(
            Session,
            "/api/conversations",
            About::new(
                "listConversations",
                "Conversations, notes and documents, most recently used first",
            ),
            list,
        )
        .post(
            Session,
            "/api/conversations",
            About::new(
                "createConversation",
                "Begin a conversation, note or document",
            ),
            create,
        )
        .get(
            Session,
            "/api/conversations/{id}",
            About::new("getConversation", "A conversation without its items"),
            get,
        )
        .patch(
            Session,
            "/api/conversations/{id}",
            About::new("changeConversation", "Rename, pin, tag or move it"),
            change,
        )
        .delete(
            Session,
            "/api/conversations/{id}",
            About::new(
                "deleteConversation",
                "Delete it with all that belongs to it",
            ),
            delete,
        )
        .get(
            Session,
            "/api/conversations/{id}/open",
            About::new("openConversation", "Everything a page needs to show it"),
            open,
        )
}

/// Which conversation.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Of {
    /// The conversation.
    pub(super) id: ConversationId,
}

/// Which conversations; everything that is named must hold.
#[derive(Debug, Deserialize, JsonSchema)]
struct Which {
    /// A page's `before`.
    #[serde(default)]
    before: Option<String>,
    /// How many, 200 at most.
    #[serde(default)]
    limit: Option<u32>,
    /// Of these sorts; of all if none is named.
    #[serde(default)]
    kind: Vec<ConversationKind>,
    /// With this tag.
    #[serde(default)]
    tag: Option<String>,
    /// In this folder.
    #[serde(default)]
    folder: Option<FolderId>,
    /// Also in the folders below it.
    #[serde(default)]
    deep: bool,
    /// Of this project.
    #[serde(default)]
    project: Option<ProjectId>,
    /// Pinned ones only.
    #[serde(default)]
    pinned: bool,
    /// With all these words in title, text or messages; the last may be unfinished.
    #[serde(default)]
    words: Option<String>,
}

async fn list(
    context: Context,
    Query(which): Query<Which>,
) -> Result<Page<ConversationView>, Problem> {
    let filter = ConversationFilter {
        kinds: which.kind,
        tag: which.tag,
        folder: which.folder,
        is_deep: which.deep,
        project: which.project,
        is_pinned: which.pinned,
        words: which.words,
        workspace: None,
    };
    let limit = limited(which.limit, LISTED);
    context
        .host
        .read()
        .filtered(filter, which.before, limit)
        .await
}

/// How many are asked for, between one and the most.
pub(super) fn limited(asked: Option<u32>, (usual, most): (u32, u32)) -> u32 {
    asked.unwrap_or(usual).clamp(1, most)
}

/// A conversation, note or document to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewConversation {
    /// Of which sort.
    #[serde(default)]
    kind: ConversationKind,
    /// The folder its tools work in, absolute; the project's, or the server's, if none.
    #[serde(default)]
    workspace: Option<String>,
    /// A title; made from the first words if empty.
    #[serde(default)]
    title: String,
    /// A model other than the configured one.
    #[serde(default)]
    model: Option<String>,
    /// The project it is to belong to.
    #[serde(default)]
    project: Option<ProjectId>,
    /// The shared database it is to live in.
    #[serde(default)]
    database: Option<String>,
    /// The text of a note or document.
    #[serde(default)]
    body: String,
}

async fn create(
    context: &Context,
    options: &Options,
    new: NewConversation,
) -> Result<Created<ConversationView>, Failure> {
    let is_chat = new.kind == ConversationKind::Chat;
    // A project may have a folder of its own, which an empty one stands for.
    let workspace = match (new.workspace, new.project) {
        (Some(workspace), _) => workspace,
        (None, Some(_)) if is_chat => String::new(),
        (None, _) => options.workspace.clone(),
    };
    let op: Op = match new.kind {
        ConversationKind::Chat => ConversationOp::Open {
            workspace,
            title: new.title,
            model: new.model,
            project: new.project,
            database: new.database,
        }
        .into(),
        kind => TextOp::Open {
            kind,
            title: new.title,
            body: new.body,
            workspace,
            project: new.project,
            database: new.database,
        }
        .into(),
    };
    let made = super::doors::take(context, &options.workspace, op).await?;
    let view = context.host.read().conversation(made.into()).await?;
    Ok(Created(view))
}

async fn get(context: Context, Path(of): Path<Of>) -> Result<ConversationView, Problem> {
    context.host.read().conversation(of.id).await
}

/// What is to be different; what is absent stays.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct ConversationChanges {
    /// A title.
    title: Option<String>,
    /// Whether it is kept at hand.
    is_pinned: Option<bool>,
    /// Tags to give.
    add_tags: Vec<String>,
    /// Tags to take.
    remove_tags: Vec<String>,
    /// The folder to put it in; null: out of all.
    #[serde(deserialize_with = "given")]
    #[schemars(with = "Option<FolderId>")]
    folder: Option<Option<FolderId>>,
    /// The project it is to belong to; null: to none.
    #[serde(deserialize_with = "given")]
    #[schemars(with = "Option<ProjectId>")]
    project: Option<Option<ProjectId>>,
}

/// Tells null from what is not there.
fn given<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

impl ConversationChanges {
    fn ops(self, conversation: ConversationId) -> Vec<ConversationOp> {
        let mut ops = Vec::new();
        if let Some(title) = self.title {
            ops.push(ConversationOp::Rename {
                conversation,
                title,
            });
        }
        if let Some(is_pinned) = self.is_pinned {
            ops.push(ConversationOp::Pin {
                conversation,
                is_pinned,
            });
        }
        if !self.add_tags.is_empty() || !self.remove_tags.is_empty() {
            ops.push(ConversationOp::Tag {
                conversation,
                add: self.add_tags,
                remove: self.remove_tags,
            });
        }
        if let Some(folder) = self.folder {
            ops.push(ConversationOp::Move {
                conversation,
                folder,
            });
        }
        if let Some(project) = self.project {
            ops.push(ConversationOp::Assign {
                conversation,
                project,
            });
        }
        ops
    }
}

async fn change(
    context: Context,
    Path(of): Path<Of>,
    Json(changes): Json<ConversationChanges>,
) -> Result<ConversationView, Failure> {
    for op in changes.ops(of.id) {
        context.host.submit(op).await?;
    }
    Ok(context.host.read().conversation(of.id).await?)
}

async fn delete(
    context: Context,
    Path(of): Path<Of>,
) -> Result<Accepted<super::doors::Taken>, Failure> {
    let delete = ConversationOp::Delete {
        conversation: of.id,
    };
    let op: OpId = context.host.submit(delete).await?;
    Ok(Accepted(super::doors::Taken { op }))
}

/// Everything a page needs to show a conversation.
#[derive(Debug, Serialize, JsonSchema)]
struct OpenedConversation {
    /// The conversation; it was read first, so follow from its `seq`.
    conversation: ConversationView,
    /// The newest items, or those around the one asked for, with their turns.
    #[serde(flatten)]
    shown: Shown,
    /// Input that waits, next first.
    queue: Vec<QueuedInput>,
    /// Open approvals, oldest first.
    approvals: Vec<Approval>,
    /// Open questions, oldest first.
    questions: Vec<Question>,
    /// The newest version of each canvas.
    canvases: Vec<CanvasView>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Shown {
    items: Page<anteroom_api::Item>,
    /// The turns of the items, and the one that runs; oldest first.
    turns: Vec<anteroom_api::TurnView>,
}

async fn open(
    context: Context,
    Path(of): Path<Of>,
    Query(around): Query<Around>,
) -> Result<OpenedConversation, Problem> {
    let reads = context.host.read();
    let conversation = reads.conversation(of.id).await?;
    if matches!(
        conversation.kind,
        ConversationKind::Note | ConversationKind::Document
    ) {
        return Err(Problem::new(
            ProblemCode::Conflict,
            "a note or document has versions, and nothing to talk in",
        )
        .hint("read it at `/api/conversations/{id}/text`"));
    }
    let at = around.around.map_or(ItemsAt::Newest, ItemsAt::Around);
    let (shown, queue, approvals, questions, canvases) = try_join!(
        items::page(reads, of.id, at, around.limit, conversation.running),
        reads.queue(of.id),
        reads.approvals(of.id),
        reads.questions(of.id),
        reads.canvases(of.id),
    )?;
    let ItemsPage { page, turns } = shown;
    Ok(OpenedConversation {
        conversation,
        shown: Shown { items: page, turns },
        queue,
        approvals,
        questions,
        canvases,
    })
}
