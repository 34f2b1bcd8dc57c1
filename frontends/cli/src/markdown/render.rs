//! Blocks of Markdown as rows, and how many of them nothing that follows can change.

use super::fence::Fence;
use super::inline::Inline;
use super::stable;
use super::table::Table;
use super::wrap;
use crate::theme::{Marks, Style, Theme};
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use std::ops::Range;
use unicode_width::UnicodeWidthStr;

/// A longer table is shown as it was written.
const TABLE_LIMIT_BYTES: usize = 64 * 1024;
/// Running text is not made narrower than this, however deep it stands.
const NARROWEST: usize = 8;
/// The longest rule.
const RULE_COLUMNS: usize = 60;

/// What stands before the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene {
    pub(super) theme: Theme,
    pub(super) columns: usize,
    /// Whether anything was shown before.
    pub(super) has_printed: bool,
    /// Whether a blank line came before the first.
    pub(super) is_after_blank: bool,
    /// The number of the first item, where a list goes on.
    pub(super) number: Option<u64>,
    /// Whether more may come.
    pub(super) is_open: bool,
}

/// Rows, and where the text can be parted.
#[derive(Debug, Default)]
pub(super) struct Rendering {
    pub(super) rows: Vec<String>,
    /// The first so many stay as they are.
    pub(super) fixed: usize,
    pub(super) cut: Option<Cut>,
}

/// A place before which nothing changes any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) at: usize,
    pub(super) rows: usize,
    /// The number of the item that follows.
    pub(super) number: Option<u64>,
    /// Whether a fence opens here that is not closed.
    pub(super) is_fence: bool,
}

enum Container {
    Quote,
    List {
        number: Option<u64>,
    },
    Item {
        /// Until its first row is shown.
        marker: Option<String>,
        columns: usize,
    },
}

struct Renderer<'a> {
    source: &'a str,
    scene: Scene,
    out: Rendering,
    containers: Vec<Container>,
    inline: Option<Inline>,
    code: Option<(Range<usize>, Option<Fence>, String)>,
    table: Option<(Range<usize>, Table)>,
    depth: usize,
    /// The end of the last block that stands in nothing.
    end: usize,
    /// What that block was.
    is_closed_by_blank: bool,
    /// The source line the last blank row was shown for.
    gap: Option<usize>,
}

/// Renders a text.
pub(super) fn render(source: &str, scene: Scene) -> Rendering {
    let mut renderer = Renderer {
        source,
        scene,
        out: Rendering::default(),
        containers: Vec::new(),
        inline: None,
        code: None,
        table: None,
        depth: 0,
        end: 0,
        is_closed_by_blank: false,
        gap: None,
    };
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    for (event, range) in Parser::new_ext(source, options).into_offset_iter() {
        renderer.place(&event, &range);
        renderer.event(event, range);
        if renderer.out.cut.is_some_and(|cut| cut.is_fence) {
            return renderer.out;
        }
    }
    renderer.finish()
}

impl Renderer<'_> {
    fn line_start(&self, at: usize) -> usize {
        let before = self.source.get(..at).unwrap_or_default();
        before.rfind('\n').map_or(0, |at| at + 1)
    }

    /// Notes where blocks and items begin that stand in nothing else.
    fn place(&mut self, event: &Event<'_>, range: &Range<usize>) {
        let is_top = self.depth == 0 && matches!(event, Event::Start(_) | Event::Rule);
        let is_item = self.depth == 1
            && matches!(event, Event::Start(Tag::Item))
            && matches!(self.containers.first(), Some(Container::List { .. }));
        if is_top {
            self.named(range.start);
            self.is_closed_by_blank = !matches!(
                event,
                Event::Start(Tag::List(_) | Tag::CodeBlock(_) | Tag::HtmlBlock)
            );
            self.end = range.end;
        }
        let at = self.line_start(range.start);
        let is_first = self
            .source
            .get(at..range.start)
            .is_some_and(|text| text.trim().is_empty());
        if is_top || (is_item && is_first) {
            self.flush();
            let number = match self.containers.first() {
                Some(Container::List { number }) if is_item => *number,
                _ => self.scene.number.filter(|_| at == 0),
            };
            self.out.cut = Some(Cut {
                at,
                rows: self.out.rows.len(),
                number,
                is_fence: false,
            });
        }
        match event {
            Event::Start(_) => self.depth += 1,
            Event::End(_) => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }

    /// Definitions of links are no blocks; they are shown as they were written.
    fn named(&mut self, until: usize) {
        let Some(text) = self.source.get(self.end..until) else {
            return;
        };
        let mut at = self.end;
        let mut is_first = true;
        for line in text.split_inclusive('\n') {
            if !line.trim().is_empty() {
                self.begin(at);
                if is_first {
                    let rows = self.out.rows.len();
                    let at = self.line_start(at);
                    self.out.cut = Some(Cut {
                        at,
                        rows,
                        ..Cut::default()
                    });
                    is_first = false;
                }
                self.emit(line.trim_end());
            }
            at += line.len();
        }
        if !is_first {
            self.is_closed_by_blank = true;
        }
    }

    fn event(&mut self, event: Event<'_>, range: Range<usize>) {
        let event = match (&mut self.code, event) {
            (Some((_, _, code)), Event::Text(text) | Event::Html(text)) => {
                code.push_str(&text);
                return;
            }
            (_, event) => event,
        };
        let is_text = matches!(
            event,
            Event::Text(_)
                | Event::Code(_)
                | Event::InlineHtml(_)
                | Event::SoftBreak
                | Event::HardBreak
                | Event::Start(
                    Tag::Emphasis
                        | Tag::Strong
                        | Tag::Strikethrough
                        | Tag::Link { .. }
                        | Tag::Image { .. }
                )
        );
        if is_text {
            self.inline.get_or_insert_default();
        }
        let event = match self.inline.as_mut() {
            Some(inline) => inline.take(event, range.clone(), self.source, &self.scene.theme),
            None => Some(event),
        };
        match event {
            Some(Event::Start(tag)) => self.start(tag, range),
            Some(Event::End(tag)) => self.stop(tag, range),
            Some(Event::Rule) => {
                self.flush();
                self.rule(range.start);
            }
            Some(Event::TaskListMarker(is_done)) => self.task(is_done),
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>, range: Range<usize>) {
        self.flush();
        match tag {
            Tag::BlockQuote(_) => self.containers.push(Container::Quote),
            Tag::List(first) => {
                let is_carried = self.depth == 1 && self.line_start(range.start) == 0;
                let number = match self.scene.number.filter(|_| is_carried) {
                    Some(number) => first.map(|_| number),
                    None => first,
                };
                self.containers.push(Container::List { number });
            }
            Tag::Item => self.item(),
            Tag::Heading { level, .. } => self.heading(level, &range),
            Tag::CodeBlock(kind) => self.open_code(&kind, range),
            Tag::HtmlBlock => self.code = Some((range, None, String::new())),
            Tag::Table(alignments) => {
                let table = Table {
                    alignments,
                    rows: Vec::new(),
                };
                self.table = Some((range, table));
            }
            Tag::TableHead | Tag::TableRow => {
                if let Some((_, table)) = self.table.as_mut() {
                    table.rows.push(Vec::new());
                }
            }
            Tag::TableCell => {
                let is_head = self
                    .table
                    .as_ref()
                    .is_some_and(|(_, table)| table.rows.len() == 1);
                self.inline = Some(Inline::marked(Marks {
                    is_bold: is_head,
                    ..Marks::default()
                }));
            }
            _ => {}
        }
    }

    fn stop(&mut self, tag: TagEnd, range: Range<usize>) {
        match tag {
            TagEnd::TableCell => {
                let cell = self.inline.take().unwrap_or_default();
                let row = self
                    .table
                    .as_mut()
                    .and_then(|(_, table)| table.rows.last_mut());
                if let Some(row) = row {
                    row.push(cell.spans);
                }
            }
            TagEnd::Heading(_) => {
                let is_underlined = !self.at(range.start).starts_with('#');
                self.flush();
                if is_underlined {
                    self.rule(range.start);
                } else {
                    self.out.fixed = self.out.rows.len();
                }
            }
            TagEnd::CodeBlock | TagEnd::HtmlBlock => self.close_code(),
            TagEnd::Table => self.close_table(),
            TagEnd::Item => {
                self.flush();
                if matches!(
                    self.containers.last(),
                    Some(Container::Item {
                        marker: Some(_),
                        ..
                    })
                ) {
                    self.begin(range.start);
                    self.emit("");
                }
                self.containers.pop();
                if let Some(Container::List {
                    number: Some(number),
                }) = self.containers.last_mut()
                {
                    *number = number.saturating_add(1);
                }
            }
            TagEnd::List(_) | TagEnd::BlockQuote(_) => {
                self.flush();
                self.containers.pop();
            }
            _ => self.flush(),
        }
    }

    fn at(&self, at: usize) -> &str {
        self.source.get(at..).unwrap_or_default()
    }

    fn item(&mut self) {
        let theme = self.scene.theme;
        let marker = match self.containers.last() {
            Some(Container::List {
                number: Some(number),
            }) => format!("{number}. "),
            _ => {
                let lists = self.containers.iter();
                let depth = lists
                    .filter(|c| matches!(c, Container::List { number: None }))
                    .count();
                format!("{} ", theme.bullet(depth.saturating_sub(1)))
            }
        };
        self.containers.push(Container::Item {
            columns: marker.width(),
            marker: Some(marker),
        });
    }

    fn task(&mut self, is_done: bool) {
        let is_numbered = matches!(
            self.containers.iter().rev().nth(1),
            Some(Container::List { number: Some(_) })
        );
        let task = self.scene.theme.task(is_done);
        if let Some(Container::Item {
            marker: Some(marker),
            columns,
        }) = self.containers.last_mut()
        {
            *marker = if is_numbered {
                format!("{marker}{task} ")
            } else {
                format!("{task} ")
            };
            *columns = marker.width();
        }
    }

    fn heading(&mut self, level: HeadingLevel, range: &Range<usize>) {
        if !self.at(range.start).starts_with('#') {
            return;
        }
        let marks = Marks {
            is_bold: true,
            ..Marks::default()
        };
        let mut inline = Inline::marked(marks);
        let sign = format!("{} ", "#".repeat(level as usize));
        inline.spans.push(wrap::Span::new(sign, marks, range.start));
        inline.range = Some(range.start..range.start);
        self.inline = Some(inline);
    }

    fn rule(&mut self, at: usize) {
        self.begin(at);
        let columns = self.room().min(RULE_COLUMNS);
        let line = self.scene.theme.sign("─", "-").repeat(columns);
        let line = self.scene.theme.paint(Style::Dim, &line);
        self.emit(&line);
        self.out.fixed = self.out.rows.len();
    }

    fn open_code(&mut self, kind: &CodeBlockKind<'_>, range: Range<usize>) {
        let line_start = self.line_start(range.start);
        let fence = match kind {
            CodeBlockKind::Indented => Some(Fence::indented()),
            CodeBlockKind::Fenced(_) => {
                Fence::open(self.at(range.start).lines().next().unwrap_or_default())
            }
        };
        let is_open = self.scene.is_open
            && self.depth == 1
            && matches!(kind, CodeBlockKind::Fenced(_))
            && !is_closed(self.source, &range, fence.as_ref(), self.quotes());
        if is_open {
            // From here on line by line, without a parser.
            self.begin(range.start);
            self.out.fixed = self.out.rows.len();
            self.out.cut = Some(Cut {
                at: line_start,
                rows: self.out.rows.len(),
                number: None,
                is_fence: true,
            });
            return;
        }
        self.code = Some((range, fence, String::new()));
    }

    fn close_code(&mut self) {
        let Some((range, fence, code)) = self.code.take() else {
            return;
        };
        let theme = self.scene.theme;
        let is_closed = is_closed(self.source, &range, fence.as_ref(), self.quotes());
        self.begin(range.start);
        let Some(mut fence) = fence else {
            for line in code.lines() {
                self.emit(line);
            }
            self.fix_lines(&code, range.end);
            return;
        };
        self.emit(&fence.first_row(&theme));
        for line in code.lines() {
            let row = fence.row(line, &theme);
            self.emit(&row);
        }
        self.fix_lines(&code, range.end);
        let is_indented = !"`~".contains(self.at(range.start).chars().next().unwrap_or(' '));
        if is_closed || is_indented {
            self.emit(&fence.last_row(&theme));
        }
        if is_closed {
            self.out.fixed = self.out.rows.len();
        }
    }

    /// Whole lines of code stay, but for blank ones at the end that may not belong to it.
    fn fix_lines(&mut self, code: &str, end: usize) {
        let blank = code
            .lines()
            .rev()
            .take_while(|line| line.trim().is_empty())
            .count();
        let is_whole = self
            .source
            .get(..end)
            .is_some_and(|text| text.ends_with('\n'));
        let open = if is_whole { blank } else { blank.max(1) };
        self.out.fixed = self.out.rows.len().saturating_sub(open);
    }

    fn close_table(&mut self) {
        let Some((range, table)) = self.table.take() else {
            return;
        };
        let text = self
            .source
            .get(range.clone())
            .unwrap_or_default()
            .trim_end();
        let is_long = text.len() > TABLE_LIMIT_BYTES;
        self.begin(range.start);
        let before = self.out.fixed;
        let rows = if is_long {
            None
        } else {
            table.rows(self.room(), &self.scene.theme)
        };
        match rows {
            Some(rows) => {
                for row in rows {
                    self.emit(&row);
                }
            }
            None => {
                for line in text.lines() {
                    self.emit(line.trim());
                }
            }
        }
        self.out.fixed = if stable::has_blank_line(self.at(range.start + text.len())) {
            self.out.rows.len()
        } else if is_long {
            self.out.rows.len().saturating_sub(1)
        } else {
            before
        };
    }

    /// Shows the running text there is.
    fn flush(&mut self) {
        let Some(inline) = self.inline.take() else {
            return;
        };
        let Some(range) = inline.range.clone() else {
            return;
        };
        self.begin(range.start);
        let room = self.room();
        let before = self.out.rows.len();
        for row in wrap::wrap(&inline.spans, room, &self.scene.theme) {
            self.emit(&row);
        }
        let is_last = self
            .at(range.end)
            .trim_matches(|c: char| c.is_whitespace() || c == '>')
            .is_empty();
        self.out.fixed = if is_last && self.scene.is_open {
            before + inline.fixed(self.source, room)
        } else {
            self.out.rows.len()
        };
    }

    /// Begins a block: what stands before it is settled, and a blank line before it is shown.
    fn begin(&mut self, at: usize) {
        self.out.fixed = self.out.rows.len();
        let start = self.line_start(at);
        let before = self
            .source
            .get(..start)
            .and_then(|text| text.strip_suffix('\n'));
        let before = before.map(|text| text.rsplit('\n').next().unwrap_or_default());
        let is_after_blank = before.map_or(self.scene.is_after_blank, stable::is_blank);
        let has_printed = self.scene.has_printed || !self.out.rows.is_empty();
        if is_after_blank && has_printed && self.gap != Some(start) {
            self.gap = Some(start);
            let theme = self.scene.theme;
            let bars = before.unwrap_or_default().matches('>').count();
            let bars = vec![theme.paint(Style::Dim, theme.quote()); bars.min(self.quotes())];
            self.out.rows.push(bars.join(" "));
        }
    }

    fn quotes(&self) -> usize {
        self.containers
            .iter()
            .filter(|c| matches!(c, Container::Quote))
            .count()
    }

    fn emit(&mut self, content: &str) {
        let row = self.prefix();
        self.out.rows.push(if content.is_empty() {
            row.trim_end().to_owned()
        } else {
            format!("{row}{content}")
        });
    }

    /// What stands before a row: bars, markers, indentation. Markers are shown once.
    fn prefix(&mut self) -> String {
        let theme = self.scene.theme;
        let mut prefix = String::new();
        for container in &mut self.containers {
            match container {
                Container::Quote => {
                    prefix.push_str(&theme.paint(Style::Dim, theme.quote()));
                    prefix.push(' ');
                }
                Container::List { .. } => {}
                Container::Item { marker, columns } => match marker {
                    Some(_) => {
                        let marker = marker.take().unwrap_or_default();
                        prefix.push_str(&theme.paint(Style::Accent, marker.trim_end()));
                        prefix.push(' ');
                    }
                    None => prefix.push_str(&" ".repeat(*columns)),
                },
            }
        }
        prefix
    }

    fn room(&self) -> usize {
        let used: usize = self
            .containers
            .iter()
            .map(|container| match container {
                Container::Quote => 2,
                Container::List { .. } => 0,
                Container::Item { columns, .. } => *columns,
            })
            .sum();
        self.scene.columns.saturating_sub(used).max(NARROWEST)
    }

    /// Whether a blank line follows what ends here.
    fn is_before_blank(&self, end: usize) -> bool {
        let text = self.source.get(..end).unwrap_or_default().trim_end();
        stable::has_blank_line(self.at(text.len()))
    }

    fn finish(mut self) -> Rendering {
        self.flush();
        self.named(self.source.len());
        if !self.scene.is_open {
            self.out.fixed = self.out.rows.len();
        } else if self.is_closed_by_blank && self.is_before_blank(self.end) {
            self.out.fixed = self.out.rows.len();
            self.out.cut = Some(Cut {
                at: self.source.len(),
                rows: self.out.rows.len(),
                ..Cut::default()
            });
        }
        self.out
    }
}

/// Whether a block of code has the line that ends it, behind so many quote marks.
fn is_closed(source: &str, range: &Range<usize>, fence: Option<&Fence>, quotes: usize) -> bool {
    let text = source.get(range.clone()).unwrap_or_default();
    let mut lines = text.trim_end_matches('\n').lines();
    let _opening = lines.next();
    let mut last = lines.next_back().map(str::trim_start);
    for _ in 0..quotes {
        last = last.map(|line| line.strip_prefix('>').unwrap_or(line).trim_start());
    }
    fence.is_some_and(|fence| last.is_some_and(|line| fence.is_closed_by(line)))
}
