//! What a connected server may ask of the client, and tell it. Every request is answered; what nobody allowed is
//! refused, and so is whatever is one too many.
#![expect(
    deprecated,
    reason = "sampling, roots and logging are what servers of today use"
)]

use super::ask::{AskedIn, Elicit, ElicitWants, Elicited, Sample, SampleMessage, ServerHost};
use super::calls::Calls;
use super::clean;
use super::log::Log;
use super::spec::ServerId;
use super::stirred::Stirred;
use rmcp::model::{
    ClientCapabilities, ClientConfig, CreateMessageRequestParams, CreateMessageResult,
    ElicitRequestParams, ElicitResult, ElicitationAction, ElicitationCapability,
    FormElicitationCapability, Implementation, ListRootsResult, LoggingMessageNotificationParam,
    ProgressNotificationParam, ProtocolVersion, RequestId, Role, Root, RootsCapabilities,
    SamplingCapability, SamplingMessage, SamplingMessageContentBlock, UrlElicitationCapability,
};
use rmcp::service::{InboundStreamOrigin, NotificationContext, RequestContext};
use rmcp::{ClientHandler, ErrorData, RoleClient};
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Requests of one server that wait for an answer at a time.
const ASKED_MAX: usize = 4;
/// Bytes of a question.
const MESSAGE_BYTES: usize = 4 << 10;
/// Bytes of the schema of a form.
const FORM_BYTES: usize = 64 << 10;
/// Bytes of all that the model is to answer.
const SAMPLE_BYTES: usize = 256 << 10;
/// Messages of that.
const SAMPLE_MESSAGES: usize = 100;
/// Characters of an address.
const URL_CHARS: usize = 2_000;
/// Characters of a line of progress.
const PROGRESS_CHARS: usize = 200;

/// One server's door to the host.
#[derive(Clone)]
pub(super) struct Handler(pub(super) Arc<Door>);

/// What stands behind it.
pub(super) struct Door {
    pub(super) id: ServerId,
    pub(super) host: Arc<dyn ServerHost>,
    pub(super) calls: Arc<Calls>,
    pub(super) log: Arc<Log>,
    pub(super) stirred: Arc<Stirred>,
    asked: Semaphore,
}

impl Handler {
    pub(super) fn new(
        id: ServerId,
        host: Arc<dyn ServerHost>,
        calls: Arc<Calls>,
        log: Arc<Log>,
        stirred: Arc<Stirred>,
    ) -> Self {
        Self(Arc::new(Door {
            id,
            host,
            calls,
            log,
            stirred,
            asked: Semaphore::new(ASKED_MAX),
        }))
    }

    /// Answers a question to a person.
    pub(super) async fn elicit(
        &self,
        params: ElicitRequestParams,
        within: Option<AskedIn>,
    ) -> Result<ElicitResult, ErrorData> {
        let door = &self.0;
        let _place = door.asked.try_acquire().map_err(|_| too_many())?;
        let (message, wants) = match params {
            ElicitRequestParams::FormElicitationParams {
                message,
                requested_schema,
                ..
            } => {
                let schema = serde_json::to_value(requested_schema);
                let schema = schema.map_err(|error| invalid(&error.to_string()))?;
                if schema.to_string().len() > FORM_BYTES {
                    return Err(invalid("the form is too long"));
                }
                let schema = clean::json(schema);
                (message, ElicitWants::Form { schema })
            }
            ElicitRequestParams::UrlElicitationParams { message, url, .. } => {
                let is_web = url.starts_with("https://") || url.starts_with("http://");
                if !is_web || url.chars().count() > URL_CHARS || clean::text(&url) != url {
                    return Err(invalid("the address is none that can be shown"));
                }
                (message, ElicitWants::Visit { url })
            }
            _ => return Err(invalid("this kind of question is not known")),
        };
        let asked = Elicit {
            server: door.id.clone(),
            within,
            message: clean::block(&message, MESSAGE_BYTES),
            wants,
        };
        let answer = self.standing_still(door.host.elicit(asked)).await;
        Ok(match answer {
            Elicited::Accepted(fields) => {
                ElicitResult::new(ElicitationAction::Accept).with_content(Value::Object(fields))
            }
            Elicited::Declined => ElicitResult::new(ElicitationAction::Decline),
            Elicited::Cancelled => ElicitResult::new(ElicitationAction::Cancel),
        })
    }

    /// Has the model answer.
    pub(super) async fn sample(
        &self,
        params: CreateMessageRequestParams,
        within: Option<AskedIn>,
    ) -> Result<CreateMessageResult, ErrorData> {
        let door = &self.0;
        if !door.host.may_sample(&door.id) {
            return Err(refused("sampling is not allowed"));
        }
        let _place = door.asked.try_acquire().map_err(|_| too_many())?;
        if params.tools.as_ref().is_some_and(|tools| !tools.is_empty()) {
            return Err(refused("sampling with tools is not offered"));
        }
        if params.messages.len() > SAMPLE_MESSAGES {
            return Err(invalid("there are too many messages"));
        }
        let mut room = SAMPLE_BYTES;
        let mut bounded = |text: String| {
            let text = clean::text(&text[..text.floor_char_boundary(SAMPLE_BYTES)]);
            room = room.checked_sub(text.len())?;
            Some(text)
        };
        let system = match params.system_prompt {
            Some(system) => Some(bounded(system).ok_or_else(too_long)?),
            None => None,
        };
        let mut messages = Vec::with_capacity(params.messages.len());
        for message in params.messages {
            messages.push(SampleMessage {
                is_assistant: message.role == Role::Assistant,
                text: bounded(words(message)).ok_or_else(too_long)?,
            });
        }
        let stops = params.stop_sequences.unwrap_or_default();
        let asked = Sample {
            server: door.id.clone(),
            within,
            system,
            messages,
            max_tokens: params.max_tokens,
            temperature: params.temperature.map(f64::from),
            stops: stops
                .iter()
                .take(8)
                .map(|stop| clean::line(stop, 100))
                .collect(),
        };
        let answer = self.standing_still(door.host.sample(asked)).await;
        let sampled = answer.map_err(|why| refused(&why))?;
        let reason = if sampled.is_cut {
            CreateMessageResult::STOP_REASON_END_MAX_TOKEN
        } else {
            CreateMessageResult::STOP_REASON_END_TURN
        };
        let message = SamplingMessage::assistant_text(sampled.text);
        Ok(CreateMessageResult::new(message, sampled.model).with_stop_reason(reason))
    }

    /// Tells where to work.
    pub(super) fn roots(&self) -> ListRootsResult {
        let roots = self.0.host.roots(&self.0.id).into_iter();
        let roots = roots.map(|root| match root.name {
            Some(name) => Root::new(root.uri).with_name(name),
            None => Root::new(root.uri),
        });
        ListRootsResult::new(roots.collect())
    }

    /// Waits while the clocks of this server's calls stand still: it is a person or the model that takes its time.
    async fn standing_still<T>(&self, waiting: impl Future<Output = T>) -> T {
        let running = self.0.calls.all();
        let _pauses: Vec<_> = running.iter().map(|it| it.clock.pause()).collect();
        waiting.await
    }

    fn asking(&self, context: &RequestContext<RoleClient>) -> Option<AskedIn> {
        match context.extensions.get::<InboundStreamOrigin>() {
            Some(InboundStreamOrigin::OutboundRequest(id)) => self.within(Some(id)),
            Some(InboundStreamOrigin::Unassociated) | None => self.within(None),
        }
    }

    fn within(&self, request: Option<&RequestId>) -> Option<AskedIn> {
        self.0.calls.asking(request)
    }
}

impl ClientHandler for Handler {
    async fn create_message(
        &self,
        params: CreateMessageRequestParams,
        context: RequestContext<RoleClient>,
    ) -> Result<CreateMessageResult, ErrorData> {
        let within = self.asking(&context);
        tokio::select! {
            answer = self.sample(params, within) => answer,
            () = context.ct.cancelled() => Err(refused("it was cancelled")),
        }
    }

    async fn list_roots(
        &self,
        _context: RequestContext<RoleClient>,
    ) -> Result<ListRootsResult, ErrorData> {
        Ok(self.roots())
    }

    async fn create_elicitation(
        &self,
        params: ElicitRequestParams,
        context: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let within = self.asking(&context);
        tokio::select! {
            answer = self.elicit(params, within) => answer,
            () = context.ct.cancelled() => Err(refused("it was cancelled")),
        }
    }

    async fn on_progress(
        &self,
        params: ProgressNotificationParam,
        _context: NotificationContext<RoleClient>,
    ) {
        let Some(running) = self.0.calls.of_token(&params.progress_token) else {
            return;
        };
        let message = params.message.unwrap_or_default();
        let message = clean::line(&message, PROGRESS_CHARS);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "how far it is needs no more than a few digits"
        )]
        let fraction = params
            .total
            .filter(|total| *total > 0.0)
            .map(|total| (params.progress / total).clamp(0.0, 1.0) as f32)
            .filter(|fraction| fraction.is_finite());
        running.services.progress(message, fraction);
    }

    async fn on_logging_message(
        &self,
        params: LoggingMessageNotificationParam,
        _context: NotificationContext<RoleClient>,
    ) {
        let said = match params.data {
            Value::String(text) => text,
            other => other.to_string(),
        };
        let level = format!("{:?}", params.level).to_lowercase();
        self.0.log.add(&format!("{level}: {said}"));
    }

    async fn on_tool_list_changed(&self, _context: NotificationContext<RoleClient>) {
        self.0.stirred.tools.notify_one();
    }

    async fn on_resource_list_changed(&self, _context: NotificationContext<RoleClient>) {
        self.0.stirred.lent.notify_one();
    }

    async fn on_prompt_list_changed(&self, _context: NotificationContext<RoleClient>) {
        self.0.stirred.lent.notify_one();
    }

    fn get_info(&self) -> ClientConfig {
        let mut elicitation = ElicitationCapability::default();
        elicitation.form = Some(FormElicitationCapability::default());
        elicitation.url = Some(UrlElicitationCapability::default());
        let mut capabilities = ClientCapabilities::default();
        capabilities.elicitation = Some(elicitation);
        capabilities.roots = Some(RootsCapabilities::default());
        let may_sample = self.0.host.may_sample(&self.0.id);
        capabilities.sampling = may_sample.then(SamplingCapability::default);
        let version = env!("CARGO_PKG_VERSION");
        let mut client = Implementation::new("anteroom", version);
        client.title = Some("Anteroom".to_owned());
        ClientConfig::new(capabilities, client).with_protocol_version(ProtocolVersion::V_2025_11_25)
    }
}

/// The text of a message; what is no text is told of.
fn words(message: SamplingMessage) -> String {
    let parts = message.content.into_vec().into_iter();
    let parts = parts.map(|part| match part {
        SamplingMessageContentBlock::Text(text) => text.text,
        SamplingMessageContentBlock::Image(_) => "[an image was left out]".to_owned(),
        SamplingMessageContentBlock::Audio(_) => "[a sound was left out]".to_owned(),
        _ => "[something was left out]".to_owned(),
    });
    parts.collect::<Vec<_>>().join("\n")
}

fn too_many() -> ErrorData {
    refused("too many questions wait for an answer")
}

fn too_long() -> ErrorData {
    invalid("it is too long")
}

fn invalid(why: &str) -> ErrorData {
    ErrorData::invalid_params(why.to_owned(), None)
}

fn refused(why: &str) -> ErrorData {
    ErrorData::invalid_request(why.to_owned(), None)
}
