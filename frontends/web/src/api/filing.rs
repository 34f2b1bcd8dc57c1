//! How people find things again: search, tags, folders, projects.

use super::conversations::limited;
use super::items::{FOUND, Words};
use anteroom_api::{FolderView, Problem, ProjectView, SearchHit, TagView};
use anteroom_http::{About, Context, Query, Routes, Session};

pub(super) fn add(routes: Routes) -> Routes {
    routes
        .get(
            Session,
            "/api/search",
            About::new(
                "search",
                "Search messages, titles, notes and documents; best first",
            ),
            search,
        )
        .get(
            Session,
            "/api/tags",
            About::new("tags", "All tags, by name"),
            tags,
        )
        .get(
            Session,
            "/api/folders",
            About::new(
                "folders",
                "All folders of conversations, by database and path",
            ),
            folders,
        )
        .get(
            Session,
            "/api/projects",
            About::new("projects", "All projects, by database and name"),
            projects,
        )
}

async fn search(context: Context, Query(words): Query<Words>) -> Result<Vec<SearchHit>, Problem> {
    let limit = limited(words.limit, FOUND);
    context.host.read().search(words.q, None, limit).await
}

async fn tags(context: Context) -> Result<Vec<TagView>, Problem> {
    context.host.read().tags().await
}

async fn folders(context: Context) -> Result<Vec<FolderView>, Problem> {
    context.host.read().folders().await
}

async fn projects(context: Context) -> Result<Vec<ProjectView>, Problem> {
    context.host.read().projects().await
}
