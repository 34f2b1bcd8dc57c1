//! `aroom tool`: toolsets, their tools, and the capabilities they are granted.

use crate::clean::reveal;
use crate::context::{Context, Quit};
use crate::exit;
use crate::invocation::{Grant, ToolCommand};
use crate::theme::{Style, Theme, pad};
use crate::words;
use anteroom_api::{
    Capability, GrantOp, GrantReach, GrantWhere, Health, ModuleId, ModuleOp, ModuleOrigin,
    ModuleState, ModuleView, Problem, ProblemCode,
};
use serde_json::json;
use unicode_width::UnicodeWidthStr;

pub(crate) async fn run(context: &mut Context, command: &ToolCommand) -> Result<u8, Quit> {
    match command {
        ToolCommand::List => list(context).await,
        ToolCommand::Grant(grant) => give(context, grant).await,
        ToolCommand::Revoke { module } => revoke(context, module).await,
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
    let origin = match module.origin {
        ModuleOrigin::BuiltIn => "built-in",
        ModuleOrigin::User => "user",
        ModuleOrigin::Project => "project",
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
            &[origin, &words::bytes(module.size_bytes), &hash].join(theme.dot())
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

async fn give(context: &mut Context, grant: &Grant) -> Result<u8, Quit> {
    let module = find(context, &grant.module).await?;
    if grant.capabilities.is_empty() {
        return Ok(show_request(context, &module));
    }
    let unwanted = grant
        .capabilities
        .iter()
        .find(|capability| !module.requested.contains(capability));
    if let Some(capability) = unwanted {
        return Err(Problem::new(
            ProblemCode::InvalidInput,
            format!("`{}` does not ask for `{capability}`", grant.module),
        )
        .hint(format!(
            "`aroom tool grant {}` shows what it asks for",
            grant.module
        ))
        .into());
    }
    let place = if grant.is_everywhere {
        GrantWhere::Everywhere
    } else {
        GrantWhere::Workspace(context.workspace())
    };
    for capability in &grant.capabilities {
        context
            .settle(ModuleOp::Grant(GrantOp {
                module: module.id.clone(),
                hash: module.hash.clone(),
                capability: *capability,
                reach: reach(grant, *capability),
                place: place.clone(),
                expires_at: None,
                calls: None,
            }))
            .await?;
        let theme = context.printer.err_theme();
        context.printer.progress(&format!(
            "{} `{}` may {} {}",
            theme.paint(Style::Good, theme.ok()),
            grant.module,
            capability.in_words(),
            if grant.is_everywhere {
                "everywhere"
            } else {
                "here"
            }
        ));
    }
    Ok(exit::OK)
}

/// The flags that bound this capability; the others do not concern it.
fn reach(grant: &Grant, capability: Capability) -> GrantReach {
    match capability {
        Capability::FilesRead | Capability::FilesWrite => GrantReach {
            folders: grant.folders.clone(),
            ..GrantReach::default()
        },
        Capability::Process => GrantReach {
            commands: grant.commands.clone(),
            ..GrantReach::default()
        },
        Capability::Canvas | Capability::Agents | Capability::Ask => GrantReach::default(),
    }
}

fn show_request(context: &mut Context, module: &ModuleView) -> u8 {
    let theme = context.printer.out_theme();
    context.printer.line(&module_line(module, &theme));
    for capability in &module.requested {
        let (health, word) = if module.granted.contains(capability) {
            (Health::Ok, "granted")
        } else {
            (Health::Warning, "not granted")
        };
        context.printer.line(&format!(
            "  {} {}  {} ({word})",
            theme.health(health),
            pad(&capability.to_string(), 11),
            capability.in_words()
        ));
    }
    let missing: Vec<String> = missing(module).iter().map(ToString::to_string).collect();
    if !missing.is_empty() {
        context.printer.note(&format!(
            "\n{} `aroom tool grant {} {}`",
            theme.paint(Style::Accent, "hint:"),
            words::quoted(&module.id.0),
            missing.join(" ")
        ));
    }
    exit::OK
}

async fn revoke(context: &mut Context, name: &str) -> Result<u8, Quit> {
    let module = find(context, name).await?;
    context
        .settle(ModuleOp::Revoke {
            module: ModuleId(module.id.0.clone()),
            capability: None,
        })
        .await?;
    let theme = context.printer.err_theme();
    context.printer.progress(&format!(
        "{} all grants of `{name}` were taken back",
        theme.paint(Style::Good, theme.ok())
    ));
    Ok(exit::OK)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Bench, Views};
    use crate::theme::BARE;
    use anteroom_api::{Op, Tier, ToolView};

    fn jira() -> ModuleView {
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
            differences: Vec::new(),
        }
    }

    fn views() -> Views {
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

    #[test]
    fn a_grant_names_the_binary_and_only_its_own_bounds() {
        let mut bench = Bench::with(
            &[
                "tool",
                "grant",
                "jira",
                "process",
                "--command",
                "jira issue",
                "--folder",
                "data",
            ],
            vec![],
            views(),
            "",
        );
        let ran = bench.run();
        assert_eq!(
            (ran.code, ran.err.as_str()),
            (0, "✓ `jira` may start commands here\n")
        );
        assert_eq!(
            bench.fake.ops(),
            [Op::Module(ModuleOp::Grant(GrantOp {
                module: ModuleId("jira".into()),
                hash: "a91f00112233".into(),
                capability: Capability::Process,
                reach: GrantReach {
                    folders: vec![],
                    commands: vec!["jira issue".into()],
                },
                place: GrantWhere::Workspace("/w".into()),
                expires_at: None,
                calls: None,
            }))]
        );
    }

    #[test]
    fn what_cannot_be_granted_is_said() {
        let check = |line: &[&str], code: u8, words: &str| {
            let mut bench = Bench::with(line, vec![], views(), "");
            let ran = bench.run();
            assert_eq!(ran.code, code, "{line:?}");
            assert!(format!("{}{}", ran.out, ran.err).contains(words), "{ran:?}");
            assert!(bench.fake.ops().is_empty());
        };
        check(
            &["tool", "grant", "jira"],
            0,
            "hint: `aroom tool grant jira process`",
        );
        check(
            &["tool", "grant", "jira", "ask"],
            exit::USAGE,
            "does not ask for `ask`",
        );
        check(
            &["tool", "grant", "jria", "process"],
            exit::NOT_FOUND,
            "did you mean `jira`?",
        );
        check(
            &["tool", "revoke", "x"],
            exit::NOT_FOUND,
            "`aroom tool list`",
        );
    }
}
