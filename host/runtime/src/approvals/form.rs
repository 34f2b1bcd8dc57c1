//! Whether what a person filled in fits the form that was asked.

use anteroom_api::{Answer, FieldKind, FormField, Problem, ProblemCode};
use serde_json::{Map, Value};

/// Characters of one text: a form is no way to hand in a document.
const MOST_CHARS: usize = 16_384;

/// Whether an answer fits a question with this form; without a form there is nothing to fill in.
///
/// # Errors
/// The first field that does not fit, in words.
pub(crate) fn check(form: &[FormField], answer: &Answer) -> Result<(), Problem> {
    match (answer, form) {
        (Answer::Declined | Answer::NotAnswered, _) | (Answer::Given { .. }, []) => Ok(()),
        (Answer::Given { .. }, _) => Err(wrong("the question has a form to fill in".to_owned())),
        (Answer::Filled { .. }, []) => Err(wrong("the question has no form".to_owned())),
        (Answer::Filled { fields }, form) => filled(form, fields),
    }
}

fn filled(form: &[FormField], fields: &Map<String, Value>) -> Result<(), Problem> {
    let unknown = |name: &&String| !form.iter().any(|field| field.name == **name);
    if let Some(name) = fields.keys().find(unknown) {
        return Err(wrong(format!("the form has no field `{name}`")));
    }
    for field in form {
        match fields.get(&field.name) {
            None | Some(Value::Null) if field.is_required => {
                return Err(wrong(format!("`{}` is missing", field.name)));
            }
            None | Some(Value::Null) => {}
            Some(value) if fits(&field.kind, value) => {}
            Some(_) => {
                let wanted = expected(&field.kind);
                return Err(wrong(format!("`{}` must be {wanted}", field.name)));
            }
        }
    }
    Ok(())
}

fn fits(kind: &FieldKind, value: &Value) -> bool {
    match (kind, value) {
        (FieldKind::Text { .. }, Value::String(text)) => text.chars().count() <= MOST_CHARS,
        (FieldKind::Number { is_whole }, Value::Number(number)) => {
            !is_whole || number.is_i64() || number.is_u64()
        }
        (FieldKind::Switch, Value::Bool(_)) => true,
        (
            FieldKind::Choice {
                options,
                is_multiple,
            },
            value,
        ) => {
            let is_one = |value: &Value| {
                options
                    .iter()
                    .any(|option| value.as_str() == Some(&option.value))
            };
            match value {
                Value::Array(values) if *is_multiple => values.iter().all(is_one),
                value => !is_multiple && is_one(value),
            }
        }
        _ => false,
    }
}

fn expected(kind: &FieldKind) -> String {
    match kind {
        FieldKind::Text { .. } => format!("a text of at most {MOST_CHARS} characters"),
        FieldKind::Number { is_whole: true } => "a whole number".to_owned(),
        FieldKind::Number { is_whole: false } => "a number".to_owned(),
        FieldKind::Switch => "`true` or `false`".to_owned(),
        FieldKind::Choice {
            is_multiple: true, ..
        } => "a list of the values it offers".to_owned(),
        FieldKind::Choice {
            is_multiple: false, ..
        } => "one of the values it offers".to_owned(),
    }
}

fn wrong(words: String) -> Problem {
    Problem::new(
        ProblemCode::InvalidInput,
        "the answer does not fit the form",
    )
    .cause(words)
    .hint("correct it, or decline")
}

#[cfg(test)]
mod tests {
    use super::*;
    use anteroom_api::FieldChoice;
    use serde_json::json;

    fn form() -> Vec<FormField> {
        let field = |name: &str, kind, is_required| FormField {
            name: name.to_owned(),
            title: name.to_owned(),
            description: None,
            kind,
            is_required,
            default: None,
        };
        let choice = |is_multiple| FieldKind::Choice {
            options: ["a", "b"]
                .map(|value| FieldChoice {
                    value: value.to_owned(),
                    title: value.to_owned(),
                })
                .into(),
            is_multiple,
        };
        vec![
            field("name", FieldKind::Text { format: None }, true),
            field("age", FieldKind::Number { is_whole: true }, false),
            field("share", FieldKind::Number { is_whole: false }, false),
            field("is_sure", FieldKind::Switch, false),
            field("one", choice(false), false),
            field("some", choice(true), false),
        ]
    }

    #[track_caller]
    fn check_fields(fields: Value, cause: Option<&str>) {
        let Value::Object(fields) = fields else {
            panic!("an object")
        };
        let told = check(&form(), &Answer::Filled { fields });
        let causes = told.err().map(|problem| problem.causes.concat());
        assert_eq!(causes.as_deref(), cause);
    }

    #[test]
    fn only_what_fits_the_form_is_an_answer() {
        check_fields(json!({ "name": "Ada" }), None);
        let all = json!({ "name": "", "age": 3, "share": 0.5, "is_sure": true, "one": "a", "some": ["a", "b"] });
        check_fields(all, None);
        check_fields(json!({}), Some("`name` is missing"));
        check_fields(json!({ "name": null }), Some("`name` is missing"));
        check_fields(
            json!({ "name": "A", "other": 1 }),
            Some("the form has no field `other`"),
        );
        check_fields(
            json!({ "name": "A", "age": 1.5 }),
            Some("`age` must be a whole number"),
        );
        check_fields(
            json!({ "name": "A", "is_sure": "yes" }),
            Some("`is_sure` must be `true` or `false`"),
        );
        check_fields(
            json!({ "name": "A", "one": "c" }),
            Some("`one` must be one of the values it offers"),
        );
        check_fields(
            json!({ "name": "A", "some": ["a", "c"] }),
            Some("`some` must be a list of the values it offers"),
        );
    }

    #[test]
    fn a_form_is_answered_as_a_form_and_a_question_as_a_question() {
        let given = Answer::Given {
            values: vec!["a".into()],
        };
        assert!(check(&form(), &given).is_err());
        assert!(check(&[], &given).is_ok());
        let filled = Answer::Filled { fields: Map::new() };
        assert!(check(&[], &filled).is_err());
        assert!(check(&form(), &Answer::Declined).is_ok());
    }
}
