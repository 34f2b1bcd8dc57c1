//! Programs that run other programs, and what they run.

use super::command::program_name;
use super::field::Field;
use super::output::Feed;
use super::scope::{Taint, UNKNOWN};

/// Something a command starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Inner {
    /// A program with its arguments.
    Argv(Vec<Field>),
    /// A line for a shell of its own.
    Line { line: Field, positional: Vec<Field> },
    /// A line for this shell.
    Here { line: Field },
    /// A file that is run.
    Script { file: Field, is_shell: bool },
    /// Whatever comes on standard input.
    Stdin { is_shell: bool },
    /// A program text in another language.
    Code(Field),
}

pub(super) const SHELLS: [&str; 13] = [
    "sh", "bash", "zsh", "dash", "ksh", "mksh", "ash", "fish", "csh", "tcsh", "rbash", "yash",
    "pwsh",
];

/// Interpreter, flags that take code, flags that take another value.
const INTERPRETERS: [(&str, &[&str], &[&str]); 17] = [
    ("python", &["-c"], &["-W", "-X", "-Q"]),
    ("python2", &["-c"], &["-W", "-X", "-Q"]),
    ("python3", &["-c"], &["-W", "-X"]),
    ("pypy3", &["-c"], &["-W", "-X"]),
    (
        "perl",
        &["-e", "-E", "-ne", "-pe", "-le", "-lne", "-pie"],
        &["-I", "-M"],
    ),
    ("ruby", &["-e", "-ne", "-pe"], &["-I", "-r", "-C"]),
    (
        "node",
        &["-e", "-p", "--eval", "--print", "-pe"],
        &["-r", "--require"],
    ),
    (
        "nodejs",
        &["-e", "-p", "--eval", "--print"],
        &["-r", "--require"],
    ),
    ("deno", &["eval"], &[]),
    ("bun", &["-e", "--eval"], &[]),
    ("php", &["-r"], &["-d", "-c"]),
    ("lua", &["-e"], &["-l"]),
    ("osascript", &["-e"], &["-l"]),
    ("awk", &[], &["-v", "-F", "-f"]),
    ("gawk", &["-e"], &["-v", "-F", "-f"]),
    ("tclsh", &[], &[]),
    ("rscript", &["-e"], &[]),
];

/// A wrapper: its options that take a value, operands before the inner command.
struct Wrapper {
    names: &'static [&'static str],
    value_letters: &'static str,
    value_words: &'static [&'static str],
    skipped: usize,
}

const WRAPPERS: [Wrapper; 12] = [
    Wrapper {
        names: &["env"],
        value_letters: "uC",
        value_words: &["unset", "chdir"],
        skipped: 0,
    },
    Wrapper {
        names: &["sudo", "doas"],
        value_letters: "ughpCcrtTUDR",
        value_words: &[
            "user",
            "group",
            "host",
            "prompt",
            "chdir",
            "chroot",
            "close-from",
            "other-user",
            "role",
            "type",
        ],
        skipped: 0,
    },
    Wrapper {
        names: &["nice"],
        value_letters: "n",
        value_words: &["adjustment"],
        skipped: 0,
    },
    Wrapper {
        names: &["timeout", "gtimeout"],
        value_letters: "ks",
        value_words: &["kill-after", "signal"],
        skipped: 1,
    },
    Wrapper {
        names: &["time", "gtime"],
        value_letters: "fo",
        value_words: &["format", "output"],
        skipped: 0,
    },
    Wrapper {
        names: &["stdbuf"],
        value_letters: "ioe",
        value_words: &["input", "output", "error"],
        skipped: 0,
    },
    Wrapper {
        names: &["ionice"],
        value_letters: "cnpPu",
        value_words: &["class", "classdata"],
        skipped: 0,
    },
    Wrapper {
        names: &["chrt", "taskset", "chroot", "flock", "setarch"],
        value_letters: "wETDP",
        value_words: &["timeout", "userspec", "groups"],
        skipped: 1,
    },
    Wrapper {
        names: &["strace", "ltrace"],
        value_letters: "eopsuaEIPSOX",
        value_words: &[],
        skipped: 0,
    },
    Wrapper {
        names: &["exec"],
        value_letters: "a",
        value_words: &[],
        skipped: 0,
    },
    Wrapper {
        names: &[
            "nohup",
            "setsid",
            "command",
            "builtin",
            "busybox",
            "toybox",
            "unshare",
            "caffeinate",
            "fakeroot",
            "xvfb-run",
            "proxychains",
            "proxychains4",
            "torsocks",
            "rlwrap",
            "unbuffer",
            "systemd-run",
            "dbus-run-session",
            "catchsegv",
            "eatmydata",
            "gosu",
            "nsenter",
            "firejail",
            "bwrap",
            "pkexec",
            "ld.so",
            "coproc",
            "then",
            "do",
            "rtk",
            "watchexec",
            "entr",
            "noglob",
            "nocorrect",
        ],
        value_letters: "",
        value_words: &[],
        skipped: 0,
    },
    Wrapper {
        names: &["xargs", "gxargs"],
        value_letters: "IPLnsdaE",
        value_words: &[
            "max-args",
            "max-procs",
            "max-lines",
            "delimiter",
            "arg-file",
            "max-chars",
        ],
        skipped: 0,
    },
];

/// What a command starts; nothing if it is no wrapper.
pub(super) fn inner(program: &str, argv: &[Field], feed: &Feed) -> Vec<Inner> {
    let arguments = argv.get(1..).unwrap_or_default();
    if SHELLS.contains(&program) {
        return vec![shell(arguments)];
    }
    if let Some((_, code, values)) = INTERPRETERS
        .iter()
        .find(|(name, _, _)| is_version_of(program, name))
    {
        return interpreter(program, code, values, arguments);
    }
    match program {
        "eval" => vec![Inner::Here {
            line: joined(arguments),
        }],
        "." | "source" => arguments
            .first()
            .map(|file| Inner::Script {
                file: file.clone(),
                is_shell: true,
            })
            .into_iter()
            .collect(),
        "watch" | "ssh" | "parallel" => line_at_end(program, arguments),
        "at" | "batch" => vec![Inner::Stdin { is_shell: true }],
        "su" | "runuser" | "script" | "sg" => line_after_flag(arguments),
        "find" | "gfind" => find(arguments),
        "trap" => arguments
            .first()
            .map(|line| Inner::Here { line: line.clone() })
            .into_iter()
            .collect(),
        _ => wrapped(program, arguments, feed),
    }
    .into_iter()
    .chain(own_script(argv))
    .collect()
}

/// A program given by its path may be a file the line itself has made.
fn own_script(argv: &[Field]) -> Option<Inner> {
    argv.first()
        .filter(|name| name.text.contains('/'))
        .map(|name| Inner::Script {
            file: name.clone(),
            is_shell: true,
        })
}

fn is_version_of(program: &str, name: &str) -> bool {
    program
        .strip_prefix(name)
        .is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

fn wrapped(program: &str, arguments: &[Field], feed: &Feed) -> Vec<Inner> {
    let Some(wrapper) = WRAPPERS
        .iter()
        .find(|wrapper| wrapper.names.contains(&program))
    else {
        return Vec::new();
    };
    if program == "command"
        && arguments
            .first()
            .is_some_and(|first| matches!(first.text.as_str(), "-v" | "-V"))
    {
        return Vec::new();
    }
    if program == "env"
        && let Some(line) = split_string(arguments)
    {
        return vec![line];
    }
    let flag = arguments
        .iter()
        .position(|field| field.text == "-c" || field.text == "--command");
    if program == "flock"
        && let Some(at) = flag
    {
        return arguments
            .get(at + 1)
            .map(|line| own_line(line.clone()))
            .into_iter()
            .collect();
    }
    let Some(start) = command_start(wrapper, arguments) else {
        return if matches!(program, "sudo" | "doas") && !arguments.is_empty() {
            vec![Inner::Stdin { is_shell: true }]
        } else {
            Vec::new()
        };
    };
    let mut inner = arguments[start..].to_vec();
    if program.ends_with("xargs") {
        add_items(&mut inner, &arguments[..start], feed);
    }
    vec![Inner::Argv(inner)]
}

/// Where the inner command begins.
fn command_start(wrapper: &Wrapper, arguments: &[Field]) -> Option<usize> {
    let mut at = 0;
    let mut skipped = 0;
    while let Some(field) = arguments.get(at) {
        let text = field.text.as_str();
        if text == "--" {
            at += 1 + wrapper.skipped.saturating_sub(skipped);
            break;
        }
        let takes_value = match text.strip_prefix("--") {
            Some(word) => wrapper.value_words.contains(&word),
            None => text.strip_prefix('-').is_some_and(|letters| {
                letters
                    .chars()
                    .last()
                    .is_some_and(|c| wrapper.value_letters.contains(c))
                    && letters.len() == 1
                    || letters.len() > 1
                        && letters
                            .chars()
                            .last()
                            .is_some_and(|c| wrapper.value_letters.contains(c))
                        && !letters.starts_with(|c| wrapper.value_letters.contains(c))
            }),
        };
        if text.starts_with('-') {
            at += if takes_value { 2 } else { 1 };
        } else if is_assignment(text) {
            at += 1;
        } else if skipped < wrapper.skipped {
            skipped += 1;
            at += 1;
        } else {
            break;
        }
    }
    (at < arguments.len()).then_some(at)
}

fn is_assignment(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// `env -S 'command arguments'`.
fn split_string(arguments: &[Field]) -> Option<Inner> {
    for (at, field) in arguments.iter().enumerate() {
        let text = field.text.as_str();
        let rest = arguments.get(at + 1..).unwrap_or_default();
        if let Some(line) = text
            .strip_prefix("--split-string=")
            .or_else(|| text.strip_prefix("-S").filter(|line| !line.is_empty()))
        {
            let first = Field {
                text: line.to_owned(),
                ..field.clone()
            };
            return Some(own_line(joined(&[&[first], rest].concat())));
        }
        let is_cluster = text.starts_with('-') && !text.starts_with("--") && text.ends_with('S');
        if is_cluster || text == "--split-string" {
            return Some(own_line(joined(rest)));
        }
        if !text.starts_with('-') && !is_assignment(text) {
            return None;
        }
    }
    None
}

/// What `xargs` adds from its input, as far as it is known.
fn add_items(inner: &mut Vec<Field>, options: &[Field], feed: &Feed) {
    let items: Vec<Field> = match &feed.text {
        Some(text) => text
            .split_whitespace()
            .map(|item| Field {
                taint: feed.taint,
                ..Field::literal(item)
            })
            .collect(),
        None => vec![Field::unknown(feed.taint)],
    };
    let token = options
        .iter()
        .enumerate()
        .find_map(|(at, field)| match field.text.as_str() {
            "-I" | "--replace" => options.get(at + 1).map(|token| token.text.clone()),
            "-i" => Some("{}".to_owned()),
            text => text
                .strip_prefix("-I")
                .or_else(|| text.strip_prefix("--replace="))
                .map(str::to_owned),
        });
    match token {
        Some(token) if !token.is_empty() => {
            let item = items
                .first()
                .map_or_else(|| UNKNOWN.to_string(), |item| item.text.clone());
            for field in inner.iter_mut().filter(|field| field.text.contains(&token)) {
                field.text = field.text.replace(&token, &item);
                field.is_expanded = true;
                field.is_known = false;
            }
        }
        _ => inner.extend(items),
    }
}

fn shell(arguments: &[Field]) -> Inner {
    let mut at = 0;
    let mut is_stdin = false;
    while let Some(field) = arguments.get(at) {
        let text = field.text.as_str();
        if text == "--" {
            at += 1;
            break;
        }
        let is_option = (text.starts_with('-') && text.len() > 1) || text.starts_with('+');
        if !is_option {
            break;
        }
        if !text.starts_with("--") && text.starts_with('-') && text.contains('c')
            || text.eq_ignore_ascii_case("-command")
            || text == "--command"
        {
            let rest = arguments.get(at + 1..).unwrap_or_default();
            // Further options may stand between the flag and the line.
            let skip = rest
                .iter()
                .take_while(|field| field.text.starts_with('-') && field.text.len() > 1)
                .count();
            let rest = &rest[skip..];
            return match rest.first() {
                Some(line) => Inner::Line {
                    line: line.clone(),
                    positional: rest[1..].to_vec(),
                },
                None => Inner::Stdin { is_shell: true },
            };
        }
        is_stdin |= !text.starts_with("--") && text.contains('s');
        at += if matches!(text, "-o" | "+o" | "-O" | "+O" | "--rcfile" | "--init-file") {
            2
        } else {
            1
        };
    }
    match arguments.get(at) {
        Some(file) if !is_stdin && file.text != "-" && file.text != "/dev/stdin" => Inner::Script {
            file: file.clone(),
            is_shell: true,
        },
        _ => Inner::Stdin { is_shell: true },
    }
}

fn interpreter(program: &str, code: &[&str], values: &[&str], arguments: &[Field]) -> Vec<Inner> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(field) = arguments.get(at) {
        let text = field.text.as_str();
        if code.contains(&text) {
            found.extend(arguments.get(at + 1).map(|text| Inner::Code(text.clone())));
            at += 2;
        } else if values.contains(&text) {
            at += 2;
        } else if text.starts_with('-') && text.len() > 1 {
            let attached = code
                .iter()
                .find_map(|flag| text.strip_prefix(flag))
                .filter(|rest| !rest.is_empty());
            if let Some(rest) = attached {
                found.push(Inner::Code(Field {
                    text: rest.trim_start_matches('=').to_owned(),
                    ..field.clone()
                }));
            }
            if matches!(text, "-m" | "--version" | "-V" | "-v" | "--help" | "-h") {
                return vec![Inner::Argv(vec![Field::literal("true")])];
            }
            at += 1;
        } else if found.is_empty() {
            let is_awk = program.ends_with("awk");
            found.push(match text {
                "-" | "/dev/stdin" => Inner::Stdin { is_shell: false },
                _ if is_awk => Inner::Code(field.clone()),
                _ => Inner::Script {
                    file: field.clone(),
                    is_shell: false,
                },
            });
            break;
        } else {
            break;
        }
    }
    if found.is_empty() {
        found.push(Inner::Stdin { is_shell: false });
    }
    found
}

fn own_line(line: Field) -> Inner {
    Inner::Line {
        line,
        positional: Vec::new(),
    }
}

fn joined(fields: &[Field]) -> Field {
    Field {
        text: fields
            .iter()
            .map(|field| field.text.as_str())
            .collect::<Vec<_>>()
            .join(" "),
        pattern: None,
        is_known: fields.iter().all(|field| field.is_known),
        is_expanded: fields.iter().any(|field| field.is_expanded),
        taint: fields
            .iter()
            .fold(Taint::default(), |all, field| all.and(field.taint)),
    }
}

/// Programs that hand their last words to a shell.
fn line_at_end(program: &str, arguments: &[Field]) -> Vec<Inner> {
    let skipped = usize::from(program == "ssh");
    let with_value = |text: &str| {
        matches!(
            text,
            "-n" | "--interval"
                | "-p"
                | "-i"
                | "-l"
                | "-o"
                | "-F"
                | "-J"
                | "-L"
                | "-R"
                | "-D"
                | "-j"
                | "-q"
        )
    };
    let mut at = 0;
    let mut operands = 0;
    while let Some(field) = arguments.get(at) {
        if field.text.starts_with('-') {
            at += if with_value(&field.text) { 2 } else { 1 };
        } else if operands < skipped {
            operands += 1;
            at += 1;
        } else {
            return vec![own_line(joined(&arguments[at..]))];
        }
    }
    Vec::new()
}

fn line_after_flag(arguments: &[Field]) -> Vec<Inner> {
    for (at, field) in arguments.iter().enumerate() {
        let text = field.text.as_str();
        let is_cluster = text.starts_with('-') && !text.starts_with("--") && text.ends_with('c');
        if is_cluster || matches!(text, "--command" | "--session-command") {
            return arguments
                .get(at + 1)
                .map(|line| own_line(line.clone()))
                .into_iter()
                .collect();
        }
        if let Some(line) = text.strip_prefix("--command=") {
            return vec![own_line(Field {
                text: line.to_owned(),
                ..field.clone()
            })];
        }
    }
    vec![Inner::Stdin { is_shell: true }]
}

/// The commands behind `-exec` and its kin, with the places searched put in for `{}`.
fn find(arguments: &[Field]) -> Vec<Inner> {
    let mut found = Vec::new();
    let place = super::hard::find_subject(arguments);
    let mut at = 0;
    while let Some(field) = arguments.get(at) {
        at += 1;
        if !matches!(field.text.as_str(), "-exec" | "-execdir" | "-ok" | "-okdir") {
            continue;
        }
        let start = at;
        while arguments
            .get(at)
            .is_some_and(|field| !matches!(field.text.as_str(), ";" | "+"))
        {
            at += 1;
        }
        let mut inner = arguments[start..at].to_vec();
        for field in inner.iter_mut().filter(|field| field.text.contains("{}")) {
            field.text = field.text.replace("{}", &place);
            field.is_expanded = true;
            field.is_known = false;
        }
        if !inner.is_empty() {
            found.push(Inner::Argv(inner));
        }
    }
    found
}

/// Whether a program is a shell or an interpreter.
pub(super) fn is_interpreter(program: &str) -> bool {
    SHELLS.contains(&program)
        || INTERPRETERS
            .iter()
            .any(|(name, _, _)| is_version_of(program, name))
        || wrapped_names().any(|name| name == program)
        || matches!(
            program_name(program).as_str(),
            "eval" | "ssh" | "su" | "find" | "parallel" | "watch"
        )
}

fn wrapped_names() -> impl Iterator<Item = &'static str> {
    WRAPPERS
        .iter()
        .flat_map(|wrapper| wrapper.names.iter().copied())
}
