//! The tools a skill leaves, from the words of its file to rules of the gate. Pure.
//!
//! A name is that of a tool here, whatever its case and however its words are joined. A bare verb, as other
//! programs have it, stands for the tool that does it to a file or to files: `Read` for `read_file`. `Name(git:*)`
//! and our own `name:git *` leave some uses of it. What names no tool leaves none.

use anteroom_gate::Rule;

/// What a bare verb is short for.
const OBJECTS: [&str; 2] = ["file", "files"];

/// The rules that a list of tools comes to where there are these tools.
pub(crate) fn rules<'a>(
    entries: &[String],
    tools: impl IntoIterator<Item = &'a str> + Clone,
) -> Vec<Rule> {
    let of_entry = |entry: &String| each(entry, tools.clone());
    entries.iter().flat_map(of_entry).collect()
}

/// The entries that name no tool.
pub(crate) fn unknown<'a>(
    entries: &[String],
    tools: impl IntoIterator<Item = &'a str> + Clone,
) -> Vec<String> {
    let is_unknown = |entry: &&String| each(entry, tools.clone()).is_empty();
    entries.iter().filter(is_unknown).cloned().collect()
}

fn each<'a>(entry: &str, tools: impl IntoIterator<Item = &'a str>) -> Vec<Rule> {
    let (name, pattern) = parts(entry.trim());
    if name == "*" && pattern.is_none() {
        return "*".parse().into_iter().collect();
    }
    let wanted = Wanted::of(name);
    let tools = tools.into_iter().filter(|tool| wanted.is(tool));
    let rule = |tool: &str| {
        let text = match &pattern {
            Some(pattern) => format!("{tool}:{pattern}"),
            None => tool.to_owned(),
        };
        text.parse::<Rule>().ok()
    };
    tools.filter_map(rule).collect()
}

/// The name, and the pattern in the notation of rules.
fn parts(entry: &str) -> (&str, Option<String>) {
    let bracketed = entry
        .split_once('(')
        .and_then(|(name, rest)| Some((name, rest.strip_suffix(')')?)));
    let (name, pattern) = match bracketed.or_else(|| entry.split_once(':')) {
        Some((name, pattern)) => (name.trim(), pattern.trim()),
        None => return (entry, None),
    };
    let pattern = match pattern.strip_suffix(":*") {
        Some(begin) => format!("{begin} *"),
        None => pattern.to_owned(),
    };
    let is_all = matches!(pattern.as_str(), "*" | "**" | "");
    (name, (!is_all).then_some(pattern))
}

enum Wanted {
    /// One tool, without case and joints.
    Tool(String),
    /// All of a server, with the dot behind its name.
    Server(String),
}

impl Wanted {
    fn of(name: &str) -> Self {
        // `mcp__server__tool` is how other programs write `server.tool`.
        let written = match name.strip_prefix("mcp__") {
            Some(rest) => match rest.split_once("__") {
                Some((server, tool)) => format!("{server}.{tool}"),
                None => format!("{rest}.*"),
            },
            None => name.to_owned(),
        };
        match written.strip_suffix(".*") {
            Some(server) => Self::Server(format!("{server}.")),
            None => Self::Tool(folded(&written)),
        }
    }

    fn is(&self, tool: &str) -> bool {
        match self {
            Self::Server(server) => tool.starts_with(server),
            Self::Tool(wanted) => {
                let folded = folded(tool);
                let rest = folded.strip_prefix(wanted.as_str());
                rest.is_some_and(|rest| rest.is_empty() || OBJECTS.contains(&rest))
            }
        }
    }
}

fn folded(name: &str) -> String {
    let signs = name.chars().filter(|c| !matches!(c, '_' | '-'));
    signs.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_field_are_the_tools_that_do_it() {
        let tools = [
            "read_file",
            "edit_file",
            "glob_files",
            "grep",
            "bash",
            "run_agent",
            "read_canvas",
            "github.create_issue",
            "github.read",
            "gitlab.read",
        ];
        for (entry, wanted) in [
            ("Read", "read_file"),
            ("Edit", "edit_file"),
            ("Glob", "glob_files"),
            ("Grep", "grep"),
            ("Bash", "bash"),
            ("bash", "bash"),
            ("read_file", "read_file"),
            ("ReadFile", "read_file"),
            ("Bash(git:*)", "bash:git *"),
            ("Bash(git add:*)", "bash:git add *"),
            ("Bash(npm run test)", "bash:npm run test"),
            ("Bash(*)", "bash"),
            ("bash:cargo test *", "bash:cargo test *"),
            ("Read(docs/**)", "read_file:docs/**"),
            ("mcp__github__create_issue", "github.create_issue"),
            ("mcp__github", "github.create_issue github.read"),
            ("mcp__github__*", "github.create_issue github.read"),
            ("github.*", "github.create_issue github.read"),
            ("github.read", "github.read"),
            ("*", "*"),
            ("WebFetch", ""),
            ("Re", ""),
            ("", ""),
            ("Bash(", ""),
            ("Read([)", ""),
        ] {
            let rules = rules(&[entry.to_owned()], tools);
            let shown: Vec<String> = rules.iter().map(Rule::to_string).collect();
            assert_eq!(shown.join(" "), wanted, "{entry}");
        }
        let entries = ["Read", "Task", "mcp__none"].map(str::to_owned);
        assert_eq!(unknown(&entries, tools), ["Task", "mcp__none"]);
    }
}
