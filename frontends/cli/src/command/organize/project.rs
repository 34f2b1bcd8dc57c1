//! `aroom project`: what conversations of one undertaking begin with.

use super::{done, find};
use crate::clean::{reveal, reveal_lines};
use crate::context::{Context, Quit};
use crate::exit;
use crate::program;
use crate::theme::{Style, Theme};
use anteroom_api::{Problem, ProblemCode, ProjectId, ProjectOp, ProjectSpec, ProjectView};
use clap::{Args, Subcommand};
use serde_json::json;
use std::path::PathBuf;

/// `aroom project`.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum ProjectCommand {
    /// List projects
    #[command(after_help = "\
Examples:
  aroom project list
  aroom project list --json")]
    List,
    /// Show what a project says
    #[command(after_help = "\
Examples:
  aroom project show Loader
  aroom project show Loader --json")]
    Show {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Make a project
    #[command(after_help = "\
Examples:
  aroom project new Loader --instructions \"Keep the tests green.\"
  aroom project new Loader --workspace ~/anteroom --default-model qwen3
  aroom project new Loader --instructions - < brief.md")]
    New {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        says: Says,
        /// In this shared database
        #[arg(long, value_name = "NAME")]
        database: Option<String>,
    },
    /// Change what a project says, in your editor without flags
    #[command(after_help = "\
Examples:
  aroom project edit Loader
  aroom project edit Loader --name \"Config loader\" --default-model ''

Conversations keep what they were told when they began.")]
    Edit {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        /// Another name
        #[arg(long = "name", value_name = "NEW")]
        rename: Option<String>,
        #[command(flatten)]
        says: Says,
    },
    /// Let what somebody else wrote into a project take effect
    #[command(after_help = "\
Examples:
  aroom project trust Loader
  aroom project trust Loader --yes

Until then its instructions, folder and model have no effect for you.")]
    Trust {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
    /// Remove a project; its conversations stay
    #[command(after_help = "\
Examples:
  aroom project rm Loader
  aroom project rm Loader --yes")]
    Rm {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
}

/// What a project is to say.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Says {
    /// What the model is told at the start; `-` reads it
    #[arg(long, value_name = "TEXT")]
    pub instructions: Option<String>,
    /// The folder to work in; empty for none
    #[arg(long, value_name = "DIR")]
    pub workspace: Option<PathBuf>,
    /// The model of new conversations; empty for none
    #[arg(long, value_name = "MODEL")]
    pub default_model: Option<String>,
}

pub(crate) async fn run(context: &mut Context, command: &ProjectCommand) -> Result<u8, Quit> {
    match command {
        ProjectCommand::List => list(context).await,
        ProjectCommand::Show { name } => {
            let project = find::project(context, name).await?;
            if context.options.is_json {
                context.printer.json(&json!(project));
                return Ok(exit::OK);
            }
            let theme = context.printer.out_theme();
            for line in shown(&project, &theme) {
                context.printer.line(&line);
            }
            Ok(exit::OK)
        }
        ProjectCommand::New {
            name,
            says,
            database,
        } => {
            let blank = ProjectSpec {
                name: name.clone(),
                ..ProjectSpec::default()
            };
            let op = ProjectOp::Create {
                spec: said(context, blank, says).await?,
                database: database.clone(),
            };
            let id: ProjectId = context.host.submit(op).await?.into();
            let words = format!("made the project `{}`", reveal(name));
            Ok(done(context, &json!({ "id": id, "name": name }), &words))
        }
        ProjectCommand::Edit { name, rename, says } => {
            edit(context, name, (rename.as_deref(), says)).await
        }
        ProjectCommand::Trust { name, yes } => trust(context, name, *yes).await,
        ProjectCommand::Rm { name, yes } => {
            let project = find::project(context, name).await?;
            let question = format!(
                "Remove the project `{}`? Its {} conversations stay.",
                reveal(&project.spec.name),
                project.conversations
            );
            if !find::confirmed(context, &question, *yes)? {
                return Ok(find::left(context));
            }
            let op = ProjectOp::Delete {
                project: project.id,
            };
            context.host.submit(op).await?;
            let words = format!("removed the project `{}`", reveal(&project.spec.name));
            Ok(done(context, &json!({ "removed": project.id }), &words))
        }
    }
}

async fn list(context: &mut Context) -> Result<u8, Quit> {
    let projects = context.host.read().projects().await?;
    if context.options.is_json {
        context.printer.json(&json!(projects));
        return Ok(exit::OK);
    }
    if projects.is_empty() {
        context
            .printer
            .progress("no projects yet; make one with `aroom project new NAME`");
    }
    let theme = context.printer.out_theme();
    for line in lines(&projects, &theme) {
        context.printer.line(&line);
    }
    Ok(exit::OK)
}

/// One line each: name, how many conversations, model and folder, whether it counts.
pub(crate) fn lines(projects: &[ProjectView], theme: &Theme) -> Vec<String> {
    projects
        .iter()
        .map(|project| {
            let spec = &project.spec;
            let mut parts = vec![format!("{} conversations", project.conversations)];
            parts.extend(spec.model.as_deref().map(reveal));
            parts.extend(spec.workspace.as_deref().map(reveal));
            let database = project.database.as_deref();
            parts.extend(database.map(|name| format!("in {}", reveal(name))));
            if !project.is_trusted {
                parts.push(format!("{} not trusted: no effect", theme.warning()));
            }
            let more = parts.join(theme.dot());
            format!("{}  {}", reveal(&spec.name), theme.paint(Style::Dim, &more))
        })
        .collect()
}

/// All that a project says.
pub(crate) fn shown(project: &ProjectView, theme: &Theme) -> Vec<String> {
    let spec = &project.spec;
    let mut lines = vec![theme.paint(Style::Bold, &reveal(&spec.name))];
    let none = || "(none)".to_owned();
    let model = spec.model.as_deref().map_or_else(none, reveal);
    let workspace = spec.workspace.as_deref().map_or_else(none, reveal);
    lines.push(format!("model   {model}"));
    lines.push(format!("folder  {workspace}"));
    lines.push(match project.is_trusted {
        true => "it takes effect as it is".to_owned(),
        false => format!(
            "{} not trusted: it has no effect until `aroom project trust`",
            theme.warning()
        ),
    });
    lines.push(String::new());
    match spec.instructions.trim() {
        "" => lines.push("no instructions".to_owned()),
        text => lines.extend(reveal_lines(text)),
    }
    lines
}

/// What a project says with what the flags say.
async fn said(
    context: &mut Context,
    mut spec: ProjectSpec,
    says: &Says,
) -> Result<ProjectSpec, Quit> {
    match says.instructions.as_deref() {
        Some("-") => spec.instructions = context.read_stdin().await?,
        Some(text) => text.clone_into(&mut spec.instructions),
        None => {}
    }
    if let Some(path) = &says.workspace {
        spec.workspace = match path.as_os_str().is_empty() {
            true => None,
            false => Some(folder(context, path)?),
        };
    }
    if let Some(model) = &says.default_model {
        spec.model = (!model.trim().is_empty()).then(|| model.clone());
    }
    Ok(spec)
}

/// A folder as the host keeps it: absolute, without links.
fn folder(context: &Context, path: &std::path::Path) -> Result<String, Problem> {
    let path = context.workspace.join(path);
    let found = path.canonicalize().map_err(|error| {
        let shown = reveal(&path.to_string_lossy());
        Problem::new(
            ProblemCode::NotFound,
            format!("there is no folder `{shown}`"),
        )
        .cause(error)
        .hint("name an existing folder with `--workspace DIR`")
    })?;
    Ok(found.to_string_lossy().into_owned())
}

async fn edit(
    context: &mut Context,
    name: &str,
    (rename, says): (Option<&str>, &Says),
) -> Result<u8, Quit> {
    let project = find::project(context, name).await?;
    let before = project.spec.clone();
    let mut spec = said(context, before.clone(), says).await?;
    if let Some(name) = rename {
        name.clone_into(&mut spec.name);
    }
    let has_flags = rename.is_some() || *says != Says::default();
    if !has_flags {
        spec.instructions = match context.terminal.is_interactive() {
            true => program::edit(&context.terminal.environment, &before.instructions)?,
            false => context.read_stdin().await?,
        };
    }
    if spec == before {
        return Ok(done(context, &json!(project), "nothing was changed"));
    }
    let (kept, op) = (
        spec.instructions.clone(),
        ProjectOp::Change {
            project: project.id,
            base: project.hash,
            spec,
        },
    );
    if let Err(rejection) = context.host.submit(op).await {
        return Err(unwritten(context, &kept, rejection.0).into());
    }
    let words = "changed; new conversations of it begin so";
    Ok(done(context, &json!({ "id": project.id }), words))
}

/// What was written by hand is not lost because it came too late.
pub(crate) fn unwritten(context: &Context, text: &str, problem: Problem) -> Problem {
    if text.trim().is_empty() {
        return problem;
    }
    match program::keep(&context.terminal.environment, text) {
        Ok(path) => problem.cause(format!("what you wrote is kept in `{}`", path.display())),
        Err(_) => problem,
    }
}

async fn trust(context: &mut Context, name: &str, is_yes: bool) -> Result<u8, Quit> {
    let project = find::project(context, name).await?;
    if project.is_trusted {
        return Ok(done(context, &json!(project), "it takes effect as it is"));
    }
    let theme = context.printer.err_theme();
    for line in shown(&project, &theme) {
        context.printer.progress(&line);
    }
    let question = "May the model be told this, and its folder and model be used?";
    if !find::confirmed(context, question, is_yes)? {
        return Ok(find::left(context));
    }
    let op = ProjectOp::Trust {
        project: project.id,
        hash: project.hash,
    };
    context.host.submit(op).await?;
    let words = "it takes effect as it is now; a change by somebody else asks again";
    Ok(done(context, &json!({ "id": project.id }), words))
}
