//! Bundles: what others have packed to be installed as a whole, what it can do, and who signed it.

use crate::{ModuleId, Problem, UnixMillis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a bundle is to be taken from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum BundleSource {
    /// A file, a folder, an `https` address of a file, or a git repository (`git+https://…`, `git+file://…`, with
    /// `#branch` or `#tag` behind it). A path is absolute.
    Place {
        /// Which.
        place: String,
    },
    /// A file that was sent, and is gone once it was looked at.
    Sent {
        /// Where it lies until then, absolute.
        path: String,
        /// What it was called where it came from.
        name: String,
    },
    /// What was shown with this digest, to be looked at or installed without being fetched again.
    Shown {
        /// [`BundleReport::digest`].
        digest: String,
    },
    /// Where an installed bundle came from.
    Again {
        /// Its name.
        name: String,
    },
    /// A version of an installed bundle that was kept.
    Kept {
        /// Its name.
        name: String,
        /// The version; the one that was replaced last if none.
        #[serde(default)]
        version: Option<String>,
    },
}

/// What sort of power a bundle has.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum BundlePowerKind {
    /// A capability that one of its toolsets is granted.
    Capability,
    /// A host that it may reach.
    Host,
    /// A command that it may start.
    Command,
    /// A tool, with what the model is told of it.
    Tool,
    /// An entry for an MCP server; what it starts is approved again before it first starts.
    Server,
    /// A text that the model is told: instructions, a skill.
    Prompt,
    /// A file that is not shown elsewhere word for word: what lies beside a skill, a component, whatever else it
    /// carries. Its size and hash, and its text if that is short.
    File,
    /// A setting that it makes stricter.
    Setting,
    /// What this version of the program carries and cannot use.
    Unused,
}

impl BundlePowerKind {
    /// All of them, in the order they are shown.
    pub const ALL: [Self; 9] = [
        Self::Capability,
        Self::Host,
        Self::Command,
        Self::Tool,
        Self::Server,
        Self::Prompt,
        Self::File,
        Self::Setting,
        Self::Unused,
    ];

    /// As a heading, in plain words.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Capability => "is granted",
            Self::Host => "may reach",
            Self::Command => "may start",
            Self::Tool => "offers the tools",
            Self::Server => "adds the MCP servers",
            Self::Prompt => "tells the model",
            Self::File => "brings the files",
            Self::Setting => "makes stricter",
            Self::Unused => "carries, unused by this version",
        }
    }
}

impl fmt::Display for BundlePowerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Capability => "capability",
            Self::Host => "host",
            Self::Command => "command",
            Self::Tool => "tool",
            Self::Server => "server",
            Self::Prompt => "prompt",
            Self::File => "file",
            Self::Setting => "setting",
            Self::Unused => "unused",
        })
    }
}

/// One thing that a bundle will be able to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BundlePower {
    /// What sort of thing.
    pub kind: BundlePowerKind,
    /// What tells it from others of its kind.
    pub name: String,
    /// The thing itself, whole: how far it reaches, the text, the command line.
    #[serde(default)]
    pub text: String,
}

/// How one power differs from what is installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BundleChange {
    /// What sort of thing.
    pub kind: BundlePowerKind,
    /// What tells it from others of its kind.
    pub name: String,
    /// What it is; none if it is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What it will be; none if it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Whether the bundle can do more than before, or tells the model something else.
    pub is_widening: bool,
}

/// A file of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BundleFile {
    /// Relative, with `/`.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
}

/// Who signed a bundle, and what is known of that key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "signature", rename_all = "snake_case")]
pub enum BundleSignature {
    /// Nobody.
    Unsigned,
    /// The holder of a key; the signature is right.
    Signed {
        /// The key's fingerprint, for comparing it with what its holder says.
        fingerprint: String,
        /// What is known of it.
        trust: BundleTrust,
    },
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "trust", rename_all = "snake_case")]
pub enum BundleTrust {
    /// Nothing yet: installing the bundle trusts it for this name from then on.
    New,
    /// It is the one that signed what was installed under this name.
    Known,
    /// It is another one than before.
    Changed {
        /// The fingerprint of the one before.
        pinned: String,
    },
    /// A person said that it is not to be trusted any more.
    Distrusted,
}

/// What installing would mean, compared with what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BundleStep {
    /// There is none of that name.
    Install,
    /// Exactly this is installed.
    Same,
    /// A newer version of what is installed.
    Update,
    /// The same version, but another content.
    Replace,
    /// An older version than there was.
    Downgrade,
}

/// What a bundle is and what it would be able to do, before anything of it counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BundleReport {
    /// Where it was found.
    pub source: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Who wrote it, as it says.
    pub author: String,
    /// Its licence, as it says.
    pub licence: String,
    /// One line, as it says.
    pub description: String,
    /// SHA-256 of all its bytes, hexadecimal.
    pub hash: String,
    /// Bytes in all.
    pub size_bytes: u64,
    /// What it holds.
    pub files: Vec<BundleFile>,
    /// Who signed it.
    #[serde(flatten)]
    pub signature: BundleSignature,
    /// What it would be able to do.
    pub powers: Vec<BundlePower>,
    /// Compared with what is installed.
    pub step: BundleStep,
    /// The version that is installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installed: Option<String>,
    /// How it differs from what is installed; all it can do if nothing is.
    pub changes: Vec<BundleChange>,
    /// What a person should know beside that, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Why it would not be taken as it is, and what could be done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refusals: Vec<Problem>,
    /// Covers all of the above: a wish that carries it is for exactly this.
    pub digest: String,
}

/// A bundle that is installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BundleView {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Who wrote it, as it says.
    pub author: String,
    /// Its licence, as it says.
    pub licence: String,
    /// One line, as it says.
    pub description: String,
    /// SHA-256 of all its bytes, hexadecimal.
    pub hash: String,
    /// The fingerprint of the key that signed it; none if it was installed unsigned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// Where it came from.
    pub source: String,
    /// When this version was installed.
    pub installed_at: UnixMillis,
    /// Its toolsets.
    pub modules: Vec<ModuleId>,
    /// What it can do.
    pub powers: Vec<BundlePower>,
    /// Versions that were kept and can be gone back to, the last one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<String>,
    /// Why nothing of it counts, if that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// A bundle that a project's lock file names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BundleLocked {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of all its bytes, hexadecimal.
    pub hash: String,
    /// Where it is to be had; a path is absolute here, and relative to the project in the file.
    pub source: String,
    /// The fingerprint of the key that signed it; none if it is unsigned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// Whether exactly this is installed.
    pub is_installed: bool,
}

/// Which bundle, and how much may be unusual about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BundleWish {
    /// Where it is to be taken from.
    pub source: BundleSource,
    /// Whether it may be unsigned.
    #[serde(default)]
    pub may_be_unsigned: bool,
    /// Whether it may be an older version than there was.
    #[serde(default)]
    pub may_be_older: bool,
    /// Whether it must be exactly what the lock file of the project names.
    #[serde(default)]
    pub is_locked: bool,
    /// A project whose lock file is to name what is installed. Its absolute path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Whether only hosts of the public network may be asked for it. A frontend that others may reach says so: it is
    /// lent to them, and not the network it stands in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_public: bool,
}

/// Wishes about bundles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum BundleOp {
    /// Installs, updates or goes back, as the source says; answered by [`BundleEvent::Installed`]. Rejected with
    /// [`crate::ProblemCode::Conflict`] if what would be installed, or what is installed, is not what was shown.
    Install {
        /// Which.
        #[serde(flatten)]
        wish: BundleWish,
        /// [`BundleReport::digest`] of what was shown.
        digest: String,
    },
    /// Removes a bundle and all it brought; answered by [`BundleEvent::Removed`]. Its key stays known.
    Remove {
        /// Which.
        name: String,
        /// A project from whose lock file it is to go, too.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        project: Option<String>,
    },
    /// Trusts a key for a name, in place of the one before; answered by [`BundleEvent::Trusted`].
    Trust {
        /// The bundle's name.
        name: String,
        /// The key's fingerprint, whole, as its holder says.
        fingerprint: String,
    },
    /// Trusts a key no more: what it signed is not installed, and counts no more; answered by
    /// [`BundleEvent::Distrusted`].
    Distrust {
        /// The key's fingerprint, whole.
        fingerprint: String,
    },
    /// Makes the folder of a new bundle; answered by [`BundleEvent::Made`].
    New {
        /// The bundle's name.
        name: String,
        /// The folder, absolute; it must not be there, or be empty.
        folder: String,
    },
    /// Makes one file of a folder; answered by [`BundleEvent::Made`].
    Pack {
        /// The folder, absolute.
        folder: String,
        /// The file, absolute; it must not be there, unless it is a bundle of the same name.
        file: String,
        /// Whether to sign it with this installation's key.
        is_signed: bool,
    },
    /// Signs a bundle with this installation's key, in the place of any signature it has: a file itself, a folder in
    /// the file `bundle.sig`; answered by [`BundleEvent::Made`].
    Sign {
        /// The file or folder, absolute.
        path: String,
    },
}

/// Facts about bundles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum BundleEvent {
    /// A bundle was installed, or another version of it.
    Installed {
        /// What it is now.
        bundle: Box<BundleView>,
        /// The version before, if there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<String>,
    },
    /// A bundle is gone, and all it brought.
    Removed {
        /// Which.
        name: String,
    },
    /// A key is trusted for a name.
    Trusted {
        /// The bundle's name.
        name: String,
        /// The key's fingerprint.
        fingerprint: String,
    },
    /// A key is not trusted any more.
    Distrusted {
        /// Its fingerprint.
        fingerprint: String,
    },
    /// A file or folder was made or signed.
    Made {
        /// Where.
        path: String,
        /// SHA-256 of all its bytes, hexadecimal; none of a new folder.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hash: Option<String>,
        /// The fingerprint of the key that signed it, if it is signed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fingerprint: Option<String>,
    },
}
