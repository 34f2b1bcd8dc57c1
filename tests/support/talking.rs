//! A real program whose standard input and output stay open: lines in, lines out.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;
use tokio::sync::mpsc;

/// Long enough for a busy machine; what is waited for comes much sooner.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program that is talked with. Dropping it ends the program.
pub struct Talking {
    child: Option<Child>,
    stdin: Option<ChildStdin>,
    lines: mpsc::UnboundedReceiver<Value>,
    stderr: Option<std::thread::JoinHandle<String>>,
}

/// How it ended, and what it said on standard error.
#[derive(Debug)]
pub struct Over {
    pub code: i32,
    pub stderr: String,
}

impl Talking {
    pub fn spawn(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = mpsc::unbounded_channel();
        let stdout = child.stdout.take().unwrap();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                let line = line.unwrap();
                let value = serde_json::from_str(&line).unwrap_or(Value::String(line));
                if sender.send(value).is_err() {
                    return;
                }
            }
        });
        let mut error = child.stderr.take().unwrap();
        let stderr = std::thread::spawn(move || {
            let mut text = String::new();
            error.read_to_string(&mut text).unwrap();
            text
        });
        Self {
            stdin: child.stdin.take(),
            child: Some(child),
            lines,
            stderr: Some(stderr),
        }
    }

    pub fn say(&mut self, line: &Value) {
        let stdin = self.stdin.as_mut().expect("still open");
        stdin.write_all(format!("{line}\n").as_bytes()).unwrap();
        stdin.flush().unwrap();
    }

    /// The next event of this noun and verb.
    pub async fn event(&mut self, noun: &str, verb: &str) -> Value {
        let found = tokio::time::timeout(PATIENCE, async {
            while let Some(line) = self.lines.recv().await {
                let event = &line["envelope"]["event"];
                if event["noun"] == noun && event["event"]["verb"] == verb {
                    return Some(event["event"].clone());
                }
            }
            None
        });
        match found.await {
            Ok(Some(event)) => event,
            Ok(None) => panic!("it ended before {noun} {verb}"),
            Err(_) => panic!("never came: {noun} {verb}"),
        }
    }

    /// Sends a signal, by the name that `kill` knows.
    pub fn signal(&self, name: &str) {
        let pid = self.child.as_ref().expect("it runs").id().to_string();
        let sent = Command::new("kill").args([name, &pid]).status();
        assert!(sent.unwrap().success());
    }

    /// Closes standard input.
    pub fn hang_up(&mut self) {
        self.stdin = None;
    }

    /// Closes standard input and waits for the end.
    pub async fn end(mut self) -> Over {
        self.hang_up();
        let (mut child, stderr) = (self.child.take().unwrap(), self.stderr.take().unwrap());
        let ended = tokio::task::spawn_blocking(move || {
            let code = child.wait().unwrap().code().unwrap_or(-1);
            let stderr = stderr.join().unwrap();
            Over { code, stderr }
        });
        let ended = tokio::time::timeout(PATIENCE, ended).await;
        ended.expect("it ends").unwrap()
    }
}

impl Drop for Talking {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
