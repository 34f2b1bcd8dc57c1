//! Logs: structured lines in a file of bounded size in the data folder.
//!
//! Says where lines go and which are kept. Other crates' lines are kept from `warn` on only; ours
//! hold no content of conversations above `debug` and no secret at all, which is up to the code
//! that writes them.

use crate::config::private_file;
use crate::config::{LogFormat, LogLevel};
use anteroom_api::{Problem, ProblemCode};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// The folder of the logs, in the data folder.
pub const FOLDER: &str = "logs";
/// The newest file; older ones are `aroom.log.1` and so on.
pub const FILE: &str = "aroom.log";

/// A file grows to this size. Five megabytes hold weeks of ordinary use.
const FILE_BYTES: u64 = 5 * 1024 * 1024;
/// The newest file and two older ones.
const FILES: u32 = 3;
/// A longer line is cut: one entry must not push out all others.
const LINE_BYTES: usize = 64 * 1024;

/// Sends everything the process logs to the data folder.
///
/// # Errors
/// The file cannot be opened, or logging was set up before.
pub fn start(data_dir: &Path, level: LogLevel, format: LogFormat) -> Result<(), Problem> {
    let writer = LogFile::open(&data_dir.join(FOLDER)).map_err(|error| {
        let path = data_dir.join(FOLDER).join(FILE);
        Problem::new(
            ProblemCode::Storage,
            format!("could not open `{}`", path.display()),
        )
        .cause(error)
        .hint("make the folder writable, or set `app.data_dir` to another one")
    })?;
    tracing::subscriber::set_global_default(subscriber(writer, level, format)).map_err(|error| {
        Problem::new(ProblemCode::Internal, "logging was already set up").cause(error)
    })
}

fn subscriber(
    writer: LogFile,
    level: LogLevel,
    format: LogFormat,
) -> Box<dyn Subscriber + Send + Sync> {
    let level = match level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    };
    let others = if level == "error" { "error" } else { "warn" };
    // A target matches by its beginning: `anteroom` covers all of our crates. What `rmcp` warns of holds what servers
    // said and were told.
    let filter = EnvFilter::new(format!(
        "{others},rmcp=error,anteroom={level},aroom={level}"
    ));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_ansi(false);
    match format {
        LogFormat::Text => Box::new(builder.finish()),
        LogFormat::Json => Box::new(builder.json().finish()),
    }
}

/// A log that turns over: at its full size the file is renamed and a new one begun. Several
/// processes may write to the same one.
struct LogFile {
    path: PathBuf,
    most_bytes: u64,
    file: Mutex<File>,
}

impl LogFile {
    fn open(folder: &Path) -> io::Result<Self> {
        Self::with_size(folder, FILE_BYTES)
    }

    fn with_size(folder: &Path, most_bytes: u64) -> io::Result<Self> {
        let path = folder.join(FILE);
        let file = Mutex::new(private_file::append(&path)?);
        Ok(Self {
            path,
            most_bytes,
            file,
        })
    }

    fn write_line(&self, line: &[u8]) -> io::Result<()> {
        let mut file = self.lock();
        let size = file.metadata()?.len();
        if size > 0 && size.saturating_add(line.len() as u64) > self.most_bytes {
            self.turn_over(&mut file)?;
        }
        file.write_all(line)
    }

    fn turn_over(&self, file: &mut File) -> io::Result<()> {
        // Another process may have done it already: then only our handle is old.
        if is_same(file, &self.path) {
            for age in (1..FILES).rev() {
                let newer = if age == 1 {
                    self.path.clone()
                } else {
                    self.aged(age - 1)
                };
                match fs::rename(newer, self.aged(age)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
        }
        *file = private_file::append(&self.path)?;
        Ok(())
    }

    fn aged(&self, age: u32) -> PathBuf {
        self.path.with_file_name(format!("{FILE}.{age}"))
    }

    fn lock(&self) -> MutexGuard<'_, File> {
        // A file handle has no half-written state to protect.
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(unix)]
fn is_same(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(ours), Ok(named)) => ours.dev() == named.dev() && ours.ino() == named.ino(),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_same(_file: &File, path: &Path) -> bool {
    path.exists()
}

impl<'a> MakeWriter<'a> for LogFile {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        Line {
            log: self,
            bytes: Vec::new(),
        }
    }
}

/// One line, gathered and then written in one piece, so that processes do not mix theirs.
struct Line<'a> {
    log: &'a LogFile,
    bytes: Vec<u8>,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = LINE_BYTES.saturating_sub(self.bytes.len());
        self.bytes
            .extend_from_slice(&bytes[..bytes.len().min(room)]);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        if self.bytes.is_empty() {
            return;
        }
        if self.bytes.len() >= LINE_BYTES && self.bytes.last() != Some(&b'\n') {
            self.bytes.extend_from_slice("…\n".as_bytes());
        }
        // Nobody is left to tell that the log itself cannot be written.
        let _ = self.log.write_line(&self.bytes);
    }
}

#[cfg(test)]
#[path = "logs_tests.rs"]
mod tests;
