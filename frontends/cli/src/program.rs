//! The one place of the terminal that starts other programs: a pager, an editor, a browser, as the person's own
//! environment names them. They inherit the terminal; nobody else may be using it meanwhile.

use anteroom_api::{Problem, ProblemCode};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A text that comes back from an editor is not longer.
const EDITED_BYTES: u64 = 1 << 20;
/// Names that are tried for a private file.
const TRIES: u32 = 64;

/// What is set in the environment, for looking programs up.
pub(crate) type Environment = BTreeMap<String, String>;

/// Shows a text in `$PAGER`, or in `less` if there is one; false if there is no pager.
///
/// The text is handed over as it is: whoever calls has cleaned it.
///
/// # Errors
/// When the pager that was named does not start.
pub(crate) fn page(environment: &Environment, text: &str) -> Result<bool, Problem> {
    let named = set(environment, "PAGER");
    let mut command = match named {
        Some(pager) => shell(pager, &[]),
        None => match find(environment, &["less"]) {
            Some(less) => Command::new(less),
            None => return Ok(false),
        },
    };
    // As git has it: colors as they are, no alternate screen, no waiting where one window is enough.
    if set(environment, "LESS").is_none() {
        command.env("LESS", "FRX");
    }
    let name = named.unwrap_or("less");
    let failed = |error: std::io::Error| {
        Problem::new(
            ProblemCode::NotFound,
            format!("the pager `{name}` did not start"),
        )
        .cause(error)
        .hint("set $PAGER to one that is there, for example `export PAGER='less -R'`")
    };
    let mut child = command.stdin(Stdio::piped()).spawn().map_err(failed)?;
    if let Some(mut input) = child.stdin.take() {
        // Whoever leaves the pager early closes it.
        let _ = input.write_all(text.as_bytes());
    }
    child.wait().map_err(failed)?;
    Ok(true)
}

/// Lets a text be edited in `$VISUAL` or `$EDITOR`, in a private file that is gone afterwards; gives what it
/// became.
///
/// # Errors
/// When there is no editor, it does not start or says that it failed, or what it left is no text.
pub(crate) fn edit(environment: &Environment, text: &str) -> Result<String, Problem> {
    let folder = folder(environment);
    let (path, mut file) = private(&folder).map_err(|error| {
        Problem::new(ProblemCode::Internal, "a file to edit could not be made")
            .cause(error)
            .hint("look at $TMPDIR, or type here instead")
    })?;
    let written = file.write_all(text.as_bytes());
    drop(file);
    let edited = written
        .map_err(|error| unreadable(&error))
        .and_then(|()| edit_file(environment, &path))
        .and_then(|()| read_text(&path));
    // Gone is what is wanted; if it cannot be removed it is still the person's own and private.
    let _ = std::fs::remove_file(&path);
    edited
}

/// Puts a text into a new private file and leaves it there; gives its place.
///
/// # Errors
/// When no file could be made or written.
pub(crate) fn keep(environment: &Environment, text: &str) -> Result<PathBuf, Problem> {
    let made = private(&folder(environment));
    let written = made.and_then(|(path, mut file)| {
        file.write_all(text.as_bytes())?;
        Ok(path)
    });
    written.map_err(|error| {
        Problem::new(ProblemCode::Internal, "a file for it could not be written")
            .cause(error)
            .hint("look at $TMPDIR")
    })
}

/// Lets a file of the person's be edited in `$VISUAL` or `$EDITOR`.
///
/// # Errors
/// When there is no editor, it does not start or says that it failed.
pub(crate) fn edit_file(environment: &Environment, path: &Path) -> Result<(), Problem> {
    let named = set(environment, "VISUAL").or_else(|| set(environment, "EDITOR"));
    let mut command = match named {
        Some(editor) => shell(editor, &[path.as_os_str()]),
        None => match find(environment, &["nano", "vi"]) {
            Some(editor) => {
                let mut command = Command::new(editor);
                command.arg(path);
                command
            }
            None => {
                return Err(Problem::new(ProblemCode::NotFound, "no editor is set")
                    .hint("`export EDITOR=nano`, or whichever you like"));
            }
        },
    };
    let name = named.unwrap_or("editor");
    let problem = |cause: String| {
        Problem::new(ProblemCode::Internal, format!("the editor `{name}` failed"))
            .cause(cause)
            .hint("set $EDITOR to one that is there, for example `export EDITOR=nano`")
    };
    let status = command
        .status()
        .map_err(|error| problem(error.to_string()))?;
    match status.success() {
        true => Ok(()),
        false => Err(problem(status.to_string())),
    }
}

/// Puts a page into a new private file and leaves it there; gives its place.
///
/// # Errors
/// When no file could be made or written.
pub(crate) fn keep_page(environment: &Environment, html: &str) -> Result<PathBuf, Problem> {
    let made = private_named(&folder(environment), "html");
    let written = made.and_then(|(path, mut file)| {
        file.write_all(html.as_bytes())?;
        Ok(path)
    });
    written.map_err(|error| {
        Problem::new(
            ProblemCode::Internal,
            "a file for the browser could not be written",
        )
        .cause(error)
        .hint("look at $TMPDIR")
    })
}

/// Opens a file in the person's browser, and does not wait for it.
///
/// # Errors
/// When there is no browser, or nobody would see it.
pub(crate) fn browse(environment: &Environment, path: &Path) -> Result<(), Problem> {
    let none = || Problem::new(ProblemCode::NotFound, "no browser was found");
    let mut command = match set(environment, "BROWSER") {
        Some(browser) => shell(browser, &[path.as_os_str()]),
        None => {
            let is_seen = ["DISPLAY", "WAYLAND_DISPLAY"]
                .iter()
                .any(|name| set(environment, name).is_some());
            let names: &[&str] = match () {
                () if cfg!(target_os = "macos") => &["open"],
                () if is_seen => &["xdg-open", "wslview"],
                () => return Err(none()),
            };
            let mut command = Command::new(find(environment, names).ok_or_else(none)?);
            command.arg(path);
            command
        }
    };
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    alone(&mut command);
    let mut child = command.spawn().map_err(|error| none().cause(error))?;
    // It is waited for, so that it does not stay behind as a dead process.
    std::thread::spawn(move || child.wait());
    Ok(())
}

/// Signals of this terminal are not for it.
fn alone(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
}

/// This program again, without a terminal.
pub(crate) struct Background {
    child: std::process::Child,
    /// What it says until it has settled.
    said: PathBuf,
}

impl Background {
    /// Starts it with these arguments.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start(environment: &Environment, words: &[String]) -> Result<Self, Problem> {
        let failed = |error: std::io::Error| {
            Problem::new(ProblemCode::Internal, "the server could not be started").cause(error)
        };
        let program = std::env::current_exe().map_err(failed)?;
        let (said, file) = private(&folder(environment)).map_err(failed)?;
        let mut command = Command::new(program);
        command
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file);
        alone(&mut command);
        match command.spawn() {
            Ok(child) => Ok(Self { child, said }),
            Err(error) => {
                // Empty, and the person's own.
                let _ = std::fs::remove_file(&said);
                Err(failed(error))
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// It stands by itself: what it says from now on goes to its log.
    pub(crate) fn settled(self) {
        // It may go on writing; nobody reads that any more.
        let _ = std::fs::remove_file(&self.said);
    }

    /// Its last words, if it has ended.
    pub(crate) fn ended(&mut self) -> Option<String> {
        let is_over = matches!(self.child.try_wait(), Ok(Some(_)));
        is_over.then(|| {
            let words = read_text(&self.said).unwrap_or_default();
            // Read, and nobody else's.
            let _ = std::fs::remove_file(&self.said);
            words
        })
    }

    /// Ends it.
    pub(crate) fn end(mut self) {
        // It may just have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.said);
    }
}

/// A command line of the person's own, with further arguments behind it, read as a shell would.
#[cfg(unix)]
fn shell(line: &str, arguments: &[&OsStr]) -> Command {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(format!("{line} \"$@\"")).arg(line);
    command.args(arguments);
    command
}

#[cfg(not(unix))]
fn shell(line: &str, arguments: &[&OsStr]) -> Command {
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words).args(arguments);
    command
}

fn set<'a>(environment: &'a Environment, name: &str) -> Option<&'a str> {
    let value = environment.get(name).map(|value| value.trim());
    value.filter(|value| !value.is_empty())
}

/// The first of the programs that is in `$PATH`.
fn find(environment: &Environment, names: &[&str]) -> Option<PathBuf> {
    let folders = environment.get("PATH")?;
    names.iter().find_map(|name| {
        std::env::split_paths(folders)
            .filter(|folder| folder.is_absolute())
            .map(|folder| {
                folder
                    .join(name)
                    .with_extension(std::env::consts::EXE_EXTENSION)
            })
            .find(|path| path.is_file())
    })
}

/// Where a private file is made: what only the person sees, if there is such a place.
fn folder(environment: &Environment) -> PathBuf {
    set(environment, "XDG_RUNTIME_DIR")
        .map(PathBuf::from)
        .filter(|folder| folder.is_dir())
        .unwrap_or_else(std::env::temp_dir)
}

/// A new file that only its owner may read; never one that was there.
fn private(folder: &Path) -> std::io::Result<(PathBuf, File)> {
    private_named(folder, "md")
}

fn private_named(folder: &Path, ending: &str) -> std::io::Result<(PathBuf, File)> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let process = std::process::id();
    let mut last = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
    for number in 0..TRIES {
        let path = folder.join(format!("aroom-{process}-{number}.{ending}"));
        match options.open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn read_text(path: &Path) -> Result<String, Problem> {
    let mut text = String::new();
    let read =
        File::open(path).and_then(|file| file.take(EDITED_BYTES + 1).read_to_string(&mut text));
    read.map_err(|error| unreadable(&error))?;
    if text.len() as u64 > EDITED_BYTES {
        return Err(Problem::new(
            ProblemCode::InvalidInput,
            "what was written in the editor is larger than 1 MiB",
        )
        .hint("put it into a file of the workspace and name that"));
    }
    // Editors end a file with a line feed.
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}

fn unreadable(error: &std::io::Error) -> Problem {
    Problem::new(
        ProblemCode::InvalidInput,
        "what was written in the editor could not be read",
    )
    .cause(error)
    .hint("save it as UTF-8 text, under the name it was opened with")
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn environment(name: &str, value: &str) -> Environment {
        Environment::from([(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn what_an_editor_leaves_comes_back_and_its_file_goes() {
        let editor =
            r#"sh -c 'printf "%s, edited\n" "$(cat "$1")" > "$1"; stat -c %a "$1" >> "$1"' x"#;
        let edited = edit(&environment("EDITOR", editor), "a draft").unwrap();
        assert_eq!(edited, "a draft, edited\n600");
        let own = format!("aroom-{}-", std::process::id());
        let left = std::fs::read_dir(std::env::temp_dir()).unwrap().flatten();
        let left = left.filter(|entry| entry.file_name().to_string_lossy().starts_with(&own));
        assert_eq!(left.count(), 0);
    }

    #[test]
    fn an_editor_that_fails_changes_nothing_and_is_named() {
        let failed = edit(&environment("VISUAL", "false"), "a draft").unwrap_err();
        assert_eq!(failed.error, "the editor `false` failed");
        let missing = edit(&Environment::default(), "a draft").unwrap_err();
        assert_eq!(missing.error, "no editor is set");
    }

    #[test]
    fn the_pager_that_is_set_is_given_the_text() {
        let folder = std::env::temp_dir().join(format!("aroom-page-{}", std::process::id()));
        let pager = format!("cat > '{}'", folder.display());
        assert_eq!(page(&environment("PAGER", &pager), "one\ntwo\n"), Ok(true));
        assert_eq!(std::fs::read_to_string(&folder).unwrap(), "one\ntwo\n");
        std::fs::remove_file(&folder).unwrap();
        assert_eq!(page(&Environment::default(), "one"), Ok(false));
        // Nobody has to read to the end.
        let long = "line\n".repeat(100_000);
        assert_eq!(
            page(&environment("PAGER", "head -1 >/dev/null;:"), &long),
            Ok(true)
        );
    }
}
