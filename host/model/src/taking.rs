//! Between the stream and the answer: events are read, told and taken in; errors among them end it.

use crate::ModelError;
use crate::answer::{Growing, Overflow};
use crate::chunk::{Chunk, Many};
use crate::client::StreamEvent;
use crate::complaint::{failure, is_transient};
use crate::key::Key;
use crate::limits::{ANSWER_BYTES, CALLS, LINE_BYTES};
use crate::stream::Sink;
use anteroom_api::Phase;

/// Tells the caller, and remembers what it was told.
pub(crate) struct Teller<'a> {
    on: &'a mut (dyn FnMut(StreamEvent) + Send),
    has_output: bool,
}

impl<'a> Teller<'a> {
    pub(crate) fn new(on: &'a mut (dyn FnMut(StreamEvent) + Send)) -> Self {
        Self {
            on,
            has_output: false,
        }
    }

    pub(crate) fn phase(&mut self, phase: Phase) {
        (self.on)(StreamEvent::Phase(phase));
    }

    fn output(&mut self, event: StreamEvent) {
        if !self.has_output {
            self.has_output = true;
            self.phase(Phase::Streaming);
        }
        (self.on)(event);
    }

    pub(crate) fn has_output(&self) -> bool {
        self.has_output
    }

    /// Voids what was told of the answer, if anything was.
    pub(crate) fn discard(&mut self) {
        if std::mem::take(&mut self.has_output) {
            (self.on)(StreamEvent::Discarded);
        }
    }
}

/// Takes events into the growing answer.
pub(crate) struct Taking<'a, 't> {
    pub(crate) growing: Growing,
    pub(crate) teller: &'a mut Teller<'t>,
    pub(crate) url: &'a str,
    pub(crate) key: &'a Key,
    pub(crate) is_done: bool,
}

impl Taking<'_, '_> {
    fn chunk(&mut self, chunk: Chunk) -> Result<(), ModelError> {
        if let Some((message, kind)) = failure(&chunk) {
            return Err(ModelError::Told {
                url: self.url.to_owned(),
                is_transient: is_transient(&kind),
                message: self.key.redact(message),
                kind,
            });
        }
        let teller = &mut *self.teller;
        self.growing
            .take(chunk, &mut |event| teller.output(event))
            .map_err(|overflow| {
                let (what, limit) = match overflow {
                    Overflow::Bytes => ("an answer", mebibytes(ANSWER_BYTES)),
                    Overflow::Calls => ("calls", format!("{CALLS}")),
                };
                ModelError::TooLarge {
                    url: self.url.to_owned(),
                    what: what.to_owned(),
                    limit,
                }
            })
    }

    fn unreadable(&self, detail: impl Into<String>) -> ModelError {
        ModelError::Unreadable {
            url: self.url.to_owned(),
            detail: detail.into(),
        }
    }
}

impl Sink for Taking<'_, '_> {
    type Error = ModelError;

    fn data(&mut self, data: &str) -> Result<bool, ModelError> {
        if !data.trim_start().starts_with(['{', '[']) {
            // `ping` and the like.
            return Ok(true);
        }
        match serde_json::from_str::<Many<Chunk>>(data) {
            Ok(chunks) => {
                for chunk in chunks.items {
                    self.chunk(chunk)?;
                }
                Ok(true)
            }
            Err(error) if error.is_eof() => Ok(false),
            Err(error) => Err(self.unreadable(error.to_string())),
        }
    }

    fn done(&mut self) -> Result<(), ModelError> {
        self.growing.done();
        self.is_done = true;
        Ok(())
    }

    fn broken(&mut self) -> ModelError {
        self.unreadable("JSON that breaks off in the middle")
    }

    fn too_large(&mut self, what: &'static str) -> ModelError {
        ModelError::TooLarge {
            url: self.url.to_owned(),
            what: what.to_owned(),
            limit: mebibytes(LINE_BYTES),
        }
    }
}

/// A size as people read it.
pub(crate) fn mebibytes(bytes: usize) -> String {
    format!("{} MiB", bytes / (1024 * 1024))
}
