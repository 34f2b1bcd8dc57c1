//! What is known at one point of a line: variables, functions, aliases, folders.

use super::output::Output;
use crate::policy::Place;
use brush_parser::ast::FunctionDefinition;
use std::collections::BTreeMap;

/// Stands for text that is not known before the line runs.
pub(super) const UNKNOWN: char = '\u{fffc}';
/// Most values that are followed for one variable or word.
pub(super) const MAX_OPTIONS: usize = 6;

/// Where a text came from, if it is not the line itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Taint {
    /// Out of the network.
    pub(super) is_downloaded: bool,
    /// Out of a decoder such as `base64 -d`.
    pub(super) is_decoded: bool,
    /// Out of any command.
    pub(super) is_computed: bool,
}

impl Taint {
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            is_downloaded: self.is_downloaded || other.is_downloaded,
            is_decoded: self.is_decoded || other.is_decoded,
            is_computed: self.is_computed || other.is_computed,
        }
    }
}

/// What a variable may hold.
#[derive(Clone, Debug)]
pub(super) struct Value {
    /// The possible values, each a list; a scalar is a list of one.
    pub(super) options: Vec<Vec<String>>,
    /// Whether there is no other possibility.
    pub(super) is_known: bool,
    pub(super) taint: Taint,
}

impl Value {
    pub(super) fn known(text: impl Into<String>) -> Self {
        Self {
            options: vec![vec![text.into()]],
            is_known: true,
            taint: Taint::default(),
        }
    }

    /// Not set in the line. The environment is nearly empty, so it is most likely empty.
    pub(super) fn unset() -> Self {
        Self {
            is_known: false,
            ..Self::known("")
        }
    }

    pub(super) fn guessed(text: impl Into<String>) -> Self {
        Self {
            is_known: false,
            ..Self::known(text)
        }
    }

    pub(super) fn unknown(taint: Taint) -> Self {
        Self {
            options: vec![vec![UNKNOWN.to_string()]],
            is_known: false,
            taint,
        }
    }

    /// The texts of the value as a scalar.
    pub(super) fn texts(&self) -> Vec<String> {
        self.options.iter().map(|list| list.join(" ")).collect()
    }

    pub(super) fn map(mut self, change: impl Fn(&str) -> String) -> Self {
        for text in self.options.iter_mut().flatten() {
            *text = change(text);
        }
        self
    }

    pub(super) fn uncertain(mut self) -> Self {
        self.is_known = false;
        self
    }

    pub(super) fn or(&mut self, other: Self) {
        self.is_known = self.is_known && other.is_known;
        self.taint = self.taint.and(other.taint);
        for option in other.options {
            if self.options.len() >= MAX_OPTIONS {
                self.is_known = false;
                break;
            }
            if !self.options.contains(&option) {
                self.options.push(option);
            }
        }
    }
}

/// What is known where a command stands.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    variables: BTreeMap<String, Value>,
    /// What `$0` is, if the line says so.
    pub(super) zero: Option<String>,
    pub(super) positional: Vec<String>,
    pub(super) is_positional_known: bool,
    pub(super) functions: BTreeMap<String, FunctionDefinition>,
    pub(super) aliases: BTreeMap<String, String>,
    /// Files the line writes, with what it writes into them.
    pub(super) files: Vec<(String, Output)>,
    /// Folders the command may run in, absolute.
    pub(super) folders: Vec<String>,
    /// Whether the command may not run at all, so that an assignment only adds a possibility.
    pub(super) is_conditional: bool,
    /// Whether it runs beside other commands.
    pub(super) is_parallel: bool,
    /// The function whose body this is.
    pub(super) inside: Option<String>,
}

impl Scope {
    pub(super) fn new(place: &Place, cwd: &str) -> Self {
        let workspace = place.workspace.to_string_lossy();
        let folder = if cwd.starts_with('/') {
            cwd.to_owned()
        } else {
            format!("{workspace}/{cwd}")
        };
        let mut variables = BTreeMap::new();
        variables.insert(
            "PWD".to_owned(),
            Value::known(folder.trim_end_matches(['/', '.'])),
        );
        if let Some(temp) = &place.temp {
            let temp = Value::guessed(temp.to_string_lossy());
            variables.insert("TMPDIR".to_owned(), temp);
        }
        variables.insert("IFS".to_owned(), Value::known(" \t\n"));
        variables.insert("PATH".to_owned(), Value::guessed("/usr/bin"));
        variables.insert("SHELL".to_owned(), Value::guessed("/bin/sh"));
        variables.insert("BASH".to_owned(), Value::guessed("/bin/bash"));
        if let Some(home) = &place.home {
            variables.insert("HOME".to_owned(), Value::known(home.to_string_lossy()));
        } else {
            variables.insert("HOME".to_owned(), Value::guessed("/root"));
        }
        Self {
            variables,
            zero: None,
            positional: Vec::new(),
            is_positional_known: true,
            functions: BTreeMap::new(),
            aliases: BTreeMap::new(),
            files: Vec::new(),
            folders: vec![folder],
            is_conditional: false,
            is_parallel: false,
            inside: None,
        }
    }

    pub(super) fn get(&self, name: &str) -> Value {
        self.variables
            .get(name)
            .cloned()
            .unwrap_or_else(Value::unset)
    }

    pub(super) fn is_set(&self, name: &str) -> bool {
        self.variables.contains_key(name)
    }

    pub(super) fn home(&self) -> String {
        self.get("HOME")
            .texts()
            .into_iter()
            .next()
            .unwrap_or_default()
    }

    pub(super) fn set(&mut self, name: &str, value: Value) {
        match self.variables.get_mut(name) {
            Some(known) if self.is_conditional => known.or(value),
            _ => {
                let mut value = value;
                if self.is_conditional {
                    value.or(Value::unset());
                }
                self.variables.insert(name.to_owned(), value);
            }
        }
    }

    /// The folder commands most likely run in.
    pub(super) fn folder(&self) -> String {
        self.folders.last().cloned().unwrap_or_default()
    }

    /// Adds folders without forgetting the ones known.
    pub(super) fn may_be_in(&mut self, folders: &[String]) {
        for folder in folders {
            if !self.folders.contains(folder) {
                self.folders.insert(0, folder.clone());
            }
        }
    }

    /// Adds a folder the rest of the line may run in.
    pub(super) fn enter(&mut self, path: &str) {
        let entered: Vec<String> = self
            .folders
            .iter()
            .map(|folder| {
                if path.starts_with('/') {
                    path.to_owned()
                } else {
                    format!("{folder}/{path}")
                }
            })
            .collect();
        for folder in entered {
            if self.folders.len() < MAX_OPTIONS && !self.folders.contains(&folder) {
                self.folders.push(folder);
            }
        }
        let folder = self.folder();
        self.variables
            .insert("PWD".to_owned(), Value::guessed(folder));
    }
}
