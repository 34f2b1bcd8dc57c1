//! `aroom audit`: what was decided and done, and the proof that the record of it is whole.

use crate::clean::reveal;
use crate::context::{Context, Quit};
use crate::exit;
use crate::target;
use crate::theme::{Style, Theme, pad};
use crate::words;
use anteroom_api::{AuditFilter, AuditRecord, Problem, ProblemCode, UnixMillis};
use clap::{Args, Subcommand};
use serde_json::json;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Records asked for at a time.
const PAGE: u32 = 500;

/// `aroom audit`.
#[derive(Clone, Debug, PartialEq, Subcommand)]
pub enum AuditCommand {
    /// List records, the newest last
    #[command(after_help = "\
Examples:
  aroom audit list
  aroom audit list --tool bash --verdict denied --since 2d")]
    List {
        /// Which.
        #[command(flatten)]
        which: Which,
        /// How many
        #[arg(short = 'n', long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        limit: u32,
    },
    /// Write records as JSON lines, the oldest first
    #[command(after_help = "\
Examples:
  aroom audit export audit.jsonl
  aroom audit export - --since 30d | jq -r .effect")]
    Export {
        /// The file, which must not exist; `-` is standard output
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Which.
        #[command(flatten)]
        which: Which,
    },
    /// Prove that no record was changed, removed or reordered
    #[command(after_help = "\
Examples:
  aroom audit verify             exit code 1 and the first bad record, if there is one
  aroom audit verify --json")]
    Verify,
}

/// Which records.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct Which {
    /// Not older than this, for example 90m, 12h, 7d
    #[arg(long, value_name = "AGE", value_parser = age)]
    since: Option<Duration>,
    /// At least so old
    #[arg(long, value_name = "AGE", value_parser = age)]
    until: Option<Duration>,
    /// Of this conversation: its id, or how that begins or ends
    #[arg(long, value_name = "ID")]
    conversation: Option<String>,
    /// Of this tool or module
    #[arg(long, value_name = "NAME")]
    tool: Option<String>,
    /// Of this sort: call, decision, module, rule, setting, undo, trust, database, taint
    #[arg(long, value_name = "SORT")]
    action: Option<String>,
    /// With this outcome: allowed, denied, not_answered, completed, failed, ...
    #[arg(long, value_name = "OUTCOME")]
    verdict: Option<String>,
}

pub(crate) async fn run(context: &mut Context, command: &AuditCommand) -> Result<u8, Quit> {
    match command {
        AuditCommand::List { which, limit } => list(context, which, *limit).await,
        AuditCommand::Export { file, which } => export(context, which, file).await,
        AuditCommand::Verify => verify(context).await,
    }
}

async fn list(context: &mut Context, which: &Which, limit: u32) -> Result<u8, Quit> {
    let records = records(context, which, limit as usize).await?;
    if context.options.is_json {
        context.printer.json(&json!(records));
        return Ok(exit::OK);
    }
    if records.is_empty() {
        context.printer.progress("no such record");
    }
    let (theme, now) = (context.printer.out_theme(), (context.clock)());
    for record in &records {
        context.printer.line(&line(record, now, &theme));
    }
    Ok(exit::OK)
}

async fn export(context: &mut Context, which: &Which, file: &Path) -> Result<u8, Quit> {
    let records = records(context, which, usize::MAX).await?;
    let mut text = String::new();
    for record in &records {
        text.push_str(&json!(record).to_string());
        text.push('\n');
    }
    if file == Path::new("-") {
        context.printer.data(&text);
        return Ok(exit::OK);
    }
    write_new(file, text.as_bytes())?;
    let count = records.len();
    context.printer.progress(&format!(
        "{} {count} records written to {}",
        context.printer.err_theme().ok(),
        reveal(&file.display().to_string())
    ));
    Ok(exit::OK)
}

fn write_new(file: &Path, bytes: &[u8]) -> Result<(), Problem> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let written = options
        .open(file)
        .and_then(|mut open| open.write_all(bytes).and_then(|()| open.sync_all()));
    written.map_err(|error| {
        Problem::new(
            ProblemCode::InvalidInput,
            format!("could not write `{}`", file.display()),
        )
        .cause(error)
        .hint("name a file that does not exist, in a folder you may write to")
    })
}

async fn verify(context: &mut Context) -> Result<u8, Quit> {
    let report = context.host.read().audit_report().await?;
    let code = match report.first_bad {
        Some(_) => exit::FAILED,
        None => exit::OK,
    };
    if context.options.is_json {
        context.printer.json(&json!(report));
        return Ok(code);
    }
    let theme = context.printer.out_theme();
    for remark in &report.remarks {
        context.printer.line(&theme.paint(Style::Dim, remark));
    }
    let line = match &report.first_bad {
        Some(bad) => format!(
            "{} record {} is bad: {}",
            theme.paint(Style::Danger, theme.failed()),
            bad.number,
            reveal(&bad.text)
        ),
        None => format!(
            "{} {} records are as they were written, {} signatures hold",
            theme.paint(Style::Good, theme.ok()),
            report.records,
            report.signatures
        ),
    };
    context.printer.line(&line);
    Ok(code)
}

/// The newest `limit` records that fit, oldest first.
async fn records(context: &Context, which: &Which, limit: usize) -> Result<Vec<AuditRecord>, Quit> {
    let conversation = match &which.conversation {
        Some(name) => Some(target::named(context, name).await?.id),
        None => None,
    };
    let now = (context.clock)();
    let before = |age: Duration| now.plus(-i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
    let filter = AuditFilter {
        since: which.since.map(before),
        until: which.until.map(before),
        conversation,
        tool: which.tool.clone(),
        action: which.action.clone(),
        verdict: which.verdict.clone(),
    };
    let (mut records, mut place) = (Vec::new(), None);
    while records.len() < limit {
        let left = u32::try_from(limit - records.len()).unwrap_or(PAGE);
        let reads = context.host.read();
        let page = reads.audit(filter.clone(), place, left.min(PAGE)).await?;
        records.extend(page.entries);
        place = page.before;
        if place.is_none() {
            break;
        }
    }
    records.reverse();
    Ok(records)
}

pub(crate) fn line(record: &AuditRecord, now: UnixMillis, theme: &Theme) -> String {
    let number = format!("{:>6}", record.number);
    let age = pad(&words::ago(record.at, now), 8);
    let style = match record.verdict.as_str() {
        "denied" | "not_answered" | "failed" => Style::Warning,
        _ => Style::Dim,
    };
    let tier = record
        .tier
        .map_or_else(String::new, |tier| format!("{tier}{}", theme.dot()));
    let tool = record.tool.as_ref().map_or_else(String::new, |tool| {
        format!("{}{}", reveal(tool), theme.dot())
    });
    let head = format!("{number}  {age}  {}  {tier}{tool}", pad(&record.action, 12));
    format!(
        "{head}{}{}{}",
        reveal(&record.effect),
        theme.dot(),
        theme.paint(
            style,
            &format!("{} by {}", record.verdict, reveal(&record.by))
        )
    )
}

/// For example `90m`, `12h`, `7d`, `30s`.
pub(crate) fn age(text: &str) -> Result<Duration, String> {
    let (number, unit) = text.split_at(
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len()),
    );
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return Err("write a number and a unit, for example 90m, 12h, 7d".to_owned()),
    };
    number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(seconds))
        .map(Duration::from_secs)
        .ok_or_else(|| "write a number and a unit, for example 90m, 12h, 7d".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_units() {
        assert_eq!(age("90m"), Ok(Duration::from_secs(5_400)));
        assert_eq!(age("2d"), Ok(Duration::from_secs(172_800)));
        for bad in ["", "5", "m", "1.5h", "99999999999999999999d", "-1d"] {
            assert!(age(bad).is_err(), "{bad}");
        }
    }
}
