//! The environment as a source of values: `AI_CHAT_*` variables and `${NAME}` references.

use super::settings::{ROWS, Row};
use std::collections::BTreeMap;

/// All variables that set something begin with this.
const PREFIX: &str = "AI_CHAT_";

/// The settings that are set there, in the order of the table. An empty variable sets nothing.
pub(crate) fn settings(
    environment: &BTreeMap<String, String>,
) -> impl Iterator<Item = (&'static Row, &'static str, &str)> {
    ROWS.iter().filter_map(|row| {
        let name = row.environment?;
        let text = environment.get(name)?;
        (!text.is_empty()).then_some((row, name, text.as_str()))
    })
}

/// Variables with our prefix that no setting knows, and whether a later version might.
pub(crate) fn unknown(environment: &BTreeMap<String, String>) -> impl Iterator<Item = &str> {
    environment.keys().map(String::as_str).filter(|name| {
        let mut known = ROWS.iter().filter_map(|row| row.environment);
        name.starts_with(PREFIX) && !known.any(|known| known == *name)
    })
}

/// Why a `${NAME}` reference has no value.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ReferenceTrouble {
    /// The variable is not set, or is empty.
    Unset(String),
    /// `${` without a name and a `}` behind it.
    Malformed,
}

/// Puts values in the place of `${NAME}`; `$${` stands for `${` itself.
pub(crate) fn resolve(
    text: &str,
    environment: &BTreeMap<String, String>,
) -> Result<String, ReferenceTrouble> {
    let mut resolved = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, reference) = rest.split_at(at);
        if let Some(literal) = before.strip_suffix('$') {
            resolved.push_str(literal);
            resolved.push_str("${");
            rest = &reference[2..];
            continue;
        }
        resolved.push_str(before);
        let (name, after) = reference[2..]
            .split_once('}')
            .filter(|(name, _)| is_name(name))
            .ok_or(ReferenceTrouble::Malformed)?;
        match environment.get(name) {
            Some(value) if !value.is_empty() => resolved.push_str(value),
            _ => return Err(ReferenceTrouble::Unset(name.to_owned())),
        }
        rest = after;
    }
    resolved.push_str(rest);
    Ok(resolved)
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, ReferenceTrouble>) {
        let environment = [
            ("A", "1"),
            ("B_2", "two"),
            ("EMPTY", ""),
            ("LOOP", "${LOOP}"),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let resolved = resolve(text, &environment.into());
        assert_eq!(resolved, expected.map(str::to_owned), "{text}");
    }

    #[test]
    fn references_are_resolved_once() {
        check("", Ok(""));
        check("plain $A text", Ok("plain $A text"));
        check("${A}", Ok("1"));
        check("<${A}|${B_2}>ö", Ok("<1|two>ö"));
        check("$${A}", Ok("${A}"));
        check("$$${A}", Ok("$${A}"));
        check("${LOOP}", Ok("${LOOP}"));
        check("${NO}", Err(ReferenceTrouble::Unset("NO".to_owned())));
        check("${EMPTY}", Err(ReferenceTrouble::Unset("EMPTY".to_owned())));
        for text in ["${", "${}", "${A", "${A B}", "${1}", "${${A}}"] {
            check(text, Err(ReferenceTrouble::Malformed));
        }
    }
}
