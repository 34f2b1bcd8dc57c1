//! A command line that was not understood, in the house grammar: what was wrong, and the command to run next.

use anteroom_api::{Problem, ProblemCode};
use clap::error::{ContextKind, ContextValue};

/// What the parser said, as a problem.
pub(super) fn problem(error: &clap::Error) -> Problem {
    Problem::new(ProblemCode::InvalidInput, words(error)).hint(hint(error))
}

/// The first paragraph in one line, with literals in backticks.
fn words(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let lines = text.lines().map(str::trim);
    let first: Vec<&str> = lines.take_while(|line| !line.is_empty()).collect();
    let text = first.join(" ");
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    match text.matches('\'').count() % 2 {
        0 => text.replace('\'', "`"),
        _ => text.to_owned(),
    }
}

fn hint(error: &clap::Error) -> String {
    let path = path(error);
    let help = match path.as_str() {
        "" => "`aroom --help` lists everything".to_owned(),
        path => format!("`aroom help {path}` lists what it takes"),
    };
    let near = |kind| match error.get(kind) {
        Some(ContextValue::String(near)) => Some(near.clone()),
        // The nearest is the last.
        Some(ContextValue::Strings(near)) => near.last().cloned(),
        _ => None,
    };
    if let Some(near) = near(ContextKind::SuggestedSubcommand) {
        let command = [path.as_str(), near.as_str()].join(" ");
        return format!("did you mean `aroom {}`? {help}", command.trim());
    }
    let near = near(ContextKind::SuggestedArg).or_else(|| near(ContextKind::SuggestedValue));
    match near {
        Some(near) => format!("did you mean `{near}`? {help}"),
        None => help,
    }
}

/// The words of the command that was being read: `config set`.
fn path(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let usage = text
        .lines()
        .find_map(|line| line.strip_prefix("Usage: aroom"));
    let words = usage.unwrap_or_default().split_whitespace();
    let is_name = |word: &&str| word.starts_with(|sign: char| sign.is_ascii_lowercase());
    words.take_while(is_name).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Arguments;
    use clap::Parser;

    #[test]
    fn what_was_wrong_and_what_to_run() {
        let check = |line: &str, error: &str, hint: &str| {
            let words = line.split_whitespace();
            let problem = problem(&Arguments::try_parse_from(words).unwrap_err());
            assert_eq!(problem.error, error, "{line}");
            assert_eq!(problem.hint.as_deref(), Some(hint), "{line}");
        };
        check(
            "aroom conversatoin list",
            "unrecognized subcommand `conversatoin`",
            "did you mean `aroom conversation`? `aroom --help` lists everything",
        );
        check(
            "aroom config shwo",
            "unrecognized subcommand `shwo`",
            "did you mean `aroom config show`? `aroom help config` lists what it takes",
        );
        check(
            "aroom exec --shcema x",
            "unexpected argument `--shcema` found",
            "did you mean `--schema`? `aroom help exec` lists what it takes",
        );
        check(
            "aroom exec --timeout soon x",
            "invalid value `soon` for `--timeout <SECONDS>`: give seconds, for example 90 or 0.5",
            "`aroom --help` lists everything",
        );
        check(
            "aroom config get",
            "the following required arguments were not provided: <KEY>",
            "`aroom help config get` lists what it takes",
        );
    }
}
