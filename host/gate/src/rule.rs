//! Rules: what is allowed or denied in advance, in the notation of `--allowed-tools`.
//!
//! `read_file` names a tool, `bash:cargo test *` commands, `edit_file:src/config/**` files, `*` everything.
//! What the text behind the colon means depends on the effect it is held against, so no tool is known by name.

use crate::FilePath;
use globset::{GlobBuilder, GlobMatcher};
use std::fmt;
use std::str::FromStr;

/// One rule. Parsing and displaying round-trip.
#[derive(Clone, Debug)]
pub struct Rule {
    tool: String,
    argument: Option<Argument>,
}

#[derive(Clone, Debug)]
struct Argument {
    text: String,
    command: CommandPattern,
    /// As written, for what is allowed.
    files: GlobMatcher,
    /// Ignoring case, for what is denied.
    files_any_case: GlobMatcher,
}

/// Words a command begins with; the whole command unless it is open.
#[derive(Clone, Debug)]
struct CommandPattern {
    words: Vec<String>,
    is_open: bool,
}

/// A text that is no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// There is no tool name.
    #[error(
        "`{0}` is no rule; write a tool (`read_file`), a command (`bash:cargo test *`), files (`edit_file:src/**`), a host (`weather:api.example.org`) or `*`"
    )]
    Shape(String),
    /// The part behind the colon is not a valid pattern.
    #[error("`{rule}` has a pattern that cannot be understood: {cause}")]
    Pattern {
        /// The rule.
        rule: String,
        /// Why.
        cause: String,
    },
}

impl Rule {
    /// The rule that names a whole tool.
    pub(crate) fn tool(tool: &str) -> Option<Self> {
        tool.parse()
            .ok()
            .filter(|rule: &Self| rule.argument.is_none())
    }

    /// The tool it speaks of, or `*`.
    #[must_use]
    pub fn tool_name(&self) -> &str {
        &self.tool
    }

    pub(crate) fn names(&self, tool: &str) -> bool {
        self.tool == "*" || self.tool == tool
    }

    /// Whether it covers the tool as a whole, whatever it does.
    pub(crate) fn covers_tool(&self, tool: &str) -> bool {
        self.names(tool) && self.argument.is_none()
    }

    /// Whether it is about some uses of the tool only.
    pub(crate) fn is_partial_for(&self, tool: &str) -> bool {
        self.names(tool) && self.argument.is_some()
    }

    /// Whether it covers a command line; `words` are those of the line if it is one resolved simple command.
    pub(crate) fn covers_command(&self, tool: &str, words: Option<&[String]>) -> bool {
        self.covers_tool(tool)
            || (self.names(tool)
                && self.argument.as_ref().is_some_and(|argument| {
                    argument.command.is_everything()
                        || words.is_some_and(|words| argument.command.matches(words))
                }))
    }

    /// Whether it covers requests to a machine: by its name, or by the names that end so (`*.example.org`). A port
    /// that is named must be the one; a machine with a port is covered by no pattern without it.
    pub(crate) fn covers_host(&self, tool: &str, host: &str) -> bool {
        self.covers_tool(tool)
            || (self.names(tool)
                && self
                    .argument
                    .as_ref()
                    .is_some_and(|argument| is_host(&argument.text, host)))
    }

    /// Whether it forbids requests to a machine: on any port, unless it names one.
    pub(crate) fn forbids_host(&self, tool: &str, host: &str) -> bool {
        let without_port = host.rsplit_once(':').map_or(host, |(name, _)| name);
        self.covers_host(tool, host) || self.covers_host(tool, without_port)
    }

    /// Whether it allows acting on a file. Never true outside the workspace.
    pub(crate) fn covers_file(&self, tool: &str, path: &FilePath) -> bool {
        self.covers_tool(tool)
            || (self.names(tool)
                && matches!((&self.argument, path), (Some(argument), FilePath::Workspace(path))
                    if argument.files.is_match(path)))
    }

    /// Whether it forbids acting on a file. Broader than [`Self::covers_file`]: case does not matter, and a
    /// folder is forbidden with what is in it.
    pub(crate) fn forbids_file(&self, tool: &str, path: &FilePath) -> bool {
        if self.covers_tool(tool) {
            return true;
        }
        let (Some(argument), true) = (&self.argument, self.names(tool)) else {
            return false;
        };
        let path = match path {
            FilePath::Workspace(path) | FilePath::Outside(path) => path,
            FilePath::Temp(_) => return false,
        };
        argument.files_any_case.is_match(path) || argument.is_below(path)
    }
}

/// Whether a machine is the one, or one of those, that a pattern names.
fn is_host(pattern: &str, host: &str) -> bool {
    let (pattern, host) = (pattern.to_ascii_lowercase(), host.to_ascii_lowercase());
    match pattern.strip_prefix("*.") {
        Some("") => false,
        Some(end) => host
            .strip_suffix(end)
            .and_then(|rest| rest.strip_suffix('.'))
            .is_some_and(|rest| !rest.is_empty()),
        None => pattern == "*" || pattern == host,
    }
}

impl Argument {
    /// Whether everything the pattern can match lies in the folder `path`.
    fn is_below(&self, path: &str) -> bool {
        let literal: Vec<String> = self
            .text
            .split('/')
            .take_while(|part| !part.contains(['*', '?', '[', '{', '\\']))
            .map(str::to_lowercase)
            .collect();
        let folder: Vec<String> = path.split('/').map(str::to_lowercase).collect();
        literal.starts_with(&folder)
    }
}

impl CommandPattern {
    fn parse(text: &str) -> Self {
        let mut words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        let is_open = words.last().is_some_and(|word| word == "*");
        if is_open {
            words.pop();
        }
        Self { words, is_open }
    }

    fn is_everything(&self) -> bool {
        self.is_open && self.words.is_empty()
    }

    fn matches(&self, words: &[String]) -> bool {
        if self.is_open {
            words.starts_with(&self.words)
        } else {
            words == self.words
        }
    }
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let (tool, argument) = match text.split_once(':') {
            Some((tool, argument)) => (tool.trim(), Some(argument.trim())),
            None => (text, None),
        };
        let is_name = !tool.is_empty()
            && tool
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'));
        if !(is_name || tool == "*") || argument.is_some_and(str::is_empty) {
            return Err(RuleError::Shape(text.to_owned()));
        }
        let argument = argument
            .map(|argument| parse_argument(text, argument))
            .transpose()?;
        Ok(Self {
            tool: tool.to_owned(),
            argument,
        })
    }
}

fn parse_argument(rule: &str, text: &str) -> Result<Argument, RuleError> {
    let files = |is_any_case: bool| {
        GlobBuilder::new(text.strip_prefix("./").unwrap_or(text))
            .literal_separator(true)
            .case_insensitive(is_any_case)
            .backslash_escape(true)
            .build()
            .map(|glob| glob.compile_matcher())
            .map_err(|cause| RuleError::Pattern {
                rule: rule.to_owned(),
                cause: cause.kind().to_string(),
            })
    };
    Ok(Argument {
        text: text.to_owned(),
        command: CommandPattern::parse(text),
        files: files(false)?,
        files_any_case: files(true)?,
    })
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.tool)?;
        match &self.argument {
            Some(argument) => write!(f, ":{}", argument.text),
            None => Ok(()),
        }
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for Rule {}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> Rule {
        text.parse().unwrap()
    }

    #[test]
    fn rules_round_trip() {
        for text in [
            "read_file",
            "*",
            "bash:cargo test *",
            "bash:cargo test",
            "bash:*",
            "edit_file:src/config/**",
            "edit_file:a [[]b[]]/**",
            "server.tool",
            "bash:git log --format=%h:%s",
        ] {
            assert_eq!(rule(text).to_string(), text);
            assert_eq!(rule(&format!("  {text} ")), rule(text));
        }
    }

    #[test]
    fn what_is_no_rule() {
        for text in [
            "",
            " ",
            ":",
            "bash:",
            "bash: ",
            ":cargo",
            "ba sh",
            "bash;ls",
            "ba*",
            "edit_file:src/[",
            "ü",
        ] {
            assert!(text.parse::<Rule>().is_err(), "{text}");
        }
    }

    #[test]
    fn commands_match_on_whole_words() {
        for (text, line, is_covered) in [
            ("bash", "anything at all", true),
            ("*", "anything", true),
            ("bash:*", "anything", true),
            ("bash:cargo test *", "cargo test", true),
            ("bash:cargo test *", "cargo test --all", true),
            ("bash:cargo test *", "cargo testing", false),
            ("bash:cargo test *", "cargo build", false),
            ("bash:cargo test *", "cargo", false),
            ("bash:cargo test", "cargo test", true),
            ("bash:cargo test", "cargo test --all", false),
            ("bash:cargo*", "cargo test", false),
            ("other:cargo test *", "cargo test", false),
            ("read_file", "cargo test", false),
        ] {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(
                rule(text).covers_command("bash", Some(&words)),
                is_covered,
                "{text} {line}"
            );
        }
        // A line that is more than one command is covered by no prefix.
        assert!(!rule("bash:cargo test *").covers_command("bash", None));
        assert!(rule("bash:*").covers_command("bash", None));
    }

    #[test]
    fn hosts_match_by_name() {
        for (text, host, is_covered, is_forbidden) in [
            ("fetch", "a.example.org", true, true),
            ("fetch:a.example.org", "a.example.org", true, true),
            ("fetch:A.Example.org", "a.example.org", true, true),
            ("fetch:a.example.org", "a.example.org:8443", false, true),
            ("fetch:a.example.org:8443", "a.example.org:8443", true, true),
            ("fetch:a.example.org:8443", "a.example.org", false, false),
            ("fetch:*.example.org", "a.b.example.org", true, true),
            ("fetch:*.example.org", "example.org", false, false),
            ("fetch:*.example.org", "badexample.org", false, false),
            ("fetch:*.", "example.org", false, false),
            ("fetch:*", "example.org", true, true),
            ("fetch:example.org", "example.org.evil.test", false, false),
            ("other:*", "example.org", false, false),
        ] {
            let rule = rule(text);
            assert_eq!(rule.covers_host("fetch", host), is_covered, "{text} {host}");
            assert_eq!(
                rule.forbids_host("fetch", host),
                is_forbidden,
                "{text} {host}"
            );
        }
    }

    #[test]
    fn files_match_by_path() {
        let inside = |path: &str| FilePath::Workspace(path.to_owned());
        for (text, path, is_covered, is_forbidden) in [
            ("edit_file", inside("a/b"), true, true),
            ("edit_file:src/**", inside("src/a/b.rs"), true, true),
            ("edit_file:src/**", inside("SRC/a.rs"), false, true),
            ("edit_file:src/**", inside("src"), false, true),
            ("edit_file:src/**", inside("srcs/a"), false, false),
            ("edit_file:./src/**", inside("src/a"), true, true),
            ("edit_file:src/*", inside("src/a/b"), false, false),
            ("edit_file:*.rs", inside("a.rs"), true, true),
            ("edit_file:*.rs", inside("src/a.rs"), false, false),
            ("edit_file:**/*.rs", inside("src/a.rs"), true, true),
            ("edit_file:a/secret/**", inside("a"), false, true),
            (
                "edit_file:/etc/**",
                FilePath::Outside("/etc/hosts".into()),
                false,
                true,
            ),
            (
                "edit_file:**",
                FilePath::Outside("/etc/hosts".into()),
                false,
                true,
            ),
            ("write_file:src/**", inside("src/a"), false, false),
        ] {
            let rule = rule(text);
            assert_eq!(
                rule.covers_file("edit_file", &path),
                is_covered,
                "{text} {path:?}"
            );
            assert_eq!(
                rule.forbids_file("edit_file", &path),
                is_forbidden,
                "{text} {path:?}"
            );
        }
    }
}
