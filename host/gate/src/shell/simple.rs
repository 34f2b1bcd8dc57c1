//! Simple commands: assignments, redirections and words, before the command itself is judged.

use super::field::Field;
use super::output::{Feed, Output};
use super::place::Spot;
use super::scope::{MAX_OPTIONS, Scope, Taint, Value};
use super::walk::Walker;
use anteroom_api::Tier;
use brush_parser::ast::{self, CommandPrefixOrSuffixItem as Item, IoFileRedirectKind as Kind};

/// What the redirections of a command make of its input and output.
#[derive(Default)]
struct Redirected {
    feed: Option<Feed>,
    files: Vec<String>,
}

impl Walker<'_> {
    pub(super) fn simple(
        &mut self,
        simple: &ast::SimpleCommand,
        scope: &mut Scope,
        feed: &Feed,
    ) -> Output {
        let mut redirected = Redirected::default();
        let prefix = simple
            .prefix
            .as_ref()
            .map(|prefix| prefix.0.as_slice())
            .unwrap_or_default();
        let has_command = simple.word_or_name.is_some();
        for item in prefix {
            match item {
                Item::AssignmentWord(assignment, _) => self.assign(assignment, has_command, scope),
                Item::IoRedirect(redirect) => self.redirect(redirect, scope, &mut redirected),
                Item::Word(word) => {
                    self.fields(&word.value, scope);
                }
                Item::ProcessSubstitution(_, list) => {
                    self.list(&list.list, &mut scope.clone(), &Feed::default());
                }
            }
        }
        let options = self.words(simple, scope, &mut redirected);
        let feed = redirected.feed.as_ref().unwrap_or(feed);
        let mut output = Output::nothing();
        for argv in options.iter().filter(|argv| !argv.is_empty()) {
            output = self.command(argv, scope, feed);
        }
        if !redirected.files.is_empty() {
            for file in redirected.files {
                scope.files.push((file, output.clone()));
            }
            output = Output {
                text: Some(String::new()),
                ..output
            };
        }
        output
    }

    /// The name and the arguments, in each possibility.
    fn words(
        &mut self,
        simple: &ast::SimpleCommand,
        scope: &mut Scope,
        redirected: &mut Redirected,
    ) -> Vec<Vec<Field>> {
        let mut options: Vec<Vec<Field>> = vec![Vec::new()];
        if let Some(name) = &simple.word_or_name {
            options = extended(options, self.fields(&name.value, scope));
        }
        for item in simple.suffix.iter().flat_map(|suffix| &suffix.0) {
            match item {
                Item::Word(word) | Item::AssignmentWord(_, word) => {
                    options = extended(options, self.fields(&word.value, scope));
                }
                Item::IoRedirect(redirect) => self.redirect(redirect, scope, redirected),
                Item::ProcessSubstitution(_, list) => {
                    let field = self.process_substitution(&list.list, scope);
                    options = extended(options, vec![vec![field]]);
                }
            }
        }
        options
    }

    /// A process substitution as an argument: a file with what the inner command prints.
    fn process_substitution(&mut self, list: &ast::CompoundList, scope: &mut Scope) -> Field {
        self.report.raise(Tier::Execute);
        let output = self.list(list, &mut scope.clone(), &Feed::default());
        let name = format!("/dev/fd/{}", 63 + scope.files.len());
        let taint = Taint {
            is_computed: true,
            ..output.taint
        };
        scope.files.push((name.clone(), output));
        Field {
            text: name,
            is_expanded: true,
            taint,
            ..Field::default()
        }
    }

    fn assign(&mut self, assignment: &ast::Assignment, is_temporary: bool, scope: &mut Scope) {
        let name = match &assignment.name {
            ast::AssignmentName::VariableName(name) => name.clone(),
            ast::AssignmentName::ArrayElementName(name, index) => {
                self.heredoc(index, scope);
                self.report
                    .unresolved(format!("it sets an element of `{name}`"));
                name.clone()
            }
        };
        self.report
            .execute(format!("it sets the variable `{name}`"));
        let value = match &assignment.value {
            ast::AssignmentValue::Scalar(word) => self.scalar(&word.value, scope),
            ast::AssignmentValue::Array(words) => self.array(words, scope),
        };
        if is_temporary {
            return;
        }
        let value = if assignment.append && scope.is_set(&name) {
            appended(&scope.get(&name), &value)
        } else {
            value
        };
        scope.set(&name, value);
    }

    fn array(&mut self, words: &[(Option<ast::Word>, ast::Word)], scope: &mut Scope) -> Value {
        let mut options: Vec<Vec<Field>> = vec![Vec::new()];
        for (_, word) in words {
            options = extended(options, self.fields(&word.value, scope));
        }
        Value {
            is_known: options.iter().flatten().all(|field| field.is_known),
            taint: options
                .iter()
                .flatten()
                .fold(Taint::default(), |all, field| all.and(field.taint)),
            options: options
                .into_iter()
                .map(|fields| fields.into_iter().map(|field| field.text).collect())
                .collect(),
        }
    }

    /// The redirections of a compound command; what it then reads.
    pub(super) fn redirects(
        &mut self,
        list: Option<&ast::RedirectList>,
        scope: &mut Scope,
        feed: &Feed,
    ) -> Feed {
        let mut redirected = Redirected::default();
        for redirect in list.iter().flat_map(|list| &list.0) {
            self.redirect(redirect, scope, &mut redirected);
        }
        for file in redirected.files {
            scope.files.push((file, Output::unknown(feed.taint)));
        }
        redirected.feed.unwrap_or_else(|| feed.clone())
    }

    fn redirect(&mut self, redirect: &ast::IoRedirect, scope: &mut Scope, into: &mut Redirected) {
        match redirect {
            ast::IoRedirect::File(_, kind, target) => self.file_redirect(kind, target, scope, into),
            ast::IoRedirect::OutputAndError(word, _) => {
                self.redirect_to(&word.value, true, scope, into)
            }
            ast::IoRedirect::HereDocument(_, document) => {
                self.report.raise(Tier::Execute);
                let output = if document.requires_expansion {
                    let value = self.heredoc(&document.doc.value, scope);
                    output_of(&value)
                } else {
                    Output::text(document.doc.value.as_str())
                };
                into.feed = Some(Feed::from(output));
            }
            ast::IoRedirect::HereString(_, word) => {
                self.report.raise(Tier::Execute);
                let value = self.scalar(&word.value, scope);
                into.feed = Some(Feed::from(output_of(&value)));
            }
        }
    }

    fn file_redirect(
        &mut self,
        kind: &Kind,
        target: &ast::IoFileRedirectTarget,
        scope: &mut Scope,
        into: &mut Redirected,
    ) {
        use ast::IoFileRedirectTarget as T;
        let is_write = !matches!(kind, Kind::Read | Kind::DuplicateInput);
        match target {
            T::Filename(word) => self.redirect_to(&word.value, is_write, scope, into),
            T::Fd(_) => {}
            T::Duplicate(word) => {
                let is_descriptor = word
                    .value
                    .trim_end_matches('-')
                    .chars()
                    .all(|c| c.is_ascii_digit());
                if !is_descriptor {
                    self.redirect_to(&word.value, is_write, scope, into);
                }
            }
            T::ProcessSubstitution(_, list) => {
                self.report.raise(Tier::Execute);
                let output = self.list(&list.list, &mut scope.clone(), &Feed::default());
                if !is_write {
                    into.feed = Some(Feed::from(output));
                }
            }
        }
    }

    fn redirect_to(&mut self, raw: &str, is_write: bool, scope: &mut Scope, into: &mut Redirected) {
        for fields in self.fields(raw, scope) {
            let [field] = fields.as_slice() else {
                self.report.unresolved("a redirection has no single target");
                continue;
            };
            if field.has_unknown() || (field.is_expanded && !field.is_known) {
                self.report
                    .unresolved("the target of a redirection is not known");
            }
            if super::egress::is_network_path(&field.text) {
                self.report
                    .sends(&format!("`{}`", crate::visible::visible(&field.text)));
            }
            let is_null = matches!(self.spot(field, scope), Spot::Harmless);
            if is_null && field.is_literal() {
                continue;
            }
            self.report.raise(Tier::Execute);
            if is_write {
                self.writes(field, scope, "writes to");
                into.files.push(field.text.clone());
            } else {
                self.reads(field, scope);
                let known = scope
                    .files
                    .iter()
                    .rev()
                    .find(|(name, _)| *name == field.text);
                into.feed = Some(match known {
                    Some((_, output)) => Feed::from(output.clone()),
                    None => Feed::from(Output::unknown(field.taint)),
                });
            }
        }
    }
}

fn output_of(value: &Value) -> Output {
    let text = value.texts().into_iter().next().unwrap_or_default();
    let is_whole = value.options.len() == 1 && !text.contains(super::scope::UNKNOWN);
    Output {
        text: is_whole.then_some(text),
        taint: value.taint,
    }
}

fn appended(old: &Value, new: &Value) -> Value {
    let mut options = Vec::new();
    for old in &old.options {
        for new in &new.options {
            if options.len() < MAX_OPTIONS {
                options.push(vec![format!("{}{}", old.join(" "), new.join(" "))]);
            }
        }
    }
    Value {
        options,
        is_known: old.is_known && new.is_known,
        taint: old.taint.and(new.taint),
    }
}

/// Each possibility so far with each of the next word.
fn extended(all: Vec<Vec<Field>>, next: Vec<Vec<Field>>) -> Vec<Vec<Field>> {
    if next.len() == 1 {
        return all
            .into_iter()
            .map(|mut fields| {
                fields.extend(next.iter().flatten().cloned());
                fields
            })
            .collect();
    }
    super::expand::product(&all, &next)
}
