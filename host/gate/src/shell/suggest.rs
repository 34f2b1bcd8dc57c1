//! What could be remembered of a command: its subcommand, or all of it.

use super::command::program_name;
use super::wrapper;
use crate::visible::hides;

/// Programs whose first word says what is done.
const WITH_SUBCOMMAND: [&str; 26] = [
    "cargo", "git", "npm", "pnpm", "yarn", "bun", "go", "rustup", "pip", "pip3", "poetry", "uv",
    "dotnet", "mvn", "gradle", "gradlew", "make", "just", "task", "docker", "podman", "kubectl",
    "gh", "brew", "mix", "bundle",
];

/// Subcommands that run whatever they are given.
const OPEN_ENDED: [&str; 10] = [
    "run", "exec", "x", "dlx", "alias", "config", "shell", "eval", "debug", "api",
];

/// Programs that do the same sort of thing whatever their arguments.
const PLAIN: [&str; 21] = [
    "ls",
    "cat",
    "head",
    "tail",
    "wc",
    "grep",
    "mkdir",
    "touch",
    "pytest",
    "tsc",
    "eslint",
    "prettier",
    "rustfmt",
    "black",
    "ruff",
    "mypy",
    "jest",
    "vitest",
    "shellcheck",
    "diff",
    "stat",
];

/// A pattern in rule notation, without the tool.
pub(super) fn pattern(words: &[String]) -> Option<String> {
    let program = words.first()?;
    let is_open =
        |count: usize| words.len() >= count && words[..count].iter().all(|word| is_plain(word));
    if wrapper::is_interpreter(&program_name(program)) {
        return exact(words);
    }
    let subcommand = words.get(1).map(String::as_str).unwrap_or_default();
    if WITH_SUBCOMMAND.contains(&program.as_str())
        && is_open(2)
        && !subcommand.starts_with(['-', '+'])
        && !OPEN_ENDED.contains(&subcommand)
    {
        return Some(format!("{program} {subcommand} *"));
    }
    if PLAIN.contains(&program.as_str()) {
        return Some(format!("{program} *"));
    }
    exact(words)
}

/// The whole command and nothing else.
fn exact(words: &[String]) -> Option<String> {
    let is_exact =
        words.iter().all(|word| is_plain(word)) && words.last().is_some_and(|word| word != "*");
    is_exact.then(|| words.join(" "))
}

/// Whether a word means the same in rule notation.
fn is_plain(word: &str) -> bool {
    !word.is_empty() && !word.chars().any(|c| c.is_whitespace() || hides(c))
}
