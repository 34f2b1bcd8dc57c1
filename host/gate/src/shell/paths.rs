//! Paths among the arguments of commands that are not read-only.

use super::field::Field;
use super::hard::{has_flag, operands};
use super::scope::Scope;
use super::walk::Walker;
use crate::visible::visible;
use anteroom_api::Tier;

/// Programs that change each operand, the last one only, or the one behind a flag.
const CHANGE_ALL: [&str; 12] = [
    "rm", "rmdir", "unlink", "mkdir", "touch", "tee", "truncate", "shred", "mv", "chmod", "chown",
    "chgrp",
];
/// Programs whose first operand is a program or pattern of their own, and programs that only take text.
const FILTERS: [&str; 14] = [
    "sed", "awk", "gawk", "mawk", "jq", "yq", "grep", "egrep", "fgrep", "rg", "ag", "ack", "tr",
    "cut",
];
const PRINTERS: [&str; 16] = [
    "echo", "printf", "man", "which", "whereis", "type", "apropos", "info", "help", "tldr", "seq",
    "expr", ":", "basename", "test", "[",
];
const CHANGE_LAST: [&str; 5] = ["cp", "ln", "install", "rsync", "scp"];

impl Walker<'_> {
    /// Notes what a command touches that is sensitive or outside.
    pub(super) fn check_paths(&mut self, program: &str, argv: &[Field], scope: &Scope) {
        let arguments = argv.get(1..).unwrap_or_default();
        let skipped = usize::from(matches!(program, "chmod" | "chown" | "chgrp"));
        if CHANGE_ALL.contains(&program) {
            for field in operands(arguments).skip(skipped) {
                self.writes(field, scope, "changes");
            }
        } else if CHANGE_LAST.contains(&program) {
            let count = operands(arguments).count();
            for (at, field) in operands(arguments).enumerate() {
                if at + 1 == count && count > 1 {
                    self.writes(field, scope, "changes");
                } else {
                    self.reads(field, scope);
                }
            }
        } else if program == "dd" {
            for field in arguments {
                if let Some(path) = field.text.strip_prefix("of=") {
                    self.writes(
                        &Field {
                            text: path.to_owned(),
                            pattern: None,
                            ..field.clone()
                        },
                        scope,
                        "changes",
                    );
                }
            }
        } else if program == "sed" && has_flag(arguments, &['i'], &["--in-place"]) {
            for field in operands(arguments).skip(1) {
                self.writes(field, scope, "changes");
            }
        }
        if FILTERS.contains(&program) {
            let files: Vec<Field> = operands(arguments).skip(1).cloned().collect();
            self.check_mentions(&files, scope);
        } else if !PRINTERS.contains(&program) {
            self.check_mentions(arguments, scope);
        }
    }

    /// A sensitive path in any argument, also behind `=`, `:`, `,` and `@`.
    fn check_mentions(&mut self, arguments: &[Field], scope: &Scope) {
        for field in arguments {
            let text = field.pattern.as_ref().unwrap_or(&field.text);
            let parts = text
                .split(['=', ':', ',', '@'])
                .chain(std::iter::once(text.as_str()));
            let is_mentioned = parts
                .filter(|part| !part.is_empty() && part.len() < 4096)
                .filter(|part| !part.starts_with(char::is_whitespace))
                .any(|part| {
                    self.is_sensitive_text(part, scope) && !self.is_sensitive_text("", scope)
                });
            if is_mentioned {
                let shown = visible(&field.text);
                self.report
                    .ask_always(Tier::Execute, format!("`{shown}` is a sensitive path"));
            }
        }
    }
}
