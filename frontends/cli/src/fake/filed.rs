//! What the host in memory says of tags, folders, projects, notes and documents.

use super::{Views, ready};
use anteroom_api::reads::Read;
use anteroom_api::{
    ConversationFilter, ConversationId, ConversationView, FolderView, Page, Problem, ProblemCode,
    ProjectView, SpendingRow, TagView, TextVersion, TextView,
};

/// What people order their conversations with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filed {
    pub(crate) tags: Vec<TagView>,
    pub(crate) folders: Vec<FolderView>,
    pub(crate) projects: Vec<ProjectView>,
    /// All versions, oldest first.
    pub(crate) texts: Vec<TextView>,
    pub(crate) spending: Vec<SpendingRow>,
}

/// Words and folders below are the real host's to know.
pub(super) fn filtered(
    views: &Views,
    filter: &ConversationFilter,
) -> Read<'static, Page<ConversationView>> {
    let lets_through = |view: &&ConversationView| {
        let filing = &view.filing;
        (filter.kinds.is_empty() || filter.kinds.contains(&view.kind))
            && filter
                .tag
                .as_ref()
                .is_none_or(|tag| filing.tags.contains(tag))
            && (filter.folder.is_none() || filter.folder == filing.folder)
            && (filter.project.is_none() || filter.project == filing.project)
            && (!filter.is_pinned || filing.is_pinned)
    };
    let entries = views.conversations.iter().filter(lets_through);
    ready(Page {
        entries: entries.cloned().collect(),
        before: None,
        after: None,
        place: None,
    })
}

pub(super) fn text(
    views: &Views,
    id: ConversationId,
    version: Option<u32>,
) -> Read<'static, TextView> {
    let mut versions = views.filed.texts.iter().rev();
    let found = versions
        .find(|text| {
            text.conversation == id && version.is_none_or(|version| version == text.version)
        })
        .cloned();
    Box::pin(async move { found.ok_or_else(|| Problem::new(ProblemCode::NotFound, "no text")) })
}

pub(super) fn text_versions(views: &Views, id: ConversationId) -> Read<'static, Vec<TextVersion>> {
    let versions = views.filed.texts.iter().rev();
    let versions = versions.filter(|text| text.conversation == id);
    ready(
        versions
            .map(|text| TextVersion {
                version: text.version,
                updated_at: text.updated_at,
                author: text.author.clone(),
                restored_from: text.restored_from,
                size_bytes: text.body.len() as u64,
            })
            .collect(),
    )
}
