//! Replaces the whole text of the user's config file: what an editor leaves behind.

use super::private_file::{self, Existing};
use super::{FILE_NAME, Links, Sources, load, read};
use anteroom_api::{Problem, ProblemCode};
use std::fs;

/// Writes `text`, made from `was`, into the user's file; the file ends with mode 0600.
///
/// # Errors
/// A text that cannot be understood, a file that is not as it was any more, or that cannot be written. The
/// file is unchanged then.
pub fn replace(sources: &Sources, text: &str, was: &str) -> Result<(), Problem> {
    // Only what is written here is judged, with the variables it may refer to.
    load(&Sources {
        home: sources.home.clone(),
        environment: sources.environment.clone(),
        instead: Some(text.to_owned()),
        ..Sources::default()
    })?;
    let path = sources.home.join(FILE_NAME);
    // A link stays a link: what it points to is replaced.
    let path = fs::canonicalize(&path).unwrap_or(path);
    let shown = path.display();
    if read(&path, Links::Follow)?.unwrap_or_default() != was {
        return Err(Problem::new(
            ProblemCode::Conflict,
            format!("`{shown}` was changed by another program meanwhile"),
        )
        .hint("look at it with `aroom config edit`"));
    }
    private_file::write(&path, text.as_bytes(), Existing::Replace).map_err(|error| {
        Problem::new(
            ProblemCode::InvalidConfig,
            format!("could not write `{shown}`"),
        )
        .cause(error)
        .hint("make its folder writable")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn only_what_is_understood_and_was_not_changed_meanwhile_is_written() {
        let home = tempfile::tempdir().unwrap();
        let sources = Sources {
            home: home.path().to_owned(),
            ..Sources::default()
        };
        let path = home.path().join(FILE_NAME);
        let text = || fs::read_to_string(&path).unwrap_or_default();
        replace(&sources, "# mine\nai:\n  model: a\n", "").unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(
            (text().as_str(), mode & 0o777),
            ("# mine\nai:\n  model: a\n", 0o600)
        );
        for wrong in ["ai: [", "cli:\n  max_tool_iterations: many\n"] {
            let refused = replace(&sources, wrong, &text()).unwrap_err();
            assert_eq!(refused.code, ProblemCode::InvalidConfig, "{wrong}");
        }
        let refused = replace(&sources, "", "as it never was").unwrap_err();
        assert_eq!(refused.code, ProblemCode::Conflict);
        assert_eq!(text(), "# mine\nai:\n  model: a\n");
        let before = text();
        replace(&sources, "", &before).unwrap();
        assert_eq!(text(), "");
    }
}
