//! Bundles on the page: sent, shown, agreed to, updated with what differs, removed.

use super::Room;
use std::path::PathBuf;

/// Packs a bundle with instructions, signed, with the real program; answers the file.
fn packed(room: &Room, version: &str, words: &str) -> PathBuf {
    let folder = room.desk.work().join(format!("team-{version}"));
    std::fs::create_dir_all(&folder).unwrap();
    let manifest = format!(
        "name: team\nversion: {version}\nauthor: The <b>team</b>\nlicence: MIT\nminimum_anteroom: 0.1.0\nholds: [instructions]\n"
    );
    std::fs::write(folder.join("bundle.yaml"), manifest).unwrap();
    std::fs::write(folder.join("instructions.md"), words).unwrap();
    let file = room.desk.work().join(format!("team-{version}.abundle"));
    let (folder, target) = (folder.display().to_string(), file.display().to_string());
    let pack = ["bundle", "pack", folder.as_str(), target.as_str(), "--sign"];
    let ran = room.desk.aroom(&pack).output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
    file
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
