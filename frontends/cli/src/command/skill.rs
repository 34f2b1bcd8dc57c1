//! `aroom skill`: which skills there are, what they say, whether their files are in order; new ones.

use super::organize::find;
use crate::clean::{clean, reveal};
use crate::context::{Context, Quit};
use crate::exit;
use crate::theme::{Style, Theme, pad};
use crate::words;
use anteroom_api::{Problem, ProblemCode, SkillFinding, SkillOp, SkillView};
use clap::Subcommand;
use serde_json::json;
use std::path::Path;
use unicode_width::UnicodeWidthStr;

/// Columns of a description in a list.
const ABOUT_COLUMNS: usize = 100;

/// `aroom skill` among the commands.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum SkillArguments {
    /// List skills, show and check them, make new ones
    #[command(
        subcommand_required = true,
        arg_required_else_help = true,
        after_help = "\
Examples:
  aroom skill list
  aroom skill show commit
  aroom skill new tidy 'Tidies imports. Use it before a commit.'

A skill is called by `/NAME words` in the chat, on the page and in `aroom exec`."
    )]
    Skill {
        #[command(subcommand)]
        command: SkillCommand,
    },
}

/// What `aroom skill` does.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum SkillCommand {
    /// List the skills of this folder, and files in error
    #[command(after_help = "\
Examples:
  aroom skill list
  aroom skill list --all         those that another one of the name hides, too
  aroom skill list --json | jq -r '.[].name'")]
    List {
        /// Also those that another skill of the same name hides
        #[arg(short, long)]
        all: bool,
    },
    /// Show what a skill says, what it takes and where it lies
    #[command(after_help = "\
Examples:
  aroom skill show commit
  aroom skill show commit --json")]
    Show {
        /// The skill
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Make a skill of your own, or one of this project
    #[command(after_help = "\
Examples:
  aroom skill new tidy 'Tidies imports. Use it before a commit.'
  aroom skill new release-notes --project

The file is ~/.anteroom/skills/NAME/SKILL.md, with --project
.anteroom/skills/NAME/SKILL.md. It counts as soon as it is saved.")]
    New {
        /// Small letters, digits and `-`
        #[arg(value_name = "NAME")]
        name: String,
        /// What it does and when to use it, in one line
        #[arg(value_name = "DESCRIPTION")]
        description: Vec<String>,
        /// In this project instead of your own skills
        #[arg(long)]
        project: bool,
    },
    /// Look skills over: what is wrong, with path and line
    #[command(after_help = "\
Examples:
  aroom skill check                       all; exit code 1 if one cannot be used
  aroom skill check tidy
  aroom skill check ./skills/tidy         a folder or file, wherever it lies")]
    Check {
        /// A skill, or the path of a folder or file; all without one
        #[arg(value_name = "NAME|PATH")]
        skill: Option<String>,
    },
    /// Remove a skill of yours or of this project, with its files
    #[command(after_help = "\
Examples:
  aroom skill rm tidy
  aroom skill rm release-notes --project --yes")]
    Rm {
        /// The skill
        #[arg(value_name = "NAME")]
        name: String,
        /// The one in `.anteroom/skills` of this project
        #[arg(long)]
        project: bool,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
}

pub(crate) async fn run(context: &mut Context, command: &SkillCommand) -> Result<u8, Quit> {
    match command {
        SkillCommand::List { all } => list(context, *all).await,
        SkillCommand::Show { name } => show(context, name).await,
        SkillCommand::New {
            name,
            description,
            project,
        } => make(context, (name, description.join(" ")), *project).await,
        SkillCommand::Check { skill } => check(context, skill.as_deref()).await,
        SkillCommand::Rm { name, project, yes } => remove(context, name, (*project, *yes)).await,
    }
}

async fn list(context: &mut Context, is_all: bool) -> Result<u8, Quit> {
    let mut skills = context.host.read().skills(context.workspace()).await?;
    if context.options.is_json {
        context.printer.json(&json!(skills));
        return Ok(exit::OK);
    }
    skills.retain(|skill| is_all || skill.shadowed_by.is_none());
    let theme = context.printer.out_theme();
    for line in lines(&skills, &theme) {
        context.printer.line(&line);
    }
    let broken = skills.iter().filter(|skill| is_broken(skill)).count();
    if broken > 0 {
        let count = words::plural(broken, "file is", "files are");
        context.printer.progress(&format!(
            "{count} no skill yet; `aroom skill check` says why"
        ));
    }
    Ok(exit::OK)
}

fn is_broken(skill: &SkillView) -> bool {
    skill.findings.iter().any(|finding| finding.is_error)
}

/// One line for each: name, what it does, where it is from.
pub(crate) fn lines(skills: &[SkillView], theme: &Theme) -> Vec<String> {
    let heads: Vec<String> = skills.iter().map(|skill| reveal(&skill.name)).collect();
    let width = heads.iter().map(|head| head.width()).max().unwrap_or(0);
    heads
        .iter()
        .zip(skills)
        .map(|(head, skill)| {
            let about = match (&skill.shadowed_by, is_broken(skill)) {
                (Some(by), _) => format!("hidden by {}", reveal(by)),
                (None, true) => "cannot be used".to_owned(),
                (None, false) => reveal(&skill.description),
            };
            let origin = reveal(&format!("({})", skill.origin));
            let origin = theme.paint(Style::Dim, &origin);
            let about = theme.fit(&about, ABOUT_COLUMNS);
            match skill.is_usable {
                true => format!("{}  {about} {origin}", pad(head, width)),
                false => format!(
                    "{} {origin}",
                    theme.paint(Style::Dim, &format!("{}  {about}", pad(head, width)))
                ),
            }
        })
        .collect()
}

async fn show(context: &mut Context, name: &str) -> Result<u8, Quit> {
    let name = name.trim_start_matches('/');
    let skill = context
        .host
        .read()
        .skill(context.workspace(), name.to_owned())
        .await?;
    if context.options.is_json {
        context.printer.json(&json!(skill));
    } else {
        let theme = context.printer.out_theme();
        for line in whole(&skill, &theme) {
            context.printer.line(&line);
        }
    }
    Ok(code(std::slice::from_ref(&skill)))
}

/// All of one skill.
pub(crate) fn whole(skill: &SkillView, theme: &Theme) -> Vec<String> {
    let hint = skill.argument_hint.as_deref().unwrap_or_default();
    let head = format!("/{} {}", skill.name, hint);
    let mut lines = vec![
        theme.paint(Style::Accent, reveal(&head).trim_end()),
        reveal(&skill.description),
    ];
    let mut say = |what: &str, text: String| {
        lines.push(format!("{} {text}", theme.paint(Style::Dim, &pad(what, 8))));
    };
    say("from", reveal(&skill.origin.to_string()));
    if let Some(path) = &skill.path {
        say("file", reveal(path));
    }
    if let Some(tools) = &skill.allowed_tools {
        let tools = match tools.is_empty() {
            true => "none".to_owned(),
            false => reveal(&tools.join(", ")),
        };
        say("tools", format!("only {tools}"));
    }
    if !skill.files.is_empty() {
        say("beside", reveal(&skill.files.join(", ")));
    }
    if let Some(by) = &skill.shadowed_by {
        say("hidden", format!("by {}", reveal(by)));
    }
    match (skill.is_for_model, skill.is_for_people) {
        (false, _) => say("called", "by people only".to_owned()),
        (true, false) => say("called", "by the model only".to_owned()),
        (true, true) => {}
    }
    lines.extend(skill.findings.iter().map(|found| finding(found, theme)));
    if let Some(body) = &skill.body {
        lines.push(String::new());
        lines.extend(clean(body).lines().map(str::to_owned));
    }
    lines
}

/// `path:line: what`, as compilers say it.
fn finding(finding: &SkillFinding, theme: &Theme) -> String {
    let line = finding.line.map(|line| format!(":{line}"));
    let (sign, style) = match finding.is_error {
        true => (theme.failed(), Style::Danger),
        false => (theme.warning(), Style::Warning),
    };
    format!(
        "{} {}{}: {}",
        theme.paint(style, sign),
        reveal(&finding.path),
        line.unwrap_or_default(),
        reveal(&finding.text)
    )
}

async fn make(
    context: &mut Context,
    (name, description): (&str, String),
    is_of_project: bool,
) -> Result<u8, Quit> {
    let workspace = is_of_project.then(|| context.workspace());
    let op = SkillOp::New {
        name: name.to_owned(),
        description,
        body: None,
        workspace,
    };
    context.host.submit(op).await?;
    let skill = context.host.read().skills(context.workspace()).await?;
    let is_it = |skill: &&SkillView| {
        let is_project = skill.origin == anteroom_api::SkillOrigin::Project;
        skill.name == name && is_project == is_of_project && skill.path.is_some()
    };
    let Some(skill) = skill.iter().find(is_it) else {
        return Err(Problem::new(ProblemCode::NotFound, "the skill is gone again").into());
    };
    if context.options.is_json {
        context.printer.json(&json!(skill));
        return Ok(exit::OK);
    }
    let path = skill.path.as_deref().unwrap_or_default();
    context.printer.line(&reveal(path));
    let hidden = skill.shadowed_by.as_ref();
    if let Some(by) = hidden {
        context
            .printer
            .note(&format!("`{name}` means {}, which comes first", reveal(by)));
    }
    context.printer.progress(&format!(
        "write what it is to do into it, then call it with `/{name}`"
    ));
    Ok(exit::OK)
}

async fn check(context: &mut Context, wanted: Option<&str>) -> Result<u8, Quit> {
    let reads = context.host.read();
    // Whether a skill names a tool that is none is known once all of them are loaded.
    reads.modules(context.workspace()).await?;
    let skills = match wanted {
        None => reads.skills(context.workspace()).await?,
        Some(name) if is_path(name, &context.workspace) => {
            let path = context.workspace.join(name);
            let path = path.components().collect::<std::path::PathBuf>();
            vec![reads.skill_at(path.display().to_string()).await?]
        }
        Some(name) => {
            let name = name.trim_start_matches('/').to_owned();
            vec![reads.skill(context.workspace(), name).await?]
        }
    };
    if context.options.is_json {
        context.printer.json(&json!(skills));
        return Ok(code(&skills));
    }
    let theme = context.printer.out_theme();
    let found = skills.iter().flat_map(|skill| &skill.findings);
    let lines: Vec<String> = found.map(|found| finding(found, &theme)).collect();
    for line in &lines {
        context.printer.line(line);
    }
    let good = skills.iter().filter(|skill| !is_broken(skill)).count();
    let count = words::plural(good, "skill is", "skills are");
    context.printer.progress(&format!("{count} in order"));
    Ok(code(&skills))
}

fn is_path(text: &str, workspace: &Path) -> bool {
    text.contains('/') || text.starts_with('.') || workspace.join(text).exists()
}

fn code(skills: &[SkillView]) -> u8 {
    match skills.iter().any(is_broken) {
        true => exit::FAILED,
        false => exit::OK,
    }
}

async fn remove(
    context: &mut Context,
    name: &str,
    (is_of_project, is_sure): (bool, bool),
) -> Result<u8, Quit> {
    let whose = match is_of_project {
        true => "of this project",
        false => "of your own",
    };
    let question = format!(
        "Remove the skill `{}` {whose}, with its files?",
        reveal(name)
    );
    if !find::confirmed(context, &question, is_sure)? {
        return Ok(find::left(context));
    }
    let op = SkillOp::Remove {
        name: name.to_owned(),
        workspace: is_of_project.then(|| context.workspace()),
    };
    context.host.submit(op).await?;
    if context.options.is_json {
        context.printer.json(&json!({ "removed": name }));
    } else {
        context
            .printer
            .line(&format!("removed the skill `{}`", reveal(name)));
    }
    Ok(exit::OK)
}
