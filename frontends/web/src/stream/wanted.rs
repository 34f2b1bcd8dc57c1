//! What a request asks to follow: `host@12`, `conversation:<id>@40`, or without a position only what is new.

use anteroom_api::{Problem, ProblemCode, Seq, Topic};
use std::fmt;

/// Topics one stream may follow.
const MAX_TOPICS: usize = 64;

/// A topic and the newest of its facts that is known already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The topic.
    pub(crate) topic: Topic,
    /// The position; none for only what is new.
    pub(crate) after: Option<Seq>,
}

impl Wanted {
    /// Reads one `follow=`.
    ///
    /// # Errors
    /// Says how it is written.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let wrong = || {
            Problem::new(
                ProblemCode::InvalidInput,
                format!("`{}` is nothing to follow", shortened(text)),
            )
            .hint("write `host@12` or `conversation:<id>@40`; without `@` only what is new is told")
        };
        let (name, after) = match text.split_once('@') {
            Some((name, seq)) => (name, Some(Seq(seq.parse().map_err(|_| wrong())?))),
            None => (text, None),
        };
        let topic = match name.split_once(':') {
            None if name == "host" => Topic::Host,
            Some(("conversation", id)) => Topic::Conversation(id.parse().map_err(|_| wrong())?),
            _ => return Err(wrong()),
        };
        Ok(Self { topic, after })
    }

    /// Reads all of them. A topic that is named twice is followed once, from the earlier position.
    ///
    /// # Errors
    /// As [`Wanted::parse`], and if there are none or too many.
    pub(crate) fn parse_all(texts: &[String]) -> Result<Vec<Self>, Problem> {
        let mut all: Vec<Self> = Vec::new();
        for text in texts {
            let wanted = Self::parse(text)?;
            match all.iter_mut().find(|other| other.topic == wanted.topic) {
                Some(other) => other.after = other.after.min(wanted.after),
                None => all.push(wanted),
            }
        }
        match all.len() {
            0 => Err(
                Problem::new(ProblemCode::InvalidInput, "nothing to follow is named")
                    .hint("add `?follow=host`"),
            ),
            1..=MAX_TOPICS => Ok(all),
            count => Err(Problem::new(
                ProblemCode::LimitReached,
                format!("{count} topics are too many for one stream"),
            )
            .hint(format!("follow at most {MAX_TOPICS}"))),
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.after {
            Some(seq) => write!(f, "{}@{}", self.topic, seq.0),
            None => write!(f, "{}", self.topic),
        }
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(80).filter(|c| !c.is_control()).collect()
}
