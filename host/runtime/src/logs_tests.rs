//! What is kept, how large it gets, and who may read it.

use super::*;

fn all(folder: &Path) -> String {
    fs::read_to_string(folder.join(FILE)).unwrap()
}

fn logged(level: LogLevel, format: LogFormat, write: impl FnOnce()) -> String {
    let folder = tempfile::tempdir().unwrap();
    let writer = LogFile::open(folder.path()).unwrap();
    tracing::subscriber::with_default(subscriber(writer, level, format), write);
    all(folder.path())
}

fn everything() {
    tracing::info!(target: "anteroom_runtime::bus", "ours info");
    tracing::debug!(target: "anteroom_tools", "ours debug");
    tracing::info!(target: "hyper::client", "theirs info");
    tracing::warn!(target: "hyper::client", "theirs warn");
    tracing::error!(target: "aroom", "the root's error");
}

#[test]
fn levels_are_ours_and_others_only_warn() {
    let cases = [
        (LogLevel::Error, "the root's error"),
        (LogLevel::Warn, "theirs warn, the root's error"),
        (LogLevel::Info, "ours info, theirs warn, the root's error"),
        (
            LogLevel::Debug,
            "ours info, ours debug, theirs warn, the root's error",
        ),
    ];
    for (level, expected) in cases {
        let text = logged(level, LogFormat::Text, everything);
        let messages: Vec<_> = text
            .lines()
            .map(|line| line.split_once(": ").unwrap().1)
            .collect();
        assert_eq!(messages.join(", "), expected, "{level:?}");
    }
}

#[test]
fn json_lines_are_json_and_text_has_no_escapes() {
    let text = logged(LogLevel::Info, LogFormat::Json, || {
        tracing::info!(target: "anteroom_runtime", tool = "a\u{1b}[31m\nb", "called");
    });
    let line: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["fields"]["tool"], "a\u{1b}[31m\nb");
    let text = logged(LogLevel::Info, LogFormat::Text, || {
        tracing::info!(target: "anteroom_runtime", tool = "a\u{1b}[31m\nb", "called");
    });
    assert_eq!(text.lines().count(), 1);
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn files_turn_over_and_stay_three() {
    let folder = tempfile::tempdir().unwrap();
    let log = LogFile::with_size(folder.path(), 100).unwrap();
    let other = LogFile::with_size(folder.path(), 100).unwrap();
    for number in 0..100 {
        let writer = if number % 3 == 0 { &other } else { &log };
        writer
            .write_line(format!("line {number:04}\n").as_bytes())
            .unwrap();
    }
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap())
        .inspect(|entry| assert!(entry.metadata().unwrap().len() <= 100))
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["aroom.log", "aroom.log.1", "aroom.log.2"]);
    // The newest thirty lines at most, without a gap, the last one included.
    let kept: String = ["aroom.log.2", "aroom.log.1", "aroom.log"]
        .iter()
        .map(|name| fs::read_to_string(folder.path().join(name)).unwrap())
        .collect();
    let first = 100 - kept.lines().count();
    let expected: String = (first..100)
        .map(|number| format!("line {number:04}\n"))
        .collect();
    assert_eq!(kept, expected);
}

#[test]
fn a_huge_line_is_cut() {
    let text = logged(LogLevel::Info, LogFormat::Text, || {
        tracing::info!(target: "anteroom_runtime", "{}", "x".repeat(LINE_BYTES * 2));
        tracing::info!(target: "anteroom_runtime", "next");
    });
    let lengths: Vec<_> = text.lines().map(str::len).collect();
    assert_eq!(lengths.len(), 2);
    assert!(lengths[0] <= LINE_BYTES + "…".len());
}

#[cfg(unix)]
#[test]
fn the_log_belongs_to_the_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("data/logs");
    LogFile::open(&logs).unwrap().write_line(b"x\n").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&logs), 0o700);
    assert_eq!(mode(&logs.join(FILE)), 0o600);
}
