//! Bytes of an answer to its events: server-sent events as real servers write them, within bounds.
//!
//! Knows lines, fields and caps; what an event says is read elsewhere. Also tells apart the three things
//! that come in place of a stream: one JSON document, a web page, nothing.

use crate::limits::LINE_BYTES;
use std::borrow::Cow;

/// What a reader of events does with them.
pub(crate) trait Sink {
    /// Its errors.
    type Error;
    /// The data of an event. `Ok(false)`: this is JSON that goes on in the next `data:` line.
    fn data(&mut self, data: &str) -> Result<bool, Self::Error>;
    /// `[DONE]`.
    fn done(&mut self) -> Result<(), Self::Error>;
    /// The data of a complete event, or a document, that breaks off in the middle.
    fn broken(&mut self) -> Self::Error;
    /// More than may be kept came without an end.
    fn too_large(&mut self, what: &'static str) -> Self::Error;
}

/// What the answer turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Nothing but blanks so far.
    Blank,
    /// Events.
    Events,
    /// One JSON document.
    Document,
    /// A web page.
    Page,
}

/// The reader's state between two pieces of the body.
pub(crate) struct Reader {
    shape: Shape,
    /// A line without its end, the document, or the page.
    held: Vec<u8>,
    /// The data of an event whose JSON is not complete yet.
    event: String,
    skips_newline: bool,
    is_at_start: bool,
    blanks: usize,
}

const BOM: [u8; 3] = [0xEF, 0xBB, 0xBF];

impl Reader {
    pub(crate) fn new() -> Self {
        Self {
            shape: Shape::Blank,
            held: Vec::new(),
            event: String::new(),
            skips_newline: false,
            is_at_start: true,
            blanks: 0,
        }
    }

    pub(crate) fn shape(&self) -> Shape {
        self.shape
    }

    /// What came of a web page, for its title.
    pub(crate) fn page(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.held)
    }

    /// Reads the next piece of the body, cut anywhere.
    pub(crate) fn feed<S: Sink>(&mut self, bytes: &[u8], sink: &mut S) -> Result<(), S::Error> {
        let mut rest = bytes;
        let joined;
        if self.shape == Shape::Blank {
            self.held.extend_from_slice(rest);
            if !self.find_shape() {
                return match self.blanks > LINE_BYTES {
                    true => Err(sink.too_large("blanks")),
                    false => Ok(()),
                };
            }
            joined = std::mem::take(&mut self.held);
            rest = &joined;
        }
        match self.shape {
            Shape::Events => self.lines(rest, sink),
            Shape::Document => self.hold(rest, "a document", sink),
            Shape::Page => {
                let room = crate::limits::ERROR_BYTES.saturating_sub(self.held.len());
                self.held.extend_from_slice(&rest[..rest.len().min(room)]);
                Ok(())
            }
            Shape::Blank => Ok(()),
        }
    }

    /// The body has ended: what is still held counts as complete.
    pub(crate) fn end<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        match self.shape {
            Shape::Events => {
                let line = std::mem::take(&mut self.held);
                if !line.is_empty() {
                    self.line(&line, sink)?;
                }
                self.dispatch(sink)
            }
            Shape::Document => {
                let document = std::mem::take(&mut self.held);
                match sink.data(&String::from_utf8_lossy(&document))? {
                    true => Ok(()),
                    false => Err(sink.broken()),
                }
            }
            Shape::Page | Shape::Blank => Ok(()),
        }
    }

    /// Judges the answer by its first visible byte. Leading blanks and the byte order mark are dropped.
    fn find_shape(&mut self) -> bool {
        if self.is_at_start {
            let seen = self.held.len().min(BOM.len());
            if seen < BOM.len() && self.held[..seen] == BOM[..seen] {
                return false;
            }
            if self.held.starts_with(&BOM) {
                self.held.drain(..BOM.len());
            }
            self.is_at_start = false;
        }
        let blank = |byte: &&u8| byte.is_ascii_whitespace();
        let blanks = self.held.iter().take_while(blank).count();
        self.blanks += blanks;
        self.held.drain(..blanks);
        self.shape = match self.held.first() {
            None => return false,
            Some(b'{' | b'[') => Shape::Document,
            Some(b'<') => Shape::Page,
            Some(_) => Shape::Events,
        };
        true
    }

    fn hold<S: Sink>(
        &mut self,
        bytes: &[u8],
        what: &'static str,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        if self.held.len().saturating_add(bytes.len()) > LINE_BYTES {
            return Err(sink.too_large(what));
        }
        self.held.extend_from_slice(bytes);
        Ok(())
    }

    fn lines<S: Sink>(&mut self, mut rest: &[u8], sink: &mut S) -> Result<(), S::Error> {
        while !rest.is_empty() {
            if std::mem::take(&mut self.skips_newline) && rest[0] == b'\n' {
                rest = &rest[1..];
                continue;
            }
            let Some(end) = rest.iter().position(|b| matches!(b, b'\n' | b'\r')) else {
                return self.hold(rest, "one line", sink);
            };
            self.skips_newline = rest[end] == b'\r';
            if self.held.is_empty() && end <= LINE_BYTES {
                self.line(&rest[..end], sink)?;
            } else {
                self.hold(&rest[..end], "one line", sink)?;
                let line = std::mem::take(&mut self.held);
                self.line(&line, sink)?;
            }
            rest = &rest[end + 1..];
        }
        Ok(())
    }

    fn line<S: Sink>(&mut self, line: &[u8], sink: &mut S) -> Result<(), S::Error> {
        if line.is_empty() {
            return self.dispatch(sink);
        }
        let data = match line.strip_prefix(b"data:") {
            Some(data) => data.strip_prefix(b" ").unwrap_or(data),
            // An error sent raw into the middle of a stream.
            None if line[0] == b'{' => line,
            // Comments, other fields, and what is no field at all.
            None => return Ok(()),
        };
        let data = String::from_utf8_lossy(data);
        if data.trim() == "[DONE]" {
            self.dispatch(sink)?;
            return sink.done();
        }
        if self.event.is_empty() {
            // Nearly always the line is the whole event. Not waiting for the blank line serves
            // servers that forget it, and is one line sooner for all others.
            if !sink.data(&data)? {
                self.event = data.into_owned();
            }
            return Ok(());
        }
        if self.event.len().saturating_add(data.len()) > LINE_BYTES {
            return Err(sink.too_large("one event"));
        }
        self.event.push('\n');
        self.event.push_str(&data);
        Ok(())
    }

    fn dispatch<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        if self.event.is_empty() {
            return Ok(());
        }
        let event = std::mem::take(&mut self.event);
        match sink.data(&event)? {
            true => Ok(()),
            false => Err(sink.broken()),
        }
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
