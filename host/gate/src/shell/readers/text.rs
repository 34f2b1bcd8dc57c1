//! Rows of the table: commands about text and about the system.

use super::table::{Operands, PLAIN, Reader};

pub(super) const READERS: &[Reader] = &[
    Reader {
        names: &["sort"],
        letters: "bdfgiMhnRrVcCmsuz",
        letters_with_value: "kt",
        words: &[
            "ignore-leading-blanks",
            "dictionary-order",
            "ignore-case",
            "general-numeric-sort",
            "human-numeric-sort",
            "month-sort",
            "numeric-sort",
            "reverse",
            "unique",
            "stable",
            "version-sort",
            "zero-terminated",
            "check",
            "key",
            "field-separator",
            "help",
            "version",
        ],
        words_with_value: &["key", "field-separator"],
        is_glob_safe: false,
        ..PLAIN
    },
    Reader {
        names: &["uniq"],
        letters: "cdDiuz",
        letters_with_value: "fsw",
        words: &[
            "count",
            "repeated",
            "ignore-case",
            "unique",
            "skip-fields",
            "skip-chars",
            "help",
            "version",
        ],
        operands: Operands::AtMost(1),
        is_glob_safe: false,
        ..PLAIN
    },
    Reader {
        names: &["cut"],
        letters: "nsz",
        letters_with_value: "bcdf",
        words: &[
            "bytes",
            "characters",
            "delimiter",
            "fields",
            "complement",
            "only-delimited",
            "output-delimiter",
            "help",
            "version",
        ],
        words_with_value: &[
            "bytes",
            "characters",
            "delimiter",
            "fields",
            "output-delimiter",
        ],
        ..PLAIN
    },
    Reader {
        names: &["tr"],
        letters: "cCdst",
        words: &[
            "complement",
            "delete",
            "squeeze-repeats",
            "truncate-set1",
            "help",
            "version",
        ],
        operands: Operands::Text,
        ..PLAIN
    },
    Reader {
        names: &["rev"],
        ..PLAIN
    },
    Reader {
        names: &["column"],
        letters: "tnxeR",
        letters_with_value: "sco",
        words: &["table", "help", "version"],
        ..PLAIN
    },
    Reader {
        names: &["paste"],
        letters: "sz",
        letters_with_value: "d",
        words: &["serial", "delimiters", "help", "version"],
        ..PLAIN
    },
    Reader {
        names: &["comm"],
        letters: "123z",
        words: &["check-order", "nocheck-order", "total", "help", "version"],
        ..PLAIN
    },
    Reader {
        names: &["join"],
        letters: "iz",
        letters_with_value: "aejotv12",
        ..PLAIN
    },
    Reader {
        names: &["diff"],
        letters: "qrsuwbBEiNaptdTyc",
        letters_with_value: "UCWxI",
        words: &[
            "brief",
            "recursive",
            "report-identical-files",
            "unified",
            "side-by-side",
            "ignore-case",
            "ignore-all-space",
            "ignore-space-change",
            "ignore-blank-lines",
            "new-file",
            "text",
            "minimal",
            "color",
            "exclude",
            "width",
            "suppress-common-lines",
            "strip-trailing-cr",
            "help",
            "version",
        ],
        words_with_value: &["exclude", "width"],
        is_glob_safe: false,
        ..PLAIN
    },
    Reader {
        names: &["cmp"],
        letters: "bls",
        letters_with_value: "in",
        words: &[
            "print-bytes",
            "verbose",
            "quiet",
            "silent",
            "help",
            "version",
        ],
        ..PLAIN
    },
    Reader {
        names: &["od"],
        letters: "abcdDefFhHiIlLoOsvxX",
        letters_with_value: "AjNStw",
        ..PLAIN
    },
    Reader {
        names: &["hexdump"],
        letters: "bcCdovx",
        letters_with_value: "ns",
        ..PLAIN
    },
    Reader {
        names: &["xxd"],
        letters: "abeipu",
        letters_with_value: "cglos",
        operands: Operands::AtMost(1),
        is_glob_safe: false,
        ..PLAIN
    },
    Reader {
        names: &["strings"],
        letters: "afowd",
        letters_with_value: "nte",
        ..PLAIN
    },
    Reader {
        names: &[
            "md5sum",
            "sha1sum",
            "sha224sum",
            "sha256sum",
            "sha384sum",
            "sha512sum",
            "b2sum",
            "cksum",
        ],
        letters: "bctwz",
        words: &[
            "binary",
            "check",
            "tag",
            "text",
            "zero",
            "quiet",
            "status",
            "strict",
            "warn",
            "ignore-missing",
            "help",
            "version",
        ],
        ..PLAIN
    },
    Reader {
        names: &["date"],
        letters: "uR",
        letters_with_value: "dr",
        words: &[
            "date",
            "utc",
            "universal",
            "iso-8601",
            "rfc-3339",
            "rfc-email",
            "help",
            "version",
        ],
        words_with_value: &["date"],
        operands: Operands::Format,
        is_glob_safe: false,
        ..PLAIN
    },
    Reader {
        names: &[
            "uname", "arch", "nproc", "whoami", "logname", "tty", "uptime",
        ],
        letters: "asnrvmpio",
        words: &[
            "all",
            "kernel-name",
            "nodename",
            "kernel-release",
            "machine",
            "operating-system",
            "ignore",
            "pretty",
            "help",
            "version",
        ],
        operands: Operands::AtMost(0),
        ..PLAIN
    },
    Reader {
        names: &["id", "groups"],
        letters: "agGnruz",
        words: &["group", "groups", "name", "real", "user", "help", "version"],
        operands: Operands::Text,
        ..PLAIN
    },
    Reader {
        names: &["which", "whereis"],
        letters: "abmsB",
        operands: Operands::Text,
        ..PLAIN
    },
    Reader {
        names: &["type"],
        letters: "afptP",
        operands: Operands::Text,
        ..PLAIN
    },
    Reader {
        names: &["ps"],
        letters: "aAdeflNTjyLmwHuxo",
        letters_with_value: "pCtGUg",
        words: &["forest", "no-headers", "sort", "help", "version"],
        operands: Operands::Text,
        ..PLAIN
    },
    Reader {
        names: &["free", "vmstat", "lscpu", "lsblk"],
        letters: "bkmgthwlafpo",
        words: &["human", "wide", "total", "json", "help", "version"],
        operands: Operands::AtMost(0),
        ..PLAIN
    },
    Reader {
        names: &["seq"],
        letters: "w",
        letters_with_value: "fs",
        words: &["equal-width", "help", "version"],
        operands: Operands::Text,
        takes_number: true,
        ..PLAIN
    },
    Reader {
        names: &["fold", "fmt", "expand", "unexpand"],
        letters: "bsatcu",
        letters_with_value: "wtpg",
        takes_number: true,
        ..PLAIN
    },
    Reader {
        names: &["jq"],
        letters: "rcsnSejMCaR",
        words: &[
            "raw-output",
            "compact-output",
            "slurp",
            "null-input",
            "sort-keys",
            "exit-status",
            "join-output",
            "color-output",
            "monochrome-output",
            "raw-input",
            "tab",
            "help",
            "version",
        ],
        operands: Operands::Pattern,
        is_glob_safe: false,
        ..PLAIN
    },
];
