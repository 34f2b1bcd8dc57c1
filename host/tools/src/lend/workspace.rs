//! `workspace`: what a tool says before it writes. Needs no grant; it changes nothing.

use crate::wasm::bindings::anteroom::tool::types::FileDiff;
use crate::wasm::bindings::anteroom::tool::workspace::Host;
use crate::wasm::hosted::Hosted;
use anteroom_api::ToolContent;
use std::path::Path;

/// Longest proposal kept; a longer one is shown up to here.
const UNIFIED_MAX_BYTES: usize = 256 << 10;
/// Where tools find the file system's root.
const OUTSIDE: &str = "/@outside";

impl Host for Hosted {
    fn propose(&mut self, change: FileDiff) -> wasmtime::Result<()> {
        let path = key_of(&change.path, &self.state.session.workspace().path);
        let mut unified = change.unified;
        unified.truncate(unified.floor_char_boundary(UNIFIED_MAX_BYTES));
        let diff = ToolContent::Diff {
            path: path.clone(),
            unified,
            added: change.added,
            removed: change.removed,
        };
        self.state.propose(path, diff);
        Ok(())
    }
}

/// The path as the file layer will name it when the file is opened.
fn key_of(path: &str, workspace: &Path) -> String {
    let inside = Path::new(path)
        .strip_prefix(workspace)
        .ok()
        .and_then(Path::to_str);
    let path = inside.unwrap_or_else(|| path.strip_prefix(OUTSIDE).unwrap_or(path));
    let is_absolute = path.starts_with('/');
    let names: Vec<&str> = path
        .split('/')
        .filter(|name| !matches!(*name, "" | "."))
        .collect();
    let joined = names.join("/");
    if is_absolute {
        format!("/{joined}")
    } else {
        joined
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_a_path_as_the_file_layer_does() {
        let cases = [
            ("src/a.rs", "src/a.rs"),
            ("./src//a.rs", "src/a.rs"),
            ("/work/space/src/a.rs", "src/a.rs"),
            ("/etc/hosts", "/etc/hosts"),
            ("/@outside/etc/hosts", "/etc/hosts"),
        ];
        for (spelled, expected) in cases {
            assert_eq!(key_of(spelled, Path::new("/work/space")), expected);
        }
    }
}
