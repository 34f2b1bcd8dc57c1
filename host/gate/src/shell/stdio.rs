//! What programs print, as far as it can be told without running them.

use super::escape;
use super::field::{Field, texts};
use super::output::{Feed, Output};
use super::scope::{Scope, Taint, UNKNOWN};

/// Programs that bring text from the network.
const DOWNLOADERS: [&str; 20] = [
    "curl", "wget", "wget2", "aria2c", "axel", "fetch", "http", "https", "xh", "httpie", "lynx",
    "links", "w3m", "nc", "ncat", "netcat", "socat", "ftp", "tftp", "telnet",
];

/// Programs whose purpose is to turn unreadable text into readable one.
const DECODERS: [&str; 12] = [
    "base64", "base32", "basenc", "xxd", "uudecode", "openssl", "gunzip", "zcat", "gzip", "xz",
    "bzip2", "zstd",
];

/// Programs that pass on what they read.
const PASSING: [&str; 5] = ["cat", "head", "tail", "sort", "uniq"];

pub(super) fn is_downloader(program: &str) -> bool {
    DOWNLOADERS.contains(&program)
}

pub(super) fn output(program: &str, argv: &[Field], feed: &Feed, scope: &mut Scope) -> Output {
    let arguments = argv.get(1..).unwrap_or_default();
    let taint = arguments
        .iter()
        .fold(feed.taint, |all, field| all.and(field.taint));
    if is_downloader(program) {
        let taint = Taint {
            is_downloaded: true,
            ..taint
        };
        remember_download(program, arguments, taint, scope);
        return Output::unknown(taint);
    }
    let decoded = Taint {
        is_decoded: true,
        ..taint
    };
    match program {
        "echo" => Output {
            text: echo(arguments),
            taint,
        },
        "printf" => Output {
            text: printf(arguments),
            taint,
        },
        "true" | "false" | ":" | "cd" | "test" | "[" => Output::nothing(),
        "pwd" => Output::text(scope.folder() + "\n"),
        "rev" if feed.text.is_some() => Output {
            text: feed.text.as_deref().map(reversed),
            taint,
        },
        "base64" if feed.text.is_some() => Output {
            text: feed.text.as_deref().and_then(escape::base64),
            taint: decoded,
        },
        _ if DECODERS.contains(&program) => Output::unknown(decoded),
        "tee" => {
            let passed = Output {
                text: feed.text.clone(),
                taint,
            };
            let files = arguments
                .iter()
                .filter(|field| !field.text.starts_with('-'));
            scope
                .files
                .extend(files.map(|field| (field.text.clone(), passed.clone())));
            passed
        }
        _ if PASSING.contains(&program) && !has_operand(arguments) => Output {
            text: feed.text.clone(),
            taint,
        },
        "cat" => of_files(arguments, taint, scope),
        // Known text goes in and unknown text comes out: a disguise, if a shell gets it.
        _ if feed.text.as_ref().is_some_and(|text| !text.is_empty()) => Output::unknown(decoded),
        _ => Output::unknown(taint),
    }
}

fn reversed(text: &str) -> String {
    text.trim_end().chars().rev().collect()
}

fn has_operand(arguments: &[Field]) -> bool {
    arguments.iter().any(|field| !field.text.starts_with('-'))
}

fn of_files(arguments: &[Field], taint: Taint, scope: &Scope) -> Output {
    let mut output = Output {
        text: Some(String::new()),
        taint,
    };
    for field in arguments
        .iter()
        .filter(|field| !field.text.starts_with('-'))
    {
        let known = scope
            .files
            .iter()
            .rev()
            .find(|(name, _)| *name == field.text);
        output = output.then(known.map_or_else(
            || Output::unknown(field.taint),
            |(_, output)| output.clone(),
        ));
    }
    output
}

/// The files a downloader leaves behind.
fn remember_download(program: &str, arguments: &[Field], taint: Taint, scope: &mut Scope) {
    let mut names = Vec::new();
    for (at, field) in arguments.iter().enumerate() {
        let text = field.text.as_str();
        if matches!(text, "-o" | "-O" | "--output" | "--output-document") {
            names.extend(arguments.get(at + 1).map(|name| name.text.clone()));
        }
        let attached = ["--output=", "--output-document=", "-o", "-O"]
            .iter()
            .find_map(|flag| text.strip_prefix(flag));
        names.extend(attached.filter(|name| !name.is_empty()).map(str::to_owned));
        let is_cluster = text.starts_with('-')
            && !text.starts_with("--")
            && text.len() > 2
            && text.ends_with(['o', 'O']);
        if is_cluster {
            names.extend(arguments.get(at + 1).map(|name| name.text.clone()));
        }
        let is_address =
            text.contains("://") || (program.starts_with("wget") && !text.starts_with('-'));
        if is_address {
            names.extend(text.rsplit('/').next().map(str::to_owned));
        }
    }
    for name in names.into_iter().filter(|name| !name.is_empty()) {
        scope.files.push((name, Output::unknown(taint)));
    }
}

fn echo(arguments: &[Field]) -> Option<String> {
    let words = texts(arguments);
    let flags = words.iter().take_while(|word| {
        word.strip_prefix('-')
            .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| "neE".contains(c)))
    });
    let flags: Vec<&String> = flags.collect();
    let text = words[flags.len()..].join(" ");
    let is_decoded = flags.iter().any(|flag| flag.contains('e'));
    let text = if is_decoded {
        escape::decode(&text)
    } else {
        text
    };
    known(text + "\n")
}

/// The text `printf` prints, if its format has only the simplest directives.
pub(super) fn printf(arguments: &[Field]) -> Option<String> {
    let mut words = texts(arguments).into_iter().skip_while(|word| word == "--");
    let format = escape::decode(&words.next()?);
    let mut out = String::new();
    let mut values = words.peekable();
    loop {
        let mut chars = format.chars();
        while let Some(c) = chars.next() {
            match c {
                '%' => match chars.next()? {
                    '%' => out.push('%'),
                    's' => out.push_str(&values.next().unwrap_or_default()),
                    'b' => out.push_str(&escape::decode(&values.next().unwrap_or_default())),
                    _ => return None,
                },
                c => out.push(c),
            }
        }
        if values.peek().is_none() || !format.contains('%') || out.len() > 4096 {
            return known(out);
        }
    }
}

fn known(text: String) -> Option<String> {
    (!text.contains(UNKNOWN)).then_some(text)
}
