//! Modules that come, change and ask for more while the program runs (B22).

use super::Room;
use crate::support::page::Page;
use crate::support::toolset::Toolset;
use std::path::PathBuf;

fn folder(room: &Room) -> PathBuf {
    let folder = room.desk.home().join(".anteroom/tools");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Put there whole, as an editor or a build does.
fn put(room: &Room, toolset: &Toolset) {
    let folder = folder(room);
    let beside = folder.join("ants.part");
    std::fs::write(&beside, toolset.build()).unwrap();
    std::fs::rename(&beside, folder.join("ants.wasm")).unwrap();
}

/// The state of the module as the page shows it.
async fn until_state(page: &Page, state: &str) {
    let is = format!(
        "[...document.querySelectorAll('[data-testid=module]')].some((one) => one.dataset.state === '{state}' && /ants/.test(one.textContent))"
    );
    page.until(&format!("the module is {state}"), &is).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_that_asks_for_more_is_paused_until_it_is_granted() {
    let mut room = Room::new([]).await;
    folder(&room);
    let page = room.browser().await;
    room.visit(&page, "/tools/wasm").await;
    put(&room, &Toolset::new("count_ants", "many"));
    until_state(&page, "loaded").await;
    // Another binary that wants to read files: it says so and waits, without a reload of the page.
    put(
        &room,
        &Toolset::new("count_ants", "more")
            .reading_files()
            .version(2),
    );
    until_state(&page, "paused").await;
    let row = page.css("[data-testid=grant-row][data-capability=files_read]");
    row.until(
        "it is not granted",
        "function () { return this.dataset.granted === 'false' }",
    )
    .await;
    row.css("button").click().await;
    page.css("[role=dialog] [type=submit], dialog[open] [type=submit]")
        .click()
        .await;
    until_state(&page, "loaded").await;
    assert_eq!(page.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_is_installed_by_its_button() {
    let mut room = Room::new([]).await;
    let page = room.browser().await;
    room.visit(&page, "/tools/wasm").await;
    let path = room.desk.work().join("ants.wasm");
    std::fs::write(&path, Toolset::new("count_ants", "many").build()).unwrap();
    page.mark("module-file")
        .give_files(&[path.display().to_string()])
        .await;
    until_state(&page, "loaded").await;
    assert!(folder(&room).join("ants.wasm").exists() || page.mark("module").count().await > 0);
    // What is no module is refused with a reason, and the other stays.
    let broken = room.desk.work().join("broken.wasm");
    std::fs::write(&broken, "not a module").unwrap();
    page.mark("module-file")
        .give_files(&[broken.display().to_string()])
        .await;
    page.until("the refusal", "[...document.querySelectorAll('[data-testid=module-upload]')].some((one) => /broken/.test(one.textContent) && one.dataset.state !== 'done' && one.dataset.state !== 'sending')")
        .await;
    until_state(&page, "loaded").await;
}
