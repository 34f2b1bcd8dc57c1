//! A command line, parsed and judged simple command by simple command.

use crate::policy::Place;
use crate::sensitive::Sensitive;
use anteroom_api::Tier;
use regex::Regex;

/// What a line is judged against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    pub(crate) place: &'a Place,
    pub(crate) cwd: &'a str,
    pub(crate) sensitive: &'a Sensitive,
    pub(crate) patterns: &'a [Regex],
}

/// What a line was found to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShellJudgement {
    pub(crate) tier: Tier,
    /// Why it is one of the things that always ask, if it is.
    pub(crate) hard_block: Option<String>,
    /// What else a person should know.
    pub(crate) reasons: Vec<String>,
    /// Whether it touches sensitive paths or leaves the workspace.
    pub(crate) always_asks: bool,
    /// Whether every command in it is known.
    pub(crate) is_resolved: bool,
    /// The words of all commands in it that are known, wrappers taken off too.
    pub(crate) commands: Vec<Vec<String>>,
    /// The words of the line, if it is one simple command.
    pub(crate) words: Option<Vec<String>>,
    /// What could be remembered of it, in rule notation.
    pub(crate) suggested_pattern: Option<String>,
}

/// Judges a line.
pub(crate) fn judge_line(_line: &str, context: &Context<'_>) -> ShellJudgement {
    let _ = (
        context.place,
        context.cwd,
        context.sensitive,
        context.patterns,
    );
    ShellJudgement {
        tier: Tier::Execute,
        hard_block: None,
        reasons: vec!["the command was not analysed".to_owned()],
        always_asks: true,
        is_resolved: false,
        commands: Vec::new(),
        words: None,
        suggested_pattern: None,
    }
}
