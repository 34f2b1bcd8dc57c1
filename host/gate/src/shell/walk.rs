//! Walks a parsed line and meets each simple command in it. Raises the report; decides nothing itself.

use super::Context;
use super::egress;
use super::field::{Field, texts};
use super::output::{Feed, Output};
use super::parse;
use super::report::Report;
use super::scope::{Scope, Taint, UNKNOWN, Value};
use anteroom_api::Tier;
use brush_parser::ast;

/// Most simple commands that are judged, in all possibilities together.
const MAX_COMMANDS: usize = 2000;
/// Most text that is parsed, lines in lines counted each time, bytes.
const MAX_BYTES: usize = 2 * parse::MAX_BYTES;
/// Deepest nesting of lines in lines.
const MAX_DEPTH: usize = 12;
/// Deepest nesting of commands in commands, in all lines together.
const MAX_CLAUSES: usize = 60;
/// Deepest level at which text that does not parse is taken apart.
const FRAGMENT_DEPTH: usize = 3;
/// Words that may stand before a command.
const LEADING: [&str; 12] = [
    "do", "then", "else", "elif", "if", "while", "until", "!", "time", "coproc", "done", "esac",
];

pub(super) struct Walker<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) report: Report,
    depth: usize,
    clauses: usize,
    commands: usize,
    bytes: usize,
}

impl<'a> Walker<'a> {
    pub(super) fn new(context: &'a Context<'a>) -> Self {
        Self {
            context,
            report: Report::new(),
            depth: 0,
            clauses: 0,
            commands: 0,
            bytes: 0,
        }
    }

    /// The line is more than is analysed. What lies beyond could be anything, so no mode lets it pass.
    fn exceed(&mut self, reason: &str) {
        self.report.unresolved(reason);
        self.report.always_asks = true;
    }

    /// Goes one level down; the counterpart of [`Self::leave`]. False when the line is nested too deeply.
    pub(super) fn enter(&mut self) -> bool {
        self.depth += 1;
        let is_within = self.depth <= MAX_DEPTH;
        if !is_within {
            self.exceed("it is nested too deeply to be analysed");
        }
        is_within
    }

    pub(super) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Counts a command. False when there are too many.
    pub(super) fn is_within_budget(&mut self) -> bool {
        self.commands += 1;
        let is_within = self.commands <= MAX_COMMANDS;
        if !is_within {
            self.exceed("it has too many commands to be analysed");
        }
        is_within
    }

    /// Walks a text as a line of its own.
    pub(super) fn line(&mut self, text: &str, scope: &mut Scope, feed: &Feed) -> Output {
        self.bytes = self.bytes.saturating_add(text.len());
        let is_short = self.bytes <= MAX_BYTES && text.len() <= parse::MAX_BYTES;
        if !is_short {
            self.exceed("it is too long to be analysed");
        }
        let is_within = self.enter() && is_short;
        let program = if is_within {
            parse::program(text)
        } else {
            None
        };
        let output = match program {
            Some(program) => program
                .complete_commands
                .iter()
                .fold(Output::nothing(), |all, list| {
                    all.then(self.list(list, scope, feed))
                }),
            None => {
                self.report
                    .unresolved("it cannot be parsed as a shell command");
                if let Some(name) = egress::strong_word(text) {
                    self.report.sends(&format!("`{name}`"));
                }
                if is_within && self.depth <= FRAGMENT_DEPTH {
                    self.fragments(text, scope);
                }
                Output::unknown(Taint::default())
            }
        };
        self.leave();
        output
    }

    /// Looks for what is dangerous in the parts of a text that does not parse as a whole.
    fn fragments(&mut self, text: &str, scope: &mut Scope) {
        for part in text.split(|c| ";&|(){}`\n".contains(c)).take(MAX_COMMANDS) {
            let mut part = part.trim();
            while let Some((first, rest)) = part.split_once(char::is_whitespace) {
                if !LEADING.contains(&first) {
                    break;
                }
                part = rest.trim_start();
            }
            self.speculate_part(part, scope);
        }
    }

    /// The output of a command substitution.
    pub(super) fn substitution(&mut self, text: &str, scope: &mut Scope) -> Value {
        self.report.unknown();
        let mut inner = scope.clone();
        let output = self.line(text, &mut inner, &Feed::default());
        let taint = Taint {
            is_computed: true,
            ..output.taint
        };
        let text = output.text.map_or_else(
            || UNKNOWN.to_string(),
            |text| text.trim_end_matches('\n').to_owned(),
        );
        Value {
            taint,
            ..Value::guessed(text)
        }
    }

    pub(super) fn list(
        &mut self,
        list: &ast::CompoundList,
        scope: &mut Scope,
        feed: &Feed,
    ) -> Output {
        let mut output = Output::nothing();
        for ast::CompoundListItem(and_or, separator) in &list.0 {
            output = match separator {
                ast::SeparatorOperator::Sequence => output.then(self.and_or(and_or, scope, feed)),
                ast::SeparatorOperator::Async => {
                    self.report
                        .execute("it leaves a command running in the background");
                    let mut inner = scope.clone();
                    inner.is_parallel = true;
                    output.then(self.and_or(and_or, &mut inner, feed))
                }
            };
        }
        output
    }

    fn and_or(&mut self, list: &ast::AndOrList, scope: &mut Scope, feed: &Feed) -> Output {
        let was_conditional = scope.is_conditional;
        let before = scope.folders.clone();
        let mut output = self.pipeline(&list.first, scope, feed);
        for next in &list.additional {
            scope.is_conditional = true;
            let pipeline = match next {
                ast::AndOr::And(pipeline) => {
                    // What comes next runs only where `cd` has succeeded.
                    if scope.folders.len() > before.len() && scope.folders.starts_with(&before) {
                        scope.folders.drain(..before.len());
                    }
                    pipeline
                }
                ast::AndOr::Or(pipeline) => {
                    scope.may_be_in(&before);
                    pipeline
                }
            };
            output = output.then(self.pipeline(pipeline, scope, feed));
        }
        scope.may_be_in(&before);
        scope.is_conditional = was_conditional;
        output
    }

    fn pipeline(&mut self, pipeline: &ast::Pipeline, scope: &mut Scope, feed: &Feed) -> Output {
        if let [only] = pipeline.seq.as_slice() {
            return self.command_node(only, scope, feed);
        }
        let mut feed = feed.clone();
        let mut output = Output::nothing();
        for (index, command) in pipeline.seq.iter().enumerate() {
            let mut inner = scope.clone();
            inner.is_parallel = true;
            output = self.command_node(command, &mut inner, &feed);
            feed = Feed::from(output.clone());
            // What a stage writes to a file is there for what comes later.
            if index + 1 == pipeline.seq.len() || inner.files.len() > scope.files.len() {
                scope.files = inner.files;
            }
        }
        output
    }

    fn command_node(&mut self, command: &ast::Command, scope: &mut Scope, feed: &Feed) -> Output {
        self.clauses += 1;
        let output = if self.clauses <= MAX_CLAUSES {
            self.any_command(command, scope, feed)
        } else {
            self.exceed("it is nested too deeply to be analysed");
            Output::unknown(feed.taint)
        };
        self.clauses -= 1;
        output
    }

    fn any_command(&mut self, command: &ast::Command, scope: &mut Scope, feed: &Feed) -> Output {
        match command {
            ast::Command::Simple(simple) => self.simple(simple, scope, feed),
            ast::Command::Compound(compound, redirects) => {
                let feed = self.redirects(redirects.as_ref(), scope, feed);
                self.compound(compound, scope, &feed)
            }
            ast::Command::Function(definition) => {
                self.define(definition, scope);
                Output::nothing()
            }
            ast::Command::ExtendedTest(test, redirects) => {
                self.report.raise(Tier::Execute);
                self.redirects(redirects.as_ref(), scope, feed);
                self.test(&test.expr, scope);
                Output::nothing()
            }
        }
    }

    fn compound(
        &mut self,
        compound: &ast::CompoundCommand,
        scope: &mut Scope,
        feed: &Feed,
    ) -> Output {
        use ast::CompoundCommand as C;
        match compound {
            C::BraceGroup(group) => self.list(&group.list, scope, feed),
            C::Subshell(group) => self.list(&group.list, &mut scope.clone(), feed),
            C::IfClause(clause) => self.if_clause(clause, scope, feed),
            C::WhileClause(clause) | C::UntilClause(clause) => {
                self.report.raise(Tier::Execute);
                self.list(&clause.0, scope, feed);
                self.branch(&clause.1.list, scope, feed)
            }
            C::ForClause(clause) => self.for_clause(clause, scope, feed),
            C::CaseClause(clause) => {
                self.report.raise(Tier::Execute);
                self.scalar(&clause.value.value, scope);
                let mut output = Output::nothing();
                for case in &clause.cases {
                    for pattern in &case.patterns {
                        self.scalar(&pattern.value, scope);
                    }
                    if let Some(list) = &case.cmd {
                        output = output.then(self.branch(list, scope, feed));
                    }
                }
                output
            }
            C::Arithmetic(command) => {
                self.report.raise(Tier::Execute);
                self.arithmetic(&command.expr.value, scope);
                Output::nothing()
            }
            C::ArithmeticForClause(clause) => {
                self.report.raise(Tier::Execute);
                for part in [&clause.initializer, &clause.condition, &clause.updater]
                    .into_iter()
                    .flatten()
                {
                    self.arithmetic(&part.value, scope);
                }
                self.branch(&clause.body.list, scope, feed)
            }
            C::Coprocess(command) => {
                self.report
                    .execute("it leaves a command running in the background");
                let mut inner = scope.clone();
                inner.is_parallel = true;
                self.command_node(&command.body, &mut inner, feed)
            }
        }
    }

    fn if_clause(
        &mut self,
        clause: &ast::IfClauseCommand,
        scope: &mut Scope,
        feed: &Feed,
    ) -> Output {
        let mut output = self.list(&clause.condition, scope, feed);
        output = output.then(self.branch(&clause.then, scope, feed));
        for other in clause.elses.iter().flatten() {
            if let Some(condition) = &other.condition {
                output = output.then(self.branch(condition, scope, feed));
            }
            output = output.then(self.branch(&other.body, scope, feed));
        }
        output
    }

    fn for_clause(
        &mut self,
        clause: &ast::ForClauseCommand,
        scope: &mut Scope,
        feed: &Feed,
    ) -> Output {
        self.report.raise(Tier::Execute);
        let mut value: Option<Value> = None;
        for word in clause.values.iter().flatten() {
            for field in self.fields(&word.value, scope).into_iter().flatten() {
                let next = Value {
                    options: vec![vec![field.text.clone()]],
                    is_known: field.is_known && field.pattern.is_none(),
                    taint: field.taint,
                };
                match &mut value {
                    Some(value) => value.or(next),
                    None => value = Some(next),
                }
            }
        }
        scope.set(
            &clause.variable_name,
            value.unwrap_or_else(|| Value::unknown(Taint::default())),
        );
        self.branch(&clause.body.list, scope, feed)
    }

    /// A part that may or may not run.
    fn branch(&mut self, list: &ast::CompoundList, scope: &mut Scope, feed: &Feed) -> Output {
        let was_conditional = scope.is_conditional;
        scope.is_conditional = true;
        let output = self.list(list, scope, feed);
        scope.is_conditional = was_conditional;
        output
    }

    fn define(&mut self, definition: &ast::FunctionDefinition, scope: &mut Scope) {
        let name = definition.fname.value.clone();
        self.report
            .execute(format!("it defines a function `{name}`"));
        let mut inner = scope.clone();
        inner.inside = Some(name.clone());
        inner.is_parallel = false;
        inner.is_conditional = true;
        inner.positional = vec![UNKNOWN.to_string()];
        inner.is_positional_known = false;
        let ast::FunctionBody(body, redirects) = &definition.body;
        let feed = self.redirects(redirects.as_ref(), &mut inner, &Feed::default());
        self.compound(body, &mut inner, &feed);
        scope.functions.insert(name, definition.clone());
    }

    /// Runs the body of a function the line has defined.
    pub(super) fn call(
        &mut self,
        name: &str,
        argv: &[Field],
        scope: &mut Scope,
        feed: &Feed,
    ) -> Output {
        let Some(definition) = scope.functions.get(name).cloned() else {
            return Output::nothing();
        };
        if scope.inside.as_deref() == Some(name) || !self.enter() {
            return Output::unknown(Taint::default());
        }
        let outer = (
            scope.inside.replace(name.to_owned()),
            scope.is_positional_known,
        );
        let arguments = texts(argv.get(1..).unwrap_or_default());
        let positional = std::mem::replace(&mut scope.positional, arguments);
        scope.is_positional_known = argv.iter().all(|field| field.is_known);
        let output = self.compound(&definition.body.0, scope, feed);
        scope.positional = positional;
        (scope.inside, scope.is_positional_known) = outer;
        self.leave();
        output
    }

    fn test(&mut self, expression: &ast::ExtendedTestExpr, scope: &mut Scope) {
        use ast::ExtendedTestExpr as T;
        match expression {
            T::And(left, right) | T::Or(left, right) => {
                self.test(left, scope);
                self.test(right, scope);
            }
            T::Not(inner) | T::Parenthesized(inner) => self.test(inner, scope),
            T::UnaryTest(_, word) => {
                self.scalar(&word.value, scope);
            }
            T::BinaryTest(_, left, right) => {
                for word in [left, right] {
                    self.scalar(&word.value, scope);
                    // Arithmetic comparison runs substitutions in array subscripts.
                    if word.value.contains('$') || word.value.contains('`') {
                        self.heredoc(word.value.trim_matches('\''), scope);
                    }
                }
            }
        }
    }
}
