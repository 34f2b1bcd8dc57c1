//! The only commands that run as Read: a table of literal names, each with a grammar of its flags.
//! What the table does not know is not Read.

mod find;
mod git;
mod table;
mod text;

use super::field::Field;
use super::scope::Scope;
use super::walk::Walker;
use table::{Operands, Reader};

/// Whether a command only reads, and only inside the workspace. Notes what it reads that is worth a question,
/// also if it is not known to only read.
pub(super) fn is_read_only(
    walker: &mut Walker<'_>,
    program: &str,
    argv: &[Field],
    scope: &Scope,
) -> bool {
    let Some((name, arguments)) = argv.split_first() else {
        return false;
    };
    let known = known_paths(program, arguments);
    let is_known = known.is_some();
    let mut is_inside = true;
    for path in known.unwrap_or_else(|| likely_paths(program, arguments)) {
        let climbs = path.text.split('/').any(|part| part == "..");
        if walker.is_sensitive(&path, scope) || walker.is_outside(&path, scope) {
            walker.reads(&path, scope);
            is_inside = false;
        } else if climbs {
            walker.report.execute("it goes up through `..`");
            is_inside = false;
        }
    }
    // The name as it stands: no path, no pattern, no other case.
    let is_named = name.text == program && (name.pattern.is_none() || program == "[");
    is_known && is_inside && is_named && argv.iter().all(Field::is_literal)
}

/// Whether the table has a row for a program that reads files.
pub(super) fn knows(program: &str) -> bool {
    table::reader(program)
        .is_some_and(|reader| !matches!(reader.operands, Operands::Text | Operands::Format))
}

/// The paths of a command the table knows.
fn known_paths(program: &str, arguments: &[Field]) -> Option<Vec<Field>> {
    match program {
        "git" => git::paths(arguments),
        "find" => find::paths(arguments),
        "sed" => sed(arguments),
        "cd" => directory(arguments),
        // Its programs can read files.
        "jq" if arguments
            .iter()
            .any(|field| field.text.contains("import") || field.text.contains("include")) =>
        {
            None
        }
        "test" | "[" => test(program, arguments),
        _ => table::reader(program).and_then(|reader| reader.paths(arguments)),
    }
}

/// The paths of a command whose flags the table does not know.
fn likely_paths(program: &str, arguments: &[Field]) -> Vec<Field> {
    let reads_paths = match table::reader(program) {
        Some(reader) => matches!(reader.operands, Operands::Paths | Operands::AtMost(_)),
        None => program == "find",
    };
    if !reads_paths {
        return Vec::new();
    }
    super::hard::operands(arguments)
        .filter(|field| field.text.starts_with('/') || field.text.contains(".."))
        .cloned()
        .collect()
}

impl Reader {
    /// The paths among the arguments; nothing if one argument is not in the grammar.
    fn paths(&self, arguments: &[Field]) -> Option<Vec<Field>> {
        let mut paths = Vec::new();
        let mut operands = Vec::new();
        let mut has_pattern = false;
        let mut at = 0;
        let mut is_over = false;
        while let Some(field) = arguments.get(at) {
            at += 1;
            let text = field.text.as_str();
            if is_over || !text.starts_with('-') || text == "-" {
                if is_risky_glob(field) && !is_over && !self.is_glob_safe {
                    return None;
                }
                operands.push(field.clone());
            } else if text == "--" {
                is_over = true;
            } else if field.pattern.is_some() && !is_glob_value(text) {
                return None;
            } else if let Some(word) = text.strip_prefix("--") {
                let (word, value) = match word.split_once('=') {
                    Some((word, value)) => (word, Some(value.to_owned())),
                    None => (word, None),
                };
                if self.words_with_value.contains(&word) {
                    let value = match value {
                        Some(value) => Field::literal(value),
                        None => {
                            at += 1;
                            arguments.get(at - 1)?.clone()
                        }
                    };
                    has_pattern |= matches!(word, "regexp" | "file");
                    paths.extend((word == "file").then_some(value));
                } else if !self.words.contains(&word) {
                    return None;
                }
            } else if !self.is_number(text) {
                at += self.cluster(text, arguments.get(at), &mut paths, &mut has_pattern)?;
            }
        }
        self.operands(operands, has_pattern, paths)
    }

    /// A cluster of short flags; how many further arguments it takes.
    fn cluster(
        &self,
        text: &str,
        next: Option<&Field>,
        paths: &mut Vec<Field>,
        has_pattern: &mut bool,
    ) -> Option<usize> {
        let letters = text.strip_prefix('-')?;
        for (index, letter) in letters.char_indices() {
            if self.letters_with_value.contains(letter) {
                *has_pattern |= matches!(letter, 'e' | 'f');
                let rest = &letters[index + letter.len_utf8()..];
                let value = if rest.is_empty() {
                    next?.clone()
                } else {
                    Field::literal(rest)
                };
                paths.extend(self.is_path_flag(letter).then_some(value));
                return Some(usize::from(rest.is_empty()));
            }
            if !self.letters.contains(letter) {
                return None;
            }
        }
        Some(0)
    }

    /// Whether the value of a short flag is a file that is read.
    fn is_path_flag(&self, letter: char) -> bool {
        match self.operands {
            Operands::Pattern => letter == 'f',
            Operands::Format => letter == 'r',
            Operands::Paths | Operands::AtMost(_) | Operands::Text => false,
        }
    }

    fn is_number(&self, text: &str) -> bool {
        self.takes_number && text[1..].chars().all(|c| c.is_ascii_digit())
    }

    fn operands(
        &self,
        operands: Vec<Field>,
        has_pattern: bool,
        mut paths: Vec<Field>,
    ) -> Option<Vec<Field>> {
        match self.operands {
            Operands::Paths => paths.extend(operands),
            Operands::AtMost(count) if operands.len() <= count => paths.extend(operands),
            Operands::Pattern => paths.extend(operands.into_iter().skip(usize::from(!has_pattern))),
            Operands::Text => {}
            Operands::Format if operands.iter().all(|field| field.text.starts_with('+')) => {}
            Operands::AtMost(_) | Operands::Format => return None,
        }
        Some(paths)
    }
}

/// A long flag with a pattern in its value: whatever it becomes, it stays that flag.
fn is_glob_value(text: &str) -> bool {
    text.starts_with("--")
        && text
            .split_once('=')
            .is_some_and(|(flag, _)| !flag.contains(['*', '?', '[']))
}

/// A pattern that could become an option.
fn is_risky_glob(field: &Field) -> bool {
    field
        .pattern
        .as_ref()
        .is_some_and(|pattern| pattern.starts_with(['*', '?', '[']))
}

fn directory(arguments: &[Field]) -> Option<Vec<Field>> {
    match arguments {
        [folder]
            if !folder.text.starts_with('-')
                && folder.pattern.is_none()
                && !folder.text.is_empty() =>
        {
            Some(vec![folder.clone()])
        }
        _ => None,
    }
}

/// `sed -n` that prints numbered lines.
fn sed(arguments: &[Field]) -> Option<Vec<Field>> {
    let [flag, script, files @ ..] = arguments else {
        return None;
    };
    let is_printing = matches!(flag.text.as_str(), "-n" | "--quiet" | "--silent")
        && script.pattern.is_none()
        && !script.text.is_empty()
        && script.text.split(';').all(is_print);
    let is_plain = |field: &Field| !field.text.starts_with('-') && !is_risky_glob(field);
    (is_printing && files.iter().all(is_plain)).then(|| files.to_vec())
}

fn is_print(command: &str) -> bool {
    let Some(addresses) = command.trim().strip_suffix('p') else {
        return command.trim().strip_suffix('q').is_some_and(is_address);
    };
    match addresses.split_once(',') {
        Some((from, to)) => is_address(from) && is_address(to.strip_prefix('+').unwrap_or(to)),
        None => is_address(addresses),
    }
}

fn is_address(text: &str) -> bool {
    text == "$" || (!text.is_empty() && text.chars().all(|c| c.is_ascii_digit()))
}

/// `test`, without what evaluates names of variables.
fn test(name: &str, arguments: &[Field]) -> Option<Vec<Field>> {
    const FILES: [&str; 12] = [
        "-e", "-f", "-d", "-r", "-w", "-x", "-s", "-L", "-h", "-p", "-S", "-b",
    ];
    const TEXTS: [&str; 2] = ["-z", "-n"];
    const BETWEEN: [&str; 3] = ["=", "!=", "=="];
    let arguments = match (name, arguments) {
        ("[", [inner @ .., close]) if close.text == "]" => inner,
        ("test", arguments) => arguments,
        _ => return None,
    };
    let arguments = match arguments {
        [not, rest @ ..] if not.text == "!" => rest,
        _ => arguments,
    };
    if arguments.iter().any(|field| field.pattern.is_some()) {
        return None;
    }
    match arguments {
        [operator, path] if FILES.contains(&operator.text.as_str()) => Some(vec![path.clone()]),
        [operator, _] if TEXTS.contains(&operator.text.as_str()) => Some(Vec::new()),
        [_, operator, _] if BETWEEN.contains(&operator.text.as_str()) => Some(Vec::new()),
        _ => None,
    }
}
