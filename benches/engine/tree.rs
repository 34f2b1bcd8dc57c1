//! A tree of source files, the same in every run, kept between runs.

use crate::world::scratch;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

/// What is in a tree.
pub(crate) struct Tree {
    pub(crate) files: usize,
    lines: usize,
    /// Rounds that are measured.
    pub(crate) rounds: usize,
}

/// 5 000 files in 500 folders, 54 MB, a match in every 15th line.
pub(crate) const SMALL: Tree = Tree {
    files: 5_000,
    lines: 210,
    rounds: 15,
};

/// 100 000 files in 10 000 folders, 216 MB.
pub(crate) const LARGE: Tree = Tree {
    files: 100_000,
    lines: 42,
    rounds: 5,
};

/// Found in every 15th line.
pub(crate) const PATTERN: &str = r"compute_\w+\(";
/// Every second file.
pub(crate) const GLOB: &str = "**/*.rs";

impl Tree {
    /// Its folder, made if it is not there.
    pub(crate) fn folder(&self) -> anyhow::Result<PathBuf> {
        let folder = scratch(&format!("tree-{}", self.files));
        let is_done = folder.with_extension("done");
        if is_done.exists() {
            return Ok(folder);
        }
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(".gitignore"), "target/\n*.log\n")?;
        for file in 0..self.files {
            let inner = file / 10;
            let place = folder
                .join(format!("part{:03}", inner / 20))
                .join(format!("module{:02}", inner % 20));
            if file % 10 == 0 {
                fs::create_dir_all(&place)?;
            }
            let ending = if file % 2 == 0 { "rs" } else { "txt" };
            fs::write(
                place.join(format!("file{file:06}.{ending}")),
                self.text(file),
            )?;
        }
        fs::write(is_done, "")?;
        Ok(folder)
    }

    fn text(&self, file: usize) -> String {
        let mut text = String::new();
        for line in 0..self.lines {
            let number = (file * 7919 + line * 104_729) % 1_000_003;
            let written = if line % 15 == 7 {
                writeln!(
                    text,
                    "    let value{number} = compute_sum(input, {number:07});"
                )
            } else {
                writeln!(
                    text,
                    "    // the value {number:07} of line {line:04} says nothing"
                )
            };
            // Writing to a String does not fail.
            let _ = written;
        }
        text
    }
}
