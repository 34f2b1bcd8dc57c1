//! What `/canvas` does: listing, showing, comparing, saving.

use super::Session;
use super::perform::or;
use crate::chat::slash::Canvas;
use crate::clean::{clean, reveal};
use crate::diff;
use crate::markdown;
use crate::theme::Style;
use crate::words;
use anteroom_api::{CanvasView, Problem, ProblemCode};
use std::io::Write as _;
use std::path::Path;

impl Session<'_> {
    pub(super) async fn canvas(&mut self, canvas: Canvas) -> Result<(), Problem> {
        let canvases = match &self.place {
            Some(place) => self.context.host.read().canvases(place.target.id).await?,
            None => Vec::new(),
        };
        match canvas {
            Canvas::List => match canvases.as_slice() {
                [only] => self.show_canvas(only).await,
                several => {
                    let lines = or(self.canvas_list(several), "no canvas yet");
                    self.print(lines);
                    Ok(())
                }
            },
            Canvas::Show(name) => {
                let canvas = named(&canvases, &name)?.clone();
                self.show_canvas(&canvas).await
            }
            Canvas::Diff(number, versions) => {
                let canvas = chosen(&canvases, number)?.clone();
                self.compare_canvas(&canvas, versions).await
            }
            Canvas::Save {
                canvas,
                file,
                is_forced,
            } => {
                let canvas = chosen(&canvases, canvas)?;
                let line = self.save_canvas(canvas, &file, is_forced)?;
                self.print(vec![line]);
                Ok(())
            }
        }
    }

    fn canvas_list(&self, canvases: &[CanvasView]) -> Vec<String> {
        let now = (self.context.clock)();
        (1..)
            .zip(canvases)
            .map(|(number, canvas)| {
                let about = [
                    format!("v{}", canvas.version),
                    reveal(&canvas.kind),
                    words::ago(canvas.updated_at, now),
                ];
                let about = about.join(self.theme.dot());
                let title = reveal(&canvas.title);
                format!(
                    "{number}  {title}  {}",
                    self.theme.paint(Style::Dim, &about)
                )
            })
            .collect()
    }

    async fn show_canvas(&mut self, canvas: &CanvasView) -> Result<(), Problem> {
        let head = format!("{} v{}", reveal(&canvas.title), canvas.version);
        let mut lines = vec![self.theme.paint(Style::Bold, &head)];
        let body = clean(&canvas.body);
        if canvas.kind == "markdown" {
            lines.extend(markdown::rows(&body, &self.theme));
        } else {
            lines.extend(body.lines().map(ToOwned::to_owned));
        }
        lines.push(String::new());
        self.page(lines).await
    }

    async fn compare_canvas(
        &mut self,
        canvas: &CanvasView,
        versions: Option<(u32, u32)>,
    ) -> Result<(), Problem> {
        let versions = match versions {
            Some(versions) => versions,
            None if canvas.version < 2 => {
                let title = reveal(&canvas.title);
                self.print(vec![format!("{title} has one version only")]);
                return Ok(());
            }
            None => (canvas.version - 1, canvas.version),
        };
        let reads = self.context.host.clone();
        let reads = reads.read();
        let told = reads.canvas_diff(canvas.conversation, canvas.id, versions);
        let told = told.await?;
        let title = self.theme.paint(Style::Bold, &reveal(&canvas.title));
        let mut lines = vec![format!(
            "{title}  v{} to v{}  +{} {}{}",
            told.from,
            told.to,
            told.added,
            self.theme.minus(),
            told.removed
        )];
        match told.unified.is_empty() {
            true => lines.push("they say the same".to_owned()),
            false => lines.extend(diff::unified(&told.unified, &self.theme)),
        }
        self.page(lines).await
    }

    /// Writes the text as it is. A file that is there is overwritten only if that was said.
    fn save_canvas(
        &self,
        canvas: &CanvasView,
        file: &str,
        is_forced: bool,
    ) -> Result<String, Problem> {
        let path = self.context.workspace.join(file);
        write(&path, canvas.body.as_bytes(), is_forced)?;
        let size = words::bytes(canvas.body.len() as u64);
        Ok(format!(
            "{} {} v{} saved to {} ({size})",
            self.theme.paint(Style::Good, self.theme.ok()),
            reveal(&canvas.title),
            canvas.version,
            reveal(&path.display().to_string())
        ))
    }
}

/// Writes a file: a new one, or over one that is there.
fn write(path: &Path, bytes: &[u8], is_forced: bool) -> Result<(), Problem> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true);
    match is_forced {
        true => options.create(true).truncate(true),
        false => options.create_new(true),
    };
    let written = options
        .open(path)
        .and_then(|mut open| open.write_all(bytes).and_then(|()| open.sync_all()));
    written.map_err(|error| {
        let text = format!("`{}` was not written", path.display());
        let hint = match error.kind() {
            std::io::ErrorKind::AlreadyExists => "name another file, or put `force` behind it",
            _ => "name a file in a folder you may write to",
        };
        Problem::new(ProblemCode::InvalidInput, text)
            .cause(error)
            .hint(hint)
    })
}

/// By its number in the list, or its title.
fn named<'a>(canvases: &'a [CanvasView], name: &str) -> Result<&'a CanvasView, Problem> {
    let by_title = |canvas: &&CanvasView| canvas.title.eq_ignore_ascii_case(name);
    if let Some(canvas) = canvases.iter().find(by_title) {
        return Ok(canvas);
    }
    let number = name.parse::<usize>().ok();
    let place = number.and_then(|number| number.checked_sub(1));
    place
        .and_then(|at| canvases.get(at))
        .ok_or_else(|| no_canvas(name))
}

/// By its number, or the one that was changed last.
fn chosen(canvases: &[CanvasView], number: Option<usize>) -> Result<&CanvasView, Problem> {
    match number {
        Some(number) => named(canvases, &number.to_string()),
        None => {
            let last = canvases.iter().max_by_key(|canvas| canvas.updated_at);
            last.ok_or_else(|| Problem::new(ProblemCode::NotFound, "there is no canvas yet"))
        }
    }
}

fn no_canvas(name: &str) -> Problem {
    let text = format!("there is no canvas `{name}`");
    Problem::new(ProblemCode::NotFound, text).hint("/canvas lists them")
}
