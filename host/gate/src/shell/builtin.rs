//! Built-ins of the shell that change what later commands mean.

use super::field::{Field, texts};
use super::output::Feed;
use super::scope::{Scope, UNKNOWN, Value};
use super::walk::Walker;

/// Applies a built-in to the scope. False if the program prints something of its own.
pub(super) fn apply(
    walker: &mut Walker<'_>,
    program: &str,
    argv: &[Field],
    scope: &mut Scope,
    feed: &Feed,
) -> bool {
    let arguments = argv.get(1..).unwrap_or_default();
    match program {
        "cd" | "pushd" => change_folder(walker, arguments, scope),
        "popd" => {
            walker
                .report
                .unresolved("the folder it works in is not known");
            scope.enter("/");
        }
        "export" | "declare" | "typeset" | "local" | "readonly" => {
            say_changed(walker, program);
            declare(arguments, scope);
        }
        "set" => set_positional(arguments, scope),
        "shift" => drop(scope.positional.drain(..scope.positional.len().min(1))),
        "alias" => define_aliases(walker, arguments, scope),
        "read" | "mapfile" | "readarray" | "getopts" => read(program, arguments, scope, feed),
        "printf"
            if arguments
                .first()
                .is_some_and(|first| first.text.starts_with("-v")) =>
        {
            print_into(arguments, scope);
        }
        "unset" => {
            for field in arguments {
                scope.set(&field.text, Value::unset());
                scope.functions.remove(&field.text);
            }
        }
        "let" => {
            for field in arguments {
                walker.arithmetic(&field.text, scope);
            }
        }
        "source" | "." | "trap" | "enable" | "hash" | "shopt" | "bind" | "complete" => {
            say_changed(walker, program);
        }
        _ => return false,
    }
    true
}

fn say_changed(walker: &mut Walker<'_>, program: &str) {
    walker
        .report
        .execute(format!("`{program}` changes the shell for what follows"));
}

fn declare(arguments: &[Field], scope: &mut Scope) {
    for field in arguments {
        if let Some((name, text)) = field.text.split_once('=') {
            let value = if field.is_known {
                Value::known(text)
            } else {
                Value::guessed(text)
            };
            scope.set(name.trim_end_matches('+'), value);
        }
    }
}

fn set_positional(arguments: &[Field], scope: &mut Scope) {
    let values: Vec<String> = texts(arguments)
        .into_iter()
        .skip_while(|text| text.starts_with(['-', '+']) && text != "--")
        .skip_while(|text| text == "--")
        .collect();
    if !values.is_empty() {
        scope.is_positional_known = arguments.iter().all(|field| field.is_known);
        scope.positional = values;
    }
}

fn define_aliases(walker: &mut Walker<'_>, arguments: &[Field], scope: &mut Scope) {
    for text in texts(arguments) {
        if let Some((name, line)) = text.split_once('=') {
            walker
                .report
                .execute(format!("it defines an alias `{name}`"));
            scope.aliases.insert(name.to_owned(), line.to_owned());
        }
    }
}

fn read(program: &str, arguments: &[Field], scope: &mut Scope, feed: &Feed) {
    for field in arguments
        .iter()
        .filter(|field| !field.text.starts_with('-'))
    {
        let value = match &feed.text {
            Some(text) if program == "read" => Value::guessed(text.trim_end()),
            _ => Value::unknown(feed.taint),
        };
        scope.set(&field.text, value);
    }
}

/// `printf -v name format …`
fn print_into(arguments: &[Field], scope: &mut Scope) {
    let attached = arguments
        .first()
        .and_then(|first| first.text.strip_prefix("-v"))
        .filter(|name| !name.is_empty());
    let (name, rest) = match (attached, arguments.get(1)) {
        (Some(name), _) => (name, 1),
        (None, Some(name)) => (name.text.as_str(), 2),
        (None, None) => return,
    };
    let text = super::stdio::printf(arguments.get(rest..).unwrap_or_default());
    scope.set(
        name,
        Value::guessed(text.unwrap_or_else(|| UNKNOWN.to_string())),
    );
}

fn change_folder(walker: &mut Walker<'_>, arguments: &[Field], scope: &mut Scope) {
    let target = arguments
        .iter()
        .find(|field| !matches!(field.text.as_str(), "-P" | "-L" | "-e" | "--"));
    match target {
        None => {
            let home = scope.home();
            walker.reads(&Field::literal(home.as_str()), scope);
            scope.enter(&home);
        }
        Some(field) if field.text == "-" || field.has_unknown() => {
            walker
                .report
                .unresolved("the folder it works in is not known");
        }
        Some(field) => {
            walker.reads(field, scope);
            scope.enter(&field.text);
        }
    }
}
