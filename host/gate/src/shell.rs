//! A command line, parsed and judged simple command by simple command.
//!
//! Every finding only raises: Read is left over when each command is known and harmless. What is found
//! informs a person; what holds is the sandbox around the process. Nothing is run and no file is looked at.

mod builtin;
mod command;
mod destructive;
mod egress;
mod escape;
mod expand;
mod field;
mod hard;
mod output;
mod parameter;
mod parse;
mod paths;
mod place;
mod readers;
mod report;
mod scope;
mod simple;
mod stdio;
mod suggest;
mod value;
mod walk;
mod wrapper;

use crate::policy::Place;
use crate::sensitive::Sensitive;
use anteroom_api::Tier;
use brush_parser::ast;
use field::Field;
use output::Feed;
use regex::Regex;
use scope::Scope;
use walk::Walker;

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
    /// How data leaves the machine with it, if a command in it is known to reach the network.
    pub(crate) sends: Option<String>,
    /// How data may leave the machine with it, if nobody knows what a command in it does.
    pub(crate) may_send: Option<String>,
    /// What it brings in from outside, if it does.
    pub(crate) brings: Option<String>,
}

/// Judges a line.
pub(crate) fn judge_line(line: &str, context: &Context<'_>) -> ShellJudgement {
    let mut walker = Walker::new(context);
    let mut scope = Scope::new(context.place, context.cwd);
    if walker.is_outside(&Field::literal("."), &scope) {
        walker
            .report
            .ask_always(Tier::Execute, "it starts outside the workspace");
    } else if walker.is_sensitive(&Field::literal("."), &scope) {
        walker
            .report
            .ask_always(Tier::Execute, "it starts in a sensitive folder");
    }
    for pattern in context.patterns {
        if pattern.is_match(line) {
            walker
                .report
                .destructive(format!("it matches the custom pattern `{pattern}`"));
        }
    }
    walker.line(line, &mut scope, &Feed::default());
    if has_expansion_marks(line) {
        walker.report.raise(Tier::Execute);
    }
    let report = walker.report;
    let words = only_command(line, context);
    let suggested_pattern = words.as_deref().and_then(suggest::pattern);
    ShellJudgement {
        tier: report.tier,
        hard_block: report.hard_block,
        reasons: report.reasons,
        always_asks: report.always_asks,
        is_resolved: report.is_resolved,
        commands: report.commands,
        words,
        suggested_pattern,
        sends: report.sends,
        may_send: report.may_send,
        brings: report.brings,
    }
}

/// A second opinion on the bare text, so that a fault of the parser cannot make a line look harmless.
fn has_expansion_marks(line: &str) -> bool {
    line.contains(['`', '\r', '\0', '\u{b}', '\u{c}'])
        || ["$(", "${", "$'", "$\"", "$[", "<(", ">(", "<<"]
            .iter()
            .any(|mark| line.contains(mark))
        // Extended patterns, which a shell takes for an error unless it is told otherwise.
        || ["+(", "@(", "!(", "?(", "*("].iter().any(|mark| line.contains(mark))
        || line
            .chars()
            .any(|c| c != ' ' && c != '\n' && c != '\t' && crate::visible::hides(c))
}

/// The words of a line that is one simple command without assignments and redirections that matter.
fn only_command(line: &str, context: &Context<'_>) -> Option<Vec<String>> {
    let program = parse::program(line)?;
    let [list] = program.complete_commands.as_slice() else {
        return None;
    };
    let [ast::CompoundListItem(and_or, ast::SeparatorOperator::Sequence)] = list.0.as_slice()
    else {
        return None;
    };
    let pipeline = &and_or.first;
    let [ast::Command::Simple(simple)] = pipeline.seq.as_slice() else {
        return None;
    };
    if !and_or.additional.is_empty()
        || pipeline.bang
        || pipeline.timed.is_some()
        || simple.prefix.is_some()
    {
        return None;
    }
    let mut raw = vec![simple.word_or_name.as_ref()?.value.as_str()];
    for item in simple.suffix.iter().flat_map(|suffix| &suffix.0) {
        match item {
            ast::CommandPrefixOrSuffixItem::Word(word) => raw.push(word.value.as_str()),
            ast::CommandPrefixOrSuffixItem::IoRedirect(redirect) if is_harmless(redirect) => {}
            _ => return None,
        }
    }
    let mut walker = Walker::new(context);
    let mut scope = Scope::new(context.place, context.cwd);
    let mut words = Vec::new();
    for raw in raw {
        let options = walker.fields(raw, &mut scope);
        let [fields] = options.as_slice() else {
            return None;
        };
        if fields
            .iter()
            .any(|field| !field.is_known || field.taint.is_computed)
        {
            return None;
        }
        words.extend(field::texts(fields));
    }
    walker.report.is_resolved.then_some(words)
}

/// To or from the null device, or one descriptor to another.
fn is_harmless(redirect: &ast::IoRedirect) -> bool {
    let is_null = |word: &ast::Word| word.value == "/dev/null";
    match redirect {
        ast::IoRedirect::File(_, _, target) => match target {
            ast::IoFileRedirectTarget::Filename(word) => is_null(word),
            ast::IoFileRedirectTarget::Fd(_) => true,
            ast::IoFileRedirectTarget::Duplicate(word) => {
                word.value.chars().all(|c| c.is_ascii_digit())
            }
            ast::IoFileRedirectTarget::ProcessSubstitution(..) => false,
        },
        ast::IoRedirect::OutputAndError(word, _) => is_null(word),
        ast::IoRedirect::HereDocument(..) | ast::IoRedirect::HereString(..) => false,
    }
}

#[cfg(test)]
mod tests;
