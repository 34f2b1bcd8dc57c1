//! Skills: found in their folders, read when they are asked for, taken up by people and models.
//!
//! Nothing is kept: each question reads the files, so what was changed counts from then on. The words of a skill
//! are words; what they may lead to is for the gate. A skill can only take tools away.

pub(crate) mod allowed;
mod built_in;
mod change;
mod files;
mod fill;
mod find;
mod manifest;
pub(crate) mod narrowed;
pub(crate) mod place;
#[cfg(test)]
mod properties;
mod room;
mod section;
mod used;

use crate::bundles;
use crate::engine::Engine;
use crate::host::Port;
use crate::modules::{keeper, prefix};
use anteroom_api::{Content, Problem, ProblemCode, SkillFinding, SkillView};
use anteroom_gate::visible;
pub(crate) use change::take;
use find::Found;
use place::Bundled;
pub(crate) use section::section;
use std::path::{Path, PathBuf};
pub(crate) use used::{By, Site};

/// Names that are offered in place of one that is nobody's.
const MAX_NAMES: usize = 40;

/// The skills that bundles brought.
fn bundled(engine: &Engine) -> Vec<Bundled> {
    let folders = bundles::skill_folders(engine).into_iter();
    folders
        .map(|(bundle, folder)| Bundled { bundle, folder })
        .collect()
}

/// The skills of a workspace. Waits for no tool that is being loaded: until all are, none is said to be unknown.
pub(crate) async fn views(port: &Port, workspace: String) -> Result<Vec<SkillView>, Problem> {
    let tools = known_tools(port, &workspace).await;
    let mut found = found(port, workspace).await?;
    for found in &mut found {
        check_tools(&mut found.view, tools.as_deref());
    }
    Ok(found.into_iter().map(|found| found.view).collect())
}

/// The skill that counts for a name; likewise.
pub(crate) async fn view(
    port: &Port,
    workspace: String,
    name: String,
) -> Result<SkillView, Problem> {
    let tools = known_tools(port, &workspace).await;
    let all = found(port, workspace).await?;
    let names: Vec<String> = all.iter().map(|found| found.view.name.clone()).collect();
    let found = find::named(all, name.trim()).ok_or_else(|| no_skill(&name, &names))?;
    let mut view = whole(found).await?;
    check_tools(&mut view, tools.as_deref());
    Ok(view)
}

/// A skill's folder or file, wherever it lies.
pub(crate) async fn view_at(port: &Port, path: String) -> Result<SkillView, Problem> {
    let missing = || {
        let shown = visible(&path);
        Problem::new(
            ProblemCode::NotFound,
            format!("there is no skill in `{shown}`"),
        )
        .hint("name a folder that holds a `SKILL.md`")
    };
    let file = PathBuf::from(&path);
    if !file.is_absolute() {
        return Err(missing());
    }
    let workspace = file.parent().unwrap_or(Path::new("/"));
    let tools = tools(port, &workspace.display().to_string()).await;
    let found = blocking(move || find::at(&file))
        .await?
        .ok_or_else(missing)?;
    let mut view = whole(found).await?;
    check_tools(&mut view, Some(&tools));
    Ok(view)
}

async fn found(port: &Port, workspace: String) -> Result<Vec<Found>, Problem> {
    let home = port.engine.paths.home.clone();
    let bundled = bundled(&port.engine);
    blocking(move || find::all(&place::places(&home, Path::new(&workspace), &bundled))).await
}

async fn whole(found: Found) -> Result<SkillView, Problem> {
    blocking(move || SkillView {
        files: found.home.as_ref().map(files::list).unwrap_or_default(),
        body: (!found.manifest.body.is_empty()).then(|| found.manifest.body.clone()),
        ..found.view
    })
    .await
}

async fn tools(port: &Port, workspace: &str) -> Vec<String> {
    let tools = prefix::tools(&port.engine, Path::new(workspace)).await;
    tools
        .iter()
        .map(|definition| definition.tool.name.clone())
        .collect()
}

/// The names of the tools of a workspace, if all of them are loaded.
async fn known_tools(port: &Port, workspace: &str) -> Option<Vec<String>> {
    let project = keeper::watch_project(&port.engine, Path::new(workspace)).await;
    port.engine.registry.names_in(Some(&project))
}

/// Says which of the tools it leaves are none here, where it is known which there are.
fn check_tools(view: &mut SkillView, tools: Option<&[String]>) {
    let Some(tools) = tools else { return };
    let entries = view.allowed_tools.as_deref().unwrap_or_default();
    let unknown = allowed::unknown(entries, tools.iter().map(String::as_str));
    view.findings
        .extend(unknown.iter().map(|entry| SkillFinding {
            path: view.path.clone().unwrap_or_default(),
            line: None,
            is_error: false,
            text: format!("`{}` in `allowed-tools` names no tool here", visible(entry)),
        }));
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        Problem::new(ProblemCode::Internal, "the skills could not be read").cause(error)
    })
}

pub(crate) fn no_skill(name: &str, names: &[String]) -> Problem {
    let mut names = names.to_vec();
    names.dedup();
    names.truncate(MAX_NAMES);
    let problem = Problem::new(
        ProblemCode::NotFound,
        format!("there is no skill `{}`", visible(name)),
    );
    problem.hint(match names.is_empty() {
        true => "there are none".to_owned(),
        false => format!("there are: {}", names.join(", ")),
    })
}

/// The input with what its skills come to, whatever a frontend put there.
///
/// # Errors
/// As [`Site::take_up`]; nothing was sent then.
pub(crate) async fn resolved(
    site: impl Fn() -> Site,
    input: Vec<Content>,
) -> Result<Vec<Content>, Problem> {
    let mut content = Vec::with_capacity(input.len());
    for part in input {
        content.push(match part {
            Content::Skill {
                name, arguments, ..
            } => {
                let wish = (name, arguments.clone());
                let taken = site().take_up(wish, By::Person).await?;
                Content::Skill {
                    name: taken.name.clone(),
                    arguments,
                    used: Some(Box::new(taken.into_use())),
                }
            }
            part => part,
        });
    }
    Ok(content)
}

/// A problem as one text for the model.
pub(crate) fn in_words(problem: &Problem) -> String {
    let hint = problem.hint.as_ref().map(|hint| format!("; {hint}"));
    format!("{problem}{}", hint.unwrap_or_default())
}
