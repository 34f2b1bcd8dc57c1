//! Problems in the house grammar: `error:`, `cause:`, a blank line, `hint:`; each is one line.

use crate::clean::clean;
use crate::theme::{Style, Theme};
use anteroom_api::{Problem, ProblemCode};

/// The lines of a problem, each ended.
pub(crate) fn render(problem: &Problem, theme: &Theme) -> String {
    let mut text = format!(
        "{} {}\n",
        theme.paint(Style::Danger, "error:"),
        in_one_line(&problem.error)
    );
    let causes: Vec<String> = problem
        .causes
        .iter()
        .map(|cause| in_one_line(cause))
        .collect();
    if !causes.is_empty() {
        text.push_str(&format!(
            "  {} {}\n",
            theme.paint(Style::Dim, "cause:"),
            causes.join("; ")
        ));
    }
    if let Some(hint) = &problem.hint {
        text.push_str(&format!(
            "\n{} {}\n",
            theme.paint(Style::Accent, "hint:"),
            in_one_line(hint)
        ));
    }
    text
}

/// The same with what to try next, where whoever failed had nothing better to say: what ends a command always says it.
pub(crate) fn advised(problem: &Problem) -> Problem {
    match problem.hint {
        Some(_) => problem.clone(),
        None => problem.clone().hint(advice(problem.code)),
    }
}

fn advice(code: ProblemCode) -> &'static str {
    match code {
        ProblemCode::InvalidInput => "`aroom --help` and `aroom help COMMAND` show what is taken",
        ProblemCode::NotFound => {
            "see what there is: `aroom conversation list`, `aroom tool list`, `aroom config show`"
        }
        ProblemCode::NotConfigured => "connect an endpoint with `aroom init`",
        ProblemCode::InvalidConfig => "`aroom config edit`, or `aroom config path` for the file",
        ProblemCode::EndpointUnreachable
        | ProblemCode::EndpointTimeout
        | ProblemCode::EndpointFailed => "`aroom --test` tries the endpoint step by step",
        ProblemCode::EndpointAuth => "`aroom init` takes another key",
        ProblemCode::RateLimited => {
            "try again later, or more often: `aroom config set ai.retry_max_attempts 10`"
        }
        ProblemCode::Storage => "`aroom db check` looks through the database",
        ProblemCode::Tool => "`aroom tool list` says what each toolset lacks",
        ProblemCode::Denied => "`aroom audit list --verdict denied` shows what was denied, and why",
        ProblemCode::LimitReached => "`aroom config show` names the limits",
        ProblemCode::Conflict => "try again; if it stays so, `aroom doctor`",
        ProblemCode::Internal => "`aroom doctor` checks everything",
    }
}

fn in_one_line(text: &str) -> String {
    clean(text)
        .split('\n')
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::BARE;
    use anteroom_api::ProblemCode;

    #[test]
    fn whatever_ends_a_command_is_three_lines_at_most_and_says_what_to_run() {
        for code in [
            ProblemCode::InvalidInput,
            ProblemCode::NotFound,
            ProblemCode::NotConfigured,
            ProblemCode::InvalidConfig,
            ProblemCode::EndpointUnreachable,
            ProblemCode::EndpointTimeout,
            ProblemCode::EndpointAuth,
            ProblemCode::EndpointFailed,
            ProblemCode::RateLimited,
            ProblemCode::Storage,
            ProblemCode::Tool,
            ProblemCode::Denied,
            ProblemCode::LimitReached,
            ProblemCode::Conflict,
            ProblemCode::Internal,
        ] {
            let problem = Problem::new(code, "it failed")
                .cause("one")
                .cause("two\nthree");
            let text = render(&advised(&problem), &BARE);
            let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
            assert_eq!(lines[..2], ["error: it failed", "  cause: one; two; three"]);
            assert!(
                lines[2].starts_with("hint: ") && lines[2].contains("`aroom "),
                "{text}"
            );
            assert_eq!(lines.len(), 3, "{text}");
            let own = advised(&problem.hint("do this"));
            assert_eq!(own.hint.as_deref(), Some("do this"));
        }
    }

    #[test]
    fn the_grammar_holds() {
        let check = |problem: Problem, wanted: &str| assert_eq!(render(&problem, &BARE), wanted);
        check(
            Problem::new(ProblemCode::Internal, "it broke"),
            "error: it broke\n",
        );
        check(
            Problem::new(
                ProblemCode::EndpointAuth,
                "model endpoint refused the key (401)",
            )
            .cause("GET https://llm.corp/v1/models\nbody: \u{1b}[31mno")
            .cause("it was the second try")
            .hint("`aroom doctor`"),
            "error: model endpoint refused the key (401)\n  cause: GET https://llm.corp/v1/models; body: no; it was the second try\n\nhint: `aroom doctor`\n",
        );
    }
}
