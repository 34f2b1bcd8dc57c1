//! Effects: what a call tries to do, how it is shown, and what the gate answers. Decides nothing.

use crate::secrets::Masker;
use crate::visible::{detail, summary, visible};
use crate::why::Why;
use crate::{Asked, Refusal};
use anteroom_api::{EffectKind, EffectView, Tier, ToolContent};

/// A path the file layer has already resolved (no links, no `..`): what is judged is what is opened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FilePath {
    /// Relative to the workspace, separated by `/`; empty for the workspace itself.
    Workspace(String),
    /// In the private temporary folder of the conversation; always free.
    Temp(String),
    /// Anywhere else: absolute.
    Outside(String),
}

/// What a call tries to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Reads a file or lists a folder.
    FileRead {
        /// Which.
        path: FilePath,
    },
    /// Creates or changes a file, or creates a folder.
    FileWrite {
        /// Which.
        path: FilePath,
        /// Whether it does not exist yet.
        is_new: bool,
        /// What the tool says it will write.
        preview: Option<ToolContent>,
    },
    /// Removes a file or folder, or renames it.
    FileRemove {
        /// Which.
        path: FilePath,
        /// Its new place, if it is renamed.
        to: Option<FilePath>,
    },
    /// Starts a command.
    Process {
        /// The command line, for the shell.
        line: String,
        /// The folder it starts in: relative to the workspace or absolute.
        cwd: String,
        /// Whether it outlives the call.
        is_background: bool,
    },
    /// Starts a command that the system's sandbox does not hold, or not as it should. Asked each time, whatever
    /// was allowed before.
    Unconfined {
        /// The command line, for the shell.
        line: String,
        /// The folder it starts in: relative to the workspace or absolute.
        cwd: String,
        /// What the sandbox stopped, or what it cannot hold.
        why: String,
    },
    /// Sends a request to another machine.
    Network {
        /// For example `GET`.
        method: String,
        /// Where to, whole.
        url: String,
        /// The machine: its name or address, with the port where it is not the usual one.
        host: String,
        /// Whether a grant names this machine.
        is_granted: bool,
        /// The secrets that go with it, by their names.
        secrets: Vec<String>,
        /// Headers and body as text, with the length and the hash of what is no text or is cut.
        content: String,
    },
    /// Starts a child agent.
    Agent {
        /// Its role.
        name: String,
        /// Its task.
        prompt: String,
    },
}

/// The gate's answer to an effect.
#[derive(Clone, Debug, PartialEq)]
pub enum EffectVerdict {
    /// It may happen.
    Allow {
        /// Its tier.
        tier: Tier,
        /// What allows it: `policy`, `rule` or `call`.
        by: &'static str,
        /// What led there; empty for ordinary reading.
        why: Why,
    },
    /// A person is asked; see [`crate::Permit::settle`].
    Ask(Asked),
    /// It may not happen.
    Deny(Refusal),
}

impl FilePath {
    /// As shown to a person and as matched by a rule.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Workspace(path) if path.is_empty() => ".".to_owned(),
            Self::Workspace(path) | Self::Outside(path) => path.clone(),
            Self::Temp(path) => format!("(temporary folder)/{path}"),
        }
    }
}

impl FilePath {
    /// Why a path cannot be judged. The file layer hands in none of these.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        let (text, is_absolute) = match self {
            Self::Workspace(path) => (path, false),
            Self::Outside(path) => (path, true),
            Self::Temp(_) => return None,
        };
        if text.contains('\0') {
            Some("it contains a null byte")
        } else if text.starts_with('/') != is_absolute {
            Some("it is not in the form it claims")
        } else if text.split('/').any(|part| part == "..") {
            Some("it contains `..`")
        } else {
            None
        }
    }
}

impl Effect {
    pub(crate) fn is_on_files(&self) -> bool {
        match self {
            Self::FileRead { .. } | Self::FileWrite { .. } | Self::FileRemove { .. } => true,
            Self::Process { .. }
            | Self::Unconfined { .. }
            | Self::Network { .. }
            | Self::Agent { .. } => false,
        }
    }

    /// The effect as shown to a person: exactly what will happen, but for secrets, which are masked.
    pub(crate) fn view(&self, masker: &Masker) -> EffectView {
        match self {
            Self::FileRead { path } => view(EffectKind::FileRead, &path.text(), None, None),
            Self::FileWrite {
                path,
                is_new,
                preview,
            } => {
                let text = path.text();
                let text = if *is_new {
                    format!("{text} (new)")
                } else {
                    text
                };
                view(
                    EffectKind::FileWrite,
                    &text,
                    None,
                    preview
                        .as_ref()
                        .map(|preview| visible_preview(preview, masker)),
                )
            }
            Self::FileRemove { path, to } => {
                let text = match to {
                    Some(to) => format!("{} -> {}", path.text(), to.text()),
                    None => path.text(),
                };
                view(EffectKind::FileRemove, &text, None, None)
            }
            Self::Process {
                line,
                cwd,
                is_background,
            } => {
                let line = masker.mask(line);
                let detail = process_detail(&line, cwd, *is_background);
                view(EffectKind::Process, &line, detail, None)
            }
            Self::Unconfined { line, cwd, why } => {
                let line = masker.mask(line);
                let detail = unconfined_detail(&line, cwd, why);
                view(EffectKind::Unconfined, &line, Some(detail), None)
            }
            Self::Network {
                method,
                url,
                secrets,
                content,
                ..
            } => {
                let line = masker.mask(&format!("{method} {url}")).into_owned();
                let content = masker.mask(content);
                let detail = network_detail(&line, secrets, &content);
                view(EffectKind::Network, &line, detail, None)
            }
            Self::Agent { name, prompt } => {
                let text = format!("{name}: {prompt}");
                view(EffectKind::Agent, &masker.mask(&text), None, None)
            }
        }
    }
}

/// The view of a call as a whole, and whether all of it is shown.
pub(crate) fn call_view(tool: &str, arguments: &serde_json::Value) -> (EffectView, bool) {
    let exact = arguments.to_string();
    let pretty = serde_json::to_string_pretty(arguments).unwrap_or_else(|_| exact.clone());
    let (summary, _) = summary(&format!("{tool} {exact}"));
    let (detail, is_whole) = detail(&pretty);
    let view = EffectView {
        kind: EffectKind::Call,
        summary,
        detail: Some(detail),
        preview: None,
    };
    (view, is_whole)
}

fn view(
    kind: EffectKind,
    text: &str,
    detail_of: Option<String>,
    preview: Option<ToolContent>,
) -> EffectView {
    let (summary, is_cut) = summary(text);
    let is_whole = !is_cut && !text.contains(['\n', '\t']);
    EffectView {
        kind,
        summary,
        detail: detail_of.or_else(|| (!is_whole).then(|| detail(text).0)),
        preview,
    }
}

/// Says folder and background above the command, where the command cannot imitate them.
fn process_detail(line: &str, cwd: &str, is_background: bool) -> Option<String> {
    let mut head = String::new();
    if !matches!(cwd, "" | ".") {
        head.push_str(&format!("in the folder {}\n", visible(cwd)));
    }
    if is_background {
        head.push_str("in the background\n");
    }
    (!head.is_empty()).then(|| format!("{head}\n{}", detail(line).0))
}

/// Says above the request which secrets go with it.
fn network_detail(line: &str, secrets: &[String], content: &str) -> Option<String> {
    let mut head = String::new();
    for secret in secrets {
        head.push_str(&format!("with your secret {}\n", visible(secret)));
    }
    if head.is_empty() && content.is_empty() {
        return None;
    }
    let (line, _) = detail(line);
    Some(format!("{head}{line}\n{}", detail(content).0))
}

/// Says above the command that the walls are missing, and why.
fn unconfined_detail(line: &str, cwd: &str, why: &str) -> String {
    let mut head = format!("not held by the sandbox: {}\n", visible(why));
    if !matches!(cwd, "" | ".") {
        head.push_str(&format!("in the folder {}\n", visible(cwd)));
    }
    format!("{head}\n{}", detail(line).0)
}

fn visible_preview(preview: &ToolContent, masker: &Masker) -> ToolContent {
    let shown = |text: &str| detail(&masker.mask(text)).0;
    match preview {
        ToolContent::Text { text } => ToolContent::Text { text: shown(text) },
        ToolContent::Diff {
            path,
            unified,
            added,
            removed,
        } => ToolContent::Diff {
            path: visible(path),
            unified: shown(unified),
            added: *added,
            removed: *removed,
        },
        ToolContent::Json { value } => ToolContent::Json {
            value: masker.masked_json(value),
        },
        ToolContent::Image { .. } => preview.clone(),
    }
}
