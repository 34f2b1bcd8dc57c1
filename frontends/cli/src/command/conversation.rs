//! `aroom conversation`: what was said before.

mod arguments;
pub(crate) mod export;
mod filed;

use super::organize::{find, text};
use super::undo;
use crate::clean::reveal;
use crate::context::{Context, Quit};
use crate::exit;
use crate::target;
use crate::theme::{Style, Theme, pad};
use crate::transcript;
use crate::words;
use anteroom_api::{
    ConversationKind, ConversationOp, ConversationView, Item, Problem, ProblemCode, SearchHit,
    UnixMillis,
};
pub(crate) use arguments::ConversationCommand;
use arguments::{Kind, List};
use serde_json::json;
use unicode_width::UnicodeWidthStr;

/// Items asked for at a time.
const PAGE: u32 = 200;

pub(crate) async fn run(context: &mut Context, command: &ConversationCommand) -> Result<u8, Quit> {
    match command {
        ConversationCommand::List(wanted) => list(context, wanted).await,
        ConversationCommand::Show { id } => show(context, id).await,
        ConversationCommand::Search { words, limit } => {
            search(context, &words.join(" "), *limit).await
        }
        ConversationCommand::Tag { id, add, remove } => {
            filed::tag(context, id, (add, remove)).await
        }
        ConversationCommand::Move(wish) => filed::put(context, wish).await,
        ConversationCommand::Rename { id, title } => {
            filed::rename(context, id, &title.join(" ")).await
        }
        ConversationCommand::Pin { id, off } => filed::pin(context, id, !*off).await,
        ConversationCommand::Rm { ids, yes } => filed::remove(context, ids, *yes).await,
        ConversationCommand::Export(wanted) => export::run(context, wanted).await,
        ConversationCommand::Fork { id, until } => fork(context, id, until.as_deref()).await,
        ConversationCommand::Rewind {
            id,
            before,
            is_undoing,
        } => rewind(context, id, (before, *is_undoing)).await,
    }
}

async fn list(context: &mut Context, wanted: &List) -> Result<u8, Quit> {
    let kinds = match (wanted.all, wanted.kind) {
        (true, _) => Vec::new(),
        (false, None | Some(Kind::Chat)) => vec![ConversationKind::Chat],
        (false, Some(Kind::Note)) => vec![ConversationKind::Note],
        (false, Some(Kind::Document)) => vec![ConversationKind::Document],
    };
    let filter = wanted.list.filter(context, kinds).await?;
    let found = find::conversations(context, &filter, wanted.list.limit).await?;
    if context.options.is_json {
        context.printer.json(&json!(found));
        return Ok(exit::OK);
    }
    if found.is_empty() {
        context.printer.progress(match wanted.list.is_narrow() {
            true => "no conversation fits; leave something out",
            false => "no conversation yet; start one with `aroom chat`",
        });
    }
    let theme = context.printer.out_theme();
    let now = (context.clock)();
    for line in lines(&found, &context.workspace(), now, &theme) {
        context.printer.line(&line);
    }
    Ok(exit::OK)
}

/// Short id, age, title and tags; the folder where it is not this one.
pub(crate) fn lines(
    views: &[ConversationView],
    workspace: &str,
    now: UnixMillis,
    theme: &Theme,
) -> Vec<String> {
    let ages: Vec<String> = views
        .iter()
        .map(|v| words::ago(v.updated_at, now))
        .collect();
    let width = ages.iter().map(|age| age.width()).max().unwrap_or(0);
    views
        .iter()
        .zip(&ages)
        .map(|(view, age)| {
            let place = if view.workspace == workspace {
                String::new()
            } else {
                format!("  {}", reveal(&view.workspace))
            };
            let (title, tags) = marked(view, theme);
            let head = format!("{}  {}  ", target::short(view.id), pad(age, width));
            let room = theme.width.saturating_sub(head.width() + 1);
            let place = theme.fit(&place, room / 2);
            let room = room.saturating_sub(place.width());
            let tags = theme.fit(&tags, room / 2);
            let title = theme.fit(&title, room.saturating_sub(tags.width()));
            let dim = theme.paint(Style::Dim, &format!("{tags}{place}"));
            format!("{head}{title}{dim}")
        })
        .collect()
}

/// A title with what tells it from others at a glance: pinned, no chat; and its tags.
fn marked(view: &ConversationView, theme: &Theme) -> (String, String) {
    let mut parts = Vec::new();
    if view.filing.is_pinned {
        parts.push(theme.sign("\u{2605}", "*").to_owned());
    }
    parts.push(title(view));
    match view.kind {
        ConversationKind::Note => parts.push("(note)".to_owned()),
        ConversationKind::Document => parts.push("(document)".to_owned()),
        ConversationKind::Chat | ConversationKind::Agent => {}
    }
    let tags = view.filing.tags.iter();
    let tags = tags.map(|tag| format!(" #{}", reveal(tag))).collect();
    (parts.join(" "), tags)
}

/// A title to show.
pub(crate) fn title(view: &ConversationView) -> String {
    if view.title.trim().is_empty() {
        "(untitled)".to_owned()
    } else {
        reveal(view.title.trim())
    }
}

async fn show(context: &mut Context, id: &str) -> Result<u8, Quit> {
    let view = target::named(context, id).await?;
    if matches!(
        view.kind,
        ConversationKind::Note | ConversationKind::Document
    ) {
        return text::text(context, &view, None).await;
    }
    let items = all_items(context, &view).await?;
    if context.options.is_json {
        context
            .printer
            .json(&json!({ "conversation": view, "items": items }));
        return Ok(exit::OK);
    }
    let theme = context.printer.out_theme();
    let mut lines = vec![
        theme.paint(Style::Bold, &title(&view)),
        theme.paint(
            Style::Dim,
            &[
                view.id.to_string(),
                reveal(&view.workspace),
                words::usage(view.usage),
            ]
            .join(theme.dot()),
        ),
        String::new(),
    ];
    lines.extend(transcript::lines(&items, &theme));
    for line in lines {
        context.printer.line(&line);
    }
    Ok(exit::OK)
}

async fn fork(context: &mut Context, id: &str, until: Option<&str>) -> Result<u8, Quit> {
    let view = target::named(context, id).await?;
    let items = all_items(context, &view).await?;
    let until = match until {
        Some(item) => undo::one_of(items.iter().map(|item| item.id), item, "item")?,
        None => items.last().map(|item| item.id).ok_or_else(empty)?,
    };
    let op = ConversationOp::Fork {
        conversation: view.id,
        until,
    };
    let fork = context.host.open(op).await?;
    if context.options.is_json {
        let view = context.host.read().conversation(fork).await?;
        context.printer.json(&json!(view));
        return Ok(exit::OK);
    }
    context.printer.line(&fork.to_string());
    let hint = format!("go on with `aroom chat -r {}`", target::short(fork));
    context.printer.progress(&hint);
    Ok(exit::OK)
}

async fn rewind(
    context: &mut Context,
    id: &str,
    (before, is_undoing): (&str, bool),
) -> Result<u8, Quit> {
    let view = target::named(context, id).await?;
    let items = all_items(context, &view).await?;
    let before = undo::one_of(items.iter().map(|item| item.id), before, "item")?;
    let files = undo::rewind(&context.host, view.id, (before, is_undoing)).await?;
    if context.options.is_json {
        let told = json!({ "conversation": view.id, "before": before, "files": files });
        context.printer.json(&told);
        return Ok(exit::OK);
    }
    let theme = context.printer.out_theme();
    for line in undo::file_lines(&files, &view.workspace, &theme) {
        context.printer.line(&line);
    }
    context
        .printer
        .progress("rewound; what came after is kept, and not sent any more");
    Ok(exit::OK)
}

fn empty() -> Problem {
    Problem::new(
        ProblemCode::NotFound,
        "there is nothing in this conversation yet",
    )
}

/// All items, oldest first.
pub(crate) async fn all_items(
    context: &Context,
    view: &ConversationView,
) -> Result<Vec<Item>, Quit> {
    let mut pages = Vec::new();
    let mut before = None;
    loop {
        let page = context
            .host
            .read()
            .items(view.id, before.into(), PAGE)
            .await?;
        pages.push(page.entries);
        before = page.before;
        if before.is_none() {
            break;
        }
    }
    Ok(pages.into_iter().rev().flatten().collect())
}

async fn search(context: &mut Context, words: &str, limit: u32) -> Result<u8, Quit> {
    let hits = context
        .host
        .read()
        .search(words.to_owned(), None, limit)
        .await?;
    if context.options.is_json {
        context.printer.json(&json!(hits));
        return Ok(exit::OK);
    }
    if hits.is_empty() {
        context.printer.progress(&format!("nothing for `{words}`"));
    }
    let theme = context.printer.out_theme();
    for line in hit_lines(&hits, &theme) {
        context.printer.line(&line);
    }
    Ok(exit::OK)
}

/// Where the words were found.
pub(crate) fn hit_lines(hits: &[SearchHit], theme: &Theme) -> Vec<String> {
    hits.iter()
        .flat_map(|hit| {
            let mut title = if hit.title.trim().is_empty() {
                "(untitled)".to_owned()
            } else {
                reveal(hit.title.trim())
            };
            match hit.kind {
                ConversationKind::Note => title.push_str(" (note)"),
                ConversationKind::Document => title.push_str(" (document)"),
                ConversationKind::Chat | ConversationKind::Agent => {}
            }
            [
                format!("{}  {title}", target::short(hit.conversation)),
                format!("    {}", snippet(&hit.snippet, theme)),
            ]
        })
        .collect()
}

/// The words that matched stand between U+0002 and U+0003.
fn snippet(text: &str, theme: &Theme) -> String {
    let flat: String = text
        .chars()
        .map(|sign| if sign == '\n' { ' ' } else { sign })
        .collect();
    flat.split('\u{2}')
        .enumerate()
        .map(|(at, part)| match part.split_once('\u{3}') {
            Some((found, after)) if at > 0 => {
                format!(
                    "{}{}",
                    theme.paint(Style::Bold, &reveal(found)),
                    reveal(after)
                )
            }
            _ => reveal(&part.replace('\u{3}', "")),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Bench, Views, item, uuid_of, view};
    use crate::theme::BARE;
    use anteroom_api::{ItemBody, Status};

    #[test]
    fn conversations_are_listed_with_their_age() {
        let mut old = view(7, "/elsewhere");
        old.title = String::new();
        let mut new = view(8, "/w");
        new.updated_at = UnixMillis(3_600_000);
        assert_eq!(
            lines(&[new, old], "/w", UnixMillis(7_200_000), &BARE),
            [
                "00000008  1 h ago  Talk 8",
                "00000007  2 h ago  (untitled)  /elsewhere",
            ]
        );
    }

    #[test]
    fn a_long_title_leaves_room_for_what_it_is_found_by() {
        let mut view = view(7, "/w");
        view.title = "words ".repeat(30);
        view.kind = ConversationKind::Note;
        view.filing.is_pinned = true;
        view.filing.tags = vec!["q3".into(), "ru\u{1b}st".into()];
        let line = &lines(&[view], "/w", UnixMillis(0), &BARE)[0];
        assert!(
            line.starts_with("00000007  just now  ★ words words"),
            "{line}"
        );
        assert!(line.ends_with(" #q3 #ru\\u{1b}st"), "{line}");
        assert!(line.width() <= BARE.width, "{line}");
    }

    #[test]
    fn hits_mark_their_words() {
        let hit = SearchHit {
            conversation: uuid_of::id(7),
            title: "Retry".into(),
            kind: anteroom_api::ConversationKind::Chat,
            item: Some(uuid_of::id(1)),
            snippet: "with \u{2}back\u{1b}off\u{3} and\njitter".into(),
        };
        let color = Theme {
            has_color: true,
            ..BARE
        };
        assert_eq!(
            hit_lines(std::slice::from_ref(&hit), &color)[1],
            "    with \u{1b}[1mback\\u{1b}off\u{1b}[0m and jitter"
        );
        assert_eq!(hit_lines(&[hit], &BARE)[0], "00000007  Retry");
    }

    #[test]
    fn a_conversation_is_shown_whole() {
        let views = Views {
            conversations: vec![view(7, "/w")],
            items: vec![item(
                1,
                Status::Completed,
                ItemBody::AgentMessage { text: "Hi".into() },
            )],
            ..Views::default()
        };
        let ran = Bench::with(&["conv", "show", "000000000007"], vec![], views, "").run();
        assert_eq!(
            ran.out,
            "Talk 7\n00000000-0000-7000-8000-000000000007 · /w · 0 in 0 out\n\nHi\n\n"
        );
        let ran = Bench::new(&["conv", "show", "abcdef"], vec![]).run();
        assert_eq!(ran.code, exit::NOT_FOUND);
    }
}
