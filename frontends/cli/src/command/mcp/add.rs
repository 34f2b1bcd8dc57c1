//! `aroom mcp add`: a server as the command line names it, written into the config file.

use super::{approve_shown, of_name, tell};
use crate::context::{Context, Quit};
use crate::exit;
use anteroom_api::{McpEntry, McpOp, McpState, McpTrust, Problem, ProblemCode};
use clap::Args;
use std::collections::BTreeMap;
use std::path::Path;

/// Write a server into your config file
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(after_help = "\
Examples:
  aroom mcp add time --network -- uvx mcp-server-time
  aroom mcp add notes --folder ~/notes:rw -- npx -y notes-server ~/notes
  aroom mcp add far --url https://x.example/mcp --header 'X-Key=${MY_KEY}'")]
pub struct Add {
    /// What to call it: small letters, digits, `-` and `_`
    #[arg(value_name = "NAME")]
    pub name: String,
    /// The program and its arguments
    #[arg(value_name = "COMMAND", last = true, conflicts_with = "url")]
    pub command: Vec<String>,
    /// Where it is reached, instead of a program
    #[arg(long, value_name = "URL", required_unless_present = "command")]
    pub url: Option<String>,
    /// A header that is sent along
    #[arg(long, value_name = "NAME=VALUE", requires = "url")]
    pub header: Vec<String>,
    /// A variable it gets; NAME alone passes yours on
    #[arg(long, value_name = "NAME[=VALUE]", conflicts_with = "url")]
    pub env: Vec<String>,
    /// A folder it may read; with `:rw` also write
    #[arg(long, value_name = "PATH[:rw]", conflicts_with = "url")]
    pub folder: Vec<String>,
    /// The program reaches the network
    #[arg(long, conflicts_with = "url")]
    pub network: bool,
    /// Believe it as you believe your own files
    #[arg(long)]
    pub trust: bool,
    /// Write over the one of this name
    #[arg(long)]
    pub replace: bool,
    /// Approve the command at once
    #[arg(short, long, conflicts_with = "url")]
    pub yes: bool,
}

pub(super) async fn run(context: &mut Context, add: &Add) -> Result<u8, Quit> {
    let entry = entry(add, &context.workspace)?;
    let op = McpOp::Add {
        entry: Box::new(entry),
        is_replacing: add.replace,
    };
    context.settle(op).await?;
    let workspace = context.workspace();
    let servers = context.host.read().mcp_servers(workspace).await?;
    let server = of_name(servers, &add.name)?;
    let waits = matches!(server.state, McpState::NeedsApproval);
    let can_ask = context.terminal.is_interactive() && !context.options.is_json;
    if waits && (add.yes || can_ask) {
        return approve_shown(context, &server, add.yes).await;
    }
    tell(context, &server);
    if waits {
        let hint = format!("`aroom mcp approve {}` lets it start", add.name);
        context.printer.progress(&hint);
    }
    Ok(exit::OK)
}

/// What is written into the file.
fn entry(add: &Add, workspace: &Path) -> Result<McpEntry, Problem> {
    let mut command = add.command.iter().cloned();
    Ok(McpEntry {
        name: add.name.clone(),
        command: command.next(),
        args: command.collect(),
        env: pairs(&add.env, |name| Some(format!("${{{name}}}")))?,
        url: add.url.clone(),
        headers: pairs(&add.header, |_| None)?,
        trust: add.trust.then_some(McpTrust::Trusted),
        folders: add
            .folder
            .iter()
            .map(|text| absolute(text, workspace))
            .collect(),
        network: add.network.then_some(true),
        ..McpEntry::default()
    })
}

/// `NAME=VALUE` each; what a name alone means is told by `alone`.
fn pairs(
    texts: &[String],
    alone: impl Fn(&str) -> Option<String>,
) -> Result<BTreeMap<String, String>, Problem> {
    let pair = |text: &String| {
        let given = text.split_once('=');
        let (name, value) = match given {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (text.as_str(), alone(text)),
        };
        let pair = value.filter(|_| !name.trim().is_empty());
        pair.map(|value| (name.trim().to_owned(), value))
            .ok_or_else(|| {
                let text = "this is not of the form NAME=VALUE";
                // Its value may be a secret.
                Problem::new(ProblemCode::InvalidInput, text).cause(name)
            })
    };
    texts.iter().map(pair).collect()
}

/// A folder as it lies from here, with what may be done in it.
fn absolute(text: &str, workspace: &Path) -> String {
    let (path, mark) = match text.strip_suffix(":rw") {
        Some(path) => (path, ":rw"),
        None => (text, ""),
    };
    let is_home = path == "~" || path.starts_with("~/");
    match is_home {
        true => text.to_owned(),
        false => {
            let path = workspace.join(path);
            let path: std::path::PathBuf = path.components().collect();
            format!("{}{mark}", path.display())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_becomes_an_entry() {
        let add = Add {
            name: "files".into(),
            command: vec!["npx".into(), "-y".into(), "server".into()],
            env: vec!["A=1=2".into(), "TOKEN".into()],
            folder: vec!["notes:rw".into(), "~/other".into()],
            network: true,
            trust: true,
            ..Add::default()
        };
        let entry = entry(&add, Path::new("/w")).unwrap();
        assert_eq!(entry.command.as_deref(), Some("npx"));
        assert_eq!(entry.args, ["-y", "server"]);
        assert_eq!(entry.env["A"], "1=2");
        assert_eq!(entry.env["TOKEN"], "${TOKEN}");
        assert_eq!(entry.folders, ["/w/notes:rw", "~/other"]);
        assert_eq!(entry.network, Some(true));
        assert_eq!(entry.trust, Some(McpTrust::Trusted));
    }

    #[test]
    fn a_header_has_a_value_and_a_wrong_one_is_not_told() {
        let add = Add {
            name: "far".into(),
            url: Some("https://a.example/mcp".into()),
            header: vec!["Authorization=Bearer ${T}".into()],
            ..Add::default()
        };
        let written = entry(&add, Path::new("/w")).unwrap();
        assert_eq!(written.url.as_deref(), Some("https://a.example/mcp"));
        assert_eq!(written.headers["Authorization"], "Bearer ${T}");
        let wrong = Add {
            header: vec!["=secret".into()],
            ..add
        };
        let problem = entry(&wrong, Path::new("/w")).unwrap_err();
        assert!(!format!("{problem:?}").contains("secret"));
    }
}
