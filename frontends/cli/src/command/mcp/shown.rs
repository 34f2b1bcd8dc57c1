//! MCP servers in words: a list, one whole, exactly what an approval lets start, what differs about a tool. Pure.

use crate::clean::{reveal, reveal_lines};
use crate::theme::{Style, Theme, pad};
use crate::words;
use anteroom_api::{
    McpPath, McpReach, McpServerView, McpState, McpToolState, McpToolView, McpTransport, McpTrust,
    Problem, Tier,
};
use unicode_width::UnicodeWidthStr;

/// Columns of a description.
const ABOUT_COLUMNS: usize = 90;

/// One line for each: how it is doing, its name, how it is reached, what it offers.
pub(crate) fn list(servers: &[McpServerView], theme: &Theme) -> Vec<String> {
    let names: Vec<String> = servers.iter().map(|server| reveal(&server.name)).collect();
    let width = names.iter().map(|name| name.width()).max().unwrap_or(0);
    let line = |(name, server): (&String, &McpServerView)| {
        let (sign, style) = sign(&server.state, theme);
        let kind = pad(kind(&server.transport), 5);
        let about = theme.fit(&brief(server), ABOUT_COLUMNS);
        let origin = match (&server.workspace, &server.bundle) {
            (Some(_), _) => theme.paint(Style::Dim, " (project)"),
            (None, Some(bundle)) => {
                theme.paint(Style::Dim, &format!(" (bundle {})", reveal(bundle)))
            }
            (None, None) => String::new(),
        };
        format!(
            "{} {}  {}  {about}{origin}",
            theme.paint(style, sign),
            pad(name, width),
            theme.paint(Style::Dim, &kind),
        )
    };
    names.iter().zip(servers).map(line).collect()
}

fn sign(state: &McpState, theme: &Theme) -> (&'static str, Style) {
    match state {
        McpState::Ready => (theme.ok(), Style::Good),
        McpState::Failed { .. } => (theme.failed(), Style::Danger),
        McpState::NeedsApproval | McpState::NeedsSignIn { .. } => (theme.warning(), Style::Warning),
        McpState::Connecting => (theme.ellipsis(), Style::Dim),
        McpState::Disabled | McpState::Disconnected => (theme.sign("○", "o"), Style::Dim),
    }
}

fn kind(transport: &McpTransport) -> &'static str {
    match transport {
        McpTransport::Stdio { .. } => "stdio",
        McpTransport::Http { .. } => "http",
        McpTransport::Sse { .. } => "sse",
    }
}

/// How it is doing, in a few words.
pub(crate) fn brief(server: &McpServerView) -> String {
    let state = match &server.state {
        McpState::Disabled => "switched off in the config file".to_owned(),
        McpState::NeedsApproval => {
            format!("waits to be approved: `aroom mcp approve {}`", server.name)
        }
        McpState::NeedsSignIn { .. } => {
            format!("wants you to sign in: `aroom mcp sign-in {}`", server.name)
        }
        McpState::Connecting => "is being connected".to_owned(),
        McpState::Disconnected => "disconnected".to_owned(),
        McpState::Failed { problem, .. } => return reason(problem),
        McpState::Ready => offers(server),
    };
    reveal(&state)
}

/// Why it cannot be used, in one line: which server it is stands beside it.
pub(crate) fn reason(problem: &Problem) -> String {
    reveal(problem.causes.first().unwrap_or(&problem.error))
}

/// What a server that runs offers.
fn offers(server: &McpServerView) -> String {
    let of = |fits: fn(&McpToolState) -> bool| {
        server.tools.iter().filter(|tool| fits(&tool.state)).count()
    };
    let offered = of(|state| matches!(state, McpToolState::Offered));
    let held = of(|state| matches!(state, McpToolState::Quarantined { .. }));
    let refused = of(|state| matches!(state, McpToolState::Refused { .. }));
    let mut parts = vec![words::plural(offered, "tool", "tools")];
    if held > 0 {
        parts.push(format!("{held} held back"));
    }
    if refused > 0 {
        parts.push(format!("{refused} refused"));
    }
    parts.join(", ")
}

/// All of one server.
pub(crate) fn whole(server: &McpServerView, theme: &Theme) -> Vec<String> {
    let (sign, style) = sign(&server.state, theme);
    let mut lines = vec![format!(
        "{} {}  {}",
        theme.paint(style, sign),
        theme.paint(Style::Accent, &reveal(&server.name)),
        brief(server)
    )];
    if let McpState::Failed { problem, .. } = &server.state {
        let more = problem.causes.iter().chain(&problem.hint);
        lines.extend(
            more.flat_map(|text| reveal_lines(text))
                .map(|text| format!("  {text}")),
        );
    }
    let mut say = |what: &str, text: String| {
        lines.push(format!(
            "  {} {text}",
            theme.paint(Style::Dim, &pad(what, 8))
        ));
    };
    if let Some(title) = &server.title {
        say("calls", format!("itself {}", reveal(title)));
    }
    if let Some(protocol) = &server.protocol {
        say("speaks", reveal(protocol));
    }
    for (what, text) in parts(server) {
        say(what, text);
    }
    if let Some(workspace) = &server.workspace {
        say("named by", reveal(workspace));
    }
    if let Some(bundle) = &server.bundle {
        say("bundle", reveal(bundle));
    }
    if server.trust == McpTrust::Trusted {
        say(
            "trust",
            "what it says is believed as your own files are".to_owned(),
        );
    }
    if server.is_sampling_allowed {
        say("sampling", "may ask for answers of the model".to_owned());
    }
    if server.calls > 0 {
        say("used", words::numbered(server.calls, "call", "calls"));
    }
    if let Some(error) = &server.last_error {
        say("trouble", reveal(error));
    }
    lines.extend(differences(server, theme));
    for found in &server.tools {
        lines.extend(
            tool(found, theme)
                .into_iter()
                .map(|line| format!("  {line}")),
        );
    }
    lines
}

/// A tool: whether it is offered, its tier, what it does, what differs.
pub(crate) fn tool(tool: &McpToolView, theme: &Theme) -> Vec<String> {
    let (sign, style) = match &tool.state {
        McpToolState::Offered => (theme.ok(), Style::Good),
        McpToolState::Excluded => (theme.sign("○", "o"), Style::Dim),
        McpToolState::Quarantined { .. } => (theme.warning(), Style::Warning),
        McpToolState::Refused { .. } => (theme.failed(), Style::Danger),
    };
    let tier = match tool.tier {
        Tier::Execute => String::new(),
        tier => format!(
            " {}",
            theme.paint(Theme::tier_style(tier), &tier.to_string())
        ),
    };
    let about = theme.fit(&reveal(&tool.description), ABOUT_COLUMNS);
    let mut lines = vec![format!(
        "{} {}{tier}  {}",
        theme.paint(style, sign),
        reveal(&tool.name),
        theme.paint(Style::Dim, &about)
    )];
    match &tool.state {
        McpToolState::Offered => {}
        McpToolState::Excluded => lines.push("    left out by the config file".to_owned()),
        McpToolState::Refused { reason } => lines.push(format!("    {}", reveal(reason))),
        McpToolState::Quarantined { differences } => {
            lines.push("    held back: it is not what it was at first use".to_owned());
            let shown = differences.iter().flat_map(|line| reveal_lines(line));
            lines.extend(shown.map(|line| format!("    {}", theme.paint(Style::Warning, &line))));
        }
    }
    lines
}

/// Exactly what an approval lets start or reach: the command word by word, and all it is given.
pub(crate) fn to_approve(server: &McpServerView, theme: &Theme) -> Vec<String> {
    let name = reveal(&server.name);
    let origin = match (&server.workspace, &server.bundle) {
        (Some(folder), _) => format!(", which {} names,", reveal(folder)),
        (None, Some(bundle)) => format!(", which the bundle {} brought,", reveal(bundle)),
        (None, None) => String::new(),
    };
    let does = match is_program(server) {
        true => "would start",
        false => "would be told variables of yours, at an address that is not your own entry",
    };
    let head = format!("The MCP server {name}{origin} {does}:");
    let mut lines = vec![theme.paint(Style::Bold, &head)];
    let line = |(what, text): &(&str, String)| {
        format!("  {} {text}", theme.paint(Style::Dim, &pad(what, 8)))
    };
    lines.extend(parts(server).iter().map(line));
    lines.extend(differences(server, theme));
    lines
}

/// What is asked below that.
pub(crate) fn approval_question(server: &McpServerView) -> &'static str {
    match is_program(server) {
        true => "Let it start, now and later?",
        false => "Let it be reached so, now and later?",
    }
}

fn is_program(server: &McpServerView) -> bool {
    matches!(server.transport, McpTransport::Stdio { .. })
}

/// What differs from what was approved last.
fn differences(server: &McpServerView, theme: &Theme) -> Vec<String> {
    if server.differences.is_empty() {
        return Vec::new();
    }
    let mut lines = vec!["  It is not what you approved before:".to_owned()];
    let shown = server
        .differences
        .iter()
        .flat_map(|line| reveal_lines(line));
    lines.extend(shown.map(|line| format!("    {}", theme.paint(Style::Warning, &line))));
    lines
}

/// What its program is and reaches, by the paths that things really have, and what of the sandbox is missing.
fn reach_parts(reach: &McpReach) -> Vec<(&'static str, String)> {
    let part = |path: &McpPath| {
        let text = match &path.real {
            Some(real) if *real == path.path => reveal(real),
            Some(real) => format!("{} -> {}", reveal(&path.path), reveal(real)),
            None => format!("{}, which is not there now", reveal(&path.path)),
        };
        (path.word(), text)
    };
    let missing = reach.missing.iter().map(|wall| ("missing", reveal(wall)));
    reach.paths.iter().map(part).chain(missing).collect()
}

/// How it is reached, part by part.
fn parts(server: &McpServerView) -> Vec<(&'static str, String)> {
    match &server.transport {
        McpTransport::Http {
            url,
            origin,
            headers,
        } => {
            let mut parts = vec![("address", reveal(url))];
            parts.extend(origin.iter().map(|origin| ("comes to", reveal(origin))));
            if !headers.is_empty() {
                parts.push(("headers", reveal(&headers.join(", "))));
            }
            parts
        }
        McpTransport::Sse { url, .. } => vec![("address", reveal(url))],
        McpTransport::Stdio {
            command,
            args,
            env,
            folders,
            network,
        } => {
            let words = std::iter::once(command).chain(args);
            let line: Vec<String> = words.map(|word| word_of(word)).collect();
            let mut parts = vec![("command", line.join(" "))];
            if !env.is_empty() {
                parts.push(("gets", reveal(&env.join(", "))));
            }
            match &server.reach {
                Some(reach) => parts.extend(reach_parts(reach)),
                None => parts.extend(folders.iter().map(|folder| match folder.is_writable {
                    true => ("writes", reveal(&folder.path)),
                    false => ("reads", reveal(&folder.path)),
                })),
            }
            let more = "the system's folders, and its own, which it also writes";
            parts.push(("reads", more.to_owned()));
            let is_whole = server
                .reach
                .as_ref()
                .is_none_or(|reach| reach.missing.is_empty());
            let network = match (network, is_whole) {
                (true, _) => "yes",
                (false, true) => "no",
                (false, false) => "no, as far as the sandbox holds",
            };
            parts.push(("network", network.to_owned()));
            if !is_whole {
                let text = "what is missing of the sandbox here holds it from nothing";
                parts.push(("careful", text.to_owned()));
            }
            parts
        }
    }
}

/// A word of a command line, so that its beginning and its end are seen.
fn word_of(word: &str) -> String {
    let is_plain = |sign: char| sign.is_alphanumeric() || "-_./:@=+,%".contains(sign);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => reveal(word),
        false => format!("'{}'", reveal(&word.replace('\'', "'\\''"))),
    }
}
