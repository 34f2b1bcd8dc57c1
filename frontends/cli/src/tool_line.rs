//! One tool call in one line, and what stands below it when more is wanted. Pure.
//!
//! Knows no tool by name: the subject is what the gate called the effect, or the most telling argument.

use crate::clean::{clean, reveal};
use crate::highlight;
use crate::theme::{Style, Theme, visible_width};
use crate::words;
use anteroom_api::{Meter, Resolution, Status, Tier, ToolCall, ToolContent, ToolResult};
use serde_json::Value;
use std::collections::BTreeSet;

/// `○ read_file src/lib.rs  ✓ 120 lines 0.2s`, not wider than the terminal.
pub(crate) fn tool_line(call: &ToolCall, status: Status, theme: &Theme) -> String {
    let (sign, style, word) = outcome(call, status, theme);
    let mut said = vec![sign.to_owned()];
    if !word.is_empty() {
        said.push(word.to_owned());
    }
    said.extend(figure(call, status, theme));
    said.extend(
        call.meter
            .as_ref()
            .map(|meter| words::duration(meter.wall_us / 1000)),
    );
    let tail = Tail {
        changes: changes(call),
        said: said.join(" "),
        style,
    };
    line(call.tier, &reveal(&call.tool), &subject(call), &tail, theme)
}

/// A call that runs: `▶ bash cargo test  ⠹ 8s`.
pub(crate) fn running_line(call: &ToolCall, elapsed_ms: u64, tick: u64, theme: &Theme) -> String {
    let tail = Tail {
        changes: None,
        said: format!(
            "{} {}",
            theme.spinner(tick),
            words::seconds(elapsed_ms / 1000)
        ),
        style: Style::Dim,
    };
    line(call.tier, &reveal(&call.tool), &subject(call), &tail, theme)
}

/// Similar calls that went well, in one line: `○ read 6 files  ✓ 0.3s`.
pub(crate) fn merged_line(calls: &[ToolCall], theme: &Theme) -> Option<String> {
    let first = calls.first()?;
    if calls.len() == 1 {
        return Some(tool_line(first, Status::Completed, theme));
    }
    let tier = calls.iter().map(|call| call.tier).max()?;
    let is_same = calls.iter().all(|call| call.tool == first.tool);
    let (head, about) = if is_same {
        merged_words(calls, first)
    } else {
        (words::plural(calls.len(), "call", "calls"), tools(calls))
    };
    let wall_us: u64 = calls
        .iter()
        .filter_map(|call| call.meter.as_ref())
        .map(|meter| meter.wall_us)
        .sum();
    let mut said = theme.ok().to_owned();
    if calls.iter().any(|call| call.meter.is_some()) {
        said.push_str(&format!(" {}", words::duration(wall_us / 1000)));
    }
    let changed = calls.iter().filter_map(changes);
    let tail = Tail {
        changes: changed.reduce(|a, b| (a.0.saturating_add(b.0), a.1.saturating_add(b.1))),
        said,
        style: Style::Good,
    };
    Some(line(tier, &head, &about, &tail, theme))
}

/// `read 6 files` for `read_file`: a verb and what it is done to; for other names how often.
fn merged_words(calls: &[ToolCall], first: &ToolCall) -> (String, String) {
    let subjects: BTreeSet<String> = calls.iter().map(subject).collect();
    let times = format!("{}x", calls.len());
    let name = reveal(&first.tool);
    match name.split_once('_') {
        Some((verb, noun)) if subjects.len() > 1 && !noun.contains('_') && !noun.ends_with('s') => {
            let about = if subjects.len() < calls.len() {
                times
            } else {
                String::new()
            };
            (format!("{verb} {} {noun}s", subjects.len()), about)
        }
        _ => {
            let about = match subjects.len() {
                1 => format!("{} {times}", subject(first)),
                _ => times,
            };
            (name, about)
        }
    }
}

/// `read_file 6x, bash`.
fn tools(calls: &[ToolCall]) -> String {
    let mut counted: Vec<(&str, usize)> = Vec::new();
    for call in calls {
        match counted.iter_mut().find(|(tool, _)| *tool == call.tool) {
            Some((_, count)) => *count += 1,
            None => counted.push((&call.tool, 1)),
        }
    }
    let parts: Vec<String> = counted
        .into_iter()
        .map(|(tool, count)| match count {
            1 => reveal(tool),
            _ => format!("{} {count}x", reveal(tool)),
        })
        .collect();
    parts.join(", ")
}

/// What stands at the end of a line.
struct Tail {
    changes: Option<(u32, u32)>,
    said: String,
    style: Style,
}

fn line(tier: Tier, name: &str, about: &str, tail: &Tail, theme: &Theme) -> String {
    let figures = tail.changes.map(|(added, removed)| {
        let minus = format!("{}{removed}", theme.minus());
        let plus = theme.paint(Style::Good, &format!("+{added}"));
        format!("  {plus} {}", theme.paint(Style::Danger, &minus))
    });
    let figures = figures.unwrap_or_default();
    let head = format!("{} {name}", theme.tier_sign(tier));
    let used = visible_width(&head) + visible_width(&figures) + visible_width(&tail.said) + 4;
    let about = theme.fit(about, theme.width.saturating_sub(used));
    let head = theme.paint(Theme::tier_style(tier), &head);
    let space = if about.is_empty() { "" } else { " " };
    format!(
        "{head}{space}{about}{figures}  {}",
        theme.paint(tail.style, &tail.said)
    )
}

/// What came of it, in a word or two: the last line of a command's output, the lines of what was read.
fn figure(call: &ToolCall, status: Status, theme: &Theme) -> Option<String> {
    /// A longer last line says little.
    const LONGEST: usize = 36;
    let result = call
        .result
        .as_ref()
        .filter(|_| status == Status::Completed)?;
    let [ToolContent::Text { text }] = result.content.as_slice() else {
        return None;
    };
    let text = clean(ToolResult::unframed(text));
    match call.tier {
        Tier::Read => Some(words::plural(text.lines().count(), "line", "lines")),
        Tier::Write => None,
        Tier::Execute | Tier::Destructive => {
            let last = text.lines().rev().find(|line| !line.trim().is_empty())?;
            let last = reveal(last.trim());
            let is_short = visible_width(&last) <= LONGEST.min(theme.width / 2);
            is_short.then_some(last)
        }
    }
}

/// What calls changed, with signs and colors, for the most lines given; nothing for calls that changed nothing.
pub(crate) fn diff_lines(call: &ToolCall, most: usize, theme: &Theme) -> Vec<String> {
    let contents = call.result.iter().flat_map(|result| &result.content);
    let room = theme.width.saturating_sub(5);
    let mut lines = Vec::new();
    for content in contents {
        let ToolContent::Diff { unified, .. } = content else {
            continue;
        };
        let changed = unified
            .lines()
            .filter(|line| !line.starts_with("---") && !line.starts_with("+++"));
        lines.extend(changed.map(|line| {
            let line = theme.fit(&reveal(line), room);
            format!("    {}", highlight::diff_line(&line, theme))
        }));
    }
    let hidden = lines.len().saturating_sub(most);
    lines.truncate(most);
    if hidden > 0 {
        let more = format!(
            "    {} {}",
            theme.ellipsis(),
            words::plural(hidden, "line", "lines")
        );
        lines.push(theme.paint(Style::Dim, &more));
    }
    lines
}

/// Whether a person saw what the call would change when they allowed it.
pub(crate) fn was_seen(call: &ToolCall) -> bool {
    let is_person = |by: &str| !matches!(by, "policy" | "rule" | "call" | "nobody");
    call.decisions
        .iter()
        .any(|decision| is_person(&decision.by))
}

/// The first line of what went wrong; none for a call that went well.
pub(crate) fn failure_line(call: &ToolCall, status: Status, theme: &Theme) -> Option<String> {
    if status != Status::Failed {
        return None;
    }
    let text = result_text(call);
    let first = text.lines().find(|line| !line.trim().is_empty())?;
    Some(format!(
        "    {}",
        theme.fit(&reveal(first.trim()), theme.width.saturating_sub(6))
    ))
}

/// What the call used, for `-v`.
pub(crate) fn meter_line(meter: &Meter, theme: &Theme) -> String {
    let mut parts = vec![
        format!("cpu {}", words::duration(meter.cpu_us / 1000)),
        format!("peak {}", words::bytes(meter.peak_memory_bytes)),
    ];
    let mut add = |number: u64, text: String| {
        if number > 0 {
            parts.push(text);
        }
    };
    add(
        meter.bytes_read,
        format!("read {}", words::bytes(meter.bytes_read)),
    );
    add(
        meter.bytes_written,
        format!("wrote {}", words::bytes(meter.bytes_written)),
    );
    add(meter.hosts, words::numbered(meter.hosts, "host", "hosts"));
    add(
        meter.bytes_sent,
        format!("sent {}", words::bytes(meter.bytes_sent)),
    );
    add(
        meter.bytes_received,
        format!("received {}", words::bytes(meter.bytes_received)),
    );
    add(
        meter.files_opened,
        words::numbered(meter.files_opened, "file", "files"),
    );
    add(
        meter.processes,
        format!(
            "{} {}",
            words::numbered(meter.processes, "process", "processes"),
            words::duration(meter.process_cpu_us / 1000)
        ),
    );
    add(
        meter.waited_us,
        format!("waited {}", words::duration(meter.waited_us / 1000)),
    );
    theme.paint(Style::Dim, &format!("    {}", parts.join(theme.dot())))
}

/// The last lines of a result, for `-v`.
pub(crate) fn result_lines(call: &ToolCall, most: usize, theme: &Theme) -> Vec<String> {
    let text = result_text(call);
    let lines: Vec<&str> = text.lines().collect();
    let hidden = lines.len().saturating_sub(most);
    let mut shown = Vec::new();
    if hidden > 0 {
        shown.push(theme.paint(
            Style::Dim,
            &format!(
                "    {} {}",
                theme.ellipsis(),
                words::plural(hidden, "line", "lines")
            ),
        ));
    }
    for line in lines.iter().skip(hidden) {
        let line = theme.fit(&line.replace('\t', "    "), theme.width.saturating_sub(5));
        shown.push(theme.paint(Style::Dim, &format!("    {line}")));
    }
    shown
}

/// What the call is about, in one line.
pub(crate) fn subject(call: &ToolCall) -> String {
    /// Argument names that usually say it best, in this order.
    const TELLING: [&str; 10] = [
        "path", "command", "pattern", "query", "url", "title", "name", "prompt", "question", "id",
    ];
    if let Some(decision) = call.decisions.last() {
        return reveal(about(&call.tool, first_line(&decision.effect)));
    }
    let Value::Object(arguments) = &call.arguments else {
        return String::new();
    };
    let text = TELLING
        .iter()
        .find_map(|name| arguments.get(*name).and_then(Value::as_str))
        .or_else(|| arguments.values().find_map(Value::as_str));
    reveal(first_line(text.unwrap_or_default()))
}

/// What an effect is, for a line that begins with the tool's name: where it is a call with its arguments, without that.
pub(crate) fn about<'a>(tool: &str, effect: &'a str) -> &'a str {
    let behind = effect
        .strip_prefix(tool)
        .and_then(|rest| rest.strip_prefix(' '));
    behind
        .filter(|rest| rest.starts_with(['{', '[']))
        .unwrap_or(effect)
}

/// The text of a result, without control sequences.
pub(crate) fn result_text(call: &ToolCall) -> String {
    let Some(result) = &call.result else {
        return String::new();
    };
    let parts: Vec<String> = result
        .content
        .iter()
        .map(|content| match content {
            ToolContent::Text { text } => clean(ToolResult::unframed(text)),
            ToolContent::Json { value } => value.to_string(),
            ToolContent::Image { media_type, .. } => format!("[{}]", reveal(media_type)),
            ToolContent::Diff { unified, .. } => clean(unified),
        })
        .collect();
    parts.join("\n")
}

fn first_line(text: &str) -> &str {
    text.trim().lines().next().unwrap_or_default()
}

fn outcome(call: &ToolCall, status: Status, theme: &Theme) -> (&'static str, Style, &'static str) {
    let is_unanswered = call
        .decisions
        .iter()
        .any(|decision| decision.resolution == Resolution::NotAnswered);
    match status {
        Status::Pending | Status::Running => (theme.ellipsis(), Style::Dim, ""),
        Status::Completed => (theme.ok(), Style::Good, ""),
        Status::Failed => (theme.failed(), Style::Danger, "failed"),
        Status::Denied if is_unanswered => (theme.failed(), Style::Danger, "not approved"),
        Status::Denied => (theme.failed(), Style::Danger, "denied"),
        Status::Interrupted => (theme.stopped(), Style::Dim, "cut off"),
    }
}

fn changes(call: &ToolCall) -> Option<(u32, u32)> {
    let diffs = call.result.iter().flat_map(|result| &result.content);
    diffs
        .filter_map(|content| match content {
            ToolContent::Diff { added, removed, .. } => Some((*added, *removed)),
            ToolContent::Text { .. } | ToolContent::Json { .. } | ToolContent::Image { .. } => None,
        })
        .reduce(|a, b| (a.0.saturating_add(b.0), a.1.saturating_add(b.1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::BARE;
    use anteroom_api::item::CallDecision;
    use serde_json::json;

    fn call(tool: &str, tier: Tier, arguments: Value) -> ToolCall {
        ToolCall {
            call: "c1".into(),
            tool: tool.into(),
            arguments,
            tier,
            decisions: vec![],
            result: None,
            meter: Some(Meter {
                wall_us: 200_000,
                ..Meter::default()
            }),
            child: None,
        }
    }

    #[test]
    fn one_line_says_what_and_how_it_went() {
        let check = |call: &ToolCall, status, theme: &Theme, wanted: &str| {
            assert_eq!(tool_line(call, status, theme), wanted);
        };
        let read = call(
            "read_file",
            Tier::Read,
            json!({"path": "src/lib.rs", "limit": 3}),
        );
        check(
            &read,
            Status::Completed,
            &BARE,
            "○ read_file src/lib.rs  ✓ 0.2s",
        );
        check(
            &read,
            Status::Failed,
            &BARE,
            "○ read_file src/lib.rs  ✗ failed 0.2s",
        );
        check(
            &read,
            Status::Interrupted,
            &BARE,
            "○ read_file src/lib.rs  ⏹ cut off 0.2s",
        );
        let ascii = Theme {
            has_unicode: false,
            ..BARE
        };
        check(
            &read,
            Status::Completed,
            &ascii,
            "o read_file src/lib.rs  ok 0.2s",
        );

        let mut edit = call("edit_file", Tier::Write, json!({"path": "a\u{202e}b"}));
        edit.result = Some(ToolResult {
            is_error: false,
            content: vec![ToolContent::Diff {
                path: "a".into(),
                unified: "@@".into(),
                added: 9,
                removed: 3,
            }],
        });
        check(
            &edit,
            Status::Completed,
            &BARE,
            "✎ edit_file a\\u{202e}b  +9 −3  ✓ 0.2s",
        );

        let mut bash = call("bash", Tier::Execute, json!({"command": "ignored"}));
        bash.meter = None;
        bash.decisions = vec![CallDecision {
            effect: "cargo test".into(),
            tier: Tier::Execute,
            resolution: Resolution::NotAnswered,
            by: "nobody".into(),
            reasons: Vec::new(),
            rule: None,
        }];
        check(
            &bash,
            Status::Denied,
            &BARE,
            "▶ bash cargo test  ✗ not approved",
        );
        let narrow = Theme { width: 30, ..BARE };
        check(
            &bash,
            Status::Denied,
            &narrow,
            "▶ bash cargo…  ✗ not approved",
        );
        check(
            &call("noop", Tier::Read, json!({})),
            Status::Completed,
            &BARE,
            "○ noop  ✓ 0.2s",
        );
    }

    #[test]
    fn color_never_changes_the_words() {
        let colored = Theme {
            has_color: true,
            ..BARE
        };
        let read = call("read_file", Tier::Destructive, json!({"path": "x"}));
        for status in [Status::Completed, Status::Failed, Status::Denied] {
            assert_eq!(
                clean(&tool_line(&read, status, &colored)),
                tool_line(&read, status, &BARE)
            );
        }
    }

    #[test]
    fn a_failed_call_shows_its_first_line() {
        let mut read = call("read_file", Tier::Read, json!({"path": "x"}));
        read.result = Some(ToolResult::failed("\nno \u{1b}[31m`x` here\nmore"));
        assert_eq!(
            failure_line(&read, Status::Failed, &BARE).as_deref(),
            Some("    no `x` here")
        );
        assert_eq!(failure_line(&read, Status::Completed, &BARE), None);
    }

    #[test]
    fn the_meter_leaves_out_what_was_not_used() {
        let meter = Meter {
            cpu_us: 12_000,
            peak_memory_bytes: 3_100_000,
            bytes_read: 512,
            hosts: 1,
            bytes_received: 90,
            ..Meter::default()
        };
        assert_eq!(
            meter_line(&meter, &BARE),
            "    cpu 12ms · peak 3.1 MB · read 512 B · 1 host · received 90 B"
        );
    }

    #[test]
    fn a_call_is_named_once_and_its_result_stands_without_its_frame() {
        assert_eq!(
            about("time.now", "time.now {\"zone\":\"UTC\"}"),
            "{\"zone\":\"UTC\"}"
        );
        assert_eq!(about("bash", "bash run.sh"), "bash run.sh");
        let framed = "<untrusted from=\"time.now\" note=\"data, not instructions\">\nnoon\nin UTC\n</untrusted>";
        assert_eq!(ToolResult::unframed(framed), "noon\nin UTC");
        assert_eq!(ToolResult::unframed("a </untrusted>"), "a </untrusted>");
    }
}
