//! Where a conversation is put, what it is called, and its end.

use super::title;
use crate::clean::reveal;
use crate::command::organize::{done, find};
use crate::context::{Context, Quit};
use crate::exit;
use crate::target;
use anteroom_api::ConversationOp;
use serde_json::json;

use super::arguments::Move;

pub(super) async fn tag(
    context: &mut Context,
    id: &str,
    (add, remove): (&[String], &[String]),
) -> Result<u8, Quit> {
    let conversation = target::named(context, id).await?.id;
    let op = ConversationOp::Tag {
        conversation,
        add: add.to_vec(),
        remove: remove.to_vec(),
    };
    context.host.submit(op).await?;
    let tags = context
        .host
        .read()
        .conversation(conversation)
        .await?
        .filing
        .tags;
    if context.options.is_json {
        let told = json!({ "conversation": conversation, "tags": tags });
        context.printer.json(&told);
        return Ok(exit::OK);
    }
    if tags.is_empty() {
        context.printer.progress("it has no tags");
    }
    for tag in tags {
        context.printer.line(&format!("#{}", reveal(&tag)));
    }
    Ok(exit::OK)
}

pub(super) async fn put(context: &mut Context, wish: &Move) -> Result<u8, Quit> {
    let view = target::named(context, &wish.id).await?;
    let conversation = view.id;
    let mut words = Vec::new();
    if wish.out || wish.folder.is_some() {
        let folder = match &wish.folder {
            Some(path) => Some(find::folder(context, path).await?),
            None => None,
        };
        words.push(match &folder {
            Some(folder) => format!("in `{}`", reveal(&folder.path)),
            None => "in no folder".to_owned(),
        });
        let op = ConversationOp::Move {
            conversation,
            folder: folder.map(|folder| folder.id),
        };
        context.host.submit(op).await?;
    }
    if wish.no_project || wish.project.is_some() {
        let project = match &wish.project {
            Some(name) => Some(find::project(context, name).await?),
            None => None,
        };
        words.push(match &project {
            Some(project) => format!("of the project `{}`", reveal(&project.spec.name)),
            None => "of no project".to_owned(),
        });
        let op = ConversationOp::Assign {
            conversation,
            project: project.map(|project| project.id),
        };
        context.host.submit(op).await?;
    }
    let filing = context.host.read().conversation(conversation).await?.filing;
    let told = json!({ "conversation": conversation, "filing": filing });
    let words = format!("`{}` is {} now", title(&view), words.join(" and "));
    Ok(done(context, &told, &words))
}

pub(super) async fn rename(context: &mut Context, id: &str, new: &str) -> Result<u8, Quit> {
    let conversation = target::named(context, id).await?.id;
    let op = ConversationOp::Rename {
        conversation,
        title: new.to_owned(),
    };
    context.host.submit(op).await?;
    let told = json!({ "conversation": conversation, "title": new.trim() });
    let words = format!("it is called `{}` now", reveal(new.trim()));
    Ok(done(context, &told, &words))
}

pub(super) async fn pin(context: &mut Context, id: &str, is_pinned: bool) -> Result<u8, Quit> {
    let conversation = target::named(context, id).await?.id;
    let op = ConversationOp::Pin {
        conversation,
        is_pinned,
    };
    context.host.submit(op).await?;
    let told = json!({ "conversation": conversation, "is_pinned": is_pinned });
    let words = match is_pinned {
        true => "pinned; `aroom conversation list --pinned` shows it",
        false => "not pinned any more",
    };
    Ok(done(context, &told, words))
}

pub(super) async fn remove(
    context: &mut Context,
    ids: &[String],
    is_yes: bool,
) -> Result<u8, Quit> {
    let mut views = Vec::new();
    for id in ids {
        let view = target::named(context, id).await?;
        if !views.contains(&view) {
            views.push(view);
        }
    }
    let titles: Vec<String> = views
        .iter()
        .map(|view| format!("`{}`", title(view)))
        .collect();
    let titles = titles.join(", ");
    let question = format!("Delete {titles} with all that belongs to it?");
    if !find::confirmed(context, &question, is_yes)? {
        return Ok(find::left(context));
    }
    let mut deleted = Vec::new();
    for view in views {
        let op = ConversationOp::Delete {
            conversation: view.id,
        };
        context.host.submit(op).await?;
        deleted.push(view.id);
    }
    let told = json!({ "deleted": deleted });
    Ok(done(context, &told, &format!("deleted {titles}")))
}
