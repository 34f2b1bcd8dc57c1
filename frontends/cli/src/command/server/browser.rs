//! A page in the person's browser, opened so that nobody else on the machine learns the link.

use crate::context::Context;
use crate::follow::{Follower, Told};
use crate::program;
use anteroom_api::{Event, Problem, Seq, SessionEvent, Topic};
use std::path::PathBuf;
use std::time::Duration;

/// A browser that has not opened the page by then will not: the link is void.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// A page on its way to the browser. Dropping it takes the way back.
pub(crate) struct Page {
    /// Holds the link; who lists processes sees this file's name, and only its owner reads it.
    file: PathBuf,
}

/// Starts the browser with a link.
///
/// # Errors
/// When there is none, or it does not start.
pub(crate) fn open(context: &Context, link: &str) -> Result<Page, Problem> {
    let environment = &context.terminal.environment;
    let file = program::keep_page(environment, &redirect(link))?;
    let page = Page { file };
    program::browse(environment, &page.file)?;
    Ok(page)
}

impl Page {
    /// Waits until the link was used, or is void.
    pub(crate) async fn until_open(self, context: &Context) {
        let after = context.host.read().host_seq().await.unwrap_or(Seq(0));
        let mut signals = Follower::new(&context.host, Topic::Host, after);
        let opened = async {
            while let Some(told) = signals.next().await {
                if let Told::Fact(envelope) = told
                    && matches!(envelope.event, Event::Session(SessionEvent::Opened { .. }))
                {
                    return;
                }
            }
        };
        // Either way there is nothing more to wait for.
        let _ = tokio::time::timeout(PATIENCE, opened).await;
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // Void after a minute in any case.
        let _ = std::fs::remove_file(&self.file);
    }
}

/// A page that leads on. The link is made of letters that mean nothing in HTML.
fn redirect(link: &str) -> String {
    let link: String = link
        .chars()
        .filter(|sign| !matches!(sign, '"' | '<' | '>' | '&' | '\''))
        .collect();
    format!(
        "<!doctype html><meta charset=\"utf-8\"><title>Anteroom</title>\
         <meta http-equiv=\"refresh\" content=\"0;url={link}\">\
         <p><a href=\"{link}\">Anteroom</a></p>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_on_and_out_of_nothing() {
        let page = redirect("http://127.0.0.1:8080/#launch=a\"><script>");
        assert!(page.contains("url=http://127.0.0.1:8080/#launch=ascript\""));
        assert!(!page.contains("<script>"));
    }
}
