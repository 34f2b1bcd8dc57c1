//! `aroom doctor` checks everything; `aroom --test` the endpoint alone.

use crate::clean::{clean, reveal};
use crate::connect;
use crate::context::{Context, Quit};
use crate::exit;
use crate::theme::{Style, Theme, pad};
use crate::words;
use anteroom_api::{EndpointReport, Finding, Health, ProbeStep};
use serde_json::json;
use unicode_width::UnicodeWidthStr;

/// Checks everything; 1 if anything does not work.
pub(crate) async fn run(context: &mut Context) -> Result<u8, Quit> {
    let findings = context.host.read().doctor().await?;
    if context.options.is_json {
        context.printer.json(&json!(findings));
    } else {
        let theme = context.printer.out_theme();
        for line in lines(&findings, &theme) {
            context.printer.line(&line);
        }
    }
    let is_broken = findings.iter().any(|f| f.health == Health::Failed);
    Ok(if is_broken { exit::FAILED } else { exit::OK })
}

/// Findings, aligned, each hint below its own.
pub(crate) fn lines(findings: &[Finding], theme: &Theme) -> Vec<String> {
    let width = findings
        .iter()
        .map(|f| f.subject.width())
        .max()
        .unwrap_or(0);
    let signs = [theme.ok(), theme.warning(), theme.failed()];
    let sign_width = signs.iter().map(|sign| sign.width()).max().unwrap_or(1);
    let mut lines = Vec::new();
    for finding in findings {
        let sign = theme.health(finding.health);
        let plain_width = clean(&sign).width();
        let gap = " ".repeat(sign_width.saturating_sub(plain_width) + 1);
        lines.push(format!(
            "{sign}{gap}{}  {}",
            theme.paint(Style::Bold, &pad(&reveal(&finding.subject), width)),
            reveal(&finding.text)
        ));
        if let Some(hint) = &finding.hint {
            lines.push(format!(
                "{}{} {}",
                " ".repeat(sign_width + 1 + width + 2),
                theme.paint(Style::Accent, "hint:"),
                reveal(hint)
            ));
        }
    }
    lines
}

/// Checks the configured endpoint; the code of the first step that failed.
pub(crate) async fn test(context: &mut Context) -> Result<u8, Quit> {
    if let Some(problem) = connect::missing_endpoint(context).await? {
        return Err(problem.into());
    }
    let report = context.host.read().test_endpoint(None).await?;
    if context.options.is_json {
        context.printer.json(&json!(report));
    } else {
        let theme = context.printer.out_theme();
        for line in report_lines(&report, &theme) {
            context.printer.line(&line);
        }
    }
    Ok(code(&report))
}

/// The exit code of a report.
pub(crate) fn code(report: &EndpointReport) -> u8 {
    let failed = report.steps.iter().find_map(|step| step.problem.as_ref());
    failed.map_or(exit::OK, |problem| exit::of_problem(problem.code))
}

/// The same for one who does not need tools.
pub(crate) fn code_without_tools(report: &EndpointReport) -> u8 {
    let needed = report.steps.iter().filter(|step| step.name != "tools");
    let failed = needed.filter_map(|step| step.problem.as_ref()).next();
    failed.map_or(exit::OK, |problem| exit::of_problem(problem.code))
}

/// The steps of a test, then the models.
pub(crate) fn report_lines(report: &EndpointReport, theme: &Theme) -> Vec<String> {
    let mut lines = step_lines(report, theme);
    if !report.models.is_empty() {
        const SHOWN: usize = 12;
        let names: Vec<String> = report
            .models
            .iter()
            .take(SHOWN)
            .map(|m| reveal(m))
            .collect();
        let rest = report.models.len().saturating_sub(SHOWN);
        let more = if rest > 0 {
            format!(" {} {rest} more", theme.ellipsis())
        } else {
            String::new()
        };
        lines.push(theme.paint(Style::Dim, &format!("models: {}{more}", names.join(", "))));
    }
    lines
}

/// The steps of a test.
pub(crate) fn step_lines(report: &EndpointReport, theme: &Theme) -> Vec<String> {
    let steps = report.steps.iter();
    steps.flat_map(|step| lines_of(step, theme)).collect()
}

/// A test that went well: `✓ reachable 3ms  ✓ 7 models  ✓ streams 0.4s  ✓ tools`.
pub(crate) fn one_line(report: &EndpointReport, theme: &Theme) -> String {
    let steps = report.steps.iter().map(|step| {
        let took = words::duration(step.took_ms);
        let words = match step.name.as_str() {
            "connect" => format!("reachable {took}"),
            "models" => words::plural(report.models.len(), "model", "models"),
            "stream" => format!("streams {took}"),
            other => reveal(other),
        };
        format!("{} {words}", theme.health(Health::Ok))
    });
    steps.collect::<Vec<_>>().join("  ")
}

fn lines_of(step: &ProbeStep, theme: &Theme) -> Vec<String> {
    let what = match step.name.as_str() {
        "connect" => "reachable",
        "models" => "lists models",
        "stream" => "streams an answer",
        "tools" => "calls tools",
        other => other,
    };
    let Some(problem) = &step.problem else {
        return vec![format!(
            "{} {what}  {}",
            theme.health(Health::Ok),
            theme.paint(Style::Dim, &words::duration(step.took_ms))
        )];
    };
    let mut lines = vec![format!(
        "{} {what}: {}",
        theme.health(Health::Failed),
        reveal(&problem.error)
    )];
    for cause in &problem.causes {
        lines.push(format!("    cause: {}", reveal(cause)));
    }
    if let Some(hint) = &problem.hint {
        lines.push(format!(
            "    {} {}",
            theme.paint(Style::Accent, "hint:"),
            reveal(hint)
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Bench, Views};
    use crate::theme::BARE;
    use anteroom_api::{Problem, ProblemCode};

    fn finding(subject: &str, health: Health, hint: Option<&str>) -> Finding {
        Finding {
            subject: subject.into(),
            health,
            text: "as found".into(),
            hint: hint.map(Into::into),
        }
    }

    #[test]
    fn findings_are_aligned_and_hints_stand_below() {
        let findings = [
            finding("config", Health::Ok, None),
            finding("endpoint", Health::Failed, Some("`aroom init`")),
        ];
        assert_eq!(
            lines(&findings, &BARE),
            [
                "✓ config    as found",
                "✗ endpoint  as found",
                "            hint: `aroom init`",
            ]
        );
        let ascii = Theme {
            has_unicode: false,
            ..BARE
        };
        assert_eq!(lines(&findings, &ascii)[0], "ok config    as found");
        assert_eq!(lines(&findings, &ascii)[1], "x  endpoint  as found");
    }

    #[test]
    fn a_failed_finding_fails_the_check() {
        let code = |health| {
            let views = Views {
                findings: vec![finding("database", health, None)],
                ..Views::default()
            };
            Bench::with(&["doctor"], vec![], views, "").run().code
        };
        assert_eq!(code(Health::Ok), exit::OK);
        assert_eq!(code(Health::Warning), exit::OK);
        assert_eq!(code(Health::Failed), exit::FAILED);
    }

    #[test]
    fn the_endpoint_test_shows_each_step() {
        let endpoint = EndpointReport {
            models: vec!["qwen3".into()],
            model: Some("qwen3".into()),
            steps: vec![
                ProbeStep {
                    name: "connect".into(),
                    took_ms: 3,
                    problem: None,
                },
                ProbeStep {
                    name: "models".into(),
                    took_ms: 7,
                    problem: Some(
                        Problem::new(ProblemCode::EndpointAuth, "the key was refused (401)")
                            .hint("`aroom init`"),
                    ),
                },
            ],
        };
        let views = Views {
            endpoint,
            ..Views::default()
        };
        let ran = Bench::with(&["--test"], vec![], views, "").run();
        assert_eq!(ran.code, exit::AUTH);
        assert_eq!(
            ran.out,
            "✓ reachable  3ms\n✗ lists models: the key was refused (401)\n    hint: `aroom init`\nmodels: qwen3\n"
        );
    }
}
