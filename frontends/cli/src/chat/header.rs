//! The first lines of a chat, and the last lines of the one it goes on with.

use crate::clean::reveal;
use crate::context::Context;
use crate::target::Target;
use crate::theme::{Style, Theme};
use crate::transcript;
use crate::words;
use anteroom_api::{
    Mode, ModuleOrigin, ModuleState, ModuleView, Problem, SettingsReport, WorkspaceView,
};
use std::time::Duration;
use unicode_width::UnicodeWidthStr;

/// Lines of the past that are shown when a conversation is resumed.
const PAST_LINES: usize = 40;
/// How long the header waits for the tools.
const PATIENCE: Duration = Duration::from_millis(40);
/// Items that are asked for to find them.
const PAST_ITEMS: u32 = 30;

/// Where the chat is held.
pub(super) struct Place<'a> {
    pub(super) path: &'a str,
    pub(super) home: Option<&'a str>,
    /// What the host knows of it.
    pub(super) folder: Option<&'a WorkspaceView>,
    /// The tools, if they were there in time.
    pub(super) modules: Option<&'a [ModuleView]>,
}

/// What the host knows of the folder and its tools. The prompt does not wait for tools that are still compiled.
pub(super) async fn look(context: &Context) -> (Option<WorkspaceView>, Option<Vec<ModuleView>>) {
    let read = context.host.read();
    let folder = read.workspace(context.workspace());
    let modules = tokio::time::timeout(PATIENCE, read.modules(context.workspace()));
    let (folder, modules) = tokio::join!(folder, modules);
    // What goes wrong here goes wrong again, and is said, where it is needed.
    (folder.ok(), modules.ok().and_then(Result::ok))
}

/// Who we are, whom we talk to, where, when the person is asked, and what was found there.
pub(super) fn lines(report: &SettingsReport, place: &Place<'_>, theme: &Theme) -> Vec<String> {
    let dot = theme.dot();
    let name = format!("anteroom {}", env!("CARGO_PKG_VERSION"));
    let about = theme.fit(
        &[model(report), shown(place)].join(dot),
        theme.width.saturating_sub(name.width() + dot.width() + 1),
    );
    let mode = Context::setting(report, "safety.approval_mode");
    let mode = mode.parse::<Mode>().map_or(mode, words::mode);
    let mut found = vec![mode];
    let added = place.modules.map(added).unwrap_or(0);
    if added > 0 {
        found.push(words::plural(
            added,
            "toolset of yours",
            "toolsets of yours",
        ));
    }
    found.extend(place.folder.and_then(instructions));
    found.extend(["/help", "@ files", "Shift+Tab mode"].map(str::to_owned));
    let found = theme.fit(&found.join(dot), theme.width.saturating_sub(1));
    vec![
        format!("{}{dot}{about}", theme.paint(Style::Bold, &name)),
        theme.paint(Style::Dim, &found),
    ]
}

/// `qwen3 @ 127.0.0.1:11434`.
fn model(report: &SettingsReport) -> String {
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
    match host {
        "" => model,
        host => format!("{model} @ {}", reveal(host)),
    }
}

/// `~/anteroom (rust)`.
fn shown(place: &Place<'_>) -> String {
    let path = match place.home.and_then(|home| place.path.strip_prefix(home)) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("~{rest}"),
        _ => place.path.to_owned(),
    };
    let path = reveal(&path);
    match place.folder.map(|folder| folder.kinds.as_slice()) {
        None | Some([]) => path,
        Some(kinds) => format!("{path} ({})", reveal(&kinds.join(", ").to_lowercase())),
    }
}

/// Toolsets that a person added and that work.
fn added(modules: &[ModuleView]) -> usize {
    let is_added = |module: &&ModuleView| {
        module.origin != ModuleOrigin::BuiltIn && matches!(module.state, ModuleState::Loaded)
    };
    modules.iter().filter(is_added).count()
}

/// `AGENTS.md loaded`.
fn instructions(folder: &WorkspaceView) -> Option<String> {
    let mut names: Vec<String> = folder
        .instructions
        .iter()
        .filter_map(|path| path.rsplit('/').next())
        .map(reveal)
        .collect();
    names.dedup();
    (!names.is_empty()).then(|| format!("{} loaded", names.join(", ")))
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
        .items(target.id, anteroom_api::ItemsAt::Newest, PAST_ITEMS)
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

/// What a person should know of the tools they added: broken ones, and ones that wait for grants.
pub(super) fn tools(modules: Option<&[ModuleView]>, theme: &Theme) -> Vec<String> {
    let notices = modules.unwrap_or_default().iter().filter_map(notice);
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
        let folder = WorkspaceView {
            path: "/home/u/work".into(),
            trust: anteroom_api::WorkspaceTrust::Unknown,
            hash: String::new(),
            holds: vec![],
            settings: Vec::new(),
            kinds: vec!["Rust".into()],
            instructions: vec!["/home/u/work/ANTEROOM.md".into()],
        };
        let place = |path| Place {
            path,
            home: Some("/home/u"),
            folder: Some(&folder),
            modules: None,
        };
        assert_eq!(
            lines(&report, &place("/home/u/work"), &BARE),
            [
                concat!(
                    "anteroom ",
                    env!("CARGO_PKG_VERSION"),
                    " · qwen3 @ 127.0.0.1:9 · ~/work (rust)"
                ),
                "ask for writes · ANTEROOM.md loaded · /help · @ files · Shift+Tab mode",
            ]
        );
        let bare = Place {
            folder: None,
            ..place("/home/user")
        };
        assert!(lines(&report, &bare, &BARE)[0].ends_with("/home/user"));
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
            bundle: None,
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
