//! Writes one setting into a config file that people edit too.
//!
//! Comments, order and everything else stay as they are. The outcome is parsed and compared with
//! what was meant before it replaces the file; where that fails nothing is written.

use super::nearest;
use super::patch;
use super::private_file::{self, Existing};
use super::raw::Document;
use super::settings::{self, Kind, Row};
use super::value::{self, Written};
use super::{Links, read};
use anteroom_api::{Problem, ProblemCode};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// How often a change is made anew because somebody else wrote the file at the same moment.
const MOST_ATTEMPTS: u32 = 5;

/// Sets a setting in the file, or with `None` removes it. Makes the file and its folder if they
/// are missing; the file ends with mode 0600.
///
/// # Errors
/// An unknown setting, a value of the wrong type or out of bounds, a file that cannot be parsed,
/// written, or edited without touching what must stay. The file is unchanged then.
pub fn change(path: &Path, key: &str, value: Option<&Value>) -> Result<(), Problem> {
    let row = settings::row(key).ok_or_else(|| unknown(key))?;
    let value = value.map(|value| checked(row, value)).transpose()?;
    // A link stays a link: what it points to is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    for _ in 0..MOST_ATTEMPTS {
        let before = read(&path, Links::Follow)?;
        let text = before.as_deref().unwrap_or_default();
        let after = edited(&path, text, row, value.as_ref())?;
        if after == text {
            return Ok(());
        }
        if read(&path, Links::Follow)? != before {
            continue;
        }
        return private_file::write(&path, after.as_bytes(), Existing::Replace)
            .map_err(|error| unwritable(&path, &error));
    }
    Err(Problem::new(
        ProblemCode::Conflict,
        format!("`{}` is being changed by another program", path.display()),
    )
    .hint("try again")
    .retryable())
}

/// The value as it is written: of the right kind and within its bounds.
fn checked(row: &Row, value: &Value) -> Result<Value, Problem> {
    let wrong = |words: String| {
        Problem::new(ProblemCode::InvalidInput, format!("`{}` {words}", row.key))
            .hint(format!("{}: {}", row.key, row.doc))
    };
    if !row.is_literal && value.as_str().is_some_and(|text| text.contains("${")) {
        // What the variable holds is judged when the file is read.
        return Ok(value.clone());
    }
    let written = Written::from(value).one_line(row.kind);
    match value::parse(row.kind, &written) {
        Err(expected) => Err(wrong(format!("must be {expected}"))),
        Ok(None) => Err(wrong(format!(
            "must be {}, not empty",
            value::expected(row.kind)
        ))),
        Ok(Some(parsed)) => match (parsed.clamped, row.kind) {
            (Some(_), Kind::Whole { least, most }) => {
                Err(wrong(format!("must be from {least} to {most}")))
            }
            (Some(_), Kind::Number { least, most } | Kind::Seconds { least, most }) => {
                Err(wrong(format!("must be from {least} to {most}")))
            }
            _ => Ok(parsed.value),
        },
    }
}

/// The text of the file with the change made, proven to mean what it should.
fn edited(path: &Path, text: &str, row: &Row, value: Option<&Value>) -> Result<String, Problem> {
    let shown = path.display().to_string();
    let document = Document::parse(text).map_err(|trouble| trouble.problem(&shown, text))?;
    let segments: Vec<&str> = row.key.split('.').collect();
    let outcome = match value {
        Some(value) => patch::set(text, &document, &segments, value),
        None => patch::remove(text, &document, &segments),
    };
    let after = outcome.map_err(|why| refused(&shown, row.key, &why))?;
    let meant = meaning(&document).with(&segments, value.map(Written::from));
    let written = Document::parse(&after).map(|document| meaning(&document));
    if !written.is_ok_and(|written| written.trimmed() == meant.trimmed()) {
        return Err(refused(
            &shown,
            row.key,
            "the rest of the file would change its meaning",
        ));
    }
    if !patch::keeps_comments(text, &after, value.is_none()) {
        return Err(refused(
            &shown,
            row.key,
            "a comment inside the old value would be lost",
        ));
    }
    Ok(after)
}

fn meaning(document: &Document) -> Written {
    document
        .root
        .as_ref()
        .map_or(Written::Nothing, Written::from)
}

impl Written {
    /// The same with one place set, or taken out.
    fn with(self, segments: &[&str], value: Option<Self>) -> Self {
        let [name, rest @ ..] = segments else {
            return value.unwrap_or(Self::Nothing);
        };
        let mut entries = match self {
            Self::Map(entries) => entries,
            _ => Vec::new(),
        };
        let at = entries.iter().position(|(key, _)| key == name);
        match (at, &value) {
            (Some(at), None) if rest.is_empty() => {
                entries.remove(at);
            }
            (Some(at), _) => {
                let inner = std::mem::replace(&mut entries[at].1, Self::Nothing);
                entries[at].1 = inner.with(rest, value);
            }
            (None, None) => {}
            (None, Some(_)) => entries.push(((*name).to_owned(), Self::Nothing.with(rest, value))),
        }
        Self::Map(entries)
    }

    /// Comparable: a section without entries is nothing, and order does not count.
    fn trimmed(self) -> Self {
        match self {
            Self::Map(entries) => {
                let mut entries: Vec<_> = entries
                    .into_iter()
                    .map(|(key, value)| (key, value.trimmed()))
                    .collect();
                entries.sort_by(|left, right| left.0.cmp(&right.0));
                if entries.is_empty() {
                    Self::Nothing
                } else {
                    Self::Map(entries)
                }
            }
            other => other,
        }
    }
}

fn unknown(key: &str) -> Problem {
    let problem = Problem::new(
        ProblemCode::InvalidInput,
        format!("there is no setting `{key}`"),
    );
    match nearest::setting(key) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem.hint("`aroom config show` lists all settings"),
    }
}

fn refused(path: &str, key: &str, why: &str) -> Problem {
    Problem::new(
        ProblemCode::Conflict,
        format!("could not change `{key}` in `{path}` safely"),
    )
    .cause(why)
    .hint(format!("edit `{path}` by hand"))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Problem {
    let folder: PathBuf = path.parent().map_or_else(PathBuf::new, Path::to_owned);
    Problem::new(
        ProblemCode::InvalidConfig,
        format!("could not write `{}`", path.display()),
    )
    .cause(error)
    .hint(format!("make `{}` writable", folder.display()))
}

#[cfg(test)]
#[path = "edit_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "edit_properties.rs"]
mod properties;
