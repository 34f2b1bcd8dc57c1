//! What is wrong with the config, said when a run begins: a hook that nobody can read refuses every call, and whoever
//! wonders why should have read it before.

use crate::clean::reveal;
use crate::context::Context;
use anteroom_api::{ProblemCode, SettingsReport};

/// Lines that are shown; the rest is counted.
const MOST: usize = 4;

/// The same as [`of`], asked for.
pub(crate) async fn read(context: &Context) -> Vec<String> {
    let report = context.host.read().settings().await;
    report.as_ref().map(of).unwrap_or_default()
}

/// One line for each warning. What a project may not set, or not yet, is told where trust is.
pub(crate) fn of(report: &SettingsReport) -> Vec<String> {
    let warnings = report.warnings.iter();
    let counting = warnings.filter(|warning| warning.code != ProblemCode::Denied);
    let told: Vec<String> = counting
        .map(|warning| format!("config: {}", reveal(&warning.error)))
        .collect();
    let mut lines: Vec<String> = told.iter().take(MOST).cloned().collect();
    match told.len() - lines.len() {
        0 => {}
        more => lines.push(format!("config: {more} more; `aroom config validate`")),
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use anteroom_api::Problem;

    fn check(warnings: Vec<Problem>, expected: &[&str]) {
        let report = SettingsReport {
            path: "/home/ada/.anteroom/config.yaml".to_owned(),
            settings: Vec::new(),
            warnings,
        };
        assert_eq!(of(&report), expected);
    }

    #[test]
    fn what_counts_is_told_in_a_few_clean_lines() {
        check(vec![], &[]);
        let wrong = |text: &str| Problem::new(ProblemCode::InvalidConfig, text);
        let waits = Problem::new(ProblemCode::Denied, "`a`: `hooks` is ignored");
        check(
            vec![wrong("`a:2`: a hook is odd\u{1b}[2J"), waits],
            &["config: `a:2`: a hook is odd\\u{1b}[2J"],
        );
        let many = (0..6).map(|number| wrong(&number.to_string())).collect();
        check(
            many,
            &[
                "config: 0",
                "config: 1",
                "config: 2",
                "config: 3",
                "config: 2 more; `aroom config validate`",
            ],
        );
    }
}
