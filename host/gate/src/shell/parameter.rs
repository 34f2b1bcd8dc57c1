//! Parameter expansions: `$name`, `${name:-word}` and their kin.

use super::scope::{Scope, Taint, Value};
use super::value;
use super::walk::Walker;
use brush_parser::word::{Parameter, ParameterExpr as P};

impl Walker<'_> {
    pub(super) fn parameter(&mut self, expression: &P, scope: &mut Scope) -> Value {
        match expression {
            P::Parameter {
                parameter,
                indirect,
            } => {
                let value = value::of_parameter(parameter, scope);
                if *indirect {
                    value::indirect(&value, scope)
                } else {
                    value
                }
            }
            P::ParameterLength { .. } | P::VariableNames { .. } | P::MemberKeys { .. } => {
                Value::unknown(Taint::default())
            }
            P::Transform { parameter, .. } => {
                // `@P` runs the substitutions in the value.
                let value = value::of_parameter(parameter, scope);
                for text in value.texts() {
                    self.heredoc(&text, scope);
                }
                value.uncertain()
            }
            P::Substring {
                parameter,
                offset,
                length,
                ..
            } => {
                let length = length.as_ref().map(|length| length.value.as_str());
                self.arithmetic(&offset.value, scope);
                self.arithmetic(length.unwrap_or_default(), scope);
                value::substring(value::of_parameter(parameter, scope), &offset.value, length)
            }
            P::ReplaceSubstring {
                parameter,
                pattern,
                replacement,
                match_kind,
                ..
            } => {
                let pattern = self.scalar(pattern, scope);
                let replacement = self.optional(replacement.as_ref(), scope);
                value::replaced(
                    value::of_parameter(parameter, scope),
                    &pattern,
                    &replacement,
                    match_kind,
                )
            }
            P::UseDefaultValues { .. }
            | P::AssignDefaultValues { .. }
            | P::UseAlternativeValue { .. }
            | P::IndicateErrorIfNullOrUnset { .. } => self.conditional(expression, scope),
            _ => self.patterned(expression, scope),
        }
    }

    /// Expansions that take another word if the parameter is unset or empty, or is not.
    fn conditional(&mut self, expression: &P, scope: &mut Scope) -> Value {
        match expression {
            P::UseDefaultValues {
                parameter,
                default_value,
                ..
            } => self.default(parameter, default_value.as_ref(), scope),
            P::AssignDefaultValues {
                parameter,
                default_value,
                ..
            } => {
                let chosen = self.default(parameter, default_value.as_ref(), scope);
                if let Parameter::Named(name) = parameter {
                    scope.set(name, chosen.clone());
                }
                chosen
            }
            P::UseAlternativeValue {
                alternative_value, ..
            } => {
                let other = self.optional(alternative_value.as_ref(), scope);
                value::either(other, Value::unset())
            }
            P::IndicateErrorIfNullOrUnset {
                parameter,
                error_message,
                ..
            } => {
                self.optional(error_message.as_ref(), scope);
                value::of_parameter(parameter, scope)
            }
            _ => Value::unknown(Taint::default()),
        }
    }

    fn default(
        &mut self,
        parameter: &Parameter,
        default: Option<&String>,
        scope: &mut Scope,
    ) -> Value {
        let value = value::of_parameter(parameter, scope);
        let default = self.optional(default, scope);
        if value.is_known && value.texts().iter().all(|text| !text.is_empty()) {
            value
        } else if value.texts().iter().all(String::is_empty) {
            default.uncertain()
        } else {
            value::either(value, default)
        }
    }

    /// Expansions that change a value by a pattern.
    fn patterned(&mut self, expression: &P, scope: &mut Scope) -> Value {
        let (parameter, pattern, is_suffix) = match expression {
            P::RemoveSmallestSuffixPattern {
                parameter, pattern, ..
            }
            | P::RemoveLargestSuffixPattern {
                parameter, pattern, ..
            } => (parameter, pattern, true),
            P::RemoveSmallestPrefixPattern {
                parameter, pattern, ..
            }
            | P::RemoveLargestPrefixPattern {
                parameter, pattern, ..
            } => (parameter, pattern, false),
            P::UppercasePattern {
                parameter,
                pattern: None,
                ..
            } => {
                return value::of_parameter(parameter, scope).map(str::to_uppercase);
            }
            P::LowercasePattern {
                parameter,
                pattern: None,
                ..
            } => {
                return value::of_parameter(parameter, scope).map(str::to_lowercase);
            }
            P::UppercasePattern {
                parameter, pattern, ..
            }
            | P::LowercasePattern {
                parameter, pattern, ..
            }
            | P::UppercaseFirstChar {
                parameter, pattern, ..
            }
            | P::LowercaseFirstChar {
                parameter, pattern, ..
            } => {
                self.optional(pattern.as_ref(), scope);
                return value::of_parameter(parameter, scope).uncertain();
            }
            _ => return Value::unknown(Taint::default()),
        };
        let piece = self.optional(pattern.as_ref(), scope);
        value::trimmed(
            value::of_parameter(parameter, scope),
            &piece,
            |text, piece| {
                if is_suffix {
                    text.strip_suffix(piece)
                } else {
                    text.strip_prefix(piece)
                }
            },
        )
    }

    fn optional(&mut self, word: Option<&String>, scope: &mut Scope) -> Value {
        self.scalar(word.map_or("", String::as_str), scope)
    }
}
