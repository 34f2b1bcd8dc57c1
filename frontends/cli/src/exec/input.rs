//! What the model is given: the prompt, standard input, images, and the shape its answer must have.

use super::schema::Schema;
use crate::called;
use crate::context::{Context, Quit};
use crate::invocation::Exec;
use anteroom_api::{Content, IMAGE_BYTES_MAX, Problem, ProblemCode, image_type};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::io::Read;
use std::path::Path;

/// The parts of the message, in order.
pub(super) async fn read(
    context: &mut Context,
    exec: &Exec,
    schema: Option<&Schema>,
) -> Result<Vec<Content>, Quit> {
    let mut input = words(context, exec).await?;
    for path in &exec.images {
        input.push(image(path)?);
    }
    input.extend(schema.map(|schema| Content::text(schema.asking())));
    Ok(input)
}

/// The prompt, and what came through standard input as its context.
async fn words(context: &mut Context, exec: &Exec) -> Result<Vec<Content>, Quit> {
    let is_piped = !context.terminal.is_stdin_terminal;
    let missing = || {
        Problem::new(ProblemCode::InvalidInput, "there is no prompt")
            .hint("`aroom exec \"PROMPT\"`, or pipe the prompt into `aroom exec -`")
    };
    if exec.is_fed {
        // Standard input carries ops; more messages may come that way.
        return Ok(exec.prompt.iter().map(Content::text).collect());
    }
    match &exec.prompt {
        None if !is_piped => Err(missing().into()),
        None => {
            let text = context.read_stdin().await?;
            if text.trim().is_empty() {
                return Err(missing().into());
            }
            Ok(vec![Content::text(text)])
        }
        Some(prompt) => {
            let skill = called::skill(&context.host, context.workspace(), prompt).await;
            let mut input = vec![skill.unwrap_or_else(|| Content::text(prompt.clone()))];
            if is_piped {
                let text = context.read_stdin().await?;
                if !text.trim().is_empty() {
                    let text = text.trim_end_matches('\n');
                    input.push(Content::text(format!("<stdin>\n{text}\n</stdin>")));
                }
            }
            Ok(input)
        }
    }
}

/// A file that was named on the command line, as an image.
fn image(path: &Path) -> Result<Content, Problem> {
    let refused = |words: &str, code| {
        Problem::new(code, format!("`{}` {words}", path.display()))
            .hint("give `--image` a PNG, JPEG, GIF or WebP file of 5 MB at most")
    };
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(IMAGE_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|error| {
            let code = match error.kind() {
                std::io::ErrorKind::NotFound => ProblemCode::NotFound,
                _ => ProblemCode::InvalidInput,
            };
            refused("could not be read", code).cause(error)
        })?;
    if bytes.len() as u64 > IMAGE_BYTES_MAX {
        return Err(refused(
            "is larger than 5 MB, more than a model can look at",
            ProblemCode::InvalidInput,
        ));
    }
    let media_type = image_type(&bytes)
        .ok_or_else(|| refused("is no image that models take", ProblemCode::InvalidInput))?;
    Ok(Content::Image {
        media_type: media_type.to_owned(),
        data: STANDARD.encode(bytes),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_what_its_bytes_are() {
        let folder = std::env::temp_dir();
        let path = folder.join(format!("anteroom-cli-image-{}", std::process::id()));
        let check = |bytes: &[u8], wanted: Result<&str, ProblemCode>| {
            std::fs::write(&path, bytes).unwrap();
            let read = image(&path).map_err(|problem| problem.code);
            let read = read.map(|content| match content {
                Content::Image { media_type, data } => {
                    assert_eq!(STANDARD.decode(data).unwrap(), bytes);
                    media_type
                }
                other => panic!("{other:?}"),
            });
            assert_eq!(read, wanted.map(str::to_owned));
        };
        check(b"\x89PNG\r\n\x1a\nrest", Ok("image/png"));
        check(b"#!/bin/sh", Err(ProblemCode::InvalidInput));
        check(
            &[b"GIF89a".as_slice(), &vec![0; 5 << 20]].concat(),
            Err(ProblemCode::InvalidInput),
        );
        std::fs::remove_file(&path).unwrap();
        assert_eq!(image(&path).unwrap_err().code, ProblemCode::NotFound);
    }
}
