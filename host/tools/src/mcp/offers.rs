//! What servers lend besides tools, as it is handed on: resources that were read, prompts that were filled in.
//! All of it is from outside, cleaned and capped.

use anteroom_api::ToolContent;

/// A part of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourcePart {
    /// Its address at the server.
    pub uri: String,
    /// What kind it claims to be, for example `text/plain`.
    pub media_type: Option<String>,
    /// What it is.
    pub body: ResourceBody,
}

/// The content of a [`ResourcePart`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResourceBody {
    /// A text.
    Text(String),
    /// Anything else.
    Bytes(Vec<u8>),
}

/// A prompt of a server, filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct FilledPrompt {
    /// What it is for.
    pub description: Option<String>,
    /// Its messages, in order.
    pub messages: Vec<PromptPart>,
}

/// One message of a [`FilledPrompt`].
#[derive(Clone, Debug, PartialEq)]
pub struct PromptPart {
    /// Whether it stands for the model's own words.
    pub is_assistant: bool,
    /// What it says.
    pub content: Vec<ToolContent>,
}
