//! What a page may have started or handed over: MCP servers, as far as they stay where the person at the machine lets
//! pages be.

use super::places;
use super::wishes::{self, Named, Wish};
use anteroom_api::{
    McpEntry, McpPathKind, McpServerView, McpTransport, McpTrust, Problem, ProblemCode, Reads,
};

/// Where somebody at the machine looks at a server and lets it start.
const APPROVE: &str = "aroom mcp approve";

/// Refuses an entry that would be given variables of the environment, or believed more than a stranger.
///
/// # Errors
/// [`ProblemCode::Denied`], with what to do on the server's machine.
pub(super) fn check_entry(entry: &McpEntry) -> Result<(), Problem> {
    if refers(entry) {
        return Err(Problem::new(
            ProblemCode::Denied,
            "no page has variables of the server's environment given to an MCP server",
        )
        .hint("run `aroom mcp add` in a terminal on the machine it is served from"));
    }
    match entry.trust {
        Some(McpTrust::Trusted) => Err(Problem::new(
            ProblemCode::Denied,
            "no page has an MCP server believed as your own workspace is",
        )
        .hint(
            "add it without, or run `aroom mcp add --trust` in a terminal on the server's machine",
        )),
        Some(McpTrust::Untrusted) | None => Ok(()),
    }
}

/// Whether something in it would be filled in from the environment of the server's machine.
fn refers(entry: &McpEntry) -> bool {
    serde_json::json!(entry).to_string().contains("${")
}

/// Refuses to let a server begin that sees more than a page may name, by the paths that things really have: what a
/// page can bring in, or lead elsewhere by a link, and approve would otherwise reach anything. One that a project or a
/// bundle brings is handed no variables by a page either; those of the user's own entries the user wrote.
///
/// # Errors
/// [`ProblemCode::Denied`], with the command for a terminal.
pub(super) async fn check_approval(
    reads: &dyn Reads,
    workspace: &str,
    (server, hash): (&str, &str),
) -> Result<(), Problem> {
    let servers = reads.mcp_servers(workspace.to_owned()).await?;
    let found = servers
        .iter()
        .filter(|view| view.name == server && view.hash == hash);
    for view in found {
        if is_brought(view) && hands_over(&view.transport) {
            return Err(Problem::new(
                ProblemCode::Denied,
                format!("`{server}` came with a project or a bundle and is handed variables of the server's environment"),
            )
            .cause("whoever brings a server in from a page must not be the one who hands them over")
            .hint(format!(
                "look at it in a terminal on the server's machine: `{APPROVE} {server}`"
            )));
        }
        places::check_wish(reads, workspace, named(view)).await?;
    }
    Ok(())
}

fn is_brought(view: &McpServerView) -> bool {
    view.workspace.is_some() || view.bundle.is_some()
}

/// Whether variables of the environment are in it: they are shown by name, behind what they are given as.
fn hands_over(transport: &McpTransport) -> bool {
    let (texts, given) = match transport {
        McpTransport::Stdio {
            command, args, env, ..
        } => ([command].into_iter().chain(args).collect::<Vec<_>>(), env),
        McpTransport::Http { url, headers, .. } | McpTransport::Sse { url, headers } => {
            (vec![url], headers)
        }
    };
    texts.iter().any(|text| text.contains("${")) || given.iter().any(|one| one.contains(['=', '$']))
}

fn named(view: &McpServerView) -> Wish<'_> {
    let mut named = match &view.transport {
        McpTransport::Stdio {
            command,
            args,
            folders,
            ..
        } => {
            let mut named = wishes::of_program(command, args);
            named.extend(folders.iter().map(|folder| Named::Folder(&folder.path)));
            named
        }
        McpTransport::Http { .. } | McpTransport::Sse { .. } => Vec::new(),
    };
    let paths = view.reach.iter().flat_map(|reach| &reach.paths);
    let chosen = paths.filter(|path| match path.what {
        McpPathKind::Script | McpPathKind::Folder | McpPathKind::Argument => true,
        // These follow from the program, which is the system's or is named by its path.
        McpPathKind::Program | McpPathKind::Interpreter | McpPathKind::Beside => false,
    });
    named.extend(chosen.map(|path| Named::Folder(path.real.as_ref().unwrap_or(&path.path))));
    Wish {
        named,
        command: APPROVE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_entry_of_a_page_is_a_stranger_without_variables() {
        let entry = |value| serde_json::from_value::<McpEntry>(value).unwrap();
        for good in [
            json!({ "name": "x", "command": "uvx", "args": ["mcp-server-time"] }),
            json!({ "name": "x", "url": "https://a.test/mcp", "headers": { "K": "v" } }),
            json!({ "name": "x", "command": "y", "trust": "untrusted" }),
        ] {
            assert!(check_entry(&entry(good.clone())).is_ok(), "{good}");
        }
        for bad in [
            json!({ "name": "x", "command": "y", "trust": "trusted" }),
            json!({ "name": "x", "command": "${HOME}/y" }),
            json!({ "name": "x", "command": "y", "args": ["${A}"] }),
            json!({ "name": "x", "command": "y", "env": { "A": "${A}" } }),
            json!({ "name": "x", "command": "y", "folders": ["${A}"] }),
            json!({ "name": "x", "url": "https://a.test/${A}" }),
            json!({ "name": "x", "url": "https://a.test", "headers": { "K": "Bearer ${A}" } }),
        ] {
            assert!(check_entry(&entry(bad.clone())).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_handed_over_is_seen_wherever_it_stands() {
        let stdio = |command: &str, arg: &str, env: &str| McpTransport::Stdio {
            command: command.to_owned(),
            args: vec![arg.to_owned()],
            env: vec![env.to_owned()],
            folders: vec![],
            network: false,
        };
        let http = |url: &str, header: &str| McpTransport::Http {
            url: url.to_owned(),
            origin: None,
            headers: vec![header.to_owned()],
        };
        assert!(!hands_over(&stdio("a", "b=c", "NAME")));
        assert!(!hands_over(&http("https://a.test/?b=c", "Accept")));
        for bad in [
            stdio("${A}", "b", "NAME"),
            stdio("a", "${A}", "NAME"),
            stdio("a", "b", "NAME=${A}"),
            stdio("a", "b", "NAME=A, B"),
            http("https://a.test/${A}", "Accept"),
            http("https://a.test", "Authorization=${A}"),
            http("https://a.test", "Authorization: ${A}"),
        ] {
            assert!(hands_over(&bad), "{bad:?}");
        }
    }
}
