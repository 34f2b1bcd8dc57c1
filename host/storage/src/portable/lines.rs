//! Lines of a file that somebody else may have written: bounded, numbered, each with its place.

use crate::error::Fault;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;

/// A longer line is refused: an item with the largest image there may be has less.
pub(super) const LINE_BYTES: u64 = 32 << 20;

/// A place in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// Bytes before it.
    pub(super) offset: u64,
    /// Lines before it.
    pub(super) line: u64,
}

/// A file that is read line by line.
#[derive(Debug)]
pub(super) struct Lines {
    file: BufReader<File>,
    place: Place,
    buffer: Vec<u8>,
}

impl Lines {
    /// Starts reading at a place.
    pub(super) fn open(path: &Path, place: Place) -> Result<Self, Fault> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(place.offset))?;
        Ok(Self {
            file: BufReader::new(file),
            place,
            buffer: Vec::new(),
        })
    }

    /// After the newest line.
    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// The next line, read as JSON; none at the end of the file.
    pub(super) fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, Fault> {
        self.buffer.clear();
        let most = LINE_BYTES + 1;
        let read = (&mut self.file)
            .take(most)
            .read_until(b'\n', &mut self.buffer)?;
        if read == 0 {
            return Ok(None);
        }
        self.place.line += 1;
        self.place.offset += read as u64;
        let Some(line) = self.buffer.strip_suffix(b"\n") else {
            return Err(match read as u64 == most {
                true => self.wrong(format!("it is longer than {} MB", LINE_BYTES >> 20)),
                false => self.wrong("it ends without a line break: the file was cut off"),
            });
        };
        match serde_json::from_slice(line) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(self.wrong(format!("it cannot be read: {error}"))),
        }
    }

    /// What is wrong with the newest line.
    pub(super) fn wrong(&self, text: impl Into<String>) -> Fault {
        Fault::BadLine {
            line: self.place.line,
            text: text.into(),
        }
    }
}
