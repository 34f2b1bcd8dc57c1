//! Modules: what is loaded, and a component that somebody drops onto the page.

use super::start::Where;
use crate::{Options, media};
use anteroom_api::{ModuleOp, OpId, Problem, ProblemCode};
use anteroom_http::{About, Accepted, Context, Failure, Query, Routes, Session, Upload};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::io::AsyncWriteExt as _;

/// The largest component that is taken.
const COMPONENT_BYTES: usize = 64 * 1024 * 1024;
/// Bytes that tell what a file is.
const HEAD: usize = 8;
/// Characters of a module's name.
const NAME: usize = 64;

pub(super) fn add(routes: Routes, options: &Arc<Options>) -> Routes {
    let options = options.clone();
    let list = move |context: Context, Query(place): Query<Where>| {
        let options = options.clone();
        async move {
            let reads = context.host.read();
            let workspace =
                super::places::folder(reads, &options.workspace, place.workspace).await?;
            reads.modules(workspace).await
        }
    };
    let upload = About::new("uploadModule", "Install a component; it is granted nothing")
        .accepts("application/wasm")
        .body_limit(COMPONENT_BYTES)
        .costly();
    routes
        .get(
            Session,
            "/api/modules",
            About::new(
                "modules",
                "All modules, with what is granted to them in a workspace",
            ),
            list,
        )
        .post(Session, "/api/modules/upload", upload, install)
}

/// What to call it.
#[derive(Debug, Deserialize, JsonSchema)]
struct Named {
    /// The module's name: letters, digits, `-` and `_`, with or without `.wasm`.
    name: String,
    /// Whether a module of that name is replaced.
    #[serde(default)]
    replace: bool,
}

/// The component was taken; that it is loaded, or why not, is told as an event.
#[derive(Debug, Serialize, JsonSchema)]
struct Installed {
    /// The wish.
    op: OpId,
    /// The module.
    module: String,
}

async fn install(
    context: Context,
    Query(named): Query<Named>,
    upload: Upload,
) -> Result<Accepted<Installed>, Failure> {
    let module =
        module_name(&named.name).map_err(|problem| Failure::from(problem).field("name"))?;
    let folder = private_folder().map_err(unwritable)?;
    let path = folder.path().join(format!("{module}.wasm"));
    let kept = keep(&path, upload).await;
    let taken = match kept {
        Ok(()) => {
            let install = ModuleOp::Install {
                path: path.display().to_string(),
                is_replacing: named.replace,
            };
            context.host.submit(install).await.map_err(Failure::from)
        }
        Err(failure) => Err(failure),
    };
    // Whatever came of it, the copy that was sent is not needed any more.
    drop(folder);
    let op = taken?;
    Ok(Accepted(Installed { op, module }))
}

/// A new folder that nobody else looks into, or puts another component into before it is installed.
pub(super) fn private_folder() -> std::io::Result<tempfile::TempDir> {
    let mut folder = tempfile::Builder::new();
    folder.prefix("aroom-upload-");
    #[cfg(unix)]
    folder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    folder.tempdir()
}

/// A name that is a plain file's, whatever was sent.
fn module_name(sent: &str) -> Result<String, Problem> {
    let name = sent.strip_suffix(".wasm").unwrap_or(sent);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if !begins || name.len() > NAME || !name.chars().all(is_plain) {
        return Err(
            Problem::new(ProblemCode::InvalidInput, "that is no name for a module")
                .hint(format!("use letters, digits, `-` and `_`, {NAME} at most")),
        );
    }
    Ok(name.to_owned())
}

/// Writes what comes into a file, and stops at the first bytes if it is no component.
async fn keep(path: &std::path::Path, mut upload: Upload) -> Result<(), Failure> {
    let mut file = tokio::fs::File::create_new(path)
        .await
        .map_err(unwritable)?;
    let mut head = Vec::new();
    let mut is_checked = false;
    while let Some(piece) = upload.next().await? {
        if !is_checked {
            head.extend(piece.iter().take(HEAD));
            is_checked = head.len() >= HEAD;
            if is_checked {
                media::check_component(&head)?;
            }
        }
        file.write_all(&piece).await.map_err(unwritable)?;
    }
    if !is_checked {
        media::check_component(&head)?;
    }
    file.flush().await.map_err(unwritable)?;
    Ok(())
}

pub(super) fn unwritable(error: std::io::Error) -> Failure {
    Problem::new(ProblemCode::Storage, "what was sent could not be kept")
        .cause(error)
        .hint("make room in the temporary folder")
        .into()
}

#[cfg(test)]
mod tests {
    use super::{module_name, private_folder};

    #[cfg(unix)]
    #[test]
    fn what_is_uploaded_lies_where_nobody_else_looks() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = private_folder().unwrap();
        let mode = folder.path().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn a_module_has_a_plain_name_whatever_was_sent() {
        for (sent, name) in [("csv", "csv"), ("csv.wasm", "csv"), ("a-b_2.wasm", "a-b_2")] {
            assert_eq!(module_name(sent).unwrap(), name);
        }
        let hostile = [
            "",
            ".wasm",
            "../x",
            "a/b",
            "a\\b",
            "..",
            ".x",
            "-x",
            "a b",
            "a\0",
            "ä",
            "a.b",
            "x.wasm.wasm",
            "con:",
            &"a".repeat(65),
        ];
        for sent in hostile {
            assert!(module_name(sent).is_err(), "{sent:?}");
        }
    }
}
