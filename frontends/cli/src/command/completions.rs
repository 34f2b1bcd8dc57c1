//! `aroom completions`: what a shell needs to complete command lines, and what it asks for while one is typed.
//!
//! The scripts hold no names: they ask this program, which answers from its own command tree at once, and from a
//! host where only that knows the names.

mod tree;

use crate::args::Arguments;
use crate::clean::clean;
use crate::context::{Context, Quit};
use crate::exit;
use clap::{Args, CommandFactory, ValueEnum};
use std::time::Duration;
pub(crate) use tree::Live;
use tree::{Found, Offer};

/// How long names may take to come: somebody waits at a key.
const PATIENCE: Duration = Duration::from_millis(1500);
/// Conversations offered.
const CONVERSATIONS: u32 = 200;

/// `aroom completions`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
#[command(after_help = "\
Examples:
  source <(aroom completions bash)                in ~/.bashrc
  source <(aroom completions zsh)                 in ~/.zshrc
  aroom completions fish > ~/.config/fish/completions/aroom.fish
  aroom completions powershell | Out-String | Invoke-Expression

Models, conversations, tools, modules and settings are completed by their names
as they are now.")]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
    /// A command line to be completed, as the script passes it
    #[arg(last = true, hide = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

/// Shells there is a script for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    /// Bash 4 or newer
    Bash,
    /// Zsh
    Zsh,
    /// Fish
    Fish,
    /// PowerShell, also on Linux
    Powershell,
}

/// Names that only a host knows, and how they are written into the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    live: Live,
    line: Line,
}

/// What can be said without a host.
pub(crate) enum Answer {
    /// All of it.
    Text(String),
    /// A host has to be asked.
    Ask(Wanted),
}

/// The script, or what completes the line.
pub(crate) fn answer(completions: &Completions) -> Answer {
    let Some(line) = Line::of(completions) else {
        return Answer::Text(script(completions.shell).to_owned());
    };
    let mut root = Arguments::command();
    root.build();
    match tree::find(&root, &line.before, &line.typed) {
        Found::Offers(offers) => Answer::Text(line.render(&offers)),
        Found::Files => Answer::Text(":files\n".to_owned()),
        Found::Folders => Answer::Text(":folders\n".to_owned()),
        Found::Live(live) => Answer::Ask(Wanted { live, line }),
    }
}

/// Asks the host; what goes wrong is no business of a line that is being typed.
pub(crate) async fn run(context: &mut Context, wanted: &Wanted) -> Result<u8, Quit> {
    let asked = tokio::time::timeout(PATIENCE, names(context, wanted.live.kind)).await;
    let mut offers = asked.unwrap_or_default();
    offers.retain(|offer| clean(&offer.word) == offer.word && !offer.word.contains(['\n', '\t']));
    let offers = wanted.live.offers(&wanted.line.typed, offers);
    context.printer.data(&wanted.line.render(&offers));
    Ok(exit::OK)
}

async fn names(context: &Context, kind: tree::Kind) -> Vec<Offer> {
    let read = context.host.read();
    let workspace = context.workspace();
    let offers = match kind {
        tree::Kind::Models => read
            .models()
            .await
            .map(|models| models.iter().map(|model| Offer::new(model, "")).collect()),
        tree::Kind::Conversations => read.conversations(None, CONVERSATIONS).await.map(|page| {
            let views = page.entries.iter();
            views
                .map(|view| Offer::new(&crate::target::short(view.id), &view.title))
                .collect()
        }),
        tree::Kind::Tools => read.modules(workspace).await.map(|modules| {
            let tools = modules.iter().flat_map(|module| &module.tools);
            tools
                .map(|tool| Offer::new(&tool.name, &tool.description))
                .collect()
        }),
        tree::Kind::Modules => read.modules(workspace).await.map(|modules| {
            let modules = modules.iter();
            modules
                .map(|module| Offer::new(&module.id.to_string(), ""))
                .collect()
        }),
        tree::Kind::Skills => read.skills(workspace).await.map(|skills| {
            let skills = skills.iter().filter(|skill| skill.shadowed_by.is_none());
            skills
                .map(|skill| Offer::new(&skill.name, &skill.description))
                .collect()
        }),
        tree::Kind::Settings => read.settings().await.map(|report| {
            let settings = report.settings.iter();
            settings
                .map(|setting| Offer::new(&setting.key, &setting.doc))
                .collect()
        }),
    };
    offers.unwrap_or_default()
}

fn script(shell: Shell) -> &'static str {
    match shell {
        Shell::Bash => include_str!("completions/aroom.bash"),
        Shell::Zsh => include_str!("completions/aroom.zsh"),
        Shell::Fish => include_str!("completions/aroom.fish"),
        Shell::Powershell => include_str!("completions/aroom.ps1"),
    }
}

/// A command line as its shell hands it over.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    /// The words before the one that is typed, the program's name left out.
    before: Vec<String>,
    /// The word that is typed, up to the cursor.
    typed: String,
    /// So much of it is not the shell's to replace: bash begins a word at `:` and `=`, too.
    kept: usize,
    /// Whether what a word is can be shown beside it.
    has_abouts: bool,
}

impl Line {
    /// None if nothing is to be completed.
    fn of(completions: &Completions) -> Option<Self> {
        let mut words = completions.words.iter().cloned();
        let (mut before, typed, kept) = match completions.shell {
            Shell::Bash => {
                let (cut, line) = (words.next()?, words.next()?);
                let mut before = split(&line);
                let typed = before.pop().unwrap_or_default();
                let kept = typed.strip_suffix(&cut).map_or(0, str::len);
                (before, typed, kept)
            }
            Shell::Zsh | Shell::Fish => {
                let typed = words.next_back()?;
                (words.collect(), typed, 0)
            }
            Shell::Powershell => {
                let typed = words.next()?;
                let typed = typed.strip_prefix('=').unwrap_or(&typed).to_owned();
                (words.collect(), typed, 0)
            }
        };
        if !before.is_empty() {
            before.remove(0);
        }
        Some(Self {
            before,
            typed,
            kept,
            has_abouts: completions.shell != Shell::Bash,
        })
    }

    /// One candidate a line, with a tab before what it is.
    fn render(&self, offers: &[Offer]) -> String {
        let mut text = String::new();
        for offer in offers {
            text.push_str(offer.word.get(self.kept..).unwrap_or_default());
            if self.has_abouts && !offer.about.is_empty() {
                text.push('\t');
                text.push_str(&clean(&offer.about).replace('\t', " "));
            }
            text.push('\n');
        }
        text
    }
}

/// The words of a line, the one that is typed last, perhaps empty; quotes and backslashes as in a POSIX shell.
fn split(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    let mut is_escaped = false;
    let mut is_gap = true;
    for sign in line.chars() {
        let begins = !is_escaped && quote.is_none() && sign.is_whitespace();
        if begins {
            if !is_gap {
                words.push(String::new());
            }
            is_gap = true;
            continue;
        }
        is_gap = false;
        let Some(word) = words.last_mut() else {
            continue;
        };
        match (quote, sign) {
            _ if is_escaped => {
                word.push(sign);
                is_escaped = false;
            }
            (None | Some('"'), '\\') => is_escaped = true,
            (None, '\'' | '"') => quote = Some(sign),
            (Some(open), sign) if sign == open => quote = None,
            _ => word.push(sign),
        }
    }
    words
}

#[cfg(test)]
mod tests;
