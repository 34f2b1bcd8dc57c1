//! Bundles on the page: sent, shown, agreed to, updated with what differs, removed.

use super::Room;
use crate::support::page::Page;
use crate::support::toolset::Toolset;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Packs a bundle with instructions, signed, with the real program; answers the file.
fn packed(room: &Room, version: &str, words: &str) -> PathBuf {
    let folder = folder(room, version, "instructions", "");
    std::fs::write(folder.join("instructions.md"), words).unwrap();
    pack(room, version, true)
}

/// The folder of a bundle, with its `bundle.yaml`.
fn folder(room: &Room, version: &str, holds: &str, more: &str) -> PathBuf {
    let folder = room.desk.work().join(format!("team-{version}"));
    std::fs::create_dir_all(&folder).unwrap();
    let manifest = format!(
        "name: team\nversion: {version}\nauthor: The <b>team</b>\nlicence: MIT\nminimum_anteroom: 0.1.0\nholds: [{holds}]\n{more}"
    );
    std::fs::write(folder.join("bundle.yaml"), manifest).unwrap();
    folder
}

fn pack(room: &Room, version: &str, is_signed: bool) -> PathBuf {
    let file = room.desk.work().join(format!("team-{version}.abundle"));
    let folder = room.desk.work().join(format!("team-{version}"));
    let (folder, target) = (folder.display().to_string(), file.display().to_string());
    let mut pack = vec!["bundle", "pack", folder.as_str(), target.as_str()];
    pack.extend(is_signed.then_some("--sign"));
    let ran = room.desk.aroom(&pack).output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
    file
}

async fn give(page: &Page, file: &Path) {
    let files = [file.display().to_string()];
    page.mark("bundle-file").give_files(&files).await;
}

/// Whether the button that installs is out of reach.
async fn cannot_install(page: &Page) -> bool {
    let disabled = "document.querySelector('[data-testid=bundle-install]').disabled";
    page.js(disabled).await == true
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_is_shown_before_it_is_installed_and_goes_as_a_whole() {
    let mut room = Room::new([]).await;
    let first = packed(&room, "1.0.0", "Keep to the old rules.\n");
    let second = packed(&room, "1.1.0", "Keep to the new rules.\n");
    let page = room.browser().await;
    room.visit(&page, "/tools/bundles").await;
    page.mark("bundle-file")
        .give_files(&[first.display().to_string()])
        .await;
    let offer = page.mark("bundle-offer");
    offer.says("Keep to the old rules.").await;
    let shown = offer.text().await;
    assert!(shown.contains("This key is new here"), "{shown}");
    assert!(shown.contains("The <b>team</b>"), "{shown}");
    assert_eq!(page.mark("bundle").count().await, 0);
    page.mark("bundle-install").click().await;
    let card = page.mark("bundle");
    card.says("team 1.0.0").await;

    // A newer one: what differs, before and after.
    page.mark("bundle-file")
        .give_files(&[second.display().to_string()])
        .await;
    let offer = page.mark("bundle-offer");
    offer.says("can do more").await;
    let shown = offer.text().await;
    for words in ["from 1.0.0 to 1.1.0", "the old rules", "the new rules"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    page.mark("bundle-install").click().await;
    page.mark("bundle").says("team 1.1.0").await;
    page.mark("bundle").says("Go back to 1.0.0").await;

    // What was damaged on its way is refused with its reason, and nothing changes.
    let mut bytes = std::fs::read(&first).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let damaged = room.desk.work().join("damaged.abundle");
    std::fs::write(&damaged, bytes).unwrap();
    page.mark("bundle-file")
        .give_files(&[damaged.display().to_string()])
        .await;
    page.mark("bundle-drop")
        .says("is not what was packed")
        .await;
    assert_eq!(page.mark("bundle-offer").count().await, 0);

    page.role("button", "Remove team").click().await;
    page.css(".dialog-foot .button-danger").click().await;
    page.until(
        "the bundle is gone",
        "document.querySelectorAll('[data-testid=bundle]').length === 0",
    )
    .await;
    let mut faults = page.faults();
    // The browser itself tells of the answer that refused the damaged file.
    faults.retain(|line| !line.contains("damaged.abundle"));
    assert_eq!(faults, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_goes_back_with_a_button_and_sees_what_that_means() {
    let mut room = Room::new([]).await;
    let first = packed(&room, "1.0.0", "Keep to the old rules.\n");
    let second = packed(&room, "1.1.0", "Keep to the new rules.\n");
    let page = room.browser().await;
    room.visit(&page, "/tools/bundles").await;
    for (file, version) in [(&first, "team 1.0.0"), (&second, "team 1.1.0")] {
        give(&page, file).await;
        page.mark("bundle-install").click().await;
        page.mark("bundle").says(version).await;
    }
    // The older file is none to install: there is a button for that.
    give(&page, &first).await;
    let offer = page.mark("bundle-offer");
    offer.says("older").await;
    assert!(cannot_install(&page).await);
    page.role("button", "Leave it").click().await;
    offer.gone().await;
    page.role("button", "Go back to 1.0.0").click().await;
    offer.says("from 1.1.0 to 1.0.0").await;
    for words in ["the old rules", "the new rules"] {
        offer.says(words).await;
    }
    page.mark("bundle-install").click().await;
    page.mark("bundle").says("team 1.0.0").await;
    page.mark("bundle").says("Go back to 1.1.0").await;
    assert_eq!(page.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_signed_is_installed_by_saying_so_and_stays_marked() {
    let mut room = Room::new([]).await;
    let made = folder(&room, "1.0.0", "instructions", "");
    std::fs::write(made.join("instructions.md"), "Keep to it.\n").unwrap();
    let file = pack(&room, "1.0.0", false);
    let page = room.browser().await;
    room.visit(&page, "/tools/bundles").await;
    give(&page, &file).await;
    let offer = page.mark("bundle-offer");
    offer.says("is not signed").await;
    assert!(cannot_install(&page).await);
    page.mark("bundle-unsigned").click().await;
    page.until(
        "it can be installed",
        "document.querySelector('[data-testid=bundle-install]')?.disabled === false",
    )
    .await;
    page.mark("bundle-install").click().await;
    page.mark("bundle").says("nobody signed it").await;
    page.reload().await;
    page.mark("bundle").says("nobody signed it").await;
    assert_eq!(page.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_is_named_and_one_that_cannot_be_asked_says_why() {
    let mut room = Room::new([]).await;
    let file = packed(&room, "1.0.0", "Keep to the rules.\n");
    let page = room.browser().await;
    room.visit(&page, "/tools/bundles").await;
    let look = async |place: &str| {
        page.css("#bundle-place").fill(place).await;
        page.role("button", "Look at it").click().await;
    };
    // A page sends nobody into the network of the machine it is served from.
    look("https://127.0.0.1:9/team.abundle").await;
    page.mark("bundle-drop").says("could not be fetched").await;
    assert_eq!(page.mark("bundle-offer").count().await, 0);
    look(&file.display().to_string()).await;
    page.mark("bundle-offer").says("Keep to the rules.").await;
    page.mark("bundle-install").click().await;
    page.mark("bundle").says("team 1.0.0").await;
    // It is known where it came from: what is newer there is found with a button.
    std::fs::copy(packed(&room, "1.1.0", "Keep to the newer rules.\n"), &file).unwrap();
    page.role("button", "Look for a newer version of team")
        .click()
        .await;
    page.mark("bundle-offer").says("from 1.0.0 to 1.1.0").await;
    page.mark("bundle-install").click().await;
    page.mark("bundle").says("team 1.1.0").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_bundle_brought_says_so_wherever_it_is_listed() {
    let mut room = Room::new([]).await;
    let toolset = Toolset::new("where", "here").described("Says where we are.");
    let more = "toolsets:\n  - name: places\n    tools:\n      - name: where\n        description: Says where we are.\n";
    let made = folder(&room, "1.0.0", "skills, tools, mcp", more);
    for inner in ["skills/hand", "tools"] {
        std::fs::create_dir_all(made.join(inner)).unwrap();
    }
    let skill = "---\nname: hand\ndescription: Hands over.\n---\n\nHand over.\n";
    std::fs::write(made.join("skills/hand/SKILL.md"), skill).unwrap();
    std::fs::write(made.join("skills/hand/run.sh"), "echo <b>done</b>\n").unwrap();
    std::fs::write(made.join("tools/places.wasm"), toolset.build()).unwrap();
    let servers = json!({"mcp_servers": [{"name": "clock", "command": "no-such-program"}]});
    std::fs::write(made.join("mcp.yaml"), servers.to_string()).unwrap();
    let file = pack(&room, "1.0.0", true);
    let page = room.browser().await;
    room.visit(&page, "/tools/bundles").await;
    give(&page, &file).await;
    let offer = page.mark("bundle-offer");
    // Each file with its hash, and a short one with its words.
    for words in [
        "skills/hand/run.sh",
        "echo <b>done</b>",
        "tools/places.wasm",
        "sha256",
    ] {
        offer.says(words).await;
    }
    page.mark("bundle-install").click().await;
    page.mark("bundle").says("team 1.0.0").await;
    room.visit(&page, "/tools/wasm").await;
    page.css("[data-testid=module][data-id=places]")
        .says("the bundle team")
        .await;
    room.visit(&page, "/tools/mcp").await;
    page.css("[data-testid=mcp-server][data-name=clock]")
        .says("of the bundle team")
        .await;
    room.visit(&page, "/skills").await;
    page.until_text("bundle team").await;
    assert_eq!(page.faults(), Vec::<String>::new());

    // The terminal says the same.
    let said = |arguments: &[&str]| {
        let ran = room.desk.aroom(arguments).output().unwrap();
        assert!(ran.status.success(), "{arguments:?}: {ran:?}");
        String::from_utf8(ran.stdout).unwrap()
    };
    for arguments in [
        ["tool", "list"].as_slice(),
        &["tool", "inspect", "places"],
        &["skill", "list"],
        &["skill", "show", "hand"],
        &["mcp", "list"],
    ] {
        let said = said(arguments);
        let is_said = said.contains("bundle team") || said.contains("bundle       team");
        assert!(is_said, "{arguments:?}: {said}");
    }
}
