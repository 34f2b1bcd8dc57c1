//! Attachments: what the references in a person's words led to, as it was when the turn began.
//!
//! A reference is written in a message: `@src/main.rs`, `@src/main.rs:10-40`, `@src/`, `@"a name with blanks.md"`.
//! It begins a word and lies outside of code marked by backticks; `\@` is only a sign. A bare word such as
//! `@ada` is one only if there is a file of that name; whatever else looks like a path must lead somewhere, or
//! the input is rejected and says so. References are looked for in the first text of an input.

use crate::Trust;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What one reference led to. Made by the host; what a frontend hands in is left out and found anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attachment {
    /// Where it was found, links followed: relative to the workspace and separated by `/`, or absolute where it
    /// lies outside. A folder ends with `/`. Of a note or document `note:` or `document:` and its id; of what
    /// an MCP server said, its name, `:` and the address or the prompt's name.
    pub path: String,
    /// What it is.
    pub kind: AttachmentKind,
    /// The first and the last line, from 1, where only these were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<LineRange>,
    /// How much of it is attached: lines of a text, entries of a folder, bytes of an image.
    pub count: u64,
    /// Whether there was more of it than one reference may bring (`cli.file_reference_max_chars`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_cut: bool,
    /// How far it may be believed: what lies outside of the workspace is untrusted and taints the conversation.
    pub trust: Trust,
    /// What the model reads, with numbered lines; secrets are masked.
    pub text: String,
    /// The image, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<AttachedImage>,
}

/// What a reference can lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttachmentKind {
    /// A text file.
    File,
    /// A folder, as a list of what is in it.
    Folder,
    /// A PNG, JPEG, GIF or WebP image.
    Image,
    /// A note or document, in its newest version: `@note:5f21c0de`, by its id or how that begins or ends.
    Note,
    /// A resource of an MCP server: `@server:uri`.
    Resource,
    /// What a prompt of an MCP server said.
    Prompt,
}

/// Lines of a file, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct LineRange {
    /// The first line, from 1.
    pub first: u32,
    /// The last line.
    pub last: u32,
}

/// An image as it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AttachedImage {
    /// For example `image/png`; told by its first bytes.
    pub media_type: String,
    /// Base64 of the file.
    pub data: String,
}
