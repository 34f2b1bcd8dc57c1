//! The command about MCP servers. Prompts of servers, `/server.prompt`, are looked up behind the commands.

use super::{Command, Group, Wish, Wrong, split};

/// What it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Servers {
    /// All, with their states.
    List,
    /// One, whole.
    Show(String),
    /// What one wrote.
    Log(String),
    /// Its program may start.
    Approve(String),
    /// It is connected anew, or again.
    Restart(String),
    /// It is disconnected.
    Disconnect(String),
    /// A tool that changed is taken: server and tool.
    Accept(String, String),
    /// It may ask for answers of the model, or not.
    Sampling(String, bool),
    /// A person signs in to it.
    SignIn(String),
}

pub(super) const COMMANDS: &[Command] = &[Command {
    name: "mcp",
    aliases: &[],
    arguments: "[approve|restart|disconnect|log|accept|sampling|sign-in] [NAME]",
    summary: "list MCP servers, look after one",
    group: Group::Manage,
    is_for_any_time: true,
    examples: &[
        ("/mcp", "all that count here, and how each is doing"),
        ("/mcp github", "its tools, what differs, what is started"),
        ("/mcp approve github", "shows the command, then asks"),
        ("/mcp restart github", "a new connection for this chat"),
        ("/mcp log github", "what it wrote last"),
        ("/mcp accept github.search", "shows what differs, then asks"),
        ("/mcp sampling github off", "it may not ask the model"),
    ],
    parse: |argument| {
        let (verb, rest) = split(argument);
        let name = || one(rest).map(str::to_owned);
        Ok(Wish::Servers(match (verb, rest) {
            ("" | "list", "") => Servers::List,
            ("approve", _) => Servers::Approve(name()?),
            ("connect" | "restart", _) => Servers::Restart(name()?),
            ("disconnect", _) => Servers::Disconnect(name()?),
            ("log", _) => Servers::Log(name()?),
            ("sign-in", _) => Servers::SignIn(name()?),
            ("show", _) => Servers::Show(name()?),
            ("accept", _) => {
                let parts = rest.split_once(['.', ' ']).ok_or(Wrong::Usage)?;
                Servers::Accept(parts.0.to_owned(), one(parts.1)?.to_owned())
            }
            ("sampling", _) => match split(rest) {
                (name, "on") => Servers::Sampling(name.to_owned(), true),
                (name, "off") => Servers::Sampling(name.to_owned(), false),
                _ => return Err(Wrong::Usage),
            },
            (name, "") => Servers::Show(name.to_owned()),
            _ => return Err(Wrong::Usage),
        }))
    },
}];

/// The only word.
fn one(text: &str) -> Result<&str, Wrong> {
    let text = text.trim();
    match text.is_empty() || text.contains(char::is_whitespace) {
        true => Err(Wrong::Usage),
        false => Ok(text),
    }
}
