//! What is sent: messages and tool definitions, as Chat Completions spells them.
//!
//! The same values give the same bytes. The messages come last in the body, so that two requests of
//! one conversation share all bytes up to the first new message.

use crate::ModelError;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

/// One request for an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChatRequest {
    /// The model's name as the endpoint knows it.
    pub model: String,
    /// The history, oldest first.
    pub messages: Vec<Message>,
    /// The tools offered, in a fixed order.
    pub tools: Vec<ToolDefinition>,
    /// Further fields of the body, such as `temperature`. Names this crate sets itself are ignored.
    pub extra: Map<String, Value>,
}

impl ChatRequest {
    /// The body as sent.
    pub(crate) fn body(&self, asks_usage: bool) -> Result<Vec<u8>, ModelError> {
        serde_json::to_vec(&Body {
            request: self,
            asks_usage,
        })
        .map_err(|error| ModelError::Request {
            reason: error.to_string(),
        })
    }
}

const OURS: [&str; 5] = ["model", "messages", "tools", "stream", "stream_options"];

struct Body<'a> {
    request: &'a ChatRequest,
    asks_usage: bool,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ChatRequest {
            model,
            messages,
            tools,
            extra,
        } = self.request;
        let mut body = serializer.serialize_map(None)?;
        body.serialize_entry("model", model)?;
        body.serialize_entry("stream", &true)?;
        if self.asks_usage {
            body.serialize_entry(
                "stream_options",
                &serde_json::json!({ "include_usage": true }),
            )?;
        }
        for (name, value) in extra
            .iter()
            .filter(|(name, _)| !OURS.contains(&name.as_str()))
        {
            body.serialize_entry(name, value)?;
        }
        if !tools.is_empty() {
            body.serialize_entry("tools", tools)?;
        }
        body.serialize_entry("messages", messages)?;
        body.end()
    }
}

/// One message of the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "lowercase")]
pub enum Message {
    /// What the agent is told to be.
    System {
        /// The text.
        content: String,
    },
    /// What the user says.
    User {
        /// Text or parts.
        content: UserContent,
    },
    /// What the model said.
    Assistant {
        /// The text; null beside calls alone.
        content: Option<String>,
        /// The calls it asked for.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<SentCall>,
    },
    /// What came of a call.
    Tool {
        /// The call.
        tool_call_id: String,
        /// The result's text.
        content: String,
    },
}

impl Message {
    /// A system message.
    pub fn system(text: impl Into<String>) -> Self {
        Self::System {
            content: text.into(),
        }
    }

    /// A user message of text alone.
    pub fn user(text: impl Into<String>) -> Self {
        Self::User {
            content: UserContent::Text(text.into()),
        }
    }

    /// A user message of parts.
    #[must_use]
    pub fn user_parts(parts: Vec<Part>) -> Self {
        Self::User {
            content: UserContent::Parts(parts),
        }
    }

    /// What the model said; an empty text beside calls is sent as null, as strict endpoints want it.
    pub fn assistant(text: impl Into<String>, calls: Vec<SentCall>) -> Self {
        let text = text.into();
        Self::Assistant {
            content: (!text.is_empty() || calls.is_empty()).then_some(text),
            tool_calls: calls,
        }
    }

    /// The result of a call.
    pub fn tool(call: impl Into<String>, text: impl Into<String>) -> Self {
        Self::Tool {
            tool_call_id: call.into(),
            content: text.into(),
        }
    }
}

/// What a user message holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum UserContent {
    /// Text alone; every endpoint understands it.
    Text(String),
    /// Text and images.
    Parts(Vec<Part>),
}

/// A part of a user message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Part {
    /// Text.
    Text {
        /// The text.
        text: String,
    },
    /// An image.
    ImageUrl {
        /// Where it is.
        image_url: ImageUrl,
    },
}

impl Part {
    /// A part of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }

    /// An image given as base64.
    #[must_use]
    pub fn image(media_type: &str, base64: &str) -> Self {
        Self::ImageUrl {
            image_url: ImageUrl {
                url: format!("data:{media_type};base64,{base64}"),
            },
        }
    }
}

/// Where an image is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageUrl {
    /// A `data:` URL.
    pub url: String,
}

/// A call as it is told back to the model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "function")]
pub struct SentCall {
    /// Its id.
    pub id: String,
    /// What was called.
    pub function: FunctionCall,
}

impl SentCall {
    /// A call whose arguments are sent as they are; `arguments` must be the text of a JSON object.
    pub fn new(
        id: impl Into<String>,
        name: impl Into<String>,
        arguments: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            function: FunctionCall {
                name: name.into(),
                arguments: arguments.into(),
            },
        }
    }
}

/// A function and its arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionCall {
    /// The tool's name.
    pub name: String,
    /// The text of a JSON object.
    pub arguments: String,
}

/// A tool as the model is told of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolDefinition {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: String,
    /// A JSON Schema of its arguments.
    pub parameters: Value,
}

impl Serialize for ToolDefinition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Wire<'a> {
            r#type: &'static str,
            function: Function<'a>,
        }
        #[derive(Serialize)]
        struct Function<'a> {
            name: &'a str,
            description: &'a str,
            parameters: &'a Value,
        }
        Wire {
            r#type: "function",
            function: Function {
                name: &self.name,
                description: &self.description,
                parameters: &self.parameters,
            },
        }
        .serialize(serializer)
    }
}
