//! One command as a program would get it: judged by itself and by what it starts.

use super::builtin;
use super::destructive;
use super::egress::{self, Reach};
use super::field::{Field, texts};
use super::hard;
use super::output::{Feed, Output};
use super::readers;
use super::report::Report;
use super::scope::{Scope, Taint, UNKNOWN};
use super::stdio;
use super::walk::Walker;
use super::wrapper::{self, Inner};
use crate::visible::summary;
use anteroom_api::Tier;

/// Programs whose arguments are text, not commands and paths.
const TEXT: [&str; 30] = [
    "echo", "printf", "grep", "egrep", "fgrep", "rg", "ag", "ack", "man", "which", "whereis",
    "type", "apropos", "info", "help", "tldr", "jq", "yq", "sed", "awk", "gawk", "mawk", "cut",
    "tr", "seq", "expr", "test", "[", ":", "basename",
];

/// Programs whose arguments are often words about commands.
const PROSE: [&str; 6] = ["git", "gh", "glab", "hg", "svn", "jj"];

impl Walker<'_> {
    /// Judges one command; its words are never empty.
    pub(super) fn command(&mut self, argv: &[Field], scope: &mut Scope, feed: &Feed) -> Output {
        let Some(name) = argv.first() else {
            return Output::nothing();
        };
        if !self.is_within_budget() || !self.enter() {
            self.leave();
            return Output::unknown(feed.taint);
        }
        if !name.is_known {
            self.report
                .unresolved("which program it starts is not known before it runs");
        }
        self.watch_for_bomb(name, scope);
        self.check_pattern_name(argv, scope);
        let program = program_name(&name.text);
        self.note(argv);
        let output = if name.has_unknown() || name.text.is_empty() {
            self.report.raise(Tier::Execute);
            self.scan(argv, scope);
            Output::unknown(feed.taint)
        } else if scope.functions.contains_key(&name.text) {
            self.report.raise(Tier::Execute);
            self.call(&name.text, argv, scope, feed)
        } else if let Some(alias) = scope.aliases.remove(&name.text) {
            self.report.raise(Tier::Execute);
            let rest = texts(argv.get(1..).unwrap_or_default()).join(" ");
            self.line(&format!("{alias} {rest}"), scope, feed)
        } else {
            self.program(&program, argv, scope, feed)
        };
        self.leave();
        output
    }

    fn program(&mut self, program: &str, argv: &[Field], scope: &mut Scope, feed: &Feed) -> Output {
        let is_text = TEXT.contains(&program);
        if let Some(reason) = hard::reason(self, program, argv, scope) {
            self.report.block(reason);
        }
        if let Some(reason) = destructive::reason(program, argv) {
            self.report.destructive(reason);
        }
        if !readers::is_read_only(self, program, argv, scope) {
            self.report.raise(Tier::Execute);
            self.check_reach(program, argv);
            self.check_paths(program, argv, scope);
            if !is_text {
                self.scan(argv, scope);
                self.speculate(program, argv, scope);
            }
        }
        let inner = wrapper::inner(program, argv, feed);
        let is_wrapper = !inner.is_empty();
        let mut output = Output::nothing();
        for inner in inner {
            output = output.then(self.inner(inner, scope, feed));
        }
        if builtin::apply(self, program, argv, scope, feed) || is_wrapper {
            return output;
        }
        stdio::output(program, argv, feed, scope)
    }

    /// Notes whether data may leave with a command.
    fn check_reach(&mut self, program: &str, argv: &[Field]) {
        let what = || {
            let (line, _) = summary(&texts(argv).join(" "));
            format!("`{line}`")
        };
        match egress::reach(program, argv) {
            Reach::Sends => self.report.sends(&what()),
            Reach::OnlySends => self.report.only_sends(&what()),
            Reach::Unknown => self.report.may_send(&what()),
            Reach::None => {}
        }
    }

    fn inner(&mut self, inner: Inner, scope: &mut Scope, feed: &Feed) -> Output {
        self.report.raise(Tier::Execute);
        match inner {
            Inner::Argv(argv) => self.command(&argv, scope, feed),
            Inner::Line { line, positional } => {
                self.check_origin(line.taint, "runs");
                if line.has_unknown() || (line.is_expanded && !line.is_known) {
                    self.report
                        .unresolved("it runs text that is not known before it runs");
                }
                let mut inner = scope.clone();
                inner.is_positional_known = positional.iter().all(|field| field.is_known);
                inner.zero = positional.first().map(|zero| zero.text.clone());
                inner.positional = texts(positional.get(1..).unwrap_or_default());
                self.line(&line.text, &mut inner, feed)
            }
            Inner::Here { line, .. } => {
                self.check_origin(line.taint, "runs");
                if !line.is_known {
                    self.report
                        .unresolved("it runs text that is not known before it runs");
                }
                self.line(&line.text, scope, feed)
            }
            Inner::Script { file, is_shell } => self.script(&file, is_shell, scope, feed),
            Inner::Stdin { is_shell } => self.stdin(is_shell, scope, feed),
            Inner::Code(code) => {
                self.check_origin(code.taint, "runs");
                self.code(&code.text, scope);
                Output::unknown(Taint::default())
            }
        }
    }

    /// A file that a shell or an interpreter runs.
    fn script(&mut self, file: &Field, is_shell: bool, scope: &mut Scope, feed: &Feed) -> Output {
        self.check_origin(file.taint, "runs");
        let known = scope
            .files
            .iter()
            .rev()
            .find(|(name, _)| same_file(name, &file.text))
            .cloned();
        if let Some((_, content)) = known {
            self.check_origin(content.taint, "runs");
            if let Some(text) = content.text {
                if !is_shell || text.starts_with("#!") {
                    self.code(&text, scope);
                }
                if !is_shell {
                    return Output::unknown(content.taint);
                }
                return self.line(&text, &mut scope.clone(), feed);
            }
        }
        let name = crate::visible::visible(&file.text);
        self.report.may_send(&format!("the program `{name}`"));
        Output::unknown(Taint::default())
    }

    /// What a shell or an interpreter reads from its input.
    fn stdin(&mut self, is_shell: bool, scope: &mut Scope, feed: &Feed) -> Output {
        if !feed.is_given {
            return Output::unknown(Taint::default());
        }
        self.check_origin(feed.taint, "pipes");
        match &feed.text {
            Some(text) if is_shell => self.line(text, &mut scope.clone(), &Feed::default()),
            Some(text) => {
                self.code(text, scope);
                Output::unknown(Taint::default())
            }
            None => {
                self.report
                    .unresolved("it pipes unknown text into a shell or interpreter");
                Output::unknown(feed.taint)
            }
        }
    }

    fn check_origin(&mut self, taint: Taint, how: &str) {
        if taint.is_downloaded {
            self.report
                .block(format!("it {how} a download in a shell or interpreter"));
        } else if taint.is_decoded {
            self.report.block(format!(
                "it {how} decoded text in a shell or interpreter, which hides what runs"
            ));
        }
    }

    /// Keeps the words for rules and patterns.
    fn note(&mut self, argv: &[Field]) {
        let mut words = texts(argv);
        let joined = words.join(" ");
        for pattern in self.context.patterns {
            if pattern.is_match(&joined) {
                self.report
                    .destructive(format!("it matches the custom pattern `{pattern}`"));
            }
        }
        if let Some(first) = words.first_mut() {
            let name = program_name(first);
            if name != *first {
                self.report
                    .commands
                    .push([&[name][..], &texts(argv)[1..]].concat());
            }
        }
        self.report.commands.push(words);
    }

    /// Looks for dangerous commands further on in the words: whatever stands before them may be a wrapper
    /// that nobody has heard of.
    fn scan(&mut self, argv: &[Field], scope: &mut Scope) {
        for start in 1..argv.len() {
            let rest = &argv[start..];
            let name = program_name(&rest[0].text);
            self.scan_shell(&name, rest, scope);
            self.scan_pattern(rest, scope);
            // What a reader behind it would read is worth the same question.
            if readers::knows(&name) {
                readers::is_read_only(self, &name, rest, scope);
            }
            let is_watched = hard::is_watched(&name);
            if egress::is_strong(&name) || (is_watched && egress::reach(&name, rest).is_certain()) {
                self.report.sends(&format!("`{name}`"));
            }
            if !is_watched {
                continue;
            }
            if let Some(reason) = hard::reason(self, &name, rest, scope) {
                self.report.block(reason);
            }
            if rest.len() > 1
                && let Some(reason) = destructive::reason(&name, rest)
            {
                self.report.destructive(reason);
            }
        }
    }

    /// A pattern behind a wrapper may stand for a program, as it may in front.
    fn scan_pattern(&mut self, rest: &[Field], scope: &Scope) {
        let pattern = rest[0].pattern.as_deref().unwrap_or_default();
        if !pattern.contains("bin/") {
            return;
        }
        for program in hard::matching(pattern) {
            if let Some(reason) = hard::reason(self, program, rest, scope) {
                self.report.block(reason);
            }
        }
    }

    /// A shell behind a wrapper that nobody has heard of: its line is judged like any other.
    fn scan_shell(&mut self, name: &str, rest: &[Field], scope: &mut Scope) {
        let takes_line = rest.get(1).is_some_and(|flag| {
            flag.text.starts_with('-') && !flag.text.starts_with("--") && flag.text.contains('c')
        });
        if !takes_line || !wrapper::SHELLS.contains(&name) {
            return;
        }
        if self.enter() {
            for inner in wrapper::inner(name, rest, &Feed::default()) {
                self.inner(inner, &mut scope.clone(), &Feed::default());
            }
        }
        self.leave();
    }

    /// Reads arguments with blanks in them as command lines, for what is dangerous only.
    fn speculate(&mut self, program: &str, argv: &[Field], scope: &mut Scope) {
        let mut is_message = false;
        for field in argv.iter().skip(1) {
            let text = field.text.as_str();
            let was_message = is_message;
            is_message = PROSE.contains(&program) && is_message_flag(text);
            if was_message || !text.contains(' ') || text.starts_with("--message=") {
                continue;
            }
            let parts = [
                Some(text),
                text.split_once('=').map(|(_, part)| part),
                text.rsplit_once('=').map(|(_, part)| part),
            ];
            for part in parts.into_iter().flatten() {
                self.speculate_text(part.trim_start_matches([':', '!', '@', '|']), scope);
            }
        }
    }

    pub(super) fn speculate_text(&mut self, text: &str, scope: &mut Scope) {
        let is_worth_it = text
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
            .any(|word| hard::is_watched(word) || egress::is_strong(word));
        if is_worth_it {
            self.try_line(text, scope);
        }
    }

    /// A part of a line that does not parse as a whole: what it touches is asked about, too.
    pub(super) fn speculate_part(&mut self, text: &str, scope: &mut Scope) {
        if let Some(found) = self.try_line(text, scope)
            && found.always_asks
        {
            for reason in found.reasons {
                self.report.ask_always(found.tier, reason);
            }
        }
    }

    /// Judges a text as a line by itself and takes over what is dangerous.
    fn try_line(&mut self, text: &str, scope: &Scope) -> Option<Report> {
        if !self.enter() {
            self.leave();
            return None;
        }
        let report = std::mem::replace(&mut self.report, Report::new());
        self.line(text, &mut scope.clone(), &Feed::default());
        let mut found = std::mem::replace(&mut self.report, report);
        self.leave();
        if let Some(reason) = found.hard_block.take() {
            self.report.block(reason);
        }
        if let (Some(sends), None) = (&found.sends, &self.report.sends) {
            self.report.brings.get_or_insert_with(|| sends.clone());
            self.report.sends = Some(sends.clone());
        }
        if found.tier == Tier::Destructive {
            for reason in &found.reasons {
                self.report.destructive(reason.clone());
            }
        }
        Some(found)
    }

    /// A program in another language: the texts in it may be commands.
    fn code(&mut self, code: &str, scope: &mut Scope) {
        self.report
            .execute("it runs a program given on the command line");
        if egress::is_in_code(code) {
            self.report.sends("a program given on the command line");
        }
        let literals = string_literals(code);
        for literal in &literals {
            self.speculate_text(literal, scope);
        }
        let fields: Vec<Field> = std::iter::once("code")
            .chain(literals.iter().map(String::as_str))
            .map(Field::literal)
            .collect();
        self.scan(&fields, scope);
        if let Some(reason) = hard::in_code(self, code, &fields, scope) {
            self.report.block(reason);
        }
    }

    /// A pattern in place of a name: any program it matches may be meant.
    fn check_pattern_name(&mut self, argv: &[Field], scope: &Scope) {
        let Some(pattern) = argv.first().and_then(|name| name.pattern.as_ref()) else {
            return;
        };
        if argv[0].text == "[" {
            return;
        }
        self.report
            .unresolved("which program it starts is not known before it runs");
        for program in hard::matching(pattern) {
            if let Some(reason) = hard::reason(self, program, argv, scope) {
                self.report.block(reason);
            }
        }
    }

    fn watch_for_bomb(&mut self, name: &Field, scope: &Scope) {
        let calls_itself = scope.inside.as_ref() == Some(&name.text) || name.text.ends_with("$0");
        if calls_itself && scope.is_parallel {
            self.report
                .block("it starts itself over and over (a fork bomb)");
        }
    }
}

/// Flags of version control whose value is prose.
fn is_message_flag(text: &str) -> bool {
    let is_cluster = text.starts_with('-') && !text.starts_with("--") && text.ends_with('m');
    is_cluster
        || matches!(
            text,
            "--message" | "--title" | "--body" | "--notes" | "-t" | "-b" | "--trailer"
        )
}

/// The name of a program without its folder, in lower case.
pub(super) fn program_name(text: &str) -> String {
    let name = text.rsplit(['/', '\\']).next().unwrap_or(text);
    let name = name.to_lowercase();
    name.strip_suffix(".exe").unwrap_or(&name).to_owned()
}

fn same_file(one: &str, other: &str) -> bool {
    let plain = |text: &str| text.trim_start_matches("./").to_owned();
    plain(one) == plain(other)
}

fn string_literals(code: &str) -> Vec<String> {
    let mut literals = Vec::new();
    let mut rest = code;
    while let Some(at) = rest.find(['"', '\'', '`']) {
        let quote = &rest[at..=at];
        let after = &rest[at + 1..];
        let Some(end) = after.find(quote) else {
            break;
        };
        if end > 0 {
            literals.push(after[..end].to_owned());
        }
        rest = &after[end + 1..];
    }
    literals.retain(|text| !text.contains(UNKNOWN));
    literals.truncate(64);
    literals
}
