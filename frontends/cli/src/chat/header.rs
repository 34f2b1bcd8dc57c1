//! The first lines of a chat, and the last lines of the one it goes on with.

use crate::clean::reveal;
use crate::context::Context;
use crate::target::Target;
use crate::theme::{Style, Theme};
use crate::transcript;
use crate::words;
use anteroom_api::{Mode, ModuleState, ModuleView, Problem, SettingsReport};
use std::time::Duration;

/// Lines of the past that are shown when a conversation is resumed.
const PAST_LINES: usize = 40;
/// How long the header waits for the tools.
const TOOLS_PATIENCE: Duration = Duration::from_millis(40);
/// Items that are asked for to find them.
const PAST_ITEMS: u32 = 30;

/// Who we are, whom we talk to, where, and when the person is asked.
pub(super) fn lines(
    report: &SettingsReport,
    workspace: &str,
    home: Option<&str>,
    theme: &Theme,
) -> Vec<String> {
    let model = Context::setting(report, "ai.model");
    let model = if model.is_empty() {
        "no model".to_owned()
    } else {
        reveal(&model)
    };
    let url = Context::setting(report, "ai.base_url");
    let host = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    let place = match home.and_then(|home| workspace.strip_prefix(home)) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("~{rest}"),
        _ => workspace.to_owned(),
    };
    let mode = Context::setting(report, "safety.approval_mode");
    let mode = mode.parse::<Mode>().map_or(mode, words::mode);
    let name = format!("anteroom {}", env!("CARGO_PKG_VERSION"));
    let dot = theme.dot();
    let at = if host.is_empty() {
        String::new()
    } else {
        format!(" @ {}", reveal(host))
    };
    vec![
        format!(
            "{}{dot}{model}{at}{dot}{}",
            theme.paint(Style::Bold, &name),
            reveal(&place)
        ),
        theme.paint(
            Style::Dim,
            &[&mode, "/help for commands", "Esc cancels", "Ctrl+D leaves"].join(dot),
        ),
    ]
}

/// The end of what was said before.
pub(super) async fn past(
    context: &Context,
    target: &Target,
    theme: &Theme,
) -> Result<Vec<String>, Problem> {
    let page = context
        .host
        .read()
        .items(target.id, None, PAST_ITEMS)
        .await?;
    let all = transcript::lines(&page.entries, theme);
    let hidden = all.len().saturating_sub(PAST_LINES);
    let mut lines = Vec::new();
    if hidden > 0 || page.before.is_some() {
        let id = crate::target::short(target.id);
        let note = format!(
            "{} earlier: `aroom conversation show {id}`",
            theme.ellipsis()
        );
        lines.push(theme.paint(Style::Dim, &note));
    }
    lines.extend(all.into_iter().skip(hidden));
    Ok(lines)
}

/// What waited when a program ended, and is held since.
pub(super) async fn held(
    context: &Context,
    target: &Target,
    theme: &Theme,
) -> Result<Option<String>, Problem> {
    let queue = context.host.read().queue(target.id).await?;
    let held = queue.iter().filter(|queued| queued.is_held).count();
    Ok((held > 0).then(|| {
        let line = format!(
            "{} waited when the program ended; /queue shows what, /queue run N runs it",
            words::plural(held, "input", "inputs")
        );
        theme.paint(Style::Warning, &line)
    }))
}

/// How to come back to the conversation before, if there is one here.
pub(super) async fn last(context: &Context, theme: &Theme) -> Result<Option<String>, Problem> {
    let here = context.workspace();
    let page = context.host.read().conversations(None, 50).await?;
    let last = page.entries.iter().find(|view| view.workspace == here);
    Ok(last.map(|view| {
        let line = format!(
            "last: {} {} {} `aroom chat -c`",
            crate::command::conversation::title(view),
            words::ago(view.updated_at, (context.clock)()),
            theme.dash()
        );
        theme.paint(Style::Dim, &line)
    }))
}

/// What a person should know of the tools they added: broken ones, and ones that wait for grants. Nothing if
/// the tools are still being compiled: the prompt does not wait for that.
pub(super) async fn tools(context: &Context, theme: &Theme) -> Vec<String> {
    let modules = context.host.read().modules(context.workspace());
    let Ok(Ok(modules)) = tokio::time::timeout(TOOLS_PATIENCE, modules).await else {
        return Vec::new();
    };
    let notices = modules.iter().filter_map(notice);
    notices
        .map(|text| theme.paint(Style::Warning, &reveal(&text)))
        .collect()
}

fn notice(module: &ModuleView) -> Option<String> {
    let id = &module.id;
    if let ModuleState::Failed { problem } = &module.state {
        return Some(format!("tools `{id}` cannot be used: {}", problem.error));
    }
    let missing: Vec<String> = module
        .requested
        .iter()
        .filter(|capability| !module.granted.contains(capability))
        .map(ToString::to_string)
        .collect();
    if missing.is_empty() {
        return None;
    }
    let missing = missing.join(" ");
    Some(format!(
        "tools `{id}` wait for a grant: `aroom tool grant {id} {missing}`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Views;
    use crate::theme::BARE;

    #[test]
    fn the_header_names_what_matters() {
        let report = Views::default().settings;
        assert_eq!(
            lines(&report, "/home/u/work", Some("/home/u"), &BARE),
            [
                concat!(
                    "anteroom ",
                    env!("CARGO_PKG_VERSION"),
                    " · qwen3 @ 127.0.0.1:9 · ~/work"
                ),
                "ask for writes · /help for commands · Esc cancels · Ctrl+D leaves",
            ]
        );
        assert!(lines(&report, "/home/user", Some("/home/u"), &BARE)[0].ends_with("/home/user"));
    }

    #[test]
    fn tools_that_wait_for_a_grant_are_named_with_the_command() {
        use anteroom_api::{Capability, ModuleId, ModuleOrigin};
        let mut module = ModuleView {
            id: ModuleId("csv".into()),
            origin: ModuleOrigin::User,
            path: None,
            hash: String::new(),
            size_bytes: 1,
            state: ModuleState::Loaded,
            tools: Vec::new(),
            requested: vec![Capability::FilesRead, Capability::Process],
            granted: vec![Capability::FilesRead],
            differences: Vec::new(),
        };
        assert_eq!(
            notice(&module).as_deref(),
            Some("tools `csv` wait for a grant: `aroom tool grant csv process`")
        );
        module.granted.push(Capability::Process);
        assert_eq!(notice(&module), None);
    }
}
