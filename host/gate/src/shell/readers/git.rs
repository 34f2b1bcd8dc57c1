//! The subcommands of git that only read, with the flags that keep them so. Nothing is configured on the
//! command line, no program is named, no output file is written.

use crate::shell::field::Field;

/// A subcommand: flags, flags with a value, and what its operands are.
struct Subcommand {
    names: &'static [&'static str],
    flags: &'static [&'static str],
    with_value: &'static [&'static str],
    /// Letters that may stand in clusters.
    letters: &'static str,
    operands: Operands,
}

enum Operands {
    /// Revisions and paths.
    Any,
    /// None at all, as operands would change something.
    None,
    /// The first must be one of these.
    First(&'static [&'static str]),
}

const DIFF_FLAGS: &[&str] = &[
    "--stat",
    "--numstat",
    "--shortstat",
    "--dirstat",
    "--summary",
    "--name-only",
    "--name-status",
    "--patch",
    "--no-patch",
    "--raw",
    "--cached",
    "--staged",
    "--merge-base",
    "--word-diff",
    "--color",
    "--no-color",
    "--color-words",
    "--color-moved",
    "--minimal",
    "--patience",
    "--histogram",
    "--no-renames",
    "--find-renames",
    "--find-copies",
    "--ignore-all-space",
    "--ignore-space-change",
    "--ignore-space-at-eol",
    "--ignore-blank-lines",
    "--function-context",
    "--unified",
    "--exit-code",
    "--quiet",
    "--check",
    "--text",
    "--binary",
    "--full-index",
    "--abbrev",
    "--no-ext-diff",
    "--no-textconv",
    "--diff-filter",
    "--relative",
    "--no-prefix",
    "--compact-summary",
    "--oneline",
    "--graph",
    "--all",
    "--decorate",
    "--no-decorate",
    "--pretty",
    "--format",
    "--abbrev-commit",
    "--no-abbrev-commit",
    "--first-parent",
    "--merges",
    "--no-merges",
    "--reverse",
    "--follow",
    "--branches",
    "--tags",
    "--remotes",
    "--date",
    "--since",
    "--until",
    "--after",
    "--before",
    "--author",
    "--committer",
    "--grep",
    "--max-count",
    "--skip",
    "--no-walk",
    "--topo-order",
    "--date-order",
    "--left-right",
    "--cherry-pick",
    "--simplify-by-decoration",
    "--pickaxe-regex",
    "--pickaxe-all",
    "--invert-grep",
    "--all-match",
    "--full-history",
    "--ancestry-path",
    "--source",
    "--no-notes",
    "--count",
    "--parents",
    "--children",
    "--regexp-ignore-case",
];

const SUBCOMMANDS: &[Subcommand] = &[
    Subcommand {
        names: &["status"],
        flags: &[
            "--short",
            "--branch",
            "--show-stash",
            "--porcelain",
            "--long",
            "--verbose",
            "--untracked-files",
            "--ignored",
            "--column",
            "--no-column",
            "--ahead-behind",
            "--no-ahead-behind",
            "--renames",
            "--no-renames",
        ],
        with_value: &[],
        letters: "sbvuz",
        operands: Operands::Any,
    },
    Subcommand {
        names: &[
            "log",
            "diff",
            "show",
            "whatchanged",
            "diff-tree",
            "rev-list",
            "shortlog",
        ],
        flags: DIFF_FLAGS,
        with_value: &[
            "--max-count",
            "--skip",
            "--since",
            "--until",
            "--after",
            "--before",
            "--author",
            "--committer",
            "--grep",
            "--format",
            "--date",
            "--diff-filter",
        ],
        letters: "puabwRzsreEimctMCWDx",
        operands: Operands::Any,
    },
    Subcommand {
        names: &["blame", "annotate"],
        flags: &[
            "--porcelain",
            "--line-porcelain",
            "--incremental",
            "--root",
            "--show-stats",
            "--date",
            "--abbrev",
            "--show-name",
            "--show-number",
            "--show-email",
        ],
        with_value: &["-L"],
        letters: "lstwfneMCcb",
        operands: Operands::Any,
    },
    Subcommand {
        names: &["branch"],
        flags: &[
            "--list",
            "--all",
            "--remotes",
            "--verbose",
            "--show-current",
            "--merged",
            "--no-merged",
            "--contains",
            "--no-contains",
            "--sort",
            "--format",
            "--column",
            "--color",
            "--no-color",
            "--points-at",
            "--ignore-case",
        ],
        with_value: &[],
        letters: "arvl",
        operands: Operands::None,
    },
    Subcommand {
        names: &["tag"],
        flags: &[
            "--list",
            "--sort",
            "--format",
            "--column",
            "--contains",
            "--merged",
            "--no-merged",
            "--points-at",
            "--color",
        ],
        with_value: &[],
        letters: "l",
        operands: Operands::None,
    },
    Subcommand {
        names: &["remote"],
        flags: &["--verbose"],
        with_value: &[],
        letters: "v",
        operands: Operands::None,
    },
    Subcommand {
        names: &["stash", "worktree"],
        flags: &["--porcelain", "--stat", "--oneline"],
        with_value: &[],
        letters: "",
        operands: Operands::First(&["list"]),
    },
    Subcommand {
        names: &["reflog"],
        flags: &["--all", "--oneline", "--date"],
        with_value: &[],
        letters: "",
        operands: Operands::First(&["show"]),
    },
    Subcommand {
        names: &["rev-parse"],
        flags: &[
            "--show-toplevel",
            "--show-prefix",
            "--show-cdup",
            "--git-dir",
            "--absolute-git-dir",
            "--git-common-dir",
            "--is-inside-work-tree",
            "--is-bare-repository",
            "--is-inside-git-dir",
            "--abbrev-ref",
            "--short",
            "--verify",
            "--quiet",
            "--symbolic-full-name",
            "--symbolic",
            "--all",
            "--branches",
            "--tags",
            "--remotes",
            "--show-superproject-working-tree",
        ],
        with_value: &[],
        letters: "q",
        operands: Operands::Any,
    },
    Subcommand {
        names: &["ls-files", "ls-tree"],
        flags: &[
            "--cached",
            "--deleted",
            "--modified",
            "--others",
            "--ignored",
            "--stage",
            "--unmerged",
            "--killed",
            "--directory",
            "--exclude-standard",
            "--full-name",
            "--name-only",
            "--name-status",
            "--long",
            "--abbrev",
            "--error-unmatch",
            "--deduplicate",
            "--eol",
            "--full-tree",
            "--format",
        ],
        with_value: &[],
        letters: "cdmoisukztvrl",
        operands: Operands::Any,
    },
    Subcommand {
        names: &[
            "describe",
            "name-rev",
            "merge-base",
            "count-objects",
            "for-each-ref",
            "show-ref",
            "cherry",
            "check-ignore",
        ],
        flags: &[
            "--all",
            "--tags",
            "--contains",
            "--abbrev",
            "--long",
            "--always",
            "--dirty",
            "--exact-match",
            "--match",
            "--exclude",
            "--candidates",
            "--name-only",
            "--is-ancestor",
            "--octopus",
            "--fork-point",
            "--human-readable",
            "--verbose",
            "--sort",
            "--format",
            "--count",
            "--merged",
            "--points-at",
            "--heads",
            "--head",
            "--quiet",
            "--hash",
            "--verify",
            "--no-index",
            "--non-matching",
        ],
        with_value: &[],
        letters: "vaHdq",
        operands: Operands::Any,
    },
    Subcommand {
        names: &["cat-file"],
        flags: &[],
        with_value: &[],
        letters: "pte",
        operands: Operands::Any,
    },
];

/// The paths a git command reads; nothing if it is not known to only read.
pub(super) fn paths(arguments: &[Field]) -> Option<Vec<Field>> {
    let arguments = match arguments {
        [first, rest @ ..] if first.text == "--no-pager" => rest,
        _ => arguments,
    };
    let (name, rest) = arguments.split_first()?;
    let subcommand = SUBCOMMANDS
        .iter()
        .find(|subcommand| subcommand.names.contains(&name.text.as_str()))?;
    let mut operands: Vec<&Field> = Vec::new();
    let mut at = 0;
    let mut is_over = false;
    while let Some(field) = rest.get(at) {
        at += 1;
        let text = field.text.as_str();
        let is_glob = field
            .pattern
            .as_ref()
            .is_some_and(|pattern| pattern.starts_with(['*', '?', '[']));
        if is_glob && !is_over {
            return None;
        }
        if is_over || !text.starts_with('-') || text == "-" {
            operands.push(field);
        } else if text == "--" {
            is_over = true;
        } else {
            at += subcommand.flag(text, rest.get(at))?;
        }
    }
    subcommand.named_paths(&name.text, operands)
}

impl Subcommand {
    /// The paths among the operands; nothing if operands may not stand there.
    fn named_paths(&self, name: &str, operands: Vec<&Field>) -> Option<Vec<Field>> {
        match self.operands {
            Operands::Any => {}
            Operands::None => return operands.is_empty().then(Vec::new),
            Operands::First(words) => {
                let is_known = match operands.first() {
                    Some(first) => words.contains(&first.text.as_str()),
                    // Without a word, `stash` stashes.
                    None => name == "reflog",
                };
                return is_known.then(Vec::new);
            }
        }
        let mut paths = Vec::new();
        for field in operands {
            paths.push(field.clone());
            // `HEAD:path` names a path too.
            if let Some((_, path)) = field.text.split_once(':') {
                paths.push(Field::literal(path));
            }
        }
        paths.retain(|field| !field.text.is_empty());
        Some(paths)
    }

    /// Whether a flag is known; how many further arguments it takes.
    fn flag(&self, text: &str, next: Option<&Field>) -> Option<usize> {
        let name = text.split('=').next().unwrap_or(text);
        if text.starts_with("--") {
            let has_value = text.contains('=');
            if self.with_value.contains(&name) && !has_value {
                return next.map(|_| 1);
            }
            return (self.flags.contains(&name) || self.with_value.contains(&name)).then_some(0);
        }
        let letters = &text[1..];
        if letters.chars().all(|c| c.is_ascii_digit()) {
            return self.flags.contains(&"--max-count").then_some(0);
        }
        let takes_text = ["-n", "-U", "-S", "-G", "-L"]
            .iter()
            .find(|flag| text.starts_with(**flag));
        if let Some(flag) = takes_text.filter(|flag| {
            (self.flags.contains(&"--max-count") && **flag != "-L")
                || self.with_value.contains(*flag)
        }) {
            return if text.len() > flag.len() {
                Some(0)
            } else {
                next.map(|_| 1)
            };
        }
        letters
            .chars()
            .all(|c| self.letters.contains(c))
            .then_some(0)
    }
}
