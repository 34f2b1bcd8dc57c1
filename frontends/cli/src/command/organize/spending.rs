//! `aroom usage`: tokens and cost by day, model and project.

use crate::clean::reveal;
use crate::context::{Context, Quit};
use crate::exit;
use crate::theme::{Style, Theme, pad};
use crate::words;
use anteroom_api::{SpendingRow, UnixMillis, Usage};
use clap::Args;
use serde_json::json;
use unicode_width::UnicodeWidthStr;

const DAY_MS: i64 = 86_400_000;

/// `aroom usage`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct Spending {
    /// How many days back, today included; days are those of UTC
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub days: u32,
    /// Comma-separated values with a head line
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
}

pub(crate) async fn run(context: &mut Context, spending: &Spending) -> Result<u8, Quit> {
    let since = since((context.clock)(), spending.days);
    let rows = context.host.read().spending(since).await?;
    if context.options.is_json {
        context.printer.json(&json!(rows));
        return Ok(exit::OK);
    }
    if spending.csv {
        context.printer.data(&csv(&rows));
        return Ok(exit::OK);
    }
    let theme = context.printer.out_theme();
    for line in lines(&rows, &theme) {
        context.printer.line(&line);
    }
    Ok(exit::OK)
}

/// The beginning of the first of so many days.
pub(crate) fn since(now: UnixMillis, days: u32) -> UnixMillis {
    let today = now.0.div_euclid(DAY_MS);
    UnixMillis((today - i64::from(days) + 1) * DAY_MS)
}

/// A table with its sum; requests and tokens as figures in words.
pub(crate) fn lines(rows: &[SpendingRow], theme: &Theme) -> Vec<String> {
    if rows.is_empty() {
        return vec!["nothing was asked of a model in this time".to_owned()];
    }
    let mut cells = vec![
        [
            "day", "model", "project", "requests", "in", "cached", "out", "cost",
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    let mut sum = (0, Usage::default());
    for row in rows {
        sum = (sum.0 + row.requests, sum.1.plus(row.usage));
        let head = [
            words::date(row.day),
            model(row).to_owned(),
            reveal(&row.project_name),
        ];
        cells.push(
            head.into_iter()
                .chain(figures(row.requests, row.usage))
                .collect(),
        );
    }
    let total = [String::new(), "all".to_owned(), String::new()];
    cells.push(total.into_iter().chain(figures(sum.0, sum.1)).collect());
    table(&cells, theme)
}

fn model(row: &SpendingRow) -> &str {
    match row.model.as_str() {
        "" => "(unknown)",
        model => model,
    }
}

fn figures(requests: u64, usage: Usage) -> [String; 5] {
    let about = if usage.is_estimated { "~" } else { "" };
    [
        words::count(requests),
        format!("{about}{}", words::count(usage.prompt_tokens)),
        words::count(usage.cached_tokens),
        format!("{about}{}", words::count(usage.completion_tokens)),
        cost(usage.cost_micros),
    ]
}

/// Four places, or nothing where nothing has a price.
fn cost(micros: u64) -> String {
    match micros {
        0 => "-".to_owned(),
        micros => format!("{}.{:04}", micros / 1_000_000, micros / 100 % 10_000),
    }
}

/// Words to the left, figures to the right; the first and the last row stand out.
fn table(cells: &[Vec<String>], theme: &Theme) -> Vec<String> {
    let columns = cells.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            let texts = cells.iter().filter_map(|row| row.get(column));
            texts.map(|text| text.width()).max().unwrap_or(0)
        })
        .collect();
    let last = cells.len().saturating_sub(1);
    cells
        .iter()
        .enumerate()
        .map(|(at, row)| {
            let parts = row
                .iter()
                .zip(&widths)
                .enumerate()
                .map(|(column, (text, width))| match column < 3 {
                    true => pad(&reveal(text), *width),
                    false => format!("{}{text}", " ".repeat(width.saturating_sub(text.width()))),
                });
            let line = parts.collect::<Vec<_>>().join("  ");
            let line = theme.fit(line.trim_end(), theme.width.max(20));
            match at {
                0 => theme.paint(Style::Dim, &line),
                at if at == last => theme.paint(Style::Bold, &line),
                _ => line,
            }
        })
        .collect()
}

/// One line for each row; texts quoted, figures whole.
fn csv(rows: &[SpendingRow]) -> String {
    let mut text = "day,model,project,requests,prompt_tokens,cached_tokens,completion_tokens,cost_micros,is_estimated\n".to_owned();
    for row in rows {
        let usage = row.usage;
        let fields = [
            words::date(row.day),
            quoted(&row.model),
            quoted(&row.project_name),
            row.requests.to_string(),
            usage.prompt_tokens.to_string(),
            usage.cached_tokens.to_string(),
            usage.completion_tokens.to_string(),
            usage.cost_micros.to_string(),
            usage.is_estimated.to_string(),
        ];
        text.push_str(&fields.join(","));
        text.push('\n');
    }
    text
}

/// A name that a spreadsheet would take for a formula is told apart by a quote, as OWASP advises.
fn quoted(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let mark = if is_formula { "'" } else { "" };
    format!("\"{mark}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit;
    use crate::fake::{Bench, Views, filed::Filed};
    use crate::theme::BARE;

    fn row(day: i64, model: &str, project: &str, tokens: u64) -> SpendingRow {
        SpendingRow {
            day: UnixMillis(day * DAY_MS),
            model: model.into(),
            project: None,
            project_name: project.into(),
            requests: 2,
            usage: Usage {
                prompt_tokens: tokens,
                completion_tokens: 12,
                cached_tokens: 5,
                cost_micros: tokens * 10,
                is_estimated: false,
            },
        }
    }

    #[test]
    fn a_table_has_its_sum() {
        let rows = [row(20_000, "qwen3", "Loader", 3100), row(19_999, "", "", 0)];
        assert_eq!(
            lines(&rows, &BARE),
            [
                "day         model      project  requests    in  cached  out    cost",
                "2024-10-04  qwen3      Loader          2  3.1k       5   12  0.0310",
                "2024-10-03  (unknown)                  2     0       5   12       -",
                "            all                        4  3.1k      10   24  0.0310",
            ]
        );
        assert_eq!(lines(&[], &BARE).len(), 1);
    }

    #[test]
    fn values_are_separated_by_commas_and_no_formula() {
        let views = Views {
            filed: Filed {
                spending: vec![row(20_000, "=cmd()", "a \"b\", c", 7)],
                ..Filed::default()
            },
            ..Views::default()
        };
        let ran = Bench::with(&["usage", "--csv"], vec![], views, "").run();
        assert_eq!(ran.code, exit::OK);
        assert_eq!(
            ran.out.lines().nth(1),
            Some("2024-10-04,\"'=cmd()\",\"a \"\"b\"\", c\",2,7,5,12,70,false")
        );
    }

    #[test]
    fn days_are_counted_with_today() {
        let now = UnixMillis(20_000 * DAY_MS + 5);
        assert_eq!(since(now, 1), UnixMillis(20_000 * DAY_MS));
        assert_eq!(since(now, 30), UnixMillis(19_971 * DAY_MS));
    }
}
