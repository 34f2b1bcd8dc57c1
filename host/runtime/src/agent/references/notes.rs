//! Notes and documents that a message refers to: `@note:5f21c0de`, `@document:5f21c0de`, by the id or how that
//! begins or ends. What lives in a shared database is another person's words, and is attached as such.

use super::{Reference, Target, refused};
use crate::agent::history;
use anteroom_api::{
    Attachment, AttachmentKind, ConversationFilter, ConversationKind, ConversationView, Problem,
    ProblemCode, TextView, Trust,
};
use anteroom_gate::Masker;
use anteroom_storage::Storage;
use std::collections::HashMap;

/// The shortest part of an id that is taken for one.
const SHORTEST: usize = 4;
/// Looked through at a time.
const PAGE: u32 = 500;

/// What of a text is attached.
pub(super) struct Bounds<'a> {
    pub(super) max_chars: usize,
    pub(super) masker: &'a Masker,
}

/// The texts that references name, by the part of the id as it was written.
///
/// # Errors
/// As for any reference that leads nowhere.
pub(super) async fn found(
    storage: &Storage,
    references: &[Reference],
    bounds: Bounds<'_>,
) -> Result<HashMap<String, Attachment>, Problem> {
    let mut attached = HashMap::new();
    for reference in references {
        let Target::Note { id } = &reference.target else {
            continue;
        };
        if attached.contains_key(id) {
            continue;
        }
        let view = view(storage, reference, id).await?;
        let text = storage.text(view.id, None).await?;
        let text = text
            .ok_or_else(|| refused(reference, ProblemCode::NotFound, "it has no text any more"))?;
        attached.insert(id.clone(), attachment(&view, &text, &bounds));
    }
    Ok(attached)
}

async fn view(
    storage: &Storage,
    reference: &Reference,
    id: &str,
) -> Result<ConversationView, Problem> {
    let wrong = |code, why: &str| Err(refused(reference, code, why));
    if id.len() < SHORTEST {
        return wrong(ProblemCode::InvalidInput, "this is too short for an id");
    }
    let wanted = id.to_ascii_lowercase();
    let filter = ConversationFilter {
        kinds: vec![ConversationKind::Note, ConversationKind::Document],
        ..ConversationFilter::default()
    };
    let (mut fits, mut before) = (Vec::new(), None);
    loop {
        let page = storage.filtered(filter.clone(), before, PAGE).await?;
        fits.extend(page.entries.into_iter().filter(|view| {
            let id = view.id.to_string();
            id.starts_with(&wanted) || id.ends_with(&wanted)
        }));
        before = page.before;
        if before.is_none() || fits.len() > 1 {
            break;
        }
    }
    match (fits.len(), fits.pop()) {
        (1, Some(view)) => Ok(view),
        (0, _) | (_, None) => wrong(
            ProblemCode::NotFound,
            "there is no note or document of this id; `aroom note list` shows them",
        ),
        _ => wrong(
            ProblemCode::InvalidInput,
            "it fits several notes or documents; give more of the id",
        ),
    }
}

fn attachment(view: &ConversationView, text: &TextView, bounds: &Bounds<'_>) -> Attachment {
    let word = match view.kind {
        ConversationKind::Document => "document",
        ConversationKind::Note | ConversationKind::Chat | ConversationKind::Agent => "note",
    };
    let masked = bounds.masker.mask(&text.body);
    let is_cut = masked.chars().count() > bounds.max_chars;
    let body: String = masked.chars().take(bounds.max_chars).collect();
    let title = anteroom_gate::visible(view.title.trim());
    let path = format!("{word}:{}", view.id);
    // Whoever may write to a shared database may have written it.
    let is_outside = view.database.is_some() || view.trust == Trust::Untrusted;
    let cut = if is_cut { ", its beginning" } else { "" };
    let head = format!("[Attached {word} `{title}`, version {}{cut}]", text.version);
    let body = match is_outside {
        true => history::wrap(&format!("@{path}"), &body),
        false => body,
    };
    Attachment {
        count: body.lines().count() as u64,
        path,
        kind: AttachmentKind::Note,
        lines: None,
        is_cut,
        trust: match is_outside {
            true => Trust::Untrusted,
            false => Trust::Workspace,
        },
        text: format!("{head}\n{body}"),
        image: None,
    }
}
