//! Problems in the house grammar: `error:`, `cause:`, a blank line, `hint:`; each is one line.

use crate::clean::clean;
use crate::theme::{Style, Theme};
use anteroom_api::Problem;

/// The lines of a problem, each ended.
pub(crate) fn render(problem: &Problem, theme: &Theme) -> String {
    let mut text = format!(
        "{} {}\n",
        theme.paint(Style::Danger, "error:"),
        in_one_line(&problem.error)
    );
    let causes: Vec<String> = problem.causes.iter().map(|cause| in_one_line(cause)).collect();
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
