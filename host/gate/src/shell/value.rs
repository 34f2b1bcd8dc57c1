//! Values of parameters and what expansions make of them, without running anything.

use super::scope::{Scope, Taint, UNKNOWN, Value};
use brush_parser::word::{Parameter, SpecialParameter, SubstringMatchKind};

pub(super) fn of_parameter(parameter: &Parameter, scope: &Scope) -> Value {
    match parameter {
        Parameter::Named(name) => scope.get(name),
        Parameter::Positional(0) | Parameter::Special(SpecialParameter::ShellName) => {
            Value::guessed(scope.zero.as_deref().unwrap_or("$0"))
        }
        Parameter::Positional(n) => {
            let index = usize::try_from(*n).unwrap_or(usize::MAX).saturating_sub(1);
            match scope.positional.get(index) {
                Some(text) => of_text(text),
                None => Value::unset(),
            }
        }
        Parameter::NamedWithIndex { name, index } => {
            let value = scope.get(name);
            match index.parse::<usize>() {
                Ok(index) => Value {
                    options: value
                        .options
                        .iter()
                        .map(|list| vec![list.get(index).cloned().unwrap_or_default()])
                        .collect(),
                    ..value
                },
                Err(_) => Value::unknown(value.taint),
            }
        }
        Parameter::NamedWithAllIndices { name, .. } => scope.get(name),
        Parameter::Special(SpecialParameter::AllPositionalParameters { .. }) => Value {
            options: vec![scope.positional.clone()],
            is_known: scope.is_positional_known
                && !scope.positional.iter().any(|text| text.contains(UNKNOWN)),
            taint: Taint::default(),
        },
        Parameter::Special(_) => Value::unknown(Taint::default()),
    }
}

fn of_text(text: &str) -> Value {
    if text.contains(UNKNOWN) {
        Value::guessed(text)
    } else {
        Value::known(text)
    }
}

/// The value of the variable that a value names.
pub(super) fn indirect(value: &Value, scope: &Scope) -> Value {
    match value.texts().as_slice() {
        [name] if value.is_known => scope.get(name),
        _ => Value::unknown(value.taint),
    }
}

/// One or the other; nobody knows which.
pub(super) fn either(mut one: Value, other: Value) -> Value {
    one.or(other);
    one.uncertain()
}

/// A literal piece taken off an end. What a pattern would take off is not followed.
pub(super) fn trimmed(
    value: Value,
    piece: &Value,
    strip: impl for<'a> Fn(&'a str, &str) -> Option<&'a str>,
) -> Value {
    match piece.texts().as_slice() {
        [piece_text] if piece.is_known && !piece_text.contains(['*', '?', '[']) => {
            value.map(|text| strip(text, piece_text).unwrap_or(text).to_owned())
        }
        _ => value.uncertain(),
    }
}

pub(super) fn substring(value: Value, offset: &str, length: Option<&str>) -> Value {
    let offset = offset.trim().parse::<usize>();
    let length = length
        .map(|length| length.trim().parse::<usize>())
        .transpose();
    match (offset, length) {
        (Ok(offset), Ok(length)) => value.map(|text| {
            text.chars()
                .skip(offset)
                .take(length.unwrap_or(usize::MAX))
                .collect()
        }),
        _ => Value::unknown(value.taint),
    }
}

pub(super) fn replaced(
    value: Value,
    pattern: &Value,
    replacement: &Value,
    kind: &SubstringMatchKind,
) -> Value {
    let (patterns, replacements) = (pattern.texts(), replacement.texts());
    let ([pattern_text], [new]) = (patterns.as_slice(), replacements.as_slice()) else {
        return value.uncertain();
    };
    let is_literal = pattern.is_known && !pattern_text.contains(['*', '?', '[']);
    if !is_literal || pattern_text.is_empty() {
        return value.uncertain();
    }
    let is_known = value.is_known && replacement.is_known;
    let mut changed = value.map(|text| match kind {
        SubstringMatchKind::Prefix => match text.strip_prefix(pattern_text.as_str()) {
            Some(rest) => format!("{new}{rest}"),
            None => text.to_owned(),
        },
        SubstringMatchKind::Suffix => match text.strip_suffix(pattern_text.as_str()) {
            Some(rest) => format!("{rest}{new}"),
            None => text.to_owned(),
        },
        SubstringMatchKind::FirstOccurrence => text.replacen(pattern_text.as_str(), new, 1),
        SubstringMatchKind::Anywhere => text.replace(pattern_text.as_str(), new),
    });
    changed.is_known = is_known;
    changed
}
