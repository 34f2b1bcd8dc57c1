//! What lines must be to be taken: known, in order, within bounds, pointing at what is there. Changes nothing.

use super::lines::{LINE_BYTES, Lines, Place};
use super::{
    CanvasRecord, ConversationRecord, Counts, FORMAT, Header, ItemRecord, Record, SummaryRecord,
    TextRecord, TurnRecord, VERSION,
};
use crate::conversations;
use crate::error::Fault;
use crate::items;
use anteroom_api::{
    CanvasId, ConversationId, ConversationKind, ItemBody, ItemId, TurnId, UnixMillis,
};
use rusqlite::Connection;
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// The last moment of the year 9999.
const LATEST: i64 = 253_402_300_799_999;
/// Characters of a title, a name, a kind.
const WORDS: usize = 10_000;
/// Bytes of a note or document.
const TEXT: usize = 1 << 20;

/// A conversation found in a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chapter {
    /// Before its first line.
    pub(super) place: Place,
    pub(super) id: ConversationId,
    /// It is in the database already.
    pub(super) is_known: bool,
}

/// Reads the first line.
pub(super) fn header(lines: &mut Lines) -> Result<(), Fault> {
    let Some(header) = lines.next::<serde_json::Value>()? else {
        return Err(Fault::BadLine {
            line: 1,
            text: "the file is empty".to_string(),
        });
    };
    let version = header.get("version").and_then(serde_json::Value::as_u64);
    if header.get("format").and_then(serde_json::Value::as_str) != Some(FORMAT) {
        return Err(lines.wrong(format!("it does not say that the file is `{FORMAT}`")));
    }
    if version != Some(u64::from(VERSION)) {
        let found = version.map_or_else(|| "none".to_string(), |version| version.to_string());
        return Err(lines.wrong(format!(
            "version {found} of the format is unknown; this program reads version {VERSION}"
        )));
    }
    match serde_json::from_value::<Header>(header) {
        Ok(_) => Ok(()),
        Err(error) => Err(lines.wrong(error.to_string())),
    }
}

/// Reads the whole file and finds its conversations; the first line that cannot be taken ends it.
pub(super) fn chapters(path: &Path, home: &Connection) -> Result<Vec<Chapter>, Fault> {
    let mut lines = Lines::open(path, Place::default())?;
    header(&mut lines)?;
    let mut chapters: Vec<Chapter> = Vec::new();
    let mut seen = Seen::default();
    loop {
        let place = lines.place();
        match lines.next()? {
            Some(Record::Conversation(record)) => {
                let is_known = conversations::exists(home, record.id)?;
                let mut chapter = Reader::new(&record, &lines)?;
                seen.conversation(&record, &lines, home)?;
                while let Some(record) = chapter.next(&mut lines)? {
                    seen.record(&record, &lines, (home, is_known))?;
                }
                chapters.push(Chapter {
                    place,
                    id: record.id,
                    is_known,
                });
            }
            Some(Record::EndOfExport(ending)) => {
                if ending.conversations != chapters.len() as u64 {
                    return Err(lines.wrong(format!(
                        "{} conversations are announced, {} are there",
                        ending.conversations,
                        chapters.len()
                    )));
                }
                break;
            }
            Some(_) => return Err(lines.wrong("it belongs to no conversation")),
            None => return Err(early(&lines)),
        }
    }
    if lines.next::<serde::de::IgnoredAny>()?.is_some() {
        return Err(lines.wrong("it comes after the end"));
    }
    Ok(chapters)
}

fn early(lines: &Lines) -> Fault {
    Fault::BadLine {
        line: lines.place().line + 1,
        text: "the file ends too early".to_string(),
    }
}

/// What must be unique over the whole file.
#[derive(Debug, Default)]
pub(super) struct Seen {
    conversations: HashSet<ConversationId>,
    turns: HashSet<TurnId>,
    items: HashSet<ItemId>,
    calls: HashSet<ItemId>,
    canvases: HashMap<CanvasId, u32>,
}

impl Seen {
    fn conversation(
        &mut self,
        record: &ConversationRecord,
        lines: &Lines,
        home: &Connection,
    ) -> Result<(), Fault> {
        if !self.conversations.insert(record.id) {
            return Err(lines.wrong(format!("the conversation `{}` is there twice", record.id)));
        }
        match record.parent {
            Some(parent) if !self.calls.contains(&parent) && !items::exists(home, parent)? => {
                Err(lines.wrong(format!(
                    "its parent, the call `{parent}`, is nowhere before it"
                )))
            }
            _ => Ok(()),
        }
    }

    /// An id that is taken elsewhere would make a row of somebody else's change.
    pub(super) fn record(
        &mut self,
        record: &Record,
        lines: &Lines,
        (home, is_known): (&Connection, bool),
    ) -> Result<(), Fault> {
        let twice = |what: &str, id: &dyn std::fmt::Display| {
            Err(lines.wrong(format!("the {what} `{id}` is there already")))
        };
        match record {
            Record::Turn(TurnRecord { id, .. }) => {
                if !self.turns.insert(*id) || (!is_known && has(home, "turns", id.0)?) {
                    return twice("turn", id);
                }
            }
            Record::Item(ItemRecord { item, .. }) => {
                if !self.items.insert(item.id) || (!is_known && items::exists(home, item.id)?) {
                    return twice("item", &item.id);
                }
                if matches!(item.body, ItemBody::ToolCall(_)) {
                    self.calls.insert(item.id);
                }
            }
            Record::Canvas(CanvasRecord { id, version, .. }) => {
                if *version == 1 && !is_known && has(home, "canvases", id.0)? {
                    return twice("canvas", id);
                }
                if self.canvases.insert(*id, *version).unwrap_or(0) + 1 != *version {
                    return Err(lines.wrong(format!("it is not the next version of `{id}`")));
                }
            }
            Record::Queued(queued) => {
                if !self.turns.insert(queued.turn)
                    || (!is_known && has(home, "turns", queued.turn.0)?)
                {
                    return twice("turn", &queued.turn);
                }
            }
            Record::Conversation(_)
            | Record::Text(_)
            | Record::Summary(_)
            | Record::Besides(_)
            | Record::End(_)
            | Record::EndOfExport(_) => {}
        }
        Ok(())
    }
}

/// `table` is one of ours, by name.
fn has(home: &Connection, table: &'static str, id: uuid::Uuid) -> Result<bool, Fault> {
    let mut statement = home.prepare_cached(&format!("SELECT 1 FROM {table} WHERE id = ?1"))?;
    Ok(statement.exists([id.into_bytes()])?)
}

/// Reads one conversation, and judges each line by those before it.
#[derive(Debug)]
pub(super) struct Reader {
    kind: ConversationKind,
    turns: HashSet<TurnId>,
    items: HashSet<ItemId>,
    summaries: HashSet<ItemId>,
    canvases: HashSet<CanvasId>,
    has_summary: bool,
    counts: Counts,
}

impl Reader {
    pub(super) fn new(record: &ConversationRecord, lines: &Lines) -> Result<Self, Fault> {
        let is_child = record.kind == ConversationKind::Agent;
        if is_child != record.parent.is_some() {
            return Err(lines.wrong("a child agent's conversation, and no other, has a parent"));
        }
        check_words(&[&record.title], lines)?;
        check_path(&record.workspace, lines)?;
        check_times(&[record.created_at, record.updated_at], lines)?;
        if let Some(filed) = &record.filed {
            if let Some(wrong) = filed.wrong() {
                return Err(lines.wrong(wrong));
            }
            check_times(&filed.times(), lines)?;
        }
        Ok(Self {
            kind: record.kind,
            turns: HashSet::new(),
            items: HashSet::new(),
            summaries: HashSet::new(),
            canvases: HashSet::new(),
            has_summary: false,
            counts: Counts::default(),
        })
    }

    /// The next line of the conversation; none at its end.
    pub(super) fn next(&mut self, lines: &mut Lines) -> Result<Option<Record>, Fault> {
        let Some(record) = lines.next()? else {
            return Err(early(lines));
        };
        self.counts.add(&record);
        match &record {
            Record::Turn(turn) => self.turn(turn, lines)?,
            Record::Item(item) => self.item(item, lines)?,
            Record::Canvas(canvas) => {
                check_words(&[&canvas.title, &canvas.kind], lines)?;
                check_times(&[canvas.updated_at], lines)?;
                if self.canvases.insert(canvas.id) == (canvas.version != 1) {
                    return Err(lines.wrong("versions of a canvas are counted from 1, in order"));
                }
            }
            Record::Text(text) => self.text(text, lines)?,
            Record::Queued(queued) => {
                if queued.input.is_empty() {
                    return Err(lines.wrong("input that waits has parts"));
                }
            }
            Record::Summary(summary) => self.summary(summary, lines)?,
            Record::Besides(besides) => {
                check_words(&[&besides.purpose], lines)?;
                check_times(&[besides.at], lines)?;
            }
            Record::End(counts) => {
                if *counts != self.counts {
                    return Err(lines.wrong("it counts other lines than are there"));
                }
                if self.is_text() && counts.texts == 0 {
                    return Err(lines.wrong("a note or document has a text"));
                }
                return Ok(None);
            }
            Record::Conversation(_) | Record::EndOfExport(_) => {
                return Err(lines.wrong("the conversation before it has no end"));
            }
        }
        Ok(Some(record))
    }

    fn is_text(&self) -> bool {
        matches!(
            self.kind,
            ConversationKind::Note | ConversationKind::Document
        )
    }

    fn text(&self, text: &TextRecord, lines: &Lines) -> Result<(), Fault> {
        check_times(&[text.updated_at], lines)?;
        if !self.is_text() {
            return Err(lines.wrong("only notes and documents have a text"));
        }
        // The line itself is counted already.
        if u64::from(text.version) != self.counts.texts {
            return Err(lines.wrong("versions of a text are counted from 1, in order"));
        }
        if text.restored_from.is_some_and(|from| from >= text.version) {
            return Err(lines.wrong("a text is taken from an earlier version"));
        }
        if text.body.len() > TEXT || text.body.contains('\0') {
            return Err(lines.wrong("a text has at most 1 MB, and no zero bytes"));
        }
        Ok(())
    }

    fn turn(&mut self, turn: &TurnRecord, lines: &Lines) -> Result<(), Fault> {
        if self.is_text() {
            return Err(lines.wrong("a note or document has no turns"));
        }
        check_times(&[turn.started_at, turn.ended_at], lines)?;
        let times: Vec<UnixMillis> = turn.steps.iter().map(|step| step.at).collect();
        check_times(&times, lines)?;
        let steps: HashSet<u32> = turn.steps.iter().map(|step| step.step).collect();
        if steps.len() != turn.steps.len() {
            return Err(lines.wrong("a step is there twice"));
        }
        self.turns.insert(turn.id);
        Ok(())
    }

    fn item(&mut self, record: &ItemRecord, lines: &Lines) -> Result<(), Fault> {
        let item = &record.item;
        check_times(&[item.created_at], lines)?;
        if items::is_open(item.status) {
            return Err(lines.wrong("an item of an export is over"));
        }
        if matches!(item.body, ItemBody::Summary { .. }) {
            self.summaries.insert(item.id);
        } else if !self.turns.contains(&item.turn) {
            return Err(lines.wrong(format!("its turn `{}` is nowhere before it", item.turn)));
        }
        if let ItemBody::ToolCall(call) = &item.body {
            check_words(&[&call.tool, &call.call], lines)?;
        }
        self.items.insert(item.id);
        Ok(())
    }

    fn summary(&mut self, summary: &SummaryRecord, lines: &Lines) -> Result<(), Fault> {
        check_times(&[summary.at], lines)?;
        if std::mem::replace(&mut self.has_summary, true) {
            return Err(lines.wrong("one summary holds at a time"));
        }
        let points_at_items = summary.from.is_none_or(|from| self.items.contains(&from));
        if !self.summaries.contains(&summary.item) || !points_at_items {
            return Err(lines.wrong("it points at an item that is not there"));
        }
        Ok(())
    }
}

fn check_times(times: &[UnixMillis], lines: &Lines) -> Result<(), Fault> {
    if times.iter().all(|time| (0..=LATEST).contains(&time.0)) {
        Ok(())
    } else {
        Err(lines.wrong("a time is not between the years 1970 and 9999"))
    }
}

fn check_words(words: &[&str], lines: &Lines) -> Result<(), Fault> {
    if words.iter().all(|word| word.len() <= WORDS) {
        Ok(())
    } else {
        Err(lines.wrong(format!("a name is longer than {WORDS} bytes")))
    }
}

fn check_path(path: &str, lines: &Lines) -> Result<(), Fault> {
    if path.is_empty() || path.contains('\0') || path.len() as u64 > LINE_BYTES.min(32_768) {
        Err(lines.wrong("the workspace is no path"))
    } else {
        Ok(())
    }
}
