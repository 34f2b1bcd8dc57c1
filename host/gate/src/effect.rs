//! Effects: what a call tries to do, how it is shown, and what the gate answers. Decides nothing.

use crate::visible::{summary, visible, visible_block};
use crate::{Asked, Refusal};
use anteroom_api::{EffectKind, EffectView, Tier, ToolContent};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::path::Path;

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
            Self::Process { .. } | Self::Agent { .. } => false,
        }
    }

    /// The effect as shown to a person: exactly what will happen.
    pub(crate) fn view(&self) -> EffectView {
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
                    preview.as_ref().map(visible_preview),
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
            } => view(
                EffectKind::Process,
                line,
                process_detail(line, cwd, *is_background),
                None,
            ),
            Self::Agent { name, prompt } => {
                view(EffectKind::Agent, &format!("{name}: {prompt}"), None, None)
            }
        }
    }

    /// SHA-256 over everything that makes this effect what it is. Each part is preceded by its length, so
    /// that no two effects run into one another.
    pub(crate) fn digest(&self, tool: &str, workspace: &Path, view: &EffectView) -> String {
        let exact = format!("{self:?}");
        digest_of(tool, workspace, view, &exact)
    }
}

/// The view of a call as a whole.
pub(crate) fn call_view(tool: &str, arguments: &serde_json::Value) -> EffectView {
    let exact = arguments.to_string();
    let pretty = serde_json::to_string_pretty(arguments).unwrap_or_else(|_| exact.clone());
    let (summary, _) = summary(&format!("{tool} {exact}"));
    EffectView {
        kind: EffectKind::Call,
        summary,
        detail: Some(visible_block(&pretty)),
        preview: None,
    }
}

pub(crate) fn digest_of(tool: &str, workspace: &Path, view: &EffectView, exact: &str) -> String {
    let shown = format!("{view:?}");
    let workspace = workspace.as_os_str().as_encoded_bytes();
    let mut hasher = Sha256::new();
    for part in [
        tool.as_bytes(),
        workspace,
        shown.as_bytes(),
        exact.as_bytes(),
    ] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher
        .finalize()
        .iter()
        .fold(String::new(), |mut text, byte| {
            // Writing into a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

fn view(
    kind: EffectKind,
    text: &str,
    detail: Option<String>,
    preview: Option<ToolContent>,
) -> EffectView {
    let (summary, is_cut) = summary(text);
    let is_whole = !is_cut && !text.contains(['\n', '\t']);
    EffectView {
        kind,
        summary,
        detail: detail.or_else(|| (!is_whole).then(|| visible_block(text))),
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
    (!head.is_empty()).then(|| format!("{head}\n{}", visible_block(line)))
}

fn visible_preview(preview: &ToolContent) -> ToolContent {
    match preview {
        ToolContent::Text { text } => ToolContent::Text {
            text: visible_block(text),
        },
        ToolContent::Diff {
            path,
            unified,
            added,
            removed,
        } => ToolContent::Diff {
            path: visible(path),
            unified: visible_block(unified),
            added: *added,
            removed: *removed,
        },
        ToolContent::Json { .. } | ToolContent::Image { .. } => preview.clone(),
    }
}
