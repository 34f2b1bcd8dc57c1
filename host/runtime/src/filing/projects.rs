//! Projects, and what of them takes effect: only what this user wrote or accepted as it is.
//!
//! Anybody who may write to a shared database can change a project in it, and an import may bring one. Their words
//! would stand in this user's system prompt, their folder would be worked in. So what a project says is kept with
//! its hash when this user says it or accepts it, and anything else has no effect at all.

use super::name_of;
use crate::engine::Engine;
use crate::host::Port;
use anteroom_api::{
    ConversationId, Event, OpId, Problem, ProblemCode, ProjectEvent, ProjectId, ProjectOp,
    ProjectSpec, ProjectView, Topic,
};
use anteroom_storage::project_hash;
use std::path::Path;

/// Characters of a project's instructions.
const INSTRUCTIONS_CHARS: usize = 32_000;
/// Characters of a model's name.
const MODEL_CHARS: usize = 200;
/// Bytes of a path.
const PATH_BYTES: usize = 4096;

/// What a project has a new conversation begin with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Beginning {
    pub(crate) project: Option<ProjectId>,
    pub(crate) database: Option<String>,
    pub(crate) workspace: Option<String>,
    pub(crate) model: Option<String>,
}

/// Wishes about projects.
pub(crate) async fn project(port: &Port, id: OpId, op: ProjectOp) -> Result<(), Problem> {
    let now = port.engine.ambient.now();
    let event = match op {
        ProjectOp::Create { spec, database } => {
            let spec = checked(spec)?;
            ProjectEvent::Saved {
                project: ProjectView {
                    id: id.into(),
                    hash: project_hash(&spec),
                    spec,
                    database,
                    conversations: 0,
                    is_trusted: true,
                    created_at: now,
                    updated_at: now,
                },
                base: None,
            }
        }
        ProjectOp::Change {
            project,
            base,
            spec,
        } => {
            let before = existing(&port.engine, project).await?;
            if before.hash != base {
                return Err(stale());
            }
            let spec = checked(spec)?;
            ProjectEvent::Saved {
                project: ProjectView {
                    hash: project_hash(&spec),
                    spec,
                    is_trusted: true,
                    updated_at: now,
                    ..before
                },
                base: Some(base),
            }
        }
        ProjectOp::Trust { project, hash } => {
            if existing(&port.engine, project).await?.hash != hash {
                return Err(stale());
            }
            ProjectEvent::Trusted { project, hash }
        }
        ProjectOp::Delete { project } => ProjectEvent::Deleted {
            database: existing(&port.engine, project).await?.database,
            project,
        },
    };
    port.tell(Topic::Host, id, Event::Project(event)).await
}

/// What a new conversation of a project begins with: the project's say counts only if it is trusted.
pub(crate) async fn begin(
    engine: &Engine,
    project: Option<ProjectId>,
    database: Option<String>,
) -> Result<Beginning, Problem> {
    let Some(id) = project else {
        return Ok(Beginning {
            database,
            ..Beginning::default()
        });
    };
    let project = existing(engine, id).await?;
    if database.is_some() && database != project.database {
        return Err(Problem::new(
            ProblemCode::InvalidInput,
            "a project and its conversations live in one database",
        )
        .hint("leave the database out, or choose a project that lives there"));
    }
    let (workspace, model) = match project.is_trusted {
        true => (project.spec.workspace, project.spec.model),
        false => (None, None),
    };
    Ok(Beginning {
        project: Some(id),
        database: project.database,
        workspace,
        model,
    })
}

/// A project whose instructions the model may be told; none if this user did not write or accept them.
///
/// What cannot be read is not told: a conversation begins without it rather than with something else.
pub(crate) async fn trusted(engine: &Engine, project: Option<ProjectId>) -> Option<ProjectView> {
    match existing(engine, project?).await {
        Ok(project) => Some(project).filter(|project| project.is_trusted),
        Err(problem) => {
            tracing::warn!(%problem, "a project's instructions are left out");
            None
        }
    }
}

/// The project of a conversation as it is now, if the model may be told of it.
pub(crate) async fn of(engine: &Engine, conversation: ConversationId) -> Option<ProjectView> {
    let view = engine.storage.conversation(conversation).await.ok()??;
    trusted(engine, view.filing.project).await
}

async fn existing(engine: &Engine, id: ProjectId) -> Result<ProjectView, Problem> {
    let projects = engine.storage.projects().await?;
    let found = projects.into_iter().find(|project| project.id == id);
    found.ok_or_else(|| {
        Problem::new(ProblemCode::NotFound, format!("there is no project `{id}`"))
            .hint("`aroom project list` shows all projects")
    })
}

fn stale() -> Problem {
    Problem::new(
        ProblemCode::Conflict,
        "the project was changed since it was shown",
    )
    .hint("look at it again with `aroom project list`, then repeat it")
}

/// What a person says of a project, as it is kept.
fn checked(spec: ProjectSpec) -> Result<ProjectSpec, Problem> {
    let wrong = |text: String, hint: &str| {
        Err(Problem::new(ProblemCode::InvalidInput, text).hint(hint.to_owned()))
    };
    let name = name_of(&spec.name, "project")?;
    if spec.instructions.chars().count() > INSTRUCTIONS_CHARS {
        return wrong(
            format!("a project's instructions have at most {INSTRUCTIONS_CHARS} characters"),
            "keep what is always needed, and put the rest into a file or a note",
        );
    }
    if spec.instructions.contains('\0') {
        return wrong(
            "a project's instructions are text".to_owned(),
            "give a text file",
        );
    }
    let workspace = spec.workspace.filter(|path| !path.trim().is_empty());
    if let Some(path) = &workspace
        && (!Path::new(path).is_absolute()
            || path.len() > PATH_BYTES
            || path.chars().any(char::is_control))
    {
        return wrong(
            format!("`{}` is not an absolute path", path.escape_debug()),
            "name the folder with its whole path",
        );
    }
    let model = spec.model.map(|model| model.trim().to_owned());
    let model = model.filter(|model| !model.is_empty());
    if let Some(model) = &model
        && (model.chars().count() > MODEL_CHARS || model.chars().any(char::is_control))
    {
        return wrong(
            format!("a model's name has at most {MODEL_CHARS} characters"),
            "`aroom --test` lists the models of the endpoint",
        );
    }
    Ok(ProjectSpec {
        name,
        instructions: spec.instructions.trim().to_owned(),
        workspace,
        model,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_project_says_is_bounded_and_tidied() {
        let spec = |name: &str| ProjectSpec {
            name: name.to_owned(),
            ..ProjectSpec::default()
        };
        let kept = checked(ProjectSpec {
            instructions: " Be brief.\n".into(),
            workspace: Some(String::new()),
            model: Some(" qwen3 ".into()),
            ..spec(" Loader ")
        });
        let expected = ProjectSpec {
            instructions: "Be brief.".into(),
            model: Some("qwen3".into()),
            ..spec("Loader")
        };
        assert_eq!(kept.unwrap(), expected);
        let wrong = [
            spec(""),
            spec("a/b"),
            ProjectSpec {
                instructions: "x".repeat(INSTRUCTIONS_CHARS + 1),
                ..spec("a")
            },
            ProjectSpec {
                instructions: "a\0b".into(),
                ..spec("a")
            },
            ProjectSpec {
                workspace: Some("relative".into()),
                ..spec("a")
            },
            ProjectSpec {
                workspace: Some("/with\nbreak".into()),
                ..spec("a")
            },
            ProjectSpec {
                model: Some("x".repeat(MODEL_CHARS + 1)),
                ..spec("a")
            },
        ];
        for spec in wrong {
            assert!(checked(spec.clone()).is_err(), "{spec:?}");
        }
    }
}
