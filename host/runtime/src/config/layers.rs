//! The layers, laid over each other in order, with the origin of each value.

use super::env::{self, ReferenceTrouble};
use super::raw::{Body, Document, Entry, Position};
use super::resolved::Settings;
use super::settings::{self, Kind, ROWS, Row};
use super::trust::{self, Ruling};
use super::value::{self, Written};
use super::{MASK, Sources, hooks, nearest, servers};
use anteroom_api::{Problem, ProblemCode, SettingOrigin, SettingView, SettingsReport};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// More warnings than this are only counted: a person reads the first few.
const MOST_WARNINGS: usize = 50;
/// Characters of an unknown name that are shown.
const NAME_CHARS: usize = 64;

pub(crate) struct Layers<'a> {
    sources: &'a Sources,
    held: BTreeMap<&'static str, Held>,
    warnings: Vec<Problem>,
    /// Warnings beyond the first few.
    unsaid: usize,
    /// Values of a wrong type: together they are the error.
    wrong: Vec<String>,
}

struct Held {
    value: Value,
    origin: SettingOrigin,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    User,
    Project,
    Bundle,
}

/// The file that is being read.
struct Reading<'a> {
    path: &'a Path,
    owner: Owner,
    /// The bundle it belongs to.
    bundle: &'a str,
}

impl Reading<'_> {
    fn place(&self, at: Position) -> String {
        format!("{}:{}:{}", self.path.display(), at.line, at.column)
    }

    fn origin(&self, at: Position) -> SettingOrigin {
        let path = self.path.display().to_string();
        match self.owner {
            Owner::User => SettingOrigin::User {
                path,
                line: at.line,
            },
            Owner::Project => SettingOrigin::Project {
                path,
                line: at.line,
            },
            Owner::Bundle => SettingOrigin::Bundle {
                name: self.bundle.to_owned(),
            },
        }
    }
}

/// A value on its way in.
struct Incoming<'a> {
    row: &'static Row,
    written: Written,
    /// Where it stands, in words.
    place: String,
    origin: SettingOrigin,
    /// Where a relative path begins, if it may be relative.
    base: Option<&'a Path>,
}

impl<'a> Layers<'a> {
    pub(crate) fn new(sources: &'a Sources) -> Self {
        let held = ROWS.iter().map(|row| {
            let value = value::standard(row.kind, row.standard, &sources.home);
            let origin = SettingOrigin::Default;
            (row.key, Held { value, origin })
        });
        Self {
            sources,
            held: held.collect(),
            warnings: Vec::new(),
            unsaid: 0,
            wrong: Vec::new(),
        }
    }

    pub(crate) fn user_file(&mut self, path: &Path, text: &str) -> Result<(), Problem> {
        self.file(
            &Reading {
                path,
                owner: Owner::User,
                bundle: "",
            },
            text,
        )
    }

    pub(crate) fn project_file(&mut self, path: &Path, text: &str) -> Result<(), Problem> {
        self.file(
            &Reading {
                path,
                owner: Owner::Project,
                bundle: "",
            },
            text,
        )
    }

    /// The settings of a bundle, which may only make things stricter. What is wrong with them is ignored: nobody
    /// who uses a bundle can correct it.
    pub(crate) fn bundle_file(&mut self, name: &str, path: &Path, text: &str) {
        let before = self.wrong.len();
        let reading = Reading {
            path,
            owner: Owner::Bundle,
            bundle: name,
        };
        let read = self.file(&reading, text);
        let wrong = self.wrong.split_off(before);
        for words in wrong {
            self.warn(problem(format!("of the bundle `{name}`: {words}")));
        }
        if let Err(problem) = read {
            self.warn(problem);
        }
    }

    pub(crate) fn environment(&mut self) {
        let sources = self.sources;
        for (row, name, text) in env::settings(&sources.environment) {
            self.take(Incoming {
                row,
                written: Written::Text(text.to_owned()).one_line(row.kind),
                place: format!("${name}"),
                origin: SettingOrigin::Environment {
                    name: name.to_owned(),
                },
                base: None,
            });
        }
        for name in env::unknown(&sources.environment) {
            let problem = problem(format!("unknown environment variable `{}`", shown(name)));
            self.warn(match nearest::environment(name) {
                Some(near) => problem.hint(format!("did you mean `{near}`?")),
                None => problem.hint("`aroom config show` lists the variables that set something"),
            });
        }
    }

    pub(crate) fn flags(&mut self) {
        for flag in &self.sources.flags {
            let place = flag.flag.clone();
            let Some(row) = settings::row(&flag.key) else {
                self.wrong.push(format!(
                    "`{place}`: there is no setting `{}`",
                    shown(&flag.key)
                ));
                continue;
            };
            self.take(Incoming {
                row,
                written: Written::from(&flag.value).one_line(row.kind),
                place,
                origin: SettingOrigin::Flag {
                    name: flag.flag.clone(),
                },
                base: None,
            });
        }
    }

    /// Adds a warning, or counts it when there are too many.
    pub(crate) fn warn(&mut self, warning: Problem) {
        if self.warnings.len() < MOST_WARNINGS {
            self.warnings.push(warning);
        } else {
            self.unsaid += 1;
        }
    }

    /// Whether a secret was written down, and not left to the environment.
    pub(crate) fn has_secret(&self) -> bool {
        ROWS.iter().filter(|row| row.is_secret).any(|row| {
            self.held.get(row.key).is_some_and(|held| {
                !held.value.is_null() && matches!(held.origin, SettingOrigin::User { .. })
            })
        })
    }

    /// A print of each value that tells whether it is another, and nothing else.
    pub(crate) fn prints(&self) -> BTreeMap<&'static str, String> {
        let prints = self.held.iter().map(|(key, held)| {
            let digest = Sha256::digest(held.value.to_string());
            (
                *key,
                digest.iter().map(|byte| format!("{byte:02x}")).collect(),
            )
        });
        prints.collect()
    }

    /// What holds now, typed, and the report about it.
    pub(crate) fn finish(mut self, path: &Path) -> Result<(Settings, SettingsReport), Problem> {
        if let [first, rest @ ..] = self.wrong.as_slice() {
            let others = rest.iter();
            let problem = problem(format!("wrong setting: {first}"));
            let problem = others.fold(problem, |problem, other| problem.cause(other));
            return Err(problem.hint("correct it, or remove it to get the default"));
        }
        if self.unsaid > 0 {
            let unsaid = self.unsaid;
            self.warnings
                .push(problem(format!("{unsaid} more warnings about settings")));
        }
        let settings = self.typed()?;
        let report = SettingsReport {
            path: path.display().to_string(),
            settings: ROWS.iter().map(|row| self.view(row)).collect(),
            warnings: self.warnings,
        };
        Ok((settings, report))
    }

    fn typed(&self) -> Result<Settings, Problem> {
        let mut root = Map::new();
        for row in ROWS {
            let mut place = &mut root;
            let mut segments: Vec<&str> = row.key.split('.').collect();
            let Some(name) = segments.pop() else { continue };
            for segment in segments {
                let section = place
                    .entry(segment)
                    .or_insert_with(|| Value::Object(Map::new()));
                let Value::Object(section) = section else {
                    return Err(fault(format!("`{segment}` is a setting and a section")));
                };
                place = section;
            }
            let value = self.held.get(row.key).map(|held| held.value.clone());
            place.insert(name.to_owned(), value.unwrap_or_default());
        }
        serde_json::from_value(Value::Object(root)).map_err(|error| fault(error.to_string()))
    }

    fn view(&self, row: &Row) -> SettingView {
        let default = value::standard(row.kind, row.standard, &self.sources.home);
        let (value, origin) = match self.held.get(row.key) {
            Some(held) => (masked(row, &held.value), held.origin.clone()),
            None => (default.clone(), SettingOrigin::Default),
        };
        SettingView {
            key: row.key.to_owned(),
            value,
            default,
            origin,
            doc: row.doc.to_owned(),
            environment: row.environment.map(str::to_owned),
            is_secret: row.is_secret,
            page: super::pages::may(row),
            is_literal: row.is_literal,
            is_read_at_start: row.is_read_at_start,
        }
    }

    fn file(&mut self, reading: &Reading<'_>, text: &str) -> Result<(), Problem> {
        let path = reading.path.display().to_string();
        let document = Document::parse(text).map_err(|trouble| trouble.problem(&path, text))?;
        let Some(root) = document.root else {
            return Ok(());
        };
        match &root.body {
            Body::Map { entries, .. } => self.section("", entries, reading),
            _ => self.wrong.push(format!(
                "`{}`: the file must be a mapping, with lines such as `ai:`",
                reading.place(root.position)
            )),
        }
        Ok(())
    }

    fn section(&mut self, section: &str, entries: &[Entry], reading: &Reading<'_>) {
        for entry in entries {
            let key = if section.is_empty() {
                entry.key.clone()
            } else {
                format!("{section}.{}", entry.key)
            };
            let place = reading.place(entry.position);
            if let Some(row) = settings::row(&key) {
                self.entry(row, entry, reading);
            } else if settings::is_section(&key) {
                match &entry.value.body {
                    Body::Map { entries, .. } => self.section(&key, entries, reading),
                    Body::Nothing => {}
                    _ => self
                        .wrong
                        .push(format!("`{place}`: `{key}` must be a mapping of settings")),
                }
            } else if let Some(reserved) = settings::reserved(&key) {
                let words = format!("`{place}`: `{key}` is not used yet");
                let words = if reserved.is_later() {
                    words
                } else {
                    format!("`{place}`: `{key}` is not used")
                };
                self.warn(problem(words).hint(reserved.hint));
            } else {
                self.unknown(&place, &key);
            }
        }
    }

    fn unknown(&mut self, place: &str, key: &str) {
        let known = (key.len() <= NAME_CHARS)
            .then(|| nearest::setting(key))
            .flatten();
        let problem = problem(format!("`{place}`: unknown setting `{}`", shown(key)));
        self.warn(match known {
            Some(near) => problem.hint(format!("did you mean `{near}`?")),
            None => problem.hint("`aroom config show` lists all settings"),
        });
    }

    fn entry(&mut self, row: &'static Row, entry: &Entry, reading: &Reading<'_>) {
        let at = entry.value.position;
        let place = reading.place(if matches!(entry.value.body, Body::Nothing) {
            entry.position
        } else {
            at
        });
        let is_trusted = match reading.owner {
            Owner::User => true,
            Owner::Project => self.sources.is_project_trusted,
            Owner::Bundle => false,
        };
        if reading.owner == Owner::Bundle && !super::bundled::may(row) {
            return self.ignored(&place, row, "a bundle may only make settings stricter");
        }
        if reading.owner == Owner::Project
            && let Some(why) = trust::barred(row, is_trusted)
        {
            let words = format!("`{place}`: `{}` is ignored: {why}", row.key);
            return self.warn(Problem::new(ProblemCode::Denied, words));
        }
        if matches!(row.kind, Kind::Servers) {
            return self.servers(row, entry, reading);
        }
        if matches!(row.kind, Kind::Hooks) {
            return self.hooks(row, entry, reading);
        }
        let written = Written::from(&entry.value);
        let Some(written) = self.resolved(row, written, &place, is_trusted) else {
            return;
        };
        let origin = reading.origin(entry.position);
        let base = reading.path.parent();
        self.take(Incoming {
            row,
            written,
            place,
            origin,
            base,
        });
    }

    /// Entry by entry: one that is wrong is left out, with its line and the reason.
    fn servers(&mut self, row: &'static Row, entry: &Entry, reading: &Reading<'_>) {
        let reader = servers::Reader {
            environment: &self.sources.environment,
            base: reading.path.parent(),
            is_project: reading.owner == Owner::Project,
        };
        let entries = match servers::read(&entry.value, &reader) {
            Ok(entries) => entries,
            Err(expected) => {
                let place = reading.place(entry.value.position);
                let words = format!("`{place}`: `{}` must be {expected}", row.key);
                return self.wrong.push(words);
            }
        };
        for found in entries {
            let place = reading.place(found.position);
            for oddity in found.oddities {
                self.warn(problem(format!("`{place}`: an MCP server {oddity}")));
            }
            let server = found.server.and_then(|mut server| {
                let name = &server["filled"]["name"];
                match self.has_server(row, name) {
                    true => Err(format!("is not the first of the name {name}")),
                    false => {
                        server["place"] = Value::from(place.as_str());
                        Ok(server)
                    }
                }
            });
            match server {
                Ok(server) => {
                    let origin = reading.origin(entry.position);
                    self.hold(row, Value::Array(vec![server]), origin);
                }
                Err(why) => self.warn(
                    problem(format!("`{place}`: an MCP server is left out: it {why}"))
                        .hint("correct it, or take it out"),
                ),
            }
        }
    }

    /// Entry by entry: one that is wrong is kept as such, and holds until it is corrected.
    fn hooks(&mut self, row: &'static Row, entry: &Entry, reading: &Reading<'_>) {
        let is_project = reading.owner == Owner::Project;
        let entries = match hooks::read(&entry.value, is_project) {
            Ok(entries) => entries,
            Err(expected) => {
                let place = reading.place(entry.value.position);
                let words = format!("`{place}`: `{}` must be {expected}", row.key);
                return self.wrong.push(words);
            }
        };
        let file = reading.path.display();
        let folder = reading.path.parent().unwrap_or(reading.path);
        for mut found in entries {
            let place = format!("{file}:{}", found.position.line);
            for oddity in found.oddities {
                self.warn(problem(format!("`{place}`: a hook {oddity}")));
            }
            if let Some(why) = found.wrong {
                let words =
                    format!("`{place}`: a hook {why}; no tool runs until that is corrected");
                self.warn(problem(words).hint("correct it, or take it out"));
            }
            found.hook["place"] = Value::from(place);
            found.hook["folder"] = Value::from(folder.to_string_lossy());
            let origin = reading.origin(entry.position);
            self.hold(row, Value::Array(vec![found.hook]), origin);
        }
    }

    fn has_server(&self, row: &Row, name: &Value) -> bool {
        let held = self
            .held
            .get(row.key)
            .and_then(|held| held.value.as_array());
        held.is_some_and(|held| held.iter().any(|held| &held["filled"]["name"] == name))
    }

    /// With `${NAME}` replaced. `None`: a warning says why the value does not count.
    fn resolved(
        &mut self,
        row: &Row,
        written: Written,
        place: &str,
        may_refer: bool,
    ) -> Option<Written> {
        if row.is_literal {
            return Some(written);
        }
        let environment = &self.sources.environment;
        let outcome = written.try_map(&mut |text| {
            if !may_refer && text.contains("${") {
                return Err(
                    "a project may read your environment only once you trust its folder".to_owned(),
                );
            }
            env::resolve(&text, environment).map_err(|trouble| match trouble {
                ReferenceTrouble::Unset(name) => {
                    format!("the environment variable `{name}` is not set")
                }
                ReferenceTrouble::Malformed => {
                    "a reference is written `${NAME}`; a plain `${` is `$${`".to_owned()
                }
            })
        });
        match outcome {
            Ok(written) => Some(written),
            Err(why) => {
                self.ignored(place, row, &why);
                None
            }
        }
    }

    fn take(&mut self, incoming: Incoming<'_>) {
        let Incoming {
            row,
            written,
            place,
            origin,
            base,
        } = incoming;
        let parsed = match value::parse(row.kind, &written) {
            Ok(Some(parsed)) => parsed,
            Ok(None) => return,
            Err(expected) => {
                return self
                    .wrong
                    .push(format!("`{place}`: `{}` must be {expected}", row.key));
            }
        };
        if matches!(row.kind, Kind::Servers | Kind::Hooks) {
            return self.ignored(&place, row, "it is set in a config file only");
        }
        if let Some(words) = parsed.clamped {
            self.warn(problem(format!("`{place}`: `{}` {words}", row.key)));
        }
        let mut value = parsed.value;
        if matches!(row.kind, Kind::Path | Kind::Paths | Kind::Databases) {
            match self.absolute(&value, base) {
                Some(path) => value = path,
                None => {
                    return self.wrong.push(format!(
                        "`{place}`: `{}` must be an absolute path, or start with `~/`",
                        row.key
                    ));
                }
            }
        }
        if matches!(
            origin,
            SettingOrigin::Project { .. } | SettingOrigin::Bundle { .. }
        ) {
            let held = self
                .held
                .get(row.key)
                .map_or(&Value::Null, |held| &held.value);
            match trust::judge(row, value, held) {
                Ruling::Take(taken) => value = taken,
                Ruling::TakePart(taken, why) => {
                    self.ignored(&place, row, &why);
                    value = taken;
                }
                Ruling::Ignore(why) => return self.ignored(&place, row, &why),
            }
        }
        self.hold(row, value, origin);
    }

    fn hold(&mut self, row: &'static Row, value: Value, origin: SettingOrigin) {
        let before = self.held.remove(row.key).map(|held| held.value);
        let value = match (before, value) {
            (Some(Value::Array(mut items)), Value::Array(added)) => {
                for item in added {
                    if !items.contains(&item) {
                        items.push(item);
                    }
                }
                Value::Array(items)
            }
            (Some(Value::Object(mut entries)), Value::Object(added)) => {
                entries.extend(added);
                Value::Object(entries)
            }
            (_, value) => value,
        };
        self.held.insert(row.key, Held { value, origin });
    }

    /// With `~/` and relative paths made absolute; `None` where that is not possible.
    fn absolute(&self, value: &Value, base: Option<&Path>) -> Option<Value> {
        if let Value::Array(paths) = value {
            let paths = paths.iter().map(|path| self.absolute(path, base));
            return paths.collect::<Option<_>>().map(Value::Array);
        }
        if let Value::Object(database) = value {
            let mut database = database.clone();
            let path = self.absolute(database.get("path")?, base)?;
            database.insert("path".to_owned(), path);
            return Some(Value::Object(database));
        }
        let text = value.as_str()?;
        let path = match text.strip_prefix('~') {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                let home = self.sources.environment.get("HOME");
                let home = home.filter(|home| !home.is_empty())?;
                Path::new(home).join(rest.trim_start_matches('/'))
            }
            _ => base.map_or_else(|| Path::new(text).to_owned(), |base| base.join(text)),
        };
        path.is_absolute()
            .then(|| Value::from(path.to_string_lossy()))
    }

    fn ignored(&mut self, place: &str, row: &Row, why: &str) {
        let words = format!("`{place}`: `{}` is ignored: {why}", row.key);
        self.warn(problem(words));
    }
}

fn problem(words: String) -> Problem {
    Problem::new(ProblemCode::InvalidConfig, words)
}

fn fault(cause: String) -> Problem {
    Problem::new(
        ProblemCode::Internal,
        "the table of settings does not fit its types",
    )
    .cause(cause)
}

/// A name from outside, cut and without control characters.
fn shown(name: &str) -> String {
    let mut shown: String = name
        .chars()
        .take(NAME_CHARS)
        .map(|letter| if letter.is_control() { '?' } else { letter })
        .collect();
    if shown.len() < name.len() {
        shown.push('…');
    }
    shown
}

/// The value as it may be shown: a secret, or a password inside an address, is hidden.
fn masked(row: &Row, value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        _ if matches!(row.kind, Kind::Servers) => servers::masked(value),
        _ if matches!(row.kind, Kind::Hooks) => hooks::masked(value),
        _ if row.is_secret => Value::from(MASK),
        Value::String(text) => Value::from(without_password(text)),
        _ => value.clone(),
    }
}

/// `https://user:password@host` without the password.
fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://{MASK}@{host}{path}"),
        None => text.to_owned(),
    }
}
