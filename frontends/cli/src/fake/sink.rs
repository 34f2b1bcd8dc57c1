//! A stream that can be read afterwards.

use std::io::Write;
use std::sync::{Arc, Mutex};

/// Broken from the first byte on if wanted.
#[derive(Clone, Default)]
pub(crate) struct Sink {
    bytes: Arc<Mutex<Vec<u8>>>,
    pub(crate) is_broken: bool,
}

impl Sink {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.bytes.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.is_broken {
            return Err(std::io::ErrorKind::BrokenPipe.into());
        }
        self.bytes.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
