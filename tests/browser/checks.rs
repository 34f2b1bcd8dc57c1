//! The page's own checks: its modules under Node, its renderer inside Chromium (B3).

use super::Room;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::Command;

const CHECKS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/frontends/web/checks");

/// The checks of the page's modules: each is a program of Node, or a file of its test runner. The others are what they
/// share.
fn programs() -> Vec<PathBuf> {
    let files = std::fs::read_dir(CHECKS).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let is_program = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        text.contains("node:test") || text.contains("process.exitCode")
    };
    let mut files: Vec<PathBuf> = files
        .filter(|path| path.extension().is_some_and(|is| is == "mjs"))
        .filter(is_program)
        .collect();
    files.sort();
    files
}

#[test]
fn the_modules_of_the_page_keep_their_promises() {
    let programs = programs();
    assert!(!programs.is_empty(), "{CHECKS} holds no checks");
    let version = Command::new("node").arg("--version").output();
    assert!(
        version.is_ok_and(|version| version.status.success()),
        "the checks of the page's modules need Node 18 or newer: `apt install nodejs`"
    );
    let run = Command::new("node")
        .arg("--test")
        .args(&programs)
        .output()
        .unwrap();
    assert!(
        run.status.success(),
        "{}{}",
        String::from_utf8_lossy(&run.stdout),
        String::from_utf8_lossy(&run.stderr)
    );
}

/// One thousand documents, each cut at random and drawn piece by piece, equal the same drawn at once, and what is
/// frozen is never touched again.
#[tokio::test(flavor = "multi_thread")]
async fn streaming_draws_what_one_stroke_draws() {
    let mut room = Room::new([]).await;
    let page = room.page().await;
    let check = std::fs::read_to_string(Path::new(CHECKS).join("markdown.mjs")).unwrap();
    let check = check.replace(
        "export function checkMarkdown",
        "globalThis.checkMarkdown = function",
    );
    page.js(&check).await;
    let (mut count, mut frozen) = (0, 0);
    for seed in 1..=10 {
        let run = format!(
            "(async () => {{ const app = document.querySelector('script[type=module]').src; \
             const {{ MarkdownStream }} = await import(app.replace(/app\\.js$/, 'lib/markdown/stream.js')); \
             return checkMarkdown(MarkdownStream, {{ count: 100, seed: {seed} }}) }})()"
        );
        let told = page.js(&run).await;
        assert_eq!(told["failures"], json!([]), "seed {seed}");
        count += told["count"].as_u64().unwrap();
        frozen += told["frozen"].as_u64().unwrap();
    }
    assert_eq!(count, 1_000);
    assert!(frozen > 1_000, "hardly anything froze: {frozen}");
    assert_eq!(page.faults(), Vec::<String>::new());
}
