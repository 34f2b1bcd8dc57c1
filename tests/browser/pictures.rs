//! Pictures of the page for the documentation: the real program reaches each view, and with `ANTEROOM_PICTURES` set to
//! a folder keeps it there (`ANTEROOM_PICTURES=docs/web cargo test --test anteroom browser::pictures`).

use super::Room;
use super::loading::settled;
use crate::support::endpoint::{Gate, Reply};
use crate::support::page::Page;
use serde_json::json;
use std::path::Path;

/// The most a picture may weigh.
const MOST: u64 = 200 * 1024;

/// Keeps a view in a theme and a width.
async fn keep(page: &Page, name: &str, theme: &str, width: u32) {
    let height = if width < 700 { 720 } else { 800 };
    page.prefer(&[
        ("prefers-color-scheme", theme),
        ("prefers-reduced-motion", "reduce"),
    ])
    .await;
    page.resize(width, height).await;
    page.js("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        .await;
    let folder = std::env::var_os("ANTEROOM_PICTURES")
        .map(|folder| Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
    let Some(folder) = folder else { return };
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{name}.png"));
    page.screenshot(&path).await;
    let size = std::fs::metadata(&path).unwrap().len();
    assert!(size <= MOST, "{} has {size} bytes", path.display());
}

const ANSWER: &str = "The loader has **three layers** now: defaults, the file, the environment.\n\n\
    1. `split` reads each layer by itself\n2. `merge` lets the later one win\n3. `check` names the first value that is wrong\n\n\
    ```rust\nfn load(layers: &[Layer]) -> Result<Config, ConfigError> {\n    let merged = layers.iter().fold(Raw::default(), Raw::merge);\n    Config::check(merged)\n}\n```\n\n\
    | layer | wins over |\n|---|---|\n| environment | file |\n| file | defaults |\n";

/// A conversation with everything in it.
async fn at_work() -> (Room, Page, Gate) {
    let gate = Gate::new();
    let edit = json!({
        "path": "src/env.rs",
        "old_text": "std::env::var(k).unwrap()",
        "new_text": "std::env::var(k).map_err(ConfigError::Env)?",
    });
    let plan = "# Plan\n\n1. Split the loader\n2. Move the layer of the environment\n3. Keep the tests green\n";
    let mut room = Room::new([
        Reply::text("I'll look at the loader first.")
            .and_call("read_file", json!({ "path": "src/loader.rs" }))
            .and_call("read_file", json!({ "path": "src/env.rs" })),
        Reply::call(
            "create_canvas",
            json!({ "title": "plan.md", "content": plan }),
        ),
        Reply::text(ANSWER),
        Reply::text("One place still panics.").and_call("edit_file", edit),
        Reply::stream().wait(&gate).say("Done."),
    ])
    .await;
    std::fs::create_dir(room.desk.work().join("src")).unwrap();
    room.desk.write("src/loader.rs", "pub fn load() {}\n");
    room.desk.write(
        "src/env.rs",
        "pub fn read(k: &str) -> String {\n    std::env::var(k).unwrap()\n}\n",
    );
    let page = room.page().await;
    page.ask("Split the config loader into layers", "wins over")
        .await;
    (room, page, gate)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_an_approval_and_a_canvas() {
    let (_room, page, gate) = at_work().await;
    page.mark("canvas").seen().await;
    keep(&page, "answer-light", "light", 1280).await;
    keep(&page, "answer-dark", "dark", 1280).await;
    page.resize(1280, 800).await;
    page.say("Does anything still panic?").await;
    page.cards().says("src/env.rs").await;
    page.say("then run clippy").await;
    page.mark("queue").says("then run clippy").await;
    keep(&page, "chat-dark", "dark", 1280).await;
    keep(&page, "chat-light", "light", 1280).await;
    keep(&page, "chat-360", "light", 360).await;
    page.resize(1280, 800).await;
    page.press("Control+k").await;
    page.mark("palette").seen().await;
    page.type_text("loader").await;
    page.mark("palette").css("[role=option]").seen().await;
    keep(&page, "palette-light", "light", 1280).await;
    gate.open();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_run_and_what_is_managed() {
    let mut fresh = Room::unconnected().await;
    let page = fresh.browser().await;
    page.mark("connection").seen().await;
    settled(&page).await;
    keep(&page, "first-run-light", "light", 1280).await;
    keep(&page, "first-run-360", "dark", 360).await;
    let (room, page, gate) = at_work().await;
    for (path, name, theme) in [
        ("/tools", "tools-light", "light"),
        ("/settings", "settings-dark", "dark"),
        ("/usage", "usage-light", "light"),
        ("/audit", "audit-light", "light"),
    ] {
        page.resize(1280, 800).await;
        room.visit(&page, path).await;
        settled(&page).await;
        keep(&page, name, theme, 1280).await;
    }
    gate.open();
}
