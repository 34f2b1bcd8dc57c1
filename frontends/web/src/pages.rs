//! The page and its files: the same HTML for every address of the page, files below the hash of their tree.

use crate::assets::{self, Asset};
use anteroom_api::{Problem, ProblemCode};
use anteroom_http::http::{HeaderName, HeaderValue, StatusCode, header};
use anteroom_http::{About, Context, Failure, Path, Public, Raw, Routes};
use schemars::JsonSchema;
use serde::Deserialize;

/// The cookie in which a browser keeps its theme.
const THEME: &str = "aroom-theme";
/// Addresses of the page and the name of each route; what stands behind them is found by the page itself.
const PAGES: [(&str, &str); 15] = [
    ("pageHome", "/"),
    ("pageConversation", "/c/{id}"),
    ("pageNote", "/n/{id}"),
    ("pageDocument", "/d/{id}"),
    ("pageTools", "/tools"),
    ("pageToolsSection", "/tools/{section}"),
    ("pageSkills", "/skills"),
    ("pageSources", "/sources"),
    ("pageRuns", "/runs"),
    ("pageApi", "/api"),
    ("pageUsage", "/usage"),
    ("pageAudit", "/audit"),
    ("pageDoctor", "/doctor"),
    ("pageSettings", "/settings"),
    ("pageSettingsSection", "/settings/{section}"),
];

pub(crate) fn add(routes: Routes) -> Routes {
    let html = "text/html; charset=utf-8";
    let routes = PAGES.iter().fold(routes, |routes, (id, path)| {
        let about = About::new(id, "The page").media(html).unlisted();
        match path.contains('{') {
            true => routes.get(Public, path, about, page_of),
            false => routes.get(Public, path, about, page),
        }
    });
    let about = About::new("asset", "A file of the page")
        .media("*/*")
        .unlisted();
    routes.get(Public, "/a/{tree}/{*path}", about, file)
}

/// The theme a person chose in this browser, if it is one.
pub(crate) fn theme(context: &Context) -> Option<&str> {
    let theme = context.cookie(THEME)?;
    matches!(theme, "light" | "dark").then_some(theme)
}

/// What of an address only the page understands.
#[derive(Deserialize, JsonSchema)]
struct Of {
    #[serde(default, rename = "id")]
    _id: String,
    #[serde(default, rename = "section")]
    _section: String,
}

async fn page_of(context: Context, _: Path<Of>) -> Result<Raw, Failure> {
    page(context).await
}

async fn page(context: Context) -> Result<Raw, Failure> {
    let page = assets::index(theme(&context), accepts(&context));
    Ok(sent(&context, page.ok_or_else(nothing)?))
}

/// A file's place.
#[derive(Deserialize, JsonSchema)]
struct Place {
    tree: String,
    path: String,
}

async fn file(context: Context, Path(place): Path<Place>) -> Result<Raw, Failure> {
    let file = assets::file(&place.tree, &place.path, accepts(&context));
    Ok(sent(&context, file.ok_or_else(nothing)?))
}

fn accepts(context: &Context) -> &str {
    context.header(&header::ACCEPT_ENCODING).unwrap_or_default()
}

fn nothing() -> Problem {
    Problem::new(ProblemCode::NotFound, "there is no such file of the page")
        .hint("the program may have been replaced by another version: load the page again")
}

/// The file, or only that the reader has it already.
fn sent(context: &Context, asset: Asset) -> Raw {
    let has_it = context
        .header(&header::IF_NONE_MATCH)
        .is_some_and(|tags| tags.split(',').any(|tag| tag.trim() == asset.etag));
    let answer = match has_it {
        true => Raw::new(asset.media_type, Vec::new()).status(StatusCode::NOT_MODIFIED),
        false => Raw::new(asset.media_type, asset.body),
    };
    let (kept, varies) = match asset.is_immutable {
        true => ("public, max-age=31536000, immutable", "accept-encoding"),
        // The page has its theme from a cookie.
        false => ("no-cache", "accept-encoding, cookie"),
    };
    let mut answer = answer.header(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    let headers: [(HeaderName, Option<&str>); 3] = [
        (header::ETAG, Some(&asset.etag)),
        (header::VARY, Some(varies)),
        (header::CONTENT_ENCODING, asset.encoding.filter(|_| !has_it)),
    ];
    for (name, value) in headers {
        if let Some(Ok(value)) = value.map(HeaderValue::from_str) {
            answer = answer.header(name, value);
        }
    }
    answer
}
