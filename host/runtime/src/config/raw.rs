//! What was written, and where: a YAML file as a tree of texts with their positions.
//!
//! Knows YAML and nothing of settings: every scalar stays the text it was written as, and the
//! table of settings says what it means. Built from parser events and not through serde, because
//! the editor needs to know where each key and value begins and ends.

use anteroom_api::{Problem, ProblemCode};
use serde_saphyr::granit_parser::{
    Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput, StructureStyle, options,
};
use std::collections::BTreeMap;
use std::ops::Range;

/// Bytes of a config file: far more than a person writes.
pub(crate) const MOST_BYTES: usize = 1024 * 1024;
/// How deep lists and mappings may stand in each other.
const MOST_DEPTH: usize = 32;
/// Values in one file, those that an alias repeats included.
const MOST_NODES: usize = 20_000;
/// Characters of an offending line that are shown.
const EXCERPT_CHARS: usize = 80;

/// A parsed file. An empty one has no root.
#[derive(Clone, Debug, Default)]
pub(crate) struct Document {
    pub(crate) root: Option<Node>,
}

/// One value with its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) body: Body,
    pub(crate) position: Position,
    /// Bytes of its text. Of a block list or mapping: from its first to behind its last value.
    pub(crate) bytes: Range<usize>,
    /// An alias, a tag or an anchor belongs to it: the editor keeps away.
    pub(crate) is_adorned: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// `~`, `null`, or nothing at all.
    Nothing,
    Text(String),
    List {
        items: Vec<Node>,
        is_flow: bool,
    },
    Map {
        entries: Vec<Entry>,
        is_flow: bool,
    },
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) position: Position,
    pub(crate) bytes: Range<usize>,
    pub(crate) value: Node,
}

impl Entry {
    /// Behind its last byte. Where nothing is written, the parser puts the value elsewhere.
    pub(crate) fn end(&self) -> usize {
        if self.value.bytes.is_empty() {
            self.bytes.end
        } else {
            self.value.bytes.end
        }
    }
}

/// Both count from 1; columns are characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// Why a file is not understood.
#[derive(Debug)]
pub(crate) struct SyntaxTrouble {
    pub(crate) position: Position,
    pub(crate) words: String,
}

impl Document {
    pub(crate) fn parse(text: &str) -> Result<Self, SyntaxTrouble> {
        if text.len() > MOST_BYTES {
            return Err(SyntaxTrouble {
                position: Position { line: 1, column: 1 },
                words: format!("the file is larger than {MOST_BYTES} bytes"),
            });
        }
        // Comments are read from the text by the editor; buffering them here would only add a limit.
        let options = options! { emit_comments: false, flow_nesting_limit: MOST_DEPTH };
        let parser = Parser::new_from_str_with_options(text, options);
        Builder {
            parser,
            anchors: BTreeMap::new(),
            nodes: 0,
        }
        .document()
    }
}

impl SyntaxTrouble {
    /// As a person sees it: place, words and the line in question.
    pub(crate) fn problem(&self, path: &str, text: &str) -> Problem {
        let Position { line, column } = self.position;
        let problem = Problem::new(
            ProblemCode::InvalidConfig,
            format!("could not read `{path}:{line}:{column}`"),
        )
        .cause(&self.words);
        let index = usize::try_from(line)
            .unwrap_or(usize::MAX)
            .saturating_sub(1);
        let problem = match text.lines().nth(index) {
            Some(found) if !found.trim().is_empty() => {
                problem.cause(format!("line {line}: {}", excerpt(found)))
            }
            _ => problem,
        };
        problem.hint(format!("correct the file: line {line} of `{path}`"))
    }
}

/// A line of a config file, cut, without what may be a secret.
fn excerpt(line: &str) -> String {
    let line = match line.split_once(':') {
        Some((key, value)) if is_secret_name(key) && !value.trim().is_empty() => {
            format!("{key}: ***")
        }
        _ => line.to_owned(),
    };
    let mut shown: String = line
        .split_inclusive(char::is_whitespace)
        .map(|word| {
            if is_key_like(word) {
                "*** ".to_owned()
            } else {
                word.to_owned()
            }
        })
        .collect();
    if let Some((cut, _)) = shown.char_indices().nth(EXCERPT_CHARS) {
        shown.truncate(cut);
        shown.push('…');
    }
    format!("`{}`", shown.trim().replace(char::is_control, " "))
}

fn is_secret_name(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["key", "secret", "token", "password"]
        .iter()
        .any(|name| key.contains(name))
}

/// Long runs of key characters: an API key, a piece of a PEM block.
fn is_key_like(word: &str) -> bool {
    let run = word
        .split(|c: char| !(c.is_ascii_alphanumeric() || "+/=_-".contains(c)))
        .map(str::len)
        .max();
    run.unwrap_or_default() >= 20
}

struct Builder<'input> {
    parser: Parser<'input, StrInput<'input>>,
    anchors: BTreeMap<usize, Node>,
    nodes: usize,
}

type Built<T> = Result<T, SyntaxTrouble>;

impl<'input> Builder<'input> {
    fn document(mut self) -> Built<Document> {
        let mut root = None;
        while let Some((event, span)) = self.next()? {
            match event {
                Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
                Event::DocumentStart(..) if root.is_none() => {}
                Event::DocumentStart(..) => {
                    return trouble(
                        span.start,
                        "a second document begins here; one file holds one",
                    );
                }
                event => root = Some(self.node(event, span, 0)?),
            }
        }
        Ok(Document {
            root: root.filter(|node| !matches!(node.body, Body::Nothing)),
        })
    }

    fn next(&mut self) -> Built<Option<(Event<'input>, Span)>> {
        self.parser
            .next()
            .transpose()
            .map_err(|error: ScanError| SyntaxTrouble {
                position: position(*error.marker()),
                words: error.info(),
            })
    }

    /// The next event inside a list or mapping, which cannot simply end.
    fn inner(&mut self, open: Marker) -> Built<(Event<'input>, Span)> {
        match self.next()? {
            Some(found) => Ok(found),
            None => trouble(open, "this list or mapping does not end"),
        }
    }

    fn node(&mut self, event: Event<'input>, span: Span, depth: usize) -> Built<Node> {
        if depth > MOST_DEPTH {
            return trouble(
                span.start,
                format!("nested deeper than {MOST_DEPTH} levels"),
            );
        }
        self.count(1, span.start)?;
        let (anchor, mut node) = match event {
            Event::Alias(anchor) => return self.alias(anchor, span),
            Event::Scalar(text, style, anchor, tag) => {
                let is_nothing = style == ScalarStyle::Plain && is_null(&text);
                let body = if is_nothing {
                    Body::Nothing
                } else {
                    Body::Text(text.into_owned())
                };
                (anchor, leaf(body, span, tag.is_some()))
            }
            Event::SequenceStart(style, anchor, tag) => {
                (anchor, self.list(style, span, tag.is_some(), depth)?)
            }
            Event::MappingStart(style, anchor, tag) => {
                (anchor, self.map(style, span, tag.is_some(), depth)?)
            }
            _ => return trouble(span.start, "a value was expected here"),
        };
        if anchor != 0 {
            node.is_adorned = true;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn list(
        &mut self,
        style: StructureStyle,
        open: Span,
        is_adorned: bool,
        depth: usize,
    ) -> Built<Node> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.inner(open.start)?;
            if matches!(event, Event::SequenceEnd) {
                let is_flow = style == StructureStyle::Flow;
                let last = items.last().map(|item: &Node| item.bytes.end);
                let bytes = range(open, span, last, is_flow);
                let body = Body::List { items, is_flow };
                return Ok(Node {
                    body,
                    position: position(open.start),
                    bytes,
                    is_adorned,
                });
            }
            items.push(self.node(event, span, depth + 1)?);
        }
    }

    fn map(
        &mut self,
        style: StructureStyle,
        open: Span,
        is_adorned: bool,
        depth: usize,
    ) -> Built<Node> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let (event, span) = self.inner(open.start)?;
            if matches!(event, Event::MappingEnd) {
                let is_flow = style == StructureStyle::Flow;
                let last = entries.last().map(Entry::end);
                let bytes = range(open, span, last, is_flow);
                let body = Body::Map { entries, is_flow };
                return Ok(Node {
                    body,
                    position: position(open.start),
                    bytes,
                    is_adorned,
                });
            }
            let entry = self.entry(event, span, depth)?;
            if let Some(first) = entries.iter().find(|known| known.key == entry.key) {
                let words = format!(
                    "`{}` is here a second time; the first is in line {}",
                    entry.key, first.position.line
                );
                return Err(SyntaxTrouble {
                    position: entry.position,
                    words,
                });
            }
            entries.push(entry);
        }
    }

    fn entry(&mut self, event: Event<'input>, span: Span, depth: usize) -> Built<Entry> {
        let Event::Scalar(key, style, ..) = event else {
            return trouble(span.start, "a key must be a plain word");
        };
        if key == "<<" && style == ScalarStyle::Plain {
            return trouble(
                span.start,
                "merging with `<<` is not supported; write the keys out",
            );
        }
        self.count(1, span.start)?;
        let (event, value) = self.inner(span.start)?;
        Ok(Entry {
            key: key.into_owned(),
            position: position(span.start),
            bytes: bytes(span),
            value: self.node(event, value, depth + 1)?,
        })
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Built<Node> {
        let Some(found) = self.anchors.get(&anchor) else {
            return trouble(span.start, "an alias must not stand inside what it repeats");
        };
        let body = found.body.clone();
        // Each repetition is paid for, so that aliases of aliases cannot grow without end.
        self.count(size(&body), span.start)?;
        Ok(Node {
            is_adorned: true,
            ..leaf(body, span, true)
        })
    }

    fn count(&mut self, nodes: usize, at: Marker) -> Built<()> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MOST_NODES {
            return trouble(at, format!("the file holds more than {MOST_NODES} values"));
        }
        Ok(())
    }
}

fn leaf(body: Body, span: Span, is_adorned: bool) -> Node {
    Node {
        body,
        position: position(span.start),
        bytes: bytes(span),
        is_adorned,
    }
}

fn size(body: &Body) -> usize {
    match body {
        Body::Nothing | Body::Text(_) => 1,
        Body::List { items, .. } => 1 + items.iter().map(|item| size(&item.body)).sum::<usize>(),
        Body::Map { entries, .. } => {
            1 + entries
                .iter()
                .map(|entry| 1 + size(&entry.value.body))
                .sum::<usize>()
        }
    }
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

fn trouble<T>(at: Marker, words: impl Into<String>) -> Built<T> {
    Err(SyntaxTrouble {
        position: position(at),
        words: words.into(),
    })
}

fn position(at: Marker) -> Position {
    Position {
        line: u32::try_from(at.line()).unwrap_or(u32::MAX).max(1),
        column: u32::try_from(at.col())
            .unwrap_or(u32::MAX)
            .saturating_add(1),
    }
}

fn bytes(span: Span) -> Range<usize> {
    span.byte_range().unwrap_or_default()
}

/// The bytes of a list or mapping: a block one ends with its last value, since its end event
/// stands only before the next token, behind comments.
fn range(open: Span, close: Span, last: Option<usize>, is_flow: bool) -> Range<usize> {
    let start = bytes(open).start;
    let end = if is_flow {
        bytes(close).end
    } else {
        last.unwrap_or(start)
    };
    start..end.max(start)
}

#[cfg(test)]
#[path = "raw_tests.rs"]
mod tests;
