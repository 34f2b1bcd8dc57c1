//! `glob_files`: files by name, the newest first.

use crate::walk::{self, Pattern, Trouble};
use anteroom_sdk::{Capability, Context, Output, Tier, Tool, ToolError};
use schemars::JsonSchema;
use serde::Deserialize;
use std::cmp::Reverse;
use std::time::SystemTime;

/// More paths than a model reads.
const MOST_PATHS: usize = 200;

/// The tool.
pub struct GlobFiles;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GlobArguments {
    pattern: String,
    /// Folder, default the workspace
    path: Option<String>,
}

impl Tool for GlobFiles {
    const NAME: &'static str = "glob_files";
    const DESCRIPTION: &'static str = "Find files by name, newest first; ignored ones are left out. \
        Example: {\"pattern\":\"src/**/*.{ts,tsx}\"}";
    const TIER: Tier = Tier::Read;
    const CAPABILITIES: &'static [Capability] = &[Capability::FilesRead];
    type Arguments = GlobArguments;

    fn call(context: &Context, arguments: GlobArguments) -> Result<Output, ToolError> {
        let (folder, glob) = match arguments.path.as_deref() {
            Some(path) => (Some(path), arguments.pattern.as_str()),
            None => split(&arguments.pattern),
        };
        let root = walk::root(context, folder)?;
        let pattern = Pattern::new(context, glob)?;
        let mut found: Vec<(Reverse<SystemTime>, String)> = Vec::new();
        let mut trouble = Trouble::default();
        for entry in walk::tree(context, &root) {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    trouble.add(&error);
                    continue;
                }
            };
            if pattern.is_match(context, &root, entry.path()) {
                found.push((Reverse(entry.changed_at()), context.show(entry.path())));
            }
        }
        found.sort();
        let paths: Vec<String> = found.into_iter().map(|(_, path)| path).collect();
        let place = context.show(&root);
        Ok(Output::text(tell(
            &paths,
            &arguments.pattern,
            &place,
            &trouble,
        )))
    }
}

/// Takes the folders in front of the first wildcard out of a pattern that leads somewhere else than below the workspace.
fn split(pattern: &str) -> (Option<&str>, &str) {
    if !pattern.starts_with('/') && !pattern.starts_with("../") {
        return (None, pattern);
    }
    let literal = pattern.find(['*', '?', '[', '{']).unwrap_or(pattern.len());
    match pattern.get(..literal).unwrap_or_default().rfind('/') {
        // The root itself keeps its slash.
        Some(0) => (pattern.get(..1), pattern.get(1..).unwrap_or_default()),
        Some(end) => (
            pattern.get(..end),
            pattern.get(end + 1..).unwrap_or_default(),
        ),
        None => (None, pattern),
    }
}

fn tell(paths: &[String], pattern: &str, place: &str, trouble: &Trouble) -> String {
    let mut notes = Vec::new();
    if paths.is_empty() {
        let place = if place == "." { "the workspace" } else { place };
        notes.push(format!(
            "no file in {place} matches `{pattern}`; ignored files were not looked at"
        ));
    }
    if let Some(left_out) = paths
        .len()
        .checked_sub(MOST_PATHS)
        .filter(|count| *count > 0)
    {
        notes.push(format!(
            "{left_out} older ones left out; narrow the pattern or give a `path`"
        ));
    }
    notes.extend(trouble.tell());
    let shown = paths.get(..MOST_PATHS).unwrap_or(paths);
    let mut text = shown.join("\n");
    if !notes.is_empty() {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&format!("[{}]", notes.join("; ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use anteroom_sdk::run;
    use std::fs::{self, File};
    use std::time::Duration;

    /// Files in the order of their age, the oldest first.
    fn case(paths: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (age, path) in paths.iter().enumerate() {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let file = File::create(&path).unwrap();
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000 + age as u64);
            file.set_modified(at).unwrap();
        }
        folder
    }

    #[track_caller]
    fn check(folder: &tempfile::TempDir, arguments: &str, expected: &str) {
        let context = Context::for_tests(folder.path());
        match run::<GlobFiles>(&context, arguments) {
            Ok(output) => assert_eq!(output, Output::text(expected)),
            Err(error) => assert_eq!(error.words(), expected),
        }
    }

    #[test]
    fn the_newest_come_first() {
        let folder = case(&["a.rs", "src/b.rs", "src/c.py", ".hidden/d.rs", ".git/e.rs"]);
        check(
            &folder,
            r#"{"pattern": "*.rs"}"#,
            ".hidden/d.rs\nsrc/b.rs\na.rs",
        );
        check(
            &folder,
            r#"{"pattern": "*", "path": "src"}"#,
            "src/c.py\nsrc/b.rs",
        );
        check(&folder, r#"{"pattern": "src/*"}"#, "src/c.py\nsrc/b.rs");
        check(
            &folder,
            r#"{"pattern": "*.go"}"#,
            "[no file in the workspace matches `*.go`; ignored files were not looked at]",
        );
        check(
            &folder,
            r#"{"pattern": "*.go", "path": "source"}"#,
            "there is no `source`; look with `glob_files` for where it is",
        );
    }

    #[test]
    fn ignored_files_are_left_out_without_a_repository() {
        let folder = case(&[
            "a.rs",
            "target/b.rs",
            "src/c.rs",
            "src/gen/d.rs",
            "src/e.rs",
        ]);
        fs::write(folder.path().join(".gitignore"), "target/\n").unwrap();
        fs::write(folder.path().join("src/.gitignore"), "/gen\n").unwrap();
        fs::write(folder.path().join("src/.ignore"), "e.rs\n").unwrap();
        check(&folder, r#"{"pattern": "*.rs"}"#, "src/c.rs\na.rs");
        // What the parents ignore is ignored below, too.
        fs::write(folder.path().join(".gitignore"), "c.rs\n").unwrap();
        check(
            &folder,
            r#"{"pattern": "*.rs", "path": "target"}"#,
            "target/b.rs",
        );
        check(
            &folder,
            r#"{"pattern": "*.rs", "path": "src"}"#,
            "[no file in src matches `*.rs`; ignored files were not looked at]",
        );
    }

    #[test]
    fn a_pattern_may_lead_elsewhere() {
        for (pattern, expected) in [
            ("src/*.rs", (None, "src/*.rs")),
            ("/etc/*.conf", (Some("/etc"), "*.conf")),
            ("/etc/apt/**/*.list", (Some("/etc/apt"), "**/*.list")),
            ("/etc/hosts", (Some("/etc"), "hosts")),
            ("/*.txt", (Some("/"), "*.txt")),
            ("../other/a*/b", (Some("../other"), "a*/b")),
        ] {
            assert_eq!(split(pattern), expected, "{pattern}");
        }
        let folder = case(&["src/a.rs", "b.rs"]);
        let absolute = folder.path().join("src/*.rs");
        check(
            &folder,
            &serde_json::json!({ "pattern": absolute }).to_string(),
            "src/a.rs",
        );
    }

    #[test]
    fn many_are_counted() {
        let names: Vec<String> = (0..203).map(|number| format!("{number:03}.txt")).collect();
        let folder = case(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let mut expected: Vec<&str> = names.iter().rev().take(200).map(String::as_str).collect();
        expected.push("[3 older ones left out; narrow the pattern or give a `path`]");
        check(&folder, r#"{"pattern": "*.txt"}"#, &expected.join("\n"));
    }
}
