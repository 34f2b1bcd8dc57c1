//! Completing the draft of a run, where there is no menu: Tab takes the best candidate, and the next one when it is
//! pressed again.

use super::{Candidate, complete, names::HostNames};
use anteroom_api::HostHandle;
use std::path::PathBuf;

pub(in crate::chat) struct Cycle {
    names: HostNames,
    last: Option<Last>,
}

/// What Tab did last.
struct Last {
    /// The line it found.
    before: String,
    /// The line it left, which is how it is known that nothing else was typed since.
    left: String,
    candidates: Vec<Candidate>,
    at: usize,
}

impl Cycle {
    /// As [`HostNames::new`].
    pub(in crate::chat) fn new(host: HostHandle, workspace: PathBuf) -> Self {
        Self {
            names: HostNames::new(host, workspace),
            last: None,
        }
    }

    /// The line and its cursor with the next candidate; none if nothing fits.
    pub(in crate::chat) async fn next(
        &mut self,
        line: &str,
        cursor: usize,
    ) -> Option<(String, usize)> {
        let mut last = match self.last.take() {
            Some(last) if last.left == line => Last {
                at: (last.at + 1) % last.candidates.len().max(1),
                ..last
            },
            Some(_) | None => self.begin(line, cursor).await,
        };
        let (line, cursor) = put(&last.before, last.candidates.get(last.at)?);
        last.left = line.clone();
        self.last = Some(last);
        Some((line, cursor))
    }

    async fn begin(&self, line: &str, cursor: usize) -> Last {
        let (mut names, before) = (self.names.clone(), line.to_owned());
        // It waits for the host, which is not to wait for it.
        let asked = tokio::task::spawn_blocking(move || complete(&before, cursor, &mut names));
        Last {
            before: line.to_owned(),
            left: String::new(),
            candidates: asked.await.unwrap_or_default(),
            at: 0,
        }
    }
}

/// The line with a candidate in it, and the cursor behind that.
fn put(line: &str, candidate: &Candidate) -> (String, usize) {
    let before = line.get(..candidate.span.start).unwrap_or_default();
    let after = line.get(candidate.span.end..).unwrap_or_default();
    let blank = match candidate.is_whole && !after.starts_with(' ') {
        true => " ",
        false => "",
    };
    let head = format!("{before}{}{blank}", candidate.value);
    let cursor = head.len();
    (head + after, cursor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Fake, Views};

    #[tokio::test]
    async fn each_tab_takes_the_next_candidate() {
        let host = HostHandle::new(Fake::new(Vec::new(), Views::default()));
        let mut cycle = Cycle::new(host, "/work".into());
        let first = cycle.next("/mode a", 7).await.unwrap();
        assert_eq!(first, ("/mode auto".to_owned(), 10));
        let second = cycle.next(&first.0, first.1).await.unwrap();
        assert_eq!(second.0, "/mode ask_for_dangerous");
        assert_eq!(
            cycle.next("see @lo now", 7).await.unwrap(),
            ("see @lo.rs now".to_owned(), 10)
        );
        assert_eq!(cycle.next("nothing", 7).await, None);
    }
}
