//! The table of read-only commands and their flags. Flags that write, run programs or read options from
//! elsewhere are left out, and so are abbreviations.

use super::text;

/// One command.
pub(super) struct Reader {
    pub(super) names: &'static [&'static str],
    /// Short flags without a value.
    pub(super) letters: &'static str,
    /// Short flags with one.
    pub(super) letters_with_value: &'static str,
    /// Long flags, with or without `=value`.
    pub(super) words: &'static [&'static str],
    /// Long flags that take the next argument as their value.
    pub(super) words_with_value: &'static [&'static str],
    pub(super) operands: Operands,
    /// Whether `-20` is a number of lines.
    pub(super) takes_number: bool,
    /// Whether no file name can become an option that does harm: it has none.
    pub(super) is_glob_safe: bool,
}

/// What the arguments that are no flags mean.
pub(super) enum Operands {
    Paths,
    /// Paths, but one more would be written to.
    AtMost(usize),
    /// The first is a pattern, unless a flag gave one.
    Pattern,
    /// Just text.
    Text,
    /// Output formats that begin with `+`.
    Format,
}

pub(super) fn reader(name: &str) -> Option<&'static Reader> {
    FILES
        .iter()
        .chain(text::READERS)
        .find(|reader| reader.names.contains(&name))
}

pub(super) const PLAIN: Reader = Reader {
    names: &[],
    letters: "",
    letters_with_value: "",
    words: &["help", "version"],
    words_with_value: &[],
    operands: Operands::Paths,
    takes_number: false,
    is_glob_safe: true,
};

const GREP_WORDS: &[&str] = &[
    "extended-regexp",
    "fixed-strings",
    "basic-regexp",
    "perl-regexp",
    "ignore-case",
    "no-ignore-case",
    "invert-match",
    "word-regexp",
    "line-regexp",
    "count",
    "color",
    "colour",
    "files-without-match",
    "files-with-matches",
    "only-matching",
    "quiet",
    "silent",
    "no-messages",
    "byte-offset",
    "with-filename",
    "no-filename",
    "line-number",
    "null",
    "null-data",
    "text",
    "include",
    "exclude",
    "exclude-dir",
    "context",
    "after-context",
    "before-context",
    "max-count",
    "binary-files",
    "help",
    "version",
];

const RG_WORDS: &[&str] = &[
    "ignore-case",
    "smart-case",
    "case-sensitive",
    "fixed-strings",
    "word-regexp",
    "line-regexp",
    "invert-match",
    "count",
    "count-matches",
    "files-with-matches",
    "files-without-match",
    "files",
    "line-number",
    "no-line-number",
    "no-filename",
    "with-filename",
    "only-matching",
    "quiet",
    "no-ignore",
    "no-heading",
    "heading",
    "multiline",
    "multiline-dotall",
    "json",
    "stats",
    "trim",
    "vimgrep",
    "column",
    "no-column",
    "color",
    "sort",
    "type-list",
    "null",
    "text",
    "pcre2",
    "passthru",
    "no-messages",
    "help",
    "version",
    "no-config",
    "glob",
    "iglob",
    "type",
    "type-not",
    "context",
    "after-context",
    "before-context",
    "max-count",
    "max-depth",
    "max-columns",
    "regexp",
];
/// Commands about files and folders.
const FILES: &[Reader] = &[
    Reader {
        names: &["ls"],
        letters: "aAbBcCdfFgGhHiklLmnNopqQrRsStuUvxXZ1",
        letters_with_value: "ITw",
        words: &[
            "all",
            "almost-all",
            "author",
            "escape",
            "block-size",
            "ignore-backups",
            "color",
            "directory",
            "classify",
            "file-type",
            "format",
            "full-time",
            "group-directories-first",
            "no-group",
            "human-readable",
            "si",
            "dereference",
            "hide",
            "hyperlink",
            "indicator-style",
            "inode",
            "ignore",
            "kibibytes",
            "numeric-uid-gid",
            "literal",
            "quote-name",
            "quoting-style",
            "reverse",
            "size",
            "sort",
            "time",
            "time-style",
            "width",
            "zero",
            "help",
            "version",
        ],
        ..PLAIN
    },
    Reader {
        names: &["cat"],
        letters: "AbeEnstTuv",
        words: &[
            "show-all",
            "number",
            "number-nonblank",
            "show-ends",
            "squeeze-blank",
            "show-tabs",
            "show-nonprinting",
            "help",
            "version",
        ],
        ..PLAIN
    },
    Reader {
        names: &["tac"],
        letters: "br",
        letters_with_value: "s",
        words: &["before", "regex", "help", "version"],
        ..PLAIN
    },
    Reader {
        names: &["head", "tail"],
        letters: "qvz",
        letters_with_value: "nc",
        words: &[
            "lines",
            "bytes",
            "quiet",
            "silent",
            "verbose",
            "zero-terminated",
            "help",
            "version",
        ],
        words_with_value: &["lines", "bytes"],
        takes_number: true,
        ..PLAIN
    },
    Reader {
        names: &["wc"],
        letters: "clmLw",
        words: &[
            "bytes",
            "chars",
            "lines",
            "max-line-length",
            "words",
            "help",
            "version",
        ],
        ..PLAIN
    },
    Reader {
        names: &["nl"],
        letters: "p",
        letters_with_value: "bdfhilnsvw",
        ..PLAIN
    },
    Reader {
        names: &["pwd"],
        letters: "LP",
        operands: Operands::AtMost(0),
        ..PLAIN
    },
    Reader {
        names: &["echo"],
        letters: "neE",
        operands: Operands::Text,
        ..PLAIN
    },
    Reader {
        names: &["true", "false", ":"],
        operands: Operands::Text,
        ..PLAIN
    },
    // A search through folders would meet sensitive files that no argument names, so it is no mere reading;
    // the `grep` tool leaves them out.
    Reader {
        names: &["grep", "egrep", "fgrep"],
        letters: "EFGPivwxyclLoqshHnTZzabUI",
        letters_with_value: "efABCmD",
        words: GREP_WORDS,
        words_with_value: &["regexp", "file", "devices"],
        operands: Operands::Pattern,
        takes_number: true,
        ..PLAIN
    },
    Reader {
        names: &["rg"],
        letters: "iSswxFPUlcnNHIoqvaLTp0",
        letters_with_value: "egtTABCmMdjrf",
        words: RG_WORDS,
        words_with_value: &[
            "glob",
            "iglob",
            "type",
            "type-not",
            "context",
            "after-context",
            "before-context",
            "max-count",
            "max-depth",
            "max-columns",
            "regexp",
            "file",
            "color",
            "sort",
        ],
        operands: Operands::Pattern,
        is_glob_safe: false,
        ..PLAIN
    },
    Reader {
        names: &["stat"],
        letters: "Lft",
        letters_with_value: "c",
        words: &[
            "dereference",
            "file-system",
            "terse",
            "printf",
            "help",
            "version",
        ],
        words_with_value: &["format"],
        ..PLAIN
    },
    Reader {
        names: &["file"],
        letters: "bikLhprsN0",
        words: &[
            "brief",
            "mime",
            "mime-type",
            "mime-encoding",
            "dereference",
            "no-dereference",
            "help",
            "version",
        ],
        ..PLAIN
    },
    Reader {
        names: &["du"],
        letters: "abcDhHkLlmPsSx0",
        letters_with_value: "dBt",
        words: &[
            "all",
            "apparent-size",
            "bytes",
            "total",
            "human-readable",
            "summarize",
            "separate-dirs",
            "one-file-system",
            "max-depth",
            "exclude",
            "si",
            "help",
            "version",
        ],
        words_with_value: &["max-depth"],
        ..PLAIN
    },
    Reader {
        names: &["df"],
        letters: "ahHiklPTv",
        letters_with_value: "Btx",
        words: &[
            "all",
            "human-readable",
            "inodes",
            "portability",
            "print-type",
            "total",
            "help",
            "version",
        ],
        operands: Operands::Text,
        ..PLAIN
    },
    Reader {
        names: &["basename"],
        letters: "az",
        letters_with_value: "s",
        words: &["multiple", "suffix", "zero", "help", "version"],
        operands: Operands::Text,
        ..PLAIN
    },
    Reader {
        names: &["dirname"],
        letters: "z",
        words: &["zero", "help", "version"],
        operands: Operands::Text,
        ..PLAIN
    },
    Reader {
        names: &["realpath"],
        letters: "eLmPqsz",
        words: &[
            "canonicalize-existing",
            "canonicalize-missing",
            "logical",
            "physical",
            "quiet",
            "no-symlinks",
            "help",
            "version",
        ],
        words_with_value: &["relative-to", "relative-base"],
        ..PLAIN
    },
    Reader {
        names: &["readlink"],
        letters: "efmnqsvz",
        words: &[
            "canonicalize",
            "canonicalize-existing",
            "canonicalize-missing",
            "no-newline",
            "help",
            "version",
        ],
        ..PLAIN
    },
    Reader {
        names: &["tree"],
        letters: "adfilsphugDFrtcUvnCANS",
        letters_with_value: "LPI",
        words: &[
            "dirsfirst",
            "noreport",
            "gitignore",
            "prune",
            "filesfirst",
            "help",
            "version",
        ],
        is_glob_safe: false,
        ..PLAIN
    },
];

#[cfg(test)]
mod tests {
    use super::{FILES, text};

    #[test]
    fn each_name_stands_once() {
        let mut names: Vec<&str> = FILES
            .iter()
            .chain(text::READERS)
            .flat_map(|reader| reader.names)
            .copied()
            .collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
