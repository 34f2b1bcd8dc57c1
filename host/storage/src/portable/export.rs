//! Writes conversations, line by line, as they are at one moment. Holds one line at a time.

use super::{
    BesidesRecord, CanvasRecord, ConversationRecord, Counts, Ending, FORMAT, FiledRecord, Header,
    ItemRecord, QueuedRecord, Record, StepRecord, SummaryRecord, TextRecord, TurnRecord,
    UserRecord, VERSION,
};
use crate::conversations::{self, key};
use crate::error::{Fault, StorageError, with_ending};
use crate::rows::{self, Key};
use crate::{Storage, connection, files, items};
use anteroom_api::{ConversationId, Item, ItemBody, Status, StopReason, ToolResult, UnixMillis};
use rusqlite::{Connection, OptionalExtension as _, Row, Rows};
use serde::Serialize;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Said of a call that was still running.
const CUT_OFF: &str = "interrupted: the conversation was exported while this call ran";

impl Storage {
    /// Writes conversations with all that belongs to them, child agents' included, to a file for the owner only;
    /// all there are if none is named. Gives how many were written.
    ///
    /// # Errors
    /// [`Fault::Exists`], [`Fault::UnknownConversation`], or any [`Fault`] of either disk; there is no file then.
    pub async fn export(
        &self,
        target: &Path,
        conversations: &[ConversationId],
    ) -> Result<u64, StorageError> {
        let opened = self.files();
        let sources: Vec<_> = opened
            .iter()
            .map(|file| (file.path.clone(), file.readers.reading()))
            .collect();
        let (wanted, target) = (conversations.to_vec(), target.to_path_buf());
        let named = target.clone();
        let done = tokio::task::spawn_blocking(move || {
            // Held until the end: a shared file is not let go of meanwhile.
            let written = export(&sources, &wanted, &target);
            drop(opened);
            written
        });
        let done = done.await;
        done.unwrap_or_else(|error| Err(Fault::Panicked(error.to_string())))
            .map_err(|fault| fault.with(&named))
    }
}

fn export(
    sources: &[(PathBuf, connection::Reading)],
    wanted: &[ConversationId],
    target: &Path,
) -> Result<u64, Fault> {
    if target.exists() {
        return Err(Fault::Exists(target.to_path_buf()));
    }
    let mut opened = Vec::new();
    for (path, reading) in sources {
        let source = connection::reader_as(path, *reading)?;
        // One moment of each file, whoever writes meanwhile.
        source.execute_batch("BEGIN")?;
        opened.push(source);
    }
    let chosen = choose(&opened, wanted)?;
    let unfinished = with_ending(target, ".part");
    let written = (|| {
        let file = files::create_private(&unfinished)?;
        file.set_len(0)?;
        let mut lines = BufWriter::new(file);
        let written = write_all(&opened, &chosen, &mut lines)?;
        let file = lines.into_inner().map_err(|error| error.into_error())?;
        file.sync_all()?;
        files::move_new(&unfinished, target)?;
        Ok(written)
    })();
    if written.is_err() {
        // What failed is told; that a piece of it stays is not worth another word.
        drop(std::fs::remove_file(&unfinished));
    }
    written
}

/// The conversations to write, parents before their children, with the place of the file they are in.
fn choose(
    sources: &[Connection],
    wanted: &[ConversationId],
) -> Result<Vec<(usize, ConversationId)>, Fault> {
    let mut roots = Vec::new();
    if wanted.is_empty() {
        for (place, source) in sources.iter().enumerate() {
            let mut statement = source.prepare(
                // A child whose parent is gone stands for itself.
                "SELECT id FROM conversations c WHERE parent IS NULL
                    OR NOT EXISTS (SELECT 1 FROM items i WHERE i.id = c.parent)",
            )?;
            let found = statement.query_map([], |row| rows::id::<ConversationId>(row, 0))?;
            for id in found {
                roots.push((id?, place));
            }
        }
    }
    for id in wanted {
        let mut places = sources.iter().enumerate();
        let place = places.find_map(|(place, source)| {
            conversations::exists(source, *id)
                .map(|exists| exists.then_some(place))
                .transpose()
        });
        roots.push((*id, place.ok_or(Fault::UnknownConversation(*id))??));
    }
    roots.sort_unstable();
    roots.dedup();
    let mut chosen: Vec<(usize, ConversationId)> = Vec::new();
    for (root, place) in roots {
        let Some(source) = sources.get(place) else {
            continue;
        };
        for id in conversations::with_children(source, root)? {
            if !chosen.contains(&(place, id)) || wanted.is_empty() {
                chosen.push((place, id));
            }
        }
    }
    Ok(chosen)
}

fn write_all(
    sources: &[Connection],
    chosen: &[(usize, ConversationId)],
    lines: &mut BufWriter<File>,
) -> Result<u64, Fault> {
    let header = Header {
        format: FORMAT.to_string(),
        version: VERSION,
    };
    write_line(lines, &header)?;
    let mut ending = Ending::default();
    for (place, id) in chosen {
        let Some(source) = sources.get(*place) else {
            continue;
        };
        let mut page = Page {
            source,
            id: *id,
            lines,
            counts: Counts::default(),
        };
        page.conversation()?;
        ending.conversations += 1;
    }
    write_line(lines, &Record::EndOfExport(ending))?;
    lines.flush()?;
    Ok(ending.conversations)
}

fn write_line(lines: &mut BufWriter<File>, line: &impl Serialize) -> Result<(), Fault> {
    serde_json::to_writer(&mut *lines, line).map_err(|error| match error.io_error_kind() {
        Some(kind) => Fault::from(std::io::Error::from(kind)),
        None => Fault::Unstorable(Arc::new(error)),
    })?;
    Ok(lines.write_all(b"\n")?)
}

/// One conversation being written.
struct Page<'a> {
    source: &'a Connection,
    id: ConversationId,
    lines: &'a mut BufWriter<File>,
    counts: Counts,
}

impl Page<'_> {
    fn write(&mut self, record: &Record) -> Result<(), Fault> {
        self.counts.add(record);
        write_line(self.lines, record)
    }

    fn conversation(&mut self) -> Result<(), Fault> {
        let mut record = self.source.query_row(
            "SELECT id, kind, title, workspace, model, parent, forked_from, trust, created_at,
                updated_at, user_id, user_display_name FROM conversations WHERE id = ?1",
            [key(self.id)],
            conversation,
        )?;
        record.filed = FiledRecord::of(self.source, self.id)?;
        let updated_at = record.updated_at;
        self.write(&Record::Conversation(record))?;
        self.turns_and_items(updated_at)?;
        self.canvases()?;
        self.texts()?;
        self.rest()?;
        write_line(self.lines, &Record::End(self.counts))
    }

    /// Each turn before its first item; items in the order they came.
    fn turns_and_items(&mut self, updated_at: UnixMillis) -> Result<(), Fault> {
        let source = self.source;
        let mut turns = source.prepare(
            "SELECT id, started_at, ended_at, stop, prompt_tokens, completion_tokens, cached_tokens,
                is_estimated, cost_micros, user_id, user_display_name
             FROM turns WHERE conversation = ?1 ORDER BY row",
        )?;
        let mut turns = turns.query([key(self.id)])?;
        let sql = items::view_with(
            "i.is_aside, i.user_id, i.user_display_name,
             EXISTS (SELECT 1 FROM turns t WHERE t.id = i.turn)",
        );
        let mut items = source.prepare(&format!(
            "{sql} WHERE i.conversation = ?1 ORDER BY i.ordinal"
        ))?;
        let mut items = items.query([key(self.id)])?;
        let mut written: Option<Key> = None;
        let mut passed = std::collections::HashSet::new();
        while let Some(row) = items.next()? {
            let turn: Key = row.get(1)?;
            let has_turn: bool = row.get(items::AFTER + 3)?;
            while has_turn && written != Some(turn) && !passed.contains(&turn) {
                let Some(next) = self.turn(&mut turns, updated_at)? else {
                    break;
                };
                passed.insert(next);
                written = Some(next);
            }
            let record = ItemRecord {
                item: closed(items::view(row)?),
                is_aside: row.get(items::AFTER)?,
                user: user(row, items::AFTER + 1)?,
            };
            self.write(&Record::Item(record))?;
        }
        while self.turn(&mut turns, updated_at)?.is_some() {}
        Ok(())
    }

    /// Writes the next turn.
    fn turn(&mut self, turns: &mut Rows<'_>, updated_at: UnixMillis) -> Result<Option<Key>, Fault> {
        let Some(row) = turns.next()? else {
            return Ok(None);
        };
        let id: Key = row.get(0)?;
        let ended_at: Option<i64> = row.get(2)?;
        let stop: Option<StopReason> = rows::optional_json(row, 3)?;
        let record = TurnRecord {
            id: rows::id(row, 0)?,
            started_at: rows::millis(row, 1)?,
            ended_at: ended_at.map_or(updated_at, UnixMillis),
            stop: stop.unwrap_or(StopReason::Interrupted),
            usage: rows::usage(row, 4)?,
            steps: self.steps(id)?,
            user: user(row, 9)?,
        };
        self.write(&Record::Turn(record))?;
        Ok(Some(id))
    }

    fn steps(&self, turn: Key) -> Result<Vec<StepRecord>, Fault> {
        let mut statement = self.source.prepare_cached(
            "SELECT step, at, prompt_tokens, completion_tokens, cached_tokens, is_estimated,
                cost_micros, model FROM usage WHERE turn = ?1 ORDER BY step",
        )?;
        let found = statement.query_map([turn], |row| {
            Ok(StepRecord {
                step: row.get(0)?,
                at: rows::millis(row, 1)?,
                usage: rows::usage(row, 2)?,
                model: row.get(7)?,
            })
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    fn canvases(&mut self) -> Result<(), Fault> {
        let mut statement = self.source.prepare_cached(
            "SELECT c.id, v.version, v.title, v.kind, v.updated_at, v.body, v.user_id,
                v.user_display_name
             FROM canvases c JOIN canvas_versions v ON v.canvas = c.id
             WHERE c.conversation = ?1 ORDER BY c.row, v.version",
        )?;
        let mut found = statement.query([key(self.id)])?;
        while let Some(row) = found.next()? {
            let record = CanvasRecord {
                id: rows::id(row, 0)?,
                version: row.get(1)?,
                title: row.get(2)?,
                kind: row.get(3)?,
                updated_at: rows::millis(row, 4)?,
                body: row.get(5)?,
                user: user(row, 6)?,
            };
            self.write(&Record::Canvas(record))?;
        }
        Ok(())
    }

    fn texts(&mut self) -> Result<(), Fault> {
        let mut statement = self.source.prepare_cached(
            "SELECT version, updated_at, restored_from, body, user_id, user_display_name
             FROM text_versions WHERE conversation = ?1 ORDER BY version",
        )?;
        let mut found = statement.query([key(self.id)])?;
        while let Some(row) = found.next()? {
            let record = TextRecord {
                version: row.get(0)?,
                updated_at: rows::millis(row, 1)?,
                restored_from: row.get(2)?,
                body: row.get(3)?,
                user: user(row, 4)?,
            };
            self.write(&Record::Text(record))?;
        }
        Ok(())
    }

    fn rest(&mut self) -> Result<(), Fault> {
        let mut statement = self.source.prepare_cached(
            "SELECT turn, input FROM queued WHERE conversation = ?1 ORDER BY row",
        )?;
        let mut found = statement.query([key(self.id)])?;
        while let Some(row) = found.next()? {
            let record = QueuedRecord {
                turn: rows::id(row, 0)?,
                input: rows::json(row, 1)?,
            };
            self.write(&Record::Queued(record))?;
        }
        let summary = self
            .source
            .prepare_cached("SELECT item, from_item, at FROM summaries WHERE conversation = ?1")?
            .query_row([key(self.id)], |row| {
                Ok(SummaryRecord {
                    item: rows::id(row, 0)?,
                    from: rows::optional_id(row, 1)?,
                    at: rows::millis(row, 2)?,
                })
            })
            .optional()?;
        if let Some(record) = summary {
            self.write(&Record::Summary(record))?;
        }
        let mut statement = self.source.prepare_cached(
            "SELECT purpose, at, prompt_tokens, completion_tokens, cached_tokens, is_estimated,
                cost_micros FROM usage_besides WHERE conversation = ?1 ORDER BY row",
        )?;
        let mut found = statement.query([key(self.id)])?;
        while let Some(row) = found.next()? {
            let record = BesidesRecord {
                purpose: row.get(0)?,
                at: rows::millis(row, 1)?,
                usage: rows::usage(row, 2)?,
            };
            self.write(&Record::Besides(record))?;
        }
        Ok(())
    }
}

fn conversation(row: &Row<'_>) -> rusqlite::Result<ConversationRecord> {
    Ok(ConversationRecord {
        id: rows::id(row, 0)?,
        kind: rows::word(row, 1)?,
        title: row.get(2)?,
        workspace: row.get(3)?,
        model: row.get(4)?,
        parent: rows::optional_id(row, 5)?,
        forked_from: rows::optional_id(row, 6)?,
        trust: rows::word(row, 7)?,
        filed: None,
        created_at: rows::millis(row, 8)?,
        updated_at: rows::millis(row, 9)?,
        user: user(row, 10)?,
    })
}

/// Two columns: whose it is.
pub(super) fn user(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<UserRecord>> {
    let id: Option<String> = row.get(index)?;
    let name: Option<String> = row.get(index + 1)?;
    Ok(id.map(|id| UserRecord {
        id,
        name: name.unwrap_or_default(),
    }))
}

/// An item that will not change any more; one that might is as a crash would leave it.
fn closed(mut item: Item) -> Item {
    if !items::is_open(item.status) {
        return item;
    }
    item.status = Status::Interrupted;
    if let ItemBody::ToolCall(call) = &mut item.body {
        call.result
            .get_or_insert_with(|| ToolResult::failed(CUT_OFF));
    }
    item
}
