//! Words after expansion.

use super::scope::{Taint, UNKNOWN};

/// Longest text of one field, bytes: more than any line that is parsed.
const MAX_FIELD_BYTES: usize = 256 * 1024;

/// One argument as a program would get it, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Field {
    /// Its text; [`UNKNOWN`] stands for what is not known.
    pub(super) text: String,
    /// The same with quoted pattern characters escaped, if it has unquoted ones.
    pub(super) pattern: Option<String>,
    /// Whether there is no other possibility for the text.
    pub(super) is_known: bool,
    /// Whether any expansion had a part in it.
    pub(super) is_expanded: bool,
    pub(super) taint: Taint,
}

impl Field {
    pub(super) fn literal(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            is_known: true,
            ..Self::default()
        }
    }

    pub(super) fn unknown(taint: Taint) -> Self {
        Self {
            text: UNKNOWN.to_string(),
            is_expanded: true,
            taint,
            ..Self::default()
        }
    }

    /// Whether nothing of it depends on the moment it runs, file names left aside.
    pub(super) fn is_literal(&self) -> bool {
        self.is_known && !self.is_expanded && !self.has_unknown()
    }

    pub(super) fn has_unknown(&self) -> bool {
        self.text.contains(UNKNOWN)
    }
}

/// The texts of several fields.
pub(super) fn texts(fields: &[Field]) -> Vec<String> {
    fields.iter().map(|field| field.text.clone()).collect()
}

/// Fields under construction: text is appended to the last one until a blank ends it.
#[derive(Clone, Debug)]
pub(super) struct Builder {
    done: Vec<Field>,
    open: Option<Open>,
    is_known: bool,
    is_expanded: bool,
    taint: Taint,
}

#[derive(Clone, Debug, Default)]
struct Open {
    text: String,
    pattern: String,
    has_pattern: bool,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            done: Vec::new(),
            open: None,
            is_known: true,
            is_expanded: false,
            taint: Taint::default(),
        }
    }

    pub(super) fn quoted(&mut self, text: &str) {
        if !self.has_room(text) {
            return;
        }
        let open = self.open.get_or_insert_default();
        open.text.push_str(text);
        open.pattern.push_str(&globset::escape(text));
    }

    pub(super) fn unquoted(&mut self, text: &str) {
        if !self.has_room(text) {
            return;
        }
        let open = self.open.get_or_insert_default();
        open.text.push_str(text);
        open.pattern.push_str(text);
        open.has_pattern |= text.contains(['*', '?', '[']);
    }

    /// Whether more text is followed. A variable that is put together from itself can double without end.
    fn has_room(&mut self, text: &str) -> bool {
        let length = self.open.as_ref().map_or(0, |open| open.text.len());
        let has_room = length + text.len() <= MAX_FIELD_BYTES;
        self.is_known &= has_room;
        has_room
    }

    /// An unquoted expansion: blanks in it separate fields.
    pub(super) fn split(&mut self, text: &str) {
        if text.starts_with(char::is_whitespace) {
            self.finish_field();
        }
        let mut words = text.split_whitespace().peekable();
        while let Some(word) = words.next() {
            self.unquoted(word);
            if words.peek().is_some() {
                self.finish_field();
            }
        }
        if text.ends_with(char::is_whitespace) {
            self.finish_field();
        }
    }

    /// Several values as one field each, the first and last joined to what stands around them.
    pub(super) fn list(&mut self, values: &[String]) {
        let mut values = values.iter().peekable();
        while let Some(value) = values.next() {
            self.quoted(value);
            if values.peek().is_some() {
                self.finish_field();
            }
        }
    }

    pub(super) fn expanded(&mut self, is_known: bool, taint: Taint) {
        self.is_expanded = true;
        self.is_known &= is_known;
        self.taint = self.taint.and(taint);
    }

    fn finish_field(&mut self) {
        if let Some(open) = self.open.take() {
            self.done.push(Field {
                text: open.text,
                pattern: open.has_pattern.then_some(open.pattern),
                ..Field::default()
            });
        }
    }

    pub(super) fn finish(mut self) -> Vec<Field> {
        self.finish_field();
        for field in &mut self.done {
            field.is_known = self.is_known && !field.text.contains(UNKNOWN);
            field.is_expanded = self.is_expanded;
            field.taint = self.taint;
        }
        self.done
    }
}
