//! Words to fields: quotes, variables, substitutions, braces. Follows each possibility that is known.

use super::field::{Builder, Field};
use super::parse;
use super::scope::{MAX_OPTIONS, Scope, Taint, Value};
use super::walk::Walker;
use anteroom_api::Tier;
use brush_parser::word::{
    Parameter, ParameterExpr, SpecialParameter, TildeExpr, WordPiece, WordPieceWithSource,
};

impl Walker<'_> {
    /// The fields a word may become; one entry for each possibility.
    pub(super) fn fields(&mut self, raw: &str, scope: &mut Scope) -> Vec<Vec<Field>> {
        let Some(words) = parse::braces(raw) else {
            self.report.unresolved("a word cannot be understood");
            return vec![vec![Field::unknown(Taint::default())]];
        };
        let is_braced = words.len() > 1;
        let mut all: Vec<Vec<Field>> = vec![Vec::new()];
        for word in words {
            let options = self.fields_of(&word, scope);
            all = product(&all, &options);
        }
        if is_braced {
            for field in all.iter_mut().flatten() {
                field.is_expanded = true;
            }
        }
        all
    }

    fn fields_of(&mut self, raw: &str, scope: &mut Scope) -> Vec<Vec<Field>> {
        let pieces = if self.enter() { parse::word(raw) } else { None };
        let Some(pieces) = pieces else {
            self.leave();
            self.report.unresolved("a word cannot be understood");
            return vec![vec![Field::unknown(Taint::default())]];
        };
        let mut builders = vec![Builder::new()];
        self.add_pieces(&pieces, false, scope, &mut builders);
        self.leave();
        builders.into_iter().map(Builder::finish).collect()
    }

    /// The texts a word may have where it is not split: assignments, here-strings, `case`.
    pub(super) fn scalar(&mut self, raw: &str, scope: &mut Scope) -> Value {
        let pieces = if self.enter() { parse::word(raw) } else { None };
        let value = match pieces {
            Some(pieces) => self.joined(&pieces, scope),
            None => {
                self.report.unresolved("a word cannot be understood");
                Value::unknown(Taint::default())
            }
        };
        self.leave();
        value
    }

    /// The text of an unquoted here-document.
    pub(super) fn heredoc(&mut self, raw: &str, scope: &mut Scope) -> Value {
        let pieces = if self.enter() {
            parse::heredoc(raw)
        } else {
            None
        };
        let value = match pieces {
            Some(pieces) => self.joined(&pieces, scope),
            None => {
                self.report
                    .unresolved("a here-document cannot be understood");
                Value::unknown(Taint::default())
            }
        };
        self.leave();
        value
    }

    fn joined(&mut self, pieces: &[WordPieceWithSource], scope: &mut Scope) -> Value {
        let mut builders = vec![Builder::new()];
        self.add_pieces(pieces, true, scope, &mut builders);
        let mut value = Value {
            options: Vec::new(),
            is_known: true,
            taint: Taint::default(),
        };
        for builder in builders {
            let fields = builder.finish();
            value.is_known &= fields.iter().all(|field| field.is_known);
            value.taint = fields
                .iter()
                .fold(value.taint, |all, field| all.and(field.taint));
            let texts: Vec<String> = fields.into_iter().map(|field| field.text).collect();
            value.options.push(vec![texts.join(" ")]);
        }
        value
    }

    fn add_pieces(
        &mut self,
        pieces: &[WordPieceWithSource],
        is_quoted: bool,
        scope: &mut Scope,
        builders: &mut Vec<Builder>,
    ) {
        for piece in pieces {
            self.add_piece(&piece.piece, is_quoted, scope, builders);
        }
    }

    fn add_piece(
        &mut self,
        piece: &WordPiece,
        is_quoted: bool,
        scope: &mut Scope,
        builders: &mut Vec<Builder>,
    ) {
        match piece {
            WordPiece::Text(text) if is_quoted => quote(builders, &text.replace("\\\n", "")),
            WordPiece::Text(text) => builders
                .iter_mut()
                .for_each(|builder| builder.unquoted(text)),
            WordPiece::SingleQuotedText(text) => quote(builders, text),
            WordPiece::AnsiCQuotedText(text) => quote(builders, &super::escape::decode(text)),
            WordPiece::DoubleQuotedSequence(inner)
            | WordPiece::GettextDoubleQuotedSequence(inner) => {
                quote(builders, "");
                self.add_pieces(inner, true, scope, builders);
            }
            WordPiece::EscapeSequence(text) => {
                let text = text.strip_prefix('\\').unwrap_or(text);
                quote(builders, if text == "\n" { "" } else { text });
            }
            WordPiece::TildeExpansion(tilde) => {
                let value = tilde_value(tilde, scope);
                add_value(builders, &value, true, false);
            }
            WordPiece::CommandSubstitution(text) => {
                let value = self.substitution(text, scope);
                add_value(builders, &value, is_quoted, false);
            }
            WordPiece::BackquotedCommandSubstitution(text) => {
                let value = self.substitution(&unescape_backquoted(text), scope);
                add_value(builders, &value, is_quoted, false);
            }
            WordPiece::ArithmeticExpression(expression) => {
                self.arithmetic(&expression.value, scope);
                self.report.unknown();
                add_value(builders, &Value::unknown(Taint::default()), true, false);
            }
            WordPiece::ParameterExpansion(expression) => {
                let is_list = is_list(expression);
                let value = self.parameter(expression, scope);
                // An empty value leaves no field behind that could tell of it.
                self.report.raise(Tier::Execute);
                if !value.is_known {
                    self.report.unknown();
                }
                add_value(builders, &value, is_quoted, is_list);
            }
        }
    }

    /// Arithmetic can run commands through substitutions and array subscripts.
    pub(super) fn arithmetic(&mut self, text: &str, scope: &mut Scope) {
        let is_plain = text
            .chars()
            .all(|c| c.is_ascii_digit() || " \t\n+-*/%()<>=!&|^~?:,".contains(c));
        if !is_plain {
            self.report
                .unresolved("the value of an arithmetic expression is not known");
            self.heredoc(text, scope);
        }
    }
}

fn quote(builders: &mut [Builder], text: &str) {
    for builder in builders {
        builder.quoted(text);
    }
}

/// Adds each possibility of a value to each possibility so far.
fn add_value(builders: &mut Vec<Builder>, value: &Value, is_quoted: bool, is_list: bool) {
    let mut next = Vec::new();
    for option in &value.options {
        for builder in builders.iter() {
            if next.len() >= MAX_OPTIONS {
                break;
            }
            let mut builder = builder.clone();
            builder.expanded(value.is_known, value.taint);
            match (is_list, is_quoted) {
                (true, true) => builder.list(option),
                (false, true) => builder.quoted(&option.join(" ")),
                (_, false) => builder.split(&option.join(" ")),
            }
            next.push(builder);
        }
    }
    if next.len() < builders.len() * value.options.len() {
        for builder in &mut next {
            builder.expanded(false, Taint::default());
        }
    }
    *builders = next;
}

pub(super) fn product(left: &[Vec<Field>], right: &[Vec<Field>]) -> Vec<Vec<Field>> {
    let is_whole = left.len() * right.len() <= MAX_OPTIONS;
    let mut all: Vec<Vec<Field>> = left
        .iter()
        .flat_map(|left| {
            right
                .iter()
                .map(move |right| [left.as_slice(), right.as_slice()].concat())
        })
        .take(MAX_OPTIONS)
        .collect();
    if !is_whole {
        for field in all.iter_mut().flatten().filter(|field| field.is_expanded) {
            field.is_known = false;
        }
    }
    all
}

fn tilde_value(tilde: &TildeExpr, scope: &Scope) -> Value {
    match tilde {
        TildeExpr::Home => scope.get("HOME"),
        TildeExpr::UserHome(user) if user == "root" => Value::known("/root"),
        TildeExpr::UserHome(user) => Value::guessed(format!("/home/{user}")),
        TildeExpr::WorkingDir => scope.get("PWD"),
        TildeExpr::OldWorkingDir
        | TildeExpr::NthDirFromTopOfDirStack { .. }
        | TildeExpr::NthDirFromBottomOfDirStack { .. } => Value::unknown(Taint::default()),
    }
}

/// Whether an expansion keeps its values apart inside double quotes.
fn is_list(expression: &ParameterExpr) -> bool {
    matches!(
        expression,
        ParameterExpr::Parameter {
            parameter: Parameter::NamedWithAllIndices {
                concatenate: false,
                ..
            } | Parameter::Special(SpecialParameter::AllPositionalParameters {
                concatenate: false
            }),
            ..
        }
    )
}

/// Inside backquotes a backslash quotes only a dollar sign, a backquote and itself.
fn unescape_backquoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some(next @ ('$' | '`' | '\\'))) => {
                out.push(*next);
                chars.next();
            }
            _ => out.push(c),
        }
    }
    out
}
