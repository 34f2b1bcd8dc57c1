//! `grep`: lines by regular expression, with ripgrep's own crates.

mod found;
mod search;

use crate::walk::{self, Pattern, Tree, Trouble};
use anteroom_sdk::{Capability, Context, Output, Tier, Tool, ToolError};
use found::{Found, Limits};
use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use ignore::types::TypesBuilder;
use schemars::JsonSchema;
use search::{Manner, Search};
use serde::Deserialize;
use std::path::Path;

/// Lines, or files, shown if the model does not say how many.
const DEFAULT_LIMIT: usize = 100;
/// What a model may ask for at most.
const MOST_LIMIT: usize = 10_000;
/// More lines around each match are better read with `read_file`.
const MOST_CONTEXT: usize = 50;

/// The tool.
pub struct Grep;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GrepArguments {
    pattern: String,
    /// File or folder
    path: Option<String>,
    /// Files to look in, as `*.{ts,tsx}` or `!*.lock`
    glob: Option<String>,
    /// Language, as rust or py
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Lines around each match
    context: Option<usize>,
    /// Default smart: ignored unless the pattern has capitals
    case: Option<Case>,
    /// Default content
    mode: Option<Mode>,
    /// Let a match span lines
    multiline: Option<bool>,
    /// Default 100
    limit: Option<usize>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Case {
    Smart,
    Sensitive,
    Insensitive,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    Content,
    Files,
    Count,
}

impl Tool for Grep {
    const NAME: &'static str = "grep";
    const DESCRIPTION: &'static str = "Search file contents by regular expression (ripgrep). \
        Example: {\"pattern\":\"fn parse_\\\\w+\",\"path\":\"src\",\"type\":\"rust\",\"context\":2}";
    const TIER: Tier = Tier::Read;
    const CAPABILITIES: &'static [Capability] = &[Capability::FilesRead];
    type Arguments = GrepArguments;

    fn call(context: &Context, arguments: GrepArguments) -> Result<Output, ToolError> {
        let root = walk::root(context, arguments.path.as_deref())?;
        let glob = match &arguments.glob {
            Some(text) => Some(Pattern::new(context, text)?),
            None => None,
        };
        let matcher = matcher(&arguments)?;
        let mut tree = walk::tree(context, &root);
        let extension = select_type(&mut tree, arguments.kind.as_deref())?;
        let mode = arguments.mode.unwrap_or(Mode::Content);
        let lines_around = arguments.context.unwrap_or(0).min(MOST_CONTEXT);
        let limits = Limits {
            entries: arguments
                .limit
                .unwrap_or(DEFAULT_LIMIT)
                .clamp(1, MOST_LIMIT),
            characters: context.max_output,
        };
        let is_multiline = arguments.multiline.unwrap_or(false);
        let mut search = Search::new(
            &matcher,
            Manner {
                mode,
                context: lines_around,
                is_multiline,
                is_crlf: ends_lines(&arguments.pattern),
            },
        );
        let mut found = Found::new(mode, limits);
        let mut trouble = Trouble::default();
        for entry in tree {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    trouble.add(&error);
                    continue;
                }
            };
            if !entry.is_file() {
                continue;
            }
            let path = entry.path();
            let is_wanted = glob
                .as_ref()
                .is_none_or(|glob| glob.is_match(context, &root, path))
                && extension
                    .as_ref()
                    .is_none_or(|end| has_extension(path, end));
            if !is_wanted {
                continue;
            }
            let shown = context.show(path);
            found.searched_files += 1;
            match search.file(path, found.wants_lines(&shown)) {
                Ok(hits) => found.add(shown, hits),
                Err(_) => found.unreadable_files += 1,
            }
        }
        Ok(Output::text(found.finish(trouble.tell())))
    }
}

fn matcher(arguments: &GrepArguments) -> Result<RegexMatcher, ToolError> {
    if arguments.pattern.is_empty() {
        return Err(ToolError::invalid_args("the pattern is empty"));
    }
    let mut builder = RegexMatcherBuilder::new();
    builder.multi_line(true);
    match arguments.case.unwrap_or(Case::Smart) {
        Case::Smart => builder.case_smart(true),
        Case::Sensitive => &mut builder,
        Case::Insensitive => builder.case_insensitive(true),
    };
    if ends_lines(&arguments.pattern) {
        builder.crlf(true);
    }
    match arguments.multiline.unwrap_or(false) {
        true => builder.line_terminator(None),
        // Lets the engine search many lines at once, and refuses patterns that could never match in one.
        false if !ends_lines(&arguments.pattern) => builder.line_terminator(Some(b'\n')),
        false => &mut builder,
    };
    builder.build(&arguments.pattern).map_err(|error| {
        let words = error.to_string();
        let hint = if words.contains("\\n") && words.contains("not allowed") {
            "to match across lines set `multiline`"
        } else {
            "to search for it literally put `\\` before each of . * + ? ( ) [ ] { } | ^ $ \\"
        };
        ToolError::invalid_args(format!("the pattern does not work: {words}; {hint}"))
    })
}

/// Whether the pattern may mean the end of a line, which then is that of `\r\n` too. Else the plain and faster `\n` do.
fn ends_lines(pattern: &str) -> bool {
    pattern.contains('$')
}

/// Restricts the walk to a type that ripgrep knows. Any other word is taken for an extension and returned.
fn select_type(tree: &mut Tree, kind: Option<&str>) -> Result<Option<String>, ToolError> {
    let Some(kind) = kind else {
        return Ok(None);
    };
    let kind = kind.trim_start_matches('.').to_lowercase();
    let name = match kind.as_str() {
        "javascript" => "js",
        "golang" => "go",
        "c++" => "cpp",
        "c#" => "csharp",
        "shell" | "bash" => "sh",
        other => other,
    };
    let mut types = TypesBuilder::new();
    types.add_defaults();
    types.select(name);
    match types.build() {
        Ok(types) => {
            tree.only(types);
            Ok(None)
        }
        Err(_) if !kind.is_empty() && kind.chars().all(char::is_alphanumeric) => Ok(Some(kind)),
        Err(_) => Err(ToolError::invalid_args(format!(
            "there is no type `{kind}`; name a language, for example `rust`, or use `glob`"
        ))),
    }
}

fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use anteroom_sdk::run;
    use std::fs;

    fn case() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, content) in [
            (
                "a.rs",
                "fn one() {\n    let x = 1;\n}\n\nfn Two() {\n    one();\n}\n",
            ),
            ("src/b.rs", "// One more\r\none\r\n"),
            ("src/c.py", "one = 1\n"),
            (".hidden/d.rs", "one\n"),
            (".git/config", "one\n"),
            ("ignored.rs", "one\n"),
            (".gitignore", "ignored.rs\n"),
            ("binary.dat", "one\n\0"),
        ] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        folder
    }

    #[track_caller]
    fn check(arguments: serde_json::Value, expected: &str) {
        let folder = case();
        let context = Context::for_tests(folder.path());
        match run::<Grep>(&context, &arguments.to_string()) {
            Ok(output) => assert_eq!(output, Output::text(expected)),
            Err(error) => assert_eq!(error.words(), expected),
        }
    }

    #[test]
    fn lines_are_found_in_order() {
        check(
            serde_json::json!({"pattern": "one"}),
            ".hidden/d.rs:1: one\na.rs:1: fn one() {\na.rs:6:     one();\nsrc/b.rs:1: // One more\nsrc/b.rs:2: one\nsrc/c.py:1: one = 1\n",
        );
        check(
            serde_json::json!({"pattern": "One"}),
            "src/b.rs:1: // One more\n",
        );
        check(
            serde_json::json!({"pattern": "ONE", "case": "insensitive", "path": "src/c.py"}),
            "src/c.py:1: one = 1\n",
        );
        check(
            serde_json::json!({"pattern": "one", "case": "sensitive", "type": "py"}),
            "src/c.py:1: one = 1\n",
        );
        check(
            serde_json::json!({"pattern": "^one$", "glob": "*.rs", "path": "src"}),
            "src/b.rs:2: one\n",
        );
        check(
            serde_json::json!({"pattern": "one", "glob": "!*.rs"}),
            "src/c.py:1: one = 1\n",
        );
        check(
            serde_json::json!({"pattern": "one", "type": "rs", "path": ".hidden"}),
            ".hidden/d.rs:1: one\n",
        );
    }

    #[test]
    fn context_lines_are_told_apart() {
        check(
            serde_json::json!({"pattern": "x = 1|one\\(\\);", "path": "a.rs", "context": 1}),
            "a.rs-1- fn one() {\na.rs:2:     let x = 1;\na.rs-3- }\n--\na.rs-5- fn Two() {\na.rs:6:     one();\na.rs-7- }\n",
        );
    }

    #[test]
    fn files_and_counts_are_told() {
        check(
            serde_json::json!({"pattern": "one", "mode": "files"}),
            ".hidden/d.rs\na.rs\nsrc/b.rs\nsrc/c.py\n",
        );
        check(
            serde_json::json!({"pattern": "one", "mode": "count"}),
            ".hidden/d.rs: 1\na.rs: 2\nsrc/b.rs: 2\nsrc/c.py: 1\n[6 matching lines in 4 files]\n",
        );
    }

    #[test]
    fn a_limit_says_what_is_left_out() {
        check(
            serde_json::json!({"pattern": "one", "limit": 2}),
            ".hidden/d.rs:1: one\na.rs:1: fn one() {\n[2 of 6 matching lines, in 4 files; narrow the search or raise `limit`]\n",
        );
        check(
            serde_json::json!({"pattern": "one", "limit": 1, "mode": "files"}),
            ".hidden/d.rs\n[1 of 4 files; narrow the search or raise `limit`]\n",
        );
        check(
            serde_json::json!({"pattern": "one", "limit": 1, "mode": "count"}),
            ".hidden/d.rs: 1\n[6 matching lines in 4 files; 1 file shown; narrow the search or raise `limit`]\n",
        );
    }

    #[test]
    fn a_match_may_span_lines() {
        check(
            serde_json::json!({"pattern": "fn one\\(\\) \\{\\n.*x", "multiline": true}),
            "a.rs:1: fn one() {\na.rs:2:     let x = 1;\n",
        );
        check(
            serde_json::json!({"pattern": "a\\nb"}),
            "the pattern does not work: the literal \"\\n\" is not allowed in a regex; to match across lines set `multiline`",
        );
    }

    #[test]
    fn nothing_found_says_where() {
        check(
            serde_json::json!({"pattern": "nowhere"}),
            "[no match in 6 files; ignored and binary files were not looked at]\n",
        );
        check(
            serde_json::json!({"pattern": "one", "glob": "*.go"}),
            "[no file to search; check `path`, `glob` and `type`]\n",
        );
        check(serde_json::json!({"pattern": ""}), "the pattern is empty");
        check(
            serde_json::json!({"pattern": "a", "type": "no such"}),
            "there is no type `no such`; name a language, for example `rust`, or use `glob`",
        );
    }

    #[test]
    fn a_broken_pattern_says_how_to_mean_it_literally() {
        let folder = case();
        let error = run::<Grep>(&Context::for_tests(folder.path()), r#"{"pattern": "foo("}"#);
        let words = error.unwrap_err().words().to_owned();
        assert!(words.contains("to search for it literally"), "{words}");
    }
}
