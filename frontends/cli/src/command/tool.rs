//! `aroom tool`: toolsets, their tools, and the capabilities they are granted.

mod grant;
mod inspect;
pub(crate) mod new;
mod place;
pub(crate) mod run;

use crate::clean::reveal;
use crate::context::{Context, Quit};
use crate::exit;
use crate::invocation::ToolCommand;
use crate::theme::{Style, Theme, pad};
use crate::words;
use anteroom_api::{
    Capability, Health, ModuleOrigin, ModuleState, ModuleView, Problem, ProblemCode,
};
use serde_json::json;
use unicode_width::UnicodeWidthStr;

pub(crate) async fn run(context: &mut Context, command: &ToolCommand) -> Result<u8, Quit> {
    match command {
        ToolCommand::List => list(context).await,
        ToolCommand::Inspect { module } => inspect::show(context, module).await,
        ToolCommand::Grant(grant) => grant::give(context, grant).await,
        ToolCommand::Revoke {
            module,
            capabilities,
        } => grant::take_back(context, module, capabilities).await,
        ToolCommand::Install { file, is_replacing } => {
            place::install(context, file, *is_replacing).await
        }
        ToolCommand::Remove { module } => place::remove(context, module).await,
        ToolCommand::Switch { module, is_enabled } => {
            place::switch(context, module, *is_enabled).await
        }
        ToolCommand::Reload => place::reload(context).await,
        ToolCommand::Run(wanted) => run::run(context, wanted).await,
    }
}

async fn list(context: &mut Context) -> Result<u8, Quit> {
    let modules = context.host.read().modules(context.workspace()).await?;
    if context.options.is_json {
        context.printer.json(&json!(modules));
        return Ok(exit::OK);
    }
    let theme = context.printer.out_theme();
    for line in lines(&modules, &theme) {
        context.printer.line(&line);
    }
    Ok(exit::OK)
}

/// Modules with their tools below.
pub(crate) fn lines(modules: &[ModuleView], theme: &Theme) -> Vec<String> {
    let mut lines = Vec::new();
    for module in modules {
        lines.push(module_line(module, theme));
        if let ModuleState::Failed { problem } = &module.state {
            lines.push(format!("    {}", reveal(&problem.error)));
            if let Some(hint) = &problem.hint {
                lines.push(format!("    hint: {}", reveal(hint)));
            }
        }
        if module.state == ModuleState::Disabled {
            lines.push(format!(
                "    switched off; `aroom tool enable {}`",
                words::quoted(&module.id.0)
            ));
        }
        if !module.differences.is_empty() {
            let line = "    not the binary that was granted something; look at it with";
            lines.push(theme.paint(
                Style::Warning,
                &format!(
                    "{line} `aroom tool inspect {}`",
                    words::quoted(&module.id.0)
                ),
            ));
        }
        let missing = missing(module);
        if !missing.is_empty() {
            let names: Vec<String> = missing.iter().map(ToString::to_string).collect();
            lines.push(theme.paint(
                Style::Warning,
                &format!(
                    "    not granted: {}; `aroom tool grant {}`",
                    names.join(", "),
                    words::quoted(&module.id.0)
                ),
            ));
        }
        let width = module
            .tools
            .iter()
            .map(|tool| tool.name.width())
            .max()
            .unwrap_or(0);
        for tool in &module.tools {
            let about = reveal(tool.description.lines().next().unwrap_or_default());
            let head = format!(
                "  {} {}  {}  ",
                theme.tier_sign(tool.tier),
                pad(&reveal(&tool.name), width),
                pad(&tool.tier.to_string(), 11)
            );
            let room = theme.width.saturating_sub(head.width() + 1);
            lines.push(format!(
                "{head}{}",
                theme.paint(Style::Dim, &theme.fit(&about, room))
            ));
        }
    }
    lines
}

fn module_line(module: &ModuleView, theme: &Theme) -> String {
    let origin = match (module.origin, &module.bundle) {
        (ModuleOrigin::BuiltIn, _) => "built-in".to_owned(),
        (ModuleOrigin::User, _) => "user".to_owned(),
        (ModuleOrigin::Bundle, None) => "bundle".to_owned(),
        (ModuleOrigin::Bundle, Some(bundle)) => format!("bundle {}", reveal(bundle)),
        (ModuleOrigin::Project, _) => "project".to_owned(),
        (ModuleOrigin::Server, _) => "server".to_owned(),
    };
    let health = match &module.state {
        ModuleState::Failed { .. } => Health::Failed,
        ModuleState::Disabled => Health::Warning,
        ModuleState::Loaded if !missing(module).is_empty() => Health::Warning,
        ModuleState::Loaded => Health::Ok,
    };
    let hash: String = module.hash.chars().take(8).collect();
    format!(
        "{} {}  {}",
        theme.health(health),
        theme.paint(Style::Bold, &reveal(&module.id.0)),
        theme.paint(
            Style::Dim,
            &[origin.as_str(), &words::bytes(module.size_bytes), &hash].join(theme.dot())
        )
    )
}

fn missing(module: &ModuleView) -> Vec<Capability> {
    module
        .requested
        .iter()
        .copied()
        .filter(|capability| !module.granted.contains(capability))
        .collect()
}

async fn find(context: &Context, name: &str) -> Result<ModuleView, Problem> {
    let modules = context.host.read().modules(context.workspace()).await?;
    if let Some(module) = modules.iter().find(|module| module.id.0 == name) {
        return Ok(module.clone());
    }
    let known = modules.iter().map(|module| module.id.0.as_str());
    let problem = Problem::new(
        ProblemCode::NotFound,
        format!("there is no toolset `{name}`"),
    );
    Err(match words::nearest(name, known) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem.hint("`aroom tool list` shows them"),
    })
}

/// That something was done.
fn done(context: &mut Context, words: &str) {
    let theme = context.printer.err_theme();
    context
        .printer
        .progress(&format!("{} {words}", theme.paint(Style::Good, theme.ok())));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Views;
    use crate::theme::BARE;
    use anteroom_api::{ModuleId, Tier, ToolView};

    pub(super) fn jira() -> ModuleView {
        ModuleView {
            id: ModuleId("jira".into()),
            origin: ModuleOrigin::User,
            path: None,
            hash: "a91f00112233".into(),
            size_bytes: 3_100,
            state: ModuleState::Loaded,
            tools: vec![ToolView {
                name: "jira_issue".into(),
                description: "Reads an issue\nmore".into(),
                input_schema: json!({}),
                tier: Tier::Execute,
            }],
            requested: vec![Capability::FilesRead, Capability::Process],
            granted: vec![Capability::FilesRead],
            bundle: None,
            differences: Vec::new(),
        }
    }

    pub(super) fn views() -> Views {
        Views {
            modules: vec![jira()],
            ..Views::default()
        }
    }

    #[test]
    fn modules_show_their_tools_and_what_they_lack() {
        assert_eq!(
            lines(&[jira()], &BARE),
            [
                "⚠ jira  user · 3.1 kB · a91f0011",
                "    not granted: process; `aroom tool grant jira`",
                "  ▶ jira_issue  execute      Reads an issue",
            ]
        );
    }
}
