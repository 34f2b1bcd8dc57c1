//! `aroom config edit`: the file in the person's own editor. What comes back counts once the host understands it;
//! until then it is kept beside the file and offered again.

use crate::context::{Context, Quit};
use crate::exit;
use crate::problem;
use crate::program;
use crate::prompter::Prompter;
use crate::theme::Style;
use anteroom_api::{Problem, ProblemCode, SettingOp};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// A file of settings is smaller.
const MOST_BYTES: u64 = 1 << 20;
/// What an editor shows where there is no file yet.
const NEW: &str = "\
# Settings of Anteroom. Every key is optional; `aroom config show` lists them all,
# with their values and where each comes from.
#
# ai:
#   base_url: http://127.0.0.1:11434/v1
#   model: qwen3:32b
";

pub(super) async fn run(context: &mut Context) -> Result<u8, Quit> {
    let path = PathBuf::from(context.host.read().settings().await?.path);
    if !context.terminal.is_interactive() {
        return Err(
            Problem::new(ProblemCode::InvalidInput, "there is no terminal to edit on")
                .cause(format!("the file is `{}`", path.display()))
                .hint("`aroom config set KEY VALUE` changes one setting")
                .into(),
        );
    }
    let mut prompter = Prompter::terminal();
    with(context, &path, &mut prompter, &|context, draft| {
        program::edit_file(&context.terminal.environment, draft)
    })
    .await
}

/// Lets a person edit a file.
type Edit<'a> = dyn Fn(&Context, &Path) -> Result<(), Problem> + Send + Sync + 'a;

/// The same with somebody to ask and something to edit with.
async fn with(
    context: &mut Context,
    path: &Path,
    prompter: &mut Prompter,
    edit: &Edit<'_>,
) -> Result<u8, Quit> {
    let was = read(path)?.unwrap_or_default();
    let draft = draft(path);
    begin(context, prompter, &draft, &was)?;
    loop {
        edit(context, &draft).map_err(|problem| kept(problem, &draft))?;
        let text = read(&draft)?.unwrap_or_default();
        if text == was || (was.is_empty() && text == NEW) {
            remove(&draft);
            context.printer.note("nothing was changed");
            return Ok(exit::OK);
        }
        let op = SettingOp::Replace {
            text,
            was: was.clone(),
        };
        let Err(refused) = context.settle(op).await else {
            break;
        };
        context.printer.problem(&about(&refused, path, &draft));
        let is_over = refused.code != ProblemCode::InvalidConfig
            || prompter.confirm(&mut context.printer, "Edit it again?", true) != Some(true);
        if is_over {
            context.printer.note(&format!(
                "nothing was changed; your text is kept in `{}`, and `aroom config edit` goes on with it",
                draft.display()
            ));
            return Ok(exit::of_problem(refused.code));
        }
    }
    remove(&draft);
    conclude(context, path).await
}

/// Makes the draft, or leaves the one of last time where that is wanted.
fn begin(
    context: &mut Context,
    prompter: &mut Prompter,
    draft: &Path,
    was: &str,
) -> Result<(), Quit> {
    if read(draft)?.is_some() {
        let question = format!(
            "There is an unfinished edit, `{}`. Go on with it?",
            draft.display()
        );
        match prompter.confirm(&mut context.printer, &question, true) {
            Some(true) => return Ok(()),
            Some(false) => remove(draft),
            None => return Err(Quit::Code(exit::INTERRUPTED)),
        }
    }
    let text = if was.is_empty() { NEW } else { was };
    create(draft)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| unwritable(draft, &error).into())
}

async fn conclude(context: &mut Context, path: &Path) -> Result<u8, Quit> {
    let report = context.host.read().settings().await?;
    let theme = context.printer.err_theme();
    context.printer.progress(&format!(
        "{} saved {}",
        theme.paint(Style::Good, theme.ok()),
        path.display()
    ));
    for warning in &report.warnings {
        context
            .printer
            .note(problem::render(warning, &theme).trim_end());
    }
    Ok(exit::OK)
}

/// Beside the file, in the folder that nobody else can look into: it may hold a key.
fn draft(path: &Path) -> PathBuf {
    path.with_file_name("config.edit.yaml")
}

fn create(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn remove(path: &Path) {
    // It is private; one that cannot be removed is offered again next time.
    let _ = std::fs::remove_file(path);
}

fn read(path: &Path) -> Result<Option<String>, Problem> {
    let failed = |cause: String| {
        Problem::new(
            ProblemCode::InvalidConfig,
            format!("could not read `{}`", path.display()),
        )
        .cause(cause)
        .hint("check its owner and mode, and that it is text")
    };
    match std::fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Ok(found) if found.len() > MOST_BYTES => {
            return Err(failed("it is larger than 1 MB".to_owned()));
        }
        _ => {}
    }
    let text = std::fs::read_to_string(path);
    text.map(Some).map_err(|error| failed(error.to_string()))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Problem {
    Problem::new(
        ProblemCode::InvalidConfig,
        format!("could not write `{}`", path.display()),
    )
    .cause(error)
    .hint("make its folder writable")
}

/// The same, said of the text that was refused: that is not in the file.
fn about(problem: &Problem, path: &Path, draft: &Path) -> Problem {
    let (path, draft) = (path.display().to_string(), draft.display().to_string());
    let said = |text: &String| text.replace(&path, &draft);
    Problem {
        error: said(&problem.error),
        causes: problem.causes.iter().map(said).collect(),
        hint: problem.hint.as_ref().map(said),
        ..problem.clone()
    }
}

/// An editor that failed may have written: nothing is thrown away.
fn kept(problem: Problem, draft: &Path) -> Problem {
    problem.cause(format!("your text is kept in `{}`", draft.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Bench;
    use anteroom_api::Op;
    use std::collections::VecDeque;
    use std::sync::Mutex;

    /// What was submitted, the code, and what is left in the folder.
    fn edited(
        before: Option<&str>,
        drafts: &[&str],
        answers: &[&'static str],
        refusals: &[ProblemCode],
    ) -> (Result<u8, Quit>, Vec<String>, Option<String>) {
        let folder = std::env::temp_dir().join(format!(
            "anteroom-cli-edit-{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        ));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).unwrap();
        let path = folder.join("config.yaml");
        if let Some(before) = before {
            std::fs::write(&path, before).unwrap();
        }
        let mut bench = Bench::new(&["config", "edit"], vec![]);
        bench.fake.refuse(refusals);
        let drafts = Mutex::new(drafts.iter().copied().collect::<VecDeque<_>>());
        let mut prompter = Prompter::Script(answers.iter().copied().collect());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let edit = |_: &Context, draft: &Path| {
            let next = drafts.lock().unwrap().pop_front();
            match next {
                Some(text) => std::fs::write(draft, text).map_err(|e| unwritable(draft, &e)),
                None => Err(Problem::new(ProblemCode::Internal, "the editor failed")),
            }
        };
        let code = runtime.block_on(with(&mut bench.context, &path, &mut prompter, &edit));
        let sent = bench.fake.ops().into_iter().map(|op| match op {
            Op::Setting(SettingOp::Replace { text, was }) => {
                assert_eq!(was, before.unwrap_or_default());
                text
            }
            other => panic!("{other:?}"),
        });
        let sent = sent.collect();
        let left = std::fs::read_to_string(draft(&path)).ok();
        std::fs::remove_dir_all(&folder).unwrap();
        (code, sent, left)
    }

    #[test]
    fn what_is_understood_is_sent_once() {
        let (code, sent, left) = edited(Some("a: 1\n"), &["a: 2\n"], &[], &[]);
        assert_eq!((code, left), (Ok(0), None));
        assert_eq!(sent, ["a: 2\n"]);
        // Nothing changed, nothing sent.
        let (code, sent, left) = edited(Some("a: 1\n"), &["a: 1\n"], &[], &[]);
        assert_eq!((code, sent.len(), left), (Ok(0), 0, None));
        let (code, sent, _) = edited(None, &[NEW], &[], &[]);
        assert_eq!((code, sent.len()), (Ok(0), 0));
    }

    #[test]
    fn what_is_not_is_offered_again_and_never_lost() {
        let refused = [ProblemCode::InvalidConfig];
        let (code, sent, left) = edited(Some("a: 1\n"), &["a: [", "a: 2\n"], &[""], &refused);
        assert_eq!((code, left), (Ok(0), None));
        assert_eq!(sent, ["a: [", "a: 2\n"]);
        let (code, _, left) = edited(Some("a: 1\n"), &["a: ["], &["n"], &refused);
        assert_eq!(
            (code, left.as_deref()),
            (Ok(exit::NOT_CONFIGURED), Some("a: ["))
        );
        // Somebody else wrote the file meanwhile.
        let (code, _, left) = edited(Some("a: 1\n"), &["a: 2\n"], &[], &[ProblemCode::Conflict]);
        assert_eq!((code, left.as_deref()), (Ok(exit::FAILED), Some("a: 2\n")));
        // The editor crashed.
        let (code, sent, left) = edited(Some("a: 1\n"), &[], &[], &[]);
        assert!(code.is_err() && sent.is_empty() && left.is_some());
    }
}
