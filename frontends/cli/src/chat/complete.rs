//! What could stand where the cursor is: commands behind `/`, their arguments, paths behind `@`. Pure.

pub(super) mod cycle;
pub(super) mod menu;
pub(super) mod names;

use super::slash;
use std::ops::Range;

/// Candidates of one kind that are offered at most.
const MOST: usize = 50;

/// Names that only the host knows.
pub(super) trait Names {
    /// Paths of the workspace that fit what was typed, the best first.
    fn paths(&mut self, typed: &str) -> Vec<String>;
    /// The others: all of a kind.
    fn all(&mut self, kind: Kind) -> Vec<Named>;
}

/// Kinds of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Models,
    Conversations,
    Settings,
    Rules,
    Databases,
    Tags,
    Folders,
    Projects,
    Skills,
    /// MCP servers.
    Servers,
    /// Resources of theirs, `server:uri`.
    Resources,
    /// Prompts of theirs, `server.prompt`.
    Prompts,
}

/// A name and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// What is put into the line.
    pub(super) name: String,
    /// What is said about it; what is typed may occur here, too.
    pub(super) about: String,
}

/// Something that could stand where the cursor is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// What replaces `span`.
    pub(super) value: String,
    /// As it is listed.
    pub(super) shown: String,
    /// What is said about it.
    pub(super) about: String,
    /// Bytes of the line that it replaces; ends at the cursor.
    pub(super) span: Range<usize>,
    /// Whether a blank follows: nothing can be added to it.
    pub(super) is_whole: bool,
}

/// Candidates for the word before the cursor (in bytes), the best first; none where nothing is completed.
pub(super) fn complete(line: &str, cursor: usize, names: &mut dyn Names) -> Vec<Candidate> {
    let Some(before) = line.get(..cursor) else {
        return Vec::new();
    };
    if let Some(typed) = reference(before) {
        let mut found = paths(typed, cursor, names);
        found.extend(resources(typed, cursor, names));
        return found;
    }
    match before.strip_prefix('/') {
        Some(typed) if !typed.contains(char::is_whitespace) && !typed.contains('/') => {
            commands(typed, cursor, names)
        }
        Some(typed) => arguments(typed, cursor, names),
        None => Vec::new(),
    }
}

/// What was typed behind the `@` that begins the word before the cursor.
fn reference(before: &str) -> Option<&str> {
    let begins = |at: usize| {
        let sign = before.get(..at).and_then(|rest| rest.chars().next_back());
        sign.is_none_or(|sign| sign.is_whitespace() || matches!(sign, '(' | '[' | '{'))
    };
    let at = before
        .rmatch_indices('@')
        .map(|(at, _)| at)
        .find(|at| begins(*at))?;
    let typed = before.get(at + 1..)?;
    let is_open = match typed.strip_prefix('"') {
        Some(quoted) => !quoted.contains(['"', '\n']),
        None => !typed.contains(char::is_whitespace),
    };
    is_open.then_some(typed)
}

fn paths(typed: &str, cursor: usize, names: &mut dyn Names) -> Vec<Candidate> {
    let span = cursor - typed.len()..cursor;
    let wanted = typed.strip_prefix('"').unwrap_or(typed);
    names
        .paths(wanted)
        .into_iter()
        .take(MOST)
        .map(|path| {
            let is_folder = path.ends_with('/');
            Candidate {
                value: quoted(&path, is_folder),
                about: String::new(),
                span: span.clone(),
                is_whole: !is_folder,
                shown: path,
            }
        })
        .collect()
}

/// Resources of MCP servers, behind the paths.
fn resources(typed: &str, cursor: usize, names: &mut dyn Names) -> Vec<Candidate> {
    let span = cursor - typed.len()..cursor;
    let mut known = names.all(Kind::Resources);
    let wanted = typed.to_lowercase();
    // Beside paths only what has the letters as they were typed, and what can be written behind `@`.
    known.retain(|known| {
        let plain = known.name.replace([':', '{', '}'], "-");
        let is_meant = |text: &str| text.to_lowercase().contains(&wanted);
        let is_meant = is_meant(&known.name) || is_meant(&known.about);
        quoted(&plain, false) == plain && (is_meant || is_of_server(&known.name, &wanted))
    });
    let mut found = offered(known, typed, &span);
    for candidate in &mut found {
        candidate.is_whole = !candidate.value.contains('{');
    }
    found
}

/// Whether what was typed is a server's name, a colon, and some of a resource's address.
fn is_of_server(name: &str, wanted: &str) -> bool {
    let Some((server, some)) = wanted.split_once(':') else {
        return false;
    };
    let name = name.to_lowercase();
    let parts = name.split_once(':');
    parts.is_some_and(|(of, uri)| of == server && uri.contains(some))
}

/// A path as it is written behind `@`; a folder stays open for what is in it.
fn quoted(path: &str, is_folder: bool) -> String {
    let is_odd = |sign: char| sign.is_whitespace() || matches!(sign, '(' | ':' | '"');
    let is_plain = !path.contains(is_odd)
        && !path.ends_with([',', ';', '!', '?', ')', ']', '}', '\'', '>', '…', '.']);
    match (is_plain, is_folder) {
        (true, _) => path.to_owned(),
        (false, true) => format!("\"{path}"),
        (false, false) => format!("\"{path}\""),
    }
}

/// Commands, and behind them the skills that no command hides.
fn commands(typed: &str, cursor: usize, names: &mut dyn Names) -> Vec<Candidate> {
    let candidate = |name: &str, (shown, about): (String, &str), takes: bool| {
        let candidate = Candidate {
            value: format!("/{name}"),
            shown,
            about: about.to_owned(),
            span: 0..cursor,
            is_whole: takes,
        };
        Some((rank(name, about, typed)?, candidate))
    };
    let known = slash::all().filter_map(|command| {
        let takes = !command.arguments.is_empty();
        candidate(command.name, (command.head(), command.summary), takes)
    });
    let mut found: Vec<(u32, Candidate)> = known.collect();
    let skills = names.all(Kind::Skills);
    let skills = skills
        .iter()
        .filter(|skill| slash::find(&skill.name).is_none());
    found.extend(skills.filter_map(|skill| {
        let about = format!("skill: {}", skill.about);
        candidate(&skill.name, (format!("/{}", skill.name), &about), true)
    }));
    let prompts = names.all(Kind::Prompts);
    found.extend(prompts.iter().filter_map(|prompt| {
        let about = format!("prompt: {}", prompt.about);
        candidate(&prompt.name, (format!("/{}", prompt.name), &about), true)
    }));
    // The order of `/help` among equals.
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, candidate)| candidate).collect()
}

/// How well a name fits, 0 best; none if not at all. What is said about it counts least, and only from its words'
/// beginnings.
fn rank(name: &str, about: &str, typed: &str) -> Option<u32> {
    let (name, typed) = (name.to_lowercase(), typed.to_lowercase());
    if name == typed {
        return Some(0);
    }
    if name.starts_with(&typed) {
        return Some(1);
    }
    if name.contains(&typed) {
        return Some(2);
    }
    let mut signs = name.chars();
    if typed.chars().all(|wanted| signs.any(|sign| sign == wanted)) {
        return Some(3);
    }
    let about = about.to_lowercase();
    let mut words = about.split(|sign: char| !sign.is_alphanumeric());
    (typed.chars().count() > 2 && words.any(|word| word.starts_with(&typed))).then_some(4)
}

/// What may follow a command, where that is a closed set.
fn arguments(typed: &str, cursor: usize, names: &mut dyn Names) -> Vec<Candidate> {
    let Some((name, rest)) = typed.split_once(char::is_whitespace) else {
        return Vec::new();
    };
    let Some(command) = slash::find(&name.to_lowercase()) else {
        return Vec::new();
    };
    let typed = rest.trim_start();
    let span = cursor - typed.len()..cursor;
    let (words, last) = match typed.rsplit_once(char::is_whitespace) {
        Some((words, last)) => (words.trim(), last),
        None => ("", typed),
    };
    let at_last = cursor - last.len()..cursor;
    match (command.name, words) {
        ("skill" | "skills", "") => offered(names.all(Kind::Skills), last, &at_last),
        ("mcp", "") => {
            let verbs = fixed(command.name, command.arguments, words).into_iter();
            let known = verbs.chain(names.all(Kind::Servers)).collect();
            offered(known, last, &at_last)
        }
        ("mcp", verb) if !verb.contains(char::is_whitespace) => {
            offered(names.all(Kind::Servers), last, &at_last)
        }
        // Titles have blanks, so all that was typed counts.
        ("resume", _) => offered(names.all(Kind::Conversations), typed, &span),
        ("model", "") => offered(names.all(Kind::Models), last, &at_last),
        ("config", "get" | "set" | "reset") => offered(names.all(Kind::Settings), last, &at_last),
        ("grants", words) if words.starts_with("revoke") => {
            let rule = typed.get("revoke".len()..).unwrap_or_default().trim_start();
            offered(names.all(Kind::Rules), rule, &(cursor - rule.len()..cursor))
        }
        ("shared", "use") => offered(names.all(Kind::Databases), last, &at_last),
        ("tag", _) => offered(names.all(Kind::Tags), last, &at_last),
        // Names of these have blanks, too.
        ("folder", _) => offered(names.all(Kind::Folders), typed, &span),
        ("project", _) => offered(names.all(Kind::Projects), typed, &span),
        ("help", "") => {
            let commands = slash::all().map(|command| named(command.name, command.summary));
            offered(commands.collect(), last, &at_last)
        }
        _ => offered(
            fixed(command.name, command.arguments, words),
            last,
            &at_last,
        ),
    }
}

/// Words that a command takes, by its name or as its notation lists them.
fn fixed(name: &str, notation: &str, before: &str) -> Vec<Named> {
    let listed: &[(&str, &str)] = match (name, before) {
        ("mode", "") => &[
            ("auto", "ask for nothing that stays in the workspace"),
            ("ask_for_dangerous", "ask for what is destructive"),
            ("ask_for_writes", "ask for changes and commands"),
            ("ask", "ask for every call"),
        ],
        ("verbosity", "") => &[
            ("compact", "one line for each call"),
            ("normal", "one line for each call, and what failed"),
            ("verbose", "more about each call"),
        ],
        _ => &[],
    };
    if !listed.is_empty() {
        return listed
            .iter()
            .map(|(name, about)| named(name, about))
            .collect();
    }
    let taken: Vec<&str> = before.split_whitespace().collect();
    let groups = notation
        .split(['[', ']'])
        .filter(|group| !group.trim().is_empty());
    let open = groups.skip(taken.len()).take(1);
    open.flat_map(|group| group.trim().split('|'))
        .filter_map(|choice| choice.split_whitespace().next())
        // What is written in capitals stands for something else.
        .filter(|word| word.chars().all(|sign| sign.is_lowercase()))
        .map(|word| named(word, ""))
        .collect()
}

fn named(name: &str, about: &str) -> Named {
    Named {
        name: name.to_owned(),
        about: about.to_owned(),
    }
}

fn offered(known: Vec<Named>, typed: &str, span: &Range<usize>) -> Vec<Candidate> {
    let mut found: Vec<(u32, Candidate)> = known
        .into_iter()
        .filter_map(|known| {
            let rank = rank(&known.name, &known.about, typed).or_else(|| {
                let about = known.about.to_lowercase();
                let is_telling = typed.chars().count() > 2;
                (is_telling && about.contains(&typed.to_lowercase())).then_some(5)
            })?;
            let candidate = Candidate {
                shown: known.name.clone(),
                value: known.name,
                about: known.about,
                span: span.clone(),
                is_whole: false,
            };
            Some((rank, candidate))
        })
        .collect();
    found.sort_by_key(|(rank, _)| *rank);
    found.truncate(MOST);
    found.into_iter().map(|(_, candidate)| candidate).collect()
}

#[cfg(test)]
mod tests;
