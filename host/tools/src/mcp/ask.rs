//! What servers ask of the host, and what the client needs to keep, as a trait. Knows nothing of who implements it.

use super::pin::Pin;
use super::spec::ServerId;
use anteroom_api::{BoxFuture, ConversationId, ItemId};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;

/// The runtime's side of the servers. Each refusal is an answer; what has a body here refuses.
pub trait ServerHost: Send + Sync {
    /// The pins of a server's tools that were kept, by the server's own names of them.
    ///
    /// # Errors
    /// That they cannot be read; then none of its tools is offered.
    fn pins(&self, server: ServerId) -> BoxFuture<'_, Result<BTreeMap<String, Pin>, String>>;
    /// Keeps the pins of tools that were seen for the first time.
    ///
    /// # Errors
    /// That they could not be kept; then none of these tools is offered.
    fn pin(
        &self,
        server: ServerId,
        pins: BTreeMap<String, Pin>,
    ) -> BoxFuture<'_, Result<(), String>>;
    /// Puts a question of a server to a person.
    fn elicit(&self, asked: Elicit) -> BoxFuture<'_, Elicited> {
        drop(asked);
        Box::pin(async { Elicited::Declined })
    }
    /// Whether a server may ask for answers of the model at all. It is told when it is connected, and asked about
    /// again whenever it does.
    fn may_sample(&self, server: &ServerId) -> bool {
        let _ = server;
        false
    }
    /// Has the model answer a server.
    ///
    /// # Errors
    /// Why not, in words for the server.
    fn sample(&self, asked: Sample) -> BoxFuture<'_, Result<Sampled, String>> {
        drop(asked);
        Box::pin(async { Err("sampling is not allowed".to_owned()) })
    }
    /// The folders a server is told to work in.
    fn roots(&self, server: &ServerId) -> Vec<ServerRoot> {
        let _ = server;
        Vec::new()
    }
    /// What was kept after signing in at a server: opaque, and secret.
    fn credentials(&self, server: ServerId) -> BoxFuture<'_, Option<Credentials>> {
        drop(server);
        Box::pin(async { None })
    }
    /// Keeps what signing in brought, or forgets it.
    ///
    /// # Errors
    /// That it could not be kept; it then holds until the host ends.
    fn keep_credentials(
        &self,
        server: ServerId,
        credentials: Option<Credentials>,
    ) -> BoxFuture<'_, Result<(), String>> {
        drop((server, credentials));
        Box::pin(async { Err("there is no place to keep it".to_owned()) })
    }
}

/// For which call a server asks, as far as that can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskedIn {
    /// The conversation.
    pub conversation: ConversationId,
    /// The item that shows the call.
    pub item: ItemId,
}

/// A question of a server to a person. All of it is from outside, cleaned and capped.
#[derive(Clone, Debug, PartialEq)]
pub struct Elicit {
    /// Who asks.
    pub server: ServerId,
    /// In which call; none where several conversations use it at this moment, or none does.
    pub within: Option<AskedIn>,
    /// What it says.
    pub message: String,
    /// What it wants.
    pub wants: ElicitWants,
}

/// What a server wants of a person.
#[derive(Clone, Debug, PartialEq)]
pub enum ElicitWants {
    /// A form: a flat JSON Schema of an object.
    Form {
        /// `{"type": "object", "properties": …, "required": …}`.
        schema: Value,
    },
    /// That the person opens an address, outside of Anteroom.
    Visit {
        /// The address; nobody has opened it.
        url: String,
    },
}

/// What a person answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Elicited {
    /// The form, filled in; empty for an address that was opened.
    Accepted(Map<String, Value>),
    /// No.
    Declined,
    /// Nobody answered, or the question was put away.
    Cancelled,
}

/// What a server wants to have answered by the model. All of it is from outside, cleaned and capped.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Who asks.
    pub server: ServerId,
    /// In which call, as in [`Elicit::within`].
    pub within: Option<AskedIn>,
    /// Its system prompt.
    pub system: Option<String>,
    /// The messages, in order.
    pub messages: Vec<SampleMessage>,
    /// Tokens of the answer, at most.
    pub max_tokens: u32,
    /// How even the odds are, if it says so.
    pub temperature: Option<f64>,
    /// Texts at which the answer ends.
    pub stops: Vec<String>,
}

/// One message of a [`Sample`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleMessage {
    /// Whether it is the model's.
    pub is_assistant: bool,
    /// Its text. Pictures and sound are told of in words.
    pub text: String,
}

/// What the model answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sampled {
    /// The model's name.
    pub model: String,
    /// Its answer.
    pub text: String,
    /// Whether it was cut off at `max_tokens`.
    pub is_cut: bool,
}

/// A folder a server is told to work in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerRoot {
    /// `file:///…`.
    pub uri: String,
    /// What it is called.
    pub name: Option<String>,
}

/// What signing in brought. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials(pub String);

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}
