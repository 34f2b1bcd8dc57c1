//! `aroom tool inspect`: first sight of a toolset, before anything is granted.

use super::{find, missing, module_line};
use crate::clean::reveal;
use crate::context::{Context, Quit};
use crate::exit;
use crate::theme::{Style, Theme, pad};
use crate::words;
use anteroom_api::{
    Capability, GrantOp, GrantWhere, Health, ModuleOrigin, ModuleState, ModuleView, UnixMillis,
};
use serde_json::json;

pub(super) async fn show(context: &mut Context, name: &str) -> Result<u8, Quit> {
    let module = find(context, name).await?;
    let grants = context.host.read().grants().await?;
    let workspace = context.workspace();
    let here = |grant: &GrantOp| match &grant.place {
        GrantWhere::Everywhere => true,
        GrantWhere::Workspace(place) => *place == workspace,
    };
    let grants: Vec<GrantOp> = grants
        .into_iter()
        .filter(|grant| grant.module == module.id && grant.hash == module.hash && here(grant))
        .collect();
    if context.options.is_json {
        let mut value = json!(module);
        value["grants"] = json!(grants);
        context.printer.json(&value);
        return Ok(exit::OK);
    }
    let theme = context.printer.out_theme();
    for line in lines(&module, &grants, (context.clock)(), &theme) {
        context.printer.line(&line);
    }
    let missing: Vec<String> = missing(&module).iter().map(ToString::to_string).collect();
    if !missing.is_empty() {
        context.printer.note(&format!(
            "\n{} `aroom tool grant {} {}`",
            theme.paint(Style::Accent, "hint:"),
            words::quoted(&module.id.0),
            missing.join(" ")
        ));
    }
    Ok(exit::OK)
}

/// Everything a person needs to judge it.
pub(super) fn lines(
    module: &ModuleView,
    grants: &[GrantOp],
    now: UnixMillis,
    theme: &Theme,
) -> Vec<String> {
    let mut lines = vec![module_line(module, theme)];
    let origin = match module.origin {
        ModuleOrigin::BuiltIn => "part of Anteroom",
        ModuleOrigin::User => "your tools folder",
        ModuleOrigin::Bundle => "a bundle that is installed",
        ModuleOrigin::Project => "the project's own tools",
        ModuleOrigin::Server => "an MCP server",
    };
    let mut about = |name: &str, text: &str| {
        lines.push(format!("  {} {}", pad(name, 10), reveal(text)));
    };
    about("from", origin);
    if let Some(bundle) = &module.bundle {
        about("bundle", bundle);
    }
    if let Some(path) = &module.path {
        about("file", path);
    }
    about("sha256", &module.hash);
    if module.origin != ModuleOrigin::BuiltIn {
        about("signature", "none");
    }
    if let ModuleState::Failed { problem } = &module.state {
        about("state", &problem.to_string());
    }
    if module.state == ModuleState::Disabled {
        about("state", "switched off");
    }
    if !module.differences.is_empty() {
        lines.push(String::new());
        let since = "since it was granted something, it";
        lines.push(theme.paint(Style::Warning, &format!("  {since}")));
        for difference in &module.differences {
            lines.push(format!("    {}", reveal(difference)));
        }
    }
    if !module.tools.is_empty() {
        lines.push(String::new());
    }
    for tool in &module.tools {
        lines.push(format!(
            "  {} {}  {}",
            theme.tier_sign(tool.tier),
            theme.paint(Style::Bold, &reveal(&tool.name)),
            theme.paint(Style::Dim, &tool.tier.to_string())
        ));
        let about = tool.description.lines();
        lines.extend(about.map(|line| format!("      {}", reveal(line))));
    }
    if !module.requested.is_empty() {
        lines.push(String::new());
    }
    for capability in &module.requested {
        lines.push(asked(module, *capability, grants, now, theme));
    }
    lines
}

/// A capability it asks for, and what became of that.
fn asked(
    module: &ModuleView,
    capability: Capability,
    grants: &[GrantOp],
    now: UnixMillis,
    theme: &Theme,
) -> String {
    let mut given = grants
        .iter()
        .filter(|grant| grant.capability == capability)
        .map(|grant| given(grant, now));
    let (health, words) = if module.granted.contains(&capability) {
        let words: Vec<String> = given.by_ref().collect();
        let words = if words.is_empty() {
            "granted".to_owned()
        } else {
            words.join("; ")
        };
        (Health::Ok, words)
    } else {
        (
            Health::Warning,
            given.next().unwrap_or_else(|| "not granted".to_owned()),
        )
    };
    format!(
        "  {} {}  {} ({words})",
        theme.health(health),
        pad(&capability.to_string(), 11),
        capability.in_words()
    )
}

/// One grant in words.
fn given(grant: &GrantOp, now: UnixMillis) -> String {
    if grant.expires_at.is_some_and(|end| end <= now) {
        return "was granted, and its time is over".to_owned();
    }
    if grant.calls == Some(0) {
        return "was granted, and its calls are used up".to_owned();
    }
    let mut words = match grant.place {
        GrantWhere::Everywhere => "granted everywhere".to_owned(),
        GrantWhere::Workspace(_) => "granted here".to_owned(),
    };
    let reach = [
        ("in", &grant.reach.folders),
        ("for", &grant.reach.commands),
        ("for", &grant.reach.hosts),
        ("for", &grant.reach.secrets),
    ];
    for (what, parts) in reach {
        if !parts.is_empty() {
            let parts: Vec<String> = parts.iter().map(|it| format!("`{}`", reveal(it))).collect();
            words.push_str(&format!(", {what} {}", parts.join(", ")));
        }
    }
    if let Some(end) = grant.expires_at {
        let left = u64::try_from(end.0.saturating_sub(now.0)).unwrap_or_default();
        words.push_str(&format!(", for {} more", words::duration(left)));
    }
    if let Some(calls) = grant.calls {
        let calls = usize::try_from(calls).unwrap_or(usize::MAX);
        words.push_str(&format!(
            ", for {} more",
            words::plural(calls, "call", "calls")
        ));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::super::tests::jira;
    use super::*;
    use crate::theme::BARE;
    use anteroom_api::{GrantReach, ModuleId};

    #[test]
    fn first_sight_tells_all_there_is_to_judge_by() {
        let mut module = jira();
        module.path = Some("/home/u/.anteroom/tools/jira.wasm".into());
        module.differences = vec!["has a new tool `jira_\u{202e}issue`".into()];
        let grant = GrantOp {
            module: ModuleId("jira".into()),
            hash: module.hash.clone(),
            capability: Capability::FilesRead,
            reach: GrantReach {
                folders: vec!["data".into()],
                ..GrantReach::default()
            },
            place: GrantWhere::Workspace("/w".into()),
            expires_at: Some(UnixMillis(61_000)),
            calls: Some(2),
        };
        assert_eq!(
            lines(&module, &[grant], UnixMillis(1_000), &BARE),
            [
                "⚠ jira  user · 3.1 kB · a91f0011",
                "  from       your tools folder",
                "  file       /home/u/.anteroom/tools/jira.wasm",
                "  sha256     a91f00112233",
                "  signature  none",
                "",
                "  since it was granted something, it",
                "    has a new tool `jira_\\u{202e}issue`",
                "",
                "  ▶ jira_issue  execute",
                "      Reads an issue",
                "      more",
                "",
                "  ✓ files_read   read files of the workspace (granted here, in `data`, for 1m00s more, for 2 calls more)",
                "  ⚠ process      start commands (not granted)",
            ]
        );
    }
}
