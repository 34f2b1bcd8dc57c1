//! Running text while it is read: marks on top of each other, links, and from where on it may still change.

use super::stable;
use super::wrap::{self, Span};
use crate::clean::reveal;
use crate::theme::{Marks, Theme};
use pulldown_cmark::{Event, LinkType, Tag, TagEnd};
use std::ops::Range;
use std::rc::Rc;

/// The text of one paragraph, heading or cell.
#[derive(Debug, Default)]
pub(super) struct Inline {
    pub(super) spans: Vec<Span>,
    /// Where it begins and ends in the source.
    pub(super) range: Option<Range<usize>>,
    /// From here on it may look different once more has come.
    hold: Option<usize>,
    /// Marks that have begun.
    open: Vec<Open>,
    /// What all of it is marked with.
    pub(super) base: Marks,
}

#[derive(Debug)]
struct Open {
    before: Marks,
    at: usize,
    /// What stands at the end where marks cannot be shown.
    closing: String,
    /// The first span of a link, and where it leads.
    link: Option<(usize, String)>,
}

impl Inline {
    pub(super) fn marked(base: Marks) -> Self {
        Self {
            base,
            ..Self::default()
        }
    }

    fn marks(&self) -> Marks {
        self.base
    }

    fn add(&mut self, text: impl Into<String>, at: usize) {
        let span = Span::new(text, self.marks(), at);
        self.spans.push(span);
    }

    fn held(&mut self, at: usize) {
        let at = self.open.first().map_or(at, |open| open.at.min(at));
        self.hold = Some(self.hold.map_or(at, |hold| hold.min(at)));
    }

    /// Takes an event inside of running text; gives it back if it is something else.
    pub(super) fn take<'e>(
        &mut self,
        event: Event<'e>,
        range: Range<usize>,
        source: &str,
        theme: &Theme,
    ) -> Option<Event<'e>> {
        let at = range.start;
        let is_at_end = range.end >= source.len();
        match event {
            Event::Text(text) => {
                if let Some(hold) = stable::unresolved(source, range.clone()) {
                    self.held(hold);
                }
                self.add(text.into_string(), at);
            }
            Event::Code(text) => {
                if is_at_end {
                    self.held(at);
                }
                self.code(&text, at, theme);
            }
            Event::InlineHtml(html) => {
                let tag = html.trim_matches(['<', '>', '/', ' ']);
                let text = if tag.eq_ignore_ascii_case("br") {
                    "\n"
                } else {
                    &html
                };
                self.add(text, at);
            }
            // Whoever breaks a line in a chat means it. It belongs to what follows: before a table it is none.
            Event::SoftBreak | Event::HardBreak => self.add("\n", range.end),
            Event::Start(
                tag @ (Tag::Emphasis
                | Tag::Strong
                | Tag::Strikethrough
                | Tag::Link { .. }
                | Tag::Image { .. }),
            ) => self.start(&tag, &range, source, theme),
            Event::End(
                TagEnd::Emphasis
                | TagEnd::Strong
                | TagEnd::Strikethrough
                | TagEnd::Link
                | TagEnd::Image,
            ) => {
                if is_at_end {
                    self.held(at);
                }
                self.end(range.end, theme);
            }
            other => return Some(other),
        }
        let known = self.range.take().unwrap_or(range.clone());
        self.range = Some(known.start.min(range.start)..known.end.max(range.end));
        None
    }

    fn code(&mut self, text: &str, at: usize, theme: &Theme) {
        let marks = Marks {
            is_code: true,
            ..self.marks()
        };
        let text = if theme.has_color {
            text.to_owned()
        } else {
            let mark = if text.contains('`') { "``" } else { "`" };
            format!("{mark}{text}{mark}")
        };
        self.spans.push(Span::new(text, marks, at));
    }

    fn start(&mut self, tag: &Tag<'_>, range: &Range<usize>, source: &str, theme: &Theme) {
        let before = self.base;
        let mut open = Open {
            before,
            at: range.start,
            closing: String::new(),
            link: None,
        };
        let mut marks = before;
        let length = match tag {
            Tag::Emphasis => {
                marks.is_italic = true;
                1
            }
            Tag::Strong => {
                marks.is_bold = true;
                2
            }
            Tag::Strikethrough => {
                marks.is_struck = true;
                let text = source.get(range.clone()).unwrap_or_default();
                if text.starts_with("~~") { 2 } else { 1 }
            }
            Tag::Link {
                link_type,
                dest_url,
                id,
                ..
            } => {
                match link_type {
                    // A definition may come later or never; both look the same.
                    LinkType::Reference | LinkType::ReferenceUnknown => {
                        open.closing = format!("][{id}]");
                        self.add("[", range.start);
                    }
                    LinkType::Collapsed | LinkType::CollapsedUnknown => {
                        open.closing = "][]".to_owned();
                        self.add("[", range.start);
                    }
                    LinkType::Shortcut | LinkType::ShortcutUnknown => {
                        open.closing = "]".to_owned();
                        self.add("[", range.start);
                    }
                    _ => {
                        marks.is_link = true;
                        open.link = Some((self.spans.len(), dest_url.to_string()));
                    }
                }
                0
            }
            Tag::Image { dest_url, .. } => {
                self.add("[image: ", range.start);
                open.closing = format!("] ({})", reveal(dest_url));
                0
            }
            _ => 0,
        };
        if length > 0 && !theme.has_color {
            let sign = source
                .get(range.start..range.start + length)
                .unwrap_or_default();
            open.closing = sign.to_owned();
            self.add(sign, range.start);
        }
        self.base = marks;
        self.open.push(open);
    }

    fn end(&mut self, at: usize, theme: &Theme) {
        let Some(open) = self.open.pop() else {
            return;
        };
        self.base = open.before;
        if let Some((first, address)) = open.link {
            self.lead(first, &address, at, theme);
        } else if !open.closing.is_empty() {
            self.add(open.closing, at);
        }
    }

    /// Makes the spans of a link lead somewhere, and says where if that could not be seen otherwise.
    fn lead(&mut self, first: usize, address: &str, at: usize, theme: &Theme) {
        let spans = self.spans.get_mut(first..).unwrap_or_default();
        let text: String = spans.iter().map(|span| span.text.as_str()).collect();
        let is_web = ["https://", "http://", "mailto:"]
            .iter()
            .any(|scheme| address.starts_with(scheme));
        let is_safe = is_web && address.bytes().all(|byte| byte.is_ascii_graphic());
        let bare = |address: &str| {
            let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
            rest.trim_start_matches("mailto:")
                .trim_end_matches('/')
                .to_owned()
        };
        let says_where = bare(&text) == bare(address);
        let mut is_told = says_where;
        if theme.has_links && is_safe {
            let link: Rc<str> = Rc::from(address);
            for span in spans {
                span.link = Some(Rc::clone(&link));
            }
            // A text that looks like an address, and is another one, must not hide where it leads.
            is_told |= !text.contains('.') && !text.contains("://");
        }
        if !is_told && !address.is_empty() {
            self.spans
                .push(Span::new(format!(" ({})", reveal(address)), self.base, at));
        }
    }

    /// How many rows will stay as they are whatever is added.
    pub(super) fn fixed(&self, source: &str, columns: usize) -> usize {
        let start = self.range.as_ref().map_or(0, |range| range.start);
        let end = self.range.as_ref().map_or(0, |range| range.end);
        if stable::has_blank_line(source.get(end..).unwrap_or_default()) {
            return wrap::height(&self.spans, columns);
        }
        let mut hold = self.hold.unwrap_or(usize::MAX);
        let text = source.get(start..).unwrap_or_default();
        // The last line may turn out to be the head of a table.
        let last = text.trim_end().rfind('\n').map_or(0, |at| at + 1);
        if text.get(last..).is_some_and(|line| line.contains('|')) {
            hold = hold.min(start + last);
        }
        // A definition is no text at all; it is shown as it was written.
        let is_named = text.starts_with('[')
            && text.find(']').is_none_or(|at| {
                text.get(at + 1..)
                    .is_none_or(|rest| rest.is_empty() || rest.starts_with(':'))
            });
        if is_named {
            hold = 0;
        }
        let mut kept = Vec::new();
        for span in self.spans.iter().take_while(|span| span.at < hold) {
            let mut span = span.clone();
            let is_literal = source
                .get(span.at..)
                .is_some_and(|rest| rest.starts_with(&span.text));
            if let Some(length) = hold
                .checked_sub(span.at)
                .filter(|length| *length < span.text.len())
            {
                if !is_literal {
                    break;
                }
                span.text.truncate(length);
            }
            kept.push(span);
        }
        wrap::height(&kept, columns).saturating_sub(1)
    }
}
