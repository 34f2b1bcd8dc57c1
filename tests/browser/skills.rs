//! Skills on the page: found in the composer's menu, called, listed, shown, made.

use super::Room;
use crate::support::endpoint::Reply;

const TIDY: &str = "---\ndescription: Tidies <b>a file</b> up\nallowed-tools: Read\n---\n\nTidy $ARGUMENTS <img src=x onerror=alert(1)> up.\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_skill_is_chosen_in_the_composer_and_shown_with_its_words() {
    let mut room = Room::new([Reply::text("tidied")]).await;
    room.desk.write(".agents/skills/tidy/SKILL.md", TIDY);
    let page = room.page().await;
    page.composer().focus().await;
    page.type_text("/tid").await;
    let menu = page.mark("composer-menu");
    menu.says("Tidies <b>a file</b> up").await;
    page.press("Enter").await;
    menu.gone().await;
    page.type_text("a.rs now").await;
    page.press("Control+Enter").await;
    page.thread().says("tidied").await;
    page.thread().says("/tidy a.rs now").await;
    let used = page.mark("skill-used");
    used.says("from the workspace").await;
    used.says("leaves only Read").await;
    used.css("summary").click().await;
    used.says("Tidy a.rs now <img src=x onerror=alert(1)> up.")
        .await;
    let sent = room.desk.endpoint.chats()[0].json["messages"].to_string();
    assert!(sent.contains("Tidy a.rs now"), "{sent}");
    assert_eq!(page.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_skills_lists_shows_and_makes_them() {
    let mut room = Room::new([]).await;
    room.desk.write(".agents/skills/tidy/SKILL.md", TIDY);
    room.desk
        .write(".agents/skills/broken/SKILL.md", "---\nx: [\n---\nb\n");
    let page = room.page().await;
    page.role("link", "Skills").click().await;
    let skills = page.mark("skills-page");
    skills.says("/review").await;
    skills.says("built in").await;
    skills.says("cannot be used").await;
    let tidy = page.css("[data-name=tidy]");
    tidy.css("summary").click().await;
    tidy.says("came with the workspace").await;
    tidy.says("Tidy $ARGUMENTS <img src=x onerror=alert(1)> up.")
        .await;
    page.css("[data-name=broken] summary").click().await;
    page.css("[data-name=broken]").says("SKILL.md:").await;
    page.role("button", "New skill").click().await;
    let form = page.mark("skill-new");
    form.css("#skill-name").fill("fresh").await;
    form.css("#skill-description").fill("Does it: well").await;
    form.css("#skill-body").fill("Do it to $ARGUMENTS.").await;
    form.role("button", "Make it").click().await;
    let fresh = page.css("[data-name=fresh]");
    fresh.says("Does it: well").await;
    fresh.css("summary").click().await;
    fresh.says("Do it to $ARGUMENTS.").await;
    fresh.role("button", "Remove").click().await;
    page.role("dialog", "Remove the skill fresh")
        .role("button", "Remove")
        .click()
        .await;
    fresh.gone().await;
    assert_eq!(page.faults(), Vec::<String>::new());
}
