//! A canvas as a document of its own, for a frame without scripts, origin or network.
//!
//! A frame cannot show the secret of its tab, so it is let in by a ticket: made for one version of one canvas, good
//! once and for half a minute. What is shown was written by a model: nothing of ours is in it, and the policy of the
//! answer takes from it everything but its looks.

use anteroom_api::{CanvasView, Problem, ProblemCode};
use anteroom_http::http::{HeaderValue, Method, header};
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

/// Both say in what they are written: a document may not choose how its letters are read.
const HTML: &str = "text/html; charset=utf-8";
const SVG: &str = "image/svg+xml; charset=utf-8";

/// Tickets that were made and not used yet.
#[derive(Default)]
pub(crate) struct Tickets(Mutex<VecDeque<Ticket>>);

struct Ticket {
    secret: String,
    made_at: Instant,
    document: Document,
}

/// What a frame is to show.
#[derive(Clone)]
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

    /// What is behind a ticket, which is used up by nobody who sees nothing.
    fn look(&self, secret: &str) -> Option<Document> {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = waiting.iter().find(|ticket| ticket.secret == secret)?;
        let is_good = found.made_at.elapsed() < PATIENCE;
        is_good.then(|| found.document.clone())
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
        "html" | "htm" | "text/html" => HTML,
        "svg" | "image/svg+xml" => SVG,
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
        body: unlinked(media_type, &canvas.body),
    })
}

/// Without elements that have a browser look up or call another server before anybody asks: no policy forbids what
/// `<link rel="preconnect">` and `dns-prefetch` do. In XML the element may have a prefix, and entities, which could
/// put it together, lose their declarations.
fn unlinked(media_type: &str, body: &str) -> String {
    let telling: &[&str] = match media_type {
        SVG => &["<link", ":link", "<!entity"],
        _ => &["<link"],
    };
    // The lower-case text has the same letters in the same places.
    let lower = body.to_ascii_lowercase();
    let found = telling.iter().flat_map(|sign| lower.match_indices(sign));
    let mut ends: Vec<usize> = found.map(|(at, sign)| at + sign.len()).collect();
    ends.sort_unstable();
    let mut written = String::with_capacity(body.len());
    let mut from = 0;
    for end in ends {
        written.push_str(body.get(from..end).unwrap_or_default());
        written.push_str("-not-followed");
        from = end;
    }
    written.push_str(body.get(from..).unwrap_or_default());
    written
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
    let document = match context.method() {
        &Method::HEAD => tickets.look(ticket),
        _ => tickets.take(ticket),
    };
    let document = document.ok_or_else(gone)?;
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
            ("image/svg+xml; charset=utf-8", "<svg/>")
        );
        assert!(tickets.take(&two).is_none());
        // Who asks for the head alone has seen nothing.
        assert_eq!(tickets.look(&one).unwrap().body, "<p>one");
        assert_eq!(tickets.take(&one).unwrap().body, "<p>one");
        assert!(tickets.look(&one).is_none());
        assert!(tickets.take("").is_none());
    }

    /// Found with a browser: it connects to what these name, from a sandbox without scripts and origin, too.
    #[test]
    fn no_element_of_a_document_calls_another_server() {
        let tickets = Tickets::default();
        for (kind, body) in [
            ("html", "<p>é<link rel=preconnect href=//a.example>"),
            ("html", "<LINK\nrel=dns-prefetch href=//a.example><liNK>"),
            ("svg", "<h:link rel='preconnect' href='//a.example'/>"),
            ("svg", "<link xmlns='http://www.w3.org/1999/xhtml'/>"),
            (
                "svg",
                "<!DOCTYPE svg [<!ENTITY a \"<h:li&#110;k/>\">]><svg>&a;</svg>",
            ),
        ] {
            let path = tickets.make(canvas(kind, body)).unwrap();
            let shown = tickets.take(&secret(&path)).unwrap().body;
            let lower = shown.to_ascii_lowercase();
            for name in ["link", "<!entity"] {
                let follows = |at: usize| lower[at + name.len()..].starts_with("-not-followed");
                let all = lower.match_indices(name).all(|(at, _)| follows(at));
                assert!(all, "{body} {shown}");
            }
            assert!(shown != body && shown.replace("-not-followed", "") == body);
        }
        let plain = "<style>a:link{}</style><p>links: <a href='#x'>LINK</a>";
        assert_eq!(unlinked(HTML, plain), plain);
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
