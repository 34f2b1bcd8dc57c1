//! A canvas as a document of its own, for a frame without scripts, origin or network.
//!
//! A frame cannot show the secret of its tab, so it is let in by a ticket: made for one version of one canvas, good
//! once and for half a minute. What is shown was written by a model: nothing of ours is in it, and the policy of the
//! answer takes from it everything but its looks.

use anteroom_api::{CanvasView, Problem, ProblemCode};
use anteroom_http::http::{HeaderValue, header};
use anteroom_http::{About, Context, Failure, Path, Policy, Public, Raw, Routes};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a ticket is good.
const PATIENCE: Duration = Duration::from_secs(30);
/// Tickets that wait to be used; beyond, the oldest is void.
const WAITING: usize = 32;

/// Tickets that were made and not used yet.
#[derive(Default)]
pub(crate) struct Tickets(Mutex<VecDeque<Ticket>>);

struct Ticket {
    secret: String,
    made_at: Instant,
    document: Document,
}

/// What a frame is to show.
struct Document {
    media_type: &'static str,
    body: String,
}

impl Tickets {
    /// Makes a ticket for a canvas and gives back the path it is good for.
    ///
    /// # Errors
    /// What cannot be shown as a document, and a system without randomness.
    pub(crate) fn make(&self, canvas: CanvasView) -> Result<String, Problem> {
        let document = document(canvas)?;
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| {
            Problem::new(ProblemCode::Internal, "the system gives no random numbers").cause(error)
        })?;
        let secret = URL_SAFE_NO_PAD.encode(bytes);
        let path = format!("/preview/{secret}");
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push_back(Ticket {
            secret,
            made_at: Instant::now(),
            document,
        });
        if waiting.len() > WAITING {
            waiting.pop_front();
        }
        Ok(path)
    }

    /// Uses a ticket up.
    fn take(&self, secret: &str) -> Option<Document> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|ticket| ticket.made_at.elapsed() < PATIENCE);
        let at = waiting.iter().position(|ticket| ticket.secret == secret)?;
        waiting.remove(at).map(|ticket| ticket.document)
    }
}

/// What a canvas is as a document.
fn document(canvas: CanvasView) -> Result<Document, Problem> {
    let media_type = match canvas.kind.to_ascii_lowercase().as_str() {
        "html" | "htm" | "text/html" => "text/html; charset=utf-8",
        "svg" | "image/svg+xml" => "image/svg+xml",
        other => {
            return Err(Problem::new(
                ProblemCode::InvalidInput,
                format!("a canvas of the kind `{other}` has no preview"),
            )
            .hint("HTML and SVG have one; anything else is shown as text"));
        }
    };
    Ok(Document {
        media_type,
        body: canvas.body,
    })
}

pub(crate) fn add(routes: Routes, tickets: &Arc<Tickets>) -> Routes {
    let tickets = tickets.clone();
    let about = About::new("preview", "A canvas in its frame, once")
        .media("text/html")
        .policy(Policy::Sandbox)
        .unlisted();
    routes.get(
        Public,
        "/preview/{ticket}",
        about,
        move |context: Context, place: Path<Place>| {
            let tickets = tickets.clone();
            async move { show(&context, &tickets, &place.0.ticket) }
        },
    )
}

#[derive(Deserialize, JsonSchema)]
struct Place {
    ticket: String,
}

fn show(context: &Context, tickets: &Tickets, ticket: &str) -> Result<Raw, Failure> {
    // Only ever a frame of ours: as a page of its own it would have our name in the address bar.
    let destination = header::HeaderName::from_static("sec-fetch-dest");
    if context
        .header(&destination)
        .is_some_and(|named| named != "iframe")
    {
        return Err(gone().into());
    }
    let document = tickets.take(ticket).ok_or_else(gone)?;
    let answer = Raw::new(document.media_type, document.body);
    Ok(answer.header(header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
}

fn gone() -> Problem {
    Problem::new(
        ProblemCode::NotFound,
        "this preview has been shown, or has run out",
    )
    .hint("open the preview again")
}

#[cfg(test)]
mod tests {
    use super::*;
    use anteroom_api::UnixMillis;

    fn canvas(kind: &str, body: &str) -> CanvasView {
        CanvasView {
            id: uuid::Uuid::nil().into(),
            conversation: uuid::Uuid::nil().into(),
            title: "t".into(),
            kind: kind.into(),
            version: 1,
            body: body.into(),
            updated_at: UnixMillis(0),
        }
    }

    fn secret(path: &str) -> String {
        path.strip_prefix("/preview/").unwrap().to_owned()
    }

    #[test]
    fn a_ticket_is_good_once_and_for_one_canvas() {
        let tickets = Tickets::default();
        let one = secret(&tickets.make(canvas("html", "<p>one")).unwrap());
        let two = secret(&tickets.make(canvas("svg", "<svg/>")).unwrap());
        assert_ne!(one, two);
        assert_eq!(one.len(), 43);
        let shown = tickets.take(&two).unwrap();
        assert_eq!(
            (shown.media_type, shown.body.as_str()),
            ("image/svg+xml", "<svg/>")
        );
        assert!(tickets.take(&two).is_none());
        assert_eq!(tickets.take(&one).unwrap().body, "<p>one");
        assert!(tickets.take("").is_none());
    }

    #[test]
    fn tickets_do_not_pile_up() {
        let tickets = Tickets::default();
        let first = secret(&tickets.make(canvas("html", "first")).unwrap());
        for _ in 0..WAITING {
            tickets.make(canvas("html", "more")).unwrap();
        }
        assert!(tickets.take(&first).is_none());
        assert_eq!(tickets.0.lock().unwrap().len(), WAITING);
    }

    #[test]
    fn only_documents_have_a_preview() {
        let problem = Tickets::default()
            .make(canvas("markdown", "# x"))
            .unwrap_err();
        assert_eq!(
            problem.error,
            "a canvas of the kind `markdown` has no preview"
        );
    }
}
