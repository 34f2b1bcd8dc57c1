//! Skills made and removed by wish. Files that are there are never overwritten.

use super::manifest::is_name;
use super::{find, place};
use crate::host::Port;
use anteroom_api::{Problem, ProblemCode, SkillOp};
use anteroom_gate::visible;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Bytes of instructions that a wish may bring.
const MAX_BODY: usize = 64 * 1024;

/// What stands in a new skill until somebody says better.
const FRAME: &str = "\
# What to do

Say in a few steps what is to be done, as to a colleague who knows the trade and not this project.
`$ARGUMENTS` stands for what is given to the skill.

1. ...

## Done when

- ...
";

/// Carries out a wish.
pub(crate) async fn take(port: &Port, op: SkillOp) -> Result<(), Problem> {
    let home = port.engine.paths.home.clone();
    let done = tokio::task::spawn_blocking(move || match op {
        SkillOp::New {
            name,
            description,
            body,
            workspace,
        } => make(
            &folder(&home, workspace.as_deref(), &name)?,
            (&name, &description),
            body,
        ),
        SkillOp::Remove { name, workspace } => {
            remove(&folder(&home, workspace.as_deref(), &name)?, &name)
        }
    });
    done.await.map_err(|error| {
        Problem::new(ProblemCode::Internal, "the skill could not be changed").cause(error)
    })?
}

/// Where a skill of this name lies.
fn folder(home: &Path, workspace: Option<&str>, name: &str) -> Result<PathBuf, Problem> {
    if !is_name(name) {
        return Err(Problem::new(
            ProblemCode::InvalidInput,
            format!("`{}` is no name for a skill", visible(name)),
        )
        .hint("write small letters, digits and `-`, 64 at most, for example `tidy-up`"));
    }
    let skills = match workspace {
        None => place::own(home),
        Some(workspace) => {
            let folder = Path::new(workspace);
            if !folder.is_absolute() || !folder.is_dir() {
                return Err(Problem::new(
                    ProblemCode::NotFound,
                    format!("there is no folder `{}`", visible(workspace)),
                ));
            }
            folder.join(place::OF_WORKSPACE[0])
        }
    };
    Ok(skills.join(name))
}

fn make(
    folder: &Path,
    (name, description): (&str, &str),
    body: Option<String>,
) -> Result<(), Problem> {
    let shown = visible(&folder.display().to_string());
    let failed = |error: std::io::Error| {
        let problem = Problem::new(
            ProblemCode::InvalidInput,
            format!("the skill `{name}` could not be made"),
        );
        match error.kind() {
            std::io::ErrorKind::AlreadyExists => problem
                .cause(format!("`{shown}` is there already"))
                .hint(format!(
                    "see `aroom skill show {name}`, or choose another name"
                )),
            _ => problem.cause(format!("`{shown}`: {error}")),
        }
    };
    let body = body.unwrap_or_else(|| FRAME.to_owned());
    if body.len() > MAX_BODY || body.trim().is_empty() {
        return Err(Problem::new(
            ProblemCode::InvalidInput,
            format!("the instructions must have 1 to {MAX_BODY} bytes"),
        ));
    }
    if let Some(above) = folder.parent() {
        let mut builder = std::fs::DirBuilder::new();
        builder
            .recursive(true)
            .mode(0o700)
            .create(above)
            .map_err(failed)?;
    }
    std::fs::DirBuilder::new()
        .mode(0o755)
        .create(folder)
        .map_err(failed)?;
    let text = format!(
        "---\nname: {name}\ndescription: {}\n---\n\n{}\n",
        quoted(description),
        body.trim()
    );
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o644);
    let mut file = options.open(folder.join(find::FILE)).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}

/// A YAML text in one line that is read as it was written.
fn quoted(description: &str) -> String {
    let words: Vec<&str> = description.split_whitespace().collect();
    let words = match words.is_empty() {
        true => "Say what it does, and when to use it.".to_owned(),
        false => words.join(" "),
    };
    let plain = words
        .chars()
        .filter(|c| !c.is_control())
        .collect::<String>();
    format!("'{}'", plain.replace('\'', "''"))
}

fn remove(folder: &Path, name: &str) -> Result<(), Problem> {
    let failed = |error: std::io::Error| {
        Problem::new(
            ProblemCode::InvalidInput,
            format!("the skill `{name}` could not be removed"),
        )
        .cause(error)
    };
    let about = match folder.symlink_metadata() {
        Ok(about) => about,
        Err(_) => {
            let old = ["yaml", "yml"].map(|ending| folder.with_extension(ending));
            let Some(old) = old.into_iter().find(|path| path.is_file()) else {
                return Err(Problem::new(
                    ProblemCode::NotFound,
                    format!("there is no skill `{name}` to remove here"),
                )
                .hint("`aroom skill list` says where each lies; what is built in or came with a bundle stays"));
            };
            return std::fs::remove_file(old).map_err(failed);
        }
    };
    // A link goes; what it leads to stays.
    match about.is_dir() {
        true if !folder.join(find::FILE).exists() => Err(Problem::new(
            ProblemCode::NotFound,
            format!(
                "`{}` holds no skill",
                visible(&folder.display().to_string())
            ),
        )),
        true => std::fs::remove_dir_all(folder).map_err(failed),
        false => std::fs::remove_file(folder).map_err(failed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skill_is_made_and_removed_and_nothing_is_overwritten() {
        let home = tempfile::tempdir().unwrap();
        let place = folder(home.path(), None, "tidy").unwrap();
        make(&place, ("tidy", "it's: \"tidy\"\n# x"), None).unwrap();
        let found = find::at(&place).unwrap();
        assert!(found.view.is_usable, "{:?}", found.view.findings);
        assert_eq!(found.view.findings, []);
        assert_eq!(found.view.description, "it's: \"tidy\" # x");
        let again = make(&place, ("tidy", "other"), None).unwrap_err();
        assert!(again.to_string().contains("there already"), "{again}");
        remove(&place, "tidy").unwrap();
        assert!(!place.exists());
        assert_eq!(
            remove(&place, "tidy").unwrap_err().code,
            ProblemCode::NotFound
        );
        std::fs::create_dir_all(place.join("work")).unwrap();
        assert!(remove(&place, "tidy").is_err(), "that is no skill");
        for name in ["", "../x", "a/b", "A", "-x", "a.b"] {
            assert!(folder(home.path(), None, name).is_err(), "{name}");
        }
    }
}
