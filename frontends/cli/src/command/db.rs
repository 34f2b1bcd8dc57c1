//! `aroom db`: the databases as things to look after: copies, checks, export and import, shared files.

use crate::clean::reveal;
use crate::context::{Context, Quit, host_stopped};
use crate::exit;
use crate::follow::{Follower, Told};
use crate::target;
use crate::theme::{Style, Theme};
use crate::words;
use anteroom_api::{
    DatabaseEvent, DatabaseOp, DatabaseView, Event, Health, OpId, Seq, Topic, UnixMillis,
};
use clap::Subcommand;
use serde_json::json;
use std::path::{Path, PathBuf};

/// `aroom db`.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum DbCommand {
    /// Show the databases, their sizes, and what is wrong with them
    #[command(after_help = "\
Examples:
  aroom db status
  aroom db status --json | jq '.[].complaints'")]
    Status,
    /// Read them through; exit code 1 if anything is wrong
    #[command(after_help = "\
Examples:
  aroom db check
  aroom db check --json")]
    Check,
    /// Copy the personal database, while it is in use
    #[command(after_help = "\
Examples:
  aroom db backup                        into the data folder's `backups`
  aroom db backup /mnt/usb/anteroom.db   must not exist

A copy is made by itself once a day; `data.backup_keep` says how many are kept.")]
    Backup {
        /// Where to
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Put a copy in the place of the database, copied first
    #[command(after_help = "\
Examples:
  aroom db restore ~/.anteroom/backups/daily-20261121-090000-000.db
  aroom db restore ~/.anteroom/anteroom.db.backup-v5

No other `aroom` may run meanwhile.")]
    Restore {
        /// The copy
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Give unused space back
    #[command(after_help = "\
Examples:
  aroom db vacuum
  aroom db vacuum --json")]
    Vacuum,
    /// Write whole conversations as JSON lines
    #[command(after_help = "\
Examples:
  aroom db export everything.jsonl
  aroom db export talk.jsonl 5f21c0de 9ab04411

The file holds what was said, without settings, keys and permissions.")]
    Export {
        /// Where to; must not exist
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Which: their ids, or how those begin or end; all if none
        #[arg(value_name = "CONVERSATION")]
        conversations: Vec<String>,
    },
    /// Read what `export` wrote; what is there stays
    #[command(after_help = "\
Examples:
  aroom db import talk.jsonl
  aroom db import talk.jsonl --json")]
    Import {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Further databases that are shown beside the personal one
    #[command(
        subcommand_required = true,
        arg_required_else_help = true,
        after_help = "\
Examples:
  aroom db shared add team /srv/anteroom/team.db
  aroom db shared list
  aroom db shared remove team"
    )]
    Shared {
        /// What to do with them.
        #[command(subcommand)]
        command: SharedCommand,
    },
}

/// `aroom db shared`.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum SharedCommand {
    /// Add one, made if it does not exist; on a local disk
    #[command(after_help = "\
Examples:
  aroom db shared add team /srv/anteroom/team.db
  aroom db shared add archive ~/archive.db")]
    Add {
        /// Letters, digits, `-` and `_`
        #[arg(value_name = "NAME")]
        name: String,
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// List them
    #[command(after_help = "\
Examples:
  aroom db shared list
  aroom db shared list --json")]
    List,
    /// Let go of one; its file stays
    #[command(after_help = "\
Examples:
  aroom db shared remove team
  aroom db shared remove team --json")]
    Remove {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
    },
}

pub(crate) async fn run(context: &mut Context, command: &DbCommand) -> Result<u8, Quit> {
    let op = match command {
        DbCommand::Status => return show(context, (false, |_| true)).await,
        DbCommand::Check => return show(context, (true, |_| true)).await,
        DbCommand::Shared {
            command: SharedCommand::List,
        } => return show(context, (false, |view| !view.name.is_empty())).await,
        DbCommand::Backup { file } => DatabaseOp::BackUp {
            path: file.as_ref().map(|file| absolute(context, file)),
        },
        DbCommand::Restore { file } => DatabaseOp::Restore {
            path: absolute(context, file),
        },
        DbCommand::Vacuum => DatabaseOp::Vacuum,
        DbCommand::Export {
            file,
            conversations,
        } => {
            let mut ids = Vec::new();
            for id in conversations {
                ids.push(target::named(context, id).await?.id);
            }
            DatabaseOp::Export {
                path: absolute(context, file),
                conversations: ids,
            }
        }
        DbCommand::Import { file } => DatabaseOp::Import {
            path: absolute(context, file),
        },
        DbCommand::Shared {
            command: SharedCommand::Add { name, file },
        } => DatabaseOp::ShareAdd {
            name: name.clone(),
            path: absolute(context, file),
        },
        DbCommand::Shared {
            command: SharedCommand::Remove { name },
        } => DatabaseOp::ShareRemove { name: name.clone() },
    };
    let event = done(context, op).await?;
    if context.options.is_json {
        context.printer.json(&json!(event));
    } else {
        say(context, &event);
    }
    Ok(exit::OK)
}

/// Submits a wish, which is carried out before it is answered, and finds what came of it.
async fn done(context: &Context, op: DatabaseOp) -> Result<DatabaseEvent, Quit> {
    /// The answer, and whatever else is told right after it.
    const LAST: u64 = 64;
    let id: OpId = context.host.submit(op).await?;
    // From behind, because a restored database counts from another number.
    let newest = context.host.read().host_seq().await?;
    let after = Seq(newest.0.saturating_sub(LAST));
    if newest == Seq(0) {
        return Err(host_stopped().into());
    }
    let mut facts = Follower::new(&context.host, Topic::Host, after);
    while let Some(told) = facts.next().await {
        let Told::Fact(envelope) = told else { continue };
        match envelope.event {
            Event::Database(event) if envelope.cause == Some(id) => return Ok(event),
            _ if envelope.seq >= newest => break,
            _ => {}
        }
    }
    Err(host_stopped().into())
}

fn say(context: &mut Context, event: &DatabaseEvent) {
    let file = |path: &str| reveal(path);
    let count = |number: u64| {
        words::plural(
            usize::try_from(number).unwrap_or(usize::MAX),
            "conversation",
            "conversations",
        )
    };
    let text = match event {
        DatabaseEvent::BackedUp { path, size_bytes } => {
            format!("copied to {} ({})", file(path), words::bytes(*size_bytes))
        }
        DatabaseEvent::Restored { path, kept } => {
            format!(
                "put back {}; what was there is kept in {}",
                file(path),
                file(kept)
            )
        }
        DatabaseEvent::Vacuumed {
            before_bytes,
            after_bytes,
        } => format!(
            "{} before, {} now",
            words::bytes(*before_bytes),
            words::bytes(*after_bytes)
        ),
        DatabaseEvent::Exported {
            path,
            conversations,
        } => format!("{} written to {}", count(*conversations), file(path)),
        DatabaseEvent::Imported {
            path,
            conversations,
            skipped: 0,
        } => format!("{} read from {}", count(*conversations), file(path)),
        DatabaseEvent::Imported {
            path,
            conversations,
            skipped,
        } => format!(
            "{} read from {}; {skipped} left alone, because they are there already",
            count(*conversations),
            file(path)
        ),
        DatabaseEvent::SharedAdded { name, path } => {
            format!("`{}` is {}", reveal(name), file(path))
        }
        DatabaseEvent::SharedRemoved { name } => {
            format!("`{}` is let go of; its file stays", reveal(name))
        }
    };
    let ok = context.printer.err_theme().ok();
    context.printer.progress(&format!("{ok} {text}"));
}

async fn show(
    context: &mut Context,
    (is_checking, is_wanted): (bool, fn(&DatabaseView) -> bool),
) -> Result<u8, Quit> {
    let mut views = context.host.read().databases(is_checking).await?;
    views.retain(is_wanted);
    let is_sound = views.iter().all(|view| view.complaints.is_empty());
    if context.options.is_json {
        context.printer.json(&json!(views));
    } else {
        if views.is_empty() {
            context
                .printer
                .progress("no shared database; add one with `aroom db shared add NAME FILE`");
        }
        let theme = context.printer.out_theme();
        let now = (context.clock)();
        for line in lines(&views, now, &theme) {
            context.printer.line(&line);
        }
    }
    Ok(if is_checking && !is_sound {
        exit::FAILED
    } else {
        exit::OK
    })
}

/// Each database with what is in it, what takes its space, and what is wrong with it.
fn lines(views: &[DatabaseView], now: UnixMillis, theme: &Theme) -> Vec<String> {
    let mut lines = Vec::new();
    for view in views {
        let health = if view.complaints.is_empty() {
            Health::Ok
        } else {
            Health::Failed
        };
        let name = match view.name.as_str() {
            "" => "personal".to_owned(),
            name => reveal(name),
        };
        lines.push(format!(
            "{} {}  {}",
            theme.health(health),
            theme.paint(Style::Bold, &name),
            theme.paint(Style::Dim, &reveal(&view.path))
        ));
        if view.schema > 0 {
            lines.push(format!("    {}", facts(view, now).join(theme.dot())));
        }
        if !view.parts.is_empty() {
            let part = |part: &anteroom_api::PartView| {
                format!("{} {}", reveal(&part.name), words::bytes(part.bytes))
            };
            let parts: Vec<String> = view.parts.iter().map(part).collect();
            let parts = format!("    {}", parts.join(theme.dot()));
            lines.push(theme.paint(Style::Dim, &parts));
        }
        for complaint in &view.complaints {
            lines.push(theme.paint(Style::Warning, &format!("    {}", reveal(complaint))));
        }
    }
    lines
}

fn facts(view: &DatabaseView, now: UnixMillis) -> Vec<String> {
    let mut facts = vec![
        format!("{} conversations", words::count(view.conversations)),
        format!("{} items", words::count(view.items)),
        words::bytes(view.size_bytes),
        format!("schema {}", view.schema),
    ];
    if view.is_read_only {
        facts.push("read-only".to_owned());
    }
    if view.name.is_empty() {
        facts.push(match view.backed_up_at {
            Some(at) => format!("copied {}", words::ago(at, now)),
            None => "never copied; `aroom db backup`".to_owned(),
        });
    }
    facts
}

/// A file as the host is told it: from the folder that is worked in.
fn absolute(context: &Context, file: &Path) -> String {
    context.workspace.join(file).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Bench, Step, Views};
    use crate::theme::BARE;
    use anteroom_api::{Op, PartView};

    fn personal() -> DatabaseView {
        DatabaseView {
            name: String::new(),
            path: "/home/u/.anteroom/anteroom.db".into(),
            size_bytes: 3 << 20,
            schema: 6,
            conversations: 2,
            items: 40,
            backed_up_at: Some(UnixMillis(0)),
            is_read_only: false,
            parts: vec![PartView {
                name: "backups/".into(),
                bytes: 5 << 20,
            }],
            complaints: vec![],
        }
    }

    #[test]
    fn databases_are_shown_with_what_is_wrong() {
        let team = DatabaseView {
            name: "team".into(),
            path: "/srv/team\u{1b}.db".into(),
            schema: 0,
            parts: vec![],
            complaints: vec!["there is no database; look for it".into()],
            ..personal()
        };
        let views = [personal(), team];
        assert_eq!(
            lines(&views, UnixMillis(7_200_000), &BARE),
            [
                "✓ personal  /home/u/.anteroom/anteroom.db",
                "    2 conversations · 40 items · 3.1 MB · schema 6 · copied 2 h ago",
                "    backups/ 5.2 MB",
                "✗ team  /srv/team\\u{1b}.db",
                "    there is no database; look for it",
            ]
        );
    }

    #[test]
    fn a_check_fails_where_something_is_wrong() {
        for (complaints, code) in [(vec![], exit::OK), (vec!["torn".to_owned()], exit::FAILED)] {
            let views = Views {
                databases: vec![DatabaseView {
                    complaints,
                    ..personal()
                }],
                ..Views::default()
            };
            let ran = Bench::with(&["db", "check"], vec![], views.clone(), "").run();
            assert_eq!(ran.code, code);
            let ran = Bench::with(&["db", "status"], vec![], views, "").run();
            assert_eq!(ran.code, exit::OK);
        }
    }

    #[test]
    fn files_are_named_whole() {
        let script = vec![
            Step::Await(|op| matches!(op, Op::Database(_))),
            Step::News(Box::new(Event::Database(DatabaseEvent::SharedRemoved {
                name: "other".into(),
            }))),
        ];
        let mut bench = Bench::new(&["db", "backup", "copy.db"], script);
        let ran = bench.run();
        let wanted = Op::Database(DatabaseOp::BackUp {
            path: Some("/w/copy.db".into()),
        });
        assert_eq!(bench.fake.ops(), [wanted]);
        assert_eq!(ran.code, exit::FAILED, "the answer of somebody else");
    }
}
