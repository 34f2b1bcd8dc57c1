//! Notes and documents: written version by version, never over one that the writer has not seen.

use crate::filing;
use crate::host::Port;
use anteroom_api::{
    ConversationEvent, ConversationId, ConversationKind, ConversationView, Event, Filing, OpId,
    Problem, ProblemCode, Seq, TextEvent, TextOp, TextView, Topic, Trust, Usage,
};
use std::path::Path;

/// Bytes of a text.
const TEXT_BYTES: usize = 1 << 20;
/// Characters of a title that is taken from the text.
const TITLE_CHARS: usize = 80;

/// Wishes about notes and documents.
pub(crate) async fn take(port: &Port, id: OpId, op: TextOp) -> Result<(), Problem> {
    match op {
        TextOp::Open {
            kind,
            title,
            body,
            workspace,
            project,
            database,
        } => {
            let beginning = filing::begin(&port.engine, project, database).await?;
            let view = ConversationView {
                database: beginning.database,
                filing: Filing {
                    project: beginning.project,
                    ..Filing::default()
                },
                ..blank(port, id, kind)?
            };
            check(&body)?;
            if !Path::new(&workspace).is_absolute() || workspace.contains('\0') {
                return Err(Problem::new(
                    ProblemCode::InvalidInput,
                    format!(
                        "the workspace `{}` is not an absolute path",
                        workspace.escape_debug()
                    ),
                ));
            }
            let title = match title.trim() {
                "" => first_words(&body),
                title => title.to_owned(),
            };
            let view = ConversationView {
                title,
                workspace,
                ..view
            };
            open(port, id, (view, body)).await
        }
        TextOp::Write {
            conversation,
            base_version,
            body,
        } => {
            check(&body)?;
            write(port, id, (conversation, base_version), (body, None)).await
        }
        TextOp::Restore {
            conversation,
            base_version,
            version,
        } => {
            let earlier = read(port, conversation, Some(version)).await?;
            let next = (earlier.body, Some(version));
            write(port, id, (conversation, base_version), next).await
        }
    }
}

/// A text: its newest version, or the one named.
pub(crate) async fn read(
    port: &Port,
    conversation: ConversationId,
    version: Option<u32>,
) -> Result<TextView, Problem> {
    existing(port, conversation).await?;
    let found = port.engine.storage.text(conversation, version).await?;
    found.ok_or_else(|| {
        let version = version.unwrap_or(1);
        Problem::new(
            ProblemCode::NotFound,
            format!("this text has no version {version}"),
        )
        .hint("`aroom note show ID --versions` lists them")
    })
}

/// That there is such a note or document.
pub(crate) async fn existing(
    port: &Port,
    conversation: ConversationId,
) -> Result<ConversationView, Problem> {
    let view = port.existing(conversation).await?;
    match view.kind {
        ConversationKind::Note | ConversationKind::Document => Ok(view),
        ConversationKind::Chat | ConversationKind::Agent => Err(Problem::new(
            ProblemCode::InvalidInput,
            format!("`{conversation}` is no note and no document"),
        )
        .hint("`aroom note list` and `aroom document list` show those there are")),
    }
}

fn blank(port: &Port, id: OpId, kind: ConversationKind) -> Result<ConversationView, Problem> {
    if !matches!(kind, ConversationKind::Note | ConversationKind::Document) {
        return Err(Problem::new(
            ProblemCode::InvalidInput,
            "only notes and documents begin with a text",
        )
        .hint("open a chat with `conversation/open`"));
    }
    let now = port.engine.ambient.now();
    Ok(ConversationView {
        id: id.into(),
        kind,
        title: String::new(),
        workspace: String::new(),
        model: None,
        mode: None,
        parent: None,
        forked_from: None,
        database: None,
        filing: Filing::default(),
        trust: Trust::User,
        created_at: now,
        updated_at: now,
        seq: Seq(0),
        running: None,
        usage: Usage::default(),
    })
}

async fn open(
    port: &Port,
    id: OpId,
    (view, body): (ConversationView, String),
) -> Result<(), Problem> {
    let conversation = view.id;
    let saved = saved(port, (conversation, 1), (body, None));
    let opened = ConversationEvent::Opened {
        conversation: Box::new(view),
    };
    let events = vec![Event::Conversation(opened), saved];
    let topic = Topic::Conversation(conversation);
    port.engine.bus.publish(topic, Some(id), events).await?;
    Ok(())
}

async fn write(
    port: &Port,
    id: OpId,
    (conversation, base): (ConversationId, u32),
    (body, restored_from): (String, Option<u32>),
) -> Result<(), Problem> {
    let newest = read(port, conversation, None).await?;
    if newest.body == body {
        return Ok(());
    }
    if newest.version != base {
        let by = newest.author.as_deref().unwrap_or("somebody");
        return Err(Problem::new(
            ProblemCode::Conflict,
            format!(
                "the text has version {} by now, written by {by}",
                newest.version
            ),
        )
        .cause(format!(
            "what was to be written was made from version {base}"
        ))
        .hint("nothing was written: read the newest version, bring both together, write again"));
    }
    // Whoever writes in the same moment and is slower is told by storage.
    let saved = saved(port, (conversation, base + 1), (body, restored_from));
    port.tell(Topic::Conversation(conversation), id, saved)
        .await
}

fn saved(
    port: &Port,
    (conversation, version): (ConversationId, u32),
    (body, restored_from): (String, Option<u32>),
) -> Event {
    Event::Text(TextEvent::Saved {
        text: TextView {
            conversation,
            version,
            body,
            updated_at: port.engine.ambient.now(),
            author: Some(port.engine.bus.user().user_display_name.clone()),
            restored_from,
        },
    })
}

fn check(body: &str) -> Result<(), Problem> {
    let wrong = if body.len() > TEXT_BYTES {
        format!("a text has at most {} MB", TEXT_BYTES >> 20)
    } else if body.contains('\0') {
        "this is no text: it holds a zero byte".to_owned()
    } else {
        return Ok(());
    };
    Err(Problem::new(ProblemCode::InvalidInput, wrong)
        .hint("keep it as a file of the workspace; tools and references read those"))
}

/// The beginning of the first line that says something.
fn first_words(body: &str) -> String {
    let line = body
        .lines()
        .map(|line| line.trim_start_matches('#').trim())
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    let words = line.chars().filter(|sign| !sign.is_control());
    words
        .take(TITLE_CHARS)
        .collect::<String>()
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_called_by_its_first_words() {
        let cases = [
            ("", ""),
            ("\n\n# Retry notes\n\nJitter.", "Retry notes"),
            ("one\ntwo", "one"),
            ("##\nafter", "after"),
        ];
        for (body, title) in cases {
            assert_eq!(first_words(body), title, "{body:?}");
        }
        assert_eq!(first_words(&"x".repeat(200)).len(), TITLE_CHARS);
    }

    #[test]
    fn a_text_is_bounded() {
        assert!(check(&"x".repeat(TEXT_BYTES)).is_ok());
        assert!(check(&"x".repeat(TEXT_BYTES + 1)).is_err());
        assert!(check("a\0b").is_err());
    }
}
