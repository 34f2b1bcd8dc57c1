//! What a test's host plays of commands, people, child agents and canvases: what the test scripted, and what the tool
//! did with it.

use crate::agents::{Outcome, Task};
use crate::canvas::Document;
use crate::process::{Chunk, Command, Exit, Source, Task as Background};
use crate::{FileDiff, ToolError};

/// What a test said beforehand, and what was asked of it.
#[derive(Debug, Default)]
pub(crate) struct Played {
    pub(crate) endings: Vec<(String, (Vec<Chunk>, Exit))>,
    pub(crate) commands: Vec<Command>,
    tasks: Vec<(Background, Vec<u8>)>,
    pub(crate) answers: Vec<(String, Vec<String>)>,
    pub(crate) questions: Vec<String>,
    pub(crate) outcomes: Vec<(String, Outcome)>,
    pub(crate) agents: Vec<Task>,
    pub(crate) canvases: Vec<Document>,
    pub(crate) proposals: Vec<FileDiff>,
}

/// Of several beginnings that fit the longest.
fn fitting<'a, T>(scripted: &'a [(String, T)], text: &str) -> Option<&'a T> {
    let fitting = scripted
        .iter()
        .filter(|(beginning, _)| text.starts_with(beginning.as_str()));
    let found = fitting.max_by_key(|(beginning, _)| beginning.len());
    found.map(|(_, scripted)| scripted)
}

/// How a command ends in a test.
pub(super) fn ending(output: &str, code: i32) -> (Vec<Chunk>, Exit) {
    let chunk = Chunk {
        source: Source::Stdout,
        bytes: output.as_bytes().to_vec(),
    };
    let chunks = if output.is_empty() {
        Vec::new()
    } else {
        vec![chunk]
    };
    let exit = Exit {
        code: Some(code),
        signal: None,
        timed_out: false,
    };
    (chunks, exit)
}

impl Played {
    pub(crate) fn spawn(&mut self, command: &Command) -> Result<(Vec<Chunk>, Exit), ToolError> {
        self.commands.push(command.clone());
        fitting(&self.endings, &command.line)
            .cloned()
            .ok_or_else(|| {
                ToolError::failed(format!("the test has no ending for `{}`", command.line))
            })
    }

    pub(crate) fn start(&mut self, command: &Command) -> Result<Background, ToolError> {
        let (chunks, exit) = self.spawn(command)?;
        let output: Vec<u8> = chunks.into_iter().flat_map(|chunk| chunk.bytes).collect();
        let task = Background {
            id: format!("task-{}", self.tasks.len() + 1),
            line: command.line.clone(),
            exit: Some(exit),
            output_bytes: output.len() as u64,
        };
        self.tasks.push((task.clone(), output));
        Ok(task)
    }

    pub(crate) fn list(&self) -> Vec<Background> {
        self.tasks.iter().map(|(task, _)| task.clone()).collect()
    }

    pub(crate) fn task(&self, id: &str) -> Result<&(Background, Vec<u8>), ToolError> {
        let found = self.tasks.iter().find(|(task, _)| task.id == id);
        found.ok_or_else(|| ToolError::failed(format!("there is no task `{id}`")))
    }

    pub(crate) fn answer(&mut self, question: &str) -> Option<Vec<String>> {
        self.questions.push(question.to_owned());
        fitting(&self.answers, question).cloned()
    }

    pub(crate) fn run(&mut self, task: &Task) -> Result<Outcome, ToolError> {
        self.agents.push(task.clone());
        fitting(&self.outcomes, &task.prompt)
            .cloned()
            .ok_or_else(|| {
                ToolError::failed(format!("the test has no outcome for `{}`", task.prompt))
            })
    }

    pub(crate) fn create(&mut self, title: &str, kind: &str, body: &str) -> Document {
        let document = Document {
            id: format!("canvas-{}", self.canvases.len() + 1),
            title: title.to_owned(),
            kind: kind.to_owned(),
            version: 1,
            body: body.to_owned(),
        };
        self.canvases.push(document.clone());
        document
    }

    pub(crate) fn canvas(&mut self, id: &str) -> Option<&mut Document> {
        self.canvases.iter_mut().find(|document| document.id == id)
    }
}
