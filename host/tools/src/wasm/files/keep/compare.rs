//! What separates a file as it is now from what it was before some changes, and whether they could be taken
//! back. Changes nothing.

use super::super::paths;
use super::state::{self, FileState, Looked, words};
use super::store::Store;
use super::undo::{self, Recorded};
use crate::session::Session;
use rustix::io::Errno;
use similar::{ChangeTag, TextDiff};
use std::os::fd::AsFd;
use std::time::Duration;

/// Larger files are not compared line by line.
const FILE_BYTES: u64 = 4 << 20;
/// A longer difference is cut.
const DIFF_BYTES: usize = 1 << 20;
/// Two texts with nothing in common are not worth a longer search for what they share.
const DIFF_TIME: Duration = Duration::from_secs(1);
/// So many bytes without a zero count as text, as git has it.
const TEXT_SAMPLE: usize = 8_000;

/// How a file differs now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// Whether something was there before, and whether something is there now.
    pub was_and_is: (bool, bool),
    /// Lines added.
    pub added: u32,
    /// Lines removed.
    pub removed: u32,
    /// Unified diff; empty if there is none to show.
    pub unified: String,
    /// Why there is none, or not all of it.
    pub remark: Option<String>,
    /// Why an undo would leave it alone.
    pub hindrance: Option<String>,
}

/// What separates two texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unified {
    /// Lines added.
    pub added: u32,
    /// Lines removed.
    pub removed: u32,
    /// Unified diff; empty if they are the same.
    pub unified: String,
    /// Whether it was too long and is cut.
    pub is_cut: bool,
}

/// What a path held at one of the two moments.
enum Held {
    Nothing,
    Text(String),
    /// In words, because it is not shown.
    Other(String),
}

/// Compares what is at a path with what was there before changes of it, the newest first. None if it is as it was.
#[must_use]
pub fn compare_file(session: &Session, store: &Store, changes: &[Recorded]) -> Option<Compared> {
    let (newest, oldest) = (changes.first()?, changes.last()?);
    if let Some(from) = &newest.moved_from {
        return Some(Compared {
            remark: Some(format!("it was renamed from `{}`", paths::shown(from))),
            ..Compared::unknown()
        });
    }
    let now = match undo::current(session, store.bounds(), &newest.path) {
        Ok(now) => now,
        Err(why) => {
            return Some(Compared {
                remark: Some(why.clone()),
                hindrance: Some(why),
                ..Compared::unknown()
            });
        }
    };
    let Some(before) = &oldest.before else {
        let why = oldest.obstacle.clone();
        let why = why.unwrap_or_else(|| "what it was before was not kept".to_owned());
        return Some(Compared {
            was_and_is: (true, now.state != FileState::Absent),
            remark: Some(why.clone()),
            hindrance: Some(why),
            ..Compared::unknown()
        });
    };
    if *before == now.state {
        return None;
    }
    let hindrance = hindrance(changes, &now.state);
    let was = earlier(store, before);
    let is = present(session, &now, newest);
    let was_and_is = (
        !matches!(before, FileState::Absent),
        !matches!(now.state, FileState::Absent),
    );
    let mut compared = difference(&was, &is);
    compared.was_and_is = was_and_is;
    compared.hindrance = hindrance;
    Some(compared)
}

impl Compared {
    fn unknown() -> Self {
        Self {
            was_and_is: (true, true),
            added: 0,
            removed: 0,
            unified: String::new(),
            remark: None,
            hindrance: None,
        }
    }
}

/// The first obstacle an undo of all of them would meet, newest first.
fn hindrance(changes: &[Recorded], now: &FileState) -> Option<String> {
    let mut at = now;
    for change in changes {
        let Some(before) = &change.before else {
            return change.obstacle.clone();
        };
        if at != before
            && let Some(why) = undo::hindrance(change, at, false)
        {
            return Some(why);
        }
        at = before;
    }
    None
}

fn earlier(store: &Store, state: &FileState) -> Held {
    match state {
        FileState::File { hash, size, .. } if *size <= FILE_BYTES => match store.open(hash) {
            Ok(content) => read(content),
            Err(error) => Held::Other(error.to_string()),
        },
        other => in_words(other),
    }
}

fn present(session: &Session, now: &undo::Current, change: &Recorded) -> Held {
    match (&now.state, &now.file) {
        (FileState::File { size, .. }, Some(file)) if *size <= FILE_BYTES => read(file),
        (FileState::File { size, .. }, None) if *size <= FILE_BYTES => {
            match state::look(session, &change.path) {
                Ok(Looked::File(file)) => read(file),
                Ok(_) | Err(_) => Held::Other("it changes at this moment".to_owned()),
            }
        }
        (other, _) => in_words(other),
    }
}

fn in_words(state: &FileState) -> Held {
    match state {
        FileState::Absent => Held::Nothing,
        FileState::File { size, .. } => Held::Other(format!("{size} bytes, too many to compare")),
        FileState::Link { target } => Held::Text(format!("link to {target}\n")),
        FileState::Folder { .. } => Held::Other("a folder".to_owned()),
    }
}

fn read(file: impl AsFd) -> Held {
    let mut bytes = Vec::new();
    let taken = state::read_all(file, |piece| {
        bytes.extend_from_slice(piece);
        match bytes.len() as u64 > FILE_BYTES {
            true => Err(Errno::FBIG),
            false => Ok(()),
        }
    });
    if let Err(error) = taken {
        return Held::Other(words(error));
    }
    let sample = bytes.get(..TEXT_SAMPLE).unwrap_or(&bytes);
    if sample.contains(&0) {
        return Held::Other(format!("not text, {} bytes", bytes.len()));
    }
    Held::Text(String::from_utf8_lossy(&bytes).into_owned())
}

fn difference(was: &Held, is: &Held) -> Compared {
    let (old, new) = match (was, is) {
        (Held::Other(words), _) | (_, Held::Other(words)) => {
            return Compared {
                remark: Some(words.clone()),
                ..Compared::unknown()
            };
        }
        (was, is) => (text(was), text(is)),
    };
    let told = unified(old, new);
    let mut remark = told.is_cut.then(|| "the difference is cut".to_owned());
    if told.unified.is_empty() {
        remark = Some("only its permissions differ, or that it is there".to_owned());
    }
    Compared {
        added: told.added,
        removed: told.removed,
        unified: told.unified,
        remark,
        ..Compared::unknown()
    }
}

/// What separates two texts, line by line, with three lines around each difference.
#[must_use]
pub fn unified(old: &str, new: &str) -> Unified {
    let diff = TextDiff::configure()
        .timeout(DIFF_TIME)
        .diff_lines(old, new);
    let count = |tag| {
        let changes = diff.iter_all_changes().filter(|change| change.tag() == tag);
        u32::try_from(changes.count()).unwrap_or(u32::MAX)
    };
    let mut unified = diff.unified_diff().context_radius(3).to_string();
    let is_cut = unified.len() > DIFF_BYTES;
    if is_cut {
        let end = (0..=DIFF_BYTES)
            .rev()
            .find(|at| unified.is_char_boundary(*at));
        unified.truncate(end.unwrap_or(0));
    }
    Unified {
        added: count(ChangeTag::Insert),
        removed: count(ChangeTag::Delete),
        unified,
        is_cut,
    }
}

fn text(held: &Held) -> &str {
    match held {
        Held::Text(text) => text,
        Held::Nothing | Held::Other(_) => "",
    }
}
